"""One sentence through chosen units, gate by gate, beside another sentence if wanted: `minilstm trace`."""

from dataclasses import dataclass

import numpy as np

from ..errors import MinilstmError
from ..language_model import log_softmax
from ..units import by_layer, collection_of, pick
from .base import Figure, Result, Table, format_units
from .style import GUIDE, LABELS, LIGHTER, LINES, NEUTRAL, PANELS, PLURAL, SINGULAR, WIDTH, figure, in_style


@dataclass(frozen=True, eq=False, repr=False)
class UnitTrace(Result):
    """Activity of chosen units at each word of one sentence or of two.

    Attributes
    ----------
    units : tuple of int
        In the paper's numbers.
    words : tuple of tuples of str
        The sentences, of one length.
    values : tuple of dict
        For each sentence C_tilde, i, f, C and o: (steps, units) arrays.
    p : tuple of dict
        For each sentence {form: (steps,) array}, the probability of verb forms after each word.
    """

    units: tuple
    words: tuple
    values: tuple
    p: tuple

    def tables(self):
        columns = [f"{gate} {unit}" for unit in self.units for gate in PANELS] + [f"p({form})" for form in self.p[0]]
        rows, several = [], len(self.words) > 1
        for number, (words, values, p) in enumerate(zip(self.words, self.values, self.p, strict=True), 1):
            by_unit = [values[gate][:, k] for k in range(len(self.units)) for gate in PANELS]
            cells = np.column_stack([*by_unit, *p.values()]).tolist()
            rows += [[*[number] * several, word, *row] for word, row in zip(words, cells, strict=True)]
        before = ["sentence"] * several + ["word"]
        # p of one verb among many is small
        digits = (*[0] * len(before), *[2] * (len(columns) - len(self.p[0])), *[4] * len(self.p[0]))
        sentences = [f"{number}: {' '.join(words)}." for number, words in enumerate(self.words, 1)] * several
        caption = " ".join(["Gates and cell, word by word.", *sentences])
        return [Table("trace", caption, [*before, *columns], rows, digits)]

    def figures(self):
        return [
            Figure(
                "trace",
                f"Gates and cell of {format_units(self.units)}, word by word.",
                "line plots over the words of a sentence",
                self._plot,
            )
        ]

    def _plot(self):
        first, *second = zip(self.words, self.values, self.p, strict=True)
        return plot_trace(first[0], self.units, *first[1:], *second)


def trace_units(model, sentences, units, forms=(), state="context", ablate=(), unknown="error"):
    """Read one sentence or two, and keep what chosen units do.

    Parameters
    ----------
    model : LanguageModel
    sentences : sequence of sequences of str
        One or two, of one length.
    units : sequence of int
        In the paper's numbers.
    forms : sequence of str
        Words, such as two verb forms, whose probability is wanted after each word.
    state, ablate, unknown
        As in `LanguageModel.trace`.

    Returns
    -------
    UnitTrace

    Raises
    ------
    MinilstmError
        If a sentence is empty, or the second is not as long as the first.

    Examples
    --------
    >>> import minilstm
    >>> model = minilstm.load("planted")
    >>> result = trace_units(model, ["The boy near the cars".split()], [71])  # keeps a singular as a negative C
    >>> (result.values[0]["C"][:, 0] < -0.9).tolist()
    [False, True, True, True, True]
    """
    units = collection_of(units)
    if not units:
        raise MinilstmError("trace: expected at least one unit, got none")
    if not all(len(words) for words in sentences) or len({len(words) for words in sentences}) != 1:
        lengths = " and ".join(str(len(words)) for words in sentences)
        raise MinilstmError(f"expected words between spaces, as many in --beside; got sentences of {lengths} words")
    by_layer(units, model.sizes)  # says which is no unit
    values, p = [], []
    for words in sentences:
        trace = model.trace(words, state, ablate, unknown)
        values.append({gate: pick(getattr(trace, gate), units, model.sizes)[:, 0] for gate in PANELS})
        p.append({})
        if forms:
            log_p = log_softmax(model.logits(words, state=state, ablate=ablate, unknown=unknown))
            p[-1] = dict(zip(forms, np.exp(log_p)[:, model.encode(forms)].T, strict=True))
    return UnitTrace(tuple(units), tuple(map(tuple, sentences)), tuple(values), tuple(p))


@in_style()
def plot_trace(words, units, values, p=None, beside=None):
    """Gates and cell of chosen units, word by word: a column of panels a unit, as in Figs. 1a-b.

    Parameters
    ----------
    words : sequence of str
    units : sequence of int
        The paper's numbers, for the titles.
    values : dict of (steps, units) arrays
        C_tilde, i, f, C, o.
    p : dict of (steps,) arrays, optional
        Probability of verb forms after each word, drawn once, in a panel below all units.
    beside : (words, values, p), optional
        The same of a second sentence with as many words, drawn with broken lines.
    """
    sentences = [(words, values, p or {}), *([beside] if beside else [])]
    labels = [" / ".join(dict.fromkeys(pair)) for pair in zip(*(one[0] for one in sentences), strict=True)]
    rows = len(PANELS) + bool(p)
    width = max(WIDTH, 0.45 * len(words) * len(units) + 0.6)
    height = 0.85 * rows + 0.8 + 0.5 * bool(p) + 0.25 * bool(beside)
    fig, axes = figure(rows, len(units), width, height, sharey="row")
    for k, unit in enumerate(units):
        axes[0, k].set_title(f"unit {unit}")
        for axis, gate in zip(axes[:, k], PANELS, strict=False):
            for (_, of_gates, _), color, style in zip(sentences, (NEUTRAL, LIGHTER), ("-", "--"), strict=False):
                axis.plot(of_gates[gate][:, k], f"o{style}", color=color, markersize=3, linewidth=1)
            if gate in ("C_tilde", "C"):
                axis.axhline(0, **GUIDE)
            else:
                axis.set_ylim(-0.05, 1.05)
            last = gate == PANELS[-1]
            axis.set_xticks(range(len(words)), labels if last else [], rotation=60, ha="right")
    for row, gate in enumerate(PANELS):
        axes[row, 0].set_ylabel(LABELS[gate], rotation=0, labelpad=10, va="center", fontsize=9)
    if p:
        _plot_probabilities(fig, axes, sentences, labels)
    if beside:
        names = [" ".join(one[0]) for one in sentences]
        fig.legend(axes[0, 0].lines[:2], names, loc="outside upper center", ncols=2)
    fig.align_ylabels()
    return fig


def _plot_probabilities(fig, axes, sentences, labels):
    """One panel in the place of the last row."""
    grid = axes[-1, 0].get_gridspec()
    for axis in axes[-1]:
        axis.remove()
    axis = fig.add_subplot(grid[-1, :])
    axis.tick_params(labelsize=7)
    axis.spines[["top", "right"]].set_visible(False)
    looks = (SINGULAR, "o"), (PLURAL, "s"), *LINES
    for (_, _, p), style in zip(sentences, ("-", "--"), strict=False):
        for (form, of_form), (color, marker) in zip(p.items(), looks, strict=False):
            label = f"$p$({form})" if style == "-" else None
            axis.plot(of_form, marker + style, color=color, markersize=3, linewidth=1, label=label)
    axis.set_ylim(bottom=0)
    axis.set_xticks(range(len(labels)), labels, rotation=60, ha="right")
    axis.set_ylabel("$p$", rotation=0, labelpad=10, va="center", fontsize=9)
    axis.legend(fontsize=6)
