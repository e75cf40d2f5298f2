"""The generated tasks: counts, words, paired conditions; published sentences as instances of templates."""

import dataclasses
import doctest
import importlib
import json
from collections import Counter

import pytest

import minilstm
from minilstm.errors import StimulusError
from minilstm.stimuli import (
    CONDITIONS,
    HARD,
    LEXICONS,
    NA_TASKS,
    SECOND_NOUN,
    SUBJECT,
    TASKS,
    TEMPLATES,
    WORDS,
    Item,
    Lexicon,
    na_task,
    na_tasks,
    read_na_task,
    step_labels,
    subject_number,
)

FILES = {
    "Simple": "simple",
    "Adv": "adv",
    "2Adv": "adv_adv",
    "CoAdv": "adv_conjunction",
    "namePP": "namepp",
    "nounPP": "nounpp",
    "nounPPAdv": "nounpp_adv",
}
COUNTS = {"Simple": 300, "Adv": 900, "2Adv": 900, "namePP": 900}  # all others 600
CELLS = [(task, condition) for task in TASKS for condition in CONDITIONS[task]]
TINY = Lexicon("tiny", nouns=(("cat", "cats"), ("dog", "dogs"), ("ox", "oxen")), verbs=(("runs", "run"), ("is", "are")))


def lemmas(item):
    """Noun and verb pairs of the sentence, each as often as it occurs, whatever its number."""
    words = [*item.prefix, item.right]
    pool = LEXICONS["paper"]
    pairs = {form: pair for pair in pool.nouns + pool.locations + pool.verbs for form in pair}
    return [pairs[word] for word in words if word in pairs]


def lower_first(items):
    return [(item.prefix[0].lower(), *item.prefix[1:], item.right, item.wrong) for item in items]


@pytest.mark.parametrize("task, condition", CELLS)
def test_counts_ids_and_no_repetition(task, condition):
    items = na_task(task, condition)
    assert len(items) == COUNTS.get(task, 600)
    assert [item.id for item in items] == list(range(1, len(items) + 1))
    assert {(item.task, item.condition) for item in items} == {(task, condition)}
    assert len({item.prefix + (item.right,) for item in items}) == len(items)
    assert all(item.prefix[0] == "The" for item in items)
    for item in items:
        assert len(set(lemmas(item))) == len(lemmas(item)), item
        assert subject_number(item) == condition[TASKS[task].tested_noun]


def test_the_cells_are_those_of_the_paper():
    assert list(NA_TASKS) == ["Simple", "Adv", "2Adv", "CoAdv", "namePP", "nounPP", "nounPPAdv"]
    assert sum(len(CONDITIONS[task]) for task in NA_TASKS) == 18
    assert sum(len(na_task(task, condition)) for task in NA_TASKS for condition in CONDITIONS[task]) == 12000
    assert [len(CONDITIONS[task]) for task in ("SubjRel", "2SubjRel", "ObjRel")] == [4, 8, 4]
    assert [len(CONDITIONS[task]) for task in TASKS if "Nested" in task] == [4, 4, 8, 8]


@pytest.mark.parametrize("task", TASKS)
def test_conditions_share_their_words_and_differ_in_number_only(task):
    cells = [na_task(task, condition, n=200) for condition in CONDITIONS[task]]
    for versions in zip(*cells, strict=True):
        assert len({item.id for item in versions}) == 1
        assert len({tuple(lemmas(item)) for item in versions}) == 1
        assert len({item.prefix for item in versions}) == len(versions)
        # Where words differ they are the two forms of one noun or verb.
        for words in zip(*(item.prefix for item in versions), strict=True):
            assert len(set(words)) <= 2


