"""The cell in plain NumPy: numbers worked out on paper, the equations scalar by scalar, and what it refuses."""

from math import log, tanh

import numpy as np
import pytest
from networks import (
    FIELDS,
    assert_close,
    assert_layers_same,
    assert_same_bits,
    random_layers,
    random_state,
    random_x,
    worked_out,
)

from minilstm.errors import MinilstmError
from minilstm.lstm import Layer, State, run, sigmoid, step

LN2, LN3 = log(2), log(3)
SIZES = (5, 3, 4)


def test_one_unit_on_paper():
    """Two words, with weights that are logarithms, so that every gate comes out as a fraction.

    sigmoid(ln a) = a / (1 + a) and tanh(ln a) = (a^2 - 1) / (a^2 + 1). The unit starts from h = 1/2.

    Word 1, x = 1; z = W + U / 2 + b:
        i: ln 3 + 5 ln 2 - 5 ln 2 = ln 3             i = 3/4
        f: ln 2 - 5 ln 2 + 6 ln 2 = ln 4             f = 4/5
        g: 4 ln 2 + 5 ln 2 - 8 ln 2 = ln 2           C~ = 3/5
        o: 4 ln 3 + 5 ln 3 - 10 ln 3 = -ln 3         o = 1/4
    C starts from (ln 3 - 9/20) * 5/4, so that C = 4/5 (ln 3 - 9/20) 5/4 + 3/4 * 3/5 = ln 3 (Eq. 1)
    and h = 1/4 * tanh(ln 3) = 1/4 * 4/5 = 1/5 (Eq. 2).

    Word 2, x = 2; z = 2 W + U / 5 + b:
        i: 2 ln 3 + 2 ln 2 - 5 ln 2 = ln (9/8)       i = 9/17
        f: 2 ln 2 - 2 ln 2 + 6 ln 2 = ln 64          f = 64/65
        g: 8 ln 2 + 2 ln 2 - 8 ln 2 = ln 4           C~ = 15/17
        o: 8 ln 3 + 2 ln 3 - 10 ln 3 = 0             o = 1/2
    """
    W = np.array([[LN3], [LN2], [4 * LN2], [4 * LN3]])  # i, f, g, o
    U = np.array([[10 * LN2], [-10 * LN2], [10 * LN2], [10 * LN3]])
    b = np.array([-5 * LN2, 6 * LN2, -8 * LN2, -10 * LN3])
    start = State(np.array([[[0.5]]]), np.array([[[(LN3 - 0.45) * 1.25]]]))
    trace = run(np.array([[[1.0]], [[2.0]]]), [Layer(W, U, b)], start)

    C_2 = 64 / 65 * LN3 + 9 / 17 * 15 / 17
    on_paper = {
        "i": (3 / 4, 9 / 17),
        "f": (4 / 5, 64 / 65),
        "o": (1 / 4, 1 / 2),
        "C_tilde": (3 / 5, 15 / 17),
        "C": (LN3, C_2),
        "h": (1 / 5, tanh(C_2) / 2),
    }
    for name, expected in on_paper.items():
        np.testing.assert_allclose(getattr(trace, name)[0, :, 0, 0], expected, rtol=1e-14, err_msg=name)
    assert trace.state.h == trace.h[0, 1] and trace.state.C == trace.C[0, 1]


