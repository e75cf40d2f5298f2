"""Influence paths: through which gates, and when, the number of a noun reaches the verb.

A gradient says how much the margin depends on a noun, and not by which way. Here the noun's embedding goes from the
mean of its two forms, which has no number, to that of the form in the sentence; the mean gradient of the margin on the
way, times the difference, is the noun's *attribution*: how much its number is for the right form (integrated
gradients). It is a sum over all paths through gates and cells from the noun to the verb (`paths.py`), and the term of
each is its *influence*.

The *primary path* is the way of section 4.1: at the noun through the candidate C~ of each layer into the cell of the
last one, and there from word to word until the verb. Since a cell passes on to itself only, the path is a sum over the
units of the last layer. A gradient is no intervention; so the path is also cut, or all others are: the gates by which
are held at their means, and the network answers with what is left.

References
----------
Lu, K., Mardziel, P., Leino, K., Fredrikson, M. and Datta, A. (2020). Influence paths for characterizing subject-verb
number agreement in LSTM language models. ACL.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .. import lstm
from ..errors import StimulusError
from ..fast import recurrence
from ..units import columns_of, last_layer
from . import exchange
from .base import Analysis, Claim, Criterion, Figure, NotTestable, Option, Outcome, Result, Table
from .experiment import positive
from .number_agreement import by_condition, known_verbs, share_right
from .paths import all_paths, count_paths, derivatives, primary_name, primary_units
from .statistics import TESTABLE, format_numbers, percent
from .style import LINES, NEUTRAL, figure

POINTS = 48  # of Gauss and Legendre, between the neutral embedding and the noun's own
SAMPLE = 50  # sentences a condition
MOST_PATHS = 300_000
FLOATS = 2**22  # that the sentences read at once take where paths meet
LISTED, UNITS = 2, 8  # paths of each noun, and units, in a table
LABELLED = 0.2  # of the largest influence of a unit: from here on a unit has its number beside it
MEASURES = {"logit": (1, "nats"), "probability": (100, "percentage points")}  # {what is explained: (scale, its unit)}
NOUNS = "1st", "2nd", "3rd"
KEPT = "intact", "without 1st", "1st only", "without 2nd", "2nd only", "without both", "both only"


def t_values(influences, against=None):
    """The probability of each path to have more influence than a random other one, in a random sentence.

    Lu et al. call it the t-value; it has nothing to do with Student's.

    Parameters
    ----------
    influences : (sentences, paths) array
    against : (paths,) bool array, optional
        The paths to be compared with; all if not given.

    Returns
    -------
    (paths,) array

    Examples
    --------
    >>> t_values(np.array([[3.0, 1.0, 2.0], [3.0, 2.0, 1.0]]))
    array([1.  , 0.25, 0.25])
    """
    against = np.ones(influences.shape[1], bool) if against is None else against
    less = np.mean([np.searchsorted(np.sort(row[against]), row) for row in influences], axis=0)
    return less / np.maximum(against.sum() - against, 1)


def shares(influences):
    """The mean share of each path in all influence of its own sign, which is that of its mean.

    Parameters
    ----------
    influences : (sentences, paths) array

    Returns
    -------
    (paths,) array
        Below 0 for paths that are for the wrong form.

    Examples
    --------
    >>> shares(np.array([[3.0, 1.0, -2.0], [1.0, 1.0, 0.0]]))
    array([ 0.625,  0.375, -0.5  ])
    """
    sign = np.where(influences.mean(axis=0) < 0, -1, 1)
    own, total = np.maximum(sign * influences, 0), np.empty_like(influences)
    for s in (1, -1):
        total[:, sign == s] = np.maximum(s * influences, 0).sum(axis=1, keepdims=True)
    return sign * np.divide(own, total, out=np.zeros_like(own), where=total > 0).mean(axis=0)


class Path(NamedTuple):
    """One path, and means over sentences."""

    name: str
    influence: float
    share: float  # see `shares`
    t: float  # see `t_values`


@dataclass(frozen=True, eq=False)
class Influence:
    """The paths from one noun to the verb, in one condition.

    Attributes
    ----------
    task, condition : str
    noun : int
        0 for the first, the subject of most tasks.
    attribution : (sentences,) array
        The sum over all paths.
    change : (sentences,) array
        By how much the noun's number changes the margin: the attribution, but for the error of the integral.
    primary : Path
    strongest : tuple of Path
        Those with the largest mean influence, of either sign.
    means : (paths,) array
        Mean influences, the largest first.
    units, t_units : (H,) arrays
        The primary path's mean influence unit by unit of the last layer, and their t-values among units that are no
        number units.
    """

    task: str
    condition: str
    noun: int
    attribution: np.ndarray
    change: np.ndarray
    primary: Path
    strongest: tuple
    means: np.ndarray
    units: np.ndarray
    t_units: np.ndarray

    @property
    def rank(self):
        """The primary path's place by mean influence, from 1."""
        return int((self.means > self.primary.influence).sum()) + 1


