"""`minilstm import`, `vectors` and `verify`, and what `info` says of a model that may be the paper's."""

import json
import math

import numpy as np
import pytest
from conftest import need
from small_model import small_model

from minilstm import lstm
from minilstm.cli.main import main
from minilstm.io import original
from minilstm.language_model import LanguageModel
from minilstm.models import load
from minilstm.verification.vectors import read_vectors


def run(capsys, *arguments, code=0):
    assert main([str(argument) for argument in arguments]) == code
    return capsys.readouterr()


@pytest.fixture
def torch_file(tmp_path):
    """A state dict in PyTorch's legacy layout and its vocabulary; the words of the paper's context among them."""
    torch = need("torch")
    words = list(dict.fromkeys([*original.CONTEXT, "The", "athlete"]))
    embedding, rnn, decoder = torch.nn.Embedding(len(words), 3), torch.nn.LSTM(3, 4, 2), torch.nn.Linear(4, len(words))
    modules = {"encoder": embedding, "rnn": rnn, "decoder": decoder}
    tensors = {f"{name}.{key}": value for name, module in modules.items() for key, value in module.state_dict().items()}
    torch.save(tensors, tmp_path / "model.pt", _use_new_zipfile_serialization=False)
    (tmp_path / "vocab.txt").write_text("\n".join(words) + "\n")
    return tmp_path, tensors


def test_import_writes_the_same_numbers_and_reports(capsys, torch_file):
    folder, tensors = torch_file
    printed = run(
        capsys, "import", folder / "model.pt", "--vocab", folder / "vocab.txt", "-o", folder / "model.npz"
    ).out
    assert "gate_order: i f g o" in printed and "context: 133 words" in printed
    model = load(folder / "model.npz")
    assert model.context == original.CONTEXT and model.sizes == (4, 4)
    np.testing.assert_array_equal(model.embedding, tensors["encoder.weight"].numpy())
    np.testing.assert_array_equal(model.layers[1].U, tensors["rnn.weight_hh_l1"].numpy())
    np.testing.assert_array_equal(model.layers[0].b, (tensors["rnn.bias_ih_l0"] + tensors["rnn.bias_hh_l0"]).numpy())


def test_import_with_a_context_of_ones_own(capsys, torch_file):
    folder, _ = torch_file
    (folder / "context.txt").write_text("The athlete <eos>\n")
    arguments = ["import", folder / "model.pt", "--vocab", folder / "vocab.txt", "-o", folder / "m.npz", "--context"]
    run(capsys, *arguments, folder / "context.txt")
    assert load(folder / "m.npz").context == ("The", "athlete", "<eos>")
    (folder / "context.txt").write_text("The unicorn\n")
    assert "'unicorn'" in run(capsys, *arguments, folder / "context.txt", code=2).err
    (folder / "vocab.txt").write_text("The\n")
    assert "vocab.txt" in run(capsys, *arguments[:-1], code=2).err


def test_vectors_then_verify(capsys, tmp_path):
    printed = run(capsys, "vectors", tmp_path / "v", "--convention", "keras").out
    assert str(tmp_path / "v" / "vectors.npz") in printed
    v = read_vectors(tmp_path / "v")
    trace = lstm.run(v.x, v.layers, lstm.State(v.h_0, v.C_0))
    np.savez(tmp_path / "right.npz", output=trace.h[-1])
    assert "It follows the equations." in run(capsys, "verify", tmp_path / "v", tmp_path / "right.npz").out
    np.savez(tmp_path / "wrong.npz", output=lstm.run(v.x, v.layers).h[-1])
    verdict = json.loads(run(capsys, "verify", tmp_path / "v", tmp_path / "wrong.npz", "--json", code=1).out)
    assert not verdict["ok"] and any("initial state" in name or "zero state" in name for name in verdict["diagnosis"])
    np.savez(tmp_path / "infinite.npz", output=np.inf * trace.h[-1])
    infinite = json.loads(run(capsys, "verify", tmp_path / "v", tmp_path / "infinite.npz", "--json", code=1).out)
    assert infinite["errors"]["output"]["abs"] is None and infinite["first"]["got"] is None
    assert verdict["first"]["quantity"] == "output" and verdict["errors"]["output"]["precision"] == "float64"
    assert "state handed on between calls" in verdict["unseen"]
    absent = run(capsys, "verify", tmp_path / "v", tmp_path / "nothing.npz", code=2).err
    assert "nothing.npz: cannot be read (no such file or folder)" in absent


