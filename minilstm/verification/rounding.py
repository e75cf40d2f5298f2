"""Growth of rounding: the distance to which it alone may carry a right program from the equations.

A program that computes in float32 returns about what an exact one would with weights that are off by half a unit in
their last place. How much that changes depends on the weights: large ones let errors grow from word to word and from
layer to layer, in some networks to anything at all.
"""

import numpy as np

from .comparing import TOLERANCES
from .program import RETURNED
from .wrong_weights import with_parts

HALF_UNIT = {"float64": 2.0**-53, "float32": 2.0**-24, "float16": 2.0**-11, "bfloat16": 2.0**-8}  # relative
DRAWS = 4
FEW = 64  # terms of a sum: with more of them, its own rounding counts
# what comes out for test vectors of the usual sizes, in units of the absolute tolerance: at most (of 40 seeds)
USUAL = {"float64": 0.25, "float32": 0.25, "float16": 0.6, "bfloat16": 0.8}
FURTHER = 3  # some draws do not find the worst: of 300 right programs some need 1.5 times what they find


def growth(p, right, run, precision):
    """By how many times the absolute tolerances have to be larger than for test vectors of the usual sizes, at least 1.

    Those of what h is in and of the cell, {"h": factor, "C": factor}.

    Parameters
    ----------
    p : Problem
    right : dict of str to array
        What `run(p)` returns.
    run : callable
        From a problem to the outputs of a right program.
    precision : str
    """
    rng, (rtol, atol), largest = np.random.default_rng(0), TOLERANCES[precision], {"h": 0.0, "C": 0.0}

    terms = p.W[-1].shape[-1] + p.U[-1].shape[-1]  # of the sum that a pre-activation is
    most = HALF_UNIT[precision] * max(1, (terms / FEW) ** 0.5)

    def off(array):
        return array * (1 + most * rng.uniform(-1, 1, array.shape))

    for _ in range(DRAWS):
        made = run(with_parts(p, W=off, U=off, b=off))
        for name in RETURNED:
            change = np.abs(made[name] - right[name]) - rtol * np.abs(right[name])
            largest["C"] = max(largest["C"], float(change.max()) / atol)  # of which h is made at every word
            if name != "C_n":
                largest["h"] = max(largest["h"], float(change.max()) / atol)
    return {which: 1 + FURTHER * max(0, n / USUAL[precision] - 1) for which, n in largest.items()}
