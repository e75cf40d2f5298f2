"""Known mistakes in programs that differentiate an LSTM; the outputs of all of them are right."""

from itertools import permutations

import numpy as np

from ..lstm import sigmoid
from .gradients import gradients, right_cell_backward
from .program import GATES


def wrong_gradients(p, losses):
    """Each known mistake by its name: a function that returns what a program with it returns, as `gradients` does."""

    def run(**wrong):
        return lambda: gradients(p, losses, **wrong)

    known = {
        "no gradient through the state": run(carry=lambda dh, dC, t: (0 * dh, 0 * dC)),
        "gradient through C only, none through h": run(carry=lambda dh, dC, t: (0 * dh, dC)),
        "gradient through h only, none through C": run(carry=lambda dh, dC, t: (dh, 0 * dC)),
        "no gradient from a layer to the layer below": run(below=lambda dh: 0 * dh),
        "pre- for post-activations": run(cell_backward=_preactivated),
        "derivatives of the activations at the activations": run(cell_backward=_sloped_at_activations),
        "derivatives of the activations left out": run(cell_backward=_without_slopes),
        "tanh of C not differentiated": run(cell_backward=_flat_tanh),
        "o left out of dC": run(cell_backward=_without_o),
        "the loss of C_n left out": _with_losses(p, losses, "C_n"),
        "the loss of h_n left out": _with_losses(p, losses, "h_n"),
        "the loss of output left out": _with_losses(p, losses, "output"),
        "bias never learned": lambda: _scaled(gradients(p, losses), "b", 0),
        "recurrent weights never learned": lambda: _scaled(gradients(p, losses), "U", 0),
        "input weights never learned": lambda: _scaled(gradients(p, losses), "W", 0),
    }
    everything = "WUb", "x", "h_0", "C_0"
    sizes = {"the batch": len(p.lengths), "the steps": len(p.x), "the words": int(p.lengths.sum())}
    for what, size in sizes.items():
        known[f"weights' gradients averaged over {what}"] = lambda n=size: _scaled(gradients(p, losses), "WUb", 1 / n)
        known[f"all gradients averaged over {what}"] = lambda n=size: _scaled(gradients(p, losses), *everything, 1 / n)
    known["all gradients doubled"] = lambda: _scaled(gradients(p, losses), *everything, 2)
    known["all gradients with the other sign"] = lambda: _scaled(gradients(p, losses), *everything, -1)
    for span in range(2, len(p.x)):
        known[f"truncated: nothing goes back over every step divisible by {span}"] = run(
            carry=lambda dh, dC, t, n=span: (dh * (t % n != 0), dC * (t % n != 0))
        )
    for order in permutations(GATES):
        if "".join(order) != GATES:
            taken = [GATES.index(gate) for gate in order]
            name = f"gate order {' '.join(order)} for {' '.join(GATES)} in the backward pass"
            known[f"{name}, of the gates it reads"] = run(cell_backward=_gates_reordered(taken))
            known[f"{name}, of the derivatives it writes"] = run(cell_backward=_written_in_order(taken))
    return known


def _preactivated(dh, dC, step, C_prev, z):
    """Pre-activations taken for gates and candidate throughout."""
    z_i, z_f, z_g, z_o = z.swapaxes(0, 1)
    return right_cell_backward(dh, dC, [z_i, z_f, z_o, z_g, *step[4:]], C_prev, z)


def _slopes(step, slope_of_sigmoid, slope_of_tanh):
    i, f, o, C_tilde, *_ = step
    return np.stack([slope_of_sigmoid(i), slope_of_sigmoid(f), slope_of_tanh(C_tilde), slope_of_sigmoid(o)], axis=1)


def _raw(dh, dC, step, C_prev, z):
    """The derivatives of gates and candidate, before those of their activations; and the dC of the word before."""
    i, f, o, C_tilde, C, _ = step
    dC = dC + dh * o * (1 - np.tanh(C) ** 2)
    return np.stack([dC * C_tilde, dC * C_prev, dC * i, dh * np.tanh(C)], axis=1), dC * f


def _sloped_at_activations(dh, dC, step, C_prev, z):
    raw, dC = _raw(dh, dC, step, C_prev, z)
    slopes = _slopes(step, lambda a: sigmoid(a) * (1 - sigmoid(a)), lambda a: 1 - np.tanh(a) ** 2)
    return raw * slopes, dC


def _without_slopes(dh, dC, step, C_prev, z):
    return _raw(dh, dC, step, C_prev, z)


def _flat_tanh(dh, dC, step, C_prev, z):
    """dC += dh o, as if h were o C."""
    return right_cell_backward(dh, dC + dh * step[2] * np.tanh(step[4]) ** 2, step, C_prev, z)


def _without_o(dh, dC, step, C_prev, z):
    """dC += dh (1 - tanh(C)^2)."""
    return right_cell_backward(dh, dC + dh * (1 - step[2]) * (1 - np.tanh(step[4]) ** 2), step, C_prev, z)


def _gates_reordered(taken):
    def wrong(dh, dC, step, C_prev, z):
        i, f, o, C_tilde, C, h = step
        i, f, C_tilde, o = ([i, f, C_tilde, o][k] for k in taken)
        return right_cell_backward(dh, dC, [i, f, o, C_tilde, C, h], C_prev, z)

    return wrong


def _written_in_order(taken):
    def wrong(dh, dC, step, C_prev, z):
        dz, dC = right_cell_backward(dh, dC, step, C_prev, z)
        return dz[:, taken], dC

    return wrong


def _with_losses(p, losses, without):
    return lambda: gradients(p, losses | {without: 0 * losses[without]})


def _scaled(made, *parts_and_factor):
    *parts, factor = parts_and_factor
    names = {name for part in parts for name in (part if set(part) <= set("WUb") else [part])}
    return {
        name: value if name not in names else [factor * a for a in value] if isinstance(value, list) else factor * value
        for name, value in made.items()
    }
