"""Influence paths: through which gates, and when, the number of a noun reaches the verb.

A gradient says how much the margin depends on a noun, and not by which way. The number of a noun is attributed to all
paths from it to the verb, each with its *influence* (`path_attribution.py`). The *primary path* is the way of section
4.1: at the noun through the candidate C~ of each layer into the cell of the last one, and there from word to word until
the verb. Since a cell passes on to itself only, the path is a sum over the units of the last layer. It is also cut, or
all others are (`path_ablation.py`).

References
----------
Lu, K., Mardziel, P., Leino, K., Fredrikson, M. and Datta, A. (2020). Influence paths for characterizing subject-verb
number agreement in LSTM language models. ACL.
"""

from dataclasses import dataclass

import numpy as np

from ..errors import StimulusError
from ..stimuli import steps_that_differ
from ..units import columns_of, last_layer
from .base import Analysis, Claim, Criterion, Figure, NotTestable, Option, Outcome, Result, Table
from .experiment import positive
from .number_agreement import by_condition, scored_items
from .path_ablation import KEPT, accuracies
from .path_attribution import influence, noun_pairs
from .statistics import TESTABLE, format_numbers, percent
from .style import GUIDE, LINES, NEUTRAL, figure, in_style

SAMPLE = 50  # sentences a condition
UNITS = 8  # in a table
LABELLED = 0.2  # of the largest influence of a unit: from here on a unit has its number beside it
MEASURES = {"logit": (1, "nats"), "probability": (100, "percentage points")}  # {what is explained: (scale, its unit)}
NOUNS = "1st", "2nd", "3rd"


@dataclass(frozen=True, eq=False, repr=False)
class Influences(Result):
    """Paths from every noun to the verb, and what is left of agreement without the primary ones, or with nothing else.

    Attributes
    ----------
    nouns : tuple of Influence
    kept : dict
        {(task, condition): accuracies}, see `accuracies`.
    n : dict
        {(task, condition): how many sentences}.
    units, number_units : tuples of int
        The last layer and those of its units that are number units, in the paper's numbers.
    measure : {"logit", "probability"}
    """

    nouns: tuple
    kept: dict
    n: dict
    units: tuple
    number_units: tuple
    measure: str

    def of(self, task, noun=0):
        """The Influence of one noun in each condition of a task, a list."""
        return [one for one in self.nouns if (one.task, one.noun) == (task, noun)]

    @property
    def tasks(self):
        """{task: the Influence of its first noun in each condition}."""
        return {task: self.of(task) for task in dict.fromkeys(task for task, _ in self.n)}

    def text(self):
        scale, unit = MEASURES[self.measure]
        error = scale * max(np.abs(one.attribution - one.change).max() for one in self.nouns)
        return [
            f"{sum(self.n.values()):,} sentences, at most {max(self.n.values())} a condition. What is explained is the "
            f"difference of the {self.measure} of the right and of the wrong verb form, in {unit}. The influences of "
            f"all paths from a noun add up to what its number changes in that, within {error:.1g} in every sentence.",
            self.summary(),
        ]

    def tables(self):
        rows, strongest, (scale, _) = [], [], MEASURES[self.measure]
        for one in self.nouns:
            key, p = [one.task, one.condition, NOUNS[one.noun]], one.primary
            t_units = one.t_units[columns_of(self.number_units, self.units)].tolist()
            rightly, attribution = 100 * float((one.attribution > 0).mean()), scale * float(one.attribution.mean())
            cells = rightly, attribution, scale * p.influence, one.rank, 100 * p.share, p.t
            rows.append([*key, len(one.means), *cells, *t_units])
            strongest += [[*key, path.name, scale * path.influence, 100 * path.share, path.t] for path in one.strongest]
        subjects = sum(self.tasks.values(), [])
        t = np.array([one.t_units for one in subjects])
        columns = "paths", "for %", "attribution", "primary", "rank", "share %", "t"
        wide = max(map(len, self.kept.values()))
        kept = [[*key, self.n[key], *(100 * v).tolist(), *[None] * (wide - len(v))] for key, v in self.kept.items()]
        return [
            Table(
                "influence",
                "For each noun: how many paths lead from it to the verb; in how many percent of the sentences its "
                "number is for the right form, and how much (attribution, mean); the influence of the primary path, "
                "its rank among all, its share in all influence of its sign (below 0: for the wrong form), and its t, "
                "the probability that it has more influence than another path. Last, the t of units on that path.",
                ["task", "condition", "noun", *columns, *(f"t {unit}" for unit in self.number_units)],
                rows,
                digits=(0, 0, 0, 0, 0, 2, 2, 0, 1, *[2] * (1 + len(self.number_units))),
            ),
            Table(
                "influence_strongest",
                "The paths with the most influence, for or against. C~1 is the candidate of layer 1; after | comes the "
                "next word.",
                ["task", "condition", "noun", "path", "influence", "share %", "t"],
                strongest,
                digits=(0, 0, 0, 0, 2, 1, 2),
            ),
            Table(
                "influence_units",
                "The units with the most influence on the primary path of the first noun: t, the probability that a "
                "unit has more than another that is no number unit.",
                ["unit", *(f"{one.task} {one.condition}" for one in subjects)],
                [[self.units[u], *t[:, u].tolist()] for u in np.argsort(-t.mean(axis=0), kind="stable")[:UNITS]],
                digits=2,
            ),
            Table(
                "influence_kept",
                "Percent right without primary paths, and with nothing else. Without one, C~ at its noun is at its "
                "mean over the sentences of the task; with one only, all other gates are at theirs.",
                ["task", "condition", "n", *KEPT[:wide]],
                kept,
            ),
        ]

    def figures(self):
        return [
            Figure(
                "influence",
                "What each unit of the last layer adds along the primary path of the first noun, for singulars and for "
                "plurals. On the right and at the top a unit serves both. Orange: the number units.",
                "scatter plots of units, a panel a task",
                lambda: plot_units(self.tasks, self.units, self.number_units),
            ),
        ]

    def summary(self):
        some = self.of("nounPP") or next(iter(self.tasks.values()))
        ranks, parts = sorted({one.rank for one in some}), sorted(100 * abs(one.primary.share) for one in some)
        return (
            f"Of the {len(some[0].means):,} paths from the first noun of {some[0].task} to the verb, the one through "
            f"C~ at the noun and the cell of the last layer has rank {' or '.join(map(str, ranks))} by influence, and "
            f"{parts[0]:.1f} to {parts[-1]:.1f} % of all influence of its sign."
        )


