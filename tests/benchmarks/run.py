"""Ratios of speed, measured side by side in one run: python tests/benchmarks/run.py [ROW ...]

Each row does the same work in two ways, turn and turn about, and prints the median of theirs / ours (above 1: we are
faster) with the middle half of the rounds. 'Better' means that each side ran with one thread and with two, and its
better time counts. Nothing else should run meanwhile; the load at the start is printed.
"""

import os
import platform
import statistics
import sys
import time

import numpy as np
import peers
from threadpoolctl import threadpool_info, threadpool_limits

from minilstm.training import Recipe, initial_parameters

ROUNDS, SECONDS = 9, 0.15  # rounds a row; each way's share of a round


def seconds(work):
    """Seconds for one call, from as many calls as fill its share of a round."""
    start, calls = time.perf_counter(), 0
    while time.perf_counter() - start < SECONDS:
        work()
        calls += 1
    return (time.perf_counter() - start) / calls


def with_threads(n, work):
    """Time `work` with n BLAS and torch threads."""
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(n)
    with threadpool_limits(n):
        return seconds(work)


def compare(name, ours, theirs):
    """`ours` and `theirs`: {threads: work}. Prints one row."""
    for side in (ours, theirs):
        for work in side.values():
            work()  # warm up: compilation, caches, allocation
    ratios, best = [], []
    for _ in range(ROUNDS):
        mine = min(with_threads(n, work) for n, work in ours.items())
        other = min(with_threads(n, work) for n, work in theirs.items())
        ratios.append(other / mine)
        best.append((mine, other))
    low, middle, high = statistics.quantiles(ratios, n=4)
    mine, other = (statistics.median(pair[k] for pair in best) for k in (0, 1))
    print(f"{name:<52} {1e3 * mine:10.3f} {1e3 * other:10.3f} {middle:8.2f}   {low:.2f} - {high:.2f}", flush=True)


def forward(sizes, batch, steps, peer):
    """One row of the forward pass against one peer."""
    rng = np.random.default_rng(0)
    layers = peers.random_layers(rng, sizes, sizes[0])
    x = rng.normal(size=(steps, batch, sizes[0])).astype("f4")
    mine = peers.ours_forward(layers, x)
    if peer == "ONNX Runtime":
        theirs = {n: peers.onnx_forward(layers, x, n) for n in (1, 2)}
    else:
        theirs = dict.fromkeys((1, 2), {"PyTorch": peers.torch_forward, "plain NumPy": peers.numpy_forward}[peer](layers, x))
    shape = " x ".join(map(str, (len(sizes), sizes[0])))
    compare(f"forward {shape}, batch {batch}, {steps} steps / {peer}", dict.fromkeys((1, 2), mine), theirs)


def row_forward():
    """The forward pass at the sizes of the paper's model, the English model and the mini models."""
    for sizes, batch, steps in (
        ((650, 650), 1, 100), ((256, 256), 1, 100), ((650, 650), 64, 20), ((650, 650), 600, 20),
        ((32, 32), 1, 100), ((32, 32), 64, 20),
    ):  # fmt: skip
        for peer in ("PyTorch", "ONNX Runtime", "plain NumPy"):
            forward(sizes, batch, steps, peer)


def row_training():
    """One update of a 2 x 32 network: 128 streams, 35 words."""
    parameters = initial_parameters(Recipe(), 300)
    words = np.random.default_rng(0).integers(0, 300, (36, 128))
    mine, theirs = (make(dict(parameters), words) for make in (peers.our_training_step, peers.torch_training_step))
    compare("training step 2 x 32, 128 x 35 words / PyTorch", dict.fromkeys((1, 2), mine), dict.fromkeys((1, 2), theirs))


ROWS = {"forward": row_forward, "training": row_training}


def main(names):
    """Print the machine, then the rows that are asked for."""
    import torch

    processor = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if "model name" in line), platform.machine())
    kernels = {info["architecture"] for info in threadpool_info() if "architecture" in info}
    print(f"{processor}, {os.cpu_count()} cores; NumPy {np.__version__}, BLAS kernel {', '.join(sorted(kernels))}; ", end="")
    print(f"PyTorch {torch.__version__}; load {os.getloadavg()[0]:.1f}")
    print(f"{'work / peer':<52} {'ours ms':>10} {'theirs ms':>10} {'ratio':>8}   middle half")
    for name in names or ROWS:
        ROWS[name]()


if __name__ == "__main__":
    main(sys.argv[1:])
