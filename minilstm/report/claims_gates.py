"""Claims 14 to 22: how the number units store a number, keep it, and hand it on (Fig. 1)."""

import numpy as np

from ..analyses.decoding import SECOND_NOUN, SUBJECT
from .claims_outcome import NotTestable, Outcome, listed, number_units
from .findings_parts import NUMBER_UNITS

PREPOSITION, SECOND_THE = 2, 3  # positions in 'The boy near the cars greets'
CONDITIONS = "SS", "SP", "PS", "PP"


def _at(f, variable, unit, step, conditions=CONDITIONS, moment="mean"):
    """Mean (or sd) of a variable of a unit: (conditions,), or (conditions, steps) for a slice."""
    rows = [f.dynamics.conditions.index(condition) for condition in conditions]
    return getattr(f.dynamics, moment)[variable][rows, step, f.dynamics.units.index(unit)]


def _own(number):
    return [condition for condition in CONDITIONS if condition[0] == number]


def _units(f):
    """(number, unit) of S* and P*."""
    return tuple(zip("SP", number_units(f), strict=True))


def singular_is_a_negative_cell(f):
    if not f.original:
        return _classes_apart(f, "S")
    own, other = _at(f, "C", NUMBER_UNITS["S"], SECOND_NOUN).reshape(2, 2)  # SS SP, PS PP
    return Outcome(own[0] < -1 and own[1] < -0.9 and (np.abs(other - 0.05) <= 0.05).all(), listed([*own, *other]))


def plural_mirrors_it(f):
    if not f.original:
        return _classes_apart(f, "P")
    other, own = _at(f, "C", NUMBER_UNITS["P"], SECOND_NOUN).reshape(2, 2)
    return Outcome((own < -1).all() and (np.abs(other - 0.1) <= 0.05).all(), listed([*other, *own]))


def _classes_apart(f, number):
    """Whether singular and plural subjects are 2 sd apart in the cell before the verb."""
    unit = f.chosen[number]
    if unit is None:
        raise NotTestable(f"no {number}*")
    means = _at(f, "C", unit, SECOND_NOUN)  # SS SP PS PP
    spread = _at(f, "C", unit, SECOND_NOUN, moment="sd")
    # a class pools two conditions of equal size: the variance within them and that between them
    variance = [np.mean(spread[k] ** 2) + np.var(means[k]) for k in (slice(0, 2), slice(2, 4))]
    gap, sd = abs(means[:2].mean() - means[2:].mean()), np.sqrt(np.mean(variance))
    value = f"unit {unit}: {listed(means)} (SS, SP, PS, PP), {gap / sd if sd else np.inf:.1f} sd"
    return Outcome(bool(gap > 0 and gap >= 2 * sd), value)


def input_opens_for_own_number(f):
    texts, results = [], []
    for number, unit in _units(f):
        other = "P" if number == "S" else "S"
        own, others = (_at(f, "i", unit, SUBJECT, _own(k)).mean() for k in (number, other))
        results.append(own > 0.7 and others < 0.15 if f.original else own - others >= 0.4)
        texts.append(f"unit {unit}: {own:.2f}/{others:.2f}")
    return Outcome(all(results), ", ".join(texts))


def input_shuts_over_intervener(f):
    largest = {unit: _at(f, "i", unit, slice(SECOND_THE, SECOND_NOUN + 1)).max() for _, unit in _units(f)}
    value = ", ".join(f"unit {unit}: {i:.2f}" for unit, i in largest.items())
    return Outcome(max(largest.values()) <= (0.2 if f.original else 0.3), value)


def input_shuts_late(f):
    texts, results = [], []
    for number, unit in _units(f):
        subject, preposition, the = (
            _at(f, "i", unit, t, _own(number)).mean() for t in (SUBJECT, PREPOSITION, SECOND_THE)
        )
        results.append(the < preposition < subject)
        texts.append(f"unit {unit}: {subject:.2f}, {preposition:.2f}, {the:.2f}")
    reason = "" if f.original else "reported: not claimed of other models"
    return Outcome(all(results), ", ".join(texts), reason)


def forgets_then_keeps(f):
    forgets, keeps = (0.45, 0.85) if f.original else (0.5, 0.8)
    texts, results = [], []
    for number, unit in _units(f):
        at = _at(f, "f", unit, SUBJECT, _own(number)).max()
        after = _at(f, "f", unit, slice(PREPOSITION, SECOND_NOUN + 1), _own(number)).min()
        results.append(at <= forgets and after >= keeps if f.original else at < forgets and after > keeps)
        texts.append(f"unit {unit}: {at:.2f}, then {after:.2f}")
    return Outcome(all(results), ", ".join(texts))


def output_opens(f):
    smallest = {unit: _at(f, "o", unit, SECOND_NOUN).min() for _, unit in _units(f)}
    value = ", ".join(f"unit {unit}: {o:.2f}" for unit, o in smallest.items())
    return Outcome(min(smallest.values()) > (0.8 if f.original else 0.6), value)


def efferents_are_segregated(f):
    texts, results = [], []
    for number, unit in _units(f):
        u = unit - f.first
        auc = max(f.efferents.auc[u], 1 - f.efferents.auc[u])
        cell = _at(f, "C", unit, SECOND_NOUN)  # SS SP PS PP
        # To be for singular forms after singular subjects, weights differ as the cell does: h has its sign.
        fits = f.efferents.lean[u] * (cell[:2].mean() - cell[2:].mean()) > 0
        if f.original:
            fits &= cell[:2].mean() < 0 if number == "S" else cell[2:].mean() < 0
        results.append(fits and auc >= ({"S": 1, "P": 0.98}[number] if f.original else 0.9))
        texts.append(f"unit {unit}: AUC {auc:.2f}, signs {'fit' if fits else 'do not fit'}")
    return Outcome(all(results), ", ".join(texts))


def others_are_not_segregated(f):
    units = [651, 1300, 1150] if f.original else [f.syntax]
    if f.syntax is None:
        raise NotTestable("no Y*")
    cut = np.percentile(f.efferents.segregation, 95)
    found = [f.efferents.segregation[unit - f.first] for unit in units]
    value = ", ".join(f"unit {unit}: {apart:.2f}" for unit, apart in zip(units, found, strict=True))
    return Outcome(max(found) < cut, value, f"95th percentile {cut:.2f}")


RULES = {
    14: singular_is_a_negative_cell,
    15: plural_mirrors_it,
    16: input_opens_for_own_number,
    17: input_shuts_over_intervener,
    18: input_shuts_late,
    19: forgets_then_keeps,
    20: output_opens,
    21: efferents_are_segregated,
    22: others_are_not_segregated,
}
