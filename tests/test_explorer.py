"""The explorer's page as a file: what goes into it, how weights are rounded, and that it asks nothing of anybody."""

import json
import re
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest

import minilstm
from minilstm.analyses.base import Results
from minilstm.cli.main import main
from minilstm.errors import MinilstmError
from minilstm.explorer.page import FOLDER, SCRIPTS, Page, explore, rounding_effect
from minilstm.explorer.payload import TOUR, choose_words, cut, default_precision, round_weights
from minilstm.explorer.roles import NEEDED, analyse, roles_of
from minilstm.planted import UNITS


@pytest.fixture(scope="module")
def mini():
    return minilstm.load("mini-03")


@pytest.fixture(scope="module")
def results(mini):
    """What the page's roles are read from: computed once."""
    return analyse(mini, "paper")


@pytest.fixture(scope="module")
def page(mini, results):
    return explore(mini, name="mini-03", results=results)


def content_of(page):
    return json.loads(re.search(r'id="content">(.*?)</script>', page.html, re.DOTALL).group(1))


def test_the_page_is_one_small_file_that_names_no_address(page):
    assert len(page.html.encode()) < 600_000
    assert not re.search(r"""(?:src|href|url)\W{1,3}(?:https?:|//|file:)|@import|\bfetch\(|XMLHttpRequest""", page.html)
    assert set(re.findall(r"https?://[^\s\"'`<]+", page.html)) <= {"http://www.w3.org/2000/svg"}
    assert "default-src &#x27;none&#x27;" in page.html


def test_ids_are_unique(page):
    ids = re.findall(r'\bid="([^"]+)"', page.html.split('<script type="application/json"')[0])
    assert len(ids) == len(set(ids)) > 40


def test_nothing_in_a_model_becomes_markup(mini, results):
    """Neither its name nor a word of its vocabulary can end the script that holds it."""
    evil = "</script><img/src=x>"
    vocabulary = tuple(evil if word == "zoo" else word for word in (*mini.vocabulary[:-1], "zoo"))
    page = explore(
        replace(mini, vocabulary=vocabulary, context=()), name='"><script>alert(1)</script>', results=results
    )
    assert evil not in page.html and "<script>alert" not in page.html
    assert content_of(page)["vocabulary"][-1] == evil
    assert page.html.count("</script>") == 2


def test_roles_of_a_trained_network(mini, results):
    """What the ledger calls P*, unit 12, is no syntax unit on the page."""
    roles = roles_of(mini, results)
    assert set(results) == set(NEEDED)
    assert roles.names == {4: "S*", 12: "P*", 32: "Y*"}
    assert (roles.number, roles.syntax, roles.short_range) == ([4, 12], [32], [29])
    assert roles.lost[4].startswith("nounPP SP 100, ") and roles.order[:2] == [4, 12] and len(roles.order) == 32


@pytest.mark.slow
def test_roles_are_those_of_the_report(mini, results):
    assert roles_of(mini, results) == roles_of(mini, minilstm.reproduce(mini))


@pytest.mark.slow
def test_roles_of_the_planted_network_are_those_that_were_planted():
    model = minilstm.load("planted")
    roles = roles_of(model, analyse(model, "paper"))
    assert roles.number == [UNITS["long-range singular"], UNITS["long-range plural"]]
    assert roles.syntax == [UNITS["syntax"]]
    assert roles.short_range == [UNITS["short-range 1"], UNITS["short-range 2"]]
    assert roles.names == {unit: name for name, unit in UNITS.items()}


def test_roles_of_a_network_of_which_nothing_is_known_are_what_its_file_says(mini):
    letters = replace(mini, vocabulary=tuple(f"w{k}" for k in range(289)), context=())
    letters = replace(letters, provenance={"number_units": [7, 99]})
    roles = roles_of(letters, analyse(letters, "paper"))
    assert roles.number == [7] and not roles.measured and roles.order == list(range(1, 33))


def test_a_small_vocabulary_goes_in_whole_and_of_a_large_one_the_tasks_and_the_frequent():
    mini, english = minilstm.load("mini"), minilstm.load("english")
    assert choose_words(mini) == list(mini.vocabulary)
    words = choose_words(english)
    assert len(words) == 3000 and {"carpenter", "definitely", "near", "The", "<unk>", *english.context} <= set(words)
    rare = [word for word in english.vocabulary if word not in words]
    counts = dict(zip(english.vocabulary, english.word_counts, strict=True))
    assert max(counts[word] for word in rare) <= np.median([counts[word] for word in words])


def test_words_of_ones_own_come_with_the_context(mini):
    words = choose_words(mini, ["dog", "girl"])
    assert set(words) == {"dog", "girl", *TOUR, *mini.context} and words == sorted(words, key=mini.vocabulary.index)
    with pytest.raises(MinilstmError, match="'zebra' is not among the model's 289 words"):
        choose_words(mini, ["zebra"])
    with pytest.raises(MinilstmError, match="vocabulary: expected words, got none"):
        choose_words(mini, [])


