"""The two numbers of a noun: by rule, by the sentences' own pairs, and what is said where one is missing."""

import doctest

import pytest

from minilstm.stimuli import LEXICONS, Item, Lexicon, na_task, plurals
from minilstm.stimuli.plurals import number_pairs, plural_forms, split_problem


def sentences(*subjects):
    """'The boy near the cars' and the like: singular nouns as they are, plural ones with an asterisk before them."""
    made = []
    for id, subject in enumerate(subjects, 1):
        noun, plural = subject.removeprefix("*"), subject.startswith("*")
        prefix = ("The", noun, "near", "the", "car" if plural else "cars")
        forms = ("are", "is") if plural else ("is", "are")
        made.append(Item(prefix, *forms, "mine", "PS" if plural else "SP", id))
    return made


PAIRS = (
    "boy boys, lady ladies, key keys, wife wives, chief chiefs, child children, bus buses, box boxes, church churches,"
    " hero heroes, photo photos, man men, woman women, policeman policemen, person people, foot feet, mouse mice,"
    " cactus cacti, bacterium bacteria, criterion criteria, thesis theses, alumna alumnae, Swede Swedes"
)


@pytest.mark.parametrize("singular, plural", [pair.split() for pair in PAIRS.split(",")])
def test_plural_forms(singular, plural):
    assert plural in plural_forms(singular)


@pytest.mark.parametrize("singular, plural", [("boy", "girls"), ("lady", "ladys"), ("car", "care"), ("bus", "buss")])
def test_no_plural_forms(singular, plural):
    assert plural not in plural_forms(singular)


def test_both_numbers_of_a_noun_are_one_noun():
    pairs = number_pairs(sentences("child", "*children", "lady", "*ladies", "wife", "*wives", "bus", "*buses"))
    assert set(pairs.singular.values()) == {"child", "lady", "wife", "bus"}
    assert pairs.singular["ladies"] == "lady" and pairs.one_number == () and pairs.warning() == ""


def test_a_noun_in_one_number_only_stays_alone_and_is_said():
    pairs = number_pairs(sentences("boy", "*girls", "man", "*men"))
    assert pairs.singular == {"boy": "boy", "girls": "girls", "man": "man", "men": "man"}
    assert pairs.one_number == ("boy", "girls")
    assert "2 of the 3 subject nouns occur in one number only (boy, girls)" in pairs.warning()


def test_forms_that_follow_no_rule_are_paired_by_the_sentences():
    own = Lexicon("own", nouns=(("wug", "wuggim"), ("dax", "daxen")), verbs=(("is", "are"),))
    items = [item for condition in "SP" for item in na_task("Simple", condition, lexicon=own)]
    assert number_pairs(items).singular == {"wug": "wug", "dax": "dax", "wuggim": "wug", "daxen": "dax"}
    # Nothing but the place in the sentence is common to these two.
    assert number_pairs(sentences("wug", "*daxen")).one_number == ("wug", "daxen")


def test_every_noun_of_the_lexicons_is_paired():
    for name, lexicon in LEXICONS.items():
        items = [item for condition in ("SP", "PS") for item in na_task("nounPP", condition, lexicon=name)]
        pairs = number_pairs(items)
        assert not pairs.one_number
        assert {(pairs.singular[p], p) for _, p in lexicon.nouns} == set(lexicon.nouns)


@pytest.mark.parametrize(
    "plural, nouns, split, said",
    [
        (10 * [True, False], 10 * ["boy", "girl"], "noun", ""),
        (10 * [True, False], 20 * ["boy"], "sentence", ""),
        (10 * [True, False], 20 * ["boy"], "noun", "one subject noun"),
        (2 * [True, False], 2 * ["boy", "girl"], "sentence", "2 sentence(s) with a plural subject"),
        (20 * [True], 10 * ["boy", "girl"], "sentence", "0 sentence(s) with a singular subject"),
    ],
)
def test_why_a_classifier_cannot_be_trained_and_tested(plural, nouns, split, said):
    problem = split_problem(plural, nouns, split)
    assert (said in problem) and bool(said) == bool(problem)


def test_examples_in_docstrings():
    assert doctest.testmod(plurals).failed == 0
