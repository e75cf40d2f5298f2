"""Test vectors: LSTMs and what they read, as files that a program in any framework can open (see `verification`).

A set holds up to four cases, each of which makes its own outputs; `drawing.py` says what their numbers are for::

    ""        sequences of different lengths, padded: x, lengths, h_0, C_0 and the weights         -> output, h_n, ...
    "again"   other sequences on the same weights, not padded: x_again, h_0_again, C_0_again       -> output_again, ...
    "chunks"  the same sequences in parts of `chunks` steps, the state handed on from part to part -> output_chunks, ...
    "wide"    an LSTM of its own with many units: wide.weight_..., x_wide, h_0_wide, C_0_wide      -> output_wide, ...

A set may also hold the weights loss_output, loss_h_n and loss_C_n of a loss on the first case, whose gradients a
program may return: d_x, d_h_0, d_C_0 and those of the weights, such as d_weight_ih_l0. Version 1 has the first case
alone, and is still read.
"""

import shlex
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from ..checks import check_layers
from ..errors import MinilstmError, VectorsError
from ..io.atomic import write_whole
from ..io.conventions import CONVENTIONS, layers_from, layers_to
from ..io.npz import open_npz, write_npz
from ..io.safetensors import read_tensors, write_tensors
from .drawing import CHUNKS, LAYERS, LENGTHS, UNITS, draw_batch, draw_layers, draw_losses, draw_wide
from .outputs import OURS
from .page import page
from .program import RETURNED
from .variant_vectors import check_numbers, make_variant, pose, read_variant

FORMAT, VERSION = "minilstm test vectors", 2
WIDE = "wide."  # before the names of that case's weights


