"""Verdict on a program, and the first number that is wrong."""

from typing import NamedTuple

from ..records import short_repr
from .comparing import Errors

LISTED = 12  # mistakes that are printed where many explain the same; `diagnosis` has all

NO_PAIRS = "mistakes on top of a wrong gate order, which are not tried where there are many units"
SINGLY = "two mistakes at once, which are tried on outputs of the plain LSTM alone"
CONSTANT = "every number"  # the beginning of a place where all are the same, which tells nothing of a cause
BASES = "(Steps, sequences and indices are counted from 0, layers from 1, units from 1 through all layers.)"


class Departure(NamedTuple):
    """The first number that is out of tolerance; steps and sequences count from 0, layers and units from 1."""

    quantity: str
    step: int
    sequence: int
    layer: int
    unit: int  # the paper's number, counting through all layers
    got: float
    expected: float

    def __str__(self):
        return (
            "It departs from the equations, first in {} at step {} of sequence {}, layer {}, unit {}: {:.6g} instead "
            "of {:.6g}.".format(*self)
        )


class WrongGradient(NamedTuple):
    """The first number of the first gradient that is out of tolerance, its indices counted from 0."""

    quantity: str
    index: tuple[int, ...]  # type: ignore[assignment]  # nobody asks for tuple.index here
    got: float
    expected: float

    def __str__(self):
        return "Its gradients depart from those of the equations, first {} at {}: {:.6g} instead of {:.6g}.".format(
            *self
        )


@short_repr
class Verdict(NamedTuple):
    """Verdict of `verify`, true only if the program is right; `print(verdict)` tells all of it."""

    ok: bool
    errors: dict[str, Errors]
    first: Departure | WrongGradient | None
    diagnosis: tuple[str, ...]  # each alone explains the difference; several cannot be told apart
    nearest: str | None = None  # where none does, the mistake that explains most
    remainder: float | None = None  # and the share of the squared difference that it leaves
    place: str = ""  # where that rest lies, or all of the difference
    unseen: tuple[str, ...] = ()  # what these outputs cannot show
    advice: tuple[str, ...] = ()  # what to hand in next, or to say of it
    notes: tuple[str, ...] = ()  # in which order axes were read, where their sizes do not say it

    def __bool__(self):
        return self.ok

    @property
    def explained(self) -> bool:
        """Return whether a mistake was found that explains all of it."""
        return bool(self.diagnosis) and self.remainder is None

    def __str__(self):
        width = max(8, *map(len, self.errors)) + 2
        lines = [
            f"{'quantity':{width}}{'precision':11}{'abs error':>11}{'rel error':>11}{'ulps':>11}   within tolerance"
        ]
        for name, e in self.errors.items():
            lines.append(
                f"{name:{width}}{e.precision:11}{e.abs:11.2e}{e.rel:11.2e}{e.ulps:11.3g}"
                f"   {'yes' if e.ok else 'NO'} (rtol {e.rtol:g}, atol {e.atol:g})"
            )
        return "\n".join([*lines, *self.notes, *(self._right() if self.ok else self._wrong())])

    def _right(self):
        yield "It follows the equations."
        if self.unseen:
            yield f"Not handed in, so not looked at: {'; '.join(self.unseen)}."

    def _wrong(self):
        yield str(self.first)
        if self.diagnosis and not self.explained:
            yield f"It {self.diagnosis[0]}, which explains {_percent(1 - self.remainder)} of the squared difference."
        elif self.diagnosis:
            yield from explained_by(self.diagnosis, "these outputs")
        elif self.place.startswith(CONSTANT):
            yield f"{self.place[0].upper()}{self.place[1:]} is the same: many mistakes come to that."
        else:
            pairs = "" if NO_PAIRS in self.unseen else ", with a wrong gate order"
            how = "" if SINGLY in self.unseen else f", alone{pairs} or without a state"
            yield f"None of the known mistakes explains it{how}."
            if self.nearest:
                left = _percent(self.remainder)
                yield f"Nearest comes: {self.nearest}, which leaves {left} of the squared difference."
            if self.place:
                yield f"{'The rest' if self.nearest else 'The difference'} lies in {self.place}."
            else:  # the nearest kind is an inexact one, or fails in another case
                yield "What it leaves there is within the tolerance."
        yield from self.advice
        yield BASES


def explained_by(names, what):
    """Lines that name the mistakes of which each explains all."""
    if len(names) == 1:
        yield f"This mistake explains all of it: {names[0]}."
    else:
        yield f"Each of these mistakes explains all of it; {what} cannot tell which it is:"
        yield from (f"  - {name}" for name in names[:LISTED])
        if len(names) > LISTED:
            yield f"  and {len(names) - LISTED} more"


def _percent(share):
    return f"{100 * share:.2g} %" if share < 0.1 else f"{100 * share:.0f} %"
