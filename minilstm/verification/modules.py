"""Verify an LSTM that somebody has made in a framework: the object itself, of any size, with the weights it has."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import MinilstmError
from .adapters import Case, call_flax, call_keras, call_torch, scale_of
from .drawing import draw
from .variant_vectors import problem_of_tensors
from .variants import Variant
from .vectors import FORMAT, VERSION
from .verdict import Verdict
from .verify import judge, verify_variant

STEPS, BATCH, LENGTHS = 12, 3, np.array([12, 5, 9])


def verify_module(
    module: Any,
    parameters: Mapping[str, Any] | None = None,
    seed: int = 0,
    rtol: float | None = None,
    atol: float | None = None,
) -> Verdict:
    """Run a framework's LSTM on random words from random states and compare what it says with the equations.

    Parameters
    ----------
    module : object
        A `torch.nn.LSTM`, also with two directions or a projection, on whatever device and in whatever precision; a
        `keras.layers.LSTM` that has been built; or a `flax.linen.LSTMCell` or `OptimizedLSTMCell`.
    parameters : mapping, optional
        Of a Flax cell: what its `init` returned.
    seed : int
        Of the words and states.
    rtol, atol : float, optional
        As for `verify`.

    Returns
    -------
    Verdict

    Raises
    ------
    MinilstmError
        If it is none of these.

    Examples
    --------
    >>> import torch                                                   # doctest: +SKIP
    >>> assert minilstm.verify_module(torch.nn.LSTM(20, 30, num_layers=2))   # doctest: +SKIP
    """
    kinds = ((kind.__module__.partition(".")[0], kind.__name__) for kind in type(module).__mro__)
    take = next((KINDS[kind] for kind in kinds if kind in KINDS), None)
    if take is None:
        raise MinilstmError(
            "verify_module: expected a torch.nn.LSTM, a keras.layers.LSTM or a flax.linen LSTM cell, got "
            f"{type(module).__module__}.{type(module).__qualname__}"
        )
    tensors, convention, variant, sizes, call = take(module, parameters)
    layers, inputs, units = sizes
    rng, states = np.random.default_rng(seed), layers * variant.directions
    x = draw(rng, STEPS, BATCH, inputs, below=2)
    h_0, C_0 = draw(rng, states, BATCH, variant.projection or units), draw(rng, states, BATCH, units, below=2)
    lengths = LENGTHS if call is not _call_keras else None
    case = Case(x, lengths, h_0, C_0, tensors, {})
    outputs, scale = call(module, parameters, case), scale_of(case)
    lengths = np.full(BATCH, STEPS) if lengths is None else lengths
    x[np.arange(STEPS)[:, None] >= lengths] = 0
    if variant != Variant():
        problem = problem_of_tensors(x, lengths, h_0, C_0, tensors, convention, variant)
        return verify_variant(problem, convention, outputs, rtol, atol, scale)
    about = {"format": np.array(FORMAT), "version": np.array(VERSION), "convention": np.array(convention)}
    given = {"x": x, "lengths": lengths, "h_0": h_0, "C_0": C_0}
    return judge(about | given | tensors, outputs, rtol, atol, scale)


def _take_torch(module, parameters):
    tensors = {name: tensor.detach().cpu().double().numpy() for name, tensor in module.named_parameters()}
    variant = Variant(2 if module.bidirectional else 1, module.proj_size)
    sizes = module.num_layers, module.input_size, module.hidden_size
    return tensors, "pytorch", variant, sizes, lambda module, _, case: call_torch(module, case, [STEPS])


def _take_keras(layer, parameters):
    if not layer.built:
        raise MinilstmError("verify_module: this Keras layer has no weights yet; build it, or call it once")
    if layer.go_backwards:
        raise MinilstmError("verify_module: this Keras layer goes backwards; give the same without go_backwards")
    kernel, recurrent, *bias = layer.get_weights()
    tensors = {"kernel_l0": kernel, "recurrent_kernel_l0": recurrent}
    tensors |= {"bias_l0": bias[0]} if bias else {}
    return tensors, "keras", Variant(), (1, len(kernel), len(recurrent)), _call_keras


def _call_keras(layer, parameters, case):
    """Another layer with the same settings and weights, which returns all steps and its state."""
    options = layer.get_config() | {"return_sequences": True, "return_state": True, "stateful": False, "dropout": 0}
    twin = type(layer).from_config(options | {"recurrent_dropout": 0})
    twin.build((BATCH, None, case.x.shape[2]))
    twin.set_weights(layer.get_weights())
    return call_keras([[twin]], case, [STEPS])


def _take_flax(cell, parameters):
    if not parameters:
        raise MinilstmError("verify_module: a Flax cell has no weights of its own; give the parameters of its init too")
    inner = parameters.get("params", parameters)
    kernel, recurrent, bias = (
        np.concatenate([np.asarray(inner[f"{side}{gate}"][kind]) for gate in "ifgo"], axis=-1)
        for side, kind in (("i", "kernel"), ("h", "kernel"), ("h", "bias"))
    )
    tensors = {"kernel_l0": kernel, "recurrent_kernel_l0": recurrent, "bias_l0": bias}
    sizes = 1, len(kernel), len(recurrent)
    return (
        tensors,
        "keras",
        Variant(),
        sizes,
        lambda cell, _, case: call_flax([(cell, {"params": inner})], case, [STEPS]),
    )


KINDS = {  # by package and name of class
    ("torch", "LSTM"): _take_torch,
    ("keras", "LSTM"): _take_keras,
    ("flax", "LSTMCell"): _take_flax,
    ("flax", "OptimizedLSTMCell"): _take_flax,
}
