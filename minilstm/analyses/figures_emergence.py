"""Emergence over training: a thin line a training, a thick one their median."""

import numpy as np

from .plots import NEUTRAL, PLURAL, SINGULAR, figure

# Panels: title, what stands at the y-axis, its range, and for each column of `emergence.table` a label and a colour
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


def plot_emergence(columns, rows, first=300_000):
    """Accuracy, ablation, decoding and locality over the words read in training.

    Parameters
    ----------
    columns, rows
        What `emergence.table` returned, or was written as CSV and read again.
    first : int
        Where the axis of words begins, if the snapshots do not begin later; before it nothing much happens.

    Returns
    -------
    matplotlib.figure.Figure
    """
    trainings = list(dict.fromkeys(row[0] for row in rows))
    words = np.array([row[columns.index("words")] for row in rows], float)
    first = min(max(first, words.min() / 1.1), words.max() / 2)
    fig, axes = figure(2, 3, 6.0, 3.7, sharex=True)
    for axis, (title, label, limits, lines) in zip(axes.flat, PANELS, strict=True):
        for column, (name, color) in lines.items():
            k = columns.index(column)
            values = np.array([np.nan if row[k] is None else row[k] for row in rows], float)
            for training in trainings:
                of = np.array([row[0] == training for row in rows])
                axis.plot(words[of], values[of], color=color, linewidth=0.4, alpha=0.7)
            moments = [w for w in np.unique(words) if (words == w).sum() == len(trainings)]
            # no median while some of them have no value yet
            middle = [np.median(values[words == w]) for w in moments]
            axis.plot(moments, middle, color=color, linewidth=2, label=name)
        axis.set_title(title, fontsize=8)
        axis.set_ylabel(label, fontsize=7)
        axis.set_ylim(limits)
        if len(lines) > 1:
            axis.legend(fontsize=6.5, frameon=False, loc="best")
    for axis in axes[1]:
        axis.set_xscale("log")
        axis.set_xlim(first, 1.1 * words.max())
        axis.tick_params(axis="x", which="minor", labelsize=5)
        axis.set_xlabel("words read", fontsize=8)
    return fig
