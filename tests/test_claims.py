"""The ledger: its 40 entries, each rule on made-up findings, and what it says of the planted circuit."""

from dataclasses import replace

import numpy as np
import pytest
from paper_findings import FIRST, N, P, S, Y, judge, margins, paper_findings, separated
from small_model import small_model

from minilstm import load, planted
from minilstm.activity import lower_context
from minilstm.analyses import ANALYSES, decoding, number_units, short_range, syntax_unit
from minilstm.analyses import linzen as linzen_set
from minilstm.analyses.base import VERDICTS, Results, Unavailable
from minilstm.analyses.experiment import Experiment
from minilstm.analyses.number_agreement import agreement
from minilstm.analyses.statistics import mcnemar, signed_ranks
from minilstm.analyses.table2 import Table2
from minilstm.errors import StimulusError
from minilstm.report import ledger
from minilstm.report.ledger import CLAIMS, LATER
from minilstm.report.reproduce import results_of, run
from minilstm.stimuli import na_task

HOLDS, FAILS, UNTESTABLE = VERDICTS
SECTIONS = """4.1 T2, 4.1, 4.1, 4.1, 4.1, 4.1, 4.1, 4.1, 4.1, 4.1, 4.1, 4.2,
fn 5, F1a, F1b, F1, F1, F1, F1, F1,
F1d, F1d, F2, F2, 4.2, 4.2, 4.2, 4.2, 4.3, 4.3, 4.3, 4.3, 4.3, F3a-b, F3c-d, 4.4, 4.4, 5, 4.4, 4.4"""


@pytest.fixture(scope="module")
def paper():
    return paper_findings()


@pytest.fixture(scope="module")
def other(paper):
    """The same numbers in a model whose units have no known numbers: even ids score."""
    even = np.array([item.id % 2 == 0 for item in paper.items])
    return replace(paper, original=False, scored=even)


def verdict(findings, number):
    return judge(findings, [CLAIMS[number - 1]])[0].verdict


def test_forty_entries():
    assert [claim.number for claim in CLAIMS] == list(range(1, 41))
    assert [claim.section for claim in CLAIMS] == SECTIONS.replace("\n", " ").split(", ")
    assert all(claim.text and claim.paper and claim.measure for claim in CLAIMS)
    assert all(claim.other.text and (claim.original is None or claim.original.text) for claim in CLAIMS)


def test_claims_of_later_papers_have_numbers_of_their_own():
    """They belong to analyses beyond the paper; the gaps are those of analyses to come."""
    numbers = [claim.number for claim in LATER]
    assert numbers[0] == 41 and numbers == sorted(set(numbers))
    assert all(claim.section and claim.text and claim.paper and claim.measure for claim in LATER)
    assert not {claim for one in ANALYSES if one.paper for claim in one.claims} & set(LATER)


def test_the_papers_own_numbers_satisfy_every_claim(paper):
    assert {j.number: (j.value, j.reason) for j in judge(paper) if j.verdict != HOLDS} == {}


def test_as_another_model_the_paper_satisfies_all_but_one(other):
    found = {j.number: j.verdict for j in judge(other)}
    # Fig. 4a shows an afferent of the input gate of 988 that is stronger than 1150
    assert {number for number, one in found.items() if one != HOLDS} == {38}


def test_another_model_is_scored_on_even_ids(other):
    ablated, odd = other.ablated.copy(), np.array([item.id % 2 == 1 for item in other.items])
    ablated[P - 1, other.where("nounPP", "PS") & odd] = 1
    assert verdict(replace(other, ablated=ablated), 7) == HOLDS
    ablated[P - 1, other.where("nounPP", "PS") & ~odd] = 1
    assert verdict(replace(other, ablated=ablated), 7) == FAILS


def cell(findings, task, condition, percent, unit=None):
    """Findings in which one accuracy is another one."""
    where, values = findings.where(task, condition), margins(percent, N)
    if unit is None:
        full = findings.full.copy()
        full[where] = values
        return replace(findings, full=full)
    ablated = findings.ablated.copy()
    ablated[unit - 1, where] = values
    return replace(findings, ablated=ablated)


def gate(findings, name, index, value):
    mean = {key: array.copy() for key, array in findings.dynamics.mean.items()}
    mean[name][index] = value
    return replace(findings, dynamics=replace(findings.dynamics, mean=mean))


def weight(findings, unit, apart):
    weights = findings.weights.copy()
    weights[:, :, unit - FIRST] = separated(apart)
    return replace(findings, weights=weights)


