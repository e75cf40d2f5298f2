"""The number-agreement tasks: the seven of Table 1, relative clauses, and nested dependencies."""

import operator
from collections.abc import Sequence

from ..errors import StimulusError
from .items import Item
from .lexicon import Lexicon, find_lexicon
from .nested import NESTED_TASKS
from .relative_clauses import RELATIVE_CLAUSES
from .templates import Template, count_sentences, draw, fill

_ONE = ("S", "P")
_TWO = ("SS", "SP", "PS", "PP")

# The paper says 600 sentences a condition; these are the counts of the published files, which Table 2
# agrees with.
NA_TASKS = {
    "Simple": Template("the N1 V1", _ONE, 300),
    "Adv": Template("the N1 ADV V1", _ONE, 900),
    "2Adv": Template("the N1 FIRST ADV V1", _ONE, 900),
    "CoAdv": Template("the N1 MANNER and INTENT V1", _ONE, 600),
    "namePP": Template("the N1 NAMEPREP NAME V1", ("SS", "PS"), 900),  # a name is singular
    "nounPP": Template("the N1 PREP the LOC2 V1", _TWO, 600),
    "nounPPAdv": Template("the N1 PREP the LOC2 ADV V1", _TWO, 600),
}
TASKS = NA_TASKS | RELATIVE_CLAUSES | NESTED_TASKS
CONDITIONS = {task: template.conditions for task, template in TASKS.items()}
TEMPLATES = {task: template.text for task, template in TASKS.items()}

EASY = ("Simple", "Adv", "2Adv")  # no noun comes between subject and verb: no single unit matters (section 4.1)
BETWEEN = ("nounPP", "nounPPAdv", "SubjRel", "ObjRel", "2SubjRel")  # another noun comes between them
INCONGRUENT = ("SP", "PS")  # the noun between has the other number
SELECTION = {"S": ("nounPP", "SP"), "P": ("nounPP", "PS")}  # where the unit of each number is chosen
HARD = tuple((task, condition) for task in ("nounPPAdv", "nounPP") for condition in INCONGRUENT)


def find_task(task: str) -> Template:
    """The template of the task of this name, with its conditions."""
    if task not in TASKS:
        raise StimulusError(f"no task {task!r}; there are: {', '.join(TASKS)}")
    return TASKS[task]


def na_task(
    task: str, condition: str, n: int | None = None, seed: int = 0, lexicon: str | Lexicon = "paper"
) -> list[Item]:
    """The sentences of one task in one condition (section 3, Table 1).

    They are drawn at random, none twice, and with no noun and no verb twice in a sentence. All conditions
    of a task share their words: at the same seed and lexicon, item k of one condition differs from item k
    of another in number only. The order is random, so that odd and even ids have the same nouns and verbs
    on average.

    Parameters
    ----------
    task : str
        A key of `CONDITIONS`: ``"Simple"``, ``"Adv"``, ``"2Adv"``, ``"CoAdv"``, ``"namePP"``, ``"nounPP"``,
        ``"nounPPAdv"``; ``"SubjRel"``, ``"2SubjRel"``, ``"ObjRel"``; ``"ShortNestedInner"``,
        ``"ShortNestedOuter"``, ``"LongNestedInner"``, ``"LongNestedOuter"``.
    condition : str
        One of ``CONDITIONS[task]``, a letter for each noun, subject first. ``"S"`` and ``"P"`` also serve for
        namePP's ``"SS"`` and ``"PS"``.
    n : int, optional
        How many. By default as many as the published files have and 600 beyond Table 1, or all there are if
        these are fewer. A smaller number gives the first items of a larger one.
    seed : int
    lexicon : str or Lexicon
        ``"paper"``, ``"auxiliaries"``, ``"frequent"``, or your own.

    Returns
    -------
    list of Item
        Their ids run from 1 to n.

    Raises
    ------
    StimulusError
        No such task, condition or lexicon, or fewer than `n` sentences.

    See Also
    --------
    na_tasks : Several tasks in all their conditions.

    References
    ----------
    Lakretz et al. (2019), section 3, Table 1; the nested tasks are those of Lakretz et al. (2021), Mechanisms for
    handling nested dependencies in neural-network language models and humans.

    Examples
    --------
    >>> for item in na_task("nounPP", "SP", n=2):
    ...     print(*item.prefix, f"{item.right}/{item.wrong}")
    The farmer near the dogs avoids/avoid
    The uncle beside the trees engages/engage
    """
    template = find_task(task)
    if task == "namePP" and condition in _ONE:
        condition += "S"
    if condition not in template.conditions:
        valid = ", ".join(template.conditions)
        raise StimulusError(f"task {task} has no condition {condition!r}; it has: {valid}")
    lexicon = find_lexicon(lexicon)
    exist = count_sentences(template, lexicon)
    n = min(template.count, exist) if n is None else operator.index(n)
    if not 1 <= n <= exist:
        raise StimulusError(
            f"task {task}, lexicon {lexicon.name!r}: {n} sentences wanted, {exist} exist in a condition"
        )
    fillings = draw(template, lexicon, n, key=f"{task} {seed}")
    return [fill(template, filling, task, condition, id) for id, filling in enumerate(fillings, 1)]


def na_tasks(
    lexicon: str | Lexicon = "paper", seed: int = 0, n: int | None = None, tasks: Sequence[str] = tuple(NA_TASKS)
) -> list[Item]:
    """The sentences of several tasks in all their conditions, in the order of Table 2.

    Parameters
    ----------
    lexicon : str or Lexicon
    seed : int
    n : int, optional
        How many a condition; the published counts if not given.
    tasks : sequence of str
        The seven of Table 1 if not given; others are taken in the order given.

    Returns
    -------
    list of Item

    See Also
    --------
    na_task : One task in one condition.

    References
    ----------
    Lakretz et al. (2019), section 3, Table 1.

    Examples
    --------
    >>> len(na_tasks())
    12000
    >>> sorted({item.condition for item in na_tasks(n=1, tasks=("LongNestedInner",))})
    ['PPP', 'PPS', 'PSP', 'PSS', 'SPP', 'SPS', 'SSP', 'SSS']
    """
    return [
        item
        for task in ([tasks] if isinstance(tasks, str) else tasks)
        for condition in find_task(task).conditions
        for item in na_task(task, condition, n, seed, lexicon)
    ]
