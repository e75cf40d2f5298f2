"""A direction instead of a unit: is the number in the cell aligned with units, or nearly, or spread over many?

Number may be a direction of the last layer's C rather than a unit. At each word three are found on the sentences that
units are chosen on (`number_directions.py`): the difference of the means after singular and after plural subjects, that
of linear discriminant analysis, and the one along which interchange moves the verb farthest. On the other sentences C
is then moved along the direction alone, to where it is in the sentence with the other subject, and the choice of the
verb form shows how much of the number that was. Beside it stand all of C, the best single unit, which is a direction
too, and random directions.

A direction that is nearly a unit does about as well as that unit, and nearly all of its length is one component.

References
----------
Hao, S. and Linzen, T. (2023). Verb conjugation in transformers is determined by linear encodings of subject number.
Findings of EMNLP.
Geiger, A., Wu, Z., Potts, C., Icard, T. and Goodman, N. (2024). Finding alignments between interpretable causal
variables and distributed neural representations. CLeaR.
"""

from dataclasses import dataclass

import numpy as np

from ..activity import activity
from ..stimuli import pairs, step_labels, steps_that_differ, tested_noun
from ..units import last_layer
from .base import Analysis, Claim, Criterion, Figure, Option, Outcome, Result, Table
from .exchange import exchange, exchange_along, normalized_effect, right_both_ways
from .experiment import RANDOM, positive
from .number_agreement import scored_items
from .number_directions import fitted_directions, learned_direction
from .statistics import random_p
from .style import LINES, NEUTRAL, figure, in_style

DIRECTIONS = "difference of means", "LDA", "learned", "best unit"
FITTED = 2  # of them, the first, are fitted to cells and have seen no verb: the claims are about these


@dataclass(frozen=True, eq=False, repr=False)
class Direction(Result):
    """Number along a direction of the last layer's C, word by word.

    Attributes
    ----------
    words : tuple of str
        What stands at each word from the subject on.
    units : tuple of int
        Of the last layer.
    directions : (words, 4, H) array
        For each of `DIRECTIONS`, of length 1.
    moved : (words, 4) array
        How far the mean margin moves towards the source's with C patched along each; 1 where all the way.
    whole : (words,) array
        The same with all of C of the last layer.
    random : (words, sets) array
        The same along random directions.
    n : int
        Sentences that count: answered rightly, as their sources are.
    """

    words: tuple
    units: tuple
    directions: np.ndarray
    moved: np.ndarray
    whole: np.ndarray
    random: np.ndarray
    n: int

    @property
    def p(self):
        """Against random directions that move the margin as far, or farther: (words, 4)."""
        return random_p(self.random[:, None] >= self.moved[..., None])

    @property
    def shares(self):
        """The share of each unit in a direction's squared length: (words, 4, H)."""
        return self.directions**2

    def text(self):
        return [
            f"{self.n} sentences, right with either number of the subject. {self.random.shape[1]:,} random directions "
            f"move the margin by {100 * np.abs(self.random).mean():.1f} % of the way on average, and by "
            f"{100 * self.random.max():.1f} % at most.",
            "A direction may tell the numbers apart and yet move nothing: LDA weighs units by how surely they tell, "
            "and may so rest on one that the verb does not hear. The learned direction is the one that moves the verb "
            "farthest in other sentences. It may go past 100 %: it is chosen by what follows, not to reach the source.",
            self.summary(),
        ]

    def tables(self):
        columns = ["word", "along", "moved %", "p", "largest unit", "its share %", "units"]
        rows = []
        for word, label in enumerate(self.words):
            rows.append([label, "all of C", float(100 * self.whole[word]), *[None] * 4])
            for k, name in enumerate(DIRECTIONS):
                share = self.shares[word, k]
                moved, p, top = (float(x) for x in (100 * self.moved[word, k], self.p[word, k], 100 * share.max()))
                rows.append([label, name, moved, p, self.units[share.argmax()], top, float(1 / (share**2).sum())])
        caption = (
            "Percent of the way to the other number's margin, with C of the last layer moved along a direction at one "
            "word; p against random directions; the unit with the largest share of the direction's squared length; and "
            "how many units it amounts to (1 / the sum of squared shares). LDA: linear discriminant analysis; learned: "
            "by interchange in other sentences, the direction that moves the margin farthest."
        )
        return [Table("direction", caption, columns, rows, digits=(0, 0, 1, 4, 0, 1, 1))]

    def figures(self):
        return [
            Figure(
                "direction",
                "Percent of the way to the other number's margin, with C of the last layer patched at one word: all of "
                "it, along a direction, or one unit. The grey line is the mean of random directions. Where the best "
                "unit reaches the directions, the code is aligned with it.",
                "line plots over the words before the verb",
                lambda: plot_direction(self),
            ),
            Figure(
                "direction_units",
                "How much of a direction's squared length its largest units make up, at the subject (solid) and before "
                "the verb (dashed). A direction that is a unit begins at 100 %.",
                "cumulative shares by number of units",
                lambda: plot_shares(self),
            ),
        ]

    def summary(self):
        moved = {name: f"{100 * one:.0f} %" for name, one in zip(DIRECTIONS, self.moved[0], strict=True)}
        unit = {name: self.units[share.argmax()] for name, share in zip(DIRECTIONS, self.shares[0], strict=True)}
        share = {name: f"{100 * share.max():.0f} %" for name, share in zip(DIRECTIONS, self.shares[0], strict=True)}
        fitted = DIRECTIONS[int(self.moved[0, :FITTED].argmax())]
        return (
            f"At the subject the direction of number ({fitted}) moves the margin {moved[fitted]} of the way to the "
            f"other number, all of C {100 * self.whole[0]:.0f} %, the best single unit ({unit['best unit']}) "
            f"{moved['best unit']}. Unit {unit[fitted]} makes up {share[fitted]} of the direction's squared length. "
            f"The direction learned by interchange moves it {moved['learned']}; unit {unit['learned']} makes up "
            f"{share['learned']} of it."
        )


