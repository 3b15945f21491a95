# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whose turn it is to end things: handles, threads, the collector, and forks.

The library wants two things of its callers that a Python program cannot promise: no
handle is used while another thread closes it, and nothing touches memory that was given
back. Here both are made so:

- A call of the library is made inside a `Guard`, which close() waits for.
- DMA memory is a `Store`, which every array over it keeps, and which is given back when
  the last array is gone: also long after the device was closed.
- What the garbage collector finds is given back where it may be (`Handle.bury`): not while
  ced1401_close() runs, not inside a function that the library itself calls. The collector
  runs in any thread, at any place, also a signal handler does: so no lock but the
  guard's is held meanwhile, for which no other call waits.
- A child process that was forked inherits the memory and may use it. All else belongs to
  its parent: in the child nothing here calls the library.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _lib
from ._errors import ClosedError, Error, ForkedError, error_1401, error_of

BUFFER_LEAST = 16384    # bytes that the driver's smallest buffer costs
BUFFER_SHIFT = 24       # CED1401_BUF_SHIFT: mmap's offset is the buffer's number << 24
MAP_FAILED = ctypes.c_void_p(-1).value

# Not Python's mmap, which keeps a descriptor: the session would not end with close()
_libc = ctypes.CDLL(None, use_errno=True)
_libc.mmap.restype = ctypes.c_void_p
_libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int,
                       ctypes.c_int, ctypes.c_long]
_libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]



class _Called(threading.local):
    depth = 0           # of this thread in functions that the library calls


class _Inside(threading.local):
    locked = False      # this thread has the library's lock: `Handle.locked`


_called = _Called()


@contextmanager
def called_by_library() -> Iterator[None]:
    """For callbacks: the library must not be called for this device inside."""
    _called.depth += 1
    try:
        yield
    finally:
        _called.depth -= 1


class Guard:
    """Lets calls pass until it is closed; who closes it waits for those of other threads.

    *what* is for the message of `ClosedError`; *end* is called once, when nobody is inside
    any more and nobody can come in.

    Each thread has a lock of its own, so that threads do not wait for each other, and a
    real one: Python enters "with lock" without a gap for KeyboardInterrupt, which a count
    would not survive. A thread that closes what it is itself inside of (a signal
    handler, a progress function) cannot wait: then its own way out ends it.
    """

    def __init__(self, what: str, end: Callable[[], None]) -> None:
        self.closed = False
        self.ended = False
        # The process and thread that closed it from inside, and is to end it
        self._left_to: tuple[int, int] | None = None
        self._what = what
        self._end = end
        self._ending = threading.RLock()
        self._locks: dict[int, Any] = {}

    def _lock(self) -> Any:
        me = threading.get_ident()
        return self._locks.get(me) or self._locks.setdefault(me, threading.RLock())

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """What function(*arguments) returns; `ClosedError` once it is closed."""
        lock = self._lock()
        try:
            with lock:
                self.check()
                return function(*arguments)
        finally:
            self._finish()

    @contextmanager
    def hold(self) -> Iterator[None]:
        """The same for a block of Python."""
        lock = self._lock()
        try:
            with lock:
                self.check()
                yield
        finally:
            self._finish()

    def _finish(self) -> None:
        """On the way out: end it, if that was left to this thread."""
        if self._left_to and self._left_to == _me() and not self._lock()._is_owned():
            self._left_to = None
            self.close()

    def check(self) -> None:
        """Raise `ClosedError` once it is closed."""
        if self.closed:
            raise ClosedError(f"{self._what} is closed")

    def close(self) -> None:
        """Let nobody in any more, and end it, or have it ended, when all are out."""
        self.closed = True
        if self._lock()._is_owned():
            self._left_to = _me()
            return
        with self._ending:
            for lock in list(self._locks.values()):
                with lock:
                    pass
            if not self.ended:
                self.ended = True
                self._end()


def _me() -> tuple[int, int]:
    return os.getpid(), threading.get_ident()


