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

from .claims_outcome import NotTestable

VERDICTS = "holds", "does not hold", "not testable"


class Claim(NamedTuple):
    """One entry of the ledger."""

    number: int
    section: str  # of the paper; T: table, F: figure, fn: footnote
    text: str
    paper: str  # the paper's value
    measure: str
    original: str  # the criterion for the paper's own model
    other: str  # the criterion for any other one


class Judgement(NamedTuple):
    """What became of a claim."""

    number: int
    value: str  # this model's
    verdict: str  # one of `VERDICTS`
    reason: str


CLAIMS = tuple(
    Claim(*entry)
    for entry in (
        (
            1,
            "4.1 T2",
            "The network solves the NA-tasks",
            "18 cells of Table 2",
            "accuracy, intact",
            "all cells within 1 point; which casing of the context fits",
            "Simple >= 95 % in both conditions",
        ),
        (
            2,
            "4.1",
            "It solves the Linzen set",
            "93.9 %",
            "accuracy, intact",
            "7,029 to 7,035 right",
            "better than always plural, 63.5 %",
        ),
        (
            3,
            "4.1",
            "Simple is easier than CoAdv, CoAdv than nounPP",
            "100 > 99.0 > 94.4 %",
            "mean over conditions",
            "this order",
            "this order",
        ),
        (
            4,
            "4.1",
            "Attractors hurt",
            "SP < SS, PS < PP",
            "nounPP and nounPPAdv; namePP PS < SS",
            "all five in this order",
            "both of nounPP, Sig",
        ),
        (
            5,
            "4.1",
            "SP is harder than PS",
            "87.2 < 92.0, 91.2 < 99.2 %",
            "nounPP, nounPPAdv",
            "both",
            "report the sign: both",
        ),
        (
            6,
            "4.1",
            "Plurals are the unigram default",
            "-",
            "training counts of the 15 verbs",
            "plural more frequent in most",
            "plural more frequent in most",
        ),
        (
            7,
            "4.1",
            "One unit carries plurals over a distance (776)",
            "39.9, 48.0, 63.7, 78.3; CoAdv 79.2 %",
            "it ablated: namePP PS, nounPP PS, nounPPAdv PS, nounPP PP; CoAdv P",
            "all within 2 points",
            "P*: nounPP PS drops by 20 points or more",
        ),
        (
            8,
            "4.1",
            "One unit carries singulars over a distance (988)",
            "54.2, 54.0; CoAdv 82 %",
            "it ablated: nounPP SP, nounPPAdv SP; CoAdv S",
            "all within 2 points",
            "S*: nounPP SP drops by 20 points or more",
        ),
        (
            9,
            "4.1",
            "Each spares the other number",
            "'-'",
            "either ablated, conditions of the other number",
            "all of them >= .9 x intact",
            "those of nounPP >= .9 x intact",
        ),
        (
            10,
            "4.1",
            "The code is local: there is no third such unit",
            "2 units",
            "units that alone leave <= 65 % in SP (or PS) of nounPP and of nounPPAdv",
            "exactly 776 and 988",
            "exactly one for each number",
        ),
        (
            11,
            "4.1",
            "In the Linzen set only the plural unit shows",
            "75.3 %; '-'",
            "either ablated",
            "776: 5,636 to 5,642 right; 988: 84.5 % or more",
            "report: P* < .9 x intact, S* not",
        ),
        (
            12,
            "4.2",
            "No single unit hurts the easy tasks",
            "'-'",
            "every unit ablated alone; Simple, Adv, 2Adv, S and P",
            "776 and 988 >= .9 x intact; others are reported",
            "no unit < .9 x intact",
        ),
        (
            13,
            "fn 5",
            "All units found are in the second layer",
            "layer 2",
            "layer of the units that cost most in PS and SP",
            "the last one",
            "the last one",
        ),
        (
            14,
            "F1a",
            "The singular unit stores a singular as a negative C",
            "SS ~-1.06, SP ~-.95; plurals ~.05",
            "mean C at N2, nounPP",
            "SS < -1, SP < -.9; plurals 0 to .1",
            "S*: C after singular and plural subjects 2 sd or more apart",
        ),
        (
            15,
            "F1b",
            "The plural unit mirrors it",
            "PP ~-1.36, PS ~-1.25; singulars ~.1",
            "mean C at N2, nounPP",
            "PP and PS < -1; singulars .05 to .15",
            "P*: C after singular and plural subjects 2 sd or more apart",
        ),
        (
            16,
            "F1",
            "Its input gate opens for its own number only",
            "~.78/.06 (988), .85/.03 (776)",
            "i at the subject",
            "own > .7, other < .15",
            "own - other >= .4, both units",
        ),
        (
            17,
            "F1",
            "It shuts over the intervening noun phrase",
            "~0 (PP .12)",
            "largest mean i at the second `the` and at N2",
            "<= .2",
            "<= .3",
        ),
        (
            18,
            "F1",
            "But not right after the subject",
            "~.28 (988), .63 (776)",
            "mean i at the preposition, own number",
            "between the second `the` and the subject",
            "report: between the second `the` and the subject",
        ),
        (
            19,
            "F1",
            "The forget gate is low at the subject, then near 1",
            "~.1 (776), .38 (988), then ~.9 to 1",
            "mean f, own number: largest at the subject, smallest at the three words after it",
            "<= .45, then >= .85",
            "< .5, then > .8",
        ),
        (20, "F1", "The output gate is open before the verb", "~.85 to 1", "smallest mean o at N2", "> .8", "> .6"),
        (
            21,
            "F1d",
            "Efferent weights are segregated; their signs fit a negative code",
            "figure (776: ranges overlap)",
            "AUC over verb forms, either way round; sign of the difference of means",
            "988: 1; 776 >= .98; signs fit",
            ">= .9, and the signs fit the code",
        ),
        (
            22,
            "F1d",
            "Those of other units are not (651, 1300, 1150)",
            "figure",
            "segregation within the layer",
            "below the 95th percentile",
            "Y*: below the 95th percentile",
        ),
        (
            23,
            "F2",
            "The number units decode number throughout",
            "~1",
            "smallest AUC at positions 1 to 5, trained at 1",
            ">= .99",
            ">= .9",
        ),
        (
            24,
            "F2",
            "All others decode it until the second `the`, and invert at N2",
            "~1, .86, .98, .01",
            "AUC at positions 1 to 4, trained at 1",
            ">= .8 at 1 to 3, < .1 at 4",
            ">= .8 at 1, < .3 at 4",
        ),
        (25, "4.2", "There are ten short-range units", "10", "the authors' rule", "8 to 12", "report: one or more"),
        (
            26,
            "4.2",
            "Ablating them hurts the easy tasks",
            "p < .01 in all 6",
            "against random sets",
            "p < .01 in all 6; accuracies are not compared: the paper's list of units is not published",
            "p < .05 in 4 of 6 or more",
        ),
        (
            27,
            "4.2",
            "So does ablating them with the number units",
            "p < .01 in all 6",
            "against random sets",
            "p < .01 in all 6",
            "p < .05 in 4 of 6 or more",
        ),
        (
            28,
            "4.2",
            "Number units vote right even where the network errs",
            "almost always",
            "share of errors (ten at least; nounPP, nounPPAdv) in which S* and P* together are for the right form",
            ">= 95 %",
            ">= 75 %",
        ),
        (
            29,
            "4.3",
            "Depth can be decoded",
            ".85 +- .009",
            "R2 without word frequency",
            ".83 to .87",
            ">= .6, and better than word frequency alone",
        ),
        (30, "4.3", "Word frequency is negligible", "-", "change of R2 when its weight is zeroed", "< .01", "< .02"),
        (
            31,
            "4.3",
            "A few weights are outliers",
            "17; mean 7.6e-4, sd 7.86e-2",
            "units beyond 3 sd",
            "14 to 20",
            ".5 to 3 % of all units",
        ),
        (
            32,
            "4.3",
            "The syntax units are needed across an intervening noun",
            ".024, .011, .034, < .001, .052",
            "p against random sets: Linzen, nounPPAdv SP and PS, nounPP SP and PS",
            "on the paper's side of .05 in 4 of 5 or more",
            "p < .05 in 2 of 5 or more",
        ),
        (33, "4.3", "1150 is among the outliers", "one of the highest", "rank of |z|", "among them", "Y* exists"),
        (
            34,
            "F3a-b",
            "It is positive from the subject to before the verb, negative at the verb",
            "~.95 to 1.35, -.95",
            "mean C, CoAdv and nounPP",
            "these signs",
            "the change at the verb is 2 sd or more, back across 0 or towards it, and the largest of all words",
        ),
        (
            35,
            "F3c-d",
            "The same across one and two relative clauses",
            "~.65 to 1.3, -.8",
            "mean C, SubjRel and 2SubjRel",
            "these signs, verbs within clauses included",
            "as 34; no drop of 2 sd at a verb within a clause",
        ),
        (
            36,
            "4.4",
            "It drives the forget gates of both number units",
            "z 8.1 (776), 11.2 (988)",
            "z of weight x peak activity, that of Y* between subject and verb; rank",
            "within .3; rank 1",
            "z > 3 on both",
        ),
        (
            37,
            "4.4",
            "It shuts the input gates of both",
            "z -16.2 (776), -7.2 (988)",
            "the same",
            "within .3; rank 1 (776) and <= 2 (988)",
            "z < -3 on both",
        ),
        (
            38,
            "5",
            "It is the top afferent of these four gates",
            "stated",
            "rank",
            "rank 1 at 3 of 4 at least: Fig. 4a itself shows a larger one into the input gate of 988",
            "report: rank 1 at all four",
        ),
        (
            39,
            "4.4",
            "The number units' weights onto each other's i and f are positive; only 776 to 988 are outliers",
            "f .66, i .53; back .44, .09",
            "sign of the weights, the writer's code turned negative; z",
            "4 of 4; |z| > 3 from 776 to 988 only",
            "4 of 4",
        ),
        (
            40,
            "4.4",
            "Scaling by peak activity changes nothing",
            "-",
            "36 to 39 by the bare weights, signs of activity kept",
            "the same verdicts, by the criteria for other models",
            "the same verdicts",
        ),
    )
)


