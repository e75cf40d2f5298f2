"""Gate dynamics: means and spreads against a loop over single sentences, the prediction, and the pictures."""

import re

import numpy as np
import pytest
from small_model import small_model

from minilstm import stimuli
from minilstm.activity import activity
from minilstm.analyses import dynamics as module
from minilstm.analyses.dynamics import VARIABLES, against_prediction, dynamics, predicted
from minilstm.analyses.figures_dynamics import plot_dynamics, plot_structures, style
from minilstm.analyses.plots import PLURAL, SINGULAR, save
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
        dynamics(model, [i for i in items() if i.condition[0] == "S"], [9]).code(9)


def test_the_prediction_is_figure_1c():
    pattern = predicted(("SS", "SP", "PS", "PP"), 7, 5)
    text = {
        name: [" ".join("." if value is np.ma.masked else f"{value:g}" for value in row) for row in values]
        for name, values in pattern.items()
    }
    assert text == {
        "C_tilde": [". -1 . . . . ."] * 2 + [". 1 . . . . ."] * 2,
        "i": [". 1 0 0 0 . ."] * 2 + [". 0 0 0 0 . ."] * 2,
        "f": [". 0 1 1 1 . ."] * 4,
        "C": [". -1 -1 -1 -1 . ."] * 2 + [". 0 0 0 0 . ."] * 2,
        "o": [". . . . 1 . ."] * 4,
    }
    mirrored = predicted(("SP", "PS"), 7, 5, "P", 1)
    assert mirrored["i"][:, 1].tolist() == [0, 1] and mirrored["C"][:, 3].tolist() == [0, 1]
    assert predicted(("S", "P"), 4, 2)["i"][:, 1].tolist() == [1, 0]  # Simple: no word in between


def test_the_comparison_takes_the_words_that_are_predicted(model):
    found = dynamics(model, items(), [11])
    number, _ = found.code(11)
    own = [k for k, condition in enumerate(found.conditions) if condition[0] == number]
    rows = {tuple(row[2:5]): float(row[5]) for row in against_prediction(found, 11)[1]}
    name = {"S": "singular", "P": "plural"}[number]
    assert {row[1] for row in against_prediction(found, 11)[1]} == {f"{name} (a guess)"}
    assert {row[1] for row in against_prediction(found, 11, number)[1]} == {name}
    mean = {gate: found.mean[gate][:, :, 0] for gate in "ifo"}
    assert rows["i", "at the subject, own number", "open"] == pytest.approx(mean["i"][own, 1].mean(), abs=0.005)
    assert rows["i", "from there to the verb", "shut"] == pytest.approx(mean["i"][:, 2:5].mean(), abs=0.005)
    assert rows["f", "from there to the verb", "open"] == pytest.approx(mean["f"][:, 2:5].mean(), abs=0.005)
    assert rows["o", "from there to the verb", "open"] == pytest.approx(mean["o"][:, 4].mean(), abs=0.005)


def test_colours_and_lines_are_the_papers():
    assert [style(c) for c in ("SS", "SP", "PS", "PP", "S", "PPS")] == [
        (SINGULAR, "-"),
        (SINGULAR, "--"),
        (PLURAL, "--"),
        (PLURAL, "-"),
        (SINGULAR, "-"),
        (PLURAL, "--"),
    ]


def test_figure_1_shows_the_numbers(model, tmp_path):
    found = dynamics(model, items(), [9, 11])
    fig = plot_dynamics(found)
    axes = np.array(fig.axes).reshape(5, 3)
    titles = [axis.get_title() for axis in axes[0]]
    assert titles[0].endswith("unit\n(a guess)") and titles[1:] == ["unit 9", "unit 11"]
    assert plot_dynamics(found, number="P").axes[0].get_title() == "prediction\nfor a plural unit"
    drawn = axes[3, 2].containers  # C of unit 11
    for k, container in enumerate(drawn):
        np.testing.assert_allclose(container.lines[0].get_ydata(), found.mean["C"][k, :, 1])
        assert container.lines[0].get_color() == style(found.conditions[k])[0]
        bars = container.lines[2][0].get_segments()
        np.testing.assert_allclose([bar[1, 1] - bar[0, 1] for bar in bars], 2 * found.sd["C"][k, :, 1])
    assert np.ma.count(axes[0, 0].containers[0].lines[0].get_ydata()) == 1  # of the prediction only the subject's C~
    save(fig, tmp_path / "a.png")
    save(fig, tmp_path / "small.png", dpi=50)
    width, small = (int.from_bytes((tmp_path / name).read_bytes()[16:20], "big") for name in ("a.png", "small.png"))
    assert width == pytest.approx(4 * small, rel=0.01)  # the figure itself has 200 dots an inch
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_figure_3_has_a_panel_a_structure(model, tmp_path):
    found = {task: dynamics(model, {task: items(task)}, [9, 11]) for task in ("CoAdv", "nounPP", "SubjRel")}
    fig = plot_structures(found, 11, "h")
    shown = [axis for axis in fig.axes if axis.get_visible()]
    assert [axis.get_title() for axis in shown] == list(found)
    line = shown[2].containers[0].lines[0]
    np.testing.assert_allclose(line.get_ydata(), found["SubjRel"].mean["h"][0, :, 1])
    assert [label.get_text() for label in shown[2].get_xticklabels()] == list(found["SubjRel"].words)
    save(fig, tmp_path / "b.svg")
    assert re.search(rb"<svg", (tmp_path / "b.svg").read_bytes())
