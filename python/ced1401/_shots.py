# SPDX-License-Identifier: LGPL-2.1-or-later
"""One-shot calls: how a method of `Device` becomes a call that can be awaited, too."""

from __future__ import annotations

import ctypes
import errno
import functools
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

from . import _channel, _lib
from ._channel import Channel, Clock
from ._errors import ArgumentError, Error, LostError
from ._handle import Handle
from ._job import Job, ProgressFunction
from ._samples import METHODS, Playback, Recording, method_code, start_code
from ._waiting import milliseconds

if TYPE_CHECKING:
    from ._device import Device

P = ParamSpec("P")
T = TypeVar("T")


class Shot(Generic[T]):
    """A call that is ready.

    Attributes:
        job: it.
        finish: makes the method's result of the job's, or raises the exception for it.
    """

    def __init__(self, handle: Handle, call: Callable[[Any], int],
                 finish: Callable[[int], T], progress: ProgressFunction | None) -> None:
        self.job = Job(handle, call, progress)
        self.finish = finish


def one_shot(prepare: Callable[Concatenate[Device, P], Shot[T]]
             ) -> Callable[Concatenate[Device, P], T]:
    """A method that runs the `Shot` that *prepare* makes; aio awaits it instead."""
    @functools.wraps(prepare)
    def method(device: Device, /, *args: P.args, **kwargs: P.kwargs) -> T:
        shot = prepare(device, *args, **kwargs)
        return shot.finish(shot.job.run())

    # For help(): the signature is that of the method, not of what prepares it
    signature = inspect.signature(prepare)
    result = str(signature.return_annotation).removeprefix("Shot[").removesuffix("]")
    vars(method).update(prepare=prepare,
                        __signature__=signature.replace(return_annotation=result))
    return method


class Side:
    """The library's structure for what is sampled, or played, and what it points to."""

    def __init__(self, channels: tuple[Channel, ...], rate: float,
                 frames: NDArray[np.int16], method: str, *, in_turn: bool = False,
                 repeats: int = 1) -> None:
        if not 0 < repeats < 1 << 32:
            raise ArgumentError(f"repeats {repeats}: at least 1, below 2**32")
        if not len(frames):
            raise ArgumentError("an array of no frames")
        _channel.check_rate(rate)
        self._channels = channels
        self._frames = frames
        self._numbers = _channel.numbers(channels)
        self.signal = _lib.Signal(
            channels=self._numbers, n_channels=len(channels),
            flags=_lib.IN_TURN if in_turn else 0, rate=rate, frames=len(frames),
            samples=frames.ctypes.data, repeats=repeats, method=method_code(method))
        self.pointer = ctypes.pointer(self.signal)

    def recording(self) -> Recording:
        """The frames that came whole."""
        s = self.signal
        return Recording(self._frames[:s.done], self._channels, s.true_rate,
                         Clock.of(s.clock), METHODS.get(s.method, ""), s.lost)

    def playback(self) -> Playback:
        """How it was played."""
        s = self.signal
        return Playback(s.done, self._channels, s.true_rate, Clock.of(s.clock),
                        METHODS.get(s.method, ""))

    def error(self, handle: Handle, code: int, about: str,
              recording: Recording | None) -> Error:
        """The exception for a result of a call with this side."""
        if code == -errno.ERANGE:
            about += f" of {len(self._channels)} channels at {self.signal.rate:g} Hz"
        error = handle.error(code, about)
        error.recording = recording
        if isinstance(error, LostError):
            error.frames, error.position = self.signal.lost, self.signal.done
        return error


def trigger_ms(timeout: float | None) -> int:
    """A time-out for a trigger or level as the library takes it there: 0 is for ever."""
    return 0 if timeout is None else max(1, milliseconds(timeout))


def when(start: str, timeout: float | None) -> Callable[[Any], Any]:
    """What makes the library's structure for when to begin, of a progress function."""
    begin, ms = start_code(start), trigger_ms(timeout)

    def make(progress: Any) -> Any:
        return ctypes.byref(_lib.When(start=begin, trigger_ms=ms, progress=progress))
    return make


def level(channel: Channel, value: int, falling: bool, rate: float,
          timeout: float | None) -> Callable[[Any], Any]:
    """The same for a level."""
    def make(progress: Any) -> Any:
        return ctypes.byref(_lib.Level(
            channel=channel.number, level=value, falling=int(falling), rate=rate,
            timeout_ms=trigger_ms(timeout), progress=progress))
    return make


def check_out(out: NDArray[Any], channels: int) -> NDArray[np.int16]:
    """A caller's array for frames of so many channels, as shape (frames, channels)."""
    if not out.flags.c_contiguous or not out.flags.writeable:
        raise ArgumentError("out must be contiguous and writable")
    fits = out.ndim == 2 and out.shape[1] == channels or out.ndim == 1 and channels == 1
    if out.dtype != np.int16 or not fits:
        raise ArgumentError(f"out is {out.dtype} of shape {out.shape}: int16 of shape "
                            f"(frames, {channels}) is wanted")
    result: NDArray[np.int16] = out.reshape(-1, channels)
    return result