def groups(findings, name, **changes):
    tests = [test._replace(**changes) for test in findings.groups[name]]
    return replace(findings, groups={**findings.groups, name: tests})


def depth(findings, **changes):
    return replace(findings, depth=replace(findings.depth, **changes))


def auc(findings, seen, position, value):
    curve = findings.decoding[seen].copy()
    curve[position] = value
    return replace(findings, decoding={**findings.decoding, seen: curve})


def cells(findings, task, step, value):
    found = findings.structures[task]
    C = found.mean["C"].copy()
    C[0, step] = value
    return replace(findings, structures={**findings.structures, task: replace(found, mean={"C": C})})


def afferent(findings, target, which, value, source=Y, field="connectivity"):
    found = getattr(findings, field)
    weights = found.weights.copy()
    weights[found.targets.index(target), "ifgo".index(which), source - FIRST] = value
    return replace(findings, **{field: replace(found, weights=weights)})


def linzen(findings, full=None, off=None):
    changes = {name: value for name, value in (("full", full), ("ablated", off)) if value is not None}
    return replace(findings, linzen=replace(findings.linzen, **changes))


# What makes the claim fail for the paper's model, and for any other.
BROKEN = {
    1: lambda f: cell(f, "Simple", "S", 90),
    2: lambda f: linzen(f, full=margins(63, 7489)),
    3: lambda f: cell(f, "CoAdv", "S", 80),
    4: lambda f: cell(f, "nounPP", "SS", 87),
    5: lambda f: cell(f, "nounPPAdv", "SP", 99.5),
    6: lambda f: replace(f, counts=f.counts[::-1]),
    7: lambda f: cell(f, "nounPP", "PS", 80, P),
    8: lambda f: cell(f, "nounPP", "SP", 80, S),
    9: lambda f: cell(f, "nounPP", "PP", 80, S),
    10: lambda f: cell(cell(f, "nounPP", "SP", 60, 7), "nounPPAdv", "SP", 60, 7),
    11: lambda f: linzen(f, off={**f.linzen.ablated, S: margins(80, 7489)}),
    12: lambda f: cell(f, "2Adv", "P", 80, P),
    13: lambda f: replace(f, anywhere={"S": S, "P": 7}),
    14: lambda f: gate(f, "C", (slice(None), 4, 0), 0),
    15: lambda f: gate(f, "C", (slice(None), 4, 1), -1.2),
    16: lambda f: gate(f, "i", (slice(2, 4), 1, 0), 0.6),
    17: lambda f: gate(f, "i", (3, 4, 1), 0.4),
    18: lambda f: gate(f, "i", (slice(None), 2, 0), 0.9),
    19: lambda f: gate(f, "f", (0, 3, 0), 0.5),
    20: lambda f: gate(f, "o", (2, 4, 1), 0.5),
    21: lambda f: weight(f, S, 20),
    22: lambda f: weight(f, Y, 3),
    23: lambda f: auc(f, P, 5, 0.8),
    24: lambda f: auc(f, "rest", 4, 0.5),
    25: lambda f: replace(f, short_range=()),
    26: lambda f: groups(f, "short", p=0.3),
    27: lambda f: groups(f, "short and long", p=0.3),
    28: lambda f: replace(f, votes=np.r_[np.ones(7), -np.ones(5)]),
    29: lambda f: depth(f, r2_without=np.full(5, 0.5)),
    30: lambda f: depth(f, r2=np.full(5, 0.9)),
    31: lambda f: depth(f, outliers=tuple(range(1, 100))),
    32: lambda f: groups(f, "syntax", p=0.3),
    34: lambda f: cells(f, "nounPP", 5, 0.9),
    35: lambda f: cells(f, "2SubjRel", 7, -1.2),
    36: lambda f: afferent(f, S, "f", 1),
    37: lambda f: afferent(f, P, "i", 1),
    38: lambda f: afferent(f, P, "i", 1),
    39: lambda f: afferent(f, P, "i", -0.5, S, "bare"),
    40: lambda f: afferent(f, P, "f", -8, field="bare"),
}


@pytest.mark.parametrize("number", BROKEN)
def test_each_claim_can_fail(paper, other, number):
    assert verdict(BROKEN[number](paper), number) == FAILS
    assert verdict(BROKEN[number](other), number) == FAILS


