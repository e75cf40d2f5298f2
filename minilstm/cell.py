"""Eqs. 1-2 and the gates in one pass: what `lstm.step` computes once the sums z are there, made fast."""

import numpy as np

from . import lstm
from .jit import COMPILED, njit

if COMPILED:
    from .squash import sigmoid, tanh


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


@njit
def cell_of_sums(z, x, b, C_prev, C, h):
    """`cell` of z + x + b, each row while it is in the cache; all but x and b are (nodes, rows, ...).

    x is (nodes, n, 4 * H); a row without a row of x of its own takes its node's first.
    """
    for node in range(len(z)):
        for row in range(z.shape[1]):
            z_row, x_row = z[node, row], x[node, row if row < x.shape[1] else 0]
            for j in range(len(b)):
                z_row[j] += x_row[j] + b[j]
            here = slice(row, row + 1)
            cell(z[node, here], C_prev[node, here], C[node, here], h[node, here])


def plain_cell(z, C_prev, C, h):
    """What `cell` does, in NumPy."""
    H = C.shape[1]
    i, f, C_tilde, o = (z[:, k * H : (k + 1) * H] for k in range(4))
    i[:], f[:], C_tilde[:], o[:] = lstm.sigmoid(i), lstm.sigmoid(f), np.tanh(C_tilde), lstm.sigmoid(o)
    C[:] = f * C_prev + i * C_tilde  # Eq. 1
    h[:] = o * np.tanh(C)  # Eq. 2


def plain_cell_of_sums(z, x, b, C_prev, C, h):
    """What `cell_of_sums` does, in NumPy."""
    n = x.shape[1]
    z[:, :n] += x
    z[:, n:] += x[:, :1]
    z += b
    for node in range(len(z)):
        plain_cell(z[node], C_prev[node], C[node], h[node])


if not COMPILED:
    cell, cell_of_sums = plain_cell, plain_cell_of_sums
