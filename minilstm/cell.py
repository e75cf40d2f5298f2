"""Eqs. 1-2 and the gates for one unit, compiled: what `lstm.step` computes once the sums z are there."""

import numba
from numba import types
from numba.extending import intrinsic

from .squash import OPTIONS, sigmoid, tanh

# Numba counts the references to each array in every function that gets it: what is called often has to be inlined.
inlined = numba.njit(inline="always", **OPTIONS)


@inlined
def cell(z_i, z_f, z_g, z_o, C_prev):
    """i, f, C_tilde, o, C and h of a unit from its sums and its cell before; loops over units vectorise."""
    i = sigmoid(z_i)
    f = sigmoid(z_f)
    C_tilde = tanh(z_g)
    o = sigmoid(z_o)
    C = f * C_prev + i * C_tilde  # Eq. 1
    h = o * tanh(C)  # Eq. 2
    return i, f, C_tilde, o, C, h


@intrinsic
def wide(typing):
    """Said in a function with loops over units: use the widest registers there are.

    By itself LLVM keeps to half of them on many processors, since the first that had them slowed down when they were used.
    """

    def code(context, builder, signature, arguments):
        set.add(builder.function.attributes, '"prefer-vector-width"="512"')  # llvmlite's own `add` knows fewer names
        return context.get_dummy_value()

    return types.void(), code
