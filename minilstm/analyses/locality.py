"""Locality of the code for number: one index for networks of any size, written down before the grid was trained.

The paper calls its network's code for number local because one unit in 1,300 carries each number (section 4.1). The
rule in `ablation.py` counts such units, and is silent where several share the work, or where no single unit is missed.
To compare networks of different sizes and trainings, a number is needed that every network has.

Take the above-chance accuracy for singulars across a plural, nounPP SP: the accuracy above the half that guessing
gives, 1 in the intact network. Ablate units one after the other, always the one whose ablation costs most:

    1 |----.
      |     '.
    0 |_______'-----
      0  1  2  3  4   units ablated

The area under this ablation curve, 1 + accuracy(1) + accuracy(2) + ..., is how many units it takes, on average, to lose
an answer. The same for plurals, nounPP PS. The index is 1 over the mean of the two areas.

- It is 1 where one unit a number is enough: in the planted circuit, and nearly (.95 at most) in the paper's network,
  where 54.2 % of 87.2 % are left without unit 988, and 48.0 % of 92.0 % without 776 (Table 2). How many units there are
  besides does not matter: those that nothing depends on are never chosen.
- A network in which each unit is split into m, each giving an m-th (`split_units`), answers exactly alike, and loses
  its answers after a number of units that grows as m does: the index falls as 1 / m. It never is 0.
- Every network has it that does the task at all, with 60 % in both conditions.
- Chance does not raise it: units are chosen on items with odd ids, and the accuracy is measured on those with even ids.

What it does not say: which role the units have. One that guards the memory counts as much as the one that holds it, and
one on whose constant presence others rely counts too (unless kind="mean"). Nor whether easier tasks need the same
units, nor whether both numbers need the same. And since the best two need not contain the best one, a search that takes
one unit at a time finds an upper bound of the area.
"""

from typing import NamedTuple

import numpy as np

from ..errors import StimulusError
from ..language_model import LanguageModel
from ..lstm import Layer
from ..records import short_repr
from .ablation import set_margins
from .number_agreement import share_right
from .statistics import CHANCE, TESTABLE

ACROSS_ATTRACTOR = {"S": "SP", "P": "PS"}  # of nounPP: a subject of that number, an attractor of the other


@short_repr
class Locality(NamedTuple):
    """Ablation curves of agreement across an attractor.

    Attributes
    ----------
    units : dict
        {"S": (...), "P": (...)}: for each number the units in the order in which they were ablated, in the paper's
        numbers, until no accuracy above chance was left.
    above_chance : dict
        {"S": (...), "P": (...)}: the above-chance accuracy before the first and after each: 1 intact, 0 at chance or
        below.
    """

    units: dict
    above_chance: dict

    @property
    def area(self):
        """The mean area under the two curves; nan where the intact network does not do the task."""
        return float(np.mean([sum(curve) or np.nan for curve in self.above_chance.values()]))

    @property
    def index(self):
        """1 / area: 1 where each number is in one unit, towards 0 the more units share it."""
        return 1 / self.area


def locality(model, items, kind="paper", state="context", unknown="error"):
    """Ablate units, the one with the largest drop first, until agreement across an attractor is no better than chance.

    Parameters
    ----------
    model : LanguageModel
    items : sequence of stimuli.Item
        Those of nounPP SP and PS are used.
    kind : {"paper", "released", "mean"}
        See `number_agreement.agreement`.
    state : None, "context" or lstm.State
    unknown : {"error", "<unk>"}

    Returns
    -------
    Locality

    Raises
    ------
    StimulusError
        If one of the two conditions lacks items with odd or with even ids.
    """
    units, above_chance = {}, {}
    for number, condition in ACROSS_ATTRACTOR.items():
        condition_items = [item for item in items if (item.task, item.condition) == ("nounPP", condition)]
        halves = [[item for item in condition_items if item.id % 2 == odd] for odd in (1, 0)]
        if not all(halves):
            raise StimulusError(
                f"locality: expected nounPP {condition} items with odd and with even ids; some are missing"
            )
        units[number], above_chance[number] = _ablation_curve(model, *halves, kind, state, unknown)
    return Locality(units, above_chance)


def _ablation_curve(model, chosen_on, measured_on, *how):
    """The units, in their order, and the above-chance accuracy before the first and after each; empty without any."""

    def accuracy(units):
        return share_right(set_margins(model, measured_on, [units], *how))[0]

    intact = accuracy(())
    if not intact >= TESTABLE:
        return (), ()
    ablated, above_chance, left = (), [1.0], set(range(1, sum(model.sizes) + 1))
    while above_chance[-1] > 0 and left:
        sets = [(*ablated, unit) for unit in sorted(left)]
        margins = set_margins(model, chosen_on, sets, *how)
        # where none of them costs an answer yet, the one that brings the answers closest to it
        ablated = sets[np.lexsort((np.nanmean(margins, axis=1), share_right(margins)))[0]]
        left.discard(ablated[-1])
        above_chance.append(float(max(0, (accuracy(ablated) - CHANCE) / (intact - CHANCE))))
    return ablated, tuple(above_chance)


def split_units(model, m):
    """The same network with each unit split into `m`, each of which gives an m-th of what the unit gave to all others.

    It computes the same, and its code is less local: what `locality` has to show. Unit u of a layer becomes the units
    m (u - 1) + 1 ... m u.
    """
    layers, below = [], 1
    for W, U, b in model.layers:
        W, U, b = (
            np.repeat(part.reshape(4, U.shape[1], -1), m, axis=1).reshape(4 * U.shape[1] * m, -1) for part in (W, U, b)
        )
        layers.append(Layer(_shared(W, below), _shared(U, m), b[:, 0]))
        below = m
    return LanguageModel(
        model.vocabulary,
        model.embedding,
        tuple(layers),
        _shared(model.decoder_weight, m),
        model.decoder_bias,
        model.context,
        model.word_counts,
    )


def _shared(weights, m):
    """Weights from m units in the place of each: (..., H) to (..., H * m)."""
    return np.repeat(weights, m, axis=-1) / np.array(m, weights.dtype)
