"""All that the claims ledger needs to know of a model."""

from dataclasses import dataclass, field

import numpy as np

from ..analyses.number_agreement import share_right
from ..analyses.study import Study
from ..errors import MinilstmError
from .claims_outcome import NotTestable
from .measures import MEASURES, Efferents, Found


@dataclass(frozen=True)
class Undone:
    """Stands for what an analysis would have found that this model cannot do."""

    why: str


@dataclass(frozen=True, eq=False)
class Findings:
    """What was found in a model. None stands for what is not there to be measured.

    What an analysis would have found that the model cannot do is `Undone`; to ask for it raises NotTestable.

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
        {unit or "rest": (positions,) AUC}, trained at the subject; empty without S* and P*.
    short_range : tuple of int
    groups : dict
        {"short", "short and long", "syntax": list of GroupTest}
    votes : (errors,) array
        As in `measures.Efferents`.
    depth : DepthRegression
    connectivity, bare : Connectivity or None
        Onto S* and P*; weights times peak activity, and weights alone.
    peak : (H,) array
        As in `measures.Depth`.
    structures : dict
        {task: Dynamics} of Y*.
    linzen : findings_parts.Linzen or None
    no_linzen : str
        Why there is none.
    n_random : int
        Random sets that each group was compared with.
    undone : dict
        {name: why}, the analyses that the model cannot do.
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
    undone: dict = field(default_factory=dict)

    def __getattribute__(self, name):
        value = super().__getattribute__(name)
        if isinstance(value, Undone):
            raise NotTestable(value.why)
        return value

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
            {
                item.id: margin
                for item, margin in zip(self.items, self.full, strict=True)
                if (item.task, item.condition) == key and not np.isnan(margin)
            }
            for key in (first, second)
        ]
        shared = [id for id in sides[0] if id in sides[1]]
        return tuple(np.array([side[id] for id in shared]) for side in sides)


def gather(
    model, n=None, n_random=1000, seed=0, state="context", linzen=None, lexicon="paper", unknown="error", progress=False
):
    """Run every analysis of the paper that the ledger judges; the arguments are those of `study.Study`.

    Returns
    -------
    Findings
    """
    study = Study(model, n, n_random, seed, state, tuple(linzen or ()), lexicon, unknown, progress=progress)
    found = Found()
    for name, measure in MEASURES.items():
        with found.attempt(name):
            found[name] = measure(study, found)
    return findings(study, found)


def findings(study, found):
    """Put together what the ledger asks for.

    Parameters
    ----------
    study : study.Study
    found : measures.Found
        What each of `measures.MEASURES` returned.

    Returns
    -------
    Findings
    """
    units, table, long_range = found["agreement"], found["agreement"].table, found["agreement"].long_range

    def of(take):
        """What is taken of the results, if those could be had."""
        try:
            return take()
        except MinilstmError as error:
            return Undone(str(error))

    def curves():
        return [one.curve()[0] for one in found["decoding"].curves["sentence"].values()]

    return Findings(
        original=study.original,
        sizes=study.model.sizes,
        items=study.items,
        full=table.full,
        ablated=table.ablated,
        lowered=units.lowered,
        scored=study.scored,
        chosen=units.chosen,
        anywhere=units.anywhere,
        syntax=of(lambda: found["depth"].syntax),
        counts=units.counts,
        # what is shown in place of number units is no number unit
        dynamics=of(lambda: found["gates"] if long_range else None),
        efferents=of(lambda: found["efferents"]),
        decoding=of(lambda: dict(zip((*long_range, "rest"), curves(), strict=True)) if long_range else {}),
        short_range=of(lambda: found["decoding"].short.units),
        groups=of(lambda: found["groups"]),
        votes=of(lambda: found["efferents"].votes),
        depth=of(lambda: found["depth"].regression),
        connectivity=of(lambda: found["connectivity"].scaled if long_range else None),
        bare=of(lambda: found["connectivity"].bare if long_range else None),
        peak=of(lambda: found["depth"].peak),
        structures=of(lambda: found["structures"] if found["depth"].syntax else {}),
        linzen=of(lambda: found["linzen"]),
        no_linzen=study.no_linzen,
        n_random=study.n_random,
        undone=found.undone,
    )
