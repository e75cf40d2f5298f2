"""Keras's LSTM, on whichever backend and device it runs."""

import os
from functools import partial
from importlib.util import find_spec

from .cases import in_calls
from .in_tensorflow import tensorflow_devices, tensorflow_gradients
from .in_torch import torch_devices, torch_gradients


def import_keras():
    """The keras package, on the backend that is installed if none has been chosen."""
    if "KERAS_BACKEND" not in os.environ:
        os.environ["KERAS_BACKEND"] = "torch" if find_spec("torch") else "tensorflow"
    import keras

    return keras


def keras_devices():
    """The device on which Keras runs here of its own accord."""
    if import_keras().backend.backend() == "tensorflow":
        return tensorflow_devices()[-1:]
    return torch_devices()[-1:] if find_spec("torch") else ("cpu",)


def make_keras(case, dtype, device):
    """One `keras.layers.LSTM` a layer and direction: lists of one or two."""
    keras, layers = import_keras(), []
    for k in range(case.layers):
        both = []
        for end in ("", "_reverse"):
            if f"kernel_l{k}{end}" in case.tensors:
                weights = [case.tensors[f"{kind}_l{k}{end}"] for kind in ("kernel", "recurrent_kernel", "bias")]
                options = {"return_sequences": True, "return_state": True, "go_backwards": end != "", "dtype": dtype}
                options |= {"recurrent_initializer": "zeros"}  # the usual one knows no half precision
                layer = keras.layers.LSTM(case.C_0.shape[2], **options)
                layer.build((case.x.shape[1], None, len(weights[0])))
                layer.set_weights(weights)
                both.append(layer)
        layers.append(both)
    return layers


def call_keras(layers, case, parts):
    """Run a stack of Keras layers, as `make_keras` makes them, on `case`."""
    keras = import_keras()
    ops, dtype = keras.ops, layers[0][0].compute_dtype

    def read(both, x, h, C):
        x, said, states = ops.swapaxes(x, 0, 1), [], []  # batch first
        for direction, layer in enumerate(both):
            y, *state = layer(x, initial_state=[h[direction], C[direction]])
            said.append(ops.flip(y, 1) if direction else y)
            states.append(state)
        return ops.swapaxes(ops.concatenate(said, axis=-1), 0, 1), *map(ops.stack, zip(*states, strict=True))

    run = in_calls(parts, lambda _: [partial(read, both) for both in layers], ops.concatenate)
    given = {name: ops.convert_to_tensor(array, dtype) for name, array in case.read.items()}
    differentiate = GRADIENTS.get(keras.backend.backend())
    if not case.losses or differentiate is None:
        return run(given)
    weights = {f"{w.name}_l{k}": w.value for k, (layer, *_) in enumerate(layers) for w in layer.weights}
    return differentiate(run, given | weights, case.losses)


GRADIENTS = {"torch": torch_gradients, "tensorflow": tensorflow_gradients}  # by the backend; JAX's need another way
