"""Which of our mistakes pass the tests by which others check their LSTMs: python tests/benchmarks/suites.py

Each suite is posed as test vectors of ours: the sizes, weights, words and states that its tests run on, what they look
at and how closely. A mistake passes if a program that makes it would have passed all of them. Mistakes that need what a
suite does not have (a second layer, padding, a seam) do pass it: that is what "blind" means here.

- ONNX: the node tests test_lstm_defaults, _with_initial_bias, _batchwise, _reverse and _bidirectional, each direction
  as an LSTM of its own; all weights equal, three of them a single step; rtol 1e-3, atol 1e-7, as `onnx.backend.test`.
- Keras 3: test_correctness, _statefulness, _pass_initial_state and _masking of lstm_test.py; constant too; the last h;
  1e-5, 1e-5. The bias is .03, that of the forget gate 1.
- candle: rnn.rs, cosines and sines, one sequence, zero state, h and C after seven words, four decimals.
- burn: module_lstm; sizes as there (2 steps, 4 sequences, 3 inputs, 2 units, zero state), but weights drawn here,
  within 1 / sqrt(units), as PyTorch draws; 1e-4.
- ours: output, h_n and C_n of the first case of `minilstm vectors`, and of all cases, with float32 tolerances.
"""

import numpy as np

from minilstm.io.conventions import layers_from
from minilstm.verification.mistakes import single_mistakes, unpaired_mistakes
from minilstm.verification.program import Problem, forward, in_blocks
from minilstm.verification.vectors import make_vectors, read_cases, read_vectors
from minilstm.verification.wrong_weights import mistakes_of_layers

FIRST_WORDS = np.array([3.0, 1, 4, 1, 5, 9, 2])  # of candle's test


def posed(x, layers, bias_hh, convention, h_0=None, C_0=None, seams=(), lengths=None):
    """A problem of one layer, without padding if no lengths are given."""
    (layer,), (steps, batch, _) = layers, x.shape
    zero = np.zeros((1, batch, layer.U.shape[1]))
    second = None if bias_hh is None else (in_blocks(bias_hh),)
    states = (zero if h_0 is None else h_0), (zero if C_0 is None else C_0)
    lengths = np.full(batch, steps) if lengths is None else lengths
    weights = ((in_blocks(array),) for array in layer)
    return Problem(x.astype(float), lengths, *states, *weights, second, convention, tuple(seams))


def constant(x, units, W, U, bias, forget, convention, **options):
    """Weights that are all equal, in the order i f g o."""
    b = np.repeat([bias, forget, bias, bias], units).astype(float)
    kernels = {"kernel_l0": np.full((x.shape[2], 4 * units), W), "recurrent_kernel_l0": np.full((units, 4 * units), U)}
    layers = layers_from(kernels | {"bias_l0": b}, "keras")
    return posed(x, layers, None if convention == "keras" else 0 * b, convention, **options)


def onnx_suite():
    three = np.array([[[1.0, 2], [3, 4], [5, 6]]])  # one step of three sequences
    yield constant(three, 3, 0.1, 0.1, 0, 0, "onnx"), ("h_n",)
    yield constant(np.arange(1.0, 10).reshape(1, 3, 3), 4, 0.1, 0.1, 0.1, 0.1, "onnx"), ("h_n",)
    yield constant(three, 7, 0.3, 0.3, 0, 0, "onnx"), ("output", "h_n")
    forwards = three.swapaxes(0, 1)  # three steps of one sequence
    for x, weight in ((forwards[::-1], 0.1), (forwards, 0.5), (forwards[::-1], 2.0)):
        yield constant(x, 3, weight, weight, 0, 0, "onnx"), ("h_n", "C_n")


def keras_suite():
    def words(batch, steps, inputs):
        return np.arange(batch * steps * inputs).reshape(batch, steps, inputs).swapaxes(0, 1).astype(float)

    for bias, forget in ((0.03, 1), (0.03, 0.03), (0, 0)):
        yield constant(words(3, 6, 4), 3, 0.01, 0.02, bias, forget, "keras"), ("h_n",)
    twice = np.concatenate([words(2, 3, 4)] * 2)
    yield constant(twice, 4, 0.01, 0.02, 0.03, 1, "keras", seams=(3,)), ("h_n",)
    state = np.arange(4.0).reshape(1, 2, 2)
    yield constant(words(2, 4, 3), 2, 0.01, 0.02, 0.03, 1, "keras", h_0=state, C_0=state), ("h_n",)
    yield constant(words(2, 4, 3), 2, 0.01, 0.02, 0.03, 1, "keras", lengths=np.array([3, 2])), ("h_n",)


