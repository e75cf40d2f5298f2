"""Many ablations of one network in one pass, exact: what each does to the choice between two verb forms.

The paper's released script takes one unit out, reads every sentence from its first word, and computes a softmax over
50,000 words at each of them: about 12 days for 1,300 units. Nothing of the following changes a result:

- two logits decide, so their difference is computed, and only before the verb;
- sentences that begin alike are read together (`prefix_tree.py`);
- the first layer's product with a word is computed once for each word of the vocabulary that comes up;
- all ablations are read at once, as the rows of one matrix: one large product instead of many small ones;
- an ablation in layer 2 leaves layer 1 as it is, so its row begins in layer 2 and reads the intact layer 1.

For the last, rows are sorted by the lowest layer that they touch. Row 0 is the intact network. Layer l holds the
first rows[l] of them; the others are still what row 0 is there.
"""

from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from ..checks import by_layer
from ..errors import MinilstmError
from ..lstm import sigmoid
from .jit import COMPILED
from .kernels import width
from .prefix_tree import prefix_tree, walk

KINDS = {
    "paper": "h_u = 0 at every step, the context's included (section 4.1)",
    "released": "as the authors' code: the unit's recurrent and decoder weights are zero; in layers below the last it "
    "still feeds the layer above",
    "mean": "h_u = its mean over all words of the sentences tested, in the intact network",
}
NEAR = 2**20  # bytes of z of the nodes that are read at once: what a core's own cache holds
SETS = 2048  # sets to ablate at once: with more, memory would grow, and speed no longer does


def input_sums(layer, x):
    """W x + b for word vectors x (words, D), as `read_word` takes it: (words, 1, 4 * H)."""
    return (x @ layer.W.T + layer.b)[:, None]


def read_word(layer, x, sums, h, C, keep):
    """One layer of many networks reads one word.

    Parameters
    ----------
    layer : kernels.Prepared
    x : (nodes, rows below, D) array or None
        h of the layer below. If it has fewer rows than this layer, the others read what row 0 of their node reads.
    sums : (nodes, 1, 4 * H) array or None
        Instead of x, in the first layer, where all rows of a node read the same: W x + b.
    h, C : (nodes, rows, H) arrays
        The states after the word before.
    keep : bool
        Whether the gates are asked for. (Here they come in any case.)

    Returns
    -------
    gates : (nodes, rows, 4, H) array
        i, f, C_tilde, o.
    h, C : (nodes, rows, H) arrays
        The states after the word.
    """
    z = h @ layer.U.T  # (nodes, rows, 4 * H)
    sums = x @ layer.W.T + layer.b if sums is None else sums
    below = sums.shape[1]
    z[:, :below] += sums
    z[:, below:] += sums[:, :1]
    i, f, C_tilde, o = np.moveaxis(z.reshape(*h.shape[:2], 4, -1), 2, 0)
    i, f, C_tilde, o = sigmoid(i), sigmoid(f), np.tanh(C_tilde), sigmoid(o)
    C = f * C + i * C_tilde  # Eq. 1
    return np.stack([i, f, C_tilde, o], axis=2), o * np.tanh(C), C  # Eq. 2


if COMPILED:
    from .ablation_kernel import input_sums, read_word  # noqa: F811  the same, fast


class Arrangement(NamedTuple):
    """Which row of which layer reads the network with which set of units changed."""

    rows: list  # how many rows each layer has
    places: list  # (row, unit) of each layer: two arrays, the unit counted from 0 within its layer
    where: np.ndarray  # the row of each set


def arrange(sets, sizes):
    """A row for each set, in the order of the lowest layer that it touches; row 0 is the intact network."""
    per_layer = [by_layer(units, sizes) for units in sets]
    lowest = [next((k for k, found in enumerate(units) if len(found)), len(sizes)) for units in per_layer]
    order = np.argsort(lowest, kind="stable")
    rows = [1 + sum(low <= k for low in lowest) for k in range(len(sizes))]
    places = []
    for k in range(len(sizes)):
        pairs = [(row, u) for row, which in enumerate(order, 1) for u in per_layer[which][k]]
        places.append(tuple(np.array(pairs, np.intp).reshape(-1, 2).T))
    where = np.empty(len(sets), np.intp)
    where[order] = np.arange(1, len(sets) + 1)
    return Arrangement(rows, places, where)


