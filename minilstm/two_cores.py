"""Sentences are read by two threads, which share the blocks of a layer.

For 650 units U is 6.8 MB of float32, more than a core's own cache, so with one sentence it comes at every word from a
slower one, and two cores read twice as fast as one; with many sentences two cores compute twice as fast. Three things
make that work:

- no block of units waits for another of the same word (`blocks.py`);
- every other word goes through the blocks backwards, so that it begins with those that are still in the cache;
- a second thread takes blocks from the other end. Each block has a flag that says that it is finished, and nobody waits
  long: who finds no free block left computes the other's last one too. Both write the same bits, from what no one
  changes any more, so that it does no harm if a thread is stopped for a while, and their number changes no result.

The products with the inputs do not depend on the recurrence. Where there are few sentences, those of all words are made
first, as if they were a word before the first, since a product is fast for many rows only.
"""

import numpy as np

from .blocks import CELL, SHOWN, UNITS, compiled, copy_sums, empty, pack, squash, work_for
from .cell import inlined, wide
from .flags import is_set, put, watch
from .threads import RUNG, beside, cores
from .tile import TALL, add_packed, add_product, copy

LINE = 64  # bytes that cores exchange at once: flags of the two threads do not share any
NEAR = 2**20  # bytes of weights that each core may read for itself, since they stay in its own cache
PATIENCE = 10000  # looks at a block that the other is about to finish, before it is computed twice
GROUP = 8  # blocks at a time with one sentence: enough for a processor to compute some while others wait
SMALL = 5 * 10**6  # multiply-adds that one thread makes before the second would have begun


