"""Constituent trees, the depth of every word in them, and a reader of the published depth data (section 4.3).

A tree is a nested tuple ``(label, child, ...)`` whose leaves are words: *the boys* is
``("_DP", ("_D", "the"), ("_N", "boys"))``.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from ..errors import StimulusError
from .lines import broken, lines

DEEPEST = 200  # brackets nested deeper than this are taken for damage; the published trees reach 13
TOKEN = re.compile(r"\[[^\s\[\]]*|\]|[^\s\[\]]+")


@dataclass(frozen=True)
class DepthSentence:
    """A sentence with its tree: one line of the published depth data, or one drawn from the grammar in `depth`."""

    words: tuple[str, ...]  # as printed: the first word capitalised
    tree: tuple  # leaves in lower case, but for names
    depth: tuple[int, ...]  # open nodes at each word; in published data the label that stands there
    boundaries: tuple[int, ...] = ()  # adjacent boundaries at each word, in published data


def words(tree: tuple) -> list[str]:
    """The leaves of a tree, left to right."""
    return [leaf for leaf, _ in _leaves(tree)]


def open_nodes(tree: tuple) -> list[int]:
    """Depth of every word: how many nodes are open when it has been read (section 4.3).

    A node is open when it is finished but nothing has joined it yet: what lies on the stack of a bottom-up
    parser. That is the word itself, and each left sibling of the word and of its ancestors.

    Returns
    -------
    list of int
        One label a word, at least 1.
    """
    return [1 + left for _, left in _leaves(tree)]


def _leaves(node: tuple | str, left: int = 0) -> list[tuple[str, int]]:
    """(word, left siblings of the word and of all its ancestors), for each word under `node`."""
    if isinstance(node, str):
        return [(node, left)]
    return [leaf for place, child in enumerate(node[1:]) for leaf in _leaves(child, left + place)]


def parse_brackets(text: str) -> tuple:
    """Read the published bracket notation, ``[_S [_Name John ] [_VP ... ] ]``.

    Raises
    ------
    StimulusError
        If the brackets do not make exactly one tree of labelled, non-empty nodes.
    """
    root: list = []
    path = [root]  # the nodes that are open, outermost first
    for token in TOKEN.findall(text):
        if token.startswith("["):
            if len(token) == 1:
                raise StimulusError("a bracket without a label; expected for instance '[_NP'")
            node: list = [token[1:]]
            path[-1].append(node)
            path.append(node)
            if len(path) > DEEPEST:
                raise StimulusError(f"brackets are nested deeper than {DEEPEST}")
        elif len(path) == 1:
            raise StimulusError(f"{token!r} stands outside the tree")
        elif token == "]":
            if len(path[-1]) == 1:
                raise StimulusError(f"the node {path[-1][0]!r} is empty")
            path.pop()
        else:
            path[-1].append(token)
    if len(path) > 1:
        raise StimulusError(f"the node {path[-1][0]!r} is never closed")
    if len(root) != 1:
        raise StimulusError(f"expected one tree, found {len(root)}")
    return _frozen(root[0])


def _frozen(node):
    return node if isinstance(node, str) else tuple(_frozen(child) for child in node)


def read_depth(path: str | Path) -> list[DepthSentence]:
    r"""Read the published depth data: lines ``sentence | tree | counts | boundaries`` and a literal ``\n'``.

    Raises
    ------
    StimulusError
        If the file cannot be read, or a line is not of that form; it names file and line.
    """
    sentences = []
    for number, line in lines(path):
        try:
            sentences.append(_depth_line(line))
        except StimulusError as error:
            raise broken(path, number, str(error)) from error
    return sentences


def _depth_line(line: str) -> DepthSentence:
    if not line.endswith("\\n'"):
        raise StimulusError("the line does not end in a literal \\n'")
    parts = line[: -len("\\n'")].split(" | ")
    if len(parts) != 4:
        raise StimulusError(f"expected sentence | tree | counts | boundaries, found {len(parts)} parts")
    sentence, tree = tuple(parts[0].split()), parse_brackets(parts[1])
    if [word.lower() for word in sentence] != [word.lower() for word in words(tree)]:
        raise StimulusError("the sentence is not made of the leaves of its tree")
    depth, boundaries = (_numbers(part, len(sentence)) for part in parts[2:])
    return DepthSentence(sentence, tree, depth, boundaries)


def _numbers(text: str, expected: int) -> tuple[int, ...]:
    fields = text.split()
    if len(fields) != expected or not all(re.fullmatch("[0-9]{1,9}", field) for field in fields):
        raise StimulusError(f"expected {expected} whole numbers, one a word, found {text!r}")
    return tuple(int(field) for field in fields)
