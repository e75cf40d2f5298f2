"""Test vectors: an LSTM and what it reads, as files that a program in any framework can open (see `verification`).

All numbers are multiples of 1/64 below 2, which float16 and bfloat16 hold exactly: a program loses nothing by reading
them in the precision it computes in. All sizes differ, but for inputs and units: a wrong axis shows in the shape, and
transposed weights do not.
"""

import shlex
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from ..checks import check_layers
from ..errors import MinilstmError, VectorsError
from ..io.conventions import CONVENTIONS, layers_from, layers_to
from ..io.files import write_whole
from ..io.npz import open_npz, write_npz
from ..io.safetensors_files import read_tensors, write_tensors
from ..lstm import Layer
from .page import page

FORMAT, VERSION = "minilstm test vectors", 1
LARGEST = 1e6  # in a file that may not be ours; products of such numbers do not overflow
LAYERS, UNITS = 2, 8
LENGTHS = 12, 9, 12, 5, 2  # of the sequences in the batch


@dataclass(frozen=True)
class Vectors:
    """What a program is given to compute with, in float64.

    Attributes
    ----------
    x : (steps, batch, D) array
        Zero from each sequence's length on.
    lengths : (batch,) int array
    h_0, C_0 : (layers, batch, H) arrays
    layers : tuple of Layer
    recurrent_bias : tuple of (4 * H,) arrays, or None
        The part of each layer's b that stands in the second bias, where the convention has two.
    convention : str
    """

    x: np.ndarray
    lengths: np.ndarray
    h_0: np.ndarray
    C_0: np.ndarray
    layers: tuple[Layer, ...]
    recurrent_bias: tuple[np.ndarray, ...] | None
    convention: str


def make_vectors(convention="pytorch", seed=0):
    """The arrays of a set of test vectors, as `write_vectors` writes them.

    Parameters
    ----------
    convention : {"pytorch", "onnx", "keras"}
        How weights are named, shaped and ordered; see `conventions`.
    seed : int

    Returns
    -------
    dict of str to array
        `x`, `lengths`, `h_0`, `C_0` as in `Vectors`, the weights in float32, and the strings `format` and `convention`
        and the number `version`.
    """
    rng = np.random.default_rng(seed)
    steps, batch = max(LENGTHS), len(LENGTHS)

    def draw(*shape, below=1):
        return (rng.integers(1, 64 * below, shape) * rng.choice([-1, 1], shape) / 64).astype(np.float32)

    layers, second = [], []
    for _ in range(LAYERS):
        b_ih, b_hh = draw(4 * UNITS), draw(4 * UNITS)
        layers.append(Layer(draw(4 * UNITS, UNITS), draw(4 * UNITS, UNITS), b_ih + b_hh))
        second.append(b_hh)
    x = draw(steps, batch, UNITS, below=2)
    x[np.arange(steps)[:, None] >= LENGTHS] = 0
    return {
        "format": np.array(FORMAT),
        "version": np.array(VERSION),
        "convention": np.array(convention),
        "x": x,
        "lengths": np.array(LENGTHS),
        "h_0": draw(LAYERS, batch, UNITS),
        "C_0": draw(LAYERS, batch, UNITS, below=2),
        **layers_to(layers, convention, recurrent_bias=second),
    }


def write_vectors(directory, convention="pytorch", seed=0):
    """Write test vectors and a page that specifies them into `directory`, which is made if it is not there.

    Returns
    -------
    list of Path
        `README.md`, `vectors.npz` and, if the safetensors package is installed, `vectors.safetensors`.
    """
    arrays = make_vectors(convention, seed)
    directory = Path(directory)
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise VectorsError(f"{directory}: cannot be made a directory ({error.strerror})") from None
    paths = [directory / name for name in ("README.md", "vectors.npz", "vectors.safetensors")]
    with write_whole(paths[0], "w") as file:
        file.write(page(arrays, seed, shlex.quote(str(directory))))
    write_npz(paths[1], arrays)
    texts = {name: str(array) for name, array in arrays.items() if array.ndim == 0}
    if find_spec("safetensors") is None:
        return paths[:2]
    write_tensors(paths[2], {name: array for name, array in arrays.items() if name not in texts}, texts)
    return paths


