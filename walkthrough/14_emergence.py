# %% [markdown]
# # 14. Emergence: when does a number unit become one?
#
# The scripts so far looked at networks that had finished learning. "Emergence" in the paper's title is about
# how they came to be so. Its analyses can be repeated on *snapshots*, the weights as they were after so many
# words. Of each we ask what scripts 04, 05 and 09 asked of the end:
#
# - which questions are answered right;
# - how much is lost without one unit;
# - from which units the subject's number can be read at the second noun.

# %%
import sys
import tempfile
from pathlib import Path

import numpy as np

from minilstm.analyses.emergence import emergence, plot_emergence, table
from minilstm.analyses.milestones import for_good, milestones
from minilstm.analyses.style import save
from minilstm.analyses.tables import read_csv, render
from minilstm.models import series
from minilstm.stimuli import fragment, na_tasks
from minilstm.stimuli.fragment_lexicon import vocabulary
from minilstm.training.trainer import Corpus, TrainingConfig, train

# %% [markdown]
# ## A network learns while you wait
#
# It has 32 units and reads two million words, a sixth of what `mini` has read. To get far with so few, its
# weights are changed after every 32 x 35 words, four times as often as those of `mini`. Snapshots are taken
# at points equally far apart on a logarithmic axis, because most happens early on it; the first ones are
# left out here.

# %%
words = vocabulary()
corpus = Corpus.from_sentences(fragment.sentences(2_000_000, seed=0), words)
config = TrainingConfig(layers=(32,), dropout=(0.0,), epochs=1, batch=32, learning_rate=0.006, seed=2)
with tempfile.TemporaryDirectory() as folder:
    train(config, corpus, words, context=fragment.CONTEXT, snapshots=folder, n_snapshots=24)
    models = series([folder])[8:]  # whole models, in the order of training
live = emergence(models, na_tasks(n=50))
print("training tokens:", *(f"{snapshot.tokens:,}" for snapshot in live.snapshots))

# %% [markdown]
# What was measured of each snapshot, if you run this yourself. (Training repeats bit for bit on one machine,
# but on another it takes a slightly different course. So the numbers are not in `output/`, only what holds
# on any course.) `lost SP` is how many percentage points the *costliest* unit costs in nounPP SP.

# %%
columns, rows = table({"live": live})
shown = (
    "tokens",
    "Simple S",
    "Simple P",
    "nounPP SP",
    "nounPP PS",
    "costliest SP",
    "lost SP",
    "costliest PS",
    "lost PS",
)
print(render(shown, [[row[columns.index(name)] for name in shown] for row in rows]), file=sys.stderr)
last = live.snapshots[-1]
print("Simple is learned:", min(last.accuracy["Simple", number] for number in "SP") > 0.8)
for when, snapshot in (("first", live.snapshots[0]), ("last", last)):
    print(f"some unit costs more than 20 points in nounPP SP, {when} snapshot: {snapshot.drop['S'].max() > 0.2}")

# %% [markdown]
# ## Ten networks
#
# One network is an anecdote. For `mini-01` to `mini-10` the same has been done, with 51 snapshots each (of 60
# log-spaced steps some fall together) and 100 sentences a condition. The result is kept as `data/emergence.csv`.
#
#     for n in 01 02 03 04 05 06 07 08 09 10; do
#         minilstm train x.npz --layers 32 --epochs 4 --seed $n --snapshots mini-$n --moments 60
#     done
#     minilstm emergence mini-* --n 100 --csv > walkthrough/data/emergence.csv
#
# For each network and number: how many million words it had read when nounPP SP (PS) was 95 % right for good;
# the unit that carries it at the end, which is the one named by the rule of script 05 or, where that names
# none, the costliest; the points lost without it; and since when these have been more than ten.

# %%
here = Path(__file__).parent if "__file__" in globals() else Path()
columns, rows = read_csv(here / "data" / "emergence.csv")
names, networks = milestones(columns, rows)
millions = [k for k, name in enumerate(names) if "at" in name.split() or "since" in name]
print()
print(render(names, [[x / 1e6 if k in millions and x else x for k, x in enumerate(row)] for row in networks]))

# %% [markdown]
# Ten networks and two numbers are 20 cases; 19 of them are solved. In 15 of these the story is the same: since
# some moment between 1.1 and 4.7 million words the unit has been needed, the task is solved later, and by 7.0
# million it is. In the other four it is not. No single unit is needed for the singulars of `mini-08`, which never
# masters plurals; in `mini-05` and `mini-10` the unit that carries singulars at the end came to be needed only
# after the task had been solved, and 31 and 19 points are lost without it; in `mini-07` the unit for plurals
# came to be needed when the task was solved, not before.
#
# ## What comes first?

