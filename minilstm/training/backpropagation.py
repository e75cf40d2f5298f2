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

`backward` is this for one word, `recur_backward` for a layer and a chunk. What is marked `compiled` is written once
more as a loop for Numba (`fast/loops.py`), tested equal.
"""

import numpy as np

from ..fast.jit import compiled
from ..fast.recurrence import recur
from ..lstm import Step

BLOCK = 512  # predictions whose logits are worked on at once


def derivatives(step, C_prev, dh, dC):
    """Gradients of the loss with respect to each quantity of a step.

    Parameters
    ----------
    step : lstm.Step
    C_prev : (batch, H) array
        The cell that the step started from.
    dh, dC : (batch, H) arrays
        Gradients with respect to h and C that come from their readers; to C, only from the word after.

    Returns
    -------
    lstm.Step
        di, df, do, dC~, dC and dh, (batch, H) each.
    """
    i, f, o, C_tilde, C, _ = step
    do = dh * np.tanh(C)
    dC = dC + dh * o * (1 - np.tanh(C) ** 2)
    return Step(dC * C_tilde, dC * C_prev, do, dC * i, dC, dh)


def through_gates(step, d):
    """dz, blocks i, f, g, o, (batch, 4 * H), from the `derivatives` of a step; dx, dh_{t-1}, dW, dU, db follow."""
    i, f, o, C_tilde, *_ = step
    dz_i, dz_f, dz_o = d.i * i * (1 - i), d.f * f * (1 - f), d.o * o * (1 - o)
    dz_g = d.C_tilde * (1 - C_tilde**2)
    return np.concatenate([dz_i, dz_f, dz_g, dz_o], axis=-1)


def backward(step, C_prev, dh, dC):
    """One layer and one word backwards, what `lstm.step` is forwards: dz and dC_prev; arguments as `derivatives`."""
    d = derivatives(step, C_prev, dh, dC)
    return through_gates(step, d), d.C * step.f


def recur_backward(gates, C, dh, U):
    """Walk backwards through one layer and one chunk.

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
        gates_backward(gates[t], C[t], C[t + 1], dh[t], dC)
        if t:
            dh[t - 1] += gates[t] @ U


@compiled
def gates_backward(gates, C_prev, C, dh, dC):
    """`backward` in place: `gates` (batch, 4 * H), i, f, C_tilde, o, become dz; dC becomes that of the word before."""
    i, f, C_tilde, o = np.split(gates, 4, axis=-1)  # (batch, H) each
    gates[...], dC[...] = backward(Step(i, f, o, C_tilde, C, None), C_prev, dh, dC)


@compiled
def cross_entropy(logits, targets, n):
    """Sum over rows of -log softmax(logits)[target] / n; `logits` (rows, V) becomes its own derivative."""
    rows = np.arange(len(logits))
    logits -= logits.max(axis=1, keepdims=True)
    of_target = logits[rows, targets]
    np.exp(logits, out=logits)
    total = logits.sum(axis=1)
    logits /= total[:, None]
    logits[rows, targets] -= 1
    logits /= n
    return float(np.sum(np.log(total) - of_target, dtype=np.float64)) / n


@compiled
def add_rows(total, rows, values):
    """total[rows[k]] += values[k] for every k, also where a row comes up more than once."""
    np.add.at(total, rows, values)