def test_precision_has_to_be_said(capsys, tmp_path):
    run(capsys, "vectors", tmp_path / "v")
    v = read_vectors(tmp_path / "v")
    h = lstm.run(v.x, v.layers, lstm.State(v.h_0, v.C_0)).h[-1]
    np.savez(tmp_path / "out.npz", output=np.round(h * 64) / 64)
    arguments = "verify", tmp_path / "v", tmp_path / "out.npz"
    assert "It looks like outputs rounded to multiples of 1/64" in run(capsys, *arguments, code=1).out
    np.savez(tmp_path / "out.npz", output=np.float32(np.float16(h)))
    assert "say so: --precision float16" in run(capsys, *arguments, code=1).out
    assert "float16" in run(capsys, *arguments, "--precision", "float16").out
    told = run(capsys, "verify", "--installed", "--precision", "float16", code=2).err
    assert "--precision says nothing about --installed" in told


def test_what_verify_asks_for(capsys, tmp_path):
    """Vectors without outputs, and models in the place of either."""
    run(capsys, "vectors", tmp_path / "v")
    small_model((4, 4)).save(tmp_path / "ours.npz")
    (tmp_path / "model.pt").write_bytes(b"\x80\x02}q\x00.")
    for arguments, told in (
        (["v"], "minilstm verify {}/v outputs.npz"),
        (["v", "ours.npz"], "ours.npz: this is a model of minilstm, not an LSTM of your own; expected one or more of"),
        (["v", "model.pt"], "To check the LSTMs in it: minilstm verify {}/model.pt"),
        (["v", "v/vectors.npz"], "these are the test vectors; hand in what your LSTM returns for them"),
    ):
        paths = [tmp_path / argument for argument in arguments]
        assert told.format(tmp_path) in run(capsys, "verify", *paths, code=2).err


def original_like(sizes):
    """A random model with the words that the comparison reads, in both casings."""
    words = {word for sentence, right, wrong, *_ in original.PUBLISHED for word in (*sentence.split(), right, wrong)}
    words |= {*original.CONTEXT, *(word.lower() for word in original.CONTEXT)}
    model, words = small_model(sizes, gain=12.0), sorted(words)  # a long memory
    V = len(words)
    return LanguageModel(
        tuple(words), model.embedding[:V], model.layers, model.decoder_weight[:V], model.decoder_bias[:V]
    )


def test_the_published_numbers_are_set_beside_the_models():
    model = original_like((6, 5))
    columns, rows = original.compare(model)
    assert [row[2] for row in rows[:2]] == ["-10.583986", "-11.721338"] and len(rows) == 6
    state = LanguageModel(
        model.vocabulary, model.embedding, model.layers, model.decoder_weight, model.decoder_bias, original.CONTEXT
    ).context_state()
    by_hand = model.log_probability("The athlete behind the bike", "observes", state)
    assert math.isclose(float(rows[0][3]), by_hand, abs_tol=1e-6) and columns[3] == "context as written"
    assert all(row[3] != row[4] for row in rows)  # the casing of the context matters
    assert len(original.CONTEXT) == 133


def test_only_a_model_of_the_papers_shape_may_be_the_papers():
    assert not original.looks_like_paper_model(original_like((6, 5)))
    assert not original.looks_like_paper_model(small_model((650, 650), dtype=np.float32))
