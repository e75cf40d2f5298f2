"""Generalisation across time (Fig. 2)."""

from .decoding import WORDS
from .style import LINES, figure


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


def _words(axis, words):
    axis.set_xticks(range(len(words)), words, rotation=60, ha="right", rotation_mode="anchor", fontsize=7)
