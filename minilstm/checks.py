"""Checks of what the LSTM and the language model are made of and given: shapes, initial states, units, words."""

from collections import Counter

import numpy as np

from .errors import MinilstmError, ModelFileError
from .units import by_layer


def check(x, layers, state, ablate):
    """The arguments of `lstm.run`, checked and completed.

    Returns
    -------
    x : (steps, batch, D) array
    h, C : tuples of (batch, H) arrays, one a layer
        The initial state, zero where none was given.
    ablated : tuple of int arrays, one a layer
        Units, counted from 0 within their layer.

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
    """Raise MinilstmError unless `layers` is a stack in which each reads the one below, the first `width` numbers."""
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


def check_model(model):
    """Raise ModelFileError unless the words and the weights of a language model fit together."""
    words, V, E = set(model.vocabulary), len(model.vocabulary), model.embedding.shape[-1]
    if len(words) < V:
        double = Counter(model.vocabulary).most_common(1)[0][0]
        raise ModelFileError(f"vocabulary: {double!r} stands in it twice")
    try:
        check_layers(model.layers, E)
    except MinilstmError as error:
        raise ModelFileError(str(error)) from None
    H = model.sizes[-1]
    expected = {"embedding": (V, E), "decoder_weight": (V, H), "decoder_bias": (V,), "word_counts": (V,)}
    for name, shape in expected.items():
        array = getattr(model, name)
        if array is not None and array.shape != shape:
            raise ModelFileError(f"{name}: expected shape {shape} for {V} words, got {array.shape}")
    strange = [word for word in model.context if word not in words]
    if strange:
        raise ModelFileError(f"context: {strange[0]!r} is not in the vocabulary")


def pack(per_layer):
    """One array (layers, ...) if all layers have one size, else a tuple of arrays, one a layer."""
    return np.array(per_layer) if len({a.shape for a in per_layer}) == 1 else tuple(per_layer)


def expect_model(model):
    """Raise a MinilstmError for what is no language model, such as the name of one."""
    if not hasattr(model, "vocabulary"):
        shown = repr(model) if isinstance(model, str) else type(model).__name__
        raise MinilstmError(f"expected a model, such as minilstm.load('mini') returns, got {shown}")
