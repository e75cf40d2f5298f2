"""Attribution patching: what exchanging each variable of each unit at each word would change, by one backward pass.

Each variable's difference between the sentences times the derivative of the choice by it approximates every exact patch
(`exchange.py`) at once. It is right to first order, and says nothing of a gate that is saturated here and would not be
there.

References
----------
Nanda, N. (2023). Attribution patching: activation patching at industrial scale. neelnanda.io.
"""

import numpy as np

from ..lstm import Step
from ..training.backpropagation import derivatives, through_gates


def exchange_by_gradient(model, bases, sources, state="context", unknown="error"):
    """Effect of every `exchange.exchange` of one variable of one unit at one word, to first order.

    One forward pass of bases and sources, one backward pass of the bases.

    Parameters
    ----------
    model : LanguageModel
    bases, sources : sequences of stimuli.Item
        See `stimuli.pairs`; all of one length.
    state : None, "context" or lstm.State
    unknown : {"error", "<unk>"}

    Returns
    -------
    dict of str to (steps, units, pairs) array
        For each of i, f, o, C_tilde, C and h: (its value in the source - in the base) * d margin / d it. Units are
        those of all layers.
    """
    base, source = (model.trace([item.prefix for item in items], state, (), unknown) for items in (bases, sources))
    start = model.initial_state(state, len(bases))
    weights, _ = model.contrast([item.right for item in bases], [item.wrong for item in bases])
    dh_above = np.zeros((len(bases[0].prefix), *weights.shape), model.dtype)  # (steps, pairs, H)
    dh_above[-1] = weights  # the margin is linear in the last h
    effects = {name: [] for name in Step._fields}
    for k in reversed(range(len(model.sizes))):
        W, U, _ = model.layers[k]
        steps = [Step(*(getattr(base, name)[k][t] for name in Step._fields)) for t in range(len(dh_above))]
        C_start = np.zeros_like(steps[0].C) if start is None else start.C[k]
        below = np.empty((*dh_above.shape[:2], W.shape[1]), model.dtype)
        dh, dC = np.zeros_like(dh_above[0]), np.zeros_like(dh_above[0])
        gradients = [None] * len(steps)
        for t in reversed(range(len(steps))):
            C_prev, dh = steps[t - 1].C if t else C_start, dh + dh_above[t]
            gradients[t] = d = derivatives(steps[t], C_prev, dh, dC)
            dz, dC = through_gates(steps[t], d), d.C * steps[t].f
            dh, below[t] = dz @ U, dz @ W
        for name, layers in effects.items():
            gradient = np.stack([getattr(gradient, name) for gradient in gradients])
            layers.insert(0, (getattr(source, name)[k] - getattr(base, name)[k]) * gradient)  # (steps, pairs, H)
        dh_above = below
    return {name: np.concatenate(layers, axis=2).swapaxes(1, 2) for name, layers in effects.items()}
