"""The wheel holds all that the package needs: built, installed elsewhere, and used there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.slow
def test_a_wheel_reproduces_mini_elsewhere(tmp_path):
    def call(*arguments, **environment):
        environment = {**os.environ, **environment}
        done = subprocess.run(
            [sys.executable, *map(str, arguments)], env=environment, cwd=tmp_path, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    pip = "-m", "pip", "--disable-pip-version-check", "--quiet"
    call(*pip, "wheel", "--no-deps", "--wheel-dir", tmp_path, ROOT)
    (wheel,) = tmp_path.glob("*.whl")
    call(*pip, "install", "--no-deps", "--target", tmp_path / "site", wheel)
    elsewhere = {"PYTHONPATH": str(tmp_path / "site"), "NUMBA_CACHE_DIR": str(tmp_path / "numba")}
    assert str(tmp_path / "site") in call("-c", "import minilstm; print(minilstm.__file__)", **elsewhere)
    printed = call("-m", "minilstm", "reproduce", "--n", 12, "--random", 20, **elsewhere)
    assert "Report: " in printed and (tmp_path / "results" / "mini" / "report.html").stat().st_size > 100_000
    call("-m", "minilstm", "explore", "--model", "planted", **elsewhere)
    assert (tmp_path / "explorer.html").stat().st_size > 100_000
