"""Reader of the published NA-task files (section 3, Table 1), in both of their forms.

A broken line raises :class:`StimulusError`, which names the file, the line (from 1) and what was expected.
"""

import re
from pathlib import Path

from ..errors import StimulusError
from .conditions import check_numbers
from .items import Item, Pair
from .lines import broken, cells, four, lines, words
from .tasks import CONDITIONS, TASKS

# The published files by name.
FILES = {
    "simple": "Simple",
    "adv": "Adv",
    "adv_adv": "2Adv",
    "adv_conjunction": "CoAdv",
    "namepp": "namePP",
    "nounpp": "nounPP",
    "nounpp_adv": "nounPPAdv",
}
NUMBERS = {"singular": "S", "plural": "P"}


def read_na_task(path: str | Path) -> list[Item]:
    """Read one of the published NA-task files; its name says which task it is (``nounpp.txt``).

    Lines come in pairs, ``sentence<TAB>number<TAB>correct<TAB>id1`` and the same with ``wrong``; the verb
    ends the sentence. The number is ``singular`` or ``plural``, or two of these joined by ``_`` (subject,
    other noun).

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    list of Item
        In the order of the file, sorted by subject noun, and with its ids, which run on from one condition to
        the next. namePP's ``singular`` and ``plural`` are conditions SS and PS, as in Table 2.

    Raises
    ------
    StimulusError
    """
    path = Path(path)
    if path.stem not in FILES:
        expected = ", ".join(f"{stem}.txt" for stem in FILES)
        raise StimulusError(f"{path}: the name of the file tells no task; expected one of: {expected}")
    return [pair.item for pair in na_pairs(path, FILES[path.stem])]


def na_pairs(path, task=None):
    """The pairs of an NA-task file of 4 columns; of any task, named "" for now, if none is given."""
    pairs, places, seen, pending = [], [], set(), None
    for number, line in lines(path):
        sentence, condition, verdict, id = _na_line(path, number, line, task)
        if verdict == "correct":
            if pending is not None:
                break
            pending = (number, sentence, condition, id)
            continue
        if pending is None:
            raise broken(path, number, "a 'wrong' line without the 'correct' line of its pair before it")
        _, right, right_condition, right_id = pending
        if (sentence[:-1], condition, id) != (right[:-1], right_condition, right_id):
            raise broken(path, number, "expected the line before, but for the verb and column 3")
        if sentence[-1] == right[-1]:
            raise broken(path, number, f"the same verb, {sentence[-1]!r}, is called correct and wrong")
        if (condition, id) in seen:
            raise broken(path, number, f"id{id} was there before")
        seen.add((condition, id))
        pairs.append(Pair(right[:-1], right[-1:], sentence[-1:], (), task or "", condition, id))
        places.append(pending[0])
        pending = None
    if pending is not None:
        raise broken(path, pending[0], "no 'wrong' line follows, with which this one would make a pair")
    _check_numbers(path, places, pairs)
    return pairs


def _na_line(path, number, line, task):
    """(words, condition, verdict, id) of one line of a published file."""
    sentence, condition, verdict, id = four(path, number, line, "sentence, number, correct or wrong, id")
    letters = number_letters(condition)
    if task == "namePP":
        letters += "S"
    if not letters or task and letters not in CONDITIONS[task]:
        expected = "singular or plural" if task and len(CONDITIONS[task]) < 4 else "singular_plural or the like"
        raise broken(path, number, f"number {condition!r}; expected {expected}")
    if verdict not in ("correct", "wrong"):
        raise broken(path, number, f"{verdict!r} in column 3; expected 'correct' or 'wrong'")
    if not re.fullmatch(r"id[1-9][0-9]{0,8}", id):
        raise broken(path, number, f"{id!r} in column 4; expected an id such as 'id12'")
    return _sentence(path, number, sentence), letters, verdict, int(id[2:])


def number_letters(text):
    """``"singular_plural"`` -> ``"SP"``; ``""`` if it is no such thing."""
    letters = [NUMBERS.get(part, "") for part in text.split("_")]
    return "".join(letters) if all(letters) else ""


def labelled_pairs(path):
    """The pairs of an NA-task file of 5 columns: task, sentence, number of each noun, the verb's wrong form.

    One line a pair; the sentence ends in the right form. A task with one noun has 4 columns, one with three 6.
    """
    pairs, places, counts = [], [], {}
    for number, line in lines(path):
        if not line.strip(" "):
            continue
        columns = cells(path, number, line)
        condition = number_letters("_".join(columns[2:-1]))
        if not condition:
            expected = "task, sentence, singular or plural for each noun, the verb's wrong form"
            raise broken(path, number, f"{len(columns)} column(s); expected, separated by tabs: {expected}")
        label, sentence, wrong = columns[0], columns[1], columns[-1]
        sentence = _sentence(path, number, sentence)
        if len(words(wrong)) != 1 or wrong == sentence[-1]:
            raise broken(path, number, f"{wrong!r} in the last column; expected the other form of {sentence[-1]!r}")
        counts[label, condition] = counts.get((label, condition), 0) + 1
        pairs.append(Pair(sentence[:-1], sentence[-1:], (wrong,), (), label, condition, counts[label, condition]))
        places.append(number)
    _check_numbers(path, places, pairs)
    return pairs


def _check_numbers(path, places, pairs):
    """Refuse a file whose right forms have other numbers than its columns say."""
    forms = ((*pair.right, *pair.wrong, pair.condition) for pair in pairs)
    check_numbers(forms, lambda k, message: broken(path, places[k], message))


def _sentence(path, number, text):
    sentence = words(text)
    if len(sentence) < 2:
        raise broken(path, number, "expected a sentence of two words or more, the verb last")
    return sentence


def known_task(pairs, name=""):
    """The task whose form all pairs have, and what it adds to their conditions; ("", "") if there is none.

    Of two tasks of one form it is the one whose name is in `name`: ``"short_nested_outer_english"``.
    """
    named = sorted(TASKS, key=lambda task: task.lower() not in name.replace("_", "").lower())
    for task, template in ((task, TASKS[task]) for task in named):
        for added in ("", "S") if task == "namePP" else ("",):  # the files leave out that a name is singular
            if all(template.fits(pair.prefix, pair.condition + added) for pair in pairs):
                return task, added
    return "", ""
