"""Emergence over training: a series with planted stages, files in whatever order, snapshots of some words only."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import need
from small_model import small_model

from minilstm import agreement, load, planted
from minilstm.analyses.base import Results, Unavailable
from minilstm.analyses.drops import POINTS
from minilstm.analyses.emergence import (
    ANALYSIS,
    Snapshot,
    Training,
    emergence,
    plot_emergence,
    table,
)
from minilstm.analyses.experiment import Experiment
from minilstm.analyses.milestones import for_good, milestones
from minilstm.analyses.table2 import Table2
from minilstm.analyses.tables import read_csv, render
from minilstm.cli.main import main
from minilstm.errors import MinilstmError, ModelFileError, StimulusError
from minilstm.models import read_partial, series, tokens_seen
from minilstm.stimuli import na_task, na_tasks

WEIGHTS = Path(__file__).resolve().parent.parent / "weights"
SHORT = "short-range 1", "short-range 2"
LONG = "long-range singular", "long-range plural"
# What the verbs hear at each snapshot of the training that we pretend: training tokens, units of the planted circuit
STAGES = {1_000: (), 20_000: SHORT, 300_000: (*SHORT, LONG[0]), 4_000_000: (*SHORT, *LONG)}


def stages():
    """The planted circuit as if it had been learned bit by bit, as {words read: model}."""
    whole, found = load("planted"), {}
    for words, heard in STAGES.items():
        weight = whole.decoder_weight.copy()
        for name in set(SHORT + LONG) - set(heard):
            weight[:, planted.UNITS[name] - planted.SIZE - 1] = 0
        found[words] = replace(whole, decoder_weight=weight, provenance={"words_read": words})
    return found


@pytest.fixture(scope="module")
def items():
    return na_tasks(n=8)


@pytest.fixture(scope="module")
def found(items):
    return emergence(list(stages().values())[::-1], items)  # they come in the wrong order


def test_what_was_planted_emerges_when_it_was(found):
    assert [snapshot.tokens for snapshot in found.snapshots] == list(STAGES)
    singular, plural = (planted.UNITS[name] for name in LONG)
    assert found.final == {"S": singular, "P": plural}
    accuracy = [[snapshot.accuracy["nounPP", c] for c in ("SS", "SP", "PS", "PP")] for snapshot in found.snapshots[1:]]
    assert accuracy == [[1, 0, 0, 1], [1, 1, 0, 1], [1, 1, 1, 1]]
    assert [snapshot.drop["S"][singular - 1] for snapshot in found.snapshots] == [0, 0, 1, 1]
    assert [snapshot.drop["P"][plural - 1] for snapshot in found.snapshots] == [0, 0, 0, 1]
    assert found.snapshots[-1].by_rule == {"S": [singular], "P": [plural]}
    assert not any(found.snapshots[1].by_rule.values()) and found.snapshots[2].by_rule["P"] == []
    syntax = planted.UNITS[
        "syntax"
    ]  # without it both long-range units are deaf: it costs as many answers, and more of the margin
    assert found.snapshots[-1].ranking["S"][:2] == [syntax, singular]
    assert found.snapshots[-1].ranking["P"][:2] == [syntax, plural]
    assert all(sorted(snapshot.ranking["S"]) == list(range(1, 129)) for snapshot in found.snapshots)


def test_decoding_and_locality(found):
    last = found.snapshots[-1]
    assert last.auc[0] > 0.99 and last.auc[1] < 0.1  # the long-range units keep the subject's number, the others follow
    assert last.locality == 1 and all(np.isnan(snapshot.locality) for snapshot in found.snapshots[:-1])


def test_tables(found, tmp_path):
    columns, rows = table({"a": found, "b": found})
    assert [(row[0], row[1]) for row in rows] == [(name, words) for name in "ab" for words in STAGES]
    row = dict(zip(columns, rows[2], strict=True))
    assert (row["nounPP SP"], row["nounPP PS"], row["lost by final SP"], row["lost by final PS"]) == (100, 0, 100, 0)
    assert (row["final SP"], row["final PS"]) == (71, 72) and row["by rule PS"] == ""
    (tmp_path / "t.csv").write_text(render(columns, rows, "csv") + "\n")
    again = read_csv(tmp_path / "t.csv")
    assert milestones(*again) == milestones(columns, rows)
    columns, rows = milestones(*again)
    again[1][3][again[0].index("nounPP SP")] = 94.0  # at the end
    assert milestones(*again)[1][0][1] is None
    assert rows[0] == ["a", 300_000, 71, 100, 300_000, 4_000_000, 72, 100, 4_000_000, 1] and len(rows) == 2


def test_tables_are_read_as_they_were_written(tmp_path):
    path, rows = tmp_path / "t.csv", [["a b", 1, 0.1, None], ["1,2", -3, 1e-300, "x"]]
    path.write_text(render("abcd", rows, "csv") + "\n")
    assert read_csv(path) == (list("abcd"), rows)
    path.write_text("a,b\n1,2\n3\n")
    with pytest.raises(MinilstmError, match=r"t\.csv, row 3: 1 cells, expected 2"):
        read_csv(path)
    for broken in (b"", b"\xff\xfe"):
        path.write_bytes(broken)
        with pytest.raises(MinilstmError, match=r"t\.csv: cannot be read"):
            read_csv(path)


def test_for_good():
    words = [1, 2, 3, 4]
    assert for_good(words, [False, True, False, True]) == 4
    assert for_good(words, [True] * 4) == 1
    assert for_good(words, [True, True, True, False]) is None


def test_the_figure_has_a_line_a_training_and_their_median(found):
    columns, rows = table({name: found for name in "abc"})
    rows = [[*row] for row in rows]
    rows[2][columns.index("lost by final SP")] = 40  # the first training and the last differ from the other one
    rows[-2][columns.index("lost by final SP")] = 70
    fig = plot_emergence(columns, rows)
    lines = fig.axes[2].lines
    assert len(lines) == 2 * (3 + 1)  # SP and PS
    np.testing.assert_array_equal(lines[0].get_ydata(), [0, 0, 40, 100])
    np.testing.assert_array_equal(lines[3].get_xydata(), list(zip(STAGES, [0, 0, 70, 100], strict=True)))
    assert fig.axes[5].get_xscale() == "log"


def test_a_training_of_one_snapshot_that_is_no_circuit(items):
    model = replace(small_model(dtype=np.float32), provenance={"words_read": 7})
    one = emergence([model], items)
    assert [len(snapshot.drop["S"]) for snapshot in one.snapshots] == [13]
    assert all(unit in range(1, 14) for unit in one.final.values())


def test_what_cannot_be_analysed(items):
    models = [replace(small_model(sizes), provenance={"words_read": 7}) for sizes in ((8, 5), (5, 8))]
    with pytest.raises(MinilstmError, match="models of one shape"):
        emergence(models, items)
    with pytest.raises(StimulusError, match="lack a condition"):
        emergence(models[:1], na_task("nounPP", "SP", 8))
    without = replace(models[0], vocabulary=tuple(word.replace("greet", "gr_") for word in models[0].vocabulary))
    few = [replace(item, right="greets", wrong="greet") for item in items]
    with pytest.raises(StimulusError, match="nothing is scored"):
        emergence([without], few)


def test_the_analysis_shows_what_was_found(found, items):
    experiment = Experiment(load("planted"), n=8, snapshots={"a": stages().values(), "b": [stages()[4_000_000]]})
    result = ANALYSIS.compute(experiment, Results())
    assert experiment.items == tuple(items)
    whole, overview, last = result.tables()
    a, b = ([row for row in whole.rows if row[0] == name] for name in "ab")
    np.testing.assert_equal(a, table({"a": found})[1])
    assert [row[1:] for row in b] == [a[-1][1:]] and len(overview.rows) == 5 and whole.long
    assert last.rows[0] == milestones(*table({"a": found}))[1][0]
    (figure,) = result.figures()
    assert len(figure.draw().axes) == 6 and result.text() == ["a: 4 snapshots; b: 1 snapshot."]


def test_without_snapshots_it_is_unavailable():
    with pytest.raises(Unavailable, match="no snapshots of a training were given"):
        ANALYSIS.compute(Experiment(load("planted"), n=4), Results())


def test_files_are_ordered_by_words_read(tmp_path):
    for name, (words, model) in zip("dbca", stages().items(), strict=True):
        model.save(tmp_path / f"{name}.npz")
        model.save(tmp_path / f"again {name}.npz")
    assert [tokens_seen(model) for model in series([tmp_path])] == list(STAGES)
    files = [tmp_path / "a.npz", tmp_path / "d.npz"]
    assert [tokens_seen(model) for model in series(files)] == [1_000, 4_000_000]


def test_snapshots_of_our_own_training_say_how_much_was_read(tmp_path, capsys):
    shape = ["--layers", "5", "--embedding", "4", "--batch", "4", "--steps", "5", "--epochs", "1", "--tokens", "500"]
    out, folder = tmp_path / "x.npz", tmp_path / "s"
    assert main(["train", str(out), *shape, "--snapshots", str(folder), "--moments", "3"]) == 0
    models = series([folder])
    updates = [model.provenance["updates"] for model in models]
    assert len(updates) == 3 and updates[0] == 1 and updates[1] ** 2 == pytest.approx(updates[2], rel=0.2)
    assert [tokens_seen(model) for model in models] == [20 * n for n in updates]
    assert tokens_seen(load(out)) == 20 * updates[-1]


def test_files_that_are_no_series(tmp_path):
    with pytest.raises(ModelFileError, match="no .npz files in this folder"):
        series([tmp_path])
    with pytest.raises(ModelFileError, match="nodir: no such folder or file; expected snapshots"):
        series([tmp_path / "nodir"])
    small_model(dtype=np.float32).save(tmp_path / "a.npz")
    with pytest.raises(ModelFileError, match=r"a\.npz: the file does not say how many words were read"):
        series([tmp_path])


def partial(path, model, words, **changes):
    """What weights/train_english.py keeps of a model: these words' rows, float16."""
    rows = np.array([model.vocabulary.index(word) for word in words], np.int32)
    arrays = {name: array.astype(np.float16) for name, array in model.state_dict().items()}
    arrays = {name: array if name.startswith("rnn.") else array[rows] for name, array in arrays.items()}
    arrays |= {"rows": rows, "tokens": np.int64(12_345)} | changes
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})
    return path


