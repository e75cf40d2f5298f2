"""From the tensors of a framework to the arrays of a model file (see `checkpoints`)."""

from collections.abc import Mapping

import numpy as np

from ..errors import ModelFileError
from .checkpoints import check_finite
from .conventions import layer_from, layers_from, to_array
from .parts import USUAL, find_parts


def arrays_from(tensors, convention, modules, max_norm, dtype):
    """The arrays of a model file from a framework's tensors or from a PyTorch module, and notes on what was guessed.

    Parameters
    ----------
    tensors, convention, modules, max_norm
        As in `LanguageModel.from_state_dict`.
    dtype : {"float32", "float64"} or NumPy's

    Returns
    -------
    arrays : dict of str to array
    notes : list of str
    """
    module = tensors if hasattr(tensors, "state_dict") else None
    tensors = tensors if module is None else module.state_dict()
    if not isinstance(tensors, Mapping):
        raise ModelFileError(
            f"expected a state dict or a PyTorch module, got {tensors!r:.60}; minilstm.load reads files"
        )
    tensors = dict(tensors)
    for name, tensor in tensors.items():
        if not isinstance(name, str):
            raise ModelFileError(f"expected names of tensors, got {name!r:.60}")
        if isinstance(tensor, Mapping):
            raise ModelFileError(f"{name!r} is a mapping; expected tensors, a state dict. Is it the one to pass?")
    if convention != "pytorch":
        return take_over_named(tensors, convention, modules or USUAL, dtype), []
    parts = find_parts(tensors, modules)
    norm = (max_norm, 2.0) if max_norm is not None else max_norm_of(module, parts.embedding)
    scaled = [] if norm is None else [f"embedding: rows scaled down to a norm of {norm[0]}"]
    return take_over(tensors, parts, dtype, norm), [*parts.remarks, *scaled]


def take_over(tensors, parts, dtype=None, max_norm=None):
    """The arrays of a model file (see `checkpoints`) from the tensors that `parts` names.

    Parameters
    ----------
    tensors : mapping of str to array
    parts : Parts
    dtype : {"float32", "float64"}, optional
        As the tensors are, float32 at least, if not given.
    max_norm : (float, float), optional
        Rows of the embedding are scaled down to this norm, of this kind, as `nn.Embedding(max_norm=...)` does.

    Raises
    ------
    ModelFileError
        Naming the tensor, if its shape is not an LSTM's or a number is not finite.
    """
    names = [parts.embedding, parts.decoder, *filter(None, [parts.bias])]
    plain = {name: to_array(tensors[name], name) for name in names}
    layers = [{name: to_array(tensors[name], name) for name in layer.values()} for layer in parts.layers]
    for named in (plain, *layers):
        for name, array in named.items():
            check_finite(name, array, dtype)
    embedding, decoder = plain[parts.embedding], plain[parts.decoder]
    if max_norm is not None:
        embedding = renormalised(embedding, *max_norm)
    bias = np.zeros(len(decoder), decoder.dtype) if parts.bias is None else plain[parts.bias]
    arrays = {"embedding": embedding, "decoder_weight": decoder, "decoder_bias": bias}
    for k, layer in enumerate(layers):
        arrays |= {f"{part}{k}": array for part, array in zip("WUb", layer_from(layer, "pytorch"), strict=True)}
    return arrays if dtype is None else {name: array.astype(dtype) for name, array in arrays.items()}


def take_over_named(tensors, convention, modules, dtype):
    """The arrays of a model file from the tensors of any framework, whose parts are called `modules`.

    Raises
    ------
    ModelFileError
        If a tensor is missing, left over or not of the shape of an LSTM's.
    """
    encoder, rnn, decoder = modules
    layers = layers_from(tensors, convention, prefix=f"{rnn}.")
    names = {"embedding": f"{encoder}.weight", "decoder_weight": f"{decoder}.weight", "decoder_bias": f"{decoder}.bias"}
    for name in names.values():
        if name not in tensors:
            raise ModelFileError(f"no tensor {name!r}; there are {', '.join(sorted(tensors)) or 'none'}")
    odd = [name for name in tensors if name not in names.values() and not name.startswith(f"{rnn}.")]
    if odd:
        raise ModelFileError(
            f"{odd[0]}: expected {', '.join(names.values())} and {rnn}. in front of the LSTM's, no more"
        )
    arrays = {ours: to_array(tensors[theirs], theirs) for ours, theirs in names.items()}
    for k, layer in enumerate(layers):
        arrays |= {f"{part}{k}": array for part, array in zip("WUb", layer, strict=True)}
    return {name: array.astype(dtype) for name, array in arrays.items()}


def max_norm_of(module, weight):
    """(max_norm, norm_type) of the part of a PyTorch module that has the weight of this name; None if it has none."""
    part = None if module is None else dict(module.named_modules()).get(weight.removesuffix(".weight"))
    return None if getattr(part, "max_norm", None) is None else (float(part.max_norm), float(part.norm_type))


def renormalised(embedding, max_norm, norm_type=2.0):
    """The embedding as `nn.Embedding(max_norm=..., norm_type=...)` reads it: no row is longer than `max_norm`.

    >>> renormalised(np.array([[3.0, 4.0], [0.3, 0.4]]), 1.0).round(3)
    array([[0.6, 0.8],
           [0.3, 0.4]])
    """
    if not max_norm > 0:
        raise ModelFileError(f"max_norm: expected a number above 0, got {max_norm}")
    norms = np.linalg.norm(embedding, norm_type, axis=1, keepdims=True)
    scale = np.where(norms > max_norm, max_norm / (norms + 1e-7), 1)
    return (embedding * scale).astype(embedding.dtype)
