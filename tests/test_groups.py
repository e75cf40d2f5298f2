"""Groups of units against random sets: by hand, with too few sets, and on the planted circuit."""

from dataclasses import replace

import numpy as np
import pytest
from small_model import small_model

from minilstm import load, planted
from minilstm.analyses import group_tests, groups
from minilstm.analyses.ablation import group_ablation, random_sets
from minilstm.analyses.base import NotTestable, Results
from minilstm.analyses.depth import DepthRegression
from minilstm.analyses.experiment import Experiment
from minilstm.analyses.number_units import NumberUnits
from minilstm.analyses.short_range import ShortRange
from minilstm.analyses.tables import render
from minilstm.errors import MinilstmError
from minilstm.stimuli import na_task

UNITS = planted.UNITS
LONG, SHORT = (71, 72), (UNITS["short-range 1"], UNITS["short-range 2"])


def test_group_tests_by_hand():
    model = small_model()
    items = [item for c in "SP" for item in na_task("Simple", c, 20)]
    singular, plural = group_tests.group_tests(model, items, (2, 9), n_random=40, seed=3, without=(1, 13))
    assert (singular.condition, plural.condition) == ("S", "P")
    group = group_ablation(model, items[:20], (2, 9), n_random=40, seed=3)
    assert (singular.accuracy, singular.p, singular.power) == (group.accuracy, group.p, group.power)
    np.testing.assert_array_equal(singular.random, group.random)
    kept = [
        value for value, units in zip(group.random, random_sets(13, 2, 40, 3), strict=True) if not {1, 13} & set(units)
    ]
    assert singular.sets == len(kept) < 40
    assert singular.p_without == (sum(value <= group.accuracy for value in kept) + 1) / (len(kept) + 1)
    assert np.isnan(group_tests.group_tests(model, items, (2,), 40, without=range(1, 14))[0].p_without)


@pytest.mark.parametrize(
    ("p", "power", "verdict"),
    [(0.01, 1.0, "hurts"), (0.01, 0.1, "hurts"), (0.2, 0.99, "not significant"), (0.2, 0.9, "no power")],
)
def test_verdicts(p, power, verdict):
    test = group_tests.GroupTest("Simple", "S", 1.0, 0.5, np.array([0.8, 1]), p, power, float("nan"), 0)
    assert test.verdict == verdict
    table = group_tests.table([test])
    (row,) = table.rows
    assert row[4] == 90 and np.isnan(row[-3]) and row[-2:] == [power, verdict] and table.columns[-3] == "p without"
    assert render(*table[2:4], digits=table.digits).split("\n")[2].split()[5:8] == [f"{p:.4f}", "-", f"{power:.2f}"]
    table = group_tests.table([test._replace(sets=2)])  # no set left out: no second p
    assert table.rows[0][-3:] == [p, power, verdict] and table.columns[-3] == "p"
    assert (f"'{verdict}': " in table.caption) == (verdict != "hurts")  # what it means is said where it stands


def test_the_picture_of_groups_shows_the_numbers():
    """A box of the random sets beside the group, which is filled where it hurts."""
    random = np.linspace(0.5, 1, 21)
    tests = [
        group_tests.GroupTest("nounPP", c, 0.9, a, random, p, 1.0, np.nan, 0)
        for c, a, p in (("SP", 0.2, 0.01), ("PS", 0.7, 0.4))
    ]
    fig = group_tests.plot_groups({"short": tests, "syntax": tests[:1]})
    axis, other = fig.axes
    assert (axis.get_title(), other.get_title()) == ("short", "syntax")
    assert [label.get_text() for label in axis.get_xticklabels()] == ["nounPP SP", "nounPP PS"]
    group = [line for line in axis.lines if line.get_marker() == "D" and len(line.get_ydata())]
    assert [line.get_ydata()[0] for line in group] == [20, 70]
    assert [line.get_markerfacecolor() == line.get_color() for line in group] == [True, False]
    boxes = [line.get_ydata() for line in axis.lines if len(line.get_ydata()) == 5]
    np.testing.assert_allclose([[min(y), max(y)] for y in boxes], [[62.5, 87.5]] * 2)
    beyond = [line.get_ydata() for line in axis.lines if line.get_marker() == "."]
    np.testing.assert_allclose(beyond, [[50, 100]] * 2)
    (bar, _) = [collection.get_segments()[0] for collection in axis.collections]
    np.testing.assert_allclose(bar[:, 1], 90)


@pytest.mark.parametrize("n_random", [0, -3])
def test_without_a_random_set_there_is_no_test(n_random):
    items = na_task("Simple", "S", 4)
    with pytest.raises(MinilstmError, match=f"at least 1 random set, got {n_random}"):
        group_tests.group_tests(small_model(), items, (2,), n_random)
    with pytest.raises(MinilstmError, match=f"--random: expected at least 1 random set, got {n_random}"):
        Experiment(small_model(), n=4, n_random=n_random)


