"""Interchange beside ablation: which units are needed, and which carry number.

A unit that is ablated shows whether it is needed, one that gets its state from another sentence whether it carries the
number (`interventions.py`).

By default C of a unit is copied once, at the subject, and the network reads on as ever. That tests the paper's claim: a
long-range unit stores the number when it reads the subject, and from there it reaches the verb. Copied at every word
from there on (`onwards`), a unit is as in the source whenever it learns the number: the counterpart of ablation, which
holds h at every word too.

C is copied and h follows from it: h = o * tanh(C) with the base's own output gate (Eq. 2), since the question is what
is stored, not whether it is exposed. `what` can be h alone, what is exposed now and stored nowhere; both; or a gate,
which `patching.py` asks of all units at every word.
"""

from dataclasses import dataclass

import numpy as np

from ..stimuli import SELECTION
from .base import Analysis, Claim, Criterion, Figure, NotTestable, Option, Outcome, Result, Table, format_units
from .exchange import VARIABLES
from .experiment import positive, unit_numbers
from .interventions import METHODS, Comparison, compare
from .number_units import NO_NUMBER_UNITS
from .short_range import unit_groups
from .style import GUIDE, LINES, in_style, panels

LABELS = {
    "zero": "$h$ = 0",
    "mean": "$h$ = its mean",
    "once": "the source's, at the subject",
    "onwards": "the source's, from there on",
}


@dataclass(frozen=True, eq=False, repr=False)
class Interchange(Result):
    """Interchange beside ablation, of the units that other analyses point to.

    Attributes
    ----------
    comparison : Comparison or None
        None where there are no long-range units, and none are named.
    what : str
        What was copied: one of `exchange.VARIABLES`.
    most : int
        How many sets of units are displayed.
    carriers : int
        How many of the sets, the first ones, stand in the summary.
    """

    comparison: Comparison | None
    what: str = "C"
    most: int = 0
    carriers: int = 0

    def _flips(self, most=None):
        """Verbs of nounPP SP and PS that flip, as text; nothing where these conditions were not read."""
        where = self.comparison.by_condition()
        if not where.keys() >= set(SELECTION.values()):
            return ""
        texts = []
        for k, units in enumerate(self.comparison.sets[:most]):
            sp, ps = (100 * self.comparison.flips("once", where[key])[k] for key in SELECTION.values())
            texts.append(f"{format_units(units)} {sp:.1f} % and {ps:.1f} %")
        what = "C and h" if self.what == "both" else self.what
        return f"Verbs of nounPP SP and PS that follow the other sentence: with {what} of {'; of '.join(texts)}."

    def text(self):
        if self.comparison is None:
            return [NO_NUMBER_UNITS]
        text = [
            "Ablation shows the units that are needed, also one that only guards what others store. Interchange "
            "removes nothing: a unit gets its state from the same sentence with the other number of the subject. If "
            "the verb then follows that sentence, the unit carries number. Here it is done with the units that other "
            "analyses point to; --units and --group name others."
        ]
        return [*text, self._flips()] if self._flips() else text

    def tables(self):
        if self.comparison is None:
            return []
        methods = "; ".join(f"{name}: {what}" for name, what in METHODS.items())
        caption = (
            "Percent of verbs that flip to the other form; and how far the mean margin moves, in percent of the way to "
            "that of the other number. Only sentences that the network gets right with either number count. "
            f"{methods[0].upper()}{methods[1:]}."
        )
        tables = [Table("interchange", caption, *self.comparison.rows(self.most))]
        if self.most < len(self.comparison.sets):
            rows = self.comparison.rows(len(self.comparison.sets))
            tables.append(Table("interchange_all", "All of them.", *rows, long=True))
        return tables

    def figures(self):
        if self.comparison is None:
            return []
        return [
            Figure(
                "interchange",
                "How far each intervention moves the mean margin towards that of the other number, in percent of the "
                "way, condition by condition. Blue and orange: ablation; green and pink: interchange. With a unit that "
                "carries number, interchange moves the margin; with one that is only needed, ablation alone does.",
                "lollipop plots, a panel a condition, four methods a unit",
                lambda: plot_interchange(self.comparison, self.most),
            )
        ]

    def summary(self):
        if self.comparison is None or not self.carriers:
            return ""
        flips = self._flips(self.carriers)
        return f"Units whose cell from the sentence with the other subject turns the verb. {flips}" if flips else ""


