"""Efferent weights; direct and total effects."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from small_model import small_model

from minilstm import load, planted, stimuli
from minilstm.analyses import gates, number_units
from minilstm.analyses.ablation import ablation_sweep
from minilstm.analyses.attribution import attribution
from minilstm.analyses.base import NotTestable, Results
from minilstm.analyses.effects import effects, plot_effects
from minilstm.analyses.efferent_weights import VERBS, efferent_table, efferents, form_auc, segregation
from minilstm.analyses.efferents import CLAIMS, compute, plot_efferents
from minilstm.analyses.experiment import Experiment
from minilstm.analyses.number_agreement import agreement
from minilstm.analyses.style import PLURAL, SINGULAR, save
from minilstm.analyses.table2 import table2
from minilstm.errors import MinilstmError, StimulusError
from minilstm.units import last_layer


@pytest.fixture(scope="module")
def model():
    return small_model((8, 5))


def items(task="nounPP", n=12):
    return [item for condition in stimuli.CONDITIONS[task] for item in stimuli.na_task(task, condition, n)]


def with_weights(model, unit, singular, plural):
    """The model with these weights from a unit, counted from 0 in the last layer, to the forms of its verbs."""
    weight = model.decoder_weight.copy()
    for (third, base), s, p in zip(VERBS, singular, plural, strict=False):
        weight[model.encode([third, base]), unit] = s, p
    return replace(model, decoder_weight=weight)


def test_weights_are_those_of_the_forms(model):
    assert len(VERBS) == 18 and ("says", "say") in VERBS
    found = efferents(model, [13, 10])
    assert found.shape == (2, 18, 2)
    k = VERBS.index(("greets", "greet"))
    for row, form in enumerate(("greets", "greet")):
        weights = model.decoder_weight[model.vocabulary.index(form)]
        assert found[row, k].tolist() == [weights[4], weights[1]]


def test_segregation_by_hand(model):
    verbs = VERBS[:2]
    changed = with_weights(model, 2, (1, 3), (6, 8))  # means 2 and 7, population sd 1 and 1
    assert segregation(efferents(changed, verbs=verbs))[2] == pytest.approx(2.5)
    assert form_auc(efferents(changed, [11], verbs))[0] == 1
    overlapping = with_weights(model, 2, (1, 3), (2, 3))  # of four pairs, plural above in two, equal in one
    assert form_auc(efferents(overlapping, [11], verbs))[0] == pytest.approx(2.5 / 4)
    assert segregation(efferents(with_weights(model, 2, (1, 1), (1, 1)), verbs=verbs))[2] == 0
    assert segregation(efferents(with_weights(model, 2, (1, 1), (2, 2)), verbs=verbs))[2] == np.inf


def test_the_table_says_percentile_and_means(model):
    changed = with_weights(model, 2, np.linspace(-1.1, -0.9, 18), np.linspace(0.9, 1.1, 18))
    columns, rows = efferent_table(efferents(changed), [11, 9], last_layer(model.sizes))
    first = dict(zip(columns, rows[0], strict=True))
    assert first["unit"] == 11 and first["percentile"] == 100 and first["AUC"] == 1
    sd = np.linspace(0.9, 1.1, 18).std()
    assert (first["singular mean"], first["plural mean"]) == pytest.approx((-1, 1))
    assert (first["singular sd"], first["plural sd"]) == pytest.approx((sd, sd))
    assert first["segregation"] == pytest.approx(1 / sd)
    assert 0 <= rows[1][-1] < 100


def test_only_the_last_layer_has_weights_to_words(model):
    assert last_layer(model.sizes) == range(9, 14)
    with pytest.raises(MinilstmError, match="unit 8 has no weights to words: only the last layer has, units 9 to 13"):
        efferents(model, [9, 8])
    with pytest.raises(MinilstmError, match="unit 14: this network has units 1 to 13"):
        efferents(model, [14])


def test_verbs_that_are_not_known_are_left_out(model):
    known = efferents(model, [9], (("knows", "know"), ("yodels", "yodel"), ("says", "say")))
    assert known.shape == (2, 2, 1)
    with pytest.raises(StimulusError, match="both forms of 2 verbs at least; it does of 1"):
        efferents(model, [9], (("knows", "know"), ("yodels", "yodel")))


def test_direct_beside_total_effects(model):
    given = items()
    found = attribution(model, given)
    both = effects(found, ablation_sweep(model, given, found.units))
    assert both.conditions == tuple(("nounPP", c) for c in ("SS", "SP", "PS", "PP"))
    assert both.units == tuple(range(9, 14))
    lost = agreement(model, given).margins - agreement(model, given, ablate=[12]).margins
    np.testing.assert_allclose(both.total[1, 3], lost[12:24].mean(), atol=1e-12)
    assert both.correlation[2] == pytest.approx(np.corrcoef(both.direct[2], both.total[2])[0, 1])
    columns, rows = both.rows(most=2)
    assert len(rows) == 2 and columns[:3] == ["unit", "nounPP SS: direct", "nounPP SS: total"] and len(columns) == 9
    strongest = both.units.index(rows[0][0])
    assert np.maximum(np.abs(both.direct), np.abs(both.total)).max(axis=0).argmax() == strongest
    assert rows[0][1:3] == [both.direct[0, strongest], both.total[0, strongest]]
    with pytest.raises(MinilstmError, match=r"\(5, 48\), \(units, items\), got \(13, 48\)"):
        effects(found, ablation_sweep(model, given))


def test_without_recurrence_the_direct_effect_is_the_total_one(model):
    """If units of the last layer do not reach one another, ablating one removes its contribution and nothing else."""
    top = model.layers[1]
    alone = replace(model, layers=(model.layers[0], top._replace(U=np.zeros_like(top.U))))
    found = attribution(alone, items())
    both = effects(found, ablation_sweep(alone, items(), found.units))
    np.testing.assert_allclose(both.direct, both.total, atol=1e-12)
    np.testing.assert_allclose(both.correlation, 1)
    assert not np.allclose(attribution(model, items()).contributions, found.contributions)


def test_pictures_show_the_numbers(model, tmp_path):
    axis = plot_efferents(efferents(model, [9, 12]), {9: "", 12: "syntax"}).axes[0]
    for line, color, forms in zip(axis.lines[1:], (SINGULAR, PLURAL), efferents(model, [9, 12]), strict=True):
        assert line.get_color() == color
        np.testing.assert_array_equal(line.get_ydata(), forms.ravel())
    assert "syntax" in axis.get_xticklabels()[1].get_text() and axis.get_xticklabels()[0].get_text().startswith("9\n(")
    found = attribution(model, items())
    both = effects(found, ablation_sweep(model, items(), found.units))
    fig = plot_effects(both)
    np.testing.assert_array_equal(fig.axes[1].lines[1].get_ydata(), both.total[1])
    assert len(fig.axes[1].texts) == 4
    save(fig, tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 1000


LONG = tuple(planted.UNITS[f"long-range {number}"] for number in ("singular", "plural"))
SYNTAX = planted.UNITS["syntax"]


@pytest.fixture(scope="module")
def experiment():
    return Experiment(load("planted"), n=12)


@pytest.fixture(scope="module")
def results(experiment):
    results = Results({"agreement": table2(experiment.model, experiment.items)})
    results["number_units"] = number_units.compute(experiment, results)
    results["gates"] = gates.compute(experiment, results)
    results["syntax_unit"] = SimpleNamespace(unit=SYNTAX)
    results["efferents"] = compute(experiment, results)
    return results


def test_the_result_shows_number_units_and_controls(experiment, results):
    found = results["efferents"]
    assert found.displayed == {LONG[0]: "S*", LONG[1]: "P*", 65: "control", 128: "control"}
    weights, both = found.tables()
    units = tuple(found.displayed)
    assert (weights.columns, weights.rows) == efferent_table(efferents(experiment.model), units, range(65, 129))
    assert len(weights.digits) == len(weights.columns)
    items = experiment.sentences("nounPP")
    attributed = attribution(experiment.model, items)
    expected = effects(attributed, ablation_sweep(experiment.model, items, attributed.units))
    assert both.name == "shares"
    np.testing.assert_allclose(both.rows, expected.rows()[1], rtol=1e-4, atol=1e-5)  # one sweep is cut otherwise
    assert found.effects.correlation.tolist() == pytest.approx(expected.correlation.tolist(), rel=1e-6)
    assert f"units 71 and 72: {segregation(found.weights)[6]:.2f}" in found.text()[0]
    axis = found.figures()[0].draw().axes[0]
    ticks = [label.get_text() for label in axis.get_xticklabels()]
    assert ticks[0].startswith("71\nS*\n(") and ticks[3].startswith("128\ncontrol\n(")
    assert [axis.get_title()[:9] for axis in found.figures()[1].draw().axes][1] == "nounPP SP"


def test_claims_on_the_planted_circuit(experiment, results):
    outcome = {claim.number: claim for claim in CLAIMS}
    assert outcome[21].other.judge(experiment, results).holds
    assert outcome[22].other.judge(experiment, results).holds
    with pytest.raises(NotTestable, match="no Y"):
        outcome[22].other.judge(experiment, results | {"syntax_unit": SimpleNamespace(unit=None)})
    number_unit = results | {"syntax_unit": SimpleNamespace(unit=LONG[0])}  # as segregated as it gets
    assert not outcome[22].other.judge(experiment, number_unit).holds
    with pytest.raises(NotTestable, match="only 0 errors in nounPP and nounPPAdv"):
        outcome[28].other.judge(experiment, results)
    # weights that are apart, and have the signs of the other number
    turned = replace(results["efferents"], weights=results["efferents"].weights[::-1])
    judged = outcome[21].other.judge(experiment, results | {"efferents": turned})
    assert not judged.holds and judged.value.count("signs do not fit") == 2 and "AUC 1.00" in judged.value


def test_in_errors_the_number_units_are_asked(experiment, results):
    """Without its guard the memory is overwritten: then the network errs, and its number units with it."""
    broken = without_influence_of(experiment.model, SYNTAX)
    own = Experiment(broken, n=24)
    table = table2(broken, own.items)
    found = compute(own, Results({"agreement": table, "number_units": results["number_units"]}))
    items = own.sentences("nounPP", "nounPPAdv")
    wrong = [item for item, margin in zip(items, agreement(broken, items).margins, strict=True) if margin <= 0]
    assert len(wrong) >= 24 and {item.condition for item in wrong} == {"SP", "PS"}
    expected = attribution(broken, wrong).of(LONG)
    np.testing.assert_allclose(np.sort(found.in_errors), np.sort(expected), rtol=1e-5, atol=1e-5)
    share = 100 * (expected > 0).mean()
    assert f"In {len(wrong)} wrong answers in nounPP and nounPPAdv" in found.text()[2]
    assert f"right form in {share:.0f} %" in found.text()[2]
    asked = compute(replace(own, tasks=("nounPP",)), Results({"number_units": results["number_units"]}))
    assert asked.tasks == ("nounPP",) and "wrong answers in nounPP, the" in asked.text()[2]
    claim = next(claim for claim in CLAIMS if claim.number == 28)
    judged = claim.other.judge(own, results | {"efferents": found})
    assert judged.holds == (share >= 75) and judged.value == f"{share:.1f} % of {len(wrong)} errors"


def without_influence_of(model, unit):
    """The model in which a unit of the last layer reaches no unit of it."""
    top = model.layers[1]
    U = top.U.copy()
    U[:, unit - last_layer(model.sizes)[0]] = 0
    return replace(model, layers=(model.layers[0], top._replace(U=U)))


def test_sentences_of_ones_own_get_a_sweep_of_their_own(experiment, results):
    own = Experiment(experiment.model, n=4, half="all", tasks=("SubjRel",))
    found = compute(own, results)
    assert {task for task, _ in found.effects.conditions} == {"SubjRel"}
    items = own.sentences()
    attributed = attribution(own.model, items)
    total = effects(attributed, ablation_sweep(own.model, items, attributed.units)).total
    np.testing.assert_array_equal(found.effects.total, total)
