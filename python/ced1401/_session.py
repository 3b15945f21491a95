# SPDX-License-Identifier: LGPL-2.1-or-later
"""A session with a 1401: who has it, commands, single values, news."""

from __future__ import annotations

import ctypes
import enum
import errno
import os
import warnings
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import TypeVar, Union

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _channel, _lib
from ._channel import ChannelsLike, as_dacs, as_inputs
from ._errors import ArgumentError, BusyError, SelfTestError, error_of
from ._handle import Handle
from ._waiting import Deadline, in_slices, milliseconds

LINE = 4096             # characters of the longest line that is read
NUMBERS = 512           # of a reply
ALL_BITS = 0xFFFF

STATISTICS = ("interrupts", "blocks", "bytes_to_host", "bytes_to_1401", "refused",
              "resets", "characters_in", "characters_out", "storms")

Self = TypeVar("Self", bound="Session")


class Event(enum.IntFlag):
    """What befell the 1401 itself."""

    OFFLINE = 0x1   #: it was switched off or unplugged
    RESET = 0x2     #: it is back, or the PC woke: it was reset
    GONE = 0x4      #: the card is gone: nothing works any more
    REFUSED = 0x8   #: it asked for a block that no area holds


@dataclass(frozen=True)
class Info:
    """What is known of the card and the 1401 behind it without asking the 1401.

    Attributes:
        path: the device's name, as it was opened.
        number: of the card, 0 to 3.
        io: the card's first I/O port.
        irq: its interrupt line.
        dma: its DMA channel; 1 and 3 are 8-bit, 5 to 7 16-bit.
        type: 4 standard 1401, 5 micro1401, 6 1401plus, 7 Power1401.
        type_name: the same in words.
        state: in words: "idle", "off", "unplugged" ...
        mine: this session has the 1401.
        other: another session has it.
        power: it is switched on.
        cable: its cable is connected.
        left: it is free, and as a session left it: to take it resets it.
    """

    path: str
    number: int
    io: int
    irq: int
    dma: int
    type: int
    type_name: str
    state: str
    mine: bool
    other: bool
    power: bool
    cable: bool
    left: bool


