"""The names that describe tensors in a PyTorch file, and what takes their place.

Every (module, name) pair is listed exactly. A stand-in holds descriptions (which storage, which shape), never a
function of PyTorch's, of Python's or of the file's. All other names become `inert.Unknown`, which does nothing.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from ...errors import ModelFileError
from .inert import Instance, integer, shown
from .pickles import fill

MOST_ELEMENTS = 2**40
MOST_AXES = 16


@dataclass(frozen=True)
class Known:
    """An allowed name. `build(args, budget)` describes what a call would have made; None: not callable."""

    name: str
    build: Callable | None = None
    dtype: str | None = None  # of a storage class

    def make(self, args, budget):
        if self.build is None:
            raise ModelFileError(f"calls {self.name}, which PyTorch files only name")
        return self.build(args, budget)


@dataclass(frozen=True)
class Storage:
    """`count` elements from `start` on of the block of `total` numbers called `key` in the file."""

    key: str
    dtype: str
    total: int
    start: int
    count: int


@dataclass(frozen=True)
class Tensor:
    """A strided view of a storage; offset and strides in elements."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


@dataclass
class Variable:
    """A Parameter or Variable of PyTorch up to 0.3: a tensor and flags, which are dropped."""

    data: Tensor | None = None

    def set_state(self, state):
        """Accept (requires_grad, volatile, hooks), or the older five, of which the first is the tensor."""
        if not isinstance(state, tuple) or len(state) not in (3, 5):
            raise ModelFileError(f"the state of a Variable is {shown(state)}; expected a tuple of 3 or 5")
        if len(state) == 5:
            self.data = _tensor(state[0])


def _count(args, *allowed):
    if len(args) not in allowed:
        raise ModelFileError(f"{len(args)} arguments; expected {' or '.join(map(str, allowed))}")


def _tensor(value):
    if isinstance(value, Variable):
        value = value.data
    if not isinstance(value, Tensor):
        raise ModelFileError(f"found {shown(value)}; expected a tensor")
    return value


def _rebuild_tensor(args, budget):
    _count(args, 4, 6, 7)  # _v2 adds requires_grad, backward_hooks and, since 1.13, metadata
    storage, offset, shape, strides = args[:4]
    if isinstance(storage, Instance):  # of a type of number that no weight here has
        return Instance(f"a tensor on {storage.name}")
    if not isinstance(storage, Storage):
        raise ModelFileError(f"a tensor on {shown(storage)}; expected a storage")
    tuples = isinstance(shape, tuple) and isinstance(strides, tuple)
    if not tuples or not len(shape) == len(strides) <= MOST_AXES:
        raise ModelFileError(f"a tensor's shape and strides; expected two tuples of one length up to {MOST_AXES}")
    integer(offset, 0, storage.count, "a tensor's offset")
    for n in shape:
        integer(n, 0, MOST_ELEMENTS, "a tensor's length")
    for s in strides:
        integer(s, 0, MOST_ELEMENTS, "a tensor's stride")
    if 0 not in shape:
        _check_reach(storage, offset, shape, strides)
    elif math.prod(n for n in shape if n) > MOST_ELEMENTS:
        raise ModelFileError(f"a tensor of shape {shape} has no elements; expected shorter axes")
    return Tensor(storage, offset, shape, strides)


def _check_reach(storage, offset, shape, strides):
    """Refuse a view that leaves its storage or overlaps itself, unless it repeats its elements (`Tensor.expand`)."""
    reach = 0
    for stride, n in sorted((s, n) for s, n in zip(strides, shape, strict=True) if n > 1 and s > 0):
        if stride <= reach:
            raise ModelFileError(f"a tensor of shape {shape}, strides {strides} overlaps itself")
        reach += (n - 1) * stride
    if offset + reach >= storage.count:
        raise ModelFileError(
            f"a tensor of shape {shape}, strides {strides}, offset {offset} does not fit "
            f"its storage of {storage.count} elements"
        )


def _rebuild_parameter(args, budget):
    _count(args, 3, 4)  # data, requires_grad, backward_hooks; _with_state adds its Python attributes
    return _tensor(args[0])


def _variable(args, budget):
    _count(args, 0, 1, 2)  # data, requires_grad
    return Variable(_tensor(args[0])) if args else Variable()


def _ordered_dict(args, budget):
    _count(args, 0, 1)
    pairs = args[0] if args else []  # Python 2 puts the items here, Python 3 adds them later
    if not isinstance(pairs, list) or not all(isinstance(p, (list, tuple)) and len(p) == 2 for p in pairs):
        raise ModelFileError("an OrderedDict of something else than pairs")
    budget.spend(len(pairs))
    made = {}
    fill(made, pairs)
    return made


def _default_dict(args, budget):
    return {}  # its items come later


def _set(args, budget):
    _count(args, 1)
    if not isinstance(args[0], list):
        raise ModelFileError(f"a set of {shown(args[0])}; expected a list")
    budget.spend(3 + len(args[0]))
    return {item for item in args[0] if isinstance(item, str)}


def _from_type(args, budget):
    """A tensor of a subclass or with attributes of its own: the function and the arguments that make the tensor."""
    _count(args, 4)
    function, _, args, _ = args
    if not hasattr(function, "make") or not isinstance(args, tuple):
        raise ModelFileError(f"a tensor made by {shown(function)}; expected a name")
    return function.make(args, budget)


STORAGES = {
    "DoubleStorage": "<f8",
    "FloatStorage": "<f4",
    "HalfStorage": "<f2",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "|i1",
    "ByteStorage": "|u1",
    "BoolStorage": "|b1",
}

FUNCTIONS = {
    "torch._utils._rebuild_tensor": _rebuild_tensor,
    "torch._utils._rebuild_tensor_v2": _rebuild_tensor,
    "torch._utils._rebuild_parameter": _rebuild_parameter,
    "torch._utils._rebuild_parameter_with_state": _rebuild_parameter,
    "torch.autograd.variable.Variable": _variable,
    "torch.nn.parameter.Parameter": _variable,
    "torch._tensor._rebuild_from_type_v2": _from_type,
    "collections.OrderedDict": _ordered_dict,
    "collections.defaultdict": _default_dict,
    "__builtin__.set": _set,
    "builtins.set": _set,
}


def allow_list():
    """Return the dict from (module, name) to stand-in."""
    known = [
        Known(f"{package}.{name}", dtype=dtype)
        for name, dtype in STORAGES.items()
        for package in ("torch", "torch.cuda")
    ]
    known += [Known(name, build) for name, build in FUNCTIONS.items()]
    return {tuple(k.name.rsplit(".", 1)): k for k in known}
