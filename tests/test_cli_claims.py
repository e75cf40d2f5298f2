"""`minilstm claims`: the ledger as text, CSV and JSON, and the table over all models."""

import argparse
import csv
import io
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from minilstm import load, models
from minilstm.analyses import ANALYSES
from minilstm.analyses.base import VERDICTS
from minilstm.analyses.experiment import Experiment
from minilstm.cli import analysis
from minilstm.cli import claims as cli_claims
from minilstm.cli.analysis import compute
from minilstm.cli.main import main
from minilstm.errors import MinilstmError, StimulusError
from minilstm.report.ledger import CLAIMS, COLUMNS, LATER, Judgement, judge


def run(*arguments, form="text"):
    parser = argparse.ArgumentParser()
    cli_claims.add_options(parser)
    shared = {
        "model": "planted",
        "form": form,
        "unknown": "error",
        "state": "context",
        "float64": False,
        "jobs": 1,
    }
    parser.set_defaults(parser=parser, **shared)
    return cli_claims.run(parser.parse_args([str(argument) for argument in arguments]))


SMALL = "--n", 12, "--random", 50


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("claims"))  # where nothing is cached
        both = [one for one in ANALYSES if any(one in part for part in cli_claims.JUDGED.values())]
        return compute(Experiment(load("planted"), n=12, n_random=50), both, {}, Path("nowhere"))


@pytest.fixture
def asked(found, monkeypatch):
    """The experiments that are run, one a call; nothing is computed."""
    calls = []
    monkeypatch.setattr(analysis, "compute", lambda experiment, *_: calls.append(experiment) or found)
    return calls


def test_the_ledger_as_text(capsys, asked):
    assert not run()
    printed = capsys.readouterr().out
    assert "planted, judged as another model than the paper's\nS*: 71, P*: 72, Y*: 73" in printed
    for claim in CLAIMS:
        assert f"{claim.number:>3}. " in printed and claim.text[:30] in printed
    counts = [int(part.split(": ")[1]) for part in printed.splitlines()[-1].split(", ")]
    assert sum(counts) == 40 and [printed.count(f". {verdict.upper()}: ") for verdict in VERDICTS] == counts
    assert max(map(len, printed.splitlines())) <= 110
    run("--quick", "--seed", 3)
    run(*SMALL)
    run("--kind", "mean")
    full, quick, given, kind = [(None, 1000, 0), (None, 200, 3), (12, 50, 0), (None, 1000, 0)]
    assert [(one.n, one.n_random, one.seed) for one in asked] == [full, quick, given, kind]
    assert {(one.state, one.linzen) for one in asked} == {("context", ())}
    assert [one.kind for one in asked] == ["paper"] * 3 + ["mean"]


def test_the_ledger_for_programs(capsys, asked):
    run(form="json")
    ledger = json.loads(capsys.readouterr().out)
    assert [row["number"] for row in ledger] == list(range(1, 41)) and set(ledger[0]) == set(COLUMNS)
    assert ledger[6]["verdict"] == "holds" and ledger[6]["criterion"] == CLAIMS[6].other.text
    run(form="csv")
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["verdict"] for row in rows] == [row["verdict"] for row in ledger]


def test_claims_of_later_papers_stand_apart(capsys, asked):
    assert not run("--later")
    printed = capsys.readouterr().out
    numbers = [int(number) for number in re.findall(r"^ *(\d+)\. [A-Z]", printed, re.MULTILINE)]
    assert numbers == [claim.number for claim in LATER] and min(numbers) > 40
    assert sum(int(part.split(": ")[1]) for part in printed.splitlines()[-1].split(", ")) == len(LATER)
    run("--later", form="json")
    assert [row["number"] for row in json.loads(capsys.readouterr().out)] == numbers
    judged = {"one": [Judgement(c.number, "", VERDICTS[0], "") for c in LATER]}
    lines = cli_claims.verdict_table(judged, LATER).splitlines()
    assert [int(line.split("|")[1]) for line in lines[2:]] == numbers


