"""The language model: logits worked out by hand, probabilities that agree with one another, states, unknown words."""

from dataclasses import replace

import numpy as np
import pytest
from networks import assert_close, assert_same_bits, random_layers, worked_out

from minilstm import lstm
from minilstm.errors import MinilstmError, ModelFileError, UnknownWordError
from minilstm.language_model import LanguageModel, forward, log_softmax
from minilstm.lstm import State

WORDS = ("The", "boy", "boys", "near", "the", "car", "greet", "greets", ".", "<eos>", "<unk>")
CONTEXT = ("The", "car", "greets", ".", "<eos>")
SENTENCE = "The boys near the car"


def make(sizes=(4, 4), dtype="float64", words=WORDS, context=CONTEXT, seed=0):
    rng = np.random.default_rng(seed)
    V, H = len(words), sizes[-1]
    embedding, weight, bias = (rng.normal(size=shape).astype(dtype) for shape in ((V, 3), (V, H), (V,)))
    return LanguageModel(words, embedding, random_layers(rng, 3, sizes, dtype, 3), weight, bias, context)


MODEL, UNEQUAL = make(), make(sizes=(5, 3))
models = pytest.mark.parametrize("model", [MODEL, UNEQUAL], ids=["4 x 4", "5, 3"])


def x_of(model, words):
    return np.stack([model.embedding[WORDS.index(word)] for word in words.split()])[:, None]  # (steps, 1, E)


@models
def test_trace_reads_the_embeddings(model):
    want = worked_out(x_of(model, SENTENCE), model.layers, ablate=(2, 7))
    assert_close(model.trace(SENTENCE, ablate=[2, 7]), want, rtol=1e-12, atol=1e-14)
    assert_same_bits(model.trace(SENTENCE), model.trace(SENTENCE.split()))
    assert_same_bits(model.trace(SENTENCE), model.trace(tuple(SENTENCE.split())))


@models
def test_logits_by_hand(model):
    """Decoder row times h plus bias, a word and a vocabulary entry at a time."""
    h = worked_out(x_of(model, SENTENCE), model.layers).h[-1][:, 0]
    logits = model.logits(SENTENCE)
    assert logits.shape == (5, len(WORDS))
    for t in range(5):
        for k in range(len(WORDS)):
            want = sum(w * v for w, v in zip(model.decoder_weight[k], h[t], strict=True)) + model.decoder_bias[k]
            assert logits[t, k] == pytest.approx(want, rel=1e-12, abs=1e-13)


@models
def test_logits_of_chosen_words_are_columns_of_all(model):
    logits = model.logits(SENTENCE, ["greets", "greet", "greets"], state="context", ablate=[3])
    everything = model.logits(SENTENCE, state="context", ablate=[3])
    assert logits.shape == (5, 3)
    np.testing.assert_allclose(logits, everything[:, [7, 6, 7]], rtol=1e-13, atol=1e-14)
    np.testing.assert_array_equal(
        model.logits(SENTENCE, "greets greet")[:, ::-1], model.logits(SENTENCE, "greet greets")
    )


@models
@pytest.mark.parametrize("state", [None, "context"])
@pytest.mark.parametrize("ablate", [(), (8,), (1, 6)])
def test_probabilities_agree_with_one_another(model, state, ablate):
    """p over the vocabulary adds up to 1; log p, surprisal and perplexity say the same."""
    words = (*SENTENCE.split(), "greet", ".", "<eos>")
    options = {"state": state, "ablate": ablate}
    surprisal = model.surprisal(words, **options)
    assert surprisal.shape == (8,) and surprisal.dtype == np.float64 and (surprisal > 0).all()
    for t, word in enumerate(words):
        log_p = [model.log_probability(words[:t], w, **options) for w in WORDS]
        assert np.exp(log_p).sum() == pytest.approx(1, rel=1e-12)
        assert -log_p[WORDS.index(word)] == pytest.approx(surprisal[t], rel=1e-11)
        if t:
            logits = model.logits(words[:t], **options)[-1]
            np.testing.assert_allclose(np.subtract.outer(log_p, log_p), np.subtract.outer(logits, logits), atol=1e-12)
    assert model.perplexity(words, **options) == pytest.approx(np.exp(surprisal.sum() / 8), rel=1e-12)


