"""Direct logit attribution; the margin split among groups of units, by hand and on the planted circuit."""

from types import SimpleNamespace

import numpy as np
import pytest
from small_model import small_model

from minilstm import load, planted, stimuli
from minilstm.analyses.attribution import attribution
from minilstm.analyses.experiment import Experiment
from minilstm.analyses.number_agreement import agreement
from minilstm.analyses.number_units import NO_NUMBER_UNITS
from minilstm.analyses.short_range import unit_groups
from minilstm.analyses.votes import BETWEEN, GroupAttribution, Votes, compute, group_attribution, plot_group_attribution
from minilstm.errors import MinilstmError, StimulusError
from minilstm.stimuli import CONDITIONS, na_task

LONG = [planted.UNITS[f"long-range {number}"] for number in ("singular", "plural")]
SHORT = [planted.UNITS[f"short-range {k}"] for k in (1, 2)]


@pytest.fixture(scope="module")
def model():
    return small_model()


def items(*tasks, n=12):
    return [item for task in tasks for c in CONDITIONS[task] for item in na_task(task, c, n)]


@pytest.mark.parametrize("ablate", [(), (3, 10)])
def test_contributions_and_bias_add_up_to_the_margin(model, ablate):
    given = items("nounPP") + items("Simple", n=5)
    found = attribution(model, given, ablate=ablate)
    full = agreement(model, given, ablate=ablate).margins
    np.testing.assert_allclose(found.margins, full, atol=1e-12)
    np.testing.assert_allclose(found.contributions.sum(axis=1) + found.bias, full, atol=1e-12)
    if ablate:
        assert (found.contributions[:, 1] == 0).all()
    item = given[7]
    h = model.trace(item.prefix, "context", ablate).h[-1][-1, 0]
    right, wrong = model.decoder_weight[model.encode([item.right, item.wrong])]
    np.testing.assert_allclose(found.contributions[7], h * (right - wrong), atol=1e-12)
    mean = found.by_condition()["nounPP", "SP"]
    np.testing.assert_allclose(mean, found.contributions[12:24].mean(axis=0), atol=1e-12)


def test_items_with_an_unknown_verb_are_left_out(model):
    odd = stimuli.Item(("The", "boy"), "yodels", "yodel", "Simple", "S", 1)
    found = attribution(model, [odd, *items("Simple", n=3)])
    assert len(found.items) == 6 and odd not in found.items and found.contributions.shape == (6, 5)
    with pytest.raises(StimulusError, match="at least one item"):
        attribution(model, [odd])


def test_all_groups_add_up_to_the_margin(model):
    given = items("nounPP", "SubjRel")
    found = group_attribution(model, given, {"long-range": [9, 12], "short-range": [13]})
    assert found.groups == ("long-range", "short-range", "other units", "bias")
    np.testing.assert_allclose(found.margins, agreement(model, given).margins, atol=1e-12)
    single = attribution(model, given)
    np.testing.assert_allclose(
        found.contributions[:, 0], single.contributions[:, 0] + single.contributions[:, 3], atol=1e-12
    )
    np.testing.assert_allclose(
        found.contributions[:, 2], single.contributions[:, 1] + single.contributions[:, 2], atol=1e-12
    )
    np.testing.assert_array_equal(found.contributions[:, 3], single.bias)
    off = group_attribution(model, given, {"long-range": [9, 12]}, ablate=[9, 12, 13])
    assert (off.contributions[:, 0] == 0).all() and not np.allclose(off.contributions[:, 1], found.contributions[:, 2])


def made_up():
    """Two right trials and two wrong ones of a condition: who is for the right form, and who decides."""
    shares = [[3, -1, 0, 0.5], [2, -1, 0.5, -1], [1, -2, 0.5, 0], [-1, -2, 0.5, 2]]
    given = [stimuli.Item(("The", "boy"), "greets", "greet", "nounPP", "SP", k) for k in range(4)]
    return GroupAttribution(tuple(given), ("long-range", "short-range", "other units", "bias"), np.array(shares, float))


