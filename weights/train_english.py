"""Train the English LSTM language model on the folder that `prepare_text.py` wrote.

Needs PyTorch; a CPU will do.

    python weights/train_english.py train data/ run/                        # constant rate, until stopped
    python weights/train_english.py decay data/ run/ --out final/           # rate falling to 0, then it is done
    python weights/train_english.py evaluate data/ final/weights.npz

`train` and `decay` go on from the checkpoint in their folder if there is one, with its settings. They write into it

    checkpoint.pt    weights, optimiser, settings, place in the text, random state; every four minutes and on SIGTERM
    weights.npz      the weights alone, float32, PyTorch's names, at the same times
    log.tsv          tokens, processor seconds, perplexity of held-out text, mean training loss
    snapshots/       the LSTM and the rows of some words at log-spaced times, float16

The text is shuffled sentences, read as parallel streams, 35 words at a time. What makes it fast enough for one core is
in `sampled_softmax.py`; also, matrix products are in bfloat16 where the processor has them (nn.LSTM leaves them to
oneDNN). On a GPU there is room for more units and longer batches, and every word can be in every softmax:

    python weights/train_english.py train data/ run/ --device cuda --hidden 650 --dropout 0.2 --batch 512 --samples 0

A run can go on from a model that was shipped, also with another vocabulary (`--begin weights/english.npz`).
"""

import argparse
import os
import signal
import time
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
import torch
from prepare_text import lay_out
from sampled_softmax import RowAdam, Sampler, softmax_and_gradients
from torch.nn import functional

from minilstm import load

STEPS = 35
BETAS, EPSILON, CLIP, WARM_UP = (0.9, 0.98), 1e-9, 1.0, 200
DROP_STATE = 0.01  # share of updates that begin with a zero state: the model must manage without a past, too
HELD_OUT, CHECKPOINT_SECONDS = 60_000, 240
SNAPSHOTS_PER_DECADE = 24


@dataclass(frozen=True)
class Settings:
    """What makes the network and its training; kept in the checkpoint."""

    hidden: int = 256  # units of a layer, and size of the embedding
    layers: int = 2
    dropout: float = 0.1  # of embeddings and of the outputs of every layer, as in PyTorch's recipe for such models
    batch: int = 128  # parallel streams
    samples: int = 1000  # words drawn for the softmax; 0: all words
    rate: float = 3e-3
    seed: int = 1


def choose_precision(device):
    """The type that autocast gives an LSTM here: bfloat16, on a GPU float16; float32 if it cannot be trained in either.

    That is so on a processor without AVX-512, most laptops.
    """
    rnn, x = torch.nn.LSTM(16, 16).to(device), torch.zeros(2, 4, 16, device=device)
    try:
        with torch.autocast(device, torch.bfloat16):
            h, _ = rnn(x)
        h.sum().backward()
    except RuntimeError:
        return torch.float32
    return h.dtype


def new_weights(words, hidden, layers):
    """A fresh model's tensors by name: tables uniform in +-0.1, the LSTM as PyTorch makes it."""
    encoder, decoder = (torch.rand(words, hidden) * 0.2 - 0.1 for _ in range(2))
    tables = {"encoder.weight": encoder, "decoder.weight": decoder, "decoder.bias": torch.zeros(words)}
    rnn = torch.nn.LSTM(hidden, hidden, layers).state_dict()
    return tables | {f"rnn.{name}": tensor for name, tensor in rnn.items()}


def weights_of(model, vocabulary, counts):
    """The tensors of a shipped model, for another vocabulary.

    A word that it lacks begins as its `<unk>`, of which it was a part until now, somewhat displaced so that such words
    differ; their share of the logits of `<unk>` is that of their counts.
    """
    old = {name: torch.from_numpy(array).float() for name, array in model.state_dict().items()}
    row = {word: i for i, word in enumerate(model.vocabulary)}
    rows = torch.tensor([row.get(word, 0) for word in vocabulary])
    new = torch.tensor([word not in row for word in vocabulary])
    for name in ("encoder.weight", "decoder.weight"):
        old[name] = old[name][rows]
        old[name][new] += 0.1 * torch.randn(int(new.sum()), old[name].shape[1])
    was_unknown = new.clone()
    was_unknown[0] = True
    share = torch.from_numpy(np.maximum(counts, 1)).float() * was_unknown
    old["decoder.bias"] = old["decoder.bias"][rows]
    old["decoder.bias"][was_unknown] += torch.log(share / share.sum())[was_unknown]
    return old


