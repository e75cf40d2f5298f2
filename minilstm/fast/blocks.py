"""A layer in blocks of 16 units: the four gates, Eq. 1 and Eq. 2 of a block from its weights, which lie in one piece.

A block finishes the gates, cells and hidden states of its units: no block waits for another of the same word, and
nothing that is only half computed leaves the registers and the cache. Sentences (`two_cores.py`) and ablations
(`ablation_kernel.py`) are both read block by block. What is read together are rows: sentences, or networks of which
each lacks other units. `tile.TALL` rows are a piece. A thread has one array `work` to compute a piece in, with 96
numbers a row: the sums, later the gates i, f, C_tilde, o of 16 units, then their C, then their h.

Rows belong to nodes, equally many to each. For ablations a node is a place in the prefix tree, where the networks stand
that have read the same words; sentences are all rows of one node.

After a change here, delete what Numba keeps (see `jit.py`).
"""

import math
from functools import partial
from typing import NamedTuple

import numpy as np

from .cell import cell, inlined
from .jit import njit
from .threads import LINE
from .tile import COLUMNS, TALL, add_packed, add_product, copy

UNITS = COLUMNS // 4  # of a block
CELL, SHOWN = 4 * UNITS, 5 * UNITS  # where C and h begin in a row of the work
WORK = TALL, 6 * UNITS  # its shape

compiled = partial(njit, _nrt=False)  # no counting of references to arrays: it would take longer than the work


class Blocks(NamedTuple):
    """The weights of a layer, block by block; units that only fill up the last block have weights of 0."""

    W: np.ndarray  # (blocks, D, 4 * UNITS)
    U: np.ndarray  # (blocks, H, 4 * UNITS)
    b: np.ndarray  # (blocks, 4 * UNITS)


