# SPDX-License-Identifier: GPL-2.0-or-later
"""picture.py SCREEN SVG: draws a terminal's screen, as tmux capture-pane -e -p gives it.

Each word has its own place, and braille's dots are drawn as dots: what a viewer's font
makes of them does not matter.
"""
import re
import sys
from xml.sax.saxutils import escape

WIDTH, HEIGHT, BASE = 9, 18, 14          # of a cell, and where its characters stand
COLOURS = ["#202428", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2",
           "#d0d4d8"]
BACK, FORE, DIM = COLOURS[0], COLOURS[7], "#707880"
DOTS = (0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80)


def cells(screen):
    """The screen's lines: of each character what it is, and its colour"""
    lines, colour, dim = [[]], FORE, False
    for codes, character in re.findall(r"\x1b\[([0-9;]*)m|([^\x1b])", screen):
        if character == "\n":
            lines.append([])
        elif character:
            lines[-1].append((character, DIM if dim and colour == FORE else colour))
        for code in map(int, (codes or "0").split(";") if not character else ()):
            if code == 0:
                colour, dim = FORE, False
            elif code == 39:
                colour = FORE
            elif 30 <= code <= 37:
                colour = COLOURS[code - 30]
            elif code in (2, 22):
                dim = code == 2
    return lines


def draw(screen):
    lines = cells(screen.rstrip("\n"))
    width, height = max(map(len, lines)) * WIDTH + 20, len(lines) * HEIGHT + 20
    words, dots = [], {}
    for row, line in enumerate(lines):
        before = " ", None
        for column, (character, colour) in enumerate(line):
            x, y = 10 + column * WIDTH, 10 + row * HEIGHT
            bits = ord(character) - 0x2800
            if 0 <= bits < 256:
                dots.setdefault(colour, []).extend(
                    f"M{x + 2.25 + 4.5 * k:g} {y + 2.25 + 4.5 * i:g}h0"
                    for i, pair in enumerate(DOTS) for k, bit in enumerate(pair) if bits & bit)
                character = " "
            elif character != " " and before[0] != " " and before[1] == colour:
                words[-1][-1].append(character)
            elif character != " ":
                words.append((x, y + BASE, colour, [character]))
            before = character, colour
    svg = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
           f' font-family="DejaVu Sans Mono, monospace" font-size="15">',
           f'<rect width="{width}" height="{height}" rx="6" fill="{BACK}"/>']
    svg += [f'<text x="{x}" y="{y}" fill="{colour}">{escape("".join(word))}</text>'
            for x, y, colour, word in words]
    for colour, places in dots.items():
        svg.append(f'<path stroke="{colour}" stroke-width="3.4" stroke-linecap="round"'
                   f' d="{"".join(places)}"/>')
    return "\n".join(svg + ["</svg>", ""])


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        picture = draw(file.read())
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        file.write(picture)


if __name__ == "__main__":
    main()
