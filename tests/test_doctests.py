"""The examples in docstrings are what happens, and what is public has some."""

import ast
import doctest
import inspect
import pkgutil
import re
from importlib import import_module
from pathlib import Path

import pytest

import minilstm
from minilstm import lstm, stimuli

PACKAGE = Path(minilstm.__file__).parent
SLOW = {"minilstm.report.reproduce"}  # every analysis
MODULES = [info.name for info in pkgutil.walk_packages(minilstm.__path__, "minilstm.") if "__main__" not in info.name]


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in MODULES])
def test_examples(name):
    failed, _ = doctest.testmod(import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert not failed


QUESTIONS = set("what how where when which whether who whose why".split())


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_docstrings_begin_with_a_noun_or_an_imperative(path):
    """Not with a question word, which leaves the reader to find out what a thing is."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
            doc = ast.get_docstring(node) or "-"
            assert doc.split()[0].lower() not in QUESTIONS, f"{path.name}: {doc[:60]}"


def test_the_table_of_contents_of_the_analyses_names_each_file_once():
    """Those of the list in bold."""
    rows = minilstm.analyses.__doc__.partition("====\n")[2].split("\n")
    named = re.findall(r"(\**)\b([a-z_0-9]+)\b", "\n".join(row[22:] for row in rows))
    files = {path.stem for path in (PACKAGE / "analyses").glob("*.py")} - {"__init__"}
    in_list = {analysis.compute.__module__.rpartition(".")[2] for analysis in minilstm.ANALYSES}
    for file in files:
        assert [stars for stars, name in named if name == file].count("**" * (file in in_list)) == 1, file


def public_functions():
    """{name: function} of the package, of `lstm`, of the sentences that most begin with, and of LanguageModel."""
    functions = {name: getattr(minilstm, name) for name in minilstm.__all__}
    functions |= {f"lstm.{name}": getattr(lstm, name) for name in ("step", "run")}
    functions |= {f"stimuli.{name}": getattr(stimuli, name) for name in ("na_task", "na_tasks", "read_items")}
    methods = inspect.getmembers(minilstm.LanguageModel)
    functions |= {f"LanguageModel.{name}": method for name, method in methods if not name.startswith("_")}
    return {
        name: function
        for name, function in functions.items()
        if inspect.isfunction(function) or inspect.ismethod(function)
    }


@pytest.mark.parametrize(("name", "function"), public_functions().items())
def test_public_functions_say_all_that_numpydoc_asks(name, function):
    doc = inspect.getdoc(function)
    sections = {line for line, below in zip(doc.split("\n"), doc.split("\n")[1:], strict=False) if set(below) == {"-"}}
    signature = inspect.signature(function)
    for parameter in signature.parameters.keys() - {"self"}:
        named = doc.partition("Parameters\n")[2].partition("\n\n")[0].replace("*", "").replace(",", " ").split()
        assert parameter in named, f"{name}: {parameter}"
    if signature.return_annotation is not None:
        assert "Returns" in sections, name
    assert "Examples" in sections and sections & {"See Also", "References"}, name
    assert ">>> " in doc
