"""Directions of the last layer's C along which number lies: fitted to cells, or learned from what the verb does.

Fitted to the cells after singular and after plural subjects: the difference of the means, and the direction of linear
discriminant analysis, which weighs it by the noise. Both say where number can be read.

Learned by interchange (distributed alignment search, here for one dimension): in pairs of sentences that differ in the
number of the subject, C of the one is moved along a direction d of length 1 to where it is in the other,

    C' = C + (d . (C_source - C)) d

and d is the one that moves the choice of the verb farthest. It says what is used. With g, the derivative of the margin
by C', that by d is (g . d) (C_source - C) + (d . (C_source - C)) g; g comes back from the verb word by word.

What turns the verb farthest need not be what tells the sentences apart: a direction may also reach what no sentence
does, so that all of C moves the verb less than a part of it (Makelov et al., 2024).

References
----------
Geiger, A., Wu, Z., Potts, C., Icard, T. and Goodman, N. (2024). Finding alignments between interpretable causal
variables and distributed neural representations. CLeaR.
Makelov, A., Lange, G., Geiger, A. and Nanda, N. (2024). Is this the subspace you are looking for? An interpretability
illusion for subspace activation patching. ICLR.
"""

import numpy as np

from ..lstm import Layer, step
from ..stimuli import steps_that_differ
from ..training.backpropagation import backward


def fitted_directions(C, plural):
    """The directions along which cells after singular and after plural subjects differ.

    Parameters
    ----------
    C : (sentences, H) array
    plural : (sentences,) bool array

    Returns
    -------
    (2, H) array
        The difference of the means, and LDA's, each of length 1.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> plural = np.arange(400) % 2 == 1
    >>> C = rng.normal(size=(400, 2)) + 3 * plural[:, None]  # number is the sum of two units
    >>> fitted_directions(C, plural).round(1)
    array([[0.7, 0.7],
           [0.7, 0.7]])
    """
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    C = C.astype(np.float64)
    means = C[plural].mean(axis=0) - C[~plural].mean(axis=0)
    lda = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto").fit(C, plural).coef_[0]
    return np.stack([vector / (np.linalg.norm(vector) or 1) for vector in (means, lda)])  # zero: there is none


def learned_direction(model, bases, sources, start, at=0, state="context", unknown="error"):
    """The direction along which interchange of C moves the choice of the verb form farthest, by gradient.

    Parameters
    ----------
    model : LanguageModel
    bases, sources : sequences of stimuli.Item
        See `stimuli.pairs`; all of one length.
    start : (H,) array
        The direction that the search begins with. What is found moves the mean margin at least as far.
    at : int
        At which word: 0 is the first in which the two sentences differ.
    state : None, "context" or lstm.State
    unknown : {"error", "<unk>"}

    Returns
    -------
    (H,) array
        Of length 1.
    """
    from scipy.optimize import minimize

    margin = margin_along(model, bases, sources, at, state, unknown)

    def loss(vector):
        length = np.linalg.norm(vector)
        direction = vector / length
        value, gradient = margin(direction)
        return value, (gradient - (gradient @ direction) * direction) / length  # a longer vector changes nothing

    direction = minimize(loss, start, jac=True, method="L-BFGS-B").x
    return direction / np.linalg.norm(direction)


def margin_along(model, bases, sources, at=0, state="context", unknown="error"):
    """The mean margin with C of the last layer moved along a direction, as `exchange.exchange_along`, and its gradient.

    The layers below are as they were, so only the last one reads on from the word.

    Parameters
    ----------
    model, bases, sources, at, state, unknown
        As in `learned_direction`.

    Returns
    -------
    callable
        (H,) array -> (float, (H,) array), in float64: log p(right) - log p(wrong) of the bases' forms, and its
        derivative by the direction.
    """
    t = steps_that_differ(bases, sources)[0] + at
    base, source = (model.trace([item.prefix for item in items], state, (), unknown) for items in (bases, sources))
    below = base.h[-2] if len(model.layers) > 1 else model.embedding[_ids(model, bases, unknown)]
    below = np.float64(below)  # (steps, pairs, units)
    layer = Layer(*map(np.float64, model.layers[-1]))
    weights, bias = map(np.float64, model.contrast([item.right for item in bases], [item.wrong for item in bases]))
    o, C_base, C_source = np.float64(base.o[-1][t]), np.float64(base.C[-1][t]), np.float64(source.C[-1][t])
    apart = C_source - C_base  # (pairs, H)

    def margin(direction):
        C = C_base + np.outer(apart @ direction, direction)
        words, now = [], (o * np.tanh(C), C)  # h and C
        for x in below[t + 1 :]:
            words.append((step(x, *now, *layer), now[1]))
            now = words[-1][0].h, words[-1][0].C
        value = ((now[0] * weights).sum(axis=1) + bias).mean()
        dh, dC = weights / len(weights), 0
        for one, C_prev in reversed(words):
            dz, dC = backward(one, C_prev, dh, dC)
            dh = dz @ layer.U
        dC = dC + dh * o * (1 - np.tanh(C) ** 2)  # Eq. 2
        return value, (dC @ direction) @ apart + (apart @ direction) @ dC

    return margin


def _ids(model, items, unknown):
    """The words of sentences of one length: (steps, sentences)."""
    return np.stack([model.encode(item.prefix, unknown) for item in items], axis=1)
