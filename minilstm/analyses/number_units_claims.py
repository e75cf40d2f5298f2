"""Claims about the number units (section 4.1, Table 2)."""

import numpy as np

from ..stimuli import HARD, NA_TASKS, SELECTION
from ..units import last_layer
from .agreement_claims import solved
from .base import Claim, Criterion, NotTestable, Outcome
from .drops import SPARED_RATIO, accuracy_drop, spared
from .published import OFF, ORIGINAL, TABLE_2
from .statistics import percent


def carries(experiment, results, number, points):
    table, unit = results["agreement"], results["number_units"].selected[number]
    task, condition = SELECTION[number]
    solved(table, (task, condition))
    if unit is None:
        return Outcome(False, "no unit", f"no unit of the last layer costs more than 10 points in {task} {condition}")
    before = table.intact(experiment, task, condition)
    after = table.without(experiment, task, condition, [unit])[0]
    return Outcome(
        bool(accuracy_drop(before, after) >= points / 100), f"unit {unit}: {percent(before)} to {percent(after)}"
    )


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


PERCENT_LEFT = 65  # percent: at or below, a condition is lost
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
        original=Criterion(
            "all of them >= {share} x intact", spares_the_other, share=SPARED_RATIO, tasks=tuple(NA_TASKS)
        ),
        other=Criterion("those of nounPP >= {share} x intact", spares_the_other, share=SPARED_RATIO, tasks=("nounPP",)),
    ),
    Claim(
        10,
        "4.1",
        "The code is local: there is no third such unit",
        "2 units",
        f"units that alone leave <= {PERCENT_LEFT} % in SP (or PS) of nounPP and of nounPPAdv",
        original=Criterion("exactly 776 and 988", exactly_the_published, percent_left=PERCENT_LEFT),
        other=Criterion("exactly one for each number", no_third_unit, percent_left=PERCENT_LEFT),
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
