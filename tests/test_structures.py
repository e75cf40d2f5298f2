"""Fig. 3: syntax units across structures."""

import re
from types import SimpleNamespace

import numpy as np
import pytest
from small_model import small_model

from minilstm import load, planted, stimuli
from minilstm.analyses.base import NotTestable, Results
from minilstm.analyses.dynamics import dynamics
from minilstm.analyses.experiment import Experiment
from minilstm.analyses.structures import CLAIMS, STRUCTURES, compute, plot_structures, structures
from minilstm.analyses.style import save

SYNTAX, DEPTH = planted.UNITS["syntax"], planted.UNITS["depth"]


@pytest.fixture(scope="module")
def model():
    return small_model((8, 5))


def items(task="nounPP", n=12):
    return [item for condition in stimuli.CONDITIONS[task] for item in stimuli.na_task(task, condition, n)]


def test_figure_3_has_a_panel_a_structure(model, tmp_path):
    found = {task: dynamics(model, {task: items(task)}, [9, 11]) for task in ("CoAdv", "nounPP", "SubjRel")}
    fig = plot_structures(found, 11, "h")
    shown = [axis for axis in fig.axes if axis.get_visible()]
    assert [axis.get_title() for axis in shown] == list(found)
    line = shown[2].containers[0].lines[0]
    np.testing.assert_allclose(line.get_ydata(), found["SubjRel"].mean["h"][0, :, 1])
    assert [label.get_text() for label in shown[2].get_xticklabels()] == list(found["SubjRel"].words)
    save(fig, tmp_path / "b.svg")
    assert re.search(rb"<svg", (tmp_path / "b.svg").read_bytes())


def test_structures_pool_all_conditions(model):
    found = structures(model, [3, 12], n=5)
    assert list(found) == ["2Adv", "CoAdv", "nounPP", "SubjRel", "2SubjRel"] == list(STRUCTURES)
    C = [model.trace((*i.prefix, i.right, "the"), "context").C[1][:, 0, 3] for i in items("CoAdv", 5)]  # unit 12
    one = found["CoAdv"]
    np.testing.assert_allclose(one.mean["C"][0, :, 1], np.mean(C, axis=0), atol=1e-12)
    np.testing.assert_allclose(one.sd["C"][0, :, 1], np.std(C, axis=0), atol=1e-12)
    assert one.verb == 5 and one.n.tolist() == [10]


@pytest.fixture(scope="module")
def experiment():
    return Experiment(load("planted"), n=8)


def syntax(unit=SYNTAX, displayed=(SYNTAX, DEPTH), role="Y*"):
    roles = {shown: (role,) if shown == unit or role == "given" else () for shown in displayed}
    return Results({"syntax_unit": SimpleNamespace(unit=unit, displayed=displayed, roles=roles)})


def test_the_figure_is_of_the_syntax_unit_only(experiment):
    results = syntax()
    found = compute(experiment, results)
    assert list(found.dynamics) == list(STRUCTURES) and found.dynamics["nounPP"].n.tolist() == [32]  # of all ids
    (figure,) = found.figures()
    assert figure.name == f"structures_{SYNTAX}" and figure.draw().axes[0].get_ylabel() == f"$C$ of unit {SYNTAX}"
    means, summary = found.tables()
    assert means.name == "means" and means.long and {row[0] for row in means.rows} == {SYNTAX, DEPTH}
    C = found.dynamics["SubjRel"].mean["C"][0, :, 0]
    assert summary.rows[3] == ["SubjRel", SYNTAX, C[2:6].min(), C[2:6].max(), C[5], C[6]]
    assert found.text() == [f"Units {SYNTAX} and {DEPTH}; unit {SYNTAX} is Y*."]
    results["structures"] = found
    for claim in CLAIMS:
        assert claim.other.judge(experiment, results).holds
        assert claim.original.judge(experiment, results).holds  # the planted unit has the paper's signs


def test_without_a_syntax_unit_nothing_is_drawn(experiment):
    results = syntax(None, (DEPTH, SYNTAX))
    results["structures"] = found = compute(experiment, results)
    assert found.figures() == [] and {row[1] for row in found.tables()[1].rows} == {DEPTH, SYNTAX}
    assert "no Y*, but the strongest of the last layer" in found.text()[0]
    for claim in CLAIMS:
        with pytest.raises(NotTestable, match="no Y\\*"):
            claim.other.judge(experiment, results)
    named = compute(experiment, syntax(None, (DEPTH,), "given"))
    assert named.text() == [f"Unit {DEPTH}: given."]
    assert [figure.name for figure in named.figures()] == [f"structures_{DEPTH}"]


def test_another_variable_is_shown_and_the_claims_keep_to_the_cell(experiment):
    results = syntax()
    results["structures"] = found = compute(experiment, results, variable="h")
    h = found.dynamics["nounPP"].mean["h"][0, :, 0]
    assert found.tables()[1].rows[2][2:] == [h[2:5].min(), h[2:5].max(), h[4], h[5]]
    assert found.figures()[0].draw().axes[0].get_ylabel().startswith("$h$")
    usual = syntax() | {"structures": compute(experiment, syntax())}
    for claim in CLAIMS:
        assert claim.other.judge(experiment, results) == claim.other.judge(experiment, usual)


def test_a_drop_at_a_verb_inside_a_clause_is_seen(experiment):
    """A unit that falls at every verb, as one that marks any verb would, is no syntax unit of Fig. 3c."""
    results = syntax()
    results["structures"] = found = compute(experiment, results)
    found.dynamics["SubjRel"].mean["C"][0, 3:6, 0] -= 0.5  # from the verb of the clause to the main verb
    phrases, clauses = CLAIMS
    assert phrases.other.judge(experiment, results).holds and not clauses.other.judge(experiment, results).holds
