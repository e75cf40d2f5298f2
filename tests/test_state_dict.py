"""Language models whose parts are called and wrapped as people do it: the same model, or a sentence on what is odd."""

import numpy as np
import pytest

from minilstm.errors import ModelFileError
from minilstm.io.conventions import layers_from
from minilstm.io.parts import find_parts
from minilstm.io.state_dict import renormalised, take_over
from minilstm.language_model import LanguageModel

V, E, H, G = 7, 3, 4, 5
WORDS = [f"w{k}" for k in range(V)]


def plain(sizes=(H, G), width=E, words=V, seed=0):
    """A state dict of the usual names; layers of different sizes, so that nothing fits by accident."""
    rng = np.random.default_rng(seed)
    tensors, D = {"encoder.weight": rng.normal(size=(words, width))}, width
    for k, units in enumerate(sizes):
        shapes = {
            "weight_ih": (4 * units, D),
            "weight_hh": (4 * units, units),
            "bias_ih": 4 * units,
            "bias_hh": 4 * units,
        }
        tensors |= {f"rnn.{kind}_l{k}": rng.normal(size=shape) for kind, shape in shapes.items()}
        D = units
    return tensors | {"decoder.weight": rng.normal(size=(words, D)), "decoder.bias": rng.normal(size=words)}


def renamed(tensors, *pairs):
    """The tensors with parts of their names replaced."""
    for old, new in pairs:
        tensors = {name.replace(old, new): tensor for name, tensor in tensors.items()}
    return tensors


def wrapped(tensors, prefix):
    return {prefix + name: tensor for name, tensor in tensors.items()}


def assert_is_plain(arrays, tensors):
    np.testing.assert_array_equal(arrays["embedding"], tensors["encoder.weight"])
    np.testing.assert_array_equal(arrays["decoder_weight"], tensors["decoder.weight"])
    np.testing.assert_array_equal(arrays["decoder_bias"], tensors["decoder.bias"])
    layers = layers_from(tensors, prefix="rnn.")
    for k, layer in enumerate(layers):
        for part, array in zip("WUb", layer, strict=True):
            np.testing.assert_array_equal(arrays[f"{part}{k}"], array, err_msg=f"{part}{k}")
    assert len(arrays) == 3 + 3 * len(layers)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda t: wrapped(t, "module."),
        lambda t: wrapped(t, "_orig_mod."),
        lambda t: wrapped(t, "_orig_mod.module."),
        lambda t: wrapped(t, "module._orig_mod."),
        lambda t: renamed(t, ("rnn.", "_orig_mod.rnn._orig_mod."), ("decoder.", "decoder._orig_mod.")),
        lambda t: wrapped(t, "model."),
        lambda t: wrapped(t, "lm.module.model."),
        lambda t: wrapped(t, "_fsdp_wrapped_module."),
        lambda t: renamed(t, ("rnn.", "_fsdp_wrapped_module.rnn._fsdp_wrapped_module.")),
        lambda t: renamed(t, ("rnn.", "rnn.module.")),
        lambda t: {"n_averaged": np.array(3), **wrapped(t, "module.")},
        lambda t: wrapped({"n_averaged": np.array(3), **wrapped(t, "module.")}, "ema."),
    ],
)
def test_wrappers(wrap):
    tensors = plain()
    parts = find_parts(wrap(tensors))
    assert_is_plain(take_over(wrap(tensors), parts), tensors)
    assert parts.remarks == ()
    assert set(parts.names) <= set(wrap(tensors))  # the file's own names
    model = LanguageModel.from_state_dict(wrap(tensors), WORDS, dtype="float64")
    assert_is_plain({name: a for name, a in model.arrays().items() if name != "word_counts"}, tensors)


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (("embedding", "lstm", "fc"), "embedding, lstm, fc"),
        (("transformer.wte", "core.rnn", "lm_head"), "transformer.wte, core.rnn, lm_head"),
        (("decoder2", "encoder2", "x"), "decoder2, encoder2, x"),  # names do not decide, shapes do
    ],
)
def test_names_that_shapes_decide(names, found):
    tensors = plain()
    other = renamed(tensors, ("encoder.", "E."), ("rnn.", "R."), ("decoder.", "D."))
    other = renamed(other, ("E.", f"{names[0]}."), ("R.", f"{names[1]}."), ("D.", f"{names[2]}."))
    parts = find_parts(wrapped(other, "module."))
    assert_is_plain(take_over(wrapped(other, "module."), parts), tensors)
    assert parts.remarks[0].startswith(f"names: {found} are embedding")