def test_a_snapshot_of_some_words_answers_as_the_whole(tmp_path):
    model = small_model(dtype=np.float32)
    items = [item for c in ("SP", "PS") for item in na_task("nounPP", c, 30)]
    needed = {word for item in items for word in (*item.prefix, item.right, item.wrong)} | set(model.context)
    few = read_partial(partial(tmp_path / "s.npz", model, sorted(needed)), model.vocabulary, model.context)
    assert tokens_seen(few) == 12_345 and set(few.vocabulary) == needed and len(needed) < len(model.vocabulary)
    rounded = type(model).from_state_dict(
        {name: array.astype(np.float16) for name, array in model.state_dict().items()},
        model.vocabulary,
        context=model.context,
    )
    expected = agreement(rounded, items).margins
    np.testing.assert_allclose(agreement(few, items).margins, expected, rtol=1e-5, atol=1e-5)
    assert np.abs(expected).max() > 0.1


def test_the_english_training_writes_such_snapshots(tmp_path, monkeypatch):
    torch = need("torch")
    monkeypatch.syspath_prepend(str(WEIGHTS))
    import train_english

    model = small_model(dtype=np.float32)
    weights = {name: torch.tensor(array) for name, array in model.state_dict().items()}
    words = [*dict.fromkeys(model.context), "greet", "greets"]
    train_english.save_snapshot(tmp_path, weights, 77, np.array([model.vocabulary.index(word) for word in words]))
    (few,) = series([tmp_path], model.vocabulary, model.context)
    assert tokens_seen(few) == 77 and few.vocabulary == tuple(words)
    np.testing.assert_allclose(few.decoder_bias, model.decoder_bias[[model.vocabulary.index(w) for w in words]], 1e-3)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"rows": None}, "rows: expected whole numbers in 1 dimensions"),
        ({"tokens": np.zeros(3)}, "tokens: expected whole numbers in 0 dimensions"),
        ({"rows": np.array([0, 999])}, "rows: up to 999, but the vocabulary has 289 words"),
        ({"decoder.bias": None}, "no tensor 'decoder.bias'"),
        ({"rows": np.array([0, 1, 2])}, "embedding: expected shape"),
    ],
)
def test_snapshots_that_do_not_fit(tmp_path, changes, said):
    model = small_model(dtype=np.float32)
    path = partial(tmp_path / "s.npz", model, model.vocabulary[:2], **changes)
    with pytest.raises(ModelFileError, match="s.npz: ") as error:
        read_partial(path, model.vocabulary)
    assert said in str(error.value)


