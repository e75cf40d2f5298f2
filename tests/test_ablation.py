"""The sweep against the naive loop, groups against chance, and the rule for number units."""

import tracemalloc
import weakref
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from small_model import small_model

from minilstm import lstm
from minilstm.analyses import ablation, drops, linzen, table2
from minilstm.analyses.dynamics import dynamics
from minilstm.analyses.efferent_weights import efferents
from minilstm.analyses.group_tests import group_tests
from minilstm.analyses.interventions import compare
from minilstm.analyses.trace import trace_units
from minilstm.errors import MinilstmError, StimulusError
from minilstm.fast import sweep
from minilstm.fast.prefix_tree import prefix_tree, walk
from minilstm.stimuli import CONDITIONS, NA_TASKS, Item, na_task
from minilstm.units import by_layer

SETS = [(), (1,), (8,), (3,), (9,), (13,), (1, 9), (2, 10, 11), (12,), (1, 2, 3, 4, 5, 6, 7, 8)]


@pytest.fixture(scope="module")
def model():
    return small_model()


@pytest.fixture(scope="module")
def items():
    """A few sentences of every task and condition, so that prefixes are shared and lengths differ."""
    return [item for task in NA_TASKS for c in CONDITIONS[task] for item in na_task(task, c, 3)]


def naive_margins(model, items, units, kind="paper", state="context"):
    """One sentence at a time, one word at a time, every logit: as the released script does it, by `lstm.step`."""
    dead, sizes = by_layer(units, model.sizes), model.sizes
    fixed = [np.zeros(H) for H in sizes]
    if kind == "mean":
        said = [naive_hidden(model, item.prefix, state) for item in items]
        fixed = [np.concatenate([h[k] for h in said]).mean(axis=0) for k in range(len(sizes))]
    start, margins = [np.zeros((1, H)) for H in sizes], []
    for k in range(len(sizes)):
        start[k][:, dead[k]] = fixed[k][dead[k]]

    def read(words, h, C):
        h, C = list(h), list(C)
        for word in words:
            x = model.embedding[[model.vocabulary.index(word)]]
            for k, layer in enumerate(model.layers):
                now = lstm.step(x, h[k], C[k], *layer)
                h[k], C[k] = now.h.copy(), now.C
                h[k][:, dead[k]] = fixed[k][dead[k]]
                x = now.h if kind == "released" else h[k]  # the released code leaves the way up open
        return h, C

    after = read(model.context if state == "context" else (), start, [np.zeros((1, H)) for H in sizes])
    for item in items:
        h, _ = read(item.prefix, *after)
        logits = model.decoder_weight @ h[-1][0] + model.decoder_bias
        margins.append(logits[model.vocabulary.index(item.right)] - logits[model.vocabulary.index(item.wrong)])
    return np.array(margins)


def naive_hidden(model, words, state):
    """h of each layer after each of `words`: a list of (steps, H)."""
    context = list(model.context) if state == "context" else []
    ids = model.encode([*context, *words])
    trace = lstm.run(model.embedding[ids][:, None], model.layers)
    return [h[len(context) :, 0] for h in trace.h]


@pytest.mark.parametrize("kind", sweep.KINDS)
@pytest.mark.parametrize("state", ["context", None])
def test_equals_the_naive_loop(model, items, kind, state):
    fast = sweep.margins(model, items, SETS, kind, state)
    slow = np.array([naive_margins(model, items, units, kind, state) for units in SETS])
    np.testing.assert_allclose(fast, slow, rtol=1e-10, atol=1e-12)
    assert np.abs(fast[1:] - fast[0]).max(axis=1).min() > 1e-3  # every set does something


def test_one_layer_and_three(items):
    for sizes in ((7,), (4, 6, 3)):
        model = small_model(sizes)
        sets = [(u,) for u in range(1, sum(sizes) + 1)] + [(1, sum(sizes))]
        for kind in ("paper", "mean"):
            slow = np.array([naive_margins(model, items[::4], units, kind) for units in sets])
            np.testing.assert_allclose(sweep.margins(model, items[::4], sets, kind), slow, 1e-10, 1e-12)


