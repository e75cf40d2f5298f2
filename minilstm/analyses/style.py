"""Looks of figures. Colours are the paper's pink and light blue, darkened to tell apart for everybody and in print.

A function that draws is called plot_..., takes what is to be seen, and returns a Matplotlib figure.
"""

from contextlib import contextmanager

SINGULAR, PLURAL, NEUTRAL, LIGHTER = "#2477b3", "#c2357a", "#555555", "#999999"
# Okabe and Ito's colours, told apart by everybody; with markers of their own, so that print will do
LINES = (("#0072b2", "o"), ("#d55e00", "s"), ("#009e73", "^"), ("#cc79a7", "D"), ("#e69f00", "v"), ("#56b4e9", "P"))
PANELS = ("C_tilde", "i", "f", "C", "o")  # the panels of Fig. 1, top to bottom
LABELS = {"C_tilde": r"$\tilde{C}$", "i": "$i$", "f": "$f$", "C": "$C$", "o": "$o$", "h": "$h$"}
WIDTH = 3.4  # inches: a column
TICKS = 7  # points: names and numbers along the axes
TEXT = {
    "font.size": 7,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "figure.labelsize": 8,
    "legend.fontsize": 7,
    "legend.frameon": False,
}
GUIDE = {"color": "0.8", "linewidth": 0.6, "zorder": 0}  # a line at zero, at chance, or where two axes are equal
SHADES, MOST_SHADES, FEW = 8, 128, 1e-3  # of 255: by how much pixels, and by how much a few of them (a share), may
# differ in figures that look the same: a line that falls to nothing on a logarithmic axis ends a little elsewhere


@contextmanager
def in_style():
    """The sizes of text of all figures: `@in_style()` before a function that draws one."""
    import matplotlib

    with matplotlib.rc_context(TEXT):
        yield


def figure(rows=1, columns=1, width=WIDTH, height=None, **options):
    """A Matplotlib figure that needs no display, and its axes as a 2-D array."""
    from matplotlib.figure import Figure

    fig = Figure(figsize=(width, height or 2.2 * rows), layout="constrained", dpi=200)
    axes = fig.subplots(rows, columns, squeeze=False, **options)
    for axis in axes.flat:
        axis.tick_params(labelsize=TICKS)
        axis.spines[["top", "right"]].set_visible(False)
    return fig, axes


def panels(n, columns, width, height, more=(0.0, 0.0), least=WIDTH, **options):
    """A figure of `n` panels in rows of at most `columns`, each so many inches wide and high, and `more` around them.

    Panels that are not needed are left out; the lowest of each column has tick labels.
    """
    columns = min(columns, n)
    rows = -(-n // columns)
    fig, axes = figure(rows, columns, max(least, width * columns + more[0]), height * rows + more[1], **options)
    for axis in axes.flat[n:]:
        axis.set_visible(False)
    for axis in axes.flat[:n][-columns:]:
        axis.tick_params(labelbottom=True)
    return fig, axes


def save(fig, path, dpi="figure"):
    """Write a figure as PNG or SVG, whole or not at all; with fewer dots per inch than the figure has, if given.

    A file that shows the same already is left as it is: numbers are rounded in another way on another processor, and
    then the edge of a line is a shade lighter or darker.
    """
    from io import BytesIO
    from pathlib import Path

    from ..io.atomic import write_whole

    drawn, ending = BytesIO(), Path(path).suffix[1:]
    metadata = {"Date": None} if ending == "svg" else None  # so that the same figure gives the same file
    fig.savefig(drawn, format=ending, metadata=metadata, dpi=dpi)
    if ending != "png" or not _shows_the_same(path, drawn):
        with write_whole(path) as file:
            file.write(drawn.getvalue())


def _shows_the_same(path, drawn):
    """Return whether the file at `path` is the PNG in memory, drawn by the same software, but for a few shades."""
    import numpy as np
    from PIL import Image

    try:
        with Image.open(path) as one, Image.open(drawn) as other:
            same = one.size == other.size and one.mode == other.mode and one.text == other.text
            if not same:
                return False
            off = np.abs(np.subtract(one, other, dtype=int))
            return off.max() <= MOST_SHADES and np.mean(off > SHADES) <= FEW
    except (OSError, AttributeError):  # no such file, or no PNG
        return False


def name_ticks(axis, names, rotation=60):
    """Write names below a panel, at 0, 1, 2, ..., slanted so that they end at their ticks."""
    axis.set_xticks(range(len(names)), names, rotation=rotation, ha="right", rotation_mode="anchor")


def colorbar(image, axes, label, **options):
    """A bar with the colours of an image beside all of its panels."""
    bar = image.figure.colorbar(image, ax=axes, **options)
    bar.set_label(label)
    bar.ax.tick_params(labelsize=TICKS)


def write_in_cells(axis, values, dark, fontsize):
    """Write the values of a heat map into its cells, in white on `dark` ones, but nan and what rounds to 0.

    Parameters
    ----------
    axis : matplotlib Axes
    values : (rows, columns) array
    dark : (rows, columns) bool array
    fontsize : float
    """
    panel = axis.figure.axes.index(axis)
    for row, column in zip(*(abs(values) > 0.5).nonzero(), strict=True):
        color = "white" if dark[row, column] else "black"
        text = axis.text(column, row, f"{values[row, column]:.0f}", ha="center", va="center", color=color)
        text.set_fontsize(fontsize)
        text.set_gid(f"cell-{panel}-{row}-{column}")  # by which report.css leaves them as they are in the dark


def boxes(axis, values, positions, width, color, **options):
    """Boxes from the first to the third quartile, with whiskers to the 5th and the 95th percentile."""
    looks = dict.fromkeys(("boxprops", "whiskerprops", "capprops", "medianprops"), {"color": color})
    axis.boxplot(values, positions=positions, widths=width, whis=(5, 95), **(looks | options))
