"""The recurrence of `lstm.py` made fast: Numba around BLAS, tested equal to the plain code.

Three things make the difference. The products with the inputs do not depend on the recurrence, so one large product
serves many words. The four gates, the cell and the hidden state of a word are computed in one vectorised pass over z
(`cell.py`), which afterwards holds the gates themselves. And how the recurrent product is computed depends on its size:
a compiled loop over the words for small layers, both cores for few sentences in a large layer (`two_cores.py`), BLAS
for many.

Without Numba, or with NUMBA_DISABLE_JIT=1, the same functions run uncompiled, the pass over z in NumPy.
"""

from typing import NamedTuple

import numpy as np

from . import lstm
from .arguments import check, pack
from .cell import cell, cell_of_sums
from .jit import COMPILED, njit

if COMPILED:
    from . import two_cores

FEW = 8 if COMPILED else 0  # from this many rows on, a product belongs to BLAS
LARGE = 128  # and with this many units, to the BLAS that NumPy calls, which has more threads to give than Numba's
ROWS = 512  # steps times sentences to take at a time: enough for a good product, few enough for a cache


class Prepared(NamedTuple):
    """A layer whose weights are stored the way the products read them."""

    W: np.ndarray  # (4 * H, D), by columns, so that W.T lies in one piece
    U: np.ndarray  # (4 * H, H), likewise
    b: np.ndarray  # (4 * H,)
    blocks: tuple | None  # of a large layer, the same once more as `two_cores` reads it


def prepare(layers, dtype):
    """Each Layer with its weights in the orders that are needed; what is prepared already is left as it is."""
    return tuple(_prepare(layer, np.dtype(dtype)) for layer in layers)


def _prepare(layer, dtype):
    if isinstance(layer, Prepared) and layer.b.dtype == dtype:
        return layer
    W, U, b = (np.asarray(array, dtype, order="F") for array in layer[:3])
    return Prepared(W, U, b, two_cores.blocks(W, U, b) if COMPILED and U.nbytes >= two_cores.LARGE else None)


def run(x, layers, state=None, ablate=()):
    """What `lstm.run` does, with the same arguments, errors and Trace; `layers` may be prepared."""
    x, h_start, C_start, silent = check(x, layers, state, ablate)
    sizes = [h_0.shape[1] for h_0 in h_start]
    same = len(set(sizes)) == 1

    def empty(steps, per_unit):
        """One array for all layers, so that nothing has to be copied together, or one a layer where they differ."""
        shapes = [(steps, x.shape[1], per_unit * H) for H in sizes]
        return np.empty((len(sizes), *shapes[0]), x.dtype) if same else tuple(np.empty(s, x.dtype) for s in shapes)

    def each(function, arrays):
        return function(arrays) if same else tuple(map(function, arrays))

    gates, h, C = empty(len(x), 4), empty(len(x) + 1, 1), empty(len(x) + 1, 1)
    room = np.empty(x.shape[1] * 4 * max(sizes), x.dtype)
    for k, (layer, dead) in enumerate(zip(prepare(layers, x.dtype), silent, strict=True)):
        h[k][0], C[k][0] = h_start[k], C_start[k]
        h[k][0][:, dead] = 0
        _read(x, layer, gates[k], h[k], C[k], dead, room, keep=True)
        x = h[k][1:]
    i, f, C_tilde, o = (each(lambda z, k=k: np.split(z, 4, axis=-1)[k], gates) for k in range(4))
    after = lstm.State(*(each(lambda array: array[..., -1, :, :].copy(), arrays) for arrays in (h, C)))
    C, h = (each(lambda array: array[..., 1:, :, :], arrays) for arrays in (C, h))
    return lstm.Trace(i, f, o, C_tilde, C, h, after)


