"""The same networks in PyTorch: what golden files are made of, and what live tests and `parity.py` compare with."""

import math

import numpy as np
import torch

from minilstm import lstm
from minilstm.fast import recurrence
from minilstm.io.conventions import layers_from
from minilstm.language_model import LanguageModel
from minilstm.training.backpropagation import loss_and_gradients

FIELDS = "i", "f", "o", "C_tilde", "C", "h"


def random_tensors(rng, layers, D, H, gain, dtype):
    """The tensors of a `torch.nn.LSTM`; at `gain` 1 of the size of its initialisation, all biases different."""
    tensors = {}
    for k in range(layers):
        shapes = (4 * H, H if k else D), (4 * H, H), (4 * H,), (4 * H,)
        for kind, shape in zip(("weight_ih", "weight_hh", "bias_ih", "bias_hh"), shapes, strict=True):
            tensors[f"{kind}_l{k}"] = (gain * rng.uniform(-1, 1, shape) / math.sqrt(H)).astype(dtype)
    return tensors


def random_case(rng, layers, steps, batch, D, H, gain, dtype, inputs=1.0):
    """Tensors, an input of standard deviation `inputs`, and a state other than zero."""
    tensors = random_tensors(rng, layers, D, H, gain, dtype)
    x = (inputs * rng.standard_normal((steps, batch, D))).astype(dtype)
    h_0, C_0 = rng.uniform(-1, 1, (2, layers, batch, H)).astype(dtype)
    return tensors, x, h_0, C_0


def in_torch(tensors, x, h_0, C_0):
    """Everything PyTorch computes: gates and states (layers, steps, batch, H); `output`, `h_n`, `C_n` of its `LSTM`.

    States come from an `LSTM` of one layer that is handed one step at a time, gates from PyTorch's own functions on
    those states, as its manual defines them. `output`, `h_n`, `C_n` come from one `LSTM` on the whole sequence.
    """
    t = {name: torch.from_numpy(array) for name, array in tensors.items()}
    layers, _, H = h_0.shape
    kept = {name: [] for name in FIELDS}
    below = torch.from_numpy(x)
    with torch.no_grad():
        whole = _module(t, x.shape[2], H, layers)
        output, (h_n, C_n) = whole(below, (torch.from_numpy(h_0), torch.from_numpy(C_0)))
        for k in range(layers):
            own = {name.replace(f"_l{k}", "_l0"): a for name, a in t.items() if name.endswith(f"_l{k}")}
            module = _module(own, below.shape[2], H, 1)
            h, C = torch.from_numpy(h_0[k : k + 1]), torch.from_numpy(C_0[k : k + 1])
            steps = {name: [] for name in FIELDS}
            for x_t in below:
                z = torch.nn.functional.linear(x_t, own["weight_ih_l0"], own["bias_ih_l0"])
                z = z + torch.nn.functional.linear(h[0], own["weight_hh_l0"], own["bias_hh_l0"])
                i, f, g, o = z.chunk(4, dim=1)
                _, (h, C) = module(x_t[None], (h, C))
                gates = torch.sigmoid(i), torch.sigmoid(f), torch.sigmoid(o), torch.tanh(g)
                for name, value in zip(FIELDS, (*gates, C[0], h[0]), strict=True):
                    steps[name].append(value)
            for name in FIELDS:
                kept[name].append(torch.stack(steps[name]))
            below = kept["h"][-1]
    kept = {name: torch.stack(values).numpy() for name, values in kept.items()}
    return kept | {"output": output.numpy(), "h_n": h_n.numpy(), "C_n": C_n.numpy()}


def _module(tensors, D, H, layers):
    module = torch.nn.LSTM(D, H, layers, dtype=tensors["bias_ih_l0"].dtype)
    module.load_state_dict(tensors)
    return module


def ours(run, tensors, x, h_0, C_0):
    """The same from `lstm.run` or `recurrence.run`."""
    trace = run(x, layers_from(tensors), lstm.State(h_0, C_0))
    got = {name: getattr(trace, name) for name in FIELDS}
    return got | {"output": trace.h[-1], "h_n": trace.state.h, "C_n": trace.state.C}


class RNNModel(torch.nn.Module):
    """The language model of the paper, as its code had it."""

    def __init__(self, words, E, H, layers, dtype):
        super().__init__()
        self.encoder = torch.nn.Embedding(words, E, dtype=dtype)
        self.rnn = torch.nn.LSTM(E, H, layers, dtype=dtype)
        self.decoder = torch.nn.Linear(H, words, dtype=dtype)

    def forward(self, ids, state):
        output, state = self.rnn(self.encoder(ids), state)
        return self.decoder(output), state


