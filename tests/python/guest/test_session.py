# SPDX-License-Identifier: GPL-2.0-or-later
"""Sessions, commands, single values, errors."""
import errno
import gc
import signal
import threading
import time
import warnings

import numpy as np
import pytest
from bench import BROKEN, FAST, LIVE, OFF, in_child, interrupt_soon, until

import ced1401


def test_info(fast, live):
    info = live.info()
    assert (info.path, info.number, info.io, info.irq, info.dma) == \
        ("/dev/ced1401", 0, 0x300, 5, 1)
    assert (info.type, info.type_name, info.state) == (7, "Power1401", "idle")
    assert (info.mine, info.other, info.power, info.cable) == (False, False, True, True)
    fast.claim()
    assert fast.info().mine and fast.info().dma == 5
    with ced1401.Device("/dev/ced1401_1", read_only=True) as other:
        assert other.info().other and not other.info().mine
        assert other.info().path == "/dev/ced1401_1"
        assert not other.info().left
        fast.release()
        assert other.info().left and not other.info().other


def test_what_the_1401_knows(fast):
    assert fast.memory_size() == 1 << 20
    commands = fast.commands()
    assert {"ADCMEM", "MEMDAC", "XFIFO", "XSTREAM"} <= commands.keys()
    assert all(major >= 0 for major, _ in commands.values())
    assert fast.has_command("ADCMEM") and not fast.has_command("NOSUCH")


def test_commands_and_replies(fast):
    assert fast.query("MEMTOP,?") == [1 << 20, 1 << 20, 0]
    assert fast.query_line("ERR").split(",") == ["0", "0"]
    fast.command("DAC,0 100")
    fast.command("DAC,0 100;DAC,1 5")
    with fast.locked():
        fast.send("CLIST")
        lines = []
        while (line := fast.read_line()) != " ":
            lines.append(line)
        assert len(lines) == len(fast.commands())
    fast.send("ERR")
    fast.sync()
    assert fast.query("MEMTOP,?") == [1 << 20, 1 << 20, 0]


def test_a_percent_sign_is_no_format(fast):
    with pytest.raises(ced1401.CommandError) as caught:
        fast.command("%s%n%d")
    assert caught.value.error_1401 == 255 and "%s%n%d" in str(caught.value)


def test_the_1401s_own_errors(fast):
    with pytest.raises(ced1401.CommandError) as caught:
        fast.command("ADCMEM,I,2,0,2000,0,1,C,1,1,7")
    assert caught.value.error_1401 == 2 and caught.value.detail == 7
    assert "ADCMEM" in str(caught.value) and caught.value.code == -1401002
    with pytest.raises(ced1401.CommandError) as caught:
        fast.query("NOSUCH")
    assert caught.value.error_1401 == 255
    assert isinstance(caught.value, ced1401.Error)
    fast.command("DAC,0 0")     # in step


def test_an_error_tells_all_that_was_sent(fast):
    """Which of several commands it was is not known: none is blamed alone."""
    for call, text in ((fast.command, "DAC,0 5;DAC,9 1"), (fast.query, "MEMTOP,?;FOO")):
        with pytest.raises(ced1401.CommandError) as caught:
            call(text)
        assert f'in "{text}" (ERR' in str(caught.value)


def test_arguments(fast):
    """What the library's types could not hold does not become something else."""
    for number in (-1, 1 << 32):
        with pytest.raises(ced1401.ArgumentError, match=f"card {number}"):
            ced1401.Device(number)
        with pytest.raises(ced1401.ArgumentError, match=f"address {number}"):
            fast.read_memory(number, 10)
        with pytest.raises(ced1401.ArgumentError, match=f"address {number}"):
            fast.write_memory(number, [1])
    with pytest.raises(ced1401.ArgumentError, match="time-out of -1 s"):
        fast.set_timeout(-1)
    with pytest.raises(ced1401.ArgumentError, match="ASCII"):
        fast.command("DAC,\u00b5")


def test_errors_of_the_system():
    with pytest.raises(FileNotFoundError) as caught:
        ced1401.Device("/dev/ced1401_none")
    assert caught.value.errno == errno.ENOENT and "module" in str(caught.value)
    assert isinstance(caught.value, ced1401.NoDeviceError)
    with pytest.raises(ced1401.NoDeviceError) as caught:
        ced1401.Device("/dev/null")
    assert caught.value.errno == errno.ENOTTY
    with pytest.raises(PermissionError) as caught:
        ced1401.Device("/dev/mem")
    assert caught.value.errno == errno.EACCES and "group" in str(caught.value)
    with pytest.raises(ced1401.NoDeviceError):
        ced1401.Device(4)
    with ced1401.Device(FAST, read_only=True) as device:
        with pytest.raises(ced1401.AccessError):
            device.command("DAC,0 0")
        with pytest.raises(ced1401.AccessError):
            device.zeros(10)


