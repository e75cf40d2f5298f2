"""The pieces that `findings.gather` puts together, each for one or two claims."""

from dataclasses import dataclass, replace

import numpy as np

from .ablation import POINTS, TESTABLE
from .connectivity import connectivity, peak_activity
from .decoding import SUBJECT, generalisation
from .dynamics import dynamics
from .efferents import attribution, last_layer
from .groups import group_tests
from .number_agreement import agreement, share_right
from .short_range import EASY
from .stimuli import LEXICONS

NUMBER_UNITS = {"S": 988, "P": 776}  # of the paper's own model
SYNTAX_UNIT = 1150
HARD = {"S": ("nounPP", "SP"), "P": ("nounPP", "PS")}  # the conditions that S* and P* are chosen in
INCONGRUENT = ("nounPPAdv", "SP"), ("nounPPAdv", "PS"), ("nounPP", "SP"), ("nounPP", "PS")
KNOWN = 0.8  # share of the words of the Linzen set below which a model reads too many `<unk>` to be judged


@dataclass(frozen=True, eq=False)
class Linzen:
    """The Linzen set: margins (sentences,), nan where a verb form is unknown; `off` by ablated unit."""

    full: np.ndarray
    off: dict


def costliest(found, odd, number, units):
    """The one of `units` with the largest drop on odd ids; none if at most 10 points, or not solved."""
    half = odd & np.array([(item.task, item.condition) == HARD[number] for item in found.items])
    full = share_right(found.full[half])
    lost = full - share_right(found.ablated[:, half][np.array(units) - 1])
    if not (full >= TESTABLE and lost.max() > POINTS):
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


def decoding(data, long_range):
    every = range(1, data.C.shape[2] + 1)
    seen = {unit: [unit] for unit in long_range} | {"rest": sorted(set(every) - set(long_range))}
    return {name: generalisation(data, units, (SUBJECT,)).mean[0] for name, units in seen.items()}


def group(model, items, linzen, tasks, units, n_random, seed, shared, progress):
    """What `units` together do in the conditions that they are said to matter to."""
    if not units:
        return []
    wanted = [
        item
        for item in items
        if item.task in tasks and (item.task in EASY or (item.task, item.condition) in INCONGRUENT)
    ]
    tests = group_tests(model, wanted, units, n_random, seed, progress=progress, **shared)
    if linzen and tasks != EASY:  # one condition, however many attractors there are
        pooled = [replace(item, condition="") for item in linzen]
        tests += group_tests(
            model, pooled, units, n_random, seed, state=shared["state"], unknown="<unk>", progress=progress
        )
    return tests


def votes(model, items, margins, long_range, shared):
    """What `long_range` together add to the margin of each wrong item of nounPP and nounPPAdv: (errors,)."""
    errors = [item for item, margin in zip(items, margins, strict=True)
              if item.task in ("nounPP", "nounPPAdv") and margin <= 0]  # fmt: skip
    if not errors or not long_range:
        return np.zeros(0)
    return attribution(model, errors, **shared).of(long_range)


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
    def margins(off):
        return agreement(model, items, state, off, unknown="<unk>").margins

    return Linzen(margins(()), {unit: margins([unit]) for unit in long_range})
