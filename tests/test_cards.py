"""Sentences of the pages about the bundled models, against the blocks of numbers on the same pages.

`weights/measure_english.py` and `tests/readme.py` write the blocks; what is said about them was written by people.
"""

import re
from pathlib import Path

import pytest

from minilstm.stimuli import LEXICONS

WEIGHTS = Path(__file__).resolve().parent.parent / "weights"
TOKENS = "tokens read", "of which by the weights it began from", "of which at the falling rate"
TOKENS += ("of which with the full softmax", "processor seconds", "training tokens an epoch")


class Card:
    """A page: its prose on one line, and its blocks."""

    def __init__(self, name):
        page = (WEIGHTS / f"{name}.md").read_text(encoding="utf-8")
        found = re.findall(r"<!-- (\S+) -->\n(?:```text\n)?(.*?)(?:\n```)?\n<!-- end \1 -->", page, re.DOTALL)
        self.blocks = dict(found)
        self.prose = " ".join(re.sub(r"<!-- (\S+) -->\n.*?<!-- end \1 -->", "", page, flags=re.DOTALL).split())

    def says(self, *sentences):
        return all(sentence in self.prose for sentence in sentences)

    def row(self, block, *begin):
        """The numbers of the first line of a block that begins with these words."""
        lines = (line.split() for line in self.blocks[block].splitlines())
        cells = next(cells[len(begin) :] for cells in lines if cells[: len(begin)] == list(begin))
        return [float(cell.replace(",", "")) for cell in cells if re.fullmatch(r"-?[\d,.]+", cell)]

    def fact(self, what):
        """What `minilstm info` says, its further lines indented."""
        lines = self.blocks["info"].replace("\n    ", " ").splitlines()
        return next(line.partition(": ")[2] for line in lines if line.startswith(f"{what}: "))


@pytest.fixture(scope="module")
def english():
    return Card("english")


@pytest.fixture(scope="module")
def large():
    return Card("english-650")


def test_the_text(english):
    words = {line.split()[0]: line.split()[1] for line in english.blocks["sources"].splitlines()[2:]}
    words = {name: int(count.replace(",", "")) for name, count in words.items()}
    repeats = dict(re.findall(r"(\w+) (\d)", english.fact("read more than once an epoch")))
    read = {name: count * int(repeats.get(name, 1)) for name, count in words.items() if name != "all"}
    assert sum(words.values()) == 2 * words["all"]
    wikipedia = sum(count for name, count in read.items() if name.startswith("wikipedia"))
    novels = sum(read[name] for name in ("classic_books", "eltec_eng", "novels100"))
    shares = [f"{100 * some / sum(read.values()):.0f} %" for some in (wikipedia, novels, read["essays"])]
    assert english.says(
        f"So {shares[0]} of the words are Wikipedia's, {shares[1]} those of novels, {shares[2]} those of"
    )
    assert english.says("Wikipedia, films, textbooks, OneStop, addresses and factbook are read three times")
    three = {name for name in repeats if repeats[name] == "3"}
    assert three == {name for name in words if name.startswith(("wikipedia", "openstax", "onestop", "state", "world"))}
    assert {name for name in repeats if repeats[name] == "2"} == {"essays", "medquad", "pratham_storyweaver"}
    assert english.says("essays, medquad and children's stories twice, novels once")


