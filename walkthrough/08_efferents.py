# %% [markdown]
# # 08. The weights from units to verbs (Fig. 1d)
#
# A unit that knows the number is of no use unless somebody hears it. In the last layer, each unit speaks to
# each word of the vocabulary through one weight of the decoder, its *efferent* weight. The paper looks at the
# weights to the singular and plural forms of verbs: from 776 and 988 the two groups are far apart, from most
# units they are not.

# %%
from pathlib import Path

import numpy as np

import minilstm
from minilstm import stimuli
from minilstm.analyses.attribution import attribution
from minilstm.analyses.effects import effects
from minilstm.analyses.efferent_weights import efferent_table, efferents, segregation
from minilstm.analyses.efferents import plot_efferents
from minilstm.analyses.style import save
from minilstm.analyses.tables import render

model = minilstm.load("mini")
SINGULAR, PLURAL = model.provenance["number_units"]

# %% [markdown]
# ## Segregation
#
# |mean to singular forms - mean to plural forms| / (sum of their standard deviations). Above 2 or so the
# groups do not overlap. AUC is 0 or 1 where every weight of one group is above every weight of the other.

# %%
weights = efferents(model)  # (2, verbs, 32): to the singular and to the plural forms
order = np.argsort(-segregation(weights)) + 1
print("most segregated units, in order:", *order[:6])
units = [SINGULAR, PLURAL, 8, 29, 1, 32]  # the last two as controls
print(render(*efferent_table(weights, units, range(1, 33)), digits=2))

# %% [markdown]
# Unit 24 is far out: it favours plural forms where its h is positive, singular ones where it is negative. That
# fits its cell, which is negative after a singular subject (script 07). Unit 8 is as far out; script 09 says
# for what. Unit 23 also has two groups, but its weights are small and of the same sign: it hardly takes part
# in the choice.
#
# ## Who decides? Direct logit attribution
#
# The decoder is linear. So the margin, logit(right) - logit(wrong), is a sum with one term for each unit:
#
#     h_u * (w_right,u - w_wrong,u)
#
# This is what the unit itself contributes to this choice, its *direct effect*; nothing is left over but the
# bias.

# %%
conditions = "SS", "SP", "PS", "PP"
items = [item for condition in conditions for item in stimuli.na_task("nounPP", condition)]
found = attribution(model, items)
k = 600  # the first sentence of SP
print(f"\n{' '.join(items[k].prefix)} -> {items[k].right}: margin {found.margins[k]:.2f}")
largest = np.argsort(-np.abs(found.contributions[k]))[:4]
for u in largest:
    print(f"  unit {found.units[u]:2}           {found.contributions[k, u]:+.2f}")
print(f"  the other 28      {np.delete(found.contributions[k], largest).sum():+.2f}")
print(f"  bias              {found.bias[k]:+.2f}")

# %% [markdown]
# ## Direct and total effect
#
# Ablating a unit takes away its contribution, and also everything it did through other units: this is its
# *total effect*. Where the two differ, the unit works through others.

# %%
both = effects(found, minilstm.ablation_sweep(model, items, found.units))
print()
for unit in (SINGULAR, PLURAL, 8, 29):
    u = found.units.index(unit)
    cells = [f"{c} {both.direct[k, u]:+.2f} / {both.total[k, u]:+.2f}" for k, c in enumerate(conditions)]
    print(f"unit {unit:2}, direct / total effect:  " + "   ".join(cells))
pairs = zip(conditions, both.correlation, strict=True)
print("correlation over units: " + ", ".join(f"{condition} {r:.2f}" for condition, r in pairs))

# %% [markdown]
# Unit 24 acts mostly by itself: its direct effect is two thirds of the total one or more, and it favours the right
# form with both numbers. Unit 23 favours the singular slightly, always (+0.2 where that is right, -0.2 where it is
# wrong), and yet the margin of plurals falls by more than 1 without it: its whole effect goes through other units.
# Through which? Ablate it and see whose contributions change.

# %%
without = attribution(model, items, ablate=[PLURAL]).by_condition()
lost = found.by_condition()["nounPP", "PS"] - without["nounPP", "PS"]  # (32,)
largest = np.argsort(-np.abs(lost))[:3]
changes = ", ".join(f"{found.units[u]} {-lost[u]:+.2f}" for u in largest)
print(f"\nwith unit {PLURAL} off, contributions in PS change most for units {changes}")

# %% [markdown]
# Without unit 23, units 24 and 3 each contribute about 1 nat less to the plural. So `mini` has a carrier of both
# numbers, unit 24, helpers such as 29, which speaks up for plurals only, and unit 23, on which carriers
# depend. Table 2 alone cannot tell a carrier from what it depends on.

# %%
names = dict.fromkeys(units, "") | {SINGULAR: "singular", PLURAL: "plural", 1: "control", 32: "control"}
fig = plot_efferents(efferents(model, units), names)
here = Path(__file__).parent if "__file__" in globals() else Path()
save(fig, here / "figures" / "08_efferents.png")
fig  # a notebook shows it

# %% [markdown]
# Each dot is one form of one of 18 verbs.
#
# ## Try this
#
# - Draw `minilstm.analyses.effects.plot_effects(both)`: which units are far from the diagonal?
# - `minilstm.load("planted")`: what are the direct and the total effect of its syntax unit, 73?
# - Through which units does 23 act in SP, where ablating it costs nothing? Do their changes add up to 0?
