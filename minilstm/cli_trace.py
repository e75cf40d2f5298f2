"""`minilstm trace`: one sentence through chosen units, in the terminal and as a picture."""

import sys
from pathlib import Path

import numpy as np

from .arguments import by_layer
from .batches import pick
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
    by_layer(units, model.sizes)  # an error of ours for a unit that does not exist
    values = {gate: pick(getattr(trace, gate), units, model.sizes)[:, 0] for gate in GATES}  # (steps, units)
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
