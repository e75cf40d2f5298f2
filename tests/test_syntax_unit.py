"""Y*: which unit is chosen, what stands in for it, and between which words its peak is taken."""

from types import SimpleNamespace

import numpy as np
import pytest
from small_model import small_model

from minilstm import load, planted
from minilstm.analyses import syntax_unit
from minilstm.analyses.afferents import peak_activity
from minilstm.analyses.base import NotTestable, Results
from minilstm.analyses.depth import ANALYSIS as DEPTH
from minilstm.analyses.experiment import Experiment
from minilstm.analyses.number_units import NumberUnits
from minilstm.errors import MinilstmError
from minilstm.stimuli import na_task


def results(outliers, targets=(9, 10)):
    """Results with these outliers, the strongest of 13 units, and these number units."""
    strongest = (*outliers, *(unit for unit in range(1, 14) if unit not in outliers))
    depth = SimpleNamespace(
        outliers=outliers, strongest=lambda n=None: strongest[:n], weights=np.ones(13), z=np.ones(13)
    )
    return Results({"depth": depth, "number_units": NumberUnits(named=targets)})


@pytest.fixture(scope="module")
def experiment():
    return Experiment(small_model(), n=20)  # layers of 8 and 5: units 9 to 13 are in the last


def peaks(model):
    """Over all words; and of unit 12 the means over conditions between subject and verb, on even ids."""
    items = [item for c in ("SS", "SP", "PS", "PP") for item in na_task("nounPP", c, 20) if item.id % 2 == 0]
    h = np.array([model.trace(item.prefix, "context").h[-1][2:5, 0, 3] for item in items])  # (40, words between)
    return peak_activity(model, items), h.reshape(4, 10, 3).mean(axis=1)


def test_the_peak_of_the_syntax_unit_is_that_between_subject_and_verb(experiment):
    result = syntax_unit.compute(experiment, results((3, 12)))
    assert result.unit == 12  # 3 is in the first layer
    every, h = peaks(experiment.model)
    np.testing.assert_array_equal(np.delete(result.peak, 3), np.delete(every, 3))
    assert result.peak[3] == pytest.approx(h.flat[np.abs(h).argmax()]) and abs(result.peak[3]) < abs(every[3])
    assert result.roles == {12: ("Y*",)} and "unit 12" in result.text()[0]
    (table,) = result.tables()
    assert [row[0] for row in table.rows] == [12]


def test_what_is_displayed_where_there_is_no_y(experiment):
    for found in (results((3,)), results((3, 12, 10), targets=())):
        found = syntax_unit.compute(experiment, found)
        assert found.unit is None and not any(found.roles.values())
        np.testing.assert_array_equal(found.peak, peaks(experiment.model)[0])
        assert "no Y*" in found.text()[0]
    assert found.displayed == (12, 10)  # outliers of the last layer, though nothing says which of them is Y*
    assert syntax_unit.compute(experiment, results((3,))).displayed == (9, 10, 11)


def test_y_comes_first_and_three_are_displayed(experiment):
    result = syntax_unit.compute(experiment, results((3, 9, 10, 11, 12, 13)))
    assert result.displayed[0] == result.unit and len(result.displayed) == 3
    assert set(result.displayed[1:]) < {9, 10, 11}


def test_the_units_that_a_user_names(experiment):
    result = syntax_unit.given(experiment, (12, 10))
    every, h = peaks(experiment.model)
    assert result.roles == {12: ("given",), 10: ("given",)} and result.unit is None and result.summary() == ""
    assert result.peak[3] == pytest.approx(h.flat[np.abs(h).argmax()]) and result.peak[1] == every[1]
    with pytest.raises(MinilstmError, match="unit 3 has no weights to words: only the last layer has, units 9 to 13"):
        syntax_unit.given(experiment, (3,))


def test_the_planted_one_is_found():
    experiment = Experiment(load("planted"), n=10)
    found = Results({"number_units": NumberUnits(named=(71, 72))})
    found["depth"] = DEPTH.compute(experiment, found)
    found["syntax_unit"] = syntax_unit.compute(experiment, found)
    assert found["syntax_unit"].unit == planted.UNITS["syntax"]
    claim = syntax_unit.CLAIMS[0].criterion(experiment)
    outcome = claim.judge(experiment, found)
    assert outcome.holds and outcome.value.startswith(f"unit {planted.UNITS['syntax']}, rank 1, z -4.")


def test_the_claim_where_no_unit_can_be_y(experiment):
    claim = syntax_unit.CLAIMS[0].criterion(experiment)
    found = results((3, 12))
    found["syntax_unit"] = SimpleNamespace(unit=None)
    with pytest.raises(NotTestable, match="neither S\\* nor P\\*") as refused:
        claim.judge(experiment, found)
    assert refused.value.value == "outliers 12"
    found["depth"].outliers = (3,)
    assert not claim.judge(experiment, found).holds
    found["depth"].weights = np.ones(10)
    with pytest.raises(NotTestable, match="no z of 10 weights can exceed 3.0"):
        claim.judge(experiment, found)
