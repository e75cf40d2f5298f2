"""The command line: what it prints, what it writes, and what it answers to bad input."""

import csv
import io
import json
import re
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from small_model import small_model

from minilstm.cli.main import main
from minilstm.fast import sweep
from minilstm.stimuli import na_task


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """A small random model as a file."""
    path = tmp_path_factory.mktemp("model") / "small.npz"
    small_model((8, 5), dtype=np.float32).save(path)
    return str(path)


def run(capsys, *arguments, code=0):
    """What one command prints, after its exit code was checked."""
    assert main([str(argument) for argument in arguments]) == code
    return capsys.readouterr()


def test_an_interrupt_before_the_command_began(capsys, monkeypatch):
    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr("minilstm.cli.main.parser", interrupted)
    assert run(capsys, "info", code=130).err == "minilstm: interrupted\n"


def table(text):
    """The rows of a CSV text, each a dict."""
    return list(csv.DictReader(io.StringIO(text)))


def test_the_lexicon_is_the_models_own_unless_one_is_given(capsys, tmp_path):
    model = replace(small_model((8, 5), dtype=np.float32), provenance={"lexicon": "auxiliaries"})
    model.save(tmp_path / "own.npz")
    replace(model, provenance={"lexicon": "none such"}).save(tmp_path / "bad.npz")

    def scored(*options, name="own.npz"):
        return table(run(capsys, "agreement", "--model", tmp_path / name, "--csv", *options).out)[0]["n"]

    assert (scored(), scored("--lexicon", "paper")) == ("60", "300")  # Simple: 20 nouns by 3 verbs, and by 15
    assert scored("--lexicon", "paper", name="bad.npz") == "300"
    assert "no lexicon 'none such'" in run(capsys, "agreement", "--model", tmp_path / "bad.npz", code=2).err


def test_json_and_csv_are_for_programs(capsys, path):
    as_json = json.loads(run(capsys, "agreement", "--model", path, "--n", 4, "--json").out)
    as_csv = table(run(capsys, "agreement", "--model", path, "--n", 4, "--csv").out)
    assert len(as_json) == len(as_csv) == 18
    assert [row["condition"] for row in as_json] == [row["condition"] for row in as_csv]
    assert float(as_csv[3]["margin"]) == as_json[3]["margin"]
    facts = json.loads(run(capsys, "info", "--model", path, "--json").out)
    assert facts["layers"] == [8, 5] and facts["vocabulary"] == 289


def test_the_seed_draws_other_sentences(capsys, path):
    one, two, again = (run(capsys, "agreement", "--model", path, "--n", 9, "--seed", s, "--csv").out for s in (1, 2, 1))
    assert one == again != two


def test_other_tasks_and_their_order(capsys, path):
    """Relative clauses go through every command that the seven tasks go through."""
    shared = ["--model", path, "--n", 5, "--task", "2SubjRel,ObjRel"]
    rows = json.loads(run(capsys, "agreement", *shared, "--json").out)
    assert [row["task"] for row in rows] == 8 * ["2SubjRel"] + 4 * ["ObjRel"]
    assert [row["condition"] for row in rows[:8]] == ["SSS", "SSP", "SPS", "SPP", "PSS", "PSP", "PPS", "PPP"]
    off = json.loads(run(capsys, "ablate", *shared, "--units", 12, "--json").out)[1]
    model = small_model((8, 5), dtype=np.float32)
    expected = 100 * np.mean(sweep.margins(model, na_task("ObjRel", "SP", 5), [(12,)]) > 0)
    assert off["ObjRel SP"] == pytest.approx(expected)


def test_a_users_own_sentences(capsys, path, tmp_path):
    stimuli = tmp_path / "mine.tsv"
    stimuli.write_text(
        "The boy\tgreets\tgreet\teasy\nThe boys near the car\tgreet\tgreets\thard\nThe boy\tsings\tsing\teasy\n"
    )
    rows = json.loads(run(capsys, "agreement", "--model", path, "--stimuli", stimuli, "--json").out)
    assert [(row["condition"], row["n"], row["skipped"]) for row in rows] == [("easy", 1, 1), ("hard", 1, 0)]
    shared = ["ablate", "--model", path, "--stimuli", stimuli, "--csv", "--units", 1, "--half"]
    assert run(capsys, *shared, "odd").out.splitlines()[0] == "unit,mine easy,mine hard"  # ids run in a condition
    err = run(capsys, *shared, "even", code=1).err  # of its one sentence the model knows neither form
    assert "nothing is scored" in err and "'sings', 'sing'" in err
    stimuli.write_text("The boy\tgreets\tgreet\teasy\nThe boy\tgreets\n")
    assert f"{stimuli}, line 2" in run(capsys, "agreement", "--model", path, "--stimuli", stimuli, code=2).err


