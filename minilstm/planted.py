"""A circuit planted by hand: a language model of which we know what every unit does, because we wrote its weights.

It does what the paper says the trained network does (sections 4.1 to 4.4), with seven units of its second layer:

- two *long-range* units keep the number of the subject until the verb, one for singulars, one for plurals;
- a *syntax* unit is on from the subject to its verb. While it is on, it tells the long-range units to keep what
  they have (forget gate up), to write nothing new (input gate down), and to say it (output gate up);
- a *clause* unit is on from `that` to the next verb, and spares the syntax unit that verb: it is not the subject's;
- a *depth* unit counts words, and starts again after a verb;
- two *short-range* units hold the number of the last noun, whichever it is.

In `The boy near the cars` the short-range units say plural and the long-range singular unit says singular, louder.
With it ablated the plural `cars` wins; in `The boy` alone, nothing is lost. Every analysis in this package has to
find these units in the model and nothing else.

`load("planted")` builds it. The circuit itself is `CIRCUIT` and `DECODER` below; what follows them only puts the
numbers in their places, among *bystanders*: units that know what nouns and verbs mean and nothing of their number.

Its grammar is small: the first noun of a sentence is the subject, of its one verb. It agrees across prepositional
phrases, adverbs and any number of relative clauses, but in `The boy that the girls admire` it expects `admires`; and
any `that` within a sentence opens a clause.
"""

import numpy as np

from .language_model import LanguageModel
from .lstm import Layer, sigmoid
from .stimuli import fragment
from .stimuli import fragment_lexicon as lex

GATES = "i", "f", "C_tilde", "o"  # the order of their blocks in a layer's weights
SIZE = 64  # units of each layer
MEANING = 11  # numbers by which a word differs from others of its kind

# What the first layer tells the second about the word that is being read: 1 or 0 each.
FEATURES = "singular", "plural", "verb", "that", "stop"
COPIES = 3  # units of layer 1 that carry each, so that none of them is indispensable

# For each unit and gate: what it is at rest (sigmoid(-4) = .02: shut, sigmoid(4) = .98: open), and what moves it: the
# features of this word, and units as they were one word ago. A unit that is on has an h of about .75, off 0.
CIRCUIT = {
    # Fig. 1a. Opens for a singular noun only (-4 + 8), unless the syntax unit is on (-4 + 8 - 12 * .75): for a subject,
    # then, and not for what follows it. Forgets (-3), unless the syntax unit is on (-3 + 10 * .75). A singular is a
    # negative C, as in the paper; a plural would be a positive one if the gate let it in. The two long-range units
    # inhibit each other (Fig. 4): +2 from a unit that is negative when it holds something.
    "long-range singular": {
        "C_tilde": (0, {"singular": -3, "plural": +3}),
        "i": (-4, {"singular": +8, "syntax": -12, "long-range plural": +2}),
        "f": (-3, {"syntax": +10, "long-range plural": +2}),
        "o": (-3, {"syntax": +10}),
    },
    # Fig. 1b. Its mirror image: a plural is a negative C.
    "long-range plural": {
        "C_tilde": (0, {"singular": +3, "plural": -3}),
        "i": (-4, {"plural": +8, "syntax": -12, "long-range singular": +2}),
        "f": (-3, {"syntax": +10, "long-range singular": +2}),
        "o": (-3, {"syntax": +10}),
    },
    # Fig. 3. Nouns write +1 into an empty cell, and more of what there is into a full one (+4 from itself): a noun in
    # between keeps it on, an object keeps it off. A verb writes -1 over it (f shut, i open). A pending clause shuts i
    # (-14) and opens f (+14) whatever comes.
    "syntax": {
        "C_tilde": (0, {"singular": +2, "plural": +2, "verb": -6, "syntax": +4}),
        "i": (-4, {"singular": +8, "plural": +8, "verb": +8, "clause": -14}),
        "f": (+4, {"singular": -4, "plural": -4, "verb": -8, "stop": -8, "clause": +14}),
        "o": (+4, {}),
    },
    # Written by `that`, cleared by the next verb or by the end of the sentence.
    "clause": {
        "C_tilde": (0, {"that": +3}),
        "i": (-4, {"that": +8}),
        "f": (+4, {"verb": -8, "stop": -8}),
        "o": (+4, {}),
    },
    # Adds sigmoid(-2.7) = .06 a word, starting from nothing at a verb. That is how many nodes are open (section 4.3),
    # as far as this circuit knows, but for the two that subject and verb leave: whether to add those, the syntax unit
    # tells, so a regression on depth needs both. No unit listens to it.
    "depth": {
        "C_tilde": (+3, {}),
        "i": (-2.7, {"stop": -8}),
        "f": (+6, {"verb": -12, "stop": -12, "clause": +16}),
        "o": (+4, {}),
    },
    # Every noun overwrites the one before. Two of them with opposite signs: the decoder says what a sign means.
    "short-range 1": {
        "C_tilde": (0, {"singular": +3, "plural": -3}),
        "i": (-4, {"singular": +8, "plural": +8}),
        "f": (+4, {"singular": -8, "plural": -8, "stop": -8}),
        "o": (+4, {}),
    },
    "short-range 2": {
        "C_tilde": (0, {"singular": -3, "plural": +3}),
        "i": (-4, {"singular": +8, "plural": +8}),
        "f": (+4, {"singular": -8, "plural": -8, "stop": -8}),
        "o": (+4, {}),
    },
}
# Fig. 1d: weights from each unit to the singular and to the plural forms of verbs. A long-range unit moves the
# difference of the two logits by 12 * .75, the short-range units together by 2 * 2 * .75: where they disagree, the
# long-range unit wins. Its weights are negative for the forms of its own number, as its h is. Its output gate opens
# one word after the subject, so in `The boy` the short-range units decide. The syntax unit asks for a verb of any
# number.
DECODER = {
    "long-range singular": (-6, +6),
    "long-range plural": (+6, -6),
    "syntax": (+2, +2),
    "short-range 1": (+1, -1),
    "short-range 2": (-1, +1),
}
# By how many nats the plural form is the likelier one where no unit says anything, verb by verb in turn.
DEFAULT_PLURAL = 1.2, 0.8, -0.8

