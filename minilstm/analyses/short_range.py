"""Short-range number units (section 4.2): their cell tells the number of the last noun, whichever it is."""

from dataclasses import dataclass

import numpy as np

from .decoding import SECOND_NOUN, SUBJECT, WORDS, generalisation
from .efferents import VERBS, segregation

DECODABLE = 0.9  # AUC above which number counts as decodable
PERCENTILE = 95  # of segregation within the layer
EASY = "Simple", "Adv", "2Adv"  # the tasks that no single unit matters to


@dataclass(frozen=True, eq=False)
class ShortRange:
    """The last layer, judged by the authors' rule.

    Attributes
    ----------
    units : tuple of int
        Those that pass, in the paper's numbers.
    auc : (units of the layer, positions) array
        Of each unit alone, trained at the subject; mean over the splits.
    segregation : (units of the layer,) array
        Of the unit's weights to singular and plural verb forms (Fig. 1d).
    cut : float
        The segregation that a unit has to exceed.
    first : int
        The number of the layer's first unit.
    """

    units: tuple
    auc: np.ndarray
    segregation: np.ndarray
    cut: float
    first: int

    def table(self):
        """Columns and rows: every unit that tells the subject's number at the subject, best segregated first."""
        rows = []
        for u in np.argsort(-self.segregation, kind="stable"):
            if self.auc[u, SUBJECT] > DECODABLE:
                lasts = "yes" if _lasts(self.auc[u]) else "no"
                chosen = "short-range" if self.first + u in self.units else ""
                cells = [f"{value:.2f}" for value in (self.segregation[u], *self.auc[u])]
                rows.append([int(self.first + u), *cells, lasts, chosen])
        return ["unit", "segregation", *(f"{word}({t})" for t, word in enumerate(WORDS)), "lasts", "rule"], rows


def short_range_units(model, data, verbs=VERBS, percentile=PERCENTILE, split="sentence"):
    """The authors' rule: units of the last layer that

    - have segregated weights to the two verb forms, above the 95th percentile of the layer,
    - tell the subject's number when it is read (AUC of the unit alone above .9 at the subject), and
    - do not keep it (AUC not above .9 at every word from there to the second noun).

    By its first line the rule finds one unit in twenty at most, two in a layer of 32, and long-range units, which are
    segregated too, may take those places. `ShortRange.table` shows what the other two lines find.

    Parameters
    ----------
    model : LanguageModel
    data : decoding.NumberData
    verbs : sequence of (singular, plural)
        Pairs that the model does not know are left out.

    Returns
    -------
    ShortRange
    """
    found = segregation(model, verbs)  # (units of the last layer,)
    first = sum(model.sizes[:-1]) + 1
    numbers = range(first, first + model.sizes[-1])
    auc = np.array([generalisation(data, [unit], (SUBJECT,), split).mean[0] for unit in numbers])
    cut = np.percentile(found, percentile)
    passed = (found > cut) & (auc[:, SUBJECT] > DECODABLE) & ~_lasts(auc)
    return ShortRange(tuple(int(first + u) for u in np.flatnonzero(passed)), auc, found, float(cut), first)


def _lasts(auc):
    """Whether number is decodable at every word from the subject to the second noun; auc (..., positions)."""
    return (auc[..., SUBJECT : SECOND_NOUN + 1] > DECODABLE).all(axis=-1)
