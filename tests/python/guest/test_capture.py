# SPDX-License-Identifier: GPL-2.0-or-later
"""One-shot sampling and playing, compared sample for sample."""
import inspect
import os
import threading

import numpy as np
import pytest
from bench import in_dma, interrupt_soon, until

import ced1401


def test_capture(fast, heard):
    got = fast.capture([0, 1], rate=10_000, frames=5000)
    assert got.samples.shape == (5000, 2) and got.samples.dtype == np.int16
    start = heard(got.samples)
    assert got.method == "memory" and got.lost == 0 and len(got) == 5000
    assert got.rate == got.clock.hz == 10_000
    assert ced1401.is_dma(got.samples) and in_dma(got.samples)
    # The ADC's file goes on where it was
    again = fast.capture([1, 0], rate=44_100, seconds=0.1)
    assert len(again) == 4410
    assert heard(again.samples[:, ::-1]) == (start + 5000) % heard.frames
    assert again.rate == ced1401.choose_clock(44_100).hz != 44_100
    one = fast.capture(1, rate=100, frames=100)
    assert one.samples.shape == (100, 1)
    heard(one.samples, (start + 9410) % heard.frames, channels=[1])


def test_volts_units_and_times(fast, recording):
    emg = ced1401.Channel(0, name="EMG", unit="mV", scale=0.5)
    breath = ced1401.Channel(1, name="breath", unit="l", scale=-3.0, offset=2.0,
                             full_scale=10.0)
    got = fast.capture([emg, breath], rate=1000, frames=300)
    samples = got.samples.astype(float)
    assert np.array_equal(got.volts(), samples * [5, 10] / 32768)
    assert np.array_equal(got.units(), samples * [5, 10] / 32768 * [0.5, -3] + [0, 2])
    assert np.array_equal(got.units("breath"), got.units()[:, 1])
    assert np.array_equal(got.volts(0), got.volts()[:, 0])
    assert np.array_equal(got.column("EMG"), got.samples[:, 0])
    assert np.array_equal(got.times(), np.arange(300) / 1000)
    assert np.array_equal(np.asarray(got), got.samples)
    assert np.asarray(got, float).dtype == float
    with pytest.raises(KeyError) as caught:
        got.volts("EEG")
    assert isinstance(caught.value, ced1401.Error) and "EEG" in str(caught.value)
    assert got.channels == (emg, breath) and got.copy().channels == (emg, breath)
    assert not ced1401.is_dma(got.copy().samples)
    # What is written in units comes back in units
    assert np.array_equal(breath.from_units(got.units("breath")), got.column("breath"))


def test_where_frames_go(fast, heard):
    for out in (np.zeros((700, 2), np.int16), fast.zeros((700, 2))):
        got = fast.capture([0, 1], rate=1000, out=out)
        assert np.shares_memory(got.samples, out) and got.samples.shape == out.shape
        heard(out)
    out = fast.zeros(500)
    fast.capture(0, rate=1000, out=out, frames=400)
    assert out[:400].any() and not out[400:].any()
    for wrong in (np.zeros((700, 3), np.int16), np.zeros(700, np.int16),
                  np.zeros((700, 2), np.float32), np.zeros((700, 4), np.int16)[:, ::2]):
        with pytest.raises(ced1401.ArgumentError):
            fast.capture([0, 1], rate=1000, out=wrong)
    assert not in_dma(fast.capture(0, rate=1000, frames=10, memory="ordinary").samples)
    assert in_dma(fast.capture(0, rate=1000, frames=10, memory="dma").samples)
    # By itself it leaves DMA memory for others
    kept = [fast.capture(0, rate=1e5, frames=200_000) for _ in range(5)]
    assert [in_dma(k.samples) for k in kept] == [True] * 4 + [False]
    assert fast.zeros(1 << 20, np.uint8).nbytes == 1 << 20
    del kept
    assert in_dma(fast.capture(0, rate=1e5, frames=200_000).samples)


@pytest.mark.parametrize("memory", ["auto", "dma"])
def test_longer_than_the_1401s_memory(fast, heard, memory):
    got = fast.capture([0, 1], rate=20_000, frames=350_000, memory=memory)
    assert len(got) == 350_000 and got.lost == 0 and got.method == "request"
    assert in_dma(got.samples) == (memory == "dma")
    heard(got.samples)


