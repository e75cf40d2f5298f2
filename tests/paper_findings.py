"""Findings that nobody measured: those of a model that does exactly what the paper says of its own."""

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np

from minilstm.analyses.afferents import Connectivity
from minilstm.analyses.base import Results
from minilstm.analyses.connectivity import Connections
from minilstm.analyses.decoding import NumberOverTime
from minilstm.analyses.depth import DepthRegression
from minilstm.analyses.dynamics import VARIABLES, Dynamics
from minilstm.analyses.efferents import Efferents
from minilstm.analyses.gates import GatesAndCell
from minilstm.analyses.group_tests import GroupTest
from minilstm.analyses.groups import Groups
from minilstm.analyses.linzen import Linzen
from minilstm.analyses.number_units import NumberUnits
from minilstm.analyses.published import OFF, TABLE_2
from minilstm.analyses.short_range import ShortRange
from minilstm.analyses.structures import Structures
from minilstm.analyses.syntax_unit import SyntaxUnit
from minilstm.analyses.table2 import Table2
from minilstm.report import ledger
from minilstm.stimuli import Item

SIZES, TOTAL, H, FIRST = (650, 650), 1300, 650, 651
S, P, Y = 988, 776, 1150
N = 200  # items a condition
LAST = range(FIRST, TOTAL + 1)
OUTLIERS = (Y, *range(700, 716))


@dataclass(frozen=True, eq=False)
class Findings:
    """All that the ledger reads, in one flat record, so that a test can change one number of it."""

    original: bool
    items: tuple
    full: np.ndarray
    ablated: np.ndarray
    lowered: np.ndarray | None
    scored: np.ndarray
    chosen: dict
    anywhere: dict
    syntax: int | None
    counts: np.ndarray | None
    dynamics: object
    weights: np.ndarray
    decoding: dict
    short_range: tuple
    groups: dict
    votes: np.ndarray
    depth: object
    connectivity: object
    bare: object
    peak: np.ndarray
    structures: dict
    linzen: object
    no_linzen: str = ""
    n_random: int = 1000
    sizes: tuple = SIZES

    def where(self, task, condition):
        """The items of a condition: (items,) bool."""
        return np.array([(item.task, item.condition) == (task, condition) for item in self.items])

    def experiment(self):
        """What the ledger reads of an Experiment."""
        model = SimpleNamespace(sizes=self.sizes)
        how = {"evaluates": lambda items: self.scored, "n_random": self.n_random, "why_no_linzen": self.no_linzen}
        return SimpleNamespace(original=self.original, model=model, usable_linzen=bool(self.linzen), **how)

    def results(self):
        """The results that hold these numbers."""
        roles = {unit: (f"{number}*",) for number, unit in self.chosen.items() if unit is not None}
        units = {
            "short": self.short_range,
            "short and long": (*self.short_range, *roles),
            "syntax": self.depth.outliers,
        }
        curves = {seen: SimpleNamespace(curve=lambda auc=auc: (auc, 0 * auc)) for seen, auc in self.decoding.items()}
        return Results(
            {
                "agreement": Table2(self.items, self.full, self.ablated, None, None, self.lowered, self.counts),
                "number_units": NumberUnits(self.chosen, self.anywhere, self.anywhere),
                "linzen": self.linzen or Linzen(None, why=self.no_linzen),
                "gates": GatesAndCell(self.dynamics, roles, {}),
                "efferents": Efferents(self.weights, SimpleNamespace(units=LAST), self.votes, roles),
                "decoding": NumberOverTime({"sentence": curves}, roles),
                "short_range": ShortRange(self.short_range),
                "depth": self.depth,
                "syntax_unit": SyntaxUnit(self.syntax, (), self.peak, ()),
                "structures": Structures(self.structures, self.syntax, {}),
                "connectivity": Connections(self.connectivity, self.bare, (), roles),
                "groups": Groups(units, self.groups),
            }
        )


def judge(findings, claims=ledger.CLAIMS):
    """`ledger.judge` on made-up findings."""
    return ledger.judge(findings.experiment(), findings.results(), claims)


def paper_findings():
    """A Findings with the values of Table 2, Figs. 1 to 4 and sections 4.2 to 4.4."""
    items, full = [], []
    for (task, condition), percent in TABLE_2.items():
        items += [Item(("The", "boy"), "greets", "greet", task, condition, id) for id in range(1, N + 1)]
        full.append(margins(percent, N))
    ablated = np.tile(np.concatenate(full), (TOTAL, 1))
    for number, unit in (("S", S), ("P", P)):
        for key, percent in OFF[number].items():
            where = [k for k, item in enumerate(items) if (item.task, item.condition) == key]
            ablated[unit - 1, where] = margins(percent, N)
    full = np.concatenate(full)
    connected, bare, peak = connections()
    return Findings(
        original=True,
        items=tuple(items),
        full=full,
        ablated=ablated,
        lowered=-full,
        scored=np.full(len(items), True),
        chosen={"S": S, "P": P},
        anywhere={"S": S, "P": P},
        syntax=Y,
        counts=np.array([np.ones(15), np.full(15, 2)]),
        dynamics=gates(),
        weights=weights(),
        decoding={S: np.ones(7), P: np.ones(7), "rest": np.array([0.5, 1, 0.86, 0.98, 0.01, 0.3, 0.4])},
        short_range=tuple(range(660, 670)),
        groups=groups(),
        votes=np.r_[np.ones(97), -np.ones(3)],
        depth=depth(),
        connectivity=connected,
        bare=bare,
        peak=peak,
        structures=structures(),
        linzen=Linzen(linzen(93.9), {P: linzen(75.3), S: linzen(90)}),
        no_linzen="",
        n_random=1000,
    )


