"""Model files of ONNX, PyTorch, Keras and .safetensors: what is found in them, and conversions that went wrong."""

import json
import os
import tracemalloc
import zipfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from conftest import need
from small_model import small_model

from minilstm.cli.main import main
from minilstm.errors import MinilstmError, ModelFileError
from minilstm.io.conventions import layers_from, layers_to
from minilstm.io.safetensors import write_tensors
from minilstm.verification.adapters import ADAPTERS
from minilstm.verification.conversions import compare_files
from minilstm.verification.in_onnx import in_runtime
from minilstm.verification.model_files import find_lstms, is_model_file, verify_file
from minilstm.verification.vectors import write_vectors

os.environ.setdefault("KERAS_BACKEND", "torch")
pytestmark = [
    # Keras's own way from torch to NumPy 2
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning:keras"),
    pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN:UserWarning"),
]
D, H = 5, 6


@pytest.fixture(scope="module")
def module():
    torch = need("torch")
    torch.manual_seed(0)
    return torch.nn.LSTM(D, H, 2)


@pytest.fixture
def torch_file(module, tmp_path):
    torch = need("torch")
    torch.save({f"model.rnn.{name}": tensor for name, tensor in module.state_dict().items()}, tmp_path / "model.pt")
    return tmp_path / "model.pt"


def onnx_model(layers, rearranged=False, **attributes):
    """Two LSTM nodes, one after the other, with stored weights; those may first pass through Unsqueeze."""
    onnx = need("onnx")
    from onnx.helper import make_graph, make_model, make_node, make_opsetid, make_tensor_value_info
    from onnx.numpy_helper import from_array

    stored, nodes, x = [from_array(np.array([0]), "zero"), from_array(np.array([1]), "one")], [], "x"
    for name, array in layers_to(layers, "onnx").items():
        stored.append(from_array(array[0] if rearranged else array, f"{name}_stored" if rearranged else name))
        if rearranged:
            nodes.append(make_node("Unsqueeze", [f"{name}_stored", "zero"], [name]))
    for k in range(len(layers)):
        inputs = [x, f"W_l{k}", f"R_l{k}", f"B_l{k}"]
        nodes.append(make_node("LSTM", inputs, [f"y{k}"], name=f"lstm{k}", hidden_size=H, **attributes))
        nodes.append(make_node("Squeeze", [f"y{k}", "one"], [f"x{k}"]))
        x = f"x{k}"
    given = [make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["steps", "batch", D])]
    made = [make_tensor_value_info(x, onnx.TensorProto.FLOAT, None)]
    return make_model(make_graph(nodes, "two", given, made, stored), opset_imports=[make_opsetid("", 14)], ir_version=8)


def onnx_file(path, layers, **options):
    path.write_bytes(onnx_model(layers, **options).SerializeToString())
    return path


def test_a_torch_file(torch_file):
    ((found, verdict),) = verify_file(torch_file)
    assert found.name == "model.rnn" and found.sizes == (2, D, H) and verdict.ok, verdict
    assert "2 layers, 5 inputs, 6 units, names and order of pytorch" in str(found)


def test_a_model_of_minilstm_and_what_was_exported_from_it(tmp_path):
    need("torch")
    model, other = small_model((H, H)), small_model((H, H), seed=1)
    model.save(tmp_path / "ours.npz")
    model.save(tmp_path / "half.npz", "float16")
    other.save(tmp_path / "other.npz")
    ((found, verdict),) = verify_file(tmp_path / "ours.npz")
    assert found.name == "rnn" and found.sizes == (2, model.embedding.shape[1], H) and verdict.ok, verdict
    write_tensors(tmp_path / "exported.safetensors", model.state_dict(), {})
    assert compare_files(tmp_path / "ours.npz", tmp_path / "exported.safetensors").ok
    assert compare_files(tmp_path / "ours.npz", tmp_path / "half.npz").rounded_to == "float16"
    assert not compare_files(tmp_path / "ours.npz", tmp_path / "other.npz")


