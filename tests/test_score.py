"""Whole sentences against surprisal word by word; SyntaxGym's predictions on a suite whose answer is known."""

import csv
import json
import re
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from small_model import small_model

from minilstm.analyses import word_scores as module
from minilstm.analyses.experiment import Experiment
from minilstm.analyses.number_agreement import agreement
from minilstm.analyses.published import FIGURES, KNOWN, digest, published
from minilstm.analyses.score import ANALYSIS, score
from minilstm.analyses.suite_scores import score_suite
from minilstm.analyses.word_scores import word_scores
from minilstm.cli.main import main
from minilstm.errors import NothingScoredError
from minilstm.report.reproduce import run
from minilstm.stimuli import CONDITIONS, NA_TASKS, Pair, Stimuli, na_task, read_items
from minilstm.stimuli.json_sets import Comparison, Suite

MODEL = small_model((8, 5))
SENTENCES = ["The boy greets Mary .", "The boy greets", "The boys near the car greet", "Mary", "The boy greets John ."]


def pair(prefix, right, wrong, rest="", task="own", condition="all", id=1):
    return Pair(*(tuple(part.split()) for part in (prefix, right, wrong, rest)), task, condition, id)


def of(*pairs, suite=None):
    return Stimuli(pairs, "by hand", (), suite)


@pytest.mark.parametrize("state", [None, "context"])
@pytest.mark.parametrize("sizes", [(8, 5), (6,)])
def test_the_words_of_sentences_of_any_length_score_as_they_do_alone(state, sizes, monkeypatch):
    monkeypatch.setattr(module, "SENTENCES_AT_ONCE", 2)  # sentences in several chunks, rows in several blocks
    monkeypatch.setattr(module, "WORDS_AT_ONCE", 3)
    model = small_model(sizes)
    sentences = [tuple(sentence.split()) for sentence in SENTENCES]
    for words, scores in zip(sentences, word_scores(model, sentences, state), strict=True):
        np.testing.assert_allclose(scores, -model.surprisal(words, state), rtol=1e-10, atol=1e-12)


def test_a_pair_is_scored_as_two_sentences():
    pairs = [pair("The boys", "greet", "greets", "Mary ."), pair("", "The boys meet .", "The boy meet .", id=2)]
    scores = score(MODEL, of(*pairs))
    for k, one in enumerate(pairs):
        assert scores.good[k] == pytest.approx(-MODEL.surprisal(one.good, "context").sum(), rel=1e-10)
        assert scores.bad[k] == pytest.approx(-MODEL.surprisal(one.bad, "context").sum(), rel=1e-10)
    assert scores.accuracy == np.mean(scores.good > scores.bad)


def test_sentences_that_end_in_the_verb_score_as_the_agreement_task_does():
    items = [item for condition in CONDITIONS["nounPP"] for item in na_task("nounPP", condition, 20)]
    pairs = [Pair(i.prefix, (i.right,), (i.wrong,), (), i.task, i.condition, i.id) for i in items]
    scores, expected = score(MODEL, of(*pairs)), agreement(MODEL, items)
    np.testing.assert_allclose(scores.good - scores.bad, expected.margins, rtol=1e-8, atol=1e-10)
    rows = scores.table().rows
    assert [row[1] for row in rows] == ["SS", "SP", "PS", "PP", "all"]
    assert [row[3] for row in rows[:4]] == [100 * row.accuracy for row in expected.table()]
    assert rows[4][2:4] == [80, 100 * expected.accuracy]


def test_pairs_with_unknown_words_are_counted_and_left_out():
    pairs = [
        pair("The boys", "greet", "greets"),
        pair("The frobs near the car", "greet", "greets", id=2),
        pair("The boys", "frob", "frobs", id=3),
    ]
    scores = score(MODEL, of(*pairs))
    assert np.isnan(scores.good).tolist() == [False, True, True]
    assert scores.notes == ("2 of 3 pairs have a word that the model does not know: 2 not scored",)
    assert scores.table().rows[0][2] == 1 and scores.table().rows[0][5] == 2
    unk = score(MODEL, of(*pairs), unknown="<unk>")
    assert np.isnan(unk.good).tolist() == [False, False, True]  # frob and frobs would be one word
    expected = -MODEL.surprisal(pairs[1].good, "context", unknown="<unk>").sum()
    assert unk.good[1] == pytest.approx(expected, rel=1e-10)
    assert "1 not scored, 1 with <unk> in both sentences" in unk.notes[0]
    with pytest.raises(NothingScoredError, match="'frob', 'frobs'"):
        score(MODEL, of(pairs[2]))


def test_contractions_are_scored_as_the_vocabulary_writes_them():
    vocabulary = tuple("n't" if word == "tiny" else word for word in MODEL.vocabulary)
    model = replace(MODEL, vocabulary=vocabulary)
    scores = score(model, of(pair("The boys", "haven't", "hasn't", "greeted")))
    assert scores.pairs[0].good == ("The", "boys", "have", "n't", "greeted")
    assert scores.good[0] == pytest.approx(-model.surprisal(scores.pairs[0].good, "context").sum(), rel=1e-10)
    assert '"haven\'t" as "have n\'t"' in scores.notes[0]


