"""Prefixes that are more than the words before the verb: with a gap for it, with the verb itself, or whole sentences.

What all lines of a file have in common is mended and said; what some have is refused.
"""

import re

from .function_words import RELATIVE_PRONOUNS
from .lines import SENTENCE_ENDS, tokens

GAP = re.compile(r"_{2,}|\[MASK\]|<mask>|\[BLANK\]")
WAY_OUT = "expected the words before the verb (if it is left out once more after them, put ___ at the end of every one)"
_ABBREVIATIONS = frozenset(("Mr.", "Mrs.", "Ms.", "Dr.", "St.", "Jr.", "Sr.", "Inc.", "Co.", "Ltd.", "Corp.", "etc."))


def words_before_verbs(parts, refuse):
    """Cut every prefix before its verb.

    Parameters
    ----------
    parts : list of (prefix, right, wrong, rest)
        Each a tuple of words; `rest` is empty.
    refuse : callable
        (index of a part, message) -> the exception to raise.

    Returns
    -------
    parts : list of the same
    note : str
        What was cut, empty if nothing was.
    """
    for places, note in (
        (_gaps(parts, refuse), "every prefix has a gap for its verb: cut there"),
        (_last_places(parts), "every prefix ends in its verb: taken off"),
        (_within_sentences(parts, refuse), "every prefix is a whole sentence: cut before its verb"),
    ):
        if places:
            return [_cut(part, *place) for part, place in zip(parts, places, strict=True)], note
    for k, (prefix, right, wrong, _) in enumerate(parts):
        if _is_whole(prefix):
            raise refuse(k, f"the prefix ends in {prefix[-1]!r}, as a whole sentence does; {WAY_OUT}")
        for form in (right, wrong):
            if prefix[-len(form) :] == form:
                raise refuse(k, f"the prefix ends in {' '.join(form)!r}, a form of the verb itself; {WAY_OUT}")
        if any(not RELATIVE_PRONOUNS & set(prefix[:place]) for place in _places(prefix, right)):
            raise refuse(k, f"the prefix holds the verb, {' '.join(right)!r}; {WAY_OUT}")
    return parts, ""


def _cut(part, start, end):
    """A part with the words before `start` as its prefix and those from `end` on as its rest."""
    prefix, right, wrong, _ = part
    return prefix[:start], right, wrong, tokens(" ".join(prefix[end:]), last_stop=True)


def _gaps(parts, refuse):
    """(start, end) of the gap in each prefix; None if there is none in any."""
    gaps = [[k for k, word in enumerate(prefix) if GAP.fullmatch(word)] for prefix, *_ in parts]
    if not any(gaps):
        return None
    for k, places in enumerate(gaps):
        if len(places) != 1 or places == [0]:
            raise refuse(k, f"{len(places)} gap(s) in the prefix; expected one after some words, as in other lines")
    return [(place, place + 1) for (place,) in gaps]


def _last_places(parts):
    """(start, end) of the right form at the end of each prefix; None unless it ends all of them."""
    places = [(len(prefix) - len(right), len(prefix)) for prefix, right, *_ in parts]
    ends = all(
        start > 0 and prefix[start:] == right for (start, _), (prefix, right, *_) in zip(places, parts, strict=True)
    )
    return places if ends else None


def _within_sentences(parts, refuse):
    """(start, end) of the right form in each prefix; None unless all are whole sentences that have it."""
    if not all(_is_whole(prefix) and _places(prefix, right) for prefix, right, *_ in parts):
        return None
    for k, (prefix, right, *_) in enumerate(parts):
        places = _places(prefix, right)
        if len(places) != 1 or not places[0]:
            times = f"{' '.join(right)!r} stands {len(places)} times or first"
            raise refuse(k, f"the prefix is a whole sentence in which {times}; {WAY_OUT}")
    return [(start := _places(prefix, right)[0], start + len(right)) for prefix, right, *_ in parts]


def _places(sentence, form):
    return [k for k in range(len(sentence)) if sentence[k : k + len(form)] == form]


def _is_whole(prefix):
    """Return whether the words end as a sentence ends."""
    last = prefix[-1]
    return last in SENTENCE_ENDS or bool(re.fullmatch(r"[a-z]{3,}\.", last)) and last not in _ABBREVIATIONS
