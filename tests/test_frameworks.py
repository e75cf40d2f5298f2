"""The conventions and the verifier against the real PyTorch, onnxruntime and Keras (on its torch backend)."""

import os

import numpy as np
import pytest
from conftest import need

from minilstm import lstm, verify, verify_module
from minilstm.errors import VectorsError
from minilstm.io.conventions import layers_from, layers_to, to_array
from minilstm.verification.vectors import make_vectors

os.environ.setdefault("KERAS_BACKEND", "torch")
STEPS, BATCH, D, H = 9, 3, 4, 6
# Keras's own way from torch to NumPy 2
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning:keras")


def network(seed=0, layers=2):
    """Layers with random weights and biases, all different, an input and a state, in float32."""
    rng = np.random.default_rng(seed)
    sizes = [D] + [H] * layers
    stack = tuple(
        lstm.Layer(*(rng.uniform(-1, 1, shape).astype("f4") for shape in ((4 * H, size), (4 * H, H), (4 * H,))))
        for size in sizes[:-1]
    )
    x = rng.standard_normal((STEPS, BATCH, D)).astype("f4")
    return x, stack, lstm.State(*rng.uniform(-1, 1, (2, layers, BATCH, H)).astype("f4"))


def agree(got, trace):
    """`got`: the last layer's h at all steps, and h and C of all layers after the last."""
    for one, other in zip(got, (trace.h[-1], trace.state.h, trace.state.C), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


# ---- programs in the frameworks: (x, tensors by our names, h_0, C_0) -> output, h_n, C_n


def in_pytorch(x, tensors, h_0, C_0, lengths=None):
    torch = need("torch")
    layers, H = len(h_0), h_0.shape[-1]
    module = torch.nn.LSTM(x.shape[-1], H, layers)
    module.load_state_dict({name: torch.from_numpy(array) for name, array in tensors.items()})
    x, h_0, C_0 = (torch.from_numpy(np.ascontiguousarray(array)) for array in (x, h_0, C_0))
    if lengths is not None:
        x = torch.nn.utils.rnn.pack_padded_sequence(x, torch.from_numpy(lengths), enforce_sorted=False)
    output, (h_n, C_n) = module(x, (h_0, C_0))
    if lengths is not None:
        output, _ = torch.nn.utils.rnn.pad_packed_sequence(output)
    return tuple(tensor.detach().numpy() for tensor in (output, h_n, C_n))


def in_onnx(x, tensors, h_0, C_0, lengths=None, **attributes):
    onnx, runtime = need("onnx"), need("onnxruntime")
    from onnx.helper import make_graph, make_model, make_node, make_opsetid, make_tensor_value_info
    from onnx.numpy_helper import from_array

    nodes, given, results = [], {"x": x}, []
    for k in range(len(h_0)):
        given |= {f"h{k}": h_0[k : k + 1], f"C{k}": C_0[k : k + 1]}
        names = [f"squeezed{k - 1}" if k else "x", f"W_l{k}", f"R_l{k}", f"B_l{k}", "", f"h{k}", f"C{k}"]
        if lengths is not None:
            names[4] = "lengths"
        nodes.append(make_node("LSTM", names, [f"y{k}", f"y_h{k}", f"y_c{k}"], hidden_size=h_0.shape[-1], **attributes))
        nodes.append(make_node("Squeeze", [f"y{k}", "direction"], [f"squeezed{k}"]))
        results += [f"y_h{k}", f"y_c{k}"]
    if lengths is not None:
        given["lengths"] = lengths.astype(np.int32)
    to_kind = onnx.helper.np_dtype_to_tensor_dtype
    outputs = [f"squeezed{len(h_0) - 1}", *results]
    graph = make_graph(
        nodes,
        "lstm",
        [make_tensor_value_info(name, to_kind(array.dtype), array.shape) for name, array in given.items()],
        [make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in outputs],
        [from_array(array, name) for name, array in tensors.items()] + [from_array(np.array([1]), "direction")],
    )
    model = make_model(graph, opset_imports=[make_opsetid("", 14)], ir_version=8)
    session = runtime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    output, *states = session.run(outputs, given)
    return output, np.concatenate(states[::2]), np.concatenate(states[1::2])


def in_keras(x, tensors, h_0, C_0, **options):
    keras = need("keras")
    values, states = np.swapaxes(x, 0, 1), []  # batch first
    for k in range(len(h_0)):
        layer = keras.layers.LSTM(h_0.shape[-1], return_sequences=True, return_state=True, **options)
        layer.build(values.shape)
        layer.set_weights([tensors[f"{name}_l{k}"] for name in ("kernel", "recurrent_kernel", "bias")])
        values, *state = layer(values, initial_state=[keras.ops.convert_to_tensor(a[k]) for a in (h_0, C_0)])
        states.append([keras.ops.convert_to_numpy(a) for a in state])
    h_n, C_n = map(np.stack, zip(*states, strict=True))
    return keras.ops.convert_to_numpy(values).swapaxes(0, 1), h_n, C_n


PROGRAMS = {"pytorch": in_pytorch, "onnx": in_onnx, "keras": in_keras}


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("convention", PROGRAMS)
def test_our_layers_in_a_framework(convention, layers):
    x, stack, state = network(layers=layers)
    agree(PROGRAMS[convention](x, layers_to(stack, convention), *state), lstm.run(x, stack, state))


@pytest.mark.parametrize("convention", PROGRAMS)
def test_a_frameworks_tensors_in_ours(convention):
    x, stack, state = network()
    rng = np.random.default_rng(1)
    drawn = {k: rng.uniform(-1, 1, a.shape).astype("f4") for k, a in layers_to(stack, convention, prefix="a.").items()}
    theirs = {k.removeprefix("a."): a for k, a in drawn.items()}
    agree(PROGRAMS[convention](x, theirs, *state), lstm.run(x, layers_from(drawn, convention, prefix="a."), state))


def test_tensors_as_frameworks_keep_them():
    torch, keras = need("torch"), need("keras")
    x, _, state = network()
    module = torch.nn.LSTM(D, H, 2)
    output, (h_n, C_n) = module(torch.from_numpy(x), tuple(map(torch.from_numpy, state)))
    for tensors in (module.state_dict(), dict(module.named_parameters())):  # the latter require gradients
        trace = lstm.run(x, layers_from(tensors), state)
        agree([a.detach().numpy() for a in (output, h_n, C_n)], trace)
    layer = keras.layers.LSTM(H, bias_initializer="random_normal", return_sequences=True, return_state=True)
    values = layer(x.swapaxes(0, 1), initial_state=[keras.ops.convert_to_tensor(a[0]) for a in state])
    output, h_n, C_n = map(keras.ops.convert_to_numpy, values)
    for weights in (layer.get_weights(), layer.weights):
        tensors = dict(zip(("kernel_l0", "recurrent_kernel_l0", "bias_l0"), weights, strict=True))
        trace = lstm.run(x, layers_from(tensors, "keras"), lstm.State(*(a[:1] for a in state)))
        agree([output.swapaxes(0, 1), h_n[None], C_n[None]], trace)


def test_half_precision_tensors_are_summed_in_float32():
    torch = need("torch")
    module = torch.nn.LSTM(D, H).to(torch.bfloat16)
    (layer,) = layers_from(module.state_dict())
    b_ih, b_hh = (p.detach().float().numpy() for p in (module.bias_ih_l0, module.bias_hh_l0))
    assert layer.W.dtype == np.float32
    np.testing.assert_array_equal(layer.b, b_ih + b_hh)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda nn: nn.GRU(D, H), "weight_hh_l0: .*a GRU has 3"),
        (lambda nn: nn.RNN(D, H), "weight_hh_l0: .*a plain RNN"),
        (lambda nn: nn.LSTM(D, H, bidirectional=True), "_reverse: a bidirectional LSTM"),
        (lambda nn: nn.LSTM(D, H, proj_size=2), "weight_hr_l0: an LSTM with a projection"),
        (lambda nn: nn.Linear(D, H), "no tensor 'weight_ih_l0'; there are bias, weight"),
    ],
)
def test_modules_that_are_no_plain_lstm(make, told):
    with pytest.raises(ValueError, match=told):
        layers_from(make(need("torch").nn).state_dict())


