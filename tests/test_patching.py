"""The grid of patches on the planted circuit, whose answer is known, and what its tables, pictures and claims say."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from minilstm import load, planted
from minilstm.analyses.attribution_patching import exchange_by_gradient
from minilstm.analyses.base import NotTestable
from minilstm.analyses.exchange import exchange, normalized_effect
from minilstm.analyses.experiment import Experiment
from minilstm.analyses.patching import CLAIMS, PANELS, compute, patching, plot_gradient, plot_patching
from minilstm.errors import StimulusError
from minilstm.stimuli import CONDITIONS, na_task, pairs

SINGULAR, PLURAL = planted.UNITS["long-range singular"], planted.UNITS["long-range plural"]
BOTH = [SINGULAR - 1, PLURAL - 1]


@pytest.fixture(scope="module")
def experiment():
    return Experiment(load("planted"), n=12)


@pytest.fixture(scope="module")
def result(experiment):
    return compute(experiment, {}, sentences=4)


def test_in_the_planted_network_number_is_where_it_was_planted(result):
    """Written by C~ and i at the subject, kept in C, exposed as h before the verb: units 71 and 72, and no other."""
    assert result.words[::2] == ("N1", "the") and len(result.words) == 4 and result.n.tolist() == [4] * 4
    for number, own, other in (("S", SINGULAR, PLURAL), ("P", PLURAL, SINGULAR)):
        C, h, C_tilde, i = (result.mean(name, number) for name in ("C", "h", "C_tilde", "i"))
        np.testing.assert_allclose(C[:, BOTH], 50, atol=3)
        assert np.abs(np.delete(C[1:], BOTH, axis=1)).max() < 1
        np.testing.assert_allclose(h[-1, BOTH], 50, atol=3)  # not exposed before
        assert np.abs(np.delete(h[1:], BOTH, axis=1)).max() < 1 and np.abs(h[:-1, BOTH]).max() < 3
        # the unit for this number gets what the other number writes, by a gate that stays open
        assert C_tilde[0, own - 1] > 90 and abs(C_tilde[0, other - 1]) < 5
        assert 40 < i[0, own - 1] < 60 and -60 < i[0, other - 1] < -40  # the gate closes, or opens for the wrong number
        assert np.abs(result.mean("o", number)).max() < 1 and np.abs(result.mean("f", number)).max() < 3
        assert result.best("C_tilde", number)[0][0] == own
    assert set(result.strongest(2)) == {SINGULAR, PLURAL} and len(result.strongest(5)) == 5


def test_it_is_exchange_at_every_word(experiment, result):
    bases, sources = pairs([item for item in experiment.sentences("nounPP") if item.id <= 8])
    where = [k for k, item in enumerate(bases) if item.condition == "PS"]
    changes = exchange_by_gradient(experiment.model, bases, sources)
    k = [condition for _, condition in result.conditions].index("PS")
    for name in ("i", "C"):
        for at in (0, 2):
            patched, intact, source = exchange(experiment.model, bases, sources, [(71,), (3,)], name, at)
            ways = normalized_effect(intact[where], patched[:, where], source[where])
            np.testing.assert_allclose(result.exact[name][k, at, [70, 2]], ways, atol=1e-5)
            linear = intact + changes[name][1 + at, [70, 2]]
            ways = normalized_effect(intact[where], linear[:, where], source[where])
            np.testing.assert_allclose(result.gradient[name][k, at, [70, 2]], ways, atol=1e-5)


def test_the_gradient_is_right_where_little_is_saturated(result):
    """h before the verb is read by the decoder alone, so its first order is all; the candidate saturates."""
    for number in "SP":
        exact, gradient = (result.mean("h", number, how) for how in ("exact", "gradient"))
        np.testing.assert_allclose(exact[-1], gradient[-1], atol=1e-3)
    assert result.r2["f"] > 0.99 > 0.9 > result.r2["C_tilde"] > 0.5


def test_tables_and_text_show_the_numbers(result):
    best, fits, every = result.tables()
    assert best.rows[0][:3] == ["C_tilde", "N1", SINGULAR] and best.rows[0][5] == PLURAL
    assert best.rows[0][3] == pytest.approx(result.mean("C_tilde", "S")[0, SINGULAR - 1])
    assert len(best.rows) == 6 * 4 and len(every.rows) == 2 * 6 * 4 * 128 and every.long
    assert [row[0] for row in fits.rows] == list(PANELS) and fits.rows[0][2] == result.r2["C_tilde"]
    assert "4 nounPP SP" in result.text()[0]
    assert f"after singular subjects N1: C_tilde of unit {SINGULAR} (9" in result.summary()


def test_the_pictures_show_the_numbers(result):
    fig = plot_patching(result)
    units = result.strongest()
    for axis, name in zip(fig.axes, PANELS, strict=False):
        grid = axis.images[0].get_array()
        np.testing.assert_array_equal(grid[:, :4], result.mean(name, "S")[:, units - 1].T)
        np.testing.assert_array_equal(grid[:, 4:], result.mean(name, "P")[:, units - 1].T)
    assert [int(label.get_text()) for label in fig.axes[0].get_yticklabels()] == units.tolist()
    (axis,) = plot_gradient(result).axes
    x, y = axis.lines[3].get_data()  # C
    np.testing.assert_array_equal(x, np.ravel([result.mean("C", number) for number in "SP"]))
    np.testing.assert_array_equal(y, np.ravel([result.mean("C", number, "gradient") for number in "SP"]))
    assert [figure.name for figure in result.figures()] == ["patching", "patching_gradient"]


def test_conditions_without_a_right_answer_do_not_count(result):
    none = replace(result, n=np.array([4, 0, 4, 4]), exact={k: v.copy() for k, v in result.exact.items()})
    for grid in none.exact.values():
        grid[1] = np.nan  # SP
    np.testing.assert_array_equal(none.mean("C", "S"), 100 * result.exact["C"][0])
    only = replace(none, n=np.array([0, 0, 4, 4]))
    assert only.numbers == ["P"] and len(only.tables()[0].columns) == 5 and len(plot_patching(only).axes) == 7


def test_sentences_of_one_task(experiment):
    model = experiment.model
    items = [item for task in ("nounPP", "Simple") for c in CONDITIONS[task] for item in na_task(task, c, 2)]
    with pytest.raises(StimulusError, match="--task takes one task"):
        patching(model, items)
    own = Experiment(model, n=4, tasks=("SubjRel",), half="all")
    assert {task for task, _ in compute(own, {}, sentences=1).conditions} == {"SubjRel"}


def judge(number, result, singular=SINGULAR, plural=PLURAL):
    selected = {"S": singular, "P": plural}
    units = SimpleNamespace(selected=selected, long_range=tuple(unit for unit in selected.values() if unit))
    claim = next(claim for claim in CLAIMS if claim.number == number)
    return claim.other.judge(None, {"patching": result, "number_units": units})


def changed(result, name, word, unit, value):
    exact = {key: grid.copy() for key, grid in result.exact.items()}
    exact[name][:, word, unit - 1] = value
    return replace(result, exact=exact)


def test_the_claims(result):
    assert judge(42, result).holds and judge(43, result).holds
    assert not judge(42, changed(result, "i", 0, PLURAL, 2)).holds
    assert judge(42, changed(result, "i", 1, PLURAL, 2)).holds  # at another word than the subject
    assert not judge(43, changed(result, "C", 2, 5, 2)).holds
    for number in (42, 43):
        with pytest.raises(NotTestable):
            judge(number, result, None, None)
    with pytest.raises(NotTestable, match="moves the margin by 20 %"):
        judge(42, result, 3, 4)  # units that carry nothing
    assert judge(42, result, SINGULAR, 4).value.startswith("S*, unit 71") and judge(43, result, 3, 4).holds is False