def test_the_table_by_hand():
    found = made_up()
    assert {key: (a.tolist(), b.tolist()) for key, (a, b) in found.trials().items()} == {
        ("nounPP", "SP"): ([0, 1], [2, 3])
    }
    columns, rows = found.rows()
    assert columns[:7] == [
        "task",
        "condition",
        "group",
        "right",
        "right: contribution",
        "right: for %",
        "right: decides %",
    ]
    assert columns[7:] == ["wrong", "wrong: contribution", "wrong: for %", "wrong: decides %", "% of gap"]
    # without the short-range units' -2 both wrong trials would be right; the mean margins are 1.5 and -0.5
    assert rows == [
        ["nounPP", "SP", "long-range", 2, 2.5, 100, 100, 2, 0.0, 50, 50, 125],
        ["nounPP", "SP", "short-range", 2, -1.0, 0, 0, 2, -2.0, 0, 100, 50],
        ["nounPP", "SP", "other units", 2, 0.25, 50, 50, 2, 0.5, 100, 0, -12.5],
        ["nounPP", "SP", "bias", 2, -0.25, 50, 0, 2, 1.0, 50, 0, -62.5],
    ]
    assert found.gap([0, 1], [2, 3]).tolist() == [2.5, 1, -0.25, -1.25]


def test_no_gap_where_there_are_no_errors():
    found = group_attribution(load("planted"), items("nounPP"), {"long-range": LONG, "short-range": SHORT})
    rows = found.rows()[1]
    assert len(rows) == 16 and all(row[7:11] == [0, None, None, None] and np.isnan(row[11]) for row in rows)
    assert found.trials_with_errors().keys() == found.trials().keys()
    some = group_attribution(small_model(), items("nounPP"), {"long-range": [9]})
    shown = {key: halves for key, halves in some.trials().items() if key[1] != "SS"}
    assert len(some.rows(shown)[1]) == 9 and some.rows(shown)[1][0][1] == "SP"


def test_in_the_planted_network_the_short_range_units_favour_the_attractors_form():
    found = group_attribution(load("planted"), items("nounPP", "ObjRel"), {"long-range": LONG, "short-range": SHORT})
    for (_, condition), (right, wrong) in found.trials().items():
        long, short, others, _ = found.contributions[right].T
        assert not len(wrong) and (long > 6).all() and (np.abs(others) < 0.5).all()
        assert (short < -1).all() if condition in ("SP", "PS") else (short > 1).all()
        assert found.decides(right)[0] == (condition in ("SP", "PS"))


def test_without_the_guard_of_the_memory_both_favour_the_wrong_form():
    """The network errs where the long-range units were overwritten: then they follow the attractor themselves."""
    found = group_attribution(
        load("planted"), items("nounPP"), {"long-range": LONG, "short-range": SHORT}, ablate=[planted.UNITS["syntax"]]
    )
    for (_, condition), (right, wrong) in found.trials().items():
        assert len(wrong) == (12 if condition in ("SP", "PS") else 0)
        assert (("nounPP", condition) in found.trials_with_errors()) == bool(len(wrong))
        assert (found.contributions[wrong, 1] < -1).all() and (np.abs(found.contributions[:, 0]) < 2).all()


def test_a_unit_counts_once_and_only_the_last_layer_contributes(model):
    with pytest.raises(MinilstmError, match="unit 9 is named twice, in long-range, short-range"):
        group_attribution(model, items("Simple"), {"long-range": [9], "short-range": [10, 9]})
    with pytest.raises(MinilstmError, match="unit 8 has no weights to words: only the last layer has, units 9 to 13"):
        group_attribution(model, items("Simple"), {"long-range": [8]})


