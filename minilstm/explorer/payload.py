"""Payload of the page: a model's words, its weights in few bytes, examples, and the roles of its units."""

import base64
import math
from dataclasses import asdict, replace

import numpy as np

from ..errors import MinilstmError
from ..io.rows import from_int8, to_int8
from ..lstm import Layer
from ..stimuli import LEXICONS, na_task
from ..stimuli.tasks import CONDITIONS, TEMPLATES

WORDS = 3000  # of a larger vocabulary, how many go into the page
DRAWN = 60  # sentences of a condition, from which an example is taken
PRECISIONS = "float32", "float16", "int8"
SOURCES = 3  # of a text, how many the title names
TOUR = "The the boy boys car cars near is are will greets greet".split()  # words of the tour, see tour.js


def choose_words(model, wanted=None):
    """The words that go into the page, in the order of the vocabulary.

    Parameters
    ----------
    model : LanguageModel
    wanted : sequence of str, optional
        Those that a person asks for; without it the words of the tasks and the most frequent ones, 3,000 in all. The
        model's context and the words of the tour come with them in either case.

    Raises
    ------
    MinilstmError
        If the model lacks a word that is asked for, or none is.
    """
    if wanted is not None:
        if not wanted:
            raise MinilstmError("vocabulary: expected words, got none")
        strange = [word for word in wanted if word not in model.vocabulary]
        if strange:
            raise MinilstmError(f"{strange[0]!r} is not among the model's {len(model.vocabulary)} words")
        chosen = {*wanted, *model.context, *TOUR}
    elif len(model.vocabulary) <= WORDS:
        return list(model.vocabulary)
    else:
        chosen = {*model.context, "<unk>", *_task_words()} & set(model.vocabulary)
        counts = np.zeros(len(model.vocabulary)) if model.word_counts is None else model.word_counts
        for index in np.argsort(-counts, kind="stable"):
            if len(chosen) >= WORDS:
                break
            chosen.add(model.vocabulary[index])
    return [word for word in model.vocabulary if word in chosen]


def cut(model, words):
    """The model with these words only; what it says of them is what it said before, up to what all others took."""
    rows = model.encode(words)
    return replace(
        model,
        vocabulary=tuple(words),
        embedding=model.embedding[rows],
        decoder_weight=model.decoder_weight[rows],
        decoder_bias=model.decoder_bias[rows],
        word_counts=None,
    )


def default_precision(model):
    """float32 for a small model, float16 for one of up to half a million weights, int8 for a larger one."""
    size = sum(array.size for array in _matrices(model).values())
    return "float32" if size <= 150_000 else "float16" if size <= 500_000 else "int8"


def round_weights(model, precision):
    """The model as the page has it: every weight matrix rounded, biases in float32.

    Parameters
    ----------
    model : LanguageModel
    precision : {"float32", "float16", "int8"}
        int8: a whole number from -127 to 127 times a float32 scale of the row.

    Returns
    -------
    LanguageModel
        In float32, which holds all of these exactly.
    """
    rounded = {name: _decode(_encode(array, precision)) for name, array in _matrices(model).items()}
    layers = tuple(
        Layer(rounded[f"W{k}"], rounded[f"U{k}"], layer.b.astype(np.float32)) for k, layer in enumerate(model.layers)
    )
    return replace(
        model,
        embedding=rounded["embedding"],
        layers=layers,
        decoder_weight=rounded["decoder_weight"],
        decoder_bias=model.decoder_bias.astype(np.float32),
    )


def payload(model, name, precision, roles, sentences=(), forms=None):
    """All that the page has to know, anything in it JSON.

    Parameters
    ----------
    model : LanguageModel
        See `cut` and `round_weights`.
    name : str
    precision : {"float32", "float16", "int8"}
    roles : Roles
    sentences : sequence of str, optional
        One or two to open with.
    forms : pair of str, optional
        The verb forms to compare.
    """
    arrays = {key: _encode(array, precision) for key, array in _matrices(model).items()}
    arrays |= {f"b{k}": _encode(layer.b, "float32") for k, layer in enumerate(model.layers)}
    arrays["decoder_bias"] = _encode(model.decoder_bias, "float32")
    return {
        "name": name,
        "about": _about(model),
        "vocabulary": list(model.vocabulary),
        "context": list(model.context),
        "sizes": list(model.sizes),
        "precision": precision,
        "arrays": {key: _to_json(array) for key, array in arrays.items()},
        "roles": asdict(roles),
        "examples": _examples(model),
        "sentences": list(sentences),
        "forms": list(forms or ()),
    }


