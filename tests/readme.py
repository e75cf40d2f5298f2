"""Run the README's example and write what it prints into the README: python tests/readme.py

`tests/test_readme.py` fails where the README says something else than the example prints.
"""

import contextlib
import io
import re
from pathlib import Path

README = Path(__file__).parent.parent / "README.md"
EXAMPLE = re.compile(r"(<!-- example -->\n```python\n(.*?)```\n```text\n)(.*?)(```\n<!-- end -->)", re.DOTALL)


def printed(code):
    """What a piece of Python prints."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(code, "README.md", "exec"), {"__name__": "readme"})
    return out.getvalue()


def update(text):
    """The README with the example's output in its place."""
    return EXAMPLE.sub(lambda m: m[1] + printed(m[2]) + m[4], text)


if __name__ == "__main__":
    README.write_text(update(README.read_text()))
