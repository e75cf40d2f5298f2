"""`minilstm info`: what a model file holds and how it was made."""

import textwrap

from .options import load_model


def run(options):
    """Print what a person would ask of a model."""
    from ..analyses.tables import plain, render, to_json
    from ..io.original import compare, looks_like_paper_model
    from ..models import describe

    model = load_model(options)
    facts = describe(model)
    if options.form == "json":
        print(to_json(facts))
    elif options.form == "csv":
        print(render(["what", "value"], [[key, str(value)] for key, value in facts.items()], "csv"))
    else:
        for key, value in facts.items():
            text = ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else str(plain(value))
            print(textwrap.fill(f"{key}: {text}", 100, subsequent_indent="    "))
        if looks_like_paper_model(model):
            print("\nIt has the shape and the words of the paper's model. log p of verb forms, published and here:")
            print(render(*compare(model)))
