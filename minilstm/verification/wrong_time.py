"""Mistakes in the order of words and sequences, in padding, and in what is carried from word to word or handed on."""

from dataclasses import replace
from functools import partial
from itertools import pairwise

import numpy as np

from .program import TRACES, add_final_states, forward
from .wrong_weights import no_initial_state, with_states_swapped

FORGETTING = (  # what becomes of h and C, and in which words
    ("state", lambda h, C: (0 * h, 0 * C)),
    ("h", lambda h, C: (0 * h, C)),
    ("C", lambda h, C: (h, 0 * C)),
)
STATES_SWAPPED = "h_n and C_n swapped"
RETURNED_FOR = (
    ("h and C swapped in what is returned", {"h": "C", "C": "h", "h_n": "C_n", "C_n": "h_n"}),
    (STATES_SWAPPED, {"h_n": "C_n", "C_n": "h_n"}),
    ("C returned for h too", {"h": "C", "h_n": "C_n"}),
    ("h returned for C too", {"C": "h", "C_n": "h_n"}),
)

MISPLACED = (  # mistakes that put the padding of one sequence where another one has words
    "sequences returned in reverse order",
    "sequences sorted by length, outputs not put back",
    "sequences sorted by length, initial states not, outputs not put back",
    "lengths sorted, sequences not",
)
READ_ON = ", padding read on"  # what stands there is not zero


def wrong_time(p):
    """Every known mistake of this kind: pairs of a name and a function that returns what a program returns."""
    words = range(1, p.steps)
    for what, forget in FORGETTING:
        start = no_initial_state(p) if what == "state" else p
        yield f"{what} zero again at every step", partial(_in_parts, start, words, forget)
    yield "state carried from one sequence of the batch to the next", partial(_carried_along, p)
    yield "state carried over from an earlier run of the batch", partial(_carried_over, p)
    yield "state carried up from each layer to the next", partial(_carried_up, p)
    if p.b_hh:
        yield "second bias b_hh missing at the first step", partial(_bias_later, p)
    for name, orders in _orders_of_words(p):
        yield name, partial(_reordered, p, *orders)
    yield "left padding in what is returned", partial(_returned_left_padded, p)
    yield "steps and batch exchanged, state zero", partial(_exchanged, p)
    yield from _sorted(p)
    yield from _seams(p)


def wrong_returns(p):
    """Every known mistake in what is returned by a program that is otherwise right."""
    for name, pairs in RETURNED_FOR:
        yield name, partial(_renamed, forward, p, pairs)
    ends = dict(RETURNED_FOR)[STATES_SWAPPED]
    yield f"{STATES_SWAPPED}, and in the initial state", partial(_renamed, forward, with_states_swapped(p), ends)
    handed_on = partial(_in_parts, seams=p.seams, hand_on=lambda h, C: (C, h))
    yield f"{STATES_SWAPPED}, and handed on so", partial(_renamed, handed_on, p, ends)
    yield "h_n and C_n with the layers in reverse order", partial(_states_turned, p)
    yield "layers returned in reverse order, output of the first", partial(_layers_exchanged, p)
    turned = slice(None, None, -1)
    yield MISPLACED[0], lambda: _sequences(_padded(forward(p), p), turned)
    yield f"{MISPLACED[0]}{READ_ON}", lambda: _sequences(forward(p), turned)


def _orders_of_words(p):
    """Mistakes that only concern which word is read when: pairs of a name and arguments of `_reordered`."""
    t, last, n = np.arange(p.steps)[:, None], p.steps - 1, p.lengths
    whole, within = last - t, np.where(t < n, n - 1 - t, t)
    yield "time reversed, padding first", (whole, t, last)
    yield "time reversed, padding first, outputs put back in order", (whole, whole, last)
    yield "time reversed within each sequence", (within, t, n - 1)
    yield "time reversed within each sequence, outputs put back in order", (within, within, n - 1)
    later, earlier = (t + n) % p.steps, (t - n) % p.steps  # the padding stands before the words
    yield "left padding, read before the words", (later, t, last)
    yield "left padding, read before the words, outputs moved to the front", (later, earlier, last)
    yield "right padding read, final states behind it", (t, t, last)
    yield "every word read one step late, zero first", (t - 1, t)
    yield "every word read one step early", (np.where(t < last, t + 1, -1), t)
    yield "outputs one step late, the initial state first", (t, t - 1, n - 1)
    seams = list(p.seams)
    before = [seam - 1 for seam in seams]
    for k in range(p.steps):
        yield f"word at step {k} skipped, the state kept", _skipping(p, [k])
        yield f"word at step {k} read twice", _repeating(p, [k])
    yield "last word before every seam read again after it", _repeating(p, before)
    yield "first word after every seam skipped", _skipping(p, seams)
    yield "last word before every seam skipped", _skipping(p, before)


