"""Vocabularies: files as people have them, lists and mappings; mended where that is certain, and refused otherwise."""

import json
import os

import numpy as np
import pytest

from minilstm import LanguageModel, load
from minilstm.errors import ModelFileError
from minilstm.io.vocabulary import read_text, read_vocabulary, read_words, words_of

WORDS = ("<unk>", "<eos>", "the", "boy", "boys", ",", '"', ".", "7", "a")


def written(folder, data):
    (folder / "v.txt").write_bytes(data)
    return folder / "v.txt"


def lines(form, end="\n"):
    """All the words, each in the form, which knows its index."""
    return "".join(form.format(k=k, word=word, count=1000 - 7 * k) + end for k, word in enumerate(WORDS))


def test_vocabulary(tmp_path):
    words = [
        "the",
        "a\u2028b",
        "\x85",
        "\u3000",
        "x\x0cy",
        "\x1c",
        "z\u00a0",
        "naïve",
        "中",
        "\ufeff",
        " ",
        "\t",
    ]
    for end in ("\n", "\r\n"):
        for last in ("", end):
            path = written(tmp_path, (end.join(words) + last).encode())
            remarks = (r"characters that nobody sees around 1 of 12 words are kept, such as line 7: 'z\xa0'",)
            assert read_vocabulary(path) == (tuple(words), remarks)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"a\nb\na\n", "line 3: the word 'a' was line 1 already"),
        (b"a\n\nb\n", "line 2: empty"),
        (b"a\n\xff\xfe\n", "line 2: not UTF-8"),
        (b"a\n" + b"b" * 2000, "line 2: more than 1000 bytes"),
        (b"", "empty"),
        (b"a\nb\0\n", r"line 2: 'b\\x00' has a NUL in it"),
    ],
)
def test_broken_vocabulary(tmp_path, data, words):
    with pytest.raises(ModelFileError, match=words):
        read_vocabulary(written(tmp_path, data))


@pytest.mark.parametrize(
    ("text", "remark"),
    [
        ("\ufeff" + lines("{word}"), "byte order mark"),
        ("\ufeff" + lines("{word}", "\r\n"), "byte order mark"),
        (lines("{word}") + "\n\n", "empty lines at the end"),
        (lines(" {word}"), "blanks or line ends are left out, around 10 of 10 words"),
        (lines("{word} \t"), "blanks or line ends are left out, around 10 of 10 words"),
        (lines("{word}").replace("boys", "boys "), "blanks or line ends are left out, around 1 of 10 words"),
        (lines("{word}\u00a0"), "characters that nobody sees around all words are left out"),
        (lines("\u200b{word} \u00a0"), "characters that nobody sees around all words are left out"),
        (lines("{word}\t{count}"), "counts"),
        (lines("{word} {count}"), "counts"),
        (lines("{word},{count}"), "counts"),
        (lines("{count}\t{word}"), "counts"),
        (lines("{k}\t{word}"), "indices from 0 on"),
        (lines("{word} {k}"), "indices from 0 on"),
        ("".join(f"{k} {word}\n" for k, word in enumerate(WORDS, 1)), "indices from 1 on"),
        ("".join(f"{WORDS[k]}\t{k}\n" for k in (3, 1, 4, 0, 5, 9, 2, 6, 8, 7)), "in the order of the indices"),
        (lines("{k}\t{word}\t{count}"), "indices from 0 on"),
        ("".join('"' + word.replace('"', '""') + '"\n' for word in WORDS), "quotes"),
        (json.dumps(WORDS), "JSON"),
        (json.dumps([f" {word}" for word in WORDS]), "blanks"),
        (json.dumps({word: float(k) for k, word in enumerate(WORDS)}), "JSON"),
        (json.dumps({word: k for k, word in reversed(list(enumerate(WORDS)))}), "JSON"),
        ("\ufeff" + json.dumps(dict(enumerate(WORDS)), indent=1), "JSON"),
    ],
)
def test_what_is_certain_is_mended_and_said(tmp_path, text, remark):
    vocabulary = read_vocabulary(written(tmp_path, text.encode()))
    assert vocabulary.words == WORDS
    assert any(remark in said for said in vocabulary.remarks), vocabulary.remarks


