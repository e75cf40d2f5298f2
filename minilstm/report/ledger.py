"""The claims ledger: every claim of the paper, when it counts as true of a model, and whether it is.

The criteria were written down before any result was looked at; one that changes does so in a commit of its
own that says why. `original` holds for the paper's own model, whose units have numbers (776, 988, 1150);
`other` for any other trained model, in which

- P* and S* are the units of the last layer with the largest drop in nounPP PS and SP when ablated, chosen on
  items with odd ids, if that drop is more than 10 points. Everything is then scored on items with even ids:
  to choose and to score on the same sentences would be circular over hundreds of units.
- Y* is the unit among the outliers of the depth regression (the syntax units, of the last layer) with the
  largest mean |z| onto their input and forget gates.

`not testable`, not `does not hold`, is said of a claim that lacks what it presupposes: less than 60 % correct
in the condition, no S*, no power. 'Sig' is a paired test over items, p < .05. Where two accuracies are both
at their ceiling (99.5 % or more), the mean margin log p(right) - log p(wrong) is compared instead, and the
reason says so. Values after ~ were read off published figures. 'Report' means that the paper's claim was not
expected of other models: the verdict then only says whether this model does what the paper's did.
"""

from typing import NamedTuple

from ..analyses import ANALYSES
from ..analyses.base import VERDICTS, NotTestable, Unavailable

CLAIMS = tuple(sorted((claim for analysis in ANALYSES for claim in analysis.claims), key=lambda claim: claim.number))
COLUMNS = "number", "section", "claim", "paper", "measure", "criterion", "value", "verdict", "reason"


class Judgement(NamedTuple):
    """What became of a claim."""

    number: int
    value: str  # this model's
    verdict: str  # one of `VERDICTS`
    reason: str


def judge(experiment, results, claims=CLAIMS):
    """Judge claims on a model's results.

    Parameters
    ----------
    experiment : Experiment
    results : Results
    claims : sequence of Claim
        All of them if not given.

    Returns
    -------
    list of Judgement
        One a claim, in order.
    """
    return [_judge(claim, experiment, results) for claim in claims]


def _judge(claim, experiment, results):
    try:
        holds, value, reason = claim.criterion(experiment).judge(experiment, results)
    except NotTestable as missing:
        return Judgement(claim.number, missing.value, VERDICTS[2], str(missing))
    except Unavailable as missing:
        return Judgement(claim.number, "-", VERDICTS[2], str(missing))
    return Judgement(claim.number, value, VERDICTS[0] if holds else VERDICTS[1], reason)


def ledger(experiment, results, claims=CLAIMS):
    """Rows with `COLUMNS`: what the paper says, by which criterion it is judged, and how."""
    return [
        [c.number, c.section, c.text, c.paper, c.measure, c.criterion(experiment).text, j.value, j.verdict, j.reason]
        for c, j in zip(claims, judge(experiment, results, claims), strict=True)
    ]


def remarks(experiment, results):
    """What claims 7, 8, 14 and 15 do not see: a unit can be needed without carrying the number.

    Returns
    -------
    dict
        {number of a claim: a sentence}.
    """
    comparison = results["interchange"].comparison if "interchange" in results else None
    if comparison is None:
        return {}
    notes = {}
    for claims, number, condition in (((7, 15), "P", "PS"), ((8, 14), "S", "SP")):
        unit, where = results["number_units"].selected[number], comparison.by_condition().get(("nounPP", condition), ())
        if (unit,) not in comparison.sets or not len(where):
            continue
        flips = comparison.flips("once", where)[comparison.sets.index((unit,))]
        notes |= dict.fromkeys(
            claims,
            f"The criterion sees whether unit {unit} is needed, or tells the numbers apart, not whether it carries the "
            f"number to the verb: with its cell from the sentence with the other subject, {100 * flips:.0f} % of the "
            f"verbs of nounPP {condition} flip.",
        )
    return notes