def margins(model, items, sets, kind="paper", state="context", unknown="error", progress=False):
    """How much likelier the right verb form is than the wrong one, with each set of units ablated.

    Parameters
    ----------
    model : LanguageModel
    items : sequence of stimuli.Item
    sets : sequence of collections of int
        Units to ablate together, in the paper's numbers. An empty set is the intact network.
    kind : {"paper", "released", "mean"}
        What ablation means; see `KINDS`.
    state : None, "context" or lstm.State
        What a sentence is read from. A State is taken as it is by every ablation, but for the h that are fixed.
    unknown : {"error", "<unk>"}
        What an unknown word before the verb becomes.
    progress : bool
        Show a progress bar, if standard error is a terminal.

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
    if len(sets) > SETS:
        parts = (sets[k : k + SETS] for k in range(0, len(sets), SETS))
        return np.concatenate([margins(model, items, part, kind, state, unknown, progress) for part in parts])
    means = _mean_h(model, items, state, unknown) if kind == "mean" else [np.zeros(H, model.dtype) for H in model.sizes]
    rows, places, where = arrange(sets, model.sizes)
    reader = Reader(model, rows, fed=kind == "released")

    def silence(k, gates, h, C):
        row, unit = places[k]
        h[:, row, unit] = means[k][unit]

    def read(states, parents, words):
        return reader.read(states, parents, words, silence)

    choice = Choice(model, items, len(sets))
    sentences = [model.encode(item.prefix, unknown) for item in items]
    with tqdm(total=len(items), disable=None if progress else True, unit="sentence") as bar:

        def end(states, nodes, which):
            choice.settle(states, nodes, which)
            bar.update(len(which))

        walk(prefix_tree(sentences), reader.start(state, silence), read, end, reader.width)
    return choice.margins[where]


class Choice:
    """Collects the margins log p(right) - log p(wrong) of sentences as they end: (1 + sets, items)."""

    def __init__(self, model, items, sets):
        self.weights, self.bias = model.contrast([item.right for item in items], [item.wrong for item in items])
        self.margins = np.empty((1 + sets, len(items)), model.dtype)

    def settle(self, states, nodes, which):
        """Sentences `which` ended in the states of `nodes`."""
        h = states[-1][0][..., : self.weights.shape[1]]  # (nodes, rows, H)
        now = np.einsum("nrh,nh->rn", h[nodes], self.weights[which]) + self.bias[which]
        self.margins[: len(now), which] = now
        self.margins[len(now) :, which] = now[0]  # sets that touch no unit


def _mean_h(model, items, state, unknown):
    """Mean of h over all words of all items, one array a layer, in the intact network."""
    sentences = [model.encode(item.prefix, unknown) for item in items]
    levels = prefix_tree(sentences)
    reader = Reader(model, [1] * len(model.sizes))
    total = [np.zeros(H) for H in model.sizes]
    passing = [np.array([len(ends) for ends in level.ends]) for level in levels]  # sentences through each node
    for t in range(len(levels) - 1, 0, -1):
        np.add.at(passing[t - 1], levels[t].parent, passing[t])
    states = reader.start(state)
    for level, weight in zip(levels, passing, strict=True):
        states = reader.read(states, level.parent, level.word)
        for k, (h, _) in enumerate(states):
            total[k] += weight @ h[:, 0, : len(total[k])]
    words = sum(map(len, sentences))
    return [(t / words).astype(model.dtype) for t in total]


def leave(k, gates, h, C):
    """What is done to the intact network: nothing."""


class Reader:
    """Reads words with all rows at once.

    A state is a list of (h, C), one a layer, (nodes, rows of the layer, H or more) each: units are computed in blocks
    (`blocks.py`), and those that only fill up the last one come after the H units.

    What makes a row differ from row 0 is an intervention, a function (k, gates, h, C): it is called as soon as layer k
    has read a word and changes h and C in place, before anything else sees them. `gates` (nodes, rows, 4, H or more)
    are i, f, C_tilde, o, if the reader keeps them.

    Parameters
    ----------
    model : LanguageModel
    rows : list of int
        Rows of each layer, as `Arrangement` has them.
    fed : bool
        Whether the layer above reads h as it was before the intervention ("released").
    keep : bool
        Whether interventions get to see the gates.
    """

    def __init__(self, model, rows, fed=False, keep=False):
        self.model, self.rows, self.fed, self.keep = model, rows, fed, keep
        self.widths = [width(H) for H in model.sizes]
        self.width = max(1, NEAR // (4 * max(self.widths) * rows[-1] * model.dtype.itemsize))  # nodes to read at once
        self.sums = {}  # W x + b of the first layer for each word read so far

    def start(self, state, intervene=leave):
        """The state that sentences are read from, as a sequence of one node."""
        model = self.model
        given = None if state == "context" else model.initial_state(state)
        states = []
        for k, (H, rows) in enumerate(zip(model.sizes, self.rows, strict=True)):
            h, C = np.zeros((2, 1, rows, self.widths[k]), model.dtype)
            if given is not None:
                h[..., :H], C[..., :H] = given.h[k], given.C[k]
            intervene(k, None, h, C)
            states.append((h, C))
        if state == "context":  # here and not by the model, since each row reads it in its own way
            for word in model.encode(model.context):
                states = self.read(states, np.array([0]), np.array([word]), intervene)
        return states

    def read(self, states, parents, words, intervene=leave):
        """Read words[k] from the state of node parents[k], for every row: the states of the new nodes."""
        after, below, sums, nodes = [], None, self._sums(words), len(parents)
        parents = parents if nodes > 1 else slice(parents[0], parents[0] + 1)  # one node is read where it lies
        for k, (layer, (h, C)) in enumerate(zip(self.model.prepared, states, strict=True)):
            gates, h_new, C_new = read_word(layer, below, sums, h[parents], C[parents], self.keep)
            last = k == len(states) - 1
            below, sums = (h_new.copy() if self.fed and not last else h_new), None
            intervene(k, gates, h_new, C_new)
            after.append((h_new, C_new))
        return after

    def _sums(self, words):
        """W x + b of the first layer for each of the words."""
        new = [int(word) for word in set(words.tolist()) if word not in self.sums]
        if new:
            self.sums |= dict(zip(new, input_sums(self.model.prepared[0], self.model.embedding[new]), strict=True))
        return np.stack([self.sums[word] for word in words.tolist()])
