"""The paper's analyses and some beyond it, one file each, and the list of them.

To add one: write a file with a computation, a `Result` and an `Analysis` record, and put the record into `ANALYSES`.
"""

from . import (
    attribution,
    decoding,
    efferents,
    gates,
    interchange,
    linzen,
    number_units,
    short_range,
    smallest,
    structures,
    table2,
)

ANALYSES = tuple(
    module.ANALYSIS
    for module in (
        table2,
        number_units,
        linzen,
        gates,
        efferents,
        decoding,
        short_range,
        structures,
        interchange,
        attribution,
        smallest,
    )
)
