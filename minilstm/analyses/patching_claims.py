"""Claims of Lu et al. (2020) about where and when number is, put to the grid of patches."""

import numpy as np

from ..stimuli import SELECTION
from .base import Claim, Criterion, NotTestable, Outcome


def written_by_the_candidate(experiment, results, percent):
    """Judge whether C~ of the number units that carry number, patched at the subject, does more than their i and f."""
    texts, holds = [], []
    for number, unit, k in _number_units(results):
        effects = {name: 100 * results["patching"].exact[name][k, 0, unit - 1] for name in ("C_tilde", "i", "f", "C")}
        if effects["C"] >= percent:
            holds.append(max(effects["i"], effects["f"]) < effects["C_tilde"])
            texts.append(
                f"{number}*, unit {unit}: " + ", ".join(f"{name} {value:.1f}" for name, value in effects.items())
            )
    if not holds:
        raise NotTestable(f"C of no number unit, patched at the subject, moves the margin by {percent} %")
    return Outcome(all(holds), "; ".join(texts))


def stays_in_the_number_units(experiment, results):
    """Judge whether at every word from the subject on the unit whose C moves the margin farthest is a number unit."""
    farthest = {number: 1 + results["patching"].exact["C"][k].argmax(axis=1) for number, _, k in _number_units(results)}
    units = results["number_units"].long_range
    texts = (f"{' '.join(SELECTION[number])}: {', '.join(map(str, best))}" for number, best in farthest.items())
    return Outcome(all(np.isin(best, units).all() for best in farthest.values()), "; ".join(texts))


def _number_units(results):
    """(number, S* or P*, index of its condition) where there is the unit, and sentences that count."""
    grid, units = results["patching"], results["number_units"].selected
    carriers = [
        (number, units[number], grid.conditions.index(key))
        for number, key in SELECTION.items()
        if units[number] is not None and key in grid.conditions and grid.n[grid.conditions.index(key)]
    ]
    if not carriers:
        raise NotTestable("no S* and no P*, or no nounPP SP or PS that is right with either number")
    return carriers


CLAIMS = (
    Claim(
        42,
        "Lu et al. 2020",
        "Number is written by the candidate, not by opening a gate",
        "the primary path begins with C~ at the subject",
        "C~ of S* (P*) patched alone at the subject, nounPP SP (PS), percent of the way",
        other=Criterion(
            "it moves the margin farther than i and than f, for each whose C moves it by {percent} % or more",
            written_by_the_candidate,
            percent=20,
        ),
    ),
    Claim(
        43,
        "Lu et al. 2020",
        "It stays in the cells of the number units until the verb",
        "the primary path goes on through C of the same unit",
        "the unit whose C, patched at that word alone, moves the margin farthest",
        other=Criterion(
            "S* or P* at every word, in SP and in PS, where there is such a unit", stays_in_the_number_units
        ),
    ),
)
