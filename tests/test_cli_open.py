"""`minilstm interchange`, `votes` and `smallest`: what they print, draw, and answer to bad input."""

import csv
import io
import json

import pytest

from minilstm import planted
from minilstm.cli.main import main

SINGULAR, PLURAL, SYNTAX = (
    planted.UNITS["long-range singular"],
    planted.UNITS["long-range plural"],
    planted.UNITS["syntax"],
)


def run(capsys, name, *arguments, code=0):
    assert main([name, "--model", "planted", "--n", "8", *map(str, arguments)]) == code
    return capsys.readouterr()


def test_interchange_prints_and_draws(capsys, tmp_path):
    printed = run(capsys, "interchange", "--most", 3, "--out", tmp_path / "a.png").out
    assert [line.split()[0] for line in printed.splitlines()[-12::4]] == ["73", "72", "71"]
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    group = f"{SINGULAR},{PLURAL}"
    rows = json.loads(
        run(capsys, "interchange", "--units", SYNTAX, "--group", group, "--task", "SubjRel", "--json").out
    )
    assert {(row["units"], row["task"]) for row in rows} == {("73", "SubjRel"), ("71+72", "SubjRel")}
    assert all(row["once: flips"] == (100 if row["units"] == "71+72" else 0) for row in rows)
    both = json.loads(run(capsys, "interchange", "--units", 73, "--group", "71,72", "--group", "76,77", "--json").out)
    assert {row["units"] for row in both} == {"73", "71+72", "76+77"}
    shown = run(capsys, "interchange", "--units", SINGULAR, "--what", "h", "--csv").out
    assert all(float(row["once: flips"]) == 0 for row in csv.DictReader(io.StringIO(shown)))  # h is not what is stored


def test_votes_prints_and_draws(capsys, tmp_path):
    printed = run(capsys, "votes", "--out", tmp_path / "v.svg").out
    assert "long-range units: 71, 72" in printed and "short-range units: 76, 77" in printed
    assert "0 errors in 192 sentences" in printed and "2SubjRel" in printed
    assert "<svg" in (tmp_path / "v.svg").read_text()
    found = json.loads(run(capsys, "votes", "--short", 76, "--task", "SubjRel", "--json").out)
    assert [row["voter"] for row in found[:4]] == ["long-range", "short-range", "other units", "bias"] and len(
        found
    ) == 16
    none = json.loads(run(capsys, "votes", "--short", "none", "--task", "SubjRel", "--json").out)
    assert [row["voter"] for row in none[:3]] == ["long-range", "other units", "bias"]
    assert found[0]["right"] == 8 and found[0]["wrong: vote"] is found[0]["% of gap"] is None
    rows = list(csv.DictReader(io.StringIO(run(capsys, "votes", "--units", "71,72", "--short", 76, "--csv").out)))
    assert len(rows) == 96 and {row["right"] for row in rows} == {"8"}


def test_smallest_prints_and_draws(capsys, tmp_path):
    printed = run(capsys, "smallest", "--random", 20, "--out", tmp_path / "s.png").out
    assert f"Smallest set found: {SYNTAX}." in printed
    assert (tmp_path / "s.png").read_bytes().startswith(b"\x89PNG")
    rows = json.loads(run(capsys, "smallest", "--random", 20, "--conditions", "SP", "--interchange", "--json").out)
    assert rows[1]["added"] in (str(SINGULAR), str(PLURAL)) and rows[1]["nounPP SP"] == 0
    assert "Not found: after none some" in run(capsys, "smallest", "--most", 0).out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["interchange", "--stimuli", "own.tsv"], "conditions that differ in the subject's number"),
        (["interchange", "--units", "200"], "unit 200: this network has units 1 to 128"),
        (["votes", "--task", "SubjRel"], "--short: say which units are short-range ones"),
        (["votes", "--units", "3", "--short", "76"], "unit 3 has no weights to words"),
        (["smallest", "--conditions", "XY"], "odd and even ids in every condition"),
    ],
)
def test_bad_input_is_named(capsys, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.tsv").write_text("The boy near the cars\tgreets\tgreet\tmine\n")
    *notes, error = run(capsys, *arguments, code=2).err.splitlines()
    assert message in error and error.startswith("minilstm: ")
    assert len(notes) == ("--stimuli" in arguments)  # what the sentences were taken for
