"""What pip installs: the wheel holds all that the package needs, and an editable clone is found from anywhere."""

import importlib.util
import os
import shutil
import subprocess
import sys
import zipfile
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
    call("-m", "minilstm", "explore", "--model", "mini-03", **elsewhere)
    assert (tmp_path / "explorer.html").stat().st_size > 100_000
    call("-m", "minilstm", "vectors", "v", **elsewhere)
    assert (tmp_path / "v" / "README.md").stat().st_size > 5_000


BESIDE_THE_CLONE = """
import sys
from pathlib import Path
sys.meta_path[:] = [finder for finder in sys.meta_path if "editable" not in repr(finder)]  # those of other clones
sys.path[1:] = [path for path in sys.path[1:] if not (Path(path) / "minilstm").is_dir()]
import site
site.addsitedir(sys.argv[1])
import minilstm
print(minilstm.__file__, minilstm.load("mini").sizes)
"""


def test_an_editable_clone_is_found_from_the_folder_that_holds_it(tmp_path):
    """There `minilstm` is also the name of the clone, which Python takes for a package without `__init__.py`."""
    pytest.importorskip("setuptools")
    if not importlib.util.find_spec("setuptools.command.bdist_wheel"):  # before setuptools 70.1 it is in `wheel`
        pytest.importorskip("wheel")
    clone, site = tmp_path / "minilstm", tmp_path / "site"
    shutil.copytree(ROOT / "minilstm", clone / "minilstm", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "weights", clone / "weights", ignore=shutil.ignore_patterns("english*", "*.py"))
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, clone)
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}

    def call(folder, *arguments):
        done = subprocess.run(
            [sys.executable, *map(str, arguments)], cwd=folder, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    call(clone, "-c", "import sys; from setuptools import build_meta as b; b.build_editable(sys.argv[1])", tmp_path)
    (wheel,) = tmp_path.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(site)
    assert call(tmp_path, "-c", BESIDE_THE_CLONE, site).strip() == f"{clone / 'minilstm' / '__init__.py'} (32,)"
