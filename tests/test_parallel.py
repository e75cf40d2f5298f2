"""Many workers give what one gives: threads, processes of this machine, and those of a cluster."""

import io
import os
import pickle
import sys

import joblib
import numpy as np
import pytest
from conftest import need
from small_model import small_model
from threadpoolctl import threadpool_info, threadpool_limits

from minilstm.analyses.ablation import ablation_sweep, group_ablation
from minilstm.errors import MinilstmError
from minilstm.fast import parallel, sweep
from minilstm.stimuli import CONDITIONS, na_task

SIZES = 40, 35
TOLERANCE = {"rtol": 1e-10, "atol": 1e-12}


@pytest.fixture(scope="module")
def model():
    return small_model(SIZES)


@pytest.fixture(scope="module")
def items():
    return [item for condition in CONDITIONS["nounPPAdv"] for item in na_task("nounPPAdv", condition, 5)]


@pytest.fixture
def pieces(monkeypatch):
    """How many pieces each sweep was cut into; fewer sets than usual are enough for one."""
    counts, run_pieces = [], sweep.run_pieces

    def counted(function, pieces, n_jobs):
        counts.append(len(pieces))
        return run_pieces(function, pieces, n_jobs)

    monkeypatch.setattr(sweep, "run_pieces", counted)
    monkeypatch.setattr(sweep, "FEWEST", 4)
    return counts


@pytest.mark.parametrize("n", [1, 2, 7, 30, 100])
def test_stretches_of_about_the_same_cost(n):
    costs = np.random.default_rng(n).uniform(1, 5, 30)
    stretches = parallel.cut(costs, n)
    assert np.concatenate(stretches).tolist() == list(range(30))
    assert len(stretches) <= n and all(len(stretch) for stretch in stretches)
    assert max(costs[stretch].sum() for stretch in stretches) <= costs.sum() / n + 5
    assert [stretch.tolist() for stretch in parallel.cut([], n)] == [[]]


def test_sets_of_a_lower_layer_cost_more(model):
    sets = [(41,), (), (1,), (75, 2)]
    order, costs = sweep._order(sets, model)
    first, second = model.layers
    both = first.U.size + second.W.size + second.U.size
    assert order.tolist() == [2, 3, 0, 1] and costs.tolist() == [both, both, second.U.size, 1]


@pytest.mark.parametrize("kind", sweep.KINDS)
def test_threads_give_what_one_worker_gives(model, items, kind, pieces):
    units = np.random.default_rng(0).permutation(sum(SIZES)) + 1
    alone = ablation_sweep(model, items, units, kind)
    together = ablation_sweep(model, items, units, kind, n_jobs=3)
    assert pieces == [1, 6]
    np.testing.assert_allclose(together, alone, **TOLERANCE)
    np.testing.assert_allclose(alone, ablation_sweep(model, items, kind=kind, n_jobs=1)[units - 1], **TOLERANCE)
    pieces.pop()
    with joblib.parallel_config(n_jobs=2):
        np.testing.assert_allclose(ablation_sweep(model, items, units, kind), alone, **TOLERANCE)
    assert pieces == [1, 6, 4]


def compare_with_one_worker(model, items, pieces):
    """In a `parallel_config` context: a sweep and a group against the same by one worker."""
    alone = ablation_sweep(model, items, kind="mean", n_jobs=1)
    group = group_ablation(model, items, (3, 50), n_random=40, n_jobs=1)
    assert set(pieces) == {1}
    np.testing.assert_allclose(ablation_sweep(model, items, kind="mean"), alone, **TOLERANCE)
    together = group_ablation(model, items, (3, 50), n_random=40)
    assert min(pieces[-2:]) > 2
    for name in ("intact", "accuracy", "p", "power"):
        assert getattr(together, name) == getattr(group, name)
    np.testing.assert_array_equal(together.random, group.random)


def process(_):
    """Which process this is, and how many threads each BLAS in it may use."""
    np.ones((2, 2)) @ np.ones((2, 2))
    return os.getpid(), [info["num_threads"] for info in threadpool_info() if info["user_api"] == "blas"]


def test_processes_give_what_one_worker_gives(model, items, pieces):
    with joblib.parallel_config(backend="loky", n_jobs=2, inner_max_num_threads=2):
        compare_with_one_worker(model, items, pieces)
        for pid, threads in parallel.run_pieces(process, [(k,) for k in range(4)]):
            assert pid != os.getpid() and set(threads) == {1}


def test_a_cluster_gives_what_one_worker_gives(model, items, pieces):
    distributed = need("distributed")
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster),
        joblib.parallel_config(backend="dask"),
    ):
        compare_with_one_worker(model, items, pieces)
        for pid, threads in parallel.run_pieces(process, [(k,) for k in range(4)]):
            assert pid != os.getpid() and set(threads) == {1}


def test_a_worker_has_one_thread_of_blas():
    """And those who come after have as many as before."""
    with threadpool_limits(2):
        before = process(0)
        for pid, threads in parallel.run_pieces(process, [(k,) for k in range(4)], n_jobs=2):
            assert pid == os.getpid() and set(threads) == {1}
        assert process(0) == before == parallel.run_pieces(process, [(0,)])[0]


def test_an_error_of_a_worker_is_raised(model, items):
    for n_jobs in (1, 2):
        with pytest.raises(MinilstmError, match="state: expected None, 'context' or a State, got 'running'"):
            ablation_sweep(model, items, state="running", n_jobs=n_jobs)


def test_a_large_vocabulary_is_not_sent(model, items, monkeypatch):
    """Only the words that are read, and neither weights of the decoder for others nor word counts."""
    sent = []
    monkeypatch.setattr(
        sweep, "run_pieces", lambda function, pieces, n_jobs: sent.extend(pieces) or [np.empty((0, 20))]
    )
    sweep.margins(model, items, [])
    (piece,) = sent
    read = {word for item in items for word in item.prefix} | set(model.context)
    assert set(piece[1].vocabulary) == read and len(read) < len(model.vocabulary)
    assert len(pickle.dumps(piece)) < 8 * len(pickle.dumps(model.layers))


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_is_shown_here_only(monkeypatch):
    here, elsewhere = Terminal(), Terminal()
    monkeypatch.setattr(sys, "stderr", here)
    with parallel.Progress(3, "sentence", True) as bar:
        bar.update(2)
        sent = pickle.dumps(bar)
        monkeypatch.setattr(sys, "stderr", elsewhere)
        with pickle.loads(sent) as other:
            other.update(2)
    assert "/3" in here.getvalue() and elsewhere.getvalue() == ""
