"""Words of closed classes: what tells where a noun phrase begins, and where its noun ends."""

from .lexicon import LEXICONS

_PAPER = LEXICONS["paper"]

PREPOSITIONS = frozenset(
    "about above across after against along among around at before behind below beneath beside besides between by"
    " despite down during except for from in inside into like near of off on onto opposite outside over past since"
    " through throughout to toward towards under until up upon with within without".split()
)
RELATIVE_PRONOUNS = frozenset(("that", "which", "who", "whom", "whose"))
DETERMINERS = frozenset(
    "a all an another any both each either every few her his its many most my neither no our several some that the"
    " their these this those your".split()
)
ADVERBS = frozenset(_PAPER.adverbs + _PAPER.first_adverbs + _PAPER.manner_adverbs + _PAPER.intent_adverbs)
AUXILIARIES = frozenset(
    "am are be been being can could did do does had has have is may might must shall should was were will would".split()
)


def is_adverb(word):
    """Return whether a word is one of the tasks' adverbs or ends as English adverbs do."""
    return word.lower() in ADVERBS or (word.lower().endswith("ly") and len(word) > 4)
