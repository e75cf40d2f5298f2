"""Syntactic depth (section 4.3): how deep a word stands, read from h of all units; the outliers are syntax units.

A ridge regression predicts the depth of a word, its number of open nodes, from h of all units and how frequent the word
is. How well it does is measured on sentences that neither its weights nor its penalty were fitted to.
"""

from dataclasses import dataclass

import numpy as np

from ..activity import activity
from ..errors import MinilstmError, StimulusError, UnknownWordError
from ..records import short_repr
from ..stimuli.depth import POSITIONS, depth_sentences, sample_cells
from ..stimuli.trees import read_depth
from .base import Analysis, Figure, Option, Result, Table, format_units
from .depth_claims import CLAIMS
from .ridge import fit_ridge
from .statistics import OUTLIER, z_scores
from .style import NEUTRAL, PLURAL, SINGULAR, figure, in_style, name_ticks

ALPHAS = np.logspace(-5, 5, 20)
FOLDS = 5  # outside and inside
LISTED = 12  # units in the table that people read


@short_repr
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


def depth_data(model, sentences=None, state="context", unknown="error", **cells):
    """h at the words that `stimuli.depth.sample_cells` takes.

    Parameters
    ----------
    sentences : sequence of stimuli.depth.Sentence or stimuli.trees.DepthSentence, optional
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
        drawn = depth_sentences()
        sentences = [s for s in drawn if unknown != "error" or vocabulary.issuperset(s.words)]
        if not sentences:
            words = next(s.words for s in drawn if not vocabulary.issuperset(s.words))
            word = next(word for word in words if word not in vocabulary)
            raise UnknownWordError(
                f"depth: all {len(drawn):,} sentences drawn have a word that the model does not know, such as {word!r}"
            )
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
    y, sentence = data.depth.astype(float), data.sentence
    weights, alpha, r2 = [], [], []
    for train, test in GroupKFold(folds).split(X, groups=sentence):
        ridge = fit_ridge(X[train], y[train], sentence[train], alphas, folds)
        frequency = np.nan
        if counted:
            of_count = fit_ridge(X[train, units:], y[train], sentence[train], alphas, folds)
            frequency = of_count.r2(X[test, units:], y[test])
        weights.append(ridge.weights[:units])
        alpha.append(ridge.alpha)
        r2.append([ridge.r2(X[test], y[test]), ridge.r2(X[test], y[test], units), frequency])
    return DepthRegression(np.mean(weights, axis=0), *np.transpose(r2), np.array(alpha))


@dataclass(frozen=True, eq=False, repr=False)
class DepthRegression(Result):
    """The regression.

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
    def counted(self):
        """Return whether word frequency was among the features: the model's file has word counts."""
        return not np.isnan(self.r2_frequency).any()

    @property
    def z(self):
        """The weights in standard deviations from their mean: (units,)."""
        return z_scores(self.weights)

    @property
    def outliers(self):
        """The syntax units, beyond 3 standard deviations, the strongest first; in the paper's numbers."""
        return tuple(unit for unit in self.strongest() if abs(self.z[unit - 1]) > OUTLIER)

    def strongest(self, n=None):
        """The `n` units with the largest |z|, in the paper's numbers; all if not given."""
        return tuple(int(u) + 1 for u in np.argsort(-np.abs(self.z), kind="stable")[:n])

    def text(self):
        frequency = "The model's file has no word counts to set beside it."
        if self.counted:
            frequency = f"Word frequency alone reaches {self.r2_frequency.mean():.3f}."
        return [
            "How deep in the sentence a word stands can be predicted from h of all units with R2 = "
            f"{self.r2_without.mean():.3f} (standard deviation over folds {self.r2_without.std():.3f}; .85 +- .009 in "
            f"the paper), on sentences that nothing was fitted to. {frequency}",
            f"The syntax units, beyond {OUTLIER} standard deviations: {format_units(self.outliers)}.",
        ]

    def tables(self):
        columns, rows = ["unit", "weight", "z", "outlier"], []
        for unit in self.strongest():
            weight, z = float(self.weights[unit - 1]), float(self.z[unit - 1])
            rows.append([unit, weight, z, "*" if unit in self.outliers else ""])
        most = max(LISTED, len(self.outliers))
        folds = ["fold", "R2", "R2, weight of word frequency 0", "R2, word frequency alone", "penalty"]
        of_folds = zip(self.r2, self.r2_without, self.r2_frequency, self.alpha, strict=True)
        r2 = [[k, *map(float, numbers)] for k, numbers in enumerate(of_folds, 1)]
        caption = "The largest weights in the regression on depth; z is in standard deviations over all weights."
        return [
            Table("depth", caption, columns, rows[:most], digits=3),
            Table("depth_all", "All of them.", columns, rows, digits=3, long=True),
            Table("depth_folds", "R2 on the test sentences of each fold.", folds, r2, digits=3, long=True),
        ]

    def figures(self):
        return [
            Figure(
                "depth",
                "The weight of each unit in the regression on depth, in standard deviations; syntax units, beyond "
                f"{OUTLIER}, in pink. On the right R2 on other sentences: with word frequency, with its weight set to "
                "0, and of word frequency alone.",
                "stem plot of regression weights, and bars of R2",
                lambda: plot_depth(self),
            )
        ]

    def summary(self):
        return (
            f"How deep a word stands in the tree of its sentence can be read from h of all units with R2 = "
            f"{self.r2_without.mean():.3f} (1 would be exactly, 0 not at all); units that tell it more than others do, "
            f"syntax units: {format_units(self.outliers)}."
        )


