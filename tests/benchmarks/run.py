"""Ratios of speed, measured side by side in one run: python tests/benchmarks/run.py [--small] [--kernel K] [ROW ...]

Each row does the same work in two ways, turn and turn about, and prints the median of theirs / ours (above 1: we are
faster) with the middle half of the rounds. Each side runs with one thread and with two, and its better time counts.
Nothing else should run meanwhile: a round in which other processes took more than a twentieth of a core is repeated.
`jobs` times the sweep alone with one worker, two, and as many as there are cores; `whole` times whole commands, each in
a process of its own. With `--small` the networks are small, to see in a minute whether everything works. `--kernel
SkylakeX` tells OpenBLAS which of its kernels to take, instead of the one that it finds for the processor.
"""

import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import ablations
import costs
import numpy as np
import peers
from machine import machine
from threadpoolctl import threadpool_info, threadpool_limits

from minilstm.analyses.ablation import random_sets
from minilstm.training.trainer import TrainingConfig, initial_parameters

ROUNDS, SECONDS = 7, 0.1  # rounds a row; each way's share of a round
OTHERS, AGAIN = 0.05, 4  # share of a core that other processes may take; times ROUNDS that are tried at most


def seconds(work):
    """Seconds for one call, from as many calls as fill its share of a round."""
    start, calls = time.perf_counter(), 0
    while not calls or time.perf_counter() - start < SECONDS:
        work()
        calls += 1
    return (time.perf_counter() - start) / calls


def with_threads(n, work):
    """Time `work` with n threads of torch and of BLAS, unless `work` says how many of BLAS."""
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(n)
    with threadpool_limits(getattr(work, "blas", n)):
        return seconds(work)


def busy_elsewhere():
    """Seconds of processor time that all other processes have used so far (Linux; 0 elsewhere)."""
    with contextlib.suppress(OSError), open("/proc/stat") as stat:
        user, nice, system, _, _, *interrupts = map(int, stat.readline().split()[1:8])
        return (user + nice + system + sum(interrupts)) / os.sysconf("SC_CLK_TCK") - sum(os.times()[:4])
    return 0


def compare(name, ours, theirs, scale=(1, 1)):
    """Print one row. `ours` and `theirs`: {threads: work}; `scale`: what to multiply the seconds of each with."""
    for side in (ours, theirs):
        for n, work in side.items():
            with_threads(n, work)  # warm up: compilation, caches, allocation
    ratios, best, disturbed = [], [], 0
    while len(ratios) < ROUNDS:
        start, busy = time.perf_counter(), busy_elsewhere()
        pair = [k * min(with_threads(n, work) for n, work in side.items()) for k, side in zip(scale, (ours, theirs))]
        share = (busy_elsewhere() - busy) / (time.perf_counter() - start)
        if share > OTHERS and disturbed < (AGAIN - 1) * ROUNDS:
            disturbed += 1
            continue
        ratios.append(pair[1] / pair[0])
        best.append(pair)
    low, middle, high = statistics.quantiles(ratios, n=4)
    mine, other = map(statistics.median, zip(*best))
    note = f"   repeated: {disturbed}" if disturbed else ""
    note += " and still disturbed" if disturbed == (AGAIN - 1) * ROUNDS else ""
    print(f"{name:<52} {mine:10.4g} {other:10.4g} {middle:8.2f}   {low:.2f} - {high:.2f}{note}", flush=True)


def forward(sizes, batch, steps, peer, keep=False):
    """One row of the forward pass against one peer; `keep`: ours keeps every gate and cell, which no peer does."""
    rng = np.random.default_rng(0)
    layers = peers.random_layers(rng, sizes, sizes[0])
    x = rng.normal(size=(steps, batch, sizes[0])).astype("f4")
    mine = peers.ours_forward(layers, x, keep)
    if peer == "ONNX Runtime":
        theirs = {n: peers.onnx_forward(layers, x, n) for n in (1, 2)}
    else:
        theirs = dict.fromkeys(
            (1, 2), {"PyTorch": peers.torch_forward, "plain NumPy": peers.numpy_forward}[peer](layers, x)
        )
    shape = " x ".join(map(str, (len(sizes), sizes[0])))
    what = "all gates kept" if keep else f"{steps} steps"
    compare(f"forward {shape}, batch {batch}, {what} / {peer}", dict.fromkeys((1, 2), mine), theirs)


SMALL = "--small" in sys.argv
FORWARD = (
    ((650, 650), 1, 100),
    ((256, 256), 1, 100),
    ((32, 32), 1, 100),
    ((32, 32), 64, 20),
    ((650, 650), 64, 20),
    ((650, 650), 600, 20),
)


def row_forward():
    """The last layer's h at every step, at the sizes of the paper's model, the English model and the mini models."""
    for sizes, batch, steps in FORWARD:
        for peer in ("PyTorch", "ONNX Runtime"):
            forward(sizes, batch, steps, peer)


def row_trace():
    """The same with every gate and cell kept, beside a PyTorch that keeps none; and beside the equations in NumPy."""
    for sizes, batch, steps in FORWARD[:5]:
        forward(sizes, batch, steps, "PyTorch", keep=True)
    for sizes, batch, steps in FORWARD[:3]:
        forward(sizes, batch, steps, "plain NumPy")


