"""Every loop that Numba compiles. All of them stand in this one file, which imports nothing of the package.

That is what keeps a stale loop from being used: Numba keeps compiled code on disk and compiles anew when the file in
which a function stands has changed, but it does not notice a change in what the function calls from another file.

sigmoid and tanh have no branches and no calls, so that the loops around them vectorise. Both need exp of a number that
is not positive. It is found the usual way::

    x = n ln 2 + r,   |r| <= ln 2 / 2,   exp(x) = 2^n exp(r)

with a polynomial for exp(r) - 1 and 2^n written straight into the exponent bits of a float. For tanh near 0 it matters
that the polynomial gives exp(r) - 1, not exp(r): the difference that tanh needs is then there in full precision, where
subtracting 1 afterwards would leave only its rounding error. `tests/test_fast.py` measures the errors in ulp.
"""

import math

import numba
import numpy as np
from numba.extending import overload

# error_model: the default tests every division for zero, which keeps a loop scalar. fastmath: fused multiply-adds and
# no care for the sign of zero, but sums keep the order in which they are written.
OPTIONS = {"error_model": "numpy", "fastmath": {"contract", "nsz"}, "nogil": True}

# The Taylor series of exp(r) - 1 from its highest term down to r^2 / 2. For |r| < .35 what is cut off is < 1/4 ulp.
TAYLOR_32 = tuple(np.float32(1 / math.factorial(k)) for k in range(7, 1, -1))
TAYLOR_64 = tuple(np.float64(1 / math.factorial(k)) for k in range(14, 1, -1))
F32, F64 = np.float32, np.float64


def njit(function):
    """Compile for the types of the first call; keep the code on disk wherever some folder for it is writable."""
    try:
        return numba.njit(cache=True, **OPTIONS)(function)
    except RuntimeError:  # "no locator available": neither the package's folder nor the user's is writable
        return numba.njit(**OPTIONS)(function)


@njit
def _split_32(x):
    """2^n, exp(r) - 1, and what rounding took off the latter, for x <= 0. (A plain 1.0 would promote float32.)"""
    x = F32(-87.0) if x < F32(-87.0) else x  # below, 2^n would no longer be a normal number; NaN stays NaN
    # Adding a number whose last bit is worth 1 rounds x / ln 2 to the integer n, and leaves n in the lowest bits.
    shifted = np.float32(x * F32(1.4426950408889634) + F32(1.5 * 2**23))
    n = shifted - F32(1.5 * 2**23)
    r = (x - n * F32(0.693359375)) - n * F32(-2.12194440e-4)  # ln 2 in two parts; n times the first is exact
    p = F32(0)
    for c in TAYLOR_32:
        p = p * r + c
    p *= r * r
    m = r + p
    bits = np.int32((np.int32(shifted.view(np.int32)) + np.int32(127)) << np.int32(23))  # float32's exponent field
    return bits.view(np.float32), m, p - (m - r)


@njit
def _split_64(x):
    """The same in float64."""
    x = F64(-708.0) if x < F64(-708.0) else x
    shifted = np.float64(x * F64(1.4426950408889634) + F64(1.5 * 2**52))
    n = shifted - F64(1.5 * 2**52)
    r = (x - n * F64(6.93147180369123816490e-01)) - n * F64(1.90821492927058770002e-10)
    p = F64(0)
    for c in TAYLOR_64:
        p = p * r + c
    p *= r * r
    m = r + p
    bits = np.int64((np.int64(shifted.view(np.int64)) + np.int64(1023)) << np.int64(52))
    return bits.view(np.float64), m, p - (m - r)


def _split(x):
    """2^n, exp(r) - 1 and its rounding error in the precision of x."""


@overload(_split, jit_options=OPTIONS)
def _split_by_type(x):
    return (lambda x: _split_32(x)) if x.bitwidth == 32 else (lambda x: _split_64(x))


def _one(x):
    """1 in the precision of x."""


@overload(_one, jit_options=OPTIONS)
def _one_by_type(x):
    return (lambda x: F32(1)) if x.bitwidth == 32 else (lambda x: F64(1))


@njit
def exp(x):
    """exp(x) for x <= 0, as a softmax needs it."""
    scale, p, _ = _split(x)
    return scale * p + scale


@njit
def _divide(a, a_rest, s, s_rest, one):
    """(a + a_rest) / (s + s_rest), rests being what rounding took off: a quotient, then what its residue asks for."""
    inverse = one / s
    q = a * inverse
    return q + ((a - q * s) + (a_rest - q * s_rest)) * inverse


