"""Text for the English model: tokens, sentences, and a held-out text that shares none with training."""

import json
import lzma
from collections import Counter

import numpy as np
import prepare_text
import pytest
from prepare_text import choose_vocabulary, prepare, read_sentences, split_sentences, tokenize

NAMES = "Ann Bob Cid Dot Eve Fay Gus Hal Ida Jim".split()
VERBS = "sees hears meets knows likes helps finds wants needs loves".split()
TEXT = [f"{a} {verb} {b} at home ." for a in NAMES for verb in VERBS for b in NAMES]


@pytest.mark.parametrize(
    "text, tokens",
    [
        ("I don't, can't and won't.", "I do n't , ca n't and wo n't ."),
        (
            "John's dog; they'll, we've, you're, I'm, he'd",
            "John 's dog ; they 'll , we 've , you 're , I 'm , he 'd",
        ),
        ("the boys' boat", "the boys ' boat"),
        ("a well-known mother-in-law", "a well-known mother-in-law"),
        ("my 18-year-old 19th-century car", "my 18 - year-old 19 th-century car"),
        (
            "Mr. and Mrs. Hall of the U.S. left at 5 p.m. today",
            "Mr. and Mrs. Hall of the U.S. left at 5 p.m. today",
        ),
        ("J. Smith paid $1,000.50 at 10:30", "J . Smith paid $ 1,000.50 at 10:30"),
        ("“It’s—well… odd,” she said", '" It \'s -- well ... odd , " she said'),
        ("so ---- and ..... then", "so -- and ... then"),
        ("_Très_ Señor Brontë", "Très Señor Brontë"),
    ],
)
def test_tokens(text, tokens):
    assert tokenize(text) == tokens.split()


@pytest.mark.parametrize(
    "text, sentences",
    [
        ("He came. She left! Why?", ["He came.", "She left!", "Why?"]),
        ('"Go." "No!" said she. He went.', ['"Go."', '"No!" said she.', "He went."]),
        ("Mr. Hall met Dr. J. K. Low. They spoke.", ["Mr. Hall met Dr. J. K. Low.", "They spoke."]),
        ("The U.S. Army won. It ended.", ["The U.S. Army won.", "It ended."]),
        ("Pens, ink, etc. Then he wrote.", ["Pens, ink, etc.", "Then he wrote."]),
        ("So am I. You know.", ["So am I.", "You know."]),
        ("It cost 3.50 (more. or less) in all", ["It cost 3.50 (more. or less) in all"]),
    ],
)
def test_sentences(text, sentences):
    assert split_sentences(text) == sentences


def test_only_sentences_of_4_to_80_tokens():
    lengths = (3, 4, 80, 81)
    paragraphs = [" ".join(["word"] * n) for n in lengths]
    assert [len(tokens) for tokens in read_sentences(paragraphs)] == [4, 80]


def test_the_most_frequent_words_and_those_to_keep():
    words, counts = ["rare", "often", "never", "always"], np.array([1, 5, 2, 9])
    assert choose_vocabulary(words, counts, 4) == ["<unk>", "<eos>", "always", "often"]
    assert choose_vocabulary(words, counts, 5, keep=["rare", "new"]) == [
        "<unk>",
        "<eos>",
        "always",
        "rare",
        "new",
    ]


@pytest.fixture
def folder(tmp_path):
    """Two files, of which the second says some of the first again."""
    texts = tmp_path / "texts"
    texts.mkdir()
    (texts / "one.txt").write_text("\n".join(TEXT[:700]) + "\n\nToo short.\n", encoding="utf-8")
    with lzma.open(texts / "two.txt.xz", "wt", encoding="utf-8") as file:
        file.write("\n".join(TEXT[500:]))
    return texts


def read(out):
    """The sentences (tuples of words) of train.npy and held_out.npy."""
    vocabulary = (out / "vocab.txt").read_text(encoding="utf-8").splitlines()
    texts = []
    for name in ("train", "held_out"):
        words = [vocabulary[i] for i in np.load(out / f"{name}.npy")]
        assert words[-1:] in ([], ["<eos>"])
        texts.append([tuple(sentence.split()) for sentence in " ".join(words).split("<eos>")[:-1]])
    return texts