def test_arguments(fast):
    for wrong in ({"frames": 0}, {"frames": 5, "rate": 2e6}, {"frames": 5, "rate": np.nan},
                  {"frames": 5, "start": "later"}, {"frames": 5, "method": "pigeon"},
                  {"frames": 5, "memory": "disk"}, {"seconds": 0.0001}):
        with pytest.raises(ced1401.ArgumentError, match=list(wrong)[-1]):
            fast.capture(0, **{"rate": 1000, **wrong})
    for wrong in ({}, {"frames": 5, "seconds": 1}):
        with pytest.raises(TypeError):
            fast.capture(0, rate=1000, **wrong)
    for channels, message in (([], "0 inputs"), ([32], "channel 32: inputs are 0 to 31"),
                              ([0, 40], "channel 40"), ([-1], "channel -1"),
                              (range(33), "channel 32")):
        with pytest.raises(ced1401.ArgumentError, match=message):
            fast.capture(channels, rate=1000, frames=5)
    # The library's own word for it: two channels in turn are converted at twice the rate
    with pytest.raises(ced1401.ArgumentError, match="2 channels at 600000 Hz: out of range"):
        fast.capture([0, 1], rate=6e5, frames=5, in_turn=True)
    with pytest.raises(ced1401.ArgumentError, match="repeats 0"):
        fast.play(0, [1], rate=1000, repeats=0)
    with pytest.raises(ced1401.ArgumentError, match="DAC 8"):
        fast.play(8, [1], rate=1000)
    with pytest.raises(ced1401.ArgumentError, match="no frames"):
        fast.play(0, np.zeros(0, np.int16), rate=1000)
    with pytest.raises(ced1401.ArgumentError, match="rate 0 Hz"):
        fast.wait_level(0, 5, rate=0)
    with pytest.raises(ced1401.ArgumentError):
        fast.play([0, 1], np.zeros(5, np.int16), rate=1000)
    with pytest.raises(ced1401.ArgumentError):
        fast.play(0, volts=[0, 5.1], rate=1000)
    # help() shows the method's own signature
    signature = inspect.signature(ced1401.Device.capture)
    assert "channels" in signature.parameters and signature.return_annotation == "Recording"


def test_trigger_and_progress(live):
    told = []

    def fire():
        until(lambda: live.trigger.clocks_waiting() == 1)
        live.trigger.fire()
    thread = threading.Thread(target=fire)
    thread.start()
    got = live.capture([0, 1], rate=1000, frames=300, start="trigger",
                       progress=lambda *now: told.append(now))
    thread.join()
    assert len(got) == 300
    assert [phase for phase, *_ in told][0] == "armed"
    assert {"running", "fetching"} <= {phase for phase, *_ in told}
    frames = [n for _, n, _ in told]
    assert frames == sorted(frames) and frames[-1] <= 300
    with pytest.raises(TimeoutError):
        live.capture(0, rate=1000, frames=10, start="trigger", trigger_timeout=0.2)


def test_a_progress_function_ends_it(live, heard):
    with pytest.raises(ced1401.CancelledError) as caught:
        live.capture([0, 1], rate=1000, frames=100_000,
                     progress=lambda phase, n, _: n >= 50)
    got = caught.value.recording
    assert 50 <= len(got) < 100_000 and got.rate == 1000
    heard(got.samples)

    def wrong(*_):
        raise ZeroDivisionError
    with pytest.raises(ZeroDivisionError):
        live.capture(0, rate=1000, frames=100_000, progress=wrong)
    assert live.query("ADCMEM,?") == [0]
    # It may also use the device
    live.capture(0, rate=1000, frames=100, progress=lambda *_: live.dac(0, 5) or False)
    interrupt_soon()
    with pytest.raises(KeyboardInterrupt):
        live.play(0, np.zeros(100_000, np.int16), rate=1000)
    assert live.query("MEMDAC,?") == [0]


def test_a_rate_that_is_too_high(live):
    with pytest.raises(ced1401.MissedError) as caught:
        live.capture(range(32), rate=500_000, frames=1000)
    assert isinstance(caught.value, ced1401.LostError)
    assert caught.value.recording is not None


def test_play(fast):
    """tests/python/run compares what the DACs' file holds with what is kept here."""
    wave = np.random.default_rng(3).integers(-32768, 32768, (7000, 2), np.int16)
    played = fast.play([0, 1], wave, rate=10_000, repeats=2)
    assert played.frames == 14_000 and played.rate == 10_000 and played.method == "memory"
    dma = fast.zeros(wave.shape)
    dma[:] = wave[::-1]
    fast.play([0, 1], dma, rate=10_000)
    volts = wave / 32768 * 5
    fast.play([0, 1], volts=volts, rate=10_000)
    long = np.resize(wave[::7], (300_000, 2))
    assert fast.play([0, 1], long, rate=10_000).method == "request"
    np.savez(os.path.join(os.environ["CED1401_RESULTS"], "played.npz"),
             wave, wave, wave[::-1], wave, long)


def test_capture_and_play_begin_together(live):
    """Input 2 hears DAC 0: sample k is value k."""
    wave = np.random.default_rng(4).integers(-32768, 32768, 3000, np.int16)
    got, played = live.capture_play([2, 0], 0, wave, rate=20_000)
    assert np.array_equal(got.column(2), wave)
    assert got.rate == played.rate == 20_000 and played.frames == 3000
    got, _ = live.capture_play(2, 0, wave[:1000], rate=20_000, dac_rate=10_000, frames=2000)
    # The first tick comes a period after the event: the ADC's before the DAC's
    assert np.array_equal(got.column(2)[1:], np.repeat(wave[:1000], 2)[:-1])
    stimulus = ced1401.Channel(0, unit="mA", scale=4.0)
    ramp = np.linspace(-20, 20, 1000)
    got, _ = live.capture_play(2, stimulus, units=ramp, rate=10_000)
    assert np.abs(got.column(2) - ramp / 20 * 32768).max() <= 1
    assert np.array_equal(got.column(2), stimulus.from_units(ramp))


def test_the_dacs_hold_the_last_value(live):
    live.play([0, 1], volts=np.linspace([0, 1], [2.5, -1.25], 100), rate=1000)
    assert live.adc_volts([2, 3]).tolist() == [2.5, -1.25]
