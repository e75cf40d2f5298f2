"""Mistakes in the order of words and sequences, in padding, and in what is carried from word to word or handed on."""

from dataclasses import replace
from itertools import pairwise

import numpy as np

from .program import TRACES, complete, forward
from .wrong_weights import no_initial_state


def wrong_time(p):
    """Every known mistake of this kind: pairs of a name and a function that returns what a program returns."""
    yield "state zero again at every step", lambda: _forgetful(p)
    yield "h zero again at every step", lambda: _in_parts(p, range(1, _steps(p)), lambda h, C: (0 * h, C))
    yield "C zero again at every step", lambda: _in_parts(p, range(1, _steps(p)), lambda h, C: (h, 0 * C))
    yield "state carried from one sequence of the batch to the next", lambda: _carried_along(p)
    yield "state carried over from an earlier run of the batch", lambda: _carried_over(p)
    yield "state carried up from each layer to the next", lambda: _carried_up(p)
    if p.b_hh:
        yield "second bias b_hh missing at the first step", lambda: _bias_later(p)
    for name, whole, put_back in (
        ("time reversed, padding first", True, False),
        ("time reversed, padding first, outputs put back in order", True, True),
        ("time reversed within each sequence", False, False),
        ("time reversed within each sequence, outputs put back in order", False, True),
    ):
        yield name, lambda whole=whole, put_back=put_back: _backwards(p, whole, put_back)
    yield "left padding, read before the words", lambda: _left_padded(p, put_back=False)
    yield "left padding, read before the words, outputs moved to the front", lambda: _left_padded(p, put_back=True)
    yield "left padding in what is returned", lambda: _returned_left_padded(p)
    yield "right padding read, final states behind it", lambda: _after_padding(p)
    yield "steps and batch exchanged, state zero", lambda: _exchanged(p)
    yield from _sorted(p)
    yield "every word read one step late, zero first", lambda: forward(replace(p, x=_late(p.x, 0 * p.x)))
    yield (
        "every word read one step early",
        lambda: forward(replace(p, x=_late(p.x[..., ::-1, :, :], 0 * p.x)[..., ::-1, :, :])),
    )
    yield "outputs one step late, the initial state first", lambda: _outputs_late(p)
    for t in range(_steps(p)):
        yield f"word at step {t} skipped, the state kept", lambda t=t: _skipped(p, t)
        yield f"word at step {t} read twice", lambda t=t: _doubled(p, t)
    yield from _seams(p)


def wrong_returns(p):
    """Every known mistake in what is returned by a program that is otherwise right."""
    for name, pairs in (
        ("h and C swapped in what is returned", {"h": "C", "C": "h", "h_n": "C_n", "C_n": "h_n"}),
        ("h_n and C_n swapped", {"h_n": "C_n", "C_n": "h_n"}),
        ("C returned for h too", {"h": "C", "h_n": "C_n"}),
        ("h returned for C too", {"C": "h", "C_n": "h_n"}),
    ):
        yield name, lambda pairs=pairs: _renamed(forward(p), pairs)
    yield "layers returned in reverse order, output of the first", lambda: _layers_exchanged(forward(p))
    yield "sequences returned in reverse order", lambda: _sequences(_padded(forward(p), p), slice(None, None, -1))


def _steps(p):
    return p.x.shape[-3]


def _in_parts(p, seams, hand_on, begin=lambda q, n: q):
    """Read in parts; `hand_on(h, C)` says what the next starts from, `begin(q, n)` changes the problem of part n."""
    h, C, parts = p.h_0, p.C_0, []
    for n, (start, end) in enumerate(pairwise([0, *seams, _steps(p)])):
        part = replace(p, x=p.x[..., start:end, :, :], h_0=h, C_0=C, lengths=np.full_like(p.lengths, end - start))
        parts.append(forward(begin(part, n)))
        h, C = hand_on(parts[-1]["h_n"], parts[-1]["C_n"])
    return complete({name: np.concatenate([part[name] for part in parts], axis=-3) for name in TRACES}, p.lengths)


