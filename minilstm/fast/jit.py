"""Numba if it is there and wanted; compiled code is kept on disk wherever some folder for it is writable.

Numba compiles a function anew when the file in which it stands has changed. It does not notice a change in what that
function calls or inlines from other files: `squash.py`, `cell.py`, `tile.py`, `blocks.py` and `flags.py`. After one of
those was changed, delete what is kept: `rm minilstm/__pycache__/*.nb?`.
"""

import os

try:
    if os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0"):
        raise ImportError("NUMBA_DISABLE_JIT is set")
    import numba
except ImportError:
    numba = None

COMPILED = numba is not None


def njit(function, **options):
    """Compile `function` for the types it is called with, on its first call; leave it alone where Numba is missing."""
    if not COMPILED:
        return function
    from .squash import OPTIONS

    try:
        return numba.njit(cache=True, **OPTIONS, **options)(function)
    except RuntimeError:  # "no locator available": neither the package's folder nor the user's is writable
        return numba.njit(**OPTIONS, **options)(function)
