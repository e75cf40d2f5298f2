"""Our model file: an .npz with a JSON header inside. Files are (header, arrays) and know of no model.

An .npz is a zip archive of plain arrays, so that NumPy alone can read it. Members::

    header          bytes of a JSON object in UTF-8: format, version, gate_order, sizes, vocabulary and its SHA-256,
                    context, provenance
    embedding       (V, E)
    W0, U0, b0 ...  (4 * H, D), (4 * H, H), (4 * H,) for each layer, blocks in the header's gate order
    decoder_weight  (V, H)
    decoder_bias    (V,)
    word_counts     (V,) integers; may be missing

In version 2 the tables of words, embedding and decoder_weight, are int8, and `embedding_scale` and
`decoder_weight_scale`, (V,), hold what each row is to be multiplied with; all else is float16.

Nothing in a file is believed: names, sizes and types of all members are read from the archive's directory and from
the first bytes of each member, and compared with the header, before any array is allocated.

A .safetensors file holds the same: tensors under PyTorch's names, so that they are a state dict, and as metadata
`minilstm`, the header, and `word_counts`, a JSON list.
"""

import hashlib
import json
from pathlib import Path

import numpy as np

from ..errors import ModelFileError
from ..lstm import Layer
from .conventions import layers_from, layers_to, reorder
from .npz import open_npz, write_npz
from .recognise import kind_of
from .rows import from_int8, to_int8
from .safetensors import read_tensors, write_tensors

ENDINGS = ".npz", ".safetensors"  # of model files
FORMAT, VERSION, VERSION_OF_INT8 = "minilstm language model", 1, 2
TABLES = "embedding", "decoder_weight"
FLOATS = ("<f2", "<f4", "<f8")
STATE_DICT = {"embedding": "encoder.weight", "decoder_weight": "decoder.weight", "decoder_bias": "decoder.bias"}


def make_header(vocabulary, embedding, layers, context=(), provenance=None):
    """The header of a model file.

    Parameters
    ----------
    vocabulary, context : sequences of str
    embedding : int
        How many numbers a word is.
    layers : sequence of int
        The number of units of each layer.
    provenance : dict, optional
        How the model was made; anything that JSON can hold.

    Returns
    -------
    dict

    >>> header = make_header(["the", "boy"], 3, [4, 4])
    >>> header["sizes"], header["gate_order"]
    ({'vocabulary': 2, 'embedding': 3, 'layers': [4, 4]}, 'ifgo')
    """
    return {
        "format": FORMAT,
        "version": VERSION,
        "gate_order": "ifgo",
        "sizes": {"vocabulary": len(vocabulary), "embedding": embedding, "layers": list(layers)},
        "vocabulary_sha256": _digest(vocabulary),
        "vocabulary": list(vocabulary),
        "context": list(context),
        "provenance": dict(provenance or {}),
    }


def header_text(header):
    """A header as it stands in a file: JSON."""
    return json.dumps(header, ensure_ascii=False, indent=1)


def write(path, header, arrays, dtype=None):
    """Write a model file, whole or not at all.

    Parameters
    ----------
    path : str or Path
        A name that ends in .safetensors gives a file of that kind, any other an .npz.
    header : dict
        As `make_header` makes it.
    arrays : dict of str to array
        By the names at the top of this file, blocks in the order i f g o; a word_counts of None is left out.
    dtype : {"int8", "float16", "float32", "float64"}, optional
        What the weights are rounded to; as they are if not given. int8: the rows of the tables of words, in an .npz;
        all else is rounded to float16.

    Raises
    ------
    MinilstmError
        If the file cannot be written or a number is not finite.
    """
    counts = arrays.get("word_counts")
    weights = {name: array for name, array in arrays.items() if name != "word_counts"}
    if Path(path).suffix == ".safetensors":
        if dtype == "int8":
            raise ModelFileError(f"{path}: int8 rows have a place in an .npz only")
        tensors = {name: _stored(name, array, dtype) for name, array in _state_dict(weights).items()}
        for name, tensor in tensors.items():
            check_finite(name, tensor)
        metadata = {"minilstm": header_text(header)}
        if counts is not None:
            metadata["word_counts"] = json.dumps(counts.tolist())
        return write_tensors(path, tensors, metadata)
    tables = {}
    if dtype == "int8":
        header, dtype = header | {"version": VERSION_OF_INT8}, "float16"
        for name in TABLES:
            table = weights.pop(name)
            check_finite(name, table)
            tables[name], tables[_scale(name)] = to_int8(table)
    members = {"header": np.frombuffer(header_text(header).encode(), np.uint8), **tables}
    members |= {name: _stored(name, array, dtype) for name, array in weights.items()}
    if counts is not None:
        members["word_counts"] = np.asarray(counts, "<i8")
    write_npz(path, members, check_finite)


