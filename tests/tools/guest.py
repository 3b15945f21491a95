# SPDX-License-Identifier: GPL-2.0-or-later
"""guest.py PROGRAM RECORDINGS RESULTS: what tests/tools/run has the guest do.

Runs ced1401(1) as the unprivileged user of the device's group, in three lanes at
once, a card each, and keeps what it wrote. Nothing is judged here: test_tools.py
does that on the host. Itself it runs as root: to fill disks, to cut power, and to
be a user who may not.

Card 0 samples a recording as fast as it can, card 1 the tests' own recording by the
clock with DACs 0 and 1 looped to inputs 2 and 3, and card 2 sines by the clock. Card 3 has a
self-test that takes a minute.
"""
import fcntl
import glob
import json
import os
import pty
import select
import shutil
import signal
import stat
import struct
import subprocess
import sys
import termios
import threading
import time
import traceback

PROGRAM, RECORDINGS, RESULTS = sys.argv[1:]
WORK = "/tmp/work"
USER = 1401
HANG = int(os.environ.get("CED1401_HANG", 900))     # seconds: nothing takes so long
WAIT = 0.05

results = {}            # by the name of a step
lock = threading.Lock()
broken = []             # what went wrong in the lanes themselves
mine = threading.local()    # .folders: those that a lane has made and not kept yet


def make_folder(name):
    """Below WORK, for the user"""
    path = f"{WORK}/{name}"
    os.mkdir(path)
    os.chown(path, USER, USER)
    mine.folders.append(name)
    return path


def keep():
    """What this lane has so far goes to the host: a guest may come to no good end"""
    for name in mine.folders:
        shutil.copytree(f"{WORK}/{name}", f"{RESULTS}/{name}", copy_function=shutil.copyfile)
    mine.folders = []
    with lock, open(f"{RESULTS}/results.json", "w", encoding="utf-8") as file:
        # at one go: other lanes go on
        file.write(json.dumps({**results, "broken": broken}))


class Monitor:
    """QEMU's own monitor, at a port of the guest"""

    def __init__(self):
        self.lock = threading.Lock()
        for name in glob.glob("/sys/class/virtio-ports/*/name"):
            with open(name, encoding="ascii") as file:
                if file.read().strip() == "monitor":
                    port = "/dev/" + name.split("/")[-2]
        self.port = open(port, "r+b", buffering=0)
        self.ask("qmp_capabilities")

    def ask(self, command, **arguments):
        with self.lock:
            tag = time.monotonic_ns()
            self.port.write(json.dumps({"execute": command, "id": tag,
                                        "arguments": arguments}).encode() + b"\n")
            while True:
                line = b""
                while not line.endswith(b"\n"):
                    line += self.port.read(1)
                answer = json.loads(line)
                if answer.get("id") == tag:
                    return answer.get("return")

    def set(self, card, name, value):
        self.ask("qom-set", path=f"/machine/peripheral/card{card}", property=name,
                 value=value)

    def get(self, card, name):
        return self.ask("qom-get", path=f"/machine/peripheral/card{card}", property=name)


class Step:
    """One run of a program, in a folder of its own"""

    def __init__(self, name, argv, stdin=subprocess.DEVNULL, user=USER, group=USER,
                 environment=None, said=None, **more):
        self.name = name
        self.folder = f"{WORK}/{name}"
        if not os.path.isdir(self.folder):
            make_folder(name)
        self.record = {"argv": argv, "begun": time.time()}
        said = said or self.folder
        self.out = open(f"{said}/out", "wb")
        self.err = open(f"{said}/err", "wb")
        env = {"PATH": os.environ["PATH"], "HOME": WORK, "LANG": "C.UTF-8",
               "TERM": "xterm-256color", "USER": "lab", **(environment or {})}
        more.setdefault("stdout", self.out)
        more.setdefault("stderr", self.err)
        self.process = subprocess.Popen(argv, stdin=stdin, cwd=self.folder, env=env,
                                        user=user, group=group,
                                        extra_groups=[] if user and group != USER else [USER],
                                        **more)

    def end(self, number=None):
        """Wait for it, after a signal if there is one"""
        self.record["signalled"] = time.time()
        if number:
            self.process.send_signal(number)
        try:
            self.record["code"] = self.process.wait(HANG)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            self.record["code"] = "hung"
        self.record["ended"] = time.time()
        self.out.close()
        self.err.close()
        with lock:
            results[self.name] = self.record
            print(f"{self.record['ended'] - self.record['begun']:6.1f} s  {self.name}: "
                  f"{self.record['code']}", flush=True)
        return self.record["code"]

    def until(self, what):
        """Wait until WHAT() or the program's end"""
        end = time.monotonic() + HANG
        while not what() and self.process.poll() is None and time.monotonic() < end:
            time.sleep(WAIT)

    def size(self, name):
        """Of one of its files, 0 if there is none"""
        try:
            return os.stat(f"{self.folder}/{name}").st_size
        except FileNotFoundError:
            return 0


