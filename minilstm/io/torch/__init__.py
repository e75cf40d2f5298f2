"""Read PyTorch files without PyTorch, running nothing that is in them.

>>> file = read_torch("model.pt")                                     # doctest: +SKIP
>>> file.tensors["rnn.weight_hh_l0"].shape, file.attributes["nhid"]   # doctest: +SKIP
((2600, 650), 650)

In reading order: `pickles.py` (a pickle reader that cannot run anything), `inert.py` (what most names stand for),
`stubs.py` (the names that describe tensors), `layouts.py` (the two layouts of files), `modules.py` (from objects to
named tensors).
"""

from dataclasses import dataclass

import numpy as np

from ...errors import ModelFileError
from ...records import short_repr
from .inert import Budget
from .layouts import map_file, read_layout
from .modules import arrays, flatten, vocabularies
from .stubs import allow_list

__all__ = ["TorchFile", "read_torch"]


@short_repr
@dataclass(frozen=True)
class TorchFile:
    """Contents of a PyTorch file.

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
    vocabularies : dict of str to list or dict
        Lists of words and indices of words beside the weights, by where they are.
    """

    tensors: dict[str, np.ndarray]
    attributes: dict[str, object]
    classes: dict[str, str]
    layout: str
    tied: tuple[tuple[str, ...], ...]
    vocabularies: dict[str, object]


def read_torch(path):
    """Read a file that `torch.save` wrote (PyTorch 0.2 to 2.x): a state dict or a whole module.

    What lies beside the weights (an optimiser, a scheduler, options, arrays of NumPy's, classes of the trainer's own)
    is passed over and cannot run; a file is refused only if a weight depends on something that is not known.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    TorchFile

    Raises
    ------
    ModelFileError
        Names the file and what was expected. Zip files carry checksums, unless they were written without, so damage
        to what is read is always found; legacy files have none, so a damaged weight in one of them cannot be told
        from another weight.
    """
    try:
        mapped = map_file(path)
        budget = Budget(len(mapped))
        layout, pickled, storages = read_layout(mapped, allow_list(), budget)
        tensors, attributes, names = flatten(pickled, budget)
        made, tied = arrays(tensors, storages)
        words = vocabularies(pickled, budget)
    except ModelFileError as error:
        raise ModelFileError(f"{path}: {error}") from None
    return TorchFile(made, attributes, names, layout, tied, words)
