"""Reader of a user's own sentences: tables of any columns, separated by tabs, commas or semicolons.

What is certain is mended and said; what is not is refused with the file and the line.
"""

import re
from collections import Counter

from ..errors import StimulusError
from .columns import are_forms, as_named, by_content, by_header, known_names, known_verb, with_prefix
from .conditions import NUMBERS, check_numbers, said_numbers
from .items import Item, Pair, split, subject_number
from .lines import broken, tokens, words
from .na_files import number_letters
from .prefixes import words_before_verbs
from .table_rows import EXPECTED, SENTENCES, read_rows

WAY_OUT = (
    "; if the columns are the singular and the plural form, name them so in a first line; if the condition is about"
    " another noun than the verb's, it may say so, such as 'plural attractor'"
)


def own_pairs(path):
    """The pairs of a user's table.

    Parameters
    ----------
    path : Path

    Returns
    -------
    pairs : list of Pair
        Their ids count from 1 within each condition.
    kind : str
        What the file was taken for.
    notes : list of str
        What was mended or left out.

    Raises
    ------
    StimulusError
    """
    rows, delimiter, notes = read_rows(path)
    (first, header), *_ = rows
    roles = by_header(header)
    if len(header) < 3 and not roles:
        raise broken(path, first, f"{len(header)} column(s); expected {EXPECTED}, separated by tabs{SENTENCES}")
    _one_of_each(path, first, header, roles)
    if roles:
        rows = rows[1:]
    else:
        roles = _content(path, rows)
        if roles is None:
            _one_of_each(path, first, header, known_names(header))
            roles, rows = as_named(header, _content(path, rows[1:])), rows[1:]
            forms = [name for name in ("right", "wrong", "singular", "plural") if name in roles]
            named = ", ".join(f"{header[roles[form][0]]!r} for the {form} form" for form in forms)
            notes.append(f"line {first} is taken for the names of the columns, {named}")
        else:
            taken = ", ".join(f"{columns[0] + 1} {role}" for role, columns in sorted(roles.items(), key=lambda r: r[1]))
            notes.append(f"columns taken for what stands in them: {taken}")
    if not rows:
        raise StimulusError(f"{path}: no sentences; expected lines of {EXPECTED}, separated by tabs")
    roles = with_prefix(roles, [row for _, row in rows])
    ignored = [header[k] for k in range(len(header)) if [k] not in roles.values()]
    if ignored and header != rows[0][1]:
        notes.append(f"columns not used: {', '.join(map(repr, ignored))}")
    return _pairs(path, rows, roles, notes), f"table of {len(header)} columns between {delimiter}", notes


def record_pairs(path, records):
    """The pairs of JSON records, a list of (place in the file, dict), whose keys are named as columns are."""
    names = list(records[0][1])
    roles = by_header(names)
    if not roles:
        expected = f"keys such as {EXPECTED}, or sentence_good and sentence_bad"
        raise _error(path, records[0][0], f"keys {', '.join(map(repr, names))}; expected {expected}")
    _one_of_each(path, records[0][0], names, roles)
    for place, record in records:
        if list(record) != names or not all(isinstance(value, (str, int)) for value in record.values()):
            raise _error(path, place, f"expected the keys {', '.join(names)}, each with a text")
    rows = [(place, [str(value) for value in record.values()]) for place, record in records]
    roles, notes = with_prefix(roles, [row for _, row in rows]), []
    return _pairs(path, rows, roles, notes), f"JSON records of {len(names)} keys", notes


def _one_of_each(path, place, names, roles):
    """Refuse names of which two mean the same."""
    for columns in roles.values():
        if len(columns) > 1:
            both = " and ".join(repr(names[k]) for k in columns)
            raise _error(path, place, f"{len(names)} columns, of which {both} name the same; expected {EXPECTED}")


def _content(path, rows):
    """Roles by content; None if the first row is a header of unknown names; an error if the columns tell nothing."""
    if not rows:
        return {}
    roles = by_content([row for _, row in rows])
    if len(rows) > 1 and _names_columns(*(row for _, row in rows)):
        return None
    if not roles or len(roles.get("condition", ())) > 1:
        (number, row), *_ = rows
        raise broken(
            path,
            number,
            f"no telling which of {row} are the two forms of a verb; a first line with the"
            f" names of the columns says so: {EXPECTED}",
        )
    return roles


def _names_columns(names, *rows):
    """Return whether the first row is a header: its words are short, and no verb forms as all below them are."""
    if all(len(words(name)) == 1 for name in names) and all(any(len(words(cell)) > 1 for cell in row) for row in rows):
        return True
    roles = by_content(rows)
    if not roles or not all(len(words(name)) < 3 for name in names):
        return False
    first, *others = (are_forms(*(row[roles[form][0]] for form in ("right", "wrong"))) for row in (names, *rows))
    return not first and all(others)


