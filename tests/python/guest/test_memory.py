# SPDX-License-Identifier: GPL-2.0-or-later
"""Arrays that are DMA buffers, and how long they live."""
import gc
import itertools
import os
import subprocess
import sys

import numpy as np
import pytest
from bench import FAST, descriptors, in_child, in_dma, maps, until

import ced1401

KIB = 1024


def noise(shape, seed=1):
    return np.random.default_rng(seed).integers(-32768, 32768, shape, np.int16)


def test_an_array_is_the_dma_buffer(fast):
    for shape, dtype in ((1000, np.int16), ((250, 4), np.int16), ((3, 5), np.float64),
                         (1, np.uint8)):
        array = fast.zeros(shape, dtype)
        assert array.shape == (shape if isinstance(shape, tuple) else (shape,))
        assert array.dtype == dtype and not array.any()
        assert in_dma(array) and ced1401.is_dma(array) and ced1401.is_dma(array.T)
        assert not ced1401.is_dma(array.copy())
    # The 1401 writes to it, by DMA, with no call that could copy
    pattern = noise(1000)
    fast.write_memory(4000, pattern)
    array = fast.zeros(1000)
    with fast.area(array, "to host") as area:
        fast.command(f"TOHOST,4000,2000,0,{area.number}")
        assert area.wait(timeout=60) > 0
    assert np.array_equal(array, pattern)
    # And reads from it
    array[:] = noise(1000, 2)
    with fast.area(array[500:], "to 1401") as area:
        fast.command(f"TO1401,0,1000,0,{area.number}")
        area.wait(1000, timeout=60)
    assert np.array_equal(fast.read_memory(0, 1000).view(np.int16), array[500:])


def test_areas(fast):
    array = fast.zeros(1000)
    area = fast.area(array, "to host")
    with pytest.raises(ced1401.TimedOutError):
        area.wait(timeout=0.2)
    area.clear()
    area.clear()
    with pytest.raises(ced1401.CommandError):
        fast.command(f"TOHOST,0,2000,0,{area.number}")
    areas = [fast.area(array[100 * i:][:100], "to host") for i in range(8)]
    assert sorted(a.number for a in areas) == list(range(8))
    with pytest.raises(ced1401.MemoryLimitError, match="eight areas"):
        fast.area(array, "to 1401")
    for wrong in (np.zeros(10, np.int16), array[::2]):
        with pytest.raises(ced1401.ArgumentError):
            fast.area(wrong, "to host")
    with pytest.raises(ced1401.ArgumentError):
        fast.area(array, "up")
    # An area that nobody cleared goes with its memory
    del areas, area, array, wrong
    gc.collect()
    assert len([fast.area(fast.zeros(10), "to host") for _ in range(8)]) == 8


