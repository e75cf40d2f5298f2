"""Timescales: how long the cell of each unit would remember if its forget gate stayed where it is on average.

By Eq. 1 a cell with a constant forget gate f keeps f, f^2, f^3, ... of what it held: exp(-t / T) with the timescale

    T = -1 / log f    in words,

1.4 words at f = .5, 9.5 at f = .9, 99.5 at f = .99. From a unit's mean f over all words, T says how long it remembers
in general; from its mean f at one word of many sentences, how long it would if all words were like this one. A number
unit should have a long one from the subject to the verb, and need not have it elsewhere.

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

from dataclasses import dataclass

import numpy as np

from ..errors import StimulusError
from ..stimuli import SUBJECT
from ..units import last_layer
from .afferents import GATES, connectivity
from .base import Analysis, Claim, Criterion, Figure, Outcome, Result, Table, fallback_note
from .dynamics import dynamics
from .short_range import unit_groups
from .style import LIGHTER, LINES, NEUTRAL, figure, in_style, name_ticks

LONG = 0.15  # share of the layer's units that count as long: Chien et al. speak of less than 15 % of all units
LISTED = 5  # units of the last layer with the longest timescales that are displayed
LARGEST = 1 - 2.0**-24  # the largest f below 1 in float32: with f = 1 nothing is ever forgotten


def timescale(f):
    """T = -1 / log f, in words.

    Parameters
    ----------
    f : array of float
        Forget gates, or means of them: 0 to 1.

    Returns
    -------
    float64 array of the same shape

    Examples
    --------
    >>> timescale([0.5, 0.9, 0.99]).round(1).tolist()
    [1.4, 9.5, 99.5]
    """
    return -1 / np.log(np.minimum(np.asarray(f, np.float64), LARGEST))


def share_longer(T, sizes):
    """The share of its layer with a longer timescale than each unit has.

    Parameters
    ----------
    T : (units,) array
    sizes : sequence of int
        The units of each layer.

    Returns
    -------
    (units,) array

    Examples
    --------
    >>> share_longer(np.array([1.0, 5.0, 2.0, 3.0]), (2, 2)).tolist()
    [0.5, 0.0, 0.5, 0.0]
    """
    layers = np.split(T, np.cumsum(sizes)[:-1])
    return np.concatenate([(layer > layer[:, None]).mean(axis=1) for layer in layers])


@dataclass(frozen=True, eq=False, repr=False)
class Timescales(Result):
    """Timescales of all units, over all words and word by word.

    Attributes
    ----------
    f : (words, units) array
        Mean forget gate at each word of the sentences.
    words : tuple of str
        What stands there.
    verb : int
        Where the main verb stands, from 0.
    sizes : tuple of int
        The units of each layer.
    projection : (H,) array
        Of each unit of the last layer the mean |weight| onto the input and forget gates of that layer.
    roles : dict
        {unit: roles} of the number units, or what comes closest, and of the short-range units.
    """

    f: np.ndarray
    words: tuple
    verb: int
    sizes: tuple
    projection: np.ndarray
    roles: dict

    @property
    def T(self):
        """From the mean forget gate over all words: (units,)."""
        return timescale(self.f.mean(axis=0))

    @property
    def T_between(self):
        """From the mean forget gate over the words between subject and verb: (units,)."""
        return timescale(self.f[SUBJECT + 1 : self.verb].mean(axis=0))

    @property
    def T_by_word(self):
        """From the mean forget gate at each word: (words, units)."""
        return timescale(self.f)

    @property
    def numbers(self):
        """The roles without the short-range units."""
        return {unit: roles for unit, roles in self.roles.items() if "short-range" not in roles}

    def text(self):
        return [
            f"{fallback_note(self.numbers)}After T = -1 / log f words with the mean forget gate f a cell has kept 37 % "
            "of what it held. 'longer' is the share of the unit's layer with a longer T: 0 for the longest, 50 for one "
            "in the middle."
        ]

    def tables(self):
        columns = ["unit", "role", "T", "longer %", "T between", "longer between %", *self._names()]
        cells = np.column_stack([*self._with_rank(self.T), *self._with_rank(self.T_between), self.T_by_word.T]).tolist()
        first = last_layer(self.sizes)[0]
        longest = first + np.argsort(-self.T[first - 1 :], kind="stable")[:LISTED]
        rows = [
            [unit, ", ".join(self.roles.get(unit, ())), *cells[unit - 1]]
            for unit in dict.fromkeys([*self.roles, *longest.tolist()])
        ]
        caption = (
            "T in words, from the mean forget gate over all words, over those between subject and verb, and at each "
            f"word: of the number units, the short-range units, and the {LISTED} longest of the last layer."
        )
        every = [[unit, "", *row] for unit, row in enumerate(cells, 1)]
        return [
            Table("timescales", caption, columns, rows),
            Table("timescales_all", "All units.", columns, every, long=True),
        ]

    def _with_rank(self, T):
        return T, 100 * share_longer(T, self.sizes)

    def _names(self):
        return [f"{word} ({step})" for step, word in enumerate(self.words)]

    def figures(self):
        return [
            Figure(
                "timescales",
                "Timescales of all units of each layer, the longest first, over all words; marked are the number units "
                "and the short-range units.",
                "curves of sorted timescales on a logarithmic axis, a panel a layer",
                lambda: plot_timescales(self.T, self.sizes, self.roles),
            ),
            Figure(
                "timescales_by_word",
                "Timescales word by word, from the mean forget gate at each: the number units, and of their layer the "
                "median and the range from the 10th to the 90th percentile. The grey bar is the verb. In the paper's "
                "network number units forget at the subject and then keep what they hold (Fig. 1).",
                "line plots over the words of a sentence on a logarithmic axis",
                lambda: plot_by_word(self),
            ),
        ]

    def summary(self):
        longer = share_longer(self.T_between, self.sizes)
        units = [
            f"{unit} ({self.T_between[unit - 1]:.1f} words, {100 * longer[unit - 1]:.0f} % of its layer longer)"
            for unit in self.numbers
        ]
        return f"Timescales between subject and verb: unit {', unit '.join(units)}." if units else ""


@in_style()
def plot_timescales(T, sizes, roles):
    """Sorted timescales of each layer, with some units marked.

    Parameters
    ----------
    T : (units,) array
    sizes : sequence of int
    roles : dict
        {unit: roles}; see `Timescales`.
    """
    fig, axes = figure(1, len(sizes), 3.4 * len(sizes), 2.6, sharey=True)
    first = 1
    for axis, (k, size) in zip(axes[0], enumerate(sizes, 1), strict=True):
        order = np.argsort(-T[first - 1 : first - 1 + size], kind="stable")
        axis.semilogy(np.arange(1, size + 1), T[first - 1 + order], color=NEUTRAL, linewidth=1)
        for rank, unit in enumerate((first + order).tolist(), 1):
            if unit in roles:
                color, marker = LINES[0] if "short-range" in roles[unit] else LINES[1]
                axis.plot(rank, T[unit - 1], marker, color=color, markersize=4)
                axis.annotate(str(unit), (rank, T[unit - 1]), (3, 3), textcoords="offset points")
        axis.set_title(f"layer {k}")
        axis.set_xlabel("rank in the layer")
        first += size
    axes[0, 0].set_ylabel("$T$, words")
    return fig


@in_style()
def plot_by_word(timescales):
    """Timescales of the number units word by word, before their layer."""
    T, steps = timescales.T_by_word, np.arange(len(timescales.words))
    fig, axes = figure(height=2.6)
    axis = axes[0, 0]
    low, median, high = np.percentile(T[:, last_layer(timescales.sizes)[0] - 1 :], (10, 50, 90), axis=1)
    axis.fill_between(steps, low, high, color="0.9", linewidth=0, label="last layer, 10th to 90th percentile")
    axis.semilogy(steps, median, color=LIGHTER, linewidth=1, label="its median")
    for k, unit in enumerate(timescales.numbers):
        color, marker = LINES[k % len(LINES)]
        axis.semilogy(steps, T[:, unit - 1], marker + "-", color=color, markersize=4, label=f"unit {unit}")
    axis.axvline(timescales.verb, color="0.9", linewidth=4, zorder=0)
    axis.set_ylabel("$T$, words")
    name_ticks(axis, timescales.words)
    fig.legend(loc="outside upper center", ncols=2)
    return fig


def compute(experiment, results):
    """From the mean forget gates on nounPP, all conditions together."""
    model = experiment.model_lowercase_context
    gates = dynamics(model, {"all": experiment.sentences("nounPP")}, **experiment.reading)
    if gates.verb <= SUBJECT + 1:
        raise StimulusError("timescales: expected sentences with words between subject and verb; these have none")
    weights = connectivity(model, last_layer(model.sizes)).weights[:, [GATES.index(gate) for gate in ("i", "f")]]
    roles = dict(results["number_units"].roles)
    roles |= {unit: ("short-range",) for unit in unit_groups(results)["short-range"] if unit not in roles}
    projection = np.abs(weights).mean(axis=(0, 1))
    return Timescales(gates.mean["f"][0], gates.words, gates.verb, tuple(model.sizes), projection, roles)


def number_units_are_long(experiment, results, quarter):
    timescales, units = results["timescales"], results["number_units"]
    singular, plural = units.both()
    T, longer = timescales.T, share_longer(timescales.T, timescales.sizes)
    numbers = dict.fromkeys((singular, plural))
    value = ", ".join(f"unit {unit}: T {T[unit - 1]:.1f}, {100 * longer[unit - 1]:.0f} % longer" for unit in numbers)
    return Outcome(bool(all(longer[unit - 1] <= quarter for unit in numbers)), value)


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


CLAIMS = (
    Claim(
        50,
        "Chien et al. 2021",
        "The units that carry number have long timescales",
        "stated",
        "T of S* and P* from the mean f over all words of nounPP, in their layer",
        other=Criterion(
            "at most {quarter} of the layer have a longer one, both units", number_units_are_long, quarter=0.25
        ),
    ),
    Claim(
        51,
        "Chien et al. 2021",
        "Units with long timescales write to the input and forget gates of the others",
        "stated of some of them",
        f"mean |weight| onto these gates of the last layer, the {100 * LONG:.0f} % of its units with the longest T "
        "against the rest",
        other=Criterion("larger, p < {alpha}, one-sided Mann-Whitney test", long_units_write_to_gates, alpha=0.05),
    ),
)

ANALYSIS = Analysis(
    "timescales",
    "timescales",
    "Timescales",
    "",
    compute,
    summary="how long units remember, by their forget gates",
    needs=("number_units", "short_range"),
    reads=("tasks", "halves", "activity"),
    claims=CLAIMS,
)
