# %% [markdown]
# # 01. One cell by hand
#
# A recurrent network reads a sentence word by word. After each word it keeps a few numbers, and these are all
# that it remembers of the sentence. An LSTM (long short-term memory) is such a network. It is made of
# *units*; this script follows a single one through `The boy near the cars`.
#
# At each word, a unit computes four things from the word:
#
# - the candidate `C~`, between -1 and 1: what it would like to write down,
# - the input gate `i`, between 0 and 1: how much of that it writes,
# - the forget gate `f`, between 0 and 1: how much of what it wrote earlier it keeps,
# - the output gate `o`, between 0 and 1: how much of what it has it shows to the others.
#
# Its memory is the *cell* `C`. What others see of it is `h`. The paper writes it so (section 4.1):
#
#     C_t = f_t * C_{t-1} + i_t * C~_t     (Eq. 1)
#     h_t = o_t * tanh(C_t)                (Eq. 2)
#
# 'Gate open' means near 1, 'gate shut' near 0.

# %%
from pathlib import Path

import numpy as np

from minilstm import lstm
from minilstm.analyses.style import save
from minilstm.analyses.trace import plot_trace

np.set_printoptions(precision=2, suppress=True, floatmode="fixed")

# %% [markdown]
# ## The word
#
# A network cannot read letters. Each word comes as a vector. Here it has two numbers: is this a singular
# noun, is it a plural noun?

# %%
words = "The boy near the cars".split()
meaning = {"boy": (1, 0), "cars": (0, 1)}  # all others: (0, 0)
x = np.array([meaning.get(word, (0, 0)) for word in words], float)  # (5, 2)

# %% [markdown]
# ## The weights
#
# Each gate starts from a weighted sum of the word's numbers plus a bias, z. It is pressed into its range: by
# the sigmoid 1 / (1 + exp(-z)) for i, f and o, by tanh for C~ (whose z is called `z_g` in code). A network
# learns its weights. We choose them: this unit should remember the grammatical number of the last noun, a
# singular as -1 and a plural as +1. So i opens at a noun and f shuts there.

# %%
W = np.array(
    [
        # singular, plural
        [+8.0, +8.0],  # i: shut at rest (-4, below), open at any noun (-4 + 8)
        [-8.0, -8.0],  # f: open at rest (+4), shut at any noun (4 - 8)
        [-3.0, +3.0],  # C~: -1 for a singular, +1 for a plural
        [+0.0, +0.0],  # o: open whatever comes
    ]
)
b = np.array([-4.0, +4.0, 0.0, +4.0])

# %% [markdown]
# ## Word by word
#
# The cell starts at 0. Follow the line of `boy`: i = 0.98 lets C~ = -1.00 in, and C becomes -0.98. At `near`
# and `the`, i is shut and f is open: the cell stays where it is. That is all there is to remembering.

# %%
C = 0.0
print("word      C~     i     f      C     o      h")
for word, x_t in zip(words, x, strict=True):
    z_i, z_f, z_g, z_o = W @ x_t + b
    i, f, o = (1 / (1 + np.exp(-z)) for z in (z_i, z_f, z_o))
    C_tilde = np.tanh(z_g)
    C = f * C + i * C_tilde  # Eq. 1
    h = o * np.tanh(C)  # Eq. 2
    print(f"{word:5} {C_tilde:6.2f} {i:5.2f} {f:5.2f} {C:6.2f} {o:5.2f} {h:6.2f}")

# %% [markdown]
# ## The same with minilstm
#
# `lstm.step` does this for all units of a layer and for many sentences at once. There is one more set of
# weights, `U`: the gates of a unit also see what all units of its layer said one word ago. Our unit does not
# listen: U = 0. `lstm.run` reads a whole sentence and keeps every gate, in arrays (layers, steps, batch,
# units).

# %%
layer = lstm.Layer(W=W, U=np.zeros((4, 1)), b=b)
trace = lstm.run(x[:, None, :], [layer])  # x: (steps, batch, inputs)
print("\nlstm.run says of C:", trace.C[0, :, 0, 0])
assert np.isclose(trace.C[0, -1, 0, 0], C)

# %% [markdown]
# ## What it cannot do
#
# `The boy near the cars` wants `greets`: the verb agrees with its *subject*, the boy. Our unit ends at +0.96,
# plural: `cars` has overwritten `boy`. A noun of the other number between subject and verb is called an
# *attractor*. To get it right, a unit has to know that `cars` is not the subject. The next script gives it an
# informant.

# %%
gates = "C_tilde", "i", "f", "C", "o"
values = {gate: getattr(trace, gate)[0, :, 0] for gate in gates}  # (steps, units) each
fig = plot_trace(words, [1], values)
here = Path(__file__).parent if "__file__" in globals() else Path()
save(fig, here / "figures" / "01_one_cell.png")
fig  # a notebook shows it

# %% [markdown]
# ## Try this
#
# - Set the bias of f to 0 instead of +4. How fast does the unit forget?
# - Make a unit that counts nouns: which gate must not shut?
# - Make one that remembers the *first* noun. Without U it cannot be done; why?