def _skipping(p, left_out):
    """The state of the step before stands where a word is skipped."""
    read = np.setdiff1d(np.arange(p.steps), left_out) if p.steps > 1 else np.arange(1)
    return read[:, None], np.searchsorted(read, np.arange(p.steps), side="right")[:, None] - 1


def _repeating(p, twice):
    """The second reading is what is returned."""
    read = np.sort([*range(p.steps), *twice])
    return read[:, None], np.searchsorted(read, np.arange(p.steps), side="right")[:, None] - 1


def _reordered(p, read, back, ends=None):
    """Outputs of a program that reads the words in another order.

    `read` says which word is read at each step, -1 that none is, but zero; `back` for each word at which of these steps
    what is returned for it was computed, -1 that it is the initial state; both (steps, batch) or (steps, 1). `ends` are
    the steps after which the final states are taken, if not with what is returned for each sequence's own last word.
    """
    x = _taken(p.x, read, 0 * p.x[..., :1, :, :])
    wrong = forward(replace(p, x=x, lengths=np.full_like(p.lengths, len(read))))
    start = {"h": p.h_0, "C": p.C_0}
    traces = {name: _taken(wrong[name], back, start.get(name, 0 * p.h_0)[..., None, :, :]) for name in TRACES}
    made = add_final_states(traces, p.lengths)
    if ends is not None:
        at_ends = add_final_states({name: wrong[name] for name in TRACES}, np.broadcast_to(ends + 1, p.lengths.shape))
        made |= {name: at_ends[name] for name in ("h_n", "C_n")}
    return made


def _taken(array, steps, first):
    """Of `array` (..., steps, batch, units) those of `steps` (n, batch) or (n, 1), where -1 is `first`."""
    first = np.broadcast_to(first, (*array.shape[:-3], 1, *array.shape[-2:]))
    return np.concatenate([first, array], axis=-3)[..., steps + 1, np.arange(array.shape[-2]), :]


def _in_parts(p, seams, hand_on, begin=lambda q, n: q):
    """Read in parts; `hand_on(h, C)` says what the next starts from, `begin(q, n)` changes the problem of part n."""
    h, C, parts = p.h_0, p.C_0, []
    for n, (start, end) in enumerate(pairwise([0, *seams, p.steps])):
        part = replace(p, x=p.x[..., start:end, :, :], h_0=h, C_0=C, lengths=np.full_like(p.lengths, end - start))
        parts.append(forward(begin(part, n)))
        h, C = hand_on(parts[-1]["h_n"], parts[-1]["C_n"])
    return add_final_states(
        {name: np.concatenate([part[name] for part in parts], axis=-3) for name in TRACES}, p.lengths
    )


def _seams(p):
    """Mistakes where the state is handed on."""
    count = p.h_0.shape[-3]
    last, top = (np.arange(count) == count - 1)[:, None, None], (..., [count - 1] * count, slice(None), slice(None))
    handing = (
        *((f"{what} lost at every seam, zero instead", forget) for what, forget in FORGETTING),
        ("initial state again at every seam", lambda h, C: (p.h_0, p.C_0)),
        ("initial h again at every seam", lambda h, C: (p.h_0, C)),
        ("initial C again at every seam", lambda h, C: (h, p.C_0)),
        ("h and C swapped at every seam", lambda h, C: (C, h)),
        ("only the last layer's state handed on at every seam", lambda h, C: (h * last, C * last)),
        ("every layer goes on from the last layer's state at every seam", lambda h, C: (h[top], C[top])),
    )
    for name, hand_on in handing:
        yield name, partial(_in_parts, p, p.seams, hand_on)
    yield "h and C swapped at every call", partial(_in_parts, with_states_swapped(p), p.seams, lambda h, C: (C, h))


