"""A small model, and ways to spoil the file it is saved in."""

import io
import json
import zipfile

import numpy as np
import pytest
from networks import random_layers

from minilstm import load
from minilstm.errors import ModelFileError
from minilstm.language_model import LanguageModel

WORDS = ("The", "boy", "naïve", "“", ".", "<eos>", "\u3000")  # not ASCII, and a word that is white space


def make(sizes=(4, 3), dtype="float32"):
    rng = np.random.default_rng(0)
    V, H = len(WORDS), sizes[-1]
    embedding, weight, bias = (rng.normal(size=shape).astype(dtype) for shape in ((V, 2), (V, H), (V,)))
    layers = random_layers(rng, 2, sizes, dtype)
    return LanguageModel(
        WORDS, embedding, layers, weight, bias, ("The", "boy"), np.arange(V) + 2**40, {"seed": 1, "by": ["hand", None]}
    )


def weights(model):
    return (
        model.embedding,
        *(array for layer in model.layers for array in layer),
        model.decoder_weight,
        model.decoder_bias,
    )


def assert_same(got, want, dtype="float32"):
    assert got.vocabulary == want.vocabulary and got.context == want.context and got.provenance == want.provenance
    np.testing.assert_array_equal(got.word_counts, want.word_counts)
    for a, b in zip(weights(got), weights(want), strict=True):
        assert a.dtype == dtype
        np.testing.assert_array_equal(a, b)


def change(path, keys=None, compression=zipfile.ZIP_STORED, **members):
    """Write a model file anew: keys of its header replaced, members replaced (arrays, bytes) or left out (None)."""
    with zipfile.ZipFile(path) as archive:
        kept = {info.filename.removesuffix(".npy"): archive.read(info) for info in archive.infolist()}
    if keys is not None:
        text = json.loads(np.load(io.BytesIO(kept["header"])).tobytes())
        text = {key: value for key, value in {**text, **keys}.items() if value is not ...}
        members["header"] = np.frombuffer(json.dumps(text).encode(), np.uint8)
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in {**kept, **members}.items():
            if isinstance(data, np.ndarray):
                buffer = io.BytesIO()
                np.lib.format.write_array(buffer, data)
                data = buffer.getvalue()
            if data is not None:
                archive.writestr(f"{name}.npy", data)


def refused(path, *words):
    """Loading raises ModelFileError; it names the file and says `words`."""
    with pytest.raises(ModelFileError) as caught:
        load(path)
    for word in (str(path), *words):
        assert word in str(caught.value)


def npy(text, body=bytes(144)):
    """A .npy member with this header, the right magic and length, and a body that would hold (12, 3) of <f4."""
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode("latin1") + body