@pytest.mark.parametrize("names", [("a", "b", "c"), ("x.a", "x.b", "x.c"), ("module.x.a", "x.module.b", "c")])
def test_names_that_the_caller_gives(names):
    """Where embedding and decoder are of one shape, and neither name nor bias tells them apart."""
    tensors = plain((4,), 4)
    del tensors["decoder.bias"]
    odd = wrapped(renamed(tensors, ("encoder", "a"), ("rnn", "b"), ("decoder", "c")), "x.")
    with pytest.raises(ModelFileError, match=r"several embeddings and decoders .*x.a.weight \(7, 4\).*--names"):
        find_parts(odd)
    parts = find_parts(odd, names)
    assert (parts.embedding, parts.decoder, parts.bias) == ("x.a.weight", "x.c.weight", None)
    assert find_parts(odd, names[::-1]).decoder == "x.a.weight"
    assert_is_plain(take_over(odd, parts), tensors | {"decoder.bias": np.zeros(V)})
    assert any("x.c.weight: a decoder without bias" in remark for remark in parts.remarks)


def test_embedding_and_decoder_of_one_shape():
    """A bias or "emb" in a name tells them apart; equal numbers need not be told apart."""
    tensors = renamed(plain((4,), 4), ("encoder", "a"), ("decoder", "c"))
    assert find_parts(tensors).embedding == "a.weight"
    assert find_parts(tensors | {"a.weight": tensors["c.weight"]}).embedding == "a.weight"
    del tensors["c.bias"]
    assert find_parts(renamed(tensors, ("c.", "embed."))).embedding == "embed.weight"
    tied = tensors | {"a.weight": tensors["c.weight"]}
    np.testing.assert_array_equal(tied[find_parts(tied).embedding], tensors["c.weight"])


def test_a_file_that_holds_tied_weights_once():
    """The embedding is the decoder too where a bias says that there is one, or where it is named twice."""
    rng = np.random.default_rng(0)
    shapes = {"weight_ih_l0": (12, 3), "weight_hh_l0": (12, 3), "bias_ih_l0": (12,), "bias_hh_l0": (12,)}
    tensors = {f"rnn.{name}": rng.normal(size=shape) for name, shape in shapes.items()}
    tensors |= {"encoder.weight": rng.normal(size=(4, 3)), "decoder.bias": rng.normal(size=4)}
    words = "the boy greets <eos>".split()
    model = LanguageModel.from_state_dict(tensors, words, dtype=np.float64)
    for tied in (model.embedding, model.decoder_weight):
        np.testing.assert_array_equal(tied, tensors["encoder.weight"])
    np.testing.assert_array_equal(model.decoder_bias, tensors["decoder.bias"])
    assert any("tied weights" in note for note in model.provenance["notes"])
    del tensors["decoder.bias"]
    with pytest.raises(ModelFileError, match="one name twice where embedding and decoder are tied"):
        LanguageModel.from_state_dict(tensors, words)
    named = LanguageModel.from_state_dict(tensors, words, modules=("encoder", "rnn", "encoder"))
    assert not named.decoder_bias.any() and (named.decoder_weight == named.embedding).all()


