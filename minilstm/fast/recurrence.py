"""The recurrence of `lstm.py` made fast: compiled loops around BLAS, tested equal to the plain code.

Three things make the difference. The products with the inputs do not depend on the recurrence, so one large product
serves the whole sequence. The four gates, the cell and the hidden state of a word are computed in one pass over the
pre-activations, which afterwards hold the gates themselves (`gates.py`). And for a few sentences the whole loop over
words runs compiled, since there a call of BLAS, or of anything else from Python, costs more than it saves.
"""

import numpy as np

from .. import lstm
from ..checks import check, pack
from .gates import gates
from .jit import compiled

FEW = 8  # from this many sentences on, a product belongs to BLAS
ROWS = 2048  # steps times sentences that `read` takes at a time
NO_UNITS = np.empty(0, np.intp)


def prepare(layers, dtype):
    """Layers in one precision, their weights stored by columns: so W.T and U.T, by which is multiplied, are contiguous.

    Parameters
    ----------
    layers : sequence of lstm.Layer
    dtype : {"float32", "float64"} or NumPy's

    Returns
    -------
    tuple of lstm.Layer
        Arrays that are so already are not copied.
    """
    return tuple(lstm.Layer(*(np.asarray(weights, dtype, order="F") for weights in layer)) for layer in layers)


def run(x, layers, state=None, ablate=()):
    """Compute what `lstm.run` does, from the same arguments, with the same errors; layers may be prepared."""
    x, h_start, C_start, ablated = check(x, layers, state, ablate)
    steps, batch = x.shape[:2]
    traces, h_end, C_end = [], [], []  # one entry a layer
    for layer, h_0, C_0, units in zip(prepare(layers, x.dtype), h_start, C_start, ablated, strict=True):
        h, C = _states(steps, h_0, C_0, units)
        z = inputs_to(layer, x)  # (steps, batch, 4 * H)
        recur(z, layer.U.T, h, C, units)
        i, f, C_tilde, o = np.split(z, 4, axis=-1)  # (steps, batch, H) each
        traces.append(lstm.Step(i, f, o, C_tilde, C[1:], h[1:]))
        h_end.append(h[-1].copy())
        C_end.append(C[-1].copy())
        x = h[1:]
    i, f, o, C_tilde, C, h = (pack(of_layers) for of_layers in zip(*traces, strict=True))
    return lstm.Trace(i, f, o, C_tilde, C, h, lstm.State(pack(h_end), pack(C_end)))


def read(x, layers, state=None, ablate=()):
    """Compute what `run` does without keeping it: for all who ask for nothing but the last layer's h.

    Arguments and errors are those of `run`.

    Returns
    -------
    h : (1 + steps, batch, H) array
        Of the last layer, before the first word and after each.
    state : lstm.State
        Of all layers, after the last word.
    """
    x, h_now, C_now, ablated = check(x, layers, state, ablate)
    layers, h_now, C_now = prepare(layers, x.dtype), list(h_now), list(C_now)
    steps, batch, _ = x.shape
    size = max(1, ROWS // max(1, batch))  # words of a piece
    top = np.empty((1 + steps, *h_now[-1].shape), x.dtype)
    for start in range(0, max(1, steps), size):
        below = x[start : start + size]
        for k, (layer, units) in enumerate(zip(layers, ablated, strict=True)):
            h, C = _states(len(below), h_now[k], C_now[k], units)
            recur(inputs_to(layer, below), layer.U.T, h, C, units)
            h_now[k], C_now[k] = h[-1].copy(), C[-1].copy()
            below = h[1:]
        top[start : start + len(h)] = h
    return top, lstm.State(pack(h_now), pack(C_now))


def recur(z, U_T, h, C, ablated=NO_UNITS):
    """One layer reads a sequence, word by word.

    Parameters
    ----------
    z : (steps, batch, 4 * H) array
        In: W x + b. Out: the gates i, f, C_tilde, o.
    U_T : (H, 4 * H) array
    h, C : (steps + 1, batch, H) arrays
        In: the initial state at index 0. Out: the states after each word behind it.
    ablated : (n,) int array
        Units whose h is 0 at every step, counted from 0.
    """
    if z.shape[1] < FEW:
        recur_few(z, U_T, h, C, ablated)
    else:
        recur_many(z, U_T, h, C, ablated)


def recur_many(z, U_T, h, C, ablated):
    """`recur` with a product of BLAS at each word."""
    product = np.empty((1, *z.shape[1:]), z.dtype)
    for t in range(len(z)):
        np.matmul(h[t], U_T, out=product[0])
        gates(z[t : t + 1], product, C[t : t + 1], C[t + 1 : t + 2], h[t + 1 : t + 2])
        h[t + 1][:, ablated] = 0


@compiled
def recur_few(z, U_T, h, C, ablated):
    """The same, compiled as a whole."""
    recur_many(z, U_T, h, C, ablated)


def inputs_to(layer, x):
    """W x + b for x (.., .., D): what a layer receives from below, (.., .., 4 * H)."""
    inputs = product(x, layer.W.T)
    inputs += layer.b
    return inputs


def product(x, weights):
    """x @ weights as one product, where NumPy would make one for each index of the first of three dimensions."""
    return (x.reshape(-1, x.shape[2]) @ weights).reshape(*x.shape[:2], weights.shape[1])


def _states(steps, h_0, C_0, ablated):
    """h and C, (1 + steps, batch, H) each, with the initial state at index 0 and the rest to be filled in."""
    h, C = np.empty((2, 1 + steps, *h_0.shape), h_0.dtype)
    h[0], C[0] = h_0, C_0
    h[0][:, ablated] = 0
    return h, C
