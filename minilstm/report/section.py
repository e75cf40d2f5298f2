"""A section of the report: sentences, tables, figures. What it is drawn from is in `measures.py`, HTML in `report.py`."""

import re
from typing import NamedTuple

from ..analyses.tables import plain

IDS = re.compile(r'(\bid="|href="#|url\(#)')  # where an SVG names its parts and refers to them
PROLOG = re.compile(r"^.*?(?=<svg)|<metadata>.*?</metadata>\s*", re.DOTALL)
IMAGE = re.compile(r'(<image [^>]*?) id="[^"]*"')  # two heat maps that are equal have one name, which nothing refers to
DPI = 100  # of images inside an SVG: heat maps, whose cells are larger than that


class Table(NamedTuple):
    """A table, written as NAME.csv as well."""

    name: str
    caption: str
    columns: tuple
    rows: tuple


class Figure(NamedTuple):
    """A figure, written as NAME.svg as well."""

    name: str
    caption: str  # what is to be seen in it
    alt: str  # what kind of picture it is, for those who do not see it
    svg: str


class Section(NamedTuple):
    """What a person reads about one stage.

    Attributes
    ----------
    text : tuple of str
        Paragraphs.
    tables : tuple of Table
    figures : tuple of Figure
    commands : tuple of str
        What prints the same, after `minilstm` and without the options of model and sentences.
    data : tuple of Table
        Tables too long to be read, for files only.
    summary : str
        What stands of it at the top of the report: a sentence or two, or nothing.
    """

    text: tuple
    tables: tuple = ()
    figures: tuple = ()
    commands: tuple = ()
    data: tuple = ()
    summary: str = ""


def table(name, caption, columns, rows):
    """A Table of plain Python values."""
    return Table(name, caption, tuple(columns), tuple(tuple(plain(cell) for cell in row) for row in rows))


def not_done(title, why):
    """What is said of a stage that the model cannot do."""
    return Section((f"This could not be done on this model: {why}.",), summary=f"{title}: not done. {why}.")


def drawn(name, fig, caption, alt):
    """A Figure from Matplotlib's: text stays text, and ids begin with `name`, so that many fit in one page."""
    import io

    import matplotlib

    file = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        fig.savefig(file, format="svg", dpi=DPI, metadata={"Date": None})
    svg = IMAGE.sub(r"\1", PROLOG.sub("", file.getvalue()))
    return Figure(name, caption, alt, IDS.sub(rf"\g<1>{name}-", svg).strip())


def listed(units):
    """Unit numbers as text: 'unit 3', 'units 3, 4 and 9', 'no unit'."""
    names = [str(unit) for unit in units]
    if len(names) < 2:
        return f"unit {names[0]}" if names else "no unit"
    return f"units {', '.join(names[:-1])} and {names[-1]}"


def joined(units):
    """Units as the command line takes them."""
    return ",".join(map(str, units))


def half(study):
    """The option that leaves the sentences that were not used to choose units."""
    return "" if study.original else " --half even"


def in_place(found):
    """A remark where what is shown is no number unit."""
    if found["agreement"].long_range:
        return ""
    return "No unit qualifies as a long-range number unit; the costliest are shown in their place. "
