"""One reader of sentences in files: published sets and a user's own, recognised by what stands in them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import StimulusError
from ..records import short_repr
from .attractors import TABLE_COLUMNS, gulordava_pairs, gulordava_table_pairs, linzen_pairs
from .items import Item, Pair
from .json_sets import Suite, read_json
from .lines import cells, lines
from .na_files import FILES, known_task, labelled_pairs, na_pairs, number_letters
from .own_tables import own_pairs
from .tasks import TASKS


@short_repr
@dataclass(frozen=True)
class Stimuli:
    """Contents of a file of sentences. Iterating over it gives its items.

    Attributes
    ----------
    pairs : tuple of Pair
        All of them, as whole sentences.
    kind : str
        What the file was taken for: ``"NA-task file, 5 columns"``.
    notes : tuple of str
        What was mended, left out or guessed, in sentences.
    suite : Suite or None
        SyntaxGym's regions and predictions.
    """

    pairs: tuple[Pair, ...]
    kind: str
    notes: tuple[str, ...] = ()
    suite: Suite | None = None

    @property
    def items(self) -> tuple[Item, ...]:
        """The pairs that the logits of two words decide, as a tuple of Item."""
        return tuple(pair.item for pair in self.pairs if pair.item)

    def __iter__(self) -> Iterator[Item]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def summary(self, whole: bool = False) -> list[str]:
        """Summary of what the file was taken for and what was done to it: a list of lines.

        Parameters
        ----------
        whole : bool
            Whether whole sentences are compared, so that no pair is left out.
        """
        conditions = dict.fromkeys(f"{pair.task} {pair.condition}" for pair in self.pairs)
        listed = ", ".join(list(conditions)[:4]) + (f" and {len(conditions) - 4} more" if len(conditions) > 4 else "")
        said = [f"{self.kind}; {len(self.pairs)} sentence{'s' * (len(self.pairs) != 1)} ({listed})", *self.notes]
        skipped = len(self.pairs) - len(self.items)
        if skipped and not whole:
            said.append(
                f"{skipped} of {len(self.pairs)} pairs are not words before a verb and two forms of it, each one word:"
                " left out where two forms are compared; `minilstm score` compares whole sentences"
            )
        return said


def read_items(path: str | Path) -> Stimuli:
    """Read sentences from a file of any published format, or of one's own, and say what it was taken for.

    ====================  ===========================================================================================
    NA-task               4 columns: sentence, number, correct or wrong, id; or task, sentence, numbers, wrong form
    Linzen, Gulordava     ``NAME.text`` and ``NAME.gold`` beside it (give either), ``generated.tab``
    BLiMP                 ``.jsonl`` with sentence_good and sentence_bad
    BIG-bench, SyntaxGym  ``.json`` with examples, or with items and predictions
    your own              a table with the words before the verb, its right and its wrong form, and a condition; or with
                          two whole sentences, the right one and the wrong one, and a condition
    ====================  ===========================================================================================

    A table of your own is text in UTF-8 with tabs, commas or semicolons between columns::

        # a comment; empty lines are skipped too
        prefix<TAB>right<TAB>wrong<TAB>condition
        The keys to the cabinet<TAB>are<TAB>is<TAB>PS

    The columns are known by their names, which may be others (sentence, good, bad, ...), or without names by what
    stands in them, which is then said. Words and punctuation marks are separated by spaces and written as in the
    model's vocabulary. The condition is any word: results are given for each. The task is the file's name without its
    ending; a name such as nounPP means that task only if all sentences are of its form.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    Stimuli
        What `agreement` and the other analyses take; ``summary()`` says what was recognised.

    Raises
    ------
    StimulusError
        If the file is none of these, or a line of it is not what it should be: it names file and line.

    See Also
    --------
    minilstm.agreement : What to do with them.
    na_task : Sentences that are generated.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "mine.csv"
    ...     _ = path.write_text("prefix,right,wrong,condition\\nThe keys to the cabinet,are,is,PS\\n")
    ...     read_items(path).items[0].prefix
    ('The', 'keys', 'to', 'the', 'cabinet')
    """
    path = Path(path)
    first = _first_line(path)
    if path.suffix.lower() in (".json", ".jsonl") or re.match(r"\s*(\{|\[\s*([\[{\"]|$))", first):
        pairs, kind, notes, suite = read_json(path)
        pairs, kind, notes = _named(path, pairs, kind, notes)
        return Stimuli(pairs, kind, notes, suite)
    if path.suffix.lower() in (".text", ".gold"):
        pairs, kind = _text_and_gold(path)
        return Stimuli(tuple(pairs), kind)
    columns = cells(path, 1, first)
    if set(TABLE_COLUMNS) <= set(columns):
        pairs = gulordava_table_pairs(path)
        return Stimuli(tuple(pairs), f"table of Gulordava et al., {len(columns)} columns")
    if len(columns) == 4 and columns[2] in ("correct", "wrong") and re.fullmatch(r"id\d+", columns[3]):
        task = FILES.get(path.stem)
        return Stimuli(*_named(path, na_pairs(path, task), "NA-task file, 4 columns", []))
    if len(columns) > 3 and " " in columns[1] and number_letters("_".join(columns[2:-1])):
        kind = f"NA-task file, {len(columns)} columns"
        return Stimuli(*_named(path, labelled_pairs(path), kind, []))
    return Stimuli(*_named(path, *own_pairs(path)))


def _first_line(path):
    """The first line that is not empty and no comment."""
    return next((line for _, line in lines(path) if line.strip(" \t") and not line.startswith("#")), "")


def _text_and_gold(path):
    """The pairs of two files that belong together, and what they are."""
    text, gold = (path if path.suffix.lower() == end else path.with_suffix(end) for end in (".text", ".gold"))
    for needed, holds in ((text, "sentences"), (gold, "verbs and their positions")):
        if needed != path and not needed.is_file():
            raise StimulusError(f"{path}: no {needed.name} beside it, with the {holds}; give both the same name")
    columns = len(cells(gold, 1, _first_line(gold)))
    if columns > 4:
        return gulordava_pairs(text, gold), f"sentences of Gulordava et al., {gold.name} with {columns} columns"
    return linzen_pairs(text, gold), f"Linzen set, {text.name} and {gold.name}"


def _named(path, pairs, kind, notes):
    """The pairs under the name of their task, which is one of ours only if all of them are of its form."""
    labels = {pair.task for pair in pairs}
    task, added = known_task(pairs, " ".join(labels))
    notes = list(notes)
    if kind.startswith(("NA-task", "BIG-bench")) and task:
        pairs = [replace(pair, task=task, condition=pair.condition + added) for pair in pairs]
    elif kind.startswith("NA-task") and labels == {""}:
        pairs = [replace(pair, task=path.stem if path.stem not in TASKS else path.name) for pair in pairs]
        notes.append("the sentences are of no task's form: they go by the file's name")
    elif len(labels) == 1 and (label := labels.pop()) in TASKS and not _fit(pairs, label):
        pairs = [replace(pair, task=path.name) for pair in pairs]
        notes.append(
            f"not all sentences are of the form of task {label}, {TASKS[label].text!r}, and its conditions:"
            f" they go by the name {path.name!r}"
        )
    return tuple(pairs), kind, tuple(notes)


def _fit(pairs, task):
    return all(TASKS[task].fits(pair.prefix, pair.condition) for pair in pairs)
