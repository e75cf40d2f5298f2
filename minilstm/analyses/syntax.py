"""The structures of Fig. 3."""

from ..stimuli import CONDITIONS, na_task
from .dynamics import dynamics

STRUCTURES = "2Adv", "CoAdv", "nounPP", "SubjRel", "2SubjRel"  # Fig. 3; its panel (a) says 2Adv and shows CoAdv


def structures(model, units, n=None, tasks=STRUCTURES, seed=0, lexicon="paper", state="context", unknown="error"):
    """Gates and cell of units on the structures of Fig. 3, from the first word to `the` after the verb.

    Parameters
    ----------
    units : sequence of int
        In the paper's numbers.
    n : int, optional
        Sentences a condition; by default as `stimuli.na_task`.

    Returns
    -------
    dict
        {task: dynamics.Dynamics}, all conditions of a task in one.
    """
    shown = {}
    for task in tasks:
        items = [item for condition in CONDITIONS[task] for item in na_task(task, condition, n, seed, lexicon)]
        shown[task] = dynamics(model, {task: items}, units, state=state, unknown=unknown)
    return shown
