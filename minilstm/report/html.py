"""The report: one HTML file of all results on a model, which needs no network and no script."""

import os
import shlex
from collections import Counter
from datetime import datetime, timezone
from html import escape
from pathlib import Path
from urllib.parse import urlencode

from ..analyses.base import VERDICTS, Table, with_roles
from ..analyses.experiment import NOT_GIVEN
from ..analyses.tables import plain, show
from ..models import describe
from .ledger import COLUMNS, remarks
from .provenance import options, processor, shape, versions
from .reproduce import EXPLORER, left_out, results_of, shared_options, takes_units

STYLE = Path(__file__).with_name("report.css")
MARKS = dict(zip(VERDICTS, ("✓", "✗", "–"), strict=True))
NUMBER, LINE = ' class="number"', ' class="line"'
WIDE = " wide"  # a class
SHORT = 32  # characters: columns that hold no more are not broken into lines, the table scrolls instead
LONG = 18  # rows of a table beyond which it is folded
WIDE_TABLE, WIDE_FIGURE = 80, 500  # characters, points: what is wider does not share its line with another
TITLE, BEYOND, LATER_CLAIMS = "Number and syntax units", "Beyond the paper", "Claims of later papers"
ITEM_FLAGS = (  # flag, field of the experiment, default
    ("--n", "n", None),
    ("--seed", "seed", 0),
    ("--lexicon", "lexicon", "paper"),
    ("--unknown", "unknown", "error"),
)


def command_line(name, experiment, analysis):
    """The command that prints what the section of an analysis holds."""
    files = experiment.test_sets if analysis.requires == "test_sets" else ()
    words = ["minilstm", *analysis.command.replace("--linzen", "--linzen FILE").split(), *files, "--model", name]
    if experiment.model.provenance.get("number_units") and takes_units(analysis.command):
        words += ["--units", "search"]  # else the command takes those that the model's file names
    for flag, attribute, usual in ITEM_FLAGS if analysis.requires != "test_sets" else ITEM_FLAGS[-1:]:
        if getattr(experiment, attribute) != usual:
            words += [flag, str(getattr(experiment, attribute))]
    for option in shared_options(analysis):
        if option.name in ("n_random", "kind") and getattr(experiment, option.name) != option.default:
            words += [option.flag, str(getattr(experiment, option.name))]
    words += ["--state", "zero"] * (experiment.state is None)
    words += ["--float64"] * (str(experiment.model.dtype) == "float64")
    return shlex.join(words)


def sections(runs):
    """The runs by section: {name: list of Run}, in the order of the list."""
    by_section = {}
    for one in runs:
        by_section.setdefault(one.analysis.home, []).append(one)
    return by_section


def page(name, experiment, runs, rows, later, explorer=False):
    """The report as HTML; with links to an explorer beside it, if there is one."""
    links = _explorer_links(experiment, runs) if explorer else {}
    alive = f' <a href="{EXPLORER}">See it alive</a>, and break it.' if explorer else ""
    parts = sections(runs)
    paper = {key: some for key, some in parts.items() if some[0].analysis.paper}
    beyond = {key: some for key, some in parts.items() if not some[0].analysis.paper}
    contents = [
        ("summary", "Summary"),
        *((key, some[0].analysis.title) for key, some in paper.items()),
        ("claims", "The paper's claims"),
        ("open", BEYOND),
        *((key, some[0].analysis.title) for key, some in beyond.items()),
        ("later", LATER_CLAIMS),
        ("provenance", "How this was made"),
    ]
    own = "their own" if experiment.original else "another"
    body = [
        f"<header><h1>{TITLE} in {escape(name)}</h1><p>The analyses of Lakretz et al. (2019), <cite>The emergence of "
        f"number and syntax units in LSTM language models</cite>, on {own} network: "
        f"{escape(shape(experiment.model))}.{alive}</p></header>",
        '<nav aria-label="Contents"><ol>',
        *(f'<li><a href="#{anchor}">{escape(title)}</a></li>' for anchor, title in contents),
        "</ol></nav><main>",
        _summary(experiment, [one for some in paper.values() for one in some], rows),
        *(
            f'<section id="{key}"><h2>{escape(some[0].analysis.title)}</h2>{_section(name, experiment, some, links)}'
            "</section>"
            for key, some in paper.items()
        ),
        "<section id=\"claims\"><h2>The paper's claims</h2><p>Each with the paper's number, this network's, and the "
        "criterion, which was written down before any network was looked at.</p>",
        _ledger(rows, remarks(experiment, results_of(runs))),
        "</section>",
        f'<section id="open"><h2>{BEYOND}</h2><p>Questions that the paper leaves open: what follows tests none of its '
        "claims. Each opens to its figures and tables.</p>",
        *(
            _folded(key, "h3", some[0].analysis.title, _found(some), _section(name, experiment, some, links))
            for key, some in beyond.items()
        ),
        _folded(
            "later",
            "h3",
            LATER_CLAIMS,
            f"Of {len(later)} claims about such networks in papers that came after this one {_counted(later)}.",
            "<p>Each with the published value, this network's, and the criterion.</p>" + _ledger(later, {}),
        ),
        "</section>",
        _folded(
            "provenance",
            "h2",
            "How this was made",
            "The model, options, versions and machine, and what each analysis took.",
            _provenance(experiment, runs),
        ),
        "</main>",
    ]
    text = "\n".join(body).replace(" %", "\N{NO-BREAK SPACE}%")  # else one may stand alone on a line
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{TITLE} in {escape(name)}</title>\n<style>\n{STYLE.read_text(encoding='utf-8')}</style>\n"
        f"</head>\n<body>\n{text}\n</body>\n</html>\n"
    )


