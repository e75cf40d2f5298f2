"""Sentences and a model's vocabulary: words spelt otherwise, words it lacks, forms that cannot be scored."""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from ..errors import NothingScoredError, UnknownWordError
from .items import Item, Pair
from .positions import subject_position

_STRAIGHT = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "\xad": None})
_BLANKS = re.compile("[\xa0\u202f\u2007\u3000]+")  # blanks that are no line's end and part of no English word
LISTED = 5  # words that a sentence names
Spelt = TypeVar("Spelt", Item, Pair, tuple[str, ...])


@dataclass(frozen=True)
class Coverage:
    """Words of sentences that a vocabulary lacks.

    Attributes
    ----------
    sentences, words : int
        How many there are, verb forms not counted.
    unknown : Counter
        {word before a verb that is not in the vocabulary: how often it occurs}.
    sentences_with_unknown : int
    unknown_subjects : int
        Sentences in which it is the subject noun, as far as the order of words tells.
    unknown_forms : tuple of str
        Verb forms that are not in the vocabulary.
    unscored : int
        Sentences of which a verb form is not in the vocabulary.
    hints : tuple of (str, str)
        (unknown word, word of the vocabulary that differs in its capitals only).
    """

    sentences: int
    words: int
    unknown: Counter[str]
    sentences_with_unknown: int
    unknown_subjects: int
    unknown_forms: tuple[str, ...]
    unscored: int
    hints: tuple[tuple[str, str], ...]

    @property
    def _contracted(self):
        return any("'" in form for form in self.unknown_forms)

    def summary(self) -> list[str]:
        """Sentences on what becomes ``<unk>`` and what is not scored; no sentence if every word is known."""
        said = []
        if self.unknown:
            count = sum(self.unknown.values())
            said.append(
                f"{count} of {self.words} words before the verb are not in the vocabulary ({_named(self.unknown)}), in"
                f" {self.sentences_with_unknown} of {self.sentences} sentences; in {self.unknown_subjects} it is the"
                " subject noun"
            )
        if self.hints:
            pairs = ", ".join(f"{known!r} for {word!r}" for word, known in self.hints[:LISTED])
            said.append(f"the vocabulary tells capitals apart; it has {pairs}")
        if self.unscored:
            said.append(
                f"{self.unscored} of {self.sentences} sentences are not scored: their verb forms are not in the"
                f" vocabulary ({_named(self.unknown_forms)})"
                + ("; `minilstm score` writes such forms in several words" if self._contracted else "")
            )
        return said


def coverage(items: Sequence[Item], vocabulary: Collection[str]) -> Coverage:
    """Find the words of items that a vocabulary lacks.

    Parameters
    ----------
    items : sequence of Item
    vocabulary : collection of str

    Returns
    -------
    Coverage
    """
    known = set(vocabulary)
    unknown: Counter[str] = Counter()
    forms: dict[str, None] = {}  # in the order in which they come
    with_unknown = subjects = unscored = 0
    for item in items:
        lacking = [word for word in item.prefix if word not in known]
        unknown.update(lacking)
        with_unknown += bool(lacking)
        subjects += item.prefix[subject_position(item)] not in known
        missing = [form for form in (item.right, item.wrong) if form not in known]
        forms |= dict.fromkeys(missing)
        unscored += bool(missing)
    lower = {word.lower(): word for word in sorted(known)}  # of 'Boys' and 'boys' the second, which sorts later
    hints = tuple((word, lower[word.lower()]) for word in (*unknown, *forms) if word.lower() in lower)
    words = sum(len(item.prefix) for item in items)
    return Coverage(len(items), words, unknown, with_unknown, subjects, tuple(forms), unscored, hints)


