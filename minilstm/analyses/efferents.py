"""What the last layer says to the verbs: efferent weights (Fig. 1d), and each unit's share in a choice of form.

The decoder is linear, so the difference of the logits of two verb forms is a sum over units,

    logit(right) - logit(wrong) = sum over u of h_u * (w_right,u - w_wrong,u)  +  b_right - b_wrong,

and each term is what one unit says about this choice: *direct logit attribution*. It is exact, and it is not the
effect of taking the unit out, which also reaches the choice through other units: a syntax unit has no say of its own,
and yet all depends on it.
"""

from dataclasses import dataclass

import numpy as np

from ..activity import last_hidden
from ..errors import MinilstmError, StimulusError
from ..stimuli import LEXICONS
from ..stimuli.fragment_lexicon import CLAUSAL
from ..units import by_layer
from .decoding import area_under_curve
from .number_agreement import by_condition, check_words, known_verbs

VERBS = LEXICONS["paper"].verbs + CLAUSAL  # the 18 of Fig. 1d: those of the NA-tasks, and believe, say, think


def last_layer(model):
    """The numbers of the units of the last layer, in the paper's count: a range."""
    total = sum(model.sizes)
    return range(total - model.sizes[-1] + 1, total + 1)


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
    forms = [model.encode(form) for form in zip(*_known(model, verbs), strict=True)]
    return model.decoder_weight[np.array(forms)][:, :, _columns(model, units)]


def _known(model, verbs):
    vocabulary = set(model.vocabulary)
    known = [pair for pair in verbs if vocabulary.issuperset(pair)]
    if len(known) < 2:
        raise StimulusError(
            f"efferent weights: expected a model that knows both forms of 2 verbs at least; it does of {len(known)}"
        )
    return known


def _columns(model, units):
    """Units of the last layer as indices into it, in the order given."""
    last = last_layer(model)
    units = last if units is None else tuple(units)
    by_layer(units, model.sizes)  # says which is no unit
    return _places(units, last)


def _places(units, last):
    lower = [unit for unit in units if unit not in last]
    if lower:
        raise MinilstmError(
            f"unit {lower[0]} has no weights to words: only the last layer has, units {last[0]} to {last[-1]}"
        )
    return np.array([unit - last[0] for unit in units], np.intp)


def segregation(model, verbs=VERBS, units=None):
    """How far apart a unit's weights to singular and to plural forms are: |mean_S - mean_P| / (sd_S + sd_P).

    Returns
    -------
    (units,) array
        Population standard deviations. 0 where all weights are the same, infinite where the two groups differ and
        nothing varies within them.
    """
    singular, plural = efferents(model, units, verbs).astype(np.float64)  # (verbs, units) each
    apart = np.abs(singular.mean(axis=0) - plural.mean(axis=0))
    spread = singular.std(axis=0) + plural.std(axis=0)
    return np.divide(apart, spread, out=np.where(apart > 0, np.inf, 0.0), where=spread > 0)


def form_auc(model, verbs=VERBS, units=None):
    """The share of all pairs of a singular and a plural form in which the plural one has the larger weight: (units,).

    1 and 0: the two groups do not overlap. Ties count half.
    """
    singular, plural = efferents(model, units, verbs)  # (verbs, units) each
    return area_under_curve(np.concatenate([singular, plural]), np.repeat([False, True], len(plural)))


def efferent_table(model, units, verbs=VERBS):
    """Columns and rows: mean and sd of the weights to both forms, AUC, segregation, its percentile in the layer.

    The percentile is the share of the layer's other units that are less segregated.
    """
    every = segregation(model, verbs)  # (units of the layer,)
    columns = _columns(model, units)
    singular, plural = efferents(model, units, verbs).astype(np.float64)
    auc = form_auc(model, verbs, units)
    rows = []
    for k, unit in enumerate(units):
        own = every[columns[k]]
        percentile = 100 * np.count_nonzero(every < own) / max(1, len(every) - 1)
        weights = (f"{w[:, k].mean():.2f} ({w[:, k].std():.2f})" for w in (singular, plural))
        rows.append([unit, *weights, f"{auc[k]:.2f}", f"{own:.2f}", percentile])
    return ["unit", "singular forms (sd)", "plural forms (sd)", "AUC", "segregation", "percentile"], rows


