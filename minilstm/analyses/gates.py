"""Gates and cell of the number units (section 4.1, Figs. 1a-c), beside the pattern that the paper predicts for them."""

from argparse import ArgumentTypeError
from dataclasses import dataclass

import numpy as np

from ..errors import MinilstmError
from .ablation import unit_drops
from .base import (
    Analysis,
    Figure,
    Option,
    Result,
    Table,
    fallback_note,
    format_units,
)
from .drops import POINTS
from .dynamics import Dynamics, dynamics, means_table, plot_dynamics
from .gates_claims import CLAIMS
from .prediction import OPEN, against_prediction


@dataclass(frozen=True, eq=False, repr=False)
class GatesAndCell(Result):
    """Figs. 1a-c.

    Attributes
    ----------
    dynamics : Dynamics
        Of each number unit, or of the units named.
    roles : dict
        {unit: roles} of these.
    numbers : dict
        {unit: "S" or "P"}: the number that each unit is said to keep, as far as known.
    half : {"even", "odd", "all"}
        The ids of the sentences.
    """

    dynamics: Dynamics
    roles: dict
    numbers: dict
    half: str = "all"

    def _against_prediction(self):
        """Columns and rows of all units; no rows where the conditions do not tell the numbers."""
        columns, rows = [], []
        if self.dynamics.tells_numbers:
            for unit in self.dynamics.units:
                columns, more = against_prediction(self.dynamics, unit, self.numbers.get(unit))
                rows += more
        return columns, rows

    def _fit(self):
        rows = self._against_prediction()[1]
        if not rows:
            return ""
        fits = sum((should == "open") == (value > OPEN) for *_, should, value in rows)
        units = format_units(self.dynamics.units)
        return f"{fits} of {len(rows)} gate predictions of Fig. 1c hold for {units}"

    def text(self):
        n = " + ".join(map(str, self.dynamics.n))
        ids = "" if self.half == "all" else f" with {self.half} ids"
        fit = f"{self._fit()}, if open means above .5. " if self._fit() else ""
        return [f"{fallback_note(self.roles)}{fit}Means over {n} sentences{ids}."]

    def tables(self):
        tables = [means_table([self.dynamics])]
        columns, rows = self._against_prediction()
        if rows:
            caption = "What Fig. 1c asks of each gate, and its mean over the conditions and words concerned."
            if set(self.dynamics.units) - self.numbers.keys():
                caption += (
                    " A guess: the number for which the cell is further from 0, where no condition loses more than 10 "
                    "points without the unit."
                )
            tables.append(Table("against_prediction", caption, columns, rows, digits=2))
        return tables

    def figures(self):
        return [
            Figure(
                "gates",
                f"Fig. 1: gates and cell of {format_units(self.dynamics.units)}, word by word, mean and standard "
                "deviation over sentences. Pink: plural subject; blue: singular; dashed: the noun in between has the "
                "other number. Pink lines are thin, so that a blue one is seen below that is equal. Left of each unit "
                "what the paper predicts for one that keeps its number. A number unit tells blue from pink in C from "
                "the subject to the verb, dashed or not; to do so i has to be shut and f open over the words in "
                "between.",
                "line plots of candidate, input gate, forget gate, cell and output gate over the words of a sentence",
                lambda: plot_dynamics(self.dynamics, numbers=self.numbers, prediction=self.dynamics.tells_numbers),
            )
        ]

    def summary(self):
        return f"{self._fit()}." if self._fit() else ""


def compute(experiment, results, number=(), which=None):
    """Figs. 1a-c on nounPP; `which` as in `dynamics`: by default, as the authors, "correct" for their own model."""
    units = results["number_units"]
    numbers = dict(units.numbers)
    if number:
        if len(number) not in (1, len(units.roles)):
            raise MinilstmError(
                f"--number: expected one number, or one for each of {len(units.roles)} units, got {len(number)}"
            )
        numbers = dict(zip(units.roles, number * len(units.roles), strict=False))  # one serves for all
    which = which or ("correct" if experiment.original else "all")
    items = experiment.sentences("nounPP")
    found = dynamics(experiment.model_lowercase_context, items, tuple(units.roles), which, **experiment.reading)
    unknown = [unit for unit in units.roles if unit not in numbers]
    if unknown and found.tells_numbers:
        numbers |= _needed_for(experiment, items, unknown)
    half = "all" if experiment.original else experiment.half
    return GatesAndCell(found, units.roles, numbers, half)


def _needed_for(experiment, items, units):
    """{unit: "S" or "P"}: the number of the subject in the condition that loses most without it, if that counts."""
    found = unit_drops(experiment.model, items, units, experiment.kind, **experiment.reading)
    subjects = [condition[0] for _, condition in found.full]
    lost = np.nan_to_num(found.accuracy_drops())  # (conditions, units); nan where no sentence is scored
    return {unit: subjects[lost[:, k].argmax()] for k, unit in enumerate(units) if lost[:, k].max() > POINTS}


def parse_numbers(text):
    """'S,P' -> ('S', 'P'), for a command line."""
    numbers = tuple(text.split(","))
    if not set(numbers) <= set("SP"):
        raise ArgumentTypeError(f"expected S or P, or as S,P one for each unit, got {text!r}")
    return numbers


NUMBER = Option(
    "number",
    "what the units keep, as ablation showed: S or P for all or, as S,P, for each; for the comparison with Fig. 1c "
    "(default: as ablation of each shows here; where it shows nothing, guessed from the cell)",
    (),
    parse_numbers,
    metavar="NUMBERS",
)
WHICH = Option(
    "which",
    "which sentences: only those with a correct choice of the verb form (all; correct for the paper's own model)",
    choices=("all", "correct"),
)

ANALYSIS = Analysis(
    "gates",
    "dynamics",
    "Gates and cell",
    "section 4.1, Figs. 1a-c",
    compute,
    summary="gates and cell by condition (Figs. 1, 3)",
    needs=("number_units",),
    reads=("tasks", "halves", "activity"),
    options=(NUMBER, WHICH),
    claims=CLAIMS,
)