def test_torch_files_of_other_kinds(tmp_path):
    torch = need("torch")
    parts = {
        "gru": torch.nn.GRU(D, H),
        "cell": torch.nn.LSTMCell(D, H),
        "both": torch.nn.LSTM(D, H, bidirectional=True, proj_size=2, bias=False),
    }
    torch.save(torch.nn.ModuleDict(parts).state_dict(), tmp_path / "parts.pt")
    verdicts = {found.name: (found, verdict) for found, verdict in verify_file(tmp_path / "parts.pt")}
    assert verdicts.keys() == {"cell", "both"} and all(verdict.ok for _, verdict in verdicts.values())
    assert "LSTMCell" in str(verdicts["cell"][0]) and "two directions" in str(verdicts["both"][0])
    torch.save(torch.nn.Linear(2, 3).state_dict(), tmp_path / "linear.pt")
    with pytest.raises(ModelFileError, match="no LSTM in it"):
        find_lstms(tmp_path / "linear.pt")


def test_names_of_a_cell_in_safetensors(tmp_path):
    """As silero-vad has them, without `_l0`."""
    torch, _ = need("torch"), need("safetensors")
    from safetensors.torch import save_file

    cell = torch.nn.LSTMCell(D, H)
    save_file({f"lstm_cell.{name}": tensor for name, tensor in cell.state_dict().items()}, tmp_path / "m.safetensors")
    ((found, verdict),) = verify_file(tmp_path / "m.safetensors")
    assert found.name == "lstm_cell" and found.sizes == (1, D, H) and verdict.ok
    assert is_model_file(tmp_path / "m.safetensors")


@pytest.mark.parametrize("rearranged", [False, True])
def test_an_onnx_file(tmp_path, module, rearranged):
    need("onnxruntime")
    path = onnx_file(tmp_path / "m.onnx", layers_from(module.state_dict()), rearranged=rearranged)
    results = list(verify_file(path))
    assert [found.name for found, _ in results] == ["lstm0", "lstm1"] and all(verdict.ok for _, verdict in results)
    assert "reads forwards, initial states zero, opset 14" in str(results[0][0])


def test_an_onnx_file_whose_node_is_set_to_something_else(tmp_path, module):
    need("onnxruntime")
    options = {"clip": 0.3, "input_forget": 1, "activations": ["HardSigmoid", "Softsign", "Relu"]}
    path = onnx_file(tmp_path / "m.onnx", layers_from(module.state_dict()), **options)
    for found, verdict in verify_file(path):
        assert found.variant.clip == pytest.approx(0.3) and found.variant.coupled and verdict.ok, verdict


def one_node(path, inputs=("x", "W", "R", "B"), dtype="f4", opset=14, stored=None, **attributes):
    """A file with one LSTM node, its weights stored, two sets of them where it reads both ways."""
    need("onnx")
    from onnx.helper import (
        make_graph,
        make_model,
        make_node,
        make_opsetid,
        make_tensor_value_info,
        np_dtype_to_tensor_dtype,
    )
    from onnx.numpy_helper import from_array

    rng, n = np.random.default_rng(0), 2 if attributes.get("direction") == "bidirectional" else 1
    shapes = {"W": (n, 4 * H, D), "R": (n, 4 * H, H), "B": (n, 8 * H), "P": (n, 3 * H)}
    arrays = {name: rng.uniform(-1, 1, shapes[name]).astype(dtype) for name in inputs if name in shapes} | (
        stored or {}
    )
    kind = np_dtype_to_tensor_dtype(np.dtype(dtype))
    given = [
        make_tensor_value_info(name, 6 if name == "n" else kind, None) for name in inputs if name and name not in arrays
    ]
    node = make_node("LSTM", inputs, ["y"], name="lstm", hidden_size=H, **attributes)
    tensors = [from_array(array, name) for name, array in arrays.items()]
    graph = make_graph([node], "one", given, [make_tensor_value_info("y", kind, None)], tensors)
    path.write_bytes(make_model(graph, opset_imports=[make_opsetid("", opset)], ir_version=8).SerializeToString())
    return path


