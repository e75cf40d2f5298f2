"""`minilstm train`: a model from scratch, on the fragment of English or on a text of your own."""

import platform
import shlex
import sys
from argparse import ArgumentTypeError
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import numpy as np

from ..analyses.experiment import file_path, natural, positive
from ..errors import MinilstmError
from ..io.atomic import check_writable
from ..io.checkpoints import ENDINGS
from ..io.vocabulary import read_text
from ..models import load
from ..training.trainer import Corpus, TrainingConfig, train
from .options import refuse
from .output import check_folder

LOOKED_AT = 1000  # words of its text on which a model's perplexity is measured
LEARNED = 0.9  # share of the perplexity of the words' frequencies that a model which has learned is below
PLACES = "--resume", "--snapshots", "--moments", "--threads"  # options that do not change the model
CONTEXT_SENTENCES = 5  # of a text of one's own, these become the context


def add_options(command):
    """The options of `minilstm train`."""
    config = TrainingConfig()
    command.add_argument("file", type=file_path, metavar="FILE", help="the model file to write, .npz")
    command.add_argument(
        "--text", type=file_path, metavar="FILE", help="a corpus of your own: one sentence a line, words between spaces"
    )
    command.add_argument("--min-count", type=positive, default=2, help="with --text: rarer words become <unk> (2)")
    command.add_argument("--tokens", type=positive, default=3_000_000, help="words of the fragment to draw (3000000)")
    command.add_argument("--text-seed", type=natural, default=0, help="which sentences of the fragment are drawn (0)")
    command.add_argument("--layers", type=_sizes, default=config.layers, help="units of each layer, such as 32,32")
    command.add_argument("--embedding", type=positive, default=config.embedding, help="length of the word vectors (32)")
    command.add_argument("--epochs", type=float, default=config.epochs, help="how often the corpus is read (10)")
    command.add_argument("--batch", type=positive, default=config.batch)
    command.add_argument("--steps", type=positive, default=config.steps, help="words between two updates (35)")
    command.add_argument("--learning-rate", "--rate", type=float, default=config.learning_rate, help="of Adam (0.003)")
    command.add_argument(
        "--dropout", type=_probabilities, metavar="P", help="dropout probability of each layer, such as 0.2,0 (none)"
    )
    command.add_argument(
        "--seed", type=natural, default=config.seed, help="initial weights and the order of sentences (0)"
    )
    command.add_argument(
        "--snapshots", type=file_path, metavar="FOLDER", help="save the model there at log-spaced training steps"
    )
    command.add_argument(
        "--moments", type=positive, default=12, metavar="N", help="with --snapshots: at most how many (12)"
    )
    command.add_argument(
        "--resume", type=file_path, metavar="FILE", help="save the state of training there, and resume from it"
    )
    command.add_argument(
        "--threads",
        type=positive,
        metavar="N",
        help="threads of the linear algebra (one if small, else as many as there are cores)",
    )


def _sizes(text):
    """'32,32' -> (32, 32)."""
    if not all(part.isdecimal() and int(part) for part in text.split(",")):
        raise ArgumentTypeError(f"expected the units of each layer, such as 32 or 32,32, got {text!r}")
    return tuple(int(part) for part in text.split(","))


def _probabilities(text):
    """'0.2,0' -> (0.2, 0.0)."""
    try:
        probabilities = tuple(float(part) for part in text.split(","))
    except ValueError:
        probabilities = (-1.0,)
    if not all(0 <= p < 1 for p in probabilities):
        raise ArgumentTypeError(f"expected a dropout probability for each layer, such as 0.2 or 0.2,0, got {text!r}")
    return probabilities