def read(x, layers, h, C, dead, gates):
    """A stack of layers reads a sequence.

    Parameters
    ----------
    x : (steps, batch, D) array
    layers : tuple of Blocks
    h, C : tuples of (steps + 1, batch, blocks * UNITS) arrays
        For each layer. In: the initial state at index 0. Out: the states after each word behind it.
    dead : sequence of (n,) int arrays
        Units of each layer whose h is 0 at every step, counted from 0.
    gates : tuple of (steps, batch, 4, blocks * UNITS) arrays
        Out: i, f, C_tilde, o. Where they have no steps, they are not kept.
    """
    steps, batch, D = x.shape
    rows, most = steps * batch, max(len(layer.b) for layer in layers)
    ahead = empty((len(layers), most * rows if batch < TALL else 0, 4 * UNITS), x.dtype)
    pieces = (rows if batch < TALL else 2 * batch) // TALL  # of the layer below, and of its own
    work = np.require(x, requirements="CW").reshape(rows, D), layers, ahead, h, C, tuple(dead), gates

    def share(threads, upper, first, last, flags):
        """What a thread has to do, with what it has for itself: a piece, the states of few sentences, packed rows of many."""
        near = empty((batch if batch < TALL else 0, UNITS * most), x.dtype)
        packed = empty((pieces * max(D, UNITS * most), TALL), x.dtype)
        return *work, flags, work_for(x.dtype), near, packed, steps, batch, first, last, threads, upper

    def flags():
        return np.zeros(len(layers) * (1 + steps) * 2 * -(-most // LINE) * LINE, np.uint8)

    weights, nobody = sum(layer.W.size + layer.U.size for layer in layers), np.zeros(1, np.uint8)
    if rows * weights < SMALL or cores() == 1:
        return _share(nobody, *share(1, False, 0, batch, flags()))
    if batch >= 2 * TALL and weights * x.dtype.itemsize <= NEAR:
        one, other = (share(1, False, *half, flags()) for half in ((0, batch // 2), (batch // 2, batch)))
    else:
        same = flags()
        one, other = (share(2, upper, 0, batch, same) for upper in (False, True))
    with beside(_share, nobody, *other, ring=False) as bell:
        _share(bell, *one)


@compiled
def _share(bell, x, layers, ahead, h, C, dead, gates, flags, work, near, packed, steps, batch, start, stop, threads, upper):
    """Do what nobody has finished, word by word: first one's own groups, below or above the middle."""
    wide()
    put(bell, RUNG, 1)
    for k in range(len(layers)):
        W, U, b = layers[k]
        n, width, line = len(b), h[k].shape[2], len(flags) // (2 * len(layers) * (1 + steps))
        D, H = W.shape[1], U.shape[1]
        weights = W.reshape(-1, 4 * UNITS), U.reshape(-1, 4 * UNITS)
        groups = threads * -(-n // (threads * max(1, GROUP // batch)))
        size = -(-n // groups)  # of a group, in blocks
        groups = -(-n // size)
        middle = groups // threads
        own = groups - middle if upper else middle
        below, row = (x, 0) if k == 0 else (h[k - 1].reshape(-1, h[k - 1].shape[2]), batch)
        states = h[k].reshape(-1, width), C[k].reshape(-1, width), gates[k].reshape(-1, width)
        for t in range(-1 if batch < TALL else 0, steps):
            if t < 0:
                pack(below, row, steps * batch, D, packed, 0)
            elif batch < TALL:  # what the other thread has written comes here at once, and not line by line when needed
                for r in range(batch):
                    for block in range(n):
                        copy(states[0], t * batch + r, block * UNITS, near, r, block * UNITS)
            else:
                pack(below, row + t * batch + start, stop - start, D, packed, 0)
                pack(states[0], t * batch + start, stop - start, H, packed, (stop - start) // TALL * D)
            for place in range(groups):
                group = place
                if t % 2:
                    group = own - 1 - place if place < own else groups - 1 - (place - own)
                group = groups - 1 - group if upper else group
                side = group >= middle
                flag = (2 * (k * (1 + steps) + t + 1) + int(side)) * line + (group - middle if side else group)
                if place >= own:
                    watch(flags, flag, PATIENCE)
                if is_set(flags, flag):
                    continue
                first, last = group * size, min(n, group * size + size)
                if t < 0:
                    for block in range(first, last):
                        _read_inputs(work, below, row, steps * batch, packed, weights[0], D, b, block, ahead[k])
                elif batch < TALL:
                    _read_few(work, near, batch, t, weights[1], H, first, last, ahead[k], states, dead[k])
                else:
                    for block in range(first, last):
                        _read_word(work, below, row, packed, batch, start, stop, t, weights, D, H, b, block, states, dead[k])
                put(flags, flag, 1)


@inlined
def _read_inputs(work, x, row, rows, packed, W, D, b, block, ahead):
    """W x + b of all words for one block: its rows of `ahead`."""
    for start in range(0, rows, TALL):
        piece = min(TALL, rows - start)
        for r in range(piece):
            copy_sums(b, block, work, r)
        if piece == TALL:
            add_packed(work, packed, start // TALL * D, W, block * D, D)
        else:
            add_product(work, 0, x, row + start, piece, W, block * D, D)
        for r in range(piece):  # never half a sum, in case that somebody is reading it
            copy_sums(work, r, ahead, block * rows + start + r)


@inlined
def _read_few(work, near, batch, t, U, H, first, last, ahead, states, dead):
    """One word of a few sentences in a group of blocks."""
    h, C, gates = states
    rows = len(h) - batch
    for block in range(first, last):
        start = (block - first) * batch
        for r in range(batch):
            copy_sums(ahead, block * rows + t * batch + r, work, start + r)
            copy(C, t * batch + r, block * UNITS, work, start + r, CELL)
        add_product(work, start, near, 0, batch, U, block * H, H)
    squash(work, (last - first) * batch)
    for block in range(first, last):
        _write(work, (block - first) * batch, batch, states, t * batch, batch, block, dead)


@inlined
def _read_word(work, x, x_row, packed, batch, start, stop, t, weights, D, H, b, block, states, dead):
    """One word in one block."""
    h, C, gates = states
    for place in range(0, stop - start, TALL):
        piece, row = min(TALL, stop - start - place), t * batch + start + place
        for r in range(piece):
            copy_sums(b, block, work, r)
            copy(C, row + r, block * UNITS, work, r, CELL)
        if piece == TALL:
            add_packed(work, packed, place // TALL * D, weights[0], block * D, D)
            add_packed(work, packed, (stop - start) // TALL * D + place // TALL * H, weights[1], block * H, H)
        else:
            add_product(work, 0, x, x_row + row, piece, weights[0], block * D, D)
            add_product(work, 0, h, row, piece, weights[1], block * H, H)
        squash(work, piece)
        _write(work, 0, piece, states, row, batch, block, dead)


@inlined
def _write(work, start, piece, states, row, batch, block, dead):
    """Rows of the work from `start` on to the states after the word, and to the gates if these are kept."""
    h, C, gates = states
    first = block * UNITS
    for unit in dead:
        if first <= unit < first + UNITS:
            for r in range(piece):
                work[start + r, SHOWN + unit - first] = 0
    for r in range(piece):
        copy(work, start + r, CELL, C, row + batch + r, first)
        copy(work, start + r, SHOWN, h, row + batch + r, first)
        if len(gates):
            for gate in range(4):
                copy(work, start + r, gate * UNITS, gates, 4 * (row + r) + gate, first)
