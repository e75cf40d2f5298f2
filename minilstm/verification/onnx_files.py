"""Find the LSTM nodes in an ONNX file, in its subgraphs too, and their weights."""

from functools import partial

import numpy as np

from ..errors import ModelFileError
from .found import DetectedLSTM
from .in_onnx import ACTIVATIONS, INPUTS, model_of_node
from .program import Variant
from .variants import ONNX_HARD_SIGMOID

KINDS = "ONNX, a PyTorch file, .safetensors with PyTorch's names, .keras, a model of minilstm, or its test vectors"
LARGEST = 2**26  # numbers in one tensor
OURS = {theirs.lower(): ours for ours, theirs in ACTIVATIONS.items()}
USUAL = Variant().activations
ZERO = "zero"
# what comes out of these nodes is no larger than what goes in
REARRANGING = "Identity", "Unsqueeze", "Squeeze", "Slice", "Concat", "Transpose", "Cast"


def lstms_in_onnx(source):
    """The LSTM nodes in a file, or in what was in one, as `DetectedLSTM`; a ModelFileError if it is unreadable."""
    path = "the model" if isinstance(source, bytes) else source
    try:
        import onnx
    except ImportError:
        raise ModelFileError(f"{path}: not {KINDS}; ONNX needs a package: pip install onnx") from None
    load = onnx.load_model_from_string if isinstance(source, bytes) else partial(onnx.load, load_external_data=False)
    try:
        return lstms_in_model(load(source))
    except ModelFileError as error:
        raise ModelFileError(f"{path}: {error}") from None
    except Exception as error:  # protobuf raises several kinds on what it cannot parse
        raise ModelFileError(f"{path}: not {KINDS} ({str(error)[:200] or type(error).__name__})") from None


def lstms_in_model(model):
    """The LSTM nodes in an `onnx.ModelProto`, as `DetectedLSTM`; a ModelFileError if one cannot be read."""
    if not model.graph.node:
        raise ModelFileError(f"not {KINDS}: no graph in it")
    opset = next((entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), 0)
    found = []
    for number, (node, constants) in enumerate(_nodes(model.graph, {}, 8)):
        name = node.name or f"LSTM node {number + 1}"
        try:
            found.append(_found(node, constants, name, opset))
        except ModelFileError as error:
            raise ModelFileError(f"{name} (opset {opset}): {error}") from None
    return found


