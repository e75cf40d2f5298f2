"""`minilstm emergence`: the analyses over the snapshots of one training or of several."""

from ..analyses.experiment import file_path
from ..errors import MinilstmError
from .options import NOT_DRAWN, core_options, experiment_of, limit_cores, precision, refuse
from .output import check_out, out_option, print_results, write_out


def add_options(command):
    """The options of `minilstm emergence`, beside those of items and of reading."""
    command.add_argument(
        "paths",
        nargs="+",
        type=file_path,
        metavar="FOLDER|FILE",
        help="each folder holds the snapshots of one training; files together are those of one training",
    )
    command.add_argument(
        "--vocabulary",
        type=file_path,
        metavar="FILE",
        help="the files hold the rows of some words only (weights/train_english.py); this one holds all words, one a "
        "line",
    )
    command.add_argument(
        "--context", type=file_path, metavar="FILE", help="with --vocabulary: what is read before each sentence"
    )
    core_options(command)
    out_option(command)


def run(options):
    """Analyse each training, print, and write."""
    from ..analyses.emergence import ANALYSIS

    check_out(options.out)
    refuse(options, "units are chosen on odd ids and judged on even ones", half="--half")
    if options.stimuli:
        refuse(options, NOT_DRAWN, lexicon="--lexicon", seed="--seed")
    trainings = _trainings(options)
    last = list(trainings.values())[-1][-1]
    limit_cores(options, last)
    experiment = experiment_of(last, options, half="all", snapshots=trainings)
    result = ANALYSIS.compute(experiment, {})
    print_results([result], options.form)
    write_out([result], options.out)


def _trainings(options):
    """{name: models}: each folder a training, all files together one more."""
    from ..io.vocabulary import read_vocabulary, read_words
    from ..models import series

    if options.context is not None and options.vocabulary is None:
        raise MinilstmError("--context: goes with --vocabulary; whole models have a context of their own")
    vocabulary = None if options.vocabulary is None else read_vocabulary(options.vocabulary).words
    context = () if options.context is None else read_words(options.context)
    files = [path for path in options.paths if not path.is_dir()]
    folders = [path for path in options.paths if path.is_dir()]
    names = [path.name for path in folders]
    paths = {path.name if names.count(path.name) == 1 else str(path): [path] for path in folders}
    paths |= {"files": files} if files else {}
    return {name: series(some, vocabulary, context, precision(options)) for name, some in paths.items()}
