"""What of a model goes into the page: its words, its weights in few bytes, examples, and what its units do."""

import base64
import math
from dataclasses import replace

import numpy as np

from ..errors import MinilstmError
from ..lstm import Layer
from ..stimuli import LEXICONS, na_task
from ..stimuli.tasks import CONDITIONS, TEMPLATES
from .roles import measure

WORDS = 3000  # of a larger vocabulary, how many go into the page
EXAMPLES = 6  # sentences of each task and condition
PRECISIONS = "float32", "float16", "int8"
FIRST_PAIR = "The boy near the cars", "The boys near the cars"  # what the page opens with, if the model knows it
FORMS = ("is", "are"), ("greets", "greet"), ("was", "were"), ("has", "have")  # of the verb, the first that it knows


def choose_words(model, wanted=None):
    """The words that go into the page, in the order of the vocabulary.

    Parameters
    ----------
    model : LanguageModel
    wanted : sequence of str, optional
        Those that a person asks for; without it the words of the tasks and the most frequent ones, 3,000 in all. The
        model's context comes with them in either case.

    Raises
    ------
    MinilstmError
        If the model lacks a word that is asked for.
    """
    if wanted is not None:
        strange = [word for word in wanted if word not in model.vocabulary]
        if strange:
            raise MinilstmError(f"{strange[0]!r} is not among the model's {len(model.vocabulary)} words")
        chosen = {*wanted, *model.context}
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


def payload(model, name, precision, sentences=(), forms=None):
    """All that the page has to know, anything in it JSON.

    Parameters
    ----------
    model : LanguageModel
        See `cut` and `round_weights`.
    name : str
    precision : {"float32", "float16", "int8"}
    sentences : sequence of str, optional
        One or two to open with.
    forms : pair of str, optional
        The verb forms to compare.
    """
    lexicon = lexicon_of(model)
    roles = measure(model, lexicon)
    planted = model.provenance.get("planted_units", {})
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
        "planted": {str(unit): label for label, unit in planted.items()},
        "roles": {"number": roles.number, "short_range": roles.short_range, "syntax": roles.syntax},
        "tells": roles.tells.astype(float).round(2).tolist(),
        "lost": {condition: lost.round(1).tolist() for condition, lost in roles.lost.items()},
        "mean": [float(np.float32(value)) for value in roles.mean],
        "examples": _examples(model, lexicon),
        "templates": TEMPLATES,
        "start": _start(model, roles, sentences, forms),
        "tour": _tour(model, roles),
    }


def lexicon_of(model):
    """Whose words the tasks are made of: what the model's file says, else the paper's."""
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
    """(numbers, scales): scales (rows, 1) in float32 for int8, else None."""
    if precision == "int8":
        scale = (np.abs(array).max(axis=1, keepdims=True) / 127).astype(np.float32)
        return np.rint(array / np.where(scale == 0, 1, scale)).astype(np.int8), scale
    return array.astype(precision), None


def _decode(encoded):
    numbers, scale = encoded
    numbers = numbers.astype(np.float32)
    return numbers if scale is None else numbers * scale


def _to_json(encoded):
    numbers, scale = encoded
    result = {"type": str(numbers.dtype), "shape": list(numbers.shape), "data": _base64(numbers)}
    return result if scale is None else result | {"scale": _base64(scale)}


def _base64(array):
    return base64.b64encode(np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes()).decode()


def _about(model):
    """How the model came about, in facts that a title can take."""
    made = model.provenance
    words = made.get("tokens read") or made.get("tokens") or made.get("words of training text")
    text = "" if "planted_units" in made else "a grammar" if "fragment" in made else "text"
    return {
        "planted": "planted_units" in made,
        "text": text,
        "tokens": int(words) if isinstance(words, (int, float)) and math.isfinite(words) else None,
        "command": made["command"] if isinstance(made.get("command"), str) else None,
    }


def _examples(model, lexicon):
    """{task: {condition: [[prefix, right, wrong], ...]}}: item k of all conditions of a task has the same words."""
    examples = {}
    for task, conditions in CONDITIONS.items():
        items = {condition: na_task(task, condition, 10 * EXAMPLES, lexicon=lexicon) for condition in conditions}
        known = [
            k
            for k, same in enumerate(zip(*items.values(), strict=True))
            if all(word in model.vocabulary for item in same for word in (*item.prefix, item.right, item.wrong))
        ][:EXAMPLES]
        if known:
            examples[task] = {
                condition: [[" ".join(drawn[k].prefix), drawn[k].right, drawn[k].wrong] for k in known]
                for condition, drawn in items.items()
            }
    return examples


def _start(model, roles, sentences, forms):
    """What the page opens with: sentences, verb forms, a unit."""
    pair = [*sentences] or [sentence for sentence in FIRST_PAIR if _knows(model, sentence.split())]
    pair = pair or [" ".join((model.context or model.vocabulary)[:8])]
    forms = forms or next((forms for forms in FORMS if _knows(model, forms)), model.vocabulary[:2])
    return {"sentences": (pair + [""])[:2], "forms": list(forms), "unit": (roles.number or [sum(model.sizes)])[0]}


def _tour(model, roles):
    """What the tour is about, whatever the page opens with; None if the model lacks its words."""
    start = _start(model, roles, (), None)
    known = start["sentences"] == [*FIRST_PAIR] and tuple(start["forms"]) in FORMS and roles.lost
    return start if known else None


def _knows(model, words):
    return all(word in model.vocabulary for word in words)
