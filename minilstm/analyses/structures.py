"""Syntax units across structures (section 4.3, Fig. 3): does the cell last from the subject to the verb in all?"""

from dataclasses import dataclass

import numpy as np

from ..stimuli import CONDITIONS, SUBJECT, na_task
from .base import Analysis, Claim, Criterion, Figure, NotTestable, Option, Outcome, Result, Table, format_units
from .dynamics import VARIABLES, dynamics, means_table
from .style import GUIDE, LABELS, NEUTRAL, in_style, name_ticks, panels

STRUCTURES = "2Adv", "CoAdv", "nounPP", "SubjRel", "2SubjRel"  # Fig. 3; its panel (a) says 2Adv and shows CoAdv
CLAUSE_VERBS = {"SubjRel": (3,), "2SubjRel": (3, 7)}  # The boy that admires the girls that avoid the poet greets


def structures(model, units, n=None, tasks=STRUCTURES, seed=0, lexicon="paper", state="context", unknown="error"):
    """Gates and cell of units on the structures of Fig. 3, from the first word to `the` after the verb.

    Parameters
    ----------
    model : LanguageModel
    units : sequence of int
        In the paper's numbers.
    n : int, optional
        Sentences a condition; by default as `stimuli.na_task`.
    tasks, seed, lexicon
        As in `stimuli.na_task`.
    state, unknown
        As in `dynamics.dynamics`.

    Returns
    -------
    dict
        {task: dynamics.Dynamics}, all conditions of a task in one.
    """
    items = [
        item for task in tasks for condition in CONDITIONS[task] for item in na_task(task, condition, n, seed, lexicon)
    ]
    return pooled(model, items, units, state, unknown)


def pooled(model, items, units, state="context", unknown="error"):
    """The same on any sentences: {task: dynamics.Dynamics}."""
    tasks = {}
    for item in items:
        tasks.setdefault(item.task, []).append(item)
    return {task: dynamics(model, {task: some}, units, state=state, unknown=unknown) for task, some in tasks.items()}


@dataclass(frozen=True, eq=False, repr=False)
class Structures(Result):
    """Fig. 3.

    Attributes
    ----------
    dynamics : dict
        {task: dynamics.Dynamics} of the units displayed, all conditions of a task in one.
    unit : int or None
        Y*, if there is one.
    roles : dict
        {unit: roles} of the units displayed.
    variable : {"C", "h", "i", "f", "o", "C_tilde"}
        What is shown.
    """

    dynamics: dict
    unit: int | None
    roles: dict
    variable: str = "C"

    def text(self):
        units = format_units(self.roles).capitalize()
        if self.unit:
            return [f"{units}{f'; unit {self.unit}' if len(self.roles) > 1 else ', which'} is Y*."]
        if any(self.roles.values()):
            return [f"{units}: given."]
        return [f"{units}: no Y*, but the strongest of the last layer in the regression on depth."]

    def tables(self):
        columns = ["structure", "unit", "least", "largest", "before the verb", "at the verb"]
        rows = []
        for unit in self.roles:
            for task, one in self.dynamics.items():
                values = one.mean[self.variable][0, :, one.units.index(unit)]
                between = values[SUBJECT + 1 : one.verb] if one.verb > SUBJECT + 1 else values[SUBJECT : one.verb]
                cells = between.min(), between.max(), values[one.verb - 1], values[one.verb]
                rows.append([task, unit, *map(float, cells)])
        caption = f"Mean {self.variable} between subject and main verb (least and largest), and around the verb."
        return [means_table(list(self.dynamics.values())), Table("structures", caption, columns, rows, digits=2)]

    def figures(self):
        if self.unit is None and not any(self.roles.values()):
            return []  # of a unit that is no syntax unit there is nothing to be seen
        unit = self.unit or next(iter(self.roles))
        return [
            Figure(
                f"structures_{unit}",
                f"Fig. 3: {self.variable} of unit {unit}, all numbers together, mean and standard deviation; the grey "
                "bar is the main verb. The cell of a syntax unit is far from 0 from the subject on, through adverbs, "
                "phrases and relative clauses, and changes most at the main verb.",
                "line plots over the words of several structures",
                lambda: plot_structures(self.dynamics, unit, self.variable),
            )
        ]


