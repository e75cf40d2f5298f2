"""`minilstm reproduce`: what it prints and leaves, its numbers in the single commands, and that it resumes."""

import csv
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from html import escape, unescape
from pathlib import Path

import numpy as np
import pytest

from minilstm import load, planted
from minilstm.analyses import ANALYSES
from minilstm.analyses.base import VERDICTS, Analysis, Figure
from minilstm.analyses.experiment import LINZEN, RANDOM, Experiment
from minilstm.analyses.linzen import Linzen
from minilstm.cli.main import main
from minilstm.errors import MinilstmError, UnknownWordError
from minilstm.io.atomic import write_whole
from minilstm.report import cache
from minilstm.report.ledger import LATER
from minilstm.report.reproduce import REPORT, RESULT, _clear, run
from minilstm.stimuli import Pair, Stimuli

SMALL = "--model", "planted", "--n", "12"
REPRODUCED = [analysis for analysis in ANALYSES if not analysis.requires]
NAMES = [analysis.name for analysis in REPRODUCED]


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """The folder of one whole run, not to be changed, and what it printed."""
    out = tmp_path_factory.mktemp("out") / "made" / "on the way"
    return out / "planted", printed("reproduce", *SMALL, "--random", 50, "--out", out)


def printed(*arguments, code=0):
    """What a command prints."""
    out = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdout", out)
        assert main([str(argument) for argument in arguments]) == code
    return out.getvalue()


def rows(path):
    return list(csv.DictReader(io.StringIO(path.read_text())))


def results(folder):
    """All files of a run that do not say when they were made."""
    return {
        path.relative_to(folder): path.read_bytes()
        for path in sorted(folder.rglob("*.*"))
        if path.suffix in (".csv", ".svg")
    }


def test_it_prints_table_2_the_analyses_the_claims_and_where_the_report_is(first):
    folder, text = first
    lines = text.splitlines()
    assert lines[0] == "planted: 2 LSTM layers of 64 + 64 units, 289 words"
    assert "Table 2. Percent correct" in text and text.index("Table 2") < text.index("Long-range number units")
    singular, plural = list(planted.UNITS.values())[:2]
    assert f"singular {singular}; plural {plural}." in text
    places = [text.index(f"  {analysis.title}") for analysis in REPRODUCED]
    assert len(set(places)) == len(places)
    counts = [int(number) for number in re.findall(rf"  (?:{'|'.join(VERDICTS)}) \((\d+)\)", text)]
    assert len(counts) == 6 and sum(counts[:3]) == 40 and sum(counts[3:]) == len(LATER)
    assert "50 random sets, not 1,000" in " ".join(lines) and "12 sentences a condition" in " ".join(lines)
    assert lines[-1] == f"Report: {folder / 'report.html'} (in {folder.parent} each model has a folder of its own)"


def test_every_analysis_leaves_whole_files(first):
    folder, _ = first
    assert {path.name for path in folder.iterdir()} == {*NAMES, *REPORT}
    for name in NAMES:
        _, entry = cache.load(folder / name / RESULT)
        named = {f"{table.name}.csv" for table in entry["result"].tables()}
        named |= {f"{figure.name}.svg" for figure in entry["result"].figures()}
        assert {path.name for path in (folder / name).iterdir()} == named | {RESULT}
    assert len(rows(folder / "agreement" / "table2.csv")) == 18
    margins = rows(folder / "agreement" / "margins.csv")
    accuracy = np.mean(
        [float(row["full"]) > 0 for row in margins if (row["task"], row["condition"]) == ("nounPP", "SP")]
    )
    row = next(
        row for row in rows(folder / "agreement" / "table2.csv") if (row["task"], row["condition"]) == ("nounPP", "SP")
    )
    assert float(row["full"]) == 100 * accuracy and float(row["paper"]) == 87.2