class Store:
    """DMA memory for arrays to stand on.

    NumPy keeps it as the base of the array over it, and that as the base of every view. So
    its memory goes when it is collected, and not before. Not at the interpreter's
    end, when arrays may still be used: then the kernel takes it.
    """

    def __init__(self, address: int, size: int, writable: bool) -> None:
        self.address = address
        self.size = size
        self.__array_interface__ = {"data": (address, not writable), "shape": (size,),
                                    "typestr": "|u1", "version": 3}

    def array(self, dtype: Any, shape: tuple[int, ...], offset: int = 0) -> NDArray[Any]:
        """An array over part of it, from byte *offset* on."""
        kind = np.dtype(dtype)
        size = kind.itemsize * int(np.prod(shape, dtype=np.int64))
        part = np.asarray(self)[offset:offset + size]
        return part.view(kind).reshape(shape)


class Memory(Store):
    """Memory of ced1401_alloc(), given back when it is collected."""

    def __init__(self, handle: Handle, address: int, size: int) -> None:
        super().__init__(address, size, True)
        self.handle = handle
        self.freed = False
        self.areas: set[int] = set()
        weakref.finalize(self, handle.bury, address, self.areas).atexit = False

    @property
    def cost(self) -> int:
        """What the driver's allocator spends on it, bytes."""
        return max(1 << (self.size - 1).bit_length(), BUFFER_LEAST)


class Mapping(Store):
    """The memory of one of the driver's buffers, mapped once more.

    For a stream's ring, which the library unmaps when it closes the stream: the driver
    keeps the memory until the last mapping of it is gone.
    """

    def __init__(self, fd: int, number: int, size: int, writable: bool) -> None:
        protection = mmap.PROT_READ | (mmap.PROT_WRITE if writable else 0)
        address = _libc.mmap(None, size, protection, mmap.MAP_SHARED, fd,
                             number << BUFFER_SHIFT)
        if address == MAP_FAILED:
            raise error_of(-ctypes.get_errno(), "the stream's ring")
        super().__init__(address, size, writable)
        weakref.finalize(self, _libc.munmap, address, size).atexit = False


def store_of(array: NDArray[Any]) -> Store | None:
    """The DMA memory that an array is a view of, or None: it has other memory."""
    base: Any = array
    while isinstance(base, np.ndarray):
        base = base.base
    return base if isinstance(base, Store) else None


