# SPDX-License-Identifier: LGPL-2.1-or-later
"""libced1401 by ctypes: its structures, its functions, and which library it is.

ctypes and not a compiled extension: the package is then the same on every machine,
32-bit ones included, and needs no compiler. The price, that nobody compares this file
with libced1401.h while it is built, is paid by tests/python/host/test_layout.py, which does.
"""

from __future__ import annotations

import ctypes
import os
from ctypes import (CFUNCTYPE, POINTER, Structure, c_char, c_char_p, c_double, c_int,
                    c_int16, c_long, c_size_t, c_uint, c_uint16, c_uint32, c_uint64,
                    c_void_p)
from typing import Any

from ._version import __version__

SONAME = "libced1401.so.1"

# Flags of ced1401_open()
READ_ONLY = 0x1
NONBLOCK = 0x2

# ced1401_info.link
LINK_MINE = 0x1
LINK_OTHER = 0x2
LINK_POWER = 0x4
LINK_CABLE = 0x8
LINK_LEFT = 0x10

# Directions of an area
TO_HOST = 0x1
TO_1401 = 0x2

# ced1401_when.start, ced1401_stream_config.start
NOW = 0
ON_TRIGGER = 1

# How samples move
AUTO = 0
MEMORY = 1
FIFO = 2
REQUEST = 3

# Flags of ced1401_signal and ced1401_stream_config
IN_TURN = 0x1

# ced1401_stream_info.state
STREAM_READY = 0
STREAM_RUNS = 1
STREAM_ENDING = 2
STREAM_ENDED = 3

# Codes that are not errnos
E_1401 = -1401000       # minus the 1401's own error, 1 to 255
E_MISSED = -1402001
E_LOST = -1402002
E_1401_FULL = -1402003
E_SELFTEST = -1402004
E_BLOCK = -1402005
E_FIFO = -1402006
E_WAITS = -1402007


class SelfTest(Structure):
    """struct ced1401_selftest"""

    _fields_ = [("code", c_int), ("x", c_int), ("y", c_int)]


class Info(Structure):
    """struct ced1401_info"""

    _fields_ = [("path", c_char * 64), ("number", c_uint), ("io", c_uint), ("irq", c_int),
                ("dma", c_int), ("type", c_int), ("type_name", c_char_p),
                ("state", c_char * 32), ("link", c_uint), ("reserved", c_uint * 8)]


class CommandName(Structure):
    """struct ced1401_command_name"""

    _fields_ = [("name", c_char * 16), ("major", c_uint), ("minor", c_uint)]


class Clock(Structure):
    """struct ced1401_clock"""

    _fields_ = [("letter", c_char), ("pre", c_uint), ("count", c_uint), ("hz", c_double)]


class Signal(Structure):
    """struct ced1401_signal"""

    _fields_ = [("channels", POINTER(c_uint)), ("n_channels", c_uint), ("flags", c_uint),
                ("rate", c_double), ("frames", c_uint64), ("samples", c_void_p),
                ("repeats", c_uint64), ("method", c_int), ("clock", Clock),
                ("true_rate", c_double), ("done", c_uint64), ("lost", c_uint64),
                ("reserved", c_uint64 * 4)]


# ced1401_progress: user, phase, frames in, frames out
Progress = CFUNCTYPE(c_int, c_void_p, c_int, c_uint64, c_uint64)


class When(Structure):
    """struct ced1401_when"""

    _fields_ = [("start", c_int), ("trigger_ms", c_int), ("progress", Progress),
                ("user", c_void_p), ("reserved", c_uint64 * 4)]


class Level(Structure):
    """struct ced1401_level"""

    _fields_ = [("channel", c_uint), ("level", c_int16), ("falling", c_int),
                ("rate", c_double), ("timeout_ms", c_int), ("progress", Progress),
                ("user", c_void_p), ("reserved", c_uint64 * 4)]


