"""`minilstm reproduce`: what it prints and leaves, that its numbers are those of the single commands, and that it resumes."""

import csv
import io
import json
import re
import shlex
import shutil
from dataclasses import dataclass, replace
from html import escape
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
from minilstm.report.reproduce import REPORT, RESULT, run

SMALL = "--model", "planted", "--n", "12"
NAMES = [analysis.name for analysis in ANALYSES]


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


def test_it_prints_table_2_the_stages_the_claims_and_where_the_report_is(first):
    folder, text = first
    lines = text.splitlines()
    assert lines[0] == "planted: 2 LSTM layers of 64 + 64 units, 289 words"
    assert "Table 2: percent correct." in text and text.index("Table 2") < text.index("Long-range number units")
    singular, plural = list(planted.UNITS.values())[:2]
    assert f"singular {singular}; plural {plural}." in text
    places = [text.index(stage.title + " (") for stage in STAGES]
    assert places == sorted(places)
    counts = [int(number) for number in re.findall(rf"  (?:{'|'.join(VERDICTS)}) \((\d+)\)", text)]
    assert len(counts) == 3 and sum(counts) == 40
    assert "50 random sets, not 1,000" in text and "12 sentences a condition" in text
    assert lines[-1] == f"Report: {folder / 'report.html'}"


def test_every_stage_leaves_whole_files(first):
    folder, _ = first
    assert {path.name for path in folder.iterdir()} == {*NAMES, *REPORT}
    for stage in STAGES:
        _, value = kept(folder / stage.name / FOUND)
        named = {f"{one.name}.csv" for one in value["section"].tables} | {
            f"{one.name}.svg" for one in value["section"].figures
        }
        more = {"margins.csv"} if stage.name == "agreement" else set()
        assert {path.name for path in (folder / stage.name).iterdir()} == named | more | {FOUND}
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


def test_the_ledger_is_that_of_the_single_command(first):
    ledger = json.loads(printed("claims", *SMALL, "--random", 50, "--json"))
    assert ledger == json.loads((first[0] / "results.json").read_text())["claims"]


def test_numbers_are_those_of_the_single_commands(first):
    """Every command that the report names is run, and its numbers are set beside those in the report."""
    folder, _ = first
    page = (folder / "report.html").read_text()
    commands = [shlex.split(one)[1:] for one in re.findall(r"<li><code>(minilstm .*?)</code></li>", page)]
    out = {" ".join(words): list(csv.DictReader(io.StringIO(printed(*words, "--csv")))) for words in commands}
    assert len(out) == len(commands) == 14 and len(page.split("<li><code>")) == 15

    def of(start):
        return next(rows for words, rows in out.items() if words.startswith(start))

    def alike(ours, theirs, *names):
        assert ours and len(ours) == len(theirs)
        for a, b in zip(ours, theirs, strict=True):
            for name in names:
                assert a[name] == b[name] or float(a[name]) == pytest.approx(float(b[name]), abs=1e-4), (name, a, b)

    table2 = rows(folder / "agreement" / "table2.csv")
    assert [float(row["accuracy %"]) for row in of("agreement")] == [float(row["full"]) for row in table2]
    alike(of("agreement"), table2, "task", "condition", "n", "margin")
    off = {row["unit"]: row for row in of("ablate --model")}
    for row in table2:
        for column in (column for column in row if column.endswith(" off") and row[column]):
            assert float(off[column.removesuffix(" off")][f"{row['task']} {row['condition']}"]) == float(row[column])
    efferents = rows(folder / "efferents" / "efferents.csv")
    alike(efferents, of("efferents"), *efferents[0])
    words = next(words for words in commands if words[0] == "efferents")
    shares, (_, value) = json.loads(printed(*words, "--json"))["shares"], kept(folder / "efferents" / FOUND)
    for name in ("share", "effect"):  # effects come from Table 2's sweep, not from one of their own
        assert getattr(value["found"].shares, name).ravel() == pytest.approx([row[name] for row in shares], abs=1e-4)
    depth = rows(folder / "depth" / "depth.csv")
    alike(depth, of("depth")[: len(depth)], *depth[0])
    curves = [[cell and f"{float(cell):.2f}" for cell in list(row.values())[2:]] for row in of("decode")]
    assert curves == [list(row.values())[2:] for row in rows(folder / "decoding" / "decoding.csv")]
    _, value = kept(folder / "gates" / FOUND)
    words = next(words for words in commands if words[0] == "dynamics" and "--pool" not in words)
    columns, fit = read_csv(folder / "gates" / "against_prediction.csv")
    for row in fit:
        row[-1] = f"{row[-1]:.2f}"
    assert "(a guess)" not in (text := printed(*words)) and text.endswith(render(columns, fit) + "\n")
    C = [row for row in of("dynamics") if row["variable"] == "C" and row["condition"] == "SP"]
    assert [float(row["mean"]) for row in C] == pytest.approx(value["found"].mean["C"][1].T.ravel(), abs=1e-6)
    bare = next(rows for words, rows in out.items() if "--unscaled" in words)
    _, connections = kept(folder / "connectivity" / FOUND)
    sources = dict.fromkeys(int(row["from"]) for row in bare)
    assert [[str(cell) for cell in row] for row in connections["found"].bare.rows(sources)] == [
        list(row.values()) for row in bare
    ]
    for start, name in (
        ("interchange", "interchange/interchange"),
        ("smallest --most", "smallest/smallest_needed"),
        ("smallest --interchange", "smallest/smallest_carry"),
    ):
        alike(rows(folder / f"{name}.csv"), of(start), *of(start)[0])
    alike(rows(folder / "votes" / "votes.csv"), of("votes"), *of("votes")[0])
    groups = [words for words in out if words.startswith("ablate --group")]
    tests = [row for path in sorted((folder / "groups").glob("*.csv")) for row in rows(path)]
    theirs = [row for words in groups for row in out[words]]
    assert groups and tests and all(row in theirs for row in tests)


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
    lines = [line for line in capsys.readouterr().out.splitlines() if " (4." in line or " (left open" in line]
    assert ["cached" in line for line in lines] == [name in NAMES[:k] for name in NAMES]
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
    assert results(quick) == before and before[Path("together/linzen.csv")] == b"network,correct\nintact,96.7741935483871\n"


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
    (quick / "drawn" / ".linzen.csv.x7").write_text("half a ta")
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
    why = "SubjRel: 'helps' is not among the words"
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


