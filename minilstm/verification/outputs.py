"""Read what a program made of test vectors, and say what is wrong with its names and shapes where something is."""

from itertools import permutations
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..errors import MinilstmError, ModelFileError, VectorsError
from ..io.conventions import to_array
from ..io.npz import open_npz
from ..io.safetensors import read_tensors, stored_types
from ..records import short_repr
from .comparing import HALF, coarsest

OURS = "this is a model of minilstm, not an LSTM of your own"
UNKNOWN_HALF = ": bfloat16, which .npz does not know; save it as float32 and give --precision bfloat16"
OTHER_NAMES = {  # what frameworks call the quantities, in lower case
    **dict.fromkeys(("c_n", "cn", "y_c", "c_final", "cell_n", "state_c"), "C_n"),
    **dict.fromkeys(("h_n", "hn", "y_h", "h_final", "hidden_n", "state_h"), "h_n"),
    **dict.fromkeys(("y", "out", "outputs", "hidden_states", "last_hidden_state", "ys"), "output"),
    **dict.fromkeys(("c", "cell", "cells", "cell_state"), "C"),
    **dict.fromkeys(("h", "hidden", "hidden_state"), "h"),
    **dict.fromkeys(("g", "c~", "c_tilde", "candidate"), "C_tilde"),
}


@short_repr
class Output(NamedTuple):
    """One array that a program returned."""

    array: np.ndarray  # float64, of the expected shape
    precision: str  # in which it was handed in
    # of its axes, where sizes that are alike leave several and it is not the expected one
    order: tuple[int, ...] | None


def read_outputs(outputs, expected, lengths, nearest):
    """Outputs of a program by name, as `Output`.

    Parameters
    ----------
    outputs : str, Path or mapping of str to array
    expected : dict of str to (array, array)
        What is right of each quantity that may be there, in the order in which they are looked at, and where it counts.
    lengths : (batch,) int array
        The words of each sequence, by which packed data are recognised.
    nearest : bool
        Whether axes whose sizes are alike may stand in another order, if it comes nearer to what is right.

    Raises
    ------
    VectorsError
        If a name is none of `expected`, or an array has another shape or no floating point numbers.
    """
    shapes = {name: right.shape for name, (right, _) in expected.items()}
    try:
        arrays, precisions = _arrays(outputs, shapes, lengths)
        orders = {name: _orders(name, array.shape, shapes[name], lengths) for name, array in arrays.items()}
    except MinilstmError as error:
        hint = UNKNOWN_HALF if str(error).endswith("|V2") else ""
        raise VectorsError(f"outputs: {error}{hint}") from None
    read = {}
    for name in sorted(arrays, key=list(shapes).index):
        array = arrays[name].astype(np.float64).squeeze()
        turned = [array.transpose(order).reshape(shapes[name]) for order in orders[name]]
        k = int(np.argmin([_distance(one, *expected[name]) for one in turned])) if nearest else 0
        read[name] = Output(turned[k], precisions[name], orders[name][k] if k else None)
    return read


def _distance(array, right, words):
    """Distance of `array` from what is right, no number counting more than the largest of them."""
    limit = np.abs(right).max()
    return np.minimum(np.nan_to_num(np.abs(array - right), nan=limit), limit)[words].sum()