def margins(percent, n):
    """So many percent of n margins are right."""
    return np.where(np.arange(n) < round(percent * n / 100), 1, -1).astype(np.float32)


def linzen(percent):
    return margins(percent, 7489)


def gates():
    """Fig. 1a-b, for units 988 and 776; conditions SS SP PS PP, 'The N P the N V the'."""
    mean = {name: np.zeros((4, 7, 2)) for name in VARIABLES}
    mean["C"][:, 4] = [[-1.06, 0.1], [-0.95, 0.1], [0.05, -1.25], [0.05, -1.36]]
    for unit, own, other, at, late in (
        (0, slice(0, 2), slice(2, 4), 0.78, 0.28),
        (1, slice(2, 4), slice(0, 2), 0.85, 0.63),
    ):
        mean["i"][own, 1, unit], mean["i"][other, 1, unit], mean["i"][own, 2, unit] = at, 0.05, late
        mean["f"][own, 1, unit], mean["f"][own, 2:5, unit] = 0.38, 0.95
    mean["o"][:, 4] = 0.9
    sd = {name: np.full((4, 7, 2), 0.1) for name in VARIABLES}
    return Dynamics(
        ("SS", "SP", "PS", "PP"), tuple("The N P the N V the".split()), 5, (S, P), mean, sd, np.full(4, 600)
    )


def weights():
    """Fig. 1d: weights are negative to the forms of the unit's own number. (2, verbs, units)"""
    every = np.stack([separated(apart) for apart in np.linspace(0.3, 1, H)], axis=2)
    every[:, :, S - FIRST], every[:, :, P - FIRST] = separated(-20), separated(1.8)  # ranges of 776 overlap
    for unit in (651, 1300, Y):
        every[:, :, unit - FIRST] = separated(0.1)
    return every


def separated(apart):
    """Weights to singular and plural forms, (2, verbs), whose segregation is |apart|; above 0: larger to singulars."""
    spread = np.linspace(-1, 1, 15) / np.linspace(-1, 1, 15).std()
    return np.stack([spread + apart, spread - apart])


def groups():
    def test(task, condition, p):
        return GroupTest(task, condition, 0.99, 0.8, np.full(1000, 0.98), p, 0.99, p, 1000)

    easy = [test(task, number, 0.002) for task in ("Simple", "Adv", "2Adv") for number in "SP"]
    hard = [
        ("nounPP", "SP", 0.001),
        ("nounPP", "PS", 0.052),
        ("nounPPAdv", "SP", 0.011),
        ("nounPPAdv", "PS", 0.034),
    ]
    return {
        "short": easy,
        "short and long": easy,
        "syntax": [test(*one) for one in [*hard, ("Linzen", "", 0.024)]],
    }


@dataclass(frozen=True, eq=False)
class MadeUpDepth:
    """What the ledger reads of a depth.DepthRegression, each number of its own."""

    r2: np.ndarray
    r2_without: np.ndarray
    r2_frequency: np.ndarray
    weights: np.ndarray
    z: np.ndarray
    outliers: tuple

    counted = DepthRegression.counted

    def strongest(self, n=None):
        return (*self.outliers, *(unit for unit in range(1, len(self.z) + 1) if unit not in self.outliers))[:n]


def depth():
    z = np.zeros(TOTAL)
    z[np.array(OUTLIERS) - 1] = np.linspace(6, 4, len(OUTLIERS))
    return MadeUpDepth(np.full(5, 0.853), np.full(5, 0.85), np.full(5, 0.1), z * 0.08, z, OUTLIERS)


def connections():
    """z of 8.1, 11.2, -16.2, -7.2 from 1150; one afferent is beyond it into the input gate of 988."""
    z = np.zeros((2, 4, H))  # targets S, P; gates i, f, C_tilde, o
    y = Y - FIRST
    z[0, 0, y], z[0, 1, y], z[1, 0, y], z[1, 1, y] = -7.2, 11.2, -16.2, 8.1
    z[0, 0, 5] = -8.5
    z[0, :2, P - FIRST], z[1, :2, S - FIRST] = (3.5, 3.6), (0.5, 1.9)
    rng = np.random.default_rng(0)
    for row in z.reshape(-1, H):  # mean 0 and sd 1, so that the weights are their own z
        free = np.flatnonzero(row == 0)
        noise = rng.normal(size=len(free))
        noise -= noise.mean()
        left = H - (row**2).sum() - row.sum() ** 2 / len(free)
        row[free] = noise * np.sqrt(left / (noise**2).sum()) - row.sum() / len(free)
    scaled = Connectivity((S, P), z, True, FIRST)
    np.testing.assert_allclose(scaled.z, z, atol=1e-9)
    return scaled, Connectivity((S, P), z.copy(), False, FIRST), np.ones(H)


def structures():
    """Fig. 3: 1 between subject and verb, -.9 at it."""
    found = {}
    for task, verb in (("CoAdv", 5), ("nounPP", 5), ("SubjRel", 6), ("2SubjRel", 10)):
        C = np.r_[0.1, 0.9, np.full(verb - 2, 1.0), -0.9, -0.5]
        words = ("w",) * len(C)
        mean = {"C": C[None, :, None]}
        found[task] = Dynamics((task,), words, verb, (Y,), mean, {"C": np.full((1, len(C), 1), 0.2)}, np.array([600]))
    return found
