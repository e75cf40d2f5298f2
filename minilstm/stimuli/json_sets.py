"""Readers of published sets in JSON: BLiMP, BIG-bench's agreement tasks, SyntaxGym's suites, one's own."""

import json
import re
from dataclasses import dataclass, replace

from ..errors import StimulusError
from ..records import short_repr
from .conditions import check_numbers
from .items import Pair, split, subject_number
from .lines import broken, lines, tokens, words
from .na_files import number_letters
from .own_tables import record_pairs

COMPARISON = re.compile(r"\(([0-9]+|\*);%([^%]+)%\)([<>])\(([0-9]+|\*);%([^%]+)%\)")


@dataclass(frozen=True)
class Comparison:
    """One prediction of SyntaxGym: a region is less surprising in one condition than in another."""

    region: int | None  # None: the whole sentence
    lower: str  # condition in which it should be less surprising
    higher: str


@short_repr
@dataclass(frozen=True)
class Suite:
    """A suite of SyntaxGym.

    Attributes
    ----------
    name : str
    comparisons : tuple of Comparison
        An item is right if all of them hold.
    items : dict of int to dict of str to dict of int to tuple of str
        {number of the item: {condition: {region: its words}}}.
    """

    name: str
    comparisons: tuple[Comparison, ...]
    items: dict[int, dict[str, dict[int, tuple[str, ...]]]]


def read_json(path):
    """Read a JSON file, or one with a JSON object a line.

    Parameters
    ----------
    path : Path

    Returns
    -------
    pairs : list of Pair
    kind : str
        What the file was taken for.
    notes : list of str
    suite : Suite or None

    Raises
    ------
    StimulusError
    """
    numbered = list(lines(path))
    text = "\n".join(line for _, line in numbered)
    try:
        data = json.loads(text)
    except RecursionError as error:
        raise StimulusError(f"{path}: brackets are nested too deeply for a set of sentences") from error
    except json.JSONDecodeError as error:
        data = _json_lines(path, numbered, error)
    if isinstance(data, dict) and "examples" in data:
        return *_bigbench(path, data), None
    if isinstance(data, dict) and {"items", "predictions"} <= set(data):
        return _syntaxgym(path, data)
    if isinstance(data, dict):
        data = [("record 1", data)]
    elif isinstance(data, list):
        data = [entry if isinstance(entry, tuple) else (f"record {k}", entry) for k, entry in enumerate(data, 1)]
    if not data or not isinstance(data, list) or not all(isinstance(entry, dict) and entry for _, entry in data):
        expected = "BLiMP's lines, BIG-bench's examples, SyntaxGym's items, or records of prefix, right and wrong"
        raise StimulusError(f"{path}: JSON, but no sentences; expected {expected}")
    if all({"sentence_good", "sentence_bad"} <= set(entry) for _, entry in data):
        return _blimp(path, data), "BLiMP file", [], None
    return *record_pairs(path, data), None


def _json_lines(path, numbered, error):
    """(line number, value) of each line; the error of the file as a whole if it has but one object."""
    values = []
    for number, line in numbered:
        if not line.strip(" \t"):
            continue
        try:
            values.append((number, json.loads(line)))
        except (json.JSONDecodeError, RecursionError) as problem:
            if not values:
                raise broken(path, error.lineno, f"no JSON ({error.msg}, column {error.colno})") from error
            raise broken(path, number, f"no JSON object ({problem})") from problem
    return values


def _blimp(path, data):
    """Pairs of whole sentences; those with the same words but for a verb that stands after some are items too."""
    pairs, counts = [], {}
    for place, entry in data:
        sentences = entry["sentence_good"], entry["sentence_bad"]
        if not all(isinstance(sentence, str) and sentence.strip() for sentence in sentences) or len(set(sentences)) < 2:
            raise _error(path, place, "expected two different sentences, sentence_good and sentence_bad")
        good, bad = (tokens(sentence, last_stop=True) for sentence in sentences)
        parts = split(good, bad)
        forms = tuple(entry.get(f"one_prefix_word_{name}") for name in ("good", "bad"))
        if parts[1:3] != tuple((form,) for form in forms):  # they differ elsewhere than in one verb
            parts = parts[0], parts[1] + parts[3], parts[2] + parts[3], ()
        task = str(entry.get("UID") or path.stem)
        counts[task] = counts.get(task, 0) + 1
        pair = Pair(*parts, task, "all", counts[task])
        pairs.append(replace(pair, condition=_numbers(pair)))
    return pairs


