"""The English model: how it is made and measured, on a tiny stand-in; and what is shipped, where it is there."""

import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from minilstm import ablation_sweep, agreement, load
from minilstm.analyses.ablation import POINTS
from minilstm.analyses.number_agreement import share_right
from minilstm.models import digest, names
from minilstm.stimuli import LEXICONS, na_task

WEIGHTS = Path(__file__).resolve().parent.parent / "weights"
sys.path.insert(0, str(WEIGHTS))
import make_english
import measure_english

shipped = pytest.mark.skipif("english" not in names(), reason="weights/english.npz is not in this checkout")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Folders as `prepare_text.py` and `train_english.py` leave them, with a model of 5 + 4 units."""
    torch = pytest.importorskip("torch")
    data, run, decayed = (tmp_path_factory.mktemp(name) for name in ("data", "run", "decayed"))
    items = [item for name in LEXICONS for item in measure_english.all_tasks(name)]
    used = [word for item in items for word in (*item.prefix, item.right, item.wrong)]
    words = list(dict.fromkeys(["<unk>", *make_english.CONTEXT.split(), *used]))
    (data / "vocab.txt").write_text("".join(f"{word}\n" for word in words), encoding="utf-8")
    np.save(data / "word_counts.npy", np.arange(len(words)))
    np.save(data / "held_out.npy", np.random.default_rng(0).integers(0, len(words), 300).astype(np.uint16))
    report = {"sources": {"state_union": {"words": 7}, "medquad": {"words": 8}}, "training_tokens": 9}
    report |= {"held_out_sentences": 3, "unknown_share": 0.25}
    (data / "sources.json").write_text(json.dumps(report))
    rng = np.random.default_rng(1)
    shapes = {"encoder.weight": (len(words), 6), "decoder.weight": (len(words), 5), "decoder.bias": (len(words),)}
    for k, D in enumerate((6, 5)):
        shapes |= {f"rnn.weight_ih_l{k}": (20, D), f"rnn.weight_hh_l{k}": (20, 5)}
        shapes |= {f"rnn.bias_{part}_l{k}": (20,) for part in ("ih", "hh")}
    tensors = {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    np.savez(decayed / "weights.npz", **tensors)
    place = {"tokens": 120, "decay_from": 100, "seconds": 61.7, "updates": 2}
    torch.save({"place": place}, decayed / "checkpoint.pt")
    (run / "log.tsv").write_text("50\t0\t56.6\tnan\n90\t10\t55.2\t3.5\n110\t12\t55.1\t3.5\n")  # went on after 100
    (decayed / "log.tsv").write_text("120\t61\t50.5\t3.4\n")
    out = data / "tiny.npz"
    make_english.make(data, run, decayed, 115, out)
    return data, decayed, out, tensors


def test_the_file_is_rounded_and_says_how_the_model_was_made(trained):
    *_, out, tensors = trained
    with np.load(out) as file:
        assert {file[name].dtype.str for name in file.files} == {"|u1", "<f2", "<i8"}
    model = load(out)
    assert model.dtype == np.float32 and " ".join(model.context) == make_english.CONTEXT
    np.testing.assert_array_equal(model.embedding, tensors["encoder.weight"].astype(np.float16))
    both = tensors["rnn.bias_ih_l1"] + tensors["rnn.bias_hh_l1"]
    np.testing.assert_array_equal(model.layers[1].b, both.astype(np.float16))
    assert model.word_counts.tolist() == list(range(len(model.vocabulary)))
    about = model.provenance
    keys = "tokens read", "of which by the weights it began from", "of which at the constant rate"
    keys += "of which at the falling rate", "of which with the full softmax"
    assert [about[key] for key in keys] == [120, 50, 50, 20, 5]
    assert about["text"] == {"state_union": 7, "medquad": 8} and about["lexicon"] == "auxiliaries"
    assert about["held-out perplexity after so many tokens"] == {"50": 56.6, "90": 55.2, "120": 50.5}
    assert (
        "0.003" in about["optimiser"] and "held out" in about["began from"] and isinstance(about["number_units"], list)
    )


@pytest.fixture(scope="module")
def inputs(trained, tmp_path_factory):
    data, decayed, out, _ = trained
    text = tmp_path_factory.mktemp("linzen") / "some.text"
    text.write_text("the boys near the car are here\nthe boy is here\nthe zyx quiz is\nthe boys zyx it\n")
    text.with_suffix(".gold").write_text("5\tare\tis\t1\n2\tis\tare\t0\n3\tis\tare\t0\n2\tzyx\tzyxes\t0\n")
    return measure_english.read(data, decayed, text, out)


def test_perplexity_and_rounding(inputs):
    """float32 and float16 beside each other, and the number is the mean surprisal after <eos>."""
    model, words = inputs.model, inputs.held_out
    total = sum(model.log_probability(["<eos>", *words[:k]], words[k]) for k in range(len(words)))
    printed = measure_english.perplexity(inputs).splitlines()
    assert printed[-3].split()[-1] == f"{np.exp(-total / len(words)):.3f}" == printed[-4].split()[-1]
    assert f"{100 * words.count('<unk>') / len(words):.1f} %" in printed[-1]
    table = measure_english.rounding(inputs).splitlines()
    assert [line.split()[0] for line in table[2:5]] == list(LEXICONS)
    exact, rounded = (one.logits(words, state=one.trace("<eos>").state) for one in (inputs.exact, inputs.model))
    assert table[-1].endswith(f": {np.abs(exact - rounded).max():.4f}") and not table[-1].endswith("0.0000")


def test_tasks_and_linzen(inputs):
    lines = [line.split() for line in measure_english.tasks(inputs).splitlines()]
    assert lines[0][2:] == ["auxiliaries", "paper", "frequent"]
    want = [100 * agreement(inputs.model, na_task("nounPP", "SP", lexicon=name)).accuracy for name in lines[0][2:]]
    assert ["nounPP", "SP", *(f"{x:.1f}" for x in want)] in lines and len(lines) == 2 + 18 + 4 + 8 + 4
    found = measure_english.linzen(inputs)
    assert [line.split()[:2] for line in found.splitlines()[2:5]] == [["0", "2"], ["1", "1"], ["all", "3"]]
    assert "3 of 4 sentences (75.0 %)" in found and found.endswith(f"{100 * 2 / 12:.1f} %")


def test_sources_have_licences(inputs):
    lines = measure_english.sources(inputs).splitlines()
    assert "medquad" in lines[2] and "CC BY 4.0" in lines[2] and lines[-1].split() == ["all", "15"]


@shipped
def test_the_shipped_file():
    path = names()["english"]
    assert 15e6 < path.stat().st_size < 25e6
    model = load("english")
    assert model.sizes == (256, 256) and len(model.vocabulary) == 16000 and model.dtype == np.float32
    assert model.provenance["lexicon"] in LEXICONS and model.provenance["text"].keys() == measure_english.SOURCES.keys()
    assert len(model.encode(model.context)) == len(model.context) > 10
    assert model.encode("keys to the cabinet").min() > 0


@shipped
def test_the_shipped_model_knows_number_and_its_file_names_units_that_carry_it():
    model = load("english")
    lexicon = model.provenance["lexicon"]
    right = {c: agreement(model, na_task("nounPP", c, 100, lexicon=lexicon)).accuracy for c in ("SS", "SP", "PS", "PP")}
    assert min(right["SS"], right["PP"]) > 0.9 and min(right["SP"], right["PS"]) > 0.6
    units = model.provenance["number_units"]
    lost = {}
    for condition in ("SP", "PS"):
        items = na_task("nounPP", condition, lexicon=lexicon)
        full = agreement(model, items).accuracy
        lost[condition] = full - share_right(ablation_sweep(model, items, units)) if units else np.zeros(0)
    assert all(max(costs) > POINTS for costs in zip(*lost.values(), strict=True))


@shipped
def test_the_card_is_about_the_shipped_file():
    card = (WEIGHTS / "english.md").read_text(encoding="utf-8")
    assert digest(load("english")) in card
    for name in (*measure_english.BLOCKS, *measure_english.COMMANDS):
        block = re.search(f"<!-- {name} -->\n```text\n(.*)\n```\n<!-- end {name} -->", card, re.DOTALL)
        assert block and len(block[1].splitlines()) > 2
