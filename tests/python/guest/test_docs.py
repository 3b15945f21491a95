# SPDX-License-Identifier: GPL-2.0-or-later
"""The programs in docs/python.md and README.md, and the example."""
import os
import re
import runpy
import sys
from unittest.mock import Mock

import numpy as np
import pytest
from bench import BROKEN

import ced1401

TOP = os.path.join(os.path.dirname(os.path.realpath(__file__)), "../../..")


def programs(name):
    """The text's programs, with the line where each begins."""
    with open(os.path.join(TOP, name), encoding="utf-8") as file:
        text = file.read()
    return [(text[:found.start()].count("\n") + 2, found[1])
            for found in re.finditer(r"^```python\n(.*?)^```", text, re.M | re.S)]


@pytest.mark.parametrize("name, least", [("docs/python.md", 9), ("README.md", 1)])
def test_programs(name, least, capsys):
    found = programs(name)
    assert len(found) >= least
    names = {"ced1401": ced1401}
    for line, program in found:
        # As if it stood there: so that an error names the text's line
        exec(compile("\n" * (line - 1) + program, name, "exec"), names)
    assert capsys.readouterr().out


def test_the_example(monkeypatch, capsys):
    """What it samples, and gives to matplotlib. That is so slow to load here that it draws on
    the host: tests/python/run compares what is kept here with the voice, and has it drawn."""
    figure, top, bottom = Mock(), Mock(), Mock()
    pyplot = Mock(subplots=lambda *_, **__: (figure, (top, bottom)))
    monkeypatch.setitem(sys.modules, "matplotlib", Mock(pyplot=pyplot))
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", pyplot)
    monkeypatch.setattr(sys, "argv", ["spectrum.py", "the.png", f"/dev/ced1401_{BROKEN}"])
    names = runpy.run_path(os.path.join(TOP, "python/examples/spectrum.py"))
    recording = names["recording"]
    np.savez(os.path.join(os.environ["CED1401_RESULTS"], "voice.npz"),
             samples=recording.samples, rate=recording.rate)
    assert "DMA buffer" in capsys.readouterr().out
    assert 80 < names["loudest"] < 1000         # of a voice
    # All the power of the spectrum is the signal's, in Pa: half of the volts
    seconds, pressure = top.plot.call_args[0]
    assert np.array_equal(pressure, recording.volts()[:, 0] / 2)
    assert np.array_equal(seconds, np.arange(len(recording)) / recording.rate)
    frequency, density = bottom.loglog.call_args[0]
    power = (density ** 2).sum() * frequency[0]
    assert abs(power / np.var(pressure) - 1) < 0.1
    assert figure.savefig.call_args[0] == ("the.png",)
