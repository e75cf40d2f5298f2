"""Fig. 1d: what units say to the verbs; and what they say in each choice beside what taking them out does."""

import numpy as np

from .efferents import VERBS, efferents, segregation
from .plots import NEUTRAL, PLURAL, SINGULAR, figure

NAMED = 4  # units named in each panel of `plot_shares`


def plot_efferents(model, units, names=None, verbs=VERBS):
    """Weights from units to the singular (blue) and plural (pink) forms of verbs, a column of dots a unit (Fig. 1d).

    Parameters
    ----------
    model : LanguageModel
    units : sequence of int
        Units of the last layer, in the paper's numbers.
    names : mapping of int to str, optional
        What to write under a unit's number, such as {67: "syntax"}.
    verbs : sequence of (singular, plural)

    Returns
    -------
    matplotlib.figure.Figure
    """
    weights = efferents(model, units, verbs)  # (2, verbs, units)
    fig, axes = figure(width=max(3.4, 0.75 * len(units) + 0.8), height=2.7)
    axis = axes[0, 0]
    axis.axhline(0, color="0.8", linewidth=0.6, zorder=0)
    spread = np.linspace(-0.07, 0.07, weights.shape[1])  # so that equal weights stay apart
    looks = (SINGULAR, "o", -0.13, "singular forms"), (PLURAL, "^", 0.13, "plural forms")
    for forms, (color, marker, side, label) in zip(weights, looks, strict=True):
        x = np.arange(len(units)) + side + spread[:, None]  # (verbs, units)
        axis.plot(x.ravel(), forms.ravel(), marker, color=color, ms=3, mew=0, alpha=0.6, label=label)
    apart, names = segregation(model, verbs, units), names or {}
    ticks = [
        "\n".join([str(unit), *([names[unit]] if unit in names else []), f"({apart[k]:.1f})"])
        for k, unit in enumerate(units)
    ]
    axis.set_xticks(range(len(units)), ticks, fontsize=7)
    axis.set_xlim(-0.5, len(units) - 0.5)
    axis.set_xlabel("unit (segregation)", fontsize=8)
    axis.set_ylabel("weight to verb forms", fontsize=8)
    fig.legend(loc="outside upper center", ncols=2, fontsize=7, frameon=False)
    return fig


def plot_shares(found):
    """Share of each unit in the margin against the effect of its ablation, a panel a condition.

    On the diagonal are units that do what they do by themselves; above it, units on which others depend.

    Parameters
    ----------
    found : efferents.SharesAndEffects

    Returns
    -------
    matplotlib.figure.Figure
    """
    columns = min(2, len(found.conditions))
    rows = -(-len(found.conditions) // columns)
    fig, axes = figure(rows, columns, 2.4 * columns + 0.4, 2.2 * rows + 0.2, sharex=True, sharey=True)
    for k, (axis, (task, condition)) in enumerate(zip(axes.flat, found.conditions, strict=False)):
        share, effect = found.share[k], found.effect[k]
        axis.axline((0, 0), slope=1, color="0.8", linewidth=0.6, zorder=0)
        axis.plot(share, effect, "o", color=NEUTRAL, markersize=3, alpha=0.7, markeredgewidth=0)
        largest = np.argsort(-np.maximum(np.abs(share), np.abs(effect)), kind="stable")[:NAMED]
        for rank, u in enumerate(largest):
            offset = (4, -7) if rank % 2 else (4, 3)  # so that neighbours of like size do not cover each other's names
            axis.annotate(str(found.units[u]), (share[u], effect[u]), offset, textcoords="offset points", fontsize=6)
        axis.set_title(f"{task} {condition}, r = {found.correlation[k]:.2f}", fontsize=8)
        axis.margins(0.15)
    for axis in axes.flat[len(found.conditions) :]:
        axis.set_visible(False)
    fig.supxlabel("share of the unit in the margin (nats)", fontsize=8)
    fig.supylabel("margin lost when it is off (nats)", fontsize=8)
    return fig
