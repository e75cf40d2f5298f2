"""Mistakes in how weights and initial states are read: each makes another problem of the right one."""

from dataclasses import replace
from functools import partial
from itertools import combinations, permutations

import numpy as np

from .program import GATES

ORDERED = (  # in which arrays alone an order of gates may be wrong
    (" in W alone", "W"),
    (" in U alone", "U"),
    (" in b alone", "b"),
    (" in W and U, not in b", "WU"),
    (" in W and b, not in U", "Wb"),
    (" in U and b, not in W", "Ub"),
)

LAYERS_REVERSED = "layers in reverse order"


def with_parts(p, **changes):
    """`p` with each layer's array of every part in `changes` (W, U, b) passed through a function."""
    return replace(p, **{part: tuple(map(change, getattr(p, part))) for part, change in changes.items()})


def wrong_orders(right):
    """The 23 orders of the four gates that are not `right`."""
    return ["".join(order) for order in permutations(GATES) if "".join(order) != right]


def order_name(order, where=""):
    """Name of a wrong order."""
    return f"gate order {' '.join(order)}{where}"


def with_gate_order(p, order, parts="WUb"):
    """`p` as a program sees it that takes the blocks of `parts` to stand in `order`."""
    taken = [GATES.index(p.order[order.index(gate)]) for gate in GATES]

    def read(part):
        axis = -2 if part.startswith("b") else -3
        return tuple(a.take(taken, axis) for a in getattr(p, part))

    return replace(p, **{part: read(part) for part in (*parts, *(("b_hh",) if p.b_hh and "b" in parts else ()))})


def orders_of_parts(p):
    """Every wrong order in some of the arrays: pairs of a name and a function that makes the problem."""
    for order in wrong_orders(p.order):
        for where, parts in ORDERED:
            yield order_name(order, where), partial(with_gate_order, p, order, parts)
        if p.b_hh:
            for where, turned, kept in ((" in b_ih alone", p.b_ih, p.b_hh), (" in b_hh alone", p.b_hh, p.b_ih)):
                b = with_gate_order(replace(p, b=turned, b_hh=None), order, "b").b
                yield order_name(order, where), partial(replace, p, b=tuple(map(np.add, b, kept)))


def mistakes_of_layers(p):
    """Every wrong order and misread weight in some layers alone, as where half of a model has been converted."""
    orders = ((order_name(order), partial(with_gate_order, p, order)) for order in wrong_orders(p.order))
    known, count = [*orders, *wrong_weights(p)], len(p.W)
    spans = (
        {(k, k + 1) for k in range(count)} | {(0, k) for k in range(1, count)} | {(k, count) for k in range(1, count)}
    )
    for first, end in sorted(spans) if count > 1 else ():
        which = f"layer {end}" if end == first + 1 else f"layers {first + 1} to {end}"
        for name, make in known:
            if name != LAYERS_REVERSED:
                yield f"{name} in {which} alone", partial(_between, p, make, first, end)


def _between(p, make, first, end):
    """`p` with the weights of `make()` in its layers from number `first` to that before `end`, counted from 0."""
    wrong, arrays = make(), {}
    for part in "WUb":
        own = getattr(p, part)
        arrays[part] = (*own[:first], *getattr(wrong, part)[first:end], *own[end:])
    return replace(p, **arrays)


def wrong_weights(p):
    """Every known way to misread the weights but for gate orders, likewise."""
    yield from _biases(p)
    for name, parts in (("recurrent weights U", "U"), ("input weights W", "W"), ("W and U", "WU")):
        yield f"{name} transposed", partial(with_parts, p, **dict.fromkeys(parts, _transposed))
        if len(parts) == 1:
            yield f"{name} not used", partial(with_parts, p, **{parts: lambda blocks: 0 * blocks})
    for name, parts in (("W", "W"), ("U", "U"), ("W and U", "WU")):
        reshaped = dict.fromkeys(parts, partial(_reshaped, p))
        yield f"{name} reshaped where it should be transposed", partial(with_parts, p, **reshaped)
    changes = {part: partial(_interleaved, p, axis) for part, axis in (("W", -3), ("U", -3), ("b", -2))}
    yield "gates taken to alternate from row to row", partial(with_parts, p, **changes)
    square = _all_square(p)
    yield "W and U exchanged", partial(replace, p, W=p.U, U=p.W) if square else lambda: p
    yield LAYERS_REVERSED, partial(_layers_reversed, p) if square else lambda: p
    for gate in GATES:
        for part in "UW":
            yield f"gate {gate} without {part}", partial(with_parts, p, **{part: partial(_zeroed, gate, -3)})


