"""tinygrad's `nn.LSTMCell`, a single word; the words are read in a loop of ours.

Forward only: the graph of all words, whose gradients it would take, takes longer to compile than all else here.
"""

from .cases import in_calls


def call_tinygrad(made, case, parts):
    """Run a stack of `tinygrad.nn.LSTMCell` on `case`."""
    from tinygrad import Tensor, nn

    dtype, _ = made

    def read(weights, x, h, C):
        cell, states = nn.LSTMCell(x.shape[2], h.shape[2]), [(h[0], C[0])]
        for name, tensor in weights.items():
            setattr(cell, name, tensor)
        for word in x:
            states.append(cell(word, states[-1]))
            Tensor.realize(*states[-1])  # one word after another, by the same kernels
        hs, Cs = zip(*states[1:], strict=True)
        return Tensor.stack(*hs), *(
            Tensor.stack(*(a[t][row] for row, t in enumerate(case.ends(len(hs)))))[None] for a in (hs, Cs)
        )

    run = in_calls(parts, case.each_layer(read), lambda tensors: Tensor.cat(*tensors))
    results = run({name: Tensor(array.astype(dtype)) for name, array in (case.read | case.tensors).items()})
    return {name: tensor.numpy() for name, tensor in results.items()}
