"""The paper's analyses and some beyond it, one file each, and the list of them.

To add one: write a file with a computation, a `Result` and an `Analysis` record, and put it into the list. What an
analysis shares with others, or is too long for one file, stands in files beside it.

====================  ================================================================================================
read first            base: what an Analysis, a Result, a Claim is; experiment: a model, its options and sentences
agreement             **table2**, **number_units**, **linzen**; number_agreement, ablation, drops, published;
                      agreement_claims, number_units_claims
gates and cell        **gates**; dynamics, prediction, trace, gates_claims
weights               **efferents**, **connectivity**; efferent_weights, attribution, effects, afferents,
                      connectivity_claims
decoding              **decoding**, **short_range**; generalisation, number_data
syntax                **depth**, **syntax_unit**, **structures**; ridge, depth_claims
groups of units       **groups**, **votes**, **smallest**; group_tests, smallest_set
patching              **interchange**, **patching**, **direction**, **nested**; exchange, interventions,
                      attribution_patching, number_directions, patching_claims, nested_claims
paths and words       **influence**, **decomposition**, **timescales**; paths, path_attribution, path_ablation
training              **emergence**; locality, milestones
whole sentences       **score**; word_scores, suite_scores
shared by all         statistics, tables; style: looks of figures
====================  ================================================================================================
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
BY_NAME = {analysis.name: analysis for analysis in ANALYSES}