def test_ablate_alone_and_as_a_group(capsys, path):
    rows = json.loads(run(capsys, "ablate", "--model", path, "--n", 6, "--units", "2,13", "--json").out)
    assert [row["unit"] for row in rows] == ["full", "2", "13"]
    model = small_model((8, 5), dtype=np.float32)
    expected = 100 * np.mean(sweep.margins(model, na_task("CoAdv", "P", 6), [(13,)]) > 0)
    assert rows[2]["CoAdv P"] == pytest.approx(expected)
    group = run(capsys, "ablate", "--model", path, "--n", 6, "--units", "2,13", "--group", "--random", 20, "--json").out
    off = json.loads(run(capsys, "agreement", "--model", path, "--n", 6, "--off", "2,13", "--json").out)
    (tests,) = json.loads(group).values()
    assert [row["ablated %"] for row in tests] == [row["accuracy %"] for row in off]
    assert list(tests[0]) == "task,condition,full %,ablated %,random sets %,p,power,verdict".split(",")


def test_agreement_with_units_off_is_the_sweeps(capsys, path):
    off = json.loads(run(capsys, "agreement", "--model", path, "--n", 6, "--off", "4", "--json").out)
    swept = json.loads(run(capsys, "ablate", "--model", path, "--n", 6, "--units", "4", "--json").out)[1]
    assert {f"{row['task']} {row['condition']}": row["accuracy %"] for row in off}.items() <= swept.items()


def test_trace_prints_and_draws(capsys, path, tmp_path):
    picture = tmp_path / "t.svg"
    sentence = "The boys near the car greet"
    arguments = ["trace", sentence, "--model", path, "--units", "3,10", "--forms", "greets/greet", "--out", picture]
    printed = run(capsys, *arguments).out
    assert [line.split()[0] for line in printed.splitlines()[3:]] == sentence.split()
    assert "<svg" in picture.read_text()
    rows = json.loads(run(capsys, *arguments, "--json").out)
    trace = small_model((8, 5), dtype=np.float32).trace(sentence, "context")
    assert [row["f 10"] for row in rows] == pytest.approx(trace.f[1][:, 0, 1].tolist(), abs=1e-6)  # unit 2 of layer 2
    assert [row["C 3"] for row in rows] == pytest.approx(trace.C[0][:, 0, 2].tolist(), abs=1e-6)
    other = "The boy near the cars greets"
    both = json.loads(run(capsys, *arguments, "--beside", other, "--json").out)
    assert [row.pop("sentence") for row in both] == 6 * [1] + 6 * [2]
    assert both[:6] == rows and [row["word"] for row in both[6:]] == other.split()
    assert both[6:] == json.loads(run(capsys, "trace", other, *arguments[2:], "--json").out)
    assert "sentences of 6 and 2 words" in run(capsys, *arguments, "--beside", "The boy", code=2).err
    assert "names no number units" in run(capsys, "trace", sentence, "--model", path, code=2).err
    with pytest.raises(SystemExit, match="2"):
        run(capsys, *arguments[:-1], tmp_path / "t.bmp")
    assert ".png or .svg" in capsys.readouterr().err


def test_a_second_sentence_is_told_from_the_first(capsys, path, tmp_path):
    arguments = [
        "trace",
        "The boys",
        "--beside",
        "The boy",
        "--model",
        path,
        "--units",
        "3",
        "--out",
        tmp_path / "t.svg",
    ]
    lines = run(capsys, *arguments).out.splitlines()
    assert lines[0] == "Gates and cell, word by word. 1: The boys. 2: The boy."
    assert [line.split()[:2] for line in lines[3:]] == [["1", "The"], ["1", "boys"], ["2", "The"], ["2", "boy"]]
    assert [row["sentence"] for row in json.loads(run(capsys, *arguments, "--json").out)] == [1, 1, 2, 2]


