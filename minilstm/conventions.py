"""How frameworks name and order the weights of an LSTM, and the way to and from ours (blocks i f g o, one bias)."""

import numpy as np

from .errors import MinilstmError, ModelFileError
from .lstm import Layer

ORDERS = {"pytorch": "ifgo", "onnx": "iofg", "keras": "ifgo"}  # g is the candidate C~; ONNX and Keras call it c


def reorder(array, order, axis=0, inverse=False):
    """Bring the four blocks along `axis` from `order` (such as "iofg") to i f g o; with `inverse`, the other way."""
    if sorted(order) != sorted("ifgo"):
        raise MinilstmError(f"gate order: expected the letters i, f, g, o, each once, got {order!r}")
    source = ["ifgo".index(gate) for gate in order] if inverse else [order.index(gate) for gate in "ifgo"]
    blocks = np.split(np.asarray(array), 4, axis=axis)
    return np.concatenate([blocks[k] for k in source], axis=axis)


def layers_from(tensors, convention="pytorch", prefix=""):
    """The layers that `tensors` of a framework describe.

    Parameters
    ----------
    tensors : mapping of str to array
    convention : str
    prefix : str
        What stands before each name, such as "rnn.".

    Returns
    -------
    tuple of Layer

    Raises
    ------
    ModelFileError
        If a tensor is missing.
    """
    if convention != "pytorch":
        raise MinilstmError(f"convention: expected one of {', '.join(ORDERS)}, got {convention!r}")
    layers = []
    while f"{prefix}weight_ih_l{len(layers)}" in tensors:
        names = [f"{prefix}{kind}_l{len(layers)}" for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
        for name in names:
            if name not in tensors:
                raise ModelFileError(f"no tensor {name!r}; there are {', '.join(sorted(tensors))}")
        W, U, b_ih, b_hh = (np.asarray(tensors[name]) for name in names)
        layers.append(Layer(W, U, b_ih + b_hh))
    if not layers:
        raise ModelFileError(f"no tensor '{prefix}weight_ih_l0'; there are {', '.join(sorted(tensors)) or 'none'}")
    return tuple(layers)
