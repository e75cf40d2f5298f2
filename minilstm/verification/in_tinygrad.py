"""tinygrad's `nn.LSTMCell`, a single word; the words are read in a loop of ours.

Forward only: the graph of all words, whose gradients it would take, takes longer to compile than all else here.
"""

from functools import partial

import numpy as np

from .cases import in_calls


def make_tinygrad(case, dtype, device):
    """One cell a layer, with the tensors of `case`."""
    from tinygrad import Tensor, nn

    cells = []
    for k in range(case.layers):
        tensors = case.of_layer(k)
        cells.append(nn.LSTMCell(tensors["weight_ih"].shape[1], tensors["weight_hh"].shape[1]))
        for name, array in tensors.items():
            setattr(cells[-1], name, Tensor(np.array(array, dtype)))
    return cells


def call_tinygrad(cells, case, parts):
    """What the cells make of `case`."""
    from tinygrad import Tensor

    def read(cell, x, h, C):
        states = [(h[0], C[0])]
        for word in x:
            states.append(cell(word, states[-1]))
            Tensor.realize(*states[-1])  # one word after another, by the same kernels
        hs, Cs = zip(*states[1:], strict=True)
        return Tensor.stack(*hs), *(
            Tensor.stack(*(a[t][row] for row, t in enumerate(case.ends(len(hs)))))[None] for a in (hs, Cs)
        )

    run = in_calls(parts, lambda _: [partial(read, cell) for cell in cells], lambda tensors: Tensor.cat(*tensors))
    results = run({name: Tensor(array) for name, array in case.read.items()})
    return {name: tensor.numpy() for name, tensor in results.items()}
