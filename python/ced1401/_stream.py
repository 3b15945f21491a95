# SPDX-License-Identifier: LGPL-2.1-or-later
"""Streams: sampling and playing without end."""

from __future__ import annotations

import ctypes
import errno
import select
import warnings
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _channel, _lib
from ._channel import Channel, Clock
from ._errors import ArgumentError, ClosedError, Error, LostError, TimedOutError
from ._handle import Guard, Handle, Mapping
from ._samples import METHODS, Frames, frame_count, method_code, start_code
from ._waiting import Deadline

if TYPE_CHECKING:
    from ._device import Device

STATES = ("ready", "runs", "ending", "ended")
RING_MOST = 4 << 20     # bytes
NOTHING = (-errno.EAGAIN, -errno.EINTR, -errno.ETIMEDOUT)

Self = TypeVar("Self", bound="Stream")


@dataclass(frozen=True)
class StreamInfo:
    """How a stream stands.

    Attributes:
        state: "ready" (not started), "runs" (it may wait for the trigger), "ending"
            (stopped: what is on its way still comes), "ended".
        error: None, or how it ended.
        moved: frames that came into the ring, or were taken from it, ...
        time: ... by this moment, time.monotonic(), seconds.
        released: frames that the program has given back, lost ones included.
        lost: frames that the ring lost, in all; to the DACs: that were played
            again because the program was late.
        lost_1401: frames that the 1401 could not keep or had no data for, in all, as it
            told last: see `Stream.ask`. They are missing somewhere before *moved*, and
            not in the positions.
    """

    state: str
    error: Error | None
    moved: int
    time: float
    released: int
    lost: int
    lost_1401: int


class Piece(Frames):
    """Some frames of a stream, one behind the other.

    A piece that was read (`InputStream.read`, `copy`) is its own, for ever. One that was
    lent (by iteration, or `Stream.acquire`) is a part of the ring itself, with no copy:

    - It is **valid until the next one is asked for, or `release`**, or the stream's end by
      `Stream.close`. Then `samples` raises `ClosedError`.
    - An array that was taken from it before can still be used, and crashes nothing: it
      keeps the ring's memory. But other samples arrive there.
    - With the method "fifo" the 1401 does not wait. It overwrites what is lent for longer than
      the ring lasts; `release` tells.

    Attributes:
        position: which frame of the stream the first one is, from 0; lost ones count.
        lost: frames that were lost directly before.
        overwritten: so many frames of the piece before, its first ones, were overwritten
            while it was lent.
        time: time.monotonic(), seconds, at which ...
        time_frames: ... so many frames had been sampled in all (to the DACs: taken).
    """

    def __init__(self, channels: tuple[Channel, ...], rate: float,
                 samples: NDArray[np.int16], loan: Loan | None = None) -> None:
        self.channels = channels
        self.rate = rate
        self.position = self.lost = self.overwritten = self.time_frames = 0
        self.time = 0.0
        self._samples = samples
        self._loan = loan

    def __repr__(self) -> str:
        state = "" if self.valid else ", given back"
        return (f"<ced1401.Piece of {len(self._samples)} frames from {self.position}"
                f"{f', {self.lost} lost before' if self.lost else ''}{state}>")

    @property
    def valid(self) -> bool:
        """Whether its samples can be used."""
        return not self._loan or self._loan.stands

    @property
    def samples(self) -> NDArray[np.int16]:
        """Shape (frames, channels), int16; not writable if it comes from the 1401."""
        if not self.valid:
            raise ClosedError("the piece was given back to its stream: copy what is to stay")
        return self._samples

    def _get_samples(self) -> NDArray[np.int16]:
        return self.samples

    def times(self) -> NDArray[np.float64]:
        """When each frame is, seconds from the stream's start: float64, shape (frames,)."""
        return (self.position + np.arange(len(self._samples))) / self.rate

    def copy(self) -> Piece:
        """The same in ordinary memory, valid for ever."""
        return self._like(self.samples.copy())

    def _like(self, samples: NDArray[np.int16]) -> Piece:
        """Other samples, about which the same is to be said."""
        twin = Piece(self.channels, self.rate, samples)
        twin.position, twin.lost, twin.overwritten = self.position, self.lost, self.overwritten
        twin.time, twin.time_frames = self.time, self.time_frames
        return twin

    def release(self, frames: int | None = None) -> int:
        """Give it, or its first *frames*, back: they are read, or filled.

        Returns how many of these, the first, had been overwritten by then (to the DACs:
        were played before they were filled): 0 is well.
        """
        if not self._loan or not self._loan.stands:
            raise ClosedError("the piece is not lent")
        return self._loan.stream._give_back(self._loan.frames if frames is None else frames)


