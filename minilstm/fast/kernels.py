"""What `lstm.py` does, made fast: compiled by Numba, tested equal to the plain code.

Three things make the difference. The weights are laid out once, in the order in which they are multiplied, and no
product leaves the registers before it is finished (`tile.py`). From these sums the gates, the cell and the hidden
state of a word are computed at once, many units in one instruction, before anything has left the cache (`squash.py`,
`cell.py`, `blocks.py`). And two cores share the work (`two_cores.py`).

Without Numba, or with NUMBA_DISABLE_JIT=1, `lstm.py` does it.
"""

from typing import NamedTuple

import numpy as np

from .. import lstm
from ..checks import check, pack
from .jit import COMPILED

if COMPILED:
    from . import two_cores
    from .blocks import UNITS, empty, in_blocks

ROWS = 2048  # steps times sentences that `read` takes at a time


class Prepared(NamedTuple):
    """An `lstm.Layer`, and its weights once more as the kernels read them."""

    W: np.ndarray  # (4 * H, D)
    U: np.ndarray  # (4 * H, H)
    b: np.ndarray  # (4 * H,)
    blocks: tuple  # blocks.Blocks; () without Numba


def prepare(layers, dtype):
    """Layers as the kernels read them.

    Parameters
    ----------
    layers : sequence of lstm.Layer or Prepared
    dtype : {"float32", "float64"} or NumPy's

    Returns
    -------
    tuple of Prepared
        What is prepared in this precision already is left as it is.
    """
    return tuple(_prepare(layer, np.dtype(dtype)) for layer in layers)


def _prepare(layer, dtype):
    if isinstance(layer, Prepared) and layer.b.dtype == dtype:
        return layer
    weights = [np.asarray(array, dtype) for array in layer[:3]]
    return Prepared(*weights, in_blocks(*weights) if COMPILED else ())


def run(x, layers, state=None, ablate=()):
    """What `lstm.run` does, with the same arguments, errors and Trace; `layers` may be prepared."""
    if not COMPILED:
        return lstm.run(x, [layer[:3] for layer in layers], state, ablate)
    x, h_start, C_start, silent = check(x, layers, state, ablate)
    (steps, batch, _), sizes = x.shape, [start.shape[1] for start in h_start]
    same = len(set(sizes)) == 1

    def room(*shape):
        """One array for all layers, as a Trace has it, or one a layer where they differ in size."""
        widths = [(*shape, width(H)) for H in sizes]
        return empty([(len(sizes), *widths[0])], x.dtype)[0] if same else empty(widths, x.dtype)

    def each(function, arrays):
        """function(array, H) of the array of all layers, or of each layer's."""
        return function(arrays, sizes[0]) if same else tuple(map(function, arrays, sizes))

    h, C, gates = room(steps + 1, batch), room(steps + 1, batch), room(steps, batch, 4)
    _begin(h, C, h_start, C_start, silent)
    two_cores.read(x, _blocks(layers, x.dtype), tuple(h), tuple(C), silent, tuple(gates))
    i, f, C_tilde, o = (each(lambda z, H, gate=gate: z[..., gate, :H], gates) for gate in range(4))
    after = lstm.State(*(each(lambda array, H: array[..., -1, :, :H].copy(), arrays) for arrays in (h, C)))
    C, h = (each(lambda array, H: array[..., 1:, :, :H], arrays) for arrays in (C, h))
    return lstm.Trace(i, f, o, C_tilde, C, h, after)


def read(x, layers, state=None, ablate=()):
    """What `run` computes, without keeping it: for all who ask for nothing but the last layer's h.

    Arguments and errors are those of `lstm.run`; `layers` may be prepared.

    Returns
    -------
    h : (1 + steps, batch, H) array
        Of the last layer, before the first word and after each.
    state : lstm.State
        Of all layers, after the last word.
    """
    if not COMPILED:
        return _plain_read(x, layers, state, ablate)
    x, h_start, C_start, silent = check(x, layers, state, ablate)
    (steps, batch, _), sizes, layers = x.shape, [start.shape[1] for start in h_start], _blocks(layers, x.dtype)
    most = max(1, min(steps, ROWS // max(1, batch)))
    shapes, last = [(2, most + 1, batch, width(H)) for H in sizes], width(sizes[-1])
    top, *states = empty([(steps + 1, batch, last), *shapes], x.dtype)
    h, C = zip(*states)  # one array a layer, (most + 1, batch, units) each
    _begin(h, C, h_start, C_start, silent)
    top[0], nothing = h[-1][0], tuple([np.empty((0, batch, 4, shape[3]), x.dtype) for shape in shapes])
    for start in range(0, steps, most):
        n = min(most, steps - start)
        now = *(array[: n + 1] for array in h[:-1]), top[start : start + n + 1]
        two_cores.read(x[start : start + n], layers, now, tuple([array[: n + 1] for array in C]), silent, nothing)
        for array, its in (*zip(h, now), *zip(C, C)):  # the next piece begins with the states after this one
            array[0] = its[n]
    return top[..., : sizes[-1]], lstm.State(*(pack([a[0, :, :H] for a, H in zip(arrays, sizes)]) for arrays in (h, C)))


def _plain_read(x, layers, state, ablate):
    """`read` without Numba."""
    trace = lstm.run(x, [layer[:3] for layer in layers], state, ablate)
    before = lstm.run(x[:0], [layer[:3] for layer in layers], state, ablate).state.h[-1]
    return np.concatenate([before[None], trace.h[-1]]), trace.state


def width(H):
    """How many units a layer of H units has in memory: whole blocks of them."""
    return -(-H // UNITS) * UNITS if COMPILED else H


def _blocks(layers, dtype):
    return tuple(layer.blocks for layer in prepare(layers, dtype))


def _begin(h, C, h_start, C_start, silent):
    """Write the initial state to index 0 of each layer's states; units that only fill up a block are 0."""
    for arrays, given in ((h, h_start), (C, C_start)):
        for array, start in zip(arrays, given):
            H = start.shape[1]
            array[0, :, :H] = start
            if H < array.shape[2]:
                array[0, :, H:] = 0
    for array, dead in zip(h, silent):
        if len(dead):
            array[0][:, dead] = 0