@pytest.mark.parametrize("which", ["paper", "other"])
def test_an_unscored_sentence_is_as_good_as_missing(which, request):
    """A sentence whose verb the model does not know has no margin: it is neither right nor wrong."""
    findings = request.getfixturevalue(which)
    odd = np.array([item.id % 7 == 3 for item in findings.items])

    def margins(change):
        return {name: change(getattr(findings, name)) for name in ("full", "ablated", "lowered")}

    blank = replace(findings, **margins(lambda array: np.where(odd, np.nan, array)))
    fewer = replace(
        findings,
        items=tuple(item for item, out in zip(findings.items, odd, strict=True) if not out),
        scored=findings.scored[~odd],
        **margins(lambda array: array[..., ~odd]),
    )
    assert judge(blank) == judge(fewer)


def test_the_outlier_has_to_be_there(paper, other):
    without = tuple(unit for unit in paper.depth.outliers if unit != Y)
    assert verdict(depth(paper, outliers=without), 33) == FAILS
    assert verdict(depth(replace(other, syntax=None), outliers=()), 33) == FAILS
    assert verdict(depth(replace(other, syntax=None), outliers=(3,)), 33) == FAILS  # of the first layer


# What a claim presupposes is missing.
MISSING = {
    2: lambda f: replace(f, linzen=None, no_linzen="not given"),
    6: lambda f: replace(f, counts=None),
    7: lambda f: cell(f, "nounPP", "PS", 55),
    8: lambda f: cell(f, "nounPP", "SP", 55),
    9: lambda f: replace(f, chosen={"S": None, "P": P}),
    10: lambda f: cell(f, "nounPPAdv", "PS", 40),
    11: lambda f: replace(f, linzen=None, no_linzen="not given"),
    12: lambda f: cell(f, "2Adv", "P", 40),
    13: lambda f: replace(f, sizes=(1300,)),
    14: lambda f: replace(f, chosen={"S": None, "P": P}),
    15: lambda f: replace(f, chosen={"S": S, "P": None}),
    **dict.fromkeys(
        (16, 17, 18, 19, 20, 21, 23, 24, 27, 28, 36, 37, 38, 39, 40), lambda f: replace(f, chosen={"S": S, "P": None})
    ),
    **dict.fromkeys((22, 34, 35, 36, 37, 38, 40), lambda f: replace(f, syntax=None)),
    26: lambda f: replace(f, short_range=()),
    28: lambda f: replace(f, votes=-np.ones(9)),
    29: lambda f: depth(f, r2_frequency=np.full(5, np.nan)),
    30: lambda f: depth(f, r2_frequency=np.full(5, np.nan)),
    31: lambda f: depth(f, weights=np.zeros(32)),
    32: lambda f: depth(f, outliers=()),
    33: lambda f: depth(replace(f, sizes=(4, 4)), weights=np.zeros(8), z=np.zeros(8)),
}


@pytest.mark.parametrize("number", MISSING)
def test_what_lacks_its_premise_is_not_testable(other, number):
    (found,) = judge(MISSING[number](other), [CLAIMS[number - 1]])
    assert (found.verdict, bool(found.reason)) == (UNTESTABLE, True)


def test_the_sign_of_a_code_is_that_for_the_units_own_number(other):
    """The cell of S* may be further from 0 after plurals: what it writes of singulars is a negative cell."""
    assert verdict(gate(other, "C", (slice(2, 4), 4, 0), 3), 39) == HOLDS
    assert verdict(gate(other, "C", (slice(0, 2), 4, 0), 1), 39) == FAILS


def test_one_unit_for_both_numbers_has_no_reciprocal_weights(other):
    found = judge(replace(other, chosen={"S": S, "P": S}), CLAIMS[35:])
    assert {one.verdict for one in found} == {UNTESTABLE} and "both S* and P*" in found[3].reason


@pytest.mark.parametrize("change", [{"power": 0.5}, {"full": 0.5}])
def test_a_test_without_power_proves_nothing(other, change):
    for number, name in ((26, "short"), (27, "short and long"), (32, "syntax")):
        assert verdict(groups(other, name, p=0.3, **change), number) == UNTESTABLE
    tests = other.groups["short"]
    some = [t._replace(p=0.3, **change) if t.condition == "S" else t._replace(p=0.3) for t in tests]
    assert verdict(replace(other, groups={**other.groups, "short": some}), 26) == FAILS  # 3 of 6 at best


def test_too_few_random_sets_have_no_power(other):
    assert verdict(replace(groups(other, "short", p=0.1), n_random=9), 26) == UNTESTABLE
    # one unit of 32: all 32 sets are drawn, the group itself among them
    single = replace(groups(other, "short", p=2 / 33), short_range=(3,), sizes=(32,))
    assert verdict(single, 26) == UNTESTABLE


