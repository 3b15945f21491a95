# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads the kernel-doc comments of a header, for scripts/manuals and the book.

read(path) gives a Header. Its sections are what stands between the lines

    /* ------------ title */

(a header without such lines has one section, without a title), and their items are, in
the header's order: functions, structures, types of callbacks, and groups of macros with
the comment before them. What a comment says is a list of paragraphs, each a string, or a
list of lines to be shown as they are: those that are indented.
"""
from __future__ import annotations

import pathlib
import re
import textwrap
from dataclasses import dataclass, field

Paragraph = "str | list[str]"


@dataclass
class Macro:
    """A #define: its text without "#define", and what is said behind it."""

    name: str
    text: str
    about: str


@dataclass
class Item:
    """kind is "function", "struct", "callback", "handle" or "macros"."""

    kind: str
    name: str
    brief: str = ""
    parameters: list[tuple[str, str]] = field(default_factory=list)
    body: list = field(default_factory=list)
    declaration: str = ""
    macros: list[Macro] = field(default_factory=list)

    def result_and_arguments(self) -> tuple[str, list[str]]:
        """Of a function or a callback: "int", ["unsigned int number", ...]."""
        text = re.sub(r"\s*CED1401L_PRINTF\(.*?\)$", "", self.declaration)
        text = re.sub(r"^typedef ", "", text)
        match = re.match(r"(.*?)\b" + re.escape(self.name) + r"\((.*)\)$", text)
        if not match:
            raise ValueError(f"no declaration of {self.name}: {text}")
        arguments = [] if match[2] == "void" else re.split(r", (?![^(]*\))", match[2])
        return match[1].strip(), arguments

    def fields(self) -> list[tuple[str, str]]:
        """Of a structure: (name, declaration) of each field."""
        inside = self.declaration[self.declaration.index("{") + 1:
                                  self.declaration.rindex("}")]
        inside = re.sub(r"/\*.*?\*/", "", inside, flags=re.S)
        found = []
        for each in inside.split(";"):
            text = " ".join(each.split())
            if text:
                found.append((re.search(r"(\w+)(\[.*\])?$", text)[1], text))
        return found


@dataclass
class Section:
    title: str
    items: list[Item] = field(default_factory=list)


@dataclass
class Header:
    about: list
    sections: list[Section]


def paragraphs(lines: list[str]) -> list:
    """Text that is not indented is filled; what is, stays as it is."""
    found: list = []
    kind = ""
    for line in lines:
        now = "" if not line.strip() else "literal" if line[0] in "\t " else "text"
        if not now:
            if kind == "literal":
                found[-1].append("")
            kind = "literal" if kind == "literal" else ""
            continue
        if now == "literal" and kind == "literal":
            found[-1].append(line)
        elif now == "literal":
            found.append([line])
        elif kind == "text":
            found[-1] += " " + line.strip()
        else:
            found.append(line.strip())
        kind = now
    for index, each in enumerate(found):
        if isinstance(each, list):
            while not each[-1]:
                each.pop()
            found[index] = textwrap.dedent("\n".join(
                line.expandtabs(8) for line in each)).split("\n")
    return found


def comment_lines(comment: str) -> list[str]:
    """A comment's text, without its stars."""
    inside = re.sub(r"^/\*\*?|\*/$", "", comment.strip())
    return [re.sub(r"^\s*\* ?", "", line).rstrip() if number else line.strip()
            for number, line in enumerate(inside.split("\n"))]


def split_doc(lines: list[str]) -> tuple[str, str, list[tuple[str, str]], list]:
    """Name, brief, parameters and body of a kernel-doc comment."""
    while lines and not lines[0].strip():
        lines = lines[1:]
    match = re.match(r"(?:struct )?(\w+) - (.*)", lines[0])
    if not match:
        return "", "", [], paragraphs(lines)
    name, brief, rest = match[1], match[2].strip(), lines[1:]
    while rest and rest[0].strip() and not rest[0].startswith("@"):
        brief += " " + rest.pop(0).strip()
    parameters: list[tuple[str, str]] = []
    while rest and (rest[0].startswith("@") or (parameters and rest[0].strip())):
        line = rest.pop(0)
        match = re.match(r"@(\w+|\.\.\.):\s*(.*)", line)
        if match:
            parameters.append((match[1], match[2].strip()))
        else:
            parameters[-1] = (parameters[-1][0],
                              f"{parameters[-1][1]} {line.strip()}".strip())
    return name, brief, parameters, paragraphs(rest)


