"""Claims 34 to 40: the syntax unit, and what it and the number units tell the number units (section 4.4)."""

from dataclasses import replace

import numpy as np

from ..analyses.connectivity import GATES, OUTLIER
from ..analyses.dynamics import SUBJECT
from .claims_outcome import NotTestable, Outcome, both_layers_apart

CLAUSE_VERBS = {
    "SubjRel": (3,),
    "2SubjRel": (3, 7),
}  # steps: The boy that admires the girls that avoid the poet greets
PUBLISHED = {("f", 776): 8.1, ("f", 988): 11.2, ("i", 776): -16.2, ("i", 988): -7.2}  # z of 1150
RANKS = {("f", 776): 1, ("f", 988): 1, ("i", 776): 1, ("i", 988): 2}  # at most
TOLERANCE = 0.3  # of a published z
DROP = 2  # sd


def over_one_phrase(f):
    return _marks_the_verb(f, ("CoAdv", "nounPP"))


def over_relative_clauses(f):
    return _marks_the_verb(f, ("SubjRel", "2SubjRel"))


def _marks_the_verb(f, tasks):
    """Whether the cell of Y* stays on one side of 0 from the subject to the verb, and leaves it there."""
    if f.syntax is None:
        raise NotTestable("no Y*")
    texts, results = [], []
    for task in tasks:
        found = f.structures[task]
        C, sd = found.mean["C"][0, :, 0], found.sd["C"][0, :, 0]  # (steps,)
        between = C[SUBJECT + 1 : found.verb]
        if f.original:
            results.append((between > 0).all() and C[found.verb] < 0)
            texts.append(f"{task}: {between.min():.2f} to {between.max():.2f}, {C[found.verb]:.2f} at the verb")
            continue
        change = np.diff(C, prepend=0) * np.sign(C[found.verb - 1])  # of the word at each step; < 0 is a drop
        spread = np.sqrt((sd**2 + np.roll(sd, 1) ** 2) / 2)  # of the cells before and after it
        drop = -change[found.verb]
        holds = drop > 0 and drop >= DROP * spread[found.verb] and drop >= np.abs(change[1:]).max()
        inner = list(CLAUSE_VERBS.get(task, ()))
        results.append(holds and not (-change[inner] >= np.maximum(DROP * spread[inner], 1e-9)).any())
        size = drop / spread[found.verb] if spread[found.verb] else np.inf
        texts.append(f"{task}: {C[found.verb - 1]:.2f} to {C[found.verb]:.2f}, {size:.1f} sd")
    return Outcome(bool(all(results)), "; ".join(texts))


def drives_forget_gates(f):
    return _pushes(f, f.connectivity, "f", f.original)


def shuts_input_gates(f):
    return _pushes(f, f.connectivity, "i", f.original)


def _pushes(f, connected, gate, published):
    """z of Y* onto a gate of S* and P*: near the published ones, or beyond 3 so as to open f or shut i."""
    cells = _onto(f, connected, gate)
    value = ", ".join(f"unit {unit}: z {z:.1f}, rank {rank}" for unit, z, rank in cells)
    if published:
        near = [abs(z - PUBLISHED[gate, unit]) <= TOLERANCE and rank <= RANKS[gate, unit] for unit, z, rank in cells]
        return Outcome(all(near), value)
    _can_be_an_outlier(f)
    sign = 1 if gate == "f" else -1
    return Outcome(all(sign * z > OUTLIER for _, z, _ in cells), value)


def _onto(f, connected, gate):
    """(target, z, rank) of Y* onto a gate of S* and of P*."""
    targets = both_layers_apart(f)
    if f.syntax is None:
        raise NotTestable("no Y*")
    g, u = GATES.index(gate), f.syntax - connected.first
    rows = [connected.targets.index(unit) for unit in targets]
    return [
        (unit, float(connected.z[t, g, u]), int(connected.rank[t, g, u])) for t, unit in zip(rows, targets, strict=True)
    ]


def _can_be_an_outlier(f):
    largest = (f.sizes[-1] - 1) ** 0.5
    if largest <= OUTLIER:
        raise NotTestable(f"no z of {f.sizes[-1]} weights can exceed {largest:.1f}")


def top_afferent(f):
    return _top(f, f.connectivity, f.original)


def _top(f, connected, published):
    ranks = [rank for gate in "fi" for *_, rank in _onto(f, connected, gate)]
    value = f"ranks {', '.join(map(str, ranks))} (f and i of S*, P*)"
    first = sum(rank == 1 for rank in ranks)
    return Outcome(
        first >= (3 if published else 4), value, "" if published else "reported: not claimed of other models"
    )


def inhibit_each_other(f):
    return _reciprocal(f, f.connectivity, f.original)


def _reciprocal(f, connected, published):
    """The weights between S* and P* as if both codes were negative: positive ones then inhibit."""
    singular, plural = both_layers_apart(f)
    texts, positive, strong = [], 0, set()
    for number, source, target in (("P", plural, singular), ("S", singular, plural)):
        t, u = connected.targets.index(target), source - connected.first
        code = f.dynamics.code(source, number)[1]
        for gate in "fi":
            g = GATES.index(gate)
            weight = -code * f.bare.weights[t, g, u]
            z = float(connected.z[t, g, u])
            positive += weight > 0
            strong |= {(source, gate)} if abs(z) > OUTLIER else set()
            texts.append(f"{source} to {gate} of {target}: {weight:.2f} (z {z:.1f})")
    value = "; ".join(texts)
    holds = positive == 4 and (not published or strong == {(776, "f"), (776, "i")})
    return Outcome(holds, value, f"{positive} of 4 positive")


def scaling_changes_nothing(f):
    rules = {
        36: lambda connected: _pushes(f, connected, "f", False),
        37: lambda connected: _pushes(f, connected, "i", False),
        38: lambda connected: _top(f, connected, False),
        39: lambda connected: _reciprocal(f, connected, False),
    }
    scaled = {number: rule(f.connectivity).holds for number, rule in rules.items()}
    # bare, a weight has the arbitrary sign of the unit that it comes from; that of its activity undoes it
    unscaled = replace(f.bare, weights=f.bare.weights * np.sign(f.peak))
    changed = [number for number, rule in rules.items() if rule(unscaled).holds != scaled[number]]
    return Outcome(not changed, f"changed: {', '.join(map(str, changed)) or 'none'}")


RULES = {
    34: over_one_phrase,
    35: over_relative_clauses,
    36: drives_forget_gates,
    37: shuts_input_gates,
    38: top_afferent,
    39: inhibit_each_other,
    40: scaling_changes_nothing,
}
