"""PyTorch files made to run code, fill the memory or never end: all are refused, and nothing happens."""

import copyreg
import io
import os
import pickle
import pickletools
import struct
import tracemalloc
import warnings
import zipfile
import zlib

import numpy as np
import pytest
import torch_writer as w
from hostile import CANARY, FLOOR
from torch_writer import Raw, call, encode, legacy, name, new, ordered, storage, tensor, zipped

from minilstm.errors import ModelFileError
from minilstm.io.torch import read_torch
from minilstm.io.torch.inert import Instance, Unknown
from minilstm.io.torch.stubs import Known, Variable

NUMBERS = np.arange(6, dtype="<f4")
NOTHING = "the storages it lists|holds"  # a pickle that is whole, but describes no tensors
NOTHING_IN_IT = "the storages it lists|no tensors among an? object"  # the same, a dictionary


def good(layout="legacy"):
    return tensor(storage("0", NUMBERS, layout=layout), 0, (2, 3), (3, 1))


def read(tmp_path, data):
    """Read `data` as a file, under the canary, and check that its memory stays below 4 x the file."""
    path = tmp_path / "hostile.pt"
    path.write_bytes(data)
    tracemalloc.start()
    try:
        return CANARY.watch(lambda: read_torch(path)).tensors
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 4 * len(data) + FLOOR


def refused(tmp_path, data, words=""):
    with pytest.raises(ModelFileError, match=f"hostile.pt: .*{words}"):
        read(tmp_path, data)


def payloads(command):
    """Pieces of pickle that run `command`, one for each way to name something and each way to call it."""
    system, args = name("os", "system").code, encode((command,))
    lone = encode(command)
    stack_global = encode("os") + encode("system") + b"\x93"
    made = {
        "GLOBAL REDUCE": system + args + b"R",
        "STACK_GLOBAL REDUCE": stack_global + args + b"R",
        "INST": b"(" + lone + b"ios\nsystem\n",
        "OBJ": b"(" + system + lone + b"o",
        "NEWOBJ": system + args + b"\x81",
        "NEWOBJ_EX": system + args + b"}\x92",
        "EXT1": b"\x82\xf0" + args + b"R",
        "EXT2": b"\x83\xf0\x00" + args + b"R",
        "EXT4": b"\x84\xf0\x00\x00\x00" + args + b"R",
        "memo": system + b"q\x01" + b"0" + b"h\x01" + args + b"R",
        "BUILD of an OrderedDict": encode(ordered()) + system + args + b"Rb",
        "a function as state": encode(new(name("model", "RNNModel")))
        + encode({"__setstate__": Raw(system)})
        + b"b"
        + lone
        + b"b",
        "slots": encode(new(name("model", "RNNModel"))) + encode((None, {"__class__": Raw(system)})) + b"b",
        "module class": encode(w.pid("module", Raw(system), "f", "s")) + args + b"R",
    }
    for module, function in (
        *(("posix", "system"), ("nt", "system"), ("subprocess", "Popen"), ("subprocess", "getoutput")),
        *(("builtins", "eval"), ("builtins", "exec"), ("__builtin__", "eval"), ("builtins", "__import__")),
        *(
            ("builtins", "getattr"),
            ("operator", "attrgetter"),
            ("functools", "partial"),
            ("types", "FunctionType"),
        ),
        *(("pickle", "loads"), ("numpy", "load"), ("torch", "load"), ("torch.serialization", "load")),
        *(("collections", "OrderedDict.fromkeys"), ("model", "RNNModel.__init__"), ("model", "os.system")),
        *(
            ("torch", "FloatStorage.from_file"),
            ("torch._utils", "sys.modules"),
            ("torch.nn.modules.rnn", "warnings"),
        ),
        *(("", "system"), ("os", ""), ("os.system", ""), ("__main__", "RNNModel")),
    ):
        made[f"{module}.{function}"] = name(module, function).code + args + b"R"
    return made