class Lane:
    """What goes on with one card, a step behind the other"""

    def __init__(self, card, monitor):
        self.card = card
        self.monitor = monitor

    def begin(self, name, command, *arguments, **more):
        return Step(name, [PROGRAM, command, "-d", str(self.card), *map(str, arguments)],
                    **more)

    def run(self, name, command, *arguments, **more):
        return self.begin(name, command, *arguments, **more).end()

    def miss(self, step, size):
        """Stop it until so many bytes have come; false if they do not: its stream was over"""
        moved, end = self.counter("bytes_to_host"), time.monotonic() + 30
        step.process.send_signal(signal.SIGSTOP)
        while self.counter("bytes_to_host") < moved + size and time.monotonic() < end:
            time.sleep(WAIT)
        step.process.send_signal(signal.SIGCONT)
        return time.monotonic() < end

    def counter(self, name):
        card = "ced1401" if not self.card else f"ced1401_{self.card}"
        with open(f"/sys/class/misc/{card}/statistics/{name}", encoding="ascii") as file:
            return int(file.read())


def fast(lane):
    """Card 0: every kind of file, exactly; sweeps, long ones, playing, settings"""
    emg = "0:name=EMG left,unit=mV,scale=2.5,offset=-1"
    lane.run("wav", "capture", "-r", "48k", "-n", 30000, "-C", emg, "--json", "x.wav")
    lane.run("edf", "capture", "-r", "48k", "-n", 30000, "-C", emg, "--json", "x.edf")
    lane.run("csv", "capture", "-r", "48k", "-n", 30000, "-C", emg, "--json", "x.csv")
    lane.run("raw", "capture", "-r", "48k", "-n", 30000, "-C", emg, "--json", "x.raw")
    # They follow one another without a gap: sweeps, and the average of the same
    lane.run("sweeps", "capture", "-r", "10k", "-n", 500, "--sweeps", 4, "--json", "x.wav")
    lane.run("average", "capture", "-r", "10k", "-n", 500, "--sweeps", 16, "--average",
             "x.wav")
    lane.run("average-csv", "capture", "-r", "10k", "-n", 500, "--sweeps", 7, "--average",
             "x.csv")
    lane.run("after", "capture", "-r", "10k", "-n", 500, "x.raw")
    # More than the 1401's memory, by blocks that it asks for: nothing is lost
    lane.run("long", "stream", "-r", "48k", "-n", 400000, "--method", "request", "--json",
             "x.wav")
    lane.run("split", "capture", "-r", "20k", "-t", "2500ms", "--split", "1s",
             "--method", "request", "--json", "x.edf")
    lane.run("in-turn", "capture", "-r", "10k", "-c", "0,1,0", "-n", 1000, "--in-turn",
             "--json", "x.raw")
    # What capture wrote is played, each kind of file
    for kind in "wav", "edf", "csv", "raw":
        lane.run(f"play-{kind}", "play", "--json", f"../{kind}/x.{kind}")
        results[f"play-{kind}"]["rest"] = lane.monitor.get(lane.card, "dac0")
    lane.run("play-hold", "play", "--hold", "-D", "3", "--json", "../raw/x.raw")
    results["play-hold"]["rest"] = lane.monitor.get(lane.card, "dac3")
    lane.run("play-repeat", "play", "--repeat", 3, "--json", "../raw/x.raw")
    lane.run("play-long", "play", "--method", "request", "--json", "../long/x.wav")
    lane.run("play-repeat-stream", "play", "--repeat", 3, "--method", "request", "--json",
             "../raw/x.raw")
    moved = lane.counter("bytes_to_1401")
    step = lane.begin("play-endless", "play", "--repeat", 0, "--method", "request", "--json",
                      "../raw/x.raw")
    step.until(lambda: lane.counter("bytes_to_1401") - moved > 200000)
    step.end(signal.SIGINT)
    lane.run("stdout", "capture", "-r", "1k", "-n", 100, "-q", "-f", "csv", "-")
    lane.run("exists", "capture", "-n", 10, "../wav/x.wav")
    lane.run("force", "capture", "-n", 10, "-F", "../force/x.wav")
    lane.run("force-again", "capture", "-n", 20, "-F", "../force/x.wav")
    # Settings of a file, and what the command line says instead
    make_folder("config")
    with open(f"{WORK}/config/lab.conf", "w", encoding="utf-8") as file:
        file.write("[adc 0]\nname = Force\nunit = N\nscale = 20\noffset = 0.5\n"
                   "[dac 1]\nunit = mA\nscale = 2\n"
                   "[capture]\nrate = 2k\nsamples = 50\n[all]\nquiet = yes\n")
    lane.run("config", "capture", "--config", "lab.conf", "--json", "x.csv")
    lane.run("config-duration", "capture", "--config", "../config/lab.conf", "-t", "10ms",
             "--json", "x.csv")
    lane.run("config-dac", "dac", "--config", "../config/lab.conf", "--json", "1=3mA", "0=1V")
    # What waits there until it is wanted
    make_folder("config-idle")
    with open(f"{WORK}/config-idle/lab.conf", "w", encoding="utf-8") as file:
        file.write("[capture]\nlevel = 0:1V\ninterval = 3s\ndacs = 1\nhold = yes\n")
    lane.run("config-idle", "capture", "--config", "lab.conf", "-n", 10, "x.csv")
    lane.run("config-wrong", "capture", "--config", "../config/none.conf", "x.csv")
    lane.run("plot", "capture", "-r", "48k", "-n", 40000, "-c", "0,1", "-C",
             "0:name=Voice,unit=mV,scale=1000", "--plot", "x.svg", "x.wav")
    # What gnuplot would take for commands of its own, or the shell's
    lane.run("plot-quoted", "capture", "-r", "1k", "-n", 10, "-C",
             "0:name=a`touch OWNED`b'c\"@d_{e}^f\\\\g $h,unit=%h'`touch OWNED`", "--plot",
             "|touch OWNED;`touch OWNED`' $(touch OWNED).svg", "x.wav")


