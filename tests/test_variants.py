"""The variants' reference against PyTorch, ONNX Runtime, ONNX's evaluator and Keras; and mistakes in them."""

import os

import numpy as np
import pytest
from conftest import need

from minilstm import lstm, verify
from minilstm.errors import MinilstmError, VectorsError
from minilstm.verification.variant_vectors import make_variant, read_variant
from minilstm.verification.variants import CONVENTIONS, VARIANTS, run, wrong_variants
from minilstm.verification.vectors import make_vectors, read_vectors, write_vectors

os.environ.setdefault("KERAS_BACKEND", "torch")
pytestmark = [
    # Keras's own way from torch to NumPy 2
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning:keras"),
    pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN:UserWarning"),
]
POSED = [(name, convention) for name in VARIANTS for convention in CONVENTIONS[name]]


def weights(d, layer, end=""):
    return {key: array for key, array in d.items() if key.endswith(f"_l{layer}{end}")}


def in_pytorch(d):
    torch = need("torch")
    tensors = {key: torch.from_numpy(d[key]).double() for key in d if "_l" in key}
    D, H = d["x"].shape[2], d["C_0"].shape[2]
    P = d["h_0"].shape[2] if d["h_0"].shape[2] != H else 0
    module = torch.nn.LSTM(D, H, 2, bidirectional=len(d["h_0"]) == 4, proj_size=P).double()
    module.load_state_dict(tensors)
    x, h, C = (torch.from_numpy(d[key]).double() for key in ("x", "h_0", "C_0"))
    packed = torch.nn.utils.rnn.pack_padded_sequence(x, torch.from_numpy(d["lengths"]), enforce_sorted=False)
    output, (h_n, C_n) = module(packed, (h, C))
    output, _ = torch.nn.utils.rnn.pad_packed_sequence(output)
    return {"output": output.detach(), "h_n": h_n.detach(), "C_n": C_n.detach()}


def onnx_layer(d, k, x, run_model, lengths, **attributes):
    """One LSTM node, with whatever runs models."""
    onnx = need("onnx")
    from onnx.helper import make_graph, make_model, make_node, make_opsetid, make_tensor_value_info

    n = len(d["h_0"]) // 2
    given = {"x": x, "h": d["h_0"][n * k : n * k + n], "C": d["C_0"][n * k : n * k + n]}
    given |= {key[0]: array for key, array in weights(d, k).items()}
    if lengths is not None:
        given["lengths"] = lengths.astype(np.int32)
    order = ["x", "W", "R", "B", "lengths" if lengths is not None else "", "h", "C", "P" if "P" in given else ""]
    direction = "bidirectional" if n == 2 else "forward"
    node = make_node(
        "LSTM", order, ["y", "y_h", "y_c"], hidden_size=d["C_0"].shape[2], direction=direction, **attributes
    )
    kinds = {name: onnx.helper.np_dtype_to_tensor_dtype(array.dtype) for name, array in given.items()}
    inputs = [make_tensor_value_info(name, kinds[name], array.shape) for name, array in given.items()]
    outputs = [make_tensor_value_info(name, kinds["x"], None) for name in ("y", "y_h", "y_c")]
    model = make_model(make_graph([node], "lstm", inputs, outputs), opset_imports=[make_opsetid("", 14)], ir_version=8)
    y, h_n, C_n = run_model(model, given)
    return y.transpose(0, 2, 1, 3).reshape(*y.shape[:1], y.shape[2], -1), h_n, C_n


def in_onnx(d, run_model, lengths=None, **attributes):
    x, states = d["x"], []
    for k in (0, 1):
        x, *state = onnx_layer(d, k, x, run_model, lengths, **attributes)
        states.append(state)
    h_n, C_n = (np.concatenate(part) for part in zip(*states, strict=True))
    return {"output": x, "h_n": h_n, "C_n": C_n}


def in_runtime(model, given):
    session = need("onnxruntime").InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, given)


def in_evaluator(model, given):
    need("onnx")
    from onnx.reference import ReferenceEvaluator

    return ReferenceEvaluator(model).run(None, given)


def in_keras(d):
    """Batch first, two layers, each with a layer for each direction."""
    keras = need("keras")
    values, states = d["x"].swapaxes(0, 1), []
    for k in (0, 1):
        made = []
        for direction, end in enumerate(("", "_reverse")):
            layer = keras.layers.LSTM(8, return_sequences=True, return_state=True, go_backwards=bool(direction))
            layer.build(values.shape)
            layer.set_weights([d[f"{kind}_l{k}{end}"] for kind in ("kernel", "recurrent_kernel", "bias")])
            start = [keras.ops.convert_to_tensor(d[name][2 * k + direction]) for name in ("h_0", "C_0")]
            output, *state = (keras.ops.convert_to_numpy(a) for a in layer(values, initial_state=start))
            made.append(output[:, ::-1] if direction else output)
            states.append(state)
        values = np.concatenate(made, axis=-1)
    h_n, C_n = map(np.stack, zip(*states, strict=True))
    return {"output": values.swapaxes(0, 1), "h_n": h_n, "C_n": C_n}


