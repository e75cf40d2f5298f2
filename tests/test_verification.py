"""`verify` against programs with every mistake it knows, and none (see wrong_programs.py)."""

from itertools import permutations

import numpy as np
import pytest
from conftest import need
from wrong_programs import PROGRAMS, program

from minilstm import lstm, verify
from minilstm.errors import VectorsError
from minilstm.verification.mistakes import MISTAKES, TRACES, forward
from minilstm.verification.vectors import make_vectors, read_vectors, write_vectors
from minilstm.verification.verify import precision_of

D = make_vectors()
ALL = "output", "h_n", "C_n"


def handed(out, names=ALL):
    return {name: out[name] for name in names}


def test_the_program_the_mistakes_are_made_in_is_right_without_them():
    v = read_vectors(D)
    trace = lstm.run(v.x, v.layers, lstm.State(v.h_0, v.C_0))
    right = forward(v)
    for name in TRACES:
        np.testing.assert_allclose(right[name], getattr(trace, name), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("names", [("output",), ("h_n",), ("C_n",), ALL, ("h", "C")])
def test_a_right_program_passes(names):
    verdict = verify(D, handed(program(D), names))
    assert verdict and verdict.ok and verdict.first is None and verdict.diagnosis == ()
    assert list(verdict.errors) == [name for name in ("C", "h", "output", "C_n", "h_n") if name in names]
    assert all(e.ok and e.precision == "float32" and 0 < e.abs < 1e-6 and e.ulps > 0 for e in verdict.errors.values())
    assert "follows the equations" in str(verdict)


def test_the_list_of_programs_is_complete():
    assert PROGRAMS.keys() == MISTAKES.keys()


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_mistake_is_named(name):
    verdict = verify(D, handed(PROGRAMS[name](D)))
    assert not verdict.ok and not verdict
    assert verdict.diagnosis == (name,)
    assert name in str(verdict)


@pytest.mark.parametrize("order", ["".join(o) for o in permutations("ifgo")])
def test_a_gate_order_is_named(order):
    verdict = verify(D, handed(program(D, order)))
    assert verdict.ok == (order == "ifgo")
    assert verdict.diagnosis == (() if verdict.ok else (f"gate order {' '.join(order)}",))


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_mistake_together_with_a_gate_order_is_named(name, monkeypatch):
    if name != "bias missing":  # all 23 orders take a second
        monkeypatch.setattr("minilstm.verification.mistakes.wrong_orders", lambda v: ["fogi", "iofg", "oifg"])
    verdict = verify(D, handed(PROGRAMS[name](D, "iofg")))
    assert verdict.diagnosis == (f"gate order i o f g and {name}",)


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("precision", ["float16", "bfloat16"])
def test_a_mistake_is_named_in_half_precision(name, precision):
    out = {k: rounded(a, precision) for k, a in handed(PROGRAMS[name](D)).items()}
    assert verify(D, out).diagnosis == (name,)


def rounded(array, precision):
    """As float16, or as float32 that hold bfloat16 numbers."""
    if precision == "float16":
        return array.astype(np.float16)
    bits = array.view(np.uint32)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) & np.uint32(0xFFFF0000)).view(np.float32)


@pytest.mark.parametrize("precision", ["float16", "bfloat16"])
def test_a_right_program_passes_in_half_precision_and_not_as_something_finer(precision):
    out = {k: rounded(a, precision) for k, a in handed(program(D)).items()}
    verdict = verify(D, out)
    assert verdict.ok and {e.precision for e in verdict.errors.values()} == {precision}
    assert all(0.3 < verdict.errors[k].ulps <= 0.51 for k in ("output", "h_n", "C_n"))  # rounding, and nothing else
    assert not verify(D, out, rtol=1e-5, atol=1e-6).ok


def test_precision_is_the_coarsest_that_holds_all_numbers():
    cases = {"bfloat16": 1 + 2.0**-7, "float16": 1 + 2.0**-10, "float32": 1 + 2.0**-23, "float64": 1 + 2.0**-52}
    for precision, number in cases.items():
        assert precision_of(np.array([0.5, np.nan, number])) == precision
    assert precision_of(np.array([70000.0 + 1])) == "float32"  # float16 ends at 65504


def test_what_cannot_be_told_apart_is_all_named():
    out = handed(PROGRAMS["h_n and C_n swapped"](D), ("h_n",))
    both = ("h and C swapped in what is handed back", "h_n and C_n swapped")
    verdict = verify(D, out)
    assert verdict.diagnosis == both
    assert all(f"- {name}" in str(verdict) for name in both)


def test_what_no_known_mistake_explains_is_not_named():
    out = program(D, squash=lambda z: 0.5 + z / 4)
    verdict = verify(D, handed(out))
    assert not verdict.ok and verdict.diagnosis == ()
    assert "None of the known mistakes" in str(verdict)


