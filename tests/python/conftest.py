# SPDX-License-Identifier: GPL-2.0-or-later
"""Results as TAP, with the plan first: so that a crash is no success."""
import faulthandler
import os
import sys

import numpy  # pylint: disable=unused-import  # noqa: F401 compiled already, by Debian
import pytest

# What is compiled from here on is kept there: the host does it for the guest, which is slow
if cache := os.environ.get("CED1401_PYCACHE"):
    sys.pycache_prefix, sys.dont_write_bytecode = cache, False

TEST_SECONDS = 600      # a test that takes longer hangs


class Tap:
    """Writes a line for each test to the file that CED1401_TAP names."""

    def __init__(self, path):
        self.out = open(path, "w", encoding="utf-8", buffering=1)
        self.number = 0
        self.trouble = {}

    def pytest_unconfigure(self):
        self.out.close()

    def pytest_collection_finish(self, session):
        print(f"1..{len(session.items)}", file=self.out)

    def pytest_runtest_logreport(self, report):
        if report.failed:
            self.trouble.setdefault(report.nodeid, []).append(report.longreprtext)
        if report.when != "teardown":
            return
        self.number += 1
        trouble = self.trouble.get(report.nodeid)
        path, _, test = report.nodeid.partition("::")
        name = f"{os.path.basename(path)}: {test}".replace("#", "")
        print(f"{'not ok' if trouble else 'ok'} {self.number} - {name}", file=self.out)
        for text in trouble or ():
            print("\n".join("# " + line for line in text.splitlines()), file=self.out)


def pytest_configure(config):
    if path := os.environ.get("CED1401_TAP"):
        config.pluginmanager.register(Tap(path))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol():
    faulthandler.dump_traceback_later(TEST_SECONDS, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()
