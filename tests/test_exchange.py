"""Patching between two sentences against a plain loop, against the source itself, and against finite differences."""

import numpy as np
import pytest
from small_model import small_model

from minilstm import lstm
from minilstm.analyses.attribution_patching import exchange_by_gradient
from minilstm.analyses.exchange import (
    VARIABLES,
    exchange,
    normalized_effect,
    read_pairs,
    right_both_ways,
)
from minilstm.analyses.number_agreement import agreement
from minilstm.errors import MinilstmError, StimulusError
from minilstm.stimuli import CONDITIONS, Item, na_task, pairs, steps_that_differ
from minilstm.units import by_layer

SETS = [(), (1,), (9,), (12,), (2, 5), (3, 13), tuple(range(1, 14))]


@pytest.fixture(scope="module")
def model():
    return small_model()


def items(*tasks, n=3):
    return [item for task in tasks for c in CONDITIONS[task] for item in na_task(task, c, n)]


def plain(model, base, source, units, what, places, state="context", amount=1):
    """One pair, one word at a time, every unit by `lstm.step`; at the words `places` units are exchanged.

    `amount` is how much of the way from the base's value to the source's they go.
    """
    chosen = by_layer(units, model.sizes)
    start = model.context_state() if state == "context" else lstm.State(*[[np.zeros((1, H)) for H in model.sizes]] * 2)
    reading = [[list(start.h), list(start.C)] for _ in "bs"]  # of base and source: h and C, one a layer
    for t, words in enumerate(zip(base.prefix, source.prefix, strict=True)):
        x = [model.embedding[[model.vocabulary.index(word)]] for word in words]
        for k, layer in enumerate(model.layers):
            C_prev = reading[0][1][k]
            mine, theirs = (lstm.step(x[r], reading[r][0][k], reading[r][1][k], *layer) for r in (0, 1))
            mine = lstm.Step(*(field.copy() for field in mine))
            for u in chosen[k] if t in places else ():
                i, f, o, C_tilde, C, h = (
                    field[0, u] + amount * (other[0, u] - field[0, u]) if name in VARIABLES[what] else field[0, u]
                    for name, field, other in zip(lstm.Step._fields, mine, theirs, strict=True)
                )
                mine.C[0, u] = C if what in ("o", "C", "h", "both") else f * C_prev[0, u] + i * C_tilde
                mine.h[0, u] = h if what in ("h", "both") else o * np.tanh(mine.C[0, u])
            for r, step in enumerate((mine, theirs)):
                reading[r][0][k], reading[r][1][k], x[r] = step.h, step.C, step.h
    right, wrong = (model.vocabulary.index(form) for form in (base.right, base.wrong))
    logits = model.decoder_weight @ reading[0][0][-1][0] + model.decoder_bias
    return logits[right] - logits[wrong]


