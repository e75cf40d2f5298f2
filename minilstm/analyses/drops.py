"""Drops in accuracy: what counts as one, and those of ablating each unit in each condition."""

from typing import NamedTuple

import numpy as np

from ..records import short_repr
from .number_agreement import by_condition, share_right
from .style import colorbar, figure, in_style, write_in_cells

POINTS = 0.10  # a drop in accuracy that counts: the paper's 'more than 10%'
SPARED_RATIO = 0.9  # Table 2 prints an ablated accuracy where it is below 0.9 x full, else '-'


def accuracy_drop(before, after):
    """The drop in accuracy, without the rounding by which .8 - .7 is more than .1."""
    return np.round(np.subtract(before, after), 9)


def spared(before, after, share):
    """Return whether at least `share` of an accuracy is left, without the rounding that makes .72 less than .9 x .8."""
    return accuracy_drop(np.multiply(share, before), after) <= 0


@short_repr
class Drops(NamedTuple):
    """Accuracy drop of each ablation in each condition."""

    full: dict  # (task, condition) -> accuracy of the intact network, 0 to 1
    accuracy: dict  # (task, condition) -> (units,) array, with that unit ablated

    def accuracy_drops(self, conditions=None):
        """The drop in accuracy, of each unit in some conditions (task, condition), or in all: (conditions, units)."""
        return np.array([accuracy_drop(self.full[key], self.accuracy[key]) for key in conditions or self.full])

    def above_threshold(self, roles=None):
        """Columns and rows: every unit whose ablation costs more than 10 points somewhere, the largest drop first.

        Parameters
        ----------
        roles : dict, optional
            {unit: its role}.
        """
        keys, cost = list(self.full), self.accuracy_drops()
        rows = []
        for u in np.argsort(-np.nanmax(cost, axis=0), kind="stable"):
            hit = [k for k in np.argsort(-cost[:, u], kind="stable") if cost[k, u] > POINTS]
            if hit:
                where = ", ".join(f"{' '.join(keys[k])} {100 * cost[k, u]:.0f}" for k in hit[:4])
                more = f", {len(hit) - 4} more" if len(hit) > 4 else ""
                rows.append([int(u) + 1, where + more, (roles or {}).get(u + 1)])
        return ["unit", "accuracy drop when ablated", "role"], rows


def drops(items, full, ablated):
    """Accuracy by condition from the margins of the intact network (items,) and of the ablated ones (units, items)."""
    where = by_condition(items)
    return Drops(
        {key: float(share_right(full[k])) for key, k in where.items()},
        {key: share_right(ablated[:, k]) for key, k in where.items()},
    )


@in_style()
def plot_ablations(drops):
    """Plot the accuracy drop in each condition (columns) with a unit (rows) ablated, for all units with a drop."""
    keys, cost = list(drops.full), 100 * drops.accuracy_drops().T  # (units, conditions)
    strong = [row[0] - 1 for row in drops.above_threshold()[1]]
    order = strong or [int(np.nanargmax(np.nanmax(cost, axis=1)))]
    fig, axes = figure(width=5.2, height=1.5 + 0.17 * len(order))
    image = axes[0, 0].imshow(cost[order], cmap="cividis", vmin=0, vmax=100, aspect="auto")
    write_in_cells(axes[0, 0], np.maximum(cost[order], 0), cost[order] <= 50, fontsize=5)
    axes[0, 0].set_xticks(range(len(keys)), [" ".join(key) for key in keys], rotation=60, ha="right")
    axes[0, 0].set_yticks(range(len(order)), [str(u + 1) for u in order])
    axes[0, 0].set_ylabel("unit")
    colorbar(image, axes[0, 0], "points lost")
    return fig
