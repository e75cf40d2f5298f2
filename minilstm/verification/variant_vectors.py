"""Test vectors for the variants: one case, its weights named as PyTorch, ONNX or Keras have them; and the verdict."""

import numpy as np

from ..errors import MinilstmError, VectorsError
from ..io.conventions import CONVENTIONS as PLAIN
from ..io.conventions import layers_to, reorder
from ..lstm import Layer
from .drawing import LENGTHS, draw
from .program import Problem, Variant, in_blocks
from .variants import CONVENTIONS, VARIANTS

LAYERS, UNITS, INPUTS = 2, 8, 7
PEEPHOLES = "iof"  # ONNX's order
LARGEST = 1e6  # in a file that may not be ours; products of such numbers do not overflow


def make_variant(name, convention=None, seed=0):
    """The arrays of test vectors for one of `VARIANTS`, as `vectors.make_vectors` makes them for the plain LSTM.

    Parameters
    ----------
    name : str
        One of `VARIANTS`.
    convention : {"pytorch", "onnx", "keras"}, optional
        One that can hold the variant's weights.
    seed : int
    """
    if name not in VARIANTS:
        raise MinilstmError(f"variant: expected one of {', '.join(VARIANTS)}, got {name!r}")
    convention = convention or CONVENTIONS[name][0]
    if convention not in CONVENTIONS[name]:
        expected = " or ".join(CONVENTIONS[name])
        raise MinilstmError(f"variant {name}: its weights stand in the convention of {expected}, not of {convention}")
    rng, variant = np.random.default_rng(seed), VARIANTS[name]
    P = variant.projection or UNITS
    steps, batch, states = max(LENGTHS), len(LENGTHS), LAYERS * variant.directions
    x = draw(rng, steps, batch, INPUTS, below=2)
    x[np.arange(steps)[:, None] >= LENGTHS] = 0
    arrays = {
        **{key: np.array(text) for key, text in (("variant", name), ("convention", convention))},
        **{"x": x, "lengths": np.array(LENGTHS)},
        **{"h_0": draw(rng, states, batch, P), "C_0": draw(rng, states, batch, UNITS, below=2)},
    }
    for k in range(LAYERS):
        D = INPUTS if k == 0 else variant.directions * P
        directions = []
        for _ in range(variant.directions):
            b_ih, b_hh = draw(rng, 2, 4 * UNITS)
            p = draw(rng, 3, UNITS) if variant.peepholes else None
            R = draw(rng, P, UNITS) if variant.projection else None
            layer = Layer(draw(rng, 4 * UNITS, D), draw(rng, 4 * UNITS, P), b_ih + b_hh)
            directions.append((layer, b_hh, p, R))
        arrays |= _to_tensors(k, directions, convention)
    return arrays


def _to_tensors(k, directions, convention):
    """The tensors of layer k: (Layer, second bias, peepholes or None, projection or None) for each direction."""
    tensors = {}
    for direction, (layer, b_hh, p, R) in enumerate(directions):
        named = {name.removesuffix("_l0"): a for name, a in layers_to([layer], convention, "", [b_hh]).items()}
        named |= {} if R is None else {"weight_hr": R}
        named |= {} if p is None else {"P": p[["ifo".index(gate) for gate in PEEPHOLES]].reshape(1, -1)}
        for name, array in named.items():
            if convention == "onnx":  # the directions in one array
                key = f"{name}_l{k}"
                tensors[key] = np.concatenate([tensors[key], array]) if key in tensors else array
            else:
                tensors[f"{name}_l{k}{'_reverse' if direction else ''}"] = array
    return tensors


