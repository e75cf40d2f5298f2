"""A language model in a PyTorch state dict, whatever its parts are called and wrapped in.

People call the parts encoder, rnn, decoder; embedding, lstm, fc; and wrap them in DataParallel, `torch.compile`, FSDP,
Lightning or SWA, each of which adds something to the names. None of that matters here: the LSTM is where `weight_hh`
is, and the embedding and the decoder are the matrices that fit it, if only one pair does. Otherwise the caller names
them; what lies outside the parts they name is left out, and a remark says so. Any other tensor that has no place is an
error, because it means that the network computes something else.
"""

import re
from itertools import pairwise, permutations
from typing import NamedTuple

import numpy as np

from ..errors import ModelFileError
from .conventions import REFUSED, layer_from, to_array

WRAPPERS = {"module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"}
RECURRENT = re.compile(r"(?:(.*)\.)?(weight_ih|weight_hh|bias_ih|bias_hh)(?:_l(\d+))?(_raw)?")
KINDS = "weight_ih", "weight_hh", "bias_ih", "bias_hh"
USUAL = "encoder", "rnn", "decoder"  # what PyTorch's own example and the paper call them
NAMES = (
    "name the three parts: --names embedding,lstm,decoder (in Python modules=(...)), as the tensors call them; one "
    "name twice where embedding and decoder are tied"
)


class Parts(NamedTuple):
    """Roles of the tensors.

    Attributes
    ----------
    embedding, decoder : str
        Names of tensors.
    bias : str or None
        The decoder's, if it has one.
    layers : tuple of dict
        Names of tensors by `weight_ih`, `weight_hh`, `bias_ih`, `bias_hh`; without biases if the layer has none.
    remarks : tuple of str
        Sentences on what was guessed or left out.
    """

    embedding: str
    layers: tuple[dict[str, str], ...]
    decoder: str
    bias: str | None
    remarks: tuple[str, ...]

    @property
    def names(self):
        """All the tensors that make up the model."""
        layers = [name for layer in self.layers for name in layer.values()]
        return [self.embedding, *layers, self.decoder, *([] if self.bias is None else [self.bias])]


def find_parts(tensors, modules=None):
    """Find the embedding, the layers and the decoder among named tensors.

    Parameters
    ----------
    tensors : mapping of str to array
        A framework's own tensors will do.
    modules : three of str, optional
        What the embedding, the LSTM and the decoder are called; LSTMs that are separate modules are joined by "+",
        the lowest first. What lies outside them is left out. If not given, they are found by their shapes.

    Returns
    -------
    Parts

    Raises
    ------
    ModelFileError
        If there is no LSTM, several things fit, a layer does not read the one below, or a tensor has no place.

    Examples
    --------
    >>> shapes = {"emb.weight": (9, 3), "lstm.weight_ih_l0": (16, 3), "lstm.weight_hh_l0": (16, 4), "fc.weight": (9, 4)}
    >>> parts = find_parts({name: np.zeros(shape) for name, shape in shapes.items()})
    >>> parts.embedding, parts.decoder, parts.bias
    ('emb.weight', 'fc.weight', None)
    """
    names = _unwrapped(tensors)  # {short name: the file's own name}
    lstms = list(dict.fromkeys(match[1] or "" for match in map(RECURRENT.fullmatch, names) if match))
    if not lstms:
        raise ModelFileError(f"no LSTM: no tensor is called weight_hh_l0; there are {_listed(tensors)}")
    if modules is not None and (isinstance(modules, str) or len(modules) != 3):
        raise ModelFileError(f"modules: expected three names, of embedding, LSTM and decoder, got {modules!r:.60}")
    chosen = lstms if modules is None else [_called(name, lstms) for name in modules[1].split("+")]
    inside = {short: name for short, name in names.items() if _path(short)[:-1] not in set(lstms) - set(chosen)}
    stacks, rest, remarks = _stacks(inside)
    paths = _in_order(stacks, tensors) if modules is None else chosen
    layers = tuple(layer for path in paths for layer in stacks[path])
    _check_layers(layers, tensors, modules)
    width, H = (np.shape(tensors[name])[1:] for name in (layers[0]["weight_ih"], layers[-1]["weight_hh"]))
    embedding, decoder = _matrices(rest, tensors, width, H, modules)
    bias = rest.get(_path(decoder) + "bias")
    if decoder == embedding:
        remarks.append(f"{rest[embedding]}: the decoder too, since there is no other matrix (tied weights)")
        bias = rest.get(next(iter(_biases(rest, tensors, embedding)), None))
    if bias is None:
        remarks.append(f"{rest[decoder]}: a decoder without bias; its bias is zero")
    used = {rest[embedding], rest[decoder], bias}
    module_paths = _path(embedding)[:-1], "+".join(paths), _path(decoder)[:-1]
    left = [short for short, name in rest.items() if name not in used]
    if modules is not None:
        parts = tuple(f"{path}." for path in (module_paths[0], *paths, module_paths[2]))
        outside = [short for short in names if short not in inside or short in left and not short.startswith(parts)]
        left = [short for short in left if short not in outside]
        remarks += _left_out(outside, paths, lstms)
    hint = "" if modules else f": either the network computes something else, or {NAMES}"
    remarks += _left_over([rest[short] for short in left], tensors, sorted(used - {None}), hint)
    if tuple(name.rpartition(".")[2] for name in module_paths) != USUAL:
        remarks.insert(0, f"names: {', '.join(name or 'none' for name in module_paths)} are embedding, LSTM, decoder")
    return Parts(rest[embedding], layers, rest[decoder], bias, tuple(remarks))


