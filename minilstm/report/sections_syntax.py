"""The report on syntax units: depth, structures, connectivity (sections 4.3 and 4.4, Figs. 3 and 4)."""

import numpy as np

from ..analyses.connectivity import COLUMNS, OUTLIER
from ..analyses.decoding import SUBJECT
from ..analyses.efferents import efferent_table
from ..analyses.figures_decoding import plot_connectivity, plot_depth
from ..analyses.figures_dynamics import plot_structures
from .section import Section, drawn, half, in_place, joined, listed, table

LISTED = 12  # units and connections in a table
PAIRS = {"i_f": ("i", "f"), "C_o": ("C_tilde", "o")}  # gates drawn together


def show_depth(study, found):
    """The regression on depth."""
    depth = found["depth"].regression
    text = [
        f"How deep in the sentence a word stands can be predicted from h of all units with R2 = {depth.r2_without.mean():.3f} "
        f"(standard deviation over folds {depth.r2_without.std():.3f}; .85 +- .009 in the paper), on sentences that nothing was "
        "fitted to. " + _frequency(depth),
        f"Beyond {OUTLIER} standard deviations: {listed(depth.outliers)}. {_syntax(found)}",
    ]
    figure = drawn(
        "depth",
        plot_depth(depth),
        "The weight of each unit in the regression on depth, in standard deviations; syntax units, beyond 3, in pink. On the right "
        "R2 on other sentences: with word frequency, with its weight set to 0, and of word frequency alone.",
        "stem plot of regression weights, and bars of R2",
    )
    tables = (
        table(
            "depth", "The largest weights in the regression on depth.", *depth.table(max(LISTED, len(depth.outliers)))
        ),
        table(
            "syntax_efferents",
            "What the strongest of the last layer say to verbs themselves (Fig. 1d): in the paper's network the syntax "
            "unit's weights to the two forms are not segregated.",
            *efferent_table(study.model, found["depth"].shown),
        ),
    )
    return Section(
        tuple(text),
        tables,
        (figure,),
        (f"depth --units {joined(found['agreement'].shown)}{half(study)}",),
        summary=f"Depth: R2 {depth.r2_without.mean():.3f}. Syntax units: {listed(depth.outliers)}. {_syntax(found)}",
    )


def _frequency(depth):
    if np.isnan(depth.r2_frequency).any():
        return "The model's file has no word counts to set beside it."
    return f"Word frequency alone reaches {depth.r2_frequency.mean():.3f}."


def _syntax(found):
    unit = found["depth"].syntax
    if unit:
        return f"Of those in the last layer, unit {unit} weighs most onto the input and forget gates of the number units: Y*."
    return "There is no Y*, an outlier of the last layer that writes to number units."


def show_structures(study, found):
    """Fig. 3."""
    shown, structures = found["depth"].shown, found["structures"]
    what = "Y*" if found["depth"].syntax else "no Y*, but the strongest of the last layer in the regression on depth"
    columns = ["structure", "unit", "least", "largest", "before the verb", "at the verb"]
    rows = []
    for unit in shown:
        for task, one in structures.items():
            C = one.mean["C"][0, :, one.units.index(unit)]
            between = C[SUBJECT + 1 : one.verb]
            rows.append(
                [
                    task,
                    unit,
                    *(f"{value:.2f}" for value in (between.min(), between.max(), C[one.verb - 1], C[one.verb])),
                ]
            )
    figures = tuple(
        drawn(
            f"structures_{unit}",
            plot_structures(structures, unit),
            f"Fig. 3: the cell of unit {unit}, all numbers together, mean and standard deviation; the grey bar is the main verb. A syntax unit "
            "is far from 0 from the subject on, through adverbs, phrases and relative clauses, and changes most at the main verb.",
            "line plots of the cell over the words of five structures",
        )
        for unit in shown
    )
    text = (f"{listed(shown).capitalize()}: {what}.",)
    tables = (
        table(
            "structures",
            "Mean C between subject and main verb (least and largest), and around the verb.",
            columns,
            rows,
        ),
    )
    return Section(text, tables, figures, (f"dynamics --units {shown[0]} --pool --task {','.join(structures)}",))


def show_connectivity(study, found):
    """Fig. 4."""
    connections, targets, depth = found["connectivity"], found["agreement"].shown, found["depth"]
    sources = tuple(dict.fromkeys((*depth.shown, *targets)))
    strong = connections.scaled.outliers()
    text = [
        in_place(found)
        + f"Of the weights onto the four gates of {listed(targets)}, {len(strong)} lie beyond {OUTLIER} standard deviations "
        f"of their gate's. With {connections.scaled.weights.shape[-1]} afferents z cannot exceed "
        f"{(connections.scaled.weights.shape[-1] - 1) ** 0.5:.1f}."
    ]
    tables = [
        table(
            "connectivity",
            "From syntax units and number units onto all gates, weight times peak activity: z, and rank among the "
            "afferents of the gate.",
            COLUMNS,
            connections.scaled.rows(sources),
        )
    ]
    if strong:
        tables.append(
            table(
                "connectivity_outliers",
                "The strongest connections beyond 3 standard deviations, from any unit"
                + (f" ({LISTED} of {len(strong)})." if len(strong) > LISTED else "."),
                COLUMNS,
                strong[:LISTED],
            )
        )
    figures = []
    for name, one in (("scaled", connections.scaled), ("bare", connections.bare)):
        for pair, gates in PAIRS.items():
            how = (
                "times the peak activity of the unit that it comes from"
                if one.scaled
                else "alone, whose sign is as arbitrary as its unit's"
            )
            figures.append(
                drawn(
                    f"connectivity_{name}_{pair}",
                    plot_connectivity(one, sources, gates),
                    f"Fig. 4, {' and '.join('candidate' if gate == 'C_tilde' else gate + ' gate' for gate in gates)}: all weights onto the gate, each "
                    f"{how}. In the paper the syntax unit, a diamond, is at the far end of both the input and the forget gates.",
                    "dots, a column a target unit, and a table of weights",
                )
            )
    commands = tuple(
        f"connect --units {joined(targets)} --from {joined(depth.shown)}{unscaled}{half(study)}"
        for unscaled in ("", " --unscaled")
    )
    return Section(tuple(text), tuple(tables), tuple(figures), commands)
