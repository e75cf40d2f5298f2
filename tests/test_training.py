"""Gradients against finite differences, fast loops against plain ones, and a training that can be interrupted."""

import dataclasses
import re

import numpy as np
import pytest
from conftest import need

from minilstm.errors import MinilstmError
from minilstm.fast import jit
from minilstm.language_model import log_softmax
from minilstm.lstm import Layer, step
from minilstm.stimuli import fragment
from minilstm.stimuli.fragment_lexicon import vocabulary
from minilstm.training import backpropagation as bp
from minilstm.training.trainer import Corpus, Trainer, TrainingConfig, log_spaced, train

CHUNK, BATCH, WORDS = 7, 5, 11
TINY = TrainingConfig(layers=(6, 4), embedding=5, epochs=2, batch=4, steps=5, warm_up=3, dropout=(0.3, 0.0), seed=1)


def random_parameters(rng, sizes, embedding=6, dtype=np.float64):
    p, D = {"embedding": rng.normal(size=(WORDS, embedding))}, embedding
    for k, H in enumerate(sizes):
        shapes = (4 * H, D), (4 * H, H), (4 * H,)
        p |= {f"{name}{k}": rng.normal(size=shape) for name, shape in zip("WUb", shapes, strict=True)}
        D = H
    p |= {"decoder_weight": rng.normal(size=(WORDS, D)), "decoder_bias": rng.normal(size=WORDS)}
    return {name: array.astype(dtype) for name, array in p.items()}


def problem(seed, sizes, dtype=np.float64, dropout=False):
    """Weights, a chunk of text in which words recur, a non-zero state, and masks if there is dropout."""
    rng = np.random.default_rng(seed)
    words = rng.integers(0, WORDS, (CHUNK + 1, BATCH))
    state = [(rng.normal(size=(BATCH, H)).astype(dtype), rng.normal(size=(BATCH, H)).astype(dtype)) for H in sizes]
    masks = [((rng.random((CHUNK, BATCH, H)) > 0.3) / 0.7).astype(dtype) if dropout else None for H in sizes]
    return random_parameters(rng, sizes, dtype=dtype), words[:-1], words[1:], state, masks


@pytest.mark.parametrize("dropout", [False, True])
@pytest.mark.parametrize("sizes", [(4,), (3, 5), (4, 2, 3)])
def test_gradients_are_finite_differences(sizes, dropout):
    """Central differences of the loss along random directions in each weight array, to 1e-6."""
    p, *rest = problem(0, sizes, dropout=dropout)
    _, gradients, _ = bp.loss_and_gradients(p, *rest)
    assert gradients.keys() == p.keys()
    rng, step = np.random.default_rng(1), 1e-5
    for name, array in p.items():
        for _ in range(3):
            direction = rng.normal(size=array.shape)
            losses = [bp.loss_and_gradients({**p, name: array + s * direction}, *rest)[0] for s in (step, -step)]
            expected = (losses[0] - losses[1]) / (2 * step)
            assert np.vdot(gradients[name], direction) == pytest.approx(expected, rel=1e-6, abs=1e-8), name


