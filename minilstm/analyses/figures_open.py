"""What the paper left open: interchange beside ablation, who votes for the wrong form, and the smallest set."""

import numpy as np

from .interchange import METHODS
from .plots import LINES, NEUTRAL, PLURAL, SINGULAR, figure
from .smallest import left

NAMES = {
    "zero": "$h$ = 0",
    "mean": "$h$ = its mean",
    "once": "the donor's, at the subject",
    "onwards": "the donor's, from there on",
}


def plot_interchange(found, most=6):
    """How far each intervention moves the choice towards the donor's, for the strongest units, a panel a condition.

    Parameters
    ----------
    found : interchange.Comparison
    most : int
        How many units, or sets of units.

    Returns
    -------
    matplotlib.figure.Figure
    """
    sets = found.strongest(most)
    conditions = found.by_condition()
    columns = min(2, len(conditions))
    rows = -(-len(conditions) // columns)
    width = max(3.4, (0.42 * len(sets) + 0.5) * columns)
    fig, axes = figure(rows, columns, width, 1.9 * rows + 0.6, sharex=True, sharey=True)
    for axis, ((task, condition), where) in zip(axes.flat, conditions.items(), strict=False):
        for level in (0, 100):
            axis.axhline(level, color="0.8", linewidth=0.6, zorder=0)
        for shift, method, (color, marker) in zip(np.linspace(-0.24, 0.24, len(METHODS)), METHODS, LINES, strict=False):
            moved = 100 * found.moved(method, where)[sets]
            x = np.arange(len(sets)) + shift
            axis.vlines(x, 0, moved, color=color, linewidth=1)
            axis.plot(x, moved, marker, color=color, markersize=4, label=NAMES[method])
        axis.set_title(f"{task} {condition}", fontsize=8)
        axis.set_xticks(range(len(sets)), ["+\n".join(map(str, found.sets[k])) for k in sets], fontsize=7)
    _hide(axes, len(conditions))
    fig.supxlabel("unit", fontsize=8)
    fig.supylabel("% of the way to the donor", fontsize=8)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside upper center", ncols=2, fontsize=7, frameon=False)
    return fig


def plot_votes(found):
    """Every voter's votes where the network is right and where it errs, a panel a condition that has errors.

    Boxes from the first to the third quartile, whiskers to the 5th and the 95th percentile.

    Parameters
    ----------
    found : votes.Votes

    Returns
    -------
    matplotlib.figure.Figure
        All conditions if the network errs in none.
    """
    shown = found.trials_with_errors()
    columns = min(3, len(shown))
    rows = -(-len(shown) // columns)
    fig, axes = figure(rows, columns, max(3.4, 2.1 * columns + 0.4), 1.9 * rows + 0.5, sharex=True, sharey=True)
    places = np.arange(len(found.voters))
    looks = ("right", -0.18, NEUTRAL), ("wrong", 0.18, LINES[1][0])
    for axis, ((task, condition), halves) in zip(axes.flat, shown.items(), strict=False):
        axis.axhline(0, color="0.8", linewidth=0.6, zorder=0)
        for (_, side, color), where in zip(looks, halves, strict=True):
            if len(where):
                line = {"color": color, "linewidth": 1}
                axis.boxplot(
                    found.shares[where],
                    positions=places + side,
                    widths=0.28,
                    whis=(5, 95),
                    showfliers=False,
                    boxprops=line,
                    whiskerprops=line,
                    capprops=line,
                    medianprops={"color": color, "linewidth": 2.5},
                )
        axis.set_title(f"{task} {condition}: {len(halves[0])} right, {len(halves[1])} wrong", fontsize=7)
        axis.set_xticks(places, found.voters, rotation=45, ha="right", rotation_mode="anchor", fontsize=7)
    _hide(axes, len(shown))
    for row in axes:
        row[0].set_ylabel("vote (nats)", fontsize=8)
    lines = [axes[0, 0].plot([], [], color=color, linewidth=2.5, label=name)[0] for name, _, color in looks]
    labels = "trials that are right", "wrong; above 0: for the right form"
    fig.legend(lines, labels, loc="outside upper center", ncols=2, fontsize=7, frameon=False)
    return fig


def plot_smallest(found):
    """What is left as units go one after the other, on items that they were not chosen on, beside random sets.

    Parameters
    ----------
    found : smallest.SmallestSet

    Returns
    -------
    matplotlib.figure.Figure
    """
    steps = np.arange(len(found.units) + 1)
    fig, axes = figure(width=max(3.4, 0.45 * len(steps) + 1.2), height=2.6)
    axis = axes[0, 0]
    if found.units:
        low, middle, high = np.transpose([np.percentile(100 * left(random), (5, 50, 95)) for random in found.random])
        axis.fill_between(steps[1:], low, high, color="0.85", linewidth=0, label="random sets: 5th to 95th percentile")
        axis.plot(steps[1:], middle, color=NEUTRAL, linewidth=1, label="their median")
    axis.plot(steps, 100 * left(found.judged), "k--", linewidth=1.2, label="what is left")
    axis.axhline(50, color="0.8", linewidth=0.6, zorder=0)
    for k, (task, condition) in enumerate(found.conditions):
        color, marker = {"S": (SINGULAR, "o"), "P": (PLURAL, "s")}.get(condition[:1], LINES[k % len(LINES)])
        axis.plot(
            steps,
            100 * found.judged[:, k],
            marker + "-",
            color=color,
            markersize=4,
            linewidth=1.2,
            label=f"{task} {condition}",
        )
    axis.set_xticks(steps, ["none", *(f"+{unit}" for unit in found.units)], fontsize=7)
    axis.set_ylim(-4, 104)
    axis.set_xlabel("units, one more at each step", fontsize=8)
    axis.set_ylabel("right, %", fontsize=8)
    fig.legend(loc="outside upper center", ncols=2, fontsize=7, frameon=False)
    return fig


def _hide(axes, used):
    """Leave out the panels that are not used, and write the ticks of the lowest one of each column."""
    for axis in axes.flat[used:]:
        axis.set_visible(False)
    for axis in axes.flat[:used][-axes.shape[1] :]:
        axis.tick_params(labelbottom=True)
