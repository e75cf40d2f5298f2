"""Interchange against a plain loop, against the source itself, and on the planted circuit, whose answer is known."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from small_model import small_model

from minilstm import load, lstm, planted
from minilstm.analyses.attribution import NO_NUMBER_UNITS
from minilstm.analyses.experiment import Experiment
from minilstm.analyses.interchange import (
    METHODS,
    WHAT,
    compare,
    compute,
    interchange,
    pairs,
    parse_units,
    plot_interchange,
)
from minilstm.analyses.number_agreement import agreement
from minilstm.analyses.style import LINES
from minilstm.errors import MinilstmError, StimulusError
from minilstm.stimuli import CONDITIONS, Item, na_task
from minilstm.units import by_layer

SETS = [(), (1,), (9,), (12,), (2, 5), (3, 13), tuple(range(1, 14))]
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


def plain(model, base, source, units, what, places, state="context"):
    """One pair, one word at a time, every unit by `lstm.step`; `places` are the words at which units are exchanged."""
    chosen = by_layer(units, model.sizes)
    start = model.context_state() if state == "context" else lstm.State(*[[np.zeros((1, H)) for H in model.sizes]] * 2)
    reading = [[list(start.h), list(start.C)] for _ in "bs"]  # of base and source: h and C, one a layer
    for t, words in enumerate(zip(base.prefix, source.prefix, strict=True)):
        x = [model.embedding[[model.vocabulary.index(word)]] for word in words]
        for k, layer in enumerate(model.layers):
            mine, theirs = (lstm.step(x[r], reading[r][0][k], reading[r][1][k], *layer) for r in (0, 1))
            h, C = mine.h.copy(), mine.C.copy()
            for u in chosen[k] if t in places else ():
                if what != "h":
                    C[0, u] = theirs.C[0, u]
                    h[0, u] = mine.o[0, u] * np.tanh(C[0, u])
                if what != "C":
                    h[0, u] = theirs.h[0, u]
            for r, (h_new, C_new) in enumerate(((h, C), (theirs.h, theirs.C))):
                reading[r][0][k], reading[r][1][k], x[r] = h_new, C_new, h_new
    right, wrong = (model.vocabulary.index(form) for form in (base.right, base.wrong))
    logits = model.decoder_weight @ reading[0][0][-1][0] + model.decoder_bias
    return logits[right] - logits[wrong]


@pytest.mark.parametrize("what", WHAT)
@pytest.mark.parametrize(("at", "onwards"), [(0, False), (0, True), (2, False), (1, True)])
def test_equals_the_plain_loop(model, what, at, onwards):
    bases, sources = pairs(items("Simple", "nounPP", "SubjRel", n=2))
    found, *_ = interchange(model, bases, sources, SETS, what, at, onwards)
    for p, (base, source) in enumerate(zip(bases, sources, strict=True)):
        places = range(1 + at, len(base.prefix) if onwards else 2 + at)  # the subject is word 1
        expected = [plain(model, base, source, units, what, places) for units in SETS]
        np.testing.assert_allclose(found[:, p], expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("what", WHAT)
def test_layers_of_several_blocks(what):
    """Gates of more rows than are read at a time, in layers that do not fill their blocks."""
    model, (bases, sources) = small_model((20, 33), gain=1), pairs(items("nounPP", n=1))
    sets = [(1,), (17, 53), (37,), (53,), *((u,) for u in range(20, 45))]
    found, *_ = interchange(model, bases, sources, sets, what, onwards=True)
    for p, (base, source) in enumerate(zip(bases, sources, strict=True)):
        expected = [plain(model, base, source, units, what, range(1, len(base.prefix))) for units in sets]
        np.testing.assert_allclose(found[:, p], expected, rtol=1e-10, atol=1e-12)


def test_from_a_zero_state_and_in_one_layer():
    model = small_model((7,))
    bases, sources = pairs(items("CoAdv", n=2))
    found, *_ = interchange(model, bases, sources, [(3,), (1, 7)], state=None)
    expected = [
        [plain(model, b, s, units, "C", [1], None) for b, s in zip(bases, sources, strict=True)]
        for units in [(3,), (1, 7)]
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


def test_with_all_units_exchanged_the_network_is_the_sources(model):
    every = [tuple(range(1, 14))]
    bases, sources = pairs(items("nounPP"))  # they differ in the subject only
    once, _, source = interchange(model, bases, sources, every, "both")
    np.testing.assert_allclose(once[0], source, rtol=1e-12, atol=1e-13)
    bases, sources = pairs(items("SubjRel", "2SubjRel"))  # and here in the verb of the clause too
    once, _, source = interchange(model, bases, sources, every, "both")
    assert np.abs(once[0] - source).min() > 1e-6
    onwards, *_ = interchange(model, bases, sources, every, "both", onwards=True)
    np.testing.assert_allclose(onwards[0], source, rtol=1e-12, atol=1e-13)


def test_with_none_exchanged_it_is_the_bases(model):
    bases, sources = pairs(items("nounPPAdv"))
    swapped, intact, source = interchange(model, bases, sources, [(), (4,)], onwards=True)
    np.testing.assert_array_equal(swapped[0], intact)
    np.testing.assert_allclose(intact, agreement(model, bases).margins, atol=1e-12)
    np.testing.assert_allclose(source, -agreement(model, sources).margins, atol=1e-12)
    assert (swapped[1] != intact).all()
    itself, *_ = interchange(model, bases, bases, [(4,), (9, 13)], onwards=True)
    np.testing.assert_array_equal(itself, [intact, intact])  # two sentences that do not differ


def test_pairs_differ_in_the_subjects_number():
    given = items("Simple", "namePP", "2SubjRel", n=2)
    bases, sources = pairs(given)
    assert bases == tuple(given)  # each serves once
    for base, source in zip(bases, sources, strict=True):
        assert (base.task, base.id, base.condition[1:]) == (source.task, source.id, source.condition[1:])
        assert {base.condition[0], source.condition[0]} == set("SP") and base.prefix[1] != source.prefix[1]
    alone = na_task("nounPP", "SP", 3) + na_task("nounPP", "PP", 2)
    assert [item.id for item in pairs(alone)[0]] == [1, 2, 1, 2]
    for none in (na_task("nounPP", "SP", 3), [Item(("The", "boy"), "greets", "greet", "mine", "easy", 1)], []):
        with pytest.raises(StimulusError, match="conditions that differ in the subject's number, such as SP and PP"):
            pairs(none)
    other = na_task("Simple", "P", 1, seed=5)
    with pytest.raises(StimulusError, match="differ in number only, got The .* / The"):
        pairs([*na_task("Simple", "S", 1), *other])


def test_what_is_copied_has_a_name(model):
    bases, sources = pairs(items("Simple"))
    with pytest.raises(MinilstmError, match="what to copy: expected one of C, h, both, got 'c'"):
        interchange(model, bases, sources, [(1,)], "c")
    with pytest.raises(MinilstmError, match="unit 14: this network has units 1 to 13"):
        interchange(model, bases, sources, [(14,)])


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
        found.margins["onwards"], interchange(model, bases, sources, [(3,), (10,)], onwards=True)[0]
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
        "short_range": SimpleNamespace(units=short_range),
        "syntax_unit": SimpleNamespace(unit=syntax),
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
    found = compute(experiment, results(named=(SINGULAR,)), what="h", group=[parse_units("1,2"), (3, 4)], most=2)
    assert found.comparison.sets == ((SINGULAR,), (1, 2), (3, 4)) and "with h of unit 71 0.0 %" in found.text()[1]
    assert [len(table.rows) for table in found.tables()] == [8, 12] and found.tables()[1].long
    with pytest.raises(Exception, match="expected unit numbers such as 3,17, got 'a'"):
        parse_units("a")
    own = Experiment(experiment.model, n=4, half="all", tasks=("SubjRel",))
    other = compute(own, results())
    assert {row[1] for row in other.tables()[0].rows} == {"SubjRel"} and len(other.text()) == 1 and not other.summary()


def test_without_number_units_there_is_a_sentence_that_says_so(experiment):
    found = compute(experiment, results(()))
    assert found.comparison is None and found.text() == [NO_NUMBER_UNITS]
    assert found.tables() == found.figures() == [] and found.summary() == ""
    assert compute(experiment, results(()), group=[(1, 2)]).comparison.sets == ((1, 2),)
