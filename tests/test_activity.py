"""The reader of many sentences against single traces, agreement against the sweep, and unit numbers."""

import numpy as np
import pytest
from networks import FIELDS
from small_model import small_model

from minilstm.activity import activity, last_hidden
from minilstm.analyses.number_agreement import agreement
from minilstm.errors import MinilstmError, UnknownWordError
from minilstm.fast import sweep
from minilstm.stimuli import CONDITIONS, na_task
from minilstm.units import by_layer, last_layer, pick, places

SENTENCES = ["The boy greets the".split(), ["The"], "The boy near the cars greets".split(), "The boys".split()]


@pytest.fixture(scope="module")
def model():
    return small_model()


@pytest.mark.parametrize("ablate", [(), (3, 9, 13)])
@pytest.mark.parametrize("state", ["context", None])
def test_it_is_the_trace(model, state, ablate):
    results = activity(model, SENTENCES, FIELDS, state, ablate=ablate)
    last = last_hidden(model, SENTENCES, state, ablate=ablate)
    for field, result in zip(FIELDS, results, strict=True):
        assert result.shape == (4, 6, 13)
        for row, sentence in zip(result, SENTENCES, strict=True):
            trace = model.trace(sentence, state, ablate)
            expected = np.hstack([layer[:, 0] for layer in getattr(trace, field)])
            np.testing.assert_allclose(row[: len(sentence)], expected, rtol=1e-10, atol=1e-12)
            assert np.isnan(row[len(sentence) :]).all()
        np.testing.assert_array_equal(activity(model, SENTENCES, field, state, ablate=ablate), result)
        some = activity(model, SENTENCES, field, state, ablate=ablate, units=[9, 2])
        np.testing.assert_array_equal(some, result[:, :, [8, 1]])
    for k, sentence in enumerate(SENTENCES):
        np.testing.assert_array_equal(last[k], results[-1][k, len(sentence) - 1, 8:])


def test_equal_prefixes_have_equal_bits(model):
    for h in activity(model, SENTENCES, FIELDS):
        assert h[0, 0].tobytes() == h[2, 0].tobytes() == h[3, 0].tobytes()
        assert h[0, 1].tobytes() == h[2, 1].tobytes() != h[3, 1].tobytes()
    given = activity(model, SENTENCES, "C", model.context_state())
    np.testing.assert_array_equal(given, activity(model, SENTENCES, "C"))


def test_more_sentences_than_are_read_at_once(model, monkeypatch):
    items = [item for condition in CONDITIONS["nounPPAdv"] for item in na_task("nounPPAdv", condition, 30)]
    sentences = [item.prefix for item in items]
    whole = activity(model, sentences, "h")
    monkeypatch.setattr(sweep, "CACHE", 4 * 8 * 8 * 3)  # z of three nodes
    np.testing.assert_allclose(activity(model, sentences, "h"), whole, rtol=1e-10, atol=1e-12)


def test_it_says_what_is_wrong(model):
    for arguments, message in (
        ((model, [["The"]], "z"), "field: expected one of i, f, o, C_tilde, C, h, got 'z'"),
        ((model, [["The"], []], "h"), "none that is empty"),
        ((model, [], "h"), "at least one sentence"),
        ((model, [["The"]], "h", "running"), "state: expected None"),
        ((model, [["The"]], "h", None, "error", (), (14,)), "unit 14: this network has units 1 to 13"),
        ((model, [["The"]], "h", None, "error", (0,)), "unit 0: this network has units 1 to 13"),
    ):
        with pytest.raises(MinilstmError, match=message):
            activity(*arguments)
    with pytest.raises(UnknownWordError, match="unicorn"):
        activity(model, [["The", "unicorn"]], "h")


@pytest.mark.parametrize("state", ["context", None])
@pytest.mark.parametrize("kind", sweep.KINDS)
@pytest.mark.parametrize("ablate", [(), (12,), (2, 10)])
def test_agreement_is_a_row_of_the_sweep(model, ablate, kind, state):
    items = [item for task in ("Simple", "SubjRel") for c in CONDITIONS[task] for item in na_task(task, c, 4)]
    (want,) = sweep.margins(model, items, [ablate], kind, state)
    np.testing.assert_allclose(agreement(model, items, state, ablate, kind).margins, want, rtol=1e-10, atol=1e-12)


def test_unit_numbers():
    sizes = 3, 1, 4
    layer, index = places([8, 1, 4, 3], sizes)
    assert (layer.tolist(), index.tolist()) == ([2, 0, 1, 0], [3, 0, 0, 2])
    assert [indices.tolist() for indices in by_layer([8, 1, 4, 3, 1], sizes)] == [[0, 2], [0], [3]]
    field = [np.arange(H)[None, None] + 10 * k for k, H in enumerate(sizes)]
    assert pick(field, [8, 1, 4, 3], sizes).tolist() == [[[23, 0, 10, 2]]]
    assert last_layer(sizes) == range(5, 9)
    for wrong in ([9], [0], [1.5], 3):
        with pytest.raises(MinilstmError, match="unit"):
            places(wrong, sizes)