def suite_of(*items, region=3):
    comparisons = (
        Comparison(region, "match_sing", "mismatch_sing"),
        Comparison(region, "match_plural", "mismatch_plural"),
    )
    conditions = ("match_sing", "mismatch_sing", "match_plural", "mismatch_plural")
    return Suite(
        "own",
        comparisons,
        {
            number: {
                name: dict(enumerate(map(tuple, map(str.split, regions)), 1))
                for name, regions in zip(conditions, item, strict=True)
            }
            for number, item in enumerate(items, 1)
        },
    )


def item_of(singular="greets", plural="greet", rest="Mary ."):
    return [
        ("The boy", "near the cars", singular, rest),
        ("The boy", "near the cars", plural, rest),
        ("The boys", "near the car", plural, rest),
        ("The boys", "near the car", singular, rest),
    ]


@pytest.mark.parametrize("region", [2, 3, 4, None])
def test_a_region_is_the_sum_of_its_words(region):
    suite = suite_of(item_of(), region=region)
    found = score_suite(MODEL, suite)
    for c, comparison in enumerate(suite.comparisons):
        for side, name in enumerate((comparison.lower, comparison.higher)):
            regions = suite.items[1][name]
            surprisal = MODEL.surprisal([word for words in regions.values() for word in words], "context")
            start = sum(len(words) for number, words in regions.items() if region and number < region)
            end = start + len(regions[region]) if region else len(surprisal)
            assert found.surprisal[0, c, side] == pytest.approx(surprisal[start:end].sum(), rel=1e-10)


def test_an_item_is_right_if_all_its_predictions_hold():
    suite = suite_of(item_of(), item_of("admires", "admire"), item_of("frobs", "frob"), item_of(rest="frob"))
    found = score_suite(MODEL, suite)
    both = found.surprisal[:2, :, 0] < found.surprisal[:2, :, 1]
    assert found.right[:2].tolist() == both.all(axis=1).tolist() and np.isnan(found.right[2:]).all()
    row = found.table().rows[0]
    assert row == ["own", 2, 100 * both.all(axis=1).mean(), 2, None]
    assert np.isnan(score_suite(MODEL, suite, unknown="<unk>").right).tolist() == [False, False, True, False]


def test_a_model_that_knows_number_is_right_and_one_turned_round_is_wrong():
    """The planted network has the right answer wherever its circuit reaches."""
    from minilstm import load

    model = load("planted")
    words = ("greets", "greet")
    suite = suite_of(item_of(*words))
    items = suite.items[1]
    pairs = [
        Pair((*items["match_sing"][1], *items["match_sing"][2]), (words[0],), (words[1],), ("Mary",), "own", "SP", 1),
        Pair(
            (*items["match_plural"][1], *items["match_plural"][2]), (words[1],), (words[0],), ("Mary",), "own", "PS", 1
        ),
    ]
    assert score(model, of(*pairs)).accuracy == 1
    assert score_suite(model, suite).right.tolist() == [1]
    other = suite_of(item_of(*words[::-1]))
    assert score_suite(model, other).right.tolist() == [0]


def test_published_figures_stand_beside_the_published_sets_only(monkeypatch):
    """A set is known by its sentences, not by its name or size."""
    name = "regular_plural_subject_verb_agreement_1"
    many = [pair("The boys", "greet", "greets", task=name, id=k) for k in range(1, 1001)]
    assert score(MODEL, of(*many)).table().rows[0][-1] is None
    own = [pair("The boys", "greet", "greets", condition="P"), pair("The boy", "greets", "greet", condition="S", id=2)]
    monkeypatch.setitem(KNOWN, digest(own), name)
    scores = score(MODEL, of(*own[::-1]))
    assert [row[1::5] for row in scores.table().rows] == [["S", None], ["P", None], ["all", 89.0]]
    assert f"the published sentences of {name}. Published %: the paper's own LSTM" in scores.text()[-1]
    assert scores.text()[-1].endswith("from which state it read them is not known.")
    other = score(MODEL, of(own[0], replace(own[1], prefix=("The", "girl"))))
    assert {row[-1] for row in other.table().rows} == {None} and not other.text()


def test_figures_of_the_tasks_are_those_of_table_2(monkeypatch):
    own = [pair("The boys", "greet", "greets", task="Simple", condition="P")]
    monkeypatch.setitem(KNOWN, digest(own), "2Adv")
    scores = score(MODEL, of(*own))
    assert scores.table().rows[0][-1] == published("2Adv")["P"] == 99.3 and scores.text()[-1].endswith(
        "on all of them."
    )
    assert published("nounPP") == {"SS": 99.2, "SP": 87.2, "PS": 92.0, "PP": 99.0} and published("") == {}


def test_the_figure_of_a_suite_is_of_its_items(monkeypatch):
    suite = suite_of(item_of())
    pairs = (pair("The boys", "greet", "greets", condition="match_plural"),)
    monkeypatch.setitem(KNOWN, digest(pairs), "number_orc")
    by_pair, by_item = score(MODEL, of(*pairs, suite=suite)).tables()
    assert {row[-1] for row in by_pair.rows} == {None} and by_item.rows[0][-1] == 42.1


