# %% [markdown]
# # 07. Gates and cell of the number units (Fig. 1a-c)
#
# Script 05 found that `mini` needs unit 24 for singulars and unit 23 for plurals. How do they do it? The
# paper predicts a pattern (Fig. 1c) and finds it in its units 988 and 776. For a unit that keeps one number:
#
# 1. C~ tells the numbers apart at the subject;
# 2. i opens at the subject, for the unit's own number only, and is shut from there to the verb;
# 3. f is shut at the subject, to make room, and open from there to the verb;
# 4. so C keeps the number;
# 5. o is open when the verb is to be predicted.
#
# The planted units follow it to the letter (script 02). Do learned ones, in a network that is not the
# paper's?

# %%
from pathlib import Path

import minilstm
from minilstm import stimuli
from minilstm.analyses.dynamics import dynamics, plot_dynamics
from minilstm.analyses.prediction import against_prediction
from minilstm.analyses.style import save
from minilstm.analyses.tables import render

model = minilstm.load("mini")
SINGULAR, PLURAL = model.provenance["number_units"]
conditions = "SS", "SP", "PS", "PP"
items = [item for condition in conditions for item in stimuli.na_task("nounPP", condition)]
found = dynamics(model, items, [SINGULAR, PLURAL])

# %% [markdown]
# ## The cell, word by word
#
# Means over the 600 sentences of each condition.

# %%
for unit in (SINGULAR, PLURAL):
    print(f"C of unit {unit}  " + " ".join(f"{word:>6}" for word in found.words))
    cells = found.mean["C"][:, :, found.units.index(unit)]  # (conditions, words)
    for condition, C in zip(conditions, cells, strict=True):
        print(f"  {condition:11} " + " ".join(f"{value:6.2f}" for value in C))
    print()

# %% [markdown]
# **Unit 24.** At the subject (N1) its cell goes to -1.12 for singulars and +0.53 for plurals, and the two
# stay apart until the verb, whatever noun comes in between. That is a number unit, but one with *two* states
# that differ from 0, where the paper's has one: it holds plurals as well. Across a noun of the other number it is
# needed for singulars only, because plurals have other units to help them (script 08); across a name, where
# script 05 saw namePP PS fall to 8.9 %, for plurals too.
#
# **Unit 23.** Its cell is about +2 from the start and hardly tells the numbers apart (2.03 or 2.01 against
# 1.88 or 1.86 at N2). What it tells is something else: about +2 while the verb is still to come, -0.8 at the
# verb, in all four conditions. That is more like the paper's *syntax* unit (script 10). Its ablation hurts
# plurals because other units count on its being there (scripts 05 and 08).
#
# ## Against the prediction

# %%
for unit, number in ((SINGULAR, "S"), (PLURAL, "P")):
    print(render(*against_prediction(found, unit, number), digits=2))
    print()

# %% [markdown]
# Unit 24 does not keep its number by shutting i. f is shut at `The`, one word early, and open from there on,
# and i is open most of the time: the unit *adds up*. What it adds after the subject is much the same for both
# numbers, so the gap between them, about 2, stays. The attractor gets in as well (-0.75 in SP, -1.32 in SS),
# but does not close the gap. Only f after the subject and o are as predicted. So in `mini` the circuit of
# Fig. 1c is not there, though the tasks are solved and the ablation rule is passed. Ablation finds which
# units are needed; it does not say what they do.

# %%
fig = plot_dynamics(found, numbers={SINGULAR: "S", PLURAL: "P"})
here = Path(__file__).parent if "__file__" in globals() else Path()
save(fig, here / "figures" / "07_gates_and_cell.png", dpi=100)
fig  # a notebook shows it

# %% [markdown]
# Blue: singular subject; pink, and thin: plural; dashed: with an attractor; bars: one standard deviation over
# sentences; grey: the verb.
#
# ## Try this
#
# - `mini-03`, `mini-05` and `mini-06` also have one unit for each number (`weights/mini.md`). Is one of
#   theirs a latch?
# - Keep only the sentences that the network gets right, with a unit off: `dynamics(..., which="correct",
#   ablate=[8])`.
# - Take the task nounPPAdv. What happens at the adverb?
