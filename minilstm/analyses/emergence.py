"""Emergence over training: when agreement comes, when a single unit begins to carry it, and where it can be read.

The paper's title speaks of emergence; its analyses are of a network that has learned. Here they are repeated on snapshots of
one training.
"""

from dataclasses import dataclass

import numpy as np

from ..errors import MinilstmError, StimulusError
from ..models import words_read
from .ablation import POINTS, drops, missing_conditions
from .decoding import SECOND_NOUN, SUBJECT, generalisation, number_data
from .locality import CONDITIONS, locality
from .number_agreement import by_condition
from .table2 import table2

SOLVED = 0.95


@dataclass(frozen=True, eq=False)
class Moment:
    """One snapshot.

    Attributes
    ----------
    words : int
        Read so far, repetitions counted.
    accuracy : dict
        {(task, condition): share right}, intact.
    lost : dict
        {"S": (units,) array, "P": (units,) array}: accuracy lost in nounPP SP, and in PS, when a unit is off.
    ranking : dict
        {"S": [...], "P": [...]}: all units, the costliest there first; of equals, the one that costs the margin more.
    named : dict
        {"S": [...], "P": [...]}: the units that the rule of `ablation.long_range_units` names.
    auc : tuple of two floats
        Number of the subject, read at the last word before the verb by a classifier trained at the subject (Fig. 2):
        from the series' final units; from all others.
    locality : float
        The index of `locality.py`; nan while the network does not do the task.
    """

    words: int
    accuracy: dict
    lost: dict
    ranking: dict
    named: dict
    auc: tuple
    locality: float


@dataclass(frozen=True, eq=False)
class Emergence:
    """One training.

    Attributes
    ----------
    moments : tuple of Moment
        In the order in which they came.
    final : dict
        {"S": unit, "P": unit}: of the units that the rule names at the last moment the costliest; where it names none,
        the costliest of all.
    """

    moments: tuple
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
    Emergence

    Raises
    ------
    StimulusError
        If a condition is missing, or a model knows the verb forms of none of its items.
    MinilstmError
        If the models are not of one shape.
    """
    from tqdm import tqdm

    items, models = tuple(items), sorted(models, key=words_read)
    if not models or len({model.sizes for model in models}) > 1:
        raise MinilstmError(f"emergence: expected models of one shape, got {sorted({model.sizes for model in models})}")
    if missing_conditions(items):
        raise StimulusError(
            "emergence: the items lack a condition of Simple, nounPP or nounPPAdv, with odd and even ids"
        )
    how = {"state": state, "unknown": unknown}
    bar = tqdm(models, disable=None if progress else True, unit="snapshot")
    swept = [_sweep(model, items, how) for model in bar]
    ranking, named = swept[-1]["ranking"], swept[-1]["named"]
    final = {
        number: next((unit for unit in units if unit in named[number]), units[0]) for number, units in ranking.items()
    }
    seen = final.values(), set(range(1, sum(models[0].sizes) + 1)) - set(final.values())
    nounpp = [item for item in items if item.task == "nounPP"]
    moments = []
    for model, parts in zip(models, swept, strict=True):
        data = number_data(model, nounpp, **how)
        auc = tuple(float(generalisation(data, units, (SUBJECT,)).mean[0, SECOND_NOUN]) for units in seen)
        moments.append(Moment(words_read(model), **parts, auc=auc))
    return Emergence(tuple(moments), final)


def _sweep(model, items, how):
    """What ablation says of one model: those parts of a Moment for which no other moment is needed."""
    table = table2(model, items, **how)
    found, where = drops(items, table.full, table.ablated), by_condition(items)
    lost, ranking = {}, {}
    for number, condition in CONDITIONS.items():
        key = "nounPP", condition
        if np.isnan(found.full[key]):
            raise StimulusError(f"emergence: the model knows the verb forms of no item of nounPP {condition}")
        lost[number] = found.full[key] - found.accuracy[key]
        margins = np.nanmean(table.ablated[:, where[key]], axis=1)
        ranking[number] = [int(u) + 1 for u in np.lexsort((margins, -lost[number]))]
    index = locality(model, items, **how).index
    return {"accuracy": found.full, "lost": lost, "ranking": ranking, "named": table.numbers, "locality": index}


def table(found):
    """Columns and rows, one row a snapshot, of one training or several.

    Parameters
    ----------
    found : dict
        {name of the training: Emergence}.
    """
    first = next(iter(found.values())).moments[0]
    columns = ["training", "words", *(" ".join(key) for key in first.accuracy)]
    for number, condition in CONDITIONS.items():
        columns += [
            f"named {condition}",
            f"costliest {condition}",
            f"lost {condition}",
            f"final {condition}",
            f"lost by final {condition}",
        ]
    columns += ["AUC final units", "AUC all others", "locality"]
    rows = []
    for name, one in found.items():
        for moment in one.moments:
            row = [name, moment.words, *(100 * accuracy for accuracy in moment.accuracy.values())]
            for number in CONDITIONS:
                row += [
                    " ".join(map(str, moment.named[number])),
                    moment.ranking[number][0],
                    100 * moment.lost[number].max(),
                    one.final[number],
                    100 * moment.lost[number][one.final[number] - 1],
                ]
            rows.append([*row, *moment.auc, moment.locality])
    return columns, rows


def summary(columns, rows):
    """Columns and rows, one row a training: when it was solved, and since when its final units are missed.

    Parameters
    ----------
    columns, rows
        What `table` returned, or was written as CSV and read again.
    """
    wide, rows = [dict(zip(columns, row, strict=True)) for row in rows], []
    for name in dict.fromkeys(one["training"] for one in wide):
        here = [one for one in wide if one["training"] == name]
        words, row = [one["words"] for one in here], [name]
        for condition in CONDITIONS.values():
            lost = [one[f"lost by final {condition}"] for one in here]
            row += [
                for_good(words, [one[f"nounPP {condition}"] >= 100 * SOLVED for one in here]),
                here[-1][f"final {condition}"],
                lost[-1],
                for_good(words, [points > 100 * POINTS for points in lost]),
            ]
        rows.append([*row, here[-1]["locality"]])
    parts = [
        f"{condition}: {part}"
        for condition in CONDITIONS.values()
        for part in ("solved at", "unit", "lost", "missed since")
    ]
    return ["training", *parts, "locality"], rows


def for_good(words, holds):
    """The first of `words` from which on `holds` is true to the end; None if it is not so at the end."""
    last_false = max((k for k, true in enumerate(holds) if not true), default=-1)
    return words[last_false + 1] if last_false + 1 < len(words) else None
