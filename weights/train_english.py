"""Train the English LSTM language model on the folder that `prepare_text.py` wrote.

Needs PyTorch; a CPU will do.

    python weights/train_english.py train data/ run/ --start weights.npz   # constant rate, until stopped
    python weights/train_english.py decay data/ run/ --out final/          # full softmax, rate falling to 0
    python weights/train_english.py evaluate data/ weights.npz

`train` and `decay` go on from the checkpoint in their folder if there is one. They write into it

    checkpoint.pt    weights, optimiser, place in the text, random state; every four minutes and on SIGTERM
    weights.npz      the weights alone, float32, PyTorch's names, at the same times
    log.tsv          tokens, processor seconds, perplexity of held-out text, mean training loss
    snapshots/       the LSTM and the rows of some words at log-spaced times, float16

The text is shuffled sentences, read as 128 streams, 35 words at a time. What makes it fast enough for one
core is in `sampled_softmax.py`; also, matrix products are in bfloat16 (nn.LSTM leaves them to oneDNN).
"""

import argparse
import os
import signal
import time
from pathlib import Path

import numpy as np
import torch
from prepare_text import lay_out
from sampled_softmax import RowAdam, Sampler, softmax_and_gradients
from torch.nn import functional

HIDDEN, LAYERS, BATCH, STEPS = 256, 2, 128, 35
RATE, BETAS, EPSILON, CLIP, WARM_UP = 3e-3, (0.9, 0.98), 1e-9, 1.0, 200
SAMPLES = 1500
DROP_STATE = 0.01  # share of steps that begin with a zero state: the model must manage without a past, too
EVALUATE_EVERY, HELD_OUT, CHECKPOINT_SECONDS = 5_000_000, 60_000, 240
SNAPSHOTS_PER_DECADE = 24


def new_weights(words):
    """A fresh model's tensors by name: tables uniform in +-0.1, the LSTM as PyTorch makes it."""
    encoder, decoder = (torch.rand(words, HIDDEN) * 0.2 - 0.1 for _ in range(2))
    tables = {"encoder.weight": encoder, "decoder.weight": decoder, "decoder.bias": torch.zeros(words)}
    rnn = torch.nn.LSTM(HIDDEN, HIDDEN, LAYERS).state_dict()
    return tables | {f"rnn.{name}": tensor for name, tensor in rnn.items()}


def build_rnn(weights, device):
    rnn = torch.nn.LSTM(HIDDEN, HIDDEN, LAYERS).to(device)
    rnn.load_state_dict({name[4:]: tensor for name, tensor in weights.items() if name.startswith("rnn.")})
    return rnn


