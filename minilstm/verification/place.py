"""Place of a departure in the network and in the text.

Units have the paper's numbers, which count from 1 through all layers (and directions).
"""

import numpy as np

from .program import TRACES, cell

AXES = {
    **dict.fromkeys(TRACES, ("layer", "step", "sequence", "unit")),
    **dict.fromkeys(("h_n", "C_n", "d_h_0", "d_C_0"), ("layer", "sequence", "unit")),
    "output": ("step", "sequence", "unit"),
    "d_x": ("step", "sequence", "input"),
}
SLACK = 20  # times the tolerance: rounding of what was handed in passes through large weights


def place_of(comparisons, expected, p):
    """A sentence part that says where `comparisons` (of one case, by quantity) depart from `expected`.

    If h and C of all layers and steps are among them, each step is computed from the states that were handed in before
    it, so that what follows from an earlier departure is not blamed.
    """
    local = _local(comparisons, p) if {"h", "C"} <= comparisons.keys() else {}
    for name, values in local.items():
        comparison = comparisons[name]
        outside = ~comparison.close(values, SLACK)
        if outside.any():
            return f"{_where(name, outside, p)}; what it is made of is right"
    for name in sorted(comparisons, key=[*TRACES, "output", "C_n", "h_n"].index):
        outside = ~comparisons[name].close(expected[name])
        if outside.any():
            return _where(name, outside, p)
    return ""


def _local(comparisons, p):
    """Each quantity that was handed in as Eqs. 1-2 make it from the others that were."""
    got = {name: comparison.got for name, comparison in comparisons.items()}
    h, C = got["h"], got["C"]
    before_h, before_C = (
        np.concatenate([start[:, None], array[:, :-1]], axis=1) for start, array in ((p.h_0, h), (p.C_0, C))
    )
    below = [p.x, *h[:-1]]
    layers = []
    for W, U, b, x, h_prev, C_prev in zip(p.W, p.U, p.b, below, before_h, before_C, strict=True):
        z = np.einsum("gud,sbd->sbgu", W, x) + np.einsum("gud,sbd->sbgu", U, h_prev) + b
        layers.append(cell(z, C_prev))
    made = dict(zip(TRACES, map(np.stack, zip(*layers, strict=True)), strict=True))
    i, f, o, C_tilde = (got.get(name, made[name]) for name in TRACES[:4])
    made |= {"C": f * before_C + i * C_tilde, "h": o * np.tanh(C)}
    return {name: made[name] for name in TRACES if name in got}


def _where(name, outside, p):
    """Indices of a quantity that are out of tolerance, in words."""
    parts, axes = [name], AXES[name]
    for axis, what in enumerate(axes[:-1]):
        places = np.flatnonzero(outside.any(axis=tuple(k for k in range(outside.ndim) if k != axis)))
        if what == "layer":
            places = np.unique(places // p.variant.directions) + 1
        if len(places) < (len(p.W) // p.variant.directions if what == "layer" else outside.shape[axis]):
            parts.append(listed(what, places))
    units = outside.any(axis=tuple(k for k, what in enumerate(axes) if what not in ("layer", "unit")))
    if not np.atleast_2d(units)[np.atleast_2d(units).any(axis=1)].all():
        if name == "output" and len(p.W) > p.variant.directions:
            parts.append(f"layer {len(p.W) // p.variant.directions}")
        numbers = [unit_number(name, where, outside.shape, p) for where in np.argwhere(units)]
        parts.append(listed("unit", np.array(numbers)))
    return ", ".join(parts)


def unit_number(name, where, shape, p):
    """The paper's number of the unit at the index `where` of a quantity of `shape`."""
    layers_below = (len(p.W) // p.variant.directions - 1) if name == "output" else where[0]
    return int(layers_below * shape[-1] + where[-1] + 1)


def axes_in(name, shape, order):
    """Axes of an array, in words, whose transposition by `order` is a quantity of `shape`."""
    names = AXES.get(name, ("direction", "row", "column")[-len(shape) :])
    names = [axis for axis, n in zip(names, shape, strict=True) if n != 1]
    return ", ".join(names[order.index(k)] for k in range(len(order)))


def listed(what, numbers):
    """'step 3', 'steps 3 to 7' or 'steps 3, 5, 9'."""
    if len(numbers) == 1:
        return f"{what} {numbers[0]}"
    if numbers[-1] - numbers[0] == len(numbers) - 1:
        return f"{what}s {numbers[0]} to {numbers[-1]}"
    return f"{what}s {', '.join(map(str, numbers[:8]))}{', ...' if len(numbers) > 8 else ''}"
