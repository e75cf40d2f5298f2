"""What one run of a framework's LSTM is given, and how far rounding may take it."""

from typing import NamedTuple

import numpy as np

from .variants import Variant


class Case(NamedTuple):
    """What one run of a framework is given: arrays as test vectors have them."""

    x: np.ndarray  # (steps, batch, D)
    lengths: np.ndarray | None  # None: all as long as the longest
    h_0: np.ndarray  # (layers * directions, batch, P)
    C_0: np.ndarray  # (layers * directions, batch, H)
    tensors: dict[str, np.ndarray]  # the weights, by the names of the adapter's convention
    losses: dict[str, np.ndarray]  # where gradients are asked for
    variant: Variant = Variant()

    @property
    def layers(self):
        """How many layers the tensors are of."""
        return 1 + max(int(name.rpartition("_l")[2].removesuffix("_reverse")) for name in self.tensors)

    @property
    def given(self):
        """All that an output can be differentiated by, by name."""
        return {"x": self.x, "h_0": self.h_0, "C_0": self.C_0, **self.tensors}

    def of_layer(self, k, arrays=None):
        """The tensors of layer k, or those among `arrays`, by their names without a number."""
        end = f"_l{k}"
        arrays = self.tensors if arrays is None else arrays
        return {name.removesuffix(end): array for name, array in arrays.items() if name.endswith(end)}

    def ends(self, steps):
        """The index of each sequence's last word, where `steps` are read in one call."""
        return [steps - 1] * self.x.shape[1] if self.lengths is None else [int(n) - 1 for n in self.lengths]


def scale_of(case):
    """By how much rounding is larger than on test vectors: by the largest sum of a pre-activation's terms, over 16."""
    largest = 16.0
    for name, array in case.tensors.items():
        if name.startswith(("weight_ih_l", "W_l", "kernel_l")):
            first = name.endswith(("_l0", "_l0_reverse"))
            width = np.abs(case.x).max() if first else 1
            axis = 0 if name.startswith("kernel") else -1
            largest = max(largest, width * np.abs(array).sum(axis=axis).max())
    return largest / 16
