"""From what a pickle described to named arrays: the names that `Module.state_dict()` would give."""

import numpy as np

from ...errors import ModelFileError
from .pickles import shown
from .stubs import Module, Tensor, Variable

STATE_DICT_KEYS = ("state_dict", "model_state_dict", "model_state", "model", "net", "network")
LONGEST_NAME = 200
DEEPEST = 20
PLAIN = (bool, int, float, str, type(None))


def flatten(pickled, budget):
    """Turn a module, a state dict, or a dictionary that holds either, into tensors by name.

    Returns
    -------
    tensors : dict of str to Tensor
    attributes : dict of str to a plain value
    classes : dict of str to str
        From a module's path to its class's name.

    Raises
    ------
    ModelFileError
        There are no tensors where they are expected.
    """
    if isinstance(pickled, Module):
        tensors, attributes, classes = {}, {}, {}
        _walk(pickled, "", tensors, attributes, classes, budget, DEEPEST)
        return tensors, attributes, classes
    if not isinstance(pickled, dict):
        raise ModelFileError(f"holds {shown(pickled)}; expected a module or a state dict")
    budget.spend(len(pickled))
    attributes = {str(key): value for key, value in pickled.items() if isinstance(value, PLAIN)}
    for key in STATE_DICT_KEYS:
        if isinstance(pickled.get(key), Module):
            tensors, inner, classes = flatten(pickled[key], budget)
            return tensors, attributes | inner, classes
        if isinstance(pickled.get(key), dict):
            return _state_dict(pickled[key], budget), attributes, {}
    return _state_dict(pickled, budget), attributes, {}


def _state_dict(pickled, budget):
    budget.spend(len(pickled))
    tensors = {key: _data(value) for key, value in pickled.items() if isinstance(value, (Tensor, Variable))}
    if not tensors:
        keys = ", ".join(shown(key) for key in list(pickled)[:8]) or "nothing"
        raise ModelFileError(
            f"no tensors among {keys}; expected a state dict, or one under one of the keys {', '.join(STATE_DICT_KEYS)}"
        )
    for name in tensors:
        _check_name(name)
    return tensors


def _walk(module, path, tensors, attributes, classes, budget, depth):
    """Collect a module's tensors, plain attributes and class name, then those of its parts."""
    if depth == 0:
        raise ModelFileError(f"modules lie more than {DEEPEST} deep; expected a language model")
    state = module.state
    parts = {kind: state.get(kind) for kind in ("_parameters", "_buffers", "_modules")}
    for kind, part in parts.items():
        if not isinstance(part, dict):
            raise ModelFileError(f"{module.name}.{kind} is {shown(part)}; expected a dictionary")
    budget.spend(1 + len(state) + sum(map(len, parts.values())))
    classes[path.removesuffix(".")] = module.name
    attributes |= {
        path + key: value
        for key, value in state.items()
        if isinstance(key, str) and not key.startswith("_") and isinstance(value, PLAIN)
    }
    passing = state.get("_non_persistent_buffers_set", ())
    saved = parts["_parameters"] | {k: v for k, v in parts["_buffers"].items() if k not in passing}
    for key, value in saved.items():
        if value is not None:
            tensors[_check_name(key, path)] = _data(value)
    for key, value in parts["_modules"].items():
        if value is None:
            continue
        if not isinstance(value, Module):
            raise ModelFileError(f"the part {shown(key)} of {module.name} is {shown(value)}; expected a module")
        _walk(value, f"{_check_name(key, path)}.", tensors, attributes, classes, budget, depth - 1)


def _check_name(name, path=""):
    if not isinstance(name, str) or len(path) + len(name) > LONGEST_NAME:
        raise ModelFileError(f"a tensor's or module's name is {shown(name)}; at most {LONGEST_NAME} characters")
    return path + name


def _data(value):
    tensor = value.data if isinstance(value, Variable) else value
    if not isinstance(tensor, Tensor):
        raise ModelFileError(f"a parameter is {shown(tensor)}; expected a tensor")
    return tensor


def arrays(tensors, storages):
    """Make the arrays that the descriptions describe, as views of the storages.

    Parameters
    ----------
    tensors : dict of str to Tensor
    storages : dict of str to ndarray
        One-dimensional; bfloat16 as two-byte integers.

    Returns
    -------
    arrays : dict of str to ndarray
    tied : tuple of tuple of str
        The names whose views are one and the same, in groups.

    Raises
    ------
    ModelFileError
        The views together are more than three times as large as the storages.
    """
    wide, made, groups = {}, {}, {}
    for name, tensor in tensors.items():
        storage = tensor.storage
        if storage.key not in wide:
            wide[storage.key] = _native(storages[storage.key], storage.dtype)
        flat = wide[storage.key][storage.start + tensor.offset :]
        strides = tuple(stride * flat.itemsize for stride in tensor.strides)
        made[name] = (
            np.empty(tensor.shape, flat.dtype)
            if 0 in tensor.shape
            else np.lib.stride_tricks.as_strided(flat, tensor.shape, strides, writeable=False)
        )
        groups.setdefault(tensor, []).append(name)
    viewed, stored = sum(a.nbytes for a in made.values()), sum(a.nbytes for a in wide.values())
    if viewed > 3 * stored:
        raise ModelFileError(f"its tensors are {viewed} bytes, all views of {stored}; at most three times as many")
    return made, tuple(tuple(names) for names in groups.values() if len(names) > 1)


def _native(numbers, dtype):
    if dtype == "bfloat16":  # the upper half of a float32
        bits = numbers.astype(np.uint32)
        bits <<= 16
        return bits.view(np.float32)
    return numbers.astype(numbers.dtype.newbyteorder("="), copy=False)
