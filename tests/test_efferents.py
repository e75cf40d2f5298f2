"""Efferent weights and direct logit attribution."""

from dataclasses import replace

import numpy as np
import pytest
from minilstm.analyses.plots import PLURAL, SINGULAR, save
from small_model import small_model

from minilstm import stimuli
from minilstm.analyses.ablation import ablation_sweep
from minilstm.analyses.efferents import (
    VERBS,
    attribution,
    efferent_table,
    efferents,
    form_auc,
    last_layer,
    segregation,
    shares_and_effects,
)
from minilstm.analyses.figures_efferents import plot_efferents, plot_shares
from minilstm.analyses.number_agreement import agreement
from minilstm.errors import MinilstmError, StimulusError


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
    assert segregation(changed, verbs)[2] == pytest.approx(2.5)
    assert form_auc(changed, verbs, [11])[0] == 1
    overlapping = with_weights(model, 2, (1, 3), (2, 3))  # of four pairs, plural above in two, equal in one
    assert form_auc(overlapping, verbs, [11])[0] == pytest.approx(2.5 / 4)
    assert segregation(with_weights(model, 2, (1, 1), (1, 1)), verbs)[2] == 0
    assert segregation(with_weights(model, 2, (1, 1), (2, 2)), verbs)[2] == np.inf


def test_the_table_says_percentile_and_means(model):
    changed = with_weights(model, 2, np.linspace(-1.1, -0.9, 18), np.linspace(0.9, 1.1, 18))
    columns, rows = efferent_table(changed, [11, 9])
    first = dict(zip(columns, rows[0], strict=True))
    assert first["unit"] == 11 and first["percentile"] == 100 and first["AUC"] == "1.00"
    assert first["singular forms (sd)"] == "-1.00 (0.06)" and first["plural forms (sd)"] == "1.00 (0.06)"
    assert 0 <= rows[1][-1] < 100


def test_only_the_last_layer_has_weights_to_words(model):
    assert last_layer(model) == range(9, 14)
    with pytest.raises(MinilstmError, match="unit 8 has no weights to words: only the last layer has, units 9 to 13"):
        efferents(model, [9, 8])
    with pytest.raises(MinilstmError, match="unit 14: this network has units 1 to 13"):
        segregation(model, units=[14])


def test_verbs_that_are_not_known_are_left_out(model):
    known = efferents(model, [9], (("knows", "know"), ("yodels", "yodel"), ("says", "say")))
    assert known.shape == (2, 2, 1)
    with pytest.raises(StimulusError, match="both forms of 2 verbs at least; it does of 1"):
        efferents(model, [9], (("knows", "know"), ("yodels", "yodel")))


@pytest.mark.parametrize("ablate", [(), (3, 10)])
def test_shares_and_bias_add_up_to_the_margin(model, ablate):
    given = items() + items("Simple", 5)
    found = attribution(model, given, ablate=ablate)
    full = agreement(model, given, ablate=ablate).margins
    np.testing.assert_allclose(found.margins, full, atol=1e-12)
    np.testing.assert_allclose(found.shares.sum(axis=1) + found.bias, full, atol=1e-12)
    if ablate:
        assert (found.shares[:, 1] == 0).all()
    item = given[7]
    h = model.trace(item.prefix, "context", ablate).h[-1][-1, 0]
    right, wrong = model.decoder_weight[model.encode([item.right, item.wrong])]
    np.testing.assert_allclose(found.shares[7], h * (right - wrong), atol=1e-12)
    mean = found.by_condition()["nounPP", "SP"]
    np.testing.assert_allclose(mean, found.shares[12:24].mean(axis=0), atol=1e-12)


def test_shares_beside_effects(model):
    given = items()
    found = attribution(model, given)
    both = shares_and_effects(found, ablation_sweep(model, given, found.units))
    assert both.conditions == tuple(("nounPP", c) for c in ("SS", "SP", "PS", "PP"))
    assert both.units == tuple(range(9, 14))
    lost = agreement(model, given).margins - agreement(model, given, ablate=[12]).margins
    np.testing.assert_allclose(both.effect[1, 3], lost[12:24].mean(), atol=1e-12)
    assert both.correlation[2] == pytest.approx(np.corrcoef(both.share[2], both.effect[2])[0, 1])
    columns, rows = both.table(most=2)
    assert len(rows) == 2 and len(columns) == 9
    strongest = both.units.index(rows[0][0])
    assert np.maximum(np.abs(both.share), np.abs(both.effect)).max(axis=0).argmax() == strongest
    assert rows[0][1:3] == [both.share[0, strongest], both.effect[0, strongest]]
    with pytest.raises(MinilstmError, match=r"\(5, 48\), \(units, items\), got \(13, 48\)"):
        shares_and_effects(found, ablation_sweep(model, given))


def test_without_recurrence_share_and_effect_are_one(model):
    """If units of the last layer do not reach one another, taking one out takes out its share and nothing else."""
    top = model.layers[1]
    alone = replace(model, layers=(model.layers[0], top._replace(U=np.zeros_like(top.U))))
    found = attribution(alone, items())
    both = shares_and_effects(found, ablation_sweep(alone, items(), found.units))
    np.testing.assert_allclose(both.share, both.effect, atol=1e-12)
    np.testing.assert_allclose(both.correlation, 1)
    assert not np.allclose(attribution(model, items()).shares, found.shares)


def test_items_with_an_unknown_verb_are_left_out(model):
    odd = stimuli.Item(("The", "boy"), "yodels", "yodel", "Simple", "S", 1)
    found = attribution(model, [odd, *items("Simple", 3)])
    assert len(found.items) == 6 and odd not in found.items and found.shares.shape == (6, 5)
    with pytest.raises(StimulusError, match="at least one item"):
        attribution(model, [odd])


def test_pictures_show_the_numbers(model, tmp_path):
    axis = plot_efferents(model, [9, 12], {12: "syntax"}).axes[0]
    for line, color, forms in zip(axis.lines[1:], (SINGULAR, PLURAL), efferents(model, [9, 12]), strict=True):
        assert line.get_color() == color
        np.testing.assert_array_equal(line.get_ydata(), forms.ravel())
    assert "syntax" in axis.get_xticklabels()[1].get_text() and axis.get_xticklabels()[0].get_text().startswith("9\n(")
    found = attribution(model, items())
    both = shares_and_effects(found, ablation_sweep(model, items(), found.units))
    fig = plot_shares(both)
    np.testing.assert_array_equal(fig.axes[1].lines[1].get_ydata(), both.effect[1])
    assert len(fig.axes[1].texts) == 4
    save(fig, tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 1000
