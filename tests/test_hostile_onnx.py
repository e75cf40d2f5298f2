"""ONNX files that somebody made to do harm, or that were damaged within what protobuf still parses."""

import time

import numpy as np
import pytest
from conftest import need

from minilstm.errors import MinilstmError
from minilstm.verification.model_files import find_lstms, verify_file

onnx = pytest.importorskip("onnx")
TensorProto, helper, numpy_helper = onnx.TensorProto, onnx.helper, onnx.numpy_helper

D, H = 3, 4
SHAPES = {"W": (1, 4 * H, D), "R": (1, 4 * H, H), "B": (1, 8 * H)}


def model(inputs=("x", "W", "R", "B"), before=(), stored=None, **attributes):
    """A model of one LSTM node; `before` are nodes that come first."""
    rng = np.random.default_rng(0)
    arrays = {name: rng.uniform(-1, 1, shape).astype("f4") for name, shape in SHAPES.items()} | (stored or {})
    node = helper.make_node("LSTM", inputs, ["y"], name="lstm", **({"hidden_size": H} | attributes))
    given, made = (helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in "xy")
    tensors = [numpy_helper.from_array(array, name) for name, array in arrays.items()]
    graph = helper.make_graph([*before, node], "g", [given], [made], tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)


def write(folder, made):
    (folder / "m.onnx").write_bytes(made.SerializeToString())
    return folder / "m.onnx"


def concat(count, *inputs):
    """`count` nodes, each of which puts what the one before made behind itself."""
    names = [*inputs, *(f"c{k}" for k in range(count))]
    return [helper.make_node("Concat", names[k : k + 1] * 4, [names[k + 1]], axis=0) for k in range(count)]


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (lambda: model(("x", "c18", "R"), concat(19, "W")), "computed in the graph|larger than"),
        (lambda: model(("x", "a", "R"), [helper.make_node("Concat", ["a", "a"], ["a"], axis=0)]), "computed in the"),
        (lambda: model(("x", "W")), "expected inputs W and R"),
        (lambda: model(("x", "R", "W")), "W: expected shape|R: expected shape"),
        (lambda: model(stored={"B": np.array(["a", "b"])}), "B: expected floating|B: cannot be read"),
        (lambda: model(stored={"B": np.zeros((1, 8 * H), np.int8)}), "B: expected floating point numbers, got int8"),
        (
            lambda: model(("x", "s", "R"), [helper.make_node("Identity", ["B"], ["s"])], {"B": np.array(["a"])}),
            "W: expected floating|cannot be",
        ),
        (lambda: model(direction="sideways"), "direction .sideways. does not go"),
        (lambda: model(activations=["Tanh"] * 99), "expected three, the same for each direction"),
        (lambda: model(activations=["Tanh"]), "expected three, the same for each direction"),
        (
            lambda: model(activations=["HardSigmoid", "Tanh", "Tanh"], activation_alpha=[0.3]),
            "activation_alpha: expected 0.2 for HardSigmoid",
        ),
        (lambda: model(clip=-1.0), "clip: expected a number above 0, got -1"),
    ],
)
def test_a_hostile_model_is_refused_soon(tmp_path, made, told):
    start = time.process_time()
    with pytest.raises(MinilstmError, match=told) as caught:
        find_lstms(write(tmp_path, made()))
    assert "m.onnx" in str(caught.value) and time.process_time() - start < 20  # not an hour


def mutated(rng, made):
    """One thing in the model is something else."""
    graph = made.graph
    node, tensor = graph.node[-1], graph.initializer[rng.integers(len(graph.initializer))]
    changes = (
        lambda: tensor.dims.__setitem__(0, int(rng.choice([-1, 0, 2, 2**40]))),
        lambda: tensor.dims.append(int(rng.integers(3))),
        lambda: setattr(tensor, "data_type", int(rng.integers(0, 26))),
        lambda: setattr(tensor, "raw_data", rng.bytes(rng.integers(0, 99))),
        lambda: setattr(tensor, "name", str(rng.choice(["x", "", "W"]))),
        lambda: tensor.external_data.add(key="location", value="/etc/passwd"),
        lambda: node.input.__setitem__(rng.integers(len(node.input)), str(rng.choice(["", "x", "y", "R"]))),
        lambda: setattr(node.attribute[0], "type", int(rng.integers(0, 15))),
        lambda: node.attribute.add(name=str(rng.choice(["clip", "activations", "direction", "layout"])), type=3),
        lambda: node.attribute.add(name="clip", f=float(rng.choice([np.nan, -1, np.inf])), type=1),
        lambda: node.attribute.add(name="body", type=5).g.ParseFromString(graph.SerializeToString()),
        lambda: setattr(node, "domain", str(rng.choice(["", "ai.onnx", "else"]))),
        lambda: setattr(made.opset_import[0], "version", int(rng.choice([-1, 0, 7, 2**40]))),
    )
    changes[rng.integers(len(changes))]()
    return made


def test_models_in_which_something_is_something_else(tmp_path):
    need("onnxruntime")
    rng, right = np.random.default_rng(0), 0
    for _ in range(120):
        made = mutated(rng, mutated(rng, model()))
        path = write(tmp_path, made)
        try:
            for found, verdict in verify_file(path):
                right += bool(verdict)
                assert str(found) and str(verdict)
        except MinilstmError as error:
            assert "m.onnx" in str(error)
    assert right > 10
