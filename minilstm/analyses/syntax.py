"""Syntax units (section 4.3): which units does one have to read to know how deep in the sentence the network is?

A ridge regression predicts the depth of a word, its number of open nodes, from h of all units and how frequent the word
is. How well it does is measured on sentences that neither its weights nor its penalty were fitted to.
"""

from dataclasses import dataclass

import numpy as np

from ..activity import activity
from ..errors import MinilstmError, StimulusError
from ..stimuli import CONDITIONS, na_task
from ..stimuli.depth import POSITIONS, depth_sentences, sample_cells
from .dynamics import dynamics

ALPHAS = np.logspace(-5, 5, 20)
FOLDS = 5  # outside and inside
OUTLIER = 3  # population standard deviations
STRUCTURES = "2Adv", "CoAdv", "nounPP", "SubjRel", "2SubjRel"  # Fig. 3; its panel (a) says 2Adv and shows CoAdv


@dataclass(frozen=True, eq=False)
class DepthData:
    """The sampled words.

    Attributes
    ----------
    h : (words, units) array
        All layers side by side.
    count : (words,) array or None
        How often the word stands in the training text; None where the model's file does not say.
    depth, position, sentence : (words,) int arrays
    """

    h: np.ndarray
    count: np.ndarray | None
    depth: np.ndarray
    position: np.ndarray
    sentence: np.ndarray


@dataclass(frozen=True, eq=False)
class DepthRegression:
    """What the regression found.

    Attributes
    ----------
    weights : (units,) array
        Mean over the outer folds, for h scaled to variance 1: open nodes a standard deviation.
    r2 : (folds,) array
        On the test sentences, word frequency among the features.
    r2_without : (folds,) array
        The same with the weight of word frequency set to 0: the paper's .85.
    r2_frequency : (folds,) array
        Of a regression on word frequency alone.
    alpha : (folds,) array
        The penalty that the inner folds chose.

    Without word counts `r2` and `r2_without` are the same, and `r2_frequency` is nan.
    """

    weights: np.ndarray
    r2: np.ndarray
    r2_without: np.ndarray
    r2_frequency: np.ndarray
    alpha: np.ndarray

    @property
    def z(self):
        """The weights in population standard deviations from their mean: (units,). At most sqrt(units - 1)."""
        sd = self.weights.std()
        return (self.weights - self.weights.mean()) / (sd if sd else 1)

    @property
    def outliers(self):
        """The syntax units, beyond 3 standard deviations, the strongest first; in the paper's numbers."""
        return tuple(unit for unit in self.strongest() if abs(self.z[unit - 1]) > OUTLIER)

    def strongest(self, n=None):
        """The `n` units with the largest |z|, in the paper's numbers; all if not given."""
        return tuple(int(u) + 1 for u in np.argsort(-np.abs(self.z), kind="stable")[:n])

    def table(self, n=None):
        """Columns and rows: the weights of those units."""
        rows = [
            [unit, f"{self.weights[unit - 1]:.3f}", f"{self.z[unit - 1]:.2f}", "*" if unit in self.outliers else ""]
            for unit in self.strongest(n)
        ]
        return ["unit", "weight", "z", "outlier"], rows


def depth_data(model, sentences=None, state="context", unknown="error", **cells):
    """h at the words that `stimuli.depth.sample_cells` takes.

    Parameters
    ----------
    sentences : sequence of stimuli.trees.DepthSentence, optional
        Drawn from the depth grammar if not given, 300 of each length; those with words that the model does not know
        are left out, as the authors did with theirs, unless `unknown` says what such words become.
    **cells
        `per_cell`, `positions` and `depths` of `sample_cells`.

    Returns
    -------
    DepthData
    """
    if sentences is None:
        vocabulary = set(model.vocabulary)
        sentences = [one for one in depth_sentences() if unknown != "error" or vocabulary.issuperset(one.words)]
    points = sample_cells(sentences, **cells)
    if not points:
        raise StimulusError(f"depth: of {len(sentences)} sentences none has a word in the cells to sample")
    used = sorted({point.sentence for point in points})
    row = {sentence: k for k, sentence in enumerate(used)}
    read = [sentences[k].words[: 1 + max(cells.get("positions", POSITIONS))] for k in used]
    sentence, position, depth = np.array(points).T
    rows = np.array([row[k] for k in sentence])
    count = None
    if model.word_counts is not None:
        counts = dict(zip(model.vocabulary, model.word_counts.tolist(), strict=True))
        count = np.array([counts.get(read[k][p], 0) for k, p in zip(rows, position, strict=True)], float)
    return DepthData(activity(model, read, "h", state, unknown)[rows, position], count, depth, position, sentence)