def test_perplexity_of_a_model_that_knows_nothing_is_the_size_of_its_vocabulary():
    model = replace(MODEL, decoder_weight=np.zeros_like(MODEL.decoder_weight), decoder_bias=np.full(len(WORDS), 3.0))
    assert model.perplexity("The boy greets . <eos>") == pytest.approx(len(WORDS), rel=1e-14)


def test_surprisal_a_chunk_at_a_time(monkeypatch):
    whole = MODEL.surprisal(SENTENCE)
    monkeypatch.setattr("minilstm.language_model.CHUNK", 2)
    np.testing.assert_allclose(MODEL.surprisal(SENTENCE), whole, rtol=1e-13)


def test_log_softmax_of_enormous_numbers():
    got = log_softmax(np.array([[1e4, 1e4 - 1, -1e4], [0, 0, 0]], "float32"))
    assert got.dtype == np.float64
    np.testing.assert_allclose(got[0], [-np.log1p(np.exp(-1)), -1 - np.log1p(np.exp(-1)), -2e4 - np.log1p(np.exp(-1))])
    np.testing.assert_allclose(got[1], -np.log(3), rtol=1e-15)


@models
def test_the_context_is_read_from_zero_and_its_state_reused(model):
    at_once = model.trace((*CONTEXT, *SENTENCE.split()))
    after = model.trace(SENTENCE, state="context")
    for layer in range(2):
        np.testing.assert_allclose(after.C[layer], at_once.C[layer][5:], rtol=1e-13, atol=1e-15)
    state = model.context_state()
    assert_same_bits(model.trace(SENTENCE, state=state), after)
    np.testing.assert_array_equal(state.h[0], model.trace(CONTEXT).state.h[0])


@models
def test_an_ablation_holds_while_the_context_is_read(model):
    at_once = model.trace((*CONTEXT, *SENTENCE.split()), ablate=[2])
    ablated = model.trace(SENTENCE, state="context", ablate=[2])
    np.testing.assert_allclose(ablated.h[-1], at_once.h[-1][5:], rtol=1e-13, atol=1e-15)
    only_sentence = model.trace(SENTENCE, state=model.context_state(), ablate=[2])
    assert abs(ablated.C[0] - only_sentence.C[0]).max() > 1e-3


def test_a_model_without_a_context_starts_from_zero():
    model = make(context=())
    assert_same_bits(model.trace(SENTENCE, state="context"), model.trace(SENTENCE))


@models
def test_batch_is_single(model):
    sentences = [SENTENCE, "The boy greets the boys", "the car . <eos> The"]
    for state in (None, "context"):
        batch = model.trace([sentence.split() for sentence in sentences], state=state, ablate=[4])
        assert batch.h[0].shape[1] == 3
        for row, sentence in enumerate(sentences):
            single = model.trace(sentence, state=state, ablate=[4])
            for layer in range(2):
                np.testing.assert_allclose(batch.h[layer][:, row], single.h[layer][:, 0], rtol=1e-12, atol=1e-14)


def test_a_state_of_the_batchs_own():
    rng = np.random.default_rng(1)
    state = State(*rng.normal(size=(2, 2, 2, 4)))  # (layers, batch, units) each
    both = MODEL.trace([["The", "boy"], ["the", "car"]], state=state)
    second = MODEL.trace("the car", state=State(state.h[:, 1:], state.C[:, 1:]))
    np.testing.assert_allclose(both.C[:, :, 1], second.C[:, :, 0], rtol=1e-12)
    with pytest.raises(MinilstmError, match="state: expected a batch of 1 or 3, got 2"):
        MODEL.trace([["The"], ["the"], ["boy"]], state=state)


