"""The rows of a table in a text file, whatever stands between its cells."""

from collections import Counter

from ..errors import StimulusError
from .columns import by_header
from .lines import broken, cells, lines

EXPECTED = "prefix, right, wrong, condition"
SENTENCES = ", or whole sentences under the names sentence_good and sentence_bad"
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
    written = [(number, line) for number, line in lines(path) if line.strip(" \t")]
    kept = [(number, line) for number, line in written if not line.startswith("#")]
    if not kept:
        raise StimulusError(f"{path}: no sentences; expected lines of {EXPECTED}, separated by tabs")
    delimiter = "\t"
    if not any("\t" in line for _, line in kept):
        number, line = kept[0]
        counts = {mark: (min(line.count(mark) for _, line in kept), line.count(mark)) for mark in ",;"}
        delimiter = max(counts, key=counts.get)
        if max(counts[delimiter]) < 2 and not by_header(cells(path, number, line, delimiter)):
            message = f"1 column(s), {line[:60]!r}; expected 4, separated by tabs: {EXPECTED}{SENTENCES}"
            raise broken(path, number, message + ". Sentences alone do not say which verb is tested")
    rows = [(number, cells(path, number, line, delimiter)) for number, line in kept]
    _check_lengths(path, rows, NAMES[delimiter])
    rows, notes = _without_empty(_without_quotes(rows) if delimiter == "\t" else rows)
    if len(kept) < len(written):
        notes.append(f"{len(written) - len(kept)} line(s) begin with #: taken for comments")
    return rows, NAMES[delimiter], notes


def _without_quotes(rows):
    """The rows of a table between tabs without the quotes around all cells of a line, or of a column below its name.

    Quotes around one cell among others may be part of a sentence.
    """
    quoted = [[len(cell) > 1 and cell[0] == cell[-1] == '"' for cell in row] for _, row in rows]
    columns = [all(column) for column in zip(*(quoted[1:] or quoted), strict=True)]
    return [
        (
            number,
            [
                cell[1:-1].replace('""', '"').strip(" ") if is_quoted and (columns[k] or all(line)) else cell
                for k, (cell, is_quoted) in enumerate(zip(row, line, strict=True))
            ],
        )
        for (number, row), line in zip(rows, quoted, strict=True)
    ]


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
