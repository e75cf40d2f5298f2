"""Verify an LSTM that somebody has made in a framework: the object itself, of any size, with the weights it has."""

from collections.abc import Mapping
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np

from ..errors import MinilstmError
from .found import LENGTHS, STEPS, DetectedLSTM, first_line, verify_found
from .in_jax import call_jax, flax_reader, of_steps
from .in_keras import call_keras
from .in_onnx import with_runner
from .in_torch import call_torch
from .onnx_files import lstms_in_model, lstms_in_onnx
from .program import Variant
from .verdict import Verdict


def verify_module(
    module: Any,
    parameters: Mapping[str, Any] | str | None = None,
    seed: int = 0,
    rtol: float | None = None,
    atol: float | None = None,
) -> Verdict:
    """Run a framework's LSTM on random words from random states and compare what it says with the equations.

    Parameters
    ----------
    module : object
        A `torch.nn.LSTM`, also with two directions or a projection, on whatever device and in whatever precision; a
        `keras.layers.LSTM` that has been built; an `LSTMCell` or `OptimizedLSTMCell` of `flax.linen` or `flax.nnx`; or
        an `onnxruntime.InferenceSession` or `onnx.ModelProto`, whose LSTM node is run by ONNX Runtime, where the
        session runs.
    parameters : mapping or str, optional
        Of a cell of flax.linen: what its `init` returned. Of an ONNX model with several LSTM nodes: the name of one.
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

    See Also
    --------
    minilstm.verify : For outputs that a program of your own returned.

    Examples
    --------
    >>> import torch                                                   # doctest: +SKIP
    >>> assert minilstm.verify_module(torch.nn.LSTM(20, 30, num_layers=2))   # doctest: +SKIP
    """
    kinds = ((kind.__module__.partition(".")[0], kind.__name__) for kind in type(module).__mro__)
    take = next((KINDS[kind] for kind in kinds if kind in KINDS), None)
    if take is None:
        raise MinilstmError(
            "verify_module: expected a torch.nn.LSTM, a keras.layers.LSTM, an LSTM cell of flax.linen or flax.nnx, an "
            f"ONNX Runtime session or an ONNX model, got {type(module).__module__}.{type(module).__qualname__}"
        )
    try:
        return verify_found(_taken(take, module, parameters), seed, rtol, atol)
    except MinilstmError as error:
        raise type(error)(f"verify_module: {error}") from None


def _taken(take, module, parameters):
    """The LSTM in a module, which may have been changed so much that it is not what its class says."""
    try:
        found = take(module, parameters)
    except MinilstmError:
        raise
    except (AttributeError, KeyError, NotImplementedError, TypeError, ValueError) as error:
        kind = f"{type(module).__module__}.{type(module).__qualname__}"
        raise MinilstmError(f"the weights of this {kind} cannot be read ({type(error).__name__}: {error})") from None

    def run(case):
        try:
            return found.run(case)
        except (RuntimeError, NotImplementedError, ValueError, TypeError) as error:
            raise MinilstmError(f"its framework cannot run it ({first_line(error)})") from None

    return found._replace(run=run)


# ---- from an object: the LSTM in it


def _take_torch(module, _):
    # by the names of a plain one: what is pruned or normalised has parameters of other names, and these made of them
    names = [name for names in module._all_weights for name in names]
    tensors = {name: getattr(module, name).detach().cpu().double().numpy() for name in names}
    variant = Variant(2 if module.bidirectional else 1, module.proj_size)
    return DetectedLSTM("LSTM", "pytorch", tensors, variant, (), partial(call_torch, module, parts=[STEPS]), LENGTHS)


def take_keras(layer):
    """The LSTM in a Keras layer, run by a twin that returns all steps and its state."""
    tensors = dict(zip(("kernel_l0", "recurrent_kernel_l0", "bias_l0"), layer.get_weights(), strict=False))
    options = {"return_sequences": True, "return_state": True, "stateful": False}
    twin = type(layer).from_config(layer.get_config() | options | {"dropout": 0, "recurrent_dropout": 0})
    twin.build((None, None, len(tensors["kernel_l0"])))
    twin.set_weights(layer.get_weights())

    def run(case):
        """Run a layer; its outputs stand in the order in which it reads."""
        x = case.x[::-1] if layer.go_backwards else case.x
        return call_keras([[twin]], case._replace(x=x), [STEPS])

    notes = ("keeps its state from call to call (stateful)",) * layer.stateful
    return DetectedLSTM(layer.name, "keras", tensors, notes=notes, run=run, backwards=layer.go_backwards)


