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

Sentences do not see each other until the derivatives of the weights are summed, so two threads read half of them each,
forwards and backwards. `training_kernels.py` has the inner loops in Numba, tested equal to these.
"""

import numpy as np

from ..fast.jit import COMPILED
from ..fast.threads import both
from ..lstm import sigmoid

ROWS = 512  # predictions whose logits are worked on at once


def recur(gates, U_T, h, C, first, last):
    """Eqs. 1-2 through one layer and one chunk, for the sentences from `first` to `last`.

    Parameters
    ----------
    gates : (steps, batch, 4 * H) array
        In: W x_t + b. Out: i, f, C_tilde, o.
    U_T : (H, 4 * H) array
    h, C : (steps + 1, batch, H) arrays
        In: the initial state at index 0. Out: the states after each word behind it.
    """
    now = slice(first, last)
    for t in range(len(gates)):
        i, f, C_tilde, o = np.split(gates[t, now] + h[t, now] @ U_T, 4, axis=-1)  # (sentences, H) each
        i, f, C_tilde, o = sigmoid(i), sigmoid(f), np.tanh(C_tilde), sigmoid(o)
        C[t + 1, now] = f * C[t, now] + i * C_tilde  # Eq. 1
        h[t + 1, now] = o * np.tanh(C[t + 1, now])  # Eq. 2
        gates[t, now] = np.concatenate([i, f, C_tilde, o], axis=-1)


def recur_backward(gates, C, dh, U, first, last):
    """Eqs. 1-2 backwards through one layer and one chunk, for the sentences from `first` to `last`.

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
    now = slice(first, last)
    dC = np.zeros_like(C[0, now])
    for t in reversed(range(len(gates))):
        i, f, C_tilde, o = np.split(gates[t, now], 4, axis=-1)  # (sentences, H) each
        tanh_C = np.tanh(C[t + 1, now])
        dC = dC + dh[t, now] * o * (1 - tanh_C**2)
        dz_i = dC * C_tilde * i * (1 - i)
        dz_f = dC * C[t, now] * f * (1 - f)
        dz_g = dC * i * (1 - C_tilde**2)
        dz_o = dh[t, now] * tanh_C * o * (1 - o)
        dC = dC * f
        gates[t, now] = np.concatenate([dz_i, dz_f, dz_g, dz_o], axis=-1)
        if t:
            dh[t - 1, now] += gates[t, now] @ U


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
    from .kernels import add_rows, cross_entropy, recur, recur_backward  # noqa: F811  the same, fast


