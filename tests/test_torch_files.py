"""PyTorch files in both layouts, from real PyTorch and from the hand, read without it."""

import os
import subprocess
import sys
import zipfile

import numpy as np
import pytest
import torch_writer as w
from conftest import need

from minilstm.errors import ModelFileError
from minilstm.io.conventions import layers_from
from minilstm.io.importing import import_model
from minilstm.io.torch import read_torch

MODEL = """
import torch.nn as nn

class RNNModel(nn.Module):
    def __init__(self, rnn_type, ntoken, ninp, nhid, nlayers, tie=False, **options):
        super().__init__()
        self.drop = nn.Dropout(0.2)
        self.encoder = nn.Embedding(ntoken, ninp)
        self.rnn = getattr(nn, rnn_type)(ninp, nhid, nlayers, **options)
        directions = 2 if options.get("bidirectional") else 1
        self.decoder = nn.Linear((options.get("proj_size") or nhid) * directions, ntoken)
        if tie:
            self.decoder.weight = self.encoder.weight
        self.rnn_type, self.nhid, self.nlayers = rnn_type, nhid, nlayers

class Mine(RNNModel):
    pass
"""
LAYOUTS = ("legacy", "zip")


@pytest.fixture
def rnn_model(tmp_path, monkeypatch):
    """The class `model.RNNModel`, from a file of its own as in the authors' code."""
    need("torch")
    (tmp_path / "model.py").write_text(MODEL)
    monkeypatch.syspath_prepend(tmp_path)
    sys.modules.pop("model", None)
    import model

    yield model.RNNModel
    del sys.modules["model"]


def save(torch, value, path, layout):
    torch.save(value, path, _use_new_zipfile_serialization=layout == "zip")
    return path


def write(path, data):
    path.write_bytes(data)
    return path


def same_model(arrays, expected):
    """The arrays of a model file are those of a state dict by its usual names."""
    names = {"embedding": "encoder.weight", "decoder_weight": "decoder.weight", "decoder_bias": "decoder.bias"}
    for ours, theirs in names.items():
        np.testing.assert_array_equal(arrays[ours], expected[theirs], err_msg=ours)
    layers = layers_from(expected, prefix="rnn.")
    for k, layer in enumerate(layers):
        for part, array in zip("WUb", layer, strict=True):
            np.testing.assert_array_equal(arrays[f"{part}{k}"], array, err_msg=f"{part}{k}")
    assert len(arrays) == 3 + 3 * len(layers)


def same(tensors, expected):
    assert list(tensors) == list(expected)
    for name, array in expected.items():
        assert tensors[name].dtype == array.dtype, name
        np.testing.assert_array_equal(tensors[name], array, err_msg=name)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("tie", [False, True])
