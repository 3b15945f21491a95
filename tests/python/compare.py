# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests in the guest sampled and played, against files that are not theirs:

    compare.py dacs DACS.wav KEPT.npz...    the file of the virtual card's DACs
    compare.py voice VOICE.wav KEPT.npy     the recording that its ADC heard
"""
import sys
import wave

import numpy as np


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
    got = np.load(kept)
    assert len(got) and np.array_equal(got, samples(name)[:len(got)])


if __name__ == "__main__":
    {"dacs": dacs, "voice": voice}[sys.argv[1]](*sys.argv[2:])
