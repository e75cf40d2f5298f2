"""Claims about the weights onto the gates of the number units (section 4.4, Fig. 4)."""

from dataclasses import replace
from functools import partial

import numpy as np

from .afferents import GATES
from .base import Claim, Criterion, NotTestable, Outcome
from .published import ORIGINAL
from .statistics import OUTLIER


def pushes(experiment, results, gate, beyond, connected=None):
    """Judge whether the z of Y* onto a gate of S* and of P* are so large that Y* opens f, or shuts i."""
    connected = connected or results["connectivity"].scaled
    cells, afferents = _onto(results, connected, gate), connected.weights.shape[-1]
    if (afferents - 1) ** 0.5 <= beyond:
        raise NotTestable(f"no z of {afferents} weights can exceed {(afferents - 1) ** 0.5:.1f}")
    sign = 1 if gate == "f" else -1
    return Outcome(all(sign * z > beyond for _, z, _ in cells), _describe(cells))


def pushes_as_published(experiment, results, gate, within, plural, singular):
    """Judge whether they are near the published ones, and their ranks at most `plural` (776) and `singular` (988)."""
    cells = _onto(results, results["connectivity"].scaled, gate)
    ranks = {ORIGINAL["P"]: plural, ORIGINAL["S"]: singular}
    near = [abs(z - PUBLISHED[gate, unit]) <= within and rank <= ranks[unit] for unit, z, rank in cells]
    return Outcome(all(near), _describe(cells))


def _describe(cells):
    return ", ".join(f"unit {unit}: z {z:.1f}, rank {rank}" for unit, z, rank in cells)


def _onto(results, connected, gate):
    """(target, z, rank) of Y* onto a gate of S* and of P*."""
    targets, unit = results["number_units"].two(), results["syntax_unit"].unit
    if unit is None:
        raise NotTestable("no Y*")
    g, u = GATES.index(gate), unit - connected.first
    rows = [connected.targets.index(target) for target in targets]
    return [
        (target, float(connected.z[t, g, u]), int(connected.rank[t, g, u]))
        for t, target in zip(rows, targets, strict=True)
    ]


def is_top_afferent(experiment, results, least, reason="", connected=None):
    connected = connected or results["connectivity"].scaled
    ranks = [rank for gate in "fi" for *_, rank in _onto(results, connected, gate)]
    value = f"ranks {', '.join(map(str, ranks))} (f and i of S*, P*)"
    return Outcome(sum(rank == 1 for rank in ranks) >= least, value, reason)


def inhibit_each_other(experiment, results, least, beyond=None, connected=None):
    """The weights between S* and P* as if both codes were negative: positive ones then inhibit.

    As in the paper, 776 alone writes outliers, onto both gates, if `beyond` is given.
    """
    singular, plural = results["number_units"].two()
    connections, texts, positive, strong = results["connectivity"], [], 0, set()
    connected = connected or connections.scaled
    for number, source, target in (("P", plural, singular), ("S", singular, plural)):
        t, u = connected.targets.index(target), source - connected.first
        code = results["gates"].dynamics.encoded(source, number)[1]
        for gate in "fi":
            g = GATES.index(gate)
            weight, z = -code * connections.bare.weights[t, g, u], float(connected.z[t, g, u])
            positive += int(weight > 0)
            strong |= {(source, gate)} if beyond and abs(z) > beyond else set()
            texts.append(f"{source} to {gate} of {target}: {weight:.2f} (z {z:.1f})")
    holds = positive >= least and (not beyond or strong == {(ORIGINAL["P"], "f"), (ORIGINAL["P"], "i")})
    return Outcome(holds, "; ".join(texts), f"{positive} of 4 positive")


def scaling_changes_nothing(experiment, results):
    connections = results["connectivity"]
    # bare, a weight has the arbitrary sign of the unit that it comes from; that of its activity undoes it
    unscaled = replace(connections.bare, weights=connections.bare.weights * np.sign(results["syntax_unit"].peak))
    rules = {
        36: partial(pushes, gate="f", beyond=OUTLIER),
        37: partial(pushes, gate="i", beyond=OUTLIER),
        38: partial(is_top_afferent, least=4),
        39: partial(inhibit_each_other, least=4),
    }
    changed = []
    for number, rule in rules.items():
        scaled, bare = (rule(experiment, results, connected=weights) for weights in (connections.scaled, unscaled))
        if scaled.holds != bare.holds:
            changed.append(str(number))
    return Outcome(not changed, f"changed: {', '.join(changed) or 'none'}")


PUBLISHED = {("f", 776): 8.1, ("f", 988): 11.2, ("i", 776): -16.2, ("i", 988): -7.2}  # z of 1150
CLAIMS = (
    Claim(
        36,
        "4.4",
        "It drives the forget gates of both number units",
        "z 8.1 (776), 11.2 (988)",
        "z of weight x peak activity, that of Y* between subject and verb; rank",
        original=Criterion(
            "within {within}; rank {plural}", pushes_as_published, gate="f", within=0.3, plural=1, singular=1
        ),
        other=Criterion("z > {beyond} on both", pushes, gate="f", beyond=OUTLIER),
    ),
    Claim(
        37,
        "4.4",
        "It shuts the input gates of both",
        "z -16.2 (776), -7.2 (988)",
        "the same",
        original=Criterion(
            "within {within}; rank {plural} (776) and <= {singular} (988)",
            pushes_as_published,
            gate="i",
            within=0.3,
            plural=1,
            singular=2,
        ),
        other=Criterion("z < -{beyond} on both", pushes, gate="i", beyond=OUTLIER),
    ),
    Claim(
        38,
        "5",
        "It is the top afferent of these four gates",
        "stated",
        "rank",
        original=Criterion(
            "rank 1 at {least} of 4 at least: Fig. 4a itself shows a larger one into the input gate of 988",
            is_top_afferent,
            least=3,
        ),
        other=Criterion(
            "report: rank 1 at all four", is_top_afferent, least=4, reason="reported: not claimed of other models"
        ),
    ),
    Claim(
        39,
        "4.4",
        "The number units' weights onto each other's i and f are positive; only 776 to 988 are outliers",
        "f .66, i .53; back .44, .09",
        "sign of the weights, the writer's code turned negative; z",
        original=Criterion(
            "{least} of 4; |z| > {beyond} from 776 to 988 only", inhibit_each_other, least=4, beyond=OUTLIER
        ),
        other=Criterion("{least} of 4", inhibit_each_other, least=4),
    ),
    Claim(
        40,
        "4.4",
        "Scaling by peak activity changes nothing",
        "-",
        "36 to 39 by the bare weights, signs of activity kept",
        original=Criterion("the same verdicts, by the criteria for other models", scaling_changes_nothing),
        other=Criterion("the same verdicts", scaling_changes_nothing),
    ),
)
