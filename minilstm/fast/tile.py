"""A matrix product in tiles that stay in the registers, for weights that are laid out once and multiplied very often::

    z[r, c] += sum over k of h[r, k] U[k, c]

What takes time in such a product is less the arithmetic than bringing the numbers to it. A processor multiplies and adds
a whole register of numbers at a time (16 of float32 where a register has 64 bytes), and it has 16 or 32 registers. If
z is kept in them while k runs, nothing of z is read or written in between, and each line of U that comes in is used
for several rows of h. So z is cut into tiles, each a few rows high and two or four registers wide.

BLAS, the library for such products, does the same, but lays its matrices out anew at every call; for a single row,
where it does not, it is not made for weights that lie in the cache.

Numba cannot be told to keep a tile in registers, so the functions here are not Numba's Python. They write the loop in
the language of LLVM, the compiler behind Numba: `builder.load(...)` computes nothing, it puts a load into the code
that will run. Every sum adds up in the order of k and is added to z at the end, whatever the shape of the tile: a row
of z has the same bits however many rows are computed beside it.

z, h and U are float32 or float64 alike. After a change here, delete what Numba keeps (see `jit.py`).
"""

import platform

from llvmlite import binding, ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

COLUMNS = 64  # of U: the four gates of 16 units
_FEATURES = binding.get_host_cpu_features()
_REGISTER = 64 if _FEATURES.get("avx512f") else 32 if _FEATURES.get("avx") else 16  # bytes
_REGISTERS = 32 if _REGISTER == 64 or platform.machine() in ("aarch64", "arm64") else 16
# Rows of a tile. Beside z, a line of U and one number of h have to fit in: 12 * 2 + 2 + 1 registers, or 6 * 2 + 2 + 1.
TALL = 12 if _REGISTERS == 32 else 6  # where there are so many rows: two registers wide
LOW = _REGISTERS // 8  # for fewer, and for what is left over: four registers wide
_INT64, _INT32, _BYTES = ir.IntType(64), ir.IntType(32), ir.IntType(8).as_pointer()


