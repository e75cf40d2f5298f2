"""Inert parts of a pickle: names and objects that do nothing here, and a limit on how many."""

from dataclasses import dataclass

from ...errors import ModelFileError


class Budget:
    """Counts the work a file asks for, and refuses when it is out of proportion to the file's size.

    An opcode of one byte can make an object of about 90 bytes, so opcodes are limited to what keeps all
    objects below three times the file (and 2 MB for small files). A number takes a third of that and has its bytes in
    the file, so that long histories of losses fit. The module of a language model takes 1,500.
    """

    def __init__(self, file_size):
        self.limit = 20_000 + min(file_size, 80_000_000) // 40
        self.left = 3 * self.limit

    def spend(self, count):
        """Pay for `count` opcodes, copied items or visited entries."""
        self.spend_thirds(3 * count)

    def spend_thirds(self, count):
        """Pay for as many thirds of an opcode."""
        self.left -= count
        if self.left < 0:
            raise ModelFileError(f"its pickles need more than {self.limit} steps; expected a few thousand")


def shown(value):
    """Return a short repr of anything that came out of a file."""
    if isinstance(value, (str, bytes)):
        return repr(value[:60]) + ("..." if len(value) > 60 else "")
    if isinstance(value, int):
        return repr(value) if value.bit_length() <= 128 else f"an integer of {value.bit_length()} bits"
    if value is None or isinstance(value, float):
        return repr(value)
    if isinstance(value, (Instance, Unknown)):
        return f"what {shown(value.name)} stands for, which was not run"
    return f"a {type(value).__name__}"


def integer(value, least, most, what):
    """Return `value` if it is an int in [least, most], else raise, calling it `what`."""
    if type(value) is not int or not least <= value <= most:
        raise ModelFileError(f"{what} is {shown(value)}; expected an integer from {least} to {most}")
    return value


@dataclass(frozen=True)
class Unknown:
    """A name that means nothing here. What it is said to make is inert."""

    name: str

    def make(self, args, budget):
        """The stand-in for what a call would have made."""
        return Instance(self.name)


class Instance:
    """An object of a class or from a function that is not known: a name, and attributes if it was given any.

    A module of somebody's own is one of these; so is everything that lies beside the weights.
    """

    def __init__(self, name):
        self.name, self.state = name, {}

    def make(self, args, budget):
        """The stand-in for what calling this object would have made."""
        return Instance(self.name)

    def set_state(self, state):
        """Keep attributes; any other state is the class's own business."""
        if isinstance(state, tuple) and len(state) == 2:
            state = state[0]  # beside it stand slots
        if isinstance(state, dict):
            self.state = state
