# SPDX-License-Identifier: LGPL-2.1-or-later
"""The same for asyncio.

::

    import asyncio
    from ced1401 import aio

    async def main():
        async with aio.Device() as device:
            print(await device.query("MEMTOP,?"))
            async with device.stream([0, 1], rate=20_000) as stream:
                async for piece in stream:
                    print(piece.position, piece.volts().mean(axis=0))

    asyncio.run(main())

Streams and the news of the 1401 are waited for through their file descriptors, in the
event loop itself. Commands and one-shot calls converse with the 1401 in a thread of
their own meanwhile, as a stream by "memory" does; they are not mixed with each other. When
a task is cancelled, a one-shot call is stopped first; a command comes to its end first,
which takes some ms.
"""

from __future__ import annotations

import asyncio
import functools
import os
import queue
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, Union

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from . import _areas, _channel, _device, _session, _stream
from ._errors import BusyError, ClosedError
from ._job import Job
from ._session import Event, Info
from ._shots import Shot
from ._stream import NOTHING, Gather, Piece, StreamInfo
from ._waiting import NOT_YET, Deadline

LOOK = 0.5      # seconds of a wait after which what is waited for is looked at in any case

P = ParamSpec("P")
T = TypeVar("T")
S = TypeVar("S", bound=_stream.Stream)
A = TypeVar("A")
Self = TypeVar("Self", bound="_Stream[Any]")


def _awaited(method: Callable[Concatenate[_device.Device, P], T]
             ) -> Callable[Concatenate[Device, P], Coroutine[Any, Any, T]]:
    """A method of `ced1401.Device` as a coroutine."""
    prepare = getattr(method, "prepare", None)

    @functools.wraps(method)
    async def awaited(device: Device, /, *args: P.args, **kwargs: P.kwargs) -> T:
        if prepare:
            shot: Shot[T] = prepare(device.device, *args, **kwargs)
            return shot.finish(await _run(shot.job))
        return await _in_thread(lambda: method(device.device, *args, **kwargs))
    return awaited


async def _run(job: Job) -> int:
    """The job's result. If the task is cancelled, so is the job, and first."""
    loop = asyncio.get_running_loop()
    news = asyncio.Event()
    job.start(lambda: loop.call_soon_threadsafe(news.set))
    trouble: BaseException | None = None
    result: int | None = None
    while not job.ended:
        try:
            await news.wait()
            news.clear()
            while not job.ended:
                result = job.hear(wait=False)
        except queue.Empty:
            pass
        except BaseException as error:      # a cancelled task's, too
            trouble = trouble or error
            job.cancel()
    if trouble:
        raise trouble
    assert result is not None
    return result