def read_vectors(source):
    """Test vectors from a directory, a file or a mapping of arrays.

    Raises
    ------
    VectorsError
        If there are none, or anything in them is not as it should be.
    """
    try:
        return _checked(source if hasattr(source, "keys") else _arrays(Path(source)))
    except VectorsError:
        raise
    except MinilstmError as error:
        raise VectorsError(f"test vectors: {error}") from None


def _arrays(path):
    if path.is_dir():
        npz, safetensors = path / "vectors.npz", path / "vectors.safetensors"
        path = safetensors if safetensors.exists() and not npz.exists() else npz
    if path.suffix == ".safetensors":
        tensors, texts = read_tensors(path)
        return tensors | {name: np.array(text) for name, text in texts.items()}
    with open_npz(path) as file:
        return {name: file.read(name) for name in file.declared}


def _checked(arrays):
    arrays = {name: np.asarray(array) for name, array in arrays.items()}
    told = {name: str(arrays.pop(name, "missing")) for name in ("format", "version", "convention")}
    if told["format"] != FORMAT or told["version"] != str(VERSION) or told["convention"] not in CONVENTIONS:
        raise VectorsError(
            f"test vectors: expected format {FORMAT!r}, version {VERSION} and one of the conventions "
            f"{', '.join(CONVENTIONS)}, got {told}"
        )
    names = "x", "lengths", "h_0", "C_0"
    for name in names:
        if name not in arrays:
            raise VectorsError(f"test vectors: no array {name!r}; there are {', '.join(sorted(arrays)) or 'none'}")
    for name, array in arrays.items():
        if array.dtype.kind != ("i" if name == "lengths" else "f"):
            raise VectorsError(f"test vectors: {name}: expected numbers, whole ones for lengths, got {array.dtype}")
        if not (np.abs(array) < LARGEST).all():
            raise VectorsError(f"test vectors: {name}: expected numbers below {LARGEST:g}")
    x, lengths, h_0, C_0 = (arrays.pop(name) for name in names)
    layers = layers_from({name: array.astype(np.float64) for name, array in arrays.items()}, told["convention"])
    if x.ndim != 3 or 0 in x.shape:
        raise VectorsError(f"test vectors: x: expected (steps, batch, inputs), got {x.shape}")
    check_layers(layers, x.shape[2])
    steps, batch = x.shape[:2]
    state = len(layers), batch, layers[0].U.shape[1]
    for name, array, shape in (("lengths", lengths, (batch,)), ("h_0", h_0, state), ("C_0", C_0, state)):
        if array.shape != shape:
            raise VectorsError(f"test vectors: {name}: expected shape {shape}, got {array.shape}")
    if len({layer.b.shape for layer in layers}) > 1 or lengths.min() < 1 or lengths.max() > steps:
        raise VectorsError(f"test vectors: expected layers of one size and lengths of 1 to {steps}, got {lengths}")
    x, h_0, C_0 = (array.astype(np.float64) for array in (x, h_0, C_0))
    return Vectors(x, lengths, h_0, C_0, layers, _second_biases(arrays, told["convention"]), told["convention"])


def _second_biases(tensors, convention):
    """The layers' second biases, blocks i f g o, where `convention` has them."""
    if convention == "keras":
        return None
    first = {"pytorch": "bias_ih_l", "onnx": "B_l"}[convention]
    without = {}
    for name, array in tensors.items():
        without[name] = array.astype(np.float64)
        if name.startswith(first):
            half = without[name].shape[-1] // (2 if convention == "onnx" else 1)
            without[name][..., :half] = 0
    return tuple(layer.b for layer in layers_from(without, convention))
