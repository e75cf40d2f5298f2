"""Gates and cells over time (Figs. 1a-c and 3): mean and spread over the sentences of a condition, word by word."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..activity import activity, full_sentences
from ..errors import MinilstmError, StimulusError
from ..stimuli import TEMPLATES
from ..units import by_layer
from .number_agreement import agreement, check_words

VARIABLES = "C_tilde", "i", "f", "C", "o", "h"
SUBJECT = 1  # the step of the subject in all tasks: The *boy*
NUMBERS = {"S": "singular", "P": "plural"}
BYTES = 2**25  # of a block of sentences
OWN = 0.5  # a predicted gate above this is open
# What a slot of a template is called on an axis.
_ROLES = {
    "LOC": "N",
    "RV": "v",
    "PREP": "prep",
    "NAMEPREP": "prep",
    "NAME": "name",
    "ADV": "adv",
    "FIRST": "adv",
    "MANNER": "adv",
    "INTENT": "adv",
}


@dataclass(frozen=True, eq=False)
class Dynamics:
    """What chosen units do at each word.

    Attributes
    ----------
    conditions : tuple of str
    words : tuple of str
        What stands at each step: the word, if it is always the same, else its role.
    verb : int
        The step of the main verb, from 0.
    units : tuple of int
        In the paper's numbers.
    mean, sd : dict of str to (conditions, steps, units) float64 array
        For each of `VARIABLES`; the population standard deviation. nan for a condition without sentences.
    n : (conditions,) int array
        How many sentences each row is the mean of.
    """

    conditions: tuple
    words: tuple
    verb: int
    units: tuple
    mean: dict
    sd: dict
    n: np.ndarray

    @property
    def tells_numbers(self):
        """Whether the conditions say the nouns' numbers, such as SP, and there are sentences with either subject."""
        named = all(set(condition) <= set("SP") for condition in self.conditions)
        return named and {c[0] for c, n in zip(self.conditions, self.n, strict=True) if n} == set("SP")

    def code(self, unit, number=None):
        """The number that a unit holds before the verb, and with which sign.

        Returns
        -------
        number : {"S", "P"}
            The one given, as found by ablation; else the subject's number for which the cell is further from 0 at
            the word before the verb. That is no more than a guess where a unit holds both, with opposite signs.
        sign : {1, -1}
            Of the cell then; the paper's units hold their number as a negative C.
        """
        before = self.mean["C"][:, self.verb - 1, self.units.index(unit)]  # (conditions,)
        means = {}
        for subject in "SP":
            rows = [k for k, condition in enumerate(self.conditions) if condition[0] == subject and self.n[k]]
            if not rows:
                raise StimulusError(f"which number a unit holds: no sentences with a subject in {subject}")
            means[subject] = before[rows].mean()
        number = number or max(means, key=lambda key: abs(means[key]))
        return number, 1 if means[number] >= 0 else -1


def dynamics(model, items, units=None, which="all", state="context", ablate=(), unknown="error", after=("the",)):
    """Mean and sd of every gate, the cell and h of chosen units, at every word of a condition's sentences.

    Parameters
    ----------
    model : LanguageModel
    items : sequence of stimuli.Item, or mapping of str to such a sequence
        A sequence is split by condition; the keys of a mapping are the conditions, as for Fig. 3, which pools
        the numbers: ``{"nounPP": items}``. All sentences must have the same length.
    units : iterable of int, optional
        In the paper's numbers: 1 is the first unit of the first layer. All units if not given.
    which : {"all", "correct"}
        "correct": only sentences in which the right verb form is likelier than the wrong one, as in the authors'
        code for Fig. 1 (its caption says all).
    state : None, "context" or lstm.State with a batch of 1
    ablate : iterable of int
        Units to ablate throughout.
    unknown : {"error", "<unk>"}
    after : sequence of str
        What follows the verb; in Figs. 1 and 3 sentences go on to `the`. The verb is the right form.

    Returns
    -------
    Dynamics

    Raises
    ------
    StimulusError
        If there are no sentences, or sentences of different lengths.
    """
    if which not in ("all", "correct"):
        raise MinilstmError(f"which: expected 'all' or 'correct', got {which!r}")
    groups = {name: tuple(group) for name, group in _groups(items).items()}
    lengths = {len(item.prefix) for group in groups.values() for item in group}
    if len(lengths) != 1:
        found = ", ".join(map(str, sorted(lengths))) or "no sentences"
        raise StimulusError(f"dynamics: expected the verb at one place in all sentences, got {found}")
    units = tuple(range(1, sum(model.sizes) + 1) if units is None else units)
    if not units:
        raise MinilstmError("dynamics: expected at least one unit, got none")
    by_layer(units, model.sizes)  # says which is no unit
    every = [item for group in groups.values() for item in group]
    check_words(model, every, unknown)
    words = _labels(every, after)
    n, mean, sd = [], [], []
    for group in groups.values():
        if which == "correct" and group:
            right = agreement(model, group, state, ablate, unknown=unknown).margins > 0
            group = [item for item, keep in zip(group, right, strict=True) if keep]
        count, m, s = _moments(_blocks(model, full_sentences(group, after), units, state, ablate, unknown))
        empty = np.full((len(VARIABLES), len(words), len(units)), np.nan)
        n.append(count)
        mean.append(m if count else empty)
        sd.append(s if count else empty)
    mean, sd = ({name: np.stack([row[k] for row in rows]) for k, name in enumerate(VARIABLES)} for rows in (mean, sd))
    return Dynamics(tuple(groups), words, lengths.pop(), units, mean, sd, np.array(n))


