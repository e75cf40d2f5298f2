"""Fig. 4: which weight goes where, z-scores and ranks by hand, and the planted circuit."""

import numpy as np
import pytest
from small_model import small_model

from minilstm import load, planted
from minilstm.analyses import syntax_unit
from minilstm.analyses.afferents import Connectivity, connectivity, peak_activity
from minilstm.analyses.base import NotTestable, Results
from minilstm.analyses.connectivity import ANALYSIS
from minilstm.analyses.depth import ANALYSIS as DEPTH
from minilstm.analyses.experiment import Experiment
from minilstm.analyses.number_units import NumberUnits
from minilstm.analyses.tables import render, show
from minilstm.errors import MinilstmError
from minilstm.lstm import Layer
from minilstm.stimuli import CONDITIONS, Item, na_task


@pytest.fixture(scope="module")
def model():
    return small_model()  # layers of 8 and 5: units 9 to 13 are in the last


def test_every_weight_is_where_the_equations_have_it(model):
    """A step of the last layer from a state in which one unit alone is active moves each gate by just that weight."""
    found = connectivity(model, (10, 13))
    assert found.weights.shape == (2, 4, 5) and not found.scaled
    W, U, b = model.layers[1]
    for source in range(5):
        h = np.zeros(5)
        h[source] = 1
        moved = U @ h  # what reaches the gates, blocks i f g o
        for row, target in enumerate((10, 13)):
            np.testing.assert_array_equal(found.weights[row, :, source], moved[np.arange(4) * 5 + target - 9])


def test_peaks_are_signed_and_over_all_words(model):
    items = [
        Item(("The", "boy"), "greets", "greet", "x", "S", 1),
        Item(("The", "boys", "near", "Mary"), "greet", "greets", "x", "P", 1),
    ]
    peak = peak_activity(model, items)
    h = np.concatenate(
        [
            model.trace(words.split(), "context").h[1][:, 0]
            for words in ("The boy greets the", "The boys near Mary greet the")
        ]
    )
    expected = [min(column) if -min(column) > max(column) else max(column) for column in h.T]
    np.testing.assert_allclose(peak, expected, rtol=1e-12)
    assert min(peak) < 0 < max(peak)
    bare, scaled = connectivity(model, (9,)), connectivity(model, (9,), peak)
    np.testing.assert_allclose(scaled.weights, bare.weights * peak)
    assert scaled.scaled


def with_weights(model, onto, gate, weights):
    """The model with these afferents of one unit's gate; gates are numbered as the blocks."""
    W, U, b = (array.copy() for array in model.layers[1])
    U[gate * 5 + onto - 9] = weights
    return type(model)(
        model.vocabulary, model.embedding, (model.layers[0], Layer(W, U, b)), model.decoder_weight, model.decoder_bias
    )


def test_z_and_rank_by_hand(model):
    changed = with_weights(model, 11, 1, [1, -1, 0, 3, -8])  # mean -1, population sd sqrt(14)
    found = connectivity(changed, (11,))
    np.testing.assert_allclose(found.z[0, 1], np.array([2, 0, 1, 4, -7]) / np.sqrt(14))
    assert found.rank[0, 1].tolist() == [3, 5, 4, 2, 1]
    np.testing.assert_array_equal(
        found.rank[0, 0], connectivity(model, (11,)).rank[0, 0]
    )  # the other gates are as they were
    assert found.rows([13], ["f"]) == [[13, 11, "f", -8, pytest.approx(-7 / np.sqrt(14)), 1, ""]]
    columns, rows = found.wide([9, 13])
    assert columns == ["from", "11 i", "11 f"] and [row[2] for row in rows] == ["1.00 (0.5)", "-8.00 (-1.9)"]


def test_no_z_beyond_the_square_root_of_n_minus_1(model):
    found = connectivity(with_weights(model, 9, 3, [0, 0, 0, 0, 1e6]), (9,))
    assert found.z[0, 3, 4] == pytest.approx(2)
    assert np.abs(found.z).max() <= 2 + 1e-12
    np.testing.assert_array_equal(connectivity(with_weights(model, 9, 0, np.ones(5)), (9,)).z[0, 0], 0)  # no spread


def test_who_writes_to_what():
    big = small_model((20,))
    W, U, b = (array.copy() for array in big.layers[0])
    U[:] = np.random.default_rng(0).uniform(-0.1, 0.1, U.shape)
    U[0 * 20 + 4, 6], U[1 * 20 + 4, 7], U[3 * 20 + 4, 7], U[2 * 20 + 4, 11] = -2, 2, 1, 5
    big = type(big)(big.vocabulary, big.embedding, (Layer(W, U, b),), big.decoder_weight, big.decoder_bias)
    found = connectivity(big, (5,))
    assert [row[:3] + row[5:] for row in found.outliers()] == sorted(
        [[12, 5, "C_tilde", 1, "*"], [7, 5, "i", 1, "*"], [8, 5, "f", 1, "*"], [8, 5, "o", 1, "*"]],
        key=lambda row: -abs(found.z[0, ("i", "f", "C_tilde", "o").index(row[2]), row[0] - 1]),
    )
    ranks = {(row[0], row[2]): row[5] for row in found.rows((7, 8))}
    assert ranks[7, "i"] == ranks[8, "f"] == ranks[8, "o"] == 1 and 1 not in (ranks[7, "f"], ranks[8, "i"])
    assert found.closest((1, 2, 7)) == 7 and found.closest((1, 12), ("C_tilde",)) == 12
    assert len(found.rows((7, 8))[0]) == len(found.columns) and len(found.rows((7, 8))) == 8


