"""`minilstm import`: a PyTorch checkpoint to a model file, without PyTorch; nothing in the file is run."""

from pathlib import Path

from ..io.conventions import layers_from
from ..io.original import CONTEXT
from ..io.torch import import_checkpoint
from ..language_model import LanguageModel
from .options import read_words


def add_options(command):
    """The options of `minilstm import`."""
    command.add_argument(
        "file", type=Path, metavar="MODEL", help="what torch.save wrote: a state dict or a whole module"
    )
    command.add_argument(
        "--vocab", type=Path, required=True, metavar="FILE", help="one word a line; line number = index"
    )
    command.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FILE", help="the model file to write, .npz"
    )
    command.add_argument(
        "--context",
        type=Path,
        metavar="FILE",
        help="words to be read before each sentence "
        "(default: the paper's five sentences, if the vocabulary has their words)",
    )
    command.add_argument(
        "--module",
        action="append",
        default=[],
        metavar="NAME",
        help="full name of a further module class that the file may hold, such as my_package.Model",
    )


def run(options):
    """Read, report, write."""
    context = None if options.context is None else read_words(options.context)
    found = import_checkpoint(options.file, options.vocab, context, options.module)
    if context is None and set(CONTEXT) <= set(found.vocabulary):
        context = CONTEXT
    for key, value in found.report.items():
        print(f"{key}: {value}")
    t = found.tensors  # views of the file: nothing is copied on the way to the new one
    model = LanguageModel(
        found.vocabulary,
        t["encoder.weight"],
        layers_from(t, prefix="rnn."),
        t["decoder.weight"],
        t["decoder.bias"],
        tuple(context or ()),
        provenance={"imported from": options.file.name, **found.report},
    )
    model.save(options.output)
    print(f"context: {len(model.context)} words\nwritten: {options.output}")