def test_float32_stays_float32_and_near():
    narrow = make(dtype="float32")
    wide = LanguageModel(
        WORDS,
        narrow.embedding.astype("float64"),
        tuple(lstm.Layer(*(array.astype("float64") for array in layer)) for layer in narrow.layers),
        narrow.decoder_weight.astype("float64"),
        narrow.decoder_bias.astype("float64"),
        CONTEXT,
    )
    assert narrow.dtype == narrow.trace(SENTENCE).h.dtype == narrow.logits(SENTENCE).dtype == np.float32
    assert wide.dtype == wide.trace(SENTENCE, "context").C.dtype == wide.logits(SENTENCE).dtype == np.float64
    np.testing.assert_allclose(narrow.logits(SENTENCE), wide.logits(SENTENCE), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(narrow.surprisal(SENTENCE), wide.surprisal(SENTENCE), rtol=1e-5)


def test_unknown_words():
    for call in (
        lambda: MODEL.trace("The boys greet quarks"),
        lambda: MODEL.logits("The boys greet quarks"),
        lambda: MODEL.surprisal("The boys greet quarks"),
        lambda: MODEL.perplexity("The boys greet quarks"),
        lambda: MODEL.log_probability("The boys greet quarks", "."),
        lambda: MODEL.trace([["The", "boy", "greets", "the"], ["The", "boys", "greet", "quarks"]]),
    ):
        with pytest.raises(UnknownWordError, match="'quarks' is not among the model's 11 words: The boys greet quarks"):
            call()
    with pytest.raises(UnknownWordError, match="'quarks'"):
        MODEL.log_probability("The boys", "quarks")
    with pytest.raises(UnknownWordError, match="'quarks'"):
        MODEL.logits("The boys", ["quarks"])
    with pytest.raises(UnknownWordError, match="'the'"):  # case matters
        make(words=("The", "<eos>"), context=()).encode("the")


def test_unknown_words_as_unk():
    assert MODEL.encode("The quarks greet", unknown="<unk>").tolist() == [0, 10, 6]
    assert_same_bits(MODEL.trace("The quarks greet", unknown="<unk>"), MODEL.trace("The <unk> greet"))
    with pytest.raises(UnknownWordError, match="'quarks' is not among the model's words, and neither is '<unk>'"):
        make(words=WORDS[:-1]).encode("quarks", unknown="<unk>")
    with pytest.raises(MinilstmError, match="unknown: expected 'error' or '<unk>', got 'skip'"):
        MODEL.trace("The", unknown="skip")


def test_no_words():
    assert MODEL.encode("").tolist() == MODEL.encode([]).tolist() == []
    assert MODEL.trace("").h.shape == (2, 0, 1, 4)
    assert MODEL.logits([]).shape == (0, 11) and MODEL.surprisal("").shape == (0,)
    want = log_softmax(MODEL.decoder_bias)  # a zero state says nothing
    assert MODEL.log_probability("", "boy") == pytest.approx(want[1], rel=1e-13)
    state = MODEL.context_state()
    want = log_softmax(MODEL.decoder_weight @ state.h[-1][0] + MODEL.decoder_bias)
    assert MODEL.log_probability("", "boy", state="context") == pytest.approx(want[1], rel=1e-13)


def test_an_ablated_unit_of_a_given_state_says_nothing():
    """What `context_state` gives, with the unit's h set to 0, makes the same predictions."""
    state = MODEL.context_state()
    silent = State(state.h.copy(), state.C)
    silent.h[1, :, 1] = 0  # unit 6
    options = {"ablate": [6]}
    np.testing.assert_array_equal(MODEL.trace("The", state, **options).h, MODEL.trace("The", silent, **options).h)
    np.testing.assert_array_equal(MODEL.surprisal("The", state, **options), MODEL.surprisal("The", silent, **options))


@pytest.mark.parametrize("call", [MODEL.logits, MODEL.surprisal, MODEL.perplexity])
def test_one_sentence_is_asked_for(call):
    with pytest.raises(MinilstmError):
        call([["The", "boy"], ["the", "car"]])


@pytest.mark.parametrize("words", [[3, 5], np.array([3, 5]), 7, None, [[3, 5], [1, 2]], ["The", 5]])
@pytest.mark.parametrize("call", [MODEL.logits, MODEL.surprisal, MODEL.perplexity, MODEL.trace, MODEL.encode])
def test_indices_instead_of_words(call, words):
    with pytest.raises(MinilstmError, match="expected (words, got|one sentence)"):
        call(words)


def test_no_words_have_no_perplexity():
    with pytest.raises(MinilstmError):
        MODEL.perplexity("")


@pytest.mark.parametrize(
    "words, options, message",
    [
        ([["The", "boy"], ["The"]], {}, r"a batch needs sentences of one length, got lengths \[1, 2\]"),
        ("The boy", {"state": "zero"}, "state: expected None, 'context' or a State, got 'zero'"),
        ("The boy", {"ablate": [9]}, "unit 9: this network has units 1 to 8"),
    ],
)
def test_what_trace_refuses(words, options, message):
    with pytest.raises(MinilstmError, match=message):
        MODEL.trace(words, **options)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"vocabulary": (*WORDS[:-1], "boy")}, "vocabulary: 'boy' stands in it twice"),
        ({"vocabulary": WORDS[:-1]}, r"embedding: expected shape \(10, 3\) for 10 words, got \(11, 3\)"),
        ({"embedding": np.zeros((11, 2))}, r"layer 1: W, U, b have shapes"),
        ({"layers": ()}, "layers: expected at least one"),
        ({"layers": MODEL.layers[::-1]}, "layer 1: W, U, b have shapes"),
        (
            {"decoder_weight": np.zeros((11, 3))},
            r"decoder_weight: expected shape \(11, 4\) for 11 words, got \(11, 3\)",
        ),
        ({"decoder_bias": np.zeros(10)}, "decoder_bias: expected shape"),
        ({"word_counts": np.zeros(12, int)}, "word_counts: expected shape"),
        ({"context": ("The", "quark")}, "context: 'quark' is not in the vocabulary"),
    ],
)
def test_a_model_whose_parts_do_not_fit(change, message):
    with pytest.raises(ModelFileError, match=message):
        replace(MODEL, **change)


