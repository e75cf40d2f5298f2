"""A group of units against random ones, condition by condition (sections 4.2 and 4.3)."""

from typing import NamedTuple

import numpy as np

from .ablation import group_ablation, random_sets
from .number_agreement import by_condition

ALPHA = 0.05


class GroupTest(NamedTuple):
    """What ablating a group does in one condition, beside random sets of as many units."""

    task: str
    condition: str
    full: float  # accuracy of the intact network, 0 to 1
    accuracy: float  # with the group ablated
    random: np.ndarray  # (sets,) accuracies with random sets ablated
    p: float  # (b + 1) / (n + 1), b: random sets that hurt at least as much
    power: float  # share of random sets that hit no unit of the group that alone costs more than 10 points
    p_without: float  # p against the random sets that contain none of the units named; nan if there are none such
    sets: int  # how many sets `p_without` rests on

    @property
    def verdict(self):
        """`hurts`, `no effect`, or `no power` where random sets would hide an effect or are too few to show one."""
        if self.p < ALPHA:
            return "hurts"
        return "no power" if self.power < 1 - ALPHA else "no effect"


def group_tests(
    model,
    items,
    units,
    n_random=1000,
    seed=0,
    without=(),
    kind="paper",
    state="context",
    unknown="error",
    progress=False,
):
    """`ablation.group_ablation` in every condition of `items`.

    Parameters
    ----------
    units : iterable of int
        The group, in the paper's numbers.
    n_random : int
        The same random sets serve in all conditions.
    without : iterable of int
        For a second p, random sets that contain one of these are left out: the long-range units decide the hard
        conditions, and a random set that hits one hurts for a reason of its own. (The authors did this too, later.)

    Returns
    -------
    list of GroupTest
    """
    units, without = sorted(set(units)), set(without)
    draws = random_sets(sum(model.sizes), len(units), n_random, seed)  # those that group_ablation draws
    kept = np.array([without.isdisjoint(draw) for draw in draws])
    tests = []
    for (task, condition), where in by_condition(items).items():
        here = [items[k] for k in where]
        group = group_ablation(model, here, units, n_random, seed, kind, state, unknown, progress)
        worse = np.count_nonzero(group.random[kept] <= group.accuracy)
        p_without = (worse + 1) / (kept.sum() + 1) if kept.any() else np.nan
        tests.append(
            GroupTest(
                task,
                condition,
                group.intact,
                group.accuracy,
                group.random,
                group.p,
                group.power,
                float(p_without),
                int(kept.sum()),
            )
        )
    return tests


def table(tests):
    """Columns and rows; with `p_without` only where it leaves any set out."""
    columns = ["task", "condition", "full %", "ablated %", "random sets %", "p", "p without", "power", "verdict"]
    rows = [
        [
            t.task,
            t.condition,
            100 * t.full,
            100 * t.accuracy,
            100 * t.random.mean(),
            f"{t.p:.4f}",
            None if np.isnan(t.p_without) else f"{t.p_without:.4f}",
            f"{t.power:.2f}",
            t.verdict,
        ]
        for t in tests
    ]
    if all(t.sets == len(t.random) for t in tests):
        for row in (columns, *rows):
            del row[6]
    return columns, rows
