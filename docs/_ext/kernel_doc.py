# SPDX-License-Identifier: GPL-2.0-or-later
"""The directive kernel-doc: a header's comments as objects of Sphinx's C domain.

    .. kernel-doc:: lib/libced1401.h
"""
from __future__ import annotations

import pathlib
import re

import kerneldoc
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective
from sphinx.util.nodes import nested_parse_with_titles

TOP = pathlib.Path(__file__).resolve().parent.parent.parent


def text_of(text: str) -> str:
    """@name in italics, function() as a reference; the rest as it stands."""
    text = re.sub(r"([\\*`|])", r"\\\1", text)
    text = re.sub(r"(\w)_(?!\w)", r"\1\\_", text)
    text = re.sub(r"@([a-z]\w*(?:->\w+)*)", r"*\1*\\ ", text)
    return re.sub(r"\b(ced1401_\w+)\(\)", r":c:func:`\1`\\ ", text)


def indent(lines: list[str], by: str = "   ") -> list[str]:
    return [by + line if line else "" for line in lines]


def body_of(body: list) -> list[str]:
    found: list[str] = []
    for each in body:
        if isinstance(each, list):
            found += ["::", "", *indent(each), ""]
        else:
            for part in re.split(r" (?=(?:Return|Errors): )", each):
                found += [re.sub(r"^(Return|Errors):", r"**\1:**", text_of(part)), ""]
    return found


def function(item: kerneldoc.Item) -> list[str]:
    result, arguments = item.result_and_arguments()
    kind = "type" if item.kind == "callback" else "function"
    star = "" if result.endswith("*") else " "
    found = [f".. c:{kind}:: {result}{star}{item.name}({', '.join(arguments) or 'void'})", ""]
    inside = [text_of(item.brief), ""] if item.brief else []
    inside += [f":param {name}: {text_of(text)}" for name, text in item.parameters]
    inside += [""] + body_of(item.body)
    return found + indent(inside) + [""]


def struct(item: kerneldoc.Item) -> list[str]:
    about = dict(item.parameters)
    inside = [text_of(item.brief), ""]
    for name, text in item.fields():
        inside += [f".. c:member:: {text}", "", "   " + text_of(about.get(name, "")), ""]
    inside += body_of(item.body)
    return [f".. c:struct:: {item.name}", "", *indent(inside), ""]


def macros(item: kerneldoc.Item) -> list[str]:
    found = [text_of(item.brief), ""] if item.brief else []
    found += body_of(item.body)
    for macro in item.macros:
        words = text_of(macro.about)
        found += [f".. c:macro:: {macro.name}", "",
                  f"   ``{macro.text}``" + (f": {words}" if words else ""), ""]
    return found


def rest(item: kerneldoc.Item) -> list[str]:
    if item.kind in ("function", "callback"):
        return function(item)
    if item.kind == "struct":
        return struct(item)
    if item.kind == "handle":
        return [f".. c:type:: {item.name}", "", *indent(body_of(item.body)), ""]
    return macros(item)


class KernelDoc(SphinxDirective):
    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        path = TOP / self.arguments[0]
        self.env.note_dependency(str(path))
        self.env.note_dependency(kerneldoc.__file__)
        header = kerneldoc.read(path)
        lines = body_of(header.about)
        for section in header.sections:
            if section.title:
                title = section.title[0].upper() + section.title[1:]
                lines += [title, "-" * len(title), ""]
            for item in section.items:
                lines += rest(item)
        node = nodes.section()
        node.document = self.state.document
        nested_parse_with_titles(self.state, StringList(lines, source=str(path)), node)
        return node.children


def setup(app):
    app.add_directive("kernel-doc", KernelDoc)
    return {"parallel_read_safe": True}
