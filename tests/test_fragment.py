"""The training language: agreement, hold-out, vocabulary, constructions."""

import random
from dataclasses import replace

import pytest

from minilstm.stimuli import NA_TASKS, na_task
from minilstm.stimuli import fragment_lexicon as lex
from minilstm.stimuli.fragment import CONTEXT, DEFAULT, sentences, tree
from minilstm.stimuli.fragment_lexicon import held_out_pairs, is_held_out, vocabulary
from minilstm.stimuli.trees import words

NOUN = {form: (pair[0], form == pair[1]) for pair in lex.NOUNS for form in pair}  # form -> lemma, plural
FINITE = {
    form: form == pair[1] for pair in (*lex.VERBS, lex.BE_PRESENT, lex.BE_PAST, lex.HAVE) for form in pair
}  # plural
LEMMA = {
    form: base
    for third, base in lex.VERBS
    for form in (third, base, lex.past(base), lex.participle(base), lex.progressive(base))
}


@pytest.fixture(scope="module")
def trees():
    rng = random.Random(11)
    return [tree(rng) for _ in range(30_000)]


def nodes(node):
    yield node
    for child in node[1:]:
        if not isinstance(child, str):
            yield from nodes(child)


def clauses(root):
    """(subject, verb phrase) of every clause; that of a subject relative is the noun it stands on."""
    for node in nodes(root):
        if node[0] in ("S", "S'") and node[-1][0] != "S'":
            yield node[-2:]
        if node[0] == "N'" and node[2][0] == "SubjRel":
            yield node[1], node[2][-1]


def heads(phrase):
    """The noun (or name) a phrase is about; two if it is coordinated."""
    if isinstance(phrase[-1], str):
        return [phrase[1]]
    if phrase[0] == "NP":
        return heads(phrase[1]) + heads(phrase[2][2])
    if phrase[0] == "N'" and phrase[1][0] in ("N", "N'"):
        return heads(phrase[1])
    return heads(phrase[-1])


def verbs(phrase):
    """[finite verb, lexical verb or None] for each verb phrase in a coordination."""
    if phrase[0] == "VP" and phrase[2][0] == "AndP":
        return verbs(phrase[1]) + verbs(phrase[2][2])
    if phrase[0] == "VP":
        return verbs(phrase[2])
    if phrase[0] == "V'":
        return verbs(phrase[1])
    if phrase[0] == "AuxP":
        return [(phrase[1][1], verbs(phrase[2])[0][1])]
    return [(phrase[1], phrase[1])] if phrase[0] == "V" else [(None, None)]


def test_finite_verbs_agree_with_their_subjects_and_held_out_pairs_never_meet(trees):
    pairs, checked, met = held_out_pairs(), 0, set()
    for root in trees:
        for subject, phrase in clauses(root):
            nouns = heads(subject)
            plural = len(nouns) > 1 or (nouns[0] in NOUN and NOUN[nouns[0]][1])
            assert verbs(phrase)
            for finite, lexical in verbs(phrase):
                if finite in FINITE:
                    assert FINITE[finite] == plural, (nouns, finite, words(root))
                    checked += 1
                for noun in nouns:
                    if noun in NOUN and lexical in LEMMA:
                        met.add((NOUN[noun][0], LEMMA[lexical]))
    assert checked > 25_000
    everything = {(noun, base) for noun, _ in lex.NOUNS for _, base in lex.VERBS}
    assert met == everything - pairs


