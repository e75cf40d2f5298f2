"""Where and when number lives: every gate, the cell and h of every unit, at every word, patched alone.

Between two sentences that differ in the number of the subject, one variable of one unit at one word is exchanged
(`exchange.py`), and the choice of the verb form moves towards the other sentence's, or not. All units at all words make
one picture. Lu et al. followed the same information along paths of gates; their primary path says what to expect:
the candidate C~ at the subject, the cell C from then on, h before the verb.

Beside each exact effect stands its approximation by gradient, all of them from one backward pass.

References
----------
Lu, K., Mardziel, P., Leino, K., Fredrikson, M. and Datta, A. (2020). Influence paths for characterizing subject-verb
number agreement in LSTM language models. ACL 58.
"""

from dataclasses import dataclass

import numpy as np

from ..errors import StimulusError
from ..stimuli import SELECTION
from ..stimuli.positions import step_labels
from .base import Analysis, Claim, Criterion, Figure, NotTestable, Option, Outcome, Result, Table
from .exchange import exchange, exchange_by_gradient, pairs
from .experiment import positive
from .number_agreement import by_condition, known_verbs
from .style import LABELS, LINES, figure

PANELS = "C_tilde", "i", "f", "C", "o", "h"  # in the order in which they are computed
SHOWN = 10  # units in the picture


@dataclass(frozen=True, eq=False, repr=False)
class Patching(Result):
    """What exchanging one variable of one unit at one word does to the choice of the verb form.

    Attributes
    ----------
    conditions : tuple of (task, condition)
        Of the bases.
    n : (conditions,) int array
        Sentences that count: answered rightly, as their sources are.
    words : tuple of str
        What stands at each word from the first in which the sentences differ, the subject.
    exact, gradient : dict of str to (conditions, words, units) array
        For each of `PANELS`: how far the mean margin moves towards that of the source, 1 where all the way; nan for a
        condition without sentences that count.
    r2 : dict of str to float
        How much of the variance of single exact effects, of all units, words and sentences, the gradient accounts for.
    """

    conditions: tuple
    n: np.ndarray
    words: tuple
    exact: dict
    gradient: dict
    r2: dict

    def mean(self, variable, how="exact"):
        """The mean over conditions: (words, units)."""
        return np.nanmean(getattr(self, how)[variable][self.n > 0], axis=0)

    def strongest(self, most=SHOWN):
        """The units, numbers, with the largest effects of any variable at any word; the largest first."""
        largest = np.max([np.abs(self.mean(name)).max(axis=0) for name in PANELS], axis=0)
        return 1 + np.argsort(-largest, kind="stable")[:most]

    def text(self):
        counted = ", ".join(f"{n} {' '.join(key)}" for key, n in zip(self.conditions, self.n, strict=True))
        return [
            f"Of {self.n.sum()} sentences ({counted}) and "
            "their sources, with the other number of the subject and else the same words, one variable of one unit is "
            "exchanged at one word. Effects are percent of the way to the margin of the source, the mean over "
            "conditions.",
            self.summary(),
        ]

    def tables(self):
        best, every = [], []
        for name in PANELS:
            exact, gradient = 100 * self.mean(name), 100 * self.mean(name, "gradient")
            for word, (effects, approximate) in enumerate(zip(exact, gradient, strict=True)):
                rows = [
                    [name, self.words[word], 1 + unit, float(effects[unit]), float(approximate[unit])]
                    for unit in np.argsort(-np.abs(effects), kind="stable")
                ]
                best.append([*rows[0], float(effects.sum() - effects[rows[0][2] - 1])])
                every += rows
        columns = ["variable", "word", "unit", "moved %", "by gradient"]
        caption = "The unit with the largest effect, variable by variable and word by word; and all others added up."
        fits = [[name, r2] for name, r2 in self.r2.items()]
        said = "How well the gradient predicts single exact effects, of all units, words and sentences: R2."
        return [
            Table("patching", caption, [*columns, "others"], best),
            Table("patching_gradient", said, ["variable", "R2"], fits, digits=3),
            Table("patching_all", "All of them.", columns, every, digits=3, long=True),
        ]

    def figures(self):
        return [
            Figure(
                "patching",
                "Percent of the way to the other number's margin, with one variable of one unit exchanged at one word: "
                f"the {SHOWN} units with the largest effects. A column in which nothing is dark is a variable that "
                "carries no number by itself.",
                "six grids of words by units, one for each gate, the cell and h",
                lambda: plot_patching(self),
            ),
            Figure(
                "patching_gradient",
                "Each dot is a variable of a unit at a word: its exact mean effect, and that by gradient. On the line "
                "they are equal.",
                "scatter plot of approximate against exact effects",
                lambda: plot_gradient(self),
            ),
        ]

    def summary(self):
        texts = []
        for word, label in enumerate(self.words):
            name = max(PANELS, key=lambda one, word=word: np.abs(self.mean(one)[word]).max())
            unit = np.abs(self.mean(name)[word]).argmax()
            texts.append(f"{label}: {name} of unit {unit + 1} ({100 * self.mean(name)[word, unit]:.0f} %)")
        return f"Where number is at each word, the largest effects of patching one variable: {'; '.join(texts)}."


