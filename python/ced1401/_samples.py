# SPDX-License-Identifier: LGPL-2.1-or-later
"""Frames of samples, with what is known of them."""

from __future__ import annotations

import operator
import sys
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _channel, _lib
from ._channel import Channel, Clock
from ._errors import ArgumentError

METHODS = {_lib.MEMORY: "memory", _lib.FIFO: "fifo", _lib.REQUEST: "request"}
FRAMES_MOST = sys.maxsize // 64     # 32 channels of 2 bytes: what an array can count


class Frames:
    """Frames: one sample of each channel, again and again.

    Attributes:
        channels: what the columns are.
        rate: frames a second, as the 1401's clock truly gives them.
    """

    channels: tuple[Channel, ...]
    rate: float

    def _get_samples(self) -> NDArray[np.int16]:
        raise NotImplementedError

    def __len__(self) -> int:
        """How many frames."""
        return len(self._get_samples())

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """The samples, as np.asarray() wants them."""
        samples = self._get_samples()
        if dtype is not None and np.dtype(dtype) != samples.dtype:
            return samples.astype(dtype)
        return samples.copy() if copy else samples

    def column(self, channel: int | str) -> NDArray[np.int16]:
        """The samples of one channel, by its number or name: a view, shape (frames,)."""
        return self._get_samples()[:, _channel.column(self.channels, channel)]

    def volts(self, channel: int | str | None = None) -> NDArray[np.float64]:
        """Volts, float64: shape (frames, channels), or of one channel (frames,).

        *channel* is the number or the name of one. The array is a new one.
        """
        if channel is None:
            return _channel.to_volts(self.channels, self._get_samples())
        which = self.channels[_channel.column(self.channels, channel)]
        return which.to_volts(self.column(channel))

    def units(self, channel: int | str | None = None) -> NDArray[np.float64]:
        """The same in each channel's own units (`Channel.unit`)."""
        if channel is None:
            return _channel.to_units(self.channels, self._get_samples())
        which = self.channels[_channel.column(self.channels, channel)]
        return which.to_units(self.column(channel))


@dataclass(eq=False)
class Recording(Frames):
    """What was sampled.

    Attributes:
        samples: shape (frames, channels), int16: the DMA buffer itself, if it was
            sampled into one (`ced1401.is_dma` tells).
        channels: what the columns are.
        rate: frames a second, as the 1401's clock truly gives them.
        clock: of the 1401's, which gives that rate.
        method: "memory", "fifo" or "request": how the samples came.
        lost: how many frames were lost behind the last one of *samples*.

    >>> from ced1401 import Channel, choose_clock
    >>> samples = np.array([[0], [16384]], np.int16)
    >>> r = Recording(samples, (Channel(0),), 1000.0, choose_clock(1000))
    >>> r.volts(), r.times()
    (array([[0. ],
           [2.5]]), array([0.   , 0.001]))
    """

    samples: NDArray[np.int16] = field(repr=False)
    channels: tuple[Channel, ...]
    rate: float
    clock: Clock
    method: str = "memory"
    lost: int = 0

    def _get_samples(self) -> NDArray[np.int16]:
        return self.samples

    def times(self) -> NDArray[np.float64]:
        """When each frame was taken, seconds from the first: float64, shape (frames,)."""
        return np.arange(len(self)) / self.rate

    def copy(self) -> Recording:
        """The same in ordinary memory, so that the DMA buffer can be given back."""
        return Recording(self.samples.copy(), self.channels, self.rate, self.clock,
                         self.method, self.lost)


@dataclass(frozen=True)
class Playback:
    """How something was played.

    Attributes:
        frames: how many were played, repeats included.
        channels: the DACs.
        rate: frames a second, as the 1401's clock truly gives them.
        clock: of the 1401's, which gives that rate.
        method: "memory", "fifo" or "request": how the samples went.
    """

    frames: int
    channels: tuple[Channel, ...]
    rate: float
    clock: Clock
    method: str


def method_code(method: str) -> int:
    """The library's number of "auto", "memory", "fifo" or "request"."""
    for code, name in METHODS.items():
        if name == method:
            return code
    if method != "auto":
        raise ArgumentError(f'method "{method}": auto, memory, fifo or request')
    return _lib.AUTO


def start_code(start: str) -> int:
    """The library's number of "now" or "trigger"."""
    codes = {"now": _lib.NOW, "trigger": _lib.ON_TRIGGER}
    if start not in codes:
        raise ArgumentError(f'start "{start}": now or trigger')
    return codes[start]


def frame_count(frames: int | None, seconds: float | None, rate: float) -> int:
    """How many frames, given as such or in seconds; *rate* is one.

    >>> frame_count(None, 0.25, 1000.0)
    250
    >>> frame_count(None, 0, 1000.0)
    Traceback (most recent call last):
        ...
    ced1401._errors.ArgumentError: seconds 0: 0 frames at 1000 Hz
    """
    if (frames is None) == (seconds is None):
        raise TypeError("one of frames and seconds must be given")
    if frames is None:
        assert seconds is not None
        wanted = seconds * rate
        if not 0.5 < wanted <= FRAMES_MOST:
            raise ArgumentError(f"seconds {seconds}: {wanted:g} frames at {rate:g} Hz")
        frames = round(wanted)
    try:
        count = operator.index(frames)
    except TypeError:
        raise TypeError(f"frames {frames!r}: a whole number is wanted") from None
    if not 1 <= count <= FRAMES_MOST:
        raise ArgumentError(f"frames {frames}: at least 1, at most {FRAMES_MOST}")
    return count