def _biases(p):
    yield "bias missing", partial(with_parts, p, b=lambda b: 0 * b)
    yield "bias doubled", partial(with_parts, p, b=lambda b: 2 * b)
    if p.b_hh:
        yield "first bias only, b_hh missing", partial(replace, p, b=p.b_ih)
        yield "second bias only, b_ih missing", partial(replace, p, b=p.b_hh)
        yield "first bias twice, b_hh missing", partial(replace, p, b=tuple(2 * b for b in p.b_ih))
        yield "second bias twice, b_ih missing", partial(replace, p, b=tuple(2 * b for b in p.b_hh))
    for gate in GATES:
        name, one = "forget bias" if gate == "f" else f"bias of gate {gate}", _only(gate, -2)
        yield f"{name} + 1", partial(with_parts, p, b=lambda b, one=one: b + one)
        yield f"{name} - 1", partial(with_parts, p, b=lambda b, one=one: b - one)
        yield f"bias of gate {gate} missing", partial(with_parts, p, b=partial(_zeroed, gate, -2))
    for source in GATES:
        others = [gate for gate in GATES if gate != source]
        for gates, which in (
            *(((gate,), f"gate {gate}") for gate in others),
            *((pair, f"gates {pair[0]} and {pair[1]}") for pair in combinations(others, 2)),
            (others, "every gate"),
        ):
            taken = [GATES.index(source if gate in gates else gate) for gate in GATES]
            yield (
                f"{which} with the bias of gate {source}",
                partial(with_parts, p, b=lambda b, t=taken: b.take(t, axis=-2)),
            )


def _only(gate, axis):
    """1 for one gate's block along `axis`, 0 for the others."""
    return np.array([gate == other for other in GATES], float).reshape(4, *[1] * (-axis - 1))


def _zeroed(gate, axis, blocks):
    return blocks * (1 - _only(gate, axis))


def _transposed(blocks):
    """Each of the four square blocks (H, D) transposed; where they are not square, as they were."""
    return blocks.swapaxes(-1, -2) if blocks.shape[-1] == blocks.shape[-2] else blocks


def _reshaped(p, blocks):
    """The numbers in the order in which they are stored, filled into the shape that transposing would have given."""
    stored = [GATES.index(gate) for gate in p.order]
    *front, _, H, D = blocks.shape
    rows = blocks.take(stored, axis=-3).reshape(*front, 4 * H, D)
    if p.convention == "keras":  # stored as (D, 4 * H)
        wrong = rows.swapaxes(-1, -2).reshape(*front, 4 * H, D)
    else:
        wrong = rows.reshape(*front, D, 4 * H).swapaxes(-1, -2)
    return wrong.reshape(*front, 4, H, D).take(np.argsort(stored), axis=-3)


def _interleaved(p, axis, blocks):
    """Rows taken gate by gate within each unit, though they stand unit by unit within each gate."""
    stored = [GATES.index(gate) for gate in p.order]
    lead, rest = blocks.ndim + axis, blocks.shape[blocks.ndim + axis + 2 :]
    rows = blocks.take(stored, axis)
    wrong = rows.reshape(*blocks.shape[:lead], -1, 4, *rest).swapaxes(lead, lead + 1)
    return wrong.take(np.argsort(stored), axis)


def _all_square(p):
    return all(W.shape == U.shape for W, U in zip(p.W, p.U, strict=True))


def _layers_reversed(p):
    return replace(p, W=p.W[::-1], U=p.U[::-1], b=p.b[::-1])


def wrong_states(p):
    """Every known way to misread the initial state: pairs of a name and a function that makes the problem."""
    count, batch = p.h_0.shape[-3], p.h_0.shape[-2]

    def starting(h, C):
        return partial(replace, p, h_0=h, C_0=C)

    def both(change):
        return starting(change(p.h_0), change(p.C_0))

    turned = both(lambda state: state[..., ::-1, :, :])
    yield "initial states of the layers in reverse order", turned
    whole = partial(_layers_reversed, turned()) if _all_square(p) else turned
    yield "layers and their initial states in reverse order", whole
    yield "initial states of the sequences in reverse order", both(lambda state: state[..., ::-1, :])
    yield "h and C swapped in the initial state", partial(with_states_swapped, p)
    yield "initial h used for C too", starting(p.h_0, p.h_0)
    yield "initial C used for h too", starting(p.C_0, p.C_0)
    yield "initial state not used, zero instead", partial(no_initial_state, p)
    yield "initial h not used, zero instead", starting(0 * p.h_0, p.C_0)
    yield "initial C not used, zero instead", starting(p.h_0, 0 * p.C_0)
    for k in range(count) if count > 1 else ():
        own = (np.arange(count) == k)[:, None, None]
        yield f"initial state of layer {k + 1} not used", starting(p.h_0 * ~own, p.C_0 * ~own)
        if count > 2:
            yield f"initial state of layer {k + 1} alone used", starting(p.h_0 * own, p.C_0 * own)
        same = both(lambda state, k=k: state[..., [k] * count, :, :])
        yield f"every layer starts from the initial state of layer {k + 1}", same
    for row, which in ((0, "first"), (batch - 1, "last")):
        same = both(lambda state, row=row: state[..., [row] * batch, :])
        yield f"every sequence starts from the {which} one's state", same


def with_states_swapped(p):
    """`p` with h and C taken for each other in its initial state."""
    return replace(p, h_0=p.C_0, C_0=p.h_0)


def no_initial_state(p):
    """`p` with zero for its initial state."""
    return replace(p, h_0=0 * p.h_0, C_0=0 * p.C_0)