@njit
def sigmoid(z):
    """1 / (1 + exp(-z)), never overflowing: exp is taken of -|z|, as in `lstm.sigmoid`."""
    e = exp(-abs(z))
    one = _one(e)
    s = one + e
    a = one if z >= 0 else e
    return _divide(a, a - a, s, e - (s - one), one)


@njit
def tanh(z):
    """tanh(z) = -m / (2 + m) for z >= 0, with m = exp(-2 z) - 1; the sign is put back at the end."""
    scale, p, p_rest = _split(-abs(z + z))
    one = _one(z)
    two = one + one
    base = scale - one
    m = scale * p + base
    m_rest = (base - m) + scale * p + scale * p_rest
    s = two + m
    return math.copysign(_divide(m, m_rest, s, m - (s - two) + m_rest, one), z)


@njit
def _gates_of_row(z, addend, C_prev, C, h):
    """One row of `gates.gates`: z and addend (4 * H,), the others (H,). Separate arrays, or it would not vectorise."""
    H = len(C)
    z_i, z_f, z_g, z_o = z[:H], z[H : 2 * H], z[2 * H : 3 * H], z[3 * H :]
    a_i, a_f, a_g, a_o = addend[:H], addend[H : 2 * H], addend[2 * H : 3 * H], addend[3 * H :]
    for u in range(H):
        i = sigmoid(z_i[u] + a_i[u])
        f = sigmoid(z_f[u] + a_f[u])
        C_tilde = tanh(z_g[u] + a_g[u])
        o = sigmoid(z_o[u] + a_o[u])
        C_u = f * C_prev[u] + i * C_tilde  # Eq. 1
        h[u] = o * tanh(C_u)  # Eq. 2
        C[u] = C_u
        z_i[u], z_f[u], z_g[u], z_o[u] = i, f, C_tilde, o


@njit
def gates(z, inputs, C_prev, C, h):
    """As `gates.gates`."""
    nodes, rows, _ = z.shape
    for node in range(nodes):
        for row in range(rows):
            source = row if row < inputs.shape[1] else 0
            _gates_of_row(z[node, row], inputs[node, source], C_prev[node, row], C[node, row], h[node, row])


@njit
def recur_few(gates, U_T, h, C, ablated):
    """As `recurrence.recur_few`."""
    steps, batch, width = gates.shape
    product = np.empty(width, gates.dtype)
    for t in range(steps):
        for row in range(batch):
            product[:] = 0
            _add_product(product, h[t, row], U_T)
            _gates_of_row(gates[t, row], product, C[t, row], C[t + 1, row], h[t + 1, row])
        for unit in ablated:
            h[t + 1, :, unit] = 0


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


@njit
def gates_backward(gates, C_prev, C, dh, dC):
    """As `backpropagation.gates_backward`."""
    for row in range(len(C)):
        _gates_backward_of_row(gates[row], C_prev[row], C[row], dh[row], dC[row])


@njit
def _gates_backward_of_row(gates, C_prev, C, dh, dC):
    """One sentence: gates (4 * H,), the others (H,)."""
    H = len(C)
    g_i, g_f, g_c, g_o = gates[:H], gates[H : 2 * H], gates[2 * H : 3 * H], gates[3 * H :]
    one = dC.dtype.type(1)
    for u in range(H):
        i, f, C_tilde, o = g_i[u], g_f[u], g_c[u], g_o[u]
        tanh_C = tanh(C[u])
        d = dC[u] + dh[u] * o * (one - tanh_C * tanh_C)
        g_i[u] = d * C_tilde * i * (one - i)
        g_f[u] = d * C_prev[u] * f * (one - f)
        g_c[u] = d * i * (one - C_tilde * C_tilde)
        g_o[u] = dh[u] * tanh_C * o * (one - o)
        dC[u] = d * f


# A maximum and a sum over a row vectorise only if they may be taken in another order. No other loop is allowed that.
_reduce = numba.njit(**{**OPTIONS, "fastmath": True})


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


@njit
def cross_entropy(logits, targets, n):
    """As `backpropagation.cross_entropy`."""
    rows, V = logits.shape
    loss = 0.0
    one = logits.dtype.type(1)
    for k in range(rows):
        row = logits[k]
        most = _largest(row)
        of_target = row[targets[k]] - most
        for j in range(V):
            row[j] = exp(row[j] - most)
        total = _sum(row)
        loss += np.log(np.float64(total)) - of_target
        scale = one / (total * logits.dtype.type(n))
        for j in range(V):
            row[j] *= scale
        row[targets[k]] -= one / logits.dtype.type(n)
    return loss / n


@njit
def add_rows(total, rows, values):
    """As `backpropagation.add_rows`."""
    for k in range(len(rows)):
        for j in range(total.shape[1]):
            total[rows[k], j] += values[k, j]