def test_a_cut_model_says_the_same_of_the_words_it_has(mini):
    small = cut(mini, choose_words(mini, "The boy near the cars is are".split()))
    whole, part = (m.logits("The boy near the cars", ["is", "are"], state="context") for m in (mini, small))
    np.testing.assert_array_equal(whole, part)


@pytest.mark.parametrize(("precision", "largest"), [("float32", 0), ("float16", 2**-11), ("int8", 0.5 / 127)])
def test_rounding_is_as_fine_as_it_says(mini, precision, largest):
    """The error of a weight, as a share of the largest of its row."""
    rounded = round_weights(mini, precision)
    for exact, ours in ((mini.embedding, rounded.embedding), (mini.layers[0].U, rounded.layers[0].U)):
        error = np.abs(exact - ours) / np.abs(exact).max(axis=1, keepdims=True)
        assert error.max() <= largest * 1.001 and (precision == "float32" or error.max() > largest / 4)
        assert ours.dtype == np.float32
    np.testing.assert_array_equal(round_weights(rounded, precision).embedding, rounded.embedding)


def test_precision_goes_with_size(mini):
    assert default_precision(mini) == "float32" == default_precision(minilstm.load("planted"))
    assert default_precision(minilstm.load("english")) == "int8"


def test_the_effect_of_rounding_is_measured(mini, results):
    items = minilstm.stimuli.na_task("nounPP", "SP", 40)
    assert rounding_effect(mini, explore(mini, results=results), items) == (0, 0.0)
    changed, largest = rounding_effect(mini, explore(mini, precision="int8", results=results), items)
    assert changed == 0 and 0.001 < largest < 0.5


def test_examples_are_of_every_task_and_condition_that_the_model_knows(mini, page, results):
    examples = content_of(page)["examples"]
    assert {"nounPP", "nounPPAdv", "Simple"} <= set(examples) and set(examples["nounPP"]) == {"SS", "SP", "PS", "PP"}
    for condition, (prefix, singular, plural) in examples["nounPP"].items():
        mini.encode([*prefix.split(), singular, plural])
        assert plural + "s" == singular or (singular, plural) in {("is", "are"), ("has", "have")}
        assert (prefix.split()[1][-1] == "s") == (condition[0] == "P")
    few = content_of(explore(mini, vocabulary=["dog"], results=results))
    assert few["examples"] == {} and set(TOUR) <= set(few["vocabulary"])


def test_a_network_that_knows_none_of_the_words_opens_too(mini):
    letters = replace(mini, vocabulary=tuple(f"w{k}" for k in range(289)), context=("w1", "w2"), provenance={})
    content = content_of(explore(letters))
    assert content["examples"] == {} and content["roles"]["number"] == [] and not content["roles"]["measured"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"words": "The zebra"}, "'zebra' is not among"),
        ({"words": ["The", "The", "The"]}, "one sentence or two, got 3"),
        ({"forms": ("is",)}, "forms: expected two"),
        ({"precision": "int4"}, "precision: expected one of float32, float16, int8, got 'int4'"),
    ],
)
def test_bad_input_is_refused(mini, arguments, message):
    """Before anything is computed."""
    with pytest.raises(MinilstmError, match=message):
        explore(mini, **arguments)


def test_a_notebook_shows_it(page):
    frame = page._repr_html_()
    assert frame.startswith("<iframe srcdoc=") and "<!DOCTYPE" not in frame and frame.count("<") == 2


