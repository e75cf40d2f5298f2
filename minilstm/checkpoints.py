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
"""

import hashlib
import io
import json
import zipfile
import zlib
from pathlib import Path

import numpy as np

from .conventions import reorder
from .errors import ModelFileError
from .files import write_whole
from .language_model import LanguageModel
from .lstm import Layer

FORMAT, VERSION = "minilstm language model", 1
WEIGHTS = (Path(__file__).parent / "weights", Path(__file__).parent.parent / "weights")  # a wheel, a checkout
FLOATS = ("<f2", "<f4", "<f8")
GROWTH = 4  # a compressed file may unpack to this many times its size, no more


def load(name_or_path, dtype="float32"):
    """A model that comes with the package, or one from a file.

    Parameters
    ----------
    name_or_path : str or Path
        A name such as "mini" (see `names`), or the path of an .npz file.
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
    path = Path(name_or_path)
    if str(name_or_path) in names():
        path = _folder() / f"{name_or_path}.npz"
    elif not path.is_file():
        raise ModelFileError(f"{name_or_path}: no such file, and the models that come along are {', '.join(names())}")
    return read(path, dtype)


def names():
    """The names of the models that come with the package."""
    return sorted(path.stem for path in _folder().glob("*.npz"))


def _folder():
    return next((folder for folder in WEIGHTS if folder.is_dir()), WEIGHTS[0])


def write(model, path, dtype=None):
    """Write `model` to `path`, whole or not at all; `dtype` such as "float16" rounds the weights."""
    arrays = {"embedding": model.embedding, "decoder_weight": model.decoder_weight, "decoder_bias": model.decoder_bias}
    for k, layer in enumerate(model.layers):
        arrays |= {f"W{k}": layer.W, f"U{k}": layer.U, f"b{k}": layer.b}
    arrays = {name: np.ascontiguousarray(array, dtype or array.dtype) for name, array in arrays.items()}
    if model.word_counts is not None:
        arrays["word_counts"] = np.asarray(model.word_counts, "<i8")
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
    text = json.dumps(header, ensure_ascii=False, indent=1)
    with write_whole(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, array in {"header": np.frombuffer(text.encode(), np.uint8), **arrays}.items():
            # a fixed date, so that the same model always gives the same bytes
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


def _digest(vocabulary):
    return hashlib.sha256("\n".join(vocabulary).encode()).hexdigest()


def read(path, dtype="float32"):
    """The model in an .npz file; see `load`."""
    path = Path(path)
    if np.dtype(dtype) not in (np.float32, np.float64):
        raise ModelFileError(f"dtype: expected float32 or float64, got {dtype}")
    try:
        with zipfile.ZipFile(path) as archive:
            shapes = {name: _declared(archive, info) for name, info in _members(archive, path).items()}
            header = _header(_array(archive, "header", *shapes.pop("header", (None, None))))
            _compare(header, shapes)
            arrays = {name: _array(archive, name, *declared) for name, declared in shapes.items()}
        return _model(header, arrays, dtype)
    except ModelFileError as error:
        raise ModelFileError(f"{path}: {error}") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OverflowError) as error:
        raise ModelFileError(f"{path}: not a whole .npz file ({error})") from error
    except OSError as error:
        raise ModelFileError(f"{path}: cannot be read ({error.strerror or error})") from error
    except ValueError as error:  # NumPy's word on a malformed .npy member
        raise ModelFileError(f"{path}: not an .npz file of ours ({error})") from error


def _members(archive, path):
    """The archive's members by name, without `.npy`; no name twice, nothing unpacking to more than the file allows."""
    infos = {}
    for info in archive.infolist():
        name = info.filename.removesuffix(".npy")
        if name in infos:
            raise ModelFileError(f"member {name!r} is there twice")
        infos[name] = info
    if sum(info.file_size for info in infos.values()) > GROWTH * path.stat().st_size:
        raise ModelFileError(f"unpacks to more than {GROWTH} times its size")
    return infos


def _declared(archive, info):
    """Shape and dtype that a member's first bytes declare, checked against the number of bytes that follow."""
    with archive.open(info) as member:
        start = io.BytesIO(member.read(4096))
    version = np.lib.format.read_magic(start)
    if version != (1, 0):
        raise ModelFileError(f"member {info.filename!r}: expected .npy version 1.0, got {version}")
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(start)
    size = dtype.itemsize
    for n in shape:
        size *= n
    if dtype.hasobject or fortran or info.file_size != start.tell() + size:
        raise ModelFileError(f"member {info.filename!r}: {info.file_size} bytes do not hold {shape} of {dtype}")
    return shape, dtype


def _array(archive, name, shape, dtype):
    """Read one member, whose checksum zipfile verifies at its end."""
    if shape is None:
        raise ModelFileError(f"no member {name!r}: not a model of ours")
    data = archive.read(f"{name}.npy")
    size = dtype.itemsize * int(np.prod(shape))
    return np.frombuffer(data, dtype, offset=len(data) - size).reshape(shape)


def _header(raw):
    """The header's JSON, its own parts checked."""
    try:
        header = json.loads(raw.tobytes().decode("utf-8"))
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
    numbers = [sizes.get("vocabulary"), sizes.get("embedding"), *(sizes.get("layers") or [None])]
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
            raise ModelFileError(f"{name}: expected {expected[name]} of {' or '.join(kinds)}, got {shape} of {dtype.str}")


def _model(header, arrays, dtype):
    for name, array in arrays.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise ModelFileError(f"{name}: holds numbers that are not finite")
    counts = arrays.pop("word_counts", None)
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
