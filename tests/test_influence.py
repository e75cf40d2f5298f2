"""Influence paths: their numbers, their sum, each of them, the planted one, and what cutting it does."""

from dataclasses import replace

import numpy as np
import pytest
from small_model import small_model

from minilstm import agreement, load, lstm, planted
from minilstm.analyses import path_attribution as module
from minilstm.analyses.base import NotTestable, Results
from minilstm.analyses.experiment import Experiment
from minilstm.analyses.influence import CLAIMS, Influences, compute
from minilstm.analyses.number_units import NumberUnits
from minilstm.analyses.path_ablation import accuracies
from minilstm.analyses.path_attribution import influences, noun_pairs, t_values
from minilstm.analyses.paths import count_paths, primary_name
from minilstm.errors import StimulusError
from minilstm.stimuli import Item, na_task, na_tasks
from minilstm.training.backpropagation import backward

SINGULAR, PLURAL = planted.UNITS["long-range singular"], planted.UNITS["long-range plural"]


def pairs_of(task, noun=0, condition=None, n=2):
    pairs = noun_pairs(na_tasks(n=n, tasks=(task,)), noun)
    return [(item, other) for item, other in pairs if condition in (None, item.condition)]


@pytest.mark.parametrize(
    ("sizes", "task", "noun", "count"),
    [
        ((4, 3), "Simple", 0, 16),
        ((4, 3), "Adv", 0, 152),
        ((4, 3), "2Adv", 0, 1089),
        ((4, 3), "nounPP", 0, 6946),
        ((4, 3), "nounPP", 1, 16),
        ((4, 3), "nounPPAdv", 0, 41561),
        ((4, 3), "nounPPAdv", 1, 152),
        ((4,), "Simple", 0, 4),
        ((4,), "nounPP", 0, 436),
        ((4,), "nounPPAdv", 0, 2089),
        ((4, 3, 2), "2Adv", 0, 8700),
    ],
)
def test_as_many_paths_as_published_none_twice(sizes, task, noun, count):
    model, pairs = small_model(sizes), pairs_of(task, noun, n=1)
    names, values, _, _ = influences(model, pairs)
    assert len(names) == len(set(names)) == values.shape[1] == count
    words = names[0].count("|") + 1  # every path goes through every word
    assert {name.count("|") + 1 for name in names} == {words} and count_paths(len(sizes), words) == count


def gradient(model, sentence, position, embedding, contrast):
    """The derivative of h . contrast by the embedding at one word, by back-propagation: an independent writing."""
    x = model.embedding[model.encode(sentence)][:, None]
    x[position] = embedding
    start = model.context_state()
    trace = lstm.run(x, model.layers, start)
    L = len(model.layers)
    dh, dC = ([np.zeros((1, size)) for size in model.sizes] for _ in "hC")
    dh[-1] = contrast[None].copy()
    for t in reversed(range(position, len(x))):
        for k in reversed(range(L)):
            step = lstm.Step(*(getattr(trace, name)[k][t] for name in lstm.Step._fields))
            dz, dC[k] = backward(step, trace.C[k][t - 1] if t else start.C[k], dh[k], dC[k])
            dh[k] = dz @ model.layers[k].U
            below = dz @ model.layers[k].W
            if k:
                dh[k - 1] = dh[k - 1] + below
    return below[0]


@pytest.mark.parametrize("sizes", [(8, 5), (6,)])
@pytest.mark.parametrize(("task", "noun", "position"), [("nounPP", 0, 1), ("nounPPAdv", 1, 4)])
def test_all_paths_add_up_to_the_integrated_gradient_and_to_the_change(sizes, task, noun, position):
    model, pairs = small_model(sizes), pairs_of(task, noun, n=1)
    _, values, _, change = influences(model, pairs)
    nodes, weights = np.polynomial.legendre.leggauss(module.POINTS)
    for (item, other), found in zip(pairs, values.sum(axis=1), strict=True):
        contrast = model.contrast([item.right], [item.wrong])[0][0]
        own, other = (model.embedding[model.encode(one.prefix)[position]] for one in (item, other))
        neutral = (own + other) / 2
        mean = sum(
            w / 2 * gradient(model, item.prefix, position, neutral + (1 + node) / 2 * (own - neutral), contrast)
            for node, w in zip(nodes, weights, strict=True)
        )
        assert found == pytest.approx((own - neutral) @ mean, rel=1e-9, abs=1e-12)
    np.testing.assert_allclose(values.sum(axis=1), change, rtol=0, atol=1e-9)
    assert np.abs(change).max() > 1e-3


