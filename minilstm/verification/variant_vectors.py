"""Test vectors for the variants: one case, its weights named as PyTorch, ONNX or Keras have them; and the verdict."""

import numpy as np

from ..errors import MinilstmError, VectorsError
from ..io.conventions import CONVENTIONS as PLAIN
from ..io.conventions import reorder
from .drawing import LENGTHS, draw
from .variants import CONVENTIONS, VARIANTS, Cell, VariantProblem

LAYERS, UNITS, INPUTS = 2, 8, 7
GATES, PEEPHOLES = "ifgo", "iof"  # ONNX's order of the latter


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
        cells = []
        for _ in range(variant.directions):
            b_ih, b_hh = draw(rng, 2, 4, UNITS)
            p = draw(rng, 3, UNITS) if variant.peepholes else None
            R = draw(rng, P, UNITS) if variant.projection else None
            cells.append((Cell(draw(rng, 4, UNITS, D), draw(rng, 4, UNITS, P), b_ih + b_hh, p, R), b_hh))
        arrays |= _to_tensors(cells, k, convention)
    return arrays


def _to_tensors(cells, k, convention):
    """The tensors of layer k: (Cell, second bias) for each direction."""
    order, stacked, tensors = PLAIN[convention].order, [], {}
    for direction, (cell, b_hh) in enumerate(cells):
        end = f"_l{k}{'_reverse' if direction else ''}"
        W, U, b, b_hh = (
            reorder(a.reshape(-1, *a.shape[2:]), order, inverse=True) for a in (cell.W, cell.U, cell.b, b_hh)
        )
        if convention == "pytorch":
            named = {"weight_ih": W, "weight_hh": U, "bias_ih": b - b_hh, "bias_hh": b_hh, "weight_hr": cell.R}
            tensors |= {f"{kind}{end}": array for kind, array in named.items() if array is not None}
        elif convention == "keras":
            named = {"kernel": np.ascontiguousarray(W.T), "recurrent_kernel": np.ascontiguousarray(U.T), "bias": b}
            tensors |= {f"{kind}{end}": array for kind, array in named.items()}
        p = None if cell.p is None else np.concatenate([cell.p["ifo".index(gate)] for gate in PEEPHOLES])
        stacked.append((W, U, np.concatenate([b - b_hh, b_hh]), p))
    if convention == "onnx":
        pairs = zip("WRBP", zip(*stacked, strict=True), strict=True)
        tensors = {f"{kind}_l{k}": np.stack(arrays) for kind, arrays in pairs if arrays[0] is not None}
    return tensors


def read_variant(arrays):
    """The `VariantProblem` in the arrays of `make_variant`, which may have come from a file, and its convention.

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
        if not (np.abs(array) < 1e6).all():
            raise VectorsError(f"test vectors: {key}: expected numbers below 1e6")
    if not ((arrays["lengths"] >= 1) & (arrays["lengths"] <= len(arrays["x"]))).all():
        raise VectorsError(f"test vectors: expected lengths of 1 to {len(arrays['x'])}, got {arrays['lengths']}")
    tensors = {key: arrays[key] for key in expected if "_l" in key}
    given = arrays["x"], arrays["lengths"], arrays["h_0"], arrays["C_0"]
    return problem_of_tensors(*given, tensors, convention, VARIANTS[name]), convention


def problem_of_tensors(x, lengths, h_0, C_0, tensors, convention, variant):
    """The `VariantProblem` that weights by the names of `convention`, and what is read, pose; all in float64."""
    x, h_0, C_0 = (np.asarray(array, np.float64) for array in (x, h_0, C_0))
    tensors = {key: np.asarray(array, np.float64) for key, array in tensors.items()}
    directions = range(variant.directions)
    count = len(h_0) // variant.directions
    layers = tuple(tuple(_cell(tensors, k, d, convention) for d in directions) for k in range(count))
    return VariantProblem(x, lengths, h_0, C_0, layers, variant)


def _cell(tensors, k, direction, convention):
    """The weights of one direction of layer k, blocks i f g o."""
    end, p = f"_l{k}{'_reverse' if direction else ''}", None
    if convention == "onnx":
        W, U, b = (tensors[f"{kind}_l{k}"][direction] for kind in "WRB")
        b = sum(np.split(b, 2))
        if f"P_l{k}" in tensors:
            p = tensors[f"P_l{k}"][direction].reshape(3, -1)[[PEEPHOLES.index(gate) for gate in "ifo"]]
    elif convention == "keras":
        W, U, b = (tensors[f"{kind}{end}"].T for kind in ("kernel", "recurrent_kernel", "bias"))
    else:
        W, U = tensors[f"weight_ih{end}"], tensors[f"weight_hh{end}"]
        b = tensors.get(f"bias_ih{end}", np.zeros(len(W))) + tensors.get(f"bias_hh{end}", 0)
    blocks = (reorder(a, PLAIN[convention].order) for a in (W, U, b))
    W, U, b = (a.reshape(4, -1, *a.shape[1:]) for a in blocks)
    return Cell(W, U, b, p, tensors.get(f"weight_hr{end}"))
