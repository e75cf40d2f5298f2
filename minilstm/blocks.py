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
from .threads import LINE
from .tile import COLUMNS, TALL, add_packed, add_product, copy

UNITS = COLUMNS // 4  # of a block
CELL, SHOWN = 4 * UNITS, 5 * UNITS  # where C and h begin in a row of the work
GROUP = 8  # rows of the work whose cells are computed together where there are few: some are computed while others wait
WORK = max(TALL, GROUP), 6 * UNITS  # its shape

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
        (cut,) = empty([(n, weights.shape[1], 4, UNITS)], weights.dtype)
        cut[-1] = 0
        for block in range(n):
            units = slice(block * UNITS, min(H, (block + 1) * UNITS))
            cut[block, :, :, : units.stop - units.start] = weights.reshape(4, H, -1)[:, units].transpose(2, 0, 1)
        return cut.reshape(n, -1, 4 * UNITS)

    return Blocks(cut(W), cut(U), cut(b[:, None])[:, 0])


def empty(shapes, dtype):
    """An array of each shape, all in one piece of memory, each from where a line of the cache begins.

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
    """What a layer reads: n rows of x from `row` on, or W x + b where x has none."""

    x: np.ndarray  # (.., D or more)
    row: int
    n: int
    below: int  # rows of each node; rows of the node that are not among them read what the first reads
    given: np.ndarray  # (nodes * blocks, 4 * UNITS)


class Before(NamedTuple):
    """The states of the word before: n rows from `row` on."""

    h: np.ndarray  # (.., blocks * UNITS)
    C: np.ndarray
    row: int
    n: int
    rows: int  # of each node


class After(NamedTuple):
    """Where the new states belong, from `row` on, and the gates if there is room for them."""

    h: np.ndarray  # (.., blocks * UNITS)
    C: np.ndarray
    row: int
    gates: np.ndarray  # (4 * .., blocks * UNITS): those of a row of the states before in four rows
    dead: np.ndarray  # units whose h is 0


class Room(NamedTuple):
    """What a thread has for itself."""

    work: np.ndarray  # of the shape WORK
    sums: np.ndarray  # (Inputs.n, 4 * UNITS): W x + b
    packed: np.ndarray  # (packed_rows, TALL)


def packed_rows(layer, inputs, rows):
    """How many rows `pack` needs for so many rows of inputs and of states."""
    return inputs // TALL * layer.W.shape[1] + rows // TALL * layer.U.shape[1]


@inlined
def pack(layer, inputs, before, room):
    """Lay out whole pieces of what all blocks multiply as `add_packed` reads it: inputs, then h."""
    _pack(inputs.x, inputs.row, inputs.n, layer.W.shape[1], room.packed, 0)
    _pack(before.h, before.row, before.n, layer.U.shape[1], room.packed, inputs.n // TALL * layer.W.shape[1])


@inlined
def _pack(h, row, rows, K, packed, first):
    """Each piece becomes K rows of `packed`; what is left over stays where it is."""
    for piece in range(rows // TALL):
        for k in range(K):
            for r in range(TALL):
                packed[first + piece * K + k, r] = h[row + piece * TALL + r, k]


@inlined
def read_inputs(layer, block, inputs, room, sums, row):
    """W x + b in one block, to rows of `sums` from `row` on."""
    D, W, work = layer.W.shape[1], layer.W.reshape(-1, 4 * UNITS), room.work
    for start in range(0, inputs.n, TALL):
        piece = min(TALL, inputs.n - start)
        for r in range(piece):
            copy_sums(layer.b, block, work, r)
        if piece == TALL:
            add_packed(work, room.packed, start // TALL * D, W, block * D, D)
        else:
            add_product(work, 0, inputs.x, inputs.row + start, piece, W, block * D, D)
        for r in range(piece):  # never half a sum, in case that somebody is reading it
            copy_sums(work, r, sums, row + start + r)


@inlined
def read_block(layer, block, inputs, before, after, room):
    """One word in one block, for many rows: first W x + b for all that differ there, then the rest, a piece at a time."""
    H, n, work = layer.U.shape[1], len(layer.b), room.work
    U, unit, packed = layer.U.reshape(-1, 4 * UNITS), block * UNITS, inputs.n // TALL * layer.W.shape[1]
    read_inputs(layer, block, inputs, room, room.sums, 0)
    for start in range(0, before.n, TALL):
        piece, row = min(TALL, before.n - start), before.row + start
        for r in range(piece):
            node, place = (start + r) // before.rows, (start + r) % before.rows
            if inputs.n:
                copy_sums(room.sums, node * inputs.below + (place if place < inputs.below else 0), work, r)
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
    """The sums in work[:rows] become gates, and what is there as C and h becomes that of the next word."""
    for r in range(rows):
        for u in range(UNITS):
            i, f, C_tilde, o, C, h = cell(
                work[r, u], work[r, UNITS + u], work[r, 2 * UNITS + u], work[r, 3 * UNITS + u], work[r, CELL + u]
            )
            work[r, u], work[r, UNITS + u], work[r, 2 * UNITS + u], work[r, 3 * UNITS + u] = i, f, C_tilde, o
            work[r, CELL + u], work[r, SHOWN + u] = C, h


@inlined
def write(work, first, rows, block, after, start, row):
    """Rows of the work from `first` on to where they belong, `start` rows after its begin; `row` is theirs before."""
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
    """The 4 * UNITS sums of a block, from a row of `source` to one of `target`."""
    for gate in range(4):
        copy(source, row, gate * UNITS, target, target_row, gate * UNITS)
