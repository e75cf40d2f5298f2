# %% [markdown]
# # 23. Which word decides? A decomposition
#
# A network prefers *are* after *The keys to the cabinet*. How much of that comes from *keys*? One can take a word
# away, or exchange it; or follow it on its way. *Contextual decomposition* splits every h and C in two: beta, what
# comes from one phrase, and gamma, what comes from all else. At the end the margin is beta's part, gamma's part and the
# decoder's bias, without a remainder.
#
# The question was put to the paper's network by Jumelet et al. (2019), *Analysing neural language models: contextual
# decomposition reveals default reasoning in number and gender assignment*.

# %%
from pathlib import Path

import numpy as np

import minilstm
from minilstm.analyses.base import Results
from minilstm.analyses.decomposition import START, compute, decompose, plot_decomposition, shapley
from minilstm.analyses.experiment import Experiment
from minilstm.analyses.style import save
from minilstm.analyses.tables import render

# %% [markdown]
# ## A sum inside a tanh
#
# Sums split by themselves: what comes from the phrase stays apart from what does not. But a gate is sigmoid(beta +
# gamma + bias) and a candidate tanh(beta + gamma + bias), and there is no telling whose the result is. Shapley's answer
# is from game theory: add the three one after the other, see what each adds, and take the mean over all six orders.

# %%
for beta, gamma, bias in ((2.0, 0.0, 0.0), (2.0, 2.0, 0.0), (2.0, -1.0, 0.5)):
    shares = shapley(np.tanh, beta, gamma, bias)
    text = " + ".join(f"{float(share):5.2f}" for share in shares)
    print(f"tanh({beta:4.1f} + {gamma:4.1f} + {bias:3.1f}) = {text} = {float(sum(shares)):5.2f}")

# %% [markdown]
# Two equal terms share what they reach together, half and half, though each alone would reach .96. The rules for
# products of gates are in the head of `minilstm/analyses/decomposition.py`; others are in use, and give other numbers.
# What they have in common is that nothing is lost:
#
# ## One sentence

# %%
model = minilstm.load("english")
words = "The keys to the cabinet".split()
encoded = model.encode(words)[None]  # (1 sentence, 5 words)
weights, bias = model.contrast(["are"], ["is"])
rows = []
for phrase, word in enumerate(("(before)", *words), START):
    *_, last = decompose(model, encoded, phrase)
    h, C = last[-1]  # of the last layer, after the last word
    parts = [float((part * weights).sum()) for part in h] + [float(bias[0])]
    rows.append([word, *parts, sum(parts)])
print("\n" + render(["phrase", "beta", "gamma", "bias", "margin"], rows, digits=2))
logits = model.logits(words, ["are", "is"], "context")[-1]
print(f"the network's own margin, log p(are) - log p(is): {logits[0] - logits[1]:.2f}")

# %% [markdown]
# Every row adds up to the same margin, and *keys* has all of it and a little more. (The rows are questions of their
# own: their betas need not add up to anything.)
#
# ## Many sentences, and the default
#
# The same over nounPP, in `english` and in `mini`: the mean part of each word in the margin of the right form. The
# last column is the *intercept*: no word is in the phrase, only the initial state and the biases are. It is what the
# network would say by itself.


# %%
def study(name, lexicon):
    """The decomposition of nounPP on a model; prints a row a condition."""
    found = compute(Experiment(minilstm.load(name), n=100, lexicon=lexicon, tasks=("nounPP",)), Results())
    rows = {}
    for row in found.tables()[0].rows:  # task, condition, n, phrase, beta, ...
        rows.setdefault(row[1], [row[1]]).append(row[4])
    print("\n" + render([name, *found.words], list(rows.values()), digits=2))
    print(found.summary())
    return found


large = study("english", "auxiliaries")
study("mini", "paper")

# %% [markdown]
# In `english` the plural subject (PS, PP) stands out: about four nats for its own form, against a default for the
# singular that is in the state before the sentence and in *The*. A singular subject has less than a third of that, and
# need not have more: the default is on its side. Plurals are argued for, singulars assumed. In `mini` it is the other
# way round; the plural is assumed, and the singular is argued for. Jumelet et al. call that *default reasoning*; which
# number is the default differs from one network to the next.
#
# The noun in between (N2) is for its own number in `english`, weakly. In `mini` it is so strongly where it is a
# singular, and hardly for anything where it is a plural, which is assumed anyway. That is attraction, seen from inside.
#
# ## The figure

# %%
fig = plot_decomposition(large)
here = Path(__file__).parent if "__file__" in globals() else Path()
save(fig, here / "figures" / "23_decomposition.png")
fig  # a notebook shows it

# %% [markdown]
# ## Try this
#
# - `minilstm decomposition --model planted`: which two words have a part, and why is the default nothing?
# - Compare with an exchange of one unit's cell at the subject (`minilstm interchange`): it asks for a unit at a word,
#   this for a word in all units. Do both need the same sentences?
# - `decompose(model, encoded, 1)` gives beta of every unit at every word. Which unit holds most of *keys* at the end?
