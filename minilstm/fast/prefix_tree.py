"""Sentences that begin alike share their beginnings: 53,400 words of the seven tasks are 7,080 different prefixes.

A tree is kept level by level. Within a level, nodes stand in the order of their prefixes, so that the children of
neighbouring nodes are neighbours too: a range of nodes has a range of children.
"""

from typing import NamedTuple

import numpy as np


class Level(NamedTuple):
    """All different prefixes of one length."""

    word: np.ndarray  # (nodes,) the last word of each prefix
    parent: np.ndarray  # (nodes,) the node of the level above that it goes on from; rising
    ends: tuple  # for each node the sentences that end in it


def prefix_tree(sentences):
    """The levels of the tree of `sentences`, sequences of word indices of any lengths from 1 up.

    Returns
    -------
    list of Level
        The first has all the different first words; their parent is 0.
    """
    order = sorted(range(len(sentences)), key=lambda k: tuple(sentences[k]))
    levels = []  # lists of [word, parent, ends]
    path = []  # the prefix that was read last
    for k in order:
        sentence = [int(word) for word in sentences[k]]
        shared = next((t for t, (a, b) in enumerate(zip(path, sentence)) if a != b), min(len(path), len(sentence)))
        for t in range(shared, len(sentence)):
            if t == len(levels):
                levels.append([])
            levels[t].append([sentence[t], len(levels[t - 1]) - 1 if t else 0, []])
        levels[len(sentence) - 1][-1][2].append(k)
        path = sentence
    return [
        Level(np.array([n[0] for n in level]), np.array([n[1] for n in level]), tuple(tuple(n[2]) for n in level))
        for level in levels
    ]


def walk(levels, root, read, end, width):
    """Read every prefix once, depth first, `width` neighbours at a time.

    Memory is that of `width` nodes times the depth of the tree, however many sentences there are.

    Parameters
    ----------
    levels : list of Level
    root : object
        What the first words are read from: a sequence of one state.
    read : callable (states, parents, words) -> states
        Read one word from each of the states at the places `parents`.
    end : callable (states, places, sentences)
        Told of the sentences that are over; sentences[k] ended in the state at places[k].
    width : int
    """
    if levels:
        _descend(levels, 0, 0, len(levels[0].word), root, 0, read, end, width)


def _descend(levels, depth, first, last, states, offset, read, end, width):
    """Nodes first to last of this level, whose parents' states begin with that of node `offset`.

    Not a function inside `walk`: such a one would refer to itself, and keep what `read` holds until Python collects it.
    """
    level = levels[depth]
    for start in range(first, last, width):
        stop = min(start + width, last)
        now = read(states, level.parent[start:stop] - offset, level.word[start:stop])
        over = [(node - start, k) for node in range(start, stop) for k in level.ends[node]]
        if over:
            end(now, *map(np.array, zip(*over)))
        if depth + 1 < len(levels):
            children = np.searchsorted(levels[depth + 1].parent, (start, stop))
            _descend(levels, depth + 1, *children, now, start, read, end, width)