@pytest.mark.parametrize("sizes", [(4,), (5, 5), (4, 4, 4)])
def test_gradients_are_pytorchs(sizes):
    """All gradients, the loss and the new state in float64, to 1e-10."""
    torch = need("torch")
    p, inputs, targets, state, _ = problem(2, sizes)
    loss, gradients, after = bp.loss_and_gradients(p, inputs, targets, state)
    t = {name: torch.tensor(array, requires_grad=True) for name, array in p.items()}
    zero, x, ends = torch.zeros(4 * sizes[0], dtype=torch.float64), t["embedding"][torch.tensor(inputs)], []
    for k, H in enumerate(sizes):
        rnn = torch.nn.LSTM(x.shape[-1], H, dtype=torch.float64)
        weights = dict(zip(("weight_ih_l0", "weight_hh_l0", "bias_ih_l0"), (t[f"{n}{k}"] for n in "WUb"), strict=True))
        start = tuple(torch.tensor(array)[None] for array in state[k])
        x, end = torch.func.functional_call(rnn, {**weights, "bias_hh_l0": zero}, (x, start))
        ends.append([array[0].detach().numpy() for array in end])
    logits = x @ t["decoder_weight"].T + t["decoder_bias"]
    theirs = torch.nn.functional.cross_entropy(logits.reshape(-1, WORDS), torch.tensor(targets).reshape(-1))
    theirs.backward()
    assert loss == pytest.approx(theirs.item(), rel=1e-12)
    for name, tensor in t.items():
        np.testing.assert_allclose(gradients[name], tensor.grad.numpy(), rtol=1e-10, atol=1e-12, err_msg=name)
    for (h, C), (h_theirs, C_theirs) in zip(after, ends, strict=True):
        np.testing.assert_allclose(h, h_theirs, rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(C, C_theirs, rtol=1e-10, atol=1e-12)


@pytest.mark.skipif(not jit.in_use(), reason="without Numba there is one version only")
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-12), (np.float32, 3e-6)])
def test_fast_loops_are_the_plain_ones(dtype, tolerance):
    rng, (batch, H) = np.random.default_rng(3), (5, 19)
    gates, dh = rng.random((batch, 4 * H)).astype(dtype), rng.normal(size=(batch, H)).astype(dtype)
    C_prev, C, dC = rng.normal(size=(3, batch, H)).astype(dtype)
    logits, targets, rows = dh * 30, np.arange(batch) % H, np.array([3, 0, 3, 3, 1])
    calls = {
        bp.gates_backward: (gates, C_prev, C, dh, dC),
        bp.cross_entropy: (logits, targets, 20),
        bp.add_rows: (np.zeros((5, H), dtype), rows, dh),
    }
    for function, arguments in calls.items():
        results = []
        for version in (function, function.__wrapped__):
            given = [np.array(argument) for argument in arguments]
            if function is bp.cross_entropy:
                given[2] = 20
            value = version(*given)
            results.append([*given, np.array(value or 0)])
        for fast, plain in zip(*results, strict=True):
            np.testing.assert_allclose(fast, plain, rtol=tolerance, atol=tolerance * np.abs(plain).max())
        assert any((given != before).any() for given, before in zip(results[0], arguments, strict=False))


def test_a_chunk_backwards_is_each_word_backwards():
    """The derivation as it stands, a step at a time, for two layers: what each word sends to each weight, added up."""
    p, inputs, targets, state, _ = problem(6, (6, 5))
    loss, gradients, after = bp.loss_and_gradients(p, inputs, targets, state)
    layers = [Layer(*(p[f"{name}{k}"] for name in "WUb")) for k in range(2)]
    steps = []  # of each layer at each word: what it read, the state before, the step
    states = [list(pair) for pair in state]
    for words in inputs:
        x = p["embedding"][words]
        for k, layer in enumerate(layers):
            now = step(x, *states[k], *layer)
            steps.append((k, x, *states[k], now))
            x, states[k] = now.h, [now.h, now.C]
    want = {name: np.zeros_like(array) for name, array in p.items()}
    dh, dC = ([np.zeros_like(part) for part in parts] for parts in zip(*state, strict=True))
    total, n = 0, targets.size
    while steps:
        k, x, h_prev, C_prev, now = steps.pop()
        t = len(steps) // 2
        if k == 1:
            probabilities = np.exp(log_softmax(now.h @ p["decoder_weight"].T + p["decoder_bias"]))
            rows = np.arange(len(x))
            total -= np.log(probabilities[rows, targets[t]]).sum() / n
            probabilities[rows, targets[t]] -= 1
            want["decoder_weight"] += probabilities.T @ now.h / n
            want["decoder_bias"] += probabilities.sum(axis=0) / n
            dh[1] = dh[1] + probabilities @ p["decoder_weight"] / n
        dz, dC[k] = bp.backward(now, C_prev, dh[k], dC[k])
        want[f"W{k}"] += dz.T @ x
        want[f"U{k}"] += dz.T @ h_prev
        want[f"b{k}"] += dz.sum(axis=0)
        dh[k] = dz @ layers[k].U  # to the word before
        if k == 1:
            dh[0] = dh[0] + dz @ layers[1].W  # to the layer below
        else:
            np.add.at(want["embedding"], inputs[t], dz @ layers[0].W)
    assert loss == pytest.approx(total, rel=1e-12)
    for name, array in want.items():
        np.testing.assert_allclose(gradients[name], array, rtol=1e-9, atol=1e-12, err_msg=name)
    for got, expected in zip(after, states, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-10, atol=1e-12)


