# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a channel measures or drives, and clocks."""

from __future__ import annotations

import ctypes
import operator
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, SupportsFloat, Union

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _lib
from ._errors import ArgumentError, NoChannelError, error_of

STEPS = 32768       # of a sample, from 0 to full scale
ROUNDING = 1e-9     # what was full scale may be a little more after a computation
INPUTS = 32
DACS = 8
RATE_MOST = 1e6     # Hz


@dataclass(frozen=True)
class Channel:
    """An ADC input or a DAC, and what its volts mean.

    A sample is a signed 16-bit number. In volts it is ``sample * full_scale / 32768``,
    and in the channel's units ``volts * scale + offset``.

    Attributes:
        number: of the ADC input (0 to 31) or the DAC (0 to 7).
        name: such as "EMG left".
        unit: such as "mV".
        scale: units for each volt.
        offset: units at 0 V.
        full_scale: volts of a sample of 32768: 5, in some 1401s 10.

    >>> emg = Channel(0, name="EMG", unit="mV", scale=2.0)
    >>> emg.to_units([0, 16384, -32768])
    array([  0.,   5., -10.])
    >>> emg.from_units([5.0, -10.0])
    array([ 16384, -32768], dtype=int16)
    """

    number: int
    name: str = field(default="", kw_only=True)
    unit: str = field(default="V", kw_only=True)
    scale: float = field(default=1.0, kw_only=True)
    offset: float = field(default=0.0, kw_only=True)
    full_scale: float = field(default=5.0, kw_only=True)

    def __post_init__(self) -> None:
        if not self.scale or not np.isfinite(self.scale) or not np.isfinite(self.offset):
            raise ArgumentError(f"channel {self.number}: a scale of {self.scale}, "
                                f"an offset of {self.offset}")
        if not 0 < self.full_scale < np.inf:
            raise ArgumentError(f"channel {self.number}: a full scale of "
                                f"{self.full_scale} V")

    @property
    def label(self) -> str:
        """Its name, or its number if it has none.

        >>> Channel(3).label, Channel(3, name="breath").label
        ('channel 3', 'breath')
        """
        return self.name or f"channel {self.number}"

    def to_volts(self, samples: ArrayLike) -> NDArray[np.float64]:
        """Samples of any shape in volts: the same shape, float64."""
        result: NDArray[np.float64] = np.asarray(samples, np.float64) * self.full_scale / STEPS
        return result

    def to_units(self, samples: ArrayLike) -> NDArray[np.float64]:
        """Samples of any shape in the channel's units: the same shape, float64."""
        return self.to_volts(samples) * self.scale + self.offset

    def from_volts(self, volts: ArrayLike) -> NDArray[np.int16]:
        """The nearest samples of voltages: the same shape, int16.

        Full scale itself gives 32767. Beyond it: `ArgumentError`.

        >>> Channel(0).from_volts([-5, 0, 2.5, 5])
        array([-32768,      0,  16384,  32767], dtype=int16)
        >>> Channel(0, name="stimulus").from_volts(5.1)
        Traceback (most recent call last):
            ...
        ced1401._errors.ArgumentError: stimulus: 5.1 V is beyond full scale, 5.0 V
        """
        steps = np.asarray(volts, np.float64) / self.full_scale * STEPS
        wrong = ~(np.abs(steps) <= STEPS * (1 + ROUNDING))
        if wrong.any():
            worst = np.asarray(volts, np.float64)[wrong].flat[0]
            raise ArgumentError(f"{self.label}: {worst} V is beyond full scale, "
                                f"{self.full_scale} V")
        result: NDArray[np.int16] = \
            np.rint(np.clip(steps, -STEPS, STEPS - 1)).astype(np.int16)
        return result

    def from_units(self, values: ArrayLike) -> NDArray[np.int16]:
        """The nearest samples of values in the channel's units, as `from_volts`."""
        return self.from_volts((np.asarray(values, np.float64) - self.offset) / self.scale)


ChannelLike = Union[int, Channel]
ChannelsLike = Union[ChannelLike, Sequence[ChannelLike]]


def _as_channel(channel: ChannelLike) -> Channel:
    if isinstance(channel, Channel):
        return channel
    try:
        return Channel(operator.index(channel))
    except TypeError:
        raise TypeError(f"channel {channel!r} is neither a whole number nor a "
                        "Channel") from None


def _as_channels(channels: ChannelsLike, kind: str, kinds: str,
                 most: int) -> tuple[Channel, ...]:
    if isinstance(channels, (int, np.integer, Channel)):
        channels = [channels]
    found = tuple(map(_as_channel, channels))
    for channel in found:
        if not 0 <= channel.number < most:
            raise ArgumentError(f"{kind} {channel.number}: {kinds} are 0 to {most - 1}")
    if not 0 < len(found) <= most:
        raise ArgumentError(f"{len(found)} {kinds}: 1 to {most} can be had at once")
    return found


def as_inputs(channels: ChannelsLike) -> tuple[Channel, ...]:
    """One ADC input or several, as numbers or `Channel` objects, as a tuple of these.

    >>> as_inputs(3)[0].number, len(as_inputs([0, Channel(1)]))
    (3, 2)
    >>> as_inputs([0, 40])
    Traceback (most recent call last):
        ...
    ced1401._errors.ArgumentError: channel 40: inputs are 0 to 31
    """
    return _as_channels(channels, "channel", "inputs", INPUTS)


