"""Find the LSTMs in a model file, whatever framework wrote it, and verify them.

Files are recognised by what is in them: ONNX, PyTorch (state dicts and modules, read without PyTorch), .safetensors
with PyTorch's names, .keras, and models of minilstm. Each LSTM is run in its own framework, ours in PyTorch, on random
words, from random states.
"""

import json
import zipfile
from pathlib import Path

import numpy as np

from ..errors import MinilstmError, ModelFileError
from ..io.npz import BROKEN
from ..io.safetensors import read_tensors
from ..io.torch import read_torch
from ..models import load
from .adapters import ADAPTERS
from .found import STEPS, DetectedLSTM, first_line, verify_found
from .in_keras import import_keras
from .in_onnx import with_runner
from .modules import take_keras
from .onnx_files import KINDS, lstms_in_onnx
from .program import Variant
from .vectors import FORMAT

OURS = "header.npy"  # a member that models of minilstm have, and no test vectors
MODEL_NAMES = ".onnx", ".pt", ".pth", ".keras"
UNPACKED = 100  # times the size of a .keras file that its parts may have; Keras does not compress them
RUN_IN = {"pytorch": "torch", "onnx": "onnxruntime", "keras": "keras"}


def is_model_file(path):
    """Return whether a file is one that may hold a model, not test vectors or what a program made of them."""
    path = Path(path)
    if not path.is_file():
        return path.suffix in MODEL_NAMES
    members = _members(path)
    if members:
        return OURS in members or not any(name.endswith(".npy") for name in members)
    if _is_safetensors(path):
        return read_tensors(path)[1].get("format") != FORMAT
    return True


def _is_safetensors(path):
    """By its name, or because a JSON object stands where a header is to be."""
    with path.open("rb") as file:
        start = file.read(9)
    return path.suffix == ".safetensors" or (
        start[8:] == b"{" and int.from_bytes(start[:8], "little") <= path.stat().st_size
    )


def _members(path):
    """The names in a zip archive; none where it is no such archive, or not a whole one."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.namelist()
    except BROKEN:
        return []


def find_lstms(path):
    """The LSTMs in a model file.

    Raises
    ------
    ModelFileError
        Naming the file, if it is of no known kind, damaged, or holds no LSTM.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            start = file.read(8)
        members = _members(path)
    except OSError as error:
        raise ModelFileError(f"{path}: cannot be read ({error.strerror or error})") from error
    if start[:4] == b"\x89HDF":
        raise ModelFileError(f"{path}: HDF5; expected {KINDS} (Keras: save the model as .keras)")
    if "config.json" in members:
        found = _in_keras(path)
    elif OURS in members:
        found = _by_torch_names(load(path, "float64").state_dict())
    elif members and all(name.endswith(".npy") for name in members):
        raise ModelFileError(f"{path}: arrays by name, not a model; expected {KINDS}")
    elif members or start[:1] == b"\x80":
        found = _by_torch_names(read_torch(path).tensors)
    elif _is_safetensors(path):
        found = _by_torch_names(read_tensors(path)[0])
    else:
        found = lstms_in_onnx(path)
    if not found:
        raise ModelFileError(f"{path}: no LSTM in it, by the names and shapes of its weights")
    return found


def _by_torch_names(tensors):
    """LSTMs and LSTMCells among the tensors of a state dict."""
    found = []
    for name in tensors:
        prefix, _, rest = name.rpartition("weight_hh")
        if rest not in ("", "_l0") or not _is_lstm(tensors[name].shape):
            continue
        own = {key.removeprefix(prefix): tensors[key] for key in tensors if key.startswith(prefix)}
        kinds = "weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr"
        if rest == "":
            own = {f"{key}_l0": array for key, array in own.items() if key in kinds}
        own = {key: np.asarray(array) for key, array in own.items() if key.rpartition("_l")[0] in kinds}
        projection = own["weight_hr_l0"].shape[0] if "weight_hr_l0" in own else 0
        variant = Variant(2 if "weight_ih_l0_reverse" in own else 1, projection)
        found.append(
            DetectedLSTM(prefix.rstrip(".") or "LSTM", "pytorch", own, variant, ("LSTMCell",) if rest == "" else ())
        )
    return found


def _is_lstm(shape):
    return len(shape) == 2 and (shape[0] == 4 * shape[1] or shape[0] % 4 == 0 and shape[0] > 4 * shape[1])


def _in_keras(path):
    try:
        keras = import_keras()
    except ImportError:
        raise ModelFileError(f"{path}: .keras needs a package: pip install keras") from None
    try:
        _check_sizes(path)
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
    except ModelFileError:
        raise
    except Exception as error:  # Keras raises many kinds on files that are not whole
        raise ModelFileError(f"{path}: Keras cannot open it ({first_line(error)})") from None
    return [take_keras(layer) for layer in model._flatten_layers() if type(layer).__name__ == "LSTM"]


def _check_sizes(path):
    """Keras makes room for the sizes that the text states; they are believed if the file has weights for them."""
    with zipfile.ZipFile(path) as archive:
        room, size = sum(member.file_size for member in archive.infolist()), path.stat().st_size
        if room > UNPACKED * size:
            raise ModelFileError(f"{path}: unpacks to {room} bytes, more than {UNPACKED} times the file")
        for member in archive.infolist():  # room is made for what is stored, too, before it is read
            if member.compress_size > size:
                raise ModelFileError(f"{path}: {member.filename}: {member.compress_size} bytes in a file of {size}")
        left = [json.loads(archive.read("config.json"))]
    while left:
        part = left.pop()
        left += part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
        config = part.get("config") if isinstance(part, dict) else None
        units = config.get("units") if isinstance(config, dict) else None
        if units is not None:
            inputs = ((part.get("build_config") or {}).get("input_shape") or [1])[-1]
            gated = str(part.get("class_name")) in ("LSTM", "GRU", "SimpleRNN")
            if 2 * units * max(inputs, units if gated else 1) > room:
                raise ModelFileError(f"{path}: {units} units with {inputs} inputs, but all of it is {room} bytes")


def verify_file(path, seed=0):
    """Yield each LSTM of a model file and the verdict on it, or a text where its framework is not installed."""
    for found in find_lstms(path):
        adapter = ADAPTERS[RUN_IN[found.convention]]
        if not adapter.found:
            yield found, f"not run: {adapter.package}, by which it would be run, is not installed"
            continue
        try:
            runnable = _runnable(found, adapter)
            yield runnable, verify_found(runnable, seed)
        except MinilstmError as error:
            raise ModelFileError(f"{path}: {found.name}: {error}") from None
        except Exception as error:  # whatever a framework raises on weights that do not fit
            yield found, f"not run: {adapter.package} refuses it ({first_line(error)})"


def _runnable(found, adapter):
    """`found` with a way to run it: as it stands in the file, or by what the adapter makes of its weights."""
    if found.node:
        return with_runner(found)
    tensors = {name: np.array(array, np.float32) for name, array in found.tensors.items()}

    def made(case):
        return adapter.call(adapter.make(case, "float32", "cpu"), case, [STEPS])

    return found._replace(tensors=tensors, run=found.run or made)