def test_json_and_csv_are_for_programs(first, tmp_path):
    folder = shutil.copytree(first[0], tmp_path / "planted")
    as_json = json.loads(printed("reproduce", *SMALL, "--random", 50, "--out", folder.parent, "--json"))
    assert as_json == json.loads((folder / "results.json").read_text()) and len(as_json["claims"]) == 40
    assert as_json["model"]["name"] == "planted" and len(as_json["model"]["sha256"]) == 64
    as_csv = printed("reproduce", *SMALL, "--random", 50, "--out", folder.parent, "--csv")
    assert [row["full"] for row in csv.DictReader(io.StringIO(as_csv))] == [
        str(row["full"]) for row in as_json["table2"]
    ]


@pytest.mark.slow
def test_the_ledger_is_that_of_the_single_command(first):
    ledger = json.loads(printed("claims", *SMALL, "--random", 50, "--json"))
    kept = json.loads((first[0] / "results.json").read_text())
    assert ledger == kept["claims"]
    later = json.loads(printed("claims", "--later", *SMALL, "--random", 50, "--json"))
    assert later == kept["later claims"] and len(later) == len(LATER)


SECTIONS = list(dict.fromkeys(analysis.home for analysis in REPRODUCED))


@pytest.mark.parametrize("cached", [False, True], ids=["computed", "cached"])
@pytest.mark.parametrize("section", SECTIONS)
def test_a_command_prints_what_its_section_holds(first, section, cached, tmp_path, monkeypatch):
    """Every command that the report names is run, without the cache and with it; its tables are those of the report."""
    folder, _ = first
    page = (folder / "report.html").read_text()
    part = re.search(rf'<section id="{section}">.*?</section>', page, re.DOTALL)[0]
    commands = [shlex.split(unescape(one))[1:] for one in re.findall(r"<li><code>(minilstm .*?)</code></li>", part)]
    if section == "linzen":  # there is no set, and so nothing to print
        assert not commands
        return
    assert commands
    monkeypatch.chdir(tmp_path)
    if cached:  # where commands look for what `reproduce` left
        (tmp_path / "results").mkdir()
        shutil.copytree(folder, tmp_path / "results" / "planted")
    printed_tables = {}
    for words in commands:
        printed_tables |= json.loads(printed(*words, "--json"))
    held = json.loads((folder / "results.json").read_text())["tables"]
    held = {name.partition("/")[2]: table for name, table in held.items() if name.startswith(f"{section}/")}
    assert set(held) <= set(printed_tables)
    for name, table in held.items():
        if cached:
            assert printed_tables[name] == table
        else:
            assert_alike(printed_tables[name], table)


def assert_alike(table, other):
    """Two tables hold the same, floats but for rounding."""
    assert len(table) == len(other)
    for row, its in zip(table, other, strict=True):
        assert row.keys() == its.keys()
        for column in row:
            if isinstance(row[column], float) and isinstance(its[column], (int, float)):
                assert row[column] == pytest.approx(its[column], rel=1e-5, abs=1e-5), column
            else:
                assert row[column] == its[column], column


def experiment(**changes):
    return replace(Experiment(load("planted"), n=12, n_random=50), **changes)


def again(folder, experiment, **options):
    """Run; which analyses were computed, and why."""
    done = {one.analysis.name: one for one in run(experiment, folder, **options)}
    return {name: one.stale for name, one in done.items() if not one.cached}


def test_an_interrupted_run_goes_on_where_it_was(first, tmp_path, capsys, monkeypatch):
    out, k = tmp_path / "planted", NAMES.index("decoding")
    monkeypatch.setattr("minilstm.analyses.decoding.number_data", interrupt)
    assert main(["reproduce", *SMALL, "--random", "50", "--out", str(tmp_path)]) == 130
    assert f"cached in {out}; the same command goes on from there" in capsys.readouterr().err
    assert not list((out / "decoding").iterdir()) and not (out / "report.html").exists()
    monkeypatch.undo()
    assert main(["reproduce", *SMALL, "--random", "50", "--out", str(tmp_path)]) == 0
    lines = {
        analysis.name: line
        for line in capsys.readouterr().out.splitlines()
        for analysis in REPRODUCED
        if line.startswith(f"  {analysis.title}")
    }
    assert {name: line.endswith("cached") for name, line in lines.items()} == {
        name: name in NAMES[:k] for name in NAMES
    }
    assert results(out) == results(first[0])


def interrupt(*arguments, **options):
    raise KeyboardInterrupt


