"""Minimal sets of units: the fewest that agreement across an attractor needs, and the fewest that carry number.

Where no single unit is a number unit by the rule of `ablation.py`, a few together may be. They are searched greedily:
the unit whose ablation costs most, then the one that costs most beside it, and so on, until nothing is left of the
task. Many sets are tried on the way, so the set is chosen on items with odd ids and judged on those with even ids, at
each size beside random sets of as many units.

Ablation gives a minimal *necessary* set; one of its units may only guard the memory. With `sources` units are not
ablated: they get the memory of the sentence with the other subject (`exchange.py`), and the fewest after which the
verb follows that sentence are a minimal *sufficient* set: those units *carry* number.
"""

from dataclasses import dataclass

import numpy as np

from ..errors import MinilstmError, StimulusError
from ..stimuli import pairs
from .ablation import random_sets, set_margins
from .base import Analysis, Figure, Option, Result, Table, format_units
from .exchange import exchange
from .experiment import KIND, RANDOM, positive
from .number_agreement import by_condition, known_verbs, share_right
from .statistics import CHANCE, TESTABLE, random_p
from .style import GUIDE, LINES, NEUTRAL, PLURAL, SINGULAR, figure, in_style

MOST = 10  # units at which a search ends


@dataclass(frozen=True, eq=False)
class SmallestSet:
    """A greedy search, step by step; index 0 is the intact network, index k has the first k units ablated or exchanged.

    Attributes
    ----------
    conditions : tuple of (task, condition)
    units : tuple of int
        In the order in which they were added, in the paper's numbers.
    chosen : (1 + units, conditions) array
        Accuracy on the items that the units were chosen on, 0 to 1.
    judged : (1 + units, conditions) array
        The same on the others.
    random : tuple of (sets, conditions) arrays, one for each of `units`
        The same, on the others too, with random sets of 1, 2, ... units.
    p : (units,) array
        (b + 1) / (n + 1), b: random sets that hurt at least as much, by `left`, on the others.
    found : bool
        Whether the search ended because nothing was left, and not because there were too many units.
    """

    conditions: tuple
    units: tuple
    chosen: np.ndarray
    judged: np.ndarray
    random: np.ndarray
    p: np.ndarray
    found: bool

    @property
    def verdict(self):
        """What the search came to: a sentence or two."""
        units = format_units(self.units)
        if self.found:
            return f"Smallest set found: {units}. No condition is then right on more than 60 % of the odd items."
        return f"Not found: after {units} some condition is still right on more than 60 % of the odd items."

    def named(self):
        """The units, or that there are more of them."""
        return format_units(self.units) if self.found else f"more than {format_units(self.units)}"

    def rows(self):
        """Columns and rows: a step each, in percent on the items that the units were not chosen on; see `left`."""
        names = [f"{task} {condition}" for task, condition in self.conditions]
        judged = (100 * np.column_stack([self.judged, left(self.judged)])).tolist()
        rows = [[0, None, *judged[0], None, None, None]]
        for k, (unit, random, p) in enumerate(zip(self.units, map(left, self.random), self.p.tolist(), strict=True), 1):
            rows.append([k, unit, *judged[k], float(100 * random.mean()), float(100 * random.min()), p])
        return ["size", "added", *names, "left", "random sets", "lowest of them", "p"], rows


def left(accuracy):
    """What is left of the task, 0.5 to 1: the mean of accuracies (..., conditions), none counted below chance.

    A network that has lost the subject's number follows the attractor and may be wrong throughout; that is no further
    loss, and must not make up for another condition in which nothing is lost.
    """
    return np.maximum(accuracy, CHANCE).mean(axis=-1)


