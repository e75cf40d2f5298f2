"""Frameworks whose LSTM is a single step: Equinox, Haiku, tinygrad. The words are read in a loop of ours."""

import numpy as np

from ..io.conventions import reorder


def of_cells(make_step):
    """An adapter's `make` and `call` from `make_step(tensors, layer)`, which returns (x, h, C) -> (h, C) of arrays."""

    def make(case, dtype, device):
        layers = range(len(case.h_0))
        return [
            make_step({name[:-3]: a for name, a in case.tensors.items() if name.endswith(f"_l{k}")}) for k in layers
        ]

    def call(steps, case, parts):
        lengths = np.full(case.x.shape[1], len(case.x)) if case.lengths is None else case.lengths
        x, h_n, C_n, last = case.x, [], [], (lengths - 1, np.arange(len(lengths)))
        for k, step in enumerate(steps):
            h, C, hs, Cs = case.h_0[k], case.C_0[k], [], []
            for x_t in x:  # a loop of words is handed the state on between calls in any case
                h, C = (np.asarray(a, np.float32) for a in step(x_t, h, C))
                hs.append(h)
                Cs.append(C)
            x, Cs = np.stack(hs), np.stack(Cs)
            h_n.append(x[last])
            C_n.append(Cs[last])
        return {"output": x, "h_n": np.stack(h_n), "C_n": np.stack(C_n)}

    return make, call


def equinox_step(tensors):
    """`equinox.nn.LSTMCell`: one bias; it knows no batch."""
    import equinox
    import jax

    H, D = tensors["weight_hh"].shape[1], tensors["weight_ih"].shape[1]
    cell = equinox.nn.LSTMCell(D, H, key=jax.random.key(0))
    weights = tensors["weight_ih"], tensors["weight_hh"], tensors["bias_ih"] + tensors["bias_hh"]
    cell = equinox.tree_at(lambda c: (c.weight_ih, c.weight_hh, c.bias), cell, tuple(map(jax.numpy.asarray, weights)))
    return lambda x, h, C: jax.vmap(cell)(x, (h, C))


def haiku_step(tensors):
    """`haiku.LSTM`: one kernel over [x; h], blocks i g f o, and 1 added to the forget gate."""
    import haiku
    import jax

    kernel = np.concatenate([tensors["kernel"], tensors["recurrent_kernel"]])
    w, b = (reorder(array, "igfo", axis=-1, inverse=True) for array in (kernel, tensors["bias"]))
    H = len(b) // 4
    b = b - np.repeat(np.float32([0, 0, 1, 0]), H)
    cell = haiku.without_apply_rng(haiku.transform(lambda x, state: haiku.LSTM(H)(x, state)))
    parameters = {"lstm/linear": {"w": jax.numpy.asarray(w), "b": jax.numpy.asarray(b)}}
    return lambda x, h, C: cell.apply(parameters, x, haiku.LSTMState(h, C))[1]


def tinygrad_step(tensors):
    """`tinygrad.nn.LSTMCell`: as PyTorch's."""
    from tinygrad import Tensor, nn

    cell = nn.LSTMCell(tensors["weight_ih"].shape[1], tensors["weight_hh"].shape[1])
    for name, array in tensors.items():
        setattr(cell, name, Tensor(np.ascontiguousarray(array)))
    return lambda x, h, C: [a.numpy() for a in cell(Tensor(np.ascontiguousarray(x)), (Tensor(h), Tensor(C)))]
