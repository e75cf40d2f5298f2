"""One layer of many networks reads a word: the inner loop of `ablation_engine.py`, by two threads, block by block."""

import numpy as np

from .blocks import UNITS, WORK, After, Before, Inputs, Room, compiled, empty, pack, packed_rows, read_block
from .cell import wide
from .threads import WORTH, beside, cores
from .tile import TALL

NOBODY = np.empty(0, np.intp)  # here units are silenced by who ablates them


def input_sums(prepared, x):
    """W x + b for word vectors x (words, D), as `read_word` takes it: (words, blocks, 4 * UNITS)."""
    W, _, b = prepared.blocks
    return (np.matmul(x, W) + b[:, None]).swapaxes(0, 1)


def read_word(prepared, x, sums, h, C, keep):
    """Read one word.

    Parameters
    ----------
    prepared : kernels.Prepared
    x : (nodes, rows below, D or more) array or None
        Hidden states of the layer below; rows that it does not have read what row 0 of their node reads.
    sums : (nodes, blocks, 4 * UNITS) array or None
        Instead of x, where all rows of a node read the same: W x + b.
    h, C : (nodes, rows, blocks * UNITS) arrays
        States of the word before.
    keep : bool
        Whether the gates are asked for.

    Returns
    -------
    gates : (nodes, rows, 4, blocks * UNITS) array
        i, f, C_tilde, o; empty if they are not asked for.
    h, C : arrays
        The new states.
    """
    (nodes, rows, width), layer = h.shape, prepared.blocks
    n = width // UNITS
    h_new, C_new, gates = empty([h.shape, h.shape, (nodes * keep, rows, 4, width)], h.dtype)
    x = np.empty((nodes, 0, 1), h.dtype) if x is None else x
    given = np.empty((0, 4 * UNITS), h.dtype) if sums is None else sums
    inputs = Inputs(x.reshape(-1, x.shape[2]), 0, nodes * x.shape[1], x.shape[1], given.reshape(-1, 4 * UNITS))
    flat = [np.ascontiguousarray(array).reshape(-1, width) for array in (h, C, h_new, C_new, gates)]
    before, after = Before(flat[0], flat[1], 0, nodes * rows, rows), After(flat[2], flat[3], 0, flat[4], NOBODY)

    def part(first, last):
        """Blocks from `first` to `last`."""
        packed = packed_rows(layer, inputs.n, before.n)
        return (
            layer,
            inputs,
            before,
            after,
            Room(*empty([WORK, (inputs.n, 4 * UNITS), (packed, TALL)], h.dtype)),
            first,
            last,
        )

    if inputs.n * layer.W.size + before.n * layer.U.size >= WORTH and cores() > 1 and n > 1:
        with beside(_read, *part(n // 2, n)):
            _read(*part(0, n // 2))
    else:
        _read(*part(0, n))
    return gates, h_new, C_new


@compiled
def _read(layer, inputs, before, after, room, first, last):
    """The units of some blocks."""
    wide()
    pack(layer, inputs, before, room)
    for block in range(first, last):
        read_block(layer, block, inputs, before, after, room)
