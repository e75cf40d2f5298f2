"""Cut the primary path from a noun to the verb, or all others: the gates by which are held at their means.

A gradient is no intervention; here the network answers with what is left.
"""

import numpy as np

from .. import lstm
from .number_agreement import by_condition, share_right

KEPT = "intact", "without 1st", "1st only", "without 2nd", "2nd only", "without both", "both only"


def accuracies(model, items, positions, state="context", unknown="error"):
    """Accuracy without the primary paths of some nouns, and with nothing else.

    C~ at its noun stands for a primary path: it alone is held at its mean over the sentences, or alone is not, and all
    other gates are. C and h follow as ever (Eqs. 1-2).

    Parameters
    ----------
    model : LanguageModel
    items : sequence of stimuli.Item
        Of one task and one length.
    positions : sequence of int
        At which words the nouns stand, one or two.

    Returns
    -------
    dict
        {(task, condition): accuracies}, the first 3 of `KEPT` for one noun, all for two.
    """
    sentences = [item.prefix for item in items]
    intact = model.trace(sentences, state, unknown=unknown)
    start = model.trace([()] * len(items), state).state
    weights, bias = model.contrast([item.right for item in items], [item.wrong for item in items])

    def margins(computed):
        h, C = map(list, start)
        for t, words in enumerate(zip(*sentences, strict=True)):
            x = model.embedding[model.encode(words, unknown)]
            for k, layer in enumerate(model.layers):
                step = lstm.step(x, h[k], C[k], *layer)
                i, f, o, C_tilde = (
                    getattr(step, gate) if computed(gate, t) else getattr(intact, gate)[k][t].mean(axis=0)
                    for gate in ("i", "f", "o", "C_tilde")
                )
                C[k] = f * C[k] + i * C_tilde  # Eq. 1
                h[k] = x = o * np.tanh(C[k])  # Eq. 2
        return (h[-1] * weights).sum(axis=1) + bias

    rows = [margins(lambda gate, t: True)]
    for places in [positions[:1], positions[1:], positions] if len(positions) > 1 else [positions]:
        for keep in (False, True):
            rows.append(margins(lambda gate, t, keep=keep, at=places: (gate == "C_tilde" and t in at) == keep))
    return {key: share_right(np.array(rows)[:, where]) for key, where in by_condition(items).items()}
