"""Claims about gates and cell of the number units (section 4.1, Figs. 1a-c)."""

import numpy as np

from ..stimuli import PREPOSITION, SECOND_NOUN, SECOND_THE, SUBJECT
from .base import Claim, Criterion, NotTestable, Outcome
from .published import ORIGINAL
from .statistics import format_numbers

NOUN_PP = "SS", "SP", "PS", "PP"


def _at(results, variable, unit, step, conditions=NOUN_PP, moment="mean"):
    """Mean (or sd) of a variable of a unit: (conditions,), or (conditions, steps) for a slice."""
    dynamics = results["gates"].dynamics
    rows = [dynamics.conditions.index(condition) for condition in conditions]
    return getattr(dynamics, moment)[variable][rows, step, dynamics.units.index(unit)]


def _own(number):
    return [condition for condition in NOUN_PP if condition[0] == number]


def _units(results):
    """(number, unit) of S* and P*."""
    return tuple(zip("SP", results["number_units"].both(), strict=True))


def singular_is_a_negative_cell(experiment, results, ss, sp, low, high):
    own, other = _at(results, "C", ORIGINAL["S"], SECOND_NOUN).reshape(2, 2)  # SS SP, PS PP
    holds = own[0] < -ss and own[1] < -sp and ((low <= other) & (other <= high)).all()
    return Outcome(bool(holds), format_numbers([*own, *other]))


def plural_is_a_negative_cell(experiment, results, own, low, high):
    other, plural = _at(results, "C", ORIGINAL["P"], SECOND_NOUN).reshape(2, 2)
    holds = (plural < -own).all() and ((low <= other) & (other <= high)).all()
    return Outcome(bool(holds), format_numbers([*other, *plural]))


def numbers_are_apart(experiment, results, number, sds):
    unit = results["number_units"].selected[number]
    if unit is None:
        raise NotTestable(f"no {number}*")
    means = _at(results, "C", unit, SECOND_NOUN)  # SS SP PS PP
    spread = _at(results, "C", unit, SECOND_NOUN, moment="sd")
    # a class pools two conditions of equal size: the variance within them and that between them
    variance = [np.mean(spread[k] ** 2) + np.var(means[k]) for k in (slice(0, 2), slice(2, 4))]
    gap, sd = abs(means[:2].mean() - means[2:].mean()), np.sqrt(np.mean(variance))
    value = f"unit {unit}: {format_numbers(means)} (SS, SP, PS, PP), {gap / sd if sd else np.inf:.1f} sd"
    return Outcome(bool(gap > 0 and gap >= sds * sd), value)


def input_opens_as_published(experiment, results, own, other):
    values, text = _input_at_subject(results)
    return Outcome(all(mine > own and theirs < other for mine, theirs in values), text)


def input_opens_for_own_number(experiment, results, gap):
    values, text = _input_at_subject(results)
    return Outcome(all(mine - theirs >= gap for mine, theirs in values), text)


def _input_at_subject(results):
    """(own, other) mean i at the subject of S* and of P*; and that as text."""
    values, texts = [], []
    for number, unit in _units(results):
        pair = [_at(results, "i", unit, SUBJECT, _own(k)).mean() for k in (number, "P" if number == "S" else "S")]
        values.append(pair)
        texts.append(f"unit {unit}: {pair[0]:.2f}/{pair[1]:.2f}")
    return values, ", ".join(texts)


def input_shuts_over_intervener(experiment, results, most):
    largest = {unit: _at(results, "i", unit, slice(SECOND_THE, SECOND_NOUN + 1)).max() for _, unit in _units(results)}
    return Outcome(
        bool(max(largest.values()) <= most), ", ".join(f"unit {unit}: {i:.2f}" for unit, i in largest.items())
    )


def input_shuts_late(experiment, results, reason=""):
    texts, holds = [], []
    for number, unit in _units(results):
        subject, preposition, the = (
            _at(results, "i", unit, step, _own(number)).mean() for step in (SUBJECT, PREPOSITION, SECOND_THE)
        )
        holds.append(the < preposition < subject)
        texts.append(f"unit {unit}: {subject:.2f}, {preposition:.2f}, {the:.2f}")
    return Outcome(all(holds), ", ".join(texts), reason)


