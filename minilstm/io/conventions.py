"""Conventions of frameworks: names, shapes and order of an LSTM's weights, to and from ours (blocks i f g o, one bias).

The tensors of layer k, where x has D numbers, the layer H units, and g is the candidate C~ (ONNX and Keras say c)::

    pytorch   weight_ih_lk (4H, D)   weight_hh_lk (4H, H)           bias_ih_lk, bias_hh_lk (4H,)   blocks i f g o
    onnx      W_lk (1, 4H, D)        R_lk (1, 4H, H)                B_lk (1, 8H), two biases       blocks i o f g
    keras     kernel_lk (D, 4H)      recurrent_kernel_lk (H, 4H)    bias_lk (4H,)                  blocks i f g o

PyTorch's names are those of `torch.nn.LSTM`. In ONNX they are the inputs W, R, B of one LSTM node a layer, in Keras
the three arrays of `keras.layers.LSTM.get_weights()`, numbered here. A framework's two biases only ever act through
their sum. A network without biases has none in any layer; its biases are zero here.
"""

from typing import NamedTuple

import numpy as np

from ..errors import MinilstmError, ModelFileError
from ..lstm import Layer


class Convention(NamedTuple):
    """A framework's names of its tensors, in the order W, U, biases, and the order of their blocks."""

    order: str
    weights: tuple[str, str]
    biases: tuple[str, ...]


CONVENTIONS = {
    "pytorch": Convention("ifgo", ("weight_ih", "weight_hh"), ("bias_ih", "bias_hh")),
    "onnx": Convention("iofg", ("W", "R"), ("B",)),
    "keras": Convention("ifgo", ("kernel", "recurrent_kernel"), ("bias",)),
}
REFUSED = {  # parts of names, and what they mean
    "_reverse": "a bidirectional LSTM; only one that reads from left to right can be taken over",
    "weight_hr_": "an LSTM with a projection (proj_size); only one without can be taken over",
    "P_l": "an LSTM with peepholes; only one without can be taken over",
}


def convention_called(name):
    """The Convention called `name`, or a MinilstmError that lists those there are."""
    if name not in CONVENTIONS:
        raise MinilstmError(f"convention: expected one of {', '.join(CONVENTIONS)}, got {name!r}")
    return CONVENTIONS[name]


def reorder(array, order, axis=0, inverse=False):
    """Bring the four blocks along `axis` from `order` (such as "iofg") to i f g o; with `inverse`, the other way."""
    if sorted(order) != sorted("ifgo"):
        raise MinilstmError(f"gate order: expected the letters i, f, g, o, each once, got {order!r}")
    source = ["ifgo".index(gate) for gate in order] if inverse else [order.index(gate) for gate in "ifgo"]
    blocks = np.split(np.asarray(array), 4, axis=axis)
    return np.concatenate([blocks[k] for k in source], axis=axis)


def to_array(tensor, name="tensor"):
    """A NumPy array of floats from an array or a framework's tensor, wherever it lies and whether it has a gradient.

    Half precision (float16, and bfloat16, which NumPy lacks) becomes float32, which holds the same numbers.
    """
    if hasattr(tensor, "detach"):
        # PyTorch refuses np.asarray on what requires a gradient, lies on a GPU, or is bfloat16
        tensor = tensor.detach().cpu()
        if "bfloat16" in str(tensor.dtype):
            tensor = tensor.float()
    try:
        array = np.asarray(tensor)
    except (ValueError, TypeError, RuntimeError):
        packed = "; unpack it first (PyTorch: pad_packed_sequence)" if hasattr(tensor, "batch_sizes") else ""
        raise ModelFileError(f"{name}: expected an array, got {type(tensor).__name__} of parts{packed}") from None
    if str(array.dtype) == "bfloat16":  # of JAX and TensorFlow, from the package ml_dtypes
        array = array.astype(np.float32)
    if array.dtype.kind != "f":
        raise ModelFileError(f"{name}: expected floating point numbers, got {array.dtype}")
    return array.astype(np.result_type(array.dtype, np.float32).newbyteorder("="), copy=False)


