"""Timescales: a cell whose gates are constant decays as T says; known gates; the two claims on made-up units."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from small_model import small_model

from minilstm import load, lstm, planted
from minilstm.activity import activity, full_sentences
from minilstm.analyses.base import NotTestable, Results
from minilstm.analyses.experiment import Experiment
from minilstm.analyses.number_units import NumberUnits
from minilstm.analyses.short_range import ShortRange
from minilstm.analyses.timescales import CLAIMS, LARGEST, Timescales, compute, share_longer, timescale
from minilstm.cli.main import main
from minilstm.errors import StimulusError
from minilstm.lstm import Layer


def results(numbers=(3, 12), short=(10,)):
    return Results({"number_units": NumberUnits(named=numbers), "short_range": ShortRange(short)})


def test_a_cell_with_constant_gates_decays_as_its_timescale_says():
    """Input gate 0, forget gates .5, .9, .99: after t words exp(-t / T) is left."""
    f = np.array([0.5, 0.9, 0.99])
    b = np.concatenate([np.full(3, -1e4), np.log(f / (1 - f)), np.zeros(3), np.zeros(3)])  # blocks i f g o
    layer = Layer(np.zeros((12, 2)), np.zeros((12, 3)), b)
    state = lstm.State((np.zeros((1, 3)),), (np.ones((1, 3)),))
    trace = lstm.run(np.zeros((7, 1, 2)), [layer], state)
    decay = np.exp(-np.arange(1, 8)[:, None] / timescale(f))
    np.testing.assert_allclose(trace.C[0][:, 0], decay, rtol=1e-12)


def test_a_gate_that_never_forgets_has_a_finite_timescale():
    assert timescale(1.0) == timescale(np.float32(1)) == pytest.approx(2**24, rel=1e-6)
    assert timescale(LARGEST) == timescale(1.0) > timescale(0.999999)
    assert timescale([0.1, 0.5, 0.9]).tolist() == sorted(timescale([0.1, 0.5, 0.9]))


def test_ranks_are_within_a_layer():
    assert share_longer(np.array([1.0, 2.0, 4.0, 9.0, 8.0]), (3, 2)).tolist() == [2 / 3, 1 / 3, 0, 0, 0.5]


def test_the_gates_are_those_of_the_sentences():
    model = small_model((8, 5))
    experiment = Experiment(model, n=4)
    found = compute(experiment, results())
    f = activity(model, full_sentences(experiment.sentences("nounPP")), "f")
    np.testing.assert_allclose(found.f, f.mean(axis=0), rtol=1e-10)
    np.testing.assert_allclose(found.T, -1 / np.log(f.mean(axis=(0, 1))), rtol=1e-10)
    np.testing.assert_allclose(found.T_between, -1 / np.log(f[:, 2:5].mean(axis=(0, 1))), rtol=1e-10)
    assert found.words == ("The", "N1", "beside", "the", "N2", "V1", "the") and found.verb == 5
    U = model.layers[-1].U  # (4 H, H) in blocks i f g o
    np.testing.assert_allclose(found.projection, np.abs(U[:10]).mean(axis=0), rtol=1e-12)
    assert found.roles == {3: ("given",), 12: ("given",), 10: ("short-range",)}


def test_planted_number_units_keep_and_short_range_units_do_not():
    S, P = (planted.UNITS[f"long-range {number}"] for number in ("singular", "plural"))
    short = tuple(planted.UNITS[f"short-range {k}"] for k in (1, 2))
    found = compute(Experiment(load("planted"), n=20), results((S, P), short))
    longer = share_longer(found.T_between, found.sizes)
    at_the_other_noun = found.T_by_word[4]
    assert at_the_other_noun[[S - 1, P - 1]].min() > 20 and at_the_other_noun[[unit - 1 for unit in short]].max() < 1
    assert longer[[S - 1, P - 1]].max() < 0.1
    table = found.tables()[0]
    assert [row[:2] for row in table.rows[:4]] == [
        [S, "given"],
        [P, "given"],
        *([unit, "short-range"] for unit in short),
    ]
    assert len(set(table.columns)) == len(table.columns) == len(table.rows[0])
    assert table.rows[0][4] == found.T_between[S - 1] and table.rows[0][5] == 100 * longer[S - 1]
    assert f"unit {S} ({found.T_between[S - 1]:.1f} words" in found.summary()


def made_up(T, projection, selected=(1, 2)):
    """One layer in which every unit has the timescale T at all words."""
    f = np.exp(-1 / np.asarray(T, float))
    result = Timescales(np.tile(f, (7, 1)), tuple("The N p the N V the".split()), 5, (len(f),), projection, {})
    return Results(
        {"timescales": result, "number_units": NumberUnits(dict(zip("SP", selected, strict=True)), by_rule={"S": ()})}
    )


def judge(number, found):
    experiment = SimpleNamespace(original=False)
    return next(claim for claim in CLAIMS if claim.number == number).criterion(experiment).judge(experiment, found)


def test_claim_50_asks_both_number_units():
    T = np.arange(40, 0, -1.0)
    assert judge(50, made_up(T, T, (1, 11))).holds  # 10 of 40 have a longer one
    assert not judge(50, made_up(T, T, (1, 12))).holds
    assert "unit 12: T 29.0, 28 % longer" in judge(50, made_up(T, T, (1, 12))).value
    with pytest.raises(NotTestable, match="no S"):
        judge(50, made_up(T, T, (None, 1)))


def test_claim_51_compares_the_longest_with_the_rest():
    T = np.arange(40, 0, -1.0)
    assert judge(51, made_up(T, T)).holds
    assert not judge(51, made_up(T, -T)).holds
    assert not judge(51, made_up(T, np.tile([1.0, 2.0], 20))).holds
    assert judge(51, made_up(T, T)).reason == "6 of 40 units"


def test_the_command_prints_and_draws(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    arguments = ["timescales", "--model", "planted", "--n", "6", "--short", "76"]
    assert main([*arguments, "--out", "new"]) == 0
    names = {path.name for path in (tmp_path / "new").iterdir()}
    stems = "timescales", "timescales_all", "timescales_by_word"
    assert names == {f"{stems[0]}.csv", f"{stems[1]}.csv", f"{stems[0]}.png", f"{stems[2]}.png"}
    capsys.readouterr()
    assert main([*arguments, "--json"]) == 0
    tables = json.loads(capsys.readouterr().out)
    assert len(tables["timescales_all"]) == 128 and tables["timescales"][0]["unit"] == 71


def test_sentences_without_words_between_are_refused():
    with pytest.raises(StimulusError, match="words between subject and verb"):
        compute(Experiment(load("planted"), n=4, tasks=("Simple",)), results())