def run(capsys, *arguments, code=0):
    assert main(["emergence", *map(str, arguments)]) == code
    return capsys.readouterr()


def test_the_command(capsys, tmp_path):
    for words, model in stages().items():
        for name in "ab":
            (tmp_path / name).mkdir(exist_ok=True)
            model.save(tmp_path / name / f"{10**7 - words:07d}.npz")
    printed = run(capsys, tmp_path / "a", "--n", 4).out
    assert "a: 4 snapshots" in printed and printed.splitlines()[-1].split()[:5] == [
        "a",
        "300000",
        "71",
        "100.0",
        "300000",
    ]
    line = next(line.split() for line in printed.splitlines() if line.split()[1:2] == ["300000"])
    assert line[2:6] == ["100.0", "100.0", "100.0", "0.0"]  # Simple S and P, nounPP SP and PS
    out = tmp_path / "out"
    rows = json.loads(run(capsys, tmp_path / "a", tmp_path / "b", "--n", 4, "--json", "--out", out).out)["emergence"]
    assert [row["training"] for row in rows] == ["a"] * 4 + ["b"] * 4 and rows[0]["locality"] is None
    assert (out / "emergence.png").read_bytes().startswith(b"\x89PNG")
    columns, kept = read_csv(out / "emergence.csv")
    assert [dict(zip(columns, row, strict=True))["tokens"] for row in kept] == list(STAGES) * 2
    assert "goes with --vocabulary" in run(capsys, tmp_path / "a", "--context", tmp_path / "c", code=2).err


