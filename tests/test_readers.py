"""Readers: the published files in place, a user's file, and broken files with the line that must be named."""

from collections import Counter

import pytest

from minilstm.errors import StimulusError
from minilstm.stimuli import read_items, read_linzen, read_na_task, subject_number

SIMPLE = (
    "The boy greets\tsingular\tcorrect\tid1\n"
    "The boy greet\tsingular\twrong\tid1\n"
    "The boys greet\tplural\tcorrect\tid2\n"
    "The boys greets\tplural\twrong\tid2\n"
)
TEXT = "the boys near the car are here . <eos>\nthere is a boy . <eos>\n"
GOLD = "5\tare\tis\t1\n1\tis\tare\t0\n"
OWN = "# mine\nprefix\tright\twrong\tcondition\nThe boy\tis\tare\tS\n\nThe boys\tare\tis\tP\nThe men\tare\tis\tP\n"


@pytest.fixture
def linzen(reference):
    return reference / "linzen" / "subj_agr_filtered.text", reference / "linzen" / "subj_agr_filtered.gold"


def write(folder, name, text):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_na_task(tmp_path):
    singular, plural = read_na_task(write(tmp_path, "simple.txt", SIMPLE))
    assert (singular.prefix, singular.right, singular.wrong) == (("The", "boy"), "greets", "greet")
    assert (singular.task, singular.condition, singular.id) == ("Simple", "S", 1)
    assert (plural.prefix, plural.right, plural.wrong) == (("The", "boys"), "greet", "greets")
    assert (plural.condition, plural.id) == ("P", 2)


def test_na_task_numbers_become_conditions(tmp_path):
    pair = "The boy near {0} greets\t{1}\tcorrect\tid1\nThe boy near {0} greet\t{1}\twrong\tid1\n"
    (name,) = read_na_task(write(tmp_path, "namepp.txt", pair.format("Pat", "singular")))
    (noun,) = read_na_task(write(tmp_path, "nounpp.txt", pair.format("the cars", "singular_plural")))
    assert (name.task, name.condition) == ("namePP", "SS")
    assert (noun.task, noun.condition) == ("nounPP", "SP")


@pytest.mark.parametrize(
    "name, cells",
    [
        ("simple", {"S": 300, "P": 300}),
        ("adv", {"S": 900, "P": 900}),
        ("adv_adv", {"S": 900, "P": 900}),
        ("adv_conjunction", {"S": 600, "P": 600}),
        ("namepp", {"SS": 900, "PS": 900}),
        ("nounpp", {"SS": 600, "SP": 600, "PS": 600, "PP": 600}),
        ("nounpp_adv", {"SS": 600, "SP": 600, "PS": 600, "PP": 600}),
    ],
)
def test_published_na_tasks(reference, name, cells):
    items = read_na_task(reference / "NA_tasks" / f"{name}.txt")
    assert Counter(item.condition for item in items) == cells
    assert [item.id for item in items] == list(range(1, len(items) + 1))
    assert all(subject_number(item) == item.condition[0] for item in items)


def test_linzen(tmp_path):
    boys, boy = read_linzen(write(tmp_path, "a.text", TEXT), write(tmp_path, "a.gold", GOLD))
    assert (boys.prefix, boys.right, boys.wrong) == (("the", "boys", "near", "the", "car"), "are", "is")
    assert (boys.task, boys.condition, boys.id) == ("Linzen", "1", 1)
    assert (boy.prefix, boy.condition, boy.id) == (("there",), "0", 2)


def test_published_linzen(linzen):
    items = read_linzen(*linzen)
    assert [item.id for item in items] == list(range(1, 7490))
    assert Counter(item.condition for item in items) == {"0": 1972, "1": 1957, "2": 1943, "3": 1287, "4": 330}
    sentences = linzen[0].read_text(encoding="utf-8").split("\n")
    for item, sentence in zip(items, sentences, strict=False):
        assert tuple(sentence.split(" "))[: len(item.prefix) + 1] == (*item.prefix, item.right)
    assert round(100 * sum(subject_number(item) == "P" for item in items) / 7489, 1) == 63.5
    alike = {item.id: item.right for item in items if item.right == item.wrong}
    assert alike == {1606: "wherein", 2423: "lie", 7193: "edit", 7331: "en"}
    assert [item.id for item in items if not subject_number(item)] == list(alike)


def test_published_linzen_keeps_accents_and_capitals_that_are_not_ascii(linzen):
    capitals = {(item.id, w) for item in read_linzen(*linzen) for w in item.prefix if w != w.lower()}
    assert capitals == {(2529, "Álvarez"), (6020, "Ліонкінг")}  # the others stand after the verb