def language_models(rng, words, E, H, layers, gain, dtype, inputs=1.0):
    """One language model of random weights, in PyTorch and in ours."""
    module = RNNModel(words, E, H, layers, getattr(torch, dtype))
    drawn = {f"rnn.{name}": array for name, array in random_tensors(rng, layers, E, H, gain, dtype).items()}
    for name, scale in (("encoder.weight", inputs), ("decoder.weight", gain / H**0.5), ("decoder.bias", gain / H**0.5)):
        drawn[name] = (scale * rng.uniform(-1, 1, tuple(module.state_dict()[name].shape))).astype(dtype)
    module.load_state_dict({name: torch.from_numpy(array) for name, array in drawn.items()})
    return module, LanguageModel.from_state_dict(module, [f"w{k}" for k in range(words)], dtype=dtype)


def pairs(dtype, gain, layers=2, steps=40, batch=3, D=11, H=16, words=50, inputs=1.0, seed=0, run=recurrence.run):
    """Every quantity as (ours, PyTorch's), by name: gates and states, the language model's outputs, all gradients."""
    rng = np.random.default_rng(seed)
    case = random_case(rng, layers, steps, batch, D, H, gain, dtype, inputs)
    got, expected = ours(run, *case), in_torch(*case)
    found = {name: (got[name], expected[name]) for name in expected}
    module, model = language_models(rng, words, D, H, layers, gain, dtype, inputs)
    found |= _language_model_pairs(rng, module, model, steps)
    return found | _gradient_pairs(rng, module, model, steps, batch)


def _language_model_pairs(rng, module, model, steps):
    ids = rng.integers(len(model.vocabulary), size=steps)
    sentence = [model.vocabulary[k] for k in ids]
    h_0, C_0 = rng.uniform(-1, 1, (2, len(model.layers), 1, model.sizes[-1])).astype(model.dtype)
    with torch.no_grad():
        start = torch.from_numpy(h_0), torch.from_numpy(C_0)
        logits, _ = module(torch.from_numpy(ids)[:, None], start)
        before = torch.cat([module.decoder(start[0][-1:]), logits[:-1]])[:, 0]  # what is predicted for each word
        log_p = torch.log_softmax(before, dim=1)
        loss = torch.nn.functional.cross_entropy(before, torch.from_numpy(ids))
    state = lstm.State(h_0, C_0)
    some = range(0, len(model.vocabulary), len(model.vocabulary) // 5)
    last = [model.log_probability(sentence[:-1], model.vocabulary[k], state) for k in some]
    return {
        "logits": (model.logits(sentence, state=state), logits[:, 0].numpy()),
        "surprisal": (model.surprisal(sentence, state), -log_p[torch.arange(steps), torch.from_numpy(ids)].numpy()),
        "log p": (np.array(last), log_p[-1, some].numpy()),
        "perplexity": (np.array(model.perplexity(sentence, state)), np.array(math.exp(loss))),
    }


def _gradient_pairs(rng, module, model, steps, batch):
    ids = rng.integers(len(model.vocabulary), size=(steps + 1, batch))
    h_0, C_0 = rng.uniform(-1, 1, (2, len(model.layers), batch, model.sizes[-1])).astype(model.dtype)
    logits, _ = module(torch.from_numpy(ids[:-1]), (torch.from_numpy(h_0), torch.from_numpy(C_0)))
    loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), torch.from_numpy(ids[1:]).flatten())
    loss.backward()
    parameters = {
        "embedding": model.embedding,
        "decoder_weight": model.decoder_weight,
        "decoder_bias": model.decoder_bias,
    }
    for k, layer in enumerate(model.layers):
        parameters |= {f"W{k}": layer.W, f"U{k}": layer.U, f"b{k}": layer.b}
    own_loss, gradients, _ = loss_and_gradients(parameters, ids[:-1], ids[1:], list(zip(h_0, C_0, strict=True)))
    names = {"embedding": "encoder.weight", "decoder_weight": "decoder.weight", "decoder_bias": "decoder.bias"}
    for k in range(len(model.layers)):
        names |= {f"W{k}": f"rnn.weight_ih_l{k}", f"U{k}": f"rnn.weight_hh_l{k}", f"b{k}": f"rnn.bias_hh_l{k}"}
    theirs = {name: parameter.grad.numpy() for name, parameter in module.named_parameters()}
    found = {f"d {name}": (gradients[name], theirs[names[name]]) for name in names}
    return found | {"loss": (np.array(own_loss), loss.detach().numpy())}
