#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""outputs.py SOCKET CARD...: what the cards and the 1401s' outputs are when the machine has
gone down.

Speaks with QEMU's monitor at SOCKET. QEMU was told to stop there (-action shutdown=pause),
before anything is reset by itself. Prints a line for each card, its name, its DACs 0 and
1 and its register CONTROL, and ends QEMU.
"""
import json
import socket
import sys
import time


def connect(path):
    """QEMU makes the socket as it starts"""
    for _ in range(200):
        try:
            monitor = socket.socket(socket.AF_UNIX)
            monitor.connect(path)
            return monitor.makefile("rw", encoding="utf-8")
        except OSError:
            time.sleep(0.1)
    sys.exit("outputs.py: no monitor")


def main():
    """Wait, ask, end it"""
    monitor = connect(sys.argv[1])

    def ask(command, **arguments):
        json.dump({"execute": command, "arguments": arguments}, monitor)
        monitor.flush()
        for line in monitor:
            answer = json.loads(line)
            if "return" in answer or "error" in answer:
                return answer.get("return")
        sys.exit("outputs.py: the monitor has ended")

    monitor.readline()
    ask("qmp_capabilities")
    for line in monitor:
        if json.loads(line).get("event") == "SHUTDOWN":
            break
    for card in sys.argv[2:]:
        print(card, *(ask("qom-get", path=f"/machine/peripheral/{card}", property=name)
                      for name in ("dac0", "dac1", "control")), flush=True)
    ask("quit")


main()
