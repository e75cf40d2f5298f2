"""The planted circuit does what its plan says, and every analysis finds what was planted and nothing else."""

import numpy as np
import pytest

from minilstm import load, models, planted, stimuli
from minilstm.analyses.ablation import ablation_sweep, group_ablation
from minilstm.analyses.afferents import connectivity, peak_activity
from minilstm.analyses.attribution import attribution
from minilstm.analyses.decoding import number_data
from minilstm.analyses.depth import depth_data, depth_regression
from minilstm.analyses.dynamics import dynamics
from minilstm.analyses.effects import effects
from minilstm.analyses.efferent_weights import efferents, form_auc, segregation
from minilstm.analyses.number_agreement import agreement, by_condition, share_right
from minilstm.analyses.prediction import against_prediction
from minilstm.analyses.short_range import short_range_units
from minilstm.analyses.table2 import table2
from minilstm.errors import ModelFileError
from minilstm.stimuli import na_tasks
from minilstm.units import last_layer

SINGULAR, PLURAL, SYNTAX, CLAUSE, DEPTH, *SHORT = planted.UNITS.values()
NOUN_PP = "nounPP", "nounPPAdv"


@pytest.fixture(scope="module")
def model():
    return load("planted")


@pytest.fixture(scope="module")
def table(model):
    return table2(model, na_tasks(n=60))


def items(task, n=60):
    return [item for condition in stimuli.CONDITIONS[task] for item in stimuli.na_task(task, condition, n)]


def failing(table, unit):
    """The conditions in which no sentence is right any more without a unit; in all others every one still is."""
    shares = {key: share_right(table.ablated[unit - 1, where]) for key, where in by_condition(table.items).items()}
    assert set(shares.values()) <= {0, 1}
    return {key for key, share in shares.items() if share == 0}


def test_it_comes_along_under_its_name():
    assert "planted" in models.names()
    one, two = load("planted", "float64"), load("planted")
    assert one.dtype == np.float64 and two.dtype == np.float32
    assert models.digest(one) == models.digest(two)
    with pytest.raises(ModelFileError, match="float32 or float64"):
        load("planted", "float16")


def test_it_can_be_saved(model, tmp_path):
    model.save(tmp_path / "planted.npz")
    assert models.digest(load(tmp_path / "planted.npz")) == models.digest(model)


def test_all_tasks_are_solved(model):
    for task in (task for task in stimuli.TASKS if "Nested" not in task):  # relative clauses included
        assert agreement(model, items(task)).accuracy == 1, task
        assert agreement(model, items(task), state=None).accuracy == 1, task


def test_the_rule_for_number_units_finds_the_two_long_range_units(table):
    assert table.numbers == {"S": [SINGULAR], "P": [PLURAL]}


def test_each_ablation_costs_what_was_planned_and_nothing_else(table):
    # the attractor in the short-range units wins where the unit of the subject's number is gone, and only there
    plural = {("namePP", "PS"), ("nounPP", "PS"), ("nounPPAdv", "PS")}
    singular = {("nounPP", "SP"), ("nounPPAdv", "SP")}
    costs = {unit: found for unit in range(1, 129) if (found := failing(table, unit))}
    assert costs == {SINGULAR: singular, PLURAL: plural, SYNTAX: singular | plural}


def test_short_range_units_carry_the_easiest_task_only(model):
    simple, adverb = items("Simple"), items("Adv")
    found = group_ablation(model, simple, SHORT, n_random=300)
    assert found.accuracy < 0.6 and found.p < 0.01 and found.power > 0.95
    assert group_ablation(model, adverb, SHORT, n_random=20).accuracy == 1
    assert group_ablation(model, adverb, [*SHORT, SINGULAR, PLURAL], n_random=20).accuracy < 0.6
    assert group_ablation(model, simple, [SINGULAR, PLURAL], n_random=20).accuracy == 1


def test_gates_follow_the_prediction(model):
    found = dynamics(model, items("nounPP"), [SINGULAR, PLURAL, *SHORT])
    assert found.encoded(SINGULAR) == ("S", -1) and found.encoded(PLURAL) == ("P", -1)
    assert found.encoded(SHORT[0])[1] == -found.encoded(SHORT[1], found.encoded(SHORT[0])[0])[1]  # opposite signs
    assert found.encoded(SHORT[0], "S")[0] == "S" and found.encoded(SHORT[0], "P")[0] == "P"
    for unit in (SINGULAR, PLURAL):
        rows = against_prediction(found, unit)[1]
        assert len(rows) == 7
        for *_, should, value in rows:
            assert value > 0.9 if should == "open" else value < 0.1