@pytest.mark.parametrize("where", ["dma", "ordinary"])
def test_blocks(fast, where):
    """Up to all of the 1401's memory, there and back."""
    for size, address in ((1, 0), (2, 7), (70001, 3), (1 << 20, 0)):
        data = noise((size + 1) // 2, size).view(np.uint8)[:size]
        out = fast.zeros(size, np.uint8) if where == "dma" else np.zeros(size, np.uint8)
        fast.write_memory(address, data)
        assert fast.read_memory(address, out=out) is out
        assert np.array_equal(out, data)
        out[:] = 0
    with pytest.raises(ced1401.CommandError) as caught:
        fast.write_memory((1 << 20) - 5, np.zeros(6, np.uint8))
    assert caught.value.error_1401 == 3
    with pytest.raises(ced1401.ArgumentError):
        fast.read_memory(0, out=np.zeros((10, 2), np.int16)[:, 0])
    with pytest.raises(ced1401.ArgumentError):
        fast.read_memory(0, 10, out=np.zeros(20, np.uint8))


def test_limits(fast):
    for wrong in (0, -1, (4 << 20) + 1):
        with pytest.raises(ced1401.ArgumentError):
            fast.zeros(wrong, np.uint8)
    # The session's limit; what is collected can be had again
    for _ in range(3):
        arrays = [fast.zeros(1 << 20, np.uint8) for _ in range(4)]
        with pytest.raises(MemoryError) as caught:
            fast.zeros(1 << 20, np.uint8)
        assert isinstance(caught.value, ced1401.MemoryLimitError)
        assert "1048576 bytes" in str(caught.value)
        view = arrays.pop()[100:200]
        with pytest.raises(ced1401.MemoryLimitError):
            fast.zeros(1 << 20, np.uint8)
        del view
        arrays.append(fast.zeros(1 << 20, np.uint8))
        del arrays
    # 64 buffers
    arrays = [fast.zeros(1) for _ in range(64)]
    with pytest.raises(ced1401.MemoryLimitError):
        fast.zeros(1)
    assert len(arrays) == 64


def test_free_leaves_the_array(fast):
    array = fast.zeros(1000)
    view = array[10:20]
    area = fast.area(array, "to host")
    fast.free(view)
    with pytest.raises(ced1401.CommandError):
        fast.command(f"TOHOST,0,2000,0,{area.number}")
    for again in (lambda: fast.free(array), lambda: fast.area(array, "to host")):
        with pytest.raises(ced1401.ArgumentError, match="freed"):
            again()
    array[:] = 5
    assert view.sum() == 50
    with pytest.raises(ced1401.ArgumentError):
        fast.free(np.zeros(1))
    fast.reset()


# Ends, in every order. The array must be readable after each that leaves it alive, hold
# what the DMA put there, and its memory be gone when all is.
ENDS = ("close the device", "forget the device", "forget the array", "free the array",
        "collect")


def live_and_die(order, pattern):
    device = ced1401.Device(FAST)
    device.write_memory(0, pattern)
    things = {"device": device, "array": device.zeros(len(pattern))}
    device.read_memory(0, out=things["array"])
    del device
    view = things["array"][1::2]
    for end in order:
        if end == "close the device" and "device" in things:
            things["device"].close()
        elif end == "free the array" and {"device", "array"} <= things.keys():
            if not things["device"].closed:
                things["device"].free(things["array"])
        elif end == "collect":
            gc.collect()
        elif end.startswith("forget"):
            things.pop(end.split()[-1])
        for array, due in ((things.get("array"), pattern), (view, pattern[1::2])):
            if array is not None:
                assert np.array_equal(array, due), (order, end)
                array[0] = array[0]     # and it can be written
    assert maps()
    del view, things, array
    assert not maps() and not descriptors(), order


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_arrays_outlive_the_device_in_every_order():
    def child():
        pattern = noise(3000)
        for order in itertools.permutations(ENDS):
            live_and_die(order, pattern)
    in_child(child)     # whose crash would be seen


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_cycles_are_collected_in_any_order():
    """Device, array, area, stream and piece in one cycle, for the collector alone."""
    def child():
        for _ in range(10):
            device = ced1401.Device(FAST)
            array = device.zeros(1000)
            stream = device.stream([0, 1], rate=1000, method="request")
            piece = next(stream)
            cycle = [device, array, stream, piece, piece.samples,
                     device.area(array, "to host")]
            cycle.append(cycle)
            kept = piece.samples[:10]
            due = kept.copy()
            del device, array, stream, piece, cycle
            gc.collect()
            assert not descriptors()
            assert np.array_equal(kept, due)
            del kept
            assert not maps()
    in_child(child)


def test_every_view_keeps_the_memory(fast):
    array = fast.zeros((100, 4))
    array[:] = np.arange(400).reshape(100, 4)
    for view in (lambda a: a[5:7, 1], lambda a: a.T, lambda a: a.reshape(-1)[::-1],
                 lambda a: a.view(np.uint8), memoryview, lambda a: np.asarray(memoryview(a)),
                 lambda a: a.ravel().data, np.frombuffer, lambda a: np.squeeze(a[:, :1])):
        kept = view(array)
        due = bytes(np.asarray(kept).copy())
        other = fast.zeros((100, 4))
        other[:] = array
        kept = view(other)
        del other
        gc.collect()
        assert bytes(np.asarray(kept)) == due
    del kept, array
    assert not maps()


def test_a_child_shares_the_memory(fast):
    array = fast.zeros(1000)
    array[:] = 7

    def child():
        nonlocal array
        assert (array == 7).all() and in_dma(array)
        array[500:] = 8
        until(lambda: array[0] == 9)
        del array
        gc.collect()        # and nothing of the parent's stops
    with fast.area(array[:500], "to host") as area:
        read, write = os.pipe()
        if not (pid := os.fork()):
            try:
                child()
                os.write(write, b"well")
            finally:
                os._exit(0)
        until(lambda: array[-1] == 8)
        array[0] = 9
        assert os.read(read, 10) == b"well"
        os.waitpid(pid, 0)
        os.close(read)
        os.close(write)
        fast.write_memory(0, noise(500))
        fast.command(f"TOHOST,0,1000,0,{area.number}")
        area.wait(timeout=60)
    assert np.array_equal(array[:500], noise(500)) and (array[500:] == 8).all()


def test_the_parent_may_end_before_the_child(fast):
    """An array lives on in the child, when device and array of the parent are gone."""
    array = fast.zeros(1000)
    array[:] = 7
    to_child, to_parent = os.pipe(), os.pipe()
    if not (pid := os.fork()):
        os.read(to_child[0], 1)
        os.write(to_parent[1], b"well" if (array == 7).all() else b"lost")
        os._exit(0)
    del array
    fast.close()
    os.write(to_child[1], b"x")
    assert os.read(to_parent[0], 10) == b"well"
    os.waitpid(pid, 0)
    for fd in to_child + to_parent:
        os.close(fd)


AT_THE_END = """
import atexit
import ced1401
device = ced1401.Device()
array = device.zeros(1000)
array[:] = 5
stream = device.stream(0, rate=1000, method="request")
piece = next(stream).samples
atexit.register(lambda: print(array.sum(), len(piece) > 0))
"""


def test_the_interpreters_end():
    """Nothing is unmapped before the last function of atexit has run."""
    ended = subprocess.run([sys.executable, "-c", AT_THE_END], capture_output=True,
                           text=True, timeout=100, check=False)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.split() == ["5000", "True"]