def make_vectors(
    convention="pytorch", seed=0, layers=LAYERS, units=UNITS, inputs=UNITS, batch=len(LENGTHS), zero_state=False
):
    """The arrays of a set of test vectors, as `write_vectors` writes them.

    Parameters
    ----------
    convention : {"pytorch", "onnx", "keras"}
        How weights are named, shaped and ordered; see `conventions`.
    seed : int
    layers, units, inputs, batch : int
        The sizes of the first cases; that of the wide LSTM is fixed.
    zero_state : bool
        Whether every sequence starts from zero, for programs that cannot be given a state. Less can be seen then.

    Returns
    -------
    dict of str to array
        The arrays of all cases, the weights in float32, and the strings `format` and `convention` and the number
        `version`.
    """
    rng = np.random.default_rng(seed)
    for name, size, least in (("layers", layers, 1), ("units", units, 3), ("inputs", inputs, 2), ("batch", batch, 1)):
        if size < least:
            raise MinilstmError(f"{name}: expected at least {least}, got {size}")
    sizes = layers, units, inputs
    lengths = (LENGTHS * -(-batch // len(LENGTHS)))[:batch]
    stack, second = draw_layers(rng, *sizes)
    x, h_0, C_0 = draw_batch(rng, lengths, *sizes)
    x_again, h_0_again, C_0_again = draw_batch(rng, [sum(CHUNKS)] * 3, *sizes)
    wide, wide_second, x_wide, h_0_wide, C_0_wide = draw_wide(rng)
    losses = draw_losses(rng, lengths, layers, units)
    arrays = {
        "format": np.array(FORMAT),
        "version": np.array(VERSION),
        "convention": np.array(convention),
        "x": x,
        "lengths": np.array(lengths),
        "h_0": h_0,
        "C_0": C_0,
        **layers_to(stack, convention, recurrent_bias=second),
        "x_again": x_again,
        "h_0_again": h_0_again,
        "C_0_again": C_0_again,
        "chunks": np.array(CHUNKS),
        "x_wide": x_wide,
        "h_0_wide": h_0_wide,
        "C_0_wide": C_0_wide,
        **layers_to(wide, convention, prefix=WIDE, recurrent_bias=wide_second),
        **{f"loss_{name}": array for name, array in losses.items()},
    }
    return {name: 0 * array if zero_state and name[:3] in ("h_0", "C_0") else array for name, array in arrays.items()}


def write_vectors(directory, convention=None, seed=0, variant=None, **sizes):
    """Write test vectors and a page that specifies them into `directory`, which is made if it is not there.

    Parameters
    ----------
    directory : str or Path
        If anything is in it already, so are the same vectors.
    convention, seed
        As for `make_vectors`; for a variant, the convention is one that can hold its weights.
    variant : str, optional
        One of `variants.VARIANTS`; the plain LSTM if not given.
    **sizes
        As for `make_vectors`.

    Returns
    -------
    list of Path
        `README.md`, `vectors.npz` and, if the safetensors package is installed, `vectors.safetensors`.

    Raises
    ------
    VectorsError
        If the directory cannot be made, or has something else in it.
    """
    if variant is None:
        arrays = make_vectors(convention or "pytorch", seed, **sizes)
    else:
        arrays = {"format": np.array(FORMAT), "version": np.array(VERSION), **make_variant(variant, convention, seed)}
    directory = Path(directory)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        others = sorted(path.name for path in directory.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise VectorsError(f"{directory}: cannot be made a directory ({error.strerror})") from None
    if others and not _holds(directory, arrays):
        raise VectorsError(
            f"{directory}: has other things in it ({', '.join(others[:3])}{', ...' * (len(others) > 3)}); expected a "
            "new or empty folder, or one with the same test vectors"
        )
    paths = [directory / name for name in ("README.md", "vectors.npz", "vectors.safetensors")]
    write_npz(paths[1], arrays)
    with write_whole(paths[0], "w") as file:
        file.write(page(arrays, seed, shlex.quote(str(directory))))
    texts = {name: str(array) for name, array in arrays.items() if array.ndim == 0}
    if find_spec("safetensors") is None:
        return paths[:2]
    write_tensors(paths[2], {name: array for name, array in arrays.items() if name not in texts}, texts)
    return paths


def _holds(directory, arrays):
    """Return whether the vectors in `directory` are these."""
    try:
        there = _read(directory)
    except MinilstmError:
        return False
    return there.keys() == arrays.keys() and all(
        str(there[name]) == str(array) if array.ndim == 0 else np.array_equal(there[name], array)
        for name, array in arrays.items()
    )


def read_vectors(source):
    """The first case in a directory, a file or a mapping of arrays; see `read_cases`."""
    return read_cases(source)[""]


def read_cases(source):
    """The cases of test vectors from a directory, a file or a mapping of arrays.

    Returns
    -------
    dict of str to Problem
        By the names at the top of this file.

    Raises
    ------
    VectorsError
        If there are none, or anything in them is not as it should be.
    """
    try:
        if not hasattr(source, "keys") and not isinstance(source, (str, Path)):
            raise VectorsError(
                f"test vectors: expected a folder, a file or arrays by name, got {type(source).__name__}"
            )
        arrays = source if hasattr(source, "keys") else _read(Path(source))
        return {"": read_variant(arrays)} if "variant" in arrays else _checked(arrays)
    except VectorsError:
        raise
    except MinilstmError as error:
        raise VectorsError(f"test vectors: {error}") from None


def _read(path):
    if path.is_dir():
        files = [path / name for name in ("vectors.npz", "vectors.safetensors") if (path / name).is_file()]
        if not files:
            raise VectorsError(f"{path}: a folder without test vectors; `minilstm vectors {path}` writes them")
        path = files[0]
    if path.suffix == ".safetensors":
        tensors, texts = read_tensors(path)
        return tensors | {name: np.array(text) for name, text in texts.items()}
    with open_npz(path) as file:
        if "header" in file.declared:
            raise VectorsError(f"test vectors: {path}: {OURS}; expected what `minilstm vectors DIR` wrote")
        return {name: file.read(name) for name in file.declared}


def _checked(arrays):
    arrays = {name: np.asarray(array) for name, array in arrays.items()}
    texts = {name: str(arrays.pop(name, "missing")) for name in ("format", "version", "convention")}
    versions = [str(version) for version in range(1, VERSION + 1)]
    if texts["format"] != FORMAT or texts["version"] not in versions or texts["convention"] not in CONVENTIONS:
        raise VectorsError(
            f"test vectors: expected format {FORMAT!r}, version {' or '.join(versions)} and one of the conventions "
            f"{', '.join(CONVENTIONS)}, got {texts}"
        )
    for name, array in arrays.items():
        if array.dtype.kind != ("i" if name in ("lengths", "chunks") else "f"):
            raise VectorsError(
                f"test vectors: {name}: expected numbers, whole ones for lengths and chunks, got {array.dtype}"
            )
    check_numbers(arrays)
    return _cases(arrays, texts["convention"])


def _cases(arrays, convention):
    """The cases that `arrays` make; whatever is left over is taken for a weight, and refused by name."""

    def take(name):
        if name not in arrays:
            raise VectorsError(f"test vectors: no array {name!r}; there are {', '.join(sorted(arrays)) or 'none'}")
        return arrays.pop(name)

    def read(suffix):
        return [take(f"{name}{suffix}").astype(np.float64) for name in ("x", "h_0", "C_0")]

    (x, h_0, C_0), lengths, chunks = read(""), take("lengths"), arrays.pop("chunks", None)
    again, wide = (read(f"_{case}") if f"x_{case}" in arrays else None for case in ("again", "wide"))
    wide_names = [name for name in arrays if name.startswith(WIDE)] if wide else []
    wide_weights = {name.removeprefix(WIDE): arrays.pop(name) for name in wide_names}
    losses = {name: arrays.pop(f"loss_{name}").astype(np.float64) for name in RETURNED if f"loss_{name}" in arrays}
    first = _case("", x, lengths, h_0, C_0, arrays, convention)
    cases = {"": replace(first, losses=_checked_losses(losses, first)) if losses else first}
    if again:
        cases["again"] = _case("_again", again[0], None, *again[1:], arrays, convention)
        if chunks is not None:
            if chunks.ndim != 1 or not len(chunks) or chunks.min() < 1 or chunks.sum() != len(again[0]):
                raise VectorsError(f"test vectors: chunks: expected {len(again[0])} steps in all, got {chunks}")
            cases["chunks"] = replace(cases["again"], seams=tuple(np.cumsum(chunks)[:-1].tolist()))
    if wide:
        cases["wide"] = _case("_wide", wide[0], None, *wide[1:], wide_weights, convention)
    return cases


def _checked_losses(losses, v):
    """All three, of the shapes of what they weigh; without weight in the padding."""
    state, output = v.h_0.shape, (*v.x.shape[:2], v.h_0.shape[2])
    for name, shape in zip(RETURNED, (output, state, state), strict=True):
        got = losses[name].shape if name in losses else "nothing"
        if got != shape:
            raise VectorsError(f"test vectors: loss_{name}: expected shape {shape}, got {got}")
    words = np.arange(output[0])[:, None] < v.lengths
    return losses | {"output": losses["output"] * words[..., None]}


def _case(suffix, x, lengths, h_0, C_0, tensors, convention):
    """One case, its shapes checked; without `lengths`, all sequences end with the last step."""
    if x.ndim != 3 or 0 in x.shape:
        raise VectorsError(f"test vectors: x{suffix}: expected (steps, batch, inputs), got {x.shape}")
    layers = layers_from(tensors, convention)
    check_layers(layers, x.shape[2])
    steps, batch = x.shape[:2]
    lengths = np.full(batch, steps) if lengths is None else lengths
    state = len(layers), batch, layers[0].U.shape[1]
    for name, array, shape in (("lengths", lengths, (batch,)), ("h_0", h_0, state), ("C_0", C_0, state)):
        if array.shape != shape:
            raise VectorsError(f"test vectors: {name}{suffix}: expected shape {shape}, got {array.shape}")
    if len({layer.b.shape for layer in layers}) > 1 or lengths.min() < 1 or lengths.max() > steps:
        raise VectorsError(f"test vectors: expected layers of one size and lengths of 1 to {steps}, got {lengths}")
    return pose(x, lengths, h_0, C_0, tensors, convention)