@dataclass(frozen=True, eq=False)
class Attribution:
    """Who says what about each choice.

    Attributes
    ----------
    items : tuple of stimuli.Item
    units : tuple of int
        The last layer, in the paper's numbers.
    shares : (items, units) array
        h_u * (w_right,u - w_wrong,u) at the word before the verb: positive where the unit is for the right form.
    bias : (items,) array
        b_right - b_wrong.
    """

    items: tuple
    units: tuple
    shares: np.ndarray
    bias: np.ndarray

    @property
    def margins(self):
        """log p(right) - log p(wrong), (items,): the sum of all shares and the bias."""
        return self.shares.sum(axis=1) + self.bias

    def of(self, units):
        """What these units together add to each margin: (items,)."""
        return self.shares[:, _places(units, self.units)].sum(axis=1)

    def only(self, where):
        """The same for some of the items, (items,) bool."""
        items = tuple(item for item, keep in zip(self.items, where, strict=True) if keep)
        return Attribution(items, self.units, self.shares[where], self.bias[where])

    def by_condition(self):
        """{(task, condition): (units,) mean shares}."""
        return {key: self.shares[where].mean(axis=0) for key, where in by_condition(self.items).items()}


def attribution(model, items, state="context", ablate=(), unknown="error"):
    """The share of each unit of the last layer, and of the bias, in the logit difference of the two verb forms.

    Parameters
    ----------
    model : LanguageModel
    items : sequence of stimuli.Item
        Those of which the model lacks a verb form are left out; see `Attribution.items`.
    state : None, "context" or lstm.State with a batch of 1
    ablate : iterable of int
    unknown : {"error", "<unk>"}

    Returns
    -------
    Attribution
    """
    items = [item for item, known in zip(items, known_verbs(model, items), strict=True) if known]
    if not items:
        raise StimulusError("attribution: expected at least one item whose verb forms the model knows, got none")
    check_words(model, items, unknown)
    h = last_hidden(model, [item.prefix for item in items], state, unknown, ablate)
    weights, bias = model.contrast([item.right for item in items], [item.wrong for item in items])
    return Attribution(tuple(items), tuple(last_layer(model)), h * weights, bias)


@dataclass(frozen=True, eq=False)
class SharesAndEffects:
    """Direct logit attribution beside ablation, in nats, means over the items of each condition.

    Attributes
    ----------
    conditions : tuple of (task, condition)
    units : tuple of int
        The last layer, in the paper's numbers.
    share : (conditions, units) array
        What the unit itself adds to the margin.
    effect : (conditions, units) array
        What the margin loses when the unit is ablated: its share, and all that it does through other units.
    correlation : (conditions,) array
        Pearson's, of share and effect over units; nan where one of them does not vary.
    """

    conditions: tuple
    units: tuple
    share: np.ndarray
    effect: np.ndarray
    correlation: np.ndarray

    def table(self, most=8):
        """Columns and rows: the `most` units with the largest share or effect anywhere, both in each condition."""
        largest = np.maximum(np.abs(self.share), np.abs(self.effect)).max(axis=0)
        columns = ["unit"]
        for task, condition in self.conditions:
            columns += [f"{task} {condition}: share", "effect"]
        rows = []
        for u in np.argsort(-largest, kind="stable")[:most]:
            both = np.stack([self.share[:, u], self.effect[:, u]], axis=1)  # (conditions, 2)
            rows.append([self.units[u], *both.reshape(-1).tolist()])
        return columns, rows


def shares_and_effects(found, ablated):
    """Set an attribution against the effect of taking out each unit of the last layer.

    Parameters
    ----------
    found : Attribution
    ablated : (units, items) array
        Margins with each of `found.units` ablated, as `ablation.ablation_sweep(model, found.items, found.units)`.

    Returns
    -------
    SharesAndEffects
    """
    expected = len(found.units), len(found.items)
    if np.shape(ablated) != expected:
        raise MinilstmError(f"ablated: expected margins of shape {expected}, (units, items), got {np.shape(ablated)}")
    lost = (found.margins - ablated).T  # (items, units)
    groups = by_condition(found.items)
    share = np.array(list(found.by_condition().values()), np.float64)
    effect = np.array([lost[where].mean(axis=0) for where in groups.values()], np.float64)
    correlation = np.array([_correlation(a, b) for a, b in zip(share, effect, strict=True)])
    return SharesAndEffects(tuple(groups), found.units, share, effect, correlation)


def _correlation(a, b):
    return np.corrcoef(a, b)[0, 1] if np.ptp(a) > 0 and np.ptp(b) > 0 else np.nan
