"""Language models in .safetensors files. Damaged files: test_hostile.py."""

import json
import struct
from dataclasses import replace

import numpy as np
import pytest
from conftest import need
from small_model import small_model

from minilstm import load
from minilstm.errors import ModelFileError
from minilstm.io.safetensors import read_tensors, write_tensors


def model(dtype="float32"):
    small = small_model(dtype=dtype)
    return replace(small, word_counts=np.arange(len(small.vocabulary)), provenance={"é": [1, 2.5]})


def change(path, edit):
    """Rewrite the JSON header of a file."""
    data = path.read_bytes()
    n = int.from_bytes(data[:8], "little")
    header = edit(data[8 : 8 + n])
    path.write_bytes(struct.pack("<Q", len(header)) + header + data[8 + n :])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_everything_comes_back(tmp_path, dtype):
    path, saved = tmp_path / "m.safetensors", model(dtype)
    saved.save(path)
    loaded = load(path, dtype)
    for name in ("vocabulary", "context", "provenance", "sizes"):
        assert getattr(loaded, name) == getattr(saved, name)
    for name in ("embedding", "decoder_weight", "decoder_bias", "word_counts"):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(saved, name))
        assert getattr(loaded, name).dtype == getattr(saved, name).dtype
    for one, other in zip(loaded.layers, saved.layers, strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a, b)
    first = path.read_bytes()
    saved.save(path)
    assert path.read_bytes() == first


def test_the_file_is_a_state_dict(tmp_path):
    need("safetensors")
    from safetensors.numpy import load_file

    saved = model()
    saved.save(tmp_path / "m.safetensors")
    expected = saved.state_dict()
    tensors = load_file(tmp_path / "m.safetensors")
    assert tensors.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(tensors[name], array)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_files(tmp_path, dtype):
    path = tmp_path / "m.safetensors"
    saved = model()
    if dtype == "float16":
        saved.save(path, dtype)
    else:
        torch = need("torch")
        from safetensors import safe_open
        from safetensors.torch import save_file

        saved.save(path)
        with safe_open(path, "np") as file:
            about = file.metadata()
        tensors = {name: torch.from_numpy(array).to(torch.bfloat16) for name, array in saved.state_dict().items()}
        save_file(tensors, path, about)
    loaded = load(path)
    assert loaded.embedding.dtype == np.float32
    rounding = {"float16": 2.0**-11, "bfloat16": 2.0**-8}[dtype]
    np.testing.assert_allclose(loaded.embedding, saved.embedding, rtol=rounding, atol=1e-7)
    assert not np.array_equal(loaded.embedding, saved.embedding)


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (lambda h: h.replace(b"minilstm language model", b"another language model!"), "does not say that this is"),
        (
            lambda h: h.replace(b'"minilstm"', b'"manilstm"'),
            "tensors without a vocabulary, no model file; minilstm import",
        ),
        (lambda h: h.replace(b"minilstm language model", b"\\\\xx"), "header: not JSON"),
        (lambda h: h.replace(b"rnn.weight_hh_l1", b"rnn.weight_hh_l2"), "no tensor 'rnn.weight_hh_l1'"),
        (lambda h: h.replace(b"ifgo", b"iofg"), "gates are not i f g o"),
        (lambda h: h.replace(b"[0,1,2", b"[0,1.5,2").replace(b"[0, 1, 2", b"[0,1.5,2"), "word_counts: expected whole"),
        (lambda h: h.replace(b"[0, 1, 2", b"[[, 1, 2"), "word_counts: not a JSON list"),
        (lambda h: b"{" + h[1:-1] + b"," + h[1:], "not a whole .safetensors file"),
        (lambda h: h.rstrip()[:-1], "not a whole .safetensors file"),
        (lambda h: h.replace(b'"F32"', b'"I32"'), "expected floating point numbers"),
        (lambda h: h.replace(b'"F32"', b'"U32"'), "expected F16 or F32"),
    ],
)
def test_what_is_not_as_it_should_be(tmp_path, edit, told):
    path = tmp_path / "m.safetensors"
    model().save(path)
    change(path, edit)
    with pytest.raises(ModelFileError, match=told) as caught:
        load(path)
    assert str(path) in str(caught.value)


