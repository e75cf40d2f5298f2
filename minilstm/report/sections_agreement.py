"""The report on ablation: Table 2, single units, groups of units (sections 4.1 to 4.3)."""

import numpy as np

from ..analyses import groups
from ..analyses.number_agreement import by_condition, share_right
from ..analyses.plots import plot_ablations, plot_groups
from .claims_agreement import FULL
from .findings_parts import HARD
from .section import Section, drawn, half, joined, listed, table

NUMBERS = {"S": "singular", "P": "plural"}


def show_agreement(study, found):
    """Table 2 and the single-unit ablations."""
    units = found["agreement"]
    full = units.table
    columns, rows = full.rows()
    with_paper = [[*row[:3], FULL.get(tuple(row[:2])), *row[3:]] for row in rows]
    columns = [*columns[:3], "paper", *columns[3:]]
    where = by_condition(full.items)
    accuracy = {key: share_right(full.full[here]) for key, here in where.items()}
    hardest = min(accuracy, key=lambda key: (accuracy[key], np.nanmean(full.full[where[key]])))
    text = [
        f"The network is asked {len(full.items):,} times which of two verb forms is likelier, and is right on "
        f"{100 * share_right(full.full):.1f} %. The hardest condition is {' '.join(hardest)}, with "
        f"{100 * accuracy[hardest]:.1f} % ({FULL[hardest]:.1f} % in the paper){' and the smallest margin' if accuracy[hardest] == 1 else ''}. The conditions tell the number of each noun, the "
        "subject's first: in SP a plural noun, an attractor, stands between a singular subject and its verb.",
        f"{'' if study.original else 'Units of the last layer, chosen on sentences with odd ids. '}{_chosen(units)} {_by_rule(full.numbers)}",
    ]
    strong = full.strong_units()
    tables = [
        table(
            "table2",
            "Table 2. Percent correct, in the paper's network and in this one; the mean margin log p(right) "
            "- log p(wrong) in nats; 'off': with that unit ablated, where that is below 0.9 x full. "
            "'held out': sentences whose subject and verb never met in training.",
            columns,
            with_paper,
        )
    ]
    if strong[1]:
        tables.append(
            table("strong_units", "Units that cost more than 10 points somewhere when ablated alone.", *strong)
        )
    figure = drawn(
        "ablations",
        plot_ablations(full),
        "What each unit is needed for: points of accuracy lost in each condition (columns) "
        "when a unit (rows) is ablated alone, for the units that matter somewhere. A long-range number unit shows in the "
        "conditions with an attractor after subjects of its number, and nowhere else.",
        "heat map of points lost, units by conditions",
    )
    return Section(
        tuple(text),
        tuple(tables),
        (figure,),
        ("agreement", "ablate"),
        (_margins(units),),
        f"Right on {100 * share_right(full.full):.1f} % of {len(full.items):,} sentences; hardest: {' '.join(hardest)}, "
        f"{100 * accuracy[hardest]:.1f} %. " + _chosen(units),
    )


def _chosen(units):
    texts = []
    for number, unit in units.chosen.items():
        task, condition = HARD[number]
        where = f"{NUMBERS[number]}s ({task} {condition})"
        if unit is None:
            texts.append(
                f"no unit of the last layer costs more than 10 points in {where}; unit {units.costliest[number]} costs most"
            )
        else:
            items = units.table
            here = np.array([(item.task, item.condition, item.id % 2) == (task, condition, 0) for item in items.items])
            before, after = share_right(items.full[here]), share_right(items.ablated[unit - 1, here])
            texts.append(
                f"unit {unit} is {number}*, the costliest for {where}: without it {100 * before:.1f} becomes {100 * after:.1f} % "
                "on even ids"
            )
    chosen = "; ".join(texts)
    return chosen[0].upper() + chosen[1:] + "."


def _by_rule(numbers):
    found = "; ".join(f"{NUMBERS[number]}: {listed(units)}" for number, units in numbers.items())
    return f"By the stricter rule, which asks that a unit spares the easy conditions and the other number: {found}."


def _margins(units):
    shown, found = units.shown, units.table
    columns = ["task", "condition", "id", "prefix", "right", "wrong", "full", *(f"{unit} off" for unit in shown)]
    off = found.ablated[[unit - 1 for unit in shown]].T
    rows = [
        [item.task, item.condition, item.id, " ".join(item.prefix), item.right, item.wrong, full, *cells]
        for item, full, cells in zip(found.items, found.full.tolist(), off.tolist(), strict=True)
    ]
    return table("margins", "Margins of all sentences.", columns, rows)


def show_groups(study, found):
    """Group ablations against random sets."""
    names = {
        "short": "short-range units",
        "short and long": "short-range units and S*, P* together",
        "syntax": "syntax units, the outliers of the regression on depth",
    }
    sets = {"short": found["decoding"].short.units, "syntax": found["depth"].regression.outliers}
    sets["short and long"] = (*sets["short"], *found["agreement"].long_range)
    text, tables, commands, summary = [], [], [], []
    tested = {name.replace(" and ", " + "): tests for name, tests in found["groups"].items() if tests}
    figures = (
        (
            drawn(
                "groups",
                plot_groups(tested),
                "What is left without a group of units, diamonds (filled where p < .05), and what is left without random sets of as many units: "
                "boxes from the first to the third quartile, whiskers to the 5th and 95th percentile, the sets beyond as dots. A bar is the "
                "intact network. Short: short-range units; long: S* and P*; syntax: the outliers of the regression on depth.",
                "box plots of accuracy, a panel a group, a box a condition",
            ),
        )
        if tested
        else ()
    )
    for name, what in names.items():
        tests = found["groups"][name]
        if not tests:
            text.append(f"The {what}: there are none to ablate.")
            continue
        hurts = [f"{t.task} {t.condition}".strip() for t in tests if t.verdict == "hurts"]
        text.append(
            f"The {what} ({listed(sets[name])}) hurt more than random sets of as many units in "
            f"{len(hurts)} of {len(tests)} conditions{': ' + ', '.join(hurts) if hurts else ''}."
        )
        tables.append(
            table(
                f"groups_{name.replace(' ', '_')}",
                f"The {what} ablated together, beside {study.n_random} random sets: p = (b + 1) / "
                "(n + 1), b the sets that hurt at least as much. Power: the share of random sets that hit none of the group's "
                "strong units.",
                *groups.table(tests),
            )
        )
        summary.append(f"the {what}: {len(hurts)} of {len(tests)}")
        commands.append(f"ablate --group --units {joined(sets[name])} --random {study.n_random}{half(study)}")
    summary = f"Conditions in which groups hurt more than random ones: {'; '.join(summary)}." if summary else ""
    return Section(tuple(text), tuple(tables), figures, tuple(commands), summary=summary)


def show_linzen(study, found):
    """The Linzen set."""
    linzen = found["linzen"]
    if linzen is None:
        return Section((f"Not done: {study.no_linzen}. It cannot be shipped; --linzen FILE reads it.",))
    rows = [
        ["intact", 100 * share_right(linzen.full)],
        *([f"without {unit}", 100 * share_right(off)] for unit, off in linzen.off.items()),
    ]
    text = f"{len(linzen.full):,} sentences from Wikipedia; unknown words are read as <unk>. Always answering 'plural' scores 63.5 %."
    return Section(
        (text,),
        (table("linzen", "Percent correct in the Linzen set (93.9 in the paper).", ["network", "correct"], rows),),
    )
