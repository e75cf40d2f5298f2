"""What is known of an LSTM that was found in a file."""

from typing import NamedTuple

import numpy as np

from .variants import Variant

KINDS = "ONNX, a PyTorch file, .safetensors with PyTorch's names, .keras, or test vectors of ours"
FIRST = {"pytorch": ("weight_ih", "weight_hh"), "onnx": ("W", "R"), "keras": ("kernel", "recurrent_kernel")}


class Found(NamedTuple):
    """One LSTM in a file."""

    name: str
    convention: str
    tensors: dict[str, np.ndarray]  # by the convention's names, their layers counted from 0
    variant: Variant = Variant()
    notes: tuple[str, ...] = ()  # what else is to be said of it

    @property
    def sizes(self):
        """Layers, inputs and units."""
        W, U = FIRST[self.convention]
        layers = 1 + max(int(name.rpartition("_l")[2].removesuffix("_reverse")) for name in self.tensors)
        inputs = self.tensors[f"{W}_l0"].shape[0 if self.convention == "keras" else -1]
        recurrent = self.tensors[f"{U}_l0"].shape
        return (
            layers,
            inputs,
            {"pytorch": recurrent[0] // 4, "keras": recurrent[-1] // 4}.get(self.convention, recurrent[-1]),
        )

    def __str__(self):
        layers, inputs, units = self.sizes
        parts = [
            f"{layers} layer{'s' * (layers > 1)}, {inputs} inputs, {units} units, names and order of {self.convention}"
        ]
        parts += ["two directions"] * (self.variant.directions == 2) + ["peepholes"] * self.variant.peepholes
        return f"{self.name}: {', '.join([*parts, *self.notes])}"
