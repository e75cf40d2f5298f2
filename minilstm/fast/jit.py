"""The one place that decides whether Numba is used.

A function that is worth compiling is written twice: plainly, where a reader looks for it, and as a loop for Numba in
`loops.py`. The decorator `compiled` joins the two. Without Numba, with NUMBA_DISABLE_JIT=1, or where compiling fails,
the plain function runs.
"""

import os
import warnings
from functools import cache, wraps
from importlib import import_module

_switched_off = os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0")


def compiled(plain):
    """Decorate a plain function: call the one of the same name in `loops.py` instead, where Numba can compile it.

    The two take the same arguments, and neither raises an error of its own. The plain one stays within reach as
    `__wrapped__`.
    """

    @wraps(plain)
    def call(*arguments):
        loops = _loops()
        if loops is None:
            return plain(*arguments)
        try:
            return getattr(loops, plain.__name__)(*arguments)
        except Exception as error:  # a loop raises none: it could not be compiled, or not be kept on disk
            _give_up(error)
            return plain(*arguments)

    return call


def in_use():
    """Return whether compiled code is used."""
    return _loops() is not None


@cache
def _loops():
    """The module of compiled functions, imported when first needed; None where there is no Numba."""
    if _switched_off:
        return None
    try:
        return import_module(".loops", __package__)
    except ModuleNotFoundError as error:
        if error.name != "numba":
            _warn(error)
    except Exception as error:  # Numba refuses versions of Python and NumPy that it does not know
        _warn(error)
    return None


def _give_up(error):
    """Use the plain functions from now on, and say so once."""
    global _switched_off
    if not _switched_off:
        _switched_off = True
        _loops.cache_clear()
        _warn(error)


def _warn(error):
    reason = str(error).strip().splitlines()[:1] or [""]
    warnings.warn(
        f"Numba cannot be used ({type(error).__name__}: {reason[0]}): the plain code runs, with the same results but "
        "slower",
        RuntimeWarning,
        stacklevel=4,
    )
