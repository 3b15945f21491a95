#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
figures.py table RESULTS OUT: a table of what was measured, and the same as JSON and as
pictures.
figures.py write RESULTS DOCUMENT: the same into docs/performance.md, between its marks.
figures.py check RESULTS DOCUMENT: TAP; see tests/bench/run.

RESULTS has a folder for each guest, with a file "figures" of lines "figure NAME VALUE
UNIT". A figure that several guests have measured, or one guest several times, is the
median of all; where memory is taken, the least.
"""
import json
import re
import statistics
import subprocess
import sys
from pathlib import Path

WORSE = 1.03
# Figures in a guest that has no -icount are of another kind
REALTIME = "realtime"
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
PROFILES = (
    ("steps", "Where the instructions of a call are, by function, of a session that keeps as "
     "many\ntransfers as it can (`tests/bench/steps.py`)"),
    ("profile", "The same of START, STOP, and a block that is asked for, awaited and asked "
     "about, as\n`perf record -e cpu-clock` sees it"),
)
GROWING = ("start", "status", "poll", "wake", "served")
SIZES = (4, 16, 64, 256, 1024)


class Ratio:
    """
    What is measured against what, and how much more it may be at most. Whole: what was counted,
    if the value is what is left of it without another count.
    """

    def __init__(self, name, value, against, goal, meaning, whole=None):
        self.name = name
        self.value = value
        self.against = against
        self.goal = goal
        self.meaning = meaning
        self.whole = whole

    @property
    def ratio(self):
        """As it is; against nothing, nothing is 1."""
        if not self.against:
            return 1.0 if not self.value else float("inf")
        return self.value / self.against

    @property
    def reached(self):
        """Whether the goal is, if there is one."""
        return self.goal is None or self.ratio <= self.goal

    def is_worse(self, before):
        """By more than 3 % of what was counted: a difference has the noise of all of it."""
        count = before if self.whole is None else self.whole / self.against
        return self.ratio > before + (WORSE - 1) * count


class Figures:
    """All that was measured: values and unit by name."""

    def __init__(self, results):
        self.values = {}
        self.units = {}
        for path in sorted(results.glob("*/figures")):
            for line in path.read_text().splitlines():
                words = line.split()
                if len(words) == 4 and words[0] == "figure":
                    self.enter(path.parent.name, words[1], float(words[2]), words[3])

    def enter(self, guest, name, value, unit):
        """One line of a program's."""
        if guest == REALTIME:
            name = "real." + name
            unit = unit.replace("instructions", "ns")
        self.values.setdefault(name, []).append(value)
        self.units[name] = unit

    def __contains__(self, name):
        return name in self.values

    def __getitem__(self, name):
        # How far the kernel has to go for memory is not the driver's doing
        if name.startswith("map."):
            return min(self.values[name])
        return statistics.median(self.values[name])

    def spread(self, name):
        """How far the rounds lie apart, of their median."""
        low, high = min(self.values[name]), max(self.values[name])
        return (high - low) / self[name] if self[name] else 0.0

    def names(self, start="", unit=None):
        """Those that begin so, in the order of their names."""
        return sorted(name for name in self.values if name.startswith(start) and
                      (unit is None or self.units[name] == unit))


def latencies(fig):
    """From START to DMAEN, from the interrupt to the program."""
    if "start.driver" not in fig or "syscall" not in fig:
        return
    call = fig["syscall"]
    for name in ("start.driver.first", "start.driver"):
        yield Ratio(name, fig[name], 1.5 * fig["start.floor"] + call, 1.0,
                    "START to DMAEN : 1.5 floors and a system call")
    for name in ("wake.driver.poll", "wake.driver.wait"):
        yield Ratio(name, fig[name], 1.5 * fig["wake.floor"] + call, 1.0,
                    "interrupt to return : 1.5 floors and a system call")
    yield Ratio("wake.driver.poll:uio", fig["wake.driver.poll"], fig["wake.uio.poll"], None,
                "interrupt to poll's return : UIO's")


def blocks(fig):
    """A MiB in the user's memory, by the driver's several ways, and by its peers."""
    if "block.mapped" not in fig:
        return
    for name in ("block.ced.mapped", "block.ced.copied"):
        yield Ratio(name, fig[name], fig["block.mapped"], None,
                    "a MiB by CED's ABI : by mapping")
    yield from peers(fig)


