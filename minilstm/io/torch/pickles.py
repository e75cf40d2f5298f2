"""A pickle reader that cannot run anything.

The machine below takes the opcodes from the standard library's `pickletools.genops`, which only parses, and knows the
few that PyTorch writes. A name resolves to an entry of `stubs.py`: to one of the few that describe tensors, or to an
inert stand-in that can be "called" and given a state like anything in a pickle, and does nothing. Whatever lies beside
the weights therefore cannot be in their way, and cannot run.

Why not `pickle.Unpickler` with a `find_class` that returns stand-ins? It would save a hundred lines, but it does three
things that no override reaches: it reserves memory for memo indices as large as the file asks (PUT 2**32 - 1 takes
64 GB), it hashes keys in C (a tuple of itself twice, forty times over, hashes for hours; a deep one overflows the C
stack), and it takes the objects of EXT opcodes from a cache of the whole process. A scan that foresees all of this has
to know what is on the stack at each opcode, and is this machine again.
"""

import pickletools
import warnings

from ...errors import ModelFileError
from .inert import Instance, Unknown, integer, shown

LITERALS = frozenset(
    """INT BININT BININT1 BININT2 LONG1 LONG4 BINFLOAT BINSTRING SHORT_BINSTRING BINUNICODE
    SHORT_BINUNICODE BINUNICODE8 BINBYTES SHORT_BINBYTES BINBYTES8 BYTEARRAY8""".split()
)
NUMBERS = frozenset("INT BININT BININT1 BININT2 LONG1 LONG4 BINFLOAT".split())
LONG_TEXT = 2**18  # characters or bytes; longer ones (arrays of NumPy's) are no weight's and no word's, and are let go
CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
EMPTY = {"EMPTY_LIST": list, "EMPTY_DICT": dict, "EMPTY_SET": set}
MARK = object()


def read_pickle(stream, budget, allowed=None, persistent=None):
    """Read one pickle at the stream's position, and leave the stream just after it.

    Parameters
    ----------
    stream : file
        With `read`, `readline` and `tell`.
    budget : Budget
        Pays one step per opcode.
    allowed : dict, optional
        From (module, name) to a stand-in with a method `make(args, budget)`; what is not in it becomes an inert
        `Unknown`. None: no names at all.
    persistent : callable, optional
        Receives each persistent id and returns what takes its place. None: none expected.

    Returns
    -------
    object
        None, bool, int, float, str, bytes, tuple, list, dict, set, or what `make` and `persistent` returned.

    Raises
    ------
    ModelFileError
        The bytes are no pickle, or one that does what PyTorch's pickles have no need of.
    """
    machine = _Machine(budget, allowed, persistent)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of pickletools, on escapes in a string that is refused anyway
        for opcode, argument, position in _opcodes(stream):
            try:
                machine.step(opcode.name, argument)
            except ModelFileError as error:
                raise ModelFileError(f"byte {position}, opcode {opcode.name}: {error}") from None
    return machine.result()


def _opcodes(stream):
    try:
        yield from pickletools.genops(stream)
    except ModelFileError:
        raise
    except ValueError as error:  # all that pickletools raises on broken bytes
        raise ModelFileError(f"not a whole pickle: {str(error)[:200]}") from None


def _key(value):
    """Return `value` if it is safe as a key, else an object in its place: nested tuples hash forever."""
    if isinstance(value, (str, bytes, bool, float)) or value is None:
        return value
    return value if type(value) is int and -(2**63) <= value <= 2**63 else object()


