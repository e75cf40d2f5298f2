"""The syntax unit Y* (section 4.3): the outlier of the regression on depth that writes to the number units.

In the paper it is unit 1150. It is on from the subject to the verb, and by its weights onto their input and forget
gates (Fig. 4) it makes the number units keep what they hold until the verb comes.
"""

from dataclasses import dataclass

import numpy as np

from ..errors import StimulusError
from ..stimuli import SUBJECT
from ..units import last_layer
from .afferents import connectivity, peak_activity
from .base import Analysis, Claim, Criterion, NotTestable, Outcome, Result, Table, format_units
from .dynamics import dynamics
from .efferent_weights import efferent_table, efferents
from .statistics import OUTLIER

ORIGINAL = 1150  # of the paper's own model
UNITS_DISPLAYED = 3  # units


@dataclass(frozen=True, eq=False, repr=False)
class SyntaxUnit(Result):
    """Y*, or what comes closest to it.

    Attributes
    ----------
    unit : int or None
        Y*: of the outliers of the last layer the one with the largest mean |z| onto the input and forget gates of the
        number units; None where there is none, and where a user names the units.
    displayed : tuple of int
        Y* first and other outliers of the last layer, or the strongest there, at most 3; or the units named.
    peak : (H,) array
        Peak activity of the last layer's units, see `afferents.peak_activity`; that of Y*, or of the first unit
        named, between subject and verb.
    efferents : tuple
        Columns and rows of the weights of the units displayed onto verbs, see `efferent_weights.efferent_table`.
    named : bool
        Whether a user named the units.
    """

    unit: int | None
    displayed: tuple
    peak: np.ndarray
    efferents: tuple
    named: bool = False

    @property
    def roles(self):
        """{unit: roles} of the units displayed: ("Y*",), ("given",), or () of one that only stands beside or for Y*."""
        return {unit: ("given",) if self.named else ("Y*",) if unit == self.unit else () for unit in self.displayed}

    def text(self):
        if self.named:
            return [f"{format_units(self.displayed).capitalize()}: given; the first takes the place of Y*."]
        if self.unit is None:
            return ["There is no Y*, an outlier of the last layer that writes to number units."]
        return [
            f"Of the syntax units in the last layer, unit {self.unit} weighs most onto the input and forget gates of "
            "the number units: Y*."
        ]

    def tables(self):
        caption = (
            "Weights of the strongest of the last layer onto verbs (Fig. 1d): in the paper's network the syntax unit's "
            "weights to the two forms are not segregated."
        )
        return [Table("syntax_efferents", caption, *self.efferents, digits=2)]

    def summary(self):
        if self.named:
            return ""
        if self.unit is None:
            return "No syntax unit of the last layer writes to the gates of the number units."
        return f"Of the syntax units, unit {self.unit} writes most to the gates of the number units."


def peak_before_verb(model, items, unit, state="context", unknown="error"):
    """h of a unit farthest from 0, with its sign, among its means over conditions at the words from subject to verb.

    At the verb the sign of a syntax unit turns: there it no longer says 'keep' but 'update'.
    """
    gates = dynamics(model, items, [unit], state=state, unknown=unknown)
    h = gates.mean["h"][:, SUBJECT + 1 : gates.verb, 0]  # (conditions, words between)
    if not h.size:
        raise StimulusError("the syntax unit: expected sentences with words between subject and verb; these have none")
    return h.flat[np.abs(h).argmax()]


def compute(experiment, results):
    """Y*, chosen by the weights onto the number units, and the units displayed beside it."""
    depth, targets = results["depth"], results["number_units"].long_range
    layer = last_layer(experiment.model.sizes)
    strongest = [unit for unit in depth.strongest() if unit in layer]
    outliers = [unit for unit in strongest if unit in depth.outliers]
    model, items = experiment.model_lowercase_context, experiment.sentences("nounPP")
    unit, peak = None, peak_activity(model, items, **experiment.reading)
    if experiment.original:
        unit = ORIGINAL
    elif outliers and targets:
        unit = connectivity(model, targets, peak).closest(outliers)
    displayed = (outliers or strongest)[:UNITS_DISPLAYED]
    if unit is not None:
        displayed = list(dict.fromkeys((unit, *displayed)))[:UNITS_DISPLAYED]
        peak[unit - layer[0]] = peak_before_verb(model, items, unit, **experiment.reading)
    return SyntaxUnit(unit, tuple(displayed), peak, efferent_table(efferents(experiment.model), displayed, layer))


def given(experiment, units):
    """The units that a user names, the first of them in the place of Y*."""
    model, items = experiment.model_lowercase_context, experiment.sentences("nounPP")
    layer = last_layer(model.sizes)
    table = efferent_table(efferents(model), units, layer)  # says which is no unit of the last layer
    peak = peak_activity(model, items, **experiment.reading)
    peak[units[0] - layer[0]] = peak_before_verb(model, items, units[0], **experiment.reading)
    return SyntaxUnit(None, tuple(units), peak, table, named=True)


def exists(experiment, results):
    depth, unit = results["depth"], results["syntax_unit"].unit
    total, layer = len(depth.weights), last_layer(experiment.model.sizes)
    largest = (total - 1) ** 0.5
    if largest <= OUTLIER:
        raise NotTestable(f"no z of {total} weights can exceed {largest:.1f}")
    outliers = [str(outlier) for outlier in depth.outliers if outlier in layer]
    if outliers and unit is None:
        raise NotTestable("neither S* nor P*, onto whose gates Y* is defined", f"outliers {', '.join(outliers)}")
    if unit is None:
        strongest = depth.strongest(1)[0]
        value = f"none; unit {strongest} has z {depth.z[strongest - 1]:.1f}"
        return Outcome(False, value, "no outlier in the last layer")
    return Outcome(True, f"unit {unit}, {_rank(depth, unit)}")


def is_outlier(experiment, results):
    depth = results["depth"]
    return Outcome(ORIGINAL in depth.outliers, _rank(depth, ORIGINAL))


def _rank(depth, unit):
    return f"rank {1 + depth.strongest().index(unit)}, z {depth.z[unit - 1]:.1f}"


CLAIMS = (
    Claim(
        33,
        "4.3",
        f"{ORIGINAL} is among the outliers",
        "one of the highest",
        "rank of |z|",
        original=Criterion("among them", is_outlier),
        other=Criterion("Y* exists", exists),
    ),
)
ANALYSIS = Analysis(
    "syntax_unit",
    "depth",
    "The syntax unit",
    "section 4.3",
    compute,
    needs=("number_units", "depth"),
    section="depth",
    given=given,
    given_by="--from",
    reads=("tasks", "halves", "activity"),
    claims=CLAIMS,
)
