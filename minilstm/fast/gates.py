"""Gates, cell and hidden state from pre-activations, in place: Eqs. 1-2 for many rows at once.

In NumPy, z is read and written once for each operation of `lstm.step`. Compiled (see `jit.py`) it is a single pass.
"""

import numpy as np

from ..lstm import sigmoid
from .jit import compiled


@compiled
def gates(z, inputs, C_prev, C, h):
    """Compute one word, read by many networks or in many sentences.

    Parameters
    ----------
    z : (nodes, rows, 4 * H) array
        In: U h, what the layer's own hidden states contribute. Out: i, f, C_tilde, o.
    inputs : (nodes, n, 4 * H) array
        W x + b, what the word contributes. Rows from the n-th on take what row 0 of their node takes.
    C_prev : (nodes, rows, H) array
    C, h : (nodes, rows, H) arrays
        Out: the states after the word. They share no memory with the others.
    """
    n = inputs.shape[1]
    z[:, :n] += inputs
    z[:, n:] += inputs[:, :1]
    i, f, C_tilde, o = np.split(z, 4, axis=-1)  # views, (nodes, rows, H) each
    i[...], f[...], C_tilde[...], o[...] = sigmoid(i), sigmoid(f), np.tanh(C_tilde), sigmoid(o)
    C[...] = f * C_prev + i * C_tilde  # Eq. 1
    h[...] = o * np.tanh(C)  # Eq. 2
