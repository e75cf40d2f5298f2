"""What a rule of the claims ledger answers, and the words and tests that several rules share."""

from math import comb
from typing import NamedTuple

import numpy as np

from ..analyses.ablation import TESTABLE

CEILING = 0.995  # accuracies at or above this cannot be told apart
ALPHA = 0.05


class Outcome(NamedTuple):
    """Whether a claim holds, and the number that says so."""

    holds: bool
    value: str
    reason: str = ""


class NotTestable(Exception):
    """What a claim presupposes is missing; `value` is what there is to report all the same."""

    def __init__(self, reason, value="-"):
        super().__init__(reason)
        self.value = value


def solved(findings, *conditions):
    """Raise NotTestable unless the intact network is right often enough in every (task, condition)."""
    for task, condition in conditions:
        accuracy = findings.accuracy(task, condition)
        if not accuracy >= TESTABLE:
            raise NotTestable(f"intact, it is right on {percent(accuracy)} % of {task} {condition}, less than 60 %")


def number_units(findings):
    """S* and P*, or NotTestable."""
    for number, name in (("S", "SP"), ("P", "PS")):
        if findings.chosen[number] is None:
            raise NotTestable(f"no {number}*: no unit of the last layer costs more than 10 points in nounPP {name}")
    return findings.chosen["S"], findings.chosen["P"]


def both_layers_apart(findings):
    """S* and P* as two units, or NotTestable."""
    singular, plural = number_units(findings)
    if singular == plural:
        raise NotTestable(f"unit {singular} is both S* and P*")
    return singular, plural


def percent(share):
    """A share as text, in percent."""
    return f"{100 * share:.1f}"


def easier(findings, first, second):
    """Whether `first` (task, condition) is the easier one, by accuracy or at the ceiling by margin.

    Returns
    -------
    easier : bool
    text : str
    p : float
        Two-sided, paired by id: conditions share their words. Accuracy by McNemar's exact test, margins by
        Wilcoxon's signed ranks.
    """
    a, b = findings.paired(first, second)  # (pairs,) margins each
    at_ceiling = min((a > 0).mean(), (b > 0).mean()) >= CEILING
    if at_ceiling:
        text = f"margin {b.mean():.2f} v {a.mean():.2f}"
        return bool(a.mean() > b.mean()), text, signed_ranks(a, b)
    text = f"{percent((b > 0).mean())} v {percent((a > 0).mean())}"
    return bool((a > 0).mean() > (b > 0).mean()), text, mcnemar(a > 0, b > 0)


def mcnemar(a, b):
    """p of the exact two-sided test that two paired bool arrays are True equally often."""
    from scipy.stats import binomtest

    only_a, only_b = int((a & ~b).sum()), int((b & ~a).sum())
    return float(binomtest(only_a, only_a + only_b).pvalue) if only_a + only_b else 1.0


def signed_ranks(a, b):
    """p of Wilcoxon's two-sided test that the differences of pairs are symmetric about 0."""
    from scipy.stats import wilcoxon

    return float(wilcoxon(a, b).pvalue) if (a != b).any() else 1.0


def significant(findings, tests, size, needed, of, alpha, missing=()):
    """Whether `needed` of `of` group tests have p < alpha; NotTestable if those without power leave it open.

    Parameters
    ----------
    tests : list of groups.GroupTest
        All of one group, of `size` units.
    missing : sequence of str
        Conditions that could not be tested at all.
    """
    value = ", ".join([f"{t.task} {t.condition} {t.p:.3g}" for t in tests] + [f"{name} -" for name in missing])
    passed = sum(t.p < alpha for t in tests)
    unknown = [f"{t.task} {t.condition}" for t in tests if t.p >= alpha and lacks_power(findings, t, size, alpha)]
    if passed < needed <= passed + len(unknown) + len(missing):
        reason = f"p < {alpha:g} in {passed} of {of}; no power, or no data, in {', '.join((*unknown, *missing))}"
        raise NotTestable(reason, value)
    return Outcome(passed >= needed, value, f"p < {alpha:g} in {passed} of {of}")


def lacks_power(findings, test, size, alpha):
    """Whether a test could hardly pass: random sets hit its units or are too few, or the task is not solved.

    Where there are so few sets of this size that all of them serve as random ones, the group is one of them
    and ties with itself.
    """
    exist = comb(sum(findings.sizes), size)
    smallest = 2 / (exist + 1) if exist <= findings.n_random else 1 / (findings.n_random + 1)
    return smallest >= alpha or test.power < 1 - alpha or not test.full >= TESTABLE


def listed(values):
    """Numbers joined by commas, for a ledger's cell."""
    return ", ".join(f"{value:.2f}" for value in np.ravel(values))