async def _in_thread(function: Callable[[], T]) -> T:
    """What function() returns, which sleeps for no longer than a command may take.

    If the task is cancelled, it ends when the function has: a conversation with the
    1401 cannot be broken off.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def main() -> None:
        try:
            result = function()
        except BaseException as error:
            told = error
            if isinstance(error, StopIteration):    # which no future takes
                told = RuntimeError("the function raised StopIteration: the stream has ended?")
                told.__cause__ = error
            loop.call_soon_threadsafe(future.set_exception, told)
        else:
            loop.call_soon_threadsafe(future.set_result, result)

    threading.Thread(target=main, name="ced1401", daemon=True).start()
    cancelled: asyncio.CancelledError | None = None
    while not future.done():
        try:
            await asyncio.wait([future])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled:
        future.exception()      # it was looked at
        raise cancelled
    return future.result()


async def _in_slices(function: Callable[[float], T], timeout: float | None) -> T:
    """The same for function(seconds), which raises `TimedOutError` after so many."""
    deadline = Deadline(timeout)
    while True:
        over = deadline.over
        try:
            return await _in_thread(lambda: function(deadline.slice_ms / 1e3))
        except NOT_YET:
            if over:
                raise


class _Waiter:
    """Waits for a descriptor; one task at a time.

    For a copy of it. Another thread may close the descriptor itself, and its number become
    another's: the loop would watch that, and not know of the copy's end.
    """

    def __init__(self) -> None:
        self._future: asyncio.Future[bool] | None = None

    async def wait(self, fileno: Callable[[], int], hold: AbstractContextManager[None],
                   most: float) -> bool:
        """Sleep until fileno()'s descriptor is readable; False after *most* seconds.

        While *hold* is held nobody closes it.
        """
        if self._future:
            raise RuntimeError("another task waits for this already")
        with hold:
            fd = os.dup(fileno())
        loop = asyncio.get_running_loop()
        future = self._future = loop.create_future()
        # Not wait_for(), which may swallow that the task was cancelled
        alarm = loop.call_later(most, _settle, future, False)
        try:
            loop.add_reader(fd, _settle, future, True)
            readable: bool = await future
            return readable
        finally:
            alarm.cancel()
            loop.remove_reader(fd)
            os.close(fd)
            if self._future is future:
                self._future = None

    def close(self, what: str) -> None:
        """It is about to be closed, which wakes nobody."""
        future, self._future = self._future, None
        if future and not future.done():
            future.set_exception(ClosedError(f"{what} is closed"))


def _settle(future: asyncio.Future[bool], result: bool) -> None:
    if not future.done():
        future.set_result(result)


def _slice(deadline: Deadline) -> float:
    left = deadline.left
    return LOOK if left is None else min(left, LOOK)


class _Stream(Generic[S]):
    """What streams have in common. The stream is made when ``async with`` begins.

    Attributes:
        stream: the `ced1401.InputStream` or `ced1401.OutputStream`: its rate, its clock ...
    """

    stream: S

    def __init__(self, make: Callable[[], S]) -> None:
        self._make = make
        self._waiter = _Waiter()

    async def __aenter__(self: Self) -> Self:
        made: list[_stream.Stream] = []
        try:
            await _in_thread(lambda: made.append(self._make()))
        except asyncio.CancelledError:
            for stream in made:     # nobody else will
                await _in_thread(stream.close)
            raise
        self.stream, = made
        return self

    async def __aexit__(self, kind: type[BaseException] | None,
                        error: BaseException | None, trace: TracebackType | None) -> None:
        self._waiter.close("the stream")
        await _in_thread(self.stream.close)

    async def start(self) -> None:
        """As `ced1401.Stream.start`."""
        await _in_thread(self.stream.start)

    async def stop(self) -> None:
        """As `ced1401.Stream.stop`."""
        await _in_thread(self.stream.stop)

    async def ask(self) -> StreamInfo:
        """As `ced1401.Stream.ask`."""
        return await _in_thread(self.stream.ask)

    def info(self) -> StreamInfo:
        """As `ced1401.Stream.info`."""
        return self.stream.info()

    async def _ready(self, timeout: float | None = None) -> bool:
        deadline = Deadline(timeout)
        while True:
            if await self._waiter.wait(self.stream.fileno, self.stream._hold(),
                                       _slice(deadline)):
                return True
            # An end that the driver told another call of makes it readable, too
            await self._look(self.stream.info)
            if deadline.over:
                return False

    async def _look(self, look: Callable[[], T]) -> T:
        """look(), which asks the driver alone; but with "memory" it asks the 1401."""
        return await _in_thread(look) if self.stream.method == "memory" else look()


class InputStream(_Stream[_stream.InputStream]):
    """`ced1401.InputStream` for asyncio: ``async for`` has its pieces, without a copy.

    A piece is valid until the next one is asked for, as there.
    """

    def __aiter__(self) -> AsyncIterator[Piece]:
        return self

    async def __anext__(self) -> Piece:
        stream = self.stream
        stream._finish_piece()
        if not stream._started:
            await _in_thread(stream._ensure_started)
        while True:
            await self._ready()
            piece = await self._look(stream._try_acquire)
            if isinstance(piece, Piece):
                return stream._checked(piece)
            if piece == 0:
                stream._check_end()
                raise StopAsyncIteration
            if piece not in NOTHING:
                raise stream._error(piece)

    async def read(self, frames: int, timeout: float | None = None) -> Piece:
        """As `ced1401.InputStream.read`.

        Frames that a cancelled task had by then are lost, and the next piece tells so:
        better give a *timeout*.
        """
        deadline = Deadline(timeout)
        with Gather(self.stream, frames) as gather:
            if not self.stream._started:
                await _in_thread(self.stream._ensure_started)
            last = False        # as there
            while not gather.full:
                over = deadline.over
                ready = await self._ready(deadline.left)
                more = await self._look(lambda: gather.more(0))
                if not ready and not more or last:
                    break
                last = over
            return gather.result()


class OutputStream(_Stream[_stream.OutputStream]):
    """`ced1401.OutputStream` for asyncio."""

    async def write(self, samples: ArrayLike | None = None, *,
                    volts: ArrayLike | None = None, units: ArrayLike | None = None) -> None:
        """As `ced1401.OutputStream.write`."""
        stream = self.stream
        frames = _channel.to_samples(stream.channels, samples, volts, units)
        done = 0
        while done < len(frames):
            if stream._started:
                taken = stream._fill(frames[done:], 0)
            else:
                taken = await _in_thread(lambda: stream._fill(frames[done:], 0))
            done += taken
            if not taken:
                await self._ready()

    async def drain(self, timeout: float | None = None) -> None:
        """As `ced1401.OutputStream.drain`."""
        await _in_slices(self.stream.drain, timeout)


class Area:
    """`ced1401.Area` for asyncio, a context manager: for plain ``with``, not ``async with``.

    Attributes:
        area: the `ced1401.Area`.
        number, array: as there.
    """

    def __init__(self, area: _areas.Area) -> None:
        self.area = area
        self.number = area.number
        self.array = area.array

    async def wait(self, size: int | None = None, timeout: float | None = None) -> float:
        """As `ced1401.Area.wait`."""
        return await _in_slices(functools.partial(self.area.wait, size), timeout)

    def clear(self) -> None:
        """As `ced1401.Area.clear`."""
        self.area.clear()

    def __enter__(self) -> Area:
        return self

    def __exit__(self, *_: object) -> None:
        self.area.__exit__()


class Trigger:
    """`ced1401.Trigger` for asyncio."""

    def __init__(self, trigger: _session.Trigger) -> None:
        self._trigger = trigger

    async def arm(self) -> None:
        """As `ced1401.Trigger.arm`."""
        await _in_thread(self._trigger.arm)

    async def disarm(self) -> None:
        """As `ced1401.Trigger.disarm`."""
        await _in_thread(self._trigger.disarm)

    async def count(self) -> int | None:
        """As `ced1401.Trigger.count`."""
        return await _in_thread(self._trigger.count)

    async def fire(self) -> None:
        """As `ced1401.Trigger.fire`."""
        await _in_thread(self._trigger.fire)

    async def clocks_waiting(self) -> int:
        """As `ced1401.Trigger.clocks_waiting`."""
        return await _in_thread(self._trigger.clocks_waiting)

    async def start_clocks(self) -> None:
        """As `ced1401.Trigger.start_clocks`."""
        await _in_thread(self._trigger.start_clocks)


def _made(kind: Callable[[Callable[[], S]], A],
          method: Callable[Concatenate[_device.Device, P], S]
          ) -> Callable[Concatenate[Device, P], A]:
    """A method of `ced1401.Device` that makes a stream, which here is made by "async with"."""
    @functools.wraps(method)
    def make(device: Device, /, *args: P.args, **kwargs: P.kwargs) -> A:
        return kind(lambda: method(device.device, *args, **kwargs))
    return make


class Device:
    """`ced1401.Device` for asyncio: its methods, with the same arguments.

    Those that converse with the 1401, or wait, are coroutines; `info`, `statistics`,
    `set_timeout`, `zeros`, `free` and `area` take no time, and are not. Left out, as they
    need no loop, are `path`, `closed`, `fileno`, `event_fileno` and `look_for_event`,
    which `device` has; and `locked`: see `run`.

    Args:
        device: as `ced1401.Device`; or one of these, which then has two faces.
        read_only, wait, timeout: as there.

    Attributes:
        device: the `ced1401.Device`.
    """

    def __init__(self, device: Union[int, str, os.PathLike[str], _device.Device] = 0, *,
                 read_only: bool = False, wait: bool = True, timeout: float = 5.0) -> None:
        if not isinstance(device, _device.Device):
            device = _device.Device(device, read_only=read_only, wait=wait, timeout=timeout)
        self.device = device
        self._waiter = _Waiter()

    async def __aenter__(self) -> Device:
        return self

    async def __aexit__(self, kind: type[BaseException] | None,
                        error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    async def run(self, function: Callable[[_device.Device], T]) -> T:
        """function(device) in a thread: for calls that belong together.

        See `ced1401.Device.locked`, which must not be held over an ``await``.
        """
        return await _in_thread(lambda: function(self.device))

    async def close(self) -> None:
        """As `ced1401.Device.close`."""
        self._waiter.close("the device")
        await _in_thread(self.device.close)

    async def claim(self, timeout: float | None = None) -> None:
        """As `ced1401.Device.claim`."""
        deadline = Deadline(timeout)
        while True:
            over = deadline.over
            try:
                return await _in_thread(lambda: self.device.claim(deadline.slice_ms / 1e3))
            except BusyError:
                if over or not self.device.waits:
                    raise

    release = _awaited(_device.Device.release)
    reset = _awaited(_device.Device.reset)
    self_test = _awaited(_device.Device.self_test)
    memory_size = _awaited(_device.Device.memory_size)
    commands = _awaited(_device.Device.commands)
    has_command = _awaited(_device.Device.has_command)
    command = _awaited(_device.Device.command)
    query = _awaited(_device.Device.query)
    query_line = _awaited(_device.Device.query_line)
    send = _awaited(_device.Device.send)
    sync = _awaited(_device.Device.sync)
    adc = _awaited(_device.Device.adc)
    adc_volts = _awaited(_device.Device.adc_volts)
    adc_units = _awaited(_device.Device.adc_units)
    dac = _awaited(_device.Device.dac)
    digital_in = _awaited(_device.Device.digital_in)
    digital_out = _awaited(_device.Device.digital_out)
    read_memory = _awaited(_device.Device.read_memory)
    write_memory = _awaited(_device.Device.write_memory)
    capture = _awaited(_device.Device.capture)
    play = _awaited(_device.Device.play)
    capture_play = _awaited(_device.Device.capture_play)
    wait_level = _awaited(_device.Device.wait_level)

    async def read_line(self, timeout: float | None = 5.0) -> str:
        """As `ced1401.Device.read_line`. One that comes as the task is cancelled is lost."""
        return await _in_slices(self.device.read_line, timeout)

    @property
    def trigger(self) -> Trigger:
        """The trigger input."""
        return Trigger(self.device.trigger)

    # What does not converse with the 1401 takes no time

    def info(self) -> Info:
        """As `ced1401.Device.info`."""
        return self.device.info()

    def statistics(self) -> dict[str, int]:
        """As `ced1401.Device.statistics`."""
        return self.device.statistics()

    def set_timeout(self, timeout: float) -> None:
        """As `ced1401.Device.set_timeout`."""
        self.device.set_timeout(timeout)

    def free(self, array: NDArray[Any]) -> None:
        """As `ced1401.Device.free`."""
        self.device.free(array)

    def area(self, array: NDArray[Any], direction: str) -> Area:
        """As `ced1401.Device.area`."""
        return Area(self.device.area(array, direction))

    def zeros(self, shape: Any, dtype: DTypeLike = np.int16) -> NDArray[Any]:
        """As `ced1401.Device.zeros`."""
        return self.device.zeros(shape, dtype)

    async def wait_event(self, timeout: float | None = None) -> Event:
        """As `ced1401.Device.wait_event`: Event(0) after *timeout* seconds."""
        deadline = Deadline(timeout)
        while True:
            over = deadline.over
            await self._waiter.wait(self.device.event_fileno, self.device._handle.hold(),
                                    _slice(deadline))
            # Also that a close by another thread is seen
            event = self.device.look_for_event()
            if event or over:
                return event

    # For "async with"

    stream = _made(InputStream, _device.Device.stream)
    play_stream = _made(OutputStream, _device.Device.play_stream)