def test_the_training_of_english(english):
    read, begun, falling, full, seconds, epoch = (float(english.fact(what)) for what in TOKENS)
    own = read - begun
    assert english.says(
        f"*This one*, to {read / 1e6:.1f} million: {(own - falling) / 1e6:.1f} million tokens at a constant"
    )
    assert (
        english.says(f"{falling / 1e6:.1f} million at a rate that falls to 0, the last million")
        and round(full, -5) == 1e6
    )
    course = re.findall(r"(\d+) ([\d.]+)(?=,|$)", english.fact("held-out perplexity after so many tokens"))
    losses = [float(perplexity) for _, perplexity in course]
    minutes = round(seconds / 60)
    assert english.says(f"went from {losses[0]:.1f} to {losses[-1]:.1f} in {minutes} minutes of one core")
    assert english.says(f"*The second*, to {begun / 1e6:.1f} million: the text above")
    assert english.says(f"It has read {own / 1e6:.1f} million tokens of the text above, a third of an epoch")
    assert 0.28 < own / epoch < 0.36 and losses[-2] > losses[-1] - 1e-9 and min(losses) == losses[-1]
    moments = [
        line.split()[1] for line in english.blocks["emergence"].splitlines() if line.startswith("english_moments  ")
    ]
    first, second, third, fourth = (float(tokens) for tokens in moments[:4])
    assert english.says(
        f"The first {first / 1e6:.1f} million tokens were read before", f"to {second / 1e6:.1f} million tokens: the"
    )
    assert (third, fourth) == (begun, read)


def test_what_is_in_english(english):
    flips = {condition: english.row("interchange", "416", "nounPP", condition) for condition in ("SP", "PS")}
    assert all(row[5] == 100 for row in flips.values()) and english.says(
        "that cell turns every verb of nounPP SP and PS"
    )
    assert flips["SP"][1] > flips["PS"][1] and english.says(
        "costs most in both conditions", "a singular more than a plural"
    )
    costliest = [line.split()[6:] for line in english.blocks["emergence"].splitlines() if "300600800 " in line]
    assert costliest[0][0] == costliest[0][2] == "416"
    assert "unit 416 (S*, P*)" in english.blocks["interchange"] and english.says("So it is S* and P* at once")
    assert "singular none; plural none." in english.blocks["reproduce"] and english.says("names none")
    smallest = english.blocks["smallest"]
    assert "Smallest set found: units 416 and 127." in smallest and english.says(
        "Two units, 416 and 127 of layer 1, are"
    )
    assert "carry the number of the other sentence. Smallest set found: unit 416." in " ".join(smallest.split())
    depth = " ".join(english.blocks["depth"].split())
    outliers = re.search(r"beyond 3 standard deviations: units ([\d, and]+)\.", depth)[1]
    assert len(re.findall(r"\d+", outliers)) == 5 and english.says(
        "first of the five outliers of the regression on depth"
    )
    assert (
        max(abs(english.row("depth", unit)[1]) for unit in re.findall(r"\d+", outliers))
        == english.row("depth", "127")[1]
    )
    untested = re.search(r"not testable \(\d+\): ([\d, ]+)", english.blocks["reproduce"])[1].split(", ")
    assert {"36", "37", "38", "39"} <= set(untested) and english.says(
        "claims that need two different units cannot be tested"
    )


def test_what_english_knows(english):
    assert english.row("linzen", "all")[1] >= 88 and english.says("88 % on the Linzen set, which it reaches")
    for condition in ("SS", "SP", "PS", "PP"):
        own, paper, *_ = english.row("tasks", "nounPP", condition)
        assert own == 100 and (paper < 85 or condition in ("SS", "PP"))
    assert english.says("85 % in nounPP SP and PS with the paper's verbs, which it does not")
    assert english.says("all conditions of nounPP are at 100 %")
    sets = [line.split() for line in english.blocks["others"].splitlines() if not line.endswith("-")]
    above = {
        cells[0]: float(cells[2]) > float(cells[5])
        for cells in sets
        if cells[0].startswith(("number", "irreg", "reg", "dis"))
    }
    suites = [better for name, better in above.items() if name.startswith("number")]
    assert len(above) == 9 and all(better for name, better in above.items() if not name.startswith("number"))
    assert english.says("above that in all six sets of BLiMP and in one of the three of SyntaxGym") and sum(suites) == 1
    relative = {condition: english.row("tasks", "ObjRel", condition)[0] for condition in ("SS", "SP", "PS", "PP")}
    subject = {condition: english.row("tasks", "SubjRel", condition)[0] for condition in relative}
    assert english.says(
        "Across relative clauses, object relatives above all, it expects a singular or follows the last noun"
    )
    assert relative["PS"] < relative["PP"] < relative["SP"] < relative["SS"]
    assert sum(relative.values()) < sum(subject.values()) < 400 and subject["SP"] < subject["SS"]
    assert f"{len(LEXICONS['frequent'].verbs)} verbs such as know/knows" in english.prose


