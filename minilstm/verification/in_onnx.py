"""ONNX's LSTM operator, in ONNX Runtime and in the reference evaluator of the onnx package.

Weights are run by a node that is made for them (`make_onnx`, `call_onnx`), or by the node of a file as it stands there
(`model_of_node`, `with_runner`), with its attributes, its opset and the inputs that are wired.
"""

from functools import partial

import numpy as np

from .cases import in_calls, reversed_words
from .found import LENGTHS, STEPS
from .program import Variant
from .variants import ONNX_HARD_SIGMOID

ACTIVATIONS = {  # of ours, as ONNX calls them
    **{name: name.capitalize() for name in ("sigmoid", "tanh", "relu", "softsign", "softplus")},
    ONNX_HARD_SIGMOID: "HardSigmoid",
}
INPUTS = "X", "W", "R", "B", "sequence_lens", "initial_h", "initial_c", "P"
OUTPUTS = "Y", "Y_h", "Y_c"


def make_onnx(case, dtype, device):
    """One ONNX model a layer, of a single LSTM node whose weights are inputs."""
    return [_model_of_layer(case, case.of_layer(k), dtype) for k in range(case.layers)], dtype


def _model_of_layer(case, weights, dtype):
    from onnx import helper

    given = {"X", "initial_h", "initial_c", *weights, *([] if case.lengths is None else ["sequence_lens"])}
    wired = [name if name in given else "" for name in INPUTS if name != "P" or "P" in weights]
    direction = ("forward", "bidirectional")[len(weights["W"]) - 1]
    attributes = {"hidden_size": case.C_0.shape[2], "direction": direction, **_attributes(case.variant)}
    return _model_of(helper.make_node("LSTM", wired, OUTPUTS, **attributes), dtype, 14)


def _model_of(node, dtype, opset, stored=None):
    """A model of one LSTM node, whose inputs are called as in `INPUTS`; it is given those that are not `stored`."""
    from onnx import TensorProto, helper, numpy_helper

    stored, kind = stored or {}, helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    given, made = (
        [
            helper.make_tensor_value_info(name, TensorProto.INT32 if name == "sequence_lens" else kind, None)
            for name in names
            if name and name not in stored
        ]
        for names in (node.input, node.output)
    )
    arrays = [numpy_helper.from_array(array, name) for name, array in stored.items()]
    graph = helper.make_graph([node], "lstm", given, made, arrays)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def _attributes(variant):
    """Attributes that tell an LSTM node its variant; none for what it does by itself."""
    named = [ACTIVATIONS[name] for name in variant.activations] * variant.directions
    return {
        **({"clip": float(variant.clip)} if variant.clip < np.inf else {}),
        **({"input_forget": 1} if variant.coupled else {}),
        **({"activations": named} if variant.activations != Variant().activations else {}),
    }


def call_onnx(made, case, parts, runner):
    """Run `case` layer by layer; `runner` makes a function of named arrays out of each layer's model."""
    models, dtype = made
    lengths = {} if case.lengths is None else {"sequence_lens": case.lengths.astype(np.int32)}

    def read(run, weights, x, h, C):
        y, h, C = run(weights | lengths | {"X": x, "initial_h": h, "initial_c": C})
        return y.transpose(0, 2, 1, 3).reshape(len(x), y.shape[2], -1), h, C  # (steps, batch, directions * units)

    def layers(given):
        return [partial(read, runner(model), case.of_layer(k, given)) for k, model in enumerate(models)]

    given = {name: array.astype(dtype) for name, array in (case.read | case.tensors).items()}
    return in_calls(parts, layers, np.concatenate)(given)


def model_of_node(node, tensors, opset):
    """A model of one LSTM node as it stands in a file, with its weights; what it reads beside them are inputs."""
    import onnx

    only = onnx.NodeProto()
    only.CopyFrom(node)
    wired = [name if given else "" for name, given in zip(INPUTS, node.input, strict=False)]
    for names, canonical in ((only.input, wired), (only.output, OUTPUTS)):
        del names[:]
        names.extend(canonical)
    return _model_of(only, tensors["W"].dtype, opset, tensors)


def with_runner(found, providers=("CPUExecutionProvider",)):
    """`found`, a node of a file, with a way to run it: ONNX Runtime, or the evaluator, which knows less but layouts."""
    model = found.node()
    batch_first = any(attribute.name == "layout" and attribute.i for attribute in model.graph.node[0].attribute)
    inputs, dtype = [given.name for given in model.graph.input], found.tensors["W_l0"].dtype
    if not batch_first and dtype != np.float64:
        runner, lengths = in_runtime(model, providers), LENGTHS if "sequence_lens" in inputs else None
    elif found.variant._replace(directions=1, peepholes=False) == Variant():
        runner, lengths = in_evaluator(model), None  # it takes no notice of lengths
        found = found._replace(notes=(*found.notes, "run by the evaluator of the onnx package"))
    else:
        raise NotImplementedError("neither layout 1 nor float64; the evaluator of the onnx package knows no such node")
    return found._replace(run=partial(_call_node, runner, inputs, dtype, batch_first, found.backwards), lengths=lengths)


def _call_node(runner, inputs, dtype, batch_first, backwards, case):
    """Run a node; one that reads backwards is given the words of each sequence from the last to the first."""
    lengths = np.full(case.x.shape[1], STEPS) if case.lengths is None else case.lengths
    x = reversed_words(case.x, lengths) if backwards else case.x
    given = {"X": x, "initial_h": case.h_0, "initial_c": case.C_0}
    given = {name: (a.swapaxes(0, 1) if batch_first else a).astype(dtype) for name, a in given.items()}
    given["sequence_lens"] = lengths.astype(np.int32)
    y, h, C = runner({name: given[name] for name in inputs})
    if batch_first:
        y, h, C = np.moveaxis(y, 0, 2), h.swapaxes(0, 1), C.swapaxes(0, 1)
    y = y.swapaxes(1, 2).reshape(*x.shape[:2], -1)  # (steps, batch, directions * units)
    return {"output": reversed_words(y, lengths) if backwards else y, "h_n": h, "C_n": C}


def in_runtime(model, providers=("CPUExecutionProvider",)):
    """`model` in ONNX Runtime, by default on the processor."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # what it refuses is told by the exception
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=list(providers))
    return partial(session.run, None)


def in_evaluator(model):
    """`model` in the reference evaluator of the onnx package."""
    from onnx.reference import ReferenceEvaluator

    def run(given):
        with np.errstate(over="ignore"):  # in half precision its sigmoid overflows, and is right
            return ReferenceEvaluator(model).run(None, given)

    return run