def test_the_command_writes_the_page_and_says_what_rounding_costs(tmp_path, monkeypatch, capsys, results):
    monkeypatch.setattr("minilstm.explorer.page.analyse", lambda model, lexicon: results)
    assert main(["explore", "--model", "mini-03", "-o", str(tmp_path / "page.html"), "--forms", "greets/greet"]) == 0
    assert (tmp_path / "page.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    printed = capsys.readouterr().out
    assert "289 of 289 words" in printed and "float32; of 400 nounPP sentences rounding decides 0 otherwise" in printed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--words", "nowhere.txt"], "nowhere.txt: cannot be read"),
        (["--sentence", "The zebra"], "'zebra' is not among"),
        (["-o", "nowhere/page.html"], "nowhere/page.html"),
    ],
)
def test_the_command_refuses_bad_input(tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    assert main(["explore", "--model", "mini-03", *arguments]) == 2
    assert message in capsys.readouterr().err and not list(tmp_path.iterdir())


def test_forms_are_two(capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["explore", "--model", "mini-03", "--forms", "is"])
    assert "--forms: expected two words such as greets/greet, got 'is'" in capsys.readouterr().err


def test_the_command_takes_words_from_a_file(tmp_path, monkeypatch, capsys, results):
    monkeypatch.setattr("minilstm.explorer.page.analyse", lambda model, lexicon: results)
    (tmp_path / "words.txt").write_text("The boy near\nthe cars")
    page = tmp_path / "page.html"
    assert main(["explore", "--model", "mini-03", "--words", str(tmp_path / "words.txt"), "-o", str(page)]) == 0
    assert "the page lacks the words of the tasks" in capsys.readouterr().out
    (tmp_path / "words.txt").write_text(" \n")
    assert main(["explore", "--model", "mini-03", "--words", str(tmp_path / "words.txt"), "-o", str(page)]) == 2
    assert f"{tmp_path / 'words.txt'}: expected words" in capsys.readouterr().err
    (tmp_path / "words.txt").write_bytes(b"\xff")
    assert main(["explore", "--model", "mini-03", "--words", str(tmp_path / "words.txt"), "-o", str(page)]) == 2


def test_no_name_of_the_scripts_stands_for_two_things():
    """They share one scope, in which a second function of a name silently takes the place of the first."""
    scripts = [(FOLDER / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS]
    names = re.findall(r"^(?:async )?(?:function|const|let) (\w+)", "\n".join(scripts), re.MULTILINE)
    assert len(names) == len(set(names)) > 60
    assert {path.stem for path in FOLDER.glob("*.js")} == set(SCRIPTS)
    assert max(len(line) for script in scripts for line in script.splitlines()) <= 120


# What colours look like to whom one kind of cone is missing: Machado et al. (2009), severity 1, in linear RGB.
SIGHTS = {
    "all cones": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
TOLD_APART = """first second, first ink, first soft, second ink, flip first, flip second, flip ink, flip soft,
    plus minus, plus nil, minus nil"""
TO_XYZ = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]  # of linear sRGB, white D65


def palettes():
    """The colours of the page, light and dark: {name: linear RGB}."""
    style = (FOLDER / "explorer.css").read_text(encoding="utf-8")
    for block in re.findall(r":root \{(.*?)\}", style, re.DOTALL):
        named = dict(re.findall(r"--([\w-]+): #(\w+);", block))
        codes = {name: code if len(code) == 6 else "".join(2 * digit for digit in code) for name, code in named.items()}
        parts = {name: np.frombuffer(bytes.fromhex(code), np.uint8) / 255 for name, code in codes.items()}
        yield {name: np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4) for name, c in parts.items()}


def to_lab(rgb):
    x, y, z = (np.array(TO_XYZ) @ rgb) / np.sum(TO_XYZ, axis=1)
    x, y, z = (np.cbrt(v) if v > (6 / 29) ** 3 else v / (3 * (6 / 29) ** 2) + 4 / 29 for v in (x, y, z))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def test_colours_that_mean_something_are_told_apart_whatever_cones_one_has():
    """20 units of CIE Lab at least, ten times what is just seen; text has a contrast of 4.5 on its ground."""
    themes = list(palettes())
    assert len(themes) == 2
    for colours in themes:
        for pair in TOLD_APART.split(","):
            for sight, matrix in SIGHTS.items():
                one, other = (to_lab(np.clip(np.array(matrix) @ colours[name], 0, 1)) for name in pair.split())
                assert np.linalg.norm(one - other) >= 20, (pair, sight)
        for text, ground in product(("first", "second", "flip", "plus", "minus", "ink", "soft"), ("paper", "raised")):
            dark, light = sorted(np.dot(TO_XYZ[1], colours[name]) + 0.05 for name in (text, ground))
            assert light / dark >= 4.5, (text, ground)


def test_the_title_says_which_network_this_is_and_what_it_was_trained_on(mini, page):
    def title(model, **made):
        return explore(replace(model, provenance=made), name="own", results=Results({})).html.split("title>")[1][:-2]

    assert (
        "<title>mini-03, an LSTM language model of 32 units, trained on 3 million words of sentences made by a small"
        in page.html
    )
    own = "own, an LSTM language model of 32 units, "
    assert title(mini, text="novels.txt") == own + "trained on novels.txt"
    assert title(mini) == title(mini, text={"a": "b"}, tokens="many") == own + "trained elsewhere"
    assert title(mini, planted_units={}) == own + "whose weights were written by hand"
    assert title(mini, **minilstm.load("english").provenance) == (
        own + "trained on 301 million words of text: wikipedia articles, classic books, essays and 14 more sources"
    )


def test_the_copy_in_the_walkthrough_is_what_the_command_writes(page):
    """All but what is measured, in which another processor may round another way."""
    path = Path(__file__).resolve().parent.parent / "walkthrough" / "explorer.html"
    if not path.is_file():
        pytest.skip("there is no walkthrough beside the tests")
    copy = Page(path.read_text(encoding="utf-8"), page.model, page.precision)
    cut_out = r'id="content">.*?</script>'
    stale = "written by another state of the code: minilstm explore --model mini-03 -o walkthrough/explorer.html"
    assert re.sub(cut_out, "", copy.html, flags=re.DOTALL) == re.sub(cut_out, "", page.html, flags=re.DOTALL), stale
    contents = [content_of(one) for one in (copy, page)]
    for key in ("arrays", "vocabulary", "context", "roles", "examples", "about", "name"):
        assert contents[0][key] == contents[1][key], f"{key}: {stale}"
