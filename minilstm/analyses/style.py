"""Looks of figures. Colours are the paper's pink and light blue, darkened to tell apart for everybody and in print."""

SINGULAR, PLURAL, NEUTRAL, LIGHTER = "#2477b3", "#c2357a", "#555555", "#999999"
# Okabe and Ito's colours, told apart by everybody; with markers of their own, so that print will do
LINES = (("#0072b2", "o"), ("#d55e00", "s"), ("#009e73", "^"), ("#cc79a7", "D"), ("#e69f00", "v"), ("#56b4e9", "P"))
GATES = ("C_tilde", "i", "f", "C", "o")  # the panels of Fig. 1, top to bottom
LABELS = {"C_tilde": r"$\tilde{C}$", "i": "$i$", "f": "$f$", "C": "$C$", "o": "$o$", "h": "$h$"}
WIDTH = 3.4  # inches: a column


def figure(rows=1, columns=1, width=WIDTH, height=None, **options):
    """A Matplotlib figure that needs no display, and its axes as a 2-D array."""
    from matplotlib.figure import Figure

    fig = Figure(figsize=(width, height or 2.2 * rows), layout="constrained", dpi=200)
    axes = fig.subplots(rows, columns, squeeze=False, **options)
    for axis in axes.flat:
        axis.tick_params(labelsize=7)
        axis.spines[["top", "right"]].set_visible(False)
    return fig, axes


def save(fig, path, dpi="figure"):
    """Write a figure as PNG or SVG, whole or not at all; with fewer dots per inch than the figure has, if given."""
    from pathlib import Path

    from ..io.atomic import write_whole

    with write_whole(path) as file:
        # no date inside, so that the same figure gives the same file
        metadata = {"Date": None} if Path(path).suffix == ".svg" else {"Software": None}
        fig.savefig(file, format=Path(path).suffix[1:], metadata=metadata, dpi=dpi)


def hide_unused(axes, used):
    """Leave out the panels after the first `used`, and show the tick labels of the lowest one of each column."""
    for axis in axes.flat[used:]:
        axis.set_visible(False)
    for axis in axes.flat[:used][-axes.shape[1] :]:
        axis.tick_params(labelbottom=True)