def loss_and_gradients(parameters, inputs, targets, state, masks=None, room=None):
    """Read one chunk, predict each next word, and differentiate the mean loss with respect to every weight.

    The input products of the first layer are looked up: there are fewer words in the vocabulary than in a chunk, so
    W x is computed once for each word of the vocabulary, and derivatives are summed by word before they are used.

    Parameters
    ----------
    parameters : dict of arrays
        "embedding" (V, E); "W0", "U0", "b0", "W1", ... as in `lstm.Layer`; "decoder_weight" (V, H), "decoder_bias"
        (V,); all float32 or all float64.
    inputs, targets : (steps, batch) int arrays
        The words read, and the words to be predicted after each.
    state : list of (h, C), one a layer, (batch, H) each
    masks : list of arrays or None, optional
        For each layer a factor (steps, batch, H) on what it sends upward: dropout.
    room : dict, optional
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
    dtype, sizes, room = p["decoder_weight"].dtype, [p[f"U{k}"].shape[1] for k in layers], {} if room is None else room

    def kept(name, *shape):
        """The array of this name, left from the chunk before if that was of the same shape and precision."""
        if name not in room or (room[name].shape, room[name].dtype) != (shape, dtype):
            room[name] = np.empty(shape, dtype)
        return room[name]

    gates = [kept(f"gates{k}", steps, batch, 4 * H) for k, H in enumerate(sizes)]
    h, C = ([kept(f"{name}{k}", steps + 1, batch, H) for k, H in enumerate(sizes)] for name in "hC")
    sent = [h[k][1:] if masks[k] is None else kept(f"sent{k}", steps, batch, H) for k, H in enumerate(sizes)]  # upward
    table = p["embedding"] @ p["W0"].T + p["b0"]  # (V, 4 * H)
    U_T = [np.ascontiguousarray(p[f"U{k}"].T) for k in layers]

    def forward(first, last):
        now = slice(first, last)
        for k in layers:
            z = kept(f"z{k} {first}", steps, last - first, 4 * sizes[k])
            if k == 0:
                np.take(table, inputs[:, now], axis=0, out=z, mode="clip")  # the default copies once more, to check
            else:
                _product(sent[k - 1][:, now], p[f"W{k}"].T, z)
                z += p[f"b{k}"]
            gates[k][:, now] = z
            h[k][0, now], C[k][0, now] = (array[now] for array in state[k])
            recur(gates[k], U_T[k], h[k], C[k], first, last)
            if masks[k] is not None:
                sent[k][:, now] = h[k][1:, now] * masks[k][:, now]

    _halves(forward, batch)
    top = sent[-1].reshape(steps * batch, -1)
    loss, d_top, gradients = _decode(p["decoder_weight"], p["decoder_bias"], top, targets.reshape(-1))
    dh = [kept(f"dh{k}", steps, batch, H) for k, H in enumerate(sizes[:-1])] + [d_top.reshape(steps, batch, -1)]

    def backward(first, last):
        now = slice(first, last)
        for k in reversed(layers):
            if masks[k] is not None:
                dh[k][:, now] *= masks[k][:, now]
            recur_backward(gates[k], C[k], dh[k], p[f"U{k}"], first, last)  # gates become dz
            if k:
                sent_down = kept(f"dh{k} {first}", steps, last - first, sizes[k - 1])
                _product(gates[k][:, now], p[f"W{k}"], sent_down)
                dh[k - 1][:, now] = sent_down

    _halves(backward, batch)
    dz = [array.reshape(steps * batch, -1) for array in gates]  # (steps * batch, 4 * H)

    def recurrent():
        for k in layers:
            gradients[f"U{k}"] = dz[k].T @ h[k][:-1].reshape(steps * batch, -1)

    def inward():
        for k in layers[1:]:
            gradients[f"b{k}"] = dz[k].sum(axis=0)
            gradients[f"W{k}"] = dz[k].T @ sent[k - 1].reshape(steps * batch, -1)
        by_word = np.zeros((len(p["embedding"]), dz[0].shape[1]), dtype)  # (V, 4 * H)
        add_rows(by_word, inputs.reshape(-1), dz[0])
        gradients["b0"] = by_word.sum(axis=0)
        gradients["W0"] = by_word.T @ p["embedding"]
        gradients["embedding"] = by_word @ p["W0"]

    both(recurrent, inward)
    return loss, gradients, [(h[k][-1].copy(), C[k][-1].copy()) for k in layers]


def _product(x, weights, out):
    """out = x @ weights in two dimensions, because NumPy makes `steps` products out of a three-dimensional one."""
    np.matmul(x.reshape(-1, x.shape[2]), weights, out=out.reshape(-1, out.shape[2]))


def _halves(work, n):
    """Call work(first, last) for the first and for the second half of n things, by two threads if there are two."""
    both(lambda: work(0, n // 2), lambda: work(n // 2, n))


def _decode(weight, bias, top, targets):
    """Predict from the last layer's h (rows, H), a block of rows at a time so that their logits stay in the cache.

    Returns the mean loss, its derivative with respect to `top`, and the decoder's gradients.
    """
    rows = len(top)
    d_top, parts = np.empty_like(top), [None] * -(-rows // ROWS)

    def blocks(first, last):
        for block in range(first, last):
            here = slice(block * ROWS, (block + 1) * ROWS)
            logits = top[here] @ weight.T  # (ROWS, V)
            logits += bias
            loss = cross_entropy(logits, targets[here], rows)
            d_top[here] = logits @ weight
            parts[block] = loss, logits.T @ top[here], logits.sum(axis=0)

    _halves(blocks, len(parts))
    loss, d_weight, d_bias = 0.0, np.zeros_like(weight), np.zeros_like(bias)
    for part in parts:  # in this order, whoever was first
        loss, d_weight, d_bias = loss + part[0], d_weight + part[1], d_bias + part[2]
    return loss, d_top, {"decoder_weight": d_weight, "decoder_bias": d_bias}
