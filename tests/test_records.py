"""A record is shown in one short line, whatever it holds."""

import pkgutil
from dataclasses import fields, is_dataclass
from importlib import import_module

import numpy as np
import pytest
from small_model import small_model

import minilstm
from minilstm import stimuli
from minilstm.analyses.base import Result, Results
from minilstm.analyses.number_agreement import Agreement
from minilstm.lstm import Layer, State, Step, Trace

LONGEST = 200  # characters


def is_short(record):
    text = repr(record)
    return type(record).__name__ in text and len(text) <= LONGEST and "\n" not in text


def records_with_arrays():
    """The classes of records that have an array among their fields, but for results, which have a sentence."""
    for info in pkgutil.walk_packages(minilstm.__path__, "minilstm."):
        for cls in vars(import_module(info.name)).values() if not info.name.endswith("__main__") else ():
            if getattr(cls, "__module__", "") != info.name or not isinstance(cls, type) or issubclass(cls, Result):
                continue
            if is_dataclass(cls) or hasattr(cls, "_fields"):
                if any("ndarray" in str(annotation) for annotation in cls.__annotations__.values()):
                    yield cls


@pytest.mark.parametrize("value", [np.zeros((50, 50)), (np.zeros((50, 50)),) * 3, [np.zeros(9)] * 500, "ab" * 500])
def test_records_of_arrays_are_short(value):
    classes = [cls for cls in records_with_arrays() if cls is not minilstm.LanguageModel]  # it has a line of its own
    assert Trace in classes and Agreement in classes
    for cls in classes:
        if is_dataclass(cls):
            record = object.__new__(cls)
            for field in fields(cls):
                object.__setattr__(record, field.name, value)
        else:
            record = cls(*[value] * len(cls._fields))
        assert is_short(record), cls


def test_a_trace_says_its_shapes():
    model = small_model((4, 4))
    trace = model.trace(model.vocabulary[:3])
    assert repr(trace) == ("Trace(i, f, o, C_tilde, C, h: (2, 3, 1, 4) float64; state: State(h, C: (2, 1, 4) float64))")
    unequal = small_model((4, 3)).trace(model.vocabulary[:3])
    assert repr(unequal.state) == "State(h, C: ((1, 4) float64, (1, 3) float64))"
    layer = model.layers[0]
    assert repr(layer) == f"Layer(W: {layer.W.shape} float64; U: (16, 4) float64; b: (16,) float64)"
    assert all(cls.__repr__ is Trace.__repr__ for cls in (Layer, Step, State))


def test_what_public_functions_return_is_shown_in_a_line():
    model = minilstm.load("planted")
    items = stimuli.na_task("nounPP", "SP", n=40)
    agreement = minilstm.agreement(model, items)
    assert repr(agreement) == "Agreement(margins: (40,) float64; accuracy: 1; items: 40 of type Item)"
    group = minilstm.group_ablation(model, items, [71], n_random=5)
    page = minilstm.explore(model)
    assert all(map(is_short, (group, page, items[0], model, *minilstm.ANALYSES)))
    assert repr(Results({"a": page}, {"b": "no such word", "c": "b"})) == "<Results: 1 analyses, 2 unavailable>"


def test_a_result_is_shown_by_its_summary():
    class Wordy(Result):
        def summary(self):
            return "Most units do nothing. " * 30

    assert is_short(Wordy()) and repr(Wordy()).startswith("<Wordy: Most units do nothing. Most")


def test_a_file_of_sentences_is_shown_in_a_line(tmp_path):
    (tmp_path / "own.csv").write_text("prefix,right,wrong,condition\n" + "The boy,greets,greet,S\n" * 40)
    read = stimuli.read_items(tmp_path / "own.csv")
    assert is_short(read) and "40 of type Pair" in repr(read)