def _seams(p):
    """What goes wrong where the state is handed on."""
    count = p.h_0.shape[-3]
    last, top = (np.arange(count) == count - 1)[:, None, None], (..., [count - 1] * count, slice(None), slice(None))
    handing = (
        ("state lost at every seam, zero instead", lambda h, C: (0 * h, 0 * C)),
        ("h lost at every seam, zero instead", lambda h, C: (0 * h, C)),
        ("C lost at every seam, zero instead", lambda h, C: (h, 0 * C)),
        ("initial state again at every seam", lambda h, C: (p.h_0, p.C_0)),
        ("initial h again at every seam", lambda h, C: (p.h_0, C)),
        ("initial C again at every seam", lambda h, C: (h, p.C_0)),
        ("h and C swapped at every seam", lambda h, C: (C, h)),
        ("only the last layer's state handed on at every seam", lambda h, C: (h * last, C * last)),
        ("every layer goes on from the last layer's state at every seam", lambda h, C: (h[top], C[top])),
    )
    for name, hand_on in handing:
        yield name, lambda hand_on=hand_on: _in_parts(p, p.seams, hand_on)
    before = [s - 1 for s in p.seams]
    yield "last word before every seam read again after it", lambda: _doubled(p, before)
    yield "first word after every seam skipped", lambda: _skipped(p, list(p.seams))
    yield "last word before every seam skipped", lambda: _skipped(p, before)


def _skipped(p, t):
    """The words at steps `t` (one or a list) are not read; the state of the step before stands there."""
    read = np.delete(np.arange(_steps(p)), t)
    if not len(read):
        return forward(p)
    wrong = forward(replace(p, x=p.x[..., read, :, :], lengths=np.full_like(p.lengths, len(read))))
    index = np.searchsorted(read, np.arange(_steps(p)), side="right")  # 0 where nothing has been read
    start = {"h": p.h_0, "C": p.C_0}
    traces = {}
    for name in TRACES:
        first = start.get(name, 0 * p.h_0)[..., None, :, :]
        first = np.broadcast_to(first, (*wrong[name].shape[:-3], 1, *wrong[name].shape[-2:]))
        traces[name] = np.concatenate([first, wrong[name]], axis=-3).take(index, axis=-3)
    return complete(traces, p.lengths)


def _doubled(p, t):
    """The words at steps `t` (one or a list) are read twice; the second reading is returned."""
    read = np.sort(np.append(np.arange(_steps(p)), t)).astype(int)
    wrong = forward(replace(p, x=p.x[..., read, :, :], lengths=np.full_like(p.lengths, len(read))))
    second = np.searchsorted(read, np.arange(_steps(p)), side="right") - 1
    return complete({name: wrong[name].take(second, axis=-3) for name in TRACES}, p.lengths)


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


def _forgetful(p):
    """Every word is read from zero."""
    return _in_parts(no_initial_state(p), range(1, _steps(p)), lambda h, C: (0 * h, 0 * C))


def _bias_later(p):
    b_ih = tuple(b - b_hh for b, b_hh in zip(p.b, p.b_hh, strict=True))
    return _in_parts(p, range(1, min(2, _steps(p))), lambda h, C: (h, C), lambda q, n: q if n else replace(q, b=b_ih))


def _backwards(p, whole, put_back):
    """Read from the end, of the padding too if `whole`; what comes out is put back in its words' places or is not."""
    ends = np.full_like(p.lengths, _steps(p)) if whole else p.lengths
    wrong = forward(replace(p, x=_turned(p.x, ends)))
    last = complete({name: wrong[name] for name in TRACES}, ends)
    traces = {name: _turned(wrong[name], ends) if put_back else wrong[name] for name in TRACES}
    return complete(traces, p.lengths) | {"h_n": last["h_n"], "C_n": last["C_n"]}


def _turned(array, ends):
    """The first `ends[b]` steps of each sequence b in reverse; `array` is (..., steps, batch, units)."""
    turned = array.copy()
    for row, end in enumerate(ends):
        turned[..., :end, row, :] = array[..., :end, row, :][..., ::-1, :]
    return turned