def test_whole_module(rnn_model, tmp_path, layout, tie):
    import torch

    model = rnn_model("LSTM", 11, 4, 4, 2, tie).eval()
    file = read_torch(save(torch, model, tmp_path / "model.pt", layout))
    same(file.tensors, {name: t.numpy() for name, t in model.state_dict().items()})
    assert file.layout == layout
    assert file.tied == ((("encoder.weight", "decoder.weight"),) if tie else ())
    assert file.classes == {
        "": "model.RNNModel",
        "drop": "torch.nn.modules.dropout.Dropout",
        "encoder": "torch.nn.modules.sparse.Embedding",
        "rnn": "torch.nn.modules.rnn.LSTM",
        "decoder": "torch.nn.modules.linear.Linear",
    }
    expected = {"rnn_type": "LSTM", "nhid": 4, "nlayers": 2, "training": False}
    expected |= {"rnn.bidirectional": False, "rnn.proj_size": 0, "rnn.num_layers": 2, "drop.p": 0.2}
    assert expected.items() <= file.attributes.items()


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("nesting", ["plain", "ordered", "state_dict", "module under a key"])
def test_state_dict(rnn_model, tmp_path, layout, protocol, nesting):
    import torch

    model = rnn_model("LSTM", 11, 3, 4, 2)
    value = {
        "plain": dict(model.state_dict()),
        "ordered": model.state_dict(),
        "state_dict": {"epoch": 3, "state_dict": model.state_dict(), "history": [1.5, {"loss": None}]},
        "module under a key": {"epoch": 3, "model": model},
    }[nesting]
    path = tmp_path / "model.pt"
    torch.save(value, path, pickle_protocol=protocol, _use_new_zipfile_serialization=layout == "zip")
    file = read_torch(path)
    same(file.tensors, {name: t.numpy() for name, t in model.state_dict().items()})
    assert file.attributes.get("epoch") == (3 if "epoch" in value else None)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_dtypes_strides_and_shared_storages(tmp_path, layout):
    torch = need("torch")
    base = torch.arange(60, dtype=torch.float64)
    tensors = {"whole": base, "transposed": base.view(6, 10).T, "columns": base.view(6, 10)[1:5:2, 3:9:2]}
    tensors |= {"scalar": base[7], "empty": torch.empty(0, 5), "alone": torch.randn(3, 2)[1:]}
    for dtype in ("float16", "float32", "int64", "int32", "int16", "int8", "uint8", "bool"):
        tensors[dtype] = torch.arange(-3, 4).to(getattr(torch, dtype))
    file = read_torch(save(torch, tensors, tmp_path / "t.pt", layout))
    same(file.tensors, {name: t.numpy() for name, t in tensors.items()})
    assert file.tied == ()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_bfloat16_becomes_float32(tmp_path, layout):
    torch = need("torch")
    weight = torch.randn(5, 3).bfloat16().T
    file = read_torch(save(torch, {"w": weight}, tmp_path / "t.pt", layout))
    same(file.tensors, {"w": weight.float().numpy()})


def test_old_module_with_cuda_storages(tmp_path):
    value, storages, expected = w.old_language_model()
    file = read_torch(write(tmp_path / "old.pt", w.legacy(value, storages)))
    same(file.tensors, expected)
    assert (file.layout, file.tied) == ("legacy", ())
    assert {"rnn_type": "LSTM", "nhid": 2, "nlayers": 2, "training": False}.items() <= file.attributes.items()


def test_hand_written_files_are_what_pytorch_reads(tmp_path):
    """So that the other hand-written files here can be trusted."""
    torch = need("torch")
    numbers = np.arange(12, dtype="<f4")
    where = w.storage("5", numbers)
    value = w.ordered({"a": w.tensor(where, 2, (3, 2), (2, 1)), "b": w.tensor(where, 0, (2, 3), (1, 4), version=1)})
    path = write(tmp_path / "hand.pt", w.legacy(value, {"5": numbers}))
    theirs = torch.load(path, weights_only=False)
    same(read_torch(path).tensors, {name: t.numpy() for name, t in theirs.items()})


@pytest.mark.parametrize("package", ["torch", "torch.cuda"])
@pytest.mark.parametrize("version", [1, 2])
def test_views_of_storages(tmp_path, package, version):
    numbers = np.arange(20, dtype="<f4")
    view = w.storage("3", numbers, "cuda:1", package, view=("4", 6, 8))
    value = {"v": w.tensor(view, 1, (2, 2), (4, 2), version)}
    file = read_torch(write(tmp_path / "view.pt", w.legacy(value, {"3": numbers})))
    same(file.tensors, {"v": np.array([[7, 9], [11, 13]], "f4")})


@pytest.mark.parametrize("cls", [("torch.autograd.variable", "Variable"), ("torch.nn.parameter", "Parameter")])
def test_variables(tmp_path, cls):
    numbers = np.arange(6, dtype="<f8")
    data = w.tensor(w.storage("3", numbers), 0, (2, 3), (3, 1), version=1)
    variables = {
        "called": w.call(w.name(*cls), data, state=(True, False, w.ordered())),
        "new": w.new(w.name(*cls), data, state=(True, False, w.ordered())),
        "five": w.new(w.name(*cls), state=(data, None, w.ordered(), True, False)),
        "rebuilt": w.call(w.name("torch._utils", "_rebuild_parameter"), data, True, w.ordered()),
    }
    for key, variable in variables.items():
        file = read_torch(write(tmp_path / "v.pt", w.legacy({key: variable}, {"3": numbers})))
        same(file.tensors, {key: numbers.reshape(2, 3)})


