"""The figures. Colours are the paper's pink and light blue, darkened until they tell apart for everybody and in print."""

import numpy as np

SINGULAR, PLURAL, NEUTRAL, LIGHTER = "#2477b3", "#c2357a", "#555555", "#999999"
# Okabe and Ito's colours, told apart by everybody; with markers of their own, so that print will do
LINES = (("#0072b2", "o"), ("#d55e00", "s"), ("#009e73", "^"), ("#cc79a7", "D"), ("#e69f00", "v"), ("#56b4e9", "P"))
GATES = ("C_tilde", "i", "f", "C", "o")  # the panels of Fig. 1, top to bottom
LABELS = {"C_tilde": r"$\tilde{C}$", "i": "$i$", "f": "$f$", "C": "$C$", "o": "$o$", "h": "$h$"}
WIDTH = 3.4  # inches: a column


def figure(rows=1, columns=1, width=WIDTH, height=None, **options):
    """A Matplotlib figure that needs no display, and its axes as a 2-D array."""
    from matplotlib.figure import Figure

    fig = Figure(figsize=(width, height or 2.2 * rows), layout="constrained", dpi=200)
    axes = fig.subplots(rows, columns, squeeze=False, **options)
    for axis in axes.flat:
        axis.tick_params(labelsize=7)
        axis.spines[["top", "right"]].set_visible(False)
    return fig, axes


def save(fig, path, dpi="figure"):
    """Write a figure as PNG or SVG, whole or not at all; with fewer dots per inch than the figure has, if given."""
    from pathlib import Path

    from ..io.atomic import write_whole

    with write_whole(path) as file:
        # no date inside, so that the same figure gives the same file
        metadata = {"Date": None} if Path(path).suffix == ".svg" else {"Software": None}
        fig.savefig(file, format=Path(path).suffix[1:], metadata=metadata, dpi=dpi)


def plot_trace(words, units, values, choices=None, beside=None):
    """Gates and cell of chosen units, word by word: a column of panels a unit, as in Fig. 1a-b.

    Parameters
    ----------
    words : sequence of str
    units : sequence of int
        The paper's numbers, for the titles.
    values : dict of (steps, units) arrays
        C_tilde, i, f, C, o.
    choices : dict of (steps,) arrays, optional
        p of verb forms after each word, drawn in a last row of panels.
    beside : (words, values, choices), optional
        The same of a second sentence with as many words, drawn with broken lines.
    """
    shown = [(words, values, choices or {}), *([beside] if beside else [])]
    rows = len(GATES) + bool(choices)
    width = max(WIDTH, 0.45 * len(words) * len(units) + 0.6)
    fig, axes = figure(rows, len(units), width, 0.85 * rows + 0.8 + 0.25 * bool(beside), sharex=True, sharey="row")
    for (_, gates, p), color, style in zip(shown, (NEUTRAL, LIGHTER), ("-", "--"), strict=False):
        for column in range(len(units)):
            for axis, gate in zip(axes[:, column], GATES, strict=False):
                axis.plot(gates[gate][:, column], f"o{style}", color=color, markersize=3, linewidth=1)
            for (form, of_form), (marker, tint) in zip(p.items(), (("o", SINGULAR), ("s", PLURAL)), strict=False):
                label = f"$p$({form})" if style == "-" else None
                axes[-1, column].plot(of_form, marker + style, color=tint, markersize=3, linewidth=1, label=label)
    for column, unit in enumerate(units):
        axes[0, column].set_title(f"unit {unit}", fontsize=8)
        for axis, gate in zip(axes[:, column], GATES, strict=False):
            if gate in ("C_tilde", "C"):
                axis.axhline(0, color="0.8", linewidth=0.6, zorder=0)
            else:
                axis.set_ylim(-0.05, 1.05)
        if choices:
            axes[-1, column].set_ylim(bottom=0)
        labels = [" / ".join(dict.fromkeys(pair)) for pair in zip(*(one[0] for one in shown), strict=True)]
        axes[-1, column].set_xticks(range(len(words)), labels, rotation=60, ha="right", fontsize=7)
    for row, gate in enumerate(GATES):
        axes[row, 0].set_ylabel(LABELS[gate], rotation=0, labelpad=10, va="center", fontsize=9)
    if choices:
        axes[-1, 0].set_ylabel("$p$", rotation=0, labelpad=10, va="center", fontsize=9)
        axes[-1, 0].legend(fontsize=6, frameon=False)
    if beside:
        fig.legend(
            axes[0, 0].lines[:2],
            [" ".join(one[0]) for one in shown],
            loc="outside upper center",
            ncols=2,
            fontsize=7,
            frameon=False,
        )
    fig.align_ylabels()
    return fig


