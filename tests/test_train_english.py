"""The trainer of the English model: on a few made-up sentences it learns, stops, goes on, and runs on any processor."""

import os
import platform
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import need
from prepare_text import prepare

from minilstm import LanguageModel

WEIGHTS = Path(__file__).resolve().parent.parent / "weights"
torch = need("torch")
train_english, sampled_softmax = need("train_english"), need("sampled_softmax")
Sampler, Settings, Trainer = sampled_softmax.Sampler, train_english.Settings, train_english.Trainer
Text, new_weights = train_english.Text, train_english.new_weights

SMALL = "--hidden 6 --batch 3 --samples 4 --evaluate-every 1e9 --precision float32".split()
WORDS = 21  # <unk> and <eos> among them
STEP = 3 * train_english.STEPS  # tokens of an update


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A folder as prepare_text.py writes it: 1,000 sentences of 19 words, about 60 updates an epoch."""
    texts, out = tmp_path_factory.mktemp("texts"), tmp_path_factory.mktemp("data")
    names, verbs = "Ann Bob Cid Dot Eve Fay Gus Hal Ida Jim".split(), "sees hears meets knows likes finds".split()
    rng = np.random.default_rng(3)
    sentences = [f"{a} {v} {b} at home ." for a in names for v in verbs for b in names for _ in range(2)]
    (texts / "some.txt").write_text("\n".join(rng.permutation(sentences)[:1000]), encoding="utf-8")
    assert prepare(texts, out, held_out=0.1)["vocabulary"] == WORDS
    return out


@pytest.fixture(autouse=True)
def handlers():
    """The trainer takes two signals; give them back."""
    kept = [(name, signal.getsignal(name)) for name in (signal.SIGTERM, signal.SIGINT)]
    yield
    for name, handler in kept:
        signal.signal(name, handler)


def train(data, folder, updates, *more):
    train_english.main(["train", str(data), str(folder), "--tokens", str(updates * STEP), *SMALL, *more])
    return weights(folder)


def weights(folder):
    with np.load(folder / "weights.npz") as file:
        return {name: file[name] for name in file.files}


def assert_same(one, other):
    assert one.keys() == other.keys()
    for name, array in one.items():
        np.testing.assert_array_equal(array, other[name], err_msg=name)


def log(folder):
    return [[float(x) for x in line.split("\t")] for line in (folder / "log.tsv").read_text().splitlines()]


def test_it_learns(data, tmp_path, capsys):
    train(data, tmp_path / "run", 300, "--rate", "0.02", "--dropout", "0")
    (_, _, before, _), (tokens, _, after, loss) = log(tmp_path / "run")
    assert 20 < before < 30 and after < 9 and tokens == 300 * STEP  # names are a guess among ten, the rest is certain
    assert np.exp(loss) < before
    train_english.main(["evaluate", str(data), str(tmp_path / "run" / "weights.npz")])
    assert capsys.readouterr().out.splitlines()[-1] == f"{after:.3f}"


def stop_after(monkeypatch, updates):
    """Have this process receive SIGTERM during the update of that number, counted from here."""
    update, seen = Trainer.update, []

    def counted(self, *arguments):
        seen.append(1)
        if len(seen) == updates:
            os.kill(os.getpid(), signal.SIGTERM)
        return update(self, *arguments)

    monkeypatch.setattr(Trainer, "update", counted)


def test_a_stopped_training_goes_on_to_the_same_weights(data, tmp_path, monkeypatch):
    """Dropout, sampling, dropped states, Adam's moments and the end of an epoch (after some 60 updates) among it."""
    whole = train(data, tmp_path / "whole", 100)
    with monkeypatch.context() as patch:
        stop_after(patch, 50)
        train(data, tmp_path / "stopped", 100)
    place = torch.load(tmp_path / "stopped" / "checkpoint.pt", weights_only=True)["place"]
    assert place["updates"] == 50 and place["epoch"] == 0
    assert_same(train(data, tmp_path / "stopped", 100), whole)
    assert torch.load(tmp_path / "stopped" / "checkpoint.pt", weights_only=True)["place"]["epoch"] == 1
    with pytest.raises(AssertionError):
        assert_same(train(data, tmp_path / "other", 100, "--seed", "2"), whole)


