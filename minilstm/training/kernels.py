"""The inner loops of training in Numba; `backpropagation.py` says what they compute and has them in plain NumPy.

Products are BLAS's here (np.dot), and the weights stay as `lstm.Layer` has them.
"""

import numpy as np
from numba import njit

from ..fast.cell import cell, wide
from ..fast.jit import njit as cached_njit
from ..fast.squash import OPTIONS, exp, tanh


@cached_njit
def recur(gates, U_T, h, C, first, last):
    """As `backpropagation.recur`."""
    wide()
    H = h.shape[2]
    product = np.empty((last - first, 4 * H), gates.dtype)
    for t in range(len(gates)):
        z = gates[t][first:last]
        C_old, C_new, h_new = C[t][first:last], C[t + 1][first:last], h[t + 1][first:last]
        np.dot(h[t][first:last], U_T, product)
        z += product
        for row in range(last - first):
            # one-dimensional pieces: the compiler can then see that they do not overlap
            z_i, z_f, z_g, z_o = z[row, :H], z[row, H : 2 * H], z[row, 2 * H : 3 * H], z[row, 3 * H :]
            C_prev, C_row, h_row = C_old[row], C_new[row], h_new[row]
            for u in range(H):
                z_i[u], z_f[u], z_g[u], z_o[u], C_row[u], h_row[u] = cell(z_i[u], z_f[u], z_g[u], z_o[u], C_prev[u])


@cached_njit
def recur_backward(gates, C, dh, U, first, last):
    """As `backpropagation.recur_backward`."""
    wide()
    steps, _, H = dh.shape
    dC = np.zeros((last - first, H), dh.dtype)
    sent = np.empty((last - first, H), dh.dtype)
    for t in range(steps - 1, -1, -1):
        dz = gates[t][first:last]
        _cell_backward(dz, C[t][first:last], C[t + 1][first:last], dh[t][first:last], dC)
        if t:
            np.dot(dz, U, sent)
            before = dh[t - 1][first:last]
            before += sent


@cached_njit
def _cell_backward(gates, C_prev, C, dh, dC):
    """One word: gates (batch, 4 * H) becomes dz; dC becomes that of the word before."""
    rows, H = C.shape
    one = dC.dtype.type(1)
    for row in range(rows):
        g_i, g_f, g_c, g_o = gates[row, :H], gates[row, H : 2 * H], gates[row, 2 * H : 3 * H], gates[row, 3 * H :]
        C_old, C_now, dh_now, dC_now = C_prev[row], C[row], dh[row], dC[row]
        for u in range(H):
            i, f, C_tilde, o = g_i[u], g_f[u], g_c[u], g_o[u]
            tanh_C = tanh(C_now[u])
            d = dC_now[u] + dh_now[u] * o * (one - tanh_C * tanh_C)
            g_i[u] = d * C_tilde * i * (one - i)
            g_f[u] = d * C_old[u] * f * (one - f)
            g_c[u] = d * i * (one - C_tilde * C_tilde)
            g_o[u] = dh_now[u] * tanh_C * o * (one - o)
            dC_now[u] = d * f


# A maximum and a sum over a row vectorise only if they may be taken in another order. No other loop is allowed that.
_reduce = njit(**{**OPTIONS, "fastmath": True})


@_reduce
def _largest(row):
    most = row[0]
    for value in row:
        most = max(most, value)
    return most


@_reduce
def _sum(row):
    total = row[0] - row[0]
    for value in row:
        total += value
    return total


@cached_njit
def cross_entropy(logits, targets, n):
    """As `backpropagation.cross_entropy`."""
    rows, V = logits.shape
    loss = 0.0
    one = logits.dtype.type(1)
    for k in range(rows):
        row = logits[k]
        most = _largest(row)
        kept = row[targets[k]] - most
        for j in range(V):
            row[j] = exp(row[j] - most)
        total = _sum(row)
        loss += np.log(np.float64(total)) - kept
        scale = one / (total * logits.dtype.type(n))
        for j in range(V):
            row[j] *= scale
        row[targets[k]] -= one / logits.dtype.type(n)
    return loss / n


@cached_njit
def add_rows(total, rows, values):
    """As `backpropagation.add_rows`."""
    for k in range(len(rows)):
        for j in range(total.shape[1]):
            total[rows[k], j] += values[k, j]