@models
@pytest.mark.parametrize("ablate", [(), (2, 7)])
def test_the_forward_pass_in_plain_numpy_is_the_fast_one(model, ablate):
    weights = model.embedding, model.layers, model.decoder_weight, model.decoder_bias
    state = model.context_state(ablate)
    logits, end = forward(model.encode(SENTENCE)[:, None], *weights, state, ablate)
    np.testing.assert_allclose(logits[:, 0], model.logits(SENTENCE, state="context", ablate=ablate), rtol=1e-10)
    after = model.trace(SENTENCE, "context", ablate).state
    for layer in range(2):
        np.testing.assert_allclose(end.C[layer], after.C[layer], rtol=1e-10, atol=1e-12)
    h = worked_out(x_of(model, SENTENCE), model.layers, ablate=ablate).h[-1]
    from_zero, _ = forward(model.encode(SENTENCE)[:, None], *weights, ablate=ablate)
    np.testing.assert_allclose(from_zero, h @ model.decoder_weight.T + model.decoder_bias, rtol=1e-10)


def test_a_model_is_shown_in_one_line():
    assert repr(MODEL) == "LanguageModel(11 words, embedding 3, layers of 4 and 4 units, float64, context of 5 words)"
    assert repr(UNEQUAL) == "LanguageModel(11 words, embedding 3, layers of 5 and 3 units, float64, context of 5 words)"