def _pairs(path, rows, roles, notes):
    """The pairs that the rows hold, each cell checked."""
    cell = {role: columns[0] for role, columns in roles.items()}
    if {"good", "bad"} <= set(cell) or "prefix" not in cell:
        return _whole_pairs(path, rows, cell)
    parts, conditions = [], []
    for number, row in rows:
        condition = row[cell["condition"]] if "condition" in cell else None
        forms = ("right", "wrong") if "right" in cell else _forms_by_number(path, number, condition)
        prefix, right, wrong = (tokens(row[cell[role]]) for role in ("prefix", *forms))
        if not right or not wrong or condition == "":
            raise _error(path, number, "an empty cell; expected at least one word")
        if not prefix:
            raise _error(path, number, "the prefix is empty; expected the words before the verb")
        if right == wrong:
            raise _error(path, number, f"right and wrong form are both {' '.join(right)!r}; expected two words")
        if right[: len(prefix)] == prefix:
            raise _error(path, number, f"the right form is {' '.join(right)!r}, with the prefix; expected the verb")
        part = (prefix, right, wrong, ())
        if forms[0] in NUMBERS.values() and _number(part) and NUMBERS[_number(part)] != forms[0]:
            raise _error(path, number, f"{' '.join(right)!r} stands in the column of the {forms[0]} forms")
        parts.append(part)
        conditions.append(condition)
    _say_glued(rows, cell["prefix"], notes)
    parts = _lower_titles(parts, notes)
    parts, note = words_before_verbs(parts, lambda k, message: _error(path, rows[k][0], message))
    notes += [note] if note else []
    if "condition" not in cell:
        notes.append("no column is a condition: the number of the verb is taken for it")
        conditions = [_number(part) or "all" for part in parts]
    conditions = [number_letters(condition) or " ".join(words(condition)) for condition in conditions]
    _check_conditions(path, list(zip(rows, parts, conditions, strict=True)))
    _say_repeated(parts, notes)
    _say_contexts(parts, notes)
    return _numbered(path, parts, conditions)


def _forms_by_number(path, place, condition):
    """Choose the right form from the columns 'singular' and 'plural' by the condition."""
    letters = said_numbers(condition or "") or (condition or "").upper()
    if not re.fullmatch("[SP]+", letters):
        found = "no column is named 'condition'" if condition is None else f"condition {condition!r}"
        expected = "a condition that begins with the subject's number, such as SP, or columns 'right' and 'wrong'"
        raise _error(path, place, f"no telling which form is right: {found}; expected {expected}")
    return ("singular", "plural") if letters[0] == "S" else ("plural", "singular")


def _number(part):
    """The number of the right form, "" if the forms do not tell."""
    prefix, right, wrong, _ = part
    return subject_number(Item(prefix, " ".join(right), " ".join(wrong), "", "", 0))


def _whole_pairs(path, rows, cell):
    """Pairs of whole sentences."""
    good, bad = ("good", "bad") if {"good", "bad"} <= set(cell) else ("right", "wrong")
    if not {good, bad} <= set(cell):
        raise _error(path, rows[0][0], f"no column holds the words before the verb; expected {EXPECTED}")
    parts, conditions = [], []
    for number, row in rows:
        sentences = tokens(row[cell[good]], last_stop=True), tokens(row[cell[bad]], last_stop=True)
        if not all(sentences) or sentences[0] == sentences[1]:
            raise _error(path, number, "expected two different sentences, the grammatical one and the other")
        if min(map(len, sentences)) < 2:
            raise _error(
                path, number, f"no column holds the words before the verb; expected {EXPECTED}, or two sentences"
            )
        parts.append(split(*sentences))
        conditions.append(row[cell["condition"]] if "condition" in cell else "all")
    told = zip(rows, parts, conditions, strict=True)
    _check_conditions(path, [one for one in told if known_verb(*map(" ".join, one[1][1:3]))])  # not nouns
    return _numbered(path, parts, conditions)


def _check_conditions(path, told):
    """Refuse a right form of another number than its condition says; each of `told` is a row, its parts, and that."""
    check_numbers(
        [(" ".join(right), " ".join(wrong), condition) for _, (_, right, wrong, _), condition in told],
        lambda k, message: _error(path, told[k][0][0], message + WAY_OUT),
    )


def _numbered(path, parts, conditions):
    counts, pairs = Counter(), []
    for part, condition in zip(parts, conditions, strict=True):
        counts[condition] += 1
        pairs.append(Pair(*part, path.stem, condition, counts[condition]))
    return pairs


def _lower_titles(parts, notes):
    """Verb forms in lower case where all of them are capitalised, which no verb after other words is."""
    forms = [word for _, right, wrong, _ in parts for word in (right[0], wrong[0])]
    if not all(re.fullmatch(r"[A-Z][a-z']+", form) for form in forms):
        return parts
    notes.append("the verb forms are capitalised: lower-cased")
    lower = [(tuple(w.lower() for w in right), tuple(w.lower() for w in wrong)) for _, right, wrong, _ in parts]
    return [(prefix, *pair, rest) for (prefix, _, _, rest), pair in zip(parts, lower, strict=True)]


def _say_glued(rows, column, notes):
    glued = sum(tokens(row[column]) != words(row[column]) for _, row in rows)
    if glued:
        notes.append(f"{glued} prefix(es) had a punctuation mark at a word: set apart, as in 'laugh ,'")


def _say_repeated(parts, notes):
    repeated = sum(count - 1 for count in Counter(parts).values())
    if repeated:
        notes.append(f"{repeated} line(s) repeat an earlier one, and count again")


def _say_contexts(parts, notes):
    several = sum("<eos>" in prefix for prefix, *_ in parts)
    if several:
        notes.append(f"{several} prefix(es) hold <eos>: what stands before it is read first, as an earlier sentence")


def _error(path, place, message):
    """The error for a row, by its line number or, of a JSON file, by its name."""
    return broken(path, place, message) if isinstance(place, int) else StimulusError(f"{path}, {place}: {message}")