def test_the_change_is_the_margins_where_the_other_form_is_the_other_way_round():
    """Of both forms around one neutral embedding: what each changes adds up to the difference of two margins."""
    model, (first, second) = small_model(), pairs_of("Simple", n=1)
    changes = influences(model, [first])[3] + influences(model, [second])[3]  # their right forms are opposite
    margins = agreement(model, [first[0], second[0]]).margins
    np.testing.assert_allclose(changes, margins.sum(), rtol=0, atol=1e-12)


def test_the_probabilities_of_the_forms_are_explained_as_exactly():
    model, pairs = small_model(), pairs_of("nounPP", n=2)
    _, values, units, change = influences(model, pairs, "probability")
    np.testing.assert_allclose(values.sum(axis=1), change, rtol=0, atol=1e-10)
    names = influences(model, pairs[:1])[0]
    np.testing.assert_allclose(units.sum(axis=1), values[:, names.index(primary_name(2, 4))], rtol=1e-9, atol=1e-15)
    (first, second) = pairs_of("Simple", n=1)

    def p(item):
        right, wrong = (model.log_probability(item.prefix, form, "context") for form in (item.right, item.wrong))
        return np.exp(right) - np.exp(wrong)

    both = influences(model, [first], "probability")[3] + influences(model, [second], "probability")[3]
    np.testing.assert_allclose(both, p(first[0]) + p(second[0]), rtol=0, atol=1e-12)


def along(name, model, item, position, embedding, direction, contrast):
    """The derivative along one path at one point, from its name, edge by edge with matrices: another writing."""
    x = model.embedding[model.encode(item.prefix)][:, None]
    x[position] = embedding
    start = model.context_state()
    trace = lstm.run(x, model.layers, start)
    vector, before, t = direction, "x", position
    for node in name.split():
        if node == "|":
            t += 1
            continue
        kind, k = node[:-1], int(node[-1]) - 1
        at = {field: getattr(trace, field)[k][t][0] for field in lstm.Step._fields}
        C_prev = (trace.C[k][t - 1] if t else start.C[k])[0]
        if kind in ("i", "f", "C~", "o"):
            block = ("i", "f", "C~", "o").index(kind)
            matrix = model.layers[k].U if before == f"h{k + 1}" else model.layers[k].W
            H = model.sizes[k]
            value = at["C_tilde" if kind == "C~" else kind]
            slope = 1 - value**2 if kind == "C~" else value * (1 - value)
            vector = np.diag(slope) @ matrix[block * H : (block + 1) * H] @ vector
        elif kind == "C":
            by = {f"i{k + 1}": at["C_tilde"], f"f{k + 1}": C_prev, f"C~{k + 1}": at["i"], f"C{k + 1}": at["f"]}[before]
            vector = np.diag(by) @ vector
        else:
            by = {f"C{k + 1}": at["o"] * (1 - np.tanh(at["C"]) ** 2), f"o{k + 1}": np.tanh(at["C"])}[before]
            vector = np.diag(by) @ vector
        before = node
    assert t == len(item.prefix) - 1 and before == f"h{len(model.layers)}"
    return vector @ contrast


@pytest.mark.parametrize("sizes", [(8, 5), (6,)])
def test_each_path_is_the_product_of_the_derivatives_along_it(sizes, monkeypatch):
    monkeypatch.setattr(module, "POINTS", 3)
    model, ((item, other), *_) = small_model(sizes), pairs_of("nounPP", n=1)
    names, values, units, _ = influences(model, [(item, other)])
    contrast = model.contrast([item.right], [item.wrong])[0][0]
    own, other = (model.embedding[model.encode(one.prefix)[1]] for one in (item, other))
    primary = names.index(primary_name(len(sizes), 4))
    assert units.sum() == pytest.approx(values[0, primary], rel=1e-12)
    nodes, weights = np.polynomial.legendre.leggauss(3)
    for k in (primary, *np.random.default_rng(0).choice(len(names), 40)):
        expected = sum(
            w / 2 * along(names[k], model, item, 1, (own + other) / 2 + (1 + node) / 4 * (own - other), d, contrast)
            for node, w in zip(nodes, weights, strict=True)
            for d in [(own - other) / 2]
        )
        assert values[0, k] == pytest.approx(expected, rel=1e-9, abs=1e-18), names[k]


