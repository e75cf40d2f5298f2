"""A second thread for work that releases Python's lock, kept from call to call: starting one takes 0.2 ms."""

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache

_most = []  # what `allow` was told last


def allow(most):
    """Let no more threads than this run from now on; None: as many as there are cores."""
    _most[:] = [] if most is None else [most]


def cores():
    """How many threads may run here: the cores given to this process, or fewer if OMP_NUM_THREADS or `allow` says so."""
    given = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    return min(given, int(wanted) if wanted.isdigit() else given, *_most)


@cache
def _helper(process):
    """The thread of one process: a fork has none of its parent's threads, and starts its own."""
    return ThreadPoolExecutor(1, "minilstm")


@contextmanager
def beside(function, *arguments):
    """Let the second thread call `function` while the block runs. Afterwards it has been called, by whichever thread."""
    try:
        call = _helper(os.getpid()).submit(function, *arguments)
    except RuntimeError:  # no thread to be had, or Python is closing down
        yield
        function(*arguments)
        return
    try:
        yield
    finally:
        done_here = call.cancel()  # it had not begun
        if not done_here:
            call.result()
    if done_here:
        function(*arguments)


def both(one, other):
    """What the two functions return; the second thread calls the other, if there is a core for it."""
    if cores() == 1:
        return one(), other()
    results = []
    with beside(lambda: results.append(other())):
        mine = one()
    return mine, results[0]