NODES = {  # how a node is set and wired, and what is told of it
    "forward": ({}, "reads forwards, initial states zero, opset 14"),
    "reverse": ({"direction": "reverse"}, "reads backwards, initial states zero"),
    "both": ({"direction": "bidirectional"}, "two directions, initial states zero"),
    "without bias": ({"inputs": ("x", "W", "R")}, "reads forwards"),
    "lengths": (
        {"inputs": ("x", "W", "R", "B", "n"), "direction": "reverse"},
        "backwards, initial states zero, lengths",
    ),
    "states": ({"inputs": ("x", "W", "R", "B", "n", "h", "C")}, "initial states given, lengths given"),
    "h alone": ({"inputs": ("x", "W", "R", "B", "", "h")}, "initial h given, C zero, opset"),
    "C alone": ({"inputs": ("x", "W", "R", "", "", "", "C"), "direction": "bidirectional"}, "initial h zero, C given"),
    "stored": (
        {"inputs": ("x", "W", "R", "B", "", "h", "C"), "stored": {name: np.zeros((1, 1, H), "f4") for name in "hC"}},
        "initial states stored in the file",
    ),
    "batch first": ({"layout": 1}, "batch first, opset 14, run by the evaluator of the onnx package"),
    "batch first, reverse": (
        {"layout": 1, "direction": "reverse", "inputs": ("x", "W", "R", "B", "n", "h", "C")},
        "reads backwards, initial states given, lengths given, batch first",
    ),
    "batch first, both": ({"layout": 1, "direction": "bidirectional"}, "two directions, initial states zero, batch"),
    "peepholes": ({"inputs": ("x", "W", "R", "B", "", "", "", "P")}, "peepholes"),
    "all": (
        {"inputs": ("x", "W", "R", "B", "n", "h", "C", "P"), "direction": "reverse", "clip": 0.4, "input_forget": 1}
        | {"activations": ["HardSigmoid", "Softsign", "Relu"]},
        "reads backwards, peepholes, initial states given",
    ),
    "float16": ({"dtype": "f2"}, "reads forwards"),
    "float64": ({"dtype": "f8", "direction": "reverse"}, "run by the evaluator"),
    "opset 7": ({"opset": 7}, "opset 7"),
    "opset 22": ({"opset": 22, "direction": "reverse"}, "opset 22"),
}


@pytest.mark.parametrize("name", NODES)
def test_a_node_is_run_as_it_stands_in_the_file(name, tmp_path):
    need("onnxruntime")
    options, told = NODES[name]
    ((found, verdict),) = verify_file(one_node(tmp_path / "m.onnx", **options))
    assert verdict.ok and told in str(found), (str(found), str(verdict))


def test_a_node_that_no_package_runs(tmp_path, capsys):
    need("onnxruntime")
    for options in ({"layout": 1, "clip": 0.5}, {"dtype": "f8", "input_forget": 1}, {"opset": 99}):
        assert main(["verify", str(one_node(tmp_path / "m.onnx", **options))]) == 2
        assert "not run: onnxruntime refuses it (" in capsys.readouterr().out


def without(attribute):
    """ONNX Runtime, as it would be if it took no notice of an attribute."""

    def run(model, providers):
        node = model.graph.node[0]
        others = [each for each in node.attribute if each.name != attribute]
        del node.attribute[:]
        node.attribute.extend(others)
        return in_runtime(model, providers)

    return run


