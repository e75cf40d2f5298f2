"""The program that mistakes are made in: a second writing of the LSTM, with a place for everything that goes wrong.

`forward(problem)` is right as it stands. A mistake changes the problem (other weights, states, inputs), the cell (other
equations) or the product, or what `forward` returns. Every array of a `Problem` may have leading axes: one problem then
stands for several, such as one for each wrong gate order, which are run together.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit as sigmoid

from ..io.conventions import CONVENTIONS

TRACES = "i", "f", "o", "C_tilde", "C", "h"  # (..., layers, steps, batch, units)
QUANTITIES = (*TRACES, "output", "C_n", "h_n")
GATES = "ifgo"  # the blocks of W, U and b here, where g is the candidate


@dataclass(frozen=True)
class Problem:
    """What a program reads.

    Attributes
    ----------
    x : (..., steps, batch, D) array
    lengths : (batch,) int array
    h_0, C_0 : (..., layers, batch, H) arrays
    W, U, b : tuples, one a layer, of (..., 4, H, D), (..., 4, H, H) and (..., 4, H) arrays, blocks i f g o
    b_hh : tuple of (..., 4, H) arrays, or None
        The part of b that stands in the second bias.
    order : str
        In which the convention has its blocks.
    transposed : bool
        Whether the convention has W and U as (inputs, 4 * H).
    seams : tuple of int
        The steps at which the reading is interrupted and the state handed on.
    """

    x: np.ndarray
    lengths: np.ndarray
    h_0: np.ndarray
    C_0: np.ndarray
    W: tuple[np.ndarray, ...]
    U: tuple[np.ndarray, ...]
    b: tuple[np.ndarray, ...]
    b_hh: tuple[np.ndarray, ...] | None
    order: str
    transposed: bool
    seams: tuple[int, ...]

    @property
    def steps(self):
        """How many steps are read."""
        return self.x.shape[-3]

    @property
    def b_ih(self):
        """The part of b that stands in the first bias."""
        return tuple(b - b_hh for b, b_hh in zip(self.b, self.b_hh, strict=True))


def problem_of(v):
    """The `Problem` that one case of test vectors poses."""
    W, U, b = zip(*v.layers, strict=True)
    blocks = (tuple(array.reshape(4, len(array) // 4, *array.shape[1:]) for array in part) for part in (W, U, b))
    b_hh = v.recurrent_bias and tuple(array.reshape(4, -1) for array in v.recurrent_bias)
    order = CONVENTIONS[v.convention].order
    return Problem(v.x, v.lengths, v.h_0, v.C_0, *blocks, b_hh, order, v.convention == "keras", v.seams)


def cell(z, C, gates=(sigmoid, sigmoid, sigmoid), candidate=np.tanh, exposed=np.tanh):
    """Eqs. 1-2 from the pre-activations z (..., batch, 4, H) and the cell before; i, f, o, C_tilde, C and h."""
    i, f, o = (gate(z[..., k, :]) for gate, k in zip(gates, (0, 1, 3), strict=True))
    C_tilde = candidate(z[..., 2, :])
    C = f * C + i * C_tilde
    return i, f, o, C_tilde, C, o * exposed(C)


def forward(p, cell=cell, product=np.matmul, sent="h"):
    """What a right program returns; another with another cell, product, or quantity that is sent to the next layer."""
    x, per_layer = p.x, []
    for k, (W, U, b) in enumerate(zip(p.W, p.U, p.b, strict=True)):
        h, C, steps = p.h_0[..., k, :, :], p.C_0[..., k, :, :], []
        W, U_T, b = matrix_of(W)[..., None, :, :], matrix_of(U), b.reshape(*b.shape[:-2], 1, 1, -1)
        from_input = product(x, W) + b  # (..., steps, batch, 4 * H)
        for t in range(from_input.shape[-3]):
            z = from_input[..., t, :, :] + product(h, U_T)
            step = cell(z.reshape(*z.shape[:-1], 4, -1), C)
            *_, C, h = step
            steps.append(step)
        per_layer.append([np.stack(quantity, axis=-3) for quantity in zip(*steps, strict=True)])
        x = per_layer[-1][TRACES.index(sent)]
    traces = {
        name: np.stack(layers, axis=-4) for name, layers in zip(TRACES, zip(*per_layer, strict=True), strict=True)
    }
    return complete(traces, p.lengths)


def matrix_of(blocks):
    """Blocks (..., 4, H, D) as the matrix (..., D, 4 * H) that inputs are multiplied by."""
    return blocks.reshape(*blocks.shape[:-3], -1, blocks.shape[-1]).swapaxes(-1, -2)


def complete(traces, lengths):
    """Add `output`, `h_n` and `C_n` to the arrays (..., layers, steps, batch, units) of gates and states."""
    last, rows = lengths - 1, np.arange(len(lengths))
    return traces | {
        "output": traces["h"][..., -1, :, :, :],
        "C_n": traces["C"][..., last, rows, :],
        "h_n": traces["h"][..., last, rows, :],
    }
