"""The rows of a table in a text file, whatever stands between its cells."""

from collections import Counter

from ..errors import StimulusError
from .lines import broken, cells, lines

EXPECTED = "prefix, right, wrong, condition"
NAMES = {"\t": "tabs", ",": "commas", ";": "semicolons"}


def read_rows(path):
    """The rows of a table, all of one length.

    Returns
    -------
    rows : list of (int, list of str)
        Line number from 1, and cells; without comments, empty lines and columns that hold nothing of their own.
    delimiter : str
        What stands between the cells: ``"tabs"``, ``"commas"`` or ``"semicolons"``.
    notes : list of str
        Which columns are left out.

    Raises
    ------
    StimulusError
    """
    kept = [(number, line) for number, line in lines(path) if line.strip(" \t") and not line.startswith("#")]
    if not kept:
        raise StimulusError(f"{path}: no sentences; expected lines of {EXPECTED}, separated by tabs")
    delimiter = "\t"
    if not any("\t" in line for _, line in kept):
        counts = {mark: min(line.count(mark) for _, line in kept) for mark in ",;"}
        delimiter = max(counts, key=counts.get)
        if counts[delimiter] < 2:
            number, line = kept[0]
            message = f"1 column(s), {line[:60]!r}; expected 4, separated by tabs: {EXPECTED}"
            raise broken(path, number, message + ". Sentences alone do not say which verb is tested")
    rows = [(number, cells(path, number, line, delimiter)) for number, line in kept]
    _check_lengths(path, rows, NAMES[delimiter])
    rows, notes = _without_empty(rows)
    return rows, NAMES[delimiter], notes


def _without_empty(rows):
    """The rows without columns that are empty throughout, or number the lines under an empty name, as pandas writes."""
    columns, notes, drop = list(zip(*(row for _, row in rows), strict=True)), [], set()
    for k, column in enumerate(columns):
        if not any(column) and (len(rows) > 1 or k == len(columns) - 1):
            drop.add(k)
            notes.append(f"column {k + 1} is empty: left out")
        elif not column[0] and len(rows) > 1 and all(cell.isdigit() for cell in column[1:]):
            drop.add(k)
            notes.append(f"column {k + 1} numbers the lines: left out")
    return [(number, [cell for k, cell in enumerate(row) if k not in drop]) for number, row in rows], notes


def _check_lengths(path, rows, name):
    """Refuse the first line that has not as many columns as most."""
    length = Counter(len(row) for _, row in rows).most_common(1)[0][0]
    for number, row in rows:
        if len(row) != length:
            expected = f"expected {length}, separated by {name}, as in most lines"
            raise broken(path, number, f"{len(row)} column(s); {expected}")
