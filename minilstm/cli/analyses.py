"""`minilstm decode`, `minilstm depth` and `minilstm connect`: sections 4.2 to 4.4 for any model."""

import sys
from pathlib import Path

import numpy as np

from ..activity import lower_context
from ..analyses import groups
from ..analyses.connectivity import COLUMNS, connectivity, peak_activity
from ..analyses.decoding import SPLITS, WORDS, figure_2, number_data
from ..analyses.short_range import EASY, short_range_units
from ..analyses.syntax import OUTLIER, depth_data, depth_regression, structures
from ..analyses.tables import render, to_json
from ..errors import MinilstmError, StimulusError
from .options import unit_numbers

HARD = {("nounPP", "SP"), ("nounPP", "PS"), ("nounPPAdv", "SP"), ("nounPPAdv", "PS")}
STRONGEST = 3  # units shown where no weight is an outlier
SHOWN = 12  # units listed in the text of `decode`


def add_decode_options(command):
    """The options of `minilstm decode`, beside those of a model and of items."""
    _shared_options(command, "long-range units (default: those named in the model's file)")
    _random_option(command)


def add_depth_options(command):
    """The options of `minilstm depth`."""
    _shared_options(command, "long-range units, for a comparison with random sets that have none of them")
    _random_option(command)
    command.add_argument(
        "--sentences", type=Path, metavar="FILE", help="the published depth data, instead of our own grammar"
    )


def add_connect_options(command):
    """The options of `minilstm connect`."""
    _shared_options(command, "onto which units of the last layer (default: those named in the model's file)")
    command.add_argument(
        "--from",
        dest="sources",
        type=unit_numbers,
        metavar="UNITS",
        help="units whose weights are shown (default: the syntax units)",
    )
    command.add_argument("--unscaled", action="store_true", help="bare weights, not times peak activity")


def _shared_options(command, units):
    command.add_argument("--units", type=unit_numbers, metavar="UNITS", help=units)
    command.add_argument(
        "--lower", action="store_true", help="read the context in lower case, as the paper's model did"
    )
    command.add_argument("--out", type=Path, metavar="FOLDER", help="write figures and a table there as well")


def _random_option(command):
    command.add_argument("--random", type=int, default=1000, metavar="N", help="how many random sets (default: 1000)")


def show_decode(model, items, options, state):
    """Fig. 2, the short-range units, and what the easy tasks lose without them."""
    from ..analyses.figures_decoding import plot_curves, plot_matrices

    long_range = number_units(model, options)
    reader = _reader(model, options)
    data = number_data(reader, _nounpp(items), state, options.unknown)
    curves = {split: figure_2(data, long_range, split) for split in SPLITS}
    short = short_range_units(reader, data)
    easy = [item for item in items if item.task in EASY]
    tests = {}
    if short.units and easy:
        for name, units in (("short-range", short.units), ("short- and long-range", (*short.units, *long_range))):
            tests[name] = groups.group_tests(
                model,
                easy,
                units,
                options.random,
                options.seed,
                long_range,
                state=state,
                unknown=options.unknown,
                progress=True,
            )

    columns = ["seen", "tested on other", *(f"{word}({t})" for t, word in enumerate(WORDS))]
    means = [[label, split, *one.curve()[0]] for split, decoded in curves.items() for label, one in decoded.items()]
    if options.form == "json":
        print(
            to_json(
                {
                    "long_range": long_range,
                    "auc": {
                        split: {
                            label: {"mean": one.mean, "sd": one.sd, "unconverged": one.unconverged}
                            for label, one in decoded.items()
                        }
                        for split, decoded in curves.items()
                    },
                    "short_range": short.units,
                    "segregation": short.segregation,
                    "segregation_cut": short.cut,
                    "auc_alone": short.auc,
                    "ablation": {name: _records(found) for name, found in tests.items()},
                }
            )
        )
    elif options.form == "csv":
        print(render(columns, means, "csv"))
    else:
        shown = [
            [label, split, *(f"{mean:.2f} ({sd:.2f})" for mean, sd in zip(*one.curve(), strict=True))]
            for split, decoded in curves.items()
            for label, one in decoded.items()
        ]
        print("Fig. 2: AUC of classifiers of the cell trained at the subject, N(1): mean and (sd) over five splits.")
        print(render(columns, shown))
        unsettled = sum(one.unconverged for decoded in curves.values() for one in decoded.values())
        if unsettled:
            print(
                f"{unsettled} of the classifiers, of all trained positions, reached scikit-learn's limit of iterations."
            )
        print(
            f"\nUnits that alone tell the number at the subject; the rule asks for a segregation above {short.cut:.2f}:"
        )
        columns_alone, alone = short.table()
        print(render(columns_alone, alone[:SHOWN]) if alone else "none")
        if len(alone) > SHOWN:
            print(f"... and {len(alone) - SHOWN} less segregated ones")
        listed = ", ".join(map(str, short.units)) or "none"
        print(f"\nShort-range units: {listed}.")
        for name, found in tests.items():
            print(f"\nThe {name} units ablated together, against random sets of as many:")
            print(render(*groups.table(found)))
    if options.out is not None:
        figures = {"decoding.png": plot_curves(curves), "decoding_matrix.png": plot_matrices(curves["sentence"])}
        write_results(options.out, figures, {"decoding.csv": render(columns, means, "csv")})