def test_units_of_another_layer_are_refused(model):
    for units in ((8,), (14,)):
        message = f"unit {units[0]} has no connections here: only the last layer has, units 9 to 13"
        with pytest.raises(MinilstmError, match=message):
            connectivity(model, units)
        with pytest.raises(MinilstmError, match="units 9 to 13"):
            connectivity(model, (9,)).rows(units)


def test_what_is_rounded_away_has_no_sign(model):
    small = np.full((1, 4, 5), -0.001)
    small[0, 0] = [-0.004, -0.006, -0.996, 0.004, 1.2]
    found = Connectivity((9,), small, False, 9)
    cells = [
        row.split()[3] for row in render(found.columns, found.rows((9, 10, 11, 12), ("i",)), digits=2).split("\n")[2:]
    ]
    assert cells == ["0.00", "-0.01", "-1.00", "0.00"]
    assert found.wide((9,), ("o",))[1] == [["9", "0.00 (0.0)"]]
    assert show(-0.04) == "0.0" and show(-0.06) == "-0.1"


@pytest.mark.parametrize("scaled", [True, False])
def test_the_planted_connections_are_found_and_no_others(scaled):
    model = planted.build()
    long = [planted.UNITS[f"long-range {number}"] for number in ("singular", "plural")]
    items = [item for c in CONDITIONS["nounPP"] for item in na_task("nounPP", c, 50)]
    found = connectivity(model, long, peak_activity(model, items) if scaled else None)
    syntax = planted.UNITS["syntax"]
    strong = {tuple(row[:3]): row[4] for row in found.outliers() if row[2] in ("i", "f")}
    assert set(strong) == {(syntax, unit, gate) for unit in long for gate in ("i", "f")}
    assert all((z > 0) == (gate == "f") for (_, _, gate), z in strong.items())
    assert found.closest([*planted.UNITS.values()]) == syntax
    between = {(row[0], row[1], row[2]): row[3] for row in found.rows(long, ("i", "f")) if row[0] != row[1]}
    assert len(between) == 4 and all(
        (weight < 0) == scaled for weight in between.values()
    )  # h is negative where it counts


@pytest.fixture(scope="module")
def experiment():
    return Experiment(load("planted"), n=10)


@pytest.fixture(scope="module")
def results(experiment):
    results = Results({"number_units": NumberUnits(selected={"S": 71, "P": 72})})
    results["depth"] = DEPTH.compute(experiment, results)
    results["syntax_unit"] = syntax_unit.compute(experiment, results)
    results["connectivity"] = ANALYSIS.compute(experiment, results)
    return results


def test_the_weights_of_y_are_times_its_peak_between_subject_and_verb(experiment, results):
    """Over all words its |h| is larger at other words: what is displayed must be the smaller product."""
    scaled, bare = results["connectivity"].scaled, results["connectivity"].bare
    items = experiment.sentences("nounPP")
    peak, u = syntax_unit.peak_before_verb(experiment.model, items, 73), 73 - scaled.first
    assert abs(peak) < abs(peak_activity(experiment.model, items)[u])
    np.testing.assert_array_equal(scaled.weights[:, :, u], bare.weights[:, :, u] * peak)


def test_tables_say_what_they_hold(experiment, results):
    scaled, outliers, bare = results["connectivity"].tables()
    assert scaled.columns[3] == outliers.columns[3] == "weight x peak" and bare.columns[3] == "weight"
    assert [row[0] for row in scaled.rows[::8]] == [73, 75, 71, 72] and len(outliers.rows) == 6
    assert not scaled.long and bare.long
    unscaled = ANALYSIS.compute(experiment, results, unscaled=True)
    first, *_ = unscaled.tables()
    assert first.rows == bare.rows and not first.long and all("bare" in table.name for table in unscaled.tables())
    assert [figure.name for figure in unscaled.figures()] == ["connectivity_bare"]
    assert [figure.name for figure in results["connectivity"].figures()] == ["connectivity", "connectivity_bare"]


def test_claims_need_both_number_units_and_y(experiment, results):
    claims = {claim.number: claim.criterion(experiment) for claim in ANALYSIS.claims}
    for number in (36, 37, 38):
        assert claims[number].judge(experiment, results).holds
    missing = Results(results)
    missing["number_units"] = NumberUnits(selected={"S": 71, "P": None})
    with pytest.raises(NotTestable, match="no P"):
        claims[36].judge(experiment, missing)
    missing = Results(results)
    missing["syntax_unit"] = syntax_unit.given(experiment, (73,))
    with pytest.raises(NotTestable, match="no Y"):
        claims[37].judge(experiment, missing)
