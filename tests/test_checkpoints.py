"""Model files: what is written is what is read, whole or not at all; headers and members have to fit together."""

import json
import os
import stat
import subprocess
import sys
import zipfile
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from model_files import WORDS, assert_same, change, make, refused, weights

from minilstm import load
from minilstm.errors import MinilstmError, ModelFileError
from minilstm.io import npz
from minilstm.io.atomic import write_whole
from minilstm.io.conventions import reorder


@pytest.fixture
def path(tmp_path):
    """A good model file."""
    make().save(tmp_path / "model.npz")
    return tmp_path / "model.npz"


@pytest.mark.parametrize("sizes", [(4,), (4, 3), (3, 3, 3)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_round_trip(tmp_path, sizes, dtype):
    model = make(sizes, dtype)
    model.save(tmp_path / "model.npz")
    assert_same(load(tmp_path / "model.npz", dtype), model, dtype)
    assert_same(load(str(tmp_path / "model.npz"), dtype), model, dtype)


def test_precisions(path):
    """float16 on disk, either precision in memory."""
    model = make()
    model.save(path, "float16")
    rounded = [array.astype("float16") for array in weights(model)]
    for dtype in ("float32", "float64"):
        for got, want in zip(weights(load(path, dtype)), rounded, strict=True):
            assert got.dtype == dtype
            np.testing.assert_array_equal(got, want)
    assert np.load(path)["W0"].dtype == "<f2"
    with pytest.raises(ModelFileError, match="dtype: expected float32 or float64, got float16"):
        load(path, "float16")
    with pytest.raises(ModelFileError, match="dtype: expected float32 or float64, got single-ish"):
        load(path, "single-ish")


def test_saving_again_does_not_round_unasked(path):
    """What came from float16 is float32 in memory and in the next file, unless float16 is asked for: the same bytes."""
    make().save(path, "float16")
    rounded, model = path.read_bytes(), load(path)
    model.save(path)
    assert np.load(path)["W0"].dtype == "<f4"
    assert_same(load(path), model)
    load(path).save(path, "float16")
    assert path.read_bytes() == rounded


def test_tables_of_words_as_int8_rows(path):
    """Version 2: within half a step of each row's 255, all else float16; the same bytes when it is saved so again."""
    model = make()
    model.decoder_weight[2] = 0
    model.save(path, "int8")
    stored, got = np.load(path), load(path, "float64")
    assert json.loads(stored["header"].tobytes())["version"] == 2
    assert stored["embedding"].dtype == stored["decoder_weight"].dtype == np.int8 and stored["U1"].dtype == np.float16
    for name in ("embedding", "decoder_weight"):
        table, rounded = getattr(model, name), getattr(got, name)
        step = np.abs(table).max(axis=1, keepdims=True) / 127
        assert (np.abs(rounded - table) <= step * (0.5 + 1e-5)).all() and not np.array_equal(rounded, table)
        np.testing.assert_allclose(rounded, stored[name] * stored[f"{name}_scale"][:, None].astype(float), rtol=1e-7)
    np.testing.assert_array_equal(got.layers[1].W, model.layers[1].W.astype("float16"))
    before = path.read_bytes()
    load(path).save(path, "int8")
    assert path.read_bytes() == before
    load(path).save(path)
    assert json.loads(np.load(path)["header"].tobytes())["version"] == 1


@pytest.mark.parametrize(
    "change_of, message",
    [
        ({"embedding_scale": np.zeros(3, np.float32)}, "embedding_scale: expected .* of <f4, got"),
        ({"embedding_scale": np.full(7, np.nan, np.float32)}, "embedding_scale: expected numbers that are finite"),
        ({"embedding": np.zeros((7, 3), np.float16)}, "embedding: expected .* of .i1, got"),
        ({"embedding_scale": None}, "missing or left over: .'embedding_scale'"),
    ],
)
def test_int8_rows_that_are_not_as_they_should_be(path, change_of, message):
    make().save(path, "int8")
    arrays = {**np.load(path), **change_of}
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})
    with pytest.raises(ModelFileError, match=message):
        load(path)


def test_int8_rows_have_no_place_in_safetensors(tmp_path):
    with pytest.raises(ModelFileError, match="int8 rows have a place in an .npz only"):
        make().save(tmp_path / "model.safetensors", "int8")


def test_numpy_alone_reads_it(path):
    model, file = make(), np.load(path, allow_pickle=False)
    np.testing.assert_array_equal(file["U1"], model.layers[1].U)
    assert json.loads(file["header"].tobytes())["vocabulary"] == list(WORDS)


