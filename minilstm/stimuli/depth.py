"""Sentences with a known depth at every word, and the sample of words that keeps depth and position apart (section 3).

A sentence is drawn in two steps: a shape, uniformly from all shapes that the grammar has of a given length, then its
words. The depth of a word is its number of open nodes, see :func:`.trees.open_nodes`.
"""

import random
from collections.abc import Iterable, Sequence
from functools import cache
from typing import NamedTuple

from . import fragment_lexicon as lex
from .trees import DepthSentence, open_nodes, words

# Each line is a symbol and what it may consist of. '#' stands for singular (s) and for plural (p), '@' for a form of
# the verb: one that agrees (s, p), or the form after a form of be (ing), of have (part), or after will (base).
GRAMMAR = """
S = Subject# VP# | PP Main
Main = NP# VP#
Subject# = NP# | NPwithPP#
NPs = Name | Ds Noms
NPp = Dp Nomp | NumP | Dp NumP
NumP = Num Nomp
NPwithPPs = Ds NomPPs
NPwithPPp = Dp NomPPp | NumPPP | Dp NumPPP
NumPPP = Num NomPPp
NomPP# = Nom# PP
Nom# = NwithOf# | AdjP NwithOf#
NwithOf# = N# | Nrel# OfP
PP = P NP#
OfP = Of BareNP#
BareNPs = Name | Ds Bares
BareNPp = Dp Barep | BareNumP | Dp BareNumP
BareNumP = Num Barep
Bare# = N# | AdjP N#
AdjP = Adj | Degree Adj
VP# = V'# | Be# V'ing | Have# V'part | Will V'base
V'@ = Verbal@ | AdvP Verbal@
Verbal@ = Vi@ | Vt@ Object
Object = NP#
AdvP = Adv | Degree Adv
"""
FORMS = "s", "p", "ing", "part", "base"
LENGTHS = range(2, 26)  # words of a sentence
POSITIONS, DEPTHS, PER_CELL = range(7, 13), range(3, 9), 112  # of the sample; positions count from 0


class Point(NamedTuple):
    """A word of the sample: sentence and position count from 0."""

    sentence: int
    position: int
    depth: int


def depth_sentences(per_length: int = 300, lengths: Sequence[int] = LENGTHS, seed: int = 0) -> list[DepthSentence]:
    """`per_length` sentences of each length, in random order (section 3: 300 of each from 2 to 25 words)."""
    rng, made = random.Random(seed), []
    for length in lengths:
        for _ in range(per_length):
            tree = _draw("S", length, rng)
            leaves = words(tree)
            leaves[0] = leaves[0][0].upper() + leaves[0][1:]
            made.append((rng.random(), DepthSentence(tuple(leaves), tree, tuple(open_nodes(tree)))))
    return [sentence for _, sentence in sorted(made, key=lambda pair: pair[0])]


def sample_cells(
    sentences: Iterable[DepthSentence],
    per_cell: int = PER_CELL,
    positions: Sequence[int] = POSITIONS,
    depths: Sequence[int] = DEPTHS,
) -> list[Point]:
    """The words to regress on: as many of each depth at each position, so that neither tells the other (section 3).

    Goes through the sentences top to bottom and through their words from left to right, and takes a word if its cell
    (position, depth) holds fewer than `per_cell`. A sentence that was there before is passed over.

    Parameters
    ----------
    sentences : sequence of trees.DepthSentence
        Anything that has `words` and `depth`.

    Returns
    -------
    list of Point
    """
    taken, seen, points = dict.fromkeys([(p, d) for p in positions for d in depths], 0), set(), []
    for number, sentence in enumerate(sentences):
        if sentence.words in seen:
            continue
        seen.add(sentence.words)
        for cell in enumerate(sentence.depth):
            if taken.get(cell, per_cell) < per_cell:
                taken[cell] += 1
                points.append(Point(number, *cell))
    return points


def _rules():
    """{symbol: alternatives, each a tuple of one or two symbols}."""
    rules = {}
    for line in GRAMMAR.split("\n")[1:-1]:
        symbol, right = line.split(" = ")
        for variable, values in (("#", FORMS[:2]), ("@", FORMS)):
            if variable not in line:
                continue
            for value in values:  # where only the right side varies, as in Object, the values are its alternatives
                rules.setdefault(symbol.replace(variable, value), []).extend(
                    tuple(part.split()) for part in right.replace(variable, value).split(" | ")
                )
            break
        else:
            rules[symbol] = [tuple(part.split()) for part in right.split(" | ")]
    return {symbol: tuple(dict.fromkeys(alternatives)) for symbol, alternatives in rules.items()}


def _terminals():
    """{symbol: words}."""
    transitive, intransitive = (lex.VERBS[lex.KINDS[kind]] for kind in ("transitive", "intransitive"))
    relational = [noun for noun in lex.NOUNS if noun[0] in lex.RELATIONAL]
    terminals = {
        "Ds": ("the", "this", "that"),  # not `a`, which would have to look at the word after it
        "Dp": lex.PLURAL_DETERMINERS,
        "Name": lex.NAMES,
        "Num": lex.NUMERALS,
        "P": lex.PREPOSITIONS,
        "Of": ("of",),
        "Adj": lex.ADJECTIVES,
        "Degree": lex.DEGREES,
        "Adv": lex.SPEED_ADVERBS,
        "Will": ("will",),
    }
    for k, number in enumerate("sp"):
        terminals["N" + number] = tuple(noun[k] for noun in lex.PERSONS)
        terminals["Nrel" + number] = tuple(noun[k] for noun in relational)
        terminals["Be" + number] = (lex.BE_PRESENT[k], lex.BE_PAST[k])
        terminals["Have" + number] = (lex.HAVE[k],)
    for kind, verbs in (("Vt", transitive), ("Vi", intransitive)):
        pasts = tuple(lex.past(base) for _, base in verbs)
        terminals[kind + "s"] = tuple(third for third, _ in verbs) + pasts
        terminals[kind + "p"] = terminals[kind + "base"] = tuple(base for _, base in verbs)
        terminals[kind + "p"] += pasts
        terminals[kind + "ing"] = tuple(lex.progressive(base) for _, base in verbs)
        terminals[kind + "part"] = tuple(lex.participle(base) for _, base in verbs)
    return terminals


RULES, TERMINALS = _rules(), _terminals()


@cache
def _ways(symbol, length):
    """All ways of making `length` words out of a symbol, one step down: ((symbol, length), ...) -> how many shapes."""
    ways = {}
    for parts in RULES[symbol]:
        splits = [(length,)] if len(parts) == 1 else [(k, length - k) for k in range(1, length)]
        for split in splits:
            children = tuple(zip(parts, split, strict=True))
            shapes = 1
            for child in children:
                shapes *= count_shapes(*child)
            if shapes:
                ways[children] = shapes
    return ways


@cache
def count_shapes(symbol: str, length: int) -> int:
    """Number of shapes of `length` words that a symbol of the grammar has."""
    return int(length == 1) if symbol in TERMINALS else sum(_ways(symbol, length).values())


def _draw(symbol, length, rng):
    """A tree with this symbol at its root and so many words, every shape equally likely."""
    if symbol in TERMINALS:
        return (symbol, TERMINALS[symbol][int(rng.random() * len(TERMINALS[symbol]))])
    rank = int(rng.random() * count_shapes(symbol, length))  # below the sum of all `shapes`
    for children, shapes in _ways(symbol, length).items():
        rank -= shapes
        if rank < 0:
            return (symbol, *(_draw(*child, rng) for child in children))
