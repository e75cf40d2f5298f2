"""One layer of many networks reads a word, block by block, by two threads: the inner loop of `ablation_engine.py`.

`ablation_engine.py` says what the functions do and has them in plain NumPy. Here arrays have room for whole blocks of
units (`blocks.py`).
"""

import numpy as np

from .blocks import UNITS, WORK, After, Before, Inputs, Room, compiled, empty, pack, packed_rows, read_block
from .cell import wide
from .threads import WORTH, beside, cores
from .tile import TALL

NOBODY = np.empty(0, np.intp)  # units to silence here: `ablation_engine.py` does that itself


def input_sums(layer, x):
    """As `ablation_engine.input_sums`: (words, blocks, 4 * UNITS)."""
    W, _, b = layer.blocks
    return (np.matmul(x, W) + b[:, None]).swapaxes(0, 1)


def read_word(layer, x, sums, h, C, keep):
    """As `ablation_engine.read_word`; `sums` is (nodes, blocks, 4 * UNITS), and without `keep` there are no gates."""
    (nodes, rows, width), layer = h.shape, layer.blocks
    n = width // UNITS  # blocks
    h_new, C_new, gates = empty([h.shape, h.shape, (nodes * keep, rows, 4, width)], h.dtype)
    x = np.empty((nodes, 0, 1), h.dtype) if x is None else x
    given = np.empty((0, 4 * UNITS), h.dtype) if sums is None else sums
    inputs = Inputs(x.reshape(-1, x.shape[2]), 0, nodes * x.shape[1], x.shape[1], given.reshape(-1, 4 * UNITS))
    flat = [np.ascontiguousarray(array).reshape(-1, width) for array in (h, C, h_new, C_new, gates)]
    before, after = Before(flat[0], flat[1], 0, nodes * rows, rows), After(flat[2], flat[3], 0, flat[4], NOBODY)

    def part(first, last):
        """Arguments of `_read` for the blocks from `first` to `last`."""
        packed = packed_rows(layer, inputs.n, before.n), TALL
        room = Room(*empty([WORK, (inputs.n, 4 * UNITS), packed], h.dtype))
        return layer, inputs, before, after, room, first, last

    if inputs.n * layer.W.size + before.n * layer.U.size >= WORTH and cores() > 1 and n > 1:
        with beside(_read, *part(n // 2, n)):
            _read(*part(0, n // 2))
    else:
        _read(*part(0, n))
    return gates, h_new, C_new


@compiled
def _read(layer, inputs, before, after, room, first, last):
    """Read the word in the blocks from `first` to `last`."""
    wide()
    pack(layer, inputs, before, room)
    for block in range(first, last):
        read_block(layer, block, inputs, before, after, room)
