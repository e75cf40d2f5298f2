"""Our model file: an .npz with a JSON header inside.

An .npz is a zip archive of plain arrays, so that NumPy alone can read it. Members::

    header          bytes of a JSON object in UTF-8: format, version, gate_order, sizes, vocabulary and its SHA-256,
                    context, provenance
    embedding       (V, E)
    W0, U0, b0 ...  (4 * H, D), (4 * H, H), (4 * H,) for each layer, blocks in the header's gate order
    decoder_weight  (V, H)
    decoder_bias    (V,)
    word_counts     (V,) integers; may be missing

Nothing in a file is believed: names, sizes and types of all members are read from the archive's directory and from
the first bytes of each member, and compared with the header, before any array is allocated.

A .safetensors file holds the same: tensors under PyTorch's names, so that they are a state dict, and as metadata
`minilstm`, the header, and `word_counts`, a JSON list.
"""

import hashlib
import json
from pathlib import Path

import numpy as np

from .. import planted
from ..errors import ModelFileError
from ..language_model import LanguageModel
from ..lstm import Layer
from .conventions import reorder
from .npz import open_npz, write_npz
from .safetensors_files import read_tensors, write_tensors

FORMAT, VERSION = "minilstm language model", 1
PACKAGE = Path(__file__).parent.parent
WEIGHTS = (PACKAGE / "weights", PACKAGE.parent / "weights")  # a wheel, a checkout
FLOATS = ("<f2", "<f4", "<f8")


def load(name_or_path, dtype="float32"):
    """A model that comes with the package, or one from a file.

    Parameters
    ----------
    name_or_path : str or Path
        A name such as "mini" or "planted" (see `names`), or the path of an .npz or .safetensors file.
    dtype : {"float32", "float64"}
        The precision to compute in, whatever the file holds.

    Returns
    -------
    LanguageModel

    Raises
    ------
    ModelFileError
        If there is no such model, or anything in the file is not as it should be.
    """
    known, path = names(), Path(name_or_path)
    if str(name_or_path) == "planted":
        _check_precision(dtype)
        return planted.build(dtype)
    if str(name_or_path) in known:
        path = known[str(name_or_path)]
    elif not path.is_file():
        raise ModelFileError(f"{name_or_path}: no such file; the models that come along are {', '.join(known)}")
    return read(path, dtype)


def names():
    """The models that come with the package: {name: path}.

    "mini" is the one of them that `mini.txt` names; "planted" is in no file of weights but in the code that builds it.
    """
    folder = next((folder for folder in WEIGHTS if folder.is_dir()), WEIGHTS[0])
    found = {path.stem: path for path in sorted(folder.glob("*.npz"))}
    found["planted"] = Path(planted.__file__)
    chosen = folder / "mini.txt"
    return {"mini": found[chosen.read_text().strip()], **found} if chosen.is_file() else found


def digest(model):
    """SHA-256 of a model's weights in float32, whatever file they came from: what a result is a result of."""
    parts = [
        model.embedding,
        *(array for layer in model.layers for array in layer),
        model.decoder_weight,
        model.decoder_bias,
    ]
    hasher = hashlib.sha256()
    for array in parts:
        hasher.update(np.ascontiguousarray(array, "<f4"))
    return hasher.hexdigest()


def describe(model):
    """What a person would ask of a model: {question: answer}, anything that JSON can hold."""
    counts = model.word_counts
    about = {key: value for key, value in model.provenance.items() if key != "held_out_pairs"}
    return {
        "layers": list(model.sizes),
        "embedding": model.embedding.shape[1],
        "vocabulary": len(model.vocabulary),
        "parameters": model.embedding.size
        + model.decoder_weight.size
        + model.decoder_bias.size
        + sum(array.size for layer in model.layers for array in layer),
        "gate order in memory": "i f g o",
        "words of training text": None if counts is None else int(counts.sum()),
        "context": " ".join(model.context),
        "held-out (subject noun, verb) pairs": len(model.provenance.get("held_out_pairs", [])),
        "sha256 of the weights": digest(model),
        **about,
    }


def write(model, path, dtype=None):
    """Write `model` to `path`, whole or not at all; `dtype` such as "float16" rounds the weights.

    A name that ends in .safetensors gives a file of that kind (see `safetensors_files`), any other an .npz.
    """
    if Path(path).suffix == ".safetensors":
        return _write_safetensors(model, path, dtype)
    arrays = {"embedding": model.embedding, "decoder_weight": model.decoder_weight, "decoder_bias": model.decoder_bias}
    for k, layer in enumerate(model.layers):
        arrays |= {f"W{k}": layer.W, f"U{k}": layer.U, f"b{k}": layer.b}
    arrays = {name: _stored(name, array, dtype) for name, array in arrays.items()}
    if model.word_counts is not None:
        arrays["word_counts"] = np.asarray(model.word_counts, "<i8")
    write_npz(path, {"header": np.frombuffer(header_of(model).encode(), np.uint8), **arrays}, _check_finite)