class Loan:
    """Frames that a stream has lent: shared by it and the piece, which may be forgotten."""

    def __init__(self, stream: Stream, position: int, frames: int) -> None:
        self._stream = weakref.ref(stream)
        self.position = position
        self.frames = frames

    @property
    def stands(self) -> bool:
        """Whether they were neither given back nor lent anew."""
        stream = self._stream()
        return stream is not None and stream._lent is self and not stream.closed

    @property
    def stream(self) -> Stream:
        """Who lent them."""
        stream = self._stream()
        assert stream
        return stream


class Stream:
    """What streams to and from the 1401 have in common.

    Attributes:
        channels: what a frame consists of.
        rate: frames a second, as the 1401's clock truly gives them.
        clock: of the 1401's, which gives that rate.
        method: "fifo", "request" or "memory": how frames move, once it was started.
        ring_frames: the ring's size.
        wake_frames: it is ready when so many frames wait (to the DACs: have room).
    """

    _make = ""      # the library's function
    _writable = False

    def __init__(self, device: Device, channels: tuple[Channel, ...], *, rate: float,
                 start: str, method: str, ring_frames: int, wake_frames: int,
                 in_turn: bool = False) -> None:
        most = RING_MOST // (2 * len(channels))
        if not 0 <= ring_frames <= most:
            raise ArgumentError(f"ring_frames {ring_frames}: 0 to {most}, 4 MiB")
        if not 0 <= wake_frames < 1 << 64:
            raise ArgumentError(f"wake_frames {wake_frames}: 0 to the ring's")
        if in_turn and method != "memory":
            raise ArgumentError(f'method "{method}": in_turn is done by "memory"')
        if method == "memory" and self._writable:
            raise ArgumentError('method "memory": it does not play')
        _channel.check_rate(rate)
        self.channels = channels
        self._device = device
        self._handle: Handle = device._handle
        numbers = _channel.numbers(channels)
        config = _lib.StreamConfig(
            channels=numbers, n_channels=len(channels), flags=_lib.IN_TURN if in_turn else 0,
            rate=rate, start=start_code(start), method=method_code(method),
            ring_frames=ring_frames, wake_frames=wake_frames)
        pointer = ctypes.c_void_p()
        self._handle.call(self._make, ctypes.byref(config), ctypes.byref(pointer),
                          about=f"stream at {rate:g} Hz")
        assert pointer.value
        self._pointer: int = pointer.value
        self._handle.own_stream(self._pointer)
        # Neither may hold the stream itself: it would never be collected
        self._guard = Guard("the stream", partial(self._handle.bury, self._pointer))
        self._finalizer = weakref.finalize(self, _abandon, self._handle, self._guard)
        self._finalizer.atexit = False
        self._ring: Mapping | None = None
        self._ring_address = 0      # where the library has it
        self._lent: Loan | None = None
        self._dropped = 0       # frames that were taken, and are lost before the next one
        self._started = False
        info = self._info()
        self.rate: float = info.true_rate
        self.clock = Clock.of(info.clock)
        self.method = METHODS[info.method]
        self.ring_frames = int(info.ring_frames)
        self.wake_frames = int(info.wake_frames)

    def _map_ring(self, address: int) -> Mapping:
        """The ring's memory, of which the library has lent some, for good."""
        offset = ctypes.c_size_t()
        size = self.ring_frames * len(self.channels) * 2
        with self._handle.hold():
            number = self._handle.call("buffer", address, ctypes.byref(offset))
            ring = Mapping(self._handle.call("fd"), number, size, self._writable)
        self._ring_address = address - offset.value
        return ring

    def __repr__(self) -> str:
        return (f"<ced1401.{type(self).__name__} of {len(self.channels)} channels at "
                f"{self.rate:g} Hz{', closed' if self._guard.closed else ''}>")

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    # ---- calls of the library

    def _try(self, name: str, *arguments: Any) -> int:
        function = getattr(_lib.lib, "ced1401_" + name)
        return self._handle.run(self._guard.call, function, self._pointer, *arguments)

    def _call(self, name: str, *arguments: Any) -> int:
        code = self._try(name, *arguments)
        if code < 0:
            raise self._error(code)
        return code

    def _error(self, code: int) -> Error:
        return self._handle.error(code, "stream")

    def _info(self) -> _lib.StreamInfo:
        info = _lib.StreamInfo()
        self._call("stream_get_info", ctypes.byref(info))
        return info

    @contextmanager
    def _hold(self) -> Iterator[None]:
        """For a block that must not see it end."""
        with self._handle.hold(), self._guard.hold():
            yield

    # ---- its life

    def start(self) -> None:
        """Begin, or wait for the trigger. What needs it started does this by itself."""
        code = self._try("stream_start")
        if code == -errno.EINVAL:
            raise ArgumentError('nothing to play: write first, with method "fifo" 32 KiB', code)
        if code < 0:
            raise self._error(code)
        self._started = True
        # Only now it is known: with "auto" what can be had beside others, and with what was
        # written; by "memory" how many frames the 1401 can keep
        info = self._info()
        self.method = METHODS[info.method]
        self.wake_frames = int(info.wake_frames)

    def _ensure_started(self) -> None:
        if self._started:
            return
        try:
            self.start()
        except Error as error:
            # Stopped before it began, or ended: what wants it started is told so
            if error.code != -errno.EALREADY:
                raise
            self._started = True

    def stop(self) -> None:
        """Let it come to its end.

        To the host: no more is sampled; what has been can still be had, then it ends. To
        the DACs: what the ring holds is not played. Any thread may call this.
        """
        self._call("stream_stop")

    def close(self) -> None:
        """Stop it at once; pieces that are lent are not valid any more."""
        if self._handle.mine:
            self._guard.close()
        else:       # another thread of the parent may have been inside: not to be waited for
            self._guard.closed = True
        self._finalizer.detach()

    @property
    def closed(self) -> bool:
        """Whether it, or its device, was closed."""
        return self._guard.closed or self._handle.guard.closed

    def info(self) -> StreamInfo:
        """How it stands; asks the driver, not the 1401."""
        info = self._info()
        return StreamInfo(STATES[info.state], self._error(info.error) if info.error else None,
                          int(info.moved), info.time_ns / 1e9, int(info.released),
                          int(info.lost), int(info.lost_1401))

    def ask(self) -> StreamInfo:
        """The same, after asking the 1401, by a command, how many frames it lost."""
        self._call("stream_ask")
        return self.info()

    def fileno(self) -> int:
        """A descriptor for poll, readable while the stream is ready.

        That is: `wake_frames` wait, or it has an end or an error to tell. Level-triggered;
        not to be read. Good until `close`.
        """
        return self._call("stream_fd")

    # ---- lending

    def _wait(self, deadline: Deadline) -> bool:
        """Sleep until the stream is ready; False when time is up."""
        poll = select.poll()
        poll.register(self.fileno(), select.POLLIN)
        while True:
            over = deadline.over
            if poll.poll(deadline.slice_ms):
                return True
            # Also that an end is seen which the driver told another call of: then the
            # descriptor becomes readable, too
            self._info()
            if over:
                return False

    def _try_acquire(self, frames: int = 0, ms: int = 0) -> Piece | int:
        """What there is, within *ms*; else the library's result: 0 at the end."""
        piece = _lib.Piece()
        code = self._try("stream_acquire", ctypes.byref(piece), frames, ms)
        if code <= 0:
            return code
        if not self._ring:
            self._ring = self._map_ring(piece.samples)
        samples = self._ring.array(np.int16, (code, len(self.channels)),
                                   piece.samples - self._ring_address)
        self._lent = Loan(self, piece.position, code)
        lent = Piece(self.channels, self.rate, samples, self._lent)
        lent.position, lent.lost = piece.position, piece.lost + self._dropped
        lent.time, lent.time_frames = piece.time_ns / 1e9, piece.time_frames
        return lent

    def _give_back(self, frames: int) -> int:
        if not 0 <= frames <= (self._lent.frames if self._lent else 0):
            raise ArgumentError(f"{frames} frames: so many were not lent")
        overwritten = self._call("stream_release", frames)
        self._lent = None
        if frames:
            self._dropped = 0
        return overwritten

    def _acquire(self, frames: int, timeout: float | None) -> Piece | None:
        deadline = Deadline(timeout)
        while True:
            ready = self._wait(deadline)
            piece = self._try_acquire(frames)
            if isinstance(piece, Piece):
                return piece
            if piece == 0:
                return None
            if piece not in NOTHING:
                raise self._error(piece)
            if not ready:
                raise TimedOutError("the stream has no more in time", piece)


