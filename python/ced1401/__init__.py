# SPDX-License-Identifier: LGPL-2.1-or-later
"""The CED 1401 laboratory interface for Python, on the library libced1401.

::

    import ced1401

    with ced1401.Device() as device:
        recording = device.capture([0, 1], rate=10_000, seconds=2)
        print(recording.rate, recording.volts().mean(axis=0))

        with device.stream(0, rate=20_000) as stream:
            for piece in stream:
                print(piece.position, piece.volts().std())

Samples are NumPy arrays, int16, of shape (frames, channels), and their memory is the DMA
buffer itself, where it can be. Volts and units are float64. Rates are in Hz, frames a
second; times and time-outs in seconds. The module `ced1401.aio` has the same for asyncio.

docs/python.md is a guide.
"""

from ._areas import Area, is_dma
from ._channel import Channel, ChannelLike, ChannelsLike, Clock, choose_clock
from ._config import Channels, parse_channel, read_channels
from ._device import Device
from ._errors import (AccessError, ArgumentError, BlockError, BusyError, CancelledError,
                      CapacityError, ClosedError, CommandError, DeviceError, Error,
                      ForkedError, LostError, MemoryLimitError, MissedError,
                      NoChannelError, NoDeviceError, OfflineError, ReplyError, SelfTestError,
                      StoppedError, TimedOutError, UnknownCommandError, WaitsError)
from ._job import ProgressFunction
from ._samples import Frames, Playback, Recording
from ._session import Event, Info, Trigger
from ._stream import InputStream, OutputStream, Piece, Stream, StreamInfo
from ._version import __version__

__all__ = [
    "AccessError", "Area", "ArgumentError", "BlockError", "BusyError", "CancelledError",
    "CapacityError", "Channel", "ChannelLike", "Channels", "ChannelsLike", "Clock",
    "ClosedError", "CommandError", "Device", "DeviceError", "Error", "Event", "ForkedError",
    "Frames", "Info", "InputStream", "LostError", "MemoryLimitError", "MissedError",
    "NoChannelError", "NoDeviceError", "OfflineError", "OutputStream", "Piece", "Playback",
    "ProgressFunction", "Recording", "ReplyError", "SelfTestError", "StoppedError", "Stream",
    "StreamInfo", "TimedOutError", "Trigger", "UnknownCommandError", "WaitsError",
    "__version__", "choose_clock", "is_dma", "parse_channel", "read_channels",
]
