"""Sentences from files: the published NA-tasks, the Linzen set, and a user's own.

A broken line raises :class:`StimulusError`, which names the file, the line (from 1) and what was expected.
"""

import codecs
import re
from pathlib import Path

from ..errors import StimulusError
from .items import Item
from .tasks import CONDITIONS

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
HEADER = ("prefix", "right", "wrong", "condition")


def read_na_task(path):
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
    task = FILES[path.stem]
    items, seen, pending = [], set(), None
    for number, line in _lines(path):
        words, condition, verdict, id = _na_line(path, number, line, task)
        if verdict == "correct":
            if pending is not None:
                break
            pending = (number, words, condition, id)
            continue
        if pending is None:
            raise _broken(path, number, "a 'wrong' line without the 'correct' line of its pair before it")
        _, right_words, right_condition, right_id = pending
        if (words[:-1], condition, id) != (right_words[:-1], right_condition, right_id):
            raise _broken(path, number, "expected the line before, but for the verb and column 3")
        if words[-1] == right_words[-1]:
            raise _broken(path, number, f"the same verb, {words[-1]!r}, is called correct and wrong")
        if (condition, id) in seen:
            raise _broken(path, number, f"id{id} was there before")
        seen.add((condition, id))
        items.append(Item(words[:-1], right_words[-1], words[-1], task, condition, id))
        pending = None
    if pending is not None:
        raise _broken(path, pending[0], "no 'wrong' line follows, with which this one would make a pair")
    return items


def _na_line(path, number, line, task):
    """(words, condition, verdict, id) of one line of a published file."""
    names = "sentence, number, correct or wrong, id"
    sentence, condition, verdict, id = _columns(path, number, line, names)
    letters = "".join({"singular": "S", "plural": "P"}.get(part, "?") for part in condition.split("_"))
    if task == "namePP":
        letters += "S"
    if letters not in CONDITIONS[task]:
        expected = "singular_plural or the like" if len(CONDITIONS[task]) == 4 else "singular or plural"
        raise _broken(path, number, f"number {condition!r}; expected {expected}")
    if verdict not in ("correct", "wrong"):
        raise _broken(path, number, f"{verdict!r} in column 3; expected 'correct' or 'wrong'")
    if not re.fullmatch(r"id[1-9][0-9]{0,8}", id):
        raise _broken(path, number, f"{id!r} in column 4; expected an id such as 'id12'")
    words = _words(sentence)
    if len(words) < 2:
        raise _broken(path, number, "expected a sentence of two words or more, the verb last")
    return words, letters, verdict, int(id[2:])


def read_linzen(text, gold, case="text"):
    """Read the sentences of Linzen et al. (2016) as chosen by Gulordava et al. (2018): 7,489 from Wikipedia.

    Line k of `text` is a sentence, lower-case, its words separated by spaces; line k of `gold` is
    ``position of the verb, from 0<TAB>right form<TAB>wrong form<TAB>number of attractors``.

    Parameters
    ----------
    text, gold : str or Path
        ``subj_agr_filtered.text`` and ``subj_agr_filtered.gold``.
    case : {"text", "released"}
        Four gold lines have ``Is`` and ``Are`` where the sentence has ``is`` or ``are``. ``"text"`` lowers
        them to match; ``"released"`` leaves them as they stand, and as the authors' code scores them.

    Returns
    -------
    list of Item
        Task ``"Linzen"``; the condition is the number of attractors, ``"0"`` to ``"4"``, the id the number
        of the line. :func:`subject_number` gives the number of the subject. On four lines (1606, 2423,
        7193, 7331) right and wrong form are the same word: the paper's strict comparison counts them as
        errors of any model.

    Raises
    ------
    StimulusError
    """
    if case not in ("text", "released"):
        raise StimulusError(f"case {case!r}; expected 'text' or 'released'")
    sentences, answers = list(_lines(text)), list(_lines(gold))
    if len(sentences) != len(answers):
        shorter, longer = (text, gold) if len(sentences) < len(answers) else (gold, text)
        line = min(len(sentences), len(answers)) + 1
        raise _broken(shorter, line, f"the file ends before it; expected as many lines as in {longer}")
    items = []
    for (number, sentence), (_, answer) in zip(sentences, answers, strict=True):
        words = _words(sentence)
        if len(words) < 2:
            raise _broken(text, number, f"{sentence!r}; expected a sentence of two words or more")
        names = "position of the verb, right form, wrong form, number of attractors"
        position, right, wrong, attractors = _columns(gold, number, answer, names)
        _one_word(gold, number, right)
        _one_word(gold, number, wrong)
        if not re.fullmatch("[0-9]{1,9}", position):
            raise _broken(gold, number, f"{position!r} in column 1; expected the verb's position, from 0")
        if not 1 <= int(position) < len(words):
            expected = f"1 to {len(words) - 1}, a word of the sentence and not its first"
            raise _broken(gold, number, f"position {position} of the verb; expected {expected}")
        if not re.fullmatch("[0-9]", attractors):
            raise _broken(gold, number, f"{attractors!r} in column 4; expected the number of attractors")
        verb = words[int(position)]
        if verb not in (right, right.lower()):
            raise _broken(gold, number, f"right form {right!r}; expected the word there, {verb!r}")
        if case == "text" and right != verb:
            right, wrong = right.lower(), wrong.lower()
        items.append(Item(words[: int(position)], right, wrong, "Linzen", attractors, number))
    return items


