"""Two threads: the bits do not depend on who computes what, nor on how often."""

import contextlib
import multiprocessing
import os
import threading
import time
import warnings
import weakref

import numpy as np
import pytest
from networks import (
    assert_close,
    assert_layers_close,
    assert_same_bits,
    random_layers,
    random_state,
    random_x,
    tolerance,
)

from minilstm import lstm
from minilstm.errors import MinilstmError
from minilstm.fast import kernels, threads

H = 370  # large enough for two threads, and no multiple of a block
if kernels.COMPILED:
    from minilstm.fast import two_cores

compiled = pytest.mark.skipif(not kernels.COMPILED, reason="Numba is missing or switched off")


def network(batch=1, dtype="float32", steps=7, seed=0):
    """Two layers and what they read: arguments of `lstm.run`."""
    rng = np.random.default_rng(seed)
    layers = random_layers(rng, 9, (H, H), dtype)
    return random_x(rng, steps, batch, 9, dtype), layers, random_state(rng, batch, (H, H), dtype), (3, H, H + 5)


@pytest.fixture
def two(monkeypatch):
    """A second thread even where there is one core."""
    if kernels.COMPILED:
        monkeypatch.setattr(two_cores, "cores", lambda: 2)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("batch", [1, 3, 13, 40])
def test_it_is_the_cell(batch, dtype, two):
    arguments = network(batch, dtype)
    assert_close(kernels.run(*arguments), lstm.run(*arguments), **tolerance(arguments[1]))


@compiled
@pytest.mark.parametrize("near", [0, 2**30])  # two threads share the blocks of units, or the sentences
@pytest.mark.parametrize("batch", [1, 3, 40])
def test_one_thread_and_two_give_the_same_bits(batch, near, monkeypatch):
    monkeypatch.setattr(two_cores, "NEAR", near)
    arguments, traces = network(batch, steps=40), []
    for n in (1, 2, 2, 2):
        monkeypatch.setattr(two_cores, "cores", lambda n=n: n)
        traces.append(kernels.run(*arguments))
    for other in traces[1:]:
        assert_same_bits(other, traces[0])


@pytest.mark.parametrize("batch", [1, 13])
def test_layers_of_very_different_sizes(batch, two):
    """No flag of a layer is one of the layer below, also where one has more blocks than fit into a line of flags."""
    rng = np.random.default_rng(2)
    layers, x = random_layers(rng, 9, (1040, 32, 1040)), random_x(rng, 3, batch, 9)
    assert_close(kernels.run(x, layers), lstm.run(x, layers), **tolerance(layers))


@compiled
@pytest.mark.parametrize("upper", [False, True])
@pytest.mark.parametrize("share, batch", [("_few", 2), ("_many", 20)])
def test_what_is_computed_twice_comes_out_the_same(share, batch, upper, monkeypatch):
    """As by a thread that was stopped in the middle of a group and goes on when everything is finished."""
    calls = []
    monkeypatch.setattr(two_cores, "cores", lambda: 2)
    monkeypatch.setattr(two_cores, share, lambda *arguments: calls.append(arguments))
    monkeypatch.setattr(two_cores, "beside", lambda share, *arguments, ring: contextlib.nullcontext(share(*arguments)))
    x, layers, _, _ = network(batch)
    trace = kernels.run(x, layers)
    monkeypatch.undo()
    nobody, task, part, near, room = calls[0]
    flags, states = part.flags, (*task.h, *task.C, *task.gates)
    before = None
    for again in range(3):
        for this in (upper, not upper):  # alone, each does the other's half too
            getattr(two_cores, share)(nobody, task, part._replace(upper=this), near, room)
            done = [array.tobytes() for array in states]
            assert before in (None, done)
            before = done
            flags *= np.random.default_rng(again).integers(0, 2, flags.shape, "u1")
    assert_close(trace._replace(state=lstm.run(x, layers).state), lstm.run(x, layers), **tolerance(layers))
    flags[:] = 0
    for this in (upper, not upper):
        getattr(two_cores, share)(nobody, task, part._replace(upper=this), near, room)
        for array in states:
            assert this == upper or (array == 7).all()  # the first has left nothing to do
            array[...] = 7