@pytest.mark.parametrize("attribute", ["direction", "clip", "input_forget", "activations"])
def test_a_runtime_that_ignores_an_attribute_departs(attribute, tmp_path, monkeypatch):
    """So that the node which is run is the file's, not one that is made for its weights."""
    need("onnxruntime")
    path = one_node(tmp_path / "m.onnx", ("x", "W", "R", "B", "n", "h", "C"), direction="reverse")
    if attribute != "direction":
        path = one_node(tmp_path / "m.onnx", clip=0.3, input_forget=1, activations=["Sigmoid", "Softsign", "Tanh"])
    monkeypatch.setattr("minilstm.verification.in_onnx.in_runtime", without(attribute))
    ((_, verdict),) = verify_file(path)
    expected = {
        "direction": "time reversed within each sequence, outputs put back in order",
        "clip": "not clipped",
        "input_forget": "gates not coupled",
        "activations": "activations other than the usual ignored",
    }
    assert verdict.diagnosis == (expected[attribute],)


def test_directions_of_two_files(tmp_path):
    forwards, backwards = one_node(tmp_path / "a.onnx"), one_node(tmp_path / "b.onnx", direction="reverse")
    assert compare_files(forwards, forwards) and compare_files(backwards, backwards)
    for pair in ((forwards, backwards), (backwards, forwards)):
        with pytest.raises(ModelFileError, match="layers read in other directions"):
            compare_files(*pair)


def test_a_keras_file(tmp_path):
    keras = need("keras")
    model = keras.Sequential(
        [keras.Input((None, D)), keras.layers.LSTM(H, return_sequences=True), keras.layers.LSTM(H)]
    )
    model.save(tmp_path / "model.keras")
    results = list(verify_file(tmp_path / "model.keras"))
    assert [found.sizes for found, _ in results] == [(1, D, H), (1, H, H)] and all(verdict.ok for _, verdict in results)
    other = {"recurrent_activation": "hard_sigmoid", "bias_initializer": "random_normal", "go_backwards": True}
    keras.Sequential([keras.Input((None, D)), keras.layers.LSTM(H, **other)]).save(tmp_path / "hard.keras")
    ((found, verdict),) = verify_file(tmp_path / "hard.keras")
    assert verdict.diagnosis == ("hard sigmoid of Keras 3 and PyTorch, relu6(z + 3) / 6",)
    assert "reads backwards" in str(found)


