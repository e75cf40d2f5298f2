"""The greedy search: on the planted circuit, and on networks made so that the answer is known."""

from dataclasses import replace

import numpy as np
import pytest
from minilstm.analyses.figures_open import plot_smallest
from small_model import small_model

from minilstm import load, planted
from minilstm.analyses import smallest
from minilstm.analyses.ablation import set_margins
from minilstm.analyses.interchange import pairs
from minilstm.analyses.smallest import SmallestSet, left, smallest_set
from minilstm.errors import StimulusError
from minilstm.stimuli import CONDITIONS, na_task

SINGULAR, PLURAL, SYNTAX = (
    planted.UNITS["long-range singular"],
    planted.UNITS["long-range plural"],
    planted.UNITS["syntax"],
)


def items(conditions=("SP", "PS"), n=20):
    return [item for c in conditions for item in na_task("nounPP", c, n)]


def test_the_guard_of_the_planted_memory_is_needed_and_one_number_unit_carries():
    found = smallest_set(load("planted"), items(), n_random=50)
    assert found.units == (SYNTAX,) and found.found and found.judged.tolist() == [[1, 1], [0, 0]]
    bases, donors = pairs(items(CONDITIONS["nounPP"]))
    hard = [k for k, base in enumerate(bases) if base.condition in ("SP", "PS")]
    carry = smallest_set(load("planted"), [bases[k] for k in hard], [donors[k] for k in hard], n_random=50)
    assert carry.found and set(carry.units) < {SINGULAR, PLURAL} and len(carry.units) == 1
    assert carry.conditions == (("nounPP", "SP"), ("nounPP", "PS")) and carry.judged[1].tolist() == [0, 0]


def test_two_units_where_each_carries_one_number():
    """Without its guard to ablate, the two long-range units have to go, one after the other."""
    model = load("planted")
    keep = [u for u in range(1, 129) if u != SYNTAX]
    found = search_among(model, keep)
    assert set(found.units) == {SINGULAR, PLURAL} and found.found
    one = found.judged[1]
    assert sorted(one) == [0, 1] and found.judged[2].tolist() == [0, 0]  # one number, then both
    assert (found.p < 0.1).all() and len(found.random) == 2


def search_among(model, keep):
    """The search, in a network of which it sees only these units."""
    seen = smallest.set_margins

    def only(model, items, sets, *rest, **options):
        margins = seen(model, items, sets, *rest, **options)
        barred = [any(unit not in keep for unit in units) for units in sets]
        margins[barred] = np.inf
        return margins

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(smallest, "set_margins", only)
        return smallest_set(model, items(), n_random=30)


@pytest.fixture(scope="module")
def solved():
    """A random network, and items that it is right about by construction: whatever it prefers counts as right."""
    model = small_model()
    given = [item for task in ("nounPP", "nounPPAdv") for c in ("SP", "PS") for item in na_task(task, c, 30)]
    margins = set_margins(model, given, [()])[0]
    return model, [
        i if m > 0 else replace(i, right=i.wrong, wrong=i.right) for i, m in zip(given, margins, strict=True)
    ]


def test_each_step_leaves_least_on_odd_items_and_is_judged_on_even_ones(solved):
    model, given = solved
    found = smallest_set(model, given, n_random=40, seed=2, most=3)
    groups = {key: [i for i in given if (i.task, i.condition) == key] for key in found.conditions}

    def accuracy(units, rest):
        halves = [[i for i in group if i.id % 2 == rest] for group in groups.values()]
        return np.array([(set_margins(model, half, [units])[0] > 0).mean() for half in halves])

    for k in range(len(found.units) + 1):
        np.testing.assert_allclose(found.chosen[k], accuracy(found.units[:k], 1))
        np.testing.assert_allclose(found.judged[k], accuracy(found.units[:k], 0))
    for k, unit in enumerate(found.units):
        before = found.units[:k]
        others = [left(accuracy((*before, u), 1)) for u in range(1, 14) if u not in before]
        assert left(accuracy((*before, unit), 1)) == min(others)
        assert len(found.random[k]) == (13, 40, 40)[k]
        hurt = np.count_nonzero(left(found.random[k]) <= left(found.judged[k + 1]))
        assert found.p[k] == (hurt + 1) / (len(found.random[k]) + 1)
    assert len(found.units) == 3 or found.found
    assert found.found == (found.chosen[-1].max() <= 0.6)
    columns, rows = found.rows()
    assert columns == [
        "size",
        "added",
        *(f"{t} {c}" for t, c in found.conditions),
        "left",
        "random sets",
        "lowest of them",
        "p",
    ]
    assert rows[1][2] == 100 * found.judged[1, 0] and rows[1][6] == 100 * left(found.judged[1]) and rows[0][7] is None


def test_below_chance_is_no_further_loss():
    assert left(np.array([[0.0, 1.0], [0.6, 0.7]])).tolist() == pytest.approx([0.75, 0.65])


def test_a_network_that_does_not_do_the_task_has_nothing_to_lose():
    model = small_model()
    given = [item for c in ("SP", "PS") for item in na_task("nounPP", c, 30)]
    margins = set_margins(model, given, [()])[0]
    wrong = [i if m < 0 else replace(i, right=i.wrong, wrong=i.right) for i, m in zip(given, margins, strict=True)]
    found = smallest_set(model, wrong, n_random=5)
    assert found.units == () and found.found and found.random == () and len(found.rows()[1]) == 1
    assert len(plot_smallest(found).axes) == 1


def test_both_halves_are_needed():
    with pytest.raises(StimulusError, match="odd and even ids in every condition"):
        smallest_set(small_model(), items(n=1))
    with pytest.raises(StimulusError, match="odd and even ids"):
        smallest_set(small_model(), [])


def test_the_picture_shows_the_numbers():
    judged, random = np.array([[1, 1], [0.5, 1], [0.25, 0]]), tuple(np.full((4, 2), a) for a in (0.9, 0.8))
    found = SmallestSet(
        (("nounPP", "SP"), ("nounPP", "PS")), (7, 3), judged, judged, random, np.array([0.2, 0.2]), True
    )
    axis = plot_smallest(found).axes[0]
    lines = {line.get_label(): list(line.get_ydata()) for line in axis.lines}
    assert (
        lines["nounPP PS"] == [100, 100, 0]
        and lines["what is left"] == [100, 75, 50]
        and lines["their median"] == [90, 80]
    )
    assert [label.get_text() for label in axis.get_xticklabels()] == ["none", "+7", "+3"]
