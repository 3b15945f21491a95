# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine with virtual cards, driven port by port through QEMU's qtest protocol.

No guest runs: the test does what a processor would do, and moves the clock.
"""
import json
import os
import re
import socket
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.realpath(__file__))

# What include/hw/ced1401-card.h says, read from it: the card's C has it from there too
REG = {}
with open(os.path.join(HERE, "../../include/hw/ced1401-card.h"), encoding="ascii") as header:
    for _name, _value in re.findall(r"^#define CEDCARD_(\w+)\s+(0x[0-9a-f]+|\d+)\b",
                                    header.read(), re.M):
        REG[_name] = int(_value, 0)

RXRDY, TXRDY, DMARUN = (REG["STATUS_" + n] for n in ("RXRDY", "TXRDY", "DMARUN"))
TC, EOB, ERR = (REG["STATUS_" + n] for n in ("TC", "EOB", "ERR"))
ONLINE = REG["STATUS_POWER"] | REG["STATUS_CABLE"]
IE_RX, IE_TX, IE_DMA = (REG["CONTROL_IE_" + n] for n in ("RX", "TX", "DMA"))
DMAEN, TO1401, FIFO, TEST, RESET = (REG["CONTROL_" + n] for n in
                                    ("DMAEN", "TO1401", "FIFO", "TEST", "RESET"))
CAUSE_RX, CAUSE_TX, CAUSE_DMA, ODD = (REG["CAUSE_" + n] for n in ("RX", "TX", "DMA", "ODD"))
ABANDON = REG["ACK_ABANDON"]
CONT = REG["MODE_CONT"]

MS = 1000000    # ns


class Machine:
    """A PC with cards; each of @cards is a dict of -device properties.

    {dir} in a property is a directory of the machine's own; @files, by name, are put there.
    """

    def __init__(self, *cards, files=None):
        self.dir = tempfile.TemporaryDirectory(prefix="ced1401-card-")
        for name, make in (files or {}).items():
            make(os.path.join(self.dir.name, name))
        qmp_path = os.path.join(self.dir.name, "qmp")
        args = ["qemu-system-x86_64", "-accel", "qtest", "-m", "32", "-nodefaults",
                "-display", "none", "-nic", "none", "-qtest", "stdio",
                "-qtest-log", "/dev/null", "-qmp", f"unix:{qmp_path},server=on,wait=off"]
        for i, props in enumerate(cards or ({},)):
            args += ["-device", ",".join(["ced1401", f"id=card{i}"] +
                                         [f"{k}={v}".format(dir=self.dir.name) for k, v in props.items()])]
        env = dict(os.environ, LD_PRELOAD=os.environ["CED1401_PRELOAD"])
        self.proc = subprocess.Popen(args, env=env, stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.now = 0        # the machine's clock, ns
        self.levels = {}
        self.edges = []
        self.events = []
        self.qmp_socket = None
        try:
            self.command("irq_intercept_in ioapic")
        except EOFError:
            err = self.proc.stderr.read().decode()
            self.close()
            raise RuntimeError(err) from None
        self.qmp_path = qmp_path
        self.cards = [Card(self, i, props) for i, props in enumerate(cards or ({},))]

    def close(self):
        self.proc.kill()
        self.proc.wait()
        for f in (self.proc.stdin, self.proc.stdout, self.proc.stderr):
            f.close()
        if self.qmp_socket:
            self.qmp_socket.close()
        self.dir.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # qtest

    def command(self, text):
        try:
            self.proc.stdin.write(text.encode() + b"\n")
            self.proc.stdin.flush()
        except BrokenPipeError:
            raise EOFError("qemu has ended") from None
        while True:
            line = self.proc.stdout.readline().decode().split()
            if not line:
                raise EOFError("qemu has ended")
            if line[0] == "IRQ":
                self.levels[int(line[2])] = line[1] == "raise"
                self.edges.append((line[1], int(line[2])))
                continue
            if line[0] != "OK":
                raise RuntimeError(f"{text}: {' '.join(line)}")
            return line[1] if len(line) > 1 else None

    def inb(self, port):
        return int(self.command(f"inb {port:#x}"), 0)

    def outb(self, port, value):
        self.command(f"outb {port:#x} {value:#x}")

    def read(self, addr, n):
        return bytes.fromhex(self.command(f"read {addr:#x} {n:#x}")[2:]) if n else b""

    def write(self, addr, data):
        if data:
            self.command(f"write {addr:#x} {len(data):#x} 0x{data.hex()}")

    def step(self, ns):
        self.now = int(self.command(f"clock_step {ns}"))

    # QMP

    def qmp(self, execute, **arguments):
        if not self.qmp_socket:
            self.qmp_socket = socket.socket(socket.AF_UNIX)
            self.qmp_socket.connect(self.qmp_path)
            self.qmp_file = self.qmp_socket.makefile("rw")
            self.qmp_file.readline()
            self.qmp("qmp_capabilities")
        json.dump({"execute": execute, "arguments": arguments}, self.qmp_file)
        self.qmp_file.flush()
        while True:
            answer = json.loads(self.qmp_file.readline())
            if "error" in answer:
                raise RuntimeError(answer["error"]["desc"])
            if "return" in answer:
                return answer["return"]
            self.events.append(answer["event"])

    def reset(self):
        self.qmp("query-status")
        self.events.clear()
        self.qmp("system_reset")
        while "RESET" not in self.events:   # it comes when the main loop gets to it
            self.qmp("query-status")

    # The 8237

    PAGE = {1: 0x83, 3: 0x82, 5: 0x8b, 6: 0x89, 7: 0x8a}

    def dma_ports(self, channel):
        if channel < 4:
            return {"addr": 2 * channel, "count": 2 * channel + 1,
                    "mask": 0x0a, "mode": 0x0b, "ff": 0x0c}
        return {"addr": 0xc0 + 4 * (channel - 4), "count": 0xc2 + 4 * (channel - 4),
                "mask": 0xd4, "mode": 0xd6, "ff": 0xd8}

    def dma_mask(self, channel, masked=True):
        self.outb(self.dma_ports(channel)["mask"], (4 if masked else 0) | (channel & 3))

    def dma_program(self, channel, addr, size, to_1401=False, auto=False, unmask=True):
        p = self.dma_ports(channel)
        unit = 1 if channel < 4 else 2
        assert size % unit == 0 and addr % unit == 0
        assert addr // (unit << 16) == (addr + size - 1) // (unit << 16)
        self.dma_mask(channel)
        self.outb(p["ff"], 0)
        self.outb(p["mode"], 0x40 | (0x10 if auto else 0) |
                  (0x08 if to_1401 else 0x04) | (channel & 3))
        for v in (addr // unit & 0xff, addr // unit >> 8 & 0xff):
            self.outb(p["addr"], v)
        self.outb(self.PAGE[channel], addr >> 16 & (0xff if unit == 1 else 0xfe))
        for v in (size // unit - 1 & 0xff, (size // unit - 1) >> 8):
            self.outb(p["count"], v)
        if unmask:
            self.dma_mask(channel, False)

    def dma_residue(self, channel):
        p = self.dma_ports(channel)
        self.outb(p["ff"], 0)
        low = self.inb(p["count"])
        n = (low | self.inb(p["count"]) << 8) + 1 & 0xffff
        return n * (1 if channel < 4 else 2)


class Card:
    """One of a machine's cards, as a driver sees it."""

    def __init__(self, machine, index, props):
        self.m = machine
        self.index = index
        self.base = int(str(props.get("iobase", "0x300")), 0)
        self.irq = int(props.get("irq", 5))
        self.dma = int(props.get("dma", 1))

    def inb(self, port):
        return self.m.inb(self.base + port)

    def outb(self, port, value):
        self.m.outb(self.base + port, value)

    def status(self):
        return self.inb(REG["STATUS"])

    def cause(self):
        return self.inb(REG["CAUSE"])

    def state(self):
        return self.inb(REG["STATE"])

    def control(self, value):
        self.outb(REG["CONTROL"], value)

    def ack(self, value):
        self.outb(REG["ACK"], value)

    def laps(self):
        low = self.inb(REG["LAPS_LOW"])
        return low | self.inb(REG["LAPS_HIGH"]) << 8

    def line(self):
        self.m.inb(0x80)    # an answer comes behind all that happened before
        return self.m.levels.get(self.irq, False)

    def set(self, name, value):
        self.m.qmp("qom-set", path=f"/machine/peripheral/card{self.index}",
                   property=name, value=value)

    def prop(self, name):
        return self.m.qmp("qom-get", path=f"/machine/peripheral/card{self.index}", property=name)

    # Characters

    def put(self, text):
        for c in text.encode("latin-1"):
            assert self.status() & TXRDY, "TXRDY is 0"
            self.outb(REG["DATA"], c)

    def get(self, n=None):
        """n characters, or all that there are"""
        out = b""
        while len(out) != n and self.status() & RXRDY:
            out += bytes([self.inb(REG["DATA"])])
        return out

    def get_line(self):
        out = b""
        while not out.endswith(b"\r"):
            assert self.status() & RXRDY, f"no more characters after {out}"
            out += bytes([self.inb(REG["DATA"])])
        return out[:-1].decode("ascii")

    def ask(self, text):
        self.put(text + ";")
        return self.get_line()

    def err(self):
        return tuple(int(n) for n in self.ask(";ERR").split(","))

    def command(self, text):
        self.put(text + ";")
        assert (e := self.err()) == (0, 0), f"{text}: error {e}"

    # Requests and blocks

    def request(self):
        """kind, area, offset, size of the request that waits"""
        assert self.inb(REG["DATA"]) == 0x1b
        kind = self.inb(REG["DATA"])
        offset, size = self.number(), self.number()
        return kind & 0xf, kind >> 4, offset, size

    def number(self):
        v = self.inb(REG["DATA"])
        if v < 0x80:
            return v
        if v < 0xc0:
            return (v & 0x3f) << 8 | self.inb(REG["DATA"])
        v = (v & 0x3f) << 8 | self.inb(REG["DATA"])
        return v << 8 | self.inb(REG["DATA"])

    def move(self, addr, size, to_1401=False, fifo=False, auto=False):
        """Program the 8237, raise DMAEN"""
        self.m.dma_program(self.dma, addr, size, to_1401, auto)
        self.control(DMAEN | (TO1401 if to_1401 else 0) | (FIFO if fifo else 0))

    def finish(self):
        """After a transfer: all as at the beginning. The latches that stood"""
        s = self.status() & (TC | EOB | ERR)
        self.control(0)
        self.m.dma_mask(self.dma)
        self.ack(s)
        return s

    def wait(self, bits, seconds=5):
        """Until STATUS has one of the bits: QEMU's 8237 may take some ms"""
        end = time.monotonic() + seconds
        while not self.status() & bits:
            assert time.monotonic() < end, f"STATUS is {self.status():#x}"
            time.sleep(0.002)
        return self.status()

    def fill(self, addr, data, at=0x400000):
        """Put data into the 1401's memory, by blocks of up to a DMA page"""
        unit = 1 if self.dma < 4 else 2
        step = unit << 16
        for i in range(0, len(data), step):
            part = data[i:i + step]
            self.put(f"TO1401,{addr + i},{len(part)},0;")
            assert self.request() == (9, 0, 0, len(part))
            self.m.write(at, part)
            self.move(at, -(-len(part) // unit) * unit, to_1401=True)
            assert self.wait(EOB | ERR) & EOB
            self.finish()

    def fetch(self, addr, size, at=0x400000):
        """The 1401's memory, the same way back"""
        unit = 1 if self.dma < 4 else 2
        step = unit << 16
        out = b""
        for i in range(0, size, step):
            n = min(step, size - i)
            self.put(f"TOHOST,{addr + i},{n},0;")
            assert self.request() == (8, 0, 0, n)
            self.move(at, -(-n // unit) * unit)
            assert self.wait(EOB | ERR) & EOB
            self.finish()
            out += self.m.read(at, n)
        return out

    def asked(self, kind, area, size):
        """Until the 1401 asks for a stream's next block, which must be this one"""
        for _ in range(2000):
            if self.status() & RXRDY:
                break
            self.m.step(MS // 20)
        got = self.request()
        assert got == (kind, area, 0, size), got

    def take_block(self, area, size, at=0x400000):
        """A stream's next block to the host"""
        unit = 1 if self.dma < 4 else 2
        self.asked(8, area, size)
        self.move(at, -(-size // unit) * unit)
        assert self.wait(EOB | ERR) & EOB
        self.finish()
        return self.m.read(at, size)

    def give_block(self, area, data, at=0x400000):
        """A stream's next block to the 1401"""
        unit = 1 if self.dma < 4 else 2
        self.asked(9, area, len(data))
        self.m.write(at, data)
        self.move(at, -(-len(data) // unit) * unit, to_1401=True)
        assert self.wait(EOB | ERR) & EOB
        self.finish()

    def drain(self, size, at=0x400000):
        """So many bytes of the FIFO"""
        self.move(at, size, fifo=True)
        s = self.wait(TC | EOB | ERR)
        left = self.m.dma_residue(self.dma) if not s & TC else 0
        self.finish()
        return self.m.read(at, size - left)
