"""Gradients: the reference against PyTorch and finite differences, and backward passes that are wrong."""

from dataclasses import replace
from itertools import permutations
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import need

from minilstm import verify
from minilstm.verification.comparing import GRADIENTS, TOLERANCES
from minilstm.verification.gradients import gradients, named
from minilstm.verification.program import forward
from minilstm.verification.vectors import make_vectors, read_vectors
from minilstm.verification.wrong_gradients import wrong_gradients

D = make_vectors()
V = read_vectors(D)
WEIGHTS = [f"{kind}_l{k}" for k in (0, 1) for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]


def reference(convention="pytorch"):
    v = read_vectors(make_vectors(convention))
    return named(gradients(v), convention)


def loss(p):
    out = forward(p)
    return sum(np.sum(V.losses[name] * out[name]) for name in V.losses)


@pytest.mark.parametrize("part", ["x", "h_0", "C_0", "W", "U", "b"])
def test_the_reference_against_finite_differences(part):
    rng, p = np.random.default_rng(0), V
    made = gradients(p)[part]
    for _ in range(12):
        if part in "WUb":
            k = rng.integers(2)
            arrays = [a.copy() for a in getattr(p, part)]
            array, gradient = arrays[k], made[k]
        else:
            arrays = array = getattr(p, part).copy()
            gradient = made
        where = tuple(rng.integers(n) for n in array.shape)
        around = []
        for step in (1e-5, -1e-5):
            array[where] += step
            around.append(loss(replace(p, **{part: tuple(arrays) if part in "WUb" else arrays})))
            array[where] -= step
        assert gradient[where] == pytest.approx((around[0] - around[1]) / 2e-5, rel=1e-5, abs=1e-6)


def in_torch(d, dtype, cut=()):
    """What PyTorch's autograd makes of the loss; the state is detached before the steps in `cut`."""
    torch = need("torch")
    given = {k: torch.from_numpy(d[k]).to(dtype).requires_grad_() for k in ("x", "h_0", "C_0", *WEIGHTS)}
    lengths, above, h_n, C_n = d["lengths"], list(given["x"]), [], []
    for k in (0, 1):
        W, U, b, c = (given[name] for name in WEIGHTS[4 * k : 4 * k + 4])
        h, C, hs, Cs = given["h_0"][k], given["C_0"][k], [], []
        for t, x in enumerate(above):
            if t in cut:
                h, C = h.detach(), C.detach()
            h, C = torch.lstm_cell(x, (h, C), W, U, b, c)
            hs.append(h)
            Cs.append(C)
        above = hs
        h_n.append(torch.stack([hs[n - 1][b] for b, n in enumerate(lengths)]))
        C_n.append(torch.stack([Cs[n - 1][b] for b, n in enumerate(lengths)]))
    ends = {"output": torch.stack(above), "h_n": torch.stack(h_n), "C_n": torch.stack(C_n)}
    sum((torch.from_numpy(d[f"loss_{name}"]).to(dtype) * value).sum() for name, value in ends.items()).backward()
    return {f"d_{name}": tensor.grad.numpy() for name, tensor in given.items()}


def test_the_reference_against_pytorch():
    torch = need("torch")
    theirs, ours = in_torch(D, torch.float64), reference()
    assert theirs.keys() == ours.keys()
    for name, array in theirs.items():
        np.testing.assert_allclose(ours[name], array, rtol=1e-10, atol=1e-11, err_msg=name)
    verdict = verify(D, theirs)
    assert verdict.ok and "gradients" not in verdict.unseen


@pytest.mark.parametrize("seed", range(5))
def test_pytorch_in_float32_passes(seed):
    d = make_vectors(seed=seed)
    assert verify(d, in_torch(d, need("torch").float32))


@pytest.mark.parametrize(
    ("cut", "name"), [(range(1, 16), "no gradient through the state"), (range(5, 16, 5), "truncated")]
)
def test_a_state_that_pytorch_detaches(cut, name):
    verdict = verify(D, in_torch(D, need("torch").float64, cut))
    assert not verdict.ok and len(verdict.diagnosis) == 1 and verdict.diagnosis[0].startswith(name)
    assert name != "truncated" or verdict.diagnosis[0].endswith("by 5")


@pytest.mark.parametrize("convention", ["onnx", "keras"])
def test_gradients_by_the_names_of_other_conventions(convention):
    d, theirs = make_vectors(convention), reference()
    ours = reference(convention)
    assert ours.keys() == {
        f"d_{name}" for name in d if name in ("x", "h_0", "C_0") or name[-3:-1] == "_l" and "." not in name
    }
    assert all(ours[name].shape == d[name[2:]].shape for name in ours)
    if convention == "keras":
        np.testing.assert_array_equal(ours["d_kernel_l1"], theirs["d_weight_ih_l1"].T)
        np.testing.assert_array_equal(ours["d_bias_l0"], theirs["d_bias_hh_l0"])
    else:
        np.testing.assert_array_equal(np.split(ours["d_B_l0"][0], 2)[0], np.split(ours["d_B_l0"][0], 2)[1])
    assert verify(d, ours)


