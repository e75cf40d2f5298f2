"""Generalised contextual decomposition (Jumelet et al., 2019): how much of a verb's choice comes from which word.

Every h and C is split in two: beta, which comes from a phrase, here a single word, and gamma, from all else. In the
phrase the input is beta, elsewhere gamma; the layer above reads the two parts of the layer below. Where the network is
linear they stay apart. Where it is not, the argument is a sum of beta's part, gamma's part and the bias, and each gets
its *Shapley value*: what its addition changes, on average over all orders in which the three can be added. Products of
the input gate and the candidate are given to the phrase

    C_beta  = f * C_beta  + i * C~_beta  + i_beta * C~_b  + i_b * C~_b  if the word is in the phrase
    C_gamma = f * C_gamma + i * C~_gamma + i_gamma * C~_b + i_b * C~_b  if not

with the gates f, i and o as they are: what a gate lets through belongs to what it lets through. By these rules

    beta + gamma = C,    beta + gamma = h    at every word and in every layer,

and the margin is exactly the phrase's part, everything else's, and the decoder's bias. The parts of different words
need not add up to anything: each is asked for alone. Before the phrase begins, beta is 0.

The *intercept* is what the network does by itself: no word is in the phrase, the initial state and all products of
biases are. What it prefers is the network's default number.

These are the rules of the authors' released code (only what is in the phrase, its products with everything, and biases
within it, are beta; f and o are not split). Murdoch et al. (2018) add the bias first and split f.

References
----------
Jumelet, J., Zuidema, W. and Hupkes, D. (2019). Analysing neural language models: Contextual decomposition reveals
default reasoning in number and gender assignment. CoNLL. Murdoch, W. J., Liu, P. J. and Yu, B. (2018). Beyond word
importance: Contextual decomposition to extract interactions from LSTMs. ICLR.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..errors import StimulusError
from ..lstm import sigmoid, step
from ..records import short_repr
from ..stimuli import step_labels, subject_number
from .base import Analysis, Figure, Result, Table
from .number_agreement import by_condition, scored_items
from .style import GUIDE, LINES, figure, in_style, name_ticks

START = -1  # the step of the state before the first word
STATE, INTERCEPT = "state before", "intercept"  # rows beside those of the words


@short_repr
class Parts(NamedTuple):
    """An activity split in two: (sentences, units) each."""

    beta: np.ndarray
    gamma: np.ndarray


def shapley(F, a, g, b):
    """Shares of three terms in F(a + g + b): what each adds, on average over all orders; with no term F counts as 0.

    Parameters
    ----------
    F : callable
        Element by element.
    a, g, b : arrays

    Returns
    -------
    three arrays, whose sum is F(a + g + b)

    Examples
    --------
    >>> [float(share) for share in shapley(lambda z: 2 * z, 1.0, 3.0, -2.0)]  # a linear function splits as it should
    [2.0, 6.0, -4.0]
    """
    whole, ag, ab, gb = F(a + g + b), F(a + g), F(a + b), F(g + b)
    F_a, F_g, F_b = F(a), F(g), F(b)
    return (
        (2 * (whole - gb) + (ag - F_g) + (ab - F_b) + 2 * F_a) / 6,
        (2 * (whole - ab) + (ag - F_a) + (gb - F_b) + 2 * F_g) / 6,
        (2 * (whole - ag) + (ab - F_a) + (gb - F_g) + 2 * F_b) / 6,
    )


def split_step(x, h, C, layer, within):
    """One layer reads one word in two parts.

    Parameters
    ----------
    x, h, C : Parts
        The input, and the layer's own hidden state and cell after the word before.
    layer : lstm.Layer
    within : bool
        Whether products of biases belong to beta: in the phrase, or everywhere for the intercept.

    Returns
    -------
    h, C : Parts
    """
    W, U, b = layer
    full = step(sum(x), sum(h), sum(C), W, U, b)
    z_beta, z_gamma = (x_part @ W.T + h_part @ U.T for x_part, h_part in zip(x, h, strict=True))
    blocks = [np.split(z, 4, axis=-1) for z in (z_beta, z_gamma, b)]  # i, f, g, o
    i_beta, i_gamma, i_b = shapley(sigmoid, *(block[0] for block in blocks))
    g_beta, g_gamma, g_b = shapley(np.tanh, *(block[2] for block in blocks))  # of C~
    C_beta = full.f * C.beta + full.i * g_beta + i_beta * g_b + (i_b * g_b if within else 0)
    C_gamma = full.f * C.gamma + full.i * g_gamma + i_gamma * g_b + (0 if within else i_b * g_b)
    whole = np.tanh(C_beta + C_gamma)
    tanh_beta = (np.tanh(C_beta) + whole - np.tanh(C_gamma)) / 2  # Shapley again, of two terms
    return Parts(full.o * tanh_beta, full.o * (whole - tanh_beta)), Parts(C_beta, C_gamma)


def decompose(model, words, phrase, state="context", intercept=False):
    """Read sentences in two parts, word by word.

    Parameters
    ----------
    model : LanguageModel
    words : (sentences, steps) int array
        See `LanguageModel.encode`; sentences of one length.
    phrase : int
        The step of the word that is the phrase; `START` for the state before the first word.
    state : None, "context" or lstm.State with a batch of 1
    intercept : bool
        Give all products of biases to beta; with `START`.

    Yields
    ------
    list of (h, C), both Parts of float64, one for each layer
        After each word.
    """
    given = model.initial_state(state, len(words))
    layers = [type(layer)(*(part.astype(np.float64) for part in layer)) for layer in model.layers]
    states = []
    for k, size in enumerate(model.sizes):
        h, C = np.zeros((2, len(words), size)) if given is None else (np.float64(part[k]) for part in given)
        states.append((_whole(h, phrase == START), _whole(C, phrase == START)))
    for t, column in enumerate(words.T):
        x = _whole(model.embedding[column].astype(np.float64), t == phrase)
        for k, layer in enumerate(layers):
            h, C = states[k]
            if t < phrase:
                now = step(sum(x), sum(h), sum(C), *layer)
                states[k] = _whole(now.h, False), _whole(now.C, False)
            else:
                states[k] = split_step(x, h, C, layer, t == phrase or intercept)
            x = states[k][0]
        yield list(states)


def _whole(values, in_phrase):
    """Parts of which one is everything."""
    return Parts(values, np.zeros_like(values)) if in_phrase else Parts(np.zeros_like(values), values)


@dataclass(frozen=True, eq=False, repr=False)
class Decomposition(Result):
    """Contribution of each word alone to the choice of the verb form.

    Attributes
    ----------
    items : tuple of stimuli.Item
    words : tuple of str
        The phrases: the state before the sentence, each word, the intercept.
    beta, gamma : (phrases, items) arrays
        The parts of log p(right) - log p(wrong) of the phrase and of everything else, in nats.
    bias : (items,) array
        The decoder's, which belongs to neither.
    """

    items: tuple
    words: tuple
    beta: np.ndarray
    gamma: np.ndarray
    bias: np.ndarray

    def text(self):
        return [
            "Of the margin log p(right) - log p(wrong) the part that comes from one word (beta), with gamma from all "
            "else and the decoder's bias: the three add up exactly, the parts of different words need not. "
            f"{self.summary()}"
        ]

    def tables(self):
        columns = ["task", "condition", "n", "phrase", "beta", "gamma", "bias", "margin", "for the right form %"]
        rows = []
        for (task, condition), where in by_condition(self.items).items():
            for word, beta, gamma in zip(self.words, self.beta[:, where], self.gamma[:, where], strict=True):
                parts = beta.mean(), gamma.mean(), self.bias[where].mean()
                cells = *parts, sum(parts), 100 * (beta > 0).mean()
                rows.append([task, condition, len(where), word, *map(float, cells)])
        caption = "Parts of the mean margin, in nats; and the share of sentences in which beta favours the right form."
        return [Table("decomposition", caption, columns, rows, digits=(0, 0, 0, 0, 2, 2, 2, 2, 1))]

    def figures(self):
        return [
            Figure(
                "decomposition",
                "The part of each word in the mean margin, condition by condition. Above 0 it favours the right form; "
                "the subject should, and a noun of the other number that stands nearer should not.",
                "line plots over the words of a sentence",
                lambda: plot_decomposition(self),
            )
        ]

    def default(self):
        """Contribution of the intercept to log p(singular form) - log p(plural form), mean over the sentences."""
        sign = np.array([{"S": 1, "P": -1}.get(subject_number(item), np.nan) for item in self.items])
        return float(np.nanmean(sign * self.beta[self.words.index(INTERCEPT)]))

    def summary(self):
        nats = self.default()
        number = "singular" if nats > 0 else "plural"
        return (
            f"By itself, without any word (the intercept), the network favours the {number}, by {abs(nats):.2f} nats."
        )


@in_style()
def plot_decomposition(decomposition):
    """The mean part of each phrase in the margin, a line a condition."""
    fig, axes = figure(width=4.6, height=2.8)
    axis, steps = axes[0, 0], np.arange(len(decomposition.words))
    axis.axhline(0, **GUIDE)
    for k, ((_, condition), where) in enumerate(by_condition(decomposition.items).items()):
        color, marker = LINES[k % len(LINES)]
        means = decomposition.beta[:, where].mean(axis=1)
        axis.plot(steps, means, marker + "-", color=color, markersize=4, linewidth=1, label=condition)
    name_ticks(axis, decomposition.words)
    axis.set_ylabel("part of the margin, nats")
    fig.legend(loc="outside upper center", ncols=4)
    return fig


def compute(experiment, results):
    """Every word of nounPP alone, the state before it, and the intercept."""
    model, reading = experiment.model, experiment.reading
    items = tuple(scored_items(model, experiment.sentences("nounPP")))
    lengths = {len(item.prefix) for item in items}
    if len(lengths) != 1:
        found = ", ".join(map(str, sorted(lengths))) or "no sentences"
        raise StimulusError(f"decomposition: expected the verb at one place in all sentences, got {found}")
    words = np.array([model.encode(item.prefix, reading["unknown"]) for item in items])
    weights, bias = model.contrast([item.right for item in items], [item.wrong for item in items])
    phrases = [(START, False), *((step, False) for step in range(words.shape[1])), (START, True)]
    parts = []
    for phrase, intercept in phrases:
        *_, states = decompose(model, words, phrase, reading["state"], intercept)
        parts.append([(part * weights).sum(axis=1) for part in states[-1][0]])
    beta, gamma = np.swapaxes(np.array(parts), 0, 1)
    names = (STATE, *step_labels(items, after=())[:-1], INTERCEPT)
    return Decomposition(items, names, beta, gamma, np.float64(bias))


ANALYSIS = Analysis(
    "decomposition",
    "decomposition",
    "Contextual decomposition",
    "",
    compute,
    summary="how much of a verb's choice comes from which word",
)
