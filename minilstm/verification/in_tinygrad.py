"""tinygrad's `nn.LSTMCell`, a single word; the words are read in a loop of ours.

Forward only: the graph of all words, whose gradients it would take, takes longer to compile than all else here.
"""

import numpy as np


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
    """What the cells make of `case`; to hand the state on between calls is what the loop does anyway."""
    from tinygrad import Tensor

    xs, h_n, C_n = [Tensor(np.array(x)) for x in case.x], [], []
    for cell, h, C in zip(cells, map(Tensor, case.h_0), map(Tensor, case.C_0), strict=True):
        hs, Cs = [], []
        for x in xs:
            h, C = cell(x, (h, C))
            Tensor.realize(h, C)  # one word after another, by the same kernels
            hs.append(h)
            Cs.append(C)
        for states, final in ((hs, h_n), (Cs, C_n)):
            final.append(Tensor.stack(*(states[t][row] for row, t in enumerate(case.ends(len(xs))))))
        xs = hs
    results = {"output": Tensor.stack(*xs), "h_n": Tensor.stack(*h_n), "C_n": Tensor.stack(*C_n)}
    return {name: tensor.numpy().astype(np.float64) for name, tensor in results.items()}
