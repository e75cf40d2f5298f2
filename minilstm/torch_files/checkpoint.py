"""Is it an LSTM language model? Names, kind and shapes of the tensors in a PyTorch file."""

from dataclasses import dataclass

import numpy as np

from ..errors import ModelFileError


@dataclass(frozen=True)
class Checkpoint:
    """A language model read from a PyTorch file.

    Attributes
    ----------
    tensors : dict of str to ndarray
        `encoder.weight` (V, E); for each layer l `rnn.weight_ih_l{l}` (4H, D), `rnn.weight_hh_l{l}` (4H, H),
        `rnn.bias_ih_l{l}`, `rnn.bias_hh_l{l}` (4H,), gates i f g o; `decoder.weight` (V, H); `decoder.bias` (V,).
    vocabulary : tuple of str
        V words.
    context : tuple of str or None
    report : dict
        layout, class, gate_order, tied, training (None for a state dict), layers, units, embedding, words, dtype,
        parameters (tied weights counted once).
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
    layers = sum(f"rnn.weight_hh_l{layer}" in tensors for layer in range(len(tensors)))
    names = [f"rnn.{kind}_l{layer}" for layer in range(layers)
             for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
    names = ["encoder.weight", *names, "decoder.weight", "decoder.bias"]
    missing = [name for name in names if name not in tensors]
    if missing or not layers:
        raise ModelFileError(f"no tensor {(missing or ['rnn.weight_ih_l0'])[0]}; expected encoder.weight, "
                             "rnn.{weight_ih,weight_hh,bias_ih,bias_hh}_l0 and so on, decoder.weight and decoder.bias; "
                             f"there are {', '.join(list(tensors)[:12])}")
    units = tensors["rnn.weight_hh_l0"].shape[-1]
    embedding = tensors["encoder.weight"].shape[-1]
    _check_shapes(tensors, layers, units, embedding, len(vocabulary), vocabulary_name)
    dtypes = {str(tensors[name].dtype) for name in names}
    if not dtypes <= {"float16", "float32", "float64"}:
        raise ModelFileError(f"weights of type {', '.join(sorted(dtypes))}; expected float16, float32 or float64")
    unknown = [word for word in context or () if word not in set(vocabulary)]
    if unknown:
        raise ModelFileError(f"the context's word {unknown[0]!r} is not in {vocabulary_name}")
    tied = any({f"{prefix}encoder.weight", f"{prefix}decoder.weight"} <= set(group) for group in file.tied)
    report = {"layout": file.layout, "class": file.classes.get("", "state dict"), "gate_order": "i f g o", "tied": tied,
              "training": file.attributes.get("training"), "layers": layers, "units": units, "embedding": embedding,
              "words": len(vocabulary), "dtype": ", ".join(sorted(dtypes)),
              "parameters": sum(tensors[n].size for n in names) - tied * tensors["decoder.weight"].size}
    return Checkpoint({name: tensors[name] for name in names}, tuple(vocabulary),
                      None if context is None else tuple(context), report)


def _prefix(tensors):
    """Return "module." if all names start so, as DataParallel writes them."""
    return "module." if all(name.startswith("module.") for name in tensors) else ""


def _refuse_other_kinds(tensors, attributes):
    kinds = {value for key, value in attributes.items() if key.split(".")[-1] in ("rnn_type", "mode")}
    if kinds - {"LSTM"}:
        raise ModelFileError(f"a network of type {sorted(map(str, kinds - {'LSTM'}))[0]}; expected LSTM")
    if any("_reverse" in name for name in tensors) or _flag(attributes, "bidirectional"):
        raise ModelFileError("a bidirectional LSTM; expected one that reads left to right, as a language model does")
    if any("weight_hr_l" in name for name in tensors) or _flag(attributes, "proj_size"):
        raise ModelFileError("an LSTM with projections; expected h and C of one size")
    recurrent = tensors.get("rnn.weight_hh_l0")
    if recurrent is not None and recurrent.ndim == 2 and recurrent.shape[0] != 4 * recurrent.shape[1]:
        gates = recurrent.shape[0] / max(1, recurrent.shape[1])
        kind = {3: "a GRU", 1: "a plain RNN"}.get(gates, "no LSTM")
        raise ModelFileError(f"rnn.weight_hh_l0 has shape {recurrent.shape}, {gates:g} gates, so this is {kind}; "
                             "expected four gates, (4H, H)")


def _flag(attributes, name):
    return any(value for key, value in attributes.items() if key.split(".")[-1] == name)


def _check_shapes(tensors, layers, units, embedding, words, vocabulary_name):
    expected = {"encoder.weight": (words, embedding), "decoder.weight": (words, units), "decoder.bias": (words,)}
    for layer in range(layers):
        expected |= {f"rnn.weight_ih_l{layer}": (4 * units, units if layer else embedding),
                     f"rnn.weight_hh_l{layer}": (4 * units, units),
                     f"rnn.bias_ih_l{layer}": (4 * units,), f"rnn.bias_hh_l{layer}": (4 * units,)}
    rows = tensors["decoder.weight"].shape[:1]
    if rows != (words,):
        raise ModelFileError(f"the decoder has {rows[0] if rows else 'no'} rows, {vocabulary_name} {words} words; "
                             "expected one row a word")
    for name, shape in expected.items():
        if tensors[name].shape != shape:
            raise ModelFileError(f"{name} has shape {tensors[name].shape}; expected {shape}")
