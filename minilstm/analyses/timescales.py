"""Timescales: how long the cell of each unit would remember if its forget gate stayed where it is on average.

By Eq. 1 a cell with a constant forget gate f keeps f, f^2, f^3, ... of what it held: exp(-t / T) with the timescale

    T = -1 / log f    in words,

1.4 words at f = .5, 10 at f = .9, 100 at f = .99. A unit's T from its mean f over all words says how long it remembers in
general; from the mean f at one word of many sentences, how long it would from there. A number unit should have a long
one from the subject to the verb, and need not have it elsewhere.

Chien et al. (2021) measure timescales without looking at gates: how many words after a change of the context two states
have become alike. In this paper's network they find long ones in the units that carry number, and among the units with
long ones some, the controllers, that write to the input and forget gates of many others. T = -1 / log f is the other
common definition (Mahto et al., 2021, choose gates by it); both claims are put to it here.

References
----------
Chien, H.-Y. S., Zhang, J. and Honey, C. J. (2021). Mapping the timescale organization of neural language models. ICLR.
Mahto, S., Vo, V. A., Turek, J. S. and Huth, A. G. (2021). Multi-timescale representation learning in LSTM language
models. ICLR.
"""

import numpy as np

from .base import Claim, Criterion, NotTestable, Outcome, with_roles

LONG = 0.15  # share of the layer's units that count as long: Chien et al. speak of less than 15 % of all units


def number_units_are_long(experiment, results, quarter):
    timescales, units = results["timescales"], results["number_units"]
    singular, plural = units.both()
    share = {unit: timescales.longer(unit) for unit in dict.fromkeys((singular, plural))}
    value = ", ".join(f"unit {unit}: T {timescales.of(unit):.1f}, {100 * part:.0f} %" for unit, part in share.items())
    return Outcome(all(part <= quarter for part in share.values()), f"{value} of the layer have a longer one")


def long_units_write_to_gates(experiment, results, alpha):
    from scipy.stats import mannwhitneyu

    timescales = results["timescales"]
    H = len(timescales.projection)
    n = round(LONG * H)
    longest = np.argsort(-timescales.T[-H:], kind="stable")[:n]
    rest = np.setdiff1d(np.arange(H), longest)
    weights = timescales.projection
    p = float(mannwhitneyu(weights[longest], weights[rest], alternative="greater").pvalue)
    value = f"{np.median(weights[longest]):.2f} v {np.median(weights[rest]):.2f}, p {p:.3g}"
    return Outcome(p < alpha, value, f"{n} of {H} units")


_LONG = Criterion("at most {quarter} of the layer have a longer one, both units", number_units_are_long, quarter=0.25)
_WRITE = Criterion("larger, p < {alpha}, one-sided Mann-Whitney test", long_units_write_to_gates, alpha=0.05)
CLAIMS = (
    Claim(
        50,
        "Chien 2021",
        "The units that carry number have long timescales",
        "stated",
        "T of S* and P* from the mean f over all words of nounPP, in their layer",
        original=_LONG,
        other=_LONG,
    ),
    Claim(
        51,
        "Chien 2021",
        "Units with long timescales write to the input and forget gates of the others",
        "stated of some of them",
        f"mean |weight| onto these gates of the last layer, the {100 * LONG:.0f} % of its units with the longest T "
        "against the rest",
        original=_WRITE,
        other=_WRITE,
    ),
)
