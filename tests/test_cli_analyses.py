"""`minilstm decode`, `depth` and `connect`, on the planted circuit and on a random network."""

import argparse
import csv
import io
import json

import pytest
from small_model import small_model

from minilstm import planted
from minilstm.activity import lower_context
from minilstm.cli import analyses as cli_analyses
from minilstm.errors import MinilstmError, StimulusError
from minilstm.stimuli import CONDITIONS, na_task

LONG = [planted.UNITS[f"long-range {number}"] for number in ("singular", "plural")]
SHORT = [planted.UNITS[f"short-range {k}"] for k in (1, 2)]


@pytest.fixture(scope="module")
def model():
    return planted.build()


@pytest.fixture(scope="module")
def items():
    return [item for task in ("Simple", "Adv", "nounPP") for c in CONDITIONS[task] for item in na_task(task, c, 16)]


def run(capsys, command, model, items, *arguments, form="text"):
    """What the command prints."""
    parser = argparse.ArgumentParser()
    getattr(cli_analyses, f"add_{command}_options")(parser)
    shared = argparse.Namespace(form=form, unknown="error", seed=0, n=10, lexicon="paper")
    options = parser.parse_args([str(argument) for argument in arguments], shared)
    getattr(cli_analyses, f"show_{command}")(model, items, options, "context")
    return capsys.readouterr().out


def test_decode_finds_the_planted_short_range_units(capsys, model, items, tmp_path):
    printed = run(capsys, "decode", model, items, "--random", 30, "--out", tmp_path / "new")
    assert f"Short-range units: {SHORT[0]}, {SHORT[1]}." in printed
    assert printed.count("ablated together, against random sets") == 2
    lines = {tuple(line.split()[:3]): line.split() for line in printed.splitlines() if line.startswith("unit ")}
    assert lines["unit", str(LONG[0]), "sentence"][3::2][:5] == ["0.50", "1.00", "1.00", "1.00", "1.00"]
    assert {file.name for file in (tmp_path / "new").iterdir()} == {
        "decoding.png",
        "decoding_matrix.png",
        "decoding.csv",
    }
    found = json.loads(run(capsys, "decode", model, items, "--random", 30, form="json"))
    assert found["short_range"] == SHORT and found["long_range"] == LONG
    tests = found["ablation"]["short- and long-range"]
    assert [(test["task"], test["condition"]) for test in tests] == [(t, c) for t in ("Simple", "Adv") for c in "SP"]
    assert tests[0]["full %"] == 100 and tests[0]["ablated %"] < 50  # nothing is left but the bias, which says plural
    rows = list(csv.DictReader(io.StringIO(run(capsys, "decode", small_model(), items, "--units", "3", form="csv"))))
    assert [(row["seen"], row["tested on other"]) for row in rows] == [
        (seen, split) for split in ("sentence", "noun") for seen in ("unit 3", "all units but these")
    ]
    assert float(rows[0]["The(0)"]) == 0.5


def test_depth_prints_and_draws(capsys, model, items, tmp_path):
    printed = run(capsys, "depth", model, items, "--out", tmp_path)
    assert "no word counts" in printed and "Syntax units, beyond 3 sd:" in printed
    assert {"depth.png", "depth.csv"} < {file.name for file in tmp_path.iterdir()}
    found = json.loads(run(capsys, "depth", small_model(), items, form="json"))
    assert len(found["weights"]) == 13 and len(found["r2"]) == 5 and found["r2_frequency"] == [None] * 5


def test_depth_reads_the_published_sentences(capsys, reference):
    file = reference / "tree_depth" / "filtered_sentences.txt"
    with pytest.raises(
        StimulusError, match="is not among the model's 289 words"
    ):  # it has words that the fragment lacks
        run(capsys, "depth", small_model(), [], "--sentences", file)


def test_connect_finds_the_planted_connections(capsys, model, items, tmp_path):
    syntax = planted.UNITS["syntax"]
    printed = run(capsys, "connect", model, items, "--from", f"{syntax},{SHORT[0]}", "--out", tmp_path)
    assert f"Closest to the input and forget gates: {syntax}." in printed
    assert {file.name for file in tmp_path.iterdir()} == {"connectivity.png", "connectivity.csv"}
    rows = list(csv.DictReader(io.StringIO(run(capsys, "connect", model, items, "--from", syntax, form="csv"))))
    marked = {(row["from"], row["onto"], row["gate"]) for row in rows if row["outlier"] == "*"}
    assert marked == {(str(syntax), str(unit), gate) for unit in LONG for gate in ("i", "f", "o")}
    bare = json.loads(run(capsys, "connect", model, items, "--from", syntax, "--unscaled", form="json"))
    assert {(row["gate"], row["weight"]) for row in bare if row["from"] == syntax} >= {("i", "-12.00"), ("f", "10.00")}


def test_lower_is_for_the_context_of_activity_and_not_for_predictions(capsys, model, items):
    """As in the paper's code: cells after a lower-case context, ablated predictions after the context as written."""
    written, lowered, all_lowered = (
        json.loads(run(capsys, "decode", read, items, "--random", 5, *flags, form="json"))
        for read, flags in ((model, ()), (model, ["--lower"]), (lower_context(model), ()))
    )
    assert lowered["auc"] == all_lowered["auc"] != written["auc"]
    assert lowered["ablation"] == written["ablation"]


def test_without_number_units_or_without_the_task(capsys, items):
    model = small_model()
    with pytest.raises(MinilstmError, match="this model's file names no number units"):
        run(capsys, "decode", model, items)
    with pytest.raises(StimulusError, match="no item of the task nounPP"):
        run(capsys, "connect", model, na_task("Simple", "S", 4), "--units", "9", "--from", "10")
