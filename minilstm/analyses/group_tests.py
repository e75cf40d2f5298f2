"""A group of units ablated together, beside random sets of as many units, condition by condition."""

from math import comb
from typing import NamedTuple

import numpy as np

from ..errors import StimulusError
from ..records import short_repr
from ..units import collection_of
from .ablation import group_ablation, random_sets
from .base import NotTestable, Outcome, Table
from .drops import POINTS
from .number_agreement import by_condition
from .statistics import ALPHA, TESTABLE, random_p
from .style import LIGHTER, LINES, NEUTRAL, WIDTH, boxes, figure, in_style, name_ticks


@short_repr
class GroupTest(NamedTuple):
    """Effect of ablating a group in one condition, beside random sets of as many units."""

    task: str
    condition: str
    full: float  # accuracy of the intact network, 0 to 1
    accuracy: float  # with the group ablated
    random: np.ndarray  # (sets,) accuracies with random sets ablated
    p: float  # (b + 1) / (n + 1), b: random sets that hurt at least as much
    power: float  # share of random sets that hit no unit of the group that alone costs more than 10 points
    p_without: float  # p against the random sets that contain none of the units named; nan if there are none such
    sets: int  # how many sets `p_without` rests on
    least_p: float = 0.0  # the smallest p that so many random sets allow

    @property
    def verdict(self):
        """`hurts` or `not significant`; or `too few random sets`, or `no power` since many of them hurt as well."""
        if self.p < ALPHA:
            return "hurts"
        if self.least_p >= ALPHA:
            return "too few random sets"
        return "no power" if self.power < 1 - ALPHA else "not significant"


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

    Raises
    ------
    MinilstmError
        If there is no unit, or not one random set.
    """
    if not items:
        raise StimulusError("groups: no sentence is left to judge them on: units are searched on odd ids, see --half")
    units, without, total = sorted(set(collection_of(units))), set(without), sum(model.sizes)
    draws = random_sets(total, len(units), n_random, seed)  # those that group_ablation draws
    kept = np.array([without.isdisjoint(draw) for draw in draws])
    tests = []
    for (task, condition), indices in by_condition(items).items():
        some = [items[k] for k in indices]
        group = group_ablation(model, some, units, n_random, seed, kind, state, unknown, progress)
        p_without = random_p(group.random[kept] <= group.accuracy) if kept.any() else np.nan
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
                smallest_p(total, len(units), n_random),
            )
        )
    return tests


def smallest_p(total, size, n_random):
    """The smallest p that a group of `size` out of `total` units can have beside `n_random` random sets.

    Where there are so few sets of this size that all of them serve as random ones, the group is one of them and ties
    with itself.
    """
    exist = comb(total, size)
    return 2 / (exist + 1) if exist <= n_random else 1 / (n_random + 1)


def table(tests, name="groups", what="units"):
    """A base.Table of group tests; with `p without` only where it leaves any set out."""
    columns = ["task", "condition", "full %", "ablated %", "random sets %", "p", "power", "verdict"]
    digits, n = (0, 0, 1, 1, 1, 4, 2, 0), len(tests[0].random)
    rows = [
        [t.task, t.condition, 100 * t.full, 100 * t.accuracy, 100 * float(t.random.mean()), t.p, t.power, t.verdict]
        for t in tests
    ]
    caption = (
        f"The {what} ablated together, beside {n} random sets of as many units: p = (b + 1) / (n + 1), where b of n "
        "random sets hurt at least as much. Power: the share of random sets that contain none of the group's units "
        f"whose ablation alone costs more than {100 * POINTS:.0f} points."
    )
    verdicts = {
        "not significant": f"p is {ALPHA} or more.",
        "no power": f"p is {ALPHA} or more, but so many random sets contain such a unit that the group could not stand "
        "out: no evidence of absence.",
        "too few random sets": f"with so few, no p could be below {ALPHA}.",
    }
    for verdict, meaning in verdicts.items():
        if any(t.verdict == verdict for t in tests):
            caption += f" '{verdict}': {meaning}"
    if any(t.sets < len(t.random) for t in tests):
        caption += " p without: the same beside those random sets only that contain none of the long-range units."
        columns.insert(6, "p without")
        digits = (*digits[:6], 4, *digits[6:])
        for row, t in zip(rows, tests, strict=True):
            row.insert(6, t.p_without)
    return Table(name, caption, columns, rows, digits)


@in_style()
def plot_groups(groups):
    """Groups of units ablated together beside random sets of as many units, a panel a group, condition by condition.

    Boxes from the first to the third quartile of the random sets, whiskers to the 5th and the 95th percentile, the sets
    beyond as dots. A bar is the intact network; a diamond the group, filled where p < .05.

    Parameters
    ----------
    groups : dict
        {name of a group: list of GroupTest}, none of them empty.
    """
    longest = max(map(len, groups.values()))
    fig, axes = figure(1, len(groups), max(WIDTH, (0.27 * longest + 0.4) * len(groups) + 0.4), 2.7, sharey=True)
    color = LINES[1][0]
    for axis, (name, tests) in zip(axes[0], groups.items(), strict=True):
        beyond = {"marker": ".", "markersize": 4, "markeredgecolor": LIGHTER, "markerfacecolor": LIGHTER}
        values = [100 * test.random for test in tests]
        boxes(axis, values, np.arange(len(tests)) - 0.15, 0.4, NEUTRAL, flierprops=beyond)
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
        name_ticks(axis, labels)
        axis.set_xlim(-0.6, len(tests) - 0.4)
        axis.set_title(name)
    axes[0, 0].set_ylabel("right, %")
    looks = {
        "intact": ("_", "black", "black"),
        "random sets": ("s", NEUTRAL, "white"),
        "the group, p < .05": ("D", color, color),
        "p .05 or more": ("D", color, "white"),
    }
    lines = [
        axes[0, 0].plot([], [], marker, color=edge, markerfacecolor=face)[0] for marker, edge, face in looks.values()
    ]
    fig.legend(lines, looks, loc="outside upper center", ncols=4, handletextpad=0.2)
    return fig


def significant(experiment, tests, size, needed, of, alpha, missing=()):
    """Judge whether `needed` of `of` group tests have p < alpha; NotTestable if those without power leave it open.

    Parameters
    ----------
    tests : list of GroupTest
        All of one group, of `size` units.
    missing : sequence of str
        Conditions that could not be tested at all.
    """
    value = "p: " + ", ".join([f"{t.task} {t.condition} {t.p:.3g}" for t in tests] + [f"{name} -" for name in missing])
    passed = sum(t.p < alpha for t in tests)
    unknown = [f"{t.task} {t.condition}" for t in tests if t.p >= alpha and lacks_power(experiment, t, size, alpha)]
    remark = f"p < {alpha:g} in {passed} of {of} conditions"
    if passed < needed <= passed + len(unknown) + len(missing):
        raise NotTestable(f"{remark}; no power, or no data, in {', '.join((*unknown, *missing))}", value)
    return Outcome(passed >= needed, value, remark)


def lacks_power(experiment, test, size, alpha):
    """Return whether a test could hardly pass: random sets hit its units or are too few, or the task is not solved."""
    smallest = smallest_p(sum(experiment.model.sizes), size, experiment.n_random)
    return smallest >= alpha or test.power < 1 - alpha or not test.full >= TESTABLE
