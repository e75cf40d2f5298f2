"""All that the claims ledger needs to know of a model, gathered in one pass; each piece is computed once."""

from dataclasses import dataclass

import numpy as np

from . import findings_parts as parts
from .ablation import missing_conditions
from .activity import lower_context
from .connectivity import connectivity
from .decoding import number_data
from .dynamics import dynamics
from .efferents import efferents, form_auc, last_layer, segregation
from .errors import StimulusError
from .number_agreement import agreement, share_right
from .original import may_be_original
from .short_range import EASY, short_range_units
from .syntax import depth_data, depth_regression, structures
from .table2 import published_tasks, table2

STRUCTURES = "CoAdv", "nounPP", "SubjRel", "2SubjRel"  # Fig. 3


@dataclass(frozen=True, eq=False)
class Efferents:
    """Fig. 1d for every unit of the last layer: (units,) arrays."""

    auc: np.ndarray  # share of pairs of a singular and a plural form with the larger weight to the plural one
    lean: np.ndarray  # mean weight to singular forms minus that to plural ones
    segregation: np.ndarray


@dataclass(frozen=True, eq=False)
class Findings:
    """What was found in a model. None stands for what could not be measured.

    Attributes
    ----------
    original : bool
        Whether this is the paper's model, whose units are known: nothing is chosen, and all items score.
    sizes : tuple of int
        Units of each layer.
    items, full, ablated
        As in `table2.Table2`.
    lowered : (items,) array or None
        As `full`, after the context in lower case; for the paper's model.
    scored : (items,) bool array
        The items that units are judged on: even ids, or all for the paper's model.
    chosen : dict
        {"S": unit, "P": unit}, S* and P*; None where there is none.
    anywhere : dict
        {"S": unit, "P": unit}: the costliest unit of all layers, chosen as S* and P* are; None likewise.
    syntax : int or None
        Y*.
    counts : (2, verbs) array or None
        How often the singular and the plural forms of the verbs stand in the training text.
    dynamics : Dynamics or None
        Of S* and P*, nounPP.
    efferents : Efferents
    decoding : dict
        {unit or "rest": (positions,) AUC}, trained at the subject.
    short_range : tuple of int
    groups : dict
        {"short", "short and long", "syntax": list of GroupTest}
    votes : (errors,) array
        What S* and P* together add to the margin of each item of nounPP and nounPPAdv that is wrong, of those
        scored.
    depth : DepthRegression
    connectivity, bare : Connectivity or None
        Onto S* and P*; weights times peak activity, and weights alone.
    peak : (H,) array
        Peak activity of the last layer's units, see `connectivity.peak_activity`; that of Y* is taken between
        subject and verb.
    structures : dict
        {task: Dynamics} of Y*.
    linzen : findings_parts.Linzen or None
    no_linzen : str
        Why there is none.
    n_random : int
        Random sets that each group was compared with.
    """

    original: bool
    sizes: tuple
    items: tuple
    full: np.ndarray
    ablated: np.ndarray
    lowered: np.ndarray | None
    scored: np.ndarray
    chosen: dict
    anywhere: dict
    syntax: int | None
    counts: np.ndarray | None
    dynamics: object
    efferents: Efferents
    decoding: dict
    short_range: tuple
    groups: dict
    votes: np.ndarray
    depth: object
    connectivity: object
    bare: object
    peak: np.ndarray
    structures: dict
    linzen: object
    no_linzen: str
    n_random: int

    @property
    def first(self):
        """The number of the last layer's first unit."""
        return sum(self.sizes[:-1]) + 1

    def where(self, task, condition):
        """The items of a condition: (items,) bool."""
        return np.array([(item.task, item.condition) == (task, condition) for item in self.items])

    def accuracy(self, task, condition, units=None):
        """Share right: intact, of all items; with each of `units` ablated alone, of those scored: (units,).

        For the same items intact see `intact`.
        """
        where = self.where(task, condition)
        if units is None:
            return share_right(self.full[where])
        return share_right(self.ablated[np.array(units, int) - 1][:, where & self.scored])

    def intact(self, task, condition):
        """Share right of the items scored, intact."""
        return share_right(self.full[self.where(task, condition) & self.scored])

    def paired(self, first, second):
        """Margins of the items of two (task, condition) that have an id in both: two (pairs,) arrays."""
        sides = [
            {item.id: margin for item, margin in zip(self.items, self.full, strict=True)
             if (item.task, item.condition) == key and not np.isnan(margin)}
            for key in (first, second)
        ]  # fmt: skip
        shared = [id for id in sides[0] if id in sides[1]]
        return tuple(np.array([side[id] for id in shared]) for side in sides)