def test_a_1401_that_is_off():
    with ced1401.Device(OFF) as device:
        assert not device.info().power and device.info().state == "off"
        with pytest.raises(ced1401.OfflineError) as caught:
            device.query("MEMTOP,?")
        assert caught.value.errno == errno.ENODEV
        with pytest.raises(ced1401.OfflineError):
            device.capture(0, rate=1000, frames=10)


def test_one_has_the_1401(fast):
    fast.claim()
    with ced1401.Device(FAST, wait=False) as other:
        for call in (other.claim, lambda: other.query("MEMTOP,?")):
            with pytest.raises(ced1401.BusyError) as caught:
                call()
            assert caught.value.errno == errno.EBUSY
    with ced1401.Device(FAST, timeout=0.2) as other:
        with pytest.raises(ced1401.BusyError):
            other.claim(0.2)
        with pytest.raises(ced1401.Error):
            other.query("MEMTOP,?")
        fast.release()
        other.claim()
        assert other.info().mine


def test_the_end_of_a_session_resets_the_1401():
    heard = []
    for end in ("close", "release", "error", "collect"):
        device = ced1401.Device(LIVE)
        device.dac([0, 1], [1000, -2000])
        assert device.adc([2, 3]).tolist() == [1000, -2000]
        if end == "error":
            with pytest.raises(ZeroDivisionError):
                with device:
                    1 / 0           # pylint: disable=pointless-statement
        elif end == "collect":
            with pytest.warns(ResourceWarning, match="/dev/ced1401 was not closed"):
                del device
                gc.collect()
        else:
            if end == "release":
                device.release()
                device.claim()
            heard.append(device.adc([2, 3]).tolist())
            device.close()
            device.close()
            assert device.closed
        with ced1401.Device(LIVE) as other:
            assert other.adc([2, 3]).tolist() == [0, 0], end
    assert heard == [[1000, -2000]] * 2


def test_closed():
    device = ced1401.Device(FAST)
    device.close()
    for call in (device.info, device.fileno, lambda: device.zeros(1), device.claim,
                 lambda: device.capture(0, rate=1e3, frames=1),
                 lambda: device.stream(0, rate=1e3), device.wait_event):
        with pytest.raises(ced1401.ClosedError, match="/dev/ced1401_1 is closed"):
            call()
    assert "closed" in repr(device)


def test_adc_and_dac_in_volts_and_units(live):
    force = ced1401.Channel(0, name="force", unit="N", scale=20.0, offset=-10.0)
    live.dac(force, units=40.0)
    assert live.adc(2).tolist() == [16384]
    live.dac([0, 1], volts=[-5, 2.5])
    assert live.adc_volts([3, 2]).tolist() == [2.5, -5.0]
    gauge = ced1401.Channel(2, unit="kN", scale=2.0, offset=1.0, full_scale=10.0)
    assert live.adc_units(gauge).tolist() == [-19.0]
    live.dac(0, 32767)
    for wrong in ({"volts": 5.01}, {"volts": np.nan}, {"samples": 32768},
                  {"samples": -32769}):
        with pytest.raises(ced1401.ArgumentError):
            live.dac(0, **wrong)
    with pytest.raises(ced1401.ArgumentError):
        live.dac(force, units=90.5)
    with pytest.raises(TypeError):
        live.dac(0, 1.5)
    with pytest.raises(TypeError):
        live.dac(0, 1, volts=1)
    with pytest.raises(ced1401.ArgumentError, match="DAC 8"):
        live.dac(8, 0)
    with pytest.raises(ced1401.ArgumentError, match="channel 32"):
        live.adc(32)
    assert live.adc(2).tolist() == [32767]      # all of them were refused


def test_adc_hears_the_recording(fast, heard):
    first = fast.adc([0, 1])
    start = heard(first[None])
    heard(fast.adc([0, 1])[None], (start + 1) % heard.frames)