def test_at_the_ceiling_margins_decide(other):
    full, rng = np.ones(len(other.full)), np.random.default_rng(0)
    at_ceiling = replace(other, full=full)
    found = judge(at_ceiling, CLAIMS[2:5])
    assert [one.verdict for one in found] == [FAILS] * 3  # all margins the same
    assert "by margin" in found[0].reason
    full = full + rng.uniform(0, 0.1, len(full))
    for task, condition, more in (
        ("Simple", "S", 3),
        ("Simple", "P", 3),
        ("CoAdv", "S", 2),
        ("CoAdv", "P", 2),
        ("nounPP", "SS", 1),
        ("nounPP", "PP", 1),
        ("nounPP", "PS", 0.5),
        ("nounPPAdv", "PS", 0.5),
    ):
        full[other.where(task, condition)] += more
    found = judge(replace(other, full=full), CLAIMS[2:5])
    assert [one.verdict for one in found] == [HOLDS] * 3
    assert "margin" in found[1].value


def test_paired_tests():
    a = np.repeat([True, False], [15, 5])
    assert mcnemar(a, ~a) == pytest.approx(0.0414, abs=1e-4)  # 15 against 5 of 20
    assert mcnemar(a, a) == signed_ranks(np.ones(9), np.ones(9)) == 1
    assert signed_ranks(np.arange(10.0), np.arange(10.0) + np.arange(1, 11)) == pytest.approx(2 / 2**10)


PAPERS = [one for one in ANALYSES if one.paper and one.claims or one.name in ("number_units", "syntax_unit")]


def gather(model, **options):
    """An experiment, and the results that claims are judged by."""
    experiment = Experiment(model, **options)
    return experiment, results_of(run(experiment, analyses=PAPERS))


@pytest.fixture(scope="module")
def circuit():
    """The planted network."""
    return gather(load("planted"), n=40, n_random=100)


# The claims on the planted network that need each analysis.
NEED = {
    "linzen": {2, 11},
    "gates": {*range(14, 22), 39, 40},
    "efferents": {21, 22, 28},
    "decoding": {23, 24},
    "short_range": {25, 26, 27},
    "depth": {*range(29, 34)},
    "syntax_unit": {22, *range(33, 39), 40},
    "structures": {34, 35},
    "connectivity": {36, 37, 38, 39, 40},
    "groups": {26, 27, 32},
}


@pytest.mark.parametrize("name", NEED)
def test_claims_on_what_could_not_be_done_are_not_testable(circuit, name):
    experiment, results = circuit
    rest = {other: one for other, one in results.items() if other != name}
    without = Results(rest, {name: "it lacks a word"})
    pairs = zip(ledger.judge(experiment, results), ledger.judge(experiment, without), strict=True)
    for before, now in pairs:
        if now.number in NEED[name]:
            assert (now.verdict, now.reason) == (UNTESTABLE, f"{name} could not be done: it lacks a word"), now
        else:
            assert now == before


def test_the_planted_units_are_found(circuit):
    experiment, results = circuit
    singular, plural, syntax, *_, short, shorter = planted.UNITS.values()
    units = results["number_units"]
    assert units.selected == units.best_any_layer == {"S": singular, "P": plural}
    items = results["agreement"].items
    assert experiment.evaluates(items).tolist() == [item.id % 2 == 0 for item in items]
    assert results["gates"].dynamics.n.tolist() == [20] * 4
    assert results["syntax_unit"].unit == syntax and results["short_range"].units == (short, shorter)
    assert not experiment.original


def test_what_the_planted_circuit_does_and_does_not(circuit):
    found = {verdict: {j.number for j in ledger.judge(*circuit) if j.verdict == verdict} for verdict in VERDICTS}
    assert found[FAILS] == {
        3,  # nothing makes CoAdv harder than Simple for it: the long-range units speak a word later
        10,  # the syntax unit is needed for both numbers; there is no distributed code to fall back on
        26,  # its short-range units decide Simple only
        29,  # units that know nothing of depth are all it has beside two
    }
    assert found[UNTESTABLE] == {
        2,
        11,  # no Linzen set
        6,
        30,  # no word counts
        28,  # no errors
    }


def test_shuffled_weights_do_none_of_it():
    model, rng = load("planted"), np.random.default_rng(0)
    layers = tuple(type(layer)(*(rng.permutation(a.ravel()).reshape(a.shape) for a in layer)) for layer in model.layers)
    decoder = rng.permutation(model.decoder_weight.ravel()).reshape(model.decoder_weight.shape)
    found = ledger.judge(*gather(replace(model, layers=layers, decoder_weight=decoder), n=20, n_random=100))
    holds = {j.number for j in found if j.verdict == HOLDS}
    assert not holds & {1, 4, *range(7, 12), *range(13, 22), 23, 24, 26, 27, 28, 29, *range(33, 41)}, holds


