"""Nested dependencies: one agreement within another, and which units carry the number of each (Lakretz et al., 2021).

    The boy that the girls near the poet | admire           the inner verb: LongNestedInner SPS
    The boy that the girls near the poet admire | greets    the outer verb: LongNestedOuter SPS

A unit that stores the number of the first noun until its verb comes cannot store that of the second noun meanwhile. So
a network with one long-range unit for each number should get the outer verb right and the inner one by other means. In
short sentences the second noun stands right before its verb, and a short-range unit will do. In long ones a third noun
comes between: with neither kind of unit the inner verb should follow the wrong noun, the more so the more nouns are
against it. That is what the authors of the paper found; people make the same errors, but fewer than a half.

Every unit is tried alone, on a few sentences of the selection half: ablated, and with its cell from the sentence in
which the noun that the verb agrees with has the other number (`interchange.py`). The unit that costs most and the one
that moves the verb farthest are then judged on the evaluation half, beside the number units.

References
----------
Lakretz, Y., Hupkes, D., Vergallito, A., Marelli, M., Baroni, M. and Dehaene, S. (2021). Mechanisms for handling nested
dependencies in neural-network language models and humans. Cognition 213, 104699.
"""

from dataclasses import dataclass

import numpy as np

from ..stimuli.nested import NESTED_TASKS
from .ablation import POINTS, set_margins
from .base import Analysis, Claim, Criterion, Figure, NotTestable, Outcome, Result, Table, format_units, with_roles
from .interchange import Comparison, compare, interchange, pairs
from .number_agreement import known_verbs, share_right
from .statistics import TESTABLE, percent
from .style import LINES, NEUTRAL, figure

SEARCHED = 40  # ids of a condition among which units are searched
LEAST = 10  # sentences, right with either number, below which nothing is said of who carries it
AGAINST = {"Short": ("SP", "PS"), "Long": ("SPS", "PSP")}  # every other noun has the other number


def right(comparison, condition=None, unit=None):
    """Accuracy of the evaluation half: of one condition or all, intact or with a unit ablated; nan without sentences."""
    margins = comparison.intact if unit is None else comparison.margins["zero"][comparison.sets.index((unit,))]
    keep = [condition in (None, item.condition) for item in comparison.items]
    return float(share_right(margins[np.array(keep)]))


def below_chance(experiment, results, chance):
    task = _task(results, "LongNestedInner")
    for condition in ("SSS", "PPP"):
        if not right(task, condition) >= TESTABLE:
            raise NotTestable(f"{percent(right(task, condition))} % in {condition}, where all nouns agree")
    shares = [right(task, condition) for condition in AGAINST["Long"]]
    value = ", ".join(f"{c} {percent(share)}" for c, share in zip(AGAINST["Long"], shares, strict=True))
    return Outcome(bool(np.mean(shares) < chance), value)


def inner_is_harder(experiment, results, points):
    shares = {}
    for verb in ("Inner", "Outer"):
        task = _task(results, f"LongNested{verb}")
        for condition in ("SSS", "PPP"):
            if not right(task, condition) >= TESTABLE:
                share = percent(right(task, condition))
                raise NotTestable(f"{share} % of {verb.lower()} verbs in {condition}, where all nouns agree")
        incongruent = ("SPS", "SPP", "PSS", "PSP")  # the two subjects differ in number
        shares[verb] = np.mean([right(task, condition) for condition in incongruent])
    gap = round(100 * (shares["Outer"] - shares["Inner"]), 9)
    return Outcome(gap >= points, f"inner {percent(shares['Inner'])}, outer {percent(shares['Outer'])}")


def carry_the_outer_number_only(experiment, results, share):
    units = results["number_units"].long_range
    if not units:
        raise NotTestable("neither S* nor P*")
    flips = {}
    for verb in ("Outer", "Inner"):
        task = _task(results, f"ShortNested{verb}")
        good = right_with_both(task)
        if len(good) < LEAST:
            raise NotTestable(f"{len(good)} sentences of ShortNested{verb} are right with either number")
        flips[verb] = float(task.flips("once", good)[task.sets.index(units)])
    value = f"{format_units(units)}: outer {percent(flips['Outer'])}, inner {percent(flips['Inner'])} %"
    return Outcome(flips["Outer"] >= share > flips["Inner"], value)


def _task(results, name):
    """The evaluation half of a task; NotTestable where it was not read."""
    tasks = results["nested"].tasks
    if name not in tasks:
        raise NotTestable(f"{name} was not read")
    return tasks[name]


_BELOW = Criterion("their mean is below {chance}", below_chance, chance=0.5)
_HARDER = Criterion("inner at least {points} points below outer", inner_is_harder, points=100 * POINTS)
_OUTER = Criterion("outer >= {share}, inner < {share}", carry_the_outer_number_only, share=0.5)
CLAIMS = (
    Claim(
        47,
        "Lakretz 2021",
        "The inner verb of long nested dependencies is below chance, unlike people's",
        "below chance",
        "LongNestedInner SPS and PSP, where both other nouns are against it",
        original=_BELOW,
        other=_BELOW,
    ),
    Claim(
        48,
        "Lakretz 2021",
        "The inner verb is harder than the outer one, though the outer one is farther from its noun",
        "figures only",
        "LongNested, both verbs, conditions in which the two subjects differ in number",
        original=_HARDER,
        other=_HARDER,
    ),
    Claim(
        49,
        "Lakretz 2021",
        "The long-range units carry the outer number, and not the inner one as well",
        "stated",
        "share of the verbs of ShortNested that flip with C of S* and P* from the sentence with the other number",
        original=_OUTER,
        other=_OUTER,
    ),
)
