"""The README's example prints what the README says, and every file that it names is there."""

import re
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from readme import API, EXAMPLE, README, WEIGHTS, api, printed

from minilstm import load, models
from minilstm.analyses.base import Results
from minilstm.analyses.experiment import Experiment
from minilstm.cli.claims import SIGNS, SLOWEST
from minilstm.cli.output import print_results
from minilstm.report.ledger import CLAIMS, LATER


def test_the_example_prints_what_stands_below_it():
    example = EXAMPLE.search(README.read_text())
    assert example and printed(example[2]) == example[3]
    assert len([line for line in example[2].splitlines() if line.strip()]) <= 12


@pytest.mark.parametrize("block, claims", [("claims", CLAIMS), ("later", LATER)])
def test_the_tables_of_claims_are_about_all_claims_and_models(block, claims):
    (table,) = re.findall(f"<!-- {block} -->\n(.*)<!-- end {block} -->", WEIGHTS.read_text(), re.DOTALL)
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()]
    if not rows:
        pytest.skip(f"the table is yet to be written: python tests/readme.py {block}")
    assert rows[0] == ["#", "sec.", "claim", *(name for name in models.names() if name not in ("mini", SLOWEST))]
    assert [row[:3] for row in rows[2:]] == [[str(one.number), one.section, one.text] for one in claims]
    assert {cell for row in rows[2:] for cell in row[3:]} <= {*SIGNS.values(), "?"}


def test_every_file_that_is_linked_exists():
    links = re.findall(r"\]\((?!http)([^)#]+)\)", README.read_text())
    assert len(links) > 10
    assert [link for link in links if not (README.parent / link).exists()] == []


def test_the_two_commands_are_those_that_ci_runs():
    assert 'pip install -e ".[test]" && pytest' in README.read_text()
    assert 'pip install -e ".[test]" && pytest' in (README.parent / ".ci" / "run").read_text()


def test_the_sentences_under_the_example_are_borne_out_by_its_numbers():
    """Needed is not carrying: one unit's cell ends alike in both sentences, the other's with opposite signs."""
    lines = EXAMPLE.search(README.read_text())[3].splitlines()
    needed, carries = (int(re.search(r"unit (\d+)", line)[1]) for line in (lines[1], lines[4]))
    cells = [np.array(line.strip("[]").split(), float) for line in lines if line.startswith("[")]
    assert needed != carries and "carries number" in lines[4] and lines[4].endswith("100% of the verbs flip")
    boys, boy = cells[:2]
    assert abs(boys[-1] - boy[-1]) <= 0.1
    boys, boy = cells[2:]
    assert (boys[1:] > 0).all() and (boy[1:] < 0).all()


def test_the_interface_is_what_its_page_says():
    assert api() in API.read_text()


def test_the_analysis_that_the_page_adds_works(capsys):
    code = re.search(r"```python\n(.*?)```", API.read_text(), re.DOTALL)[1]
    module = {"__name__": "minilstm.analyses.forgetting", "__package__": "minilstm.analyses"}
    exec(compile(code, "forgetting.py", "exec"), module)
    sys.modules[module["__name__"]] = SimpleNamespace(**module)
    result = module["ANALYSIS"].compute(Experiment(load("planted"), n=8), Results())
    print_results([result])
    assert "Mean forget gate before the verb." in capsys.readouterr().out and len(result.f) == 128


def test_the_words_that_commands_print_are_in_its_table():
    table = README.read_text().partition("## The paper's words")[2]
    words = {
        word for line in table.splitlines() if line.startswith("|") for word in line.split("|")[1].strip().split(", ")
    }
    assert {"S*", "P*", "Y*", "segregation", "id", "margin", "attractor", "interchange", "context"} <= words


@pytest.fixture
def costs(monkeypatch):
    """The script that measures what commands cost."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent / "benchmarks"))
    import costs

    return costs


def test_costs_go_on_where_they_were_interrupted(costs, tmp_path, monkeypatch, capsys):
    """A command that fails, as `pytest` may, is named; what was measured before it stays."""
    fails = "minilstm info --model nowhere"
    with pytest.raises(RuntimeError, match=r"nowhere: (?s:.*)no such file"):
        costs.table(("minilstm info", fails), tmp_path / "new")
    assert capsys.readouterr().err == f"minilstm info ...\n{fails} ...\n"
    monkeypatch.setattr(costs, "cost", lambda command, cache: (1.25, 10.4))
    lines = costs.table(("minilstm info", "pytest"), tmp_path / "new").splitlines()
    assert capsys.readouterr().err == "pytest ...\n"
    assert lines[2].split() == ["command", "seconds", "peak", "MB"] and lines[4].startswith("minilstm info (cold) ")
    assert lines[5].split() == ["pytest", "1.2", "10"] and lines[4].split()[-2:] != ["1.2", "10"]
    again = costs.table(("minilstm info", "pytest"), tmp_path / "new", fresh=True).splitlines()
    assert again[4].split() == ["minilstm", "info", "(cold)", "1.2", "10"]
    assert {"minilstm claims --all", "pytest"} <= set(costs.COMMANDS)
