# %% [markdown]
# # 19. A direction instead of a unit
#
# The paper looks for single units. Must the number be in units? The cell of a layer is a vector, and number may be
# any *direction* of it: a unit is only the special case of a direction along an axis. So look for the direction first,
# and then at which units it is made of.
#
# Two directions, fitted to the cells after singular and after plural subjects: the difference of their means; and that
# of linear discriminant analysis (LDA), which tells the two apart best and therefore trusts units with little noise.
# A third is *learned* from what it does (distributed alignment search): by gradient, the one along which the cell,
# moved to where it is in the sentence with the other subject, turns the verb farthest. All are found in sentences with
# odd ids, and tried in those with even ids.

# %%
from pathlib import Path

import numpy as np

import minilstm
from minilstm.activity import activity
from minilstm.analyses.direction import DIRECTIONS, direction, plot_direction
from minilstm.analyses.style import save

here = Path(__file__).parent if "__file__" in globals() else Path()
items = minilstm.stimuli.na_tasks(tasks=["nounPP"], n=40)
odd, even = ([item for item in items if item.id % 2 == rest] for rest in (1, 0))


def show(result):
    """What is moved along each direction at each word, and which units it is made of."""
    print(f"{'':22}" + "".join(f"{word:>16}" for word in result.words))
    print(f"{'all of C':22}" + "".join(f"{100 * moved:14.1f} %" for moved in result.whole))
    for k, name in enumerate(DIRECTIONS):
        print(f"{name:22}" + "".join(f"{100 * moved:14.1f} %" for moved in result.moved[:, k]))
        if name != "best unit":
            for rank in range(2):
                best = [
                    (share[u], result.units[u]) for share in result.shares[:, k] for u in [np.argsort(-share)[rank]]
                ]
                print(" " * 22 + "".join(f"{f'unit {unit} {100 * share:.0f} %':>16}" for share, unit in best))
    print(f"{'random, the mean':22}" + "".join(f"{100 * moved:14.1f} %" for moved in result.random.mean(axis=1)))
    cosines = (result.directions[:, 0] * result.directions[:, 2]).sum(axis=1)
    print(f"{'cosine with the means':22}" + "".join(f"{cosine:14.2f}  " for cosine in cosines).rstrip() + "\n")


planted = direction(minilstm.load("planted"), odd, even, n_random=200)
show(planted)

# %% [markdown]
# Percent of the way to the margin of the other number, when C of the last layer is moved, at one word, along the
# direction alone, to where it is in the sentence with the other subject. Below each direction: the units with the
# largest shares of its squared length. The planted circuit keeps number in two units, 71 and 72, and before
# the verb the difference of the means is these two and nothing else. It moves everything; the best single
# unit moves half. (Until the second noun, two short-range units hold the number of the first as well.)
#
# The learned direction is the same two units before the verb, though nobody told it what cells differ in; the last
# line is the cosine of the two. At the words before, it moves the verb too far: it is chosen by its effect, and may
# bring the cell to where it is in neither sentence.
#
# ## In a network that has learned it

# %%
mini = direction(minilstm.load("mini"), odd, even, n_random=200)
show(mini)
save(plot_direction(mini), here / "figures" / "19_direction.png", 150)

# %% [markdown]
# Unit 24 alone moves the verb about two thirds of the way, the difference of the means all of it. So the code
# is *nearly* that unit: it has the largest part of the direction, and a few others have the rest. What was learned from
# the verb is almost the direction that was fitted to the cells.
#
# LDA is a warning. After the subject, moving the cell along it moves next to nothing. Does it tell the numbers apart?
# Put the threshold half way between the means of the sentences that it was fitted to, and decode the others.

# %%
model = minilstm.load("mini")
C, plural = [], []
for sentences in (odd, even):
    C.append(activity(model, [item.prefix for item in sentences], "C")[:, -1])  # before the verb
    plural.append(np.array([item.condition[0] == "P" for item in sentences]))
for k in range(3):
    fitted, judged = (one @ mini.directions[-1, k] for one in C)
    threshold = (fitted[plural[0]].mean() + fitted[~plural[0]].mean()) / 2
    right = ((judged > threshold) == plural[1]).mean()
    print(f"{DIRECTIONS[k]}: number decoded in {100 * right:.1f} % of the even sentences, before the verb")

# %% [markdown]
# It does, without an error: it picks quiet units that know the number and that the verb does not listen to. What can be
# *decoded* from a state and what the network *uses* of it are two things (script 09 decodes, script 18 patches).

# %% [markdown]
# ## In a network that has read novels

# %%
english = direction(minilstm.load("english"), odd[::2], even[::2], fitted=odd, n_random=50)
show(english)

# %% [markdown]
# The same, in 256 units: one direction carries the number, one unit about six tenths of it. At the subject the
# direction is spread over many units, since many react to the noun; word by word the others forget, and before the verb
# more than half of it is unit 416.
#
# The learned direction rests on the same unit, and its cosine with the difference of the means is 0.80 or more, where
# two directions drawn by lot have one of 0.05. But it moves the verb up to 86 % too far, in sentences that it was not
# learned from. What turns the verb farthest is not quite what tells the two sentences apart: a part of it is a lever
# that the network has and that none of these sentences pulls (Makelov et al., 2024, warn of this).
#
# ## Try this
#
# - `minilstm direction --model mini-03`: there a single unit is all that carries the number. What is the direction?
# - Remove the largest unit from the difference of the means, make it length 1 again, and patch along the rest
#   (`exchange_along` takes any directions). How much is left?
# - Fit the directions to nounPP and patch them in another task: is number the same direction there?