def _scale(name):
    return f"{name}_scale"


def _state_dict(weights):
    """The weights by the names of a PyTorch state dict."""
    layers = [Layer(*(weights[f"{part}{k}"] for part in "WUb")) for k in range((len(weights) - 3) // 3)]
    named = {theirs: weights[ours] for ours, theirs in STATE_DICT.items()}
    return named | layers_to(layers, prefix="rnn.")


def _stored(name, array, dtype):
    """`array` as it stands in a file."""
    dtype = np.dtype(dtype or array.dtype).newbyteorder("<")
    if dtype.str not in FLOATS:
        raise ModelFileError(f"{name}: a file holds float16, float32 or float64, not {dtype}")
    with np.errstate(over="ignore"):  # what is too large becomes infinite, and is refused when it is to be written
        return np.ascontiguousarray(array, dtype)


def _digest(vocabulary):
    return hashlib.sha256("\n".join(vocabulary).encode()).hexdigest()


def read(path, dtype="float32"):
    """Read a model file, .npz or .safetensors.

    Parameters
    ----------
    path : str or Path
    dtype : {"float32", "float64"}
        The precision of the arrays, whatever the file holds.

    Returns
    -------
    header : dict
    arrays : dict of str to array
        By the names at the top of this file, blocks in the order i f g o; word_counts only if the file has it.

    Raises
    ------
    ModelFileError
        If anything in the file is not as it should be.
    """
    check_precision(dtype)
    kind = kind_of(path)
    if kind == "safetensors":
        return _read_safetensors(path, dtype)
    if kind == "torch":
        raise ModelFileError(f"{path}: no model file of minilstm; minilstm import makes one of what torch.save wrote")
    with open_npz(path) as file:
        header = _header(file.read("header").tobytes())
        _compare(header, {name: declared for name, declared in file.declared.items() if name != "header"})
        arrays = {name: file.read(name) for name in file.declared if name != "header"}
        if header["version"] == VERSION_OF_INT8:
            for name in TABLES:
                scale = arrays.pop(_scale(name))
                check_finite(_scale(name), scale)
                arrays[name] = from_int8(arrays[name], scale)
        return header, _in_precision(arrays, dtype, header["gate_order"])


def check_precision(dtype):
    """Raise a ModelFileError unless `dtype` is one that models compute in."""
    if not any(np.dtype(known) == dtype for known in ("float32", "float64")):
        raise ModelFileError(f"dtype: expected float32 or float64, got {dtype}")


def _read_safetensors(path, dtype):
    tensors, metadata = read_tensors(path)
    try:
        if "minilstm" not in metadata:
            raise ModelFileError("tensors without a vocabulary, no model file; minilstm import with --vocab makes one")
        header = _header(metadata["minilstm"].encode())
        if header["gate_order"] != "ifgo":
            raise ModelFileError("header: says that gates are not i f g o, but a state dict's are")
        for name, tensor in tensors.items():
            check_finite(name, tensor, dtype)
        arrays = _from_state_dict(tensors)
        if "word_counts" in metadata:
            arrays["word_counts"] = _counts(metadata["word_counts"])
        _compare(header, {name: (array.shape, array.dtype) for name, array in arrays.items()})
        return header, _in_precision(arrays, dtype, header["gate_order"])
    except ModelFileError as error:
        raise ModelFileError(f"{path}: {error}") from None


def _from_state_dict(tensors):
    """The way back from `_state_dict`."""
    missing = [name for name in STATE_DICT.values() if name not in tensors]
    odd = [name for name in tensors if name not in STATE_DICT.values() and not name.startswith("rnn.")]
    if missing or odd:
        raise ModelFileError(f"no tensor {missing[0]!r}" if missing else f"{odd[0]}: a tensor that has no place here")
    arrays = {ours: tensors[theirs] for ours, theirs in STATE_DICT.items()}
    for k, layer in enumerate(layers_from(tensors, prefix="rnn.")):
        arrays |= {f"{part}{k}": array for part, array in zip("WUb", layer, strict=True)}
    return arrays


def _counts(text):
    try:
        counts = np.array(json.loads(text))
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"word_counts: not a JSON list ({error})") from None
    if counts.dtype != np.int64:
        raise ModelFileError(f"word_counts: expected whole numbers, got {counts.dtype}")
    return counts


def _header(raw):
    """The header's JSON, its own parts checked."""
    try:
        header = json.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"header: not JSON in UTF-8 ({error})") from None
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise ModelFileError("header: does not say that this is a minilstm language model")
    if header.get("version") not in (VERSION, VERSION_OF_INT8):
        found = repr(header.get("version"))
        raise ModelFileError(f"header: format version {found}; this program reads {VERSION} and {VERSION_OF_INT8}")
    kinds = {"gate_order": str, "sizes": dict, "vocabulary": list, "vocabulary_sha256": str, "context": list}
    for key, kind in {**kinds, "provenance": dict}.items():
        if not isinstance(header.get(key), kind):
            raise ModelFileError(f"header: {key!r} should be a JSON {kind.__name__}, got {header.get(key)!r:.80}")
    for key in ("vocabulary", "context"):
        if not all(isinstance(word, str) for word in header[key]):
            raise ModelFileError(f"header: {key!r} should hold words only")
    if _digest(header["vocabulary"]) != header["vocabulary_sha256"]:
        raise ModelFileError("header: the vocabulary does not match its SHA-256")
    return header