def test_published_linzen_case(linzen):
    text, released = read_linzen(*linzen), read_linzen(*linzen, case="released")
    changed = [(a.id, a.right, b.right, b.wrong) for a, b in zip(text, released, strict=True) if a != b]
    assert changed == [
        (753, "are", "Are", "Is"),
        (2679, "is", "Is", "Are"),
        (4101, "is", "Is", "Are"),
        (6589, "are", "Are", "Is"),
    ]


def test_linzen_case_is_one_of_two(tmp_path):
    with pytest.raises(StimulusError, match="'text' or 'released'"):
        read_linzen(write(tmp_path, "a.text", TEXT), write(tmp_path, "a.gold", GOLD), case="lower")


def test_own_file(tmp_path):
    items = read_items(write(tmp_path, "keys.tsv", OWN))
    assert [(item.prefix[-1], item.right, item.wrong, item.condition, item.id) for item in items] == [
        ("boy", "is", "are", "S", 1),
        ("boys", "are", "is", "P", 1),
        ("men", "are", "is", "P", 2),
    ]
    assert {item.task for item in items} == {"keys"}


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "\ufeff" + text,
        lambda text: text.removesuffix("\n"),
        lambda text: text.replace("boy\t", "boy \t").replace("The boy", "The  boy"),
    ],
    ids=["Windows", "byte-order mark", "no last line end", "more spaces"],
)
def test_harmless_differences(tmp_path, change):
    (tmp_path / "changed").mkdir()
    assert read_items(write(tmp_path / "changed", "a.tsv", change(OWN))) == read_items(write(tmp_path, "a.tsv", OWN))
    assert read_na_task(write(tmp_path / "changed", "simple.txt", change(SIMPLE))) == read_na_task(
        write(tmp_path, "simple.txt", SIMPLE)
    )


@pytest.mark.parametrize("exotic", "\u2028\u2029\x85\x0b\x0c\x1c\xa0\u3000")
def test_unicode_white_space_is_part_of_a_word(tmp_path, exotic):
    (item,) = read_items(write(tmp_path, "a.tsv", f"The b{exotic}y\tis\tare\tS\n"))
    assert item.prefix == ("The", f"b{exotic}y")
    text = write(tmp_path, "a.text", TEXT.replace("car", f"c{exotic}r"))
    assert read_linzen(text, write(tmp_path, "a.gold", GOLD))[0].prefix[-1] == f"c{exotic}r"


@pytest.mark.parametrize(
    "old, new, line, message",
    [
        ("The boy greet\tsingular\twrong\tid1\n", "", 1, "no 'wrong' line"),
        ("The boys greets\tplural\twrong\tid2\n", "", 3, "no 'wrong' line"),
        ("The boys greet\tplural\tcorrect\tid2\n", "", 3, "'correct' line"),
        ("The boy greet\t", "The man greet\t", 2, "line before"),
        ("wrong\tid1", "wrong\tid7", 2, "line before"),
        ("singular\twrong", "plural\twrong", 2, "line before"),
        ("The boy greet\t", "The boy greets\t", 2, "correct and wrong"),
        ("plural\tcorrect", "dual\tcorrect", 3, "singular or plural"),
        ("plural\tcorrect", "plural_plural\tcorrect", 3, "singular or plural"),
        ("plural\tcorrect", "plural\tCorrect", 3, "'correct' or 'wrong'"),
        ("correct\tid2", "correct\t2", 3, "id12"),
        ("correct\tid2", "correct\tid" + "9" * 5000, 3, "id12"),
        ("correct\tid2", "correct\tid2\t", 3, "5 column"),
        ("plural\tcorrect", "plural correct", 3, "3 column"),
        ("The boys greet\t", "greet\t", 3, "two words"),
        ("The boys greet\t", "\t", 3, "two words"),
        ("The boys greet\t", "\nThe boys greet\t", 3, "1 column"),
        (SIMPLE, SIMPLE + SIMPLE, 6, "was there before"),
    ],
)
def test_broken_na_task(tmp_path, old, new, line, message):
    assert old in SIMPLE
    path = write(tmp_path, "simple.txt", SIMPLE.replace(old, new))
    with pytest.raises(StimulusError, match=message) as error:
        read_na_task(path)
    assert str(error.value).startswith(f"{path}, line {line}: ")


def test_the_name_of_an_na_task_file_must_tell_the_task(tmp_path):
    with pytest.raises(StimulusError, match="nounpp_adv.txt"):
        read_na_task(write(tmp_path, "sentences.txt", SIMPLE))


