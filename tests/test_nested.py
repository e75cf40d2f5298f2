"""Nested dependencies: on the planted circuit, whose answer is known, and each claim on made-up margins."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from small_model import small_model

from minilstm import agreement, load, planted
from minilstm.analyses.base import NotTestable, Results
from minilstm.analyses.experiment import Experiment
from minilstm.analyses.interventions import Comparison, compare
from minilstm.analyses.nested import (
    CLAIMS,
    NESTED_TASKS,
    carrier,
    compute,
    costliest,
)
from minilstm.analyses.number_units import NumberUnits
from minilstm.cli.main import main
from minilstm.errors import StimulusError
from minilstm.stimuli import CONDITIONS, LEXICONS, na_tasks, pairs, read_items

S, P, SYNTAX = (planted.UNITS[name] for name in ("long-range singular", "long-range plural", "syntax"))
AGAINST = "SP", "PS", "SPS", "SPP", "PSS", "PSP"  # the two subjects differ in number


@pytest.fixture(scope="module")
def found():
    results = Results({"number_units": NumberUnits(named=(S, P))})
    return compute(Experiment(load("planted"), n=12), results)


def test_the_planted_circuit_holds_one_number_at_a_time(found):
    """Its outer verbs are right throughout; the inner ones agree with the outer subject, or with the third noun."""
    for task, comparison in found.tasks.items():
        for condition in CONDITIONS[task]:
            wrong = task.endswith("Inner") and condition in AGAINST
            assert comparison.accuracy(condition) == (0 if wrong else 1), (task, condition)


def test_who_carries_the_outer_number_and_who_only_guards_it(found):
    for task in ("ShortNestedOuter", "LongNestedOuter"):
        assert carrier(found.searches[task]) in (S, P) and costliest(found.searches[task]) == SYNTAX
        comparison = found.tasks[task]
        assert comparison.sets == ((S,), (P,), (SYNTAX,), (S, P))
        flips = comparison.flips("once")
        assert flips[2] == 0 and flips[3] == 1 and flips[0] == flips[1] == 0.5
    assert found.roles == {S: ("given",), P: ("given",), SYNTAX: ()}


def test_no_sentence_is_both_searched_on_and_judged_on():
    for half in ("even", "all"):
        experiment = Experiment(load("planted"), n=24, half=half, tasks=("ShortNestedOuter",))
        found = compute(experiment, Results({"number_units": NumberUnits(named=(S,))}))
        searched, judged = (
            {item.id for item in one["ShortNestedOuter"].items} for one in (found.searches, found.tasks)
        )
        assert searched == set(range(1, 20, 2))
        assert judged == ({*range(2, 25, 2)} if half == "even" else {*range(1, 25)} - searched)


def test_without_its_long_range_unit_the_inner_verb_is_right(found):
    """The number of the outer subject stands in its way."""
    assert found.tasks["ShortNestedInner"].accuracy("SP", S) == found.tasks["ShortNestedInner"].accuracy("PS", P) == 1
    assert carrier(found.searches["ShortNestedInner"]) is None  # nothing is right with either number
    assert "no unit can be seen to carry it" in " ".join(found.text())
    assert {None} == {row[2] for row in found.tables()[1].rows if row[0].endswith("Inner")}


def test_two_methods_find_what_all_four_do():
    model, sets = small_model(), [(2,), (9, 13)]
    for task in NESTED_TASKS:
        items = na_tasks(n=2, tasks=(task,))
        two, expected = compare(model, items, sets, methods=("zero", "once")), compare(model, items, sets)
        assert two.items == expected.items and two.sets == expected.sets and list(two.margins) == ["zero", "once"]
        for method in ("zero", "once"):
            np.testing.assert_array_equal(two.margins[method], expected.margins[method])


def test_the_source_has_the_other_number_of_the_noun_that_the_verb_agrees_with():
    for task in NESTED_TASKS:
        noun = NESTED_TASKS[task].tested_noun
        bases, sources = pairs(na_tasks(n=3, tasks=(task,)))
        assert len(bases) == 3 * len(CONDITIONS[task])
        for base, source in zip(bases, sources, strict=True):
            differ = [k for k, (a, b) in enumerate(zip(base.condition, source.condition, strict=True)) if a != b]
            assert differ == [noun] and (base.right, base.id) == (source.wrong, source.id)


def made_up(accuracy, flips=None):
    """Results with these accuracies {task: {condition: share}}; `flips` {task: share} with unit 5's cell exchanged."""
    tasks = {}
    for task in NESTED_TASKS:
        items = tuple(na_tasks(n=20, tasks=(task,)))
        shares = accuracy.get(task, {})
        intact = np.concatenate(
            [np.where(np.arange(20) < 20 * shares.get(condition, 1), 1.0, -1.0) for condition in CONDITIONS[task]]
        )
        once = np.where(np.arange(len(items)) < len(items) * (flips or {}).get(task, 0), -1.0, intact)
        tasks[task] = Comparison(items, ((5,),), intact, -np.abs(intact), {"zero": intact[None], "once": once[None]})
    return Results({"nested": SimpleNamespace(tasks=tasks), "number_units": NumberUnits(named=(5,))})


