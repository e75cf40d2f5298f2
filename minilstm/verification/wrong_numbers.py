"""Inexact kinds of departure: products and states in a coarser precision, weights in int8.

A simulation rounds as the program probably does, not in the same order: what it explains is most of the difference, not
all of it.
"""

import numpy as np

from .program import cell, forward
from .wrong_weights import with_parts

BITS = {"TF32": 10, "float16": 10, "bfloat16": 7}  # of the mantissa, but for the leading one


def rounded(array, bits):
    """`array` with so many bits behind the leading one, ties to even."""
    mantissa, exponent = np.frexp(array)
    return np.ldexp(np.round(np.ldexp(mantissa, bits + 1)), exponent - bits - 1)


def inexact(p):
    """Every known inexact kind: pairs of a name and a function that returns about what such a program returns."""
    for name in BITS:
        yield f"products in {name}", lambda bits=BITS[name]: forward(p, product=lambda a, b: rounded(a, bits) @ b)
    for name in ("float16", "bfloat16"):
        bits = BITS[name]
        yield f"products and their sums in {name}", lambda bits=bits: forward(p, product=_rounding(bits))
        yield (
            f"{name} inside, states and gates too",
            lambda bits=bits: forward(p, _rounding_cell(bits), _rounding(bits)),
        )
        yield f"h kept in {name}", lambda bits=bits: forward(p, lambda z, C: _rounded_h(cell(z, C), bits))
    for where, axes in INT8.items():
        changes = dict.fromkeys("WU", lambda blocks, axes=axes: _in_int8(blocks, axes))
        yield f"weights in int8, one scale for {where}", lambda changes=changes: forward(with_parts(p, **changes))
    for where, axes in INT8.items():
        changes = dict.fromkeys("WU", lambda blocks, axes=axes: _in_int8(blocks, axes))
        yield (
            f"weights and inputs in int8, one scale for {where}",
            lambda changes=changes: forward(with_parts(p, **changes), product=lambda a, b: _in_int8(a, (-2, -1)) @ b),
        )


INT8 = {"each array": (-3, -2, -1), "each gate": (-2, -1), "each row": (-1,)}


def _rounding(bits):
    return lambda a, b: rounded(rounded(a, bits) @ b, bits)


def _rounding_cell(bits):
    def wrong(z, C):
        i, f, o, C_tilde, *_ = (rounded(a, bits) for a in cell(rounded(z, bits), C))
        C = rounded(f * C + i * C_tilde, bits)
        return i, f, o, C_tilde, C, rounded(o * rounded(np.tanh(C), bits), bits)

    return wrong


def _rounded_h(step, bits):
    *others, h = step
    return *others, rounded(h, bits)


def _in_int8(array, axes):
    """`array` in steps of 1/127 of the largest number along `axes`."""
    scale = np.maximum(np.abs(array).max(axis=axes, keepdims=True), 1e-30) / 127
    return np.round(array / scale) * scale
