"""The number units S* and P* (section 4.1): the units that the rest of the paper is about, by rule or given."""

from dataclasses import dataclass, field

import numpy as np

from ..stimuli import HARD, NA_TASKS, SELECTION
from ..units import last_layer
from .base import Analysis, Claim, Criterion, NotTestable, Outcome, Result, format_units
from .drops import POINTS, lost, spared
from .number_agreement import share_right
from .published import OFF, TABLE_2
from .statistics import TESTABLE, percent
from .table2 import DISPLAYED, solved

ORIGINAL = {"S": 988, "P": 776}  # of the paper's own model
NUMBERS = {"S": "singular", "P": "plural"}
NO_NUMBER_UNITS = (
    "These questions are about long-range number units, and the network has none: no unit of the last layer costs more "
    "than 10 points in nounPP SP or PS."
)


@dataclass(frozen=True, eq=False, repr=False)
class NumberUnits(Result):
    """S* and P*, and what comes closest to them.

    Attributes
    ----------
    selected : dict
        {"S": unit, "P": unit}, S* and P*: the units of the last layer with the largest drop in nounPP SP and PS on
        the selection half, if that is more than 10 points; None where there is none.
    best_any_layer : dict
        {"S": unit, "P": unit}: the unit with the largest drop of all layers, selected as S* and P* are.
    largest_drop : dict
        {"S": unit, "P": unit}: the unit with the largest drop of the last layer, however small.
    by_rule : dict
        {"S": units, "P": units}: the units by the stricter rule, see `ablation.long_range_units`.
    drops : dict
        {"S": (intact, ablated)}: accuracies of each selected unit's condition on the evaluation half.
    judged_on : {"even", "odd"}
        The ids of the evaluation half.
    named : tuple of int
        The units that a user named, instead of all that; their number is not known.
    """

    selected: dict = field(default_factory=lambda: {"S": None, "P": None})
    best_any_layer: dict = field(default_factory=dict)
    largest_drop: dict = field(default_factory=dict)
    by_rule: dict = field(default_factory=dict)
    drops: dict = field(default_factory=dict)
    judged_on: str = "even"
    named: tuple = ()

    @property
    def long_range(self):
        """S* and P*, or the units named: a tuple."""
        return self.named or tuple(dict.fromkeys(unit for unit in self.selected.values() if unit is not None))

    @property
    def roles(self):
        """{unit: roles} of the units displayed: S* and P*, or what comes closest, without a role, where neither is."""
        if self.named:
            return {unit: ("given",) for unit in self.named}
        roles = {unit: () for unit in self.long_range or self.largest_drop.values()}
        for number, unit in self.selected.items():
            if unit is not None:
                roles[unit] = (*roles[unit], f"{number}*")
        return roles

    @property
    def numbers(self):
        """{unit: "S" or "P"}: the number that each unit displayed is for, as far as known."""
        chosen = self.selected if any(self.selected.values()) else self.largest_drop
        return {unit: number for number, unit in chosen.items() if unit is not None}

    def both(self):
        """S* and P*; raises NotTestable where one is missing."""
        for number, (task, condition) in SELECTION.items():
            if self.selected[number] is None:
                raise NotTestable(
                    f"no {number}*: no unit of the last layer costs more than 10 points in {task} {condition}"
                )
        return self.selected["S"], self.selected["P"]

    def two(self):
        """S* and P* as two different units; raises NotTestable where they are not."""
        singular, plural = self.both()
        if singular == plural:
            raise NotTestable(f"unit {singular} is both S* and P*")
        return singular, plural

    def text(self):
        if self.named:
            return [f"{format_units(self.named).capitalize()}: given."]
        if not self.by_rule:
            return []
        rule = "; ".join(f"{NUMBERS[number]}: {format_units(units)}" for number, units in self.by_rule.items())
        return [
            f"{self._selected()} By the stricter rule, which asks that a unit costs as much in nounPPAdv, and spares "
            f"Simple and the other number in nounPP: {rule}."
        ]

    def summary(self):
        """For readers who do not know what S*, P* and ids are."""
        texts = []
        for number, unit in (self.selected if self.by_rule else {}).items():
            between = {"S": "a plural", "P": "a singular"}[number]
            where = f"{NUMBERS[number]} subjects with {between} noun before the verb ({' '.join(SELECTION[number])})"
            if unit is None:
                texts.append(f"for {where} no single unit of the last layer is needed")
            else:
                before, after = self.drops[number]
                texts.append(
                    f"for {where} unit {unit} is needed most: without it {100 * before:.1f} % right become "
                    f"{100 * after:.1f} %"
                )
        text = "; ".join(texts)
        return f"{text[0].upper()}{text[1:]}." if text else ""

    def _selected(self):
        texts = []
        for number, unit in self.selected.items():
            where = f"{NUMBERS[number]}s ({' '.join(SELECTION[number])})"
            if unit is None:
                texts.append(
                    f"no unit of the last layer costs more than 10 points in {where}; unit {self.largest_drop[number]} "
                    "costs most"
                )
            else:
                before, after = self.drops[number]
                texts.append(
                    f"unit {unit} is {number}*, the costliest for {where}: without it {100 * before:.1f} becomes "
                    f"{100 * after:.1f} % in sentences with {self.judged_on} ids"
                )
        text = "; ".join(texts)
        return text[0].upper() + text[1:] + "."


