"""Connectivity of the last layer (section 4.4, Fig. 4): the weights onto the gates of the number units."""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from .afferents import DIGITS, GATES, Connectivity, connectivity
from .base import (
    Analysis,
    Claim,
    Criterion,
    Figure,
    NotTestable,
    Option,
    Outcome,
    Result,
    Table,
    fallback_note,
    format_units,
)
from .number_units import ORIGINAL
from .statistics import OUTLIER
from .style import LABELS, LINES, figure

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
        axis.axhline(0, color="0.8", linewidth=0.6, zorder=0)
        axis.set_xticks(range(targets), [f"unit {target}" for target in connected.targets], fontsize=7)
        axis.set_xlim(-0.5, targets - 0.5)
        axis.set_ylabel(f"onto {LABELS[gate]}: {what}", fontsize=7)
    fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside right upper", fontsize=7, frameon=False)
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


def pushes(experiment, results, gate, beyond, connected=None):
    """Whether the z of Y* onto a gate of S* and of P* are so large that Y* opens f, or shuts i."""
    connected = connected or results["connectivity"].scaled
    cells, afferents = _onto(results, connected, gate), connected.weights.shape[-1]
    if (afferents - 1) ** 0.5 <= beyond:
        raise NotTestable(f"no z of {afferents} weights can exceed {(afferents - 1) ** 0.5:.1f}")
    sign = 1 if gate == "f" else -1
    return Outcome(all(sign * z > beyond for _, z, _ in cells), _describe(cells))


def pushes_as_published(experiment, results, gate, within, plural, singular):
    """Whether they are near the published ones, and their ranks at most `plural` (776) and `singular` (988)."""
    cells = _onto(results, results["connectivity"].scaled, gate)
    ranks = {ORIGINAL["P"]: plural, ORIGINAL["S"]: singular}
    near = [abs(z - PUBLISHED[gate, unit]) <= within and rank <= ranks[unit] for unit, z, rank in cells]
    return Outcome(all(near), _describe(cells))


def _describe(cells):
    return ", ".join(f"unit {unit}: z {z:.1f}, rank {rank}" for unit, z, rank in cells)


def _onto(results, connected, gate):
    """(target, z, rank) of Y* onto a gate of S* and of P*."""
    targets, unit = results["number_units"].two(), results["syntax_unit"].unit
    if unit is None:
        raise NotTestable("no Y*")
    g, u = GATES.index(gate), unit - connected.first
    rows = [connected.targets.index(target) for target in targets]
    return [
        (target, float(connected.z[t, g, u]), int(connected.rank[t, g, u]))
        for t, target in zip(rows, targets, strict=True)
    ]


def is_top_afferent(experiment, results, least, reason="", connected=None):
    connected = connected or results["connectivity"].scaled
    ranks = [rank for gate in "fi" for *_, rank in _onto(results, connected, gate)]
    value = f"ranks {', '.join(map(str, ranks))} (f and i of S*, P*)"
    return Outcome(sum(rank == 1 for rank in ranks) >= least, value, reason)


def inhibit_each_other(experiment, results, least, beyond=None, connected=None):
    """The weights between S* and P* as if both codes were negative: positive ones then inhibit.

    As in the paper, 776 alone writes outliers, onto both gates, if `beyond` is given.
    """
    singular, plural = results["number_units"].two()
    connections, texts, positive, strong = results["connectivity"], [], 0, set()
    connected = connected or connections.scaled
    for number, source, target in (("P", plural, singular), ("S", singular, plural)):
        t, u = connected.targets.index(target), source - connected.first
        code = results["gates"].dynamics.encoded(source, number)[1]
        for gate in "fi":
            g = GATES.index(gate)
            weight, z = -code * connections.bare.weights[t, g, u], float(connected.z[t, g, u])
            positive += int(weight > 0)
            strong |= {(source, gate)} if beyond and abs(z) > beyond else set()
            texts.append(f"{source} to {gate} of {target}: {weight:.2f} (z {z:.1f})")
    holds = positive >= least and (not beyond or strong == {(ORIGINAL["P"], "f"), (ORIGINAL["P"], "i")})
    return Outcome(holds, "; ".join(texts), f"{positive} of 4 positive")


