"""Run the LSTM of a framework on test vectors: one adapter a framework, none of them imported before it is used.

An adapter's `make(case, dtype, device)` makes the framework's own object from the weights of a `Case`, and
`call(made, case, parts)` runs it, in as many calls as `parts` says. To add a framework, add an entry to `ADAPTERS`.
"""

import os
from collections.abc import Callable
from importlib.util import find_spec
from typing import NamedTuple

import numpy as np

from .cell_adapters import equinox_step, haiku_step, of_cells, tinygrad_step
from .variants import ONNX_HARD_SIGMOID, Variant


class Case(NamedTuple):
    """What one run of a framework is given: arrays as test vectors have them."""

    x: np.ndarray  # (steps, batch, D)
    lengths: np.ndarray | None  # None: all as long as the longest
    h_0: np.ndarray  # (layers * directions, batch, P)
    C_0: np.ndarray  # (layers * directions, batch, H)
    tensors: dict[str, np.ndarray]  # the weights, by the names of the adapter's convention
    losses: dict[str, np.ndarray]  # where gradients are asked for
    variant: Variant = Variant()


class Adapter(NamedTuple):
    """How one framework is run."""

    package: str
    convention: str
    make: Callable  # (case, dtype, device) -> the framework's object
    call: Callable  # (object, case, parts) -> output, h_n, C_n; and gradients by name where the case has losses
    precisions: tuple[str, ...] = ("float32",)
    variants: tuple[str, ...] = ()
    padding: bool = True  # whether it can be told the lengths of sequences
    gradients: bool = False
    devices: Callable = lambda: ("cpu",)

    @property
    def found(self):
        """Whether the framework is installed."""
        return find_spec(self.package) is not None


def scale_of(case):
    """By how much rounding is larger than on test vectors: by the largest sum of a pre-activation's terms, over 16."""
    largest = 16.0
    for name, array in case.tensors.items():
        if name.startswith(("weight_ih_l", "W_l", "kernel_l")):
            first = name.endswith(("_l0", "_l0_reverse"))
            width = np.abs(case.x).max() if first else 1
            axis = 0 if name.startswith("kernel") else -1
            largest = max(largest, width * np.abs(array).sum(axis=axis).max())
    return largest / 16


def layer_count(case):
    """How many layers the tensors of `case` are of."""
    return 1 + max(int(name.rpartition("_l")[2].removesuffix("_reverse")) for name in case.tensors)


# ---- PyTorch


def torch_devices():
    """The devices that PyTorch finds here."""
    import torch

    mps = getattr(torch.backends, "mps", None)
    return ("cpu", *(["cuda"] if torch.cuda.is_available() else []), *(["mps"] if mps and mps.is_available() else []))


def make_torch(case, dtype, device):
    """A `torch.nn.LSTM` with the weights of `case`."""
    import torch

    layers, (H, P) = layer_count(case), (case.C_0.shape[2], case.h_0.shape[2])
    two, bias = len(case.h_0) == 2 * layers, any("bias" in name for name in case.tensors)
    module = torch.nn.LSTM(case.x.shape[2], H, layers, bias, bidirectional=two, proj_size=P if P != H else 0)
    module.load_state_dict({name: torch.from_numpy(array) for name, array in case.tensors.items()})
    return module.to(dtype=getattr(torch, dtype), device=device)


def call_torch(module, case, parts):
    """What a `torch.nn.LSTM` makes of `case`, batch first or not, without dropout."""
    import torch

    weight = next(module.parameters())
    batch_axis, training = (1, 0)[module.batch_first], module.training
    x, h, C = given = [torch.from_numpy(a).to(weight.device, weight.dtype) for a in (case.x, case.h_0, case.C_0)]
    for tensor in given if case.losses else ():
        tensor.requires_grad_()
    module.eval()
    with torch.set_grad_enabled(bool(case.losses)):
        said, first = [], x
        for part in torch.split(first, parts):
            part = part.transpose(0, 1) if batch_axis == 0 else part
            if case.lengths is not None:
                packing = {"batch_first": module.batch_first, "enforce_sorted": False}
                part = torch.nn.utils.rnn.pack_padded_sequence(part, torch.from_numpy(case.lengths), **packing)
            y, (h, C) = module(part, (h, C))
            if case.lengths is not None:
                y, _ = torch.nn.utils.rnn.pad_packed_sequence(y, batch_first=module.batch_first)
            said.append(y.transpose(0, 1) if batch_axis == 0 else y)
        results = {"output": torch.cat(said), "h_n": h, "C_n": C}
    module.train(training)
    if case.losses:
        losses = {name: torch.from_numpy(array).to(weight) for name, array in case.losses.items()}
        sum((losses[name] * results[name]).sum() for name in losses).backward()
        slopes = dict(zip(("x", "h_0", "C_0"), given, strict=True)) | dict(module.named_parameters())
        results |= {f"d_{name}": tensor.grad for name, tensor in slopes.items()}
    return {name: tensor.detach().cpu().double().numpy() for name, tensor in results.items()}


