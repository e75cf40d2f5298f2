"""ONNX's LSTM operator, in ONNX Runtime and in the reference evaluator of the onnx package."""

from functools import partial

import numpy as np

from .cases import in_calls
from .program import Variant
from .variants import ONNX_HARD_SIGMOID

ACTIVATIONS = {  # of ours, as ONNX calls them
    **{name: name.capitalize() for name in ("sigmoid", "tanh", "relu", "softsign", "softplus")},
    ONNX_HARD_SIGMOID: "HardSigmoid",
}


def make_onnx(case, dtype, device):
    """One ONNX model a layer, of a single LSTM node whose weights are inputs."""
    return [_model_of_layer(case, case.of_layer(k), dtype) for k in range(case.layers)], dtype


def _model_of_layer(case, weights, dtype):
    from onnx import TensorProto, helper

    inputs = ["X", *(name if name in weights else "" for name in "WRB"), "", "h", "C", *("P" * ("P" in weights))]
    if case.lengths is not None:
        inputs[4] = "lengths"
    direction = ("forward", "bidirectional")[len(weights["W"]) - 1]
    attributes = {"hidden_size": case.C_0.shape[2], "direction": direction, **_attributes(case.variant)}
    node = helper.make_node("LSTM", inputs, ["Y", "Y_h", "Y_c"], **attributes)
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    given, made = (
        [helper.make_tensor_value_info(n, TensorProto.INT32 if n == "lengths" else kind, None) for n in names if n]
        for names in (inputs, node.output)
    )
    graph = helper.make_graph([node], "lstm", given, made)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)


def _attributes(variant):
    """How an LSTM node is told what a variant is; nothing for what it does by itself."""
    named = [ACTIVATIONS[name] for name in variant.activations] * variant.directions
    return {
        **({"clip": float(variant.clip)} if variant.clip < np.inf else {}),
        **({"input_forget": 1} if variant.coupled else {}),
        **({"activations": named} if variant.activations != Variant().activations else {}),
    }


def call_onnx(made, case, parts, runner):
    """What `runner`, which makes a function of named arrays out of a model, returns of each layer's."""
    models, dtype = made
    lengths = {} if case.lengths is None else {"lengths": case.lengths.astype(np.int32)}

    def read(run, weights, x, h, C):
        y, h, C = run(weights | lengths | {"X": x, "h": h, "C": C})
        return y.transpose(0, 2, 1, 3).reshape(len(x), y.shape[2], -1), h, C  # (steps, batch, directions * units)

    def layers(given):
        return [partial(read, runner(model), case.of_layer(k, given)) for k, model in enumerate(models)]

    given = {name: array.astype(dtype) for name, array in (case.read | case.tensors).items()}
    return in_calls(parts, layers, np.concatenate)(given)


def in_runtime(model, providers=("CPUExecutionProvider",)):
    """`model` in ONNX Runtime, by default on the processor."""
    import onnxruntime

    return partial(onnxruntime.InferenceSession(model.SerializeToString(), providers=list(providers)).run, None)


def in_evaluator(model):
    """`model` in the reference evaluator of the onnx package."""
    from onnx.reference import ReferenceEvaluator

    def run(given):
        with np.errstate(over="ignore"):  # in half precision its sigmoid overflows, and is right
            return ReferenceEvaluator(model).run(None, given)

    return run
