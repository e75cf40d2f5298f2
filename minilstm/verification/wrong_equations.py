"""Mistakes in the equations: other cells than that of Eqs. 1-2, and what a cell is cut to."""

from functools import partial

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import expit as sigmoid
from scipy.special import ndtr

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
    "gelu": lambda z: z * ndtr(z),
    "swish": lambda z: z * sigmoid(z),
    "1.7159 tanh(2 z / 3)": lambda z: 1.7159 * np.tanh(2 * z / 3),
}


def _with(**activations):
    return partial(cell, **activations)


def _combined(new_C=lambda i, f, o, C_tilde, C: f * C + i * C_tilde, new_h=lambda o, C, C_prev: o * np.tanh(C)):
    def wrong(z, C_prev):
        i, f, o, C_tilde, *_ = cell(z, C_prev)
        C = new_C(i, f, o, C_tilde, C_prev)
        return i, f, o, C_tilde, C, new_h(o, C, C_prev)

    return wrong


def _coupled(gates_of):
    """One gate is what the other leaves: `gates_of(i, f)` are used for i and f."""

    def wrong(z, C_prev):
        i, f, o, C_tilde, *_ = cell(z, C_prev)
        i, f = gates_of(i, f)
        C = f * C_prev + i * C_tilde
        return i, f, o, C_tilde, C, o * np.tanh(C)

    return wrong


def _overflowing(limit, both_ways=True):
    """An activation function made of exp is nan where its argument (or its size) is above `limit`."""
    return lambda function: lambda z: np.where((np.abs(z) if both_ways else z) > limit, np.nan, function(z))


def _narrow(width):
    """Nothing is computed for units from number `width` on: their gates, cell and h are zero."""

    def wrong(z, C):
        return tuple(np.where(np.arange(a.shape[-1]) < width, a, 0) for a in cell(z, C))

    return wrong


CELLS = {  # functions (z, C) as `program.cell`
    "sigmoid taken twice in every gate": _with(gates=(lambda z: sigmoid(sigmoid(z)),) * 3),
    "tanh taken twice in C~": _with(candidate=lambda z: np.tanh(np.tanh(z))),
    "coupled gates, f = 1 - i": _coupled(lambda i, f: (i, 1 - i)),
    "coupled gates, i = 1 - f": _coupled(lambda i, f: (1 - f, f)),
    "i + C~ for i * C~": _combined(lambda i, f, o, C_tilde, C: f * C + (i + C_tilde)),
    "f + C for f * C": _combined(lambda i, f, o, C_tilde, C: (f + C) + i * C_tilde),
    "no forget gate, C = C_prev + i C~": _combined(lambda i, f, o, C_tilde, C: C + i * C_tilde),
    "no input gate, C = f C_prev + C~": _combined(lambda i, f, o, C_tilde, C: f * C + C_tilde),
    "C_prev forgotten, C = i C~": _combined(lambda i, f, o, C_tilde, C: i * C_tilde + 0 * C),
    "f and i on the sum, C = f (C_prev + i C~)": _combined(lambda i, f, o, C_tilde, C: f * (C + i * C_tilde)),
    "no output gate, h = tanh(C)": _combined(new_h=lambda o, C, C_prev: np.tanh(C)),
    "output gate inside tanh, h = tanh(o C)": _combined(new_h=lambda o, C, C_prev: np.tanh(o * C)),
    "h from the cell before, h = o tanh(C_prev)": _combined(new_h=lambda o, C, C_prev: o * np.tanh(C_prev)),
}
CLIPPED = {  # what may be cut to [-t, t]: the cell that does so, and usual values of t
    "C": (
        lambda t: _combined(lambda i, f, o, C_tilde, C: np.clip(f * C + i * C_tilde, -t, t)),
        (1, 2, 3, 4, 5, 6, 8, 10),
    ),
    "z": (lambda t: lambda z, C: cell(np.clip(z, -t, t), C), (1, 2, 3, 5, 6, 10, 20)),
    "h": (lambda t: _combined(new_h=lambda o, C, C_prev: np.clip(o * np.tanh(C), -t, t)), ()),
}
CELLS |= {f"{what} clipped at {limit}": cut(limit) for what, (cut, limits) in CLIPPED.items() for limit in limits}
of_float32, of_float16 = (float(np.log(np.finfo(kind).max)) for kind in (np.float32, np.float16))  # where exp overflows
CELLS |= {
    "exp overflows in sigmoid, nan where z is above 88": _with(gates=(_overflowing(of_float32, False)(sigmoid),) * 3),
    "exp overflows in tanh, nan where |z| is above 88": _with(candidate=_overflowing(of_float32)(np.tanh)),
    "exp overflows in tanh, nan where z is above 44": _with(candidate=_overflowing(of_float32 / 2, False)(np.tanh)),
    "exp overflows in float16, nan where |z| is above 11": _with(
        gates=(_overflowing(of_float16)(sigmoid),) * 3, candidate=_overflowing(of_float16)(np.tanh)
    ),
}
CELLS |= {f"units beyond {width} dropped": _narrow(width) for width in (32, 64, 100, 128)}