# ---- backward passes with mistakes, written apart: one sequence, one layer and one unit's gates at a time


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def backward(d, options):
    """Gradients of one program; `options` says what it gets wrong."""
    o = SimpleNamespace(
        **{"h_back": 1, "C_back": 1, "down": 1, "pre": False, "at": False, "slope": True, "tanh_C": True, "gate": True}
        | {"reads": "ifgo", "writes": "ifgo", "losses": (1, 1, 1), "span": None}
        | options
    )
    w = {k: a.astype(float) for k, a in d.items() if a.dtype.kind == "f"}
    grads = {f"d_{k}": np.zeros(w[k].shape) for k in ("x", "h_0", "C_0", *WEIGHTS)}
    for b, n in enumerate(d["lengths"]):
        inputs, caches = w["x"][:n, b], []
        for k in (0, 1):
            h, C, cache, hs = w["h_0"][k, b], w["C_0"][k, b], [], []
            for x in inputs:
                z = w[f"weight_ih_l{k}"] @ x + w[f"bias_ih_l{k}"] + w[f"weight_hh_l{k}"] @ h + w[f"bias_hh_l{k}"]
                z = dict(zip("ifgo", np.split(z, 4), strict=True))
                a = {g: np.tanh(v) if g == "g" else sigmoid(v) for g, v in z.items()}
                C_new = a["f"] * C + a["i"] * a["g"]
                cache.append((x, h, C, C_new, z, a))
                C, h = C_new, a["o"] * np.tanh(C_new)
                hs.append(h)
            caches.append(cache)
            inputs = hs
        sent = [o.losses[0] * row for row in w["loss_output"][:n, b]]
        for k in (1, 0):
            dh, dC, lower = o.losses[1] * w["loss_h_n"][k, b], o.losses[2] * w["loss_C_n"][k, b], []
            for t in range(n - 1, -1, -1):
                x, h_old, C_old, C, z, a = caches[k][t]
                a = {g: (z if o.pre else a)[other] for g, other in zip("ifgo", o.reads, strict=True)}
                dh = dh + sent[t]
                dC = dC + dh * (a["o"] if o.gate else 1) * ((1 - np.tanh(C) ** 2) if o.tanh_C else 1)
                raw = {"i": dC * a["g"], "f": dC * C_old, "g": dC * a["i"], "o": dh * np.tanh(C)}
                dz = {}
                for g in "ifgo":
                    v = a[g] if not o.at else np.tanh(a[g]) if g == "g" else sigmoid(a[g])
                    dz[g] = raw[g] * (((1 - v**2) if g == "g" else v * (1 - v)) if o.slope else 1)
                column = np.concatenate([dz[g] for g in o.writes])
                grads[f"d_weight_ih_l{k}"] += np.outer(column, x)
                grads[f"d_weight_hh_l{k}"] += np.outer(column, h_old)
                grads[f"d_bias_ih_l{k}"] += column
                grads[f"d_bias_hh_l{k}"] += column
                lower.append(w[f"weight_ih_l{k}"].T @ column)
                dh, dC = w[f"weight_hh_l{k}"].T @ column, dC * a["f"]
                if t:
                    dh, dC = o.h_back * dh, o.C_back * dC
                if t and o.span and t % o.span == 0:
                    dh, dC = 0 * dh, 0 * dC
            grads["d_h_0"][k, b], grads["d_C_0"][k, b] = dh, dC
            sent = [o.down * row for row in lower[::-1]]
        grads["d_x"][:n, b] = lower[::-1]
    return grads


def test_the_backward_pass_written_apart_is_right():
    for name, array in backward(D, {}).items():
        np.testing.assert_allclose(array, reference()[name], rtol=1e-9, atol=1e-10, err_msg=name)


BACKWARD = {
    "no gradient through the state": {"h_back": 0, "C_back": 0},
    "gradient through C only, none through h": {"h_back": 0},
    "gradient through h only, none through C": {"C_back": 0},
    "no gradient from a layer to the layer below": {"down": 0},
    "pre- for post-activations": {"pre": True},
    "derivatives of the activations at the activations": {"at": True},
    "derivatives of the activations left out": {"slope": False},
    "tanh of C not differentiated": {"tanh_C": False},
    "o left out of dC": {"gate": False},
    "the loss of output left out": {"losses": (0, 1, 1)},
    "the loss of h_n left out": {"losses": (1, 0, 1)},
    "the loss of C_n left out": {"losses": (1, 1, 0)},
}
for span in range(2, 16):
    BACKWARD[f"truncated: nothing goes back over every step divisible by {span}"] = {"span": span}
