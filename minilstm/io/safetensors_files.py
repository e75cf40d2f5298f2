"""Read and write .safetensors files, through the library of that name, which comes with minilstm[safetensors]."""

import json
import math
from pathlib import Path

import numpy as np

from ..errors import ModelFileError
from .files import write_whole

FLOATS = {"F16": "<f2", "F32": "<f4", "F64": "<f8", "BF16": "<u2"}
INTEGERS = {"I32": "<i4", "I64": "<i8"}


def write_tensors(path, tensors, metadata):
    """Write arrays by name, and strings by name beside them, to `path`, whole or not at all.

    The same arguments give the same bytes: the metadata, which the library writes in random order, is sorted.
    """
    arrays = {
        name: np.asarray(array, np.dtype(array.dtype).newbyteorder("<"), order="C") for name, array in tensors.items()
    }
    data = memoryview(_library(path).numpy.save(arrays, metadata))
    end = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(bytes(data[8:end])) | {"__metadata__": dict(sorted(metadata.items()))}
    text = json.dumps(header, ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)  # numbers start at a multiple of 8 bytes
    with write_whole(path) as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.write(data[end:])


def read_tensors(path):
    """The arrays and the metadata in a .safetensors file.

    Returns
    -------
    tensors : dict of str to array
        bfloat16, which NumPy lacks, becomes float32.
    metadata : dict of str to str

    Raises
    ------
    ModelFileError
        If the library is not installed or anything in the file is not as it should be.
    """
    library = _library(path)
    try:
        data = Path(path).read_bytes()
        described = library.deserialize(data)  # offsets and sizes are checked there
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")], object_pairs_hook=_distinct)
        del data
    except OSError as error:
        raise ModelFileError(f"{path}: cannot be read ({error.strerror or error})") from error
    except (library.SafetensorError, ValueError, RecursionError) as error:
        raise ModelFileError(f"{path}: not a whole .safetensors file ({error})") from error
    tensors = {name: _array(path, name, **view) for name, view in described}
    return tensors, header.get("__metadata__") or {}


def _library(path):
    try:
        import safetensors.numpy
    except ImportError:
        raise ModelFileError(f"{path}: .safetensors needs a package: pip install 'minilstm[safetensors]'") from None
    return safetensors


def _distinct(pairs):
    """A dict of `pairs`; a name that is there twice is an error, where JSON takes the last."""
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)!r} is there twice")
    return dict(pairs)


def _array(path, name, dtype, shape, data):
    if dtype not in FLOATS | INTEGERS:
        raise ModelFileError(f"{path}: {name}: expected {' or '.join(FLOATS | INTEGERS)}, got {dtype}")
    array = np.frombuffer(data, (FLOATS | INTEGERS)[dtype], math.prod(shape)).reshape(shape)
    return (array.astype("<u4") << 16).view("<f4") if dtype == "BF16" else array
