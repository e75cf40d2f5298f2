"""A large layer reads few sentences: then reading U at every word is all that takes time.

For 650 units U is 6.8 MB of float32, more than a core's own cache, so it comes at every word from a slower one, and two
cores read twice as fast as one. Three things follow:

- the rows of U that belong to 16 units, their four gates together, are one block that lies in one piece. What a block
  gives are finished gates, cells and hidden states: no block waits for another of the same word;
- every other word goes through the blocks backwards, so that it begins with those that are still in the cache;
- a second thread takes blocks from the other end. Each block has a flag that says that it is finished, and nobody waits
  long: who finds no free block left computes the other's last one too. Both write the same bits, from what no one
  changes any more, so that it does no harm if a thread is stopped for a while, and their number changes no result.

The products with the inputs are shared in the same way, as if they were a word before the first: BLAS would be faster,
but its own second thread goes on turning for a while, and would keep ours from a core.
"""

from typing import NamedTuple

import numpy as np
from numba import types
from numba.extending import intrinsic

from .cell import cell
from .jit import njit
from .threads import beside, cores

UNITS = 16  # of a block
LINE = 64  # bytes that cores exchange at once: flags of the two threads do not share any
PATIENCE = 500  # looks at a block that the other is about to finish, before it is computed twice
LARGE = 2**21  # bytes of U from which on all this is worth while: a smaller one stays in a core's own cache


class Blocks(NamedTuple):
    """The weights of a layer, block by block. The last block shares units with the one before if H asks for it."""

    W: np.ndarray  # (blocks, D, 4 * UNITS)
    U: np.ndarray  # (blocks, H, 4 * UNITS)
    b: np.ndarray  # (blocks, 4 * UNITS)


def blocks(W, U, b):
    """Blocks of a layer with the weights W (4 * H, D), U (4 * H, H) and b (4 * H,)."""
    H = U.shape[1]
    first = np.minimum(np.arange(0, H, UNITS), H - UNITS)
    units = first[:, None] + np.arange(UNITS)
    rows = (units[:, None] + H * np.arange(4)[:, None]).reshape(len(first), -1)  # (blocks, 4 * UNITS)
    return Blocks(*(np.ascontiguousarray(weights[rows].swapaxes(1, 2)) for weights in (W, U)), b[rows])


def read(x, layer, h, C, dead, gates):
    """One layer reads a sequence.

    Parameters
    ----------
    x : (steps, batch, D) array
    layer : Blocks
    h, C : (steps + 1, batch, H) arrays
        In: the initial state at index 0. Out: the states after each word behind it.
    dead : (n,) int array
        Units whose h is 0 at every step, counted from 0.
    gates : (steps, batch, 4 * H) array
        Out: i, f, C_tilde, o. Where it has no steps, they are not kept.
    """
    (steps, batch, width), n, H = x.shape, len(layer.b), h.shape[2]
    silent = np.zeros(H, np.bool_)
    silent[dead] = True
    z = np.empty((n, steps, batch, 4 * UNITS), h.dtype)  # W x + b
    flags = np.zeros((1 + steps, 2, -(-n // LINE) * LINE), np.uint8)
    work = np.ascontiguousarray(x).reshape(steps * batch, width), *layer, z, h, C, silent, gates, flags
    if cores() > 1 and steps and batch:
        with beside(_share, *work, n // 2, True):
            _share(*work, n // 2, False)
    else:
        _share(*work, n, False)


@njit
def _share(x, W, U, b, z, h, C, silent, gates, flags, middle, upper):
    """Do what nobody has finished, word by word: first one's own blocks, below or above the middle."""
    n = len(U)
    own = n - middle if upper else middle
    for t in range(-1, len(h) - 1):
        for place in range(n):
            block = place
            if t % 2:
                block = own - 1 - place if place < own else n - 1 - (place - own)
            block = n - 1 - block if upper else block
            flag = flags[t + 1, 1, block - middle :] if block >= middle else flags[t + 1, 0, block:]
            patience = 0 if place < own else PATIENCE
            while patience and not _load(flag):
                patience -= 1
            if _load(flag):
                continue
            if t < 0:
                _read_inputs(x, W[block], b[block], z[block].reshape(len(x), 4 * UNITS))
            else:
                first = min(block * UNITS, C.shape[2] - UNITS)
                _read_word(z[block, t], U[block], h[t], C[t], C[t + 1], h[t + 1], first, silent, gates[t : t + 1])
            _store(flag)


@njit
def _read_inputs(x, W, b, z):
    """z (rows, 4 * UNITS) = x (rows, D) W + b for one block."""
    sums = np.empty(4 * UNITS, z.dtype)
    for row in range(len(x)):
        for j in range(4 * UNITS):
            sums[j] = b[j]
        _add_product(sums, x[row], W)
        for j in range(4 * UNITS):
            z[row, j] = sums[j]  # never half a sum, in case that somebody is reading it


@njit
def _read_word(z, U, h_old, C_old, C, h, first, silent, gates):
    """One word in one block, whose units begin with `first`: z (batch, 4 * UNITS) is left as it is."""
    H = C.shape[1]
    sums, C_before = np.empty((1, 4 * UNITS), h.dtype), np.empty((1, UNITS), h.dtype)
    C_now, h_now = np.empty((1, UNITS), h.dtype), np.empty((1, UNITS), h.dtype)
    for row in range(len(z)):
        for j in range(4 * UNITS):
            sums[0, j] = z[row, j]
        for u in range(UNITS):
            C_before[0, u] = C_old[row, first + u]
        _add_product(sums[0], h_old[row], U)
        cell(sums, C_before, C_now, h_now)
        for u in range(UNITS):
            C[row, first + u] = C_now[0, u]
            h[row, first + u] = 0 if silent[first + u] else h_now[0, u]
        if len(gates):
            for k in range(4):
                for u in range(UNITS):
                    gates[0, row, k * H + first + u] = sums[0, k * UNITS + u]


@njit
def _add_product(z, h, U):
    """z += h @ U for one block: `kernels._add_product` with a number of columns that the compiler knows."""
    H = len(h)
    whole = H - H % 8
    for k in range(0, whole, 8):
        a, b, c, d, e, f, g, i = h[k], h[k + 1], h[k + 2], h[k + 3], h[k + 4], h[k + 5], h[k + 6], h[k + 7]
        for j in range(4 * UNITS):
            part = z[j] + a * U[k, j] + b * U[k + 1, j] + c * U[k + 2, j] + d * U[k + 3, j]
            z[j] = part + e * U[k + 4, j] + f * U[k + 5, j] + g * U[k + 6, j] + i * U[k + 7, j]
    for k in range(whole, H):
        for j in range(4 * UNITS):
            z[j] += h[k] * U[k, j]


@intrinsic
def _load(typing, flags):
    """flags[0]; whatever was written before it was set is to be seen from here on."""

    def code(context, builder, signature, arguments):
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        return builder.load_atomic(array.data, "acquire", 1)

    return types.uint8(flags), code


@intrinsic
def _store(typing, flags):
    """flags[0] = 1, not to be seen before what was written earlier."""

    def code(context, builder, signature, arguments):
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        builder.store_atomic(context.get_constant(types.uint8, 1), array.data, "release", 1)
        return context.get_dummy_value()

    return types.void(flags), code