class InputStream(Stream):
    """A stream of samples, without end; made by `Device.stream`.

    It is an iterator over the pieces of its ring, which are not copied, and valid until
    the next one::

        with device.stream([0, 1], rate=20_000) as stream:
            for piece in stream:
                print(piece.position, piece.volts().mean(axis=0))

    `read` copies. Both start the stream, and end when it has ended (`Stream.stop`). Lost
    frames are told: see *on_loss* of `Device.stream`, `Piece.lost` and `Stream.info`.

    One thread at a time should read.
    """

    _make = "stream_in"

    def __init__(self, device: Device, channels: tuple[Channel, ...], *, on_loss: str,
                 **how: Any) -> None:
        if on_loss not in ("raise", "report"):
            raise ArgumentError(f'on_loss "{on_loss}": raise or report')
        super().__init__(device, channels, **how)
        self._raises = on_loss == "raise"
        self._told = -1             # the position behind the loss that was told last
        self._told_1401 = False
        self._overwritten = 0       # of the piece before

    def acquire(self, frames: int = 0, timeout: float | None = None) -> Piece | None:
        """Borrow the oldest frames of the ring, without a copy.

        Waits until the stream is ready, or for *timeout* seconds; then it takes what there
        is, *frames* at the most. None: it has ended. Raises `TimedOutError` if there is
        nothing. Without `Piece.release` the next call lends the same frames again, and maybe
        more. It raises no `LostError`: see `Piece.lost`.
        """
        self._ensure_started()
        return self._acquire(frames, timeout)

    def __iter__(self) -> Iterator[Piece]:
        return self

    def __next__(self) -> Piece:
        self._finish_piece()
        self._ensure_started()
        piece = self._acquire(0, None)
        if piece is None:
            self._check_end()
            raise StopIteration
        return self._checked(piece)

    def _finish_piece(self) -> None:
        """The piece that iteration gave before is done with."""
        before = self._lent
        if before is None:
            return
        self._overwritten = self._give_back(before.frames)
        if self._overwritten and self._raises:
            raise self._loss(self._overwritten, before.position,
                             "were overwritten while the program used them")

    def _checked(self, piece: Piece) -> Piece:
        """The piece; or, once, `LostError` if there is a loss before it."""
        if piece.lost and self._raises and self._told != piece.position:
            self._told = piece.position
            self._lent = None       # the next call lends it again
            raise self._loss(piece.lost, piece.position - piece.lost, "were lost")
        piece.overwritten, self._overwritten = self._overwritten, 0
        return piece

    def _check_end(self) -> None:
        """At the end; or, once, `LostError` if the 1401 lost some."""
        lost = self.info().lost_1401
        if lost and self._raises and not self._told_1401:
            self._told_1401 = True
            error = LostError(f"{lost} frames are missing somewhere: the 1401 had no room "
                              "for them", _lib.E_LOST)
            error.frames = lost
            raise error

    @staticmethod
    def _loss(frames: int, position: int, what: str) -> LostError:
        error = LostError(f"{frames} frames from {position} on {what}: the program was "
                          "too slow for the rate", _lib.E_LOST)
        error.frames, error.position = frames, position
        return error

    def read(self, frames: int, timeout: float | None = None) -> Piece:
        """Copy frames out of the stream: a piece of its own.

        It has fewer than *frames* only after *timeout* seconds, before a loss, or at the
        end. At the end it has none::

            while len(piece := stream.read(1000)):
                ...
        """
        with Gather(self, frames) as gather:
            self._ensure_started()
            deadline = Deadline(timeout)
            last = False        # what was there is taken: the ring's end, then its beginning
            while not gather.full:
                over = deadline.over
                if not gather.more(deadline.slice_ms) and over or last:
                    break
                last = over
            return gather.result()


