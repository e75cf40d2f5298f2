"""The examples in docstrings are what happens."""

import doctest
from importlib import import_module

import pytest

MODULES = (
    "analyses.path_attribution",
    "analyses.paths",
    "analyses.statistics",
    "language_model",
    "models",
    "io.atomic",
    "io.checkpoints",
    "io.parts",
    "io.state_dict",
    "io.vocabulary",
)


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    result = doctest.testmod(import_module(f"minilstm.{name}"), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert result.failed == 0 and result.attempted > 0