def _groups(items):
    if isinstance(items, Mapping):
        return items
    items, groups = list(items), {}
    several = len({item.task for item in items}) > 1
    for item in items:
        groups.setdefault(f"{item.task} {item.condition}" if several else item.condition, []).append(item)
    return groups


def _labels(items, after):
    """A name for each step: the word, if all sentences have the same there, else its role in the task's template."""
    template = [None] * len(items[0].prefix) + ["V"]
    if len({item.task for item in items}) == 1 and items[0].task in TEMPLATES:
        template = TEMPLATES[items[0].task].split()
    labels = []
    for step, slot in enumerate(template):
        found = {(*item.prefix, item.right)[step] for item in items}
        bare = slot.rstrip("0123456789") if slot else "..."
        role = _ROLES.get(bare, bare) + (slot[len(bare) :] if slot and bare in ("N", "LOC", "RV", "V") else "")
        labels.append(found.pop() if len(found) == 1 else role)
    return (*labels, *after)


def _blocks(model, sentences, units, state, ablate, unknown):
    """Batches of all sentences: (batch, variables, steps, units), float64."""
    state = model.initial_state(state, ablate=ablate)  # the context once, not once a block
    size = max(1, BYTES // (8 * len(VARIABLES) * len(units) * max(map(len, sentences), default=1)))
    for start in range(0, len(sentences), size):
        block = activity(model, sentences[start : start + size], VARIABLES, state, unknown, ablate, units)
        yield np.stack(block, axis=1).astype(np.float64)


def _moments(blocks):
    """Number, mean and population sd over the first axis of all blocks together, one block in memory at a time."""
    n, mean, spread = 0, 0.0, 0.0
    for block in blocks:
        k, m = len(block), block.mean(axis=0)
        away = m - mean
        spread = spread + ((block - m) ** 2).sum(axis=0) + away**2 * n * k / (n + k)
        mean = mean + away * k / (n + k)
        n += k
    return n, mean, np.sqrt(spread / max(n, 1))


def predicted(conditions, steps, verb, number="S", sign=-1, subject=SUBJECT):
    """The pattern that a unit should show that keeps one number from the subject to the verb (Fig. 1c).

    Parameters
    ----------
    conditions : sequence of str
        The first letter of each is the subject's number.
    steps, verb : int
        How many words, and where the verb is.
    number : {"S", "P"}
        The number that the unit keeps.
    sign : {1, -1}
        The sign of C that stands for it.
    subject : int
        Where the subject is.

    Returns
    -------
    dict of str to (conditions, steps) masked array
        C_tilde, i, f, C and o; masked where the paper makes no prediction. Numbered as in section 4.1: (1) C~
        tells the numbers apart at the subject; (2) i opens there for the unit's own number only, and is shut until
        the verb; (3) f is shut at the subject and open from there to the verb; (4) so C keeps the number; (5) o is
        open when the verb is predicted.
    """
    own = np.array([condition[0] == number for condition in conditions])
    pattern = {name: np.ma.masked_all((len(own), steps)) for name in ("C_tilde", "i", "f", "C", "o")}
    between = slice(subject + 1, verb)
    pattern["C_tilde"][:, subject] = np.where(own, sign, -sign)
    pattern["i"][:, subject] = own
    pattern["i"][:, between] = 0
    pattern["f"][:, subject] = 0
    pattern["f"][:, between] = 1
    pattern["C"][:, subject:verb] = np.where(own, sign, 0)[:, None]
    pattern["o"][:, verb - 1] = 1
    return pattern


def against_prediction(found, unit, number=None):
    """Where gates should be open or shut, and how far open they are (i, f and o of Fig. 1c).

    Parameters
    ----------
    found : Dynamics
        Its conditions begin with the number of the subject.
    unit : int
    number : {"S", "P"}, optional
        The number that the unit should keep; see `Dynamics.code` for what is taken if it is not given.

    Returns
    -------
    columns, rows
        For i, f and o: what Fig. 1c asks for, and the mean of the gate over all conditions and words concerned. A number
        that had to be guessed is called a guess.
    """
    guess = "" if number else " (a guess)"
    number, sign = found.code(unit, number)
    pattern = predicted(found.conditions, len(found.words), found.verb, number, sign)
    own = np.array([condition[0] == number for condition in found.conditions])[:, None]
    at_subject = np.arange(len(found.words)) == SUBJECT
    places = {
        "at the subject, own number": own & at_subject,
        "at the subject, other number": ~own & at_subject,
        "from there to the verb": np.broadcast_to(~at_subject, pattern["i"].shape),
    }
    rows = []
    for gate in ("i", "f", "o"):
        values = found.mean[gate][:, :, found.units.index(unit)]
        for place, where in places.items():
            asked = where & ~np.ma.getmaskarray(pattern[gate])
            if asked.any():
                should = "open" if pattern[gate][asked].mean() > OWN else "shut"
                rows.append([unit, NUMBERS[number] + guess, gate, place, should, f"{np.nanmean(values[asked]):.2f}"])
    return ["unit", "keeps", "gate", "where", "should be", "is"], rows
