"""The number units S* and P* (section 4.1): the units that the rest of the paper is about, by rule or given."""

from dataclasses import dataclass, field

import numpy as np

from ..stimuli import SELECTION
from ..units import last_layer
from .base import Analysis, NotTestable, Result, format_units
from .drops import POINTS, accuracy_drop
from .number_agreement import share_right
from .number_units_claims import CLAIMS
from .published import ORIGINAL
from .statistics import TESTABLE

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
    drop = accuracy_drop(full, share_right(table.ablated[:, half][np.array(units) - 1]))
    if strict and not (full >= TESTABLE and drop.max() > POINTS):
        return None
    return units[int(np.argmax(drop))]


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
