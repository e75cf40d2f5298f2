"""The LSTMs of Flax, Equinox and Haiku, which are functions of their weights: JAX differentiates all three alike.

A reader is made from the tensors of one layer and the case: read(x, h, C) returns h at all steps, and h and C after
each sequence's own last word.
"""

import numpy as np

from .cases import in_calls


def call_jax(made, case, parts, reader):
    """Run the layers of a `reader` on `case`."""
    import jax

    dtype, device = made

    def layers(given):
        return [reader(case.of_layer(k, given), case) for k in range(case.layers)]

    run = in_calls(parts, layers, jax.numpy.concatenate)

    def run_and_differentiate(given):
        results, back = jax.vjp(run, given)
        losses = {name: jax.numpy.asarray(array, dtype) for name, array in case.losses.items()}
        return results | {f"d_{name}": array for name, array in back(losses)[0].items()}

    place = jax.devices({"cuda": "gpu"}.get(device, device))[0]
    with jax.enable_x64(dtype == "float64"), jax.default_device(place):
        given = {name: jax.numpy.asarray(array, dtype) for name, array in (case.read | case.tensors).items()}
        return jax.jit(run_and_differentiate if case.losses else run)(given)


def jax_devices():
    """The devices that JAX finds here."""
    import jax

    return ("cpu", *(["cuda"] if jax.default_backend() == "gpu" else []))


def of_steps(make_step):
    """A reader from make_step(tensors), which returns (x, h, C) -> (h, C): one word."""

    def reader(tensors, case):
        import jax

        step = make_step(tensors)

        def one_word(state, x):
            state = tuple(step(x, *state))
            return state, state

        def read(x, h, C):
            _, (hs, Cs) = jax.lax.scan(one_word, (h[0], C[0]), x)
            last = np.array(case.ends(len(x))), np.arange(x.shape[1])
            return hs, hs[last][None], Cs[last][None]

        return read

    return reader


def flax_reader(cell=None):
    """A reader of a `flax.linen` cell, an OptimizedLSTMCell if none is given, by `flax.linen.RNN`."""

    def reader(tensors, case):
        import flax.linen
        import jax

        inner, H = {}, tensors["recurrent_kernel"].shape[0]
        blocks = (jax.numpy.split(tensors[kind], 4, axis=-1) for kind in ("kernel", "recurrent_kernel", "bias"))
        for gate, W, U, b in zip("ifgo", *blocks, strict=True):
            inner |= {f"i{gate}": {"kernel": W}, f"h{gate}": {"kernel": U, "bias": b}}
        dtype = tensors["kernel"].dtype
        own = cell or flax.linen.OptimizedLSTMCell(H, dtype=dtype, param_dtype=dtype)
        rnn = flax.linen.RNN(own, time_major=True, return_carry=True)

        def read(x, h, C):
            lengths = None if case.lengths is None else jax.numpy.asarray(case.lengths)
            start = C[0], h[0]
            (C, h), hs = rnn.apply({"params": {"cell": inner}}, x, initial_carry=start, seq_lengths=lengths)
            return hs, h[None], C[None]

        return read

    return reader


def equinox_step(tensors):
    """`equinox.nn.LSTMCell`: one bias; it knows no batch."""
    import equinox
    import jax

    H, D = tensors["weight_hh"].shape[1], tensors["weight_ih"].shape[1]
    cell = equinox.nn.LSTMCell(D, H, key=jax.random.key(0))
    weights = tensors["weight_ih"], tensors["weight_hh"], tensors["bias_ih"] + tensors["bias_hh"]
    cell = equinox.tree_at(lambda c: (c.weight_ih, c.weight_hh, c.bias), cell, weights)
    return lambda x, h, C: jax.vmap(cell)(x, (h, C))


def haiku_step(tensors):
    """`haiku.LSTM`: one kernel over [x; h], blocks i g f o, and 1 added to the forget gate."""
    import haiku
    import jax

    kernel = jax.numpy.concatenate([tensors["kernel"], tensors["recurrent_kernel"]])
    blocks = (jax.numpy.split(array, 4, axis=-1) for array in (kernel, tensors["bias"]))
    w, b = (
        jax.numpy.concatenate([i, g, f - one, o], axis=-1) for (i, f, g, o), one in zip(blocks, (0, 1), strict=True)
    )
    cell = haiku.without_apply_rng(haiku.transform(lambda x, state: haiku.LSTM(len(b) // 4)(x, state)))
    return lambda x, h, C: cell.apply({"lstm/linear": {"w": w, "b": b}}, x, haiku.LSTMState(h, C))[1]