def test_a_file_that_is_replaced_is_spoken_of(capsys, path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments = "trace", "The boys", "--model", path, "--units", "3"
    assert run(capsys, *arguments).err == "\nwritten: trace.png\n"
    assert run(capsys, *arguments).err == "\nwritten: trace.png (in the place of an earlier file)\n"
    assert run(capsys, "explore", "--model", path).out.startswith("written: explorer.html, ")
    assert run(capsys, "explore", "--model", path).out.startswith("written: explorer.html (in the place of an earlier")


def test_explore_looks_at_its_place_first(capsys, path, tmp_path):
    err = run(capsys, "explore", "--model", "no such model", "--out", tmp_path / "no" / "x.html", code=2).err
    assert "x.html: cannot be written, there is no folder" in err


@pytest.mark.parametrize("name", ["trace", "explore"])
@pytest.mark.parametrize("forms", ["greets", "greets/", "greets/greet/greeted", "greet/greet"])
def test_forms_are_two_words(capsys, path, name, forms):
    with pytest.raises(SystemExit, match="2"):
        main([name, *["The boys"] * (name == "trace"), "--model", path, "--forms", forms])
    assert f"--forms: expected two words such as greets/greet, got {forms!r}" in capsys.readouterr().err


def test_agreement_writes_its_table(capsys, path, tmp_path):
    printed = run(capsys, "agreement", "--model", path, "--n", 2, "--csv", "--out", tmp_path / "new")
    assert (tmp_path / "new" / "agreement.csv").read_text() == printed.out and "written: " in printed.err
    printed = run(capsys, "ablate", "--units", "3", "--model", path, "--n", 2, "--csv", "--out", tmp_path / "new")
    assert (tmp_path / "new" / "without_units.csv").read_text() == printed.out


def test_a_text_too_short_for_an_update_is_refused(capsys, tmp_path):
    (tmp_path / "own.txt").write_text("a b c\nb c a\n")
    err = run(capsys, "train", tmp_path / "new.npz", "--text", tmp_path / "own.txt", code=2).err
    assert err.startswith("minilstm: training text: 8 words; one update takes ") and "smaller --batch or --steps" in err


def test_training_tells_its_loss_on_the_way_and_looks_at_its_places_first(capsys, tmp_path):
    shape = ["--layers", "5", "--embedding", "4", "--batch", 4, "--steps", 5, "--epochs", 1, "--tokens", 1000]
    lines = run(capsys, "train", tmp_path / "new.npz", *shape).err.splitlines()
    told = [line for line in lines if line.startswith("update ")]
    numbers = [re.fullmatch(r"update (\d+) of (\d+): loss (.*) nats a word, perplexity (.*)", line) for line in told]
    assert len(told) == 10 and numbers[-1][1] == numbers[-1][2]
    losses, perplexities = (np.array([float(one[k]) for one in numbers]) for k in (3, 4))
    np.testing.assert_allclose(losses, np.log(perplexities), atol=0.01)
    assert len(set(losses)) > 1
    err = run(capsys, "train", tmp_path / "new.npz", *shape, "--resume", tmp_path / "no" / "state", code=2).err
    assert "cannot be written, there is no folder" in err and "update" not in err


@pytest.mark.parametrize("option", ["min-count", "tokens", "embedding", "batch", "steps", "moments", "threads"])
def test_train_refuses_counts_that_make_no_sense(capsys, tmp_path, option):
    for text in ("0", "-3", "2.5", "many"):
        with pytest.raises(SystemExit) as stop:
            main(["train", str(tmp_path / "new.npz"), f"--{option}", text])
        expected = f"argument --{option}: expected a whole number above 0, got '{text}'\n"
        assert stop.value.code == 2 and capsys.readouterr().err.endswith(expected)


@pytest.mark.parametrize(
    "command", ["train new.npz --seed", "train new.npz --text-seed", "reproduce --seed", "vectors v --seed"]
)
def test_a_seed_is_a_whole_number_from_0_up(capsys, command):
    with pytest.raises(SystemExit) as stop:
        main([*command.split(), "-1"])
    assert stop.value.code == 2 and "expected a whole number from 0 up, got '-1'" in capsys.readouterr().err


@pytest.mark.parametrize("number", ["epochs -1", "epochs nan", "rate -1", "learning-rate 0", "rate inf"])
def test_train_refuses_numbers_that_make_no_sense(capsys, tmp_path, number):
    name, value = number.split()
    err = run(capsys, "train", tmp_path / "new.npz", f"--{name}", value, code=2).err
    assert re.match(r"minilstm: (epochs|learning_rate): expected a finite number", err) and not any(tmp_path.iterdir())


def test_train_says_what_has_not_learned_and_does_not_save_what_diverged(capsys, tmp_path):
    shape = ["--layers", "8", "--embedding", "8", "--batch", 8, "--steps", 10, "--epochs", 2, "--tokens", 20000]
    err = run(capsys, "train", tmp_path / "chance.npz", *shape, "--rate", "1e-6").err
    told = re.search(
        r"hardly learned in 498 updates: .* perplexity is (.*), that of guessing by .* frequencies (.*?);", err
    )
    perplexity, of_frequencies = map(float, told.groups())
    assert 100 < of_frequencies < 200 < perplexity < 400  # of 289 words
    assert "learned" not in run(capsys, "train", tmp_path / "learned.npz", *shape, "--rate", "0.03").err
    err = run(capsys, "train", tmp_path / "diverged.npz", *shape, "--rate", "1e9", code=2).err
    assert "perplexity is inf: the weights have grown without bound; expected a smaller --learning-rate" in err
    assert not (tmp_path / "diverged.npz").exists() and "Warning" not in err


def test_train_resumes_from_a_state_of_training_only(capsys, path, tmp_path):
    shape = ["--layers", "5", "--embedding", "4", "--batch", 4, "--steps", 5, "--epochs", 1, "--tokens", 1000]
    err = run(capsys, "train", tmp_path / "new.npz", *shape, "--resume", path, code=2).err
    assert err.startswith(f"minilstm: {path}: no member 'about'") and "expected a state of training" in err
    both = tmp_path / "new.npz"
    assert "not the same" in run(capsys, "train", both, *shape, "--resume", both, code=2).err
    assert not any(tmp_path.iterdir())


def test_train_puts_no_places_on_record(capsys, tmp_path):
    shape = ["--layers=5", "--embedding", "4", "--batch", 4, "--steps", 5, "--epochs", 1, "--tokens", 1000]
    places = [f"--resume={tmp_path / 'state'}", "--threads", 1, "--snapshots", tmp_path / "s", "--moments=2"]
    run(capsys, "train", tmp_path / "new.npz", *shape[:3], *places, *shape[3:])
    command = json.loads(run(capsys, "info", "--model", tmp_path / "new.npz", "--json").out)["command"]
    assert command == f"minilstm train new.npz {' '.join(map(str, shape))}"


def test_more_memory_than_there_is(capsys, path, monkeypatch):
    def load(*_):
        raise MemoryError("Unable to allocate 954. GiB")

    monkeypatch.setattr("minilstm.models.load", load)
    err = run(capsys, "info", "--model", path, code=2).err
    assert err == "minilstm: not enough memory: Unable to allocate 954. GiB\n"


def test_trace_without_a_place_for_its_picture_prints_its_table(capsys, path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "trace.png").mkdir()  # in the picture's way
    printed = run(capsys, "trace", "The boys", "--model", path, "--units", "3")
    assert printed.out.splitlines()[-1].startswith("boys") and "no picture: " in printed.err
    err = run(capsys, "trace", "The boys", "--model", path, "--units", "3", "--out", "trace.png", code=2).err
    assert err == "minilstm: --out trace.png: cannot be written, it is a folder; expected the name of a file\n"


def test_train_writes_a_model_that_says_how_it_was_made(capsys, tmp_path):
    file = tmp_path / "new.npz"
    shape = ["--layers", "5", "--embedding", "4", "--batch", 4, "--steps", 5, "--epochs", 1, "--seed", 3]
    run(capsys, "train", file, "--tokens", 500, *shape)
    facts = json.loads(run(capsys, "info", "--model", file, "--json").out)
    assert (
        facts["layers"] == [5] and facts["recipe"]["seed"] == 3 and facts["held-out (subject noun, verb) pairs"] == 308
    )
    text = tmp_path / "own.txt"
    text.write_text("\ufeffa b c .\nb a .\n" * 20, encoding="utf-8")  # put together from 20 files with such a mark
    assert (
        "holds another model, made by `minilstm train" in run(capsys, "train", file, "--text", text, *shape, code=2).err
    )
    run(capsys, "train", file, "--tokens", 500, *shape)  # the same again takes nothing away
    file.unlink()
    assert (
        f"note: {text}: byte order marks are left out, 20 of them"
        in run(capsys, "train", file, "--text", text, *shape).err
    )
    assert json.loads(run(capsys, "info", "--model", file, "--json").out)["vocabulary"] == 6  # <unk> <eos> . a b c
    assert "there is no folder" in run(capsys, "train", tmp_path / "no" / "x.npz", *shape, code=2).err
    (tmp_path / "mine.tsv").write_text("a table")
    assert "expected a name that ends in .npz" in run(capsys, "train", tmp_path / "mine.tsv", *shape, code=2).err
    assert (tmp_path / "mine.tsv").read_text() == "a table"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["info", "--model", "nowhere.npz"], "nowhere.npz: no such file"),
        (["info", "--model", "."], ".: a folder; expected a model file"),
        (["agreement", "--lexicon", "latin"], "no lexicon 'latin'"),
        (["agreement", "--n", "1000000"], "1000000 sentences wanted"),
        (["agreement", "--task", "nounPP,nounpp"], "no task 'nounpp'; there are: Simple"),
        (["agreement", "--off", "99"], "unit 99: this network has units 1 to 13"),
        (["trace", "The unicorn", "--units", "1"], "'unicorn' is not among the model's 289 words"),
    ],
)
def test_bad_input_is_exit_code_2_and_one_line(capsys, path, arguments, said):
    model = [] if "--model" in arguments else ["--model", path]
    err = run(capsys, *arguments, *model, code=2).err
    assert said in err and err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("train x.npz --min-count 3", "--min-count: goes with --text"),
        (
            "train x.npz --text x.txt --text-seed 3",
            "--text-seed: is about the fragment of English; here --text is read",
        ),
        ("train x.npz --moments 3", "--moments: goes with --snapshots"),
        ("emergence x --half odd", "--half: units are chosen on odd ids and judged on even ones"),
        ("claims --all --model planted", "--model: --all asks all bundled models"),
        ("claims --later --linzen x.text", "--linzen: the Linzen set is for the paper's claims; no later one reads it"),
    ],
)
def test_an_option_without_an_effect_is_refused(capsys, monkeypatch, tmp_path, arguments, said):
    monkeypatch.chdir(tmp_path)
    err = run(capsys, *arguments.split(), code=2).err
    assert said in err and err.count("\n") == 1 and not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("train x.npz --snapshots x.png", "--snapshots x.png: expected a folder"),
        ("train x.npz --text .", ".: cannot be read: Is a directory; expected a text"),
        ("emergence nowhere", "nowhere: no such folder or file; expected snapshots of a training"),
        ("import . -o x.npz", ".: a folder; expected a model file"),
        ("verify nowhere own.npz", "nowhere: cannot be read (no such file or folder)"),
        ("verify . .", ".: a folder without test vectors; `minilstm vectors .` writes them"),
    ],
)
def test_a_folder_is_not_taken_for_a_file_nor_a_file_for_a_folder(capsys, monkeypatch, tmp_path, arguments, said):
    monkeypatch.chdir(tmp_path)
    err = run(capsys, *arguments.split(), code=2).err
    assert said in err and err.count("\n") == 1 and not list(tmp_path.iterdir())


