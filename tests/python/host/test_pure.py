# SPDX-License-Identifier: GPL-2.0-or-later
"""What needs no device: units against the library's, errors, doctests, the lists."""
import asyncio
import ctypes
import doctest
import errno
import importlib
import pickle
import pkgutil
import threading

import ced1401
import numpy as np
import pytest
from ced1401 import _channel, _config, _errors, _handle, _lib, _samples, _waiting, aio

CHANNELS = [ced1401.Channel(0), ced1401.Channel(1, scale=0.37, offset=-3.3, unit="mV"),
            ced1401.Channel(2, scale=-1e-6, offset=1e3, full_scale=10.0, name="µ")]


def theirs(channel):
    """The library's structure."""
    return _lib.Channel(name=channel.name.encode(), unit=channel.unit.encode(),
                        scale=channel.scale, offset=channel.offset,
                        full_scale=channel.full_scale)


def test_units_are_the_librarys():
    """Every sample in units; bit by bit."""
    samples = np.arange(-32768, 32768, dtype=np.int16)
    frames = np.ascontiguousarray(np.repeat(samples[:, None], len(CHANNELS), axis=1))
    values = np.empty(frames.shape)
    _lib.lib.ced1401_frames_to_units((_lib.Channel * 3)(*map(theirs, CHANNELS)), 3,
                                     frames.ctypes.data, len(frames), values.ctypes.data)
    assert np.array_equal(_channel.to_units(CHANNELS, frames), values)
    for channel, column in zip(CHANNELS, values.T):
        assert np.array_equal(channel.to_units(samples), column)
        assert np.array_equal(channel.from_units(column), samples)


def test_the_nearest_sample_is_the_librarys():
    """Between samples, halfway between them, and beyond full scale."""
    one = ctypes.c_int16()
    for channel in CHANNELS:
        steps = np.concatenate([np.arange(-300, 300) / 16, [-32768, -32768.4, -32769, 32767,
                                                            32767.4, 32767.6, 32768, 32769]])
        for volts in steps * channel.full_scale / 32768:
            value = volts * channel.scale + channel.offset
            code = _lib.lib.ced1401_from_units(ctypes.byref(theirs(channel)), value,
                                               ctypes.byref(one))
            if code:
                with pytest.raises(ced1401.ArgumentError):
                    channel.from_units(value)
            else:
                assert channel.from_units(value) == one.value, (channel, value)
    for wrong in (np.nan, np.inf, -np.inf):
        with pytest.raises(ced1401.ArgumentError):
            CHANNELS[0].from_volts([0, wrong])


def test_channels():
    for wrong in ({"scale": 0}, {"scale": np.nan}, {"offset": np.inf}, {"full_scale": 0},
                  {"full_scale": -5}):
        with pytest.raises(ValueError):
            ced1401.Channel(0, **wrong)
    with pytest.raises(AttributeError):
        CHANNELS[0].scale = 2
    assert _channel.as_inputs(np.int64(3))[0].number == 3
    # A full scale that was given as a whole number does not have volts of 16 bits
    ten = ced1401.Channel(0, full_scale=10, scale=2)
    assert ten.to_volts(np.array([16384, -32768], np.int16)).tolist() == [5, -10]
    assert ten.to_units(np.array([16384, -32768], np.int16)).tolist() == [10, -20]
    assert pickle.loads(pickle.dumps(CHANNELS)) == CHANNELS


CONFIGURATION = """
[all]
rate = 1000
[adc 0]
name = EMG left     ; the flexor
unit = mV
scale = 0.5
[dac 1]
full-scale = 10
"""


