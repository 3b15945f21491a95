# SPDX-License-Identifier: GPL-2.0-or-later
"""Streams, compared sample for sample; pieces and their ends; losses."""
import functools
import gc
import os
import select
import threading
import time

import numpy as np
import pytest
from bench import LIVE, in_child, in_dma, interrupt_soon, until

import ced1401


class Late(Exception):
    """This program was late: the ring went over a piece that it had, or the 1401 had to
    hold a value, or could not keep one."""


def undisturbed(test):
    """A test by the clock. On a busy machine the guest may come too late for the 1401: the
    card's FIFO holds 16 KiB. Then the 1401 itself has lost samples, or had none to play,
    which it counts, and nothing can be compared: once more."""
    @functools.wraps(test)
    def run(live, **fixtures):
        for _ in range(20):
            try:
                return test(live, **fixtures)
            except (AssertionError, ced1401.LostError):
                if not any(live.query(name + ",?")[1] for name in
                           ("XFIFO", "XSTREAM", "XPLAY")):
                    raise
            except Late:
                pass
            live.reset()
        raise AssertionError("the 1401 lost samples twenty times")
    return run


@pytest.mark.parametrize("method", ["request", "memory"])
def test_pieces_are_the_ring(fast, live, heard, method):
    device = fast if method == "request" else live
    with device.stream([0, 1], rate=20_000, method=method, ring_frames=8192) as stream:
        assert (stream.method, stream.rate) == (method, 20_000)
        assert stream.info().state == "ready"
        start = position = None
        count = 0
        for piece in stream:
            assert piece.samples.shape == (len(piece), 2)
            assert in_dma(piece.samples) and ced1401.is_dma(piece.samples)
            assert not piece.samples.flags.writeable
            if position is None:
                start, position = heard(piece.samples), piece.position
                assert position == 0
            assert piece.position == position and piece.lost == piece.overwritten == 0
            heard(piece.samples, (start + position) % heard.frames)
            position += len(piece)
            assert piece.time_frames >= position and piece.time <= time.monotonic()
            count += 1
            if position > 20_000 and stream.info().state == "runs":
                stream.stop()
        assert count > 2 and position > 20_000
        info = stream.info()
        assert (info.state, info.error, info.lost) == ("ended", None, 0)
        assert info.released == position
        assert next(stream, None) is None
        assert len(stream.read(5)) == 0
    with pytest.raises(ced1401.ClosedError):
        next(stream)


@undisturbed
def test_fifo_by_the_clock(live, heard):
    with live.stream([0, 1], rate=5_000, ring_frames=100_000) as stream:
        assert stream.method == "fifo"
        got = [next(stream).copy() for _ in range(10)]
        stream.stop()
        got += [piece.copy() for piece in stream]
    samples = np.concatenate([piece.samples for piece in got])
    heard(samples)
    assert [p.position for p in got] == np.cumsum([0] + [len(p) for p in got])[:-1].tolist()
    times = np.concatenate([piece.times() for piece in got])
    assert np.allclose(times, np.arange(len(samples)) / 5000)


def test_when_a_piece_is_valid(fast, heard):
    stream = fast.stream([0, 1], rate=20_000, method="request", ring_frames=8192)
    first = next(stream)
    array, kept = first.samples, first.copy()
    assert first.valid and kept.valid and "lost" not in repr(first)
    second = next(stream)
    assert second.valid and not first.valid and "given back" in repr(first)
    for use in (lambda: first.samples, first.volts, first.copy, first.release,
                lambda: len(first), kept.release):
        with pytest.raises(ced1401.ClosedError):
            use()
    heard(kept.samples)
    assert second.release(10) == 0 and not second.valid
    third = stream.acquire()
    count = len(third)
    assert third.position == second.position + 10
    same = stream.acquire()
    assert same.position == third.position and len(same) >= count
    assert not third.valid and same.valid
    assert same.release() == 0
    with pytest.raises(ced1401.ArgumentError, match="1000000 frames"):
        next(stream).release(10**6)
    last = next(stream)
    due = last.samples[:7].copy()
    tail = last.samples[:7]
    stream.close()
    stream.close()
    assert not last.valid and stream.closed
    fast.close()
    # The array itself can be used still; what it shows is the ring's affair
    assert np.array_equal(tail, due)
    assert array.shape[1] == 2 and array.sum() is not None and in_dma(array)


