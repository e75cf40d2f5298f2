# %% [markdown]
# # 04. Does it agree? Table 2, 'Full'
#
# Subject and verb agree in number, however far apart. The paper tests that with seven *number-agreement
# tasks*, from `The boy greets` (Simple) to `The boy near the cars certainly greets` (nounPPAdv). Each item
# asks one question: after the words before the verb, is the right form likelier than the wrong one? Chance is
# 50 %.

# %%
from pathlib import Path

import numpy as np

import minilstm
from minilstm import stimuli
from minilstm.analyses.style import PLURAL, SINGULAR, figure, save

model = minilstm.load("mini")

# %% [markdown]
# ## The sentences
#
# A condition names the number of each noun, subject first. SP and PS are *incongruent*: the noun between
# subject and verb, the attractor, has the other number. Item k of each condition differs in number only.

# %%
for task, conditions in ((task, stimuli.CONDITIONS[task]) for task in stimuli.NA_TASKS):
    item = stimuli.na_task(task, conditions[1], 1)[0]
    print(f"{task:10} {conditions[1]:3} {' '.join(item.prefix)} | {item.right}, not {item.wrong}")

# %% [markdown]
# ## All 12,000 of them
#
# `minilstm.agreement` returns the margin of each item, log p(right) - log p(wrong). Above 0 is correct.

# %%
items = [
    item
    for task in stimuli.NA_TASKS
    for condition in stimuli.CONDITIONS[task]
    for item in stimuli.na_task(task, condition)
]
found = minilstm.agreement(model, items)
print("\ntask       condition    n    % right   mean margin   smallest")
for row in found.table():
    own = [m for item, m in zip(items, found.margins, strict=True) if (item.task, item.condition) == row[:2]]
    numbers = f"{row.n:4} {100 * row.accuracy:9.1f} {row.margin:13.2f} {min(own):10.2f}"
    print(f"{row.task:10} {row.condition:9} {numbers}")

# %% [markdown]
# Everything is right. The paper's network, trained on Wikipedia, gets 87.2 % in nounPP SP and 68.9 % in
# namePP PS: a small language with half of all nouns plural is easier. Is it learned by heart? A quarter of
# all pairs of subject and verb never met in training, and they come out right as well (script 05 has a column
# for them). And the margins tell what is hard here too: within a task, they are smallest where there is an
# attractor.

# %%
known = {tuple(pair) for pair in model.provenance["held_out_pairs"]}
print(
    f"\n{len(known)} pairs of subject noun and verb were kept out of training, such as:",
    "; ".join(" ".join(pair) for pair in sorted(known)[:3]),
)

# %% [markdown]
# ## A look at what agrees with whom
#
# The figure: margins in each condition. The box holds half of all items, the whiskers all. Blue: singular
# subject; pink: plural. Hatched: incongruent.

# %%
rows = found.table()
fig, axes = figure(width=5.2, height=2.8)
axis = axes[0, 0]
margins = [found.margins[[(i.task, i.condition) == row[:2] for i in items]] for row in rows]
boxes = axis.boxplot(margins, whis=(0, 100), patch_artist=True, widths=0.6, medianprops={"color": "black"})
for box, row in zip(boxes["boxes"], rows, strict=True):
    box.set_facecolor(SINGULAR if row.condition[0] == "S" else PLURAL)
    box.set_alpha(0.75)
    box.set_hatch("////" if len(set(row.condition)) > 1 else "")
axis.axhline(0, color="0.5", linewidth=0.8, linestyle=":")
names = [f"{row.task} {row.condition}" for row in rows]
places = np.arange(1, len(rows) + 1)
axis.set_xticks(places, names, rotation=60, ha="right", rotation_mode="anchor", fontsize=7)
axis.set_ylabel("margin (nats); above 0 is right", fontsize=8)
here = Path(__file__).parent if "__file__" in globals() else Path()
save(fig, here / "figures" / "04_agreement.png")
fig  # a notebook shows it

# %% [markdown]
# ## Try this
#
# - Relative clauses: `stimuli.na_task("ObjRel", "SP")`, `The boy that the girls admire` -> `greets`. How many
#   are right?
# - Start from a zero state: `minilstm.agreement(model, items, state=None)`.
# - Another of the ten models, `minilstm.load("mini-08")`, is the worst of them. Where does it fail?
