"""What is cached on disk comes back as it was, and nothing else does."""

import json

import numpy as np
import pytest

from minilstm.analyses.group_tests import GroupTest
from minilstm.analyses.number_units import NumberUnits
from minilstm.analyses.short_range import ShortRange
from minilstm.errors import ModelFileError
from minilstm.io.npz import open_npz, write_npz
from minilstm.report.cache import TREE, load, save
from minilstm.stimuli import na_task


def same(a, b):
    """Equal in type, shape and every bit."""
    if isinstance(a, np.ndarray):
        return type(a) is type(b) and a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, dict):
        return a.keys() == b.keys() and list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, (tuple, list)):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    if hasattr(a, "__dataclass_fields__"):
        return type(a) is type(b) and same(vars(a), vars(b))
    return type(a) is type(b) and (a == b or a != a and b != b)


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        3,
        0.1,
        float("nan"),
        float("inf"),
        "a 'b' <ü>",
        (),
        [1, (2, [3])],
        {1: "one", ("a", 2): {}, "tuple": None},
        np.arange(6, dtype=np.float32).reshape(2, 3),
        np.array([True, False]),
        np.float64(0.1),
        np.zeros((0, 3)),
        GroupTest("nounPP", "SP", 0.9, 0.8, np.array([0.7]), 0.01, 1.0, float("nan"), 3),
        (NumberUnits({"S": 3, "P": None}, judged_on="odd"), na_task("nounPP", "SP", 2), ShortRange((3,))),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_come_back_as_they_were(tmp_path, value):
    key = {"model": "abc", "n": None}
    save(tmp_path / "x.npz", key, value)
    its_key, back = load(tmp_path / "x.npz")
    assert its_key == key and same(value, back)


def test_what_has_no_place_is_refused(tmp_path):
    with pytest.raises(TypeError, match="cannot be cached"):
        save(tmp_path / "x.npz", {}, {"a": object()})
    assert not list(tmp_path.iterdir())


@pytest.fixture
def file(tmp_path):
    save(tmp_path / "x.npz", {"n": 3}, {"C": np.arange(40.0), "words": ("the", "boy")})
    return tmp_path / "x.npz"


def test_no_damage_goes_unseen(file):
    whole = file.read_bytes()
    for k in range(0, len(whole), 7):
        file.write_bytes(whole[:k])
        with pytest.raises(ModelFileError):
            load(file)
    key, value = {"n": 3}, np.arange(40.0)
    for k in range(0, len(whole), 3):
        file.write_bytes(whole[:k] + bytes([whole[k] ^ 255]) + whole[k + 1 :])
        try:
            its_key, back = load(file)
        except ModelFileError:
            continue
        assert its_key == key and np.array_equal(back["C"], value) and back["words"] == ("the", "boy"), k


@pytest.mark.parametrize(
    "tree",
    [
        {"class": ["os", "system"], "parts": ["true"]},
        {"class": ["builtins", "eval"], "parts": ["1"]},
        {"class": [".cli.main", "main"], "parts": [[]]},
        {"class": [".language_model", "LanguageModel"], "parts": []},
        {"class": [".nowhere", "X"], "parts": []},
        {"array": "99"},
        {"set": []},
        {"dict": [[1]]},
    ],
    ids=str,
)
def test_only_results_of_this_package_are_made(file, tree):
    with open_npz(file) as archive:
        arrays = {name: archive.read(name) for name in archive.declared}
    text = json.dumps({"key": {}, "value": tree})
    write_npz(file, arrays | {TREE: np.frombuffer(text.encode(), np.uint8)})
    with pytest.raises(ModelFileError, match="not a result of ours"):
        load(file)