def smallest_set(
    model,
    items,
    sources=None,
    n_random=1000,
    seed=0,
    most=MOST,
    kind="paper",
    state="context",
    unknown="error",
    progress=False,
):
    """Add units one after the other, each the one without which least is left, until number is gone.

    Equal units are told apart by the mean margin. The search stops when no condition is right on more than 60 % of the
    items that the units are chosen on, or with `most` units.

    Parameters
    ----------
    model : LanguageModel
    items : sequence of stimuli.Item
        Of the conditions that are to be lost, such as nounPP SP and PS; odd and even ids in each. Those of which the
        model lacks a verb form are left out.
    sources : sequence of stimuli.Item, optional
        One for each item, see `stimuli.pairs`: C of the units is copied from there at the subject. Units are
        ablated if not given.
    n_random : int
        Random sets at each size, drawn from all units of all layers.
    most : int
        At most so many units.
    kind : {"paper", "released", "mean"}
        What ablation means; see `sweep.KINDS`.
    state, unknown
        As in `ablation_sweep`.

    Returns
    -------
    SmallestSet

    Raises
    ------
    StimulusError
        If a condition has no odd or no even ids.
    """
    if most < 1:
        raise MinilstmError(f"smallest set: expected at most 1 unit or more, got {most}")
    known = np.flatnonzero(known_verbs(model, items))
    odd, even = ([k for k in known if items[k].id % 2 == rest] for rest in (1, 0))
    conditions = tuple(by_condition([items[k] for k in known]))
    if not conditions or any(
        {(items[k].task, items[k].condition) for k in half} != set(conditions) for half in (odd, even)
    ):
        raise StimulusError(
            "smallest set: expected odd and even ids in every condition, to choose units on and to judge them"
        )
    shared = {"state": state, "unknown": unknown, "progress": progress}

    def without(half, sets):
        """Accuracies (sets, conditions), and mean margins (sets,)."""
        bases = [items[k] for k in half]
        if sources is None:
            margins = set_margins(model, bases, sets, kind, **shared)
        else:
            margins, *_ = exchange(model, bases, [sources[k] for k in half], sets, **shared)
        groups = by_condition(bases)
        return np.stack([share_right(margins[:, groups[key]]) for key in conditions], axis=1), margins.mean(axis=1)

    total = sum(model.sizes)
    units, chosen = [], [without(odd, [()])[0][0]]
    while chosen[-1].max() > TESTABLE and len(units) < min(most, total):
        candidates = [unit for unit in range(1, total + 1) if unit not in units]
        accuracy, margin = without(odd, [(*units, unit) for unit in candidates])
        best = min(range(len(candidates)), key=lambda k: (left(accuracy[k]), margin[k]))
        units.append(candidates[best])
        chosen.append(accuracy[best])

    grown = [tuple(units[:size]) for size in range(len(units) + 1)]
    judged, _ = without(even, grown)
    random = tuple(without(even, random_sets(total, len(units), n_random, seed))[0] for units in grown[1:])
    p = [random_p(left(some) <= left(own)) for some, own in zip(random, judged[1:], strict=True)]
    gone = bool(chosen[-1].max() <= TESTABLE)
    return SmallestSet(conditions, tuple(units), np.array(chosen), judged, random, np.array(p), gone)


@dataclass(frozen=True, eq=False, repr=False)
class Smallest(Result):
    """Greedy minimal sets of units.

    Attributes
    ----------
    necessary : SmallestSet or None
        The fewest units without which number is lost across an attractor; None where it was not asked for.
    sufficient : SmallestSet
        The fewest that carry number from one sentence to the other.
    most : int
        At how many units the search ended.
    """

    necessary: SmallestSet | None
    sufficient: SmallestSet
    most: int

    def _searches(self):
        """(name of table and figure, what is done to the units, the search)."""
        searches = [("smallest_carry", "with C from the sentence with the other subject", self.sufficient)]
        if self.necessary is not None:
            searches.insert(0, ("smallest_needed", "ablated", self.necessary))
        return searches

    def text(self):
        conditions = ", ".join(" ".join(key) for key in self.sufficient.conditions)
        text = [
            "Units are added to the set one at a time, out of all units of the network: each time the one after which "
            f"least is left of {conditions} on odd ids, until no condition is right on more than 60 %. What is left is "
            f"then measured on even ids, beside random sets. The search here ends at {self.most} units; --most lets it "
            "go on."
        ]
        if self.necessary is not None:
            text.append(f"By ablation, the units that are needed. {self.necessary.verdict}")
        text.append(f"By interchange, the units that carry the number of the other sentence. {self.sufficient.verdict}")
        return text

    def tables(self):
        return [
            Table(
                name,
                f"Percent right with the units {how}, on even ids. Left: the mean of the conditions, none counted "
                "below chance; for random sets the same.",
                *search.rows(),
                digits=(*[1] * (len(search.conditions) + 5), 4),  # the last one is p
            )
            for name, how, search in self._searches()
        ]

    def figures(self):
        return [
            Figure(
                name,
                f"Percent right with one unit more {how} at each step, on items that the units were not chosen on; "
                "grey: random sets of as many units. Below the line at 50 the verb follows another noun, or the other "
                "sentence.",
                "line plots of accuracy against the number of units",
                lambda search=search: plot_smallest(search),
            )
            for name, how, search in self._searches()
        ]

    def summary(self):
        carriers = self.sufficient.named()
        if self.necessary is None:
            return f"Fewest units that carry number: {carriers}."
        lost = "Fewest units without which number is lost across an attractor"
        return f"{lost}: {self.necessary.named()}; fewest that carry it: {carriers}."