@in_style()
def plot_structures(dynamics, unit, variable="C"):
    """One unit over several syntactic structures, a panel each, all sentences of a structure together (Fig. 3).

    Parameters
    ----------
    dynamics : mapping of str to dynamics.Dynamics
        Title of each panel, and the dynamics of one condition that pools all numbers.
    unit : int
    variable : {"C", "h", "i", "f", "o", "C_tilde"}
    """
    longest = max(len(one.words) for one in dynamics.values())
    fig, axes = panels(len(dynamics), 2, 0.27 * longest + 0.5, 1.9, sharey=True)
    for axis, (title, one) in zip(axes.flat, dynamics.items(), strict=False):
        k = one.units.index(unit)
        mean, sd = one.mean[variable][0, :, k], one.sd[variable][0, :, k]
        axis.axhline(0, **GUIDE)
        axis.axvline(one.verb, color="0.9", linewidth=5, zorder=-1)
        axis.errorbar(range(len(mean)), mean, sd, color=NEUTRAL, marker="o", markersize=3, linewidth=1, capsize=2)
        axis.set_title(title)
        name_ticks(axis, one.words)
    for axis in axes[:, 0]:
        axis.set_ylabel(f"{LABELS[variable]} of unit {unit}")
    return fig


def compute(experiment, results, variable="C"):
    """Fig. 3, for the units that the search for syntax units displays."""
    syntax = results["syntax_unit"]
    roles = {unit: syntax.roles.get(unit, ()) for unit in syntax.displayed}
    return Structures(_read(experiment, roles), syntax.unit, roles, variable)


def given(experiment, units, variable="C"):
    """The same for units that a user names."""
    return Structures(_read(experiment, units), None, {unit: ("given",) for unit in units}, variable)


def _read(experiment, units):
    items = experiment.asked(*STRUCTURES)  # of all ids: no unit was chosen on these sentences
    return pooled(experiment.model_lowercase_context, items, tuple(units), **experiment.reading)


def signs_as_published(experiment, results, tasks):
    """Judge whether the cell is positive between subject and verb, and negative at the verb."""
    texts, holds = [], []
    for task, C, _, verb in _cells(results, tasks):
        between = C[SUBJECT + 1 : verb]
        holds.append((between > 0).all() and C[verb] < 0)
        texts.append(f"{task}: {between.min():.2f} to {between.max():.2f}, {C[verb]:.2f} at the verb")
    return Outcome(bool(all(holds)), "; ".join(texts))


def changes_most_at_the_verb(experiment, results, tasks, sds):
    """Judge whether the cell stays on one side of 0 from the subject to the verb, and leaves it there."""
    texts, holds = [], []
    for task, C, sd, verb in _cells(results, tasks):
        change = np.diff(C, prepend=0) * np.sign(C[verb - 1])  # of the word at each step; < 0 is a drop
        spread = np.sqrt((sd**2 + np.roll(sd, 1) ** 2) / 2)  # of the cells before and after it
        drop = -change[verb]
        inner = list(CLAUSE_VERBS.get(task, ()))
        holds.append(
            drop > 0
            and drop >= sds * spread[verb]
            and drop >= np.abs(change[1:]).max()
            and not (-change[inner] >= np.maximum(sds * spread[inner], 1e-9)).any()
        )
        size = drop / spread[verb] if spread[verb] else np.inf
        texts.append(f"{task}: {C[verb - 1]:.2f} to {C[verb]:.2f}, {size:.1f} sd")
    return Outcome(bool(all(holds)), "; ".join(texts))


def _cells(results, tasks):
    """(task, mean C, its sd, the step of the verb) of Y*, the two in the middle (steps,) arrays."""
    unit = results["syntax_unit"].unit
    if unit is None:
        raise NotTestable("no Y*")
    for task in tasks:
        one = results["structures"].dynamics[task]
        k = one.units.index(unit)
        yield task, one.mean["C"][0, :, k], one.sd["C"][0, :, k], one.verb


_PHRASES, _CLAUSES = ("CoAdv", "nounPP"), ("SubjRel", "2SubjRel")
CLAIMS = (
    Claim(
        34,
        "F3a-b",
        "It is positive from the subject to before the verb, negative at the verb",
        "~.95 to 1.35, -.95",
        "mean C, CoAdv and nounPP",
        original=Criterion("these signs", signs_as_published, tasks=_PHRASES),
        other=Criterion(
            "the change at the verb is {sds} sd or more, back across 0 or towards it, and the largest of all words",
            changes_most_at_the_verb,
            tasks=_PHRASES,
            sds=2,
        ),
    ),
    Claim(
        35,
        "F3c-d",
        "The same across one and two relative clauses",
        "~.65 to 1.3, -.8",
        "mean C, SubjRel and 2SubjRel",
        original=Criterion("these signs, verbs within clauses included", signs_as_published, tasks=_CLAUSES),
        other=Criterion(
            "as 34; no drop of {sds} sd at a verb within a clause", changes_most_at_the_verb, tasks=_CLAUSES, sds=2
        ),
    ),
)

VARIABLE = Option("variable", "what is shown of the unit (C)", "C", choices=VARIABLES)
ANALYSIS = Analysis(
    "structures",
    "dynamics --pool",
    "Syntax units across structures",
    "section 4.3, Fig. 3",
    compute,
    needs=("syntax_unit",),
    given=given,
    given_by="--units",
    reads=("tasks", "activity"),
    options=(VARIABLE,),
    claims=CLAIMS,
)
