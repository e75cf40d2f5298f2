"""Numbers of the nouns in the condition of a user's sentence, however it is written."""

import re

from .columns import PART_OF, split_name
from .items import Item, subject_number

LETTERS = {"singular": "S", "plural": "P"}
NUMBERS = {letter: number for number, letter in LETTERS.items()}
SUBJECT = frozenset("subject subj verb head main".split())
OTHERS = frozenset(
    "attractor distractor object obj noun local embedded intervening intervener second inner outer".split()
)


def said_numbers(condition):
    """The letters S and P for the numbers that a condition names: the subject's alone if it says which one that is.

    Parameters
    ----------
    condition : str

    Returns
    -------
    str
        Empty if it names no number, or none of which it is sure that it may be the subject's.

    Examples
    --------
    >>> said_numbers("SP"), said_numbers("plural_singular"), said_numbers("subj=sg, attractor=pl"), said_numbers("hard")
    ('SP', 'PS', 'S', '')
    >>> said_numbers("plural subject"), said_numbers("plural attractor")
    ('P', '')
    """
    if re.fullmatch("[SP]+|[sp]+", condition) and condition != "pp":  # which may be a prepositional phrase
        return condition.upper()
    words = split_name(condition)
    if words and all(word in ("s", "p") for word in words):
        return "".join(words).upper()
    numbers = [LETTERS.get(PART_OF.get(word)) for word in words]
    nouns = ["subject" if word in SUBJECT else "other" if word in OTHERS else "" for word in words]
    if not any(nouns):
        return "".join(filter(None, numbers))
    told = [(letter, noun) for letter, noun in zip(numbers, nouns, strict=True) if letter or noun]
    pairs = list(zip(told[::2], told[1::2], strict=False))  # a number and its noun, or a noun and its number
    for (letter, noun), (next_letter, next_noun) in pairs:
        if "subject" in (noun, next_noun) and (letter is None) != (next_letter is None):
            return letter or next_letter
    return ""


def check_numbers(pairs, refuse):
    """Refuse pairs of which the right form has another number than the condition says.

    Of a condition of several numbers, such as SP, any one may be the verb's, if it is so in all pairs: an inner verb
    agrees with the second noun.

    Parameters
    ----------
    pairs : iterable of (right, wrong, condition)
        The two forms and the condition as text.
    refuse : callable
        (index of a pair, message) -> the exception to raise.
    """
    told = []
    for k, (right, wrong, condition) in enumerate(pairs):
        letters, number = said_numbers(condition), subject_number(Item((), right, wrong, "", condition, 0))
        if letters and number:
            told.append((k, letters, number, f"condition {condition}, but {right!r}, the right form, is "))
    places = range(min((len(letters) for _, letters, *_ in told), default=0))
    if told and not any(all(letters[place] == number for _, letters, number, _ in told) for place in places):
        k, _, number, message = next(one for one in told if one[1][0] != one[2])
        raise refuse(k, message + NUMBERS[number])
