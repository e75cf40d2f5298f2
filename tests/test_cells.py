"""Cells of other frameworks: their weights in ours give what the real cell gives."""

import numpy as np
import pytest
from conftest import need

from minilstm import lstm
from minilstm.errors import MinilstmError, ModelFileError
from minilstm.io.conventions import CELLS, layer_from_cell

D, H, BATCH = 4, 5, 3
RNG = np.random.default_rng(0)
X = RNG.standard_normal((BATCH, D)).astype("f4")
HIDDEN, CELL = RNG.uniform(-1, 1, (2, BATCH, H)).astype("f4")


def agree(layer, h, C):
    step = lstm.step(X, HIDDEN, CELL, *layer)
    np.testing.assert_allclose(step.h, h, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(step.C, C, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("bias", [True, False])
def test_a_torch_cell(bias):
    torch = need("torch")
    cell = torch.nn.LSTMCell(D, H, bias=bias)
    h, C = cell(torch.from_numpy(X), tuple(map(torch.from_numpy, (HIDDEN, CELL))))
    agree(layer_from_cell(cell.state_dict(), "pytorch-cell"), h.detach(), C.detach())
    named = {f"decoder.lstm_cell.{name}": array for name, array in cell.state_dict().items()}
    agree(layer_from_cell(named, "pytorch-cell"), h.detach(), C.detach())


def test_flax_cells():
    jax = need("flax") and need("jax")
    import flax.linen as nn

    for cell in (nn.LSTMCell(H), nn.OptimizedLSTMCell(H)):
        parameters = cell.init(jax.random.key(0), (CELL, HIDDEN), X)
        parameters = jax.tree_util.tree_map(lambda a: RNG.uniform(-1, 1, a.shape).astype("f4"), parameters)
        (C, h), _ = cell.apply(parameters, (CELL, HIDDEN), X)
        agree(layer_from_cell(parameters, "flax"), h, C)


def test_an_equinox_cell():
    jax, equinox = pytest.importorskip("jax"), pytest.importorskip("equinox")
    cell = equinox.nn.LSTMCell(D, H, key=jax.random.key(0))
    h, C = jax.vmap(cell)(X, (HIDDEN, CELL))
    agree(layer_from_cell({name: getattr(cell, name) for name in ("weight_ih", "weight_hh", "bias")}, "equinox"), h, C)


def test_a_haiku_cell():
    jax, haiku = pytest.importorskip("jax"), pytest.importorskip("haiku")
    cell = haiku.without_apply_rng(haiku.transform(lambda x, state: haiku.LSTM(H)(x, state)))
    state = haiku.LSTMState(HIDDEN, CELL)
    parameters = cell.init(jax.random.key(0), X, state)
    parameters = jax.tree_util.tree_map(lambda a: RNG.uniform(-1, 1, a.shape).astype("f4"), parameters)
    _, (h, C) = cell.apply(parameters, X, state)
    agree(layer_from_cell(parameters, "haiku"), h, C)


@pytest.mark.parametrize("forget_bias", [1.0, 0.0])
def test_a_cell_of_tensorflow_1(forget_bias):
    """BasicLSTMCell as its documentation has it: i, j, f, o = split(matmul([x, h], kernel) + bias)."""
    kernel, bias = RNG.uniform(-1, 1, (D + H, 4 * H)).astype("f4"), RNG.uniform(-1, 1, 4 * H).astype("f4")
    i, j, f, o = np.split(np.concatenate([X, HIDDEN], 1) @ kernel + bias, 4, axis=1)

    def sigmoid(z):
        return 1 / (1 + np.exp(-z))

    C = CELL * sigmoid(f + forget_bias) + sigmoid(i) * np.tanh(j)
    tensors = {"rnn/basic_lstm_cell/kernel": kernel, "rnn/basic_lstm_cell/bias": bias}
    agree(layer_from_cell(tensors, "tf1", forget_bias), np.tanh(C) * sigmoid(o), C)


@pytest.mark.filterwarnings("ignore:.*is deprecated and will be removed:UserWarning")
@pytest.mark.parametrize("kind", ["BasicLSTMCell", "LSTMCell"])
def test_the_real_cells_of_tensorflow_1(kind, monkeypatch):
    """Which TensorFlow 2 still has, with the tf_keras package."""
    monkeypatch.setenv("TF_USE_LEGACY_KERAS", "1")
    pytest.importorskip("tf_keras")
    tf = pytest.importorskip("tensorflow")
    cells = tf.compat.v1.nn.rnn_cell
    for forget_bias in (1.0, 0.0):
        cell, state = getattr(cells, kind)(H, forget_bias=forget_bias), cells.LSTMStateTuple(CELL, HIDDEN)
        cell(X, state)
        for weight in cell.weights:
            weight.assign(RNG.uniform(-1, 1, weight.shape).astype("f4"))
        h, (C, _) = cell(X, state)
        tensors = {weight.name.removesuffix(":0"): weight.numpy() for weight in cell.weights}
        agree(layer_from_cell(tensors, "tf1", forget_bias), h.numpy(), C.numpy())


def test_what_is_refused():
    with pytest.raises(MinilstmError, match="cell: expected one of pytorch-cell, equinox"):
        layer_from_cell({}, "keras")
    for kind in CELLS:
        with pytest.raises(ModelFileError, match="no '.*'; expected .*; there are x"):
            layer_from_cell({"x": X}, kind)
    with pytest.raises(ModelFileError, match=r"expected kernel .* got \(1, 4\) and \(4,\)"):
        layer_from_cell({"kernel": np.zeros((1, 4)), "bias": np.zeros(4)}, "tf1")
    gates = {f"{side}{gate}": {"kernel": np.zeros((2, 3)), "bias": np.zeros(3)} for side in "ih" for gate in "ifgo"}
    with pytest.raises(ModelFileError, match="expected kernels ii, if"):
        layer_from_cell(gates | {"ig": {"kernel": np.zeros((2, 4))}}, "flax")