def _write_safetensors(model, path, dtype):
    tensors = {name: _stored(name, array, dtype) for name, array in model.state_dict().items()}
    for name, tensor in tensors.items():
        _check_finite(name, tensor)
    metadata = {"minilstm": header_of(model)}
    if model.word_counts is not None:
        metadata["word_counts"] = json.dumps(model.word_counts.tolist())
    write_tensors(path, tensors, metadata)


def _stored(name, array, dtype):
    """`array` as it stands in a file."""
    dtype = np.dtype(dtype or array.dtype).newbyteorder("<")
    if dtype.str not in FLOATS:
        raise ModelFileError(f"{name}: a file holds float16, float32 or float64, not {dtype}")
    with np.errstate(over="ignore"):  # what is too large becomes infinite, and is refused when it is to be written
        return np.ascontiguousarray(array, dtype)


def header_of(model):
    """What a file says about its model, as JSON."""
    header = {
        "format": FORMAT,
        "version": VERSION,
        "gate_order": "ifgo",
        "sizes": {"vocabulary": len(model.vocabulary), "embedding": model.embedding.shape[1], "layers": model.sizes},
        "vocabulary_sha256": _digest(model.vocabulary),
        "vocabulary": model.vocabulary,
        "context": model.context,
        "provenance": model.provenance,
    }
    return json.dumps(header, ensure_ascii=False, indent=1)


def _digest(vocabulary):
    return hashlib.sha256("\n".join(vocabulary).encode()).hexdigest()


def read(path, dtype="float32"):
    """The model in an .npz or .safetensors file; see `load`."""
    path = Path(path)
    _check_precision(dtype)
    if path.suffix == ".safetensors":
        return _read_safetensors(path, dtype)
    with open_npz(path) as file:
        header = _header(file.read("header").tobytes())
        _compare(header, {name: declared for name, declared in file.declared.items() if name != "header"})
        arrays = {name: file.read(name) for name in file.declared if name != "header"}
        return _model(header, arrays, dtype)


def _check_precision(dtype):
    if not any(np.dtype(known) == dtype for known in ("float32", "float64")):
        raise ModelFileError(f"dtype: expected float32 or float64, got {dtype}")


def _read_safetensors(path, dtype):
    tensors, metadata = read_tensors(path)
    try:
        header = _header(metadata.get("minilstm", "").encode())
        for name, tensor in tensors.items():
            _check_finite(name, tensor, dtype)
        model = LanguageModel.from_state_dict(
            tensors,
            header["vocabulary"],
            context=header["context"],
            word_counts=_counts(metadata["word_counts"]) if "word_counts" in metadata else None,
            provenance=header["provenance"],
            dtype=dtype,
        )
        if header != json.loads(header_of(model)):
            raise ModelFileError(f"header: sizes {header['sizes']} are not the tensors', or gates are not i f g o")
        return model
    except ModelFileError as error:
        raise ModelFileError(f"{path}: {error}") from None


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
    if header.get("version") != VERSION:
        raise ModelFileError(f"header: format version {header.get('version')!r}; this program reads version {VERSION}")
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
    if "word_counts" in shapes:
        expected["word_counts"] = (V,)
    if expected.keys() != shapes.keys():
        odd = sorted(expected.keys() ^ shapes.keys())
        raise ModelFileError(f"expected the members {sorted(expected)}; missing or left over: {odd}")
    for name, (shape, dtype) in shapes.items():
        kinds = ("<i8",) if name == "word_counts" else FLOATS
        if shape != expected[name] or dtype.str not in kinds:
            raise ModelFileError(
                f"{name}: expected {expected[name]} of {' or '.join(kinds)}, got {shape} of {dtype.str}"
            )


def _model(header, arrays, dtype):
    counts = arrays.pop("word_counts", None)
    for name, array in arrays.items():
        _check_finite(name, array, dtype)
    arrays = {name: array.astype(dtype) for name, array in arrays.items()}
    layers = tuple(
        Layer(*(reorder(arrays[f"{part}{k}"], header["gate_order"]) for part in "WUb"))
        for k in range(len(header["sizes"]["layers"]))
    )
    return LanguageModel(
        tuple(header["vocabulary"]),
        arrays["embedding"],
        layers,
        arrays["decoder_weight"],
        arrays["decoder_bias"],
        tuple(header["context"]),
        counts,
        header["provenance"],
    )


def _check_finite(name, array, dtype=None):
    """Raise unless all numbers are finite, and stay so in the precision to come."""
    with np.errstate(over="ignore"):  # what is too large becomes infinite
        ends = np.array([array.min(initial=0), array.max(initial=0)], dtype)  # NaN anywhere makes both NaN
    if not np.isfinite(ends).all():
        raise ModelFileError(f"{name}: expected numbers that are finite in {ends.dtype}")
