"""Inexact kinds of departure: products and states in a coarser precision, weights in int8, dropout.

A simulation rounds as the program probably does, not in the same order: what it explains is most of the difference, not
all of it.
"""

from functools import partial

import numpy as np
from scipy.optimize import minimize_scalar

from .comparing import HALF, compare
from .program import cell, forward, matrix_of
from .wrong_weights import with_parts

BITS = {"TF32": 10, "float16": 10, "bfloat16": 7}  # of the mantissa, but for the leading one
INT8 = {"each array": (-3, -2, -1), "each gate": (-2, -1), "each row": (-1,)}
RATES = 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9  # of dropout
LARGEST = 10  # units, so that all sets of them can be tried


def rounded(array, bits):
    """`array` with so many bits behind the leading one, ties to even."""
    mantissa, exponent = np.frexp(array)
    return np.ldexp(np.round(np.ldexp(mantissa, bits + 1)), exponent - bits - 1)


def _to(name, array):
    """`array` in a coarser precision; float16 has steps of its own for small numbers."""
    return array.astype(np.float16).astype(np.float64) if name == "float16" else rounded(array, BITS[name])


def inexact(p, compared):
    """Pairs of a name and a function that returns about what a program returns.

    `compared`, a `Comparison` by name, is what such a program has returned; dropout, which is random, is found in it.
    """
    right = forward(p)
    for name, change in _roundings():
        yield f"outputs rounded to {name}", partial(_changed, right, change)
    for name, bits in {"TF32 or float16": BITS["TF32"], "bfloat16": BITS["bfloat16"]}.items():
        yield f"products in {name}", partial(forward, p, product=lambda a, b, bits=bits: rounded(a, bits) @ b)
    for name in HALF:
        yield f"products and their sums in {name}", partial(forward, p, product=_rounding(BITS[name]))
        for what in ("h", "C", "h and C"):
            for early in (True, False) if "C" in what else (True,):
                yield f"{what} kept in {name}", partial(forward, p, _keeping(what, BITS[name], early))
    for name, quantise in _in_steps(p):
        yield name, lambda make=quantise: forward(make())
        name = name.replace("weights", "weights and inputs")
        yield name, lambda make=quantise: forward(make(), product=_product_in_int8)
    output = compared.get("output")
    if output and output.precision in ("float32", "float64"):
        for where, drops, width in (("of the input", 0, p.x.shape[-1]), ("between the layers", 1, p.h_0.shape[-1])):
            if width <= LARGEST and (drops == 0 or len(p.W) == 2):
                rate, wrong = with_dropout(p, right, output.got, drops)
                if output.explained_by(wrong["output"]):  # so many sets are tried that to be near would mean nothing
                    yield f"dropout {where} left on, at a rate of {rate:.3g}", lambda wrong=wrong: wrong


def _roundings():
    """Precisions that right numbers may have been rounded to before they were handed in."""
    for name in HALF:
        yield name, partial(_to, name)
    for n in range(2, 11):
        yield f"{n} decimals", partial(np.round, decimals=n)
        yield f"{n} significant digits", partial(_significant, digits=n)
        yield f"multiples of 1/{2**n}", lambda a, n=n: np.round(a * 2**n) / 2**n


def _significant(array, digits):
    scale = 10.0 ** (digits - 1 - np.floor(np.log10(np.maximum(np.abs(array), 1e-30))))
    return np.round(array * scale) / scale


def _changed(outputs, change):
    return {name: change(array) for name, array in outputs.items()}


def _rounding(bits):
    return lambda a, b: rounded(rounded(a, bits) @ b, bits)


def _keeping(what, bits, early):
    """A cell that rounds h, C or both; C before h is made of it, or after."""

    def wrong(z, C):
        i, f, o, C_tilde, C, h = cell(z, C)
        kept = rounded(C, bits) if "C" in what else C
        h = o * np.tanh(kept) if early else h
        return i, f, o, C_tilde, kept, rounded(h, bits) if "h" in what else h

    return wrong


