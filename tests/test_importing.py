"""Checkpoints as people have them: whatever lies beside the weights, whatever kind of file, by whatever name."""

import argparse
import collections
import pathlib
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch_writer as w
from conftest import REFERENCE, need
from test_state_dict import assert_is_plain, plain, wrapped

from minilstm import load
from minilstm.cli.main import main
from minilstm.errors import ModelFileError
from minilstm.io.importing import import_model
from minilstm.io.recognise import kind_of
from minilstm.io.safetensors import write_tensors
from minilstm.io.torch import read_torch

WORDS = [f"w{k}" for k in range(7)]
CASES = REFERENCE.parent / "cases" / "checkpoints"
REFUSED = {  # and what is said of it
    "half_overflow.pt": "decoder.bias: expected numbers that are finite in float32",
    "nan_weights.pt": "rnn.weight_hh_l1: expected numbers that are finite",
    "lfs_pointer.pt": "a pointer of Git LFS, not the file itself",
}


@pytest.fixture
def vocab(tmp_path):
    (tmp_path / "vocab.txt").write_text("\n".join(WORDS))
    return tmp_path / "vocab.txt"


def tensors32():
    return {name: tensor.astype("f4") for name, tensor in plain().items()}


def described(tensors, layout="zip"):
    """The tensors and their storages for `torch_writer`."""
    value, storages = {}, {}
    for k, (name, tensor) in enumerate(tensors.items()):
        flat = np.ascontiguousarray(tensor).reshape(-1)
        storages[str(k)] = flat
        strides = tuple(s // flat.itemsize for s in np.empty(tensor.shape, flat.dtype).strides)
        value[name] = w.tensor(w.storage(str(k), flat, layout=layout), 0, tensor.shape, strides)
    return value, storages


def file_of(path, make, key="state_dict", beside=None):
    """A file with the tensors under `key`, and what else there is."""
    value, storages = described(make)
    path.write_bytes(w.zipped({key: value, **(beside or {})}, storages))
    return path


CALLS = {
    "Counter": w.call(w.name("collections", "Counter"), {3: 1, 5: 1}),
    "items of an unknown dictionary": w.Raw(w.encode(w.call(w.name("a", "B"))) + w.encode({"x": 1, "y": 2})[1:]),
    "items of an unknown list": w.Raw(w.encode(w.call(w.name("collections", "deque"))) + b"(K\x01K\x02e"),
    "items of an unknown set": w.Raw(w.encode(w.call(w.name("a", "B"))) + b"(K\x01K\x02\x90"),
    "scalar": w.call(w.name("numpy._core.multiarray", "scalar"), w.call(w.name("numpy", "dtype"), "f8"), b"12345678"),
    "device": w.call(w.name("torch", "device"), "cuda", 0),
    "dtype": w.name("torch", "float32"),
    "size": w.call(w.name("torch", "Size"), (2, 3)),
    "Namespace": w.new(w.name("argparse", "Namespace"), state={"lr": 20.0, "cuda": True}),
    "slots": w.new(w.name("a", "B"), state=(None, {"x": 1})),
    "state that is no dictionary": w.new(w.name("a", "B"), state=(1, 2, 3)),
    "class": w.name("__main__", "Trainer"),
    "method": w.call(w.name("builtins", "getattr"), w.name("__main__", "Trainer"), "step"),
    "keywords": w.Raw(w.encode(w.name("a", "B")) + w.encode(()) + w.encode({"x": 1}) + b"\x92"),
    "tuple keys": {(1, 2): 3, (1, (2, "x")): 4, 1.5: 5, True: 6, None: 7},
    "keys that are objects": w.Raw(b"}(" + w.encode(w.call(w.name("a", "B"))) + b"K\x01u"),
    "set": w.call(w.name("builtins", "set"), [1, (2, 3), "x"]),
    "another kind of storage": w.pid("storage", w.name("torch.storage", "UntypedStorage"), "99", "cpu", 8),
    "a tensor on it": w.tensor(w.pid("storage", w.name("torch", "QInt8Storage"), "99", "cpu", 8), 0, (8,), (1,)),
    "an array": "x" * 1_000_000,
    "losses": [k / 7 for k in range(40_000)],
}


@pytest.mark.parametrize("what", CALLS)
def test_what_lies_beside_the_weights_is_no_matter(tmp_path, vocab, what):
    for beside in ({"a": CALLS[what]}, {"a": [CALLS[what], {"b": (CALLS[what], 1)}]}):
        path = file_of(tmp_path / "m.pt", tensors32(), beside=beside)
        assert_is_plain(import_model(path, vocab).arrays, tensors32())


@pytest.mark.parametrize("what", ["Counter", "device", "a tensor on it", "class"])
def test_what_a_weight_needs_is_refused(tmp_path, vocab, what):
    path = file_of(tmp_path / "m.pt", tensors32())
    value, storages = described(tensors32())
    for name in ("decoder.weight", "rnn.weight_hh_l0"):
        path.write_bytes(w.zipped({**value, name: CALLS[what]}, storages))
        with pytest.raises(ModelFileError, match=f"m.pt: {name!r} is what '.*' stands for, which was not run"):
            import_model(path, vocab)


def test_real_files_with_real_things_beside(tmp_path, vocab):
    torch = need("torch")

    class Meter:
        def __init__(self):
            self.values = [1.0]

    globals()["Meter"], Meter.__qualname__ = Meter, "Meter"
    weights = {name: torch.from_numpy(tensor) for name, tensor in tensors32().items()}
    parameter = torch.nn.Parameter(torch.zeros(3))
    optimizer = torch.optim.Adam([parameter])
    parameter.sum().backward()
    optimizer.step()
    scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, [10, 20])
    beside = {
        "scheduler": scheduler.state_dict(),
        "optimizer": optimizer.state_dict(),
        "defaultdict": collections.defaultdict(list, {"a": [1]}),
        "scalar": np.float64(2.5),
        "array": np.arange(5.0),
        "long array": np.random.default_rng(0).normal(size=100_000),
        "text": np.array(["a", "b"]),
        "random": {
            "numpy": np.random.get_state(),
            "torch": torch.get_rng_state(),
            "generator": np.random.default_rng(0),
        },
        "args": argparse.Namespace(lr=20.0),
        "path": pathlib.Path("data"),
        "device": torch.device("cuda:0"),
        "dtype": torch.float32,
        "size": torch.Size([2]),
        "expanded": torch.zeros(1).expand(8),
        "complex": torch.zeros(2, dtype=torch.complex64),
        "sparse": torch.eye(3).to_sparse(),
        (1, "tuple"): 2,
        "meter": Meter(),
        "function": torch.nn.functional.relu,
        "criterion": torch.nn.CrossEntropyLoss(),
    }
    for key, value in beside.items():
        for protocol in (2, 4, 5):
            whole = {"model": weights, key: value}
            torch.save(whole, tmp_path / "m.pt", pickle_protocol=protocol)
            assert_is_plain(import_model(tmp_path / "m.pt", vocab).arrays, tensors32())
    torch.save({"model": weights, **beside}, tmp_path / "m.pt")
    assert_is_plain(import_model(tmp_path / "m.pt", vocab).arrays, tensors32())
    torch.save([weights, torch.nn.CrossEntropyLoss(), optimizer.state_dict()], tmp_path / "m.pt")
    assert_is_plain(import_model(tmp_path / "m.pt", vocab).arrays, tensors32())
    best = torch.tensor(1.5)
    for whole in (
        {"mine": weights, "loss": best},
        {"checkpoint": {"net": weights, "best": best}, "optimizer": optimizer.state_dict()},
        {"model": {"hidden": 650}, "weights": weights},
        {"ema": {name: 2 * tensor for name, tensor in weights.items()}, "model": weights},
    ):
        torch.save(whole, tmp_path / "m.pt")
        assert_is_plain(import_model(tmp_path / "m.pt", vocab).arrays, tensors32())
    torch.save({"mine": weights, "ema": weights}, tmp_path / "m.pt")
    with pytest.raises(ModelFileError, match="several things in it have weights: 'mine', 'ema'"):
        import_model(tmp_path / "m.pt", vocab)


