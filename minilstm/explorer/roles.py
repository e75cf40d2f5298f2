"""What the units of a model do, measured on nounPP sentences, so that the page can order them by role.

A number unit is missed when it is ablated, and its cell C tells the number of the subject: its mean differs by several
standard deviations between singulars and plurals. The other roles are read off the cell in the same way. Of a planted
model nothing is measured that is known.
"""

from dataclasses import dataclass

import numpy as np

from ..analyses.ablation import ablation_sweep, lost
from ..stimuli import na_task

CONDITIONS = "SS", "SP", "PS", "PP"
FIRST, SECOND, VERB = 1, 4, 5  # places of both nouns and of the verb in `the N1 PREP the LOC2 V1 the`
PLANTED = {"number": "long-range", "short_range": "short-range", "syntax": "syntax"}  # how the names of its units begin
POINTS = 10  # of accuracy that the loss of a number unit costs
APART = 3  # standard deviations between two means
MOST = 6  # units of a role, besides number units


@dataclass(frozen=True, eq=False)
class Roles:
    """Units by role, in the paper's numbers, and what was measured of all of them.

    Attributes
    ----------
    number : list of int
        Hold the number of the subject and are needed for it, the one that is missed most in nounPP SP first.
    short_range : list of int
        Their cell tells the number of the last noun, and not that of the subject.
    syntax : list of int
        Their cell tells whether the verb is still to come.
    tells : (units,) array
        How many standard deviations lie between the mean cells of singular and plural subjects, at the last word before
        the verb; zeros without sentences.
    lost : dict of str to (units,) array
        Percentage points of accuracy lost when a unit is ablated, in nounPP SP and PS; empty without sentences.
    mean : (units,) array
        h, averaged over all words of the sentences.
    """

    number: list
    short_range: list
    syntax: list
    tells: np.ndarray
    lost: dict
    mean: np.ndarray


def measure(model, lexicon, n=40):
    """The roles of all units, from `n` sentences in each of the four conditions of nounPP.

    Parameters
    ----------
    model : LanguageModel
    lexicon : str
        Whose words the sentences are made of; sentences with words that the model lacks are left out.

    Returns
    -------
    Roles
        With nothing but `number`, as the model's file says, and means over the context, if the model knows no sentence.
    """
    named = [int(unit) for unit in model.provenance.get("number_units", ())]
    sentences = {
        condition: [item for item in na_task("nounPP", condition, n, lexicon=lexicon) if _is_known(model, item)]
        for condition in CONDITIONS
    }
    if not all(sentences.values()):
        h = model.trace(model.context or model.vocabulary[:1]).h
        mean = np.concatenate([layer[:, 0].mean(axis=0) for layer in h])
        return Roles(named, [], [], np.zeros(len(mean)), {}, mean)
    traces = {
        condition: model.trace([(*item.prefix, item.right, "the") for item in items], state="context")
        for condition, items in sentences.items()
    }
    C = {condition: np.concatenate(list(trace.C), axis=-1) for condition, trace in traces.items()}  # (7, n, units)
    points = {
        condition: 100 * lost(1, (ablation_sweep(model, sentences[condition]) > 0).mean(axis=1))
        for condition in ("SP", "PS")
    }
    subject = _apart(C, SECOND, "SS SP", "PS PP")
    attractor = _apart(C, SECOND, "SS PS", "SP PP")
    missed = np.maximum(points["SP"], points["PS"])
    importance = 1000 * points["SP"] + points["PS"]  # the page opens with a sentence of SP
    number = _strongest(np.where((subject > APART) & (missed > POINTS), importance, 0)) or named
    short_range = _strongest(np.where(attractor > 2 * subject, attractor, 0), number)
    syntax = _strongest(np.where(subject < APART, _waiting(C), 0), [*number, *short_range])
    planted = model.provenance.get("planted_units")
    if planted:
        number, short_range, syntax = (
            [unit for name, unit in planted.items() if name.startswith(begin)] for begin in PLANTED.values()
        )
    h = np.concatenate([np.concatenate(list(trace.h), axis=-1).reshape(-1, len(missed)) for trace in traces.values()])
    return Roles(number, short_range, syntax, subject, points, h.mean(axis=0))


def _is_known(model, item):
    return all(word in model.vocabulary for word in (*item.prefix, item.right, item.wrong, "the"))


def _apart(C, place, some, others):
    """How many standard deviations lie between the mean cells of two kinds of sentences at one word: (units,)."""
    first, second = (np.concatenate([C[condition][place] for condition in kind.split()]) for kind in (some, others))
    return _effect(first, second)


def _waiting(C):
    """How many standard deviations lie between the mean cells from the subject to the last word before the verb, and
    at the verb: (units,). 0 where a single place before the verb is on the other side of their midpoint."""
    before = np.concatenate([cells[FIRST:VERB] for cells in C.values()], axis=1)  # (places, sentences, units)
    after = np.concatenate([cells[VERB] for cells in C.values()])  # (sentences, units)
    middle = (before.mean(axis=(0, 1)) + after.mean(axis=0)) / 2
    sides = np.sign(before.mean(axis=1) - middle)  # (places, units)
    effect = _effect(before.reshape(-1, before.shape[-1]), after)
    return np.where(np.abs(sides.sum(axis=0)) == len(sides), effect, 0)


def _effect(first, second):
    deviation = np.sqrt((first.var(axis=0) + second.var(axis=0)) / 2)
    return np.abs(first.mean(axis=0) - second.mean(axis=0)) / np.maximum(deviation, 1e-6)


def _strongest(effects, taken=()):
    """The units of the largest effects, largest first: at most `MOST`, none of those `taken`, none below `APART`."""
    units = [int(unit) + 1 for unit in np.argsort(-effects, kind="stable") if effects[unit] > APART]
    return [unit for unit in units if unit not in taken][:MOST]
