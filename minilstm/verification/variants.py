"""Other kinds of LSTM: two directions, projection, peepholes, and what ONNX's operator can be set to.

With peephole weights p_i, p_f, p_o, one a unit, and a projection R (P, H), one word is::

    i = gate(z_i + p_i C_prev)      f = gate(z_f + p_f C_prev)      C~ = candidate(z_g)
    C = f C_prev + i C~                                             where gates are coupled: f = 1 - i
    o = gate(z_o + p_o C)           of C, not of C_prev
    h = R (o exposed(C))

and where there is a clip, the arguments of gate and candidate are first cut to [-clip, clip]. What a variant does not
have is left out. A second direction reads each sequence from its own last word to its first; what it says of a word
stands behind what the first direction says, and its final state is that after the first word.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from .wrong_equations import ACTIVATIONS
from .wrong_weights import order_name, wrong_orders


class Variant(NamedTuple):
    """What makes an LSTM another kind; the defaults make it the plain one."""

    directions: int = 1
    projection: int = 0  # the size of h, where it is not that of C
    peepholes: bool = False
    coupled: bool = False  # ONNX: input_forget
    clip: float = np.inf
    activations: tuple[str, str, str] = ("sigmoid", "tanh", "tanh")  # gate, candidate, exposed


ONNX_HARD_SIGMOID = "hard sigmoid of Keras 2 and ONNX, 0.2 z + 0.5 within 0 and 1"
VARIANTS = {
    "bidirectional": Variant(directions=2),
    "projection": Variant(projection=3),
    "bidirectional-projection": Variant(directions=2, projection=3),
    "peepholes": Variant(peepholes=True),
    "coupled": Variant(coupled=True),
    "clip": Variant(clip=1.5),
    "activations": Variant(activations=(ONNX_HARD_SIGMOID, "softsign", "relu")),
    "onnx": Variant(2, 0, True, True, 1.5, ("sigmoid", "softsign", "tanh")),
}
CONVENTIONS = {  # that can hold each variant's weights; the first is the default
    "bidirectional": ("pytorch", "onnx", "keras"),
    "projection": ("pytorch",),
    "bidirectional-projection": ("pytorch",),
    **dict.fromkeys(("peepholes", "coupled", "clip", "activations", "onnx"), ("onnx",)),
}


class Cell(NamedTuple):
    """The weights of one direction of one layer, blocks i f g o (of p: i f o)."""

    W: np.ndarray  # (4, H, D)
    U: np.ndarray  # (4, H, P)
    b: np.ndarray  # (4, H)
    p: np.ndarray | None = None  # (3, H)
    R: np.ndarray | None = None  # (P, H)


@dataclass(frozen=True)
class VariantProblem:
    """What a program reads: `x` (steps, batch, D), `lengths`, states (layers * directions, batch, P or H), weights.

    `layers` holds a tuple of one `Cell` a direction for each layer; states are in the order layer 1 forwards, layer 1
    backwards, layer 2 forwards, ...
    """

    x: np.ndarray
    lengths: np.ndarray
    h_0: np.ndarray
    C_0: np.ndarray
    layers: tuple[tuple[Cell, ...], ...]
    variant: Variant


def step(x, h_prev, C_prev, cell, variant, o_sees="C"):
    """One word of one direction of one layer: h (batch, P) and C (batch, H)."""
    gate, candidate, exposed = (ACTIVATIONS[name] for name in variant.activations)
    z = np.einsum("bd,gud->gbu", x, cell.W) + np.einsum("bd,gud->gbu", h_prev, cell.U) + cell.b[:, None]
    p_i, p_f, p_o = (0, 0, 0) if cell.p is None else cell.p

    def cut(argument):
        return np.clip(argument, -variant.clip, variant.clip)

    i = gate(cut(z[0] + p_i * C_prev))
    f = 1 - i if variant.coupled else gate(cut(z[1] + p_f * C_prev))
    C = f * C_prev + i * candidate(cut(z[2]))
    o = gate(cut(z[3] + p_o * (C if o_sees == "C" else C_prev)))
    h = o * exposed(C)
    return h if cell.R is None else h @ cell.R.T, C


def run(p, step=step, put_back=True, read_padding=False, end_at_last_word=False):
    """`output` (steps, batch, directions * P), `h_n`, `C_n` shaped as `p.h_0`, `p.C_0`; wrong if a keyword is given."""
    x, steps, rows = p.x, len(p.x), np.arange(len(p.lengths))
    ends, h_n, C_n = np.full_like(p.lengths, steps) if read_padding else p.lengths, [], []
    for k, cells in enumerate(p.layers):
        said = []
        for direction, cell in enumerate(cells):
            h, C = (start[k * len(cells) + direction] for start in (p.h_0, p.C_0))
            order = _reading_order(steps, ends, direction)  # (steps, batch): which word is read at each step
            hs, Cs = [], []
            for words in order:
                h, C = step(x[words, rows], h, C, cell, p.variant)
                hs.append(h)
                Cs.append(C)
            hs, Cs = np.stack(hs), np.stack(Cs)
            in_place = np.take_along_axis(hs, order[..., None], axis=0) if put_back else hs  # its own inverse
            last = p.lengths - 1 if direction == 0 else ends - 1
            h_n.append(in_place[p.lengths - 1, rows] if end_at_last_word else hs[last, rows])
            C_n.append(Cs[last, rows])
            said.append(in_place)
        x = np.concatenate(said, axis=-1)
    return {"output": x, "h_n": np.stack(h_n), "C_n": np.stack(C_n)}


def _reading_order(steps, ends, direction):
    forwards = np.arange(steps)[:, None] + 0 * ends
    return forwards if direction == 0 else np.where(forwards < ends, ends - 1 - forwards, forwards)


def wrong_variants(p, order):
    """Known mistakes in these kinds, by name: functions that return what a program with each returns.

    `order` is that in which the convention of the weights has its blocks.
    """
    variant, plain = p.variant, Variant()
    known = {}
    for field, name in FIELDS.items():
        if getattr(variant, field) != getattr(plain, field):
            known[name] = replace(p, variant=variant._replace(**{field: getattr(plain, field)}))
    if variant.peepholes:
        known["peepholes not used"] = _with_cells(p, lambda cell: cell._replace(p=None))
        for taken in ((0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)):
            name = f"peepholes of i, f, o taken for those of {', '.join('ifo'[k] for k in taken)}"
            known[name] = _with_cells(p, lambda cell, taken=taken: cell._replace(p=cell.p[list(taken)]))
    if variant.directions == 2:
        known["the two directions exchanged"] = replace(p, layers=tuple(cells[::-1] for cells in p.layers))
        known["both directions with the weights of the first"] = replace(p, layers=tuple(c[:1] * 2 for c in p.layers))
    known["bias missing"] = _with_cells(p, lambda cell: cell._replace(b=0 * cell.b))
    known["initial state not used, zero instead"] = replace(p, h_0=0 * p.h_0, C_0=0 * p.C_0)
    for wrong in wrong_orders(order):
        taken = ["ifgo".index(order[wrong.index(gate)]) for gate in "ifgo"]
        known[order_name(wrong)] = _with_cells(
            p, lambda cell, taken=taken: cell._replace(W=cell.W[taken], U=cell.U[taken], b=cell.b[taken])
        )
    runs = {name: lambda wrong=wrong: run(wrong) for name, wrong in known.items()}
    if variant.peepholes:
        runs["peephole of o looks at C_prev"] = lambda: run(p, lambda *a: step(*a, o_sees="C_prev"))
    if variant.clip < np.inf:
        runs["C clipped instead of what gates and candidate are made of"] = lambda: run(p, _clipping_C)
    if variant.directions == 2:
        runs["outputs of the second direction not put back in order"] = lambda: run(p, put_back=False)
        runs["second direction begins in the padding"] = lambda: run(p, read_padding=True)
        runs["h_n of the second direction is that of the last word"] = lambda: run(p, end_at_last_word=True)
    return runs


FIELDS = {
    "coupled": "gates not coupled",
    "clip": "not clipped",
    "activations": "activations other than the usual ignored",
}


def _clipping_C(x, h_prev, C_prev, cell, variant):
    h, C = step(x, h_prev, C_prev, cell._replace(R=None), variant._replace(clip=np.inf))
    cut = np.clip(C, -variant.clip, variant.clip)
    exposed = ACTIVATIONS[variant.activations[2]]
    with np.errstate(all="ignore"):
        h = h / exposed(C) * exposed(cut)
    return h if cell.R is None else h @ cell.R.T, cut


def _with_cells(p, change):
    return replace(p, layers=tuple(tuple(map(change, cells)) for cells in p.layers))