def edf_with(data, **fields):
    """An EDF's bytes, with other fields of its header: of the file, or of its first signal"""
    data = bytearray(data)
    n = int(data[252:256])
    places = {"recording": (88, 80), "records": (236, 8), "unit": (256 + 96 * n, 8),
              "low": (256 + 104 * n, 8), "high": (256 + 112 * n, 8)}
    for name, value in fields.items():
        at, size = places[name]
        data[at:at + size] = value.encode("ascii").ljust(size)
    return bytes(data)


def wav_with(comment, rate, samples):
    """A WAV of one channel, with a comment"""
    data = struct.pack(f"<{len(samples)}h", *samples)
    text = comment.encode("ascii") + b"\0" * (2 - len(comment) % 2)
    about = b"INFOICMT" + struct.pack("<I", len(text)) + text
    return (b"RIFF" + struct.pack("<I", 44 + len(about) + len(data)) + b"WAVEfmt " +
            struct.pack("<IHHIIHH", 16, 1, 1, rate, 2 * rate, 2, 16) +
            b"LIST" + struct.pack("<I", len(about)) + about +
            b"data" + struct.pack("<I", len(data)) + data)


def others(lane):
    """Card 0: what others wrote, and what was not ended, on the DAC; names that are not
    ASCII, and a device instead of a file"""
    with open(f"{WORK}/edf/x.edf", "rb") as file:
        own = file.read()
    records = int(own[236:244])
    # More than surely fits into a 1401's memory, and more than fits into this one
    lane.run("play-memory", "play", "--method", "memory", "--json", "../long/x.wav")
    make_folder("others")
    with open(f"{WORK}/others/zeros.raw", "wb") as file:
        file.write(bytes(1200 << 10))
    lane.run("play-too-long", "play", "--method", "memory", "-r", "48k", "--repeat", 2,
             "../others/zeros.raw")
    for name, data in (
            ("uv.edf", edf_with(own, recording=own[88:110].decode() + "X X other program",
                                unit="uV", low="-3276.8", high="3276.7")),
            ("comment.wav", wav_with("encoder bitrate=320", 8000,
                                     [10 * i for i in range(800)])),
            # of 3 kHz: times are rounded to tenths of a millisecond
            ("excel.csv", b"\xef\xbb\xbf\"Time [ms]\";\"Left, in V\";V\r\n" + b"".join(
                b"%d,%d;%d,%03d;-0,5\r\n" % (i // 3, i * 10 // 3 % 10, i // 1000, i % 1000)
                for i in range(3000))),
            ("torn.edf", own + own[-701:]),
            ("uncounted.edf", edf_with(own, records=str(records - 1))),
            ("unknown.edf", edf_with(own, records="-1") + own[-701:])):
        with open(f"{WORK}/others/{name}", "wb") as file:
            file.write(data)
        lane.run(f"play-{name[:-4]}", "play", "--json", f"../others/{name}")
    lane.run("names", "capture", "-r", "1k", "-n", 1000, "-c", "0,1", "-C",
             "0:name=Gr\u00f6\u00dfe \u00c6,unit=\u00b0C,scale=10", "-C",
             "1:name=\u0394 \u2013 R,unit=k\u2126", "x.edf")
    # In a folder that cannot be listed only the first of a series is looked for before
    folder = make_folder("exists-beside")
    with open(f"{folder}/x-002.raw.json", "w", encoding="ascii") as file:
        file.write("mine")
    os.chmod(folder, 0o311)
    lane.run("exists-beside", "capture", "-r", "1k", "-n", 10, "--sweeps", 2, "x.raw")
    os.chmod(folder, 0o755)
    lane.run("dev-full", "capture", "-r", "10k", "-n", 100000, "-F", "-f", "csv", "/dev/full")


def picture(lane):
    """Card 0: the README's; done alone, it is the voice from its beginning"""
    lane.run("picture", "capture", "-r", "48k", "-n", 68545, "-C",
             "0:name=Voice,unit=mV,scale=1000", "--method", "request", "--json",
             "--plot", "x.png", "x.wav")


# 8000 bytes a second by blocks: a busy host may sleep for half a minute, and none is lost
CALM = ("-r", "2k", "-c", "0,1", "--method", "request", "--json")


def kill_and_fill(lane):
    """Card 1: killed, and the disk full"""
    for kind in "wav", "edf", "csv", "raw":
        moved = lane.counter("bytes_to_host")
        step = lane.begin(f"killed-{kind}", "stream", *CALM, f"x.{kind}")
        # When it has just written: what came until then, all but a second, must be there
        step.until(lambda: lane.counter("bytes_to_host") - moved > 24000)
        size = step.size(f"x.{kind}")
        step.until(lambda: step.size(f"x.{kind}") > size)
        step.record["moved"] = (lane.counter("bytes_to_host") - moved) // 4
        step.end(signal.SIGKILL)
    # What is begun by an event of its own is in the file while it comes, too
    for name, file, more in (("killed-play", "x.wav", ("--play", "../loop/long.raw")),
                             ("killed-sweeps", "x-001.edf", ("-t", 60, "--sweeps", 2))):
        moved = lane.counter("bytes_to_host")
        step = lane.begin(name, "capture", "-r", "2k", "-c", "0,1", "--json", *more,
                          file.replace("-001", ""))
        step.until(lambda: lane.counter("bytes_to_host") - moved > 24000)
        size = step.size(file)
        step.until(lambda: step.size(file) > size)
        step.record["moved"] = (lane.counter("bytes_to_host") - moved) // 4
        step.end(signal.SIGKILL)
    for kind in "wav", "edf", "csv", "raw":
        disk = make_folder(f"full-{kind}")
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size=64k,uid={USER}", "disk", disk],
                       check=True)
        lane.run(f"full-{kind}", "stream", "-r", "8k", *CALM[2:], f"x.{kind}",
                 said=make_folder(f"full-{kind}.said"))
    for kind in "edf", "csv":
        name = f"full-markers-{kind}"
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size=64k,uid={USER}", "disk",
                        make_folder(name)], check=True)
        step = lane.begin(name, "stream", "-r", "4k", *CALM[2:], "--markers", f"x.{kind}",
                          said=make_folder(f"{name}.said"), stdin=subprocess.PIPE)
        write_lines(step)


