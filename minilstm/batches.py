"""Many sentences through one model, as many at a time as a fixed amount of memory holds."""

import numpy as np

VALUES = 6  # what a Trace keeps of each unit at each word: i, f, o, C~, C, h
BYTES = 2**25  # for one Trace


def traces(model, sentences, state="context", ablate=(), unknown="error", room=BYTES):
    """Read sentences of any lengths, those of one length together.

    Parameters
    ----------
    model : LanguageModel
    sentences : sequence of sequences of str
    state : None, "context" or lstm.State with a batch of 1
        What each sentence is read from.
    ablate : iterable of int
        Units whose h is 0 at every step, the context's included; in the paper's numbers.
    unknown : {"error", "<unk>"}
    room : int
        Bytes that a Trace may take; one sentence is read however long it is.

    Yields
    ------
    indices : (batch,) int array
        Which of the sentences these are.
    trace : lstm.Trace
        Arrays (layers, steps, batch, units).
    """
    if isinstance(state, str) and state == "context":
        state = model.context_state(ablate)  # once, not once a batch
    lengths = np.array([len(sentence) for sentence in sentences])
    for length in np.unique(lengths):
        alike = np.flatnonzero(lengths == length)
        size = max(1, room // (VALUES * int(length) * sum(model.sizes) * model.dtype.itemsize))
        for start in range(0, len(alike), size):
            indices = alike[start : start + size]
            yield indices, model.trace([sentences[k] for k in indices], state, ablate, unknown)


def pick(field, units, sizes):
    """Chosen units, in the order given, from one field of a Trace: (steps, batch, len(units)).

    Parameters
    ----------
    field : (layers, steps, batch, units) array, or a tuple of arrays, one a layer
    units : sequence of int
        In the paper's numbers; see `arguments.by_layer` for what is no unit.
    sizes : sequence of int
        The number of units of each layer.
    """
    first = np.cumsum([0, *sizes])  # of each layer, counted from 0 over all
    layer = np.searchsorted(first, np.asarray(units) - 1, side="right") - 1
    return np.stack([field[k][:, :, unit - 1 - first[k]] for k, unit in zip(layer, units, strict=True)], axis=-1)
