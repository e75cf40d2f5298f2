"""The options that commands share, and what they mean: which model, which sentences, which units."""

import argparse
from pathlib import Path

from ..errors import MinilstmError
from ..fast import threads

UNITS = "numbered as in the paper: 1 is the first unit of the first layer, counting on through all layers"


def model_options():
    """Which model; and how it reads."""
    model = argparse.ArgumentParser(add_help=False, parents=[reading_options()])
    model.add_argument(
        "--model", default="mini", metavar="NAME|PATH", help="a model that comes along, or a file (mini)"
    )
    return model


def reading_options():
    """What models read from, in which precision; and the form of what is printed."""
    reading = argparse.ArgumentParser(add_help=False)
    reading.add_argument("--state", choices=("context", "zero"), default="context", help="what a sentence is read from")
    reading.add_argument("--unknown", choices=("error", "<unk>"), default="error", help="what an unknown word becomes")
    reading.add_argument("--float64", action="store_true", help="compute in double precision")
    reading.add_argument(
        "--threads", type=int, metavar="N", help="threads; the LSTM takes two at most (as many as there are cores)"
    )
    form = reading.add_mutually_exclusive_group()
    form.add_argument("--json", dest="form", action="store_const", const="json", default="text", help="print JSON")
    form.add_argument("--csv", dest="form", action="store_const", const="csv", help="print CSV")
    return reading


def item_options(tasks=None):
    """Which sentences; of which tasks if nothing is said, the seven of Table 1 if not given."""
    items = argparse.ArgumentParser(add_help=False)
    items.add_argument(
        "--stimuli", type=Path, metavar="FILE", help="your own sentences: prefix, right, wrong, condition"
    )
    items.add_argument(
        "--task",
        dest="tasks",
        type=_names,
        default=tasks,
        metavar="TASKS",
        help=f"such as nounPP,SubjRel ({','.join(tasks) if tasks else 'the seven of Table 1'})",
    )
    items.add_argument(
        "--half",
        choices=("odd", "even"),
        help="sentences with odd or with even ids only: units are chosen on "
        "odd ones and judged on even ones (default: both)",
    )
    _task_options(items)
    return items


def study_options(command):
    """How the whole paper is rerun."""
    _task_options(command)
    command.add_argument("--random", type=int, metavar="N", help="how many random sets")
    command.add_argument("--linzen", type=Path, metavar="FILE", help="subj_agr_filtered.text, with the .gold beside it")


def _task_options(command):
    """Which sentences of the tasks."""
    lexicon_option(command)
    command.add_argument("--n", type=int, metavar="N", help="sentences a condition (default: the published counts)")
    command.add_argument("--seed", type=int, default=0, help="which sentences, and which random sets, are drawn (0)")


def lexicon_option(command):
    """Whose words the tasks are made of; `load_model` fills in what the model's file says."""
    command.add_argument(
        "--lexicon", help="words of the tasks: paper, frequent or auxiliaries (what the model's file says, else paper)"
    )


def kind_option(command):
    """What ablation means."""
    command.add_argument(
        "--kind",
        choices=("paper", "released", "mean"),
        default="paper",
        help="what ablation means: h_u = 0; as the released code; h_u = its mean (paper)",
    )


def _names(text):
    """'nounPP,SubjRel' -> ('nounPP', 'SubjRel')."""
    return tuple(text.split(","))


def unit_numbers(text):
    """'3,17' -> (3, 17)."""
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected unit numbers such as 3,17, got {text!r}") from None


def load_model(options):
    """The model; with it the number of threads, and the lexicon if the options do not say which."""
    from ..models import load

    model = load(options.model, precision(options))
    limit_threads(options, model)
    choose_lexicon(options, model)
    return model


def precision(options):
    """What to compute in."""
    return "float64" if options.float64 else "float32"


def limit_threads(options, model):
    """Let as many threads run as the options ask for; if they do not say, BLAS has several only for a large model."""
    from threadpoolctl import threadpool_limits

    threads.allow(options.threads)
    threadpool_limits(options.threads or (1 if max(model.sizes) < 128 else None))


def read_words(path):
    """The words in a text file."""
    try:
        return path.read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError) as error:
        raise MinilstmError(f"{path}: cannot be read as text in UTF-8 ({error})") from error


def choose_lexicon(options, model):
    """Fill in the lexicon that the options leave to the model."""
    if "lexicon" in options and options.lexicon is None:
        options.lexicon = model.provenance.get("lexicon", "paper")


def items_of(options):
    """The sentences to test on."""
    from ..analyses.table2 import published_tasks
    from ..stimuli import NA_TASKS, read_items

    if options.stimuli is not None:
        items = read_items(options.stimuli)
    else:
        items = published_tasks(options.lexicon, options.seed, options.n, options.tasks or tuple(NA_TASKS))
    rest = {None: (0, 1), "odd": (1,), "even": (0,)}[options.half]
    return [item for item in items if item.id % 2 in rest]


def linzen_of(options):
    """The Linzen set, if it is given."""
    from ..stimuli import read_linzen

    return () if options.linzen is None else read_linzen(options.linzen, options.linzen.with_suffix(".gold"))


def state_of(options):
    """What each sentence is read from."""
    return None if options.state == "zero" else "context"
