"""Every quantity against the PyTorch that is installed; `python tests/parity.py` prints the largest differences."""

import numpy as np
import pytest
from conftest import need
from networks import TOLERANCE

from minilstm import lstm
from minilstm.fast import recurrence

reference = need("torch_reference")

GATES = "i", "f", "o", "C_tilde", "C", "h", "output", "h_n", "C_n"


@pytest.mark.parametrize("run", [lstm.run, recurrence.run], ids=["lstm", "fast"])
@pytest.mark.parametrize("gain", [1, 3])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("layers", "steps", "batch"), [(1, 1, 1), (1, 30, 9), (2, 136, 1), (3, 40, 16)])
def test_every_gate_cell_and_hidden_state(layers, steps, batch, dtype, gain, run):
    case = reference.random_case(np.random.default_rng(layers), layers, steps, batch, 7, 10, gain, dtype)
    expected = reference.in_torch(*case)
    got = reference.ours(run, *case)
    assert set(got) == set(expected) == set(GATES)
    for name in GATES:
        np.testing.assert_allclose(got[name], expected[name], **TOLERANCE[np.dtype(dtype)], err_msg=name)


@pytest.mark.parametrize("gain", [1, 3])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_language_model_and_all_gradients(dtype, gain):
    """Logits, log-probabilities, surprisal, perplexity; the loss and its derivative by every weight."""
    found = reference.pairs(dtype, gain)
    assert {name for name in found if name.startswith("d ")} == {
        *("d embedding", "d W0", "d U0", "d b0", "d W1", "d U1", "d b1", "d decoder_weight", "d decoder_bias")
    }
    assert {"logits", "log p", "surprisal", "perplexity", "loss"} <= set(found)
    for name, (got, expected) in found.items():
        np.testing.assert_allclose(got, expected, **TOLERANCE[np.dtype(dtype)], err_msg=name)


def test_a_module_goes_in_and_comes_back_out():
    import torch

    rng = np.random.default_rng(0)
    module, model = reference.language_models(rng, 20, 5, 6, 2, 1, "float32")
    other = reference.RNNModel(20, 5, 6, 2, torch.float32)
    other.load_state_dict({name: torch.from_numpy(array) for name, array in model.state_dict().items()})
    ids, state = torch.arange(12)[:, None], (torch.rand(2, 1, 6), torch.rand(2, 1, 6))
    torch.testing.assert_close(other(ids, state), module(ids, state))
    for tensors in (module.state_dict(), dict(module.named_parameters())):  # the latter require gradients
        again = type(model).from_state_dict(tensors, model.vocabulary)
        np.testing.assert_array_equal(again.logits("w1 w2"), model.logits("w1 w2"))
