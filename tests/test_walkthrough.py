"""Every script of the walkthrough runs alone, prints what is kept beside it, and leaves its figure as it is.

`python walkthrough/run_all.py` rewrites what is kept.
"""

import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

FOLDER = Path(__file__).resolve().parent.parent / "walkthrough"
SCRIPTS = sorted(FOLDER.glob("[0-9][0-9]_*.py"))
RUN_ALL = runpy.run_path(str(FOLDER / "run_all.py"))
differences, drawn_by = RUN_ALL["differences"], RUN_ALL["drawn_by"]
LARGEST_FIGURE = 250_000  # bytes; most have a third of it, and one has twenty thin lines to a panel


def test_differences_are_seen():
    assert not differences("a 1.00 (3)\nb -0.0", "a  1.02 (3)\nb 0.0")
    assert not differences("5.52e-01", "5.53e-01")
    pairs = ("1.00", "1.03"), ("unit 3", "unit 4"), ("a 1", "b 1"), ("a", "a\nb"), ("1.5e3", "1.5e2")
    for kept, printed in pairs:
        assert differences(kept, printed), (kept, printed)


def test_there_are_enough_and_nothing_is_left_over():
    assert len(SCRIPTS) >= 10
    names = {path.stem for path in SCRIPTS}
    assert {path.stem for path in (FOLDER / "output").iterdir()} == names
    assert {path.stem for path in (FOLDER / "figures").iterdir()} == names


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_it_has_what_a_reader_needs(script):
    text = script.read_text(encoding="utf-8")
    cells = re.split(r"^# %%", text, flags=re.MULTILINE)[1:]
    prose = [cell for cell in cells if cell.startswith(" [markdown]\n")]
    assert len(prose) >= 3 and len(cells) - len(prose) >= 3
    assert prose[0].startswith(f" [markdown]\n# # {script.name[:2]}. ")
    assert cells[-1] == prose[-1] and "## Try this\n" in cells[-1] and cells[-1].count("\n# - ") >= 2
    for cell in prose:  # a line of prose that is no comment would be run
        assert all(line.startswith("#") for line in cell.splitlines()[1:] if line), cell
    assert not re.search(r"^(from|import) minilstm.*\b_[a-z]", text, re.MULTILINE)  # public names only
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    for link in (script.name, f"output/{script.stem}.txt", f"figures/{script.stem}.png"):
        assert f"({link})" in index
    figure = FOLDER / "figures" / f"{script.stem}.png"
    assert figure.read_bytes()[:4] == b"\x89PNG" and figure.stat().st_size < LARGEST_FIGURE


LONG = "10", "14", "16", "17", "18", "19", "20", "21", "23"  # four seconds to half a minute each
RUNS = [pytest.param(path, marks=pytest.mark.slow if path.stem[:2] in LONG else ()) for path in SCRIPTS]


@pytest.mark.parametrize("script", RUNS, ids=lambda path: path.stem)
def test_it_prints_what_is_kept(script, tmp_path):
    for folder in ("data", "figures"):
        shutil.copytree(FOLDER / folder, tmp_path / folder)
    copy = shutil.copy(script, tmp_path)
    environment = os.environ | {"PYTHONIOENCODING": "utf-8", "PYTHONPATH": str(FOLDER.parent)}
    quiet = {"capture_output": True, "encoding": "utf-8", "timeout": 300}
    done = subprocess.run([sys.executable, copy], check=False, cwd=tmp_path, env=environment, **quiet)
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
    kept = (FOLDER / "output" / f"{script.stem}.txt").read_text(encoding="utf-8")
    assert not differences(kept, done.stdout)
    assert str(tmp_path) not in done.stdout
    figures = {path.name: path for path in (tmp_path / "figures").iterdir()}
    assert figures.keys() == {path.name for path in (FOLDER / "figures").iterdir()}
    for name, figure in figures.items():
        if drawn_by(figure) == drawn_by(FOLDER / "figures" / name):  # else another Matplotlib draws letters otherwise
            assert figure.read_bytes() == (FOLDER / "figures" / name).read_bytes(), name


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_it_draws_its_figure(script):
    assert f', here / "figures" / "{script.stem}.png"' in script.read_text(encoding="utf-8")


@pytest.mark.slow
def test_what_is_kept_is_rewritten_only_if_it_changes(tmp_path):
    """A run rewrites neither last digits nor a figure of another Matplotlib, and both where the numbers change."""
    script, output, figure = tmp_path / "01_a.py", tmp_path / "output" / "01_a.txt", tmp_path / "figures" / "01_a.png"
    program = """from minilstm.analyses.style import figure, save
fig, axes = figure()
axes[0, 0].plot([0, NUMBER])
save(fig, FIGURE)
print("the number is", NUMBER)
"""

    def run(number):
        script.write_text(program.replace("NUMBER", number).replace("FIGURE", repr(str(figure))))
        assert RUN_ALL["run"](script)
        return output.read_text(), figure.read_bytes()

    for folder in (output.parent, figure.parent):
        folder.mkdir()
    kept = run("0.501")
    assert kept[0] == "the number is 0.501\n" and drawn_by(figure).startswith("Matplotlib")
    assert run("0.501") == run("0.5010000001") == kept  # the picture is the same
    with Image.open(figure) as image:
        image.save(figure, pnginfo=None)  # drawn by another, then
    other = figure.read_bytes()
    assert run("0.502") == (kept[0], other)
    assert run("0.9")[0] == "the number is 0.9\n" and drawn_by(figure).startswith("Matplotlib version")
