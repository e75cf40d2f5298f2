"""A matrix product in tiles that stay in the registers, for weights that are laid out once and multiplied very often.

BLAS lays its matrices out anew at every call, and its calls for a vector are not made for weights that lie in the
cache. Here a tile of z, a few rows wide and two or four registers across, is kept in registers while k runs over the
rows of U; at each step a few numbers of h are multiplied with one line of U::

    z[r, c] += sum over k of h[r, k] U[k, c]

Numba cannot be told to keep a tile in registers, so the loop is written in the language of LLVM, on which Numba builds.
Every sum adds up in the order of k and is added to z at the end, whatever the shape of the tile: a row of z has the same
bits however many rows are computed beside it.

Numba's cache does not notice changes here: delete `__pycache__/*.nb?` after any.
"""

import platform

from llvmlite import binding, ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

COLUMNS = 64  # of U
_FEATURES = binding.get_host_cpu_features()
_REGISTER = 64 if _FEATURES.get("avx512f") else 32 if _FEATURES.get("avx") else 16  # bytes
_REGISTERS = 32 if _REGISTER == 64 or platform.machine() in ("aarch64", "arm64") else 16
TALL = 12 if _REGISTERS == 32 else 6  # rows of the tile that nearly fills the registers, two of them a row
LOW = _REGISTERS // 8  # and of the one for what is left over, four of them a row
_WHOLE, _INT, _BYTE = ir.IntType(64), ir.IntType(32), ir.IntType(8).as_pointer()


class _Matrix:
    """A two-dimensional array in memory, as the code that is being written sees it."""

    def __init__(self, context, builder, kind, value):
        array = context.make_array(kind)(context, builder, value)
        self.builder, self.data = builder, array.data
        self.width = cgutils.unpack_tuple(builder, array.shape)[1]
        self.size = kind.dtype.bitwidth // 8  # bytes of a number

    def at(self, row, column, lanes=None):
        """The address of one number, or of a register full from there on."""
        b = self.builder
        address = b.gep(self.data, [b.add(b.mul(row, self.width), column)])
        return b.bitcast(address, ir.VectorType(self.data.type.pointee, lanes).as_pointer()) if lanes else address


def _tile(builder, rows, across, steps, address, z, z_row, U, U_row, K):
    """Write the code that adds h @ U to so many rows of z, so many registers at a time; `address` (r, k) is that of h."""
    lanes = _REGISTER // z.size
    register = ir.VectorType(z.data.type.pointee, lanes)
    nothing, first_lane = ir.Constant(register, ir.Undefined), ir.VectorType(_INT, lanes)(None)
    sums = [[cgutils.alloca_once(builder, register) for _ in range(across)] for _ in range(rows)]

    prefetch = builder.module.declare_intrinsic(
        "llvm.prefetch", [_BYTE], ir.FunctionType(ir.VoidType(), [_BYTE, _INT, _INT, _INT])
    )

    def multiply(k, columns):
        line = [builder.load(U.at(builder.add(U_row, k), c, lanes), align=U.size) for c in columns]
        for c in columns if steps > 1 else ():  # the next block's turn comes before it would be here
            soon = builder.bitcast(U.at(builder.add(builder.add(U_row, K), k), c), _BYTE)
            builder.call(prefetch, [soon, _INT(0), _INT(2), _INT(1)])  # to be read, into the second cache, as data
        for r, totals in enumerate(sums):
            one = builder.insert_element(nothing, builder.load(address(r, k)), _INT(0))
            everywhere = builder.shuffle_vector(one, nothing, first_lane)
            for total, weights in zip(totals, line):
                product = builder.fmul(everywhere, weights, flags=("contract",))
                builder.store(builder.fadd(builder.load(total), product, flags=("contract",)), total)

    with cgutils.for_range(builder, _WHOLE(COLUMNS // (across * lanes))) as tile:
        columns = [
            builder.add(builder.mul(tile.index, _WHOLE(across * lanes)), _WHOLE(j * lanes)) for j in range(across)
        ]
        for total in sum(sums, []):
            builder.store(register(None), total)
        turns = builder.udiv(K, _WHOLE(steps))
        with cgutils.for_range(builder, turns) as loop:
            for step in range(steps):
                multiply(builder.add(builder.mul(loop.index, _WHOLE(steps)), _WHOLE(step)), columns)
        with cgutils.for_range(builder, builder.urem(K, _WHOLE(steps))) as loop:
            multiply(builder.add(builder.mul(turns, _WHOLE(steps)), loop.index), columns)
        for r, totals in enumerate(sums):
            for total, c in zip(totals, columns):
                place = z.at(builder.add(z_row, _WHOLE(r)), c, lanes)
                builder.store(builder.fadd(builder.load(place, align=z.size), builder.load(total)), place, align=z.size)


@intrinsic
def add_packed(typing, z, packed, packed_row, U, U_row, K):
    """z[:TALL] += h @ U for the rows of h that `pack` has put into the K rows of `packed` from packed_row on.

    U has `COLUMNS` columns, z at least as many; its K rows from U_row on are taken.
    """

    def code(context, builder, signature, arguments):
        _, _, packed_row, _, U_row, K = arguments
        z, packed, U = (_Matrix(context, builder, signature.args[k], arguments[k]) for k in (0, 1, 3))

        def address(r, k):
            return builder.gep(packed.at(builder.add(packed_row, k), _WHOLE(0)), [_WHOLE(r)])

        _tile(builder, TALL, 2, 2, address, z, _WHOLE(0), U, U_row, K)
        return context.get_dummy_value()

    whole = types.intp
    return types.void(z, packed, whole, U, whole, whole), code


@intrinsic
def add_product(typing, z, z_row, h, row, rows, U, U_row, K):
    """The same for the few `rows` of z from z_row on and of h, as it lies, from `row` on."""

    def code(context, builder, signature, arguments):
        _, z_row, _, row, rest, _, U_row, K = arguments
        z, h, U = (_Matrix(context, builder, signature.args[k], arguments[k]) for k in (0, 2, 5))
        for tall in (LOW, 1):
            with cgutils.for_range(builder, builder.udiv(rest, _WHOLE(tall))) as loop:
                done = builder.mul(loop.index, _WHOLE(tall))

                def address(r, k, first=builder.add(row, done)):
                    return h.at(builder.add(first, _WHOLE(r)), k)

                _tile(builder, tall, 4, 1, address, z, builder.add(z_row, done), U, U_row, K)
            over = builder.urem(rest, _WHOLE(tall))
            z_row, row = (builder.add(place, builder.sub(rest, over)) for place in (z_row, row))
            rest = over
        return context.get_dummy_value()

    whole = types.intp
    return types.void(z, whole, h, whole, whole, U, whole, whole), code


@intrinsic
def copy(typing, source, row, column, target, target_row, target_column):
    """COLUMNS / 4 numbers of a row of `source` to `target`, with one load and one store."""

    def code(context, builder, signature, arguments):
        _, row, column, _, target_row, target_column = arguments
        source, target = (_Matrix(context, builder, signature.args[k], arguments[k]) for k in (0, 3))
        numbers = builder.load(source.at(row, column, COLUMNS // 4), align=source.size)
        builder.store(numbers, target.at(target_row, target_column, COLUMNS // 4), align=target.size)
        return context.get_dummy_value()

    whole = types.intp
    return types.void(source, whole, whole, target, whole, whole), code
