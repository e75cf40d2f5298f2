# %% [markdown]
# # 15. The original checkpoint
#
# The paper's own network, two layers of 650 units and 50,000 words, is a PyTorch file that its authors
# published. It does not come with this package. If you have it, this is what to do:
#
#     minilstm import hidden650_batch128_dropout0.2_lr20.0.pt --vocab vocab.txt -o original.npz
#     python walkthrough/15_original_checkpoint.py original.npz
#     minilstm reproduce --model original.npz
#
# The first command needs no PyTorch and runs nothing that is in the file. `vocab.txt` has one word a line, in
# the order of the model's indices. The authors also published six log-probabilities; if the import computes
# the same, all is well.
#
# Without the checkpoint, this script runs on a stand-in, so that you see what would happen.

# %%
import sys
import tempfile
from pathlib import Path

import numpy as np

import minilstm
from minilstm.analyses.style import NEUTRAL, SINGULAR, figure, save
from minilstm.analyses.tables import render
from minilstm.io.original import CONTEXT, PUBLISHED, compare, looks_like_paper_model

# %% [markdown]
# ## A stand-in
#
# A PyTorch state dict is a mapping from names to arrays. We take that of `mini` and give it rows for the
# words that it lacks: those of the context that the paper's model reads before every sentence, as written and
# in lower case. Their vectors are random, and a decoder bias of -20 keeps them from being predicted.


# %%
def stand_in():
    """A model like mini that also knows the words of the paper's context."""
    mini = minilstm.load("mini")
    cased = [word for text in CONTEXT for word in (text, text.lower())]
    new = [word for word in dict.fromkeys([*cased, "<unk>"]) if word not in mini.vocabulary]
    tensors = mini.state_dict()
    rows = np.random.default_rng(0).normal(size=(len(new), 32)).astype(np.float32)
    tensors["encoder.weight"] = np.concatenate([tensors["encoder.weight"], rows])
    tensors["decoder.weight"] = np.concatenate([tensors["decoder.weight"], 0 * rows])
    tensors["decoder.bias"] = np.concatenate([tensors["decoder.bias"], np.full(len(new), -20, np.float32)])
    print("tensors, by PyTorch's names:")
    for name, array in tensors.items():
        print(f"  {name:20} {array.shape}")
    return minilstm.LanguageModel.from_state_dict(tensors, (*mini.vocabulary, *new), context=CONTEXT)


given = [argument for argument in sys.argv[1:] if argument.endswith((".npz", ".safetensors"))]
if given:
    model = minilstm.load(given[0])
else:
    with tempfile.TemporaryDirectory() as folder:  # by way of a file, as it would be with the original
        stand_in().save(Path(folder) / "stand_in.npz")
        model = minilstm.load(Path(folder) / "stand_in.npz")

# %% [markdown]
# ## Is it the original?
#
# By its shape and its words it could be, or it could not. Then the published log-probabilities beside this
# model's, with the context as written and lower-cased: the authors' code did one for its predictions and the
# other for its figures.

# %%
print(f"\nlayers {model.sizes}, {len(model.vocabulary)} words, context of {len(model.context)} words")
print("has the shape and words of the original:", looks_like_paper_model(model))
columns, rows = compare(model)
print()
print(render(columns, [[*row[:2], *(f"{float(value):.4f}" for value in row[2:])] for row in rows]))

# %% [markdown]
# The stand-in's numbers have nothing to do with the published ones, of course: it has another vocabulary and
# another text behind it. With the original, one of the two columns should agree with `published` to three
# decimals at least. Whether the right form wins can be compared even so:

# %%
print()
for k, (sentence, right, wrong, log_right, log_wrong) in enumerate(PUBLISHED):
    ours = float(rows[2 * k][3]) - float(rows[2 * k + 1][3])
    print(f"{sentence} {right}/{wrong}: margin {log_right - log_wrong:.2f} published, {ours:.2f} here")

# %% [markdown]
# ## What to expect from the original
#
# Table 2: 87.2 % in nounPP SP, 54.2 % without unit 988; 92.0 % in nounPP PS, 48.0 % without unit 776. A sweep
# over all 1,300 units and 12,000 sentences is heavy work for a laptop, but no longer days (script 06). Only
# with this model can the paper's numbers themselves be checked; everything that this walkthrough found is
# about `mini`.

# %%
fig, axes = figure(height=2.4)
axis, place = axes[0, 0], np.arange(len(PUBLISHED))
published = [log_right - log_wrong for _, _, _, log_right, log_wrong in PUBLISHED]
ours = [float(rows[2 * k][3]) - float(rows[2 * k + 1][3]) for k in place]
axis.bar(place - 0.2, published, 0.4, color=NEUTRAL, label="published")
axis.bar(place + 0.2, ours, 0.4, color=SINGULAR, label="this model")
axis.axhline(0, color="0.5", linewidth=0.6)
axis.set_xticks(place, [f"{sentence.split()[-1]} {right}" for sentence, right, *_ in PUBLISHED], fontsize=7)
axis.set_xlabel("The athlete behind the ...", fontsize=8)
axis.set_ylabel("margin (nats)", fontsize=8)
axis.legend(fontsize=7, frameon=False)
here = Path(__file__).parent if "__file__" in globals() else Path()
save(fig, here / "figures" / "15_original_checkpoint.png")
fig  # a notebook shows it

# %% [markdown]
# ## Try this
#
# - If you have PyTorch: `torch.save` a language model of your own with `encoder`, `rnn` and `decoder`, and
#   import it.
# - Load an imported model and run scripts 04 to 11 on it: change the one line with `minilstm.load`.
# - Give the stand-in's state dict a wrong name or a wrong shape. Is the error of any use to you?
