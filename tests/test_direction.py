"""Directions of number against a plain loop and single units, and on the planted circuit, whose answer is known."""

from dataclasses import replace

import numpy as np
import pytest
from small_model import small_model

from minilstm import load, lstm, planted
from minilstm.analyses import direction as module
from minilstm.analyses.direction import CLAIMS, DIRECTIONS, compute, direction, plot_direction, plot_shares
from minilstm.analyses.exchange import exchange, exchange_along
from minilstm.analyses.experiment import Experiment
from minilstm.analyses.number_directions import fitted_directions, learned_direction, margin_along
from minilstm.stimuli import CONDITIONS, na_task, pairs

SINGULAR, PLURAL = planted.UNITS["long-range singular"], planted.UNITS["long-range plural"]


def items(n, ids=(0, 1)):
    return [item for c in CONDITIONS["nounPP"] for item in na_task("nounPP", c, n) if item.id % 2 in ids]


def plain(model, base, source, along, at):
    """One pair, word by word with `lstm.step`; at word `at` C of the last layer goes along a direction."""
    states = [[list(part) for part in model.context_state()] for _ in "bs"]  # h and C, a list of layers each
    last = len(model.sizes) - 1
    for t, words in enumerate(zip(base.prefix, source.prefix, strict=True)):
        x = [model.embedding[[model.vocabulary.index(word)]] for word in words]
        for k, layer in enumerate(model.layers):
            mine, theirs = (lstm.step(x[r], states[r][0][k], states[r][1][k], *layer) for r in (0, 1))
            if t == at and k == last:
                C = mine.C + (theirs.C - mine.C) @ np.outer(along, along)
                mine = mine._replace(C=C, h=mine.o * np.tanh(C))
            for r, step in enumerate((mine, theirs)):
                states[r][0][k], states[r][1][k], x[r] = step.h, step.C, step.h
    right, wrong = (model.vocabulary.index(form) for form in (base.right, base.wrong))
    return float(
        (model.decoder_weight[right] - model.decoder_weight[wrong]) @ x[0][0]
        + np.subtract(model.decoder_bias[right], model.decoder_bias[wrong])
    )


@pytest.mark.parametrize("sizes", [(8, 5), (6,)])
def test_patching_along_a_direction_equals_the_plain_loop(sizes):
    model, (bases, sources) = small_model(sizes), pairs(items(1))
    along = np.random.default_rng(3).normal(size=(3, sizes[-1]))
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    for at in (0, 2, 3):
        found, intact, source = exchange_along(model, bases, sources, along, at)
        for p, (base, other) in enumerate(zip(bases, sources, strict=True)):
            expected = [plain(model, base, other, d, 1 + at) for d in along]
            np.testing.assert_allclose(found[:, p], expected, rtol=1e-10, atol=1e-12)
        itself = exchange(model, bases, sources, [()])
        np.testing.assert_allclose([intact, source], itself[1:], rtol=1e-12, atol=1e-13)


def test_a_unit_is_a_direction():
    model, (bases, sources) = small_model(), pairs(items(2))
    found, *_ = exchange_along(model, bases, sources, np.eye(5), at=1)
    units, *_ = exchange(model, bases, sources, [(unit,) for unit in range(9, 14)], "C", at=1)
    np.testing.assert_allclose(found, units, rtol=1e-12, atol=1e-13)


def test_the_directions():
    """Where units differ in noise, LDA prefers the quiet one, and the difference of the means does not."""
    rng = np.random.default_rng(0)
    plural = np.arange(4000) % 2 == 1
    C = rng.normal(size=(4000, 2)) * (1, 0.5) + np.outer(plural, (3, 3))
    means, lda = fitted_directions(C, plural)
    np.testing.assert_allclose(means, np.sqrt([0.5, 0.5]), atol=0.02)
    np.testing.assert_allclose(lda, np.array([1, 4]) / np.sqrt(17), atol=0.05)  # the inverse variances
    assert not fitted_directions(np.ones((4, 2)), np.array([True, False, True, False])).any()  # nothing differs


