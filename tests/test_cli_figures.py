"""`minilstm dynamics` and `minilstm efferents`: what they print, draw, and answer to bad input."""

import csv
import io
import json

import pytest

from minilstm import load
from minilstm.analyses.dynamics import VARIABLES, dynamics
from minilstm.analyses.efferents import segregation
from minilstm.cli.main import main
from minilstm.stimuli import CONDITIONS, na_task


def run(name, *arguments, code=0):
    assert main([name, "--model", "planted", "--n", "6", *map(str, arguments)]) == code


def test_dynamics_prints_tables_and_draws(capsys, tmp_path):
    run("dynamics", "--out", tmp_path / "a.png")  # the planted model's file names its number units
    printed = capsys.readouterr().out
    assert "Unit 71" in printed and "Unit 72" in printed and "from there to the verb" in printed
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_dynamics_says_for_which_number_a_unit_is_compared(capsys):
    """Unit 71 keeps singulars: its input gate is open for its own number and shut for the other one."""
    run("dynamics", "--units", 71)
    printed = capsys.readouterr().out
    assert (
        "is guessed, without --number: that for which its cell is further from 0." in printed
        and "  singular (a guess)  i " in printed
    )
    gates = {}
    for number in "SP":
        run("dynamics", "--units", 71, "--number", number)
        line = next(line for line in capsys.readouterr().out.splitlines() if "at the subject, own number" in line)
        gates[number] = float(line.split()[-1])
    assert gates["S"] > 0.9 and gates["P"] < 0.1
    run("dynamics", "--units", "71,72", "--number", "S,P")
    printed = capsys.readouterr().out
    assert "guess" not in printed
    assert [line.split()[1] for line in printed.splitlines()[-14:]] == ["singular"] * 7 + ["plural"] * 7


def test_dynamics_for_programs(capsys):
    run("dynamics", "--units", 73, "--csv")
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert len(rows) == len(VARIABLES) * 4 * 7
    items = [item for c in CONDITIONS["nounPP"] for item in na_task("nounPP", c, 6)]
    found = dynamics(load("planted"), items, [73])
    row = next(r for r in rows if (r["variable"], r["condition"], r["step"]) == ("C", "PS", "4"))
    assert float(row["mean"]) == found.mean["C"][2, 4, 0] and float(row["sd"]) == found.sd["C"][2, 4, 0]
    assert (row["unit"], row["n"], row["word"]) == ("73", "6", "N2")


def test_dynamics_pools_structures(capsys, tmp_path):
    run("dynamics", "--units", 73, "--task", "CoAdv,SubjRel", "--pool", "--json", "--out", tmp_path / "b.svg")
    rows = json.loads(capsys.readouterr().out)
    assert {(row["condition"], row["n"]) for row in rows} == {("CoAdv", 12), ("SubjRel", 24)}
    assert "<svg" in (tmp_path / "b.svg").read_text()


def test_sentences_of_ones_own(capsys, tmp_path):
    own = tmp_path / "own.tsv"
    own.write_text("The boy near the cars\tgreets\tgreet\tmine\nThe girls near the car\tgreet\tgreets\tmine\n")
    run("dynamics", "--stimuli", own, "--out", tmp_path / "c.png")
    printed = capsys.readouterr().out
    assert "mine 2" in printed and "prediction" not in printed  # a condition that says nothing of numbers


def test_efferents_prints_weights_and_shares(capsys, tmp_path):
    run("efferents", "--out", tmp_path / "a.png", "--shares", tmp_path / "b.png")
    printed = capsys.readouterr().out
    assert "65 and 128 are controls" in printed and "Correlation of share and loss" in printed
    assert (tmp_path / "a.png").exists() and (tmp_path / "b.png").exists()
    run("efferents", "--json", "--units", 73)
    found = json.loads(capsys.readouterr().out)
    assert [row["unit"] for row in found["efferents"]] == [73, 65, 128]
    assert found["efferents"][0]["segregation"] == f"{segregation(load('planted'), units=[73])[0]:.2f}"
    assert len(found["shares"]) == 4 * 64 and len(found["correlation"]) == 4


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["dynamics", "--task", "nounpp"], "no task 'nounpp'; there are: Simple"),
        (["dynamics", "--task", "Adv,nounPP"], "several tasks need --pool"),
        (["dynamics", "--pool", "--out", "a.png"], "shows one unit"),
        (["dynamics", "--units", "1,2,3", "--number", "S,P"], "one for each of 3 units, got 2"),
        (["dynamics", "--out", "no/such/folder/a.png"], "there is no folder"),
        (["efferents", "--units", "3"], "unit 3 has no weights to words"),
    ],
)
def test_bad_input_is_named(capsys, arguments, message):
    run(*arguments, code=2)
    assert message in capsys.readouterr().err


def test_a_number_is_s_or_p(capsys):
    with pytest.raises(SystemExit, match="2"):
        run("dynamics", "--number", "S,X")
    assert "expected S or P, or as S,P one for each unit, got 'S,X'" in capsys.readouterr().err


def test_a_picture_is_png_or_svg(capsys):
    with pytest.raises(SystemExit, match="2"):
        run("dynamics", "--out", "a.jpg")
    assert "ends in .png or .svg" in capsys.readouterr().err