def stop_and_lose(lane):
    """Card 1: Ctrl-C, markers, a program that sleeps too long"""
    step = lane.begin("stopped", "stream", *CALM, "x.wav")
    step.until(lambda: step.size("x.wav") > 8000)
    # a program that is in the way, meanwhile
    lane.run("busy", "dac", "0=1V")
    lane.run("info-busy", "info", "--json")
    step.end(signal.SIGINT)
    step = lane.begin("stopped-early", "capture", *CALM, "-t", "1h", "x.edf")
    step.until(lambda: step.size("x.edf") > 8000)
    step.end(signal.SIGINT)
    for kind in "csv", "raw":
        pipe = make_folder(f"named-pipe-{kind}") + f"/x.{kind}"
        os.mkfifo(pipe)
        os.chmod(pipe, 0o666)
        step = lane.begin(f"named-pipe-{kind}", "stream", *CALM, "-F", f"x.{kind}")
        with open(pipe, "rb") as reader:
            reader.read(2000)
        step.end()
        os.remove(pipe)
    step = lane.begin("markers", "stream", *CALM, "--markers", "x.edf", stdin=subprocess.PIPE)
    times = []
    for text in "stimulus A", "Reiz \u00fc", "end":
        size = step.size("x.edf")
        step.until(lambda: step.size("x.edf") > size)
        times.append((text, time.time()))
        step.process.stdin.write(text.encode() + b"\n")
        step.process.stdin.flush()
    size = step.size("x.edf")
    step.until(lambda: step.size("x.edf") > size + 8000)
    step.end(signal.SIGINT)
    results["markers"]["times"] = times
    # Many at once, as a file: the words of capture's own, and a line that is not ended
    for name, n in (("many", 100), ("too-many", 5000)):
        with open(f"{WORK}/{name}", "w+b") as lines:
            lines.write(b"Recording ends\n" + b"".join(b"m%d\n" % i for i in range(n)) + b"last")
            lines.seek(0)
            lane.run(f"markers-{name}", "capture", *CALM, "-n", 6007, "--markers", "x.edf",
                     stdin=lines)
    with open(f"{WORK}/long-lines", "w+b") as lines:
        lines.write("\n".join(("x" * 75, "y" * 74 + "\u00fc", "z" * 100, "short")).encode())
        for kind in "csv", "edf":
            lines.seek(0)
            lane.run(f"markers-long-{kind}", "capture", *CALM, "-n", 2000, "--markers",
                     f"x.{kind}", stdin=lines)
    lane.run("play-markers", "play", "--json", "../markers-many/x.edf")
    with open(f"{WORK}/many", "rb") as lines:
        step = lane.begin("killed-markers", "stream", *CALM, "--markers", "x.edf", stdin=lines)
        step.until(lambda: step.size("x.edf") > 30000)
        step.end(signal.SIGKILL)
    for name, more in (("end", ()), ("split", ("--split", "500ms"))):
        name = f"markers-{name}"
        step = lane.begin(name, "capture", *CALM, "-t", 3, "--markers", *more, "x.csv",
                          stdin=subprocess.PIPE)
        write_lines(step)
    # Stopped until the ring has been gone over more than once: samples are lost
    step = lane.begin("lost", "stream", "-r", "50k", "-c", "0,1", "--method", "fifo",
                      "--json", "x.edf")
    step.until(lambda: step.size("x.edf") > 200000)
    lane.miss(step, 1500000)
    size = step.size("x.edf")
    step.until(lambda: step.size("x.edf") > size + 400000)
    step.end(signal.SIGINT)
    # The same in the second of two sweeps; on a busy machine that can be over too soon
    for _ in range(3):
        for old in glob.glob(f"{WORK}/lost-sweep/x*"):
            os.remove(old)
        step = lane.begin("lost-sweep", "capture", "-r", "50k", "-c", "0,1", "-n", 150000,
                          "--sweeps", 2, "--trigger", "level", "--level", "0:0V", "--method",
                          "fifo", "--json", "x.edf")
        step.until(lambda: step.size("x-002.edf"))
        missed = lane.miss(step, 600000)
        step.end()
        if missed:
            break


