# SPDX-License-Identifier: GPL-2.0-or-later
"""test_tools.py TOP BUILD [WORD...]: judges what ced1401(1) wrote in the guest (guest.py).

Files are read by sox, biosig's save2gdf, MNE and numpy, and compared sample for sample
with what the virtual ADC was given. A test is a function with @test; it passes if it
returns. Prints TAP. With words: only tests whose names have one of them.
"""
import csv
import datetime
import fcntl
import json
import math
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
import time
import traceback
import wave
import xml.etree.ElementTree

import numpy as np

TOP, BUILD = sys.argv[1:3]
RESULTS = f"{BUILD}/results"
PROGRAM = f"{TOP}/build/tools/ced1401"
TESTS = []
CACHE = {}

# The exit codes that the program's own --help lists
OK, FAILED, USAGE, DEVICE, BUSY, OF_1401, LOST, FILE, TIMEOUT, SIGNAL = (
    0, 1, 2, 3, 4, 5, 6, 7, 8, 130)


def test(name):
    def add(function):
        TESTS.append((name, function))
        return function
    return add


def eq(got, want, what=""):
    assert got == want, f"{what}: got {got!r}, not {want!r}"


def near(got, want, by, what=""):
    assert abs(got - want) <= by, f"{what}: got {got!r}, not {want!r} within {by}"


def same(got, want, what=""):
    """Two arrays of samples"""
    got, want = np.asarray(got), np.asarray(want)
    eq(got.shape, want.shape, f"{what}: shape")
    if not np.array_equal(got, want):
        at = tuple(np.argwhere(got != want)[0])
        raise AssertionError(f"{what}: sample {at} is {got[at]}, not {want[at]}")


# ------------------------------------------------------------------ what there is

def all_results():
    if "results" not in CACHE:
        with open(f"{RESULTS}/results.json", encoding="utf-8") as file:
            CACHE["results"] = json.load(file)
    return CACHE["results"]


def step(name):
    assert name in all_results(), f"the guest did not come to {name}"
    return all_results()[name]


def text(name, stream):
    path = f"{RESULTS}/{name}/{stream}"
    if name.startswith("full-"):
        path = f"{RESULTS}/{name}.said/{stream}"
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def ended(name, code=OK):
    """The step ended with this code; what it said"""
    err = text(name, "err")
    assert step(name)["code"] == code, \
        f"{name}: status {step(name)['code']}, not {code}: {err}"
    return err


def answer(name, code=OK):
    ended(name, code)
    return json.loads(text(name, "out"))


def path_of(name, file):
    return f"{RESULTS}/{name}/{file}"


def run(*argv, **more):
    return subprocess.run(argv, check=True, capture_output=True, **more).stdout


def host(command, *arguments, cwd):
    """Here, where there is no device: the exit code, and what is said"""
    done = subprocess.run([PROGRAM, command, "-d", "/dev/null", *map(str, arguments)], cwd=cwd,
                          capture_output=True, check=False, stdin=subprocess.DEVNULL)
    return done.returncode, done.stderr.decode()


def fake_run(folder, command, *arguments, code=OK, **lists):
    """Here, with the 1401 and the clock of fake.c: its output, and what is said"""
    done = subprocess.run([f"{BUILD}/fake", command, *map(str, arguments)], cwd=folder,
                          capture_output=True, check=False, stdin=subprocess.DEVNULL, timeout=300,
                          env={**os.environ, "HOME": folder, "XDG_CONFIG_HOME": folder,
                               **{f"FAKE_{name.upper()}": str(what) for name, what in lists.items()}})
    said = done.stderr.decode()
    eq(done.returncode, code, said)
    return done.stdout, said


def fake(folder, command, *arguments, **more):
    """The same: its JSON, and what is said"""
    out, said = fake_run(folder, command, "--json", *arguments, **more)
    return json.loads(out or "null"), said


# ------------------------------------------------------------------------ readers

def by_sox(path, channels):
    data = run("sox", path, "-t", "s16", "-L", "-")
    return np.frombuffer(data, "<i2").reshape(-1, channels)


def wav_chunks(path):
    with open(path, "rb") as file:
        data = file.read()
    assert data[:4] in (b"RIFF", b"RF64") and data[8:12] == b"WAVE", data[:12]
    chunks, at = {}, 12
    while at + 8 <= len(data):
        size = int.from_bytes(data[at + 4:at + 8], "little")
        chunks.setdefault(data[at:at + 4], data[at + 8:at + 8 + size])
        at += 8 + size + size % 2
    return chunks


def edf_header(path):
    """The header's fields, and the first annotation signal's bytes of each record"""
    with open(path, "rb") as file:
        data = file.read()
    n = int(data[252:256])
    fields, at = {}, 256
    for name, size in (("label", 16), ("transducer", 80), ("unit", 8), ("pmin", 8),
                       ("pmax", 8), ("dmin", 8), ("dmax", 8), ("filter", 80),
                       ("samples", 8), ("reserved", 32)):
        fields[name] = [data[at + i * size:at + (i + 1) * size].decode("ascii").strip()
                        for i in range(n)]
        at += n * size
    fields["n"] = n
    fields["records"] = int(data[236:244])
    fields["duration"] = float(data[244:252])
    fields["header"] = int(data[184:192])
    fields["start"] = data[168:184].decode("ascii")
    fields["data"] = data[fields["header"]:]
    return fields


def edf_annotations(path):
    """(onset in seconds from the first sample, text), and the first sample's own onset"""
    head = edf_header(path)
    sizes = [2 * int(s) for s in head["samples"]]
    record, found, start = sum(sizes), [], None
    for i in range(head["records"]):
        at = i * record
        for k, size in enumerate(sizes):
            if head["label"][k] == "EDF Annotations":
                for tal in head["data"][at:at + size].split(b"\0"):
                    if not tal:
                        continue
                    onset, *texts = tal.split(b"\x14")
                    onset = float(onset.split(b"\x15")[0])
                    if start is None:
                        start = onset
                    found += [(onset - start, t.decode()) for t in texts if t]
            at += size
    return found, start


def edf_samples(path):
    """By its description alone: channels of whole records"""
    head = edf_header(path)
    sizes = [int(s) for s in head["samples"]]
    data = np.frombuffer(head["data"][:head["records"] * sum(sizes) * 2], "<i2")
    data = data.reshape(head["records"], sum(sizes))
    at, channels = 0, []
    for k, size in enumerate(sizes):
        if head["label"][k] != "EDF Annotations":
            channels.append(data[:, at:at + size].reshape(-1))
        at += size
    return np.stack(channels, 1)


def by_mne(path):
    """Samples as they are in the file; MNE has volts where the unit is known to it"""
    import mne                                      # takes seconds
    raw = mne.io.read_raw_edf(path, preload=True, verbose="error")
    head = edf_header(path)
    values = raw.get_data().T
    columns = []
    for c in range(values.shape[1]):
        low, high = float(head["pmin"][c]), float(head["pmax"][c])
        # MNE turns V, mV, uV and nV into V, and leaves what it does not know
        factor = {"V": 1, "mV": 1e-3, "uV": 1e-6}.get(head["unit"][c], 1)
        columns.append((values[:, c] / factor - low) / (high - low) * 65535 - 32768)
    exact = np.stack(columns, 1)
    assert np.abs(exact - np.rint(exact)).max() < 0.01, "MNE's values are between samples"
    return np.rint(exact).astype(np.int16), raw


def by_biosig(path):
    """save2gdf's header, and the samples that it exports, a file a channel"""
    with tempfile.TemporaryDirectory() as folder:
        said = run("save2gdf", "-JSON", path).decode("utf-8", "replace")
        run("save2gdf", "-f=BIN", path, f"{folder}/x.bin")
        columns = [np.fromfile(f"{folder}/{name}", "<i2")
                   for name in sorted(os.listdir(folder)) if re.search(r"\.s\d+$", name)]
    return json.loads(said[said.index("{"):]), np.stack(columns, 1)


def by_csv(path):
    """numpy's genfromtxt: times and values; and the names of the columns"""
    with open(path, encoding="utf-8") as file:
        lines = [line for line in file if not line.startswith("#")]
    table = np.genfromtxt(lines[1:], delimiter=",", ndmin=2)
    return table[:, 0], table[:, 1:], next(csv.reader(lines[:1]))


def comments(path):
    with open(path, encoding="utf-8") as file:
        return [line.strip() for line in file if line.startswith("#")]


def marks(path):
    """(seconds, text) of a CSV's # at lines"""
    found = [line.split(" ", 3)[2:] for line in comments(path) if line.startswith("# at ")]
    return [(float(seconds), what) for seconds, what in found]


# --------------------------------------------------------------- what the ADC was given

def voice():
    if "voice" not in CACHE:
        CACHE["voice"] = by_sox(f"{BUILD}/voice.wav", 1)[:, 0]
    return CACHE["voice"]


def pattern():
    """Both channels of a frame are one number of 32 bits, which comes once"""
    if "pattern" not in CACHE:
        data = by_sox(f"{BUILD}/recording.wav", 2)
        CACHE["pattern"] = data
        whole = np.ascontiguousarray(data).view("<u4")[:, 0]
        CACHE["place"] = {int(v): i for i, v in enumerate(whole)}
    return CACHE["pattern"]


def is_pattern(samples, what):
    """Frames of both channels, without a gap; where they begin"""
    data = pattern()
    samples = np.ascontiguousarray(samples)
    value = int(samples[:1].view("<u4")[0, 0])
    assert value in CACHE["place"], f"{what}: the first frame is none of the recording's"
    at = CACHE["place"][value]
    want = np.take(data, np.arange(at, at + len(samples)), 0, mode="wrap")
    same(samples, want, what)
    return at


def places_of(samples):
    """Where each of these frames is in the pattern"""
    whole = np.ascontiguousarray(pattern()).view("<u4")[:, 0]
    order = np.argsort(whole)
    values = np.ascontiguousarray(samples).view("<u4")[:, 0]
    at = order[np.searchsorted(whole[order], values).clip(max=len(whole) - 1)]
    same(whole[at], values, "frames of the recording")
    return at


def is_voice(samples, at, what):
    same(samples, np.take(voice(), np.arange(at, at + len(samples)), mode="wrap"), what)


def find_voice(samples):
    """Where in the recording they begin"""
    loud = int(np.argmax(np.abs(samples.astype(int)) > 2000))
    piece = samples[loud:loud + 200]
    starts = np.flatnonzero(voice() == piece[0])
    for start in starts:
        if np.array_equal(np.take(voice(), np.arange(start, start + len(piece)),
                                  mode="wrap"), piece):
            return int(start - loud) % len(voice())
    raise AssertionError("the recording does not have these samples")


def utc(text_of):
    return datetime.datetime.strptime(text_of, "%Y-%m-%dT%H:%M:%S.%fZ").replace(
        tzinfo=datetime.timezone.utc).timestamp()


# ------------------------------------------------------------------ what it was asked

EMG = {"name": "EMG left", "unit": "mV", "scale": 2.5, "offset": -1}
RATE48 = 1e7 / 208          # what the 1401's clocks make of 48 kHz


def emg_units(samples):
    return np.asarray(samples, float) * 5 / 32768 * EMG["scale"] + EMG["offset"]


@test("the guest did all that it was to do, and the kernel had nothing to complain of")
def _():
    with open(f"{BUILD}/status", encoding="ascii") as file:
        status = file.read().strip()
    with open(f"{BUILD}/output", encoding="utf-8", errors="replace") as file:
        eq(status, "0", file.read()[-3000:])
    assert not all_results()["broken"], "\n".join(all_results()["broken"])


def summary(name, frames, rate, kind, code=OK):
    about = answer(name, code)
    eq(about["format"], kind, name)
    eq(about["samples"], frames, name)
    near(about["rate"], rate, rate * 1e-9, name)
    began = utc(about["start"])
    assert step(name)["begun"] <= began <= step(name)["ended"], \
        f"{name}: it says that it began at {began}: {step(name)}"
    return about


@test("capture writes WAV: sox reads what the ADC saw, sample for sample")
def _():
    about = summary("wav", 30000, RATE48, "wav")
    eq(about["lost"], 0)
    samples = by_sox(path_of("wav", "x.wav"), 1)[:, 0]
    eq(len(samples), 30000)
    is_voice(samples, 0, "x.wav")
    info = run("soxi", path_of("wav", "x.wav")).decode()
    assert re.search(r"Sample Rate *: 48077", info), info
    with wave.open(path_of("wav", "x.wav")) as file:
        eq((file.getnchannels(), file.getnframes()), (1, 30000), "Python's wave")
    comment = wav_chunks(path_of("wav", "x.wav"))[b"LIST"].decode()
    for word in ("rate=48076.923", "name=EMG left", "unit=mV", "scale=2.5", "offset=-1",
                 about["start"]):
        assert word in comment, comment


