"""Provenance of a result: the model, the versions of all that computes, the machine."""

import hashlib
import platform
from functools import cache, lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ..io.checkpoints import header_text
from ..models import digest
from ..version import __version__

LIBRARIES = "numpy", "scipy", "scikit-learn", "numba", "matplotlib"


@lru_cache(maxsize=1)
def fingerprint(model):
    """SHA-256 of all of a model that a result can depend on: weights, words, context, word counts, provenance."""
    hasher = hashlib.sha256((digest(model) + header_text(model.header())).encode())
    if model.word_counts is not None:
        hasher.update(model.word_counts.astype("<i8").tobytes())
    return hasher.hexdigest()


@cache
def versions():
    """{name: version} of Python, this package and its libraries."""
    return {"minilstm": __version__, "python": platform.python_version()} | {name: _version(name) for name in LIBRARIES}


def _version(name):
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"


@cache
def source():
    """SHA-256 of this package's own code: a version number does not change with every edit."""
    hasher, home = hashlib.sha256(), Path(__file__).parent.parent
    for path in sorted(home.rglob("*.py")):
        hasher.update(str(path.relative_to(home)).encode() + b"\0" + path.read_bytes())
    return hasher.hexdigest()


def shape(model):
    """A model's shape in a few words."""
    layers = " + ".join(map(str, model.sizes))
    return (
        f"{len(model.sizes)} LSTM layer{'s' * (len(model.sizes) > 1)} of {layers} units, {len(model.vocabulary)} words"
    )


def options(experiment):
    """The options of a run by name."""
    return {
        "sentences a condition": experiment.n or "published counts",
        "random sets": experiment.n_random,
        "seed": experiment.seed,
        "state": "zero" if experiment.state is None else experiment.state,
        "lexicon": experiment.lexicon,
        "unknown": experiment.unknown,
        "kind": experiment.kind,
        "precision": str(experiment.model.dtype),
        "Linzen set": f"{len(experiment.linzen):,} sentences",
    }


def processor():
    """The name of the CPU."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    return next(
        (line.split(":")[1].strip() for line in lines if line.startswith("model name")),
        platform.processor() or platform.machine(),
    )
