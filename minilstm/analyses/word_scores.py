"""log p of every word of whole sentences."""

import numpy as np

from ..activity import activity
from ..language_model import log_softmax

SENTENCES_AT_ONCE = 256  # sentences whose states are in memory at a time
WORDS_AT_ONCE = 64  # words whose logits are


def word_scores(model, sentences, state="context", unknown="error"):
    """log p of every word of sentences, given the state and the words before it.

    Equal beginnings share one computation, states and logits alike.

    Parameters
    ----------
    model : LanguageModel
    sentences : sequence of sequences of str
    state : None, "context" or lstm.State with a batch of 1
    unknown : {"error", "<unk>"}

    Returns
    -------
    list of (words,) float64 arrays
        In nats.
    """
    state = model.initial_state(state)
    before = np.zeros(model.sizes[-1], model.dtype) if state is None else state[0][-1][0]  # h that predicts word 1
    encoded = [model.encode(sentence, unknown) for sentence in sentences]
    order = sorted(range(len(encoded)), key=lambda k: encoded[k].tolist())  # equal beginnings side by side
    scores = [None] * len(encoded)
    for start in range(0, len(order), SENTENCES_AT_ONCE):
        chunk = order[start : start + SENTENCES_AT_ONCE]
        h = activity(model, [sentences[k] for k in chunk], "h", state, unknown)[..., -model.sizes[-1] :]
        rows, predicting, wanted = {}, [], []  # {prefix: its row}, h after it; (row, the word after it)
        for k, states in zip(chunk, h, strict=True):
            for t, word in enumerate(encoded[k]):
                prefix = encoded[k][:t].tobytes()
                if prefix not in rows:
                    rows[prefix] = len(predicting)
                    predicting.append(states[t - 1] if t else before)
                wanted.append((rows[prefix], word))
        log_p = _log_probabilities(model, np.array(predicting), wanted)
        ends = np.cumsum([len(encoded[k]) for k in chunk])
        for k, words in zip(chunk, np.split(log_p, ends[:-1]), strict=True):
            scores[k] = words
    return scores


def _log_probabilities(model, h, wanted):
    """log p of words, each given by (row of h, index in the vocabulary): (wanted,) float64."""
    rows, words = np.array(wanted).T
    log_p = np.empty(len(rows))
    for start in range(0, len(h), WORDS_AT_ONCE):
        block = log_softmax(h[start : start + WORDS_AT_ONCE] @ model.decoder_weight.T + model.decoder_bias)  # (rows, V)
        here = (start <= rows) & (rows < start + WORDS_AT_ONCE)
        log_p[here] = block[rows[here] - start, words[here]]
    return log_p


def readable(good, bad, known, unknown):
    """Return whether two sentences can be compared: all words known, or at least those that only one of them has."""
    return known.issuperset({*good, *bad} if unknown == "error" else {*good} ^ {*bad})
