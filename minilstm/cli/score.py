"""`minilstm score`: whole sentences of other people's test sets."""

import sys
from pathlib import Path

from .options import load_model, state_of
from .output import check_out, out_option, print_results, write_out


def add_options(command):
    """The options of `minilstm score`, beside those of a model."""
    command.add_argument(
        "file", type=Path, metavar="FILE", help="BLiMP, SyntaxGym, BIG-bench, Linzen, Gulordava, NA-tasks, or your own"
    )
    out_option(command)


def run(options):
    """Say what the file was taken for, and score both sentences of every pair."""
    from ..analyses.score import score
    from ..stimuli import read_items

    check_out(options.out)
    model = load_model(options)
    stimuli = read_items(options.file)
    for line in stimuli.summary():
        print(f"{options.file}: {line}", file=sys.stderr)
    result = score(model, stimuli, state_of(options), options.unknown)
    print_results([result], options.form)
    write_out([result], options.out)
