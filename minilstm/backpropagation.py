r"""Truncated back-propagation through time, with its derivation; plain NumPy, and the file to read about learning.

The loss L is the mean of -log p(next word) over a chunk of text. Write dv for the derivative of L with respect to v.
Walking Eqs. 1-2 backwards from the last word of the chunk, each unit receives dh_t from three readers of its hidden
state (the layer above or the decoder, and the four gates of its own layer one word later) and dC_t from one reader of
its cell (itself, one word later)::

    h_t = o_t tanh(C_t)               do    = dh tanh(C)
                                      dC   += dh o (1 - tanh(C)^2)
    C_t = f_t C_{t-1} + i_t C~_t      df    = dC C_{t-1}
                                      di    = dC C~
                                      dC~   = dC i
                                      dC_{t-1} = dC f               the path along which an LSTM remembers
    i = sigmoid(z_i), and f, o        dz_i  = di i (1 - i)
    C~ = tanh(z_g)                    dz_g  = dC~ (1 - C~^2)
    z_t = W x_t + U h_{t-1} + b       dx_t     = W^T dz_t           to the layer below
                                      dh_{t-1} = U^T dz_t           to the word before
                                      dW = sum_t dz_t x_t^T,  dU = sum_t dz_t h_{t-1}^T,  db = sum_t dz_t

It is truncated because the state that a chunk starts from is taken as given: no derivative flows into the chunk before.
At the top, p = softmax(logits), and d logits = (p - 1 at the word that came) / number of words.

`training_kernels.py` has the two inner loops in Numba, tested equal to these.
"""

import numpy as np

from . import kernels
from .jit import COMPILED

ROWS = 512  # predictions whose logits are worked on at once
NOBODY = np.empty(0, np.intp)  # no unit is ablated while a model learns


def recur_backward(gates, C, dh, U):
    """Eqs. 1-2 backwards through one layer and one chunk.

    Parameters
    ----------
    gates : (steps, batch, 4 * H) array
        In: i, f, C_tilde, o. Out: their dz.
    C : (steps + 1, batch, H) array
        Cells, the initial one first.
    dh : (steps, batch, H) array
        What the layer above or the decoder sends. Out: with what the next word's gates send added.
    U : (4 * H, H) array
    """
    dC = np.zeros_like(C[0])
    for t in reversed(range(len(gates))):
        i, f, C_tilde, o = np.split(gates[t], 4, axis=-1)  # (batch, H) each
        tanh_C = np.tanh(C[t + 1])
        dC = dC + dh[t] * o * (1 - tanh_C**2)
        dz_i = dC * C_tilde * i * (1 - i)
        dz_f = dC * C[t] * f * (1 - f)
        dz_g = dC * i * (1 - C_tilde**2)
        dz_o = dh[t] * tanh_C * o * (1 - o)
        dC = dC * f
        gates[t] = np.concatenate([dz_i, dz_f, dz_g, dz_o], axis=-1)
        if t:
            dh[t - 1] += gates[t] @ U


def cross_entropy(logits, targets, n):
    """Sum over rows of -log softmax(logits)[target] / n; `logits` (rows, V) becomes its own derivative."""
    rows = np.arange(len(logits))
    logits -= logits.max(axis=1, keepdims=True)
    kept = logits[rows, targets]
    np.exp(logits, out=logits)
    total = logits.sum(axis=1)
    logits /= total[:, None]
    logits[rows, targets] -= 1
    logits /= n
    return float(np.sum(np.log(total) - kept, dtype=np.float64)) / n


def add_rows(total, rows, values):
    """total[rows[k]] += values[k] for every k, also where a row comes up more than once."""
    np.add.at(total, rows, values)


if COMPILED:
    from .training_kernels import add_rows, cross_entropy, recur_backward  # noqa: F811  the same, fast


