"""Mistakes in how weights and initial states are read: each makes another problem of the right one."""

from dataclasses import replace
from itertools import combinations, permutations

import numpy as np

from .program import GATES


def with_parts(p, **changes):
    """`p` with each layer's array of every part in `changes` (W, U, b) passed through a function."""
    return replace(p, **{part: tuple(map(change, getattr(p, part))) for part, change in changes.items()})


def wrong_orders(right):
    """The 23 orders of the four gates that are not `right`."""
    return ["".join(order) for order in permutations(GATES) if "".join(order) != right]


def misread(p, order, parts=("W", "U", "b"), layers=None):
    """`p` as a program sees it that takes the blocks of `parts`, in `layers` or in all, to stand in `order`."""
    taken = [GATES.index(p.order[order.index(gate)]) for gate in GATES]

    def read(part):
        axis = -2 if part.startswith("b") else -3
        arrays = enumerate(getattr(p, part))
        return tuple(a.take(taken, axis) if layers is None or k in layers else a for k, a in arrays)

    return replace(p, **{part: read(part) for part in (*parts, *(("b_hh",) if p.b_hh and "b" in parts else ()))})


def order_name(order, where=""):
    """How a wrong order is called."""
    return f"gate order {' '.join(order)}{where}"


def wrong_weights(p):
    """Every known way to misread the weights but for gate orders: pairs of a name and the problem that results."""
    yield from _biases(p)
    yield "recurrent weights U transposed", with_parts(p, U=_transposed)
    yield "input weights W transposed", with_parts(p, W=_transposed)
    yield "W and U transposed", with_parts(p, W=_transposed, U=_transposed)
    for name, parts in (("W", "W"), ("U", "U"), ("W and U", "WU")):
        reshaped = dict.fromkeys(parts, lambda blocks: _reshaped(blocks, p))
        yield f"{name} reshaped where it should be transposed", with_parts(p, **reshaped)
    parts = {"W": lambda a: _interleaved(a, p, -3), "U": lambda a: _interleaved(a, p, -3)}
    yield "gates taken to alternate from row to row", with_parts(p, **parts, b=lambda a: _interleaved(a, p, -2))
    yield "recurrent weights U not used", with_parts(p, U=lambda U: 0 * U)
    yield "input weights W not used", with_parts(p, W=lambda W: 0 * W)
    if all(W.shape == U.shape for W, U in zip(p.W, p.U, strict=True)):
        yield "W and U exchanged", replace(p, W=p.U, U=p.W)
        yield "layers in reverse order", _layers_reversed(p)
    else:
        yield "W and U exchanged", p
        yield "layers in reverse order", p
    for gate in GATES:
        yield f"gate {gate} without U", with_parts(p, U=lambda U, gate=gate: _scaled(U, gate, 0, -3))
        yield f"gate {gate} without W", with_parts(p, W=lambda W, gate=gate: _scaled(W, gate, 0, -3))


def orders_of_parts(p):
    """Every wrong order in some of the arrays or in one layer: pairs of a name and the problem that results."""
    two_biases = (("b_ih alone", ("b_ih",)), ("b_hh alone", ("b_hh",))) if p.b_hh else ()
    parts = (
        ("W alone", "W"),
        ("U alone", "U"),
        ("b alone", "b"),
        ("W and U, not in b", "WU"),
        ("W and b, not in U", "Wb"),
    )
    for order in wrong_orders(p.order):
        for name, letters in (*parts, ("U and b, not in W", "Ub")):
            yield order_name(order, f" in {name}"), misread(p, order, tuple(letters))
        for name, (part,) in two_biases:
            halves = replace(p, b=p.b_ih), replace(p, b=p.b_hh)
            turned, kept = halves if part == "b_ih" else halves[::-1]
            b = misread(replace(turned, b_hh=None), order, ("b",)).b
            yield order_name(order, f" in {name}"), replace(p, b=tuple(map(np.add, b, kept.b)))
        for k in range(len(p.W)) if len(p.W) > 1 else ():
            yield order_name(order, f" in layer {k + 1} alone"), misread(p, order, layers=(k,))