def test_channels_of_the_command(tmp_path, monkeypatch):
    """--channel and the configuration file, as tools/channels.c has them."""
    assert ced1401.parse_channel("7") == ced1401.Channel(7)
    assert ced1401.parse_channel("dac7:") == ced1401.Channel(7)
    assert ced1401.parse_channel(r"1:name=a\,b\\c,unit=µV,scale=-2,offset=1e3,full-scale=10") \
        == ced1401.Channel(1, name="a,b\\c", unit="µV", scale=-2, offset=1000, full_scale=10)
    for wrong in ("name=EMG", "0:EMG", "0:gain=2", "0:scale=much", "0:scale=0", "-1:unit=V",
                  "0:full-scale=-5", "0:scale=1_0", "0:offset=nan", "0:scale=1e999", "0:name=",
                  "0:unit=" + "µ" * 16, "0:name=" + "x" * 64, "0:name=a\tb", "32:unit=V",
                  "dac8:unit=V", "²:unit=V"):
        with pytest.raises(ced1401.ArgumentError):
            ced1401.parse_channel(wrong)
    path = tmp_path / "ced1401.conf"
    path.write_text(CONFIGURATION, encoding="utf-8")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for found in (ced1401.read_channels(path), ced1401.read_channels()):
        assert found.inputs == {0: ced1401.Channel(0, name="EMG left", unit="mV", scale=0.5)}
        assert found.dacs == {1: ced1401.Channel(1, full_scale=10)}
    for wrong in ("[adc x]\nunit = V\n", "[adc 0]\nscale = 0\n", "unit = V\n",
                  "[adc 32]\nunit = V\n", "[dac 8]\nunit = V\n", "[adc 0]\nunit\n",
                  "[adc 0]\nName = a\n", "[adc 0]\nname = a\n  unit = V\n"):
        path.write_text(wrong, encoding="utf-8")
        with pytest.raises(ced1401.ArgumentError, match="ced1401.conf"):
            ced1401.read_channels(path)
    with pytest.raises(FileNotFoundError):
        ced1401.read_channels(tmp_path / "none")


def by_inih(path):
    """The settings of a file, as the library that the command reads it with has them."""
    settings = {}

    def take(_user, section, name, value):
        settings.setdefault(section.decode(), {})[name.decode()] = value.decode()
        return 1
    kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, *[ctypes.c_char_p] * 3)
    assert ctypes.CDLL("libinih.so.1").ini_parse(bytes(path), kind(take), None) == 0
    return settings


@pytest.mark.parametrize("text", [
    CONFIGURATION,
    "\ufeff[adc 3]\nname:EMG\nunit=mV;a\n\n# no\n ; no\n[dac  7] ; yes\noffset = -.5e3 ; V",
    "[adc 0]\nname = a=b:c # d\nname = last\n[all]\nx = 5\n[adc 0]\nscale=3.\n",
    "[DEFAULT]\nunit = mV\n[adc 31]\r\nname = [x]\r\nunit = %(name)s \r\n",
])
def test_a_file_is_read_as_by_the_command(tmp_path, text):
    path = tmp_path / "a.conf"
    path.write_bytes(text.encode())
    due = ced1401.Channels({}, {})
    for section, settings in by_inih(path).items():
        if section[:4] in ("adc ", "dac "):
            number = int(section[4:])
            due[section.startswith("dac")][number] = _config.with_settings(
                ced1401.Channel(number), settings, section)
    assert any(due) and ced1401.read_channels(path) == due


def test_samples_of_many_kinds():
    one, two = _channel.as_dacs(0), _channel.as_dacs([0, 1])
    same = np.zeros((5, 2), np.int16)
    assert _channel.to_samples(two, same, None, None) is same
    assert _channel.to_samples(one, [1, -2], None, None).tolist() == [[1], [-2]]
    assert _channel.to_samples(one, np.array([5], ">i2"), None, None)[0, 0] == 5
    assert _channel.to_samples(one, np.array([7], np.uint64), None, None)[0, 0] == 7
    for wrong in ([32768], [-32769], np.array([2**63], np.uint64), [[1, 2]], 5):
        with pytest.raises(ValueError):
            _channel.to_samples(one, wrong, None, None)
    with pytest.raises(TypeError):
        _channel.to_samples(one, [1], [1], None)


