"""`minilstm ...`, the same as `python -m minilstm ...`.

Exit codes: 0 fine, 1 checked and failed, or a model that cannot do all that was asked, 2 bad input.
"""

import argparse
import os
import sys
import textwrap
from pathlib import Path

from .. import __version__
from ..errors import MinilstmError
from .options import (
    UNITS,
    item_options,
    items_of,
    kind_option,
    load_model,
    model_options,
    reading_options,
    state_of,
    unit_numbers,
)

DESCRIPTION = """\
The LSTM of Lakretz et al. (2019), 'The emergence of number and syntax units in LSTM language models', in NumPy.
It loads a language model, measures number agreement, takes single units out, and shows what each gate does.
Start with: minilstm reproduce"""


def main(arguments=None):
    """Run one command; returns the exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    options = parser().parse_args(arguments)
    options.line = arguments  # what `train` puts on record
    try:
        return options.run(options) or 0
    except MinilstmError as error:
        print(f"minilstm: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader of our output, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("minilstm: interrupted", file=sys.stderr)
        return 130


def parser():
    """All commands and their options."""
    top = argparse.ArgumentParser(
        "minilstm", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    top.add_argument("--version", action="version", version=f"minilstm {__version__}")
    commands = top.add_subparsers(title="commands", required=True, metavar="COMMAND")
    model = model_options()
    items, hard = item_options(), item_options(("nounPP",))

    def command(name, run, parents, text):
        added = commands.add_parser(name, parents=parents, help=text, description=text)
        added.set_defaults(run=run)
        return added

    def analysis(name, home, items, text):
        """A command on a model and sentences; its module has its options and shows what it finds."""
        show, add_options = getattr(home, f"show_{name}"), getattr(home, f"add_{name}_options")
        add_options(command(name, lambda o: show(load_model(o), items_of(o), o, state_of(o)), [model, items], text))

    from . import reproduce as cli_reproduce

    cli_reproduce.add_options(
        command("reproduce", cli_reproduce.run, [model], "the whole paper on a model, with a report")
    )

    add = command("agreement", _agreement, [model, items], "is the right verb form likelier than the wrong one?")
    add.add_argument(
        "--off", type=unit_numbers, default=(), metavar="UNITS", help=f"ablate these, such as 3,17 ({UNITS})"
    )
    kind_option(add)

    add = command("ablate", _ablate, [model, items], "take units out, alone or as a group, and see what it costs")
    add.add_argument("--units", type=unit_numbers, metavar="UNITS", help=f"such as 3,17; all if not given ({UNITS})")
    add.add_argument("--group", action="store_true", help="ablate UNITS together and compare with random sets")
    add.add_argument("--random", type=int, default=1000, metavar="N", help="how many random sets (default: 1000)")
    kind_option(add)

    add = command("trace", _trace, [model], "gates and cell of chosen units, word by word, and a picture")
    add.add_argument("sentence", help='words between spaces, such as "The boys near the car greet"')
    add.add_argument(
        "--beside", metavar="SENTENCE", help="another with as many words, such as its singular, for comparison"
    )
    add.add_argument(
        "--units", type=unit_numbers, metavar="UNITS", help=f"the model's number units if not given ({UNITS})"
    )
    add.add_argument("--off", type=unit_numbers, default=(), metavar="UNITS", help="ablate these")
    add.add_argument("--forms", metavar="A/B", help="also show p of two words, such as greets/greet, at every place")
    add.add_argument(
        "--out", type=Path, metavar="FILE", help="where the picture goes, .png or .svg (default: trace.png)"
    )

    from . import (
        analyses as cli_analyses,
    )
    from . import (
        claims as cli_claims,
    )
    from . import (
        emergence as cli_emergence,
    )
    from . import (
        figures as cli_figures,
    )
    from . import (
        open as cli_open,
    )

    analysis("dynamics", cli_figures, hard, "gates and cell by condition (Figs. 1, 3)")
    analysis("efferents", cli_figures, hard, "weights onto verbs (Fig. 1d)")
    analysis("decode", cli_analyses, items, "number over time, short-range units (Fig. 2)")
    analysis("depth", cli_analyses, items, "syntactic depth, syntax units (section 4.3)")
    analysis("connect", cli_analyses, items, "afferents of units (Fig. 4)")

    from ..report.measures_open import BETWEEN

    between = item_options(BETWEEN)
    analysis("interchange", cli_open, hard, "copy a unit's cell into another sentence")
    analysis("votes", cli_open, between, "who votes for the wrong form where the network errs")
    analysis("smallest", cli_open, hard, "the fewest units without which number is lost")

    reading = [reading_options(), items]
    add = command("emergence", cli_emergence.run, reading, "agreement, ablation, decoding and locality over training")
    cli_emergence.add_options(add)
    cli_claims.add_options(command("claims", cli_claims.run, [model], "the paper's 40 claims, judged on a model"))

    from . import explore as cli_explore

    cli_explore.add_options(command("explore", cli_explore.run, [model], "the model alive in one HTML page"))

    command("info", _info, [model], "what a model file holds and how it was made")

    from . import import_ as cli_import
    from . import train as cli_train
    from . import verify as cli_verify

    cli_train.add_options(command("train", cli_train.run, [], "train a model from scratch, as those in weights/ were"))
    cli_import.add_options(command("import", cli_import.run, [], "open a PyTorch checkpoint without PyTorch"))
    cli_verify.add_vectors_options(
        command("vectors", cli_verify.write, [], "write test vectors for an LSTM of your own")
    )
    cli_verify.add_verify_options(command("verify", cli_verify.check, [], "say whether and why its outputs are wrong"))
    return top


def _agreement(options):
    from ..analyses.number_agreement import agreement
    from ..analyses.tables import render

    model, items = load_model(options), items_of(options)
    found = agreement(model, items, state_of(options), options.off, options.kind, options.unknown)
    rows = [[r.task, r.condition, r.n, 100 * r.accuracy, r.margin, r.skipped] for r in found.table()]
    print(render(["task", "condition", "n", "accuracy %", "margin", "skipped"], rows, options.form))
    if options.form == "text":
        print(f"\nall: {100 * found.accuracy:.1f} %")


def _ablate(options):
    from ..analyses import groups
    from ..analyses.ablation import ablation_sweep, drops
    from ..analyses.number_agreement import agreement
    from ..analyses.tables import render

    model, items = load_model(options), items_of(options)
    shared = {"kind": options.kind, "state": state_of(options), "unknown": options.unknown}
    if options.group:
        if not options.units:
            raise MinilstmError("--group: say which units, such as --units 3,17")
        tests = groups.group_tests(model, items, options.units, options.random, options.seed, **shared, progress=True)
        print(render(*groups.table(tests), options.form))
        return
    units = options.units or range(1, sum(model.sizes) + 1)
    full = agreement(model, items, state_of(options), unknown=options.unknown).margins
    found = drops(items, full, ablation_sweep(model, items, units, **shared, progress=True))
    columns = ["unit", *(f"{task} {condition}" for task, condition in found.full)]
    rows = [["full", *(100 * accuracy for accuracy in found.full.values())]]
    rows += [[str(unit), *(100 * a[k] for a in found.accuracy.values())] for k, unit in enumerate(units)]
    print(render(columns, rows, options.form))


def _trace(options):
    from .trace import show_trace

    show_trace(load_model(options), options, state_of(options))


def _info(options):
    from ..analyses.tables import plain, render, to_json
    from ..io.checkpoints import describe
    from ..io.original import compare, may_be_original

    model = load_model(options)
    facts = describe(model)
    if options.form == "json":
        print(to_json(facts))
    elif options.form == "csv":
        print(render(["what", "value"], [[key, str(value)] for key, value in facts.items()], "csv"))
    else:
        for key, value in facts.items():
            text = ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else str(plain(value))
            print(textwrap.fill(f"{key}: {text}", 100, subsequent_indent="    "))
        if may_be_original(model):
            print("\nIt has the shape and the words of the paper's model. log p of verb forms, published and here:")
            print(render(*compare(model)))
