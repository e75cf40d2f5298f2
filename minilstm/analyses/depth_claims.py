"""Claims about syntactic depth (section 4.3)."""

from .base import Claim, Criterion, NotTestable, Outcome
from .statistics import OUTLIER


def depth_is_decodable(experiment, results, least):
    depth = results["depth"]
    r2, frequency = depth.r2_without.mean(), depth.r2_frequency.mean()
    if r2 >= least and not depth.counted:
        raise NotTestable("the model's file has no word counts to compare with", _r2(depth))
    return Outcome(bool(r2 >= least and r2 > frequency), _r2(depth))


def as_decodable_as_published(experiment, results, low, high):
    return Outcome(bool(low <= results["depth"].r2_without.mean() <= high), _r2(results["depth"]))


def _r2(depth):
    """R2 as text, and that of word frequency, if there are word counts."""
    text = f"R2 {depth.r2_without.mean():.3f}"
    return f"{text}, word frequency alone {depth.r2_frequency.mean():.3f}" if depth.counted else text


def frequency_is_negligible(experiment, results, below):
    depth = results["depth"]
    if not depth.counted:
        raise NotTestable("the model's file has no word counts")
    change = abs(depth.r2.mean() - depth.r2_without.mean())
    return Outcome(bool(change < below), f"{change:.4f}")


def few_outliers(experiment, results, low, high):
    depth = results["depth"]
    n, total = len(depth.outliers), len(depth.weights)
    if int(high / 100 * total) < 1:
        raise NotTestable(
            f"no whole number of {total} units is {str(low).lstrip('0')} to {high} % of them", _outliers(depth)
        )
    return Outcome(low / 100 <= n / total <= high / 100, _outliers(depth))


def as_many_outliers_as_published(experiment, results, low, high):
    return Outcome(low <= len(results["depth"].outliers) <= high, _outliers(results["depth"]))


def _outliers(depth):
    """Number and names of the outliers, and their distribution of weights, as text."""
    n, total, units = len(depth.outliers), len(depth.weights), ", ".join(map(str, depth.outliers)) or "-"
    return f"{n} of {total}: {units}; mean {depth.weights.mean():.1g}, sd {depth.weights.std():.1g}"


CLAIMS = (
    Claim(
        29,
        "4.3",
        "Depth can be decoded",
        ".85 +- .009",
        "R2 without word frequency",
        original=Criterion("{low} to {high}", as_decodable_as_published, low=0.83, high=0.87),
        other=Criterion(">= {least}, and better than word frequency alone", depth_is_decodable, least=0.6),
    ),
    Claim(
        30,
        "4.3",
        "Word frequency is negligible",
        "-",
        "change of R2 when its weight is zeroed",
        original=Criterion("< {below}", frequency_is_negligible, below=0.01),
        other=Criterion("< {below}", frequency_is_negligible, below=0.02),
    ),
    Claim(
        31,
        "4.3",
        "A few weights are outliers",
        "17; mean 7.6e-4, sd 7.86e-2",
        f"units beyond {OUTLIER} sd",
        original=Criterion("{low} to {high}", as_many_outliers_as_published, low=14, high=20),
        other=Criterion("{low} to {high} % of all units", few_outliers, low=0.5, high=3),
    ),
)
