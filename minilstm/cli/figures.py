"""`minilstm dynamics` and `minilstm efferents`: Figs. 1 and 3, and who says what about a verb, for any model."""

import argparse
import sys
from pathlib import Path

from ..analyses.ablation import ablation_sweep
from ..analyses.dynamics import VARIABLES, against_prediction, dynamics
from ..analyses.efferents import attribution, efferent_table, last_layer, shares_and_effects
from ..analyses.plots import GATES
from ..analyses.tables import render, to_json
from ..errors import MinilstmError
from .analyses import number_units
from .options import unit_numbers


def add_dynamics_options(command):
    """The options of `minilstm dynamics`, beside those of a model and of items."""
    _shared_options(command, "which units (default: the number units named in the model's file)")
    command.add_argument("--pool", action="store_true", help="all numbers together, a panel a task, as in Fig. 3")
    command.add_argument("--variable", choices=VARIABLES, default="C", help="with --pool: what to draw (C)")
    command.add_argument(
        "--number",
        type=_numbers,
        default=(),
        metavar="NUMBERS",
        help="what the units keep, as ablation "
        "found it: S or P for all or, as S,P, for each; for the comparison with Fig. 1c (default: guessed "
        "from the cell)",
    )
    command.add_argument("--which", choices=("all", "correct"), default="all", help="which sentences (all)")


def add_efferents_options(command):
    """The options of `minilstm efferents`, beside those of a model and of items."""
    _shared_options(command, "units of the last layer (default: the number units named in the model's file)")
    command.add_argument(
        "--shares", type=picture_path, metavar="FILE", help="a picture of shares against ablation effects"
    )


def _shared_options(command, units):
    command.add_argument("--units", type=unit_numbers, metavar="UNITS", help=units)
    command.add_argument("--out", type=picture_path, metavar="FILE", help="where the picture goes, .png or .svg")


def _numbers(text):
    """'S,P' -> ('S', 'P')."""
    numbers = tuple(text.split(","))
    if not set(numbers) <= set("SP"):
        raise argparse.ArgumentTypeError(f"expected S or P, or as S,P one for each unit, got {text!r}")
    return numbers


def picture_path(text):
    """A place for a picture."""
    if Path(text).suffix not in (".png", ".svg"):
        raise argparse.ArgumentTypeError(f"expected a name that ends in .png or .svg, got {text}")
    return Path(text)


def show_dynamics(model, items, options, state):
    """Mean and sd of gates and cell at every word, condition by condition; the prediction beside them."""
    from ..analyses.figures_dynamics import plot_dynamics, plot_structures

    units, tasks = number_units(model, options), list(dict.fromkeys(item.task for item in items))
    if len(tasks) > 1 and not options.pool:
        raise MinilstmError("--task: several tasks need --pool, a panel for each")
    if options.pool and options.out and len(units) > 1:
        raise MinilstmError("--out: with --pool the picture shows one unit; give it by --units")
    if len(options.number) not in (0, 1, len(units)):
        raise MinilstmError(
            f"--number: expected one number, or one for each of {len(units)} units, got {len(options.number)}"
        )
    numbers = dict(zip(units, options.number * len(units), strict=False))  # one serves for all
    shared = {"units": units, "which": options.which, "state": state, "unknown": options.unknown}
    found = {}
    for task in tasks:
        here = [item for item in items if item.task == task]
        found[task] = dynamics(model, {task: here} if options.pool else here, **shared)
    if options.form == "text":
        for one in found.values():
            _print_dynamics(one, numbers)
    else:
        columns = ["unit", "variable", "condition", "n", "step", "word", "mean", "sd"]
        print(render(columns, [row for one in found.values() for row in _long(one)], options.form))
    if options.out is not None:
        if options.pool:
            fig = plot_structures(found, units[0], options.variable)
        else:
            one = found[tasks[0]]
            fig = plot_dynamics(one, prediction=one.tells_numbers, number=numbers.get(units[0]))
        write_picture(fig, options.out)


def _print_dynamics(found, numbers):
    n = ", ".join(f"{condition} {count}" for condition, count in zip(found.conditions, found.n, strict=True))
    for k, unit in enumerate(found.units):
        print(f"Unit {unit}: mean (sd) over sentences; how many: {n}")
        rows = [
            [gate, condition, *(f"{m:.2f} ({s:.2f})" for m, s in zip(mean, sd, strict=True))]
            for gate in GATES
            for condition, mean, sd in zip(
                found.conditions, found.mean[gate][:, :, k], found.sd[gate][:, :, k], strict=True
            )
        ]
        print(render(["", "", *found.words], rows), end="\n\n")
    if found.tells_numbers:
        print(
            "Against the prediction (Fig. 1c) for a unit that keeps one number"
            + (":" if numbers else "; which is guessed, without --number: that for which its cell is further from 0.")
        )
        tables = [against_prediction(found, unit, numbers.get(unit)) for unit in found.units]
        print(render(tables[0][0], [row for _, rows in tables for row in rows]))


def _long(found):
    """A row for every number: what a program or a spreadsheet wants."""
    for k, unit in enumerate(found.units):
        for name in VARIABLES:
            for c, condition in enumerate(found.conditions):
                for step, word in enumerate(found.words):
                    numbers = (float(values[name][c, step, k]) for values in (found.mean, found.sd))
                    yield [unit, name, condition, int(found.n[c]), step, word, *numbers]


def show_efferents(model, items, options, state):
    """Weights to the two forms of verbs; shares of units in the choice, beside what ablation does to it."""
    from ..analyses.figures_efferents import plot_efferents, plot_shares

    last = last_layer(model)
    units = tuple(dict.fromkeys([*number_units(model, options), last[0], last[-1]]))  # the last two as controls
    weights = efferent_table(model, units)
    found = attribution(model, items, state, unknown=options.unknown)
    off = ablation_sweep(model, found.items, found.units, state=state, unknown=options.unknown, progress=True)
    both = shares_and_effects(found, off)
    if options.form == "json":
        rows = [
            {"task": task, "condition": condition, "unit": unit, "share": both.share[c, u], "effect": both.effect[c, u]}
            for c, (task, condition) in enumerate(both.conditions)
            for u, unit in enumerate(both.units)
        ]
        efferent = [dict(zip(weights[0], row, strict=True)) for row in weights[1]]
        print(to_json({"efferents": efferent, "shares": rows, "correlation": both.correlation}))
    elif options.form == "csv":
        print(render(*weights, "csv"))
    else:
        print(f"Weights to the forms of verbs (Fig. 1d); {last[0]} and {last[-1]} are controls.")
        print(render(*weights))
        print("\nShare of a unit in the margin, and what the margin loses when it is off (nats); the largest:")
        print(render(*both.table()))
        pairs = zip(both.conditions, both.correlation, strict=True)
        r = ", ".join(f"{task} {condition} {value:.2f}" for (task, condition), value in pairs)
        print(f"\nCorrelation of share and loss over units: {r}.")
    if options.out is not None:
        write_picture(plot_efferents(model, units), options.out)
    if options.shares is not None:
        write_picture(plot_shares(both), options.shares)


def write_picture(fig, path):
    """Write a picture where the caller wants it."""
    from ..analyses.plots import save

    if not path.parent.is_dir():
        raise MinilstmError(f"{path}: there is no folder {path.parent}")
    save(fig, path)
    print(f"\nwritten: {path}", file=sys.stderr)
