"""Nested dependencies: one agreement within another, and which units carry the number of each (Lakretz et al., 2021).

    The boy that the girls near the poet | admire           the inner verb: LongNestedInner SPS
    The boy that the girls near the poet admire | greets    the outer verb: LongNestedOuter SPS

A unit that stores the number of the first noun until its verb comes cannot store that of the second noun meanwhile. So
a network with one long-range unit for each number should get the outer verb right and the inner one by other means. In
short sentences the second noun stands right before its verb, and a short-range unit will do. In long ones a third noun
comes between: with neither kind of unit the inner verb should follow the wrong noun, the more so the more nouns are
against it. That is what the authors of the paper found; people make the same errors, but fewer than a half.

Every unit is tried alone, on a few sentences: ablated, and with its cell from the sentence in which the noun that the
verb agrees with has the other number (`exchange.py`). The unit that costs most and the one that moves the verb
farthest are then judged on other sentences, beside the number units.

References
----------
Lakretz, Y., Hupkes, D., Vergallito, A., Marelli, M., Baroni, M. and Dehaene, S. (2021). Mechanisms for handling nested
dependencies in neural-network language models and humans. Cognition 213, 104699.
"""

from dataclasses import dataclass

import numpy as np

from ..errors import StimulusError
from ..stimuli.nested import NESTED_TASKS
from .base import Analysis, Figure, Result, Table
from .drops import POINTS
from .interventions import compare
from .nested_claims import CLAIMS
from .number_agreement import scored_items
from .style import GUIDE, LINES, NEUTRAL, figure, in_style

SEARCHED = 20  # units are searched on the odd ids of a condition up to this one
WAYS = "zero", "once"  # ablated; with its cell from the other sentence, at the noun that the verb agrees with


def carrier(comparison):
    """The unit whose cell moves the verbs farthest towards the other number; None where none does."""
    return _largest(comparison, comparison.moved("once"))


def costliest(comparison):
    """The unit without which most verbs go wrong; None where none does."""
    return _largest(comparison, comparison.flips("zero"))


def _largest(comparison, effects):
    return comparison.sets[int(np.argmax(effects))][0] if (effects > 0).any() else None


@dataclass(frozen=True, eq=False, repr=False)
class Nested(Result):
    """Nested dependencies.

    Attributes
    ----------
    tasks : dict
        {task: Comparison} on the evaluation half: the units displayed, each alone, and the number units together.
    searches : dict
        {task: Comparison} on a few other sentences: every unit alone.
    roles : dict
        {unit: roles} of the units displayed.
    """

    tasks: dict
    searches: dict
    roles: dict

    def text(self):
        text = [
            "Two nouns, two verbs, one agreement within the other. Lakretz et al. (2021) find that an LSTM holds one "
            "number over a distance: its inner verbs are below chance where a third noun stands in between and all "
            "other nouns are against them, and people's are not. They show it in figures; there are no published "
            "numbers to put beside these."
        ]
        if any(carrier(search) is None for search in self.searches.values()):
            text.append("Where no sentence is right with either number, no unit can be seen to carry it.")
        return text

    def tables(self):
        rows = []
        for task, comparison in self.tasks.items():
            conditions = [item.condition for item in comparison.items]
            for condition in dict.fromkeys(conditions):
                shares = [comparison.accuracy(condition, unit) for unit in (None, *self.roles)]
                rows.append([task, condition, conditions.count(condition), *(100 * share for share in shares)])
        columns = ["task", "condition", "n", "right %", *(f"{unit} off" for unit in self.roles)]
        caption = (
            "Percent right; 'off': with that unit ablated. A condition has a letter for each noun; the inner verb "
            "agrees with the second, the outer one with the first."
        )
        return [Table("nested", caption, columns, rows), self._searched(), self._judged()]

    def _searched(self):
        columns = ["task", "n", "carried by", "moved %", "needed", "wrong %"]
        rows = []
        for task, search in self.searches.items():
            row = [task, len(search.counted)]
            for find, measure, method in ((carrier, search.moved, "once"), (costliest, search.flips, "zero")):
                unit = find(search)
                row += [unit, None if unit is None else float(100 * measure(method)[unit - 1])]
            rows.append(row)
        caption = (
            "The unit whose cell, from the sentence with the other number of the noun that the verb agrees with, moves "
            "the mean margin farthest, in percent of the way; and the unit without which most verbs go wrong. Searched "
            "among all, on a few sentences that are right with either number."
        )
        return Table("nested_search", caption, columns, rows)

    def _judged(self):
        columns = ["units", "task", "n", "ablated: wrong %", "exchanged: flips %", "exchanged: moved %"]
        rows = []
        for task, comparison in self.tasks.items():
            flips, moved = comparison.flips, comparison.moved
            effects = 100 * np.array([flips("zero"), flips("once"), moved("once")])
            for units, cells in zip(comparison.sets, effects.T.tolist(), strict=True):
                rows.append(["+".join(map(str, units)), task, len(comparison.counted), *cells])
        caption = (
            "The same of these units and of the number units, on sentences that they were not searched on. Exchanged: "
            "C from the sentence with the other number, once, at the noun."
        )
        return Table("nested_carriers", caption, columns, rows)

    def figures(self):
        return [
            Figure(
                "nested",
                "Percent right in each condition, the inner verb and the outer one. Chance is 50: below it the verb "
                "follows another noun.",
                "dot plots of accuracy, a panel each for short and long sentences",
                lambda: plot_nested(self.tasks),
            ),
            Figure(
                "nested_carriers",
                "Each dot is a unit: how far its cell, exchanged at the noun, moves the outer verb (across) and the "
                "inner one (up), in percent of the way to the other number. One that carried both numbers would stand "
                "at the top right. Where no sentence is right with either number, dots lie on 0.",
                "scatter plots of units, a panel each for short and long sentences",
                lambda: plot_carriers(self.searches),
            ),
        ]

    def summary(self):
        parts = []
        for task, search in self.searches.items():
            if (unit := carrier(search)) is not None:
                judged = self.tasks[task]
                flips = judged.flips("once")[judged.sets.index((unit,))]
                parts.append(f"{task} unit {unit} ({100 * flips:.0f} % of the verbs flip)")
        return f"Nested dependencies, the unit that carries the number farthest: {'; '.join(parts)}." if parts else ""


