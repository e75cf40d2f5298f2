"""Names, shapes and gate orders of the frameworks, without the frameworks (with them: test_frameworks.py)."""

import numpy as np
import pytest
from networks import random_layers

from minilstm.errors import MinilstmError, ModelFileError
from minilstm.io.conventions import CONVENTIONS, layers_from, layers_to, reorder, to_array
from minilstm.language_model import LanguageModel

LAYERS = random_layers(np.random.default_rng(0), 3, (4, 5))
SHAPES = {
    "pytorch": {"weight_ih_l1": (20, 4), "weight_hh_l1": (20, 5), "bias_ih_l1": (20,), "bias_hh_l1": (20,)},
    "onnx": {"W_l1": (1, 20, 4), "R_l1": (1, 20, 5), "B_l1": (1, 40)},
    "keras": {"kernel_l1": (4, 20), "recurrent_kernel_l1": (5, 20), "bias_l1": (20,)},
}


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_there_and_back(convention):
    halves = [layer.b / 4 for layer in LAYERS]
    for tensors in (layers_to(LAYERS, convention, "a."), layers_to(LAYERS, convention, "a.", recurrent_bias=halves)):
        assert {k[2:]: a.shape for k, a in tensors.items() if "l1" in k} == SHAPES[convention]
        again = layers_from(tensors | {"other": np.zeros(3)}, convention, "a.")
        for one, other in zip(LAYERS, again, strict=True):
            for a, b in zip(one, other, strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-15)


def test_blocks_stand_where_the_frameworks_have_them():
    H = LAYERS[0].U.shape[1]
    blocks = dict(zip("ifgo", np.split(LAYERS[0].U, 4), strict=True))
    onnx, keras = layers_to(LAYERS, "onnx")["R_l0"], layers_to(LAYERS, "keras")["recurrent_kernel_l0"]
    for k, gate in enumerate("iofg"):
        np.testing.assert_array_equal(onnx[0, k * H : (k + 1) * H], blocks[gate])
    for k, gate in enumerate("ifgo"):
        np.testing.assert_array_equal(keras[:, k * H : (k + 1) * H].T, blocks[gate])
    onnx = layers_to(LAYERS, "onnx", recurrent_bias=[layer.b / 4 for layer in LAYERS])["B_l0"][0]
    np.testing.assert_allclose(reorder(onnx[: 4 * H], "iofg"), LAYERS[0].b * 3 / 4)
    np.testing.assert_allclose(reorder(onnx[4 * H :], "iofg"), LAYERS[0].b / 4)


def test_an_unknown_convention_or_order():
    with pytest.raises(MinilstmError, match="expected one of pytorch, onnx, keras, got 'jax'"):
        layers_to(LAYERS, "jax")
    with pytest.raises(MinilstmError, match="expected one of pytorch, onnx, keras, got 'jax'"):
        layers_from({}, "jax")
    with pytest.raises(MinilstmError, match="each once, got 'ifg'"):
        reorder(np.zeros(8), "ifg")


@pytest.mark.parametrize(
    ("convention", "change", "told"),
    [
        ("pytorch", {"weight_hh_l0": (12, 4)}, r"weight_hh_l0: expected 4 \* units by units.*GRU has 3 \* units rows"),
        ("pytorch", {"weight_hh_l0": (4, 4)}, "a plain RNN has units rows"),
        ("pytorch", {"weight_ih_l0": (12, 3)}, r"weight_ih_l0: expected 16 by inputs, as units are 4, got \(12, 3\)"),
        ("pytorch", {"bias_hh_l1": (16,)}, r"expected 20 numbers a bias, as units are 5, got \(16,\)"),
        ("pytorch", {"bias_hh_l1": None}, "no tensor 'bias_hh_l1'"),
        ("pytorch", {"bias_hh_l1": None, "bias_ih_l1": None}, "no tensor 'bias_ih_l1'"),
        ("pytorch", {"weight_ih_l0_reverse": (16, 3)}, "weight_ih_l0_reverse: a bidirectional LSTM"),
        ("pytorch", {"weight_hr_l0": (2, 4)}, "weight_hr_l0: an LSTM with a projection"),
        ("pytorch", {"weight_ih_l3": (20, 5)}, "weight_ih_l3: not a tensor of an LSTM of 2 layers"),
        ("pytorch", {"scale": (1,)}, "scale: not a tensor of an LSTM"),
        ("onnx", {"R_l0": (2, 16, 4)}, "R_l0: .*bidirectional"),
        ("onnx", {"P_l0": (1, 12)}, "P_l0: an LSTM with peepholes"),
        ("onnx", {"B_l0": (1,)}, r"B_l0: .*got \(1,\)"),
        ("onnx", {"B_l0": (1, 31)}, "B_l0: expected 16 numbers a bias"),
        ("onnx", {"R_l0": (1, 16)}, r"R_l0: .*got \(1, 16\)"),
        ("keras", {"recurrent_kernel_l0": (4, 12)}, r"recurrent_kernel_l0: .*got \(4, 12\); a GRU"),
        ("keras", {"kernel_l0": ()}, r"kernel_l0: .*got \(\)"),
    ],
)
def test_what_is_no_plain_lstm_is_refused_with_words(convention, change, told):
    tensors = layers_to(LAYERS, convention)
    for name, shape in change.items():
        if shape is None:
            del tensors[name]
        else:
            tensors[name] = np.zeros(shape)
    with pytest.raises(ModelFileError, match=told):
        layers_from(tensors, convention)