@pytest.fixture
def extension():
    """os.system as number 240 of the registry that EXT opcodes look up."""
    copyreg.add_extension("os", "system", 240)
    yield
    copyreg.remove_extension("os", "system", 240)


@pytest.mark.parametrize("what", payloads(""))
def test_code_in_the_object_does_not_run(tmp_path, extension, what):
    canary = tmp_path / "ran"
    code = Raw(payloads(f"touch {canary}")[what])
    for layout, make in (("legacy", legacy), ("zip", zipped)):
        for value in ({"w": good(layout), "x": code}, {"x": code, "w": good(layout)}):  # beside a weight: no matter
            try:
                tensors = read(tmp_path, make(value, {"0": NUMBERS}))
            except ModelFileError:
                continue
            assert list(tensors) == ["w"]
            np.testing.assert_array_equal(tensors["w"], NUMBERS.reshape(2, 3))
        needed = tensor(code, 0, (2, 3), (3, 1))
        for value in (code, [code], (code, 1), {"w": needed}, {"w": code}):
            refused(tmp_path, make(value, {"0": NUMBERS}))
    for slot in range(5):
        refused(tmp_path, _with_pickle(slot, b"\x80\x04" + code.code + b"."))
    assert not canary.exists()


def _with_pickle(slot, code):
    """A legacy file whose pickle number `slot` is `code`."""
    data = io.BytesIO(legacy({"w": good()}, {"0": NUMBERS}))
    starts = []
    for _ in range(5):
        starts.append(data.tell())
        list(pickletools.genops(data))
    starts.append(data.tell())
    whole = data.getvalue()
    return whole[: starts[slot]] + code + whole[starts[slot + 1] :]


@pytest.mark.parametrize(
    "what", ["GLOBAL REDUCE", "STACK_GLOBAL REDUCE", "INST", "OBJ", "EXT1", "EXT2", "EXT4", "memo"]
)
def test_the_same_code_runs_under_pickle(tmp_path, extension, what):
    """Else the test above would pass for code that is harmless."""
    canary = tmp_path / "ran"
    pickle.loads(b"\x80\x04" + payloads(f"touch {canary}")[what] + b".")
    assert canary.exists()


def test_the_payloads_under_pytorchs_own_loader(tmp_path):
    from conftest import need

    torch, canary, path = need("torch"), tmp_path / "ran", tmp_path / "hostile.pt"
    path.write_bytes(legacy({"x": Raw(payloads(f"touch {canary}")["GLOBAL REDUCE"])}, {}))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.load(path, weights_only=False)
    assert canary.exists()


