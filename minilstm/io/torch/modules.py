"""From what a pickle described to named arrays: the names that `Module.state_dict()` would give."""

import re

import numpy as np

from ...errors import ModelFileError
from .inert import Instance, shown
from .stubs import Tensor, Variable

STATE_DICT_KEYS = ("state_dict", "model_state_dict", "model_state", "model", "net", "network")
WORDS = ("word", "vocab", "itos", "stoi", "token", "dictionary", "symbol")  # what lists of words are called
WEIGHT = re.compile(r"(.*\.)?((weight|bias)_[ih]h(_l\d+)?|weight|bias)")  # in a state dict, what has to be a tensor
LONGEST_NAME = 200
DEEPEST = 20
PLAIN = (bool, int, float, str, type(None))
LEFT_OUT = "weights left out"  # among the attributes: which weights are taken where several things have some


def flatten(pickled, budget):
    """Turn a module, a state dict, or a dictionary or list that holds either, into tensors by name.

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
    if isinstance(pickled, (list, tuple)):  # as in torch.save([model, criterion, optimizer], file)
        pickled = dict(enumerate(pickled))
    if not isinstance(pickled, dict) and not _is_module(pickled):
        raise ModelFileError(f"holds {shown(pickled)}; expected a module or a state dict")
    attributes = {}
    if isinstance(pickled, dict):
        budget.spend(len(pickled))
        attributes = {str(key): value for key, value in pickled.items() if isinstance(value, PLAIN)}
    chosen = []
    weights = pickled if _is_module(pickled) else _weights(pickled, budget, chosen)
    attributes |= {LEFT_OUT: chosen[-1]} if chosen else {}
    if weights is None:  # tensors of other names
        weights = next((pickled[key] for key in STATE_DICT_KEYS if isinstance(pickled.get(key), dict)), pickled)
    if isinstance(weights, dict):
        return _state_dict(weights, budget), attributes, {}
    tensors, classes = {}, {}
    _walk(weights, "", tensors, attributes, classes, budget, DEEPEST)
    return tensors, attributes, classes


def _is_module(value):
    return isinstance(value, Instance) and "_modules" in value.state


def _weights(value, budget, chosen, depth=4):
    """The module or the dictionary with an LSTM's weights in it, here or further inside; None if there is none.

    Where it is one of several, a sentence that says so goes into the list `chosen`.
    """
    if _is_module(value):
        return value if value.state["_modules"] or value.state.get("_parameters") else None  # a criterion has neither
    if not isinstance(value, dict) or depth == 0:
        return None
    budget.spend(len(value))
    if any(isinstance(name, str) and WEIGHT.fullmatch(name) for name in value):
        return value
    inner = {
        key: found for key, part in value.items() if (found := _weights(part, budget, chosen, depth - 1)) is not None
    }
    usual = [key for key in STATE_DICT_KEYS if key in inner]
    if len(inner) > 1 and not usual:
        keys = ", ".join(map(shown, inner))
        raise ModelFileError(f"several things in it have weights: {keys}; expected one, or one called 'state_dict'")
    if len(inner) > 1:
        others = ", ".join(shown(key) for key in inner if key != usual[0])
        chosen.append(f"the weights are those of {usual[0]!r}; {others} has some too, which are left out")
    return inner[usual[0]] if usual else next(iter(inner.values()), None)


def _state_dict(pickled, budget):
    budget.spend(len(pickled))
    tensors = {
        key: _data(value, key)
        for key, value in pickled.items()
        if isinstance(value, (Tensor, Variable)) or isinstance(key, str) and WEIGHT.fullmatch(key)
    }
    if not tensors:
        keys = ", ".join(shown(key) for key in list(pickled)[:8]) or "nothing"
        raise ModelFileError(f"no tensors among {keys}; expected a state dict, or one under a key such as 'state_dict'")
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
    passing = state.get("_non_persistent_buffers_set")
    passing = passing if isinstance(passing, set) else ()
    saved = parts["_parameters"] | {k: v for k, v in parts["_buffers"].items() if k not in passing}
    for key, value in saved.items():
        if value is not None:
            name = _check_name(key, path)
            tensors[name] = _data(value, name)
    for key, value in parts["_modules"].items():
        if value is None:
            continue
        if not isinstance(value, Instance):
            raise ModelFileError(f"the part {shown(key)} of {module.name} is {shown(value)}; expected a module")
        _walk(value, f"{_check_name(key, path)}.", tensors, attributes, classes, budget, depth - 1)


def _check_name(name, path=""):
    if not isinstance(name, str) or len(path) + len(name) > LONGEST_NAME:
        raise ModelFileError(f"a tensor's or module's name is {shown(name)}; at most {LONGEST_NAME} characters")
    return path + name


def _data(value, name):
    tensor = value.data if isinstance(value, Variable) else value
    if not isinstance(tensor, Tensor):
        raise ModelFileError(f"{shown(name)} is {shown(tensor)}; expected a tensor")
    return tensor


def vocabularies(pickled, budget):
    """The lists and dictionaries of words beside the weights.

    Returns
    -------
    dict of str to list or dict
        By where they are in the file, such as "corpus.dictionary.word2idx": words in a list, indices by words, or
        words by indices. Whether they fit a model is for the reader of the model to say.
    """
    words, waiting = {}, [("", pickled, 0)]
    while waiting:
        path, value, depth = waiting.pop()
        if isinstance(value, Instance):
            value = value.state
        if not isinstance(value, (dict, list, tuple)) or depth > 4:
            continue
        budget.spend(1 + len(value) // 8)  # looking costs less than making
        if len(value) > 1 and any(part in path.lower() for part in WORDS):
            kinds = {type(item) for item in value}
            kinds_of_values = {type(item) for item in value.values()} if isinstance(value, dict) else {None}
            if (*kinds, *kinds_of_values) in ((str, None), (str, int), (int, str)):
                words[path] = value
                continue
        if isinstance(value, dict):
            waiting += [(f"{path}.{key}".strip("."), item, depth + 1) for key, item in value.items() if _is_name(key)]
    return words


def _is_name(key):
    return isinstance(key, str) and len(key) < LONGEST_NAME and not key.startswith("_")


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
