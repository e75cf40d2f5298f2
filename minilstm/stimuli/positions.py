"""Positions in nounPP sentences, and labels of steps for axes and tables."""

from collections.abc import Sequence

from .function_words import DETERMINERS, PREPOSITIONS, RELATIVE_PRONOUNS, is_adverb
from .items import Item
from .tasks import TASKS

SUBJECT, PREPOSITION, SECOND_THE, SECOND_NOUN = 1, 2, 3, 4  # in 'The boy near the cars greets the', from 0
WORDS = ("The", "N", "P", "the", "N", "V", "the")  # what stands there

# What a slot of a template is called on an axis.
_ROLES = {
    "LOC": "N",
    "RV": "v",
    "PREP": "prep",
    "NAMEPREP": "prep",
    "NAME": "name",
    "ADV": "adv",
    "FIRST": "adv",
    "MANNER": "adv",
    "INTENT": "adv",
}
_NUMBERED = ("N", "LOC", "RV", "V")


def step_labels(items: Sequence[Item], after: Sequence[str] = ("the",)) -> tuple[str, ...]:
    """A label for each step of sentences of one length, up to the verb and what follows it.

    Parameters
    ----------
    items : sequence of Item
    after : sequence of str
        What follows the verb.

    Returns
    -------
    tuple of str
        The word, if all sentences have the same there; else its role in the template, where all sentences are of the
        form of their task; else ``"..."``.

    Examples
    --------
    >>> from minilstm.stimuli import na_task
    >>> step_labels(na_task("nounPP", "SP", 20))
    ('The', 'N1', 'prep', 'the', 'N2', 'V1', 'the')
    """
    labels = []
    for step, slot in enumerate(_slots(items)):
        words = {(*item.prefix, item.right)[step] for item in items}
        labels.append(words.pop() if len(words) == 1 else _role(slot))
    return (*labels, *after)


def subject_position(item: Item) -> int:
    """Position of the subject noun, from 0, as far as the order of words tells.

    The last word of the first noun phrase: what follows its determiner, before a preposition, a relative pronoun, an
    adverb or a mark of punctuation.

    Examples
    --------
    >>> from minilstm.stimuli import Item
    >>> subject_position(Item(tuple("The old man near the cars".split()), "is", "are", "mine", "SP", 1))
    2
    """
    prefix = [word.lower() for word in item.prefix]
    start = next((k for k, word in enumerate(prefix) if word in DETERMINERS), -1) + 1
    ends = PREPOSITIONS | RELATIVE_PRONOUNS | DETERMINERS
    for k in range(start + 1, len(prefix)):
        if prefix[k] in ends or is_adverb(prefix[k]) or not prefix[k][0].isalnum():
            return k - 1
    return len(prefix) - 1


def _slots(items):
    """The slots of the template that all sentences follow, or dots and the verb."""
    tasks = {item.task for item in items}
    if len(tasks) == 1 and (template := TASKS.get(*tasks)):
        if all(template.fits(item.prefix, item.condition) for item in items):
            return template.text.split()
    return ["..."] * len(items[0].prefix) + ["V"]


def _role(slot):
    name = slot.rstrip("0123456789")
    return _ROLES.get(name, name) + (slot[len(name) :] if name in _NUMBERED else "")