def row_training():
    """One update of a 2 x 32 network: 128 streams, 35 words."""
    parameters = initial_parameters(TrainingConfig(), 300)
    words = np.random.default_rng(0).integers(0, 300, (36, 128))
    mine, theirs = (make(dict(parameters), words) for make in (peers.our_training_step, peers.torch_training_step))
    compare(
        "training step 2 x 32, 128 x 35 words / PyTorch", dict.fromkeys((1, 2), mine), dict.fromkeys((1, 2), theirs)
    )


def network():
    """The sentences of all seven tasks and a network of the paper's size, or a small one."""
    items = ablations.all_items()
    return ablations.network(items, peers.random_layers, *(ablations.SMALL if SMALL else ())), items


def singles(model):
    """Every unit alone."""
    return [(unit,) for unit in range(1, sum(model.sizes) + 1)]


def ablate(what, model, items, sets, peers_used):
    """Rows of all `sets` over all seven tasks, each side scaled from a sample by what it reads."""
    mine, read = ablations.ours(model, items, sets, (1, 2))
    scale = ablations.nodes(model, items) / read
    for peer, make in peers_used.items():
        theirs, theirs_read = make(model, items)
        theirs_scale = len(sets) * ablations.words(model, items) / theirs_read
        name = f"{len(sets):,} {what}, 7 tasks / {peer}"
        compare(name, mine, dict.fromkeys((1, 2), theirs), (scale, theirs_scale))


def row_sweep():
    """All single units over all seven tasks."""
    model, items = network()
    ablate("units", model, items, singles(model), {"released way": ablations.released, "PyTorch": ablations.batched})


def row_groups():
    """1,000 random groups of 12 units over all seven tasks."""
    model, items = network()
    ablate("groups", model, items, random_sets(sum(model.sizes), 12, 1000, 0), {"PyTorch": ablations.batched})


def row_jobs():
    """The sweep with more and more jobs, no peer; and the share of it that more jobs do not make faster (Amdahl)."""
    model, items = network()
    cores = os.cpu_count()
    jobs = sorted({1, 2, *(2**k for k in range(2, cores.bit_length()) if 2**k <= cores), cores})
    work, _ = ablations.ours(model, items, singles(model), jobs)
    for n in jobs:
        with_threads(1, work[n])  # warm up
    rounds = [{n: with_threads(1, work[n]) for n in jobs} for _ in range(3 if SMALL else ROUNDS)]
    alone = statistics.median(times[1] for times in rounds)
    for n in jobs:
        took = statistics.median(times[n] for times in rounds)
        note = ""
        if 1 < n <= cores:
            serial = statistics.median((n * times[n] / times[1] - 1) / (n - 1) for times in rounds)
            serial = min(1, max(0, serial))
            on_8 = 1 / (serial + (1 - serial) / 8)
            note = f"   serial share {serial:.2f}, so about {on_8:.1f} on 8 cores (estimated)"
        name = f"sweep, a sample, {n} job{'s' * (n > 1)}"
        print(f"{name:<52} {took:10.4g} {'':10} {alone / took:8.2f}{note}", flush=True)


def row_whole():
    """Whole commands, each in a process of its own; no peer."""
    print(costs.table(), flush=True)


def row_import():
    """A checkpoint of the paper's size in PyTorch's old format, from the file to an .npz."""
    with tempfile.TemporaryDirectory() as folder:
        mine, theirs = peers.imports(Path(folder))
        compare(
            "legacy checkpoint of 287 MB to .npz / PyTorch", dict.fromkeys((1, 2), mine), dict.fromkeys((1, 2), theirs)
        )


def row_start():
    """How long a new process takes to import the package, and to read for the first time; no peer."""
    first = "import numpy; from minilstm import lstm; from minilstm.fast import recurrence; "
    first += "x = numpy.zeros((3, 1, 32), 'f4'); "
    first += "recurrence.run(x, [lstm.Layer(*map(numpy.zeros, ((128, 32), (128, 32), 128)))])"
    for name, code in (
        ("import minilstm", "import minilstm"),
        ("import and first forward pass, compiled before", first),
    ):
        work = [sys.executable, "-c", code]
        times = [seconds(lambda: subprocess.run(work, check=True)) for _ in range(5)]
        print(f"{name:<52} {statistics.median(times):10.4g}", flush=True)


ROWS = {
    "forward": row_forward,
    "trace": row_trace,
    "training": row_training,
    "sweep": row_sweep,
    "groups": row_groups,
    "jobs": row_jobs,
    "whole": row_whole,
    "import": row_import,
    "start": row_start,
}


def main(names):
    """Print the machine, then the rows that are asked for."""
    import torch

    blas = ", ".join(sorted({info["architecture"] for info in threadpool_info() if "architecture" in info}))
    print(
        f"```text\n{machine()}; NumPy {np.__version__}, ",
        end="",
    )
    print(f"BLAS kernel {blas}; PyTorch {torch.__version__}; load {os.getloadavg()[0]:.1f}")
    print(f"{'work / peer':<52} {'ours s':>10} {'theirs s':>10} {'ratio':>8}   middle half")
    for name in names or ROWS:
        ROWS[name]()
    print("```")


if __name__ == "__main__":
    if "--kernel" in sys.argv:  # OpenBLAS reads this when it is loaded: in a process of its own
        at = sys.argv.index("--kernel")
        environment = os.environ | {"OPENBLAS_CORETYPE": sys.argv[at + 1]}
        os.execve(sys.executable, [sys.executable, *sys.argv[:at], *sys.argv[at + 2 :]], environment)
    main([name for name in sys.argv[1:] if name != "--small"])
