"""Figures as SVG that stands in a page: text stays text, and many fit into one page."""

import io
import re

IDS = re.compile(r'(\bid="|href="#|url\(#)')  # where an SVG names its parts and refers to them
PROLOG = re.compile(r"^.*?(?=<svg)|<metadata>.*?</metadata>\s*", re.DOTALL)
IMAGE = re.compile(r'(<image [^>]*?) id="[^"]*"')  # two equal heat maps have one name, which nothing refers to
DPI = 100  # of images inside an SVG: heat maps, whose cells are larger than that


def to_svg(fig, name):
    """A Matplotlib figure as the text of an SVG whose ids begin with `name`."""
    import matplotlib

    file = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        fig.savefig(file, format="svg", dpi=DPI, metadata={"Date": None})
    svg = IMAGE.sub(r"\1", PROLOG.sub("", file.getvalue()))
    return IDS.sub(rf"\g<1>{name}-", svg).strip()
