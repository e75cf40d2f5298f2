"""The regression on depth, on codes that were planted in made-up data, and against scikit-learn."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from small_model import small_model

from minilstm.analyses.depth import (
    ALPHAS,
    DepthData,
    DepthRegression,
    depth_data,
    depth_regression,
)
from minilstm.analyses.ridge import ridge_path
from minilstm.analyses.statistics import r_squared
from minilstm.analyses.structures import structures
from minilstm.errors import MinilstmError, StimulusError, UnknownWordError
from minilstm.stimuli import na_task
from minilstm.stimuli.depth import depth_sentences, sample_cells

UNITS, WORDS, SENTENCES = 40, 900, 300


def made_up(seed=0, count=None):
    """Depth is the sum of two units, 7 and 23, of opposite signs and on different scales, and noise."""
    rng = np.random.default_rng(seed)
    h = rng.normal(size=(WORDS, UNITS))
    depth = np.round(5.5 + 1.5 * h[:, 6] - 1.5 * h[:, 22] + 0.3 * rng.normal(size=WORDS)).astype(int)
    h[:, 22] = 100 * h[:, 22] + 7
    sentence = np.repeat(np.arange(SENTENCES), WORDS // SENTENCES)
    return DepthData(h, count, depth, np.zeros(WORDS, int), rng.permutation(sentence))


def test_a_planted_code_is_recovered():
    found = depth_regression(made_up())
    assert set(found.outliers) == {7, 23}
    np.testing.assert_allclose(found.weights[[6, 22]], [1.5, -1.5], atol=0.05)  # of units scaled to variance 1
    assert np.abs(np.delete(found.weights, [6, 22])).max() < 0.05
    assert found.r2.shape == (5,) and found.r2.min() > 0.9
    np.testing.assert_array_equal(found.r2, found.r2_without)
    assert np.isnan(found.r2_frequency).all()
    assert set(found.strongest(2)) == {7, 23} and len(found.strongest()) == UNITS


def test_outliers_are_beyond_three_population_standard_deviations():
    def regression(*strong):
        weights = np.concatenate([np.tile([1.0, -1.0], 49), strong])  # z = strong / sd, but for their own share in it
        return DepthRegression(weights, *np.zeros((4, 5)))

    below, above = regression(3.25, -3.25), regression(3.3, -3.5)
    assert below.weights.std() == pytest.approx(np.sqrt(0.98 + 0.02 * 3.25**2))
    assert below.z[98] == pytest.approx(3.25 / below.weights.std()) and 2.95 < below.z[98] < 3
    assert below.outliers == () and below.strongest(2) == (99, 100)
    assert above.outliers == (100, 99) and 3 < above.z[98] < 3.05


def test_shuffled_depths_are_not_predicted():
    data = made_up()
    rng = np.random.default_rng(1)
    found = depth_regression(DepthData(data.h, None, rng.permutation(data.depth), data.position, data.sentence))
    assert found.r2.mean() < 0.02 and found.alpha.min() > 100


def test_knowing_the_sentence_helps_neither_outside_nor_inside():
    """Each sentence has a pattern and a depth of its own: folds of words would predict it, folds of sentences not."""
    rng = np.random.default_rng(2)
    data = made_up()
    pattern, depth = rng.normal(size=(SENTENCES, UNITS)), rng.integers(3, 9, size=SENTENCES)
    few = data.sentence % 30  # 30 sentences of 30 words, fewer than units: every depth can be fitted
    data = DepthData(pattern[few], None, depth[few], data.position, few)
    found = depth_regression(data)
    assert found.r2.mean() < 0.1 and found.alpha.min() >= 10
    leaking = GridSearchCV(make_pipeline(StandardScaler(), Ridge()), {"ridge__alpha": ALPHAS}, cv=5).fit(
        data.h, data.depth
    )
    assert leaking.best_score_ > 0.99 and leaking.best_params_["ridge__alpha"] < 1


def test_word_frequency_is_a_covariate_of_its_own():
    rng = np.random.default_rng(4)
    count = rng.integers(0, 10_000, size=WORDS).astype(float)
    data = made_up(count=count)
    found = depth_regression(data)
    assert set(found.outliers) == {7, 23} and found.weights.shape == (UNITS,)
    assert found.r2_without.min() > 0.9 and abs(found.r2_frequency).max() < 0.1
    told = DepthData(data.h, count, np.round(count / 2000).astype(int), data.position, data.sentence)
    found = depth_regression(told)
    assert found.r2.min() > 0.95 and found.r2_frequency.min() > 0.95 and found.r2_without.max() < 0.05


def test_equals_scikit_learn_fold_by_fold():
    """Everything fitted on training folds: scalers and penalty, the latter on folds of sentences within."""
    rng = np.random.default_rng(6)
    data = made_up(count=rng.random(WORDS))
    data.h[::11] *= 20  # so that it matters what the scaler has seen
    found = depth_regression(data)
    X = np.column_stack([data.h, data.count])
    weights = []
    for k, (train, test) in enumerate(GroupKFold(5).split(X, groups=data.sentence)):
        search = GridSearchCV(make_pipeline(StandardScaler(), Ridge()), {"ridge__alpha": ALPHAS}, cv=GroupKFold(5))
        search.fit(X[train], data.depth[train], groups=data.sentence[train])
        assert found.alpha[k] == search.best_params_["ridge__alpha"]
        assert found.r2[k] == pytest.approx(search.score(X[test], data.depth[test]), abs=1e-9)
        weights.append(search.best_estimator_[1].coef_[:-1])
    np.testing.assert_allclose(found.weights, np.mean(weights, axis=0), atol=1e-9)


def test_ridge_path_is_ridge_for_every_alpha():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(50, 6)), rng.normal(size=50)
    X[:, 5] = X[:, 4]  # no unique solution without a penalty
    X, y = X - X.mean(axis=0), y - y.mean()
    alphas = [1e-5, 0.1, 7.0, 1e5]
    for alpha, weights in zip(alphas, ridge_path(X, y, alphas), strict=True):
        np.testing.assert_allclose(weights, Ridge(alpha=alpha, fit_intercept=False).fit(X, y).coef_, atol=1e-8)


def test_r_squared():
    y = np.array([1.0, 2, 3, 4])
    assert r_squared(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 4.0])) == 0.5
    assert r_squared(y, y) == 1 and r_squared(y, np.full(4, 2.5)) == 0 and r_squared(y, y[::-1]) < 0


def test_depth_data_of_a_model():
    model = small_model()
    counts = np.arange(len(model.vocabulary)) * 10
    model = type(model)(
        model.vocabulary, model.embedding, model.layers, model.decoder_weight, model.decoder_bias, model.context, counts
    )
    sentences = depth_sentences(4, range(9, 14))
    points = sample_cells(sentences, 3)
    data = depth_data(model, sentences, per_cell=3)
    assert data.h.shape == (len(points), 13)
    for k in (0, len(points) // 2, len(points) - 1):
        sentence, position, depth = points[k]
        assert (data.sentence[k], data.position[k], data.depth[k]) == points[k]
        words = sentences[sentence].words
        trace = model.trace(words, "context")
        np.testing.assert_allclose(data.h[k], np.hstack([h[position, 0] for h in trace.h]), rtol=1e-10)
        assert data.count[k] == counts[model.vocabulary.index(words[position])]
    assert depth_data(small_model(), sentences, per_cell=3).count is None


def test_sentences_with_unknown_words_are_left_out_or_read_as_unk():
    model = small_model()
    words = tuple("slooowly" if word == "slowly" else word for word in model.vocabulary)
    model = replace(model, vocabulary=words, context=())
    every, known = depth_data(model, unknown="<unk>"), depth_data(model)
    sentences = depth_sentences()
    assert any("slowly" in sentences[k].words for k in every.sentence)
    read = [one for one in sentences if "slowly" not in one.words]
    assert known.depth.tolist() == [point.depth for point in sample_cells(read)]
    with pytest.raises(UnknownWordError, match="'slowly'"):
        depth_data(model, sentences)


def test_too_little_to_regress_on():
    unread = replace(small_model(), vocabulary=tuple(f"w{k}" for k in range(289)), context=())
    with pytest.raises(UnknownWordError, match="all 7,200 sentences drawn have a word .* not know, such as"):
        depth_data(unread)
    with pytest.raises(StimulusError, match="of 4 sentences none has a word in the cells"):
        depth_data(small_model(), depth_sentences(4, [3]))
    data = made_up()
    with pytest.raises(MinilstmError, match="at least 10 sentences for 5 folds, got 9"):
        depth_regression(DepthData(data.h, None, data.depth, data.position, data.sentence % 9))


def test_structures_pool_all_conditions():
    model = small_model()
    found = structures(model, [3, 12], n=5)
    assert list(found) == ["2Adv", "CoAdv", "nounPP", "SubjRel", "2SubjRel"]
    items = [item for c in ("S", "P") for item in na_task("CoAdv", c, 5)]
    C = np.stack([model.trace((*i.prefix, i.right, "the"), "context").C[1][:, 0, 3] for i in items])  # unit 12
    one = found["CoAdv"]
    np.testing.assert_allclose(one.mean["C"][0, :, 1], C.mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(one.sd["C"][0, :, 1], C.std(axis=0), atol=1e-12)
    assert one.verb == 5 and one.n.tolist() == [10]
