"""`minilstm ...`, the same as `python -m minilstm ...`.

Exit codes: 0 fine, 1 checked and failed, or a model that cannot do all that was asked, 2 bad input.
"""

import argparse
import os
import sys
from contextlib import contextmanager
from functools import partial

from ..errors import MinilstmError, NothingScoredError, UnknownWordError
from ..version import __version__
from .options import form_options, item_options, model_options, reading_options

DESCRIPTION = """\
The LSTM of Lakretz et al. (2019), 'The emergence of number and syntax units in LSTM language models', in NumPy.
It loads a language model, measures number agreement, ablates single units, and shows what each gate does.
Start with: minilstm reproduce
"""


def main(arguments=None):
    """Run one command; returns the exit code."""
    try:
        return _run(arguments)
    except KeyboardInterrupt:
        print("minilstm: interrupted", file=sys.stderr)
        return 130


def _run(arguments):
    arguments = sys.argv[1:] if arguments is None else arguments
    if not arguments:
        print(parser().format_help(), end="")
        return 0
    options, unread = parser().parse_known_args(arguments)
    if unread:
        options.parser.error(f"unrecognized arguments: {' '.join(unread)}")
    options.line = arguments  # what `train` puts on record
    try:
        with cores(getattr(options, "jobs", None)):
            return options.run(options) or 0
    except NothingScoredError as error:
        print(f"minilstm: {error}", file=sys.stderr)
        return 1
    except MinilstmError as error:
        print(f"minilstm: {error}{_way_out(options) if isinstance(error, UnknownWordError) else ''}", file=sys.stderr)
        return 2
    except MemoryError as error:
        print(f"minilstm: not enough memory: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader of our output, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _way_out(options):
    """The option that reads an unknown word, where the command has it."""
    from ..analyses.experiment import reads_unknown
    from ..models import load

    return reads_unknown(load(options.model), options.unknown) if "unknown" in options else ""


def parser():
    """All commands and their options."""
    top = argparse.ArgumentParser(
        "minilstm",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="minilstm COMMAND ...",
    )
    top.add_argument("--version", action="version", version=f"minilstm {__version__}")
    commands = top.add_subparsers(required=True, prog="minilstm", metavar="COMMAND", help=argparse.SUPPRESS)
    groups = {}

    def command(group, name, run, parents, text):
        groups.setdefault(group, {})[name] = text
        added = commands.add_parser(name, parents=parents, description=text)
        added.set_defaults(run=run, parser=added)  # what is unread is the command's own, not the program's
        return added

    _add_commands(command)
    width = max(len(name) for entries in groups.values() for name in entries)
    lines = []
    for group, entries in groups.items():
        lines += [f"{group}:", *(f"  {name:<{width}}  {text}" for name, text in entries.items()), ""]
    top.epilog = "\n".join([*lines, "minilstm COMMAND --help says more."])
    return top


def _add_commands(command):
    from ..analyses import ANALYSES
    from . import agreement, analysis, claims, emergence, explore, import_, info, reproduce, score, trace, train, verify

    model, items, reading, form = model_options(), item_options(), reading_options(), form_options()
    reads = [model, reading, form]
    group = "read"
    trace.add_options(command(group, "trace", trace.run, reads, "gates and cell of chosen units, word by word"))
    explore.add_options(command(group, "explore", explore.run, [model], "a trained LSTM alive in one HTML page"))
    command(group, "info", info.run, [model, form], "what a model file holds and how it was made")
    group = "rerun"
    summary = "the whole paper on a model, with a report"
    reproduce.add_options(command(group, "reproduce", reproduce.run, reads, summary))
    claims.add_options(
        command(group, "claims", claims.run, reads, "the paper's 40 claims, or later ones, judged on a model")
    )
    summary = "is the right verb form likelier than the wrong one?"
    agreement.add_options(command(group, "agreement", agreement.run, [*reads, items], summary))
    for first in (one for one in ANALYSES if one.summary):
        variants, group = {}, "rerun" if first.paper else "beyond the paper"
        for one in ANALYSES:
            word, _, flag = one.command.partition(" ")
            if word == first.command:
                variants.setdefault(flag, []).append(one)
        run = agreement.run_ablate if first.command == "ablate" else analysis.run
        run = partial(run, variants=variants)
        added = command(group, first.command, run, [*reads, items], first.summary)
        analysis.add_options(added, dict(sorted(variants.items())))
    summary = "agreement, ablation, decoding and locality over training"
    emergence.add_options(command(group, "emergence", emergence.run, [reading, form, items], summary))
    score.add_options(command(group, "score", score.run, reads, "whole sentences of other people's test sets"))
    group = "your own model"
    train.add_options(command(group, "train", train.run, [], "train a model from scratch, as those in weights/ were"))
    import_.add_options(command(group, "import", import_.run, [], "open a PyTorch checkpoint without PyTorch"))
    group = "verify"
    summary = "write test vectors for an LSTM of your own"
    verify.add_vectors_options(command(group, "vectors", verify.write, [], summary))
    summary = "does an LSTM of your own follow the equations, and if not, why?"
    verify.add_verify_options(command(group, "verify", verify.check, [], summary))


@contextmanager
def cores(jobs):
    """Use `jobs` cores for work that is cut into tasks; all if None."""
    import joblib

    with joblib.parallel_config(backend="threading", n_jobs=jobs or int(os.environ.get("OMP_NUM_THREADS") or -1)):
        yield