def patching(model, items, state="context", unknown="error", progress=False):
    """Exchange every variable of every unit at every word, exactly and by gradient.

    Parameters
    ----------
    model : LanguageModel
    items : sequence of stimuli.Item
        Of one length, each with its source among the others; see `exchange.pairs`.
    state, unknown
        As in `exchange.exchange`.

    Returns
    -------
    Patching

    Raises
    ------
    StimulusError
        If the sentences are not of one length, or differ at different words.
    """
    bases, sources = pairs(items)
    differ = {
        (len(b.prefix), next(k for k, (one, other) in enumerate(zip(b.prefix, s.prefix, strict=True)) if one != other))
        for b, s in zip(bases, sources, strict=True)
    }
    if len(differ) > 1:
        raise StimulusError(
            "patching: expected sentences of one length whose subjects stand at the same word; --task takes one task"
        )
    ((length, first),) = differ
    shared = {"state": state, "unknown": unknown}
    gradient = {
        name: -effects[first:] for name, effects in exchange_by_gradient(model, bases, sources, **shared).items()
    }
    units, exact = [(unit,) for unit in range(1, sum(model.sizes) + 1)], {}
    for name in PANELS:
        effects = []
        for at in range(length - first):
            patched, intact, source = exchange(model, bases, sources, units, name, at, progress=progress, **shared)
            effects.append(intact - patched)
        exact[name] = np.array(effects)  # (words, units, pairs)
    good = (intact > 0) & (source < 0)
    where = {key: these[good[these]] for key, these in by_condition(bases).items()}

    def moved(effects):
        return np.array(
            [
                effects[..., these].mean(axis=2) / (intact - source)[these].mean()
                if len(these)
                else np.full(effects.shape[:2], np.nan)
                for these in where.values()
            ]
        )

    return Patching(
        tuple(where),
        np.array([len(these) for these in where.values()]),
        step_labels(bases, after=())[first:length],
        {name: moved(exact[name]) for name in PANELS},
        {name: moved(gradient[name]) for name in PANELS},
        {name: r2(exact[name][..., good], gradient[name][..., good]) for name in PANELS},
    )


def r2(values, predicted):
    """The coefficient of determination: 1 - the residual sum of squares / that about the mean."""
    values, predicted = values.astype(np.float64), predicted.astype(np.float64)
    return float(1 - ((values - predicted) ** 2).sum() / ((values - values.mean()) ** 2).sum())


def plot_patching(result):
    """A grid of words by units for each variable.

    Parameters
    ----------
    result : Patching

    Returns
    -------
    matplotlib.figure.Figure
    """
    units = result.strongest()
    grids = {name: 100 * result.mean(name)[:, units - 1].T for name in PANELS}  # (units, words)
    limit = max(np.abs(grid).max() for grid in grids.values())
    fig, axes = figure(2, 3, 7, 0.42 * len(units) + 1.4, sharex=True, sharey=True)
    for axis, (name, grid) in zip(axes.flat, grids.items(), strict=True):
        image = axis.imshow(grid, cmap="RdBu_r", vmin=-limit, vmax=limit, aspect="auto")
        for (row, word), value in np.ndenumerate(grid):
            if abs(value) >= 1:
                color = "white" if abs(value) > 0.6 * limit else "black"
                axis.text(word, row, f"{value:.0f}", ha="center", va="center", fontsize=6, color=color)
        axis.set_title(LABELS[name], fontsize=8)
        axis.set_xticks(range(len(result.words)), result.words, fontsize=7)
        axis.set_yticks(range(len(units)), units, fontsize=7)
    fig.supylabel("unit", fontsize=8)
    fig.colorbar(image, ax=axes, label="% of the way to the source").ax.tick_params(labelsize=7)
    return fig