def direction(
    model, chosen, judged, fitted=None, n_random=1000, seed=0, state="context", unknown="error", progress=False
):
    """Directions of number, fitted on some sentences and patched in others.

    Parameters
    ----------
    model : LanguageModel
    chosen, judged : sequences of stimuli.Item
        Those on which the best unit is chosen and a direction learned, and those in which all is patched; each with
        its source among its own, see `stimuli.pairs`.
    fitted : sequence of stimuli.Item, optional
        Those to whose cells directions are fitted; `chosen` if not given.
    n_random : int
        Random directions.
    state, unknown
        As in `exchange.exchange`.

    Returns
    -------
    Direction
    """
    shared = {"state": state, "unknown": unknown}
    chosen, judged = pairs(chosen), pairs(judged)
    first, length = steps_that_differ(*chosen)
    units, H = tuple(last_layer(model.sizes)), model.sizes[-1]
    items = chosen[0] if fitted is None else fitted
    C = activity(model, [item.prefix for item in items], "C", units=units, **shared)
    plural = np.array([item.condition[tested_noun(item.task)] == "P" for item in items])
    random = np.random.default_rng(seed).normal(size=(n_random, H))
    random /= np.linalg.norm(random, axis=1, keepdims=True)

    def moved(halves, directions, at):
        patched, intact, source = exchange_along(model, *halves, directions, at, progress=progress, **shared)
        good = right_both_ways(intact, source)
        return normalized_effect(intact[good], patched[:, good], source[good]), good

    directions, results, whole = [], [], []
    for at in range(length - first):
        fits = fitted_directions(C[:, first + at], plural)
        candidates = np.concatenate([np.eye(H), fits[fits.any(axis=1)]])  # a fit of zeros is no direction
        effects, good = moved(chosen, candidates, at)
        counted = ([item for item, right in zip(half, good, strict=True) if right] for half in chosen)
        learned = learned_direction(model, *counted, candidates[effects.argmax()], at, **shared)
        directions.append([*fits, learned, candidates[effects[:H].argmax()]])
        result, good = moved(judged, [*directions[-1], *random], at)
        results.append(result)
        patched, intact, source = exchange(model, *judged, [units], "C", at, **shared)
        whole.append(normalized_effect(intact[good], patched[0, good], source[good]))
    results, n = np.array(results), len(DIRECTIONS)
    words = step_labels(chosen[0], after=())[first:length]
    return Direction(
        words, units, np.array(directions), results[:, :n], np.array(whole), results[:, n:], int(good.sum())
    )


