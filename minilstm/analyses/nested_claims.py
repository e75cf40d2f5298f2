"""Claims of Lakretz et al. (2021) about nested dependencies."""

import numpy as np

from .base import Claim, Criterion, NotTestable, Outcome, format_units
from .drops import POINTS
from .statistics import TESTABLE, percent

LEAST = 10  # sentences, right with either number, below which nothing is said of who carries it
AGAINST = "SPS", "PSP"  # of LongNestedInner: both other nouns have the other number


def below_chance(experiment, results, chance):
    task = _task(results, "LongNestedInner")
    for condition in ("SSS", "PPP"):
        if not task.accuracy(condition) >= TESTABLE:
            raise NotTestable(f"{percent(task.accuracy(condition))} % in {condition}, where all nouns agree")
    shares = [task.accuracy(condition) for condition in AGAINST]
    value = ", ".join(f"{c} {percent(share)}" for c, share in zip(AGAINST, shares, strict=True))
    below = [c for c, share in zip(AGAINST, shares, strict=True) if share < chance]
    remark = f"below chance in {below[0]} only: one form is preferred, whatever the noun" if len(below) == 1 else ""
    return Outcome(bool(np.mean(shares) < chance), f"{value}; mean {percent(np.mean(shares))} %", remark)


def inner_is_harder(experiment, results, points):
    shares = {}
    for verb in ("Inner", "Outer"):
        task = _task(results, f"LongNested{verb}")
        for condition in ("SSS", "PPP"):
            if not task.accuracy(condition) >= TESTABLE:
                share = percent(task.accuracy(condition))
                raise NotTestable(f"{share} % of {verb.lower()} verbs in {condition}, where all nouns agree")
        incongruent = ("SPS", "SPP", "PSS", "PSP")  # the two subjects differ in number
        shares[verb] = np.mean([task.accuracy(condition) for condition in incongruent])
    gap = round(100 * (shares["Outer"] - shares["Inner"]), 9)
    return Outcome(gap >= points, f"inner {percent(shares['Inner'])}, outer {percent(shares['Outer'])}")


def carry_the_outer_number_only(experiment, results, share):
    units = results["number_units"].long_range
    if not units:
        raise NotTestable("neither S* nor P*")
    flips = {}
    for verb in ("Outer", "Inner"):
        task = _task(results, f"ShortNested{verb}")
        if len(task.counted) < LEAST:
            raise NotTestable(f"{len(task.counted)} sentences of ShortNested{verb} are right with either number")
        flips[verb] = float(task.flips("once")[task.sets.index(units)])
    value = f"{format_units(units)}: outer {percent(flips['Outer'])}, inner {percent(flips['Inner'])} %"
    return Outcome(flips["Outer"] >= share > flips["Inner"], value)


def _task(results, name):
    """The evaluation half of a task; NotTestable where it was not read."""
    tasks = results["nested"].tasks
    if name not in tasks:
        raise NotTestable(f"{name} was not read")
    return tasks[name]


CLAIMS = (
    Claim(
        47,
        "Lakretz et al. 2021",
        "The inner verb of long nested dependencies is below chance, unlike people's",
        "below chance",
        "LongNestedInner SPS and PSP, where both other nouns are against it",
        other=Criterion("their mean is below {chance}", below_chance, chance=0.5),
    ),
    Claim(
        48,
        "Lakretz et al. 2021",
        "The inner verb is harder than the outer one, though the outer one is farther from its noun",
        "figures only",
        "LongNested, both verbs, conditions in which the two subjects differ in number",
        other=Criterion("inner at least {points} points below outer", inner_is_harder, points=100 * POINTS),
    ),
    Claim(
        49,
        "Lakretz et al. 2021",
        "The long-range units carry the outer number, and not the inner one as well",
        "stated",
        "share of the verbs of ShortNested that flip with C of S* and P* from the sentence with the other number",
        other=Criterion("outer >= {share}, inner < {share}", carry_the_outer_number_only, share=0.5),
    ),
)
