# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests in the guest sampled and played, against files that are not theirs:

    compare.py dacs DACS.wav KEPT.npz...    the file of the virtual card's DACs
    compare.py voice VOICE.wav KEPT.npz     the recording that its ADC heard
    compare.py picture KEPT.npz FILE.png    ... is drawn by the example, and looked at
"""
import os
import runpy
import sys
import wave
from unittest import mock

import ced1401
import numpy as np

EXAMPLE = os.path.join(os.path.dirname(os.path.realpath(__file__)),
                       "../../python/examples/spectrum.py")


def samples(name):
    """A WAV file's samples, shape (frames, channels)."""
    with wave.open(name) as file:
        assert file.getsampwidth() == 2
        data = file.readframes(file.getnframes())
        return np.frombuffer(data, "<i2").reshape(-1, file.getnchannels())


def dacs(name, *kept):
    """Part behind part, each by the DACs that it has, the first ones. By request a block is
    played whole: the last frame of a part may be there more than once."""
    got, at = samples(name), 0
    parts = [part for file in kept for part in np.load(file).values()]
    for number, part in enumerate(parts):
        here = got[at:at + len(part), :part.shape[1]]
        assert np.array_equal(here, part), f"part {number}, which begins at frame {at}"
        at += len(part)
        while at < len(got) and np.array_equal(got[at, :part.shape[1]], part[-1]) and not (
                number + 1 < len(parts) and np.array_equal(
                    got[at:at + 2, :parts[number + 1].shape[1]], parts[number + 1][:2])):
            at += 1
    assert at == len(got), f"{len(got) - at} frames more than were played"
    print(f"{at} frames")


def voice(name, kept):
    """All of the recording that was asked for; it begins with the file's first frame."""
    got = np.load(kept)["samples"]
    assert len(got) and np.array_equal(got, samples(name)[:len(got)])


def picture(kept, name):
    """The example, with what it sampled in the guest: it draws two curves and a mark."""
    from matplotlib import colors, image
    got = np.load(kept)

    def capture(channel, **_):
        return ced1401.Recording(got["samples"], (channel,), float(got["rate"]), None)
    device = mock.MagicMock()
    device.return_value.__enter__.return_value.capture = capture
    with mock.patch.object(ced1401, "Device", device), \
            mock.patch.object(sys, "argv", [EXAMPLE, name]):
        runpy.run_path(EXAMPLE)
    pixels = image.imread(name)[..., :3]
    assert pixels.shape == (600, 800, 3)
    for half, color in ((pixels[:300], "tab:blue"), (pixels[300:], "tab:blue"),
                        (pixels[300:], "tab:red")):
        there = np.abs(half - colors.to_rgb(color)).max(axis=2) < 0.1
        assert there.sum() > 100 and (color == "tab:red" or there.any(axis=0).sum() > 400)


if __name__ == "__main__":
    {"dacs": dacs, "voice": voice, "picture": picture}[sys.argv[1]](*sys.argv[2:])