def test_digital(live):
    assert live.digital_in() == 0x1234
    live.digital_out(0xA5A5)
    live.digital_out(0x0001, mask=0x0003)
    for wrong in ((-1,), (0x10000,), (0, 0x10000)):
        with pytest.raises(ced1401.ArgumentError):
            live.digital_out(*wrong)
    # The outputs are somebody's: that is the 1401's error, and comes back as one
    live.command("DIGTIM,O,0,2000,0,H,100,400")
    with pytest.raises(ced1401.CommandError) as caught:
        live.digital_out(0)
    assert caught.value.error_1401 == 4
    live.command("DIGTIM,K")


def test_trigger(live):
    trigger = live.trigger
    assert trigger.count() is None
    trigger.arm()
    assert trigger.count() == 0
    trigger.fire()
    trigger.fire()
    assert trigger.count() == 2
    trigger.disarm()
    assert trigger.count() is None
    live.command("ADCMEM,I,2,0,200,0,1,HT,10,40")
    assert trigger.clocks_waiting() == 1
    trigger.start_clocks()
    assert trigger.clocks_waiting() == 0
    until(lambda: live.query("ADCMEM,?") == [0])


def test_self_test(fast):
    fast.self_test()
    with ced1401.Device(BROKEN) as broken:
        with pytest.raises(ced1401.SelfTestError) as caught:
            broken.self_test()
        error = caught.value
        assert (error.test_code, error.x, error.y) == (5, 600, 70)
        assert "600" in str(error)


def test_events(fast):
    assert fast.wait_event(0) == ced1401.Event(0)
    with pytest.raises(ced1401.Error):
        fast.command("TOHOST,0,100,0,7")        # no such area
    assert fast.wait_event(10) == ced1401.Event.REFUSED
    assert fast.look_for_event() == ced1401.Event(0)


def test_statistics(fast):
    before = fast.statistics()
    fast.write_memory(0, np.arange(1000, dtype=np.int16))
    after = fast.statistics()
    assert after["bytes_to_1401"] - before["bytes_to_1401"] == 2000
    assert after["blocks"] - before["blocks"] == 1
    assert after["characters_in"] > before["characters_in"]


