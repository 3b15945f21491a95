# SPDX-License-Identifier: LGPL-2.1-or-later
"""The version of this package, which is that of the library it was written for."""

from pathlib import Path

# In the project's tree a link to the one file that has it
__version__ = Path(__file__).with_name("VERSION").read_text(encoding="ascii").strip()