@in_style()
def plot_interchange(comparison, most=6):
    """Plot how far each intervention moves the choice towards the source's, for the strongest units by condition.

    Parameters
    ----------
    comparison : Comparison
    most : int
        How many units, or sets of units.
    """
    sets = comparison.strongest(most)
    conditions = comparison.by_condition()
    width = 0.42 * len(sets) + 0.5
    fig, axes = panels(len(conditions), 2, width, 1.9, (0, 0.6), sharex=True, sharey=True)
    for axis, ((task, condition), where) in zip(axes.flat, conditions.items(), strict=False):
        for level in (0, 100):
            axis.axhline(level, **GUIDE)
        for shift, method, (color, marker) in zip(np.linspace(-0.24, 0.24, len(METHODS)), METHODS, LINES, strict=False):
            moved = 100 * comparison.moved(method, where)[sets]
            x = np.arange(len(sets)) + shift
            axis.vlines(x, 0, moved, color=color, linewidth=1)
            axis.plot(x, moved, marker, color=color, markersize=4, label=LABELS[method])
        axis.set_title(f"{task} {condition}")
        axis.set_xticks(range(len(sets)), ["+\n".join(map(str, comparison.sets[k])) for k in sets])
    fig.supxlabel("unit")
    fig.supylabel("% of the way to the source")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside upper center", ncols=2)
    return fig


def compute(experiment, results, what="C", group=(), most=None):
    """Interchange beside ablation on nounPP: S*, P* and Y* alone, S* and P* together, the short-range units together.

    Where a user names number units, each alone, and of the others only those that are named too. Each `group` together
    as well. At most `most` sets are displayed, those that move the margin farthest; all if not given.
    """
    groups, named = unit_groups(results), results["number_units"].named
    long_range, syntax, short_range = groups["long-range"], results["syntax_unit"], results["short_range"]
    sets = [(unit,) for unit in dict.fromkeys(long_range)]
    if named:
        sets += [(unit,) for unit in syntax.displayed if syntax.named and (unit,) not in sets]
        sets += [short_range.units] if short_range.named and short_range.units else []
    if long_range and not named:
        unit = syntax.unit
        sets += [(unit,)] if unit is not None and (unit,) not in sets else []
        sets += [units for units in groups.values() if units and units not in sets]
    sets += [units for units in map(tuple, group) if units not in sets]
    if not sets:
        return Interchange(None, what)
    items = experiment.sentences("nounPP")
    comparison = compare(experiment.model, items, sets, what, progress=experiment.progress, **experiment.reading)
    return Interchange(comparison, what, len(sets) if most is None else most, len(set(long_range)))


def verbs_that_follow(results, number):
    """The share of the verbs of nounPP SP that flip with the cell of S* from the source, or of nounPP PS with P*'s.

    Parameters
    ----------
    results : Results
    number : {"S", "P"}

    Returns
    -------
    float or None
        None where there is no such unit, or no such sentence that the network gets right with either number.
    """
    comparison, unit = results["interchange"].comparison, results["number_units"].selected[number]
    where = comparison.by_condition().get(SELECTION[number], ()) if comparison is not None else ()
    if not len(where) or (unit,) not in comparison.sets:
        return None
    return float(comparison.flips("once", where)[comparison.sets.index((unit,))])


def number_units_carry(experiment, results, percent):
    flips = {number: verbs_that_follow(results, number) for number in SELECTION}
    flips = {number: value for number, value in flips.items() if value is not None}
    if not flips:
        raise NotTestable("no S* and no P*, or no nounPP SP or PS that is right with either number")
    units = results["number_units"].selected
    value = ", ".join(f"{number}*, unit {units[number]}: {100 * one:.1f} %" for number, one in flips.items())
    return Outcome(all(100 * one > percent for one in flips.values()), value)


# Half: a verb that follows the unit as often as not. Flips of the bundled models were known before this was written.
CLAIMS = (
    Claim(
        41,
        "Lu et al. 2020",
        "The number units carry the number to the verb",
        "the primary path goes through the cells of 988 and 776",
        "C of S* (P*) from the sentence with the other subject, once, at the subject: verbs of nounPP SP (PS)",
        other=Criterion(
            "more than {percent} % flip, for each of the two that there is", number_units_carry, percent=50
        ),
    ),
)

OPTIONS = (
    Option("what", "what is copied: the cell, and h follows; h alone; both; a gate (C)", "C", choices=tuple(VARIABLES)),
    Option(
        "group", "and these units together; can be given several times", (), unit_numbers, metavar="UNITS", repeat=True
    ),
    Option("most", "how many units, or groups of them, are displayed (all)", None, positive, metavar="N"),
)

ANALYSIS = Analysis(
    "interchange",
    "interchange",
    "Units that carry number",
    "",
    compute,
    summary="copy a unit's cell into another sentence",
    needs=("number_units", "short_range", "syntax_unit"),
    options=OPTIONS,
    claims=CLAIMS,
)
