"""Gates and cell of number units: the prediction, the claims' cells, and the figure."""

from dataclasses import replace

import numpy as np
import pytest
from small_model import small_model

from minilstm import load, planted, stimuli
from minilstm.analyses import number_units
from minilstm.analyses.base import NotTestable, Results
from minilstm.analyses.dynamics import Dynamics, condition_style, dynamics, plot_dynamics
from minilstm.analyses.experiment import Experiment
from minilstm.analyses.gates import ANALYSIS, CLAIMS, compute, parse_numbers
from minilstm.analyses.prediction import against_prediction, predicted
from minilstm.analyses.style import PLURAL, SINGULAR, save
from minilstm.errors import MinilstmError

LONG = tuple(planted.UNITS[f"long-range {number}"] for number in ("singular", "plural"))


@pytest.fixture(scope="module")
def model():
    return small_model((8, 5))


def items(task="nounPP", n=12):
    return [item for condition in stimuli.CONDITIONS[task] for item in stimuli.na_task(task, condition, n)]


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
    number, _ = found.encoded(11)
    own = [k for k, condition in enumerate(found.conditions) if condition[0] == number]
    rows = {tuple(row[2:5]): row[5] for row in against_prediction(found, 11)[1]}
    name = {"S": "singular", "P": "plural"}[number]
    assert {row[1] for row in against_prediction(found, 11)[1]} == {f"{name} (a guess)"}
    assert {row[1] for row in against_prediction(found, 11, number)[1]} == {name}
    mean = {gate: found.mean[gate][:, :, 0] for gate in "ifo"}
    assert rows["i", "at the subject, own number", "open"] == pytest.approx(mean["i"][own, 1].mean(), abs=1e-12)
    assert rows["i", "from there to the verb", "shut"] == pytest.approx(mean["i"][:, 2:5].mean(), abs=1e-12)
    assert rows["f", "from there to the verb", "open"] == pytest.approx(mean["f"][:, 2:5].mean(), abs=1e-12)
    assert rows["o", "from there to the verb", "open"] == pytest.approx(mean["o"][:, 4].mean(), abs=1e-12)


def test_colours_and_lines_are_the_papers():
    assert [condition_style(c)[:2] for c in ("SS", "SP", "PS", "PP", "S", "PPS")] == [
        (SINGULAR, "-"),
        (SINGULAR, "--"),
        (PLURAL, "--"),
        (PLURAL, "-"),
        (SINGULAR, "-"),
        (PLURAL, "--"),
    ]


def test_figure_1_shows_the_numbers(model, tmp_path):
    found = dynamics(model, items(), [9, 11])
    fig = plot_dynamics(found, numbers={9: "P", 11: "P"})
    axes = np.array(fig.axes).reshape(5, -1)
    titles = [axis.get_title() for axis in axes[0]]
    assert titles[-1] == "unit 11" and titles[0] == "prediction\nfor a plural unit"
    drawn = axes[3, -1].containers  # C of unit 11
    for k, container in enumerate(drawn):
        np.testing.assert_allclose(container.lines[0].get_ydata(), found.mean["C"][k, :, 1])
        assert container.lines[0].get_color() == condition_style(found.conditions[k])[0]
        bars = container.lines[2][0].get_segments()
        np.testing.assert_allclose([bar[1, 1] - bar[0, 1] for bar in bars], 2 * found.sd["C"][k, :, 1])
    assert np.ma.count(axes[0, 0].containers[0].lines[0].get_ydata()) == 1  # of the prediction only the subject's C~
    save(fig, tmp_path / "a.png")
    save(fig, tmp_path / "small.png", dpi=50)
    width, small = (int.from_bytes((tmp_path / name).read_bytes()[16:20], "big") for name in ("a.png", "small.png"))
    assert width == pytest.approx(4 * small, rel=0.01)  # the figure itself has 200 dots an inch
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_each_unit_stands_beside_the_prediction_for_its_number(model):
    found = dynamics(load("planted"), items(), LONG)

    def titles(**options):
        fig = plot_dynamics(found, **options)
        return [title.replace("\n", " ") for axis in fig.axes if (title := axis.get_title())]

    singular, plural = "prediction for a singular unit", "prediction for a plural unit"
    numbers = dict(zip(LONG, "SP", strict=True))
    assert titles(numbers=numbers) == [singular, "unit 71", plural, "unit 72"]
    assert titles() == [f"{singular} (a guess)", "unit 71", f"{plural} (a guess)", "unit 72"]
    assert titles(numbers={LONG[0]: "S"}) == [singular, "unit 71", f"{plural} (a guess)", "unit 72"]
    assert titles(numbers=dict.fromkeys(LONG, "S"), units=LONG[:1]) == [singular, "unit 71"]
    assert titles(prediction=False) == ["unit 71", "unit 72"]
    axes = np.array(plot_dynamics(found, numbers=numbers).axes).reshape(5, 4)
    for column, own in ((0, "S"), (2, "P")):  # i opens for the unit's own number
        opens = [line.lines[0].get_ydata()[1] for line in axes[1, column].containers]
        assert opens == [condition[0] == own for condition in found.conditions]


