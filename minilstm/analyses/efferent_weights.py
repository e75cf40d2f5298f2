"""Efferent weights: the decoder's, from units of the last layer to the two forms of verbs."""

import numpy as np

from ..errors import StimulusError
from ..stimuli import LEXICONS
from ..stimuli.fragment_lexicon import CLAUSAL
from ..units import by_layer, collection_of, columns_of, last_layer
from .generalisation import area_under_curve

VERBS = LEXICONS["paper"].verbs + CLAUSAL  # the 18 of Fig. 1d: those of the NA-tasks, and believe, say, think


def efferents(model, units=None, verbs=VERBS):
    """Decoder weights from units to the two forms of verbs.

    Parameters
    ----------
    model : LanguageModel
    units : iterable of int, optional
        Units of the last layer, in the paper's numbers; all of them if not given.
    verbs : sequence of (singular, plural)
        Those with a form that is not in the vocabulary are left out.

    Returns
    -------
    (2, verbs, units) array
        Singular forms, then plural ones.

    Raises
    ------
    MinilstmError
        For a unit of another layer: it has no weights to words.
    StimulusError
        If the vocabulary has both forms of fewer than two of the verbs.
    """
    vocabulary, last = set(model.vocabulary), last_layer(model.sizes)
    known = [pair for pair in verbs if vocabulary.issuperset(pair)]
    if len(known) < 2:
        raise StimulusError(
            f"efferent weights: expected a model that knows both forms of 2 verbs at least; it does of {len(known)}"
        )
    units = last if units is None else collection_of(units)
    by_layer(units, model.sizes)  # says which is no unit
    forms = np.array([model.encode(form) for form in zip(*known, strict=True)])
    return model.decoder_weight[forms][:, :, columns_of(units, last)]


def segregation(weights):
    """Separation of weights onto singular and onto plural forms: |mean_S - mean_P| / (sd_S + sd_P).

    Parameters
    ----------
    weights : (2, verbs, units) array

    Returns
    -------
    (units,) array
        Population standard deviations. 0 where all weights are the same, infinite where the two groups differ and
        nothing varies within them.

    Examples
    --------
    >>> segregation(np.array([[[1.0], [3.0]], [[6.0], [8.0]]]))  # means 2 and 7, both sd 1
    array([2.5])
    """
    singular, plural = weights.astype(np.float64)  # (verbs, units) each
    apart = np.abs(singular.mean(axis=0) - plural.mean(axis=0))
    spread = singular.std(axis=0) + plural.std(axis=0)
    return np.divide(apart, spread, out=np.where(apart > 0, np.inf, 0.0), where=spread > 0)


def form_auc(weights):
    """The share of all pairs of a singular and a plural form in which the plural one has the larger weight: (units,).

    1 and 0: the two groups do not overlap. Ties count half.
    """
    singular, plural = weights  # (verbs, units) each
    return area_under_curve(np.concatenate([singular, plural]), np.repeat([False, True], len(plural)))


def efferent_table(weights, units, last):
    """Columns and rows: mean and sd of the weights to both forms, AUC, segregation, its percentile in the layer.

    The percentile is the share of the layer's other units that are less segregated.

    Parameters
    ----------
    weights : (2, verbs, H) array
        Of all units of the last layer.
    units : sequence of int
    last : range
        The numbers of the last layer's units.
    """
    every, auc = segregation(weights), form_auc(weights)
    rows = []
    for unit, u in zip(units, columns_of(units, last), strict=True):
        percentile = 100 * float((every < every[u]).sum()) / max(1, len(every) - 1)
        moments = [float(moment) for w in weights[:, :, u].astype(np.float64) for moment in (w.mean(), w.std())]
        rows.append([unit, *moments, float(auc[u]), float(every[u]), percentile])
    columns = ["unit", "singular mean", "singular sd", "plural mean", "plural sd", "AUC", "segregation", "percentile"]
    return columns, rows
