"""Random networks for the tests, and the equations once more: scalar by scalar, sharing no code with the package."""

import math

import numpy as np

from minilstm.lstm import Layer, State, Trace

# DESIGN.md's tolerances for weights of up to three times PyTorch's default size
TOLERANCE = {np.dtype("float32"): {"rtol": 1e-5, "atol": 1e-6}, np.dtype("float64"): {"rtol": 1e-10, "atol": 1e-12}}
FIELDS = ("i", "f", "o", "C_tilde", "C", "h")


def tolerance(layers):
    """DESIGN.md's tolerance, or what one rounding of a pre-activation is worth where that is more.

    How far two orders of summation can be apart grows with the sum of the absolute products. For inputs and hidden
    states within +-1 that is at most the largest sum of absolute weights onto one unit; one rounding of a number of
    that size is what no BLAS can be denied. Up to gain 3 it exceeds DESIGN.md's 1e-6 from some 25 units on.
    """
    dtype = layers[0].W.dtype
    largest = max(sum(np.abs(part).reshape(len(part), -1).sum(axis=1) for part in layer).max() for layer in layers)
    atol = max(TOLERANCE[dtype]["atol"], float(np.finfo(dtype).eps * largest))
    return {"rtol": TOLERANCE[dtype]["rtol"], "atol": atol}


def random_layers(rng, width, sizes, dtype="float64", gain=1.0):
    """Layers of these sizes on inputs of `width`; `gain` 1 is PyTorch's initialisation, all biases drawn as well."""
    layers = []
    for H in sizes:
        shapes = (4 * H, width), (4 * H, H), (4 * H,)
        layers.append(Layer(*((gain * rng.uniform(-1, 1, shape) / math.sqrt(H)).astype(dtype) for shape in shapes)))
        width = H
    return tuple(layers)


def random_state(rng, batch, sizes, dtype="float64"):
    """h and C, one (batch, units) array a layer."""
    return State(*(tuple(rng.uniform(-1, 1, (batch, H)).astype(dtype) for H in sizes) for _ in "hC"))


def random_x(rng, steps, batch, width, dtype="float64"):
    return rng.normal(size=(steps, batch, width)).astype(dtype)


def worked_out(x, layers, state=None, ablate=()):
    """What `lstm.run` should return, as Python numbers of 64 bits: Eqs. 1-2 for one unit at a time.

    Each field is a list of one array (steps, batch, units) a layer, also where all layers are of one size.
    """
    steps, batch = x.shape[:2]
    traces, ends = [], []
    first = 1  # the paper's number of the layer's first unit
    for number, (W, U, b) in enumerate(layers):
        H = U.shape[1]
        trace = {name: np.zeros((steps, batch, H)) for name in FIELDS}
        h, C = np.zeros((2, batch, H)) if state is None else (np.array(part[number], float) for part in state)
        for unit in range(H):
            if first + unit in ablate:
                h[:, unit] = 0
        for t in range(steps):
            for row in range(batch):
                said = [float(value) for value in h[row]]
                for unit in range(H):
                    z = {}
                    for block, gate in enumerate("ifgo"):
                        k = block * H + unit
                        z[gate] = math.fsum(
                            [float(w) * float(v) for w, v in zip(W[k], x[t, row], strict=True)]
                            + [float(w) * v for w, v in zip(U[k], said, strict=True)]
                            + [float(b[k])]
                        )
                    i, f, o = (1 / (1 + math.exp(-z[gate])) for gate in "ifo")
                    C_tilde = math.tanh(z["g"])
                    C[row, unit] = f * C[row, unit] + i * C_tilde
                    h[row, unit] = 0 if first + unit in ablate else o * math.tanh(C[row, unit])
                    values = (i, f, o, C_tilde, C[row, unit], h[row, unit])
                    for name, value in zip(FIELDS, values, strict=True):
                        trace[name][t, row, unit] = value
        traces.append(trace)
        ends.append((h, C))
        x = trace["h"]
        first += H
    return Trace(*([trace[name] for trace in traces] for name in FIELDS), state=State(*zip(*ends, strict=True)))


def assert_close(got, want, rtol, atol):
    """Two Traces agree in every gate and state, to the tolerances given."""
    for name in FIELDS:
        assert_layers_close(getattr(got, name), getattr(want, name), name, rtol, atol)
    for name in State._fields:
        assert_layers_close(getattr(got.state, name), getattr(want.state, name), f"state.{name}", rtol, atol)


def assert_layers_close(got, want, name, rtol, atol):
    assert len(got) == len(want), f"{name}: {len(got)} layers, expected {len(want)}"
    for number, (a, b) in enumerate(zip(got, want, strict=True), 1):
        assert a.shape == b.shape, f"{name} of layer {number}: shape {a.shape}, expected {b.shape}"
        np.testing.assert_allclose(a, b, rtol, atol, err_msg=f"{name} of layer {number}")


def assert_same_bits(got, want):
    """Two Traces are equal bit for bit."""
    for name in FIELDS:
        assert_layers_same(getattr(got, name), getattr(want, name), name)
    for name in State._fields:
        assert_layers_same(getattr(got.state, name), getattr(want.state, name), f"state.{name}")


def assert_layers_same(got, want, name):
    assert len(got) == len(want)
    for number, (a, b) in enumerate(zip(got, want, strict=True), 1):
        assert a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes(), f"{name} of layer {number}"
