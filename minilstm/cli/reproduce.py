"""`minilstm reproduce`: every table and figure of the paper on any model, its claims, and a report."""

import sys
import textwrap
from pathlib import Path

from ..analyses.base import VERDICTS
from ..analyses.experiment import FULL, KIND, LINZEN, QUICK, TEST_SETS, file_path, positive
from ..report.ledger import COLUMNS
from .options import RESULTS, experiment_of, load_model, task_options
from .output import check_folder

WIDTH = 100


def add_options(command):
    """The options of `minilstm reproduce`, beside those of a model."""
    amount = add_experiment_options(command)
    amount.add_argument(
        "--quick", action="store_true", help=f"{QUICK} random sets for each group of units (the default)"
    )
    amount.add_argument("--full", action="store_true", help=f"{FULL:,} of them, as in the paper")
    TEST_SETS.add_to(command)
    command.add_argument(
        "--out",
        type=file_path,
        default=RESULTS,
        metavar="FOLDER",
        help="results go to FOLDER/NAME, such as results/mini: every model has a folder of its own there, called as it "
        "is without .npz, so that none takes another's place; other commands look for cached results in `results` only "
        "(results)",
    )
    command.add_argument("--fresh", "--no-cache", action="store_true", help="take nothing from an earlier run's cache")


def add_experiment_options(command):
    """Add the options of a run of the whole paper; return the group that says how many random sets."""
    task_options(command)
    amount = command.add_mutually_exclusive_group()
    amount.add_argument("--random", dest="n_random", type=positive, metavar="N", help="how many random sets")
    LINZEN.add_to(command)
    KIND.add_to(command)
    return amount


def run(options):
    """Run or resume every analysis, and write the report; 1 if some are unavailable on the model."""
    from ..analyses.tables import render, to_json
    from ..explorer.page import explore
    from ..report.files import for_programs, write
    from ..report.reproduce import EXPLORER, results_of, run

    check_folder(options.out)
    model = load_model(options)
    folder = options.out / Path(options.model).stem
    options.n_random = options.n_random or (FULL if options.full else QUICK)
    experiment = experiment_of(model, options)
    stale = [""]

    def done(run):
        if options.form != "text":
            return
        if run.analysis.name == "agreement" and run.result is not None:
            _print_agreement(options.model, model, run.result)
        if run.stale and run.stale != stale[-1]:  # said once if it is the same for all
            print(f"  recomputed: {run.stale}")
        stale.append(run.stale)
        print(_line(run), flush=True)
        if run.unavailable:
            print(textwrap.fill(run.unavailable, WIDTH, initial_indent="    ", subsequent_indent="    "))

    try:
        runs = run(experiment, folder, fresh=options.fresh, done=done)
    except KeyboardInterrupt:
        print(f"\nWhat is done is cached in {folder}; the same command goes on from there.", file=sys.stderr)
        raise
    explore(model, name=folder.name, results=results_of(runs)).save(folder / EXPLORER)
    parts = write(str(options.model), experiment, runs, folder)
    if options.form == "json":
        print(to_json(for_programs(str(options.model), experiment, runs, *parts)))
    elif options.form == "csv":
        table = results_of(runs)["agreement"].tables()[0]
        print(render(table.columns, table.rows, "csv"))
    else:
        _print_end(experiment, runs, parts)
        of_its_own = "" if options.out == RESULTS else f" (in {options.out} each model has a folder of its own)"
        print(f"\nReport: {folder / 'report.html'}{of_its_own}")
    return int(any(one.unavailable for one in runs))


def _print_agreement(name, model, result):
    from ..report.provenance import shape
    from .output import in_text

    print(f"{name}: {shape(model)}\n")
    for table in result.tables():
        if not table.long:
            print(in_text(table) + "\n")
    found = "; ".join(
        f"{name} {', '.join(map(str, result.numbers[key])) or 'none'}"
        for key, name in (("S", "singular"), ("P", "plural"))
    )
    print(f"Long-range number units (chosen on odd items, confirmed on even ones): {found}.")
    print("\nThe whole paper, analysis by analysis:")


def _line(run):
    """One analysis in a line."""
    time = "cached" if run.cached else "unavailable" if run.unavailable else f"{run.seconds:.1f} s"
    paper = f" ({run.analysis.paper})" if run.analysis.paper else ""
    return f"  {run.analysis.title}{paper}".ljust(70) + time


def _print_end(experiment, runs, parts):
    from ..report.reproduce import left_out

    for heading, rows in zip(("The paper's 40 claims on this model", "Claims of later papers"), parts, strict=True):
        print(f"\n{heading}:")
        for verdict in VERDICTS:
            numbers = [str(row[0]) for row in rows if row[COLUMNS.index("verdict")] == verdict]
            line = f"  {verdict} ({len(numbers)}): {', '.join(numbers) or 'none'}"
            print(textwrap.fill(line, WIDTH, subsequent_indent="    "))
    unavailable = [one.analysis.title for one in runs if one.unavailable]
    if unavailable:
        print("\n" + textwrap.fill(f"Not done, since this model cannot do it: {'; '.join(unavailable)}.", WIDTH))
    if left_out(experiment):
        print(f"\n{textwrap.fill(left_out(experiment), WIDTH)}")