@pytest.mark.skipif(not CASES.is_dir(), reason=f"no checkpoints at {CASES}")
@pytest.mark.parametrize("path", sorted(CASES.glob("*.*t*")), ids=lambda path: path.name)
def test_cases(path, tmp_path, capsys):
    if path.suffix == ".txt":
        pytest.skip("the vocabulary")
    arguments = ["import", str(path), "--vocab", str(CASES / "vocab.txt"), "-o", str(tmp_path / "m.npz")]
    code = main(arguments)
    printed = capsys.readouterr()
    if path.name in REFUSED:
        assert code == 2 and f"{path}: {REFUSED[path.name]}" in printed.err and not (tmp_path / "m.npz").exists()
    else:
        assert code == 0, printed.err
        torch, model = need("torch"), load(tmp_path / "m.npz")
        stored = {a.tobytes() for a in read(torch, path)}
        for array in (
            model.embedding,
            model.decoder_weight,
            *(a for layer in model.layers for a in (layer.W, layer.U)),
        ):
            assert np.ascontiguousarray(array).tobytes() in stored


def read(torch, path):
    """Every tensor in a file, as PyTorch sees it; classes are not needed, since names say what a module holds."""
    if path.suffix == ".safetensors":
        from safetensors.numpy import load_file

        return list(load_file(path).values())
    return [np.ascontiguousarray(a, "f4") for a in read_torch(path).tensors.values()]


