"""The configuration of an experiment: a model, the sentences it reads, and how; and the halves of the sentences."""

from argparse import ArgumentTypeError
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from ..activity import lower_context
from ..checks import expect_model
from ..errors import MinilstmError, StimulusError
from ..io.original import looks_like_paper_model
from ..language_model import LanguageModel
from ..stimuli import NA_TASKS, coverage, na_tasks
from .ablation import missing_conditions
from .base import Option

QUICK, FULL = 200, 1000  # random sets that a group of units is compared with
COVERAGE = 0.8  # share of the words of the Linzen set below which a model reads too many `<unk>` to be judged
NOT_GIVEN = "the Linzen set was not given"
HALVES = {"odd": (1,), "even": (0,), "all": (0, 1)}  # ids modulo 2


def positive(text):
    """A whole number above 0, for a command line."""
    if not text.isdecimal() or not int(text):
        raise ArgumentTypeError(f"expected a whole number above 0, got {text!r}")
    return int(text)


def natural(text):
    """A whole number from 0 up, such as a seed, for a command line."""
    if not text.isdecimal():
        raise ArgumentTypeError(f"expected a whole number from 0 up, got {text!r}")
    return int(text)


def file_path(text):
    """A file or a folder, for a command line."""
    if not text:
        raise ArgumentTypeError("expected the name of a file or a folder, got an empty one")
    return Path(text)


def unit_numbers(text):
    """'3,17' -> (3, 17), each once, for a command line."""
    try:
        return tuple(dict.fromkeys(int(part) for part in text.split(",")))
    except ValueError:
        raise ArgumentTypeError(f"expected unit numbers such as 3,17, got {text!r}") from None


# Options of an experiment that only some analyses depend on: fields of `Experiment`
RANDOM = Option("n_random", f"how many random sets ({FULL:,})", FULL, positive, metavar="N", alias="--random")
LINZEN = Option("linzen", "subj_agr_filtered.text, with the .gold beside it", None, file_path, metavar="FILE")
TEST_SETS = Option(
    "test_sets",
    "whole sentences to be scored, as `minilstm score` reads them; may be given several times",
    (),
    file_path,
    metavar="FILE",
    repeat=True,
    alias="--score",
)
KIND = Option(
    "kind",
    "what ablation means: h_u = 0 (zero-ablation); weight ablation, as the released code; h_u = its mean (paper)",
    "paper",
    choices=("paper", "released", "mean"),
)


def reads_unknown(model, unknown):
    """The option that reads unknown words, to be said with an error; empty if it is set, or would help nothing."""
    helps = unknown == "error" and "<unk>" in model.vocabulary
    return "; --unknown '<unk>' reads such a word all the same" if helps else ""


