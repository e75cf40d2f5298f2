"""Roles of a model's units: the results of the paper's own analyses, by which the page orders them.

Nothing is measured here. What the page calls S*, P*, Y* or a short-range unit is what the report and its ledger of
claims call so.
"""

from dataclasses import dataclass, field

import numpy as np

from ..analyses import ANALYSES
from ..analyses.base import Results
from ..analyses.experiment import Experiment
from ..analyses.number_units import NumberUnits, named_by_file
from ..errors import MinilstmError

NEEDED = "agreement", "number_units", "short_range", "depth", "syntax_unit"
LARGE = 128  # units of a layer from which ablating each of them takes minutes


@dataclass(frozen=True)
class Roles:
    """Units by role, in the paper's numbers.

    Attributes
    ----------
    number : list of int
        S* and P*, then other long-range units.
    syntax : list of int
        Y*.
    short_range : list of int
    names : dict of int to str
        S*, P*, Y*, or what a unit was planted as.
    lost : dict of int to str
        In which conditions a unit costs more than 10 points when it is ablated alone.
    order : list of int
        All units, the one first that costs most in any condition.
    measured : bool
        Whether there were results to read them from; else they are what the model's file names.
    """

    number: list = field(default_factory=list)
    syntax: list = field(default_factory=list)
    short_range: list = field(default_factory=list)
    names: dict = field(default_factory=dict)
    lost: dict = field(default_factory=dict)
    order: list = field(default_factory=list)
    measured: bool = False


def analyse(model, lexicon, n=None):
    """The results that roles are read from; none where the model lacks the words of the tasks.

    Number units are searched, but of a large model they are those of the last layer that its file names, if any.

    Parameters
    ----------
    model : LanguageModel
    lexicon : str
        Whose words the sentences are made of.
    n : int, optional
        Sentences a condition; as many as the report takes, the published counts, if not given.

    Returns
    -------
    Results
    """
    named = named_by_file(model) if max(model.sizes) >= LARGE else ()
    results = Results()
    try:
        experiment = Experiment(model, n=n, lexicon=lexicon)
        for analysis in ANALYSES:
            if named and analysis.name == "number_units":
                results[analysis.name] = analysis.given(experiment, named)
            elif analysis.name in NEEDED and not (named and analysis.name == "agreement"):
                with results.attempt(analysis.name):
                    results[analysis.name] = analysis.compute(experiment, results)
    except MinilstmError:  # of the first, on which all others rest
        return Results()
    return results


def roles_of(model, results):
    """The roles that these results give to the units of the model.

    Parameters
    ----------
    model : LanguageModel
    results : Results
        Of `analyse`, or of `reproduce`.

    Returns
    -------
    Roles
    """
    units, table = results.get("number_units", NumberUnits(named=named_by_file(model))), results.get("agreement")
    number = dict.fromkeys((*units.long_range, *(unit for some in units.by_rule.values() for unit in some)))
    names = {unit: [role for role in units.roles[unit] if role != "given"] for unit in units.long_range}
    syntax, short_range = [], []
    if "syntax_unit" in results and results["syntax_unit"].unit is not None:
        syntax = [results["syntax_unit"].unit]
        names.setdefault(syntax[0], []).append("Y*")
    if "short_range" in results:
        short_range = list(results["short_range"].units)
    lost, order = {}, list(range(1, sum(model.sizes) + 1))
    if table is not None:
        costs = table.drops.accuracy_drops()  # (conditions, units)
        order = [int(u) + 1 for u in np.argsort(-np.nanmax(costs, axis=0), kind="stable")]
        lost = {unit: conditions for unit, conditions, _ in table.units_above_threshold()[1]}
    names = {unit: " ".join(some) for unit, some in names.items() if some}
    names |= {unit: name for name, unit in model.provenance.get("planted_units", {}).items()}
    return Roles(list(number), syntax, short_range, names, lost, order, bool(results))