def write_lines(step):
    """m0, m1 ... until the program's end, with the time before each and after it"""
    times = []
    try:
        while step.process.poll() is None:
            before = time.time()
            os.write(step.process.stdin.fileno(), b"m%d\n" % len(times))
            times.append((before, time.time()))
            time.sleep(0.005)
    except BrokenPipeError:
        pass
    step.end()
    results[step.name]["times"] = times


def trigger_and_loop(lane):
    """Card 1: what begins with what"""
    # The DACs' values come back in inputs 2 and 3
    samples = [(i * 37) % 20000 - 10000 for i in range(5000)]
    frames = b"".join(struct.pack("<2h", v, -v) for v in samples)
    make_folder("loop")
    with open(f"{WORK}/loop/in.raw", "wb") as file:
        file.write(frames)
    with open(f"{WORK}/loop/in.raw.json", "w", encoding="ascii") as file:
        json.dump({"rate": 10000, "channels": [{}, {}]}, file)
    lane.run("loop", "capture", "-r", "10k", "-c", "2,3", "--play", "in.raw", "--json", "x.raw")
    for method in "request", "fifo", "memory":
        lane.run(f"loop-{method}", "capture", "-r", "10k", "-c", "2,3", "--play",
                 "../loop/in.raw", "--method", method, "x.raw")
    step = lane.begin("loop-ext", "capture", "-r", "10k", "-c", "2,3", "--play",
                      "../loop/in.raw", "--trigger", "ext", "x.raw")
    fire(lane, step)
    step = lane.begin("ext", "capture", "-r", "10k", "-n", 300, "--trigger", "ext",
                      "--json", "x.edf")
    fire(lane, step)
    step = lane.begin("ext-long", "capture", "-r", "10k", "-n", 15000, "--trigger", "ext",
                      "--method", "request", "x.raw")
    fire(lane, step)
    lane.run("no-trigger", "capture", "-n", 300, "--trigger", "ext", "--timeout", "500ms",
             "--json", "x.wav")
    step = lane.begin("ext-interval", "capture", "-r", "10k", "-n", 100, "--sweeps", 3,
                      "--interval", "700ms", "--trigger", "ext", "--json", "x.csv")
    fire(lane, step)
    step = lane.begin("ext-timeout", "capture", "-r", "2k", "-c", "0,1", "-t", 4, "--trigger",
                      "ext", "--timeout", "3s", "--method", "request", "--json", "x.csv")
    fire(lane, step)
    step = lane.begin("play-ext", "play", "-q", "--trigger", "ext", "../loop/in.raw")
    fire(lane, step)
    subprocess.run(["sh", "-c", "for i in 1 2 3 4 5 6; do cat loop/in.raw; done > loop/long.raw;"
                    "cp loop/in.raw.json loop/long.raw.json"], cwd=WORK, check=True)
    lane.run("play-no-trigger", "play", "--trigger", "ext", "--timeout", "500ms", "--method",
             "fifo", "--json", "../loop/long.raw")
    lane.run("loop-long", "capture", "-r", "10k", "-c", "2,3", "--play", "../loop/long.raw",
             "x.raw")
    step = lane.begin("loop-long-ext", "capture", "-r", "10k", "-c", "2,3", "--play",
                      "../loop/long.raw", "--trigger", "ext", "x.raw")
    fire(lane, step)
    # The trigger is in the first of the files
    step = lane.begin("loop-split", "capture", "-r", "10k", "-c", "2,3", "--play",
                      "../loop/in.raw", "--trigger", "ext", "--split", "200ms", "--json", "x.csv")
    fire(lane, step)
    lane.run("loop-level", "capture", "-r", "10k", "-c", "2,3", "--play", "../loop/in.raw",
             "--trigger", "level", "--level", "0:1V", "x.raw")
    lane.run("play-level", "play", "--trigger", "level", "--level", "0:1V", "--timeout", "60s",
             "--json", "../loop/in.raw")
    lane.run("play-no-level", "play", "--trigger", "level", "--level", "5:1V", "--timeout",
             "500ms", "--json", "../loop/in.raw")