def throughout(compared):
    """A name and what was handed in, where that is right for numbers of half precision, which all of it are."""
    for name in ("bfloat16", "float16"):
        halves = {key: compare(c.got, c.right, c.words, name) for key, c in compared.items()}
        fits = {half.errors().fits for half in halves.values()}
        if fits <= {name, "bfloat16"} and all(half.errors().ok for half in halves.values()):
            yield f"{name} throughout", {key: c.got for key, c in compared.items()}
            return


def roundings_of_weights(p):
    """Pairs of a name and a function that makes `p` with its weights rounded."""
    for name in BITS:
        for what, parts in (("weights", "WUb"), ("W and U", "WU")):
            yield f"{what} rounded to {name}", partial(with_parts, p, **dict.fromkeys(parts, partial(_to, name)))
    yield from _in_steps(p)


def _in_steps(p):
    """Pairs of a name and a function that makes `p` with its weights in int8."""
    for where, axes in INT8.items():
        change = partial(_in_int8, axes=axes)
        yield f"weights in int8, one scale for {where}", partial(with_parts, p, W=change, U=change)


def _in_int8(array, axes):
    """`array` in steps of 1/127 of the largest number along `axes`."""
    scale = np.maximum(np.abs(array).max(axis=axes, keepdims=True), 1e-30) / 127
    return np.round(array / scale) * scale


def _product_in_int8(a, b):
    return _in_int8(a, (-1,)) @ b


def with_dropout(p, right, output, drops):
    """Output of a program with those numbers that layer `drops` reads dropped that bring it nearest to `output`.

    Word by word, all sets of these numbers are tried; each word has H numbers to tell the one that was dropped. Which
    rate it was, the first two words of each sequence tell, since what is kept is divided by 1 - rate.

    Returns
    -------
    rate : float
    outputs : dict
        As of `forward`; what is behind a sequence's end is right, not what was handed in.
    """
    width = (p.x if drops == 0 else p.h_0).shape[-1]
    sets = (np.arange(2**width)[:, None] >> np.arange(width) & 1).astype(float)  # (2^width, width): 1 is kept

    def left(rate):
        return np.nan_to_num(_errors(p, right, output, drops, sets, rate, words=2)[0], nan=np.inf)

    near = min(RATES, key=left)
    fit = minimize_scalar(left, bounds=(near - 0.04, near + 0.04), method="bounded", options={"xatol": 1e-9}).x
    rate = min(near, fit, round(fit, 2), round(fit, 3), key=left)
    _, traces = _errors(p, right, output, drops, sets, rate, words=len(p.x))
    last, rows = p.lengths - 1, np.arange(len(p.lengths))
    ends = {f"{name}_n": array[:, last, rows] for name, array in traces.items()}
    return rate, right | traces | ends | {"output": traces["h"][-1]}


def _errors(p, right, output, drops, sets, rate, words):
    """The squared difference to `output` in the first words of each sequence, and h and C of all layers."""
    layers = [(matrix_of(W), matrix_of(U), b.ravel()) for W, U, b in zip(p.W, p.U, p.b, strict=True)]
    traces, total = {name: right[name].copy() for name in ("h", "C")}, 0.0
    for row, length in enumerate(p.lengths):
        states = list(zip(p.h_0[:, row], p.C_0[:, row], strict=True))
        for t in range(min(length, words)):
            x, made = p.x[t, row][None], []
            for k, ((W, U_T, b), (h, C)) in enumerate(zip(layers, states, strict=True)):
                z = (x * sets / (1 - rate) if k == drops else x) @ W + (h @ U_T + b)
                *_, C, x = cell(z.reshape(len(z), 4, -1), C)
                made.append((x, C))
            errors = np.square(x - output[t, row]).sum(axis=1)
            best = int(np.argmin(errors))
            states = [(h[best % len(h)], C[best % len(C)]) for h, C in made]  # those below have no sets
            traces["h"][:, t, row], traces["C"][:, t, row] = map(np.stack, zip(*states, strict=True))
            total += errors[best]
    return total, traces