def loss_and_gradients(parameters, inputs, targets, state, masks=None, workspace=None):
    """Read one chunk, predict each next word, and differentiate the mean loss with respect to every weight.

    The input products of the first layer are looked up: there are fewer words in the vocabulary than in a chunk, so
    W x is computed once for each word of the vocabulary, and derivatives are summed by word before they are used.

    Parameters
    ----------
    parameters : dict of arrays
        "embedding" (V, E); "W0", "U0", "b0", "W1", ... as in `lstm.Layer`; "decoder_weight" (V, H), "decoder_bias"
        (V,); all float32 or all float64.
    inputs, targets : (steps, batch) int arrays
        The tokens read, and the tokens to be predicted after each.
    state : list of (h, C), one a layer, (batch, H) each
    masks : list of arrays or None, optional
        For each layer a factor (steps, batch, H) on what it sends upward: dropout.
    workspace : dict, optional
        Large arrays by name, kept here for the next chunk: new memory would take a tenth of the time.

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
    dtype, sizes = p["decoder_weight"].dtype, [p[f"U{k}"].shape[1] for k in layers]
    workspace = {} if workspace is None else workspace

    def buffer(name, *shape):
        """The array of this name, left from the chunk before if that was of the same shape and precision."""
        if name not in workspace or (workspace[name].shape, workspace[name].dtype) != (shape, dtype):
            workspace[name] = np.empty(shape, dtype)
        return workspace[name]

    gates = [buffer(f"gates{k}", steps, batch, 4 * H) for k, H in enumerate(sizes)]
    h, C = ([buffer(f"{name}{k}", steps + 1, batch, H) for k, H in enumerate(sizes)] for name in "hC")
    upward = [h[k][1:] if masks[k] is None else buffer(f"upward{k}", steps, batch, H) for k, H in enumerate(sizes)]

    for k in layers:  # forwards
        if k == 0:
            by_word = p["embedding"] @ p["W0"].T + p["b0"]  # (V, 4 * H)
            np.take(by_word, inputs, axis=0, out=gates[0], mode="clip")  # the default copies once more, to check
        else:
            _product(upward[k - 1], p[f"W{k}"].T, gates[k])
            gates[k] += p[f"b{k}"]
        h[k][0], C[k][0] = state[k]
        recur(gates[k], np.ascontiguousarray(p[f"U{k}"].T), h[k], C[k])
        if masks[k] is not None:
            np.multiply(h[k][1:], masks[k], out=upward[k])

    top = upward[-1].reshape(steps * batch, -1)
    loss, d_top, gradients = _decode(p["decoder_weight"], p["decoder_bias"], top, targets.reshape(-1))
    dh = [buffer(f"dh{k}", steps, batch, H) for k, H in enumerate(sizes[:-1])] + [d_top.reshape(steps, batch, -1)]

    for k in reversed(layers):  # backwards
        if masks[k] is not None:
            dh[k] *= masks[k]
        recur_backward(gates[k], C[k], dh[k], p[f"U{k}"])  # gates become dz
        dz = gates[k].reshape(steps * batch, -1)  # (steps * batch, 4 * H)
        gradients[f"U{k}"] = dz.T @ h[k][:-1].reshape(steps * batch, -1)
        if k:
            gradients[f"b{k}"] = dz.sum(axis=0)
            gradients[f"W{k}"] = dz.T @ upward[k - 1].reshape(steps * batch, -1)
            _product(gates[k], p[f"W{k}"], dh[k - 1])
        else:
            by_word = np.zeros((len(p["embedding"]), dz.shape[1]), dtype)  # (V, 4 * H)
            add_rows(by_word, inputs.reshape(-1), dz)
            gradients["b0"] = by_word.sum(axis=0)
            gradients["W0"] = by_word.T @ p["embedding"]
            gradients["embedding"] = by_word @ p["W0"]
    return loss, gradients, [(h[k][-1].copy(), C[k][-1].copy()) for k in layers]


def _product(x, weights, out):
    """out = x @ weights in two dimensions, because NumPy makes `steps` products out of a three-dimensional one."""
    np.matmul(x.reshape(-1, x.shape[2]), weights, out=out.reshape(-1, out.shape[2]))


def _decode(weight, bias, top, targets):
    """Predict from the last layer's h (rows, H), a block of rows at a time so that their logits stay in the cache.

    Returns the mean loss, its derivative with respect to `top`, and the decoder's gradients.
    """
    d_top, loss, d_weight, d_bias = np.empty_like(top), 0.0, np.zeros_like(weight), np.zeros_like(bias)
    for start in range(0, len(top), BLOCK):
        block = slice(start, start + BLOCK)
        logits = top[block] @ weight.T  # (BLOCK, V)
        logits += bias
        loss += cross_entropy(logits, targets[block], len(top))  # logits become their own derivative
        d_top[block] = logits @ weight
        d_weight += logits.T @ top[block]
        d_bias += logits.sum(axis=0)
    return loss, d_top, {"decoder_weight": d_weight, "decoder_bias": d_bias}