def test_ordered_dict_of_python_2(tmp_path):
    numbers = np.arange(3, dtype="<f4")
    pairs = [["b", w.tensor(w.storage("1", numbers), 0, (3,), (1,))]]
    file = read_torch(
        write(tmp_path / "p2.pt", w.legacy(w.call(w.name("collections", "OrderedDict"), pairs), {"1": numbers}))
    )
    same(file.tensors, {"b": numbers})


def test_big_endian_zip(tmp_path):
    numbers = np.arange(5, dtype="<f4")
    value = {"w": w.tensor(w.storage("0", numbers, layout="zip"), 0, (5,), (1,))}
    data = w.zipped(value, {"0": numbers.byteswap()}, extra=[("archive/byteorder", b"big")])
    same(read_torch(write(tmp_path / "big.pt", data)).tensors, {"w": numbers})


def test_classes_of_any_name(rnn_model, tmp_path):
    import torch

    model = sys.modules["model"].Mine("LSTM", 11, 3, 4, 1)
    for layout in LAYOUTS:
        file = read_torch(save(torch, model, tmp_path / "mine.pt", layout))
        assert file.classes[""] == "model.Mine"
        same(file.tensors, {name: t.numpy() for name, t in model.state_dict().items()})


def imported(tmp_path, value, storages, words=7, **options):
    write(tmp_path / "vocab.txt", "".join(f"w{k}\n" for k in range(words)).encode())
    return import_model(write(tmp_path / "m.pt", w.legacy(value, storages)), tmp_path / "vocab.txt", **options)


def test_import(tmp_path):
    value, storages, expected = w.old_language_model()
    made = imported(tmp_path, value, storages, context=["w3", "w1"])
    same_model(made.arrays, expected)
    assert made.header["vocabulary"] == [f"w{k}" for k in range(7)]
    assert made.header["context"] == ["w3", "w1"]
    assert made.report == {
        **{
            "layout": "legacy",
            "class": "model.RNNModel",
            "gate_order": "i f g o",
            "tied": False,
            "training": False,
        },
        **{"layers": 2, "units": 2, "embedding": 3, "words": 7, "dtype": "float32"},
        "parameters": sum(a.size for a in expected.values()),
        "remarks": [],
    }


@pytest.mark.parametrize("words", [6, 8])
def test_vocabulary_of_another_size(tmp_path, words):
    value, storages, _ = w.old_language_model()
    with pytest.raises(ModelFileError, match=rf"m\.pt: decoder\.weight has 7 rows, vocab\.txt {words} words"):
        imported(tmp_path, value, storages, words)


def test_context_outside_the_vocabulary(tmp_path):
    value, storages, _ = w.old_language_model()
    with pytest.raises(ModelFileError, match="'The' is not in vocab.txt"):
        imported(tmp_path, value, storages, context=["w1", "The"])


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize(
    ("kind", "options", "words"),
    [
        ("GRU", {}, "GRU"),
        ("RNN", {}, "RNN"),
        ("LSTM", {"bidirectional": True}, "bidirectional"),
        ("LSTM", {"proj_size": 2}, "projection"),
    ],
)
def test_other_networks_are_refused_with_words(rnn_model, tmp_path, layout, whole, kind, options, words):
    import torch

    model = rnn_model(kind, 7, 3, 4, 1, **options)
    path = save(torch, model if whole else model.state_dict(), tmp_path / "m.pt", layout)
    write(tmp_path / "vocab.txt", b"a\nb\nc\nd\ne\nf\ng\n")
    with pytest.raises(ModelFileError, match=words):
        import_model(path, tmp_path / "vocab.txt")


