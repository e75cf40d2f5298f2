"""Every script of the walkthrough runs alone and prints what is kept beside it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parent.parent / "walkthrough"
SCRIPTS = sorted(FOLDER.glob("[0-9][0-9]_*.py"))
NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")
LAST_DIGITS = 2  # by how many units of its last digit a number with decimals may differ on another machine
LARGEST_FIGURE = 120_000  # bytes


def differences(kept, printed):
    """Lines that differ in more than white space and the last digits of numbers with decimals."""
    pairs = zip(kept.splitlines(), printed.splitlines(), strict=False)
    found = [(a, b) for a, b in pairs if not _alike(a, b)]
    if kept.count("\n") != printed.count("\n"):
        found.append((f"{kept.count(chr(10))} lines", f"{printed.count(chr(10))} lines"))
    return found


def _alike(a, b):
    if NUMBER.sub("#", a).split() != NUMBER.sub("#", b).split():
        return False
    pairs = zip(NUMBER.findall(a), NUMBER.findall(b), strict=True)
    return all(abs(float(x) - float(y)) <= _slack(x) for x, y in pairs)


def _slack(number):
    """How far a number may be off: nothing for whole ones, so that units, counts and ranks are exact."""
    mantissa, _, exponent = number.partition("e")
    decimals = len(mantissa.partition(".")[2])
    return 1.01 * LAST_DIGITS * 10.0 ** (int(exponent or 0) - decimals) if decimals else 0


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


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_it_prints_what_is_kept(script, tmp_path):
    (tmp_path / "figures").mkdir()
    copy = shutil.copy(script, tmp_path)
    shutil.copytree(FOLDER / "data", tmp_path / "data")
    environment = os.environ | {"PYTHONIOENCODING": "utf-8", "PYTHONPATH": str(FOLDER.parent)}
    quiet = {"capture_output": True, "encoding": "utf-8", "timeout": 300}
    done = subprocess.run([sys.executable, copy], check=False, cwd=tmp_path, env=environment, **quiet)
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
    kept = (FOLDER / "output" / f"{script.stem}.txt").read_text(encoding="utf-8")
    assert not differences(kept, done.stdout)
    assert [path.name for path in (tmp_path / "figures").iterdir()] == [f"{script.stem}.png"]
    assert str(tmp_path) not in done.stdout
