"""A layer in blocks of 16 units: the four gates, Eq. 1 and Eq. 2 of a block from its weights, which lie in one piece.

What a block gives are finished gates, cells and hidden states: no block waits for another of the same word, and nothing
that is only half computed leaves the registers and the cache. Both who reads sentences (`two_cores.py`) and who ablates
units (`ablation_engine.py`) go block by block, a few rows at a time, each row a sentence or a network. The work of one
such piece is an array with a row of 96 numbers for each: the sums or gates i, f, C_tilde, o of 16 units, then their C,
then their h.
"""

import math
from functools import partial
from typing import NamedTuple

import numpy as np

from .cell import cell, inlined
from .jit import njit
from .tile import COLUMNS, TALL, copy

UNITS = COLUMNS // 4  # of a block
CELL, SHOWN = 4 * UNITS, 5 * UNITS  # where C and h begin in a row of the work


compiled = partial(njit, _nrt=False)  # without counting references to arrays: it would take longer than the work


class Blocks(NamedTuple):
    """The weights of a layer, block by block; a last block that is not full has weights of 0."""

    W: np.ndarray  # (blocks, D, 4 * UNITS)
    U: np.ndarray  # (blocks, H, 4 * UNITS)
    b: np.ndarray  # (blocks, 4 * UNITS)


def blocks(W, U, b):
    """Blocks of a layer with the weights W (4 * H, D), U (4 * H, H) and b (4 * H,)."""
    H = U.shape[1]
    n = -(-H // UNITS)

    def cut(weights):
        """(4 * H, K) to (n, K, 4 * UNITS)."""
        cut = empty((n, weights.shape[1], 4, UNITS), weights.dtype)
        cut[-1] = 0
        for block in range(n):
            units = slice(block * UNITS, min(H, (block + 1) * UNITS))
            cut[block, :, :, : units.stop - units.start] = weights.reshape(4, H, -1)[:, units].transpose(2, 0, 1)
        return cut.reshape(n, -1, 4 * UNITS)

    return Blocks(cut(W), cut(U), cut(b[:, None])[:, 0])


def empty(shape, dtype):
    """An array that begins where a line of the cache does: a register is then filled from one line, not from two."""
    dtype, n = np.dtype(dtype), math.prod(shape)
    room = np.empty(n + 64 // dtype.itemsize, dtype)
    start = -room.__array_interface__["data"][0] % 64 // dtype.itemsize
    return room[start : start + n].reshape(shape)


def work_for(dtype):
    """Room for the work of one piece."""
    return empty((TALL, 6 * UNITS), dtype)


@inlined
def pack(h, row, rows, K, packed, first):
    """Whole pieces of the rows of h (.., K or more) from `row` on, each laid out as `add_packed` reads it.

    A piece becomes K rows of `packed` (.., TALL), from `first` on; what is left over stays where it is.
    """
    for piece in range(rows // TALL):
        for k in range(K):
            for r in range(TALL):
                packed[first + piece * K + k, r] = h[row + piece * TALL + r, k]


@inlined
def squash(work, rows):
    """The sums in work[:rows] become gates, and what is there as C and h becomes that of the next word."""
    for r in range(rows):
        for u in range(UNITS):
            i, f, C_tilde, o, C, h = cell(
                work[r, u], work[r, UNITS + u], work[r, 2 * UNITS + u], work[r, 3 * UNITS + u], work[r, CELL + u]
            )
            work[r, u], work[r, UNITS + u], work[r, 2 * UNITS + u], work[r, 3 * UNITS + u] = i, f, C_tilde, o
            work[r, CELL + u], work[r, SHOWN + u] = C, h


@inlined
def copy_sums(source, row, target, target_row):
    """The 4 * UNITS sums of a block, from a row of `source` to one of `target`."""
    for gate in range(4):
        copy(source, row, gate * UNITS, target, target_row, gate * UNITS)