def read(x, layers, state=None, ablate=()):
    """What `run` computes, without keeping it: for all who ask for nothing but the last layer's h.

    Returns
    -------
    h : (1 + steps, batch, H) array
        Of the last layer, before the first word and after each.
    state : State
        Of all layers after the last word.
    """
    x, h_start, C_start, silent = check(x, layers, state, ablate)
    layers = prepare(layers, x.dtype)
    (steps, batch, _), sizes = x.shape, [len(layer.b) // 4 for layer in layers]
    most = max(1, min(steps, _steps(batch)))
    z, room = (np.empty(n * batch * 4 * max(sizes), x.dtype) for n in (most, 1))
    h, C = ([np.empty((most + 1, batch, H), x.dtype) for H in sizes] for _ in range(2))
    for k, dead in enumerate(silent):
        h[k][0], C[k][0] = h_start[k], C_start[k]
        h[k][0][:, dead] = 0
    top = np.empty((1 + steps, batch, sizes[-1]), x.dtype)
    top[0] = h[-1][0]
    for start in range(0, steps, most):
        below = x[start : start + most]
        n = len(below)
        for k, layer in enumerate(layers):
            sums = z[: n * batch * len(layer.b)].reshape(n, batch, len(layer.b))
            _read(below, layer, sums, h[k][: n + 1], C[k][: n + 1], silent[k], room, keep=False)
            below = h[k][1 : n + 1]
        top[1 + start : 1 + start + n] = below
        for k in range(len(layers)):
            h[k][0], C[k][0] = h[k][n], C[k][n]
    return top, lstm.State(*(pack([array[0] for array in arrays]) for arrays in (h, C)))


def _read(x, layer, gates, h, C, dead, room, keep):
    """One layer reads x (steps, batch, D); gates, h and C as in `recur`. Gates that are not kept may be anything.

    `room` is for the recurrent product of many rows: it stays with the caller, since new memory takes time.
    """
    (steps, batch, _), width = x.shape, len(layer.b)
    if layer.blocks is not None and batch < FEW:
        two_cores.read(x, layer.blocks, h, C, dead, gates if keep else gates[:0])
    elif layer.U.shape[1] >= LARGE and batch >= FEW:
        product, piece = room[: batch * width].reshape(1, batch, width), _steps(batch)
        for start in range(0, steps, piece):  # what one product has given is still near when it is used
            now, states = slice(start, start + piece), slice(start, start + piece + 1)
            _input_product(x[now], layer.W.T, gates[now])
            recur_large(gates[now], layer.b, layer.U.T, h[states], C[states], dead, product)
    else:
        _input_product(x, layer.W.T, gates)
        gates += layer.b
        recur(gates, layer.U.T, h, C, dead)


def _steps(batch):
    """How many steps to take at a time."""
    return max(1, ROWS // max(1, batch))


def _input_product(x, W_T, z):
    """z = x @ W_T in two dimensions, because NumPy makes `steps` small products out of a three-dimensional one."""
    np.matmul(x.reshape(-1, x.shape[2]), W_T, out=z.reshape(-1, W_T.shape[1]))


@njit
def recur(gates, U_T, h, C, dead):
    """One layer reads a sequence.

    Parameters
    ----------
    gates : (steps, batch, 4 * H) array
        In: W x_t + b. Out: the gates i, f, C_tilde, o.
    U_T : (H, 4 * H) array
    h, C : (steps + 1, batch, H) arrays
        In: the initial state at index 0. Out: the states after each word behind it.
    dead : (n,) int array
        Units whose h is 0 at every step, counted from 0.
    """
    steps, batch, width = gates.shape
    product = np.empty((batch, width) if batch >= FEW else (0, 0), gates.dtype)
    for t in range(steps):
        if batch >= FEW:
            np.dot(h[t], U_T, product)
            gates[t] += product
        else:
            for row in range(batch):
                _add_product(gates[t, row], h[t, row], U_T)
        cell(gates[t], C[t], C[t + 1], h[t + 1])
        for unit in dead:
            h[t + 1, :, unit] = 0


def recur_large(gates, b, U_T, h, C, dead, product):
    """What `recur` does, where products are so large that a loop in Python costs nothing beside them.

    b is still to be added to the gates; `product` (1, batch, 4 * H) is there to be overwritten.
    """
    for t in range(len(gates)):
        now, after = slice(t, t + 1), slice(t + 1, t + 2)
        np.matmul(h[t], U_T, out=product[0])
        cell_of_sums(gates[now], product, b, C[now], C[after], h[after])
        h[t + 1][:, dead] = 0


@njit
def _add_product(z, h, U_T):
    """z += h @ U_T for one row, adding eight rows of U_T at a time: it vectorises in one order of summation."""
    H, width = U_T.shape
    whole = H - H % 8
    for k in range(0, whole, 8):
        a, b, c, d, e, f, g, i = h[k], h[k + 1], h[k + 2], h[k + 3], h[k + 4], h[k + 5], h[k + 6], h[k + 7]
        for j in range(width):
            part = z[j] + a * U_T[k, j] + b * U_T[k + 1, j] + c * U_T[k + 2, j] + d * U_T[k + 3, j]
            z[j] = part + e * U_T[k + 4, j] + f * U_T[k + 5, j] + g * U_T[k + 6, j] + i * U_T[k + 7, j]
    for k in range(whole, H):
        for j in range(width):
            z[j] += h[k] * U_T[k, j]
