# %% [markdown]
# # 12. How it learns: gradients, checked
#
# Nobody writes the weights of a real network. They start at random, and are changed a little, again and
# again, each in the direction that makes the text that is read less surprising. For that one has to know, for
# every weight, how the loss changes when the weight does: the *gradient*. Walking Eqs. 1-2 backwards, from
# the last word to the first, gives it for all weights at once. That is *back-propagation through time*;
# `minilstm/training/backpropagation.py` has the derivation in its first lines.
#
# This script checks it, weight by weight, and then lets four units learn to remember.

# %%
from pathlib import Path

import numpy as np

from minilstm.analyses.style import NEUTRAL, SINGULAR, figure, save
from minilstm.training.backpropagation import loss_and_gradients

# %% [markdown]
# ## A language of two sentences
#
# `a x x x A` and `b x x x B`. What comes last was decided four words ago, with nothing in between to tell it:
# agreement in the smallest possible form.

# %%
VOCABULARY = "a", "b", "x", "A", "B"
sentences = ["a x x x A".split(), "b x x x B".split()]
words = np.array([[VOCABULARY.index(word) for word in sentence] for sentence in sentences]).T  # (5, 2)
inputs, targets = words[:-1], words[1:]  # each word, and the word that follows it

H, E = 4, 3
rng = np.random.default_rng(1)
shapes = {
    "embedding": (5, E),
    "W0": (4 * H, E),
    "U0": (4 * H, H),
    "b0": (4 * H,),
    "decoder_weight": (5, H),
    "decoder_bias": (5,),
}
weights = {name: rng.uniform(-1, 1, shape) for name, shape in shapes.items()}
nothing = [(np.zeros((2, H)), np.zeros((2, H)))]  # h and C before the first word, for both sentences

# %% [markdown]
# ## The check
#
# Move one weight by a hundred-thousandth up, and down, and see how much the loss changes. That is slow (two
# readings for each weight) and cannot be wrong. Back-propagation must say the same.

# %%
_, computed, _ = loss_and_gradients(weights, inputs, targets, nothing)
step, measured = 1e-5, {}
for name, array in weights.items():
    measured[name] = np.zeros_like(array)
    for place in np.ndindex(array.shape):
        losses = []
        for sign in (+1, -1):
            moved = array.copy()
            moved[place] += sign * step
            losses.append(loss_and_gradients({**weights, name: moved}, inputs, targets, nothing)[0])
        measured[name][place] = (losses[0] - losses[1]) / (2 * step)
print("weights          how many   largest gradient   back-propagation agrees to 1e-8")
for name, array in weights.items():
    agrees = np.allclose(computed[name], measured[name], rtol=0, atol=1e-8)
    print(f"{name:16} {array.size:8} {np.abs(computed[name]).max():18.4f}   {agrees}")
    assert agrees

# %% [markdown]
# ## Why an LSTM can learn across many words
#
# From C_t = f_t * C_{t-1} + ... (Eq. 1) it follows that what arrives at C_t goes back to C_{t-1} times f_t.
# Over many words it is multiplied by the forget gate many times:

# %%
for f in (0.5, 0.9, 0.98):
    print(f"f = {f:4}: after 4 words {f**4:.3f} is left, after 20 words {f**20:.6f}")

# %% [markdown]
# With f near 1 the message reaches the subject from a verb far away; with f = 0.5 it does not. An open forget
# gate keeps the memory going forwards, and the blame going backwards.
#
# ## Learning
#
# Plain gradient descent: every weight a small step against its gradient. (The mini models use Adam, which
# chooses the step for each weight: `minilstm/training/trainer.py`.)

# %%
losses = []
for _ in range(4000):
    loss, gradients, _ = loss_and_gradients(weights, inputs, targets, nothing)
    losses.append(loss)
    weights = {name: array - 0.05 * gradients[name] for name, array in weights.items()}
print("\nloss after")
for update in (0, 100, 500, 1000, 2000, 3000, 3999):
    print(f"  {update:4} updates: {losses[update]:.3f}")

# %% [markdown]
# Before the end there is a plateau. The network has soon learned what is common to both sentences: an x after
# a, b and x, and then A or B. Which of the two is a guess, at log(2) = 0.69 nats; as one word of four, that
# is a mean loss of 0.17. To do better, it has to find that the first word matters.

# %%
fig, axes = figure(1, 2, width=5.2, height=2.4)
axis = axes[0, 0]
axis.axline((0, 0), slope=1, color="0.8", linewidth=0.8, zorder=0)
for name in shapes:
    axis.plot(measured[name].ravel(), computed[name].ravel(), "o", color=SINGULAR, markersize=2.5)
axis.set_xlabel("measured, by moving the weight", fontsize=8)
axis.set_ylabel("by back-propagation", fontsize=8)
axis.set_title("gradient of each weight", fontsize=8)
axis = axes[0, 1]
axis.plot(losses, color=NEUTRAL, linewidth=1.2)
axis.axhline(np.log(2) / 4, color="0.7", linewidth=0.8, linestyle="--", label="guessing A or B")
axis.set_xlabel("updates", fontsize=8)
axis.set_ylabel("loss (nats a word)", fontsize=8)
axis.legend(fontsize=7, frameon=False)
here = Path(__file__).parent if "__file__" in globals() else Path()
save(fig, here / "figures" / "12_learning.png")
fig  # a notebook shows it

# %% [markdown]
# ## Try this
#
# - Make the sentences longer: `a x x x x x x x x x A`. How long is the plateau?
# - Start with forget gates open: add 3 to `weights["b0"][H : 2 * H]` (blocks i, f, g, o). Does it help?
# - Break it: let `backward` in `minilstm/training/backpropagation.py` return `dC` where it returns `dC * f`; run this
#   with NUMBA_DISABLE_JIT=1, so that not its fast copy is used. Which gradients fail the check?