def test_predictions_a_few_at_a_time(monkeypatch):
    """The same loss and gradients as of all together."""
    p, *rest = problem(4, (6, 5), dropout=True)
    want, gradients, _ = bp.loss_and_gradients(p, *rest)
    monkeypatch.setattr(bp, "BLOCK", 8)  # 35 rows: five blocks, the last not full
    loss, now, _ = bp.loss_and_gradients(p, *rest)
    assert loss == pytest.approx(want, rel=1e-12)
    for name, array in gradients.items():
        np.testing.assert_allclose(now[name], array, rtol=1e-9, atol=1e-12, err_msg=name)


def tiny_corpus():
    return Corpus.from_sentences(fragment.sentences(600, seed=0), vocabulary())


def test_training_learns():
    config = dataclasses.replace(TINY, epochs=40, learning_rate=1e-2, dropout=(0.0, 0.0))
    model = train(config, tiny_corpus(), vocabulary(), context=fragment.CONTEXT)
    untrained = train(dataclasses.replace(config, epochs=0), tiny_corpus(), vocabulary(), context=fragment.CONTEXT)
    text = [vocabulary()[k] for k in tiny_corpus().words]
    assert model.perplexity(text) < 0.4 * untrained.perplexity(text)
    assert model.word_counts.sum() == len(text) and model.provenance["updates"] == 40 * ((len(text) // 4 - 1) // 5)


def test_the_same_seed_gives_the_same_bits_and_another_does_not():
    one, two = (train(TINY, tiny_corpus(), vocabulary()) for _ in range(2))
    other = train(dataclasses.replace(TINY, seed=2), tiny_corpus(), vocabulary())
    for a, b in zip([one.embedding, *one.layers[1]], [two.embedding, *two.layers[1]], strict=True):
        assert a.tobytes() == b.tobytes()
    assert not np.array_equal(one.embedding, other.embedding)


def test_an_interrupted_training_ends_in_the_same_bits(tmp_path, monkeypatch):
    whole = train(TINY, tiny_corpus(), vocabulary())
    real, stop = Trainer.update, 37  # within the second epoch, between two saves

    def interrupted(self):
        if self.done == stop:
            raise KeyboardInterrupt
        return real(self)

    monkeypatch.setattr(Trainer, "update", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train(TINY, tiny_corpus(), vocabulary(), state=tmp_path / "state.npz", save_every=5)
    monkeypatch.setattr(Trainer, "update", real)
    rest = train(TINY, tiny_corpus(), vocabulary(), state=tmp_path / "state.npz", save_every=5)
    for a, b in zip([whole.embedding, *whole.layers[1]], [rest.embedding, *rest.layers[1]], strict=True):
        assert a.tobytes() == b.tobytes()


def test_a_state_of_another_training_is_refused(tmp_path):
    trainer = Trainer(TINY, tiny_corpus(), 289)
    trainer.save(tmp_path / "state.npz")
    with pytest.raises(MinilstmError, match=r"comes from another training: learning_rate 0.003 \(here 0.1\)"):
        Trainer(dataclasses.replace(TINY, learning_rate=0.1), tiny_corpus(), 289).resume(tmp_path / "state.npz")
    whole = (tmp_path / "state.npz").read_bytes()
    (tmp_path / "state.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(MinilstmError, match="not a whole .npz file.*; expected a state of training"):
        trainer.resume(tmp_path / "state.npz")


def test_a_state_that_is_none_is_refused(tmp_path):
    """Other arrays, other shapes, updates that the training does not have, the same words in another order."""
    trainer, path = Trainer(TINY, tiny_corpus(), 289), tmp_path / "state.npz"
    trainer.save(path)
    with np.load(path) as file:
        kept = dict(file)
    about = str(kept["about"])
    wrong = {
        "no member 'about'.*; expected a state of training": {"embedding": np.zeros(3)},
        "not an .npz file of ours .*; expected a state of training": {**kept, "about": np.array("yes")},
        r"comes from another training: layers None \(here \[6, 4\]\)": {**kept, "about": np.array("[]")},
        "says -1 updates of": {**kept, "about": np.array(about.replace('"updates": 0', '"updates": -1'))},
        r"expected mean.W0 of shape \(24, 5\) in float32": {**kept, "mean.W0": np.zeros((24, 5))},
        r"expected h1 of shape \(4, 4\)": {name: array for name, array in kept.items() if name != "h1"},
    }
    for sentence, arrays in wrong.items():
        np.savez(path, **arrays)
        with pytest.raises(MinilstmError, match=sentence):
            trainer.resume(path)
    trainer.save(path)
    other = Corpus(tiny_corpus().words[::-1].copy(), tiny_corpus().ends)
    with pytest.raises(MinilstmError, match="comes from another training: corpus"):
        Trainer(TINY, other, 289).resume(path)


def test_snapshots_are_models_at_log_spaced_moments(tmp_path):
    from minilstm.models import load

    model = train(TINY, tiny_corpus(), vocabulary(), context=fragment.CONTEXT, snapshots=tmp_path, n_snapshots=4)
    names = sorted(path.name for path in tmp_path.iterdir())
    total = model.provenance["updates"]
    assert names == [f"{moment:06d}.npz" for moment in log_spaced(total, 4)]
    last = load(tmp_path / names[-1])
    assert last.embedding.tobytes() == model.embedding.tobytes() and last.provenance["updates"] == total
    assert log_spaced(1000, 4) == [1, 10, 100, 1000]


def test_shuffling_keeps_every_sentence_whole():
    text = tiny_corpus()
    new = Corpus(text.shuffled(np.random.default_rng(0)), None).words
    eos = vocabulary().index("<eos>")

    def sentences(words):
        return sorted(tuple(part) for part in np.split(words, np.flatnonzero(words == eos) + 1))

    assert sentences(new) == sentences(text.words) and not np.array_equal(new, text.words)


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ({"layers": ()}, "layers: expected the units of at least one layer, got none"),
        ({"layers": (0, 3)}, "layers: expected a whole number from 1 up, got 0"),
        ({"embedding": 0}, "embedding: expected a whole number from 1 up, got 0"),
        ({"epochs": -1}, "epochs: expected a finite number from 0 up, got -1"),
        ({"epochs": float("nan")}, "epochs: expected a finite number from 0 up, got nan"),
        ({"epochs": float("inf")}, "epochs: expected a finite number from 0 up, got inf"),
        ({"batch": 2.5}, "batch: expected a whole number from 1 up, got 2.5"),
        ({"steps": -1}, "steps: expected a whole number from 1 up, got -1"),
        ({"learning_rate": -1}, "learning_rate: expected a finite number above 0, got -1"),
        ({"learning_rate": 0}, "learning_rate: expected a finite number above 0, got 0"),
        ({"warm_up": -1}, "warm_up: expected a whole number from 0 up, got -1"),
        ({"clip": float("nan")}, "clip: expected a finite number above 0, got nan"),
        ({"dropout": (0.5,)}, "dropout: expected 2 probabilities from 0 to below 1, got (0.5,)"),
        ({"dropout": (0.5, 1)}, "dropout: expected 2 probabilities from 0 to below 1, got (0.5, 1)"),
        ({"seed": -1}, "seed: expected a whole number from 0 up, got -1"),
    ],
)
def test_settings_that_make_no_sense(setting, sentence):
    with pytest.raises(MinilstmError, match=f"^{re.escape(sentence)}$"):
        TrainingConfig(**setting)


def test_bad_corpora():
    with pytest.raises(MinilstmError, match="'unicorn' is not in the vocabulary"):
        Corpus.from_sentences([["The", "unicorn"]], vocabulary())
    with pytest.raises(MinilstmError, match=r"6\d\d words; one update takes .* 4608; .* smaller --batch or --steps"):
        Trainer(TrainingConfig(), tiny_corpus(), 289)
    with pytest.raises(MinilstmError, match=r"training text: word \d+ of a vocabulary of 20 words"):
        Trainer(TINY, tiny_corpus(), 20)


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"n_snapshots": 0}, "n_snapshots: expected a whole number from 1 up, got 0"),
        ({"save_every": 0}, "save_every: expected a whole number from 1 up, got 0"),
        ({"context": ("unicorn",)}, "context: 'unicorn' is not in the vocabulary"),
    ],
)
def test_what_makes_no_model_is_refused_before_the_first_update(more, sentence, monkeypatch):
    monkeypatch.setattr(Trainer, "update", lambda self: pytest.fail("it has begun"))
    with pytest.raises(MinilstmError, match=sentence):
        train(TINY, tiny_corpus(), vocabulary(), **more)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_training_that_diverges_says_so():
    with pytest.raises(MinilstmError, match=r"update \d+: the loss is .*; expected a smaller --learning-rate"):
        train(dataclasses.replace(TINY, learning_rate=1e38), tiny_corpus(), vocabulary())