def as_dacs(channels: ChannelsLike) -> tuple[Channel, ...]:
    """The same for DACs."""
    return _as_channels(channels, "DAC", "DACs", DACS)


def numbers(channels: Sequence[Channel]) -> Any:
    """Their numbers as the library takes them; the array must be kept meanwhile."""
    return (ctypes.c_uint * len(channels))(*(c.number for c in channels))


def column(channels: Sequence[Channel], which: int | str) -> int:
    """The place in a frame of a channel that is given by its number or name.

    >>> column(as_inputs([5, Channel(7, name="EMG")]), "EMG")
    1
    """
    for place, channel in enumerate(channels):
        if which == (channel.name if isinstance(which, str) else channel.number):
            return place
    raise NoChannelError(f"no channel {which!r}: there are "
                         + ", ".join(c.label for c in channels))


def to_volts(channels: Sequence[Channel], samples: NDArray[np.int16]) -> NDArray[np.float64]:
    """Frames, shape (n, channels), in volts: the same shape."""
    result: NDArray[np.float64] = samples * np.array([c.full_scale for c in channels]) / STEPS
    return result


def to_units(channels: Sequence[Channel], samples: NDArray[np.int16]) -> NDArray[np.float64]:
    """Frames, shape (n, channels), each channel in its units: the same shape."""
    result: NDArray[np.float64] = (to_volts(channels, samples)
                                   * np.array([c.scale for c in channels])
                                   + np.array([c.offset for c in channels]))
    return result


def to_samples(channels: Sequence[Channel], samples: ArrayLike | None,
               volts: ArrayLike | None, units: ArrayLike | None) -> NDArray[np.int16]:
    """Frames to put out, shape (n, channels), int16 and contiguous, of one of the three.

    One dimension is taken as one value a frame (one channel only). *samples* must
    be whole numbers that fit 16 bits; if they are an int16 array of that layout, they
    are not copied.

    >>> to_samples(as_dacs([0, 1]), None, [[2.5, 0], [0, -5]], None)
    array([[ 16384,      0],
           [     0, -32768]], dtype=int16)
    """
    given = [v for v in (samples, volts, units) if v is not None]
    if len(given) != 1:
        raise TypeError("one of samples, volts and units must be given")
    frames = np.asarray(given[0])
    if frames.ndim == 1 and len(channels) == 1:
        frames = frames.reshape(-1, 1)
    if frames.ndim != 2 or frames.shape[1] != len(channels):
        raise ArgumentError(f"an array of shape {frames.shape} for {len(channels)} "
                            "channels: (frames, channels) is wanted")
    if samples is not None:
        return whole(frames)
    result = np.empty(frames.shape, np.int16)
    for place, channel in enumerate(channels):
        convert = channel.from_volts if volts is not None else channel.from_units
        result[:, place] = convert(frames[:, place])
    return result


def whole(samples: NDArray[Any]) -> NDArray[np.int16]:
    """Samples as contiguous int16, if they are whole numbers that fit.

    >>> whole(np.array([1.5]))
    Traceback (most recent call last):
        ...
    TypeError: samples are whole numbers, not float64: give volts= or units=
    """
    if samples.dtype == np.int16:
        return np.ascontiguousarray(samples)
    if samples.dtype.kind not in "iu":
        raise TypeError(f"samples are whole numbers, not {samples.dtype}: "
                        "give volts= or units=")
    if samples.size and not (samples.min() >= -STEPS and samples.max() < STEPS):
        raise ArgumentError(f"samples from {samples.min()} to {samples.max()}: "
                            "they have 16 bits")
    return np.ascontiguousarray(samples, np.int16)


@dataclass(frozen=True)
class Clock:
    """A clock of the 1401 and its divisors.

    Attributes:
        letter: "C" 1 MHz, "H" 4 MHz, "T" 10 MHz.
        pre: the first divisor, 1 to 65535.
        count: the second divisor, 1 to 65535.
        hz: ticks a second.
    """

    letter: str
    pre: int
    count: int
    hz: float

    @classmethod
    def of(cls, clock: _lib.Clock) -> Clock:
        """Of the library's structure."""
        return cls(clock.letter.decode(), clock.pre, clock.count, clock.hz)


def check_rate(rate: float) -> None:
    """Whether a rate can be one; below the slowest clock the library says so.

    >>> check_rate(0)
    Traceback (most recent call last):
        ...
    ced1401._errors.ArgumentError: rate 0 Hz: above 0, and at most 1 MHz
    """
    if not 0 < rate <= RATE_MOST:
        raise ArgumentError(f"rate {rate:g} Hz: above 0, and at most 1 MHz")


def choose_clock(hz: float) -> Clock:
    """The 1401's clock that comes nearest to a rate, ticks a second. No device is needed.

    Raises `ArgumentError` below 0.000233 Hz and above 1 MHz.

    >>> choose_clock(1000).hz
    1000.0
    >>> round(choose_clock(44100).hz, 3)
    44052.863
    """
    if not isinstance(hz, SupportsFloat):
        raise TypeError(f"a rate of {hz!r}: a number is wanted")
    clock = _lib.Clock()
    code = _lib.lib.ced1401_clock_choose(hz, ctypes.byref(clock))
    if code < 0:
        raise error_of(code, f"{hz} Hz")
    return Clock.of(clock)
