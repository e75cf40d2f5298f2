# %% [markdown]
# # 05. Looking for number units by ablation
#
# Script 02 knew which units carry number, because we had planted them. In a trained network nobody knows. The
# paper looks for them by *ablation*: hold h of one unit at 0 at every word, ask all agreement questions
# again, and see what is lost. Then the next unit. In the paper two units of 1,300 stand out, 776 and 988.

# %%
from pathlib import Path

import minilstm
from minilstm.analyses.drops import plot_ablations
from minilstm.analyses.style import save
from minilstm.analyses.table2 import table2
from minilstm.analyses.tables import render
from minilstm.stimuli import na_tasks

model = minilstm.load("mini")

# %% [markdown]
# ## One unit ablated
#
# `The boy near the cars` with each of the 32 units ablated in turn. All but one can go without changing the
# answer.

# %%
words = "The boy near the cars".split()
margins = {}
for unit in range(1, 33):
    logits = model.logits(words, ["greets", "greet"], state="context", ablate=[unit])  # (5, 2)
    margins[unit] = logits[-1, 0] - logits[-1, 1]  # after the last word
wrong = [unit for unit, margin in margins.items() if margin <= 0]
print("margin with one unit off:", ", ".join(f"{unit}: {margins[unit]:.2f}" for unit in (1, 23, 24)))
print(f"units without which the answer is wrong: {wrong}")

# %% [markdown]
# One sentence says little. `table2` asks all 12,000 questions of the seven tasks, intact ('full', in percent;
# 'held out' are those whose subject and verb never met in training) and with each unit ablated. A column '24 off'
# has a number only where less than nine tenths of 'full' are left, as the paper prints it.

# %%
items = na_tasks()
table = table2(model, items)
print()
print(render(*table.rows()))

# %% [markdown]
# ## Which units count as number units?
#
# In the paper two units were enough of an exception to be named by eye. For any other network a rule has to
# decide. The one of this package (`minilstm/analyses/ablation.py`): a *long-range singular unit* costs more than 10
# percentage points in both SP conditions (nounPP and nounPPAdv), and no more than 10 in Simple S, in nounPP
# PS and in PP; a plural unit the mirror image. It is chosen on the items with odd ids and must pass again on
# the even ones, so that chance does not choose.

# %%
print(f"\nsingular: {table.numbers['S']}, plural: {table.numbers['P']}\n")
print("every unit that costs more than 10 points somewhere:")
print(render(*table.units_above_threshold()))

# %% [markdown]
# So mini has one unit for each number, 24 and 23, like the paper's 988 and 776. Two things are different, and
# it is as well to see them now:
#
# - Unit 24 also ruins namePP PS, plural subjects before a name. In the paper, namePP PS is hurt by the plural
#   unit only. (namePP is not in the rule.) Unit 24 is *needed* for singulars, but script 07 shows that it
#   holds plurals as well.
# - Four more units, 29, 3, 2 and 8, cost something in one condition or two. In the paper nearly all of the
#   load is on two.
#
# Of the ten mini models, four pass the rule with exactly one unit for each number (`weights/mini.md`); `mini`
# is one of those. In others several units share the work, or none can be told apart.
#
# ## What does 'off' mean?
#
# 0 is the paper's choice. But a unit with an output of +0.9 all the time carries no information, and is missed
# all the same when its output is 0, because others have come to rely on it. To see whether a unit's *changes*
# are needed, hold h at its mean over all words instead.

# %%
at_mean = table2(model, items, kind="mean")
print(f"\nheld at the mean: singular {at_mean.numbers['S']}, plural {at_mean.numbers['P']}")
print(render(*at_mean.units_above_threshold()))
for condition in ("SP", "PS"):
    where = [k for k, item in enumerate(items) if (item.task, item.condition) == ("nounPP", condition)]
    right = (at_mean.ablated[24 - 1, where] > 0).mean()
    print(f"unit 24 at its mean, nounPP {condition}: {100 * right:.1f} % right")

# %% [markdown]
# Unit 24 is still the strongest by far, but now both numbers need it, plurals more than singulars: the rule,
# which asks for a unit of one number, no longer names it. Unit 23 has gone from the list. Keep this in mind
# for script 07: the network needs what unit 24 *tells*, and needs unit 23 *to be there*.
#
# ## The figure
#
# With h at 0, as in the paper. Rows: all units of the first list. Columns: conditions. Bright: many points
# lost, as many as the number says. The other 26 units, left out, cost 10 points at most.

# %%
fig = plot_ablations(table.drops)
here = Path(__file__).parent if "__file__" in globals() else Path()
save(fig, here / "figures" / "05_ablation.png")
fig  # a notebook shows it

# %% [markdown]
# ## Try this
#
# - Both at once: `minilstm.agreement(model, items, ablate=[23, 24]).table()`. Is it the sum of the two?
# - `minilstm.load("mini-07")` gets everything right and has no number unit by the rule. What do its strong
#   units do?
# - The units of `mini-03`, 4 and 12: are they still named with `kind="mean"`?
