"""Search the known mistakes for those that explain what a program returned, and for the one that comes nearest."""

from functools import partial
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from . import mistakes
from .program import forward
from .wrong_equations import clipped
from .wrong_numbers import inexact, throughout

ALIKE = 0.9  # of the squared difference: what a kind has to explain to be named
PAIRS_UP_TO = 32  # units: with more of them, to try every mistake on top of every gate order would take many seconds
DIGITS = 9  # of shares: what differs less explains as much
NEAR = 0.5  # what a mistake has to explain to be named as the nearest


class Diagnosis(NamedTuple):
    """Explanation of the outputs: names of mistakes; and the nearest, with the share of the squared difference left."""

    names: tuple[str, ...]
    nearest: str | None
    remainder: float | None
    wrong: dict | None  # what the nearest returns, for the case that was looked at


NOTHING = Diagnosis((), None, None, None)


def diagnose(cases, compared, progress=False):
    """Compare what was handed in with what every known mistake would have returned.

    Parameters
    ----------
    cases : dict of str to Problem
    compared : dict of str to dict of str to Comparison
        By case and quantity; first those cases that depart from the equations.
    """
    case = next(iter(compared))
    best, changes = _Best(compared[case]), [mistakes.with_and_without_state]
    changes += [mistakes.in_wrong_orders] if tries_pairs(cases[case]) else []
    with threadpool_limits(1, user_api="blas"):  # products are small: two threads would mostly wait for each other
        for change in changes:
            singly = change is mistakes.with_and_without_state
            changed = {each: change(cases[each]) for each in compared}
            runs = {each: _runs(problem, singly) for each, (problem, _) in changed.items()}
            names = _explaining(compared, runs, changed[case][1], best, progress)
            if names:
                return Diagnosis(names, None, None, None)
        for name, wrong_cell in clipped(cases[case], compared[case]):
            runs = {each: {name: partial(forward, cases[each], wrong_cell)} for each in compared}
            names = _explaining(compared, runs, ["{}"], best)
            if names:
                return Diagnosis(names, None, None, None)
        for name, run in inexact(cases[case], compared[case]):
            best.see([f"looks like {name}"], run())
        for name, outputs in throughout(compared[case]) if best.share < ALIKE else ():
            best.see([f"looks like {name}"], outputs)
    return best.diagnosis()


def tries_pairs(p):
    """Return whether mistakes are also tried on top of a wrong gate order."""
    return p.C_0.shape[-1] <= PAIRS_UP_TO


def diagnose_among(runs, compared):
    """Compare what was handed in, a `Comparison` by name, with what each of `runs`, by mistake, would have returned."""
    best = _Best(compared)
    names = _explaining({"": compared}, {"": runs}, ["{}"], best)
    return Diagnosis(names, None, None, None) if names else best.diagnosis()


def _explaining(compared, runs, sayings, best, progress=False):
    """The names of the mistakes that explain every case: of those alone, if there are any.

    Each of `runs`, by case and name, stands for as many programs as there are `sayings`.
    """
    first, *others = compared
    found = {}
    for name in tqdm(runs[first], disable=None if progress else True, unit="mistake", leave=False):
        wrong = runs[first][name]()
        names = [saying.format(name) for saying in sayings]
        shares = best.see(names, wrong)
        explained = _explained(compared[first], wrong, len(names), departing=True)
        explained &= ~(shares < ALIKE)  # where tolerances are wide, many mistakes are within them of a small departure
        for case in others:
            if explained.any() and name in runs[case]:  # a case may lack the layer or step that `name` is about
                explained = explained & _explained(compared[case], runs[case][name](), len(names))
        found |= {(name, k): names[k] for k in np.flatnonzero(explained)}
    found = {(name, k): text for (name, k), text in found.items() if (mistakes.INCLUDED.get(name), k) not in found}
    return tuple([text for (name, _), text in found.items() if text == name] or found.values())


def _runs(problem, singly):
    """Every program to try by name."""
    return (mistakes.unpaired_mistakes(problem) if singly else {}) | mistakes.single_mistakes(problem)


def _explained(comparisons, wrong, count, departing=False):
    """Find which of `count` programs explain all outputs; in a case that departs, none that would pass itself."""
    explained, passing = np.ones(count, bool), np.full(count, departing)
    for name, comparison in comparisons.items():
        explained &= comparison.explained_by(wrong[name])
    for name, comparison in comparisons.items() if departing and explained.any() else ():
        passing &= comparison.passed_by(wrong[name])
    return explained & ~passing


class _Best:
    """The mistake that has explained most so far of the squared difference in one case."""

    def __init__(self, comparisons):
        self.comparisons, self.name, self.share, self.wrong = comparisons, None, -np.inf, None
        self.total = sum(comparison.squares(comparison.right) for comparison in comparisons.values())

    def diagnosis(self):
        """The `Diagnosis` where no mistake explains all; an inexact kind is named if it explains most."""
        if self.share < NEAR:
            return NOTHING
        named = self.share >= ALIKE and self.name.startswith("looks like")
        return Diagnosis((self.name,) if named else (), self.name, 1 - self.share, self.wrong)

    def see(self, names, wrong):
        """Take note of what programs with the mistakes `names` return; what share of the difference each explains."""
        left = sum(comparison.squares(wrong[name]) for name, comparison in self.comparisons.items())
        shares = np.broadcast_to(1 - left / self.total, len(names))
        k = int(np.argmax(np.where(np.isfinite(shares), np.round(shares, DIGITS), -np.inf)))
        gained = np.round(shares[k] - self.share, DIGITS)
        if gained > 0 or gained == 0 and len(names[k]) < len(self.name):  # of what explains as much, the simpler
            self.name, self.share = names[k], float(shares[k])
            self.wrong = {
                name: wrong[name][k] if wrong[name].ndim > comparison.got.ndim else wrong[name]
                for name, comparison in self.comparisons.items()
            }
        return shares