def test_text_and_tables_hold_the_suite_too(tmp_path):
    suite = suite_of(item_of())
    scores = score(MODEL, of(pair("The boys", "greet", "greets"), suite=suite))
    assert len(scores.tables()) == 2
    assert all(len(row) == len(table.columns) for table in scores.tables() for row in table.rows)
    assert scores.tables()[1].caption == "Items of which all predictions hold."


def test_the_command_says_what_a_file_is_and_scores_it(tmp_path, capsys):
    file = tmp_path / "pairs.jsonl"
    line = {
        "sentence_good": "The boys greet Mary .",
        "sentence_bad": "The boys greets Mary .",
        "UID": "own",
        "pairID": "0",
    }
    file.write_text(json.dumps(line) + "\n")
    assert main(["score", str(file), "--model", "planted", "--json"]) == 0
    printed = capsys.readouterr()
    assert "BLiMP" in printed.err and json.loads(printed.out)["score"][0]["right %"] == 100


@pytest.mark.slow
def test_several_files_are_a_section_of_the_report(tmp_path, capsys):
    """The command prints what the section holds, and the report names the command."""
    files = []
    for name, good in (("one", "The boys greet Mary ."), ("two", "The boy greets Mary .")):
        bad = good.replace("greet", "greets") if name == "one" else good.replace("greets", "greet")
        files.append(tmp_path / f"{name}.jsonl")
        files[-1].write_text(json.dumps({"sentence_good": good, "sentence_bad": bad, "UID": name}) + "\n")
    arguments = [word for file in files for word in ("--score", str(file))]
    main(["reproduce", "--model", "planted", "--n", "8", "--random", "20", "--out", str(tmp_path), *arguments])
    report, table = tmp_path / "planted" / "report.html", tmp_path / "planted" / "score" / "score.csv"
    command = re.search(r"<code>minilstm (score [^<]*)</code>", report.read_text())[1]
    assert command == f"score {files[0]} {files[1]} --model planted"
    capsys.readouterr()
    assert main([*command.split(), "--csv"]) == 0
    printed = capsys.readouterr().out
    assert printed.strip() == table.read_text().strip()
    rows = [line.split(",") for line in printed.splitlines()]
    assert [row[0] for row in rows] == ["file", *map(str, files)] and [row[1] for row in rows] == ["task", "one", "two"]
    experiment = Experiment(MODEL, n=8, test_sets={"one": read_items(files[0])})
    (one,) = run(experiment, analyses=[ANALYSIS])
    assert len(one.result.scores["one"].good) == 1 and run(Experiment(MODEL, n=8), analyses=[ANALYSIS]) == []


def test_published_figures_are_those_of_the_published_results(reference):
    """The results of the paper's checkpoint, item by item."""
    with open(reference / "syntaxgym" / "results_grnn.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for name in ("number_orc", "number_prep", "number_src"):
        right = [row["correct"] == "True" for row in rows if row["suite"] == name]
        assert len(right) == 19 and round(100 * np.mean(right), 1) == FIGURES[name]


def test_published_sets_are_known_by_their_sentences(reference, tmp_path):
    files = {path.stem: path for folder in ("blimp", "syntaxgym") for path in (reference / folder).glob("*.json*")}
    files["Linzen"] = reference / "linzen" / "subj_agr_filtered.text"
    assert {name: KNOWN[digest(read_items(path).pairs)] for name, path in files.items()} == {
        name: name for name in FIGURES
    }
    tasks = {KNOWN[digest(read_items(path).pairs)] for path in (reference / "NA_tasks").glob("*.txt")}
    assert tasks == set(NA_TASKS) and len(KNOWN) == len(FIGURES) + len(NA_TASKS)
    name = "distractor_agreement_relational_noun"
    renamed = tmp_path / "mine.jsonl"
    renamed.write_bytes((reference / "blimp" / f"{name}.jsonl").read_bytes())
    pairs = read_items(renamed).pairs
    assert KNOWN[digest(pairs)] == name and digest(pairs[1:]) not in KNOWN
    conditions = Counter(one.condition for one in pairs)
    assert set(conditions) == {"SP", "PS", "all"} and conditions["all"] < 50  # that differ in more than the verb


def test_scores_of_a_file(tmp_path):
    path = tmp_path / "own.jsonl"
    path.write_text(json.dumps({"sentence_good": "The boys greet Mary.", "sentence_bad": "The boys greets Mary."}))
    scores = score(MODEL, read_items(path))
    assert scores.good[0] == pytest.approx(-MODEL.surprisal("The boys greet Mary .", "context").sum(), rel=1e-10)


def test_a_prediction_may_be_turned_round_or_of_whole_sentences(tmp_path):
    from minilstm.stimuli.json_sets import parse_formula

    formula = "[(7;%a%) > (7;%b%)] & [(*;%c%) < (*;%d%)]"
    assert parse_formula("x.json", formula) == [Comparison(7, "b", "a"), Comparison(None, "c", "d")]
