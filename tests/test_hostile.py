"""A seeded few hundred damaged files for every loader; `python tests/hostile.py --n 20000` does the rest."""

import numpy as np
import pytest
from hostile import CANARY, Loader, count, equal, judge, mutants, truncations
from hostile_loaders import GROUPS

N = 500
# Keras's own way from torch to NumPy 2
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning:keras")


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.__name__)
def test_damage_is_refused_or_without_effect(group, tmp_path):
    for loader in group(tmp_path):
        verdicts, bad = count(loader, mutants(loader.data, N, seed=1), tmp_path)
        assert not bad
        assert verdicts["refused"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.__name__)
def test_truncation(group, tmp_path):
    """At every byte of small files, and at every few bytes of others; the command takes every byte of all."""
    for loader in group(tmp_path):
        verdicts, bad = count(loader, truncations(loader.data, 2_000), tmp_path)
        assert not bad
        assert verdicts["structure"] == 0


def test_mutants_are_reproducible():
    data = bytes(range(200))
    assert list(mutants(data, 50, 3)) == list(mutants(data, 50, 3)) != list(mutants(data, 50, 4))


def _careless(path):
    data = path.read_bytes()
    return {
        b"a": lambda: np.zeros(10_000_000),
        b"b": lambda: {}[0],
        b"c": lambda: __import__("os").system("true"),
        b"d": lambda: (_ for _ in ()).throw(ValueError("something")),
        b"e": lambda: 1,
        b"f": lambda: 2,
    }[data]()


@pytest.mark.parametrize(
    ("mutant", "verdict", "words"),
    [
        (b"a", "BAD", "allocated"),
        (b"b", "BAD", "KeyError"),
        (b"c", "BAD", "code ran"),
        (b"d", "BAD", "name the file"),
        (b"e", "equal", ""),
        (b"f", "BAD", "not found"),
    ],
)
def test_the_judge_notices(tmp_path, mutant, verdict, words):
    """Else all the figures would be worth nothing."""
    loader = Loader("careless", "careless.bin", b"e", _careless, ValueError)
    judged, why = judge(loader, mutant, 1, tmp_path)
    assert judged == verdict
    assert words in why
    assert not CANARY.awake


def test_the_comparison_notices():
    a = {"x": np.arange(3.0), "y": ("a", [1])}
    assert equal(a, {"x": np.arange(3.0), "y": ("a", [1])})
    for other in (
        {"x": np.arange(3.0, dtype="f4"), "y": ("a", [1])},
        {"x": np.arange(3.0)[None], "y": ("a", [1])},
        {"x": np.arange(3.0) + 1e-9, "y": ("a", [1])},
        {"x": np.arange(3.0), "y": ("a", [2])},
        {"x": np.arange(3.0)},
    ):
        assert not equal(a, other)