def test_state_reaches_no_class_of_ours(tmp_path):
    """BUILD on every stand-in, with names that mean something to Python; and nothing outlives the file."""
    classes = (Known, Unknown, Instance, Variable)
    before = [dict(vars(cls)) for cls in classes]
    evil = {
        key: 1 for key in ("__class__", "__dict__", "__setstate__", "__init__", "set_state", "make", "name", "data")
    }
    targets = [name("model", "RNNModel"), name("torch", "FloatStorage"), name("collections", "OrderedDict")]
    targets += [new(name("model", "RNNModel")), call(name("torch.autograd.variable", "Variable")), good()]
    targets += [
        call(name("torch.backends.cudnn.rnn", "Unserializable")),
        ordered(),
        {},
        [],
        (),
        "text",
        1,
        None,
    ]
    for target in targets:
        for state in (evil, (None, evil), (evil, evil), [evil], evil["name"], "state"):
            value = {"w": good(), "x": Raw(encode(target) + encode(state) + b"b")}
            try:
                tensors = read(tmp_path, legacy(value, {"0": NUMBERS}))
            except ModelFileError:
                continue
            assert list(tensors) == ["w"]
            np.testing.assert_array_equal(tensors["w"], NUMBERS.reshape(2, 3))
    assert [dict(vars(cls)) for cls in classes] == before


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (b"N" + b"\x85" * 300_000, "steps"),
        (b"]" * 300_000 + b"a" * 299_999, "steps"),
        (b"N" + b"\x85" * 9_000 + b"\x8f(h\x00\x90", "never written"),
        (b"}N" + b"\x85" * 9_000 + b"Ns", NOTHING_IN_IT),
        (b"}N" + b"\x85q\x00h\x00\x86q\x00" * 3_000 + b"Ns", NOTHING_IN_IT),
        (b"(" * 300_000, "steps"),
        (b"}" * 300_000, "steps"),
        (b"\x8f" * 300_000, "steps"),
        (b"Nr\xff\xff\xff\xff", NOTHING),
        (b"]q\x00h\x00a" * 2, "expected one"),
        (b"T\xff\xff\xff\x7f" + b"x" * 1000, "at most"),
        (b"X\xff\xff\xff\x7f" + b"x" * 1000, "at most"),
        (b"\x8d" + b"\xff" * 7 + b"\x00" + b"x" * 1000, "at most"),
        (b"\x8d" + b"\xff" * 8 + b"x" * 1000, "not a whole pickle"),
        (b"\x8e" + b"\xff" * 7 + b"\x00" + b"x" * 1000, "at most"),
        (b"\x96" + b"\xff" * 7 + b"\x00" + b"x" * 1000, "at most"),
        (b"\x8b\xff\xff\xff\x7f" + b"x" * 1000, "at most"),
        (b"\x8b\xff\xff\xff\xff", "not a whole pickle"),
        (b"X\xa0\x86\x01\x00" + b"x" * 99_996 + "\U0001f600".encode(), NOTHING),
        (b"I" + b"9" * 200_000 + b"\n", "not a whole pickle"),
        (b"c" + b"a" * 900_000, "no newline"),
        (b"\x95" + b"\xff" * 8 + b"N", NOTHING),
        (b"P12\n", "PERSID.*never written"),
        (b"S'\\w'\n", "STRING.*never written"),
        (b"Nq\x00" + b"h\x002" * 100, "DUP.*never written"),
        (b"\x97", "never written"),
        (b"0", "found nothing"),
        (b"1", "no mark"),
        (b"(0", "found nothing"),
        (b"R", "found nothing"),
        (b"NNR", "expected a tuple"),
        (b"N)R", "calls None"),
        (b"Nb", "found nothing"),
        (b"(Nu", "expected an even number|no mark|expected"),
        (b"}(K\x01NK\x01Nu", "appears twice"),
        (b"\x80\x06N", "protocol is 6"),
        (b"", "expected one"),
        (b"NN", "expected one"),
        (b"(", "expected one"),
    ],
)
def test_pickles_of_no_use(tmp_path, code, words):
    for data in (_with_pickle(3, b"\x80\x02" + code + b"."), zipped(Raw(code), {"0": NUMBERS})):
        refused(tmp_path, data, words)


def test_copies_are_paid_for(tmp_path):
    """A list of 10,000 pairs, copied into an OrderedDict again and again: 7 bytes for a megabyte."""
    pairs = encode([[str(k), None] for k in range(3_000)])
    code = b"ccollections\nOrderedDict\nq\x000" + pairs + b"q\x010(" + b"h\x00h\x01\x85R" * 3_000 + b"t"
    refused(tmp_path, legacy(Raw(code), {}), "steps")


TUPLE = b"N" + b"\x85q\x00h\x00\x86q\x00" * 3_000  # each twice in the next: hashing it takes for ever
DEEP = b"N" + b"\x85" * 9_000  # hashing it overflows the C stack