def judge(findings, claims=CLAIMS):
    """Claims, judged on what was found in a model.

    Parameters
    ----------
    findings : findings.Findings
    claims : sequence of Claim
        All of them if not given.

    Returns
    -------
    list of Judgement
        One a claim, in order.
    """
    from . import claims_agreement, claims_decoding, claims_gates, claims_syntax

    rules = {}
    for section in (claims_agreement, claims_gates, claims_decoding, claims_syntax):
        rules |= section.RULES
    judgements = []
    for claim in claims:
        try:
            holds, value, reason = rules[claim.number](findings)
            verdict = VERDICTS[0] if holds else VERDICTS[1]
        except NotTestable as missing:
            value, verdict, reason = missing.value, VERDICTS[2], str(missing)
        judgements.append(Judgement(claim.number, value, verdict, reason))
    return judgements


LEDGER = "number", "section", "claim", "paper", "measure", "criterion", "value", "verdict", "reason"


def ledger(findings):
    """Rows with `LEDGER`: what the paper says, by which criterion it is judged, and how.

    Parameters
    ----------
    findings : findings.Findings
    """
    return [
        [
            c.number,
            c.section,
            c.text,
            c.paper,
            c.measure,
            c.original if findings.original else c.other,
            j.value,
            j.verdict,
            j.reason,
        ]
        for c, j in zip(CLAIMS, judge(findings), strict=True)
    ]