@in_style()
def plot_units(tasks, units, number_units=()):
    """The primary path of the first noun, unit by unit: means over its singulars and over its plurals.

    Parameters
    ----------
    tasks : dict
        {task: list of Influence}, a panel each.
    units, number_units : sequences of int
        The last layer and those of its units to mark, in the paper's numbers.
    """
    fig, axes = figure(1, len(tasks), max(3.4, 2.1 * len(tasks) + 0.5), 2.4, sharex=True, sharey=True)
    marked = columns_of(number_units, units)
    for axis, (task, nouns) in zip(axes[0], tasks.items(), strict=True):
        x, y = (np.mean([one.units for one in nouns if one.condition[0] == number], axis=0) for number in "SP")
        axis.axline((0, 0), slope=1, **GUIDE)
        axis.plot(x, y, "o", color=NEUTRAL, markersize=3, alpha=0.7, markeredgewidth=0)
        axis.plot(x[marked], y[marked], "o", color=LINES[1][0], markersize=4)
        size = np.abs(x) + np.abs(y)
        for u in {*np.flatnonzero(size > LABELLED * size.max()).tolist(), *marked.tolist()}:
            axis.annotate(str(units[u]), (x[u], y[u]), (4, 3), textcoords="offset points", fontsize=6)
        axis.set_title(task)
        axis.margins(0.15)
    fig.supxlabel("influence, singular")
    fig.supylabel("influence, plural")
    return fig


