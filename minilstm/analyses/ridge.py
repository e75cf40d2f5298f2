"""Ridge regression whose penalty is chosen by folds of whole groups: of sentences, where the rows are words.

This is no reinvention of scikit-learn's `RidgeCV`. That cannot fit a scaler within its folds; a grid search over a
pipeline can, but solves anew for each penalty: 505 times for 20 penalties in nested folds, with 1,301 features each.
Here 30 decompositions serve all penalties. The tests hold the result to that grid search, fold by fold.
"""

from typing import NamedTuple

import numpy as np

from ..records import short_repr
from .statistics import r_squared


def ridge_path(X, y, alphas):
    """The weights that minimise |y - X w|^2 + alpha |w|^2, for every alpha at once.

    They are (X'X + alpha)^-1 X'y. In the basis of the eigenvectors of X'X that inverse is a division.

    Parameters
    ----------
    X : (rows, features) array
        Columns and y of mean 0: there is no intercept.

    Returns
    -------
    (alphas, features) array
    """
    values, vectors = np.linalg.eigh(X.T @ X)
    along = vectors.T @ (X.T @ y)  # (features,): X'y in the basis of the eigenvectors
    return (along / (np.maximum(values, 0) + np.asarray(alphas)[:, None])) @ vectors.T


@short_repr
class Ridge(NamedTuple):
    """A ridge regression, with the scaling of its features."""

    weights: np.ndarray  # (features,)
    alpha: float  # the penalty
    mean: float  # of y
    scaler: object

    def r2(self, X, y, features=None):
        """On other rows; the weights of all but the first `features` features set to 0, if given."""
        return r_squared(y, self.scaler.transform(X)[:, :features] @ self.weights[:features] + self.mean)


def fit_ridge(X, y, groups, alphas, folds):
    """The regression with the best penalty in cross-validation: the scaling too is fitted on training folds only.

    Parameters
    ----------
    X : (rows, features) array
    y : (rows,) array
    groups : (rows,) array
        Rows of one group stay in one fold.
    alphas : sequence of float
        The penalties to choose from.
    folds : int

    Returns
    -------
    Ridge
    """
    from sklearn.model_selection import GroupKFold
    from sklearn.preprocessing import StandardScaler

    def path(X, y):
        scaler, mean = StandardScaler().fit(X), y.mean()
        weights = ridge_path(scaler.transform(X), y - mean, alphas)
        return [Ridge(w, alpha, mean, scaler) for w, alpha in zip(weights, alphas, strict=True)]

    scores = [
        [ridge.r2(X[test], y[test]) for ridge in path(X[train], y[train])]
        for train, test in GroupKFold(folds).split(X, groups=groups)
    ]
    return path(X, y)[int(np.argmax(np.mean(scores, axis=0)))]
