"""A caller of the public interface, for mypy alone: test_types.py runs it over this file, and nothing runs the file."""

import numpy as np

import minilstm
from minilstm import lstm, stimuli

model: minilstm.LanguageModel = minilstm.load("mini")
items: list[minilstm.Item] = stimuli.na_tasks(n=2, tasks=["nounPP"])
answers = minilstm.agreement(model, items, ablate=[23])
accuracy: float = answers.accuracy
margins: np.ndarray = minilstm.ablation_sweep(model, items, units=[1, 2], n_jobs=-1)
p: float = minilstm.group_ablation(model, items, [1, 2], n_random=20).p
C: np.ndarray = model.trace("The boys near the car", state="context").C
surprisal: np.ndarray = model.surprisal(["The", "boys", "greet"], state=model.context_state())
trace: lstm.Trace = lstm.run(model.embedding[model.encode("The boys")][:, None], model.layers)
results = minilstm.reproduce(model, n=12, n_random=20)
titles: list[str] = [analysis.title for analysis in minilstm.ANALYSES]
minilstm.explore(model, "The boys near the car").save("page.html")
same = minilstm.LanguageModel.from_state_dict(model.state_dict(), model.vocabulary)
verdict = minilstm.verify("vectors", {"output": trace.h[-1]})
passed: bool = verdict.ok and minilstm.verify_module(object()).ok

# What is wrong is seen, so that none of the names is merely unknown to mypy.
minilstm.load(3)  # type: ignore[arg-type]
minilstm.agreement(model, ["The boys"])  # type: ignore[list-item]
minilstm.ablation_sweep(model, items, units=1)  # type: ignore[arg-type]
minilstm.group_ablation(model, items, [1]).q  # type: ignore[attr-defined]
minilstm.reproduce("mini")  # type: ignore[arg-type]
minilstm.explore(model, forms=3)  # type: ignore[arg-type]
minilstm.verify(3, {})  # type: ignore[arg-type]
minilstm.verify_module(object(), seed="a")  # type: ignore[arg-type]
model.trace("The boys").c  # type: ignore[attr-defined]
stimuli.na_task("nounPP", "SP", "all")  # type: ignore[arg-type]
