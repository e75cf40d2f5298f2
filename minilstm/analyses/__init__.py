"""The paper's analyses and some beyond it, one file each, and the list of them.

To add one: write a file with a computation, a `Result` and an `Analysis` record, and put the record into `ANALYSES`.
"""

from . import connectivity, decoding, depth, emergence, groups, linzen, number_units, short_range, syntax_unit, table2

ANALYSES = tuple(
    module.ANALYSIS
    for module in (
        table2,
        number_units,
        linzen,
        decoding,
        short_range,
        depth,
        syntax_unit,
        connectivity,
        groups,
        emergence,
    )
)