def test_numbers_of_other_kinds():
    tensors = layers_to(LAYERS)
    with pytest.raises(ModelFileError, match="weight_ih_l0: expected floating point numbers, got int64"):
        layers_from(tensors | {"weight_ih_l0": np.zeros((16, 3), int)})
    assert to_array(np.zeros(2, np.float16)).dtype == np.float32
    assert to_array(np.ones(2, ">f8")).dtype.isnative


MODEL = LanguageModel(
    ("a", "b", "c"), np.ones((3, 3)), LAYERS, np.arange(15.0).reshape(3, 5), np.arange(3.0), context=("a",)
)


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize("modules", [("encoder", "rnn", "decoder"), ("embed.tokens", "core.lstm", "head")])
def test_a_language_model_there_and_back(convention, modules):
    tensors = MODEL.state_dict(convention, modules=modules)
    assert {f"{modules[0]}.weight", f"{modules[2]}.weight", f"{modules[2]}.bias"} < set(tensors)
    again = LanguageModel.from_state_dict(tensors, ["a", "b", "c"], convention, modules=modules, dtype="float64")
    np.testing.assert_allclose(again.logits("a b c b"), MODEL.logits("a b c b"), rtol=1e-12)


@pytest.mark.parametrize(
    ("change", "told", "of_pytorch"),
    [
        (
            {"decoder.weight": None},
            "no tensor 'decoder.weight'; there are decoder.bias, encoder.weight",
            r"no embedding and decoder fit .* words x 3 and words x 5 .*: encoder.weight \(3, 3\), decoder.bias \(3,\)",
        ),
        (
            {"attention.weight": np.zeros(2)},
            "attention.weight: expected encoder.weight, decoder.weight",
            "'attention.weight' has no place",
        ),
        (
            {"decoder.bias": np.zeros(4)},
            r"decoder_bias: expected shape \(3,\) for 3 words, got \(4,\)",
            r"decoder.bias has shape \(4,\); expected \(3,\)",
        ),
        (
            {"encoder.weight": np.zeros((3, 2))},
            "layer 1: .*expected .*2",
            r"encoder.weight has shape \(3, 2\); expected \(3, 3\)",
        ),
    ],
)
def test_a_language_model_whose_tensors_do_not_fit(change, told, of_pytorch):
    for convention, words in (("pytorch", of_pytorch), ("onnx", told), ("keras", told)):
        tensors = {name: array for name, array in (MODEL.state_dict(convention) | change).items() if array is not None}
        with pytest.raises(ModelFileError, match=words):
            LanguageModel.from_state_dict(tensors, ["a", "b", "c"], convention)


def test_the_vocabulary_of_a_state_dict():
    tensors = MODEL.state_dict()
    mixed = {"c": 2, "a": 0, "b": 1}
    assert LanguageModel.from_state_dict(tensors, mixed).vocabulary == ("a", "b", "c")
    for wrong, told in (
        ("abc", "expected a list of words, got 'abc'"),
        ([0, 1, 2], "expected words, got 0 at index 0"),
        ({"a": 1, "b": 2, "c": 3}, "3 words need the indices 0 to 2"),
        (["a", "b"], r"expected shape \(2, 3\) for 2 words, got \(3, 3\)"),
    ):
        with pytest.raises(ModelFileError, match=told):
            LanguageModel.from_state_dict(tensors, wrong)
