# SPDX-License-Identifier: GPL-2.0-or-later
"""The virtual card against the contract in include/hw/ced1401-card.h and DESIGN.md.

A test is a function with @test; it passes if it returns. Each machine is a new one.
"""
import array
import math
import os
import random
import signal
import struct
import sys
import time
import traceback
import wave

from qtest import (ABANDON, CAUSE_DMA, CAUSE_RX, CAUSE_TX, CONT, DMAEN, DMARUN, EOB, ERR,
                   FIFO, IE_DMA, IE_RX, IE_TX, MS, ODD, ONLINE, REG, RESET, RXRDY, TC, TEST,
                   TO1401, TXRDY, Machine)

TESTS = []
TIMEOUT = 120           # seconds for one test
BUF = 0x400000          # where the 8237 is pointed
ALL_CHANNELS = (1, 3, 5, 6, 7)


def test(name):
    def add(function):
        TESTS.append((name, function))
        return function
    return add


def noise(n, seed=1):
    return random.Random(seed).randbytes(n)


def sine(channel, scan):
    """monitor.c and signal.c say so"""
    return round(16384 * math.sin(2 * math.pi * ((channel + 1) * scan % 100) / 100))


def sines(channels, first, scans):
    return struct.pack(f"<{len(channels) * scans}h",
                       *(sine(c, s) for s in range(first, first + scans) for c in channels))


def write_wav(path, channels, data, rate=8000):
    with wave.open(path, "wb") as w:
        w.setnchannels(channels)
        w.setsampwidth(2)
        w.setframerate(rate)
        w.writeframes(data)


def read_wav(path):
    with wave.open(path, "rb") as w:
        assert w.getsampwidth() == 2
        return w.getnchannels(), w.getframerate(), w.readframes(w.getnframes())


def eq(got, want):
    assert got == want, f"got {got!r}, not {want!r}"


def eq_data(got, want):
    if got == want:
        return
    at = next((i for i, (a, b) in enumerate(zip(got, want)) if a != b), min(len(got), len(want)))
    raise AssertionError(f"{len(got)} bytes, not {len(want)}; they differ at {at}: "
                         f"{got[at:at + 8].hex()} not {want[at:at + 8].hex()}")


def wait_idle(card, command):
    """A run in memory takes the guest's time, however fast"""
    for _ in range(10000):
        if card.ask(f"{command},?") == "0":
            return
        card.m.step(MS)
    raise AssertionError(f"{command} does not end")


# Registers

@test("ID and TYPE tell the card and the model, and no card reads 0xff")
def _():
    for model in (4, 5, 6, 7):
        with Machine({"model": model}) as m:
            eq(m.cards[0].inb(REG["ID"]), 0x14)
            eq(m.cards[0].inb(REG["TYPE"]), model)
            eq([m.inb(0x310 + p) for p in range(8)], [0xff] * 8)
            eq([m.inb(0x2f0 + p) for p in range(8)], [0xff] * 8)


@test("bad properties are refused with a line that names them")
def _():
    for props, word in (({"dma": 2}, "dma=2"), ({"dma": 4}, "dma=4"), ({"dma": 0}, "dma=0"),
                        ({"dma": 40}, "dma=40"), ({"irq": 2}, "irq=2"),
                        ({"irq": 16}, "irq=16"), ({"iobase": "0x304"}, "iobase=0x304"),
                        ({"model": 3}, "model=3"), ({"adc": "/nowhere.wav"}, "/nowhere.wav"),
                        ({"adc": os.path.realpath(__file__)}, "test_card.py"),
                        ({"dac": "/nowhere/x.wav"}, "/nowhere/x.wav")):
        try:
            Machine(props).close()
        except RuntimeError as e:
            assert word in str(e), e
        else:
            raise AssertionError(f"{props} was taken")


@test("after power-up: online, ready for a character, nothing else")
def _():
    with Machine() as m:
        c = m.cards[0]
        eq(c.status(), ONLINE | TXRDY)
        eq(c.cause(), 0)
        eq(c.state(), 0)
        eq(c.laps(), 0)
        eq(c.inb(REG["DATA"]), 0)
        assert not c.line()


@test("enabling a standing cause raises the line, disabling it lowers it")
def _():
    with Machine() as m:
        c = m.cards[0]
        c.control(IE_TX)
        assert c.line()
        eq(c.cause(), CAUSE_TX)
        c.control(0)
        assert not c.line()
        eq(c.cause(), 0)
        c.put("ERR;")
        eq(c.status(), ONLINE | TXRDY | RXRDY)
        assert not c.line()
        c.control(IE_RX)
        assert c.line()
        eq(c.cause(), CAUSE_RX)
        c.control(IE_RX | IE_TX)
        eq(c.cause(), CAUSE_RX | CAUSE_TX)
        c.control(IE_RX)
        c.get(3)
        assert c.line()
        c.get(1)
        assert not c.line()
        c.put("ERR;")
        assert c.line()
        c.control(0)
        c.control(DMAEN)
        eq(c.cause(), 0)
        c.control(DMAEN | IE_DMA)
        eq(c.cause(), CAUSE_DMA)
        assert c.line()


@test("a cause that stands on while another is served keeps the line high, with no edge")
def _():
    with Machine() as m:
        c = m.cards[0]
        c.put("ERR;")
        c.control(IE_RX | IE_DMA)
        c.control(IE_RX | IE_DMA | DMAEN)
        eq(c.cause(), CAUSE_RX | CAUSE_DMA)
        m.edges.clear()
        c.get()
        eq(c.cause(), CAUSE_DMA)
        assert c.line()
        eq(m.edges, [])
        c.ack(ERR)
        assert not c.line()


@test("ACK clears the latches whose bits are 1, those alone")
def _():
    with Machine() as m:
        c = m.cards[0]
        c.put("TOHOST,0,4,0;")
        c.request()
        c.control(IE_DMA)
        m.dma_program(1, BUF, 4)
        c.control(IE_DMA | DMAEN)
        c.wait(EOB)
        c.control(IE_DMA)
        c.control(IE_DMA | DMAEN)
        eq(c.status() & (TC | EOB | ERR | DMARUN), TC | EOB | ERR)
        c.ack(0x47)
        eq(c.status() & (TC | EOB | ERR), TC | EOB | ERR)
        c.ack(TC)
        eq(c.status() & (TC | EOB | ERR), EOB | ERR)
        assert c.line()
        c.ack(ERR)
        eq(c.status() & (TC | EOB | ERR), EOB)
        assert c.line()
        c.ack(EOB)
        eq(c.status() & (TC | EOB | ERR), 0)
        assert not c.line()


@test("TXRDY: a busy 1401 leaves one character with the card and has it afterwards")
def _():
    with Machine() as m:
        c = m.cards[0]
        c.put("TOHOST,0,4,0;")
        c.control(IE_TX)
        assert c.status() & TXRDY, "TXRDY stays 1 until DATA is written"
        c.outb(REG["DATA"], ord("E"))
        assert not c.status() & TXRDY
        assert not c.line()
        c.request()
        assert not c.status() & TXRDY
        c.move(BUF, 4)
        c.wait(EOB)
        assert c.status() & TXRDY
        c.finish()
        c.put("RR;")
        eq(c.get_line(), "0,0")


@test("a character written while TXRDY is 0 is lost, and both sides say so")
def _():
    with Machine() as m:
        c = m.cards[0]
        c.put("TOHOST,0,4,0;")
        c.request()
        c.outb(REG["DATA"], ord(";"))
        eq(c.status() & ERR, 0)
        c.outb(REG["DATA"], ord("X"))
        eq(c.status() & ERR, ERR)
        c.ack(ERR | ABANDON)
        c.ack(0)
        assert c.status() & TXRDY
        c.put("ERR;")
        eq(c.get_line(), "10,0")