def candle_suite():
    b_ih = np.tile([-1, 1, -0.5, 2], 3)
    tensors = {
        "weight_ih_l0": np.cos(np.arange(24.0)).reshape(12, 2),
        "weight_hh_l0": np.sin(np.arange(36.0)).reshape(12, 3),
        "bias_ih_l0": b_ih,
        "bias_hh_l0": np.cos(b_ih),
    }
    x = np.stack([FIRST_WORDS, FIRST_WORDS / 2], axis=1)[:, None]
    yield posed(x, layers_from(tensors), np.cos(b_ih), "pytorch"), ("h_n", "C_n")


def burn_suite():
    rng, H = np.random.default_rng(0), 2
    shapes = {"weight_ih_l0": (8, 3), "weight_hh_l0": (8, 2), "bias_ih_l0": (8,), "bias_hh_l0": (8,)}
    tensors = {name: rng.uniform(-(H**-0.5), H**-0.5, shape) for name, shape in shapes.items()}
    x = rng.uniform(0, 1, (2, 4, 3))
    yield posed(x, layers_from(tensors), tensors["bias_hh_l0"], "pytorch"), ("output", "h_n", "C_n")


def our_suite(cases):
    for name, v in read_cases(make_vectors()).items():
        if name in cases:
            yield v, ("output", "h_n", "C_n")


SUITES = {  # its tests, and how closely they look: relative, absolute
    "ONNX nodes": (onnx_suite, 1e-3, 1e-7),
    "Keras 3": (keras_suite, 1e-5, 1e-5),
    "candle": (candle_suite, 0, 5e-5),
    "burn": (burn_suite, 0, 1e-4),
    "ours, first": (lambda: our_suite([""]), 1e-5, 1e-6),
    "ours": (lambda: our_suite(["", "again", "chunks", "wide"]), 1e-5, 1e-6),
}
KINDS = {  # by what is in the name, the first that fits
    "gate order": lambda name: name.startswith("gate order"),
    "biases": lambda name: "bias" in name,
    "weights": lambda name: " W" in f" {name}" or " U" in name or "row to row" in name or "layers in reverse" in name,
    "initial state": lambda name: "initial" in name or "starts from" in name,
    "clipped, narrow": lambda name: "clipped" in name or "beyond" in name,
    "time, padding, seams": lambda name: any(
        w in name for w in ("seam", "step", "padding", "reversed", "carried", "sorted", "sequence")
    ),
    "what is returned": lambda name: "returned" in name or "h_n" in name,
    "equations": lambda name: True,
}


def passing(suite, rtol, atol, names):
    """The mistakes among `names` that a suite's tests let through."""
    left = set(names)
    for p, quantities in suite():
        right = forward(p)
        words = np.arange(len(p.x))[:, None, None] < p.lengths[:, None]
        known = single_mistakes(p) | unpaired_mistakes(p)
        for name in [name for name in left if name in known]:
            wrong = known[name]()
            for quantity in quantities:
                inside = words if quantity == "output" else True
                with np.errstate(all="ignore"):
                    near = np.abs(wrong[quantity] - right[quantity]) <= atol + rtol * np.abs(right[quantity])
                if not (near | ~np.broadcast_to(inside, near.shape)).all():
                    left.discard(name)
    return left


def main():
    p = read_vectors(make_vectors())
    of_layers = dict(mistakes_of_layers(p))  # most of the suites have one layer
    names = [name for name in single_mistakes(p) | unpaired_mistakes(p) if name not in of_layers]
    kinds = {name: next(kind for kind, fits in KINDS.items() if fits(name)) for name in names}
    with np.errstate(all="ignore"):
        through = {suite: passing(*spec, names) for suite, spec in SUITES.items()}
    counts = {kind: sum(kinds[name] == kind for name in names) for kind in KINDS}
    print("```text")
    print(f"{'mistakes that pass':22}{'of':>6}" + "".join(f"{suite:>14}" for suite in SUITES))
    for kind, count in counts.items():
        shares = [sum(kinds[name] == kind for name in through[suite]) for suite in SUITES]
        print(f"{kind:22}{count:6}" + "".join(f"{n:14}" for n in shares))
    totals = [len(through[suite]) for suite in SUITES]
    print(f"{'all':22}{len(names):6}" + "".join(f"{f'{n} ({n / len(names):.0%})':>14}" for n in totals))
    orders = [sum(n.startswith("gate order") and len(n.split()) == 6 for n in through[suite]) for suite in SUITES]
    print(f"{'orders of all arrays':22}{23:6}" + "".join(f"{n:14}" for n in orders))
    print("```")


if __name__ == "__main__":
    main()
