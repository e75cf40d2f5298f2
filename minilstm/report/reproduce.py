"""Run all analyses on a model, cache each result, and resume from the cache what still fits.

Every analysis has a folder of its own: `result.npz`, the result and its drawn figures with the key of what they depend
on, and tables and figures as files. `result.npz` is written last, and whole, so an analysis that was interrupted is one
that was not run. One that is unavailable on a model leaves nothing but the reason; those that do not need it go on.
"""

import json
import time
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ..analyses import ANALYSES, BY_NAME
from ..analyses.base import Analysis, Results
from ..analyses.experiment import FULL, Experiment, reads_unknown
from ..analyses.tables import render
from ..errors import MinilstmError, ModelFileError
from ..io.atomic import abandoned, write_whole
from ..language_model import LanguageModel
from ..records import short_repr
from . import cache
from .provenance import fingerprint, source, versions
from .svg import to_svg

RESULT = "result.npz"
EXPLORER = "explorer.html"  # the network alive in a page, see explorer/: the report links to it where it is there
REPORT = "report.html", "results.json", "claims.csv", "later_claims.csv", EXPLORER  # what is made of all results
# fields of an experiment that every result depends on
SHARED = "n", "seed", "state", "lexicon", "unknown", "kind", "half", "tasks", "lowercase_context"
WORDS = {
    "n": "number of sentences",
    "n_random": "number of random sets",
    "linzen": "Linzen set",
    "test_sets": "set of test sentences",
    "dtype": "precision",
    "half": "half of the sentences",
    "stimuli": "set of sentences",
    "snapshots": "set of snapshots",
    "needs": "result that it needs",
    "source": "version of this code",
    "versions": "version of a library",
}


@short_repr
@dataclass(frozen=True, eq=False)
class Run:
    """One analysis that was run, or resumed.

    Attributes
    ----------
    analysis : Analysis
    result : Result or None
        None if it is unavailable.
    svgs : dict
        {name of a figure: SVG}.
    seconds : float
        How long it took, whenever that was.
    date : str
        When it was computed.
    cached : bool
        Whether it comes from the cache.
    stale : str
        If what is in the cache did not fit: why.
    unavailable : str
        If the model cannot do it: why.
    """

    analysis: Analysis
    result: object
    svgs: dict = field(default_factory=dict)
    seconds: float = 0.0
    date: str = ""
    cached: bool = False
    stale: str = ""
    unavailable: str = ""


def reproduce(
    model: LanguageModel,
    folder: str | Path | None = None,
    *,
    fresh: bool = False,
    progress: bool = False,
    **options: Any,
) -> Results:
    """Every analysis of the paper on a model.

    Parameters
    ----------
    model : LanguageModel
    folder : str or Path, optional
        Cache results there, with all tables and figures; nothing is written if not given.
    fresh : bool
        Take nothing from the folder.
    progress : bool
        Show progress bars, if standard error is a terminal.
    **options
        Of `Experiment`: n, n_random, seed, state, linzen, lexicon, unknown, kind, test_sets.

    Returns
    -------
    Results
        {name of an analysis: its result}.

    See Also
    --------
    minilstm.ANALYSES : the list of them.

    Examples
    --------
    >>> import minilstm
    >>> results = minilstm.reproduce(minilstm.load("planted"), n=12, n_random=20)
    >>> results["number_units"].selected
    {'S': 71, 'P': 72}
    """
    experiment = Experiment(model, progress=progress, **options)
    return results_of(run(experiment, folder, fresh=fresh))


def results_of(runs):
    """The Results of a list of Run."""
    return Results(
        {one.analysis.name: one.result for one in runs if not one.unavailable},
        {one.analysis.name: one.unavailable for one in runs if one.unavailable},
    )


def in_order_of_need(analyses):
    """The analyses, each after those that it needs, and else in their order."""
    left, ordered = list(analyses), []
    while left:
        names = {analysis.name for analysis in left}
        ready = next(analysis for analysis in left if not names.intersection(analysis.needs))
        left.remove(ready)
        ordered.append(ready)
    return ordered


def takes_units(command):
    """Return whether a command can be told the number units: one of its analyses needs them, directly or not."""

    def needs_units(analysis):
        return analysis.given_by == "--units" or any(needs_units(BY_NAME[name]) for name in analysis.needs)

    return any(needs_units(analysis) for analysis in ANALYSES if analysis.command == command)


def shared_options(analysis):
    """The options of an Experiment on which a result depends, by itself or by what it needs; each once."""
    needed = [option for name in analysis.needs for option in shared_options(BY_NAME[name])]
    own = [option for option in analysis.options if option.name in Experiment.__dataclass_fields__]
    return list({option.name: option for option in (*needed, *own)}.values())


def key_of(experiment, analysis, by_name=BY_NAME):
    """Cache key: a result serves another run with an equal key, and no other."""
    key = {"analysis": analysis.name, "model": fingerprint(experiment.model), "dtype": str(experiment.model.dtype)}
    options = [option.name for option in analysis.options if option.name in Experiment.__dataclass_fields__]
    for name in (*SHARED, "stimuli", *options, *filter(None, [analysis.requires])):
        value = getattr(experiment, name)
        key[name] = value if value is None or isinstance(value, (int, float, str)) else cache.digest(value)
    needed = {name: key_of(experiment, by_name[name], by_name) for name in analysis.needs}
    key["needs"] = cache.digest(needed)
    return key | {"versions": versions(), "source": source()}


