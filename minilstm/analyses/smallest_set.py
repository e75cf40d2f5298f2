"""Greedy search for a minimal set of units, on some sentences, and what becomes of others without it.

The unit whose ablation costs most is added first, then the one that costs most beside it, and so on, until nothing is
left of the task. Many sets are tried on the way, so the set is chosen on items with odd ids and judged on those with
even ids, at each size beside random sets of as many units.
"""

from dataclasses import dataclass

import numpy as np

from ..errors import MinilstmError, StimulusError
from ..records import short_repr
from .ablation import random_sets, set_margins
from .base import format_units
from .exchange import exchange
from .number_agreement import by_condition, in_vocabulary, share_right
from .statistics import CHANCE, TESTABLE, random_p

MOST = 10  # units at which a search ends


@short_repr
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
        (b + 1) / (n + 1), b: random sets that hurt at least as much, by `clipped_accuracy`, on the others.
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
        """Result of the search: a sentence or two."""
        units = format_units(self.units)
        if self.found:
            return f"Smallest set found: {units}. No condition is then right on more than 60 % of the odd items."
        return f"Not found: after {units} some condition is still right on more than 60 % of the odd items."

    def named(self):
        """The units, or that there are more of them."""
        return format_units(self.units) if self.found else f"more than {format_units(self.units)}"

    def rows(self):
        """Columns and rows: a step each, in percent on items that the units were not chosen on."""
        names = [f"{task} {condition}" for task, condition in self.conditions]
        judged = (100 * np.column_stack([self.judged, clipped_accuracy(self.judged)])).tolist()
        rows = [[0, None, *judged[0], None, None, None]]
        for k, (unit, random, p) in enumerate(
            zip(self.units, map(clipped_accuracy, self.random), self.p.tolist(), strict=True), 1
        ):
            rows.append([k, unit, *judged[k], float(100 * random.mean()), float(100 * random.min()), p])
        return ["size", "added", *names, "left", "random sets", "lowest of them", "p"], rows


def clipped_accuracy(accuracy):
    """Clipped accuracy, 0.5 to 1: the mean of accuracies (..., conditions), none counted below chance.

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
    known = np.flatnonzero(in_vocabulary(model, items))
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
        best = min(range(len(candidates)), key=lambda k: (clipped_accuracy(accuracy[k]), margin[k]))
        units.append(candidates[best])
        chosen.append(accuracy[best])

    grown = [tuple(units[:size]) for size in range(len(units) + 1)]
    judged, _ = without(even, grown)
    random = tuple(without(even, random_sets(total, len(units), n_random, seed))[0] for units in grown[1:])
    p = [
        random_p(clipped_accuracy(some) <= clipped_accuracy(own)) for some, own in zip(random, judged[1:], strict=True)
    ]
    gone = bool(chosen[-1].max() <= TESTABLE)
    return SmallestSet(conditions, tuple(units), np.array(chosen), judged, random, np.array(p), gone)
