"""Models by name: those that are bundled, those in files, and the snapshots of a training.

`minilstm train --snapshots` keeps whole models. Those of a large vocabulary would be large: `weights/train_english.py`
keeps the LSTM, and of the embedding and the decoder the rows of some words. That is all that agreement needs, because
the difference of two logits does not depend on other words.
"""

import hashlib
from pathlib import Path

import numpy as np

from . import planted
from .errors import ModelFileError
from .io import checkpoints
from .io.importing import import_model
from .io.npz import open_npz
from .io.recognise import kind_of
from .language_model import LanguageModel
from .lstm import Layer

PACKAGE = Path(__file__).parent
WEIGHTS = (PACKAGE / "weights", PACKAGE.parent / "weights")  # a wheel, a checkout


def load(name_or_path: str | Path, dtype: str = "float32") -> LanguageModel:
    """Load a bundled model by its name, or one from a file.

    Parameters
    ----------
    name_or_path : str or Path
        A name such as "mini" or "planted" (see `names`), or the path of a file, whatever its name: an .npz or
        .safetensors model file, or a PyTorch file that holds its vocabulary.
    dtype : {"float32", "float64"}
        The precision to compute in, whatever the file holds.

    Returns
    -------
    LanguageModel

    Raises
    ------
    ModelFileError
        If there is no such model, or anything in the file is not as it should be.

    See Also
    --------
    minilstm.LanguageModel.from_state_dict : A model from the tensors of a framework.
    minilstm.LanguageModel.save : Write one to a file.

    Examples
    --------
    >>> model = load("planted")
    >>> model.sizes, model.vocabulary[:3]
    ((64, 64), ('<unk>', '<eos>', '.'))
    """
    known, path = names(), Path(name_or_path)
    if str(name_or_path) == "planted":
        checkpoints.check_precision(dtype)
        return planted.build(dtype)
    if str(name_or_path) in known:
        path = known[str(name_or_path)]
    elif str(name_or_path) and path.is_dir():  # Path("") is the folder that one is in
        raise ModelFileError(
            f"{name_or_path}: a folder; expected a model file (`minilstm emergence` takes folders, of snapshots)"
        )
    elif not path.is_file():
        raise ModelFileError(f"{name_or_path}: no such file; the bundled models are {', '.join(known)}")
    if kind_of(path) == "torch":
        imported = import_model(path, dtype=dtype)
        return model_of(path, imported.header, imported.arrays)
    return model_of(path, *checkpoints.read(path, dtype))


def model_of(path, header, arrays):
    """The model that a file's header and arrays make up (see `io/checkpoints.py`)."""
    layers = (Layer(*(arrays[f"{part}{k}"] for part in "WUb")) for k in range(len(header["sizes"]["layers"])))
    try:
        return LanguageModel(
            tuple(header["vocabulary"]),
            arrays["embedding"],
            tuple(layers),
            arrays["decoder_weight"],
            arrays["decoder_bias"],
            tuple(header["context"]),
            arrays.get("word_counts"),
            header["provenance"],
        )
    except ModelFileError as error:
        raise ModelFileError(f"{path}: {error}") from None


def names():
    """The bundled models: {name: path}.

    "mini" is the one of them that `mini.txt` names; "planted" is in no file of weights but in the code that builds it.
    """
    folder = next((folder for folder in WEIGHTS if folder.is_dir()), WEIGHTS[0])
    paths = {path.stem: path for path in sorted(folder.glob("*.npz"))}
    paths["planted"] = Path(planted.__file__)
    chosen = folder / "mini.txt"
    return {"mini": paths[chosen.read_text().strip()], **paths} if chosen.is_file() else paths


def digest(model):
    """SHA-256 of a model's weights in float32, whatever file they came from: what a result is a result of."""
    layers = (array for layer in model.layers for array in layer)
    hasher = hashlib.sha256()
    for array in (model.embedding, *layers, model.decoder_weight, model.decoder_bias):
        hasher.update(np.ascontiguousarray(array, "<f4"))
    return hasher.hexdigest()