def _arrays(outputs, shapes, lengths):
    """Arrays by name, and their precisions."""
    if hasattr(outputs, "keys"):
        given = {name: outputs[name] for name in _known(outputs, shapes)}
        arrays = {name: to_array(tensor, name) for name, tensor in given.items()}
        return arrays, {name: _precision(arrays[name], _type_name(given[name])) for name in given}
    if not isinstance(outputs, (str, Path)):
        raise ModelFileError(
            'expected a file, or arrays by name, such as {"output": output}, got ' + type(outputs).__name__
        )
    if Path(outputs).suffix == ".npy":
        raise ModelFileError(
            f"{outputs}: one array without a name; expected arrays by name, such as np.savez(file, output=output)"
        )
    if Path(outputs).suffix == ".safetensors":
        tensors, _ = read_tensors(outputs)
        names = {"BF16": "bfloat16", "F16": "float16"}
        types = {name: names.get(kind, "") for name, kind in stored_types(outputs).items()}
        given = {name: to_array(tensors[name], name) for name in _known(tensors, shapes)}
    else:
        with open_npz(outputs, growth=np.inf) as file:  # what is read is as large as `shapes`, no more
            for name in _known(file.declared, shapes):
                _orders(name, file.declared[name][0], shapes[name], lengths)
            types = {name: dtype.name for name, (_, dtype) in file.declared.items()}
            given = {name: to_array(file.read(name), name) for name in file.declared}
    return given, {name: _precision(array, types[name]) for name, array in given.items()}


def _type_name(tensor):
    """ "float32" or the like, for an array of NumPy, a framework's tensor, or a list."""
    dtype = getattr(tensor, "dtype", "")
    return getattr(dtype, "name", str(dtype).rpartition(".")[2])


def _precision(array, type_name):
    """By the type in which an array is handed in; only of float64 that holds numbers of float32 is it that."""
    if type_name in HALF:
        return type_name
    return "float64" if coarsest(array) == "float64" else "float32"


def _known(names, shapes):
    """`names`, if all of them are names of quantities."""
    odd = [str(name) for name in names if name not in shapes]
    if not odd and len(names):
        return names
    hints = [
        f"{name}: call it {OTHER_NAMES[name.lower()]}; " for name in odd if OTHER_NAMES.get(name.lower()) in shapes
    ]
    slopes = [name for name in shapes if name.startswith("d_")]
    plain = [name for name in shapes if name.rpartition("_")[2] not in ("again", "chunks", "wide")]
    others = ["the same with _again, _chunks, _wide"] if len(plain) < len(shapes) else []
    others += [f"gradients {slopes[0]} to {slopes[-1]}"] if slopes else []
    extent = f" (and {', '.join(others)})" if others else ""
    if "header" in odd:
        hints.append(f"{OURS}; ")
    if "format" in odd:
        hints.append("these are the test vectors; hand in what your LSTM returns for them; ")
    got = ", ".join(map(str, names)) if len(names) < 20 else f"{', '.join(map(str, list(names)[:10]))}, ..."
    raise ModelFileError(
        f"{''.join(hints)}expected one or more of {', '.join(name for name in plain if name not in slopes)}"
        f"{extent}, got {got or 'none'}"
    )


def _orders(name, shape, expected, lengths):
    """The orders of the axes of an array of `shape`, but those of length 1, that make `expected`; that it has first."""
    got, wanted = ([n for n in sizes if n != 1] for sizes in (shape, expected))
    if sorted(got) != sorted(wanted):
        reason = _reason(name, got, expected, lengths)
        raise ModelFileError(
            f"{name}: expected shape {expected}, its axes in any order, got {tuple(shape)}{reason and '; '}{reason}"
        )
    return [order for order in permutations(range(len(got))) if [got[k] for k in order] == wanted]


def _reason(name, got, expected, lengths):
    """Hint at what an array of a wrong shape most likely is, and what to do; empty if nothing suggests itself."""
    kind, got = name.split("_")[0], sorted(got)
    *front, batch, units = expected
    if kind == "output":
        return {
            tuple(sorted((batch, units))): "that is the last step alone: ask for all of them (Keras: "
            "return_sequences=True), or hand it in as h_n if it is h after each sequence's own last word",
            tuple(sorted((int(lengths.sum()), units))): "that is packed data: unpack it first (PyTorch: "
            "pad_packed_sequence)",
            tuple(sorted((front[0] * batch, units))): "steps and sequences lie in one axis: reshape it first",
            tuple(sorted((front[0], batch, 2 * units))): "that is as wide as two directions: one reads these vectors",
        }.get(tuple(got), "")
    if got == sorted(n for n in expected[1:] if n != 1):
        return f"that is one layer alone: stack all {expected[0]}"
    return ""
