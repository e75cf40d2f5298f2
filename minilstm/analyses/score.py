"""Whole sentences compared: log p of a grammatical one against that of an ungrammatical one; SyntaxGym's regions.

Where two sentences differ in one verb and end with it, this is the number-agreement task; where more words follow, or
the forms are several words, it is what BLiMP measures (Warstadt et al., 2020). A suite of SyntaxGym asks that regions
of a sentence be less surprising in one condition than in another (Hu et al., 2020).
"""

from dataclasses import dataclass

import numpy as np

from ..errors import NothingScoredError
from ..stimuli import NA_TASKS, respell
from .base import Analysis, Result, Table, Unavailable
from .experiment import TEST_SETS
from .number_agreement import share_right
from .published import KNOWN, digest, published
from .suite_scores import SuiteScores, score_suite
from .word_scores import readable, word_scores


@dataclass(frozen=True, eq=False, repr=False)
class Scores(Result):
    """Scores of a model on pairs of sentences.

    Attributes
    ----------
    pairs : tuple of stimuli.Pair
        Spelt as in the model's vocabulary.
    good, bad : (pairs,) arrays
        Sum of log p over the words of the grammatical sentence and of the other, in nats; nan where not scored.
    suite : SuiteScores or None
    notes : tuple of str
        What was respelt, and how many pairs have words that the vocabulary lacks.
    known : str
        The name of the published set that these pairs are; empty if they are none.
    """

    pairs: tuple
    good: np.ndarray
    bad: np.ndarray
    suite: SuiteScores | None
    notes: tuple
    known: str = ""

    @property
    def accuracy(self):
        """Share of the scored pairs whose grammatical sentence is the likelier one."""
        return float(share_right(self.good - self.bad))

    def table(self):
        """A Table of each condition of each task, and of all conditions of a task where it has several."""
        margins, figures = self.good - self.bad, {} if self.suite else published(self.known)
        cells = {}
        for k, pair in enumerate(self.pairs):
            cells.setdefault(pair.task, {}).setdefault(pair.condition, []).append(k)
        rows = []
        for task, conditions in cells.items():
            if len(conditions) > 1:
                conditions["all"] = sorted(k for indices in conditions.values() for k in indices)
            for condition, indices in conditions.items():
                values = margins[indices]
                scored = values[~np.isnan(values)]
                mean = scored.mean() if len(scored) else None
                row = [task, condition, len(scored), 100 * float(share_right(values)) if len(scored) else None, mean]
                rows.append([*row, len(values) - len(scored), figures.get(condition)])
        columns = ["task", "condition", "n", "right %", "margin", "skipped", "published %"]
        caption = (
            "Right: the grammatical sentence has the larger sum of log p over its words; margin: the difference (nats)."
        )
        return Table("score", caption, columns, rows)

    def tables(self):
        return [self.table()] + ([self.suite.table(published(self.known).get("all"))] if self.suite else [])

    def text(self):
        text = list(self.notes)
        if self.known:
            state = "" if self.known in NA_TASKS else "; from which state it read them is not known"
            text.append(
                f"These are the published sentences of {self.known}. Published %: the paper's own LSTM, on all of "
                f"them{state}."
            )
        return text

    def summary(self):
        n = int((~np.isnan(self.good)).sum())
        return f"{100 * self.accuracy:.1f} % of {n:,} pair{'s' * (n != 1)} right."


@dataclass(frozen=True, eq=False, repr=False)
class TestSets(Result):
    """Scores of a model on several test sets.

    Attributes
    ----------
    scores : dict of str to Scores
        By the name of the file.
    """

    scores: dict

    def text(self):
        said = {name: [*one.text(), one.summary()] for name, one in self.scores.items()}
        return [f"{name}: {' '.join(text.rstrip('.') + '.' for text in texts)}" for name, texts in said.items()]

    def tables(self):
        """The rows of all sets, one table of each kind."""
        tables, several = {}, len(self.scores) > 1
        for name, one in self.scores.items():
            for table in one.tables():
                columns = ["file"] * several + table.columns
                rows = tables.setdefault(table.name, table._replace(columns=columns, rows=[])).rows
                rows.extend([name] * several + row for row in table.rows)
        return list(tables.values())

    def summary(self):
        return " ".join(f"{name}: {one.summary()}" for name, one in self.scores.items())


def score(model, stimuli, state="context", unknown="error"):
    """Score both sentences of every pair.

    Parameters
    ----------
    model : LanguageModel
    stimuli : stimuli.Stimuli
        What `stimuli.read_items` reads.
    state : None, "context" or lstm.State with a batch of 1
        What each sentence is read from.
    unknown : {"error", "<unk>"}
        "error": a pair with a word that the model does not know is not scored, and counted. "<unk>": the word is read
        as that, if both sentences have it; where it is what they differ in, the pair is not scored.

    Returns
    -------
    Scores

    Raises
    ------
    NothingScoredError
        If all pairs have an unknown word.

    Examples
    --------
    >>> import minilstm
    >>> from minilstm.stimuli import Pair, Stimuli
    >>> pair = Pair(("The", "boys", "near", "the", "car"), ("greet",), ("greets",), ("Mary", "."), "mine", "PS", 1)
    >>> score(minilstm.load("mini"), Stimuli((pair,), "by hand")).accuracy
    1.0

    References
    ----------
    Warstadt et al. (2020), BLiMP, TACL 8. Hu et al. (2020), A systematic assessment of syntactic generalization, ACL.
    """
    pairs, notes = respell(stimuli.pairs, model.vocabulary)
    known = set(model.vocabulary)
    scored = np.array([readable(pair.good, pair.bad, known, unknown) for pair in pairs], bool)
    if not scored.any():
        words = dict.fromkeys(word for pair in pairs for word in pair.good + pair.bad if word not in known)
        way_out = "; --unknown '<unk>' reads those that both sentences have" if unknown == "error" else ""
        raise NothingScoredError(
            f"nothing is scored: each of the {len(pairs)} pairs has a word that the model does not know"
            f" ({', '.join(map(repr, list(words)[:5]))}){way_out if '<unk>' in known else ''}"
        )
    lacking = sum(not known.issuperset(pair.good + pair.bad) for pair in pairs)
    if lacking:
        skipped = int((~scored).sum())
        notes.append(
            f"{lacking} of {len(pairs)} pairs have a word that the model does not know: {skipped} not scored"
            + (f", {lacking - skipped} with <unk> in both sentences" if lacking > skipped else "")
        )
    sums = np.full((len(pairs), 2), np.nan)
    sentences = [
        sentence for pair, keep in zip(pairs, scored, strict=True) if keep for sentence in (pair.good, pair.bad)
    ]
    scores = word_scores(model, sentences, state, unknown)
    sums[scored] = np.reshape([words.sum() for words in scores], (-1, 2))
    suite = score_suite(model, stimuli.suite, state, unknown) if stimuli.suite else None
    known_set = KNOWN.get(digest(stimuli.pairs), "")
    return Scores(tuple(pairs), sums[:, 0], sums[:, 1], suite, tuple(notes), known_set)


def compute(experiment, results):
    """Every set that the experiment has."""
    if not experiment.test_sets:
        raise Unavailable("no test set was given")
    return TestSets(
        {name: score(experiment.model, stimuli, **experiment.reading) for name, stimuli in experiment.test_sets.items()}
    )


ANALYSIS = Analysis(
    "score", "score", "Other people's test sets", "", compute, requires="test_sets", options=(TEST_SETS,)
)
