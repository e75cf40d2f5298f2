"""`minilstm trace`: a sentence through chosen units, beside another if wanted, in the terminal and as a picture."""

import sys
from pathlib import Path

import numpy as np

from ..analyses.plots import GATES, plot_trace, save
from ..analyses.tables import render
from ..errors import MinilstmError
from ..language_model import log_softmax
from ..units import by_layer, pick


def show_trace(model, options, state):
    """Print C~, i, f, C and o of each unit at each word, of one sentence or of two, and draw them."""
    units = options.units or tuple(model.provenance.get("number_units", ()))
    if not units:
        raise MinilstmError("--units: this model's file names no number units; `minilstm reproduce` looks for them")
    sentences = [one.split() for one in (options.sentence, options.beside) if one is not None]
    if not all(sentences) or len({len(words) for words in sentences}) > 1:
        lengths = " and ".join(str(len(words)) for words in sentences)
        raise MinilstmError(f"expected words between spaces, as many in --beside; got sentences of {lengths} words")
    by_layer(units, model.sizes)  # an error of ours for a unit that does not exist
    forms = options.forms.split("/") if options.forms else ()
    read = [_read(model, words, units, forms, options, state) for words in sentences]

    columns = ["word", *(f"{gate} {unit}" for unit in units for gate in GATES), *(f"p({form})" for form in forms)]
    rows = []
    for words, values, choices in read:
        by_unit = [values[gate][:, k] for k in range(len(units)) for gate in GATES]
        cells = np.column_stack([*by_unit, *choices.values()])
        if options.form == "text":
            digits = [2] * len(by_unit) + [4] * len(choices)  # p of one verb among many is small
            cells = [[f"{cell:.{n}f}" for cell, n in zip(row, digits, strict=True)] for row in cells]
        rows += [[word, *row] for word, row in zip(words, cells, strict=True)]
    print(render(columns, rows, options.form))

    if options.out is None and options.form != "text":
        return
    path = options.out or Path("trace.png")
    if path.suffix not in (".png", ".svg"):
        raise MinilstmError(f"--out: expected a name that ends in .png or .svg, got {path}")
    save(plot_trace(read[0][0], units, *read[0][1:], *read[1:]), path)
    print(f"\nwritten: {path}", file=sys.stderr)


def _read(model, words, units, forms, options, state):
    """The words; C~, i, f, C, o, each (steps, units), by name; p after each word, (steps,), by form."""
    trace = model.trace(words, state, options.off, options.unknown)
    values = {gate: pick(getattr(trace, gate), units, model.sizes)[:, 0] for gate in GATES}
    if not forms:
        return words, values, {}
    log_p = log_softmax(model.logits(words, state=state, ablate=options.off, unknown=options.unknown))
    return words, values, dict(zip(forms, np.exp(log_p)[:, model.encode(forms)].T, strict=True))
