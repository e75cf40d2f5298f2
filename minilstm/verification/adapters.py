"""Run the LSTM of a framework on test vectors: one adapter a framework, none of them imported before it is used.

An adapter's `make(case, dtype, device)` makes the framework's own object from the weights of a `cases.Case`, and
`call(made, case, parts)` runs it, in as many calls as `parts` says. To add a framework, add an entry to `ADAPTERS`.
"""

from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import NamedTuple

from .cases import where_and_how
from .comparing import TOLERANCES
from .in_jax import call_jax, equinox_step, flax_reader, haiku_step, jax_devices, of_steps
from .in_keras import call_keras, keras_devices, make_keras
from .in_mlx import call_mlx, mlx_devices
from .in_onnx import call_onnx, in_evaluator, in_runtime, make_onnx
from .in_tensorflow import call_tensorflow, tensorflow_devices
from .in_tinygrad import call_tinygrad
from .in_torch import call_torch, make_torch, torch_devices

ALL = tuple(TOLERANCES)


class Adapter(NamedTuple):
    """Adapter of one framework: how it is made, run and named."""

    package: str
    convention: str
    make: Callable  # (case, dtype, device) -> the framework's object
    call: Callable  # (object, case, parts) -> output, h_n, C_n; and gradients by name where the case has losses
    precisions: tuple[str, ...] = ALL
    variants: tuple[str, ...] = ()
    padding: bool = True  # whether it can be told the lengths of sequences
    gradients: bool = True
    devices: Callable = lambda: ("cpu",)

    @property
    def found(self):
        """Return whether the framework is installed."""
        return find_spec(self.package) is not None


def _in_jax(package, convention, reader):
    return Adapter(package, convention, where_and_how, partial(call_jax, reader=reader), devices=jax_devices)


def _in_onnx(package, runner, precisions, variants, padding):
    call = partial(call_onnx, runner=runner)
    return Adapter(package, "onnx", make_onnx, call, precisions, variants, padding, gradients=False)


TORCH_KINDS = "bidirectional", "projection", "bidirectional-projection"
ONNX_KINDS = "bidirectional", "peepholes", "coupled", "clip", "activations", "onnx"
ADAPTERS = {
    "torch": Adapter("torch", "pytorch", make_torch, call_torch, variants=TORCH_KINDS, devices=torch_devices),
    "onnxruntime": _in_onnx("onnxruntime", in_runtime, ("float32",), ONNX_KINDS, padding=True),
    "onnx evaluator": _in_onnx("onnx", in_evaluator, ALL[:3], ONNX_KINDS[:2], padding=False),
    "keras": Adapter(
        *("keras", "keras", make_keras, call_keras, ALL, ("bidirectional",)), padding=False, devices=keras_devices
    ),
    "flax": _in_jax("flax", "keras", flax_reader()),
    "equinox": _in_jax("equinox", "pytorch", of_steps(equinox_step)),
    "haiku": _in_jax("haiku", "keras", of_steps(haiku_step)),
    "tensorflow": Adapter(
        *("tensorflow", "keras", where_and_how, call_tensorflow, ("float32", "float16")), devices=tensorflow_devices
    ),
    "mlx": Adapter("mlx", "pytorch", where_and_how, call_mlx, ALL[:3], devices=mlx_devices),
    "tinygrad": Adapter("tinygrad", "pytorch", where_and_how, call_tinygrad, ("float32",), gradients=False),
}