def run(options):
    """Train as the options say, and write the model."""
    from threadpoolctl import threadpool_limits

    if options.text:
        fragment = "is about the fragment of English; here --text is read"
        refuse(options, fragment, tokens="--tokens", text_seed="--text-seed")
    else:
        refuse(options, "goes with --text", min_count="--min-count")
    if not options.snapshots:
        refuse(options, "goes with --snapshots", moments="--moments")
    config = TrainingConfig(
        layers=options.layers,
        embedding=options.embedding,
        epochs=options.epochs,
        batch=options.batch,
        steps=options.steps,
        learning_rate=options.learning_rate,
        dropout=options.dropout or (0.0,) * len(options.layers),
        seed=options.seed,
    )
    check_writable(options.file, *ENDINGS)
    if options.resume:
        check_writable(options.resume)
        if options.resume.resolve() == options.file.resolve():
            raise MinilstmError(f"--resume {options.resume}: expected a file beside the model's, not the same")
    check_folder(options.snapshots, "--snapshots")
    command = shlex.join(["minilstm", *_without_places(options.line)])
    _check_replaced(options.file, command)
    vocabulary, corpus, context, source = _own_text(options) if options.text else _fragment(options)
    if options.snapshots:
        options.snapshots.mkdir(parents=True, exist_ok=True)
    provenance = {
        **source,
        "command": command,
        "python": platform.python_version(),
        "numpy": np.__version__,
    }
    with threadpool_limits(options.threads or (1 if max(config.layers) < 128 else None)):
        model = train(
            config,
            corpus,
            vocabulary,
            context=context,
            provenance=provenance,
            snapshots=options.snapshots,
            n_snapshots=options.moments,
            state=options.resume,
            progress=True,
        )
    perplexity, of_frequencies = _perplexities(model, corpus.words[:LOOKED_AT])
    if not np.isfinite(perplexity):
        raise MinilstmError(
            f"{options.file}: not written: after the last update the perplexity is {perplexity}: the weights have "
            "grown without bound; expected a smaller --learning-rate"
        )
    model.save(options.file)
    print(f"{options.file}: {sum(config.layers)} units, {config.epochs:g} x {len(corpus.words)} words")
    if perplexity > LEARNED * of_frequencies:
        print(
            f"it has hardly learned in {model.provenance['updates']} updates: on the first words of its text its "
            f"perplexity is {perplexity:.1f}, that of guessing by the words' frequencies {of_frequencies:.1f}; a "
            "longer text, more --epochs, a smaller --batch and --steps, or another --learning-rate may give more",
            file=sys.stderr,
        )


def _perplexities(model, ids):
    """The perplexity of a model on words of its text, and that of guessing each by its frequency in all of it."""
    shares = model.word_counts[ids] / model.word_counts.sum()
    with np.errstate(over="ignore"):
        return model.perplexity([model.vocabulary[k] for k in ids]), float(np.exp(-np.log(shares).mean()))


def _check_replaced(path, command):
    """Raise MinilstmError if the file holds a model that another command made: training it anew may take hours."""
    if path.exists():
        made = load(path).provenance.get("command")
        if made != command:
            by = f", made by `{made}`" if made else ""
            raise MinilstmError(f"{path}: holds another model{by}; give this one another name, or delete that one")


def _fragment(options):
    from ..stimuli import fragment
    from ..stimuli.fragment_lexicon import held_out_pairs, vocabulary

    words = vocabulary()
    corpus = Corpus.from_sentences(fragment.sentences(options.tokens, options.text_seed), words)
    source = {
        "fragment": asdict(fragment.DEFAULT),
        "tokens": options.tokens,
        "text_seed": options.text_seed,
        "held_out_pairs": sorted(map(list, held_out_pairs())),
    }
    return words, corpus, fragment.CONTEXT, source


def _own_text(options):
    text, remarks = read_text(options.text)
    for remark in remarks:
        print(f"note: {options.text}: {remark}", file=sys.stderr)
    sentences = [[*line.split(), "<eos>"] for line in text.split("\n") if line.strip()]
    counts = Counter(word for sentence in sentences for word in sentence)
    kept = sorted(word for word, n in counts.items() if n >= options.min_count and word not in ("<unk>", "<eos>"))
    vocabulary = ("<unk>", "<eos>", *kept)
    known = set(vocabulary)
    sentences = [[word if word in known else "<unk>" for word in sentence] for sentence in sentences]
    context = [word for sentence in sentences[:CONTEXT_SENTENCES] for word in sentence]
    return vocabulary, Corpus.from_sentences(sentences, vocabulary), context, {"text": options.text.name}


def _without_places(arguments):
    """The command line without what does not change the model, and without the places of this machine."""
    kept, rest = [], iter(arguments)
    for part in rest:
        option, equals, _ = part.partition("=")
        if option not in PLACES:
            kept.append(part)
        elif not equals:
            next(rest)  # its value
    return [Path(part).name if part.endswith(".npz") else part for part in kept]
