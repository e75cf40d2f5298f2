"""Sentences beside their counterparts: the same words, but for the other number of one noun."""

from collections.abc import Sequence

from ..errors import StimulusError
from .items import Item
from .tasks import TASKS

OTHER = {"S": "P", "P": "S"}


def tested_noun(task: str) -> int:
    """Index of the noun that the verb agrees with, and of the letter of the condition that is its number: from 0."""
    return TASKS[task].tested_noun if task in TASKS else 0


def counterparts(items: Sequence[Item], noun: int | None = None) -> list[tuple[Item, Item]]:
    """Each item that has the same one with the other number of a noun among them, with it.

    Parameters
    ----------
    items : sequence of Item
    noun : int, optional
        Which noun of its sentence, from 0; the one that the verb agrees with if not given.
    """
    items_by_key = {(item.task, item.condition, item.id): item for item in items}
    both = []
    for item in items:
        k = tested_noun(item.task) if noun is None else noun
        before, number, after = item.condition[:k], item.condition[k : k + 1], item.condition[k + 1 :]
        key = item.task, before + OTHER.get(number, "") + after, item.id
        if key in items_by_key:
            both.append((item, items_by_key[key]))
    return both


def pairs(items: Sequence[Item]) -> tuple[tuple[Item, ...], tuple[Item, ...]]:
    """Items with their sources: the same task, id and words, but the other number of the subject.

    The subject is the noun that the verb agrees with: the first one, but for the inner verbs of nested dependencies.

    Parameters
    ----------
    items : sequence of Item
        As `na_task` draws them: item k of each condition has the same words.

    Returns
    -------
    bases, sources : tuples of Item
        Each item serves as a base once. Items whose partner is not among them are left out.

    Raises
    ------
    StimulusError
        If there is no pair, or if the two of a pair are not such sentences.
    """
    both = counterparts(items)
    if not both:
        conditions = ", ".join(dict.fromkeys(item.condition for item in items)) or "none"
        raise StimulusError(
            "pairs of sentences: expected conditions that differ in the subject's number, such as SP and PP, and in "
            f"nothing else; there are no two such: {conditions}"
        )
    for base, source in both:
        if (base.right, base.wrong) != (source.wrong, source.right) or len(base.prefix) != len(source.prefix):
            texts = " / ".join(" ".join((*item.prefix, item.right)) for item in (base, source))
            raise StimulusError(f"pairs of sentences: expected two that differ in number only, got {texts}")
    return tuple(base for base, _ in both), tuple(source for _, source in both)


def steps_that_differ(bases: Sequence[Item], sources: Sequence[Item]) -> tuple[int, int]:
    """From which word on pairs differ, the noun, and how long their sentences are: the same for all pairs.

    Raises
    ------
    StimulusError
        If they are not the same for all pairs, or if nothing differs.
    """
    places = set()
    for base, source in zip(bases, sources, strict=True):
        differ = [one != other for one, other in zip(base.prefix, source.prefix, strict=True)]
        if not any(differ):
            raise StimulusError(f"task {base.task}: nothing tells the two numbers apart in {' '.join(base.prefix)!r}")
        places.add((differ.index(True), len(differ)))
    if len(places) > 1:
        raise StimulusError(
            f"task {bases[0].task}: expected sentences of one length with the noun at the same word, got several; "
            "--task takes one task"
        )
    return places.pop()
