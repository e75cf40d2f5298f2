"""Votes: the margin split among groups of units, and which units favour the wrong form where the network errs.

What units contribute to the choice of a verb form (`attribution.py`) can be summed by groups without a remainder,
sentence by sentence. The paper says that the long-range units favour the right form even where the network errs
(section 4.2, claim 28), and leaves open what the short-range units do then. Behind an attractor they should favour the
wrong form. Whether errors come from a larger contribution of theirs, from a smaller one of the long-range units, or
from somewhere else, is what the split shows.
"""

from dataclasses import dataclass

import numpy as np

from ..errors import MinilstmError
from ..records import short_repr
from ..stimuli import BETWEEN
from .attribution import attribution
from .base import Analysis, Figure, Result, Table, format_units
from .number_agreement import by_condition
from .number_units import NO_NUMBER_UNITS
from .short_range import unit_groups
from .style import GUIDE, LINES, NEUTRAL, boxes, in_style, name_ticks, panels

REST = "other units", "bias"  # groups that need not be named
MEASURES = "contribution", "for %", "decides %"
DIGITS = (1, 1, 1, 1, 2, 1, 1, 1, 2, 1, 1, 1)  # of the columns of `GroupAttribution.rows`: contributions are nats


@short_repr
@dataclass(frozen=True, eq=False)
class GroupAttribution:
    """The margins of items, split among groups of units.

    Attributes
    ----------
    items : tuple of stimuli.Item
    groups : tuple of str
        The names of the groups, and then `REST`.
    contributions : (items, groups) array
        What each adds to log p(right) - log p(wrong), in nats; below 0 it favours the wrong form.
    """

    items: tuple
    groups: tuple
    contributions: np.ndarray

    @property
    def margins(self):
        """log p(right) - log p(wrong): (items,)."""
        return self.contributions.sum(axis=1)

    def trials(self):
        """{(task, condition): (right, wrong)}: indices of the items that the network gets right, and of the others."""
        right = self.margins > 0
        return {key: (where[right[where]], where[~right[where]]) for key, where in by_condition(self.items).items()}

    def trials_with_errors(self):
        """The same for the conditions in which the network errs; for all if it errs in none."""
        return {key: halves for key, halves in self.trials().items() if len(halves[1])} or self.trials()

    def decides(self, indices):
        """The share of items `indices` that would be answered the other way without this group: (groups,)."""
        margins = self.margins[indices, None]
        return ((margins > 0) != (margins - self.contributions[indices] > 0)).mean(axis=0)

    def gap(self, right, wrong):
        """By how much each mean contribution is lower on items `wrong` than on `right`: (groups,); nan without them.

        The sum is by how much the margin of wrong trials falls short of that of right ones.
        """
        if not len(right) or not len(wrong):
            return np.full(len(self.groups), np.nan)
        return self.contributions[right].mean(axis=0) - self.contributions[wrong].mean(axis=0)

    def rows(self, trials=None):
        """Columns and rows, one for each condition and group: its part in the trials that are right and in the others.

        The mean contribution in nats; in how many percent of the trials it favours the right form; and in how many it
        decides: without it, the answer would be the other one. Last, how many percent of the `gap` it makes up.

        Parameters
        ----------
        trials : dict, optional
            Of `trials()`, the conditions wanted; all if not given.
        """
        sides = [[side, *(f"{side}: {name}" for name in MEASURES)] for side in ("right", "wrong")]
        rows = []
        for key, (right, wrong) in (self.trials() if trials is None else trials).items():
            gap = self.gap(right, wrong)
            cells = self.groups, self._side(right), self._side(wrong), (100 * gap / gap.sum()).tolist()
            rows += [[*key, group, *good, *bad, percent] for group, good, bad, percent in zip(*cells, strict=True)]
        return ["task", "condition", "group", *sides[0], *sides[1], "% of gap"], rows

    def _side(self, indices):
        """For each group: how many trials, and `MEASURES` of them."""
        if not len(indices):
            return [[0, None, None, None] for _ in self.groups]
        c = self.contributions[indices]
        measures = np.stack([c.mean(axis=0), 100 * (c > 0).mean(axis=0), 100 * self.decides(indices)], axis=1)
        return [[len(indices), *row] for row in measures.tolist()]


def group_attribution(model, items, groups, state="context", ablate=(), unknown="error"):
    """Split the margin of every item among groups of units.

    Parameters
    ----------
    model : LanguageModel
    items : sequence of stimuli.Item
        Those of which the model lacks a verb form are left out.
    groups : mapping of str to iterable of int
        Units of the last layer, in the paper's numbers, none in two groups:
        ``{"long-range": [988, 776], "short-range": [...]}``.
    state, ablate, unknown
        As in `attribution`.

    Returns
    -------
    GroupAttribution
    """
    named = [unit for units in groups.values() for unit in units]
    double = [unit for unit in named if named.count(unit) > 1]
    if double:
        raise MinilstmError(f"attribution: unit {double[0]} is named twice, in {', '.join(groups)}; it counts once")
    single = attribution(model, items, state, ablate, unknown)
    others = [unit for unit in single.units if unit not in named]
    contributions = [*(single.of(units) for units in groups.values()), single.of(others), single.bias]
    return GroupAttribution(single.items, (*groups, *REST), np.stack(contributions, axis=1))


