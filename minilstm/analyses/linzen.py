"""Natural sentences (section 4.1, Table 2): the set of Linzen et al. (2016), intact and without S* and P*."""

from dataclasses import dataclass, field

import numpy as np

from .base import Analysis, Claim, Criterion, NotTestable, Outcome, Result, Table, Unavailable
from .drops import SPARED_RATIO, spared
from .experiment import KIND, LINZEN
from .number_agreement import agreement
from .published import FIGURES
from .statistics import percent

PLURAL_SHARE = 63.5  # percent of the sentences: what always saying 'plural' scores
PAPER = FIGURES["Linzen"]  # percent correct


@dataclass(frozen=True, eq=False, repr=False)
class Linzen(Result):
    """The Linzen set, without the sentences of which a verb form is unknown.

    Attributes
    ----------
    full : (sentences,) array or None
        Margins, intact; None without the set.
    ablated : dict
        {unit: (sentences,) array}: without S* and without P*.
    why : str
        Why there is no set.
    """

    full: np.ndarray | None
    ablated: dict = field(default_factory=dict)
    why: str = ""

    def text(self):
        if self.full is None:
            return [f"Not done: {self.why}. It cannot be shipped; --linzen FILE reads it."]
        return [
            f"{len(self.full):,} sentences from Wikipedia; unknown words are read as <unk>. Always answering 'plural' "
            f"scores {PLURAL_SHARE} %."
        ]

    def tables(self):
        if self.full is None:
            return []
        rows = [["intact", 100 * (self.full > 0).mean()]]
        rows += [[f"without {unit}", 100 * (margins > 0).mean()] for unit, margins in self.ablated.items()]
        caption = f"Percent correct in the Linzen set ({PAPER} in the paper)."
        return [Table("linzen", caption, ["network", "correct"], rows)]


def compute(experiment, results):
    """The Linzen set intact, and without each of S* and P*."""
    items = experiment.usable_linzen
    if experiment.linzen and not items:
        raise Unavailable(experiment.why_no_linzen)
    if not items:
        return Linzen(None, why=experiment.why_no_linzen)

    def margins(ablate):
        scored = agreement(experiment.model, items, experiment.state, ablate, experiment.kind, "<unk>").margins
        return scored[~np.isnan(scored)]  # an unknown verb form is no wrong answer

    return Linzen(margins(()), {unit: margins([unit]) for unit in results["number_units"].long_range})


def _of(results):
    """The result, if there is a set."""
    if results["linzen"].full is None:
        raise NotTestable(results["linzen"].why)
    return results["linzen"]


def solves_linzen(experiment, results, share):
    full = _of(results).full
    right, n = int((full > 0).sum()), len(full)
    return Outcome(right / n > share / 100, f"{percent(right / n)} ({right} of {n})")


def solves_as_published(experiment, results, low, high):
    full = _of(results).full
    right, n = int((full > 0).sum()), len(full)
    return Outcome(low <= right <= high, f"{percent(right / n)} ({right} of {n})")


def only_the_plural_unit_shows(experiment, results, share):
    linzen, (singular, plural) = _of(results), results["number_units"].both()
    intact = (linzen.full > 0).mean()
    off, value = _without(linzen, singular, plural)
    holds = spared(intact, off[singular], share) and not spared(intact, off[plural], share)
    return Outcome(bool(holds), value, "reported: not claimed of other models")


def shows_as_published(experiment, results, low, high, spared):
    linzen, (singular, plural) = _of(results), results["number_units"].both()
    right = int((linzen.ablated[plural] > 0).sum())
    off, value = _without(linzen, singular, plural)
    return Outcome(low <= right <= high and off[singular] >= spared / 100, value)


def _without(linzen, singular, plural):
    """{unit: share right without it}, and that as text."""
    off = {unit: (linzen.ablated[unit] > 0).mean() for unit in (plural, singular)}
    return off, ", ".join(f"without {unit} {percent(share)}" for unit, share in off.items())


CLAIMS = (
    Claim(
        2,
        "4.1",
        "It solves the Linzen set",
        f"{PAPER} %",
        "accuracy, intact",
        original=Criterion("{low} to {high} right", solves_as_published, low=7029, high=7035),
        other=Criterion("better than always plural, {share} %", solves_linzen, share=PLURAL_SHARE),
    ),
    Claim(
        11,
        "4.1",
        "In the Linzen set only the plural unit shows",
        "75.3 %; '-'",
        "either ablated",
        original=Criterion(
            "776: {low} to {high} right; 988: {spared} % or more",
            shows_as_published,
            low=5636,
            high=5642,
            spared=84.5,  # .9 x 93.9 %
        ),
        other=Criterion("report: P* < {share} x intact, S* not", only_the_plural_unit_shows, share=SPARED_RATIO),
    ),
)
ANALYSIS = Analysis(
    "linzen",
    "agreement --linzen",
    "Natural sentences",
    "section 4.1, Table 2, last row",
    compute,
    needs=("number_units",),
    options=(LINZEN, KIND),
    claims=CLAIMS,
)