def test_a_lexicon_that_the_model_knows_in_part(tmp_path, capsys):
    """The auxiliaries' relative clauses have a verb that the planted network lacks: Fig. 3 and its claims are left out."""
    words = [*SMALL, "--random", 20, "--lexicon", "auxiliaries"]
    lines = printed("reproduce", *words, "--out", tmp_path, code=1).splitlines()
    k, more = (k for k, line in enumerate(lines) if line.endswith("not done"))
    why = lines[k + 1].strip()
    assert "Fig. 3" in lines[k] and why.startswith(
        "SubjRel: 'helps' is not among the model's 289 words: The girl that helps"
    )
    assert "wrong form" in lines[more] and lines[more + 1].strip().startswith("SubjRel: 'wants' is not")
    said = "Not done, since this model cannot do it: Syntax units across structures; Who is for the wrong form."
    assert said in " ".join(lines)
    found = json.loads((tmp_path / "planted" / "results.json").read_text())
    assert {name: one["not done"] for name, one in found["stages"].items() if one["not done"]}.keys() == {
        "structures",
        "votes",
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


def test_other_code_and_other_libraries_do_not_fit(quick, monkeypatch):
    monkeypatch.setattr("minilstm.report.reproduce.source", lambda: "edited")
    assert set(again(quick, experiment(), analyses=QUICK).values()) == {"the cached result is of another version of this code"}
    monkeypatch.setattr("minilstm.report.reproduce.versions", lambda: {"numpy": "99"})
    assert set(again(quick, experiment(), analyses=QUICK).values()) == {"the cached result is of another version of a library"}


def test_what_is_of_other_options_is_gone_before_anything_is_measured(quick):
    (quick / "report.html").write_text("of seed 0")
    with pytest.raises(KeyboardInterrupt):
        run(experiment(seed=3), quick, [replace(QUICK[0], compute=interrupt), *QUICK[1:]])
    assert [path for path in quick.rglob("*") if path.is_file()] == []


def test_a_folder_that_cannot_be_made_is_bad_input(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(MinilstmError, match="cannot be written"):
        run(experiment(), tmp_path / "file" / "planted", QUICK)