def _compare(header, shapes):
    """Raise unless the members' shapes and types are those that the header's sizes ask for."""
    sizes = header["sizes"]
    layers = sizes.get("layers")
    numbers = [sizes.get("vocabulary"), sizes.get("embedding")]
    numbers += layers if isinstance(layers, list) and layers else [None]
    if not all(type(n) is int and n > 0 for n in numbers) or numbers[0] != len(header["vocabulary"]):
        raise ModelFileError(f"header: sizes {sizes} do not fit {len(header['vocabulary'])} words")
    V, D, *layers = numbers
    expected = {"embedding": (V, D), "decoder_weight": (V, layers[-1]), "decoder_bias": (V,)}
    for k, H in enumerate(layers):
        expected |= {f"W{k}": (4 * H, D), f"U{k}": (4 * H, H), f"b{k}": (4 * H,)}
        D = H
    types = dict.fromkeys(expected, FLOATS) | {"word_counts": ("<i8",)}
    if header["version"] == VERSION_OF_INT8:
        expected |= {_scale(name): (V,) for name in TABLES}
        types |= dict.fromkeys(TABLES, ("|i1",)) | {_scale(name): ("<f4",) for name in TABLES}
    if "word_counts" in shapes:
        expected["word_counts"] = (V,)
    if expected.keys() != shapes.keys():
        odd = sorted(expected.keys() ^ shapes.keys())
        raise ModelFileError(f"expected the members {sorted(expected)}; missing or left over: {odd}")
    for name, (shape, dtype) in shapes.items():
        if shape != expected[name] or dtype.str not in types[name]:
            raise ModelFileError(
                f"{name}: expected {expected[name]} of {' or '.join(types[name])}, got {shape} of {dtype.str}"
            )


def _in_precision(arrays, dtype, order):
    """The arrays checked and cast, their blocks brought from `order` to i f g o."""
    counts = {name: array for name, array in arrays.items() if name == "word_counts"}
    weights = {name: array for name, array in arrays.items() if name not in counts}
    for name, array in weights.items():
        check_finite(name, array, dtype)
    blocks = {name for name in weights if name[0] in "WUb"}
    cast = {name: array.astype(dtype) for name, array in weights.items()}
    return {name: reorder(array, order) if name in blocks else array for name, array in cast.items()} | counts


def check_finite(name, array, dtype=None):
    """Raise unless all numbers are finite, and stay so in the precision to come."""
    with np.errstate(over="ignore"):  # what is too large becomes infinite
        ends = np.array([array.min(initial=0), array.max(initial=0)], dtype)  # NaN anywhere makes both NaN
    if not np.isfinite(ends).all():
        raise ModelFileError(f"{name}: expected numbers that are finite in {ends.dtype}")