def judge(number, results):
    experiment = SimpleNamespace(original=False)
    return next(claim for claim in CLAIMS if claim.number == number).criterion(experiment).judge(experiment, results)


def test_claim_47_is_about_both_numbers_against_the_verb():
    inner = "LongNestedInner"
    both, one = (judge(47, made_up({inner: {"SPS": sps, "PSP": psp}})) for sps, psp in ((0, 0.2), (0.9, 0)))
    assert both.holds and both.value == "SPS 0.0, PSP 20.0; mean 10.0 %" and both.reason == ""
    assert one.holds and one.reason == "below chance in PSP only: one form is preferred, whatever the noun"
    assert not judge(47, made_up({inner: {"SPS": 0.5, "PSP": 0.5}})).holds  # chance is not below chance
    with pytest.raises(NotTestable, match="55.0 % in SSS"):
        judge(47, made_up({inner: {"SPS": 0, "PSP": 0, "SSS": 0.55}}))


def test_claim_48_compares_the_two_verbs():
    conditions = "SPS", "SPP", "PSS", "PSP"
    half, more = dict.fromkeys(conditions, 0.5), dict.fromkeys(conditions, 0.6)
    assert judge(48, made_up({"LongNestedInner": half, "LongNestedOuter": more})).holds
    assert not judge(48, made_up({"LongNestedInner": more, "LongNestedOuter": more})).holds
    assert not judge(48, made_up({"LongNestedInner": more, "LongNestedOuter": half})).holds
    with pytest.raises(NotTestable, match="outer verbs in PPP"):
        judge(48, made_up({"LongNestedOuter": {"PPP": 0.2}}))


def test_claim_49_asks_for_one_number_and_not_the_other():
    outer, inner = "ShortNestedOuter", "ShortNestedInner"
    assert judge(49, made_up({}, {outer: 0.5, inner: 0.4})).holds
    assert not judge(49, made_up({}, {outer: 0.4, inner: 0.1})).holds
    assert not judge(49, made_up({}, {outer: 1, inner: 0.6})).holds
    with pytest.raises(NotTestable, match="0 sentences of ShortNestedInner"):
        judge(49, made_up({inner: dict.fromkeys(CONDITIONS[inner], 0)}))
    with pytest.raises(NotTestable, match="neither"):
        judge(49, made_up({}) | {"number_units": NumberUnits()})


def test_the_command_prints_writes_and_refuses(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    arguments = ["nested", "--model", "planted", "--n", "6", "--task", "LongNestedOuter"]
    assert main([*arguments, "--out", "new"]) == 0
    assert "LongNestedOuter  SPS" in capsys.readouterr().out
    names = {path.name for path in (tmp_path / "new").iterdir()}
    assert names == {"nested.csv", "nested.png", "nested_search.csv", "nested_carriers.csv", "nested_carriers.png"}
    assert main([*arguments, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["nested"]
    assert [row["condition"] for row in rows] == list(CONDITIONS["LongNestedOuter"])
    assert main(["nested", "--model", "planted", "--task", "Simple"]) == 2
    assert "expected odd and even ids of ShortNestedInner" in capsys.readouterr().err


def test_verbs_that_the_model_does_not_know_are_left_out():
    lexicon = replace(LEXICONS["paper"], name="mine", verbs=(("frobs", "frob"), ("quuxes", "quux")))
    with pytest.raises(StimulusError, match="there are none"):
        compute(Experiment(load("planted"), n=4, lexicon=lexicon), Results({"number_units": NumberUnits(named=(S,))}))


def test_published_sentences_get_the_answers_that_ours_get(reference):
    """The planted circuit sees nothing but form: on BIG-bench's sentences, as far as it knows the words, too."""
    model = load("planted")
    for path in (reference / "bigbench").glob("*.json"):
        items = [item for item in read_items(path) if {*item.prefix, item.right, item.wrong} <= set(model.vocabulary)]
        assert {item.condition for item in items} == set(CONDITIONS[items[0].task]) and len(items) > 100
        margins = agreement(model, items).margins
        wrong = [item.task.endswith("Inner") and item.condition in AGAINST for item in items]
        np.testing.assert_array_equal(margins < 0, wrong)