@pytest.mark.parametrize("key", [TUPLE, DEEP], ids=["shared", "deep"])
@pytest.mark.parametrize(
    "holder",
    [
        lambda key: b"}" + key + b"Ns",
        lambda key: b"}(" + key + b"Nu",
        lambda key: b"\x8f(" + key + b"\x90",
        lambda key: b"(" + key + b"\x91",
        lambda key: name("builtins", "set").code + b"](" + key + b"e\x85R",
        lambda key: name("collections", "Counter").code + b"}" + key + b"Ns\x85R",
        lambda key: name("collections", "OrderedDict").code + b"](](" + key + b"Nee\x85R",
        lambda key: name("collections", "OrderedDict").code + b")R" + key + b"Ns",
        lambda key: name("a", "B").code + b")R" + key + b"Ns",
        lambda key: name("a", "B").code + key + b"\x85R",
        lambda key: name("a", "B").code + b")\x81" + key + b"b",
    ],
)
def test_keys_and_states_that_would_hash_for_ever(tmp_path, holder, key):
    """Beside a weight nothing of it is hashed or walked."""
    value = {"w": good(), "vocab": Raw(holder(key))}
    assert list(read(tmp_path, legacy(value, {"0": NUMBERS}))) == ["w"]


def test_calls_of_names_and_long_strings_are_paid_for(tmp_path):
    called = name("a", "B").code + b"q\x000" + b"(" + b"h\x00)R" * 300_000 + b"t"
    refused(tmp_path, legacy({"w": good(), "x": Raw(called)}, {"0": NUMBERS}), "steps")
    built = name("a", "B").code + b")Rq\x00" + (b"}b" * 300_000)
    refused(tmp_path, legacy({"w": good(), "x": Raw(built)}, {"0": NUMBERS}), "steps")
    smile = "\U0001f600".encode()  # makes a string of four bytes a character
    strings = b"(" + (b"X" + struct.pack("<I", 2_000_000) + b"x" * 1_999_996 + smile) * 5 + b"t"
    assert list(read(tmp_path, legacy({"w": good(), "x": Raw(strings)}, {"0": NUMBERS}))) == ["w"]
    refused(tmp_path, legacy({"w": good(), "x": "x" * (2**24 + 1)}, {"0": NUMBERS}), "at most 16777216")


def test_words_are_looked_for_within_bounds(tmp_path):
    """A list that stands under many names is looked through a few times, and circles end."""
    words = encode(["w"] * 30_000) + b"q\x00"
    many = {"first word": Raw(words), **{f"word {k}": Raw(b"h\x00") for k in range(20_000)}}
    refused(tmp_path, legacy({"w": good(), **many}, {"0": NUMBERS}), "steps")
    circle = b"}q\x00" + b"".join(encode(f"vocab {k}") + b"h\x00s" for k in range(30))
    refused(tmp_path, legacy({"w": good(), "vocab": Raw(circle)}, {"0": NUMBERS}), "steps")


def test_modules_deep_shared_and_in_circles(tmp_path):
    def holds(*children):
        parts = {str(k): child for k, child in enumerate(children)}
        return new(name("model", "RNNModel"), state={"_parameters": {}, "_buffers": {}, "_modules": parts})

    deep = holds()
    for _ in range(500):
        deep = holds(deep)
    refused(tmp_path, legacy(deep, {}), "20 deep")
    shared = encode(holds()) + b"q\x01"
    for _ in range(19):
        shared += b"0" + encode(holds(Raw(b"h\x01"), Raw(b"h\x01"))) + b"q\x01"
    refused(tmp_path, legacy(Raw(shared), {}), "steps")
    parts = {"_parameters": {}, "_buffers": {}, "_modules": {"self": Raw(b"h\x01")}}
    circle = encode(new(name("model", "RNNModel"))) + b"q\x01" + encode(parts) + b"b"
    refused(tmp_path, legacy(Raw(circle), {}), "20 deep")


