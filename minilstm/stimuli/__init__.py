"""Sentences to test a language model on: the number-agreement tasks, generated or read from files."""

from .items import Item, subject_number
from .lexicon import LEXICONS, Lexicon
from .readers import read_items, read_linzen, read_na_task
from .tasks import CONDITIONS, NA_TASKS, TASKS, TEMPLATES, find_task, na_task

__all__ = [
    "CONDITIONS",
    "LEXICONS",
    "NA_TASKS",
    "TASKS",
    "TEMPLATES",
    "Item",
    "Lexicon",
    "find_task",
    "na_task",
    "read_items",
    "read_linzen",
    "read_na_task",
    "subject_number",
]