def with_config(path, change, extra=b""):
    """The .keras file with another config.json, and something beside it."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["config.json"] = change(parts["config.json"].decode()).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in (parts | {"extra": extra}).items():
            archive.writestr(name, part)
    return path


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda text: text.replace('"units": 6', '"units": 60000'), "60000 units with 5 inputs, but all of it is"),
        (lambda text: text.replace("null, 5]", "null, 900000000]"), "6 units with 900000000 inputs, but all"),
        (lambda text: text.replace('"units": 6', '"units": -6'), "Keras cannot open it"),
        (lambda text: text.replace('"units": 6', '"units": "six"'), "Keras cannot open it"),
        (lambda text: text.replace('"units": 6', '"units": 7'), "Keras cannot open it"),
        (lambda text: "[" * 100_000, "Keras cannot open it"),
        (lambda text: "7", "Keras cannot open it"),
        (lambda text: " " * 30_000_000 + text, "unpacks to"),
    ],
)
def test_a_keras_file_that_states_what_it_has_not(tmp_path, change, told):
    keras = need("keras")
    keras.Sequential([keras.Input((None, D)), keras.layers.LSTM(H)]).save(tmp_path / "m.keras")
    with pytest.raises(ModelFileError, match=f"m.keras: {told}"):
        find_lstms(with_config(tmp_path / "m.keras", change))


def test_a_size_that_a_keras_file_claims_for_what_it_stores(tmp_path):
    """As many bytes would be asked for before any is read: a gigabyte for 15 kilobytes."""
    keras, path = need("keras"), tmp_path / "m.keras"
    keras.Sequential([keras.Input((None, D)), keras.layers.LSTM(H)]).save(path)
    data = bytearray(path.read_bytes())
    data[data.rfind(b"PK\x01\x02") + 23] = 64  # the compressed size of the last member, its highest byte
    path.write_bytes(data)
    tracemalloc.start()
    with pytest.raises(ModelFileError, match=r"m.keras: model.weights.h5: 10737\d+ bytes in a file of \d{5}"):
        find_lstms(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**20


def test_silero_vad():
    """If it is installed: an LSTM that others have trained, as they give it out, twice in ONNX and once more."""
    spec = find_spec("silero_vad")
    if spec is None:
        pytest.skip("silero-vad is not installed")
    need("torch"), need("onnxruntime"), need("safetensors")
    data = Path(spec.origin).parent / "data"
    ((found, verdict),) = verify_file(data / "silero_vad_16k.safetensors")
    assert found.name == "lstm_cell" and found.sizes == (1, 128, 128) and verdict.ok, verdict
    results = list(verify_file(data / "silero_vad_16k_op15.onnx"))
    assert len(results) == 2 and all(verdict.ok for _, verdict in results)
    assert compare_files(data / "silero_vad_16k_op15.onnx", data / "silero_vad_16k_sequence.onnx")


# ---- two files


def test_a_right_conversion(tmp_path, module, torch_file):
    path = onnx_file(tmp_path / "m.onnx", layers_from(module.state_dict()))
    assert compare_files(torch_file, path) and compare_files(path, torch_file)


def test_conversions_that_went_wrong(tmp_path, module, torch_file):
    layers = layers_from(module.state_dict())
    as_stored = [
        layer._replace(**{part: _unturned(getattr(layer, part)) for part in ("W", "U", "b")}) for layer in layers
    ]
    path = onnx_file(tmp_path / "order.onnx", as_stored)  # PyTorch's blocks in an ONNX file, not reordered
    assert compare_files(torch_file, path).diagnosis == ("gate order i o f g",)
    path = onnx_file(tmp_path / "bias.onnx", [layer._replace(b=0 * layer.b) for layer in layers])
    assert compare_files(torch_file, path).diagnosis == ("bias missing",)
    path = onnx_file(tmp_path / "one.onnx", layers[:1])
    with pytest.raises(ModelFileError, match="expected the same sizes"):
        compare_files(torch_file, path)


def as_half(layers, dtype=np.float16):
    return [
        layer._replace(**{part: getattr(layer, part).astype(dtype) for part in ("W", "U", "b")}) for layer in layers
    ]


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_rounding_changes_no_weight_by_more_than_half_a_unit(tmp_path, capsys, module, torch_file, dtype):
    """Nor does one weight pass that is off by less than float16's tolerance of outputs would allow."""
    half = as_half(layers_from(module.state_dict()))
    path = onnx_file(tmp_path / "half.onnx", as_half(half, dtype))
    assert compare_files(torch_file, path).rounded_to == "float16"
    assert main(["verify", str(torch_file), str(path)]) == 0
    assert "They hold the same LSTM, rounded to float16 in the second." in capsys.readouterr().out
    back = compare_files(path, torch_file)
    assert not back and back.diagnosis == ("the first file is the second, rounded to float16",)
    half[1].U[9, 4] += np.float16(0.05)  # gate f, unit 4 of the layer
    found = compare_files(torch_file, onnx_file(tmp_path / "off.onnx", as_half(half, dtype)))
    assert not found and found.differing == 1 and found.diagnosis == ()
    assert found.first.tensor == "R_l1[0, 15, 4]" and found.first.got == half[1].U[9, 4]  # blocks i o f g
    assert found.first.expected == module.weight_hh_l1[9, 4].item()
    assert found.place == "U of layer 2, gate f, unit 10, from unit 11"
    assert main(["verify", str(torch_file), str(tmp_path / "off.onnx")]) == 1
    told = capsys.readouterr().out
    assert "1 of 600 weights differ by more than rounding to float16, first:\nR_l1[0, 15, 4] is" in told
    assert "None of the known mistakes explains it. The differences lie in U of layer 2, gate f" in told
    assert main(["verify", str(torch_file), str(tmp_path / "off.onnx"), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["first"]["tensor"] == "R_l1[0, 15, 4]"


def test_a_mistake_is_named_only_if_it_explains_every_weight(tmp_path):
    """By outputs of random words, dozens of mistakes may come near; by weights, none does."""
    torch = need("torch")
    torch.manual_seed(0)
    module = torch.nn.LSTM(20, 100)
    torch.save(module.state_dict(), tmp_path / "a.pt")
    with torch.no_grad():
        module.weight_hh_l0[:, 7] = 0
    torch.save(module.state_dict(), tmp_path / "b.pt")
    found = compare_files(tmp_path / "a.pt", tmp_path / "b.pt")
    assert not found and found.diagnosis == () and found.differing == 400
    assert found.place == "U of layer 1, from unit 8" and found.first.tensor == "weight_hh_l0[0, 7]"
    with torch.no_grad():
        module.bias_ih_l0[3] += 1
    torch.save(module.state_dict(), tmp_path / "b.pt")
    found = compare_files(tmp_path / "a.pt", tmp_path / "b.pt")
    assert found.place == "b of layer 1, gate i, unit 4; U of layer 1, from unit 8" and found.differing == 401


NAMED = {  # what becomes of a layer, in blocks i f g o
    "gate order i o f g and bias missing": lambda layer: layer._replace(
        W=_unturned(layer.W), U=_unturned(layer.U), b=0 * layer.b
    ),
    "gate order i o f g in b alone": lambda layer: layer._replace(b=_unturned(layer.b)),
    "recurrent weights U transposed": lambda layer: layer._replace(
        U=np.concatenate([block.T for block in np.split(layer.U, 4)])
    ),
    "W and U rounded to bfloat16": lambda layer: layer._replace(W=_cut(layer.W), U=_cut(layer.U)),
    "weights in int8, one scale for each array": lambda layer: layer._replace(W=_int8(layer.W), U=_int8(layer.U)),
}


def _cut(array):
    bits = array.view(np.uint32)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) & np.uint32(0xFFFF0000)).view(np.float32)