@dataclass(frozen=True, eq=False, repr=False)
class Votes(Result):
    """The margin split among long-range units, short-range units and the rest, where the network errs.

    Attributes
    ----------
    units : dict
        {name: units} of the groups.
    split : GroupAttribution or None
        None where there are no long-range units.
    """

    units: dict
    split: GroupAttribution | None

    def text(self):
        if self.split is None:
            return [NO_NUMBER_UNITS]
        groups = "; ".join(f"{name}: {format_units(units)}" for name, units in self.units.items())
        return [
            "The margin is the sum of what each unit of the last layer contributes to it, so it can be split among "
            f"groups of units without a remainder. {groups[0].upper()}{groups[1:]}."
            + self._between()
            * " Between subject and verb there is a prepositional phrase or a relative clause; the paper does not test "
            "agreement across the latter.",
            self.summary(),
        ]

    def _by_task(self):
        """{task: indices of its items}."""
        tasks = np.array([item.task for item in self.split.items])
        return {task: np.flatnonzero(tasks == task) for task in dict.fromkeys(tasks.tolist())}

    def _between(self):
        """Return whether in all sentences another noun comes between subject and verb."""
        return self._by_task().keys() <= set(BETWEEN)

    def tables(self):
        if self.split is None:
            return []
        trials = self.split.trials_with_errors()
        conditions = "the conditions with errors" if (self.split.margins <= 0).any() else "all conditions"
        caption = (
            f"Contributions to the margin on right and wrong trials, {conditions}: how many trials; the mean "
            "contribution in nats; in how many percent of the trials it favours the right form, and in how many it "
            "decides: without it the answer would be the other one. % of gap: the group's part of the difference "
            "between the mean margins of right and of wrong trials."
        )
        tables = [Table("votes", caption, *self.split.rows(trials), digits=DIGITS)]
        if len(trials) < len(self.split.trials()):
            tables.append(Table("votes_all", "All conditions.", *self.split.rows(), digits=DIGITS, long=True))
        return tables

    def figures(self):
        if self.split is None:
            return []
        return [
            Figure(
                "votes",
                "What each group contributes to the margin on the sentences that the network gets right (grey) and "
                "wrong (orange): boxes from the first to the third quartile, whiskers to the 5th and 95th percentile. "
                "Below 0 it favours the wrong form.",
                "box plots of contributions, a panel a condition",
                lambda: plot_group_attribution(self.split),
            )
        ]

    def summary(self):
        if self.split is None:
            return ""
        wrong = self.split.margins <= 0
        text = f"The network prefers the wrong verb form in {wrong.sum():,} of {len(wrong):,} sentences"
        text += " with another noun between subject and verb" * self._between()
        if wrong.any():
            counts = {task: (wrong[k].sum(), len(k)) for task, k in self._by_task().items()}
            text += ", " + ", ".join(f"{n:,} of {of:,} in {task}" for task, (n, of) in counts.items() if n)
            right = [task for task, (n, _) in counts.items() if not n]
            text += f", none in {' and '.join(right)}" * bool(right)
            right = 100 * (self.split.contributions[wrong] > 0).mean(axis=0)
            shares = [f"{name} {share:.0f} %" for name, share in zip(self.split.groups, right, strict=True)]
            text += f". Still for the right form in those: {', '.join(shares)}"
        return f"{text}."


@in_style()
def plot_group_attribution(split):
    """Contributions of every group where the network is right and where it errs, a panel a condition with errors.

    Boxes from the first to the third quartile, whiskers to the 5th and the 95th percentile. All conditions if the
    network errs in none.
    """
    trials = split.trials_with_errors()
    fig, axes = panels(len(trials), 3, 2.1, 1.9, (0.4, 0.5), sharex=True, sharey=True)
    places = np.arange(len(split.groups))
    looks = ("right", -0.18, NEUTRAL), ("wrong", 0.18, LINES[1][0])
    for axis, ((task, condition), halves) in zip(axes.flat, trials.items(), strict=False):
        axis.axhline(0, **GUIDE)
        for (_, side, color), indices in zip(looks, halves, strict=True):
            if len(indices):
                median = {"color": color, "linewidth": 2.5}
                values = split.contributions[indices]
                boxes(axis, values, places + side, 0.28, color, showfliers=False, medianprops=median)
        axis.set_title(f"{task} {condition}: {len(halves[0])} right, {len(halves[1])} wrong", fontsize=7)
        name_ticks(axis, split.groups, rotation=45)
    for row in axes:
        row[0].set_ylabel("contribution (nats)")
    lines = [axes[0, 0].plot([], [], color=color, linewidth=2.5, label=name)[0] for name, _, color in looks]
    labels = "trials that are right", "wrong; above 0: for the right form"
    fig.legend(lines, labels, loc="outside upper center", ncols=2)
    return fig


def compute(experiment, results):
    """The split on sentences with something between subject and verb."""
    groups = unit_groups(results)
    if not groups["long-range"]:
        return Votes(groups, None)
    named = {name: units for name, units in groups.items() if units}
    return Votes(
        groups, group_attribution(experiment.model, experiment.sentences(*BETWEEN), named, **experiment.reading)
    )


ANALYSIS = Analysis(
    "votes",
    "votes",
    "Units that favour the wrong form",
    "",
    compute,
    summary="which units favour the wrong form where the network errs",
    needs=("number_units", "short_range"),
)