def decay(data, run, out, updates, full):
    length = ["--tokens", str(updates * STEP), "--full", str(full * STEP)]
    train_english.main(["decay", str(data), str(run), "--out", str(out), *length, *SMALL[-4:]])


def test_the_rate_falls_to_0_and_the_last_softmax_is_over_all_words(data, tmp_path, monkeypatch):
    run = tmp_path / "run"
    before, seen, update = train(data, run, 20), [], Trainer.update

    def noted(self, words, rate, full):
        seen.append((rate, full))
        return update(self, words, rate, full)

    monkeypatch.setattr(Trainer, "update", noted)
    decay(data, run, tmp_path / "whole", 10, 3)
    rates, full = zip(*seen)
    np.testing.assert_allclose(rates, Settings.rate * np.linspace(1, 0.1, 10))
    assert full == 7 * (False,) + 3 * (True,)
    assert_same(weights(run), before)  # the run itself can go on

    with monkeypatch.context() as patch:
        stop_after(patch, 8)
        decay(data, run, tmp_path / "stopped", 10, 3)
    train(data, run, 30)  # has gone on meanwhile
    decay(data, run, tmp_path / "stopped", 10, 3)
    assert_same(weights(tmp_path / "stopped"), weights(tmp_path / "whole"))


def test_an_update_is_that_of_a_plain_model_with_adam(data, monkeypatch):
    """Full softmax, no dropout: the same step by autograd, nn.Embedding, nn.Linear and torch.optim.Adam."""
    monkeypatch.setattr(train_english, "CLIP", 0.05)
    settings = Settings(hidden=6, batch=3, samples=0, dropout=0.0)
    torch.manual_seed(5)
    start = {name: tensor * 3 for name, tensor in new_weights(WORDS, 6, 2).items()}
    trainer = Trainer({k: v.clone() for k, v in start.items()}, np.ones(WORDS), settings, torch.float32, "cpu")
    words = Text(data, 3, 1, "cpu").words(0, 0)
    loss = trainer.update(words, 0.01)

    encoder, decoder = torch.nn.Embedding(WORDS, 6), torch.nn.Linear(6, WORDS)
    rnn = torch.nn.LSTM(6, 6, 2)
    model = torch.nn.ModuleDict({"encoder": encoder, "rnn": rnn, "decoder": decoder})
    model.load_state_dict(start)
    adam = torch.optim.Adam(model.parameters(), 0.01 / train_english.WARM_UP, (0.9, 0.98), 1e-9)
    plain = torch.nn.functional.cross_entropy(decoder(rnn(encoder(words[:-1]))[0]).flatten(0, 1), words[1:].flatten())
    plain.backward()
    norm = torch.nn.utils.clip_grad_norm_(model.parameters(), train_english.CLIP)
    adam.step()
    assert loss.item() == pytest.approx(plain.item(), rel=1e-6) and norm > 2 * train_english.CLIP
    for name, tensor in model.named_parameters():
        assert not torch.equal(tensor, start[name])
        torch.testing.assert_close(trainer.weights[name], tensor.data, rtol=1e-4, atol=1e-7)
        if name in trainer.tables:  # the gradient, clipped: Adam's first step is blind to its size
            torch.testing.assert_close(trainer.tables[name].m, adam.state[tensor]["exp_avg"], rtol=1e-4, atol=1e-9)


