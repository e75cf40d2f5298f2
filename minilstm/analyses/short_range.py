"""Short-range number units (section 4.2): their cell tells the number of the last noun, whichever it is."""

from dataclasses import dataclass

import numpy as np

from ..stimuli import SECOND_NOUN, SUBJECT, WORDS
from ..units import last_layer
from .base import Analysis, Claim, Criterion, Outcome, Result, Table, format_units
from .efferent_weights import VERBS, efferents, segregation
from .number_data import number_data

DECODABLE = 0.9  # AUC above which number counts as decodable
PERCENTILE = 95  # of segregation within the layer
LISTED = 12  # units in the table that people read


@dataclass(frozen=True, eq=False, repr=False)
class ShortRange(Result):
    """The last layer, judged by the authors' rule.

    Attributes
    ----------
    units : tuple of int
        Those that pass, in the paper's numbers.
    auc : (units of the layer, positions) array
        Of each unit alone, trained at the subject; mean over the splits.
    segregation : (units of the layer,) array
        Of the unit's weights to singular and plural verb forms (Fig. 1d).
    threshold : float
        The segregation that a unit has to exceed.
    first : int
        The number of the layer's first unit.
    chosen_on : {"odd", "even", "all"}
        The ids of the sentences that the units were chosen on.
    """

    units: tuple
    auc: np.ndarray | None = None
    segregation: np.ndarray | None = None
    threshold: float = np.nan
    first: int = 1
    chosen_on: str = "all"

    @property
    def named(self):
        """True if a user named the units, so that nothing was searched."""
        return self.auc is None

    def text(self):
        if self.named:
            return [f"Short-range {format_units(self.units)}: given."]
        on = "" if self.chosen_on == "all" else f", chosen on {self.chosen_on} ids"
        return [
            f"Short-range units{on} by the authors' rule: {format_units(self.units)}. They tell the number at the "
            f"subject (AUC above {DECODABLE}), do not keep it, and have weights to verbs more segregated than "
            f"{PERCENTILE} % of the layer (above {self.threshold:.2f})."
        ]

    def tables(self):
        if self.named:
            return []
        rows = []
        for u in np.argsort(-self.segregation, kind="stable"):
            if self.auc[u, SUBJECT] > DECODABLE:
                unit, lasts = int(self.first + u), "yes" if _lasts(self.auc[u]) else "no"
                rule = "short-range" if unit in self.units else ""
                rows.append([unit, float(self.segregation[u]), *self.auc[u].tolist(), lasts, rule])
        if not rows:
            return []
        columns = ["unit", "segregation", *(f"{word} ({t})" for t, word in enumerate(WORDS)), "lasts", "rule"]
        most = f" ({LISTED} of {len(rows)})" if len(rows) > LISTED else ""
        caption = (
            f"Units of the last layer that alone tell the number at the subject, the best segregated first{most}. "
            "'lasts': decodable at every word to the second noun."
        )
        tables = [Table("short_range", caption, columns, rows[:LISTED], digits=2)]
        if len(rows) > LISTED:
            tables.append(Table("short_range_all", "All of them.", columns, rows, digits=2, long=True))
        return tables

    def summary(self):
        return (
            f"Units that tell the number of the last noun, whichever it is (short-range): {format_units(self.units)}."
        )


def short_range_units(model, data, verbs=VERBS, percentile=PERCENTILE, split="sentence", chosen_on="all"):
    """The authors' rule: units of the last layer that

    - have segregated weights to the two verb forms, above the 95th percentile of the layer,
    - tell the subject's number when it is read (AUC of the unit alone above .9 at the subject), and
    - do not keep it (AUC not above .9 at every word from there to the second noun).

    By its first line the rule finds one unit in twenty at most, two in a layer of 32, and long-range units, which are
    segregated too, may take those places. `ShortRange.tables` shows what the other two lines find.

    Parameters
    ----------
    model : LanguageModel
    data : number_data.NumberData
    verbs : sequence of (singular, plural)
        Pairs that the model does not know are left out.

    Returns
    -------
    ShortRange
    """
    apart, units = segregation(efferents(model, verbs=verbs)), last_layer(model.sizes)  # (units of the last layer,)
    auc = np.array([data.generalisation([unit], (SUBJECT,), split).mean[0] for unit in units])
    threshold = np.percentile(apart, percentile)
    passed = (apart > threshold) & (auc[:, SUBJECT] > DECODABLE) & ~_lasts(auc)
    chosen = tuple(int(units[0] + u) for u in np.flatnonzero(passed))
    return ShortRange(chosen, auc, apart, float(threshold), units[0], chosen_on)


def _lasts(auc):
    """Return whether number is decodable at every word from the subject to the second noun; auc (..., positions)."""
    return (auc[..., SUBJECT : SECOND_NOUN + 1] > DECODABLE).all(axis=-1)


def compute(experiment, results):
    """The rule, on the selection half of nounPP."""
    model = experiment.model_lowercase_context
    data = number_data(model, experiment.selection("nounPP"), **experiment.reading)
    return short_range_units(model, data, chosen_on=experiment.selection_half)


def given(experiment, units):
    """The units that a user names."""
    return ShortRange(tuple(units))


def unit_groups(results):
    """Long-range and short-range units, {name: units}; one that is both counts as a long-range one."""
    long_range = results["number_units"].long_range
    short_range = tuple(unit for unit in results["short_range"].units if unit not in long_range)
    return {"long-range": long_range, "short-range": short_range}


def as_many_as_expected(experiment, results, least, most, reason=""):
    units = results["short_range"].units
    value = f"{len(units)}: {', '.join(map(str, units))}" if units else "none"
    return Outcome(least <= len(units) <= most, value, reason)


CLAIMS = (
    Claim(
        25,
        "4.2",
        "There are ten short-range units",
        "10",
        "the authors' rule",
        original=Criterion("{least} to {most}", as_many_as_expected, least=8, most=12),
        other=Criterion(
            "report: one or more",
            as_many_as_expected,
            least=1,
            most=np.inf,
            reason="reported: how many depends on the size of the layer",
        ),
    ),
)
ANALYSIS = Analysis(
    "short_range",
    "decode",
    "Short-range units",
    "section 4.2",
    compute,
    section="decoding",
    given=given,
    given_by="--short",
    reads=("tasks", "halves", "activity"),
    claims=CLAIMS,
)
