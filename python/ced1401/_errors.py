# SPDX-License-Identifier: LGPL-2.1-or-later
"""What can go wrong, as exceptions.

All of them are an `Error`; Python's own are left to Python: a `TypeError` for an argument
that is missing or of another type, a `MemoryError` where ordinary memory is short, a
`RuntimeError` for two tasks of asyncio that wait for the same.

Those that come from the system are an `OSError` too, with its ``errno``, and, where Python has
one, also of Python's own class: a time-out is a `TimeoutError`, a device that is not there a
`FileNotFoundError`::

    Error
     +-- DeviceError (OSError)           errno
     |    +-- NoDeviceError (FileNotFoundError)
     |    +-- AccessError (PermissionError)
     |    +-- BusyError                  another program has the 1401
     |    +-- OfflineError               off, unplugged, or the card is gone
     |    +-- TimedOutError (TimeoutError)
     |    +-- MemoryLimitError (MemoryError)
     |    +-- StoppedError               the 1401 was reset or given up meanwhile
     |    +-- CancelledError             by a progress function
     |    +-- ReplyError                 the 1401's reply makes no sense
     +-- ArgumentError (ValueError)      a rate, a range, a size
     |    +-- NoChannelError (KeyError)  no such channel was sampled
     +-- CommandError                    the 1401's own errors
     |    +-- UnknownCommandError        it has no such command
     +-- LostError                       frames were lost
     |    +-- MissedError                the converter was too slow
     +-- CapacityError                   the 1401's memory is too small
     +-- BlockError                      a block broke off
     +-- WaitsError                      a full ring keeps the 1401 from replying
     +-- SelfTestError
     +-- ClosedError (ValueError)        a device, stream or piece that is no more
     +-- ForkedError                     this process only inherited the device
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from . import _lib

if TYPE_CHECKING:
    from ._samples import Recording


class Error(Exception):
    """Base of all exceptions of this package.

    Attributes:
        code: the library's result, negative; 0 if the library had no part in it.
        errno: the system's error number, or None.
        error_1401: the 1401's own error, 1 to 255, as its command ERR told, or None.
        detail: the second number of ERR's reply, or None.
        recording: what had been sampled by then, if something was; else None.
    """

    code: int = 0
    errno: int | None = None
    error_1401: int | None = None
    detail: int | None = None
    recording: Recording | None = None

    def __init__(self, message: str, code: int = 0) -> None:
        super().__init__(message)
        self.code = code

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class DeviceError(Error, OSError):  # type: ignore[misc]  # errno may be None in Error
    """An error of the system or the driver; ``errno`` and ``strerror`` say which."""

    def __init__(self, message: str, code: int = 0) -> None:
        super().__init__(message, code)
        self.errno = -code
        self.strerror = message


class NoDeviceError(DeviceError, FileNotFoundError):  # type: ignore[misc]
    """There is no such device: the module is not loaded, or found no card."""


class AccessError(DeviceError, PermissionError):  # type: ignore[misc]
    """This user is not in the device's group, or the device was opened to read only."""


class BusyError(DeviceError):
    """Another program (or another `Device` of this one) has the 1401."""


class OfflineError(DeviceError):
    """The 1401 is switched off or unplugged, or the card is gone."""


class TimedOutError(DeviceError, TimeoutError):  # type: ignore[misc]
    """The 1401 did not answer, or something did not happen, in time."""


class MemoryLimitError(DeviceError, MemoryError):  # type: ignore[misc]
    """No DMA memory of that size: over a limit of the driver, or too scattered."""


class StoppedError(DeviceError):
    """The 1401 was reset, or given up, while something was under way."""


class CancelledError(DeviceError):
    """A progress function said so."""


class ReplyError(DeviceError):
    """The 1401's reply is not what was expected."""


class ArgumentError(Error, ValueError):
    """An argument is out of range; also a voltage beyond full scale."""

    def __init__(self, message: str, code: int = 0) -> None:
        super().__init__(message, code)
        self.errno = -code or None


