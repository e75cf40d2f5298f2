"""Activation patching: every gate, the cell and h of every unit, at every word, patched alone.

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

from ..stimuli import pairs, step_labels, steps_that_differ, tested_noun
from .attribution_patching import exchange_by_gradient
from .base import Analysis, Figure, Option, Result, Table
from .exchange import exchange, normalized_effect, right_both_ways
from .experiment import positive
from .number_agreement import by_condition, scored_items
from .number_units import NUMBERS
from .patching_claims import CLAIMS
from .statistics import r_squared
from .style import GUIDE, LABELS, LINES, NEUTRAL, colorbar, figure, in_style, write_in_cells

PANELS = "C_tilde", "i", "f", "C", "o", "h"  # in the order in which they are computed
UNITS_DISPLAYED = 10  # units in the picture


@dataclass(frozen=True, eq=False, repr=False)
class Patching(Result):
    """Effect of patching one variable of one unit at one word on the choice of the verb form.

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

    def _after(self, number):
        """The conditions with a subject of this number, "S" or "P", and sentences that count: (conditions,) bool."""
        keys = zip(self.conditions, self.n, strict=True)
        return np.array([condition[tested_noun(task)] == number and n > 0 for (task, condition), n in keys])

    @property
    def numbers(self):
        """Of "S" and "P": the subject's numbers of the bases that count."""
        return [number for number in NUMBERS if self._after(number).any()]

    def mean(self, variable, number, how="exact"):
        """The mean over the conditions with a subject of this number, in percent of the way: (words, units)."""
        return 100 * getattr(self, how)[variable][self._after(number)].mean(axis=0)

    def strongest(self, most=UNITS_DISPLAYED):
        """The units, numbers, with the largest effects of any variable at any word; the largest first."""
        grids = [self.mean(name, number) for name in PANELS for number in self.numbers]
        return 1 + np.argsort(-np.abs(grids).max(axis=(0, 1)), kind="stable")[:most]

    def best(self, variable, number):
        """The unit of the largest effect at each word, its effect, and that by gradient: (words,) arrays."""
        exact, gradient = (self.mean(variable, number, how) for how in ("exact", "gradient"))
        unit = np.abs(exact).argmax(axis=1)
        return unit + 1, *(effects[np.arange(len(unit)), unit] for effects in (exact, gradient))

    def text(self):
        counted = ", ".join(f"{n} {' '.join(key)}" for key, n in zip(self.conditions, self.n, strict=True))
        return [
            "In a sentence one variable of one unit is exchanged at one word for that of its source, the sentence with "
            "the other number of the subject and else the same words. Effects are percent of the way to the margin of "
            f"the source. Sentences that count, right in either number: {counted}.",
            self.summary(),
        ]

    def tables(self):
        columns, rows, every = ["variable", "word"], [], []
        for number in self.numbers:
            columns += [f"{NUMBERS[number]}: unit", "moved %", "by gradient"]
        for name in PANELS:
            best = [self.best(name, number) for number in self.numbers]
            for word, label in enumerate(self.words):
                cells = [cell.item() for one in best for cell in (values[word] for values in one)]
                rows.append([name, label, *cells])
            for number in self.numbers:
                exact, gradient = (self.mean(name, number, how) for how in ("exact", "gradient"))
                for (word, unit), effect in np.ndenumerate(exact):
                    cells = float(effect), float(gradient[word, unit])
                    every.append([NUMBERS[number], name, self.words[word], unit + 1, *cells])
        caption = "The unit of the largest effect, by the subject's number, variable by variable and word by word."
        fits = [
            [name, max(float(np.abs(self.mean(name, number)).max()) for number in self.numbers), r2]
            for name, r2 in self.r2.items()
        ]
        said = "How well the gradient predicts single exact effects, of all units, words and sentences: R2."
        of_all = ["subject", "variable", "word", "unit", "moved %", "by gradient"]
        return [
            Table("patching", caption, columns, rows),
            Table("patching_gradient", said, ["variable", "largest mean, %", "R2"], fits, digits=(0, 1, 3)),
            Table("patching_all", "All of them.", of_all, every, digits=3, long=True),
        ]

    def figures(self):
        return [
            Figure(
                "patching",
                "Percent of the way to the margin of the other number with one variable of one unit exchanged at one "
                f"word, after singular and after plural subjects: the {UNITS_DISPLAYED} units with the largest effects."
                " Red: towards the other number; blue: away from it.",
                "six grids of words by units, one for each gate, the cell and h",
                lambda: plot_patching(self),
            ),
            Figure(
                "patching_gradient",
                "Each dot is a variable of a unit at a word, after singular or after plural subjects: its exact mean "
                "effect, and that by gradient. On the line they are equal.",
                "scatter plot of approximate against exact effects",
                lambda: plot_gradient(self),
            ),
        ]

    def summary(self):
        texts = []
        for number in self.numbers:
            best, words = {name: self.best(name, number) for name in PANELS}, []
            for word, label in enumerate(self.words):
                name = max(PANELS, key=lambda one, word=word: abs(best[one][1][word]))
                unit, effect, _ = (values[word] for values in best[name])
                words.append(f"{label}: {name} of unit {unit} ({effect:.0f} %)")
            texts.append(f"after {NUMBERS[number]} subjects {', '.join(words)}")
        return f"Where number is, the largest effect of one variable of one unit: {'; '.join(texts)}."