# Three analyses that take no time: the third is made of the first two.
def counted(experiment, results):
    return Linzen(np.arange(experiment.n))


def drawn(experiment, results):
    return Linzen(np.arange(experiment.n_random))


def together(experiment, results):
    return Linzen(np.r_[results["counted"].full, results["drawn"].full])


QUICK = (
    Analysis("counted", "", "Counted", "1", counted),
    Analysis("drawn", "", "Drawn", "2", drawn, options=(RANDOM,)),
    Analysis("together", "", "Together", "3", together, needs=("counted", "drawn")),
)
EVERY = ["counted", "drawn", "together"]


@pytest.fixture
def quick(tmp_path):
    """A folder with the results of these."""
    assert again(tmp_path / "x", experiment(), analyses=QUICK) == dict.fromkeys(EVERY, "")
    return tmp_path / "x"


def test_a_rerun_measures_nothing_unless_asked(quick):
    before = results(quick)
    assert again(quick, experiment(), analyses=QUICK) == {}
    assert again(quick, experiment(), analyses=QUICK, fresh=True) == dict.fromkeys(EVERY, "as asked")
    assert (
        results(quick) == before
        and before[Path("together/linzen.csv")] == b"network,correct\nintact,96.7741935483871\n"
    )


@pytest.mark.parametrize("damage", ["half", "flipped", "not ours", "empty"])
def test_a_damaged_result_is_measured_anew(quick, damage):
    before, path = results(quick), quick / "drawn" / RESULT
    whole = path.read_bytes()
    middle = len(whole) // 2
    path.write_bytes(
        {
            "half": whole[:middle],
            "flipped": whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
            "not ours": b"{}",
            "empty": b"",
        }[damage]
    )
    (quick / "drawn" / ".linzen.csv.x7").write_text("half a ta")  # by a run that was killed
    os.utime(quick / "drawn" / ".linzen.csv.x7", (0, 0))
    (quick / "report.html").write_text("of what was damaged")
    why = again(quick, experiment(), analyses=QUICK)
    assert list(why) == ["drawn"] and why["drawn"].startswith(f"the cached result is damaged: {path}")
    assert results(quick) == before and not (quick / "report.html").exists()
    assert {file.name for file in (quick / "drawn").iterdir()} == {"linzen.csv", RESULT}


def unknown(study, found):
    raise UnknownWordError("SubjRel: 'helps' is not among the words")


def mistaken(study, found):
    return np.zeros(3)[3]


def test_what_a_model_cannot_do_is_said_and_the_rest_is_done(quick):
    analyses = [QUICK[0], replace(QUICK[1], compute=unknown), QUICK[2], replace(QUICK[0], name="last")]
    why = "SubjRel: 'helps' is not among the words; --unknown '<unk>' reads such a word all the same"
    for _ in "again", "and again":  # nothing is kept of what could not be done
        runs = {one.analysis.name: one for one in run(experiment(seed=3), quick, analyses)}
        unavailable = {name: one.unavailable for name, one in runs.items()}
        assert unavailable == {"counted": "", "drawn": why, "together": why, "last": ""}
        assert runs["drawn"].result is None and runs["together"].result is None
        assert not list((quick / "drawn").iterdir()) + list((quick / "together").iterdir())
    assert [one.cached for one in runs.values()] == [True, False, False, True]
    assert again(quick, experiment(seed=3), analyses=QUICK).keys() == {"drawn", "together"}


@dataclass(frozen=True, repr=False)
class Undrawable(Linzen):
    def figures(self):
        return [Figure("it", "It.", "a picture", lambda: unknown(None, None))]


def test_what_cannot_be_shown_is_not_done_either(quick):
    analyses = [QUICK[0], replace(QUICK[1], compute=lambda *_: Undrawable(None)), QUICK[2]]
    runs = run(experiment(seed=3), quick, analyses)
    assert [bool(one.unavailable) for one in runs] == [False, True, True] and runs[1].result is None


