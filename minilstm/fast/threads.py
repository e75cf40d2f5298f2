"""A second thread for work that does not need Python's lock, and how many threads may run.

The thread is kept from call to call, since starting one takes 0.2 ms. Waking one up takes 0.1 ms, so after a piece of
work it looks out for the next one for about as long before it goes to sleep.
"""

import atexit
import os
import threading
from contextlib import contextmanager
from functools import cache

import numpy as np

from .jit import COMPILED

LINE = 64  # bytes of memory that cores exchange at once: a line of their caches
WORTH = 5 * 10**6  # multiply-adds for which to wake a second thread up: with fewer, the first is done before that
LOOKS = 10**5  # at a flag, before a thread goes to sleep
RUNG, DONE, IDLE = 0, LINE, 2 * LINE  # places of flags, each in a line of its own; nobody looks at the last

_most = []  # what `allow` was told last


def allow(most):
    """Let no more than `most` threads run from now on; None: as many as there are cores."""
    _most[:] = [] if most is None else [most]


def cores():
    """How many threads may run, at least 1: as there are cores, or fewer if OMP_NUM_THREADS or `allow` says so."""
    given = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    return max(1, min(given, int(wanted) if wanted.isdecimal() else given, *_most))


class _Helper:
    """The second thread, and how it is given work.

    Locks decide: `given` is free when there is work, `finished` when it is done, `free` when nobody uses the thread.
    Flags only save time: a thread that is awake sees them sooner than a lock would wake it up.
    """

    def __init__(self):
        if COMPILED:
            from .flags import tell_and_watch

            self.watch = tell_and_watch
        else:
            self.watch = lambda *arguments: None
        self.flags, self.free = np.zeros(3 * LINE, np.uint8), threading.Lock()
        self.given, self.finished = threading.Lock(), threading.Lock()
        self.given.acquire()
        self.finished.acquire()
        self.error = None
        self.thread = threading.Thread(target=self._run, name="minilstm", daemon=True)
        self.thread.start()
        atexit.register(self._stop)

    def _run(self):
        while True:
            self.watch(self.flags, DONE, RUNG, LOOKS)
            self.given.acquire()
            self.flags[RUNG] = 0
            if self.call is None:
                return
            try:
                self.call()
            except BaseException as error:  # `take_back` raises it where the work came from
                self.error = error
            self.call = None  # what it was given is not kept until the next time
            self.finished.release()

    def give(self, call):
        """Let the thread call something. If it is awake, it begins once somebody sets RUNG or its looks are over."""
        self.call, self.flags[DONE] = call, 0
        self.given.release()

    def take_back(self):
        """True if the thread has not begun, and then it never will; else wait until it is finished, and False."""
        not_begun, error = self.given.acquire(blocking=False), None
        if not_begun:
            self.flags[RUNG], self.call = 0, None
        else:
            try:
                self.watch(self.flags, IDLE, DONE, LOOKS)
                self.finished.acquire()
            except KeyboardInterrupt:  # it is still at work: let it finish, and the next call start another
                _helper.cache_clear()
                raise
            error, self.error = self.error, None
        self.free.release()
        if error is not None:
            raise error
        return not_begun

    def _stop(self):
        """End the thread before Python ends: coming out of compiled code later, it would find nothing there."""
        if self.free.acquire(blocking=False) and self.thread.is_alive():
            self.give(None)
            self.flags[RUNG] = 1
            self.thread.join()


@cache
def _helper(process):
    """The thread of one process: a fork has none of its parent's threads, and starts its own."""
    return _Helper()


@contextmanager
def beside(function, *arguments, ring=True):
    """Let the second thread call `function` while the block of `with` runs.

    If that thread is busy, or has not begun when the block ends, this one makes the call. Afterwards it has been made.

    Parameters
    ----------
    function, *arguments
        What to call. Unless it lets go of Python's lock, nothing is gained.
    ring : bool
        Wake the thread up now. If False, the block does so with flags[RUNG] = 1, best when it has let go of the lock.

    Yields
    ------
    flags : (n,) uint8 array
    """
    try:
        helper = _helper(os.getpid())
    except RuntimeError:  # no thread to be had, or Python is closing down
        helper = None
    if helper is None or not helper.free.acquire(blocking=False):
        yield np.zeros(1, np.uint8)
        function(*arguments)
        return
    helper.give(lambda: function(*arguments))
    helper.flags[RUNG] = ring
    try:
        yield helper.flags
    finally:
        not_done = helper.take_back()
    if not_done:
        function(*arguments)


def both(one, other):
    """What the two functions return, as a pair; the second thread calls the other, if there is a core for it."""
    if cores() == 1:
        return one(), other()
    results = []
    with beside(lambda: results.append(other())):
        mine = one()
    return mine, results[0]
