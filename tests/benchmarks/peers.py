"""What a user would pick instead, each in its best fair form: the same weights, the same work."""

import numpy as np

from minilstm.fast import recurrence
from minilstm.io.conventions import layers_to
from minilstm.lstm import Layer


def random_layers(rng, sizes, width):
    """PyTorch's initialisation, in float32."""
    layers = []
    for H in sizes:
        shapes = (4 * H, width), (4 * H, H), (4 * H,)
        layers.append(Layer(*(rng.uniform(-(H**-0.5), H**-0.5, shape).astype("f4") for shape in shapes)))
        width = H
    return tuple(layers)


def ours_forward(layers, x, keep):
    """The same work as theirs; with `keep`, all gates and cells are kept as `LanguageModel.trace` does."""
    prepared = recurrence.prepare(layers, "f4")
    return lambda: (recurrence.run if keep else recurrence.read)(x, prepared)


def torch_forward(layers, x):
    """`nn.LSTM` without gradients: h of the last layer at every step."""
    import torch

    module = torch.nn.LSTM(x.shape[2], layers[0].U.shape[1], len(layers))
    module.load_state_dict({name: torch.from_numpy(array) for name, array in layers_to(layers, "pytorch").items()})
    x = torch.from_numpy(x)

    def forward():
        with torch.inference_mode():
            return module(x)

    return forward


def onnx_forward(layers, x, threads):
    """ONNX Runtime's LSTM, one node a layer. Its threads are fixed when the session is made."""
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    nodes, weights, below = [], [], "x"
    for name, array in layers_to(layers, "onnx").items():
        weights.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
    for k, layer in enumerate(layers):
        inputs = [below, f"W_l{k}", f"R_l{k}", f"B_l{k}"]
        nodes.append(helper.make_node("LSTM", inputs, [f"y{k}"], hidden_size=layer.U.shape[1]))
        nodes.append(helper.make_node("Squeeze", [f"y{k}", "axis"], [f"h{k}"]))
        below = f"h{k}"
    weights.append(numpy_helper.from_array(np.array([1]), "axis"))
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes, "lstm", [value("x", TensorProto.FLOAT, x.shape)], [value(below, TensorProto.FLOAT, None)], weights
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, {"x": x})


def numpy_forward(layers, x):
    """`lstm.run`: the equations as they stand."""
    from minilstm import lstm

    return lambda: lstm.run(x, layers)


def torch_training_step(parameters, words):
    """Forward, backward, clipping and Adam, with the model's usual modules."""
    import torch

    V, E = parameters["embedding"].shape
    H, layers = parameters["U0"].shape[1], sum(name.startswith("U") for name in parameters)
    embedding, rnn, decoder = torch.nn.Embedding(V, E), torch.nn.LSTM(E, H, layers), torch.nn.Linear(H, V)
    weights = [*embedding.parameters(), *rnn.parameters(), *decoder.parameters()]
    adam = torch.optim.Adam(weights, 3e-3)
    words = torch.from_numpy(words.astype(np.int64))

    def step():
        logits = decoder(rnn(embedding(words[:-1]))[0])
        loss = torch.nn.functional.cross_entropy(logits.view(-1, V), words[1:].reshape(-1))
        adam.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        adam.step()

    return step


def our_training_step(parameters, words):
    """The same with `backpropagation` and `training.Adam`."""
    from minilstm.training.backpropagation import loss_and_gradients
    from minilstm.training.trainer import Adam

    layers = sum(name.startswith("U") for name in parameters)
    zero = np.zeros((words.shape[1], parameters["U0"].shape[1]), "f4")
    adam, workspace = Adam(parameters), {}

    def step():
        _, gradients, _ = loss_and_gradients(
            parameters, words[:-1], words[1:], [(zero, zero)] * layers, workspace=workspace
        )
        adam.update(parameters, gradients, 3e-3, 1.0)

    step.blas = 1  # as `minilstm train` has it for a small network
    return step


def imports(folder):
    """Two ways from a pickled module of the paper's size to arrays in an .npz: `minilstm import`, and PyTorch."""
    import contextlib
    import os
    import sys
    import types

    import torch

    from minilstm.cli.main import main

    class RNNModel(torch.nn.Module):
        def __init__(self, words, units):
            super().__init__()
            self.rnn_type, self.nhid, self.nlayers = "LSTM", units, 2
            self.drop = torch.nn.Dropout(0.2)
            self.encoder, self.decoder = torch.nn.Embedding(words, units), torch.nn.Linear(units, words)
            self.rnn = torch.nn.LSTM(units, units, 2)

    RNNModel.__module__, RNNModel.__qualname__ = "model", "RNNModel"
    sys.modules["model"] = types.SimpleNamespace(RNNModel=RNNModel, __file__=__file__)
    checkpoint, vocabulary = folder / "model.pt", folder / "vocab.txt"
    vocabulary.write_text("".join(f"w{k}\n" for k in range(50_000)))
    torch.save(RNNModel(50_000, 650), checkpoint, _use_new_zipfile_serialization=False)

    def mine():
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
            assert main(["import", str(checkpoint), "--vocab", str(vocabulary), "-o", str(folder / "ours.npz")]) == 0

    def theirs():
        tensors = torch.load(checkpoint, weights_only=False).state_dict()
        np.savez(folder / "theirs.npz", **{name: tensor.numpy() for name, tensor in tensors.items()})

    return mine, theirs
