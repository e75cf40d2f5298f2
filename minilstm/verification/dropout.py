"""Recognise dropout that was left on between two layers: which units were dropped is random, but it can be found out.

Word by word, all 2^H sets of units are tried; each word has H numbers to tell the one that was dropped.
"""

import numpy as np

from .program import cell, forward, matrix_of

RATES = 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8
LARGEST = 10  # units, so that all sets can be tried


def with_dropout(p, output):
    """What the last of two layers returns where units of the first are dropped such that it comes nearest to `output`.

    Returns
    -------
    rate : float
    outputs : dict
        As of `forward`; what is behind a sequence's end is right, not what was handed in.
    """
    right = forward(p)
    if len(p.W) != 2 or p.h_0.shape[-1] > LARGEST:
        return 0.0, right
    H = p.h_0.shape[-1]
    sets = (np.arange(2**H)[:, None] >> np.arange(H) & 1).astype(float)  # (2^H, H): 1 is kept
    first = {rate: _errors(p, right, output, sets, rate, words=2) for rate in RATES}
    rate = min(first, key=lambda rate: np.nan_to_num(first[rate][0], nan=np.inf))
    _, traces = _errors(p, right, output, sets, rate, words=len(p.x))
    last, rows = p.lengths - 1, np.arange(len(p.lengths))
    wrong = {name: np.stack([right[name][0], traces[name]]) for name in ("h", "C")}
    ends = {f"{name}_n": array[:, last, rows] for name, array in wrong.items()}
    return rate, right | wrong | ends | {"output": wrong["h"][1]}


def _errors(p, right, output, sets, rate, words):
    """The squared difference to `output` in the first words of each sequence, and h and C of the second layer."""
    W, U_T, b = matrix_of(p.W[1]), matrix_of(p.U[1]), p.b[1].ravel()
    traces, total = {name: right[name][1].copy() for name in ("h", "C")}, 0.0
    for row, length in enumerate(p.lengths):
        h, C = p.h_0[1, row], p.C_0[1, row]
        for t in range(min(length, words)):
            z = (sets * right["h"][0, t, row] / (1 - rate)) @ W + (h @ U_T + b)
            *_, Cs, hs = cell(z.reshape(len(sets), 4, -1), C)
            errors = np.square(hs - output[t, row]).sum(axis=1)
            best = int(np.argmin(errors))
            h, C, total = hs[best], Cs[best], total + errors[best]
            traces["h"][t, row], traces["C"][t, row] = h, C
    return total, traces
