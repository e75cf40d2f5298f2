"""Run the README's example and write what it prints into the README: python tests/readme.py [--costs]

`tests/test_readme.py` fails where the README says something else than the example prints. With --costs, times and memory
are measured anew too, which takes some minutes and wants an idle machine.
"""

import contextlib
import io
import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parent.parent / "README.md"
EXAMPLE = re.compile(r"(<!-- example -->\n```python\n(.*?)```\n```text\n)(.*?)(```\n<!-- end -->)", re.DOTALL)

COSTS = re.compile(r"(<!-- costs -->\n```text\n)(.*?)(```\n<!-- end costs -->)", re.DOTALL)


def printed(code):
    """What a piece of Python prints."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(code, "README.md", "exec"), {"__name__": "readme"})
    return out.getvalue()


def update(text):
    """The README with the example's output in its place."""
    return EXAMPLE.sub(lambda m: m[1] + printed(m[2]) + m[4], text)


def measure(text):
    """The README with the costs of commands on this machine."""
    command = [sys.executable, str(Path(__file__).parent / "benchmarks" / "costs.py")]
    costs = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return COSTS.sub(lambda m: m[1] + costs + m[3], text)


if __name__ == "__main__":
    new = update(README.read_text())
    README.write_text(measure(new) if "--costs" in sys.argv else new)
