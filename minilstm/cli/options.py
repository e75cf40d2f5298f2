"""The options that commands share, and what they mean: which model, which sentences, which units, how many cores."""

import argparse
import sys
from collections import Counter
from pathlib import Path

from ..analyses.experiment import HALVES, file_path, natural, positive
from ..errors import MinilstmError

UNITS = "numbered as in the paper: 1 is the first unit of the first layer, counting on through all layers"
RESULTS = Path("results")
PICTURES = (".png", ".svg")
THREADED_FROM = 128  # units of a layer from which several threads of BLAS pay


def model_options():
    """Options of the model, and of the number of cores."""
    model = argparse.ArgumentParser(add_help=False)
    model.add_argument("--model", default="mini", metavar="NAME|PATH", help="a bundled model, or a file (mini)")
    core_options(model)
    return model


def core_options(command):
    """Option of the number of cores."""
    command.add_argument(
        "--jobs", "--threads", type=positive, metavar="N", help="how many cores to use (all; OMP_NUM_THREADS)"
    )


def reading_options():
    """Options of the initial state and of the precision."""
    reading = argparse.ArgumentParser(add_help=False)
    reading.add_argument("--state", choices=("context", "zero"), default="context", help="what a sentence is read from")
    reading.add_argument("--unknown", choices=("error", "<unk>"), default="error", help="what an unknown word becomes")
    reading.add_argument("--float64", action="store_true", help="compute in double precision")
    return reading


def form_options():
    """The form of what is printed."""
    form = argparse.ArgumentParser(add_help=False)
    one = form.add_mutually_exclusive_group()
    one.add_argument("--json", dest="form", action="store_const", const="json", default="text", help="print JSON")
    one.add_argument("--csv", dest="form", action="store_const", const="csv", help="print CSV")
    return form


def item_options():
    """Options of the sentences."""
    items = argparse.ArgumentParser(add_help=False)
    items.add_argument(
        "--stimuli",
        type=file_path,
        metavar="FILE",
        help="your own sentences (prefix, right, wrong, condition), or a published set",
    )
    items.add_argument(
        "--task",
        dest="tasks",
        type=lambda text: tuple(dict.fromkeys(text.split(","))),
        default=(),
        metavar="TASKS",
        help="such as nounPP,SubjRel, in place of those that the analysis reads",
    )
    items.add_argument(
        "--half",
        choices=("odd", "even"),
        help="sentences with odd or with even ids only (an id is the number of a sentence: within its condition in the "
        "tasks and in a table of your own, within the file in published sets); units are searched on the others "
        "(default: even where units are searched, all where they are given)",
    )
    task_options(items)
    return items


def task_options(command):
    """Options of the sentences of the tasks."""
    lexicon_option(command)
    command.add_argument(
        "--n",
        type=positive,
        metavar="N",
        help="sentences a condition, of a file the first ones (default: the published counts, all of a file)",
    )
    command.add_argument(
        "--seed", type=natural, default=0, help="which sentences, and which random sets, are drawn (0)"
    )


def lexicon_option(command):
    """Option of the lexicon."""
    command.add_argument(
        "--lexicon", help="words of the tasks: paper, frequent or auxiliaries (what the model's file says, else paper)"
    )


def two_forms(text):
    """'greets/greet' -> ('greets', 'greet')."""
    forms = tuple(text.split("/"))
    if len(forms) != 2 or not all(forms) or forms[0] == forms[1]:
        raise argparse.ArgumentTypeError(f"expected two words such as greets/greet, got {text!r}")
    return forms


def picture_path(text):
    """A place for a picture."""
    if Path(text).suffix not in PICTURES:
        raise argparse.ArgumentTypeError(f"expected a name that ends in .png or .svg, got {text}")
    return Path(text)