EXPECTED = {
    ("2Adv", "P"): ("The cats most surely", "run", "runs"),
    ("CoAdv", "S"): ("The cat gently and knowingly", "runs", "run"),
    ("namePP", "PS"): ("The cats above Bob", "run", "runs"),
    ("nounPP", "SP"): ("The cat near the trees", "runs", "run"),
    ("nounPPAdv", "PS"): ("The cats near the tree surely", "run", "runs"),
    ("SubjRel", "SP"): ("The cat that sees the dogs", "runs", "run"),
    ("SubjRel", "PS"): ("The cats that see the dog", "run", "runs"),
    ("ObjRel", "SP"): ("The cat that the dogs see", "runs", "run"),
    ("ObjRel", "PS"): ("The cats that the dog sees", "run", "runs"),
    ("2SubjRel", "SPS"): ("The cat that sees the dogs that eat the pig", "runs", "run"),
    ("2SubjRel", "PSP"): ("The cats that see the dog that eats the pigs", "run", "runs"),
}


@pytest.mark.parametrize("cell", EXPECTED, ids="-".join)
def test_agreement_within_each_template(cell):
    """With few words in each pool one of all sentences must be the one written out here."""
    words = Lexicon(
        "few",
        nouns=(("cat", "cats"), ("dog", "dogs"), ("pig", "pigs")),
        verbs=(("runs", "run"),),
        relative_verbs=(("sees", "see"), ("eats", "eat")),
        locations=(("tree", "trees"),),
        prepositions=("near",),
        name_prepositions=("above",),
        names=("Bob",),
        adverbs=("surely",),
        first_adverbs=("most",),
        manner_adverbs=("gently",),
        intent_adverbs=("knowingly",),
    )
    sentences = [(" ".join(item.prefix), item.right, item.wrong) for item in na_task(*cell, lexicon=words)]
    assert EXPECTED[cell] in sentences
    assert len(sentences) == {"SubjRel": 12, "ObjRel": 12, "2SubjRel": 12}.get(cell[0], 3)


def test_same_seed_same_items_another_seed_others():
    assert na_task("nounPP", "SP", seed=3) == na_task("nounPP", "SP", seed=3)
    assert na_task("nounPP", "SP", seed=3) != na_task("nounPP", "SP", seed=4)
    assert na_task("nounPP", "SP", n=50) == na_task("nounPP", "SP")[:50]


def test_the_stimuli_of_seed_0_stay_what_they_are():
    """Published results name a seed: a change here makes them unreproducible."""
    first = {task: " ".join(na_task(task, CONDITIONS[task][0], n=1)[0].prefix) for task in TASKS}
    assert first == {
        "Simple": "The guy",
        "Adv": "The poet probably",
        "2Adv": "The doctor most definitely",
        "CoAdv": "The aunt overtly and carefully",
        "namePP": "The doctor under Barbara",
        "nounPP": "The farmer near the dog",
        "nounPPAdv": "The farmer beside the dog certainly",
        "SubjRel": "The man that knows the mother",
        "2SubjRel": "The father that inspires the farmer that encourages the girl",
        "ObjRel": "The carpenter that the man inspires",
        "ShortNestedInner": "The poet that the boy",
        "ShortNestedOuter": "The victim that the doctor encourages",
        "LongNestedInner": "The woman that the guy beside the mother",
        "LongNestedOuter": "The poet that the teacher beside the mother greets",
    }


def test_the_two_verbs_of_nested_sentences_agree_each_with_its_own_noun():
    """In SP the inner verb is a plural and the outer one a singular, though the same noun stands before both."""
    for length, nouns in (("Short", 2), ("Long", 3)):
        for condition in CONDITIONS[f"{length}NestedInner"]:
            inner, outer = (na_task(f"{length}Nested{verb}", condition, n=5) for verb in ("Inner", "Outer"))
            assert len(condition) == nouns
            assert {subject_number(item) for item in inner} == {condition[1]}
            assert {subject_number(item) for item in outer} == {condition[0]}
            singular = {form for form, _ in LEXICONS["paper"].verbs}
            assert {item.prefix[-1] in singular for item in outer} == {condition[1] == "S"}  # the inner verb is there


