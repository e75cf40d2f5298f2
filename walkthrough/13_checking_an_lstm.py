# %% [markdown]
# # 13. Checking somebody else's LSTM
#
# Eqs. 1-2 are two lines, and it is still easy to get an LSTM wrong without noticing. The weights of the four
# gates are stored in one array, and each framework has an order of its own: PyTorch i f g o, ONNX i o f c,
# Keras i f c o (g and c are both C~). Read weights in the wrong order and nothing crashes; the numbers are
# merely wrong. This script writes an LSTM with that mistake, and lets `minilstm.verify` find it.

# %%
from pathlib import Path

import numpy as np

import minilstm
from minilstm.analyses.style import PLURAL, SINGULAR, figure, save
from minilstm.verification.vectors import make_vectors

# %% [markdown]
# ## Test vectors
#
# An LSTM with random weights, and something for it to read: five sequences of different lengths, padded with
# zeros. There are 16 steps, 5 sequences and 8 units, all different, so that a swapped axis shows. Inputs are as many
# as units on purpose: a transposed matrix then fits, and has to be found by its numbers. Three more cases are there
# to be run as well, if one likes: another batch, the same in several calls, and a wide LSTM, of 10 inputs and 200
# units. `minilstm vectors FOLDER` writes the same as files, for a program in any language.

# %%
vectors = make_vectors()
for name, array in vectors.items():
    print(f"{name:14} {array.shape if array.ndim else array}")


# %% [markdown]
# ## An LSTM, as somebody might write it
#
# It takes an order of the gates, so that it can be right or wrong.


# %%
def somebodys_lstm(v, order):
    """The last layer's h at every step: (steps, batch, units)."""
    x = v["x"].astype(float)
    for k in range(2):
        W, U = v[f"weight_ih_l{k}"].astype(float), v[f"weight_hh_l{k}"].astype(float)
        b = v[f"bias_ih_l{k}"].astype(float) + v[f"bias_hh_l{k}"]
        h, C, said = v["h_0"][k].astype(float), v["C_0"][k].astype(float), []
        for x_t in x:
            blocks = np.split(x_t @ W.T + h @ U.T + b, 4, axis=1)
            z = dict(zip(order, blocks, strict=True))
            i, f, o = (1 / (1 + np.exp(-z[gate])) for gate in "ifo")
            C = f * C + i * np.tanh(z["g"])
            h = o * np.tanh(C)
            said.append(h)
        x = np.stack(said)
    return x


# %% [markdown]
# ## The verdict

# %%
right, wrong = somebodys_lstm(vectors, "ifgo"), somebodys_lstm(vectors, "iogf")
verdict = minilstm.verify(vectors, {"output": right})
print("\norder i f g o: ok =", verdict.ok)
verdict = minilstm.verify(vectors, {"output": wrong})
print("order i o g f: ok =", verdict.ok)
print()
print(verdict)

# %% [markdown]
# It names the first number that is wrong, and the mistake. How? `verify` tries several hundred known mistakes,
# each of the 23 wrong orders among them, and looks which one returns *exactly* these numbers. `first` is
# worth a look even without a diagnosis: an error at step 0 comes from weights or initial state, one that
# begins later from what is carried along.
#
# ## Another one
#
# A second bias that was forgotten.

# %%
one_bias = {name: 0 * array if "bias_hh" in name else array for name, array in vectors.items()}
verdict = minilstm.verify(vectors, {"output": somebodys_lstm(one_bias, "ifgo")})
print("\ndiagnosis:", "; ".join(verdict.diagnosis))

# %% [markdown]
# ## Would you have seen it?
#
# The figure: one unit over the longest sequence. The wrong program gives a plausible curve between -1 and 1. A
# test that looks at shapes and ranges passes both, and so does one with all weights equal: then every order is
# right.

# %%
equal = {name: np.full_like(array, 0.1) if name[:4] in ("weig", "bias") else array for name, array in vectors.items()}
print("\nboth between -1 and 1:", max(np.abs(right).max(), np.abs(wrong).max()) < 1)
print(
    "with equal weights both are the same:", np.allclose(somebodys_lstm(equal, "ifgo"), somebodys_lstm(equal, "iogf"))
)
fig, axes = figure(height=2.4)
axis = axes[0, 0]
axis.plot(right[:, 0, 3], "o-", color=SINGULAR, markersize=3.5, linewidth=1, label="right: i f g o")
axis.plot(wrong[:, 0, 3], "s--", color=PLURAL, markersize=3.5, linewidth=1, label="wrong: i o g f")
axis.axhline(0, color="0.8", linewidth=0.6, zorder=0)
axis.set_xlabel("step", fontsize=8)
axis.set_ylabel("h of unit 12 (layer 2)", fontsize=8)
axis.set_ylim(-1.05, 1.05)
axis.legend(fontsize=7, frameon=False, ncols=2, loc="upper center")
here = Path(__file__).parent if "__file__" in globals() else Path()
save(fig, here / "figures" / "13_checking_an_lstm.png")
fig  # a notebook shows it

# %% [markdown]
# ## Try this
#
# - Make a mistake of your own in `somebodys_lstm`: h instead of tanh(C), or the state set to zero at every
#   step.
# - Round the output to float16. Is it still accepted, and with which tolerance? (`print(verdict)`)
# - Check your own framework: `minilstm vectors DIR --convention keras`, run it there, `minilstm verify DIR
#   FILE`.
