"""Sentences to test a language model on: the number-agreement tasks, generated or read from files."""

from .attractors import read_linzen
from .counterparts import counterparts, pairs, steps_that_differ, tested_noun
from .items import Item, Pair, subject_number
from .lexicon import LEXICONS, Lexicon
from .na_files import read_na_task
from .plurals import NumberPairs, number_pairs, split_problem
from .positions import PREPOSITION, SECOND_NOUN, SECOND_THE, SUBJECT, WORDS, step_labels, subject_position
from .readers import Stimuli, read_items
from .tasks import (
    BETWEEN,
    CONDITIONS,
    EASY,
    HARD,
    INCONGRUENT,
    NA_TASKS,
    SELECTION,
    TASKS,
    TEMPLATES,
    find_task,
    na_task,
    na_tasks,
)
from .vocabularies import Coverage, coverage, fit_to_vocabulary, respell

__all__ = [
    "BETWEEN",
    "CONDITIONS",
    "Coverage",
    "EASY",
    "HARD",
    "INCONGRUENT",
    "LEXICONS",
    "NA_TASKS",
    "PREPOSITION",
    "Pair",
    "SECOND_NOUN",
    "SECOND_THE",
    "SELECTION",
    "SUBJECT",
    "Stimuli",
    "TASKS",
    "TEMPLATES",
    "WORDS",
    "Item",
    "Lexicon",
    "NumberPairs",
    "counterparts",
    "coverage",
    "find_task",
    "fit_to_vocabulary",
    "na_task",
    "na_tasks",
    "number_pairs",
    "pairs",
    "read_items",
    "read_linzen",
    "read_na_task",
    "respell",
    "split_problem",
    "step_labels",
    "steps_that_differ",
    "subject_number",
    "subject_position",
    "tested_noun",
]
