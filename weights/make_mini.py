"""The mini models: train twenty, say what each shows, ship the first ten.

    python weights/make_mini.py train FOLDER     about 40 seconds of one core each; goes on where it stopped
    python weights/make_mini.py ship FOLDER      measures all of them; writes mini-NN.npz, mini.txt, mini.md here

Nothing is chosen by hand: mini-NN is seed NN, and `mini` is the first of the ten that passes the rule below.
"""

import re
import sys
from pathlib import Path

import numpy as np

from minilstm.analyses.number_agreement import by_condition, share_right
from minilstm.analyses.table2 import table2
from minilstm.analyses.tables import render
from minilstm.cli.main import main as minilstm
from minilstm.models import load
from minilstm.stimuli import na_tasks

SEEDS, SHIPPED = range(1, 21), 10
OPTIONS = "--layers 32 --embedding 32 --epochs 4".split()
HERE = Path(__file__).parent


def passes(worst, numbers, last_layer):
    """The rule for the default: it does the tasks, with one unit a number, in the last layer, as the paper found."""
    one_each = all(len(numbers[number]) == 1 for number in "SP")
    return worst >= 0.95 and one_each and all(unit >= last_layer for units in numbers.values() for unit in units)


def train(folder):
    """Each seed that is not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed in SEEDS:
        path = folder / f"mini-{seed:02d}.npz"
        if not path.exists():
            minilstm(["train", str(path), *OPTIONS, "--seed", str(seed)])


def ship(folder):
    """Measure every model, copy the first ten, and write down what was measured."""
    items, rows, default = na_tasks(), [], None
    for seed in SEEDS:
        name = f"mini-{seed:02d}"
        model = load(folder / f"{name}.npz")
        found = table2(model, items)
        held_out = np.flatnonzero(found.held_out)
        worst = [
            min(share_right(found.full[kept][where]) for where in by_condition([items[k] for k in kept]).values())
            for kept in (np.arange(len(items)), held_out)
        ]
        good = passes(min(worst), found.numbers, last_layer=1 + sum(model.sizes[:-1]))
        units = [", ".join(map(str, found.numbers[number])) or None for number in "SP"]
        strong = len(found.units_above_threshold()[1])
        rows.append([name, *(100 * w for w in worst), *units, strong, "yes" if good else "no"])
        if seed <= SHIPPED:
            default = default or (name if good else None)
            model.provenance["number_units"] = [*found.numbers["S"], *found.numbers["P"]]
            model.save(HERE / f"{name}.npz")
    columns = ["model", "worst condition %", "held out %", "singular units", "plural units", "strong units", "rule"]
    both = sum(bool(row[3] and row[4]) for row in rows)
    text = f"{render(columns, rows)}\n\nunits for both numbers: {both} of {len(rows)} seeds; `mini` is {default}"
    print(text)
    (HERE / "mini.txt").write_text(f"{default}\n")
    card = (HERE / "mini.md").read_text()
    block = f"<!-- measured -->\n```text\n{text}\n```\n<!-- end -->"
    (HERE / "mini.md").write_text(re.sub("<!-- measured -->.*<!-- end -->", lambda _: block, card, flags=re.DOTALL))


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in ("train", "ship"):
        sys.exit(__doc__)
    {"train": train, "ship": ship}[sys.argv[1]](Path(sys.argv[2]))