def refuse(options, why, **flags):
    """Raise MinilstmError if one of some options was given that have no effect.

    Parameters
    ----------
    options : argparse.Namespace
    why : str
        What it goes with, or why there is nothing for it to do.
    flags : str
        {name of an option: its flag}. One that is as it would be without being given is left alone.
    """
    for name, flag in flags.items():
        if getattr(options, name, None) != options.parser.get_default(name):
            raise MinilstmError(f"{flag}: {why}")


def load_model(options):
    """The model, and with it the number of cores."""
    from ..models import load

    model = load(options.model, precision(options))
    limit_cores(options, model)
    return model


def limit_cores(options, model):
    """Let BLAS have as many threads as the options say; if they do not say, several only for a large model."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(options.jobs or (1 if max(model.sizes) < THREADED_FROM else None))


NOT_PREDICTIONS = "is about what is read from gates and cells; nothing here reads them"
NOT_DRAWN = "says which sentences of the tasks are drawn; here they are those of --stimuli"


def precision(options):
    """Floating-point precision."""
    return "float64" if getattr(options, "float64", False) else "float32"


def state_of(options):
    """Initial state of each sentence."""
    return None if options.state == "zero" else "context"


def stimuli_of(options, model):
    """The sentences of a file, if one is given, spelt as in the model's vocabulary; says what it was taken for."""
    from ..stimuli import fit_to_vocabulary, read_items

    if options.stimuli is None:
        return ()
    if options.tasks:
        raise MinilstmError(f"--task {','.join(options.tasks)}: give either --task or --stimuli")
    stimuli = read_items(options.stimuli)
    items, notes = fit_to_vocabulary(first_of_each(stimuli, options.n), model.vocabulary, options.unknown)
    half = [item for item in items if item.id % 2 in HALVES[options.half or "all"]]
    fit_to_vocabulary(half, model.vocabulary, options.unknown)  # raises where nothing of the half can be scored
    for note in (*(f"{options.stimuli}: {note}" for note in stimuli.summary()), *notes):
        print(note, file=sys.stderr)
    return tuple(items)


def first_of_each(items, n):
    """The first `n` items of each condition; all if None."""
    counts, kept = Counter(), []
    for item in items:
        counts[item.task, item.condition] += 1
        kept += [item] * (n is None or counts[item.task, item.condition] <= n)
    return kept


def linzen_of(options):
    """The Linzen set, if it is given."""
    from ..stimuli import read_linzen

    path = getattr(options, "linzen", None)
    return () if path is None else tuple(read_linzen(path, path.with_suffix(".gold")))


def test_sets_of(options):
    """The sets of whole sentences, by the name of their file; says what each was taken for."""
    from ..stimuli import read_items

    sets = {str(path): read_items(path) for path in getattr(options, "test_sets", None) or ()}
    for name, stimuli in sets.items():
        for line in stimuli.summary(whole=True):
            print(f"{name}: {line}", file=sys.stderr)
    return sets


def experiment_of(model, options, **more):
    """The Experiment that the options describe; those that a command does not have keep their defaults."""
    from ..analyses.experiment import Experiment

    names = "n", "n_random", "seed", "lexicon", "unknown", "kind", "tasks", "lowercase_context"
    given = {"lexicon": model.provenance.get("lexicon", "paper")} if "lexicon" in options else {}
    given |= {name: getattr(options, name) for name in names if getattr(options, name, None) is not None}
    if "stimuli" in options:
        given["stimuli"] = stimuli_of(options, model)
    sets = {"linzen": linzen_of(options), "test_sets": test_sets_of(options)}
    experiment = Experiment(model, state=state_of(options), progress=True, **{**sets, **given, **more})
    for note in experiment.vocabulary_notes if "lexicon" in options else ():
        print(f"all sentences of the tasks: {note}", file=sys.stderr)
    if experiment.linzen and not experiment.usable_linzen:
        print(f"--linzen {options.linzen}: not read: {experiment.why_no_linzen}", file=sys.stderr)
    return experiment
