"""Activity of units at every word of many sentences: what all analyses but the ablations are made of."""

from dataclasses import replace

import numpy as np

from . import lstm
from .errors import MinilstmError
from .fast.prefix_tree import prefix_tree, walk
from .fast.sweep import Reader
from .units import by_layer


def full_sentences(items, after=("the",)):
    """Items as the paper's figures show them: the words before the verb, the right verb form, and `the`.

    Returns
    -------
    list of tuple of str
    """
    return [(*item.prefix, item.right, *after) for item in items]


def lower_context(model):
    """The model with its context in lower case, as the paper's own had it in all analyses of activity (Figs. 1-4).

    Context words that it does not know so become `<unk>`.
    """
    words = [word.lower() for word in model.context]
    return replace(model, context=tuple(word if word in model.vocabulary else "<unk>" for word in words))


def activity(model, sentences, fields, state="context", unknown="error", ablate=(), units=None):
    """Read sentences of any lengths and keep some fields of their traces.

    Sentences that begin with the same words share one computation. That saves time, and it makes equal states equal bit
    for bit: a classifier that scales each unit to unit variance would blow up any difference in rounding.

    Parameters
    ----------
    model : LanguageModel
    sentences : sequence of sequences of str
    fields : str or sequence of str
        Of `lstm.Step`: i, f, o, C_tilde, C, h.
    state : None, "context" or lstm.State with a batch of 1
        What each sentence is read from.
    unknown : {"error", "<unk>"}
    ablate : iterable of int
        Units whose h is 0 at every step, the context's included; in the paper's numbers.
    units : sequence of int, optional
        Which units to keep, in the paper's numbers; all if not given.

    Returns
    -------
    (sentences, longest, units) array
        Column u is unit u + 1 in the paper's numbers, or units[u]; nan after a sentence's last word. A list of such
        arrays where several fields are asked for.

    Examples
    --------
    >>> import minilstm
    >>> model = minilstm.load("mini")
    >>> h = activity(model, ["The boy".split(), "The boy near the cars".split()], "h")
    >>> h.shape[:2], bool((h[0, 1] == h[1, 1]).all())
    ((2, 5), True)
    """
    names = [fields] if isinstance(fields, str) else list(fields)
    strange = [name for name in names if name not in lstm.Step._fields]
    if strange:
        raise MinilstmError(f"field: expected one of {', '.join(lstm.Step._fields)}, got {strange[0]!r}")
    units = range(1, sum(model.sizes) + 1) if units is None else tuple(units)
    by_layer(units, model.sizes)  # an error for what is no unit
    columns, longest = np.array(units, int) - 1, max(map(len, sentences), default=0)
    results = [np.full((len(sentences), longest, len(units)), np.nan, model.dtype) for _ in names]
    for visit, steps in _read(model, sentences, state, unknown, ablate):
        for name, result in zip(names, results, strict=True):
            values = np.concatenate([getattr(step, name) for step in steps], axis=1)  # (nodes, units of all layers)
            result[visit.sentence, visit.depth] = values[visit.node][:, columns]
    return results[0] if isinstance(fields, str) else results


def last_hidden(model, sentences, state="context", unknown="error", ablate=()):
    """Read sentences and keep what the decoder reads after the last word of each: h of the last layer.

    Parameters are those of `activity`.

    Returns
    -------
    (sentences, H) array
    """
    h = np.empty((len(sentences), model.sizes[-1]), model.dtype)
    for visit, steps in _read(model, sentences, state, unknown, ablate):
        h[visit.sentence[visit.ends]] = steps[-1].h[visit.node[visit.ends]]
    return h


def _read(model, sentences, state, unknown, ablate):
    """Yield, for each visit to the prefix tree, the visit and an lstm.Step of (nodes, H) arrays for each layer."""
    if not sentences or not all(sentences):
        raise MinilstmError("activity: expected at least one sentence, and none that is empty")
    levels = prefix_tree([model.encode(sentence, unknown) for sentence in sentences])
    ablated = by_layer(ablate, model.sizes)
    reader = Reader(model, [1] * len(model.sizes))  # one row: the network with these units ablated

    def ablate_units(k, gates, h, C):
        h[..., ablated[k]] = 0

    def read(states, parents, words):
        every_layers = []

        def keep_gates(k, gates, h, C):
            ablate_units(k, gates, h, C)
            every_layers.append(gates)

        return reader.read(states[0], parents, words, keep_gates), every_layers

    start = reader.start(model.initial_state(state, ablate=ablate), ablate_units), None
    for visit in walk(levels, start, read, reader.width):
        steps = []
        for (h, C), gates in zip(*visit.states, strict=True):
            i, f, C_tilde, o = np.split(gates[:, 0], 4, axis=-1)
            steps.append(lstm.Step(i, f, o, C_tilde, C[:, 0], h[:, 0]))
        yield visit, steps