def layers_from(tensors, convention="pytorch", prefix=""):
    """The layers that `tensors` of a framework describe.

    Parameters
    ----------
    tensors : mapping of str to array
        Named and shaped as at the top of this file; a framework's own tensors will do. Names that do not start with
        `prefix` are passed over.
    convention : {"pytorch", "onnx", "keras"}
    prefix : str
        What stands before each name, such as "rnn.".

    Returns
    -------
    tuple of Layer
        In the tensors' precision, float32 at least.

    Raises
    ------
    ModelFileError
        If a tensor is missing, left over, not of the shape of an LSTM's, or belongs to a bidirectional LSTM, to one
        with projections or peepholes, to a GRU or to a plain RNN.
    """
    _, weights, biases = convention_called(convention)
    left = {name: tensors[name] for name in tensors if name.startswith(prefix)}
    for name in left:
        for part, meaning in REFUSED.items():
            if part in name.removeprefix(prefix):
                raise ModelFileError(f"{name}: {meaning}")
    count = 0
    while any(f"{prefix}{kind}_l{count}" in left for kind in (*weights, *biases)):
        count += 1
    has_bias = any(f"{prefix}{kind}_l{k}" in left for kind in biases for k in range(count))
    layers = []
    for k in range(max(count, 1)):
        names = [f"{prefix}{kind}_l{k}" for kind in weights + (biases if has_bias else ())]
        for name in names:
            if name not in left:
                raise ModelFileError(f"no tensor {name!r}; there are {', '.join(sorted(tensors)) or 'none'}")
        arrays = [to_array(left.pop(name), name) for name in names]
        layers.append(layer_from(dict(zip(names, arrays, strict=True)), convention))
    if left:
        raise ModelFileError(f"{min(left)}: not a tensor of an LSTM of {count} layers as {convention} names them")
    return tuple(layers)


