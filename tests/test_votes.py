"""Votes: the margin split among groups of units, by hand and on the planted circuit."""

import numpy as np
import pytest
from small_model import small_model

from minilstm import load, planted, stimuli
from minilstm.analyses.efferents import attribution
from minilstm.analyses.figures_open import plot_votes
from minilstm.analyses.number_agreement import agreement
from minilstm.analyses.votes import Votes, votes
from minilstm.errors import MinilstmError
from minilstm.stimuli import CONDITIONS, na_task

LONG = [planted.UNITS[f"long-range {number}"] for number in ("singular", "plural")]
SHORT = [planted.UNITS[f"short-range {k}"] for k in (1, 2)]


@pytest.fixture(scope="module")
def model():
    return small_model()


def items(*tasks, n=12):
    return [item for task in tasks for c in CONDITIONS[task] for item in na_task(task, c, n)]


def test_all_votes_add_up_to_the_margin(model):
    given = items("nounPP", "SubjRel")
    found = votes(model, given, {"long-range": [9, 12], "short-range": [13]})
    assert found.voters == ("long-range", "short-range", "other units", "bias")
    np.testing.assert_allclose(found.margins, agreement(model, given).margins, atol=1e-12)
    share = attribution(model, given)
    np.testing.assert_allclose(found.shares[:, 0], share.shares[:, 0] + share.shares[:, 3], atol=1e-12)
    np.testing.assert_allclose(found.shares[:, 2], share.shares[:, 1] + share.shares[:, 2], atol=1e-12)
    np.testing.assert_array_equal(found.shares[:, 3], share.bias)
    off = votes(model, given, {"long-range": [9, 12]}, ablate=[9, 12, 13])
    assert (off.shares[:, 0] == 0).all() and not np.allclose(off.shares[:, 1], found.shares[:, 2])


def made_up():
    """Two right trials and two wrong ones of a condition: who is for the right form, and who decides."""
    shares = [[3, -1, 0, 0.5], [2, -1, 0.5, -1], [1, -2, 0.5, 0], [-1, -2, 0.5, 2]]
    given = [stimuli.Item(("The", "boy"), "greets", "greet", "nounPP", "SP", k) for k in range(4)]
    return Votes(tuple(given), ("long-range", "short-range", "other units", "bias"), np.array(shares, float))


def test_the_table_by_hand():
    found = made_up()
    assert {key: (a.tolist(), b.tolist()) for key, (a, b) in found.trials().items()} == {
        ("nounPP", "SP"): ([0, 1], [2, 3])
    }
    columns, rows = found.rows()
    assert columns[:7] == ["task", "condition", "voter", "right", "right: vote", "right: for %", "right: decides %"]
    assert columns[7:] == ["wrong", "wrong: vote", "wrong: for %", "wrong: decides %", "% of gap"]
    # without the short-range units' -2 both wrong trials would be right; the mean margins are 1.5 and -0.5
    assert rows == [
        ["nounPP", "SP", "long-range", 2, "2.50", 100, 100, 2, "0.00", 50, 50, 125],
        ["nounPP", "SP", "short-range", 2, "-1.00", 0, 0, 2, "-2.00", 0, 100, 50],
        ["nounPP", "SP", "other units", 2, "0.25", 50, 50, 2, "0.50", 100, 0, -12.5],
        ["nounPP", "SP", "bias", 2, "-0.25", 50, 0, 2, "1.00", 50, 0, -62.5],
    ]
    assert found.gap([0, 1], [2, 3]).tolist() == [2.5, 1, -0.25, -1.25]


def test_no_gap_where_there_are_no_errors():
    found = votes(load("planted"), items("nounPP"), {"long-range": LONG, "short-range": SHORT})
    rows = found.rows()[1]
    assert len(rows) == 16 and all(row[7:11] == [0, None, None, None] and np.isnan(row[11]) for row in rows)
    assert found.trials_with_errors().keys() == found.trials().keys()
    some = votes(small_model(), items("nounPP"), {"long-range": [9]})
    shown = {key: halves for key, halves in some.trials().items() if key[1] != "SS"}
    assert len(some.rows(shown)[1]) == 9 and some.rows(shown)[1][0][1] == "SP"


def test_in_the_planted_network_the_short_range_units_vote_for_the_attractor():
    found = votes(load("planted"), items("nounPP", "ObjRel"), {"long-range": LONG, "short-range": SHORT})
    for (_, condition), (right, wrong) in found.trials().items():
        long, short, others, _ = found.shares[right].T
        assert not len(wrong) and (long > 6).all() and (np.abs(others) < 0.5).all()
        assert (short < -1).all() if condition in ("SP", "PS") else (short > 1).all()
        assert found.decides(right)[0] == (condition in ("SP", "PS"))


def test_without_the_guard_of_the_memory_both_vote_wrong():
    """The network errs where the long-range units were overwritten: then they follow the attractor themselves."""
    found = votes(
        load("planted"), items("nounPP"), {"long-range": LONG, "short-range": SHORT}, ablate=[planted.UNITS["syntax"]]
    )
    for (_, condition), (right, wrong) in found.trials().items():
        assert len(wrong) == (12 if condition in ("SP", "PS") else 0)
        assert (("nounPP", condition) in found.trials_with_errors()) == bool(len(wrong))
        assert (found.shares[wrong, 1] < -1).all() and (np.abs(found.shares[:, 0]) < 2).all()


def test_a_unit_votes_once_and_only_the_last_layer_votes(model):
    with pytest.raises(MinilstmError, match="unit 9 is named twice, in long-range, short-range"):
        votes(model, items("Simple"), {"long-range": [9], "short-range": [10, 9]})
    with pytest.raises(MinilstmError, match="unit 8 has no weights to words: only the last layer has, units 9 to 13"):
        votes(model, items("Simple"), {"long-range": [8]})


def test_the_picture_has_a_panel_for_each_condition_with_errors():
    fig = plot_votes(made_up())
    axis = fig.axes[0]
    assert axis.get_title() == "nounPP SP: 2 right, 2 wrong"
    medians = sorted(
        line.get_ydata()[0] for line in axis.lines if line.get_linewidth() == 2.5 and len(line.get_ydata())
    )
    np.testing.assert_allclose(medians, sorted([2.5, -1, 0.25, -0.25, 0, -2, 0.5, 1]))
    right = plot_votes(votes(load("planted"), items("nounPP", "Simple", n=4), {"long-range": LONG}))
    assert [axis.get_title().split(":")[0] for axis in right.axes if axis.get_visible()][-1] == "Simple P"