def test_an_lstm_without_biases(rnn_model, tmp_path):
    import torch

    write(tmp_path / "vocab.txt", b"a\nb\nc\nd\ne\nf\ng\n")
    model = rnn_model("LSTM", 7, 3, 4, 2, bias=False)
    made = import_model(save(torch, model, tmp_path / "m.pt", "zip"), tmp_path / "vocab.txt")
    assert not made.arrays["b0"].any() and not made.arrays["b1"].any() and made.arrays["decoder_bias"].any()


def _renamed(tensors):
    tensors["rnn.weight_xh_l1"] = tensors.pop("rnn.weight_hh_l1")  # or it would pass for one layer


def _misshapen(tensors):
    tensors["rnn.weight_ih_l1"] = tensors["rnn.weight_ih_l1"].T


def _overlapping(tensors):
    whole = need("torch").arange(12.0)
    tensors["rnn.bias_ih_l0"], tensors["rnn.bias_ih_l1"] = whole[:8], whole[4:12]


def _scalar(tensors):
    tensors["rnn.weight_hh_l0"] = np.ones((), "f4")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.pop("rnn.bias_hh_l1"), "no tensor rnn.bias_hh_l1"),
        (_renamed, "no tensor rnn.weight_hh_l1"),
        (lambda t: t.update({"norm.weight": np.ones(2, "f4")}), "'norm.weight' has no place"),
        (_misshapen, r"rnn.weight_ih_l1: expected 8 by inputs, as units are 2, got \(2, 8\)"),
        (_overlapping, "rnn.bias_ih_l0 and rnn.bias_ih_l1 overlap"),
        (_scalar, r"rnn.weight_hh_l0: expected 4 \* units by units, got \(\)"),
        (lambda t: t.update({"decoder.bias": np.arange(7)}), "int64"),
    ],
)
def test_tensors_that_make_no_language_model(tmp_path, change, words):
    torch = need("torch")
    _, _, tensors = w.old_language_model()
    tensors = {name: np.array(array) for name, array in tensors.items()}
    change(tensors)
    write(tmp_path / "vocab.txt", b"a\nb\nc\nd\ne\nf\ng\n")
    path = save(torch, {k: torch.as_tensor(v) for k, v in tensors.items()}, tmp_path / "m.pt", "zip")
    with pytest.raises(ModelFileError, match=f"m.pt: .*{words}"):
        import_model(path, tmp_path / "vocab.txt")


def test_tied_and_data_parallel(rnn_model, tmp_path):
    import torch

    model = rnn_model("LSTM", 7, 4, 4, 2, True)
    parallel = {f"module.{name}": t for name, t in model.state_dict().items()}
    write(tmp_path / "vocab.txt", b"a\nb\nc\nd\ne\nf\ng")
    for value in (model, parallel, {"state_dict": parallel}):
        made = import_model(save(torch, value, tmp_path / "m.pt", "zip"), tmp_path / "vocab.txt")
        assert made.report["tied"]
        assert made.report["parameters"] == sum(p.numel() for p in model.parameters())
        same_model(made.arrays, {name: t.numpy() for name, t in model.state_dict().items()})


def test_a_whole_module_in_data_parallel_from_a_gpu(rnn_model, tmp_path):
    import torch

    model = rnn_model("LSTM", 7, 3, 4, 2)
    parallel = torch.nn.DataParallel(model)
    parallel.src_device_obj, parallel.device_ids = torch.device("cuda:0"), [0]  # what it has where there is a GPU
    write(tmp_path / "vocab.txt", b"a\nb\nc\nd\ne\nf\ng")
    for value in (parallel, {"model": parallel}, torch.optim.swa_utils.AveragedModel(model)):
        made = import_model(save(torch, value, tmp_path / "m.pt", "zip"), tmp_path / "vocab.txt")
        same_model(made.arrays, {name: t.numpy() for name, t in model.state_dict().items()})


