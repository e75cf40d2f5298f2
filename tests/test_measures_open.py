"""The sections on what the paper leaves open: which units and sentences they are about, and what they say without any."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from minilstm.analyses.study import Study
from minilstm.report.measures_open import BETWEEN, Smallest, interchanged, smallest, voted, voters
from minilstm.report.sections_open import NONE, show_interchange, show_smallest, show_votes

from minilstm import load, planted
from minilstm.analyses.interchange import compare
from minilstm.analyses.tables import plain

SINGULAR, PLURAL, SYNTAX = (planted.UNITS[name] for name in ("long-range singular", "long-range plural", "syntax"))
SHORT = tuple(planted.UNITS[f"short-range {k}"] for k in (1, 2))


@pytest.fixture(scope="module")
def study():
    return Study(load("planted"), n=12, n_random=20)


def units(long_range=(SINGULAR, PLURAL), short=SHORT, syntax=SYNTAX):
    """What earlier stages found, as far as it is asked for."""
    return {
        "agreement": SimpleNamespace(long_range=long_range),
        "decoding": SimpleNamespace(short=SimpleNamespace(units=short)),
        "depth": SimpleNamespace(syntax=syntax),
    }


def test_a_unit_that_is_both_has_one_vote():
    assert voters(units(short=(SHORT[0], PLURAL))) == {"long-range": (SINGULAR, PLURAL), "short-range": SHORT[:1]}


@pytest.mark.parametrize(
    ("found", "sets"),
    [
        (units(), [(SINGULAR,), (PLURAL,), (SYNTAX,), (SINGULAR, PLURAL), SHORT]),
        (units((PLURAL,), SHORT[:1], None), [(PLURAL,), SHORT[:1]]),
        (units((PLURAL,), (), PLURAL), [(PLURAL,)]),
    ],
    ids=["all", "few", "one"],
)
def test_interchange_is_of_the_units_found_on_sentences_that_they_were_not_chosen_on(study, found, sets):
    compared = interchanged(study, found)
    assert compared.sets == tuple(sets) and {item.id % 2 for item in compared.items} == {0}
    assert compared.rows() == compare(study.model, study.noun_pp, sets).rows()
    section = show_interchange(study, found | {"interchange": compared})
    assert (
        len(section.tables[0].rows) == 4 * len(sets)
        and "follow the other sentence: with C of unit 7" in section.summary
    )
    (command,) = section.commands
    assert command.startswith(f"interchange --units {','.join(str(one[0]) for one in sets if len(one) == 1)}")
    assert command.count("--group") == sum(len(one) > 1 for one in sets)


def test_in_the_planted_network_the_number_units_carry_and_the_syntax_unit_is_needed(study):
    found = units()
    found["interchange"], found["smallest"] = interchanged(study, found), smallest(study, found)
    flips = "with C of unit 71 100.0 % and 0.0 %" in (text := show_interchange(study, found).text[1])
    flips |= "with C of unit 71 0.0 % and 100.0 %" in text or "with C of unit 71 100.0 % and 100.0 %" in text
    assert flips and "of unit 73 0.0 % and 0.0 %" in text and "of units 76 and 77 0.0 % and 0.0 %" in text
    assert found["smallest"].needed.units == (SYNTAX,) and set(found["smallest"].carry.units) < {SINGULAR, PLURAL}
    section = show_smallest(study, found)
    assert section.text[1].endswith(
        f"Smallest set found: {SYNTAX}. No condition is then right on more than 60 % of the odd items."
    )
    carry = found["smallest"].carry.units[0]
    assert section.summary.endswith(f"across an attractor: unit {SYNTAX}; fewest that carry it: unit {carry}.")
    more = Smallest(replace(found["smallest"].needed, found=False), found["smallest"].carry)
    assert f"more than unit {SYNTAX};" in show_smallest(study, {"smallest": more}).summary
    rows = found["smallest"].needed.rows()[1]
    assert [list(row) for row in section.tables[0].rows] == [[plain(cell) for cell in row] for row in rows]


def test_votes_are_of_sentences_with_something_in_between(study):
    found = units(short=(*SHORT, PLURAL))
    found["votes"] = voted(study, found)
    assert found["votes"].voters == ("long-range", "short-range", "other units", "bias")
    assert {item.task for item in found["votes"].items} == set(BETWEEN) and {
        item.id % 2 for item in found["votes"].items
    } == {0}
    section = show_votes(study, found)
    assert section.text[1] == "0 errors in 144 sentences with something between subject and verb."
    assert section.commands == ("votes --units 71,72 --short 76,77 --half even",)
    wrong = voted(study, units(short=(), syntax=None))
    shares = wrong.shares.copy()
    shares[:10] = [-3, 1, 1]  # ten errors, in which the others are for the right form
    section = show_votes(study, units(short=()) | {"votes": type(wrong)(wrong.items, wrong.voters, shares)})
    assert "10 errors in 144" in section.summary and "long-range 0 %, other units 100 %, bias 100 %" in section.summary
    assert section.commands[0].startswith("votes --units 71,72 --short none ")


def test_without_number_units_there_is_a_sentence_that_says_so(study):
    found = units(long_range=())
    for measure, show, name in ((interchanged, show_interchange, "interchange"), (voted, show_votes, "votes")):
        found[name] = measure(study, found)
        assert found[name] is None and show(study, found).text == (NONE,)


def test_of_the_papers_model_all_sentences_are_judged(monkeypatch):
    monkeypatch.setattr("minilstm.analyses.study.may_be_original", lambda model: True)
    own = Study(load("planted"), n=4)
    assert {item.id for item in own.judged_in(["SubjRel"])} == {1, 2, 3, 4}
    assert show_votes(own, units() | {"votes": voted(own, units())}).commands == ("votes --units 71,72 --short 76,77",)