def describe(model):
    """Summary of a model: {property: value}, anything that JSON can hold."""
    counts = model.word_counts
    about = {key: value for key, value in model.provenance.items() if key != "held_out_pairs"}
    return {
        "layers": list(model.sizes),
        "embedding": model.embedding.shape[1],
        "vocabulary": len(model.vocabulary),
        "parameters": model.embedding.size
        + model.decoder_weight.size
        + model.decoder_bias.size
        + sum(array.size for layer in model.layers for array in layer),
        "gate order in memory": "i f g o",
        "words of training text": None if counts is None else int(counts.sum()),
        "context": " ".join(model.context),
        "held-out (subject noun, verb) pairs": len(model.provenance.get("held_out_pairs", [])),
        "sha256 of the weights": digest(model),
        **about,
    }


def read_partial(path, vocabulary, context=(), dtype="float32"):
    """A model of those words whose rows a snapshot holds.

    Its logits, states and margins are those of the whole model. Its probabilities are not: they are shared among fewer
    words.

    Parameters
    ----------
    path : str or Path
        An .npz of PyTorch's tensors by their names, in any precision, with only some rows of `encoder.weight`,
        `decoder.weight` and `decoder.bias`; `rows`, which words these are, counted from 0 in the vocabulary; and
        `tokens`, how many words training had read.
    vocabulary : sequence of str
        All words of the whole model.
    context : sequence of str
        What is read before each sentence; its words must be among the rows.

    Returns
    -------
    LanguageModel
        `provenance["words_read"]` holds `tokens`.

    Raises
    ------
    ModelFileError
        Naming the file, if something is missing or does not fit.
    """
    with open_npz(path) as file:
        for name, dimensions in (("rows", 1), ("tokens", 0)):
            shape, kind = file.declared.get(name, ((), None))
            if kind is None or kind.kind not in "iu" or len(shape) != dimensions:
                raise ModelFileError(f"{name}: expected whole numbers in {dimensions} dimensions; is this a snapshot?")
        if "decoder.bias" not in file.declared:  # where the names are ours, it is lost and not left out
            raise ModelFileError("no tensor 'decoder.bias'")
        arrays = {name: file.read(name) for name in file.declared}
        rows, tokens = arrays.pop("rows"), int(arrays.pop("tokens"))
        if rows.min(initial=0) < 0 or rows.max(initial=0) >= len(vocabulary):
            raise ModelFileError(f"rows: up to {rows.max()}, but the vocabulary has {len(vocabulary)} words")
        words = [vocabulary[row] for row in rows]
        provenance = {"words_read": tokens}
        return LanguageModel.from_state_dict(arrays, words, context=context, provenance=provenance, dtype=dtype)


def tokens_seen(model):
    """Number of tokens seen in training, repetitions counted, as the model's file says.

    Raises
    ------
    ModelFileError
        If it says nothing of it.
    """
    about = model.provenance
    try:
        if "words_read" in about:
            return about["words_read"]
        return about["updates"] * about["recipe"]["batch"] * about["recipe"]["steps"]
    except (KeyError, TypeError):
        raise ModelFileError("the file does not say how many words were read in training") from None


def series(paths, vocabulary=None, context=(), dtype="float32"):
    """The models of one training in the order in which they came, whatever their files are called.

    Parameters
    ----------
    paths : sequence of Path
        Files, or folders with .npz files in them.
    vocabulary, context : sequences of str, optional
        With a vocabulary, the files are read by `read_partial`.

    Returns
    -------
    list of LanguageModel
        By tokens seen; of two with equally many, only the first is kept.
    """
    files = []
    for path in map(Path, paths):
        if not path.exists() and str(path) not in names():
            raise ModelFileError(f"{path}: no such folder or file; expected snapshots of a training")
        inside = sorted(path.glob("*.npz")) if path.is_dir() else [path]
        if not inside:
            raise ModelFileError(f"{path}: no .npz files in this folder; expected snapshots of a training")
        files += inside
    by_tokens = {}
    for file in files:
        model = load(file, dtype) if vocabulary is None else read_partial(file, vocabulary, context, dtype)
        try:
            by_tokens.setdefault(tokens_seen(model), model)
        except ModelFileError as error:
            raise ModelFileError(f"{file}: {error}") from None
    return [by_tokens[words] for words in sorted(by_tokens)]
