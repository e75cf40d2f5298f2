"""Flags by which two threads see what the other has done, without Python's lock and without going to sleep.

A processor may let another see what it writes in any order. Here `mark` and `is_set` are a pair (release and acquire,
in the words of the trade): whoever sees a flag also sees all that was written before it was set. Flags are bytes,
uint8 arrays of one dimension. After a change here, delete what Numba keeps (see `jit.py`).
"""

from numba import types
from numba.extending import intrinsic

from .cell import inlined
from .jit import njit


@intrinsic
def is_set(typing, flags, k):
    """Whether flags[k] is set. If so, all that was written before that can be seen from here on."""

    def code(context, builder, signature, arguments):
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        byte = builder.load_atomic(builder.gep(array.data, [arguments[1]]), "acquire", 1)
        return builder.icmp_unsigned("!=", byte, byte.type(0))

    return types.boolean(flags, types.intp), code


@intrinsic
def mark(typing, flags, k):
    """Set flags[k]. Nobody sees that before what was written earlier."""

    def code(context, builder, signature, arguments):
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        byte = array.data.type.pointee(1)
        builder.store_atomic(byte, builder.gep(array.data, [arguments[1]]), "release", 1)
        return context.get_dummy_value()

    return types.void(flags, types.intp), code


@inlined
def watch(flags, k, looks):
    """Wait until flags[k] is set, but look no more often than `looks` times."""
    while looks and not is_set(flags, k):
        looks -= 1


@njit
def tell_and_watch(flags, told, k, looks):
    """Set flags[told] and wait for flags[k], without Python's lock."""
    mark(flags, told)
    watch(flags, k, looks)