def _left_padded(p, put_back):
    """The padding stands before the words and is read; what comes out is put back to the front or is not."""
    shifts = _steps(p) - p.lengths
    wrong = forward(replace(p, x=_shifted(p.x, shifts)))
    traces = {name: _shifted(wrong[name], -shifts if put_back else 0 * shifts) for name in TRACES}
    return complete(traces, p.lengths) | {"h_n": wrong["h"][..., -1, :, :], "C_n": wrong["C"][..., -1, :, :]}


def _words(p):
    """1 where there is a word, 0 in the padding: (steps, batch, 1)."""
    return (np.arange(_steps(p))[:, None, None] < p.lengths[:, None]).astype(float)


def _returned_left_padded(p):
    """Right, but each sequence's words stand at the end, behind zeros."""
    right = forward(p)
    traces = {name: _shifted(right[name] * _words(p), _steps(p) - p.lengths) for name in TRACES}
    return complete(traces, p.lengths) | {"h_n": right["h_n"], "C_n": right["C_n"]}


def _shifted(array, shifts):
    """Each sequence b moved `shifts[b]` steps later, round the end; `array` is (..., steps, batch, units)."""
    columns = [np.roll(array[..., row, :], shift, axis=-2) for row, shift in enumerate(shifts)]
    return np.stack(columns, axis=-2)


def _after_padding(p):
    wrong = forward(p)
    return wrong | {"h_n": wrong["h"][..., -1, :, :], "C_n": wrong["C"][..., -1, :, :]}


def _exchanged(p):
    """Each step is read as a sequence and each sequence as a step, from zero: the given state does not fit."""
    steps = _steps(p)
    zero = np.zeros((p.h_0.shape[-3], steps, p.h_0.shape[-1]))
    exchanged = replace(p, x=p.x.swapaxes(-3, -2), lengths=np.ones(steps, int), h_0=zero, C_0=zero)
    wrong = forward(exchanged)
    return complete({name: wrong[name].swapaxes(-3, -2) for name in TRACES}, p.lengths)


def _sorted(p):
    """Sequences sorted by length, longest first, as some frameworks want them."""
    order = np.argsort(-p.lengths, kind="stable")
    back = np.argsort(order)
    in_order = replace(p, x=p.x[..., order, :], lengths=p.lengths[order])
    whole = replace(in_order, h_0=p.h_0[..., order, :], C_0=p.C_0[..., order, :])
    misplaced = replace(p, lengths=p.lengths[order])
    name = "sequences sorted by length"
    yield f"{name}, outputs not put back", lambda: _padded(forward(whole), whole)
    yield f"{name}, initial states not", lambda: _sequences(forward(in_order), back)
    yield f"{name}, initial states not, outputs not put back", lambda: _padded(forward(in_order), in_order)
    yield "lengths sorted, sequences not", lambda: _padded(forward(misplaced), misplaced)


def _padded(outputs, p):
    """Zeros where `p` has padding, as most programs return them."""
    return outputs | {name: outputs[name] * _words(p) for name in (*TRACES, "output")}


def _outputs_late(p):
    right = forward(p)
    start = {"h": p.h_0, "C": p.C_0}
    late = {name: _late(right[name], start.get(name, 0 * p.h_0)[..., None, :, :]) for name in TRACES}
    return right | late | {"output": late["h"][..., -1, :, :, :]}


def _late(array, first):
    """`array` (..., steps, batch, units) one step later, the first step of `first` before it."""
    first = np.broadcast_to(first[..., :1, :, :], array[..., :1, :, :].shape)
    return np.concatenate([first, array[..., :-1, :, :]], axis=-3)


def _renamed(right, pairs):
    wrong = {name: right[pairs.get(name, name)] for name in right}
    return wrong | {"output": wrong["h"][..., -1, :, :, :]}


def _layers_exchanged(right):
    wrong = {name: array[..., ::-1, :, :, :] for name, array in right.items() if name in TRACES}
    states = {name: right[name][..., ::-1, :, :] for name in ("h_n", "C_n")}
    return wrong | states | {"output": wrong["h"][..., -1, :, :, :]}


def _sequences(outputs, order):
    """What is returned with its sequences in `order`."""
    return {name: array[..., order, :] for name, array in outputs.items()}