@pytest.mark.parametrize("sizes", [(8, 5), (6,)])
@pytest.mark.parametrize("at", [0, 2, 3])  # the subject, and the last word before the verb
def test_the_margin_along_a_direction_and_its_gradient(sizes, at):
    model, (bases, sources) = small_model(sizes), pairs(items(1))
    margin, along = margin_along(model, bases, sources, at), np.random.default_rng(3).normal(size=sizes[-1])
    along /= np.linalg.norm(along)
    value, gradient = margin(along)
    patched, *_ = exchange_along(model, bases, sources, [along], at)
    np.testing.assert_allclose(value, patched[0].mean(), rtol=1e-10)
    steps = 1e-6 * np.eye(sizes[-1])
    measured = [(margin(along + step)[0] - margin(along - step)[0]) / 2e-6 for step in steps]
    np.testing.assert_allclose(gradient, measured, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("at", [0, 3])
def test_no_direction_near_the_learned_one_moves_the_verb_farther(at):
    model, (bases, sources) = small_model(), pairs(items(3))
    start = np.eye(5)[0]
    learned = learned_direction(model, bases, sources, start, at)
    assert np.linalg.norm(learned) == pytest.approx(1)
    margin = margin_along(model, bases, sources, at)
    near = learned + 0.1 * np.random.default_rng(0).normal(size=(50, 5))
    values = [margin(one / np.linalg.norm(one))[0] for one in (learned, start, *near)]
    assert values[0] == min(values)


@pytest.fixture(scope="module")
def experiment():
    return Experiment(load("planted"), n=24, n_random=50)


@pytest.fixture(scope="module")
def result(experiment):
    return compute(experiment, {}, sentences=6)


def test_in_the_planted_network_the_direction_is_two_units(result):
    assert result.words == ("N1", "prep", "the", "N2") and result.n == 24 and result.random.shape == (4, 50)
    means = result.shares[:, 0]
    assert means[-1, [SINGULAR - 65, PLURAL - 65]].min() > 0.45  # of 1 in all: before the verb, no other unit has it
    np.testing.assert_allclose(result.moved[:, 0], 1, atol=0.03)
    learned = result.shares[-1, DIRECTIONS.index("learned")]
    assert learned[[SINGULAR - 65, PLURAL - 65]].min() > 0.45  # nothing but what the verb was seen to do leads there
    assert (result.moved[:, 2] > 0.99).all()
    np.testing.assert_allclose(result.whole, 1, atol=0.03)
    np.testing.assert_allclose(result.moved[:, 3], 0.5, atol=0.03)
    assert set(result.shares[:, 3].argmax(axis=1) + 65) <= {SINGULAR, PLURAL}
    assert (result.p[:, 0] == 1 / 51).all() and np.abs(result.random).mean() < 0.1


def test_units_and_directions_are_chosen_on_other_sentences_than_they_are_judged_on(experiment, monkeypatch):
    seen = []
    monkeypatch.setattr(module, "direction", lambda model, *some, **how: seen.extend(some))
    compute(experiment, {}, sentences=3)
    chosen, judged, fitted = ({item.id for item in some} for some in seen)
    assert {k % 2 for k in chosen | fitted} == {1} and {k % 2 for k in judged} == {0}
    assert [len(some) for some in seen] == [12, 12, 48]


def test_p_counts_ties(result):
    some = replace(result, random=np.array([[0.1, 0.5, 0.7, 0.2]] * 4), moved=np.array([[0.5, 0.8, 0.3, 0.0]] * 4))
    assert some.p.tolist() == [[3 / 5, 1 / 5, 3 / 5, 1.0]] * 4


def test_the_table_and_the_text_show_the_numbers(result):
    (table,) = result.tables()
    assert [row[1] for row in table.rows[:5]] == ["all of C", *DIRECTIONS] and len(table.rows) == 20
    assert table.rows[1][2] == pytest.approx(100 * result.moved[0, 0]) and table.rows[1][3] == result.p[0, 0]
    assert table.rows[4][4:] == [result.units[result.shares[0, 3].argmax()], 100.0, 1.0]
    assert table.rows[-4][6] == pytest.approx(2, abs=0.1)  # before the verb: two units
    assert "all of C 100 %, the best single unit (7" in result.summary() and "24 sentences" in result.text()[0]
    assert f"learned by interchange moves it {100 * result.moved[0, 2]:.0f} %; unit 7" in result.summary()


def test_the_pictures_show_the_numbers(result):
    (axis,) = plot_direction(result).axes
    for line, values in zip(axis.lines, (result.whole, *result.moved.T, result.random.mean(axis=1)), strict=True):
        np.testing.assert_array_equal(line.get_ydata(), 100 * values)
    (axis,) = plot_shares(result).axes
    curve = axis.lines[3].get_ydata()  # the difference of means before the verb
    np.testing.assert_allclose(curve[[0, -1]], [100 * result.shares[-1, 0].max(), 100])
    assert [figure.name for figure in result.figures()] == ["direction", "direction_units"]


def test_the_claims(result):
    one, more = (claim.other for claim in CLAIMS)
    assert one.judge(None, {"direction": result}).holds and more.judge(None, {"direction": result}).holds
    moved = result.moved.copy()
    moved[2, :2] = 0.7  # at one word only; the learned direction does not count
    assert not one.judge(None, {"direction": replace(result, moved=moved)}).holds
    moved = result.moved.copy()
    moved[0, 3] = moved[0, :2].max() - 0.09  # the unit is nearly as good
    assert not more.judge(None, {"direction": replace(result, moved=moved)}).holds


def test_in_python():
    """Without sentences to fit to, the directions are those of the sentences that the unit is chosen on."""
    model = load("planted")
    one = direction(model, items(8, (1,)), items(8, (0,)), n_random=3)
    two = direction(model, items(8, (1,)), items(8, (0,)), fitted=items(8, (1,)), n_random=3)
    np.testing.assert_array_equal(one.moved, two.moved)


def test_on_the_sentences_that_it_was_learned_from_no_other_direction_does_better():
    one = direction(load("planted"), items(8, (1,)), items(8, (1,)), n_random=20)
    learned = one.moved[:, DIRECTIONS.index("learned")]
    assert (learned >= one.moved.max(axis=1) - 1e-5).all() and (learned >= one.random.max(axis=1)).all()
