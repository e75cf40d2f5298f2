"""Where in the network and in the text a departure lies, and what to hand in so that it can be placed better."""

import numpy as np

from .comparing import compare
from .program import TRACES, cell

SLACK = 20  # times the tolerance: rounding of what was handed in passes through large weights


def place_of(comparisons, expected, p):
    """A sentence part that says where `comparisons` (of one case, by quantity) depart from `expected`.

    If h and C of all layers and steps are among them, each step is computed from the states that were handed in before
    it, so that what follows from an earlier departure is not blamed.
    """
    local = _local(comparisons, p) if {"h", "C"} <= comparisons.keys() else {}
    for name, values in local.items():
        comparison = comparisons[name]
        near = compare(comparison.got, values, comparison.words, SLACK * comparison.rtol, SLACK * comparison.atol)
        outside = ~near.close(values)
        if outside.any():
            return f"{_where(name, outside)}; what it is made of is right"
    for name in sorted(comparisons, key=[*TRACES, "output", "C_n", "h_n"].index):
        outside = ~comparisons[name].close(expected[name])
        if outside.any():
            return _where(name, outside)
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


def _where(name, outside):
    """Which indices of a quantity are outside, in words."""
    axes = {3: ("step", "sequence", "unit"), 4: ("layer", "step", "sequence", "unit")}[outside.ndim]
    axes = ("layer", "sequence", "unit") if name in ("h_n", "C_n") else axes
    parts = [name]
    for axis, what in enumerate(axes):
        others = tuple(k for k in range(outside.ndim) if k != axis)
        places = np.flatnonzero(outside.any(axis=others))
        if len(places) < outside.shape[axis]:
            from_one = what in ("layer", "unit")  # as the paper counts them
            parts.append(_listed(what, places + from_one))
    return ", ".join(parts)


def _listed(what, numbers):
    """'step 3', 'steps 3 to 7' or 'steps 3, 5, 9'."""
    if len(numbers) == 1:
        return f"{what} {numbers[0]}"
    if numbers[-1] - numbers[0] == len(numbers) - 1:
        return f"{what}s {numbers[0]} to {numbers[-1]}"
    return f"{what}s {', '.join(map(str, numbers[:8]))}{', ...' if len(numbers) > 8 else ''}"


def advice(names):
    """What to hand in next, where `names` have been and the cause is not found; empty if all has been."""
    groups = ("output", "h_n", "C_n"), ("h", "C"), ("i", "f", "o", "C_tilde")
    for group in groups:
        missing = [name for name in group if name not in names]
        if missing:
            extent = "" if group is groups[0] else ", of all layers and steps"
            return f"{' and '.join([', '.join(missing[:-1]), missing[-1]]) if missing[1:] else missing[0]}{extent}"
    return ""
