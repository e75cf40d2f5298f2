"""Generalisation across time (Fig. 2): does the code for number that is there at the subject last until the verb?

A linear classifier learns to tell singular from plural subjects by the cells right after the subject, and is tested on
the cells at every word. In the sentences used, SP and PS, the second noun always has the other number. So a code that
follows the last noun scores 1 at the subject and 0 at the second noun; one that keeps the subject's scores 1 at both.
"""

import warnings
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..activity import activity, full_sentences
from ..errors import MinilstmError, StimulusError
from ..stimuli import LEXICONS
from ..units import by_layer

SUBJECT, SECOND_NOUN = 1, 4  # positions in 'The boy near the cars greets the', from 0
WORDS = "The", "N", "P", "the", "N", "V", "the"  # what stands there, for axes and tables
INCONGRUENT = "SP", "PS"
SEEDS = range(5)
TEST = 0.2  # share of the sentences, or of the nouns, that is tested on
SPLITS = "sentence", "noun"


class NumberData(NamedTuple):
    """What the network does on the incongruent nounPP sentences."""

    C: np.ndarray  # (sentences, positions, units), all layers side by side
    plural: np.ndarray  # (sentences,) bool, of the subject
    noun: np.ndarray  # (sentences,) str, the subject in the singular


@dataclass(frozen=True, eq=False)
class Decoding:
    """Area under the ROC curve of classifiers trained at some positions and tested at all.

    Attributes
    ----------
    auc : (splits, trained, positions) array
        0.5: no information; 0: the classifier takes each singular for a plural and the other way round.
    trained : tuple of int
        The positions trained at.
    unconverged : int
        How many of the classifiers stopped at scikit-learn's limit of iterations.
    """

    auc: np.ndarray
    trained: tuple
    unconverged: int

    @property
    def mean(self):
        """Mean over splits: (trained, positions)."""
        return self.auc.mean(axis=0)

    @property
    def sd(self):
        """Population standard deviation over splits: (trained, positions)."""
        return self.auc.std(axis=0)

    def curve(self, trained=SUBJECT):
        """Mean and sd at every position, trained at one: the curves of Fig. 2."""
        row = self.trained.index(trained)
        return self.mean[row], self.sd[row]


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
        if len(item.prefix) != SECOND_NOUN + 1:
            raise StimulusError(f"decoding: expected nounPP sentences, got {' '.join(item.prefix)!r} ({item.task})")
    if {item.condition for item in items} != set(INCONGRUENT):
        raise StimulusError("decoding: expected nounPP items of both conditions, SP and PS")
    singular = {form: pair[0] for lexicon in LEXICONS.values() for pair in lexicon.nouns for form in pair}
    subjects = [item.prefix[SUBJECT] for item in items]
    return NumberData(
        activity(model, full_sentences(items), "C", state, unknown),
        np.array([item.condition[0] == "P" for item in items]),
        np.array([singular.get(noun, noun.removesuffix("s")) for noun in subjects]),
    )


def generalisation(data, units=None, trained=None, split="sentence", seeds=SEEDS):
    """Train at each position of `trained`, test at every position (King and Dehaene, 2014; Fig. 2).

    The classifier is a linear support vector machine (C = 1, tolerance 1e-5) on units scaled to mean 0 and variance 1
    over the training sentences.

    Parameters
    ----------
    data : NumberData
    units : iterable of int, optional
        Those that the classifier sees, in the paper's numbers; all if not given.
    trained : sequence of int, optional
        Positions; all if not given.
    split : {"sentence", "noun"}
        What the fifth tested on is a fifth of. "sentence": as the authors, who drew sentences at random. Only 20 nouns
        in two numbers come before the position trained at, so every state tested there was also trained on. "noun": no
        subject noun is in both parts, in either number.
    seeds : iterable of int
        One split a seed.

    Returns
    -------
    Decoding
    """
    positions, total = data.C.shape[1:]
    trained = tuple(range(positions)) if trained is None else tuple(trained)
    seen = np.arange(total) if units is None else by_layer(units, [total])[0]
    if not len(seen):
        raise MinilstmError("generalisation: expected at least one unit to decode from, got none")
    C = data.C[:, :, seen].astype(np.float64)
    auc, unconverged = [], 0
    for train, test in _split(data, split, seeds):
        rows = []
        for position in trained:
            if not np.ptp(C[train, position], axis=0).any():  # all sentences begin alike: there is nothing to learn
                rows.append(np.full(positions, 0.5))
                continue
            classify, converged = _fit(C[train, position], data.plural[train])
            scores = classify(C[test].reshape(-1, len(seen))).reshape(len(test), positions)
            rows.append(area_under_curve(scores, data.plural[test]))
            unconverged += not converged
        auc.append(rows)
    return Decoding(np.array(auc), trained, unconverged)


def _split(data, split, seeds):
    """(indices trained on, indices tested on) for each seed."""
    from sklearn.model_selection import GroupShuffleSplit, train_test_split

    every = np.arange(len(data.plural))
    if split not in SPLITS:
        raise MinilstmError(f"split: expected one of {', '.join(SPLITS)}, got {split!r}")
    for seed in seeds:
        if split == "sentence":
            yield train_test_split(every, test_size=TEST, random_state=seed)
        else:
            yield next(GroupShuffleSplit(1, test_size=TEST, random_state=seed).split(every, groups=data.noun))


def _fit(X, plural):
    """A function from (rows, units) to (rows,), larger for plurals, and whether its weights have settled."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import LinearSVC

    # dual: what scikit-learn did when the paper was written; only this solver draws random numbers
    scaler, classifier = StandardScaler().fit(X), LinearSVC(C=1, tol=1e-5, dual=True, random_state=0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        classifier.fit(scaler.transform(X), plural)
    converged = not any(issubclass(one.category, ConvergenceWarning) for one in caught)
    return lambda X: classifier.decision_function(scaler.transform(X)), converged


def area_under_curve(scores, plural):
    """ROC AUC over the first axis, ties counting half: the share of (plural, singular) pairs in the right order.

    Parameters
    ----------
    scores : (sentences, ...) array
        Larger for what is taken for a plural.
    plural : (sentences,) bool array

    Returns
    -------
    (...) array
        nan where all sentences have one number.
    """
    from scipy.stats import rankdata

    p, s = np.count_nonzero(plural), np.count_nonzero(~plural)
    if not p * s:
        return np.full(scores.shape[1:], np.nan)
    return (rankdata(scores, axis=0)[plural].sum(axis=0) - p * (p + 1) / 2) / (p * s)


def figure_2(data, long_range, split="sentence"):
    """All curves of Fig. 2, full train x test matrices: each long-range unit alone, and all units but those.

    Parameters
    ----------
    long_range : sequence of int
        In the paper's numbers.

    Returns
    -------
    dict
        {label: Decoding}.
    """
    rest = set(range(1, data.C.shape[2] + 1)) - set(long_range)
    curves = {f"unit {unit}": generalisation(data, [unit], split=split) for unit in long_range}
    return curves | {"all units but these" if long_range else "all units": generalisation(data, rest, split=split)}
