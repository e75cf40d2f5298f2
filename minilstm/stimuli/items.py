"""One question to a language model: which of two verb forms is likelier here, or which of two sentences?"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Item:
    """A sentence up to its verb, and the verb in both numbers.

    Attributes
    ----------
    prefix : tuple of str
        The words before the verb, never empty.
    right, wrong : str
        The verb form that agrees with the subject, and the other one.
    task : str
        ``"Simple"``, ``"nounPP"``, ..., ``"Linzen"``, or a name of the user's own.
    condition : str
        The number of each noun in turn, ``S`` or ``P``, the subject's first: ``"S"``, ``"SP"``, ``"PSS"``. In
        the Linzen set the number of attractors, ``"0"`` to ``"4"``; in a user's file whatever stands there.
    id : int
        From 1, unique within a task and condition. In generated tasks the items of the same id differ from
        one condition to the next in number only. Units are chosen on odd ids and judged on even ones.
    """

    prefix: tuple[str, ...]
    right: str
    wrong: str
    task: str
    condition: str
    id: int


@dataclass(frozen=True)
class Pair:
    """A grammatical sentence and an ungrammatical one, to be scored as wholes.

    Attributes
    ----------
    prefix : tuple of str
        The words that both begin with; may be empty.
    right, wrong : tuple of str
        What comes then, in the grammatical sentence and in the other.
    rest : tuple of str
        The words that both end in.
    task, condition, id
        As in `Item`.
    """

    prefix: tuple[str, ...]
    right: tuple[str, ...]
    wrong: tuple[str, ...]
    rest: tuple[str, ...]
    task: str
    condition: str
    id: int

    @property
    def good(self) -> tuple[str, ...]:
        """The words of the grammatical sentence."""
        return self.prefix + self.right + self.rest

    @property
    def bad(self) -> tuple[str, ...]:
        """The words of the ungrammatical sentence."""
        return self.prefix + self.wrong + self.rest

    @property
    def item(self) -> Item | None:
        """The Item that two logits decide; None where a form has several words or nothing comes before it."""
        if not self.prefix or len(self.right) != 1 or len(self.wrong) != 1:
            return None
        return Item(self.prefix, self.right[0], self.wrong[0], self.task, self.condition, self.id)


def split(good, bad):
    """Split two sentences into common beginning, differences, and common end: (prefix, right, wrong, rest)."""
    start = next((k for k, (a, b) in enumerate(zip(good, bad, strict=False)) if a != b), min(len(good), len(bad)))
    shortest, end = min(len(good), len(bad)) - start, 0
    while end < shortest and good[-1 - end] == bad[-1 - end]:
        end += 1
    return good[:start], good[start : len(good) - end], bad[start : len(bad) - end], good[len(good) - end :]


def subject_number(item: Item) -> str:
    """The number of the noun that the verb agrees with, read off the verb forms: English marks the singular with an s.

    Parameters
    ----------
    item : Item

    Returns
    -------
    str
        ``"S"``, ``"P"``, or ``""`` where the two forms do not tell, as in the four Linzen sentences in which
        they are the same word. 63.5 % of the Linzen set are ``"P"``: what always saying 'plural' would score.
    """
    # pass/passes: both end in s, and the longer one is the singular; is/are: only one does.
    right, wrong = (form.lower().removesuffix("n't") for form in (item.right, item.wrong))
    singular = max((right, wrong), key=lambda form: (form.endswith("s"), len(form)))
    if right == wrong or not singular.endswith("s"):
        return ""
    return "S" if right == singular else "P"
