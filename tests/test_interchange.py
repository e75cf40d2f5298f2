"""Interchange beside ablation, on the planted circuit, whose answer is known; patching itself: `test_exchange.py`."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from small_model import small_model

from minilstm import load, planted
from minilstm.analyses.exchange import exchange
from minilstm.analyses.experiment import Experiment, unit_numbers
from minilstm.analyses.interchange import compute, plot_interchange
from minilstm.analyses.interventions import METHODS, compare
from minilstm.analyses.number_agreement import agreement
from minilstm.analyses.number_units import NO_NUMBER_UNITS
from minilstm.analyses.style import LINES
from minilstm.stimuli import CONDITIONS, Item, na_task, pairs

SINGULAR, PLURAL, SYNTAX = (
    planted.UNITS["long-range singular"],
    planted.UNITS["long-range plural"],
    planted.UNITS["syntax"],
)


@pytest.fixture(scope="module")
def model():
    return small_model()


def items(*tasks, n=3):
    return [item for task in tasks for c in CONDITIONS[task] for item in na_task(task, c, n)]


def test_it_finds_exactly_the_planted_number_units():
    """The guard of the memory is needed and tells nothing; no bystander and no copy of a feature makes a verb flip."""
    found = compare(load("planted"), items("nounPP", n=20))
    conditions = found.by_condition()
    assert {key: len(where) for key, where in conditions.items()} == {
        ("nounPP", c): 20 for c in ("SS", "SP", "PS", "PP")
    }
    for condition in ("SP", "PS"):
        where = conditions["nounPP", condition]
        flips = {method: found.flips(method, where) for method in METHODS}
        assert (
            set(np.flatnonzero(flips["once"]) + 1) == {SINGULAR, PLURAL}
            and flips["once"][[SINGULAR - 1, PLURAL - 1]].min() == 1
        )
        own = SINGULAR if condition == "SP" else PLURAL
        assert set(np.flatnonzero(flips["zero"]) + 1) == {own, SYNTAX}
    for method in ("once", "onwards"):
        moved = np.array([found.moved(method, where) for where in conditions.values()])  # (conditions, units)
        assert set(np.flatnonzero((np.abs(moved) > 0.2).all(axis=0)) + 1) == {SINGULAR, PLURAL}
        np.testing.assert_allclose(moved[:, [SINGULAR - 1, PLURAL - 1]], 0.5, atol=0.06)  # half of the way each
        np.testing.assert_allclose(moved[:, SYNTAX - 1], 0, atol=1e-3)
    both = compare(load("planted"), items("nounPP", n=20), [(SINGULAR, PLURAL)])
    for where in both.by_condition().values():
        np.testing.assert_allclose(both.moved("once", where), 1, atol=0.05)


def test_the_measures_count_what_is_right_both_ways(model):
    """Two items that the network gets right with either subject, and one that it does not."""
    given = na_task("nounPP", "SP", 3)
    made = replace(
        compare(model, items("nounPP"), [(1,), (2, 3)]),
        items=tuple(given),
        intact=np.array([2.0, 1.0, 1.0]),
        source=np.array([-2.0, -1.0, 0.5]),
        margins=dict.fromkeys(METHODS, np.array([[1.0, 1.0, -9.0], [0.0, -1.5, -9.0]])),
    )
    where = made.by_condition()["nounPP", "SP"]
    assert where.tolist() == [0, 1]
    assert made.flips("once", where).tolist() == [0, 1]  # a tie is not right
    np.testing.assert_allclose(made.moved("once", where), [0.5 / 3, 2.25 / 3])
    columns, rows = made.rows()
    assert columns[:6] == ["units", "task", "condition", "n", "zero: flips", "zero: moved"]
    assert rows[0][:5] == ["2+3", "nounPP", "SP", 2, 100.0] and rows[0][5] == pytest.approx(75) and rows[1][0] == "1"
    nothing = replace(made, source=np.ones(3))
    assert np.isnan(nothing.moved("once", nothing.by_condition()["nounPP", "SP"])).all()
    assert nothing.rows()[1][0][3] == 0


def test_methods_are_those_of_the_ablation_engine(model):
    found = compare(model, items("nounPP"), [(3,), (10,)])
    np.testing.assert_allclose(found.margins["zero"][1], agreement(model, found.items, ablate=[10]).margins, atol=1e-12)
    at_mean = agreement(model, found.items, ablate=[10], kind="mean").margins
    np.testing.assert_allclose(found.margins["mean"][1], at_mean, atol=1e-12)
    bases, sources = pairs(items("nounPP"))
    np.testing.assert_array_equal(
        found.margins["onwards"], exchange(model, bases, sources, [(3,), (10,)], onwards=True)[0]
    )


def test_an_unknown_verb_is_left_out(model):
    odd = [
        Item(("The", noun), *forms, "Simple", c, 9)
        for noun, forms, c in (("boy", ("yodels", "yodel"), "S"), ("boys", ("yodel", "yodels"), "P"))
    ]
    assert len(compare(model, [*odd, *items("Simple")], [(1,)]).items) == 6


def test_the_picture_shows_the_numbers():
    found = compare(load("planted"), items("nounPP", n=4), [(SINGULAR,), (PLURAL,), (SYNTAX,), (1,)])
    fig = plot_interchange(found, 3)
    axis, sets, where = fig.axes[2], found.strongest(3), found.by_condition()["nounPP", "PS"]
    assert [label.get_text() for label in axis.get_xticklabels()] == [str(found.sets[k][0]) for k in sets]
    points = {line.get_color(): line.get_ydata() for line in axis.lines if line.get_marker() in "os^D"}
    for method, (color, _) in zip(METHODS, LINES, strict=False):
        np.testing.assert_allclose(points[color], 100 * found.moved(method, where)[sets])


SHORT = tuple(planted.UNITS[f"short-range {k}"] for k in (1, 2))


@pytest.fixture(scope="module")
def experiment():
    return Experiment(load("planted"), n=12)


def results(long_range=(SINGULAR, PLURAL), short_range=SHORT, syntax=SYNTAX, named=()):
    """What is asked of earlier analyses."""
    return {
        "number_units": SimpleNamespace(long_range=named or long_range, named=named),
        "short_range": SimpleNamespace(units=short_range, named=False),
        "syntax_unit": SimpleNamespace(unit=syntax, displayed=(syntax,), named=False),
    }


@pytest.mark.parametrize(
    ("earlier", "sets"),
    [
        (results(), [(SINGULAR,), (PLURAL,), (SYNTAX,), (SINGULAR, PLURAL), SHORT]),
        (results((PLURAL,), SHORT[:1], None), [(PLURAL,), SHORT[:1]]),
        (results((PLURAL,), (), PLURAL), [(PLURAL,)]),
        (results(named=(SYNTAX, 3)), [(SYNTAX,), (3,)]),
    ],
    ids=["all", "few", "one", "named"],
)
def test_it_is_of_the_units_found_on_sentences_that_they_were_not_chosen_on(experiment, earlier, sets):
    found = compute(experiment, earlier)
    assert found.comparison.sets == tuple(sets) and {item.id % 2 for item in found.comparison.items} == {0}
    (table,) = found.tables()
    assert table.name == "interchange" and len(table.rows) == 4 * len(sets)
    assert table.rows == compare(experiment.model, experiment.sentences("nounPP"), sets).rows()[1]
    assert "follow the other sentence: with C of unit 7" in found.summary()


def test_in_the_planted_network_the_number_units_carry_and_the_syntax_unit_does_not(experiment):
    found = compute(experiment, results())
    flips = found.text()[1]
    assert "with C of unit 71 100.0 % and 100.0 %; of unit 72 100.0 % and 100.0 %" in flips
    assert "of unit 73 0.0 % and 0.0 %" in flips and "of units 76 and 77 0.0 % and 0.0 %" in flips
    assert found.summary().endswith("with C of unit 71 100.0 % and 100.0 %; of unit 72 100.0 % and 100.0 %.")
    assert len(found.figures()[0].draw().axes) == 4


def test_groups_what_is_copied_and_how_much_is_shown_can_be_given(experiment):
    found = compute(experiment, results(named=(SINGULAR,)), what="h", group=[unit_numbers("1,2,1"), (3, 4)], most=2)
    assert found.comparison.sets == ((SINGULAR,), (1, 2), (3, 4)) and "with h of unit 71 0.0 %" in found.text()[1]
    assert [len(table.rows) for table in found.tables()] == [8, 12] and found.tables()[1].long
    with pytest.raises(Exception, match="expected unit numbers such as 3,17, got 'a'"):
        unit_numbers("a")
    own = Experiment(experiment.model, n=4, half="all", tasks=("SubjRel",))
    other = compute(own, results())
    assert {row[1] for row in other.tables()[0].rows} == {"SubjRel"} and len(other.text()) == 1 and not other.summary()


def test_without_number_units_there_is_a_sentence_that_says_so(experiment):
    found = compute(experiment, results(()))
    assert found.comparison is None and found.text() == [NO_NUMBER_UNITS]
    assert found.tables() == found.figures() == [] and found.summary() == ""
    assert compute(experiment, results(()), group=[(1, 2)]).comparison.sets == ((1, 2),)
