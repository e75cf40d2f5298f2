"""Training a language model from scratch: Adam on truncated back-propagation, seeded, resumable, with snapshots.

`backpropagation.py` says where the gradients come from. Here is what is done with them, and what the settings of the
mini models are. The same settings and corpus give the same bits on one machine, interrupted or not.
"""

import json
import sys
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from ..errors import MinilstmError, ModelFileError
from ..io.npz import open_npz, write_npz
from ..language_model import LanguageModel
from ..lstm import Layer
from ..records import short_repr
from ..version import __version__
from .backpropagation import loss_and_gradients


def check_whole(name, value, least=1):
    """Raise MinilstmError unless `value` is a whole number from `least` up."""
    if type(value) is not int or value < least:
        raise MinilstmError(f"{name}: expected a whole number from {least} up, got {value!r}")


@dataclass(frozen=True)
class TrainingConfig:
    """The settings of a training: with the corpus they decide what it gives.

    Attributes
    ----------
    layers : tuple of int
        Units of each layer.
    embedding : int
        Length of the word vectors.
    epochs : float
        How often the corpus is read, its sentences in a new order each time.
    batch, steps : int
        How many stretches of text are read side by side, and how many words at a time; the state is carried on.
    learning_rate : float
        Adam's: it rises for `warm_up` updates, then falls to zero on a straight line.
    clip : float
        The gradient of all weights together is scaled down to this length where it is longer.
    dropout : tuple of float
        For each layer the probability that the layer above (or the decoder) does not see one of its hidden states.
    seed : int
    """

    layers: tuple[int, ...] = (32, 32)
    embedding: int = 32
    epochs: float = 10
    batch: int = 128
    steps: int = 35
    learning_rate: float = 3e-3
    warm_up: int = 200
    clip: float = 1.0
    dropout: tuple[float, ...] = (0.0, 0.0)
    seed: int = 0

    def __post_init__(self):
        if not self.layers:
            raise MinilstmError("layers: expected the units of at least one layer, got none")
        for units in self.layers:
            check_whole("layers", units)
        for name, least in {"embedding": 1, "batch": 1, "steps": 1, "warm_up": 0, "seed": 0}.items():
            check_whole(name, getattr(self, name), least)
        if not 0 <= self.epochs < np.inf:
            raise MinilstmError(f"epochs: expected a finite number from 0 up, got {self.epochs}")
        for name in ("learning_rate", "clip"):
            if not 0 < getattr(self, name) < np.inf:
                raise MinilstmError(f"{name}: expected a finite number above 0, got {getattr(self, name)}")
        if len(self.dropout) != len(self.layers) or not all(0 <= p < 1 for p in self.dropout):
            raise MinilstmError(
                f"dropout: expected {len(self.layers)} probabilities from 0 to below 1, got {self.dropout}"
            )


@short_repr
@dataclass(frozen=True)
class Corpus:
    """Sentences as one array of word indices; `ends` are the places behind each sentence's last word."""

    words: np.ndarray
    ends: np.ndarray

    @classmethod
    def from_sentences(cls, sentences, vocabulary):
        """Look up each word of each sentence; an unknown one is an error."""
        index = {word: k for k, word in enumerate(vocabulary)}
        ids, ends = [], []
        for sentence in sentences:
            try:
                ids.extend(index[word] for word in sentence)
            except KeyError as error:
                raise MinilstmError(f"training text: {error.args[0]!r} is not in the vocabulary: {sentence}") from None
            ends.append(len(ids))
        return cls(np.array(ids, np.int32), np.array(ends, np.int64))

    def shuffled(self, rng):
        """The words with the sentences in another order."""
        order = rng.permutation(len(self.ends))
        lengths = np.diff(self.ends, prepend=0)[order]
        starts = (self.ends - np.diff(self.ends, prepend=0))[order]
        new_starts = np.cumsum(lengths) - lengths
        return self.words[np.repeat(starts - new_starts, lengths) + np.arange(len(self.words))]


class Adam:
    """Kingma and Ba (2015): a step along the mean gradient, measured in units of its own root mean square.

    ::

        m = beta_1 m + (1 - beta_1) g          v = beta_2 v + (1 - beta_2) g^2
        w = w - learning_rate * m / (1 - beta_1^t) / (sqrt(v / (1 - beta_2^t)) + epsilon)
    """

    BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8

    def __init__(self, parameters):
        self.updates = 0
        self.mean = {name: np.zeros_like(array) for name, array in parameters.items()}
        self.square = {name: np.zeros_like(array) for name, array in parameters.items()}

    def update(self, parameters, gradients, learning_rate, clip):
        """Change `parameters` in place."""
        length = np.sqrt(sum(float(np.vdot(g, g)) for g in gradients.values()))
        scale = min(1.0, clip / (length + 1e-6))
        self.updates += 1
        correct = 1 / (1 - self.BETA_1**self.updates), 1 / (1 - self.BETA_2**self.updates)
        for name, w in parameters.items():
            m, v, g = self.mean[name], self.square[name], gradients[name]
            m += (1 - self.BETA_1) * (g * scale - m)
            v += (1 - self.BETA_2) * (np.square(g * scale) - v)
            w -= learning_rate * correct[0] * m / (np.sqrt(v * correct[1]) + self.EPSILON)


