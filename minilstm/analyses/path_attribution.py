"""Influence of a noun's number on the choice of a verb form, attributed to the paths from noun to verb.

The noun's embedding goes from the mean of its two forms, which has no number, to that of the form in the sentence; the
mean gradient of the margin on the way, times the difference, is the noun's *attribution*: how much its number is for
the right form (integrated gradients). It is a sum over all paths through gates and cells from the noun to the verb
(`paths.py`), and the term of each is its *influence*.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .. import lstm
from ..errors import StimulusError
from ..fast import recurrence
from ..records import short_repr
from ..stimuli import counterparts, steps_that_differ
from ..units import columns_of, last_layer
from .paths import all_paths, count_paths, derivatives, primary_name, primary_units

POINTS = 48  # of Gauss and Legendre, between the neutral embedding and the noun's own
MOST_PATHS = 300_000
FLOATS = 2**22  # that the sentences read at once take where paths meet
LISTED = 2  # paths of each noun in a table


def noun_pairs(items, noun):
    """Each item with the one that differs from it in the number of one noun alone, counted from 0, if there is one."""
    return [
        (item, other)
        for item, other in counterparts(items, noun)
        if other.prefix != item.prefix and len(other.prefix) == len(item.prefix)
    ]


def influences(model, pairs, measure="logit", state="context", unknown="error"):
    """The influence of every path from a noun to the verb, sentence by sentence.

    Parameters
    ----------
    model : LanguageModel
    pairs : sequence of (Item, Item)
        See `noun_pairs`; of one length, with the noun at one place. The first of each is read.
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
    position, length = steps_that_differ(*zip(*pairs, strict=True))
    layers, words = len(model.layers), length - position
    if count_paths(layers, words) > MOST_PATHS:
        raise StimulusError(
            f"paths, task {pairs[0][0].task}: expected at most {MOST_PATHS:,} paths, got "
            f"{count_paths(layers, words):,} over {words} words"
        )
    held = max(count_paths(layers, (words + 1) // 2) * max(model.sizes), len(model.vocabulary))
    size = max(1, FLOATS // (POINTS * held))
    parts = [
        _influences(model, pairs[k : k + size], position, measure, state, unknown) for k in range(0, len(pairs), size)
    ]
    return parts[0][0], *(np.concatenate(arrays) for arrays in list(zip(*parts, strict=True))[1:])


def _influences(model, pairs, position, measure, state, unknown):
    items, S = [item for item, _ in pairs], len(pairs)
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


@short_repr
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


def influence(model, pairs, noun=0, measure="logit", number_units=(), state="context", unknown="error"):
    """The Influence of one noun in one condition, of `influences`; number units are not compared with."""
    names, values, units, change = influences(model, pairs, measure, state, unknown)
    means, share, t = values.mean(axis=0), shares(values), t_values(values)

    def path(k):
        return Path(names[k], float(means[k]), float(share[k]), float(t[k]))

    item, compared = pairs[0][0], np.ones(units.shape[1], bool)
    compared[columns_of(number_units, last_layer(model.sizes))] = False
    words = names[0].count("|") + 1  # every path goes through every word
    primary = path(names.index(primary_name(len(model.layers), words)))
    strongest = tuple(path(k) for k in np.argsort(-np.abs(means), kind="stable")[:LISTED])
    of_units = units.mean(axis=0), t_values(units, compared)
    means = -np.sort(-means)
    return Influence(item.task, item.condition, noun, values.sum(axis=1), change, primary, strongest, means, *of_units)