def fire(lane, step):
    """Pulses of the trigger input, until it has begun"""
    while step.process.poll() is None:
        lane.monitor.set(lane.card, "trigger", True)
        lane.monitor.set(lane.card, "trigger", False)
        time.sleep(WAIT)
    step.end()


def channels(lane):
    """Card 1, the last that it plays"""
    # Two channels that capture wrote, of each kind. There is no record of EDF+ of which
    # 10007 samples are a multiple: the last one is filled
    for kind in "wav", "edf", "csv", "raw":
        lane.run(f"two-{kind}", "capture", "-r", "10k", "-c", "0,1", "-n", 10007,
                 "-C", "0:scale=2.5,unit=mV,offset=7", "-C", "1:scale=-3", f"x.{kind}")
        lane.run(f"play-two-{kind}", "play", "--json", f"../two-{kind}/x.{kind}")
    # Values that differ by little of what they are
    lane.run("csv-offset", "capture", "-r", "10k", "-c", "0,1", "-n", 5000, "-C",
             "0:unit=Pa,offset=101325", "-C", "1:scale=0.001,offset=-1e6", "x.csv")
    lane.run("csv-offset-average", "capture", "-r", "10k", "-c", "0", "-n", 100, "--sweeps", 2,
             "--average", "-C", "0:scale=0.001,offset=-1e6", "x.csv")
    lane.run("play-csv-offset", "play", "--json", "../csv-offset/x.csv")
    # By --format, whatever its ending
    make_folder("play-format")
    shutil.copy(f"{WORK}/two-edf/x.edf", f"{WORK}/play-format/x.wav")
    lane.run("play-format", "play", "--format", "edf", "--json", "x.wav")