@in_style()
def plot_direction(result):
    """Plot how far each direction moves the margin, word by word."""
    fig, ((axis,),) = figure()
    x = range(len(result.words))
    lines = zip(("all of C", *DIRECTIONS), (result.whole, *result.moved.T), LINES, strict=False)
    for name, moved, (color, marker) in lines:
        axis.plot(x, 100 * moved, marker=marker, color=color, markersize=4, linewidth=1, label=name)
    axis.plot(x, 100 * result.random.mean(axis=1), color=NEUTRAL, linewidth=1, label="random")
    axis.set_xticks(x, result.words)
    axis.set_ylabel("% of the way to the source")
    fig.legend(loc="outside upper center", ncols=3, fontsize=6)
    return fig


@in_style()
def plot_shares(result):
    """Cumulative shares of the largest units in the squared length of each direction."""
    fig, ((axis,),) = figure()
    for word, dashes in ((0, "-"), (-1, "--")):
        for k, (color, _) in enumerate(LINES[1 : len(DIRECTIONS)]):  # but for the unit, which is one
            share = 100 * np.cumsum(np.sort(result.shares[word, k])[::-1])
            label = f"{DIRECTIONS[k]}, {result.words[word]}"
            axis.semilogx(1 + np.arange(len(share)), share, dashes, color=color, linewidth=1, label=label)
    axis.set_xlabel("units")
    axis.set_ylabel("% of the squared length")
    axis.legend(fontsize=6)
    return fig


def compute(experiment, results, sentences=50):
    """Fitted on the half that units are chosen on, judged on the other: nounPP, or the task that a user asks for."""
    model, fitted = experiment.model, scored_items(experiment.model, experiment.selection("nounPP"))
    chosen, judged = (
        scored_items(model, fitted, sentences),
        scored_items(model, experiment.sentences("nounPP"), sentences),
    )
    how = {"n_random": experiment.n_random, "seed": experiment.seed, "progress": experiment.progress}
    return direction(model, chosen, judged, fitted, **how, **experiment.reading)


def carries_the_number(experiment, results, percent):
    """Judge whether the better of the fitted directions moves the margin nearly as far as all of C, at every word."""
    result = results["direction"]
    best = result.moved[:, :FITTED].max(axis=1)
    pairs = zip(result.words, best, result.whole, strict=True)
    value = ", ".join(f"{word} {100 * one:.1f} of {100 * whole:.1f}" for word, one, whole in pairs)
    return Outcome(bool((100 * best >= percent * result.whole).all()), value)


def beats_the_best_unit(experiment, results, points):
    """Judge whether the better fitted direction moves the margin farther at the subject than any single unit."""
    result = results["direction"]
    along, unit = 100 * result.moved[0, :FITTED].max(), 100 * result.moved[0, -1]
    return Outcome(bool(along - unit >= points), f"direction {along:.1f} %, unit {unit:.1f} %")


CLAIMS = (
    Claim(
        52,
        "Hao & Linzen 2023",
        "Number is one direction",
        "linear at the subject and at the verb, in BERT",
        "C of the last layer along the better direction, percent of the way, nounPP",
        other=Criterion("{percent} % or more of what all of C does, at every word", carries_the_number, percent=80),
    ),
    Claim(
        53,
        "Geiger et al. 2024",
        "A direction carries more than any single unit",
        "of Boolean and linguistic variables, in transformers",
        "C at the subject, percent of the way, nounPP: along the better direction v the best unit",
        other=Criterion("the direction's is {points} points or more farther", beats_the_best_unit, points=10),
    ),
)

ANALYSIS = Analysis(
    "direction",
    "direction",
    "A direction instead of a unit",
    "",
    compute,
    summary="number as a direction of the cell, beside the best unit",
    options=(
        RANDOM,
        Option("sentences", "how many sentences of each condition are patched (50)", 50, positive, metavar="N"),
    ),
    claims=CLAIMS,
)
