"""Every framework that is installed, and objects of frameworks; right ones and wrong ones."""

import os
import re

import numpy as np
import pytest
from conftest import need

from minilstm import verify, verify_module
from minilstm.cli.main import main
from minilstm.errors import MinilstmError
from minilstm.verification import adapters, installed

os.environ.setdefault("KERAS_BACKEND", "torch")
pytestmark = [
    # Keras's own way from torch to NumPy 2
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning:keras"),
    pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN:UserWarning"),
]
PACKAGES = {"torch": "torch", "onnxruntime": "onnxruntime", "onnx evaluator": "onnx", "keras": "keras", "flax": "flax"}


@pytest.mark.parametrize("name", adapters.ADAPTERS)
def test_a_framework_follows_the_equations(name, monkeypatch):
    need(PACKAGES[name]) if name in PACKAGES else pytest.importorskip(name)  # others have no place in CI's environment
    monkeypatch.setattr(installed, "ADAPTERS", {name: adapters.ADAPTERS[name]})
    rows = [row for row, _ in installed.verify_installed("cpu")]
    assert {row.verdict for row in rows} == {"right"}, rows
    expected = {"plain", *adapters.ADAPTERS[name].variants}
    assert {row.variant for row in rows} == expected and {row.precision for row in rows} == set(
        adapters.ADAPTERS[name].precisions
    )
    assert all(re.match(r"\d+\.\d", row.version) and 0 < row.ulps < 1e5 for row in rows)


def wrong_torch(case, dtype, device):
    module = adapters.make_torch(case, dtype, device)
    module.bias_hh_l0.data.zero_()
    module.bias_hh_l1.data.zero_() if hasattr(module, "bias_hh_l1") else None
    return module


def test_the_command_prints_a_table_and_fails_where_a_framework_is_wrong(capsys, monkeypatch):
    need("torch")
    torch = adapters.ADAPTERS["torch"]._replace(precisions=("float32",), variants=())
    cannot = torch._replace(make=lambda *_: 1 / 0)
    monkeypatch.setattr(installed, "ADAPTERS", {"torch": torch, "other": cannot})
    assert main(["verify", "--installed", "--device", "cpu"]) == 0
    printed = capsys.readouterr().out
    assert "right" in printed and "not run" in printed and "ZeroDivisionError" in printed
    monkeypatch.setattr(installed, "ADAPTERS", {"torch": torch._replace(make=wrong_torch)})
    assert main(["verify", "--installed", "--device", "cpu"]) == 1
    assert "first bias only, b_hh missing" in capsys.readouterr().out


def test_a_framework_that_cannot_be_imported_is_not_run(monkeypatch):
    def broken(*_):
        raise ImportError("no backend")

    adapter = adapters.ADAPTERS["onnxruntime"]._replace(package="numpy", devices=broken, make=broken, variants=())
    monkeypatch.setattr(installed, "ADAPTERS", {"x": adapter})
    ((row, verdict),) = installed.verify_installed()
    assert (row.device, row.verdict, row.mistake, verdict) == ("cpu", "not run", "ImportError: no backend", None)


def test_what_installed_refuses(capsys, monkeypatch, tmp_path):
    assert main(["verify", "--installed", str(tmp_path)]) == 2
    assert main(["verify"]) == 2 and main(["verify", str(tmp_path)]) == 2
    told = capsys.readouterr().err
    assert "DIR says nothing about --installed" in told and "expected DIR and OUTPUTS, one or two model files" in told
    absent = adapters.ADAPTERS["torch"]._replace(package="no_such_package")
    monkeypatch.setattr(installed, "ADAPTERS", {"x": absent})
    assert main(["verify", "--installed"]) == 2
    assert "none of no_such_package is installed" in capsys.readouterr().err
    monkeypatch.setattr(installed, "ADAPTERS", {"x": absent._replace(package="numpy", devices=lambda: ("cpu",))})
    assert main(["verify", "--installed", "--device", "abacus"]) == 2
    assert "--device abacus: none of x finds one" in capsys.readouterr().err