def _nodes(graph, outer, depth):
    """LSTM nodes, and by name what they can see: stored tensors, and nodes that only rearrange such."""
    if depth == 0:
        raise ModelFileError("graphs lie more than 8 deep; expected a model")
    constants = outer | {tensor.name: tensor for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant" and node.output and node.attribute and node.attribute[0].name == "value":
            constants[node.output[0]] = node.attribute[0].t
        elif node.op_type in REARRANGING and len(node.output) == 1:
            constants[node.output[0]] = node
        if node.op_type == "LSTM" and node.domain in ("", "ai.onnx"):
            yield node, constants
        for attribute in node.attribute:
            for inner in [attribute.g, *attribute.graphs] if attribute.type in (5, 10) else ():
                yield from _nodes(inner, constants, depth - 1)


def _found(node, constants, name, opset):
    given = dict(zip(INPUTS, node.input, strict=False))
    attributes = {attribute.name: attribute for attribute in node.attribute}
    tensors = {}
    for key in ("W", "R", "B", "P"):
        if given.get(key):
            array = _value(given[key], constants, key, opset, 20)
            if array.dtype.kind != "f" or array.ndim < 2:
                raise ModelFileError(
                    f"{key}: expected floating point numbers, got {array.dtype} of shape {array.shape}"
                )
            tensors[f"{key}_l0"] = array
    if "W_l0" not in tensors or "R_l0" not in tensors:
        raise ModelFileError("expected inputs W and R")
    R, directions = tensors["R_l0"], len(tensors["W_l0"])
    H = R.shape[-1]
    shapes = {"R": (directions, 4 * H, H), "B": (directions, 8 * H), "P": (directions, 3 * H)}
    shapes["W"] = (directions, 4 * H, tensors["W_l0"].shape[-1])
    for key, array in tensors.items():
        if array.shape != shapes[key[0]] or 0 in array.shape or directions > 2:
            raise ModelFileError(f"{key[0]}: expected shape {shapes[key[0]]}, got {array.shape}")
    stored = {key.removesuffix("_l0"): array for key, array in tensors.items()}
    tensors.setdefault("B_l0", np.zeros((directions, 8 * H), R.dtype))
    direction = attributes["direction"].s.decode("utf-8", "replace") if "direction" in attributes else "forward"
    if directions != {"forward": 1, "reverse": 1, "bidirectional": 2}.get(direction):
        raise ModelFileError(f"direction {direction!r:.40} does not go with {directions} sets of weights")
    chosen = _activations(attributes["activations"].strings, directions) if "activations" in attributes else USUAL
    clip = attributes["clip"].f if "clip" in attributes else np.inf
    for key, usual in (("activation_alpha", 0.2), ("activation_beta", 0.5)):
        if ONNX_HARD_SIGMOID in chosen and key in attributes and not np.allclose(attributes[key].floats, usual):
            raise ModelFileError(f"{key}: expected {usual} for HardSigmoid, got {list(attributes[key].floats)!s:.80}")
    if not clip > 0:
        raise ModelFileError(f"clip: expected a number above 0, got {clip}")
    coupled = bool("input_forget" in attributes and attributes["input_forget"].i)
    batch_first = bool("layout" in attributes and attributes["layout"].i)
    starts = {what: _origin(given.get(f"initial_{what.lower()}"), constants) for what in "hC"}
    states = (
        f"initial states {starts['h']}" if len(set(starts.values())) == 1 else "initial h {h}, C {C}".format(**starts)
    )
    notes = (states, *["lengths given"] * bool(given.get("sequence_lens")), *["batch first"] * batch_first)
    return DetectedLSTM(
        *(name, "onnx", tensors, Variant(directions, 0, "P_l0" in tensors, coupled, clip, chosen)),
        notes=(*notes, f"opset {opset}"),
        backwards=direction == "reverse",
        starts="".join(what for what in starts if starts[what] != ZERO),
        node=partial(model_of_node, node, stored, opset),
    )


def _origin(name, constants):
    """Origin of a node's initial h or C."""
    source = constants.get(name)
    return "given" if name and source is None or hasattr(source, "op_type") else "stored in the file" if name else ZERO


def _activations(texts, directions):
    """Those of gates, candidate and exposed cell: three names, the same for each direction."""
    names = [text.decode("utf-8", "replace").lower() for text in texts]
    for name in names:
        if name not in OURS:
            raise ModelFileError(f"activation {name!r:.40}; expected one of {', '.join(ACTIVATIONS.values())}")
    if names and (len(names) != 3 * directions or names != names[:3] * directions):
        raise ModelFileError(f"activations: expected three, the same for each direction, got {', '.join(names):.80}")
    return tuple(OURS[name] for name in names[:3]) or USUAL


def _value(name, constants, key, opset, depth):
    """The array called `name`: stored, or rearranged from stored ones, as exporters leave weights; made only once."""
    source = constants.get(name)
    if source is None or depth == 0:
        raise ModelFileError(f"its {key}, {name!r}, is computed in the graph; expected it stored in the file")
    if not isinstance(source, np.ndarray):
        made = _rearranged if hasattr(source, "op_type") else _array
        constants[name] = source = made(source, constants, key, opset, depth)
    return source


def _rearranged(node, constants, key, opset, depth):
    from onnx import helper
    from onnx.reference import ReferenceEvaluator

    given = {part: _value(part, constants, key, opset, depth - 1) for part in node.input if part}
    if sum(given[part].size for part in node.input if part) > LARGEST:
        raise ModelFileError(f"{key}: larger than {LARGEST} numbers")
    outputs = [helper.make_tensor_value_info(node.output[0], 0, None)]
    try:
        kinds = {part: helper.np_dtype_to_tensor_dtype(array.dtype) for part, array in given.items()}
        inputs = [helper.make_tensor_value_info(part, kinds[part], array.shape) for part, array in given.items()]
        graph = helper.make_graph([node], "rearranged", inputs, outputs)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
        return np.asarray(ReferenceEvaluator(model).run(None, given)[0])
    except Exception as error:  # on whatever does not fit in such a node
        raise ModelFileError(f"its {key}: {node.op_type} cannot be evaluated ({str(error)[:120]})") from None


def _array(tensor, constants, key, opset, depth):
    from onnx import numpy_helper

    if tensor.external_data or np.prod([max(n, 0) for n in tensor.dims], dtype=float) > LARGEST:
        raise ModelFileError(f"{key}: lies outside the file, or is larger than {LARGEST} numbers")
    try:
        return numpy_helper.to_array(tensor)
    except Exception as error:  # on dims and data that do not fit, and unknown types
        raise ModelFileError(f"{key}: cannot be read ({str(error)[:120]})") from None