def test_of_the_papers_model_nothing_is_chosen_and_all_items_score(monkeypatch):
    singular, plural, syntax, *_ = planted.UNITS.values()
    monkeypatch.setattr("minilstm.analyses.experiment.looks_like_paper_model", lambda model: True)
    monkeypatch.setattr(number_units, "ORIGINAL", {"S": plural, "P": singular})
    monkeypatch.setattr(syntax_unit, "ORIGINAL", syntax + 5)
    experiment, results = gather(load("planted"), n=4, n_random=10)
    units, table = results["number_units"], results["agreement"]
    assert experiment.original and units.selected == {"S": plural, "P": singular}
    assert results["syntax_unit"].unit == syntax + 5
    assert units.best_any_layer == {"S": singular, "P": plural}
    assert experiment.evaluates(table.items).all() and results["gates"].dynamics.n.tolist() == [4] * 4
    # activity is read after the context in lower case, in which names are unknown; the predictions are not
    context = lower_context(load("planted")).context
    assert "The" in load("planted").context and not {"The", "Mary"} & set(context)
    np.testing.assert_allclose(table.full, agreement(load("planted"), table.items).margins, rtol=1e-5)
    assert np.abs(table.margins_lowercase - table.full).max() > 1e-3


def test_errors_name_what_is_wrong():
    with pytest.raises(StimulusError, match="2 sentences a condition"):
        Experiment(small_model(), n=1)


def test_a_linzen_set_of_unknown_words_is_not_judged():
    strange = [replace(na_task("Simple", "S", 1)[0], prefix=("zxqv",) * 9)]
    experiment = Experiment(load("planted"), linzen=tuple(strange))
    assert experiment.usable_linzen == () and "18 %" in experiment.why_no_linzen
    with pytest.raises(Unavailable, match="the model knows 18 %"):
        linzen_set.compute(experiment, {})
    partly = [*na_task("Simple", "S", 30), replace(strange[0], prefix=("The", "boy"), wrong="zxqv")]
    experiment, results = gather(load("planted"), n=4, n_random=20, linzen=tuple(partly))
    assert len(results["linzen"].full) == 30  # a sentence whose verb forms are not both known is not scored
    assert ledger.judge(experiment, results)[1].verdict == HOLDS and len(results["groups"].tests["syntax"]) == 5


def test_units_are_chosen_on_odd_ids_and_only_where_it_matters():
    items = tuple(item for condition in ("SP", "PS") for item in na_task("nounPP", condition, 20))
    odd = np.array([item.id % 2 == 1 for item in items])
    ablated = np.ones((6, len(items)))
    ablated[1, ~odd] = -1  # hurts on even ids only
    ablated[3, np.flatnonzero(odd)[[0, 1]]] = -1  # 2 of the 10 odd ones, SP
    ablated[4, np.flatnonzero(odd)[[10]]] = -1  # 1 of 10, PS
    table = Table2(items, np.ones(len(items)), ablated, None, None)

    def largest(number, units):
        return number_units._largest_drop(table, odd, number, units, strict=True)

    assert largest("S", range(1, 7)) == 4 and largest("S", range(5, 7)) is None
    assert largest("P", range(1, 7)) is None  # 10 points are not enough
    table.full[np.flatnonzero(odd)[:5]] = -1  # 50 % of SP
    assert largest("S", range(1, 7)) is None


def test_short_range_units_are_chosen_on_odd_ids_and_decoded_on_even_ones(monkeypatch):
    read = []

    def watched(model, items, **options):
        read.append({item.id for item in items})
        return number_data(model, items, **options)

    number_data = decoding.number_data
    monkeypatch.setattr(decoding, "number_data", watched)
    monkeypatch.setattr(short_range, "number_data", watched)
    experiment = Experiment(load("planted"), n=20)
    decoding.compute(experiment, {"number_units": number_units.NumberUnits(named=(71,))})
    short_range.compute(experiment, {})
    assert read == [set(range(2, 21, 2)), set(range(1, 20, 2))]
    named = replace(experiment, half="all")  # units that a user names: all sentences
    decoding.compute(named, {"number_units": number_units.NumberUnits(named=(71,))})
    short_range.compute(named, {})
    assert read[2:] == [set(range(1, 21))] * 2
