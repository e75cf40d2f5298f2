"""The number-agreement task (section 4.1, Table 2, 'Full'): is the right verb form likelier than the wrong one?"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..activity import last_hidden
from ..checks import expect_model
from ..errors import StimulusError, UnknownWordError
from ..fast import sweep
from ..language_model import LanguageModel, Start
from ..records import short_repr
from ..stimuli import Item


class Row(NamedTuple):
    """One condition of one task."""

    task: str
    condition: str
    n: int  # sentences scored
    accuracy: float  # share of them, 0 to 1; nan if there are none
    margin: float  # mean of log p(right) - log p(wrong), nats
    skipped: int  # sentences whose verb forms the model does not know


@short_repr
@dataclass(frozen=True, eq=False)
class Agreement:
    """Margins and accuracy on agreement items.

    Attributes
    ----------
    margins : (items,) array
        log p(right) - log p(wrong); nan where a verb form is not in the vocabulary.
    accuracy : float
        Share of the scored items whose margin is above 0.
    items : tuple of stimuli.Item
    """

    margins: np.ndarray
    accuracy: float
    items: tuple[Item, ...]

    @property
    def skipped(self) -> tuple[Item, ...]:
        """The items that were not scored, because a verb form is not in the vocabulary."""
        return tuple(item for item, margin in zip(self.items, self.margins, strict=True) if np.isnan(margin))

    def table(self) -> list[Row]:
        """One Row for each task and condition, in the order in which they first come."""
        rows = []
        for (task, condition), indices in by_condition(self.items).items():
            margins = self.margins[indices]
            skipped = int(np.isnan(margins).sum())
            rows.append(Row(task, condition, len(margins) - skipped, share_right(margins), mean(margins), skipped))
        return rows


def agreement(
    model: LanguageModel,
    items: Sequence[Item],
    state: Start = "context",
    ablate: Iterable[int] = (),
    kind: str = "paper",
    unknown: str = "error",
) -> Agreement:
    """Compare log p(right) with log p(wrong) after the words before the verb, for every item.

    Parameters
    ----------
    model : LanguageModel
    items : sequence of stimuli.Item
    state : None, "context" or lstm.State
        What each sentence is read from: a zero state, the state after the model's context, or this.
    ablate : iterable of int
        Units to ablate together, in the paper's numbers (1 is the first unit of the first layer).
    kind : {"paper", "released", "mean"}
        What ablation means; see `sweep.KINDS`.
    unknown : {"error", "<unk>"}
        What a word before the verb becomes that the model does not know.

    Returns
    -------
    Agreement

    Raises
    ------
    UnknownWordError
        For an unknown word before the verb. An item with an unknown verb form is not scored; see `Agreement.skipped`.
    StimulusError
        If there are no items.

    See Also
    --------
    minilstm.ablation_sweep : The same with each unit ablated alone.
    minilstm.stimuli.na_task : The sentences.

    References
    ----------
    Linzen, Dupoux and Goldberg (2016), Assessing the ability of LSTMs to learn syntax-sensitive dependencies.
    Lakretz et al. (2019), section 4.1, Table 2, 'Full'.

    Examples
    --------
    Without the unit that keeps the number of singular subjects, every verb agrees with the noun beside it:

    >>> import minilstm
    >>> model, items = minilstm.load("planted"), minilstm.stimuli.na_task("nounPP", "SP", n=40)
    >>> float(agreement(model, items).accuracy), float(agreement(model, items, ablate=[71]).accuracy)
    (1.0, 0.0)
    """
    items = tuple(items)
    if not items:
        raise StimulusError("agreement: expected at least one item, got none")
    margins = np.full(len(items), np.nan)
    known = in_vocabulary(model, items)
    if known.any():
        scored = [item for item, k in zip(items, known, strict=True) if k]
        if kind == "paper":
            margins[known] = _margins(model, scored, state, ablate, unknown)
        else:
            margins[known] = sweep.margins(model, scored, [tuple(ablate)], kind, state, unknown)[0]
    return Agreement(margins, share_right(margins), items)


def _margins(model, items, state, ablate, unknown):
    """log p(right) - log p(wrong) for each item, the difference of two logits, since both forms share one softmax."""
    right = model.encode([item.right for item in items])
    wrong = model.encode([item.wrong for item in items])
    W, b = model.decoder_weight, model.decoder_bias
    h = last_hidden(model, [item.prefix for item in items], state, unknown, ablate)  # (items, H), before the verb
    return ((W[right] - W[wrong]) * h).sum(axis=1) + b[right] - b[wrong]


def in_vocabulary(model, items):
    """For each item whether both its verb forms are in the model's vocabulary: (items,) bool."""
    expect_model(model)
    vocabulary = set(model.vocabulary)
    return np.array([item.right in vocabulary and item.wrong in vocabulary for item in items], bool)


def scored_items(model, items, n=None):
    """The items of which the model knows both verb forms: the first `n` of each condition, all if not given; a list."""
    items = [item for item, known in zip(items, in_vocabulary(model, items), strict=True) if known]
    return [items[k] for k in sorted(k for where in by_condition(items).values() for k in where[:n])]


def check_words(model, items, unknown):
    """Raise UnknownWordError, naming task, word and sentence, if the model cannot read one of the sentences."""
    for item in items:
        try:
            model.encode((*item.prefix, item.right), unknown)
        except UnknownWordError as error:
            raise UnknownWordError(f"{item.task}: {error}") from None


def by_condition(items):
    """{(task, condition): indices of its items}, in the order in which they first come."""
    indices = {}
    for k, item in enumerate(items):
        indices.setdefault((item.task, item.condition), []).append(k)
    return {key: np.array(where) for key, where in indices.items()}


def share_right(margins):
    """Accuracy over the last axis: the share of margins above 0 among those that are not nan."""
    scored = ~np.isnan(margins)
    with np.errstate(invalid="ignore"):
        return np.divide((margins > 0).sum(axis=-1), scored.sum(axis=-1))[()]


def mean(margins):
    """The mean margin of the scored items, nan if there are none."""
    return float(np.nanmean(margins)) if (~np.isnan(margins)).any() else float("nan")
