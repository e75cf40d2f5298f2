"""The report: one HTML file of all that was found on a model, which needs no network and no script."""

import os
import shlex
from collections import Counter
from datetime import UTC, datetime
from html import escape
from pathlib import Path

from ..analyses.study import FULL
from ..analyses.tables import plain, render, show, to_json
from ..io.atomic import write_whole
from ..models import describe
from .claims import LEDGER, VERDICTS, ledger
from .findings import findings
from .measures import Found
from .provenance import processor, versions
from .stages import OPEN

STYLE = Path(__file__).with_name("report.css")
MARKS = dict(zip(VERDICTS, ("✓", "✗", "–"), strict=True))
NUMBER = ' class="number"'
TITLE, BEYOND = "Number and syntax units", "What the paper leaves open"


def shape(model):
    """What a model is, in a few words."""
    layers = " + ".join(map(str, model.sizes))
    return (
        f"{len(model.sizes)} LSTM layer{'s' * (len(model.sizes) > 1)} of {layers} units, {len(model.vocabulary)} words"
    )


def left_out(study):
    """What a run does not do that a full one does: a sentence, or nothing."""
    texts = []
    if study.n_random < FULL:
        texts.append(
            f"groups of units are compared with {study.n_random:,} random sets, not {FULL:,}, so that no p is below "
            f"{1 / (study.n_random + 1):.2g}"
        )
    if study.n is not None:
        texts.append(f"there are {study.n:,} sentences a condition, not the published counts of 300 to 900")
    return f"Not a full run: {'; '.join(texts)}. --full does it all." if texts else ""


def write(name, study, results, folder):
    """Write report.html, results.json and claims.csv.

    Parameters
    ----------
    name : str
        The model's.
    study : study.Study
    results : list of pipeline.Result
    folder : Path

    Returns
    -------
    list
        The ledger.
    """
    found = Found(
        {one.stage.name: one.found for one in results if not one.undone},
        {one.stage.name: one.undone for one in results if one.undone},
    )
    rows = ledger(findings(study, found))
    texts = {
        "claims.csv": render(LEDGER, rows, "csv") + "\n",
        "results.json": to_json(for_programs(name, study, results, rows)) + "\n",
        "report.html": page(name, study, results, rows),
    }
    for file_name, text in texts.items():
        with write_whole(folder / file_name, "w") as file:
            file.write(text)
    return rows


def for_programs(name, study, results, rows):
    """All that a program may want to know, as JSON can hold it."""
    table = results[0].found.table
    columns, cells = table.rows()
    strong = table.strong_units()
    return {
        "model": {"name": name, "sha256": describe(study.model)["sha256 of the weights"], "layers": study.model.sizes},
        "options": options(study),
        "versions": versions(),
        "table2": [dict(zip(columns, row, strict=True)) for row in cells],
        "strong_units": [dict(zip(strong[0], row, strict=True)) for row in strong[1]],
        "number_units": table.numbers,
        "claims": [dict(zip(LEDGER, row, strict=True)) for row in rows],
        "tables": {
            f"{one.stage.name}/{table.name}": [dict(zip(table.columns, row, strict=True)) for row in table.rows]
            for one in results
            for table in one.section.tables
        },
        "stages": {
            one.stage.name: {"seconds": one.seconds, "date": one.date, "not done": one.undone or None}
            for one in results
        },
    }


def options(study):
    """The options of a run by name."""
    return {
        "sentences a condition": study.n or "published counts",
        "random sets": study.n_random,
        "seed": study.seed,
        "state": "zero" if study.state is None else study.state,
        "lexicon": study.lexicon,
        "unknown": study.unknown,
        "kind": study.kind,
        "precision": str(study.model.dtype),
        "Linzen set": f"{len(study.linzen):,} sentences",
    }