def loss_and_gradients(parameters, inputs, targets, state, masks=None):
    """Read one chunk, predict each next word, and differentiate the mean loss with respect to every weight.

    The input products of the first layer are looked up: there are fewer words in the vocabulary than in a chunk, so
    W x is computed once for each word of the vocabulary, and derivatives are summed by word before they are used.

    Parameters
    ----------
    parameters : dict of arrays
        "embedding" (V, E); "W0", "U0", "b0", "W1", ... as in `lstm.Layer`; "decoder_weight" (V, H), "decoder_bias" (V,).
    inputs, targets : (steps, batch) int arrays
        The words read, and the words to be predicted after each.
    state : list of (h, C), one a layer, (batch, H) each
    masks : list of arrays or None, optional
        For each layer a factor (steps, batch, H) on what it sends upward: dropout.

    Returns
    -------
    loss : float
        Mean -log p of the targets, in nats.
    gradients : dict of arrays
        As `parameters`.
    state : list of (h, C)
        After the last word.
    """
    p, layers = parameters, range(len(state))
    steps, batch = inputs.shape
    masks = masks or [None] * len(layers)
    x, kept, after = None, [], []  # x: what a layer reads, (steps, batch, D)
    for k in layers:
        H = p[f"U{k}"].shape[1]
        if k == 0:
            gates = (p["embedding"] @ p["W0"].T + p["b0"])[inputs]  # (steps, batch, 4 * H)
        else:
            gates = np.matmul(x, p[f"W{k}"].T)
            gates += p[f"b{k}"]
        h, C = np.empty((2, steps + 1, batch, H), gates.dtype)
        h[0], C[0] = state[k]
        kernels.recur(gates, np.ascontiguousarray(p[f"U{k}"].T), h, C, NOBODY)
        kept.append((x, gates, h, C))
        after.append((h[-1].copy(), C[-1].copy()))
        x = h[1:] if masks[k] is None else h[1:] * masks[k]

    top = x.reshape(steps * batch, -1)
    loss, dx, gradients = _decode(p["decoder_weight"], p["decoder_bias"], top, targets.reshape(-1))
    dx = dx.reshape(steps, batch, -1)
    for k in reversed(layers):
        x, gates, h, C = kept[k]
        dh = dx if masks[k] is None else dx * masks[k]
        recur_backward(gates, C, dh, p[f"U{k}"])
        dz = gates.reshape(steps * batch, -1)  # (steps * batch, 4 * H)
        gradients[f"U{k}"] = dz.T @ h[:-1].reshape(steps * batch, -1)
        if k:
            gradients[f"b{k}"] = dz.sum(axis=0)
            gradients[f"W{k}"] = dz.T @ x.reshape(steps * batch, -1)
            dx = (dz @ p[f"W{k}"]).reshape(steps, batch, -1)
    by_word = np.zeros((len(p["embedding"]), dz.shape[1]), dz.dtype)  # (V, 4 * H)
    add_rows(by_word, inputs.reshape(-1), dz)
    gradients["b0"] = by_word.sum(axis=0)
    gradients["W0"] = by_word.T @ p["embedding"]
    gradients["embedding"] = by_word @ p["W0"]
    return loss, gradients, after


def _decode(weight, bias, top, targets):
    """Predict from the last layer's h (rows, H), a block of rows at a time so that their logits stay in the cache.

    Returns the mean loss, its derivative with respect to `top`, and the decoder's gradients.
    """
    rows, loss = len(top), 0.0
    d_top, d_weight, d_bias = np.empty_like(top), np.zeros_like(weight), np.zeros_like(bias)
    for start in range(0, rows, ROWS):
        here = slice(start, start + ROWS)
        logits = top[here] @ weight.T  # (block, V)
        logits += bias
        loss += cross_entropy(logits, targets[here], rows)
        d_top[here] = logits @ weight
        d_weight += logits.T @ top[here]
        d_bias += logits.sum(axis=0)
    return loss, d_top, {"decoder_weight": d_weight, "decoder_bias": d_bias}
