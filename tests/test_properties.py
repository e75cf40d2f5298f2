"""What holds for every LSTM, whatever its weights: hypothesis looks for one for which it does not."""

import numpy as np
import pytest
from networks import FIELDS, assert_close, assert_same_bits, random_layers, random_state, random_x, tolerance
from threadpoolctl import threadpool_limits

from minilstm import lstm
from minilstm.fast import recurrence
from minilstm.lstm import Layer, State, Trace

hypothesis = pytest.importorskip("hypothesis")
st = hypothesis.strategies

runs = pytest.mark.parametrize("run", [lstm.run, recurrence.run], ids=["cell", "fast"])


def given(examples, **strategies):
    """hypothesis.given, seeded and without a clock, so that a test passes today if it passed yesterday."""
    settings = hypothesis.settings(max_examples=examples, deadline=None, derandomize=True, database=None)
    return lambda test: settings(hypothesis.given(**strategies)(test))


@st.composite
def networks(draw, layers=(1, 3)):
    """A network, what it reads, and where it starts from."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    dtype, gain = draw(st.sampled_from(["float32", "float64"])), draw(st.floats(0, 3))
    sizes = draw(st.lists(st.integers(1, 12), min_size=layers[0], max_size=layers[1]))
    steps, batch, width = draw(st.integers(0, 8)), draw(st.integers(0, 11)), draw(st.integers(1, 6))
    state = random_state(rng, batch, sizes, dtype) if draw(st.booleans()) else None
    return random_x(rng, steps, batch, width, dtype), random_layers(rng, width, sizes, dtype, gain), state


def sizes_of(layers):
    return [layer.U.shape[1] for layer in layers]


@st.composite
def ablations(draw, layers):
    return draw(st.sets(st.integers(1, sum(sizes_of(layers))), max_size=4))


@given(150, network=networks(), data=st.data())
def test_fast_is_plain(network, data):
    x, layers, state = network
    ablate = data.draw(ablations(layers))
    want = lstm.run(x, layers, state, ablate)
    assert_close(recurrence.run(x, layers, state, ablate), want, **tolerance(layers))


@runs
@given(40, network=networks())
def test_without_recurrent_weights_a_word_does_not_know_what_came_before(run, network):
    """W_hh = 0: the gates of every word are as if it stood alone; with f = 0 the cell and h of all layers are, too."""
    x, layers, state = network
    layers = [layer._replace(U=0 * layer.U) for layer in layers]
    together = run(x, layers, state)
    for t in range(len(x)):
        alone = run(x[t : t + 1], layers)
        for name in ("i", "f", "o", "C_tilde"):  # of layer 1: layer 2 reads h, in which the cell remembers
            want = getattr(alone, name)[0][0]
            np.testing.assert_allclose(getattr(together, name)[0][t], want, **tolerance(layers))

    layers = [layer._replace(b=with_gates(layer.b, f=-1e4)) for layer in layers]
    together = run(x, layers, state)
    for t in range(len(x)):
        alone = run(x[t : t + 1], layers)
        for name in FIELDS:
            for a, b in zip(getattr(together, name), getattr(alone, name), strict=True):
                np.testing.assert_allclose(a[t], b[0], **tolerance(layers))


def with_gates(b, **values):
    """Biases with those of a gate set to one value, such as -1e4, which shuts it."""
    b = b.copy()
    for gate, value in values.items():
        np.split(b, 4)["ifgo".index(gate)][:] = value
    return b


@runs
@given(40, network=networks())
def test_an_open_forget_gate_and_a_closed_input_gate_keep_the_cell(run, network):
    """Eq. 1 with f = 1 and i = 0, through biases that saturate: C stays as it was."""
    x, layers, state = network
    trace = run(x, [layer._replace(b=with_gates(layer.b, i=-1e4, f=1e4)) for layer in layers], state)
    for k, H in enumerate(sizes_of(layers)):
        start = np.zeros((x.shape[1], H), x.dtype) if state is None else state.C[k]
        for C in (*trace.C[k], trace.state.C[k]):
            np.testing.assert_allclose(C, start, rtol=0, atol=1e-36)


@runs
@given(60, network=networks(), size=st.sampled_from([1, 100, 1e4]))
def test_ranges(run, network, size):
    """Gates lie in [0, 1], C~ and h in [-1, 1], for weights of any size; |C| grows by 1 a word at most."""
    x, layers, state = network
    layers = [Layer(*((size * array).astype(x.dtype) for array in layer)) for layer in layers]
    trace = run(x, layers, state)
    for k in range(len(layers)):
        for name in ("i", "f", "o"):
            gate = getattr(trace, name)[k]
            assert ((gate >= 0) & (gate <= 1)).all()
        assert (abs(trace.C_tilde[k]) <= 1).all() and (abs(trace.h[k]) <= 1).all()
        bound = (0 if state is None else abs(state.C[k])) + np.arange(1, len(x) + 1)[:, None, None]
        assert (abs(trace.C[k]) <= bound * (1 + 1e-6)).all()
    if size == 1:
        assert all((abs(h) < 1).all() for h in trace.h)


def permuted(layers, orders):
    """The same network with the units of each layer in another order."""
    below, result = slice(None), []
    for layer, order in zip(layers, orders, strict=True):
        H = layer.U.shape[1]
        rows = (np.arange(4)[:, None] * H + order).reshape(-1)
        result.append(Layer(layer.W[rows][:, below], layer.U[rows][:, order], layer.b[rows]))
        below = order
    return result


@runs
@given(50, network=networks(), data=st.data())
def test_the_order_of_units_does_not_matter(run, network, data):
    """Units permuted within their layers: every gate and state, and what an ablation does, is permuted along."""
    x, layers, state = network
    orders = [np.array(data.draw(st.permutations(range(H)))) for H in sizes_of(layers)]
    ablate = data.draw(ablations(layers))
    first = np.cumsum([1, *sizes_of(layers)])
    new = [first[k] + orders[k].tolist().index(u - first[k]) for u in ablate for k in [sum(u >= first) - 1]]
    moved = state and State(*([a[:, order] for a, order in zip(part, orders, strict=True)] for part in state))
    trace = run(x, layers, state, ablate)
    want = Trace(
        *([a[..., order] for a, order in zip(field, orders, strict=True)] for field in trace[:-1]),
        state=State(*([a[:, order] for a, order in zip(part, orders, strict=True)] for part in trace.state)),
    )
    assert_close(run(x, permuted(layers, orders), moved, new), want, **tolerance(layers))


@runs
@given(40, network=networks(), data=st.data())
def test_a_row_of_a_batch_is_a_run_of_its_own(run, network, data):
    x, layers, state = network
    ablate = data.draw(ablations(layers))
    batch = run(x, layers, state, ablate)
    for row in range(x.shape[1]):
        start = state and State(*([array[row : row + 1] for array in part] for part in state))
        single = run(x[:, row : row + 1], layers, start, ablate)
        want = Trace(
            *([array[:, row : row + 1] for array in field] for field in batch[:-1]),
            state=State(*([array[row : row + 1] for array in part] for part in batch.state)),
        )
        assert_close(single, want, **tolerance(layers))


@runs
@given(40, network=networks(), data=st.data())
def test_a_sentence_in_two_pieces(run, network, data):
    """The state after a word is all that the future knows of the past."""
    x, layers, state = network
    cut = data.draw(st.integers(0, len(x)))
    first = run(x[:cut], layers, state)
    second, whole = run(x[cut:], layers, first.state), run(x, layers, state)
    pieces = (
        [np.concatenate(pair) for pair in zip(getattr(first, name), getattr(second, name), strict=True)]
        for name in FIELDS
    )
    assert_close(Trace(*pieces, state=second.state), whole, **tolerance(layers))


@runs
@given(40, network=networks(layers=(2, 3)), data=st.data())
def test_what_keeps_every_bit(run, network, data):
    """DESIGN.md, point 9: a rerun, an empty set, and the layers below an ablation."""
    x, layers, state = network
    intact = run(x, layers, state)
    assert_same_bits(run(x.copy(), layers, state), intact)
    assert_same_bits(run(x, layers, state, ablate=set()), intact)
    sizes = sizes_of(layers)
    units = data.draw(st.sets(st.integers(sum(sizes[:-1]) + 1, sum(sizes)), min_size=1))
    above = run(x, layers, state, units)
    for name in FIELDS:
        for a, b in zip(getattr(above, name)[:-1], getattr(intact, name)[:-1], strict=True):
            assert a.tobytes() == b.tobytes(), name


@runs
@given(40, network=networks(layers=(2, 2)), data=st.data())
def test_ablating_units_is_taking_their_outgoing_weights_away(run, network, data):
    """h_u = 0 at every step = all weights out of the unit are 0 (the supplement's definition), but for h_u itself."""
    x, layers, state = network
    ablate = data.draw(ablations(layers))
    H = sizes_of(layers)[0]
    U_0, W_1, U_1 = layers[0].U.copy(), layers[1].W.copy(), layers[1].U.copy()
    for unit in ablate:
        if unit <= H:
            U_0[:, unit - 1], W_1[:, unit - 1] = 0, 0
        else:
            U_1[:, unit - 1 - H] = 0
    cut = run(x, [layers[0]._replace(U=U_0), layers[1]._replace(W=W_1, U=U_1)], state)
    clamped = run(x, layers, state, ablate)
    for name in ("i", "f", "o", "C_tilde", "C"):
        for a, b in zip(getattr(cut, name), getattr(clamped, name), strict=True):
            np.testing.assert_allclose(a, b, **tolerance(layers))


@pytest.mark.parametrize("batch", [1, 40])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_one_thread_is_two_threads(batch, dtype):
    """Large enough that BLAS shares the work out if it may."""
    rng = np.random.default_rng(0)
    layers, x = random_layers(rng, 150, (200, 200), dtype, 3), random_x(rng, 12, batch, 150, dtype)
    for run in (lstm.run, recurrence.run):
        traces = []
        for n in (1, 2):
            with threadpool_limits(n):
                traces.append(run(x, layers))
        assert_close(*traces, **tolerance(layers))
