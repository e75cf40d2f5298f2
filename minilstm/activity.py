"""h or C of every unit after every word of many sentences: what the analyses of sections 4.2 to 4.4 are made of."""

from dataclasses import replace

import numpy as np

from . import lstm
from .errors import MinilstmError


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


def activity(model, sentences, field, state="context", unknown="error"):
    """One field of the trace of many sentences, units of all layers side by side.

    Sentences that begin with the same words share one computation. That saves time, and it makes equal states equal bit
    for bit: a classifier that scales each unit to unit variance would blow up any difference in rounding.

    Parameters
    ----------
    model : LanguageModel
    sentences : sequence of sequences of str
    field : {"h", "C"}
    state : None, "context" or lstm.State with a batch of 1
        What each sentence is read from.
    unknown : {"error", "<unk>"}

    Returns
    -------
    (sentences, longest, units) array
        Column u is unit u + 1 in the paper's numbers; nan after a sentence's last word.
    """
    if field not in ("h", "C"):
        raise MinilstmError(f"field: expected 'h' or 'C', got {field!r}")
    if not sentences or not all(sentences):
        raise MinilstmError("activity: expected at least one sentence, and none that is empty")
    encoded = [model.encode(sentence, unknown) for sentence in sentences]
    lengths = np.array([len(words) for words in encoded])
    words = np.zeros((len(encoded), lengths.max()), np.int64)
    for row, sentence in zip(words, encoded, strict=True):
        row[: len(sentence)] = sentence
    h, C = (list(part) for part in _start(model, state))  # (prefixes, units) a layer; one prefix so far, the empty one
    prefix = np.zeros(len(encoded), np.int64)  # which of them each sentence has begun with
    found = np.full((*words.shape, sum(model.sizes)), np.nan, model.dtype)
    for t in range(words.shape[1]):
        going = lengths > t
        pairs, now = np.unique(prefix[going] * len(model.vocabulary) + words[going, t], return_inverse=True)
        before, word = np.divmod(pairs, len(model.vocabulary))
        x = model.embedding[word]  # (prefixes, E)
        for k, layer in enumerate(model.layers):
            step = lstm.step(x, h[k][before], C[k][before], *layer)
            x, h[k], C[k] = step.h, step.h, step.C
        prefix[going] = now
        found[going, t] = np.concatenate(h if field == "h" else C, axis=1)[now]
    return found


def _start(model, state):
    """h and C before the first word, each a list of (1, units) arrays, one a layer."""
    state = model.initial_state(state)
    if state is None:
        zero = [np.zeros((1, H), model.dtype) for H in model.sizes]
        return zero, zero
    return state
