"""Sentences and a model's vocabulary: what is respelt, what becomes <unk>, what cannot be scored, and exit codes."""

import json
from dataclasses import replace

import numpy as np
import pytest
from small_model import small_model

from minilstm import load
from minilstm.analyses import BY_NAME
from minilstm.analyses.base import Results
from minilstm.analyses.experiment import Experiment
from minilstm.cli.main import main
from minilstm.errors import NothingScoredError, UnknownWordError
from minilstm.report import ledger
from minilstm.stimuli import Item, Pair, coverage, fit_to_vocabulary, na_tasks, respell, subject_position

WORDS = tuple("The the boy boys near car cars is are has have n't ' \" s . <unk>".split())


def item(sentence, right="are", wrong="is", id=1):
    return Item(tuple(sentence.split(" ")), right, wrong, "mine", "P", id)


@pytest.mark.parametrize(
    "word, becomes",
    [
        ("‘", ("'",)),
        ("“", ('"',)),
        ("boys\xa0near", ("boys", "near")),
        ("boys\xa0", ("boys",)),
        ("hasn’t", ("has", "n't")),
        ("boy's", ("boy's",)),  # no "'s" in this vocabulary
        ("boys'", ("boys", "'")),
        ("doesn't", ("doesn't",)),  # no "does"
        ("Boys", ("Boys",)),  # capitals are not changed
        ("boys", ("boys",)),
    ],
)
def test_a_word_is_respelt_only_into_words_of_the_vocabulary(word, becomes):
    (changed,), notes = respell([("The", word, "near")], WORDS)
    assert changed == ("The", *becomes, "near")
    assert bool(notes) == (becomes != (word,))
    if notes:
        assert f"{word!r} as {' '.join(becomes)!r}" in notes[0]


def test_a_word_that_the_vocabulary_has_is_left_alone():
    assert respell([("‘", "hasn't")], (*WORDS, "‘", "hasn't")) == ([("‘", "hasn't")], [])


def test_a_form_that_two_logits_decide_stays_one_word():
    (one,), _ = respell([item("The boys", "haven't", "hasn't")], WORDS)
    assert (one.right, one.wrong) == ("haven't", "hasn't")
    (pair,), _ = respell([Pair(("The", "boys"), ("haven't",), ("hasn't",), (), "mine", "P", 1)], WORDS)
    assert (pair.right, pair.wrong) == (("have", "n't"), ("has", "n't")) and pair.item is None


def test_coverage_counts_words_sentences_and_subjects():
    items = [
        item("The frobs near the car"),
        item("The boys near the frob car frob"),
        item("The boys near the CAR", "glow", "glows"),
        item("The boys near the car"),
    ]
    found = coverage(items, WORDS)
    assert (found.sentences, found.words, found.sentences_with_unknown) == (4, 22, 3)
    assert found.unknown == {"frobs": 1, "frob": 2, "CAR": 1}
    assert (found.unknown_subjects, found.unscored, found.unknown_forms) == (1, 1, ("glow", "glows"))
    assert found.hints == (("CAR", "car"),)
    said = " ".join(found.summary())
    assert "4 of 22 words before the verb are not in the vocabulary ('frobs', 'frob', 'CAR'), in 3 of 4" in said
    assert "in 1 it is the subject noun" in said and "'car' for 'CAR'" in said
    assert "1 of 4 sentences are not scored" in said
    assert coverage(items[3:], WORDS).summary() == []


@pytest.mark.parametrize(
    "sentence, subject",
    [
        ("The boys", "boys"),
        ("They", "They"),
        ("The very old boys near the car", "boys"),
        ("Today the boys near cars", "boys"),
        ("A niece of most boys", "niece"),
        ("The boys that the girls see", "boys"),
        ("The boys , who laugh ,", "boys"),
        ("The athlete indeed certainly", "athlete"),
    ],
)
def test_where_the_subject_stands(sentence, subject):
    found = item(sentence)
    assert found.prefix[subject_position(found)] == subject


def test_the_subject_of_the_tasks_is_their_second_word():
    assert {subject_position(found) for found in na_tasks(n=5)} == {1}


def test_nothing_scored_and_unknown_words_are_errors_of_their_own():
    with pytest.raises(NothingScoredError, match="no sentence is left"):
        fit_to_vocabulary([], WORDS)
    with pytest.raises(NothingScoredError, match="1 of 1 sentences are not scored.*'glow', 'glows'"):
        fit_to_vocabulary([item("The frobs", "glow", "glows")], WORDS)
    items = [item("The boys"), item("The BOYS near", id=2), item("The frobs", "glow", "glows", 3)]
    with pytest.raises(UnknownWordError, match="'BOYS' is not among.*has 'boys'.*: 'The BOYS near'. 1 of 2"):
        fit_to_vocabulary(items, WORDS)
    kept, notes = fit_to_vocabulary(items, WORDS, "<unk>")
    assert kept == items and len(notes) == 3
    assert fit_to_vocabulary(items[:1], WORDS) == (items[:1], [])


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "small.npz"
    small_model((8, 5)).save(path)
    return str(path)


def run(capsys, model, path, content, *options, code=0, command="agreement"):
    path.write_text(content, encoding="utf-8")
    assert main([command, "--model", model, "--stimuli", str(path), *map(str, options)]) == code
    return capsys.readouterr()