class _Machine:
    """The stack and the memo of one pickle."""

    def __init__(self, budget, allowed, persistent):
        self.budget, self.allowed, self.persistent = budget, allowed, persistent
        self.stack, self.memo = [], {}

    def step(self, name, argument):
        self.budget.spend_thirds(1 if name in NUMBERS else 3)
        if name in LITERALS:
            long = name not in NUMBERS and len(argument) > LONG_TEXT
            self.stack.append(Instance(f"a text of {len(argument)}") if long else argument)
        elif name in CONSTANTS:
            self.stack.append(CONSTANTS[name])
        elif name in EMPTY:
            self.budget.spend(2 if name == "EMPTY_SET" else 0)  # a set takes as much as three dictionaries
            self.stack.append(EMPTY[name]())
        else:
            handler = getattr(self, f"do_{name.lower()}", None)
            if handler is None:
                raise ModelFileError("never written by PyTorch, so refused")
            handler(argument)

    def result(self):
        if len(self.stack) != 1 or self.stack[0] is MARK:
            raise ModelFileError(f"a pickle ends with {len(self.stack)} objects on its stack; expected one")
        return self.stack[0]

    def pop(self, kind=object):
        value = self.stack.pop() if self.stack else MARK
        if value is MARK or not isinstance(value, kind):
            found = "nothing" if value is MARK else shown(value)
            wanted = "an object" if kind is object else f"a {kind.__name__}"
            raise ModelFileError(f"found {found} on the stack; expected {wanted}")
        return value

    def top(self, kind=object):
        value = self.pop(kind)
        self.stack.append(value)
        return value

    def pop_mark(self):
        for depth in range(1, len(self.stack) + 1):
            if self.stack[-depth] is MARK:
                items = self.stack[len(self.stack) - depth + 1 :]
                del self.stack[len(self.stack) - depth :]
                return items
        raise ModelFileError("no mark on the stack; expected one")

    # Bookkeeping
    def do_proto(self, version):
        integer(version, 2, 5, "the pickle's protocol")

    def do_frame(self, size):
        """A hint for buffering."""

    def do_stop(self, _):
        """The end; `pickletools.genops` stops by itself."""

    def do_mark(self, _):
        self.stack.append(MARK)

    def do_pop(self, _):
        self.pop()

    def do_pop_mark(self, _):
        self.pop_mark()

    def do_put(self, index):
        self.memo[integer(index, 0, 2**32, "a memo index")] = self.top()

    do_binput = do_long_binput = do_put

    def do_memoize(self, _):
        self.memo[len(self.memo)] = self.top()

    def do_get(self, index):
        if index not in self.memo:
            raise ModelFileError(f"memo entry {shown(index)} was never written")
        self.stack.append(self.memo[index])

    do_binget = do_long_binget = do_get

    # Containers
    def do_tuple(self, _):
        self.stack.append(tuple(self.pop_mark()))

    def do_tuple1(self, _):
        self.stack.append((self.pop(),))

    def do_tuple2(self, _):
        second, first = self.pop(), self.pop()
        self.stack.append((first, second))

    def do_tuple3(self, _):
        third, second, first = self.pop(), self.pop(), self.pop()
        self.stack.append((first, second, third))

    def do_append(self, _):
        item = self.pop()
        if not self.top_is_inert():
            self.top(list).append(item)

    def do_appends(self, _):
        items = self.pop_mark()
        if not self.top_is_inert():
            self.top(list).extend(items)

    def do_setitem(self, _):
        value, key = self.pop(), self.pop()
        if not self.top_is_inert():
            fill(self.top(dict), [(key, value)])

    def do_setitems(self, _):
        items = self.pop_mark()
        if len(items) % 2:
            raise ModelFileError(f"{len(items)} keys and values; expected an even number")
        if not self.top_is_inert():
            fill(self.top(dict), zip(items[::2], items[1::2], strict=True))

    def do_additems(self, _):
        items = self.pop_mark()
        if not self.top_is_inert():
            self.top(set).update(map(_key, items))

    def top_is_inert(self):
        """Return whether the items are those of an object that the weights do not depend on: then nothing is kept."""
        return isinstance(self.top(), Instance)

    def do_frozenset(self, _):
        self.stack.append(frozenset(map(_key, self.pop_mark())))

    # Names, and what PyTorch does with them
    def do_global(self, argument):
        module, _, name = argument.partition(" ")
        self.stack.append(self.known(module, name))

    def do_stack_global(self, _):
        name, module = self.pop(str), self.pop(str)
        self.stack.append(self.known(module, name))

    def known(self, module, name):
        if self.allowed is None:
            raise ModelFileError(f"asks for {shown(f'{module}.{name}')} where no name is expected; nothing was run")
        return self.allowed.get((module, name)) or Unknown(f"{module}.{name}")

    def do_reduce(self, _):
        arguments, callee = self.pop(tuple), self.pop()
        if not hasattr(callee, "make"):
            raise ModelFileError(f"calls {shown(callee)}; expected a name")
        self.stack.append(callee.make(arguments, self.budget))

    do_newobj = do_reduce

    def do_newobj_ex(self, _):
        self.pop(dict)  # keyword arguments, which the weights do not depend on
        self.do_reduce(_)

    def do_build(self, _):
        state, target = self.pop(), self.top()
        if isinstance(target, dict):
            return  # attributes of an OrderedDict, such as the `_metadata` of a state dict
        if not hasattr(target, "set_state"):
            raise ModelFileError(f"sets the state of {shown(target)}; expected a module or variable")
        target.set_state(state)

    def do_binpersid(self, _):
        if self.persistent is None:
            raise ModelFileError("a persistent id where none is expected")
        self.stack.append(self.persistent(self.pop(tuple)))


def fill(target, pairs):
    """Put pairs of key and value into a dict; a key that is there already is an error."""
    for key, value in pairs:
        key = _key(key)
        if key in target:
            raise ModelFileError(f"the key {shown(key)} appears twice in one dictionary")
        target[key] = value