@pytest.mark.parametrize("ablate", [(), (2, 6, 12)])
def test_the_equations_scalar_by_scalar(ablate):
    rng = np.random.default_rng(1)
    layers, state = random_layers(rng, 3, SIZES, gain=3), random_state(rng, 2, SIZES)
    x = random_x(rng, 6, 2, 3)
    assert_close(run(x, layers, state, ablate), worked_out(x, layers, state, ablate), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("steps", [0, 1, 4])
@pytest.mark.parametrize("batch", [0, 1, 3])
def test_shapes_and_types(dtype, steps, batch):
    rng = np.random.default_rng(2)
    x = random_x(rng, steps, batch, 3, dtype)
    trace = run(x, random_layers(rng, 3, (5, 5), dtype))
    for name in FIELDS:
        assert getattr(trace, name).shape == (2, steps, batch, 5) and getattr(trace, name).dtype == dtype
    assert trace.state.h.shape == trace.state.C.shape == (2, batch, 5)
    assert trace.state.h.dtype == trace.state.C.dtype == dtype

    trace = run(x, random_layers(rng, 3, SIZES, dtype))  # layers that differ in size
    for name in FIELDS:
        assert [layer.shape for layer in getattr(trace, name)] == [(steps, batch, H) for H in SIZES]
    assert [layer.shape for layer in trace.state.C] == [(batch, H) for H in SIZES]


def test_no_words_leave_the_state_alone():
    rng = np.random.default_rng(3)
    state = random_state(rng, 2, (4, 4))
    trace = run(np.empty((0, 2, 3)), random_layers(rng, 3, (4, 4)), state)
    np.testing.assert_array_equal(trace.state.h, state.h)
    np.testing.assert_array_equal(trace.state.C, state.C)


def test_a_sentence_read_in_two_pieces():
    rng = np.random.default_rng(4)
    layers, x = random_layers(rng, 3, SIZES), random_x(rng, 7, 2, 3)
    whole, first = run(x, layers), run(x[:3], layers)
    second = run(x[3:], layers, first.state)
    for name in FIELDS:
        pieces = [np.concatenate(pair) for pair in zip(getattr(first, name), getattr(second, name), strict=True)]
        assert_layers_same(pieces, getattr(whole, name), name)
    assert_layers_same(second.state.h, whole.state.h, "h")
    assert_layers_same(second.state.C, whole.state.C, "C")


def test_run_is_step_by_step():
    rng = np.random.default_rng(5)
    (layer,) = random_layers(rng, 3, (4,))
    x = random_x(rng, 3, 2, 3)
    trace = run(x, [layer])
    h = C = np.zeros((2, 4))
    for t in range(3):
        now = step(x[t], h, C, *layer)
        h, C = now.h, now.C
        for name in FIELDS:
            np.testing.assert_array_equal(getattr(now, name), getattr(trace, name)[0, t])


def test_ablated_units_are_zero_at_every_step():
    rng = np.random.default_rng(6)
    layers, x, state = random_layers(rng, 3, SIZES), random_x(rng, 5, 2, 3), random_state(rng, 2, SIZES)
    trace, intact = run(x, layers, state, ablate=[1, 5, 8, 9]), run(x, layers, state)
    silent = [[0, 4], [2], [0]]  # SIZES is 5, 3, 4: units 1-5, 6-8, 9-12
    for layer, units in enumerate(silent):
        others = [u for u in range(SIZES[layer]) if u not in units]
        assert (trace.h[layer][..., units] == 0).all() and (trace.state.h[layer][..., units] == 0).all()
        assert (trace.C[layer][..., units] != 0).all()  # the cell goes on: only what it says is taken away
        assert (trace.h[layer][..., others] != intact.h[layer][..., others]).all()


def test_ablation_holds_for_the_initial_state_too_and_leaves_the_callers_arrays_alone():
    rng = np.random.default_rng(7)
    layers, x, state = random_layers(rng, 3, (4,)), random_x(rng, 1, 2, 3), random_state(rng, 2, (4,))
    before = state.h[0].copy()
    zeroed = State((state.h[0] * [1, 0, 1, 1],), state.C)
    assert_same_bits(run(x, layers, state, ablate=[2]), run(x, layers, zeroed, ablate=[2]))
    np.testing.assert_array_equal(state.h[0], before)


def test_nothing_ablated_and_layer_1_under_an_ablation_in_layer_2_keep_every_bit():
    rng = np.random.default_rng(8)
    layers, x = random_layers(rng, 3, (4, 4), "float32"), random_x(rng, 5, 2, 3, "float32")
    intact = run(x, layers)
    assert_same_bits(run(x, layers, ablate=()), intact)
    assert_same_bits(run(x, layers, ablate=frozenset()), intact)
    above = run(x, layers, ablate=[6])
    for name in FIELDS:
        assert_layers_same(getattr(above, name)[:1], getattr(intact, name)[:1], name)
        assert (getattr(above, name)[1, 1:] != getattr(intact, name)[1, 1:]).any()


def test_an_ablation_said_twice_or_as_numpy_numbers():
    rng = np.random.default_rng(9)
    layers, x = random_layers(rng, 3, (4, 4)), random_x(rng, 3, 1, 3)
    assert_same_bits(run(x, layers, ablate=[6, 6, 2]), run(x, layers, ablate=np.array([2, 6])))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_enormous_sums(dtype):
    """+-1e4 before the squashing: no warning (setup.cfg makes them errors) and each gate at its end of the scale."""
    b = np.array([1e4, -1e4, -1e4, 1e4], dtype)  # i = 1, f = 0, C~ = -1, o = 1
    layer = Layer(np.zeros((4, 1), dtype), np.zeros((4, 1), dtype), b)
    trace = run(np.zeros((2, 1, 1), dtype), [layer], State(np.ones((1, 1, 1)), np.full((1, 1, 1), 7)))
    for name, value in {"i": 1, "f": 0, "o": 1, "C_tilde": -1, "C": -1, "h": np.tanh(np.array(-1, dtype))}.items():
        assert (getattr(trace, name) == value).all(), name


def test_sigmoid():
    z = np.array([-1e4, -800.0, -log(3), 0.0, log(3), 1e4])
    np.testing.assert_allclose(sigmoid(z), [0, 0, 1 / 4, 1 / 2, 3 / 4, 1], rtol=1e-15)
    assert sigmoid(z.astype("float32")).dtype == np.float32
    assert sigmoid(np.float64(-800)) == 0 and 0 < sigmoid(np.float64(-700)) < 1e-300  # not cut off before it must be


def _bad(**change):
    """The arguments of a call that would be right but for what is changed."""
    rng = np.random.default_rng(10)
    return {"x": np.zeros((2, 1, 3)), "layers": random_layers(rng, 3, (4, 2))} | change


LAYER = random_layers(np.random.default_rng(11), 3, (4,))[0]


@pytest.mark.parametrize(
    "arguments, message",
    [
        (_bad(x=np.zeros((2, 3))), r"x: expected \(steps, batch, units\) in float32 or float64, got \(2, 3\)"),
        (_bad(x=np.zeros((2, 1, 3), int)), "x: expected .* got .* in int64"),
        (_bad(x=np.zeros((2, 1, 3), ">f4")), "x: expected .* got .* in >f4"),
        (_bad(x=np.zeros((2, 1, 5))), r"layer 1: W, U, b have shapes .*; expected \(4 \* units, 5\)"),
        (_bad(layers=()), "layers: expected at least one, got none"),
        (_bad(layers=[LAYER, LAYER]), r"layer 2: W, U, b have shapes .*; expected \(4 \* units, 4\)"),
        (_bad(layers=[LAYER._replace(b=np.zeros(4))]), r"layer 1: W, U, b have shapes .*\(4,\)"),
        (_bad(layers=[LAYER._replace(U=LAYER.U.T)]), r"layer 1: W, U, b have shapes .*\(4, 16\)"),
        (_bad(layers=[LAYER._replace(U=np.zeros(16))]), r"layer 1: W, U, b have shapes .*\(16,\)"),
        (_bad(layers=[LAYER._replace(W=LAYER.W.T)]), r"layer 1: W, U, b have shapes .*\(3, 16\)"),
        (
            _bad(state=random_state(np.random.default_rng(0), 2, (4, 2))),
            r"state: expected h of shapes .* got \[\(2, 4\)",
        ),
        (_bad(state=random_state(np.random.default_rng(0), 1, (4,))), "state: expected h of shapes .*a layer, got"),
        (_bad(state=(np.zeros((1, 4)), np.zeros((1, 2)))), "state: expected h of shapes"),
        (_bad(state=(0, 0, 0)), "state: expected h and C, got 3"),
        (_bad(ablate=[0]), "unit 0: this network has units 1 to 6"),
        (_bad(ablate=[3, 7]), "unit 7: this network has units 1 to 6"),
        (_bad(ablate=[-1]), "unit -1: this network has units 1 to 6"),
        (_bad(ablate=[1.5]), "unit 1.5: this network has units 1 to 6"),
        (_bad(ablate="12"), "units: expected a collection of unit numbers, got '12'"),
        (_bad(ablate=np.array([True, False])), "units: expected numbers, got a mask; .* np.flatnonzero"),
        (_bad(ablate=[True]), "units: expected numbers, got a mask"),
        (_bad(ablate=3), "units: expected a collection of unit numbers, got 3"),
    ],
)
def test_what_it_refuses(arguments, message):
    with pytest.raises(MinilstmError, match=message):
        run(**arguments)
