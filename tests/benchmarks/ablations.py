"""The paper's own work, ablation, done by this package and in the two ways in which one would do it in PyTorch.

A whole run of either peer would take days or an hour, so each is timed on a few units and sentences and scaled by exact
counts: theirs by words read, ours by nodes of the prefix tree. The network is of the paper's size, its weights random.

`python tests/benchmarks/ablations.py` makes the whole sweep (minutes): all units over all sentences of the tasks.
"""

import numpy as np

from minilstm.fast.prefix_tree import prefix_tree
from minilstm.fast.sweep import margins
from minilstm.io.conventions import layers_to
from minilstm.language_model import LanguageModel
from minilstm.stimuli import CONDITIONS, NA_TASKS, na_task

UNITS, WORDS, CONTEXT = 650, 50_000, 133  # a layer's units, the vocabulary, the words read before each sentence
SMALL = 64, 2_000  # units and words to try whether everything works
BATCH = 600  # sentences that PyTorch reads at once


def all_items():
    """The seven tasks with as many sentences a condition as were published."""
    return [item for task in NA_TASKS for condition in CONDITIONS[task] for item in na_task(task, condition)]


def network(items, random_layers, units=UNITS, n_words=WORDS):
    """Two layers, by default of the paper's size with its 50,000 words, those of the items among them."""
    rng = np.random.default_rng(0)
    known = sorted({word for item in items for word in (*item.prefix, item.right, item.wrong)})
    vocabulary = (*known, *(f"w{k}" for k in range(n_words - len(known))))
    embedding, decoder = (rng.uniform(-0.1, 0.1, (n_words, units)).astype("f4") for _ in range(2))
    context = rng.choice(vocabulary, CONTEXT).tolist()
    layers = random_layers(rng, (units, units), units)
    return LanguageModel(vocabulary, embedding, layers, decoder, np.zeros(n_words, "f4"), tuple(context))


def nodes(model, items):
    """How many words this package reads for the items: the context, and each different prefix once."""
    return len(model.context) + sum(len(level.word) for level in prefix_tree([model.encode(i.prefix) for i in items]))


def words(model, items):
    """How many words are read if each sentence is read from its start, for one set of units."""
    return len(model.context) + sum(len(item.prefix) for item in items)


def ours(model, items, sets, jobs):
    """All sets, from few sentences and a short context. Returns the work of each number of jobs, and the words read."""
    short = LanguageModel(
        model.vocabulary, model.embedding, model.layers, model.decoder_weight, model.decoder_bias, model.context[:3]
    )
    some = items[:: len(items) // 12]

    def work(n):
        return lambda: margins(short, some, sets, n_jobs=n)

    return {n: work(n) for n in jobs}, nodes(short, some)


def _module(model, units):
    """The network in PyTorch with units ablated: nothing reads them any more."""
    import torch

    tensors, units_of_layer = layers_to(model.layers, "pytorch"), model.sizes[0]
    decoder = model.decoder_weight.copy()
    for unit in units:
        layer, column = divmod(unit - 1, units_of_layer)
        readers = [tensors[f"weight_hh_l{layer}"], tensors["weight_ih_l1"] if layer == 0 else decoder]
        for weights in readers:
            weights[:, column] = 0
    lstm = torch.nn.LSTM(units_of_layer, units_of_layer, 2)
    lstm.load_state_dict({name: torch.from_numpy(array) for name, array in tensors.items()})
    return lstm, torch.from_numpy(model.embedding), torch.from_numpy(decoder), torch.from_numpy(model.decoder_bias)


def released(model, items):
    """The released procedure by its description: a word at a time, all logits and a softmax at each; the words read."""
    import torch

    lstm, embedding, decoder, bias = _module(model, (model.sizes[0] + 7,))
    some = [model.encode(item.prefix) for item in items[:: len(items) // 4]]

    def work():
        with torch.inference_mode():
            for sentence in some:
                state = None
                for word in sentence:
                    output, state = lstm(embedding[word].view(1, 1, -1), state)
                    torch.log_softmax(torch.nn.functional.linear(output[0], decoder, bias), dim=-1)

    return work, sum(map(len, some))


def batched(model, items):
    """A good PyTorch program: 600 sentences of a length at once, and only the two logits that are compared."""
    import torch

    lstm, embedding, decoder, _ = _module(model, (model.sizes[0] + 7,))
    some = [item for item in items if item.task == "nounPP"][:BATCH]
    sentences = torch.from_numpy(np.stack([model.encode(item.prefix) for item in some], axis=1))
    right, wrong = (torch.from_numpy(model.encode([getattr(i, form) for i in some])) for form in ("right", "wrong"))
    start = torch.zeros(2, 1, model.sizes[0])

    def work():
        with torch.inference_mode():
            state = start.expand(2, len(some), model.sizes[0]).contiguous()
            output, _ = lstm(embedding[sentences], (state, state))
            return (output[-1] * (decoder[right] - decoder[wrong])).sum(1)

    return work, sentences.numel()


def main():
    """The whole sweep, nothing scaled."""
    import resource
    import time

    import peers

    items = all_items()
    model = network(items, peers.random_layers)
    start = time.perf_counter()
    result = margins(model, items, [(unit,) for unit in range(1, 2 * UNITS + 1)], n_jobs=-1)
    seconds, peak = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    shape = f"{result.shape[0]} units x {result.shape[1]} sentences"
    print(f"```text\n{shape}: {seconds:.0f} s, peak memory {peak:.0f} MB\n```")


if __name__ == "__main__":
    main()
