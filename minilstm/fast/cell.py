"""Eqs. 1-2 and the gates for one unit, compiled: what `lstm.step` computes once the sums z are there.

After a change here, delete what Numba keeps (see `jit.py`).
"""

import numba
from numba import types
from numba.extending import intrinsic

from .squash import OPTIONS, sigmoid, tanh

# Numba counts references to each array in every function that is given it. That would take longer than what the small
# functions here and in `blocks.py` do, so their code is copied into the function that calls them.
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
    """Tells the compiler to use the widest registers in the function that calls this.

    By itself LLVM, Numba's compiler, uses half their width on many processors, because the first ones that had
    registers of 512 bits ran slower while they used them.
    """

    def code(context, builder, signature, arguments):
        set.add(builder.function.attributes, '"prefer-vector-width"="512"')  # llvmlite's own `add` knows fewer names
        return context.get_dummy_value()

    return types.void(), code
