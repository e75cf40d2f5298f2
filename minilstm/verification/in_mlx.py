"""MLX's `nn.LSTM`, which returns h and C of all words, batch first, and is differentiated as a function of its weights.

Not in bfloat16, which NumPy cannot take over from it.
"""

from .cases import in_calls


def mlx_devices():
    """The devices that MLX finds here."""
    import mlx.core

    return ("cpu", *(["mps"] if mlx.core.metal.is_available() else []))


def call_mlx(made, case, parts):
    """Run a stack of `mlx.nn.LSTM` on `case`: one bias."""
    import mlx.core as mx
    from mlx.nn import LSTM

    dtype, device = getattr(mx, made[0]), mx.cpu if made[1] == "cpu" else mx.gpu

    def read(weights, x, h, C):
        layer = LSTM(x.shape[2], h.shape[2])
        layer.Wx, layer.Wh = weights["weight_ih"], weights["weight_hh"]
        layer.bias = weights["bias_ih"] + weights["bias_hh"]
        hs, Cs = (states.swapaxes(0, 1) for states in layer(x.swapaxes(0, 1), h[0], C[0]))
        last = mx.array(case.ends(len(x))), mx.arange(x.shape[1])
        return hs, hs[last][None], Cs[last][None]

    def loss(given):
        results = run(given)
        return sum((mx.array(array).astype(dtype) * results[name]).sum() for name, array in case.losses.items())

    with mx.stream(device):
        run = in_calls(parts, case.each_layer(read), mx.concatenate)
        given = {name: mx.array(array).astype(dtype) for name, array in (case.read | case.tensors).items()}
        results = run(given)
        if case.losses:
            results |= {f"d_{name}": slope for name, slope in mx.grad(loss)(given).items()}
        mx.eval(results)
    return results