@test("capture writes EDF+: MNE and biosig read it, with labels, units and ranges")
def _():
    about = summary("edf", 30000, RATE48, "edf")
    path = path_of("edf", "x.edf")
    eq(edf_header(path)["start"][:8], datetime.datetime.fromtimestamp(
        utc(about["start"]), datetime.timezone.utc).strftime("%d.%m.%y"))
    samples, raw = by_mne(path)
    eq(raw.ch_names, ["EMG left"])
    near(raw.info["sfreq"], RATE48, 1e-6)
    eq(len(samples), 30000, "30000 samples fill whole records")
    is_voice(samples[:, 0], 30000, "x.edf")
    near(np.abs(raw.get_data()[0] * 1e3 - emg_units(samples[:, 0])).max(), 0, 2e-5, "mV")
    eq(int(raw.info["meas_date"].timestamp()), int(utc(about["start"])))
    head, exported = by_biosig(path)
    same(exported[:, :1], samples, "save2gdf")
    channel = head["CHANNEL"][0]
    eq((channel["Label"], channel["PhysicalUnit"]), ("EMG left", "mV"))
    near(channel["PhysicalMinimum"], emg_units(-32768), 1e-4)
    near(channel["PhysicalMaximum"], emg_units(32767), 1e-4)
    near(head["Samplingrate"], RATE48, 1e-3)


@test("EDF+ has the start in UTC to the microsecond")
def _():
    about = answer("edf")
    path = path_of("edf", "x.edf")
    head, (_, first) = edf_header(path), edf_annotations(path)
    whole = datetime.datetime.strptime(head["start"], "%d.%m.%y%H.%M.%S").replace(
        tzinfo=datetime.timezone.utc).timestamp()
    near(whole + first, utc(about["start"]), 1e-6)
    eq(round(first * 1e6), int(about["start"][20:26]), "microseconds")


@test("EDF+ has names and units in ASCII: letters without their accents, signs as words")
def _():
    ended("names")
    head = edf_header(path_of("names", "x.edf"))
    eq(head["label"][:2], ["Grosse AE", "? ? R"])
    eq(head["unit"][:2], ["degC", "kOhm"])
    eq(edf_samples(path_of("names", "x.edf")).shape[1], 2)


@test("EDF+ is refused where the header's 8 characters do not hold the range")
def _():
    with tempfile.TemporaryDirectory() as folder:
        for channel, rate, word in (("unit=uV,scale=2e6", "1k", "choose a larger unit"),
                                    ("unit=uV,scale=1e6,full-scale=10", "1k", "a larger unit"),
                                    ("unit=nV,scale=1e9", "1k", "choose a larger unit"),
                                    ("unit=kV,scale=0.001", "1k", "choose a smaller unit"),
                                    ("offset=123456789", "1k", "choose CSV"),
                                    ("name=slow", "0.001", "a higher --rate, or CSV")):
            code, said = host("capture", "-n", 10, "-r", rate, "-C", f"0:{channel}", "x.edf",
                              cwd=folder)
            assert code == USAGE and word in said and said.count("\n") == 1, (channel, said)
        # what is in range goes on to the device, which is none
        for channel in "unit=uV,scale=1e6", "scale=2.1234567,offset=-3.21", "unit=N,offset=100":
            code, said = host("capture", "-n", 10, "-C", f"0:{channel}", "x.edf", cwd=folder)
            eq(code, DEVICE, said)
        eq(os.listdir(folder), [])


@test("capture writes CSV: numpy reads times and values in the channel's unit")
def _():
    about = summary("csv", 30000, RATE48, "csv")
    times, values, names = by_csv(path_of("csv", "x.csv"))
    eq(names, ["time (s)", "EMG left (mV)"])
    samples = (values[:, 0] - EMG["offset"]) / EMG["scale"] / 5 * 32768
    near(np.abs(samples - np.rint(samples)).max(), 0, 0.01, "values are those of samples")
    is_voice(np.rint(samples).astype(np.int16), 60000, "x.csv")
    near(np.abs(times - np.arange(30000) / RATE48).max(), 0, 1e-6, "times")
    assert f"# start {about['start']}" in comments(path_of("csv", "x.csv"))


@test("CSV: a large offset leaves each sample what it was, and play puts it out")
def _():
    ended("csv-offset")
    values = by_csv(path_of("csv-offset", "x.csv"))[1]
    samples = np.stack([values[:, 0] - 101325, (values[:, 1] + 1e6) * 1000], 1) / 5 * 32768
    near(np.abs(samples - np.rint(samples)).max(), 0, 0.1, "values are those of samples")
    samples = np.rint(samples).astype(np.int16)
    is_pattern(samples, "x.csv")
    same(played_last("played1.wav", 2, ["play-csv-offset", "play-format"])["play-csv-offset"],
         samples, "played")
    ended("csv-offset-average")
    values = by_csv(path_of("csv-offset-average", "x.csv"))[1]
    halves = (values + 1e6) * 1000 / 5 * 65536
    near(np.abs(halves - np.rint(halves)).max(), 0, 0.01, "means of two samples")
    with tempfile.TemporaryDirectory() as folder:
        code, said = host("capture", "-n", 10, "-C", "0:name=P,offset=1e10", "x.csv", cwd=folder)
        assert code == USAGE and "the offset of P is too large" in said, said
        eq(host("capture", "-n", 10, "-C", "0:offset=-1e9", "x.csv", cwd=folder)[0], DEVICE)


@test("capture writes raw samples, and beside them what they are")
def _():
    summary("raw", 30000, RATE48, "raw")
    is_voice(np.fromfile(path_of("raw", "x.raw"), "<i2"), 90000, "x.raw")
    with open(path_of("raw", "x.raw.json"), encoding="utf-8") as file:
        about = json.load(file)
    near(about["rate"], RATE48, 1e-6)
    eq({key: about["channels"][0][key] for key in EMG}, EMG)


@test("--sweeps: each into a file of its own, one behind the other; the summary has all")
def _():
    about = summary("sweeps", 2000, 1e4, "wav")
    near(utc(about["start"]), start_of(path_of("sweeps", "x-001.wav"), "wav"), 1e-6)
    for i in range(4):
        is_voice(by_sox(path_of("sweeps", f"x-{i + 1:03}.wav"), 1)[:, 0],
                 120000 + 500 * i, f"sweep {i + 1}")
    assert not os.path.exists(path_of("sweeps", "x-005.wav"))


def mean_of(first, sweeps, frames):
    take = np.take(voice(), np.arange(first, first + sweeps * frames), mode="wrap")
    return take.reshape(sweeps, frames).astype(float).mean(0)


@test("--average: the mean of all sweeps, finer than a sample")
def _():
    ended("average")
    ended("average-csv")
    mean = mean_of(122000, 16, 500)
    data = run("sox", path_of("average", "x.wav"), "-t", "s32", "-L", "-")
    got = np.frombuffer(data, "<i4") / 65536
    near(np.abs(got - mean).max(), 0, 1 / 256, "WAV of 24 bits")
    assert np.abs(got - np.rint(got)).max() > 0.1, "it was rounded to samples"
    _, values, _ = by_csv(path_of("average-csv", "x.csv"))
    near(np.abs(values[:, 0] - mean_of(130000, 7, 500) * 5 / 32768).max(), 0, 1e-9, "CSV")
    assert any("average of 7 sweeps" in line
               for line in comments(path_of("average-csv", "x.csv")))
    ended("after")
    is_voice(np.fromfile(path_of("after", "x.raw"), "<i2"), 133500, "what came after")


@test("stream of more than the 1401's memory: not a sample is missing")
def _():
    about = summary("long", 400000, RATE48, "wav")
    eq(about["lost"], 0)
    samples = by_sox(path_of("long", "x.wav"), 1)[:, 0]
    eq(len(samples), 400000)
    is_voice(samples, find_voice(samples), "x.wav")


@test("--split: files by time, which follow one another, each with its own start")
def _():
    about = answer("split")
    eq([os.path.basename(f) for f in about["files"]], ["x-001.edf", "x-002.edf", "x-003.edf"])
    parts, starts = [], []
    for name in about["files"]:
        path = path_of("split", name)
        parts.append(edf_samples(path)[:, 0])
        head = edf_header(path)
        starts.append(datetime.datetime.strptime(head["start"], "%d.%m.%y%H.%M.%S")
                      .timestamp() + edf_annotations(path)[1])
    eq([len(p) for p in parts], [20000, 20000, 10000])
    samples = np.concatenate(parts)
    is_voice(samples, find_voice(samples), "all three")
    near(starts[1] - starts[0], 1, 2e-6, "second start")
    near(starts[2] - starts[1], 1, 2e-6, "third start")


@test("--in-turn: the channels one behind the other, in the order of --channels")
def _():
    about = answer("in-turn")
    near(about["rate"], 1e7 / 333 / 3, 1e-3, "rate of frames")
    eq([c["channel"] for c in about["channels"]], [0, 1, 0])
    data = np.fromfile(path_of("in-turn", "x.raw"), "<i2").reshape(-1, 3)
    eq(len(data), 1000)
    assert not data[:, 1].any(), "input 1 has no signal"



@test("play: the DACs get what capture wrote, of each kind, and go to rest")
def _():
    played = by_sox(f"{BUILD}/played0.wav", 1)[:, 0]
    at = 0
    for i, kind in enumerate(("wav", "edf", "csv", "raw")):
        about = answer(f"play-{kind}")
        eq((about["samples"], about["channels"], about["lost"]), (30000, 1, 0), kind)
        near(about["rate"], RATE48, 1e-3, kind)
        is_voice(played[at:at + 30000], 30000 * i, f"played {kind}")
        at += 30000
        eq(step(f"play-{kind}")["rest"], 0, "the DAC afterwards")
    answer("play-hold")
    last = np.fromfile(path_of("raw", "x.raw"), "<i2")[-1]
    eq(step("play-hold")["rest"], int(last), "--hold")
    at += 30000
    once = np.fromfile(path_of("raw", "x.raw"), "<i2")
    eq(answer("play-repeat")["samples"], 90000)
    same(played[at:at + 90000], np.tile(once, 3), "--repeat in the 1401's memory")
    at += 90000
    eq(answer("play-long")["samples"], 400000)
    samples = by_sox(path_of("long", "x.wav"), 1)[:, 0]
    same(played[at:at + 400000], samples, "played as a stream")
    at += 400000
    # The last value of a stream is held until its last block is over
    at += np.argmax(played[at:] != played[at - 1])
    eq(answer("play-repeat-stream")["samples"], 90000)
    same(played[at:at + 90000], np.tile(once, 3), "--repeat as a stream")
    at += 90000
    at += np.argmax(played[at:] != played[at - 1])
    eq(answer("play-endless")["ended"], "done", "Ctrl-C is its end")
    rest = played[at:len(played) - sum(sizes_of(OTHERS))]
    assert len(rest) > 60000, len(rest)
    same(rest, np.resize(once, len(rest)), "--repeat 0")


def sizes_of(steps):
    """How many frames each has played; one that failed has put out nothing"""
    return [answer(name)["samples"] if step(name)["code"] == OK else 0 for name in steps]


def played_last(file, channels, steps):
    """What was played at the end, by these steps: each one's samples, by its name"""
    played = by_sox(f"{BUILD}/{file}", channels)
    sizes = sizes_of(steps)
    at = len(played) - sum(sizes)
    found = {}
    for name, size in zip(steps, sizes):
        found[name] = played[at:at + size]
        at += size
    return found


# The last plays of card 0
OTHERS = ("play-memory", "play-uv", "play-comment", "play-excel", "play-torn",
          "play-uncounted", "play-unknown")


@test("play of another program's EDF: its volts are the DAC's, though it has all 16 bits")
def _():
    ended("play-uv")
    found = played_last("played0.wav", 1, OTHERS)["play-uv"][:, 0]
    # a tenth of a microvolt each, on a DAC of 5 V
    volts = edf_samples(path_of("edf", "x.edf"))[:, 0] * 1e-7
    near(np.abs(found - volts / 5 * 32768).max(), 0, 0.51, "samples")
    assert np.abs(found).max() > 5, "it was silence"
    with open(path_of("names", "x.edf"), "rb") as file:
        own = file.read()
    with tempfile.TemporaryDirectory() as folder:
        def play(data):
            with open(f"{folder}/x.edf", "wb") as file:
                file.write(data)
            return host("play", "x.edf", cwd=folder)

        # of another unit: what capture wrote alone
        eq(play(own)[0], DEVICE)
        code, said = play(own[:110] + b"X X other program".ljust(58) + own[168:])
        assert code == FILE and "in degC, and not in V, mV or uV" in said, said


