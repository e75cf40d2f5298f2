"""Suites of SyntaxGym: regions of a sentence that should be less surprising in one condition than in another.

References
----------
Hu, J., Gauthier, J., Qian, P., Wilcox, E. and Levy, R. (2020). A systematic assessment of syntactic generalization in
neural language models. ACL.
"""

from dataclasses import dataclass

import numpy as np

from ..records import short_repr
from ..stimuli import respell
from .base import Table
from .word_scores import readable, word_scores


@short_repr
@dataclass(frozen=True, eq=False)
class SuiteScores:
    """Scores of a model on a suite of SyntaxGym.

    Attributes
    ----------
    suite : stimuli.json_sets.Suite
    surprisal : (items, comparisons, 2) array
        Of the region that each comparison names, in nats: where it should be lower, and where it should be higher. nan
        for an item that is not scored.
    """

    suite: object
    surprisal: np.ndarray

    @property
    def right(self):
        """Return whether all comparisons of an item hold: (items,) floats, 1 or 0, nan where it is not scored."""
        lower, higher = self.surprisal[..., 0], self.surprisal[..., 1]
        return np.where(np.isnan(self.surprisal).any(axis=(1, 2)), np.nan, (lower < higher).all(axis=1))

    def table(self, figure=None):
        """A Table of one row, for the suite, with the published figure."""
        right = self.right
        scored = ~np.isnan(right)
        accuracy = 100 * right[scored].mean() if scored.any() else None
        row = [self.suite.name, int(scored.sum()), accuracy, int((~scored).sum())]
        columns = ["suite", "items", "right %", "skipped", "published %"]
        return Table("suite", "Items of which all predictions hold.", columns, [[*row, figure]])


def score_suite(model, suite, state="context", unknown="error"):
    """Surprisal of the regions that a suite's predictions compare.

    Parameters
    ----------
    model : LanguageModel
    suite : stimuli.json_sets.Suite
    state, unknown
        As in `score`; an item with an unknown word is not scored.

    Returns
    -------
    SuiteScores
    """
    known = set(model.vocabulary)
    surprisal = np.full((len(suite.items), len(suite.comparisons), 2), np.nan)
    flat = [words for item in suite.items.values() for regions in item.values() for words in regions.values()]
    spelt = iter(respell(flat, model.vocabulary)[0])
    items = [  # of each condition {region: words}, spelt as in the vocabulary and in order
        {name: dict(sorted((number, next(spelt)) for number in regions)) for name, regions in item.items()}
        for item in suite.items.values()
    ]
    sentences = {}  # {(item, condition): its words}
    for k, item in enumerate(items):
        words = {name: [word for part in regions.values() for word in part] for name, regions in item.items()}
        compared = [(words[comparison.lower], words[comparison.higher]) for comparison in suite.comparisons]
        if all(readable(*both, known, unknown) for both in compared):
            sentences |= {(k, name): sentence for name, sentence in words.items()}
    scores = dict(zip(sentences, word_scores(model, list(sentences.values()), state, unknown), strict=True))
    for k in {k for k, _ in sentences}:
        for c, comparison in enumerate(suite.comparisons):
            for side, name in enumerate((comparison.lower, comparison.higher)):
                surprisal[k, c, side] = -_region(scores[k, name], items[k][name], comparison.region).sum()
    return SuiteScores(suite, surprisal)


def _region(scores, regions, number):
    """The scores of the words of one region, or of all."""
    if number is None:
        return scores
    start = sum(len(words) for other, words in regions.items() if other < number)
    return scores[start : start + len(regions[number])]
