"""Writes PyTorch files without PyTorch, opcode by opcode: what old versions wrote, and what nobody should.

A value is encoded as protocol 2 does. What Python has no value for is a `Raw` piece of pickle, made by
`name`, `call`, `new` and `pid`. A file is such a value and the arrays of its storages.
"""

import io
import pickle
import struct
import zipfile
from dataclasses import dataclass

import numpy as np

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
CLASSES = {"<f8": "Double", "<f4": "Float", "<f2": "Half", "<i8": "Long", "|u1": "Byte"}


@dataclass(frozen=True)
class Raw:
    """A piece of pickle that pushes one object."""

    code: bytes


def encode(value):
    """Return the opcodes that push `value`."""
    if isinstance(value, Raw):
        return value.code
    if isinstance(value, tuple):
        return b"(" + b"".join(map(encode, value)) + b"t"
    if isinstance(value, list):
        return b"](" + b"".join(map(encode, value)) + b"e"
    if isinstance(value, dict):
        return b"}(" + b"".join(encode(k) + encode(v) for k, v in value.items()) + b"u"
    return pickle.dumps(value, 2)[2:-1].removesuffix(b"q\x00")  # without protocol, memo and stop


def name(module, name):
    """A class or function by its name."""
    return Raw(f"c{module}\n{name}\n".encode())


def call(callee, *args, state=None):
    """`callee(*args)`, then its state set."""
    return Raw(encode(callee) + encode(args) + b"R" + _build(state))


def new(cls, *args, state=None):
    """`cls.__new__(cls, *args)`, then its state set."""
    return Raw(encode(cls) + encode(args) + b"\x81" + _build(state))


def pid(*parts):
    """A persistent id."""
    return Raw(encode(parts) + b"Q")


def _build(state):
    return b"" if state is None else encode(state) + b"b"


def ordered(items=()):
    """An OrderedDict as Python 3 writes it."""
    return Raw(encode(call(name("collections", "OrderedDict"))) + encode(dict(items))[1:])


def storage(key, array, location="cpu", package="torch", view=None, layout="legacy"):
    """The persistent id of a storage that holds the one-dimensional `array`."""
    cls = name(package, f"{CLASSES[array.dtype.str]}Storage")
    return pid("storage", cls, key, location, len(array), *([view] if layout == "legacy" else []))


def tensor(where, offset, shape, strides, version=2):
    """A tensor on the storage `where`, by `_rebuild_tensor` (version 1) or `_rebuild_tensor_v2`."""
    more = (False, ordered()) if version == 2 else ()
    return call(name("torch._utils", "_rebuild_tensor" + "_v2" * (version == 2)), where, offset, shape, strides, *more)


def legacy(value, storages, keys=None, tail=b""):
    """The bytes of a legacy file: five pickles, then the storages, each after its length."""
    info = {
        "protocol_version": PROTOCOL,
        "little_endian": True,
        "type_sizes": {"short": 2, "int": 4, "long": 4},
    }
    head = b"".join(pickle.dumps(part, 2) for part in (MAGIC, PROTOCOL, info))
    keys = sorted(storages) if keys is None else keys
    numbers = b"".join(struct.pack("<q", len(storages[k])) + storages[k].tobytes() for k in keys if k in storages)
    return head + b"\x80\x02" + encode(value) + b"." + pickle.dumps(keys, 2) + numbers + tail


def zipped(value, storages, extra=(), compression=zipfile.ZIP_STORED):
    """The bytes of a zip file as since PyTorch 1.6, but not aligned; `extra` are (name, bytes)."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", compression) as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02" + encode(value) + b".")
        for key, array in storages.items():
            archive.writestr(f"archive/data/{key}", array.tobytes())
        for path, data in (("archive/version", b"3\n"), *extra):
            archive.writestr(path, data)
    return made.getvalue()


def old_language_model(words=7, embedding=3, units=2, layers=2, seed=0):
    """What PyTorch 0.3 wrote on a GPU for the paper's model.

    Variables, the thnn back end, cuDNN's dropout descriptor, CUDA locations, module classes with their
    source, and all weights of the LSTM in one storage, as `flatten_parameters` leaves them.

    Returns
    -------
    value : Raw
        For `legacy`.
    storages : dict of str to ndarray
    expected : dict of str to ndarray
        By state-dict names.
    """
    rng = np.random.default_rng(seed)
    shapes = {}
    for layer in range(layers):
        width = units if layer else embedding
        shapes |= {f"weight_ih_l{layer}": (4 * units, width), f"weight_hh_l{layer}": (4 * units, units)}
        shapes |= {f"bias_ih_l{layer}": (4 * units,), f"bias_hh_l{layer}": (4 * units,)}

    def draw(n):
        return rng.standard_normal(n, dtype=np.float32)

    flat = draw(sum(int(np.prod(shape)) for shape in shapes.values()))
    storages = {"90": flat, "11": draw(words * embedding), "12": draw(words * units), "13": draw(words)}
    expected, recurrent, offset = {"encoder.weight": storages["11"].reshape(words, embedding)}, {}, 0
    for key, shape in shapes.items():
        recurrent[key] = parameter("90", flat, offset, shape)
        expected[f"rnn.{key}"] = flat[offset : (offset := offset + int(np.prod(shape)))].reshape(shape)
    expected |= {"decoder.weight": storages["12"].reshape(words, units), "decoder.bias": storages["13"]}
    nn = "torch.nn.modules"
    dropout = new(name("torch.backends.cudnn.rnn", "Unserializable"), state="<unserializable>")
    parts = {
        "drop": module(f"{nn}.dropout", "Dropout", {}, p=0.2, inplace=False),
        "encoder": module(
            f"{nn}.sparse", "Embedding", {"weight": parameter("11", storages["11"], 0, (words, embedding))}
        ),
        "rnn": module(
            *(f"{nn}.rnn", "LSTM", recurrent),
            **{
                "mode": "LSTM",
                "input_size": embedding,
                "hidden_size": units,
                "num_layers": layers,
                "bias": True,
            },
            **{
                "bidirectional": False,
                "dropout": 0.2,
                "dropout_state": {"desc_0": dropout},
                "_data_ptrs": [],
            },
        ),
        "decoder": module(
            *(f"{nn}.linear", "Linear"),
            {
                "weight": parameter("12", storages["12"], 0, (words, units)),
                "bias": parameter("13", storages["13"], 0, (words,)),
            },
        ),
    }
    return (
        module("model", "RNNModel", {}, parts, rnn_type="LSTM", nhid=units, nlayers=layers),
        storages,
        expected,
    )


def parameter(key, array, offset, shape):
    """A Parameter of PyTorch 0.3 on a CUDA storage."""
    strides = tuple(int(np.prod(shape[axis + 1 :])) for axis in range(len(shape)))
    on_gpu = storage(key, array, "cuda:0", "torch.cuda")
    data = tensor(on_gpu, offset, shape, strides, version=1)
    return call(name("torch.nn.parameter", "Parameter"), data, state=(True, False, ordered()))


def module(package, cls, parameters, parts=(), **attributes):
    """A module of PyTorch 0.3, its class as a persistent id with file and source."""
    source = f"class {cls}(Module):\n    raise SystemExit('must not run')\n"
    state = {
        "_backend": call(name("torch.nn.backends.thnn", "_get_thnn_function_backend")),
        "training": False,
    }
    state |= {f"_{kind}": ordered() for kind in ("buffers", "backward_hooks", "forward_hooks")}
    state |= {"_parameters": ordered(parameters), "_modules": ordered(parts), **attributes}
    return new(pid("module", name(package, cls), f"/old/{cls}.py", source), state=state)