def test_equal_gates_are_drawn_as_equal_lines(model):
    found = dynamics(model, items(), [9])
    same = {name: np.repeat(values[:1], 4, axis=0) for name, values in found.mean.items()}
    equal = Dynamics(found.conditions, found.words, found.verb, found.units, same, found.sd, found.n)
    for axis in plot_dynamics(equal, prediction=False).axes:
        lines = [container.lines[0].get_xydata() for container in axis.containers]
        for line in lines:
            np.testing.assert_array_equal(line[:, 0], range(7))  # at its word
            np.testing.assert_array_equal(line, lines[0])
    widths = [container.lines[0].get_linewidth() for container in axis.containers]
    assert widths[0] > widths[-1]  # plural ones, drawn later, do not hide the singular ones below them


@pytest.fixture(scope="module")
def experiment():
    return Experiment(load("planted"), n=12)


def selected(singular=LONG[0], plural=LONG[1]):
    units = number_units.NumberUnits({"S": singular, "P": plural}, largest_drop={"S": LONG[0], "P": LONG[1]})
    return Results({"number_units": units})


def test_the_result_shows_the_number_units_on_the_evaluation_half(experiment):
    results = selected()
    found = compute(experiment, results)
    assert found.dynamics.units == LONG and found.numbers == {LONG[0]: "S", LONG[1]: "P"}
    assert found.dynamics.n.tolist() == [6] * 4 and {item.id % 2 for item in experiment.sentences("nounPP")} == {0}
    means, against = found.tables()
    assert means.name == "means" and means.long and against.name == "against_prediction"
    assert [row[1] for row in against.rows] == ["singular"] * 7 + ["plural"] * 7
    assert found.summary() == "14 of 14 gate predictions of Fig. 1c hold for units 71 and 72."
    assert found.text()[0].endswith("Means over 6 + 6 + 6 + 6 sentences with even ids.")
    assert found.figures()[0].draw().axes[0].get_title().startswith("prediction")
    results["gates"] = found
    for claim in CLAIMS:
        assert claim.other.judge(experiment, results).holds, claim.number


def test_without_number_units_the_costliest_are_shown_and_no_claim_is_testable(experiment):
    results = selected(None, None)
    results["gates"] = found = compute(experiment, results)
    assert found.dynamics.units == LONG and found.text()[0].startswith("No unit qualifies")
    for claim in CLAIMS:
        with pytest.raises(NotTestable, match="no S\\*|no P\\*"):
            claim.other.judge(experiment, results)


def test_a_number_can_be_given_for_units_that_a_user_names(experiment):
    results = Results({"number_units": number_units.given(experiment, LONG)})
    one = compute(experiment, results, number=parse_numbers("P"))
    assert one.numbers == dict.fromkeys(LONG, "P") and {row[1] for row in one.tables()[1].rows} == {"plural"}
    assert compute(experiment, results, number=("P", "S")).numbers == dict(zip(LONG, "PS", strict=True))
    with pytest.raises(MinilstmError, match="one for each of 2 units, got 3"):
        compute(experiment, results, number=("P", "S", "S"))
    with pytest.raises(Exception, match="expected S or P, or as S,P one for each unit, got 'x'"):
        parse_numbers("x")
    assert {option.flag for option in ANALYSIS.options} == {"--number", "--which"}


def test_conditions_that_do_not_tell_numbers_have_no_prediction(experiment):
    items = [stimuli.Item(("The", "boy"), "greets", "greet", "mine", "easy", k) for k in (1, 2)]
    own = Experiment(experiment.model, half="all", stimuli=tuple(items))
    found = compute(own, selected())
    assert [table.name for table in found.tables()] == ["means"] and found.summary() == ""
    assert found.text() == ["Means over 2 sentences."] and len(found.figures()[0].draw().axes) == 10


def test_of_the_papers_own_model_only_correct_sentences_are_read(monkeypatch):
    monkeypatch.setattr("minilstm.analyses.experiment.looks_like_paper_model", lambda model: True)
    own = Experiment(load("planted"), n=4)
    wrong = [replace(item, right=item.wrong, wrong=item.right) for item in own.asked("nounPP") if item.id == 1]
    items = (*wrong, *(item for item in own.asked("nounPP") if item.id > 1))
    own = Experiment(load("planted"), stimuli=items)
    assert compute(own, selected()).dynamics.n.tolist() == [3] * 4
    assert compute(own, selected(), which="all").dynamics.n.tolist() == [4] * 4
    assert compute(own, selected()).text()[0].endswith("Means over 3 + 3 + 3 + 3 sentences.")


def test_the_number_of_a_unit_that_a_user_names_is_that_of_the_sentences_that_need_it():
    """The cell of unit 12 is further from 0 after singulars, but without it plurals go wrong: it is the model's P*."""
    experiment = Experiment(load("mini-03"), n=60, half="all")
    found = compute(experiment, Results({"number_units": number_units.given(experiment, (12, 1))}))
    assert found.numbers == {12: "P"} and found.dynamics.encoded(12)[0] == "S"
    assert {row[1] for row in found.tables()[1].rows if row[0] == 12} == {"plural"}
    assert {row[1] for row in found.tables()[1].rows if row[0] == 1} <= {"singular (a guess)", "plural (a guess)"}
