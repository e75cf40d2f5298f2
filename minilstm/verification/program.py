"""The program that mistakes are made in: a second writing of the LSTM, with a place for everything that goes wrong.

`forward(problem)` is right as it stands. A mistake changes the problem (other weights, states, inputs), the cell (other
equations) or the product, or what `forward` returns. Every array of a `Problem` may have leading axes: one problem then
stands for several, such as one for each wrong gate order, which are run together.
"""

from dataclasses import dataclass, field
from itertools import starmap
from typing import NamedTuple

import numpy as np
from scipy.special import expit as sigmoid

from ..io.conventions import CONVENTIONS
from ..lstm import Layer
from ..records import short_repr

TRACES = "i", "f", "o", "C_tilde", "C", "h"  # (..., layers, steps, batch, units)
QUANTITIES = (*TRACES, "output", "C_n", "h_n")
RETURNED = "output", "h_n", "C_n"  # by every program; a loss weighs these
GATES = "ifgo"  # the blocks of W, U and b here, where g is the candidate


class Variant(NamedTuple):
    """Variant of an LSTM; the defaults are the plain one."""

    directions: int = 1
    projection: int = 0  # the size of h, where it is not that of C
    peepholes: bool = False
    coupled: bool = False  # ONNX: input_forget
    clip: float = np.inf
    activations: tuple[str, str, str] = ("sigmoid", "tanh", "tanh")  # gate, candidate, exposed


@short_repr
@dataclass(frozen=True)
class Problem:
    """One case of test vectors, in float64.

    Attributes
    ----------
    x : (..., steps, batch, D) array
        Zero from each sequence's length on.
    lengths : (batch,) int array
    h_0, C_0 : (..., layers, batch, H) arrays
    W, U, b : tuples, one a layer, of (..., 4, H, D), (..., 4, H, H) and (..., 4, H) arrays, blocks i f g o
    b_hh : tuple of (..., 4, H) arrays, or None
        The part of b that stands in the second bias, where the convention has two.
    convention : str
        In which the weights stood.
    seams : tuple of int
        The steps at which the reading is interrupted and the state handed on.
    losses : dict of str to array
        The weights of `output`, `h_n` and `C_n` in the loss; empty if there is none.
    variant : Variant
        If it is another kind of LSTM, there are arrays for each direction of each layer: layer 1 forwards, layer 1
        backwards, layer 2 forwards, ...; `forward` only knows the plain one.
    peepholes : tuple of (3, H) arrays, blocks i f o, or None
    projections : tuple of (P, H) arrays, or None
    """

    x: np.ndarray
    lengths: np.ndarray
    h_0: np.ndarray
    C_0: np.ndarray
    W: tuple[np.ndarray, ...]
    U: tuple[np.ndarray, ...]
    b: tuple[np.ndarray, ...]
    b_hh: tuple[np.ndarray, ...] | None
    convention: str
    seams: tuple[int, ...] = ()
    losses: dict[str, np.ndarray] = field(default_factory=dict)
    variant: Variant = Variant()
    peepholes: tuple[np.ndarray, ...] | None = None
    projections: tuple[np.ndarray, ...] | None = None

    @property
    def order(self):
        """In which the convention has its blocks."""
        return CONVENTIONS[self.convention].order

    @property
    def layers(self):
        """The weights as `lstm.run` takes them, where there are no leading axes."""
        parts = (map(_joined, part) for part in (self.W, self.U, self.b))
        return tuple(starmap(Layer, zip(*parts, strict=True)))

    @property
    def steps(self):
        """Number of steps."""
        return self.x.shape[-3]

    @property
    def b_ih(self):
        """The part of b that stands in the first bias."""
        return tuple(b - b_hh for b, b_hh in zip(self.b, self.b_hh, strict=True))


def in_blocks(array):
    """An array (4 * H, ...) as (4, H, ...)."""
    return array.reshape(4, -1, *array.shape[1:])


def _joined(array):
    return array.reshape(-1, *array.shape[2:])


def cell(z, C, gates=(sigmoid, sigmoid, sigmoid), candidate=np.tanh, exposed=np.tanh):
    """Eqs. 1-2 from the pre-activations z (..., batch, 4, H) and the cell before; i, f, o, C_tilde, C and h."""
    i, f, o = (gate(z[..., k, :]) for gate, k in zip(gates, (0, 1, 3), strict=True))
    C_tilde = candidate(z[..., 2, :])
    C = f * C + i * C_tilde
    return i, f, o, C_tilde, C, o * exposed(C)


def rows_by(a, b):
    """`a @ b`, as one product of all rows of `a` if `b` is one matrix."""
    return a @ b if b.ndim > 2 else (a.reshape(-1, a.shape[-1]) @ b).reshape(*a.shape[:-1], -1)


def forward(p, cell=cell, product=rows_by, sent="h"):
    """Outputs of a right program; of another with another cell, product, or quantity that is sent to the next layer."""
    x, per_layer = p.x, []
    for k, (W, U, b) in enumerate(zip(p.W, p.U, p.b, strict=True)):
        h, C, steps = p.h_0[..., k, :, :], p.C_0[..., k, :, :], []
        W, U_T, b = matrix_of(W), matrix_of(U), b.reshape(*b.shape[:-2], 1, 1, -1)
        W = W[..., None, :, :] if W.ndim > 2 else W
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
    return add_final_states(traces, p.lengths)


def matrix_of(blocks):
    """Blocks (..., 4, H, D) as the matrix (..., D, 4 * H) that inputs are multiplied by."""
    return blocks.reshape(*blocks.shape[:-3], -1, blocks.shape[-1]).swapaxes(-1, -2)


def add_final_states(traces, lengths):
    """Add `output`, `h_n` and `C_n` to the arrays (..., layers, steps, batch, units) of gates and states."""
    last, rows = lengths - 1, np.arange(len(lengths))
    return traces | {
        "output": traces["h"][..., -1, :, :, :],
        "C_n": traces["C"][..., last, rows, :],
        "h_n": traces["h"][..., last, rows, :],
    }
