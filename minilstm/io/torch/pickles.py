"""A pickle reader that cannot run anything.

`pickle.Unpickler` looks up names and calls them; even with its look-ups restricted it hashes nested keys,
honours `__setstate__` and reserves memory for memo indices as large as the file asks. PyTorch's pickles need
little of that. The machine below takes the opcodes from the standard library's `pickletools.genops`, which
only parses, and knows the few that PyTorch writes. A name resolves to an entry of the allow-list (`stubs.py`)
or is refused. What is "called" is the entry's own small function, which describes an object and makes none.
"""

import pickletools
import warnings

from ...errors import ModelFileError

LITERALS = frozenset(
    """INT BININT BININT1 BININT2 LONG1 LONG4 BINFLOAT BINSTRING SHORT_BINSTRING BINUNICODE
    SHORT_BINUNICODE BINUNICODE8 BINBYTES SHORT_BINBYTES BINBYTES8""".split()
)
CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
EMPTY = {"EMPTY_LIST": list, "EMPTY_DICT": dict, "EMPTY_SET": set}
MARK = object()


class Budget:
    """Counts the work a file asks for, and refuses when it is out of proportion to the file's size.

    An opcode of one byte can make an object of about 90 bytes, so opcodes are limited to what keeps all
    objects below three times the file (and 2 MB for small files). The module of a language model takes 1,500.
    """

    def __init__(self, file_size):
        self.limit = self.left = 20_000 + min(file_size, 80_000_000) // 40

    def spend(self, count):
        """Pay for `count` opcodes, copied items or visited entries."""
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
    return f"a {type(value).__name__}"


def integer(value, least, most, what):
    """Return `value` if it is an int in [least, most], else raise, calling it `what`."""
    if type(value) is not int or not least <= value <= most:
        raise ModelFileError(f"{what} is {shown(value)}; expected an integer from {least} to {most}")
    return value


def read_pickle(stream, budget, allowed=None, persistent=None):
    """Read one pickle at the stream's position, and leave the stream just after it.

    Parameters
    ----------
    stream : file
        With `read`, `readline` and `tell`.
    budget : Budget
        Pays one step per opcode.
    allowed : dict, optional
        From (module, name) to a stand-in with a method `make(args, budget)`. None: no names at all.
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
    machine = _Machine(budget, allowed or {}, persistent)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of pickletools, on escapes in a string that is refused anyway
        for opcode, argument, position in _opcodes(stream, budget):
            try:
                machine.step(opcode.name, argument)
            except ModelFileError as error:
                raise ModelFileError(f"byte {position}, opcode {opcode.name}: {error}") from None
    return machine.result()


def _opcodes(stream, budget):
    try:
        for item in pickletools.genops(stream):
            budget.spend(1)
            yield item
    except ModelFileError:
        raise
    except ValueError as error:  # all that pickletools raises on broken bytes
        raise ModelFileError(f"not a whole pickle: {str(error)[:200]}") from None


def _key(value):
    """Return `value` if it is safe as a key; nested tuples hash forever or overflow the C stack."""
    if isinstance(value, (str, bytes)) or value is None:
        return value
    return integer(value, -(2**63), 2**63, "a dictionary key or set member")


class _Machine:
    """The stack and the memo of one pickle."""

    def __init__(self, budget, allowed, persistent):
        self.budget, self.allowed, self.persistent = budget, allowed, persistent
        self.stack, self.memo = [], {}

    def step(self, name, argument):
        if name in LITERALS:
            self.stack.append(argument)
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
        self.top(list).append(item)

    def do_appends(self, _):
        items = self.pop_mark()
        self.top(list).extend(items)

    def do_setitem(self, _):
        value, key = self.pop(), self.pop()
        fill(self.top(dict), [(key, value)])

    def do_setitems(self, _):
        items = self.pop_mark()
        if len(items) % 2:
            raise ModelFileError(f"{len(items)} keys and values; expected an even number")
        fill(self.top(dict), zip(items[::2], items[1::2], strict=True))

    def do_additems(self, _):
        items = self.pop_mark()
        self.top(set).update(map(_key, items))

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
        if (module, name) not in self.allowed:
            raise ModelFileError(
                f"asks for {shown(f'{module}.{name}')}, which is not on the list of names that PyTorch "
                "files of language models need; nothing was run"
            )
        return self.allowed[module, name]

    def do_reduce(self, _):
        arguments, callee = self.pop(tuple), self.pop()
        if not hasattr(callee, "make"):
            raise ModelFileError(f"calls {shown(callee)}; expected a name")
        self.stack.append(callee.make(arguments, self.budget))

    do_newobj = do_reduce

    def do_newobj_ex(self, _):
        if self.pop(dict):
            raise ModelFileError("makes an object with keyword arguments; expected none")
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
        if _key(key) in target:
            raise ModelFileError(f"the key {shown(key)} appears twice in one dictionary")
        target[key] = value
