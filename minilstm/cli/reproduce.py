"""`minilstm reproduce`: every table and figure of the paper on any model, its claims, and a report."""

import sys
import textwrap
from pathlib import Path

from ..analyses.study import FULL, QUICK
from ..report.claims import LEDGER, VERDICTS
from .options import kind_option, linzen_of, load_model, state_of, study_options

RESULTS = Path("results")
WIDTH = 100


def add_options(command):
    """The options of `minilstm reproduce`, beside those of a model."""
    amount = command.add_mutually_exclusive_group()
    amount.add_argument(
        "--quick", action="store_true", help=f"{QUICK} random sets for each group of units (the default)"
    )
    amount.add_argument("--full", action="store_true", help=f"{FULL:,} of them, as in the paper")
    study_options(command)
    kind_option(command)
    command.add_argument(
        "--out", type=Path, default=RESULTS, metavar="FOLDER", help="results go to FOLDER/MODEL (results)"
    )
    command.add_argument("--fresh", action="store_true", help="begin anew: take nothing that an earlier run left there")


def run(options):
    """Run or take up every stage, and write the report; 1 if the model cannot do some of them."""
    from ..analyses.study import Study
    from ..analyses.tables import render
    from ..report.pipeline import run
    from ..report.report import write
    from ..report.stages import STAGES

    model = load_model(options)
    name = Path(options.model).stem
    folder = options.out / name
    n_random = options.random or (FULL if options.full else QUICK)
    study = Study(
        model,
        options.n,
        n_random,
        options.seed,
        state_of(options),
        tuple(linzen_of(options)),
        options.lexicon,
        options.unknown,
        options.kind,
        progress=True,
    )
    reasons = [""]

    def done(result):
        if options.form != "text":
            return
        if result.stage is STAGES[0]:
            _print_agreement(options.model, study, result.found.table)
        if result.why and result.why != reasons[-1]:  # said once if it is the same for all
            print(f"  measured anew: {result.why}")
        reasons.append(result.why)
        print(_line(result), flush=True)
        if result.undone:
            print(textwrap.fill(result.undone, WIDTH, initial_indent="    ", subsequent_indent="    "))

    try:
        results = run(study, folder, fresh=options.fresh, done=done)
    except KeyboardInterrupt:
        print(f"\nWhat is done is kept in {folder}; the same command goes on from there.", file=sys.stderr)
        raise
    rows = write(str(options.model), study, results, folder)
    if options.form == "json":
        print((folder / "results.json").read_text(encoding="utf-8"), end="")
    elif options.form == "csv":
        print(render(*results[0].found.table.rows(), "csv"))
    else:
        _print_end(study, results, rows, folder)
    return int(any(one.undone for one in results))


def _print_agreement(name, study, table):
    from ..analyses.tables import render
    from ..report.report import shape

    print(f"{name}: {shape(study.model)}\n")
    print("Table 2: percent correct. 'off': with that unit ablated, where that is below 0.9 x full.")
    print(render(*table.rows()))
    print("\nUnits that cost more than 10 points somewhere when ablated:")
    print(render(*table.strong_units()) if table.strong_units()[1] else "none")
    found = "; ".join(
        f"{name} {', '.join(map(str, table.numbers[key])) or 'none'}"
        for key, name in (("S", "singular"), ("P", "plural"))
    )
    print(f"\nLong-range number units (chosen on odd items, confirmed on even ones): {found}.")
    skipped = int((table.full != table.full).sum())
    if skipped:
        print(f"{skipped} of {len(table.items)} sentences not scored: the model lacks one of their verb forms.")
    print("\nThe whole paper, stage by stage:")


def _line(result):
    """One stage in a line."""
    time = "kept from an earlier run" if result.again else "not done" if result.undone else f"{result.seconds:.1f} s"
    return f"  {result.stage.title} ({result.stage.where})".ljust(62) + time


def _print_end(study, results, rows, folder):
    from ..report.report import left_out

    print("\nThe paper's 40 claims on this model:")
    for verdict in VERDICTS:
        numbers = [str(row[0]) for row in rows if row[LEDGER.index("verdict")] == verdict]
        line = f"  {verdict} ({len(numbers)}): {', '.join(numbers) or 'none'}"
        print(textwrap.fill(line, WIDTH, subsequent_indent="    "))
    undone = [one.stage.title for one in results if one.undone]
    if undone:
        print("\n" + textwrap.fill(f"Not done, since this model cannot do it: {'; '.join(undone)}.", WIDTH))
    if left_out(study):
        print(f"\n{textwrap.fill(left_out(study), WIDTH)}")
    print(f"\nReport: {folder / 'report.html'}")
