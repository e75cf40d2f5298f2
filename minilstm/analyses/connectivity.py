"""Connectivity of the last layer (section 4.4, Fig. 4): the weights onto the gates of the number units."""

from dataclasses import dataclass

import numpy as np

from .afferents import DIGITS, GATES, Connectivity, connectivity
from .base import (
    Analysis,
    Figure,
    Option,
    Result,
    Table,
    fallback_note,
    format_units,
)
from .connectivity_claims import CLAIMS
from .statistics import OUTLIER
from .style import GUIDE, LABELS, LINES, figure, in_style

LISTED = 12  # connections in the table that people read


@dataclass(frozen=True, eq=False, repr=False)
class Connections(Result):
    """Fig. 4.

    Attributes
    ----------
    scaled : Connectivity
        Weights times peak activity.
    bare : Connectivity
        Weights alone.
    sources : tuple of int
        The units from which weights are displayed: syntax units, and the targets themselves.
    roles : dict
        {unit: roles} of the targets.
    unscaled : bool
        Whether only the bare weights are displayed.
    """

    scaled: Connectivity
    bare: Connectivity
    sources: tuple
    roles: dict
    unscaled: bool = False

    def text(self):
        connected = self.bare if self.unscaled else self.scaled
        times = "" if self.unscaled else ", each times the peak activity of the unit that it comes from,"
        afferents = connected.weights.shape[-1]
        return [
            f"{fallback_note(self.roles)}Of the weights{times} onto the four gates of "
            f"{format_units(connected.targets)}, {len(connected.outliers())} lie beyond {OUTLIER} standard deviations "
            f"of their gate's. With {afferents} afferents z cannot exceed {(afferents - 1) ** 0.5:.1f}."
        ]

    def tables(self):
        if self.unscaled:
            return [
                self._table(self.bare, "connectivity_bare"),
                *self._outliers(self.bare, "connectivity_bare_outliers"),
            ]
        scaled = self._table(self.scaled, "connectivity")
        bare = self._table(self.bare, "connectivity_bare", long=True)
        return [scaled, *self._outliers(self.scaled, "connectivity_outliers"), bare]

    def _table(self, connected, name, long=False):
        what = "bare weights"
        if connected.scaled:
            what = "weight times peak activity of the unit that it comes from"
        caption = (
            f"From syntax units and number units onto all gates, {what}: z, and rank among the afferents of the gate; "
            f"* beyond {OUTLIER} standard deviations."
        )
        return Table(name, caption, connected.columns, connected.rows(self.sources), DIGITS, long)

    def _outliers(self, connected, name):
        strong = connected.outliers()
        most = f" ({LISTED} of {len(strong)})" if len(strong) > LISTED else ""
        caption = f"The strongest connections beyond {OUTLIER} standard deviations, from any unit{most}."
        tables = [Table(name, caption, connected.columns, strong[:LISTED], DIGITS)] if strong else []
        if most:
            tables.append(Table(f"{name}_all", "All of them.", connected.columns, strong, DIGITS, long=True))
        return tables

    def figures(self):
        scaled = Figure(
            "connectivity",
            "Fig. 4, input and forget gate: all weights onto the gate, each times the peak activity of the unit that "
            "it comes from. In the paper the syntax unit, a diamond, is at the far end of both gates.",
            "dots, a column a target unit, and a table of weights times peak activity",
            lambda: plot_connectivity(self.scaled, self.sources),
        )
        bare = Figure(
            "connectivity_bare",
            "The same of the bare weights, whose sign is as arbitrary as that of the unit that they come from.",
            "dots, a column a target unit, and a table of weights",
            lambda: plot_connectivity(self.bare, self.sources),
        )
        return [bare] if self.unscaled else [scaled, bare]


@in_style()
def plot_connectivity(connected, units, gates=("i", "f")):
    """Fig. 4: all weights onto each gate of each target; those from `units` stand out, and are in the table below.

    Parameters
    ----------
    connected : Connectivity
    units : sequence of int
        Where the weights come from that are marked: syntax units (diamonds) first, and the targets themselves.
    gates : sequence of str
        The rows of panels.
    """
    columns, table = connected.wide(units, gates)
    what = connected.what.replace(" x ", r" $\times$ ")
    targets = len(connected.targets)
    fig, axes = figure(
        len(gates) + 1,
        1,
        max(3.4, 1.0 * len(columns)),
        1.5 * len(gates) + 0.22 * (len(units) + 3),
        height_ratios=[1.5] * len(gates) + [0.22 * (len(units) + 2)],
    )
    jitter = np.random.default_rng(0).uniform(-0.12, 0.12, connected.weights.shape[-1])
    for axis, gate in zip(axes[:-1, 0], gates, strict=True):
        weights = connected.weights[:, GATES.index(gate)]  # (targets, H)
        for t in range(targets):
            axis.plot(t + jitter, weights[t], ".", color="0.65", markersize=3, zorder=1)
            for k, unit in enumerate(units):
                color, marker = LINES[k % len(LINES)]
                marker = "o" if unit in connected.targets else "D"
                axis.plot(
                    t + 0.25,
                    weights[t, unit - connected.first],
                    marker,
                    color=color,
                    markersize=5,
                    label=f"from {unit}" if t == 0 else None,
                )
        axis.axhline(0, **GUIDE)
        axis.set_xticks(range(targets), [f"unit {target}" for target in connected.targets])
        axis.set_xlim(-0.5, targets - 0.5)
        axis.set_ylabel(f"onto {LABELS[gate]}: {what}", fontsize=7)
    fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside right upper")
    axes[-1, 0].axis("off")
    colors = [["white"] + ["#bcdcf0" if cell.endswith("*") else "white" for cell in row[1:]] for row in table]
    drawn = axes[-1, 0].table(
        table, cellColours=colors, colLabels=columns, loc="center", cellLoc="center", bbox=(0, 0, 1, 1)
    )
    drawn.auto_set_font_size(False)
    drawn.set_fontsize(6.5)
    for cell in drawn.get_celld().values():
        cell.set_linewidth(0.4)
    axes[-1, 0].set_title(f"{what} (z); * and blue: |z| > {OUTLIER}", fontsize=7, loc="left")
    return fig


def compute(experiment, results, unscaled=False):
    """The afferents of the number units, or of those that stand in for them."""
    roles, syntax, model = results["number_units"].roles, results["syntax_unit"], experiment.model
    targets = tuple(roles)
    scaled, bare = connectivity(model, targets, syntax.peak), connectivity(model, targets)
    return Connections(scaled, bare, tuple(dict.fromkeys((*syntax.displayed, *targets))), roles, unscaled)


UNSCALED = Option("unscaled", "bare weights only, not times peak activity", False)
ANALYSIS = Analysis(
    "connectivity",
    "connect",
    "Connectivity",
    "section 4.4, Fig. 4",
    compute,
    summary="afferents of units (Fig. 4)",
    needs=("number_units", "syntax_unit"),
    reads=(),
    options=(UNSCALED,),
    claims=CLAIMS,
)