def test_dropout_is_between_the_layers_too(data):
    words = Text(data, 3, 1, "cpu").words(0, 0)
    trainer = Trainer(new_weights(WORDS, 6, 2), np.ones(WORDS), Settings(6, batch=3, dropout=0.5), torch.float32, "cpu")
    assert trainer.rnn.dropout == 0.5 and trainer.rnn.training
    with torch.no_grad():
        h = [trainer.rnn(torch.ones(2, 3, 6))[0] for _ in range(2)]
    assert not torch.equal(*h)
    trainer.update(words, 0.01)
    plain = Trainer(
        new_weights(WORDS, 6, 1), np.ones(WORDS), Settings(6, 1, batch=3, dropout=0.5), torch.float32, "cpu"
    )
    assert plain.rnn.dropout == 0  # nn.LSTM warns of a dropout after its only layer; the trainer's own is there
    plain.update(words, 0.01)


def test_words_are_drawn_as_often_as_the_sampler_says():
    counts, rng, draws = np.array([50, 30, 10, 6, 3, 1]), np.random.default_rng(0), 4000
    sampler = Sampler(counts, samples=3, batch_words=4)
    seen = np.zeros(6)
    for _ in range(draws):
        targets = torch.from_numpy(rng.choice(6, 4, p=counts / counts.sum()))
        candidates, log_inclusion, places = sampler.draw(targets)
        assert torch.equal(candidates[places], targets) and (candidates.diff() > 0).all()
        assert torch.equal(log_inclusion, sampler.log_inclusion[candidates])
        seen[candidates.numpy()] += 1
    p = np.exp(sampler.log_inclusion.numpy())
    assert np.all(np.abs(seen / draws - p) < 4 * np.sqrt(p * (1 - p) / draws) + 1e-9)


def test_perplexity_is_that_of_the_package(data):
    torch.manual_seed(6)
    tensors = {name: tensor * 4 for name, tensor in new_weights(WORDS, 6, 2).items()}
    ids = np.load(data / "held_out.npy")
    vocabulary = (data / "vocab.txt").read_text(encoding="utf-8").splitlines()
    arrays = {name: tensor.numpy() for name, tensor in tensors.items()}
    model = LanguageModel.from_state_dict(arrays, vocabulary, context=["<eos>"])
    expected = model.perplexity([vocabulary[k] for k in ids], model.trace("<eos>").state)
    assert train_english.perplexity(tensors, ids, streams=1) == pytest.approx(expected, rel=1e-5)
    assert train_english.perplexity(tensors, ids, streams=7) == pytest.approx(expected, rel=0.05)


def run_python(data, folder, **environment):
    """`train` in a process of its own, precision left to it; returns what it prints."""
    options = ["--hidden", "16", "--batch", "4", "--tokens", str(5 * 4 * train_english.STEPS)]
    command = [sys.executable, str(WEIGHTS / "train_english.py"), "train", str(data), str(folder), *options]
    result = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="oneDNN's switch is for x86 processors")
def test_it_runs_on_a_processor_without_avx_512(data, tmp_path):
    """oneDNN is told to do without AVX-512; a bfloat16 LSTM then is 'could not create a primitive descriptor'."""
    printed = run_python(data, tmp_path, ONEDNN_MAX_CPU_ISA="AVX2")
    assert printed.startswith("precision: float32, since this cpu cannot train an LSTM in bfloat16")
    assert all(np.isfinite(array).all() for array in weights(tmp_path).values())


def test_it_runs_in_the_precision_that_there_is(data, tmp_path):
    """Also on from a state in the other precision."""
    best = train_english.choose_precision("cpu")
    printed = run_python(data, tmp_path)
    assert printed.startswith(f"precision: {'bfloat16' if best == torch.bfloat16 else 'float32, since'}")
    first = weights(tmp_path)
    more = ["--tokens", str(10 * 4 * train_english.STEPS), "--precision", "float32"]
    train_english.main(["train", str(data), str(tmp_path), *more])
    assert any((array != first[name]).any() for name, array in weights(tmp_path).items())
    assert log(tmp_path)[-1][0] == 10 * 4 * train_english.STEPS


def test_where_no_bfloat16_lstm_is_to_be_had_float32_is_chosen(monkeypatch):
    def forward(self, x, state=None):
        if torch.is_autocast_enabled("cpu"):
            raise RuntimeError("could not create a primitive descriptor for the LSTM forward propagation primitive")

    monkeypatch.setattr(torch.nn.LSTM, "forward", forward)
    assert train_english.choose_precision("cpu") == torch.float32


