"""`minilstm emergence`: the analyses over the snapshots of one training or of several."""

from pathlib import Path

from ..errors import MinilstmError
from .options import choose_lexicon, items_of, limit_threads, precision, read_words, state_of

SHOWN = (
    "words",
    "Simple S",
    "Simple P",
    "nounPP SP",
    "nounPP PS",
    "costliest SP",
    "lost SP",
    "costliest PS",
    "lost PS",
    "named SP",
    "named PS",
)
LEGEND = """\
Words read when a condition of nounPP was 95 % right for good; the unit that carries it at the end; the points lost without
it, and since when these are more than 10; the locality of the code (1: a unit a number)."""


def add_options(command):
    """The options of `minilstm emergence`, beside those of items and of reading."""
    command.add_argument(
        "paths",
        nargs="+",
        type=Path,
        metavar="FOLDER|FILE",
        help="each folder holds the snapshots of one training; files together are those of one training",
    )
    command.add_argument(
        "--vocabulary",
        type=Path,
        metavar="FILE",
        help="the files hold the rows of some words only "
        "(weights/train_english.py); this one holds all words, one a line",
    )
    command.add_argument(
        "--context", type=Path, metavar="FILE", help="with --vocabulary: what is read before each sentence"
    )
    command.add_argument("--out", type=Path, metavar="FOLDER", help="write the whole table and a figure there as well")


def run(options):
    """Analyse each training, print, and write."""
    from ..analyses.emergence import emergence, summary, table
    from ..analyses.tables import render
    from ..io.vocabulary import read_vocabulary
    from ..models import series

    if options.context is not None and options.vocabulary is None:
        raise MinilstmError("--context: goes with --vocabulary; whole models have a context of their own")
    vocabulary = None if options.vocabulary is None else read_vocabulary(options.vocabulary).words
    context = () if options.context is None else read_words(options.context)
    found = {}
    for name, paths in _trainings(options.paths).items():
        models = series(paths, vocabulary, context, precision(options))
        limit_threads(options, models[0])
        choose_lexicon(options, models[0])
        found[name] = emergence(models, items_of(options), state_of(options), options.unknown, progress=True)
    columns, rows = table(found)
    if options.form == "text":
        for name, one in found.items():
            print(f"{name}: {len(one.moments)} snapshots; units numbered from 1, points lost when one is off")
            here = [[row[columns.index(column)] for column in SHOWN] for row in rows if row[0] == name]
            print(render(SHOWN, here), end="\n\n")
        print(LEGEND)
        print(render(*summary(columns, rows)))
    else:
        print(render(columns, rows, options.form))
    if options.out is not None:
        from ..analyses.figures_emergence import plot_emergence
        from .analyses import write_results

        write_results(
            options.out,
            {"emergence.png": plot_emergence(columns, rows)},
            {"emergence.csv": render(columns, rows, "csv")},
        )


def _trainings(paths):
    """{name: paths}: each folder a training, all files together one more."""
    files = [path for path in paths if not path.is_dir()]
    folders = [path for path in paths if path.is_dir()]
    names = [path.name for path in folders]
    named = {path.name if names.count(path.name) == 1 else str(path): [path] for path in folders}
    return named | ({"files": files} if files else {})