def test_read_copies(fast, heard):
    with fast.stream([0, 1], rate=20_000, method="request") as stream:
        first = stream.read(3)
        start = heard(first.samples)
        assert len(first) == 3 and not ced1401.is_dma(first.samples)
        # More than the ring holds, and across its end
        long = stream.read(stream.ring_frames + 1000)
        assert len(long) == stream.ring_frames + 1000 and long.position == 3
        heard(long.samples, (start + 3) % heard.frames)
        # It goes on where iteration was, and the other way round
        piece = next(stream)
        assert piece.position == 3 + len(long)
        after = piece.position + len(piece)
        more = stream.read(10)
        assert more.position == after and first.valid and not piece.valid
        assert next(stream).position == after + 10
        with pytest.raises(ced1401.ArgumentError, match="frames 0"):
            stream.read(0)


def test_timeouts(live, heard):
    with live.stream([0, 1], rate=1000, start="trigger") as stream:
        with pytest.raises(TimeoutError):
            stream.acquire(timeout=0.1)
        assert len(stream.read(10, timeout=0.1)) == 0
        live.trigger.start_clocks()
        got = stream.read(100_000, timeout=0.5)
        assert 0 < len(got) < 100_000
        start = heard(got.samples)
        more = stream.read(100)
        assert more.position == len(got)
        heard(more.samples, (start + len(got)) % heard.frames)


def lap(stream):
    """Wait until the stream has gone over its ring, more than once."""
    before = stream.info().released
    until(lambda: stream.info().moved - before > 2 * stream.ring_frames)


def take(stream, count=None, directly=False):
    """A piece, or *count* frames that were read, whole, and the last `LostError` before it.

    On a busy machine there may be several; and pieces between it and this one, which were
    gone over: *directly*, that is `Late`."""
    error = None
    for _ in range(1000):
        try:
            piece = stream.read(count) if count else next(stream)
            if count:
                return piece, error
            kept = piece.copy()
            if not piece.release():
                return kept, error
            if directly:
                raise Late
        except ced1401.LostError as told:
            error = told
    raise AssertionError("no piece came whole")


@undisturbed
def test_a_loss_is_raised_and_the_rest_is_right(live, heard):
    with live.stream([0, 1], rate=20_000, ring_frames=32_768, method="fifo") as stream:
        piece, _ = take(stream)
        start = (heard(piece.samples) - piece.position) % heard.frames
        behind = piece.position + len(piece)
        lap(stream)
        with pytest.raises(ced1401.LostError) as caught:
            next(stream)
        first = caught.value
        assert first.position == behind and first.frames > stream.ring_frames
        assert str(first.frames) in str(first) and first.code == -1402002
        piece, error = take(stream, directly=True)
        error = error or first
        # As many were lost as it says: the recording goes on behind them
        assert piece.lost == error.frames
        assert piece.position == error.position + error.frames
        heard(piece.samples, (start + piece.position) % heard.frames)
        assert stream.info().lost >= first.frames
        lap(stream)
        with pytest.raises(ced1401.LostError):
            stream.read(10)
        got, _ = take(stream, 10)
        assert got.lost > 0 and len(got) == 10
        heard(got.samples, (start + got.position) % heard.frames)


@undisturbed
def test_a_loss_is_reported(live, heard):
    with live.stream([0, 1], rate=20_000, ring_frames=32_768, method="fifo",
                     on_loss="report") as stream:
        first = stream.read(100)
        start = (heard(first.samples) - first.position) % heard.frames
        behind = first.position + 100
        lap(stream)
        piece, _ = take(stream)
        assert piece.lost > 0 and piece.position - behind > stream.ring_frames
        heard(piece.samples, (start + piece.position) % heard.frames)
        held = next(stream)
        lap(stream)
        # All of the one before was gone over, and what came then was lost
        after = next(stream)
        assert after.overwritten == len(held._samples) and after.lost > 0
        assert after.position == held.position + len(held._samples) + after.lost
        lap(stream)
        got = stream.read(1000)
        assert got.lost > 0
        heard(got.samples, (start + got.position) % heard.frames)
        assert stream.info().lost >= 3 * stream.ring_frames