def test_wrong_options_are_named(data, tmp_path, capsys):
    run = tmp_path / "run"
    train(data, run, 2)
    words = tmp_path / "words.txt"
    words.write_text("Ann\nZoe\n")
    for options, said in (
        (["train", str(data), str(run), "--hidden", "7"], "another hidden"),
        (["train", str(data), str(run), "--out", "x"], "train has none"),
        (["decay", str(data), str(run)], "needs --out"),
        (["decay", str(data), str(tmp_path / "none"), "--out", str(tmp_path / "out")], "no checkpoint.pt"),
        (["train", str(data), str(run), "--snapshot-words", str(words)], "Zoe"),
    ):
        with pytest.raises(SystemExit):
            train_english.main(options)
        assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_snapshots_are_taken_at_log_spaced_times(data, tmp_path, monkeypatch):
    monkeypatch.setattr(train_english, "SNAPSHOTS_PER_DECADE", 5)
    words = tmp_path / "words.txt"
    words.write_text("Ann\nsees\n<unk>\n")
    train(data, tmp_path, 50, "--snapshot-words", str(words))
    tokens = [int(path.stem.split("-")[1]) for path in sorted((tmp_path / "snapshots").iterdir())]
    assert tokens[0] == 0 and tokens[-1] == 50 * STEP and 8 < len(tokens) < 12
    with np.load(tmp_path / "snapshots" / f"tokens-{50 * STEP:012d}.npz") as file:
        vocabulary = (data / "vocab.txt").read_text(encoding="utf-8").splitlines()
        assert [vocabulary[row] for row in file["rows"]] == ["Ann", "sees", "<unk>"]
        expected = weights(tmp_path)
        np.testing.assert_allclose(file["decoder.weight"], expected["decoder.weight"][file["rows"]], 1e-2, 1e-4)
        np.testing.assert_allclose(file["rnn.weight_hh_l1"], expected["rnn.weight_hh_l1"], 1e-2, 1e-4)


def test_begin_with_a_shipped_model_and_other_words(data, tmp_path):
    """The words that both know keep their rows; new ones share the probability that `<unk>` had."""
    tensors = weights(tmp_path) if train(data, tmp_path, 30) else None
    words = (data / "vocab.txt").read_text(encoding="utf-8").split("\n")[:-1]
    gone, old_words = {"Ann", "hears"}, [word for word in words if word not in {"Ann", "hears"}]
    kept = [i for i, word in enumerate(words) if word not in gone]
    tensors |= {name: tensors[name][kept] for name in ("encoder.weight", "decoder.weight", "decoder.bias")}
    model = LanguageModel.from_state_dict(tensors, old_words)
    counts = np.load(data / "word_counts.npy")
    begun = {name: tensor.numpy() for name, tensor in train_english.weights_of(model, words, counts).items()}
    for name, tensor in model.state_dict().items():
        at, known = (kept[1:], slice(1, None)) if name.split(".")[0] in ("encoder", "decoder") else (..., ...)
        np.testing.assert_array_equal(begun[name][at], tensor[known], err_msg=name)
    was_unknown = [0, *(words.index(word) for word in gone)]
    np.testing.assert_allclose(
        np.exp(begun["decoder.bias"][was_unknown]).sum(), np.exp(tensors["decoder.bias"][0]), rtol=1e-5
    )

    model.save(tmp_path / "old.npz")
    run = tmp_path / "run"
    train(data, run, 3, "--begin", str(tmp_path / "old.npz"))
    place = torch.load(run / "checkpoint.pt", weights_only=True)["place"]
    assert place["begun"]["from"] == "old.npz"
    with pytest.raises(SystemExit):
        train(data, tmp_path / "other", 3, "--begin", str(tmp_path / "old.npz"), "--layers", "1")
