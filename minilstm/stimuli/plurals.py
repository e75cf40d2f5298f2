"""Singular and plural forms of one noun: by the rules of English, and by the sentences' own pairs.

A classifier that is tested on nouns it was not trained on must not have seen their other number either:
*children* belongs with *child*.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ..records import short_repr
from .items import Item, subject_number
from .positions import subject_position

_IRREGULAR = {
    "child": "children",
    "die": "dice",
    "foot": "feet",
    "goose": "geese",
    "louse": "lice",
    "man": "men",
    "mouse": "mice",
    "ox": "oxen",
    "person": "people",
    "tooth": "teeth",
}
_ENDINGS = (  # of a singular and of its plural, where the plural is not made by adding s or es
    ("f", "ves"),
    ("fe", "ves"),
    ("us", "i"),
    ("um", "a"),
    ("on", "a"),
    ("is", "es"),
    ("a", "ae"),
    ("ix", "ices"),
    ("ex", "ices"),
    ("eau", "eaux"),
    ("z", "zzes"),
)
LISTED = 5  # nouns that a warning names


@short_repr
@dataclass(frozen=True)
class NumberPairs:
    """The nouns in the subjects of sentences.

    Attributes
    ----------
    singular : dict of str to str
        {form: what the noun is called in both numbers}: its singular, or the form itself where its other number does
        not occur.
    one_number : tuple of str
        Forms whose other number does not occur.
    """

    singular: dict[str, str]
    one_number: tuple[str, ...]

    def warning(self) -> str:
        """A sentence on nouns seen in one number only, empty if there are none."""
        if not self.one_number:
            return ""
        rest = len(self.one_number) - LISTED
        named = ", ".join(self.one_number[:LISTED]) + (f" and {rest} more" if rest > 0 else "")
        nouns = len(set(self.singular.values()))
        return (
            f"{len(self.one_number)} of the {nouns} subject nouns occur in one number only ({named}): with them a"
            " classifier can tell number by the noun"
        )


def plural_forms(noun):
    """The forms that the plural of an English noun may have.

    Parameters
    ----------
    noun : str
        In the singular.

    Returns
    -------
    set of str

    Examples
    --------
    >>> "ladies" in plural_forms("lady"), "ladys" in plural_forms("lady")
    (True, False)
    >>> "wives" in plural_forms("wife"), "grandchildren" in plural_forms("grandchild")
    (True, True)
    """
    lower = noun.lower()
    forms = {noun + "s"}
    if lower.endswith("y") and lower[-2:-1] not in "aeiou":
        forms = {noun[:-1] + "ies"}
    elif lower.endswith(("s", "x", "z", "ch", "sh")):
        forms = {noun + "es"}
    elif lower.endswith("o"):
        forms.add(noun + "es")
    for singular, plural in (*_ENDINGS, *_IRREGULAR.items()):
        if lower.endswith(singular):
            forms.add(noun[: len(noun) - len(singular)] + plural)
    return forms


def number_pairs(items: Sequence[Item], position: int | None = None) -> NumberPairs:
    """Pair the singular and the plural of every noun that stands in the subject's place.

    First by the rules of English. A noun whose plural follows none of them is paired by the sentences themselves: two
    forms that begin alike, one singular and one plural, with the same words around them but for number.

    Parameters
    ----------
    items : sequence of Item
    position : int, optional
        Where the subject noun stands in all of them, from 0; by default where `subject_position` sees it.

    Returns
    -------
    NumberPairs

    Examples
    --------
    >>> from minilstm.stimuli import Item
    >>> sentences = ("The child", "is", "are"), ("The children", "are", "is"), ("The wife", "is", "are")
    >>> pairs = number_pairs([Item(tuple(s.split()), r, w, "mine", "x", 1) for s, r, w in sentences])
    >>> pairs.singular["children"], pairs.one_number
    ('child', ('wife',))
    """
    forms: dict[str, dict] = {"S": {}, "P": {}}  # {form: the words around it}, in the order in which they come
    for item in items:
        number = subject_number(item) or item.condition[0]
        if number in forms:
            place = subject_position(item) if position is None else position
            around = (item.prefix[:place], item.prefix[place + 1 :])
            forms[number].setdefault(item.prefix[place], set()).add(around)
    partner = {}  # {singular: plural}
    for singular in forms["S"]:
        plurals = [plural for plural in forms["P"] if plural in plural_forms(singular) or plural == singular]
        if plurals:
            partner[singular] = plurals[0]
    odd = {s: a for s, a in forms["S"].items() if s not in partner}
    for plural, around in forms["P"].items():
        if plural in partner.values() or plural.endswith("s"):
            continue
        singulars = [s for s, own in odd.items() if s[:2] == plural[:2] and _same_but_for_number(own, around)]
        if len(singulars) == 1:
            partner[singulars[0]] = plural
    singular = {form: form for number in "SP" for form in forms[number]}
    singular |= {plural: noun for noun, plural in partner.items()}
    paired = {*partner, *partner.values()}
    return NumberPairs(singular, tuple(form for form in singular if form not in paired))


def _same_but_for_number(some, others):
    """Return whether words around one noun are also around another, each word alike or the other number of it."""
    return any(
        [len(part) for part in one] == [len(part) for part in other]
        and all(
            a == b or a in plural_forms(b) or b in plural_forms(a)
            for left, right in zip(one, other, strict=True)
            for a, b in zip(left, right, strict=True)
        )
        for one in some
        for other in others
    )


def split_problem(plural: Sequence[bool], nouns: Sequence[str], split: str, least: int = 5) -> str:
    """Reason why sentences cannot be split into a training and a test set for a classifier of number.

    Parameters
    ----------
    plural : sequence of bool
        Whether each sentence's subject is plural.
    nouns : sequence of str
        Each sentence's subject noun, the same for both of its numbers.
    split : {"sentence", "noun"}
    least : int
        How many sentences of each number there have to be.

    Returns
    -------
    str
        Empty if nothing is in the way.

    Examples
    --------
    >>> split_problem(10 * [True, False], 20 * ["boy"], "noun")
    "one subject noun ('boy'): no other is left to test on"
    """
    counts = {"plural": sum(map(bool, plural)), "singular": sum(not p for p in plural)}
    for number, count in counts.items():
        if count < least:
            return f"{count} sentence(s) with a {number} subject; expected at least {least} of each number"
    if split == "noun" and len(set(nouns)) == 1:
        return f"one subject noun ({next(iter(nouns))!r}): no other is left to test on"
    return ""