@test("play of another program's WAV: a rate in its comment is not the file's")
def _():
    eq(answer("play-comment")["rate"], 8000)
    found = played_last("played0.wav", 1, OTHERS)["play-comment"][:, 0]
    same(found, np.arange(800) * 10, "samples")


@test("play of another program's CSV: with semicolons, decimal commas and rounded times")
def _():
    about = answer("play-excel")
    eq((about["samples"], about["channels"]), (3000, 2))
    near(about["rate"], 3000, 1)
    found = played_last("played0.wav", 1, OTHERS)["play-excel"][:, 0]
    same(found, [volts(i / 1000) for i in range(3000)], "samples")


@test("play of another program's CSV: no column is mistaken, and all times tell the rate")
def _():
    with tempfile.TemporaryDirectory() as folder:
        def write(data):
            with open(f"{folder}/x.csv", "wb") as file:
                file.write(data)

        def is_read(data, channels, rate):
            write(data)
            said = host("play", "-r", 1000, "--dacs", "0-7", "x.csv", cwd=folder)[1]
            assert f"the file has {channels} channels" in said, (data, said)
            code, said = host("capture", "-r", 777, "--play", "x.csv", "x.wav", cwd=folder)
            assert code == DEVICE and f"x.csv is of {rate}, and" in said, (data, said)

        def is_refused(data, code, word, *more):
            write(data)
            got, said = host("play", *more, "x.csv", cwd=folder)
            assert got == code and word in said, (data, got, said)

        rows = b"0.0000,1\n0.0003,2\n0.0007,3\n0.0010,4\n"
        for name in (b"time (s)", b"Time (s)", b"TIME", b'"time (s)"', b' "Time"',
                     b"\xef\xbb\xbfTime", b"Timestamp", b"Time_s", b"time/s"):
            is_read(name + b",V\n" + rows, 1, "3 kHz")
            is_read(name + b";V\n" + rows.replace(b",", b";"), 1, "3 kHz")
            is_read(name + b";V\n" + rows.replace(b",", b";").replace(b".", b","), 1, "3 kHz")
        for name, rate in ((b"Time (ms)", "1 kHz"), (b"time [\xc2\xb5s]", "1 MHz"),
                           (b"Time (s)", "1 Hz"), (b"Time (min)", "0.0166667 Hz")):
            is_read(name + b",V\n0,1\n1,1\n2,1\n", 1, rate)
        # a name may have what separates others
        is_read(b'time (s),"a;b",c;d\n0,1,2\n0.5,1,2\n', 2, "2 Hz")
        is_read(b"x" * 100 + b",y\n# rate 2\n1,2\n", 2, "2 Hz")
        # jitter, and times that are coarser than the samples
        is_read(b"time,V\n0,1\n9,1\n20,1\n30,1\n", 1, "0.1 Hz")
        is_read(b"time,V\n" + b"".join(b"%.3f,1\n" % (i / 4096) for i in range(4097)), 1,
                "4.096 kHz")
        is_read(b"time,V\n" + b"".join(b"%g,1\n" % (990 + i / 1000) for i in range(20001)), 1,
                "1 kHz")
        is_read(b"time elapsed,V\n0,1\n1e-3,2\n2e-3,3\n", 1, "1 kHz")
        # of no even times, or of a unit that is unknown, the rate is not known
        tenth = b"".join(b"%.5f,1\n" % (i / 1000) for i in range(100) if i % 10 != 7)
        for data in (b"time,V\n0.000,1\n0.010,1\n0.030,1\n0.040,1\n", b"time,V\n" + tenth,
                     b"time,V\n0,1\n1,1\n9,1\n10,1\n", b"time,V\n0,1\n2,1\n1,1\n3,1\n",
                     b"time,V\n1,1\n1,1\n", b"time (weeks),V\n0,1\n1,1\n", b"time,V\n0,1\n"):
            is_refused(data, USAGE, "do not tell a rate")
            is_refused(data, DEVICE, "no device", "-r", "1k")
        # 0.1 and 1.0, or four channels?
        is_refused(b"0,1;1,0\n0,2;1,0\n", USAGE, "the file has 2 channels", "-r", 10, "-D", "0-7")
        is_refused(b"V\n0,1\n0,2\n", FILE, "decimal", "-r", 10)
        is_refused(b"a;b\n1;2\n3,4\n", FILE, "line 3: it has 1 values", "-r", 10)
        is_refused(b"a,b\n1,2\n3;4\n", FILE, "line 3: these are no numbers", "-r", 10)
        is_refused(b"a;b\n1;2\n1.500,3;4\n", FILE, "line 3: these are no numbers", "-r", 10)