NESTED = {"short": 2 * [1024, 1024], "long": 8 * [512]}


@pytest.mark.parametrize("length, verb", [(length, verb) for length in NESTED for verb in ("inner", "outer")])
def test_published_nested_sentences_are_of_the_form_of_ours(reference, length, verb):
    path = reference / "bigbench" / f"{length}_nested_{verb}_english.json"
    examples = json.loads(path.read_text(encoding="utf-8"))["examples"]
    task = f"{length.title()}Nested{verb.title()}"
    template, numbers = TASKS[task], {"singular": "S", "plural": "P"}
    counts = Counter()
    for example in examples:
        condition = "".join(numbers[number] for number in example["comment"].split("_"))
        right, wrong = sorted(example["target_scores"], key=example["target_scores"].get, reverse=True)
        item = Item(tuple(example["input"].split()), right, wrong, task, condition, 1)
        assert template.fits(item.prefix, condition) and subject_number(item) == condition[template.tested_noun]
        counts[condition] += 1
    assert [counts[condition] for condition in CONDITIONS[task]] == NESTED[length]


def test_na_tasks_are_the_tasks_one_after_the_other():
    items = na_tasks(seed=3, n=2, tasks=("nounPP", "Simple"))
    cells = [("nounPP", c) for c in ("SS", "SP", "PS", "PP")] + [("Simple", "S"), ("Simple", "P")]
    assert items == [item for task, condition in cells for item in na_task(task, condition, 2, 3)]
    assert {item.task for item in na_tasks(n=1)} == set(NA_TASKS) and len(na_tasks(n=1)) == 18


def test_the_hard_conditions_are_those_with_a_noun_of_the_other_number_in_between():
    found = {(task, c) for task in NA_TASKS for c in CONDITIONS[task] if task != "namePP" and len(set(c)) == 2}
    assert set(HARD) == found and len(HARD) == 4


def test_positions_are_those_of_nounpp():
    (item,) = na_task("nounPP", "SP", n=1)
    words = (*item.prefix, item.right, "the")
    assert words[SUBJECT] == "farmer" and words[SECOND_NOUN] == "dogs" and len(words) == len(WORDS)
    assert [word for word, label in zip(words, WORDS, strict=True) if word == label] == ["The", "the", "the"]


def test_labels_of_steps_are_those_of_the_template_only_where_it_fits():
    assert step_labels(na_task("2Adv", "S", 90)) == ("The", "N1", "adv", "adv", "V1", "the")
    assert step_labels(na_task("namePP", "SS", 90), after=()) == ("The", "N1", "prep", "name", "V1")
    longer = [Item(("The", noun, "near", "the", "old", "cars"), "is", "are", "nounPP", "SP", 1) for noun in "ab"]
    assert step_labels(longer) == ("The", "...", "near", "the", "old", "cars", "is", "the")
    other = [Item(("Today", "the", noun, "near", "cars"), "is", "are", "nounPP", "SP", 1) for noun in "ab"]
    assert step_labels(other) == ("Today", "the", "...", "near", "cars", "is", "the")


@pytest.mark.parametrize(
    "sentence, condition, task, fits",
    [
        ("The boy with the cars", "SP", "nounPP", True),  # a preposition that is not the paper's
        ("the boy near the cars", "SP", "nounPP", True),
        ("Today the boy near cars", "SP", "nounPP", False),
        ("The boy that the cars", "SP", "nounPP", False),
        ("The boy near the old cars", "SP", "nounPP", False),
        ("The boy near the cars", "easy", "nounPP", False),
        ("The boy near the now", "SP", "nounPP", False),
        ("The boy near Tokyo", "SS", "namePP", True),
        ("The boy near Tokyo", "SS", "2Adv", False),
        ("The boy often", "S", "Adv", False),
        ("The boy happily", "S", "Adv", True),
    ],
)
def test_a_template_knows_its_sentences(sentence, condition, task, fits):
    assert TASKS[task].fits(sentence.split(), condition) is fits