def test_a_module_without_biases():
    torch = need("torch")
    x, _, state = network()
    module = torch.nn.LSTM(D, H, 2, bias=False)
    output, (h_n, C_n) = module(torch.from_numpy(x), tuple(map(torch.from_numpy, state)))
    agree([a.detach().numpy() for a in (output, h_n, C_n)], lstm.run(x, layers_from(module.state_dict()), state))


# ---- the verifier on programs in the real frameworks


def verdict(convention, spoil=lambda d: d, **options):
    d = make_vectors(convention)
    used = spoil(dict(d))
    tensors = {name: array for name, array in used.items() if name[-3:-1] == "_l" and not name.startswith("wide.")}
    options = {"lengths": used["lengths"]} | options if convention != "keras" else options
    results = PROGRAMS[convention](used["x"], tensors, used["h_0"], used["C_0"], **options)
    names = ("output",) if convention == "keras" else ("output", "h_n", "C_n")
    return verify(d, dict(zip(names, results, strict=False)))


@pytest.mark.parametrize("convention", PROGRAMS)
def test_the_frameworks_follow_the_equations(convention):
    found = verdict(convention)
    assert found.ok, found


def test_what_frameworks_do_otherwise_is_named():
    hard = "hard sigmoid of Keras 3 and PyTorch, relu6(z + 3) / 6"
    assert verdict("keras", recurrent_activation="hard_sigmoid").diagnosis == (hard,)
    hard = "hard sigmoid of Keras 2 and ONNX, 0.2 z + 0.5 within 0 and 1"
    assert verdict("onnx", activations=["HardSigmoid", "Tanh", "Tanh"]).diagnosis == (hard,)
    assert verdict("pytorch", lengths=None).diagnosis == ("right padding read, final states behind it",)


