"""`minilstm explore`: a model alive in one HTML page, to look into and to break."""

import sys
from pathlib import Path

from ..analyses.experiment import file_path
from ..explorer.page import explore, rounding_effect
from ..explorer.payload import lexicon_of
from ..io.atomic import check_writable
from ..io.vocabulary import read_words
from ..stimuli import na_task
from .options import load_model, two_forms
from .output import REPLACED


def add_options(command):
    """Add the options of the page: its file, its contents, and what it opens with."""
    command.add_argument(
        "-o", "--out", type=file_path, default=Path("explorer.html"), metavar="FILE", help="(default: explorer.html)"
    )
    command.add_argument(
        "--words",
        type=file_path,
        metavar="FILE",
        help="words that go into the page, between white space, where the model has more than 3,000 "
        "(default: those of the tasks and the most frequent ones)",
    )
    command.add_argument("--sentence", action="append", default=[], help="what to open with; give it twice for a pair")
    command.add_argument(
        "--forms", type=two_forms, metavar="A/B", help="two verb forms to compare, such as greets/greet"
    )


def run(options):
    """Write the page, and print what it holds and what the rounding of its weights costs."""
    check_writable(options.out, ".html")
    model = load_model(options)
    words = read_words(options.words) if options.words else None
    page = explore(model, options.sentence, options.forms, vocabulary=words, name=Path(options.model).stem)
    replaced = options.out.is_file()
    page.save(options.out)
    size = len(page.html.encode("utf-8"))
    words = f"{len(page.model.vocabulary)} of {len(model.vocabulary)} words"
    print(f"written: {options.out}{REPLACED * replaced}, {size / 1e6:.2f} MB, {words}")
    print(f"weights: {page.precision}; {_effect(model, page)}")
    print("Open it in any browser: it needs no network and no server.", file=sys.stderr)


def _effect(model, page):
    """Effect of rounding on the agreement tasks, in words."""
    lexicon = lexicon_of(model)
    items = [
        item for condition in ("SS", "SP", "PS", "PP") for item in na_task("nounPP", condition, 100, lexicon=lexicon)
    ]
    known = {*page.model.vocabulary}
    items = [item for item in items if known.issuperset((*item.prefix, item.right, item.wrong))]
    if not items:
        return "the effect of rounding is not measured, since the page lacks the words of the tasks"
    changed, largest = rounding_effect(model, page, items)
    return (
        f"of {len(items)} nounPP sentences rounding decides {changed} otherwise, margins change by up to {largest:.2g}"
    )
