"""Generalisation across time, of any classifier on any activity (King and Dehaene, 2014).

A classifier is trained at one position of a sequence and tested at all. Where it still tells the classes apart, the
code that it learned is still there; where it is at chance, that code is gone, and where it is wrong, reversed.
"""

import warnings
from dataclasses import dataclass

import numpy as np

from ..errors import MinilstmError
from ..records import short_repr
from ..stimuli import SUBJECT

SEEDS = range(5)
TEST = 0.2  # share of the sequences, or of the groups, that is tested on


@short_repr
@dataclass(frozen=True, eq=False)
class Generalisation:
    """Area under the ROC curve of classifiers trained at some positions and tested at all.

    Attributes
    ----------
    auc : (splits, trained, positions) array
        0.5: no information; 0: the classifier takes each of one class for the other; nan in splits in which all that
        is trained on, or tested on, is of one class.
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
        """Mean over the splits with both classes: (trained, positions)."""
        return self._of_splits(np.mean)

    @property
    def sd(self):
        """Population standard deviation over the same: (trained, positions)."""
        return self._of_splits(np.std)

    @property
    def undefined(self):
        """Number of splits that lack a class."""
        return int(np.isnan(self.auc).any(axis=(1, 2)).sum())

    def _of_splits(self, statistic):
        defined = self.auc[~np.isnan(self.auc).any(axis=(1, 2))]
        return statistic(defined, axis=0) if len(defined) else np.full(self.auc.shape[1:], np.nan)

    def curve(self, trained=SUBJECT):
        """Mean and sd at every position, trained at one: the curves of Fig. 2."""
        row = self.trained.index(trained)
        return self.mean[row], self.sd[row]


def linear_svm():
    """The paper's classifier: units scaled to mean 0 and variance 1 over the training sentences, then a linear SVM."""
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import LinearSVC

    # dual: what scikit-learn did when the paper was written; only this solver draws random numbers
    return make_pipeline(StandardScaler(), LinearSVC(C=1, tol=1e-5, dual=True, random_state=0))


def generalisation(X, y, estimator=None, groups=None, trained=None, seeds=SEEDS):
    """Train at each position, test at every position (King and Dehaene, 2014; Fig. 2).

    Parameters
    ----------
    X : (sentences, positions, features) array
    y : (sentences,) bool array
        The class that decision values are larger for.
    estimator : scikit-learn classifier with a `decision_function`, optional
        A fresh copy is fitted for each split and position; `linear_svm` if not given.
    groups : (sentences,) array, optional
        No group is in both parts of a split, if given. Otherwise a fifth of the sentences is tested on, drawn at
        random, as the authors did.
    trained : sequence of int, optional
        Positions; all if not given.
    seeds : iterable of int
        One split a seed.

    Returns
    -------
    Generalisation

    References
    ----------
    King, J.-R. and Dehaene, S. (2014). Characterizing the dynamics of mental representations: the temporal
    generalization method. Trends in Cognitive Sciences 18.

    Examples
    --------
    >>> X = np.zeros((40, 3, 1))
    >>> y = np.arange(40) % 2 == 1
    >>> X[:, 1:, 0] = np.where(y, 1, -1)[:, None]  # nothing at the first position, the class from the second on
    >>> generalisation(X, y, trained=[1]).mean.round(1).tolist()
    [[0.5, 1.0, 1.0]]
    """
    from sklearn.base import clone

    positions = X.shape[1]
    trained = tuple(range(positions)) if trained is None else tuple(trained)
    if not X.shape[2]:
        raise MinilstmError("generalisation: expected at least one unit to decode from, got none")
    X = X.astype(np.float64)
    auc, unconverged = [], 0
    for train, test in _splits(y, groups, seeds):
        rows = []
        for position in trained:
            if len({*y[train]}) == 1 or len({*y[test]}) == 1:
                rows.append(np.full(positions, np.nan))
                continue
            if not np.ptp(X[train, position], axis=0).any():  # all sentences begin alike: there is nothing to learn
                rows.append(np.full(positions, 0.5))
                continue
            classifier = clone(linear_svm() if estimator is None else estimator)
            unconverged += not _fit(classifier, X[train, position], y[train])
            scores = classifier.decision_function(X[test].reshape(-1, X.shape[2])).reshape(len(test), positions)
            rows.append(area_under_curve(scores, y[test]))
        auc.append(rows)
    return Generalisation(np.array(auc), trained, unconverged)


def _splits(y, groups, seeds):
    """(indices trained on, indices tested on) for each seed."""
    from sklearn.model_selection import GroupShuffleSplit, train_test_split

    every = np.arange(len(y))
    for seed in seeds:
        if groups is None:
            yield train_test_split(every, test_size=TEST, random_state=seed)
        else:
            yield next(GroupShuffleSplit(1, test_size=TEST, random_state=seed).split(every, groups=groups))


def _fit(classifier, X, y):
    """Fit, and return whether the weights have settled."""
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        classifier.fit(X, y)
    return not any(issubclass(warning.category, ConvergenceWarning) for warning in caught)


def area_under_curve(scores, y):
    """ROC AUC over the first axis, ties counting half: the share of pairs, one of each class, in the right order.

    Parameters
    ----------
    scores : (sentences, ...) array
    y : (sentences,) bool array

    Returns
    -------
    (...) array
        nan where all sentences are of one class.
    """
    from scipy.stats import rankdata

    p, s = np.count_nonzero(y), np.count_nonzero(~y)
    if not p * s:
        return np.full(scores.shape[1:], np.nan)
    return (rankdata(scores, axis=0)[y].sum(axis=0) - p * (p + 1) / 2) / (p * s)