@undisturbed
def test_what_is_overwritten_in_use_is_told(live, heard):
    with live.stream([0, 1], rate=20_000, ring_frames=32_768, method="fifo") as stream:
        piece, _ = take(stream)
        start = (heard(piece.samples) - piece.position) % heard.frames
        while True:
            try:
                piece = next(stream)
                break
            except ced1401.LostError:
                pass
        held, position, array = len(piece), piece.position, piece.samples
        until(lambda: stream.info().moved > position + stream.ring_frames + 100)
        with pytest.raises(ced1401.LostError, match="overwritten") as caught:
            next(stream)
        assert 0 < caught.value.frames <= held and caught.value.position == position
        assert len(array) == held       # and the array is still there
        piece, _ = take(stream)
        heard(piece.samples, (start + piece.position) % heard.frames)


def test_what_the_1401_loses_is_told_at_the_end(live):
    """By request nothing is lost on the way, but the 1401 has no room for ever."""
    with live.stream([0, 1], rate=100_000, ring_frames=4096, method="request") as stream:
        next(stream)
        time.sleep(4)       # 256 KiB and the ring are full after less than one
        stream.stop()
        with pytest.raises(ced1401.LostError) as caught:
            for _ in stream:
                pass
        assert caught.value.frames == stream.info().lost_1401 > 0
        assert next(stream, None) is None


def test_ready_by_its_descriptor(live):
    with live.stream(0, rate=2000, wake_frames=500) as stream:
        stream.start()
        poll = select.poll()
        poll.register(stream, select.POLLIN)
        assert poll.poll(60_000)
        piece = stream.acquire(timeout=0)
        assert len(piece) >= 500 and stream.wake_frames == 500
        piece.release()
        assert not poll.poll(0)
        stream.stop()
        assert poll.poll(60_000)
    assert len(stream.channels) == 1


def test_wakes_for_what_the_1401_can_keep(live):
    with live.stream(0, rate=20_000, method="memory", ring_frames=300_000,
                     wake_frames=200_000) as stream:
        assert stream.wake_frames == 200_000
        stream.start()
        assert 0 < stream.wake_frames == live.memory_size() // 2 // 2 // 4


def test_ends_from_elsewhere(live):
    """Another thread stops, closes, or closes the device, while this one waits."""
    stream = live.stream(0, rate=1000, start="trigger")
    threading.Timer(0.2, stream.stop).start()
    assert list(stream) == []
    stream.close()
    stream = live.stream(0, rate=1000, start="trigger")
    threading.Timer(0.2, stream.close).start()
    with pytest.raises(ced1401.ClosedError, match="the stream is closed"):
        next(stream)
    stream = live.stream(0, rate=1000, start="trigger")
    interrupt_soon(0.2)
    with pytest.raises(KeyboardInterrupt):
        next(stream)
    threading.Timer(0.2, live.close).start()
    with pytest.raises(ced1401.ClosedError, match="ced1401 is closed"):
        next(stream)
    assert stream.closed


def test_stopped_before_it_was_read(live):
    """It ends, as one that was read does, and is not "started already"."""
    for use in (list, lambda stream: stream.read(10).samples.tolist()):
        with live.stream(0, rate=1000) as stream:
            stream.stop()
            assert use(stream) == []
            with pytest.raises(ced1401.Error, match="already"):
                stream.start()
    with live.play_stream(0, rate=1000) as stream:
        stream.stop()
        assert stream.acquire() is None
        with pytest.raises(ced1401.ClosedError, match="has ended"):
            stream.write([1, 2])
        stream.drain()


