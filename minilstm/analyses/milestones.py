"""Milestones of a training: when agreement was solved for good, and since when a single unit is missed."""

from .drops import POINTS
from .locality import CONDITIONS

SOLVED = 0.95


def milestones(columns, rows):
    """Columns and rows, one row a training: when it was solved, and since when its final units are missed.

    Parameters
    ----------
    columns, rows
        What `emergence.table` returned, or was written as CSV and read again.
    """
    snapshots, lines = [dict(zip(columns, row, strict=True)) for row in rows], []
    for name in dict.fromkeys(snapshot["training"] for snapshot in snapshots):
        training = [snapshot for snapshot in snapshots if snapshot["training"] == name]
        tokens, line = [snapshot["tokens"] for snapshot in training], [name]
        for condition in CONDITIONS.values():
            points = [snapshot[f"lost by final {condition}"] for snapshot in training]
            line += [
                for_good(tokens, [snapshot[f"nounPP {condition}"] >= 100 * SOLVED for snapshot in training]),
                training[-1][f"final {condition}"],
                points[-1],
                for_good(tokens, [one > 100 * POINTS for one in points]),
            ]
        lines.append([*line, training[-1]["locality"]])
    parts = [
        f"{condition}: {part}"
        for condition in CONDITIONS.values()
        for part in ("solved at", "unit", "lost", "missed since")
    ]
    return ["training", *parts, "locality"], lines


def for_good(tokens, holds):
    """The first of `tokens` from which on `holds` is true to the end; None if it is not so at the end."""
    last_false = max((k for k, true in enumerate(holds) if not true), default=-1)
    return tokens[last_false + 1] if last_false + 1 < len(tokens) else None