def in_blocks(W, U, b):
    """Blocks of a layer with the weights W (4 * H, D), U (4 * H, H) and b (4 * H,), float32 or float64."""
    H = U.shape[1]
    n = -(-H // UNITS)

    def cut(weights):
        """(4 * H, K) to (n, K, 4 * UNITS)."""
        (cut,) = empty([(n, weights.shape[1], 4, UNITS)], weights.dtype)
        cut[-1] = 0
        for block in range(n):
            units = slice(block * UNITS, min(H, (block + 1) * UNITS))
            cut[block, :, :, : units.stop - units.start] = weights.reshape(4, H, -1)[:, units].transpose(2, 0, 1)
        return cut.reshape(n, -1, 4 * UNITS)

    return Blocks(cut(W), cut(U), cut(b[:, None])[:, 0])


def empty(shapes, dtype):
    """A list of arrays, not filled, in one piece of memory, each from where a line of the cache begins.

    A register is then filled from one line and not from two, and no two threads write to the same line.
    """
    line = LINE // np.dtype(dtype).itemsize  # in numbers
    sizes = [math.prod(shape) for shape in shapes]
    room = np.empty(sum(sizes) + line * (1 + len(sizes)), dtype)
    start, arrays = -room.__array_interface__["data"][0] % LINE // room.itemsize, []
    for shape, size in zip(shapes, sizes):
        arrays.append(room[start : start + size].reshape(shape))
        start += -(-size // line) * line
    return arrays


class Inputs(NamedTuple):
    """What a layer reads: n rows of x from `row` on; or, where n is 0, the W x + b that is given."""

    x: np.ndarray  # (.., D or more)
    row: int
    n: int
    rows: int  # of each node; where the layer has more, they read what the node's first row reads
    given: np.ndarray  # (nodes * blocks, 4 * UNITS)


class Before(NamedTuple):
    """The layer's states after the word before: n rows from `row` on."""

    h: np.ndarray  # (.., blocks * UNITS)
    C: np.ndarray  # (.., blocks * UNITS)
    row: int
    n: int
    rows: int  # of each node


class After(NamedTuple):
    """Where the new states belong, from `row` on, and the gates, which are not kept if their array is empty."""

    h: np.ndarray  # (.., blocks * UNITS)
    C: np.ndarray  # (.., blocks * UNITS)
    row: int
    gates: np.ndarray  # (4 * .., blocks * UNITS): four rows for each row of Before, counted as it counts
    dead: np.ndarray  # (..,) units whose h is 0, counted from 0 within the layer


class Room(NamedTuple):
    """What a thread has for itself to compute in."""

    work: np.ndarray  # of the shape WORK
    sums: np.ndarray  # (Inputs.n, 4 * UNITS): W x + b in one block
    packed: np.ndarray  # (packed_rows, TALL)


def packed_rows(layer, inputs, rows):
    """How many rows of Room.packed `pack` needs for so many rows of inputs and of states before."""
    return inputs // TALL * layer.W.shape[1] + rows // TALL * layer.U.shape[1]


@inlined
def pack(layer, inputs, before, room):
    """Lay out the whole pieces of inputs, then of h, as `add_packed` reads them: all blocks multiply the same."""
    _pack(inputs.x, inputs.row, inputs.n, layer.W.shape[1], room.packed, 0)
    _pack(before.h, before.row, before.n, layer.U.shape[1], room.packed, inputs.n // TALL * layer.W.shape[1])


@inlined
def _pack(h, row, rows, K, packed, first):
    """Each piece of h becomes K rows of `packed`, from `first` on; rows that do not fill a piece are left out."""
    for piece in range(rows // TALL):
        for k in range(K):
            for r in range(TALL):
                packed[first + piece * K + k, r] = h[row + piece * TALL + r, k]


@inlined
def read_inputs(layer, block, inputs, room, sums, row):
    """W x + b in one block for all inputs, to rows of `sums` from `row` on."""
    D, W, work = layer.W.shape[1], layer.W.reshape(-1, 4 * UNITS), room.work
    for start in range(0, inputs.n, TALL):
        piece = min(TALL, inputs.n - start)
        for r in range(piece):
            copy_sums(layer.b, block, work, r)
        if piece == TALL:
            add_packed(work, room.packed, start // TALL * D, W, block * D, D)
        else:
            add_product(work, 0, inputs.x, inputs.row + start, piece, W, block * D, D)
        for r in range(piece):  # only now: the other thread may be reading the same finished sums
            copy_sums(work, r, sums, row + start + r)


@inlined
def read_block(layer, block, inputs, before, after, room):
    """All rows read one word in one block: first W x + b for all inputs, then the rest, a piece at a time."""
    H, n, work = layer.U.shape[1], len(layer.b), room.work
    U, unit, packed = layer.U.reshape(-1, 4 * UNITS), block * UNITS, inputs.n // TALL * layer.W.shape[1]
    read_inputs(layer, block, inputs, room, room.sums, 0)
    for start in range(0, before.n, TALL):
        piece, row = min(TALL, before.n - start), before.row + start
        for r in range(piece):
            node, place = (start + r) // before.rows, (start + r) % before.rows
            if inputs.n:
                copy_sums(room.sums, node * inputs.rows + (place if place < inputs.rows else 0), work, r)
            else:
                copy_sums(inputs.given, node * n + block, work, r)
            copy(before.C, row + r, unit, work, r, CELL)
        if piece == TALL:
            add_packed(work, room.packed, packed + start // TALL * H, U, block * H, H)
        else:
            add_product(work, 0, before.h, row, piece, U, block * H, H)
        squash(work, piece)
        write(work, 0, piece, block, after, start, row)


@inlined
def squash(work, rows):
    """Eqs. 1-2 in work[:rows]: sums become gates, C becomes that after the word, and h is put beside it."""
    for r in range(rows):
        for u in range(UNITS):
            i, f, C_tilde, o, C, h = cell(
                work[r, u], work[r, UNITS + u], work[r, 2 * UNITS + u], work[r, 3 * UNITS + u], work[r, CELL + u]
            )
            work[r, u], work[r, UNITS + u], work[r, 2 * UNITS + u], work[r, 3 * UNITS + u] = i, f, C_tilde, o
            work[r, CELL + u], work[r, SHOWN + u] = C, h


@inlined
def write(work, first, rows, block, after, start, row):
    """Copy rows of the work, from `first` on, to where they belong.

    There they are the rows from `start` on, counted from After.row; among the states before, those from `row` on.
    """
    unit = block * UNITS
    for dead in after.dead:
        if unit <= dead < unit + UNITS:
            for r in range(rows):
                work[first + r, SHOWN + dead - unit] = 0
    for r in range(rows):
        copy(work, first + r, CELL, after.C, after.row + start + r, unit)
        copy(work, first + r, SHOWN, after.h, after.row + start + r, unit)
        if len(after.gates):
            for gate in range(4):
                copy(work, first + r, gate * UNITS, after.gates, 4 * (row + r) + gate, unit)


@inlined
def copy_sums(source, row, target, target_row):
    """Copy the 4 * UNITS sums of a block from a row of `source` to one of `target`."""
    for gate in range(4):
        copy(source, row, gate * UNITS, target, target_row, gate * UNITS)