def plot_groups(found):
    """Groups of units ablated together beside random sets of as many units, a panel a group, condition by condition.

    Boxes from the first to the third quartile of the random sets, whiskers to the 5th and the 95th percentile, the sets
    beyond as dots. A bar is the intact network; a diamond the group, filled where p < .05.

    Parameters
    ----------
    found : dict
        {name of a group: list of groups.GroupTest}, none of them empty.

    Returns
    -------
    matplotlib.figure.Figure
    """
    from .groups import ALPHA

    longest = max(map(len, found.values()))
    fig, axes = figure(1, len(found), max(WIDTH, (0.27 * longest + 0.4) * len(found) + 0.4), 2.7, sharey=True)
    color = LINES[1][0]
    for axis, (name, tests) in zip(axes[0], found.items(), strict=True):
        axis.boxplot(
            [100 * test.random for test in tests],
            positions=np.arange(len(tests)) - 0.15,
            widths=0.4,
            whis=(5, 95),
            flierprops={"marker": ".", "markersize": 4, "markeredgecolor": LIGHTER, "markerfacecolor": LIGHTER},
            **{f"{part}props": {"color": NEUTRAL} for part in ("box", "whisker", "cap", "median")},
        )
        for k, test in enumerate(tests):
            axis.hlines(100 * test.full, k - 0.42, k + 0.42, color="black", linewidth=1.6)
            axis.plot(
                k + 0.24,
                100 * test.accuracy,
                "D",
                color=color,
                markersize=5.5,
                markerfacecolor=color if test.p < ALPHA else "white",
            )
        labels = [f"{test.task} {test.condition}".strip() for test in tests]
        axis.set_xticks(range(len(tests)), labels, rotation=60, ha="right", rotation_mode="anchor", fontsize=7)
        axis.set_xlim(-0.6, len(tests) - 0.4)
        axis.set_title(name, fontsize=8)
    axes[0, 0].set_ylabel("right, %", fontsize=8)
    looks = {
        "intact": ("_", "black", "black"),
        "random sets": ("s", NEUTRAL, "white"),
        "the group, p < .05": ("D", color, color),
        "p .05 or more": ("D", color, "white"),
    }
    lines = [
        axes[0, 0].plot([], [], marker, color=edge, markerfacecolor=face)[0] for marker, edge, face in looks.values()
    ]
    fig.legend(lines, looks, loc="outside upper center", ncols=4, fontsize=7, frameon=False, handletextpad=0.2)
    return fig


def plot_ablations(table):
    """Points lost in each condition (columns) when a unit (rows) is off, for all units that matter somewhere."""
    from .ablation import drops

    found = drops(table.items, table.full, table.ablated)
    keys = list(found.full)
    cost = 100 * np.array([found.full[key] - found.accuracy[key] for key in keys]).T  # (units, conditions)
    order = [row[0] - 1 for row in table.strong_units()[1]] or [int(np.nanargmax(np.nanmax(cost, axis=1)))]
    fig, axes = figure(width=5.2, height=1.5 + 0.17 * len(order))
    image = axes[0, 0].imshow(cost[order], cmap="cividis", vmin=0, vmax=100, aspect="auto")
    axes[0, 0].set_xticks(range(len(keys)), [" ".join(key) for key in keys], rotation=60, ha="right", fontsize=7)
    axes[0, 0].set_yticks(range(len(order)), [str(u + 1) for u in order], fontsize=7)
    axes[0, 0].set_ylabel("unit", fontsize=8)
    bar = fig.colorbar(image, ax=axes[0, 0])
    bar.set_label("points lost", fontsize=8)
    bar.ax.tick_params(labelsize=7)
    return fig
