"""A stack of layers reads sentences, with the work shared by two threads. `read` is the function to begin with.

How a layer is read depends on how many sentences there are:

- Few, fewer than fill a piece (`tile.TALL`). A product is fast for many rows only, and W x + b does not depend on the
  recurrence: it is made first for all words of all sentences, as if that were a word before the first. What is left for
  each word is U h, a few blocks at a time (`blocks.py`).
- Many. Word by word each block makes both products, in whole pieces of sentences.

How two threads share that depends on the size of the layers too:

- Many sentences in small layers: each thread reads half of the sentences.
- Otherwise they share the blocks of a layer. For 650 units U is 6.8 MB of float32, more than a core's own cache, so
  with one sentence it comes at every word from a slower one, and two cores read twice as fast as one. Every other
  word goes through the blocks backwards, so that it begins with those that are still in the cache; the second thread
  begins with the last. Each block has a flag that says that it is finished, and nobody waits long: who finds none of
  its own left does what the other has not finished too. Both write the same bits, from what no one changes any more,
  so that it does no harm if a thread is stopped for a while.

Neither the number of threads nor how they share changes a result.
"""

from typing import NamedTuple

import numpy as np

from .blocks import (
    CELL,
    UNITS,
    WORK,
    After,
    Before,
    Inputs,
    Room,
    compiled,
    copy_sums,
    empty,
    pack,
    packed_rows,
    read_block,
    read_inputs,
    squash,
    write,
)
from .cell import inlined, wide
from .flags import is_set, mark, watch
from .threads import LINE, RUNG, WORTH, beside, cores
from .tile import TALL, add_product, copy

NEAR = 2**20  # bytes of U that stay in a core's own cache
PATIENCE = 30000  # looks at what the other is about to finish, before it is done twice
GROUP = min(8, TALL)  # rows of the work whose cells are computed together: some are computed while others wait


class Task(NamedTuple):
    """What there is to read and where the states belong; the fields that `read` has too are described there."""

    x: np.ndarray  # (steps * batch, D)
    layers: tuple
    h: tuple
    C: tuple
    dead: tuple
    gates: tuple
    ahead: np.ndarray  # (layers, blocks * steps * batch, 4 * UNITS): for few sentences W x + b, block by block
    steps: int
    batch: int


class Part(NamedTuple):
    """What a thread does before it looks after what is left."""

    threads: int  # that share the blocks
    upper: bool  # whether its own are those above the middle
    start: int  # sentences, from `start` to `stop`
    stop: int
    flags: np.ndarray  # bytes: a block, or a group of blocks, is finished
    line: int  # how many of them a word of a layer has for each half of its blocks


