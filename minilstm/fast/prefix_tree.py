"""Sentences that begin alike share their beginnings: 53,400 words of the seven tasks are 7,080 different prefixes.

A tree is kept level by level. Within a level, nodes stand in the order of their prefixes, so that the children of
neighbouring nodes are neighbours too: a range of nodes has a range of children.
"""

from typing import NamedTuple

import numpy as np

from ..errors import MinilstmError
from ..records import short_repr


@short_repr
class Level(NamedTuple):
    """All different prefixes of one length, and the sentences that begin with them, node by node."""

    word: np.ndarray  # (nodes,) the last word of each prefix
    parent: np.ndarray  # (nodes,) the node of the level above that it goes on from; rising
    sentence: np.ndarray  # (n,) the sentences of at least this length
    node: np.ndarray  # (n,) the node that each goes through; rising
    ends: np.ndarray  # (n,) bool: whether it ends there


@short_repr
class Visit(NamedTuple):
    """Neighbouring nodes of one level that have been read, and the sentences that go through them."""

    depth: int  # the level, which is the place of the word in its sentences, from 0
    states: object  # what `read` returned for these nodes
    sentence: np.ndarray  # (n,)
    node: np.ndarray  # (n,) which of these nodes each goes through, from 0
    ends: np.ndarray  # (n,) bool


def prefix_tree(sentences):
    """Build the levels of the tree of `sentences`, sequences of word indices of any lengths from 1 up.

    Returns
    -------
    list of Level
        The first has all the different first words; their parent is 0.

    Raises
    ------
    MinilstmError
        For a sentence without words.
    """
    lengths = np.array([len(sentence) for sentence in sentences], np.intp)
    if not lengths.all():
        raise MinilstmError(f"sentence {lengths.argmin() + 1}: expected at least one word, got none")
    sentence = np.arange(len(sentences))
    node = np.zeros(len(sentences), np.int64)
    n_words = 1 + max((int(max(words)) for words in sentences), default=0)
    levels = []
    while len(sentence):
        word = np.array([sentences[k][len(levels)] for k in sentence], np.int64)
        prefixes, node = np.unique(node * n_words + word, return_inverse=True)
        order = np.argsort(node, kind="stable")
        sentence, node = sentence[order], node[order]
        ends = lengths[sentence] == len(levels) + 1
        levels.append(Level(prefixes % n_words, prefixes // n_words, sentence, node, ends))
        sentence, node = sentence[~ends], node[~ends]
    return levels


def walk(levels, root, read, width):
    """Read every prefix once, depth first, `width` neighbours at a time.

    Memory is that of `width` nodes times the depth at which the tree branches, however many sentences there are, and
    however long they are.

    Parameters
    ----------
    levels : list of Level
    root : object
        What the first words are read from: a sequence of one state.
    read : callable (states, parents, words) -> states
        Read one word from each of the states at the places `parents`.
    width : int

    Yields
    ------
    Visit
    """
    waiting = [(0, 0, len(levels[0].word), root, 0)] if levels else []
    while waiting:
        # nodes first to last of a level, whose parents' states begin with that of node `offset`
        depth, first, last, parents, offset = waiting.pop()
        level, stop = levels[depth], min(first + width, last)
        states = read(parents, level.parent[first:stop] - offset, level.word[first:stop])
        here = slice(*np.searchsorted(level.node, (first, stop)))
        yield Visit(depth, states, level.sentence[here], level.node[here] - first, level.ends[here])
        if stop < last:
            waiting.append((depth, stop, last, parents, offset))
        if depth + 1 < len(levels):
            children = np.searchsorted(levels[depth + 1].parent, (first, stop))
            if children[0] < children[1]:
                waiting.append((depth + 1, *children, states, first))