def test_the_second_bias_cannot_be_missing_where_there_is_one():
    keras = make_vectors("keras")
    assert verify(keras, handed(PROGRAMS["bias missing"](D))).diagnosis == ("bias missing",)  # the same weights
    assert verify(keras, handed(PROGRAMS["first bias only, b_hh missing"](D))).diagnosis == ()


def test_gate_orders_are_named_in_the_order_of_the_convention():
    onnx = make_vectors("onnx")
    # reading ONNX's i o f g as i f g o takes o for f, f for g and g for o: the same as PyTorch's blocks read as i g o f
    verdict = verify(onnx, handed(program(D, "igof")))
    assert verdict.diagnosis == ("gate order i f g o",)


@pytest.mark.parametrize(
    ("quantity", "index", "step", "sequence", "layer", "unit"),
    [
        ("output", (3, 2, 4), 3, 2, 2, 13),
        ("h", (0, 3, 2, 4), 3, 2, 1, 5),
        ("C", (1, 11, 0, 7), 11, 0, 2, 16),
        ("h_n", (1, 3, 0), 4, 3, 2, 9),  # the fourth sequence has five words
    ],
)
def test_the_first_departure_and_the_largest_errors(quantity, index, step, sequence, layer, unit, monkeypatch):
    monkeypatch.setattr("minilstm.verification.mistakes.wrong_orders", lambda v: [])
    out = {quantity: program(D)[quantity].astype(np.float64)}
    exact = out[quantity][index]
    out[quantity][index] = np.float32(exact + 0.25)
    verdict = verify(D, out)
    assert verdict.first[:5] == (quantity, step, sequence, layer, unit)
    assert verdict.first.got == pytest.approx(exact + 0.25) and verdict.first.expected == pytest.approx(exact, abs=1e-6)
    errors = verdict.errors[quantity]
    assert errors.abs == pytest.approx(0.25, abs=1e-6)
    assert errors.ulps == pytest.approx(0.25 / np.spacing(np.float32(abs(exact))), rel=0.6)
    assert f"step {step} (from 0) of sequence {sequence} (from 0), layer {layer}, unit {unit}" in str(verdict)


def test_the_first_departure_is_the_first_in_time(monkeypatch):
    monkeypatch.setattr("minilstm.verification.mistakes.wrong_orders", lambda v: [])
    out = {name: array.copy() for name, array in handed(program(D), ("h", "output")).items()}
    out["h"][0, 3, 0, 0] += 1  # layer 1, step 3
    out["h"][0, 3, 2, 0] += 1
    assert verify(D, out).first[:3] == ("h", 3, 0)
    out["output"][2, 1, 7] += 1  # layer 2, step 2
    assert verify(D, out).first[:3] == ("output", 2, 1)
    out["h"][0, 2, 4, 7] += 1  # what is in padding does not count
    assert verify(D, out).first[:3] == ("output", 2, 1)
    out["h"][0, 2, 3, 7] += 1
    assert verify(D, out).first[:3] == ("h", 2, 3)


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_nan_and_infinity_are_departures(wrong, monkeypatch):
    monkeypatch.setattr("minilstm.verification.mistakes.wrong_orders", lambda v: [])
    out = program(D)
    out["output"][2, 1, 0] = wrong
    verdict = verify(D, handed(out))
    assert not verdict.ok and verdict.first.step == 2 and verdict.diagnosis == ()
    assert not verdict.errors["output"].abs < 1


def test_axes_may_come_in_any_order():
    out = handed(program(D))
    assert verify(D, {"output": out["output"].swapaxes(0, 1), "h_n": out["h_n"][:, None].T, "C_n": out["C_n"]}).ok


def test_tolerances_can_be_given():
    out = handed(program(D))
    assert not verify(D, out, rtol=0, atol=0).ok
    assert verify(D, {k: a + 0.5 for k, a in out.items()}, atol=0.6).ok


@pytest.mark.parametrize(
    ("outputs", "told"),
    [
        ({}, "expected one or more of i, f, o, C_tilde, C, h, output, C_n, h_n, got none"),
        ({"hidden": np.zeros((12, 5, 8))}, "got hidden"),
        ({"output": np.zeros((12, 5, 7))}, r"output: expected shape \(12, 5, 8\).*got \(12, 5, 7\)"),
        ({"h_n": np.zeros((5, 8))}, r"h_n: expected shape \(2, 5, 8\).*got \(5, 8\)"),
        ({"output": np.zeros((12, 5, 8), int)}, "output: expected floating point numbers, got int64"),
        ({"output": np.full((12, 5, 8), None)}, "output: expected floating point numbers, got object"),
        (
            {"output": np.zeros((12, 5, 8)), "c_n": np.zeros((2, 5, 8))},
            "c_n: call it C_n; .*got output, c_n",
        ),
        ({"output": np.zeros((5, 8))}, "the last step alone: .*return_sequences=True"),
        ({"output": np.zeros((40, 8))}, "packed data: .*pad_packed_sequence"),
        ({"output": np.zeros((12, 5, 16))}, "two directions"),
        ({"C": np.zeros((12, 5, 8))}, "one layer alone: stack all 2"),
    ],
)
def test_outputs_of_the_wrong_kind_are_refused(tmp_path, outputs, told):
    with pytest.raises(VectorsError, match=told):
        verify(D, outputs)
    if "None" not in repr(outputs):
        np.savez(tmp_path / "outputs.npz", **outputs)
        with pytest.raises(VectorsError, match=told) as caught:
            verify(D, tmp_path / "outputs.npz")
        assert "not an .npz" not in str(caught.value)  # the file is good


