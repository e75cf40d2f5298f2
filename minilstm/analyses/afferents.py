"""Afferents of units of the last layer: the recurrent weights onto each of their gates.

A weight says little by itself: the unit that it comes from may hardly ever be active. So each weight is multiplied by
the largest activity of that unit, with its sign; what comes out is the most that the unit ever adds to the gate. The
sign of a unit is arbitrary, that of weight times activity is not.
"""

from dataclasses import dataclass

import numpy as np

from ..activity import activity, full_sentences
from ..records import short_repr
from ..units import columns_of, last_layer
from .statistics import OUTLIER, z_scores
from .tables import fixed

GATES = "i", "f", "C_tilde", "o"  # in the order of the blocks of U
DIGITS = 0, 0, 0, 2, 1, 0, 0  # decimals of `Connectivity.columns`
CONNECTIONS = "connections here"  # what units of lower layers lack


@short_repr
@dataclass(frozen=True, eq=False)
class Connectivity:
    """The weights from all units of the last layer onto each gate of some of them.

    Attributes
    ----------
    targets : tuple of int
        In the paper's numbers.
    weights : (targets, 4, H) array
        From each unit of the layer, the target itself included, onto i, f, C_tilde and o of the target; times the peak
        activity of the unit that it comes from if `scaled`.
    scaled : bool
    first : int
        The number of the layer's first unit.
    """

    targets: tuple
    weights: np.ndarray
    scaled: bool
    first: int

    @property
    def z(self):
        """Weights in standard deviations from the mean over a gate's H afferents: (targets, 4, H)."""
        return z_scores(self.weights)

    @property
    def rank(self):
        """1 for the afferent with the largest |z| onto a gate, 2 for the next, and so on: (targets, 4, H)."""
        order = np.argsort(-np.abs(self.z), axis=-1, kind="stable")
        return np.argsort(order, axis=-1) + 1

    @property
    def columns(self):
        """The names of the columns of `rows`."""
        return ["from", "onto", "gate", self.what, "z", "rank", "outlier"]

    @property
    def what(self):
        """Description of the numbers, for columns and axes."""
        return "weight x peak" if self.scaled else "weight"

    def rows(self, units, gates=GATES):
        """With `columns`: a row for each of `units`, each target and each gate; * beyond 3 standard deviations."""
        return [
            self._row(t, GATES.index(gate), u)
            for u in self._columns(units)
            for t in range(len(self.targets))
            for gate in GATES
            if gate in gates
        ]

    def outliers(self):
        """Rows, with `columns`, of all connections beyond 3 standard deviations, the strongest first."""
        hits = np.argwhere(np.abs(self.z) > OUTLIER)
        hits = hits[np.argsort(-np.abs(self.z[tuple(hits.T)]), kind="stable")]
        return [self._row(*hit) for hit in hits]

    def _row(self, t, g, u):
        weight, z, rank = (float(array[t, g, u]) for array in (self.weights, self.z, self.rank))
        star = "*" if abs(z) > OUTLIER else ""
        return [int(self.first + u), self.targets[t], GATES[g], weight, z, int(rank), star]

    def wide(self, units, gates=("i", "f")):
        """Columns and rows of the table under Fig. 4, as text: from each of `units`, the weight onto each target and
        gate, its z in brackets, and a star beyond 3 standard deviations."""
        columns = [f"{target} {gate}" for target in self.targets for gate in GATES if gate in gates]
        rows = []
        for unit in units:
            cells = [f"{fixed(row[3], 2)} ({fixed(row[4], 1)}){row[6]}" for row in self.rows([unit], gates)]
            rows.append([str(unit), *cells])
        return ["from", *columns], rows

    def closest(self, units, gates=("i", "f")):
        """The one of `units` with the largest mean |z| onto these gates of all targets: 1150, in the paper."""
        which = [GATES.index(gate) for gate in gates]
        strength = np.abs(self.z)[:, which][..., self._columns(units)].mean(axis=(0, 1))
        return units[int(np.argmax(strength))]

    def _columns(self, units):
        return columns_of(units, range(self.first, self.first + self.weights.shape[-1]), CONNECTIONS)


def connectivity(model, targets, peak=None):
    """The afferents of some units of the last layer (Fig. 4).

    Parameters
    ----------
    model : LanguageModel
    targets : sequence of int
        In the paper's numbers.
    peak : (H,) array, optional
        The peak activity of each unit of the layer, see `peak_activity`; the bare weights if not given.

    Returns
    -------
    Connectivity

    Raises
    ------
    MinilstmError
        If a target is not in the last layer.
    """
    U, H, last = model.layers[-1].U, model.sizes[-1], last_layer(model.sizes)
    weights = U.reshape(4, H, H)[:, columns_of(targets, last, CONNECTIONS)].swapaxes(0, 1)  # (targets, 4, H)
    weights = weights.astype(np.float64) * (1 if peak is None else peak)
    return Connectivity(tuple(targets), weights, peak is not None, last[0])


def peak_activity(model, items, state="context", unknown="error"):
    """For each unit of the last layer its h farthest from 0, with its sign, over all words of all `items`: (H,).

    The words are those of Figs. 1 and 3, to `the` after the verb; the paper's items are the nounPP sentences.
    """
    h = activity(model, full_sentences(items), "h", state, unknown)
    h = h[..., -model.sizes[-1] :].reshape(-1, model.sizes[-1])  # (sentences * words, H)
    h = np.nan_to_num(h.astype(np.float64))  # after a sentence's end
    return h[np.abs(h).argmax(axis=0), np.arange(h.shape[1])]