def test_weights_in_the_wrong_framework_are_named():
    def as_onnx(d):  # PyTorch's blocks in an ONNX graph, the order unchanged
        for k in (0, 1):
            d |= {f"W_l{k}": d.pop(f"weight_ih_l{k}")[None], f"R_l{k}": d.pop(f"weight_hh_l{k}")[None]}
            d[f"B_l{k}"] = np.concatenate([d.pop(f"bias_ih_l{k}"), d.pop(f"bias_hh_l{k}")])[None]
        return d

    d = make_vectors("pytorch")
    used = as_onnx(dict(d))
    tensors = {name: array for name, array in used.items() if name[-3:-1] == "_l" and not name.startswith("wide.")}
    results = in_onnx(d["x"], tensors, d["h_0"], d["C_0"], d["lengths"])
    assert verify(d, dict(zip(("output", "h_n", "C_n"), results, strict=True))).diagnosis == ("gate order i o f g",)


def test_tensors_of_jax_in_bfloat16():
    jax, vectors = need("jax"), make_vectors()
    tensor = jax.numpy.asarray(vectors["loss_output"], "bfloat16")
    np.testing.assert_array_equal(to_array(tensor), vectors["loss_output"])
    assert to_array(tensor).dtype == np.float32


def with_weights_times(times, seed=0, sizes=(20, 30)):
    torch = need("torch")
    torch.manual_seed(seed)
    module = torch.nn.LSTM(*sizes)
    with torch.no_grad():
        for weight in module.parameters():
            weight.mul_(times)
    return module


@pytest.mark.parametrize("times", [20, 50])
def test_rounding_that_grows_accuses_nobody(times):
    """With large weights errors grow from word to word; 50 times these were taken for a clipped z."""
    for seed in range(3):
        module = with_weights_times(times, seed)
        verdict = verify_module(module)
        assert verdict, verdict
        assert ("Rounding grows in this LSTM: in float32, " in str(verdict)) == (verdict.errors["output"].atol > 1e-5)
        assert verify_module(module.double()).errors["output"].atol < 1e-8


def test_where_rounding_grows_to_anything_nothing_is_said():
    """All outputs would pass."""
    module = with_weights_times(100, seed=1, sizes=(10, 64, 2))
    with pytest.raises(
        VectorsError, match="in float32, rounding alone may change what this LSTM returns by .* float64"
    ):
        verify_module(module)
    assert verify_module(module.double())