def test_what_the_sentences_were_taken_for_is_said_beside_the_results(capsys, model, tmp_path):
    path = tmp_path / "simple.txt"
    content = "The boy greets\tsingular\tcorrect\tid1\nThe boy greet\tsingular\twrong\tid1\n"
    printed = run(capsys, model, path, content, "--json")
    assert [(row["task"], row["condition"], row["n"]) for row in json.loads(printed.out)] == [("Simple", "S", 1)]
    assert f"{path}: NA-task file, 4 columns; 1 sentence (Simple S)" in printed.err


@pytest.mark.parametrize("command", ["agreement", "ablate", "interchange"])
def test_nothing_scored_is_exit_code_1(capsys, model, tmp_path, command):
    own = tmp_path / "own.tsv"
    printed = run(capsys, model, own, "The boys\tfrob\tfrobs\tP\n", code=1, command=command)
    assert printed.out == "" and "nothing is scored" in printed.err and "nan" not in printed.err
    printed = run(capsys, model, own, "The boys\thas n't\thave n't\tP\n", code=1, command=command)
    assert printed.out == "" and "`minilstm score`" in printed.err
    printed = run(capsys, model, own, "The boys\tgreet\tgreets\tP\n", "--half", "even", code=1, command=command)
    assert printed.out == "" and "--half leaves every second one out" in printed.err


def test_what_becomes_unk_is_said(capsys, model, tmp_path):
    own = tmp_path / "own.tsv"
    content = "The frobs near the car\tgreet\tgreets\tP\nThe boys near the car\tgreet\tgreets\tP\n"
    err = run(capsys, model, own, content, code=2).err
    assert "'frobs' is not among the model's words" in err and "--unknown '<unk>'" in err
    err = run(capsys, model, own, content, "--unknown", "<unk>").err
    assert "1 of 10 words before the verb" in err and "in 1 it is the subject noun" in err


def test_a_curly_apostrophe_and_a_blank_that_does_not_break(capsys, model, tmp_path):
    printed = run(capsys, model, tmp_path / "own.tsv", "The boys\xa0near the car\tgreet\tgreets\tP\n", "--csv")
    assert "spelt as in the vocabulary: 'boys\\xa0near' as 'boys near'" in printed.err
    plain = run(capsys, model, tmp_path / "own.tsv", "The boys near the car\tgreet\tgreets\tP\n", "--csv")
    assert plain.out == printed.out and "spelt" not in plain.err


def test_an_accent_of_its_own_joins_its_letter():
    assert respell([("fiance\u0301",)], ("fianc\u00e9",))[0] == [("fianc\u00e9",)]
    assert respell([("fiance\u0301",)], ("fiance\u0301", "fianc\u00e9"))[0] == [("fiance\u0301",)]


def few_words(path, *more):
    """A model of few words, with the forms of one verb; its path."""
    full, words = (
        small_model((8, 5)),
        (*more, "<eos>", ".", "The", "the", "boy", "boys", "near", "cars", "greets", "greet"),
    )
    rows = [full.vocabulary.index(word) for word in words]
    arrays = {name: getattr(full, name)[rows] for name in ("embedding", "decoder_weight", "decoder_bias")}
    replace(full, vocabulary=words, context=("The", "boys", "greet", "."), **arrays).save(path)
    return str(path)


@pytest.mark.parametrize(
    "command",
    ["ablate --units 3", "ablate", "agreement", "dynamics", "decode", "claims --random 5", "reproduce --random 5"],
)
def test_what_becomes_unk_in_the_tasks_is_said_by_every_command(capsys, monkeypatch, tmp_path, command):
    monkeypatch.chdir(tmp_path)
    small = few_words(tmp_path / "small.npz", "<unk>")
    main([*command.split(), "--model", small, "--unknown", "<unk>", "--n", "12"])
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("all sentences of the tasks: ")]
    assert len(lines) == 2 and " of 960 words before the verb are not in the vocabulary" in lines[0]
    assert "204 of 216 sentences are not scored" in lines[1]
    if command.startswith("reproduce"):
        report = (tmp_path / "results/small/report.html").read_text()
        assert "Of all sentences of the tasks, " in report and "204 of 216 sentences are not scored" in report
        assert "nan</text>" not in report  # nor is it drawn


@pytest.mark.parametrize("command", ["agreement", "dynamics", "decode", "claims", "reproduce", "depth", "trace"])
def test_the_option_that_reads_unknown_words_is_named_where_it_helps(capsys, monkeypatch, tmp_path, command):
    monkeypatch.chdir(tmp_path)
    arguments = [command, *(["The unicorn", "--units", "1"] if command == "trace" else [])]
    for words, said in (("<unk>",), 1), ((), 0):
        path = few_words(tmp_path / "small.npz", *words)
        assert main([*arguments, "--model", path]) == 2
        printed = capsys.readouterr()
        assert printed.out == "" and printed.err.count("--unknown '<unk>' reads such a word") == said


def test_a_condition_of_which_nothing_is_scored_is_not_judged(tmp_path):
    """No mean of nothing, no verdict from it: the warnings of NumPy are errors here."""
    model = load(few_words(tmp_path / "small.npz", "<unk>"))
    experiment = Experiment(model, n=12, unknown="<unk>")
    table = BY_NAME["agreement"].compute(experiment, {})
    scored = {(item.task, item.condition) for item, margin in zip(table.items, table.full) if not np.isnan(margin)}
    assert 0 < len(scored) < 18 and table.hardest() in scored and " 12 sentences of the seven" in table.summary()
    judged = ledger.judge(experiment, Results({"agreement": table}), BY_NAME["agreement"].claims)
    assert not any("nan" in one.value for one in judged) and "no sentence of" in " ".join(one.reason for one in judged)
