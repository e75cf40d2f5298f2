# %% [markdown]
# # 16. How local is the code? Size, depth and dropout
#
# "Two units of 1,300", says the paper of its network. How would one say it of any network, large or small,
# also of one in which four units share the work? This script explains one index, shows on networks with a
# known answer that it says what it should, and then looks at networks of different sizes, depths and dropout.

# %%
from pathlib import Path

import numpy as np
from scipy.stats import mannwhitneyu, spearmanr

import minilstm
from minilstm.analyses.locality import ACROSS_ATTRACTOR, locality, split_units
from minilstm.analyses.style import NEUTRAL, SINGULAR, figure, save
from minilstm.analyses.tables import read_csv, render
from minilstm.stimuli import na_task

here = Path(__file__).parent if "__file__" in globals() else Path()
items = [item for condition in ACROSS_ATTRACTOR.values() for item in na_task("nounPP", condition, 100)]

# %% [markdown]
# ## How many units does it take to lose an answer?
#
# Ablate the unit whose ablation costs most in nounPP SP. If the network still does better than guessing,
# ablate the next one as well, again the one that costs most; and so on. After each, write down the *above-chance
# accuracy* that is left: 1 for the intact network, 0 where it is right half of the time, as if it guessed.

# %%
mini, planted = minilstm.load("mini"), minilstm.load("planted")
for name, model in (("planted", planted), ("mini", mini)):
    found = locality(model, items)
    for number, condition in ACROSS_ATTRACTOR.items():
        curve = " ".join(f"{value:.2f}" for value in found.above_chance[number])
        print(f"{name:7} {condition}: units {', '.join(map(str, found.units[number]))}; above chance {curve}")
    print(f"{'':7} area {found.area:.2f} units, locality {found.index:.2f}")

# %% [markdown]
# The sum of each row, the *area* under the ablation curve, is how many units it takes, on average, until an
# answer is lost. 1 over the mean of the two areas is the index, `locality`: 1 where one unit is enough. In the
# planted circuit that unit is 73, the syntax unit, on which both number units rely.
#
# ## A network whose code is less local, by construction
#
# Split each unit into m pieces, all with the same inputs, each giving an m-th of what the unit gave to the
# others. The network computes what it computed before (`split_units` in `minilstm/analyses/locality.py`); but
# now m units do what one did, and the index has to fall as 1 / m.

# %%
for m in (1, 2, 4, 8):
    found = locality(split_units(mini, m), items)
    area = f"area {found.area:.2f} units, over m {found.area / m:.2f}"
    print(f"mini, each unit split into {m}: {area}; locality {found.index:.2f}")

# %% [markdown]
# It does, but for an eighth: the area is m times what it was or close to it. (With half a unit gone other units
# matter that did not before, so the order in which the pieces go is not that of the whole units.)
#
# ## What does "ablated" mean?
#
# h = 0, as in the paper. Script 05 showed what is wrong with that: a unit whose output never changes carries
# no information, and is missed all the same. So the index is also taken with units held at their *mean*, which
# leaves the constant part of their output and takes away what varies.

# %%
for name, model in (("planted", planted), ("mini", mini)):
    print(f"{name}: locality {locality(model, items, kind='mean').index:.2f} where units are held at their mean")

# %% [markdown]
# ## Size, depth, dropout
#
# Now other networks: one layer of 16 to 64 units; 32 with dropout, where a fifth of the units' outputs is dropped
# in training; two layers. All else is as in the mini models, and those of 32 units are mini-01 to mini-05.
# Both forms of the index were written down before the others were trained, but had been tried on mini-01 and
# mini-02. Seeds 1 to 5 (`networks` in the table says how many are in it). About three quarters of an hour
# of one core makes them again:
#
#     python weights/make_grid.py walkthrough/data/grid.csv

# %%
columns, rows = read_csv(here / "data" / "grid.csv")
cells = {}
for row in rows:
    one = dict(zip(columns, row, strict=True))
    name = str(one["layers"]) + (" dropout" if "2" in str(one["dropout"]) else "")
    cells.setdefault(name, []).append(one)
cells = {name: cells[name] for name in sorted(cells, key=lambda name: (name.count(","), "dropout" in name, name))}


