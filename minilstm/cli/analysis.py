"""One command for each analysis: what it prints is what its section of the report holds."""

import sys
from dataclasses import replace
from pathlib import Path

from ..analyses import BY_NAME
from ..analyses.base import Results, Unavailable, format_units, with_roles
from ..analyses.experiment import Experiment, positive, reads_unknown, unit_numbers
from ..analyses.number_units import named_by_file
from ..errors import MinilstmError
from .options import NOT_DRAWN, NOT_PREDICTIONS, RESULTS, UNITS, experiment_of, load_model, refuse
from .output import check_out, out_option, print_results, write_out

FIELDS = Experiment.__dataclass_fields__
SEARCH = "search"
GIVEN_HELP = {
    "--units": f"the number units, or those in their place; `{SEARCH}`: as `minilstm reproduce` does (default: those "
    f"of the last layer that the model's file names, else {SEARCH}, "
    f"as `ablate` without --units always does; {UNITS})",
    "--from": "the syntax units, whose weights are shown (default: by the regression on depth)",
    "--short": "the short-range units, or `none` (default: by the rule of section 4.2)",
}


def with_needs(analyses, named=()):
    """The analyses and all that they need, directly or not, in order of need; nothing where units are named."""
    ordered = {}

    def visit(analysis):
        for name in analysis.needs if analysis.name not in named else ():
            visit(BY_NAME[name])
        ordered[analysis.name] = analysis

    for analysis in analyses:
        visit(analysis)
    return list(ordered.values())


def add_options(command, variants):
    """Flags for all analyses of one command.

    Parameters
    ----------
    command : argparse parser
    variants : dict
        {flag: analyses}: those that the command shows with the flag; without one under "".
    """
    analyses = with_needs([analysis for some in variants.values() for analysis in some])
    for flag in variants:
        if flag:
            command.add_argument(flag, action="store_true", help=_lower(variants[flag][0].title))
    for flag in dict.fromkeys(analysis.given_by for analysis in analyses if analysis.given is not None):
        kind = _named_or_none if flag == "--short" else _named
        command.add_argument(flag, dest=_dest(flag), type=kind, metavar="UNITS", help=GIVEN_HELP[flag])
    options = {option.name: option for one in analyses for option in one.options if _is_offered(option, one, variants)}
    for option in options.values():
        option.add_to(command)
    if "n_random" not in options:
        command.add_argument(
            "--random", dest="_random", type=positive, metavar="N", help="accepted; see `ablate --group`"
        )
    command.add_argument(
        "--lower",
        dest="lowercase_context",
        action="store_true",
        help="read the context in lower case, as the paper's own model did",
    )
    out_option(command)


def _is_offered(option, analysis, variants):
    """Return whether a command has an option: its own analyses' all, and of what they need those of the experiment."""
    return option.name in FIELDS or any(analysis in some for some in variants.values())


def _lower(title):
    return title[0].lower() + title[1:]


def _dest(flag):
    return f"named_{flag.strip('-')}"


def _named(text):
    """'3,17' or 'search'."""
    return SEARCH if text == SEARCH else unit_numbers(text)


def _named_or_none(text):
    """The same, or 'none'."""
    return () if text == "none" else _named(text)


def run(options, variants):
    """Show the analyses of a command; 1 if one of them is unavailable; raises Unavailable if the first of them is."""
    check_out(options.out)
    if getattr(options, "_random", None):
        print("--random: group tests are made by `minilstm ablate --group`", file=sys.stderr)
    flag = next((flag for flag in variants if flag and getattr(options, flag.strip("-"))), "")
    shown = variants[flag]
    _refuse_sentences(options, shown[0])
    model = load_model(options)
    named = _named_units(options, model, with_needs(shown))
    _refuse_unread(options, variants, shown, named)
    half = options.half or ("all" if "number_units" in named else "even")
    experiment = experiment_of(model, options, half=half)
    results = compute(experiment, shown, named, RESULTS / Path(options.model).stem, _own_options(options, shown))
    _say_units(options, results, named)
    if shown[0].name in results.unavailable:  # what the command is about
        raise Unavailable(results.unavailable[shown[0].name])
    found = [results[one.name] for one in shown if one.name not in results.unavailable]
    for one in shown:
        if one.name in results.unavailable:
            print(f"minilstm: {one.title}: {results.unavailable[one.name]}", file=sys.stderr)
    print_results(found, options.form)
    write_out(found, options.out)
    return int(len(found) < len(shown))


def _refuse_sentences(options, analysis):
    """Raise where sentences are chosen that the analysis which the command is about does not read."""
    chosen = "--stimuli" if options.stimuli else "--task" if options.tasks else ""
    if chosen and "tasks" not in analysis.reads:
        instead = "; --sentences gives it others" if "sentences" in options else ""
        raise MinilstmError(f"{chosen}: {analysis.title}: this reads no sentences of tasks{instead}")


