"""Sentences to test a language model on: the number-agreement tasks, generated or read from files."""

from .items import Item, subject_number
from .lexicon import LEXICONS, Lexicon
from .plurals import NumberPairs, number_pairs, split_problem
from .positions import PREPOSITION, SECOND_NOUN, SECOND_THE, SUBJECT, WORDS, step_labels
from .readers import read_items, read_linzen, read_na_task
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

__all__ = [
    "BETWEEN",
    "CONDITIONS",
    "EASY",
    "HARD",
    "INCONGRUENT",
    "LEXICONS",
    "NA_TASKS",
    "PREPOSITION",
    "SECOND_NOUN",
    "SECOND_THE",
    "SELECTION",
    "SUBJECT",
    "TASKS",
    "TEMPLATES",
    "WORDS",
    "Item",
    "Lexicon",
    "NumberPairs",
    "find_task",
    "na_task",
    "na_tasks",
    "number_pairs",
    "read_items",
    "read_linzen",
    "read_na_task",
    "split_problem",
    "step_labels",
    "subject_number",
]
