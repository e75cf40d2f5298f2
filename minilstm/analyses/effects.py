"""Direct and total effects of units on the choice of a verb form.

What a unit contributes to the choice through its own weights, its *direct effect*, is exact (`attribution.py`). What
the choice loses when the unit is ablated, its *total effect*, also comes through other units: a syntax unit has no
direct effect, and yet all depends on it.
"""

from dataclasses import dataclass

import numpy as np

from ..errors import MinilstmError
from ..records import short_repr
from .number_agreement import by_condition
from .style import GUIDE, NEUTRAL, in_style, panels

LISTED = 8  # units in a table
LABELLED = 4  # units labelled in each panel of `plot_effects`


@short_repr
@dataclass(frozen=True, eq=False)
class Effects:
    """Direct and total effects of units on the margin, in nats, means over the items of each condition.

    Attributes
    ----------
    conditions : tuple of (task, condition)
    units : tuple of int
        The last layer, in the paper's numbers.
    direct : (conditions, units) array
        What the unit itself contributes to the margin: direct logit attribution.
    total : (conditions, units) array
        What the margin loses when the unit is ablated: its direct effect, and all that it does through other units.
    correlation : (conditions,) array
        Pearson's, of the two over units; nan where one of them does not vary.
    """

    conditions: tuple
    units: tuple
    direct: np.ndarray
    total: np.ndarray
    correlation: np.ndarray

    def rows(self, most=LISTED):
        """Columns and rows: the `most` units with the largest effect anywhere, both effects in each condition."""
        largest = np.maximum(np.abs(self.direct), np.abs(self.total)).max(axis=0)
        names = [f"{' '.join(key)}: {effect}" for key in self.conditions for effect in ("direct", "total")]
        rows = []
        for u in np.argsort(-largest, kind="stable")[:most]:
            both = np.stack([self.direct[:, u], self.total[:, u]], axis=1)  # (conditions, 2)
            rows.append([self.units[u], *both.reshape(-1).tolist()])
        return ["unit", *names], rows


def effects(attributed, ablated):
    """Set direct effects against total ones.

    Parameters
    ----------
    attributed : attribution.Attribution
    ablated : (units, items) array
        Margins with each of its units ablated, as `ablation_sweep(model, attributed.items, attributed.units)`.

    Returns
    -------
    Effects

    References
    ----------
    Pearl, J. (2001). Direct and indirect effects. Uncertainty in Artificial Intelligence 17.
    """
    expected = len(attributed.units), len(attributed.items)
    if np.shape(ablated) != expected:
        raise MinilstmError(f"ablated: expected margins of shape {expected}, (units, items), got {np.shape(ablated)}")
    lost = (attributed.margins - ablated).T  # (items, units)
    conditions = by_condition(attributed.items)
    direct = np.array(list(attributed.by_condition().values()), np.float64)
    total = np.array([lost[indices].mean(axis=0) for indices in conditions.values()], np.float64)
    correlation = np.array([_correlation(a, b) for a, b in zip(direct, total, strict=True)])
    return Effects(tuple(conditions), attributed.units, direct, total, correlation)


def _correlation(a, b):
    return np.corrcoef(a, b)[0, 1] if np.ptp(a) > 0 and np.ptp(b) > 0 else np.nan


@in_style()
def plot_effects(effects):
    """Direct effect of each unit on the margin against the total one, a panel a condition.

    On the diagonal are units that do what they do by themselves; above it, units on which others depend.
    """
    fig, axes = panels(len(effects.conditions), 2, 2.4, 2.2, (0.4, 0.2), least=0, sharex=True, sharey=True)
    for k, (axis, (task, condition)) in enumerate(zip(axes.flat, effects.conditions, strict=False)):
        direct, total = effects.direct[k], effects.total[k]
        axis.axline((0, 0), slope=1, **GUIDE)
        axis.plot(direct, total, "o", color=NEUTRAL, markersize=3, alpha=0.7, markeredgewidth=0)
        largest = np.argsort(-np.maximum(np.abs(direct), np.abs(total)), kind="stable")[:LABELLED]
        for rank, u in enumerate(largest):
            offset = (4, -7) if rank % 2 else (4, 3)  # so that neighbours of like size do not cover each other's labels
            axis.annotate(str(effects.units[u]), (direct[u], total[u]), offset, textcoords="offset points", fontsize=6)
        axis.set_title(f"{task} {condition}, r = {effects.correlation[k]:.2f}")
        axis.margins(0.15)
    fig.supxlabel("contribution of the unit to the margin (nats)")
    fig.supylabel("margin lost when it is ablated (nats)")
    return fig