def test_threads_are_not_mixed(fast):
    trouble = []

    def ask(number):
        try:
            for _ in range(20):
                if number % 2:
                    assert fast.query("MEMTOP,?") == [1 << 20, 1 << 20, 0]
                else:
                    with pytest.raises(ced1401.CommandError):
                        fast.query("DIG,I,99")
        except BaseException as error:      # the thread's
            trouble.append(error)
    threads = [threading.Thread(target=ask, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not trouble


def test_close_waits_for_other_threads():
    """A capture that waits for its trigger ends, then the device is closed."""
    device = ced1401.Device(LIVE)
    result = []

    def capture():
        try:
            device.capture(0, rate=1000, frames=10, start="trigger")
        except ced1401.Error as error:
            result.append(error)
    thread = threading.Thread(target=capture)
    thread.start()
    until(lambda: device.trigger.clocks_waiting() == 1)
    device.close()
    thread.join(60)
    assert isinstance(result[0], (ced1401.CancelledError, ced1401.ClosedError))


def test_ctrl_c_ends_a_wait(live):
    for wait in (lambda: live.capture(0, rate=1000, frames=10, start="trigger"),
                 lambda: live.wait_event(), lambda: live.read_line(None),
                 lambda: live.wait_level(2, volts=4.0)):
        interrupt_soon()
        with pytest.raises(KeyboardInterrupt):
            wait()
        assert live.query("MEMTOP,?") == [1 << 20, 1 << 20, 0]
    assert live.trigger.clocks_waiting() == 0


def test_one_shot_calls_inside_locked(heard):
    """They would wait for their own caller, if a thread of their own talked to the 1401."""
    def child():
        device = ced1401.Device(LIVE)
        told = []
        with device.locked():
            got = device.capture([0, 1], rate=1000, frames=300,
                                 progress=lambda *now: told.append(now))
            heard(got.samples)
            assert told[0] == ("running", 0, 0) and told[-1][0] == "fetching"
            wave = np.arange(1000, dtype=np.int16)
            got, played = device.capture_play(2, 0, wave, rate=10_000)
            assert np.array_equal(got.column(2), wave) and played.frames == 1000
            device.play(0, wave, rate=10_000)
            with pytest.raises(ced1401.TimedOutError):
                device.wait_level(2, volts=4.0, timeout=0.2)
            with pytest.raises(ced1401.CancelledError) as caught:
                device.capture(0, rate=1000, frames=100_000, progress=lambda *_: True)
            assert caught.value.recording.rate == 1000

            def wrong(*_):
                raise ZeroDivisionError
            with pytest.raises(ZeroDivisionError):
                device.capture(0, rate=1000, frames=100_000, progress=wrong)
            assert device.query("ADCMEM,?") == [0]
        with device.locked():
            with pytest.raises(ced1401.CancelledError):
                device.capture(0, rate=1000, frames=100_000,
                               progress=lambda *_: device.close())
            assert not device._handle.guard.ended
        assert device._handle.guard.ended
    in_child(child, 300)


def test_ctrl_c_inside_locked():
    """It ends a one-shot call there, though Python cannot raise it where the call is."""
    def child():
        device = ced1401.Device(LIVE)
        handler = signal.getsignal(signal.SIGINT)
        for call in (lambda: device.capture(0, rate=1000, frames=10, start="trigger"),
                     lambda: device.wait_level(2, volts=4.0)):
            with device.locked():
                interrupt_soon()
                with pytest.raises(KeyboardInterrupt):
                    call()
                assert signal.getsignal(signal.SIGINT) is handler
                assert device.query("MEMTOP,?") == [1 << 20, 1 << 20, 0]
                assert device.trigger.clocks_waiting() == 0
        # A handler of one's own, that raises nothing, ends nothing
        came = []
        signal.signal(signal.SIGINT, lambda *_: came.append(1))
        with device.locked():
            interrupt_soon(0)
            assert len(device.capture(0, rate=1000, frames=1000)) == 1000
        until(lambda: came)
        device.close()
    in_child(child, 300)


def test_ctrl_c_while_waiting_for_the_lock():
    """It does not leave the lock locked, nor does leaving an inner block open the outer."""
    def child():
        device = ced1401.Device(FAST)
        order = []

        def hold():
            with device.locked():
                has_it.set()
                time.sleep(0.3)
                signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

        def ask():
            device.query("MEMTOP,?")
            order.append("another thread")
        has_it = threading.Event()
        with pytest.raises(KeyboardInterrupt):
            threading.Thread(target=hold, daemon=True).start()
            assert has_it.wait(60)
            with device.locked():
                time.sleep(60)
        asks = threading.Thread(target=ask, daemon=True)
        with device.locked():
            with device.locked():
                pass
            asks.start()
            asks.join(0.3)
            device.query("MEMTOP,?")
            order.append("this one")
        asks.join(60)
        assert order == ["this one", "another thread"]
        device.close()
    in_child(child, 300)


def test_a_signal_handler_may_close():
    """It cannot wait for the call that it interrupts: that one closes on its way out."""
    device = ced1401.Device(LIVE)
    device.dac(0, 1000)
    before = signal.signal(signal.SIGALRM, lambda *_: device.close())
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        with pytest.raises(ced1401.Error):
            while True:
                device.query("MEMTOP,?")
    finally:
        signal.signal(signal.SIGALRM, before)
    with ced1401.Device(LIVE, wait=False) as other:
        assert other.adc(2).tolist() == [0]


def test_a_child_has_no_part_in_the_session(live):
    live.dac(0, 1000)

    def child():
        for call in (live.info, lambda: live.zeros(1), lambda: live.stream(0, rate=1e3),
                     lambda: live.capture(0, rate=1e3, frames=1)):
            with pytest.raises(ced1401.ForkedError):
                call()
        live.close()
        assert live.closed
    in_child(child)
    assert live.adc(2).tolist() == [1000]       # the child's close was not ours
    assert not live.closed


def test_a_child_may_open_its_own(fast):
    fast.release()

    def child():
        with ced1401.Device(FAST) as device:
            assert device.query("MEMTOP,?") == [1 << 20, 1 << 20, 0]
    in_child(child)


def test_levels(live):
    crossed = threading.Event()

    def rise():
        while not crossed.wait(0.2):
            live.dac(0, volts=0)
            live.dac(0, volts=3.0)
    thread = threading.Thread(target=rise)
    thread.start()
    live.wait_level(2, volts=2.0, timeout=300)
    crossed.set()
    thread.join()
    with pytest.raises(ced1401.TimedOutError):
        live.wait_level(2, volts=2.0, timeout=0.2)     # it is above already
    with pytest.raises(TimeoutError):
        live.wait_level(2, units=4.0, falling=True, timeout=0.2)


def test_a_device_that_was_closed_warns_nobody():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        device = ced1401.Device(FAST)
        device.close()
        del device
        gc.collect()