@test("characters wait in order, and the 1401 takes none while too many do")
def _():
    with Machine() as m:
        c = m.cards[0]
        n = 0
        while c.status() & TXRDY:
            c.outb(REG["DATA"], ord("ERR;"[n % 4]))
            n += 1
            assert n < 4000
        eq(c.state(), REG["STATE_CHARS"])
        out = c.get()
        assert out == b"0,0\r" * (len(out) // 4), out
        assert 256 <= len(out) < 2048, len(out)
        assert c.status() & TXRDY


# Commands

@test("ERR, CLIST, MEMTOP, INFO and ADC reply as documented")
def _():
    with Machine() as m:
        c = m.cards[0]
        eq(c.ask("ERR"), "0,0")
        c.put("CLIST;")
        lines = c.get().decode().split("\r")
        eq(lines[-2:], [" ", ""])
        names = [line.split(" ")[0] for line in lines[:-2]]
        eq(names, ("RESET CLEAR KILL ERR CLIST MEMTOP INFO TO1401 TOHOST CLOAD ADC DAC DIG EVENT "
                   "CLKEVT ADCMEM ADCBST MEMDAC DIGTIM XFIFO XFOUT XSTREAM XPLAY").split())
        assert all(len(line.split(".")) == 2 for line in lines[:-2])
        eq(c.ask("MEMTOP"), "1048576,0")
        eq(c.ask("MEMTOP,?").split(",")[0], "1048576")
        eq(c.ask("INFO,S,28"), "1000")
        eq(c.ask("ADC,0"), "0")
        eq(c.ask("ADC,0"), str(sine(0, 1)))
        eq(c.ask("ADC 1 0 2"), ",".join(str(sine(k, 2)) for k in (1, 0, 2)))
        eq(c.err(), (0, 0))


@test("names, separators, numbers and ends of commands")
def _():
    with Machine() as m:
        c = m.cards[0]
        for text in ("err;", "ERR\r", ";;;eRr;", "  ERR  ;", "\n;\nERR\n;", "\x7f;ERR;ERR;"):
            c.put(text)
            lines = c.get().split(b"\r")[:-1]
            eq(lines[-1], b"0,0")
        for text in ("TOHOST,$10,$20,3", "TOHOST 16 32 3", "tohost , $10 , 32,$3", "TOHOST,16 32,3"):
            c.put(text + ";")
            eq(c.request(), (8, 0, 3, 32))
            c.ack(ABANDON)
            eq(c.err(), (10, 0))
        for text in ("TOHOST,$,1,0", "TOHOST,$g,1,0", "TOHOST,1a,1,0", "TOHOST,-1,1,0", "TOHOST,,1,0",
                     "TOHOST,99999999999999999999,1,0"):
            c.put(text + ";")
            eq(c.err(), (2, 1))


@test("an unknown command is error 255, a bare known name is not; ERR clears")
def _():
    with Machine() as m:
        c = m.cards[0]
        for text in ("NOSUCH", "ADCM", "ADCMEMX", "ERRX,1", ",", "?", "27", "\x1b"):
            c.put(text + ";")
            eq(c.err(), (255, 0))
            eq(c.err(), (0, 0))
        c.put("CLIST;")
        for line in c.get().decode().split("\r")[:-2]:
            c.put(line.split(" ")[0] + ";")
            c.get()
            eq(c.err(), (0, 0))


@test("bad arguments have the documented errors and do nothing")
def _():
    with Machine() as m:
        c = m.cards[0]
        for text, want in (("TOHOST,1", (1, 1)), ("TOHOST,1,2", (1, 2)), ("TOHOST,1,2,3,4,5", (1, 5)),
                           ("TOHOST,0,4,0,8", (2, 4)), ("TOHOST,0,$400000,0", (2, 2)),
                           ("TOHOST,0,4,$400000", (2, 3)), ("TOHOST,0,1048577,0", (3, 2)),
                           ("TOHOST,1048576,1,0", (3, 2)), ("TOHOST,1048577,0,0", (3, 1)),
                           ("TO1401,$ffffffff,$10,0", (3, 1)), ("CLOAD,0,262145", (3, 2)),
                           ("CLOAD,0", (1, 1)), ("ADC,32", (2, 1)), ("ADC,x", (2, 1)),
                           ("INFO,X,28", (2, 1)), ("INFO,S,29", (2, 2)), ("INFO,S", (1, 1)),
                           ("MEMTOP,1", (2, 1)), ("ERR,1", (1, 1)),
                           ("MEMTOP,1,2", (1, 2)),
                           ("ADCMEM,I,2,0,100,0,1,C,10", (1, 8)),
                           ("ADCMEM,Q,2,0,100,0,1,C,10,10", (2, 1)),
                           ("ADCMEM,I,3,0,100,0,1,C,10,10", (2, 2)),
                           ("ADCMEM,I,2,0,101,0,1,C,10,10", (2, 4)),
                           ("ADCMEM,I,2,0,0,0,1,C,10,10", (2, 4)),
                           ("ADCMEM,I,2,0,1048578,0,1,C,10,10", (3, 4)),
                           ("ADCMEM,I,2,1048576,2,0,1,C,10,10", (3, 3)),
                           ("ADCMEM,I,2,0,100,0 32,1,C,10,10", (2, 6)),
                           ("ADCMEM,I,2,0,100,0,1,X,10,10", (2, 7)),
                           ("ADCMEM,I,2,0,100,0,1,CX,10,10", (2, 7)),
                           ("ADCMEM,I,2,0,100,0,1,C,0,10", (2, 8)),
                           ("ADCMEM,I,2,0,100,0,1,C,10,65536", (2, 9)),
                           ("ADCMEM,I,2,0,100,0,1,T,1,9", (5, 0)),
                           ("MEMDAC,I,2,0,100,0 1 2,1,C,10,10", (2, 4)),
                           ("MEMDAC,I,2,0,100,8,1,C,10,10", (2, 5)),
                           ("XFIFO,0,C,10", (1, 3)), ("XFIFO," + "0 " * 33 + "C,9,9", (2, 1)),
                           ("XFOUT,8,C,10,10", (2, 1)), ("XFIFO,P", (1, 1)),
                           ("TOHOST,$83ffff,2,0", (3, 2)), ("TOHOST,$840001,0,0", (3, 1)),
                           ("TO1401,$800000,1,0", (3, 1)), ("CLOAD,P", (1, 1)),
                           ("DAC,0", (1, 1)), ("DAC,0,1,2", (1, 3)), ("DAC,8,1", (2, 1)),
                           ("DAC,0,65536", (2, 2)), ("DAC,0,-32769", (2, 2)), ("DAC,0,-", (2, 2)),
                           ("DAC,0,1,8,1", (2, 3)), ("DIG,X", (2, 1)), ("DIG,I,16", (2, 2)),
                           ("DIG,I,1,2", (1, 3)), ("DIG,O", (1, 1)), ("DIG,O,65536", (2, 2)),
                           ("DIG,O,2,0", (2, 2)), ("DIG,O,1,16", (2, 3)), ("DIG,O,1,2,3", (1, 4)),
                           ("EVENT,X", (2, 1)), ("EVENT,AK", (2, 1)), ("EVENT,A,1", (1, 2)),
                           ("EVENT,,", (1, 2)), ("CLKEVT,P", (2, 1)), ("CLKEVT,A,1", (1, 2)),
                           ("CLEAR,1", (1, 1)), ("RESET,1", (1, 1)), ("KILL,NOSUCH", (2, 1)),
                           ("KILL,ADCMEM,X", (2, 2)),
                           ("ADCBST,I,2,0,100,0 1 2,1,C,10,10", (2, 4)),
                           ("ADCBST,I,2,0,100,32,1,C,10,10", (2, 5)),
                           ("DIGTIM,X,0,100,1,C,10,10", (2, 1)), ("DIGTIM,O,0,101,1,C,10,10", (2, 3)),
                           ("DIGTIM,I,1048576,2,1,C,10,10", (3, 2)),
                           ("DIGTIM,I,0,1048578,1,C,10,10", (3, 3)), ("DIGTIM,I,0,2,1,C,10", (1, 6)),
                           ("DIGTIM,O,0,2,1,X,10,10", (2, 5)),
                           ("XSTREAM,8,100,0,C,10,10", (2, 1)), ("XSTREAM,0,0,0,C,10,10", (2, 2)),
                           ("XSTREAM,0,131073,0,C,10,10", (2, 2)), ("XSTREAM,0,100,32,C,10,10", (2, 3)),
                           ("XSTREAM,0,100,C,10,10", (1, 5)), ("XSTREAM,0,100,0,C,10,0", (2, 6)),
                           ("XSTREAM,P", (1, 1)), ("XPLAY,8,100,0,C,10,10", (2, 1)),
                           ("XPLAY,0,131073,0,C,10,10", (2, 2)), ("XPLAY,0,100,8,C,10,10", (2, 3)),
                           ("XPLAY,0,100,0,T,1,9", (5, 0)), ("XPLAY,P", (1, 1)),
                           ("ERR " + "0 " * 60, (1, 60)), ("X" * 256, (255, 0)), ("X" * 257, (11, 0)),
                           ("X" * 3000, (11, 0))):
            c.put(text + ";")
            eq((text, c.get()), (text, b""))
            eq((text, c.err()), (text, want))
            eq(c.state(), 0)
        for run in ("ADCMEM,?", "MEMDAC,?", "ADCBST,?", "DIGTIM,?"):
            eq(c.ask(run), "0")
        eq([c.prop(f"dac{i}") for i in range(8)], [0] * 8)
        eq(c.prop("digout"), 0)


# Requests

@test("a request's numbers are coded in 7, 14 and 22 bits; its area and kind are right")
def _():
    with Machine() as m:
        c = m.cards[0]
        for n, length in ((0, 1), (1, 1), (127, 1), (128, 2), (16383, 2), (16384, 3), (0x3fffff, 3)):
            c.put(f"TOHOST,0,1,{n};")
            eq(len(raw := c.get()), 2 + length + 1)
            assert (raw[2] >> 6 in (0, 1)) if length == 1 else raw[2] >> 6 == length, raw
            c.ack(ABANDON)
        for area in range(8):
            for name, kind in (("TOHOST", 8), ("TO1401", 9)):
                c.put(f"{name},5,300,70000,{area};")
                eq(c.request(), (kind, area, 70000, 300))
                c.ack(ABANDON)
        c.put("TO1401,0,1048576,$3fffff;")
        eq(c.request(), (9, 0, 0x3fffff, 1048576))
        c.ack(ABANDON)
        c.put("CLOAD,12,34;")
        eq(c.request(), (9, 0, 12, 34))


@test("STATE follows characters, request and block; no character comes while it waits")
def _():
    with Machine() as m:
        c = m.cards[0]
        for name, state in (("TOHOST", "STATE_SEND"), ("TO1401", "STATE_READ")):
            c.put("ERR;")
            eq(c.state(), REG["STATE_CHARS"])
            c.get()
            eq(c.state(), REG["STATE_IDLE"])
            c.put(f"{name},0,2,0;")
            for _i in range(4):
                eq(c.state(), REG["STATE_REQUEST"])
                assert c.status() & RXRDY
                c.inb(REG["DATA"])
            eq(c.state(), REG[state])
            eq(c.status() & RXRDY, 0)
            for ch in "E":
                c.outb(REG["DATA"], ord(ch))
            eq(c.status() & (RXRDY | TXRDY), 0)
            c.move(BUF, 2, to_1401=name == "TO1401")
            c.wait(EOB)
            c.finish()
            eq(c.state(), REG["STATE_IDLE"])
            c.put("RR;")
            eq(c.get_line(), "0,0")


@test("a request of size 0 has no block")
def _():
    with Machine() as m:
        c = m.cards[0]
        c.put("TOHOST,1048576,0,7;")
        eq(c.request(), (8, 0, 7, 0))
        eq(c.state(), 0)
        c.control(DMAEN)
        eq(c.status() & (ERR | DMARUN), ERR)
        c.finish()
        eq(c.err(), (0, 0))


# Blocks

@test("DMAEN's rise with no block, an unread request or the wrong direction is ERR")
def _():
    with Machine() as m:
        c = m.cards[0]
        m.write(BUF, b"\xee" * 16)
        m.dma_program(1, BUF, 16)

        def refused(control):
            c.control(control)
            eq(c.status() & (ERR | DMARUN | TC | EOB), ERR)
            c.finish()
            m.dma_mask(1, False)
        refused(DMAEN)
        refused(DMAEN | TO1401)
        c.put("TOHOST,0,16,0;")
        refused(DMAEN)
        c.get(3)
        refused(DMAEN)
        c.get(1)
        refused(DMAEN | TO1401)
        eq(m.read(BUF, 16), b"\xee" * 16)
        c.control(DMAEN)
        eq(c.wait(EOB) & (ERR | TC | EOB), TC | EOB)
        eq(m.read(BUF, 16), bytes(16))
        c.finish()
        c.put("TO1401,0,16,0;")
        c.get()
        refused(DMAEN)
        c.ack(ABANDON)
        refused(DMAEN | TO1401)


@test("blocks go both ways on channels 1, 3, 5, 6 and 7, and touch nothing else")
def _():
    for dma in ALL_CHANNELS:
        with Machine({"dma": dma}) as m:
            c = m.cards[0]
            for size in (2, 4, 254, 4096, 4098, 65536) + ((131072,) if dma > 4 else ()):
                data = noise(size, size)
                c.put(f"TO1401,64,{size},0;")
                c.request()
                m.write(BUF, data)
                c.control(IE_DMA)
                m.edges.clear()
                m.dma_program(dma, BUF, size, to_1401=True)
                c.control(IE_DMA | DMAEN | TO1401)
                eq(c.wait(TC | EOB) & (TC | EOB | ERR | DMARUN), TC | EOB)
                assert c.line()
                eq(m.edges, [("raise", 5)])
                eq((c.cause(), c.laps()), (CAUSE_DMA, 1))
                c.finish()
                assert not c.line()
                m.write(BUF - 16, b"\xa5" * (size + 32))
                c.put(f"TOHOST,64,{size},0;")
                c.request()
                c.move(BUF, size)
                eq(c.wait(TC | EOB) & (TC | EOB | ERR | DMARUN), TC | EOB)
                eq(m.dma_residue(dma), 0)
                c.finish()
                eq_data(m.read(BUF - 16, size + 32), b"\xa5" * 16 + data + b"\xa5" * 16)
                eq(c.err(), (0, 0))


@test("1 MiB of user memory holds what was written, through whole DMA pages")
def _():
    for dma in (1, 5):
        with Machine({"dma": dma}) as m:
            c = m.cards[0]
            data = noise(1048576, dma)
            c.fill(0, data)
            eq_data(c.fetch(0, 1048576), data)


@test("a block moves in pieces over DMAEN's rises; EOB comes with its last byte only")
def _():
    for dma in (1, 5):
        with Machine({"dma": dma}) as m:
            c = m.cards[0]
            data = noise(150000)
            c.fill(0, data)
            c.put("TOHOST,0,150000,0;")
            c.request()
            got = b""
            for i, piece in enumerate((2, 65536, 1000, 65536, 17926)):
                c.move(BUF, piece)
                last = len(got) + piece == len(data)
                eq(c.wait(TC | EOB) & (TC | EOB | ERR | DMARUN), TC | EOB if last else TC)
                eq(c.laps(), 1)
                eq(c.state(), 0 if last else REG["STATE_SEND"])
                eq((i, c.finish()), (i, TC | EOB if last else TC))
                got += m.read(BUF, piece)
            eq_data(got, data)
            c.control(DMAEN)
            eq(c.finish(), ERR)


@test("a block that ends before terminal count: EOB without TC, the residue tells the rest")
def _():
    for dma in (1, 5):
        with Machine({"dma": dma}) as m:
            c = m.cards[0]
            for name in ("TO1401", "TOHOST"):
                m.write(BUF, b"\x5a" * 64)
                c.put(f"{name},0,40,0;")
                c.request()
                c.move(BUF, 64, to_1401=name == "TO1401")
                eq(c.wait(EOB) & (TC | EOB | ERR | DMARUN), EOB)
                eq(m.dma_residue(dma), 24)
                eq(c.laps(), 0)
                c.finish()
            eq(m.read(BUF, 64), b"\x5a" * 64)
            eq(c.fetch(0, 44), b"\x5a" * 40 + bytes(4))


@test("ODD: on a 16-bit channel an odd block carries a pad byte, told with EOB")
def _():
    for dma in (5, 6, 7):
        with Machine({"dma": dma}) as m:
            c = m.cards[0]
            for size in (1, 5, 4097, 9999):
                data = noise(size, size)
                m.write(BUF, data + b"\xcc\xcc")
                c.put(f"TO1401,0,{size},0;")
                c.request()
                c.move(BUF, size + 1, to_1401=True)
                eq(c.wait(EOB) & (TC | EOB), TC | EOB)
                eq(c.cause(), ODD)
                c.ack(TC)
                eq(c.cause(), ODD)
                c.ack(EOB)
                eq(c.cause(), 0)
                c.finish()
                m.write(BUF, b"\xcc" * (size + 3))
                c.put(f"TOHOST,0,{size},0;")
                c.request()
                c.move(BUF, size + 1)
                eq(c.wait(EOB) & (TC | EOB), TC | EOB)
                eq(c.cause(), ODD)
                c.finish()
                eq_data(m.read(BUF, size + 3), data + b"\0\xcc\xcc")
            eq(c.fetch(9999, 1), b"\0")
            c.put("TOHOST,0,6,0;")
            c.request()
            c.move(BUF, 6)
            c.wait(EOB)
            eq(c.cause(), 0)


@test("ODD is never set on an 8-bit channel, and nothing is added there")
def _():
    with Machine() as m:
        c = m.cards[0]
        m.write(BUF, b"\xcc" * 8)
        c.put("TOHOST,0,5,0;")
        c.request()
        c.move(BUF, 5)
        eq(c.wait(EOB) & (TC | EOB), TC | EOB)
        eq(c.cause(), 0)
        eq(m.read(BUF, 8), bytes(5) + b"\xcc" * 3)


@test("clearing DMAEN drops DREQ at once and keeps the block where it stopped")
def _():
    with Machine() as m:
        c = m.cards[0]
        data = noise(64)
        c.fill(0, data)
        m.write(BUF, bytes(64))
        c.put("TOHOST,0,64,0;")
        c.request()
        m.dma_program(1, BUF, 64, unmask=False)
        c.control(DMAEN)
        eq(c.status() & (DMARUN | TC | EOB | ERR), DMARUN)
        c.control(0)
        eq(c.status() & (DMARUN | TC | EOB | ERR), 0)
        m.dma_mask(1, False)
        time.sleep(0.05)
        eq(m.read(BUF, 64), bytes(64))
        eq(c.state(), REG["STATE_SEND"])
        c.move(BUF, 16)
        eq(c.wait(TC | EOB) & (TC | EOB), TC)
        c.finish()
        m.dma_program(1, BUF + 16, 48, unmask=False)
        c.control(DMAEN)
        c.control(0)
        c.move(BUF + 16, 48)
        eq(c.wait(TC | EOB) & (TC | EOB), TC | EOB)
        c.finish()
        eq(m.read(BUF, 64), data)


@test("a write of CONTROL that keeps DMAEN is no rise, and the direction is that of the rise")
def _():
    with Machine() as m:
        c = m.cards[0]
        data = noise(8)
        c.fill(0, data)
        c.put("TOHOST,0,8,0;")
        c.request()
        m.dma_program(1, BUF, 8, unmask=False)
        c.control(DMAEN)
        c.control(DMAEN | TO1401 | FIFO | IE_DMA)
        eq(c.status() & (DMARUN | ERR), DMARUN)
        m.dma_mask(1, False)
        eq(c.wait(EOB) & (TC | EOB | ERR), TC | EOB)
        eq(m.read(BUF, 8), data)
        c.ack(TC | EOB)
        c.control(DMAEN)
        eq(c.status() & (DMARUN | ERR), 0)


@test("ABANDON ends a block that is asked for, waits or runs; ERR says so")
def _():
    with Machine() as m:
        c = m.cards[0]
        m.write(BUF, b"\x77" * 64)
        c.put("ERR;TOHOST,0,64,0;")             # asked for, behind a reply
        c.ack(ABANDON)
        eq(c.get(), b"0,0\r")
        eq(c.err(), (10, 0))
        c.put("TOHOST,0,64,0;")                 # partly read
        c.get(2)
        c.ack(ABANDON)
        eq(c.state(), 0)
        eq(c.err(), (10, 0))
        c.put("TOHOST,0,64,0;")                 # waits
        c.request()
        c.ack(ABANDON)
        eq(c.state(), 0)
        eq(c.err(), (10, 0))
        c.put("TOHOST,0,64,0;")                 # runs, some has moved
        c.request()
        c.move(BUF, 10)
        c.wait(TC)
        c.finish()
        m.dma_program(1, BUF + 10, 54, unmask=False)
        c.control(DMAEN)
        eq(c.status() & DMARUN, DMARUN)
        c.ack(ABANDON)
        eq(c.status() & (DMARUN | TC | EOB | ERR), 0)
        m.dma_mask(1, False)
        time.sleep(0.05)
        eq(m.read(BUF, 64), bytes(10) + b"\x77" * 54)
        c.control(0)
        eq(c.err(), (10, 10))
        eq(c.err(), (0, 0))


@test("ABANDON with no block is harmless, and clears what else its byte says")
def _():
    with Machine() as m:
        c = m.cards[0]
        before = c.status()
        c.ack(ABANDON)
        eq(c.status(), before)
        eq(c.err(), (0, 0))
        c.control(DMAEN)
        c.ack(ABANDON | ERR)
        eq(c.status() & ERR, 0)
        c.put("ERR")
        c.ack(ABANDON)
        c.put(";")
        eq(c.get_line(), "0,0")


def lap(card):
    """Let the 8237 look at DREQ: it does so at each write of its mask, and may later"""
    card.m.dma_mask(card.dma, False)
    card.m.dma_mask(card.dma)


def go_round(card, size, unmask=True):
    """A stream into a ring of so many bytes, which the 8237 goes round by itself"""
    card.command("XFIFO,0,C,10,10")
    card.outb(REG["MODE"], CONT)
    card.m.dma_program(card.dma, BUF, size, auto=True, unmask=unmask)
    card.control(DMAEN | FIFO)


@test("LAPS counts terminal counts since DMAEN's rise; its low byte freezes the high one")
def _():
    with Machine() as m:
        c = m.cards[0]
        go_round(c, 16, unmask=False)
        while (n := c.laps()) < 300:
            lap(c)
            assert c.laps() > n
            eq(c.status() & (DMARUN | TC | ERR), DMARUN | TC)
            eq(m.read(BUF, 16), sines((0,), 8 * c.laps() - 8, 8))
        n = c.laps()
        eq(c.inb(REG["LAPS_LOW"]), n & 0xff)
        for _ in range(300):
            lap(c)
        eq(c.inb(REG["LAPS_HIGH"]), n >> 8)
        assert c.laps() >= n + 300
        n = c.laps()
        c.control(0)
        eq(c.laps(), n)
        c.control(DMAEN | FIFO)
        eq(c.laps(), 0)


@test("LAPS wraps at 65536")
def _():
    with Machine() as m:
        c = m.cards[0]
        go_round(c, 2, unmask=False)
        # some come while the card rests
        for _ in range(65536 + 4096):
            m.dma_mask(1, False)
        m.dma_mask(1)
        laps = int(c.ask("XFIFO,?").split(",")[0]) - 8192   # one sample each, and a full FIFO
        assert laps > 65536
        eq(c.laps(), laps & 0xffff)


@test("a ring that goes round with no clock leaves QEMU time for others")
def _():
    with Machine() as m:
        c = m.cards[0]
        go_round(c, 65536)
        # Every question wakes QEMU's main loop, in which the 8237 has its turn, too
        end, laps, most, since = time.monotonic() + 20, c.laps(), 0, 0
        while most < 5 and time.monotonic() < end:
            n = c.laps()
            laps, since = n, since + 1 if n == laps else 0
            most = max(most, since)
        assert laps > 0
        assert most >= 5, f"{most} questions were answered between two laps"


@test("a ring that goes round with no clock stands still while the machine is stopped")
def _():
    with Machine() as m:
        c = m.cards[0]
        go_round(c, 65536)
        while not c.laps():
            pass
        m.qmp("stop")
        c.set("written", "")
        # QEMU's own loop goes on, and is woken again and again
        end = time.monotonic() + 0.5
        while time.monotonic() < end:
            eq(c.prop("written"), "")
        m.qmp("cont")
        n = c.laps()
        while c.laps() < n + 3:
            pass
        assert c.prop("written")


@test("CONT goes on after terminal count round a ring, without a gap; EOB ends it")
def _():
    with Machine() as m:
        c = m.cards[0]
        data = noise(1000)
        c.fill(0, data)
        c.outb(REG["MODE"], CONT)
        c.put("TOHOST,0,1000,0;")
        c.request()
        m.dma_program(1, BUF, 32, auto=True, unmask=False)
        c.control(DMAEN)
        for _ in range(20):
            lap(c)
            n = c.laps()
            if c.status() & EOB:
                break
            eq(m.read(BUF, 32), data[32 * n - 32:32 * n])
            eq(c.status() & (DMARUN | TC | EOB), DMARUN | TC)
            c.ack(TC)
            eq(c.status() & (DMARUN | TC | EOB), DMARUN)
        m.dma_mask(1, False)
        eq(c.wait(EOB) & (DMARUN | EOB), EOB)
        eq(c.laps(), 31)
        eq(m.read(BUF, 32), data[992:] + data[968:992])
        eq(m.dma_residue(1), 24)


@test("CONT without auto-initialise does not go past terminal count")
def _():
    with Machine() as m:
        c = m.cards[0]
        m.write(BUF, b"\xdd" * 32)
        c.outb(REG["MODE"], CONT)
        c.put("TOHOST,0,32,0;")
        c.request()
        c.move(BUF, 8)
        c.wait(TC)
        time.sleep(0.05)
        eq(m.read(BUF, 32), bytes(8) + b"\xdd" * 24)
        eq(c.laps(), 1)
        eq(c.status() & (DMARUN | EOB), DMARUN)
        m.dma_program(1, BUF + 8, 24)
        eq(c.wait(EOB) & (TC | EOB | DMARUN), TC | EOB)
        eq(m.read(BUF, 32), bytes(32))


@test("without CONT a ring stops at terminal count, and the 8237 has reloaded")
def _():
    with Machine() as m:
        c = m.cards[0]
        c.put("TOHOST,0,32,0;")
        c.request()
        m.dma_program(1, BUF, 8, auto=True)
        c.control(DMAEN)
        eq(c.wait(TC) & (DMARUN | TC | EOB), TC)
        time.sleep(0.05)
        eq(c.laps(), 1)
        eq(m.dma_residue(1), 8)
        eq(c.state(), REG["STATE_SEND"])


# RESET, self-test, power, cable

@test("RESET: latches, DMARUN, block, characters and FIFO are gone; memory stays")
def _():
    with Machine() as m:
        c = m.cards[0]
        data = noise(256)
        c.fill(0, data)
        c.put("XFIFO,0,C,10,10;ERR;TOHOST,0,4,0;")
        c.get(4)
        c.request()
        c.outb(REG["DATA"], ord("X"))
        m.dma_program(1, BUF, 4, unmask=False)
        c.control(DMAEN)
        c.outb(REG["DATA"], ord("X"))
        c.control(0)
        c.control(DMAEN)
        c.control(IE_RX | IE_TX | IE_DMA | DMAEN)
        eq(c.status() & (ERR | DMARUN | TXRDY), ERR | DMARUN)
        assert c.line()
        c.control(RESET | IE_RX | IE_TX | IE_DMA)
        eq(c.status(), ONLINE)
        eq(c.cause(), 0)
        assert not c.line()
        m.dma_mask(1, False)
        m.step(1000 * MS)
        eq(c.status(), ONLINE)
        c.outb(REG["DATA"], ord("X"))
        c.control(0)
        eq(c.status(), ONLINE)
        m.step(10 * MS)
        eq(c.state(), 0)
        eq(c.status(), ONLINE | TXRDY)
        eq(c.err(), (0, 0))
        eq(c.ask("XFIFO,?"), "0,0")
        c.move(BUF, 4, fifo=True)
        time.sleep(0.05)
        eq(c.status() & (DMARUN | TC | EOB), DMARUN)
        c.finish()
        c.control(DMAEN)
        eq(c.finish(), ERR)
        eq_data(c.fetch(0, 256), data)


@test("RESET held with DMAEN starts nothing, and neither does its fall")
def _():
    with Machine() as m:
        c = m.cards[0]
        c.control(RESET | DMAEN)
        eq(c.status(), ONLINE)
        c.control(DMAEN)
        m.step(10 * MS)
        eq(c.status(), ONLINE | TXRDY)


@test("TEST at RESET's fall: a self-test that passes, and one that fails with x and y")
def _():
    with Machine({}, {"iobase": "0x310", "irq": 7, "dma": 5, "test-code": 17,
                      "test-x": 0x1234, "test-y": 0xabcd}) as m:
        good, bad = m.cards
        for c in m.cards:
            c.control(RESET | TEST)
            c.control(0)
            m.step(10 * MS)
            eq(c.state(), 0x80)
            eq(c.inb(REG["CODE"]), 0)
            eq(c.status(), ONLINE)
        m.step(200 * MS)
        eq((good.state(), good.status()), (0, ONLINE | TXRDY))
        eq(good.laps(), 0)
        for _i in range(2):
            eq((bad.state(), bad.status()), (0x80, ONLINE))
            eq(bad.inb(REG["CODE"]), 17)
            eq(bad.inb(REG["XY"]), 0x34)
            eq(bad.inb(REG["XY"]), 0x12)
            eq(bad.inb(REG["XY"]), 0xcd)
            eq(bad.inb(REG["XY"]), 0xab)
        bad.inb(REG["XY"])
        bad.control(RESET | TEST)
        bad.control(TEST)
        m.step(200 * MS)
        eq(bad.inb(REG["XY"]), 0x34)
        bad.control(RESET)
        bad.control(0)
        m.step(10 * MS)
        eq((bad.state(), bad.status()), (0, ONLINE | TXRDY))


@test("POWER or CABLE 0: the other status bits are 0, nothing moves, TYPE still reads")
def _():
    for name, bit in (("power", REG["STATUS_POWER"]), ("cable", REG["STATUS_CABLE"])):
        with Machine({"model": 6}) as m:
            c = m.cards[0]
            data = noise(16)
            c.fill(0, data)
            m.write(BUF, b"\x99" * 16)
            c.put("TOHOST,0,16,0;")
            c.request()
            m.dma_program(1, BUF, 16, unmask=False)
            c.control(DMAEN | IE_RX | IE_TX | IE_DMA)
            assert c.line()
            c.set(name, False)
            eq(c.status(), ONLINE & ~bit)
            eq(c.cause(), 0)
            assert not c.line()
            m.dma_mask(1, False)
            c.outb(REG["DATA"], ord(";"))
            c.control(IE_RX | IE_TX | IE_DMA)
            c.control(DMAEN | FIFO | IE_RX | IE_TX | IE_DMA)
            m.step(1000 * MS)
            time.sleep(0.05)
            eq((c.status(), c.state()), (ONLINE & ~bit, 0))
            eq((c.inb(REG["ID"]), c.inb(REG["TYPE"])), (0x14, 6))
            eq(m.read(BUF, 16), b"\x99" * 16)
            c.control(0)
            c.set(name, True)
            m.step(10 * MS)
            eq(c.status(), ONLINE | TXRDY)
            c.control(RESET)
            c.control(0)
            m.step(10 * MS)
            eq(c.err(), (0, 0))
            eq(c.fetch(0, 16), data if name == "cable" else bytes(16))


@test("a card may start without power or cable and get them later")
def _():
    with Machine({"power": "off", "cable": "off"}) as m:
        c = m.cards[0]
        eq(c.status(), 0)
        c.set("power", True)
        eq(c.status(), REG["STATUS_POWER"])
        c.set("cable", True)
        m.step(10 * MS)
        eq(c.status(), ONLINE | TXRDY)


@test("a machine reset is power-up: everything at its beginning, memory and signal too")
def _():
    with Machine() as m:
        c = m.cards[0]
        c.fill(0, b"\x11" * 16)
        eq([c.ask("ADC,0") for _i in range(3)], [str(sine(0, s)) for s in range(3)])
        c.put("XFIFO,0,C,10,10;TOHOST,0,16,0;")
        c.request()
        m.dma_program(1, BUF, 16, unmask=False)
        c.control(DMAEN | IE_RX | IE_TX | IE_DMA)
        c.outb(REG["MODE"], CONT)
        m.reset()
        eq((c.status(), c.cause(), c.state()), (ONLINE | TXRDY, 0, 0))
        assert not c.line()
        eq(c.ask("ADC,0"), "0")
        eq(c.ask("ADC,0"), str(sine(0, 1)))
        eq(c.fetch(0, 16), bytes(16))


# Sampling into memory

@test("ADCMEM fills memory with the channels in turn; P and ? follow it")
def _():
    with Machine() as m:
        c = m.cards[0]
        c.command("ADCMEM,I,2,100,600,0 5 2,1,C,10,10")
        eq(c.ask("ADCMEM,?"), "1")
        eq(c.ask("ADCMEM,P"), "0")
        wait_idle(c, "ADCMEM")
        eq(c.ask("ADCMEM,P"), "600")
        eq_data(c.fetch(98, 604), bytes(2) + sines((0, 5, 2), 0, 100) + bytes(2))
        c.command("adcmem f 1 0 200 1 1 h 100 2")
        wait_idle(c, "ADCMEM")
        eq_data(c.fetch(0, 200), sines((1,), 100, 200)[1::2])


@test("ADCMEM's repeats go over the memory again, and 0 until K")
def _():
    with Machine() as m:
        c = m.cards[0]
        c.command("ADCMEM,I,2,0,60,0,4,C,10,10")
        wait_idle(c, "ADCMEM")
        eq_data(c.fetch(0, 60), sines((0,), 90, 30))
        eq(c.ask("ADCMEM,P"), "60")
        c.command("ADCMEM,I,2,0,1000,0,0,C,10,10")
        for _i in range(20):
            m.step(MS)
            eq(c.ask("ADCMEM,?"), "1")
        c.put("ADCMEM,K;")
        eq(c.ask("ADCMEM,?"), "0")
        before = c.fetch(0, 1000)
        m.step(100 * MS)
        eq(c.fetch(0, 1000), before)
        eq(c.err(), (0, 0))


@test("realtime=on: ADCMEM converts once a tick of the clock")
def _():
    with Machine({"realtime": "on"}) as m:
        c = m.cards[0]
        c.command("ADCMEM,I,2,0,4000,0 1,1,C,10,10")       # 10 kHz, 2000 conversions
        m.step(50 * MS)
        eq(c.ask("ADCMEM,P"), "1000")
        m.step(149900000)
        eq((c.ask("ADCMEM,P"), c.ask("ADCMEM,?")), ("3998", "1"))
        m.step(100000)
        eq((c.ask("ADCMEM,P"), c.ask("ADCMEM,?")), ("4000", "0"))
        eq_data(c.fetch(0, 4000), sines((0, 1), 0, 1000))
        for clock, hz in (("C", 1000000), ("H", 4000000), ("T", 10000000)):
            c.command(f"ADCMEM,I,2,0,65536,0,0,{clock},100,50")
            m.step(100 * MS)
            eq(int(c.ask("ADCMEM,P")), hz // 5000 // 10 * 2)
            c.put("ADCMEM,K;")


@test("conversions go on while a block waits and moves")
def _():
    with Machine({"realtime": "on"}) as m:
        c = m.cards[0]
        c.command("ADCMEM,I,2,0,2000,0,1,C,10,100")        # 1 kHz, 1 s
        m.step(500 * MS)
        c.put("TOHOST,0,1000,0;")
        c.request()
        m.step(400 * MS)
        c.move(BUF, 1000)
        c.wait(EOB)
        c.finish()
        eq_data(m.read(BUF, 1000), sines((0,), 0, 500))
        m.step(100 * MS)
        eq(c.ask("ADCMEM,?"), "0")
        eq_data(c.fetch(0, 2000), sines((0,), 0, 1000))


@test("a clock with T waits for the trigger")
def _():
    with Machine() as m:
        c = m.cards[0]
        c.command("ADCMEM,I,2,0,200,0,1,CT,10,10")
        m.step(1000 * MS)
        eq((c.ask("ADCMEM,?"), c.ask("ADCMEM,P")), ("1", "0"))
        c.set("trigger", True)
        wait_idle(c, "ADCMEM")
        eq_data(c.fetch(0, 200), sines((0,), 0, 100))
        c.command("ADCMEM,I,2,0,200,0,1,HT,10,10")
        c.put("ADCMEM,K;")
        eq(c.ask("ADCMEM,?"), "0")


@test("one command at a time has the ADC, one the DACs; both sides at once may run")
def _():
    with Machine({"realtime": "on"}) as m:
        c = m.cards[0]
        adc = ("ADCMEM,I,2,0,200,0,0,C,10,100", "XFIFO,0,C,10,10",
               "ADCBST,I,2,0,200,0,0,C,10,100", "XSTREAM,0,200,0,CT,10,10")
        dac = ("MEMDAC,I,2,0,200,0,0,C,10,100", "XFOUT,0,C,10,10", "XPLAY,0,200,0,CT,10,10")
        for first in adc + dac:
            c.command(first)
            name = first.split(",", maxsplit=1)[0]
            for second in (adc if first in adc else dac):
                c.put(second + ";")
                eq(c.err(), (4, 0))
            if first in adc:
                c.put("ADC,0;")
                eq(c.err(), (4, 0))
            else:
                c.put("DAC,1,5,0,5;")
                eq((c.err(), c.prop("dac1")), ((4, 0), 0))
                c.command("DAC,1,5")
                c.command("DAC,1,0")
            c.put(name + ",K;")
            eq(c.err(), (0, 0))
        c.command(adc[0])
        c.command(dac[0])
        c.command("RESET")
        eq((c.ask("ADCMEM,?"), c.ask("MEMDAC,?")), ("0", "0"))


# The FIFO, to the host

@test("XFIFO fills the FIFO, and one call of the 8237 takes all it wants; none is lost")
def _():
    for dma in (1, 5):
        with Machine({"dma": dma}) as m:
            c = m.cards[0]
            c.command("XFIFO,0 3 1,C,10,10")
            c.move(BUF, 60000, fifo=True)
            eq(c.status() & (TC | EOB | DMARUN), TC)
            eq_data(m.read(BUF, 60000), sines((0, 3, 1), 0, 10000))
            c.finish()
            c.move(BUF, 60000, fifo=True)
            eq(c.finish(), TC)
            eq_data(m.read(BUF, 60000), sines((0, 3, 1), 10000, 10000))
            taken, lost = c.ask("XFIFO,?").split(",")
            eq((int(taken), int(lost)), (60000 + 16384 // 6 * 3, 0))
            c.command("XFIFO,K")
            c.move(BUF, 32768, fifo=True)
            eq(c.wait(TC | EOB) & (TC | EOB | ERR | DMARUN), EOB)
            eq(32768 - m.dma_residue(dma), 16384 // 6 * 6)
            eq_data(m.read(BUF, 16380), sines((0, 3, 1), 20000, 2730))


@test("a transfer may be started before the stream; an empty FIFO is no end")
def _():
    with Machine() as m:
        c = m.cards[0]
        c.move(BUF, 1000, fifo=True)
        time.sleep(0.05)
        eq(c.status() & (TC | EOB | ERR | DMARUN), DMARUN)
        eq(m.dma_residue(1), 1000)
        c.command("XFIFO,4,C,10,10")
        eq(c.wait(TC) & (TC | EOB | DMARUN), TC)
        eq_data(m.read(BUF, 1000), sines((4,), 0, 500))


@test("EOB with TC when the FIFO's last byte is the 8237's")
def _():
    with Machine() as m:
        c = m.cards[0]
        c.command("XFIFO,0,C,10,10")
        c.command("XFIFO,K")
        c.control(IE_DMA)
        m.dma_program(1, BUF, 16384, unmask=False)
        c.control(IE_DMA | DMAEN | FIFO)
        m.edges.clear()
        m.dma_mask(1, False)
        eq(c.wait(TC | EOB) & (TC | EOB | DMARUN), TC | EOB)
        eq(m.edges, [("raise", 5)])
        eq_data(m.read(BUF, 16384), sines((0,), 0, 8192))
        c.finish()
        c.move(BUF, 16, fifo=True)      # the end was told once
        eq(c.status() & (EOB | DMARUN), DMARUN)


@test("a stream that stops while its transfer runs dry ends it with EOB")
def _():
    with Machine({"realtime": "on"}) as m:
        c = m.cards[0]
        c.move(BUF, 1000, fifo=True)
        c.command("XFIFO,0,C,10,10")
        m.step(10 * MS)
        c.wait(DMARUN)
        c.control(IE_DMA | DMAEN | FIFO)
        assert not c.line()
        c.command("XFIFO,K")
        eq(c.wait(EOB) & (TC | EOB | DMARUN), EOB)
        assert c.line()
        eq(1000 - m.dma_residue(1), 200)
        eq_data(m.read(BUF, 200), sines((0,), 0, 100))


@test("an end between two pieces is told at DMAEN's next rise")
def _():
    with Machine({"realtime": "on"}) as m:
        c = m.cards[0]
        c.move(BUF, 200, fifo=True)
        c.command("XFIFO,0,C,10,10")
        m.step(10 * MS)
        eq(c.wait(TC) & (TC | EOB), TC)
        c.command("XFIFO,K")            # DMAEN is still 1
        c.finish()
        c.move(BUF, 200, fifo=True)
        eq(c.wait(EOB) & (TC | EOB | DMARUN), EOB)
        c.finish()
        c.command("XFIFO,0,C,10,10")    # and with DMAEN 0 and nothing left there is no end
        c.command("XFIFO,K")
        c.move(BUF, 200, fifo=True)
        eq(c.status() & (EOB | DMARUN), DMARUN)


@test("realtime=on: XFIFO takes a frame a tick and counts whole frames that found no room")
def _():
    for dma in (1, 5):
        with Machine({"realtime": "on", "dma": dma}) as m:
            c = m.cards[0]
            c.command("XFIFO,0 1 2,T,100,100")      # 1 kHz
            m.step(1000 * MS)
            eq(c.ask("XFIFO,?"), "3000,0")
            eq_data(c.drain(6000), sines((0, 1, 2), 0, 1000))
            m.step(3000 * MS)
            eq(c.ask("XFIFO,?"), f"{3000 + 2730 * 3},{(3000 - 2730) * 3}")
            c.command("XFIFO,K")
            eq_data(c.drain(20000), sines((0, 1, 2), 1000, 2730))


@test("realtime=on: a running transfer follows the clock and loses nothing")
def _():
    for dma in (1, 7):
        with Machine({"realtime": "on", "dma": dma}) as m:
            c = m.cards[0]
            c.move(BUF, 40000, fifo=True)
            c.command("XFIFO,0 1,C,10,10")          # 10 kHz
            for _i in range(10):
                m.step(100 * MS)
                c.ask("XFIFO,?")
                time.sleep(0.03)
            eq(c.wait(TC) & TC, TC)
            eq_data(m.read(BUF, 40000), sines((0, 1), 0, 10000))
            eq(c.ask("XFIFO,?"), "20000,0")


@test("characters and requests go on while the FIFO moves; ABANDON leaves it alone")
def _():
    with Machine({"realtime": "on"}) as m:
        c = m.cards[0]
        c.fill(0, b"\x42" * 8)
        c.move(BUF, 4000, fifo=True)
        c.command("XFIFO,0,C,10,10")
        m.step(10 * MS)
        c.put("TOHOST,0,8,0;")
        eq(c.request(), (8, 0, 0, 8))
        eq(c.state(), REG["STATE_SEND"])
        c.ack(ABANDON)
        eq(c.err(), (10, 0))
        eq(c.status() & (DMARUN | ERR), DMARUN)
        c.put("TOHOST,0,8,0;")
        c.request()
        m.step(190 * MS)
        eq(c.wait(TC) & (TC | ERR | EOB), TC)
        c.finish()
        eq_data(m.read(BUF, 4000), sines((0,), 0, 2000))
        c.move(BUF, 8)                              # with FIFO 0 it is the block's turn
        c.wait(EOB)
        eq(m.read(BUF, 8), b"\x42" * 8)


@test("a transfer of the FIFO against the stream's direction is ERR, either way")
def _():
    with Machine() as m:
        c = m.cards[0]
        c.command("XFIFO,0,C,10,10")
        c.move(BUF, 16, to_1401=True, fifo=True)
        eq(c.status() & (ERR | DMARUN), ERR)
        c.finish()
        c.command("XFIFO,K")
        c.command("XFOUT,0,C,10,10")
        c.move(BUF, 16, fifo=True)
        eq(c.status() & (ERR | DMARUN), ERR)
        c.finish()
        c.command("XFOUT,K")
        c.move(BUF, 16, fifo=True)
        c.command("XFOUT,0,C,10,10")
        eq(c.status() & (ERR | DMARUN), ERR)


# The FIFO, to the DACs

@test("XFOUT plays what the host sends, whole frames, and K plays the rest")
def _():
    for dma in (1, 5):
        with Machine({"dma": dma, "dac": "{dir}/dac.wav"}) as m:
            wav = os.path.join(m.dir.name, "dac.wav")
            c = m.cards[0]
            data = noise(60000)
            m.write(BUF, data)
            c.move(BUF, 60000, to_1401=True, fifo=True)
            time.sleep(0.05)
            eq(c.status() & (TC | DMARUN), DMARUN)      # the FIFO is full
            eq(60000 - m.dma_residue(dma), 16384)
            c.command("XFOUT,2 0,C,25,5")
            eq(c.wait(TC) & (TC | EOB | DMARUN), TC)
            c.finish()
            eq(c.ask("XFOUT,?"), "30000,0")
            eq(read_wav(wav), (2, 8000, data))
            for n in (2, 3):
                c.move(BUF, 60000, to_1401=True, fifo=True)
                c.wait(TC)
                c.finish()
                eq(read_wav(wav), (2, 8000, data * n))
            c.move(BUF, 60000, to_1401=True, fifo=True)
            m.proc.kill()
            m.proc.wait()
            eq(read_wav(wav), (2, 8000, data * 4))


@test("realtime=on: XFOUT plays a frame a tick, counts the clocks it runs dry, K drains")
def _():
    with Machine({"realtime": "on", "dac": "{dir}/dac.wav"}) as m:
        wav = os.path.join(m.dir.name, "dac.wav")
        c = m.cards[0]
        data = noise(8000)
        c.command("XFOUT,0 1,C,10,100")                 # 1 kHz
        m.step(250 * MS)
        eq(c.ask("XFOUT,?"), "0,250")
        m.write(BUF, data)
        c.move(BUF, 4000, to_1401=True, fifo=True)
        c.wait(TC)
        c.finish()
        m.step(500 * MS)
        eq(c.ask("XFOUT,?"), "1000,250")
        m.step(1000 * MS)
        eq(c.ask("XFOUT,?"), "2000,750")
        eq(read_wav(wav), (2, 1000, data[:4000]))
        c.move(BUF + 4000, 60000, to_1401=True, fifo=True)
        m.write(BUF + 8000, bytes(60000))
        time.sleep(0.05)
        c.command("XFOUT,K")
        c.control(DMAEN | FIFO | TO1401 | IE_DMA)
        m.step(4000 * MS)
        assert c.status() & DMARUN and not c.line()
        m.step(1000 * MS)
        eq(c.wait(EOB) & (TC | EOB | DMARUN | ERR), EOB)
        assert c.line()
        eq(60000 - m.dma_residue(1), 16384)
        eq(len(read_wav(wav)[2]), 4000 + 16384)


@test("an 8-bit channel may hand XFOUT half a sample")
def _():
    with Machine({"dac": "{dir}/dac.wav"}) as m:
        c = m.cards[0]
        data = noise(100)
        c.command("XFOUT,0,C,10,100")
        m.write(BUF, data)
        for at, n in ((0, 33), (33, 1), (34, 66)):
            c.move(BUF + at, n, to_1401=True, fifo=True)
            c.wait(TC)
            c.finish()
        eq(read_wav(os.path.join(m.dir.name, "dac.wav"))[2], data)


# The world outside

def stereo(path, frames=1000, channels=2):
    write_wav(path, channels, noise(frames * channels * 2, 7))


@test("adc=FILE: its channels are the inputs, others read 0, a scan uses one frame")
def _():
    for frames in (1000, 1):
        data = noise(frames * 6, 7)
        want = array.array("h", data)
        with Machine({"adc": "{dir}/in.wav"},
                     files={"in.wav": lambda p, n=frames: stereo(p, n, 3)}) as m:
            c = m.cards[0]
            eq(c.ask("ADC,1"), str(want[1]))
            f = 3 * (1 % frames)
            eq(c.ask("ADC 2 0 5 2"), f"{want[f + 2]},{want[f]},0,{want[f + 2]}")
            c.command("ADCMEM,I,2,0,12000,0 1 2,3,C,10,10")
            wait_idle(c, "ADCMEM")      # frames 2 to 6001: the file begins again
            eq(c.ask("ADC,0"), str(want[3 * (6002 % frames)]))
            frame = [data[6 * ((4002 + i) % frames):][:6] for i in range(2000)]
            eq_data(c.fetch(0, 12000), b"".join(frame))


@test("XFIFO and ADCMEM bring a recording whole, byte for byte")
def _():
    with Machine({"adc": "{dir}/in.wav", "dma": 5},
                 files={"in.wav": lambda p: stereo(p, 100000)}) as m:
        c = m.cards[0]
        want = noise(400000, 7)
        c.command("ADCMEM,I,2,0,200000,0 1,1,C,10,10")
        wait_idle(c, "ADCMEM")
        got = c.fetch(0, 200000)
        c.command("XFIFO,0 1,C,10,10")
        eq_data(got + c.drain(100000) + c.drain(100000), want)


@test("models 4 to 6 have 12 bits, 7 has 16")
def _():
    for model, mask in ((4, 0xfff0), (5, 0xfff0), (6, 0xfff0), (7, 0xffff)):
        with Machine({"adc": "{dir}/in.wav", "model": model}, files={"in.wav": stereo}) as m:
            c = m.cards[0]
            c.command("XFIFO,0 1,C,10,10")
            words = struct.unpack("<2000H", noise(4000, 7))
            eq_data(c.drain(4000), struct.pack("<2000H", *(w & mask for w in words)))


@test("WAV files other than 16-bit PCM, or without a frame, are refused")
def _():
    def bytes8(path):
        with wave.open(path, "wb") as w:
            w.setparams((1, 1, 8000, 0, "NONE", None))
            w.writeframes(bytes(100))
    for make in (bytes8, lambda p: stereo(p, 0)):
        try:
            Machine({"adc": "{dir}/in.wav"}, files={"in.wav": make}).close()
        except RuntimeError as e:
            assert "in.wav" in str(e), e
        else:
            raise AssertionError("it was taken")


@test("MEMDAC plays memory; dac=FILE holds it byte for byte, after a kill too")
def _():
    with Machine({"dac": "{dir}/dac.wav"}, files={"dac.wav": stereo}) as m:
        wav = os.path.join(m.dir.name, "dac.wav")
        c = m.cards[0]
        assert not os.path.exists(wav), "an old file stands there"
        data = noise(1048576)
        c.fill(0, data)
        c.command("MEMDAC,I,2,0,1048576,0 1,1,T,50,25")
        wait_idle(c, "MEMDAC")
        eq(c.ask("MEMDAC,P"), "1048576")
        eq(read_wav(wav), (2, 8000, data))
        c.command("MEMDAC,I,2,4,400,0 1,2,C,9,9")
        wait_idle(c, "MEMDAC")
        m.proc.kill()
        m.proc.wait()
        eq(read_wav(wav), (2, 8000, data + 2 * data[4:404]))
        with open(wav, "rb") as f:
            eq(len(f.read()), 44 + 1048576 + 800)


@test("the first command that plays gives dac=FILE its columns; later ones fill these")
def _():
    with Machine({"dac": "{dir}/dac.wav"}) as m:
        c = m.cards[0]
        c.fill(0, struct.pack("<6h", 1, 2, 3, 4, 5, 6))
        for channels, size in (("3 1", 8), ("1", 4), ("3 2 1", 6)):
            c.command(f"MEMDAC,I,2,0,{size},{channels},1,C,10,10")
            wait_idle(c, "MEMDAC")
        c.command("MEMDAC,I,1,1,2,1,1,C,10,10")
        wait_idle(c, "MEMDAC")
        c.control(RESET)                                # to 0 V
        c.control(0)
        m.step(10 * MS)
        c.command("MEMDAC,I,2,0,2,3,1,C,10,10")
        wait_idle(c, "MEMDAC")
        eq(read_wav(os.path.join(m.dir.name, "dac.wav")),
           (2, 10000, struct.pack("<14h", 1, 2, 3, 4, 3, 1, 3, 2, 1, 3, 1, 0, 1, 512)
            + struct.pack("<2h", 1, 0)))


@test("realtime=on: MEMDAC plays a frame a tick; K and RESET leave a whole file")
def _():
    with Machine({"realtime": "on", "dac": "{dir}/dac.wav"}) as m:
        wav = os.path.join(m.dir.name, "dac.wav")
        c = m.cards[0]
        data = noise(4000)
        c.fill(0, data)
        c.command("MEMDAC,I,2,0,4000,0 1,0,C,10,100")   # 1 kHz, 1 s a round
        m.step(250 * MS)
        eq(c.ask("MEMDAC,P"), "1000")
        c.command("MEMDAC,K")
        eq(read_wav(wav), (2, 1000, data[:1000]))
        m.step(250 * MS)
        c.command("MEMDAC,I,2,0,4000,0 1,0,C,10,100")
        m.step(2500 * MS)
        c.control(RESET)
        eq(read_wav(wav)[2], data[:1000] + data * 2 + data[:2000])
        c.control(0)
        m.step(10 * MS)
        c.command("MEMDAC,I,2,0,4000,0 1,0,C,10,100")
        for _i in range(5):
            m.step(500 * MS)
        m.proc.kill()                                   # no older than a second
        m.proc.wait()
        assert len(read_wav(wav)[2]) >= 1000 + 8000 + 2000 + 4 * 1490


# Streams by requests

@test("XSTREAM sends block after block, whole, on 8- and 16-bit channels; none is lost")
def _():
    for dma in (1, 5):
        with Machine({"dma": dma}) as m:
            c = m.cards[0]
            c.command("XSTREAM,3,1000,0 4,C,10,10")
            got = b""
            for n in range(40):
                got += c.take_block(3, 1000)
                if n % 10 == 0:                     # the host is busy for a while
                    m.step(1000 * MS)
            eq_data(got, sines((0, 4), 0, 10000))
            c.asked(8, 3, 1000)
            c.put("XSTREAM,K;")                     # it takes commands while a block waits,
            c.put("XSTREAM,?;ERR;ADC,0;")           # the replies come behind that
            eq(c.status() & RXRDY, 0)
            c.move(BUF, 1000)
            c.wait(EOB)
            c.finish()
            eq_data(m.read(BUF, 1000), sines((0, 4), 10000, 250))
            eq(c.get(), f"40,0\r0,0\r{sine(0, 10250)}\r".encode())
            m.step(1000 * MS)
            eq((c.state(), c.ask("XSTREAM,?")), (0, "41,0"))


@test("XSTREAM: blocks need not be whole frames, nor even; the largest is 128 KiB")
def _():
    for dma, size in ((1, 1001), (5, 1001), (5, 131072)):
        with Machine({"dma": dma}) as m:
            c = m.cards[0]
            c.command(f"XSTREAM,7,{size},0 1 2,H,10,10")
            got = b"".join(c.take_block(7, size) for _i in range(5))
            eq_data(got, sines((0, 1, 2), 0, 5 * size // 6 + 1)[:len(got)])


@test("realtime=on: XSTREAM keeps what waits and counts, by whole frames, what it cannot")
def _():
    with Machine({"realtime": "on"}) as m:
        c = m.cards[0]
        c.command("XSTREAM,0,6000,0 1 2,C,10,10")           # 10 kHz, 60 kB/s: a block in 100 ms
        m.step(99 * MS)
        eq(c.status() & RXRDY, 0)
        m.step(2 * MS)
        eq(c.state(), REG["STATE_REQUEST"])
        m.step(3899 * MS)                                   # 4 s: 240000 bytes
        got = b"".join(c.take_block(0, 6000) for _i in range(20))
        eq_data(got, sines((0, 1, 2), 0, 20000))
        eq(c.ask("XSTREAM,?"), "20,0")
        eq(m.now // (100 * MS), 40)
        m.step(5000 * MS - m.now)
        c.asked(8, 0, 6000)
        m.step(9900 * MS - m.now)
        c.put("XSTREAM,?;")
        # 21 blocks of 1000 frames gone, and 262144 // 6 frames held: 43690 + 21000
        eq(c.status() & RXRDY, 0)
        m.step(100 * MS)
        eq(m.now, 10000 * MS)
        c.put("XSTREAM,?;XSTREAM,K;")
        c.move(BUF, 6000)
        c.wait(EOB)
        c.finish()
        eq_data(m.read(BUF, 6000), sines((0, 1, 2), 20000, 1000))
        frames = 21000 + 262144 // 6
        eq(c.get_line(), f"20,{3 * (99000 - frames)}")
        eq(c.get_line(), f"20,{3 * (100000 - frames)}")


@test("XSTREAM: what comes after a loss is what was sampled after it")
def _():
    with Machine({"realtime": "on"}) as m:
        c = m.cards[0]
        c.command("XSTREAM,0,2000,0,C,10,10")               # 20 kB/s
        m.step(101 * MS)
        c.asked(8, 0, 2000)
        m.step(20000 * MS)
        c.put("XSTREAM,?;")
        c.move(BUF, 2000)
        c.wait(EOB)
        c.finish()
        lost = int(c.get_line().split(",")[1])
        eq(lost, m.now // 100000 - 1000 - 131072)
        got = m.read(BUF, 2000) + b"".join(c.take_block(0, 2000) for _i in range(140))
        eq_data(got[:264144], sines((0,), 0, 132072))
        first = next(s for s in range(100) if sines((0,), s, 50) == got[264144:264244])
        after = int(c.ask("XSTREAM,?").split(",")[1])
        assert after >= lost
        eq(first, (132072 + after) % 100)


@test("XSTREAM whose block the host gives up is over, and ERR says so")
def _():
    for read in (False, True):
        with Machine() as m:
            c = m.cards[0]
            c.command("XSTREAM,2,500,0,C,10,10")
            c.take_block(2, 500)
            if read:
                c.asked(8, 2, 500)
                eq(c.state(), REG["STATE_SEND"])
            else:
                m.step(MS)
                eq(c.inb(REG["DATA"]), 0x1b)
                c.put("CLEAR,5;")                           # and what comes behind stays
                c.put("XSTREAM,?;")
            c.ack(ABANDON)
            if not read:
                eq(c.get_line(), "1,0")
            eq(c.err(), (10, 0))
            m.step(1000 * MS)
            eq((c.state(), c.ask("XSTREAM,?")), (0, "1,0"))
            c.command("XSTREAM,1,100,0,C,10,10")
            eq_data(c.take_block(1, 100), sines((0,), 500, 50))


@test("a command's block waits for the stream's, in order with the replies")
def _():
    with Machine() as m:
        c = m.cards[0]
        c.fill(0, noise(64))
        c.command("XSTREAM,2,500,0,C,10,10")
        m.step(MS)
        c.put("ERR;")                                       # its reply comes behind the request
        c.asked(8, 2, 500)
        eq((c.state(), c.status() & RXRDY), (REG["STATE_SEND"], 0))
        c.put("TOHOST,0,64,8,5;")
        c.outb(REG["DATA"], ord(";"))
        eq(c.status() & TXRDY, 0)                           # it is busy with TOHOST
        c.move(BUF, 500)
        c.wait(EOB)
        c.finish()
        eq(c.get(4), b"0,0\r")
        eq(c.request(), (8, 5, 8, 64))
        c.move(BUF, 64)
        c.wait(EOB)
        c.finish()
        eq(m.read(BUF, 64), noise(64))
        assert c.status() & TXRDY
        eq_data(c.take_block(2, 500), sines((0,), 250, 250))
        c.asked(8, 2, 500)
        c.put("XSTREAM,K;TO1401,0,4,0;")
        c.ack(ABANDON)                                      # the stream's, not the command's
        eq(c.request(), (9, 0, 0, 4))
        c.ack(ABANDON)
        eq(c.err(), (10, 0))
        eq((c.state(), c.ask("XSTREAM,?")), (0, "2,0"))


@test("a block that was asked for before K is not that of the next stream")
def _():
    with Machine({"dac": "{dir}/dac.wav"}) as m:
        c = m.cards[0]
        c.command("XSTREAM,2,500,0,C,10,10")
        c.asked(8, 2, 500)
        c.put("XSTREAM,K;XSTREAM,3,100,0,C,10,10;")
        m.step(10 * MS)
        c.move(BUF, 500)
        c.wait(EOB)
        c.finish()
        eq_data(m.read(BUF, 500), sines((0,), 0, 250))
        eq(c.ask("XSTREAM,?"), "0,0")
        eq_data(c.take_block(3, 100), sines((0,), 250, 50))
        c.asked(8, 3, 100)
        c.put("XSTREAM,K;")
        c.move(BUF, 100)
        c.wait(EOB)
        c.finish()
        c.command("XPLAY,2,500,0,C,10,10")
        c.asked(9, 2, 500)
        c.put("XPLAY,K;XPLAY,3,8,0,C,10,10;")
        c.move(BUF, 500, to_1401=True)
        c.wait(EOB)
        c.finish()
        eq(c.ask("XPLAY,?"), "0,0")
        c.give_block(3, noise(8))
        eq(c.ask("XPLAY,?"), "1,0")
        c.asked(9, 3, 8)
        c.put("XPLAY,K;")
        c.move(BUF, 8, to_1401=True)                        # it comes to nothing
        c.wait(EOB)
        c.finish()
        eq((c.ask("XPLAY,?"), c.state()), ("1,0", 0))
        eq(read_wav(os.path.join(m.dir.name, "dac.wav"))[2], noise(8))


@test("XPLAY asks for block after block and plays them, on 8- and 16-bit channels")
def _():
    for dma in (1, 5):
        for size in (1000, 1001, 131072 if dma == 5 else 65536):
            with Machine({"dma": dma, "dac": "{dir}/dac.wav"}) as m:
                c = m.cards[0]
                data = noise(size * 6)
                c.command(f"XPLAY,5,{size},1 0,C,25,5")
                for i in range(6):
                    c.give_block(5, data[i * size:][:size])
                c.put("XPLAY,K;")
                eq(c.ask("XPLAY,?"), "6,0")
                eq(read_wav(os.path.join(m.dir.name, "dac.wav")),
                   (2, 8000, data[:size * 6 // 4 * 4]))


@test("realtime=on: XPLAY's clock begins with its first block, counts dry clocks; K drains")
def _():
    with Machine({"realtime": "on", "dac": "{dir}/dac.wav"}) as m:
        c = m.cards[0]
        wav = os.path.join(m.dir.name, "dac.wav")
        data = noise(4000)
        c.command("XPLAY,1,400,0 1,C,10,100")               # 1 kHz, 4 kB/s
        m.step(500 * MS)
        for i in range(5):
            c.give_block(1, data[400 * i:][:400])
            if i == 0:
                begun = m.now
        c.asked(9, 1, 400)
        m.step(begun + 500 * MS + MS // 2 - m.now)
        c.put("XPLAY,?;")
        eq([c.prop("dac0"), c.prop("dac1")], list(struct.unpack("<2h", data[1996:2000])))
        m.step(100 * MS)
        eq(read_wav(wav), (2, 1000, data[:2000]))
        eq([c.prop("dac0"), c.prop("dac1")], list(struct.unpack("<2h", data[1996:2000])))
        c.put("XPLAY,?;")
        c.ack(ABANDON)                                      # it asks no more
        eq((c.get_line(), c.get_line()), ("5,0", "5,100"))
        eq(c.err(), (10, 0))
        m.step(100 * MS)
        eq(c.state(), 0)
        c.command("XPLAY,1,400,0 1,C,10,100")
        for i in range(5):
            c.give_block(1, data[2000 + 400 * i:][:400])
        c.put("XPLAY,K;")
        c.put("XPLAY,1,400,0 1,C,10,100;")                  # it plays the rest: busy
        eq(c.err(), (4, 0))
        m.step(1000 * MS)
        eq((c.ask("XPLAY,?"), c.state()), ("5,0", 0))
        eq(read_wav(wav)[2], data)


@test("realtime=on: XPLAY asks ahead until 256 KiB wait")
def _():
    with Machine({"realtime": "on"}) as m:
        c = m.cards[0]
        c.command("XPLAY,0,60000,0,CT,65535,100")
        for _i in range(4):
            c.give_block(0, bytes(60000))
        m.step(1000 * MS)
        eq((c.state(), c.ask("XPLAY,?")), (0, "4,0"))
        c.set("trigger", True)
        eq(c.ask("XPLAY,?"), "4,0")


@test("XSTREAM and XPLAY take turns, beside commands; a clock with T asks but does not play")
def _():
    with Machine({"dac": "{dir}/dac.wav", "dma": 5}) as m:
        c = m.cards[0]
        wav = os.path.join(m.dir.name, "dac.wav")
        data = noise(4000)
        c.command("XPLAY,4,200,0,CT,10,10")
        c.give_block(4, data[:200])
        eq(c.prop("dac0"), 0)
        c.asked(9, 4, 200)
        c.put("XSTREAM,3,100,5,C,10,10;")
        m.write(BUF, data[200:400])
        c.move(BUF, 200, to_1401=True)
        c.wait(EOB)
        c.finish()
        got = b""
        for i in range(2, 10):
            got += c.take_block(3, 100)
            c.put("ADC,0;" if i == 4 else "")
            c.give_block(4, data[200 * i:][:200])
            if i == 4:
                eq(c.ask(";ERR"), "4,0")
        eq_data(got, sines((5,), 0, 400))
        c.put("EVENT,F;")
        eq(read_wav(wav)[2], data[:2000])


@test("RESET, KILL and CLEAR end the streams by requests, with a block that waits")
def _():
    for end in ("reset", "RESET;", "CLEAR;", "KILL;", "KILL,ERR,XSTREAM;"):
        with Machine() as m:
            c = m.cards[0]
            c.command("XSTREAM,3,100,5,C,10,10")
            c.take_block(3, 100)
            c.asked(8, 3, 100)
            if end == "reset":
                c.control(RESET)
                c.control(0)
                m.step(10 * MS)
                eq(c.ask("XSTREAM,?"), "0,0")
            else:
                c.put(end)
                c.move(BUF, 100)
                c.wait(EOB)
                c.finish()
                eq(c.ask("XSTREAM,?"), "2,0")
            m.step(1000 * MS)
            eq((c.state(), c.err()), (0, (0, 0)))


@test("after XFIFO,K the rest stays in the FIFO, until it is taken, RESET or the next XFIFO")
def _():
    with Machine() as m:
        c = m.cards[0]
        for end in ("take", "reset", "XFIFO"):
            c.command("XFIFO,0,C,10,10")
            c.put("XFIFO,K;")
            m.step(1000 * MS)
            if end == "take":
                eq_data(c.drain(20000), sines((0,), 0, 8192))
            elif end == "reset":
                c.control(RESET)
                c.control(0)
                m.step(10 * MS)
            else:
                c.command("XFIFO,0,C,10,10")
                eq_data(c.drain(20), sines((0,), 3 * 8192, 10))
                continue
            c.move(BUF, 20, fifo=True)
            m.step(MS)
            eq(c.status() & (DMARUN | TC | EOB), DMARUN)
            c.finish()


# What programs written for CED's library use

@test("MEMTOP: a standard 1401 knows the bare form alone; the others both")
def _():
    for model in (4, 5, 6, 7):
        with Machine({"model": model}) as m:
            c = m.cards[0]
            eq(c.ask("MEMTOP"), "1048576,0")
            c.put("MEMTOP,?;")
            eq(c.get(), b"" if model == 4 else b"1048576,1048576,0\r")
            eq(c.err(), (2, 1) if model == 4 else (0, 0))


@test("CLOAD keeps what was loaded; TOHOST reads it back; KILL forgets it, RESET does not")
def _():
    def load(c, offset, data):
        c.put(f"CLOAD,{offset},{len(data)};")
        eq(c.request(), (9, 0, offset, len(data)))
        c.m.write(BUF, data)
        c.move(BUF, len(data), to_1401=True)
        assert c.wait(EOB | ERR) & EOB
        c.finish()
    with Machine() as m:
        c = m.cards[0]
        eq(c.ask("CLOAD,?"), "0,0")
        a, b = noise(3000, 3), noise(501, 4)
        load(c, 12, a)
        load(c, 0, b)
        eq(c.ask("CLOAD,?"), "2,3501")
        eq_data(c.fetch(0x800000, 3501), a + b)
        eq_data(c.fetch(0x800000 + 2999, 10), (a + b)[2999:3009])
        c.put("CLOAD,0,100;")
        c.request()
        c.ack(ABANDON)
        eq((c.err(), c.ask("CLOAD,?")), ((10, 0), "2,3501"))
        for end in ("RESET;", "CLEAR;"):
            c.put(end)
            eq(c.ask("CLOAD,?"), "2,3501")
        c.control(RESET)
        c.control(0)
        m.step(10 * MS)
        eq_data(c.fetch(0x800000, 3501), a + b)
        c.command("KILL,ADCMEM")
        eq(c.ask("CLOAD,?"), "2,3501")
        c.command("KILL")
        eq(c.ask("CLOAD,?"), "0,0")
        eq_data(c.fetch(0x800000, 3501), bytes(3501))
        for n in range(5):                              # the fifth does not fit behind
            load(c, 0, bytes([n]) * 60000)
        eq(c.ask("CLOAD,?"), "5,60000")
        eq_data(c.fetch(0x800000, 120000), b"\4" * 60000 + b"\1" * 60000)
        c.set("power", False)
        c.set("power", True)
        m.step(10 * MS)
        eq(c.ask("CLOAD,?"), "0,0")
        eq_data(c.fetch(0x800000 + 262142, 2), bytes(2))


@test("DAC sets DACs, in pairs; RESET, CLEAR and power bring them to rest")
def _():
    def rest(c):
        eq(([c.prop(f"dac{i}") for i in range(8)], c.prop("digout")), ([0] * 8, 0))
    with Machine() as m:
        c = m.cards[0]
        rest(c)
        for text, dac, value in (("DAC,0,1234", 0, 1234), ("DAC,7 -32768", 7, -32768), ("DAC,3,$8001", 3, -32767),
                                 ("DAC,2,65535", 2, -1), ("dac 1,32767", 1, 32767), ("DAC,4,-$10", 4, -16)):
            c.command(text)
            eq((text, c.prop(f"dac{dac}")), (text, value))
        c.command("DAC,5 50,6 60;DIG,O,$a5a5")
        eq(([c.prop(f"dac{i}") for i in range(8)], c.prop("digout")),
           ([1234, 32767, -1, -32767, -16, 50, 60, -32768], 0xa5a5))
        c.command("KILL")
        eq((c.prop("dac0"), c.prop("digout")), (1234, 0xa5a5))
        for end in ("CLEAR", "RESET"):
            c.command("DAC,0,1,7,2;DIG,O,1")
            c.command(end)
            rest(c)
        c.command("DAC,0,1,7,2;DIG,O,1")
        c.control(RESET)
        rest(c)
        c.control(0)
        m.step(10 * MS)
        c.command("DAC,0,1,7,2;DIG,O,1")
        c.set("cable", False)
        rest(c)
        try:
            c.set("dac0", 5)
        except RuntimeError:
            pass
        else:
            raise AssertionError("dac0 can be set from outside")


@test("CLEAR keeps the error that RESET forgets; both stop everything")
def _():
    with Machine({"realtime": "on"}) as m:
        c = m.cards[0]
        for end, err in (("CLEAR", (255, 0)), ("RESET", (0, 0)), ("KILL", (255, 0))):
            c.command("ADCMEM,I,2,0,200,0,0,C,10,100;MEMDAC,I,2,0,200,0,0,C,10,100;DIGTIM,O,0,4,0,CT,10,10")
            c.command("EVENT,A;CLKEVT,K")
            c.put(f"NOSUCH;{end};")
            eq((end, c.err()), (end, err))
            eq([c.ask(f"{n},?") for n in ("ADCMEM", "MEMDAC", "DIGTIM", "CLKEVT")], ["0"] * 4)
            eq(c.ask("EVENT,?"), "0" if end == "KILL" else "-1")
            c.command("ADCMEM,I,2,0,200,0,0,CT,10,100")
            c.set("trigger", True)
            eq((end, c.ask("CLKEVT,?")), (end, "1" if end == "KILL" else "0"))
            c.command("RESET")
        c.command("ADCMEM,I,2,0,200,0,0,C,10,100;MEMDAC,I,2,0,200,0,0,C,10,100")
        c.command("KILL,MEMDAC")
        eq((c.ask("ADCMEM,?"), c.ask("MEMDAC,?")), ("1", "0"))


@test("DIG reads the digital inputs and sets the outputs, all or a bit")
def _():
    with Machine({"digin": 0x8001}) as m:
        c = m.cards[0]
        eq((c.ask("DIG,I"), c.ask("DIG,I,15"), c.ask("DIG,I,1")), ("32769", "1", "0"))
        c.set("digin", 0x1234)
        eq((c.ask("DIG,I"), c.ask("DIG,I,2"), c.ask("DIG,I,15")), (str(0x1234), "1", "0"))
        eq(c.prop("digin"), 0x1234)
        c.command("DIG,O,$ff00")
        eq(c.prop("digout"), 0xff00)
        c.command("DIG,O,1,3;DIG,O,0,15")
        eq(c.prop("digout"), 0x7f08)
        c.control(RESET)
        c.control(0)
        m.step(10 * MS)
        eq((c.prop("digout"), c.ask("DIG,I")), (0, str(0x1234)))


@test("DIGTIM plays words of memory to the digital outputs and takes inputs into it")
def _():
    with Machine({"realtime": "on"}) as m:
        c = m.cards[0]
        words = [1, 0x8000, 0x1234, 0xffff]
        c.fill(100, struct.pack("<4H", *words))
        c.command("DIGTIM,O,100,8,2,C,10,100")
        c.put("DIG,O,0;")
        eq((c.err(), c.ask("DIGTIM,?")), ((4, 0), "1"))
        m.step(MS // 2)
        for i in range(8):
            eq(c.prop("digout"), words[(i - 1) % 4] if i else 0)
            m.step(MS)
            eq(c.ask("DIGTIM,P"), str(2 * (i % 4) + 2))
        eq((c.prop("digout"), c.ask("DIGTIM,?")), (0xffff, "0"))
        c.command("DIGTIM,I,0,8,0,CT,10,100")
        c.command("DIG,O,5")                        # the inputs' clock leaves the outputs
        c.set("trigger", True)
        for i in range(6):
            c.set("digin", 100 + i)
            m.step(MS)
            eq(c.ask("DIGTIM,?"), "1")
        c.command("DIGTIM,K")
        eq(struct.unpack("<4H", c.fetch(0, 8)), (104, 105, 102, 103))
        eq(c.ask("DIGTIM,?"), "0")


@test("EVENT arms, counts, fires the trigger")
def _():
    with Machine() as m:
        c = m.cards[0]
        eq(c.ask("EVENT,?"), "-1")
        c.command("EVENT,F")
        eq(c.ask("EVENT,?"), "-1")
        c.command("EVENT,A")
        eq(c.ask("EVENT,?"), "0")
        c.set("trigger", True)
        c.set("trigger", False)
        c.command("EVENT,F")
        eq(c.ask("EVENT,?"), "2")
        c.command("event,a")
        eq(c.ask("EVENT,?"), "0")
        c.command("EVENT,K")
        eq(c.ask("EVENT,?"), "-1")
        c.command("ADCMEM,I,2,0,200,0,1,CT,10,10")
        c.command("EVENT,F")
        wait_idle(c, "ADCMEM")
        eq(c.ask("ADCMEM,P"), "200")


@test("CLKEVT tells which clocks wait, starts them, holds them from the trigger")
def _():
    with Machine({"realtime": "on"}) as m:
        c = m.cards[0]
        eq(c.ask("CLKEVT,?"), "0")
        c.command("ADCMEM,I,2,0,200,0,0,CT,10,100;MEMDAC,I,2,0,200,0,0,HT,10,400")
        eq(c.ask("CLKEVT,?"), "2")
        c.command("CLKEVT,K;EVENT,A")
        c.set("trigger", True)
        m.step(10 * MS)
        eq((c.ask("CLKEVT,?"), c.ask("EVENT,?"), c.ask("ADCMEM,P")), ("2", "1", "0"))
        c.command("CLKEVT,F")
        m.step(10 * MS)
        eq((c.ask("CLKEVT,?"), c.ask("ADCMEM,P"), c.ask("MEMDAC,P")), ("0", "20", "20"))
        eq(c.ask("EVENT,?"), "1")                   # that was no pulse
        c.command("ADCMEM,K;ADCMEM,I,2,0,200,0,0,CT,10,100")
        c.set("trigger", True)
        eq(c.ask("CLKEVT,?"), "1")
        c.command("CLKEVT,A")
        c.set("trigger", True)
        eq(c.ask("CLKEVT,?"), "0")


@test("ADCBST converts all channels each tick")
def _():
    with Machine({"realtime": "on"}) as m:
        c = m.cards[0]
        c.command("ADCBST,I,2,4,600,0 5 2,2,C,10,100")      # 1 kHz, 100 frames
        m.step(50 * MS)
        eq((c.ask("ADCBST,P"), c.ask("ADCBST,?")), ("300", "1"))
        m.step(100 * MS)
        eq((c.ask("ADCBST,P"), c.ask("ADCMEM,?")), ("300", "0"))
        m.step(50 * MS)
        eq((c.ask("ADCBST,P"), c.ask("ADCBST,?")), ("600", "0"))
        eq_data(c.fetch(2, 604), bytes(2) + sines((0, 5, 2), 100, 100) + bytes(2))
        c.command("ADCBST,F,1,0,2,0 1,0,H,10,400")
        m.step(10 * MS)
        eq(c.ask("ADCBST,?"), "1")
        c.command("ADCBST,K")
        eq(c.ask("ADCBST,?"), "0")


@test("realtime=on: a tick that finds the converter busy is missed, and ? is -1 until K")
def _():
    for model, ok, fast in ((4, 10, 9), (5, 6, 5), (6, 3, 2), (7, 1, None)):
        with Machine({"realtime": "on", "model": model}) as m:
            c = m.cards[0]
            c.command(f"ADCMEM,I,2,0,2000,0,0,C,1,{ok}")
            m.step(10 * MS)
            eq((c.ask("ADCMEM,?"), int(c.ask("ADCMEM,P"))), ("1", 10000 // ok * 2 % 2000 or 2000))
            c.command("ADCMEM,K")
            if not fast:
                continue
            c.command(f"ADCMEM,I,2,0,1000000,0,0,C,1,{fast}")
            m.step(9 * MS)
            # the converter is free for each second tick
            eq((c.ask("ADCMEM,?"), int(c.ask("ADCMEM,P"))), ("-1", 9000 // fast // 2 * 2))
            c.command("ADCMEM,K")
            eq(c.ask("ADCMEM,?"), "0")
    with Machine({"realtime": "on"}) as m:
        c = m.cards[0]
        c.command("ADCBST,I,2,0,6,0 1 2,3,C,1,3")
        m.step(MS)
        eq(c.ask("ADCBST,?"), "0")
        c.command("ADCBST,I,2,0,6,0 1 2,3,C,1,2")
        m.step(MS)
        eq((c.ask("ADCBST,?"), c.ask("ADCBST,P")), ("-1", "6"))     # it is over, and had missed
        c.command("ADCBST,I,2,0,6,0 1 2,1,C,1,3")
        m.step(MS)
        eq(c.ask("ADCBST,?"), "0")
    with Machine({"model": 4}) as m:                # with no clock none is missed
        c = m.cards[0]
        c.command("ADCMEM,I,2,0,2000,0,1,C,1,1")
        wait_idle(c, "ADCMEM")


@test("loop=DAC:ADC: an input sees what the DAC shows, in the conversion of the same tick")
def _():
    for realtime in ("off", "on"):
        with Machine({"realtime": realtime, "loop": "2:5+0:0", "adc": "{dir}/in.wav"},
                     files={"in.wav": stereo}) as m:
            c = m.cards[0]
            eq(c.ask("ADC,5"), "0")
            c.command("DAC,2,-1000")
            eq(c.ask("ADC 5 0 1"), f"-1000,0,{struct.unpack('<4h', noise(8, 7))[3]}")
            data = noise(40000)
            c.fill(0, data)
            c.command("MEMDAC,I,2,0,40000,2,1,CT,10,10;ADCMEM,I,2,100000,40000,5,1,CT,10,10;EVENT,F")
            wait_idle(c, "ADCMEM")
            eq_data(c.fetch(100000, 40000), data)
            # two inputs in turn at twice the clock, and a DAC of two
            c.command("ADCMEM,I,2,100000,80000,5 0,1,CT,10,5;MEMDAC,I,2,0,40000,2 0,2,CT,10,10;EVENT,F")
            wait_idle(c, "ADCMEM")
            # at tick 2k + 1 the DACs show frame k - 1, at tick 2k + 2 frame k
            words = struct.unpack("<20000h", data)
            want, last = [], struct.unpack("<h", data[-2:])[0]
            for k in range(20000):
                frame = words[2 * (k % 10000):][:2]
                want += [last, frame[1]]
                last = frame[0]
            eq_data(c.fetch(100000, 80000), struct.pack("<40000h", *want))
    with Machine({"realtime": "on", "loop": "1:1"}) as m:
        c = m.cards[0]
        data = noise(4000)
        c.command("XPLAY,0,4000,1,CT,10,100;XSTREAM,1,2000,1,CT,10,100")
        c.give_block(0, data)
        c.asked(9, 0, 4000)
        c.put("XPLAY,K;XPLAY,0,4000,1,CT,10,100;")          # its block was for the first XPLAY
        c.ack(ABANDON)
        eq(c.err(), (10, 0))
        c.give_block(0, data)
        c.asked(9, 0, 4000)
        c.put("EVENT,F;")
        m.step(3500 * MS)
        c.ack(ABANDON)
        eq_data(c.take_block(1, 2000) + c.take_block(1, 2000), data)
        eq(c.take_block(1, 2000), data[-2:] * 1000)         # dry, it holds its last value


@test("loop= that is none is refused, and says so")
def _():
    for loop in ("0", "8:0", "0:32", "0:0+", "x", "0:0:0", "", "-1:0"):
        try:
            Machine({"loop": loop}).close()
        except RuntimeError as e:
            assert "loop=" + loop in str(e), e
        else:
            raise AssertionError(f"{loop} was taken")


@test("12-bit models have it in their DACs too")
def _():
    for model, want in ((4, 0x1230), (5, 0x1230), (6, 0x1230), (7, 0x1234)):
        with Machine({"model": model, "loop": "0:0"}) as m:
            c = m.cards[0]
            c.command("DAC,0,$1234")
            eq((c.prop("dac0"), c.ask("ADC,0")), (want, str(want)))


@test("test-ms= is how long a self-test takes")
def _():
    with Machine({"test-ms": 31000, "test-code": 5}) as m:
        c = m.cards[0]
        c.control(RESET | TEST)
        c.control(0)
        m.step(30999 * MS)
        eq((c.state(), c.inb(REG["CODE"])), (0x80, 0))
        m.step(MS)
        eq((c.state(), c.inb(REG["CODE"])), (0x80, 5))


# Faults, by QMP

def block_of(c, size, to_1401=False, after=0, fault="none"):
    """A block asked for, with the fault switched, and DMAEN risen"""
    c.set("fault-after", after)
    c.put(f"{'TO1401' if to_1401 else 'TOHOST'},0,{size},0;")
    eq(c.request(), (9 if to_1401 else 8, 0, 0, size))
    c.set("fault", fault)
    c.m.write(BUF, bytes(size))
    c.move(BUF, size, to_1401)


def well_again(c, size=3000):
    """Without a fault, a RESET brings all back"""
    c.set("fault", "none")
    c.control(RESET)
    c.ack(0xff)
    c.m.dma_mask(c.dma)
    c.control(0)
    c.m.step(10 * MS)
    data = noise(size, 99)
    c.fill(0, data)
    eq_data(c.fetch(0, size), data)
    eq(c.err(), (0, 0))


@test("faults are switched by name; there is none at first, and an unknown one is refused")
def _():
    with Machine({"fault": "dead"}, {"iobase": "0x310", "irq": 7}) as m:
        dead, c = m.cards
        eq(c.prop("fault"), "none")
        eq(dead.prop("fault"), "dead")
        eq(dead.inb(REG["ID"]), 0xff)
        try:
            c.set("fault", "rust")
        except RuntimeError as e:
            assert "rust" in str(e), e
        else:
            raise AssertionError("it was taken")
        eq(c.prop("fault"), "none")
        c.set("fault-after", 70000)
        c.set("fault-seed", 7)
        eq((c.prop("fault-after"), c.prop("fault-seed")), (70000, 7))


@test("fault dead: every port reads 0xff, writes go nowhere; after it all is as it was")
def _():
    with Machine() as m:
        c = m.cards[0]
        c.put("ERR")
        c.set("fault", "dead")
        eq([c.inb(p) for p in range(8)], [0xff] * 8)
        c.control(RESET)
        c.outb(REG["DATA"], ord("X"))
        c.set("fault", "none")
        eq(c.status(), ONLINE | TXRDY)
        eq(c.ask(""), "0,0")
        well_again(c)


@test("fault dreq-low: so many bytes move, then nothing, until the fault goes")
def _():
    for dma in (1, 5):
        for to_1401 in (False, True):
            with Machine({"dma": dma}) as m:
                c = m.cards[0]
                c.fill(0, noise(9000))
                block_of(c, 9000, to_1401, 5001, "dreq-low")
                m.step(1000 * MS)
                eq(c.status() & (DMARUN | TC | EOB | ERR), DMARUN)
                eq(m.dma_residue(dma), 4000)
                if not to_1401:
                    eq_data(m.read(BUF, 9000), noise(9000)[:5000] + bytes(4000))
                c.set("fault", "none")
                eq(c.wait(EOB | ERR) & (DMARUN | TC | EOB | ERR), TC | EOB)
                c.finish()
                if not to_1401:
                    eq_data(m.read(BUF, 9000), noise(9000))
                well_again(c)


@test("fault-after that is changed amid a transfer holds at once")
def _():
    with Machine() as m:
        c = m.cards[0]
        c.fill(0, noise(9000))
        block_of(c, 9000, False, 5000, "dreq-low")
        m.step(MS)
        eq(m.dma_residue(1), 4000)
        c.set("fault-after", 7000)
        m.step(MS)
        eq((c.status() & (DMARUN | EOB | ERR), m.dma_residue(1)), (DMARUN, 2000))
        c.set("fault", "none")
        eq(c.wait(EOB | ERR) & (DMARUN | TC | EOB | ERR), TC | EOB)
        c.finish()
        eq_data(m.read(BUF, 9000), noise(9000))
        # What has moved is more already: it strikes
        go_round(c, 4096)
        while c.laps() < 3:
            m.step(MS)
        c.set("fault-after", 1 << 31)
        c.set("fault", "overrun")
        eq(c.status() & (DMARUN | ERR), DMARUN)
        c.set("fault-after", 100)
        eq(c.status() & (DMARUN | ERR), ERR)
        well_again(c)


@test("fault dreq-high: an unmasked channel runs to its terminal count, with all ones")
def _():
    for dma in (1, 5):
        with Machine({"dma": dma}) as m:
            c = m.cards[0]
            m.write(BUF - 16, b"\x5c" * 1032)
            c.set("fault", "dreq-high")
            eq(m.read(BUF - 16, 1032), b"\x5c" * 1032)
            m.dma_program(dma, BUF, 1000)
            c.wait(TC)
            eq(m.read(BUF - 16, 1032), b"\x5c" * 16 + b"\xff" * 1000 + b"\x5c" * 16)
            m.dma_program(dma, BUF, 1000, to_1401=True)
            m.step(100 * MS)
            eq(m.read(BUF - 16, 16), b"\x5c" * 16)
            well_again(c)


@test("fault no-tc: the 8237 has counted, and neither TC nor LAPS say so")
def _():
    with Machine() as m:
        c = m.cards[0]
        block_of(c, 9000)
        c.wait(EOB)
        c.finish()
        c.put("TOHOST,0,9000,0;")
        c.request()
        c.set("fault", "no-tc")
        c.move(BUF, 4000)
        m.step(1000 * MS)
        eq(m.dma_residue(1) & 0xffff, 0)
        eq(c.status() & (DMARUN | TC | EOB | ERR), DMARUN)
        eq(c.laps(), 0)
        well_again(c)


@test("fault early-end: EOB before the block's or the stream's end")
def _():
    for dma in (1, 5):
        for after in (0, 1000):
            with Machine({"dma": dma}) as m:
                c = m.cards[0]
                c.fill(0, noise(9000))
                block_of(c, 9000, False, after, "early-end")
                eq(c.wait(EOB) & (DMARUN | TC | EOB | ERR), EOB)
                eq(m.dma_residue(dma), 9000 - after)
                eq_data(m.read(BUF, 9000), noise(9000)[:after] + bytes(9000 - after))
                c.finish()
                eq(c.state(), 0)
                eq(c.err(), (10, after))
                c.command("XFIFO,0,C,10,10")
                c.move(BUF, 8000, fifo=True)
                eq(c.wait(EOB) & (DMARUN | TC | EOB | ERR), EOB)
                eq(m.dma_residue(dma), 8000 - after)
                c.finish()
                well_again(c)


@test("faults overrun and underrun: ERR in transfers of their direction alone")
def _():
    for fault, hit in (("overrun", False), ("underrun", True)):
        for to_1401 in (False, True):
            with Machine() as m:
                c = m.cards[0]
                block_of(c, 9000, to_1401, 2000, fault)
                if to_1401 == hit:
                    eq(c.wait(EOB | ERR) & (DMARUN | TC | EOB | ERR), ERR)
                    eq(m.dma_residue(1), 7000)
                else:
                    eq(c.wait(EOB | ERR) & (DMARUN | TC | EOB | ERR), TC | EOB)
                c.finish()
                c.ack(ABANDON)
                well_again(c)


@test("fault irq-stuck: CAUSE never comes to 0 while an interrupt is enabled")
def _():
    with Machine() as m:
        c = m.cards[0]
        c.set("fault", "irq-stuck")
        eq(c.cause(), 0)
        assert not c.line()
        c.control(IE_RX)
        eq([c.cause() for _i in range(100)], [CAUSE_RX | CAUSE_TX | CAUSE_DMA] * 100)
        assert c.line()
        c.control(0)
        assert not c.line()
        well_again(c)


@test("fault irq-storm: edge after edge with no cause, whatever is enabled")
def _():
    with Machine() as m:
        c = m.cards[0]
        c.set("fault", "irq-storm")
        m.edges.clear()
        m.step(10 * MS)
        c.line()
        assert len([e for e in m.edges if e == ("raise", 5)]) in range(200, 300), len(m.edges)
        eq(c.cause(), 0)
        c.set("fault", "none")
        assert not c.line()
        m.edges.clear()
        m.step(10 * MS)
        assert not c.line()
        eq(m.edges, [])
        well_again(c)


@test("fault irq-lost: the line stays low and CAUSE 0, while STATUS tells the truth")
def _():
    with Machine() as m:
        c = m.cards[0]
        c.set("fault", "irq-lost")
        c.control(IE_RX | IE_TX | IE_DMA)
        c.put("ERR;")
        assert not c.line()
        eq(c.cause(), 0)
        eq(c.status() & RXRDY, RXRDY)
        c.set("fault", "none")
        assert c.line()
        well_again(c)


@test("fault irq-late: the line rises 30 ms after the cause, if that still stands")
def _():
    with Machine() as m:
        c = m.cards[0]
        c.set("fault", "irq-late")
        c.control(IE_TX)
        assert c.cause()
        m.step(29 * MS)
        assert not c.line()
        m.step(1 * MS)
        assert c.line()
        c.control(0)
        assert not c.line()
        c.control(IE_TX)
        m.step(20 * MS)
        c.control(0)
        m.step(20 * MS)
        assert not c.line()
        c.control(IE_TX)
        m.step(20 * MS)
        assert not c.line()
        c.set("fault", "none")
        assert c.line()
        c.control(0)
        well_again(c)


@test("fault half-request: ESC, its kind, and no more")
def _():
    with Machine() as m:
        c = m.cards[0]
        c.set("fault", "half-request")
        c.put("ERR;")
        eq(c.get(), b"\x1b\x08")
        m.step(5000 * MS)
        eq(c.get(), b"")
        c.control(RESET)
        c.control(0)
        m.step(10 * MS)
        eq(c.get(), b"")
        well_again(c)


def requests(c, n):
    """What wild-requests asks for, each given up"""
    out = []
    for _i in range(n):
        out.append(c.request())
        if out[-1][3]:
            assert not c.status() & RXRDY
            eq(c.state(), REG["STATE_SEND"] if out[-1][0] == 8 else REG["STATE_READ"])
            c.ack(ABANDON)
    return out


@test("fault wild-requests: whole requests of every kind, the same from the same seed")
def _():
    with Machine() as m:
        c = m.cards[0]
        seen = {}
        for seed in (1, 2, 1):
            c.set("fault-seed", seed)
            c.set("fault", "wild-requests")
            got = requests(c, 300)
            eq(seen.setdefault(seed, got), got)
        assert seen[1] != seen[2]
        eq({(kind, area) for kind, area, _o, _s in seen[1]},
           {(kind, area) for kind in (8, 9) for area in range(8)})
        sizes = [size for _k, _a, _o, size in seen[1]]
        assert 0 in sizes and max(sizes) > 1 << 20 and sum(1 for n in sizes if n < 4096) > 50
        # One that is served moves as any block
        while (got := c.request())[0] != 8 or not 2 <= got[3] <= 65536:
            c.ack(ABANDON)
        m.write(BUF, bytes(got[3]))
        c.move(BUF, got[3])
        eq(c.wait(EOB | ERR) & (EOB | ERR), EOB)
        c.finish()
        eq_data(m.read(BUF, got[3]), b"\xee" * got[3])
        assert c.status() & RXRDY
        well_again(c)


@test("fault random-requests: bytes without end, of which many begin like requests")
def _():
    with Machine() as m:
        c = m.cards[0]
        c.set("fault-seed", 3)
        c.set("fault", "random-requests")
        got = c.get(3000)
        eq(len(got), 3000)
        assert got.count(0x1b) > 100 and got.count(0x9b) > 100 and len(set(got)) == 256
        c.set("fault", "random-requests")
        eq(c.get(3000), got)
        well_again(c)


@test("fault babble: characters without end, through a RESET")
def _():
    with Machine() as m:
        c = m.cards[0]
        c.set("fault", "babble")
        got = c.get(5000)
        eq(len(got), 5000)
        assert b"\x1b" not in got and got.count(b"\r") > 50
        c.control(RESET)
        c.control(0)
        eq(c.status() & RXRDY, 0)
        m.step(10 * MS)
        eq(len(c.get(100)), 100)
        well_again(c)


@test("written: the pages that DMA wrote to, and no other")
def _():
    for dma in (1, 5):
        with Machine({"dma": dma}) as m:
            c = m.cards[0]
            eq(c.prop("written"), "")
            c.fill(0, noise(9000))
            eq(c.prop("written"), "")
            c.fetch(0, 9000, BUF + 4094)
            c.fetch(0, 2, 0x120000)
            eq(c.prop("written"), "0x120000-0x120fff 0x400000-0x403fff")
            c.set("written", "")
            eq(c.prop("written"), "")


@test("control: CONTROL as it was written last")
def _():
    with Machine({}) as m:
        c = m.cards[0]
        eq(c.prop("control"), 0)
        c.control(IE_RX | IE_DMA)
        eq(c.prop("control"), IE_RX | IE_DMA)
        c.control(RESET)
        eq(c.prop("control"), RESET)
        c.control(0)
        eq(c.prop("control"), 0)


# Two cards, hostile guests

@test("two cards on channels 1 and 5 stream at once, each with its own interrupt and data")
def _():
    with Machine({"adc": "{dir}/a.wav"},
                 {"iobase": "0x310", "irq": 7, "dma": 5, "adc": "{dir}/b.wav", "model": 6},
                 files={"a.wav": lambda p: write_wav(p, 1, noise(40000, 8)),
                        "b.wav": lambda p: write_wav(p, 2, b"\x10\x20" * 20000)}) as m:
        a, b = m.cards
        for c in m.cards:
            c.control(IE_DMA)
        a.command("XFIFO,0,C,10,10")
        b.command("XFIFO,0 1,C,10,10")
        m.dma_program(1, BUF, 30000)
        m.dma_program(5, BUF + 0x20000, 30000)
        m.edges.clear()
        a.control(IE_DMA | DMAEN | FIFO)
        b.control(IE_DMA | DMAEN | FIFO)
        assert a.line() and b.line()
        eq(sorted(m.edges), [("raise", 5), ("raise", 7)])
        a.ack(TC)
        assert not a.line() and b.line()
        eq_data(m.read(BUF, 30000), noise(40000, 8)[:30000])
        eq_data(m.read(BUF + 0x20000, 30000), b"\x10\x20" * 15000)
        a.control(RESET)
        eq(b.status() & TC, TC)
        assert b.line()
        b.finish()
        eq(b.err(), (0, 0))


@test("any bytes as commands: no harm, and the 1401 is well after a RESET")
def _():
    rng = random.Random(1401)
    words = ["ADCMEM", "MEMDAC", "XFIFO", "XFOUT", "TOHOST", "TO1401", "CLOAD", "ADC", "ERR", "CLIST",
             "INFO", "MEMTOP", "RESET", "XSTREAM", "XPLAY", "ADCBST", "DIGTIM", "DAC", "DIG", "EVENT",
             "CLKEVT", "KILL", "CLEAR", "A", "O", "I", "F", "K", "P", "?", "S", "C", "H", "T", "CT", "0", "1", "2", "3",
             "9", "28", "100", "1000", "$ffff", "$fffff", "1048576", "4294967295", "-1", "", "x"]
    for realtime in ("off", "on"):
        with Machine({"realtime": realtime}) as m:
            c = m.cards[0]
            for n in range(3000):
                if n % 3:
                    text = rng.choice(words[:23]) + "".join(
                        rng.choice(",, ") + rng.choice(words[23:]) for _i in range(rng.randrange(11)))
                    text = text.encode() + rng.choice((b";", b"\r"))
                else:
                    text = rng.randbytes(rng.randrange(40))
                for byte in text:
                    c.outb(REG["DATA"], byte)
                while c.status() & RXRDY:
                    c.inb(REG["DATA"])
                c.ack(0xff)
                if n % 100 == 0:
                    m.step(MS)
            c.control(RESET)
            c.control(0)
            m.step(10 * MS)
            eq((c.state(), c.status()), (0, ONLINE | TXRDY))
            eq(c.err(), (0, 0))


@test("any writes to any port while streams run: no harm, and only the 8237's memory changes")
def _():
    rng = random.Random(42)
    for props in ({"realtime": "on"}, {}, {"dma": 5}):
        with Machine(props) as m:
            c = m.cards[0]
            m.write(BUF - 4096, b"\x5c" * (4096 + 512 + 4096))
            for n in range(6000):
                if n % 200 == 0:
                    c.control(RESET)
                    c.control(0)
                    m.step(10 * MS)
                    c.put(rng.choice(("XFIFO,0 1 2,C,10,10;", "XFOUT,0,C,10,10;", "TOHOST,0,70000,0;",
                                      "TO1401,0,1001,0;", "ADCMEM,I,1,0,9999,0,0,C,10,10;",
                                      "XSTREAM,3,301,0 1,C,10,10;", "XPLAY,3,301,0 1,C,10,10;")))
                    c.get()
                    m.dma_program(c.dma, BUF, 512, auto=bool(n % 400), to_1401=bool(n % 600))
                port = rng.choice((0, 1, 1, 2, 2, 3, 4, 5, 6, 7))
                value = rng.randrange(256) & (0x7f if port == 1 and rng.randrange(8) else 0xff)
                c.outb(port, value)
                c.inb(rng.randrange(8))
                if n % 50 == 0:
                    m.step(MS)
            eq(c.inb(REG["ID"]), 0x14)
            eq(m.read(BUF - 4096, 4096), b"\x5c" * 4096)
            eq(m.read(BUF + 512, 4096), b"\x5c" * 4096)


@test("a leap of the clock by a minute at 1 MHz is made up for in little time")
def _():
    with Machine({"realtime": "on"}) as m:
        c = m.cards[0]
        c.command("ADCMEM,I,2,0,1000,0 1 2 3,0,C,1,1")
        c.command("XFOUT,0,C,1,1")
        begun = time.monotonic()
        m.command(f"clock_set {60 * 1000 * MS}")
        eq(c.ask("ADCMEM,?"), "1")
        c.command("ADCMEM,K")
        assert time.monotonic() - begun < 20, "it took too long"


def timed_out(*_):
    raise TimeoutError("the test hangs")


def run(name, function):
    """A TAP line, and why not"""
    signal.signal(signal.SIGALRM, timed_out)
    signal.alarm(TIMEOUT)
    try:
        function()
    except Exception:           # pylint: disable=broad-except
        why = traceback.format_exc().splitlines()
        return [f"not ok {{}} - {name}"] + ["# " + line for line in why]
    finally:
        signal.alarm(0)
    return [f"ok {{}} - {name}"]


def main(words):
    tests = [t for t in TESTS if not words or any(w in t[0] for w in words)]
    failed = 0
    print(f"1..{len(tests)}")
    for n, (name, function) in enumerate(tests, 1):
        begun = time.monotonic()
        lines = run(name, function)
        failed += lines[0].startswith("not")
        lines[0] = lines[0].replace("{}", str(n), 1)
        print("\n".join(lines), flush=True)
        if (took := time.monotonic() - begun) > 10:
            print(f"# took {took:.0f} s", flush=True)
    print(f"# {len(tests) - failed} passed, {failed} failed")
    return 1 if failed or not tests else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