def test_the_same_model_gives_the_same_bytes(path, tmp_path):
    make().save(tmp_path / "again.npz")
    load(path).save(tmp_path / "once more.npz")
    assert (tmp_path / "again.npz").read_bytes() == (tmp_path / "once more.npz").read_bytes() == path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}  # not today


def test_word_counts_may_be_missing(path):
    replace(make(), word_counts=None).save(path)
    assert load(path).word_counts is None


@pytest.mark.parametrize("order", ["".join(order) for order in permutations("ifgo")])
def test_gate_orders(path, order):
    """A file whose blocks stand in another order, and says so, is the same model."""
    model = make()
    blocks = {
        f"{part}{k}": reorder(array, order, inverse=True)
        for k, layer in enumerate(model.layers)
        for part, array in zip("WUb", layer, strict=True)
    }
    change(path, {"gate_order": order}, **blocks)
    assert_same(load(path), model)


def test_what_other_programs_write(path):
    """Deflated members, Fortran order, an axis of blanks: an .npz of NumPy's is good whoever wrote it."""
    model = make()
    change(path, compression=zipfile.ZIP_DEFLATED, embedding=np.asfortranarray(model.embedding))
    assert_same(load(path), model)
    np.savez(path, **dict(np.load(path)))
    assert_same(load(path), model)


def test_models_with_unusual_arrays_are_written_in_the_files_own_way(path):
    model = make()
    odd = replace(
        model, embedding=model.embedding.astype(">f4"), decoder_weight=np.asfortranarray(model.decoder_weight)
    )
    odd.save(path)
    assert_same(load(path), model)


@pytest.mark.parametrize(
    "array, dtype, message",
    [
        (np.full(7, 1e5), "float16", "decoder_bias: expected numbers that are finite in float16"),
        (np.full(7, np.nan), None, "decoder_bias: expected numbers that are finite in float64"),
        (np.zeros(7, int), None, "decoder_bias: a file holds float16, float32 or float64, not int64"),
    ],
)
def test_what_could_not_be_read_is_not_written(path, array, dtype, message):
    before = path.read_bytes()
    with pytest.raises(ModelFileError, match=message):
        replace(make(), decoder_bias=array).save(path, dtype)
    assert path.read_bytes() == before


def test_whole_or_not_at_all(path, monkeypatch):
    """An exception in the middle of writing leaves the old file, and nothing beside it."""
    before, written = path.read_bytes(), []
    good = np.lib.format.write_array_header_1_0

    def fails(file, header):
        if len(written) == 3:
            raise KeyboardInterrupt
        written.append(header)
        good(file, header)

    monkeypatch.setattr(np.lib.format, "write_array_header_1_0", fails)
    with pytest.raises(KeyboardInterrupt):
        make(sizes=(5,)).save(path)
    assert len(written) == 3 and path.read_bytes() == before and os.listdir(path.parent) == [path.name]


def test_files_are_the_same_in_whatever_pieces_they_are_written(tmp_path, monkeypatch):
    """Members are NumPy's own .npy files, byte by byte, in whatever pieces they are written."""
    rng, seen = np.random.default_rng(0), {}
    arrays = {"none": np.empty((0, 3)), "one": np.float64(3), "even": np.arange(64.0), "odd": rng.random((7, 37)).T}
    npz.write_npz(tmp_path / "whole.npz", arrays)
    monkeypatch.setattr(npz, "PIECE", 64)
    npz.write_npz(tmp_path / "pieces.npz", arrays, lambda name, piece: seen.setdefault(name, []).append(piece))
    assert (tmp_path / "pieces.npz").read_bytes() == (tmp_path / "whole.npz").read_bytes()
    with zipfile.ZipFile(tmp_path / "pieces.npz") as archive:
        for name, array in arrays.items():
            np.save(tmp_path / "numpy.npy", np.ascontiguousarray(array).reshape(np.shape(array)))
            assert archive.read(f"{name}.npy") == (tmp_path / "numpy.npy").read_bytes()
            pieces = np.concatenate(seen.get(name, [np.empty(0)]))
            np.testing.assert_array_equal(pieces, np.ravel(array))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [(0, 0), (3, 1), (6, 2)])
def test_every_number_is_looked_at(path, monkeypatch, place, bad):
    """One that is not finite, in whatever piece: the old file stays, and nothing beside it."""
    before, model = path.read_bytes(), make()
    monkeypatch.setattr(npz, "PIECE", 8)
    model.decoder_weight[place] = bad
    for dtype in (None, "float16", "float64"):
        with pytest.raises(ModelFileError, match="decoder_weight: expected numbers that are finite"):
            model.save(path, dtype)
    assert path.read_bytes() == before and os.listdir(path.parent) == [path.name]