@pytest.mark.parametrize("what", VARIABLES)
@pytest.mark.parametrize(("at", "onwards"), [(0, False), (0, True), (2, False), (1, True)])
def test_equals_the_plain_loop(model, what, at, onwards):
    bases, sources = pairs(items("Simple", "nounPP", "SubjRel", n=2))
    found, *_ = exchange(model, bases, sources, SETS, what, at, onwards)
    for p, (base, source) in enumerate(zip(bases, sources, strict=True)):
        places = range(1 + at, len(base.prefix) if onwards else 2 + at)  # the subject is word 1
        expected = [plain(model, base, source, units, what, places) for units in SETS]
        np.testing.assert_allclose(found[:, p], expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("what", VARIABLES)
def test_layers_of_several_blocks(what):
    """Gates of more rows than are read at a time, in layers that do not fill their blocks."""
    model, (bases, sources) = small_model((20, 33), gain=1), pairs(items("nounPP", n=1))
    sets = [(1,), (17, 53), (37,), (53,), *((u,) for u in range(20, 45))]
    found, *_ = exchange(model, bases, sources, sets, what, onwards=True)
    for p, (base, source) in enumerate(zip(bases, sources, strict=True)):
        expected = [plain(model, base, source, units, what, range(1, len(base.prefix))) for units in sets]
        np.testing.assert_allclose(found[:, p], expected, rtol=1e-10, atol=1e-12)


def test_from_a_zero_state_and_in_one_layer():
    model = small_model((7,))
    bases, sources = pairs(items("CoAdv", n=2))
    found, *_ = exchange(model, bases, sources, [(3,), (1, 7)], state=None)
    expected = [
        [plain(model, b, s, units, "C", [1], None) for b, s in zip(bases, sources, strict=True)]
        for units in [(3,), (1, 7)]
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


def test_with_all_units_exchanged_the_network_is_the_sources(model):
    every = [tuple(range(1, 14))]
    bases, sources = pairs(items("nounPP"))  # they differ in the subject only
    once, _, source = exchange(model, bases, sources, every, "both")
    np.testing.assert_allclose(once[0], source, rtol=1e-12, atol=1e-13)
    bases, sources = pairs(items("SubjRel", "2SubjRel"))  # and here in the verb of the clause too
    once, _, source = exchange(model, bases, sources, every, "both")
    assert np.abs(once[0] - source).min() > 1e-6
    onwards, *_ = exchange(model, bases, sources, every, "both", onwards=True)
    np.testing.assert_allclose(onwards[0], source, rtol=1e-12, atol=1e-13)


def test_with_none_exchanged_it_is_the_bases(model):
    bases, sources = pairs(items("nounPPAdv"))
    swapped, intact, source = exchange(model, bases, sources, [(), (4,)], onwards=True)
    np.testing.assert_array_equal(swapped[0], intact)
    np.testing.assert_allclose(intact, agreement(model, bases).margins, atol=1e-12)
    np.testing.assert_allclose(source, -agreement(model, sources).margins, atol=1e-12)
    assert (swapped[1] != intact).all()
    itself, *_ = exchange(model, bases, bases, [(4,), (9, 13)], onwards=True)
    np.testing.assert_array_equal(itself, [intact, intact])  # two sentences that do not differ


def test_pairs_differ_in_the_subjects_number():
    given = items("Simple", "namePP", "2SubjRel", n=2)
    bases, sources = pairs(given)
    assert bases == tuple(given)  # each serves once
    for base, source in zip(bases, sources, strict=True):
        assert (base.task, base.id, base.condition[1:]) == (source.task, source.id, source.condition[1:])
        assert {base.condition[0], source.condition[0]} == set("SP") and base.prefix[1] != source.prefix[1]
    alone = na_task("nounPP", "SP", 3) + na_task("nounPP", "PP", 2)
    assert [item.id for item in pairs(alone)[0]] == [1, 2, 1, 2]
    for none in (na_task("nounPP", "SP", 3), [Item(("The", "boy"), "greets", "greet", "mine", "easy", 1)], []):
        with pytest.raises(StimulusError, match="conditions that differ in the subject's number, such as SP and PP"):
            pairs(none)
    other = na_task("Simple", "P", 1, seed=5)
    with pytest.raises(StimulusError, match="differ in number only, got The .* / The"):
        pairs([*na_task("Simple", "S", 1), *other])


def test_what_is_copied_has_a_name(model):
    bases, sources = pairs(items("Simple"))
    with pytest.raises(MinilstmError, match="variable to copy: expected one of i, f, o, C_tilde, C, h, both, got 'c'"):
        exchange(model, bases, sources, [(1,)], "c")
    with pytest.raises(MinilstmError, match="unit 14: this network has units 1 to 13"):
        exchange(model, bases, sources, [(14,)])


def test_by_gradient_it_is_the_derivative_along_the_way_to_the_source(model):
    """Central differences of the plain loop, which goes a little of the way, and as little of the way back."""
    bases, sources = pairs(items("SubjRel", n=1))  # the verb of the clause differs too
    for state in ("context", None):
        found = exchange_by_gradient(model, bases, sources, state)
        assert found.keys() == {*lstm.Step._fields} and found["C"].shape == (len(bases[0].prefix), 13, len(bases))
        for what in lstm.Step._fields:
            for unit in (1, 8, 9, 13):
                for at in (1, 2, len(bases[0].prefix) - 1):
                    way = (plain(model, bases[0], sources[0], (unit,), what, [at], state, e) for e in (1e-4, -1e-4))
                    expected = np.subtract(*way) / 2e-4
                    np.testing.assert_allclose(found[what][at, unit - 1, 0], expected, rtol=1e-5, atol=1e-11)
        assert not found["C"][0].any() and found["i"][1].any()  # the first words are the same


def test_by_gradient_a_small_difference_is_exact(model):
    """Where base and source are hardly different, first order is all there is."""
    near = small_model()
    subjects = [near.vocabulary.index(word) for word in ("boy", "boys")]
    near.embedding[subjects[1]] = near.embedding[subjects[0]] + 1e-5
    base, source = (
        Item(("The", word, "that"), *forms, "mine", c, 1)
        for word, forms, c in (("boy", ("greets", "greet"), "S"), ("boys", ("greet", "greets"), "P"))
    )
    found = exchange_by_gradient(near, [base], [source])
    for what, effects in found.items():
        exact, intact, _ = exchange(near, [base], [source], [(u,) for u in range(1, 14)], what, 0)
        np.testing.assert_allclose(exact[:, 0] - intact, effects[1, :, 0], rtol=1e-3, atol=1e-13)


def test_sentences_of_several_shapes_are_told_apart(model):
    bases, sources = pairs(items("nounPP"))
    assert steps_that_differ(bases, sources) == (1, 5)
    with pytest.raises(StimulusError, match="one length with the noun at the same word, got several; --task"):
        steps_that_differ(*pairs(items("nounPP", "Simple")))


def test_only_pairs_that_are_right_both_ways_count():
    intact, source = np.array([1.0, 1.0, -1.0, 0.0]), np.array([-1.0, 1.0, -1.0, -1.0])
    assert right_both_ways(intact, source).tolist() == [True, False, False, False]
    with pytest.raises(StimulusError, match="no sentence is answered rightly with either number"):
        right_both_ways(intact[1:], source[1:])


def test_how_far_the_margin_moves():
    intact, source = np.array([2.0, 4.0]), np.array([-2.0, -4.0])
    np.testing.assert_allclose(
        normalized_effect(intact, np.array([[2.0, 4.0], [1.0, 2.0], [-2.0, -4.0]]), source), [0, 0.25, 1]
    )
    assert np.isnan(normalized_effect(intact[:0], np.empty((3, 0)), source[:0])).tolist() == [True] * 3


def test_all_of_an_intervention_is_at_its_word(model):
    """`patch` sees each layer once for every different sentence, at the word asked for, with the source beside it."""
    bases, sources = pairs(items("nounPP", n=2))
    seen = []

    def patch(k, base, source):
        seen.append((k, base.step.C.shape, source.step.C.shape))
        again = base.step.f * base.C_prev + base.step.i * base.step.C_tilde
        np.testing.assert_allclose(base.step.C, again, rtol=1e-12, atol=1e-14)
        assert (base.step.C != source.step.C).any()

    margins, _ = read_pairs(model, bases, sources, [1, 3], patch, at=1)
    assert {(k, *(shape[1:] for shape in shapes)) for k, *shapes in seen} == {(0, (1, 8), (1, 8)), (1, (3, 5), (1, 5))}
    np.testing.assert_array_equal(margins, [margins[0]] * 3)


def test_a_noun_with_one_form_for_both_numbers_is_no_pair_to_patch():
    sheep = [Item(("The", "sheep"), *forms, "mine", c, 1) for c, forms in (("S", ("is", "are")), ("P", ("are", "is")))]
    with pytest.raises(StimulusError, match="task mine: nothing tells the two numbers apart in 'The sheep'"):
        steps_that_differ(*pairs(sheep))