def test_held_out_text_shares_no_sentence_with_training(folder, tmp_path):
    prepare(folder, tmp_path / "out", held_out=0.1, repeat={"two": 3})
    train, held_out = read(tmp_path / "out")
    sentences = {tuple(sentence.split()) for sentence in TEXT}
    assert not set(train) & set(held_out)
    assert set(train) | set(held_out) == sentences
    assert len(set(held_out)) == len(held_out)
    assert 60 <= len(held_out) <= 140  # 100 +- 4 standard deviations


def test_a_file_is_repeated_and_the_rest_is_not(folder, tmp_path):
    report = prepare(folder, tmp_path / "out", held_out=0.1, repeat={"two": 3})
    train, held_out = read(tmp_path / "out")
    expected = Counter({tuple(s.split()): (i < 700) + 3 * (i >= 500) for i, s in enumerate(TEXT)})
    assert Counter(train) == Counter({s: n for s, n in expected.items() if s not in set(held_out)})
    in_order = [tuple(s.split()) for s in TEXT[:700] + 3 * TEXT[500:]]
    assert train != [sentence for sentence in in_order if sentence not in set(held_out)]  # shuffled
    neighbours = sum(a == b for a, b in zip(train, train[1:], strict=False))
    assert neighbours < len(train) / 20  # copies are apart, too
    assert report["sources"]["two"] == report["sources"]["two"] | {
        "words": 3000,
        "sentences": 500,
        "repeat": 3,
    }
    assert report["training_tokens"] == sum(s["training_tokens"] for s in report["sources"].values())
    assert report["training_tokens"] == sum(len(sentence) + 1 for sentence in train)
    assert report == json.loads((tmp_path / "out" / "sources.json").read_text(encoding="utf-8"))


def test_counts_are_those_of_the_training_text(folder, tmp_path):
    prepare(folder, tmp_path / "out", size=12, keep=["Jim"])
    vocabulary = (tmp_path / "out" / "vocab.txt").read_text(encoding="utf-8").splitlines()
    counts, train = np.load(tmp_path / "out" / "word_counts.npy"), np.load(tmp_path / "out" / "train.npy")
    assert len(vocabulary) == len(counts) == 12 and "Jim" in vocabulary and train.dtype == np.uint16
    assert counts.tolist() == [int((train == i).sum()) for i in range(12)] and counts[0] > 0


def test_a_given_vocabulary_is_kept_in_its_order(folder, tmp_path):
    prepare(folder, tmp_path / "out", vocabulary=["<unk>", "<eos>", "nowhere", "sees", "Ann"], held_out=0)
    train, held_out = read(tmp_path / "out")
    words = Counter(word for sentence in train for word in sentence)
    assert set(words) == {"<unk>", "sees", "Ann"} and not held_out
    assert words["sees"] == sum(" sees " in sentence for sentence in TEXT[:700] + TEXT[500:])


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Python 3.12 on forking beside threads
def test_same_seed_same_files_however_many_processes(folder, tmp_path, monkeypatch):
    prepare(folder, tmp_path / "a")
    monkeypatch.setattr(prepare_text, "CHUNK", 7)
    prepare(folder, tmp_path / "b", processes=2)
    for name in ("train.npy", "held_out.npy", "vocab.txt", "word_counts.npy", "sources.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    prepare(folder, tmp_path / "c", seed=1)
    assert set(read(tmp_path / "c")[1]) != set(read(tmp_path / "a")[1])


def test_bad_input_is_named(folder, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="no .txt"):
        prepare(tmp_path / "empty", tmp_path / "out")
    with pytest.raises(ValueError, match="three"):
        prepare(folder, tmp_path / "out", repeat={"three": 2})
    with pytest.raises(ValueError, match="<unk>"):
        prepare(folder, tmp_path / "out", vocabulary=["the", "a"])
    assert not (tmp_path / "out").exists()
