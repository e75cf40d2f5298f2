"""Known mistakes in programs that differentiate an LSTM; the outputs of all of them are right."""

from dataclasses import replace
from functools import partial
from itertools import permutations

import numpy as np

from .gradients import SLOPES, cell_backward, gradients
from .program import GATES, sigmoid

BETWEEN_WORDS = {  # what is left of what a word sends back to the word before it
    "no gradient through the state": lambda dh, dC, t: (0 * dh, 0 * dC),
    "gradient through C only, none through h": lambda dh, dC, t: (0 * dh, dC),
    "gradient through h only, none through C": lambda dh, dC, t: (dh, 0 * dC),
}


def _preactivated(dh, dC, step, C_prev, z):
    """Pre-activations taken for gates and candidate throughout."""
    z_i, z_f, z_g, z_o = z.swapaxes(0, 1)
    return cell_backward(dh, dC, [z_i, z_f, z_o, z_g, *step[4:]], C_prev, z)


IN_THE_CELL = {
    "pre- for post-activations": _preactivated,
    "derivatives of the activations at the activations": partial(
        cell_backward, slopes=(lambda s: SLOPES[0](sigmoid(s)), lambda t: SLOPES[1](np.tanh(t)))
    ),
    "derivatives of the activations left out": partial(cell_backward, slopes=(np.ones_like, np.ones_like)),
    "tanh of C not differentiated": partial(cell_backward, through=lambda o, tanh_C: o),
    "o left out of dC": partial(cell_backward, through=lambda o, tanh_C: 1 - tanh_C**2),
}
ALL = "x", "h_0", "C_0", "W", "U", "b"
NEVER_LEARNED = {"bias": "b", "recurrent weights": "U", "input weights": "W"}


def wrong_gradients(p):
    """Each known mistake by its name: a function that returns what a program with it returns, as `gradients` does."""
    sizes = {"the batch": len(p.lengths), "the steps": len(p.x), "the words": int(p.lengths.sum())}
    changes = {name: {"carry": carry} for name, carry in BETWEEN_WORDS.items()}
    changes["no gradient from a layer to the layer below"] = {"below": lambda dh: 0 * dh}
    changes |= {name: {"backward": backward} for name, backward in IN_THE_CELL.items()}
    for span in range(2, len(p.x)):
        changes[f"truncated: nothing goes back over every step divisible by {span}"] = {
            "carry": lambda dh, dC, t, n=span: (dh * (t % n != 0), dC * (t % n != 0))
        }
    for order in permutations(GATES):
        if "".join(order) != GATES:
            taken = [GATES.index(gate) for gate in order]
            name = f"gate order {' '.join(order)} for {' '.join(GATES)} in the backward pass"
            changes[f"{name}, of the gates it reads"] = {"backward": partial(_reading, taken)}
            changes[f"{name}, of the derivatives it writes"] = {"backward": partial(_writing, taken)}
    known = {name: partial(gradients, p, **change) for name, change in changes.items()}
    for name in p.losses:
        without = replace(p, losses=p.losses | {name: 0 * p.losses[name]})
        known[f"the loss of {name} left out"] = partial(gradients, without)

    def scaled(factor, parts):
        return lambda: _scaled(gradients(p), factor, parts)

    known |= {f"{what} never learned": scaled(0, part) for what, part in NEVER_LEARNED.items()}
    if p.b_hh:
        known["first bias b_ih never learned"] = partial(_one_bias, p, 0, 1)
        known["second bias b_hh never learned"] = partial(_one_bias, p, 1, 0)
    known |= {f"weights' gradients averaged over {what}": scaled(1 / n, "WUb") for what, n in sizes.items()}
    known |= {f"all gradients averaged over {what}": scaled(1 / n, ALL) for what, n in sizes.items()}
    return known | {"all gradients doubled": scaled(2, ALL), "all gradients with the other sign": scaled(-1, ALL)}


def _reading(taken, dh, dC, step, *rest):
    """Gates and candidate are taken for each other."""
    i, f, o, C_tilde, *states = step
    i, f, C_tilde, o = ([i, f, C_tilde, o][k] for k in taken)
    return cell_backward(dh, dC, [i, f, o, C_tilde, *states], *rest)


def _writing(taken, *word):
    """The blocks of dz are."""
    dz, dC = cell_backward(*word)
    return dz[:, taken], dC


def _one_bias(p, first, second):
    """One bias has a gradient, the other none."""
    made = gradients(p)
    return made | {part: [factor * b for b in made["b"]] for part, factor in (("b", first), ("b_hh", second))}


def _scaled(made, factor, parts):
    """Gradients with those of `parts` times `factor`."""
    wrong = {part: [factor * a for a in made[part]] if part in "WUb" else factor * made[part] for part in parts}
    return made | wrong