class Trigger:
    """The trigger input, and the clocks that wait for it."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle

    def arm(self) -> None:
        """Count its pulses from now on. What waits for the trigger needs no arming."""
        self._handle.call("trigger_arm", about="EVENT,A")

    def disarm(self) -> None:
        """... and no longer."""
        self._handle.call("trigger_disarm", about="EVENT,K")

    def count(self) -> int | None:
        """Pulses since it was armed; None: it is not."""
        count = self._handle.try_call("trigger_count")
        if count == -errno.ENOENT:
            return None
        if count < 0:
            raise self._handle.error(count, "EVENT,?")
        return count

    def fire(self) -> None:
        """A pulse, by command."""
        self._handle.call("trigger_fire", about="EVENT,F")

    def clocks_waiting(self) -> int:
        """How many commands of the 1401 wait for the trigger."""
        return self._handle.call("clocks_waiting", about="CLKEVT,?")

    def start_clocks(self) -> None:
        """Start all that wait, at one moment; this is no pulse."""
        self._handle.call("clocks_start", about="CLKEVT,F")


class Session:
    """The part of `Device` that needs no arrays of its own."""

    def __init__(self, device: Union[int, str, os.PathLike[str]] = 0, *,
                 read_only: bool = False, wait: bool = True, timeout: float = 5.0) -> None:
        pointer = ctypes.c_void_p()
        timeout_ms = milliseconds(timeout)
        flags = (_lib.READ_ONLY if read_only else 0) | (0 if wait else _lib.NONBLOCK)
        if isinstance(device, (int, np.integer)):
            self.path = "/dev/ced1401" + (f"_{device}" if device else "")
            if not 0 <= device < 1 << 31:
                raise ArgumentError(f"card {device}: they are 0 to 3")
            code = _lib.lib.ced1401_open(int(device), flags, ctypes.byref(pointer))
        else:
            self.path = os.fspath(device)
            code = _lib.lib.ced1401_open_path(os.fsencode(self.path), flags,
                                              ctypes.byref(pointer))
        if code < 0 or not pointer.value:
            raise error_of(code, self.path)
        self._handle = Handle(pointer.value, self.path)
        self._finalizer = weakref.finalize(self, _abandon, self._handle)
        self._finalizer.atexit = False
        self.waits = wait
        self._handle.call("set_timeout", timeout_ms)

    def __repr__(self) -> str:
        return f"<ced1401.Device {self.path}{', closed' if self.closed else ''}>"

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._handle.guard.closed

    def close(self) -> None:
        """End the session: the 1401 is reset, if this session has it.

        Streams end. One-shot calls of other threads are cancelled. Arrays stay: their
        memory goes back to the driver with the last one.
        """
        self._handle.close()
        self._finalizer.detach()

    def fileno(self) -> int:
        """The device's own descriptor, for poll: readable when characters wait."""
        return self._handle.call("fd")

    def set_timeout(self, timeout: float) -> None:
        """From now on the 1401 may take so many seconds to answer a command."""
        self._handle.call("set_timeout", milliseconds(timeout))

    # ---- the 1401 as a whole

    def claim(self, timeout: float | None = None) -> None:
        """Have the 1401 for this session alone; `BusyError` after *timeout* seconds.

        Each call that needs it does this by itself. If another session had it before,
        it has been reset.
        """
        deadline = Deadline(timeout)
        while True:
            over = deadline.over
            code = self._handle.try_call("claim", deadline.slice_ms)
            if code >= 0:
                return
            error = self._handle.error(code)
            if not isinstance(error, BusyError) or not self.waits or over:
                raise error

    def release(self) -> None:
        """Give the 1401 up as it is: outputs, and what runs in it, go on.

        Streams and areas of this session are stopped.
        """
        self._handle.call("release")

    def reset(self) -> None:
        """Reset the 1401: DACs at 0 V, digital outputs low, nothing runs.

        Streams and areas of this session are stopped.
        """
        self._handle.call("reset", about="reset")

    def self_test(self, timeout: float = 30.0) -> None:
        """Reset the 1401, have it test itself, and wait for the end.

        Raises `SelfTestError` if the test fails, `TimedOutError` after *timeout* seconds.
        """
        result = _lib.SelfTest()
        code = -errno.EINTR
        while code == -errno.EINTR:     # a signal came, and Python has seen to it
            code = self._handle.try_call("self_test", milliseconds(timeout),
                                         ctypes.byref(result))
        if code < 0:
            error = self._handle.error(code, "self-test")
            if isinstance(error, SelfTestError):
                error.test_code, error.x, error.y = result.code, result.x, result.y
                error.args = (f"{error} (code {result.code}, {result.x}, {result.y})",)
            raise error

    def info(self) -> Info:
        """The card and the 1401 behind it; the 1401 need not be free."""
        info = _lib.Info()
        self._handle.call("get_info", ctypes.byref(info))
        return Info(os.fsdecode(info.path), info.number, info.io, info.irq, info.dma,
                    info.type, info.type_name.decode(), info.state.decode(),
                    *(bool(info.link & bit) for bit in (_lib.LINK_MINE, _lib.LINK_OTHER,
                                                        _lib.LINK_POWER, _lib.LINK_CABLE,
                                                        _lib.LINK_LEFT)))

    def statistics(self) -> dict[str, int]:
        """The driver's counters since the card was found, by name."""
        value, result = ctypes.c_uint64(), {}
        for name in STATISTICS:
            self._handle.call("statistic", name.encode(), ctypes.byref(value), about=name)
            result[name] = value.value
        return result

    def memory_size(self) -> int:
        """The 1401's user memory, bytes."""
        size = ctypes.c_uint32()
        self._handle.call("memory_size", ctypes.byref(size), about="MEMTOP")
        return size.value

    def commands(self) -> dict[str, tuple[int, int]]:
        """The commands that the 1401 knows: name, and version (major, minor)."""
        room = 64
        while True:
            names = (_lib.CommandName * room)()
            count = self._handle.call("commands", names, room, about="CLIST")
            if count <= room:
                return {n.name.decode(): (n.major, n.minor) for n in names[:count]}
            room = count

    def has_command(self, name: str) -> bool:
        """Whether the 1401 knows a command ("ADCMEM")."""
        return bool(self._handle.call("has_command", name.encode(), about=name))

    # ---- commands

    def command(self, text: str) -> None:
        """Have the 1401 do something that has no reply.

        *text* is a command, or several with ";" between them, of at most 255 characters.
        Raises `CommandError` with the 1401's own error. A command that runs on (ADCMEM)
        has only begun when this returns.
        """
        self._handle.call("command", b"%s", _text(text), about=text)

    def query(self, text: str) -> list[int]:
        """Have the 1401 do something that has a reply, and return the reply's numbers."""
        values = (ctypes.c_long * NUMBERS)()
        count = self._handle.call("query", values, NUMBERS, b"%s", _text(text), about=text)
        return values[:min(count, NUMBERS)]

    def query_line(self, text: str) -> str:
        """The same, with the reply as it is, a line."""
        line = ctypes.create_string_buffer(LINE)
        self._handle.call("query_line", line, LINE, b"%s", _text(text), about=text)
        return line.value.decode("latin-1")

    def send(self, text: str) -> None:
        """Send a command, and nothing else: see `read_line` and `locked`.

        For replies of several lines, or that come much later. The caller reads them, and
        asks for ERR if he wants to know.
        """
        self._handle.call("send", b"%s", _text(text), about=text)

    def read_line(self, timeout: float | None = 5.0) -> str:
        """Receive one line, without its CR; `TimedOutError` after *timeout* seconds."""
        line = ctypes.create_string_buffer(LINE)

        def look(ms: int) -> int:
            return self._handle.try_call("read_line", line, LINE, ms)
        in_slices(self._handle, look, timeout, "a line")
        return line.value.decode("latin-1")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other threads' commands out, for calls that belong together.

        ::

            with device.locked():
                device.send("CLIST")
                while (line := device.read_line()) != " ":
                    print(line)

        One-shot calls work inside, as all others do, and then run in this thread: their
        progress function must not use the device, and of the signals whose handler raises
        only SIGINT (Ctrl-C) ends them. Other threads' calls wait meanwhile; so a stream
        that another thread reads, writes or closes is to be closed outside.
        """
        with self._handle.locked():
            yield

    def sync(self) -> None:
        """Get back in step with the 1401: forget all lines on their way, and its error."""
        self._handle.call("sync")

    # ---- single values

    def adc(self, channels: ChannelsLike) -> NDArray[np.int16]:
        """Sample once, all channels in one scan: int16, shape (channels,)."""
        wanted = as_inputs(channels)
        samples = np.empty(len(wanted), np.int16)
        self._handle.call("adc", _channel.numbers(wanted), len(wanted),
                          samples.ctypes.data, about="ADC")
        return samples

    def adc_volts(self, channels: ChannelsLike) -> NDArray[np.float64]:
        """The same in volts: float64, shape (channels,)."""
        wanted = as_inputs(channels)
        result: NDArray[np.float64] = _channel.to_volts(wanted, self.adc(wanted)[None])[0]
        return result

    def adc_units(self, channels: ChannelsLike) -> NDArray[np.float64]:
        """The same in each channel's units: float64, shape (channels,)."""
        wanted = as_inputs(channels)
        result: NDArray[np.float64] = _channel.to_units(wanted, self.adc(wanted)[None])[0]
        return result

    def dac(self, channels: ChannelsLike, samples: ArrayLike | None = None, *,
            volts: ArrayLike | None = None, units: ArrayLike | None = None) -> None:
        """Set DACs (0 to 7), all by one command.

        One of *samples* (whole numbers of 16 bits), *volts* and *units* gives the values:
        one, or as many as channels. Beyond full scale is an `ArgumentError`, and nothing
        is set.
        """
        wanted = as_dacs(channels)
        values = _channel.to_samples(wanted, *(
            None if v is None else np.atleast_1d(np.asarray(v)).reshape(1, -1)
            for v in (samples, volts, units)))
        self._handle.call("dac", _channel.numbers(wanted), len(wanted),
                          values.ctypes.data, about="DAC")

    def digital_in(self) -> int:
        """The digital inputs: bit k is input k."""
        bits = ctypes.c_uint16()
        self._handle.call("digital_in", ctypes.byref(bits), about="DIG,I")
        return bits.value

    def digital_out(self, bits: int, mask: int = ALL_BITS) -> None:
        """Set the digital outputs: bit k is output k.

        *mask* names the outputs to change. Unless it is 0xffff, each that it names is
        changed by a command of its own, from bit 0 on.
        """
        for value in (bits, mask):
            if not 0 <= value <= ALL_BITS:
                raise ArgumentError(f"{value:#x} is not of 16 bits")
        self._handle.call("digital_out", bits, mask, about="DIG,O")

    @property
    def trigger(self) -> Trigger:
        """The trigger input."""
        return Trigger(self._handle)

    # ---- news of the 1401

    def wait_event(self, timeout: float | None = None) -> Event:
        """Sleep until something befalls the 1401 itself; Event(0) after *timeout* seconds."""
        deadline = Deadline(timeout)
        while True:
            over = deadline.over
            event = self.look_for_event(deadline.slice_ms)
            if event or over:
                return event

    def look_for_event(self, ms: int = 0) -> Event:
        """What befell the 1401 since the last call, or befalls it within *ms* milliseconds.

        Event(0): nothing. `event_fileno` is readable when there is something.
        """
        return Event(self._handle.look_for_events(ms))

    def event_fileno(self) -> int:
        """A descriptor that is readable when `look_for_event` has something to tell."""
        return self._handle.call("event_fd")


def _abandon(handle: Handle) -> None:
    """A device was collected."""
    if handle.mine and not handle.guard.closed:
        warnings.warn(f"{handle.what} was not closed", ResourceWarning, stacklevel=2)
    handle.close()


def _text(text: str) -> bytes:
    if "\0" in text:
        raise ArgumentError("a command with a NUL")
    if not text.isascii():
        raise ArgumentError(f"command {text!r}: the 1401 knows ASCII alone")
    return text.encode("ascii")
