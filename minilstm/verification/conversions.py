"""Compare two model files that should hold the same LSTM, weight by weight, and name what went wrong on the way.

Rounding to the precision of the second file changes no weight by more than half a unit in its last place. Whatever is
off by more is a difference, and a mistake is named only if it makes every weight what the second file has.
"""

from functools import partial
from itertools import chain
from typing import NamedTuple

import numpy as np

from ..errors import ModelFileError
from ..records import short_repr
from .comparing import HALF, coarsest, spacing
from .mistakes import INCLUDED
from .model_files import find_lstms
from .place import listed
from .program import GATES, Variant
from .variant_vectors import pose
from .variants import DIRECTIONS_EXCHANGED, in_directions
from .verdict import BASES, explained_by
from .wrong_numbers import roundings_of_weights
from .wrong_weights import mistakes_of_layers, order_name, orders_of_parts, with_gate_order, wrong_orders, wrong_weights

PAIRS_UP_TO = 64  # units: with more of them, mistakes on top of every gate order would take long
TWICE = 1 + 1e-3  # what is rounded to float32 first and then again may be off by this much more than half a unit


class WrongWeight(NamedTuple):
    """The first weight that differs, by the names of the second file, its layers counted through from 0."""

    tensor: str
    got: float
    expected: float

    def __str__(self):
        return "{} is {:.7g} instead of {:.7g}.".format(*self)


@short_repr
class Conversion(NamedTuple):
    """Result of `compare_files`, true only if both files hold the same LSTM; `print(conversion)` tells all of it."""

    ok: bool
    rounded_to: str | None  # the precision of the second file, if weights were rounded to it
    differing: int
    weights: int
    first: WrongWeight | None
    diagnosis: tuple[str, ...]  # each alone explains every difference
    place: str

    def __bool__(self):
        return self.ok

    def __str__(self):
        rounded = f", rounded to {self.rounded_to} in the second" if self.rounded_to else ""
        if self.ok:
            return f"They hold the same LSTM{rounded}."
        beyond = f" by more than rounding to {self.rounded_to}" if self.rounded_to else ""
        lines = [
            f"They do not hold the same LSTM: {self.differing:,} of {self.weights:,} weights differ{beyond}, first:",
            str(self.first),
        ]
        if self.diagnosis:
            lines += explained_by(self.diagnosis, "these weights")
        else:
            lines.append(f"None of the known mistakes explains it. The differences lie in {self.place}.")
        return "\n".join([*lines, BASES])


def compare_files(first, second):
    """Check whether `second` is a conversion of `first`: the same weights, layer after layer, in both.

    Returns
    -------
    Conversion

    Raises
    ------
    ModelFileError
        If they have LSTMs of several kinds, or of different sizes.
    """
    (p, _, precise, backwards), (q, tensors, precision, also_backwards) = _stacked(first), _stacked(second)
    if p.variant != q.variant:
        kinds = " and ".join(str(find_lstms(path)[0]) for path in (first, second))
        raise ModelFileError(f"{first} and {second}: LSTMs of other kinds, {kinds}")
    sizes = [[W.shape[1:] for W in each.W] for each in (p, q)]
    if sizes[0] != sizes[1]:
        raise ModelFileError(
            f"{first} and {second}: expected the same sizes, got {sizes[0]} and {sizes[1]} units and inputs, by layer"
        )
    if backwards != also_backwards:
        raise ModelFileError(f"{first} and {second}: layers read in other directions; expected the same in both")
    right, got, allowed = _weights(p), _weights(q), _half_units(q, precision)
    outside = {key: np.abs(got[key] - right[key]) > allowed[key] for key in right}
    count, of = (int(sum(map(f, outside.values()))) for f in (np.count_nonzero, np.size))
    differs = any((got[key] != right[key]).any() for key in right)
    rounded_to = precision if differs and precision in HALF else None
    if not count:
        return Conversion(True, rounded_to, 0, of, None, (), "")
    names = _explaining(_known(p), got, allowed)
    if not names and p.C_0.shape[-1] <= PAIRS_UP_TO:
        names = _explaining(_known_pairs(p), got, allowed)
    if not names and _explaining([("", lambda: q)], right, _half_units(p, precise)):
        names = (f"the first file is the second, rounded to {precise}",)
    return Conversion(False, rounded_to, count, of, _first(right, got, outside, q, tensors), names, _place(outside, q))


def _weights(p):
    """The arrays of a problem by part and layer (and direction): layer by layer, small ones first."""
    parts = [part for part in ("b", "peepholes", "projections", "U", "W") if getattr(p, part)]
    return {(part, k): getattr(p, part)[k] for k in range(len(p.W)) for part in parts}


def _half_units(p, precision):
    """By how much rounding changes each weight at most; b is the sum of two biases, in float32 or in float64."""
    allowed = {key: spacing(array, precision) for key, array in _weights(p).items()}
    for k, b in enumerate(p.b):
        addends = (p.b_ih[k], p.b_hh[k]) if p.b_hh else (b,)
        allowed["b", k] = spacing(b, "float32") + sum(spacing(addend, precision) for addend in addends)
    return {key: TWICE / 2 * array for key, array in allowed.items()}