def compute(experiment, results):
    """S* and P*, chosen on the selection half."""
    table, layer = results["agreement"], last_layer(experiment.model.sizes)
    if table.numbers is None:  # sentences without the conditions that units are chosen in
        return NumberUnits()
    odd = np.array([item.id % 2 == 1 for item in table.items])
    # the paper's units are known, so all sentences judge them; what else there is, is still asked of odd ids
    selection, evaluation = (
        (odd, ~odd) if experiment.original else (experiment.selects(table.items), experiment.evaluates(table.items))
    )
    every = range(1, sum(experiment.model.sizes) + 1)

    def search(units, strict=True):
        return {number: _largest_drop(table, selection, number, units, strict) for number in SELECTION}

    selected = dict(ORIGINAL) if experiment.original else search(layer)
    drops = {}
    for number, unit in selected.items():
        if unit is not None:
            judged = table.where(*SELECTION[number]) & evaluation
            drops[number] = share_right(table.full[judged]), share_right(table.ablated[unit - 1, judged])
    judged_on = "even" if experiment.original else experiment.half
    return NumberUnits(selected, search(every), search(layer, strict=False), table.numbers, drops, judged_on)


def given(experiment, units):
    """The units that a user names."""
    return NumberUnits(named=tuple(units))


def named_by_file(model):
    """The units of the last layer that the model's file names: a tuple; most analyses are about that layer.

    Without a unit of a lower one number may be lost too, and a file may name it.
    """
    last = last_layer(model.sizes)
    return tuple(int(unit) for unit in model.provenance.get("number_units", ()) if unit in last)


def _largest_drop(table, selection, number, units, strict):
    """The one of `units` with the largest drop; if `strict`, none if at most 10 points, or the task is not solved."""
    half = selection & table.where(*SELECTION[number])
    full = share_right(table.full[half])
    drop = lost(full, share_right(table.ablated[:, half][np.array(units) - 1]))
    if strict and not (full >= TESTABLE and drop.max() > POINTS):
        return None
    return units[int(np.argmax(drop))]


def carries(experiment, results, number, points):
    table, unit = results["agreement"], results["number_units"].selected[number]
    task, condition = SELECTION[number]
    solved(table, (task, condition))
    if unit is None:
        return Outcome(False, "no unit", f"no unit of the last layer costs more than 10 points in {task} {condition}")
    before = table.intact(experiment, task, condition)
    after = table.without(experiment, task, condition, [unit])[0]
    return Outcome(bool(lost(before, after) >= points / 100), f"unit {unit}: {percent(before)} to {percent(after)}")


def costs_as_published(experiment, results, number, points):
    table, unit = results["agreement"], results["number_units"].selected[number]
    now = {key: 100 * table.without(experiment, *key, [unit])[0] for key in OFF[number]}
    value = ", ".join(f"{' '.join(key)} {share:.1f}" for key, share in now.items())
    return Outcome(all(abs(now[key] - paper) <= points for key, paper in OFF[number].items()), value)