def _unwrapped(tensors):
    """{name without the names of wrappers: name}, without what SWA counts."""
    names = {}
    for name in tensors:
        parts = [part for part in name.split(".") if part not in WRAPPERS]
        if parts[-1:] == ["n_averaged"]:
            continue
        short = ".".join(parts)
        if short in names:
            raise ModelFileError(f"{names[short]} and {name} have one name, {short}, without what wrappers add")
        names[short] = name
    while len(names) > 1 and all("." in name for name in names) and len({name.split(".")[0] for name in names}) == 1:
        names = {name.partition(".")[2]: whole for name, whole in names.items()}  # model., lm.
    return names


def _stacks(names):
    """{path of a module: its layers, names by kind}, the other tensors, and remarks on weights with dropout."""
    raw, plain, rest, remarks = {}, {}, {}, []
    for short, name in names.items():
        for part, meaning in REFUSED.items():
            if part in short and part != "P_l":
                raise ModelFileError(f"{name}: {meaning}")
        match = RECURRENT.fullmatch(short)
        if match is None:
            rest[short] = name
        else:
            path, kind, layer, dropped = match.groups()
            (raw if dropped else plain)[path or "", int(layer or 0), kind] = name
    for place, name in raw.items():
        copy = f"; {plain[place]} is a copy of it with dropout" if place in plain else ""
        remarks.append(f"{name}: weight drop; the raw weight is taken{copy}")
    stacks = {}
    for (path, layer, kind), name in sorted((plain | raw).items()):
        stacks.setdefault(path, {}).setdefault(layer, {})[kind] = name
    for path, layers in stacks.items():
        biased = any(kind.startswith("bias") for layer in layers.values() for kind in layer)
        for layer in range(max(layers) + 1):
            for kind in KINDS if biased else KINDS[:2]:
                if kind not in layers.get(layer, {}):
                    missing = f"{path}.{kind}_l{layer}".strip(".")
                    raise ModelFileError(f"no tensor {missing}; there are {_listed(names.values())}")
        kinds = KINDS if biased else KINDS[:2]
        stacks[path] = [{kind: layers[layer][kind] for kind in kinds} for layer in sorted(layers)]
    return stacks, rest, remarks


def _in_order(stacks, tensors):
    """The paths of the modules that hold layers, the lowest first."""
    if len(stacks) == 1:
        return list(stacks)
    numbered = {path: [int(n) for n in re.findall(r"\d+", path)] for path in stacks}
    if len({re.sub(r"\d+", "", path) for path in stacks}) == 1:
        return sorted(stacks, key=numbered.get)
    fitting = [order for order in permutations(stacks) if len(stacks) < 6 and _chained(order, stacks, tensors)]
    if len(fitting) != 1:
        raise ModelFileError(f"several LSTMs, {', '.join(map(repr, stacks))}, in an order that is not clear; {NAMES}")
    return list(fitting[0])


def _chained(order, stacks, tensors):
    """Return whether each module reads as many numbers as the one before puts out."""
    out = [np.shape(tensors[stacks[path][-1]["weight_hh"]])[-1:] for path in order]
    into = [np.shape(tensors[stacks[path][0]["weight_ih"]])[-1:] for path in order]
    return out[:-1] == into[1:]


def _check_layers(layers, tensors, modules):
    """Raise unless each layer is an LSTM's and reads the one below."""
    for layer in layers:
        W, U = (np.shape(tensors[layer[kind]]) for kind in KINDS[:2])
        if len(W) != 2 or len(U) != 2 or not W[0] == U[0] == 4 * U[1]:
            named = {name: to_array(tensors[name], name) for name in layer.values()}
            layer_from(named, "pytorch")  # raises an error that says what it is instead
    for below, layer in pairwise(layers):
        U, W = below["weight_hh"], layer["weight_ih"]
        H, D = (np.shape(tensors[name])[1] for name in (U, W))
        if D != H:
            raise ModelFileError(
                f"{W} reads {D} numbers, but the layer below, of {U}, puts out {H}; expected layers that each read the "
                f"one below{'' if modules else f'; {NAMES}'}"
            )