def _carried_along(p):
    """The sequences are read one after another, each from the state that the one before it left."""
    h, C, parts = p.h_0[..., :1, :], p.C_0[..., :1, :], []
    for row in range(len(p.lengths)):
        only = replace(p, x=p.x[..., row : row + 1, :], lengths=p.lengths[row : row + 1], h_0=h, C_0=C)
        parts.append(forward(only))
        h, C = parts[-1]["h_n"], parts[-1]["C_n"]
    return {name: np.concatenate([part[name] for part in parts], axis=-2) for name in parts[0]}


def _carried_over(p):
    before = forward(p)
    return forward(replace(p, h_0=before["h_n"], C_0=before["C_n"]))


def _carried_up(p):
    """Each layer starts where the one below ended, at the last step."""
    before = forward(p)
    lead = before["h_n"].shape[:-3]
    h, C = (np.broadcast_to(a, (*lead, *a.shape[-3:])).copy() for a in (p.h_0, p.C_0))
    for k in range(1, h.shape[-3]):
        below = forward(replace(p, h_0=h, C_0=C))
        h[..., k, :, :], C[..., k, :, :] = below["h"][..., k - 1, -1, :, :], below["C"][..., k - 1, -1, :, :]
    return forward(replace(p, h_0=h, C_0=C))


def _bias_later(p):
    first = range(1, min(2, p.steps))
    return _in_parts(p, first, lambda h, C: (h, C), lambda q, n: q if n else replace(q, b=p.b_ih))


def _returned_left_padded(p):
    """Right, but each sequence's words stand at the end, behind zeros."""
    right, steps = forward(p), np.arange(p.steps)[:, None] + p.lengths - p.steps
    traces = {name: _taken(right[name], np.maximum(steps, -1), 0) for name in TRACES}
    return add_final_states(traces, p.lengths) | {"h_n": right["h_n"], "C_n": right["C_n"]}


def _exchanged(p):
    """Each step is read as a sequence and each sequence as a step, from zero: the given state does not fit."""
    zero = np.zeros((p.h_0.shape[-3], p.steps, p.h_0.shape[-1]))
    exchanged = replace(p, x=p.x.swapaxes(-3, -2), lengths=np.ones(p.steps, int), h_0=zero, C_0=zero)
    wrong = forward(exchanged)
    return add_final_states({name: wrong[name].swapaxes(-3, -2) for name in TRACES}, p.lengths)


def _sorted(p):
    """Sequences sorted by length, longest first, as some frameworks want them."""
    order = np.argsort(-p.lengths, kind="stable")
    back = np.argsort(order)
    in_order = replace(p, x=p.x[..., order, :], lengths=p.lengths[order])
    whole = replace(in_order, h_0=p.h_0[..., order, :], C_0=p.C_0[..., order, :])
    misplaced = replace(p, lengths=p.lengths[order])
    yield "sequences sorted by length, initial states not", lambda: _sequences(forward(in_order), back)
    for name, wrong in zip(MISPLACED[1:], (whole, in_order, misplaced), strict=True):
        yield name, lambda wrong=wrong: _padded(forward(wrong), wrong)
        yield f"{name}{READ_ON}", partial(forward, wrong)


def _padded(outputs, p):
    """Zeros where `p` has padding, as most programs return them."""
    words = np.arange(p.steps)[:, None, None] < p.lengths[:, None]
    return outputs | {name: outputs[name] * words for name in (*TRACES, "output")}


def _renamed(run, p, pairs):
    right = run(p)
    wrong = {name: right[pairs.get(name, name)] for name in right}
    return wrong | {"output": wrong["h"][..., -1, :, :, :]}


def _states_turned(p):
    right = forward(p)
    return right | {name: right[name][..., ::-1, :, :] for name in ("h_n", "C_n")}


def _layers_exchanged(p):
    right = forward(p)
    wrong = {name: right[name][..., ::-1, :, :, :] for name in TRACES}
    states = {name: right[name][..., ::-1, :, :] for name in ("h_n", "C_n")}
    return wrong | states | {"output": wrong["h"][..., -1, :, :, :]}


def _sequences(outputs, order):
    """Outputs with their sequences in `order`."""
    return {name: array[..., order, :] for name, array in outputs.items()}
