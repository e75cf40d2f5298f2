"""Mistakes in the equations: other cells than that of Eqs. 1-2, and what a cell is cut to."""

import numpy as np
from scipy.special import expit as sigmoid

from .program import cell, forward

HARD_SIGMOIDS = {
    "hard sigmoid of Keras 3 and PyTorch, relu6(z + 3) / 6": lambda z: np.clip(z / 6 + 0.5, 0, 1),
    "hard sigmoid of Keras 2 and ONNX, 0.2 z + 0.5 within 0 and 1": lambda z: np.clip(0.2 * z + 0.5, 0, 1),
}
ACTIVATIONS = HARD_SIGMOIDS | {
    "no activation": lambda z: z,
    "sigmoid": sigmoid,
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0),
    "leaky relu": lambda z: np.where(z > 0, z, 0.01 * z),
    "elu": lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))),
    "softplus": lambda z: np.logaddexp(0, z),
    "softsign": lambda z: z / (1 + np.abs(z)),
    "hard tanh": lambda z: np.clip(z, -1, 1),
    "1.7159 tanh(2 z / 3)": lambda z: 1.7159 * np.tanh(2 * z / 3),
}
CLIPPED_CELLS = 1, 2, 3, 4, 5, 6, 8, 10
CLIPPED_SUMS = 1, 2, 3, 5, 6, 10, 20
WIDTHS = 32, 64, 100, 128  # that a program may take for the largest number of units


def wrong_cells():
    """Every known wrong cell: pairs of a name and a function (z, C) as `program.cell`."""
    for name, function in ACTIVATIONS.items():
        if function is not sigmoid:
            everywhere = name if name in HARD_SIGMOIDS else f"{name} for sigmoid in every gate"
            yield everywhere, _with(gates=(function,) * 3)
            for place, gate in enumerate("ifo"):
                gates = tuple(function if k == place else sigmoid for k in range(3))
                yield f"{name} for sigmoid in gate {gate}", _with(gates=gates)
        if function is not np.tanh:
            yield f"{name} for tanh in C~", _with(candidate=function)
            yield f"{name} for tanh of C in h", _with(exposed=function)
    yield "sigmoid taken twice in every gate", _with(gates=(lambda z: sigmoid(sigmoid(z)),) * 3)
    yield "tanh taken twice in C~", _with(candidate=lambda z: np.tanh(np.tanh(z)))
    for place, gate in enumerate("ifo"):
        gates = tuple((lambda z: sigmoid(-z)) if k == place else sigmoid for k in range(3))
        yield f"1 - {gate} for {gate}", _with(gates=gates)
    yield "coupled gates, f = 1 - i", _coupled("f")
    yield "coupled gates, i = 1 - f", _coupled("i")
    for name, combine, expose in COMBINATIONS:
        yield name, _combined(combine, expose)
    for limit in CLIPPED_CELLS:
        yield f"C clipped at {limit}", _combined(lambda i, f, o, g, C, t=limit: np.clip(f * C + i * g, -t, t))
    for limit in CLIPPED_SUMS:
        yield f"z clipped at {limit}", lambda z, C, t=limit: cell(np.clip(z, -t, t), C)
    for width in WIDTHS:
        yield f"units beyond {width} dropped", _narrow(width)


def wrong_equations(p):
    """Every known mistake in the equations: pairs of a name and a function that returns what a program returns."""
    for name, wrong in wrong_cells():
        yield name, lambda wrong=wrong: forward(p, wrong)
    yield "the next layer reads C instead of h", lambda: forward(p, sent="C")


def _right_C(i, f, o, C_tilde, C):
    return f * C + i * C_tilde


def _right_h(o, C, C_prev):
    return o * np.tanh(C)


COMBINATIONS = (
    ("i + C~ for i * C~", lambda i, f, o, C_tilde, C: f * C + (i + C_tilde), _right_h),
    ("f + C for f * C", lambda i, f, o, C_tilde, C: (f + C) + i * C_tilde, _right_h),
    ("no forget gate, C = C_prev + i C~", lambda i, f, o, C_tilde, C: C + i * C_tilde, _right_h),
    ("no input gate, C = f C_prev + C~", lambda i, f, o, C_tilde, C: f * C + C_tilde, _right_h),
    ("C_prev forgotten, C = i C~", lambda i, f, o, C_tilde, C: i * C_tilde + 0 * C, _right_h),
    ("f and i on the sum, C = f (C_prev + i C~)", lambda i, f, o, C_tilde, C: f * (C + i * C_tilde), _right_h),
    ("no output gate, h = tanh(C)", _right_C, lambda o, C, C_prev: np.tanh(C)),
    ("output gate inside tanh, h = tanh(o C)", _right_C, lambda o, C, C_prev: np.tanh(o * C)),
    ("h from the cell before, h = o tanh(C_prev)", _right_C, lambda o, C, C_prev: o * np.tanh(C_prev)),
)


def _with(**activations):
    return lambda z, C: cell(z, C, **activations)


def _combined(combine, expose=_right_h):
    def wrong(z, C_prev):
        i, f, o, C_tilde, *_ = cell(z, C_prev)
        C = combine(i, f, o, C_tilde, C_prev)
        return i, f, o, C_tilde, C, expose(o, C, C_prev)

    return wrong


def _coupled(which):
    """One gate is what the other leaves."""

    def wrong(z, C_prev):
        i, f, o, C_tilde, *_ = cell(z, C_prev)
        i, f = (i, 1 - i) if which == "f" else (1 - f, f)
        C = f * C_prev + i * C_tilde
        return i, f, o, C_tilde, C, o * np.tanh(C)

    return wrong


def _narrow(width):
    """Nothing is computed for units from number `width` on: their gates, cell and h are zero."""

    def wrong(z, C):
        return tuple(np.where(np.arange(a.shape[-1]) < width, a, 0) for a in cell(z, C))

    return wrong
