# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests in the guest share. Its cards, as tests/python/run makes them:

    0  the ADC's file, by the clock; DAC 0 is heard by input 2, DAC 1 by input 3;
       digital inputs 0x1234
    1  the ADC's file, as fast as it goes; DACs recorded
    2  a voice, as fast as it goes; its self-test fails
    3  the 1401 is switched off
"""
import gc
import os
import signal
import sys
import threading
import time
import traceback

LIVE, FAST, BROKEN, OFF = range(4)


def maps():
    """Mappings of this process that are a 1401's: their addresses, (from, to)."""
    with open("/proc/self/maps", encoding="ascii") as file:
        return [tuple(int(end, 16) for end in line.split()[0].split("-"))
                for line in file if "/dev/ced1401" in line]


def descriptors():
    """Open descriptors of devices."""
    found = []
    for fd in os.listdir("/proc/self/fd"):
        try:
            if os.readlink(f"/proc/self/fd/{fd}").startswith("/dev/ced1401"):
                found.append(fd)
        except OSError:         # of listdir itself
            pass
    return found


def in_dma(array):
    """Whether all of an array lies in a mapping of a 1401's."""
    first = array.__array_interface__["data"][0]
    return any(a <= first and first + array.nbytes <= b for a, b in maps())


def in_child(function, seconds=0):
    """function() in a forked process; what it raises is raised here, a crash is one. If it
    takes longer than so many seconds, it hangs, and is killed: also what cannot be ended."""
    sys.stdout.flush()
    read, write = os.pipe()
    child = os.fork()
    if not child:
        status = 1
        signal.alarm(seconds)
        gc.freeze()             # what is there already need not be looked through
        try:
            function()
            gc.collect()
            status = 0
        except BaseException:       # all of it is to be told
            os.write(write, traceback.format_exc().encode())
        finally:
            os._exit(status)
    os.close(write)
    with open(read, encoding="utf-8") as told:
        trouble = told.read()
    _, status = os.waitpid(child, 0)
    assert status != signal.SIGALRM, "the child hangs"
    assert status == 0, trouble or f"the child ended with wait status {status}"


def interrupt_soon(seconds=0.3):
    """Ctrl-C, so many seconds from now."""
    def kill():
        time.sleep(seconds)
        os.kill(os.getpid(), signal.SIGINT)
    threading.Thread(target=kill, daemon=True).start()


def until(condition, seconds=60):
    """Wait until condition() is true."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it does not come"
        time.sleep(0.005)
