"""A probabilistic grammar of a fragment of English: the language that the mini models learn.

Determiners and numerals with number, adjectives with degree words, names, coordination, recursive
prepositional phrases, of-phrases, subject and object relatives with and without *that*, the adverbs of the
paper's Table 1, transitive and intransitive verbs, copula, complement clauses, in present, past, progressive,
perfect and future. Nesting is bounded. A finite verb agrees with its subject and with nothing else, and a
held-out (subject noun, verb) pair never meets.

The functions build trees (:mod:`.trees`) from the top down; each takes `depth_budget`: how many phrases
may still be nested in the one it builds.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from . import fragment_lexicon as lex
from .trees import words


@dataclass(frozen=True)
class Settings:
    """Probabilities of the grammar; those marked (*) are times `elsewhere` outside the main subject."""

    depth_budget: int = 3  # how many phrases may be nested in one another
    elsewhere: float = 0.4
    plural: float = 0.5  # a noun is plural
    place: float = 0.2  # a noun is one of PLACES
    place_in_pp: float = 0.6  # the same, after a preposition
    name: float = 0.12  # a noun phrase is a name
    coordination: float = 0.06  # (*) it is two, joined by `and`
    numeral: float = 0.25  # a plural has a numeral
    determiner_and_numeral: float = 0.3  # ... and a determiner before it
    adjective: float = 0.2
    degree: float = 0.4  # an adjective, or an adverb of speed, has a degree word
    of_phrase: float = 0.2  # (*) a relational noun has an of-phrase
    pp: float = 0.35  # (*) a noun has a prepositional phrase
    relative: float = 0.15  # (*) it has a relative clause, if no prepositional phrase
    subject_relative: float = 0.5  # a relative clause lacks its subject, not its object
    relative_that: float = 0.7  # an object relative starts with `that`
    initial_pp: float = 0.04  # a sentence starts with a prepositional phrase
    verb_coordination: float = 0.05  # two verb phrases with one subject
    copula: float = 0.12  # kinds of verb phrase; what is left is transitive
    intransitive: float = 0.25
    clausal: float = 0.08
    clause_that: float = 0.6  # a complement clause starts with `that`
    past: float = 0.12  # tenses; what is left is present
    progressive: float = 0.12
    perfect: float = 0.06
    future: float = 0.06
    adverb: float = 0.4  # a verb phrase has adverbs before the verb
    adverb_first: float = 0.5  # ... and before the auxiliary


DEFAULT = Settings()

# What a mini model has read before any test sentence. Drawn from the grammar, so no held-out pair is in it.
CONTEXT: tuple[str, ...] = tuple(
    "Some friends beside that friend meet Sue . <eos>"
    " Linda encourages the aunt that ten big kids now definitely admire and was really happy . <eos>"
    " The daughters beside John slowly encourage that uncle above these actresses . <eos>"
    " A guy near a son of the woman near this happy guy most definitely is arriving . <eos>"
    " The very sad aunt quickly encouraged Jim . <eos>".split()
)

_FORMS = tuple((*pair, lex.past(pair[1]), lex.participle(pair[1]), lex.progressive(pair[1])) for pair in lex.VERBS)


def sentences(n_tokens: int, seed: int, settings: Settings = DEFAULT) -> Iterator[list[str]]:
    """Sentences of the fragment, each closed by ``. <eos>``, until they hold at least `n_tokens` words.

    Parameters
    ----------
    n_tokens : int
        ``.`` and ``<eos>`` count.
    seed : int
        The same seed and settings give the same sentences.
    settings : Settings

    Yields
    ------
    list of str
        The first word capitalised.
    """
    rng, made = random.Random(seed), 0
    while made < n_tokens:
        sentence = words(tree(rng, settings))
        sentence[0] = sentence[0][0].upper() + sentence[0][1:]
        sentence += (".", "<eos>")
        made += len(sentence)
        yield sentence


def tree(rng: random.Random, settings: Settings = DEFAULT) -> tuple:
    """One sentence as a tree, without the full stop; only names are capitalised."""
    s = settings
    subject, plural, heads = _noun_phrase(rng, s, s.depth_budget, 1.0, s.place)
    verb_phrase = _verb_phrases(rng, s, s.depth_budget, plural, heads)
    if s.depth_budget > 0 and rng.random() < s.initial_pp:
        place = _prepositional_phrase(rng, s, s.depth_budget - 1)
        return ("S", place, ("S'", subject, verb_phrase))
    return ("S", subject, verb_phrase)


def _choose(rng, options):
    return options[int(rng.random() * len(options))]


def _noun_phrase(rng, s, depth_budget, more, place):
    """-> its tree, whether it is plural, and the indices of its head nouns (none for a name).

    `more` scales the probabilities of all that nests another phrase in it; `place`: that of a noun of PLACES.
    """
    if depth_budget == 0 or rng.random() >= more * s.coordination:
        return _conjunct(rng, s, depth_budget, more, place)
    left, _, left_heads = _conjunct(rng, s, depth_budget - 1, more * s.elsewhere, place)
    right, _, right_heads = _conjunct(rng, s, depth_budget - 1, more * s.elsewhere, place)
    return ("NP", left, ("AndP", ("And", "and"), right)), True, left_heads + right_heads


def _conjunct(rng, s, depth_budget, more, place):
    """A noun phrase that is not coordinated; arguments and results as in `_noun_phrase`."""
    if rng.random() < s.name:
        return ("Name", _choose(rng, lex.NAMES)), False, ()
    plural = rng.random() < s.plural
    head = int(rng.random() * len(lex.PERSONS))
    if rng.random() < place:
        head = len(lex.PERSONS) + int(rng.random() * (len(lex.NOUNS) - len(lex.PERSONS)))
    noun = ("N", lex.NOUNS[head][plural])
    if depth_budget > 0 and lex.NOUNS[head][0] in lex.RELATIONAL and rng.random() < more * s.of_phrase:
        noun = ("N'", noun, ("OfP", ("Of", "of"), _noun_phrase(rng, s, depth_budget - 1, s.elsewhere, 0.0)[0]))
    if rng.random() < s.adjective:
        noun = ("N'", _adjective_phrase(rng, s), noun)
    if depth_budget > 0:
        if rng.random() < more * s.pp:
            noun = ("N'", noun, _prepositional_phrase(rng, s, depth_budget - 1))
        elif rng.random() < more * s.relative:
            noun = ("N'", noun, _relative_clause(rng, s, depth_budget - 1, plural, (head,)))
    return _determined(rng, s, noun, plural), plural, (head,)


def _determined(rng, s, noun, plural):
    """The noun with its determiner, numeral, or both."""
    if plural and rng.random() < s.numeral:
        noun = ("NumP", ("Num", _choose(rng, lex.NUMERALS)), noun)
        if rng.random() >= s.determiner_and_numeral:
            return noun
    determiner = _choose(rng, lex.PLURAL_DETERMINERS if plural else lex.SINGULAR_DETERMINERS)
    if determiner == "a" and _first_word(noun)[0] in "aeiou":
        determiner = "an"
    return ("DP", ("D", determiner), noun)


def _first_word(node):
    return node if isinstance(node, str) else _first_word(node[1])


def _adjective_phrase(rng, s):
    adjective = ("Adj", _choose(rng, lex.ADJECTIVES))
    return ("AdjP", ("Degree", _choose(rng, lex.DEGREES)), adjective) if rng.random() < s.degree else adjective


def _prepositional_phrase(rng, s, depth_budget):
    preposition = ("P", _choose(rng, lex.PREPOSITIONS))
    return ("PP", preposition, _noun_phrase(rng, s, depth_budget, s.elsewhere, s.place_in_pp)[0])


def _relative_clause(rng, s, depth_budget, plural, heads):
    """On a noun of this number: its verb agrees with that noun, or with a subject of its own."""
    if rng.random() < s.subject_relative:
        return ("SubjRel", ("C", "that"), _verb_phrases(rng, s, depth_budget, plural, heads))
    subject, plural, heads = _noun_phrase(rng, s, depth_budget, s.elsewhere, s.place)
    clause = ("S", subject, _verb_phrase(rng, s, depth_budget, plural, heads, gap=True))
    return ("ObjRel", ("C", "that"), clause) if rng.random() < s.relative_that else ("ObjRel", clause)


def _verb_phrases(rng, s, depth_budget, plural, heads):
    """One verb phrase, or two that share the subject."""
    first = _verb_phrase(rng, s, depth_budget, plural, heads)
    if depth_budget == 0 or rng.random() >= s.verb_coordination:
        return first
    return ("VP", first, ("AndP", ("And", "and"), _verb_phrase(rng, s, depth_budget, plural, heads)))


def _verb_phrase(rng, s, depth_budget, plural, heads, gap=False):
    """Adverbs, auxiliary, verb and what it takes; with a gap, a transitive verb without its object."""
    auxiliary, verb = _predicate(rng, s, depth_budget, plural, heads, gap)
    adverbs = _adverbs(rng, s) if rng.random() < s.adverb else None
    if auxiliary is None:
        return ("VP", adverbs, verb) if adverbs else verb
    if adverbs is None:
        return ("AuxP", auxiliary, verb)
    if rng.random() < s.adverb_first:
        return ("VP", adverbs, ("AuxP", auxiliary, verb))
    return ("AuxP", auxiliary, ("VP", adverbs, verb))


def _predicate(rng, s, depth_budget, plural, heads, gap):
    """-> auxiliary (or None), and the rest of the verb phrase."""
    draw = 1.0 if gap else rng.random() - s.copula
    if draw < 0.0:
        be = ("Be", _choose(rng, (lex.BE_PRESENT, lex.BE_PRESENT, lex.BE_PAST))[plural])
        return be, _adjective_phrase(rng, s)
    kind = "transitive"
    if draw < s.intransitive:
        kind = "intransitive"
    elif draw < s.intransitive + s.clausal and depth_budget > 0:
        kind = "clausal"
    auxiliary, verb = _inflected(rng, s, _choose(rng, _allowed(kind, heads)), plural)
    if gap or kind == "intransitive":
        return auxiliary, verb
    if kind == "transitive":
        return auxiliary, ("V'", verb, _noun_phrase(rng, s, max(depth_budget - 1, 0), s.elsewhere, s.place)[0])
    subject, plural, heads = _noun_phrase(rng, s, depth_budget - 1, s.elsewhere, s.place)
    clause = ("S", subject, _verb_phrases(rng, s, depth_budget - 1, plural, heads))
    if rng.random() < s.clause_that:
        clause = ("CP", ("C", "that"), clause)
    return auxiliary, ("V'", verb, clause)


@cache
def _allowed(kind, heads):
    """Indices of the verbs of this kind that are held out for none of these subject nouns."""
    of_kind = range(len(lex.VERBS))[lex.KINDS[kind]]
    return tuple(verb for verb in of_kind if not any(lex.held_out(noun, verb) for noun in heads))


def _inflected(rng, s, verb, plural):
    """-> auxiliary (or None) and verb in a tense drawn at random, agreeing with the subject."""
    third, base, past_form, participle_form, ing_form = _FORMS[verb]
    draw = rng.random() - s.past
    if draw < 0.0:
        return None, ("V", past_form)
    draw -= s.progressive
    if draw < 0.0:
        be = _choose(rng, (lex.BE_PRESENT, lex.BE_PRESENT, lex.BE_PAST))[plural]
        return ("Be", be), ("V", ing_form)
    draw -= s.perfect
    if draw < 0.0:
        return ("Have", lex.HAVE[plural]), ("V", participle_form)
    if draw < s.future:
        return ("Will", "will"), ("V", base)
    return None, ("V", base if plural else third)


def _adverbs(rng, s):
    """The adverbs of Table 1 (Adv, 2Adv, CoAdv), or one of speed."""
    draw = int(rng.random() * 4)
    if draw == 0:
        return ("Adv", _choose(rng, lex.ADVERBS))
    if draw == 1:
        return ("AdvP", ("Adv", _choose(rng, lex.FIRST_ADVERBS)), ("Adv", _choose(rng, lex.ADVERBS)))
    if draw == 2:
        intent = ("AndP", ("And", "and"), ("Adv", _choose(rng, lex.INTENT_ADVERBS)))
        return ("AdvP", ("Adv", _choose(rng, lex.MANNER_ADVERBS)), intent)
    adverb = ("Adv", _choose(rng, lex.SPEED_ADVERBS))
    return ("AdvP", ("Degree", _choose(rng, lex.DEGREES)), adverb) if rng.random() < s.degree else adverb