class Text:
    """Training text as BATCH parallel streams, its sentences in a new order in each epoch."""

    def __init__(self, folder):
        self.ids = np.load(folder / "train.npy")
        ends = np.flatnonzero(self.ids == 1)
        self.starts = np.concatenate([[0], ends[:-1] + 1])
        self.lengths = ends - self.starts
        self.epoch = None

    def batch(self, epoch, step):
        """Words (STEPS + 1, BATCH), the last row being the next batch's first; None: the epoch is over."""
        if epoch != self.epoch:
            order = np.random.default_rng([7, epoch]).permutation(len(self.starts))
            text = lay_out(order, self.ids, self.starts, self.lengths)
            self.epoch, self.streams = epoch, text[: len(text) // BATCH * BATCH].reshape(BATCH, -1)
        piece = self.streams[:, step * STEPS : (step + 1) * STEPS + 1]
        return torch.from_numpy(piece.T.astype(np.int64)) if piece.shape[1] == STEPS + 1 else None


class Trainer:
    """The model, and all that has to be saved to go on exactly where it stopped."""

    def __init__(self, weights, counts, samples, tokens, precision, device):
        self.weights = {name: tensor.float().to(device) for name, tensor in weights.items()}
        self.rnn = build_rnn(self.weights, device)
        self.weights |= {f"rnn.{name}": parameter.data for name, parameter in self.rnn.named_parameters()}
        self.adam = torch.optim.Adam(self.rnn.parameters(), RATE, BETAS, EPSILON)
        tables = ("encoder.weight", "decoder.weight", "decoder.bias")
        self.tables = {name: RowAdam(self.weights[name], BETAS, EPSILON) for name in tables}
        self.sampler, self.precision, self.device = Sampler(counts, samples, BATCH * STEPS), precision, device
        self.rng, self.state = np.random.default_rng(1), None
        self.place = {"epoch": 0, "step": 0, "updates": 0, "tokens": tokens, "seconds": 0.0}

    def update(self, words, rate):
        """One step on words (STEPS + 1, BATCH); returns the loss."""
        targets = words[1:].flatten()
        candidates = self.sampler.candidates(targets, self.rng)
        used, x = torch.unique(words[:-1], return_inverse=True)
        y, offset = torch.searchsorted(candidates, targets), self.sampler.log_inclusion[candidates]
        used, x, candidates, y, offset = (t.to(self.device) for t in (used, x, candidates, y, offset))
        if self.rng.random() < DROP_STATE:
            self.state = None

        E = self.weights["encoder.weight"][used].requires_grad_()
        with torch.autocast(self.device, self.precision, enabled=self.precision != torch.float32):
            h, state = self.rnn(functional.embedding(x, E), self.state)  # (STEPS, BATCH, HIDDEN)
        self.state = tuple(tensor.detach() for tensor in state)
        W = self.weights["decoder.weight"][candidates].to(h.dtype)
        b = self.weights["decoder.bias"][candidates] - offset
        loss, dh, dW, db = softmax_and_gradients(h.detach().reshape(-1, HIDDEN), W, b, y)
        self.adam.zero_grad()
        h.backward(dh.view_as(h))

        gradients = [p.grad for p in self.rnn.parameters()] + [E.grad, dW, db]
        norm = torch.sqrt(sum((g**2).sum() for g in gradients))
        torch._foreach_mul_(gradients, float(torch.clamp(CLIP / norm, max=1.0)))
        self.place["updates"] += 1
        t = self.place["updates"]
        rate *= min(1.0, t / WARM_UP)
        self.adam.param_groups[0]["lr"] = rate
        self.adam.step()
        self.tables["encoder.weight"].step(used, E.grad, rate, t)
        self.tables["decoder.weight"].step(candidates, dW, rate, t)
        self.tables["decoder.bias"].step(candidates, db, rate, t)
        return loss

    def save(self, folder):
        moments = {name: (table.m, table.v) for name, table in self.tables.items()}
        everything = {"weights": self.weights, "adam": self.adam.state_dict(), "moments": moments}
        everything |= {"place": self.place, "state": self.state, "rng": self.rng.bit_generator.state}
        write_whole(folder / "checkpoint.pt", lambda file: torch.save(everything, file))
        weights = {name: tensor.cpu().numpy() for name, tensor in self.weights.items()}
        write_whole(folder / "weights.npz", lambda file: np.savez(file, **weights))

    def restore(self, path):
        saved = torch.load(path, map_location=self.device, weights_only=True)
        for name, tensor in saved["weights"].items():
            self.weights[name].copy_(tensor)
        self.adam.load_state_dict(saved["adam"])
        for name, (m, v) in saved["moments"].items():
            self.tables[name].m, self.tables[name].v = m, v
        self.place, self.state, self.rng.bit_generator.state = saved["place"], saved["state"], saved["rng"]


def write_whole(path, write):
    """Have `write(file)` write a temporary file, then put that in the place of `path`."""
    temporary = path.with_name(f".{path.name}.partial")
    with open(temporary, "wb") as file:
        write(file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def load_weights(path):
    with np.load(path) as file:
        return {name: torch.from_numpy(file[name]).float() for name in file.files}


@torch.no_grad()
def perplexity(weights, ids, streams=20, steps=50):
    """exp(mean surprisal) of the words in `ids`, `<eos>` among them; full softmax, float32."""
    device = weights["encoder.weight"].device
    rnn, state, total = build_rnn(weights, device), None, 0.0
    words = torch.from_numpy(ids[: len(ids) // streams * streams].astype(np.int64)).view(streams, -1).T
    words = torch.cat([torch.ones_like(words[:1]), words]).to(device)  # each stream follows an <eos>
    for low in range(0, len(words) - 1, steps):
        x, y = words[low : low + steps], words[low + 1 : low + steps + 1]
        h, state = rnn(weights["encoder.weight"][x[: len(y)]], state)
        logits = functional.linear(h.flatten(0, 1), weights["decoder.weight"], weights["decoder.bias"])
        total += float(functional.cross_entropy(logits, y.flatten(), reduction="sum"))
    return float(np.exp(total / words[1:].numel()))


def save_snapshot(folder, weights, tokens, rows):
    """The LSTM and these rows (array of word numbers) of embedding and decoder, float16, about 2 MB."""
    folder.mkdir(exist_ok=True)
    arrays = {name: tensor.cpu().numpy().astype(np.float16) for name, tensor in weights.items()}
    arrays = {name: array if name.startswith("rnn.") else array[rows] for name, array in arrays.items()}
    arrays |= {"rows": rows.astype(np.int32), "tokens": np.int64(tokens)}
    write_whole(folder / f"tokens-{tokens:012d}.npz", lambda file: np.savez(file, **arrays))


def fit(trainer, data, folder, rate, stop_at, rows):
    """Train until `stop_at` tokens or a signal; `rate` is a function of the tokens read."""
    stopped = []
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stopped.append(True))
    place, text, held_out = trainer.place, Text(data), np.load(data / "held_out.npy")[:HELD_OUT]
    losses, since, saved = [], time.process_time(), time.monotonic()

    def evaluate():
        numbers = place["seconds"], perplexity(trainer.weights, held_out), np.mean(losses or [np.nan])
        line = f"{place['tokens']}\t" + "{:.0f}\t{:.3f}\t{:.4f}\n".format(*numbers)
        with open(folder / "log.tsv", "a", encoding="utf-8") as log:
            log.write(line)
        print(line, end="", flush=True)
        losses.clear()

    if not place["updates"]:
        evaluate()
        save_snapshot(folder / "snapshots", trainer.weights, place["tokens"], rows)
    while place["tokens"] < stop_at and not stopped:
        words = text.batch(place["epoch"], place["step"])
        if words is None:
            place |= {"epoch": place["epoch"] + 1, "step": 0}
            continue
        losses.append(trainer.update(words, rate(place["tokens"])))
        before, now = place["tokens"], time.process_time()
        place |= {"step": place["step"] + 1, "tokens": before + BATCH * STEPS}
        place["seconds"], since = place["seconds"] + now - since, now
        ended = place["tokens"] >= stop_at
        if ended or np.ptp(np.floor(SNAPSHOTS_PER_DECADE * np.log10([before + 1, place["tokens"]]))):
            save_snapshot(folder / "snapshots", trainer.weights, place["tokens"], rows)
        if ended or place["tokens"] // EVALUATE_EVERY > before // EVALUATE_EVERY:
            evaluate()
        if time.monotonic() - saved > CHECKPOINT_SECONDS:
            trainer.save(folder)
            saved = time.monotonic()
    trainer.save(folder)
    print(f"stopped at {place['tokens']:,} tokens after {place['seconds']:.0f} s", flush=True)


def main(arguments=None):
    summary, _, rest = __doc__.partition("\n\n")
    parser = argparse.ArgumentParser(
        description=summary, epilog=rest, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("command", choices=("train", "decay", "evaluate"))
    add("data", type=Path, help="folder that prepare_text.py wrote")
    add("path", type=Path, help="folder of the run; evaluate: a file of weights")
    add("--out", type=Path, help="decay: folder for the decayed model")
    add("--tokens", type=float, help="train: stop at so many in all (1e9); decay: its length (25e6)")
    add("--start", type=Path, help="train: weights (.npz) to go on from; default: at random")
    add("--tokens-before", type=float, default=0, help="train: how many those have read")
    add("--samples", type=int, help=f"words drawn for the softmax, 0: all words; train {SAMPLES}, decay 0")
    add("--snapshot-words", type=Path, help="one a line; default: the 500 most frequent")
    add("--precision", default="bfloat16", choices=("bfloat16", "float32"))
    add("--threads", type=int, default=1)
    add("--device", default="cpu", choices=("cpu", "cuda"))
    a = parser.parse_args(arguments)
    torch.set_num_threads(a.threads)
    torch.manual_seed(1)
    if a.command == "evaluate":
        weights = {name: tensor.to(a.device) for name, tensor in load_weights(a.path).items()}
        return print(f"{perplexity(weights, np.load(a.data / 'held_out.npy')[:HELD_OUT]):.3f}")

    decay = a.command == "decay"
    vocabulary = (a.data / "vocab.txt").read_text(encoding="utf-8").split("\n")[:-1]
    if decay != (a.out is not None):
        parser.error("decay needs --out, train has none")
    words = a.snapshot_words.read_text(encoding="utf-8").split() if a.snapshot_words else vocabulary[:500]
    index = {word: i for i, word in enumerate(vocabulary)}
    if missing := [word for word in words if word not in index]:
        parser.error(f"{a.snapshot_words}: not in {a.data / 'vocab.txt'}: {' '.join(missing)}")
    samples = (0 if decay else SAMPLES) if a.samples is None else a.samples
    tokens = (25e6 if decay else 1e9) if a.tokens is None else a.tokens
    weights = load_weights(a.start) if a.start else new_weights(len(vocabulary))
    counts, precision = np.load(a.data / "word_counts.npy"), getattr(torch, a.precision)
    trainer = Trainer(weights, counts, samples, int(a.tokens_before), precision, a.device)
    folder = a.out if decay else a.path
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / "checkpoint.pt").exists():
        trainer.restore(folder / "checkpoint.pt")
    elif decay:
        trainer.restore(a.path / "checkpoint.pt")
        trainer.place["decay_from"] = trainer.place["tokens"]
    stop_at = trainer.place["decay_from"] + tokens if decay else tokens
    rate = (lambda read: RATE * (stop_at - read) / tokens) if decay else (lambda read: RATE)
    fit(trainer, a.data, folder, rate, stop_at, np.array([index[word] for word in words]))


if __name__ == "__main__":
    main()