def _take_keras(layer, _):
    if not layer.built:
        raise MinilstmError("this Keras layer has no weights yet; build it, or call it once")
    return take_keras(layer)


def _take_flax(cell, parameters):
    if type(cell).__module__.startswith("flax.nnx"):
        return _take_nnx(cell)
    if not parameters:
        raise MinilstmError("a cell of flax.linen has no weights of its own; give the parameters of its init too")
    inner = parameters.get("params", parameters)
    kernel, recurrent, bias = (
        np.concatenate([np.asarray(inner[f"{side}{gate}"][kind]) for gate in "ifgo"], axis=-1)
        for side, kind in (("i", "kernel"), ("h", "kernel"), ("h", "bias"))
    )
    tensors = {"kernel_l0": kernel, "recurrent_kernel_l0": recurrent, "bias_l0": bias}
    run = partial(call_jax, (_computes_in(cell, kernel), "cpu"), parts=[STEPS], reader=flax_reader(cell))
    return DetectedLSTM("LSTM", "keras", tensors, run=run, lengths=LENGTHS)


def _computes_in(cell, weight):
    """Precision in which a cell of Flax computes: its own, or else that of its weights."""
    return str(np.dtype(getattr(cell, "dtype", None) or weight.dtype))


def _take_nnx(cell):
    """A cell of flax.nnx, which has its weights in it: one matrix for all gates, or one for each."""
    if hasattr(cell, "dense_i"):
        inward, recurrent = [cell.dense_i], [cell.dense_h]
    else:
        inward, recurrent = [cell.ii, cell.if_, cell.ig, cell.io], [cell.hi, cell.hf, cell.hg, cell.ho]
    parts = ([part.kernel for part in inward], [part.kernel for part in recurrent], [part.bias for part in recurrent])
    arrays = [np.concatenate([np.asarray(part[...]) for part in each], axis=-1) for each in parts]
    tensors = dict(zip(("kernel_l0", "recurrent_kernel_l0", "bias_l0"), arrays, strict=True))

    def one_word(x, h, C):
        (C, h), _ = cell((C, h), x)
        return h, C

    made = _computes_in(cell, arrays[0]), "cpu"
    run = partial(call_jax, made, parts=[STEPS], reader=of_steps(lambda _: one_word))
    return DetectedLSTM("LSTM", "keras", tensors, run=run, lengths=LENGTHS)


def _take_session(session, name):
    # a session tells its inputs and outputs, not its weights; these are where it read them
    content, path = getattr(session, "_model_bytes", None), getattr(session, "_model_path", None)
    if not content and not path:
        raise MinilstmError("this session does not say where it was loaded from; give the onnx.ModelProto instead")
    return _take_node(lstms_in_onnx(content or path), name, session.get_providers())


def _take_model(model, name):
    if find_spec("onnxruntime") is None:
        raise MinilstmError("an ONNX model is run by a package: pip install onnxruntime")
    return _take_node(lstms_in_model(model), name, ["CPUExecutionProvider"])


def _take_node(nodes, name, providers):
    nodes = {found.name: found for found in nodes}
    if name not in nodes and (name is not None or len(nodes) != 1):
        names = ", ".join(nodes) or "none"
        raise MinilstmError(f"expected a model with one LSTM node, or the name of one; there are {names}")
    return with_runner(nodes[name] if name in nodes else next(iter(nodes.values())), providers)


KINDS = {  # by package and name of class
    ("torch", "LSTM"): _take_torch,
    ("keras", "LSTM"): _take_keras,
    ("flax", "LSTMCell"): _take_flax,
    ("flax", "OptimizedLSTMCell"): _take_flax,
    ("onnxruntime", "InferenceSession"): _take_session,
    ("onnx", "ModelProto"): _take_model,
}