# ---- objects


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"num_layers": 3, "batch_first": True, "dropout": 0.5},
        {"bias": False},
        {"bidirectional": True, "num_layers": 2},
        {"proj_size": 4, "num_layers": 2, "bidirectional": True},
    ],
)
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_torch_module(options, dtype):
    torch = need("torch")
    torch.manual_seed(0)
    module = torch.nn.LSTM(5, 7, **options).to(getattr(torch, dtype))
    verdict = verify_module(module)
    assert verdict and {e.precision for e in verdict.errors.values()} == {dtype}, verdict
    assert module.training and all(p.grad is None for p in module.parameters())


def test_a_torch_module_that_does_something_else():
    torch = need("torch")

    class NoState(torch.nn.LSTM):
        def forward(self, x, state):
            return super().forward(x)

    class Clipped(torch.nn.LSTM):
        """Written anew, one sequence after another, with a clipped cell."""

        def forward(self, packed, state):
            x, lengths = torch.nn.utils.rnn.pad_packed_sequence(packed)
            h, C = state[0][0], state[1][0]
            said, cells = [], []
            for x_t in x:
                h, C = torch.lstm_cell(x_t, (h, C), *self.all_weights[0])
                C = C.clamp(-1, 1)
                i, f, g, o = (x_t @ self.weight_ih_l0.T).chunk(4, 1)
                said.append(h)
                cells.append(C)
            last = lengths - 1, torch.arange(len(lengths))
            ends = torch.stack(said)[last][None], torch.stack(cells)[last][None]
            return torch.nn.utils.rnn.pack_padded_sequence(torch.stack(said), lengths, enforce_sorted=False), ends

    torch.manual_seed(0)
    assert verify_module(NoState(5, 7)).diagnosis == ("initial state not used, zero instead",)
    verdict = verify_module(NoState(5, 7, bidirectional=True))
    assert verdict.diagnosis == ("initial state not used, zero instead",)
    verdict = verify_module(Clipped(5, 7))  # h is that of the cell before it is clipped
    assert not verdict and verdict.place
    assert verdict.diagnosis == () and verdict.advice == ()  # a module says what it says


@pytest.mark.parametrize("options", [{}, {"use_bias": False}, {"return_sequences": True, "dropout": 0.5}])
def test_a_keras_layer(options, monkeypatch):
    keras = need("keras")
    layer = keras.layers.LSTM(7, bias_initializer="random_normal", **options)
    with pytest.raises(MinilstmError, match="no weights yet"):
        verify_module(layer)
    layer.build((None, None, 5))
    assert verify_module(layer)
    hard = keras.layers.LSTM(7, bias_initializer="random_normal", recurrent_activation="hard_sigmoid")
    hard.build((None, None, 5))
    assert verify_module(hard).diagnosis == ("hard sigmoid of Keras 3 and PyTorch, relu6(z + 3) / 6",)
    backwards = keras.layers.LSTM(7, bias_initializer="random_normal", go_backwards=True)
    backwards.build((None, None, 5))
    assert verify_module(backwards)
    # as it would be if it read forwards all the same
    take = keras.layers.LSTM.from_config.__func__
    monkeypatch.setattr(
        keras.layers.LSTM, "from_config", classmethod(lambda kind, config: take(kind, config | {"go_backwards": False}))
    )
    assert "time reversed, padding first" in verify_module(backwards).diagnosis


def test_a_flax_cell():
    need("flax")
    jax = need("jax")
    from flax import linen

    for cell in (linen.LSTMCell(7), linen.OptimizedLSTMCell(7)):
        start = cell.initialize_carry(jax.random.key(0), (3, 5))
        parameters = cell.init(jax.random.key(1), start, np.zeros((3, 5)))
        assert verify_module(cell, parameters)
        half = type(cell)(7, dtype="bfloat16")  # of float32 weights
        assert {error.precision for error in verify_module(half, parameters).errors.values()} == {"bfloat16"}
        with pytest.raises(MinilstmError, match="parameters of its init"):
            verify_module(cell)