def read_items(path):
    """Read sentences of your own: a text file in UTF-8 with four columns separated by tabs.

    ::

        # a comment; empty lines are skipped too
        prefix<TAB>right<TAB>wrong<TAB>condition
        The keys to the cabinet<TAB>are<TAB>is<TAB>PS

    The line with the names of the columns may be left out. `prefix` is everything before the verb, words and
    punctuation marks separated by spaces and written as in the model's vocabulary. The condition is any word:
    results are given for each condition.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    list of Item
        The task is the file's name without its ending; ids count from 1 within each condition, in file order.

    Raises
    ------
    StimulusError
    """
    path = Path(path)
    items, counts = [], {}
    first = True
    for number, line in _lines(path):
        if line.startswith("#") or not line.strip(" \t"):
            continue
        columns = _columns(path, number, line, ", ".join(HEADER))
        is_header = first and tuple(column.lower() for column in columns) == HEADER
        first = False
        if is_header:
            continue
        prefix, right, wrong, condition = columns
        for word in (right, wrong, condition):
            _one_word(path, number, word)
        if right == wrong:
            raise _broken(path, number, f"right and wrong form are both {right!r}; expected two words")
        if not _words(prefix):
            raise _broken(path, number, "the prefix is empty; expected the words before the verb")
        counts[condition] = counts.get(condition, 0) + 1
        items.append(Item(_words(prefix), right, wrong, path.stem, condition, counts[condition]))
    if not items:
        raise StimulusError(f"{path}: no sentences; expected lines of {', '.join(HEADER)}, separated by tabs")
    return items


def _lines(path):
    """(number from 1, text) of each line; a byte-order mark and Windows line ends are taken off.

    A file read as bytes ends its lines at ``\\n`` only. str.splitlines would also split at characters such as
    U+2028, which may stand inside a word.
    """
    number = 0
    try:
        with open(path, "rb") as file:
            for number, line in enumerate(file, 1):
                if number == 1:
                    line = line.removeprefix(codecs.BOM_UTF8)
                yield number, line.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except OSError as error:
        raise StimulusError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        raise _broken(path, number, f"byte 0x{byte:02x} is not UTF-8; expected text in UTF-8") from error
    if number == 0:
        raise StimulusError(f"{path}: the file is empty")


def _columns(path, number, line, names):
    """The four columns of a line; every kind of file here has four."""
    columns = [column.strip(" ") for column in line.split("\t")]
    if len(columns) != 4:
        raise _broken(path, number, f"{len(columns)} column(s); expected 4, separated by tabs: {names}")
    return columns


def _words(text):
    """Split at spaces alone: other Unicode white space may be part of a word of the vocabulary."""
    return tuple(word for word in text.split(" ") if word)


def _one_word(path, number, text):
    if len(_words(text)) != 1:
        raise _broken(path, number, f"{text!r}; expected one word")


def _broken(path, number, message):
    return StimulusError(f"{path}, line {number}: {message}")
