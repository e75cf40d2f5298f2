"""The analyses of the paper on one model, each made once and from those before it.

A measure is a function of a `study.Study` and of what was `Found` so far, {name: what its measure returned}. Tables,
figures and the ledger of claims are made of what they return, and `keeping.py` can put all of it on disk.
"""

from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from ..analyses.connectivity import Connectivity, connectivity
from ..analyses.decoding import SPLITS, figure_2, number_data
from ..analyses.dynamics import dynamics
from ..analyses.efferents import (
    SharesAndEffects,
    attribution,
    efferents,
    form_auc,
    last_layer,
    segregation,
    shares_and_effects,
)
from ..analyses.number_agreement import agreement
from ..analyses.short_range import EASY, ShortRange, short_range_units
from ..analyses.syntax import DepthRegression, depth_data, depth_regression, structures
from ..analyses.table2 import Table2, table2
from ..errors import MinilstmError
from . import findings_parts as parts

STRONGEST = 3  # units shown where none is an outlier


class Found(dict):
    """What analyses found, by name, and which a model could not do: it lacks a word of theirs, for instance.

    Whoever asks for one that could not be done gets a MinilstmError that says why, and so cannot be done either.

    Attributes
    ----------
    undone : dict
        {name: why it could not be done}.
    """

    def __init__(self, found=(), undone=()):
        super().__init__(found)
        self.undone = dict(undone)

    def __missing__(self, name):
        raise MinilstmError(self.why(name))

    def why(self, name):
        """Why one could not be done, as a sentence about it."""
        return f"{name} could not be done: {self.undone[name]}"

    @contextmanager
    def attempt(self, name):
        """Put an error of ours on record instead of raising it; not that of the first one, on which all others rest."""
        try:
            yield
        except MinilstmError as error:
            self.pop(name, None)
            if not self:
                raise
            self.undone[name] = str(error)


@dataclass(frozen=True, eq=False)
class NumberUnits:
    """Section 4.1: Table 2, and the units that the rest of the paper is about.

    Attributes
    ----------
    table : table2.Table2
    lowered : (items,) array or None
        Margins after the context in lower case; for the paper's model.
    chosen : dict
        {"S": unit, "P": unit}, S* and P*; None where there is none.
    anywhere : dict
        {"S": unit, "P": unit}: the costliest unit of all layers, chosen as S* and P* are; None likewise.
    costliest : dict
        {"S": unit, "P": unit}: the costliest of the last layer, however little it costs.
    counts : (2, verbs) array or None
        How often the singular and the plural forms of the verbs stand in the training text.
    """

    table: Table2
    lowered: np.ndarray | None
    chosen: dict
    anywhere: dict
    costliest: dict
    counts: np.ndarray | None

    @property
    def long_range(self):
        """S* and P*: none, one or two units."""
        return tuple(dict.fromkeys(unit for unit in self.chosen.values() if unit is not None))

    @property
    def shown(self):
        """The units that figures show: S* and P*, or what comes closest where there is neither."""
        return self.long_range or tuple(dict.fromkeys(self.costliest.values()))


@dataclass(frozen=True, eq=False)
class Efferents:
    """Fig. 1d for every unit of the last layer: (units,) arrays; and who says what in a choice of form."""

    auc: np.ndarray  # share of pairs of a singular and a plural form with the larger weight to the plural one
    lean: np.ndarray  # mean weight to singular forms minus that to plural ones
    segregation: np.ndarray
    shares: SharesAndEffects  # nounPP
    votes: np.ndarray  # (errors,): what S* and P* together add to the margin of each wrong item of nounPP, nounPPAdv


@dataclass(frozen=True, eq=False)
class Decoded:
    """Fig. 2, {split: {label: Decoding}}, and the short-range units."""

    curves: dict
    short: ShortRange


@dataclass(frozen=True, eq=False)
class Depth:
    """Section 4.3.

    Attributes
    ----------
    regression : DepthRegression
    peak : (H,) array
        Peak activity of the last layer's units, see `connectivity.peak_activity`; that of Y* is taken between
        subject and verb.
    syntax : int or None
        Y*.
    shown : tuple of int
        The units that figures show: Y* first and other outliers of the last layer, or the strongest there.
    """

    regression: DepthRegression
    peak: np.ndarray
    syntax: int | None
    shown: tuple


@dataclass(frozen=True, eq=False)
class Connections:
    """Fig. 4: weights times peak activity, and weights alone."""

    scaled: Connectivity
    bare: Connectivity