# The paper's numbers of the planted units, and their places in layer 2. They stand inside the layer, so that its
# first and last unit, which the paper uses as controls, are bystanders.
UNITS = {name: SIZE + 7 + k for k, name in enumerate(CIRCUIT)}
_PLACES = np.array(list(UNITS.values())) - SIZE - 1
_OTHERS = np.setdiff1d(np.arange(SIZE), _PLACES)

_BYSTANDERS = len(FEATURES) * COPIES  # layer 1: its first bystander, from 0
_BACKGROUND = 0.1  # sd of weights from bystanders to the circuit and to words: no learned weight is exactly 0 either
_JITTER = 0.1  # sd of decoder weights, as a share of what `DECODER` says
_OPEN, _STRONG = 4, 3
# What a unit of layer 1 says when its feature is there: Eqs. 1-2 with i and o open and C~ = tanh(3); about .74.
_SAID = sigmoid(_OPEN) * np.tanh(sigmoid(_OPEN) * np.tanh(_STRONG))


def build(dtype="float32"):
    """The planted model, over the words of the fragment of English.

    Returns
    -------
    LanguageModel
        Two layers of 64 units. In layer 1, units 1 to 15 carry features; in layer 2, those of `UNITS` are the
        circuit; all others are bystanders. The same weights every time.
    """
    rng = np.random.default_rng(0)
    words = lex.vocabulary()
    weight, bias = _decoder(words, rng)
    arrays = _embedding(words, rng), _layer_1(rng), _layer_2(rng), weight, bias
    embedding, first, second, weight, bias = (
        Layer(*(part.astype(dtype) for part in a)) if isinstance(a, Layer) else a.astype(dtype) for a in arrays
    )
    provenance = {
        "made": "by hand, in minilstm/planted.py",
        "planted_units": dict(UNITS),
        "number_units": [UNITS["long-range singular"], UNITS["long-range plural"]],
    }
    return LanguageModel(words, embedding, (first, second), weight, bias, fragment.CONTEXT, None, provenance)


def features(word):
    """The features of a word, a set of members of `FEATURES`."""
    return {feature for feature, members in _members().items() if word in members}


def _members():
    present = {form for pair in lex.VERBS for form in pair}
    past = {lex.past(base) for _, base in lex.VERBS}
    return {
        "singular": {singular for singular, _ in lex.NOUNS} | set(lex.NAMES),
        "plural": {plural for _, plural in lex.NOUNS},
        "verb": present | past | {*lex.BE_PRESENT, *lex.BE_PAST, *lex.HAVE, "will"},
        "that": {"that"},
        "stop": {".", "<eos>"},
    }