class NoChannelError(ArgumentError, KeyError):
    """There is no channel of that name or number in the frames."""


class CommandError(Error):
    """The 1401's own error: ``error_1401``, 1 to 255, and ``detail``."""


class UnknownCommandError(CommandError):
    """The 1401 has no such command, or not the one that this takes: 255."""


class LostError(Error):
    """Frames were lost between the 1401 and this program.

    Attributes:
        frames: how many, as far as it is known; else 0.
        position: which frame of the stream the first lost one is, from 0; of a
            one-shot call how many came whole before the loss.
    """

    frames: int = 0
    position: int = 0


class MissedError(LostError):
    """The converter was busy at some ticks: the rate is too high."""


class CapacityError(Error):
    """It does not fit into the 1401's memory."""


class BlockError(Error):
    """A block of data broke off: the 1401 or the driver ended it early."""


class WaitsError(Error):
    """The 1401 does not reply while a stream by "request" waits for this program.

    The stream's ring is full, or, to the DACs, empty: read, or write, and it goes on.
    """


class SelfTestError(Error):
    """The self-test failed.

    Attributes:
        test_code: the 1401's code, see its manual.
        x, y: explain it.
    """

    test_code: int = 0
    x: int = 0
    y: int = 0


class ClosedError(Error, ValueError):
    """The device or the stream is closed, or the piece was given back."""


class ForkedError(Error):
    """The device belongs to the process that opened it, of which this is a child.

    The arrays can still be read and written; see "Processes" in docs/python.md.
    """


_BY_ERRNO: dict[int, type[Error]] = {
    errno.ENOENT: NoDeviceError,
    errno.ENOTTY: NoDeviceError,
    errno.EACCES: AccessError,
    errno.EBUSY: BusyError,
    errno.ENODEV: OfflineError,
    errno.ETIMEDOUT: TimedOutError,
    errno.EAGAIN: TimedOutError,
    errno.ENOMEM: MemoryLimitError,
    errno.EDQUOT: MemoryLimitError,
    errno.ENOSPC: MemoryLimitError,
    errno.ESHUTDOWN: StoppedError,
    errno.ECANCELED: CancelledError,
    errno.EBADMSG: ReplyError,
    errno.EINVAL: ArgumentError,
    errno.ERANGE: ArgumentError,
    errno.EMSGSIZE: ArgumentError,
}

_BY_CODE: dict[int, type[Error]] = {
    _lib.E_MISSED: MissedError,
    _lib.E_LOST: LostError,
    _lib.E_1401_FULL: CapacityError,
    _lib.E_SELFTEST: SelfTestError,
    _lib.E_BLOCK: BlockError,
    _lib.E_FIFO: BlockError,
    _lib.E_WAITS: WaitsError,
}


def error_1401(code: int) -> int | None:
    """The 1401's own error number that a result stands for, or None.

    >>> error_1401(-1401255), error_1401(-16), error_1401(-1402001)
    (255, None, None)
    """
    number = _lib.E_1401 - code
    return number if 0 < number < 256 else None


def error_of(code: int, about: str = "") -> Error:
    """The exception for a negative result of the library, not raised yet.

    *about* says what was being done, and stands before the library's own sentence.

    >>> error_of(-16, "DAC,0 5")
    BusyError('DAC,0 5: another program has the 1401')
    >>> error_of(-1401005).error_1401
    5
    """
    text = _lib.lib.ced1401_strerror(code).decode()
    message = f"{about}: {text}" if about else text
    number = error_1401(code)
    if number is not None:
        error: Error = (UnknownCommandError if number == 255 else CommandError)(message, code)
        error.error_1401 = number
        return error
    kind = _BY_CODE[code] if code in _BY_CODE else _BY_ERRNO.get(-code, DeviceError)
    return kind(message, code)
