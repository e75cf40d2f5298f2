"""One sentence through chosen units: the numbers against the model's own trace, the table and the picture."""

import numpy as np
import pytest
from small_model import small_model

from minilstm.analyses.style import PANELS
from minilstm.analyses.trace import plot_trace, trace_units
from minilstm.errors import MinilstmError

WORDS = "The boy near the cars".split()
BESIDE = "The boys near the car".split()


@pytest.fixture(scope="module")
def model():
    return small_model((8, 5))


def test_values_are_those_of_the_models_trace(model):
    found = trace_units(model, [WORDS, BESIDE], [12, 3], ("greets", "greet"))
    for k, words in enumerate((WORDS, BESIDE)):
        trace = model.trace(words, "context")
        for gate in PANELS:
            field = getattr(trace, gate)
            expected = np.stack([field[1][:, 0, 3], field[0][:, 0, 2]], axis=1)
            np.testing.assert_array_equal(found.values[k][gate], expected)
        for form in ("greets", "greet"):
            log_p = model.log_probability(words, form, state="context")
            assert found.p[k][form][-1] == pytest.approx(np.exp(log_p))
    off = trace_units(model, [WORDS], [12], ablate=[3])
    assert not np.allclose(off.values[0]["C"][:, 0], found.values[0]["C"][:, 0])


def test_the_table_has_a_row_a_word(model):
    found = trace_units(model, [WORDS, BESIDE], [12, 3], ("greets", "greet"))
    (table,) = found.tables()
    assert table.columns == [
        "sentence",
        "word",
        *(f"{g} {u}" for u in (12, 3) for g in PANELS),
        "p(greets)",
        "p(greet)",
    ]
    assert [row[:2] for row in table.rows] == [[1, word] for word in WORDS] + [[2, word] for word in BESIDE]
    assert table.digits == (0, 0, *[2] * 10, 4, 4)
    assert table.rows[6][10] == found.values[1]["C"][1, 1] and table.rows[6][13] == found.p[1]["greet"][1]
    assert trace_units(model, [WORDS], [12]).tables()[0].digits == (0, 2, 2, 2, 2, 2)


def test_probabilities_are_drawn_once(model):
    forms = "greets", "greet", "knows"
    fig = trace_units(model, [WORDS], [12, 3, 9], forms).figures()[0].draw()
    assert len(fig.axes) == 3 * len(PANELS) + 1
    panels = [axis for axis in fig.axes if axis.get_ylabel() == "$p$"]
    (panel,) = panels
    found = trace_units(model, [WORDS], [12], forms)
    for line, form in zip(panel.lines, forms, strict=True):
        np.testing.assert_array_equal(line.get_ydata(), found.p[0][form])
    assert len({line.get_color() for line in panel.lines}) == 3
    assert [label.get_text() for label in panel.get_xticklabels()] == WORDS


def test_the_picture_shows_the_numbers(model):
    found = trace_units(model, [WORDS, BESIDE], [12, 3])
    fig = found.figures()[0].draw()
    axes = np.array(fig.axes).reshape(len(PANELS), 2)
    for row, gate in enumerate(PANELS):
        for column in range(2):
            for k, line in enumerate(axes[row, column].lines[:2]):
                np.testing.assert_array_equal(line.get_ydata(), found.values[k][gate][:, column])
    assert [label.get_text() for label in axes[-1, 0].get_xticklabels()] == [
        "The",
        "boy / boys",
        "near",
        "the",
        "cars / car",
    ]
    assert not any(label.get_text() for label in axes[0, 0].get_xticklabels())
    one = plot_trace(WORDS, [1], {gate: np.zeros((5, 1)) for gate in PANELS})
    assert len(one.axes) == len(PANELS) and [axis.get_title() for axis in one.axes][0] == "unit 1"


def test_bad_input_is_named(model):
    with pytest.raises(MinilstmError, match="got sentences of 5 and 2 words"):
        trace_units(model, [WORDS, ["The", "boy"]], [12])
    with pytest.raises(MinilstmError, match="got sentences of 0 words"):
        trace_units(model, [[]], [12])
    with pytest.raises(MinilstmError, match="unit 14: this network has units 1 to 13"):
        trace_units(model, [WORDS], [14])
    with pytest.raises(MinilstmError, match="at least one unit"):
        trace_units(model, [WORDS], [])
