"""The English model: how it is made and measured, on a tiny stand-in; and what is shipped, where it is there."""

import json
import re
from pathlib import Path

import make_english
import measure_english
import numpy as np
import pytest
from conftest import need

from minilstm import ablation_sweep, agreement, load
from minilstm.analyses.ablation import POINTS
from minilstm.analyses.number_agreement import share_right
from minilstm.models import digest, names
from minilstm.stimuli import CONDITIONS, LEXICONS, na_task

WEIGHTS = Path(__file__).resolve().parent.parent / "weights"
shipped = pytest.mark.skipif("english" not in names(), reason="weights/english.npz is not in this checkout")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Folders as `prepare_text.py` and `train_english.py` leave them, with a model of 5 + 4 units."""
    torch = need("torch")
    data, run, decayed = (tmp_path_factory.mktemp(name) for name in ("data", "run", "decayed"))
    items = [item for name in LEXICONS for item in measure_english.all_tasks(name)]
    used = [word for item in items for word in (*item.prefix, item.right, item.wrong)]
    words = list(dict.fromkeys(["<unk>", *make_english.CONTEXT.split(), *used]))
    (data / "vocab.txt").write_text("".join(f"{word}\n" for word in words), encoding="utf-8")
    np.save(data / "word_counts.npy", np.arange(len(words)))
    np.save(data / "held_out.npy", np.random.default_rng(0).integers(0, len(words), 300).astype(np.uint16))
    report = {"sources": {"state_union": {"words": 7, "repeat": 1}, "medquad": {"words": 8, "repeat": 2}}}
    report |= {"training_tokens": 9}
    report |= {"held_out_sentences": 3, "unknown_share": 0.25}
    (data / "sources.json").write_text(json.dumps(report))
    rng = np.random.default_rng(1)
    shapes = {"encoder.weight": (len(words), 6), "decoder.weight": (len(words), 5), "decoder.bias": (len(words),)}
    for k, D in enumerate((6, 5)):
        shapes |= {f"rnn.weight_ih_l{k}": (20, D), f"rnn.weight_hh_l{k}": (20, 5)}
        shapes |= {f"rnn.bias_{part}_l{k}": (20,) for part in ("ih", "hh")}
    tensors = {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    np.savez(decayed / "weights.npz", **tensors)
    place = {"tokens": 120, "decay_from": 100, "falling": 20, "full_from": 115, "seconds": 61.7, "updates": 2}
    settings = {"hidden": 5, "dropout": 0.25, "samples": 7}
    torch.save({"place": place, "settings": settings}, decayed / "checkpoint.pt")
    (run / "log.tsv").write_text("0\t0\t56.6\tnan\n90\t10\t55.2\t3.5\n110\t12\t55.1\t3.5\n")  # went on after 100
    (decayed / "log.tsv").write_text("120\t61\t50.5\t3.4\n")
    out = data / "tiny.npz"
    make_english.main(["model", str(data), str(run), str(decayed), "--out", str(out)])
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
    keys = "tokens read", "of which at the falling rate", "of which with the full softmax", "dropout", "seed"
    assert [about[key] for key in keys] == [120, 20, 5, 0.25, 1]
    assert about["text"] == {"state_union": 7, "medquad": 8} and about["lexicon"] == "auxiliaries"
    assert about["held-out perplexity after so many tokens"] == {"0": 56.6, "90": 55.2, "120": 50.5}
    assert about["read more than once an epoch"] == {"medquad": 2}
    assert "0.003" in about["optimiser"] and "7 sampled" in about["softmax"]
    assert isinstance(about["number_units"], list)


@pytest.fixture(scope="module")
def inputs(trained, tmp_path_factory):
    data, decayed, out, _ = trained
    reference = tmp_path_factory.mktemp("reference")
    for name in ("linzen", "bigbench", "syntaxgym", "blimp"):
        (reference / name).mkdir()
    text = reference / "linzen" / "subj_agr_filtered.text"
    text.write_text("the boys near the car are here\nthe boy is here\nthe zyx quiz is\nthe boys zyx it\n")
    text.with_suffix(".gold").write_text("5\tare\tis\t1\n2\tis\tare\t0\n3\tis\tare\t0\n2\tzyx\tzyxes\t0\n")
    example = {"input": "The boy that the girls ", "target_scores": {"zyx": 0, "avoid": 1}}
    nested = [{**example, "comment": "singular_plural"}] * 2
    nested += [{"input": "The boys ", "target_scores": {"avoid": 1, "avoids": 0}, "comment": "plural_plural"}]
    (reference / "bigbench" / "some_english.json").write_text(json.dumps({"examples": nested}))
    texts = {
        "match_sing": "boy is",
        "mismatch_sing": "boy are",
        "match_plural": "boys are",
        "mismatch_plural": "boys is",
    }
    conditions = [
        {
            "condition_name": name,
            "regions": [
                {"region_number": k, "content": word} for k, word in enumerate(["The", *words.split(), "here ."], 1)
            ],
        }
        for name, words in texts.items()
    ]
    formula = "[(3;%match_sing%) < (3;%mismatch_sing%)] & [(3;%match_plural%) < (3;%mismatch_plural%)]"
    suite = {"meta": {"name": "number_orc", "metric": "sum"}, "predictions": [{"formula": formula}]}
    suite["items"] = [{"item_number": 1, "conditions": conditions}]
    (reference / "syntaxgym" / "number_orc.json").write_text(json.dumps(suite))
    pairs = [("The boy is here.", "The boy are here."), ("The boys zyx it.", "The boy zyx it.")]
    (reference / "blimp" / "regular_plural_subject_verb_agreement_2.jsonl").write_text(
        "".join(json.dumps({"sentence_good": good, "sentence_bad": bad}) + "\n" for good, bad in pairs)
    )
    return measure_english.read(data, decayed, reference, out)


def test_perplexity_and_rounding(inputs):
    """As trained and as shipped beside each other, and the number is the mean surprisal after <eos>."""
    model, words = inputs.model, inputs.held_out
    total = sum(model.log_probability(["<eos>", *words[:k]], words[k]) for k in range(len(words)))
    printed = measure_english.perplexity(inputs).splitlines()
    assert printed[-3].split()[-1] == f"{np.exp(-total / len(words)):.3f}" == printed[-4].split()[-1]
    assert f"{100 * words.count('<unk>') / len(words):.1f} %" in printed[-1]
    table = measure_english.rounding(inputs).splitlines()
    assert [line.split()[0] for line in table[2:5]] == list(LEXICONS)
    exact, rounded = (one.logits(words, state=one.trace("<eos>").state) for one in (inputs.exact, inputs.model))
    assert {float(line.split()[-1]) >= float(line.split()[-2]) for line in table[2:5]} == {True}
    assert table[-1].endswith(f": {np.abs(exact - rounded).max():.4f}") and not table[-1].endswith("0.0000")


def test_tasks_and_linzen(inputs):
    lines = [line.split() for line in measure_english.tasks(inputs).splitlines()]
    assert lines[0][2:5] == ["auxiliaries", "paper", "frequent"]
    want = [100 * agreement(inputs.model, na_task("nounPP", "SP", lexicon=name)).accuracy for name in lines[0][2:5]]
    assert ["nounPP", "SP", *(f"{x:.1f}" for x in want), "87.2"] in lines
    assert len(lines) == 2 + sum(map(len, CONDITIONS.values()))
    found = measure_english.linzen(inputs)
    assert [line.split()[:2] for line in found.splitlines()[2:5]] == [["0", "2"], ["1", "1"], ["all", "3"]]
    assert "3 of 4 sentences (75.0 %)" in found and found.endswith(f"{100 * 2 / 12:.1f} %")


def test_another_seed_stands_beside(inputs, monkeypatch):
    """The accuracies of both, and each claim in one of five lists."""
    verdicts = {
        "own": ["holds", "does not hold", "holds", "does not hold", "not testable"],
        "other": ["holds", "does not hold", "does not hold", "holds", "holds"],
    }

    def run(line):
        which = "other" if "other.npz" in line else "own"
        return json.dumps([{"number": k, "verdict": verdict} for k, verdict in enumerate(verdicts[which], 1)])

    monkeypatch.setattr(measure_english, "run", run)
    path = inputs.reference / "other.npz"
    inputs.model.save(path)
    table, claims = measure_english.seeds(inputs._replace(other=path)).split("\n\n")
    assert claims.splitlines()[1:] == [
        "  hold in both (1): 1",
        "  hold in neither (1): 2",
        f"  hold in {inputs.name} only (1): 3",
        "  hold in the other only (1): 4",
        "  not testable in one or both (1): 5",
    ]
    want = 100 * agreement(inputs.model, na_task("namePP", "PS", lexicon="frequent")).accuracy
    assert table.splitlines()[-5].split()[-2:] == [f"{want:.1f}"] * 2
    for line in table.splitlines()[-4:]:  # the same network twice
        (unit, flips), other = re.findall(r"(\d+): (\w+) %", line)
        assert (unit, flips) == other


def test_test_sets_of_others(inputs):
    """An item is right if all its right sentences are likelier than the wrong ones, unknown words being <unk>."""
    model = inputs.model

    def likelier(right, wrong):
        right, wrong = (model.surprisal(text, "context", unknown="<unk>").sum() for text in (right, wrong))
        return right < wrong

    lines = [line.rsplit(maxsplit=5) for line in measure_english.others(inputs).splitlines()[2:]]
    avoid, avoids = (model.log_probability("The boys", form, "context") for form in ("avoid", "avoids"))
    nested = avoid > avoids
    assert lines[0] == ["some SP", "2", "0.0", "0", "-", "-"]
    assert lines[1] == ["some PP", "1", f"{100 * nested:.1f}", "1", f"{100 * nested:.1f}", "-"]
    suite = likelier("The boy is", "The boy are") and likelier("The boys are", "The boys is")
    assert lines[2] == ["number_orc", "1", f"{100 * suite:.1f}", "1", f"{100 * suite:.1f}", "42"]
    pairs = ("The boy is here .", "The boy are here ."), ("The boys zyx it .", "The boy zyx it .")
    assert lines[3][1:4] == ["2", f"{50 * sum(likelier(*pair) for pair in pairs):.1f}", "0"]


def test_moments_are_a_few_log_spaced_ones_of_a_few_bits(tmp_path):
    data, run, final = (tmp_path / name for name in ("data", "run", "final"))
    vocabulary = ["<unk>", "<eos>", "a", "b", "c"]
    data.mkdir()
    (data / "vocab.txt").write_text("".join(f"{word}\n" for word in vocabulary))
    rng = np.random.default_rng(0)
    arrays = {"encoder.weight": rng.normal(size=(2, 6)), "decoder.weight": rng.normal(size=(2, 5))}
    arrays |= {"decoder.bias": rng.normal(size=2), "rnn.weight_hh_l0": rng.normal(size=(20, 5))}
    arrays = {name: array.astype(np.float16) for name, array in arrays.items()} | {"rows": np.array([1, 3], np.int32)}
    for folder, times in ((run, (0, 10**5, 9 * 10**5, 10**7, 3 * 10**7, 10**8)), (final, (5 * 10**7, 9 * 10**7))):
        (folder / "snapshots").mkdir(parents=True)
        for tokens in times:
            np.savez(folder / "snapshots" / f"tokens-{tokens:012d}.npz", **arrays, tokens=np.int64(tokens))
    make_english.main(["moments", *map(str, (data, run, final)), "--out", str(tmp_path / "out"), "--count", "3"])
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names[1:-1] == [f"tokens-{tokens:012d}.npz" for tokens in (9 * 10**5, 10**7, 9 * 10**7)]
    assert (tmp_path / "out" / "vocabulary.txt").read_text().split() == ["<eos>", "b"]
    with np.load(tmp_path / "out" / names[2]) as file:
        assert file["rows"].tolist() == [0, 1] and file["tokens"] == 10**7
        for name in arrays.keys() - {"rows"}:
            assert file[name].dtype == np.float16 and not (file[name].view(np.uint16) & 63).any()
            np.testing.assert_allclose(file[name], arrays[name], rtol=2**-5 * 1.01)
            assert (file[name] != arrays[name]).any()
    assert make_english.round_mantissa(np.array([1.0, -1.97, 0.5 + 2**-7])).tolist() == [1.0, -2.0, 0.5]


def test_moments_of_a_model_that_was_begun_with_another(tmp_path):
    """Some of the former's, with the words that both know, and the finished model's own."""
    torch = need("torch")
    data, run, final, earlier = (tmp_path / name for name in ("data", "run", "final", "earlier"))
    for folder in (data, final, earlier):
        folder.mkdir()
    (data / "vocab.txt").write_text("<unk>\n<eos>\nc\na\n")
    (earlier / "vocabulary.txt").write_text("<eos>\na\nb\nc\n")
    shapes = {"encoder.weight": (4, 6), "decoder.weight": (4, 5), "decoder.bias": (4,), "rnn.weight_hh_l0": (20, 5)}
    rng, rows = np.random.default_rng(0), np.array([0, 1, 3, 2], np.int32)
    arrays = {name: rng.normal(size=shape).astype(np.float16) for name, shape in shapes.items()}
    for tokens in (10, 20, 30, 40, 50):
        np.savez(earlier / f"tokens-{tokens:012d}.npz", **arrays, rows=rows, tokens=np.int64(tokens))
    last = {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    np.savez(final / "weights.npz", **last)
    torch.save({"place": {"tokens": 7, "begun": {"from": "b.npz", "tokens": 50}}}, final / "checkpoint.pt")
    paths = [str(path) for path in (data, run, final, "--out", tmp_path / "out", "--earlier", earlier)]
    make_english.main(["moments", *paths])
    assert (tmp_path / "out" / "vocabulary.txt").read_text().split() == ["<eos>", "a", "c"]
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names[1:-1] == [f"tokens-{tokens:012d}.npz" for tokens in (10, 30, 50, 57)]
    for name, of, kept in ((names[1], arrays, [0, 1, 2]), (names[4], last, [1, 3, 2])):
        with np.load(tmp_path / "out" / name) as file:
            assert file["rows"].tolist() == [0, 1, 2] and file["tokens"] in (10, 57)
            for key in of:
                wanted = of[key] if key.startswith("rnn.") else of[key][kept]
                np.testing.assert_allclose(file[key], wanted, rtol=2**-5 * 1.01, atol=1e-3)


def test_sources_have_licences(inputs):
    lines = measure_english.sources(inputs).splitlines()
    assert "medquad" in lines[2] and "CC BY 4.0" in lines[2] and lines[-1].split() == ["all", "15"]


def test_a_block_is_put_between_its_marks_or_at_the_end(tmp_path):
    card = tmp_path / "some.md"
    for name, text in (("one", "a"), ("other", "b\\1"), ("one", "c\nd")):
        measure_english.write_block(card, name, text)
    one, other = (
        f"<!-- {n} -->\n```text\n{t}\n```\n<!-- end {n} -->\n" for n, t in (("one", "c\nd"), ("other", "b\\1"))
    )
    assert card.read_text() == f"# Model card: some\n\n{one}\n{other}"


@shipped
def test_the_shipped_file():
    path = names()["english"]
    assert 25e6 < path.stat().st_size < 30e6
    model = load("english")
    assert model.sizes == (256, 256) and len(model.vocabulary) == 24000 and model.dtype == np.float32
    assert model.provenance["lexicon"] in LEXICONS and model.provenance["text"].keys() <= measure_english.SOURCES.keys()
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
def test_the_readme_says_what_a_unit_does():
    """Unit 416 in "The keys to the cabinet" and "The key to the cabinet"."""
    model = load("english")
    for noun, sign in (("keys", 1), ("key", -1)):
        trace = model.trace(f"The {noun} to the cabinet", state="context")
        i, f, o, C = (getattr(trace, name)[-1][:, 0, 416 - 257] for name in ("i", "f", "o", "C"))
        assert (sign * C[1:] > 0.9).all() and abs(C[4] - C[3]) < 0.02  # written at the subject; cabinet changes nothing
        assert i[1] > 0.5 and i[4] < 0.02 and f[4] > 0.99 and o[4] > 0.7 and max(o[2:4]) < 0.1
    text = " ".join((WEIGHTS.parent / "README.md").read_text(encoding="utf-8").split())
    assert "above 0 for *keys*, below 0 for *key*" in text and "Before the verb the output gate *o* opens" in text


@pytest.mark.parametrize("name", ["english", "english-650"])
def test_the_card_is_about_the_shipped_file(name):
    if name not in names():
        pytest.skip(f"weights/{name}.npz is not in this checkout")
    card = (WEIGHTS / f"{name}.md").read_text(encoding="utf-8")
    assert digest(load(name)) in card
    blocks = {*measure_english.BLOCKS, *measure_english.COMMANDS}
    if name != "english":  # what would take hours there, or has no moments and no second seed, is left out
        blocks -= {"reproduce", "smallest", "depth", "connectivity", "decoding", "emergence", "seeds"}
    for block in blocks:
        found = re.search(f"<!-- {block} -->\n```text\n(.*)\n```\n<!-- end {block} -->", card, re.DOTALL)
        assert found and len(found[1].splitlines()) > 2
