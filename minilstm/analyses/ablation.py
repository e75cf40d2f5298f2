"""Looking for number units through ablation (section 4.1): every unit alone, groups against chance, and the rule.

The paper's Table 2 names 776 and 988 because only their ablation brings the hard conditions down. For a network of
which nobody has said which units matter, a rule has to say it, and be right on sentences that it has not seen.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..checks import expect_model
from ..errors import MinilstmError, StimulusError
from ..fast import sweep
from ..language_model import LanguageModel, Start
from ..records import short_repr
from ..stimuli import Item
from ..units import collection_of
from .drops import POINTS, accuracy_drop, drops
from .number_agreement import in_vocabulary, share_right
from .statistics import TESTABLE, random_p


def ablation_sweep(
    model: LanguageModel,
    items: Sequence[Item],
    units: Iterable[int] | None = None,
    kind: str = "paper",
    state: Start = "context",
    unknown: str = "error",
    progress: bool = False,
    n_jobs: int | None = None,
) -> np.ndarray:
    """Ablate each unit alone.

    Parameters
    ----------
    model : LanguageModel
    items : sequence of stimuli.Item
    units : iterable of int, optional
        In the paper's numbers: 1 is the first unit of the first layer. All units of all layers if not given.
    kind : {"paper", "released", "mean"}
        See `sweep.KINDS`.
    state, unknown
        As for `agreement`.
    progress : bool
        Show a progress bar, if standard error is a terminal.
    n_jobs : int or None
        How many workers share the units, as in scikit-learn: None means 1, unless in a `joblib.parallel_config`
        context; -1 means all cores.

    Returns
    -------
    (units, items) array
        Margins log p(right) - log p(wrong); nan for an item whose verb forms are not in the vocabulary.

    See Also
    --------
    minilstm.agreement : One network at a time.
    group_ablation : Several units together.

    References
    ----------
    Lakretz et al. (2019), section 4.1, Table 2, 'Ablated'.

    Examples
    --------
    >>> import minilstm
    >>> model = minilstm.load("mini")
    >>> minilstm.ablation_sweep(model, minilstm.stimuli.na_task("nounPP", "SP", n=3), units=[1, 2]).shape
    (2, 3)
    """
    expect_model(model)
    units = range(1, sum(model.sizes) + 1) if units is None else collection_of(units)
    return set_margins(model, items, [(unit,) for unit in units], kind, state, unknown, progress, n_jobs)


def set_margins(model, items, sets, kind="paper", state="context", unknown="error", progress=False, n_jobs=None):
    """Ablate sets of units, each set together: (sets, items). The empty set is the intact network."""
    items = tuple(items)
    known = in_vocabulary(model, items)
    margins = np.full((len(sets), len(items)), np.nan, model.dtype)
    if known.any() and len(sets):
        scored = [item for item, k in zip(items, known, strict=True) if k]
        margins[:, known] = sweep.margins(model, scored, sets, kind, state, unknown, progress, n_jobs)
    return margins


def unit_drops(model, items, units, kind="paper", state="context", unknown="error", progress=False):
    """The `Drops` of ablating each of some units alone, the intact network read in the same sweep."""
    sets = [(), *((unit,) for unit in units)]
    intact, *ablated = set_margins(model, items, sets, kind, state, unknown, progress)
    return drops(items, intact, np.stack(ablated))


@short_repr
@dataclass(frozen=True, eq=False)
class Group:
    """A group of units against random ones.

    Attributes
    ----------
    intact : float
        Accuracy of the intact network, 0 to 1.
    accuracy : float
        With the group ablated, 0 to 1.
    random : (n_random,) array
        The same for random sets of equally many units.
    p : float
        (b + 1) / (n + 1), where b counts the random sets that hurt at least as much: ties count against the group.
    power : float
        The share of random sets that contain none of the group's strong units, those whose ablation alone costs more
        than 10 points here. Where many random sets hit one by chance, the group cannot stand out from them: a p above
        .05 with a power below .95 is no evidence of absence. 1 if the group has no strong unit.
    """

    intact: float
    accuracy: float
    random: np.ndarray
    p: float
    power: float


def group_ablation(
    model: LanguageModel,
    items: Sequence[Item],
    units: Iterable[int],
    n_random: int = 1000,
    seed: int = 0,
    kind: str = "paper",
    state: Start = "context",
    unknown: str = "error",
    progress: bool = False,
    n_jobs: int | None = None,
) -> Group:
    """Ablate units together and compare with random sets of the same size (sections 4.2 and 4.3).

    The sets are drawn from all units of all layers, as the authors did; they may contain units of the group.

    Parameters
    ----------
    model : LanguageModel
    items : sequence of stimuli.Item
    units : iterable of int
        In the paper's numbers.
    n_random : int
        How many different random sets; all there are, if these are fewer.
    seed : int
    kind, state, unknown, progress, n_jobs
        As for `ablation_sweep`.

    Returns
    -------
    Group

    See Also
    --------
    ablation_sweep : Each unit alone.

    References
    ----------
    Lakretz et al. (2019), section 4.2: the short-range units, against 1,000 random sets; section 4.3: the syntax units.

    Examples
    --------
    >>> import minilstm
    >>> model, items = minilstm.load("planted"), minilstm.stimuli.na_task("nounPP", "SP", n=40)
    >>> minilstm.group_ablation(model, items, units=[71], n_random=9)
    Group(intact: 1; accuracy: 0; random: (9,) float64; p: 0.1; power: 1)
    """
    units = sorted(set(collection_of(units)))
    expect_model(model)
    if not units:
        raise MinilstmError("group_ablation: expected at least one unit, got none")
    draws = random_sets(sum(model.sizes), len(units), n_random, seed)
    sets = [(), units, *((unit,) for unit in units), *draws]
    margins = set_margins(model, items, sets, kind, state, unknown, progress, n_jobs)
    accuracy = share_right(margins)
    if np.isnan(accuracy[0]):
        raise StimulusError("group_ablation: the model knows the verb forms of none of the items")
    singles, random = accuracy[2 : 2 + len(units)], accuracy[2 + len(units) :]
    strong = {unit for unit, one in zip(units, singles, strict=True) if accuracy_drop(accuracy[0], one) > POINTS}
    power = np.mean([strong.isdisjoint(draw) for draw in draws])
    return Group(float(accuracy[0]), float(accuracy[1]), random, float(random_p(random <= accuracy[1])), float(power))


def random_sets(total, size, n, seed):
    """`n` different sets of `size` units out of 1 ... total, or all there are if these are fewer."""
    from math import comb

    if n < 1:
        raise MinilstmError(f"n_random: expected at least 1 random set, got {n}")
    rng = np.random.default_rng([seed, total, size])
    sets, n = {}, min(n, comb(total, size))  # a dict, to keep the order in which they were drawn
    while len(sets) < n:
        sets[tuple(sorted((rng.choice(total, size, replace=False) + 1).tolist()))] = None
    return list(sets)


@short_repr
class Needs(NamedTuple):
    """Conditions (task, condition) in which ablating a number unit must hurt, and in which it must not."""

    hard: tuple
    spared: tuple


RULE = {
    "S": Needs((("nounPP", "SP"), ("nounPPAdv", "SP")), (("Simple", "S"), ("nounPP", "PS"), ("nounPP", "PP"))),
    "P": Needs((("nounPP", "PS"), ("nounPPAdv", "PS")), (("Simple", "P"), ("nounPP", "SP"), ("nounPP", "SS"))),
}


def missing_conditions(items):
    """The conditions (task, condition) that the rule for number units reads and of which items lack odd or even ids."""
    there = {(item.task, item.condition, item.id % 2) for item in items}
    needed = dict.fromkeys(key for needs in RULE.values() for key in (*needs.hard, *needs.spared))
    return [key for key in needed if not {(*key, 0), (*key, 1)} <= there]


def long_range_units(items, full, ablated):
    """Find the units that carry the number of a singular, or of a plural, across a noun of the other number, by a rule.

    A unit is one if its ablation costs more than 10 points in both conditions with an attractor of that number
    (nounPP and nounPPAdv, SP for the singular and PS for the plural), and at most 10 in Simple of that number and in
    every nounPP condition of the other. In the conditions with an attractor the intact network must be right on 60 % at
    least. A unit is chosen on items with odd ids and confirmed on those with even ids: among many units, some would
    pass on the same sentences by chance.

    Parameters
    ----------
    items : sequence of stimuli.Item
    full : (items,) array of margins, intact
    ablated : (units, items) array of margins

    Returns
    -------
    dict
        {"S": units, "P": units}: indices into `ablated`, from 0.

    Raises
    ------
    StimulusError
        If a condition that the rule needs is not among the items, see `missing_conditions`.
    """
    missing = missing_conditions(items)
    if missing:
        names = ", ".join(map(" ".join, missing))
        raise StimulusError(
            f"the rule for number units needs odd and even ids in all its conditions, and has not in {names}"
        )
    odd = np.array([item.id % 2 == 1 for item in items])
    chosen, confirmed = (
        _pass([i for i, k in zip(items, half, strict=True) if k], full[half], ablated[:, half]) for half in (odd, ~odd)
    )
    return {number: np.flatnonzero(chosen[number] & confirmed[number]) for number in RULE}


def _pass(items, full, ablated):
    """{"S": (units,) bool, "P": (units,) bool}: mask of the units that meet the rule on these items."""
    result = drops(items, full, ablated)
    return {
        number: np.all(result.accuracy_drops(needs.hard) > POINTS, axis=0)
        & all(result.full[key] >= TESTABLE for key in needs.hard)
        & np.all(result.accuracy_drops(needs.spared) <= POINTS, axis=0)
        for number, needs in RULE.items()
    }