def test_mistakes_of_ours_and_of_the_first_stage_end_the_run(quick):
    with pytest.raises(IndexError):
        run(experiment(seed=3), quick, [QUICK[0], replace(QUICK[1], compute=mistaken)])
    with pytest.raises(KeyError):  # a name that no analysis has
        run(experiment(seed=3), quick, [QUICK[0], QUICK[2]])
    with pytest.raises(UnknownWordError):
        run(experiment(seed=4), quick, [replace(QUICK[0], compute=unknown), *QUICK[1:]])


@pytest.mark.slow
def test_a_lexicon_that_the_model_knows_in_part(tmp_path, capsys):
    """The auxiliaries' relative clauses have a verb that the planted network lacks: Fig. 3 is left out."""
    words = [*SMALL, "--random", 20, "--lexicon", "auxiliaries"]
    lines = printed("reproduce", *words, "--out", tmp_path, code=1).splitlines()
    k, more, nested = (k for k, line in enumerate(lines) if line.endswith("unavailable"))
    why = f"{lines[k + 1].strip()} {lines[k + 2].strip()}"
    assert "Fig. 3" in lines[k] and why == (
        "SubjRel: 'helps' is not among the model's 289 words: The girl that helps the victim is; --unknown '<unk>' "
        "reads such a word all the same"
    )
    assert "wrong form" in lines[more] and lines[more + 1].strip().startswith("SubjRel: 'wants' is not")
    assert "Nested" in lines[nested] and lines[nested + 1].strip().startswith("'follows' is not")
    said = "Not done, since this model cannot do it: Syntax units across structures; Units that favour the wrong form; "
    assert f"{said}Nested dependencies." in " ".join(lines)
    found = json.loads((tmp_path / "planted" / "results.json").read_text())
    assert {name: one["not done"] for name, one in found["stages"].items() if one["not done"]}.keys() == {
        "structures",
        "votes",
        "nested",
    }
    assert found["stages"]["structures"]["not done"] == why
    claims = {row["number"]: (row["verdict"], row["reason"]) for row in found["claims"]}
    assert (
        claims[34] == claims[35] == (VERDICTS[2], f"structures could not be done: {why}")
        and claims[33][0] == VERDICTS[0]
    )
    page = (tmp_path / "planted" / "report.html").read_text()
    assert page.count(escape(why)) >= 4 and not list((tmp_path / "planted" / "structures").iterdir())
    assert json.loads(printed("claims", *words, "--json", code=1)) == found["claims"]
    assert printed("claims", *words, code=1).count(why[:40]) == 2


@pytest.mark.parametrize(
    "bad", [["--lexicon", "latin"], ["--n", "1"], ["--linzen", "nowhere"], ["--model", "nowhere.npz"]]
)
def test_what_is_bad_for_every_stage_is_bad_input(tmp_path, capsys, bad):
    assert main(["reproduce", *SMALL, "--out", str(tmp_path / "out"), *bad]) == 2
    assert capsys.readouterr().err.startswith("minilstm: ") and not (tmp_path / "out").exists()


def test_what_fits_is_taken_and_nothing_else(quick):
    sets, sentences = (
        "the cached result is of another number of random sets",
        "the cached result is of another number of sentences",
    )
    needed = "the cached result is of another result that it needs"
    assert again(quick, experiment(n_random=60), analyses=QUICK) == {"drawn": sets, "together": needed}
    assert again(quick, experiment(n_random=60, n=10), analyses=QUICK) == dict.fromkeys(EVERY, sentences)
    model = experiment().model
    changed = {
        "seed": experiment(seed=1),
        "state": experiment(state=None),
        "lexicon": experiment(lexicon="frequent"),
        "unknown": experiment(unknown="<unk>"),
        "kind": experiment(kind="mean"),
        "precision": experiment(model=load("planted", "float64")),
        "model": experiment(model=replace(model, context=model.context[:-1])),
    }
    again(quick, experiment(), analyses=QUICK)
    for name, other in changed.items():
        why = set(again(quick, other, analyses=QUICK).values())
        assert len(why) == 1 and name in why.pop().removeprefix("the cached result is of another ").split(", ")
        again(quick, experiment(), analyses=QUICK)
    linzen = experiment(linzen=tuple(experiment().items[:2]))
    assert again(quick, linzen, analyses=QUICK) == {}  # none of the three says that it depends on it
    analyses = [replace(QUICK[0], options=(LINZEN,)), *QUICK[1:]]
    assert again(quick, linzen, analyses=analyses).keys() == {"counted", "together"}


