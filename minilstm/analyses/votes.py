"""Who votes for the wrong form where the network errs: long-range units, short-range units or the others.

The margin is a sum over the units of the last layer (`efferents.py`), so it can be split among groups of them without a
rest, sentence by sentence. The paper says that the long-range units vote for the right form even where the network errs
(section 4.2, claim 28 of the ledger), and leaves open what the short-range units do then. In the conditions with an
attractor they should be the ones that vote for the wrong form; whether errors come from their louder vote, from a
weaker one of the long-range units, or from somewhere else is what the split shows.
"""

from dataclasses import dataclass

import numpy as np

from ..errors import MinilstmError
from .efferents import attribution
from .number_agreement import by_condition
from .tables import fixed

REST = "other units", "bias"  # voters that need not be named


@dataclass(frozen=True, eq=False)
class Votes:
    """The margins of items, split among voters.

    Attributes
    ----------
    items : tuple of stimuli.Item
    voters : tuple of str
        The groups, and then `REST`.
    shares : (items, voters) array
        What each adds to log p(right) - log p(wrong), in nats; below 0 it votes for the wrong form.
    """

    items: tuple
    voters: tuple
    shares: np.ndarray

    @property
    def margins(self):
        """log p(right) - log p(wrong): (items,)."""
        return self.shares.sum(axis=1)

    def trials(self):
        """{(task, condition): (right, wrong)}: indices of the items that the network gets right, and of the others."""
        good = self.margins > 0
        return {key: (where[good[where]], where[~good[where]]) for key, where in by_condition(self.items).items()}

    def trials_with_errors(self):
        """The same for the conditions in which the network errs; for all if it errs in none."""
        return {key: halves for key, halves in self.trials().items() if len(halves[1])} or self.trials()

    def decides(self, where):
        """The share of items `where` that would be answered the other way without this voter's vote: (voters,)."""
        margins = self.margins[where, None]
        return ((margins > 0) != (margins - self.shares[where] > 0)).mean(axis=0)

    def gap(self, right, wrong):
        """By how much each voter's mean vote is lower on items `wrong` than on `right`: (voters,); nan without them.

        The sum is by how much wrong trials fall short of right ones.
        """
        if not len(right) or not len(wrong):
            return np.full(len(self.voters), np.nan)
        return self.shares[right].mean(axis=0) - self.shares[wrong].mean(axis=0)

    def rows(self, trials=None):
        """Columns and rows, one for each condition and voter: its votes on the trials that are right and on the others.

        The mean vote in nats; in how many percent of the trials it is for the right form; and in how many it decides:
        without it, the answer would be the other one. Last, how many percent of the `gap` it makes up.

        Parameters
        ----------
        trials : dict, optional
            Of `trials()`, the conditions wanted; all if not given.
        """
        sides = [(name, f"{name}: vote", f"{name}: for %", f"{name}: decides %") for name in ("right", "wrong")]
        rows = []
        for key, (right, wrong) in (self.trials() if trials is None else trials).items():
            gap = self.gap(right, wrong)
            for v in zip(self.voters, self._side(right), self._side(wrong), 100 * gap / gap.sum(), strict=True):
                rows.append([*key, v[0], *v[1], *v[2], v[3]])
        return ["task", "condition", "voter", *sides[0], *sides[1], "% of gap"], rows

    def _side(self, where):
        """For each voter: how many trials, its mean vote, in how many percent it is for the right form, and decides."""
        if not len(where):
            return [[0, None, None, None] for _ in self.voters]
        shares = self.shares[where]
        measures = zip(shares.mean(axis=0), 100 * (shares > 0).mean(axis=0), 100 * self.decides(where), strict=True)
        return [[len(where), fixed(vote, 2), good, decides] for vote, good, decides in measures]


def votes(model, items, groups, state="context", ablate=(), unknown="error"):
    """Split the margin of every item among groups of units.

    Parameters
    ----------
    model : LanguageModel
    items : sequence of stimuli.Item
        Those of which the model lacks a verb form are left out.
    groups : mapping of str to iterable of int
        Units of the last layer, in the paper's numbers, none in two groups:
        ``{"long-range": [988, 776], "short-range": [...]}``.
    state, ablate, unknown
        As in `efferents.attribution`.

    Returns
    -------
    Votes
    """
    named = [unit for units in groups.values() for unit in units]
    double = [unit for unit in named if named.count(unit) > 1]
    if double:
        raise MinilstmError(f"votes: unit {double[0]} is named twice, in {', '.join(groups)}; it has one vote")
    found = attribution(model, items, state, ablate, unknown)
    others = [unit for unit in found.units if unit not in named]
    shares = [*(found.of(units) for units in groups.values()), found.of(others), found.bias]
    return Votes(found.items, (*groups, *REST), np.stack(shares, axis=1))