def initial_parameters(config, n_words, dtype=np.float32):
    """Embedding from N(0, 1), everything else uniform within 1 / sqrt(units of its layer), as PyTorch begins."""
    rng = np.random.default_rng([config.seed, 0])
    p = {"embedding": rng.normal(size=(n_words, config.embedding))}
    D = config.embedding
    for k, H in enumerate(config.layers):
        for name, shape in (("W", (4 * H, D)), ("U", (4 * H, H)), ("b", (4 * H,))):
            p[f"{name}{k}"] = rng.uniform(-(H**-0.5), H**-0.5, shape)
        D = H
    p["decoder_weight"] = rng.uniform(-(D**-0.5), D**-0.5, (n_words, D))
    p["decoder_bias"] = rng.uniform(-(D**-0.5), D**-0.5, n_words)
    return {name: array.astype(dtype) for name, array in p.items()}


class Trainer:
    """A model in training: weights, optimiser, and the place in the corpus.

    Parameters
    ----------
    config : TrainingConfig
    corpus : Corpus
    n_words : int
        Size of the vocabulary.
    """

    def __init__(self, config, corpus, n_words):
        self.config, self.corpus = config, corpus
        self.parameters = initial_parameters(config, n_words)
        self.adam = Adam(self.parameters)
        self.state = self._zero_state()
        self.chunks = (len(corpus.words) // config.batch - 1) // config.steps  # in one epoch
        if self.chunks < 1:
            need = config.batch * (config.steps + 1)
            raise MinilstmError(
                f"training text: {len(corpus.words)} words; one update takes batch x (steps + 1) = {need}; expected "
                "more text, or a smaller --batch or --steps"
            )
        if not 0 <= corpus.words.min() <= corpus.words.max() < n_words:
            raise MinilstmError(f"training text: word {corpus.words.max()} of a vocabulary of {n_words} words")
        self.total = int(config.epochs * self.chunks)
        self._epoch, self._columns, self._workspace = None, None, {}

    @property
    def done(self):
        """Updates so far; training is over at `total`."""
        return self.adam.updates

    def update(self):
        """Read one chunk and change the weights once.

        Returns
        -------
        float
            The mean loss on that chunk before the change, in nats a word.
        """
        r = self.config
        epoch, chunk = divmod(self.done, self.chunks)
        if epoch != self._epoch:
            words = self.corpus.shuffled(np.random.default_rng([r.seed, 1, epoch]))
            whole = len(words) // r.batch
            self._columns = np.ascontiguousarray(words[: whole * r.batch].reshape(r.batch, whole).T)  # (whole, batch)
            self._epoch = epoch
        if chunk == 0:
            self.state = self._zero_state()
        here = self._columns[chunk * r.steps : (chunk + 1) * r.steps + 1]
        loss, gradients, self.state = loss_and_gradients(
            self.parameters,
            here[:-1],
            here[1:],
            self.state,
            self._masks(np.random.default_rng([r.seed, 2, self.done])),
            self._workspace,
        )
        if not np.isfinite(loss):
            raise MinilstmError(
                f"update {self.done + 1}: the loss is {loss}: the weights have grown without bound; expected a smaller "
                "--learning-rate"
            )
        rise, fall = (self.done + 1) / r.warm_up if r.warm_up else 1, 1 - self.done / self.total
        self.adam.update(self.parameters, gradients, r.learning_rate * min(1, rise) * fall, r.clip)
        return loss

    def model(self, vocabulary, context=(), word_counts=None, provenance=None):
        """The current weights as a LanguageModel."""
        p = {name: array.copy() for name, array in self.parameters.items()}
        layers = tuple(Layer(p[f"W{k}"], p[f"U{k}"], p[f"b{k}"]) for k in range(len(self.config.layers)))
        return LanguageModel(
            tuple(vocabulary),
            p["embedding"],
            layers,
            p["decoder_weight"],
            p["decoder_bias"],
            tuple(context),
            word_counts,
            {**(provenance or {}), "recipe": asdict(self.config), "updates": self.done, "minilstm": __version__},
        )

    def save(self, path):
        """Write all that is needed to go on, whole or not at all."""
        write_npz(path, {"about": np.array(json.dumps(self._about())), **self._arrays()})

    def resume(self, path):
        """Go on from what `save` wrote.

        Raises
        ------
        MinilstmError
            If the file is not a whole one of this configuration and corpus.
        """
        try:
            with open_npz(path) as file:
                about = json.loads(str(file.read("about")))
                kept = {name: file.read(name) for name in file.declared}
        except ModelFileError as error:
            raise MinilstmError(f"{error}; expected a state of training that an earlier run has saved") from error
        ours = json.loads(json.dumps(self._about()))  # tuples as lists
        about = about if isinstance(about, dict) else {}
        differ = [f"{key} {about.get(key)} (here {ours[key]})" for key in ours if about.get(key) != ours[key]]
        differ = [line for line in differ if not line.startswith("updates ")]
        if differ:
            raise MinilstmError(f"{path}: comes from another training: {', '.join(differ)}")
        updates = about["updates"]
        if type(updates) is not int or not 0 <= updates <= self.total:
            raise MinilstmError(f"{path}: says {updates!r:.20} updates of {self.total}")
        for name, array in self._arrays().items():
            if name not in kept or (kept[name].shape, kept[name].dtype) != (array.shape, array.dtype):
                raise MinilstmError(f"{path}: expected {name} of shape {array.shape} in {array.dtype}")
        for name, array in self._arrays().items():
            array[...] = kept[name]
        self.adam.updates = updates

    def _arrays(self):
        """All arrays that change in training, by name."""
        groups = {"parameters": self.parameters, "mean": self.adam.mean, "square": self.adam.square}
        arrays = {f"{group}.{name}": array for group, named in groups.items() for name, array in named.items()}
        return arrays | {f"{name}{k}": array for k, pair in enumerate(self.state) for name, array in zip("hC", pair)}

    def _about(self):
        """Identity of this training, and its number of updates."""
        corpus = [len(self.corpus.words), zlib.crc32(self.corpus.words)]
        return {**asdict(self.config), "updates": self.done, "corpus": corpus}

    def _zero_state(self):
        batch = self.config.batch
        return [(np.zeros((batch, H), np.float32), np.zeros((batch, H), np.float32)) for H in self.config.layers]

    def _masks(self, rng):
        """Dropout: for each layer 0 or 1 / (1 - p), or None where nothing is dropped."""
        shape, masks = (self.config.steps, self.config.batch), []
        for H, p in zip(self.config.layers, self.config.dropout, strict=True):
            kept = (rng.random((*shape, H), np.float32) >= p) if p else None
            masks.append(None if kept is None else kept.astype(np.float32) / np.float32(1 - p))
        return masks


def log_spaced(total, n):
    """At most `n` different numbers of updates from 1 to `total`, equally far apart on a logarithmic axis."""
    return sorted({int(round(total ** (k / (n - 1)))) for k in range(n)}) if n > 1 else [total]


def train(
    config,
    corpus,
    vocabulary,
    *,
    context=(),
    provenance=None,
    snapshots=None,
    n_snapshots=12,
    state=None,
    save_every=1000,
    progress=False,
):
    """Train a model from its first update to its last.

    Parameters
    ----------
    config : TrainingConfig
    corpus : Corpus
    vocabulary : sequence of str
    context : sequence of str
        The words that the model will read before each sentence.
    provenance : dict, optional
        What to write into the model's file, besides the configuration.
    snapshots : path, optional
        A folder for models at `n_snapshots` log-spaced training steps, named by their number of updates.
    state : path, optional
        Where to keep the state of training every `save_every` updates. If the file is there, training goes on from it.
    progress : bool
        Tell loss and perplexity ten times on the way, and show a bar if standard error is a terminal.

    Returns
    -------
    LanguageModel
    """
    from tqdm import tqdm

    check_whole("n_snapshots", n_snapshots)
    check_whole("save_every", save_every)
    trainer = Trainer(config, corpus, len(vocabulary))
    counts = np.bincount(corpus.words, minlength=len(vocabulary))
    trainer.model(vocabulary, context, counts)  # what makes no model is refused now, not after the last update
    if state is not None and Path(state).is_file():
        trainer.resume(state)
    snapshot_at = set(log_spaced(trainer.total, n_snapshots)) if snapshots is not None else set()
    hidden = None if progress else True  # None: where there is no terminal
    with tqdm(total=trainer.total, initial=trainer.done, disable=hidden, unit="update") as bar:
        while trainer.done < trainer.total:
            loss = trainer.update()
            bar.update()
            if progress and (10 * trainer.done) % trainer.total < 10:
                with np.errstate(over="ignore"):
                    told = f"loss {loss:.2f} nats a word, perplexity {np.exp(loss):.1f}"
                tqdm.write(f"update {trainer.done} of {trainer.total}: {told}", file=sys.stderr)
            if trainer.done in snapshot_at:
                model = trainer.model(vocabulary, context, counts, provenance)
                model.save(Path(snapshots) / f"{trainer.done:06d}.npz")
            if state is not None and (trainer.done % save_every == 0 or trainer.done == trainer.total):
                trainer.save(state)
    return trainer.model(vocabulary, context, counts, provenance)