def test_other_snapshots_states_and_test_sets_do_not_fit(tmp_path):
    """Values that only differ in one number of an array, or in the last of many sentences."""
    model = load("planted")
    other = replace(model, decoder_bias=model.decoder_bias + np.eye(len(model.vocabulary), dtype=np.float32)[7])
    state = model.context_state()
    moved = state._replace(C=state.C + np.float32(1e-3))
    sentences = [
        Stimuli(tuple(Pair(("The",), ("boy",), (word,), (), "t", "c", 1) for word in words), "own")
        for words in (["boys"] * 50, [*["boys"] * 49, "cars"])
    ]
    cases = {
        "set of snapshots": ("snapshots", {"a": (model,)}, {"a": (other,)}),
        "set of test sentences": ("test_sets", {"a": sentences[0]}, {"a": sentences[1]}),
        "state": ("state", state, moved),
    }
    for words, (name, value, changed) in cases.items():
        analyses = [replace(QUICK[0], requires=name)]
        folder = tmp_path / name
        assert again(folder, experiment(**{name: value}), analyses=analyses) == {"counted": ""}
        assert again(folder, experiment(**{name: value}), analyses=analyses) == {}
        why = f"the cached result is of another {words}"
        assert again(folder, experiment(**{name: changed}), analyses=analyses) == {"counted": why}


def test_other_code_and_other_libraries_do_not_fit(quick, monkeypatch):
    monkeypatch.setattr("minilstm.report.reproduce.source", lambda: "edited")
    assert set(again(quick, experiment(), analyses=QUICK).values()) == {
        "the cached result is of another version of this code"
    }
    monkeypatch.setattr("minilstm.report.reproduce.versions", lambda: {"numpy": "99"})
    assert set(again(quick, experiment(), analyses=QUICK).values()) == {
        "the cached result is of another version of a library"
    }


def test_what_is_of_other_options_is_gone_before_anything_is_measured(quick):
    (quick / "report.html").write_text("of seed 0")
    with pytest.raises(KeyboardInterrupt):
        run(experiment(seed=3), quick, [replace(QUICK[0], compute=interrupt), *QUICK[1:]])
    assert [path for path in quick.rglob("*") if path.is_file()] == []


def test_a_folder_that_cannot_be_made_is_bad_input(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(MinilstmError, match="cannot be written"):
        run(experiment(), tmp_path / "file" / "planted", QUICK)


def test_what_another_run_is_writing_stays(tmp_path):
    """Two runs in one folder: the second clears what does not fit, and not the files that the first has open."""
    home = tmp_path / "agreement"
    home.mkdir()
    (home / ".table2.csv.killed").touch()
    os.utime(home / ".table2.csv.killed", (0, 0))
    (home / "old.csv").touch()
    with write_whole(home / "table2.csv", "w") as file:
        file.write("whole")
        _clear(tmp_path, "agreement")
    assert [path.name for path in home.iterdir()] == ["table2.csv"]
    assert (home / "table2.csv").read_text() == "whole"


@pytest.mark.slow
def test_two_runs_in_one_folder_do_not_disturb_each_other(tmp_path):
    """Both end well, with the numbers of their own options, and leave whole files."""
    command = [sys.executable, "-m", "minilstm", "reproduce", "--model", "planted", "--out", tmp_path, "--json"]
    runs = [
        subprocess.Popen([*command, "--n", n, "--random", "20"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for n in ("12", "14")
    ]
    told = [run.communicate() for run in runs]
    assert [run.returncode for run in runs] == [0, 0], told
    sizes = [{row["n"] for row in json.loads(out)["table2"]} for out, _ in told]
    assert sizes == [{12}, {14}]
    assert json.loads((tmp_path / "planted" / "results.json").read_text())["claims"]
    assert (tmp_path / "planted" / "report.html").read_text().endswith("</html>\n")
    for name in NAMES:
        cache.load(tmp_path / "planted" / name / RESULT)
    assert not [path for path in tmp_path.rglob("*") if path.name[0] == "."]
