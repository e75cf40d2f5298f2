"""Compare numbers with the right ones: precision, tolerance, and the size of errors."""

from typing import NamedTuple

import numpy as np

from ..errors import VectorsError
from ..records import short_repr

TOLERANCES = {  # relative, absolute
    "float64": (1e-10, 1e-12),
    "float32": (1e-5, 1e-6),
    "float16": (1e-2, 5e-3),
    "bfloat16": (5e-2, 3e-2),
}
HALF = "float16", "bfloat16"
# Times the absolute one, for sums over all words: of ten seeds without padding, PyTorch in float32 needs 2.8, Keras 6.5
GRADIENTS = 8
LARGEST = {"float64": 1.79e308, "float32": 3.40e38, "float16": 65504.0, "bfloat16": 3.38e38}  # infinite beyond
SMALL = 1e-30  # what is below counts as this large, where errors are divided by it


class Errors(NamedTuple):
    """Largest errors of one quantity."""

    abs: float
    rel: float  # to the right number, or to `atol` where that is larger, as is the next
    ulps: float  # units in the last place, in `precision`
    precision: str
    rtol: float
    atol: float
    ok: bool  # every number within atol + rtol * |right number|
    fits: str  # the coarsest precision that holds all of its numbers; `precision` if these are all the same


@short_repr
class Comparison(NamedTuple):
    """One quantity of one case: what was handed in and what is right, in float64, where there are words."""

    got: np.ndarray
    right: np.ndarray
    words: np.ndarray  # where there is no padding
    rtol: float
    atol: float
    precision: str

    def close(self, other, slack=1):
        """Mask of where `other`, which may have leading axes, would have been taken for `got`; true in the padding."""
        near = np.abs(self.got - other) <= slack * (self.atol + self.rtol * np.abs(other))
        if np.isfinite(self.got).all():
            return near | ~self.words
        limit = LARGEST[self.precision] * (1 - self.rtol)
        overflown = np.isinf(self.got) & (np.abs(other) > limit) & (np.sign(self.got) == np.sign(other))
        return near | overflown | np.isnan(self.got) & np.isnan(other) | ~self.words

    def explained_by(self, other):
        """Return whether all of it is close, for each index of the leading axes of `other`.

        Some times the tolerance will do: wrong equations let rounding grow as right ones do not.
        """
        return self.close(other, {"float64": 10, "float32": 4}.get(self.precision, 2)).all(
            axis=tuple(range(-self.got.ndim, 0))
        )

    def passed_by(self, other):
        """Return whether all of `other` would have passed for right, for each index of its leading axes."""
        return self._replace(got=other).close(self.right).all(axis=tuple(range(-self.got.ndim, 0)))

    def squares(self, other):
        """The sum of squared differences, in units of the mean square of what is right."""
        difference = np.where(self.words, self.got - other, 0)
        return np.square(difference).sum(axis=tuple(range(-self.got.ndim, 0))) / np.mean(self.right[self.words] ** 2)

    def errors(self):
        """The `Errors` of it."""
        got, right = self.got[self.words], self.right[self.words]
        off, size = np.abs(got - right), np.maximum(np.abs(right), max(self.atol, SMALL))
        return Errors(
            float(off.max()),
            float((off / size).max()),
            float((off / spacing(size, self.precision)).max()),
            self.precision,
            self.rtol,
            self.atol,
            bool(self.close(self.right).all()),
            self.precision if self.constant else coarsest(got),
        )

    @property
    def constant(self):
        """Return whether one number, or nan, stands everywhere."""
        return len(np.unique(self.got[self.words])) == 1


def compare(got, right, words, precision, rtol=None, atol=None, scale=1.0):
    """A `Comparison`, its tolerances by `precision` where none are given, the absolute one times `scale`."""
    for name, tolerance in {"rtol": rtol, "atol": atol}.items():
        if tolerance is not None and not 0 <= tolerance < np.inf:
            raise VectorsError(f"{name}: expected a tolerance of 0 or more, got {tolerance:g}")
    own_rtol, own_atol = TOLERANCES[precision]
    rtol, atol = own_rtol if rtol is None else rtol, scale * own_atol if atol is None else atol
    return Comparison(got, right, words, rtol, atol, precision)


def coarsest(array):
    """The coarsest of bfloat16, float16, float32 and float64 that holds all numbers of `array` exactly."""
    with np.errstate(over="ignore"):
        single = np.asarray(array, np.float32)
        half = single.astype(np.float16)
    if not np.array_equal(single, array, equal_nan=True):
        return "float64"
    if not (single.view(np.uint32) & 0xFFFF).any():
        return "bfloat16"  # the first half of a float32
    return "float16" if np.array_equal(half, single, equal_nan=True) else "float32"


def spacing(right, precision):
    """The distance from each number to the next in `precision`."""
    if precision == "bfloat16":
        return np.spacing(np.abs(right).astype(np.float32)) * 2.0**16
    return np.spacing(np.abs(right).astype(precision)).astype(np.float64)