@pytest.mark.parametrize("kind", sweep.KINDS)
def test_three_layers_of_different_sizes(items, kind):
    """Sets in one layer and in several, a row each."""
    sizes, items = (20, 47, 33), items[::9]
    sets = [(), (20,), (21, 100), (67,), (68,), *((u,) for u in range(1, 101, 3)), (1, 17, 33, 100)]
    for dtype, tolerance in ((np.float64, 1e-10), (np.float32, 1e-4)):
        model = small_model(sizes, dtype=dtype, gain=1)
        slow = np.array([naive_margins(model, items, units, kind) for units in sets])
        np.testing.assert_allclose(sweep.margins(model, items, sets, kind), slow, tolerance, tolerance)


def test_the_released_code_differs_from_the_paper_in_lower_layers_only(model, items):
    paper, released = (ablation.ablation_sweep(model, items, kind=kind) for kind in ("paper", "released"))
    layer_1, layer_2 = slice(0, 8), slice(8, 13)
    np.testing.assert_array_equal(paper[layer_2], released[layer_2])
    assert np.abs(paper[layer_1] - released[layer_1]).max(axis=1).min() > 1e-3


def test_removing_all_weights_of_a_unit_is_the_papers_ablation(model, items):
    """The supplement's wording: all weights into and out of the unit are zero."""
    unit, H = 3, 5  # in layer 2: the paper's number 12
    W, U, b = (array.copy() for array in model.layers[1])
    for block in range(4):
        W[block * H + unit] = U[block * H + unit] = b[block * H + unit] = 0
    U[:, unit] = 0
    decoder = model.decoder_weight.copy()
    decoder[:, unit] = 0
    layers = (model.layers[0], lstm.Layer(W, U, b))
    cut = type(model)(model.vocabulary, model.embedding, layers, decoder, model.decoder_bias, model.context)
    expected = sweep.margins(cut, items, [()])
    np.testing.assert_allclose(sweep.margins(model, items, [(12,)]), expected, 1e-10, 1e-12)


def test_the_order_of_sets_does_not_matter(model, items):
    forward = sweep.margins(model, items, SETS)
    backward = sweep.margins(model, items, SETS[::-1])
    np.testing.assert_allclose(backward[::-1], forward, 1e-10, 1e-12)


def test_nothing_ablated_is_bitwise_the_intact_network(model, items):
    alone = sweep.margins(model, items, [()])
    np.testing.assert_array_equal(sweep.margins(model, items, [(), []])[1], alone[0])
    np.testing.assert_array_equal(sweep.margins(model, items, [()], kind="mean"), alone)


def test_margins_are_differences_of_log_probability(model, items):
    for item, margin in zip(items[::5], sweep.margins(model, items[::5], [()])[0], strict=True):
        right, wrong = (model.log_probability(item.prefix, form, "context") for form in (item.right, item.wrong))
        assert margin == pytest.approx(right - wrong, abs=1e-10)


def test_a_block_of_one_node_gives_the_same(model, items, monkeypatch):
    """Depth first, one node at a time, against whole levels at once."""
    wide = sweep.margins(model, items, SETS)
    monkeypatch.setattr(sweep, "CACHE", 1)
    np.testing.assert_allclose(sweep.margins(model, items, SETS), wide, 1e-10, 1e-12)


def test_memory_does_not_grow_with_the_number_of_sentences(monkeypatch):
    model = small_model((16, 16), dtype=np.float32)
    monkeypatch.setattr(sweep, "CACHE", 2**14)

    def peak(n):
        items = na_task("nounPPAdv", "SP", n)
        tracemalloc.start()
        sweep.margins(model, items, [(u,) for u in range(1, 33)])
        result = 33 * n * 4 * 2
        most = tracemalloc.get_traced_memory()[1] - result
        tracemalloc.stop()
        return most / n

    peak(6)  # whatever is compiled or imported on the first call
    assert peak(600) < peak(60)  # what grows is the list of sentences itself, far less than their states


def test_memory_does_not_grow_with_the_number_of_sets(monkeypatch):
    model, items = small_model((16, 16), dtype=np.float32), na_task("nounPP", "SP", 5)
    monkeypatch.setattr(sweep, "SETS", 100)

    def peak(n):
        sets = ablation.random_sets(32, 3, n, 0)
        tracemalloc.start()
        sweep.margins(model, items, sets)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(3)  # whatever is compiled or imported on the first call
    few, many = peak(100), peak(3000)
    assert many < 2 * few, (few, many)