def test_no_checksums(tmp_path, vocab):
    """`torch.serialization.set_crc32_options(False)` leaves 0 everywhere; damage then cannot be found."""
    torch = need("torch")
    weights = {name: torch.from_numpy(tensor) for name, tensor in tensors32().items()}
    torch.serialization.set_crc32_options(False)
    try:
        torch.save(weights, tmp_path / "m.pt")
    finally:
        torch.serialization.set_crc32_options(True)
    assert_is_plain(import_model(tmp_path / "m.pt", vocab).arrays, tensors32())


def test_every_kind_of_file_is_recognised_whatever_its_name(tmp_path, vocab):
    pytorch = file_of(tmp_path / "torch.npz", tensors32())
    legacy = tmp_path / "legacy.safetensors"
    legacy.write_bytes(w.legacy(*described(tensors32(), "legacy")))
    safetensors = tmp_path / "state.pt"
    write_tensors(safetensors, wrapped(tensors32(), "module."), {"format": "pt"})
    assert [kind_of(path) for path in (pytorch, legacy, safetensors)] == ["torch", "torch", "safetensors"]
    for path in (pytorch, legacy, safetensors):
        assert_is_plain(import_model(path, vocab).arrays, tensors32())
        with pytest.raises(ModelFileError, match=f"{path.name}: .*minilstm import"):
            load(path)
    model = load("planted")
    model.save(tmp_path / "a.safetensors")
    (tmp_path / "a.safetensors").rename(tmp_path / "a.npz")
    model.save(tmp_path / "b.npz")
    (tmp_path / "b.npz").rename(tmp_path / "b.pt")
    for path in (tmp_path / "a.npz", tmp_path / "b.pt"):
        assert load(path).logits("The boy").tobytes() == model.logits("The boy").tobytes()
        with pytest.raises(ModelFileError, match=f"{path.name}: .*needs no import"):
            import_model(path, vocab)


@pytest.mark.parametrize(
    "inside",
    [
        {"vocab": WORDS},
        {"word2idx": {word: k for k, word in reversed(list(enumerate(WORDS)))}},
        {"idx2word": dict(enumerate(WORDS))},
        {
            "corpus": w.new(
                w.name("data", "Corpus"),
                state={"dictionary": w.new(w.name("data", "Dictionary"), state={"idx2word": WORDS})},
            )
        },
        {"stoi": {word: k for k, word in enumerate(WORDS)}, "itos": WORDS},
        {"vocab": WORDS, "words of something else": ["a", "b"], "names": WORDS[::-1]},
    ],
)
def test_a_vocabulary_inside(tmp_path, inside, capsys):
    path = file_of(tmp_path / "m.pt", tensors32(), beside=inside)
    model = load(path)
    assert model.vocabulary == tuple(WORDS)
    assert any("the vocabulary is the file's own" in remark for remark in model.provenance["remarks"])
    assert main(["import", str(path), "-o", str(tmp_path / "m.npz")]) == 0
    assert "note: the vocabulary is the file's own" in capsys.readouterr().out
    assert load(tmp_path / "m.npz").vocabulary == tuple(WORDS)


@pytest.mark.parametrize(
    ("inside", "words"),
    [
        ({}, "no vocabulary of 7 words inside; minilstm import with --vocab"),
        ({"vocab": WORDS[:-1]}, "no vocabulary of 7 words inside"),
        ({"vocab": WORDS, "other words": WORDS[::-1]}, "several vocabularies inside, 'vocab', 'other words'"),
        ({"word2idx": {word: k + 1 for k, word in enumerate(WORDS)}}, "7 words need the indices 0 to 6"),
    ],
)
def test_a_vocabulary_that_is_not_certain(tmp_path, inside, words):
    with pytest.raises(ModelFileError, match=f"m.pt: {words}" if "indices" not in words else words):
        load(file_of(tmp_path / "m.pt", tensors32(), beside=inside))


