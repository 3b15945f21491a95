# SPDX-License-Identifier: GPL-2.0-or-later
"""The book: "make html"."""
import pathlib
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TOP / "docs/_ext"), str(TOP / "scripts")]

project = "ced1401"
copyright = "the authors of ced1401"     # noqa: A001 # Sphinx calls it so
version = release = (TOP / "VERSION").read_text("ascii").strip()
extensions = ["myst_parser", "kernel_doc"]
exclude_patterns = ["_ext"]
html_title = f"ced1401 {version}"
html_theme = "alabaster"
html_theme_options = {"description": "The CED 1401 on an ISA card", "page_width": "1100px",
                      "sidebar_width": "240px", "fixed_sidebar": True}
html_show_copyright = False
html_show_sourcelink = False
myst_heading_anchors = 3
# A type of the C library or of the kernel is not described here
nitpicky = False