def _gate_replaced(k, function):
    """Gate number k of i, f, o with another activation."""
    return _with(gates=tuple(function if k == gate else sigmoid for gate in range(3)))


def wrong_cells():
    """Every known wrong cell: pairs of a name and a function (z, C) as `program.cell`."""
    for name, function in ACTIVATIONS.items():
        if function is not sigmoid:
            yield name if name in HARD_SIGMOIDS else f"{name} for sigmoid in every gate", _with(gates=(function,) * 3)
            for k, gate in enumerate("ifo"):
                yield f"{name} for sigmoid in gate {gate}", _gate_replaced(k, function)
        if function is not np.tanh:
            yield f"{name} for tanh in C~", _with(candidate=function)
            yield f"{name} for tanh of C in h", _with(exposed=function)
            yield f"{name} for both tanh", _with(candidate=function, exposed=function)
    for k, gate in enumerate("ifo"):
        yield f"1 - {gate} for {gate}", _gate_replaced(k, lambda z: sigmoid(-z))
    yield from CELLS.items()


def clipped(p, compared):
    """Pairs of a name and a cell that is clipped at a limit which is not listed, but found in what was handed in.

    `compared` is a `Comparison` by name. The limit that leaves the least squared difference is rounded to as few
    decimals as will do; or it is the largest number handed in, where what is clipped is handed in itself.
    """

    def left(limit, cut):
        wrong = forward(p, cut(limit))
        return np.nan_to_num(sum(c.squares(wrong[name]) for name, c in compared.items()), nan=np.inf)

    total = sum(c.squares(c.right) for c in compared.values())
    for what, (cut, _) in CLIPPED.items():
        step, most = (0.05, 1) if what == "h" else (0.5, 20 if what == "z" else 12)
        near = min(np.arange(step, most, step), key=lambda limit, cut=cut: left(limit, cut))
        if left(near, cut) > total / 2:
            continue
        fit = minimize_scalar(
            left, bounds=(near - step, near + step), args=(cut,), method="bounded", options={"xatol": 1e-7}
        )
        seen = [np.abs(c.got[c.words]).max() for name, c in compared.items() if name in SEEN.get(what, ())]
        for limit in (*(round(fit.x, decimals) for decimals in range(5)), *seen):
            yield f"{what} clipped at {limit:.6g}", cut(limit)


SEEN = {"C": ("C", "C_n"), "h": ("h", "h_n", "output")}


def wrong_equations(p):
    """Every known mistake in the equations: pairs of a name and a function that returns what a program returns."""
    for name, wrong in wrong_cells():
        yield name, partial(forward, p, wrong)
    yield "the next layer reads C instead of h", partial(forward, p, sent="C")
