"""The files that are made of all results: the report, results.json for programs, and both parts of the ledger."""

from ..analyses.tables import render, to_json
from ..io.atomic import write_whole
from ..models import describe
from .html import page
from .ledger import COLUMNS, LATER, ledger
from .provenance import options, versions
from .reproduce import EXPLORER, results_of


def write(name, experiment, runs, folder):
    """Write report.html, with links to an explorer if one is in the folder, results.json, claims.csv, later_claims.csv.

    Parameters
    ----------
    name : str
        The model's.
    experiment : Experiment
    runs : list of reproduce.Run
    folder : Path

    Returns
    -------
    rows, later : lists
        Both parts of the ledger: the paper's claims, and those of later papers.
    """
    results = results_of(runs)
    rows, later = ledger(experiment, results), ledger(experiment, results, LATER)
    texts = {
        "claims.csv": render(COLUMNS, rows, "csv") + "\n",
        "later_claims.csv": render(COLUMNS, later, "csv") + "\n",
        "results.json": to_json(for_programs(name, experiment, runs, rows, later)) + "\n",
        "report.html": page(name, experiment, runs, rows, later, explorer=(folder / EXPLORER).exists()),
    }
    for file_name, text in texts.items():
        with write_whole(folder / file_name, "w") as file:
            file.write(text)
    return rows, later


def for_programs(name, experiment, runs, rows, later):
    """All that a program may want to know, as JSON can hold it."""
    table2 = results_of(runs)["agreement"]
    tables = {
        f"{one.analysis.home}/{table.name}": records(table.columns, table.rows)
        for one in runs
        if one.result is not None
        for table in one.result.tables()
        if not table.long
    }
    return {
        "model": {
            "name": name,
            "sha256": describe(experiment.model)["sha256 of the weights"],
            "layers": experiment.model.sizes,
        },
        "options": options(experiment),
        "versions": versions(),
        "table2": tables["agreement/table2"],
        "strong_units": records(*table2.units_above_threshold()),
        "number_units": table2.numbers,
        "claims": records(COLUMNS, rows),
        "later claims": records(COLUMNS, later),
        "tables": tables,
        "stages": {
            one.analysis.name: {"seconds": one.seconds, "date": one.date, "not done": one.unavailable or None}
            for one in runs
        },
    }


def records(columns, rows):
    """The rows of a table as dicts."""
    return [dict(zip(columns, row, strict=True)) for row in rows]
