"""Sentences are read by two threads, in one of two ways.

- Many sentences in small layers: each thread reads half of them.
- Otherwise they share the blocks of a layer (`blocks.py`). For 650 units U is 6.8 MB of float32, more than a core's own
  cache, so with one sentence it comes at every word from a slower one, and two cores read twice as fast as one. Every
  other word goes through the blocks backwards, so that it begins with those that are still in the cache; the second
  thread begins with the last. Each block has a flag that says that it is finished, and nobody waits long: who finds none
  of its own left does what the other has not finished too. Both write the same bits, from what no one changes any more,
  so that it does no harm if a thread is stopped for a while.

Neither the number of threads nor the way changes a result.

The products with the inputs do not depend on the recurrence. Where there are few sentences, those of many words are made
first, as if they were a word before the first, since a product is fast for many rows only.
"""

from typing import NamedTuple

import numpy as np

from .blocks import CELL, UNITS, WORK, After, Before, Inputs, Room, compiled, copy_sums, empty
from .blocks import pack, packed_rows, read_block, read_inputs, squash, write
from .cell import inlined, wide
from .flags import is_set, put, watch
from .threads import RUNG, beside, cores
from .tile import TALL, add_product, copy

LINE = 64  # bytes that cores exchange at once: flags of the two threads do not share any
NEAR = 2**20  # bytes of U that stay in a core's own cache
PATIENCE = 30000  # looks at what the other is about to finish, before it is done twice
GROUP = 8  # blocks at a time with one sentence: enough for a processor to compute some while others wait
SMALL = 5 * 10**6  # multiply-adds that one thread makes before the second would have begun


class Part(NamedTuple):
    """What a thread does before it looks after what is left."""

    threads: int  # that share the blocks
    upper: bool  # whether its own are those above the middle
    start: int  # sentences, from `start` to `stop`
    stop: int
    flags: np.ndarray  # bytes
    line: int  # of flags for each side of the middle in one word of one layer


