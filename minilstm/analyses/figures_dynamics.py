"""Figs. 1a-c and 3: what gates and cells do, word by word."""

import numpy as np

from .dynamics import NUMBERS, predicted
from .plots import GATES, LABELS, NEUTRAL, PLURAL, SINGULAR, figure

OFFSET = 0.09  # of a word's width, by which conditions stand apart so that no error bar hides another


def plot_dynamics(found, units=None, prediction=True, number=None):
    """Gates and cells of units, a column each, one line a condition (Figs. 1a-b), and the prediction (Fig. 1c).

    Pink: plural subject; blue: singular; dashed: a noun between subject and verb has the other number. Error bars are
    one standard deviation over sentences.

    Parameters
    ----------
    found : dynamics.Dynamics
        Its conditions are those of a task, such as SS SP PS PP.
    units : sequence of int, optional
        Some of those in `found`; all if not given.
    prediction : bool
        Show beside the first unit what a unit for its number should do; nothing where the paper predicts nothing.
    number : {"S", "P"}, optional
        That number; see `Dynamics.code` for what is taken if it is not given, and called a guess in the picture.

    Returns
    -------
    matplotlib.figure.Figure
    """
    units = found.units if units is None else tuple(units)
    columns = len(units) + prediction
    width = max(3.4, (0.3 * len(found.words) + 0.5) * columns)
    fig, axes = figure(len(GATES), columns, width, 0.95 * len(GATES) + 0.9, sharex=True, sharey="row")
    if prediction:
        guess = "" if number else "\n(a guess)"
        number, sign = found.code(units[0], number)
        pattern = predicted(found.conditions, len(found.words), found.verb, number, sign)
        _column(axes[:, 0], found, pattern, None, f"prediction\nfor a {NUMBERS[number]} unit{guess}")
    for column, unit in enumerate(units, prediction):
        k = found.units.index(unit)
        mean, sd = ({gate: values[gate][:, :, k] for gate in GATES} for values in (found.mean, found.sd))
        _column(axes[:, column], found, mean, sd, f"unit {unit}")
    for row, gate in enumerate(GATES):
        axes[row, 0].set_ylabel(LABELS[gate], rotation=0, labelpad=10, va="center", fontsize=9)
    fig.align_ylabels()
    _legend(fig, axes[0, 0])
    return fig


def _column(axes, found, mean, sd, title):
    """One unit: a panel for each gate, top to bottom."""
    axes[0].set_title(title, fontsize=8)
    steps = np.arange(len(found.words))
    shift = OFFSET * (np.arange(len(found.conditions)) - (len(found.conditions) - 1) / 2)
    for axis, gate in zip(axes, GATES, strict=True):
        for k, condition in enumerate(found.conditions):
            color, dashes = style(condition)
            axis.errorbar(
                steps + shift[k],
                mean[gate][k],
                None if sd is None else sd[gate][k],
                color=color,
                linestyle=dashes,
                marker="o",
                markersize=2.2,
                linewidth=1,
                elinewidth=0.6,
                capsize=1.2,
                label=condition,
            )
        if gate in ("C_tilde", "C"):
            axis.axhline(0, color="0.8", linewidth=0.6, zorder=0)
        else:
            axis.set_ylim(-0.08, 1.08)
            axis.set_yticks([0, 0.5, 1])
        axis.axvline(found.verb, color="0.9", linewidth=4, zorder=-1)
    _name_steps(axes[-1], found.words)


def style(condition):
    """Colour and line of a condition: the subject's number, and whether a later noun has another one."""
    return PLURAL if condition[0] == "P" else SINGULAR, "--" if len(set(condition)) > 1 else "-"


def _name_steps(axis, words):
    axis.set_xticks(range(len(words)), words, rotation=60, ha="right", rotation_mode="anchor", fontsize=7)


def _legend(fig, axis):
    """The conditions below everything; each once."""
    handles, labels = axis.get_legend_handles_labels()
    # lines without error bars and markers: a dash has to be seen as one
    lines = [handle.lines[0] for handle in handles]
    fig.legend(lines, labels, loc="outside lower center", ncols=4, fontsize=7, frameon=False, handlelength=3.2)


def plot_structures(found, unit, variable="C"):
    """One unit over several syntactic structures, a panel each, all sentences of a structure together (Fig. 3).

    Parameters
    ----------
    found : mapping of str to dynamics.Dynamics
        Title of each panel, and the dynamics of one condition that pools all numbers.
    unit : int
    variable : {"C", "h", "i", "f", "o", "C_tilde"}

    Returns
    -------
    matplotlib.figure.Figure
    """
    rows = -(-len(found) // 2)
    longest = max(len(one.words) for one in found.values())
    columns = min(2, len(found))
    fig, axes = figure(rows, columns, max(3.4, (0.27 * longest + 0.5) * columns), 1.9 * rows, sharey=True)
    for axis, (title, one) in zip(axes.flat, found.items(), strict=False):
        k = one.units.index(unit)
        mean, sd = one.mean[variable][0, :, k], one.sd[variable][0, :, k]
        axis.axhline(0, color="0.8", linewidth=0.6, zorder=0)
        axis.axvline(one.verb, color="0.9", linewidth=5, zorder=-1)
        axis.errorbar(range(len(mean)), mean, sd, color=NEUTRAL, marker="o", markersize=3, linewidth=1, capsize=2)
        axis.set_title(title, fontsize=8)
        _name_steps(axis, one.words)
    for axis in axes.flat[len(found) :]:
        axis.set_visible(False)
    for axis in axes[:, 0]:
        axis.set_ylabel(f"{LABELS[variable]} of unit {unit}", fontsize=8)
    return fig
