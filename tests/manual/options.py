# SPDX-License-Identifier: GPL-2.0-or-later
"""The options of ced1401(1), a line each: COMMAND tab LETTER tab --OPTION tab ARGUMENT.

options.py help COMMAND < (what COMMAND --help says; COMMAND is empty for ced1401 itself)
options.py manual < (man/ced1401.1)

Every command's --help, --usage and --version are left out: argp makes them.
"""
import re
import sys

OF_ARGP = ("--help", "--usage", "--version")


def of_help(command):
    for line in sys.stdin:
        match = re.match(r"  (?:-(.), )? *(--[a-z-]+)(?:=(\S+))?(?: |$)", line)
        if match and match[2] not in OF_ARGP:
            yield command, match[1] or "", match[2], match[3] or ""


def commands_of(words, every):
    if words.startswith("all but "):
        return [each for each in every if each not in words[8:].split(", ")]
    return every if words == "all" else words.split(", ")


def of_manual():
    text = sys.stdin.read()
    every = re.findall(r"^\.It Cm ([a-z]+)", re.search(
        r"^\.Ss Commands$.*?^\.Sh ", text, re.M | re.S)[0], re.M)
    options = re.search(r"^\.Sh OPTIONS$.*?^\.Sh (?!OPTIONS)", text, re.M | re.S)[0]
    for letter, name, argument, words in re.findall(
            r"^\.It (?:Fl (\S+) , )?Fl Fl ([a-z-]+)(?: Ns = Ns Ar (\S+))?\n(?:\.Pq (.*)\n)?",
            options, re.M):
        if "--" + name in OF_ARGP:
            continue
        for command in commands_of(words, every) if words else [""]:
            yield command, letter, "--" + name, argument


for found in of_help(sys.argv[2]) if sys.argv[1] == "help" else of_manual():
    print("\t".join(found))
