# SPDX-License-Identifier: GPL-2.0-or-later
"""The same for asyncio."""
import asyncio
import functools
import os
import time

import numpy as np
import pytest
from bench import FAST, LIVE, in_child

import ced1401
from ced1401 import aio


def with_loop(test):
    """A test that is a coroutine."""
    @functools.wraps(test)
    def run(*args, **kwargs):
        asyncio.run(asyncio.wait_for(test(*args, **kwargs), 500))
    return run


class Ticker:
    """Counts how often the event loop comes round meanwhile."""

    def __init__(self):
        self.ticks = 0

    async def run(self):
        while True:
            await asyncio.sleep(0.01)
            self.ticks += 1

    async def __aenter__(self):
        self.task = asyncio.create_task(self.run())
        return self

    async def __aexit__(self, *_):
        self.task.cancel()


@with_loop
async def test_commands():
    async with aio.Device(FAST) as device:
        replies = await asyncio.gather(
            *(device.query("MEMTOP,?") for _ in range(5)), device.query_line("ERR"),
            device.command("NOSUCH"), device.adc([0, 1]), return_exceptions=True)
        assert replies[:5] == [[1 << 20, 1 << 20, 0]] * 5
        assert replies[5].count(",") == 1
        assert isinstance(replies[6], ced1401.CommandError)
        assert replies[7].shape == (2,)
        assert device.info().mine
        assert await device.run(lambda device: device.memory_size()) == 1 << 20
        block = device.zeros(100)
        await device.write_memory(0, np.arange(100, dtype=np.int16))
        assert (await device.read_memory(0, out=block)) is block
        assert np.array_equal(block, np.arange(100))
        with pytest.raises(ced1401.ArgumentError):
            await device.dac(0, volts=6)
    with pytest.raises(ced1401.ClosedError):
        await device.query("MEMTOP,?")


@with_loop
async def test_the_rest_of_a_device():
    """Nothing is missing, but for what the class says."""
    left_out = {"path", "closed", "fileno", "event_fileno", "look_for_event", "locked"}
    assert {name for name in dir(ced1401.Device) if not name.startswith("_")} \
        - set(dir(aio.Device)) == left_out - {"path"}
    assert all(f"`{name}`" in aio.Device.__doc__ for name in left_out)
    async with aio.Device(FAST) as device:
        before = device.statistics()["bytes_to_host"]
        array = device.zeros(1000)
        due = np.arange(1000, dtype=np.int16)
        await device.write_memory(0, due)
        with device.area(array, "to host") as area:
            await device.command(f"TOHOST,0,2000,0,{area.number}")
            assert await area.wait(timeout=60) > 0
            with pytest.raises(ced1401.TimedOutError):
                await area.wait(2001, timeout=0.2)
        assert np.array_equal(array, due) and not area.area._memory.areas
        assert device.statistics()["bytes_to_host"] - before == 2000
        device.free(array)
        with pytest.raises(ced1401.ArgumentError, match="freed"):
            device.free(array)
        await device.send("ERR")
        assert await device.read_line() == "0,0"
        with pytest.raises(ced1401.TimedOutError):
            await device.read_line(timeout=0.2)
        await device.trigger.arm()
        await device.trigger.fire()
        assert await device.trigger.count() == 1
        await device.trigger.disarm()
        assert await device.trigger.count() is None
        assert await device.trigger.clocks_waiting() == 0
        await device.trigger.start_clocks()
        with pytest.raises(ced1401.ArgumentError):
            device.set_timeout(-1)
        device.set_timeout(5)


@with_loop
async def test_capture_and_commands_at_once(heard):
    async with aio.Device(LIVE) as device, Ticker() as ticker:
        told = []
        capture = asyncio.create_task(device.capture(
            [0, 1], rate=1000, frames=500, start="trigger",
            progress=lambda *now: told.append(now)))
        while not await device.query("CLKEVT,?") == [1]:
            pass
        values = [await device.digital_in() for _ in range(5)]
        assert values == [0x1234] * 5 and not capture.done()
        await device.command("CLKEVT,F")
        got = await capture
        assert len(got) == 500 and got.rate == 1000
        heard(got.samples)
        assert {"armed", "running", "fetching"} == {phase for phase, *_ in told}
        assert ticker.ticks > 5
        wave = np.arange(1000, dtype=np.int16)
        got, played = await device.capture_play(2, 0, wave, rate=10_000)
        assert np.array_equal(got.column(2), wave) and played.frames == 1000


@with_loop
async def test_a_cancelled_task_ends_its_call():
    async with aio.Device(LIVE) as device:
        for call in (device.capture(0, rate=1000, frames=10, start="trigger"),
                     device.wait_level(2, volts=4), device.wait_event()):
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(call, 0.3)
            assert device.device.trigger.clocks_waiting() == 0
            assert await device.query("MEMTOP,?") == [1 << 20, 1 << 20, 0]

        def wrong(*_):
            raise ZeroDivisionError
        with pytest.raises(ZeroDivisionError):
            await device.capture(0, rate=1000, frames=100_000, progress=wrong)
        assert await device.query("ADCMEM,?") == [0]