class _Matrix:
    """A two-dimensional array of Numba's, C-contiguous, as the code that is being written sees it."""

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
    """Write the code that adds h @ U to some rows of z, tile by tile from the left.

    Parameters
    ----------
    builder : llvmlite.ir.IRBuilder
    rows, across : int
        Of a tile: its rows, and the registers side by side.
    steps : int
        How many k are written out in each turn of the loop; the rest of K follows in a loop of its own. With more than
        one, U is large, and the same rows of the next block's U are called for in advance.
    address : callable (int, value) -> value
        The address of h[r, k].
    z, U : _Matrix
    z_row, U_row, K : values
        The first row of z, and the rows of U from U_row to U_row + K.
    """
    lanes = _REGISTER // z.size  # numbers in a register
    register = ir.VectorType(z.data.type.pointee, lanes)
    nothing, first_lane = ir.Constant(register, ir.Undefined), ir.VectorType(_INT32, lanes)(None)
    sums = [[cgutils.alloca_once(builder, register) for _ in range(across)] for _ in range(rows)]

    prefetch = builder.module.declare_intrinsic(
        "llvm.prefetch", [_BYTES], ir.FunctionType(ir.VoidType(), [_BYTES, _INT32, _INT32, _INT32])
    )

    def multiply(k, columns):
        line = [builder.load(U.at(builder.add(U_row, k), c, lanes), align=U.size) for c in columns]
        for c in columns if steps > 1 else ():  # past the end of U this does no harm: nothing is read, only fetched
            soon = builder.bitcast(U.at(builder.add(builder.add(U_row, K), k), c), _BYTES)
            builder.call(prefetch, [soon, _INT32(0), _INT32(2), _INT32(1)])  # for reading, to the second cache, data
        for r, totals in enumerate(sums):
            one = builder.insert_element(nothing, builder.load(address(r, k)), _INT32(0))
            everywhere = builder.shuffle_vector(one, nothing, first_lane)  # h[r, k] in all lanes of a register
            for total, weights in zip(totals, line):
                product = builder.fmul(everywhere, weights, flags=("contract",))
                builder.store(builder.fadd(builder.load(total), product, flags=("contract",)), total)

    with cgutils.for_range(builder, _INT64(COLUMNS // (across * lanes))) as tile:
        columns = [
            builder.add(builder.mul(tile.index, _INT64(across * lanes)), _INT64(j * lanes)) for j in range(across)
        ]
        for total in sum(sums, []):
            builder.store(register(None), total)
        turns = builder.udiv(K, _INT64(steps))
        with cgutils.for_range(builder, turns) as loop:
            for step in range(steps):
                multiply(builder.add(builder.mul(loop.index, _INT64(steps)), _INT64(step)), columns)
        with cgutils.for_range(builder, builder.urem(K, _INT64(steps))) as loop:
            multiply(builder.add(builder.mul(turns, _INT64(steps)), loop.index), columns)
        for r, totals in enumerate(sums):
            for total, c in zip(totals, columns):
                place = z.at(builder.add(z_row, _INT64(r)), c, lanes)
                builder.store(builder.fadd(builder.load(place, align=z.size), builder.load(total)), place, align=z.size)


@intrinsic
def add_packed(typing, z, packed, packed_row, U, U_row, K):
    """z[:TALL] += h @ U[U_row : U_row + K], for as many rows of h, which lie in `packed` as `blocks.pack` puts them.

    Parameters
    ----------
    z : (TALL or more, COLUMNS or more) array
    packed : (.., TALL) array
        h[r, k] is packed[packed_row + k, r].
    U : (.., COLUMNS) array
    packed_row, U_row, K : int
    """

    def code(context, builder, signature, arguments):
        _, _, packed_row, _, U_row, K = arguments
        z, packed, U = (_Matrix(context, builder, signature.args[k], arguments[k]) for k in (0, 1, 3))

        def address(r, k):
            return builder.gep(packed.at(builder.add(packed_row, k), _INT64(0)), [_INT64(r)])

        _tile(builder, TALL, 2, 2, address, z, _INT64(0), U, U_row, K)
        return context.get_dummy_value()

    index = types.intp
    return types.void(z, packed, index, U, index, index), code


@intrinsic
def add_product(typing, z, z_row, h, row, rows, U, U_row, K):
    """z[z_row : z_row + rows] += h[row : row + rows, :K] @ U[U_row : U_row + K], for any number of rows."""

    def code(context, builder, signature, arguments):
        _, z_row, _, row, rest, _, U_row, K = arguments
        z, h, U = (_Matrix(context, builder, signature.args[k], arguments[k]) for k in (0, 2, 5))
        for tall in (LOW, 1):
            with cgutils.for_range(builder, builder.udiv(rest, _INT64(tall))) as loop:
                done = builder.mul(loop.index, _INT64(tall))

                def address(r, k, first=builder.add(row, done)):
                    return h.at(builder.add(first, _INT64(r)), k)

                _tile(builder, tall, 4, 1, address, z, builder.add(z_row, done), U, U_row, K)
            over = builder.urem(rest, _INT64(tall))
            z_row, row = (builder.add(place, builder.sub(rest, over)) for place in (z_row, row))
            rest = over
        return context.get_dummy_value()

    index = types.intp
    return types.void(z, index, h, index, index, U, index, index), code


@intrinsic
def copy(typing, source, row, column, target, target_row, target_column):
    """Copy COLUMNS / 4 numbers from source[row, column] on to target[target_row, target_column] on, all at once."""

    def code(context, builder, signature, arguments):
        _, row, column, _, target_row, target_column = arguments
        source, target = (_Matrix(context, builder, signature.args[k], arguments[k]) for k in (0, 3))
        numbers = builder.load(source.at(row, column, COLUMNS // 4), align=source.size)
        builder.store(numbers, target.at(target_row, target_column, COLUMNS // 4), align=target.size)
        return context.get_dummy_value()

    index = types.intp
    return types.void(source, index, index, target, index, index), code
