"""The greedy search: on the planted circuit, and on networks made so that the answer is known."""

from dataclasses import replace

import numpy as np
import pytest
from small_model import small_model

from minilstm import load, planted
from minilstm.analyses import smallest
from minilstm.analyses import smallest_set as search
from minilstm.analyses.ablation import set_margins
from minilstm.analyses.experiment import Experiment
from minilstm.analyses.smallest import Smallest, compute, plot_smallest
from minilstm.analyses.smallest_set import SmallestSet, clipped_accuracy, smallest_set
from minilstm.analyses.tables import render
from minilstm.errors import MinilstmError, StimulusError
from minilstm.stimuli import CONDITIONS, na_task, pairs

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
    bases, sources = pairs(items(CONDITIONS["nounPP"]))
    hard = [k for k, base in enumerate(bases) if base.condition in ("SP", "PS")]
    carry = smallest_set(load("planted"), [bases[k] for k in hard], [sources[k] for k in hard], n_random=50)
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
    seen = search.set_margins

    def only(model, items, sets, *rest, **options):
        margins = seen(model, items, sets, *rest, **options)
        barred = [any(unit not in keep for unit in units) for units in sets]
        margins[barred] = np.inf
        return margins

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "set_margins", only)
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
        others = [clipped_accuracy(accuracy((*before, u), 1)) for u in range(1, 14) if u not in before]
        assert clipped_accuracy(accuracy((*before, unit), 1)) == min(others)
        assert len(found.random[k]) == (13, 40, 40)[k]
        hurt = np.count_nonzero(clipped_accuracy(found.random[k]) <= clipped_accuracy(found.judged[k + 1]))
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
    assert (
        rows[1][2] == 100 * found.judged[1, 0]
        and rows[1][6] == 100 * clipped_accuracy(found.judged[1])
        and rows[0][7] is None
    )


def test_below_chance_is_no_further_loss():
    assert clipped_accuracy(np.array([[0.0, 1.0], [0.6, 0.7]])).tolist() == pytest.approx([0.75, 0.65])


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
    with pytest.raises(MinilstmError, match="at most 1 unit or more, got 0"):
        smallest_set(small_model(), items(), most=0)


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


@pytest.fixture(scope="module")
def experiment():
    return Experiment(load("planted"), n=12, n_random=20)


def test_the_result_shows_both_searches(experiment):
    found = compute(experiment, {})
    assert found.necessary.units == (SYNTAX,) and set(found.sufficient.units) < {SINGULAR, PLURAL}
    judged = f"Smallest set found: unit {SYNTAX}. No condition is then right on more than 60 % of the odd items."
    assert found.text()[1].endswith(judged)
    carrier = found.sufficient.units[0]
    assert found.summary().endswith(f"across an attractor: unit {SYNTAX}; fewest that carry it: unit {carrier}.")
    more = Smallest(replace(found.necessary, found=False), found.sufficient, 5)
    assert f"more than unit {SYNTAX};" in more.summary()
    assert [table.name for table in found.tables()] == ["smallest_needed", "smallest_carry"]
    assert found.tables()[0].rows == found.necessary.rows()[1]
    assert found.tables()[0].rows[1] == [1, SYNTAX, 0, 0, 50, *found.tables()[0].rows[1][5:7], found.necessary.p[0]]
    printed = [render(table.columns, table.rows, digits=table.digits) for table in found.tables()]
    assert all(text.splitlines()[3].split()[-3:] == ["100.0", "100.0", "0.0476"] for text in printed)  # 1 of 21 sets
    assert [figure.name for figure in found.figures()] == ["smallest_needed", "smallest_carry"]
    labels = [figure.draw().axes[0].get_xticklabels()[1].get_text() for figure in found.figures()]
    assert labels == [f"+{SYNTAX}", f"+{carrier}"]


def test_one_search_alone_and_its_options(experiment):
    found = compute(experiment, {}, interchange=True, most=1, conditions="SP")
    assert found.necessary is None and len(found.text()) == 2
    assert [table.name for table in found.tables()] == ["smallest_carry"] and len(found.figures()) == 1
    assert found.sufficient.conditions == (("nounPP", "SP"),) and "nounPP SP on odd ids" in found.text()[0]
    assert found.summary() == f"Fewest units that carry number: {found.sufficient.named()}."


def test_the_options_of_the_experiment_reach_both_searches(experiment, monkeypatch):
    seen = []
    monkeypatch.setattr(smallest, "smallest_set", lambda model, items, sources=None, **how: seen.append(how))
    compute(replace(experiment, kind="mean", seed=3, state=None), {}, most=2)
    for how in seen:
        assert (how["kind"], how["seed"], how["n_random"], how["most"], how["state"]) == ("mean", 3, 20, 2, None)
    assert len(seen) == 2
