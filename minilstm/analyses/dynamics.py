"""Gates and cells over time, word by word: mean and spread over the sentences of a condition, and Fig. 1 of them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..activity import activity, full_sentences
from ..errors import MinilstmError, StimulusError
from ..records import short_repr
from ..stimuli import step_labels
from ..units import by_layer, collection_of
from .base import Table
from .number_agreement import agreement, check_words
from .number_units import NUMBERS
from .prediction import predicted
from .style import GUIDE, LABELS, PANELS, PLURAL, SINGULAR, figure, in_style, name_ticks

VARIABLES = "C_tilde", "i", "f", "C", "o", "h"
BYTES = 2**25  # of a block of sentences


@short_repr
@dataclass(frozen=True, eq=False)
class Dynamics:
    """Activity of chosen units at each word.

    Attributes
    ----------
    conditions : tuple of str
    words : tuple of str
        What stands at each step: the word, if it is always the same, else its role.
    verb : int
        The step of the main verb, from 0.
    units : tuple of int
        In the paper's numbers.
    mean, sd : dict of str to (conditions, steps, units) float64 array
        For each of `VARIABLES`; the population standard deviation. nan for a condition without sentences.
    n : (conditions,) int array
        How many sentences each row is the mean of.
    """

    conditions: tuple
    words: tuple
    verb: int
    units: tuple
    mean: dict
    sd: dict
    n: np.ndarray

    @property
    def tells_numbers(self):
        """Return whether conditions say the nouns' numbers, such as SP, and there are sentences with either subject."""
        named = all(set(condition) <= set("SP") for condition in self.conditions)
        return named and {c[0] for c, n in zip(self.conditions, self.n, strict=True) if n} == set("SP")

    def encoded(self, unit, number=None):
        """The number that a unit holds before the verb, and with which sign.

        Returns
        -------
        number : {"S", "P"}
            The one given, as found by ablation; else the subject's number for which the cell is further from 0 at
            the word before the verb. That is no more than a guess where a unit holds both, with opposite signs.
        sign : {1, -1}
            Of the cell then; the paper's units hold their number as a negative C.
        """
        before = self.mean["C"][:, self.verb - 1, self.units.index(unit)]  # (conditions,)
        means = {}
        for subject in "SP":
            rows = [k for k, condition in enumerate(self.conditions) if condition[0] == subject and self.n[k]]
            if not rows:
                raise StimulusError(f"which number a unit holds: no sentences with a subject in {subject}")
            means[subject] = before[rows].mean()
        number = number or max(means, key=lambda key: abs(means[key]))
        return number, 1 if means[number] >= 0 else -1