def peers(fig):
    """Each peer against this driver in the same guest: a block, and a stream's ring."""
    for name in fig.names("peer.", "instructions/MiB"):
        guest = "peer.i386." if name.startswith("peer.i386.") else "peer."
        ours, short = guest + "ced1401", name[len(guest):]
        if "ced1401" in name or name.endswith((".net", ".generator", ".painter")):
            continue
        if ours + ".block" in fig:
            yield Ratio("block:" + name, fig[ours + ".block"], fig[name], 1.0,
                        "a MiB in blocks by mapping : this peer")
        if short.startswith(("dummy", "sb16")) and ours + ".ring.audio" in fig:
            yield Ratio("ring:" + name, fig[ours + ".ring.audio"], fig[name], None,
                        "a MiB of a stream of this rate by mapping : this peer")


def memory(fig):
    """Buffers against anonymous memory."""
    for name in fig.names("read.ratio.") + fig.names("real.read.ratio."):
        yield Ratio(name, fig[name], 1.0, 1.02, "reading a mapped buffer : anonymous memory")
    if "read.uncached" in fig:
        yield Ratio("read.uncached", fig["read.uncached"], 0.0, 1.0,
                    "pages that are not cached : none")
    for size in SIZES:
        if f"map.driver.{size}KiB" in fig:
            yield Ratio(f"map.{size}KiB", fig[f"map.driver.{size}KiB"],
                        fig[f"map.anon.{size}KiB"], None,
                        "mmap, touch, FREE : anonymous memory's")


def growth(fig):
    """64 of something against one."""
    for kind in ("sessions", "buffers", "used"):
        if f"growth.{kind}.start.64" not in fig:
            continue
        for what in GROWING:
            name = f"growth.{kind}.{what}"
            yield Ratio(name, fig[name + ".64"], fig[name + ".1"], 1.1, "with 64 : with one")
        # Less what the kernel takes for any mapping among so many
        new = [fig[f"growth.{kind}.mmap.{n}"] - fig[f"growth.{kind}.again.{n}"]
               for n in (64, 1)]
        yield Ratio(f"growth.{kind}.mmap", new[0], new[1], 1.1, "with 64 : with one",
                    whole=fig[f"growth.{kind}.mmap.64"])


def ratios(fig):
    """All of them that the figures give."""
    for part in (latencies, blocks, memory, growth):
        yield from part(fig)


def number(value):
    """As people write it."""
    if value != int(value) and abs(value) < 1000:
        return f"{value:.3f}"
    return f"{value:.0f}"


def share(value):
    """A ratio, as exactly as three per cent of it need."""
    return f"{value:.3f}" if value >= 0.1 else f"{value:.3g}"


def ratio_rows(fig):
    """The rows of the table of ratios, header first."""
    yield ("ratio", "measured", "against", "is", "at most", "what")
    for each in ratios(fig):
        goal = "" if each.goal is None else f"{each.goal:g}"
        yield (each.name, number(each.value), number(each.against), share(each.ratio),
               goal if each.reached else goal + " missed", each.meaning)


def figure_rows(fig):
    """The rows of the table of figures, header first."""
    yield ("figure", "median", "unit", "spread")
    for name in fig.names():
        yield (name, number(fig[name]), fig.units[name], f"{100 * fig.spread(name):.2f} %")


def as_text(rows):
    """Columns for a terminal."""
    rows = list(rows)
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()


def as_markdown(rows):
    """A table of the document's."""
    rows = list(rows)
    for i, row in enumerate(rows):
        yield "| " + " | ".join(row) + " |"
        if not i:
            yield "|" + "---|" * len(row)


def section(fig, results):
    """What the document has between its marks."""
    lines = ["", "`make bench` made these. Ratios:", "", *as_markdown(ratio_rows(fig)),
             "", "Figures, with how far the rounds lie apart:", "",
             *as_markdown(figure_rows(fig)), ""]
    for name, about in PROFILES:
        path = results / name / "profile"
        if path.exists():
            lines += [about + ":", "", "```", *path.read_text().rstrip().splitlines(), "```", ""]
    return "\n".join(lines)


def draw(out, name, title, script):
    """One picture, by gnuplot."""
    head = f"""set terminal pngcairo size 800,500
set output "{name}.png"
set title "{title}"
set grid
"""
    subprocess.run(["gnuplot"], input=head + script, text=True, cwd=out, check=True)


def plot(rows):
    """Data for gnuplot, in the script itself."""
    return "\n".join(" ".join(str(cell) for cell in row) for row in rows) + "\ne\n"


