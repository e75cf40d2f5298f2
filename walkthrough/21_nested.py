# %% [markdown]
# # 21. One agreement within another
#
# *The boy that the girls near the poet admire greets ...*: the outer verb, *greets*, agrees with *the boy*, the
# inner one, *admire*, with *the girls*; the one dependency is nested in the other. A unit that keeps the number of
# *boy* until its verb comes cannot keep that of *girls* meanwhile. What does a network do that has one such unit for
# each number, and what does one that has learned?
#
# The question is that of Lakretz et al. (2021), *Mechanisms for handling nested dependencies in neural-network
# language models and humans*. Their network gets the inner verb of such sentences wrong more often than not if
# everything is against it, and people do not.

# %%
from pathlib import Path

import minilstm
from minilstm import planted
from minilstm.analyses.interventions import compare
from minilstm.analyses.nested import NESTED_TASKS, carrier, plot_nested
from minilstm.analyses.style import save
from minilstm.analyses.tables import render
from minilstm.stimuli import na_tasks

items = {task: na_tasks(n=50, tasks=[task]) for task in NESTED_TASKS}
for task, some in items.items():
    one = next(item for item in some if item.condition[:2] == "SP")
    print(f"{task:17} {one.condition:4} {' '.join(one.prefix)} | {one.right}, not {one.wrong}")

# %% [markdown]
# Four tasks: short or long, the inner verb or the outer one. A condition has a letter for each noun.
#
# ## The circuit built by hand
#
# Units 71 and 72 of `planted` keep a singular and a plural subject (script 02). Word by word:

# %%
model = minilstm.load("planted")
units = [planted.UNITS[f"long-range {number}"] for number in ("singular", "plural")]
words = "The boy that the girls near the poet admire".split()
trace = model.trace(words, state="context")
print("\n        ", " ".join(f"{word:>6}" for word in words))
for unit in units:
    print(f"C of {unit} ", " ".join(f"{C:6.2f}" for C in trace.C[1][:, 0, unit - 65]))

# %% [markdown]
# Unit 71 stores *boy* and keeps it to the end: at *girls* the syntax unit holds its gates, as it would at any noun
# that is no subject. So the circuit should get every outer verb right and answer every inner one with the number of
# the wrong noun. Percent right, and who carries the number: every unit in turn gets the cell that it has in the
# sentence with the other number of the noun that the verb agrees with (`minilstm/analyses/interventions.py`).


# %%
def study(model):
    """Both interventions on every unit of a model: {task: Comparison}; prints accuracy, and the strongest carrier."""
    found = {task: compare(model, some, methods=("zero", "once")) for task, some in items.items()}
    for length in ("Short", "Long"):
        conditions = NESTED_TASKS[f"{length}NestedInner"].conditions
        rows = []
        for verb in ("Inner", "Outer"):
            comparison = found[f"{length}Nested{verb}"]
            unit, where = carrier(comparison), comparison.counted
            share = None if unit is None else f"{100 * comparison.flips('once', where)[unit - 1]:.0f}"
            shares = (f"{100 * comparison.accuracy(condition):.0f}" for condition in conditions)
            rows.append([f"{length}, {verb.lower()}", *shares, unit, share])
        print("\n" + render(["percent right", *conditions, "carried by", "flips %"], rows))
    return found


circuit = study(model)

# %% [markdown]
# That is what happens. No inner verb is right with both numbers of its noun, so nobody can be seen to carry it. The
# outer number is carried by 71 or 72, whichever it is; so each of them alone turns half of the verbs.
#
# ## A network that has learned
#
# `mini` has never been told that one number must wait for another.

# %%
mini = minilstm.load("mini")
learned = study(mini)

# %% [markdown]
# Here the inner verb comes out right, unless both other nouns are plurals and its own is a singular (PSP), and it is
# the outer one that fails (SP, PS, SPS, SPP, PSS). One unit, 24, carries both numbers. Is that how such networks are?
# The same grammar, the same size, another seed:

# %%
other = minilstm.load("mini-03")
study(other)

# %% [markdown]
# `mini-03` does what the published network does: the outer verb is mostly right, the inner one fails, in PS, PSS and
# PSP always. Again one unit, 4, carries both numbers. How can a unit carry two, and one verb fail all the same? The
# cells of both units in four sentences, word by word, sorted by their value before the outer verb:

# %%
for name, model, unit in (("mini", mini, 24), ("mini-03", other, 4)):
    rows = []
    for subject in ("boy", "boys"):
        for inner, verb in (("girl", "admires"), ("girls", "admire")):
            words = f"The {subject} that the {inner} {verb}".split()
            C = model.trace(words, state="context").C[0][:, 0, unit - 1]  # (6,)
            margins = model.logits(words, ["greets", "greet"], state="context")[-1]
            rows.append([f"{subject}, {inner}", *C.tolist(), "greets" if margins[0] > margins[1] else "greet"])
    rows.sort(key=lambda row: row[-2])
    columns = [f"{name}, C of {unit}", "The", "N1", "that", "the", "N2", "verb", "outer verb"]
    print("\n" + render(columns, rows, digits=2))

# %% [markdown]
# In `mini` the cell adds. At the first subject *boy* takes it down and *boys* up, at the second *girl* and *girls* do
# so from wherever it was, and before the outer verb it has four different values: both numbers are in it. But the
# weights from a unit to the verb forms ask one question, how much h there is, and h grows with the cell. Sorted by
# their cells, the sentences are sorted by the second noun, and so the outer verb follows the wrong one. `mini-03` keeps
# what the first subject has put there, more or less: its sentences are sorted by the first noun. The outer verb is
# right, and the inner one, which reads the same cell, has to fail somewhere.
#
# So what fails is not the storing but the reading: of two numbers in one cell a verb gets one, and which of them
# is up to the training. `minilstm nested` does all this for any model, with its number units beside the others and on
# sentences that no unit was chosen on; `minilstm claims --later` judges what was published.
#
# ## The figure
#
# `mini`: percent right, the inner verb and the outer one; the line is chance.

# %%
fig = plot_nested(learned)
here = Path(__file__).parent if "__file__" in globals() else Path()
save(fig, here / "figures" / "21_nested.png")
fig  # a notebook shows it

# %% [markdown]
# ## Try this
#
# - `minilstm nested --model english`: a larger network, trained on books. Which of its verbs fails?
# - Ablate unit 71 of `planted` and ask for the inner verb of ShortNestedInner SP again. Why is it right now?
# - `minilstm trace "The boy that the girls near the poet admire greets" --units 4 --forms greets/greet --model mini-03`
#   shows what its gates do at *girls*. What would a
#   network need besides this unit to read both numbers?
