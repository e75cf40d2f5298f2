"""`minilstm agreement` and `minilstm ablate`: the plain question, and what units have to do with it."""

from dataclasses import dataclass
from pathlib import Path

from ..analyses.base import Result, Table
from ..analyses.experiment import KIND, LINZEN, unit_numbers
from ..analyses.tables import render
from ..stimuli import NA_TASKS
from .analysis import run as run_analysis
from .options import NOT_DRAWN, NOT_PREDICTIONS, RESULTS, UNITS, experiment_of, load_model, refuse
from .output import check_out, out_option, print_results, write_out


def add_options(command):
    """The options of `minilstm agreement`."""
    command.add_argument(
        "--off", type=unit_numbers, default=(), metavar="UNITS", help=f"ablate these, such as 3,17 ({UNITS})"
    )
    KIND.add_to(command)
    LINZEN.add_to(command)
    out_option(command)


def run(options):
    """Print accuracy and mean margin, condition by condition."""
    from ..analyses.number_agreement import agreement

    check_out(options.out)
    _refuse_unread(options)
    model = load_model(options)
    searched = options.linzen and not options.off  # the units
    experiment = experiment_of(model, options, half=options.half or ("even" if searched else "all"))
    if options.linzen and not experiment.usable_linzen:
        return 1  # why is said
    if searched:
        return _linzen(options, experiment)
    items = experiment.usable_linzen if options.linzen else _sentences(experiment)
    unknown = "<unk>" if options.linzen else options.unknown
    found = agreement(model, items, experiment.state, options.off, options.kind, unknown)
    rows = [[r.task, r.condition, r.n, 100 * r.accuracy, r.margin, r.skipped] for r in found.table()]
    _show("agreement", ["task", "condition", "n", "accuracy %", "margin", "skipped"], rows, options)
    if options.form == "text":
        print(f"\nall: {100 * found.accuracy:.1f} %")


def _refuse_unread(options):
    """Raise MinilstmError for an option that has no effect beside the others."""
    drawn = {"lexicon": "--lexicon", "seed": "--seed"}
    if options.linzen:
        refuse(options, "give either that or --linzen", stimuli="--stimuli", tasks="--task")
    if options.linzen and options.off:
        whole = "--linzen reads the whole set; with --stimuli in its place there is a choice of its sentences"
        refuse(options, whole, n="--n", half="--half", **drawn)
    if options.stimuli:
        refuse(options, NOT_DRAWN, **drawn)
    if not options.off and not options.linzen:
        refuse(options, "says how --off ablates; no units are given there", kind="--kind")


def _linzen(options, experiment):
    """The Linzen set, intact and without the number units, which are searched."""
    from ..analyses import linzen
    from .analysis import compute

    results = compute(experiment, [linzen.ANALYSIS], {}, RESULTS / Path(options.model).stem)
    print_results([results["linzen"]], options.form)
    write_out([results["linzen"]], options.out)


@dataclass(frozen=True, eq=False)
class _OneTable(Result):
    table: Table

    def tables(self):
        return [self.table]


def _show(name, columns, rows, options):
    """Print a table, and write it where --out says."""
    print(render(columns, rows, options.form))
    write_out([_OneTable(Table(name, "", columns, rows))], options.out)


def _sentences(experiment):
    """The sentences asked for; raises NothingScoredError where the model knows the verb forms of none.

    What becomes `<unk>` in them is said already, see `experiment_of`.
    """
    from ..stimuli import fit_to_vocabulary

    items = experiment.sentences(*NA_TASKS)
    fit_to_vocabulary(items, experiment.model.vocabulary, experiment.unknown)
    return items


def run_ablate(options, variants):
    """Table 2; with units, what each of them costs; with --group, units ablated together beside random sets."""
    units = options.named_units
    if options.group or units in (None, "search"):
        options.named_units = units or "search"
        return run_analysis(options, variants)
    return _each(options, units)


def _each(options, units):
    """The accuracy without each of some units."""
    from ..analyses.ablation import unit_drops

    check_out(options.out)
    whole = "goes with --group; here every unit is ablated alone"
    refuse(options, whole, n_random="--random", _random="--random", linzen="--linzen", named_short="--short")
    refuse(options, NOT_PREDICTIONS, lowercase_context="--lower")
    if options.stimuli:
        refuse(options, NOT_DRAWN, lexicon="--lexicon", seed="--seed")
    model = load_model(options)
    experiment = experiment_of(model, options, half=options.half or "all")
    found = unit_drops(model, _sentences(experiment), units, options.kind, progress=True, **experiment.reading)
    columns = ["unit", *(f"{task} {condition}" for task, condition in found.full)]
    rows = [["full", *(100 * accuracy for accuracy in found.full.values())]]
    rows += [[str(unit), *(100 * a[k] for a in found.accuracy.values())] for k, unit in enumerate(units)]
    _show("without_units", columns, rows, options)