def command_line(name, study, command):
    """A command with the options of model and sentences that this run had."""
    words = ["minilstm", *command.split(), "--model", name]
    for option, value, usual in (
        ("--n", study.n, None),
        ("--seed", study.seed, 0),
        ("--lexicon", study.lexicon, "paper"),
        ("--unknown", study.unknown, "error"),
        ("--kind", study.kind, "paper"),
    ):
        if value != usual and (option != "--kind" or command.startswith(("ablate", "agreement", "smallest"))):
            words += [option, str(value)]
    words += ["--state", "zero"] * (study.state is None) + ["--float64"] * (str(study.model.dtype) == "float64")
    return shlex.join(words)


def page(name, study, results, rows):
    """The report as HTML."""
    paper, beyond = ([one for one in results if (one.stage.where == OPEN) == further] for further in (False, True))
    parts, more = ([(one.stage.name, one.stage.title) for one in some] for some in (paper, beyond))
    contents = [
        ("summary", "Summary"),
        *parts,
        ("claims", "The paper's claims"),
        ("open", BEYOND),
        *more,
        ("provenance", "How this was made"),
    ]
    body = [
        f"<header><h1>{TITLE} in {escape(name)}</h1><p>The analyses of Lakretz et al. (2019), <cite>The emergence of number and "
        f"syntax units in LSTM language models</cite>, on {'their own' if study.original else 'another'} network: "
        f"{escape(shape(study.model))}.</p></header>",
        '<nav aria-label="Contents"><ol>',
        *(f'<li><a href="#{anchor}">{escape(title)}</a></li>' for anchor, title in contents),
        "</ol></nav><main>",
        _summary(study, results, rows),
        *(_section(name, study, one) for one in paper),
        _ledger(rows),
        f'<section id="open"><h2>{BEYOND}</h2><p>Questions that the paper leaves open: what follows tests none of its claims.</p>',
        *(_section(name, study, one, "h3") for one in beyond),
        "</section>",
        _provenance(study, results),
        "</main>",
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{TITLE} in {escape(name)}</title>\n<style>\n{STYLE.read_text(encoding='utf-8')}</style>\n</head>\n<body>\n"
        + "\n".join(body)
        + "\n</body>\n</html>\n"
    )


def _summary(study, results, rows):
    count = Counter(row[LEDGER.index("verdict")] for row in rows)
    counted = (
        f"Of the paper's {len(rows)} claims {count[VERDICTS[0]]} hold in this network, {count[VERDICTS[1]]} do not, and "
        f"{count[VERDICTS[2]]} cannot be tested on it."
    )
    lines = [one.section.summary for one in results if one.section.summary]
    bullets = "".join(f"<li>{escape(line)}</li>" for line in lines)
    note = left_out(study)
    note = f'<p class="note">{escape(note)}</p>' if note else ""
    return f'<section id="summary"><h2>Summary</h2><p><strong>{counted}</strong></p><ul>{bullets}</ul>{note}</section>'


def _section(name, study, one, heading="h2"):
    stage, section = one.stage, one.section
    commands = "".join(
        f"<li><code>{escape(command_line(name, study, command))}</code></li>" for command in section.commands
    )
    return "\n".join(
        [
            f'<section id="{stage.name}"><{heading}>{escape(stage.title)}</{heading}><p class="where">{escape(stage.where)}</p>',
            *(f"<p>{escape(text)}</p>" for text in section.text),
            *(_figure(stage.name, figure) for figure in section.figures),
            *(_table(stage.name, table.name, table.caption, table.columns, table.rows) for table in section.tables),
            f'<p class="commands">Alone, in the terminal:</p><ul class="commands">{commands}</ul>' if commands else "",
            "</section>",
        ]
    )


