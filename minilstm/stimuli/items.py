"""One question to a language model: which of two verb forms is likelier after these words?"""

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


def subject_number(item):
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
    singular = max((item.right, item.wrong), key=lambda form: (form.lower().endswith("s"), len(form)))
    if item.right == item.wrong or not singular.lower().endswith("s"):
        return ""
    return "S" if item.right == singular else "P"
