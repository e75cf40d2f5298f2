"""One index of how local the code for number is: known answers, and what it must not depend on."""

from dataclasses import replace

import numpy as np
import pytest
from small_model import small_model

from minilstm import agreement, load, planted
from minilstm.analyses.locality import locality, split_units
from minilstm.errors import StimulusError
from minilstm.lstm import Layer
from minilstm.stimuli import na_task

CONDITIONS = {"S": "SP", "P": "PS"}


def items(n=40):
    return [item for condition in CONDITIONS.values() for item in na_task("nounPP", condition, n)]


def with_idle_units(model, n):
    """The same network, and after its own units `n` more in its only layer that read everything and tell nothing."""
    (W, U, b), rng = model.layers[0], np.random.default_rng(0)
    H = U.shape[1]
    new = [np.zeros((4, H + n, columns), W.dtype) for columns in (W.shape[1], H + n, 1)]
    for old, array in zip((W, U, b), new, strict=True):
        array[:, :H, : old.size // (4 * H)] = old.reshape(4, H, -1)
        array[:, H:] = rng.normal(size=(4, n, array.shape[2]))
    new[1][:, :, H:] = 0
    layer = Layer(*(array.reshape(4 * (H + n), -1) for array in new[:2]), new[2].ravel())
    weight = np.pad(model.decoder_weight, ((0, 0), (0, n)))
    return replace(model, layers=(layer,), decoder_weight=weight)


def test_one_planted_unit_is_enough():
    found = locality(load("planted"), items())
    assert found.index == found.area == 1
    assert found.above_chance == {"S": (1, 0), "P": (1, 0)}
    roles = {
        number: {planted.UNITS[f"long-range {name}"], planted.UNITS["syntax"]}
        for number, name in (("S", "singular"), ("P", "plural"))
    }
    assert all(len(found.units[number]) == 1 and found.units[number][0] in roles[number] for number in "SP")


def test_a_network_split_into_pieces_answers_alike():
    for name, m in (("planted", 2), ("mini-02", 3)):
        model = load(name, "float64")
        pieces = split_units(model, m)
        assert pieces.sizes == tuple(m * H for H in model.sizes)
        expected = agreement(model, items(10)).margins
        np.testing.assert_allclose(agreement(pieces, items(10)).margins, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.slow
def test_the_index_falls_as_the_code_is_split_finer():
    model = load("mini-02")
    areas = {m: locality(split_units(model, m), items()).area for m in (1, 2, 4, 8)}
    assert areas[1] < 1.2
    for m in (2, 4):
        assert 1.5 < areas[2 * m] / areas[m] < 2.5, areas


def test_how_many_units_there_are_besides_does_not_matter():
    model = load("mini-02")
    found, more = (locality(one, items()) for one in (model, with_idle_units(model, 50)))
    assert found == more


def test_units_are_chosen_on_odd_items_and_measured_on_even_ones():
    fractions = differ = 0
    for name in ("mini-05", "mini-10"):
        model, few = load(name), items(12)
        found = locality(model, few)
        for number, condition in CONDITIONS.items():
            odd, even = ([item for item in few if (item.condition, item.id % 2) == (condition, k)] for k in (1, 0))
            ablated, intact = (), agreement(model, even).accuracy
            for unit, above_chance in zip(found.units[number], found.above_chance[number][1:], strict=True):
                each = {}
                for u in set(range(1, 33)) - set(ablated):
                    both = (agreement(model, half, ablate=(*ablated, u)) for half in (odd, even))
                    each[u] = [(one.accuracy, one.margins.mean()) for one in both]
                assert each[unit][0] == pytest.approx(min(on_odd for on_odd, _ in each.values()))
                differ += each[unit][1] > min(on_even for _, on_even in each.values())
                ablated = (*ablated, unit)
                left = agreement(model, even, ablate=ablated).accuracy - 0.5
                assert above_chance == pytest.approx(max(0, left / (intact - 0.5)))
                fractions += 0 < above_chance < 1
            assert found.above_chance[number][0] == 1 and found.above_chance[number][-1] == 0
        assert found.index == pytest.approx(2 / sum(map(sum, found.above_chance.values())))
    assert differ and fractions  # else little was tested


def test_a_network_that_does_not_do_the_task_has_no_index():
    found = locality(small_model(), items())
    assert np.isnan(found.index) and () in found.units.values()


def test_missing_items_are_named():
    with pytest.raises(StimulusError, match="nounPP PS items with odd and with even ids"):
        locality(small_model(), na_task("nounPP", "SP", 4))
    with pytest.raises(StimulusError, match="nounPP SP items"):
        locality(small_model(), [item for item in items() if item.id % 2])
