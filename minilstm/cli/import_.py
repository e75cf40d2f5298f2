"""`minilstm import`: a PyTorch or .safetensors file to a model file, without PyTorch; nothing in the file is run."""

import math
import sys

from ..analyses.experiment import file_path
from ..errors import MinilstmError
from ..io.atomic import check_writable
from ..io.checkpoints import ENDINGS
from ..io.importing import import_model
from ..io.original import CONTEXT
from ..io.vocabulary import read_words
from ..models import model_of


def add_options(command):
    """The options of `minilstm import`."""
    command.add_argument(
        "file",
        type=file_path,
        metavar="MODEL",
        help="what torch.save wrote, a state dict or a module, or a .safetensors file",
    )
    command.add_argument(
        "--vocab",
        type=file_path,
        metavar="FILE",
        help="one word a line, line number = index, or a JSON mapping (not needed where the words are inside MODEL)",
    )
    command.add_argument(
        "-o", "--output", type=file_path, required=True, metavar="FILE", help="the model file to write, .npz"
    )
    command.add_argument(
        "--context",
        type=file_path,
        metavar="FILE",
        help="words to be read before each sentence "
        "(default: the paper's five sentences, if the vocabulary has their words)",
    )
    command.add_argument(
        "--names",
        metavar="NAMES",
        help="what the file calls the embedding, the LSTM and the decoder, such as embedding,lstm,fc, or "
        "embedding,lstm1+lstm2,fc where layers are modules of their own; anything else is then left out "
        "(default: what fits by shape)",
    )
    command.add_argument(
        "--max-norm",
        type=float,
        metavar="NORM",
        help="of nn.Embedding(max_norm=NORM), which a state dict does not hold: longer rows are scaled down",
    )
    command.add_argument(
        "--module", action="append", metavar="NAME", help="no longer needed: classes of any name are read"
    )


def run(options):
    """Read, report, write."""
    check_writable(options.output, *ENDINGS)
    context = None if options.context is None else read_words(options.context)
    names = None if options.names is None else options.names.split(",")
    if names is not None and (len(names) != 3 or not all(names)):
        raise MinilstmError(f"--names: expected three names such as embedding,lstm,fc, got {options.names!r}")
    if options.max_norm is not None and not 0 < options.max_norm < math.inf:
        raise MinilstmError(f"--max-norm: expected a number above 0, got {options.max_norm}")
    if options.module:
        print("--module: no longer needed, classes of any name are read", file=sys.stderr)
    model = import_model(options.file, options.vocab, names, context, options.max_norm)
    if context is None and set(CONTEXT) <= set(model.header["vocabulary"]):
        model.header["context"] = list(CONTEXT)
    for key, value in model.report.items():
        if key != "remarks":
            print(f"{key}: {value}")
    for remark in model.report["remarks"]:
        print(f"note: {remark}")
    model_of(options.file, model.header, model.arrays).save(options.output)  # of a model, so that `load` can open it
    print(f"context: {len(model.header['context'])} words\nwritten: {options.output}")
