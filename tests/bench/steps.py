#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
steps.py SOCKET FOLDER: an exact profile of system calls of the driver's. Follows the
guest, by the gdb server of its QEMU at SOCKET, one instruction after the other from the
kernel's entry to its return, and counts them by function. FOLDER is the guest's: it has
put its symbols there.

perf has no such picture: its timer does not come while interrupts are off, which is
where the driver works.
"""
import bisect
import collections
import socket
import sys
import time
from pathlib import Path

CALLS = {"ced_transfer_start": "START", "ced_transfer_status": "STATUS",
         "ced_transfer_stop": "STOP"}
ENTRY = "entry_SYSCALL_64"
MOST = 20000  # steps of a call, and calls looked at
FIRST = 300  # calls not looked at: by then the session has had its transfers
LEAST = 30  # instructions of a function that is worth a line


class Guest:
    """QEMU's gdb server."""

    def __init__(self, path):
        self.stream = socket.socket(socket.AF_UNIX)
        self.stream.connect(path)
        self.stream.settimeout(120)
        self.left = b""
        self.packet()  # it stops the guest, and says so

    def byte(self):
        """The next one."""
        if not self.left:
            self.left = self.stream.recv(4096)
            if not self.left:
                raise EOFError("the guest has ended")
        first, self.left = self.left[:1], self.left[1:]
        return first

    def packet(self):
        """The next one, without its marks and its sum."""
        answer = b""
        while self.byte() != b"$":
            pass
        while (byte := self.byte()) != b"#":
            answer += byte
        self.byte()
        self.byte()
        self.stream.sendall(b"+")
        return answer.decode()

    def ask(self, text):
        """A packet, and the one that answers it."""
        body = text.encode()
        self.stream.sendall(b"$" + body + b"#%02x" % (sum(body) & 0xff))
        return self.packet()

    def place(self):
        """Where the processor is: rip, behind sixteen registers of eight bytes."""
        return int.from_bytes(bytes.fromhex(self.ask("g")[256:272]), "little")


class Symbols:
    """Functions of the guest's kernel by address."""

    def __init__(self, path):
        rows = sorted((int(row[0], 16), row[2]) for row in
                      map(str.split, path.read_text().splitlines()) if row[1] in "tTwW")
        self.starts = [start for start, _ in rows]
        self.names = [name for _, name in rows]

    def of(self, place):
        """The function that an address lies in."""
        return self.names[bisect.bisect_right(self.starts, place) - 1]

    def start(self, name):
        """Where a function begins."""
        return self.starts[self.names.index(name)]


def follow(guest, symbols):
    """One system call: instructions by function."""
    counts = collections.Counter()
    for _ in range(MOST):
        place = guest.place()
        if place < 1 << 63:
            break
        counts[symbols.of(place)] += 1
        guest.ask("s")
    return counts


def profile(guest, symbols):
    """Each of the calls, once."""
    left = dict(CALLS)
    entry = symbols.start(ENTRY)
    guest.ask(f"Z0,{entry:x},1")
    for _ in range(FIRST):
        guest.ask("c")
        guest.ask("s")
    for _ in range(MOST):
        guest.ask("c")
        counts = follow(guest, symbols)
        for function in [name for name in left if counts[name]]:
            yield left.pop(function), counts
        if not left:
            break
    guest.ask(f"z0,{entry:x},1")


def main():
    """Wait for the guest, follow it, let it go."""
    folder = Path(sys.argv[2])
    while not (folder / "ready").exists():
        time.sleep(0.5)
    guest = Guest(sys.argv[1])
    try:
        for name, counts in profile(guest, Symbols(folder / "kallsyms")):
            print(f"{name}: {sum(counts.values())} instructions in the kernel")
            for function, count in counts.most_common():
                if count >= LEAST:
                    print(f"{count:7}  {function}")
    finally:
        guest.ask("D")  # else it would stand still for ever
    return 0


if __name__ == "__main__":
    sys.exit(main())