def test_sets_in_several_parts(model, items, monkeypatch):
    whole = sweep.margins(model, items, SETS)
    monkeypatch.setattr(sweep, "SETS", 3)
    np.testing.assert_allclose(sweep.margins(model, items, SETS), whole, 1e-10, 1e-12)


def test_unknown_kinds_states_and_units(model, items):
    with pytest.raises(MinilstmError, match="kind of ablation: expected one of paper, released, mean, got 'zero'"):
        sweep.margins(model, items, [()], kind="zero")
    with pytest.raises(MinilstmError, match="state: expected None, 'context' or a State, got 'running'"):
        sweep.margins(model, items, [()], state="running")
    with pytest.raises(MinilstmError, match="unit 14: this network has units 1 to 13"):
        sweep.margins(model, items, [(14,)])


def test_prefixes_are_read_once():
    sentences = [(1, 2, 3), (1, 2), (4,), (1, 5, 3), (1, 2, 3), (0,)]
    levels = prefix_tree(sentences)
    assert [len(level.word) for level in levels] == [3, 2, 2]
    read = []

    def step(states, parents, words):
        new = [states[p] + (w,) for p, w in zip(parents, words.tolist(), strict=True)]
        read.extend(new)
        return new

    for width in (1, 2, 100):
        read.clear()
        over, passed = {}, []
        for visit in walk(levels, [()], step, width):
            for k, node, ends in zip(visit.sentence, visit.node, visit.ends, strict=True):
                assert visit.states[node] == sentences[k][: visit.depth + 1]
                passed.append((k, visit.depth))
                if ends:
                    over[k] = visit.states[node]
        assert sorted(read) == sorted(set(read)) and len(read) == 7
        assert sorted(passed) == [(k, t) for k, sentence in enumerate(sentences) for t in range(len(sentence))]
        assert [over[k] for k in range(len(sentences))] == sentences
    with pytest.raises(MinilstmError, match="sentence 2: expected at least one word, got none"):
        prefix_tree([(1, 2), ()])
    assert prefix_tree([]) == [] and list(walk([], [()], step, 1)) == []


def test_a_prefix_of_any_length_in_flat_memory(model):
    """States are let go when nothing goes on from them: no more are alive at word 3,000 than at word 30."""
    alive, most = weakref.WeakSet(), {}

    class State(list):
        __hash__ = object.__hash__

    def step(states, parents, words):
        new = State([states[p] + w for p, w in zip(parents, words.tolist(), strict=True)])
        alive.add(new)
        return new

    for n in (30, 3_000):
        sentences, most[n] = [[1] * n, [1] * (n - 1) + [2]], 0
        for visit in walk(prefix_tree(sentences), State([0]), step, 1):
            most[n] = max(most[n], len(alive))
        assert visit.states == [n] and visit.depth == n - 1 or visit.states == [n + 1]
    assert most[30] == most[3_000] <= 4
    long = Item(("The", "boy", *("near", "the", "car") * 1_000), "greets", "greet", "long", "S", 1)
    want = model.log_probability(long.prefix, "greets") - model.log_probability(long.prefix, "greet")
    np.testing.assert_allclose(sweep.margins(model, [long], [()], state=None), [[want]], rtol=1e-9, atol=1e-10)


def test_the_published_tasks_have_7080_prefixes(reference):
    """12,000 sentences of 53,400 words before the verb, as DESIGN.md counts them."""
    from minilstm.stimuli import read_na_task

    items = [item for path in sorted((reference / "NA_tasks").glob("*.txt")) for item in read_na_task(path)]
    index = {}
    sentences = [[index.setdefault(word, len(index)) for word in item.prefix] for item in items]
    assert len(sentences) == 12_000 and sum(map(len, sentences)) == 53_400
    assert sum(len(level.word) for level in prefix_tree(sentences)) == 7_080


