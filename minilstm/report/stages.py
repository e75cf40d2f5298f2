"""The stages of `minilstm reproduce`, in the paper's order and then beyond it: what is measured, and how the report shows it.

A further stage is one more line here: a measure, see `measures.py`, and a function that makes a `section.Section` of what
it returned. Both take the study and all that was found before.
"""

from collections.abc import Callable
from typing import NamedTuple

from . import measures, measures_open
from .sections_activity import show_decoding, show_efferents, show_gates
from .sections_agreement import show_agreement, show_groups, show_linzen
from .sections_open import show_interchange, show_smallest, show_votes
from .sections_syntax import show_connectivity, show_depth, show_structures

OPEN = "left open by the paper"  # where: of stages that test no claim of it


class Stage(NamedTuple):
    """One analysis and its section."""

    name: str  # of its folder, its anchor, and what later stages find its results by
    title: str
    where: str  # in the paper, or `OPEN`
    measure: Callable
    show: Callable
    options: tuple = ()  # names of `study.Study`'s attributes that it depends on, beside those that all depend on


STAGES = (
    Stage(
        "agreement", "Number agreement and single units", "4.1, Tables 1 and 2", measures.number_units, show_agreement
    ),
    Stage("linzen", "Natural sentences", "4.1, Table 2, last row", measures.linzen, show_linzen, ("linzen",)),
    Stage("gates", "Gates and cell", "4.1, Figs. 1a-c", measures.gates, show_gates),
    Stage("efferents", "Efferent weights", "4.1, Fig. 1d", measures.efferent_weights, show_efferents),
    Stage("decoding", "Number over time", "4.2, Fig. 2", measures.decoding, show_decoding),
    Stage("depth", "Syntactic depth", "4.3", measures.depth, show_depth),
    Stage(
        "structures", "Syntax units across structures", "4.3, Fig. 3", measures.cells_over_structures, show_structures
    ),
    Stage("connectivity", "Who writes to whose gates", "4.4, Fig. 4", measures.connections, show_connectivity),
    Stage(
        "groups",
        "Groups of units against random sets",
        "4.2, 4.3",
        measures.group_ablations,
        show_groups,
        ("n_random", "linzen"),
    ),
    Stage("interchange", "Who carries number", OPEN, measures_open.interchanged, show_interchange),
    Stage("votes", "Who is for the wrong form", OPEN, measures_open.voted, show_votes),
    Stage("smallest", "How few units do it", OPEN, measures_open.smallest, show_smallest, ("n_random",)),
)