@pytest.mark.parametrize(
    ("offset", "shape", "strides", "words"),
    [
        (0, (2, 4), (4, 1), "does not fit"),
        (1, (2, 3), (3, 1), "does not fit"),
        (6, (1,), (1,), "does not fit"),
        (-1, (2,), (1,), "offset is -1"),
        (7, (0,), (1,), "offset is 7"),
        (0, (-1,), (1,), "length is -1"),
        (5, (2,), (-1,), "stride is -1"),
        (0, (2**62, 4), (0, 0), "length"),
        (0, (10**9,), (0,), "three times"),
        (0, (3, 2), (1, 1), "overlaps itself"),
        (0, (2**40,), (1,), "does not fit"),
        (0, (2**39, 2**39), (2**40, 1), "does not fit"),
        (0, (2, 3), (3,), "one length"),
        (0, (1,) * 17, (1,) * 17, "one length"),
        (0, (2.0,), (1,), "length is 2.0"),
        (0, (True,), (1,), "length is True"),
        (0, ("2",), (1,), "length is '2'"),
        (2**100, (1,), (1,), "offset is"),
        (2**3000, (1,), (1,), "integer of 3001 bits"),
        (0, [2], [1], "two tuples"),
        (0, None, None, "two tuples"),
    ],
)
def test_views_that_cannot_be(tmp_path, offset, shape, strides, words):
    for layout, make in (("legacy", legacy), ("zip", zipped)):
        value = {"w": tensor(storage("0", NUMBERS, layout=layout), offset, shape, strides)}
        refused(tmp_path, make(value, {"0": NUMBERS}), words)


def test_empty_tensors_of_any_size(tmp_path):
    """Zero elements take no memory, however long the other axes."""
    value = {"w": tensor(storage("0", NUMBERS), 0, (2**40, 0), (0, 0)), "v": good()}
    assert read(tmp_path, legacy(value, {"0": NUMBERS}))["w"].shape == (2**40, 0)
    value["w"] = tensor(storage("0", NUMBERS), 0, (2**40, 0, 2**40), (0, 0, 0))
    refused(tmp_path, legacy(value, {"0": NUMBERS}), "shorter axes")


def test_many_views_of_one_storage(tmp_path):
    value = {f"w{k}": good() for k in range(4)}
    refused(tmp_path, legacy(value, {"0": NUMBERS}), "three times")


@pytest.mark.parametrize("view", [("1", 0, 7), ("1", 7, 0), ("1", -1, 2), ("1", 3, 4), ("1", 0), "view", ("1", 0, 2.0)])
def test_views_of_storages_that_cannot_be(tmp_path, view):
    value = {"w": tensor(storage("0", NUMBERS, view=view), 0, (1,), (1,))}
    refused(tmp_path, legacy(value, {"0": NUMBERS}), "view")


def _numbered(count):
    """A legacy file whose storage says that it has `count` elements, both times."""
    data = legacy(
        {"w": tensor(w.pid("storage", name("torch", "FloatStorage"), "0", "cpu", count, None), 0, (1,), (1,))},
        {},
    )
    return data[: data.rindex(b"\x80")] + pickle.dumps(["0"], 2) + struct.pack("<q", count) + NUMBERS.tobytes()


@pytest.mark.parametrize("count", [7, 2**31, 2**39, 5])
def test_storages_of_wrong_length(tmp_path, count):
    refused(tmp_path, _numbered(count))


def test_storages_that_are_not_there_or_too_many(tmp_path):
    value, numbers = {"w": good()}, {"0": NUMBERS}
    for keys in ([], ["1"], ["0", "0"], ["0", "1"], [0], ["0", None], "0", None):
        refused(tmp_path, legacy(value, {**numbers, "1": NUMBERS}, keys=keys), "storages it lists|storage keys")
    refused(tmp_path, legacy(value, numbers, tail=b"\0"), "1 bytes follow")
    twice = {"w": good(), "v": tensor(storage("0", NUMBERS[:5]), 0, (5,), (1,))}
    refused(tmp_path, legacy(twice, numbers), "described twice")
    refused(tmp_path, zipped({"w": good("zip")}, {"1": NUMBERS}), "no member")
    refused(tmp_path, zipped({"w": good("zip")}, {"0": NUMBERS[:5]}), "20 bytes; expected 24")
    path = {"w": tensor(w.pid("storage", name("torch", "FloatStorage"), "../data.pkl", "cpu", 6), 0, (1,), (1,))}
    refused(tmp_path, zipped(path, numbers), "no member")


