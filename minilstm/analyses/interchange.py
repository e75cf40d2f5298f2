"""Interchange: put one unit's memory of one sentence into another sentence, and see whether the verb follows it.

    The boy  near the cars | greets      the base: a singular subject
    The boys near the cars | greet       the donor: the same words, but for the subject's number

Ablation takes a unit away and finds out who is *needed*: also a unit that says the same all the time and is missed by
the others when it falls silent, or one that guards the memory and does not know what is in it. Interchange takes
nothing away. The unit only says what it says in the donor, and if the network now wants the donor's verb form, then
this unit is who *tells* it the number.

By default C of a unit is copied once, at the subject, and the network reads on as ever. That is the paper's claim put
to the test: a long-range unit stores the number when it reads the subject, and from there it reaches the verb. Copied
at every word from there on (`onwards`), a unit tells what it tells in the donor whenever it learns it: the counterpart
of ablation, which holds h at every word too.

C is copied and h follows from it: h = o * tanh(C) with the base's own output gate (Eq. 2), since what is stored
is asked for, not whether it is shown. `what` can be h alone, what is shown now and stored nowhere; or both.
"""

from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from ..errors import MinilstmError, StimulusError
from ..fast.prefix_tree import prefix_tree, walk
from ..fast.sweep import LogitDifferences, Reader, assign_rows
from .ablation import set_margins
from .number_agreement import by_condition, known_verbs

WHAT = "C", "h", "both"
OTHER = {"S": "P", "P": "S"}
# The three methods side by side, and what each does to a unit.
METHODS = {
    "zero": "h = 0 at every word, the context's included",
    "mean": "h = its mean over all words of the sentences, at every word",
    "once": "its C, or what else is copied, in the sentence with the other subject, at the subject",
    "onwards": "the same at every word from the subject to the verb",
}


def pairs(items):
    """Items with their donors: the same task, id and words, but the other number of the subject.

    Parameters
    ----------
    items : sequence of stimuli.Item
        As `stimuli.na_task` draws them: item k of each condition has the same words.

    Returns
    -------
    bases, donors : tuples of Item
        Each item serves as a base once. Items whose partner is not among them are left out.

    Raises
    ------
    StimulusError
        If there is no pair, or if the two of a pair are not such sentences.
    """
    found = {(item.task, item.condition, item.id): item for item in items}
    bases, donors = [], []
    for item in items:
        key = item.task, OTHER.get(item.condition[:1], "") + item.condition[1:], item.id
        if key in found:
            bases.append(item)
            donors.append(found[key])
    if not bases:
        raise StimulusError(
            "interchange: expected conditions that differ in the subject's number, such as SP and PP; none do"
        )
    for base, donor in zip(bases, donors, strict=True):
        if (base.right, base.wrong) != (donor.wrong, donor.right) or len(base.prefix) != len(donor.prefix):
            both = " / ".join(" ".join((*item.prefix, item.right)) for item in (base, donor))
            raise StimulusError(f"interchange: expected two sentences that differ in number only, got {both}")
    return tuple(bases), tuple(donors)


def interchange(
    model, bases, donors, sets, what="C", at=0, onwards=False, state="context", unknown="error", progress=False
):
    """The choice of a verb form with the state of some units taken from another sentence.

    Parameters
    ----------
    model : LanguageModel
    bases, donors : sequences of stimuli.Item
        See `pairs`; of equal lengths word for word.
    sets : sequence of collections of int
        Units to copy together, in the paper's numbers. Each set is tried on every pair.
    what : {"C", "h", "both"}
        What is copied. Copying C, h follows from it by Eq. 2.
    at : int
        At which word: 0 is the first in which the two sentences differ, the subject; 1 the next, and so on.
    onwards : bool
        At every word from there to the last before the verb.
    state : None, "context" or lstm.State
        What both sentences are read from.
    unknown : {"error", "<unk>"}

    Returns
    -------
    swapped : (sets, pairs) array
        Margins log p(right) - log p(wrong) of the base's forms.
    intact : (pairs,) array
        The same with nothing copied.
    donor : (pairs,) array
        The same, of the base's forms, after the donor: below 0 if the network is right there.
    """
    if what not in WHAT:
        raise MinilstmError(f"what to copy: expected one of {', '.join(WHAT)}, got {what!r}")
    V, rows = len(model.vocabulary), assign_rows(sets, model.sizes)
    mine, theirs = Reader(model, rows.count), Reader(model, [1] * len(model.sizes))
    contrast = model.contrast([base.right for base in bases], [base.wrong for base in bases])
    choice, donor_choice = LogitDifferences(*contrast, len(sets)), LogitDifferences(*contrast, 0)

    def read(states, parents, words):
        base, donor, since = states[0], states[1], states[2][parents]
        word, other = np.divmod(words, V)
        donor = theirs.read(donor, parents, other)
        since = since + ((since >= 0) | (word != other))  # words since the first that differs; -1 before it
        nodes = np.flatnonzero(since >= at if onwards else since == at)

        def swap(k, gates, h, C):
            (row, unit), (h_donor, C_donor) = rows.targets[k], donor[k]
            here = nodes[:, None], row, unit
            o = gates[nodes[:, None], row, 3 * model.sizes[k] + unit]
            if what != "h":
                C[here] = C_donor[nodes[:, None], 0, unit]
                h[here] = o * np.tanh(C[here])  # Eq. 2
            if what != "C":
                h[here] = h_donor[nodes[:, None], 0, unit]

        return mine.read(base, parents, word, swap), donor, since

    sentences = [
        model.encode(base.prefix, unknown) * V + model.encode(donor.prefix, unknown)
        for base, donor in zip(bases, donors, strict=True)
    ]
    with tqdm(total=len(bases), disable=None if progress else True, unit="sentence") as bar:
        start = mine.start(state), theirs.start(state), np.array([-1])
        for visit in walk(prefix_tree(sentences), start, read, mine.width):
            node, sentence = visit.node[visit.ends], visit.sentence[visit.ends]
            choice.record(visit.states[0], node, sentence)
            donor_choice.record(visit.states[1], node, sentence)
            bar.update(len(sentence))
    return choice.margins[rows.of_set], choice.margins[0], donor_choice.margins[0]


