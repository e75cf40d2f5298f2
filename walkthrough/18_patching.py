# %% [markdown]
# # 18. Where and when number is: every gate patched alone
#
# Ablation asks what a network cannot do without. Patching asks what a part of it *says*. Read a sentence, and at one
# word take one gate of one unit, or its cell, from the same sentence with the other number of the subject:
#
#     The boy  near the cars | greets      the base
#     The boys near the cars | greet       the source
#
# If the choice of the verb form then moves towards the source's, that gate of that unit said the number at that word.
# 100 percent is all the way. First in the planted circuit, where the answer is known.

# %%
from pathlib import Path

import numpy as np

import minilstm
from minilstm.analyses.attribution_patching import exchange_by_gradient
from minilstm.analyses.exchange import exchange, normalized_effect
from minilstm.analyses.patching import PANELS, patching, plot_patching
from minilstm.analyses.style import save

here = Path(__file__).parent if "__file__" in globals() else Path()
items = minilstm.stimuli.na_tasks(tasks=["nounPP"], n=10)


def show(result, units, number):
    """Percent of the way, variable by variable, a row for each word."""
    print("unit " + "".join(f"{unit:>{8 * len(result.words)}}" for unit in units))
    print(" " * 8 + "".join(f"{word:>8}" for word in result.words) * len(units))
    for name in PANELS:
        grid = result.mean(name, number)[:, np.array(units) - 1].T
        print(f"{name:8}" + "".join(f"{value:8.1f}" for value in grid.ravel()))


planted = patching(minilstm.load("planted"), items)
show(planted, (71, 72), "S")

# %% [markdown]
# Bases with a singular subject; unit 71 is the planted singular unit, 72 the plural one. Read the first column of
# each: with the candidate C~ of the plural noun, unit 71 writes what a plural would have it write, through a gate that
# is open for the singular, and the verb follows nearly all the way. Its input gate alone: closed, the singular is not
# written, and the network is half way. The other unit's gate, opened for a noun of the wrong number, moves the verb the
# other way. From then on the number is in both cells, half in each, and at no word in a gate; and before the
# verb, not sooner, it is in h, where the decoder reads it.
#
# ## In a network that has learned it

# %%
model = minilstm.load("mini")
learned = patching(model, items)
show(learned, (24,), "S")
show(learned, (24,), "P")
print("largest effects:", *learned.strongest(4))
save(plot_patching(learned), here / "figures" / "18_patching.png", 110)

# %% [markdown]
# One unit, 24, does it for both numbers. The picture shows all gates of the ten units with the largest effects: the
# candidate, mostly at the subject, the cell from then on, h before the verb. No gate of unit 24 says the number: i
# and f keep it, and are much the same after singular and plural subjects. One gate of another unit does say it: the
# forget gate of 29 at the preposition, and from then on a part of the number is in the cell of 29 too.
#
# Lu et al. (2020) found this path, C~ at the subject, then the cell, then h, in the paper's own network, by following
# derivatives. Does it hold for `english`, a network of 2 x 256 units that has read novels and Wikipedia?
# `minilstm patch --model english` asks all of its units; here are three of them, in singular sentences.

# %%
english = minilstm.load("english")
bases, sources = zip(
    *((base, source) for base, source in zip(*minilstm.stimuli.pairs(items)) if base.condition[0] == "S")
)
units = [(234,), (276,), (416,)]
print("unit    " + "".join(f"{unit:>28}" for (unit,) in units))
print("word    " + "".join(f"{at:>7}" for at in range(4)) * 3)
for name in PANELS:
    cells = []
    for at in range(4):
        patched, intact, source = exchange(english, bases, sources, units, name, at)
        cells.append(100 * normalized_effect(intact, patched, source))
    print(f"{name:8}" + "".join(f"{value:7.1f}" for value in np.transpose(cells).ravel()))

# %% [markdown]
# Word 0 is the subject. Unit 234 is in the first layer: it hands the number on as h within the same word, and keeps
# nothing. Units 276 and 416 of the second layer write it by C~ and hold it in C up to the verb, where it is in h. Their
# gates i, f and o hardly move anything: they do not depend on the number.
#
# ## All of it in one backward pass
#
# Each number above took a run of its own. To first order they are all known at once: the difference between the
# two sentences, times the derivative of the margin by that gate, from one backward pass (script 12). That is
# *attribution patching*.

# %%
changes = exchange_by_gradient(model, *minilstm.stimuli.pairs(items))
print("steps, units, pairs:", ", ".join(f"{name} {value.shape}" for name, value in changes.items()))
for name, r2 in learned.r2.items():
    unit, exact, linear = (np.concatenate(values) for values in zip(*(learned.best(name, number) for number in "SP")))
    k = np.abs(exact).argmax()  # of all words after singular and after plural subjects
    print(f"{name:8} R2 {r2:5.2f}, largest effect: unit {unit[k]} at {learned.words[k % 4]:5}", end="")
    print(f"{exact[k]:5.1f} % exactly, {linear[k]:5.1f} % by gradient")

# %% [markdown]
# The gradient finds the units that matter, but not in their order: of the largest effect of C it sees about half, and
# after singular subjects it puts unit 29 before 24. Where a cell is saturated, its derivative is small. h before the
# verb is read by the decoder, which is linear, and there both agree. So: the gradient to look where something is, the
# exact patch to say how much.
#
# ## Try this
#
# - `minilstm patch --model mini-03`: which unit, and is it the candidate there too?
# - `minilstm patch --task SubjRel`: a relative clause in between, with a verb of its own.
# - Patch C of units 23 and 24 together (`exchange` takes sets of units), and then each alone: do the effects add up?