def test_zip_bombs(tmp_path):
    zeros = np.zeros(5_000_000, "<f4")
    value = {"w": tensor(storage("0", zeros, layout="zip"), 0, (5_000_000,), (1,))}
    refused(tmp_path, zipped(value, {"0": zeros}, compression=zipfile.ZIP_DEFLATED), "compressed")
    bomb = zipped({"w": good("zip")}, {"0": NUMBERS}, extra=[("archive/data/1", b"\0" * 10_000_000)])
    assert list(read(tmp_path, bomb)) == ["w"]  # nobody asked for the other member, so nobody reads it
    many = zipped({"w": good("zip")}, {"0": NUMBERS}, extra=[(f"archive/x{k}", b"") for k in range(20_000)])
    refused(tmp_path, many, "directory")


def test_zip_members_twice_or_overlapping(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for member in ("archive/data.pkl", "archive/data/0"):
            refused(tmp_path, zipped({"w": good("zip")}, {"0": NUMBERS}, extra=[(member, b"12")]), "one name")
        refused(
            tmp_path,
            zipped({"w": good("zip")}, {"0": NUMBERS}, extra=[("other/data.pkl", b"12")]),
            "2 members",
        )
    other = {
        "w": tensor(storage("0", NUMBERS, layout="zip"), 0, (6,), (1,)),
        "v": tensor(storage("1", NUMBERS, layout="zip"), 0, (6,), (1,)),
    }
    data = bytearray(zipped(other, {"0": NUMBERS, "1": NUMBERS}))
    first, second = (data.index(b"archive/data/" + key) - 30 for key in (b"0", b"1"))
    directory = data.rindex(b"archive/data/1") - 46
    assert struct.unpack_from("<L", data, directory + 42) == (second,)
    struct.pack_into("<L", data, directory + 42, first)  # both members are the first one's bytes
    refused(tmp_path, bytes(data), "no header")


def test_a_member_hidden_in_a_comment(tmp_path):
    """Without the entry for its byte order, a big-endian file would be read as a little-endian one."""
    data = bytearray(zipped({"w": good("zip")}, {"0": NUMBERS}, extra=[("archive/byteorder", b"big")]))
    entry = data.rindex(b"archive/version") - 46
    struct.pack_into("<H", data, entry + 32, 46 + len("archive/byteorder"))
    refused(tmp_path, bytes(data), "3 members in the zip file's directory; expected 4")


def test_zip_fields(tmp_path):
    whole = zipped({"w": good("zip")}, {"0": NUMBERS})
    entry = whole.rindex(b"archive/data/0") - 46
    for at, size, value, words in (
        (10, 2, 8, "compressed"),
        (10, 2, 99, "compressed"),
        (8, 2, 1, "encrypted"),
        (16, 4, zlib.crc32(NUMBERS.tobytes()) ^ 1, "checksum"),
        (20, 4, 2**31, "compressed"),
        (24, 4, 2**31, "compressed"),
        (42, 4, 2**31, "header"),
        (42, 4, 0, "no header"),
        (28, 2, 2**16 - 1, "zip file"),
    ):
        data = whole[: entry + at] + value.to_bytes(size, "little") + whole[entry + at + size :]
        refused(tmp_path, data, words)
    both = whole[: entry + 20] + struct.pack("<LL", 2**31, 2**31) + whole[entry + 28 :]
    refused(tmp_path, both, "ends at byte")


def test_strings_of_the_file_do_not_fill_the_message(tmp_path):
    refused(tmp_path, legacy({"x" * 200_000: name("a" * 1000, "b" * 1000)}, {}), ".{0,400}$")


@pytest.mark.skipif(os.name != "posix", reason="devices are a matter of Unix")
def test_devices_are_not_read():
    for path in ("/dev/zero", "/dev/stdin"):
        with pytest.raises(ModelFileError, match="regular"):
            read_torch(path)
