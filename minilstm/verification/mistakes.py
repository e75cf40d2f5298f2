"""Known mistakes in programs that compute an LSTM, each as a program that makes it.

Every function here takes `Vectors` and returns what a program with that mistake would hand back: arrays by the names
of `QUANTITIES`. `MISTAKES` names them; a wrong gate order comes on top of any of them (`misread`). A mistake that
these vectors cannot show, such as a missing second bias where there is only one, hands back what is right.
"""

from dataclasses import replace
from itertools import permutations

import numpy as np

from ..io.conventions import CONVENTIONS, reorder
from ..lstm import sigmoid

TRACES = "i", "f", "o", "C_tilde", "C", "h"  # (layers, steps, batch, units)
QUANTITIES = (*TRACES, "output", "C_n", "h_n")


def forward(v, squash=sigmoid):
    """What a right program hands back, if `squash` is the sigmoid."""
    x, per_layer = v.x, []
    for (W, U, b), h, C in zip(v.layers, v.h_0, v.C_0, strict=True):
        steps = []
        for z in x @ W.T + b:
            z = (z + h @ U.T).reshape(len(h), 4, -1)  # (batch, gates, H)
            i, f, _, o = squash(z).swapaxes(0, 1)  # (batch, H) each
            C_tilde = np.tanh(z[:, 2])
            C = f * C + i * C_tilde
            h = o * np.tanh(C)
            steps.append((i, f, o, C_tilde, C, h))
        per_layer.append(np.array(steps).swapaxes(0, 1))  # (6, steps, batch, H)
        x = per_layer[-1][-1]
    return complete(dict(zip(TRACES, np.stack(per_layer, axis=1), strict=True)), v.lengths)


def complete(traces, lengths):
    """Add `output`, `h_n` and `C_n` to the arrays (layers, steps, batch, units) of gates and states."""
    last, rows = lengths - 1, np.arange(len(lengths))
    return traces | {
        "output": traces["h"][-1],
        "C_n": traces["C"][:, last, rows],
        "h_n": traces["h"][:, last, rows],
    }


def misread(v, order):
    """`v` as a program sees it that takes the blocks of the weights to stand in `order`."""
    stored = CONVENTIONS[v.convention].order

    def turn(array):
        return reorder(reorder(array, stored, inverse=True), order)

    layers = tuple(layer._make(map(turn, layer)) for layer in v.layers)
    return replace(v, layers=layers, recurrent_bias=v.recurrent_bias and tuple(map(turn, v.recurrent_bias)))


def wrong_orders(v):
    """The 23 orders that are not that of `v`."""
    return ["".join(o) for o in permutations("ifgo") if "".join(o) != CONVENTIONS[v.convention].order]


# ---- weights


def _biases(change):
    """A mistake that uses change(b, b_hh) for each layer's b; none where it needs the b_hh that is not there."""

    def run(v):
        second = v.recurrent_bias or [None] * len(v.layers)
        layers = zip(v.layers, second, strict=True)
        return forward(replace(v, layers=tuple(layer._replace(b=change(layer.b, b_hh)) for layer, b_hh in layers)))

    return run