def test_the_command_reads_snapshots_of_some_words(capsys, tmp_path):
    model = load("planted")
    (tmp_path / "vocab.txt").write_text("\n".join(model.vocabulary) + "\n")
    (tmp_path / "context.txt").write_text(" ".join(model.context))
    (tmp_path / "s").mkdir()
    partial(tmp_path / "s" / "x.npz", model, [word for word in model.vocabulary if word != "siblings"])
    files = ["--vocabulary", tmp_path / "vocab.txt", "--context", tmp_path / "context.txt"]
    (row,) = json.loads(run(capsys, tmp_path / "s", *files, "--n", 4, "--json").out)["emergence"]
    assert (row["tokens"], row["nounPP SP"], row["final SP"], row["locality"]) == (12_345, 100, 71, 1)
    assert (
        "not in the vocabulary"
        in run(capsys, tmp_path / "s", *files[:2], "--context", tmp_path / "vocab.txt", code=2).err
    )


def test_a_loss_of_ten_points_is_not_one_of_more(monkeypatch):
    """.8 - .7 is more than .1 in floating point; neither the table nor what is read from it may see that."""
    from minilstm.analyses import emergence as module

    items = na_tasks(tasks=["Simple", "nounPP", "nounPPAdv"], n=10)
    full = np.array([1.0 if item.id % 10 < 8 else -1.0 for item in items])
    off = np.array([1.0 if item.id % 10 < 7 else -1.0 for item in items])
    fake = Table2(tuple(items), full, np.array([off, full]), {"S": [], "P": []}, None)
    monkeypatch.setattr(module, "table2", lambda *_, **__: fake)
    monkeypatch.setattr(module, "locality", lambda *_, **__: SimpleNamespace(index=1.0))
    parts = module._sweep(None, items, {})
    assert parts["drop"]["S"][0] == POINTS and parts["drop"]["P"][0] == POINTS
    snapshots = (Snapshot(1, **parts, auc=(1, 1)), Snapshot(2, **parts, auc=(1, 1)))
    columns, rows = table({"a": Training(snapshots, {"S": 1, "P": 1})})
    names, lines = milestones(columns, rows)
    line = dict(zip(names, lines[0], strict=True))
    assert line["SP: lost"] == 10 and line["SP: missed since"] is None
