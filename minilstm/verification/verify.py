"""Does somebody's LSTM follow the equations, and if not, since when, by how much, and which mistake explains it?

`vectors.write_vectors` writes what a program is to compute; `verify` compares what came out with `lstm.run` in
float64. Where they differ, `mistakes` is searched for programs that would have handed back the same.
"""

from itertools import product
from typing import NamedTuple

import numpy as np

from .. import lstm
from . import mistakes
from .outputs import read_outputs
from .vectors import read_vectors

TOLERANCES = {  # relative, absolute
    "float64": (1e-10, 1e-12),
    "float32": (1e-5, 1e-6),
    "float16": (1e-2, 5e-3),
    "bfloat16": (5e-2, 3e-2),
}


class Errors(NamedTuple):
    """How far one quantity departs from the equations, at its worst."""

    abs: float
    rel: float
    ulps: float  # units in the last place of the right number, in `precision`
    precision: str
    rtol: float
    atol: float
    ok: bool  # every number within atol + rtol * |right number|


class Departure(NamedTuple):
    """The first number that is out of tolerance; steps and sequences count from 0, layers and units from 1."""

    quantity: str
    step: int
    sequence: int
    layer: int
    unit: int  # the paper's number, counting through all layers
    got: float
    expected: float


class Verdict(NamedTuple):
    """What `verify` found, true only if the program is right; `print(verdict)` tells all of it."""

    ok: bool
    errors: dict[str, Errors]
    first: Departure | None
    diagnosis: tuple[str, ...]  # each alone explains the difference; several cannot be told apart

    def __bool__(self):
        return self.ok

    def __str__(self):
        lines = [f"{'quantity':10}{'precision':11}{'abs error':>11}{'rel error':>11}{'ulps':>11}   within tolerance"]
        for name, e in self.errors.items():
            lines.append(
                f"{name:10}{e.precision:11}{e.abs:11.2e}{e.rel:11.2e}{e.ulps:11.3g}"
                f"   {'yes' if e.ok else 'NO'} (rtol {e.rtol:g}, atol {e.atol:g})"
            )
        if self.ok:
            return "\n".join([*lines, "It follows the equations."])
        lines.append(
            "It departs from the equations, first in {} at step {} (from 0) of sequence {} (from 0), layer {}, "
            "unit {}: {:.6g} instead of {:.6g}.".format(*self.first)
        )
        if len(self.diagnosis) == 1:
            lines.append(f"This mistake explains all of it: {self.diagnosis[0]}.")
        elif self.diagnosis:
            lines += ["Each of these mistakes explains all of it; these outputs cannot tell which it is:"]
            lines += [f"  - {name}" for name in self.diagnosis]
        else:
            lines.append("None of the known mistakes explains it, alone or together with a wrong gate order.")
        return "\n".join(lines)


