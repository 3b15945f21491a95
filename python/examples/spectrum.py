# SPDX-License-Identifier: LGPL-2.1-or-later
"""Sample a microphone, and look at its spectrum. "# %%" begins a cell of a notebook.

    spectrum.py [PICTURE.png [DEVICE]]
"""
# %% What is connected: 0.5 Pa for each volt
import sys

import ced1401
import matplotlib.pyplot as plt
import numpy as np

microphone = ced1401.Channel(0, name="microphone", unit="Pa", scale=0.5)
device_path = sys.argv[2] if len(sys.argv) > 2 else "/dev/ced1401"

# %% Sample for 1.4 seconds. The samples arrive in this array by DMA.
with ced1401.Device(device_path) as device:
    recording = device.capture(microphone, rate=48_000, seconds=1.4)

print(f"{len(recording)} samples at {recording.rate:.1f} Hz, "
      f"{'DMA buffer' if ced1401.is_dma(recording.samples) else 'ordinary memory'}")

# %% The power of each frequency: the mean of many short, overlapping pieces
SIZE = 2048
pressure = recording.units("microphone")
pieces = np.lib.stride_tricks.sliding_window_view(pressure, SIZE)[::SIZE // 2]
window = np.hanning(SIZE)
power = np.abs(np.fft.rfft(pieces * window)) ** 2 / (window @ window * recording.rate)
power[:, 1:-1] *= 2     # of the negative frequencies, too
frequency = np.fft.rfftfreq(SIZE, 1 / recording.rate)
density = power.mean(axis=0)
loudest = frequency[density.argmax()]
print(f"the loudest is {loudest:.0f} Hz")

# %% Draw it
figure, (top, bottom) = plt.subplots(2, figsize=(8, 6), layout="constrained")
top.plot(recording.times(), pressure, linewidth=0.5)
top.set(xlabel="seconds", ylabel=f"{microphone.name}, {microphone.unit}",
        xlim=(0, len(recording) / recording.rate))
bottom.loglog(frequency[1:], np.sqrt(density[1:]))
bottom.axvline(loudest, color="tab:red", linewidth=0.8, linestyle="--")
bottom.annotate(f"{loudest:.0f} Hz", (loudest, np.sqrt(density.max())), color="tab:red",
                xytext=(5, -3), textcoords="offset points")
bottom.set(xlabel="Hz", ylabel=f"{microphone.unit} / √Hz", xlim=(20, recording.rate / 2))
bottom.grid(which="both", alpha=0.3)
if len(sys.argv) > 1:
    figure.savefig(sys.argv[1], dpi=100)
else:
    plt.show()