def layer_from(named, convention):
    """One Layer from its tensors by name, in the order of `Convention`: W, U, and biases if there are any.

    Raises
    ------
    ModelFileError
        Naming the tensor whose shape is not an LSTM's.
    """
    names, (W, U, *biases) = list(named), named.values()
    if convention == "keras":
        W, U = W.T, U.T
    if convention == "onnx":
        for name, array in named.items():
            if array.ndim < 2 or len(array) != 1:
                raise ModelFileError(
                    f"{name}: expected a first axis of length 1, one direction, got {array.shape}; "
                    "a bidirectional LSTM cannot be taken over"
                )
        W, U = W[0], U[0]
        biases = [half for b in biases for half in np.split(b[0], [len(b[0]) // 2])]
    H = U.shape[-1] if U.ndim == 2 else 0
    if not H or len(U) != 4 * H:
        shape = named[names[1]].shape
        kind = {H: "a plain RNN has units rows", 3 * H: "a GRU has 3 * units rows"}.get(len(U) if H else -1, "")
        raise ModelFileError(f"{names[1]}: expected 4 * units by units, got {shape}; {kind}".rstrip("; "))
    if W.ndim != 2 or len(W) != 4 * H:
        raise ModelFileError(f"{names[0]}: expected {4 * H} by inputs, as units are {H}, got {named[names[0]].shape}")
    for b in biases:
        if b.shape != (4 * H,):
            raise ModelFileError(f"{names[2]}: expected {4 * H} numbers a bias, as units are {H}, got {b.shape}")
    b = sum(biases) if biases else np.zeros(4 * H, U.dtype)
    order = CONVENTIONS[convention].order
    return Layer(*(np.ascontiguousarray(reorder(array, order)) for array in (W, U, b)))


def layers_to(layers, convention="pytorch", prefix="", recurrent_bias=None):
    """The tensors by which a framework knows `layers`; `layers_from` is the way back.

    Parameters
    ----------
    layers : sequence of Layer
    convention : {"pytorch", "onnx", "keras"}
    prefix : str
        What to put before each name, such as "rnn.".
    recurrent_bias : sequence of (4 * H,) arrays, optional
        How much of each layer's b goes to the second bias of a framework that has two; nothing if not given.

    Returns
    -------
    dict of str to array
        Named and shaped as at the top of this file.
    """
    order, weights, biases = convention_called(convention)
    tensors = {}
    for k, (layer, b_hh) in enumerate(zip(layers, recurrent_bias or [None] * len(layers), strict=True)):
        b_hh = np.zeros_like(layer.b) if b_hh is None else b_hh
        W, U, b, b_ih, b_hh = (
            reorder(array, order, inverse=True) for array in (layer.W, layer.U, layer.b, layer.b - b_hh, b_hh)
        )
        arrays = {
            "pytorch": (W, U, b_ih, b_hh),
            "onnx": (W[None], U[None], np.concatenate([b_ih, b_hh])[None]),
            "keras": (np.ascontiguousarray(W.T), np.ascontiguousarray(U.T), b),
        }[convention]
        tensors |= {f"{prefix}{kind}_l{k}": array for kind, array in zip(weights + biases, arrays, strict=True)}
    return tensors


# ---- cells of other frameworks: one layer, by the names that the framework gives its parts

CELLS = {
    "pytorch-cell": "weight_ih (4H, D), weight_hh (4H, H), bias_ih, bias_hh (4H,), blocks i f g o",
    "equinox": "weight_ih (4H, D), weight_hh (4H, H), bias (4H,), blocks i f g o",
    "flax": "kernels ii, if, ig, io (D, H) and hi, hf, hg, ho (H, H), the latter with a bias (H,)",
    "tf1": "kernel (D + H, 4H) over [x; h], bias (4H,), blocks i g f o; 1 is added to the forget gate",
    "haiku": "w (D + H, 4H) over [x; h], b (4H,), blocks i g f o; 1 is added to the forget gate",
}


def layer_from_cell(tensors, kind, forget_bias=1.0):
    """The layer that one LSTM cell of another framework holds.

    Parameters
    ----------
    tensors : mapping of str to array, or to mappings
        The cell's parameters. What stands before a name, up to its last "/" or ".", does not matter; nested mappings
        count as such a path.
    kind : {"pytorch-cell", "equinox", "flax", "tf1", "haiku"}
        `torch.nn.LSTMCell`, `equinox.nn.LSTMCell`, `flax.linen.LSTMCell` and `OptimizedLSTMCell`, TensorFlow 1's
        `BasicLSTMCell` and `LSTMCell` without peepholes, `haiku.LSTM`: as `CELLS` says.
    forget_bias : float
        What TensorFlow 1's cell was made with; for no other kind.

    Returns
    -------
    Layer

    Raises
    ------
    ModelFileError
        If a tensor is missing or of another shape.
    """
    if kind not in CELLS:
        raise MinilstmError(f"cell: expected one of {', '.join(CELLS)}, got {kind!r}")
    flat = dict(_flat(tensors))

    def part(name):
        if name not in flat:
            raise ModelFileError(f"no {name!r}; expected {CELLS[kind]}; there are {', '.join(sorted(flat)) or 'none'}")
        return to_array(flat[name], name)

    if kind in ("pytorch-cell", "equinox"):
        named = {"weight_ih_l0": part("weight_ih"), "weight_hh_l0": part("weight_hh")}
        if "bias" in flat or kind == "equinox":
            named |= {"bias_ih_l0": part("bias"), "bias_hh_l0": np.zeros_like(part("bias"))}
        elif "bias_ih" in flat:
            named |= {"bias_ih_l0": part("bias_ih"), "bias_hh_l0": part("bias_hh")}
        return layers_from(named)[0]
    if kind == "flax":
        inward, recurrent = ([part(f"{side}{gate}.kernel") for gate in "ifgo"] for side in "ih")
        bias = np.concatenate([part(f"h{gate}.bias") for gate in "ifgo"])
        arrays = (*(_beside(kernels, CELLS[kind]) for kernels in (inward, recurrent)), bias)
    else:
        both, bias = (part(name) for name in (("kernel", "bias") if kind == "tf1" else ("w", "b")))
        H = bias.shape[0] // 4 if bias.ndim == 1 else 0
        if both.ndim != 2 or not H or both.shape[1] != 4 * H or both.shape[0] <= H:
            raise ModelFileError(f"expected {CELLS[kind]}; got {both.shape} and {bias.shape}")
        arrays = [reorder(array, "igfo", axis=-1) for array in (both[:-H], both[-H:], bias)]
        arrays[2] = arrays[2] + np.repeat([0, forget_bias if kind == "tf1" else 1, 0, 0], H).astype(bias.dtype)
    return layers_from(dict(zip(("kernel_l0", "recurrent_kernel_l0", "bias_l0"), arrays, strict=True)), "keras")[0]


def _flat(tensors, path=""):
    """Pairs of name and tensor: the last part of each path, for a Flax gate the last two."""
    for name, value in tensors.items():
        whole = f"{path}.{name}".replace("/", ".").strip(".")
        if hasattr(value, "items"):
            yield from _flat(value, whole)
        else:
            gate, last = ["", *whole.split(".")][-2:]
            yield (f"{gate}.{last}" if len(gate) == 2 and gate[0] in "ih" and gate[1] in "ifgo" else last), value


def _beside(kernels, expected):
    if len({kernel.shape for kernel in kernels}) > 1:
        raise ModelFileError(f"expected {expected}; got {', '.join(str(kernel.shape) for kernel in kernels)}")
    return np.concatenate(kernels, axis=-1)
