"""A language model around the LSTM: words to vectors, vectors through the layers, h to words (section 3)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from . import lstm
from .checks import check_model, pack
from .errors import MinilstmError, UnknownWordError
from .fast import recurrence
from .io import checkpoints
from .io.conventions import layers_to
from .io.parts import USUAL
from .io.state_dict import arrays_from
from .io.vocabulary import check_ordered, words_of
from .lstm import Layer, State, Trace

CHUNK = 256  # words whose logits over the whole vocabulary are held at once

Words = str | Sequence[str]  # a sentence
Start = State | str | None  # where to start: see `LanguageModel.trace`


def forward(
    ids: np.ndarray,
    embedding: np.ndarray,
    layers: Sequence[Layer],
    decoder_weight: np.ndarray,
    decoder_bias: np.ndarray,
    state: State | None = None,
    ablate: Iterable[int] = (),
) -> tuple[np.ndarray, State]:
    """The whole model in plain NumPy: words to vectors, through the layers, to a logit for every word.

    Everything that `LanguageModel` computes is this, sooner and a part at a time.

    Parameters
    ----------
    ids : (steps, batch) array of int
        Indices of words.
    embedding : (V, E) array
    layers : sequence of Layer
    decoder_weight, decoder_bias : (V, H) and (V,) arrays
    state, ablate
        As in `lstm.run`.

    Returns
    -------
    logits : (steps, batch, V) array
        Of the next word, after each word.
    state : State
        After the last word.

    Examples
    --------
    >>> from minilstm import load
    >>> model = load("planted")
    >>> ids = model.encode("The boy near the cars")[:, None]
    >>> logits, _ = forward(ids, model.embedding, model.layers, model.decoder_weight, model.decoder_bias)
    >>> greets, greet = model.encode("greets greet")
    >>> bool(logits[-1, 0, greets] > logits[-1, 0, greet])
    True
    """
    x = embedding[ids]  # (steps, batch, E)
    trace = lstm.run(x, layers, state, ablate)
    h = trace.h[-1]  # (steps, batch, H): the output of the last layer
    logits = h @ decoder_weight.T + decoder_bias  # (steps, batch, V)
    return logits, trace.state


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """log of softmax over the last axis, in float64, so that 50,000 small terms add up."""
    logits = np.asarray(logits, np.float64)
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


@dataclass(frozen=True, eq=False, repr=False)
class LanguageModel:
    """Embedding -> stacked LSTM -> linear decoder with a bias, not tied to the embedding.

    Attributes
    ----------
    vocabulary : tuple of str
        V words; a word's place is its index.
    embedding : (V, E) array
    layers : tuple of Layer
        The first reads E numbers, each other the output of the one below; sizes may differ.
    decoder_weight, decoder_bias : (V, H) and (V,) arrays
        H is the size of the last layer.
    context : tuple of str
        The words that are read, from a zero state, before each sentence.
    word_counts : (V,) int64 array or None
        How often each word stands in the training text.
    provenance : dict
        How the model was made; anything that JSON can hold.

    Examples
    --------
    >>> from minilstm import load
    >>> model = load("planted")
    >>> model
    LanguageModel(289 words, embedding 16, layers of 64 and 64 units, float32, context of 66 words)
    >>> trace = model.trace("The boy near the cars", state="context")
    >>> trace.h.shape  # (layers, steps, batch, units)
    (2, 5, 1, 64)
    """

    vocabulary: tuple[str, ...]
    embedding: np.ndarray
    layers: tuple[Layer, ...]
    decoder_weight: np.ndarray
    decoder_bias: np.ndarray
    context: tuple[str, ...] = ()
    word_counts: np.ndarray | None = None
    provenance: dict = field(default_factory=dict)

    def __post_init__(self):
        check_model(self)

    def __repr__(self):
        units = " and ".join(map(str, self.sizes))
        shape = f"{len(self.vocabulary)} words, embedding {self.embedding.shape[1]}, layers of {units} units"
        return f"LanguageModel({shape}, {self.dtype}, context of {len(self.context)} words)"

    @property
    def dtype(self) -> np.dtype:
        """The precision of the weights and of everything computed with them."""
        return self.embedding.dtype

    @property
    def sizes(self) -> tuple[int, ...]:
        """The number of units of each layer."""
        return tuple(layer.U.shape[1] for layer in self.layers)

    @cached_property
    def _index(self):
        return {word: index for index, word in enumerate(self.vocabulary)}

    @cached_property
    def prepared(self) -> tuple:
        """The layers with their weights once more, in the orders that `recurrence` reads."""
        return recurrence.prepare(self.layers, self.dtype)

    def encode(self, words: Words, unknown: str = "error") -> np.ndarray:
        """The indices of `words`, a sequence of words or a string of words between white space.

        Parameters
        ----------
        words : str or sequence of str
        unknown : {"error", "<unk>"}
            What a word outside the vocabulary becomes.

        Returns
        -------
        (steps,) int64 array

        Raises
        ------
        UnknownWordError
            Naming the word and the sentence.

        See Also
        --------
        minilstm.stimuli.coverage : Which sentences a vocabulary covers.

        Examples
        --------
        >>> from minilstm import load
        >>> load("planted").encode("The boy near the cars")
        array([ 24,  79, 196, 250,  89])
        """
        if isinstance(words, str):
            words = words.split()
        if not _is_sentence(words):
            raise MinilstmError("expected one sentence, a string or a sequence of words; got several")
        if unknown not in ("error", "<unk>"):
            raise MinilstmError(f"unknown: expected 'error' or '<unk>', got {unknown!r}")
        indices = [self._index.get(word, -1) for word in words]
        if -1 in indices:
            word = words[indices.index(-1)]
            if unknown == "error":
                raise UnknownWordError(
                    f"{word!r} is not among the model's {len(self.vocabulary)} words: {' '.join(words)}"
                )
            if "<unk>" not in self._index:
                raise UnknownWordError(f"{word!r} is not among the model's words, and neither is '<unk>'")
            indices = [self._index["<unk>"] if index < 0 else index for index in indices]
        return np.array(indices, dtype=np.int64)

    def trace(
        self,
        words: Words | Sequence[Sequence[str]],
        state: Start = None,
        ablate: Iterable[int] = (),
        unknown: str = "error",
    ) -> Trace:
        """Read `words` and keep every gate and state.

        Parameters
        ----------
        words : str, sequence of str, or sequence of equally long sequences of str
            One sentence, or a batch of them.
        state : None, "context" or State
            Where to start: the zero state, the state after the model's context, or (layers, batch, units) arrays.
        ablate : iterable of int
            Units whose h is 0 at every step, the context's included; 1 is the first unit of the first layer.
        unknown : {"error", "<unk>"}

        Returns
        -------
        lstm.Trace
            Arrays (layers, steps, batch, units).

        See Also
        --------
        minilstm.lstm.run : The same in plain NumPy, for vectors.

        References
        ----------
        Lakretz et al. (2019), section 4.1, Fig. 1c: gates and cell, word by word.

        Examples
        --------
        >>> from minilstm import load
        >>> load("planted").trace("The boy near the cars", state="context", ablate=[71])
        Trace(i, f, o, C_tilde, C, h: (2, 5, 1, 64) float32; state: State(h, C: (2, 1, 64) float32))
        """
        ids = self._ids(words, unknown)  # (steps, batch)
        return recurrence.run(
            self.embedding[ids], self.prepared, self.initial_state(state, ids.shape[1], ablate), ablate
        )

    def context_state(self, ablate: Iterable[int] = ()) -> State:
        """The state after the model's context, read from zero.

        Parameters
        ----------
        ablate : iterable of int
            Units whose h is 0 at every word of the context.

        Returns
        -------
        lstm.State
            h and C, (layers, 1, units) each.

        See Also
        --------
        trace : Reads from it with state="context".

        Examples
        --------
        >>> from minilstm import load
        >>> load("planted").context_state()
        State(h, C: (2, 1, 64) float32)
        """
        return self.trace(self.context, ablate=ablate).state

    def logits(
        self,
        words: Words,
        choices: Words | None = None,
        state: Start = None,
        ablate: Iterable[int] = (),
        unknown: str = "error",
    ) -> np.ndarray:
        """The decoder's output after each of `words`, a sentence.

        Parameters
        ----------
        words : str or sequence of str
        choices : sequence of str, optional
            Only these words' logits are computed; all words' if not given.
        state, ablate, unknown
            As for `trace`.

        Returns
        -------
        (steps, V) array, or (steps, len(choices))

        See Also
        --------
        minilstm.agreement : The difference of two logits for many sentences.
        log_probability : Logits turned into a probability.

        Examples
        --------
        The verb agrees with the boy, and without the unit that keeps singulars with the cars:

        >>> from minilstm import load
        >>> model = load("planted")
        >>> model.logits("The boy near the cars", ["greets", "greet"], "context")[-1].round(1)
        array([ 5.5, -1.2], dtype=float32)
        >>> model.logits("The boy near the cars", ["greets", "greet"], "context", ablate=[71])[-1].round(1)
        array([0.6, 2.8], dtype=float32)
        """
        h, _ = self._top(self.encode(words, unknown), self.initial_state(state, 1, ablate), ablate)
        W, b = self.decoder_weight, self.decoder_bias
        if choices is not None:
            rows = self.encode(choices)
            W, b = W[rows], b[rows]
        return h[1:] @ W.T + b

    def contrast(self, words: Words, others: Words) -> tuple[np.ndarray, np.ndarray]:
        """Decoder weights and bias of a logit difference: weights @ h + bias is logit(words[k]) - logit(others[k]).

        Parameters
        ----------
        words, others : str or sequence of str
            Equally many words.

        Returns
        -------
        weights : (words, H) array
        bias : (words,) array

        See Also
        --------
        logits : What the difference is of.

        Examples
        --------
        >>> from minilstm import load
        >>> model = load("planted")
        >>> weights, bias = model.contrast("greets", "greet")
        >>> h = model.trace("The boy", state="context").h[-1, -1, 0]  # after the last word
        >>> (weights @ h + bias).round(1)
        array([4.2], dtype=float32)
        """
        ids, other_ids = self.encode(words), self.encode(others)
        W, b = self.decoder_weight, self.decoder_bias
        return W[ids] - W[other_ids], b[ids] - b[other_ids]

    def surprisal(
        self, words: Words, state: Start = None, ablate: Iterable[int] = (), unknown: str = "error"
    ) -> np.ndarray:
        """-log p of each word of a sentence, given `state` and the words before it, in nats (bits: divide by log 2).

        Parameters
        ----------
        words : str or sequence of str
            A sentence.
        state, ablate, unknown
            As for `trace`.

        Returns
        -------
        (steps,) float64 array

        See Also
        --------
        perplexity : exp of its mean.
        log_probability : The same for one word that need not be in the sentence.

        Examples
        --------
        >>> from minilstm import load
        >>> load("planted").surprisal("The boy greets").round(1)
        array([5.7, 5.7, 3.3])
        """
        ids = self.encode(words, unknown)
        state = self.initial_state(state, 1, ablate)
        surprisal = np.empty(len(ids))
        for start in range(0, len(ids), CHUNK):  # a text of any length takes the memory of one chunk
            chunk = ids[start : start + CHUNK]
            h, state = self._top(chunk, state, ablate)  # (1 + chunk, H)
            log_p = log_softmax(h[:-1] @ self.decoder_weight.T + self.decoder_bias)  # (chunk, V), before each word
            surprisal[start : start + CHUNK] = -np.take_along_axis(log_p, chunk[:, None], axis=1)[:, 0]
        return surprisal

    def log_probability(
        self, words: Words, next_word: str, state: Start = None, ablate: Iterable[int] = (), unknown: str = "error"
    ) -> float:
        """log p(next_word | state, words), natural logarithm, over the whole vocabulary.

        Parameters
        ----------
        words : str or sequence of str
            May be empty; the prediction is then the one that `state` makes.
        next_word : str
        state, ablate, unknown
            As for `trace`.

        Returns
        -------
        float

        See Also
        --------
        surprisal : Of all words of a sentence.

        Examples
        --------
        >>> from minilstm import load
        >>> round(load("planted").log_probability("The boy", "greets"), 1)
        -3.3
        """
        h, _ = self._top(self.encode(words, unknown), self.initial_state(state, 1, ablate), ablate)
        return float(log_softmax(self.decoder_weight @ h[-1] + self.decoder_bias)[self.encode([next_word], unknown)[0]])

    def perplexity(
        self, words: Words, state: Start = None, ablate: Iterable[int] = (), unknown: str = "error"
    ) -> float:
        """exp of the mean surprisal over all of `words`; `<eos>` counts as a word like any other.

        Parameters
        ----------
        words : str or sequence of str
            A sentence.
        state, ablate, unknown
            As for `trace`.

        Returns
        -------
        float

        See Also
        --------
        surprisal : Its logarithm, word by word.

        References
        ----------
        Gulordava et al. (2018), Colorless green recurrent networks dream hierarchically: the perplexity of the paper's
        own model.

        Examples
        --------
        >>> from minilstm import load
        >>> round(load("planted").perplexity("The boy greets . <eos>"))
        299
        """
        surprisal = self.surprisal(words, state, ablate, unknown)
        if not len(surprisal):
            raise MinilstmError("perplexity: expected at least one word, got none")
        return float(np.exp(surprisal.mean()))

    def _ids(self, words, unknown):
        """Indices (steps, batch) of a sentence, or of sentences of one length."""
        rows = [self.encode(sentence, unknown) for sentence in ([words] if _is_sentence(words) else words)]
        lengths = {len(row) for row in rows}
        if len(lengths) > 1:
            raise MinilstmError(f"a batch needs sentences of one length, got lengths {sorted(lengths)}")
        return np.stack(rows, axis=1)

    def initial_state(self, state: Start, batch: int = 1, ablate: Iterable[int] = ()) -> State | None:
        """The state that `state` stands for, repeated for a batch.

        Parameters
        ----------
        state : None, "context" or State
            As for `trace`.
        batch : int
        ablate : iterable of int
            Units ablated in the context.

        Returns
        -------
        lstm.State or None
            h and C, (layers, batch, units) each; None for zero.

        See Also
        --------
        context_state : What "context" stands for.

        Examples
        --------
        >>> from minilstm import load
        >>> load("planted").initial_state("context", batch=3)
        State(h, C: (2, 3, 64) float32)
        """
        if isinstance(state, str):
            if state != "context":
                raise MinilstmError(f"state: expected None, 'context' or a State, got {state!r}")
            state = self.context_state(ablate)
        if state is None or all(h.shape[0] == batch for h in state[0]):
            return state
        if any(h.shape[0] != 1 for h in state[0]):
            raise MinilstmError(f"state: expected a batch of 1 or {batch}, got {state[0][0].shape[0]}")
        return State(*(pack([np.repeat(array, batch, axis=0) for array in arrays]) for arrays in state))

    def _top(self, ids, state, ablate):
        """The last layer's h before the first of the words `ids` and after each (1 + steps, H), and the last state."""
        h, state = recurrence.read(self.embedding[ids[:, None]], self.prepared, state, ablate)
        return h[:, 0], state

    @classmethod
    def from_state_dict(
        cls,
        tensors: Any,
        vocabulary: Sequence[str] | Mapping[str, int],
        convention: str = "pytorch",
        *,
        modules: Sequence[str] | None = None,
        context: Sequence[str] = (),
        word_counts: np.ndarray | None = None,
        provenance: Mapping[str, Any] | None = None,
        max_norm: float | None = None,
        dtype: Any = np.float32,
    ) -> "LanguageModel":
        """A model from the tensors of a framework.

        Parameters
        ----------
        tensors : mapping of str to array, or a PyTorch module
            The embedding, the LSTM's weights named and shaped as in `conventions` (PyTorch: `rnn.weight_ih_l0`,
            `rnn.weight_hh_l0`, `rnn.bias_ih_l0`, `rnn.bias_hh_l0`, ...), and the decoder.
        vocabulary : sequence of str, or mapping of str to int
            One word for each row of the decoder; a mapping's indices say which. What leaves no doubt is mended, such as
            line ends of `file.readlines()`, and `provenance["notes"]` says so.
        convention : {"pytorch", "onnx", "keras"}
        modules : three of str, optional
            What stands before the dots. PyTorch's are found by their shapes if not given, whatever they are called and
            wrapped in, and `provenance["notes"]` says what was guessed (see `io/parts.py`); of the others they
            are encoder, rnn and decoder.
        max_norm : float, optional
            That of `nn.Embedding(max_norm=...)`: longer rows are scaled down. A module says it itself; a state dict
            does not hold it.
        context, word_counts, provenance
            As the attributes of the model.
        dtype : {float32, float64}
            What to compute in.

        Returns
        -------
        LanguageModel

        Raises
        ------
        ModelFileError
            If a tensor is missing, left over, or of a shape that does not fit, or if this is no plain LSTM.

        See Also
        --------
        state_dict : The way back.
        minilstm.load : Files instead of tensors.

        Examples
        --------
        >>> rng = np.random.default_rng(0)
        >>> shapes = {"weight_ih_l0": (8, 3), "weight_hh_l0": (8, 2), "bias_ih_l0": (8,), "bias_hh_l0": (8,)}
        >>> tensors = {f"rnn.{name}": rng.normal(size=shape) for name, shape in shapes.items()}
        >>> tensors |= {"encoder.weight": rng.normal(size=(4, 3)), "decoder.weight": rng.normal(size=(4, 2))}
        >>> model = LanguageModel.from_state_dict(tensors, ["the", "boy", "greets", "<eos>"])
        >>> model.logits("the boy").shape
        (2, 4)
        """
        words, mended = words_of(vocabulary)
        check_ordered(context, "context")
        arrays, notes = arrays_from(tensors, convention, modules, max_norm, dtype)
        notes += [f"vocabulary: {remark}" for remark in mended]
        layers = (Layer(*(arrays[f"{part}{k}"] for part in "WUb")) for k in range((len(arrays) - 3) // 3))
        provenance = dict(provenance or {}) | ({"notes": notes} if notes else {})
        weights = arrays["embedding"], tuple(layers), arrays["decoder_weight"], arrays["decoder_bias"]
        context = context.split() if isinstance(context, str) else context
        counts = None if word_counts is None else np.asarray(word_counts)
        return cls(words, *weights, tuple(context), counts, provenance)

    def state_dict(self, convention: str = "pytorch", *, modules: Sequence[str] = USUAL) -> dict[str, np.ndarray]:
        """The tensors by which a framework knows this model, the way back from `from_state_dict`.

        Parameters
        ----------
        convention, modules
            As for `from_state_dict`.

        Returns
        -------
        dict of str to array
            For PyTorch: `module.load_state_dict({k: torch.from_numpy(v) for k, v in model.state_dict().items()})`.

        See Also
        --------
        from_state_dict

        Examples
        --------
        >>> from minilstm import load
        >>> list(load("planted").state_dict())[:3]
        ['encoder.weight', 'rnn.weight_ih_l0', 'rnn.weight_hh_l0']
        """
        encoder, rnn, decoder = modules
        return {
            f"{encoder}.weight": self.embedding,
            **layers_to(self.layers, convention, prefix=f"{rnn}."),
            f"{decoder}.weight": self.decoder_weight,
            f"{decoder}.bias": self.decoder_bias,
        }

    def header(self) -> dict[str, Any]:
        """The header of the model's file: all but its weights (see `io/checkpoints.py`).

        Returns
        -------
        dict

        See Also
        --------
        arrays : The rest of the file.

        Examples
        --------
        >>> from minilstm import load
        >>> load("planted").header()["sizes"]
        {'vocabulary': 289, 'embedding': 16, 'layers': [64, 64]}
        """
        return checkpoints.make_header(
            self.vocabulary, self.embedding.shape[1], self.sizes, self.context, self.provenance
        )

    def arrays(self) -> dict[str, np.ndarray | None]:
        """The model's arrays by the names that they have in its file (see `io/checkpoints.py`).

        Returns
        -------
        dict of str to array

        See Also
        --------
        state_dict : By the names that a framework has for them.

        Examples
        --------
        >>> from minilstm import load
        >>> list(load("planted").arrays())[:5]
        ['embedding', 'decoder_weight', 'decoder_bias', 'W0', 'U0']
        """
        arrays: dict[str, np.ndarray | None] = {
            "embedding": self.embedding,
            "decoder_weight": self.decoder_weight,
            "decoder_bias": self.decoder_bias,
        }
        for k, layer in enumerate(self.layers):
            arrays |= {f"W{k}": layer.W, f"U{k}": layer.U, f"b{k}": layer.b}
        return arrays | {"word_counts": self.word_counts}

    def save(self, path: str | Path, dtype: str | None = None) -> None:
        """Write the model to an .npz or .safetensors file (see `io/checkpoints.py`), whole or not at all.

        Parameters
        ----------
        path : str or Path
        dtype : {"int8", "float16", "float32", "float64"}, optional
            What the weights are rounded to; as they are in memory if not given. int8 is for the rows of embedding and
            decoder, in an .npz; all else becomes float16. A model that was read from such a file computes in float32,
            and is written in float32 unless another is asked for again.

        See Also
        --------
        minilstm.load

        Examples
        --------
        >>> import tempfile
        >>> from minilstm import load
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     load("planted").save(f"{folder}/mine.npz", dtype="float16")
        ...     load(f"{folder}/mine.npz")
        LanguageModel(289 words, embedding 16, layers of 64 and 64 units, float32, context of 66 words)
        """
        checkpoints.write(path, self.header(), self.arrays(), dtype)


def _is_sentence(words):
    """Return whether these are words, and not sentences; anything else is an error."""
    parts = [words] if isinstance(words, str) or not np.iterable(words) else list(words)
    if all(isinstance(part, str) for part in parts):
        return True
    for part in parts:
        if not np.iterable(part):
            raise MinilstmError(f"expected words, got {part!r:.40}; the word of an index is model.vocabulary[index]")
    return False