@pytest.mark.parametrize(
    "names", [("lstm1", "lstm2", "lstm10"), ("rnns.0", "rnns.1", "rnns.2"), ("lower", "a_middle", "upper")]
)
def test_layers_that_are_modules_of_their_own(names):
    tensors = plain((H, G, 6))
    separate = tensors
    for k in (0, 1, 2):
        ours = tuple(f"rnn.{kind}_l{k}" for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
        separate = renamed(separate, *((name, name.replace("rnn", names[k]).replace(f"_l{k}", "_l0")) for name in ours))
    separate = dict(sorted(separate.items(), reverse=True))  # lstm2 before lstm10 before lstm1
    parts = find_parts(separate)
    assert_is_plain(take_over(separate, parts), tensors)
    assert "+".join(names) in parts.remarks[0]
    assert find_parts(separate, ("encoder", "+".join(names), "decoder")).layers == parts.layers
    cells = {name.removesuffix("_l0"): tensor for name, tensor in separate.items()}  # nn.LSTMCell
    assert_is_plain(take_over(cells, find_parts(cells)), tensors)


@pytest.mark.parametrize("upper", ["rnn2", "rnn.1"])
def test_layers_that_do_not_read_the_one_below(upper):
    """Two networks beside one another, and a layer of a stack that was cut."""
    tensors = plain((6, 6), 5)
    beside = tensors | {name.replace("rnn.", f"{upper}."): t for name, t in tensors.items() if name.startswith("rnn")}
    words = rf"{upper}.weight_ih_l0 reads 5 numbers, but the layer below, of rnn.weight_hh_l1, puts out 6"
    if upper == "rnn2":
        with pytest.raises(ModelFileError, match=f"{words}; .*--names"):
            find_parts(beside)
    with pytest.raises(ModelFileError, match=f"{words}; expected layers that each read the one below$"):
        find_parts(beside, ("encoder", f"rnn+{upper}", "decoder"))
    assert_is_plain(take_over(beside, find_parts(beside, ("encoder", "rnn", "decoder"))), tensors)
    tensors["rnn.weight_ih_l1"] = np.ones((24, 5))
    with pytest.raises(ModelFileError, match="rnn.weight_ih_l1 reads 5 numbers, .* rnn.weight_hh_l0, puts out 6"):
        find_parts(tensors)


@pytest.mark.parametrize(
    ("beside", "said"),
    [
        ({"loss.weight": (V, G)}, "loss"),
        ({"tgt.weight": (V, E), "scale": (1,)}, "tgt, scale"),
        ({"lstm2.weight_ih_l0": (4 * G, G), "lstm2.weight_hh_l0": (4 * G, G)}, "lstm2 (an LSTM; rnn+lstm2 would"),
        ({"gru.weight_ih_l0": (3 * G, G), "gru.weight_ih_l0_reverse": (3 * G, G)}, "gru"),  # and it is cut
        ({f"ema.{name}": np.shape(t) for name, t in plain().items()}, "ema.encoder, ema.rnn (an LSTM; rnn+ema.rnn"),
    ],
)
def test_what_the_caller_does_not_name_is_left_out_and_said(beside, said):
    tensors = plain()
    more = wrapped(tensors | {name: np.ones(shape) for name, shape in beside.items()}, "model.")
    parts = find_parts(more, ("encoder", "rnn", "decoder"))
    assert_is_plain(take_over(more, parts), tensors)
    assert len(parts.remarks) == 1 and f"left out, since none of the names given stands for it: {said}" in str(parts)


def test_what_lies_in_a_part_that_is_named_is_not_left_out():
    for name in ("rnn.norm.weight", "decoder.scale", "encoder.projection.weight"):
        with pytest.raises(ModelFileError, match=f"'{name}' has no place"):
            find_parts(plain() | {name: np.ones(3)}, ("encoder", "rnn", "decoder"))


@pytest.mark.parametrize(
    ("tensors", "words"),
    [
        (None, "expected a state dict or a PyTorch module, got None"),
        ("model.pt", "got 'model.pt'; minilstm.load reads files"),
        ({"state_dict": plain(), "epoch": 3}, "'state_dict' is a mapping; expected tensors"),
        ({0: np.ones(3)}, "expected names of tensors, got 0"),
    ],
)
def test_what_is_no_state_dict(tensors, words):
    with pytest.raises(ModelFileError, match=words):
        LanguageModel.from_state_dict(tensors, WORDS)


def test_arguments_of_the_wrong_kind():
    assert LanguageModel.from_state_dict(plain(), WORDS, context="w1 w0").context == ("w1", "w0")
    assert LanguageModel.from_state_dict(plain(), WORDS, word_counts=[3] * V).word_counts.sum() == 3 * V
    with pytest.raises(ModelFileError, match="word_counts: expected shape"):
        LanguageModel.from_state_dict(plain(), WORDS, word_counts={"w0": 3})
    with pytest.raises(ModelFileError, match="context: a set"):
        LanguageModel.from_state_dict(plain(), WORDS, context={"w0", "w1"})
    for modules in ("encoder,rnn,decoder", ("encoder", "rnn")):
        with pytest.raises(ModelFileError, match="modules: expected three names"):
            LanguageModel.from_state_dict(plain(), WORDS, modules=modules)


def test_layers_whose_order_is_not_clear():
    tensors = plain((4, 4))
    for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
        tensors = renamed(tensors, (f"rnn.{kind}_l0", f"up.{kind}_l0"), (f"rnn.{kind}_l1", f"down.{kind}_l0"))
    tensors["up.weight_ih_l0"] = np.zeros((16, 4))
    tensors["encoder.weight"] = np.zeros((V, 4))
    with pytest.raises(ModelFileError, match="several LSTMs, 'down', 'up', in an order that is not clear; .*--names"):
        find_parts(tensors)
    assert find_parts(tensors, ("encoder", "up+down", "decoder")).layers[0]["weight_hh"] == "up.weight_hh_l0"


@pytest.mark.parametrize("stale", [True, False])
def test_weight_drop(stale):
    """The raw weight is the network's; what stands under the usual name has dropout in it."""
    tensors = plain()
    dropped = renamed(tensors, ("weight_hh_l0", "weight_hh_l0_raw"))
    dropped = renamed(dropped, ("rnn.", "rnn.module."), ("rnn.module.weight_hh_l0_raw", "rnn.weight_hh_l0_raw"))
    if stale:
        dropped["rnn.module.weight_hh_l0"] = np.where(np.arange(H) == 1, 0, 2 * tensors["rnn.weight_hh_l0"])
    parts = find_parts(dropped)
    assert_is_plain(take_over(dropped, parts), tensors)
    assert parts.remarks[0].startswith("rnn.weight_hh_l0_raw: weight drop; the raw weight is taken")
    assert ("rnn.module.weight_hh_l0 is a copy of it with dropout" in parts.remarks[0]) == stale


def test_copies_are_named_and_left_out():
    tensors = plain()
    copied = tensors | {"encoder_dp.emb.weight": tensors["encoder.weight"]}
    parts = find_parts(copied)
    assert parts.remarks == ("encoder_dp.emb.weight: a copy of encoder.weight",)
    copied["encoder_dp.emb.weight"] = tensors["encoder.weight"] + 1e-9
    with pytest.raises(ModelFileError, match="'encoder_dp.emb.weight' has no place"):
        find_parts(copied)


def test_biases_may_be_missing():
    tensors = {name: tensor for name, tensor in plain().items() if "bias" not in name}
    arrays = take_over(tensors, find_parts(tensors))
    assert not arrays["b0"].any() and not arrays["b1"].any() and not arrays["decoder_bias"].any()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rnn.weight_hh_l0": None, "rnn.weight_hh_l1": None}, "no tensor rnn.weight_hh_l0; there are"),
        ({name: None for name in plain() if name.startswith("rnn.")}, "no LSTM: no tensor is called weight_hh_l0"),
        ({"rnn.bias_hh_l1": None}, "no tensor rnn.bias_hh_l1"),
        ({"rnn.weight_ih_l0_reverse": (16, 3)}, "rnn.weight_ih_l0_reverse: a bidirectional LSTM"),
        ({"rnn.weight_hr_l0": (2, 4)}, "rnn.weight_hr_l0: an LSTM with a projection"),
        ({"rnn.weight_hh_l0": (12, 4)}, "rnn.weight_hh_l0: .*a GRU has 3"),
        ({"rnn.weight_ih_l0": ()}, "rnn.weight_ih_l0: expected 16 by inputs"),
        ({"attention.weight": (4, 4)}, "'attention.weight' has no place"),
        ({"attention.weight": (V, E), "a.weight": (V, E)}, "'a.weight' has no place"),
        ({"encoder.weight": (V, 2)}, r"encoder.weight has shape \(7, 2\); expected \(7, 3\)"),
        ({"decoder.weight": (V, 4)}, r"decoder.weight has shape \(7, 4\); expected \(7, 5\)"),
        ({"decoder.bias": (6,)}, r"decoder.bias has shape \(6,\); expected \(7,\)"),
        (
            {"decoder.weight": None},
            r"no embedding and decoder fit the LSTM; expected words x 3 and words x 5 .*--names",
        ),
        ({"module.rnn.weight_hh_l0": (16, 4)}, "have one name, rnn.weight_hh_l0"),
    ],
)
def test_what_does_not_fit(change, words):
    tensors = plain()
    for name, shape in change.items():
        if shape is None:
            del tensors[name]
        else:
            tensors[name] = np.ones(shape)
    with pytest.raises(ModelFileError, match=words):
        find_parts(tensors)


