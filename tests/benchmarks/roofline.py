"""How close work comes to what the machine can do, and how time grows: python tests/benchmarks/roofline.py

Prints what stands in README.md beside this file (`python tests/readme.py roofline` puts it there) and draws growth.png.

A forward pass has to make its multiply-adds and to read its weights: U of each layer at every word, W once for a batch
of words. It cannot take less than the longer of the two, by peaks that are measured here first: products of square
matrices in NumPy's BLAS, and sums over the rows of arrays that lie in a core's own cache or behind it.
"""

import statistics
import threading
import time
from pathlib import Path

import ablations
import numpy as np
import peers
from run import FORWARD
from threadpoolctl import threadpool_limits

import minilstm
from minilstm.analyses import style as plots
from minilstm.analyses.tables import render
from minilstm.fast import recurrence
from minilstm.fast.sweep import margins
from minilstm.stimuli import na_task

OWN, BEHIND = 2**19, 2**24  # bytes a thread reads to measure a core's own cache, and what lies behind it


def seconds(work, rounds=7, least=0.01):
    """Median time of one call, after one that does not count."""
    work()
    times = []
    for _ in range(rounds):
        start, calls = time.perf_counter(), 0
        while not calls or time.perf_counter() - start < least:
            work()
            calls += 1
        times.append((time.perf_counter() - start) / calls)
    return statistics.median(times)


def peak(threads):
    """Multiply-adds a second of NumPy's BLAS, in float32."""
    a = np.ones((2048, 2048), "f4")
    with threadpool_limits(threads):
        return 2048**3 / seconds(lambda: np.matmul(a, a, out=np.empty_like(a)), 5)