def unpadded(name, convention):
    """Vectors of a variant in which every sequence is as long as the longest."""
    d = make_variant(name, convention)
    return d | {"lengths": np.full_like(d["lengths"], len(d["x"]))}


@pytest.mark.parametrize("name", ["bidirectional", "projection", "bidirectional-projection"])
def test_pytorch(name):
    d = make_variant(name)
    verdict = verify(d, in_pytorch(d))
    assert verdict, verdict
    assert {error.precision for error in verdict.errors.values()} == {"float64"}


ATTRIBUTES = {
    "bidirectional": {},
    "peepholes": {},
    "coupled": {"input_forget": 1},
    "clip": {"clip": 1.5},
    "activations": {"activations": ["HardSigmoid", "Softsign", "Relu"]},
    "onnx": {"clip": 1.5, "input_forget": 1, "activations": 2 * ["Sigmoid", "Softsign", "Tanh"]},
}


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_onnx_runtime(name):
    d = make_variant(name, "onnx")
    verdict = verify(d, in_onnx(d, in_runtime, d["lengths"], **ATTRIBUTES[name]))
    assert verdict, verdict


@pytest.mark.parametrize("name", ["bidirectional", "peepholes"])
def test_onnx_evaluator(name):
    d = unpadded(name, "onnx")
    verdict = verify(d, in_onnx(d, in_evaluator))
    assert verdict, verdict


def test_keras_in_two_directions():
    d = unpadded("bidirectional", "keras")
    verdict = verify(d, in_keras(d))
    assert verdict, verdict


def test_without_any_variant_it_is_the_plain_lstm():
    v = read_vectors(make_vectors())
    got = run(v)
    trace = lstm.run(v.x, v.layers, lstm.State(v.h_0, v.C_0))
    np.testing.assert_allclose(got["output"], trace.h[-1], rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(got["C_n"][:, 3], trace.C[:, 4, 3], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(("name", "convention"), POSED)
def test_every_mistake_in_a_variant_is_seen_and_no_two_are_alike(name, convention):
    d = make_variant(name, convention)
    p = read_variant(d)
    with np.errstate(all="ignore"):
        returned = {"right": run(p)}
        for mistake, wrong in wrong_variants(p).items():
            returned[mistake] = wrong()
    words = np.arange(len(p.x))[:, None] < p.lengths
    rows = [np.concatenate([o["output"][words].ravel(), o["h_n"].ravel(), o["C_n"].ravel()]) for o in returned.values()]
    for k, row in enumerate(rows):
        assert [j for j, other in enumerate(rows) if np.allclose(row, other, 1e-2, 5e-3)] == [k], list(returned)[k]
    for mistake in ("bias missing", mistake):
        verdict = verify(d, returned[mistake])
        assert not verdict and verdict.diagnosis == (mistake,)


def test_mistakes_of_programs_in_frameworks():
    d = make_variant("bidirectional")
    exchanged = {
        key.removesuffix("_reverse") if key.endswith("_reverse") else f"{key}_reverse" if "_l" in key else key: array
        for key, array in d.items()
    }
    assert verify(d, in_pytorch(exchanged)).diagnosis == ("the two directions exchanged",)
    d = make_variant("coupled")
    assert verify(d, in_onnx(d, in_runtime, d["lengths"])).diagnosis == ("gates not coupled",)
    d = make_variant("peepholes")
    shuffled = {key: a.reshape(1, 3, 8)[:, [0, 2, 1]].reshape(1, -1) if key[0] == "P" else a for key, a in d.items()}
    got = in_onnx(shuffled, in_runtime, d["lengths"])  # i f o where ONNX has i o f
    assert verify(d, got).diagnosis == ("peepholes of i, f, o taken for those of i, o, f",)


def test_files_of_variants(tmp_path):
    for name in VARIANTS:
        paths = write_vectors(tmp_path / name, variant=name)
        page = paths[0].read_text()
        assert f"variant: {name}" in page and ("R @" in page) == ("projection" in name)
        assert ("p_o * C" in page) == VARIANTS[name].peepholes and ("cut(v)" in page) == (VARIANTS[name].clip < np.inf)
        np.savez(tmp_path / "out.npz", **run(read_variant(make_variant(name))))
        assert verify(tmp_path / name, tmp_path / "out.npz")


def test_what_is_refused():
    d = make_variant("peepholes")
    with pytest.raises(MinilstmError, match="expected one of the variants|expected one of"):
        make_variant("peephole")
    with pytest.raises(MinilstmError, match="convention of onnx, not of keras"):
        make_variant("peepholes", "keras")
    for change, told in (
        ({"P_l1": np.zeros((1, 23))}, r"P_l1: expected shape \(1, 24\)"),
        ({"variant": np.array("x")}, "expected one of the variants"),
        ({"x": np.full(d["x"].shape, np.nan)}, "x: expected numbers below"),
        ({"lengths": 0 * d["lengths"]}, "lengths of 1 to 16"),
    ):
        with pytest.raises(VectorsError, match=told):
            verify(d | change, {"output": np.zeros((16, 5, 8))})
    with pytest.raises(VectorsError, match=r"output: expected shape \(16, 5, 8\)"):
        verify(d, {"output": np.zeros((16, 5, 9))})
