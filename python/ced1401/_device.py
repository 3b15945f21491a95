# SPDX-License-Identifier: LGPL-2.1-or-later
"""A session with a 1401: memory, sampling and playing."""

from __future__ import annotations

import errno
import math
import os
import sys
import weakref
from collections.abc import Sequence
from typing import Any, Union

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from . import _channel, _lib
from ._areas import Area
from ._channel import ChannelLike, ChannelsLike, as_dacs, as_inputs
from ._errors import ArgumentError, MemoryLimitError
from ._handle import Memory, store_of
from ._job import ProgressFunction
from ._samples import Playback, Recording, frame_count
from ._session import Session
from ._shots import Shot, Side, check_out, level, one_shot, when
from ._stream import InputStream, OutputStream

AUTO_MOST = 1 << 20     # bytes: more than the 1401's memory would be copied anyway
AUTO_TOTAL = 2 << 20    # ... of all arrays of a session that are captured so


class Device(Session):
    """A session with a 1401, and a context manager.

    Args:
        device: the card's number, 0 to 3, or the device's path.
        read_only: look only: `info`, no commands, no memory.
        wait: whether calls that need the 1401 wait, for *timeout*, while another program
            has it; else they raise `BusyError` at once.
        timeout: seconds that the 1401 may take to answer a command, that wait included.

    The 1401 itself is claimed by the first call that needs it. When the session
    ends, by `close`, at the end of ``with``, or because the program does, **the 1401 is
    reset at once**: DACs at 0 V, digital outputs low, nothing runs. Call `release` before to
    leave it as it is.

    Any method may be called from any thread; `close` waits for calls of other threads.
    Time-outs are in seconds; None waits for ever.

    Example:
        >>> import ced1401
        >>> with ced1401.Device() as device:                    # doctest: +SKIP
        ...     recording = device.capture([0, 1], rate=10_000, seconds=0.5)
        >>> recording.volts().shape                             # doctest: +SKIP
        (5000, 2)
    """

    def __init__(self, device: Union[int, str, os.PathLike[str]] = 0, *,
                 read_only: bool = False, wait: bool = True, timeout: float = 5.0) -> None:
        super().__init__(device, read_only=read_only, wait=wait, timeout=timeout)
        # Of what `capture` made and somebody keeps. Not a WeakSet, which nobody may add to
        # while it is gone through: another thread, or a signal handler, may
        self._captured: set[weakref.ref[Memory]] = set()

    # ---- memory

    def zeros(self, shape: Union[int, Sequence[int]],
              dtype: DTypeLike = np.int16) -> NDArray[Any]:
        """An array whose memory is a DMA buffer: 1 byte to 4 MiB, zeroed.

        The 1401 writes to it and reads from it without a copy. The buffer is the
        array's: it stays as long as the array or a view of it does, also when the device
        is closed, and is given back with the last of them. A session can have 64.
        Raises `MemoryLimitError` if there is none of that size.
        """
        wanted = (int(shape),) if isinstance(shape, (int, np.integer)) else tuple(shape)
        if any(n < 0 for n in wanted):
            raise ArgumentError(f"shape {wanted}")
        size = np.dtype(dtype).itemsize * math.prod(map(int, wanted))
        if size > sys.maxsize:
            raise ArgumentError(f"shape {wanted}")
        return self._handle.alloc(size).array(dtype, wanted)

    def free(self, array: NDArray[Any]) -> None:
        """The 1401 may no longer use the DMA buffer of *array*: its areas are cleared.

        The array, and all others over that buffer, stay good; the memory is given back
        with the last one, as it is without this call. Raises `ArgumentError` if the array
        has no DMA buffer of this session.
        """
        memory = self._memory(array)
        memory.freed = True
        while memory.areas:
            self._handle.try_call("area_clear", memory.areas.pop())

    def area(self, array: NDArray[Any], direction: str) -> Area:
        """Let the 1401 address an array of `zeros`, for commands of one's own.

        *direction* is "to host" or "to 1401". Blocks that the 1401 asks for in this area
        move until `Area.clear`, or the end of ``with``::

            samples = device.zeros(1000)
            with device.area(samples, "to host") as area:
                device.command(f"TOHOST,0,2000,0,{area.number}")
                area.wait()
        """
        directions = {"to host": _lib.TO_HOST, "to 1401": _lib.TO_1401}
        if direction not in directions:
            raise ArgumentError(f'direction "{direction}": to host or to 1401')
        memory = self._memory(array)
        if not array.flags.c_contiguous:
            raise ArgumentError("an area is contiguous")
        number = self._handle.try_call("area_set", array.ctypes.data, array.nbytes,
                                       directions[direction])
        if number == -errno.ENOSPC:
            raise MemoryLimitError("all eight areas of this session are in use", number)
        if number < 0:
            raise self._handle.error(number, "area")
        return Area(memory, number, array)

    def _memory(self, array: NDArray[Any]) -> Memory:
        memory = store_of(array)
        if not isinstance(memory, Memory) or memory.handle is not self._handle:
            raise ArgumentError("the array has no DMA buffer of this session")
        if memory.freed:
            raise ArgumentError("the array's DMA buffer was freed")
        return memory

    def read_memory(self, address: int, size: int | None = None, *,
                    out: NDArray[Any] | None = None) -> NDArray[Any]:
        """Copy a block of the 1401's user memory to the host.

        *address* and *size* are in bytes. Returns *out*, any contiguous array, which is
        filled, or a new one: uint8, shape (size,). If *out* is of `zeros`, the block moves
        there directly.
        """
        if out is None:
            if size is None:
                raise TypeError("one of size and out must be given")
            out = np.empty(size, np.uint8)
        elif size is not None and size != out.nbytes:
            raise ArgumentError(f"out has {out.nbytes} bytes, not {size}")
        if not out.flags.c_contiguous or not out.flags.writeable:
            raise ArgumentError("out must be contiguous and writable")
        _check_address(address)
        self._handle.call("read_memory", address, out.ctypes.data, out.nbytes,
                          about=f"{out.nbytes} bytes at {address}")
        return out

    def write_memory(self, address: int, data: ArrayLike) -> None:
        """Copy a block, an array's bytes, into the 1401's user memory at *address*.

        If the array is of `zeros`, the block moves directly.
        """
        _check_address(address)
        block = np.ascontiguousarray(data)
        self._handle.call("write_memory", address, block.ctypes.data, block.nbytes,
                          about=f"{block.nbytes} bytes at {address}")

    def _room(self, shape: tuple[int, int], kind: str) -> NDArray[np.int16]:
        """Where frames go that the caller has no array for."""
        size = shape[0] * shape[1] * 2
        if kind not in ("auto", "dma", "ordinary"):
            raise ArgumentError(f'memory "{kind}": auto, dma or ordinary')
        if kind == "dma":
            return self._handle.alloc(size).array(np.int16, shape)
        kept = sum(memory.cost for ref in list(self._captured) if (memory := ref()))
        if kind == "auto" and size <= AUTO_MOST and kept + size <= AUTO_TOTAL:
            try:
                memory = self._handle.alloc(size)
            except MemoryLimitError:
                pass
            else:
                self._captured.add(weakref.ref(memory, self._captured.discard))
                return memory.array(np.int16, shape)
        return np.empty(shape, np.int16)

    def _frames(self, channels: int, frames: int | None, seconds: float | None, rate: float,
                memory: str, out: NDArray[np.int16] | None) -> NDArray[np.int16]:
        """Where the frames of a capture go: shape (frames, channels)."""
        _channel.check_rate(rate)
        if out is None:
            return self._room((frame_count(frames, seconds, rate), channels), memory)
        room = check_out(out, channels)
        if frames is None and seconds is None:
            return room
        count = frame_count(frames, seconds, rate)
        if count > len(room):
            raise ArgumentError(f"out has {len(room)} frames, not {count}")
        return room[:count]

    # ---- one-shot sampling and playing

    @one_shot
    def capture(self, channels: ChannelsLike, *, rate: float, frames: int | None = None,
                seconds: float | None = None, start: str = "now",
                trigger_timeout: float | None = None, in_turn: bool = False,
                method: str = "auto", memory: str = "auto",
                out: NDArray[np.int16] | None = None,
                progress: ProgressFunction | None = None) -> Shot[Recording]:
        """Sample a number of frames, and wait for the end.

        Args:
            channels: ADC inputs, 0 to 31: numbers or `Channel` objects, one or several.
            rate: frames a second that are wanted; `Recording.rate` is what came of it.
            frames, seconds: how many, or for how long: one of the two.
            start: "now", or "trigger": at a pulse of the trigger input ...
            trigger_timeout: ... that must come within so many seconds.
            in_turn: sample the channels of a frame evenly spread over its time, not at once.
            method: "memory" (in the 1401's own, then fetched), "request" or "fifo" (as a
                stream meanwhile), or "auto": what holds the frames.
            memory: "dma": the array is a DMA buffer, or this fails; "ordinary": it is
                not; "auto": it is, if it has at most 1 MiB (the driver has little),
                and arrays that were captured so have no more than 2 MiB together.
            out: where the frames go, instead: int16, contiguous, shape (frames,
                channels), or (frames,) of one channel. By default it is filled.
            progress: called about every 100 ms with a phase ("armed", "running",
                "fetching"), frames sampled, and 0. A true result ends the capture.

        Returns:
            Recording: its ``samples`` have the shape (frames, channels), int16.

        Raises:
            MissedError, LostError, CancelledError, TimedOutError: their ``recording`` is
                what came whole before.
        """
        wanted = as_inputs(channels)
        room = self._frames(len(wanted), frames, seconds, rate, memory, out)
        side = Side(wanted, rate, room, method, in_turn=in_turn)
        begin = when(start, trigger_timeout)

        def call(go_on: Any) -> int:
            return int(_lib.lib.ced1401_capture(self._handle.pointer, side.pointer,
                                                begin(go_on)))

        def finish(code: int) -> Recording:
            recording = side.recording()
            if code < 0:
                raise side.error(self._handle, code, "capture", recording)
            return recording
        return Shot(self._handle, call, finish, progress)

    @one_shot
    def play(self, channels: ChannelsLike, samples: ArrayLike | None = None, *,
             volts: ArrayLike | None = None, units: ArrayLike | None = None, rate: float,
             repeats: int = 1, start: str = "now", trigger_timeout: float | None = None,
             method: str = "auto", progress: ProgressFunction | None = None
             ) -> Shot[Playback]:
        """Play frames, and wait for the end. The DACs hold the last one.

        Args:
            channels: DACs, 0 to 7: numbers or `Channel` objects, one or several.
            samples, volts, units: one of the three, shape (frames, channels), or
                (frames,) of one channel. Samples are whole numbers of 16 bits. Beyond
                full scale is an `ArgumentError`, and nothing is played.
            rate: frames a second that are wanted.
            repeats: how often in all. More than once needs the 1401's memory to hold it.
            start, trigger_timeout, method: as `capture`.
            progress: as `capture`, with 0 and the frames played.

        Raises:
            LostError: the DACs had to wait for data.
        """
        wanted = as_dacs(channels)
        side = Side(wanted, rate, _channel.to_samples(wanted, samples, volts, units),
                    method, repeats=repeats)
        begin = when(start, trigger_timeout)

        def call(go_on: Any) -> int:
            return int(_lib.lib.ced1401_play(self._handle.pointer, side.pointer,
                                             begin(go_on)))

        def finish(code: int) -> Playback:
            if code < 0:
                raise side.error(self._handle, code, "play", None)
            return side.playback()
        return Shot(self._handle, call, finish, progress)

    @one_shot
    def capture_play(self, channels: ChannelsLike, dacs: ChannelsLike,
                     samples: ArrayLike | None = None, *, volts: ArrayLike | None = None,
                     units: ArrayLike | None = None, rate: float,
                     dac_rate: float | None = None, frames: int | None = None,
                     seconds: float | None = None, repeats: int = 1, start: str = "now",
                     trigger_timeout: float | None = None, in_turn: bool = False,
                     method: str = "auto", memory: str = "auto",
                     out: NDArray[np.int16] | None = None,
                     progress: ProgressFunction | None = None
                     ) -> Shot[tuple[Recording, Playback]]:
        """Sample and play, begun by the same event, and wait for the end of both.

        At equal rates frame k is sampled when frame k is put out.

        Args:
            channels, frames, seconds, in_turn, memory, out: what to sample, as `capture`.
                Without *frames*, *seconds* and *out*: as many frames as are played.
            dacs, samples, volts, units, repeats: what to play, as `play`.
            rate, dac_rate: frames a second of both, and of the DACs if they differ.
            start: "now": one command starts both; "trigger": a pulse does.
            trigger_timeout, method, progress: as `capture`.
        """
        inputs, outputs = as_inputs(channels), as_dacs(dacs)
        values = _channel.to_samples(outputs, samples, volts, units)
        if frames is None and seconds is None and out is None:
            frames = len(values) * repeats
        sampled = Side(inputs, rate, self._frames(len(inputs), frames, seconds, rate,
                                                  memory, out), method, in_turn=in_turn)
        played = Side(outputs, dac_rate or rate, values, method, repeats=repeats)
        begin = when(start, trigger_timeout)

        def call(go_on: Any) -> int:
            return int(_lib.lib.ced1401_capture_play(
                self._handle.pointer, sampled.pointer, played.pointer, begin(go_on)))

        def finish(code: int) -> tuple[Recording, Playback]:
            recording = sampled.recording()
            if code < 0:
                raise sampled.error(self._handle, code, "capture and play", recording)
            return recording, played.playback()
        return Shot(self._handle, call, finish, progress)

    @one_shot
    def wait_level(self, channel: ChannelLike, sample: int | None = None, *,
                   volts: float | None = None, units: float | None = None,
                   falling: bool = False, rate: float = 10_000.0,
                   timeout: float | None = None,
                   progress: ProgressFunction | None = None) -> Shot[None]:
        """Sample until a channel crosses a level: one of *sample*, *volts* and *units*.

        It is crossed from below to it or above, or, *falling*, from above to it or below.
        Raises `TimedOutError` after *timeout* seconds. What follows comes a few ms after the
        crossing; who must not miss the moment itself reads a stream and looks for it there.
        """
        which, = as_inputs(channel)
        _channel.check_rate(rate)
        value, = _channel.to_samples([which], *(None if v is None else [v]
                                                for v in (sample, volts, units)))[0]
        begin = level(which, int(value), falling, rate, timeout)

        def call(go_on: Any) -> int:
            return int(_lib.lib.ced1401_wait_level(self._handle.pointer, begin(go_on)))

        def finish(code: int) -> None:
            if code < 0:
                raise self._handle.error(code, f"a level of {which.label}")
        return Shot(self._handle, call, finish, progress)

    # ---- streams

    def stream(self, channels: ChannelsLike, *, rate: float, start: str = "now",
               method: str = "auto", ring_frames: int = 0, wake_frames: int = 0,
               in_turn: bool = False, on_loss: str = "raise") -> InputStream:
        """Prepare to sample without end: see `InputStream`.

        Args:
            channels: ADC inputs, 0 to 31: numbers or `Channel` objects, one or several.
            rate: frames a second that are wanted; `InputStream.rate` is what comes of it.
            start: "now", or "trigger": it runs from a pulse of the trigger input on.
            method: "fifo": does not wait for this program, which loses what it is too late
                for; "request": nothing is lost between the 1401 and the ring, the 1401
                counts what it had no room for; "memory": for a 1401 without
                those; "auto": the first of the three that can be had.
            ring_frames: size of the ring, at most 4 MiB; 0: about a second's.
            wake_frames: the stream is ready when so many wait; 0: 50 ms, or an eighth of
                the ring if that is less.
            in_turn: with "memory": as `capture`.
            on_loss: "raise": iteration and `InputStream.read` raise `LostError` before they
                go on behind a loss; "report": they do not, and the pieces tell.
        """
        return InputStream(self, as_inputs(channels), rate=rate, start=start,
                           method=method, ring_frames=ring_frames, wake_frames=wake_frames,
                           in_turn=in_turn, on_loss=on_loss)

    def play_stream(self, channels: ChannelsLike, *, rate: float, start: str = "now",
                    method: str = "auto", ring_frames: int = 0,
                    wake_frames: int = 0) -> OutputStream:
        """Prepare to play without end: see `OutputStream`. Arguments as `stream`."""
        return OutputStream(self, as_dacs(channels), rate=rate, start=start,
                            method=method, ring_frames=ring_frames, wake_frames=wake_frames)


def _check_address(address: int) -> None:
    if not 0 <= address < 1 << 32:
        raise ArgumentError(f"address {address}: 0 to the 1401's memory_size()")