def _int8(array):
    scale = np.abs(array).max() / np.float32(127)
    return np.round(array / scale) * scale


@pytest.mark.parametrize("name", NAMED)
def test_mistakes_in_conversions_are_named(name, tmp_path, module, torch_file):
    layers = [NAMED[name](layer) for layer in layers_from(module.state_dict())]
    found = compare_files(torch_file, onnx_file(tmp_path / "w.onnx", layers))
    assert not found and found.diagnosis == (name,), found
    assert f"This mistake explains all of it: {name}." in str(found)


def test_a_weight_that_is_no_number(tmp_path, module, torch_file):
    layers = layers_from(module.state_dict())
    layers[0].W[1, 2] = np.nan
    with pytest.raises(ModelFileError, match="w.onnx: lstm0: W_l0: expected finite numbers"):
        compare_files(torch_file, onnx_file(tmp_path / "w.onnx", layers))


def _unturned(array):
    """What reads as i f g o in the file where ONNX has i o f g."""
    i, f, g, o = np.split(array, 4)
    return np.concatenate([i, g, o, f])


def bidirectional_file(path, weights, taken=(0, 1), turn=lambda array: array):
    """A PyTorch state dict of two layers and directions as two nodes of ONNX, its directions in the order `taken`."""
    onnx = need("onnx")
    from onnx.helper import make_graph, make_model, make_node, make_opsetid
    from onnx.numpy_helper import from_array

    stored, nodes = [], []
    for k in range(2):
        ends = [f"_l{k}{('', '_reverse')[direction]}" for direction in taken]
        own = [
            layers_from({f"{n.removesuffix(e)}_l0": a for n, a in weights.items() if n.endswith(e)})[0] for e in ends
        ]
        each = [layers_to([layer._replace(U=turn(layer.U))], "onnx") for layer in own]
        for name in ("W", "R", "B"):
            array = np.concatenate([tensors[f"{name}_l0"] for tensors in each])
            stored.append(from_array(array, f"{name}{k}"))
        names = [f"x{k}", f"W{k}", f"R{k}", f"B{k}"]
        nodes.append(make_node("LSTM", names, [f"x{k + 1}"], name=f"n{k}", hidden_size=H, direction="bidirectional"))
    model = make_model(make_graph(nodes, "two", [], [], stored), opset_imports=[make_opsetid("", 14)], ir_version=8)
    onnx.save(model, path)
    return path


