"""Table 2 for any model: what the network gets right, and what each unit has to do with it (section 4.1)."""

from dataclasses import dataclass

import numpy as np

from .. import stimuli
from ..errors import StimulusError
from ..stimuli.fragment_lexicon import is_held_out
from .ablation import POINTS, drops, long_range_units, missing_conditions, set_margins
from .number_agreement import by_condition, share_right

SHOWN = 0.9  # Table 2 prints an ablated accuracy where it is below 0.9 x full, else '-'


@dataclass(frozen=True, eq=False)
class Table2:
    """Agreement, intact and with every unit ablated alone.

    Attributes
    ----------
    items : tuple of stimuli.Item
    full : (items,) array
        Margins log p(right) - log p(wrong), intact.
    ablated : (units, items) array
        Unit u + 1 ablated alone.
    numbers : dict
        {"S": [...], "P": [...]}: the long-range number units by `ablation.long_range_units`, in the paper's numbers;
        None where the items lack a condition that the rule needs.
    held_out : (items,) bool array or None
        Items whose subject and verb never met in training, for a model of the fragment.
    """

    items: tuple
    full: np.ndarray
    ablated: np.ndarray
    numbers: dict | None
    held_out: np.ndarray | None

    def rows(self):
        """Columns and rows of the table: accuracies in percent, mean margins in nats."""
        units = [unit for found in (self.numbers or {}).values() for unit in found]
        columns = ["task", "condition", "n", "full", "held out", "margin", *(f"{unit} off" for unit in units)]
        rows = []
        for (task, condition), where in by_condition(self.items).items():
            full = share_right(self.full[where])
            held_out = None
            if self.held_out is not None and self.held_out[where].any():
                held_out = 100 * share_right(self.full[where][self.held_out[where]])
            off = share_right(self.ablated[[unit - 1 for unit in units]][:, where]) if units else ()
            scored = ~np.isnan(self.full[where])
            margin = self.full[where][scored].mean() if scored.any() else None
            cells = [100 * now if now < SHOWN * full else None for now in off]
            rows.append([task, condition, int(scored.sum()), 100 * full, held_out, margin, *cells])
        return columns, rows

    def strong_units(self):
        """Columns and rows: every unit whose ablation costs more than 10 points somewhere, the costliest first."""
        found = drops(self.items, self.full, self.ablated)
        keys = list(found.full)
        cost = 100 * np.array([found.full[key] - found.accuracy[key] for key in keys])  # (conditions, units)
        names = {
            unit: {"S": "long-range singular", "P": "long-range plural"}[number]
            for number, units in (self.numbers or {}).items()
            for unit in units
        }
        rows = []
        for u in np.argsort(-np.nanmax(cost, axis=0), kind="stable"):
            hit = [k for k in np.argsort(-cost[:, u], kind="stable") if cost[k, u] > 100 * POINTS]
            if hit:
                where = ", ".join(f"{' '.join(keys[k])} {cost[k, u]:.0f}" for k in hit[:4])
                rows.append(
                    [int(u) + 1, where + (f", {len(hit) - 4} more" if len(hit) > 4 else ""), names.get(u + 1, "")]
                )
        return ["unit", "points lost when it is off", "role"], rows


def published_tasks(lexicon="paper", seed=0, n=None, tasks=tuple(stimuli.NA_TASKS)):
    """All items of the seven tasks of Table 1, in the order of Table 2, with the published counts or `n` a condition.

    Other `tasks`, such as relative clauses, are taken in the order given.
    """
    return [
        item
        for task in tasks
        for condition in stimuli.find_task(task).conditions
        for item in stimuli.na_task(task, condition, n, seed, lexicon)
    ]


def table2(model, items, kind="paper", state="context", unknown="error", progress=False):
    """Agreement and the single-unit ablation sweep on `items`.

    Returns
    -------
    Table2
    """
    items = tuple(items)
    if not items:
        raise StimulusError("table 2: expected at least one item, got none")
    sets = [(), *((unit,) for unit in range(1, sum(model.sizes) + 1))]
    margins = set_margins(model, items, sets, kind, state, unknown, progress)
    full, ablated = margins[0].astype(np.float64), margins[1:]
    numbers = None
    if not missing_conditions(items):
        numbers = {key: [int(u) + 1 for u in units] for key, units in long_range_units(items, full, ablated).items()}
    held_out = np.array([is_held_out(item) for item in items]) if "fragment" in model.provenance else None
    return Table2(items, full, ablated, numbers, held_out)