def test_a_bias_that_was_expanded(tmp_path):
    """One number in the file, many in the tensor; a tensor of any size is still refused (test_hostile_torch.py)."""
    _, _, tensors = w.old_language_model()
    numbers = np.array([0.25], "f4")
    value = {"state_dict": {"rnn.bias_hh_l0": w.tensor(w.storage("0", numbers, layout="zip"), 0, (8,), (0,))}}
    storages = {"0": numbers}
    for k, (name, tensor) in enumerate(tensors.items(), 1):
        if name != "rnn.bias_hh_l0":
            flat = storages[str(k)] = np.ascontiguousarray(tensor).reshape(-1)
            strides = tuple(stride // 4 for stride in np.empty(tensor.shape, "f4").strides)
            value["state_dict"][name] = w.tensor(w.storage(str(k), flat, layout="zip"), 0, tensor.shape, strides)
    write(tmp_path / "vocab.txt", b"a\nb\nc\nd\ne\nf\ng")
    made = import_model(write(tmp_path / "m.pt", w.zipped(value, storages)), tmp_path / "vocab.txt")
    same_model(made.arrays, tensors | {"rnn.bias_hh_l0": np.full(8, 0.25, "f4")})


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"hello", "starts with b'hell'"),
        (b"\x80\x02K\x01.", "magic number"),
        (b"\0" * 257 + b"ustar\x0000" + b"\0" * 700, "PyTorch 0.1"),
        (b"PK\x03\x04", "not a whole zip file"),
    ],
)
def test_other_files(tmp_path, data, words):
    with pytest.raises(ModelFileError, match=f"other.pt: .*{words}"):
        read_torch(write(tmp_path / "other.pt", data))


def test_paths_that_are_no_files(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path, words in (
        (tmp_path / "none.pt", "No such file"),
        (tmp_path, "regular"),
        (tmp_path / "pipe", "regular"),
    ):
        with pytest.raises(ModelFileError, match=words):
            read_torch(path)


def test_torchscript_is_refused_with_words(tmp_path):
    data = w.zipped({}, {}, extra=[("archive/constants.pkl", b"")])
    with pytest.raises(ModelFileError, match="TorchScript"):
        read_torch(write(tmp_path / "script.pt", data))


FULL_SIZE = """
import re, sys, time
from pathlib import Path
path, vocab = sys.argv[1:]
from minilstm.io.importing import import_model
start = time.perf_counter()
made = import_model(path, vocab)
total = sum(float(array.sum(dtype="f8")) for array in made.arrays.values())  # touches every number
seconds = time.perf_counter() - start
# not resource.getrusage: Linux hands its maximum down from the process that started this one
print(seconds, re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1], total)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the peak of memory is read from /proc")
@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_originals_full_size(rnn_model, tmp_path, layout):
    """2 x 650 units, 50,000 words, 287 MB: memory stays under 2.5 x the file."""
    import torch

    model = rnn_model("LSTM", 50_000, 650, 650, 2)
    path = save(torch, model, tmp_path / "full.pt", layout)
    expected = sum(p.detach().numpy().sum(dtype="f8") for p in model.parameters())
    del model
    vocabulary = write(tmp_path / "vocab.txt", "".join(f"word{k}\n" for k in range(50_000)).encode())
    command = [sys.executable, "-c", FULL_SIZE, path, vocabulary]
    ran = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds, peak, total = map(float, ran.stdout.split())
    size = path.stat().st_size
    path.unlink()
    print(f"{layout}: {size / 1e6:.1f} MB read in {seconds:.2f} s, peak {peak * 1024 / size:.2f} x the file")
    assert size > 286e6
    assert peak * 1024 < 2.5 * size
    assert total == pytest.approx(expected, rel=1e-9)  # the two biases were added in float32


def test_zip_members_are_where_pytorch_aligns_them(tmp_path):
    """Views of a zip file's storages are aligned, since PyTorch pads to 64 bytes."""
    torch = need("torch")
    path = save(torch, {"a": torch.randn(3), "b": torch.randn(5, 2)}, tmp_path / "a.pt", "zip")
    assert all(array.ctypes.data % 64 == 0 for array in read_torch(path).tensors.values())
    with zipfile.ZipFile(path) as archive:
        assert {i.compress_type for i in archive.infolist()} == {zipfile.ZIP_STORED}