@pytest.mark.parametrize("kind", ["LSTMCell", "OptimizedLSTMCell"])
def test_a_cell_of_flax_nnx(kind):
    need("flax")
    from flax import nnx

    cell = getattr(nnx, kind)(5, 7, rngs=nnx.Rngs(0))
    for part in (cell.dense_h,) if hasattr(cell, "dense_h") else (cell.hi, cell.hf, cell.hg, cell.ho):
        part.bias[...] = np.random.default_rng(0).uniform(-1, 1, part.bias.shape)
    assert verify_module(cell)
    cell.activation_fn = lambda z: z
    assert verify_module(cell).diagnosis == ("no activation for both tanh",)


def onnx_model(count=1):
    """An LSTM node, or several, whose weights are stored in the model."""
    onnx = need("onnx")
    from onnx import helper, numpy_helper

    rng, nodes, stored = np.random.default_rng(0), [], []
    for k in range(count):
        shapes = {"W": (1, 28, 5), "R": (1, 28, 7), "B": (1, 56)}
        stored += [numpy_helper.from_array(rng.uniform(-1, 1, s).astype("f4"), n + str(k)) for n, s in shapes.items()]
        inputs = ["x", f"W{k}", f"R{k}", f"B{k}"]
        nodes.append(helper.make_node("LSTM", inputs, [f"y{k}"], name=f"lstm{k}", hidden_size=7))
    given = [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["steps", "batch", 5])]
    made = [helper.make_tensor_value_info("y0", onnx.TensorProto.FLOAT, None)]
    graph = helper.make_graph(nodes, "lstms", given, made, stored)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)


def test_an_onnx_model_and_a_session(tmp_path):
    runtime = need("onnxruntime")
    one, two = onnx_model(), onnx_model(2)
    (tmp_path / "one.onnx").write_bytes(one.SerializeToString())
    for source in (str(tmp_path / "one.onnx"), one.SerializeToString()):
        session = runtime.InferenceSession(source, providers=["CPUExecutionProvider"])
        verdict = verify_module(session)
        assert verdict and verdict.errors.keys() == {"output", "h_n", "C_n"}, verdict
    gone = runtime.InferenceSession(str(tmp_path / "one.onnx"), providers=["CPUExecutionProvider"])
    (tmp_path / "one.onnx").unlink()
    with pytest.raises(MinilstmError, match="verify_module: .*one.onnx: .*No such file"):
        verify_module(gone)
    assert verify_module(one) and verify_module(two, "lstm1")
    with pytest.raises(MinilstmError, match="verify_module: expected a model with one LSTM node.* lstm0, lstm1"):
        verify_module(two)
    with pytest.raises(MinilstmError, match="there are lstm0$"):
        verify_module(one, "lstm1")


def test_a_runtime_that_departs_is_told_so(monkeypatch):
    need("onnxruntime")

    def without_bias(model, providers):
        model.graph.node[0].input[3] = ""
        return adapters.in_runtime(model, providers)

    monkeypatch.setattr("minilstm.verification.in_onnx.in_runtime", without_bias)
    assert verify_module(onnx_model()).diagnosis == ("bias missing",)


def test_what_is_no_lstm():
    torch = need("torch")
    broken = torch.nn.LSTM(3, 4)
    broken.weight_hh_l0.data[1, 2] = float("nan")
    with pytest.raises(MinilstmError, match=r"^verify_module: weight_hh_l0: expected numbers below 1e\+06$"):
        verify_module(broken)
    for other in (torch.nn.GRU(3, 4), {}, None, "lstm"):
        with pytest.raises(MinilstmError, match="expected a torch.nn.LSTM"):
            verify_module(other)
    with pytest.raises(MinilstmError, match="expected a torch.nn.LSTM"):
        verify_module(torch.nn.LSTMCell(3, 4))


def test_adapters_outputs_are_those_of_verify():
    need("onnxruntime")
    vectors = installed._vectors(adapters.ADAPTERS["onnxruntime"], "plain", 3)
    verdict = verify(vectors, installed.run(adapters.ADAPTERS["onnxruntime"], vectors))
    assert verdict and len(verdict.errors) == 12 and verdict.unseen == ("gradients",)