def test_a_file_that_did_not_exist_does_not_come_to_exist_by_half(tmp_path):
    with pytest.raises(TypeError):
        replace(make(), provenance={"when": object()}).save(tmp_path / "model.npz")
    with pytest.raises(ZeroDivisionError), write_whole(tmp_path / "text", "w") as file:
        file.write("half")
        raise ZeroDivisionError
    assert os.listdir(tmp_path) == []


def test_files_know_no_model():
    """Imports only go down: models, planted, language_model, files, lstm."""
    for module, above in (
        ("io.importing", ("language_model", "models", "planted", "fast")),
        ("language_model", ("planted", "models")),
        ("planted", ("models",)),
    ):
        code = f"import sys, minilstm.{module}; print([m for m in {above} if f'minilstm.{{m}}' in sys.modules])"
        ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
        assert ran.stdout == "[]\n"


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_a_file_that_cannot_be_written_is_a_sentence(tmp_path, suffix):
    (tmp_path / "file").touch()
    (tmp_path / f"folder{suffix}").mkdir()
    os.mkfifo(tmp_path / f"pipe{suffix}")
    for name, words in (
        (f"none/model{suffix}", f"there is no folder {tmp_path / 'none'}"),
        (f"file/model{suffix}", f"{tmp_path / 'file'} is a file; expected a folder"),
        (f"folder{suffix}", "it is a folder; expected the name of a file"),
        (f"pipe{suffix}", "it is no regular file"),
    ):
        with pytest.raises(MinilstmError, match=f"{name}: cannot be written, .*") as caught:
            make().save(tmp_path / name)
        assert words in str(caught.value)
    assert sorted(os.listdir(tmp_path)) == ["file", f"folder{suffix}", f"pipe{suffix}"]


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_a_full_disk_is_a_sentence_and_costs_nothing(tmp_path, monkeypatch, suffix):
    path = tmp_path / f"model{suffix}"
    make().save(path)
    before = path.read_bytes()

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(MinilstmError, match=r"cannot be written \(No space left on device\)"):
        make(sizes=(5,)).save(path)
    assert path.read_bytes() == before and os.listdir(tmp_path) == [path.name]


def test_no_permission_is_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write everywhere
    with pytest.raises(MinilstmError, match="no permission to write in the folder"):
        make().save(tmp_path / "model.npz")


@pytest.mark.skipif(os.name != "posix", reason="the permissions of POSIX")
def test_permissions_are_those_of_any_new_file(tmp_path):
    (tmp_path / "plain").touch()
    with write_whole(tmp_path / "whole", "w") as file:
        file.write("naïve\n")
    assert (tmp_path / "whole").read_bytes() == "naïve\n".encode()
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("plain", "whole")]
    assert modes[0] == modes[1]


@pytest.mark.parametrize("name", ["no such model", "no/such/folder/model.npz", ""])
def test_no_such_model(name):
    with pytest.raises(ModelFileError, match="no such file; the bundled models are"):
        load(name)


