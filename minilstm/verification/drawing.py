"""Draw the numbers of test vectors: random, distinct, and such that a departure from the equations can be seen.

All are multiples of 1/64 that float16 and bfloat16 hold exactly: a program loses nothing by reading them in the
precision it computes in. Among random units, three of each layer have weights made by hand:

- the counter adds what `x[..., 0]` says, +1 or -1, to its cell, exactly in every precision. In some sequences it
  counts beyond 10 and back to 1/2, so that a cell clipped on the way ends elsewhere, where tanh is not yet flat;
- the relay hands that sign to the counter of the next layer;
- the switch has gates that are shut at one word and fully open at another.

In some words |z| is near 100, where exp overflows in float32: in the relay and the gates of the switch of layer 1.

Where a sum has more than 8 terms, its weights are smaller, as the square root of their number: otherwise rounding
errors would grow from word to word, and a right program in float32 depart by more than any tolerance.
"""

import numpy as np

from ..lstm import Layer

LAYERS, UNITS = 2, 8
LENGTHS = 16, 9, 13, 5, 2  # of the sequences in the batch
CHUNKS = 5, 6, 3  # steps of the second batch, when it is read in parts
WIDE_UNITS, WIDE_INPUTS, WIDE_STEPS = 200, 10, 9
COUNTER, RELAY, SWITCH = range(3)
INPUT, FORGET, CANDIDATE, OUTPUT = range(4)  # blocks of weights
COUNTS = {0: (9.5, 3, 1), 2: (-9.5, 2, -1)}  # by sequence: where the cell starts, how many words go on, which way


def draw(rng, *shape, below=1.0):
    """Multiples of 1/64 but zero, below `below` in size."""
    return (rng.integers(1, int(64 * below), shape) * rng.choice([-1, 1], shape) / 64).astype(np.float32)


def draw_weights(rng, *shape):
    """Weights of sums of `shape[-1]` terms."""
    return draw(rng, *shape, below=max(1 / 32, min(1, (8 / shape[-1]) ** 0.5)))


def draw_layers(rng, layers, units, inputs):
    """Layers with counter, relay and switch, and the second bias of each."""
    stack, second = [], []
    for k in range(layers):
        W, U = draw_weights(rng, 4, units, inputs if k == 0 else units), draw_weights(rng, 4, units, units)
        b = draw(rng, 2, 4, units)
        for unit in (COUNTER, RELAY, SWITCH):
            W[:, unit] = draw(rng, *W[:, unit].shape, below=0.125)
            U[:, unit] = draw(rng, *U[:, unit].shape, below=0.125)
        gates = [INPUT, FORGET, OUTPUT]
        if k == 0:  # x[..., 0] says which way to count
            W[CANDIDATE, COUNTER, 0], W[CANDIDATE, RELAY, :2], W[gates, SWITCH, :2] = 30, (70, -35), (40, 70)
        else:
            W[CANDIDATE, COUNTER, RELAY], W[CANDIDATE, RELAY, RELAY], W[gates, SWITCH, RELAY] = 40, 100, 90
        b[0, [INPUT, FORGET], COUNTER], b[1, [INPUT, FORGET], COUNTER] = 12, 13
        b[0, gates, RELAY], b[1, gates, RELAY] = (12, -12, 12), (13, -13, 13)
        b_ih, b_hh = b.reshape(2, -1)
        stack.append(Layer(W.reshape(4 * units, -1), U.reshape(4 * units, -1), b_ih + b_hh))
        second.append(b_hh)
    return stack, second


def draw_batch(rng, lengths, layers, units, inputs):
    """x (steps, batch, inputs), zero behind each sequence's end, and h_0, C_0 (layers, batch, units)."""
    steps, batch = max(lengths), len(lengths)
    x = draw(rng, steps, batch, inputs, below=2)
    x[..., :2] = rng.choice([-1, 1], (steps, batch, 2))
    h_0, C_0 = draw(rng, layers, batch, units), draw(rng, layers, batch, units, below=2)
    for sequence, (start, onward, way) in COUNTS.items():
        if sequence < batch:
            C_0[:, sequence, COUNTER] = start
            x[:onward, sequence, 0], x[onward:, sequence, 0] = way, -way
    x[np.arange(steps)[:, None] >= np.array(lengths)] = 0
    return x, h_0, C_0


def draw_wide(rng):
    """One layer of many units that reads a few inputs: layers, second biases, x, h_0, C_0."""
    H, D, batch = WIDE_UNITS, WIDE_INPUTS, 3
    b_ih, b_hh = draw(rng, 2, 4 * H)
    layer = Layer(draw(rng, 4 * H, D), draw(rng, 4 * H, H, below=0.125), b_ih + b_hh)
    x = draw(rng, WIDE_STEPS, batch, D, below=2)
    return [layer], [b_hh], x, draw(rng, 1, batch, H), draw(rng, 1, batch, H, below=2)


def draw_losses(rng, lengths, layers, units):
    """Weights of output (steps, batch, units), zero behind each sequence's end, and of h_n, C_n in a loss."""
    steps, batch = max(lengths), len(lengths)
    output = draw(rng, steps, batch, units)
    output[np.arange(steps)[:, None] >= np.array(lengths)] = 0
    return {"output": output, "h_n": draw(rng, layers, batch, units), "C_n": draw(rng, layers, batch, units)}
