"""Cells in which number can be sought: of incongruent nounPP sentences, whose two nouns differ in number."""

from typing import NamedTuple

import numpy as np

from ..activity import activity, full_sentences
from ..errors import MinilstmError, StimulusError
from ..records import short_repr
from ..stimuli import INCONGRUENT, SECOND_NOUN, SUBJECT, number_pairs, subject_position
from .generalisation import generalisation

SPLITS = "sentence", "noun"


@short_repr
class NumberData(NamedTuple):
    """Activity of the network on the incongruent nounPP sentences."""

    C: np.ndarray  # (sentences, positions, units), all layers side by side
    plural: np.ndarray  # (sentences,) bool, of the subject
    noun: np.ndarray  # (sentences,) str, the subject in the singular
    warning: str = ""  # about nouns seen in one number only

    def generalisation(self, units=None, trained=None, split="sentence"):
        """`generalisation` of the subject's number from the cells of `units`, in the paper's numbers; all if not given.

        `split` "sentence": as the authors, who drew sentences at random. Only 20 nouns in two numbers come before the
        position trained at, so every state tested there was also trained on. "noun": no subject noun is in both
        parts, in either number.
        """
        if split not in SPLITS:
            raise MinilstmError(f"split: expected one of {', '.join(SPLITS)}, got {split!r}")
        total = self.C.shape[2]
        columns = np.arange(total) if units is None else np.array(sorted(units), int) - 1
        if len(columns) and not 0 <= columns[0] <= columns[-1] < total:
            raise MinilstmError(f"unit {columns[0] + 1}: this network has units 1 to {total}")
        groups = self.noun if split == "noun" else None
        return generalisation(self.C[:, :, columns], self.plural, groups=groups, trained=trained)


def number_data(model, items, state="context", unknown="error"):
    """Cells of all units on the incongruent ones (SP, PS) among nounPP items, read to `the` after the verb.

    Parameters
    ----------
    items : sequence of stimuli.Item
        Those of other conditions are left out.

    Raises
    ------
    StimulusError
        If an item is no nounPP item, or one of the two conditions is missing.
    """
    items = [item for item in items if item.condition in INCONGRUENT]
    for item in items:
        if len(item.prefix) != SECOND_NOUN + 1 or subject_position(item) != SUBJECT:
            raise StimulusError(f"decoding: expected nounPP sentences, got {' '.join(item.prefix)!r} ({item.task})")
    if {item.condition for item in items} != set(INCONGRUENT):
        raise StimulusError("decoding: expected nounPP items of both conditions, SP and PS")
    pairs = number_pairs(items, SUBJECT)
    return NumberData(
        activity(model, full_sentences(items), "C", state, unknown),
        np.array([item.condition[0] == "P" for item in items]),
        np.array([pairs.singular[item.prefix[SUBJECT]] for item in items]),
        pairs.warning() and f"{pairs.warning()}.",
    )