def show_depth(model, items, options, state):
    """The regression on depth, its outliers, and what they do."""
    from ..analyses.figures_decoding import plot_depth
    from ..analyses.figures_dynamics import plot_structures
    from ..stimuli.trees import read_depth

    sentences = None if options.sentences is None else read_depth(options.sentences)
    reader = _reader(model, options)
    found = depth_regression(depth_data(reader, sentences, state, options.unknown))
    hard = [item for item in items if (item.task, item.condition) in HARD or item.task == "Linzen"]
    tests = []
    long_range = options.units or model.provenance.get("number_units", ())
    if found.outliers and hard:
        tests = groups.group_tests(
            model,
            hard,
            found.outliers,
            options.random,
            options.seed,
            long_range,
            state=state,
            unknown=options.unknown,
            progress=True,
        )

    columns, rows = found.table()
    if options.form == "json":
        print(
            to_json(
                {
                    "r2": found.r2,
                    "r2_without": found.r2_without,
                    "r2_frequency": found.r2_frequency,
                    "alpha": found.alpha,
                    "weights": found.weights,
                    "outliers": found.outliers,
                    "ablation": _records(tests),
                }
            )
        )
    elif options.form == "csv":
        print(render(columns, rows, "csv"))
    else:
        print("Depth from h of all units, on sentences that were not fitted to: R2, mean and (sd) over five folds.")
        names = {
            "with word frequency": found.r2,
            "its weight set to 0": found.r2_without,
            "word frequency alone": found.r2_frequency,
        }
        for name, r2 in names.items():
            print(
                f"  {name:<22}" + (f"{r2.mean():.3f} ({r2.std():.3f})" if not np.isnan(r2).any() else "no word counts")
            )
        print(f"\nWeights: mean {found.weights.mean():.2g}, sd {found.weights.std():.2g}; the strongest:")
        print(render(columns, rows[: max(STRONGEST, len(found.outliers))]))
        print(f"\nSyntax units, beyond {OUTLIER} sd: {', '.join(map(str, found.outliers)) or 'none'}.")
        if tests:
            print("\nThe syntax units ablated together, against random sets of as many:")
            print(render(*groups.table(tests)))
    if options.out is not None:
        units = (found.outliers or found.strongest(STRONGEST))[:STRONGEST]
        shown = structures(
            reader, units, options.n, seed=options.seed, lexicon=options.lexicon, state=state, unknown=options.unknown
        )
        figures = {"depth.png": plot_depth(found)}
        figures |= {f"structures_{unit}.png": plot_structures(shown, unit) for unit in units}
        write_results(options.out, figures, {"depth.csv": render(columns, rows, "csv")})


def show_connect(model, items, options, state):
    """What the syntax units, and the long-range units themselves, write to the gates of the long-range units."""
    from ..analyses.figures_decoding import plot_connectivity

    targets, sources = number_units(model, options), options.sources
    reader = _reader(model, options)
    peak = None
    if not options.unscaled:
        peak = peak_activity(reader, _nounpp(items), state, options.unknown)
    found = connectivity(model, targets, peak)
    chosen = "given"
    if sources is None:
        regression = depth_regression(depth_data(reader, None, state, options.unknown))
        in_last = [unit for unit in regression.strongest() if unit >= found.first]
        sources = tuple(unit for unit in regression.outliers if unit >= found.first)
        chosen = "outliers of the regression on depth"
        if not sources:
            sources = tuple(in_last[:STRONGEST])
            chosen = "strongest of the regression on depth, none of them an outlier"
    shown = (*sources, *(unit for unit in targets if unit not in sources))
    rows = found.rows(shown)
    if options.form == "text":
        print(
            f"From {', '.join(map(str, sources))} ({chosen}) and from the targets themselves: weight"
            f"{' x peak activity' if found.scaled else ''} and (z), * beyond 3 sd"
        )
        print(render(*found.wide(shown, ("i", "f"))))
        print()
        print(render(*found.wide(shown, ("C_tilde", "o"))))
        print(f"\nThe one of {', '.join(map(str, sources))} that weighs most onto each gate:")
        print(render(COLUMNS, found.writers(sources)))
        print(f"\nClosest to the input and forget gates: {found.closest(sources)}.")
        strong = found.outliers()
        print("\nAll outliers, from any unit of the layer:")
        print(render(COLUMNS, strong) if strong else "none")
    else:
        print(render(COLUMNS, rows, options.form))
    if options.out is not None:
        write_results(
            options.out,
            {"connectivity.png": plot_connectivity(found, shown)},
            {"connectivity.csv": render(COLUMNS, rows, "csv")},
        )


def number_units(model, options):
    """The units that the options name, or the model's file."""
    units = tuple(options.units or model.provenance.get("number_units", ()))
    if not units:
        raise MinilstmError("--units: this model's file names no number units; `minilstm reproduce` looks for them")
    return units


def _records(tests):
    """Group tests as JSON has them."""
    columns, rows = groups.table(tests)
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _reader(model, options):
    """The model that activity is measured in; predictions, ablated or not, are those of `model` itself."""
    return lower_context(model) if options.lower else model


def _nounpp(items):
    found = [item for item in items if item.task == "nounPP"]
    if not found:
        raise StimulusError("there is no item of the task nounPP among the sentences")
    return found


def write_results(folder, figures, texts):
    """Write figures and texts, {name: ...}, to a folder, which is made if need be, and say so."""
    from ..analyses.plots import save
    from ..io.atomic import write_whole

    folder.mkdir(parents=True, exist_ok=True)
    for name, fig in figures.items():
        save(fig, folder / name)
    for name, text in texts.items():
        with write_whole(folder / name, "w") as file:
            file.write(text + "\n")
    print(f"\nwritten: {', '.join(str(folder / name) for name in (*texts, *figures))}", file=sys.stderr)
