"""Input of one run of a framework's LSTM, and the loop over calls and layers that all frameworks share."""

from functools import partial
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ..records import short_repr
from .program import Variant


@short_repr
class Case(NamedTuple):
    """Input of one run of a framework: arrays as test vectors have them."""

    x: np.ndarray  # (steps, batch, D)
    lengths: np.ndarray | None  # None: all as long as the longest
    h_0: np.ndarray  # (layers * directions, batch, P)
    C_0: np.ndarray  # (layers * directions, batch, H)
    tensors: dict[str, np.ndarray]  # the weights, by the names of the adapter's convention
    losses: dict[str, np.ndarray]  # where gradients are asked for
    variant: Variant = Variant()

    @property
    def layers(self):
        """Number of layers."""
        return count_layers(self.tensors)

    @property
    def read(self):
        """Inputs by name: the words and the states."""
        return {"x": self.x, "h_0": self.h_0, "C_0": self.C_0}

    def of_layer(self, k, arrays=None):
        """The tensors of layer k, or those among `arrays`, by their names without a number."""
        end = f"_l{k}"
        arrays = self.tensors if arrays is None else arrays
        return {name.removesuffix(end): array for name, array in arrays.items() if name.endswith(end)}

    def each_layer(self, read):
        """`read(weights, x, h, C)` as `in_calls` wants it: for each layer, with its weights among all that is given."""
        return lambda given: [partial(read, self.of_layer(k, given)) for k in range(self.layers)]

    def ends(self, steps):
        """The index of each sequence's last word, where `steps` are read in one call."""
        return [steps - 1] * self.x.shape[1] if self.lengths is None else [int(n) - 1 for n in self.lengths]


def where_and_how(case, dtype, device):
    """An adapter's `make` where there is no object to make: the precision and the device, which `call` is told."""
    return dtype, device


def count_layers(names):
    """Number of layers of tensors called `names`."""
    return 1 + max(int(name.rpartition("_l")[2].removesuffix("_reverse")) for name in names)


def reversed_words(array, lengths):
    """`array` (steps, batch, ...) with the words of each sequence from its last to its first; padding stays."""
    steps = np.arange(len(array))[:, None]
    words = np.where(steps < lengths, lengths - 1 - steps, steps)
    return array[words, np.arange(array.shape[1])]


def in_calls(parts, layers, concatenate):
    """A function that runs layers of a framework, in one call for each of `parts`.

    Parameters
    ----------
    parts : list of int
        How many steps are read in each call; the next goes on from the state that one returned.
    layers : callable
        From all that the program is given, x, h_0, C_0 and perhaps weights by name, to a list of functions that read
        (x, h, C) and return `output`, `h_n`, `C_n`. Each has an equal share of the states: one layer, or all of them.
    concatenate : callable
        Of the framework, for its tensors along their first axis.
    """
    seams = list(pairwise(np.cumsum([0, *parts]).tolist()))

    def run(given):
        readers, said = layers(given), []
        n = len(given["h_0"]) // len(readers)
        h, C = ([given[name][n * k : n * k + n] for k in range(len(readers))] for name in ("h_0", "C_0"))
        for start, end in seams:
            x = given["x"][start:end]
            for k, read in enumerate(readers):
                x, h[k], C[k] = read(x, h[k], C[k])
            said.append(x)
        return {"output": concatenate(said), "h_n": concatenate(h), "C_n": concatenate(C)}

    return run
