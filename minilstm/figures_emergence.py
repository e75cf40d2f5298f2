"""Emergence over training, and locality by size, depth and dropout: a thin line a training, a thick one their median."""

import numpy as np

from .locality import CONDITIONS
from .plots import NEUTRAL, PLURAL, SINGULAR, figure

COLORS = dict(zip(CONDITIONS.values(), (SINGULAR, PLURAL), strict=True))
UNITS = "#b35900"  # neither a singular nor a plural
# Panels: what stands at their y-axis, its range, and for each column of `emergence.table` a label and a colour
PANELS = (
    ("% right", (-4, 104), {
        "Simple S": ("Simple S", "0.65"), "Simple P": ("Simple P", NEUTRAL),
        "nounPP SP": ("nounPP SP", SINGULAR), "nounPP PS": ("nounPP PS", PLURAL)}),
    ("points lost without one unit", (-24, 104), {
        f"lost by final {condition}": (f"in nounPP {condition}", color) for condition, color in COLORS.items()}),
    ("AUC at the second noun", (-0.04, 1.04), {
        "AUC final units": ("those units", UNITS), "AUC all others": ("all others", NEUTRAL)}),
    ("locality of the code", (-0.04, 1.04), {"locality": ("", NEUTRAL)}),
)  # fmt: skip


def plot_emergence(columns, rows, first=100_000):
    """Accuracy, ablation, decoding and locality over the words read in training.

    Parameters
    ----------
    columns, rows
        What `emergence.table` returned, or was written as CSV and read again.
    first : int
        Where the axis of words begins; before it nothing happens.

    Returns
    -------
    matplotlib.figure.Figure
    """
    trainings = list(dict.fromkeys(row[0] for row in rows))
    words = np.array([row[columns.index("words")] for row in rows], float)
    first = min(first, words.max() / 2)
    fig, axes = figure(2, 2, 6.6, 4.6, sharex=True)
    for axis, (label, limits, lines) in zip(axes.flat, PANELS, strict=True):
        for column, (name, color) in lines.items():
            k = columns.index(column)
            values = np.array([np.nan if row[k] is None else row[k] for row in rows], float)
            for training in trainings:
                of = np.array([row[0] == training for row in rows])
                axis.plot(words[of], values[of], color=color, linewidth=0.4, alpha=0.6)
            moments = [w for w in np.unique(words) if (words == w).sum() == len(trainings)]
            # no median while some of them have no value yet
            middle = [np.median(values[words == w]) for w in moments]
            axis.plot(moments, middle, color=color, linewidth=2, label=name)
        axis.set_ylabel(label, fontsize=8)
        axis.set_ylim(limits)
        if len(lines) > 1:
            axis.legend(fontsize=6.5, frameon=False, loc="upper left")
    for axis in axes[1]:
        axis.set_xscale("log")
        axis.set_xlim(first, words.max())
        axis.set_xlabel("words read", fontsize=8)
    return fig