def test_help_and_misuse():
    def call(*arguments):
        return subprocess.run([sys.executable, "-m", "minilstm", *arguments], capture_output=True, text=True)

    assert "Start with: minilstm reproduce" in call("--help").stdout
    assert call("ablate", "--units", "three").returncode == 2
    assert "expected unit numbers such as 3,17, got 'three'" in call("ablate", "--units", "three").stderr


@pytest.mark.parametrize("option", ["--seed -1", "--tokens 0", "--batch x", "--moments 0"])
def test_what_training_cannot_be_done_with_is_refused(capsys, option):
    with pytest.raises(SystemExit, match="2"):
        main(["train", "x.npz", *option.split()])
    name, value = option.split()
    assert re.search(
        rf"argument {name}: expected a (whole )?number (above 0|from 0 up), got '{value}'", capsys.readouterr().err
    )


@pytest.mark.parametrize(
    "arguments",
    ["agreement --foo", "info extra", "verify --foo", "train x.npz --foo 3", "info --state zero", "explore --json"],
)
def test_what_is_unread_is_refused_by_the_command(capsys, arguments):
    (
        name,
        *_,
    ) = arguments.split()
    with pytest.raises(SystemExit, match="2"):
        main(arguments.split())
    err = capsys.readouterr().err
    assert f"minilstm {name}: error: unrecognized arguments: " in err and f"usage: minilstm {name} " in err