def build_rnn(weights, dropout=0.0):
    """The nn.LSTM that these weights are of."""
    tensors = {name[4:]: tensor for name, tensor in weights.items() if name.startswith("rnn.")}
    hidden = tensors["weight_hh_l0"].shape[1]
    rnn = torch.nn.LSTM(hidden, hidden, len(tensors) // 4, dropout=dropout).to(tensors["weight_hh_l0"].device)
    rnn.load_state_dict(tensors)
    return rnn


class Text:
    """Training text as parallel streams on the device, its sentences in a new order in each epoch."""

    def __init__(self, folder, batch, seed, device):
        self.ids = np.load(folder / "train.npy")
        ends = np.flatnonzero(self.ids == 1)
        self.starts = np.concatenate([[0], ends[:-1] + 1])
        self.lengths = ends - self.starts
        self.batch, self.seed, self.device, self.epoch = batch, seed, device, None

    def words(self, epoch, step):
        """Word numbers (STEPS + 1, batch), the last row being the next step's first; None: the epoch is over."""
        if epoch != self.epoch:
            order = np.random.default_rng([self.seed, epoch]).permutation(len(self.starts))
            text = lay_out(order, self.ids, self.starts, self.lengths)
            text = text[: len(text) // self.batch * self.batch].reshape(self.batch, -1)
            signed = np.int16 if text.max() < 2**15 else np.int32  # torch can do little with unsigned numbers
            self.epoch, self.streams = epoch, torch.from_numpy(text.astype(signed)).to(self.device)
        piece = self.streams[:, step * STEPS : (step + 1) * STEPS + 1]
        return piece.T.long() if piece.shape[1] == STEPS + 1 else None


class Trainer:
    """The model, and all that has to be saved to go on exactly where it stopped."""

    def __init__(self, weights, counts, settings, precision, device):
        self.settings, self.precision, self.device = settings, precision, device
        self.weights = {name: tensor.float().to(device) for name, tensor in weights.items()}
        self.rnn = build_rnn(self.weights, settings.dropout if settings.layers > 1 else 0.0)
        self.weights |= {f"rnn.{name}": parameter.data for name, parameter in self.rnn.named_parameters()}
        self.adam = torch.optim.Adam(self.rnn.parameters(), settings.rate, BETAS, EPSILON)
        tables = ("encoder.weight", "decoder.weight", "decoder.bias")
        self.tables = {name: RowAdam(self.weights[name], BETAS, EPSILON) for name in tables}
        self.sampled = Sampler(counts, settings.samples, settings.batch * STEPS, device)
        self.all_words = Sampler(counts, 0, settings.batch * STEPS, device)
        self.state = None
        self.place = {"epoch": 0, "step": 0, "updates": 0, "tokens": 0, "seconds": 0.0}

    def update(self, words, rate, full=False):
        """One step on words (STEPS + 1, batch), with all words in the softmax if `full`; returns the loss."""
        targets = words[1:].flatten()
        candidates, offset, y = (self.all_words if full else self.sampled).draw(targets)
        if self.settings.samples:
            used, x = torch.unique(words[:-1], return_inverse=True)
        else:  # every row: to learn which ones are used, the processor would have to wait for the GPU
            used, x = candidates, words[:-1]
        if torch.rand(()) < DROP_STATE:
            self.state = None

        E = self.weights["encoder.weight"][used].requires_grad_()
        with torch.autocast(self.device, self.precision, enabled=self.precision != torch.float32):
            x = functional.dropout(functional.embedding(x, E), self.settings.dropout)
            h, state = self.rnn(x, self.state)
            h = functional.dropout(h, self.settings.dropout).flatten(0, 1)  # (STEPS * batch, hidden)
        self.state = tuple(tensor.detach() for tensor in state)
        W = self.weights["decoder.weight"][candidates].to(h.dtype)
        b = self.weights["decoder.bias"][candidates] - offset
        loss, dh, dW, db = softmax_and_gradients(h.detach(), W, b, y)
        self.adam.zero_grad()
        h.backward(dh)

        # Gradients are of the sum until here: those of the mean could be below what float16 can tell from 0.
        gradients = [p.grad for p in self.rnn.parameters()] + [E.grad, dW, db]
        norm = torch.sqrt(sum((g**2).sum() for g in gradients)) / len(targets)
        torch._foreach_mul_(gradients, torch.clamp(CLIP / norm, max=1.0) / len(targets))
        if self.precision == torch.float16:  # what goes beyond its largest number is lost, and not the model with it
            for gradient in gradients:
                gradient.nan_to_num_(0.0, 0.0, 0.0)
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
        everything = {"settings": asdict(self.settings), "place": self.place, "state": self.state}
        everything |= {"weights": self.weights, "adam": self.adam.state_dict(), "moments": moments}
        everything["random"] = torch.get_rng_state()
        if self.device == "cuda":
            everything["random_cuda"] = torch.cuda.get_rng_state()
        write_whole(folder / "checkpoint.pt", lambda file: torch.save(everything, file))
        weights = {name: tensor.cpu().numpy() for name, tensor in self.weights.items()}
        write_whole(folder / "weights.npz", lambda file: np.savez(file, **weights))

    def restore(self, saved):
        for name, tensor in saved["weights"].items():
            self.weights[name].copy_(tensor)
        self.adam.load_state_dict(saved["adam"])
        for name, moments in saved["moments"].items():
            self.tables[name].m, self.tables[name].v = (tensor.to(self.device) for tensor in moments)
        self.state = saved["state"] and tuple(tensor.to(self.device, self.precision) for tensor in saved["state"])
        self.place = saved["place"]
        torch.set_rng_state(saved["random"])
        if self.device == "cuda" and "random_cuda" in saved:
            torch.cuda.set_rng_state(saved["random_cuda"])


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
    rnn, state, total = build_rnn(weights), None, 0.0
    words = torch.from_numpy(ids[: len(ids) // streams * streams].astype(np.int64)).view(streams, -1).T
    words = torch.cat([torch.ones_like(words[:1]), words]).to(weights["encoder.weight"].device)  # after an <eos>
    for low in range(0, len(words) - 1, steps):
        x, y = words[low : low + steps], words[low + 1 : low + steps + 1]
        h, state = rnn(weights["encoder.weight"][x[: len(y)]], state)
        logits = functional.linear(h.flatten(0, 1), weights["decoder.weight"], weights["decoder.bias"])
        total += float(functional.cross_entropy(logits, y.flatten(), reduction="sum"))
    return float(np.exp(total / words[1:].numel()))


def save_snapshot(folder, weights, tokens, rows):
    """The LSTM and these rows (array of word numbers) of embedding and decoder, float16."""
    folder.mkdir(exist_ok=True)
    arrays = {name: tensor.cpu().numpy().astype(np.float16) for name, tensor in weights.items()}
    arrays = {name: array if name.startswith("rnn.") else array[rows] for name, array in arrays.items()}
    arrays |= {"rows": rows.astype(np.int32), "tokens": np.int64(tokens)}
    write_whole(folder / f"tokens-{tokens:012d}.npz", lambda file: np.savez(file, **arrays))


def fit(trainer, data, folder, stop_at, rows, evaluate_every, falling=None, full_from=np.inf):
    """Train until `stop_at` tokens or a signal.

    The rate is constant, or falls to 0 during the last `falling` tokens; from `full_from` tokens on, the softmax is
    over all words.
    """
    stopped = []
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stopped.append(True))
    settings, place, held_out = trainer.settings, trainer.place, np.load(data / "held_out.npy")[:HELD_OUT]
    text = Text(data, settings.batch, settings.seed, trainer.device)
    losses, since, saved = [], time.process_time(), time.monotonic()

    def evaluate():
        loss = torch.stack(losses).mean() if losses else np.nan
        numbers = place["seconds"], perplexity(trainer.weights, held_out), loss
        line = f"{place['tokens']}\t" + "{:.0f}\t{:.3f}\t{:.4f}\n".format(*numbers)
        with open(folder / "log.tsv", "a", encoding="utf-8") as log:
            log.write(line)
        print(line, end="", flush=True)
        losses.clear()

    if not place["updates"]:
        evaluate()
        save_snapshot(folder / "snapshots", trainer.weights, place["tokens"], rows)
    while place["tokens"] < stop_at and not stopped:
        words = text.words(place["epoch"], place["step"])
        if words is None:
            place |= {"epoch": place["epoch"] + 1, "step": 0}
            continue
        before, now = place["tokens"], time.process_time()
        rate = settings.rate * ((stop_at - before) / falling if falling else 1)
        losses.append(trainer.update(words, rate, before >= full_from))
        place |= {"step": place["step"] + 1, "tokens": before + settings.batch * STEPS}
        place["seconds"], since = place["seconds"] + now - since, now
        ended = place["tokens"] >= stop_at
        if ended or np.ptp(np.floor(SNAPSHOTS_PER_DECADE * np.log10([before + 1, place["tokens"]]))):
            save_snapshot(folder / "snapshots", trainer.weights, place["tokens"], rows)
        if ended or place["tokens"] // evaluate_every > before // evaluate_every:
            evaluate()
        if time.monotonic() - saved > CHECKPOINT_SECONDS:
            trainer.save(folder)
            saved = time.monotonic()
    trainer.save(folder)
    print(f"stopped at {place['tokens']:,} tokens after {place['seconds']:.0f} s", flush=True)


def parse(arguments):
    """The options, and the parser for complaints about them."""
    summary, _, rest = __doc__.partition("\n\n")
    parser = argparse.ArgumentParser(
        description=summary, epilog=rest, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("command", choices=("train", "decay", "evaluate"))
    add("data", type=Path, help="folder that prepare_text.py wrote")
    add("path", type=Path, help="folder of the run; evaluate: a file of weights")
    add("--out", type=Path, help="decay: folder for the decayed model")
    add("--tokens", type=float, help="train: stop at so many in all (1e9); decay: its length (60e6)")
    add("--full", type=float, default=6e6, help="decay: its last tokens, with all words in the softmax (%(default)s)")
    for field in fields(Settings):
        add(f"--{field.name}", type=field.type, help=f"of a new run ({field.default})")
    add("--begin", type=Path, metavar="MODEL", help="a new run: with the weights of this model, not random ones")
    add("--snapshot-words", type=Path, help="one a line; default: the 500 most frequent")
    add("--evaluate-every", type=float, default=10e6, help="tokens (%(default)s)")
    add("--precision", default="auto", choices=("auto", "float32"), help="auto: 16 bits where an LSTM can be in it")
    add("--threads", type=int, default=1)
    add("--device", default="cpu", choices=("cpu", "cuda"))
    a = parser.parse_args(arguments)
    if (a.command == "decay") != (a.out is not None):
        parser.error("decay needs --out, train has none")
    return a, parser


def main(arguments=None):
    a, parser = parse(arguments)
    torch.set_num_threads(a.threads)
    if a.command == "evaluate":
        weights = {name: tensor.to(a.device) for name, tensor in load_weights(a.path).items()}
        return print(f"{perplexity(weights, np.load(a.data / 'held_out.npy')[:HELD_OUT]):.3f}")

    decay = a.command == "decay"
    vocabulary = (a.data / "vocab.txt").read_text(encoding="utf-8").split("\n")[:-1]
    words = a.snapshot_words.read_text(encoding="utf-8").split() if a.snapshot_words else vocabulary[:500]
    index = {word: i for i, word in enumerate(vocabulary)}
    if missing := [word for word in words if word not in index]:
        parser.error(f"{a.snapshot_words}: not in {a.data / 'vocab.txt'}: {' '.join(missing)}")
    precision = choose_precision(a.device) if a.precision == "auto" else torch.float32
    if a.precision == "float32":
        print("precision: float32, as asked for")
    elif precision == torch.float32:
        print(f"precision: float32, since this {a.device} cannot train an LSTM in bfloat16; several times slower")
    else:
        print(f"precision: {str(precision).removeprefix('torch.')}")

    folder = a.out if decay else a.path
    last = next((f / "checkpoint.pt" for f in (folder, a.path) if (f / "checkpoint.pt").exists()), None)
    saved = torch.load(last, map_location="cpu", weights_only=True) if last else None
    if decay and not saved:
        parser.error(f"{a.path}: no checkpoint.pt to go on from")
    asked = {name: value for name, value in vars(a).items() if name in Settings.__annotations__ and value is not None}
    settings = Settings(**(saved["settings"] if saved else asked))
    if differing := [name for name, value in asked.items() if value != getattr(settings, name)]:
        parser.error(f"{last} was made with another {', '.join(differing)}: {settings}")
    torch.manual_seed(settings.seed)
    counts = np.load(a.data / "word_counts.npy")
    begun = None if saved or not a.begin else load(a.begin)
    if begun and (
        list(begun.sizes) != [settings.hidden] * settings.layers or begun.embedding.shape[1] != settings.hidden
    ):
        parser.error(f"{a.begin}: {len(begun.sizes)} layers of {begun.sizes[0]} units; expected {settings}")
    if saved:
        weights = saved["weights"]
    elif begun:
        weights = weights_of(begun, vocabulary, counts)
    else:
        weights = new_weights(len(vocabulary), settings.hidden, settings.layers)
    trainer = Trainer(weights, counts, settings, precision, a.device)
    if saved:
        trainer.restore(saved)
    elif begun:
        trainer.place["begun"] = {"from": a.begin.name, "tokens": begun.provenance.get("tokens read", 0)}
    folder.mkdir(parents=True, exist_ok=True)
    rows, stop_at = np.array([index[word] for word in words]), a.tokens or 1e9
    if not decay:
        return fit(trainer, a.data, folder, stop_at, rows, a.evaluate_every)
    begin = trainer.place.setdefault("decay_from", trainer.place["tokens"])
    falling = trainer.place.setdefault("falling", a.tokens or 60e6)
    full_from = trainer.place.setdefault("full_from", begin + falling - a.full)
    fit(trainer, a.data, folder, begin + falling, rows, a.evaluate_every, falling, full_from)


if __name__ == "__main__":
    main()