def test_errors():
    """Each of the library's results has its class, its numbers and its sentence."""
    for number, kind, builtin in (
            (errno.ENOENT, ced1401.NoDeviceError, FileNotFoundError),
            (errno.EACCES, ced1401.AccessError, PermissionError),
            (errno.ETIMEDOUT, ced1401.TimedOutError, TimeoutError),
            (errno.EDQUOT, ced1401.MemoryLimitError, MemoryError),
            (errno.EBUSY, ced1401.BusyError, OSError),
            (errno.ENODEV, ced1401.OfflineError, OSError),
            (errno.ERANGE, ced1401.ArgumentError, ValueError),
            (errno.EPIPE, ced1401.DeviceError, OSError)):
        error = _errors.error_of(-number, "this")
        assert type(error) is kind and isinstance(error, builtin)
        assert error.errno == number and error.code == -number
        assert str(error).startswith("this: ") and len(str(error)) > 15
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), str(again), again.errno) == (kind, str(error), number)
    for code, kind in ((-1402001, ced1401.MissedError), (-1402002, ced1401.LostError),
                       (-1402003, ced1401.CapacityError), (-1402004, ced1401.SelfTestError),
                       (-1402005, ced1401.BlockError), (-1402006, ced1401.BlockError),
                       (-1402007, ced1401.WaitsError)):
        error = _errors.error_of(code)
        assert type(error) is kind and error.errno is None and error.code == code
    error = _errors.error_of(-1401255)
    assert type(error) is ced1401.UnknownCommandError and error.error_1401 == 255
    assert type(_errors.error_of(-1401005)) is ced1401.CommandError
    kinds = {getattr(ced1401, name) for name in ced1401.__all__ if name.endswith("Error")}
    assert all(issubclass(kind, ced1401.Error) for kind in kinds)
    named = _errors.__doc__
    assert all(kind.__name__ in named for kind in kinds)


def test_wrong_arguments_are_errors_that_name_them():
    """Each is an `Error`, and what Python has for it, and says which argument it is."""
    frames = ced1401.Recording(np.zeros((3, 2), np.int16),
                               (ced1401.Channel(5), ced1401.Channel(7, name="EMG")), 1e3,
                               ced1401.choose_clock(1000))
    for call, builtin, message in (
            (lambda: _samples.start_code("x"), ValueError, 'start "x": now or trigger'),
            (lambda: _samples.method_code("x"), ValueError, 'method "x": auto, memory'),
            (lambda: _samples.frame_count(None, 0, 1000.0), ValueError, "seconds 0: 0 frames"),
            (lambda: _samples.frame_count(None, np.nan, 1e3), ValueError, "seconds nan:"),
            (lambda: _samples.frame_count(None, np.inf, 1e3), ValueError, "seconds inf:"),
            (lambda: _samples.frame_count(0, None, 1000.0), ValueError, "frames 0:"),
            (lambda: _samples.frame_count(1 << 62, None, 1e3), ValueError, "frames 46"),
            (lambda: _waiting.milliseconds(-1), ValueError, "time-out of -1 s"),
            (lambda: _waiting.Deadline(np.nan), ValueError, "time-out of nan s"),
            (lambda: _channel.as_inputs(40), ValueError, "channel 40: inputs are 0 to 31"),
            (lambda: _channel.as_inputs([0, -1]), ValueError, "channel -1: inputs are"),
            (lambda: _channel.as_dacs(ced1401.Channel(8)), ValueError, "DAC 8: DACs are 0 to 7"),
            (lambda: _channel.as_inputs([]), ValueError, "0 inputs: 1 to 32"),
            (lambda: _channel.as_dacs([0] * 9), ValueError, "9 DACs: 1 to 8"),
            (lambda: _channel.check_rate(np.nan), ValueError, "rate nan Hz"),
            (lambda: _channel.check_rate(1.1e6), ValueError, "rate 1.1e\\+06 Hz"),
            (lambda: frames.volts("EEG"), KeyError, "no channel 'EEG': there are channel 5, EMG"),
            (lambda: frames.column(0), KeyError, "no channel 0: there are")):
        with pytest.raises(ced1401.ArgumentError, match=message) as caught:
            call()
        assert isinstance(caught.value, builtin) and caught.value.code == 0
        again = pickle.loads(pickle.dumps(caught.value))
        assert (type(again), str(again)) == (type(caught.value), str(caught.value))
    with pytest.raises(ced1401.NoChannelError):
        frames.units("EEG")
    for wrong in ("EMG", 1.5, [None]):
        with pytest.raises(TypeError, match="neither a whole number nor a Channel"):
            _channel.as_inputs(wrong if isinstance(wrong, (str, list)) else [wrong])