def test_what_training_does(english):
    rows = [
        line.split()[2:] for line in english.blocks["emergence"].splitlines() if line.startswith("english_moments  ")
    ][:4]
    costliest = [(row[4], row[6]) for row in rows]
    assert costliest == [("276", "276"), *3 * [("416", "416")]]
    assert english.says("The unit that is needed most is 276 at first and 416 from the second moment on")
    lost = [[float(row[k]) for row in rows[1:]] for k in (5, 7)]
    assert all(some == sorted(some) and some[0] < some[-1] for some in lost)
    assert english.says("without 416 more and more is lost, plurals too")
    locality = [
        line.split()[-1] for line in english.blocks["emergence"].splitlines() if line.startswith("english_moments")
    ]
    assert english.says(f"At the end the [index of locality](../minilstm/analyses/locality.py) is {locality[-1]}, near")


def test_another_seed(english):
    seeds = english.blocks["seeds"]
    own, other = english.row("seeds", *"perplexity, first 60,000 held-out tokens".split())
    assert own < other and english.says("knows less")
    carried = re.findall(r"unit that carries most, verbs that flip +(\d+): (\d+) % +(\d+): (\d+) %", seeds)
    assert all(unit == "416" and flips == "100" and int(turned) < 5 for unit, flips, _, turned in carried)
    assert len(carried) == 2 and english.says("no unit's cell turns more than a few verbs")
    assert re.search(r"nounPP PS: unit that is needed most, verbs that flip +416: 31 % +504: 100 %", seeds)
    assert english.says("without one of them, 504, every plural before a singular is lost")


def test_english_650(large):
    read, *_, epoch = (float(large.fact(what)) for what in TOKENS)
    assert large.says(f"It has read {read / 1e6:.0f} million tokens, half an epoch") and 0.45 < read / epoch < 0.6
    course = re.findall(r"(\d+) ([\d.]+)(?=,|$)", large.fact("held-out perplexity after so many tokens"))
    losses = [float(perplexity) for _, perplexity in course]
    assert losses == sorted(losses, reverse=True) and large.says("perplexity was still falling")
    units = int(large.fact("layers").strip("[]").split(", ")[0])
    assert large.fact("number_units") == "[704]" and units < 704 <= 2 * units
    assert large.says("It is the one unit that the rule for long-range number units names, for singulars")
    turned = {condition: large.row("interchange", "704", "nounPP", condition)[5] for condition in ("SP", "PS")}
    assert turned["SP"] > 95 and large.says("it turns nearly every verb of nounPP SP")
    assert round(turned["PS"] / 20) == 2 and large.says("of PS two of five")


def test_the_claims_on_all_models():
    page = Card("README")
    names, rows = None, {}
    for line in page.blocks["claims"].splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[0] == "#":
            names = cells[3:]
        elif cells[0].isdigit():
            rows[int(cells[0])] = dict(zip(names, cells[3:], strict=True))
    minis = [name for name in names if name.startswith("mini")]
    assert len(minis) == 10 and set(rows) == set(range(1, 41)) and page.says("judges all 40 on one model")
    assert page.says("The minis have units that carry number over a distance, as the paper's network has")
    assert all(sum(rows[claim][name] == "+" for name in minis) >= 9 for claim in (7, 8))
    assert page.says("most do it with other gates than the paper's")
    assert all(sum(rows[claim][name] == "+" for name in minis) < 5 for claim in (16, 17, 18, 19))
    assert page.says("`?`: not asked, since the Linzen set was not given")
    assert {claim for claim in rows if "?" in rows[claim].values()} == {2, 11}
    assert page.says("The planted network was made to show the paper's mechanism")
    assert all(rows[claim]["planted"] == "+" for claim in range(13, 25))
