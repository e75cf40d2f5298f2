"""Gate dynamics: means and spreads against a loop over single sentences."""

import numpy as np
import pytest
from small_model import small_model

from minilstm import stimuli
from minilstm.activity import activity
from minilstm.analyses import dynamics as module
from minilstm.analyses.dynamics import VARIABLES, dynamics, means_table
from minilstm.errors import MinilstmError, StimulusError
from minilstm.fast import sweep


@pytest.fixture(scope="module")
def model():
    return small_model((8, 5))


def items(task="nounPP", n=12):
    return [item for condition in stimuli.CONDITIONS[task] for item in stimuli.na_task(task, condition, n)]


def one_by_one(model, sentences, unit, name):
    """(sentences, steps) of one unit of a model of 8 + 5 units, each sentence read alone."""
    layer, index = (0, unit - 1) if unit <= 8 else (1, unit - 9)
    return np.array([getattr(model.trace(words, "context"), name)[layer][:, 0, index] for words in sentences])


@pytest.mark.parametrize("unit", [3, 8, 9, 13])
def test_mean_and_sd_are_those_of_single_sentences(model, unit):
    given = items()
    found = dynamics(model, given, [13, unit])
    assert found.conditions == ("SS", "SP", "PS", "PP") and found.n.tolist() == [12] * 4
    for k, condition in enumerate(found.conditions):
        sentences = [(*i.prefix, i.right, "the") for i in given if i.condition == condition]
        for name in VARIABLES:
            values = one_by_one(model, sentences, unit, name)
            np.testing.assert_allclose(found.mean[name][k, :, 1], values.mean(axis=0), atol=1e-12)
            np.testing.assert_allclose(found.sd[name][k, :, 1], values.std(axis=0), atol=1e-12)


def test_a_little_memory_gives_the_same(model, monkeypatch):
    whole = dynamics(model, items())
    sizes = []

    def counted(model, block, *rest):
        sizes.append(len(block))
        return activity(model, block, *rest)

    monkeypatch.setattr(module, "activity", counted)
    monkeypatch.setattr(module, "BYTES", 5 * 6 * 7 * 13 * 8)
    pieces = dynamics(model, items())
    assert sizes == [5, 5, 2] * 4
    for name in VARIABLES:
        np.testing.assert_allclose(pieces.mean[name], whole.mean[name], atol=1e-12)
        np.testing.assert_allclose(pieces.sd[name], whole.sd[name], atol=1e-12)


def test_only_correct_sentences(model):
    given = items(n=30)
    right = sweep.margins(model, given, [()])[0] > 0
    assert 0 < right.sum() < len(given)
    found = dynamics(model, given, [9], which="correct")
    kept = dynamics(model, [item for item, keep in zip(given, right, strict=True) if keep], [9])
    for k, condition in enumerate(found.conditions):
        expected = sum(keep for item, keep in zip(given, right, strict=True) if item.condition == condition)
        assert found.n[k] == expected
        if expected:
            row = kept.conditions.index(condition)
            np.testing.assert_allclose(found.mean["C"][k], kept.mean["C"][row], atol=1e-12)
        else:
            assert np.isnan(found.mean["C"][k]).all()


def test_conditions_can_be_pooled_and_tasks_told_apart(model):
    given = items("SubjRel")
    pooled, split = dynamics(model, {"SubjRel": given}, [9]), dynamics(model, given, [9])
    assert pooled.conditions == ("SubjRel",) and pooled.n.tolist() == [48]
    np.testing.assert_allclose(pooled.mean["C"][0], split.mean["C"].mean(axis=0), atol=1e-12)
    both = dynamics(model, items("Adv") + [i for i in items("Adv") if i.condition == "P"], [9])
    assert both.n.tolist() == [12, 24]
    # Adv and one of one's own with as many words
    other = [stimuli.Item(("The", "boy", "now"), "greets", "greet", "mine", "S", 1)]
    assert dynamics(model, items("Adv") + other, [9]).conditions == ("Adv S", "Adv P", "mine S")


def test_steps_are_named(model):
    assert dynamics(model, items(), [9]).words == ("The", "N1", "prep", "the", "N2", "V1", "the")
    assert dynamics(model, items("2SubjRel"), [9]).words == tuple("The N1 that v1 the N2 that v2 the N3 V1 the".split())
    assert dynamics(model, items("CoAdv"), [9], after=()).words == ("The", "N1", "adv", "and", "adv", "V1")
    one = [stimuli.Item(("The", "boy"), "greets", "greet", "mine", "S", 1)]
    assert dynamics(model, one, [9]).words == ("The", "boy", "greets", "the")


def test_ablation_and_state_reach_the_network(model):
    given = items()
    off = dynamics(model, given, [9, 10], ablate=[9])
    assert (off.mean["h"][..., 0] == 0).all() and (off.mean["C"][..., 0] != 0).all()
    plain = dynamics(model, given, [9])
    assert not np.allclose(plain.mean["C"], dynamics(model, given, [9], state=None).mean["C"])
    given_state = dynamics(model, given, [9], state=model.context_state())
    np.testing.assert_array_equal(plain.mean["C"], given_state.mean["C"])


def test_bad_input_is_named(model):
    with pytest.raises(StimulusError, match="at one place in all sentences, got 2, 5"):
        dynamics(model, items() + items("Simple"))
    with pytest.raises(StimulusError, match="no sentences"):
        dynamics(model, [])
    with pytest.raises(MinilstmError, match="unit 14: this network has units 1 to 13"):
        dynamics(model, items(), [14])
    with pytest.raises(MinilstmError, match="at least one unit"):
        dynamics(model, items(), [])
    with pytest.raises(MinilstmError, match="'all' or 'correct', got 'right'"):
        dynamics(model, items(), [9], which="right")
    with pytest.raises(StimulusError, match="no sentences with a subject in P"):
        dynamics(model, [i for i in items() if i.condition[0] == "S"], [9]).encoded(9)


def test_the_long_table_has_every_number(model):
    one, two = dynamics(model, items(), [9, 11]), dynamics(model, {"Simple": items("Simple")}, [3])
    table = means_table([one, two])
    assert table.name == "means" and table.long
    assert len(table.rows) == 2 * len(VARIABLES) * 4 * 7 + len(VARIABLES) * 1 * 4
    assert [11, "C", "PS", 12, 4, "N2", one.mean["C"][2, 4, 1], one.sd["C"][2, 4, 1]] in table.rows
    assert table.rows[-1] == [3, "h", "Simple", 24, 3, "the", two.mean["h"][0, 3, 0], two.sd["h"][0, 3, 0]]
