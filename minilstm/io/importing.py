"""Language models of other people's: a PyTorch or .safetensors file and a vocabulary, as (header, arrays)."""

from dataclasses import dataclass
from pathlib import Path

from ..errors import ModelFileError
from ..records import short_repr
from .checkpoints import make_header
from .parts import find_parts
from .recognise import kind_of
from .safetensors import read_tensors
from .state_dict import take_over
from .torch import TorchFile, read_torch
from .torch.modules import LEFT_OUT
from .vocabulary import read_vocabulary, words_of


@short_repr
@dataclass(frozen=True)
class Imported:
    """A language model that was imported.

    Attributes
    ----------
    header, arrays : dict
        What `checkpoints.write` takes. The arrays may be views of the file that was read.
    report : dict
        layout, class, gate_order, tied, training (None for a state dict), layers, units, embedding, words, dtype,
        parameters (tied weights counted once), and remarks, a list of sentences on what was guessed or left out.
    """

    header: dict
    arrays: dict
    report: dict


def import_model(path, vocabulary=None, modules=None, context=None, max_norm=None, dtype=None):
    """Read an LSTM language model from a PyTorch or .safetensors file; nothing in it is run.

    Parameters
    ----------
    path : str or Path
        What `torch.save` wrote, a state dict or a whole module, or a .safetensors file.
    vocabulary : str or Path, optional
        The file of the words; may be missing if they are inside the first.
    modules : three of str, optional
        As in `parts.find_parts`.
    context : sequence of str, optional
        Words to be read before each sentence; every one must be in the vocabulary.
    max_norm : float, optional
        Of the embedding, as `nn.Embedding(max_norm=...)` has it. A whole module says it itself, a state dict cannot.
    dtype : {"float32", "float64"}, optional
        Of the arrays; as in the file, float32 at least, if not given.

    Returns
    -------
    Imported

    Raises
    ------
    ModelFileError
        Not an LSTM language model (GRU, plain RNN, bidirectional, projections, missing or misshapen tensors),
        or the vocabulary does not have as many words as the decoder has rows.
    """
    file = _read(path)
    words, name, remarks = None, "the vocabulary", []
    if vocabulary is not None:
        name, (words, remarks) = Path(vocabulary).name, read_vocabulary(vocabulary)
        remarks = [f"{name}: {remark}" for remark in remarks]
    try:
        parts = find_parts(file.tensors, modules)
        rows = len(file.tensors[parts.decoder])
        if words is None:
            words, remarks = _vocabulary_inside(file, rows)
        if len(words) != rows:
            raise ModelFileError(f"{parts.decoder} has {rows} rows, {name} {len(words)} words; expected one row a word")
        unknown = [word for word in context or () if word not in set(words)]
        if unknown:
            raise ModelFileError(f"the context's word {unknown[0]!r} is not in {name}")
        norm, further = _norm(file, parts, max_norm)
        _check_kind(file.attributes, parts)
        _check_apart(file, parts)
        arrays = take_over(file.tensors, parts, dtype, norm)
    except ModelFileError as error:
        raise ModelFileError(f"{path}: {error}") from None
    sizes = [arrays[f"U{k}"].shape[1] for k in range(len(parts.layers))]
    left_out = [file.attributes[LEFT_OUT]] if LEFT_OUT in file.attributes else []
    report = _report(file, parts, sizes, words) | {"remarks": [*left_out, *parts.remarks, *remarks, *further]}
    provenance = {"imported from": Path(path).name, **report}
    return Imported(make_header(words, arrays["embedding"].shape[1], sizes, context or (), provenance), arrays, report)


def _read(path):
    kind = kind_of(path)
    if kind == "npz":
        raise ModelFileError(f"{path}: an .npz; expected what torch.save wrote. A model file needs no import, but load")
    if kind == "torch":
        return read_torch(path)
    tensors, metadata = read_tensors(path)
    if "minilstm" in metadata:
        raise ModelFileError(f"{path}: a model file already; it needs no import, but load")
    return TorchFile(tensors, {}, {}, "safetensors", (), {})


def _vocabulary_inside(file, rows):
    """The words that lie beside the weights, if only one vocabulary does; and a remark on where."""
    fitting = {place: value for place, value in file.vocabularies.items() if len(value) == rows}
    different = {words_of(value, f"the vocabulary {place!r}"): place for place, value in reversed(fitting.items())}
    if len(different) != 1:
        found = ", ".join(map(repr, different.values()))
        what = f"several vocabularies inside, {found}" if different else f"no vocabulary of {rows} words inside"
        raise ModelFileError(f"{what}; minilstm import with --vocab FILE takes one from a file")
    (words, remarks), place = next(iter(different.items()))
    return words, [f"the vocabulary is the file's own, {place!r}", *remarks]


def _norm(file, parts, max_norm):
    """The largest length of rows of the embedding, and a remark on it."""
    if max_norm is not None:
        return (max_norm, 2.0), [f"rows of the embedding are scaled down to a norm of {max_norm}"]
    path = parts.embedding.removesuffix(".weight")
    value = file.attributes.get(f"{path}.max_norm") if path in file.classes else None  # else some option's name
    if type(value) not in (int, float):
        return None, []
    kind = file.attributes.get(f"{path}.norm_type", 2.0)
    return (value, kind), [
        f"{path}: max_norm is {value}; longer rows are scaled down, as the network does when it reads"
    ]


def _check_kind(attributes, parts):
    """Refuse what a module, or one around it, says of itself and its weights do not show."""
    for key, value in attributes.items():  # `mode` is torch.nn's name for it, `rnn_type` that of the paper's class
        around = key[: key.rfind(".") + 1]
        said = key.endswith((".mode", "rnn_type")) and str(value).upper() != "LSTM"
        if said and any(name.startswith(around) for name in parts.names):
            raise ModelFileError(f"a network of type {value!r:.40}; expected LSTM")


def _check_apart(file, parts):
    """Tensors may be one and the same; they may not share a part, as after damage to an offset."""
    tied = [set(group) for group in file.tied]
    last, end = None, 0
    places = ((file.tensors[name].__array_interface__["data"][0], file.tensors[name], name) for name in parts.names)
    for start, array, name in sorted(places, key=lambda place: (place[0], place[2])):
        if start < end and not any({last, name} <= group for group in tied):
            raise ModelFileError(f"{last} and {name} overlap in the file; expected each weight in a place of its own")
        if all(array.strides[axis] or n == 1 for axis, n in enumerate(array.shape)):  # not made by `Tensor.expand`
            last, end = name, max(end, start + array.nbytes)


def _report(file, parts, sizes, words):
    """Report on what was found: {what: value}, anything that JSON can hold."""
    tied = any({parts.embedding, parts.decoder} <= set(group) for group in file.tied)
    return {
        "layout": file.layout,
        "class": file.classes.get("", "state dict"),
        "gate_order": "i f g o",
        "tied": tied,
        "training": file.attributes.get("training"),
        "layers": len(sizes),
        "units": sizes[0] if len(set(sizes)) == 1 else sizes,
        "embedding": file.tensors[parts.embedding].shape[1],
        "words": len(words),
        "dtype": ", ".join(sorted({str(file.tensors[name].dtype) for name in parts.names})),
        "parameters": sum(file.tensors[name].size for name in parts.names) - tied * file.tensors[parts.decoder].size,
    }