class StreamConfig(Structure):
    """struct ced1401_stream_config"""

    _fields_ = [("channels", POINTER(c_uint)), ("n_channels", c_uint), ("flags", c_uint),
                ("rate", c_double), ("start", c_int), ("method", c_int),
                ("ring_frames", c_uint64), ("wake_frames", c_uint64),
                ("reserved", c_uint64 * 4)]


class Piece(Structure):
    """struct ced1401_piece"""

    _fields_ = [("samples", c_void_p), ("frames", c_size_t), ("position", c_uint64),
                ("lost", c_uint64), ("time_frames", c_uint64), ("time_ns", c_uint64)]


class StreamInfo(Structure):
    """struct ced1401_stream_info"""

    _fields_ = [("state", c_int), ("error", c_int), ("method", c_int), ("to_1401", c_int),
                ("n_channels", c_uint), ("clock", Clock), ("true_rate", c_double),
                ("ring_frames", c_uint64), ("wake_frames", c_uint64), ("moved", c_uint64),
                ("time_ns", c_uint64), ("released", c_uint64), ("lost", c_uint64),
                ("lost_1401", c_uint64), ("reserved", c_uint64 * 4)]


class Channel(Structure):
    """struct ced1401_channel"""

    _fields_ = [("name", c_char * 64), ("unit", c_char * 32), ("scale", c_double),
                ("offset", c_double), ("full_scale", c_double), ("reserved", c_uint64 * 2)]


# ced1401_event_callback: user, device, events
EventCallback = CFUNCTYPE(None, c_void_p, c_void_p, c_uint)

_Device = c_void_p
_Stream = c_void_p

# Name: result, arguments. The library's variable ones follow the format, which is
# always "%s": so a "%" in a command is nothing special.
PROTOTYPES: dict[str, tuple[Any, ...]] = {
    "strerror": (c_char_p, c_int),
    "version": (c_char_p,),
    "open": (c_int, c_uint, c_uint, POINTER(_Device)),
    "open_path": (c_int, c_char_p, c_uint, POINTER(_Device)),
    "close": (None, _Device),
    "claim": (c_int, _Device, c_int),
    "release": (c_int, _Device),
    "reset": (c_int, _Device),
    "self_test": (c_int, _Device, c_int, POINTER(SelfTest)),
    "get_info": (c_int, _Device, POINTER(Info)),
    "statistic": (c_int, _Device, c_char_p, POINTER(c_uint64)),
    "memory_size": (c_int, _Device, POINTER(c_uint32)),
    "commands": (c_int, _Device, POINTER(CommandName), c_uint),
    "has_command": (c_int, _Device, c_char_p),
    "alloc": (c_void_p, _Device, c_size_t),
    "free": (c_int, _Device, c_void_p),
    "buffer": (c_int, _Device, c_void_p, POINTER(c_size_t)),
    "read_memory": (c_int, _Device, c_uint32, c_void_p, c_size_t),
    "write_memory": (c_int, _Device, c_uint32, c_void_p, c_size_t),
    "area_set": (c_int, _Device, c_void_p, c_size_t, c_uint),
    "area_wait": (c_int, _Device, c_int, c_uint64, c_int, POINTER(c_uint64)),
    "area_clear": (c_int, _Device, c_int),
    "set_timeout": (c_int, _Device, c_int),
    "lock": (None, _Device),
    "unlock": (None, _Device),
    "command": (c_int, _Device, c_char_p),
    "query_line": (c_int, _Device, c_char_p, c_size_t, c_char_p),
    "query": (c_int, _Device, POINTER(c_long), c_uint, c_char_p),
    "send": (c_int, _Device, c_char_p),
    "read_line": (c_int, _Device, c_char_p, c_size_t, c_int),
    "sync": (c_int, _Device),
    "error_text": (c_int, _Device, c_char_p, c_size_t, POINTER(c_long)),
    "adc": (c_int, _Device, POINTER(c_uint), c_uint, c_void_p),
    "dac": (c_int, _Device, POINTER(c_uint), c_uint, c_void_p),
    "digital_in": (c_int, _Device, POINTER(c_uint16)),
    "digital_out": (c_int, _Device, c_uint16, c_uint16),
    "trigger_arm": (c_int, _Device),
    "trigger_disarm": (c_int, _Device),
    "trigger_count": (c_int, _Device),
    "trigger_fire": (c_int, _Device),
    "clocks_waiting": (c_int, _Device),
    "clocks_start": (c_int, _Device),
    "clock_choose": (c_int, c_double, POINTER(Clock)),
    "capture": (c_int, _Device, POINTER(Signal), POINTER(When)),
    "play": (c_int, _Device, POINTER(Signal), POINTER(When)),
    "capture_play": (c_int, _Device, POINTER(Signal), POINTER(Signal), POINTER(When)),
    "wait_level": (c_int, _Device, POINTER(Level)),
    "stream_in": (c_int, _Device, POINTER(StreamConfig), POINTER(_Stream)),
    "stream_out": (c_int, _Device, POINTER(StreamConfig), POINTER(_Stream)),
    "stream_start": (c_int, _Stream),
    "stream_acquire": (c_int, _Stream, POINTER(Piece), c_size_t, c_int),
    "stream_release": (c_int, _Stream, c_size_t),
    "stream_write": (c_int, _Stream, c_void_p, c_size_t, c_int),
    "stream_stop": (c_int, _Stream),
    "stream_drain": (c_int, _Stream, c_int),
    "stream_get_info": (c_int, _Stream, POINTER(StreamInfo)),
    "stream_ask": (c_int, _Stream),
    "stream_close": (None, _Stream),
    "stream_fd": (c_int, _Stream),
    "set_event_callback": (None, _Device, EventCallback, c_void_p),
    "event_fd": (c_int, _Device),
    "process": (c_int, _Device, c_int),
    "fd": (c_int, _Device),
    "frames_to_units": (None, POINTER(Channel), c_uint, c_void_p, c_size_t, c_void_p),
    "from_units": (c_int, POINTER(Channel), c_double, POINTER(c_int16)),
}