def _refuse_unread(options, variants, shown, named):
    """Raise MinilstmError for an option that nothing reads of what is computed."""
    computed = with_needs(shown, named)
    every = with_needs([analysis for some in variants.values() for analysis in some])
    # units that are named need no computation, but for the peak activity of those in the place of Y*
    reading = [one for one in computed if one.name not in named or one in shown or one.given_by == "--from"]
    read = {what for one in reading for what in one.reads}
    drawn = any("tasks" in one.reads and not (options.stimuli and one in shown) for one in reading)
    taken = {option.name for one in reading for option in one.options if _is_offered(option, one, {"": shown})}
    named_by = {_dest(one.given_by) for one in computed if one.given is not None}
    for analysis in every:
        for option in analysis.options:
            if option.name not in taken:
                refuse(options, _where(option.name, variants), **{option.name: option.flag})
        if analysis.given is not None and _dest(analysis.given_by) not in named_by:
            refuse(options, "nothing here reads what it names", **{_dest(analysis.given_by): analysis.given_by})
    if "activity" not in read:
        refuse(options, NOT_PREDICTIONS, lowercase_context="--lower")
    if not drawn:
        why = NOT_DRAWN if options.stimuli else "nothing here reads sentences of the tasks"
        refuse(options, why, lexicon="--lexicon")
        if "n_random" not in taken:
            refuse(options, why, seed="--seed")
        if not options.stimuli:
            refuse(options, why, n="--n")
    if "halves" not in read:
        refuse(options, "nothing here reads a half of the sentences", half="--half")


def _where(name, variants):
    """With which flag of its command an option goes."""
    flags = [
        flag for flag, some in variants.items() if any(name == option.name for one in some for option in one.options)
    ]
    return f"goes with {flags[0]}" if flags and flags[0] else "nothing here reads it"


def _named_units(options, model, analyses):
    """{name of an analysis: the units that the options name, or the model's file}."""
    named = {}
    for analysis in analyses:
        if analysis.given is None:
            continue
        units = getattr(options, _dest(analysis.given_by))
        if units is None and analysis.name == "number_units":
            units = named_by_file(model) or None
        if units is not None and units != SEARCH:
            total = sum(model.sizes)
            for unit in units:
                if not 1 <= unit <= total:
                    raise MinilstmError(f"{analysis.given_by}: unit {unit}: this network has units 1 to {total}")
            named[analysis.name] = units
    return named


def _own_options(options, shown):
    """{name of an analysis: its options that are no fields of an Experiment}."""
    return {
        one.name: {option.name: getattr(options, option.name) for option in one.options if option.name not in FIELDS}
        for one in shown
    }


def compute(experiment, shown, named, folder, own=None):
    """Results of some analyses and of all that they need.

    Parameters
    ----------
    experiment : Experiment
        Tasks and sentences that a user asked for go to the analyses shown; units are searched on the usual ones.
    shown : list of Analysis
    named : dict
        {name of an analysis: units}: nothing is searched there.
    folder : Path
        Where `minilstm reproduce` may have cached results of this model. It is only read.
    own : dict
        {name of an analysis: options of its own}.

    Returns
    -------
    Results
    """
    from ..report.reproduce import lookup

    usual = replace(experiment, tasks=(), stimuli=())
    results = Results()
    for analysis in with_needs(shown, named):
        asked = experiment if analysis in shown else usual
        if analysis.name in named:
            keywords = (own or {}).get(analysis.name, {}) if analysis in shown else {}
            results[analysis.name] = analysis.given(asked, named[analysis.name], **keywords)
            continue
        keywords = (own or {}).get(analysis.name, {})
        if _as_reproduced(analysis, keywords, named):
            result = lookup(asked, folder, analysis)
            if result is not None:
                results[analysis.name] = result
                continue
        with results.attempt(analysis.name, reads_unknown(asked.model, asked.unknown)):
            for name in analysis.needs:
                if name in results.unavailable:
                    raise Unavailable(results.unavailable[name])
            results[analysis.name] = analysis.compute(asked, results, **keywords)
    return results


def _as_reproduced(analysis, keywords, named):
    """Return whether `reproduce` computes the same: no option of its own is set, and no unit it needs was named."""
    usual = {option.name: list(option.default) if option.repeat else option.default for option in analysis.options}
    set_options = [name for name, value in keywords.items() if value != usual[name]]
    return not set_options and not {one.name for one in with_needs([analysis])} & named.keys()


def _say_units(options, results, named):
    """Print which number units these are, and where they come from."""
    if "number_units" not in results:
        return
    if "number_units" not in named and not results["number_units"].by_rule:
        said = "no number unit: none was searched, since these sentences lack the conditions that tell them"
    elif "number_units" not in named:
        units = with_roles(results["number_units"].roles) or "no number unit"
        said = f"{units}: searched on odd ids, judged on even ones"
    else:
        source = "as given" if getattr(options, _dest("--units")) else "as the model's file names them"
        said = f"{format_units(named['number_units'])}, {source}"
    print(said, file=sys.stderr)