def dynamics(model, items, units=None, which="all", state="context", ablate=(), unknown="error", after=("the",)):
    """Mean and sd of every gate, the cell and h of chosen units, at every word of a condition's sentences.

    Parameters
    ----------
    model : LanguageModel
    items : sequence of stimuli.Item, or mapping of str to such a sequence
        A sequence is split by condition; the keys of a mapping are the conditions, as for Fig. 3, which pools
        the numbers: ``{"nounPP": items}``. All sentences must have the same length.
    units : iterable of int, optional
        In the paper's numbers: 1 is the first unit of the first layer. All units if not given.
    which : {"all", "correct"}
        "correct": only sentences in which the right verb form is likelier than the wrong one, as in the authors'
        code for Fig. 1 (its caption says all).
    state : None, "context" or lstm.State with a batch of 1
    ablate : iterable of int
        Units to ablate throughout.
    unknown : {"error", "<unk>"}
    after : sequence of str
        What follows the verb; in Figs. 1 and 3 sentences go on to `the`. The verb is the right form.

    Returns
    -------
    Dynamics

    Raises
    ------
    StimulusError
        If there are no sentences, or sentences of different lengths.
    """
    if which not in ("all", "correct"):
        raise MinilstmError(f"which: expected 'all' or 'correct', got {which!r}")
    groups = {name: tuple(group) for name, group in _groups(items).items()}
    lengths = {len(item.prefix) for group in groups.values() for item in group}
    if len(lengths) != 1:
        found = ", ".join(map(str, sorted(lengths))) or "no sentences"
        raise StimulusError(
            f"dynamics: expected the verb at one place in all sentences, got {found}; several tasks can be pooled"
        )
    units = tuple(range(1, sum(model.sizes) + 1)) if units is None else collection_of(units)
    if not units:
        raise MinilstmError("dynamics: expected at least one unit, got none")
    by_layer(units, model.sizes)  # says which is no unit
    every = [item for group in groups.values() for item in group]
    check_words(model, every, unknown)
    words = step_labels(every, after)
    n, mean, sd = [], [], []
    for group in groups.values():
        if which == "correct" and group:
            right = agreement(model, group, state, ablate, unknown=unknown).margins > 0
            group = [item for item, keep in zip(group, right, strict=True) if keep]
        count, m, s = _moments(_blocks(model, full_sentences(group, after), units, state, ablate, unknown))
        empty = np.full((len(VARIABLES), len(words), len(units)), np.nan)
        n.append(count)
        mean.append(m if count else empty)
        sd.append(s if count else empty)
    mean, sd = ({name: np.stack([row[k] for row in rows]) for k, name in enumerate(VARIABLES)} for rows in (mean, sd))
    return Dynamics(tuple(groups), words, lengths.pop(), units, mean, sd, np.array(n))


def _groups(items):
    if isinstance(items, Mapping):
        return items
    items, groups = list(items), {}
    several = len({item.task for item in items}) > 1
    for item in items:
        groups.setdefault(f"{item.task} {item.condition}" if several else item.condition, []).append(item)
    return groups