def number_units(study, found):
    """Table 2 (section 4.1), S* and P*."""
    model, kind = study.model, study.kind
    table = table2(model, study.items, kind, progress=study.progress, **study.reading)
    last, every = last_layer(model), range(1, sum(model.sizes) + 1)
    costliest, anywhere = (
        {number: parts.costliest(table, study.odd, number, units) for number in "SP"} for units in (last, every)
    )
    return NumberUnits(
        table,
        agreement(study.reader, study.items, **study.reading).margins if study.original else None,
        dict(parts.NUMBER_UNITS) if study.original else costliest,
        anywhere,
        {number: parts.costliest(table, study.odd, number, last, strict=False) for number in "SP"},
        parts.counts(model),
    )


def gates(study, found):
    """Gates and cell of S* and P* (Figs. 1a-c); of the paper's model, as in its code, where it is right."""
    which = "correct" if study.original else "all"
    return dynamics(study.reader, study.noun_pp, found["agreement"].shown, which, **study.reading)


def efferent_weights(study, found):
    """Weights onto verbs (Fig. 1d); shares of units in the choice, beside what ablation does to it."""
    model, table = study.model, found["agreement"].table
    tasks = np.array([item.task for item in study.items])
    where = np.flatnonzero(study.scored & np.isin(tasks, ("nounPP", "nounPPAdv")) & ~np.isnan(table.full))
    said = attribution(model, [study.items[k] for k in where], **study.reading)
    noun_pp = tasks[where] == "nounPP"
    ablated = table.ablated[np.array(said.units) - 1][:, where[noun_pp]]
    return Efferents(
        form_auc(model),
        np.subtract(*efferents(model).mean(axis=1)),
        segregation(model),
        shares_and_effects(said.only(noun_pp), ablated),
        parts.votes(said, table.full[where], found["agreement"].long_range),
    )


def decoding(study, found):
    """Number over time (Fig. 2), all positions trained at; the short-range units."""
    data = number_data(study.reader, study.noun_pp, **study.reading)
    chosen_on = number_data(study.reader, study.chosen_on, **study.reading)
    curves = {split: figure_2(data, found["agreement"].shown, split) for split in SPLITS}
    return Decoded(curves, short_range_units(study.reader, chosen_on))


def depth(study, found):
    """The regression on depth, and Y* (section 4.3)."""
    regression = depth_regression(depth_data(study.reader, None, **study.reading))
    peak, syntax = parts.syntax_unit(
        study.reader, found["agreement"].long_range, regression.outliers, study.noun_pp, study.original, study.reading
    )
    in_last = [unit for unit in regression.strongest() if unit in last_layer(study.model)]
    outliers = [unit for unit in in_last if unit in regression.outliers]
    shown = dict.fromkeys(([syntax] if syntax else []) + (outliers or in_last)[:STRONGEST])
    return Depth(regression, peak, syntax, tuple(shown)[:STRONGEST])


def cells_over_structures(study, found):
    """The cells of syntax units on the structures of Fig. 3: {task: Dynamics}."""
    units, how = found["depth"].shown, {"seed": study.seed, "lexicon": study.lexicon}
    return structures(study.reader, units, study.n, **how, **study.reading)


def connections(study, found):
    """Who writes to the gates of S* and P* (Fig. 4)."""
    targets = found["agreement"].shown
    return Connections(connectivity(study.reader, targets, found["depth"].peak), connectivity(study.reader, targets))


def group_ablations(study, found):
    """Short-range and syntax units ablated together, against random sets: {name: list of GroupTest}."""
    short, long_range = found["decoding"].short.units, found["agreement"].long_range
    outliers = found["depth"].regression.outliers
    return {
        "short": parts.group(study, EASY, short),
        "short and long": parts.group(study, EASY, (*short, *long_range) if short and long_range else ()),
        "syntax": parts.group(study, ("nounPP", "nounPPAdv"), outliers),
    }


def linzen(study, found):
    """The Linzen set, if there is one: findings_parts.Linzen or None."""
    return parts.linzen(study.model, study.known_linzen, found["agreement"].long_range, study.state)


MEASURES = {
    "agreement": number_units,
    "gates": gates,
    "efferents": efferent_weights,
    "decoding": decoding,
    "depth": depth,
    "structures": cells_over_structures,
    "connectivity": connections,
    "groups": group_ablations,
    "linzen": linzen,
}