def draw_all(fig, out):
    """Pictures of what was measured."""
    names = [f"growth.used.{what}" for what in GROWING if f"growth.used.{what}.1" in fig]
    if names:
        draw(out, "growth", "cost of an operation, by buffers of the session",
             'set logscale x 2\nset xlabel "buffers"\nset ylabel "instructions"\n'
             "set yrange [0:]\nplot " +
             ", ".join(f'"-" with linespoints title "{name.split(".")[2]}"'
                       for name in names) + "\n" +
             "".join(plot((n, fig[f"{name}.{n}"]) for n in (1, 8, 64)) for name in names))
    if "map.driver.4KiB" in fig:
        draw(out, "mapping", "mmap, touch and free",
             'set logscale xy\nset xlabel "KiB"\nset ylabel "instructions"\n'
             'set key left\nplot "-" with linespoints title "a buffer", '
             '"-" with linespoints title "anonymous memory"\n' +
             "".join(plot((size, fig[f"map.{who}.{size}KiB"]) for size in SIZES)
                     for who in ("driver", "anon")))
    names = [name for name in fig.names(unit="instructions/MiB")
             if not name.endswith((".net", ".generator", ".painter"))]
    if names:
        draw(out, "delivered", "instructions for a MiB in the user's memory",
             "set logscale x\nset style fill solid 0.6\nset boxwidth 0.6\nunset key\n"
             f"set yrange [-0.6:{len(names) - 0.4}]\nset lmargin 32\n"
             'plot "-" using (0.5*$2):1:(0.5*$2):(0.3):yticlabels(3) with boxxyerrorbars\n' +
             plot((i, fig[name], f'"{name}"') for i, name in enumerate(names)))


def table(results, out):
    """make bench."""
    fig = Figures(results)
    text = "\n".join([*as_text(figure_rows(fig)), "", *as_text(ratio_rows(fig))])
    (out / "table.txt").write_text(text + "\n")
    print(text)
    (out / "bench.json").write_text(json.dumps({
        "figures": {name: {"median": fig[name], "unit": fig.units[name],
                           "values": fig.values[name]} for name in fig.names()},
        "ratios": {each.name: {"value": each.value, "against": each.against,
                               "ratio": each.ratio, "goal": each.goal,
                               "reached": each.reached} for each in ratios(fig)},
    }, indent=1) + "\n")
    draw_all(fig, out)
    return 0


def write_section(results, document):
    """make bench, for the document."""
    text = document.read_text()
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    document.write_text(before + BEGIN + "\n" + section(Figures(results), results) + END +
                        after)
    return 0


def documented(document):
    """
    The ratios that the document's figures have, by name, and those said to miss their goal.
    Not the ratio as it stands there: of a small one three decimals are not enough to see 3 %.
    """
    found, missed = {}, set()
    for line in document.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("| ").split("|")]
        if len(cells) == 6 and re.fullmatch(r"[0-9.]+|inf", cells[3]):
            found[cells[0]] = Ratio(cells[0], float(cells[1]), float(cells[2]), None, "").ratio
            if cells[4].endswith("missed"):
                missed.add(cells[0])
    return found, missed


def check(results, document):
    """make bench-check."""
    fig = Figures(results)
    before, missed = documented(document)
    lines, failed = [], 0
    for each in ratios(fig):
        good, trouble = each.reached or each.name in missed, []
        if not each.reached:
            trouble.append(f"the goal is {each.goal:g}" + (", as is known" if good else ""))
        if each.name not in before:
            trouble.append("it does not stand in the document")
            good = False
        elif each.is_worse(before[each.name]):
            trouble.append(f"it was {share(before[each.name])}")
            good = False
        failed += not good
        lines.append(f"{'ok' if good else 'not ok'} {len(lines) + 1} - {each.name}: "
                     f"{number(each.value)} : {number(each.against)} = {share(each.ratio)}"
                     f"{'; ' if trouble else ''}{', '.join(trouble)}")
    print("TAP version 13", *lines, f"1..{len(lines)}", sep="\n")
    for line in as_text(figure_rows(fig)):
        print("#", line)
    return 1 if failed or not lines else 0


def main():
    """By the first argument."""
    if len(sys.argv) == 4 and sys.argv[1] == "table":
        return table(Path(sys.argv[2]), Path(sys.argv[3]))
    if len(sys.argv) == 4 and sys.argv[1] == "write":
        return write_section(Path(sys.argv[2]), Path(sys.argv[3]))
    if len(sys.argv) == 4 and sys.argv[1] == "check":
        return check(Path(sys.argv[2]), Path(sys.argv[3]))
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