def patching(model, items, state="context", unknown="error", progress=False):
    """Exchange every variable of every unit at every word, exactly and by gradient.

    Parameters
    ----------
    model : LanguageModel
    items : sequence of stimuli.Item
        Of one length, each with its source among the others; see `stimuli.pairs`.
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
    first, length = steps_that_differ(bases, sources)
    shared = {"state": state, "unknown": unknown}
    units, exact = [(unit,) for unit in range(1, sum(model.sizes) + 1)], {}
    for name in PANELS:
        margins = []
        for at in range(length - first):
            patched, intact, source = exchange(model, bases, sources, units, name, at, progress=progress, **shared)
            margins.append(patched)
        exact[name] = np.array(margins)  # (words, units, pairs)
    changes = exchange_by_gradient(model, bases, sources, **shared)
    gradient = {name: intact + changes[name][first:] for name in PANELS}
    good = right_both_ways(intact, source)
    where = {key: these[good[these]] for key, these in by_condition(bases).items()}

    def moved(margins):
        return np.array(
            [normalized_effect(intact[these], margins[..., these], source[these]) for these in where.values()]
        )

    def fit(name):
        exactly, approximately = (np.float64(how[name] - intact)[..., good] for how in (exact, gradient))
        return float(r_squared(exactly, approximately))

    return Patching(
        tuple(where),
        np.array([len(these) for these in where.values()]),
        step_labels(bases, after=())[first:length],
        {name: moved(margins) for name, margins in exact.items()},
        {name: moved(margins) for name, margins in gradient.items()},
        {name: fit(name) for name in PANELS},
    )


@in_style()
def plot_patching(result):
    """A grid of words by units for each variable."""
    units, words = result.strongest(), len(result.words)
    grids = {}  # {variable: (units, words after singular subjects, then those after plural ones)}
    for name in PANELS:
        grids[name] = np.hstack([result.mean(name, number)[:, units - 1].T for number in result.numbers])
    limit = max(np.abs(grid).max() for grid in grids.values())
    fig, axes = figure(2, 3, 1.2 + 0.75 * len(result.numbers) * words, 0.4 * len(units) + 1.2, sharex=True, sharey=True)
    for axis, (name, grid) in zip(axes.flat, grids.items(), strict=True):
        image = axis.imshow(grid, cmap="RdBu_r", vmin=-limit, vmax=limit, aspect="auto")
        write_in_cells(axis, grid, np.abs(grid) > 0.6 * limit, fontsize=6)
        axis.axvline(words - 0.5, color=NEUTRAL, linewidth=0.6)
        axis.set_title(LABELS[name])
        axis.set_xticks(range(grid.shape[1]), result.words * len(result.numbers), fontsize=6, rotation=60)
        axis.set_yticks(range(len(units)), units)
    for axis in axes[1]:
        axis.set_xlabel(" | ".join(f"{NUMBERS[number]} subject" for number in result.numbers), fontsize=7)
    fig.supylabel("unit")
    colorbar(image, axes, "% of the way to the source")
    return fig


@in_style()
def plot_gradient(result):
    """Effects by gradient against exact ones, a marker for each variable."""
    fig, ((axis,),) = figure(height=3)
    for name, (color, marker) in zip(PANELS, LINES, strict=True):
        exact, gradient = (
            np.ravel([result.mean(name, number, how) for number in result.numbers]) for how in ("exact", "gradient")
        )
        label = f"{LABELS[name]}, $R^2$ = {result.r2[name]:.2f}"
        axis.plot(exact, gradient, marker, color=color, markersize=3, alpha=0.7, label=label)
    axis.axline((0, 0), slope=1, **GUIDE)
    axis.set_xlabel("exact, % of the way")
    axis.set_ylabel("by gradient")
    axis.legend(fontsize=6)
    return fig


def compute(experiment, results, sentences=20):
    """The first sentences of each condition of nounPP, or of the task that a user asks for."""
    items = scored_items(experiment.model, experiment.sentences("nounPP"), sentences)
    return patching(experiment.model, items, progress=experiment.progress, **experiment.reading)


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
