# SPDX-License-Identifier: LGPL-2.1-or-later
"""Time-outs: waits in slices, so that Ctrl-C and close() need not wait as long."""

from __future__ import annotations

import errno
import math
import time
from collections.abc import Callable

from ._errors import ArgumentError, TimedOutError, WaitsError
from ._handle import Handle

SLICE = 0.1     # seconds
NOT_YET = TimedOutError, WaitsError     # the 1401 may still answer


def milliseconds(seconds: float | None) -> int:
    """A time-out as the library takes it: rounded up, at most 24 days.

    >>> milliseconds(None), milliseconds(0), milliseconds(0.0001), milliseconds(2.5)
    (-1, 0, 1, 2500)
    """
    if seconds is None:
        return -1
    if not seconds >= 0:
        raise ArgumentError(f"a time-out of {seconds} s")
    return math.ceil(min(seconds * 1000, 2**31 - 1))


class Deadline:
    """When a time-out is over; None: never."""

    def __init__(self, timeout: float | None) -> None:
        if timeout is not None and not timeout >= 0:
            raise ArgumentError(f"a time-out of {timeout} s")
        self._end = None if timeout is None else time.monotonic() + timeout

    @property
    def over(self) -> bool:
        """Whether it has come."""
        return self._end is not None and time.monotonic() >= self._end

    @property
    def left(self) -> float | None:
        """Seconds until then, at least 0; None: for ever."""
        return None if self._end is None else max(self._end - time.monotonic(), 0)

    @property
    def slice_ms(self) -> int:
        """How long to wait now, ms."""
        left = self.left
        return milliseconds(SLICE if left is None else min(left, SLICE))


def in_slices(handle: Handle, look: Callable[[int], int], timeout: float | None,
              about: str) -> int:
    """look(ms) again and again, until its result is no time-out, or time is up."""
    deadline = Deadline(timeout)
    while True:
        over = deadline.over
        code = look(deadline.slice_ms)
        if code >= 0:
            return code
        if code == -errno.EINTR:    # a signal came, and Python has seen to it
            continue
        error = handle.error(code, about)
        if not isinstance(error, NOT_YET) or over:
            raise error
