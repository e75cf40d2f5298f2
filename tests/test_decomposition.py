"""Contextual decomposition: two parts are the whole, at every word; its rules, written a second time for one unit."""

import itertools
import json
from dataclasses import replace

import numpy as np
import pytest
from small_model import small_model

from minilstm import agreement, load, lstm
from minilstm.analyses.base import Results
from minilstm.analyses.decomposition import INTERCEPT, START, STATE, Parts, compute, decompose, shapley, split_step
from minilstm.analyses.experiment import Experiment
from minilstm.cli.main import main
from minilstm.errors import StimulusError
from minilstm.lstm import sigmoid
from minilstm.stimuli import LEXICONS, na_tasks

PHRASES = [(START, False), (0, False), (2, False), (4, False), (START, True)]


@pytest.mark.parametrize("F", [sigmoid, np.tanh])
def test_shapley_is_the_mean_over_all_orders(F):
    terms = np.random.default_rng(0).normal(size=(3, 4))
    expected = np.zeros((3, 4))
    for order in itertools.permutations(range(3)):
        for k, term in enumerate(order):
            before = F(sum(terms[list(order[:k])])) if k else 0
            expected[term] += (F(sum(terms[list(order[: k + 1])])) - before) / 6
    np.testing.assert_allclose(shapley(F, *terms), expected, rtol=1e-12)
    np.testing.assert_allclose(sum(shapley(F, *terms)), F(terms.sum(axis=0)), rtol=1e-12)


@pytest.mark.parametrize("state", [None, "context"])
@pytest.mark.parametrize("sizes", [(8, 5), (6,)])
@pytest.mark.parametrize(("phrase", "intercept"), PHRASES)
def test_the_parts_are_the_whole_at_every_word_in_every_layer(sizes, state, phrase, intercept):
    model = small_model(sizes)
    items = na_tasks(n=3, tasks=["nounPP"])
    words = np.array([model.encode(item.prefix) for item in items])
    traces = [model.trace(item.prefix, state) for item in items]
    steps = list(decompose(model, words, phrase, state, intercept))
    assert len(steps) == 5
    for t, states in enumerate(steps):
        for k, (h, C) in enumerate(states):
            for parts, name in ((h, "h"), (C, "C")):
                whole = [getattr(trace, name)[k][t, 0] for trace in traces]
                np.testing.assert_allclose(parts.beta + parts.gamma, whole, rtol=1e-10, atol=1e-14)
            begun = t >= phrase
            assert np.any(h.beta) == begun and np.any(C.beta) == begun  # nothing before the phrase


def test_a_step_follows_the_published_rules():
    """One unit, one input, numbers instead of arrays: rules 3 to 8 of the authors' code."""
    rng = np.random.default_rng(1)
    layer = lstm.Layer(rng.normal(size=(4, 1)), rng.normal(size=(4, 1)), rng.normal(size=4))
    x, h, C = (Parts(*rng.normal(size=(2, 1, 1))) for _ in range(3))

    def three(F, a, g, b):
        return (2 * (F(a + g + b) - F(g + b)) + (F(a + g) - F(g)) + (F(a + b) - F(b)) + 2 * F(a)) / 6

    for within in (False, True):
        new_h, new_C = split_step(x, h, C, layer, within)
        (w_i, w_f, w_g, w_o), (u_i, u_f, u_g, u_o), (b_i, b_f, b_g, b_o) = (part.ravel() for part in layer)
        (xb, xg), (hb, hg), (cb, cg) = (tuple(float(part[0, 0]) for part in parts) for parts in (x, h, C))
        i, f, o = (
            sigmoid(w * (xb + xg) + u * (hb + hg) + b)
            for w, u, b in ((w_i, u_i, b_i), (w_f, u_f, b_f), (w_o, u_o, b_o))
        )
        a_i, g_i, a_g, g_g = w_i * xb + u_i * hb, w_i * xg + u_i * hg, w_g * xb + u_g * hb, w_g * xg + u_g * hg
        i_beta, i_gamma, i_b = (
            three(sigmoid, a_i, g_i, b_i),
            three(sigmoid, g_i, a_i, b_i),
            three(sigmoid, b_i, g_i, a_i),
        )
        t_beta, t_gamma, t_b = (
            three(np.tanh, a_g, g_g, b_g),
            three(np.tanh, g_g, a_g, b_g),
            three(np.tanh, b_g, g_g, a_g),
        )
        C_beta = f * cb + i * t_beta + i_beta * t_b + within * i_b * t_b
        C_gamma = f * cg + i * t_gamma + i_gamma * t_b + (not within) * i_b * t_b
        whole = np.tanh(C_beta + C_gamma)
        beta = (np.tanh(C_beta) + whole - np.tanh(C_gamma)) / 2
        gamma = (np.tanh(C_gamma) + whole - np.tanh(C_beta)) / 2
        found = [float(part[0, 0]) for part in (*new_h, *new_C)]
        np.testing.assert_allclose(found, [o * beta, o * gamma, C_beta, C_gamma], rtol=1e-12)


@pytest.fixture(scope="module")
def planted():
    return compute(Experiment(load("planted"), n=12), Results())


def test_the_parts_of_the_margin_add_up(planted):
    margins = agreement(load("planted"), planted.items).margins
    for beta, gamma in zip(planted.beta, planted.gamma, strict=True):
        np.testing.assert_allclose(beta + gamma + planted.bias, margins, rtol=1e-4, atol=1e-4)
    assert planted.words == (STATE, "The", "N1", *planted.words[3:6], INTERCEPT)


def test_in_the_planted_circuit_the_subject_decides_and_the_attractor_is_against_it(planted):
    rows = {(row[1], row[3]): row for row in planted.tables()[0].rows}
    for condition, other in (("SS", 100), ("SP", 0), ("PS", 0), ("PP", 100)):
        assert rows[condition, "N1"][-1] == 100 and rows[condition, "N2"][-1] == other
        assert rows[condition, "N1"][4] > 2 * abs(rows[condition, "N2"][4])
        assert rows[condition, "The"][4] == pytest.approx(0, abs=0.01)
    assert abs(planted.default()) < 0.1 and "(the intercept)" in planted.summary()


def test_the_default_is_told_by_the_intercept_alone(planted):
    singular = np.array([item.condition[0] == "S" for item in planted.items])
    beta = planted.beta.copy()
    beta[-1] = np.where(singular, -1.5, 1.5)
    assert replace(planted, beta=beta).summary().endswith("favours the plural, by 1.50 nats.")
    beta[-1] = np.where(singular, 0.5, 0.5)
    beta[-1, singular] = 2.5
    assert replace(planted, beta=beta).summary().endswith("favours the singular, by 1.00 nats.")


def test_the_command_prints_draws_and_refuses(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    arguments = ["decomposition", "--model", "planted", "--n", "6"]
    assert main([*arguments, "--out", "a.png"]) == 0 and (tmp_path / "a.png").read_bytes()[:4] == b"\x89PNG"
    capsys.readouterr()
    assert main([*arguments, "--task", "ShortNestedInner", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["decomposition"]) == 4 * 7
    assert main([*arguments, "--task", "Simple,Adv"]) == 2
    assert "expected the verb at one place in all sentences, got 2, 3" in capsys.readouterr().err
    lexicon = replace(LEXICONS["paper"], name="mine", verbs=(("frobs", "frob"), ("quuxes", "quux")))
    with pytest.raises(StimulusError, match="no sentences"):
        compute(Experiment(load("planted"), n=4, lexicon=lexicon), Results())