def test_names_and_max_norm_by_option(tmp_path, vocab, capsys):
    tensors = {
        name.replace("encoder", "a").replace("rnn", "b").replace("decoder", "c"): t for name, t in tensors32().items()
    }
    path, out = file_of(tmp_path / "m.pt", tensors), tmp_path / "m.npz"
    arguments = ["import", str(path), "--vocab", str(vocab), "-o", str(out)]
    assert main([*arguments, "--names", "a,b,c", "--max-norm", "0.5"]) == 0
    printed = capsys.readouterr().out
    assert "note: names: a, b, c are embedding, LSTM, decoder" in printed and "norm of 0.5" in printed
    assert np.linalg.norm(load(out).embedding, axis=1).max() < 0.5 + 1e-6
    out.unlink()
    for wrong, words in (
        (["--names", "a,b"], "expected three names such as embedding,lstm,fc, got 'a,b'"),
        (["--names", "a,b,x"], "m.pt: no part is called 'x'; there are 'a', 'c'"),
        (["--max-norm", "-1"], "--max-norm: expected a number above 0"),
        (["--max-norm", "inf"], "--max-norm: expected a number above 0"),
        (["--vocab", str(tmp_path / "none.txt")], "none.txt: cannot be read"),
    ):
        assert main([*arguments, *wrong]) == 2
        assert words in capsys.readouterr().err and not out.exists()


def test_what_is_written_can_be_opened(tmp_path, vocab, capsys):
    """Whatever is refused is refused before a file is written."""
    tensors, out = tensors32(), tmp_path / "m.npz"
    beside = {name.replace("rnn", "rnn2"): tensor for name, tensor in tensors.items() if name.startswith("rnn")}
    path = file_of(tmp_path / "m.pt", {**tensors, **beside})
    arguments = ["import", str(path), "--vocab", str(vocab), "-o", str(out)]
    assert main(arguments) == 2 and not out.exists()
    assert "m.pt: rnn2.weight_ih_l0 reads 3 numbers, but the layer below" in capsys.readouterr().err
    (tmp_path / "context.txt").write_text("\n")
    named = [*arguments, "--names", "encoder,rnn,decoder"]
    assert main([*named, "--context", str(tmp_path / "context.txt")]) == 2 and not out.exists()
    assert "context.txt: expected words between white space, found none" in capsys.readouterr().err
    assert main(named) == 0
    assert "note: left out, since none of the names given stands for it: rnn2 (an LSTM" in capsys.readouterr().out
    assert_is_plain({name: a for name, a in load(out).arrays().items() if name != "word_counts"}, tensors)


def test_a_vocabulary_inside_is_mended_as_a_file_is(tmp_path):
    path = file_of(tmp_path / "m.pt", tensors32(), beside={"vocab": [f"{word}\n" for word in WORDS]})
    model = load(path)
    assert model.vocabulary == tuple(WORDS) and "line ends are left out" in " ".join(model.provenance["remarks"])
    with pytest.raises(ModelFileError, match="m.pt: the vocabulary 'vocab', index 6: the word 'w0' was index 0"):
        load(file_of(path, tensors32(), beside={"vocab": [*WORDS[:-1], "w0 "]}))


def test_another_network_beside_that_is_not_named(tmp_path, vocab):
    """A module says what kind its parts are; only those that are taken matter."""
    torch = need("torch")
    module = torch.nn.Module()
    module.encoder, module.rnn = torch.nn.Embedding(7, 3), torch.nn.LSTM(3, 4)
    module.decoder, module.critic = torch.nn.Linear(4, 7), torch.nn.GRU(4, 4)
    torch.save(module, tmp_path / "m.pt")
    made = import_model(tmp_path / "m.pt", vocab, ("encoder", "rnn", "decoder"))
    np.testing.assert_array_equal(made.arrays["U0"], module.rnn.weight_hh_l0.detach().numpy())
    with pytest.raises(ModelFileError, match="critic.weight_hh_l0: .*a GRU"):
        import_model(tmp_path / "m.pt", vocab)