@pytest.mark.parametrize(
    "name, old, new, line, message",
    [
        ("gold", "5\t", "five\t", 1, "position"),
        ("gold", "5\t", "5.0\t", 1, "position"),
        ("gold", "5\t", "²\t", 1, "position"),
        ("gold", "5\t", "٥\t", 1, "position"),  # a digit, but not an ASCII one
        ("gold", "5\t", "-4\t", 1, "position"),
        ("gold", "5\t", "9\t", 1, "expected 1 to 8"),
        ("gold", "1\tis\tare", "0\tthere\tare", 2, "expected 1 to 5"),
        ("gold", "1\tis", "2\tis", 2, "the word there, 'a'"),
        ("gold", "5\tare\tis", "5\tis\tare", 1, "the word there, 'are'"),
        ("gold", "1\tis\tare\t0", "1\tis\tare", 2, "3 column"),
        ("gold", "1\tis\tare\t0", "1\tis\t\t0", 2, "one word"),
        ("gold", "1\tis\tare\t0", "1\tis\tare\tnone", 2, "attractors"),
        ("gold", "1\tis\tare\t0\n", "", 2, "as many lines"),
        ("text", "there is a boy . <eos>\n", "", 2, "as many lines"),
        ("text", "there is a boy . <eos>\n", "there is a boy . <eos>\n\n", 3, "as many lines"),
        ("text", "there is a boy . <eos>\n", "\n", 2, "two words"),
    ],
)
def test_broken_linzen(tmp_path, name, old, new, line, message):
    files = {"text": TEXT, "gold": GOLD}
    assert old in files[name]
    files[name] = files[name].replace(old, new)
    paths = {ending: write(tmp_path, f"a.{ending}", content) for ending, content in files.items()}
    with pytest.raises(StimulusError, match=message) as error:
        read_linzen(paths["text"], paths["gold"])
    if message == "as many lines":  # named is the shorter file, and the line that it lacks
        name = min(files, key=lambda ending: files[ending].count("\n"))
    assert str(error.value).startswith(f"{paths[name]}, line {line}: ")


@pytest.mark.parametrize(
    "old, new, line, message",
    [
        ("The boys\tare\tis\tP", "The boys\tare\tis", 5, "3 column"),
        ("The boys\tare\tis\tP", "The boys,are,is,P", 5, "1 column"),
        ("The boys\tare\tis\tP", "The boys\tare\tis\tP\tx", 5, "5 column"),
        ("The boys\tare\tis\tP", "\tare\tis\tP", 5, "prefix is empty"),
        ("The boys\tare\tis\tP", " \tare\tis\tP", 5, "prefix is empty"),
        ("The boys\tare\tis\tP", "The boys\tare\tare\tP", 5, "both 'are'"),
        ("The boys\tare\tis\tP", "The boys\tare\t\tP", 5, "one word"),
        ("The boys\tare\tis\tP", "The boys\tare\tis\t", 5, "one word"),
        ("prefix\tright", "prefix\tcorrect\tright", 2, "5 column"),
    ],
)
def test_broken_own_file(tmp_path, old, new, line, message):
    assert old in OWN
    path = write(tmp_path, "a.tsv", OWN.replace(old, new))
    with pytest.raises(StimulusError, match=message) as error:
        read_items(path)
    assert str(error.value).startswith(f"{path}, line {line}: ")


READERS = [
    ("simple.txt", read_na_task, SIMPLE),
    ("a.tsv", read_items, OWN),
    ("a.text", lambda path: read_linzen(path, write(path.parent, "b.gold", GOLD)), TEXT),
]


@pytest.mark.parametrize("name, read, content", READERS, ids=["NA-task", "own", "Linzen"])
def test_what_is_not_a_text_file(tmp_path, name, read, content):
    lines = content.encode().split(b"\n")
    lines[1] = lines[1][:-1] + b"\xff"
    path = write(tmp_path, name, b"\n".join(lines))
    with pytest.raises(StimulusError, match="line 2: byte 0xff is not UTF-8"):
        read(path)
    with pytest.raises(StimulusError, match="line 1: byte 0xff"):
        read(write(tmp_path, name, content.encode("utf-16")))
    with pytest.raises(StimulusError, match="empty"):
        read(write(tmp_path, name, ""))
    path.unlink()
    with pytest.raises(StimulusError, match="cannot be read"):
        read(path)


def test_a_file_of_comments_has_no_sentences(tmp_path):
    with pytest.raises(StimulusError, match="no sentences"):
        read_items(write(tmp_path, "a.tsv", "# nothing\n"))