def values(lane):
    """Card 1: single values, commands, and a 1401 that is off"""
    lane.run("dac", "dac", "0=1.5V", "1=raw:-12000", "2=-250mV", "--json")
    results["dac"]["seen"] = [lane.monitor.get(lane.card, f"dac{i}") for i in range(4)]
    lane.run("dac-range", "dac", "0=1V", "1=5.5V")
    results["dac-range"]["seen"] = lane.monitor.get(lane.card, "dac0")
    lane.run("info-left", "info", "--json")
    results["info-left"]["seen"] = lane.monitor.get(lane.card, "dac0")
    lane.monitor.set(lane.card, "digin", 0x8421)
    lane.run("dig-in", "dig", "in", "--json")
    lane.run("dig-in-5", "dig", "in", 5)
    lane.run("dig-in-4", "dig", "in", 4)
    lane.run("dig-in-15", "dig", "in", 15, "--json")
    lane.run("dig-in-14", "dig", "in", 14, "--json")
    lane.run("dig-out", "dig", "out", "0xa5")
    results["dig-out"]["seen"] = lane.monitor.get(lane.card, "digout")
    lane.run("dig-out-bits", "dig", "out", "0=1", "12=1", "3=0", "--json")
    results["dig-out-bits"]["seen"] = lane.monitor.get(lane.card, "digout")
    lane.run("send", "send", "MEMTOP,?", "DIG,O,6;DIG,I")
    results["send"]["seen"] = lane.monitor.get(lane.card, "digout")
    lane.run("send-many", "send", "--json", "CLIST", "ERR")
    lane.run("send-error", "send", "FOO", "DIG,O,9")
    results["send-error"]["seen"] = lane.monitor.get(lane.card, "digout")
    # Card 3's takes a minute, however slow this machine is
    Step("selftest-late", [PROGRAM, "selftest", "-d", "3", "--timeout", "20ms"]).end()
    lane.monitor.set(lane.card, "power", False)
    time.sleep(0.3)
    lane.run("off", "capture", "-n", 10, "x.wav")
    lane.run("off-info", "info", "--json")
    lane.monitor.set(lane.card, "power", True)


def devices(_):
    """What there is instead of a device that one may open"""
    Step("device-none", [PROGRAM, "info", "-d", "/dev/ced1401_7"]).end()
    Step("device-other", [PROGRAM, "info", "-d", "/dev/null"]).end()
    Step("device-group", [PROGRAM, "info"], user=65534, group=65534).end()
    os.mknod("/dev/ced1401_root", stat.S_IFCHR | 0o600, os.stat("/dev/ced1401").st_rdev)
    Step("device-root", [PROGRAM, "info", "-d", "/dev/ced1401_root"]).end()
    os.unlink("/dev/ced1401_root")


def without_module(_):
    """At the end: the driver is not loaded"""
    subprocess.run(["rmmod", "ced1401_isa"], check=False)
    Step("device-no-module", [PROGRAM, "info"]).end()


def tmux(*arguments):
    return subprocess.run(["tmux", "-S", f"{WORK}/tmux", "-f", "/dev/null", *arguments],
                          user=USER, group=USER, extra_groups=[USER],
                          env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": WORK,
                               "TERM": "xterm-256color", "SHELL": "/bin/sh"},
                          capture_output=True, check=False)


def screen(*how):
    return tmux("capture-pane", *how, "-p", "-t", "scope").stdout.decode()


def see(*words):
    """Wait for a screen that has all of these words"""
    end = time.monotonic() + HANG
    while time.monotonic() < end:
        text = screen()
        if all(word in text for word in words):
            return text
        time.sleep(WAIT)
    return screen()


def keys(*names):
    tmux("send-keys", "-t", "scope", *names)


def ended_with(path):
    """What is in this file, "" if it is not there"""
    if not os.path.exists(path):
        return ""
    with open(path, encoding="ascii") as file:
        return file.read()


def scope(lane):
    """Card 2: the oscilloscope, in tmux"""
    make_folder("scope")
    screens = {}
    tmux("new-session", "-d", "-s", "scope", "-x", "100", "-y", "36",
         f"{PROGRAM} scope -d {lane.card} -r 1k -c 0,1 -C 0:name=Sine,unit=mV,scale=1000 "
         "--time-base 20ms --trigger level --level 0:500mV; "
         f"echo $? > {WORK}/scope/code")
    see("run  normal")
    keys("s")
    screens["triggered"] = see("HOLD")
    keys("+")
    screens["faster"] = see("10 ms/div")
    keys(" ")
    screens["running"] = see(" run ")
    keys("-")
    keys("/")
    keys("s")
    screens["falling"] = see("HOLD", "falling", "20 ms/div")
    keys("c")
    screens["cursors"] = see("B-A")
    screens["coloured"] = screen("-e")
    keys("x", "S-Left", "S-Left")
    screens["moved"] = see("B-A 79 ms")
    keys("Up")
    screens["range"] = see("1000 mV/div")
    keys("c", "o")
    time.sleep(0.5)
    screens["overlay"] = screen()
    keys("o", "t", " ")
    screens["free"] = see("run  free")
    keys("t", "T")
    screens["auto"] = see("run  auto")
    keys("?")
    screens["help"] = see("hold, go on")
    keys("?", "q")
    end = time.monotonic() + HANG
    # the shell makes the file before it writes it
    while not (code := ended_with(f"{WORK}/scope/code")) and time.monotonic() < end:
        time.sleep(WAIT)
    for name, text in screens.items():
        with open(f"{WORK}/scope/{name}", "w", encoding="utf-8") as file:
            file.write(text)
    with lock:
        results["scope"] = {"code": int(code or -1)}


