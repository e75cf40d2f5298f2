"""Write into the README, and into the benchmarks' own, what commands print: python tests/readme.py [claims] [costs] ...

The example always; with `claims` the table of the paper's claims over all models (about a minute), with `costs` times
and memory, with `forward`, `trace`, `work`, `whole`, `roofline` the page of benchmarks (minutes each, on an idle one).
`tests/test_readme.py` fails where the README says something else than the example prints.
"""

import contextlib
import io
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
README, BENCHMARKS = HERE.parent / "README.md", HERE / "benchmarks" / "README.md"
PAGES = README, BENCHMARKS, HERE.parent / "weights" / "README.md"
EXAMPLE = re.compile(r"(<!-- example -->\n```python\n(.*?)```\n```text\n)(.*?)(```\n<!-- end example -->)", re.DOTALL)
RUN = str(BENCHMARKS.parent / "run.py")
COMMANDS = {
    "claims": ["-m", "minilstm", "claims", "--all"],
    "costs": [str(BENCHMARKS.parent / "costs.py")],
    "forward": [RUN, "forward"],
    "trace": [RUN, "trace"],
    "work": [RUN, "sweep", "groups", "jobs", "training", "import", "start"],
    "whole": [str(BENCHMARKS.parent / "ablations.py")],
    "roofline": [str(BENCHMARKS.parent / "roofline.py")],
}


def printed(code):
    """What a piece of Python prints."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(code, "README.md", "exec"), {"__name__": "readme"})
    return out.getvalue()


def update(text, blocks=()):
    """A page with the example's output in its place, and those of the commands named that have one on it."""
    text = EXAMPLE.sub(lambda m: m[1] + printed(m[2]) + m[4], text)
    for name in (name for name in blocks if f"<!-- {name} -->" in text):
        out = subprocess.run([sys.executable, *COMMANDS[name]], capture_output=True, text=True, check=True).stdout
        block = f"<!-- {name} -->\n{out}<!-- end {name} -->"
        text = re.sub(f"<!-- {name} -->.*<!-- end {name} -->", lambda _, new=block: new, text, flags=re.DOTALL)
    return text


if __name__ == "__main__":
    for page in PAGES:
        page.write_text(update(page.read_text(), sys.argv[1:]))