def read(x, layers, h, C, dead, gates):
    """A stack of layers reads a sequence.

    Parameters
    ----------
    x : (steps, batch, D) array
    layers : tuple of Blocks
    h, C : tuples of (steps + 1, batch, blocks * UNITS) arrays
        For each layer. In: the initial state at index 0. Out: the states after each word behind it.
    dead : tuple of (n,) int arrays
        Units of each layer whose h is 0 at every step, counted from 0.
    gates : tuple of (steps, batch, 4, blocks * UNITS) arrays
        Out: i, f, C_tilde, o. Where they have no steps, they are not kept.
    """
    (steps, batch, D), n = x.shape, max([len(layer.b) for layer in layers])
    few, line = batch < TALL, -(-n // LINE) * LINE
    (ahead,) = empty([(len(layers), n * steps * batch if few else 0, 4 * UNITS)], x.dtype)
    work = np.require(x, requirements="CW").reshape(-1, D), layers, h, C, dead, gates, ahead, steps, batch

    def flags():
        return np.zeros(len(layers) * (1 + steps) * 2 * line, np.uint8)

    def part(threads, upper, start, stop, flags):
        """A thread's part, and what it has for itself."""
        rows = steps * batch if few else stop - start
        packed = max([packed_rows(layer, rows, 0 if few else rows) for layer in layers])
        near, *room = empty(
            [(batch if few else 0, UNITS * n), WORK, (0 if few else rows, 4 * UNITS), (packed, TALL)], x.dtype
        )
        return Part(threads, upper, start, stop, flags, line), near, Room(*room)

    share, nobody = _few if few else _many, np.zeros(1, np.uint8)
    weights, largest = sum([layer.W.size + layer.U.size for layer in layers]), max([layer.U.nbytes for layer in layers])
    if steps * batch * weights < SMALL or cores() == 1:
        return share(nobody, *work, *part(1, False, 0, batch, flags()))
    if batch >= 2 * TALL and largest <= NEAR:
        one, other = (part(1, False, *half, flags()) for half in ((0, batch // 2), (batch // 2, batch)))
    else:
        same = flags()
        one, other = (part(2, upper, 0, batch, same) for upper in (False, True))
    with beside(share, nobody, *work, *other, ring=False) as bell:
        share(bell, *work, *one)


@compiled
def _few(bell, x, layers, h, C, dead, gates, ahead, steps, batch, part, near, room):
    """Read fewer sentences than there are rows in a piece."""
    wide()
    put(bell, RUNG, 1)
    for k in range(len(layers)):
        layer, n = layers[k], len(layers[k].b)
        below, row = (x, 0) if k == 0 else (_flat(h[k - 1]), batch)
        inputs = Inputs(below, row, steps * batch, 0, ahead[k])
        states = _flat(h[k]), _flat(C[k]), _flat(gates[k])
        groups = part.threads * -(-n // (part.threads * max(1, GROUP // batch)))
        size = -(-n // groups)  # of a group, in blocks
        groups = -(-n // size)
        for t in range(-1, steps):
            if t < 0:
                pack(layer, inputs, Before(states[0], states[1], 0, 0, 0), room)
            else:  # what the other thread has written comes here at once, and not line by line when needed
                for r in range(batch):
                    for block in range(n):
                        copy(states[0], t * batch + r, block * UNITS, near, r, block * UNITS)
            for place in range(groups):
                group, own = _choose(place, t, groups, part)
                flag = _flag(k, t + 1, group, groups, part.line, steps)
                if _is_done(part.flags, flag, own):
                    continue
                first, last = group * size, min(n, group * size + size)
                if t < 0:
                    for block in range(first, last):
                        read_inputs(layer, block, inputs, room, inputs.given, block * inputs.n)
                else:
                    after = After(states[0], states[1], (t + 1) * batch, states[2], dead[k])
                    _read_group(layer, first, last, t, batch, inputs, near, states[1], after, room.work)
                put(part.flags, flag, 1)


@inlined
def _read_group(layer, first, last, t, batch, inputs, near, C, after, work):
    """One word of all sentences in a group of blocks; the whole group is squashed together."""
    H, row = layer.U.shape[1], t * batch
    for place in range(first, last):
        block = first + last - 1 - place if t % 2 else place
        start = (block - first) * batch
        for r in range(batch):
            copy_sums(inputs.given, block * inputs.n + row + r, work, start + r)
            copy(C, row + r, block * UNITS, work, start + r, CELL)
        add_product(work, start, near, 0, batch, layer.U.reshape(-1, 4 * UNITS), block * H, H)
    squash(work, (last - first) * batch)
    for block in range(first, last):
        write(work, (block - first) * batch, batch, block, after, 0, row)


@compiled
def _many(bell, x, layers, h, C, dead, gates, ahead, steps, batch, part, near, room):
    """Read at least so many sentences as there are rows in a piece."""
    wide()
    put(bell, RUNG, 1)
    rows = part.stop - part.start
    for k in range(len(layers)):
        layer, n = layers[k], len(layers[k].b)
        below, first = (x, 0) if k == 0 else (_flat(h[k - 1]), batch)
        states = _flat(h[k]), _flat(C[k]), _flat(gates[k])
        for t in range(steps):
            row = t * batch + part.start
            inputs = Inputs(below, first + row, rows, rows, ahead[k])
            before = Before(states[0], states[1], row, rows, rows)
            after = After(states[0], states[1], row + batch, states[2], dead[k])
            pack(layer, inputs, before, room)
            for place in range(n):
                block, own = _choose(place, t, n, part)
                flag = _flag(k, t + 1, block, n, part.line, steps)
                if not _is_done(part.flags, flag, own):
                    read_block(layer, block, inputs, before, after, room)
                    put(part.flags, flag, 1)


@inlined
def _flat(states):
    """(steps, .., units) as (.., units)."""
    return states.reshape(-1, states.shape[-1])


@inlined
def _choose(place, t, n, part):
    """Which of n blocks or groups is the next, and whether it is this thread's own: those come first."""
    middle = n // part.threads
    own = n - middle if part.upper else middle
    block = place
    if t % 2:
        block = own - 1 - place if place < own else n - 1 - (place - own)
    return n - 1 - block if part.upper else block, place < own


@inlined
def _flag(k, word, block, n, line, steps):
    """The place of a flag: those of blocks below and above the middle are far from each other."""
    return ((k * (1 + steps) + word) * 2 + int(block >= n // 2)) * line + block


@inlined
def _is_done(flags, flag, own):
    """Whether a piece of work is finished; if it is the other thread's, after a while."""
    if not own:
        watch(flags, flag, PATIENCE)
    return is_set(flags, flag)