class Gather:
    """What one `InputStream.read` has so far; a context manager.

    Attributes:
        full: it has all, or nothing more is to be had.
    """

    def __init__(self, stream: InputStream, frames: int) -> None:
        frames = frame_count(frames, None, stream.rate)     # or it says what is wrong
        stream._finish_piece()
        self._stream = stream
        self._room = np.empty((frames, len(stream.channels)), np.int16)
        self._have = 0
        self._first: Piece | None = None
        self.full = False

    def __enter__(self) -> Gather:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind:
            self._stream._dropped += self._have

    def more(self, ms: int) -> bool:
        """Take what comes within *ms*; False: nothing did."""
        stream = self._stream
        piece = stream._try_acquire(len(self._room) - self._have, ms)
        if not isinstance(piece, Piece):
            if piece in NOTHING:
                return False
            if piece < 0 and not self._have:
                raise stream._error(piece)
            self.full = True        # an error is told by the next read
            if not self._have:
                stream._check_end()
            return False
        if self._first is None:
            self._first = stream._checked(piece)
        elif piece.lost:
            stream._lent = None     # behind a loss: that is for the next read
            self.full = True
            return True
        self._take(piece)
        return True

    def _take(self, piece: Piece) -> None:
        count = len(piece._samples)
        self._room[self._have:self._have + count] = piece._samples
        if self._stream._give_back(count):
            # Gone over as it was copied, who knows where: the next one tells of it
            self._stream._dropped = count + (0 if self._have else piece.lost)
            self._first, self.full = (self._first, True) if self._have else (None, False)
            return
        self._have += count
        self.full = self._have == len(self._room)

    def result(self) -> Piece:
        """A piece of what there is."""
        samples = self._room[:self._have]
        if self._first is not None:
            return self._first._like(samples)
        return Piece(self._stream.channels, self._stream.rate, samples)