@dataclass(frozen=True, eq=False, repr=False)
class Experiment:
    """A model and the options of a run.

    Attributes
    ----------
    model : LanguageModel
    n : int, optional
        Sentences a condition; the published counts if not given.
    n_random : int
        Random sets that a group of units is compared with.
    seed : int
        Of sentences and of random sets.
    state : None, "context" or lstm.State
        The state that each sentence is read from.
    linzen : sequence of stimuli.Item
        The Linzen set, as `stimuli.read_linzen` reads it: it cannot be shipped.
    lexicon, unknown
        As in `stimuli.na_task` and `agreement`.
    kind : {"paper", "released", "mean"}
        What ablation means; see `agreement`.
    half : {"even", "odd", "all"}
        The ids of the sentences that units are judged on. They are chosen on the other half. "all": on the same
        sentences, as for units that somebody names, and for the paper's own.
    tasks : tuple of str
        Tasks that take the place of those that an analysis reads.
    stimuli : sequence of stimuli.Item
        Sentences that take the place of all tasks.
    lowercase_context : bool
        Read activity after the context in lower case, as the paper's own model did.
    snapshots : dict
        {name of a training: its models, at whatever points of it}, see `snapshots.series`; for `emergence` alone.
    test_sets : dict
        {name of a file: stimuli.Stimuli}, whole sentences of other people; for `score` alone.
    progress : bool
        Show progress bars, if standard error is a terminal.

    Raises
    ------
    StimulusError
        If `n` is too small to choose units on one half of the items and to judge them on the other.
    MinilstmError
        If `n_random` is below 1.
    """

    model: LanguageModel
    n: int | None = None
    n_random: int = FULL
    seed: int = 0
    state: object = "context"
    linzen: tuple = ()
    lexicon: str = "paper"
    unknown: str = "error"
    kind: str = "paper"
    half: str = "even"
    tasks: tuple = ()
    stimuli: tuple = field(default=(), repr=False)
    lowercase_context: bool = False
    snapshots: dict = field(default_factory=dict, repr=False)
    test_sets: dict = field(default_factory=dict, repr=False)
    progress: bool = False

    def __post_init__(self):
        expect_model(self.model)
        if self.n_random < 1:
            raise MinilstmError(f"--random: expected at least 1 random set, got {self.n_random}")
        if not (self.tasks or self.stimuli) and missing_conditions(self.items):
            raise StimulusError(f"the paper's analyses: expected at least 2 sentences a condition, got n = {self.n}")

    def __repr__(self):
        return f"<Experiment: {self.model!r}, {len(self.items):,} sentences>"

    @cached_property
    def original(self):
        """Return whether this is the paper's own model, whose units are known: nothing is selected, all items score."""
        return looks_like_paper_model(self.model)

    @cached_property
    def model_lowercase_context(self):
        """The model that activity is read from: the paper's after its context in lower case, unlike its predictions."""
        return lower_context(self.model) if self.original or self.lowercase_context else self.model

    @cached_property
    def items(self):
        """All sentences of the seven tasks, or those that the user asked for in their place."""
        return tuple(self.asked(*NA_TASKS))

    @property
    def evaluation_half(self):
        """The ids of the sentences that units are judged on: "odd", "even" or "all"."""
        return "all" if self.original else self.half

    @property
    def selection_half(self):
        """The ids of the sentences that units are chosen on: "odd", "even" or "all"."""
        return {"even": "odd", "odd": "even", "all": "all"}[self.evaluation_half]

    def evaluates(self, items):
        """Mask of the items that units are evaluated on: (items,) bool."""
        return np.array([item.id % 2 in HALVES[self.evaluation_half] for item in items], bool)

    def selects(self, items):
        """Mask of the items that units are selected on: (items,) bool."""
        return np.array([item.id % 2 in HALVES[self.selection_half] for item in items], bool)

    def sentences(self, *tasks):
        """The evaluation half of these tasks, or of the tasks or sentences that the user asked for in their place.

        Returns
        -------
        list of Item
        """
        half = [item for item in self.asked(*tasks) if item.id % 2 in HALVES[self.evaluation_half]]
        if self.stimuli and not half:
            raise StimulusError(
                f"no sentence has an {self.evaluation_half} id, and units are chosen on the others: "
                f"expected some of both, or --half {self.selection_half}"
            )
        return half

    def selection(self, *tasks):
        """The same of the half that units are chosen on."""
        return [item for item in self.asked(*tasks) if item.id % 2 in HALVES[self.selection_half]]

    def asked(self, *tasks):
        """All sentences of these tasks, or those that the user asked for in their place."""
        if self.stimuli:
            return list(self.stimuli)
        return na_tasks(self.lexicon, self.seed, self.n, self.tasks or tasks)

    @cached_property
    def vocabulary_notes(self):
        """Sentences on what becomes ``<unk>`` in the sentences of all tasks, and on what is not scored: a list of str.

        Nothing where an unknown word is an error, as it says itself, nor of a user's own sentences.
        """
        words = coverage([] if self.stimuli else self.items, self.model.vocabulary)
        return [] if words.unknown and self.unknown == "error" else words.summary()

    @property
    def usable_linzen(self):
        """The Linzen set, if it was given and the model knows enough of its words; else ()."""
        return self._linzen[0]

    @property
    def why_no_linzen(self):
        """Reason why there is no Linzen set."""
        return self._linzen[1]

    @cached_property
    def _linzen(self):
        if not self.linzen:
            return (), NOT_GIVEN
        vocabulary = set(self.model.vocabulary)
        known = np.mean([word in vocabulary for item in self.linzen for word in (*item.prefix, item.right, item.wrong)])
        if known < COVERAGE:
            return (), (
                f"of the words of the Linzen set the model knows {100 * known:.0f} %, not {100 * COVERAGE:.0f} %"
            )
        if not any({item.right, item.wrong} <= vocabulary for item in self.linzen):
            return (), "of no sentence of the Linzen set does the model know both verb forms"
        return tuple(self.linzen), ""

    @property
    def reading(self):
        """Keyword arguments with which every analysis reads sentences."""
        return {"state": self.state, "unknown": self.unknown}
