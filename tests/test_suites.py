"""What the tests of others let through, as `tests/benchmarks/suites.py` counts it."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from conftest import need

from minilstm.verification.wrong_weights import wrong_orders

SPEC = importlib.util.spec_from_file_location("suites", Path(__file__).parent / "benchmarks" / "suites.py")
suites = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(suites)


def last_h(v):
    return suites.forward(v)["h_n"][0]


def test_the_suites_are_those_of_others():
    """Numbers that their tests expect, to the digits that they look at."""
    expected = [[0.6288687] * 3, [0.86899155] * 3, [0.9460773] * 3], [[0.20574439, 0.3558822], [0.64930826, 0.66276]]
    (first, _), *_, (with_state, _), (masked, _) = suites.keras_suite()
    for v, values in zip((first, with_state), expected, strict=True):
        np.testing.assert_allclose(last_h(v), values, 1e-5, 1e-5)
    np.testing.assert_allclose(last_h(masked), [[0.11755939] * 2, [0.28556206] * 2], 1e-5, 1e-5)
    ((candle, _),) = suites.candle_suite()
    np.testing.assert_allclose(last_h(candle), [[0.9919, 0.1738, -0.1451]], atol=5e-5)


def test_onnx_expects_what_its_suite_here_returns(monkeypatch):
    need("onnx")
    from onnx.backend.test.case.node import lstm

    expected = []
    monkeypatch.setattr(lstm, "expect", lambda node, inputs, outputs, name: expected.append(outputs))
    lstm.LSTM.export_defaults(), lstm.LSTM.export_initial_bias(), lstm.LSTM.export_batchwise()
    lstm.LSTM.export_reverse()
    for (v, _), theirs in zip(suites.onnx_suite(), expected, strict=False):
        h_n = theirs[-1] if len(theirs) == 1 or theirs[0].ndim == 4 else theirs[0]
        np.testing.assert_allclose(last_h(v).ravel(), h_n.ravel(), 1e-3, 1e-7)


@pytest.mark.parametrize(("suite", "through"), [("ONNX nodes", 23), ("Keras 3", 5), ("candle", 0)])
def test_gate_orders_that_pass(suite, through):
    names = [f"gate order {' '.join(order)}" for order in wrong_orders("ifgo")]
    if suite == "ONNX nodes":
        names = [f"gate order {' '.join(order)}" for order in wrong_orders("iofg")]
    assert len(names) == 23 and len(suites.passing(*suites.SUITES[suite], names)) == through