def bar(lane):
    """Card 2: the progress line, on a terminal"""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("4H", 24, 100, 0, 0))
    step = lane.begin("bar", "capture", "-r", "4k", "-c", "0,1", "-t", 2, "x.wav", stderr=slave)
    os.close(slave)
    text = b""
    while True:
        if select.select([master], [], [], HANG)[0]:
            try:
                piece = os.read(master, 4096)
            except OSError:
                break
            if not piece:
                break
            text += piece
        else:
            break
    step.end()
    results["bar"]["text"] = text.decode(errors="replace")


def look(lane):
    """Card 2: what there is, and sweeps that a level begins"""
    lane.run("info", "info", "--json")
    lane.run("info-text", "info")
    lane.run("selftest", "selftest", "--json")
    lane.run("areas", "areas", "--json")
    lane.run("areas-root", "areas", "--size", "1M", user=0, group=0)
    # A sine of 2.5 V, 100 scans long: from below 1 V to it, 20 scans before
    lane.run("level", "capture", "-r", "1k", "-n", 200, "--trigger", "level", "--level",
             "0:1V", "--pre", "20ms", "--json", "x.edf")
    for kind in "csv", "edf":
        lane.run(f"level-{kind}", "capture", "-r", "1k", "-n", 200, "--sweeps", 2, "--trigger",
                 "level", "--level", "0:1V", "--json", f"x.{kind}")
    step = lane.begin("level-markers", "capture", "-r", "1k", "-n", 300, "--sweeps", 4,
                      "--trigger", "level", "--level", "0:1V", "--markers", "--json", "x.csv",
                      stdin=subprocess.PIPE)
    write_lines(step)
    lane.run("level-falling", "capture", "-r", "1k", "-c", "1", "-n", 150, "--trigger",
             "level", "--level", "0:-1V,falling", "x.raw")
    lane.run("level-negative", "capture", "-r", "1k", "-n", 150, "-C", "0:unit=N,scale=-1",
             "--trigger", "level", "--level", "0:1N", "x.raw")
    lane.run("level-average", "capture", "-r", "1k", "-n", 100, "--sweeps", 3, "--average",
             "--trigger", "level", "--level", "0:0V", "x.wav")
    lane.run("level-none", "capture", "-r", "1k", "-n", 200, "--trigger", "level",
             "--level", "0:4V", "--timeout", "700ms", "x.wav")
    # The tenth crossing behind each; meanwhile no time for the trigger runs out
    lane.run("level-interval", "capture", "-r", "1k", "-n", 100, "--sweeps", 3, "--interval",
             "980ms", "--trigger", "level", "--level", "0:1V", "--pre", "20ms", "--timeout",
             "900ms", "--json", "x.csv")
    lane.run("interval", "capture", "-r", "1k", "-n", 100, "--sweeps", 3, "--interval", "700ms",
             "--json", "x.csv")
    lane.run("interval-markers", "capture", "-r", "1k", "-n", 100, "--sweeps", 3, "--interval",
             "700ms", "--markers", "--json", "x.csv")
    # Each trigger comes in time, and all together take longer
    lane.run("level-timeout", "capture", "-r", "1k", "-t", 3, "--trigger", "level",
             "--level", "0:1V", "--timeout", "2s", "--json", "x.wav")
    lane.run("level-timeout-sweeps", "capture", "-r", "1k", "-n", 500, "--sweeps", 6,
             "--trigger", "level", "--level", "0:1V", "--timeout", "2s", "x.wav")
    lane.run("selftest-code", "selftest")


def go(function, lane):
    only = os.environ.get("CED1401_ONLY")           # names of functions, for some of it
    if only and function.__name__ not in only.split():
        return
    mine.folders = []
    try:
        try:
            function(lane)
        finally:
            keep()
    except Exception:                               # told on the host
        with lock:
            broken.append(f"{function.__name__}: {traceback.format_exc()}")


def live(lane):
    for function in (stop_and_lose, trigger_and_loop, values, devices, kill_and_fill,
                     channels):
        go(function, lane)


def recorded(lane):
    for function in (fast, others, picture):
        go(function, lane)


def sines(lane):
    for function in (look, bar, scope):
        go(function, lane)


def main():
    os.mkdir(WORK)
    os.chown(WORK, USER, USER)
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    monitor = Monitor()
    threads = [threading.Thread(target=function, args=(Lane(card, monitor),))
               for card, function in enumerate((recorded, live, sines))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    go(without_module, None)
    mine.folders = []
    keep()


main()
