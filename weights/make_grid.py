"""Size, depth and dropout: five seeds of each, and how local the code for number is in each of them.

    python weights/make_grid.py FILE.csv     one to three minutes of one core a network; goes on where it stopped

The text, its length and the rest of the recipe are those of the mini models. `minilstm/analyses/locality.py` says
what the index is, and was written before any of these was trained. The networks are not kept: `minilstm train` makes
each of them again.
"""

import itertools
import sys
import tempfile
from pathlib import Path

from minilstm.analyses.locality import ACROSS_ATTRACTOR, locality
from minilstm.analyses.number_agreement import by_condition, share_right
from minilstm.analyses.table2 import table2
from minilstm.analyses.tables import read_csv, render
from minilstm.cli.main import main as minilstm
from minilstm.io.atomic import write_whole
from minilstm.models import load
from minilstm.stimuli import na_tasks

SEEDS = range(1, 6)
MINI = "32", "0"  # layers, dropout
CELLS = (
    MINI,
    ("16", "0"),
    ("24", "0"),
    ("48", "0"),
    ("64", "0"),
    ("32", "0.2"),
    ("16,16", "0,0"),
    ("32,32", "0,0"),
    ("32,32", "0.2,0.2"),
)
COLUMNS = (
    "layers",
    "dropout",
    "seed",
    "worst condition %",
    "nounPP SP %",
    "nounPP PS %",
    "singular units",
    "plural units",
    "silenced SP",
    "lifetime SP",
    "silenced PS",
    "lifetime PS",
    "locality",
    "locality at mean",
)


def network(layers, dropout, seed):
    """Train one network, but for those that come along."""
    if (layers, dropout) == MINI:
        return load(f"mini-{seed:02d}")
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "grid.npz")
        shape = ["--layers", layers, "--dropout", dropout, "--epochs", "4", "--seed", str(seed)]
        minilstm(["train", path, *shape])
        return load(path)


def row(layers, dropout, seed, items):
    """What is measured of one network."""
    model = network(layers, dropout, seed)
    found, here = table2(model, items), locality(model, items)
    right = {key: 100 * share_right(found.full[where]) for key, where in by_condition(items).items()}
    silenced = [
        cell
        for number in ACROSS_ATTRACTOR
        for cell in (" ".join(map(str, here.units[number])), sum(here.above_chance[number]))
    ]
    named = [" ".join(map(str, found.numbers[number])) for number in ACROSS_ATTRACTOR]
    hard = [right["nounPP", condition] for condition in ACROSS_ATTRACTOR.values()]
    return [
        layers,
        dropout,
        seed,
        min(right.values()),
        *hard,
        *named,
        *silenced,
        here.index,
        locality(model, items, kind="mean").index,
    ]


def main(path):
    """Every network that has no row yet; the whole file is written anew after each."""
    rows = read_csv(path)[1] if path.exists() else []
    items = na_tasks()
    there = {tuple(map(str, line[:3])) for line in rows}
    for seed, (layers, dropout) in itertools.product(SEEDS, CELLS):
        if (layers, dropout, str(seed)) not in there:
            rows.append(row(layers, dropout, seed, items))
            with write_whole(path, "w") as file:
                file.write(render(COLUMNS, rows, "csv") + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
