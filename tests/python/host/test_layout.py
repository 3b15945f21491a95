# SPDX-License-Identifier: GPL-2.0-or-later
"""The library's header, as a compiler sees it, and ced1401/_lib.py say the same."""
import ctypes
import os
import re
import subprocess

import ced1401
import pytest
from ced1401 import _lib

TOP = os.path.join(os.path.dirname(__file__), "../../..")
HEADER = os.path.join(TOP, "lib/libced1401.h")

STRUCTURES = {
    "ced1401_selftest": _lib.SelfTest, "ced1401_info": _lib.Info,
    "ced1401_command_name": _lib.CommandName, "ced1401_clock": _lib.Clock,
    "ced1401_signal": _lib.Signal, "ced1401_when": _lib.When, "ced1401_level": _lib.Level,
    "ced1401_stream_config": _lib.StreamConfig, "ced1401_piece": _lib.Piece,
    "ced1401_stream_info": _lib.StreamInfo, "ced1401_channel": _lib.Channel,
}
# The names of these differ by more than the prefix
CONSTANTS = {"E_1401": "CED1401L_1401(0)", "READ_ONLY": None, "NONBLOCK": None,
             "LINK_MINE": None, "LINK_OTHER": None, "LINK_POWER": None, "LINK_CABLE": None,
             "LINK_LEFT": None,
             "TO_HOST": None, "TO_1401": None, "NOW": None, "ON_TRIGGER": None, "AUTO": None,
             "MEMORY": None, "FIFO": None, "REQUEST": None, "IN_TURN": None,
             "STREAM_READY": None, "STREAM_RUNS": None, "STREAM_ENDING": None,
             "STREAM_ENDED": None, "E_MISSED": None, "E_LOST": None, "E_1401_FULL": None,
             "E_SELFTEST": None, "E_BLOCK": None, "E_FIFO": None, "E_WAITS": None}


@pytest.fixture(scope="module")
def header():
    """The header without its comments."""
    with open(HEADER, encoding="utf-8") as file:
        return re.sub(r"/\*.*?\*/", "", file.read(), flags=re.S)


def compiled(tmp_path, *expressions):
    """What these C expressions are."""
    source, program = tmp_path / "layout.c", tmp_path / "layout"
    lines = "".join(f'\tprintf("%lld\\n", (long long)({e}));\n' for e in expressions)
    source.write_text("#include <stddef.h>\n#include <stdio.h>\n#include <libced1401.h>\n"
                      f"int main(void)\n{{\n{lines}\treturn 0;\n}}\n")
    subprocess.run(["cc", "-I", os.path.dirname(HEADER), "-o", program, source], check=True)
    return [int(n) for n in subprocess.check_output([program]).split()]


def test_structures(tmp_path):
    """Size, and place and size of each field: and none is missing, so the size says."""
    ask, due = [], []
    for name, structure in STRUCTURES.items():
        ask.append(f"sizeof(struct {name})")
        due.append(ctypes.sizeof(structure))
        for field, kind in structure._fields_:
            ask += [f"offsetof(struct {name}, {field})",
                    f"sizeof(((struct {name} *)0)->{field})"]
            due += [getattr(structure, field).offset, ctypes.sizeof(kind)]
    assert dict(zip(ask, compiled(tmp_path, *ask))) == dict(zip(ask, due))


def test_every_structure_and_field_is_known(header):
    found = {name: re.findall(r"(\w+)(?:\[\d+\])?;", body)
             for name, body in re.findall(r"struct (ced1401_\w+) \{(.*?)\n\};", header, re.S)}
    assert found == {name: [field for field, _ in structure._fields_]
                     for name, structure in STRUCTURES.items()}


def test_constants(tmp_path, header):
    names = {ours: theirs or "CED1401L_" + ours for ours, theirs in CONSTANTS.items()}
    values = compiled(tmp_path, *names.values())
    assert values == [getattr(_lib, name) for name in names]
    events = {e.name: e.value for e in ced1401.Event}
    assert dict(zip(events, compiled(tmp_path, *("CED1401L_EVENT_" + n for n in events)))) \
        == events
    # No code of the header is unknown here
    assert set(re.findall(r"CED1401L_(E_\w+)", header)) <= CONSTANTS.keys()


SIZES = {"void": None, "int": ctypes.c_int, "unsigned int": ctypes.c_uint,
         "size_t": ctypes.c_size_t, "uint32_t": ctypes.c_uint32, "uint16_t": ctypes.c_uint16,
         "uint64_t": ctypes.c_uint64, "int16_t": ctypes.c_int16, "double": ctypes.c_double,
         "va_list": ctypes.c_void_p}


def kind_of(declaration):
    """ctypes' type of a parameter or result: pointers are all alike."""
    if "*" in declaration or "callback" in declaration:
        return "pointer"
    words = re.sub(r"\bconst\b", "", declaration).split()
    for n in (len(words), len(words) - 1):
        if " ".join(words[:n]) in SIZES:
            return SIZES[" ".join(words[:n])]
    raise AssertionError(declaration)


def is_pointer(kind):
    return kind in (ctypes.c_void_p, ctypes.c_char_p) or kind is _lib.EventCallback or \
        isinstance(kind, type) and issubclass(kind, ctypes._Pointer)


def test_functions(header):
    """Result and parameters of each function that is declared."""
    declared = {name: (result, parameters) for result, name, parameters in re.findall(
        r"^((?:const )?\w[\w ]*?[ *]+)ced1401_(\w+)\((.*?)\)[^()]*(?:CED1401L_PRINTF\([^)]*\))?;",
        header, re.M | re.S)}
    for name, (result, *arguments) in _lib.PROTOTYPES.items():
        their_result, parameters = declared[name]
        theirs = [kind_of(p) for p in re.sub(r"\s+", " ", parameters).split(",")
                  if p.strip() not in ("void", "...")]
        ours = ["pointer" if is_pointer(a) else a for a in arguments]
        assert ours == theirs, name
        due = kind_of(their_result)
        assert ("pointer" if is_pointer(result) else result) == due, name


def test_versions():
    with open(os.path.join(TOP, "VERSION"), encoding="ascii") as file:
        version = file.read().strip()
    assert ced1401.__version__ == version == _lib.lib.ced1401_version().decode()
    with open(os.path.join(TOP, "lib/Makefile"), encoding="utf-8") as file:
        assert f"soname := {_lib.SONAME}\n" in file.read()


def test_a_library_of_another_version_is_refused(tmp_path):
    source, library = tmp_path / "l.c", str(tmp_path / "libced1401.so")
    source.write_text('const char *ced1401_version(void) { return "0.8.3"; }\n')
    subprocess.run(["cc", "-shared", "-o", library, source], check=True)
    with pytest.raises(ImportError, match="is libced1401 0.8.3") as caught:
        _lib.load(library)
    assert caught.value.name == "ced1401"
    for wrong in ("/nonexistent.so", "libc.so.6"):
        with pytest.raises(ImportError, match="CED1401_LIBRARY"):
            _lib.load(wrong)
