"""`minilstm trace`: a sentence through chosen units, beside another if wanted, in the terminal and as a picture."""

import sys
from pathlib import Path

from ..analyses.experiment import unit_numbers
from ..errors import MinilstmError
from .options import UNITS, load_model, picture_path, state_of, two_forms
from .output import check_out, print_results, write_out

PICTURE = Path("trace.png")


def add_options(command):
    """The options of `minilstm trace`, beside those of a model."""
    command.add_argument("sentence", help='words between spaces, such as "The boys near the car greet"')
    command.add_argument(
        "--beside", metavar="SENTENCE", help="another with as many words, such as its singular, for comparison"
    )
    command.add_argument(
        "--units", type=unit_numbers, metavar="UNITS", help=f"the model's number units if not given ({UNITS})"
    )
    command.add_argument("--off", type=unit_numbers, default=(), metavar="UNITS", help="ablate these")
    command.add_argument(
        "--forms",
        type=two_forms,
        default=(),
        metavar="A/B",
        help="also show p of two words, such as greets/greet, at every place",
    )
    command.add_argument(
        "--out", type=picture_path, metavar="FILE", help=f"where the picture goes, .png or .svg (default: {PICTURE})"
    )


def run(options):
    """Print C~, i, f, C and o of each unit at each word, of one sentence or of two, and draw them."""
    from ..analyses.tables import render
    from ..analyses.trace import trace_units

    check_out(options.out)
    model = load_model(options)
    units = options.units or tuple(model.provenance.get("number_units", ()))
    if not units:
        raise MinilstmError("--units: this model's file names no number units; `minilstm reproduce` looks for them")
    sentences = [one.split() for one in (options.sentence, options.beside) if one is not None]
    result = trace_units(model, sentences, units, options.forms, state_of(options), options.off, options.unknown)
    if options.form == "text":
        print_results([result])
    else:
        (table,) = result.tables()
        print(render(table.columns, table.rows, options.form))
        if options.out is None:
            return
    try:
        check_out(options.out or PICTURE)
    except MinilstmError as error:  # nobody asked for the picture: the table is what counts
        print(f"no picture: {error}", file=sys.stderr)
        return
    write_out([result], options.out or PICTURE)
