"""Minimal sets of units: the fewest that agreement across an attractor needs, and the fewest that carry number.

Where no single unit is a number unit by the rule of `ablation.py`, a few together may be. They are searched greedily
(`smallest_set.py`).

Ablation gives a minimal *necessary* set; one of its units may only guard the memory. With `sources` units are not
ablated: they get the memory of the sentence with the other subject (`exchange.py`), and the fewest after which the
verb follows that sentence are a minimal *sufficient* set: those units *carry* number.
"""

from dataclasses import dataclass

import numpy as np

from ..errors import MinilstmError, StimulusError
from ..stimuli import pairs
from .base import Analysis, Figure, Option, Result, Table
from .experiment import KIND, RANDOM, positive
from .smallest_set import SmallestSet, clipped_accuracy, smallest_set
from .style import GUIDE, LINES, NEUTRAL, PLURAL, SINGULAR, figure, in_style

DEFAULT_CONDITIONS = "SP,PS"  # of nounPP, in which number has to cross an attractor


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
    """Plot accuracy as units are added one by one, on items that they were not chosen on, beside random sets."""
    steps = np.arange(len(search.units) + 1)
    fig, axes = figure(width=max(3.4, 0.45 * len(steps) + 1.2), height=2.6)
    axis = axes[0, 0]
    if search.units:
        low, middle, high = np.transpose(
            [np.percentile(100 * clipped_accuracy(random), (5, 50, 95)) for random in search.random]
        )
        axis.fill_between(steps[1:], low, high, color="0.85", linewidth=0, label="random sets: 5th to 95th percentile")
        axis.plot(steps[1:], middle, color=NEUTRAL, linewidth=1, label="their median")
    axis.plot(steps, 100 * clipped_accuracy(search.judged), "k--", linewidth=1.2, label="what is left")
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


def compute(experiment, results, interchange=False, most=5, conditions=DEFAULT_CONDITIONS):
    """Both searches among all units, for conditions of nounPP; with `interchange` only that for the sufficient set."""
    if experiment.half == "odd":
        raise MinilstmError("--half odd: this search is made on odd ids and measured on even ones")
    source_of = dict(zip(*pairs(experiment.asked("nounPP")), strict=True))
    wanted = conditions.split(",")
    hard = [item for item in source_of if item.condition in wanted]
    missing = [name for name in wanted if name not in {item.condition for item in hard}]
    if missing and (conditions != DEFAULT_CONDITIONS or not hard):  # of those that nobody asked for, one is enough
        raise StimulusError(
            f"smallest set: no sentence is in a condition to be lost, {', '.join(missing)}; see --conditions"
        )
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
        Option("conditions", f"that are to be lost ({DEFAULT_CONDITIONS})", DEFAULT_CONDITIONS, metavar="NAMES"),
        RANDOM,
        KIND,
    ),
)