def read(x, layers, h, C, dead, gates):
    """A stack of layers reads a sequence.

    Parameters
    ----------
    x : (steps, batch, D) array, float32 or float64
    layers : tuple of Blocks
    h, C : tuples of (steps + 1, batch, blocks * UNITS) arrays
        For each layer. In: the initial state at index 0. Out: the states after each word behind it.
    dead : tuple of (n,) int arrays
        Units of each layer whose h is 0 at every step, counted from 0.
    gates : tuple of (steps, batch, 4, blocks * UNITS) arrays
        Out: i, f, C_tilde, o. Where they have no steps, they are not kept.
    """
    (steps, batch, D), n = x.shape, max([len(layer.b) for layer in layers])
    few, line = batch < TALL, -(-n // LINE) * LINE  # the threads' flags do not share a line of the cache
    (ahead,) = empty([(len(layers), n * steps * batch if few else 0, 4 * UNITS)], x.dtype)
    x = np.require(x, requirements="CW").reshape(-1, D)  # writable, or Numba would compile once more
    task = Task(x, layers, h, C, dead, gates, ahead, steps, batch)

    def new_flags():
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
    if steps * batch * weights < WORTH or cores() == 1:
        return share(nobody, task, *part(1, False, 0, batch, new_flags()))
    if batch >= 2 * TALL and largest <= NEAR:
        one, other = (part(1, False, *half, new_flags()) for half in ((0, batch // 2), (batch // 2, batch)))
    else:
        same = new_flags()
        one, other = (part(2, upper, 0, batch, same) for upper in (False, True))
    with beside(share, nobody, task, *other, ring=False) as bell:
        share(bell, task, *one)


@compiled
def _few(bell, task, part, near, room):
    """One thread reads fewer sentences than there are rows in a piece.

    Parameters
    ----------
    bell : (1 or more,) uint8 array
        Flags that wake the other thread up: here, since now nobody holds Python's lock.
    near : (batch, blocks * UNITS) array
        Room for h of the word before.
    """
    wide()
    mark(bell, RUNG)
    steps, batch = task.steps, task.batch
    for k in range(len(task.layers)):
        layer, n = task.layers[k], len(task.layers[k].b)
        x, skip = (task.x, 0) if k == 0 else (_flat(task.h[k - 1]), batch)  # a layer's h begins with its initial state
        inputs = Inputs(x, skip, steps * batch, 0, task.ahead[k])
        h, C, gates = _flat(task.h[k]), _flat(task.C[k]), _flat(task.gates[k])
        groups = part.threads * -(-n // (part.threads * max(1, GROUP // max(1, batch))))
        size = -(-n // groups)  # of a group, in blocks
        groups = -(-n // size)
        for t in range(-1, steps):
            if t < 0:
                pack(layer, inputs, Before(h, C, 0, 0, 0), room)
            else:  # what the other thread has written comes here at once, and not line by line when needed
                for r in range(batch):
                    for block in range(n):
                        copy(h, t * batch + r, block * UNITS, near, r, block * UNITS)
            for place in range(groups):
                group, own = _choose(place, t, groups, part)
                flag = _flag(task, part, k, t, group, groups)
                if _is_done(part.flags, flag, own):
                    continue
                first, last = group * size, min(n, group * size + size)
                if t < 0:
                    for block in range(first, last):
                        read_inputs(layer, block, inputs, room, inputs.given, block * inputs.n)
                else:
                    after = After(h, C, (t + 1) * batch, gates, task.dead[k])
                    _read_group(layer, first, last, t, batch, inputs, near, C, after, room.work)
                mark(part.flags, flag)


@inlined
def _read_group(layer, first, last, t, batch, inputs, near, C, after, work):
    """One word of all sentences in the blocks from `first` to `last`, whose cells are computed together."""
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
def _many(bell, task, part, near, room):
    """One thread reads its sentences, at least as many as there are rows in a piece. Parameters as for `_few`."""
    wide()
    mark(bell, RUNG)
    rows = part.stop - part.start
    for k in range(len(task.layers)):
        layer, n = task.layers[k], len(task.layers[k].b)
        x, skip = (task.x, 0) if k == 0 else (_flat(task.h[k - 1]), task.batch)
        h, C, gates = _flat(task.h[k]), _flat(task.C[k]), _flat(task.gates[k])
        for t in range(task.steps):
            row = t * task.batch + part.start
            inputs = Inputs(x, skip + row, rows, rows, task.ahead[k])
            before = Before(h, C, row, rows, rows)
            after = After(h, C, row + task.batch, gates, task.dead[k])
            pack(layer, inputs, before, room)
            for place in range(n):
                block, own = _choose(place, t, n, part)
                flag = _flag(task, part, k, t, block, n)
                if not _is_done(part.flags, flag, own):
                    read_block(layer, block, inputs, before, after, room)
                    mark(part.flags, flag)


@inlined
def _flat(states):
    """(steps, .., units) as (.., units)."""
    return states.reshape(-1, states.shape[-1])


@inlined
def _choose(place, t, n, part):
    """Which of n blocks or groups a thread does at its `place`, and whether it is its own: those come first."""
    middle = n // 2 if part.threads == 2 else n
    own = n - middle if part.upper else middle  # how many are its own
    block = place
    if t % 2:  # backwards, first its own and then the others
        block = own - 1 - place if place < own else n - 1 - (place - own)
    return n - 1 - block if part.upper else block, place < own  # the upper thread counts from the last


@inlined
def _flag(task, part, k, t, block, n):
    """The place of the flag of one of n blocks or groups of layer k at word t, which is -1 for the sums made ahead."""
    side = int(block >= n // 2)  # flags below and above the middle are far from each other
    return ((k * (1 + task.steps) + 1 + t) * 2 + side) * part.line + block


@inlined
def _is_done(flags, flag, own):
    """Whether a block or group is finished; the other thread's are given a while to become so."""
    if not own:
        watch(flags, flag, PATIENCE)
    return is_set(flags, flag)
