"""Independent pieces of work on all cores, or on other machines: joblib, with BLAS held to one thread in each piece.

Threads are the default, since the products and the compiled loops release the GIL. Any other backend that a caller
chooses with `joblib.parallel_config` (loky, dask, ray) is used instead, so functions and arguments can be sent.

Sweeps are cut into pieces, random groups among them. Snapshots and seeds are not cut once more: in `emergence` nearly
all time is spent in sweeps. A long text is read in order, since each word needs the state after the last.
"""

import joblib
import numpy as np
from threadpoolctl import threadpool_limits
from tqdm import tqdm

PIECES = 2  # for each worker, so that none waits long for the last; each reads the intact network too


def count_pieces(n_jobs):
    """Number of pieces to cut work into: one for a single worker, several for each of more."""
    workers = joblib.effective_n_jobs(n_jobs)
    return 1 if workers == 1 else PIECES * workers


def cut(costs, n):
    """Cut a sequence into at most `n` stretches of about the same cost.

    Returns
    -------
    list of int arrays
        Indices of the stretches' members; at least one stretch, and none that is empty but of an empty sequence.
    """
    total = np.cumsum(costs)
    ends = np.searchsorted(total, total[-1:] * np.arange(1, n)[:, None] / n).reshape(-1)
    stretches = np.split(np.arange(len(costs)), ends)
    return [stretch for stretch in stretches if len(stretch)] or stretches[:1]


def run_pieces(function, pieces, n_jobs=None):
    """Call `function` with the arguments of each piece.

    Parameters
    ----------
    function : callable
        Of a module, so that another process finds it.
    pieces : list of tuples
    n_jobs : int or None
        As in scikit-learn: None means 1, unless in a `joblib.parallel_config` context; -1 means all cores.

    Returns
    -------
    list
        What `function` returned for each piece.
    """
    if joblib.effective_n_jobs(n_jobs) == 1:
        return [function(*piece) for piece in pieces]
    calls = (joblib.delayed(_with_one_thread)(function, *piece) for piece in pieces)
    with threadpool_limits(1, user_api="blas"):  # around threads, so that none of them lifts the limit of another
        return joblib.Parallel(n_jobs=n_jobs, prefer="threads")(calls)


def _with_one_thread(function, *arguments):
    """Call `function` in a worker, which may be another process: BLAS would take all cores in each."""
    with threadpool_limits(1, user_api="blas"):
        return function(*arguments)


class Progress:
    """A progress bar, if standard error is a terminal. Threads share it; in another process it shows nothing."""

    def __init__(self, total, unit, shown):
        self.bar = tqdm(total=total, unit=unit, disable=None if shown else True)

    def update(self, n):
        self.bar.update(n)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.bar.close()

    def __reduce__(self):
        return Progress, (0, "", False)