def logical(text: str) -> str:
    """One line, without what only compilers want."""
    return " ".join(re.sub(r"\\\n", " ", text).split())


TOKEN = re.compile(
    r"(?P<title>/\* -{5,} ?(?P<words>.*?) \*/)"
    r"|(?P<comment>/\*.*?\*/)"
    r"|(?P<macro>^#define[ \t]+(?P<name>\w+)(?P<value>(?:\\\n|[^\n])*))"
    r"|(?P<directive>^#(?:\\\n|[^\n])*)"
    r"|(?P<struct>^struct \w+ \{.*?^\};)"
    r"|(?P<code>^[a-z][^;{]*;)",
    re.S | re.M)


def add_macro(section: Section, match: re.Match, comment: list[str], fresh: bool) -> None:
    """A macro joins the group before it, unless a comment of its own begins another."""
    value = match["value"]
    about = re.search(r"/\*(.*?)\*/", value, re.S)
    text = logical(re.sub(r"/\*.*?\*/", "", value, flags=re.S))
    arguments = re.match(r"\([^)]*\)", value)
    if not text or match["name"].startswith("CED1401L_PRINTF"):
        return          # the header's own guard, and what is for compilers
    macro = Macro(match["name"] + (arguments[0] if arguments else ""), text,
                  logical(about[1]) if about else "")
    if fresh or not section.items or section.items[-1].kind != "macros":
        name, brief, parameters, body = split_doc(comment) if comment else ("", "", [], [])
        section.items.append(Item("macros", name, brief, parameters, body))
    section.items[-1].macros.append(macro)


def item_of(code: str, doc: list[str]) -> Item:
    name, brief, parameters, body = split_doc(doc)
    text = logical(code.rstrip(";"))
    if code.startswith("struct"):
        return Item("struct", name, brief, parameters, body, code)
    if not name:
        return Item("handle", re.search(r"(\w+)$", text)[1], "", [], body, text)
    kind = "callback" if text.startswith("typedef") else "function"
    return Item(kind, name, brief, parameters, body, text)


def read(path: str | pathlib.Path) -> Header:
    text = pathlib.Path(path).read_text("utf-8")
    about: list = []
    sections = [Section("")]
    comment, is_doc, fresh, end = "", False, False, 0
    for match in TOKEN.finditer(text):
        # An empty line ends a group of macros, too
        fresh = fresh or "\n\n" in text[end:match.start()]
        end = match.end()
        if match["title"] is not None:
            sections.append(Section(match["words"]))
            comment = ""
        elif match["comment"]:
            if "SPDX-License" in match["comment"]:
                continue
            if not about:
                about = paragraphs(comment_lines(match["comment"])[1:])
                continue
            comment, fresh = match["comment"], True
            is_doc = comment.startswith("/**")
        elif match["macro"]:
            add_macro(sections[-1], match, comment_lines(comment) if comment else [], fresh)
            comment, fresh = "", False
        elif match["directive"]:
            comment = ""
        else:
            code = match["struct"] or match["code"]
            if comment and (is_doc or code.startswith("typedef")):
                sections[-1].items.append(item_of(code, comment_lines(comment)))
            elif sections[-1].items and sections[-1].items[-1].kind == "function":
                # A relative of the function before, under the same comment
                other = Item("function", re.search(r"(ced1401_\w+)\(", code)[1], "",
                             declaration=logical(code.rstrip(";")))
                sections[-1].items.append(other)
            comment = ""
    return Header(about, [each for each in sections if each.items])