@compiled
@pytest.mark.parametrize("n", [1, 2, 5, 24])
def test_who_begins_with_what(n):
    """Each thread does its own blocks first, which together are all, and goes through them to and fro."""
    lower, upper = (two_cores.Part(2, upper, 0, 1, np.zeros(1, "u1"), 64) for upper in (False, True))
    own = {}
    for part in (lower, upper):
        for t in (0, 1):
            chosen = [two_cores._choose.py_func(place, t, n, part) for place in range(n)]
            assert sorted(block for block, _ in chosen) == list(range(n))
            own[part.upper, t] = [block for block, mine in chosen if mine]
            assert [mine for _, mine in chosen] == sorted([mine for _, mine in chosen], reverse=True)
        assert own[part.upper, 1] == own[part.upper, 0][::-1]
    assert own[False, 0] == list(range(n // 2)) and own[True, 0] == list(range(n // 2, n))[::-1]


@compiled
def test_every_piece_of_work_has_a_flag_of_its_own():
    """In lines that the threads do not share, whatever the sizes of the layers."""
    blocks, steps, line, places = (2, 70, 1, 40, 128), 3, 128, []
    task = two_cores.Task(*8 * [None], batch=1)._replace(steps=steps)
    part = two_cores.Part(2, False, 0, 1, None, line)
    for k, n in enumerate(blocks):
        for t in range(-1, steps):
            flags = [two_cores._flag.py_func(task, part, k, t, block, n) for block in range(n)]
            below, above = ({flag // two_cores.LINE for flag in part} for part in (flags[: n // 2], flags[n // 2 :]))
            assert not below & above
            places += flags
    assert len(set(places)) == len(places) and max(places) < len(blocks) * (1 + steps) * 2 * line


def test_in_several_threads_at_once(two):
    arguments = [network(seed=seed) for seed in range(4)]
    expected, got = [kernels.run(*a) for a in arguments], [None] * 4

    def work(k):
        for _ in range(5):
            got[k] = kernels.run(*arguments[k])

    workers = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for one, other in zip(got, expected, strict=True):
        assert_same_bits(one, other)


def _in_child(arguments, queue):
    queue.put(kernels.run(*arguments).h.tobytes())


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork here")
def test_in_a_forked_process(two):
    """Of the threads that the parent has, the child has none."""
    arguments = network()
    expected = kernels.run(*arguments).h.tobytes()
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # newer Pythons warn of forks beside threads
        child = context.Process(target=_in_child, args=(arguments, queue))
        child.start()
    assert queue.get(timeout=100) == expected
    child.join()


@pytest.mark.parametrize("batch", [1, 3, 20])
@pytest.mark.parametrize("sizes", [(H, H), (5, 9), (9, 9)])
def test_reading_without_keeping(batch, sizes, two, monkeypatch):
    """`read` = the last layer of `run`, across the pieces that it reads at a time, and from word to word."""
    monkeypatch.setattr(kernels, "ROWS", 3 * batch)
    rng = np.random.default_rng(1)
    layers, x = random_layers(rng, 4, sizes), random_x(rng, 8, batch, 4)
    state, ablate = random_state(rng, batch, sizes), (2, sum(sizes))
    h, after = kernels.read(x, layers, state, ablate)
    trace = lstm.run(x, layers, state, ablate)
    assert_layers_close([h[1:]], [trace.h[-1]], "h", **tolerance(layers))
    np.testing.assert_array_equal(np.delete(h[0], sizes[-1] - 1, axis=1), np.delete(state.h[-1], sizes[-1] - 1, axis=1))
    assert not h[:, :, -1].any()
    for name in "hC":
        assert_layers_close(getattr(after, name), getattr(trace.state, name), name, **tolerance(layers))
    again, _ = kernels.read(x[:0], layers, after)
    np.testing.assert_array_equal(again[0], h[-1])


def test_reading_refuses_what_running_refuses():
    with pytest.raises(MinilstmError, match="x: expected"):
        kernels.read(np.zeros(3), random_layers(np.random.default_rng(0), 3, (4,)))


def test_who_calls_what_is_called_beside(monkeypatch):
    """The second thread; this one where that is busy or is not to be had; and never both."""
    calls, release = [], threading.Event()

    def call(name):
        calls.append((name, threading.get_ident()))

    with threads.beside(call, "there"):
        pass
    with threads.beside(release.wait):
        with threads.beside(call, "the helper is busy"):
            assert len(calls) == 1
        release.set()
    monkeypatch.setattr(threads, "_helper", lambda process: (_ for _ in ()).throw(RuntimeError("no more threads")))
    with threads.beside(call, "no helper"):
        assert len(calls) == 2
    assert [name for name, _ in calls] == ["there", "the helper is busy", "no helper"]
    assert {who for _, who in calls[1:]} == {threading.get_ident()}


def test_an_error_in_the_second_thread_is_not_lost():
    """Whichever thread it is in; and the second goes on to the next piece of work, which has nothing to do with it."""
    begun, calls = threading.Event(), []

    def work(error=None):
        calls.append(threading.get_ident())
        begun.set()
        if error:
            raise error

    for wait in (lambda: None, lambda: begun.wait(60)):
        begun.clear()
        with pytest.raises(MinilstmError, match="beside"), threads.beside(work, MinilstmError("beside")):
            wait()
        assert threads._helper(os.getpid()).error is None  # nor kept, with all that it knows of
        begun.clear()
        with threads.beside(work):
            assert begun.wait(60)
    assert len(calls) == 4 and calls[1] == calls[2] == calls[3] != threading.get_ident()


def test_ctrl_c_while_waiting_for_the_second_thread(monkeypatch):
    """What it is at is not taken for what is given next: nothing is over before it has been done, and done once."""
    helper, begun, go, calls = threads._helper(os.getpid()), threading.Event(), threading.Event(), []

    def interrupted(flags, told, *_):
        if told == threads.IDLE:
            raise KeyboardInterrupt

    def work(name, wait):
        begun.set()
        wait()
        calls.append(name)

    monkeypatch.setattr(helper, "watch", interrupted)
    with pytest.raises(KeyboardInterrupt), threads.beside(work, 0, go.wait):
        begun.wait()
    monkeypatch.undo()
    with threads.beside(calls.append, 1):
        pass
    go.set()
    while helper.finished.locked():
        time.sleep(0.001)
    for name in (2, 3, 4):
        begun.clear()
        with threads.beside(work, name, lambda: time.sleep(0.02)):
            begun.wait()
        assert calls == [1, 0, *range(2, name + 1)]


def test_what_was_given_is_let_go():
    array = np.zeros(3)
    kept = weakref.ref(array)
    with threads.beside(array.sum):
        pass
    del array
    assert kept() is None


def test_how_many_threads(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(threads, "_most", [])
    most = threads.cores()
    for wanted, expected in (("0", 1), ("1", 1), ("100000", most), ("", most), ("4,2", most)):
        monkeypatch.setenv("OMP_NUM_THREADS", wanted)
        assert threads.cores() == expected
    for wanted, expected in ((0, 1), (1, 1), (100_000, most), (None, most)):
        threads.allow(wanted)
        assert threads.cores() == expected
