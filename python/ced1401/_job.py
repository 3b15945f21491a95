# SPDX-License-Identifier: LGPL-2.1-or-later
"""Calls of the library that last: in a thread of their own, and with an end to them.

The library samples and plays in the thread that calls it. A Ctrl-C could not reach
Python there, nor an event loop go on. So such a call gets a thread, and the caller waits
for what that tells. Only who is inside `Device.locked` calls the library himself: no other
thread could talk to the 1401.
"""

from __future__ import annotations

import queue
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Optional

from . import _lib
from ._handle import Handle, called_by_library

# phase ("armed", "running", "fetching"), frames in, frames out: true ends it
ProgressFunction = Callable[[str, int, int], Optional[bool]]

PHASES = ("armed", "running", "fetching")


class Job:
    """A call that asks its progress function whether to go on.

    *call* is given a pointer to such a function, and returns the library's result.
    *progress* is called by the one who waits, with what the library told last.

    Either `run` it; or `start` it with a function that is called, by its thread, when it has
    said something, and `hear` what.

    Attributes:
        ended: its result, or exception, was heard.
    """

    def __init__(self, handle: Handle, call: Callable[[Any], int],
                 progress: ProgressFunction | None = None) -> None:
        self._handle = handle
        self._call = call
        self._progress = progress
        self.ended = False
        self._cancelled = False
        # What the thread says: (phase, frames, frames), then its result
        self._told: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._on_told: Callable[[], object] = _nothing

    def cancel(self) -> None:
        """End it soon, with -ECANCELED."""
        self._cancelled = True

    def run(self) -> int:
        """The call's result. An exception meanwhile, Ctrl-C's say, ends it first."""
        if self._handle.is_locked:
            return self._run_here()
        thread = self.start()
        try:
            while (result := self.hear()) is None:
                pass
            return result
        finally:
            self.cancel()
            thread.join()
            self._handle.reap()

    def _run_here(self) -> int:
        """`run` in this thread."""
        trouble: list[BaseException] = []

        def go_on(_user: Any, phase: int, frames_in: int, frames_out: int) -> int:
            # ctypes prints what a callback raises, and drops it
            try:
                with called_by_library():
                    interrupts.serve()
                    if self._progress and \
                            self._progress(PHASES[phase], frames_in, frames_out):
                        self.cancel()
            except BaseException as error:
                trouble.append(error)
            return int(self._cancelled or bool(trouble) or self._handle.guard.closed)

        interrupts = _Interrupts()
        try:
            with interrupts.kept():
                result = self._handle.run(self._call, _lib.Progress(go_on))
            if trouble:
                raise trouble[0]
            return result
        finally:
            trouble.clear()     # its traceback has this frame
            self._handle.reap()

    def start(self, on_told: Callable[[], object] | None = None) -> threading.Thread:
        """Begin."""
        self._on_told = on_told or _nothing
        thread = threading.Thread(target=self._main, name="ced1401", daemon=True)
        thread.start()
        return thread

    def hear(self, wait: bool = True) -> int | None:
        """The call's result, or None: it goes on. Raises queue.Empty unless it may *wait*."""
        told = self._told.get(wait)
        self.ended = not isinstance(told, tuple)
        if isinstance(told, BaseException):
            raise told
        if isinstance(told, int):
            return told
        if self._progress and not self._cancelled and \
                self._progress(PHASES[told[0]], told[1], told[2]):
            self.cancel()
        return None

    def _say(self, what: Any) -> None:
        self._told.put(what)
        self._on_told()

    def _main(self) -> None:
        function = _lib.Progress(self._go_on)
        try:
            self._say(self._handle.run(self._call, function))
        except BaseException as error:      # of the guard, or a bug: the caller's
            self._say(error)

    def _go_on(self, _user: Any, phase: int, frames_in: int, frames_out: int) -> int:
        with called_by_library():
            if self._progress:
                self._say((phase, frames_in, frames_out))
            return int(self._cancelled or self._handle.guard.closed)


class _Interrupts:
    """SIGINT while the library calls Python.

    Python would run its handler as a callback begins, before the first line: nothing
    there could catch a KeyboardInterrupt. So it is kept until `serve`, or the end.
    """

    def __init__(self) -> None:
        self._handler: Any = None
        self._kept: list[tuple[int, Any]] = []

    @contextmanager
    def kept(self) -> Iterator[None]:
        """For the call."""
        before = signal.getsignal(signal.SIGINT)
        # Only in the main thread do handlers run
        if threading.current_thread() is threading.main_thread() and callable(before):
            self._handler = before
            try:
                signal.signal(signal.SIGINT, self._keep)
                yield
            finally:
                if signal.getsignal(signal.SIGINT) == self._keep:   # and not another by now
                    signal.signal(signal.SIGINT, before)
                self.serve()
        else:
            yield

    def _keep(self, number: int, frame: Any) -> None:
        self._kept.append((number, frame))

    def serve(self) -> None:
        """Run the handler for each that came; it may raise."""
        while self._kept:
            self._handler(*self._kept.pop(0))


def _nothing() -> None:
    pass