@pytest.mark.parametrize(
    ("words", "remark"),
    [
        ("the boy 'n' car".split(), "quotes ' around 1 of 4 words are kept, such as line 3: \"'n'\""),
        ('"the" boy "car" is'.split(), 'quotes " around 2 of 4 words are kept, such as line 1: \'"the"\''),
        (["the", "boy\u200b"], r"around 1 of 2 words are kept, such as line 2: 'boy\u200b'"),
        (["the", "\ufeffboy"], r"around 1 of 2 words are kept, such as line 2: '\ufeffboy'"),
        (list(map(str, range(12))), "all words are numbers; if these are the indices, the words are missing"),
    ],
)
def test_what_is_odd_is_kept_and_said(tmp_path, words, remark):
    vocabulary = read_vocabulary(written(tmp_path, "\n".join(words).encode()))
    assert vocabulary.words == tuple(words)
    assert len(vocabulary.remarks) == 1 and remark in vocabulary.remarks[0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (lines("{word}\t{count}").replace("boys\t", "boys"), r"line 5: 'boys972'; expected a word and a number"),
        ("word\tcount\n" + lines("{word}\t{count}"), "line 1: .*; expected a word and a number"),
        (lines("{word}\tDT"), "line 1: .*without columns"),
        ("a 3\nb 2\nc 1\n", "the numbers may be counts or indices"),
        ("1 3\n2 7\n3 9\n", "line 1: '1 3'; expected a word, got numbers only"),
        ("the\nboy\nthe \n", "line 3: the word 'the' was line 1 already"),
        (json.dumps({"the": 0, "boy": 2}), "2 words need the indices 0 to 1, each once; no word has 1"),
        (json.dumps({"the": 900, "boy": 20}), "no word has 0, and 'the' has 900: are these counts"),
        (json.dumps(["the", 1]), "expected words, got 1 at index 1"),
        (json.dumps(["the", "boy", "the"]), "index 2: the word 'the' was index 0 already"),
        ("the\n".encode("utf-16").decode("latin1"), "line 1"),
    ],
)
def test_what_is_not_certain_is_refused(tmp_path, text, words):
    with pytest.raises(ModelFileError, match=f"v.txt.*{words}"):
        read_vocabulary(written(tmp_path, text.encode("latin1" if "\xff" in text else "utf-8")))


def test_files_that_are_none(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path, words in ((tmp_path / "none", "No such file"), (tmp_path, "a folder"), (tmp_path / "pipe", "regular")):
        with pytest.raises(ModelFileError, match=words):
            read_vocabulary(path)


def test_the_words_of_a_text(tmp_path):
    assert (
        read_words(written(tmp_path, "\ufeffThe boy\r\n greets . <eos>\n\n".encode()))
        == "The boy greets . <eos>".split()
    )
    for data, words in ((b"the \xff\xfe", "UTF-8 .*byte 4"), ("the".encode("utf-16"), "UTF-8")):
        with pytest.raises(ModelFileError, match=f"v.txt: .*{words}"):
            read_words(written(tmp_path, data))
    with pytest.raises(ModelFileError, match="none: cannot be read: No such file"):
        read_words(tmp_path / "none")
    for empty in (b"", b" \n", "\ufeff\n".encode()):
        with pytest.raises(ModelFileError, match="v.txt: expected words between white space, found none"):
            read_words(written(tmp_path, empty))


def test_a_text_that_was_put_together_has_several_byte_order_marks(tmp_path):
    path = written(tmp_path, "\ufeffThe boy\n\ufeffThe car\n".encode())
    assert read_text(path) == ("The boy\nThe car\n", ["byte order marks are left out, 2 of them"])
    assert read_words(path) == "The boy The car".split()
    assert read_text(written(tmp_path, b"The boy\n")) == ("The boy\n", [])


def test_words_of_lists_and_mappings():
    mapping = {word: k for k, word in reversed(list(enumerate(WORDS)))}
    numbers = {word: np.int64(k) for word, k in mapping.items()}
    for same in (list(WORDS), iter(WORDS), np.array(WORDS), mapping, {k: w for w, k in mapping.items()}, numbers):
        assert words_of(same) == (WORDS, ())
    odd = ("", " ", "\n", "a")  # of a list, even an empty word is one: Keras has it for padding
    assert words_of(odd) == (odd, ())


@pytest.mark.parametrize(
    ("form", "remark"),
    [
        ("{word}\n", "line ends are left out, around 10 of 10 words"),
        ("{word} ", "blanks or line ends"),
        ("{word}\t{count}\n", "counts"),
        ('"{word}"', "quotes"),
    ],
)
def test_a_list_is_mended_as_a_file_is(form, remark):
    words, remarks = words_of([form.format(word=word, count=1000 - k) for k, word in enumerate(WORDS)])
    assert words == WORDS and remark in " ".join(remarks)
    marked = words_of(["\ufeff" + WORDS[0], *WORDS[1:]])
    assert marked == (WORDS, ("a byte order mark at the start is left out",))
    tensors = load("planted").state_dict()
    made = LanguageModel.from_state_dict(tensors, [f"{word}\n" for word in load("planted").vocabulary])
    assert made.vocabulary == load("planted").vocabulary
    assert made.provenance["notes"] == ["vocabulary: blanks or line ends are left out, around 289 of 289 words"]


@pytest.mark.parametrize(
    ("vocabulary", "words"),
    [
        ("the boy", "expected a list of words, got 'the boy'"),
        (50_000, "expected a list of words, got 50000"),
        (range(7), "expected words, got 0 at index 0"),
        ({"the": 1, "boy": 2}, "2 words need the indices 0 to 1, each once; no word has 0"),
        ({"the": 0, "boy": 0}, "no word has 1"),
        ({"the": "0"}, "1 words need the indices 0 to 0, each once; 'the' has '0'"),
        (set(WORDS), "vocabulary: a set, .*expected a list"),
        (frozenset(WORDS), "vocabulary: a set, .*expected a list"),
        (["the", "boy", "the\n"], "vocabulary, index 2: the word 'the' was index 0 already"),
        (["the\t9", "boy\t7", "car"], "vocabulary, index 2: 'car'; expected a word and a number"),
        (["the", "b\0"], "vocabulary, index 1: .* has a NUL"),
    ],
)
def test_what_is_no_vocabulary(vocabulary, words):
    with pytest.raises(ModelFileError, match=words):
        words_of(vocabulary)