def test_files_and_the_page_beside_them(tmp_path):
    paths = write_vectors(tmp_path / "new", "onnx", seed=3)
    page = paths[0].read_text()
    with np.load(paths[1]) as given:
        assert str(given["format"]) == "minilstm test vectors" and given["version"] == 1
        for key in given:
            assert f"| `{key}` | {given[key].shape} |" in page
    assert "order i o f g" in page and "seed 3" in page
    assert f"minilstm verify {tmp_path / 'new'} outputs.npz" in page
    seed_3 = make_vectors(seed=3)
    out = handed(program(seed_3))
    np.savez_compressed(tmp_path / "fortran.npz", **{k: np.asfortranarray(a) for k, a in out.items()})
    for vectors in (tmp_path / "new", paths[1], make_vectors("onnx", seed=3)):
        assert verify(vectors, tmp_path / "fortran.npz").ok
    assert not verify(D, out).ok  # another seed, other weights


def test_without_safetensors_there_is_one_file_less(tmp_path, monkeypatch):
    monkeypatch.setattr("minilstm.verification.vectors.find_spec", lambda name: None)
    assert [path.name for path in write_vectors(tmp_path)] == ["README.md", "vectors.npz"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["README.md", "vectors.npz"]


def test_safetensors_in_and_out(tmp_path):
    torch, _ = need("torch"), need("safetensors")
    from safetensors.torch import save_file

    write_vectors(tmp_path)
    (tmp_path / "vectors.npz").unlink()
    out = {k: torch.from_numpy(np.nan_to_num(a)) for k, a in handed(program(D)).items()}
    for dtype in (torch.float64, torch.float32, torch.float16, torch.bfloat16):
        save_file({k: a.to(dtype).contiguous() for k, a in out.items()}, tmp_path / "out.safetensors")
        verdict = verify(tmp_path, tmp_path / "out.safetensors")
        assert verdict.ok and verdict.errors["output"].precision == str(dtype).replace("torch.", "").replace("64", "32")


def test_all_numbers_survive_bfloat16_and_none_repeats_a_value_everywhere():
    for name, array in D.items():
        if array.ndim and name != "lengths":
            assert precision_of(array) == "bfloat16", name
    assert all(np.count_nonzero(D[name]) == D[name].size for name in D if name != "x" and D[name].ndim)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"version": np.array(2)}, "version 1 .*got .*'version': '2'"),
        ({"format": np.array("x")}, "expected format 'minilstm test vectors'"),
        ({"x": np.zeros((12, 5, 7))}, "layer 1"),
        ({"x": np.full((12, 5, 8), np.nan)}, "x: expected numbers below"),
        ({"lengths": np.array([13, 1, 1, 1, 1])}, "lengths of 1 to 12"),
        ({"lengths": np.array([1, 1])}, r"lengths: expected shape \(5,\), got \(2,\)"),
        ({"h_0": np.zeros((2, 5, 7))}, r"h_0: expected shape \(2, 5, 8\)"),
        ({"bias_ih_l0": np.zeros(31)}, "bias_ih_l0|biases"),
        ({"weight_hh_l1": np.zeros((24, 8))}, "GRU"),
        ({"extra": np.zeros(3)}, "extra: not a tensor of an LSTM"),
    ],
)
def test_vectors_that_were_tampered_with_are_refused(change, told):
    with pytest.raises(VectorsError, match=told):
        read_vectors(D | change)


def test_missing_vectors_are_refused(tmp_path):
    with pytest.raises(VectorsError, match="vectors.npz"):
        verify(tmp_path, {})
    with pytest.raises(VectorsError, match="no array 'x'"):
        read_vectors({k: a for k, a in D.items() if k != "x"})
    np.savez(tmp_path / "vectors.npz", **{k: a for k, a in D.items() if k != "weight_ih_l0"})
    with pytest.raises(VectorsError, match="no tensor 'weight_ih_l0'"):
        verify(tmp_path, {})
    (tmp_path / "vectors.npz").write_text("{}")
    with pytest.raises(VectorsError, match="not a whole .npz file"):
        verify(tmp_path, {})