def test_group_p_counts_ties_and_power_counts_hits(model, items):
    group = ablation.group_ablation(model, items, (2, 9), n_random=60, seed=3)
    assert len(group.random) == 60
    assert group.intact == np.mean(naive_margins(model, items, ()) > 0)
    assert group.p == (np.sum(group.random <= group.accuracy) + 1) / 61
    again = ablation.group_ablation(model, items, (9, 2), n_random=60, seed=3)
    np.testing.assert_array_equal(group.random, again.random)
    np.testing.assert_allclose(group.accuracy, np.mean(naive_margins(model, items, (2, 9)) > 0))


def test_random_sets_are_different_in_range_and_all_there_are():
    sets = ablation.random_sets(5, 2, 1000, seed=0)
    assert len(sets) == 10 == len(set(sets))
    assert {unit for units in sets for unit in units} == {1, 2, 3, 4, 5}
    assert ablation.random_sets(1300, 12, 3, 0) != ablation.random_sets(1300, 12, 3, 1)


def test_power_is_low_where_random_sets_hit_the_units_that_matter():
    """4 of 8 units drawn: a random set misses the one strong unit in half of all draws (70 sets, 35 without it)."""
    items = [Item(("The", "boy"), "greets", "greet", "Simple", "S", k) for k in (1, 2)]
    model = small_model((8,))
    strong = min(range(1, 9), key=lambda u: sweep.margins(model, items, [(u,)])[0, 0])
    decoder = np.zeros_like(model.decoder_weight)
    decoder[model.vocabulary.index("greets"), strong - 1] = np.sign(
        model.trace(("The", "boy"), "context").h[0][-1, 0, strong - 1]
    )
    bias = np.zeros_like(model.decoder_bias)
    model = type(model)(model.vocabulary, model.embedding, model.layers, decoder, bias, model.context)
    weak = [u for u in range(1, 9) if u != strong]
    group = ablation.group_ablation(model, items, (strong, *weak[:3]), n_random=70)
    assert (group.accuracy, group.power) == (0.0, 0.5)
    assert ablation.group_ablation(model, items, weak[:4], n_random=70).power == 1.0


