# %% [markdown]
# # 03. The language model, and surprisal
#
# A language model reads words and predicts after each how likely every word of its vocabulary is to come next.
# Around the LSTM it needs two tables: an *embedding*, a vector for each word to read, and a *decoder*,
# weights from the units to each word to be predicted. `minilstm.load("mini")` is such a model, trained on
# twelve million words of a made-up fragment of English. Nobody told it what a subject is.

# %%
from pathlib import Path

import numpy as np

import minilstm
from minilstm.analyses.style import PLURAL, SINGULAR, figure, save

model = minilstm.load("mini")
layer = model.layers[0]
print(f"{len(model.vocabulary)} words, layers of {model.sizes} units")
print(f"embedding {model.embedding.shape}, decoder {model.decoder_weight.shape}")
print(f"the layer: W {layer.W.shape}, U {layer.U.shape}, b {layer.b.shape}")

# %% [markdown]
# ## From words to probabilities, step by step
#
# Look the words up, let the LSTM read their vectors, and multiply the units' output after the last word, h,
# with the decoder. That gives one number for each word, its *logit*. exp makes it positive, and dividing by
# the sum makes it a probability.
#
# One thing more: no sentence starts from nothing. The model first reads a few other sentences, its *context*,
# and each test sentence goes on from the state that this leaves.

# %%
words = "The boys near the car".split()
print("\ncontext:", " ".join(model.context[:9]), "...")
trace = model.trace(words, state="context")
h = trace.h[-1, -1, 0]  # last layer, last word, first sentence: (32,)
logits = model.decoder_weight @ h + model.decoder_bias  # (289,)
p = np.exp(logits - logits.max())
p /= p.sum()
print(f"\nafter '{' '.join(words)}' comes ...")
for index in np.argsort(-p)[:5]:
    print(f"  {model.vocabulary[index]:14} p = {p[index]:.3f}")

# %% [markdown]
# `log_probability` does the same. What counts for agreement is the *margin*, log p(right form) - log p(wrong
# form). The sum that both are divided by is the same, so the margin is a difference of two logits.

# %%
right, wrong = (model.log_probability(words, form, state="context") for form in ("greet", "greets"))
both = model.encode(["greet", "greets"])
print(f"\nlog p(greet) = {right:.2f}, log p(greets) = {wrong:.2f}, margin {right - wrong:.2f}")
print(f"difference of the two logits: {logits[both[0]] - logits[both[1]]:.2f}")

# %% [markdown]
# ## Surprisal
#
# -log p of the word that came is its *surprisal*: 0 for what had to come, large for what nobody expected
# (here in nats; divide by log 2 for bits). The two sentences differ in the verb only. Up to it they are the
# same to the model. Either verb is a surprise, as there are many; the wrong form is 1.5 nats more of one,
# that is, exp(1.5) = 4.5 times less likely.

# %%
sentences = {form: f"The boys near the car {form} the girl .".split() for form in ("greet", "greets")}
surprisal = {form: model.surprisal(sentence, state="context") for form, sentence in sentences.items()}
print("\nsurprisal   " + " ".join(f"{word:>7}" for word in [*words, "VERB", "the", "girl", "."]))
for form, values in surprisal.items():
    print(f"{form:11} " + " ".join(f"{value:7.2f}" for value in values))

# %% [markdown]
# The exponential of the mean surprisal is the *perplexity*: the number of equally likely words that would be
# as hard to guess.

# %%
for form, sentence in sentences.items():
    print(f"perplexity with {form}: {model.perplexity(sentence, state='context'):.1f}")

fig, axes = figure(height=2.4)
axis, steps = axes[0, 0], np.arange(len(sentences["greet"]))
for form, line, color, label in (("greet", "s-", PLURAL, "right"), ("greets", "o--", SINGULAR, "wrong")):
    label = f"... {form} ({label})"
    axis.plot(steps, surprisal[form], line, color=color, markersize=4, linewidth=1, label=label)
axis.set_xticks(steps, [*words, "VERB", "the", "girl", "."], rotation=60, ha="right", rotation_mode="anchor")
axis.set_ylabel("surprisal (nats)", fontsize=8)
axis.legend(fontsize=7, frameon=False)
here = Path(__file__).parent if "__file__" in globals() else Path()
save(fig, here / "figures" / "03_language_model.png")
fig  # a notebook shows it

# %% [markdown]
# ## Try this
#
# - `model.surprisal(words)` without `state="context"` starts from zero. What changes, and where?
# - Which word is most surprising in a sentence of your own? `model.vocabulary` is what you can use.
# - Let the model write: draw a word from `p`, append it, and go on until `<eos>`.
