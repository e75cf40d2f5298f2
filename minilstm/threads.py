"""A second thread for work that releases Python's lock, kept from call to call: starting one takes 0.2 ms."""

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache


def cores():
    """How many threads may run here: the cores given to this process, or fewer if OMP_NUM_THREADS says so."""
    given = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    return min(given, int(wanted)) if wanted.isdigit() else given


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