def run(experiment, folder=None, analyses=ANALYSES, fresh=False, done=lambda run: None):
    """Run analyses, or take their results from `folder`.

    Parameters
    ----------
    experiment : Experiment
    folder : str or Path, optional
        Made if it is not there. What other models or options left in it is deleted first.
    analyses : sequence of Analysis
    fresh : bool
        Take nothing from the folder.
    done : callable
        Is called with each Run as it comes.

    Returns
    -------
    list of Run
        In the order of `analyses`.

    Raises
    ------
    MinilstmError
        If the folder cannot be written, or the analysis that all others rest on is unavailable.
    """
    analyses = [one for one in analyses if not one.requires or getattr(experiment, one.requires)]
    by_name = {analysis.name: analysis for analysis in analyses}
    keys = {analysis.name: key_of(experiment, analysis, by_name) for analysis in analyses}
    cached = {} if folder is None else _prepare(Path(folder), keys, fresh)
    results, runs = Results(), {}
    for analysis in in_order_of_need(analyses):
        entry, stale = cached.get(analysis.name, (None, ""))
        if entry is not None:
            runs[analysis.name] = Run(analysis, **entry, cached=True)
            results[analysis.name] = entry["result"]
        else:
            home = None if folder is None else Path(folder) / analysis.name
            runs[analysis.name] = _compute(experiment, analysis, results, home, keys[analysis.name], stale)
        done(runs[analysis.name])
    return [runs[analysis.name] for analysis in analyses]


def _compute(experiment, analysis, results, folder, key, stale):
    """Run one analysis and put its result among `results` and into the cache."""
    start, svgs = time.perf_counter(), {}
    with results.attempt(analysis.name, reads_unknown(experiment.model, experiment.unknown)):
        missing = [name for name in analysis.needs if name in results.unavailable]
        if missing:  # for the same reason
            raise MinilstmError(results.unavailable[missing[0]])
        results[analysis.name] = result = analysis.compute(experiment, results)
        if folder is not None:
            svgs = {figure.name: to_svg(figure.draw(), figure.name) for figure in result.figures()}
    seconds, date = time.perf_counter() - start, datetime.now(timezone.utc).isoformat(" ", "seconds")
    if analysis.name in results.unavailable:
        unavailable = results.unavailable[analysis.name]
        return Run(analysis, None, {}, seconds, date, stale=stale, unavailable=unavailable)
    entry = {"result": result, "svgs": svgs, "seconds": seconds, "date": date}
    if folder is not None:
        write_files(folder, result, svgs)
        cache.save(folder / RESULT, key, entry)
    return Run(analysis, **entry, stale=stale)


def write_files(folder, result, svgs):
    """Tables of a result as CSV, figures as SVG."""
    texts = {f"{table.name}.csv": render(table.columns, table.rows, "csv") + "\n" for table in result.tables()}
    texts |= {f"{name}.svg": svg + "\n" for name, svg in svgs.items()}
    for name, text in texts.items():
        with write_whole(folder / name, "w") as file:
            file.write(text)


def _prepare(folder, keys, fresh):
    """{name: (cached entry or None, why it does not fit)}; folders made, and what does not fit deleted."""
    entries = {name: _look(folder / name / RESULT, key, fresh) for name, key in keys.items()}
    try:
        for name, (entry, _) in entries.items():
            (folder / name).mkdir(parents=True, exist_ok=True)
            if entry is None:
                _clear(folder, name)
    except OSError as error:
        raise MinilstmError(f"{error.filename}: cannot be written ({error.strerror})") from None
    return entries


def lookup(experiment, folder, analysis):
    """The cached result of an analysis if it fits, else None."""
    entry, _ = _look(Path(folder) / analysis.name / RESULT, key_of(experiment, analysis), False)
    return None if entry is None else entry["result"]


def _look(path, key, fresh):
    """The cached entry that fits `key`, or None; and why not, if there is one."""
    if not path.exists():
        return None, ""
    if fresh:
        return None, "as asked"
    try:
        its_key, entry = cache.load(path)
    except ModelFileError as error:
        return None, f"the cached result is damaged: {error}"
    its_key = its_key if isinstance(its_key, dict) else {}
    other = [name for name, one in json.loads(json.dumps(key)).items() if its_key.get(name) != one]
    if not other:
        return entry, ""
    reasons = [name for name in other if name != "needs"] or other  # what changed, not what follows from it
    return None, f"the cached result is of another {', '.join(WORDS.get(name, name) for name in reasons)}"


def _clear(folder, name):
    """Delete what an analysis left, and what was made of all results; not what another run is writing at the moment."""
    left = [path for path in (folder / name).iterdir() if path.suffix in (".npz", ".csv", ".svg") or abandoned(path)]
    for path in (*left, *(folder / name for name in REPORT)):
        path.unlink(missing_ok=True)


def left_out(experiment):
    """Parts of a full run that this one leaves out: a sentence, or nothing."""
    texts = []
    if experiment.n_random < FULL:
        texts.append(
            f"groups of units are compared with {experiment.n_random:,} random sets, not {FULL:,}, so that no p can "
            f"be smaller than 1/{experiment.n_random + 1:,}"
        )
    if experiment.n is not None:
        texts.append(f"there are {experiment.n:,} sentences a condition, not the published counts of 300 to 900")
    return f"Not a full run: {'; '.join(texts)}. --full does it all." if texts else ""