def test_sentences_read_together_or_apart_are_the_same(monkeypatch):
    model, pairs = small_model(), pairs_of("nounPP", n=3)
    together = influences(model, pairs)
    monkeypatch.setattr(module, "FLOATS", 1)
    apart = influences(model, pairs)
    assert together[0] == apart[0]
    for a, b in zip(together[1:], apart[1:], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-15)


@pytest.fixture(scope="module")
def result():
    experiment = Experiment(load("planted"), n=8, half="all")
    return compute(experiment, {"number_units": NumberUnits(named=(SINGULAR, PLURAL))}, sample=6)


def test_the_planted_path_is_the_primary_one(result):
    for one in result.nouns:
        attracts = one.noun == 1 and one.condition in ("SP", "PS")
        assert abs(one.primary.share) > 0.9 and one.strongest[0] == one.primary, (one.task, one.condition)
        assert one.rank == (len(one.means) if attracts else 1)
        assert one.primary.t == (0 if attracts else 1) and (one.attribution > 0).all() != attracts
        np.testing.assert_allclose(one.attribution, one.change, rtol=1e-4, atol=1e-4)
        assert one.units.sum() == pytest.approx(one.primary.influence, rel=1e-4)
    for one in result.of("nounPP"):
        assert set(np.argsort(-one.units)[:2] + result.units[0]) == {SINGULAR, PLURAL}
        np.testing.assert_array_equal(one.t_units[[SINGULAR - 65, PLURAL - 65]], 1)


def test_cut_the_planted_number_is_lost_and_alone_it_does(result):
    assert [accuracy[0] for accuracy in result.kept.values()] == [1] * 10  # intact
    for key, kept in result.kept.items():
        if key[0] != "Simple":
            attractor = key[1] in ("SP", "PS")
            without_first, first_only, without_second, second_only, _, both_only = kept[1:]
            assert (without_first, second_only) == ((0, 0) if attractor else (1, 1)), key
            assert (first_only, without_second, both_only) == (1, 1, 1), key


def test_means_are_taken_over_all_conditions_of_a_task():
    model, items = load("planted"), [item for c in ("SP", "PP") for item in na_task("nounPP", c, 10)]
    both = accuracies(model, items, [1])
    alone = accuracies(model, items[10:], [1])
    assert both["nounPP", "SP"].tolist() == [1, 0, 1] and len(both["nounPP", "SP"]) == 3
    assert alone["nounPP", "PP"].tolist() == [1, 1, 1]  # with plurals only, the mean is a plural


def test_the_result_shows_its_numbers(result):
    text = " ".join(result.text())
    assert text.startswith("60 sentences, at most 6 a condition.") and "difference of the logit of" in text
    assert (
        "Of the 6,946 paths from the first noun of nounPP" in result.summary() and "has rank 1 by" in result.summary()
    )
    tables = {table.name: table for table in result.tables()}
    assert list(tables) == ["influence", "influence_strongest", "influence_units", "influence_kept"]
    head, rows = tables["influence"].columns, tables["influence"].rows
    assert len(rows) == 18 and head[-2:] == [f"t {SINGULAR}", f"t {PLURAL}"]
    row = dict(zip(head, rows[4], strict=True))
    assert (row["task"], row["condition"], row["noun"], row["paths"]) == ("nounPP", "SP", "1st", 6946)
    one = result.of("nounPP")[1]
    assert row["attribution"] == pytest.approx(one.attribution.mean()) and row["share %"] == 100 * one.primary.share
    assert tables["influence_strongest"].rows[0][3] == "C~1 C1 h1 C~2 C2 h2"
    assert {row[0] for row in tables["influence_units"].rows[:2]} == {SINGULAR, PLURAL}
    kept = tables["influence_kept"]
    assert kept.rows[0] == ["Simple", "S", 6, *(100 * result.kept["Simple", "S"]), None, None, None, None]
    (figure,) = result.figures()
    axes = figure.draw().axes
    assert [axis.get_title() for axis in axes] == ["Simple", "nounPP", "nounPPAdv"]
    x, y = axes[1].lines[2].get_data()  # the number units
    conditions = {one.condition: one.units[[SINGULAR - 65, PLURAL - 65]] for one in result.of("nounPP")}
    np.testing.assert_allclose(x, (conditions["SS"] + conditions["SP"]) / 2)
    np.testing.assert_allclose(y, (conditions["PS"] + conditions["PP"]) / 2)


