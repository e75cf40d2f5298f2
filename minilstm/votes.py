"""Who votes for the wrong form: long-range units, short-range units and the others, where the network is right and errs.

The margin is a sum over the units of the last layer (`efferents.py`), so it can be split among groups of them without a
rest, sentence by sentence. The paper says that the long-range units vote for the right form even where the network errs
(section 4.2, claim 28 of the ledger), and leaves open what the short-range units do then. In the conditions with an
attractor they should be the ones that vote for the wrong form; whether errors come from their louder vote, from a
weaker one of the long-range units, or from somewhere else is what the split shows.
"""

from dataclasses import dataclass

import numpy as np

from .efferents import attribution
from .errors import MinilstmError
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
        """{(task, condition): (right, wrong)}: the indices of the items that the network gets right, and of the others."""
        good = self.margins > 0
        return {key: (where[good[where]], where[~good[where]]) for key, where in by_condition(self.items).items()}

    def decides(self, where):
        """The share of items `where` that the network would answer the other way without this voter's vote: (voters,)."""
        margins = self.margins[where, None]
        return ((margins > 0) != (margins - self.shares[where] > 0)).mean(axis=0)

    def rows(self):
        """Columns and rows, one for the right and one for the wrong trials of each condition.

        Of each voter the mean vote in nats; in how many percent of the trials it votes for the right form; and in how
        many it decides: without its vote, the answer would be the other one.
        """
        columns = ["task", "condition", "trials", "n"]
        for voter in self.voters:
            columns += [voter, "for %", "decides %"]
        rows = []
        for (task, condition), halves in self.trials().items():
            for name, where in zip(("right", "wrong"), halves, strict=True):
                if len(where):
                    shares, decides = self.shares[where], self.decides(where)
                    row = [task, condition, name, len(where)]
                    for mean, good, turned in zip(shares.mean(axis=0), (shares > 0).mean(axis=0), decides, strict=True):
                        row += [fixed(mean, 2), 100 * good, 100 * turned]
                    rows.append(row)
        return columns, rows

    def gap_rows(self):
        """Columns and rows: by how much wrong trials fall short of right ones in a condition, and whose votes make that up.

        In percent of the difference of the mean margins; the voters add up to 100. Conditions without both kinds of
        trials are left out.
        """
        rows = []
        for (task, condition), (right, wrong) in self.trials().items():
            if len(right) and len(wrong):
                apart = self.shares[right].mean(axis=0) - self.shares[wrong].mean(axis=0)  # (voters,)
                rows.append(
                    [task, condition, len(right), len(wrong), f"{apart.sum():.2f}", *(100 * apart / apart.sum())]
                )
        return ["task", "condition", "right", "wrong", "gap", *(f"{voter} %" for voter in self.voters)], rows


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