def test_the_linzen_set_is_read(capsys, tmp_path):
    (tmp_path / "some.text").write_text("the boys near the car greet the girl\n" * 3)
    (tmp_path / "some.gold").write_text("5\tgreet\tgreets\t1\n" * 3)
    run(*SMALL, "--linzen", tmp_path / "some.text", form="json")
    found = json.loads(capsys.readouterr().out)
    assert found[1]["verdict"] == "holds" and found[1]["value"] == "100.0 (3 of 3)"
    with pytest.raises(StimulusError, match="absent"):
        run(*SMALL, "--linzen", tmp_path / "absent.text")


@pytest.mark.parametrize("options", [(), ("--off", "3"), ("--json",)])
@pytest.mark.parametrize(
    ("sentence", "forms", "why"),
    [
        ("the frob frob the frobs", "greets\tgreet", "of the words of the Linzen set the model knows 57 %, not 80 %"),
        ("the boy near the cars near the girls near", "frobs\tfrob", "of no sentence of the Linzen set does the model"),
    ],
)
def test_a_linzen_set_that_cannot_be_read_is_exit_code_1(capsys, tmp_path, options, sentence, forms, why):
    path = tmp_path / "some.text"
    path.write_text(f"{sentence} {forms.split()[0]}\n")
    path.with_suffix(".gold").write_text(f"{len(sentence.split())}\t{forms}\t1\n")
    assert main(["agreement", "--model", "planted", "--linzen", str(path), *options]) == 1
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.startswith(f"--linzen {path}: not read: {why}")
    assert "--linzen FILE" not in printed.err


def test_a_table_over_models():
    verdicts = {"one": VERDICTS[0], "two": VERDICTS[1], "three": VERDICTS[2]}
    judged = {name: [Judgement(c.number, "", one, "") for c in CLAIMS] for name, one in verdicts.items()}
    lines = cli_claims.verdict_table(judged).splitlines()
    assert lines[:2] == ["| # | sec. | claim | one | two | three |", "|---|---|---|---|---|---|"]
    assert len(lines) == 42 and lines[2] == "| 1 | 4.1 T2 | The network solves the NA-tasks | + | - |  |"


def test_what_was_not_asked_is_told_from_what_cannot_be_tested(found):
    judged = {"one": judge(Experiment(load("planted"), n=12, n_random=50), found)}
    lines = {int(line.split("|")[1]): line for line in cli_claims.verdict_table(judged).splitlines()[2:]}
    assert [number for number, line in lines.items() if line.endswith(" ? |")] == [2, 11]
    assert {one.number for one in judged["one"] if one.verdict == VERDICTS[2]} > {2, 11}


def test_all_models_are_judged_on_the_words_of_their_own(capsys, monkeypatch, tmp_path, found):
    for name in ("paper", "auxiliaries", "frequent"):
        provenance = {"lexicon": name} if name != "paper" else {}
        replace(load("mini"), provenance=provenance).save(tmp_path / f"{name}.npz")
    paths = {path.stem: path for path in tmp_path.iterdir()}
    monkeypatch.setattr(models, "names", lambda: paths)
    lexicons = []
    monkeypatch.setattr(analysis, "compute", lambda experiment, *_: lexicons.append(experiment.lexicon) or found)
    run("--all")
    assert lexicons == list(paths)
    run("--all", "--lexicon", "frequent")
    assert lexicons[3:] == ["frequent"] * 3


@pytest.mark.slow
def test_all_models_that_come_along_are_judged(capsys, monkeypatch):
    names = {name: models.names()[name] for name in ("mini", "mini-03", "planted")}
    monkeypatch.setattr(models, "names", lambda: names | {"english-650": "a large one"})
    run("--all", *SMALL)
    printed = capsys.readouterr()
    assert printed.out.startswith("| # | sec. | claim | mini-03 | planted |\n")
    assert "english-650: left out" in printed.err and "--model english-650" in printed.err
    with pytest.raises(MinilstmError, match="neither JSON nor CSV"):
        run("--all", form="json")