def test_closed_while_another_thread_talks():
    """Who closes a stream waits until the other has done; that one may forget an array,
    whose memory is given back at once."""
    def child():
        device = ced1401.Device(LIVE)
        array = device.zeros(1000)
        stream = device.stream(0, rate=1000, method="request")
        next(stream)
        locked, closing = threading.Event(), threading.Event()
        done = []

        def talk():
            nonlocal array
            with device.locked():
                locked.set()
                closing.wait(60)
                time.sleep(0.3)         # so that it is deep inside
                array = None
                done.append("talked")

        def close():
            locked.wait(60)
            closing.set()
            stream.close()
            done.append("closed")
        threads = [threading.Thread(target=task, daemon=True) for task in (talk, close)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert sorted(done) == ["closed", "talked"]
        device.close()
    in_child(child, 300)


def test_a_child_closes_nothing(live):
    """Nor does it wait for a thread of its parent's, which it does not have."""
    stream = live.stream(0, rate=1000, method="request")
    next(stream)
    inside, out = threading.Event(), threading.Event()

    def use():
        with stream._guard.hold():
            inside.set()
            out.wait(300)
    thread = threading.Thread(target=use, daemon=True)
    thread.start()
    assert inside.wait(60)

    def child():
        nonlocal stream
        stream.close()
        assert stream.closed
        with pytest.raises(ced1401.ForkedError):
            stream.info()
        del stream
    in_child(child, 120)
    out.set()
    thread.join()
    assert len(next(stream)) and stream.info().state == "runs"
    stream.close()


def test_the_1401_goes_away_under_it(live):
    with live.stream(0, rate=1000, method="request") as stream:
        next(stream)
        live.reset()
        with pytest.raises(ced1401.StoppedError):
            while True:
                next(stream)
        assert isinstance(stream.info().error, ced1401.StoppedError)


def test_a_stream_that_nobody_closed(fast):
    with pytest.warns(ResourceWarning, match="stream"):
        stream = fast.stream(0, rate=1000, method="request")
        next(stream)
        del stream
        gc.collect()
    assert fast.query("XSTREAM,?") is not None
    with fast.stream(0, rate=1000, method="request") as stream:
        next(stream)


@undisturbed
def test_play_a_stream(live):
    """Input 2 hears DAC 0, by the clock: the values, each as often as it is heard."""
    wave = np.random.default_rng(5).integers(-32768, 32768, 20_000, np.int16)
    with live.play_stream(0, rate=20_000, ring_frames=4096, method="request") as stream, \
            live.stream(2, rate=20_000, method="request") as ear:
        assert stream.acquire(10).samples.flags.writeable
        done = 0
        ear.start()
        while done < len(wave):
            done += stream.write(wave[done:done + 3000])
        stream.drain()
        played = stream.info()
        assert played.state == "ended" and played.lost == 0
        time.sleep(0.2)         # stop() drops what is no block yet
        ear.stop()
        heard = np.concatenate([piece.copy().samples[:, 0] for piece in ear])
        # Closed streams leave no counts in the 1401: this is the last moment
        if played.lost_1401 or ear.info().lost_1401:
            raise Late
    # From when it began on; before and after are 0 V and the last value
    begun = np.flatnonzero(heard)[0]
    assert np.array_equal(heard[begun:][:len(wave)], wave)
    assert (heard[begun + len(wave):] == wave[-1]).all()


def test_the_method_is_the_one_that_is_used(live):
    """Alone it would be "fifo", but so little can only be given on request."""
    with live.play_stream(0, rate=20_000) as stream:
        assert stream.method == "fifo"
        stream.write(np.zeros(100, np.int16))
        stream.start()
        assert stream.method == "request"


def test_play_a_stream_without_a_copy(fast):
    """tests/python/run compares the DACs' file with what is kept here."""
    ramp = np.arange(100_000, dtype=np.int32).astype(np.int16)
    at = 0
    with fast.play_stream(0, rate=10_000, ring_frames=5000, method="request") as stream:
        while at < len(ramp):
            if not stream._started:
                try:
                    room = stream.acquire()
                except TimeoutError:        # it is full
                    stream.start()
                    continue
            else:
                room = stream.acquire()
            part = ramp[at:at + len(room)]
            assert in_dma(room.samples)
            room.samples[:len(part), 0] = part
            assert room.release(len(part)) == 0
            at += len(part)
        stream.drain()
        with pytest.raises(ced1401.ClosedError):
            stream.write(ramp)
    np.savez(os.path.join(os.environ["CED1401_RESULTS"], "streamed.npz"), ramp[:, None])


def test_arguments(fast):
    for wrong in ({"rate": 0}, {"rate": 2e6}, {"method": "pigeon"}, {"on_loss": "ignore"},
                  {"ring_frames": 10**8}, {"ring_frames": -1}, {"wake_frames": 1 << 64},
                  {"in_turn": True}, {"start": "never"}):
        with pytest.raises(ced1401.ArgumentError, match=list(wrong)[0]):
            fast.stream(0, **{"rate": 1000, **wrong})
    with pytest.raises(ced1401.ArgumentError, match="DAC 8: DACs are 0 to 7"):
        fast.play_stream(8, rate=1000)
    with pytest.raises(ced1401.ArgumentError, match="0 inputs"):
        fast.stream([], rate=1000)
    with pytest.raises(ced1401.ArgumentError, match="0.0001 Hz: out of range"):
        fast.stream(0, rate=1e-4)
    with pytest.raises(ced1401.ArgumentError, match="does not play"):
        fast.play_stream(0, rate=1000, method="memory")
    with fast.play_stream(0, rate=1000) as stream:
        with pytest.raises(ced1401.ArgumentError, match="write first"):
            stream.start()