@test("play of an EDF+ that was not ended: all whole records")
def _():
    for name in "play-torn", "play-unknown", "play-uncounted":
        assert "not ended as it should be" in ended(name), name
    found = played_last("played0.wav", 1, OTHERS)
    own = edf_samples(path_of("edf", "x.edf"))
    records = edf_header(path_of("edf", "x.edf"))["records"]
    assert records > 1, records
    same(found["play-torn"], own, "with a part of a record behind")
    same(found["play-unknown"], own, "without a count of the records")
    same(found["play-uncounted"], own[:len(own) // records * (records - 1)],
         "as many records as the header has")
    with tempfile.TemporaryDirectory() as folder:
        with open(path_of("edf", "x.edf"), "rb") as file:
            data = file.read()
        # that is more than a program that was killed
        with open(f"{folder}/x.edf", "wb") as file:
            file.write(data[:-1])
        code, said = host("play", "x.edf", cwd=folder)
        assert code == FILE and "its end is missing" in said, said


@test("play: several channels that capture wrote, of each kind, sample for sample")
def _():
    kinds = ("wav", "edf", "csv", "raw")
    found = played_last("played1.wav", 2, [f"play-two-{kind}" for kind in kinds] +
                        ["play-csv-offset", "play-format"])
    for kind in kinds:
        ended(f"two-{kind}")
        path = path_of(f"two-{kind}", f"x.{kind}")
        if kind == "wav":
            samples = by_sox(path, 2)
        elif kind == "edf":
            samples = edf_samples(path)[:10007]
        elif kind == "csv":
            values = by_csv(path)[1]
            samples = np.stack([(values[:, 0] - 7) / 2.5, values[:, 1] / -3], 1) / 5 * 32768
            samples = np.rint(samples).astype(np.int16)
        else:
            samples = np.fromfile(path, "<i2").reshape(-1, 2)
        is_pattern(samples, path)
        same(found[f"play-two-{kind}"], samples, f"played {kind}")
        near(answer(f"play-two-{kind}")["rate"], 10000, 1e-3, kind)
    # the rest of the last record is not played
    path = path_of("two-edf", "x.edf")
    assert "Recording ends" in [text for _, text in edf_annotations(path)[0]]
    assert len(edf_samples(path)) > 10007
    same(found["play-format"], found["play-two-edf"], "--format edf of a file named x.wav")


@test("capture to standard output")
def _():
    ended("stdout")
    eq(text("stdout", "err"), "", "standard error with -q")
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
        file.write(text("stdout", "out"))
        file.flush()
        eq(by_csv(file.name)[1].shape, (100, 1))


@test("a stream into a named pipe ends when its reader leaves")
def _():
    for kind in "csv", "raw":
        assert "Broken pipe" in ended(f"named-pipe-{kind}", FILE), "not told why"


@test("a file that exists is replaced with --force alone")
def _():
    assert "--force" in ended("exists", FILE)
    eq(len(by_sox(path_of("wav", "x.wav"), 1)), 30000, "the old file")
    ended("force")
    ended("force-again")
    eq(len(by_sox(path_of("force", "x.wav"), 1)), 20)
    with tempfile.TemporaryDirectory() as folder:
        # a picture, too
        with open(f"{folder}/x.svg", "wb") as file:
            file.write(b"old")
        plot = ("-n", 10, "--plot", "x.svg", "x.wav")
        code, said = host("capture", *plot, cwd=folder)
        assert code == FILE and "--force" in said, said
        eq(host("capture", "-F", *plot, cwd=folder)[0], DEVICE)
        with open(f"{folder}/x.svg", "rb") as file:
            eq(file.read(), b"old")
        # and what is beside a raw file
        with open(f"{folder}/x.raw.json", "wb") as file:
            file.write(b"old")
        for words in (("x.raw",), ("-f", "raw", "x.raw")):
            code, said = host("capture", "-n", 10, *words, cwd=folder)
            assert code == FILE and "x.raw.json: is there already" in said, said
            eq(host("capture", "-n", 10, "-F", *words, cwd=folder)[0], DEVICE)
        eq(host("capture", "-n", 10, "-f", "csv", "x.raw", cwd=folder)[0], DEVICE)
    # it came while the first of two sweeps was sampled
    assert "x-002.raw.json: is there already" in ended("exists-beside", FILE)
    with open(path_of("exists-beside", "x-002.raw.json"), encoding="ascii") as file:
        eq(file.read(), "mine")
    assert not os.path.exists(path_of("exists-beside", "x-002.raw"))


@test("a device is written to in a folder where nothing can be made")
def _():
    assert "the disk is full" in ended("dev-full", FILE)


@test("the configuration file: channels, and options of a command")
def _():
    about = answer("config")
    eq((about["samples"], about["rate"]), (50, 2000))
    eq(about["channels"][0], {"channel": 0, "name": "Force", "unit": "N", "scale": 20,
                              "offset": 0.5, "full_scale": 5})
    eq(by_csv(path_of("config", "x.csv"))[2], ["time (s)", "Force (N)"])
    eq(text("config", "err"), "", "quiet = yes")
    settings = {s["dac"]: s for s in answer("config-dac")}
    near(settings[1]["volts"], 1.5, 1e-3, "3 mA of 2 mA for each volt")
    near(settings[0]["volts"], 1, 1e-3)
    ended("config-idle")
    ended("config-wrong", USAGE)
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/lab.conf", "w", encoding="ascii") as file:
            file.write("[capture]\nsamples = 0\n")
        for words in (("--config=lab.conf",), ("--config", "lab.conf"), ("--conf=lab.conf",),
                      ("--co", "lab.conf")):
            for line in ((*words, "x.csv"), ("x.csv", *words)):
                code, said = host("capture", *line, cwd=folder)
                assert code == USAGE and "--samples 0" in said, (line, said)


@test("the configuration file: no undoes a yes before it")
def _():
    with tempfile.TemporaryDirectory() as folder:
        def said_with(text, *words):
            with open(f"{folder}/lab.conf", "w", encoding="ascii") as file:
                file.write(text)
            return host("capture", "--config", "lab.conf", "-n", 10, *words, cwd=folder)

        with open(f"{folder}/x.wav", "wb") as file:
            file.write(b"old")
        code, said = said_with("[all]\nforce = yes\n[capture]\nforce = no\n", "x.wav")
        assert code == FILE and "--force" in said, said
        for text in ("[all]\nforce = yes\n", "[capture]\nforce = no\nforce = yes\n",
                     "[all]\nforce = yes\n[stream]\nforce = no\n"):
            eq(said_with(text, "x.wav")[0], DEVICE, text)
        # the others that have no argument, by what they do not go with
        for name, words in (("json", ("-f", "csv", "-")), ("in-turn", ("-m", "y.csv")),
                            ("average", ("y.wav",)), ("markers", ("y.wav",))):
            eq(said_with(f"[all]\n{name} = yes\n", *words)[0], USAGE, name)
            eq(said_with(f"[all]\n{name} = yes\n[capture]\n{name} = no\n", *words)[0], DEVICE,
               name)
        # the names of others begin alike
        eq(said_with("[capture]\nplay = none.wav\nplot = a.svg\nquiet = yes\nquiet = no\n",
                     "y.wav")[0], FILE)


@test("the configuration file: --samples and --duration of the command line exclude the other")
def _():
    about = answer("config-duration")
    eq((about["samples"], about["rate"]), (20, 2000))
    with tempfile.TemporaryDirectory() as folder:
        for text, words, code in (("duration = 10s", ("-n", 5), DEVICE),
                                  ("samples = 5", ("-t", 10), DEVICE),
                                  ("samples = 5", ("-t", 10, "-n", 5), USAGE),
                                  ("duration = 10s", ("-n", 5, "-t", 10), USAGE),
                                  ("duration = 10s\nsamples = 5", ("-n", 5), DEVICE),
                                  ("duration = 10s\nsamples = 5", (), USAGE)):
            with open(f"{folder}/lab.conf", "w", encoding="ascii") as file:
                file.write(f"[capture]\n{text}\n")
            got, said = host("capture", "--config", "lab.conf", *words, "x.csv", cwd=folder)
            assert got == code, (text, words, said)
            assert code == DEVICE or "--samples and --duration" in said, (text, words, said)


@test("the configuration file: an indented line is one like any other")
def _():
    with tempfile.TemporaryDirectory() as folder:
        def write(text):
            with open(f"{folder}/lab.conf", "w", encoding="utf-8") as file:
                file.write(text)

        # the manual's own example, as it is printed there
        with open(f"{TOP}/man/ced1401.1", encoding="utf-8") as file:
            example = re.search(r"^\[adc 0\]\n.*?(?=^\.Ed)", file.read(), re.M | re.S)[0]
        write(re.sub("^(?=.)", "     ", example, flags=re.M))
        code, said = host("capture", "--config", "lab.conf", "-n", 10, "-C", "1:offset=123456789",
                          "-C", "0:offset=987654321", "x.edf", cwd=folder)
        assert code == USAGE and "range of EMG left, 98765431" in said and "mV:" in said, said
        assert "channels" not in said, said
        write("\t[dac 0]\r\n \tunit = mA ; of the coil\n  scale = 2\n\n   # its end\n")
        code, said = host("dac", "--config", "lab.conf", "0=100", cwd=folder)
        assert code == USAGE and "from -10 to 9.99969 mA" in said, said
        # a value that goes on in the next line is none
        write("[adc 0]\nname = EMG\n  left\n")
        code, said = host("capture", "--config", "lab.conf", "-n", 10, "x.wav", cwd=folder)
        assert code == USAGE and "lab.conf, line 3: this is no" in said, said
        write(f"[capture]\n  plot = {'x' * 150}.png\n")
        eq(host("capture", "--config", "lab.conf", "-n", 10, "x.wav", cwd=folder)[0], DEVICE)
        write(f"[capture]\n  plot = {'x' * 250}.png\n")
        code, said = host("capture", "--config", "lab.conf", "-n", 10, "x.wav", cwd=folder)
        assert code == USAGE and "line 2: it is longer than 198 characters" in said, said


@test("--plot: gnuplot's picture, with names and units")
def _():
    ended("plot")
    with open(path_of("plot", "x.svg"), encoding="utf-8") as file:
        picture = file.read()
    assert picture.startswith("<?xml") and picture.rstrip().endswith("</svg>")
    for word in ("Voice (mV)", "channel 1 (V)", "seconds"):
        assert word in picture, f"no {word} in the picture"
    assert picture.count("<path") + picture.count("<poly") > 10


@test("--plot: names of channels and of the picture are no commands")
def _():
    ended("plot-quoted")
    path = path_of("plot-quoted", "|touch OWNED;`touch OWNED`' $(touch OWNED).svg")
    eq(sorted(os.listdir(path_of("plot-quoted", ""))),
       sorted([os.path.basename(path), "err", "out", "x.wav"]))
    tree = xml.etree.ElementTree.parse(path).getroot()
    words = ["".join(node.itertext()).strip() for node in tree.iter() if node.tag.endswith("text")]
    assert "a`touch OWNED`b'c\"@d_{e}^f\\g $h (%h'`touch OWNED`)" in words, words
    with tempfile.TemporaryDirectory() as folder:
        code, said = host("capture", "-n", 10, "--plot", "x\ny.svg", "x.wav", cwd=folder)
        assert code == USAGE and "no control characters" in said, said


@test("--plot: the README's picture of a voice")
def _():
    eq(answer("picture")["lost"], 0)
    samples = by_sox(path_of("picture", "x.wav"), 1)[:, 0]
    eq(len(samples), len(voice()))
    is_voice(samples, find_voice(samples), "what is in the picture")
    with open(path_of("picture", "x.png"), "rb") as file:
        picture = file.read()
    eq(picture[:8] + picture[12:16], b"\x89PNG\r\n\x1a\nIHDR")
    eq(struct.unpack(">2I", picture[16:24]), (1000, 320))
    assert len(picture) > 10000, "it is empty"


# ----------------------------------------------------------- ended before their end

def read_any(path, kind, channels=2):
    """The samples, by another program than wrote them"""
    if kind == "wav":
        return by_sox(path, channels)
    if kind == "edf":
        samples, _ = by_mne(path)
        same(by_biosig(path)[1][:, :channels], samples, "MNE and save2gdf")
        return samples
    if kind == "csv":
        _, values, _ = by_csv(path)
        return np.rint(values / 5 * 32768).astype(np.int16)
    data = np.fromfile(path, "<i2")
    return data[:len(data) // channels * channels].reshape(-1, channels)


def start_of(path, kind):
    if kind == "wav":
        return utc(re.search(rb"[0-9-]{10}T[0-9:.]+Z", wav_chunks(path)[b"LIST"])[0].decode())
    if kind == "edf":
        whole = datetime.datetime.strptime(edf_header(path)["start"], "%d.%m.%y%H.%M.%S")
        return (whole.replace(tzinfo=datetime.timezone.utc).timestamp() +
                edf_annotations(path)[1])
    if kind == "csv":
        return utc(comments(path)[1].split()[2])
    with open(f"{path}.json", encoding="utf-8") as file:
        return utc(json.load(file)["start"])


for KIND in "wav", "edf", "csv", "raw":
    @test(f"SIGKILL: {KIND} opens in its reader, with all but the last second")
    def _(kind=KIND):
        name, path = f"killed-{kind}", path_of(f"killed-{kind}", f"x.{kind}")
        ended(name, -9)
        samples = read_any(path, kind)
        is_pattern(samples, path)
        moved = step(name)["moved"]
        assert moved > 6000, f"only {moved} samples came"
        assert len(samples) >= moved - 2000, f"{len(samples)} of {moved}"
        assert step(name)["begun"] <= start_of(path, kind) <= step(name)["ended"]

    @test(f"a full disk: {KIND} is whole up to there, and the program says so")
    def _(kind=KIND):
        name, path = f"full-{kind}", path_of(f"full-{kind}", f"x.{kind}")
        assert "the disk is full" in ended(name, FILE)
        about = answer(name, FILE)
        eq(about["ended"], "full")
        samples = read_any(path, kind)
        eq(len(samples), about["samples"], "what it says and what is there")
        # On a machine that stands still for long the 1401 loses some, which it tells
        lost = [loss["position"] for loss in about["losses"]]
        is_pattern(samples[:min(lost, default=len(samples))], path)
        # a record of EDF+ takes up to half a second
        size = os.path.getsize(path)
        room = 65536 - (4096 if kind == "raw" else 0)   # what is known of raw is there, too
        assert room - (17000 if kind == "edf" else 1000) < size <= room, size


@test("SIGKILL: what came of --play and of a sweep is in the file, all but the last second")
def _():
    for name, file, whole in (("killed-play", "x.wav", 30000),
                              ("killed-sweeps", "x-001.edf", 120000)):
        ended(name, -9)
        samples = read_any(path_of(name, file), file[-3:])
        is_pattern(samples, name)
        moved = step(name)["moved"]
        assert moved > 6000 and len(samples) >= moved - 2000, f"{name}: {len(samples)} of {moved}"
        assert len(samples) < whole, f"{name}: it was over already"


@test("Ctrl-C ends a stream: its file is whole, and has all samples")
def _():
    ended("stopped")
    about = answer("stopped")
    eq((about["ended"], about["lost"]), ("stopped", 0))
    samples = by_sox(path_of("stopped", "x.wav"), 2)
    eq(len(samples), about["samples"])
    is_pattern(samples, "x.wav")


@test("Ctrl-C ends a capture early, with status 130; EDF+ says where its samples end")
def _():
    about = answer("stopped-early", SIGNAL)
    eq(about["ended"], "stopped")
    path = path_of("stopped-early", "x.edf")
    samples, _ = by_mne(path)
    assert len(samples) >= about["samples"]
    is_pattern(samples[:about["samples"]], path)
    found = dict((t, onset) for onset, t in edf_annotations(path)[0])
    if len(samples) > about["samples"]:
        near(found["Recording ends"], about["samples"] / 2000, 1e-5)
        rest = samples[about["samples"] - 1:]
        assert (rest == rest[0]).all(), "the last record is filled with the last sample"
    else:
        assert "Recording ends" not in found


@test("lines of standard input are markers: MNE reads them as annotations")
def _():
    about = answer("markers")
    eq(about["markers"], 3)
    path = path_of("markers", "x.edf")
    _, raw = by_mne(path)
    texts = [a["description"] for a in raw.annotations]
    texts = [t for t in texts if t != "Recording ends"]
    eq(texts, [t for t, _ in step("markers")["times"]])
    found = {t: onset for onset, t in edf_annotations(path)[0]}
    for annotation in raw.annotations:
        near(annotation["onset"], found[annotation["description"]], 1e-3, "MNE's onset")
    last = 0
    for name, when in step("markers")["times"]:
        # not before it was written, and before the next
        assert found[name] >= when - utc(about["start"]) - 0.001, (name, found, when)
        assert last <= found[name] <= about["samples"] / 2000
        last = found[name]
    head, _ = by_biosig(path)
    assert len(head.get("EVENT", [])) >= 3, head.get("EVENT")


def counted(name, code=OK):
    """The markers in a step's EDF+, as many as --json says; without capture's own text"""
    about = answer(name, code)
    end = about["samples"] / about["rate"]
    found = [t for onset, t in edf_annotations(path_of(name, "x.edf"))[0]
             if t != "Recording ends" or abs(onset - end) > 1e-5]
    eq(len(found), about["markers"], f"{name}: what it says and what is there")
    eq(len(set(found)), len(found), f"{name}: one twice")
    return found


@test("markers of EDF+: room for many, the last line without its end, and those lost are told")
def _():
    want = {"Recording ends", "last"} | {f"m{i}" for i in range(100)}
    eq(set(counted("markers-many")), want)
    eq(set(t for t in by_mne(path_of("markers-many", "x.edf"))[1].annotations.description), want)
    # a user's marker with capture's own text is not where the samples end
    about = answer("play-markers")
    eq((about["samples"], about["channels"]), (6007, 2))
    found = counted("markers-too-many", LOST)
    said = text("markers-too-many", "err")
    without = int(re.search(r"no room for (\d+) of the annotations", said)[1])
    # what had not been read when it ended is in neither number
    assert 300 < len(found) <= 5002 - without, (len(found), without)
    # in the file while it comes
    ended("killed-markers", -9)
    found = edf_annotations(path_of("killed-markers", "x.edf"))[0]
    eq({t for _, t in found}, want)


@test("a marker that is too long is cut between two characters, and that is told")
def _():
    want = ["short", "x" * 75, "y" * 74, "z" * 75]
    for kind in "csv", "edf":
        eq(ended(f"markers-long-{kind}").count("75 bytes at most"), 1, kind)
    eq(sorted(t for _, t in marks(path_of("markers-long-csv", "x.csv"))), want)
    eq(sorted(t for _, t in edf_annotations(path_of("markers-long-edf", "x.edf"))[0]
              if t != "Recording ends"), want)


@test("a full disk: as many markers as it says are in the file")
def _():
    about = answer("full-markers-csv", FILE)
    found = [t for _, t in marks(path_of("full-markers-csv", "x.csv"))]
    eq(found, [f"m{i}" for i in range(about["markers"])])
    assert len(counted("full-markers-edf", FILE)) > 1


def markers_of(name, frames, rate):
    """The markers in a step's files: (time in UTC, text), and where the files begin"""
    about = answer(name)
    eq(about["lost"], 0, name)
    times, found, starts = step(name)["times"], [], []
    for file in about["files"]:
        path = path_of(name, file)
        starts.append(start_of(path, "csv"))
        here = [(starts[-1] + onset, t) for onset, t in marks(path) if t != "trigger"]
        for at, _ in here:
            assert starts[-1] <= at < starts[-1] + frames / rate, (file, at)
        found += here
    # Not one is missing, and it says how many there are
    eq([t for _, t in found], [f"m{i}" for i in range(len(found))], name)
    eq(about["markers"], len(found), name)
    end = starts[-1] + frames / rate
    eq([at for at, _ in found], sorted(at for at, _ in found), name)
    # not before it was written, if that was before the end
    for (at, _), (before, _) in zip(found, times):
        assert at >= min(before - 0.005, end - 1.5 / rate), (name, at, before)
    missed = [after for _, after in times[len(found):] if after < end - 0.02]
    eq(missed, [], f"{name}: written before {end}, and not there")
    return found, starts


@test("markers are written up to the end, and into the right one of several files")
def _():
    for name, frames, rate, files in (("markers-end", 6000, 2000, 1),
                                      ("markers-split", 1000, 2000, 6),
                                      ("level-markers", 300, 1000, 4)):
        found, starts = markers_of(name, frames, rate)
        eq(len(starts), files, name)
        assert len(found) > 5, (name, found)


@test("a program that sleeps too long: losses are annotated, and the times stay right")
def _():
    about = answer("lost", LOST)
    assert about["lost"] > 0 and about["losses"], about
    path = path_of("lost", "x.edf")
    samples, raw = by_mne(path)
    samples = samples[:about["samples"]]
    notes = [a for a in raw.annotations if a["description"].startswith("lost ")]
    eq(len(notes), len(about["losses"]))
    eq(sum(int(a["description"].split()[1]) for a in notes), about["lost"])
    there = np.ones(len(samples), bool)
    for loss, note in zip(about["losses"], notes):
        near(note["onset"], loss["position"] / about["rate"], 1e-3)
        end = loss["position"] + loss["samples"]
        assert (samples[loss["position"]:end] == samples[loss["position"] - 1]).all()
        there[loss["position"]:end] = False
    # All others are frames of the recording, one behind the other but for the losses. What
    # the 1401 itself lost it tells when it is asked, without the places: each second ...
    positions = np.flatnonzero(there)
    places = places_of(samples[positions])
    jumps = np.count_nonzero((np.diff(places) - 1) % len(pattern()))
    assert jumps, about["losses"]
    # ... and at the end, where it may be missing behind the last frame
    missing = about["samples"] - 1 - positions[-1]
    off = (places[-1] - places[0] - (positions[-1] - positions[0])) % len(pattern())
    assert off in (0, missing % len(pattern())), (off, missing, about["losses"])


@test("the losses of sweeps are told with the sweep that they are in")
def _():
    about = answer("lost-sweep", LOST)
    eq(about["samples"], 300000)
    eq(sum(loss["samples"] for loss in about["losses"]), about["lost"])
    for sweep in 1, 2:
        found, _ = edf_annotations(path_of("lost-sweep", f"x-{sweep:03}.edf"))
        told = [(loss["position"], loss["samples"]) for loss in about["losses"]
                if loss["sweep"] == sweep]
        eq([(round(onset * 50000), int(t.split()[1])) for onset, t in found
            if t.startswith("lost ")], told, sweep)
    assert told, "in the second"
    eq({loss["sweep"] for loss in answer("lost", LOST)["losses"]}, {1})


def by_number(path):
    """Which frame of fake.c each of a CSV's is, by input 1"""
    return np.rint(by_csv(path)[1][:, 1] / 5 * 32768).astype(int)


def except_for(end, at, n):
    return np.concatenate([np.arange(at), np.arange(at + n, end)])


LEVEL = ("-r", "1k", "-c", "0,1", "-n", 50, "--trigger", "level", "-l", "0:0V")


@test("what the 1401 lost is told of the sweep that it is in, though that is over by then")
def _():
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/x.csv"
        # in the last second, after it was asked
        about, _ = fake(folder, "capture", "-r", "1k", "-c", "0,1", "-t", "2900ms", "x.csv",
                        lost="2300:50", code=LOST)
        eq(about["losses"], [{"sweep": 1, "position": 2850, "samples": 50}])
        eq((about["lost"], about["samples"], about["ended"]), (50, 2900, "done"))
        frames = by_number(path)
        same(frames[:2850], except_for(2900, 2300, 50), "what came")
        eq(set(frames[2850:]), {2899}, "filled with the last one")
        eq(marks(path), [(2.85, "lost 50 samples")])
        # more than there is room for
        about, _ = fake(folder, "stream", "-F", "-r", "1k", "-c", "0,1", "-n", 500, "x.csv",
                        lost="205:500", code=LOST)
        eq(about["losses"], [{"sweep": 1, "position": 450, "samples": 500}])
        eq((about["lost"], about["samples"]), (500, 500))
        same(by_number(path), np.append(except_for(950, 205, 500), [949] * 50), "with so many")
        eq(marks(path), [(0.45, "lost 500 samples")])
        # where the ring lost it has its place: what is behind the end is none
        about, _ = fake(folder, "stream", "-F", "-r", "1k", "-c", "0,1", "-n", 500, "x.csv",
                        ring="205:500", code=LOST)
        eq(about["losses"], [{"sweep": 1, "position": 205, "samples": 295}])
        same(by_number(path), np.append(np.arange(205), [204] * 295), "by the ring")
        # a 1401 that answers when all is over
        for more in (), ("--split", "2900ms"):
            about, _ = fake(folder, "capture", "-F", "-r", "1k", "-c", "0,1", "-t", "2900ms",
                            *more, "x.csv", lost="2300:50", deaf="2400:900", code=LOST)
            eq(about["losses"], [{"sweep": 1, "position": 2900, "samples": 50}])
            path = f"{folder}/{about['files'][0]}"
            same(by_number(path), except_for(2950, 2300, 50), "told at the end")
            eq((len(about["files"]), marks(path)), (1, [(2.9, "lost 50 samples")]))


@test("what the 1401 lost in one of several sweeps: that one is filled, or not averaged")
def _():
    more = ("--sweeps", 3, "--interval", "1500ms")
    with tempfile.TemporaryDirectory() as folder:
        about, _ = fake(folder, "capture", *LEVEL, *more, "x.csv", lost="1710:7", code=LOST)
        eq(about["losses"], [{"sweep": 2, "position": 43, "samples": 7}])
        same(by_number(f"{folder}/x-001.csv"), 100 + np.arange(50), "the first")
        same(by_number(f"{folder}/x-002.csv"),
             np.append(1700 + except_for(50, 10, 7), [1749] * 7), "the second")
        same(by_number(f"{folder}/x-003.csv"), 3300 + np.arange(50), "the third")
        about, _ = fake(folder, "capture", *LEVEL, *more, "--average", "x.csv", lost="1710:7",
                        code=LOST)
        eq((about["averaged"], about["lost"], about["ended"]), (3, 7, "done"))
        eq(about["losses"], [{"sweep": 2, "position": 43, "samples": 7}])
        same(by_number(f"{folder}/x.csv"), round((100 + 3300 + 4900) / 3) + np.arange(50),
             "the mean")
        # one of which the 1401 does not say whether it lost some
        about, _ = fake(folder, "capture", "-F", *LEVEL, "--sweeps", 2, "--average", "x.csv",
                        deaf="140:20")
        eq((about["averaged"], about["lost"]), (2, 0))
        same(by_number(f"{folder}/x.csv"), (300 + 500) // 2 + np.arange(50), "without the first")


@test("by memory: samples that the 1401 missed are told, and not averaged, however short it was")
def _():
    with tempfile.TemporaryDirectory() as folder:
        memory = ("--method", "memory")
        about, said = fake(folder, "stream", "-r", "1k", "-c", "0,1", "-n", 500, *memory, "x.csv",
                           missed=400, code=LOST)
        eq((about["samples"], about["ended"]), (500, "error"))
        assert "choose a lower --rate" in said, said
        about, _ = fake(folder, "capture", *LEVEL, "--sweeps", 3, "--average", *memory, "y.csv",
                        missed=200, code=LOST)
        eq((about["averaged"], about["ended"]), (1, "error"))
        same(by_number(f"{folder}/y.csv"), 100 + np.arange(50), "the first alone")


@test("--average: a sweep begun by an event of its own is left out, too, if it lost samples")
def _():
    with tempfile.TemporaryDirectory() as folder:
        for torn, told in (("3:40", [(3, 50, 40)]), ("1:9 2:8", [(1, 50, 9), (1, 50, 8)])):
            about, _ = fake(folder, "capture", "-F", "-r", "1k", "-c", "0,1", "-n", 100,
                            "--sweeps", 6, "--average", "x.csv", torn=torn, code=LOST)
            eq((about["averaged"], about["samples"], about["ended"]), (6, 100, "done"), torn)
            eq(about["lost"], sum(n for _, _, n in told))
            eq([(loss["sweep"], loss["position"], loss["samples"]) for loss in about["losses"]],
               told)
            whole = [k for k in range(6 + len(told)) if f"{k + 1}:" not in torn]
            mean = np.mean([np.arange(100) + 100 * k for k in whole], 0) * 5 / 32768
            near(np.abs(by_csv(f"{folder}/x.csv")[1][:, 1] - mean).max(), 0, 1e-9, torn)
        # without --average it is the end, and its file has what came
        about, _ = fake(folder, "capture", "-r", "1k", "-c", "0,1", "-n", 100, "--sweeps", 6,
                        "y.csv", torn="3:40", code=LOST)
        eq((about["samples"], about["lost"], about["ended"]), (250, 40, "error"))
        same(by_number(f"{folder}/y-003.csv"), 200 + np.arange(50), "its half")


@test("a sweep that the 1401 itself lost samples of: they are told and annotated, also after Ctrl-C")
def _():
    words = ("-r", "1k", "-c", "0,1", "-n", 100, "--sweeps", 6)
    with tempfile.TemporaryDirectory() as folder:
        about, said = fake(folder, "capture", *words, "x.csv", store="3:40", code=LOST)
        eq(about["losses"], [{"sweep": 3, "position": 100, "samples": 40}])
        eq((about["samples"], about["ended"]), (300, "error"))
        assert "lost 40 samples, and does not tell where" in said, said
        assert "after the first" not in said, said
        eq(marks(f"{folder}/x-003.csv"), [(0.1, "lost 40 samples")])
        about, said = fake(folder, "capture", *words, "y.csv", store="2:7", stop=2, code=SIGNAL)
        eq(about["losses"], [{"sweep": 2, "position": 50, "samples": 7}])
        eq((about["samples"], about["ended"]), (150, "stopped"))
        eq(marks(f"{folder}/y-002.csv"), [(0.05, "lost 7 samples")])
        # where the ring lost them it is their place, which is annotated, too
        fake(folder, "capture", *words, "z.csv", torn="1:9", code=LOST)
        eq(marks(f"{folder}/z-001.csv"), [(0.05, "lost 9 samples")])


@test("a 1401 that has the channels in turn alone: the file has the rate that comes of it")
def _():
    rate = 10e6 / 76 / 3
    with tempfile.TemporaryDirectory() as folder:
        for kind in "csv", "edf":
            about, said = fake(folder, "capture", "-r", "44.1k", "-c", "0-2", "-n", 877,
                               f"x.{kind}", turn=1)
            near(about["rate"], rate, 1e-6, kind)
            assert "sampled in turn, at 43.8596 kHz" in said, said
        times = by_csv(f"{folder}/x.csv")[0]
        near(np.abs(times - np.arange(877) / rate).max(), 0, 1e-6, "times")
        # which is what was asked for, and no news
        about, said = fake(folder, "capture", "-F", "-r", "44.1k", "-c", "0-2", "-n", 50,
                           "--in-turn", "x.csv", turn=1)
        near(about["rate"], rate, 1e-6, "--in-turn")
        assert "in turn" not in said, said


@test("--quiet is silent about what goes well, and not about what was lost")
def _():
    with tempfile.TemporaryDirectory() as folder:
        words = ("-q", "-F", "-r", "1k", "-n", 500, "x.wav")
        eq(fake_run(folder, "stream", *words)[1], "")
        _, said = fake_run(folder, "stream", *words, ring="205:50", code=LOST)
        assert re.search(r"x\.wav: 500 samples.*; 50 lost, in 1", said), said


@test("the starts of sweeps follow the computer's clock, where the 1401's goes otherwise")
def _():
    with tempfile.TemporaryDirectory() as folder:
        about, _ = fake(folder, "capture", *LEVEL, "--sweeps", 4, "--interval", 200, "x.csv",
                        ppm=500)
        starts = [start_of(f"{folder}/{file}", "csv") for file in about["files"]]
        # 200 s of the 1401 are a tenth of a second less here, looked at each minute
        for at, start in enumerate(starts):
            near(start - starts[0], at * 200 / 1.0005, 0.04, f"sweep {at + 1}")


@test("play: --hold leaves the outputs as they are, however it ended")
def _():
    with tempfile.TemporaryDirectory() as folder:
        np.arange(100, dtype="<i2").tofile(f"{folder}/x.raw")
        for more, lists, code in (((), {}, OK), ((), {"dry": "1:3"}, LOST),
                                  (("--trigger", "ext"), {}, SIGNAL)):
            _, said = fake(folder, "play", "-r", "1k", *more, "x.raw", code=code, **lists)
            assert "release" not in said, said
            _, said = fake(folder, "play", "-r", "1k", "--hold", *more, "x.raw", code=code,
                           **lists)
            assert "release" in said, said


@test("capture --play: what the DACs had too late is told, and is no loss of the file's")
def _():
    with tempfile.TemporaryDirectory() as folder:
        np.arange(100, dtype="<i2").tofile(f"{folder}/out.raw")
        words = ["--play", "out.raw", "-r", "1k", "-c", "0,1", "-n", 100, "--sweeps", 3]
        about, said = fake(folder, "capture", *words, "x.csv", dry="2:30", code=LOST)
        eq((about["samples"], about["lost"], about["losses"], about["ended"]),
           (200, 0, [], "error"))
        assert "the DACs held a value for 30 samples, as the next came too late" in said, said
        assert "samples were lost" not in said, said
        same(by_number(f"{folder}/x-002.csv"), 100 + np.arange(100), "all of it")
        # What answers to such a stimulus is no part of a mean
        about, said = fake(folder, "capture", *words, "--average", "y.csv", dry="2:30")
        eq((about["averaged"], about["lost"]), (3, 0), said)
        assert "held a value for 30 samples" in said, said


@test("markers stay in their places for minutes after the 1401 lost some")
def _():
    with tempfile.TemporaryDirectory() as folder:
        lines = (5, 30, 70, 110, 140)
        about, _ = fake(folder, "capture", "-r", "1k", "-c", "0,1", "-t", 150, "--markers",
                        "x.csv", lost="10000:2000", lines=" ".join(map(str, lines)), code=LOST)
        eq((about["lost"], about["markers"]), (2000, len(lines)))
        found = [(at, what) for at, what in marks(f"{folder}/x.csv") if what[0] == "m"]
        eq([what for _, what in found], [f"m{i}" for i in range(len(lines))])
        for (at, what), want in zip(found, lines):
            near(at, want, 0.005, what)
        frames = by_number(f"{folder}/x.csv")
        same(frames[15000:], np.arange(15000, 150000) % 32768, "the samples beside them")


# --------------------------------------------------------------- triggers and loops

def looped():
    value = (np.arange(5000) * 37) % 20000 - 10000
    return np.stack([value, -value], 1).astype(np.int16)


@test("capture --play: sample k is taken when value k is put out (loop of DACs to inputs)")
def _():
    for name in ("loop", "loop-ext", "loop-level", "loop-request", "loop-fifo",
                 "loop-memory"):
        ended(name)
        data = np.fromfile(path_of(name, "x.raw"), "<i2").reshape(-1, 2)
        same(data, looped(), f"{name}: a delay of 0 samples")


@test("capture --play of a longer file")
def _():
    for name in "loop-long", "loop-long-ext":
        ended(name)
        data = np.fromfile(path_of(name, "x.raw"), "<i2").reshape(-1, 2)
        same(data, np.tile(looped(), (6, 1)), f"{name}: a delay of 0 samples")


@test("play --trigger level waits for the level, and plays nothing if it does not come")
def _():
    eq((answer("play-level")["samples"], answer("play-level")["ended"]), (5000, "done"))
    assert "trigger did not come" in ended("play-no-level", TIMEOUT)
    eq(answer("play-no-level", TIMEOUT)["samples"], 0)
    # a stream has given the 1401 some by then
    assert "trigger did not come" in ended("play-no-trigger", TIMEOUT)
    eq(answer("play-no-trigger", TIMEOUT)["samples"], 0)


@test("--trigger ext waits for the trigger input")
def _():
    about = answer("ext")
    eq(about["samples"], 300)
    samples = edf_samples(path_of("ext", "x.edf"))
    assert np.abs(samples).max() > 0
    assert "trigger" in [t for _, t in edf_annotations(path_of("ext", "x.edf"))[0]]
    ended("ext-long")
    eq(os.path.getsize(path_of("ext-long", "x.raw")), 30000)
    ended("play-ext")
    assert "trigger did not come" in ended("no-trigger", TIMEOUT)
    about = answer("no-trigger", TIMEOUT)
    eq((about["start"], about["samples"]), (None, 0), "nothing was sampled")
    assert not os.path.exists(path_of("no-trigger", "x.wav"))


def sine(channel, scans):
    return np.rint(16384 * np.sin(2 * np.pi * ((channel + 1) * scans % 100) / 100))


@test("--trigger level begins with the sample that crosses it, --pre before it")
def _():
    answer("level")
    data = edf_samples(path_of("level", "x.edf"))[:200, 0].astype(int)
    level = round(32768 / 5)
    cross = [k for k in range(1, 200) if data[k - 1] < level <= data[k]]
    eq(cross[0], 20, "the first crossing")
    first = next(k for k in range(100) if sine(0, np.array([k]))[0] >= level)
    same(data, sine(0, np.arange(200) + first - 20 + 100), "the sine around it")
    found = [onset for onset, t in edf_annotations(path_of("level", "x.edf"))[0]
             if t == "trigger"]
    near(found[0], 0.02, 1e-5)
    eq(answer("level")["markers"], 0, "a trigger is no marker")
    ended("level-falling")
    data = np.fromfile(path_of("level-falling", "x.raw"), "<i2")
    first = next(k for k in range(1, 100) if sine(0, np.array([k]))[0] <= -level <
                 sine(0, np.array([k - 1]))[0])
    same(data, sine(1, np.arange(150) + first), "input 1, begun by input 0")
    ended("level-average")
    data = run("sox", path_of("level-average", "x.wav"), "-t", "s32", "-L", "-")
    got = np.frombuffer(data, "<i4") / 65536
    near(np.abs(got - sine(0, np.arange(100))).max(), 0, 1 / 256, "average of 3")
    ended("level-none", TIMEOUT)


def scope_says(folder, *arguments):
    """What is on the scope's terminal until it tells its level"""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("4H", 30, 100, 0, 0))
    with subprocess.Popen([f"{BUILD}/fake", "scope", *arguments], cwd=folder, stdin=slave,
                          stdout=slave, stderr=slave, env={**os.environ, "TERM": "xterm",
                                                           "HOME": folder}) as process:
        os.close(slave)
        said = b""
        while not re.search(rb" through \S+ [NV]", said):
            said += os.read(master, 4096)
        process.kill()
    os.close(master)
    return said.decode(errors="replace")


@test("--level is in the input's unit: with a negative scale it rises where the volts fall")
def _():
    ended("level-negative")
    level = round(32768 / 5)
    first = next(k for k in range(1, 100) if sine(0, np.array([k]))[0] <= -level <
                 sine(0, np.array([k - 1]))[0])
    same(np.fromfile(path_of("level-negative", "x.raw"), "<i2"), sine(0, np.arange(150) + first),
         "the sine from where its negative rises through 1 N")
    negative = ("--config", "lab.conf", "--trigger", "level", "-l")
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/lab.conf", "w", encoding="ascii") as file:
            file.write("[adc 0]\nunit = N\nscale = -1\n")
        for direction, samples, begins in (("", "falling", 200), (",falling", "rising", 35)):
            words = (*negative, f"0:1N{direction}")
            fake(folder, "capture", "-F", "-r", "1k", "-c", "0,1", "-n", 50, *words, "x.csv")
            same(by_number(f"{folder}/x.csv"), begins + np.arange(50), direction)
            fake(folder, "capture", "-r", "1k", "-n", 50, "-F", *words, "x.raw")
            for line in (("play", *words, "x.raw"),
                         ("capture", "-F", *words, "--play", "x.raw", "y.raw"),
                         ("capture", "-F", "-n", 50, "--in-turn", *words, "y.raw")):
                _, said = fake(folder, *line)
                assert f"level -{level} {samples} " in said, (line, said)
            # the oscilloscope has it in the unit
            said = scope_says(folder, "-r", "1k", "-c", "0", *words)
            assert f"input 0 {direction[1:] or 'rising'} through 1 N" in said, said


@test("scope: a time base of too few samples is refused")
def _():
    with tempfile.TemporaryDirectory() as folder:
        master, slave = pty.openpty()
        for base, rate, other in (("1ms", "1k", "higher"), ("1900us", "1k", "higher"),
                                  ("2s", "300k", "lower")):
            done = subprocess.run([f"{BUILD}/fake", "scope", "-r", rate, "-b", base], cwd=folder,
                                  stdin=slave, stdout=slave, stderr=subprocess.PIPE, check=False,
                                  timeout=60, env={**os.environ, "TERM": "xterm", "HOME": folder})
            said = done.stderr.decode()
            assert done.returncode == USAGE and "--time-base: " in said, (base, said)
            assert f"choose a {other} --rate" in said, said
        os.close(slave)
        os.close(master)
        # the shortest that is none of these
        assert "2 ms/div" in scope_says(folder, "-r", "1k", "-b", "2ms", "--trigger",
                                      "level", "-l", "0:0V")


@test("--pre is refused where what comes before the level is not sampled")
def _():
    with tempfile.TemporaryDirectory() as folder:
        for more in ("--in-turn",), ("--play", "x.wav"):
            code, said = host("capture", "-n", 10, "--trigger", "level", "-l", "0:1V", "--pre",
                              "5ms", *more, "x.csv", cwd=folder)
            assert code == USAGE and "without --play and --in-turn" in said, said
        eq(os.listdir(folder), [])


@test("what begins with a trigger has it as an annotation, in the first of its files")
def _():
    for i in "001", "002":
        path = path_of("level-csv", f"x-{i}.csv")
        eq(marks(path), [(0, "trigger")], path)
        found, _ = edf_annotations(path_of("level-edf", f"x-{i}.edf"))
        eq([(onset, t) for onset, t in found if t != "Recording ends"], [(0, "trigger")])
    for kind in "csv", "edf":
        eq(answer(f"level-{kind}")["markers"], 0, kind)
    eq(marks(path_of("ext-timeout", "x.csv")), [(0, "trigger")])
    about = answer("loop-split")
    eq(([marks(path_of("loop-split", f)) for f in about["files"]], about["markers"]),
       ([[(0, "trigger")], [], []], 0))


@test("--interval: at least so long from the start of a sweep to that of the next")
def _():
    for name, least in (("level-interval", 0.98), ("interval", 0.7), ("interval-markers", 0.7),
                        ("ext-interval", 0.7)):
        starts = [start_of(path_of(name, file), "csv") for file in answer(name)["files"]]
        eq(len(starts), 3, name)
        assert min(np.diff(starts)) > least - 0.01, (name, starts)
    # The very next crossing behind it
    starts = [start_of(path_of("level-interval", file), "csv")
              for file in answer("level-interval")["files"]]
    near(np.abs(np.diff(starts) - 1).max(), 0, 0.01, "level-interval")


@test("--timeout: however short or long it is, it is no wait for ever")
def _():
    with tempfile.TemporaryDirectory() as folder:
        fake(folder, "capture", "-r", "1k", "-n", 50, "x.wav")
        ext = ("--trigger", "ext")
        for time_of, ms in (("500us", 1), ("1.5", 1500), ("24d", 24 * 86400000),
                            ("30d", 2**31 - 1), ("1e30", 2**31 - 1)):
            for command, *more in (("capture", "-F", "-n", 10, "y.wav"), ("play", "x.wav"),
                                   ("capture", "-F", "--play", "x.wav", "y.wav")):
                _, said = fake(folder, command, *ext, "--timeout", time_of, *more, code=TIMEOUT)
                assert said.startswith(f"{command} {ms} ms\n"), (time_of, said)
            level = ("--trigger", "level", "-l", "0:0V", "--timeout", time_of)
            for command, *more in (("play", "x.wav"),
                                   ("capture", "-F", "--play", "x.wav", "y.wav")):
                _, said = fake(folder, command, *level, *more)
                assert f"level 0 rising {ms} ms\n" in said, (time_of, said)
            _, said = fake(folder, "selftest", "--timeout", time_of)
            eq(said, f"selftest {ms} ms\n", time_of)
        # none is for ever
        _, said = fake(folder, "capture", *ext, "-n", 10, "z.wav", code=SIGNAL)
        assert said.startswith("capture 0 ms\n"), said


@test("--timeout is for each trigger: what takes longer than that succeeds")
def _():
    for name, samples in ("level-timeout", 3000), ("ext-timeout", 8000):
        about = answer(name)
        eq((about["ended"], about["samples"]), ("done", samples), name)
    eq(len(by_sox(path_of("level-timeout", "x.wav"), 1)), 3000)
    is_pattern(read_any(path_of("ext-timeout", "x.csv"), "csv"), "x.csv")
    said = ended("level-timeout-sweeps")
    assert "x-001.wav and others: 3000 samples" in said, said
    for i in range(6):
        eq(len(by_sox(path_of("level-timeout-sweeps", f"x-{i + 1:03}.wav"), 1)), 500, i)


# ---------------------------------------------------------------------- single values

def volts(value, full=5):
    return max(-32768, min(32767, round(value / full * 32768)))


@test("dac sets DACs in volts, and nothing if one is out of range")
def _():
    answer("dac")
    eq(step("dac")["seen"], [volts(1.5), -12000, volts(-0.25), 0])
    said = ended("dac-range", USAGE)
    assert "out of range" in said and "-5 to" in said, said
    eq(step("dac-range")["seen"], volts(1.5), "DAC 0 as it was")


@test("play refuses what is out of a DAC's range, before it puts out anything")
def _():
    with tempfile.TemporaryDirectory() as folder:
        def play(name, data, *arguments):
            with open(f"{folder}/{name}", "wb") as file:
                file.write(data)
            done = subprocess.run([PROGRAM, "play", "-d", "/dev/null", *arguments,
                                   f"{folder}/{name}"], capture_output=True, check=False)
            return done.returncode, done.stderr.decode()

        def floats(*values):
            data = np.array(values, "<f4").tobytes()
            return (b"RIFF" + struct.pack("<I", 36 + len(data)) + b"WAVEfmt " +
                    struct.pack("<IHHIIHH", 16, 3, 1, 1000, 4000, 4, 32) +
                    b"data" + struct.pack("<I", len(data)) + data)

        # what is in range goes on to the device, which is none
        eq(play("x.wav", floats(0, 0.5, 1, -1))[0], DEVICE)
        code, said = play("x.wav", floats(0, 0.5, -1.2))
        assert code == USAGE and "sample 2: out of range" in said, said
        table = b"time (s),x (V)\n0,1.5\n0.001,%g\n"
        eq(play("x.csv", table % 4.99)[0], DEVICE)
        code, said = play("x.csv", table % -5.2)
        assert code == USAGE and "line 3" in said and "out of range" in said, said
        # of a DAC of 10 V, in mA
        eq(play("x.csv", table % -5.2, "-C", "0:full-scale=10")[0], DEVICE)
        eq(play("x.csv", table % 3, "-C", "0:unit=mA,scale=0.5")[0], USAGE)


def raw_of_zeros(path):
    """20000 bytes of one channel at 10 kHz"""
    with open(path, "wb") as file:
        file.write(bytes(20000))
    with open(f"{path}.json", "w", encoding="ascii") as file:
        json.dump({"rate": 10000, "channels": [{}]}, file)


@test("play --method fifo of a file that is too short: it is told, with what to do")
def _():
    with tempfile.TemporaryDirectory() as folder:
        raw_of_zeros(f"{folder}/x.raw")
        code, said = host("play", "x.raw", "--method", "fifo", cwd=folder)
        assert code == USAGE and "32 KiB" in said and "--method memory" in said, said
        # there it is for what is sampled
        eq(host("capture", "--play", "x.raw", "x.wav", "--method", "fifo", cwd=folder)[0],
           DEVICE)
        for repeat in 2, 0:
            eq(host("play", "--method", "fifo", "--repeat", repeat, "x.raw", cwd=folder)[0],
               DEVICE)


@test("play --method memory: what fits into the 1401's memory; what does not is told")
def _():
    eq(answer("play-memory")["samples"], 400000)
    same(played_last("played0.wav", 1, OTHERS)["play-memory"],
         by_sox(path_of("long", "x.wav"), 1), "played")
    said = ended("play-too-long", OF_1401)
    assert "holds 1024 KiB" in said and "are 1200 KiB: leave it out" in said, said
    with tempfile.TemporaryDirectory() as folder:
        raw_of_zeros(f"{folder}/x.raw")
        code, said = host("play", "x.raw", "--method", "memory", "--repeat", 0, cwd=folder)
        assert code == USAGE and "not without end" in said and "leave it out" in said, said
        eq(host("play", "x.raw", "--method", "memory", "--repeat", 2, cwd=folder)[0], DEVICE)


@test("capture --play of a file of another rate: it is told")
def _():
    with tempfile.TemporaryDirectory() as folder:
        raw_of_zeros(f"{folder}/x.raw")
        for rate, word in (("1k", "10 times slower"), ("25k", "2.5 times faster")):
            code, said = host("capture", "-r", rate, "--play", "x.raw", "x.wav", cwd=folder)
            eq(code, DEVICE)
            assert word in said.splitlines()[0], said
        for rate in (), ("-r", "10k"):
            said = host("capture", *rate, "--play", "x.raw", "x.wav", cwd=folder)[1]
            assert "times" not in said, said


@test("dig reads the inputs and sets the outputs")
def _():
    about = answer("dig-in")
    eq(about["value"], 0x8421)
    eq(about["bits"], [0x8421 >> i & 1 for i in range(16)])
    eq(text("dig-in-5", "out"), "1\n")
    eq(text("dig-in-4", "out"), "0\n")
    eq(answer("dig-in-15"), {"bit": 15, "value": 1})
    eq(answer("dig-in-14"), {"bit": 14, "value": 0})
    ended("dig-out")
    eq(step("dig-out")["seen"], 0xa5)
    eq(answer("dig-out-bits"), {"value": 0x1001, "mask": 0x1009})
    eq(step("dig-out-bits")["seen"], 0x1001)


@test("send prints replies, of several lines too, and tells the 1401's errors")
def _():
    ended("send")
    eq(text("send", "out"), "1048576,1048576,0\n33825\n")
    eq(step("send")["seen"], 6)
    about = answer("send-many")
    names = [line.split()[0] for line in about[0]["lines"] if line.strip()]
    assert "ADCMEM" in names and "XSTREAM" in names, names
    eq(about[1]["lines"], ["0,0"])
    assert "no such command" in ended("send-error", OF_1401)
    assert step("send-error")["seen"] != 9, "what follows an error was sent"


@test("info tells of card, 1401, memory and commands; also while it is busy or off")
def _():
    about = answer("info")
    eq((about["device"], about["io"], about["irq"], about["dma"], about["type"]),
       ("/dev/ced1401_2", 0x320, 10, 3, 7))
    eq((about["power"], about["cable"], about["in_use"], about["memory"]),
       (True, True, False, 1048576))
    assert {"name": "ADCBST", "version": "1.0"} in about["commands"]
    said = text("info-text", "out")
    for word in ("/dev/ced1401_2", "0x320-0x327", "interrupt 10", "DMA channel 3",
                 "Power1401", "1048576 bytes", "XPLAY"):
        assert word in said, said
    about = answer("info-busy")
    eq(about["in_use"], True)
    assert "commands" not in about
    about = answer("off-info")
    eq(about["power"], False)


@test("info leaves alone what dac has set")
def _():
    about = answer("info-left")
    eq((about["left"], about["in_use"]), (True, False))
    assert "commands" not in about
    eq(step("info-left")["seen"], volts(1.5))
    eq(answer("info")["left"], False)


@test("selftest and areas")
def _():
    eq(answer("selftest"), {"passed": True, "code": 0, "x": 0, "y": 0})
    eq(text("selftest-code", "out"), "the 1401 is well\n")
    about = answer("areas")
    eq([(a["area"], a["same"]) for a in about["areas"]], [(i, True) for i in range(8)])
    eq(about["session_limit_kb"], 4096)
    ended("areas-root")
    said = text("areas-root", "out")
    eq(said.count(": the same"), 8, said)
    assert "1048576 bytes" in said and "transfers of all programs" in said


@test("exit codes, and messages that say what to do next")
def _():
    assert "fuser" in ended("busy", BUSY)
    said = ended("device-none", DEVICE)
    for word in ("no such device", "io=0x300,0x310,0x320", "/dev/ced1401_2", "dmesg"):
        assert word in said, said
    said = ended("device-group", DEVICE)
    assert "group" in said and "usermod --append --groups" in said, said
    assert "no device of the driver" in ended("device-other", DEVICE)
    said = ended("device-root", DEVICE)
    assert "you may not open it" in said and "Only root may" in said, said
    with open(f"{TOP}/README.md", encoding="utf-8") as file:
        assert f"\n## {re.search('README.md, .(.*?).,', said)[1]}\n" in file.read(), said
    said = ended("selftest-late", TIMEOUT)
    assert "--timeout" in said and "ced1401 selftest" not in said, said
    assert "modprobe ced1401 io=" in ended("device-no-module", DEVICE)
    assert "switched on" in ended("off", DEVICE)


WRONG = {
    "": "COMMAND is missing",
    "frobnicate": "no command frobnicate",
    "capture": "FILE is missing",
    "capture x.wav y.wav": "one argument too many",
    "capture -n 10 x.mp3": "End its name in .wav, .edf, .csv or .raw",
    "capture x.wav": "Give --duration or --samples",
    "capture -r fast -n 10 x.wav": "--rate fast",
    "capture -r 5M -n 10 x.wav": "choose another --rate",
    "capture -c 0,32 -n 10 x.wav": "--channels 0,32",
    "capture -C 0:colour=red -n 10 x.wav": "name, unit, scale, offset and full-scale",
    "capture --trigger level -n 10 x.wav": "needs --level",
    "capture --trigger level --level 0:6V -n 10 x.wav": "cannot have this value",
    "capture --frobnicate x.wav": "frobnicate",
    "capture --average -n 10 x.wav": "needs --sweeps",
    "capture -n 10 --interval 3s x.wav": "--interval needs --sweeps",
    "capture -n 10 --level 0:1V x.wav": "--level goes with --trigger level",
    "capture -n 10 --trigger ext -l 0:1V x.wav": "--level goes with --trigger level",
    "play -l 0:1V x.wav": "--level goes with --trigger level",
    "capture -n 10 -D 1 x.wav": "--dacs goes with --play",
    "capture -n 10 --hold x.wav": "--hold goes with --play",
    "stream --markers x.wav": "choose EDF+ or CSV",
    "capture -n 10 --sweeps 2 --average --markers x.csv": "--average and --markers",
    "capture -n 10 --in-turn --markers x.csv": "--in-turn and --markers",
    "capture -n 10 --sweeps 2 --trigger ext --markers x.csv": "one sweep alone",
    "capture -n 10 --json -f csv -": "standard output",
    "capture -n 10 --plot x.bmp x.wav": ".png or .svg",
    "dac 0=much": "Give a number",
    "dac 8=1V": "from 0 to 7",
    "dac 0=1V 0=2V": "given twice",
    "dac 0=1V 1=5.5V": "out of range",
    "dig sideways": "'in' or 'out'",
    "dig in 16": "from 0 to 15",
    "dig out": "which outputs",
    "scope": "capture --plot",
}


@test("what is wrong with the command line is said, with what would be right")
def _():
    with tempfile.TemporaryDirectory() as folder:
        for line, word in WRONG.items():
            done = subprocess.run([PROGRAM, *line.split()], cwd=folder, capture_output=True,
                                  check=False, stdin=subprocess.DEVNULL)
            said = done.stderr.decode()
            eq(done.returncode, USAGE, f"{line}: {said}")
            assert said.startswith("ced1401") and word in " ".join(said.split()), (line, said)
        done = subprocess.run([PROGRAM, *"capture -n 10 none/x.wav".split()], cwd=folder,
                              capture_output=True, check=False)
        eq(done.returncode, FILE)
        assert b"Choose a folder" in done.stderr, done.stderr
        eq(os.listdir(folder), [])
    with open(f"{TOP}/VERSION", encoding="ascii") as file:
        eq(run(PROGRAM, "--version").decode(), f"ced1401 {file.read().strip()}\n")


@test("a file that any of a series would replace is found before anything is sampled")
def _():
    def capture(folder, *arguments):
        done = subprocess.run([PROGRAM, "capture", "-d", "/dev/null", "-n", "10", *arguments],
                              cwd=folder, capture_output=True, check=False)
        said = done.stderr.decode()
        assert (done.returncode == FILE) == ("there already" in said), said
        return done.returncode, said.split()[1]

    with tempfile.TemporaryDirectory() as folder:
        # what is not in the way goes on to the device, which is none
        for name in "x-012.wav", "x-1002.csv", "x-02.edf", "x-002.edf.json", "x-0003.raw":
            with open(f"{folder}/{name}", "wb"):
                pass
        eq(capture(folder, "--split", "1s", "x.wav"), (FILE, "x-012.wav:"))
        eq(capture(folder, "--split", "1s", f"{folder}/x.csv"), (FILE, f"{folder}/x-1002.csv:"))
        eq(capture(folder, "--sweeps", "12", "x.wav"), (FILE, "x-012.wav:"))
        for free in (("--sweeps", "11", "x.wav"), ("--split", "1s", "x.edf"),
                     ("--split", "1s", "x.raw"), ("--split", "1s", "-F", "x.wav"),
                     ("x.wav",)):
            eq(capture(folder, *free)[0], DEVICE, free)
        with open(f"{folder}/x-7001.raw.json", "wb"):
            pass
        eq(capture(folder, "--split", "1s", "x.raw"), (FILE, "x-7001.raw.json:"))
        eq(capture(folder, "--sweeps", "7000", "x.raw")[0], DEVICE)


@test("the progress line: bar, rate, lost samples, free disk")
def _():
    ended("bar")
    said = step("bar")["text"]
    lines = [line for line in said.split("\r") if "[" in line and "]" in line]
    assert len(lines) >= 3, said
    for word in (r"\[#+\.*\]", r"2 x [\d.]+ k?Hz", r"[\d.]+ k?B/s", r"lost 0", r"free [\d.]+ .B"):
        assert all(re.search(word, line) for line in lines[2:]), (word, lines)
    assert "100%" in lines[-1], lines[-1]


@test("a WAV of more than 4 GiB is an RF64: flac, which has a reader of its own, finds its end")
def _():
    with tempfile.TemporaryDirectory(dir=BUILD) as folder:
        frames = int(run(f"{BUILD}/rf64", f"{folder}/x.wav"))
        assert frames * 16 > 1 << 32
        with open(f"{folder}/x.wav", "rb") as file:
            eq(file.read(4), b"RF64")
        run("flac", "--silent", "--channel-map=none", f"--skip={frames - 1500}", "-o", f"{folder}/x.flac",
            f"{folder}/x.wav")
        data = run("flac", "--silent", "-d", "-c", "--force-raw-format", "--endian=little",
                   "--sign=signed", f"{folder}/x.flac")
    samples = np.frombuffer(data, "<i2")
    eq(len(samples), 1500 * 8)
    same(samples[500 * 8:], np.arange(8000, dtype=np.int16), "the last 1000 frames")
    assert not samples[:500 * 8].any()


# ------------------------------------------------------------------------- the scope

COLUMNS, ROWS = 100, 36
CANVAS = range(1, ROWS - 3)


def view(name):
    lines = text("scope", name).split("\n")
    return [line.ljust(COLUMNS) for line in lines]


def dots(name, lane, lanes):
    """For each column of dots the highest and lowest row with a dot, in one lane"""
    lines = view(name)
    rows = len(CANVAS)
    first, last = rows * lane // lanes + 1, rows * (lane + 1) // lanes
    bits = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
    found = []
    for x in range(2 * COLUMNS):
        column = []
        for row in range(first, last):
            code = ord(lines[1 + row][x // 2]) - 0x2800
            if 0 < code < 256:
                column += [4 * (row - first) + k for k in range(4) if code & bits[x % 2][k]]
        found.append((min(column), max(column)) if column else None)
    return found, 4 * (last - first)


def expect(channel, first, frames, per_division, height):
    """What a sine must look like: the rows of each column of dots"""
    per_dot = frames / (2 * COLUMNS)
    rows = []
    for x in range(2 * COLUMNS):
        a, b = x * per_dot, min((x + 1) * per_dot, frames - 1)
        at = np.concatenate([[a, b], np.arange(math.ceil(a), math.floor(b) + 1)])
        values = np.interp(at, np.arange(frames), sine(channel, first + np.arange(frames)))
        y = (0.5 - values * 5 / 32768 / per_division / 8) * (height - 1)
        rows.append((y.min(), y.max()))
    return rows


def looks_like(name, lane, lanes, channel, first, frames, per_division):
    found, height = dots(name, lane, lanes)
    for x, (want, got) in enumerate(zip(expect(channel, first, frames, per_division, height),
                                        found)):
        assert got, f"{name}: no dot in column {x}"
        # rounding to a row of dots
        assert abs(got[0] - want[0]) <= 0.51 and abs(got[1] - want[1]) <= 0.51, \
            f"{name}: channel {channel}, column {x}: rows {got}, not {want}\n" + \
            "\n".join(view(name))


def first_over(level, falling=False):
    """The scan at which the sine of input 0 crosses a level in volts"""
    value = sine(0, np.arange(0, 201))
    level = level / 5 * 32768
    for k in range(1, 201):
        if (value[k - 1] > level >= value[k]) if falling else (value[k - 1] < level <= value[k]):
            return k
    raise AssertionError("never")


@test("scope: the screen shows what the signal looks like, from the trigger on")
def _():
    eq(step("scope")["code"], OK)
    # 200 frames, of which 20 before the trigger; two lanes
    start = 100 + first_over(0.5) - 20
    looks_like("triggered", 0, 2, 0, start, 200, 2)
    looks_like("triggered", 1, 2, 1, start, 200, 2)
    screen = "\n".join(view("triggered"))
    for word in ("2 x 1 kHz", "HOLD", "normal", ">0 Sine  2000 mV/div", " 1 channel 1  2 V/div",
                 "20 ms/div", "input 0 rising through 500 mV", "lost 0"):
        assert word in screen, f"no {word}:\n{screen}"
    start = 100 + first_over(0.5, True) - 20
    looks_like("falling", 0, 2, 0, start, 200, 2)


@test("scope: time base, range, cursors, trigger, overlay and help by keys")
def _():
    assert "10 ms/div" in "\n".join(view("faster"))
    assert " run " in view("running")[0]
    # the cursors are a quarter and three quarters of 199 frames
    line = next(l for l in view("cursors") if "B-A" in l)
    start = 100 + first_over(0.5, True) - 20
    a, b = round(0.25 * 199), round(0.75 * 199)
    values = [sine(0, np.array([start + k]))[0] * 5 / 32768 * 1000 for k in (a, b)]
    for word in (f"A {a - 20} ms {values[0]:.4g} mV", f"B {b - 20} ms {values[1]:.4g} mV",
                 f"B-A {b - a} ms {values[1] - values[0]:.4g} mV", f"{1000 / (b - a):.5g} Hz"):
        assert word in line, f"no {word}: {line}"
    assert "┃" in "\n".join(view("cursors"))
    line = next(l for l in view("moved") if "B-A" in l)
    b = round(0.65 * 199)
    assert f"B-A {b - a} ms" in line, line
    assert ">0 Sine  1000 mV/div" in "\n".join(view("range"))
    looks_like("range", 0, 2, 0, start, 200, 1)
    assert "0 Sine" in view("overlay")[1] and "1 channel 1" in view("overlay")[1]
    assert "run  free" in view("free")[0] and "run  auto" in view("auto")[0]
    assert "hold, go on" in "\n".join(view("help"))


def picture_of_scope():
    """The picture of its screen, as a file"""
    path = f"{BUILD}/scope.svg"
    run("/usr/bin/python3", "-B", f"{TOP}/tests/tools/picture.py",
        f"{RESULTS}/scope/coloured", path)
    return path


@test("scope: the README's picture has the screen's words and dots")
def _():
    tree = xml.etree.ElementTree.parse(picture_of_scope()).getroot()
    screen = "\n".join(view("cursors"))
    words = [node.text for node in tree if node.tag.endswith("text")]
    eq(sorted(words), sorted(re.sub("[\u2800-\u28ff]", " ", screen).split()))
    dots = sum(bin(ord(c) - 0x2800).count("1") for c in screen if "\u2800" <= c < "\u2900")
    eq(sum(node.get("d").count("M") for node in tree if node.tag.endswith("path")), dots)
    colours = {node.get("stroke") for node in tree if node.tag.endswith("path")}
    eq(len(colours), 2, "each channel has its colour")


# Not of those that "make pictures" runs before it has drawn it anew
@test("scope: docs/scope.svg is that picture (else: make pictures)")
def _():
    with open(picture_of_scope(), encoding="utf-8") as drawn, \
            open(f"{TOP}/docs/scope.svg", encoding="utf-8") as kept:
        assert kept.read() == drawn.read(), f"it shows another screen than {BUILD}/scope.svg"


# ------------------------------------------------------------- help, manual, completions

def options():
    lines = run(PROGRAM, "--options").decode().splitlines()
    return [line.split("\t") for line in lines]


@test("--help of each command has all its options, with their texts")
def _():
    commands = sorted({line[0] for line in options()})
    eq(len(commands), 10)
    for command in commands:
        said = " ".join(run(PROGRAM, command, "--help").decode().split())
        for name, option, letter, argument, about in options():
            if name == command and option:
                assert option in said and " ".join(about.split()) in said, (option, said)
                if letter:
                    assert f"-{letter}," in said, letter


@test("docs/command.md has each command, and the exit codes that --help tells")
def _():
    with open(f"{TOP}/docs/command.md", encoding="utf-8") as file:
        page = file.read()
    for name in commands_of():
        assert re.search(rf"^\| .*`{name}[ `]", page, re.M), f"no {name}"
    for word in set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", page)):
        assert word in {line[1] for line in options()} | {"--help"}, f"there is no {word}"
    said = " ".join(run(PROGRAM, "--help").decode().split())
    told = re.findall(r"(?:: |; )(\d+) ", said[said.index("Exit status"):])
    eq(told, re.findall(r"^\| (\d+) \|", page, re.M))
    eq([int(code) for code in told],
       [OK, FAILED, USAGE, DEVICE, BUSY, OF_1401, LOST, FILE, TIMEOUT, SIGNAL])


def options_of(command):
    return {line[1] for line in options() if line[0] == command and line[1]}


def commands_of():
    return sorted({line[0] for line in options()})


def bash_completes(lines):
    """What bash offers for each of these lists of words, in one shell"""
    script = f"source {TOP}/build/tools/ced1401.bash\n"
    for words in lines:
        script += (f"COMP_WORDS=(ced1401 {' '.join(repr(word) for word in words)})\n"
                   f"COMP_CWORD={len(words)}\n_ced1401\necho ${{COMPREPLY[@]}}\n")
    return [line.split() for line in run("bash", "-c", script).decode().split("\n")[:-1]]


def fish_completes(lines):
    script = f"source {TOP}/build/tools/ced1401.fish\n"
    for words in lines:
        script += f"complete -C '{' '.join(('ced1401', *words))}'\necho\n"
    with tempfile.TemporaryDirectory() as home:
        out = run("fish", "--no-config", "-c", script,
                  env={"HOME": home, "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}).decode()
    return [[line.split("\t")[0] for line in part.split("\n") if line]
            for part in out.split("\n\n")[:len(lines)]]


def zsh_completes(lines):
    """What zsh lists on a terminal when Tab is pressed"""
    with tempfile.TemporaryDirectory() as home:
        env = {"HOME": home, "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "SHELL": "/bin/sh"}

        def tmux(*arguments):
            return run("tmux", "-S", f"{home}/t", "-f", "/dev/null", *arguments, env=env).decode()

        def see(wanted):
            """The screen, once it is as it is wanted and does not change any more"""
            last = None
            for _ in range(600):
                now = tmux("capture-pane", "-p")
                if wanted(now) and now == last:
                    return now
                last = now
                time.sleep(0.1)
            raise AssertionError(f"zsh's screen:\n{last}")

        with open(f"{home}/.zshrc", "w", encoding="utf-8") as file:
            file.write(f"autoload -Uz compinit; compinit -u -D; LISTMAX=1000\n"
                       f"source {TOP}/build/tools/ced1401.zsh\nPS1='READY '\n")
        tmux("new-session", "-d", "-x", "200", "-y", "100", "zsh -d -i")
        found = []
        try:
            for words in lines:
                see(lambda now: now.rstrip().endswith("READY"))
                tmux("send-keys", "-l", " ".join(("ced1401", *words)) + "\t\t")
                found.append(see(lambda now: len(now.strip().splitlines()) > 1).split())
                # Commands of zsh's own: a signal comes amid whatever it does
                tmux("send-keys", "C-u")
                tmux("send-keys", "C-l")
        finally:
            tmux("kill-server")
        return found


for SHELL, COMPLETES in (("bash", bash_completes), ("fish", fish_completes),
                         ("zsh", zsh_completes)):
    @test(f"{SHELL} completes commands, each option of each command, and words")
    def _(completes=COMPLETES):
        names = commands_of()
        lines = [("",), ("capture", "--trigger", "")] + [(name, "--") for name in names]
        commands, words, *all_options = completes(lines)
        assert set(names) <= set(commands), (names, commands)
        assert {"now", "ext", "level"} <= set(words), words
        eq(len(all_options), len(names))
        every = {line[1] for line in options() if line[1]}
        for name, found in zip(names, all_options):
            found = {word.rstrip("=") for word in found}
            eq(options_of(name) - found, set(), f"{name} lacks")
            eq((every - options_of(name)) & found, set(), f"{name} has not")


@test("each completion file is what the program prints, and no other shell has any")
def _():
    for shell in "bash", "zsh", "fish":
        with open(f"{TOP}/build/tools/ced1401.{shell}", "rb") as file:
            eq(file.read(), run(PROGRAM, "--completion", shell))
    assert subprocess.run([PROGRAM, "--completion", "csh"], capture_output=True,
                          check=False).returncode == USAGE


# ------------------------------------------------------------------------------- TAP

def main():
    failed = 0
    tests = [test for test in TESTS if not sys.argv[3:] or
             any(word in test[0] for word in sys.argv[3:])]
    print("TAP version 13")
    for number, (name, function) in enumerate(tests, 1):
        try:
            function()
            print(f"ok {number} - {name}")
        except Exception as error:                  # each test is told, whatever it raised
            failed += 1
            print(f"not ok {number} - {name}")
            more = traceback.format_exc()
            if isinstance(error, subprocess.CalledProcessError):
                more += (error.stderr or b"").decode(errors="replace")
            for line in more.splitlines()[-60:]:
                print(f"# {line}")
        sys.stdout.flush()
    print(f"1..{len(tests)}")
    return failed > 0


sys.exit(main())