def spares_the_other(experiment, results, tasks, share):
    table, (singular, plural) = results["agreement"], results["number_units"].both()
    cells = [key for key in TABLE_2 if key[0] in tasks]
    solved(table, *cells)
    shares, holds = [], True
    for unit, other in ((singular, "P"), (plural, "S")):
        for key in (key for key in cells if key[1][0] == other):
            after, before = table.without(experiment, *key, [unit])[0], table.intact(experiment, *key)
            shares.append((after / before, f"{' '.join(key)} without {unit}"))
            holds &= bool(spared(before, after, share))
    least, where = min(shares)
    return Outcome(holds, f"least {least:.2f} x intact, {where}")


def no_third_unit(experiment, results, percent_left):
    singular, plural, value = _units_at_chance(experiment, results, percent_left)
    return Outcome(len(singular) == len(plural) == 1, value)


def exactly_the_published(experiment, results, percent_left):
    singular, plural, value = _units_at_chance(experiment, results, percent_left)
    return Outcome(sorted(singular + plural) == sorted(ORIGINAL.values()), value)


def _units_at_chance(experiment, results, percent_left):
    """The units without which SP, and PS, fall to chance in both tasks; and both as text."""
    table = results["agreement"]
    solved(table, *HARD)
    units = {}
    for number, (_, condition) in SELECTION.items():
        low = [table.without(experiment, task, condition) <= percent_left / 100 for task in ("nounPP", "nounPPAdv")]
        units[number] = [int(u) + 1 for u in np.flatnonzero(low[0] & low[1])]
    return units["S"], units["P"], f"S: {units['S'] or 'none'}, P: {units['P'] or 'none'}"


def units_are_in_the_last_layer(experiment, results):
    if len(experiment.model.sizes) == 1:
        raise NotTestable("the network has one layer")
    first = last_layer(experiment.model.sizes)[0]
    units = {number: unit for number, unit in results["number_units"].best_any_layer.items() if unit is not None}
    if not units:
        raise NotTestable("no unit of any layer costs more than 10 points in nounPP SP or PS")
    value = ", ".join(f"{number}: unit {unit}" for number, unit in units.items())
    return Outcome(all(unit >= first for unit in units.values()), value, f"the last layer begins at {first}")


CHANCE = 65  # percent: at or below, a condition is lost
CLAIMS = (
    Claim(
        7,
        "4.1",
        "One unit carries plurals over a distance (776)",
        "39.9, 48.0, 63.7, 78.3; CoAdv 79.2 %",
        "it ablated: namePP PS, nounPP PS, nounPPAdv PS, nounPP PP; CoAdv P",
        original=Criterion("all within {points} points", costs_as_published, number="P", points=2),
        other=Criterion("P*: nounPP PS drops by {points} points or more", carries, number="P", points=20),
    ),
    Claim(
        8,
        "4.1",
        "One unit carries singulars over a distance (988)",
        "54.2, 54.0; CoAdv 82 %",
        "it ablated: nounPP SP, nounPPAdv SP; CoAdv S",
        original=Criterion("all within {points} points", costs_as_published, number="S", points=2),
        other=Criterion("S*: nounPP SP drops by {points} points or more", carries, number="S", points=20),
    ),
    Claim(
        9,
        "4.1",
        "Each spares the other number",
        "'-'",
        "either ablated, conditions of the other number",
        original=Criterion("all of them >= {share} x intact", spares_the_other, share=DISPLAYED, tasks=tuple(NA_TASKS)),
        other=Criterion("those of nounPP >= {share} x intact", spares_the_other, share=DISPLAYED, tasks=("nounPP",)),
    ),
    Claim(
        10,
        "4.1",
        "The code is local: there is no third such unit",
        "2 units",
        f"units that alone leave <= {CHANCE} % in SP (or PS) of nounPP and of nounPPAdv",
        original=Criterion("exactly 776 and 988", exactly_the_published, percent_left=CHANCE),
        other=Criterion("exactly one for each number", no_third_unit, percent_left=CHANCE),
    ),
    Claim(
        13,
        "fn 5",
        "All units found are in the second layer",
        "layer 2",
        "layer of the units that cost most in PS and SP",
        other=Criterion("the last one", units_are_in_the_last_layer),
    ),
)

ANALYSIS = Analysis(
    "number_units",
    "ablate",
    "Number units",
    "section 4.1, Table 2",
    compute,
    needs=("agreement",),
    section="agreement",
    given=given,
    given_by="--units",
    claims=CLAIMS,
)