def test_conversions_of_two_directions(tmp_path):
    torch = need("torch")
    torch.manual_seed(0)
    module = torch.nn.LSTM(D, H, 2, bidirectional=True)
    weights = {name: tensor.numpy() for name, tensor in module.state_dict().items()}
    torch.save(module.state_dict(), tmp_path / "bi.pt")
    assert compare_files(tmp_path / "bi.pt", tmp_path / "bi.pt")
    assert compare_files(tmp_path / "bi.pt", bidirectional_file(tmp_path / "good.onnx", weights))
    exchanged = compare_files(tmp_path / "bi.pt", bidirectional_file(tmp_path / "x.onnx", weights, (1, 0)))
    assert exchanged.diagnosis == ("the two directions exchanged",)
    turned = compare_files(tmp_path / "bi.pt", bidirectional_file(tmp_path / "t.onnx", weights, turn=_unturned))
    assert turned.diagnosis == ("gate order i o f g in U alone",)
    torch.save(torch.nn.LSTM(D, H, 2).state_dict(), tmp_path / "one.pt")
    with pytest.raises(ModelFileError, match="LSTMs of other kinds"):
        compare_files(tmp_path / "bi.pt", tmp_path / "one.pt")


def test_two_directions_and_a_projection_weight_by_weight(tmp_path):
    torch = need("torch")
    module = torch.nn.LSTM(D, H, 2, bidirectional=True, proj_size=3)
    torch.save(module.state_dict(), tmp_path / "a.pt")
    assert compare_files(tmp_path / "a.pt", tmp_path / "a.pt")
    with torch.no_grad():
        module.weight_hr_l1_reverse[2, 4] += 1
    torch.save(module.state_dict(), tmp_path / "b.pt")
    found = compare_files(tmp_path / "a.pt", tmp_path / "b.pt")
    assert (found.differing, found.first.tensor) == (1, "weight_hr_l1_reverse[2, 4]")
    assert found.place == "projections of layer 2, backwards"
    with torch.no_grad():
        module.bias_hh_l0_reverse[H + 1] += 1
    torch.save(module.state_dict(), tmp_path / "b.pt")
    assert compare_files(tmp_path / "a.pt", tmp_path / "b.pt").first.tensor == (
        "bias_ih_l0_reverse[7] + bias_hh_l0_reverse[7]"
    )


def test_one_lstm_that_is_written_down_twice(tmp_path, module):
    need("onnx")
    layers = layers_from(module.state_dict())
    once, twice = onnx_file(tmp_path / "1.onnx", layers[1:]), onnx_file(tmp_path / "2.onnx", [layers[1], layers[1]])
    assert compare_files(once, twice)


# ---- the command, and files that are none


