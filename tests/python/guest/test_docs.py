# SPDX-License-Identifier: GPL-2.0-or-later
"""The programs in docs/python.md and README.md, and the example."""
import os
import re
import runpy
import sys

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
    """It draws what it should: the voice, sample for sample, and its picture."""
    picture = os.path.join(os.environ["CED1401_RESULTS"], "spectrum.png")
    monkeypatch.setattr(sys, "argv", ["spectrum.py", picture, f"/dev/ced1401_{BROKEN}"])
    names = runpy.run_path(os.path.join(TOP, "python/examples/spectrum.py"))
    np.save(os.path.join(os.environ["CED1401_RESULTS"], "voice.npy"),
            names["recording"].copy().samples)      # a DMA buffer cannot go to 9p
    assert "DMA buffer" in capsys.readouterr().out
    assert 80 < names["loudest"] < 1000         # of a voice
    # All the power of the spectrum is the signal's
    pressure = names["pressure"]
    power = names["density"].sum() * names["frequency"][1]
    assert abs(power / np.mean(pressure ** 2) - 1) < 0.1
    with open(picture, "rb") as file:
        assert file.read(8) == b"\x89PNG\r\n\x1a\n"