def _figure(stage, figure):
    """The picture with its caption; on a narrow screen a wide one scrolls within its own box."""
    label = escape(f"{figure.alt}; described below", quote=True)
    width = float(figure.svg.split('viewBox="')[1].split('"')[0].split()[2])
    svg = figure.svg.replace("<svg ", f'<svg role="img" aria-label="{label}" style="--width: {width:.0f}" ', 1)
    return (
        f'<figure id="{stage}-{figure.name}"><div class="scroll" tabindex="0">{svg}</div>'
        f"<figcaption>{escape(figure.caption)}</figcaption></figure>"
    )


def _table(stage, name, caption, columns, rows):
    numbers = [all(_is_number(row[k]) for row in rows) for k in range(len(columns))]
    head = "".join(
        f'<th scope="col"{NUMBER * right}>{escape(str(column))}</th>'
        for column, right in zip(columns, numbers, strict=True)
    )
    body = "".join(
        "<tr>" + "".join(_cell(k, cell, numbers[k]) for k, cell in enumerate(row)) + "</tr>\n" for row in rows
    )
    return (
        f'<figure class="table" id="{stage}-{name}-table"><figcaption>{escape(caption)}</figcaption>'
        f'<div class="scroll" tabindex="0"><table><thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody></table></div></figure>'
    )


def _cell(k, cell, number):
    tag, scope = ("th", ' scope="row"') if k == 0 else ("td", "")
    return f"<{tag}{scope}{NUMBER * number}>{escape(show(cell))}</{tag}>"


def _is_number(cell):
    try:
        float(show(cell).strip("*-") or 0)
    except ValueError:
        return False
    return True


def _ledger(rows):
    items = []
    for number, section, text, paper, measure, criterion, value, verdict, reason in rows:
        facts = {"Paper": paper, "Here": value, "Measure": measure, "Criterion": criterion, "Remark": reason}
        facts = "".join(f"<dt>{key}</dt><dd>{escape(str(fact))}</dd>" for key, fact in facts.items() if fact)
        items.append(
            f'<li id="claim-{number}" value="{number}" class="{verdict.replace(" ", "-")}"><p><span class="verdict">'
            f'<span aria-hidden="true">{MARKS[verdict]} </span>{verdict}</span> {escape(text)} <span class="where">({escape(section)})</span></p>'
            f"<dl>{facts}</dl></li>"
        )
    strip = "".join(
        f'<a class="{row[7].replace(" ", "-")}" href="#claim-{row[0]}" title="{escape(row[2], quote=True)}: {row[7]}">{row[0]} '
        f'<span aria-hidden="true">{MARKS[row[7]]}</span></a>'
        for row in rows
    )
    return (
        f"<section id=\"claims\"><h2>The paper's claims</h2><p>Each with the paper's number, this network's, and the criterion, "
        f'which was written down before any network was looked at.</p><div class="strip">{strip}</div>'
        f'<ol class="ledger">{"".join(items)}</ol></section>'
    )


def _provenance(study, results):
    model = [[key, _text(value)] for key, value in describe(study.model).items()]
    machine = {
        "processor": processor(),
        "cores": os.cpu_count(),
        "report written": datetime.now(UTC).isoformat(" ", "seconds"),
    }
    made = [[key, str(value)] for key, value in {**options(study), **versions(), **machine}.items()]
    where = {True: "kept from an earlier run", False: "this run"}
    stages = [
        [one.stage.title, f"{one.seconds:.1f}", one.date, "not done" if one.undone else where[one.again]]
        for one in results
    ]
    return "\n".join(
        [
            '<section id="provenance"><h2>How this was made</h2>',
            _table("provenance", "model", "The model, as its file says.", ("what", "value"), model),
            _table("provenance", "run", "This run: options, versions, machine.", ("what", "value"), made),
            _table(
                "provenance",
                "stages",
                "What each stage took. A stage is kept while model, options, versions and code are the same.",
                ("stage", "seconds", "measured", "in"),
                stages,
            ),
            "</section>",
        ]
    )


def _text(value):
    if isinstance(value, dict):
        return ", ".join(f"{key} {one}" for key, one in value.items())
    return str(plain(value))
