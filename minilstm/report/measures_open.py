"""What the paper leaves open, asked of one model: who carries number, who is for the wrong form, how few units do it.

Measures like those of `measures.py`, taken after them, since they need the units that are found there.
"""

from dataclasses import dataclass

from ..analyses.interchange import compare, pairs
from ..analyses.smallest import SmallestSet, smallest_set
from ..analyses.votes import votes

BETWEEN = "nounPP", "nounPPAdv", "SubjRel", "ObjRel", "2SubjRel"  # the tasks in which something comes in between
MOST = 5  # units at which the search for the smallest set ends, so that it takes seconds


@dataclass(frozen=True, eq=False)
class Smallest:
    """The fewest units without which number is lost across an attractor, and the fewest that tell it to the verb."""

    needed: SmallestSet
    carry: SmallestSet


def voters(found):
    """Long-range and short-range units, {name: units}; a unit that is both has one vote, as a long-range one."""
    long_range = found["agreement"].long_range
    return {
        "long-range": long_range,
        "short-range": tuple(u for u in found["decoding"].short.units if u not in long_range),
    }


def interchanged(study, found):
    """Interchange beside ablation: S*, P* and Y* alone, S* and P* together, the short-range units together.

    None without S* and P*.
    """
    groups, syntax = voters(found), found["depth"].syntax
    if not groups["long-range"]:
        return None
    sets = [(unit,) for unit in dict.fromkeys((*groups["long-range"], *([syntax] if syntax else [])))]
    sets += [units for units in groups.values() if len(units) and units not in sets]
    return compare(study.model, study.noun_pp, sets, progress=study.progress, **study.reading)


def voted(study, found):
    """The margins of sentences with something between subject and verb, split among groups; None without S* and P*."""
    groups = {name: units for name, units in voters(found).items() if units}
    if "long-range" not in groups:
        return None
    return votes(study.model, study.judged_in(BETWEEN), groups, **study.reading)


def smallest(study, found):
    """Both searches among all units, for nounPP SP and PS."""
    noun_pp = [item for item in study.items if item.task == "nounPP"]
    donor_of = dict(zip(*pairs(noun_pp), strict=True))
    hard = [item for item in noun_pp if item.condition in ("SP", "PS")]
    how = {"n_random": study.n_random, "seed": study.seed, "most": MOST, "kind": study.kind, "progress": study.progress}
    donors = [donor_of[item] for item in hard]
    return Smallest(*(smallest_set(study.model, hard, side, **how, **study.reading) for side in (None, donors)))