def test_probabilities_and_a_task_without_a_second_noun():
    experiment = Experiment(load("planted"), n=4, half="all", tasks=("Adv",))
    found = compute(experiment, {"number_units": NumberUnits()}, measure="probability")
    assert [len(one.means) for one in found.nouns] == [152, 152] and found.number_units == ()
    assert all(0 < one.change.max() <= 1 for one in found.nouns) and "probability" in found.text()[0]
    assert found.tables()[0].rows[0][5] == pytest.approx(100 * found.nouns[0].attribution.mean())  # percentage points
    assert found.tables()[3].columns[-1] == "1st only" and found.summary().startswith("Of the 152 paths from the first")


def test_t_leaves_out_who_is_not_compared_with():
    values = np.array([[5.0, 4.0, 3.0, 1.0]])
    np.testing.assert_allclose(t_values(values), [[1, 2 / 3, 1 / 3, 0]][0])
    against = np.array([False, True, True, False])
    np.testing.assert_allclose(t_values(values, against), [1, 1, 0, 0])


def test_what_cannot_be_measured_is_refused():
    model = small_model()
    long = [
        Item(("The", noun, *["near", "the", "car"] * 3), "is", "are", "mine", c, 1)
        for noun, c in (("boy", "S"), ("boys", "P"))
    ]
    with pytest.raises(StimulusError, match=r"task mine: expected at most 300,000 paths, got 209,485,510 over 10"):
        influences(model, noun_pairs(long, 0))
    mixed = [
        Item(("The", *adjective, noun), "is", "are", "mine", c, n)
        for n, adjective in ((1, ()), (2, ("old",)))
        for noun, c in (("boy", "S"), ("boys", "P"))
    ]
    with pytest.raises(
        StimulusError, match="task mine: expected sentences of one length with the noun at the same word"
    ):
        influences(model, noun_pairs(mixed, 0))
    experiment = Experiment(model, stimuli=tuple(mixed), half="all")
    with pytest.raises(StimulusError, match="task mine: expected sentences of one length"):
        compute(experiment, {"number_units": NumberUnits()})
    unequal = (replace(mixed[0], prefix=("The", "old", "boy")), mixed[1])
    assert noun_pairs(unequal, 0) == []
    experiment = Experiment(model, stimuli=tuple(na_task("nounPP", "SP", 3) + na_task("nounPP", "SS", 3)), half="all")
    with pytest.raises(StimulusError, match="expected conditions that differ in the number of the first noun"):
        compute(experiment, {"number_units": NumberUnits()})


def verdict(number, result):
    claim = next(claim for claim in CLAIMS if claim.number == number)
    return claim.other.judge(None, Results({"influence": result}))


def changed(result, condition, **fields):
    nouns = (
        replace(one, **fields) if (one.task, one.condition, one.noun) == ("nounPP", condition, 0) else one
        for one in result.nouns
    )
    return replace(result, nouns=tuple(nouns))


def test_the_claims_hold_of_the_planted_circuit_and_can_fail(result):
    assert all(verdict(number, result).holds for number in (44, 45, 46))
    weak = changed(result, "PS", primary=result.nouns[0].primary._replace(t=0.89))
    assert not verdict(44, weak).holds and verdict(44, weak).value == "1.00, 1.00, 0.89, 1.00"
    assert not verdict(45, changed(result, "SP", t_units=np.full(64, 0.94))).holds
    for kept in ([1, 1, 1], [1, 0, 0]):  # not lost without it; nothing left with it only
        assert not verdict(46, replace(result, kept={key: np.array(kept) for key in result.kept})).holds
    with pytest.raises(NotTestable, match="no long-range number unit"):
        verdict(45, replace(result, number_units=()))
    with pytest.raises(NotTestable, match="right on 50.0 % of nounPP SS"):
        verdict(44, replace(result, kept=result.kept | {("nounPP", "SS"): np.array([0.5, 0, 1])}))
    assert isinstance(result, Influences)