def _matrices(rest, tensors, width, H, modules):
    """The short names of the embedding's and the decoder's weight."""
    shapes = {short: np.shape(tensors[name]) for short, name in rest.items()}
    matrices = [short for short, shape in shapes.items() if len(shape) == 2 and _leaf(short) == "weight"]
    if modules is not None:
        by_path = {_path(short)[:-1]: short for short in shapes if _leaf(short) == "weight"}
        chosen = tuple(by_path[_called(modules[k], by_path)] for k in (0, 2))
        return _checked(*chosen, shapes, rest, width, H)
    usual = tuple(
        next((short for short in matrices if _path(short)[:-1].rpartition(".")[2] == name), None)
        for name in (USUAL[0], USUAL[2])
    )
    if None not in usual:
        return _checked(*usual, shapes, rest, width, H)
    pairs = [
        (embedding, decoder)
        for embedding, decoder in permutations(matrices, 2)
        if shapes[embedding] == (*shapes[decoder][:1], *width) and shapes[decoder][1:] == H
    ]
    if len(pairs) > 1:  # an embedding never has a bias, and a decoder mostly has
        pairs = [pair for pair in pairs if _path(pair[0]) + "bias" not in shapes]
        pairs = [pair for pair in pairs if _path(pair[1]) + "bias" in shapes] or pairs
    if len(pairs) > 1:
        pairs = [pair for pair in pairs if "emb" in pair[0].lower() and "emb" not in pair[1].lower()] or pairs
    if len(pairs) == 1 or pairs and _alike(pairs, rest, tensors):
        return pairs[0]
    if len(matrices) == 1 and shapes[matrices[0]][1:] == width == H and _biases(rest, tensors, *matrices):
        return matrices[0], matrices[0]  # a file that holds tied weights once
    what = "no embedding and decoder fit" if not pairs else "several embeddings and decoders would fit"
    listed = ", ".join(f"{rest[short]} {shapes[short]}" for short in list(shapes)[:12]) or "none"
    raise ModelFileError(
        f"{what} the LSTM; expected words x {width[0]} and words x {H[0]} among the other tensors: {listed}; {NAMES}"
    )


def _biases(rest, tensors, matrix):
    """The short names of vectors that could be the bias of a decoder, as many numbers as the matrix has rows."""
    rows = np.shape(tensors[rest[matrix]])[:1]
    return [short for short, name in rest.items() if _leaf(short) == "bias" and np.shape(tensors[name]) == rows]


def _alike(pairs, rest, tensors):
    """Return whether all the pairs are the same numbers, so that any will do."""
    first = pairs[0]
    return all(_same(tensors[rest[a]], tensors[rest[b]]) for pair in pairs for a, b in zip(first, pair, strict=True))


def _checked(embedding, decoder, shapes, rest, width, H):
    """The two, once their shapes fit."""
    rows = shapes[decoder][:1]
    for short, expected in ((embedding, (*rows, *width)), (decoder, (*rows, *H)), (_path(decoder) + "bias", rows)):
        if short in shapes and shapes[short] != expected:
            raise ModelFileError(f"{rest[short]} has shape {shapes[short]}; expected {expected}")
    return embedding, decoder


def _left_out(outside, paths, lstms):
    """A remark on the parts that the caller did not name, if there are any."""
    parts = dict.fromkeys(_path(short)[:-1] or short for short in outside)
    listed = [
        f"{part} (an LSTM; {'+'.join([*paths, part])} would stack it)" if part in lstms else part for part in parts
    ]
    return [f"left out, since none of the names given stands for it: {_listed(listed)}"] if listed else []


def _left_over(names, tensors, used, hint):
    """Remarks on copies of what is used; anything else has no place, and `hint` says what to do about it."""
    remarks = []
    for name in sorted(names):
        original = next((other for other in used if _same(tensors[name], tensors[other])), None)
        if original is None:
            raise ModelFileError(
                f"the tensor {name!r} has no place, its shape is {np.shape(tensors[name])}; expected embedding, LSTM "
                f"and decoder, no more{hint}"
            )
        remarks.append(f"{name}: a copy of {original}")
    return remarks


def _same(one, other):
    return np.shape(one) == np.shape(other) and np.array_equal(to_array(one), to_array(other))


def _called(name, paths):
    """The path that `name` stands for: it, or it after something that wraps all."""
    name = ".".join(part for part in name.split(".") if part not in WRAPPERS)
    fitting = [path for path in paths if path == name or name.endswith(f".{path}") or path.endswith(f".{name}")]
    exact = [path for path in fitting if path == name]
    if len(exact or fitting) != 1:
        count = "several parts are" if fitting else "no part is"
        raise ModelFileError(f"{count} called {name!r}; there are {', '.join(map(repr, paths)) or 'none'}")
    return (exact or fitting)[0]


def _path(short):
    """The path before a name's last part, with the dot."""
    return short[: len(short) - len(_leaf(short))]


def _leaf(short):
    return short.rpartition(".")[2]


def _listed(names):
    listed = list(names)
    return ", ".join(listed[:12]) + (f" and {len(listed) - 12} more" if len(listed) > 12 else "") or "none"
