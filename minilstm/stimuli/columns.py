"""Recognise the columns of a user's table by the names in its header, or by what stands in the cells."""

import re

from .lexicon import LEXICONS

# What people call the columns, without capitals, blanks and underscores.
NAMES = {
    "prefix": "prefix sentence context stem preamble input text words sentenceprefix onepreffixprefix oneprefixprefix"
    " beforeverb stimulus",
    "right": "right correct good grammatical rightform correctform goodform formright formcorrect wordgood verbright"
    " rightverb correctverb oneprefixwordgood target expected",
    "wrong": "wrong incorrect bad ungrammatical wrongform incorrectform badform formwrong formincorrect wordbad"
    " verbwrong wrongverb incorrectverb oneprefixwordbad distractor foil",
    "good": "sentencegood goodsentence grammaticalsentence sentencegrammatical correctsentence sentencecorrect",
    "bad": "sentencebad badsentence ungrammaticalsentence sentenceungrammatical incorrectsentence wrongsentence"
    " sentenceincorrect sentencewrong",
    "singular": "singular sing sg singularform formsingular singularverb verbsingular verbsg",
    "plural": "plural plur pl pluralform formplural pluralverb verbplural verbpl",
    "condition": "condition cond conditions",
}
CONDITION_SUBSTITUTES = ("type", "category", "number", "numbers", "label", "nattr", "attractors", "structure")
ROLE_OF = {name: role for role, names in NAMES.items() for name in names.split()}
# What one word of a name says where nobody knows the whole, and the name of the other form.
PARTS = {
    "right": "right correct good grammatical expected",
    "wrong": "wrong incorrect bad ungrammatical distractor foil",
    "singular": "singular sing sg",
    "plural": "plural plur pl",
}
PART_OF = {word: role for role, words in PARTS.items() for word in words.split()}
OTHER = {"right": "wrong", "wrong": "right", "singular": "plural", "plural": "singular"}
# What no verb is: cells of other columns.
LABELS = frozenset(
    "singular plural sing plur sg pl correct incorrect wrong right good bad grammatical ungrammatical true false yes no"
    " s p ss sp ps pp".split()
)
_IRREGULAR = (("is", "are"), ("was", "were"), ("has", "have"), ("does", "do"), ("goes", "go"))
_FORMS = frozenset(
    frozenset(pair) for lexicon in LEXICONS.values() for pair in (*lexicon.verbs, *lexicon.relative_verbs, *_IRREGULAR)
)


def plain_name(name):
    """A column's name without capitals, blanks, hyphens and underscores."""
    return re.sub(r"[\s_\-]", "", name.lower())


def known_names(names):
    """{role: columns} of the names of a line that are known."""
    roles = {}
    for column, name in enumerate(names):
        role = ROLE_OF.get(plain_name(name))
        if role:
            roles.setdefault(role, []).append(column)
    return roles


def by_header(names):
    """{role: columns} of a line of names; empty if it does not name two forms of the verb, or two sentences."""
    roles = known_names(names)
    if not any(set(pair) <= set(roles) for pair in (("right", "wrong"), ("good", "bad"), ("singular", "plural"))):
        return {}
    if "condition" not in roles:
        plain = [plain_name(name) for name in names]
        substitutes = [plain.index(substitute) for substitute in CONDITION_SUBSTITUTES if substitute in plain]
        roles |= {"condition": substitutes[:1]} if substitutes else {}
    return roles


def by_content(rows):
    """{role: columns} of rows without a header, by what stands in them; empty if that does not tell for certain.

    Two columns whose cells are the two numbers of one verb are the right and the wrong form, in this order, or whole
    sentences. Else the one with most words of the others that are no labels is what comes before the verb. One that
    does not count the lines is the condition.
    """
    columns = list(zip(*rows, strict=True))
    shares = {
        (a, b): sum(map(are_forms, columns[a], columns[b])) / len(rows)
        for a in range(len(columns))
        for b in range(a + 1, len(columns))
    }
    best = max(shares.values(), default=0)
    likely = [pair for pair, share in shares.items() if share == best]
    if not best:
        likely = [(1, 2)] if len(columns) in (3, 4) and all(map(_verb_like, columns[1] + columns[2])) else []
    if len(likely) != 1:
        return {}
    ((right, wrong),) = likely
    others = [k for k in range(len(columns)) if k not in (right, wrong)]
    length = {k: sum(len(cell.split(" ")) for cell in columns[k]) for k in others if not _are_labels(columns[k])}
    roles = {"right": [right], "wrong": [wrong]}
    if _long(columns[right]) or _begin_alike(columns[right], columns[wrong]):  # whole sentences
        if any(words > len(rows) for words in length.values()):  # which may stand before the verb all the same
            return {}
    elif length:
        roles["prefix"] = [max(length, key=length.get)]
        others.remove(*roles["prefix"])
    else:
        return {}
    rest = [k for k in others if not all(re.fullmatch(r"-?\d*", cell) for cell in columns[k])]
    if not rest and len(others) == 1:  # a number is a condition where nothing else can be one, if it counts no lines
        rest = [k for k in others if len(set(columns[k])) < len(rows) or len(rows) == 1]
    return roles | ({"condition": rest} if rest else {})