def plot_gradient(result):
    """Effects by gradient against exact ones, a marker for each variable.

    Parameters
    ----------
    result : Patching

    Returns
    -------
    matplotlib.figure.Figure
    """
    fig, ((axis,),) = figure(height=3)
    for name, (color, marker) in zip(PANELS, LINES, strict=True):
        exact, gradient = (100 * result.mean(name, how).ravel() for how in ("exact", "gradient"))
        label = f"{LABELS[name]}, $R^2$ = {result.r2[name]:.2f}"
        axis.plot(exact, gradient, marker, color=color, markersize=3, alpha=0.7, label=label)
    axis.axline((0, 0), slope=1, color="0.8", linewidth=0.6, zorder=0)
    axis.set_xlabel("exact, % of the way", fontsize=8)
    axis.set_ylabel("by gradient", fontsize=8)
    axis.legend(fontsize=6, frameon=False)
    return fig


def compute(experiment, results, sentences=20):
    """The first sentences of each condition of nounPP, or of the task that a user asks for."""
    items = experiment.sentences("nounPP")
    items = [item for item, known in zip(items, known_verbs(experiment.model, items), strict=True) if known]
    some = sorted(k for these in by_condition(items).values() for k in these[:sentences])
    return patching(experiment.model, [items[k] for k in some], progress=experiment.progress, **experiment.reading)


def written_by_the_candidate(experiment, results, percent):
    """Whether C~ of the number units that carry number, patched at the subject, does more than their i and f."""
    texts, holds = [], []
    for number, unit, k in _number_units(results):
        effects = {name: 100 * results["patching"].exact[name][k, 0, unit - 1] for name in ("C_tilde", "i", "f", "C")}
        if effects["C"] >= percent:
            holds.append(max(effects["i"], effects["f"]) < effects["C_tilde"])
            texts.append(
                f"{number}*, unit {unit}: " + ", ".join(f"{name} {value:.1f}" for name, value in effects.items())
            )
    if not holds:
        raise NotTestable(f"C of no number unit, patched at the subject, moves the margin by {percent} %")
    return Outcome(all(holds), "; ".join(texts))


def stays_in_the_number_units(experiment, results):
    """Whether at every word from the subject on the unit whose C moves the margin farthest is a number unit."""
    found = {number: 1 + results["patching"].exact["C"][k].argmax(axis=1) for number, _, k in _number_units(results)}
    units = results["number_units"].long_range
    texts = (f"{' '.join(SELECTION[number])}: {', '.join(map(str, best))}" for number, best in found.items())
    return Outcome(all(np.isin(best, units).all() for best in found.values()), "; ".join(texts))


def _number_units(results):
    """(number, S* or P*, index of its condition) where there is the unit, and sentences that count."""
    grid, units = results["patching"], results["number_units"].selected
    found = [
        (number, units[number], grid.conditions.index(key))
        for number, key in SELECTION.items()
        if units[number] is not None and key in grid.conditions and grid.n[grid.conditions.index(key)]
    ]
    if not found:
        raise NotTestable("no S* and no P*, or no nounPP SP or PS that is right with either number")
    return found


WRITTEN = Criterion(
    "it moves the margin farther than i and than f, for each whose C moves it by {percent} % or more",
    written_by_the_candidate,
    percent=20,
)
STAYS = Criterion("S* or P* at every word, in SP and in PS, where there is such a unit", stays_in_the_number_units)
CLAIMS = (
    Claim(
        42,
        "Lu et al. 2020",
        "Number is written by the candidate, not by opening a gate",
        "the primary path begins with C~ at the subject",
        "C~ of S* (P*) patched alone at the subject, nounPP SP (PS), percent of the way",
        original=WRITTEN,
        other=WRITTEN,
    ),
    Claim(
        43,
        "Lu et al. 2020",
        "It stays in the cells of the number units until the verb",
        "the primary path goes on through C of the same unit",
        "the unit whose C, patched at that word alone, moves the margin farthest",
        original=STAYS,
        other=STAYS,
    ),
)

ANALYSIS = Analysis(
    "patching",
    "patch",
    "Where and when number is",
    "",
    compute,
    summary="exchange each gate and cell of each unit at each word",
    options=(Option("sentences", "how many sentences of each condition are patched (20)", 20, positive, metavar="N"),),
    claims=CLAIMS,
)