def depth_regression(data, alphas=ALPHAS, folds=FOLDS):
    """Ridge regression of depth in nested cross-validation; no sentence is in two folds, outside or inside.

    Everything that is fitted, the scaling of the features included, is fitted on training folds. (The released code
    scales on training and test sentences together, and chooses the penalty on folds of words.)

    Parameters
    ----------
    data : DepthData
    alphas : sequence of float
        The penalties to choose from.
    folds : int

    Returns
    -------
    DepthRegression
    """
    from sklearn.model_selection import GroupKFold

    different = len(np.unique(data.sentence))
    if different < folds * 2:
        raise MinilstmError(
            f"depth: expected words of at least {folds * 2} sentences for {folds} folds, got {different}"
        )
    units, counted = data.h.shape[1], data.count is not None
    X = np.column_stack([data.h, data.count] if counted else [data.h]).astype(np.float64)
    y = data.depth.astype(float)
    weights, alpha, r2 = [], [], []
    for train, test in GroupKFold(folds).split(X, groups=data.sentence):
        here = train, test, data.sentence, alphas, folds
        w, best, scaled, mean = _fitted(X, y, *here)
        weights.append(w[:units])
        alpha.append(best)
        scores = [r_squared(y[test], scaled @ w + mean), np.nan, np.nan]
        scores[1] = r_squared(y[test], scaled[:, :units] @ w[:units] + mean)
        if counted:
            w, _, scaled, mean = _fitted(X[:, units:], y, *here)
            scores[2] = r_squared(y[test], scaled @ w + mean)
        r2.append(scores)
    return DepthRegression(np.mean(weights, axis=0), *np.transpose(r2), np.array(alpha))


def _fitted(X, y, train, test, sentence, alphas, folds):
    """Weights (features,), the penalty, both from the training set; the test rows as it scales them; its mean of y."""
    from sklearn.model_selection import GroupKFold

    scores = []
    for within, held in GroupKFold(folds).split(X[train], groups=sentence[train]):
        scaled, held_scaled = _scaled(X[train][within], X[train][held])
        mean = y[train][within].mean()
        path = ridge_path(scaled, y[train][within] - mean, alphas)
        scores.append([r_squared(y[train][held], held_scaled @ w + mean) for w in path])
    best = int(np.argmax(np.mean(scores, axis=0)))
    scaled, test_scaled = _scaled(X[train], X[test])
    mean = y[train].mean()
    return ridge_path(scaled, y[train] - mean, alphas)[best], alphas[best], test_scaled, mean


def _scaled(train, other):
    """Both with the mean and variance of `train` taken out."""
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(train)
    return scaler.transform(train), scaler.transform(other)


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
    along = vectors.T @ (X.T @ y)  # (features,), what each eigenvector has to do with y
    return (along / (np.maximum(values, 0) + np.asarray(alphas)[:, None])) @ vectors.T


def r_squared(y, predicted):
    """The share of the variance of y that `predicted` explains; below 0 if the mean of y would do better."""
    return 1 - ((y - predicted) ** 2).sum() / ((y - y.mean()) ** 2).sum()


def structures(model, units, n=None, tasks=STRUCTURES, seed=0, lexicon="paper", state="context", unknown="error"):
    """Gates and cell of units on the structures of Fig. 3, from the first word to `the` after the verb.

    Parameters
    ----------
    units : sequence of int
        In the paper's numbers.
    n : int, optional
        Sentences a condition; by default as `stimuli.na_task`.

    Returns
    -------
    dict
        {task: dynamics.Dynamics}, all conditions of a task in one.
    """
    shown = {}
    for task in tasks:
        items = [item for condition in CONDITIONS[task] for item in na_task(task, condition, n, seed, lexicon)]
        shown[task] = dynamics(model, {task: items}, units, state=state, unknown=unknown)
    return shown