def _biases(p):
    yield "bias missing", with_parts(p, b=lambda b: 0 * b)
    yield "bias doubled", with_parts(p, b=lambda b: 2 * b)
    if p.b_hh:
        yield "first bias only, b_hh missing", replace(p, b=p.b_ih)
        yield "second bias only, b_ih missing", replace(p, b=p.b_hh)
        yield "first bias twice, b_hh missing", replace(p, b=tuple(2 * b for b in p.b_ih))
        yield "second bias twice, b_ih missing", replace(p, b=tuple(2 * b for b in p.b_hh))
    for gate in GATES:
        name = "forget bias" if gate == "f" else f"bias of gate {gate}"
        for size in (1, -1):
            yield f"{name} {'+' if size > 0 else '-'} 1", with_parts(p, b=lambda b, g=gate, s=size: _added(b, g, s))
        yield f"bias of gate {gate} missing", with_parts(p, b=lambda b, gate=gate: _scaled(b, gate, 0, -2))
    if len(p.b) > 1:
        for k in range(len(p.b)):
            b = tuple(0 * b if k == layer else b for layer, b in enumerate(p.b))
            yield f"bias missing in layer {k + 1}", replace(p, b=b)
    for source in GATES:
        others = [gate for gate in GATES if gate != source]
        for gate in others:
            yield f"gate {gate} with the bias of gate {source}", _with_bias_of(p, source, gate)
        for pair in combinations(others, 2):
            yield f"gates {pair[0]} and {pair[1]} with the bias of gate {source}", _with_bias_of(p, source, *pair)
        yield f"every gate with the bias of gate {source}", _with_bias_of(p, source, *others)


def _with_bias_of(p, source, *gates):
    taken = [GATES.index(source if gate in gates else gate) for gate in GATES]
    return with_parts(p, b=lambda b: b.take(taken, axis=-2))


def _added(b, gate, size):
    return b + size * np.array([gate == other for other in GATES])[:, None]


def _scaled(blocks, gate, size, axis):
    factors = np.array([size if gate == other else 1 for other in GATES])
    return blocks * factors.reshape(4, *[1] * (-axis - 1))


def _transposed(blocks):
    """Each of the four square blocks (H, D) transposed; where they are not square, as they were."""
    return blocks.swapaxes(-1, -2) if blocks.shape[-1] == blocks.shape[-2] else blocks


def _reshaped(blocks, p):
    """The numbers in the order in which they are stored, filled into the shape that transposing would have given."""
    stored = [GATES.index(gate) for gate in p.order]
    *front, _, H, D = blocks.shape
    rows = blocks.take(stored, axis=-3).reshape(*front, 4 * H, D)
    if p.transposed:  # stored as (D, 4 * H)
        wrong = rows.swapaxes(-1, -2).reshape(*front, 4 * H, D)
    else:
        wrong = rows.reshape(*front, D, 4 * H).swapaxes(-1, -2)
    return wrong.reshape(*front, 4, H, D).take(np.argsort(stored), axis=-3)


def _interleaved(blocks, p, axis):
    """Rows taken gate by gate within each unit, though they stand unit by unit within each gate."""
    stored = [GATES.index(gate) for gate in p.order]
    lead, rest = blocks.ndim + axis, blocks.shape[blocks.ndim + axis + 2 :]
    rows = blocks.take(stored, axis)
    wrong = rows.reshape(*blocks.shape[:lead], -1, 4, *rest).swapaxes(lead, lead + 1)
    return wrong.take(np.argsort(stored), axis)


def _layers_reversed(p):
    return replace(p, W=p.W[::-1], U=p.U[::-1], b=p.b[::-1])


def wrong_states(p):
    """Every known way to misread the initial state: pairs of a name and the problem that results."""
    layers, batch = range(p.h_0.shape[-3]), p.h_0.shape[-2]

    def starting(h, C):
        return replace(p, h_0=h, C_0=C)

    def with_both(change):
        return starting(change(p.h_0), change(p.C_0))

    turned = with_both(lambda state: state[..., ::-1, :, :])
    yield "initial states of the layers in reverse order", turned
    same = all(W.shape == U.shape for W, U in zip(p.W, p.U, strict=True))
    yield "layers and their initial states in reverse order", _layers_reversed(turned) if same else turned
    yield "h and C swapped in the initial state", starting(p.C_0, p.h_0)
    yield "initial h used for C too", starting(p.h_0, p.h_0)
    yield "initial C used for h too", starting(p.C_0, p.C_0)
    yield "initial state not used, zero instead", no_initial_state(p)
    yield "initial h not used, zero instead", starting(0 * p.h_0, p.C_0)
    yield "initial C not used, zero instead", starting(p.h_0, 0 * p.C_0)
    for k in layers if len(layers) > 1 else ():
        own = (np.arange(len(layers)) == k)[:, None, None]
        yield f"initial state of layer {k + 1} not used", with_both(lambda state, own=own: state * ~own)
        if len(layers) > 2:
            yield f"initial state of layer {k + 1} alone used", with_both(lambda state, own=own: state * own)
        start = with_both(lambda state, k=k: state[..., [k] * len(layers), :, :])
        yield f"every layer starts from the initial state of layer {k + 1}", start
    for row, which in ((0, "first"), (batch - 1, "last")):
        start = with_both(lambda state, row=row: state[..., [row] * batch, :])
        yield f"every sequence starts from the {which} one's state", start
    yield "initial states of the sequences in reverse order", with_both(lambda state: state[..., ::-1, :])


def no_initial_state(p):
    """`p` with zero for its initial state."""
    return replace(p, h_0=0 * p.h_0, C_0=0 * p.C_0)