def test_too_few_random_sets_allow_no_verdict():
    """All answers are lost, and yet no p of 19 sets can be below .05, nor of 32 where the group is one of them."""
    items = [item for item in na_task("nounPP", "SP", 10)]
    (test,) = group_tests.group_tests(load("planted"), items, (71,), n_random=18)
    assert test.accuracy == 0 and test.p == test.least_p == 1 / 19 and test.verdict == "too few random sets"
    assert "'too few random sets'" in group_tests.table([test]).caption
    (test,) = group_tests.group_tests(load("planted"), items, (71,), n_random=40)
    assert test.verdict == "hurts" and test.least_p == 1 / 41
    (test,) = group_tests.group_tests(small_model(), na_task("nounPP", "SP", 10), (9,), n_random=1000)
    assert len(test.random) == 13 and test.least_p == 2 / 14 and test.verdict in ("too few random sets", "hurts")


@pytest.fixture(scope="module")
def experiment():
    return Experiment(load("planted"), n=12, n_random=60)


@pytest.fixture(scope="module")
def results(experiment):
    weights = np.zeros(128)
    weights[[72, 74]] = -1, 0.9
    results = Results({"number_units": NumberUnits(selected={"S": 71, "P": 72}), "short_range": ShortRange(SHORT)})
    results["depth"] = DepthRegression(weights, *np.zeros((4, 5)))
    results["groups"] = groups.compute(experiment, results)
    return results


def test_what_is_tested_on_what(results):
    tests = results["groups"].tests
    easy = [(task, number) for task in ("Simple", "Adv", "2Adv") for number in "SP"]
    hard = [(task, condition) for task in ("nounPP", "nounPPAdv") for condition in ("SP", "PS")]
    assert {name: [(t.task, t.condition) for t in group] for name, group in tests.items()} == {
        "short": easy,
        "short and long": easy,
        "syntax": hard,
    }
    assert results["groups"].units == {"short": SHORT, "short and long": (*SHORT, *LONG), "syntax": (73, 75)}
    assert all(t.accuracy == 0 for t in tests["syntax"])
    assert [table.name for table in results["groups"].tables()] == [
        "groups_short",
        "groups_short_and_long",
        "groups_syntax",
    ]
    assert "in 6 of 6 conditions" in results["groups"].text()[1] and len(results["groups"].figures()) == 1


def test_groups_that_are_not_there(experiment, results):
    none = Results(results)
    none["short_range"], none["depth"] = ShortRange(()), replace(results["depth"], weights=np.zeros(128))
    found = none["groups"] = groups.compute(experiment, none)
    assert not found.tests and not found.tables() and not found.figures() and found.summary() == ""
    assert all("none to ablate" in text for text in found.text()) and len(found.text()) == 3
    for claim in groups.CLAIMS:
        with pytest.raises(NotTestable):
            claim.criterion(experiment).judge(experiment, none)


def test_a_group_that_a_user_names_is_tested_alone(experiment):
    some = replace(experiment, tasks=("nounPP",), half="all")
    for found in (
        groups.given(some, (71, 3)),
        groups.compute(some, Results({"number_units": NumberUnits(named=(71, 3))})),
    ):
        (tests,) = found.tests.values()
        assert [(t.task, t.condition) for t in tests] == [("nounPP", c) for c in ("SS", "SP", "PS", "PP")]
        assert [t.accuracy for t in tests] == [1, 0, 1, 1]
        assert found.text() == [
            "Without the units given (units 71 and 3) agreement suffers more than without as many random units in 1 "
            "of 4 conditions (nounPP SP)."
        ]
    items = some.sentences("nounPP")
    expected = group_tests.group_tests(some.model, items, (71, 3), 60)
    assert [t.p for t in tests] == [t.p for t in expected]


def test_the_linzen_set_is_one_more_condition(experiment, results):
    linzen = tuple(replace(item, task="Linzen", condition="3") for item in na_task("nounPP", "SP", 8))
    found = groups.compute(replace(experiment, linzen=linzen), results)
    assert [(t.task, t.condition) for t in found.tests["syntax"]][4:] == [("Linzen", "")]
    assert found.tests["syntax"][4].accuracy == 0 and len(found.tests["short"]) == 6


def test_the_claims(experiment, results):
    verdicts = {claim.number: claim.criterion(experiment).judge(experiment, results) for claim in groups.CLAIMS}
    assert [verdicts[number].holds for number in (26, 27, 32)] == [False, True, True]
    assert verdicts[32].value.endswith("Linzen -")
    few = replace(experiment, n_random=10)  # what was found with more sets is judged by what is possible with these
    lost = Results(results)
    lost["groups"] = replace(
        results["groups"],
        tests={name: [t._replace(p=0.2) for t in tests] for name, tests in results["groups"].tests.items()},
    )
    for claim in groups.CLAIMS:
        with pytest.raises(NotTestable, match="no power, or no data"):
            claim.criterion(few).judge(few, lost)
    assert not groups.CLAIMS[1].criterion(experiment).judge(experiment, lost).holds