@in_style()
def plot_smallest(search):
    """What is left as units are added one by one, on items that they were not chosen on, beside random sets."""
    steps = np.arange(len(search.units) + 1)
    fig, axes = figure(width=max(3.4, 0.45 * len(steps) + 1.2), height=2.6)
    axis = axes[0, 0]
    if search.units:
        low, middle, high = np.transpose([np.percentile(100 * left(random), (5, 50, 95)) for random in search.random])
        axis.fill_between(steps[1:], low, high, color="0.85", linewidth=0, label="random sets: 5th to 95th percentile")
        axis.plot(steps[1:], middle, color=NEUTRAL, linewidth=1, label="their median")
    axis.plot(steps, 100 * left(search.judged), "k--", linewidth=1.2, label="what is left")
    axis.axhline(50, **GUIDE)
    for k, (task, condition) in enumerate(search.conditions):
        color, marker = {"S": (SINGULAR, "o"), "P": (PLURAL, "s")}.get(condition[:1], LINES[k % len(LINES)])
        line = {"color": color, "markersize": 4, "linewidth": 1.2, "label": f"{task} {condition}"}
        axis.plot(steps, 100 * search.judged[:, k], marker + "-", **line)
    axis.set_xticks(steps, ["none", *(f"+{unit}" for unit in search.units)])
    axis.set_ylim(-4, 104)
    axis.set_xlabel("units, one more at each step")
    axis.set_ylabel("right, %")
    fig.legend(loc="outside upper center", ncols=2)
    return fig


def compute(experiment, results, interchange=False, most=5, conditions="SP,PS"):
    """Both searches among all units, for conditions of nounPP; with `interchange` only that for the sufficient set."""
    if experiment.half == "odd":
        raise MinilstmError("--half odd: this search is made on odd ids and measured on even ones")
    source_of = dict(zip(*pairs(experiment.asked("nounPP")), strict=True))
    hard = [item for item in source_of if item.condition in conditions.split(",")]
    if not hard:
        raise StimulusError(f"smallest set: no sentence is in a condition to be lost, {conditions}; see --conditions")
    how = {name: getattr(experiment, name) for name in ("n_random", "seed", "kind", "progress")} | experiment.reading
    necessary = None if interchange else smallest_set(experiment.model, hard, most=most, **how)
    sufficient = smallest_set(experiment.model, hard, [source_of[item] for item in hard], most=most, **how)
    return Smallest(necessary, sufficient, most)


ANALYSIS = Analysis(
    "smallest",
    "smallest",
    "The fewest units",
    "",
    compute,
    summary="the fewest units without which number is lost",
    options=(
        Option(
            "interchange",
            "only the units that carry number: C is copied from the sentence with the other subject",
            False,
        ),
        Option("most", "units at which the search ends (5)", 5, positive, metavar="N"),
        Option("conditions", "that are to be lost (SP,PS)", "SP,PS", metavar="NAMES"),
        RANDOM,
        KIND,
    ),
)
