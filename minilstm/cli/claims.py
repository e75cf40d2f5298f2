"""`minilstm claims`: the paper's claims, one by one, judged on any model."""

import sys
import textwrap
from argparse import Namespace
from collections import Counter

from ..analyses.study import FULL, QUICK
from ..errors import MinilstmError
from ..report.claims import CLAIMS, LEDGER, VERDICTS, judge, ledger
from .options import linzen_of, load_model, state_of, study_options

SIGNS = dict(zip(VERDICTS, ("+", "-", ""), strict=True))  # in the table over all models
WIDTH = 110


def add_options(command):
    """The options of `minilstm claims`, beside those of a model."""
    study_options(command)
    command.add_argument("--quick", action="store_true", help=f"{QUICK} random sets, not {FULL}")
    command.add_argument("--all", action="store_true", help="the models that come along, in one table for a README")


def run(options):
    """Judge every claim on one model, or on all that come along; 1 if a model cannot do some analysis."""
    from ..analyses.tables import render

    if options.all:
        return _all(options)
    model = load_model(options)
    found = _gather(model, options)
    rows = ledger(found)
    if options.form != "text":
        print(render(LEDGER, rows, options.form))
        return int(bool(found.undone))
    kind = "the paper's own model" if found.original else "another model than the paper's"
    print(f"{options.model}, judged as {kind}")
    units = {"S*": found.chosen["S"], "P*": found.chosen["P"], "Y*": None if "depth" in found.undone else found.syntax}
    print(", ".join(f"{name}: {unit or 'none'}" for name, unit in units.items()) + "\n")
    print("\n".join(_entry(*row) for row in rows))
    count = Counter(row[LEDGER.index("verdict")] for row in rows)
    print("\n" + ", ".join(f"{verdict}: {count[verdict]}" for verdict in VERDICTS))
    return int(bool(found.undone))


def verdict_table(judged):
    """A table in Markdown, claims down and models across: + holds, - does not hold, empty: not testable.

    Parameters
    ----------
    judged : dict
        {name of a model: list of claims.Judgement}.
    """
    lines = [f"| # | sec. | claim | {' | '.join(judged)} |", "|---" * (3 + len(judged)) + "|"]
    for claim, *found in zip(CLAIMS, *judged.values(), strict=True):
        cells = " | ".join(SIGNS[one.verdict] for one in found)
        lines.append(f"| {claim.number} | {claim.section} | {claim.text} | {cells} |")
    return "\n".join(lines)


def _all(options):
    from .. import models

    if options.form != "text":
        raise MinilstmError("--all: prints a table in Markdown, neither JSON nor CSV")
    judged = {}
    for name in models.names():
        if name == "mini":  # another name of one of them
            continue
        print(f"{name} ...", file=sys.stderr)
        one = Namespace(**{**vars(options), "model": name})  # each with the lexicon of its own file
        judged[name] = judge(_gather(load_model(one), one))
    print(verdict_table(judged))


def _gather(model, options):
    from ..report.findings import gather

    n_random = options.random or (QUICK if options.quick else FULL)
    return gather(
        model,
        options.n,
        n_random,
        options.seed,
        state_of(options),
        linzen_of(options),
        options.lexicon,
        options.unknown,
        progress=True,
    )


def _entry(number, section, text, paper, measure, criterion, value, verdict, reason):
    """One claim in a few lines."""
    indent = " " * 5
    lines = [f"{number:>3}. {verdict.upper()}: {text} ({section})", f"{indent}paper: {paper}; here: {value}"]
    lines.append(f"{indent}{measure}: {criterion}" + (f" [{reason}]" if reason else ""))
    return "\n".join(textwrap.fill(line, WIDTH, subsequent_indent=indent + "  ") for line in lines)