def test_arguments_of_another_type():
    """A TypeError, also where it is ctypes that finds out."""
    for call, message in (
            (lambda: _samples.frame_count(0.5 * 1000, None, 1e3), "frames 500.0: a whole"),
            (lambda: _samples.frame_count("9", None, 1e3), "frames '9': a whole"),
            (lambda: ced1401.choose_clock("x"), "a rate of 'x'"),
            (lambda: _handle.Handle(0, "it").run(_lib.lib.ced1401_strerror, 1.5),
             "argument 1")):
        with pytest.raises(TypeError, match=message):
            call()
    assert type(_samples.frame_count(np.int32(5), None, 1e3)) is int
    assert ced1401.choose_clock(np.float32(1000)).hz == ced1401.choose_clock(1000).hz == 1000


def test_captures_of_two_threads(monkeypatch):
    """One makes its array while the other adds up what is kept."""
    class Kept:
        """Memory, of which the first time that it is counted another thread makes more."""

        thread = None

        @property
        def cost(self):
            if not Kept.thread:
                Kept.thread = threading.Thread(target=room, daemon=True)
                Kept.thread.start()
                Kept.thread.join(60)
            return 1

        @staticmethod
        def array(dtype, shape):
            return np.zeros(shape, dtype)

    def alloc(_self, _size):
        kept.append(Kept())
        return kept[-1]

    def room():
        device._room((1, 1), "auto")
    kept = []
    monkeypatch.setattr(_handle.Handle, "alloc", alloc)
    monkeypatch.setattr(ced1401.Device.__mro__[1], "__init__", lambda self, *_, **__: None)
    device = ced1401.Device()
    device._handle = _handle.Handle(0, "it")
    room()
    room()
    assert len(kept) == len(device._captured) == 3
    kept.clear()
    assert not device._captured


def test_the_public_names():
    assert sorted(ced1401.__all__) == ced1401.__all__
    for name in ced1401.__all__:
        thing = getattr(ced1401, name)
        if isinstance(thing, type):
            assert thing.__doc__, name
            for method, function in vars(thing).items():
                if callable(function) and not method.startswith("_"):
                    assert function.__doc__, f"{name}.{method}"


@pytest.mark.parametrize("name", [m.name for m in pkgutil.iter_modules(ced1401.__path__)])
def test_doctests(name):
    module = importlib.import_module("ced1401." + name)
    assert doctest.testmod(module).failed == 0


class Ends:
    """What a Guard ends."""

    def __init__(self):
        self.count = 0
        self.inside = threading.Event()
        self.go = threading.Event()

    def end(self):
        self.count += 1

    def wait(self):
        self.inside.set()
        assert self.go.wait(60)
        return 5


def test_a_guard_waits_for_other_threads():
    ends = Ends()
    guard = _handle.Guard("it", ends.end)
    results = []
    inside = threading.Thread(target=lambda: results.append(guard.call(ends.wait)))
    inside.start()
    assert ends.inside.wait(60)
    closing = threading.Thread(target=guard.close)
    closing.start()
    while not guard.closed:
        pass
    with pytest.raises(ced1401.ClosedError, match="it is closed"):
        guard.call(int)
    assert ends.count == 0 and closing.is_alive()
    ends.go.set()
    inside.join()
    closing.join()
    assert results == [5] and ends.count == 1
    guard.close()
    assert ends.count == 1


