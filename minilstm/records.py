"""Records in one line: the shapes of their arrays, not thousands of numbers."""

from itertools import groupby
from typing import TypeVar

import numpy as np

Record = TypeVar("Record")
FEW = 4  # members of a collection that are shown one by one
SHORT = 40  # characters of a value
LONG = 200  # of a record


def short_repr(cls: type[Record]) -> type[Record]:
    """Give a class of records, a NamedTuple or a dataclass, a repr of one line.

    >>> from minilstm.lstm import State
    >>> State(np.zeros((2, 1, 64)), np.zeros((2, 1, 64)))
    State(h, C: (2, 1, 64) float64)
    """
    cls.__repr__ = _one_line  # type: ignore[method-assign]
    return cls


def _one_line(record):
    fields = record._asdict() if isinstance(record, tuple) else vars(record)
    parts = []
    for what, names in groupby(fields, lambda name: _short(fields[name])):  # fields of one shape together
        parts.append(f"{', '.join(names)}: {what}")
    return _cut(f"{type(record).__name__}({'; '.join(parts)})", LONG)


def _short(value):
    if isinstance(value, np.ndarray):
        return f"{value.shape} {value.dtype}"
    if isinstance(value, float):  # NumPy's too
        return f"{value:.6g}"
    if type(value) in (tuple, list) and value:
        kind = type(value[0]).__name__
        return f"({', '.join(map(_short, value))})" if len(value) <= FEW else f"{len(value)} of type {kind}"
    return repr(value) if type(value).__repr__ is _one_line else _cut(repr(value), SHORT)


def _cut(text, width):
    return text if len(text) <= width else f"{text[: width - 3]}..."
