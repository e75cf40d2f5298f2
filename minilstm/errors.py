"""The errors this package raises on bad input.

All of them are :class:`ValueError`, so that a caller who knows nothing of this package still catches them, and all
of them say which file, line, word or shape is wrong and what was expected instead.
"""


class MinilstmError(ValueError):
    """Base class: something that the caller passed is wrong."""


class ModelFileError(MinilstmError):
    """Everything that is wrong with a model file or with tensors that should make up a model."""


class StimulusError(MinilstmError):
    """A task, condition, sentence or stimulus file is not what it should be."""


class UnknownWordError(StimulusError):
    """A word is not in the model's vocabulary."""


class NothingScoredError(StimulusError):
    """Of all the sentences given none can be scored: exit code 1, not 2."""


class VectorsError(MinilstmError):
    """A set of test vectors, or the outputs given for it, is not what it should be."""