def read_variant(arrays):
    """The `Problem` in the arrays of `make_variant`, which may have come from a file.

    Raises
    ------
    VectorsError
        If anything in them is not as it should be.
    """
    arrays = {name: np.asarray(array) for name, array in arrays.items()}
    name, convention = (str(arrays.pop(key, "missing")) for key in ("variant", "convention"))
    if name not in VARIANTS or convention not in CONVENTIONS[name]:
        raise VectorsError(
            f"test vectors: expected one of the variants {', '.join(VARIANTS)}, got {name}, {convention}"
        )
    expected = {key: array for key, array in make_variant(name, convention).items() if array.ndim}
    for key, like in expected.items():
        array = arrays.get(key)
        if array is None or array.shape != like.shape or array.dtype.kind != like.dtype.kind:
            got = "nothing" if array is None else f"{array.shape} of {array.dtype}"
            raise VectorsError(f"test vectors: {key}: expected shape {like.shape} of {like.dtype}, got {got}")
    check_numbers({key: arrays[key] for key in expected})
    if not ((arrays["lengths"] >= 1) & (arrays["lengths"] <= len(arrays["x"]))).all():
        raise VectorsError(f"test vectors: expected lengths of 1 to {len(arrays['x'])}, got {arrays['lengths']}")
    tensors = {key: arrays[key] for key in expected if "_l" in key}
    given = arrays["x"], arrays["lengths"], arrays["h_0"], arrays["C_0"]
    return pose(*given, tensors, convention, VARIANTS[name])


def check_numbers(arrays):
    """Raise a `MinilstmError` if there are numbers that are too large, or none."""
    for name, array in arrays.items():
        if not (np.abs(array) < np.float64(LARGEST)).all():
            raise MinilstmError(f"{name}: expected numbers below {LARGEST:g}")


def pose(x, lengths, h_0, C_0, tensors, convention, variant=Variant()):
    """The `Problem` that weights by the names of `convention`, and what is read, pose; all in float64."""
    x, h_0, C_0 = (np.asarray(array, np.float64) for array in (x, h_0, C_0))
    tensors = {key: np.asarray(array, np.float64) for key, array in tensors.items()}
    directions = range(variant.directions)
    places = [(k, direction) for k in range(len(h_0) // len(directions)) for direction in directions]
    parts = zip(*(_weights(tensors, *place, convention) for place in places), strict=True)
    W, U, b, b_hh, p, R = (None if part[0] is None else part for part in parts)
    return Problem(x, lengths, h_0, C_0, W, U, b, b_hh, convention, variant=variant, peepholes=p, projections=R)


def _weights(tensors, k, direction, convention):
    """W, U, b and the part of it in a second bias, in blocks i f g o; peepholes, in blocks i f o; and a projection."""
    end = f"_l{k}_reverse" if direction and convention != "onnx" else f"_l{k}"
    b_hh = p = R = None
    if convention == "onnx":
        W, U = (tensors[f"{kind}{end}"][direction] for kind in "WR")
        b_ih, b_hh = np.split(tensors[f"B{end}"][direction], 2) if f"B{end}" in tensors else np.zeros((2, len(W)))
        if f"P{end}" in tensors:
            p = tensors[f"P{end}"][direction].reshape(3, -1)[[PEEPHOLES.index(gate) for gate in "ifo"]]
    elif convention == "keras":
        W, U = (tensors[f"{kind}{end}"].T for kind in ("kernel", "recurrent_kernel"))
        b_ih = tensors.get(f"bias{end}", np.zeros(len(W)))
    else:
        W, U = (tensors[f"{kind}{end}"] for kind in ("weight_ih", "weight_hh"))
        b_ih, b_hh = (tensors.get(f"{kind}{end}", np.zeros(len(W))) for kind in ("bias_ih", "bias_hh"))
        R = tensors.get(f"weight_hr{end}")
    b = b_ih if b_hh is None else b_ih + b_hh
    order = PLAIN[convention].order
    arrays = (None if a is None else np.ascontiguousarray(reorder(a, order)) for a in (W, U, b, b_hh))
    return *(None if a is None else in_blocks(a) for a in arrays), p, R
