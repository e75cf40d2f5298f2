"""Generalisation across time and short-range units, on data and circuits whose answer is known."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.svm import LinearSVC
from small_model import small_model

from minilstm import planted
from minilstm.activity import full_sentences, lower_context
from minilstm.analyses import decoding
from minilstm.analyses.generalisation import area_under_curve, generalisation
from minilstm.analyses.number_data import NumberData, number_data
from minilstm.analyses.number_units import NumberUnits
from minilstm.analyses.short_range import short_range_units
from minilstm.errors import MinilstmError, StimulusError
from minilstm.stimuli import Item, na_task


def made_up(n=200, nouns=20, seed=0):
    """Four units: the subject's number; the last noun's; noise; and a value of its own for each noun in each number.

    Nobody has said anything before position 1; the second noun, at 4, has the other number.
    """
    rng = np.random.default_rng(seed)
    plural = np.arange(n) % 2 == 1
    noun = rng.integers(nouns, size=n)
    sign = np.where(plural, 1.0, -1.0)[:, None]
    last = np.array([0, 1, 1, 1, -1, -1, -1])
    own = rng.normal(size=(nouns, 2))[noun, plural.astype(int)]
    C = np.tile([0.1, -0.7, 0.3, 1e-3], (n, 7, 1))
    C[:, 1:, 0] = sign + 0.1 * rng.normal(size=(n, 6))
    C[:, 1:, 1] = (sign * last + 0.1 * rng.normal(size=(n, 7)))[:, 1:]
    C[:, 1:, 2] = rng.normal(size=(n, 6))
    C[:, 1:, 3] = own[:, None]
    return NumberData(C, plural, noun.astype(str))


@pytest.mark.parametrize("split", decoding.SPLITS)
def test_codes_that_are_known(split):
    data = made_up()
    keeps, follows, noise = (data.generalisation([unit], split=split) for unit in (1, 2, 3))
    assert keeps.auc.shape == (5, 7, 7) and keeps.trained == tuple(range(7))
    np.testing.assert_array_equal(keeps.mean[1:, 1:], 1)
    np.testing.assert_array_equal(follows.curve()[0], [0.5, 1, 1, 1, 0, 0, 0])
    np.testing.assert_array_equal(follows.mean[5], [0.5, 0, 0, 0, 1, 1, 1])  # trained at the verb
    assert np.abs(noise.mean - 0.5).max() < 0.2
    for one in (keeps, follows, noise):
        np.testing.assert_array_equal(one.auc[:, 0], 0.5)  # nothing can be learnt before anything was said
        assert (one.curve()[1] == one.auc[:, 1].std(axis=0)).all()


def test_shuffled_labels_are_not_decoded():
    data = made_up(400)
    shuffled = data._replace(plural=np.random.default_rng(5).permutation(data.plural))
    assert np.abs(shuffled.generalisation(trained=[1]).curve()[0] - 0.5).max() < 0.1


def test_the_split_by_noun_does_not_reward_knowing_the_nouns():
    """30 units, a random pattern for each noun in each number: there is nothing that plurals have in common."""
    rng = np.random.default_rng(3)
    data = made_up(400)
    pattern = rng.normal(size=(20, 2, 30))[data.noun.astype(int), data.plural.astype(int)]
    data = data._replace(C=np.repeat(pattern[:, None], 7, axis=1))
    by_sentence, by_noun = (data.generalisation(trained=[1], split=split).curve()[0][1] for split in decoding.SPLITS)
    assert by_sentence > 0.9 and abs(by_noun - 0.5) < 0.25


def test_equals_the_procedure_spelt_out_and_not_the_one_that_scales_on_all_data():
    data = made_up()
    rng = np.random.default_rng(1)
    data.C[:, 1:] = np.where(data.plural, 0.7, -0.7)[:, None, None] + rng.normal(size=(200, 6, 4))  # four weak units
    data.C[:3, :, 0] *= 1e4  # of which one is far off in three sentences: the scaler that has seen them squashes it
    found = data.generalisation(trained=[1, 4])
    expected, leaking = (np.empty((5, 2, 7)) for _ in range(2))
    for seed in range(5):
        train, test = train_test_split(np.arange(200), test_size=0.2, random_state=seed)
        for row, position in enumerate((1, 4)):
            for scores, scaled_on in ((expected, train), (leaking, np.arange(200))):
                mean, sd = (f(data.C[scaled_on, position], axis=0) for f in (np.mean, np.std))
                svc = LinearSVC(C=1, tol=1e-5, dual=True, random_state=0)
                svc.fit((data.C[train, position] - mean) / sd, data.plural[train])
                for t in range(7):
                    values = svc.decision_function((data.C[test, t] - mean) / sd)
                    scores[seed, row, t] = roc_auc_score(data.plural[test], values)
    np.testing.assert_allclose(found.auc, expected, atol=1e-12)
    assert np.abs(found.auc - leaking).max() > 1e-3


def test_area_under_curve_is_scikit_learns():
    rng = np.random.default_rng(0)
    plural, scores = rng.random(60) < 0.3, rng.integers(8, size=(60, 2, 3)).astype(float)  # many ties
    expected = [[roc_auc_score(plural, scores[:, j, k]) for k in range(3)] for j in range(2)]
    np.testing.assert_allclose(area_under_curve(scores, plural), expected)
    assert np.isnan(area_under_curve(scores, np.ones(60, bool))).all()


def test_classifiers_that_did_not_settle_are_counted(monkeypatch):
    data = made_up()
    assert data.generalisation([1], [1]).unconverged == 0
    from sklearn import svm

    monkeypatch.setattr(svm, "LinearSVC", lambda **options: LinearSVC(**options, max_iter=1))
    assert data.generalisation([1, 2, 3, 4], [1]).unconverged == 5


def test_figure_2_takes_the_long_range_units_out_of_the_rest(monkeypatch):
    monkeypatch.setattr(decoding, "number_data", lambda *arguments, **options: made_up())
    experiment = SimpleNamespace(model_lowercase_context=None, sentences=lambda task: (), reading={})
    result = decoding.compute(experiment, {"number_units": NumberUnits(named=(1,))})
    curves = result.curves["sentence"]
    assert [result.label(key) for key in curves] == ["unit 1", "all units but these"]
    assert curves[1].curve()[0][4] == 1 and curves["rest"].curve()[0][4] < 0.1
    (table,) = [table for table in result.tables() if not table.long]
    assert [row[:2] for row in table.rows] == [
        [seen, split] for split in ("sentence", "noun") for seen in ("unit 1", "all units but these")
    ]
    assert table.rows[0][2:] == curves[1].curve()[0].tolist()


def test_splits_that_lack_a_number_are_left_out_and_said(monkeypatch):
    """Of five sentences a number only two are tested on: often both are of one number, and there is no AUC."""
    data = made_up()
    few = [*np.flatnonzero(data.plural)[:5], *np.flatnonzero(~data.plural)[:5]]
    nouns = np.where(data.plural[few], "car", "boy")  # each in one number only
    small = NumberData(data.C[few], data.plural[few], nouns)
    found = small.generalisation([1], [1])
    assert found.undefined == np.isnan(found.auc).any(axis=(1, 2)).sum() and 0 < found.undefined < 5
    assert found.curve()[0].tolist() == [0.5, 1, 1, 1, 1, 1, 1]
    monkeypatch.setattr(decoding, "number_data", lambda *arguments, **options: small)
    experiment = SimpleNamespace(model_lowercase_context=None, sentences=lambda task: (), reading={})
    result = decoding.compute(experiment, {"number_units": NumberUnits(named=(1,))})
    assert list(result.curves) == ["sentence"] and not np.isnan(result.curves["sentence"][1].mean).any()
    said = " ".join(result.text())
    assert f"{found.undefined} of 5 splits by sentence are left out" in said and "5 of 5 splits by noun" in said
    monkeypatch.setattr(decoding, "SEEDS", range(found.undefined))
    with pytest.raises(StimulusError, match="10 sentences are too few"):
        decoding.compute(experiment, {"number_units": NumberUnits(named=(1,))})


def test_a_subject_in_another_place_is_refused():
    sentences = [("Today the boys near cars", "are", "is", "PS"), ("Today the boy near cars", "is", "are", "SP")]
    items = [Item(tuple(words.split()), right, wrong, "own", c, 1) for words, right, wrong, c in sentences]
    with pytest.raises(StimulusError, match="expected nounPP sentences, got 'Today the boys near cars'"):
        number_data(None, items)


def test_any_classifier_will_do():
    data = made_up()
    found = generalisation(data.C[:, :, :1], data.plural, LinearDiscriminantAnalysis(), trained=[1])
    assert found.curve()[0].tolist() == [0.5, 1, 1, 1, 1, 1, 1]


def test_bad_requests():
    data = made_up()
    with pytest.raises(MinilstmError, match="unit 5: this network has units 1 to 4"):
        data.generalisation([5])
    with pytest.raises(MinilstmError, match="at least one unit"):
        data.generalisation([])
    with pytest.raises(MinilstmError, match="split: expected one of sentence, noun, got 'verb'"):
        data.generalisation([1], split="verb")


def test_number_data_of_a_model():
    model = small_model()
    items = [item for c in ("SS", "SP", "PS") for item in na_task("nounPP", c, 4)]
    data = number_data(model, items)
    assert data.C.shape == (8, 7, 13)
    assert data.plural.tolist() == [False] * 4 + [True] * 4
    assert data.noun[:4].tolist() == data.noun[4:].tolist()  # athlete, whether athletes or not
    item = items[8]
    trace = model.trace((*item.prefix, item.right, "the"), "context")
    np.testing.assert_allclose(data.C[4], np.hstack([C[:, 0] for C in trace.C]), rtol=1e-12)
    subjects = ("child", "children"), ("lady", "ladies"), ("wife", "wives")
    words = [form for noun in subjects for form in noun]
    irregular = replace(model, vocabulary=(*words, *model.vocabulary[len(words) :]), context=())
    items = [
        Item(("The", s, "near", "the", "cars"), "greets", "greet", "nounPP", "SP", k)
        for k, (s, _) in enumerate(subjects)
    ]
    items += [
        Item(("The", p, "near", "the", "car"), "greet", "greets", "nounPP", "PS", k)
        for k, (_, p) in enumerate(subjects)
    ]
    data = number_data(irregular, items)  # no classifier is trained on child and tested on children
    assert data.noun.tolist() == 2 * ["child", "lady", "wife"] and data.warning == ""
    with pytest.raises(StimulusError, match="both conditions, SP and PS"):
        number_data(model, items[:3])
    with pytest.raises(StimulusError, match="expected nounPP sentences"):
        number_data(model, na_task("nounPPAdv", "PS", 2))


def test_sentences_of_items():
    item = Item(("The", "boy", "near", "Mary"), "greets", "greet", "namePP", "SS", 1)
    assert full_sentences([item]) == [("The", "boy", "near", "Mary", "greets", "the")]


def test_the_context_in_lower_case():
    model = planted.build()
    read = lower_context(model)
    assert "The" in model.context and "the" in read.context and not {"The", "Mary"} & set(read.context)
    assert len(read.context) == len(model.context)
    words = ["The", "boy", "near"]  # what is read after it keeps its case
    np.testing.assert_array_equal(read.trace(words, read.context_state()).C, model.trace(words, read.context_state()).C)
    assert np.abs(read.trace(words, "context").C - model.trace(words, "context").C).max() > 1e-3


def test_the_planted_short_range_units_are_found_and_no_others():
    model = planted.build()
    data = number_data(model, [item for c in ("SP", "PS") for item in na_task("nounPP", c, 100)])
    found = short_range_units(model, data)
    short = tuple(planted.UNITS[f"short-range {k}"] for k in (1, 2))
    long = [planted.UNITS[f"long-range {number}"] for number in ("singular", "plural")]
    assert found.units == short
    alone = found.auc[[unit - found.first for unit in (*short, *long)]]
    np.testing.assert_array_equal(alone[:, 1:5], [[1, 1, 1, 0]] * 2 + [[1, 1, 1, 1]] * 2)
    (table,) = found.tables()
    listed = {row[0]: dict(zip(table.columns, row, strict=True)) for row in table.rows}
    assert set(listed) == {*short, *long}
    assert all(listed[unit]["lasts"] == "no" and listed[unit]["rule"] == "short-range" for unit in short)
    assert all(listed[unit]["lasts"] == "yes" and listed[unit]["rule"] == "" for unit in long)
    assert short_range_units(model, data, percentile=99).units == ()  # the long-range units are segregated as well
