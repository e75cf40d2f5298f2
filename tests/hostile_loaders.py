"""A small good file for every loader of the package, to be damaged by `hostile.py`."""

import os
from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import torch_writer as w
from hostile import Loader

from minilstm.errors import ModelFileError, StimulusError, VectorsError
from minilstm.io.importing import import_model
from minilstm.io.torch import read_torch
from minilstm.io.vocabulary import read_vocabulary
from minilstm.language_model import LanguageModel
from minilstm.models import load
from minilstm.stimuli import read_items, read_linzen, read_na_task
from minilstm.stimuli.trees import read_depth
from minilstm.verification.model_files import find_lstms
from minilstm.verification.vectors import read_cases, write_vectors

os.environ.setdefault("KERAS_BACKEND", "torch")
WORDS = tuple(f"w{k}" for k in range(7))
VOCABULARY = "".join(f"{word}\n" for word in WORDS)
ITEMS = "# mine\nprefix\tright\twrong\tcondition\nThe keys to the cabinet\tare\tis\tPS\nThe key\tis\tare\tS\n"
NA_TASK = (
    "The boy greets\tsingular\tcorrect\tid1\nThe boy greet\tsingular\twrong\tid1\n"
    "The boys greet\tplural\tcorrect\tid2\nThe boys greets\tplural\twrong\tid2\n"
)
LINZEN = ("the keys to the cabinet are old <eos>\nthe key is old <eos>\n", "5\tare\tis\t1\n2\tis\tare\t0\n")
DEPTH = "He sees a boy | [_S [_Name He ] [_VP [_V sees ] [_NP [_D a ] [_N boy ] ] ] ] | 1 2 3 4 | 1 1 1 4\\n'\n"


def torch_files(folder):
    """PyTorch files in both layouts. Here and below, `folder` holds what goes along with the files."""
    (folder / "words.txt").write_text(VOCABULARY)
    value, storages, _ = w.old_language_model(layers=1)
    old = w.legacy(value, storages)
    numbers = range(len(old) - sum(8 + a.nbytes for a in storages.values()), len(old))
    plain = {k: w.tensor(w.storage(k, a, layout="zip"), 0, (len(a),), (1,)) for k, a in storages.items()}
    legacy = Loader(
        *("PyTorch, legacy, any tensors", "model.pt", old, lambda path: read_torch(path).tensors),
        **{"error": ModelFileError, "payload": numbers, "strict": False},
    )
    beside = {
        "counter": w.call(w.name("collections", "Counter"), {3: 1}),
        "args": w.new(w.name("argparse", "Namespace"), state={"lr": 20.0, (1, 2): "x"}),
        "itos": list(WORDS),
    }
    as_model = {"load": lambda path: import_model(path, folder / "words.txt").arrays, "strict": True}
    return [
        legacy,
        replace(legacy, name="PyTorch, legacy, language model", **as_model),
        replace(legacy, name="PyTorch, zip", data=w.zipped(plain, storages), payload=range(0), strict=True),
        replace(
            *(legacy,),
            **{"name": "PyTorch, zip, things beside", "data": w.zipped({"model": plain, **beside}, storages)},
            **{"payload": range(0), "strict": True},
        ),
    ]


def model_files(folder):
    """Files of this package's own."""
    _, _, tensors = w.old_language_model()
    model = LanguageModel.from_state_dict(tensors, WORDS, context=("w1", "w2"), word_counts=np.arange(7))
    made = []
    for suffix in (".npz", ".safetensors"):
        path = folder / f"model{suffix}"
        model.save(path)
        made.append(Loader(f"model, {suffix}", path.name, path.read_bytes(), _parts, ModelFileError))
    if len(made) > 1:
        made[1] = replace(made[1], payload=_after_header(made[1].data), strict=False)
    return made


def _parts(path):
    model = load(path)
    return {
        **{"vocabulary": model.vocabulary, "context": model.context, "counts": model.word_counts},
        **{"embedding": model.embedding, "layers": [tuple(layer) for layer in model.layers]},
        **{"decoder_weight": model.decoder_weight, "decoder_bias": model.decoder_bias},
    }


def onnx_files(folder):
    """A model of one LSTM node; protobuf has no checksum."""
    if find_spec("onnx") is None:
        return []
    from onnx import TensorProto, helper, numpy_helper

    rng, shapes = np.random.default_rng(0), {"W": (1, 16, 3), "R": (1, 16, 4), "B": (1, 32), "P": (1, 12)}
    stored = [numpy_helper.from_array(rng.uniform(-1, 1, shape).astype("f4"), name) for name, shape in shapes.items()]
    inputs, settings = ["x", "W", "R", "B", "", "h", "", "P"], {"direction": "reverse", "clip": 0.5}
    node = helper.make_node("LSTM", inputs, ["y"], name="lstm", hidden_size=4, **settings)
    given, made = (
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names] for names in ("xh", "y")
    )
    graph = helper.make_graph([node], "g", given, made, stored)
    data = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8).SerializeToString()
    return [Loader("ONNX", "model.onnx", data, _lstms, ModelFileError, range(len(data)), strict=False)]


def keras_files(folder):
    """A model of one layer."""
    if find_spec("keras") is None:
        return []
    import keras

    model = keras.Sequential([keras.Input((None, 3)), keras.layers.LSTM(4)])
    model.save(folder / "model.keras")
    data = (folder / "model.keras").read_bytes()
    return [Loader("Keras", "model.keras", data, _lstms, ModelFileError, strict=False)]


def _lstms(path):
    return [
        (str(found), {name: np.array(array) for name, array in found.tensors.items()}) for found in find_lstms(path)
    ]


def vector_files(folder):
    """Test vectors."""
    made = []
    for path in write_vectors(folder / "vectors"):
        if path.suffix in (".npz", ".safetensors"):
            name, data = f"vectors, {path.suffix}", path.read_bytes()
            made.append(Loader(name, path.name, data, _fields, VectorsError, named=frozenset({"test vectors"})))
    if len(made) > 1:
        made[1] = replace(made[1], payload=_after_header(made[1].data), strict=False)
    return made


def _fields(path):
    return {
        f"{case} {key}": [tuple(x) for x in value] if key == "layers" else value
        for case, v in read_cases(path).items()
        for key, value in vars(v).items()
    }


def _after_header(data):
    """The bytes of a .safetensors file that hold numbers."""
    return range(8 + int.from_bytes(data[:8], "little"), len(data))


def text_files(folder):
    """Vocabularies and stimuli. All of a text is payload."""
    text, gold = folder / "linzen.text", folder / "linzen.gold"
    text.write_text(LINZEN[0])
    gold.write_text(LINZEN[1])

    readers = [
        ("vocabulary", "vocabulary.txt", VOCABULARY, read_vocabulary, ModelFileError),
        ("NA-task", "simple.txt", NA_TASK, read_na_task, StimulusError),
        ("stimuli of one's own", "mine.tsv", ITEMS, read_items, StimulusError),
        ("Linzen, text", "linzen.text", LINZEN[0], lambda path: read_linzen(path, gold), StimulusError),
        ("Linzen, gold", "linzen.gold", LINZEN[1], lambda path: read_linzen(text, path), StimulusError),
        ("depth data", "depth.txt", DEPTH, read_depth, StimulusError),
    ]
    pair = frozenset({"linzen.text", "linzen.gold"})  # where they disagree, either may be named
    return [
        Loader(name, filename, data.encode(), reader, error, range(len(data.encode())), named=pair)
        for name, filename, data, reader, error in readers
    ]


GROUPS = (torch_files, model_files, onnx_files, keras_files, vector_files, text_files)