def compute(experiment, results, measure="logit", sample=SAMPLE):
    """All paths from every noun to the verb, in the first `sample` sentences of each condition."""
    model, how, last = experiment.model, experiment.reading, tuple(last_layer(experiment.model.sizes))
    items = scored_items(model, experiment.sentences("Simple", "nounPP", "nounPPAdv"), sample)
    number_units = tuple(unit for unit in results["number_units"].long_range if unit in last)
    items = [item for item, _ in noun_pairs(items, 0)]
    if not items:
        raise StimulusError(
            "paths: expected conditions that differ in the number of the first noun, such as SP and PP, and in them "
            "sentences with the same id that differ in nothing else"
        )
    nouns, kept = [], {}
    for task in dict.fromkeys(item.task for item in items):
        some, positions = [item for item in items if item.task == task], []
        for noun in range(len(NOUNS)):
            pairs = noun_pairs(some, noun)
            positions += [steps_that_differ(*zip(*pairs, strict=True))[0]] if pairs else []
            for where in by_condition([item for item, _ in pairs]).values():
                nouns.append(influence(model, [pairs[k] for k in where], noun, measure, number_units, **how))
        kept |= accuracies(model, some, positions[:2], **how)
    n = {key: len(where) for key, where in by_condition(items).items()}
    nouns.sort(key=lambda one: (list(n).index((one.task, one.condition)), one.noun))
    return Influences(tuple(nouns), kept, n, last, number_units, measure)


def _of_nounpp(results):
    """The result, and in it nounPP; NotTestable where it is not there or not solved."""
    result = results["influence"]
    for condition in ("SS", "SP", "PS", "PP"):
        accuracy = result.kept.get(("nounPP", condition), [np.nan])[0]
        if not accuracy >= TESTABLE:
            raise NotTestable(f"intact, it is right on {percent(accuracy)} % of nounPP {condition}, less than 60 %")
    return result, result.of("nounPP")


def stands_out(experiment, results, least):
    _, nouns = _of_nounpp(results)
    t = [one.primary.t for one in nouns]
    return Outcome(min(t) >= least, format_numbers(t))


def serve_both_numbers(experiment, results, least):
    result, nouns = _of_nounpp(results)
    if not result.number_units:
        raise NotTestable("the network has no long-range number unit")
    columns = columns_of(result.number_units, result.units)
    t = np.min([one.t_units[columns] for one in (*result.of("Simple"), *nouns)], axis=0)
    value = ", ".join(f"{unit}: {value:.2f}" for unit, value in zip(result.number_units, t, strict=True))
    return Outcome(min(t) >= least, value, "the least of all conditions")


def is_the_way(experiment, results, percent_right):
    result, nouns = _of_nounpp(results)
    without, only = np.mean([result.kept[one.task, one.condition][1:3] for one in nouns], axis=0)
    value = f"{percent(without)} % right without the path, {percent(only)} % with the path alone"
    return Outcome(without <= percent_right / 100 < only, value)


CLAIMS = (
    Claim(
        44,
        "Lu et al., T1",
        "Number takes one path: C~ at the subject, then the cell of the last layer",
        "1.0, 1.0, .91, .92",
        "t of the primary path among all from the subject, nounPP",
        other=Criterion("t >= {least} in SS, SP, PS and PP", stands_out, least=0.9),
    ),
    Claim(
        45,
        "Lu et al., T1",
        "On it the long-range units carry both numbers, also where nothing intervenes",
        ".97 or more (776), .99 or more (988)",
        "t of the number units among the units of that path, Simple and nounPP",
        other=Criterion("t >= {least} in all conditions of both tasks, each unit", serve_both_numbers, least=0.95),
    ),
    Claim(
        46,
        "Lu et al., T2",
        "Without that path number is lost, and the path alone carries it",
        "51 % right without the path, 70 % with the path alone",
        "mean accuracy, nounPP; without: C~ at the subject held at its mean; alone: all other gates at theirs",
        other=Criterion("<= {percent_right} % without it, more with it only", is_the_way, percent_right=60),
    ),
)

ANALYSIS = Analysis(
    "influence",
    "paths",
    "Paths from noun to verb",
    "",
    compute,
    summary="through which gates, and when, number reaches the verb",
    needs=("number_units",),
    options=(
        Option(
            "measure",
            "of the verb forms, whose difference is explained (logit)",
            "logit",
            choices=tuple(MEASURES),
        ),
        Option("sample", f"sentences a condition, at most ({SAMPLE})", SAMPLE, positive, metavar="N"),
    ),
    claims=CLAIMS,
)