def verify(vectors, outputs, rtol=None, atol=None):
    """Compare what a program made of test vectors with the equations.

    Parameters
    ----------
    vectors : str, Path or mapping
        The directory that `vectors.write_vectors` wrote, one of its files, or what `vectors.make_vectors` returns.
    outputs : str, Path or mapping of str to array
        An .npz or .safetensors file, or arrays, a framework's tensors among them: at least one of `output`
        (steps, batch, units), the last layer's h; `h_n`, `C_n` (layers, batch, units), the states after each sequence's
        own last word; `h`, `C`, `i`, `f`, `o`, `C_tilde` (layers, steps, batch, units). Axes may come in any order, as
        all sizes differ. What stands behind a sequence's end is not looked at.
    rtol, atol : float, optional
        A number passes if it is within atol + rtol * |right number|. If not given, they follow from the precision of
        each quantity: the coarsest of bfloat16, float16, float32, float64 that holds all of its numbers.

    Returns
    -------
    Verdict

    Raises
    ------
    VectorsError
        If the vectors or the outputs are not what they should be, saying which shape was expected.
    """
    v = read_vectors(vectors)
    trace = lstm.run(v.x, v.layers, lstm.State(v.h_0, v.C_0))
    right = mistakes.complete({name: getattr(trace, name) for name in mistakes.TRACES}, v.lengths)
    got = read_outputs(outputs, {name: right[name].shape for name in mistakes.QUANTITIES}, v.lengths)
    limits, masks, errors, departures = {}, {}, {}, []
    for name, array in got.items():
        precision = precision_of(array)
        own = TOLERANCES[precision]
        limits[name] = own[0] if rtol is None else rtol, own[1] if atol is None else atol
        mask = masks[name] = _real(name, array.shape, v.lengths)
        errors[name] = _errors(array[mask], right[name][mask], precision, *limits[name])
        outside = ~_close(array, right[name], *limits[name]) & mask
        departures += [_departure(name, where, array, right[name], v) for where in np.argwhere(outside)]
    if not departures:
        return Verdict(True, errors, None, ())
    first = min(departures, key=lambda d: (d.step, d.layer, mistakes.QUANTITIES.index(d.quantity), d.sequence, d.unit))

    def explains(wrong):
        """Whether a program that hands back `wrong` would have handed back `got`."""
        return all((_close(got[name], wrong[name], *limits[name]) | ~masks[name]).all() for name in got)

    return Verdict(False, errors, first, _diagnose(v, explains))


def _diagnose(v, explains):
    """The names of the single mistakes that explain the outputs; if there are none, those that do with a gate order."""
    orders = {f"gate order {' '.join(order)}": mistakes.misread(v, order) for order in mistakes.wrong_orders(v)}
    names = [name for name, seen in orders.items() if explains(mistakes.forward(seen))]
    names += [name for name, run in mistakes.MISTAKES.items() if explains(run(v))]
    if names:
        return tuple(names)
    both = product(orders.items(), mistakes.MISTAKES.items())
    return tuple(f"{order} and {name}" for (order, seen), (name, run) in both if explains(run(seen)))


def precision_of(array):
    """The coarsest of bfloat16, float16, float32 and float64 that holds all numbers of `array` exactly."""
    with np.errstate(over="ignore"):
        single = np.asarray(array, np.float32)
        half = single.astype(np.float16)
    if not np.array_equal(single, array, equal_nan=True):
        return "float64"
    if not (single.view(np.uint32) & 0xFFFF).any():
        return "bfloat16"  # the first half of a float32
    return "float16" if np.array_equal(half, single, equal_nan=True) else "float32"


def _spacing(right, precision):
    """The distance from each number to the next in `precision`."""
    if precision == "bfloat16":
        return np.spacing(np.abs(right).astype(np.float32)) * 2.0**16
    return np.spacing(np.abs(right).astype(precision)).astype(np.float64)


def _errors(got, right, precision, rtol, atol):
    off = np.abs(got - right)
    return Errors(
        float(off.max()),
        float((off / np.maximum(np.abs(right), 1e-45)).max()),
        float((off / _spacing(right, precision)).max()),
        precision,
        rtol,
        atol,
        bool(_close(got, right, rtol, atol).all()),
    )


def _close(got, right, rtol, atol):
    return np.abs(got - right) <= atol + rtol * np.abs(right)


def _real(name, shape, lengths):
    """Where an array of `shape` holds words, not padding."""
    if name in ("h_n", "C_n"):
        return np.ones(shape, bool)
    steps = np.arange(shape[-3])[:, None, None]
    return np.broadcast_to(steps < lengths[:, None], shape)


def _departure(name, where, got, right, v):
    *front, sequence, unit = (int(n) for n in where)
    if name == "output":
        layer, step = len(v.layers) - 1, front[0]
    elif name in ("h_n", "C_n"):
        layer, step = front[0], int(v.lengths[sequence]) - 1
    else:
        layer, step = front
    number = layer * v.h_0.shape[2] + unit + 1
    return Departure(name, step, sequence, layer + 1, number, float(got[tuple(where)]), float(right[tuple(where)]))
