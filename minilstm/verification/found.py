"""An LSTM that was found in a file or in an object of a framework, and the verdict on it."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ..records import short_repr
from .cases import Case, count_layers
from .drawing import draw
from .program import Variant
from .variant_vectors import check_numbers, pose
from .verify import judge

STEPS, BATCH, LENGTHS = 12, 3, np.array([12, 5, 9])  # of the words that it is run on
FIRST = {"pytorch": ("weight_ih", "weight_hh"), "onnx": ("W", "R"), "keras": ("kernel", "recurrent_kernel")}


@short_repr
class DetectedLSTM(NamedTuple):
    """One LSTM: its weights, and which kind it is."""

    name: str
    convention: str
    tensors: dict[str, np.ndarray]  # by the convention's names, their layers counted from 0
    variant: Variant = Variant()
    notes: tuple[str, ...] = ()  # what else is to be said of it
    run: Callable | None = None  # from a `Case` to what the framework returns
    lengths: np.ndarray | None = None  # of the sequences that it is to read; None: all of one length
    backwards: bool = (
        False  # whether its one direction is that from the last word to the first; `run` turns words round
    )
    starts: str = "hC"  # which of h and C it can be given; the other starts from zero
    node: Callable | None = None  # of an ONNX file: makes a model of this node alone

    @property
    def sizes(self):
        """Layers, inputs and units."""
        W, U = FIRST[self.convention]
        inputs = self.tensors[f"{W}_l0"].shape[0 if self.convention == "keras" else -1]
        recurrent = self.tensors[f"{U}_l0"].shape
        units = {"pytorch": recurrent[0] // 4, "keras": recurrent[-1] // 4, "onnx": recurrent[-1]}[self.convention]
        return count_layers(self.tensors), inputs, units

    def __str__(self):
        layers, inputs, units = self.sizes
        parts = [
            f"{layers} layer{'s' * (layers > 1)}, {inputs} inputs, {units} units, names and order of {self.convention}"
        ]
        parts.append(
            "two directions" if self.variant.directions == 2 else f"reads {'back' * self.backwards or 'for'}wards"
        )
        parts += ["peepholes"] * self.variant.peepholes
        parts += [f"h projected to {self.variant.projection}"] * bool(self.variant.projection)
        return f"{self.name}: {', '.join([*parts, *self.notes])}"


def verify_found(found, seed=0, rtol=None, atol=None):
    """The verdict on what `found` returns of random words from random states; parameters as for `verify_module`."""
    layers, inputs, units = found.sizes
    rng, states = np.random.default_rng(seed), layers * found.variant.directions
    x = draw(rng, STEPS, BATCH, inputs, below=2)
    h_0, C_0 = draw(rng, states, BATCH, found.variant.projection or units), draw(rng, states, BATCH, units, below=2)
    h_0, C_0 = h_0 * ("h" in found.starts), C_0 * ("C" in found.starts)
    if found.lengths is not None:
        x[np.arange(STEPS)[:, None] >= found.lengths] = 0
    tensors = dict(found.tensors)
    if found.convention == "keras":
        tensors.setdefault("bias_l0", np.zeros(4 * units, tensors["kernel_l0"].dtype))
    case = Case(x, found.lengths, h_0, C_0, tensors, {}, found.variant)
    outputs = found.run(case)
    lengths = np.full(BATCH, STEPS) if found.lengths is None else found.lengths
    check_numbers(tensors)
    problem = pose(x, lengths, h_0, C_0, tensors, found.convention, found.variant)
    return judge({"": problem}, outputs, rtol, atol)._replace(advice=())  # nobody hands anything in


def first_line(error):
    """The beginning of what an exception says, or its kind."""
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
