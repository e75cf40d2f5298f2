"""Read and write .safetensors files: a length, a header in JSON, the numbers; no package is needed for that."""

import json
import math
from pathlib import Path

import numpy as np

from ..errors import ModelFileError
from .atomic import write_whole

FLOATS = {"F16": "<f2", "F32": "<f4", "F64": "<f8", "BF16": "<u2"}
INTEGERS = {"I32": "<i4", "I64": "<i8"}
LARGEST_HEADER = 100_000_000  # bytes, the format's own limit


def write_tensors(path, tensors, metadata):
    """Write arrays by name, and strings by name beside them, to `path`, whole or not at all.

    The same arguments give the same bytes. Larger numbers come first, as the format's own writer has it, so that every
    array starts at a multiple of its numbers' size.
    """
    names = {np.dtype(dtype): name for name, dtype in (FLOATS | INTEGERS).items() if name != "BF16"}
    arrays = {name: np.asarray(array, array.dtype.newbyteorder("<"), order="C") for name, array in tensors.items()}
    arrays = dict(sorted(arrays.items(), key=lambda entry: (-entry[1].itemsize, entry[0])))
    header, end = {"__metadata__": dict(sorted(metadata.items()))}, 0
    for name, array in arrays.items():
        offsets = [end, end := end + array.nbytes]
        header[name] = {"dtype": names[array.dtype], "shape": list(array.shape), "data_offsets": offsets}
    text = json.dumps(header, ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)  # numbers start at a multiple of 8 bytes
    with write_whole(path) as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for array in arrays.values():
            file.write(array.data)


def read_tensors(path):
    """The arrays and the metadata in a .safetensors file.

    Returns
    -------
    tensors : dict of str to array
        Read-only views of the file's bytes; bfloat16, which NumPy lacks, becomes float32.
    metadata : dict of str to str

    Raises
    ------
    ModelFileError
        If anything in the file is not as it should be.
    """
    try:
        data = Path(path).read_bytes()
        header, numbers = _split(data)
        metadata = header.pop("__metadata__", {})
        if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
            raise ValueError("__metadata__: expected strings by name")
        views = {name: _view(name, entry) for name, entry in header.items()}
        _check_places(views, len(numbers))
        return {name: _array(numbers, *view) for name, view in views.items()}, metadata
    except OSError as error:
        raise ModelFileError(f"{path}: cannot be read ({error.strerror or error})") from error
    except ModelFileError as error:
        raise ModelFileError(f"{path}: {error}") from None
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{path}: not a whole .safetensors file ({error})") from error


def stored_types(path):
    """The format's name of each tensor's type, which `read_tensors` does not return."""
    header, _ = _split(Path(path).read_bytes())
    return {name: entry["dtype"] for name, entry in header.items() if name != "__metadata__"}


def _split(data):
    """The header, a dict, and the bytes of the numbers."""
    size = int.from_bytes(data[:8], "little")
    if len(data) < 8 or size > min(LARGEST_HEADER, len(data) - 8):
        raise ValueError(f"its header should take {size} bytes, the file has {len(data)}")
    header = json.loads(data[8 : 8 + size].decode("utf-8"), object_pairs_hook=_distinct)
    if not isinstance(header, dict):
        raise ValueError("its header is no JSON object")
    return header, memoryview(data)[8 + size :]


def _distinct(pairs):
    """A dict of `pairs`; a name that is there twice is an error, where JSON takes the last."""
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)!r} is there twice")
    return dict(pairs)


def _view(name, entry):
    """Read a tensor's entry and check it within itself: dtype, shape, start and end."""
    if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
        raise ValueError(f"{name}: expected dtype, shape and data_offsets")
    kind, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    for numbers in (shape, offsets):
        if not isinstance(numbers, list) or not all(type(n) is int and 0 <= n < 2**60 for n in numbers):
            raise ValueError(f"{name}: expected a shape and offsets of whole numbers")
    if not isinstance(kind, str) or kind not in FLOATS | INTEGERS:
        raise ModelFileError(f"{name}: expected {' or '.join(FLOATS | INTEGERS)}, got {kind!r:.40}")
    dtype = np.dtype((FLOATS | INTEGERS)[kind])
    if len(shape) > 32 or len(offsets) != 2 or offsets[1] - offsets[0] != math.prod(shape) * dtype.itemsize:
        raise ValueError(f"{name}: bytes {offsets} do not hold {shape} of {kind}")
    return kind, dtype, shape, *offsets


def _check_places(views, size):
    """Raise unless the tensors lie one behind the other and take all the bytes there are."""
    end = 0
    for start, stop, name in sorted((start, stop, name) for name, (*_, start, stop) in views.items()):
        if start != end:
            raise ValueError(f"{name} starts at byte {start}, expected {end}")
        end = stop
    if end != size:
        raise ValueError(f"its tensors take {end} bytes, the file has {size}")


def _array(numbers, kind, dtype, shape, start, stop):
    array = np.frombuffer(numbers[start:stop], dtype).reshape(shape)
    return (array.astype("<u4") << 16).view("<f4") if kind == "BF16" else array