def test_max_norm_of_a_whole_module(tmp_path, vocab, monkeypatch):
    torch = need("torch")
    module = torch.nn.Module()
    module.encoder = torch.nn.Embedding(7, 3, max_norm=0.5)
    module.rnn, module.decoder = torch.nn.LSTM(3, 4), torch.nn.Linear(4, 7)
    torch.save(module, tmp_path / "m.pt")
    made = import_model(tmp_path / "m.pt", vocab)
    with torch.no_grad():
        np.testing.assert_allclose(made.arrays["embedding"], module.encoder(torch.arange(7)).numpy(), rtol=1e-6)
    assert any("encoder: max_norm is 0.5" in remark for remark in made.report["remarks"])


def test_a_max_norm_that_is_not_the_embeddings(tmp_path, vocab):
    """Clipped gradients have one as well."""
    path = file_of(tmp_path / "m.pt", tensors32(), beside={"max_norm": 0.1, "encoder.max_norm": 0.1})
    assert_is_plain(import_model(path, vocab).arrays, tensors32())


def test_a_broken_vocabulary_is_named_and_not_the_model(tmp_path, vocab):
    vocab.write_text("w0\nw0\n")
    with pytest.raises(ModelFileError, match=f"^{vocab}, line 2"):
        import_model(file_of(tmp_path / "m.pt", tensors32()), vocab)


def test_the_output_is_checked_before_the_work(tmp_path, vocab, capsys, monkeypatch):
    path = file_of(tmp_path / "m.pt", tensors32())
    monkeypatch.setattr("minilstm.cli.import_.import_model", lambda *options: pytest.fail("the work began"))
    (tmp_path / "file").touch()
    for out, words in (
        (tmp_path / "none" / "m.npz", "there is no folder"),
        (tmp_path, "it is a folder"),
        (tmp_path / "file" / "m.npz", "is a file; expected a folder"),
    ):
        assert main(["import", str(path), "--vocab", str(vocab), "-o", str(out)]) == 2
        assert f"{out}: cannot be written" in (said := capsys.readouterr().err) and words in said


def test_empty_files_and_folders(tmp_path):
    (tmp_path / "empty.pt").touch()
    (tmp_path / "lfs.npz").write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 7\n")
    with pytest.raises(ModelFileError, match="lfs.npz: a pointer of Git LFS, not the file itself; git lfs pull"):
        load(tmp_path / "lfs.npz")
    for path, words in (
        (tmp_path / "empty.pt", "empty"),
        (Path(tmp_path), "a folder; expected a model file"),
        (tmp_path / "x", "no such"),
    ):
        with pytest.raises(ModelFileError, match=words):
            load(path)


def test_one_of_several_weights_is_taken_and_said(tmp_path, vocab, capsys):
    """An average of weights beside them may be what is wanted: nobody can tell."""
    value, storages = described(tensors32())
    other = dict(value)
    (tmp_path / "m.pt").write_bytes(w.zipped({"model": value, "ema": other}, storages))
    arguments = [
        "import",
        str(tmp_path / "m.pt"),
        "--vocab",
        str(vocab),
        "-o",
        str(tmp_path / "m.npz"),
        "--module",
        "x",
    ]
    assert main(arguments) == 0
    printed = capsys.readouterr()
    assert "note: the weights are those of 'model'; 'ema' has some too, which are left out" in printed.out
    assert printed.err == "--module: no longer needed, classes of any name are read\n"
    (tmp_path / "m.pt").write_bytes(w.zipped({"best": value, "ema": other}, storages))
    assert main(arguments) == 2 and "several things in it have weights: 'best', 'ema'" in capsys.readouterr().err


def test_a_module_of_torchscript_is_told_from_others(tmp_path, vocab):
    with zipfile.ZipFile(tmp_path / "m.pt", "w") as file:
        for name in ("version", "data.pkl", "code/__torch__.py", "constants.pkl"):
            file.writestr(f"m/{name}", "")
    with pytest.raises(ModelFileError, match=r"m\.pt: a module of TorchScript; .*state_dict\(\)"):
        import_model(tmp_path / "m.pt", vocab)


@pytest.mark.parametrize("norm", [0, -1.0, float("nan")])
def test_a_max_norm_is_a_number_above_0(tmp_path, vocab, norm):
    with pytest.raises(ModelFileError, match="max_norm: expected a number above 0"):
        import_model(file_of(tmp_path / "m.pt", tensors32()), vocab, max_norm=norm)