@in_style()
def plot_depth(result, marked=3):
    """The weight of each unit in the regression on depth: outliers in colour, they and the strongest with numbers."""
    fig, axes = figure(1, 2, 6.4, 2.2, width_ratios=(4, 1))
    axis, z = axes[0, 0], result.z
    numbers = np.arange(1, len(z) + 1)
    out = np.abs(z) > OUTLIER
    for which, color in ((~out, NEUTRAL), (out, PLURAL)):
        axis.vlines(numbers[which], 0, z[which], color=color, linewidth=1)
        axis.plot(numbers[which], z[which], "o", color=color, markersize=2.5)
    for line in (-OUTLIER, OUTLIER):
        axis.axhline(line, color="0.6", linewidth=0.6, linestyle="--")
    for unit in dict.fromkeys((*result.outliers, *result.strongest(marked))):
        up = np.sign(z[unit - 1])
        axis.annotate(
            str(unit),
            (unit, z[unit - 1]),
            (0, 4 * up),
            textcoords="offset points",
            ha="center",
            va="bottom" if up > 0 else "top",
            bbox={"color": "white", "pad": 0.2},
        )
    axis.margins(y=0.25)
    axis.set_xlabel("unit")
    axis.set_ylabel("weight (z)")

    axis = axes[0, 1]
    bars = {"all": result.r2, "all but frequency": result.r2_without, "frequency alone": result.r2_frequency}
    bars = {label: r2 for label, r2 in bars.items() if not np.isnan(r2).any()}
    axis.bar(
        range(len(bars)),
        [r2.mean() for r2 in bars.values()],
        yerr=[r2.std() for r2 in bars.values()],
        color=(SINGULAR, SINGULAR, "0.7")[: len(bars)],
        width=0.6,
        error_kw={"linewidth": 0.8},
    )
    axis.axhline(0, color="0.5", linewidth=0.6)
    name_ticks(axis, list(bars), rotation=45)
    axis.set_ylim(top=1)
    axis.set_ylabel("$R^2$, other sentences")
    return fig


def compute(experiment, results, sentences=None):
    """The regression on sentences of the depth grammar, or on those of a file."""
    sentences = None if sentences is None else read_depth(sentences)
    return depth_regression(depth_data(experiment.model_lowercase_context, sentences, **experiment.reading))


SENTENCES = Option("sentences", "the published depth data, instead of the package's own grammar", metavar="FILE")
ANALYSIS = Analysis(
    "depth",
    "depth",
    "Syntactic depth",
    "section 4.3",
    compute,
    summary="syntactic depth, syntax units (section 4.3)",
    reads=("activity",),
    options=(SENTENCES,),
    claims=CLAIMS,
)
