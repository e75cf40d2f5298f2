"""sigmoid and tanh for Numba loops: no branches and no calls, so that the loops around them vectorise.

Both need exp of a number that is not positive. It is found the usual way::

    x = n ln 2 + r,   |r| <= ln 2 / 2,   exp(x) = 2^n exp(r)

with a polynomial for exp(r) - 1 and 2^n written straight into the exponent bits of a float. For tanh near 0 it matters
that the polynomial gives exp(r) - 1, not exp(r): the difference that tanh needs is then there in full precision, where
subtracting 1 afterwards would leave only its rounding error. `tests/test_kernels.py` measures the errors in ulp.

After a change here, delete what Numba keeps (see `jit.py`).
"""

import math

import numpy as np
from numba import njit
from numba.extending import overload

# error_model: the default tests every division for zero, which keeps a loop scalar. fastmath: fused multiply-adds and
# no care for the sign of zero, but sums keep the order in which they are written.
OPTIONS = {"error_model": "numpy", "fastmath": {"contract", "nsz"}, "nogil": True}

# The Taylor series of exp(r) - 1 from its highest term down to r^2 / 2. For |r| < .35 what is cut off is < 1/4 ulp.
TAYLOR_32 = tuple(np.float32(1 / math.factorial(k)) for k in range(7, 1, -1))
TAYLOR_64 = tuple(np.float64(1 / math.factorial(k)) for k in range(14, 1, -1))
F32, F64 = np.float32, np.float64


@njit(**OPTIONS)
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


@njit(**OPTIONS)
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


@njit(**OPTIONS)
def exp(x):
    """exp(x) for x <= 0, as a softmax needs it."""
    scale, p, _ = _split(x)
    return scale * p + scale


@njit(**OPTIONS)
def _divide(a, a_rest, s, s_rest, one):
    """(a + a_rest) / (s + s_rest), rests being what rounding took off: a quotient, then what its residue asks for."""
    inverse = one / s
    q = a * inverse
    return q + ((a - q * s) + (a_rest - q * s_rest)) * inverse


@njit(**OPTIONS)
def sigmoid(z):
    """1 / (1 + exp(-z)), never overflowing: exp is taken of -|z|, as in `lstm.sigmoid`."""
    e = exp(-abs(z))
    one = _one(e)
    s = one + e
    a = one if z >= 0 else e
    return _divide(a, a - a, s, e - (s - one), one)


@njit(**OPTIONS)
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
