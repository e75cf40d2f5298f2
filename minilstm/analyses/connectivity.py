"""What the last layer's units tell each other (section 4.4, Fig. 4): the recurrent weights into single gates.

A weight says little by itself: the unit that it comes from may hardly ever be active. So each weight is multiplied by
the largest activity of that unit, with its sign; what comes out is the most that the unit ever adds to the gate. The
sign of a unit is arbitrary, that of weight times activity is not.
"""

from dataclasses import dataclass

import numpy as np

from ..activity import activity, full_sentences
from ..errors import MinilstmError
from .tables import fixed

GATES = "i", "f", "C_tilde", "o"  # in the order of the blocks of U
OUTLIER = 3  # |z| beyond which the table under Fig. 4 marks a weight
COLUMNS = "from", "onto", "gate", "weight", "z", "rank", "outlier"


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
        """Weights in population standard deviations from the mean over a gate's H afferents: (targets, 4, H).

        However far one of n numbers lies from the others, its z cannot exceed sqrt(n - 1): 25.5 of 650, 5.6 of 32.
        """
        away = self.weights - self.weights.mean(axis=-1, keepdims=True)
        sd = self.weights.std(axis=-1, keepdims=True)
        return np.divide(away, sd, out=np.zeros_like(away), where=sd > 0)

    @property
    def rank(self):
        """1 for the afferent with the largest |z| onto a gate, 2 for the next, and so on: (targets, 4, H)."""
        order = np.argsort(-np.abs(self.z), axis=-1, kind="stable")
        return np.argsort(order, axis=-1) + 1

    def wide(self, units, gates=("i", "f")):
        """Columns and rows of the table under Fig. 4: from each of `units`, the weight onto each target and gate, its z
        in brackets, and a star beyond 3 standard deviations."""
        long = self.rows(units, gates)
        columns = [f"{target} {gate}" for target in self.targets for gate in GATES if gate in gates]
        cells = [f"{weight} ({z}){star}" for *_, weight, z, _, star in long]
        return ["from", *columns], [
            [str(unit), *cells[k * len(columns) : (k + 1) * len(columns)]] for k, unit in enumerate(units)
        ]

    def rows(self, units, gates=GATES):
        """The same as a list, with `COLUMNS`: a row for each of `units`, each target and each gate."""
        z, rank = self.z, self.rank
        return [
            [
                unit,
                target,
                gate,
                fixed(self.weights[t, g, u], 2),
                fixed(z[t, g, u], 1),
                int(rank[t, g, u]),
                "*" if abs(z[t, g, u]) > OUTLIER else "",
            ]
            for unit, u in zip(units, self._columns(units), strict=True)
            for t, target in enumerate(self.targets)
            for g, gate in enumerate(GATES)
            if gate in gates
        ]

    def outliers(self):
        """Rows, with `COLUMNS`, of all connections beyond 3 standard deviations, the strongest first."""
        hits = np.argwhere(np.abs(self.z) > OUTLIER)
        hits = hits[np.argsort(-np.abs(self.z[tuple(hits.T)]), kind="stable")]
        return [
            row for t, g, u in hits for row in self.rows([int(self.first + u)], [GATES[g]]) if row[1] == self.targets[t]
        ]

    def writers(self, units):
        """Which of `units` writes to which gate: rows, with `COLUMNS`, of the one with the largest |z| onto each."""
        z, columns = np.abs(self.z), self._columns(units)
        best = {(t, g): units[int(np.argmax(z[t, g, columns]))] for t in range(len(self.targets)) for g in range(4)}
        return [
            row for (t, g), unit in best.items() for row in self.rows([unit], [GATES[g]]) if row[1] == self.targets[t]
        ]

    def closest(self, units, gates=("i", "f")):
        """The one of `units` with the largest mean |z| onto these gates of all targets: 1150, in the paper."""
        which = [GATES.index(gate) for gate in gates]
        strength = np.abs(self.z)[:, which][..., self._columns(units)].mean(axis=(0, 1))
        return units[int(np.argmax(strength))]

    def _columns(self, units):
        return _within(units, self.first, self.weights.shape[-1])


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
    U, H, first = model.layers[-1].U, model.sizes[-1], sum(model.sizes[:-1]) + 1
    weights = U.reshape(4, H, H)[:, _within(targets, first, H)].swapaxes(0, 1)  # (targets, 4, H)
    weights = weights.astype(np.float64) * (1 if peak is None else peak)
    return Connectivity(tuple(targets), weights, peak is not None, first)


def peak_activity(model, items, state="context", unknown="error"):
    """For each unit of the last layer its h farthest from 0, with its sign, over all words of all `items`: (H,).

    The words are those of Figs. 1 and 3, to `the` after the verb; the paper's items are the nounPP sentences.
    """
    h = activity(model, full_sentences(items), "h", state, unknown)
    h = h[..., -model.sizes[-1] :].reshape(-1, model.sizes[-1])  # (sentences * words, H)
    h = np.nan_to_num(h.astype(np.float64))  # after a sentence's end
    return h[np.abs(h).argmax(axis=0), np.arange(h.shape[1])]


def _within(units, first, H):
    """The paper's numbers as indices into the last layer."""
    for unit in units:
        if not first <= unit < first + H:
            raise MinilstmError(
                f"unit {unit}: the last layer, whose connections these are, has units {first} to {first + H - 1}"
            )
    return np.array([unit - first for unit in units], int)
