# %% [markdown]
# # 17. A network that has read novels and Wikipedia
#
# `mini` knows 289 words and has never seen anything but the tasks' own kind of sentence. `english` is a step
# towards the paper's network: two layers of 256 units, 24,000 words, and text that nobody wrote for it: at first
# mostly novels, then mostly Wikipedia (`weights/english.md`). Does it keep a number in a unit, too?

# %%
from pathlib import Path

import numpy as np

import minilstm
from minilstm.analyses.score import score
from minilstm.analyses.style import NEUTRAL, PLURAL, SINGULAR, figure, save
from minilstm.analyses.tables import render
from minilstm.stimuli import Pair, Stimuli, na_task

model = minilstm.load("english")

# %% [markdown]
# ## One sentence
#
# *The key to the cabinet is*, *The keys to the cabinet are*. How much the network prefers *is* to *are* after
# each word, in nats:

# %%
singular, plural = "The key to the cabinet".split(), "The keys to the cabinet".split()
margins = []
for words in (singular, plural):
    logits = model.logits(words, ["is", "are"], state="context")  # (5, 2)
    margins.append(logits[:, 0] - logits[:, 1])
print("after:    ", "  ".join(f"{word:>7}" for word in ("The", "key(s)", *singular[2:])))
for words, margin in zip((singular, plural), margins):
    print(f"{words[1]:<10}", "  ".join(f"{value:7.2f}" for value in margin))

# %% [markdown]
# The noun decides, and *cabinet*, a singular and much nearer, does not change it. So something remembers *keys*.
# A sweep of all 512 units over all tasks (`minilstm reproduce --model english`, some minutes) finds one unit of the
# second layer that costs most for both numbers: 416. What does it store?

# %%
unit = 416  # the second layer's 160th
print()
cells = []
for words in (singular, plural):
    trace = model.trace(words, state="context")
    cells.append(trace.C[1, :, 0, unit - 257])  # (5,)
    print(f"C of {unit}, {words[1]:<5}", "  ".join(f"{value:7.2f}" for value in cells[-1]))

# %% [markdown]
# That is Fig. 1 of the paper in one line: at *key* the cell goes to -1, at *keys* to +0.9, and nothing that comes
# afterwards changes its sign. It holds the plural as well as the singular.
#
# ## Six hundred sentences a condition
#
# nounPP with *is*/*are*, *was*/*were* and *has*/*have*, since most of the paper's verbs are rare in novels.
# What is lost without unit 416; without 127, of the first layer; and without both? Beside them two units drawn by
# lot; and all of it once more for subjects that are followed by a relative clause (*The key that the men want*).

# %%
drawn = tuple(int(unit) for unit in np.random.default_rng(0).choice(np.arange(257, 513), 2, replace=False))
sets = {
    "none off": (),
    "416 off": (416,),
    "127 off": (127,),
    "both off": (416, 127),
    f"{drawn[0]}, {drawn[1]} off": drawn,
}
rows = []
for task, conditions in {"nounPP": ("SS", "SP", "PS", "PP"), "ObjRel": ("SS", "SP", "PS", "PP")}.items():
    for condition in conditions:
        items = na_task(task, condition, 600, lexicon="auxiliaries")
        rights = [minilstm.agreement(model, items, ablate=off).accuracy for off in sets.values()]
        rows.append([task, condition, *(f"{100 * right:.1f}" for right in rights)])
print()
print(render(["percent right", "", *sets], rows))

# %% [markdown]
# - All of nounPP is right. Without 416, 44 of 100 singulars with a plural in between are lost, and 31 plurals with a
#   singular in between; without 127 it is 12 and 2. Two units drawn by lot cost nothing. The rule of script 05, which
#   asks that a unit spares the other number, names neither: 416 stores both.
# - With both off, one of five is right of either number, far fewer than by guessing: the network follows the noun in
#   between. The rule, which takes out one unit at a time, cannot see that. `minilstm smallest --model english` looks
#   for such sets.
# - Behind a relative clause with a subject of its own the network fails: it mostly expects a singular, whatever
#   has come before. Of two plurals 45 of 100 are right, of a plural with a singular inside 9. What plurals there
#   are come from 416: without it most of them are lost, and more singulars with a plural inside are right.
#   A unit that remembers a number is not yet a grammar that knows whose number is asked for.
#
# ## Whole sentences
#
# The tasks stop at the verb. Where a sentence goes on, or the two forms are more than a word, whole sentences are
# compared: the sum of log p over all words of the right one, less that of the wrong one. `minilstm score FILE` does
# so for BLiMP, SyntaxGym and BIG-bench, which are not shipped, and `minilstm reproduce --score FILE` puts it into the
# report. Four pairs by hand:

# %%
pairs = [
    Pair(tuple(subject.split()), (right,), (wrong,), tuple("on the table .".split()), "by hand", condition, k)
    for k, (subject, right, wrong, condition) in enumerate(
        [
            ("the key to the cabinet", "is", "are", "SS"),
            ("the key to the cabinets", "is", "are", "SP"),
            ("the keys to the cabinet", "are", "is", "PS"),
            ("the keys to the cabinets", "are", "is", "PP"),
        ]
    )
]
scores = score(model, Stimuli(tuple(pairs), "by hand"))
print()
for pair, margin in zip(pairs, scores.good - scores.bad, strict=True):
    print(f"{' '.join(pair.good):36} {margin:+.2f}")

# %% [markdown]
# ## The figure
#
# Above, C of unit 416; below, which verb the network expects.

# %%
fig, axes = figure(2, 1, height=4)
for (name, color), cell, margin in zip((("key", SINGULAR), ("keys", PLURAL)), cells, margins):
    axes[0, 0].plot(cell, "o-", color=color, label=f"The {name} to the cabinet")
    axes[1, 0].plot(margin, "o-", color=color)
axes[0, 0].set_ylabel(f"C of unit {unit}")
axes[1, 0].set_ylabel("log p(is) - log p(are)")
axes[0, 0].legend(fontsize=8)
for axis in axes.flat:
    axis.axhline(0, color=NEUTRAL, linewidth=0.5)
    axis.set_xticks(range(5), ["The", "key(s)", *singular[2:]])
here = Path(__file__).parent if "__file__" in globals() else Path()
save(fig, here / "figures" / "17_in_the_wild.png")
fig  # a notebook shows it

# %% [markdown]
# ## Try this
#
# - Other sentences, with `minilstm trace "The boys near the car are" --beside "The boy near the car is" --units
#   416,127 --forms is/are --model english`. When does unit 416 let go?
# - The four models in `weights/english_moments` are the same network at three earlier times, and now. When does 416
#   begin to store the number? (`minilstm emergence` draws it.)
# - Which of the two is *told* the number, and which is only needed? `minilstm interchange --model english --units
#   416,127` shows the one; script 05 says what ablation means.
