"""The words of the fragment of English that the mini models learn, and the pairs held out of their training.

The paper's own lexicon (nouns, verbs, names, places, adverbs of its number-agreement tasks) comes from
:mod:`.lexicon`; the rest are ordinary words of the published depth data (section 4.3), so that one model can
be asked about agreement and about depth. 289 word types in all, capitalised first words included.
"""

from functools import cache

from .items import Item
from .lexicon import LEXICONS

PAPER = LEXICONS["paper"]

# Nouns and verbs are numbered in this order; all indices of nouns and verbs are indices into NOUNS and VERBS.
PERSONS = PAPER.nouns + (
    ("sister", "sisters"),
    ("brother", "brothers"),
    ("cousin", "cousins"),
    ("sibling", "siblings"),
    ("actor", "actors"),
    ("actress", "actresses"),
    ("son", "sons"),
    ("daughter", "daughters"),
)
PLACES = PAPER.locations + (
    ("boat", "boats"),
    ("building", "buildings"),
    ("cart", "carts"),
    ("forest", "forests"),
    ("house", "houses"),
    ("train", "trains"),
)
NOUNS = PERSONS + PLACES  # (singular, plural)
RELATIONAL = frozenset(  # the nouns that take an of-phrase
    "aunt brother cousin daughter doctor father friend lawyer mother sibling sister son teacher uncle victim".split()
)

TRANSITIVE = PAPER.verbs + (
    ("attacks", "attack"),
    ("cleans", "clean"),
    ("fights", "fight"),
    ("meets", "meet"),
    ("pushes", "push"),
)
INTRANSITIVE = (
    ("arrives", "arrive"),
    ("appears", "appear"),
    ("laughs", "laugh"),
    ("smiles", "smile"),
    ("vanishes", "vanish"),
)
CLAUSAL = (("believes", "believe"), ("says", "say"), ("thinks", "think"))  # take a complement clause
VERBS = TRANSITIVE + INTRANSITIVE + CLAUSAL  # (third person singular, base form = plural)
KINDS = {  # the numbers of the verbs of each kind
    "transitive": slice(0, len(TRANSITIVE)),
    "intransitive": slice(len(TRANSITIVE), len(VERBS) - len(CLAUSAL)),
    "clausal": slice(len(VERBS) - len(CLAUSAL), len(VERBS)),
}

_PAST = {
    "fight": "fought",
    "know": "knew",
    "meet": "met",
    "say": "said",
    "think": "thought",
    "understand": "understood",
}
_PARTICIPLE = {"know": "known"}  # where it is not the past form

NAMES = PAPER.names
PREPOSITIONS = PAPER.name_prepositions
ADVERBS = PAPER.adverbs  # probably, ...
FIRST_ADVERBS = PAPER.first_adverbs  # now probably, ...
MANNER_ADVERBS = PAPER.manner_adverbs  # gently and carefully, ...
INTENT_ADVERBS = PAPER.intent_adverbs
SPEED_ADVERBS = ("slowly", "quickly")
DEGREES = ("very", "really")
ADJECTIVES = (
    "big",
    "ecstatic",
    "happy",
    "huge",
    "joyful",
    "large",
    "little",
    "miserable",
    "old",
    "sad",
    "small",
    "tiny",
    "young",
)
NUMERALS = ("two", "three", "four", "five", "ten")
SINGULAR_DETERMINERS = ("the", "a", "this", "that")  # a becomes an
PLURAL_DETERMINERS = ("the", "some", "these", "those")
BE_PRESENT, BE_PAST, HAVE = ("is", "are"), ("was", "were"), ("has", "have")


def past(base: str) -> str:
    """The past form of a verb of the fragment."""
    return _PAST.get(base) or base + ("d" if base.endswith("e") else "ed")


def participle(base: str) -> str:
    """The form after `has` and `have`."""
    return _PARTICIPLE.get(base) or past(base)


def progressive(base: str) -> str:
    """The form in -ing."""
    return (base[:-1] if base.endswith("e") else base) + "ing"


def held_out(noun: int, verb: int) -> bool:
    """Return whether this subject noun and this verb (indices into NOUNS and VERBS) never meet in training.

    A quarter of all pairs. Within every four neighbouring nouns a verb lacks exactly one, and within every
    four neighbouring verbs a noun lacks exactly one, so that no noun and no verb is known worse than another.
    The last term shifts that pattern from one four to the next: with `(noun + verb) % 4` alone, nouns would
    fall into four classes that a network could learn.
    """
    return (noun + verb + (noun // 4) * (verb // 4)) % 4 == 0


@cache
def held_out_pairs() -> frozenset[tuple[str, str]]:
    """All (noun, verb) pairs that never meet in training, as singular noun and base form of the verb."""
    return frozenset(
        (singular, base)
        for noun, (singular, _) in enumerate(NOUNS)
        for verb, (_, base) in enumerate(VERBS)
        if held_out(noun, verb)
    )


def is_held_out(item: Item) -> bool:
    """Return whether the subject (first noun) and the verb of this item never met in training.

    False as well where noun or verb is not of the fragment, and for auxiliaries, which are never held out.
    """
    bases = {form: base for third, base in VERBS for form in (third, base)}
    lemmas = {form: singular for singular, plural in NOUNS for form in (singular, plural)}
    subject = next((lemmas[word] for word in item.prefix if word in lemmas), None)
    return (subject, bases.get(item.right)) in held_out_pairs()


def vocabulary() -> tuple[str, ...]:
    """Every word type of the fragment: ``<unk>``, ``<eos>``, then the others by code point."""
    pairs = NOUNS + VERBS + (BE_PRESENT, BE_PAST, HAVE)
    types = {form for pair in pairs for form in pair}
    for _, base in VERBS:
        types |= {past(base), participle(base), progressive(base)}
    types |= {*ADVERBS, *FIRST_ADVERBS, *MANNER_ADVERBS, *INTENT_ADVERBS, *SPEED_ADVERBS, *DEGREES}
    types |= {*NAMES, *ADJECTIVES, "and", "of", "will", "."}
    openers = {"an", *NUMERALS, *SINGULAR_DETERMINERS, *PLURAL_DETERMINERS, *PREPOSITIONS}
    types |= openers | {word.capitalize() for word in openers}
    return ("<unk>", "<eos>", *sorted(types))
