"""The paper's analyses and some beyond it, one file each, and the list of them.

To add one: write a file with a computation, a `Result` and an `Analysis` record, and put it into the list. The files
that are not in the list hold what analyses share: computations on arrays, tables, statistics, looks of figures.
"""

from . import (
    connectivity,
    decoding,
    decomposition,
    depth,
    direction,
    efferents,
    emergence,
    gates,
    groups,
    influence,
    interchange,
    linzen,
    nested,
    number_units,
    patching,
    score,
    short_range,
    smallest,
    structures,
    syntax_unit,
    table2,
    timescales,
    votes,
)
from .base import Analysis

ANALYSES: tuple[Analysis, ...] = tuple(
    module.ANALYSIS
    for module in (
        table2,
        number_units,
        linzen,
        gates,
        efferents,
        decoding,
        short_range,
        depth,
        syntax_unit,
        structures,
        connectivity,
        groups,
        interchange,
        patching,
        direction,
        votes,
        smallest,
        influence,
        nested,
        timescales,
        decomposition,
        score,
        emergence,
    )
)