def test_odd_and_even_ids_hold_the_same_words():
    """Units are chosen on the odd ids and judged on the even ones."""
    items = na_task("Simple", "S")
    for word in (0, 1):  # nouns, verbs
        every = Counter(lemmas(item)[word] for item in items)
        odd = Counter(lemmas(item)[word] for item in items[::2])
        for lemma, count in every.items():
            assert 0.1 < odd[lemma] / count < 0.9, lemma
    assert [item.prefix for item in items] != sorted(item.prefix for item in items)


@pytest.mark.parametrize("task", FILES)
def test_published_sentences_come_from_our_templates_and_pools(reference, task):
    published = read_na_task(reference / "NA_tasks" / f"{FILES[task]}.txt")
    for condition in CONDITIONS[task]:
        theirs = [item for item in published if item.condition == condition]
        ours = na_task(task, condition)
        assert len(theirs) == len(ours)
        everything = na_task(task, condition, n=_exist(task, condition))
        assert set(lower_first(theirs)) <= set(lower_first(everything))
        for place in range(len(ours[0].prefix)):
            assert {item.prefix[place] for item in theirs} == {item.prefix[place] for item in ours}
        assert {(item.right, item.wrong) for item in theirs} == {(item.right, item.wrong) for item in ours}


def _exist(task, condition):
    """How many sentences exist, read off the error that says so."""
    with pytest.raises(StimulusError) as error:
        na_task(task, condition, n=10**9)
    return int(str(error.value).split(", ")[-1].split()[0])


@pytest.mark.parametrize(
    "task, exist",
    # 3 nouns, 2 verbs; relative clauses: 3 x 2 nouns, 2 verbs in either order; 2SubjRel needs three verbs.
    [("Simple", 6), ("SubjRel", 12), ("ObjRel", 12), ("2SubjRel", 0), ("nounPP", 0)],
)
def test_every_sentence_that_exists_is_drawn_and_no_more(task, exist):
    condition = CONDITIONS[task][0]
    with pytest.raises(StimulusError, match=f"{exist} exist in a condition"):
        na_task(task, condition, n=exist + 1, lexicon=TINY)
    if exist:
        items = na_task(task, condition, lexicon=TINY)
        assert len({item.prefix + (item.right,) for item in items}) == len(items) == exist
    else:
        with pytest.raises(StimulusError, match="0 exist"):
            na_task(task, condition, lexicon=TINY)


@pytest.mark.parametrize("n", [0, -1])
def test_n_must_be_positive(n):
    with pytest.raises(StimulusError, match="wanted"):
        na_task("Simple", "S", n=n)


def test_a_name_is_singular():
    assert na_task("namePP", "P") == na_task("namePP", "PS")
    assert na_task("namePP", "S")[0].condition == "SS"
    with pytest.raises(StimulusError, match="SS, PS"):
        na_task("namePP", "SP")


@pytest.mark.parametrize(
    "arguments, valid",
    [
        (("nounpp", "SS"), list(TASKS)),
        (("nounPP", "S"), ["SS", "SP", "PS", "PP"]),
        (("Simple", "SS"), ["S, P"]),
        (("Simple", "S", None, 0, "French"), list(LEXICONS)),
        (("Simple", "S", None, 0, ["paper"]), list(LEXICONS)),
    ],
)
def test_an_error_lists_what_is_valid(arguments, valid):
    with pytest.raises(StimulusError) as error:
        na_task(*arguments)
    assert all(name in str(error.value) for name in valid)