VERBS = "Inner", "Outer"
LENGTHS = {"Short": 1, "Long": 2}  # relative widths of panels


@in_style()
def plot_nested(tasks):
    """Percent right in each condition of each task.

    Parameters
    ----------
    tasks : dict
        {name of a nested task: Comparison}.
    """
    fig, axes = figure(1, 2, 6.8, 2.4, sharey=True, width_ratios=list(LENGTHS.values()))
    for axis, length in zip(axes[0], LENGTHS, strict=True):
        axis.axhline(50, **GUIDE)
        for shift, verb, (color, marker) in zip((-0.1, 0.1), VERBS, LINES, strict=False):
            if (comparison := tasks.get(f"{length}Nested{verb}")) is not None:
                conditions = list(dict.fromkeys(item.condition for item in comparison.items))
                shares = [100 * comparison.accuracy(condition) for condition in conditions]
                x = np.arange(len(conditions)) + shift
                axis.vlines(x, 50, shares, color=color, linewidth=1)
                axis.plot(x, shares, marker, color=color, markersize=4, label=f"{verb.lower()} verb")
                axis.set_xticks(range(len(conditions)), conditions)
        axis.set_title(f"{length}-Nested")
        axis.set_ylim(-4, 104)
    axes[0, 0].set_ylabel("right, %")
    handles = dict(line for axis in axes[0] for line in zip(*axis.get_legend_handles_labels()[::-1], strict=True))
    fig.legend(handles.values(), handles, loc="outside upper center", ncols=2)
    return fig


@in_style()
def plot_carriers(searches):
    """Plot how far each unit moves the outer and the inner verb, and name those that move one by 10 % of the way.

    Parameters
    ----------
    searches : dict
        {name of a nested task: Comparison of every unit}.
    """
    fig, axes = figure(1, 2, 6.8, 3, sharex=True, sharey=True)
    for axis, length in zip(axes[0], LENGTHS, strict=True):
        axis.axhline(0, **GUIDE)
        axis.axvline(0, **GUIDE)
        pair = [searches[task] for verb in VERBS if (task := f"{length}Nested{verb}") in searches]
        if len(pair) == len(VERBS):
            y, x = (100 * np.nan_to_num(search.moved("once")) for search in pair)
            axis.plot(x, y, "o", color=NEUTRAL, markersize=3)
            for u in np.flatnonzero(np.maximum(abs(x), abs(y)) >= 100 * POINTS):
                axis.annotate(str(u + 1), (x[u], y[u]), (3, 3), textcoords="offset points")
        axis.set_title(f"{length}-Nested")
        axis.set_xlabel("outer verb, % of the way")
    axes[0, 0].set_ylabel("inner verb, % of the way")
    return fig


def compute(experiment, results):
    """All four tasks: every unit on a few sentences, and those that stand out there on the evaluation half's others."""
    model, numbers = experiment.model, results["number_units"]
    how = {"methods": WAYS, "progress": experiment.progress, **experiment.reading}
    few = [item for item in experiment.asked(*NESTED_TASKS) if item.id % 2 and item.id <= SEARCHED]
    searches = {task: compare(model, items, **how) for task, items in _by_task(model, few).items()}
    carriers = [find(one) for find in (carrier, costliest) for one in searches.values()]
    roles = numbers.roles | {unit: () for unit in carriers if unit not in (None, *numbers.roles)}
    sets = [(unit,) for unit in roles] + ([numbers.long_range] if len(numbers.long_range) > 1 else [])
    searched = set(few)
    judged = _by_task(model, [item for item in experiment.sentences(*NESTED_TASKS) if item not in searched])
    return Nested({task: compare(model, items, sets, **how) for task, items in judged.items()}, searches, roles)


def _by_task(model, items):
    """{task: its items of which the model knows both verb forms}."""
    tasks = {task: [] for task in NESTED_TASKS}
    for item in scored_items(model, items):
        if item.task in tasks:
            tasks[item.task].append(item)
    if not any(tasks.values()):
        raise StimulusError(f"nested dependencies: expected odd and even ids of {', '.join(tasks)}; there are none")
    return {task: some for task, some in tasks.items() if some}


ANALYSIS = Analysis(
    "nested",
    "nested",
    "Nested dependencies",
    "",
    compute,
    summary="two nouns, two verbs, one agreement within the other",
    needs=("number_units",),
    claims=CLAIMS,
)
