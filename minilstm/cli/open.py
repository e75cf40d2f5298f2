"""`minilstm interchange`, `minilstm votes` and `minilstm smallest`: what the paper left open, for any model."""

from ..analyses.interchange import METHODS, WHAT, compare, pairs
from ..analyses.smallest import MOST, smallest_set
from ..analyses.tables import render
from ..analyses.votes import votes
from ..errors import StimulusError
from .analyses import number_units
from .figures import picture_path, write_picture
from .options import kind_option, unit_numbers

SHOWN = 5


def add_interchange_options(command):
    """The options of `minilstm interchange`, beside those of a model and of items."""
    command.add_argument("--units", type=unit_numbers, metavar="UNITS", help="each of these alone (default: all units)")
    command.add_argument(
        "--group",
        type=unit_numbers,
        action="append",
        default=[],
        metavar="UNITS",
        help="and these together; can be given several times",
    )
    command.add_argument(
        "--what", choices=WHAT, default="C", help="what is copied: the cell, and h follows; h alone; both (C)"
    )
    command.add_argument("--most", type=int, default=SHOWN, metavar="N", help=f"how many units are shown ({SHOWN})")
    _out_option(command)


def add_votes_options(command):
    """The options of `minilstm votes`."""
    command.add_argument(
        "--units",
        type=unit_numbers,
        metavar="UNITS",
        help="long-range units (default: those named in the model's file)",
    )
    command.add_argument(
        "--short",
        type=lambda text: () if text == "none" else unit_numbers(text),
        metavar="UNITS",
        help="short-range units, or none (default: by the rule of section 4.2)",
    )
    _out_option(command)


def add_smallest_options(command):
    """The options of `minilstm smallest`."""
    command.add_argument("--conditions", default="SP,PS", metavar="NAMES", help="that are to be lost (SP,PS)")
    command.add_argument(
        "--most", type=int, default=MOST, metavar="N", help=f"units at which the search ends anyway ({MOST})"
    )
    command.add_argument(
        "--interchange",
        action="store_true",
        help="copy C of the sentence with the other subject, instead of ablating units: who carries number",
    )
    command.add_argument(
        "--random", type=int, default=1000, metavar="N", help="how many random sets at each size (1000)"
    )
    kind_option(command)
    _out_option(command)


def _out_option(command):
    command.add_argument("--out", type=picture_path, metavar="FILE", help="where the picture goes, .png or .svg")


def show_interchange(model, items, options, state):
    """Interchange beside ablation at zero and at the mean."""
    from ..analyses.figures_open import plot_interchange

    sets = [(unit,) for unit in options.units or range(1, sum(model.sizes) + 1)]
    sets += options.group
    found = compare(model, items, sets, options.what, state, options.unknown, progress=True)
    if options.form == "text":
        print("Flips: percent of verbs that go over to the other form. Moved: how far the mean margin moves, in")
        print("percent of the way to that of the other number. With")
        for name, text in METHODS.items():
            print(f"  {name:<8} {text}")
        print(f"Of {len(found.items)} sentences, those that are right with either number of the subject.")
        print(render(*found.rows(options.most)))
    else:
        print(render(*found.rows(len(sets)), options.form))
    _draw(options, plot_interchange, found, options.most)


def show_votes(model, items, options, state):
    """The margin split among groups of units, where the network is right and where it errs."""
    from ..analyses.figures_open import plot_votes

    groups = {"long-range": number_units(model, options)}
    groups["short-range"] = tuple(
        u for u in _short_range(model, items, options, state) if u not in groups["long-range"]
    )
    found = votes(
        model, items, {name: units for name, units in groups.items() if units}, state, unknown=options.unknown
    )
    if options.form == "text":
        for name, units in groups.items():
            print(f"{name} units: {', '.join(map(str, units)) or 'none'}")
        trials = found.trials_with_errors()
        errors = sum(len(wrong) for _, wrong in trials.values())
        print(f"\n{errors} errors in {len(found.items)} sentences. Votes on right and wrong trials, by condition")
        print(
            "(those that have errors, if there are any): how many trials; the mean vote in nats; in how many percent of"
        )
        print("them it is for the right form, and decides. % of gap: what the voter adds to the fall of the margin.")
        print(render(*found.rows(trials)))
    else:
        print(render(*found.rows(), options.form))
    _draw(options, plot_votes, found)


def _short_range(model, items, options, state):
    """The short-range units: those given, or by the rule, which looks at the nounPP sentences."""
    if options.short is not None:
        return options.short
    from ..analyses.decoding import number_data
    from ..analyses.short_range import short_range_units

    noun_pp = [item for item in items if item.task == "nounPP"]
    if not noun_pp:
        raise StimulusError(
            "--short: say which units are short-range ones; the rule needs the task nounPP to find them"
        )
    return short_range_units(model, number_data(model, noun_pp, state, options.unknown)).units


def show_smallest(model, items, options, state):
    """Units ablated one after the other until number is gone, beside random sets."""
    from ..analyses.figures_open import plot_smallest

    wanted = options.conditions.split(",")
    bases, donors = pairs(items) if options.interchange else (items, items)
    bases, donors = (
        [item for base, item in zip(bases, side, strict=True) if base.condition in wanted] for side in (bases, donors)
    )
    found = smallest_set(
        model,
        bases,
        donors if options.interchange else None,
        options.random,
        options.seed,
        options.most,
        options.kind,
        state,
        options.unknown,
        progress=True,
    )
    if options.form == "text":
        how = (
            "with the units' C from the sentence with the other subject" if options.interchange else "without the units"
        )
        print(f"Percent right {how}, on even items; added: the unit after which least is left on odd items.")
        print("left: the mean of the conditions, none counted below chance; of random sets the same.")
        print(render(*found.rows()))
        print(f"\n{found.verdict}")
    else:
        print(render(*found.rows(), options.form))
    _draw(options, plot_smallest, found)


def _draw(options, plot, *what):
    if options.out is not None:
        write_picture(plot(*what), options.out)