# ---- ONNX


ONNX_NAMES = {ONNX_HARD_SIGMOID: "HardSigmoid"}  # of activations; the others are called as ours


def make_onnx(case, dtype, device):
    """One ONNX model a layer, of a single LSTM node whose weights are inputs."""
    import onnx
    from onnx.helper import make_graph, make_model, make_node, make_opsetid, make_tensor_value_info

    kind = onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    models = []
    for k in range(layer_count(case)):
        weights = [name for name in "WRBP" if f"{name}_l{k}" in case.tensors]
        names = ["X", *(name if name in weights else "" for name in "WRB")]
        names += ["lengths" if case.lengths is not None else "", "h", "C", *(["P"] if "P" in weights else [])]
        directions = len(case.tensors[f"W_l{k}"])
        attributes = {"hidden_size": case.C_0.shape[2], "direction": ("forward", "bidirectional")[directions - 1]}
        node = make_node("LSTM", names, ["Y", "Y_h", "Y_c"], **attributes, **_onnx_attributes(case.variant))
        kinds = {name: onnx.TensorProto.INT32 if name == "lengths" else kind for name in names if name}
        inputs, outputs = (
            [make_tensor_value_info(name, kinds.get(name, kind), None) for name in group]
            for group in (kinds, ("Y", "Y_h", "Y_c"))
        )
        graph = make_graph([node], "lstm", inputs, outputs)
        models.append(make_model(graph, opset_imports=[make_opsetid("", 14)], ir_version=8))
    return [(model, dtype) for model in models]


def _onnx_attributes(variant):
    """How an LSTM node is told what a variant is; nothing for what it does by itself."""
    named = [ONNX_NAMES.get(name, name.capitalize()) for name in variant.activations] * variant.directions
    return {
        **({"clip": float(variant.clip)} if variant.clip < np.inf else {}),
        **({"input_forget": 1} if variant.coupled else {}),
        **({"activations": named} if variant.activations != Variant().activations else {}),
    }


def call_onnx(runner):
    """A `call` that has `runner(model)` make a function of named arrays out of each layer's model."""

    def call(models, case, parts):
        run, state, said = [runner(model) for model, _ in models], (case.h_0, case.C_0), []
        n, dtype = len(case.h_0) // len(models), models[0][1]
        for x in np.split(case.x.astype(dtype), np.cumsum(parts)[:-1]):
            states = []
            for k in range(len(models)):
                h, C = (part[n * k : n * k + n].astype(dtype) for part in state)
                weights = {name[0]: a.astype(dtype) for name, a in case.tensors.items() if name.endswith(f"_l{k}")}
                lengths = {} if case.lengths is None else {"lengths": case.lengths.astype(np.int32)}
                y, *after = run[k](weights | lengths | {"X": x, "h": h, "C": C})
                x = y.transpose(0, 2, 1, 3).reshape(len(x), y.shape[2], -1)  # (steps, batch, directions * units)
                states.append(after)
            state = [np.concatenate(part) for part in zip(*states, strict=True)]
            said.append(x)
        return {"output": np.concatenate(said), "h_n": state[0], "C_n": state[1]}

    return call


def in_runtime(model):
    """`model` in ONNX Runtime, on the processor."""
    import onnxruntime

    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return lambda given: session.run(None, given)


def in_evaluator(model):
    """`model` in the reference evaluator of the onnx package."""
    from onnx.reference import ReferenceEvaluator

    return lambda given: ReferenceEvaluator(model).run(None, given)


# ---- Keras


def make_keras(case, dtype, device):
    """One `keras.layers.LSTM` a layer and direction: lists of one or two."""
    os.environ.setdefault("KERAS_BACKEND", "torch" if find_spec("torch") else "tensorflow")
    import keras

    layers = []
    for k in range(layer_count(case)):
        both = []
        for end in ("", "_reverse"):
            if f"kernel_l{k}{end}" in case.tensors:
                weights = [case.tensors[f"{kind}_l{k}{end}"] for kind in ("kernel", "recurrent_kernel", "bias")]
                options = {"return_sequences": True, "return_state": True, "go_backwards": end != "", "dtype": dtype}
                layer = keras.layers.LSTM(case.C_0.shape[2], **options)
                layer.build((case.x.shape[1], None, len(weights[0])))
                layer.set_weights(weights)
                both.append(layer)
        layers.append(both)
    return layers