def _explaining(known, got, allowed):
    """The names of those problems that have the weights that were found."""
    names = [
        name
        for name, make in known
        if all(
            (np.abs(got[key] - array) <= (8 if "int8" in name else 1) * allowed[key]).all()  # scales are rounded too
            for key, array in _weights(make()).items()
        )
    ]
    return tuple(name for name in names if INCLUDED.get(name) not in names)


def _known(p):
    """Every known way to misread or round weights: pairs of a name and a function that makes the problem."""
    yield from ((order_name(order), partial(with_gate_order, p, order)) for order in wrong_orders(p.order))
    if p.variant.directions == 2:
        yield DIRECTIONS_EXCHANGED, partial(in_directions, p, (1, 0))
    of_layers = mistakes_of_layers(p) if p.variant == Variant() else ()
    yield from chain(orders_of_parts(p), wrong_weights(p), of_layers, roundings_of_weights(p))


def _known_pairs(p):
    """Every way to misread them on top of every wrong gate order."""
    for order in wrong_orders(p.order):
        yield from (
            (f"{order_name(order)} and {name}", make) for name, make in wrong_weights(with_gate_order(p, order))
        )


def _first(right, got, outside, q, tensors):
    """The first weight that differs, layer by layer, and where it stands in the tensors of the second file."""
    part, k = next(key for key in outside if outside[key].any())
    where = tuple(np.argwhere(outside[part, k])[0])
    addends, names = ("b_ih", "b_hh") if part == "b" and q.b_hh else (part,), []
    for name, array in tensors.items():
        called = {other: 0 * each for other, each in tensors.items()}
        called[name] = 1.0 + np.arange(array.size).reshape(array.shape)  # each number stands for its place
        places = pose(q.x, q.lengths, q.h_0, q.C_0, called, q.convention, q.variant)
        for place in (int(getattr(places, addend)[k][where]) for addend in addends):
            if place:
                names.append(f"{name}[{', '.join(map(str, np.unravel_index(place - 1, array.shape)))}]")
    return WrongWeight(" + ".join(names), float(got[part, k][where]), float(right[part, k][where]))


def _place(outside, p):
    """Names of the weights that differ, in words."""
    places = []
    for (part, j), array in outside.items():
        if array.any():
            k, direction = divmod(j, p.variant.directions)
            parts = [f"{part} of layer {k + 1}{', backwards' * direction}"]
            units = array.shape[1] * k + 1  # the number of the layer's first unit
            below = ("from unit", units - array.shape[1]) if k else ("input", 0)
            kinds = ("gate", 0), ("unit", units), ("from unit", units) if part == "U" else below
            if p.variant != Variant():
                kinds = (("gate", 0), ("row", 0), ("column", 0)) if part in "WUb" else ()
            for axis, (what, first) in enumerate(kinds[: array.ndim]):
                where = np.flatnonzero(array.any(axis=tuple(other for other in range(array.ndim) if other != axis)))
                if len(where) < array.shape[axis]:
                    parts.append(
                        f"gate {' '.join(GATES[g] for g in where)}" if axis == 0 else listed(what, where + first)
                    )
            places.append(", ".join(parts))
    return "; ".join(places)


def _stacked(path):
    """All LSTMs of a file as one stack: its weights as a problem and as tensors, their precision, directions."""
    found, tensors, count = [], {}, 0
    for part in find_lstms(path):
        if any(_same(part, other) for other in found):
            continue  # exporters write one LSTM down once for each time that it is run
        found.append(part)
        if (part.variant, part.convention) != (found[0].variant, found[0].convention):
            raise ModelFileError(f"{path}: {part}: only LSTMs of one kind and convention can be compared")
        for name, array in part.tensors.items():
            if not np.isfinite(array).all():
                raise ModelFileError(f"{path}: {part.name}: {name}: expected finite numbers")
            kind, _, layer = name.rpartition("_l")
            layer, reverse, _ = layer.partition("_reverse")
            tensors[f"{kind}_l{count + int(layer)}{reverse}"] = array
        count += part.sizes[0]
    variant, (_, inputs, units) = found[0].variant, found[0].sizes
    width = variant.projection or units
    if any(part.sizes[1:] != (width * variant.directions, units) for part in found[1:]):
        names = ", ".join(part.name for part in found)
        sizes = ", ".join(f"{part.sizes[1]} to {part.sizes[2]}" for part in found)
        raise ModelFileError(f"{path}: expected one stack of layers of one size, got {names} ({sizes} units)")
    states = count * variant.directions
    state = np.zeros((states, 1, width)), np.zeros((states, 1, units))
    read = np.zeros((1, 1, inputs)), np.array([1])
    problem = pose(*read, *state, tensors, found[0].convention, variant)
    numbers = np.concatenate([np.asarray(array, np.float64).ravel() for array in tensors.values()])
    return problem, tensors, coarsest(numbers), [part.backwards for part in found for _ in range(part.sizes[0])]


def _same(one, other):
    return (one.backwards, one.tensors.keys()) == (other.backwards, other.tensors.keys()) and all(
        np.array_equal(array, other.tensors[name]) for name, array in one.tensors.items()
    )
