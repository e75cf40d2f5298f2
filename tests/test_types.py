"""Public names are annotated, and mypy passes on them, as py.typed promises."""

import inspect
import subprocess
import sys
import typing
from functools import cached_property
from pathlib import Path

import pytest

import minilstm
from minilstm import lstm, stimuli

ROOT = Path(__file__).resolve().parent.parent


def public():
    """{name: function or class} of the package, of `lstm` and `stimuli`, and of every class that those mention."""
    queue = [type(analysis) for analysis in minilstm.ANALYSES]
    queue += [one for one in vars(lstm).values() if getattr(one, "__module__", "") == lstm.__name__]
    queue = [one for one in queue if not one.__name__.startswith("_")]
    for module in minilstm, stimuli:
        values = (getattr(module, name) for name in module.__all__)
        queue += [value for value in values if inspect.isfunction(value) or inspect.isclass(value)]
    seen = {}
    while queue:
        value = queue.pop()
        if value.__qualname__ not in seen:
            seen[value.__qualname__] = value
            queue += mentioned(value)
    return seen


def functions(value):
    """A function itself, or a class's own public methods and properties."""
    if inspect.isfunction(value):
        return [value]
    members = [member for name, member in vars(value).items() if not name.startswith("_") or name == "__init__"]
    members = [one.func if isinstance(one, cached_property) else getattr(one, "fget", one) for one in members]
    members = [getattr(one, "__func__", one) for one in members]
    return [one for one in members if inspect.isfunction(one) and one.__module__ == value.__module__]


def mentioned(value):
    """The classes of this package in the annotations of a function or a class."""
    hints = list(typing.get_type_hints(value).values()) if inspect.isclass(value) else []
    hints += [hint for function in functions(value) for hint in typing.get_type_hints(function).values()]
    while hints:
        hint = hints.pop()
        hints += typing.get_args(hint)
        if inspect.isclass(hint) and hint.__module__.startswith("minilstm"):
            yield hint


def test_every_public_function_is_annotated():
    names = public()
    assert {"Agreement", "Verdict", "Results", "Trace", "Outcome"} <= names.keys()  # those that only results mention
    bare = []
    for function in (function for value in names.values() for function in functions(value)):
        signature = inspect.signature(function)
        empty = [name for name, one in signature.parameters.items() if one.annotation is one.empty]
        bare += [f"{function.__qualname__}: {name}" for name in empty if name not in ("self", "cls")]
        if signature.return_annotation is signature.empty and function.__name__ != "__init__":
            bare.append(f"{function.__qualname__}: what it returns")
    assert not bare, "\n".join(bare)


@pytest.mark.slow
def test_mypy_passes(tmp_path):
    pytest.importorskip("mypy")
    command = [sys.executable, "-m", "mypy", "--cache-dir", tmp_path]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
