"""`minilstm trace`: one sentence through chosen units, in the terminal and as a picture."""

import sys
from pathlib import Path

import numpy as np

from .arguments import by_layer
from .errors import MinilstmError
from .language_model import log_softmax
from .plots import GATES, plot_trace, save
from .tables import render


def show_trace(model, options, state):
    """Print C~, i, f, C and o of each unit at each word, and draw them."""
    units = options.units or tuple(model.provenance.get("number_units", ()))
    if not units:
        raise MinilstmError("--units: this model's file names no number units; `minilstm reproduce` looks for them")
    words = options.sentence.split()
    if not words:
        raise MinilstmError("the sentence is empty; expected words between spaces")
    trace = model.trace(words, state, options.off, options.unknown)
    values = {gate: unit_values(getattr(trace, gate), units, model.sizes) for gate in GATES}
    choices = {}
    if options.forms:
        forms = options.forms.split("/")
        logits = model.logits(words, state=state, ablate=options.off, unknown=options.unknown)
        choices = dict(zip(forms, np.exp(log_softmax(logits))[:, model.encode(forms)].T, strict=True))

    columns = ["word", *(f"{gate} {unit}" for unit in units for gate in GATES), *(f"p({form})" for form in choices)]
    cells = np.column_stack([values[gate][:, k] for k in range(len(units)) for gate in GATES] + list(choices.values()))
    if options.form == "text":
        digits = [2] * (len(columns) - 1 - len(choices)) + [4] * len(choices)  # p of one verb among many is small
        cells = [[f"{cell:.{n}f}" for cell, n in zip(row, digits, strict=True)] for row in cells]
    print(render(columns, [[word, *row] for word, row in zip(words, cells, strict=True)], options.form))

    if options.out is None and options.form != "text":
        return
    path = options.out or Path("trace.png")
    if path.suffix not in (".png", ".svg"):
        raise MinilstmError(f"--out: expected a name that ends in .png or .svg, got {path}")
    save(plot_trace(words, units, values, choices), path)
    print(f"\nwritten: {path}", file=sys.stderr)


def unit_values(field, units, sizes):
    """The values (steps, units) of units in the paper's numbers, from one field of the trace of one sentence."""
    columns = []
    for unit in units:
        layer, index = next((k, found[0]) for k, found in enumerate(by_layer([unit], sizes)) if len(found))
        columns.append(field[layer][:, 0, index])
    return np.stack(columns, axis=1)
