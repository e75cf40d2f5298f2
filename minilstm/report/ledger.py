"""The claims ledger: every claim of the paper, when it counts as true of a model, and whether it is.

A second part, `LATER`, holds claims of later papers about such networks: those of the analyses beyond the paper.

The criteria were written down before any result was looked at; one that changes does so in a commit of its
own that says why. `original`, where there is one, holds for the paper's own model, whose units have numbers
(776, 988, 1150); `other` for any other trained model, in which

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
from ..analyses.interchange import verbs_that_follow
from ..stimuli import SELECTION


def _claims_of(analyses):
    return tuple(sorted((claim for one in analyses for claim in one.claims), key=lambda claim: claim.number))


CLAIMS = _claims_of(analysis for analysis in ANALYSES if analysis.paper)
LATER = _claims_of(analysis for analysis in ANALYSES if not analysis.paper)
COLUMNS = "number", "section", "claim", "paper", "measure", "criterion", "value", "verdict", "reason"


class Judgement(NamedTuple):
    """Outcome of a claim."""

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
        The paper's if not given.

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
    """Caveats on claims 7, 8, 14 and 15: a unit can be needed without carrying the number.

    Returns
    -------
    dict
        {number of a claim: a sentence}.
    """
    notes = {}
    for claims, number in ((7, 15), "P"), ((8, 14), "S"):
        flips = verbs_that_follow(results, number) if "interchange" in results else None
        if flips is not None:
            unit, (task, condition) = results["number_units"].selected[number], SELECTION[number]
            notes |= dict.fromkeys(
                claims,
                f"The criterion sees whether unit {unit} is needed, or tells the numbers apart, not whether it carries "
                f"the number to the verb: with its cell from the sentence with the other subject, {100 * flips:.0f} % "
                f"of the verbs of {task} {condition} flip.",
            )
    return notes