# %%
trainings = [[dict(zip(columns, row, strict=True)) for row in rows if row[0] == name] for name, *_ in networks]
solved = {}
for column in ("Simple S", "Simple P", "nounPP SP", "nounPP PS"):
    solved[column] = [for_good([one["tokens"] for one in t], [one[column] >= 95 for one in t]) for t in trainings]
    when = [tokens for tokens in solved[column] if tokens]
    print(f"{column:9} solved in {len(when):2} of {len(trainings)}, median {np.median(when) / 1e6:.1f} million words")


def earlier(a, b):
    """In how many networks condition a was solved before b was, or b never."""
    return sum(x is not None and (y is None or x < y) for x, y in zip(solved[a], solved[b], strict=True))


for a, b in (
    ("Simple S", "nounPP SP"),
    ("Simple P", "nounPP PS"),
    ("Simple S", "Simple P"),
    ("nounPP SP", "nounPP PS"),
):
    print(f"{a:9} before {b}: {earlier(a, b)}, after: {earlier(b, a)}")

# %% [markdown]
# The easy task comes before the hard one, but not always: of the same number, Simple is first in seven
# networks each. Singulars tend to come before plurals; with ten networks that is no more than a tendency.
#
# Before one million words there is no agreement: of S and P of Simple, and of SP and PS of nounPP, the worse is
# right on 57 % at most. In the figure's first two panels singular and plural mirror each other: one form is
# preferred, now the singular, now the plural, whatever the subject is, and together they are as good as guesses.
#
# ## Does the unit come with the ability?

# %%
for condition in ("SP", "PS"):
    there = [
        (next(one for one in t if one["tokens"] == tokens), t[-1])
        for t, tokens in zip(trainings, solved[f"nounPP {condition}"], strict=True)
        if tokens
    ]
    missed = sum(then[f"lost {condition}"] > 10 for then, _ in there)
    same = sum(then[f"costliest {condition}"] == end[f"costliest {condition}"] for then, end in there)
    print(f"when nounPP {condition} was solved, a unit cost more than 10 points in {missed} of {len(there)} networks;")
    print(f"    the costliest one was the same as at the end in {same}")
defined = [[one["locality"] for one in t if one["locality"] is not None] for t in trainings]
print("locality when the task was first done: ", *(f"{found[0]:.2f}" for found in defined))
print("locality at the end of training:       ", *(f"{found[-1]:.2f}" for found in defined))

# %% [markdown]
# Yes. No network first solves nounPP with a code that is spread out, to gather it in one unit later: when it
# is solved, some unit is needed. (`locality`, explained in script 16, is 1 where ablating one unit is enough
# to break agreement for a number, and falls as more are needed.) But *which* unit is not settled then. In
# about four of ten networks another one has taken over by the end: in `mini-06`, unit 4 was the costliest for
# singulars until 6.1 million words, and unit 3 is from 7 million on.
#
# ## Where the number can be read
#
# As in script 09, a classifier learns to read the subject's number at the subject, and is tested at the
# second noun, which has the other number: 1 if the code lasts, 0 if it follows the last noun. It sees the
# final units of the table above, or all others.

# %%
print("\nAUC at the second noun, at the end of training")
print(
    render(
        ["", "final units", "all others"],
        [
            [t[-1]["training"], *(f"{t[-1][f'AUC {who}']:.2f}" for who in ("final units", "all others"))]
            for t in trainings
        ],
    )
)

# %% [markdown]
# In six networks the final units hold the subject's number to the end, and in three of these all others have
# lost it, as in the paper. In the other four they are *needed* but do not hold it, or not in the same way all
# the time; most of these have it elsewhere. Ablation and decoding answer different questions (script 05), in
# the course of learning as well as at its end.

# %%
fig = plot_emergence(columns, rows)
save(fig, here / "figures" / "14_emergence.png", dpi=150)
fig  # a notebook shows it

# %% [markdown]
# Thin: one network each. Thick: their median. Blue: singular subjects, pink: plural ones. Below zero, third
# panel: without the unit that will matter later, the network does better for now.
#
# ## Try this
#
# - Give the configuration another `seed`. Do the units matter before the task is solved, as they did here?
# - `plot_emergence(*table({"live": live}))` draws the network that learned while you waited.
# - Read only `mini-06` from the table: which unit was the costliest at each snapshot, and when did it change?