@dataclass(frozen=True, eq=False)
class Comparison:
    """What three ways of intervening on the same units do to the same sentences.

    Attributes
    ----------
    items : tuple of stimuli.Item
        The bases.
    sets : tuple of tuple of int
        The units that were intervened on together.
    intact, donor : (items,) arrays
        See `interchange`.
    margins : dict of str to (sets, items) array
        For each of `METHODS`.
    """

    items: tuple
    sets: tuple
    intact: np.ndarray
    donor: np.ndarray
    margins: dict

    def by_condition(self):
        """{(task, condition): the bases that count}: those that are answered rightly, as their donors are."""
        good = (self.intact > 0) & (self.donor < 0)
        return {key: where[good[where]] for key, where in by_condition(self.items).items()}

    def flips(self, method, where):
        """The share of items `where` that are no longer right: (sets,)."""
        return (self.margins[method][:, where] <= 0).mean(axis=1) if len(where) else np.full(len(self.sets), np.nan)

    def moved(self, method, where):
        """How far the mean margin moves towards the donor's, 0 to 1 where all is the donor's: (sets,)."""
        if not len(where):
            return np.full(len(self.sets), np.nan)
        full = (self.intact - self.donor)[where].mean()
        return (self.intact[where] - self.margins[method][:, where]).mean(axis=1) / full

    def strongest(self, most=8):
        """Indices of the sets that move the margin farthest, in any condition by any method; the farthest first."""
        found = [self.moved(method, where) for method in self.margins for where in self.by_condition().values()]
        return np.argsort(-np.nan_to_num(np.abs(found)).max(axis=0), kind="stable")[:most]

    def rows(self, most=8):
        """Columns and rows: a set and a condition each; flips in percent of the items, moved in percent of the way."""
        columns = ["units", "task", "condition", "n"]
        for method in self.margins:
            columns += [f"{method}: flips", f"{method}: moved"]
        rows = []
        for k in self.strongest(most):
            for (task, condition), where in self.by_condition().items():
                cells = [100 * f(m, where)[k] for m in self.margins for f in (self.flips, self.moved)]
                rows.append(["+".join(map(str, self.sets[k])), task, condition, len(where), *cells])
        return columns, rows


def compare(model, items, sets=None, what="C", state="context", unknown="error", progress=False):
    """Interchange beside ablation at zero and at the mean, on every item that has a donor among the others.

    Parameters
    ----------
    model : LanguageModel
    items : sequence of stimuli.Item
        Those of which the model lacks a verb form are left out.
    sets : sequence of collections of int, optional
        Every unit of the network alone if not given.
    what : {"C", "h", "both"}

    Returns
    -------
    Comparison
    """
    bases, donors = pairs([item for item, known in zip(items, known_verbs(model, items), strict=True) if known])
    sets = [(unit,) for unit in range(1, sum(model.sizes) + 1)] if sets is None else [tuple(units) for units in sets]
    shared = {"state": state, "unknown": unknown, "progress": progress}
    margins = {
        "zero": set_margins(model, bases, sets, "paper", **shared),
        "mean": set_margins(model, bases, sets, "mean", **shared),
    }
    margins["once"], intact, donor = interchange(model, bases, donors, sets, what, **shared)
    margins["onwards"], *_ = interchange(model, bases, donors, sets, what, onwards=True, **shared)
    return Comparison(bases, tuple(sets), intact, donor, margins)
