"""Tables as aligned text for people, as CSV and JSON for programs."""

import csv
import io
import json
import math

import numpy as np

from ..errors import MinilstmError


def render(columns, rows, form="text", digits=1):
    """A table in one of three forms.

    Parameters
    ----------
    columns : sequence of str
    rows : sequence of sequences
        Strings, numbers or None, one a column.
    form : {"text", "csv", "json"}
    digits : int, or sequence of int
        Decimals of floats in text, of all columns or of each; programs get all of them.

    Returns
    -------
    str
        Without a newline at its end.
    """
    if form == "json":
        return to_json([dict(zip(columns, row, strict=True)) for row in rows])
    if form == "csv":
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerows([columns, *([plain(cell) for cell in row] for row in rows)])
        return text.getvalue().rstrip("\n")
    digits = [digits] * len(columns) if isinstance(digits, int) else digits
    cells = [[show(cell, n) for cell, n in zip(row, digits, strict=True)] for row in rows]
    widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
    right = [all(not isinstance(row[k], str) for row in rows) for k in range(len(columns))]
    lines = [
        "  ".join(
            cell.rjust(w) if r else cell.ljust(w) for cell, w, r in zip(line, widths, right, strict=True)
        ).rstrip()
        for line in (columns, *cells)
    ]
    return "\n".join([lines[0], "-" * (sum(widths) + 2 * (len(widths) - 1)), *lines[1:]])


def read_csv(path):
    """Columns and rows of a table that was written as CSV by `render`; what looks like a number is one again.

    Raises
    ------
    MinilstmError
        Naming file and line, if it cannot be read or a row is not as long as the first.
    """
    try:
        with open(path, encoding="utf-8", newline="") as file:
            columns, *rows = csv.reader(file)
    except (OSError, ValueError, csv.Error) as error:
        raise MinilstmError(f"{path}: cannot be read as a table in CSV ({error})") from error
    for number, row in enumerate(rows, 2):
        if len(row) != len(columns):
            raise MinilstmError(f"{path}, row {number}: {len(row)} cells, expected {len(columns)}")
    return columns, [[_parsed(cell) for cell in row] for row in rows]


def _parsed(text):
    """Parse a cell: None, a whole number, a float or a string."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text or None


def show(cell, digits=1):
    """A cell as a person reads it: floats with so many decimals, '-' for what is not there."""
    cell = plain(cell)
    if cell is None:
        return "-"
    return fixed(cell, digits) if isinstance(cell, float) else str(cell)


def fixed(value, digits):
    """A number with so many decimals; 0 has no sign, so that what is rounded away is not shown as negative."""
    text = f"{value:.{digits}f}"
    return text.lstrip("-") if float(text) == 0 else text


def plain(cell):
    """A NumPy scalar as Python's own; nan as None, since neither CSV nor JSON has a word for it."""
    cell = cell.item() if isinstance(cell, np.generic) else cell
    return None if isinstance(cell, float) and math.isnan(cell) else cell


def to_json(value):
    """Indented JSON; arrays become lists, nan becomes null."""
    return json.dumps(_jsonable(value), indent=1, ensure_ascii=False, allow_nan=False)


def _jsonable(value):
    if isinstance(value, dict):
        return {str(key): _jsonable(one) for key, one in value.items()}
    if isinstance(value, np.ndarray):
        return _jsonable(value.tolist())
    if isinstance(value, (list, tuple)):
        return [_jsonable(one) for one in value]
    return plain(value)