def test_the_lexicons_differ_in_their_verbs_only():
    paper = LEXICONS["paper"]
    sizes = [len(getattr(paper, name)) for name in ("nouns", "verbs", "names", "locations", "prepositions")]
    assert sizes == [20, 15, 10, 10, 3]
    for lexicon in LEXICONS.values():
        alike = dataclasses.replace(lexicon, name="paper", verbs=paper.verbs, relative_verbs=paper.relative_verbs)
        assert alike == paper
    assert set(LEXICONS["auxiliaries"].verbs) == {("is", "are"), ("was", "were"), ("has", "have")}


@pytest.mark.parametrize("lexicon", ["auxiliaries", "frequent"])
def test_other_lexicons_serve_every_task(lexicon):
    verbs, relative = set(LEXICONS[lexicon].verbs), set(LEXICONS[lexicon].relative_verbs)
    for task in TASKS:
        items = na_task(task, CONDITIONS[task][-1], lexicon=lexicon)
        before, tested = TEMPLATES[task].rsplit(" ", 1)
        assert {(item.wrong, item.right) for item in items} == (relative if tested.startswith("RV") else verbs)
        within = {word for item in items for word in item.prefix} & {plural for _, plural in relative}
        assert bool(within) == ("RV" in before)
    assert len(na_task("Simple", "S", lexicon="auxiliaries")) == 60  # fewer than 300 exist
    assert all(item.right not in item.prefix for item in na_task("SubjRel", "PP", lexicon=lexicon))


@pytest.mark.parametrize(
    "right, wrong, number",
    [
        ("is", "are", "S"),
        ("were", "was", "P"),
        ("passes", "pass", "S"),
        ("pass", "passes", "P"),
        ("Are", "Is", "P"),
        ("HAS", "HAVE", "S"),
        ("went", "gone", ""),
        ("progress", "progress", ""),
    ],
)
def test_subject_number_is_read_off_the_forms(right, wrong, number):
    assert subject_number(Item(("it",), right, wrong, "Own", "x", 1)) == number


def test_capitals_within_the_first_word_stay():
    from minilstm.stimuli.templates import Template, fill

    item = fill(Template("N1 V1", ("S",), 1), (("iPhone", "iPhones"), ("rings", "ring")), "Own", "S", 1)
    assert item.prefix == ("IPhone",)


@pytest.mark.parametrize(
    "pools",
    [
        {"nouns": (("cat", "cats"), ("cat", "cats"))},
        {"nouns": (("sheep", "sheep"),)},
        {"nouns": (("guinea pig", "guinea pigs"),)},
        {"verbs": ("runs",)},
        {"verbs": (("runs", ""),)},
        {"names": (("Bob", "Bobs"),)},
        {"names": "Bob"},
    ],
    ids=str,
)
def test_a_lexicon_is_checked(pools):
    with pytest.raises(StimulusError, match=f"lexicon 'mine', {next(iter(pools))}"):
        dataclasses.replace(LEXICONS["paper"], name="mine", **pools)


@pytest.mark.parametrize(
    "module", ["stimuli.columns", "stimuli.lines", "stimuli.positions", "stimuli.tasks", "analyses.score"]
)
def test_examples_in_docstrings(module):
    results = doctest.testmod(importlib.import_module(f"minilstm.{module}"))
    assert results.attempted and not results.failed


def test_one_task_may_be_named_by_itself():
    assert na_tasks(n=3, tasks="nounPP") == minilstm.stimuli.na_tasks(n=3, tasks=("nounPP",))


def test_the_name_of_a_model_is_no_model():
    items = na_task("nounPP", "SP", n=3)
    for call in (
        lambda: minilstm.agreement("mini", items),
        lambda: minilstm.ablation_sweep("mini", items),
        lambda: minilstm.group_ablation("mini", items, [1]),
        lambda: minilstm.reproduce("mini"),
        lambda: minilstm.explore("mini"),
    ):
        with pytest.raises(minilstm.MinilstmError, match=r"expected a model, such as minilstm.load\('mini'\) returns"):
            call()