def _forget_one(b, b_hh):
    return b + np.repeat([0, 1, 0, 0], len(b) // 4)


def _transposed(*names):
    def run(v):
        layers = [layer._replace(**{name: _turned(getattr(layer, name)) for name in names}) for layer in v.layers]
        return forward(replace(v, layers=tuple(layers)))

    return run


def _turned(blocks):
    """Each of the four square blocks (H, H) transposed; where they are not square, as they were."""
    rows, columns = blocks.shape
    if rows != 4 * columns:
        return blocks
    return blocks.reshape(4, columns, columns).swapaxes(1, 2).reshape(rows, columns)


def _layers_reversed(v):
    return forward(replace(v, layers=v.layers[::-1]))


# ---- states


def _starting(**change):
    return lambda v: forward(replace(v, **{name: how(v) for name, how in change.items()}))


def _carried_along(v):
    """The sequences are read one after another, each from the state that the one before it left."""
    h, C, parts = v.h_0[:, :1], v.C_0[:, :1], []
    for row in range(len(v.lengths)):
        part = forward(replace(v, x=v.x[:, row : row + 1], lengths=v.lengths[row : row + 1], h_0=h, C_0=C))
        h, C = part["h_n"], part["C_n"]
        parts.append(part)
    return {name: np.concatenate([part[name] for part in parts], axis=-2) for name in parts[0]}


def _carried_over(v):
    before = forward(v)
    return forward(replace(v, h_0=before["h_n"], C_0=before["C_n"]))


def _carried_up(v):
    """Each layer starts where the one below ended, at the last step."""
    h, C = v.h_0.copy(), v.C_0.copy()
    for k in range(1, len(v.layers)):
        below = forward(replace(v, h_0=h, C_0=C))
        h[k], C[k] = below["h"][k - 1, -1], below["C"][k - 1, -1]
    return forward(replace(v, h_0=h, C_0=C))


def _forgetful(v):
    """Every word is read from zero."""
    steps, batch, D = v.x.shape
    zero = np.zeros((len(v.layers), steps * batch, v.h_0.shape[2]))
    words = forward(replace(v, x=v.x.reshape(1, -1, D), lengths=np.ones(steps * batch, int), h_0=zero, C_0=zero))
    traces = {name: words[name].reshape(len(zero), steps, batch, -1) for name in TRACES}
    return complete(traces, v.lengths)


# ---- what is handed back


def _swapped(*names):
    """Each quantity renamed to the next in `names`, two by two."""
    pairs = dict(zip(names[::2], names[1::2], strict=True))
    pairs |= {new: old for old, new in pairs.items()}

    def run(v):
        right = forward(v)
        wrong = {name: right[pairs.get(name, name)] for name in right}
        return wrong | {"output": wrong["h"][-1]}

    return run


def _layers_exchanged(v):
    right = forward(v)
    return {name: right["h"][0] if name == "output" else array[::-1] for name, array in right.items()}


# ---- time and padding


def _backwards(whole, put_back):
    """Read from the end, of the padding too if `whole`; what comes out is put back in its words' places or is not."""

    def run(v):
        ends = np.full_like(v.lengths, len(v.x)) if whole else v.lengths
        wrong = forward(replace(v, x=_turn(v.x, ends)))
        last = complete({name: wrong[name] for name in TRACES}, ends)
        traces = {name: _turn(wrong[name], ends) if put_back else wrong[name] for name in TRACES}
        return complete(traces, v.lengths) | {"h_n": last["h_n"], "C_n": last["C_n"]}

    return run


def _turn(array, ends):
    """The first `ends[b]` steps of each sequence b in reverse; `array` is (..., steps, batch, units)."""
    turned = array.copy()
    for row, end in enumerate(ends):
        turned[..., :end, row, :] = array[..., :end, row, :][..., ::-1, :]
    return turned


def _left_padded(put_back):
    """The padding stands before the words and is read; what comes out is put back to the front or is not."""

    def run(v):
        shifts = len(v.x) - v.lengths
        wrong = forward(replace(v, x=_shifted(v.x, shifts)))
        traces = {name: _shifted(wrong[name], -shifts if put_back else 0 * shifts) for name in TRACES}
        return complete(traces, v.lengths) | {"h_n": wrong["h"][:, -1], "C_n": wrong["C"][:, -1]}

    return run


def _handed_back_left_padded(v):
    """Right, but each sequence's words stand at the end, behind zeros."""
    right, words = forward(v), np.arange(len(v.x))[:, None, None] < v.lengths[:, None]
    traces = {name: _shifted(right[name] * words, len(v.x) - v.lengths) for name in TRACES}
    return complete(traces, v.lengths) | {"h_n": right["h_n"], "C_n": right["C_n"]}


def _shifted(array, shifts):
    """Each sequence b moved `shifts[b]` steps later, round the end; `array` is (..., steps, batch, units)."""
    columns = [np.roll(array[..., row, :], shift, axis=-2) for row, shift in enumerate(shifts)]
    return np.stack(columns, axis=-2)


def _after_padding(v):
    wrong = forward(v)
    return wrong | {"h_n": wrong["h"][:, -1], "C_n": wrong["C"][:, -1]}


def _exchanged(v):
    """Each step is read as a sequence and each sequence as a step, from zero: the given state does not fit."""
    steps = len(v.x)
    zero = np.zeros((len(v.layers), steps, v.h_0.shape[2]))
    wrong = forward(replace(v, x=v.x.swapaxes(0, 1), lengths=np.ones(steps, int), h_0=zero, C_0=zero))
    return complete({name: wrong[name].swapaxes(1, 2) for name in TRACES}, v.lengths)


MISTAKES = {
    "bias missing": _biases(lambda b, b_hh: 0 * b),
    "bias doubled": _biases(lambda b, b_hh: 2 * b),
    "first bias only, b_hh missing": _biases(lambda b, b_hh: b if b_hh is None else b - b_hh),
    "second bias only, b_ih missing": _biases(lambda b, b_hh: b if b_hh is None else b_hh),
    "forget bias + 1": _biases(_forget_one),
    "recurrent weights U transposed": _transposed("U"),
    "input weights W transposed": _transposed("W"),
    "W and U transposed": _transposed("W", "U"),
    "hard sigmoid of Keras 3 and PyTorch, relu6(z + 3) / 6": lambda v: forward(v, lambda z: np.clip(z / 6 + 0.5, 0, 1)),
    "hard sigmoid of Keras 2 and ONNX, 0.2 z + 0.5 within 0 and 1": lambda v: forward(
        v, lambda z: np.clip(0.2 * z + 0.5, 0, 1)
    ),
    "layers in reverse order": _layers_reversed,
    "initial states of the layers in reverse order": _starting(h_0=lambda v: v.h_0[::-1], C_0=lambda v: v.C_0[::-1]),
    "layers and their initial states in reverse order": lambda v: _layers_reversed(
        replace(v, h_0=v.h_0[::-1], C_0=v.C_0[::-1])
    ),
    "layers handed back in reverse order, output of the first": _layers_exchanged,
    "h and C swapped in the initial state": _starting(h_0=lambda v: v.C_0, C_0=lambda v: v.h_0),
    "h and C swapped in what is handed back": _swapped("h", "C", "h_n", "C_n"),
    "h_n and C_n swapped": _swapped("h_n", "C_n"),
    "initial state not used, zero instead": _starting(h_0=lambda v: 0 * v.h_0, C_0=lambda v: 0 * v.C_0),
    "initial h not used, zero instead": _starting(h_0=lambda v: 0 * v.h_0),
    "initial C not used, zero instead": _starting(C_0=lambda v: 0 * v.C_0),
    "state zero again at every step": _forgetful,
    "state carried from one sequence of the batch to the next": _carried_along,
    "state carried over from an earlier run of the batch": _carried_over,
    "state carried up from each layer to the next": _carried_up,
    "time reversed, padding first": _backwards(whole=True, put_back=False),
    "time reversed, padding first, outputs put back in order": _backwards(whole=True, put_back=True),
    "time reversed within each sequence": _backwards(whole=False, put_back=False),
    "time reversed within each sequence, outputs put back in order": _backwards(whole=False, put_back=True),
    "left padding, read before the words": _left_padded(put_back=False),
    "left padding, read before the words, outputs moved to the front": _left_padded(put_back=True),
    "left padding in what is handed back": _handed_back_left_padded,
    "right padding read, final states behind it": _after_padding,
    "steps and batch exchanged, state zero": _exchanged,
}