def gather(
    model,
    n=None,
    n_random=1000,
    seed=0,
    state="context",
    linzen=None,
    lexicon="paper",
    unknown="error",
    progress=False,
):
    """Run every analysis of the paper that the ledger judges.

    Parameters
    ----------
    model : LanguageModel
    n : int, optional
        Sentences a condition; the published counts if not given.
    n_random : int
        Random sets that a group of units is compared with.
    seed : int
        Of sentences and of random sets.
    state : None, "context" or lstm.State
    linzen : sequence of stimuli.Item, optional
        The Linzen set, as `stimuli.read_linzen` reads it: it cannot be shipped.
    lexicon, unknown
        As in `stimuli.na_task` and `agreement`.

    Returns
    -------
    Findings

    Raises
    ------
    StimulusError
        If `n` is too small to choose units on one half of the items and to score them on the other.
    """
    shared = {"state": state, "unknown": unknown}
    original = may_be_original(model)
    items = tuple(published_tasks(lexicon, seed, n))
    if missing_conditions(items):
        raise StimulusError(f"claims: expected at least 2 sentences a condition, got n = {n}")
    # The paper's activity was measured after the context in lower case, its predictions after it as written.
    reader = lower_context(model) if original else model
    found = table2(model, items, progress=progress, **shared)
    odd = np.array([item.id % 2 == 1 for item in items])
    scored = np.full(len(items), True) if original else ~odd
    last, every = last_layer(model), range(1, sum(model.sizes) + 1)
    anywhere = {number: parts.costliest(found, odd, number, every) for number in "SP"}
    costliest = {number: parts.costliest(found, odd, number, last) for number in "SP"}
    chosen = parts.NUMBER_UNITS if original else costliest
    long_range = tuple(dict.fromkeys(unit for unit in chosen.values() if unit is not None))

    judged = [item for item, keep in zip(items, scored, strict=True) if keep]
    noun_pp = [item for item in judged if item.task == "nounPP"]
    chosen_on = [item for item, keep in zip(items, scored if original else odd, strict=True) if keep]
    data = number_data(reader, noun_pp, **shared)
    on_data = number_data(reader, [item for item in chosen_on if item.task == "nounPP"], **shared)
    short = short_range_units(reader, on_data).units
    regression = depth_regression(depth_data(reader, None, **shared))
    peak, syntax = parts.syntax_unit(reader, long_range, regression.outliers, noun_pp, original, shared)
    groups = {
        "short": (EASY, short),
        "short and long": (EASY, (*short, *long_range) if short and long_range else ()),
        "syntax": (("nounPP", "nounPPAdv"), regression.outliers),
    }
    extra, no_linzen = parts.readable(model, linzen)
    which = "correct" if original else "all"
    gates = dynamics(reader, noun_pp, long_range, which, **shared) if long_range else None
    return Findings(
        original=original,
        sizes=model.sizes,
        items=items,
        full=found.full,
        ablated=found.ablated,
        lowered=agreement(reader, items, **shared).margins if original else None,
        scored=scored,
        chosen=dict(chosen),
        anywhere=anywhere,
        syntax=syntax,
        counts=parts.counts(model),
        dynamics=gates,
        efferents=Efferents(form_auc(model), np.subtract(*efferents(model).mean(axis=1)), segregation(model)),
        decoding=parts.decoding(data, long_range),
        short_range=short,
        groups={
            name: parts.group(model, judged, extra, tasks, units, n_random, seed, shared, progress)
            for name, (tasks, units) in groups.items()
        },
        votes=parts.votes(model, judged, found.full[scored], long_range, shared),
        depth=regression,
        connectivity=connectivity(reader, long_range, peak) if long_range else None,
        bare=connectivity(reader, long_range) if long_range else None,
        peak=peak,
        structures=structures(reader, [syntax], n, STRUCTURES, seed, lexicon, **shared) if syntax else {},
        linzen=parts.linzen(model, extra, long_range, state) if extra else None,
        no_linzen=no_linzen,
        n_random=n_random,
    )
