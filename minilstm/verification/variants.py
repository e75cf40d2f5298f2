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

from dataclasses import replace
from functools import partial

import numpy as np

from .program import Variant
from .wrong_equations import ACTIVATIONS
from .wrong_weights import no_initial_state, order_name, with_gate_order, with_parts, wrong_orders

DIRECTIONS_EXCHANGED = "the two directions exchanged"
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


def step(p, j, x, h_prev, C_prev, o_sees="C"):
    """One word of one direction of one layer, number j of both: h (batch, P) and C (batch, H)."""
    gate, candidate, exposed = (ACTIVATIONS[name] for name in p.variant.activations)
    z = np.einsum("bd,gud->gbu", x, p.W[j]) + np.einsum("bd,gud->gbu", h_prev, p.U[j]) + p.b[j][:, None]
    p_i, p_f, p_o = p.peepholes[j] if p.peepholes else (0, 0, 0)

    def cut(argument):
        return np.clip(argument, -p.variant.clip, p.variant.clip)

    i = gate(cut(z[0] + p_i * C_prev))
    f = 1 - i if p.variant.coupled else gate(cut(z[1] + p_f * C_prev))
    C = f * C_prev + i * candidate(cut(z[2]))
    o = gate(cut(z[3] + p_o * (C if o_sees == "C" else C_prev)))
    h = o * exposed(C)
    return h @ p.projections[j].T if p.projections else h, C


def run(p, step=step, put_back=True, read_padding=False, end_at_last_word=False):
    """`output` (steps, batch, directions * P), `h_n`, `C_n` shaped as `p.h_0`, `p.C_0`; wrong if a keyword is given."""
    x, rows, directions = p.x, np.arange(len(p.lengths)), range(p.variant.directions)
    ends, h_n, C_n = np.full_like(p.lengths, p.steps) if read_padding else p.lengths, [], []
    for k in range(len(p.W) // len(directions)):
        said = []
        for direction in directions:
            j = k * len(directions) + direction
            h, C, hs, Cs = p.h_0[j], p.C_0[j], [], []
            order = _reading_order(p.steps, ends, direction)  # (steps, batch): which word is read at each step
            for words in order:
                h, C = step(p, j, x[words, rows], h, C)
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


def wrong_variants(p):
    """Known mistakes in these kinds, by name: functions that return what a program with each returns."""
    variant, plain, known = p.variant, Variant(), {}
    for field, name in IGNORED.items():
        if getattr(variant, field) != getattr(plain, field):
            known[name] = replace(p, variant=variant._replace(**{field: getattr(plain, field)}))
    if variant.peepholes:
        known["peepholes not used"] = replace(p, peepholes=None)
        for taken in ((0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)):
            name = f"peepholes of i, f, o taken for those of {', '.join('ifo'[k] for k in taken)}"
            known[name] = with_parts(p, peepholes=lambda weights, taken=list(taken): weights[taken])
    if variant.directions == 2:
        known[DIRECTIONS_EXCHANGED] = in_directions(p, (1, 0))
        known["both directions with the weights of the first"] = in_directions(p, (0, 0))
    known["bias missing"] = with_parts(p, b=lambda b: 0 * b)
    known["initial state not used, zero instead"] = no_initial_state(p)
    known |= {order_name(order): with_gate_order(p, order) for order in wrong_orders(p.order)}
    runs = {name: partial(run, wrong) for name, wrong in known.items()}
    if variant.peepholes:
        runs["peephole of o looks at C_prev"] = partial(run, p, partial(step, o_sees="C_prev"))
    if variant.clip < np.inf:
        runs["C clipped instead of what gates and candidate are made of"] = partial(run, p, _clipping_C)
    if variant.directions == 2:
        runs["outputs of the second direction not put back in order"] = partial(run, p, put_back=False)
        runs["second direction begins in the padding"] = partial(run, p, read_padding=True)
        runs["h_n of the second direction is that of the last word"] = partial(run, p, end_at_last_word=True)
    return runs


IGNORED = {
    "coupled": "gates not coupled",
    "clip": "not clipped",
    "activations": "activations other than the usual ignored",
}


def _clipping_C(p, j, x, h_prev, C_prev):
    h, C = step(replace(p, projections=None, variant=p.variant._replace(clip=np.inf)), j, x, h_prev, C_prev)
    cut = np.clip(C, -p.variant.clip, p.variant.clip)
    exposed = ACTIVATIONS[p.variant.activations[2]]
    with np.errstate(all="ignore"):
        h = h / exposed(C) * exposed(cut)
    return h @ p.projections[j].T if p.projections else h, cut


def in_directions(p, taken):
    """`p` with the weights of its two directions taken for those of `taken`."""
    parts = {name: getattr(p, name) for name in ("W", "U", "b", "peepholes", "projections")}
    places = [k + direction for k in range(0, len(p.W), 2) for direction in taken]
    return replace(p, **{name: tuple(part[k] for k in places) for name, part in parts.items() if part})