def as_named(names, roles):
    """Roles by content under a header that `by_header` does not know: a word in a name says which form is which.

    Examples
    --------
    >>> as_named(["stem", "bad verb", "other"], {"prefix": [0], "right": [1], "wrong": [2]})
    {'prefix': [0], 'wrong': [1], 'right': [2]}
    """
    first, second = roles["right"][0], roles["wrong"][0]
    said = [{PART_OF[word] for word in split_name(names[column]) if word in PART_OF} for column in (first, second)]
    for one, (column, other) in zip(said, ((first, second), (second, first)), strict=True):
        if len(one) == 1 and said[0] != said[1]:
            (role,) = one
            rest = {name: columns for name, columns in roles.items() if name not in ("right", "wrong")}
            return rest | {role: [column], OTHER[role]: [other]}
    return roles


def with_prefix(roles, rows):
    """Roles with the column of the words before the verb, where a header names the forms alone: that with most words.

    Two columns named right and wrong may also be whole sentences, which need none.
    """
    forms = [columns[0] for role, columns in roles.items() if role in OTHER]
    columns = list(zip(*rows, strict=True))
    if "prefix" in roles or not forms or any(_long(columns[form]) for form in forms):
        return roles
    lengths = {
        column: sum(len(cell.split()) for cell in cells)
        for column, cells in enumerate(columns)
        if [column] not in roles.values() and not _are_labels(cells)
    }
    longest = max(lengths, key=lengths.get, default=None)
    if longest is None or lengths[longest] <= len(rows) and _begin_alike(*(columns[form] for form in forms[:2])):
        return roles
    return roles | {"prefix": [longest]}


def split_name(name):
    """The words of a name such as ``verb_sg``, ``verb.sg`` or ``verbSg``, in lower case."""
    return [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name)]


def _are_labels(cells):
    """Return whether all cells are numbers, or say of a sentence what it is, such as 'plural' or 'plural subject'."""
    return all(
        re.fullmatch(r"-?\d*", cell) or len(cell.split()) < 3 and not LABELS.isdisjoint(split_name(cell))
        for cell in cells
    )


def _long(cells):
    """Return whether some cell has more words than a verb form."""
    return any(len(cell.split()) > 2 for cell in cells)


def _begin_alike(cells, others):
    """Return whether some cells have the same first word, as sentences do and the two forms of a verb do not."""
    return any(one.split()[:1] == other.split()[:1] for one, other in zip(cells, others, strict=True))


def _verb_like(cell):
    return bool(re.fullmatch(r"[^\W\d_][\w'’\-]*( [\w'’\-]+)?", cell)) and cell.lower() not in LABELS


def are_forms(one, other):
    """Return whether two cells are the two numbers of one verb, as far as the rules of English tell.

    Examples
    --------
    >>> are_forms("are", "is"), are_forms("passes", "pass"), are_forms("has n't", "have n't"), are_forms("S", "P")
    (True, True, True, False)
    """
    words, others = one.lower().split(" "), other.lower().split(" ")
    different = [pair for pair in zip(words, others, strict=False) if pair[0] != pair[1]]
    return len(words) == len(others) and len(different) == 1 and _two_numbers(*different[0])


def _two_numbers(one, other):
    for negation in ("n't", "n’t"):
        if one.endswith(negation) and other.endswith(negation):
            one, other = one.removesuffix(negation), other.removesuffix(negation)
    if known_verb(one, other):
        return True
    singular, plural = sorted((one, other), key=len, reverse=True)
    if len(plural) < 2:
        return False
    return singular in (plural + "s", plural + "es") or (plural[-1] == "y" and singular == plural[:-1] + "ies")


def known_verb(one, other):
    """Return whether two words are the two numbers of a verb of the tasks, or of an irregular one."""
    return frozenset((one, other)) in _FORMS