def bandwidth(threads, size):
    """Bytes a second that so many threads read together, each from an array of its own, again and again."""
    arrays = [np.ones((size // 4096, 1024), "f4") for _ in range(threads)]
    again, ones = max(1, 2**30 // size), np.ones(1024, "f4")

    def read(array):
        for _ in range(again):
            array @ ones

    def work():
        others = [threading.Thread(target=read, args=(array,)) for array in arrays[1:]]
        for other in others:
            other.start()
        read(arrays[0])
        for other in others:
            other.join()

    with threadpool_limits(1):
        return threads * again * size / seconds(work, 5)


def forward_work(sizes, batch, steps):
    """Multiply-adds, bytes of U read, bytes of the largest U, and the work itself."""
    rng = np.random.default_rng(0)
    layers = recurrence.prepare(peers.random_layers(rng, sizes, sizes[0]), "f4")
    x = rng.normal(size=(steps, batch, sizes[0])).astype("f4")
    multiply_adds = steps * batch * sum(layer.W.size + layer.U.size for layer in layers)
    read = steps * sum(layer.U.nbytes for layer in layers)
    return multiply_adds, read, max(layer.U.nbytes for layer in layers), lambda: recurrence.read(x, layers)


def sweep_work(sets):
    """The same for all ablations of the paper's network, from a sample of the nodes."""
    items = ablations.all_items()
    model = ablations.network(items, peers.random_layers)
    work, nodes = ablations.ours(model, items, sets, (2,))
    layer, below = model.layers[0], 1 + sum(units[0] <= ablations.UNITS for units in sets)
    multiply_adds = nodes * (2 * below + 1 + len(sets)) * layer.U.size
    return multiply_adds, 3 * nodes * layer.U.nbytes, layer.U.nbytes, work[2]


def table(peaks, own, behind):
    """Markdown of each work's share of what would be possible on two threads."""
    works = {
        f"{len(s)} x {s[0]}, batch {batch}, {steps} steps": forward_work(s, batch, steps) for s, batch, steps in FORWARD
    }
    works["1,300 ablations of 2 x 650, a sample"] = sweep_work([(unit,) for unit in range(1, 2 * ablations.UNITS + 1)])
    rows = []
    for name, (multiply_adds, read, largest, work) in works.items():
        bounds = {
            "multiply-adds": multiply_adds / peaks[1],
            "reading U": read / (own[1] if largest <= 2 * OWN else behind[1]),
        }
        limit = max(bounds, key=bounds.get)
        took = seconds(work)
        rows.append(
            [
                name,
                f"{multiply_adds / 1e6:.0f}",
                f"{read / 1e6:.1f}",
                f"{1e3 * took:.3g}",
                f"{multiply_adds / took / 1e9:.0f}",
                f"{read / took / 1e9:.0f}",
                limit,
                f"{100 * bounds[limit] / took:.0f}",
            ]
        )
    head = ["work", "M multiply-adds", "MB of U", "ms", "G/s", "GB/s", "bound by", "% of bound"]
    return render(head, rows)


def growth():
    """{what grows: (its values, seconds for each)}."""
    mini = minilstm.load("mini")
    items = na_task("nounPPAdv", "SP", 600)
    network, rng = ablations.network(items, peers.random_layers), np.random.default_rng(0)
    two, sets = items[:2], [(int(u),) for u in rng.permutation(1300) + 1]

    def each(values, make):
        return values, [seconds(make(value), 5) for value in values]

    return {
        "units in each of 2 layers\n(batch 1, 50 words)": each(
            (32, 64, 128, 256, 512, 1024), lambda H: forward_work((H, H), 1, 50)[3]
        ),
        "words\n(2 x 256 units, batch 1)": each((10, 30, 100, 300, 1000), lambda n: forward_work((256, 256), 1, n)[3]),
        "sentences at once\n(2 x 256 units, 20 words)": each(
            (1, 4, recurrence.FEW - 1, recurrence.FEW, 16, 64, 256, 1024), lambda n: forward_work((256, 256), n, 20)[3]
        ),
        "sentences in a sweep\n(mini, all 32 units)": each(
            (10, 30, 100, 300, 600), lambda n: lambda: margins(mini, items[:n], [(u,) for u in range(1, 33)])
        ),
        "units in a sweep\n(2 x 650, two sentences)": each(
            (10, 40, 160, 640, 1300), lambda n: lambda: margins(network, two, sets[:n], state=None)
        ),
    }


def draw(grown, path):
    """Time against size, both logarithmic, with the slope over the upper half."""
    fig, axes = plots.figure(1, len(grown), 2.1 * len(grown), 2.3)
    slopes = {}
    for axis, (name, (values, times)) in zip(axes.flat, grown.items(), strict=True):
        half = len(values) // 2
        x, y = np.log(values), np.log(times)
        slope, level = np.polyfit(x[half:], y[half:], 1)
        slopes[name.replace("\n", " ")] = slope
        axis.loglog(values, np.multiply(times, 1e3), "o", color=plots.SINGULAR, markersize=4)
        axis.loglog(values[half:], 1e3 * np.exp(level + slope * x[half:]), color=plots.NEUTRAL, linewidth=1)
        axis.yaxis.set_minor_formatter("")
        axis.set_title(f"slope {slope:.2f}", fontsize=8)
        axis.set_xlabel(name, fontsize=8)
    axes[0, 0].set_ylabel("ms", fontsize=8)
    plots.save(fig, path)
    return slopes


def main():
    """Print the page's block."""
    peaks = [peak(n) for n in (1, 2)]
    behind = [bandwidth(n, BEHIND) for n in (1, 2)]
    own = [n * bandwidth(1, OWN) for n in (1, 2)]  # each core has its own
    measured = [
        ["multiply-adds in BLAS, G/s", *(f"{p / 1e9:.0f}" for p in peaks)],
        ["read from a core's own cache, GB/s", *(f"{p / 1e9:.0f}" for p in own)],
        ["read from behind it, GB/s", *(f"{p / 1e9:.0f}" for p in behind)],
    ]
    print(f"```text\n{render(['measured', '1 thread', '2 threads'], measured)}\n\n{table(peaks, own, behind)}\n")
    slopes = draw(growth(), Path(__file__).parent / "growth.png")
    rows = [[name, f"{slope:.2f}"] for name, slope in slopes.items()]
    print(f"{render(['time grows with', 'to the power of'], rows)}\n```")


if __name__ == "__main__":
    main()