def values(name, column):
    """A column of a cell's networks, nan where a network has no index because it does not do the task."""
    return np.array([np.nan if one[column] is None else one[column] for one in cells[name]], float)


def shown(found):
    """All values, sorted."""
    return " ".join("  - " if np.isnan(value) else f"{value:.2f}" for value in np.sort(found))


FORMS = {"locality": "locality, units at 0", "locality at mean": "the same, units at their mean"}
table = [
    [
        name,
        len(cells[name]),
        int((values(name, "worst condition %") >= 95).sum()),
        *(shown(values(name, form)) for form in FORMS),
    ]
    for name in cells
]
print()
print(render(["layers", "networks", "solve all", *FORMS.values()], table))

# %%
single = [(int(name), value) for name in cells if name.isdigit() for value in values(name, "locality at mean")]
single = np.array([pair for pair in single if not np.isnan(pair[1])])
rank = spearmanr(*single.T)
text = f"Spearman {rank.statistic:.2f}, p {rank.pvalue:.1g}, {len(single)} networks"
print(f"\none layer, at the mean, against size: {text}")
for a, b in (("32", "32 dropout"), ("32", "32,32"), ("64", "32,32"), ("32,32", "32,32 dropout")):
    pair = [found[~np.isnan(found)] for found in (values(a, "locality at mean"), values(b, "locality at mean"))]
    p = mannwhitneyu(*pair, method="exact").pvalue
    print(f"{a} against {b}: medians {np.median(pair[0]):.2f}, {np.median(pair[1]):.2f}, Mann-Whitney p {p:.3f}")

# %% [markdown]
# **With units at zero** the index is at its ceiling, 1, in 15 of the 24 networks of one layer without dropout that
# have one, of whatever size: ablating a single unit is enough, also where the rule of script 05 names no unit. In the
# six of them that have 48 or 64 units it is one and the same unit for both numbers, such as 61 in the first network
# of 64; it can hardly tell which number it is. An index at its ceiling orders nothing. That is a fault of this form
# of it, and it was seen only in these networks.
#
# **With units at their mean** it falls with size: one layer of 16 or 24 units has values above two thirds, one
# of 64 at most .25: areas are about four to nine units there. So in larger networks more units share the
# number. The correlation is hardly chance, but it was computed after the other form had failed.
#
# **Dropout and depth.** One might expect dropout to spread a code. If anything, these networks are *more* local
# than those of 32 units without, and so are those of two layers; but neither difference comes near
# significance, which so few networks could hardly reach. The same number of units in two layers seems more
# local than in one (64 against 32,32), the lowest p of four comparisons, and three networks on one side. Several
# networks do not do all tasks (`solve all`; two layers of 16 never do, and `-` not even nounPP). Five seeds say
# where to look, and no more.
#
# ## The figure
#
# Each dot is a network, the line their median; hollow: it is right in fewer than 95 % of some condition.

# %%
fig, axes = figure(1, 2, width=6.8, height=2.6, sharey=True)
for axis, (form, title) in zip(axes[0], FORMS.items(), strict=True):
    for x, name in enumerate(cells):
        found, good = values(name, form), values(name, "worst condition %") >= 95
        spread = x + np.linspace(-0.2, 0.2, len(found))
        for which, face in ((good, SINGULAR), (~good, "none")):
            axis.plot(spread[which], found[which], "o", color=SINGULAR, markerfacecolor=face, markersize=4)
        axis.hlines(np.nanmedian(found), x - 0.3, x + 0.3, color=NEUTRAL, linewidth=1.2)
    axis.set_xticks(range(len(cells)), [name.replace(" ", "\n") for name in cells], fontsize=7, rotation=45)
    axis.set_ylim(-0.04, 1.06)
    axis.set_title(title, fontsize=8)
    axis.set_xlabel("units of each layer", fontsize=8)
axes[0, 0].set_ylabel("locality of the code", fontsize=8)
save(fig, here / "figures" / "16_how_local.png")
fig  # a notebook shows it

# %% [markdown]
# ## Try this
#
# - `locality(minilstm.load("mini-04"), items)`: the rule names two units for singulars and six for plurals.
# - Write the index in another way, say the largest loss by one unit over the sum of all losses. What does it
#   say of the planted circuit, and of one split in two?
# - Train a network of 32 units for ten epochs instead of four. Is its code more local, or less?
