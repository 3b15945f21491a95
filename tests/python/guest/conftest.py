# SPDX-License-Identifier: GPL-2.0-or-later
"""Devices, the recording, and that nothing is left behind."""
import gc
import os
import threading
import wave

import numpy as np
import pytest
from bench import FAST, LIVE, descriptors, maps

import ced1401


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """Note whether a test failed."""
    outcome = yield
    item.failed = outcome.get_result().failed


@pytest.fixture(autouse=True)
def nothing_left(request):
    """After each test every descriptor, mapping and thread of a 1401's is gone."""
    yield
    if request.node.failed:
        return      # its explanation keeps the test's variables
    if maps() or descriptors():
        gc.collect()
    assert not maps()
    assert not descriptors()
    assert not [t for t in threading.enumerate() if t.name == "ced1401"]


@pytest.fixture(scope="session")
def recording():
    """The ADC's file: int16, shape (frames, 2)."""
    with wave.open(os.environ["CED1401_RECORDING"]) as file:
        assert file.getnchannels() == 2
        data = file.readframes(file.getnframes())
    return np.frombuffer(data, "<i2").reshape(-1, 2)


@pytest.fixture(scope="session")
def heard(recording):
    """heard(samples): that they are the recording's, one behind the other, from some frame
    on, which is returned. The file begins again after its end."""
    keys = recording.copy().view(np.uint32).ravel()
    order = np.argsort(keys)

    def check(samples, start=None, channels=(0, 1)):
        samples = np.ascontiguousarray(samples)
        assert len(samples)
        if start is None:
            key = samples[0].copy().view(np.uint32)[0]
            place = np.searchsorted(keys, key, sorter=order)
            assert place < len(keys) and keys[order[place]] == key, "no frame of the recording"
            start = int(order[place])
        due = recording[(start + np.arange(len(samples))) % len(recording)][:, list(channels)]
        wrong = np.flatnonzero((samples != due).any(axis=1))
        assert not len(wrong), f"frame {wrong[0]} of {len(samples)} is not the recording's"
        return start
    check.frames = len(recording)
    return check


@pytest.fixture
def fast():
    """Card 1."""
    with ced1401.Device(FAST) as device:
        yield device


@pytest.fixture
def live():
    """Card 0."""
    with ced1401.Device(LIVE) as device:
        yield device