def forgets_then_keeps_as_published(experiment, results, forgets, keeps):
    values, text = _forget_gate(results)
    return Outcome(all(at <= forgets and after >= keeps for at, after in values), text)


def forgets_then_keeps(experiment, results, forgets, keeps):
    values, text = _forget_gate(results)
    return Outcome(all(at < forgets and after > keeps for at, after in values), text)


def _forget_gate(results):
    """Largest mean f at the subject, smallest at the three words after it, of S* and of P*; and that as text."""
    values, texts = [], []
    for number, unit in _units(results):
        at = _at(results, "f", unit, SUBJECT, _own(number)).max()
        after = _at(results, "f", unit, slice(PREPOSITION, SECOND_NOUN + 1), _own(number)).min()
        values.append((at, after))
        texts.append(f"unit {unit}: {at:.2f}, then {after:.2f}")
    return values, ", ".join(texts)


def output_opens(experiment, results, least):
    smallest = {unit: _at(results, "o", unit, SECOND_NOUN).min() for _, unit in _units(results)}
    return Outcome(
        bool(min(smallest.values()) > least), ", ".join(f"unit {unit}: {o:.2f}" for unit, o in smallest.items())
    )


_APART = "C after singular and plural subjects {sds} sd or more apart"
CLAIMS = (
    Claim(
        14,
        "F1a",
        "The singular unit stores a singular as a negative C",
        "SS ~-1.06, SP ~-.95; plurals ~.05",
        "mean C at N2, nounPP",
        original=Criterion(
            "SS < -{ss}, SP < -{sp}; plurals {low} to {high}",
            singular_is_a_negative_cell,
            ss=1,
            sp=0.9,
            low=0,
            high=0.1,
        ),
        other=Criterion(f"S*: {_APART}", numbers_are_apart, number="S", sds=2),
    ),
    Claim(
        15,
        "F1b",
        "The plural unit mirrors it",
        "PP ~-1.36, PS ~-1.25; singulars ~.1",
        "mean C at N2, nounPP",
        original=Criterion(
            "PP and PS < -{own}; singulars {low} to {high}", plural_is_a_negative_cell, own=1, low=0.05, high=0.15
        ),
        other=Criterion(f"P*: {_APART}", numbers_are_apart, number="P", sds=2),
    ),
    Claim(
        16,
        "F1",
        "Its input gate opens for its own number only",
        "~.78/.06 (988), .85/.03 (776)",
        "i at the subject",
        original=Criterion("own > {own}, other < {other}", input_opens_as_published, own=0.7, other=0.15),
        other=Criterion("own - other >= {gap}, both units", input_opens_for_own_number, gap=0.4),
    ),
    Claim(
        17,
        "F1",
        "It shuts over the intervening noun phrase",
        "~0 (PP .12)",
        "largest mean i at the second `the` and at N2",
        original=Criterion("<= {most}", input_shuts_over_intervener, most=0.2),
        other=Criterion("<= {most}", input_shuts_over_intervener, most=0.3),
    ),
    Claim(
        18,
        "F1",
        "But not right after the subject",
        "~.28 (988), .63 (776)",
        "mean i at the preposition, own number",
        original=Criterion("between the second `the` and the subject", input_shuts_late),
        other=Criterion(
            "report: between the second `the` and the subject",
            input_shuts_late,
            reason="reported: not claimed of other models",
        ),
    ),
    Claim(
        19,
        "F1",
        "The forget gate is low at the subject, then near 1",
        "~.1 (776), .38 (988), then ~.9 to 1",
        "mean f, own number: largest at the subject, smallest at the three words after it",
        original=Criterion("<= {forgets}, then >= {keeps}", forgets_then_keeps_as_published, forgets=0.45, keeps=0.85),
        other=Criterion("< {forgets}, then > {keeps}", forgets_then_keeps, forgets=0.5, keeps=0.8),
    ),
    Claim(
        20,
        "F1",
        "The output gate is open before the verb",
        "~.85 to 1",
        "smallest mean o at N2",
        original=Criterion("> {least}", output_opens, least=0.8),
        other=Criterion("> {least}", output_opens, least=0.6),
    ),
)
