"""A small random language model over the fragment's words, for tests that need some model and not a trained one."""

import numpy as np

from minilstm.language_model import LanguageModel
from minilstm.lstm import Layer
from minilstm.stimuli import fragment
from minilstm.stimuli.fragment_lexicon import vocabulary


def small_model(sizes=(8, 5), embedding=6, dtype=np.float64, gain=2.0, seed=0):
    """Random, distinct weights and biases everywhere; layers of different sizes."""
    rng = np.random.default_rng(seed)
    words, layers, D = vocabulary(), [], embedding
    for H in sizes:
        scale = gain / np.sqrt(H)
        shapes = (4 * H, D), (4 * H, H), (4 * H,)
        layers.append(Layer(*(rng.uniform(-scale, scale, shape).astype(dtype) for shape in shapes)))
        D = H
    return LanguageModel(
        words,
        rng.normal(size=(len(words), embedding)).astype(dtype),
        tuple(layers),
        rng.normal(size=(len(words), D)).astype(dtype),
        rng.normal(size=len(words)).astype(dtype),
        fragment.CONTEXT,
    )