def test_the_cells_hold_what_was_written(model):
    found = dynamics(model, items("nounPP"), [SINGULAR, PLURAL, *SHORT])
    before = found.mean["C"][:, found.verb - 1]  # (conditions, units)
    wanted = [[-1, 0, 1, -1], [-1, 0, -1, 1], [0, -1, 1, -1], [0, -1, -1, 1]]  # SS SP PS PP
    np.testing.assert_allclose(before, wanted, atol=0.1)


@pytest.mark.parametrize("task", ["CoAdv", "nounPP", "SubjRel", "2SubjRel", "ObjRel"])
def test_the_syntax_unit_is_on_from_subject_to_verb(model, task):
    found = dynamics(model, {task: items(task, 20)}, [SYNTAX])
    C = found.mean["C"][0, :, 0]
    assert (C[1 : found.verb] > 0.8).all() and C[found.verb] < -0.8 and abs(C[0]) < 0.1
    assert np.argmin(np.diff(C)) == found.verb - 1  # the largest drop


def test_without_the_syntax_unit_the_number_is_overwritten(model):
    found = dynamics(model, items("nounPP", 20), [SINGULAR, PLURAL], ablate=[SYNTAX])
    before = found.mean["C"][:, found.verb - 1]
    np.testing.assert_allclose(before, [[-1, 0], [0, -1], [-1, 0], [0, -1]], atol=0.15)  # that of the second noun


def test_efferent_weights_single_out_the_number_units(model):
    last, apart = np.array(last_layer(model.sizes)), segregation(efferents(model))
    assert set(last[apart > np.percentile(apart, 95)]) == {SINGULAR, PLURAL, *SHORT}
    assert apart[last == SYNTAX] < 0.5
    auc = form_auc(efferents(model, [SINGULAR, PLURAL]))
    np.testing.assert_array_equal(auc, [1, 0])  # negative for their own number


def test_attribution_finds_direct_effects_and_ablation_total_ones(model):
    found = attribution(model, items("nounPP"))
    ablated = ablation_sweep(model, found.items, found.units)
    both = effects(found, ablated)
    SP = both.conditions.index(("nounPP", "SP"))
    direct = {unit for unit, effect in zip(both.units, both.direct[SP], strict=True) if abs(effect) > 0.5}
    total = {unit for unit, effect in zip(both.units, both.total[SP], strict=True) if abs(effect) > 0.5}
    assert direct == {SINGULAR, *SHORT} and total == direct | {SYNTAX}
    short = [both.units.index(unit) for unit in SHORT]
    assert (both.direct[SP, short] < -1).all()  # they favour the attractor's form


def test_decoding_finds_long_and_short_range_units(model):
    data = number_data(model, items("nounPP"))
    for unit in (SINGULAR, PLURAL):
        assert (data.generalisation([unit]).curve()[0][1:6] == 1).all()
    rest = data.generalisation(set(range(1, 129)) - {SINGULAR, PLURAL}).curve()[0]
    assert (rest[1:4] == 1).all() and (rest[4:] == 0).all()
    assert short_range_units(model, data).units == tuple(SHORT)


def test_depth_and_connectivity_find_the_syntax_unit(model):
    assert set(depth_regression(depth_data(model)).outliers) == {SYNTAX, DEPTH}
    strong = connectivity(model, [SINGULAR, PLURAL], peak_activity(model, items("nounPP"))).outliers()
    assert {(row[0], row[1], row[2]) for row in strong} == {
        (SYNTAX, target, gate) for target in (SINGULAR, PLURAL) for gate in "ifo"
    }


def test_bystanders_know_nothing_of_number(model):
    trace = model.trace([item.prefix for item in items("nounPP", 20)], "context")
    others = np.setdiff1d(np.arange(64), np.array([*planted.UNITS.values()]) - 65)
    h = trace.h[1, -1][:, others].reshape(4, 20, -1)  # SS, SP, PS, PP of the same words
    np.testing.assert_allclose(h, np.broadcast_to(h[:1], h.shape), atol=1e-5)
    assert h.std() > 1e-2


def test_every_word_has_the_features_it_should():
    expected = {
        "boy": {"singular"},
        "women": {"plural"},
        "Mary": {"singular"},
        "greets": {"verb"},
        "will": {"verb"},
        "greeted": {"verb"},
        "that": {"that"},
        "<eos>": {"stop"},
    }
    expected |= dict.fromkeys(["known", "That", "near", "The"], set())
    assert {word: planted.features(word) for word in expected} == expected