def _folded(anchor, heading, title, summary, content):
    """A section of which heading and summary are seen until it is opened, by a click or by a link into it."""
    return (
        f"<details><summary><{heading}>{escape(title)}</{heading}> <span>{escape(summary)}</span></summary>"
        f'<section id="{anchor}">{content}</section></details>'
    )


def _found(runs):
    """Summaries of a section's analyses, a sentence each."""
    said = [
        f"Not done: {one.unavailable}." if one.unavailable else one.result.summary() or one.result.text()[0]
        for one in runs
    ]
    return " ".join(said)


def _counted(rows):
    """Number of claims that hold, in words."""
    count = Counter(row[COLUMNS.index("verdict")] for row in rows)
    holds, fails, untested = (count[verdict] for verdict in VERDICTS)
    return f"{holds} hold in this network, {fails} do not, and {untested} cannot be tested on it"


def _summary(experiment, runs, rows):
    counted = f"Of the paper's {len(rows)} claims {_counted(rows)}"
    asked = sum(row[COLUMNS.index("reason")] == NOT_GIVEN for row in rows)
    counted += f", {asked} of them since {NOT_GIVEN}." if asked else "."
    lines = [
        f"{one.analysis.title}: unavailable. {one.unavailable}." if one.unavailable else one.result.summary()
        for one in runs
    ]
    bullets = "".join(f"<li>{escape(line)}</li>" for line in lines if line)
    notes = [left_out(experiment), *(f"Of all sentences of the tasks, {note}." for note in experiment.vocabulary_notes)]
    notes = "".join(f'<p class="note">{escape(note)}</p>' for note in notes if note)
    return f'<section id="summary"><h2>Summary</h2><p><strong>{counted}</strong></p><ul>{bullets}</ul>{notes}</section>'


def _explorer_links(experiment, runs):
    """{name of an analysis: HTML}: the units that its figures are about, in the explorer, each in sentences in which
    its number matters; where the section is about ablation, broken."""
    results, links = results_of(runs), {}
    numbers = results["number_units"].numbers if "number_units" in results else {}
    for name, result in results.items():
        units = []
        for unit, roles in getattr(result, "roles", {}).items():
            state = {"unit": unit, **_sentences(experiment, numbers.get(unit, "S")), "tour": 0}
            state |= {"broken": f"{unit}:zero"} if name == "number_units" else {}
            units.append(f'<a href="{EXPLORER}#{escape(urlencode(state))}">{with_roles({unit: roles})}</a>')
        if units:
            links[name] = f"<p>In the explorer{', broken' * (name == 'number_units')}: {', '.join(units)}.</p>"
    return links


def _sentences(experiment, number):
    """Two sentences and a verb as the explorer's address has them: a subject of this number and an attractor, and a
    subject of the attractor's number; {} where nounPP is not among the sentences."""
    items = {item.condition: item for item in reversed(experiment.items) if item.task == "nounPP"}
    first, second = (items.get(condition) for condition in {"S": ("SP", "PP"), "P": ("PS", "SS")}[number])
    if first is None or second is None:
        return {}
    forms = (first.right, first.wrong) if number == "S" else (first.wrong, first.right)
    return {"first": " ".join(first.prefix), "second": " ".join(second.prefix), "forms": "/".join(forms)}


def _section(name, experiment, runs, links):
    """Content below a heading: of one analysis, or of several that belong together."""
    first = runs[0].analysis
    parts = [f'<p class="where">{escape(first.paper)}</p>'] if first.paper else []
    for one in runs:
        if one.unavailable:
            parts.append(
                f"<p>{escape(one.analysis.title)}: this could not be done on this model: {escape(one.unavailable)}.</p>"
            )
            continue
        parts += [f"<p>{escape(text)}</p>" for text in one.result.text()]
        parts += [links[one.analysis.name]] if one.analysis.name in links else []
        shown = [_figure(first.home, figure, one.svgs[figure.name]) for figure in one.result.figures()]
        shown += [_table(first.home, table) for table in one.result.tables() if not table.long]
        parts += ['<div class="shown">', *shown, "</div>"] if shown else []
    commands = dict.fromkeys(
        command_line(name, experiment, one.analysis)
        for one in runs
        if one.analysis.command and (experiment.linzen or one.analysis.name != "linzen")
    )
    if commands:
        listed = "".join(f"<li><code>{escape(command)}</code></li>" for command in commands)
        parts.append(f'<p class="commands">Alone, in the terminal:</p><ul class="commands">{listed}</ul>')
    return "\n".join(parts)


