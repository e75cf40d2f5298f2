"""Many ablations of one network in one pass, exact: what each does to the choice between two verb forms.

The paper's released script ablates one unit, reads every sentence from its first word, and computes a softmax over
50,000 words at each of them: about 12 days for 1,300 units. Nothing of the following changes a result:

- two logits decide, so their difference is computed, and only before the verb;
- sentences that begin alike are read together (`prefix_tree.py`);
- the first layer's product with a word is computed once for each word of the vocabulary that comes up;
- all ablations are read at once, as the rows of one matrix: one large product instead of many small ones;
- an ablation in layer 2 leaves layer 1 as it is, so its row begins in layer 2 and reads the intact layer 1.

For the last, rows are sorted by the lowest layer that they touch. Row 0 is the intact network. Layer l holds the
first rows[l] of them; the others are still what row 0 is there. The sets are independent of each other: they are cut
into pieces for several workers (`parallel.py`).
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ..errors import MinilstmError
from ..records import short_repr
from ..units import by_layer
from .gates import gates
from .parallel import Progress, count_pieces, cut, run_pieces
from .prefix_tree import prefix_tree, walk
from .recurrence import inputs_to, product

KINDS = {
    "paper": "h_u = 0 at every step, the context's included (section 4.1)",
    "released": "as the authors' code: the unit's recurrent and decoder weights are zero; in layers below the last it "
    "still feeds the layer above",
    "mean": "h_u = its mean over all words of the sentences tested, in the intact network",
}
CACHE = 2**22  # bytes of z of the nodes that are read at once: enough for a good product, few enough for a cache
SETS = 2048  # sets to ablate at once: with more, memory would grow, and speed no longer does
FEWEST = 32  # sets of a piece: with fewer, the intact network in row 0 of each piece would cost too much


@short_repr
class Rows(NamedTuple):
    """Assignment of ablation sets to the rows of each layer."""

    counts: list  # how many rows each layer has
    targets: list  # (row, unit) of each layer: two arrays, the unit counted from 0 within its layer
    of_set: np.ndarray  # the row of each set


def assign_rows(sets, sizes):
    """Give each set a row, in the order of the lowest layer that it touches; row 0 is the intact network."""
    per_layer = [by_layer(units, sizes) for units in sets]
    lowest = [_lowest_layer(units) for units in per_layer]
    order = np.argsort(lowest, kind="stable")
    count = [1 + sum(low <= k for low in lowest) for k in range(len(sizes))]
    targets = []
    for k in range(len(sizes)):
        pairs = [(row, unit) for row, which in enumerate(order, 1) for unit in per_layer[which][k]]
        targets.append(tuple(np.array(pairs, np.intp).reshape(-1, 2).T))
    of_set = np.empty(len(sets), np.intp)
    of_set[order] = np.arange(1, len(sets) + 1)
    return Rows(count, targets, of_set)


def _lowest_layer(per_layer):
    """The lowest layer with any of the units, `by_layer`; their number for no units."""
    return next((k for k, units in enumerate(per_layer) if len(units)), len(per_layer))


def margins(model, items, sets, kind="paper", state="context", unknown="error", progress=False, n_jobs=None):
    """Compute how much likelier the right verb form is than the wrong one, with each set of units ablated.

    Parameters
    ----------
    model : LanguageModel
    items : sequence of stimuli.Item
    sets : sequence of collections of int
        Units to ablate together, in the paper's numbers. An empty set is the intact network, which costs nothing more.
    kind : {"paper", "released", "mean"}
        What ablation means; see `KINDS`.
    state : None, "context" or lstm.State
        What a sentence is read from. A State is taken as it is by every ablation, but for the h that are fixed.
    unknown : {"error", "<unk>"}
        What an unknown word before the verb becomes.
    progress : bool
        Show a progress bar, if standard error is a terminal.
    n_jobs : int or None
        Workers among which the sets are divided; see `parallel.run_pieces`.

    Returns
    -------
    (len(sets), len(items)) array
        log p(right) - log p(wrong), the same as the difference of their logits.

    Raises
    ------
    UnknownWordError
        Also for a verb form, whatever `unknown` says.
    """
    if kind not in KINDS:
        raise MinilstmError(f"kind of ablation: expected one of {', '.join(KINDS)}, got {kind!r}")
    contrast = model.contrast([item.right for item in items], [item.wrong for item in items])
    model, sentences = _of_words_read(model, [model.encode(item.prefix, unknown) for item in items])
    levels = prefix_tree(sentences)
    means = _mean_h(model, levels, state) if kind == "mean" else [np.zeros(H, model.dtype) for H in model.sizes]
    order, costs = _order(sets, model)
    n = max(-(-len(sets) // SETS), min(count_pieces(n_jobs), len(sets) // FEWEST))
    pieces = [order[stretch] for stretch in cut(costs, n)]
    with Progress(len(items) * len(pieces), "sentence", progress) as bar:
        shared = model, levels, contrast, means, kind == "released", state, bar
        results = run_pieces(_ablate, [([sets[k] for k in piece], *shared) for piece in pieces], n_jobs)
    result = np.empty((len(sets), len(items)), model.dtype)
    result[order] = np.concatenate(results)
    return result


def _of_words_read(model, sentences):
    """A model of those words alone that are read, the context's included, and the sentences in its indices.

    So a model with a large vocabulary need not be sent to other processes as a whole.
    """
    used = np.unique(np.concatenate([model.encode(model.context), *sentences]))
    words = tuple(model.vocabulary[k] for k in used)
    arrays = {name: getattr(model, name)[used] for name in ("embedding", "decoder_weight", "decoder_bias")}
    smaller = replace(model, vocabulary=words, word_counts=None, provenance={}, **arrays)
    return smaller, [np.searchsorted(used, sentence) for sentence in sentences]


def _order(sets, model):
    """The sets in the order of the lowest layer that they touch, and what each costs: multiplications a word."""
    lowest = np.array([_lowest_layer(by_layer(units, model.sizes)) for units in sets], np.intp)
    order = np.argsort(lowest, kind="stable")
    layers = model.layers
    costs = [layer.U.size + sum(W.size + U.size for W, U, _ in layers[k + 1 :]) for k, layer in enumerate(layers)]
    return order, np.array([*costs, 1])[lowest[order]]


def _ablate(sets, model, levels, contrast, means, layer_above_sees_intact, state, bar):
    """The margins (sets, sentences) with each of the sets ablated."""
    rows = assign_rows(sets, model.sizes)
    reader = Reader(model, rows.counts, layer_above_sees_intact)

    def ablate(k, gates, h, C):
        row, unit = rows.targets[k]
        h[:, row, unit] = means[k][unit]

    def read(states, parents, words):
        return reader.read(states, parents, words, ablate)

    differences = LogitDifferences(*contrast, len(sets))
    for visit in walk(levels, reader.start(state, ablate), read, reader.width):
        node, sentence = visit.node[visit.ends], visit.sentence[visit.ends]
        differences.record(visit.states, node, sentence)
        bar.update(len(sentence))
    return differences.margins[rows.of_set]


class LogitDifferences:
    """Collects the margins log p(right) - log p(wrong) of sentences as they end: (1 + sets, items)."""

    def __init__(self, weights, bias, n_sets):
        self.weights, self.bias = weights, bias  # of each sentence, as `LanguageModel.contrast` has them
        self.margins = np.empty((1 + n_sets, len(bias)), bias.dtype)

    def record(self, states, nodes, sentences):
        """Take down the margins of `sentences`, which end in the states of `nodes`."""
        h = states[-1][0][nodes]  # (sentences, rows, H)
        margins = np.einsum("nrh,nh->rn", h, self.weights[sentences]) + self.bias[sentences]
        self.margins[: len(margins), sentences] = margins
        self.margins[len(margins) :, sentences] = margins[0]  # sets that touch no unit


def _mean_h(model, levels, state):
    """Mean of h over all words of all sentences, one array a layer, in the intact network."""
    reader = Reader(model, [1] * len(model.sizes))
    total, n_words = [np.zeros(H) for H in model.sizes], 0
    for visit in walk(levels, reader.start(state), reader.read, reader.width):
        n_words += len(visit.sentence)
        for k, (h, _) in enumerate(visit.states):
            total[k] += np.bincount(visit.node, minlength=len(h)) @ h[:, 0]
    return [(t / n_words).astype(model.dtype) for t in total]


def no_intervention(k, gates, h, C):
    """Leave the network intact."""


class Reader:
    """Reads words with all rows at once.

    A state is a list of (h, C), one a layer, each (nodes, rows of the layer, H).

    What makes a row differ from row 0 is an intervention, a function (k, gates, h, C): it is called as soon as layer k
    has read a word and changes h and C in place, before anything else sees them. `gates` (nodes, rows, 4 * H) are
    i, f, C_tilde, o; None for the state before the first word.

    Parameters
    ----------
    model : LanguageModel
    rows : list of int
        Rows of each layer, as `Rows.counts` has them.
    layer_above_sees_intact : bool
        Whether the layer above reads h as it was before the intervention ("released").
    """

    def __init__(self, model, rows, layer_above_sees_intact=False):
        self.model, self.rows, self.layer_above_sees_intact = model, rows, layer_above_sees_intact
        self.width = max(1, CACHE // (4 * max(model.sizes) * rows[-1] * model.dtype.itemsize))  # nodes to read at once
        self.inputs = {}  # W x + b of the first layer for each word read so far

    def start(self, state, intervene=no_intervention):
        """The state that sentences are read from, as a sequence of one node."""
        model = self.model
        given = None if state == "context" else model.initial_state(state)
        states = []
        for k, (H, rows) in enumerate(zip(model.sizes, self.rows, strict=True)):
            h, C = np.zeros((2, 1, rows, H), model.dtype)
            if given is not None:
                h[...], C[...] = given.h[k], given.C[k]
            intervene(k, None, h, C)
            states.append((h, C))
        if state == "context":  # not by the model, since each row reads the context in its own way
            for word in model.encode(model.context):
                states = self.read(states, np.array([0]), np.array([word]), intervene)
        return states

    def read(self, states, parents, words, intervene=no_intervention):
        """Read words[k] from the state of node parents[k], for every row: the states of the new nodes."""
        after, below = [], None
        parents = parents if len(parents) > 1 else slice(parents[0], parents[0] + 1)  # one node is read where it lies
        for k, (layer, (h_prev, C_prev)) in enumerate(zip(self.model.prepared, states, strict=True)):
            inputs = self._first_inputs(words) if k == 0 else inputs_to(layer, below)
            h_prev, C_prev = h_prev[parents], C_prev[parents]
            z = product(h_prev, layer.U.T)  # (nodes, rows, 4 * H)
            h, C = np.empty_like(h_prev), np.empty_like(C_prev)
            gates(z, inputs, C_prev, C, h)
            below = h.copy() if self.layer_above_sees_intact else h
            intervene(k, z, h, C)
            after.append((h, C))
        return after

    def _first_inputs(self, words):
        """W x + b of the first layer for each of the words: (nodes, 1, 4 * H)."""
        new = [word for word in set(words.tolist()) if word not in self.inputs]
        if new:
            layer = self.model.prepared[0]
            self.inputs |= dict(zip(new, self.model.embedding[new] @ layer.W.T + layer.b, strict=True))
        return np.stack([self.inputs[word] for word in words.tolist()])[:, None]
