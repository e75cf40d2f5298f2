"""Keras's LSTM, on whichever backend and device it runs."""

import os
from importlib.util import find_spec

import numpy as np

from .in_torch import torch_devices


def import_keras():
    """The keras package, on the backend that is installed if none has been chosen."""
    if "KERAS_BACKEND" not in os.environ:
        os.environ["KERAS_BACKEND"] = "torch" if find_spec("torch") else "tensorflow"
    import keras

    return keras


def keras_devices():
    """The device on which Keras runs here of its own accord."""
    if import_keras().backend.backend() != "tensorflow":
        return torch_devices()[-1:] if find_spec("torch") else ("cpu",)
    import tensorflow

    return ("cuda",) if tensorflow.config.list_physical_devices("GPU") else ("cpu",)


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
    """What a stack of Keras layers, as `make_keras` makes them, makes of `case`."""
    ops, dtype = import_keras().ops, layers[0][0].compute_dtype
    given = [ops.convert_to_tensor(array, dtype) for array in (case.x, case.h_0, case.C_0)]
    weights = {f"{weight.name}_l{k}": weight for k, (layer, *_) in enumerate(layers) for weight in layer.weights}

    def run(x, h_0, C_0):
        states, said, start = list(zip(h_0, C_0, strict=True)), [], 0
        for part in parts:
            values = ops.swapaxes(x[start : start + part], 0, 1)  # batch first
            for k, both in enumerate(layers):
                made = []
                for direction, layer in enumerate(both):
                    place = k * len(both) + direction
                    y, *states[place] = layer(values, initial_state=list(states[place]))
                    made.append(ops.flip(y, 1) if direction else y)
                values = ops.concatenate(made, axis=-1)
            said.append(ops.swapaxes(values, 0, 1))
            start += part
        h_n, C_n = map(ops.stack, zip(*states, strict=True))
        return {"output": ops.concatenate(said), "h_n": h_n, "C_n": C_n}

    known = import_keras().backend.backend() in ("torch", "tensorflow")
    results = _differentiated(run, given, weights, case.losses) if case.losses and known else run(*given)
    return {name: np.asarray(ops.convert_to_numpy(ops.cast(a, "float64"))) for name, a in results.items()}


def _differentiated(run, given, weights, losses):
    """What run(x, h_0, C_0) returns and its gradients, those of `weights` (variables by name) too."""
    keras = import_keras()
    names, variables = ["x", "h_0", "C_0", *weights], [weight.value for weight in weights.values()]

    def loss(results):
        return sum(keras.ops.sum(keras.ops.cast(losses[name], results[name].dtype) * results[name]) for name in losses)

    if keras.backend.backend() == "tensorflow":
        import tensorflow

        with tensorflow.GradientTape() as tape:
            tape.watch(given)
            results = run(*given)
            total = loss(results)
        slopes = tape.gradient(total, [*given, *variables])
    else:
        import torch

        for tensor in given:
            tensor.requires_grad_()
        results = run(*given)
        slopes = torch.autograd.grad(loss(results), [*given, *variables])
    return results | {f"d_{name}": slope for name, slope in zip(names, slopes, strict=True)}
