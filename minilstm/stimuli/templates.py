"""Sentences from templates: fixed words, and slots that are filled from a lexicon.

In ``the N1 PREP the LOC2 V1`` capitals are slots. A digit says which letter of the condition gives the word
its number: in condition ``SP`` N1 and V1 are singular and LOC2 is plural. Every template ends in the verb
tested.
"""

import itertools
import math
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from .function_words import AUXILIARIES, DETERMINERS, PREPOSITIONS, RELATIVE_PRONOUNS, is_adverb
from .items import Item

# Slot of a template: pool of the lexicon that fills it.
POOLS = {
    "N": "nouns",
    "LOC": "locations",
    "V": "verbs",
    "RV": "relative_verbs",
    "PREP": "prepositions",
    "NAMEPREP": "name_prepositions",
    "NAME": "names",
    "ADV": "adverbs",
    "FIRST": "first_adverbs",
    "MANNER": "manner_adverbs",
    "INTENT": "intent_adverbs",
}
# Slots of one group never hold the same word twice in a sentence; a slot that is not named here is its own
# group.
GROUPS = {"N": "noun", "LOC": "noun", "V": "verb", "RV": "verb"}


@dataclass(frozen=True)
class Template:
    """One task: its words and slots, its conditions, and how many sentences a condition has by default."""

    text: str
    conditions: tuple[str, ...]
    count: int

    @property
    def slots(self) -> list[str]:
        """The slots in order, without their digits: ``["N", "PREP", "LOC", "V"]``."""
        return [slot for slot, _ in map(_parse, self.text.split()) if slot in POOLS]

    @property
    def tested_noun(self) -> int:
        """Index of the letter of the condition that is the number of the verb tested, from 0."""
        return int(_parse(self.text.split()[-1])[1]) - 1

    def fits(self, prefix: Sequence[str], condition: str) -> bool:
        """Return whether words before a verb are of this form, whatever the nouns, names and verbs in them.

        Parameters
        ----------
        prefix : sequence of str
        condition : str

        Returns
        -------
        bool
        """
        slots = self.text.split()[:-1]
        if condition not in self.conditions or len(prefix) != len(slots):
            return False
        prefix = (prefix[0].lower(), *prefix[1:])
        return all(_fills(word, _parse(slot)[0]) for word, slot in zip(prefix, slots, strict=True))


def count_sentences(template, lexicon):
    """Number of different sentences of a condition, no noun and no verb twice in any of them."""
    pools = _pools(template, lexicon)
    groups = {}
    for slot, pool in zip(template.slots, pools, strict=True):
        groups.setdefault(GROUPS.get(slot, slot), []).append(pool)
    return math.prod(sum(map(_all_different, itertools.product(*group))) for group in groups.values())


def draw(template, lexicon, n, key):
    """Draw `n` different fillings of a template's slots, at random.

    They depend on template, lexicon and `key` and not on a condition, so that all conditions of a task share
    them. A shorter draw is the beginning of a longer one.

    Parameters
    ----------
    template : Template
    lexicon : Lexicon
    n : int
        At most ``count_sentences(template, lexicon)``.
    key : str
        Seeds the generator.

    Returns
    -------
    list of tuple
        One entry a slot: a word, or the two forms of a noun or verb.
    """
    pools = _pools(template, lexicon)
    groups = [GROUPS.get(slot, slot) for slot in template.slots]
    ranks = _shuffled(math.prod(map(len, pools)), random.Random(key))
    fillings = (_combination(rank, pools) for rank in ranks)
    fillings = (f for f in fillings if _all_different(zip(groups, f, strict=True)))
    return list(itertools.islice(fillings, n))


def fill(template, filling, task, condition, id):
    """The item that a template and the filling of its slots make up in one condition."""
    filling = iter(filling)
    words = []
    for word in template.text.split():
        slot, number = _parse(word)
        if slot in POOLS:
            word = next(filling)
        if number and condition[int(number) - 1] == "P":
            word = word[::-1]  # (plural, singular): the form that this condition takes comes first
        words.append(word)
    right, wrong = words.pop()
    words = [word if isinstance(word, str) else word[0] for word in words]
    words[0] = words[0][0].upper() + words[0][1:]  # not str.capitalize, which lowers the rest of the word
    return Item(tuple(words), right, wrong, task, condition, id)


def _parse(word):
    """``"LOC2"`` -> ``("LOC", "2")``, ``"the"`` -> ``("the", "")``."""
    return re.fullmatch(r"(.*?)([0-9]?)", word).groups()


def _fills(word, slot):
    """Return whether a word can stand in a slot; a word of the template stands for itself."""
    if slot not in POOLS:
        return word == slot
    if slot in ("PREP", "NAMEPREP"):
        return word in PREPOSITIONS
    if slot in ("ADV", "FIRST", "MANNER", "INTENT"):
        return is_adverb(word)
    if slot == "NAME":
        return word[0].isupper()
    open_class = word not in PREPOSITIONS | DETERMINERS | RELATIVE_PRONOUNS and word[0].isalpha()
    return open_class and (slot not in ("N", "LOC") or not (is_adverb(word) or word in AUXILIARIES))


def _pools(template, lexicon):
    pools = {slot: getattr(lexicon, pool) for slot, pool in POOLS.items()}
    pools["RV"] = pools["RV"] or pools["V"]
    return [pools[slot] for slot in template.slots]


def _all_different(things):
    things = list(things)
    return len(set(things)) == len(things)


def _combination(rank, pools):
    """The combination of number `rank` among all: the digits of `rank` in mixed radix."""
    chosen = []
    for pool in pools:
        rank, digit = divmod(rank, len(pool))
        chosen.append(pool[digit])
    return tuple(chosen)


def _shuffled(total, generator):
    """0 ... total - 1 in random order, one after the other (Fisher-Yates, keeping only what has moved)."""
    moved = {}
    for i in range(total):
        # Of a generator's methods, Python promises of random() alone that it stays the same in later
        # versions.
        j = i + int(generator.random() * (total - i))
        yield moved.get(j, j)
        moved[j] = moved.get(i, i)