def test_names_that_are_not_there():
    with pytest.raises(ModelFileError, match="no part is called 'lstm'; there are 'rnn'"):
        find_parts(plain(), ("encoder", "lstm", "decoder"))
    with pytest.raises(ModelFileError, match="no part is called 'head'; there are 'encoder', 'decoder'"):
        find_parts(plain(), ("encoder", "rnn", "head"))


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e300])
def test_numbers_that_are_not_finite_are_named_as_the_file_names_them(bad):
    tensors = wrapped(plain(), "model.")
    tensors["model.rnn.weight_hh_l1"][3, 2] = bad
    with pytest.raises(ModelFileError, match="model.rnn.weight_hh_l1: expected numbers that are finite in float32"):
        take_over(tensors, find_parts(tensors), "float32")


@pytest.mark.parametrize("kind", [1.0, 2.0, np.inf])
def test_max_norm_is_pytorchs(kind):
    from conftest import need

    torch = need("torch")
    module = torch.nn.Embedding(V, E, max_norm=0.9, norm_type=kind, dtype=torch.float64)
    before = module.weight.detach().numpy().copy()
    expected = module(torch.arange(V)).detach().numpy()
    assert not np.array_equal(before, expected)
    np.testing.assert_allclose(renormalised(before, 0.9, kind), expected, rtol=1e-12)
    np.testing.assert_allclose(renormalised(renormalised(before, 0.9, kind), 0.9, kind), expected, rtol=1e-12)