def test_a_guard_closed_from_inside():
    """It cannot wait for itself: it ends on the way out."""
    ends = Ends()
    guard = _handle.Guard("it", ends.end)

    def inside():
        guard.call(guard.close)
        assert ends.count == 0
        return 7
    assert guard.call(inside) == 7
    assert ends.count == 1
    with pytest.raises(ced1401.ClosedError):
        guard.call(int)
    guard = _handle.Guard("it", ends.end)
    with guard.hold():
        guard.close()
        assert not guard.ended
    assert guard.ended and ends.count == 2


def with_loop(main):
    """main(), in a loop of a thread that may hang."""
    result = []
    thread = threading.Thread(target=lambda: result.append(asyncio.run(main())), daemon=True)
    thread.start()
    thread.join(60)
    assert result, "it hangs, or raised"
    return result[0]


def test_asyncio_is_told_that_an_iterator_ended():
    async def main():
        with pytest.raises(RuntimeError) as caught:
            await aio._in_thread(lambda: next(iter(())))
        return caught.value
    assert isinstance(with_loop(main).__cause__, StopIteration)


class Opened:
    """A stream."""

    def __init__(self):
        self.closed = False

    def close(self):
        self.closed = True


def test_a_task_cancelled_while_its_stream_opens():
    """Nobody else could close it."""
    opened, begun, go = Opened(), threading.Event(), threading.Event()

    def make():
        begun.set()
        assert go.wait(60)
        return opened

    async def main():
        async def use():
            async with aio.InputStream(make):
                raise AssertionError("it was cancelled")
        task = asyncio.create_task(use())
        await asyncio.to_thread(begun.wait, 60)
        task.cancel()
        await asyncio.sleep(0)
        go.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        return True
    assert with_loop(main) and opened.closed


class Endless:
    """A stream that has one frame more whenever it is asked."""

    channels, rate, _dropped = (CHANNELS[0],), 1000.0, 0

    def _ensure_started(self):
        pass

    _finish_piece = _ensure_started

    def _try_acquire(self, _frames, _ms):
        return ced1401.Piece(self.channels, self.rate, np.zeros((1, 1), np.int16))

    def _checked(self, piece):
        return piece

    def _give_back(self, _count):
        return 0

    def _fill(self, frames, _ms):
        return min(len(frames), 1)


def test_time_is_up_though_there_is_always_more():
    stream = Endless()
    assert 1 <= len(ced1401.InputStream.read(stream, 10**7, timeout=0.05)) < 10**7
    assert len(ced1401.InputStream.read(stream, 10**7, timeout=0)) == 2
    assert len(ced1401.InputStream.read(stream, 1000)) == 1000
    assert 1 <= ced1401.OutputStream.write(stream, np.zeros(10**7, "<i2"), timeout=0.05) < 10**7

    class Waits(aio.InputStream):
        def __init__(self):
            self.stream = stream

        async def _ready(self, _timeout=None):
            return True

        async def _look(self, function):
            return function()
    stream._started = True
    assert 1 <= len(with_loop(lambda: Waits().read(10**7, timeout=0.05))) < 10**7


def test_a_1401_that_waits_for_a_ring_may_still_answer():
    class Handle:
        def error(self, code, about):
            return _errors.error_of(code, about)
    for first in -errno.ETIMEDOUT, _lib.E_WAITS:
        codes = [first, first, 3]
        assert _waiting.in_slices(Handle(), lambda _ms, codes=codes: codes.pop(0), 5.0, "x") == 3
        with pytest.raises(_waiting.NOT_YET):
            _waiting.in_slices(Handle(), lambda _ms, first=first: first, 0, "x")
        codes = [_errors.error_of(first, "x"), 3]

        def answer(_seconds, codes=codes):
            if isinstance(code := codes.pop(0), Exception):
                raise code
            return code
        assert with_loop(lambda answer=answer: aio._in_slices(answer, 5.0)) == 3