@with_loop
async def test_async_for(heard):
    async with aio.Device(LIVE) as device, Ticker() as ticker:
        async with device.stream([0, 1], rate=5000, method="request") as stream:
            start, position = None, 0
            async for piece in stream:
                if start is None:
                    start = heard(piece.samples)
                assert piece.position == position and piece.valid
                heard(piece.samples, (start + position) % heard.frames)
                position += len(piece)
                if position > 3000 and stream.info().state == "runs":
                    await stream.stop()
            assert not piece.valid and stream.stream.rate == 5000
            assert ticker.ticks > 5
        async with device.stream([0, 1], rate=5000, method="request") as stream:
            first = await stream.read(1000)
            second = await stream.read(1000)
            assert (first.position, second.position) == (0, 1000)
            heard(np.concatenate([first.samples, second.samples]))
            short = await stream.read(10**6, timeout=0.3)
            assert 0 < len(short) < 10**6
            read = asyncio.create_task(stream.read(10**6))
            await asyncio.sleep(0.3)
            read.cancel()
            with pytest.raises(asyncio.CancelledError):
                await read
            with pytest.raises(ced1401.LostError) as caught:
                await stream.read(10)       # what the cancelled one had is lost
            assert caught.value.position == 2000 + len(short)
            after = await stream.read(10)
            assert after.position == caught.value.position + after.lost
            assert (await stream.ask()).state == "runs"


@with_loop
async def test_no_thread_for_each_piece(monkeypatch):
    async with aio.Device(FAST) as device, \
            device.stream(0, rate=20_000, method="request") as stream:
        await stream.__anext__()
        monkeypatch.delattr(aio, "_in_thread")
        for _ in range(3):
            await stream.__anext__()
        await stream.read(100)
        monkeypatch.undo()


@with_loop
async def test_two_streams_in_one_loop(heard):
    async def listen(number, rate):
        async with aio.Device(number) as device, \
                device.stream([0, 1], rate=rate, method="request") as stream:
            return [(await stream.read(2000)).samples for _ in range(3)]
    for pieces in await asyncio.gather(listen(FAST, 20_000), listen(LIVE, 10_000)):
        heard(np.concatenate(pieces))


@with_loop
async def test_memory_stream(heard):
    async with aio.Device(LIVE) as device, \
            device.stream([0, 1], rate=5000, method="memory") as stream:
        heard((await stream.read(2000)).samples)


@with_loop
async def test_play_stream():
    """As test_stream.test_play_a_stream, and again when this program was too late."""
    wave = np.random.default_rng(6).integers(-32768, 32768, 10_000, np.int16)
    for _ in range(20):
        async with aio.Device(LIVE) as device, \
                device.play_stream(0, rate=20_000, ring_frames=4096,
                                   method="request") as out, \
                device.stream(2, rate=20_000, method="request") as ear:
            await ear.start()
            for at in range(0, len(wave), 2500):
                await out.write(wave[at:at + 2500])
            await out.drain()
            played = out.info()
            await asyncio.sleep(0.2)        # stop() drops what is no block yet
            await ear.stop()
            heard = np.concatenate([piece.copy().samples[:, 0] async for piece in ear])
            late = played.lost or played.lost_1401 or ear.info().lost_1401
        if not late:
            break
    begun = np.flatnonzero(heard)[0]
    assert np.array_equal(heard[begun:][:len(wave)], wave)


@with_loop
async def test_closed_while_it_waits():
    async with aio.Device(LIVE) as device:
        async with device.stream(0, rate=1000, start="trigger") as stream:
            await stream.start()
            waits = asyncio.create_task(stream.__anext__())
            await asyncio.sleep(0.2)
            with pytest.raises(RuntimeError):
                await stream.read(1)        # one task at a time
        with pytest.raises(ced1401.ClosedError):
            await waits
        waits = asyncio.create_task(device.wait_event())
        await asyncio.sleep(0.2)
    with pytest.raises(ced1401.ClosedError):
        await waits


@with_loop
async def test_closed_by_the_other_face_while_it_waits():
    """Who waits is told, and the descriptor's number may be another's at once."""
    device = aio.Device(FAST)
    await device.claim()
    waits = asyncio.create_task(device.wait_event())
    await asyncio.sleep(0.2)
    number = device.device.event_fileno()
    device.device.close()
    with ced1401.Device(FAST, wait=False) as other:
        other.claim()       # nothing keeps the session
        read, write = os.pipe()
        os.dup2(read, number)
        came = asyncio.Event()
        asyncio.get_running_loop().add_reader(number, came.set)
        with pytest.raises(ced1401.ClosedError):
            await asyncio.wait_for(waits, 60)
        assert not came.is_set()
        os.write(write, b"x")
        await asyncio.wait_for(came.wait(), 60)
        asyncio.get_running_loop().remove_reader(number)
        for fd in (read, write, number):
            os.close(fd)


def test_one_shot_calls_inside_locked():
    def both(device):
        with device.locked():
            return [len(device.capture(0, rate=10_000, frames=100)) for _ in range(2)]

    @with_loop
    async def child():
        async with aio.Device(FAST) as device:
            assert await device.run(both) == [100, 100]
    in_child(child, 300)


@with_loop
async def test_stopped_before_it_was_read():
    async with aio.Device(LIVE) as device, device.stream(0, rate=1000) as stream:
        await stream.stop()
        assert [piece async for piece in stream] == []


@with_loop
async def test_events():
    async with aio.Device(FAST) as device:
        assert await device.wait_event(0.1) == ced1401.Event(0)
        waits = asyncio.create_task(device.wait_event())
        await asyncio.sleep(0.1)
        with pytest.raises(ced1401.Error):
            await device.command("TOHOST,0,100,0,7")
        assert await waits == ced1401.Event.REFUSED


@with_loop
async def test_claim():
    async with aio.Device(FAST) as one:
        await one.claim()
        async with aio.Device(FAST) as other:
            with pytest.raises(ced1401.BusyError):
                await other.claim(0.2)
            begun = time.monotonic()
            claim = asyncio.create_task(other.claim())
            await asyncio.sleep(0.3)
            assert not claim.done()
            await one.release()
            await claim
            assert other.info().mine and time.monotonic() > begun
