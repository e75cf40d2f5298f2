"""Read PyTorch files without PyTorch, running nothing that is in them.

>>> file = read_torch("model.pt")                                     # doctest: +SKIP
>>> file.tensors["rnn.weight_hh_l0"].shape, file.attributes["nhid"]   # doctest: +SKIP
((2600, 650), 650)

In reading order: `pickles.py` (a pickle reader that cannot run anything), `stubs.py` (the names it allows),
`layouts.py` (the two layouts of files), `modules.py` (from objects to named tensors), `checkpoint.py` (is it
a language model?), `vocabulary.py`.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...errors import ModelFileError
from .checkpoint import Checkpoint, check_language_model
from .layouts import map_file, read_layout
from .modules import arrays, flatten
from .pickles import Budget
from .stubs import allow_list
from .vocabulary import read_vocabulary

__all__ = ["Checkpoint", "TorchFile", "import_checkpoint", "read_torch", "read_vocabulary"]


@dataclass(frozen=True)
class TorchFile:
    """What a PyTorch file holds.

    Attributes
    ----------
    tensors : dict of str to ndarray
        By the names of a state dict: `encoder.weight`, `rnn.weight_ih_l0`, ... The arrays are read-only views
        of the file, which must not be rewritten in place while they are used, and possibly unaligned
        (`np.require(a, requirements="A")` copies where needed). bfloat16 becomes float32.
    attributes : dict of str to (None, bool, int, float or str)
        Plain attributes of the module and, after its path and a dot, of its parts: `rnn_type`, `nhid`,
        `training`, `rnn.bidirectional`. For a state dict in another dictionary, the plain values beside it.
    classes : dict of str to str
        From a module's path ("" is the whole) to the name of its class; empty for a state dict.
    layout : {"legacy", "zip"}
    tied : tuple of tuple of str
        Names that are one and the same array, in groups.
    """

    tensors: dict[str, np.ndarray]
    attributes: dict[str, object]
    classes: dict[str, str]
    layout: str
    tied: tuple[tuple[str, ...], ...]


def read_torch(path, classes=()):
    """Read a file that `torch.save` wrote (PyTorch 0.2 to 2.x): a state dict or a whole module.

    Parameters
    ----------
    path : str or Path
    classes : iterable of str
        Full names of further module classes that the file may contain, such as "my_package.my_file.MyModel".
        They are not imported: whatever a name stands for, only the attributes in the file are read.

    Returns
    -------
    TorchFile

    Raises
    ------
    ModelFileError
        Names the file and what was expected. Zip files carry checksums, so damage to what is read is always
        found; legacy files have none, so a damaged weight in one of them cannot be told from another weight.
    """
    try:
        mapped = map_file(path)
        budget = Budget(len(mapped))
        layout, pickled, storages = read_layout(mapped, allow_list(classes), budget)
        tensors, attributes, names = flatten(pickled, budget)
        made, tied = arrays(tensors, storages)
    except ModelFileError as error:
        raise ModelFileError(f"{path}: {error}") from None
    return TorchFile(made, attributes, names, layout, tied)


def import_checkpoint(path, vocab_path, context=None, classes=()):
    """Read an LSTM language model from a PyTorch file and the vocabulary from a text file.

    Parameters
    ----------
    path, vocab_path : str or Path
        The file that `torch.save` wrote; one word a line, line number = index.
    context : sequence of str, optional
        Words to be read before each sentence; every one must be in the vocabulary.
    classes : iterable of str
        As in `read_torch`.

    Returns
    -------
    Checkpoint
        Tensors by PyTorch's names, vocabulary, context, and a report of what was found.

    Raises
    ------
    ModelFileError
        Not an LSTM language model (GRU, plain RNN, bidirectional, projections, missing or misshapen tensors),
        or the vocabulary does not have as many words as the decoder has rows.
    """
    file = read_torch(path, classes)
    vocabulary = read_vocabulary(vocab_path)
    try:
        return check_language_model(file, vocabulary, Path(vocab_path).name, context)
    except ModelFileError as error:
        raise ModelFileError(f"{path}: {error}") from None