def _numbers(pair):
    """The condition of a pair of BLiMP: the subject's number, and that of the distractor; "all" where none is told."""
    subject_verb = any(name in pair.task for name in ("subject_verb_agreement", "distractor_agreement"))
    number = subject_number(pair.item) if subject_verb and pair.item else ""
    distractor = {"S": "P", "P": "S"} if pair.task.startswith("distractor") else {}
    return number + distractor.get(number, "") or "all"


def _bigbench(path, data):
    """Items with two choices, one of them scored 1."""
    pairs, counts, name = [], {}, str(data.get("name") or path.stem)
    examples = data["examples"]
    if not isinstance(examples, list) or not examples:
        raise StimulusError(f"{path}: 'examples' holds no sentences")
    for number, example in enumerate(examples, 1):
        place = f"example {number}"
        scores = example.get("target_scores") if isinstance(example, dict) else None
        if not isinstance(scores, dict) or sorted(scores.values(), key=str) != [0, 1]:
            raise _error(path, place, "expected 'target_scores' of two verb forms, one of them 1 and the other 0")
        prefix = words(str(example.get("input", "")))
        right, wrong = (words(form) for form in sorted(scores, key=scores.get, reverse=True))
        if not prefix or not right or not wrong:
            raise _error(path, place, "expected words before the verb, and two forms of it")
        comment = str(example.get("comment") or "all")
        condition = number_letters(comment) or comment
        counts[condition] = counts.get(condition, 0) + 1
        pairs.append(Pair(prefix, right, wrong, (), name, condition, counts[condition]))
    forms = ((" ".join(pair.right), " ".join(pair.wrong), pair.condition) for pair in pairs)
    check_numbers(forms, lambda k, message: _error(path, f"example {k + 1}", message))
    return pairs, "BIG-bench task", []


def _syntaxgym(path, data):
    """A suite, and a pair for every comparison of its predictions."""
    try:
        name = data["meta"]["name"]
        metric = data["meta"].get("metric", "sum")
        items = {
            int(item["item_number"]): {
                condition["condition_name"]: {
                    int(region["region_number"]): tokens(region["content"]) for region in condition["regions"]
                }
                for condition in item["conditions"]
            }
            for item in data["items"]
        }
        formulas = [prediction["formula"] for prediction in data["predictions"]]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StimulusError(f"{path}: not a suite of SyntaxGym ({type(error).__name__}: {error})") from error
    if metric != "sum":
        raise StimulusError(f"{path}: metric {metric!r}; expected 'sum'")
    comparisons = tuple(comparison for formula in formulas for comparison in parse_formula(path, formula))
    pairs = []
    for number, conditions in items.items():
        for comparison in comparisons:
            for condition in (comparison.lower, comparison.higher):
                regions = conditions.get(condition, {})
                if not regions or comparison.region not in (None, *regions):
                    missing = f"condition {condition!r} with region {comparison.region}"
                    raise _error(path, f"item {number}", f"no {missing}, which a prediction names")
            good, bad = (_up_to(conditions[c], comparison.region) for c in (comparison.lower, comparison.higher))
            pairs.append(Pair(*split(good, bad), name, comparison.lower, number))
    return pairs, "SyntaxGym suite", [], Suite(name, comparisons, items)


def _up_to(regions, last):
    """The words of a sentence up to a region and with it, as far as a comparison looks."""
    return tuple(word for region in sorted(regions) if last is None or region <= last for word in regions[region])


def parse_formula(path, formula):
    """The comparisons of a prediction: ``[(7;%a%) < (7;%b%)] & [(7;%c%) < (7;%d%)]``.

    Raises
    ------
    StimulusError
        If it is anything but comparisons of one region in two conditions, joined by ``&``.
    """
    comparisons = []
    for part in re.sub(r"[\s\[\]]", "", formula).split("&"):
        match = COMPARISON.fullmatch(part)
        if not match or match[1] != match[4]:
            expected = "[(7;%a%) < (7;%b%)], one region in two conditions, and more of them joined by &"
            raise StimulusError(f"{path}: prediction {formula!r}; expected {expected}")
        lower, higher = (match[2], match[5])[:: 1 if match[3] == "<" else -1]
        comparisons.append(Comparison(None if match[1] == "*" else int(match[1]), lower, higher))
    return comparisons


def _error(path, place, message):
    place = f"line {place}" if isinstance(place, int) else place
    return StimulusError(f"{path}, {place}: {message}")
