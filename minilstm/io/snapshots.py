"""One training, seen at several moments: which file is which moment, and snapshots that hold some words only.

`minilstm train --snapshots` keeps whole models. Those of a large vocabulary would be large: `weights/train_english.py`
keeps the LSTM, and of the embedding and the decoder the rows of some words. That is all that agreement needs, because
the difference of two logits does not depend on other words.
"""

from pathlib import Path

from ..errors import ModelFileError
from ..language_model import LanguageModel
from .checkpoints import read
from .npz import open_npz


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
        arrays = {name: file.read(name) for name in file.declared}
        rows, tokens = arrays.pop("rows"), int(arrays.pop("tokens"))
        if rows.min(initial=0) < 0 or rows.max(initial=0) >= len(vocabulary):
            raise ModelFileError(f"rows: up to {rows.max()}, but the vocabulary has {len(vocabulary)} words")
        words = [vocabulary[row] for row in rows]
        provenance = {"words_read": tokens}
        return LanguageModel.from_state_dict(arrays, words, context=context, provenance=provenance, dtype=dtype)


def words_read(model):
    """How many words training had read, repetitions counted, as the model's file says.

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
        By words read; of two with equally many, only the first is kept.
    """
    files = [file for path in map(Path, paths) for file in (sorted(path.glob("*.npz")) if path.is_dir() else [path])]
    if not files:
        raise ModelFileError(f"{', '.join(map(str, paths))}: no .npz files there")
    found = {}
    for file in files:
        model = read(file, dtype) if vocabulary is None else read_partial(file, vocabulary, context, dtype)
        try:
            found.setdefault(words_read(model), model)
        except ModelFileError as error:
            raise ModelFileError(f"{file}: {error}") from None
    return [found[words] for words in sorted(found)]
