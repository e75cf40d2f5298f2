"""Claims 23 to 33: who knows the number when, short-range units, and depth (sections 4.2 and 4.3)."""

import numpy as np

from ..analyses.decoding import SECOND_NOUN, SUBJECT
from .claims_outcome import ALPHA, NotTestable, Outcome, listed, number_units, percent, significant
from .findings_parts import SYNTAX_UNIT

STRICT = 0.01
ERRORS = 10  # fewer say little
# On which side of .05 the paper's p of the syntax units are.
SYNTAX_HURTS = {
    ("Linzen", ""): True,
    ("nounPPAdv", "SP"): True,
    ("nounPPAdv", "PS"): True,
    ("nounPP", "SP"): True,
    ("nounPP", "PS"): False,
}


def number_units_decode(f):
    least = {unit: f.decoding[unit][SUBJECT : SECOND_NOUN + 2].min() for unit in number_units(f)}
    value = ", ".join(f"unit {unit}: {auc:.2f}" for unit, auc in least.items())
    return Outcome(min(least.values()) >= (0.99 if f.original else 0.9), value)


def rest_inverts(f):
    number_units(f)
    auc = f.decoding["rest"][SUBJECT : SECOND_NOUN + 1]
    if f.original:
        holds = (auc[:3] >= 0.8).all() and auc[3] < 0.1
    else:
        holds = auc[0] >= 0.8 and auc[3] < 0.3
    return Outcome(bool(holds), listed(auc))


def ten_short_range_units(f):
    found = len(f.short_range)
    value = f"{found}: {listed_units(f.short_range)}" if found else "none"
    reason = "" if f.original else "reported: how many depends on the size of the layer"
    return Outcome(8 <= found <= 12 if f.original else found >= 1, value, reason)


def short_range_units_matter(f):
    return _easy(f, "short", f.short_range)


def short_and_long_range_units_matter(f):
    return _easy(f, "short and long", {*f.short_range, *number_units(f)})


def _easy(f, name, units):
    if not f.short_range:
        raise NotTestable("no short-range unit")
    if f.original:
        return significant(f, f.groups[name], len(units), 6, 6, STRICT)
    return significant(f, f.groups[name], len(units), 4, 6, ALPHA)


def right_even_in_errors(f):
    number_units(f)
    if len(f.votes) < ERRORS:
        raise NotTestable(f"only {len(f.votes)} errors in nounPP and nounPPAdv")
    share = (f.votes > 0).mean()
    return Outcome(share >= (0.95 if f.original else 0.75), f"{percent(share)} % of {len(f.votes)} errors")


def depth_is_decodable(f):
    r2, frequency = f.depth.r2_without.mean(), f.depth.r2_frequency.mean()
    value = f"R2 {r2:.3f}, word frequency alone {frequency:.3f}" if _counted(f) else f"R2 {r2:.3f}"
    if f.original:
        return Outcome(0.83 <= r2 <= 0.87, value)
    if r2 >= 0.6 and not _counted(f):
        raise NotTestable("the model's file has no word counts to compare with", value)
    return Outcome(r2 >= 0.6 and r2 > frequency, value)


def frequency_is_negligible(f):
    if not _counted(f):
        raise NotTestable("the model's file has no word counts")
    change = abs(f.depth.r2.mean() - f.depth.r2_without.mean())
    return Outcome(change < (0.01 if f.original else 0.02), f"{change:.4f}")


def _counted(f):
    return not np.isnan(f.depth.r2_frequency).any()


def few_outliers(f):
    found, total = len(f.depth.outliers), sum(f.sizes)
    weights = f.depth.weights
    units = listed_units(f.depth.outliers) or "-"
    value = f"{found} of {total}: {units}; mean {weights.mean():.1g}, sd {weights.std():.1g}"
    if f.original:
        return Outcome(14 <= found <= 20, value)
    if int(0.03 * total) < 1:
        raise NotTestable(f"no whole number of {total} units is .5 to 3 % of them", value)
    return Outcome(0.005 <= found / total <= 0.03, value)


def syntax_units_matter(f):
    if not f.depth.outliers:
        raise NotTestable("no weight is an outlier")
    tests, missing = f.groups["syntax"], [f.no_linzen] if f.linzen is None else []
    if not f.original:
        return significant(f, tests, len(f.depth.outliers), 2, 5, ALPHA, ["Linzen"] if missing else [])
    same = sum((t.p < ALPHA) == SYNTAX_HURTS[t.task, t.condition] for t in tests)
    value = ", ".join(f"{t.task} {t.condition} {t.p:.3g}" for t in tests)
    if missing and same == 3:  # the fifth decides
        raise NotTestable(missing[0], value)
    return Outcome(same >= 4, value, f"on the paper's side of .05 in {same}")


def syntax_unit_exists(f):
    if f.original:
        rank = 1 + f.depth.strongest().index(SYNTAX_UNIT)
        return Outcome(SYNTAX_UNIT in f.depth.outliers, f"rank {rank}, z {f.depth.z[SYNTAX_UNIT - 1]:.1f}")
    largest = (sum(f.sizes) - 1) ** 0.5
    if largest <= 3:
        raise NotTestable(f"no z of {sum(f.sizes)} weights can exceed {largest:.1f}")
    last = [unit for unit in f.depth.outliers if unit >= f.first]
    if last and f.syntax is None:
        raise NotTestable("neither S* nor P*, onto whose gates Y* is defined", f"outliers {listed_units(last)}")
    if f.syntax is None:
        strongest = f.depth.strongest(1)[0]
        return Outcome(
            False,
            f"none; unit {strongest} has z {f.depth.z[strongest - 1]:.1f}",
            "no outlier in the last layer",
        )
    rank = 1 + f.depth.strongest().index(f.syntax)
    return Outcome(True, f"unit {f.syntax}, rank {rank}, z {f.depth.z[f.syntax - 1]:.1f}")


def listed_units(units):
    """Unit numbers as text."""
    return ", ".join(map(str, units))


RULES = {
    23: number_units_decode,
    24: rest_inverts,
    25: ten_short_range_units,
    26: short_range_units_matter,
    27: short_and_long_range_units_matter,
    28: right_even_in_errors,
    29: depth_is_decodable,
    30: frequency_is_negligible,
    31: few_outliers,
    32: syntax_units_matter,
    33: syntax_unit_exists,
}
