"""What is asked of a model when the paper is rerun on it: how many sentences, which, read from what; and the sentences."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..activity import lower_context
from ..errors import StimulusError
from ..io.original import may_be_original
from ..language_model import LanguageModel
from ..report.findings_parts import readable
from ..report.provenance import fingerprint
from .ablation import missing_conditions
from .table2 import published_tasks

QUICK, FULL = 200, 1000  # random sets that a group of units is compared with


@dataclass(frozen=True, eq=False)
class Study:
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
        What each sentence is read from.
    linzen : sequence of stimuli.Item
        The Linzen set, as `stimuli.read_linzen` reads it: it cannot be shipped.
    lexicon, unknown
        As in `stimuli.na_task` and `agreement`.
    kind : {"paper", "released", "mean"}
        What ablation means; see `sweep.KINDS`.
    progress : bool
        Show progress bars, if standard error is a terminal.

    Raises
    ------
    StimulusError
        If `n` is too small to choose units on one half of the items and to score them on the other.
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
    progress: bool = False

    def __post_init__(self):
        if missing_conditions(self.items):
            raise StimulusError(f"the paper's analyses: expected at least 2 sentences a condition, got n = {self.n}")

    @cached_property
    def items(self):
        """All sentences of the seven tasks."""
        return tuple(published_tasks(self.lexicon, self.seed, self.n))

    @cached_property
    def original(self):
        """Whether this is the paper's own model, whose units are known: nothing is chosen, and all items score."""
        return may_be_original(self.model)

    @cached_property
    def reader(self):
        """The model that activity is measured in: the paper's after its context in lower case, unlike its predictions."""
        return lower_context(self.model) if self.original else self.model

    @cached_property
    def odd(self):
        """The items with odd ids, on which units are chosen: (items,) bool."""
        return np.array([item.id % 2 == 1 for item in self.items])

    @cached_property
    def scored(self):
        """The items that units are judged on, even ids, or all for the paper's model: (items,) bool."""
        return np.full(len(self.items), True) if self.original else ~self.odd

    @cached_property
    def judged(self):
        """The items that are scored."""
        return tuple(item for item, keep in zip(self.items, self.scored, strict=True) if keep)

    def judged_in(self, tasks):
        """The items that are scored in other tasks, such as relative clauses."""
        items = published_tasks(self.lexicon, self.seed, self.n, tasks)
        return [item for item in items if self.original or item.id % 2 == 0]

    @property
    def noun_pp(self):
        """Those of nounPP among the items scored: the sentences of Figs. 1, 2 and 4."""
        return [item for item in self.judged if item.task == "nounPP"]

    @property
    def chosen_on(self):
        """The nounPP items that short-range units are chosen on."""
        where = self.scored if self.original else self.odd
        return [item for item, keep in zip(self.items, where, strict=True) if keep and item.task == "nounPP"]

    @property
    def known_linzen(self):
        """The Linzen set, if it was given and the model knows enough of its words; else ()."""
        return self._linzen[0]

    @property
    def no_linzen(self):
        """Why there is no Linzen set."""
        return self._linzen[1]

    @cached_property
    def _linzen(self):
        return readable(self.model, self.linzen)

    @cached_property
    def fingerprint(self):
        """What tells the model from all others."""
        return fingerprint(self.model)

    @property
    def reading(self):
        """How every analysis reads sentences: keyword arguments."""
        return {"state": self.state, "unknown": self.unknown}