for order in list(map("".join, permutations("ifgo")))[1:]:
    name = f"gate order {' '.join(order)} for i f g o in the backward pass, of the"
    BACKWARD |= {f"{name} gates it reads": {"reads": order}, f"{name} derivatives it writes": {"writes": order}}
AFTERWARDS = {  # by what a gradient is multiplied whose name starts so
    "bias never learned": {"bias": 0},
    "first bias b_ih never learned": {"bias_ih": 0},
    "second bias b_hh never learned": {"bias_hh": 0},
    "recurrent weights never learned": {"weight_hh": 0},
    "input weights never learned": {"weight_ih": 0},
    "all gradients doubled": {"": 2},
    "all gradients with the other sign": {"": -1},
}
for what, n in {"the batch": 5, "the steps": 16, "the words": 45}.items():
    AFTERWARDS[f"weights' gradients averaged over {what}"] = {"weight": 1 / n, "bias": 1 / n}
    AFTERWARDS[f"all gradients averaged over {what}"] = {"": 1 / n}


def scaled(made, factors):
    """Gradients with those multiplied that `factors` names."""
    return {
        key: array * next((f for start, f in factors.items() if key.startswith(f"d_{start}")), 1)
        for key, array in made.items()
    }


SEEDS = [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 10))]


@pytest.mark.parametrize("seed", SEEDS)
def test_every_mistake_is_that_of_a_program_written_apart(seed):
    d = make_vectors(seed=seed)
    v = read_vectors(d)
    known, right = wrong_gradients(v), named(gradients(v), "pytorch")
    assert known.keys() == BACKWARD.keys() | AFTERWARDS.keys()
    for name, run in known.items():
        apart = backward(d, BACKWARD[name]) if name in BACKWARD else scaled(right, AFTERWARDS[name])
        for key, array in named(run(), "pytorch").items():
            np.testing.assert_allclose(array, apart[key], rtol=1e-8, atol=1e-8, err_msg=f"{name}, {key}")


@pytest.mark.parametrize("seed", SEEDS)
def test_every_mistake_is_seen_and_no_two_are_the_same(seed):
    """In float32, under ten seeds, as the page says."""
    v = read_vectors(make_vectors(seed=seed))
    right = named(gradients(v), "pytorch")
    rtol, atol = TOLERANCES["float32"]
    allowed = [GRADIENTS * max(1, np.abs(a).max()) * atol + rtol * np.abs(a).ravel() for a in right.values()]
    rows = {"right": right} | {name: named(run(), "pytorch") for name, run in wrong_gradients(v).items()}
    rows = {name: np.concatenate([a.ravel() for a in made.values()]) for name, made in rows.items()}
    for name, row in rows.items():
        near = [other for other in rows if (np.abs(rows[other] - row) <= np.concatenate(allowed)).all()]
        assert near == [name]


SAMPLE = [name for name in BACKWARD if "gate order" not in name and "divisible" not in name]
SAMPLE += [name for name in BACKWARD if "i o f g for" in name or "by 5" in name]


@pytest.mark.parametrize(
    "name", [n if n in SAMPLE else pytest.param(n, marks=pytest.mark.exhaustive) for n in BACKWARD]
)
def test_a_mistake_in_the_backward_pass_is_named(name):
    verdict = verify(D, backward(D, BACKWARD[name]))
    assert not verdict.ok and verdict.diagnosis == (name,)
    assert "Its gradients depart" in str(verdict) and f"This mistake explains all of it: {name}." in str(verdict)


@pytest.mark.parametrize("name", AFTERWARDS)
def test_a_mistake_in_what_is_done_with_gradients_is_named(name):
    single = {key: np.float32(array) for key, array in scaled(reference(), AFTERWARDS[name]).items()}
    assert verify(D, single).diagnosis == (name,)


@pytest.mark.parametrize("convention", ["onnx", "keras"])
def test_one_of_two_biases_never_learned(convention):
    made = reference(convention)
    if convention == "keras":
        assert "second bias b_hh never learned" not in wrong_gradients(read_vectors(make_vectors("keras")))
    else:
        wrong = made | {key: a * (np.arange(64) < 32) for key, a in made.items() if key.startswith("d_B")}
        assert verify(make_vectors("onnx"), wrong).diagnosis == ("second bias b_hh never learned",)


def test_a_gradient_that_nothing_explains_is_placed():
    wrong = {name: array.copy() for name, array in reference().items()}
    wrong["d_weight_hh_l1"][20, 3] += 1
    verdict = verify(D, wrong)
    assert verdict.first[:2] == ("d_weight_hh_l1", (20, 3)) and verdict.place == "d_weight_hh_l1"
    assert verdict.diagnosis == () and "None of the known mistakes" in str(verdict)


def test_gradients_of_a_wrong_forward_pass_wait_for_it():
    verdict = verify(D, reference() | {"output": 0 * D["loss_output"]})
    assert not verdict.ok and verdict.first.quantity == "output"