def _figure(section, figure, svg):
    """The picture with its caption; on a narrow screen a wide one scrolls within its own box."""
    label = escape(f"{figure.alt}; described below", quote=True)
    width = float(svg.split('viewBox="')[1].split('"')[0].split()[2])
    svg = svg.replace("<svg ", f'<svg role="img" aria-label="{label}" style="--width: {width:.0f}" ', 1)
    wide = WIDE * (width > WIDE_FIGURE)
    return (
        f'<figure class="picture{wide}" id="{section}-{figure.name}"><div class="scroll" tabindex="0">{svg}</div>'
        f"<figcaption>{escape(figure.caption)}</figcaption></figure>"
    )


def _table(section, table):
    """A table with its caption; a long one is folded."""
    numbers = [all(_is_number(row[k]) for row in table.rows) for k in range(len(table.columns))]
    head = "".join(
        f'<th scope="col"{NUMBER * right}>{escape(str(column))}</th>'
        for column, right in zip(table.columns, numbers, strict=True)
    )
    digits = [table.digits] * len(table.columns) if isinstance(table.digits, int) else table.digits
    longest = [max((len(show(row[k], digits[k])) for row in table.rows), default=0) for k in range(len(table.columns))]
    looks = [NUMBER * number or LINE * (length <= SHORT) for number, length in zip(numbers, longest, strict=True)]
    body = "".join(
        "<tr>" + "".join(_cell(k, cell, looks[k], digits[k]) for k, cell in enumerate(row)) + "</tr>\n"
        for row in table.rows
    )
    anchor = f'id="{section}-{table.name}-table"'
    cells = f"<table><thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody></table>"
    widths = [max(pair) + 3 for pair in zip(longest, map(len, table.columns), strict=True)]
    wide = WIDE * (sum(widths) > WIDE_TABLE)
    caption = f"<figcaption>{escape(table.caption)}</figcaption>"
    if len(table.rows) <= LONG:
        return f'<figure class="table{wide}" {anchor}>{caption}<div class="scroll" tabindex="0">{cells}</div></figure>'
    return (
        f'<figure class="table{wide}">{caption}<details><summary>{len(table.rows)} rows</summary>'
        f'<div class="scroll" tabindex="0" {anchor}>{cells}</div></details></figure>'
    )


def _cell(k, cell, look, digits):
    tag, scope = ("th", ' scope="row"') if k == 0 else ("td", "")
    return f"<{tag}{scope}{look}>{escape(show(cell, digits))}</{tag}>"


def _is_number(cell):
    try:
        float(show(cell).strip("*-") or 0)
    except ValueError:
        return False
    return True


def _ledger(rows, notes):
    """The verdicts in a strip, and folded below it the claims, each folded in turn; a link opens both."""
    items = []
    for number, section, text, paper, measure, criterion, value, verdict, reason in rows:
        facts = {"Paper": paper, "Here": value, "Measure": measure, "Criterion": criterion, "Remark": reason}
        facts |= {"Note": notes.get(number, "")}
        facts = "".join(f"<dt>{key}</dt><dd>{escape(str(fact))}</dd>" for key, fact in facts.items() if fact)
        items.append(
            f'<li value="{number}" class="{verdict.replace(" ", "-")}"><details><summary>'
            f'<span class="verdict"><span aria-hidden="true">{MARKS[verdict]} </span>{verdict}</span> {escape(text)} '
            f'<span class="where">({escape(section)})</span></summary><dl id="claim-{number}">{facts}</dl></details>'
            "</li>"
        )
    strip = "".join(
        f'<a class="{row[7].replace(" ", "-")}" href="#claim-{row[0]}" '
        f'title="{escape(row[2], quote=True)}: {row[7]}">{row[0]} <span aria-hidden="true">{MARKS[row[7]]}</span></a>'
        for row in rows
    )
    return (
        f'<div class="strip">{strip}</div><details><summary>All {len(rows)} in words</summary>'
        f'<ol class="ledger">{"".join(items)}</ol></details>'
    )


def _provenance(experiment, runs):
    model = [[key, _text(value)] for key, value in describe(experiment.model).items()]
    machine = {
        "processor": processor(),
        "cores": os.cpu_count(),
        "report written": datetime.now(timezone.utc).isoformat(" ", "seconds"),
    }
    made = [[key, str(value)] for key, value in {**options(experiment), **versions(), **machine}.items()]
    stages = [
        [
            one.analysis.title,
            f"{one.seconds:.1f}",
            one.date,
            "unavailable" if one.unavailable else "cached by an earlier run" if one.cached else "this run",
        ]
        for one in runs
    ]
    caption = "What each analysis took. A cached result serves while model, options, versions and code are the same."
    tables = (
        Table("model", "The model, as its file says.", ("what", "value"), model),
        Table("run", "This run: options, versions, machine.", ("what", "value"), made),
        Table("stages", caption, ("analysis", "seconds", "computed", "in"), stages),
    )
    return "\n".join(_table("provenance", one) for one in tables)


def _text(value):
    if isinstance(value, dict):
        return ", ".join(f"{key} {one}" for key, one in value.items())
    return str(plain(value))
