"""Test vectors as version 1 of their format had them, in PyTorch's convention: files of it are still about."""

import numpy as np

from minilstm.io.conventions import layers_to
from minilstm.lstm import Layer


def make_version_1(seed=0):
    rng = np.random.default_rng(seed)
    lengths = 12, 9, 12, 5, 2

    def draw(*shape, below=1):
        return (rng.integers(1, 64 * below, shape) * rng.choice([-1, 1], shape) / 64).astype(np.float32)

    layers, second = [], []
    for _ in range(2):
        b_ih, b_hh = draw(32), draw(32)
        layers.append(Layer(draw(32, 8), draw(32, 8), b_ih + b_hh))
        second.append(b_hh)
    x = draw(12, 5, 8, below=2)
    x[np.arange(12)[:, None] >= lengths] = 0
    return {
        "format": np.array("minilstm test vectors"),
        "version": np.array(1),
        "convention": np.array("pytorch"),
        "x": x,
        "lengths": np.array(lengths),
        "h_0": draw(2, 5, 8),
        "C_0": draw(2, 5, 8, below=2),
        **layers_to(layers, "pytorch", recurrent_bias=second),
    }
