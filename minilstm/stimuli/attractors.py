"""Readers of the Linzen set and of the nonce sentences of Gulordava et al. (2018).

A broken line raises :class:`StimulusError`, which names the file, the line (from 1) and what was expected.
"""

import re
from pathlib import Path

from ..errors import StimulusError
from .items import Item, Pair
from .lines import broken, cells, four, lines, words

UNKNOWN_ATTRACTORS = "-999"  # what files of this form write where the attractors were not counted
TABLE_COLUMNS = ("constr_id", "sent_id", "form", "class", "prefix", "n_attr")


def read_linzen(text: str | Path, gold: str | Path, case: str = "text") -> list[Item]:
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
        of the line. In files of one's own the number may be -999, for not counted: condition ``"uncounted"``.
        :func:`subject_number` gives the number of the subject. On four lines (1606, 2423,
        7193, 7331) right and wrong form are the same word: the paper's strict comparison counts them as
        errors of any model.

    Raises
    ------
    StimulusError
    """
    return [pair.item for pair in linzen_pairs(text, gold, case)]


def linzen_pairs(text, gold, case="text"):
    """The pairs of the Linzen set, up to the verb; parameters as in `read_linzen`."""
    if case not in ("text", "released"):
        raise StimulusError(f"case {case!r}; expected 'text' or 'released'")
    pairs = []
    for number, sentence, answer in _side_by_side(text, gold):
        names = "position of the verb, right form, wrong form, number of attractors"
        position, right, wrong, attractors = four(gold, number, answer, names)
        for form in (right, wrong):
            if len(words(form)) != 1:
                raise broken(gold, number, f"{form!r}; expected one word")
        position = _position(gold, number, position, "column 1", sentence)
        if not re.fullmatch(f"[0-9]{{1,3}}|{UNKNOWN_ATTRACTORS}", attractors):
            raise broken(gold, number, f"{attractors!r} in column 4; expected the number of attractors")
        verb = sentence[position]
        if verb not in (right, right.lower()):
            raise broken(gold, number, f"right form {right!r}; expected the word there, {verb!r}")
        if case == "text" and right != verb:
            right, wrong = right.lower(), wrong.lower()
        condition = "uncounted" if attractors == UNKNOWN_ATTRACTORS else attractors
        pairs.append(Pair(sentence[:position], (right,), (wrong,), (), "Linzen", condition, number))
    return pairs


def gulordava_pairs(text, gold):
    """The pairs of Gulordava et al. (2018), ``generated.text`` and ``generated.gold``: 12 columns or so.

    Column 4 of `gold` is the verb's position from 0, columns 7 and 8 are its forms. The sentence's own verb is that of
    the sentence it was made from, and is not looked at. Sentences of number 0 (column 3) are original, the others
    nonsense of their form.
    """
    pairs, counts = [], {}
    for number, sentence, answer in _side_by_side(text, gold):
        columns = cells(gold, number, answer)
        if len(columns) < 8:
            expected = (
                "pattern, construction, sentence, position, part of speech, features, right form, wrong form, ..."
            )
            raise broken(gold, number, f"{len(columns)} column(s); expected, separated by tabs: {expected}")
        position = _position(gold, number, columns[3], "column 4", sentence)
        right, wrong = (words(form) for form in columns[6:8])
        if not right or not wrong or right == wrong:
            raise broken(gold, number, f"forms {columns[6]!r} and {columns[7]!r}; expected two different words")
        task = "Gulordava original" if columns[2] == "0" else "Gulordava nonce"
        condition = {"Number=Sing": "S", "Number=Plur": "P"}.get(
            next((feature for feature in columns[5].split("|") if feature.startswith("Number=")), ""), "all"
        )
        counts[task, condition] = id = counts.get((task, condition), 0) + 1
        pairs.append(Pair(sentence[:position], right, wrong, (), task, condition, id))
    return pairs


def gulordava_table_pairs(path):
    """The pairs of ``generated.tab``: two lines a sentence, of class ``correct`` and ``wrong``, with the words before.

    The condition is the number of attractors.
    """
    pairs, counts, header, pending = [], {}, None, None
    for number, line in lines(path):
        columns = cells(path, number, line)
        if header is None:
            header = columns
            continue
        if len(columns) != len(header):
            raise broken(path, number, f"{len(columns)} column(s); expected {len(header)}, as in the first line")
        row = dict(zip(header, columns, strict=True))
        key = tuple(row[name] for name in ("constr_id", "sent_id", "prefix", "n_attr"))
        if row["class"] not in ("correct", "wrong"):
            raise broken(path, number, f"class {row['class']!r}; expected 'correct' or 'wrong'")
        if pending is None:
            pending = (number, key, row)
            continue
        _, before, other = pending
        if before != key or other["class"] == row["class"]:
            break
        right, wrong = sorted((row, other), key=lambda line: line["class"])
        forms = words(right["form"]), words(wrong["form"])
        if not words(row["prefix"]) or not all(forms) or forms[0] == forms[1]:
            raise broken(path, number, "expected words before the verb and two different forms of it")
        task = f"Gulordava {'original' if row['sent_id'] == '0' else 'nonce'}"
        counts[task, row["n_attr"]] = id = counts.get((task, row["n_attr"]), 0) + 1
        pairs.append(Pair(words(row["prefix"]), *forms, (), task, row["n_attr"], id))
        pending = None
    if pending is not None:
        expected = "a line of the other class, 'correct' or 'wrong', with the same words before the verb"
        raise broken(path, pending[0], f"{pending[2]['form']!r} stands alone; expected {expected} after it")
    return pairs


def _side_by_side(text, gold):
    """(line number, words of the sentence, line of the answers) of two files of as many lines."""
    sentences, answers = list(lines(text)), list(lines(gold))
    if len(sentences) != len(answers):
        shorter, longer = (text, gold) if len(sentences) < len(answers) else (gold, text)
        line = min(len(sentences), len(answers)) + 1
        raise broken(shorter, line, f"the file ends before it; expected as many lines as in {longer}")
    for (number, sentence), (_, answer) in zip(sentences, answers, strict=True):
        if len(words(sentence)) < 2:
            raise broken(text, number, f"{sentence!r}; expected a sentence of two words or more")
        yield number, words(sentence), answer


def _position(path, number, text, column, sentence):
    """The verb's place in the sentence."""
    if not re.fullmatch("[0-9]{1,9}", text):
        raise broken(path, number, f"{text!r} in {column}; expected the verb's position, from 0")
    if not 1 <= int(text) < len(sentence):
        expected = f"1 to {len(sentence) - 1}, a word of the sentence and not its first"
        raise broken(path, number, f"position {text} of the verb; expected {expected}")
    return int(text)