def lexicon_of(model):
    """Lexicon of the tasks: the one that the model's file names, else the paper's."""
    lexicon = model.provenance.get("lexicon")
    return lexicon if isinstance(lexicon, str) and lexicon in LEXICONS else "paper"


def _task_words():
    words = {word for template in TEMPLATES.values() for word in template.split() if word.islower()} | {"The", "the"}
    for lexicon in LEXICONS.values():
        for pool in vars(lexicon).values():
            if isinstance(pool, tuple):
                words.update(form for entry in pool for form in ([entry] if isinstance(entry, str) else entry))
    return words


def _matrices(model):
    layers = {f"{part}{k}": getattr(layer, part) for k, layer in enumerate(model.layers) for part in "WU"}
    return {"embedding": model.embedding, **layers, "decoder_weight": model.decoder_weight}


def _encode(array, precision):
    """(numbers, scales): scales (rows,) in float32 for int8, else None."""
    if precision == "int8":
        return to_int8(array)
    return array.astype(precision), None


def _decode(encoded):
    numbers, scale = encoded
    return numbers.astype(np.float32) if scale is None else from_int8(numbers, scale)


def _to_json(encoded):
    numbers, scale = encoded
    result = {"type": str(numbers.dtype), "shape": list(numbers.shape), "data": _base64(numbers)}
    return result if scale is None else result | {"scale": _base64(scale)}


def _base64(array):
    return base64.b64encode(np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes()).decode()


def _about(model):
    """Name of the network for the title: its size, and its training text as far as its file says so."""
    planted = "planted_units" in model.provenance
    made = "whose weights were written by hand" if planted else _training(model.provenance)
    units = " + ".join(map(str, model.sizes))
    return {"planted": planted, "text": f"an LSTM language model of {units} units, {made}"}


def _training(made):
    """Size and name of the training text, from what a file says of how it was made."""
    words, text = made.get("tokens read") or made.get("tokens"), made.get("text")
    is_number = isinstance(words, (int, float)) and math.isfinite(words) and words >= 500_000
    of = text if isinstance(text, str) else "text"
    if "fragment" in made:
        of = "sentences made by a small grammar of English"
    if isinstance(text, dict) and all(isinstance(n, int) for n in text.values()):  # words of each source
        largest = sorted(text, key=text.get, reverse=True)
        more = f" and {len(text) - SOURCES} more sources" if len(text) > SOURCES else ""
        of = f"text: {', '.join(name.replace('_', ' ') for name in largest[:SOURCES])}{more}"
    if is_number:
        return f"trained on {words / 1e6:.0f} million words of {of}"
    return "trained elsewhere" if of == "text" else f"trained on {of}"


def _examples(model):
    """{task: {condition: [prefix, singular verb, plural verb]}}: the same words in all conditions of a task."""
    examples, lexicon = {}, lexicon_of(model)
    for task, conditions in CONDITIONS.items():
        items = [na_task(task, condition, DRAWN, lexicon=lexicon) for condition in conditions]
        known = (same for same in zip(*items, strict=True) if all(_is_known(model, item) for item in same))
        examples[task] = {item.condition: _example(item) for item in next(known, ())}
    return {task: some for task, some in examples.items() if some}


def _is_known(model, item):
    return all(word in model.vocabulary for word in (*item.prefix, item.right, item.wrong))


def _example(item):
    singular, plural = sorted((item.right, item.wrong), key=lambda form: not form.endswith("s"))
    return [" ".join(item.prefix), singular, plural]
