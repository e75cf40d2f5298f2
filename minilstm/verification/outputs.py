"""Read what a program made of test vectors, and say what is wrong with its names and shapes where something is."""

from pathlib import Path

import numpy as np

from ..errors import MinilstmError, ModelFileError, VectorsError
from ..io.conventions import to_array
from ..io.npz import open_npz
from ..io.safetensors import read_tensors

OURS = "this is a model of minilstm, not an LSTM of your own"
OTHER_NAMES = {  # what frameworks call the quantities, in lower case
    **dict.fromkeys(("c_n", "cn", "y_c", "c_final", "cell_n", "state_c"), "C_n"),
    **dict.fromkeys(("h_n", "hn", "y_h", "h_final", "hidden_n", "state_h"), "h_n"),
    **dict.fromkeys(("y", "out", "outputs", "hidden_states", "last_hidden_state", "ys"), "output"),
    **dict.fromkeys(("c", "cell", "cells", "cell_state"), "C"),
    **dict.fromkeys(("h", "hidden", "hidden_state"), "h"),
    **dict.fromkeys(("g", "c~", "c_tilde", "candidate"), "C_tilde"),
}


def read_outputs(outputs, shapes, lengths):
    """What a program returned, by name: float64 arrays of the expected shapes.

    Parameters
    ----------
    outputs : str, Path or mapping of str to array
    shapes : dict of str to tuple
        The shape of every quantity that may be there, in the order in which they are looked at.
    lengths : (batch,) int array
        The words of each sequence, by which packed data are recognised.

    Raises
    ------
    VectorsError
        If a name is none of `shapes`, or an array has another shape or no floating point numbers.
    """
    try:
        arrays = _arrays(outputs, shapes, lengths)
        names = sorted(arrays, key=list(shapes).index)
        orders = {name: _axes(name, arrays[name].shape, shapes[name], lengths) for name in names}
    except MinilstmError as error:
        raise VectorsError(f"outputs: {error}") from None
    return {
        name: arrays[name].astype(np.float64).squeeze().transpose(order).reshape(shapes[name])
        for name, order in orders.items()
    }


def _arrays(outputs, shapes, lengths):
    if hasattr(outputs, "keys"):
        return {name: to_array(outputs[name], name) for name in _known(outputs, shapes)}
    if Path(outputs).suffix == ".safetensors":
        tensors, _ = read_tensors(outputs)
        return {name: to_array(tensors[name], name) for name in _known(tensors, shapes)}
    with open_npz(outputs, growth=np.inf) as file:  # what is read is as large as `shapes`, no more
        for name in _known(file.declared, shapes):
            _axes(name, file.declared[name][0], shapes[name], lengths)
        return {name: to_array(file.read(name), name) for name in file.declared}


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


def _axes(name, shape, expected, lengths):
    """In which order the axes of an array of `shape`, but those of length 1, make `expected`."""
    got, wanted = ([n for n in sizes if n != 1] for sizes in (shape, expected))
    if got == wanted:
        return list(range(len(got)))
    if sorted(got) != sorted(wanted) or len(set(got)) < len(got):
        reason = _reason(name, got, expected, lengths)
        raise ModelFileError(
            f"{name}: expected shape {expected}, its axes in any order, got {tuple(shape)}{reason and '; '}{reason}"
        )
    return [got.index(n) for n in wanted]


def _reason(name, got, expected, lengths):
    """What an array of a wrong shape most likely is, and what to do; empty if nothing suggests itself."""
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
