"""Emergence over training: when agreement comes, when a single unit begins to carry it, and where it can be read.

The paper's title speaks of emergence; its analyses are of a network that has learned. Here they are repeated on
snapshots of one training, or of several.
"""

from dataclasses import dataclass

import numpy as np

from ..errors import MinilstmError, StimulusError
from ..models import tokens_seen
from ..stimuli import SECOND_NOUN, SUBJECT
from .ablation import missing_conditions
from .base import Analysis, Figure, Result, Table, Unavailable
from .drops import POINTS, accuracy_drop
from .locality import ACROSS_ATTRACTOR, locality
from .milestones import SOLVED, milestones, plot_emergence
from .number_agreement import by_condition
from .number_data import number_data
from .table2 import table2

# Columns of the table that people read
COLUMNS = (
    "training",
    "tokens",
    "Simple S",
    "Simple P",
    "nounPP SP",
    "nounPP PS",
    "costliest SP",
    "lost SP",
    "costliest PS",
    "lost PS",
    "by rule SP",
    "by rule PS",
)


@dataclass(frozen=True, eq=False, repr=False)
class Snapshot:
    """A network at one point of its training.

    Attributes
    ----------
    tokens : int
        Training tokens read so far, repetitions counted.
    accuracy : dict
        {(task, condition): share right}, intact.
    drop : dict
        {"S": (units,) array, "P": (units,) array}: accuracy lost in nounPP SP, and in PS, when a unit is ablated.
    ranking : dict
        {"S": [...], "P": [...]}: all units, the largest drop first; of equals, the one that costs the margin more.
    by_rule : dict
        {"S": [...], "P": [...]}: the units by the rule of `ablation.long_range_units`.
    auc : tuple of two floats
        Number of the subject, read at the second noun by a classifier trained at the subject (Fig. 2): from the final
        units of the training; from all others.
    locality : float
        The index of `locality.py`; nan while the network does not do the task.
    """

    tokens: int
    accuracy: dict
    drop: dict
    ranking: dict
    by_rule: dict
    auc: tuple
    locality: float


@dataclass(frozen=True, eq=False, repr=False)
class Training:
    """One training.

    Attributes
    ----------
    snapshots : tuple of Snapshot
        In the order of training.
    final : dict
        {"S": unit, "P": unit}: of the units by the rule at the last snapshot the one with the largest drop; where there
        are none by the rule, the one with the largest drop of all.
    """

    snapshots: tuple
    final: dict


def emergence(models, items, state="context", unknown="error", progress=False):
    """Agreement, ablation, decoding and locality at each snapshot of one training.

    Parameters
    ----------
    models : sequence of LanguageModel
        See `snapshots.series`.
    items : sequence of stimuli.Item
        They need the conditions of the rule for number units: Simple, nounPP, nounPPAdv.
    state : None, "context" or lstm.State
    unknown : {"error", "<unk>"}
    progress : bool
        Show a progress bar, if standard error is a terminal.

    Returns
    -------
    Training

    Raises
    ------
    StimulusError
        If a condition is missing, or a model knows the verb forms of none of its items.
    MinilstmError
        If the models are not of one shape.
    """
    from tqdm import tqdm

    items, models = tuple(items), sorted(models, key=tokens_seen)
    if not models or len({model.sizes for model in models}) > 1:
        raise MinilstmError(f"emergence: expected models of one shape, got {sorted({model.sizes for model in models})}")
    if missing_conditions(items):
        raise StimulusError(
            "emergence: the items lack a condition of Simple, nounPP or nounPPAdv, with odd and even ids"
        )
    reading = {"state": state, "unknown": unknown}
    bar = tqdm(models, disable=None if progress else True, unit="snapshot")
    swept = [_sweep(model, items, reading) for model in bar]
    ranking, by_rule = swept[-1]["ranking"], swept[-1]["by_rule"]
    final = {
        number: next((unit for unit in units if unit in by_rule[number]), units[0]) for number, units in ranking.items()
    }
    seen = final.values(), set(range(1, sum(models[0].sizes) + 1)) - set(final.values())
    noun_pp = [item for item in items if item.task == "nounPP"]
    snapshots = []
    for model, parts in zip(models, swept, strict=True):
        data = number_data(model, noun_pp, **reading)
        auc = tuple(float(data.generalisation(units, (SUBJECT,)).mean[0, SECOND_NOUN]) for units in seen)
        snapshots.append(Snapshot(tokens_seen(model), **parts, auc=auc))
    return Training(tuple(snapshots), final)


