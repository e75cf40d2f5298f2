"""Generalisation across time (Fig. 2), the regression on depth (section 4.3) and connectivity (Fig. 4)."""

import numpy as np

from .connectivity import GATES
from .connectivity import OUTLIER as FAR
from .decoding import WORDS
from .plots import LABELS, LINES, figure


def plot_curves(curves):
    """Fig. 2: AUC at each word of classifiers trained at the subject; one panel a way of splitting.

    Parameters
    ----------
    curves : dict
        {split: {label: decoding.Decoding}}, see `decoding.figure_2`.
    """
    fig, axes = figure(1, len(curves), 3.2 * len(curves), 2.6, sharey=True)
    for axis, (split, decoded) in zip(axes[0], curves.items(), strict=True):
        axis.axhline(0.5, color="0.7", linewidth=0.6, linestyle=":")
        for k, (label, decoding) in enumerate(decoded.items()):
            color, marker = LINES[k % len(LINES)] if label.startswith("unit") else ("black", "")
            mean, sd = decoding.curve()
            width = 1 if marker else 2
            axis.errorbar(
                range(len(mean)), mean, sd, color=color, marker=marker, markersize=4, linewidth=width, label=label
            )
        axis.set_title(f"tested on other {split}s", fontsize=8)
        _words(axis, WORDS)
        axis.set_ylim(-0.04, 1.04)
    axes[0, 0].set_ylabel("AUC, trained at the subject", fontsize=8)
    fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=7, frameon=False)
    return fig


def plot_matrices(decoded):
    """The whole of what Fig. 2 shows a row of: trained at each word, tested at each.

    Parameters
    ----------
    decoded : dict
        {label: decoding.Decoding}.
    """
    fig, axes = figure(1, len(decoded), 1.55 * len(decoded) + 0.9, 2.3, sharey=True)
    for axis, (label, decoding) in zip(axes[0], decoded.items(), strict=True):
        image = axis.imshow(decoding.mean, cmap="PuOr_r", vmin=0, vmax=1)  # white: no information
        axis.set_title(label, fontsize=7)
        axis.spines[:].set_visible(False)
        _words(axis, WORDS)
        axis.set_yticks([k for k, _ in enumerate(decoding.trained)], [WORDS[t] for t in decoding.trained], fontsize=7)
    axes[0, 0].set_ylabel("trained at", fontsize=8)
    fig.supxlabel("tested at", fontsize=8)
    bar = fig.colorbar(image, ax=axes[0], shrink=0.7, ticks=(0, 0.5, 1))
    bar.set_label("AUC", fontsize=8)
    bar.ax.tick_params(labelsize=7)
    return fig


def plot_connectivity(found, units, gates=("i", "f")):
    """Fig. 4: all weights onto each gate of each target; those from `units` stand out, and are in the table below.

    Parameters
    ----------
    found : connectivity.Connectivity
    units : sequence of int
        Where the weights come from that are marked: syntax units (diamonds) first, and the targets themselves.
    gates : sequence of str
        The rows of panels.
    """
    columns, table = found.wide(units, gates)
    targets = len(found.targets)
    fig, axes = figure(
        len(gates) + 1,
        1,
        max(3.4, 1.0 * len(columns)),
        1.5 * len(gates) + 0.22 * (len(units) + 3),
        height_ratios=[1.5] * len(gates) + [0.22 * (len(units) + 2)],
    )
    jitter = np.random.default_rng(0).uniform(-0.12, 0.12, found.weights.shape[-1])
    for axis, gate in zip(axes[:-1, 0], gates, strict=True):
        weights = found.weights[:, GATES.index(gate)]  # (targets, H)
        for t in range(targets):
            axis.plot(t + jitter, weights[t], ".", color="0.65", markersize=3, zorder=1)
            for k, unit in enumerate(units):
                color, marker = LINES[k % len(LINES)]
                marker = "o" if unit in found.targets else "D"
                axis.plot(
                    t + 0.25,
                    weights[t, unit - found.first],
                    marker,
                    color=color,
                    markersize=5,
                    label=f"from {unit}" if t == 0 else None,
                )
        axis.axhline(0, color="0.8", linewidth=0.6, zorder=0)
        axis.set_xticks(range(targets), [f"unit {target}" for target in found.targets], fontsize=7)
        axis.set_xlim(-0.5, targets - 0.5)
        axis.set_ylabel(f"onto {LABELS[gate]}: weight" + (r" $\times$ peak" if found.scaled else ""), fontsize=7)
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
    axes[-1, 0].set_title(f"weight (z); * and blue: |z| > {FAR}", fontsize=7, loc="left")
    return fig


def _words(axis, words):
    axis.set_xticks(range(len(words)), words, rotation=60, ha="right", rotation_mode="anchor", fontsize=7)