class Handle:
    """The library's handle of a session."""

    def __init__(self, pointer: int, what: str) -> None:
        self.pointer = pointer
        self.what = what
        self.guard = Guard(what, self._close)
        self._pid = os.getpid()
        self.events: deque[int] = deque()
        self._callback: Any = None
        self._streams: set[int] = set()
        self._dead: deque[tuple[int, set[int] | None]] = deque()
        self._inside = _Inside()

    @property
    def mine(self) -> bool:
        """Whether this process opened it, and no parent of it."""
        return os.getpid() == self._pid

    def try_call(self, name: str, *arguments: Any) -> int:
        """The result of the library's function ced1401_*name*, for this session."""
        return self.run(getattr(_lib.lib, "ced1401_" + name), self.pointer, *arguments)

    def call(self, name: str, *arguments: Any, about: str = "") -> int:
        """The same, if it is not negative; else the exception for it."""
        code = self.try_call(name, *arguments)
        if code < 0:
            raise self.error(code, about)
        return code

    @contextmanager
    def hold(self) -> Iterator[None]:
        """For a block that must not see the session end."""
        self._check_mine()
        with self.guard.hold():
            yield

    @property
    def is_locked(self) -> bool:
        """Whether this thread is inside `locked`."""
        return self._inside.locked

    @contextmanager
    def locked(self) -> Iterator[None]:
        """For a block that no other thread's command may come into."""
        with self.hold():
            if self._inside.locked:
                yield
                return
            try:
                # Before the lock, and that inside the try: Ctrl-C while it is waited for
                # raises as soon as it is had. An unlock too many is refused.
                self._inside.locked = True
                _lib.lib.ced1401_lock(self.pointer)
                yield
            finally:
                self._inside.locked = False
                if self.mine:
                    _lib.lib.ced1401_unlock(self.pointer)

    def _check_mine(self) -> None:
        if not self.mine:
            raise ForkedError(f"{self.what} was opened by process {self._pid}, "
                              "from which this one was forked: open one of its own")

    def run(self, function: Callable[..., Any], *arguments: Any) -> int:
        """Any function, guarded."""
        self._check_mine()
        try:
            result: int = self.guard.call(function, *arguments)
        except ctypes.ArgumentError as error:
            raise TypeError(str(error)) from None
        return result

    def error(self, code: int, about: str = "") -> Error:
        """The exception for a negative result, with what the 1401 said of it."""
        error = error_of(code, about or self.what)
        number = error_1401(code)
        if number is None:
            return error
        text, detail = ctypes.create_string_buffer(512), ctypes.c_long()
        try:
            told = self.try_call("error_text", text, len(text), ctypes.byref(detail))
        except Error:           # closed meanwhile
            return error
        if told == number:      # and not that of another thread's call
            error.args = (f"{self.what}: {text.value.decode(errors='replace')}",)
            error.detail = detail.value
        return error

    def look_for_events(self, ms: int) -> int:
        """ced1401_process(): what befell the 1401, 0 for nothing."""
        if not self._callback:
            # One for good: another thread may be about to be called by it
            self._callback = _lib.EventCallback(_note_in(self.events))
            self.run(_lib.lib.ced1401_set_event_callback, self.pointer, self._callback, None)
        code = self.try_call("process", ms)
        found = 0
        while self.events:
            found |= self.events.popleft()
        if code < 0 and code != -errno.EINTR and not found:
            raise self.error(code)
        return found

    def alloc(self, size: int) -> Memory:
        """DMA memory, zeroed; `MemoryLimitError` and others."""
        def allocate() -> int:
            ctypes.set_errno(0)
            address = _lib.lib.ced1401_alloc(self.pointer, size)
            return address or -ctypes.get_errno()
        self.reap()
        result = self.run(allocate)
        if result < 0:
            raise self.error(result, f"{size} bytes of DMA memory")
        return Memory(self, result, size)

    def own_stream(self, stream: int) -> None:
        """A stream was opened: it is to be closed before the session, or with it."""
        self._streams.add(stream)

    def bury(self, address: int, areas: set[int] | None = None) -> None:
        """Give memory and its *areas*, or a stream (None), back: now or soon, any thread."""
        if self.mine:
            self._dead.append((address, areas))
            self.reap()

    def reap(self) -> None:
        """Give back what could not be before."""
        while self.mine and not _called.depth:
            try:
                address, areas = self._dead.popleft()
            except IndexError:
                return
            if areas is None:
                self._close_stream(address)
            else:
                self._free(address, areas)

    def _close_stream(self, address: int) -> None:
        try:
            self._streams.remove(address)       # one thread does it
            self.guard.call(_lib.lib.ced1401_stream_close, address)
        except (KeyError, ClosedError):
            pass        # ced1401_close() did it, or does

    def _free(self, address: int, areas: set[int]) -> None:
        try:
            for number in areas:
                self.guard.call(_lib.lib.ced1401_area_clear, self.pointer, number)
        except ClosedError:
            pass
        # The handle is good for this during ced1401_close() and after it, as long as it
        # has this memory; for nothing else
        _lib.lib.ced1401_free(self.pointer, address)

    def close(self) -> None:
        """End the session; memory that arrays stand on stays."""
        if self.mine:
            self.guard.close()
        else:
            self.guard.closed = True

    def _close(self) -> None:
        self._streams.clear()
        _lib.lib.ced1401_close(self.pointer)
        self.reap()


def _note_in(events: deque[int]) -> Callable[[Any, Any, int], None]:
    def note(_user: Any, _device: Any, what: int) -> None:
        with called_by_library():
            events.append(what)
    return note
