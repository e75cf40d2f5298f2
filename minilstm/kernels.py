"""The recurrence of `lstm.py` made fast: Numba around BLAS, tested equal to the plain code.

Three things make the difference. The products with the inputs do not depend on the recurrence, so one large product
serves the whole sequence. The four gates, the cell and the hidden state of a word are computed in one vectorised pass
over z, which afterwards holds the gates themselves. And the loop over words runs compiled.

Without Numba, or with NUMBA_DISABLE_JIT=1, the same functions run uncompiled, the pass over z in NumPy.
"""

from typing import NamedTuple

import numpy as np

from . import lstm
from .arguments import check, pack
from .jit import COMPILED, njit

if COMPILED:
    from .squash import sigmoid, tanh

FEW = 8 if COMPILED else 0  # from this many rows on, a product belongs to BLAS
LARGE = 128  # and with this many units, to the BLAS that NumPy calls, which has more threads to give than Numba's


class Prepared(NamedTuple):
    """A layer whose recurrent weights are stored the way the loops read them."""

    W: np.ndarray  # (4 * H, D)
    U: np.ndarray  # (4 * H, H)
    b: np.ndarray  # (4 * H,)
    U_T: np.ndarray  # (H, 4 * H), contiguous


def prepare(layers, dtype):
    """Each Layer with its transposed recurrent weights; what is prepared already is left as it is."""
    return tuple(_prepare(layer, np.dtype(dtype)) for layer in layers)


def _prepare(layer, dtype):
    if isinstance(layer, Prepared) and layer.U_T.dtype == dtype:
        return layer
    W, U, b = (np.ascontiguousarray(array, dtype) for array in layer[:3])
    return Prepared(W, U, b, np.ascontiguousarray(U.T))


def run(x, layers, state=None, ablate=()):
    """What `lstm.run` does, with the same arguments, errors and Trace; `layers` may be prepared."""
    x, h_start, C_start, silent = check(x, layers, state, ablate)
    traces, states = [], []
    for layer, h_0, C_0, dead in zip(prepare(layers, x.dtype), h_start, C_start, silent, strict=True):
        steps, (batch, H) = len(x), h_0.shape
        # two dimensions, because NumPy makes `steps` small products out of a three-dimensional one
        gates = x.reshape(steps * batch, x.shape[2]) @ layer.W.T
        gates += layer.b
        gates = gates.reshape(steps, batch, 4 * H)
        h, C = np.empty((2, steps + 1, batch, H), x.dtype)
        h[0], C[0] = h_0, C_0
        h[0, :, dead] = 0
        (recur_large if batch >= FEW and H >= LARGE else recur)(gates, layer.U_T, h, C, dead)
        i, f, C_tilde, o = (gates[..., k * H : (k + 1) * H] for k in range(4))
        traces.append(lstm.Step(i, f, o, C_tilde, C[1:], h[1:]))
        states.append((h[-1], C[-1]))
        x = h[1:]
    return lstm.Trace(*map(pack, zip(*traces, strict=True)), state=lstm.State(*map(pack, zip(*states, strict=True))))


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


def recur_large(gates, U_T, h, C, dead):
    """What `recur` does, where the products are so large that a loop in Python costs nothing beside them."""
    product = np.empty(gates.shape[1:], gates.dtype)
    for t in range(len(gates)):
        np.matmul(h[t], U_T, out=product)
        gates[t] += product
        cell(gates[t], C[t], C[t + 1], h[t + 1])
        h[t + 1][:, dead] = 0


@njit
def cell(z, C_prev, C, h):
    """Gates, Eq. 1 and Eq. 2 in one pass; z (rows, 4 * H) becomes the gates i, f, C_tilde, o; C and h are written.

    The arrays must not overlap, or the loop does not vectorise.
    """
    rows, H = C.shape
    for row in range(rows):
        # one-dimensional pieces: the compiler can then see that they do not overlap
        z_i, z_f, z_g, z_o = z[row, :H], z[row, H : 2 * H], z[row, 2 * H : 3 * H], z[row, 3 * H :]
        C_old, C_new, h_new = C_prev[row], C[row], h[row]
        for u in range(H):
            i = sigmoid(z_i[u])
            f = sigmoid(z_f[u])
            C_tilde = tanh(z_g[u])
            o = sigmoid(z_o[u])
            C_u = f * C_old[u] + i * C_tilde  # Eq. 1
            h_new[u] = o * tanh(C_u)  # Eq. 2
            C_new[u] = C_u
            z_i[u], z_f[u], z_g[u], z_o[u] = i, f, C_tilde, o

def plain_cell(z, C_prev, C, h):
    """What `cell` does, in NumPy."""
    H = C.shape[1]
    i, f, C_tilde, o = (z[:, k * H : (k + 1) * H] for k in range(4))
    i[:], f[:], C_tilde[:], o[:] = lstm.sigmoid(i), lstm.sigmoid(f), np.tanh(C_tilde), lstm.sigmoid(o)
    C[:] = f * C_prev + i * C_tilde  # Eq. 1
    h[:] = o * np.tanh(C)  # Eq. 2


if not COMPILED:
    cell = plain_cell


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