def test_max_norm_of_a_module_and_by_option():
    from conftest import need

    torch = need("torch")

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = torch.nn.Embedding(V, E, max_norm=0.5)
            self.rnn = torch.nn.LSTM(E, H)
            self.decoder = torch.nn.Linear(H, V)

        def forward(self, ids):
            return self.decoder(self.rnn(self.encoder(ids)[:, None])[0])[:, 0]

    module = Model()
    raw = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    ours = LanguageModel.from_state_dict(module, WORDS)
    by_option = LanguageModel.from_state_dict(raw, WORDS, max_norm=0.5)
    without = LanguageModel.from_state_dict(raw, WORDS)
    with torch.no_grad():
        theirs = module(torch.arange(V)).numpy()  # renormalises its own weight on the way
    np.testing.assert_allclose(ours.logits(WORDS), theirs, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(by_option.embedding, ours.embedding)
    assert abs(without.logits(WORDS) - theirs).max() > 1e-3
    assert "norm of 0.5" in " ".join(ours.provenance["notes"])
    wrapped = LanguageModel.from_state_dict(torch.nn.DataParallel(module), WORDS)
    np.testing.assert_allclose(wrapped.embedding, ours.embedding, rtol=1e-6)
    plain = torch.nn.Module()
    plain.encoder, plain.rnn, plain.decoder = torch.nn.Embedding(V, E), module.rnn, module.decoder
    plain.other = torch.nn.Embedding(V, E, max_norm=0.1)  # the same weight, read in another way elsewhere
    plain.other.weight = plain.encoder.weight
    named = LanguageModel.from_state_dict(plain, WORDS, modules=("encoder", "rnn", "decoder"))
    np.testing.assert_array_equal(named.embedding, plain.encoder.weight.detach().numpy())
