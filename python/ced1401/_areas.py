# SPDX-License-Identifier: LGPL-2.1-or-later
"""DMA memory that the 1401 may address."""

from __future__ import annotations

import ctypes
from typing import Any

from numpy.typing import NDArray

from ._handle import Memory, store_of
from ._waiting import in_slices


class Area:
    """DMA memory that the 1401 may address, until `clear`; a context manager.

    Attributes:
        number: the area's, 0 to 7: the last argument of the 1401's TOHOST and TO1401.
        array: the memory.
    """

    def __init__(self, memory: Memory, number: int, array: NDArray[Any]) -> None:
        self._memory = memory
        self._handle = memory.handle
        self.number = number
        self.array = array
        memory.areas.add(number)

    def wait(self, size: int | None = None, timeout: float | None = None) -> float:
        """Sleep until *size* bytes have moved in all; by default as many as it has.

        Returns the time.monotonic() at which they had, in seconds. Raises
        `TimedOutError` after *timeout* seconds, `BlockError` if a block broke off.
        """
        when = ctypes.c_uint64()
        due = self.array.nbytes if size is None else size

        def look(ms: int) -> int:
            return self._handle.try_call("area_wait", self.number, due, ms,
                                         ctypes.byref(when))
        in_slices(self._handle, look, timeout, f"area {self.number}")
        return when.value / 1e9

    def clear(self) -> None:
        """The 1401 may no longer address it: not a byte of it changes any more."""
        if self.number in self._memory.areas:
            self._memory.areas.discard(self.number)
            self._handle.call("area_clear", self.number, about=f"area {self.number}")

    def __enter__(self) -> Area:
        return self

    def __exit__(self, *_: object) -> None:
        if not self._handle.guard.closed:
            self.clear()


def is_dma(array: NDArray[Any]) -> bool:
    """Whether the array's memory is a DMA buffer, or a stream's ring, of a 1401's.

    Such memory is scarce: copy what is to be kept. Some system calls cannot take it
    (O_DIRECT, and files on 9p): copy what is to be written there, too.
    """
    return store_of(array) is not None
