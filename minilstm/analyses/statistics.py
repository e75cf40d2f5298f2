"""Statistics that several analyses share, and the numbers that their criteria share."""

import numpy as np

CEILING = 0.995  # accuracies at or above this cannot be told apart
ALPHA = 0.05
CHANCE = 0.5  # accuracy of guessing one of two forms
OUTLIER = 3  # population standard deviations from the mean
TESTABLE = 0.60  # where the intact network does worse, it does not do the task, and no ablation can say why


def percent(share):
    """A share as text, in percent."""
    return f"{100 * share:.1f}"


def format_numbers(values):
    """Numbers joined by commas, for a cell of the ledger."""
    return ", ".join(f"{value:.2f}" for value in np.ravel(values))


def easier(a, b):
    """Return whether the first of two conditions is easier, by accuracy or, where both are at the ceiling, by margin.

    Parameters
    ----------
    a, b : (pairs,) arrays
        Margins, paired by id: conditions share their words.

    Returns
    -------
    easier : bool
    text : str
    p : float
        Two-sided, paired: accuracy by McNemar's exact test, margins by Wilcoxon's signed ranks.
    """
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


def z_scores(values):
    """Population standard deviations from the mean, over the last axis; 0 where nothing varies.

    However far one of n numbers lies from the others, its z cannot exceed sqrt(n - 1): 25.5 of 650, 5.6 of 32.
    """
    away, sd = values - values.mean(axis=-1, keepdims=True), values.std(axis=-1, keepdims=True)
    return np.divide(away, sd, out=np.zeros_like(away), where=sd > 0)


def r_squared(y, predicted):
    """The share of the variance of y that `predicted` explains; below 0 if the mean of y would do better."""
    return 1 - ((y - predicted) ** 2).sum() / ((y - y.mean()) ** 2).sum()


def random_p(at_least):
    """p against random draws, (b + 1) / (n + 1): of n draws b do at least as much; ties count against what is tested.

    Parameters
    ----------
    at_least : (..., draws) bool array

    Returns
    -------
    (...) array

    Examples
    --------
    >>> random_p(np.array([[False, False, False], [True, False, True]])).tolist()
    [0.25, 0.75]
    """
    return (np.count_nonzero(at_least, axis=-1) + 1) / (at_least.shape[-1] + 1)
