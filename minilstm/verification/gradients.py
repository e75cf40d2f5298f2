r"""The gradients of an LSTM in float64, from the plain equations; and what programs get wrong in them.

The loss is a weighted sum of what comes out, L = sum(loss_output * output) + sum(loss_h_n * h_n) + sum(loss_C_n * C_n),
with weights that the test vectors give. Write dv for the derivative of L with respect to v. At each word, from the last
to the first, a unit receives dh from the loss, the layer above and its own layer's gates one word later, and dC from
itself one word later::

    h = o tanh(C)            do    = dh tanh(C)            dC += dh o (1 - tanh(C)^2)
    C = f C_prev + i C~      df    = dC C_prev    di = dC C~    dC~ = dC i    dC_prev = dC f
    i = sigmoid(z_i)         dz_i  = di i (1 - i), and so for f and o
    C~ = tanh(z_g)           dz_g  = dC~ (1 - C~^2)
    z = W x + U h_prev + b   dx    = W^T dz       dh_prev = U^T dz
                             dW    = sum dz x^T   dU = sum dz h_prev^T   db = sum dz
"""

import numpy as np

from ..io.conventions import layers_to
from ..lstm import Layer
from .program import TRACES, forward

SLOPES = lambda s: s * (1 - s), lambda t: 1 - t**2  # of sigmoid and tanh, where they are s and t


def gradients(p, backward=None, carry=lambda dh, dC, t: (dh, dC), below=lambda dh: dh):
    """The derivatives of the loss.

    Parameters
    ----------
    p : Problem
        With `losses`: the weights of `output` (steps, batch, H), zero in the padding, `h_n`, `C_n` (layers, batch, H).
    backward, carry, below : callables
        Right as they are; a wrong one makes the gradients of a wrong program. `backward` is `cell_backward`, `carry`
        what word t > 0 sends to the word before it, `below` what a layer sends to the layer below.

    Returns
    -------
    dict
        `x`, `h_0`, `C_0`, arrays of the shapes of `p`; `W`, `U`, `b`, lists of one array a layer.
    """
    backward, traces, above, made = backward or cell_backward, forward(p), p.losses["output"], []
    for k in reversed(range(len(p.W))):
        W, U, steps = p.W[k], p.U[k], [traces[name][k] for name in TRACES]
        C_before, h_before = (
            np.concatenate([start[k : k + 1], a[:-1]]) for start, a in ((p.C_0, steps[4]), (p.h_0, steps[5]))
        )
        x = traces["h"][k - 1] if k else p.x
        z = np.einsum("tbd,gud->tbgu", x, W) + np.einsum("tbd,gud->tbgu", h_before, U) + p.b[k]
        dz, dh, dC = np.empty_like(z), 0, 0
        for t in reversed(range(len(x))):
            if t < len(x) - 1:
                dh, dC = carry(dh, dC, t + 1)
            last = (p.lengths - 1 == t)[:, None]
            dh, dC = dh + above[t] + last * p.losses["h_n"][k], dC + last * p.losses["C_n"][k]
            dz[t], dC = backward(dh, dC, [a[t] for a in steps], C_before[t], z[t])
            dh = np.einsum("bgu,gud->bd", dz[t], U)
        sums = np.einsum("tbgu,tbd->gud", dz, x), np.einsum("tbgu,tbd->gud", dz, h_before), dz.sum(axis=(0, 1))
        made.append((dh, dC, *sums))
        above = np.einsum("tbgu,gud->tbd", dz, W)
        above = below(above) if k else above
    h_0, C_0, *weights = zip(*made[::-1], strict=True)
    return {"x": above, "h_0": np.stack(h_0), "C_0": np.stack(C_0), **dict(zip("WUb", map(list, weights), strict=True))}


def cell_backward(dh, dC, step, C_prev, z, slopes=SLOPES, through=lambda o, tanh_C: o * (1 - tanh_C**2)):
    """One word of one layer: dz (batch, 4, H), blocks i f g o, and the dC of the word before."""
    i, f, o, C_tilde, C, _ = step
    of_sigmoid, of_tanh = slopes
    dC = dC + dh * through(o, np.tanh(C))
    dz_i = dC * C_tilde * of_sigmoid(i)
    dz_f = dC * C_prev * of_sigmoid(f)
    dz_g = dC * i * of_tanh(C_tilde)
    dz_o = dh * np.tanh(C) * of_sigmoid(o)
    return np.stack([dz_i, dz_f, dz_g, dz_o], axis=1), dC * f


def named(made, convention):
    """The gradients by the names in which they are handed in: `d_` before the name of what they belong to."""
    arrays = {name: made[name] for name in ("x", "h_0", "C_0")} | in_tensors(made, convention)
    return {f"d_{name}": array for name, array in arrays.items()}


def in_tensors(parts, convention):
    """Arrays of the shapes of W, U, b, in lists of one a layer, by a framework's names; b in each bias that it has.

    Where there are two, `b_hh` may hold what stands in the second one instead.
    """
    two, layers, second = convention != "keras", [], parts.get("b_hh", parts["b"])
    for W, U, b, b_hh in zip(*(parts[part] for part in "WUb"), second, strict=True):
        both = b.ravel() + two * b_hh.ravel()
        layers.append(Layer(W.reshape(-1, W.shape[2]), U.reshape(-1, U.shape[2]), both))
    return layers_to(layers, convention, recurrent_bias=[b.ravel() for b in second] if two else None)