def _sweep(model, items, reading):
    """Ablate one model: those parts of a Snapshot for which no other snapshot is needed."""
    table = table2(model, items, **reading)
    of_units, indices = table.drops, by_condition(items)
    drop, ranking = {}, {}
    for number, condition in ACROSS_ATTRACTOR.items():
        key = "nounPP", condition
        if np.isnan(of_units.full[key]):
            raise StimulusError(f"emergence: the model knows the verb forms of no item of nounPP {condition}")
        (drop[number],) = of_units.accuracy_drops([key])
        margins = np.nanmean(table.ablated[:, indices[key]], axis=1)
        ranking[number] = [int(u) + 1 for u in np.lexsort((margins, -drop[number]))]
    return {
        "accuracy": of_units.full,
        "drop": drop,
        "ranking": ranking,
        "by_rule": table.numbers,
        "locality": locality(model, items, **reading).index,
    }


def table(trainings):
    """Columns and rows, one row a snapshot.

    Parameters
    ----------
    trainings : dict
        {name: Training}.
    """
    first = next(iter(trainings.values())).snapshots[0]
    columns = ["training", "tokens", *(" ".join(key) for key in first.accuracy)]
    for condition in ACROSS_ATTRACTOR.values():
        columns += [
            f"by rule {condition}",
            f"costliest {condition}",
            f"lost {condition}",
            f"final {condition}",
            f"lost by final {condition}",
        ]
    columns += ["AUC final units", "AUC all others", "locality"]
    rows = []
    for name, training in trainings.items():
        for snapshot in training.snapshots:
            row = [name, snapshot.tokens, *(100 * accuracy for accuracy in snapshot.accuracy.values())]
            for number in ACROSS_ATTRACTOR:
                drop = accuracy_drop(100 * snapshot.drop[number], 0)
                row += [
                    " ".join(map(str, snapshot.by_rule[number])),
                    snapshot.ranking[number][0],
                    float(drop.max()),
                    training.final[number],
                    float(drop[training.final[number] - 1]),
                ]
            rows.append([*row, *snapshot.auc, snapshot.locality])
    return columns, rows


@dataclass(frozen=True, eq=False, repr=False)
class Emergence(Result):
    """Trainings, each with its snapshots.

    Attributes
    ----------
    trainings : dict
        {name: Training}.
    """

    trainings: dict

    def text(self):
        counts = {name: len(training.snapshots) for name, training in self.trainings.items()}
        return ["; ".join(f"{name}: {n} snapshot{'s' * (n != 1)}" for name, n in counts.items()) + "."]

    def tables(self):
        columns, rows = table(self.trainings)
        displayed = [[row[columns.index(column)] for column in COLUMNS] for row in rows]
        return [
            Table("emergence", "Every snapshot.", columns, rows, digits=2, long=True),
            Table(
                "emergence_overview",
                "Every snapshot after so many training tokens: percent correct; the unit whose ablation costs most in "
                "nounPP SP and in PS, and the points lost without it; the units by the rule for number units.",
                list(COLUMNS),
                displayed,
            ),
            Table(
                "milestones",
                f"Training tokens when a condition of nounPP was {100 * SOLVED:.0f} % right for good; the unit that "
                "carries it at the end; the points lost without it, and since when these are more than "
                f"{100 * POINTS:.0f}; the locality of the code at the end (1: a unit a number).",
                *milestones(columns, rows),
            ),
        ]

    def figures(self):
        return [
            Figure(
                "emergence",
                "Accuracy, ablation, decoding and locality over training. Thin: one training each; thick: their "
                "median. Blue: singular subjects; pink: plural ones.",
                "line plots over training tokens, on a logarithmic axis",
                lambda: plot_emergence(*table(self.trainings)),
            )
        ]


def compute(experiment, results):
    """The analyses on the snapshots of the experiment."""
    if not experiment.snapshots:
        raise Unavailable("no snapshots of a training were given")
    reading = {**experiment.reading, "progress": experiment.progress}
    return Emergence(
        {name: emergence(models, experiment.items, **reading) for name, models in experiment.snapshots.items()}
    )


ANALYSIS = Analysis("emergence", "emergence", "Emergence over training", "", compute, requires="snapshots")