def compatible(library: str, package: str) -> bool:
    """Whether a library of one version serves a package of another.

    While the first number is 0, the second one counts as the first will.

    >>> compatible("0.9.4", "0.9.0"), compatible("0.10.0", "0.9.0")
    (True, False)
    >>> compatible("1.5.0", "1.2.3"), compatible("1.1.0", "1.2.0")
    (True, False)
    """
    has = [int(n) for n in library.split(".")[:2]]
    wants = [int(n) for n in package.split(".")[:2]]
    return has == wants if wants[0] == 0 else has[0] == wants[0] and has[1] >= wants[1]


class Library:
    """The library's functions that are declared above, and no others: ctypes would call
    any name, with an int for each pointer."""

    def __init__(self, library: ctypes.CDLL) -> None:
        for short, (result, *arguments) in PROTOTYPES.items():
            name = "ced1401_" + short
            function = getattr(library, name)
            function.restype = result
            function.argtypes = arguments
            setattr(self, name, function)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"{name} is not declared in {__name__}")


def load(path: str | None = None) -> Library:
    """The library.

    *path* is its file; by default ``$CED1401_LIBRARY``, else the system's. Raises
    ImportError if there is none, or one of a version that does not fit.
    """
    name = path or os.environ.get("CED1401_LIBRARY") or SONAME
    try:
        library = ctypes.CDLL(name, use_errno=True)
        version = library.ced1401_version
    except (OSError, AttributeError) as error:
        raise ImportError(
            f"ced1401 needs the library libced1401, and could not load it: {error}. "
            "Install it, or name its file in the environment variable CED1401_LIBRARY.",
            name="ced1401", path=name) from error
    version.restype = c_char_p
    found = version().decode()
    if not compatible(found, __version__):
        raise ImportError(f"this is ced1401 {__version__} for Python, and {name} is "
                          f"libced1401 {found}: install the one that fits the other",
                          name="ced1401", path=name)
    return Library(library)


lib = load()
