"""Ablation and interchange of the same units in the same sentences: which are needed, and which carry number.

Ablation removes a unit and shows which units are *needed*: among them one with a constant output that others rely on,
or one that guards the memory and does not know what is in it. Interchange (activation patching, `exchange.py`) removes
nothing. The unit is only given its state in the same sentence with the other number of the subject, and if the network
now prefers that sentence's verb form, then this unit *carries* number.
"""

from dataclasses import dataclass

import numpy as np

from ..records import short_repr
from ..stimuli import pairs
from ..units import collection_of
from .ablation import set_margins
from .exchange import exchange, normalized_effect
from .number_agreement import by_condition, scored_items, share_right

# The methods side by side, and what each does to a unit.
METHODS = {
    "zero": "h = 0 at every word, the context's included",
    "mean": "h = its mean over all words of the sentences, at every word",
    "once": "its C, or what else is copied, in the sentence with the other subject, at the subject",
    "onwards": "the same at every word from the subject to the verb",
}
ABLATIONS = {"zero": "paper", "mean": "mean"}  # what the first two are called in `agreement`


@short_repr
@dataclass(frozen=True, eq=False)
class Comparison:
    """Effects of ablation and activation patching of the same units on the same sentences.

    Attributes
    ----------
    items : tuple of stimuli.Item
        The bases.
    sets : tuple of tuple of int
        The units that were intervened on together.
    intact, source : (items,) arrays
        See `exchange.exchange`.
    margins : dict of str to (sets, items) array
        For each of `METHODS`.
    """

    items: tuple
    sets: tuple
    intact: np.ndarray
    source: np.ndarray
    margins: dict

    @property
    def counted(self):
        """The bases that count, which are answered rightly, as their sources are: (bases,) indices."""
        return np.flatnonzero((self.intact > 0) & (self.source < 0))

    def by_condition(self):
        """{(task, condition): the bases that count}."""
        return {key: np.intersect1d(where, self.counted) for key, where in by_condition(self.items).items()}

    def flips(self, method, where=None):
        """The share of items `where`, of all that count if not given, that are no longer right: (sets,)."""
        where = self.counted if where is None else where
        return (self.margins[method][:, where] <= 0).mean(axis=1) if len(where) else np.full(len(self.sets), np.nan)

    def moved(self, method, where=None):
        """Normalised effect: how far the mean margin moves from the base's (0) to the source's (1): (sets,)."""
        where = self.counted if where is None else where
        return normalized_effect(self.intact[where], self.margins[method][:, where], self.source[where])

    def accuracy(self, condition, unit=None):
        """Share right in a condition, of the intact network or with a unit ablated; nan without sentences."""
        margins = self.intact if unit is None else self.margins["zero"][self.sets.index((unit,))]
        return float(share_right(margins[[item.condition == condition for item in self.items]]))

    def strongest(self, most=8):
        """Indices of the sets that move the margin farthest, in any condition by any method; the farthest first."""
        moves = [self.moved(method, where) for method in self.margins for where in self.by_condition().values()]
        return np.argsort(-np.nan_to_num(np.abs(moves)).max(axis=0), kind="stable")[:most]

    def rows(self, most=8):
        """Columns and rows: a set and a condition each; flips in percent of the items, moved in percent of the way."""
        columns = ["units", "task", "condition", "n"]
        for method in self.margins:
            columns += [f"{method}: flips", f"{method}: moved"]
        rows = []
        for k in self.strongest(most):
            for (task, condition), where in self.by_condition().items():
                cells = [float(100 * f(m, where)[k]) for m in self.margins for f in (self.flips, self.moved)]
                rows.append(["+".join(map(str, self.sets[k])), task, condition, len(where), *cells])
        return columns, rows


def compare(model, items, sets=None, variable="C", methods=METHODS, state="context", unknown="error", progress=False):
    """Interchange beside ablation at zero and at the mean, on every item that has a source among the others.

    Parameters
    ----------
    model : LanguageModel
    items : sequence of stimuli.Item
        Those of which the model lacks a verb form are left out.
    sets : sequence of collections of int, optional
        Every unit of the network alone if not given.
    variable : str
        As in `exchange.exchange`.
    methods : collection of str
        Some of `METHODS`, "once" or "onwards" among them.

    Returns
    -------
    Comparison
    """
    bases, sources = pairs(scored_items(model, items))
    every_unit = ((unit,) for unit in range(1, sum(model.sizes) + 1))
    sets = tuple(every_unit if sets is None else map(collection_of, sets))
    shared, margins = {"state": state, "unknown": unknown, "progress": progress}, {}
    for method in methods:
        if method in ABLATIONS:
            margins[method] = set_margins(model, bases, sets, ABLATIONS[method], **shared)
        else:
            onwards = method == "onwards"
            margins[method], intact, source = exchange(model, bases, sources, sets, variable, onwards=onwards, **shared)
    return Comparison(bases, sets, intact, source, margins)