def test_the_picture_has_a_panel_for_each_condition_with_errors():
    fig = plot_group_attribution(made_up())
    axis = fig.axes[0]
    assert axis.get_title() == "nounPP SP: 2 right, 2 wrong"
    medians = sorted(
        line.get_ydata()[0] for line in axis.lines if line.get_linewidth() == 2.5 and len(line.get_ydata())
    )
    np.testing.assert_allclose(medians, sorted([2.5, -1, 0.25, -0.25, 0, -2, 0.5, 1]))
    right = plot_group_attribution(
        group_attribution(load("planted"), items("nounPP", "Simple", n=4), {"long-range": LONG})
    )
    assert [axis.get_title().split(":")[0] for axis in right.axes if axis.get_visible()][-1] == "Simple P"


@pytest.fixture(scope="module")
def experiment():
    return Experiment(load("planted"), n=12)


def results(long_range=(*LONG,), short_range=(*SHORT,)):
    """What is asked of earlier analyses."""
    return {
        "number_units": SimpleNamespace(long_range=long_range),
        "short_range": SimpleNamespace(units=short_range),
    }


def test_a_unit_that_is_both_counts_as_a_long_range_one():
    groups = unit_groups(results(short_range=(SHORT[0], LONG[1])))
    assert groups == {"long-range": tuple(LONG), "short-range": (SHORT[0],)}


def test_the_result_is_of_sentences_with_something_in_between(experiment):
    found = compute(experiment, results(short_range=(*SHORT, LONG[1])))
    assert found.split.groups == ("long-range", "short-range", "other units", "bias")
    assert {item.task for item in found.split.items} == set(BETWEEN)
    assert {item.id % 2 for item in found.split.items} == {0}
    errors = "The network prefers the wrong verb form in 0 of 144 sentences with another noun between subject and verb."
    assert found.text()[1] == errors == found.summary()
    assert "Long-range: units 71 and 72; short-range: units 76 and 77." in found.text()[0]
    (table,) = found.tables()
    assert table.name == "votes" and "all conditions" in table.caption and len(table.rows) == 24 * 4
    assert len(table.digits) == len(table.columns) and table.digits[table.columns.index("wrong: contribution")] == 2
    assert found.figures()[0].draw().axes[0].get_title() == "nounPP SS: 6 right, 0 wrong"


def test_where_the_network_errs_the_text_says_who_is_right(experiment):
    split = compute(experiment, results(short_range=())).split
    contributions = split.contributions.copy()
    contributions[:3] = [-3, 1, 1]  # three errors of nounPP SS, in which the others are for the right form
    found = Votes(
        {"long-range": tuple(LONG), "short-range": ()}, GroupAttribution(split.items, split.groups, contributions)
    )
    assert (
        "wrong verb form in 3 of 144" in found.summary() and ", 3 of 24 in nounPP, none in nounPPAdv" in found.summary()
    )
    assert found.summary().endswith("in those: long-range 0 %, other units 100 %, bias 100 %.")
    table, every = found.tables()
    assert (
        "the conditions with errors" in table.caption
        and len(table.rows) == 3
        and table.rows[0][:4]
        == [
            "nounPP",
            "SS",
            "long-range",
            3,
        ]
    )
    assert every.name == "votes_all" and every.long and len(every.rows) == 24 * 3
    assert "short-range: no unit" in found.text()[0]


def test_without_number_units_there_is_a_sentence_that_says_so(experiment):
    found = compute(experiment, results(long_range=()))
    assert found.split is None and found.text() == [NO_NUMBER_UNITS]
    assert found.tables() == found.figures() == [] and found.summary() == ""


def test_of_the_papers_model_all_sentences_are_judged(monkeypatch):
    monkeypatch.setattr("minilstm.analyses.experiment.looks_like_paper_model", lambda model: True)
    found = compute(Experiment(load("planted"), n=4), results())
    assert {item.id for item in found.split.items} == {1, 2, 3, 4}
