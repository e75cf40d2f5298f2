# %% [markdown]
# # 02. The planted circuit
#
# Script 01 ended with a unit that remembers the last noun, whichever it is. Agreement needs the subject. The
# paper found how a trained network does it, and the idea fits into two units:
#
# - a *syntax unit* that is on from the subject to the verb, whatever the number;
# - a *long-range number unit* that listens to it. While the syntax unit is on, it writes nothing new (i
#   shut), keeps what it has (f open), and exposes it (o open).
#
# The listening goes through U, the weights from what units said one word ago.

# %%
from pathlib import Path

import numpy as np

import minilstm
from minilstm import lstm, planted, stimuli
from minilstm.analyses.dynamics import dynamics, plot_dynamics
from minilstm.analyses.style import save

# %% [markdown]
# ## Two units by hand
#
# For each unit and gate: what it is at rest, and what moves it. A unit that is on has h of about +0.7, so -12
# from the syntax unit moves a gate by -8.

# %%
INPUTS = "singular", "plural", "verb"
UNITS = "number", "syntax"
GATES = "i", "f", "C_tilde", "o"  # the order in which the weights are stacked
CIRCUIT = {
    "number": {
        "i": (-4, {"singular": +8, "syntax": -12}),  # opens for a singular noun, unless the syntax unit is on
        "f": (-3, {"syntax": +10}),  # forgets, unless the syntax unit is on
        "C_tilde": (0, {"singular": -3, "plural": +3}),  # a singular is a negative C, as in the paper
        "o": (-3, {"syntax": +10}),  # silent, unless the syntax unit is on
    },
    "syntax": {
        "i": (-4, {"singular": +8, "plural": +8, "verb": +8}),  # nouns and verbs write
        "f": (+4, {"singular": -4, "plural": -4, "verb": -8}),  # a verb wipes out
        "C_tilde": (0, {"singular": +2, "plural": +2, "verb": -6, "syntax": +4}),  # nouns write +, verbs -
        "o": (+4, {}),
    },
}
W, U, b = np.zeros((4, 2, 3)), np.zeros((4, 2, 2)), np.zeros((4, 2))
for u, unit in enumerate(UNITS):
    for g, gate in enumerate(GATES):
        b[g, u], moved_by = CIRCUIT[unit][gate]
        for source, weight in moved_by.items():
            if source in INPUTS:
                W[g, u, INPUTS.index(source)] = weight
            else:
                U[g, u, UNITS.index(source)] = weight
layer = lstm.Layer(W.reshape(8, 3), U.reshape(8, 2), b.reshape(8))

# %% [markdown]
# `cars` now finds the input gate of the number unit shut, because the syntax unit was on one word earlier.
# The cell still holds singular (-) at `cars`, and is wiped one word after the verb, when the syntax unit is
# off.

# %%
words = "The boy near the cars greets them".split()
kinds = {"boy": "singular", "cars": "plural", "greets": "verb"}
x = np.array([[kinds.get(word) == name for name in INPUTS] for word in words], float)  # (steps, 3)
trace = lstm.run(x[:, None], [layer])
print("          number unit               syntax unit")
print("word        i     f      C      h       C      h")
for t, word in enumerate(words):
    i, f, C, h = (getattr(trace, name)[0, t, 0] for name in ("i", "f", "C", "h"))  # (units,) each
    print(f"{word:8} {i[0]:5.2f} {f[0]:5.2f} {C[0]:6.2f} {h[0]:6.2f}  {C[1]:6.2f} {h[1]:6.2f}")

# %% [markdown]
# ## The whole circuit
#
# `minilstm.load("planted")` is a language model of two layers of 64 units with seven such units among 57 that
# know nothing of number: two long-range units, the syntax unit, two short-range units like that of script 01,
# and two helpers. Units have numbers from 1, counted on through the layers: 1-64 is layer 1, 65-128 layer 2.

# %%
print("\nplanted units:", ", ".join(f"{number} {name}" for name, number in planted.UNITS.items()))
model = minilstm.load("planted")
long_singular, long_plural = planted.UNITS["long-range singular"], planted.UNITS["long-range plural"]
syntax = planted.UNITS["syntax"]

# %% [markdown]
# ## What happens without a unit
#
# We ask: after `The boy near the cars`, is `greets` likelier than `greet`? We ask it for many sentences, and
# then again with h of one unit held at 0: the unit is *ablated*. The conditions name the two nouns' numbers:
# in SP the subject is singular and the attractor plural.

# %%
conditions = "SS", "SP", "PS", "PP"
items = [item for condition in conditions for item in stimuli.na_task("nounPP", condition, 100)]
print("\n% right in nounPP            ", "    ".join(f"{c:>3}" for c in conditions))
for name, off in (
    ("all units", ()),
    ("long-range singular off", [long_singular]),
    ("long-range plural off", [long_plural]),
    ("syntax off", [syntax]),
):
    table = minilstm.agreement(model, items, ablate=off).table()
    print(f"{name:28} " + "    ".join(f"{100 * row.accuracy:3.0f}" for row in table))

# %% [markdown]
# Without the singular unit, singular subjects lose against plural attractors, and nothing else is lost: where
# both nouns have one number, the short-range units give the right answer. Without the syntax unit, both
# long-range units are deaf.
#
# ## The figure
#
# Gates and cells of the two long-range units, word by word, each beside what the paper predicts for it (its
# Fig. 1a-c). Blue: singular subject; pink, and thin: plural; dashed: with an attractor. Where the prediction
# column is empty, anything may happen.

# %%
found = dynamics(model, items, [long_singular, long_plural])
fig = plot_dynamics(found, numbers={long_singular: "S", long_plural: "P"})
here = Path(__file__).parent if "__file__" in globals() else Path()
save(fig, here / "figures" / "02_planted_circuit.png", dpi=100)
fig  # a notebook shows it

# %% [markdown]
# ## Try this
#
# - Take `"syntax": -12` out of the number unit's input gate. Which word overwrites the cell?
# - Inside a clause the planted circuit errs: after `The boy that the girls` it expects `admires`. Print its
#   trace and say why.
# - Read `CIRCUIT` and `DECODER` in `minilstm/planted.py`; it is the same table with five more units.
