"""Wrong programs must fail: each known mistake, made on purpose, is seen by the comparison that the other tests use.

The network has random, distinct weights and biases, a state that is not zero, and everything square (3 inputs, 3 units
a layer, 3 sentences), so that no mistake is caught by a shape that does not fit; numbers alone have to tell.
"""

from itertools import permutations

import numpy as np
import pytest
from networks import assert_close, random_layers, random_state, random_x, worked_out

from minilstm import lstm
from minilstm.fast import recurrence
from minilstm.io.conventions import reorder
from minilstm.lstm import Layer, State, Step, sigmoid

UNITS, STEPS, ABLATED = 3, 4, (2, 4)  # the second unit of layer 1, the first of layer 2
RNG = np.random.default_rng(0)
LAYERS = random_layers(RNG, UNITS, (UNITS, UNITS), gain=2)
STATE = State(*map(np.stack, random_state(RNG, UNITS, (UNITS, UNITS))))  # (layers, batch, units)
X = random_x(RNG, STEPS, UNITS, UNITS)


def check(run, layers=LAYERS):
    """`run` follows the equations, whole and ablated."""
    for ablate in ((), ABLATED):
        assert_close(run(X, layers, STATE, ablate), worked_out(X, layers, STATE, ablate), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("run", [lstm.run, recurrence.run])
def test_the_right_program_passes(run):
    check(run)


def assert_seen(wrong):
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        check(wrong)


def with_layers(run, spoil):
    """`run` on other layers than it is given."""
    return lambda x, layers, state, ablate: run(x, spoil(layers), state, ablate)


def each(spoil):
    """Spoil every layer by itself."""
    return lambda layers: [spoil(layer) for layer in layers]


def blockwise(array, spoil):
    """Apply `spoil` to each of the four blocks."""
    return np.concatenate([spoil(block) for block in np.split(array, 4)])


IN_LAYERS = {
    "no bias": each(lambda layer: layer._replace(b=0 * layer.b)),
    "bias twice": each(lambda layer: layer._replace(b=2 * layer.b)),
    "no bias in the last layer": lambda layers: [layers[0], layers[1]._replace(b=0 * layers[1].b)],
    "forget bias + 1": each(lambda layer: layer._replace(b=layer.b + np.repeat([0, 1, 0, 0], UNITS))),
    "W transposed": each(lambda layer: layer._replace(W=blockwise(layer.W, np.transpose))),
    "U transposed": each(lambda layer: layer._replace(U=blockwise(layer.U, np.transpose))),
    "W and U transposed": each(lambda layer: Layer(*(blockwise(w, np.transpose) for w in layer[:2]), layer.b)),
    "W and U in each other's place": each(lambda layer: Layer(layer.U, layer.W, layer.b)),
    "units off by one": each(lambda layer: layer._replace(U=np.roll(layer.U, 1, axis=1))),
    "inputs off by one": each(lambda layer: layer._replace(W=np.roll(layer.W, 1, axis=1))),
    "layers swapped": lambda layers: layers[::-1],
    "layers swapped, recurrence not": lambda layers: [
        Layer(a.W, b.U, a.b) for a, b in zip(layers, layers[::-1], strict=True)
    ],
    "one layer twice": lambda layers: [layers[0], layers[0]],
}


@pytest.mark.parametrize("run", [lstm.run, recurrence.run])
@pytest.mark.parametrize("order", ["".join(order) for order in permutations("ifgo") if "".join(order) != "ifgo"])
def test_each_of_the_23_wrong_gate_orders(order, run):
    assert_seen(with_layers(run, each(lambda layer: Layer(*(reorder(array, order) for array in layer)))))


@pytest.mark.parametrize("run", [lstm.run, recurrence.run])
@pytest.mark.parametrize("part", ["W", "U", "b"])
def test_a_wrong_gate_order_in_one_array_only(part, run):
    assert_seen(with_layers(run, each(lambda layer: layer._replace(**{part: reorder(getattr(layer, part), "iofg")}))))


@pytest.mark.parametrize("run", [lstm.run, recurrence.run])
@pytest.mark.parametrize("mistake", IN_LAYERS)
def test_spoiled_layers(mistake, run):
    assert_seen(with_layers(run, IN_LAYERS[mistake]))


def test_constant_weights_would_not_see_a_wrong_gate_order():
    """Why weights have to be random: with constant ones all 24 orders pass."""
    constant = [Layer(*(np.full_like(array, 0.3) for array in layer)) for layer in LAYERS]
    for order in permutations("ifgo"):
        check(
            with_layers(lstm.run, each(lambda layer, order=order: Layer(*(reorder(a, order) for a in layer)))), constant
        )


def swapped_start(x, layers, state, ablate):
    return lstm.run(x, layers, State(state.C, state.h), ablate)


def swapped_end(x, layers, state, ablate):
    trace = lstm.run(x, layers, state, ablate)
    return trace._replace(state=State(trace.state.C, trace.state.h))


def swapped_throughout(x, layers, state, ablate):
    trace = lstm.run(x, layers, state, ablate)
    return trace._replace(h=trace.C, C=trace.h)


def zero_start(x, layers, state, ablate):
    return lstm.run(x, layers, None, ablate)


def start_of_another_layer(x, layers, state, ablate):
    return lstm.run(x, layers, State(state.h[::-1], state.C[::-1]), ablate)


def time_reversed(x, layers, state, ablate):
    return lstm.run(x[::-1], layers, state, ablate)


def time_and_batch_swapped(x, layers, state, ablate):
    square = x[:UNITS].swapaxes(0, 1)
    return lstm.run(np.concatenate([square, x[UNITS:]]), layers, state, ablate)


def one_step_late(x, layers, state, ablate):
    return lstm.run(np.roll(x, 1, axis=0), layers, state, ablate)


def one_word_for_all(x, layers, state, ablate):
    return lstm.run(np.repeat(x[:, :1], UNITS, axis=1), layers, state, ablate)


AROUND = (
    swapped_start,
    swapped_end,
    swapped_throughout,
    zero_start,
    start_of_another_layer,
    time_reversed,
    time_and_batch_swapped,
    one_step_late,
    one_word_for_all,
)


@pytest.mark.parametrize("wrong", AROUND, ids=lambda wrong: wrong.__name__)
def test_states_and_sequences(wrong):
    assert_seen(wrong)


def stack(step=lstm.step, feed="h", before=True, during=True, after=True, recorded=True, cell=False):
    """`lstm.run` once more, with a place for each mistake; as it stands it is right.

    `step` is what happens at a word; `feed`, what the next layer reads. Ablated units are set to 0 in the initial state
    if `before`, for the recurrence if `during`, for the next layer if `after`, in what is returned if `recorded`,
    and their cells too if `cell`.
    """

    def run(x, layers, state, ablate):
        traces, ends = [], []
        for k, layer in enumerate(layers):
            silent = np.isin(np.arange(UNITS) + 1 + k * UNITS, list(ablate))
            h, C, steps, up = np.where(silent & before, 0, state.h[k]), state.C[k], [], []
            for x_t in x:
                now = step(x_t, h, C, *layer)
                h, C = np.where(silent & during, 0, now.h), np.where(silent & cell, 0, now.C)
                steps.append(now._replace(h=np.where(silent & recorded, 0, now.h), C=C))
                up.append(np.where(silent & after, 0, getattr(now, feed)))
            x = np.stack(up)
            traces.append(Step(*map(np.stack, zip(*steps, strict=True))))
            ends.append((h, C))
        fields = (np.stack(arrays) for arrays in zip(*traces, strict=True))
        return lstm.Trace(*fields, state=State(*map(np.stack, zip(*ends, strict=True))))

    return run


def test_the_stack_without_a_mistake_passes():
    check(stack())


LEAKS = {
    "the initial state": {"before": False},
    "the recurrence": {"during": False},
    "the layer above, as in the released code": {"after": False},
    "all of the network; only what is reported is 0": {"before": False, "during": False, "after": False},
    "what is reported": {"recorded": False},
    "the cell is silenced too": {"cell": True},
}


@pytest.mark.parametrize("leak", LEAKS)
def test_an_ablation_that_leaks(leak):
    assert_seen(stack(**LEAKS[leak]))


def test_an_ablation_that_ends_early():
    """Silent at every step but the last."""

    def run(x, layers, state, ablate):
        most = lstm.run(x[:-1], layers, state, ablate)
        last = lstm.run(x[-1:], layers, most.state)
        fields = (np.concatenate(pair, axis=1) for pair in zip(most[:-1], last[:-1], strict=True))
        return lstm.Trace(*fields, state=last.state)

    assert_seen(run)


@pytest.mark.parametrize("run", [lstm.run, recurrence.run])
@pytest.mark.parametrize("shift", [-1, 1, UNITS])
def test_units_off_by_one(shift, run):
    """Numbers taken to count from 0, from 2, or from the other layer."""
    assert_seen(
        lambda x, layers, state, ablate: run(x, layers, state, [(u - 1 + shift) % (2 * UNITS) + 1 for u in ablate])
    )


@pytest.mark.parametrize("run", [lstm.run, recurrence.run])
def test_one_unit_forgotten_or_none_ablated(run):
    assert_seen(lambda x, layers, state, ablate: run(x, layers, state, ablate[:1]))
    assert_seen(lambda x, layers, state, ablate: run(x, layers, state))


def step_like(squash=sigmoid, cell=lambda i, f, C_prev, C_tilde: f * C_prev + i * C_tilde, shown=np.tanh, says=None):
    """`lstm.step` with other functions in it."""

    def step(x, h_prev, C_prev, W, U, b):
        z_i, z_f, z_g, z_o = np.split(x @ W.T + h_prev @ U.T + b, 4, axis=1)
        i, f, C_tilde, o = squash(z_i), squash(z_f), np.tanh(z_g), squash(z_o)
        C = cell(i, f, C_prev, C_tilde)
        return Step(i, f, o, C_tilde, C, says(o, C) if says else o * shown(C))

    return step


def test_the_step_without_a_mistake_passes():
    check(stack(step_like()))


EQUATIONS = {
    "hard sigmoid, as Keras has it": {"squash": lambda z: np.clip(z / 6 + 0.5, 0, 1)},
    "hard sigmoid, as old Keras had it": {"squash": lambda z: np.clip(z / 5 + 0.5, 0, 1)},
    "tanh for a gate": {"squash": np.tanh},
    "input and forget gate swapped in Eq. 1": {"cell": lambda i, f, C_prev, C_tilde: i * C_prev + f * C_tilde},
    "forget gate = 1 - input gate": {"cell": lambda i, f, C_prev, C_tilde: (1 - i) * C_prev + i * C_tilde},
    "nothing forgotten": {"cell": lambda i, f, C_prev, C_tilde: C_prev + i * C_tilde},
    "no input gate": {"cell": lambda i, f, C_prev, C_tilde: f * C_prev + C_tilde},
    "Eq. 2 without tanh": {"shown": lambda C: C},
    "Eq. 2 without the output gate": {"says": lambda o, C: np.tanh(C)},
    "Eq. 2, gate inside tanh": {"says": lambda o, C: np.tanh(o * C)},
}


@pytest.mark.parametrize("mistake", EQUATIONS)
def test_other_equations(mistake):
    assert_seen(stack(step_like(**EQUATIONS[mistake])))


def test_the_next_layer_fed_with_cells():
    assert_seen(stack(feed="C"))


def test_two_sentences_in_one_state():
    """The state of the sentence before carried over into the next."""

    def run(x, layers, state, ablate):
        first = lstm.run(x[:, :1], layers, State(*(part[:, :1] for part in state)), ablate)
        carried = State(
            *(
                np.concatenate([start[:, :1], end, start[:, 2:]], 1)
                for start, end in zip(state, first.state, strict=True)
            )
        )
        return lstm.run(x, layers, carried, ablate)

    assert_seen(run)


@pytest.mark.parametrize("size", [1e-6, 1e-9])
def test_small_departures(size):
    """In float64 the tolerances see what float32 would not: one weight of 144, off by 1e-9."""

    def spoil(layers):
        U = layers[1].U.copy()
        U[7, 2] += size
        return [layers[0], layers[1]._replace(U=U)]

    assert_seen(with_layers(lstm.run, spoil))