class OutputStream(Stream):
    """A stream to the DACs, without end; made by `Device.play_stream`.

    ::

        with device.play_stream(0, rate=10_000) as stream:
            for block in blocks:                # int16, shape (frames, channels)
                stream.write(block)
            stream.drain()

    The ring should be filled before the start: `write` fills it, starts the stream when it is
    full, and waits for room then. `close`, and the end of ``with``, stop it at once: what
    is to be played to the end needs `drain`.

    One thread at a time should write.
    """

    _make = "stream_out"
    _writable = True

    def acquire(self, frames: int = 0, timeout: float | None = None) -> Piece | None:
        """Borrow the oldest room of the ring, to be filled, and then released.

        Waits for it as `InputStream.acquire`, if the stream is started; before, there is
        the whole ring. None: it has ended.
        """
        if self._started:
            return self._acquire(frames, timeout)
        piece = self._try_acquire(frames)
        if isinstance(piece, Piece):
            return piece
        if piece == 0:
            return None
        if piece in NOTHING:
            raise TimedOutError("the ring is full, and the stream not started", piece)
        raise self._error(piece)

    def write(self, samples: ArrayLike | None = None, *, volts: ArrayLike | None = None,
              units: ArrayLike | None = None, timeout: float | None = None) -> int:
        """Copy frames into the stream, and wait for room for all of them.

        One of the three, shape (frames, channels), or (frames,) of one channel. Returns
        how many were taken: fewer only after *timeout* seconds.
        """
        frames = _channel.to_samples(self.channels, samples, volts, units)
        deadline = Deadline(timeout)
        done = 0
        last = False            # the first time may fill the ring, and the next start it
        while done < len(frames):
            over = deadline.over
            done += (taken := self._fill(frames[done:], deadline.slice_ms))
            if not taken and over or last:
                break
            last = over
        return done

    def _fill(self, frames: NDArray[np.int16], ms: int) -> int:
        """As many of the frames as there is room for within *ms*."""
        code = self._try("stream_write", frames.ctypes.data, len(frames),
                         ms if self._started else 0)
        if code > 0:
            return code
        if code == 0:
            raise ClosedError("the stream has ended")
        if code not in NOTHING:
            raise self._error(code)
        self._ensure_started()
        return 0

    def drain(self, timeout: float | None = None) -> None:
        """Play all that was written, then end. The DACs hold the last frame.

        Raises `TimedOutError` after *timeout* seconds; it can be called again.
        """
        self._ensure_started()
        deadline = Deadline(timeout)
        while True:
            over = deadline.over
            code = self._try("stream_drain", deadline.slice_ms)
            if code >= 0:
                return
            if code not in NOTHING or over and code != -errno.EINTR:
                raise self._error(code)


def _abandon(handle: Handle, guard: Guard) -> None:
    """A stream was collected."""
    if not handle.mine:
        return
    if not guard.closed and not handle.guard.closed:
        warnings.warn("a stream was not closed", ResourceWarning, stacklevel=2)
    guard.close()
