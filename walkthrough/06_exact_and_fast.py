# %% [markdown]
# # 06. Why the sweep is exact and fast
#
# The sweep of script 05 asked 12,000 questions of the network with each of its 32 units ablated, and took about a
# second. In the paper's network, 1,300 units, the same with the plain loop takes days. This script shows what is
# saved, and checks that nothing is lost. No step is an approximation.

# %%
from pathlib import Path

import numpy as np

import minilstm
from minilstm import stimuli
from minilstm.analyses.style import NEUTRAL, SINGULAR, figure, save
from minilstm.fast.prefix_tree import prefix_tree
from minilstm.stimuli import na_tasks

model = minilstm.load("mini")

# %% [markdown]
# ## The plain loop
#
# For each unit and each item: read the context, read the sentence, compute the probability of both forms over
# the whole vocabulary. Two items and four units here.

# %%
sample = [stimuli.na_task("nounPP", condition, 1)[0] for condition in ("SP", "PS")]
units = [1, 8, 23, 24]
plain = np.zeros((len(units), len(sample)))
for row, unit in enumerate(units):
    for column, item in enumerate(sample):
        log_p = [
            model.log_probability(item.prefix, form, state="context", ablate=[unit])
            for form in (item.right, item.wrong)
        ]
        plain[row, column] = log_p[0] - log_p[1]
fast = minilstm.ablation_sweep(model, sample, units)  # (units, items)
print("unit   " + "   ".join(" ".join(item.prefix) for item in sample))
for row, unit in enumerate(units):
    cells = [f"plain {a:6.3f}, sweep {b:6.3f}" for a, b in zip(plain[row], fast[row], strict=True)]
    print(f"{unit:4}   " + "   ".join(cells))
same = np.allclose(plain, fast, rtol=0, atol=1e-5)
print(f"equal to within 1e-5, the rounding of float32: {same}")
assert same

# %% [markdown]
# ## Saving 1: two logits decide
#
# log p(right) - log p(wrong) is the difference of two logits (script 03), and only the one after the last
# word counts. So 2 rows of the decoder are needed instead of 289, once a sentence. For the paper's vocabulary
# it is 2 of 50,000.
#
# ## Saving 2: sentences that begin alike are read once
#
# All items begin with `The`, then come 40 nouns, and so on. The *prefix tree* has a node for each different
# beginning. What the network does at a node is the same for all sentences that go through it.

# %%
print("\ntask          items   words to read   nodes of the tree")
counts = {}
for task in [*stimuli.NA_TASKS, "all"]:
    items = [item for item in na_tasks() if task in (item.task, "all")]
    sentences = [model.encode(item.prefix) for item in items]
    counts[task] = sum(map(len, sentences)), sum(len(level.word) for level in prefix_tree(sentences))
    print(f"{task:10} {len(items):8} {counts[task][0]:15} {counts[task][1]:19}")
words, nodes = counts["all"]
print(f"\nword readings for 32 units: plain loop {32 * words}, tree {32 * nodes}")
print(f"saved by the tree: a factor of {words / nodes:.1f}")

# %% [markdown]
# ## Saving 3: all ablations are rows of one matrix
#
# At a node, each ablated network has a state of its own, but all have the same weights. Stack the states: row
# u is the network without unit u. One product of two large matrices instead of 32 of a vector with a matrix,
# which is what a processor does best. In short, for one layer:
#
#     h, C : (units + 1, H)              row 0 is the intact network
#     z = x @ W.T + b + h @ U.T          W x + b is the same for all rows, computed once for each word
#     C = f * C + i * C_tilde            Eq. 1, all rows at once
#     h = o * tanh(C)                    Eq. 2
#     h[u, u - 1] = 0  for every u       the ablation
#
# Here it is, and it gives what the sweep gives.

# %%
W, U, b = model.layers[0]
rows = np.arange(1, 33)
h, C = np.zeros((2, 33, 32), np.float32)
for word in [*model.context, *sample[0].prefix]:  # the ablation holds while the context is read, too
    z = model.embedding[model.encode([word])[0]] @ W.T + b + h @ U.T  # (33, 128)
    z_i, z_f, z_g, z_o = np.split(z, 4, axis=1)  # (33, 32) each
    i, f, o = (1 / (1 + np.exp(-z)) for z in (z_i, z_f, z_o))
    C = f * C + i * np.tanh(z_g)  # Eq. 1
    h = o * np.tanh(C)  # Eq. 2
    h[rows, rows - 1] = 0
right, wrong = model.encode([sample[0].right, sample[0].wrong])
by_hand = h @ (model.decoder_weight[right] - model.decoder_weight[wrong])
by_hand += model.decoder_bias[right] - model.decoder_bias[wrong]
same = np.allclose(by_hand[1:], minilstm.ablation_sweep(model, sample[:1])[:, 0], rtol=0, atol=1e-5)
print(f"\nall 32 units in twelve lines, equal to the sweep: {same}")
assert same

# %% [markdown]
# ## Saving 4: layers below the ablated unit stay as they are
#
# With two layers, a unit that is ablated in layer 2 changes nothing in layer 1. Its row begins in layer 2 and
# reads the output of the intact layer 1. (Mini has one layer.)

# %%
fig, axes = figure(height=2.4)
axis, tasks = axes[0, 0], list(stimuli.NA_TASKS)
to_read, in_tree = zip(*(counts[task] for task in tasks), strict=True)
places = np.arange(len(tasks))
axis.bar(places - 0.2, to_read, 0.4, color=NEUTRAL, label="words to read")
axis.bar(places + 0.2, in_tree, 0.4, color=SINGULAR, label="nodes of the prefix tree")
axis.set_xticks(range(len(tasks)), tasks, rotation=45, ha="right", rotation_mode="anchor", fontsize=7)
axis.set_ylabel("times a word is read, each unit", fontsize=8)
axis.legend(fontsize=7, frameon=False)
here = Path(__file__).parent if "__file__" in globals() else Path()
save(fig, here / "figures" / "06_exact_and_fast.png")
fig  # a notebook shows it

# %% [markdown]
# ## Try this
#
# - Time both with `time.perf_counter()` on 100 items. How does the factor grow with the number of items?
# - Move `h[rows, rows - 1] = 0` behind the loop. That ablates the last word only; how different are the
#   margins?
# - Read `walk` in `minilstm/fast/prefix_tree.py`: why is the tree walked depth first?