def scaling_changes_nothing(experiment, results):
    connections = results["connectivity"]
    # bare, a weight has the arbitrary sign of the unit that it comes from; that of its activity undoes it
    unscaled = replace(connections.bare, weights=connections.bare.weights * np.sign(results["syntax_unit"].peak))
    rules = {
        36: partial(pushes, gate="f", beyond=OUTLIER),
        37: partial(pushes, gate="i", beyond=OUTLIER),
        38: partial(is_top_afferent, least=4),
        39: partial(inhibit_each_other, least=4),
    }
    changed = []
    for number, rule in rules.items():
        scaled, bare = (rule(experiment, results, connected=weights) for weights in (connections.scaled, unscaled))
        if scaled.holds != bare.holds:
            changed.append(str(number))
    return Outcome(not changed, f"changed: {', '.join(changed) or 'none'}")


PUBLISHED = {("f", 776): 8.1, ("f", 988): 11.2, ("i", 776): -16.2, ("i", 988): -7.2}  # z of 1150
CLAIMS = (
    Claim(
        36,
        "4.4",
        "It drives the forget gates of both number units",
        "z 8.1 (776), 11.2 (988)",
        "z of weight x peak activity, that of Y* between subject and verb; rank",
        original=Criterion(
            "within {within}; rank {plural}", pushes_as_published, gate="f", within=0.3, plural=1, singular=1
        ),
        other=Criterion("z > {beyond} on both", pushes, gate="f", beyond=OUTLIER),
    ),
    Claim(
        37,
        "4.4",
        "It shuts the input gates of both",
        "z -16.2 (776), -7.2 (988)",
        "the same",
        original=Criterion(
            "within {within}; rank {plural} (776) and <= {singular} (988)",
            pushes_as_published,
            gate="i",
            within=0.3,
            plural=1,
            singular=2,
        ),
        other=Criterion("z < -{beyond} on both", pushes, gate="i", beyond=OUTLIER),
    ),
    Claim(
        38,
        "5",
        "It is the top afferent of these four gates",
        "stated",
        "rank",
        original=Criterion(
            "rank 1 at {least} of 4 at least: Fig. 4a itself shows a larger one into the input gate of 988",
            is_top_afferent,
            least=3,
        ),
        other=Criterion(
            "report: rank 1 at all four", is_top_afferent, least=4, reason="reported: not claimed of other models"
        ),
    ),
    Claim(
        39,
        "4.4",
        "The number units' weights onto each other's i and f are positive; only 776 to 988 are outliers",
        "f .66, i .53; back .44, .09",
        "sign of the weights, the writer's code turned negative; z",
        original=Criterion(
            "{least} of 4; |z| > {beyond} from 776 to 988 only", inhibit_each_other, least=4, beyond=OUTLIER
        ),
        other=Criterion("{least} of 4", inhibit_each_other, least=4),
    ),
    Claim(
        40,
        "4.4",
        "Scaling by peak activity changes nothing",
        "-",
        "36 to 39 by the bare weights, signs of activity kept",
        original=Criterion("the same verdicts, by the criteria for other models", scaling_changes_nothing),
        other=Criterion("the same verdicts", scaling_changes_nothing),
    ),
)
UNSCALED = Option("unscaled", "bare weights only, not times peak activity", False)
ANALYSIS = Analysis(
    "connectivity",
    "connect",
    "Connectivity",
    "section 4.4, Fig. 4",
    compute,
    summary="afferents of units (Fig. 4)",
    needs=("number_units", "syntax_unit"),
    reads_tasks=False,
    options=(UNSCALED,),
    claims=CLAIMS,
)
