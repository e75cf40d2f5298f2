"""`minilstm score`: whole sentences of other people's test sets."""

from ..analyses.experiment import file_path
from .options import experiment_of, load_model
from .output import check_out, out_option, print_results, write_out


def add_options(command):
    """The options of `minilstm score`, beside those of a model."""
    command.add_argument(
        "test_sets",
        nargs="+",
        type=file_path,
        metavar="FILE",
        help="BLiMP, SyntaxGym, BIG-bench, Linzen, Gulordava, NA-tasks, or your own",
    )
    out_option(command)


def run(options):
    """Say what each file was taken for, and score both sentences of every pair."""
    from ..analyses.score import ANALYSIS

    check_out(options.out)
    result = ANALYSIS.compute(experiment_of(load_model(options), options), {})
    print_results([result], options.form)
    write_out([result], options.out)
