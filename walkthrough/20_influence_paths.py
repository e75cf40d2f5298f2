# %% [markdown]
# # 20. Every way from the noun to the verb
#
# Ablation (05) says which units are needed, and not how the number gets to the verb. This script takes the derivative
# of the margin apart, path by path, through gates, cells and words (Lu et al., ACL 2020). It is exact: the paths add
# up, and none is left out.

# %%
from pathlib import Path

import numpy as np

import minilstm
from minilstm.analyses.path_ablation import KEPT, accuracies
from minilstm.analyses.path_attribution import influence, influences, noun_pairs
from minilstm.analyses.paths import count_paths
from minilstm.analyses.style import PLURAL, SINGULAR, figure, save
from minilstm.analyses.tables import render
from minilstm.stimuli import na_task

planted, mini, english = map(minilstm.load, ("planted", "mini", "english"))


def items_of(model, task, conditions, n):
    """The first sentences of some conditions, with verbs that the model knows."""
    lexicon = model.provenance.get("lexicon", "paper")
    return [item for condition in conditions for item in na_task(task, condition, n, lexicon=lexicon)]


# %% [markdown]
# ## Four paths
#
# *The guys*, and then a verb. Half way between the embeddings of *guy* and *guys* lies a noun without number. What
# changes in logit(right) - logit(wrong) from there to *guys* is what the noun's number is worth. In a network of one
# layer it reaches the verb through i, f or C~ and the cell, or through o:

# %%
pairs = noun_pairs(items_of(mini, "Simple", "SP", 1), 0)[1:]
names, values, _, change = influences(mini, pairs)
print(" ".join(pairs[0][0].prefix), "|", pairs[0][0].right)
for name, value in zip(names, values[0]):
    print(f"  {name:10} {value:+.3f}")
print(f"  sum        {values.sum():+.3f}, change of the margin {change[0]:+.3f}")

# %% [markdown]
# Each is a product of derivatives along a path, a mean over points between the two embeddings. With words between noun
# and verb there are more paths, since each gate reads the h of all units one word ago:

# %%
for layers in (1, 2):
    print(f"{layers} layer(s), 1 to 5 words:", *(f"{count_paths(layers, words):,}" for words in range(1, 6)))

# %% [markdown]
# ## A circuit that we know
#
# In the planted circuit (02) the number goes into the cell of a long-range unit by its candidate, and stays there until
# the verb. That way is called the *primary path*: C~ of each layer at the noun, then from cell to cell. Below, for some
# sentences of nounPP, the two strongest paths out of all; the share of each in all influence of its sign; and t, the
# probability that it beats another path in a sentence. `|` is the step to the next word.

# %%
found = {}
for name, model, n in (("planted", planted, 20), ("mini", mini, 20), ("english", english, 4)):
    items = items_of(model, "nounPP", ("SS", "SP", "PS", "PP"), n)
    first, rows, lines = sum(model.sizes[:-1]) + 1, [], []
    for condition in ("SP", "PS"):
        pairs = [pair for pair in noun_pairs(items, 0) if pair[0].condition == condition]
        one = found[name, condition] = influence(model, pairs)
        rows += [[condition, path.name, path.influence, 100 * path.share, path.t] for path in one.strongest]
        units = ", ".join(f"unit {first + u} {one.units[u]:.2f}" for u in np.argsort(-one.units)[:3])
        lines.append(f"{condition}: attribution {one.attribution.mean():.2f}; on the primary path {units}")
    print(f"\n{name}, {len(one.means):,} paths")
    print(render(["", "path", "influence", "% of its sign", "t"], rows, digits=2))
    print("\n".join(lines))
print(
    "\nmini, unit 23 on the primary path:",
    *(f"{condition} {found['mini', condition].units[22]:.2f}" for condition in ("SP", "PS")),
)

# %% [markdown]
# **Planted.** The primary path is first of 6,946, and goes through the two units that were planted. Only one of them
# stores the number of a given sentence, and yet each has half of the path. The path through i, against, makes up for
# it: a noun shuts the input gate of the unit that is for the other number. Paths are terms of a sum, and have to be
# read together.
#
# **Mini.** The primary path is first here as well, and one unit has nearly all of it: 24, for both numbers. Unit 23,
# which is needed more (05), has no part in it; it carries nothing (08, 09).
#
# **English** does it by the same path: a singular goes by unit 416, a plural by 416 and 276.
#
# ## Cutting the path
#
# A derivative is no experiment. So hold the candidates C~ at the subject at their means over all sentences: its primary
# path no longer knows the number, all others do. Or hold every gate but those. The same with the second noun.

# %%
print()
for name, model in (("mini", mini), ("english", english)):
    items = items_of(model, "nounPP", ("SS", "SP", "PS", "PP"), 100)
    kept = accuracies(model, items, [1, 4])
    rows = [[condition, *(100 * right)] for (_, condition), right in kept.items()]
    print(name)
    print(render(["% right", *KEPT], rows, digits=0), "\n")

# %% [markdown]
# With the subject's path only, nothing is lost: a number that is written once and kept in the cell is enough. Without
# it, the second noun decides in mini, and wherever it has the other number the verb is wrong; `english` then expects a
# singular after a singular, and after a plural one or the other. In the paper's network all this is less
# clear-cut: 70 % are right with the subject's path only, 51 % without it.
#
# ## The figure
#
# All paths of nounPP PS by the size of their influence, the largest first; the ring is the primary path.

# %%
fig, axes = figure(1, 3, width=6.8, height=2.3, sharey=True)
for axis, name in zip(axes[0], ("planted", "mini", "english")):
    one = found[name, "PS"]
    size = np.sort(np.abs(one.means))[::-1]
    axis.loglog(np.arange(1, len(size) + 1), size, color=PLURAL)
    place = 1 + np.argmin(np.abs(size - abs(one.primary.influence)))
    axis.plot(place, abs(one.primary.influence), "o", color=SINGULAR, fillstyle="none", markersize=7)
    axis.set_title(f"{name}, {len(size):,} paths", fontsize=8)
    axis.set_xlabel("rank", fontsize=8)
    axis.set_ylim(1e-6, 50)
axes[0, 0].set_ylabel("size of influence", fontsize=8)
here = Path(__file__).parent if "__file__" in globals() else Path()
save(fig, here / "figures" / "20_influence_paths.png")
fig  # a notebook shows it

# %% [markdown]
# ## Try this
#
# - `minilstm paths --model english`, which takes the second noun too: by which paths does an attractor do harm?
# - The same with `--measure probability`, the difference of the probabilities of the two forms. Which paths gain?
# - `minilstm paths --model mini-04`, and other minis: is there one whose number units are on the path?