@pytest.mark.parametrize(
    "keys, words",
    [
        ({"format": "someone else's"}, ["header: does not say that this is a minilstm language model"]),
        ({"version": 3}, ["format version 3; this program reads 1 and 2"]),
        ({"version": 2}, ["missing or left over: ['decoder_weight_scale', 'embedding_scale']"]),
        ({"version": ...}, ["format version None"]),
        ({"vocabulary": ["The", "boy"]}, ["the vocabulary does not match its SHA-256"]),
        ({"vocabulary": [*WORDS[:-1], 7]}, ["'vocabulary' should hold words only"]),
        ({"vocabulary": "The boy"}, ["'vocabulary' should be a JSON list, got 'The boy'"]),
        ({"vocabulary_sha256": 0}, ["'vocabulary_sha256' should be a JSON str, got 0"]),
        ({"vocabulary_sha256": "0" * 64}, ["the vocabulary does not match its SHA-256"]),
        ({"context": ["quark"]}, ["context: 'quark' is not in the vocabulary"]),
        ({"context": [["The"]]}, ["'context' should hold words only"]),
        ({"context": ...}, ["'context' should be a JSON list, got None"]),
        ({"provenance": "mine"}, ["'provenance' should be a JSON dict, got 'mine'"]),
        ({"gate_order": "ifgg"}, ["gate order: expected the letters i, f, g, o, each once, got 'ifgg'"]),
        ({"gate_order": "i f g o"}, ["gate order"]),
        ({"gate_order": ["i", "f", "g", "o"]}, ["'gate_order' should be a JSON str"]),
        ({"sizes": []}, ["'sizes' should be a JSON dict"]),
        ({"sizes": {}}, ["sizes {} do not fit 7 words"]),
        ({"sizes": {"vocabulary": 8, "embedding": 2, "layers": [4, 3]}}, ["do not fit 7 words"]),
        ({"sizes": {"vocabulary": 7, "embedding": 2, "layers": []}}, ["do not fit 7 words"]),
        ({"sizes": {"vocabulary": 7, "embedding": 2, "layers": 4}}, ["do not fit 7 words"]),
        ({"sizes": {"vocabulary": 7, "embedding": 2, "layers": "43"}}, ["do not fit 7 words"]),
        ({"sizes": {"vocabulary": 7, "embedding": 2.0, "layers": [4, 3]}}, ["do not fit 7 words"]),
        ({"sizes": {"vocabulary": 7, "embedding": 2, "layers": [4, -3]}}, ["do not fit 7 words"]),
        ({"sizes": {"vocabulary": 7, "embedding": True, "layers": [4, 3]}}, ["do not fit 7 words"]),
        ({"sizes": {"vocabulary": 7, "embedding": 3, "layers": [4, 3]}}, ["expected (7, 3)", "got (7, 2)"]),
        ({"sizes": {"vocabulary": 7, "embedding": 2, "layers": [4]}}, ["missing or left over: ['U1', 'W1', 'b1']"]),
        ({"sizes": {"vocabulary": 7, "embedding": 2, "layers": [4, 3, 3]}}, ["left over: ['U2', 'W2', 'b2']"]),
        ({"sizes": {"vocabulary": 7, "embedding": 2**62, "layers": [4, 3]}}, [f"expected (7, {2**62})"]),
    ],
)
def test_a_header_that_does_not_fit(path, keys, words):
    change(path, keys)
    refused(path, *words)


@pytest.mark.parametrize(
    "members, words",
    [
        ({"header": None}, ["no member 'header'"]),
        ({"header": np.frombuffer(b"{'format'", np.uint8)}, ["header: not JSON in UTF-8"]),
        ({"header": np.frombuffer(b'"\xff"', np.uint8)}, ["header: not JSON in UTF-8"]),
        ({"header": np.frombuffer(b"[1]", np.uint8)}, ["does not say that this is a minilstm language model"]),
        ({"header": np.frombuffer(b"[" * 100_000, np.uint8)}, ["header: not JSON in UTF-8"]),
        ({"header": np.frombuffer(b'{"a":' * 100_000, np.uint8)}, ["header: not JSON in UTF-8"]),
        ({"header": np.frombuffer(b"9" * 5_000, np.uint8)}, ["header"]),
        ({"U1": None}, ["missing or left over: ['U1']"]),
        ({"U2": np.zeros((12, 3))}, ["missing or left over: ['U2']"]),
        ({"U1": np.zeros((12, 4), "f4")}, ["U1: expected (12, 3) of <f2 or <f4 or <f8, got (12, 4) of <f4"]),
        ({"U1": np.zeros((3, 12), "f4")}, ["U1: expected (12, 3)", "got (3, 12)"]),
        ({"b0": np.zeros((16, 1), "f4")}, ["b0: expected (16,)", "got (16, 1)"]),
        ({"U1": np.zeros((12, 3), "i4")}, ["U1: expected", "of <i4"]),
        ({"U1": np.zeros((12, 3), ">f4")}, ["U1: expected", "of >f4"]),
        ({"U1": np.zeros((12, 3), "c8")}, ["U1: expected", "of <c8"]),
        ({"U1": np.full((12, 3), None)}, ["U1", "of object"]),
        ({"word_counts": np.zeros(6, "i8")}, ["word_counts: expected (7,) of <i8, got (6,)"]),
        ({"word_counts": np.zeros(7, "f8")}, ["word_counts: expected (7,) of <i8, got (7,) of <f8"]),
        ({"embedding": np.full((7, 2), np.nan, "f4")}, ["embedding: expected numbers that are finite in float32"]),
        ({"embedding": np.full((7, 2), np.inf, "f2")}, ["embedding: expected numbers that are finite in float32"]),
        ({"embedding": np.full((7, 2), -1e300)}, ["embedding: expected numbers that are finite in float32"]),
        ({"U1": b""}, ["'U1.npy': expected an array as .npy of version 1.0"]),
        ({"U1": b"GIF89a"}, ["'U1.npy': expected an array as .npy of version 1.0"]),
        ({"U1": b"\x93NUMPY\x02\x00" + bytes(100)}, ["'U1.npy': expected an array as .npy of version 1.0"]),
    ],
)
def test_members_that_do_not_fit(path, members, words):
    change(path, **members)
    refused(path, *words)