def _blocks(model, sentences, units, state, ablate, unknown):
    """Batches of all sentences: (batch, variables, steps, units), float64."""
    state = model.initial_state(state, ablate=ablate)  # the context once, not once a block
    size = max(1, BYTES // (8 * len(VARIABLES) * len(units) * max(map(len, sentences), default=1)))
    for start in range(0, len(sentences), size):
        block = activity(model, sentences[start : start + size], VARIABLES, state, unknown, ablate, units)
        yield np.stack(block, axis=1).astype(np.float64)


def _moments(blocks):
    """Number, mean and population sd over the first axis of all blocks together, one block in memory at a time."""
    n, mean, spread = 0, 0.0, 0.0
    for block in blocks:
        k, m = len(block), block.mean(axis=0)
        away = m - mean
        spread = spread + ((block - m) ** 2).sum(axis=0) + away**2 * n * k / (n + k)
        mean = mean + away * k / (n + k)
        n += k
    return n, mean, np.sqrt(spread / max(n, 1))


def means_table(dynamics):
    """Mean and sd of everything, a row for every number: what a program or a spreadsheet wants.

    Parameters
    ----------
    dynamics : sequence of Dynamics

    Returns
    -------
    Table
    """
    columns = ["unit", "variable", "condition", "n", "step", "word", "mean", "sd"]
    rows = []
    for one in dynamics:
        n = one.n.tolist()
        for k, unit in enumerate(one.units):
            for name in VARIABLES:
                mean, sd = one.mean[name][:, :, k].tolist(), one.sd[name][:, :, k].tolist()
                for c, condition in enumerate(one.conditions):
                    for step, word in enumerate(one.words):
                        rows.append([unit, name, condition, n[c], step, word, mean[c][step], sd[c][step]])
    caption = "Mean and standard deviation over sentences of gates, cell and h, word by word."
    return Table("means", caption, columns, rows, digits=2, long=True)


@in_style()
def plot_dynamics(dynamics, units=None, numbers=None, prediction=True):
    """Gates and cells of units, one line a condition (Figs. 1a-b), each beside its prediction (Fig. 1c).

    Pink and thin: plural subject; blue: singular; dashed: a noun between subject and verb has the other number. Error
    bars are one standard deviation over sentences.

    Parameters
    ----------
    dynamics : Dynamics
        Its conditions are those of a task, such as SS SP PS PP.
    units : sequence of int, optional
        Some of those in `dynamics`; all if not given.
    numbers : dict, optional
        {unit: "S" or "P"}, the number that each unit should keep. For other units see `Dynamics.encoded`; it is called
        a guess in the picture.
    prediction : bool
        Show left of each unit what a unit for its number should do, once where the next unit should do the same;
        nothing where the paper predicts nothing.
    """
    columns = list(_columns(dynamics, dynamics.units if units is None else units, numbers or {}, prediction))
    ratios = [1 if sd is not None else 0.75 for _, _, sd in columns]
    width = max(3.4, (0.27 * len(dynamics.words) + 0.3) * sum(ratios) + 0.5)
    how = {"sharex": True, "sharey": "row", "width_ratios": ratios}
    fig, axes = figure(len(PANELS), len(columns), width, 0.95 * len(PANELS) + 0.9, **how)
    for k, (title, mean, sd) in enumerate(columns):
        axes[0, k].set_title(title)
        for axis, gate in zip(axes[:, k], PANELS, strict=True):
            _plot_conditions(axis, dynamics.conditions, mean[gate], None if sd is None else sd[gate])
            if gate in ("C_tilde", "C"):
                axis.axhline(0, **GUIDE)
            else:
                axis.set_ylim(-0.08, 1.08)
                axis.set_yticks([0, 0.5, 1])
            axis.axvline(dynamics.verb, color="0.9", linewidth=4, zorder=-1)
        name_ticks(axes[-1, k], dynamics.words)
    for row, gate in enumerate(PANELS):
        axes[row, 0].set_ylabel(LABELS[gate], rotation=0, labelpad=10, va="center", fontsize=9)
    fig.align_ylabels()
    handles, labels = axes[0, 0].get_legend_handles_labels()
    lines = [handle.lines[0] for handle in handles]  # without error bars and markers: a dash has to be seen as one
    fig.legend(lines, labels, loc="outside lower center", ncols=4, handlelength=3.2)
    return fig


def _columns(dynamics, units, numbers, prediction):
    """(title, mean, sd) of each column, the last two {gate: (conditions, steps) array}; sd None: a prediction."""
    shown = None
    for unit in units:
        if prediction:
            guess = "" if numbers.get(unit) else "\n(a guess)"
            expected = number, sign = dynamics.encoded(unit, numbers.get(unit))
            if (expected, guess) != shown:
                pattern = predicted(dynamics.conditions, len(dynamics.words), dynamics.verb, number, sign)
                yield f"prediction\nfor a {NUMBERS[number]} unit{guess}", pattern, None
            shown = expected, guess
        k = dynamics.units.index(unit)
        yield f"unit {unit}", *({gate: of[gate][:, :, k] for gate in PANELS} for of in (dynamics.mean, dynamics.sd))


def _plot_conditions(axis, conditions, mean, sd):
    """One panel: a line a condition; mean and sd (conditions, steps)."""
    for k, condition in enumerate(conditions):
        color, dashes, width = condition_style(condition)
        axis.errorbar(
            range(mean.shape[1]),
            mean[k],
            None if sd is None else sd[k],
            color=color,
            linestyle=dashes,
            marker="o",
            markersize=1.5 + width,
            linewidth=width,
            elinewidth=0.5 * width,
            capsize=width,
            label=condition,
        )


def condition_style(condition):
    """Colour, dashes and width of a condition's line: the subject's number, and whether a later noun has another."""
    color, width = (PLURAL, 0.8) if condition[0] == "P" else (SINGULAR, 2)
    return color, "--" if len(set(condition)) > 1 else "-", width