def counterparts(items, noun):
    """Pair sentences of one length that differ in the number of one noun.

    Parameters
    ----------
    items : sequence of stimuli.Item
    noun : int
        0 for the first.

    Returns
    -------
    list of (Item, Item)
        Each item that has a counterpart, with it.
    """
    return [
        (item, other)
        for item, other in exchange.counterparts(items, lambda task: noun)
        if other.prefix != item.prefix and len(other.prefix) == len(item.prefix)
    ]


def noun_position(pairs):
    """At which word the sentences of each pair differ first; StimulusError where it is not the same in all."""
    forms = {(len(a.prefix), [x != y for x, y in zip(a.prefix, b.prefix, strict=True)].index(True)) for a, b in pairs}
    if len(forms) > 1:
        raise StimulusError(
            f"paths, task {pairs[0][0].task}: expected sentences of one length with the noun at one place; sentences "
            "of different forms need tasks of their own"
        )
    return forms.pop()[1]


def influences(model, pairs, measure="logit", state="context", unknown="error"):
    """The influence of every path from a noun to the verb, sentence by sentence.

    Parameters
    ----------
    model : LanguageModel
    pairs : sequence of (Item, Item)
        See `counterparts`; of one length, with the noun at one place. The first of each is read.
    measure : {"logit", "probability"}
        Of the verb forms, whose difference is explained.
    state, unknown
        As in `agreement`.

    Returns
    -------
    names : list of str
        The nodes of each path with the number of their layer, and " | " between words.
    influences : (sentences, paths) array
    units : (sentences, H) array
        Of the primary path, unit by unit of the last layer.
    change : (sentences,) array
        The measure with the noun's own embedding, less that with the neutral one.

    Raises
    ------
    StimulusError
        If the sentences are not of one form, or so long that there are more than 300,000 paths.
    """
    layers, words = len(model.layers), len(pairs[0][0].prefix) - noun_position(pairs)
    if count_paths(layers, words) > MOST_PATHS:
        raise StimulusError(
            f"paths, task {pairs[0][0].task}: expected at most {MOST_PATHS:,} paths, got "
            f"{count_paths(layers, words):,} over {words} words"
        )
    held = max(count_paths(layers, (words + 1) // 2) * max(model.sizes), len(model.vocabulary))
    size = max(1, FLOATS // (POINTS * held))
    parts = [_influences(model, pairs[k : k + size], measure, state, unknown) for k in range(0, len(pairs), size)]
    return parts[0][0], *(np.concatenate(arrays) for arrays in list(zip(*parts, strict=True))[1:])


def _influences(model, pairs, measure, state, unknown):
    items, position, S = [item for item, _ in pairs], noun_position(pairs), len(pairs)
    ids, others = (np.array([model.encode(item.prefix, unknown) for item in side]) for side in zip(*pairs, strict=True))
    own, other = model.embedding[ids[:, position]], model.embedding[others[:, position]]  # (sentences, E)
    nodes, weights = (array.astype(model.dtype) / 2 for array in np.polynomial.legendre.leggauss(POINTS))
    nodes = np.append(nodes + 0.5, (0, 1)).astype(model.dtype)[:, None]  # in 0 to 1, and both ends
    P = len(nodes)

    start = model.trace([item.prefix[:position] for item in items], state, unknown=unknown).state
    start = lstm.State(*([np.repeat(array, P, axis=0) for array in arrays] for arrays in start))
    x = np.repeat(model.embedding[ids[:, position:].T], P, axis=1)  # (words, sentences * points, E)
    x[0] = ((own + other)[:, None] / 2 + nodes * (own - other)[:, None] / 2).reshape(x[0].shape)
    trace = recurrence.run(x, model.prepared, start)

    def at_points(array):
        return array.reshape(S, P, -1)[:, :POINTS]

    steps = []
    for t in range(len(x)):
        for k, layer in enumerate(model.layers):
            step = lstm.Step(*(at_points(getattr(trace, name)[k][t]) for name in lstm.Step._fields))
            steps.append(derivatives(k, layer, step, at_points(trace.C[k][t - 1] if t else start.C[k])))
    q, end = _measured(model, trace.h[-1][-1].reshape(S, P, -1), items, measure)
    begin, end = (own - other)[:, None] / 2 * weights[:, None], end[:, :POINTS]
    return *all_paths(steps, begin, end), primary_units(steps, begin, end), q[:, -1] - q[:, -2]


def _measured(model, h, items, measure):
    """The measure (sentences, points) after h (sentences, points, H), and its derivative by h."""
    right, wrong = [item.right for item in items], [item.wrong for item in items]
    if measure == "logit":
        weights, bias = model.contrast(right, wrong)
        return (h * weights[:, None]).sum(axis=2) + bias[:, None], np.repeat(weights[:, None], h.shape[1], axis=1)
    p = h @ model.decoder_weight.T + model.decoder_bias  # (sentences, points, V)
    p = np.exp(p - p.max(axis=2, keepdims=True))
    p /= p.sum(axis=2, keepdims=True)
    mean = p @ model.decoder_weight  # d log p / dh = w - mean
    p_right, p_wrong = (np.take_along_axis(p, model.encode(forms)[:, None, None], 2) for forms in (right, wrong))
    w_right, w_wrong = (model.decoder_weight[model.encode(forms)][:, None] for forms in (right, wrong))
    return (p_right - p_wrong)[..., 0], p_right * (w_right - mean) - p_wrong * (w_wrong - mean)


def influence(model, pairs, noun=0, measure="logit", number_units=(), state="context", unknown="error"):
    """The Influence of one noun in one condition, of `influences`; number units are not compared with."""
    names, values, units, change = influences(model, pairs, measure, state, unknown)
    means, share, t = values.mean(axis=0), shares(values), t_values(values)

    def path(k):
        return Path(names[k], float(means[k]), float(share[k]), float(t[k]))

    item, compared = pairs[0][0], np.ones(units.shape[1], bool)
    compared[columns_of(number_units, last_layer(model.sizes))] = False
    primary = path(names.index(primary_name(len(model.layers), len(item.prefix) - noun_position(pairs))))
    strongest = tuple(path(k) for k in np.argsort(-np.abs(means), kind="stable")[:LISTED])
    of_units = units.mean(axis=0), t_values(units, compared)
    means = -np.sort(-means)
    return Influence(item.task, item.condition, noun, values.sum(axis=1), change, primary, strongest, means, *of_units)


def accuracies(model, items, positions, state="context", unknown="error"):
    """Accuracy without the primary paths of some nouns, and with nothing else.

    C~ at its noun stands for a primary path: it alone is held at its mean over the sentences, or alone is not, and all
    other gates are. C and h follow as ever (Eqs. 1-2).

    Parameters
    ----------
    model : LanguageModel
    items : sequence of stimuli.Item
        Of one task and one length.
    positions : sequence of int
        At which words the nouns stand, one or two.

    Returns
    -------
    dict
        {(task, condition): accuracies}, the first 3 of `KEPT` for one noun, all for two.
    """
    sentences = [item.prefix for item in items]
    intact = model.trace(sentences, state, unknown=unknown)
    start = model.trace([()] * len(items), state).state
    weights, bias = model.contrast([item.right for item in items], [item.wrong for item in items])

    def margins(computed):
        h, C = map(list, start)
        for t, words in enumerate(zip(*sentences, strict=True)):
            x = model.embedding[model.encode(words, unknown)]
            for k, layer in enumerate(model.layers):
                step = lstm.step(x, h[k], C[k], *layer)
                i, f, o, C_tilde = (
                    getattr(step, gate) if computed(gate, t) else getattr(intact, gate)[k][t].mean(axis=0)
                    for gate in ("i", "f", "o", "C_tilde")
                )
                C[k] = f * C[k] + i * C_tilde  # Eq. 1
                h[k] = x = o * np.tanh(C[k])  # Eq. 2
        return (h[-1] * weights).sum(axis=1) + bias

    rows = [margins(lambda gate, t: True)]
    for places in [positions[:1], positions[1:], positions] if len(positions) > 1 else [positions]:
        for keep in (False, True):
            rows.append(margins(lambda gate, t, keep=keep, at=places: (gate == "C_tilde" and t in at) == keep))
    return {key: share_right(np.array(rows)[:, where]) for key, where in by_condition(items).items()}


@dataclass(frozen=True, eq=False, repr=False)
class Influences(Result):
    """Paths from every noun to the verb, and what is left of agreement without the primary ones, or with nothing else.

    Attributes
    ----------
    nouns : tuple of Influence
    kept : dict
        {(task, condition): accuracies}, see `accuracies`.
    n : dict
        {(task, condition): how many sentences}.
    units, number_units : tuples of int
        The last layer and those of its units that are number units, in the paper's numbers.
    measure : {"logit", "probability"}
    """

    nouns: tuple
    kept: dict
    n: dict
    units: tuple
    number_units: tuple
    measure: str

    def of(self, task, noun=0):
        """The Influence of one noun in each condition of a task, a list."""
        return [one for one in self.nouns if (one.task, one.noun) == (task, noun)]

    @property
    def tasks(self):
        """{task: the Influence of its first noun in each condition}."""
        return {task: self.of(task) for task in dict.fromkeys(task for task, _ in self.n)}

    def text(self):
        scale, unit = MEASURES[self.measure]
        error = scale * max(np.abs(one.attribution - one.change).max() for one in self.nouns)
        return [
            f"{sum(self.n.values()):,} sentences, at most {max(self.n.values())} a condition. What is explained is the "
            f"difference of the {self.measure} of the right and of the wrong verb form, in {unit}. The influences of "
            f"all paths from a noun add up to what its number changes in that, within {error:.1g} in every sentence.",
            self.summary(),
        ]

    def tables(self):
        rows, strongest, (scale, _) = [], [], MEASURES[self.measure]
        for one in self.nouns:
            key, p = [one.task, one.condition, NOUNS[one.noun]], one.primary
            t_units = one.t_units[columns_of(self.number_units, self.units)].tolist()
            rightly, attribution = 100 * float((one.attribution > 0).mean()), scale * float(one.attribution.mean())
            cells = rightly, attribution, scale * p.influence, one.rank, 100 * p.share, p.t
            rows.append([*key, len(one.means), *cells, *t_units])
            strongest += [[*key, path.name, scale * path.influence, 100 * path.share, path.t] for path in one.strongest]
        subjects = sum(self.tasks.values(), [])
        t = np.array([one.t_units for one in subjects])
        columns = "paths", "for %", "attribution", "primary", "rank", "share %", "t"
        wide = max(map(len, self.kept.values()))
        kept = [[*key, self.n[key], *(100 * v).tolist(), *[None] * (wide - len(v))] for key, v in self.kept.items()]
        return [
            Table(
                "influence",
                "For each noun: how many paths lead from it to the verb; in how many percent of the sentences its "
                "number is for the right form, and how much (attribution, mean); the influence of the primary path, "
                "its rank among all, its share in all influence of its sign (below 0: for the wrong form), and its t, "
                "the probability that it has more influence than another path. Last, the t of units on that path.",
                ["task", "condition", "noun", *columns, *(f"t {unit}" for unit in self.number_units)],
                rows,
                digits=(0, 0, 0, 0, 0, 2, 2, 0, 1, *[2] * (1 + len(self.number_units))),
            ),
            Table(
                "influence_strongest",
                "The paths with the most influence, for or against. C~1 is the candidate of layer 1; after | comes the "
                "next word.",
                ["task", "condition", "noun", "path", "influence", "share %", "t"],
                strongest,
                digits=(0, 0, 0, 0, 2, 1, 2),
            ),
            Table(
                "influence_units",
                "The units with the most influence on the primary path of the first noun: t, the probability that a "
                "unit has more than another that is no number unit.",
                ["unit", *(f"{one.task} {one.condition}" for one in subjects)],
                [[self.units[u], *t[:, u].tolist()] for u in np.argsort(-t.mean(axis=0), kind="stable")[:UNITS]],
                digits=2,
            ),
            Table(
                "influence_kept",
                "Percent right without primary paths, and with nothing else. Without one, C~ at its noun is at its "
                "mean over the sentences of the task; with one only, all other gates are at theirs.",
                ["task", "condition", "n", *KEPT[:wide]],
                kept,
            ),
        ]

    def figures(self):
        return [
            Figure(
                "influence",
                "What each unit of the last layer adds along the primary path of the first noun, for singulars and for "
                "plurals. On the right and at the top a unit serves both. Orange: the number units.",
                "scatter plots of units, a panel a task",
                lambda: plot_units(self.tasks, self.units, self.number_units),
            ),
        ]

    def summary(self):
        some = self.of("nounPP") or next(iter(self.tasks.values()))
        ranks, parts = sorted({one.rank for one in some}), sorted(100 * abs(one.primary.share) for one in some)
        return (
            f"Of the {len(some[0].means):,} paths from the first noun of {some[0].task} to the verb, the one through "
            f"C~ at the noun and the cell of the last layer has rank {' or '.join(map(str, ranks))} by influence, and "
            f"{parts[0]:.1f} to {parts[-1]:.1f} % of all influence of its sign."
        )


def plot_units(tasks, units, number_units=()):
    """The primary path of the first noun, unit by unit: means over its singulars and over its plurals.

    Parameters
    ----------
    tasks : dict
        {task: list of Influence}, a panel each.
    units, number_units : sequences of int
        The last layer and those of its units to mark, in the paper's numbers.

    Returns
    -------
    matplotlib.figure.Figure
    """
    fig, axes = figure(1, len(tasks), max(3.4, 2.1 * len(tasks) + 0.5), 2.4, sharex=True, sharey=True)
    marked = columns_of(number_units, units)
    for axis, (task, nouns) in zip(axes[0], tasks.items(), strict=True):
        x, y = (np.mean([one.units for one in nouns if one.condition[0] == number], axis=0) for number in "SP")
        axis.axline((0, 0), slope=1, color="0.8", linewidth=0.6, zorder=0)
        axis.plot(x, y, "o", color=NEUTRAL, markersize=3, alpha=0.7, markeredgewidth=0)
        axis.plot(x[marked], y[marked], "o", color=LINES[1][0], markersize=4)
        size = np.abs(x) + np.abs(y)
        for u in {*np.flatnonzero(size > LABELLED * size.max()).tolist(), *marked.tolist()}:
            axis.annotate(str(units[u]), (x[u], y[u]), (4, 3), textcoords="offset points", fontsize=6)
        axis.set_title(task, fontsize=8)
        axis.margins(0.15)
    fig.supxlabel("influence, singular", fontsize=8)
    fig.supylabel("influence, plural", fontsize=8)
    return fig


def compute(experiment, results, measure="logit", sample=SAMPLE):
    """All paths from every noun to the verb, in the first `sample` sentences of each condition."""
    model, how, last = experiment.model, experiment.reading, tuple(last_layer(experiment.model.sizes))
    items = experiment.sentences("Simple", "nounPP", "nounPPAdv")
    items = [item for item, known in zip(items, known_verbs(model, items), strict=True) if known]
    items = [items[k] for where in by_condition(items).values() for k in where[:sample]]
    number_units = tuple(unit for unit in results["number_units"].long_range if unit in last)
    items = [item for item, _ in counterparts(items, 0)]
    if not items:
        raise StimulusError(
            "paths: expected conditions that differ in the number of the first noun, such as SP and PP, and in them "
            "sentences with the same id that differ in nothing else"
        )
    nouns, kept = [], {}
    for task in dict.fromkeys(item.task for item in items):
        some, positions = [item for item in items if item.task == task], []
        for noun in range(len(NOUNS)):
            pairs = counterparts(some, noun)
            positions += [noun_position(pairs)] if pairs else []
            for where in by_condition([item for item, _ in pairs]).values():
                nouns.append(influence(model, [pairs[k] for k in where], noun, measure, number_units, **how))
        kept |= accuracies(model, some, positions[:2], **how)
    n = {key: len(where) for key, where in by_condition(items).items()}
    nouns.sort(key=lambda one: (list(n).index((one.task, one.condition)), one.noun))
    return Influences(tuple(nouns), kept, n, last, number_units, measure)


def _of_nounpp(results):
    """The result, and in it nounPP; NotTestable where it is not there or not solved."""
    result = results["influence"]
    for condition in ("SS", "SP", "PS", "PP"):
        accuracy = result.kept.get(("nounPP", condition), [np.nan])[0]
        if not accuracy >= TESTABLE:
            raise NotTestable(f"intact, it is right on {percent(accuracy)} % of nounPP {condition}, less than 60 %")
    return result, result.of("nounPP")


def stands_out(experiment, results, least):
    _, nouns = _of_nounpp(results)
    t = [one.primary.t for one in nouns]
    return Outcome(min(t) >= least, format_numbers(t))


def serve_both_numbers(experiment, results, least):
    result, nouns = _of_nounpp(results)
    if not result.number_units:
        raise NotTestable("the network has no long-range number unit")
    columns = columns_of(result.number_units, result.units)
    t = np.min([one.t_units[columns] for one in (*result.of("Simple"), *nouns)], axis=0)
    value = ", ".join(f"{unit}: {value:.2f}" for unit, value in zip(result.number_units, t, strict=True))
    return Outcome(min(t) >= least, value, "the least of all conditions")


def is_the_way(experiment, results, percent_right):
    result, nouns = _of_nounpp(results)
    without, only = np.mean([result.kept[one.task, one.condition][1:3] for one in nouns], axis=0)
    return Outcome(without <= percent_right / 100 < only, f"without {percent(without)}, only {percent(only)}")


_STANDS_OUT = Criterion("t >= {least} in SS, SP, PS and PP", stands_out, least=0.9)
_SERVE_BOTH = Criterion("t >= {least} in all conditions of both tasks, each unit", serve_both_numbers, least=0.95)
_IS_THE_WAY = Criterion("<= {percent_right} % without it, more with it only", is_the_way, percent_right=60)
CLAIMS = (
    Claim(
        44,
        "Lu et al., T1",
        "Number takes one path: C~ at the subject, then the cell of the last layer",
        "1.0, 1.0, .91, .92",
        "t of the primary path among all from the subject, nounPP",
        original=_STANDS_OUT,
        other=_STANDS_OUT,
    ),
    Claim(
        45,
        "Lu et al., T1",
        "On it the long-range units carry both numbers, also where nothing intervenes",
        ".97 or more (776), .99 or more (988)",
        "t of the number units among the units of that path, Simple and nounPP",
        original=_SERVE_BOTH,
        other=_SERVE_BOTH,
    ),
    Claim(
        46,
        "Lu et al., T2",
        "Without that path number is lost, and the path alone carries it",
        "without 51, only 70 %",
        "mean accuracy, nounPP; other gates than C~ at the subject held at their means, or it",
        original=_IS_THE_WAY,
        other=_IS_THE_WAY,
    ),
)

ANALYSIS = Analysis(
    "influence",
    "paths",
    "Paths from noun to verb",
    "",
    compute,
    summary="through which gates, and when, number reaches the verb",
    needs=("number_units",),
    options=(
        Option(
            "measure",
            "of the verb forms, whose difference is explained (logit)",
            "logit",
            choices=tuple(MEASURES),
        ),
        Option("sample", f"sentences a condition, at most ({SAMPLE})", SAMPLE, positive, metavar="N"),
    ),
    claims=CLAIMS,
)
