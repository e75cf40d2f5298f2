"""Write into the README what commands print: python tests/readme.py [claims] [costs]

The example always; with `claims` the table of the paper's claims over all models (about a minute), with `costs` times and
memory (some minutes, on an idle machine). `tests/test_readme.py` fails where the README says something else than the
example prints.
"""

import contextlib
import io
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
README = HERE.parent / "README.md"
EXAMPLE = re.compile(r"(<!-- example -->\n```python\n(.*?)```\n```text\n)(.*?)(```\n<!-- end example -->)", re.DOTALL)
COMMANDS = {"claims": ["-m", "minilstm", "claims", "--all"], "costs": [str(HERE / "benchmarks" / "costs.py")]}


def printed(code):
    """What a piece of Python prints."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(code, "README.md", "exec"), {"__name__": "readme"})
    return out.getvalue()


def update(text, blocks=()):
    """The README with the example's output in its place, and those of the commands named."""
    text = EXAMPLE.sub(lambda m: m[1] + printed(m[2]) + m[4], text)
    for name in blocks:
        out = subprocess.run([sys.executable, *COMMANDS[name]], capture_output=True, text=True, check=True).stdout
        block = f"<!-- {name} -->\n{out}<!-- end {name} -->"
        text = re.sub(f"<!-- {name} -->.*<!-- end {name} -->", lambda _, new=block: new, text, flags=re.DOTALL)
    return text


if __name__ == "__main__":
    README.write_text(update(README.read_text(), sys.argv[1:]))