def test_a_quarter_of_all_pairs_is_held_out_evenly():
    pairs = held_out_pairs()
    assert len(pairs) * 4 == len(lex.NOUNS) * len(lex.VERBS)
    assert {sum(noun == pair[0] for pair in pairs) for noun, _ in lex.NOUNS} == {len(lex.VERBS) // 4}
    assert {sum(base == pair[1] for pair in pairs) for _, base in lex.VERBS} == {len(lex.NOUNS) // 4}


def test_determiners_and_numerals_agree_with_their_noun(trees):
    singular, plural = {"a", "an", "this", "that"}, {"some", "these", "those"}
    seen = set()
    for root in trees:
        for node in nodes(root):
            if node[0] in ("DP", "NumP"):
                word, is_plural = node[1][1], NOUN[heads(node)[0]][1]
                assert word not in (singular if is_plural else plural)
                assert node[0] == "DP" or is_plural
                if word in ("a", "an"):
                    assert (word == "an") == (words(node[2])[0][0] in "aeiou")
                seen.add(word)
    assert seen == singular | plural | {"the", "two", "three", "four", "five", "ten"}


def test_every_construction_occurs(trees):
    labels, rules = {}, {}
    for root in trees:
        for node in nodes(root):
            labels[node[0]] = labels.get(node[0], 0) + 1
            rule = " ".join([node[0], *(child[0] for child in node[1:] if not isinstance(child, str))])
            rules[rule] = rules.get(rule, 0) + 1
    for label in "Name OfP PP SubjRel ObjRel CP AuxP NumP AdjP AdvP Be Have Will".split():
        assert labels.get(label, 0) > 100, label
    for rule in (
        "ObjRel C S",
        "ObjRel S",
        "V' V CP",
        "V' V S",
        "S PP S'",
        "AdvP Adv Adv",
        "AdvP Adv AndP",
        "AdvP Degree Adv",
        "AuxP Be V",
        "AuxP Be Adj",
        "DP D NumP",
        "NP DP AndP",
        "VP V' AndP",
        "VP AdvP AuxP",
        "AuxP Be VP",
    ):
        assert rules.get(rule, 0) > 20, rule
    assert any(
        node[0] == "PP" and inner is not node and inner[0] == "PP"
        for root in trees
        for node in nodes(root)
        for inner in nodes(node)
    )


def test_nesting_is_bounded(trees):
    def nesting(node):
        if isinstance(node, str):
            return 0
        return (node[0] in ("OfP", "PP", "SubjRel", "ObjRel")) + max(map(nesting, node[1:]))

    assert max(map(nesting, trees)) == DEFAULT.depth_budget
    rng, flat = random.Random(0), replace(DEFAULT, depth_budget=0)
    assert max(nesting(tree(rng, flat)) for _ in range(2000)) == 0


def test_vocabulary_is_closed_and_covers_the_tasks():
    known = vocabulary()
    assert 200 <= len(known) <= 300 and len(set(known)) == len(known)
    assert known[:2] == ("<unk>", "<eos>")
    text = list(sentences(200_000, seed=2))
    assert {word for sentence in text for word in sentence} == set(known) - {"<unk>"}
    assert all(sentence[-2:] == [".", "<eos>"] and sentence[0][0].isupper() for sentence in text)
    assert all("<eos>" not in sentence[:-1] for sentence in text)
    for task, template in NA_TASKS.items():
        for condition in template.conditions:
            for item in na_task(task, condition):
                assert {*item.prefix, item.right, item.wrong} <= set(known), item


def test_the_sentence_types_of_all_tasks_are_generated():
    def kind(word):
        if word in NOUN:
            return "N"
        if word in lex.NAMES:
            return "NAME"
        if word in lex.PREPOSITIONS:
            return "P"
        if word in lex.ADVERBS + lex.FIRST_ADVERBS + lex.MANNER_ADVERBS + lex.INTENT_ADVERBS:
            return "Adv"
        return "V" if word in FINITE else word

    starts = set()
    for sentence in sentences(500_000, seed=3):
        kinds = [kind(word) for word in sentence]
        starts |= {tuple(kinds[:length]) for length in range(3, 8)}
    for task, template in NA_TASKS.items():
        item = na_task(task, template.conditions[0], n=1)[0]
        assert tuple(map(kind, (*item.prefix, item.right))) in starts, task


def test_items_know_whether_they_are_held_out():
    items = na_task("Simple", "P")
    held = [item for item in items if is_held_out(item)]
    assert len(items) == 300 and len(held) == 75
    starts = {tuple(sentence[:3]) for sentence in sentences(500_000, seed=4)}
    assert not any((*item.prefix, item.right) in starts for item in held)
    assert sum((*item.prefix, item.right) in starts for item in items) > 60


def test_sentences_are_seeded_and_as_many_as_asked():
    first = list(sentences(10_000, seed=5))
    assert first == list(sentences(10_000, seed=5))
    assert first != list(sentences(10_000, seed=6))
    assert 10_000 <= sum(map(len, first)) < 10_000 + len(first[-1])


def test_context_is_of_the_fragment_and_of_training():
    assert set(CONTEXT) <= set(vocabulary()) and CONTEXT[-1] == "<eos>"
    pairs = {("friend", "meet"), ("kid", "admire"), ("daughter", "encourage"), ("guy", "arrive"), ("aunt", "encourage")}
    assert not pairs & held_out_pairs()
