"""tinygrad's `nn.LSTMCell`, a single word; the words are read in a loop of ours."""

import numpy as np


def make_tinygrad(case, dtype, device):
    """One cell a layer, with the tensors of `case`, and the tensors by name."""
    from tinygrad import Tensor, nn

    given = {name: Tensor(np.array(array, dtype)) for name, array in case.given.items()}
    cells = []
    for k in range(case.layers):
        cells.append(nn.LSTMCell(given[f"weight_ih_l{k}"].shape[1], given[f"weight_hh_l{k}"].shape[1]))
        for name, tensor in case.of_layer(k, given).items():
            setattr(cells[-1], name, tensor)
    return cells, given


def call_tinygrad(made, case, parts):
    """What the cells make of `case`; to hand the state on between calls is what the loop does anyway."""
    from tinygrad import Tensor

    cells, given = made
    x, h_n, C_n = list(given["x"]), [], []
    for k, cell in enumerate(cells):
        h, C, hs, Cs = given["h_0"][k], given["C_0"][k], [], []
        for x_t in x:
            h, C = cell(x_t, (h, C))
            if not case.losses:
                Tensor.realize(h, C)  # one word after another, by the same kernels
            hs.append(h)
            Cs.append(C)
        for states, final in ((hs, h_n), (Cs, C_n)):
            final.append(Tensor.stack(*(states[t][row] for row, t in enumerate(case.ends(len(x))))))
        x = hs
    results = {"output": Tensor.stack(*x), "h_n": Tensor.stack(*h_n), "C_n": Tensor.stack(*C_n)}
    if case.losses:
        dtype = results["output"].dtype
        loss = sum((Tensor(a, dtype=dtype) * results[name]).sum() for name, a in case.losses.items())
        slopes = loss.gradient(*given.values())
        results |= {f"d_{name}": slope for name, slope in zip(given, slopes, strict=True)}
    return {name: tensor.numpy().astype(np.float64) for name, tensor in results.items()}
