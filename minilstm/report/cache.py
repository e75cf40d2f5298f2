"""Cache of results on disk: save one, load it only if it is whole and of one's own making.

A file is an .npz (see `io.npz`; it carries checksums): its arrays as they are, and as JSON the tree of tuples, dicts
and dataclasses of this package that they hang in, with the key of what they depend on. Nothing in it is run.
"""

import hashlib
import json
from dataclasses import fields, is_dataclass
from importlib import import_module

import numpy as np

from ..errors import ModelFileError
from ..io.npz import open_npz, write_npz

TREE = "tree"
PACKAGE = __package__.partition(".")[0]


def save(path, key, value):
    """Write `value` and the key that it fits to `path`, whole or not at all.

    Parameters
    ----------
    path : str or Path
    key : dict
        Anything that JSON can hold.
    value : None, bool, int, float, str, array, or a tuple, list, dict, NamedTuple or dataclass of such
        Classes are those of this package.
    """
    arrays = {}
    tree = {"key": key, "value": _taken_apart(value, arrays)}
    text = json.dumps(tree, ensure_ascii=False)
    write_npz(path, {TREE: np.frombuffer(text.encode(), np.uint8), **arrays})


def load(path):
    """The key and the value in a cached file.

    Raises
    ------
    ModelFileError
        If the file is not whole, or not one of ours.
    """
    with open_npz(path) as file:
        arrays = {name: file.read(name) for name in file.declared if name != TREE}
        try:
            tree = json.loads(file.read(TREE).tobytes().decode())
            return tree["key"], _put_together(tree["value"], arrays)
        except (ValueError, LookupError, TypeError, AttributeError, ImportError) as error:
            raise ModelFileError(f"not a result of ours ({type(error).__name__}: {error})") from None


def digest(value):
    """SHA-256 of what `save` would write: of every word and every number, not of a repr that leaves some out."""
    arrays = {}
    hasher = hashlib.sha256(json.dumps(_taken_apart(value, arrays)).encode())
    for array in arrays.values():
        hasher.update(f"{array.dtype.str}{array.shape}".encode() + array.tobytes())
    return hasher.hexdigest()


def _taken_apart(value, arrays):
    if isinstance(value, (np.ndarray, np.generic)):  # np.float64 is a float too
        name = str(len(arrays))
        arrays[name] = np.asarray(value)
        return {"array": name}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, dict):
        return {"dict": [[_taken_apart(part, arrays) for part in pair] for pair in value.items()]}
    if is_dataclass(value):
        parts = [getattr(value, field.name) for field in fields(value)]
    elif isinstance(value, (tuple, list)):
        parts = value
    else:
        raise TypeError(f"cannot be cached: {type(value)}")
    parts = [_taken_apart(part, arrays) for part in parts]
    if type(value) in (tuple, list):
        return {type(value).__name__: parts}
    home = type(value).__module__.removeprefix(PACKAGE)
    return {"class": [home, type(value).__name__], "parts": parts}


def _put_together(tree, arrays):
    if not isinstance(tree, dict):
        return tree
    if "array" in tree:
        return arrays[tree["array"]][()]
    if "dict" in tree:
        return {_put_together(key, arrays): _put_together(value, arrays) for key, value in tree["dict"]}
    if "class" in tree:
        home, name = tree["class"]
        made = getattr(import_module(home, PACKAGE), name) if home.startswith(".") else None
        if not (is_dataclass(made) or issubclass(made, tuple)):
            raise TypeError(f"{home}.{name} holds no results")
        return made(*(_put_together(part, arrays) for part in tree["parts"]))
    for kind in (tuple, list):
        if kind.__name__ in tree:
            return kind(_put_together(part, arrays) for part in tree[kind.__name__])
    raise TypeError(f"expected a result, got {sorted(tree)}")
