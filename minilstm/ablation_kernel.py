"""One layer of many networks reads a word: the inner loop of `ablation_engine.py`, block by block (`blocks.py`)."""

import numpy as np

from .blocks import CELL, SHOWN, UNITS, compiled, copy_sums, empty, pack, squash, work_for
from .cell import inlined, wide
from .threads import beside, cores
from .tile import TALL, add_packed, add_product, copy

SMALL = 5 * 10**6  # multiply-adds that one thread makes before the second would have begun


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
    n, D, H = width // UNITS, layer.W.shape[1], layer.U.shape[1]
    h_new, C_new = empty(h.shape, h.dtype), empty(h.shape, h.dtype)
    gates = empty((nodes * keep, rows, 4, width), h.dtype)
    x = np.empty((nodes, 0, 1), h.dtype) if x is None else x
    given = np.empty((0, 4 * UNITS), h.dtype) if sums is None else sums
    below, x, given = x.shape[1], x.reshape(-1, x.shape[2]), given.reshape(-1, 4 * UNITS)
    states = (np.ascontiguousarray(array).reshape(-1, width) for array in (h, C, h_new, C_new, gates))
    work = layer, rows, below, x, given, *states

    def part(first, last):
        """Blocks from `first` to `last`, and what a thread has for itself: a piece, W x + b of a block, packed rows."""
        packed = empty((len(x) // TALL * D + nodes * rows // TALL * H, TALL), h.dtype)
        return *work, work_for(h.dtype), empty((len(x), 4 * UNITS), h.dtype), packed, first, last

    if (len(x) * D + nodes * rows * H) * 4 * width >= SMALL and cores() > 1 and n > 1:
        with beside(_read, *part(n // 2, n)):
            _read(*part(0, n // 2))
    else:
        _read(*part(0, n))
    return gates, h_new, C_new


@compiled
def _read(layer, rows, below, x, given, h, C, h_new, C_new, gates, work, sums, packed, first, last):
    """The units of some blocks: what comes from below for all rows that differ there, then the word, a piece at a time."""
    wide()
    W, U = layer.W.reshape(-1, 4 * UNITS), layer.U.reshape(-1, 4 * UNITS)
    D, H, n, inputs, all_rows = layer.W.shape[1], layer.U.shape[1], len(layer.b), len(x), len(h)
    own = inputs // TALL * D  # where the packed rows of h begin
    pack(x, 0, inputs, D, packed, 0)
    pack(h, 0, all_rows, H, packed, own)
    for block in range(first, last):
        unit = block * UNITS
        for start in range(0, inputs, TALL):
            piece = min(TALL, inputs - start)
            for r in range(piece):
                copy_sums(layer.b, block, work, r)
            _add(work, x, start, piece, packed, 0, W, block, D)
            for r in range(piece):
                copy_sums(work, r, sums, start + r)
        for start in range(0, all_rows, TALL):
            piece = min(TALL, all_rows - start)
            for r in range(piece):
                copy(C, start + r, unit, work, r, CELL)
                node, row = (start + r) // rows, (start + r) % rows
                if inputs:
                    copy_sums(sums, node * below + (row if row < below else 0), work, r)
                else:
                    copy_sums(given, node * n + block, work, r)
            _add(work, h, start, piece, packed, own, U, block, H)
            squash(work, piece)
            for r in range(piece):
                copy(work, r, CELL, C_new, start + r, unit)
                copy(work, r, SHOWN, h_new, start + r, unit)
                if len(gates):
                    for gate in range(4):
                        copy(work, r, gate * UNITS, gates, 4 * (start + r) + gate, unit)


@inlined
def _add(work, h, start, piece, packed, first, U, block, K):
    """Add the product of a piece of h with a block of U, packed or as it lies."""
    if piece == TALL:
        add_packed(work, packed, first + start // TALL * K, U, block * K, K)
    else:
        add_product(work, 0, h, start, piece, U, block * K, K)
