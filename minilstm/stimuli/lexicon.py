"""The words that the tasks are made of: the paper's, and frequent verbs for vocabularies that lack those.

A noun or verb is a pair of forms, singular first. The lexicons given here differ in their verbs only.
"""

import re
from dataclasses import dataclass, fields, replace

from ..errors import StimulusError

Pair = tuple[str, str]
_PAIRS = ("nouns", "verbs", "relative_verbs", "locations")


@dataclass(frozen=True)
class Lexicon:
    """A pool of words for each slot of the templates.

    Any pool may be empty: the tasks that need it then have no sentences. To use words of your own, start
    from a lexicon that is there::

        dataclasses.replace(LEXICONS["paper"], name="mine", verbs=(("sings", "sing"), ("swims", "swim")))

    Attributes
    ----------
    name : str
    nouns : tuple of (singular, plural)
        Subjects, and objects within relative clauses.
    verbs : tuple of (singular, plural)
        Third person present: the verbs whose agreement is tested.
    relative_verbs : tuple of (singular, plural)
        The transitive verbs within relative clauses. Empty: `verbs` serve there too.
    locations : tuple of (singular, plural)
        The nouns after the preposition of nounPP and nounPPAdv.
    prepositions, name_prepositions : tuple of str
        Before a location, and before a name.
    names : tuple of str
    adverbs : tuple of str
        The adverb of Adv and nounPPAdv, and the second one of 2Adv.
    first_adverbs : tuple of str
        The first adverb of 2Adv.
    manner_adverbs, intent_adverbs : tuple of str
        CoAdv: before ``and``, and after it.

    Raises
    ------
    StimulusError
        A pool is no tuple, holds what is not a word (or pair of different words), or holds one thing twice.
    """

    name: str
    nouns: tuple[Pair, ...]
    verbs: tuple[Pair, ...]
    relative_verbs: tuple[Pair, ...] = ()
    locations: tuple[Pair, ...] = ()
    prepositions: tuple[str, ...] = ()
    name_prepositions: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    adverbs: tuple[str, ...] = ()
    first_adverbs: tuple[str, ...] = ()
    manner_adverbs: tuple[str, ...] = ()
    intent_adverbs: tuple[str, ...] = ()

    def __post_init__(self):
        for field in fields(self)[1:]:
            pool = getattr(self, field.name)
            if not isinstance(pool, tuple):
                raise StimulusError(f"lexicon {self.name!r}, {field.name}: {pool!r}; expected a tuple")
            for entry in pool:
                place = f"lexicon {self.name!r}, {field.name}: {entry!r}"
                valid, expected = _is_word(entry), "one word"
                if field.name in _PAIRS:
                    valid, expected = _is_pair(entry), "two different words (singular, plural)"
                if not valid:
                    raise StimulusError(f"{place}; expected {expected}")
                if pool.count(entry) > 1:
                    raise StimulusError(f"{place} is there twice")


def _is_word(word):
    return isinstance(word, str) and re.fullmatch(r"[^ \t\r\n]+", word) is not None


def _is_pair(entry):
    return isinstance(entry, tuple) and len(entry) == 2 and all(map(_is_word, entry)) and entry[0] != entry[1]


def _regular(singulars, irregular=()):
    """Pairs of noun forms: plural in -s, but for the pairs given."""
    return tuple((noun, dict(irregular).get(noun, noun + "s")) for noun in singulars.split())


def _verbs(plurals):
    """Pairs of verb forms: third person singular in -s."""
    return tuple((verb + "s", verb) for verb in plurals.split())


_PAPER = Lexicon(
    name="paper",
    nouns=_regular(
        "athlete aunt boy carpenter doctor farmer father friend girl guy kid lawyer man mother poet singer"
        " teacher uncle victim woman",
        irregular=(("man", "men"), ("woman", "women")),
    ),
    verbs=_verbs(
        "admire approve avoid confuse criticize discourage encourage engage greet inspire know observe"
        " remember stimulate understand"
    ),
    locations=_regular("bike car cat chair desk dog table tree truck window"),
    prepositions=("near", "behind", "beside"),
    name_prepositions=("near", "behind", "beside", "above", "under"),
    names=("Mary", "Pat", "Linda", "Barbara", "Sue", "Jim", "John", "Bob", "Mike", "Bill"),
    adverbs=("probably", "definitely", "certainly"),
    first_adverbs=("now", "most", "indeed", "quite"),
    manner_adverbs=("gently", "openly", "overtly"),
    intent_adverbs=("carefully", "deliberately", "knowingly"),
)

# 'The boy that comes the girl was' is no sentence: within relative clauses verbs need an object.
_TRANSITIVE = _verbs("know see like want find need love help follow meet")

LEXICONS = {
    lexicon.name: lexicon
    for lexicon in (
        _PAPER,
        replace(
            _PAPER,
            name="auxiliaries",
            verbs=(("is", "are"), ("was", "were"), ("has", "have")),
            relative_verbs=_TRANSITIVE,
        ),
        replace(
            _PAPER,
            name="frequent",
            verbs=_verbs("know say think make take want see come give look like seem mean need find feel"),
            relative_verbs=_TRANSITIVE,
        ),
    )
}


def find_lexicon(lexicon: str | Lexicon) -> Lexicon:
    """The lexicon of this name; a :class:`Lexicon` is returned as it is."""
    if isinstance(lexicon, Lexicon):
        return lexicon
    if not isinstance(lexicon, str) or lexicon not in LEXICONS:
        raise StimulusError(f"no lexicon {lexicon!r}; there are: {', '.join(LEXICONS)}, or give a Lexicon")
    return LEXICONS[lexicon]
