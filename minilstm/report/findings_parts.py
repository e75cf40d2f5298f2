"""What `measures.py` is made of: how units are chosen, and which sentences they are then judged on."""

from dataclasses import dataclass, replace

import numpy as np

from ..analyses.ablation import POINTS, TESTABLE
from ..analyses.connectivity import connectivity, peak_activity
from ..analyses.decoding import SUBJECT
from ..analyses.dynamics import dynamics
from ..analyses.efferents import last_layer
from ..analyses.groups import group_tests
from ..analyses.number_agreement import agreement, share_right
from ..analyses.short_range import EASY
from ..stimuli import LEXICONS

NUMBER_UNITS = {"S": 988, "P": 776}  # of the paper's own model
SYNTAX_UNIT = 1150
HARD = {"S": ("nounPP", "SP"), "P": ("nounPP", "PS")}  # the conditions that S* and P* are chosen in
INCONGRUENT = ("nounPPAdv", "SP"), ("nounPPAdv", "PS"), ("nounPP", "SP"), ("nounPP", "PS")
KNOWN = 0.8  # share of the words of the Linzen set below which a model reads too many `<unk>` to be judged


@dataclass(frozen=True, eq=False)
class Linzen:
    """The Linzen set, without sentences of which a verb form is unknown: margins (sentences,); `off` by ablated unit."""

    full: np.ndarray
    off: dict


def costliest(found, odd, number, units, strict=True):
    """The one of `units` with the largest drop on odd ids; if `strict`, none if at most 10 points, or not solved."""
    half = odd & np.array([(item.task, item.condition) == HARD[number] for item in found.items])
    full = share_right(found.full[half])
    lost = full - share_right(found.ablated[:, half][np.array(units) - 1])
    if strict and not (full >= TESTABLE and lost.max() > POINTS):
        return None
    return units[int(np.argmax(lost))]


def counts(model):
    """How often the forms of the verbs of the NA-tasks stand in the training text: (2, verbs)."""
    known = set(model.vocabulary)
    pairs = [pair for pair in LEXICONS["paper"].verbs if known.issuperset(pair)]
    if model.word_counts is None or not pairs:
        return None
    return np.array([model.word_counts[model.encode(forms)] for forms in zip(*pairs, strict=True)])


def syntax_unit(model, long_range, outliers, items, original, shared):
    """Peak activity of the last layer, and Y*, the outlier that weighs most onto i and f of `long_range`.

    The peak of Y* is taken between subject and verb: at the verb its sign turns, and says 'update'.
    """
    peak = peak_activity(model, items, **shared)
    first = last_layer(model)[0]
    candidates = [unit for unit in outliers if unit >= first]
    if original:
        unit = SYNTAX_UNIT
    elif candidates and long_range:
        unit = connectivity(model, long_range, peak).closest(candidates)
    else:
        return peak, None
    found = dynamics(model, items, [unit], **shared)
    h = found.mean["h"][:, SUBJECT + 1 : found.verb, 0]  # (conditions, words between)
    peak[unit - first] = h.flat[np.abs(h).argmax()]
    return peak, unit


def group(study, tasks, units):
    """What `units` together do in the conditions that they are said to matter to."""
    if not units:
        return []
    wanted = [
        item
        for item in study.judged
        if item.task in tasks and (item.task in EASY or (item.task, item.condition) in INCONGRUENT)
    ]
    how = {"n_random": study.n_random, "seed": study.seed, "kind": study.kind, "state": study.state}
    tests = group_tests(study.model, wanted, units, unknown=study.unknown, progress=study.progress, **how)
    if study.known_linzen and tasks != EASY:  # one condition, however many attractors there are
        pooled = [replace(item, condition="") for item in study.known_linzen]
        tests += group_tests(study.model, pooled, units, unknown="<unk>", progress=study.progress, **how)
    return tests


def votes(found, margins, long_range):
    """What `long_range` together add to the margin of each item of an attribution that is wrong: (errors,)."""
    if not long_range:
        return np.zeros(0)
    return found.of(long_range)[margins <= 0]


def readable(model, items):
    """The sentences, if the model knows enough of their words; else none, and why.

    Returns
    -------
    items : tuple of Item
    reason : str
    """
    if not items:
        return (), "the Linzen set was not given"
    vocabulary = set(model.vocabulary)
    words = [word in vocabulary for item in items for word in (*item.prefix, item.right, item.wrong)]
    known = np.mean(words)
    if known < KNOWN:
        return (
            (),
            f"of the words of the Linzen set the model knows {100 * known:.0f} %, not {100 * KNOWN:.0f} %",
        )
    return tuple(items), ""


def linzen(model, items, long_range, state):
    """The Linzen set intact, and without each of `long_range`; None without sentences."""

    def margins(off):
        found = agreement(model, items, state, off, unknown="<unk>").margins
        return found[~np.isnan(found)]  # an unknown verb form is no wrong answer

    return Linzen(margins(()), {unit: margins([unit]) for unit in long_range}) if items else None