def made_up(drops, n=100):
    """Items of the conditions that the rule reads, and margins of one unit that is wrong on the given share of them."""
    items, full, off = [], [], []
    for task in ("Simple", "nounPP", "nounPPAdv"):
        for condition in CONDITIONS[task]:
            for k in range(n):
                items.append(Item(("The", "boy"), "greets", "greet", task, condition, k + 1))
                full.append(1.0)
                # pairs of an odd and an even id, so that both halves lose the same share
                off.append(-1.0 if k // 2 < drops.get((task, condition), 0) * n / 2 else 1.0)
    return items, np.array(full), np.array([off])


SINGULAR = {("nounPP", "SP"): 0.5, ("nounPPAdv", "SP"): 0.5}


@pytest.mark.parametrize(
    ("drops", "numbers"),
    [
        (SINGULAR, "S"),
        ({("nounPP", "PS"): 0.2, ("nounPPAdv", "PS"): 0.12}, "P"),
        ({("nounPP", "SP"): 0.1, ("nounPPAdv", "SP"): 0.5}, ""),  # not more than 10 points in one of them
        ({("nounPP", "SP"): 0.5}, ""),
        (SINGULAR | {("Simple", "S"): 0.12}, ""),
        (SINGULAR | {("Simple", "S"): 0.10}, "S"),
        (SINGULAR | {("Simple", "P"): 0.9}, "S"),
        (SINGULAR | {("nounPP", "PS"): 0.12}, ""),
        (SINGULAR | {("nounPP", "PP"): 0.12}, ""),
        (SINGULAR | {("nounPP", "SS"): 0.9}, "S"),
    ],
)
def test_the_rule_for_number_units(drops, numbers):
    items, full, off = made_up(drops)
    found = ablation.long_range_units(items, full, off)
    assert "".join(number for number in "SP" if len(found[number])) == numbers


def test_the_rule_needs_both_halves_and_a_network_that_does_the_task():
    items, full, off = made_up(SINGULAR)
    even = np.array([item.id % 2 == 0 for item in items])
    half = np.where(even, full, off[0])[None]  # only the odd items suffer
    assert not len(ablation.long_range_units(items, full, half)["S"])
    weak = full.copy()
    weak[[item.task == "nounPP" and item.condition == "SP" and item.id % 20 > 9 for item in items]] = -1
    worse = np.minimum(off, weak)
    worse[0, [item.condition == "SP" for item in items]] = -1
    assert not len(ablation.long_range_units(items, weak, worse)["S"])


def test_the_rule_says_which_condition_it_lacks():
    items, full, off = made_up({})
    kept = [k for k, item in enumerate(items) if item.task != "nounPPAdv"]
    with pytest.raises(StimulusError, match="has not in nounPPAdv SP, nounPPAdv PS"):
        ablation.long_range_units([items[k] for k in kept], full[kept], off[:, kept])
    assert ablation.missing_conditions(items) == []
    for half in (0, 1):
        without = [item for item in items if (item.task, item.condition, item.id % 2) != ("Simple", "P", half)]
        assert ablation.missing_conditions(without) == [("Simple", "P")]
    assert len(ablation.missing_conditions([])) == 8


def test_a_tie_is_no_drop_by_more():
    assert 0.8 - 0.7 > 0.1 and not drops.accuracy_drop(0.8, 0.7) > 0.1
    assert 1 - 0.8 < 0.2 and drops.accuracy_drop(1, 0.8) >= 0.2


def test_a_tie_is_spared():
    assert 0.72 < 0.9 * 0.8 and drops.spared(0.8, 0.72, 0.9)
    assert not drops.spared(0.8, 0.71, 0.9)
    assert drops.spared(np.array([1.0, 0.8]), np.array([0.9, 0.71]), 0.9).tolist() == [True, False]


def test_nine_tenths_are_enough_in_the_tables():
    """Table 2 and the Linzen set: .72 of .8 are not fewer than nine tenths."""
    items = na_task("Simple", "S", 25)
    full, off = np.ones(25), np.ones(25)
    full[:5], off[:7] = -1, -1  # .8 right, and .72 of them without a unit
    table = table2.Table2(tuple(items), full, np.array([off, -off]), None, None)
    columns, rows = replace(table, numbers={"S": [1], "P": [2]}).rows()
    assert rows[0][columns.index("1 off")] is None and round(rows[0][columns.index("2 off")]) == 28

    sentences = np.repeat([1.0, -1.0], [8, 2])  # .8 right
    tie = np.repeat([1.0, -1.0], [72, 28])
    units = SimpleNamespace(both=lambda: (1, 2))
    for plural, holds in ((tie, False), (-tie, True)):
        results = {"number_units": units, "linzen": linzen.Linzen(sentences, {1: tie, 2: plural})}
        assert linzen.only_the_plural_unit_shows(None, results, table2.SPARED_RATIO).holds is holds


def test_the_figure_says_how_many_points_are_lost():
    items = na_task("Simple", "S", 25) + na_task("Simple", "P", 25)
    ablated = np.ones((2, 50))
    ablated[0, :5], ablated[1, 25:] = -1, -1
    table = table2.Table2(tuple(items), np.ones(50), ablated, None, None)
    axis = drops.plot_ablations(table.drops).axes[0]
    assert [(text.get_position(), text.get_text()) for text in axis.texts] == [((1, 0), "100"), ((0, 1), "20")]
    assert [label.get_text() for label in axis.get_yticklabels()] == ["2", "1"]


@pytest.mark.parametrize("units", [3, "3", [True, False, True]])
def test_what_is_no_collection_of_units_is_refused_everywhere(model, items, units):
    calls = (
        lambda: ablation.ablation_sweep(model, items, units),
        lambda: ablation.group_ablation(model, items, units),
        lambda: group_tests(model, items, units),
        lambda: compare(model, items, [units]),
        lambda: dynamics(model, na_task("nounPP", "SP", 3), units),
        lambda: trace_units(model, ["The boy".split()], units),
        lambda: efferents(model, units),
    )
    for call in calls:
        with pytest.raises(MinilstmError, match="units: expected (numbers, got a mask|a collection of unit numbers)"):
            call()


@pytest.mark.parametrize("n_random", [0, -3])
def test_no_group_is_judged_beside_nothing(model, items, n_random):
    with pytest.raises(MinilstmError, match=f"at least 1 random set, got {n_random}"):
        ablation.group_ablation(model, items, [3], n_random)