def entry(start, end, shape=None, dtype="F32"):
    return {"dtype": dtype, "shape": [(end - start) // 4] if shape is None else shape, "data_offsets": [start, end]}


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ({"a": entry(0, 8), "b": entry(0, 8), "c": entry(16, 24)}, "b starts at byte 0, expected 8"),
        ({"a": entry(0, 8), "b": entry(16, 24)}, "b starts at byte 16, expected 8"),
        ({"a": entry(0, 8), "b": entry(8, 20)}, "its tensors take 20 bytes, the file has 24"),
        ({"a": entry(0, 28)}, "its tensors take 28 bytes"),
        ({"a": entry(0, 24, [2**59, 8])}, "a: bytes .* do not hold"),
        ({"a": entry(0, 24, [2**60])}, "expected a shape and offsets of whole numbers"),
        ({"a": entry(0, 24, [-2, -3])}, "expected a shape and offsets of whole numbers"),
        ({"a": entry(0, 24, [6.0])}, "expected a shape and offsets of whole numbers"),
        ({"a": entry(0, 24, [True, 6])}, "expected a shape and offsets of whole numbers"),
        ({"a": entry(0, 24, [6] + [1] * 40)}, "do not hold"),
        ({"a": entry(0, 24, dtype="F8_E4M3")}, "a: expected F16 or F32"),
        ({"a": entry(0, 24, dtype=["F32"])}, "a: expected F16 or F32"),
        ({"a": {**entry(0, 24), "more": 1}}, "a: expected dtype, shape and data_offsets"),
        ({"a": 1}, "a: expected dtype, shape and data_offsets"),
        ({"a": entry(0, 24), "__metadata__": {"x": 1}}, "__metadata__: expected strings by name"),
        ([], "its header is no JSON object"),
    ],
)
def test_places_and_shapes_that_cannot_be(tmp_path, header, told):
    text = json.dumps(header).encode()
    path = tmp_path / "m.safetensors"
    path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(24))
    with pytest.raises(ModelFileError, match=f"m.safetensors: .*{told}"):
        read_tensors(path)


@pytest.mark.parametrize("size", [0, 7, 2**40, 2**63])
def test_headers_that_are_longer_than_the_file(tmp_path, size):
    path = tmp_path / "m.safetensors"
    path.write_bytes(struct.pack("<Q", size) + b"{}")
    with pytest.raises(ModelFileError, match="not a whole .safetensors file"):
        read_tensors(path)


def test_what_the_library_writes_and_reads(tmp_path):
    need("safetensors")
    from safetensors.numpy import load_file, save_file

    rng = np.random.default_rng(0)
    tensors = {"b": rng.normal(size=(3, 5)), "a": rng.normal(size=7).astype("f4"), "n": np.arange(4)}
    tensors |= {"none": np.empty((0, 3), "f4"), "one": np.array(2.5), "half": rng.normal(size=3).astype("f2")}
    save_file(tensors, tmp_path / "theirs.safetensors", {"x": "y"})
    write_tensors(tmp_path / "ours.safetensors", tensors, {"x": "y"})
    ours, theirs = read_tensors(tmp_path / "theirs.safetensors")[0], load_file(tmp_path / "ours.safetensors")
    assert ours.keys() == theirs.keys() == tensors.keys()
    for name, tensor in tensors.items():
        for other in (ours[name], theirs[name]):
            assert other.dtype == tensor.dtype and other.shape == tensor.shape
            np.testing.assert_array_equal(other, tensor)


def test_numbers_that_are_not_finite(tmp_path):
    path = tmp_path / "m.safetensors"
    model().save(path)
    path.write_bytes(path.read_bytes()[:-4] + np.float32(np.inf).tobytes())
    with pytest.raises(ModelFileError, match="numbers that are finite"):
        load(path)


def test_numbers_that_are_not_finite_are_not_written(tmp_path):
    saved = model()
    saved.decoder_weight[-1, -1] = 1e6  # more than float16 can hold
    with pytest.raises(ModelFileError, match="decoder.weight: expected numbers that are finite in float16"):
        saved.save(tmp_path / "m.safetensors", "float16")
    assert not list(tmp_path.iterdir())


def test_names_that_are_there_twice(tmp_path):
    path = tmp_path / "m.safetensors"
    model().save(path)

    def double(header):
        entry = json.dumps({"decoder.bias": json.loads(header)["decoder.bias"]}).encode()
        return header.rstrip()[:-1] + b"," + entry[1:]

    change(path, double)
    with pytest.raises(ModelFileError, match="'decoder.bias' is there twice"):
        load(path)
