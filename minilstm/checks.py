"""What `lstm.py` and `kernels.py` do with their arguments: shapes, initial states, and the paper's unit numbers."""

from numbers import Integral

import numpy as np

from .errors import MinilstmError


def check(x, layers, state, ablate):
    """The arguments of `lstm.run`, checked and completed.

    Returns
    -------
    x : (steps, batch, D) array
    h, C : tuples of (batch, H) arrays, one a layer
        The initial state, zero where none was given.
    silent : tuple of int arrays, one a layer
        The ablated units, counted from 0 within their layer.

    Raises
    ------
    MinilstmError
        If shapes do not fit together or a unit does not exist.
    """
    x = np.asarray(x)
    if x.ndim != 3 or not x.dtype.isnative or x.dtype.char not in "fd":
        raise MinilstmError(f"x: expected (steps, batch, units) in float32 or float64, got {x.shape} in {x.dtype}")
    check_layers(layers, x.shape[2])
    sizes = [np.shape(U)[1] for _, U, *_ in layers]
    expected = [(x.shape[1], H) for H in sizes]
    if state is None:
        zero = tuple(np.zeros(shape, x.dtype) for shape in expected)
        return x, zero, zero, by_layer(ablate, sizes)
    if len(state) != 2:
        raise MinilstmError(f"state: expected h and C, got {len(state)} things")
    for name, arrays in zip(("h", "C"), state, strict=True):
        got = [np.shape(a) for a in arrays]
        if got != expected:
            raise MinilstmError(f"state: expected {name} of shapes {expected}, (batch, units) a layer, got {got}")
    h, C = (tuple(np.asarray(a, x.dtype) for a in arrays) for arrays in state)
    return x, h, C, by_layer(ablate, sizes)


def check_layers(layers, width):
    """Raise MinilstmError unless `layers` is a stack in which each reads what the one below says, the first `width`."""
    if not layers:
        raise MinilstmError("layers: expected at least one, got none")
    for number, (W, U, b, *_) in enumerate(layers, 1):
        H = np.shape(U)[-1] if np.ndim(U) == 2 else -1
        expected = (4 * H, width), (4 * H, H), (4 * H,)
        got = np.shape(W), np.shape(U), np.shape(b)
        if got != expected:
            raise MinilstmError(
                f"layer {number}: W, U, b have shapes {got}; expected (4 * units, {width}), (4 * units, units), "
                "(4 * units,)"
            )
        width = H


def by_layer(units, sizes):
    """The paper's unit numbers, counted from 1 over all layers, as one array of indices from 0 for each layer."""
    if not np.iterable(units):
        raise MinilstmError(f"units: expected a collection of unit numbers, got {units!r}")
    units, total = list(units), sum(sizes)
    if not units:
        return tuple([np.empty(0, np.intp) for _ in sizes])
    for unit in units:
        if not isinstance(unit, Integral) or not 1 <= unit <= total:
            raise MinilstmError(f"unit {unit}: this network has units 1 to {total}")
    indices = np.array(sorted({int(unit) - 1 for unit in units}), dtype=np.intp)
    ends = np.cumsum(sizes)
    return tuple(
        indices[(indices >= end - H) & (indices < end)] - (end - H) for end, H in zip(ends, sizes, strict=True)
    )


def pack(per_layer):
    """One array (layers, ...) if all layers have one size, else a tuple of arrays, one a layer."""
    return np.array(per_layer) if len({a.shape for a in per_layer}) == 1 else tuple(per_layer)