def test_the_command(tmp_path, capsys, module, torch_file):
    need("onnxruntime")
    path = onnx_file(tmp_path / "m.onnx", layers_from(module.state_dict()))
    assert main(["verify", str(torch_file)]) == 0
    assert "It follows the equations." in capsys.readouterr().out
    assert main(["verify", str(torch_file), "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert told["ok"] and told["lstm"].startswith("model.rnn") and told["errors"]["output"]["precision"] == "float32"
    assert main(["verify", str(torch_file), "--rtol", "1"]) == 2
    assert "--rtol says nothing about a model file" in capsys.readouterr().err
    assert main(["verify", str(torch_file), str(path)]) == 0
    assert "hold the same LSTM" in capsys.readouterr().out
    wrong = onnx_file(
        tmp_path / "w.onnx", [layer._replace(b=0 * layer.b) for layer in layers_from(module.state_dict())]
    )
    assert main(["verify", str(torch_file), str(wrong)]) == 1
    assert "bias missing" in capsys.readouterr().out
    write_vectors(tmp_path / "v")
    assert not is_model_file(tmp_path / "v") and not is_model_file(tmp_path / "v" / "vectors.npz")
    assert main(["verify", str(tmp_path / "v")]) == 2
    assert "has test vectors; run your LSTM on them" in capsys.readouterr().err
    assert main(["verify", str(tmp_path / "no.onnx")]) == 2
    assert "no.onnx: cannot be read" in capsys.readouterr().err


def test_where_the_framework_is_not_installed(capsys, monkeypatch, torch_file):
    monkeypatch.setitem(ADAPTERS, "torch", ADAPTERS["torch"]._replace(package="no_such_package"))
    assert main(["verify", str(torch_file)]) == 2
    assert "not run: no_such_package, by which it would be run, is not installed" in capsys.readouterr().out


@pytest.mark.parametrize("content", [b"", b"hello", b"\x89HDF\r\n\x1a\n", b"\x80\x02}q\x00.", bytes(range(256))])
def test_files_of_no_kind(tmp_path, content):
    need("onnx")
    (tmp_path / "x.bin").write_bytes(content)
    with pytest.raises(ModelFileError, match="x.bin"):
        find_lstms(tmp_path / "x.bin")
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("other.txt", content)
    with pytest.raises(ModelFileError, match="x.zip"):
        find_lstms(tmp_path / "x.zip")


@pytest.mark.parametrize("rearranged", [False, True])
def test_damaged_onnx_files_never_crash(tmp_path, module, rearranged):
    data = onnx_model(layers_from(module.state_dict()), rearranged=rearranged).SerializeToString()
    rng, path = np.random.default_rng(0), tmp_path / "damaged.onnx"
    structure = [k for k in range(len(data)) if data[k : k + 1].isalnum() or k % 7 == 0]
    for _ in range(150):
        damaged = bytearray(data)
        for k in rng.choice(structure, rng.integers(1, 4)):
            damaged[k] = rng.integers(256)
        path.write_bytes(bytes(damaged[: rng.integers(1, len(data))] if rng.random() < 0.2 else damaged))
        try:
            assert all(found.tensors["R_l0"].ndim == 3 for found in find_lstms(path))
        except MinilstmError as error:
            assert "damaged.onnx" in str(error)


def test_nodes_that_no_lstm_has(tmp_path, module):
    layers = layers_from(module.state_dict())
    for change, told in (
        ({"direction": "bidirectional"}, "direction 'bidirectional' does not go with 1"),
        ({"activations": ["Sin", "Tanh", "Tanh"]}, "activation 'sin'"),
    ):
        with pytest.raises(ModelFileError, match=rf"lstm0 \(opset 14\): {told}"):
            find_lstms(onnx_file(tmp_path / "m.onnx", layers, **change))
    model = onnx_model(layers)
    del model.graph.initializer[2].dims[:]
    model.graph.initializer[2].dims.extend([1, 4 * H])
    (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(ModelFileError, match="m.onnx: lstm0"):
        find_lstms(tmp_path / "m.onnx")
    model = onnx_model(layers)
    model.graph.node[0].input[1] = "elsewhere"
    (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(ModelFileError, match="its W, 'elsewhere', is computed in the graph"):
        find_lstms(tmp_path / "m.onnx")