def fit_to_vocabulary(
    items: Sequence[Item], vocabulary: Collection[str], unknown: str = "error"
) -> tuple[list[Item], list[str]]:
    """Items as a model can read them, and what is to be said about it.

    Parameters
    ----------
    items : sequence of Item
    vocabulary : collection of str
    unknown : {"error", "<unk>"}
        What a word before the verb becomes that the vocabulary lacks.

    Returns
    -------
    items : list of Item
        Spelt as in the vocabulary, see `respell`; none is left out.
    notes : list of str

    Raises
    ------
    NothingScoredError
        If there is no item, or none of which the vocabulary has both verb forms.
    UnknownWordError
        If a word before a verb is unknown and may not become ``<unk>``: it names word and sentence.
    """
    if not items:
        raise NothingScoredError(
            "nothing is scored: no sentence is left with two forms of one word to compare (`minilstm score` takes whole"
            " sentences; --half leaves every second one out)"
        )
    items, notes = respell(items, vocabulary)
    words = coverage(items, vocabulary)
    if words.unscored == len(items):
        raise NothingScoredError(f"nothing is scored: {words.summary()[-1]}")
    if unknown == "error":
        known = set(vocabulary)
        _refuse_unknown(coverage([item for item in items if {item.right, item.wrong} <= known], vocabulary), items)
    return items, notes + words.summary()


def _refuse_unknown(words, items):
    """Raise UnknownWordError for the first unknown word before a verb, if there is one."""
    for word in words.unknown:
        sentence = next(" ".join(item.prefix) for item in items if word in item.prefix)
        hint = next((f" (it has {known!r})" for lacking, known in words.hints if lacking == word), "")
        raise UnknownWordError(
            f"{word!r} is not among the model's words{hint}: {sentence!r}. {words.sentences_with_unknown} of"
            f" {words.sentences} sentences have such a word"
        )


def respell(stimuli: Sequence[Spelt], vocabulary: Collection[str]) -> tuple[list[Spelt], list[str]]:
    """Spell words as a vocabulary does, where it lacks them as they are and it is certain how.

    An accent of its own joins its letter, a curly apostrophe or quotation mark becomes a straight one, a non-breaking
    blank parts two words, and ``hasn't`` is written ``has n't``: each only if the vocabulary lacks the word and has all
    of what it becomes.

    Parameters
    ----------
    stimuli : sequence of Item, of Pair or of tuple of str
        An Item's verb forms stay single words.
    vocabulary : collection of str

    Returns
    -------
    stimuli : list of the same
    notes : list of str
        What was respelt.
    """
    known, changed = set(vocabulary), {}

    def respelt(word, single=False):
        if word in known:
            return (word,)
        for parts in _spellings(word):
            if parts and all(part in known for part in parts) and not (single and len(parts) > 1):
                changed[word] = parts
                return parts
        return (word,)

    def many(sentence):
        return tuple(part for word in sentence for part in respelt(word))

    made = []
    for entry in stimuli:
        if isinstance(entry, tuple):
            made.append(many(entry))
            continue
        if isinstance(entry, Pair):
            parts = {name: many(getattr(entry, name)) for name in ("prefix", "right", "wrong", "rest")}
        else:
            forms = {name: respelt(getattr(entry, name), single=True)[0] for name in ("right", "wrong")}
            parts = {"prefix": many(entry.prefix)} | forms
        made.append(replace(entry, **parts))
    notes = []
    if changed:
        listed = ", ".join(f"{word!r} as {' '.join(parts)!r}" for word, parts in list(changed.items())[:LISTED])
        rest = len(changed) - LISTED
        notes.append(f"spelt as in the vocabulary: {listed}" + (f" and {rest} more" if rest > 0 else ""))
    return made, notes


def _spellings(word):
    """The ways in which a word may be meant, each a tuple of words."""
    straight = unicodedata.normalize("NFC", word.translate(_STRAIGHT))
    yield (straight,)
    if _BLANKS.search(straight):
        yield tuple(part for part in _BLANKS.split(straight) if part)
    negation = re.fullmatch(r"(\w+)(n't)", straight)
    clitic = negation or re.fullmatch(r"(\w+)('(?:s|re|ve|ll|d|m|S))", straight) or re.fullmatch(r"(\w+s)(')", straight)
    if clitic:
        yield clitic.groups()


def _named(words):
    words = list(words)
    rest = len(words) - LISTED
    return ", ".join(map(repr, words[:LISTED])) + (f" and {rest} more" if rest > 0 else "")
