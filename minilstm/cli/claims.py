"""`minilstm claims`: the paper's claims, one by one, judged on any model; with --later, those of later papers."""

import sys
import textwrap
from argparse import Namespace
from collections import Counter
from pathlib import Path

from ..analyses import ANALYSES
from ..analyses.base import VERDICTS
from ..analyses.experiment import FULL, NOT_GIVEN, QUICK
from ..errors import MinilstmError
from ..report.ledger import CLAIMS, COLUMNS, LATER, judge, ledger, remarks
from .options import RESULTS, experiment_of, load_model, refuse
from .reproduce import add_experiment_options

SIGNS = dict(zip(VERDICTS, ("+", "-", ""), strict=True))  # in the table over all models
WIDTH = 110
SLOWEST = "english-650"  # would take longer than all other models together
HEADING = "number_units", "syntax_unit", "interchange"  # what names S*, P* and Y*, and what the remarks read
JUDGED = {  # {part of the ledger: analyses}
    part: [one for one in ANALYSES if one.name in HEADING or set(one.claims) & set(part)] for part in (CLAIMS, LATER)
}


def add_options(command):
    """The options of `minilstm claims`, beside those of a model."""
    amount = add_experiment_options(command)
    amount.add_argument("--quick", action="store_true", help=f"{QUICK} random sets, not {FULL}")
    command.add_argument("--later", action="store_true", help="claims of later papers about such networks")
    command.add_argument(
        "--all", action="store_true", help=f"the bundled models but {SLOWEST}, in one table in Markdown"
    )


def run(options):
    """Judge every claim on one model, or on all bundled ones; 1 if a model cannot do some analysis."""
    from ..analyses.tables import render

    if options.later:
        refuse(options, "the Linzen set is for the paper's claims; no later one reads it", linzen="--linzen")
    if options.all:
        refuse(options, "--all asks all bundled models", model="--model")
        return _all(options)
    claims = _part(options)
    experiment, results = _results(options)
    rows = ledger(experiment, results, claims)
    if options.form != "text":
        print(render(COLUMNS, rows, options.form))
        return int(bool(results.unavailable))
    kind = "the paper's own model" if experiment.original else "another model than the paper's"
    print(f"{options.model}, judged as {kind}")
    selected = results["number_units"].selected
    units = {"S*": selected["S"], "P*": selected["P"]}
    units["Y*"] = None if "syntax_unit" in results.unavailable else results["syntax_unit"].unit
    print(", ".join(f"{name}: {unit or 'none'}" for name, unit in units.items()) + "\n")
    notes = remarks(experiment, results)
    print("\n".join(_entry(*row, notes.get(row[0], "")) for row in rows))
    count = Counter(row[COLUMNS.index("verdict")] for row in rows)
    print("\n" + ", ".join(f"{verdict}: {count[verdict]}" for verdict in VERDICTS))
    return int(bool(results.unavailable))


def _part(options):
    """The claims that are asked for."""
    return LATER if options.later else CLAIMS


def verdict_table(judged, claims=CLAIMS):
    """A table in Markdown, claims down and models across: + holds, - does not hold, ? not asked, empty: not testable.

    Parameters
    ----------
    judged : dict
        {name of a model: list of ledger.Judgement}.
    claims : sequence of Claim
    """
    lines = [f"| # | sec. | claim | {' | '.join(judged)} |", "|---" * (3 + len(judged)) + "|"]
    for claim, *found in zip(claims, *judged.values(), strict=True):
        cells = " | ".join("?" if one.reason == NOT_GIVEN else SIGNS[one.verdict] for one in found)
        lines.append(f"| {claim.number} | {claim.section} | {claim.text} | {cells} |")
    return "\n".join(lines)


def _all(options):
    from .. import models

    if options.form != "text":
        raise MinilstmError("--all: prints a table in Markdown, neither JSON nor CSV")
    claims, judged = _part(options), {}
    for name in models.names():
        if name == "mini":  # another name of one of them
            continue
        if name == SLOWEST:
            print(f"{name}: left out, it would take longer than all others; --model {name} asks it", file=sys.stderr)
            continue
        print(f"{name} ...", file=sys.stderr)
        one = Namespace(**{**vars(options), "model": name})  # each with the lexicon of its own file
        judged[name] = judge(*_results(one), claims)
    print(verdict_table(judged, claims))


def _results(options):
    """The experiment, and the results that claims are judged by, from the cache of `reproduce` where they fit."""
    from . import analysis

    model = load_model(options)
    one = Namespace(**vars(options))
    one.n_random = options.n_random or (QUICK if options.quick else FULL)
    experiment = experiment_of(model, one)
    return experiment, analysis.compute(experiment, JUDGED[_part(options)], {}, RESULTS / Path(options.model).stem)


def _entry(number, section, text, paper, measure, criterion, value, verdict, reason, note):
    """One claim in a few lines."""
    indent = " " * 5
    lines = [f"{number:>3}. {verdict.upper()}: {text} ({section})", f"{indent}paper: {paper}; here: {value}"]
    lines.append(f"{indent}{measure}: {criterion}" + (f" [{reason}]" if reason else ""))
    if note:
        lines.append(f"{indent}{note}")
    return "\n".join(textwrap.fill(line, WIDTH, subsequent_indent=indent + "  ") for line in lines)
