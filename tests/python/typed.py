# SPDX-License-Identifier: GPL-2.0-or-later
"""What a type checker makes of calls; never run, mypy reads it."""
from typing import assert_type

import ced1401
import numpy as np
from ced1401 import aio
from numpy.typing import NDArray

with ced1401.Device(0, wait=False) as device:
    assert_type(device, ced1401.Device)
    recording = device.capture([0, ced1401.Channel(1)], rate=1e4, frames=10)
    assert_type(recording, ced1401.Recording)
    assert_type(recording.samples, NDArray[np.int16])
    assert_type(recording.volts(), NDArray[np.float64])
    both = device.capture_play(0, 0, np.zeros(10, np.int16), rate=1e4)
    assert_type(both, tuple[ced1401.Recording, ced1401.Playback])
    assert_type(device.query("ERR"), list[int])
    told: ced1401.ProgressFunction = lambda phase, sampled, played: sampled > 5
    device.play(0, volts=[0.0], rate=1e4, progress=told)
    device.capture(0, frames=10)                # type: ignore[call-arg]
    device.capture(0, rate="fast", frames=10)   # type: ignore[arg-type]
    with device.stream(0, rate=1e4) as stream:
        assert_type(stream, ced1401.InputStream)
        for piece in stream:
            assert_type(piece, ced1401.Piece)


async def main() -> None:
    """The same for asyncio."""
    async with aio.Device() as device:
        assert_type(await device.query("ERR"), list[int])
        assert_type(await device.capture(0, rate=1e4, frames=1), ced1401.Recording)
        await device.capture(0, rate="fast", frames=10)     # type: ignore[arg-type]
        assert_type(await device.read_line(), str)
        assert_type(await device.wait_event(timeout=1.0), ced1401.Event)
        assert_type(await device.trigger.count(), int | None)
        assert_type(device.statistics(), dict[str, int])
        with device.area(device.zeros(10), "to host") as area:
            assert_type(await area.wait(5, timeout=1), float)
        async with device.stream(0, rate=1e4) as stream:
            assert_type(stream, aio.InputStream)
            async for piece in stream:
                assert_type(piece, ced1401.Piece)
            assert_type(await stream.read(5), ced1401.Piece)
