"""Curves and milestones of trainings, from the table of `emergence.py`.

A milestone is when agreement was solved for good, or since when a single unit is missed.
"""

import numpy as np

from .drops import POINTS
from .locality import ACROSS_ATTRACTOR
from .style import NEUTRAL, PLURAL, SINGULAR, figure, in_style

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
        for condition in ACROSS_ATTRACTOR.values():
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
        for condition in ACROSS_ATTRACTOR.values()
        for part in ("solved at", "unit", "lost", "missed since")
    ]
    return ["training", *parts, "locality"], lines


def for_good(tokens, holds):
    """The first of `tokens` from which on `holds` is true to the end; None if it is not so at the end."""
    last_false = max((k for k, true in enumerate(holds) if not true), default=-1)
    return tokens[last_false + 1] if last_false + 1 < len(tokens) else None


# Panels: title, what stands at the y-axis, its range, and for each column of `table` a label and a colour
SHARE, AUC = ("% right", (-4, 104)), ("AUC at the second noun", (-0.04, 1.04))
PANELS = (
    ("Simple", *SHARE, {"Simple S": ("S", SINGULAR), "Simple P": ("P", PLURAL)}),
    ("nounPP", *SHARE, {"nounPP SP": ("SP", SINGULAR), "nounPP PS": ("PS", PLURAL)}),
    (
        "without its final unit",
        "points lost",
        (-34, 104),
        {"lost by final SP": ("in nounPP SP", SINGULAR), "lost by final PS": ("in nounPP PS", PLURAL)},
    ),
    ("read from the final units", *AUC, {"AUC final units": ("", NEUTRAL)}),
    ("read from all others", *AUC, {"AUC all others": ("", NEUTRAL)}),
    ("how local the code is", "locality", (-0.04, 1.04), {"locality": ("", NEUTRAL)}),
)


@in_style()
def plot_emergence(columns, rows, first=300_000):
    """Accuracy, ablation, decoding and locality over training.

    Parameters
    ----------
    columns, rows
        What `table` returned, or was written as CSV and read again.
    first : int
        Tokens at which the axis begins, if the snapshots do not begin later; before it nothing much happens.
    """
    trainings = list(dict.fromkeys(row[0] for row in rows))
    tokens = np.array([row[columns.index("tokens")] for row in rows], float)
    first = min(max(first, tokens.min() / 1.1), tokens.max() / 2)
    fig, axes = figure(2, 3, 6.0, 3.7, sharex=True)
    for axis, (title, label, limits, lines) in zip(axes.flat, PANELS, strict=True):
        for column, (name, color) in lines.items():
            k = columns.index(column)
            values = np.array([np.nan if row[k] is None else row[k] for row in rows], float)
            for training in trainings:
                of = np.array([row[0] == training for row in rows])
                axis.plot(tokens[of], values[of], color=color, linewidth=0.4, alpha=0.7)
            shared = [t for t in np.unique(tokens) if (tokens == t).sum() == len(trainings)]
            # no median while some of them have no value yet
            middle = [np.median(values[tokens == t]) for t in shared]
            axis.plot(shared, middle, color=color, linewidth=2, label=name)
        axis.set_title(title)
        axis.set_ylabel(label, fontsize=7)
        axis.set_ylim(limits)
        if len(lines) > 1:
            axis.legend(fontsize=6.5, loc="best")
    for axis in axes[1]:
        axis.set_xscale("log")
        axis.set_xlim(first, 1.1 * tokens.max())
        axis.tick_params(axis="x", which="minor", labelsize=5)
        axis.set_xlabel("training tokens")
    return fig