def call_keras(layers, case, parts):
    """What a stack of Keras layers, as `make_keras` makes them, makes of `case`."""
    import keras

    state, said = (case.h_0, case.C_0), []
    for x in np.split(case.x, np.cumsum(parts)[:-1]):
        values, states = x.swapaxes(0, 1), []  # batch first
        for k, both in enumerate(layers):
            made = []
            for direction, layer in enumerate(both):
                dtype = layer.compute_dtype
                start = [keras.ops.convert_to_tensor(a[k * len(both) + direction], dtype) for a in state]
                y, *after = layer(keras.ops.convert_to_tensor(values, dtype), initial_state=start)
                y, *after = (np.asarray(keras.ops.convert_to_numpy(keras.ops.cast(a, "float64"))) for a in (y, *after))
                made.append(y[:, ::-1] if direction else y)
                states.append(after)
            values = np.concatenate(made, axis=-1)
        state = [np.stack(part) for part in zip(*states, strict=True)]
        said.append(values.swapaxes(0, 1))
    return {"output": np.concatenate(said), "h_n": state[0], "C_n": state[1]}


# ---- Flax


def make_flax(case, dtype, device):
    """One `flax.linen.OptimizedLSTMCell` a layer, and its parameters."""
    import flax.linen
    import jax

    if dtype == "float64":
        jax.config.update("jax_enable_x64", True)
    layers = []
    for k in range(layer_count(case)):
        kernel, recurrent, bias = (case.tensors[f"{kind}_l{k}"] for kind in ("kernel", "recurrent_kernel", "bias"))
        parameters = {}
        for gate, W, U, b in zip("ifgo", *(np.split(a, 4, axis=-1) for a in (kernel, recurrent, bias)), strict=True):
            parameters |= {f"i{gate}": {"kernel": W}, f"h{gate}": {"kernel": U, "bias": b}}
        parameters = jax.tree_util.tree_map(lambda a: jax.numpy.asarray(a, dtype), parameters)
        cell = flax.linen.OptimizedLSTMCell(case.C_0.shape[2], dtype=dtype, param_dtype=dtype)
        layers.append((cell, {"params": parameters}))
    return layers


def call_flax(layers, case, parts):
    """What a stack of Flax cells, as `make_flax` makes them, makes of `case`; flax.linen.RNN reads the words."""
    import flax.linen
    import jax

    dtype = layers[0][0].param_dtype
    state, said = [case.h_0, case.C_0], []
    for x in np.split(case.x, np.cumsum(parts)[:-1]):
        values, states = jax.numpy.asarray(x, dtype), []
        lengths = None if case.lengths is None else jax.numpy.asarray(case.lengths)
        for k, (cell, parameters) in enumerate(layers):
            rnn = flax.linen.RNN(cell, time_major=True, return_carry=True)
            carry = tuple(jax.numpy.asarray(a[k], dtype) for a in reversed(state))  # (c, h)
            inner = {"params": {"cell": parameters["params"]}}
            (C, h), values = rnn.apply(inner, values, initial_carry=carry, seq_lengths=lengths)
            states.append((h, C))
        state = [np.stack([np.asarray(a, np.float64) for a in part]) for part in zip(*states, strict=True)]
        said.append(np.asarray(values, np.float64))
    return {"output": np.concatenate(said), "h_n": state[0], "C_n": state[1]}


TORCH_KINDS = "bidirectional", "projection", "bidirectional-projection"
ADAPTERS = {
    "torch": Adapter(
        *("torch", "pytorch", make_torch, call_torch, ("float64", "float32", "float16", "bfloat16"), TORCH_KINDS),
        gradients=True,
        devices=torch_devices,
    ),
    "onnxruntime": Adapter(
        *("onnxruntime", "onnx", make_onnx, call_onnx(in_runtime), ("float32",)),
        ("bidirectional", "peepholes", "coupled", "clip", "activations", "onnx"),
    ),
    "onnx evaluator": Adapter(
        *("onnx", "onnx", make_onnx, call_onnx(in_evaluator), ("float64", "float32"), ("bidirectional", "peepholes")),
        padding=False,
    ),
    "keras": Adapter(
        *("keras", "keras", make_keras, call_keras, ("float64", "float32"), ("bidirectional",)), padding=False
    ),
    "flax": Adapter("flax", "keras", make_flax, call_flax, ("float64", "float32")),
    "equinox": Adapter("equinox", "pytorch", *of_cells(equinox_step)),
    "haiku": Adapter("haiku", "keras", *of_cells(haiku_step)),
    "tinygrad": Adapter("tinygrad", "pytorch", *of_cells(tinygrad_step)),
}
