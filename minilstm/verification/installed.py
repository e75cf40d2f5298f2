"""Verify the LSTM of every framework that is installed, on all vectors that it can be run on."""

from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

import numpy as np

from ..errors import MinilstmError
from .adapters import ADAPTERS
from .cases import Case
from .comparing import HALF
from .program import RETURNED, Variant
from .variant_vectors import make_variant
from .variants import VARIANTS
from .vectors import WIDE, make_vectors, read_cases
from .verify import judge

PLAIN = "plain"
FURTHER = {name: 2 for name in HALF}  # of ten seeds Keras in float16 needs 1.1 of the tolerance, Flax in bfloat16 1.5
DISTRIBUTIONS = {"haiku": "dm-haiku"}  # where it is not called as the package


class Row(NamedTuple):
    """One line of the table: a framework on one kind of LSTM, in one precision, on one device."""

    framework: str
    version: str
    device: str
    variant: str
    precision: str
    ulps: float | None  # the largest error of what comes out, in units in the last place
    verdict: str
    mistake: str


def verify_installed(device=None, seed=0):
    """Yield a `Row` and its Verdict for every framework that is found, kind of LSTM, precision and device.

    Parameters
    ----------
    device : str, optional
        One of "cpu", "cuda", "mps"; every one that a framework finds if not given.
    seed : int
        Of the test vectors.

    Raises
    ------
    MinilstmError
        If no framework is installed, or none can use `device`.
    """
    found = {name: adapter for name, adapter in ADAPTERS.items() if adapter.found}
    if not found:
        names = ", ".join(adapter.package for adapter in ADAPTERS.values())
        raise MinilstmError(f"--installed: none of {names} is installed; pip install 'minilstm[frameworks]'")
    places = [(name, place) for name in found for place in _devices(found[name]) if device in (None, place)]
    if not places:
        raise MinilstmError(f"--device {device}: none of {', '.join(found)} finds one here")
    for name, place in places:
        for variant in (PLAIN, *found[name].variants):
            for precision in found[name].precisions:
                yield _row(name, found[name], variant, precision, place, seed)


def _devices(adapter):
    try:
        return adapter.devices()
    except Exception:  # what is wrong with the framework is told when it is run
        return ("cpu",)


def _row(name, adapter, variant, precision, device, seed):
    vectors = _vectors(adapter, variant, seed)
    about = name, _version(DISTRIBUTIONS.get(adapter.package, adapter.package)), device, variant, precision
    try:
        outputs = run(adapter, vectors, precision, device)
        verdict = judge(read_cases(vectors), outputs, scale=FURTHER.get(precision, 1))
    except Exception as error:  # whatever a framework raises on what it cannot do
        message = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
        return Row(*about, None, "not run", message[:100]), None
    ulps = max(error.ulps for name, error in verdict.errors.items() if not name.startswith("d_"))
    return Row(*about, ulps, "right" if verdict else "WRONG", _mistake(verdict)), verdict


def _mistake(verdict):
    if verdict.ok:
        return ""
    return "; ".join(verdict.diagnosis) or (f"near {verdict.nearest}" if verdict.nearest else f"in {verdict.place}")


def _version(package):
    try:
        return version(package)
    except PackageNotFoundError:
        return "?"


def _vectors(adapter, variant, seed):
    """Test vectors in the adapter's convention; where it cannot be told lengths, all sequences are as long as x."""
    make = make_vectors if variant == PLAIN else partial(make_variant, variant)
    vectors = make(adapter.convention, seed)
    if not adapter.padding:
        vectors["lengths"] = np.full_like(vectors["lengths"], len(vectors["x"]))
    return vectors


def run(adapter, vectors, precision="float32", device="cpu"):
    """Run a framework on all cases of `vectors`: outputs by the names that `verify` takes."""
    outputs, plain = {}, "variant" not in vectors
    for suffix in ("", "_again", "_chunks", "_wide") if plain else ("",):
        source = "_again" if suffix == "_chunks" else suffix
        x, h_0, C_0 = (vectors[f"{name}{source}"] for name in ("x", "h_0", "C_0"))
        tensors, lengths, losses = _weights(vectors, WIDE if suffix == "_wide" else ""), None, {}
        if suffix == "" and adapter.padding:
            lengths = vectors["lengths"]
        if suffix == "" and adapter.gradients and plain:
            losses = {name: vectors[f"loss_{name}"] for name in RETURNED}
        variant = Variant() if plain else VARIANTS[str(vectors["variant"])]
        case = Case(x, lengths, h_0, C_0, tensors, losses, variant)
        parts = vectors["chunks"].tolist() if suffix == "_chunks" else [len(case.x)]
        made = adapter.make(case, precision, device)
        outputs |= {f"{name}{suffix}": array for name, array in adapter.call(made, case, parts).items()}
    return outputs


def _weights(vectors, prefix):
    """The tensors of one LSTM among the vectors, without their prefix."""
    named = {name.removeprefix(prefix): array for name, array in vectors.items() if name.startswith(prefix)}
    return {
        name: array
        for name, array in named.items()
        if "." not in name and name.rpartition("_l")[2].removesuffix("_reverse").isdigit()
    }