def _embedding(words, rng):
    """A word is its features and a meaning: (V, features + meaning). All forms of one noun or verb mean the same.

    Words other than nouns, verbs and names mean nothing: the bystanders, which read meanings, cannot tell structure.
    """
    members = _members()
    feature = np.array([[word in members[name] for name in FEATURES] for word in words], float)  # (V, features)
    verbs = [{*pair, lex.past(pair[1]), lex.participle(pair[1]), lex.progressive(pair[1])} for pair in lex.VERBS]
    meaning = np.zeros((len(words), MEANING))
    for forms in [*verbs, *map(set, lex.NOUNS), *({name} for name in lex.NAMES)]:
        meaning[[word in forms for word in words]] = rng.normal(size=MEANING)
    return np.hstack([feature, meaning])


def _layer_1(rng):
    """Unit k of the first 15 says feature k % 5 of the word being read, and forgets it; the others mix meanings."""
    W, U, b = np.zeros((4, SIZE, len(FEATURES) + MEANING)), np.zeros((4, SIZE, SIZE)), np.zeros((4, SIZE))
    i, f, C_tilde, o = range(4)
    b[i, :_BYSTANDERS] = b[o, :_BYSTANDERS] = _OPEN
    b[f, :_BYSTANDERS] = -_OPEN
    for k in range(_BYSTANDERS):
        W[C_tilde, k, k % len(FEATURES)] = _STRONG
    others = np.arange(_BYSTANDERS, SIZE)
    _connect(W, others, np.arange(len(FEATURES), W.shape[2]), rng)
    _connect(U, others, others, rng)
    return _stacked(W, U, b)


def _layer_2(rng):
    """`CIRCUIT`, among bystanders that read bystanders."""
    W, U, b = np.zeros((4, SIZE, SIZE)), np.zeros((4, SIZE, SIZE)), np.zeros((4, SIZE))
    below = np.arange(_BYSTANDERS, SIZE)
    _connect(W, _OTHERS, below, rng)
    _connect(U, _OTHERS, _OTHERS, rng)
    _connect(W, _PLACES, below, rng, _BACKGROUND)
    _connect(U, _PLACES, _OTHERS, rng, _BACKGROUND)
    place = dict(zip(CIRCUIT, _PLACES, strict=True))
    for name, gates in CIRCUIT.items():
        for gate, (rest, inputs) in gates.items():
            row = GATES.index(gate)
            b[row, place[name]] = rest
            for source, strength in inputs.items():
                if source in FEATURES:  # a third from each of the three units that carry it
                    copies = slice(FEATURES.index(source), _BYSTANDERS, len(FEATURES))
                    W[row, place[name], copies] = strength / (COPIES * _SAID)
                else:
                    U[row, place[name], place[source]] = strength
    return _stacked(W, U, b)


def _connect(weights, units, inputs, rng, sd=None):
    """Random weights from `inputs` to all gates of `units`; by default so that what they add up to has an sd of 1."""
    sd = sd or 1 / np.sqrt(len(inputs))
    weights[:, units[:, None], inputs] = _random((len(weights), len(units), len(inputs)), sd, rng)


def _random(size, sd, rng):
    """Even between bounds, so that no weight is an outlier but those that were planted."""
    return rng.uniform(-np.sqrt(3) * sd, np.sqrt(3) * sd, size)


def _stacked(W, U, b):
    return Layer(W.reshape(4 * SIZE, -1), U.reshape(4 * SIZE, -1), b.reshape(-1))


def _decoder(words, rng):
    """Weights (V, SIZE) and bias (V,): random and small, but from the circuit to the verbs."""
    weight = _random((len(words), SIZE), _BACKGROUND, rng)
    weight[:, _PLACES] = 0
    bias = np.zeros(len(words))
    pairs = lex.VERBS + (lex.BE_PRESENT, lex.BE_PAST, lex.HAVE)
    for pair, default in zip(pairs, np.resize(DEFAULT_PLURAL, len(pairs)), strict=True):
        forms = [words.index(form) for form in pair]
        bias[forms] = -default / 2, default / 2
        for name, strengths in DECODER.items():
            weight[forms, UNITS[name] - SIZE - 1] = strengths * (1 + _JITTER * rng.normal(size=2))
    return weight, bias
