# %% [markdown]
# # 22. How long does a unit remember?
#
# By Eq. 1 a cell keeps f of what it held at every word. If f stayed where it is, f, f^2, f^3, ... would be left after
# one, two, three words, which is exp(-t / T) with the *timescale* T = -1 / log f. This script computes T for every unit
# of `mini` and asks whether number units stand out, as Chien et al. (2021) found in the paper's network by another
# method (*Mapping the timescale organization of neural language models*).

# %%
from pathlib import Path

import numpy as np

import minilstm
from minilstm.activity import activity, full_sentences
from minilstm.analyses.style import LIGHTER, LINES, figure, save
from minilstm.analyses.tables import render
from minilstm.analyses.timescales import share_longer, timescale
from minilstm.stimuli import SUBJECT, na_tasks

for f in (0.1, 0.5, 0.9, 0.99):
    left = " ".join(f"{f**t:.2f}" for t in range(1, 7))
    print(f"f {f:<4}  T {timescale(f):5.1f} words;  left after 1 to 6 words: {left}")

# %% [markdown]
# ## All units, over all words
#
# The mean forget gate over all words of the nounPP sentences, and T from it. Units 24 and 23 are the ones that the
# ablation rule names (script 05), 8 is the short-range unit (script 09).

# %%
model = minilstm.load("mini")
items = na_tasks(n=100, tasks=["nounPP"])
f = activity(model, full_sentences(items), "f").astype(float)  # (sentences, 7 words, 32 units)
general = timescale(f.mean(axis=(0, 1)))
between = timescale(f[:, SUBJECT + 1 : 5].mean(axis=(0, 1)))  # beside, the, the second noun
units = {24: "long-range", 23: "needed", 8: "short-range"}
rows = []
for name, T in (("all words", general), ("subject to verb", between)):
    longer = share_longer(T, model.sizes)
    rows.append([name, float(np.median(T)), float(T.max()), int(T.argmax()) + 1])
    rows[-1] += [cell for unit in units for cell in (float(T[unit - 1]), f"{100 * longer[unit - 1]:.0f}")]
columns = ["T over", "median", "longest", "unit", *(c for unit in units for c in (f"unit {unit}", "longer %"))]
print("\n" + render(columns, rows))

# %% [markdown]
# Over all words the number units do not stand out: a quarter of the layer has a longer timescale than 24. From
# the subject to the verb nobody has a longer one. It does not remember long in general; it remembers *then*. The
# short-range unit forgets at once, always, and 23, which is needed and does not carry number (script 08), is in the
# middle.
#
# ## Word by word

# %%
by_word = timescale(f.mean(axis=0))  # (7, 32)
words = ("The", "N", "prep", "the", "N", "V", "the")
print("\n" + render(["T at", *words], [[f"unit {u}", *by_word[:, u - 1].tolist()] for u in units]))

# %% [markdown]
# Unit 24 wipes its cell at *The*, where a sentence and a new subject begin, and keeps what it has from the subject on.
# A mean over all words hides that: one word at which everything is forgotten makes T short, however long the cell
# keeps the number between such words. That is the trouble with one timescale for a unit whose gates move; it would do
# for one whose gates hardly do.
#
# `minilstm claims --later` asks two things of every model: whether number units have long timescales over all words,
# and whether units with long ones write more to the input and forget gates of the layer. Chien et al. measure
# otherwise: they change the context and count the words until two states are alike again. What a unit keeps is
# then judged by everything that flows into it, not by its own gate alone.
#
# ## The figure
#
# T word by word: the three units, and in grey the layer's median and its range from the 10th to the 90th percentile.

# %%
fig, axes = figure(height=2.6)
axis, steps = axes[0, 0], np.arange(len(words))
axis.fill_between(steps, *np.percentile(by_word, (10, 90), axis=1), color="0.9", linewidth=0)
axis.semilogy(steps, np.median(by_word, axis=1), color=LIGHTER, linewidth=1.5, label="median")
for (unit, what), (color, marker) in zip(units.items(), LINES, strict=False):
    axis.semilogy(steps, by_word[:, unit - 1], marker + "-", color=color, markersize=4, label=f"{unit}, {what}")
axis.set_xticks(steps, words)
axis.set_ylabel("$T$, words")
fig.legend(loc="outside upper center", ncols=2, fontsize=7, frameon=False)
here = Path(__file__).parent if "__file__" in globals() else Path()
save(fig, here / "figures" / "22_timescales.png")
fig  # a notebook shows it

# %% [markdown]
# ## Try this
#
# - `minilstm timescales --model english`: two layers of 256 units. Is 416 among the longest?
# - Set the forget bias of unit 24 up by 2 in a copy of the model. What becomes of T, and of the accuracy in nounPP PS?
# - Compute T from the median of f instead of its mean. Which units change most, and why?
