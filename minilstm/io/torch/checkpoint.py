"""Is it an LSTM language model? Names, kind and shapes of the tensors in a PyTorch file."""

from dataclasses import dataclass

import numpy as np

from ...errors import ModelFileError
from .pickles import shown


@dataclass(frozen=True)
class Checkpoint:
    """A language model read from a PyTorch file.

    Attributes
    ----------
    tensors : dict of str to ndarray
        `encoder.weight` (V, E); for each layer l `rnn.weight_ih_l{l}` (4H, D), `rnn.weight_hh_l{l}` (4H, H),
        `rnn.bias_ih_l{l}`, `rnn.bias_hh_l{l}` (4H,), gates i f g o; `decoder.weight` (V, H); `decoder.bias`
        (V,). Views of the file, as in `TorchFile`.
    vocabulary : tuple of str
        V words.
    context : tuple of str or None
    report : dict
        layout, class, gate_order, tied, training (None for a state dict), layers, units, embedding, words,
        dtype, parameters (tied weights counted once).
    """

    tensors: dict[str, np.ndarray]
    vocabulary: tuple[str, ...]
    context: tuple[str, ...] | None
    report: dict[str, object]


def check_language_model(file, vocabulary, vocabulary_name, context=None):
    """Return the `Checkpoint` in a `TorchFile`, or raise a ModelFileError that says why it is none."""
    prefix = _prefix(file.tensors)
    tensors = {name.removeprefix(prefix): array for name, array in file.tensors.items()}
    _refuse_other_kinds(tensors, file.attributes)
    layers = len({name.rpartition("_l")[2] for name in tensors if name.startswith("rnn.")})
    biased = any(name.startswith("rnn.bias_") for name in tensors)
    kinds = ("weight_ih", "weight_hh", "bias_ih", "bias_hh") if biased else ("weight_ih", "weight_hh")
    names = [f"rnn.{kind}_l{layer}" for layer in range(layers) for kind in kinds]
    names = ["encoder.weight", *names, "decoder.weight", "decoder.bias"]
    _check_names(tensors, names, layers)
    _check_shapes({name: tensors[name].shape for name in names}, vocabulary, vocabulary_name)
    tied = [{name.removeprefix(prefix) for name in group} for group in file.tied]
    _check_apart(tensors, tied)
    dtypes = {str(tensors[name].dtype) for name in names}
    if not dtypes <= {"float16", "float32", "float64"}:
        raise ModelFileError(f"weights of type {', '.join(sorted(dtypes))}; expected float16, 32 or 64")
    unknown = set(context or ()) - set(vocabulary)
    if unknown:
        raise ModelFileError(f"the context's word {min(unknown)!r} is not in {vocabulary_name}")
    tied = any({"encoder.weight", "decoder.weight"} <= group for group in tied)
    report = {
        "layout": file.layout,
        "class": file.classes.get("", "state dict"),
        "gate_order": "i f g o",
        "tied": tied,
        "training": file.attributes.get("training"),
        "layers": layers,
        "units": tensors["rnn.weight_hh_l0"].shape[1],
        "embedding": tensors["encoder.weight"].shape[1],
        "words": len(vocabulary),
        "dtype": ", ".join(sorted(dtypes)),
        "parameters": sum(tensors[n].size for n in names) - tied * tensors["decoder.weight"].size,
    }
    return Checkpoint(
        {name: tensors[name] for name in names},
        tuple(vocabulary),
        None if context is None else tuple(context),
        report,
    )


def _prefix(tensors):
    """Return "module." if all names start so, as DataParallel writes them."""
    return "module." if all(name.startswith("module.") for name in tensors) else ""


def _refuse_other_kinds(tensors, attributes):
    for (
        key,
        value,
    ) in attributes.items():  # `mode` is torch.nn's name for it, `rnn_type` that of the paper's class
        if key.endswith((".mode", "rnn_type")) and str(value).upper() != "LSTM":
            raise ModelFileError(f"a network of type {shown(value)}; expected LSTM")
    if any("_reverse" in name for name in tensors) or _flag(attributes, "bidirectional"):
        raise ModelFileError("a bidirectional LSTM; expected one that reads from left to right only")
    if any("weight_hr_l" in name for name in tensors) or _flag(attributes, "proj_size"):
        raise ModelFileError("an LSTM with projections; expected h and C of one size")
    recurrent = tensors.get("rnn.weight_hh_l0")
    if recurrent is not None and recurrent.ndim == 2 and recurrent.shape[0] != 4 * recurrent.shape[1]:
        gates = recurrent.shape[0] / max(1, recurrent.shape[1])
        kind = {3: "a GRU", 1: "a plain RNN"}.get(gates, "no LSTM")
        raise ModelFileError(
            f"rnn.weight_hh_l0 has shape {recurrent.shape}, {gates:g} gates, so this is "
            f"{kind}; expected four gates, (4H, H)"
        )


def _flag(attributes, name):
    return any(value for key, value in attributes.items() if key.split(".")[-1] == name)


def _check_names(tensors, names, layers):
    """Exactly these tensors: one more means that the network computes something else."""
    missing = [name for name in names if name not in tensors] or ["rnn.weight_ih_l0"] * (layers == 0)
    odd = sorted(set(tensors) - set(names))
    if missing or odd:
        what = f"no tensor {missing[0]}" if missing else f"the tensor {shown(odd[0])} has no place"
        raise ModelFileError(
            f"{what}; expected encoder.weight, for each layer rnn.weight_ih_l0, rnn.weight_hh_l0, "
            "rnn.bias_ih_l0, rnn.bias_hh_l0, then decoder.weight and decoder.bias; there are "
            f"{', '.join(shown(name) for name in list(tensors)[:12])}"
        )


def _check_apart(tensors, tied):
    """Tensors may be one and the same; they may not share a part, as after damage to an offset."""
    last, end = None, 0
    places = ((a.__array_interface__["data"][0], a.nbytes, name) for name, a in tensors.items())
    for start, size, name in sorted(places):
        if start < end and not any({last, name} <= group for group in tied):
            raise ModelFileError(f"{last} and {name} overlap in the file; expected each weight in a place of its own")
        last, end = name, max(end, start + size)


def _check_shapes(shapes, vocabulary, vocabulary_name):
    rows, words = shapes["decoder.weight"][:1], (len(vocabulary),)
    if rows != words:
        raise ModelFileError(
            f"the decoder has {rows[0] if rows else 'no'} rows, {vocabulary_name} {words[0]} words; "
            "expected one row a word"
        )
    for name in ("encoder.weight", "rnn.weight_hh_l0"):  # these two set what is expected of the others
        if len(shapes[name]) != 2:
            raise ModelFileError(f"{name} has shape {shapes[name]}; expected two axes")
    embedding, units = shapes["encoder.weight"][1:], shapes["rnn.weight_hh_l0"][1:]
    gates = (4 * units[0],)
    for name, shape in shapes.items():
        below = embedding if name.endswith("_l0") else units
        expected = {
            "encoder.weight": words + embedding,
            "decoder.weight": words + units,
            "decoder.bias": words,
        }.get(name) or gates + (below if "weight_ih" in name else units if "weight_hh" in name else ())
        if shape != expected:
            raise ModelFileError(f"{name} has shape {shape}; expected {expected}")
