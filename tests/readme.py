"""Write into the README, and into the benchmarks' own, what commands print: python tests/readme.py [claims] [costs] ...

The example always; with `claims` and `later` the tables of claims over all models (minutes; what is interrupted goes on
from the results cached in `results`), with `costs` times and memory, with `suites`, `work`, `kernel`, `whole`,
`forward`, `trace`, `roofline`, `explorer` the page of benchmarks (minutes each, on an idle machine).
`tests/test_readme.py` fails where the README says something else than the example prints.
"""

import contextlib
import inspect
import io
import re
import subprocess
import sys
import textwrap
from pathlib import Path

HERE = Path(__file__).parent
README, BENCHMARKS = HERE.parent / "README.md", HERE / "benchmarks" / "README.md"
API, WEIGHTS = HERE.parent / "minilstm" / "README.md", HERE.parent / "weights" / "README.md"
PAGES = README, BENCHMARKS, API, WEIGHTS
EXAMPLE = re.compile(r"(<!-- example -->\n```python\n(.*?)```\n```text\n)(.*?)(```\n<!-- end example -->)", re.DOTALL)
RUN = str(BENCHMARKS.parent / "run.py")
COMMANDS = {
    "claims": ["-m", "minilstm", "claims", "--all"],
    "later": ["-m", "minilstm", "claims", "--all", "--later", "--quick"],
    "costs": [str(BENCHMARKS.parent / "costs.py")],
    "forward": [RUN, "forward"],
    "trace": [RUN, "trace"],
    "work": [RUN, "sweep", "groups", "jobs", "training", "import", "start"],
    "kernel": [RUN, "--kernel", "SkylakeX", "sweep", "groups", "forward"],
    "whole": [str(BENCHMARKS.parent / "ablations.py")],
    "suites": [str(BENCHMARKS.parent / "suites.py")],
    "roofline": [str(BENCHMARKS.parent / "roofline.py")],
    "explorer": [str(BENCHMARKS.parent / "explorer.py")],
}


def printed(code):
    """What a piece of Python prints."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(code, "README.md", "exec"), {"__name__": "readme"})
    return out.getvalue()


def api():
    """The public interface, a line each: signature, and the first sentence of the docstring."""
    import minilstm

    lines = []
    for name in sorted(minilstm.__all__, key=str.lower):
        value = getattr(minilstm, name)
        lines.append(_entry(f"minilstm.{name}", value))
        if name == "LanguageModel":
            members = [key for key in vars(value) if not key.startswith("_") and callable(getattr(value, key))]
            lines += [_entry(f"    .{key}", getattr(value, key)) for key in sorted(members)]
    for name in ("step", "run"):
        lines.append(_entry(f"minilstm.lstm.{name}", getattr(minilstm.lstm, name)))
    return "\n".join(lines) + "\n"


def _entry(name, value):
    if inspect.ismodule(value) or isinstance(value, tuple):
        summary = value.__doc__ if inspect.ismodule(value) else f"The analyses: {', '.join(one.name for one in value)}."
    else:
        if not (inspect.isclass(value) and issubclass(value, Exception)):
            name += _signature(value)
        summary = value.__doc__
    sentence = " ".join(inspect.cleandoc(summary).split("\n\n")[0].split())
    return (
        textwrap.fill(name, 110, subsequent_indent="        ")
        + "\n"
        + textwrap.indent(textwrap.fill(sentence, 106), "        ")
    )


def _signature(value):
    """The parameters by their names, and the name of the class that comes back; `help` tells their types."""
    signature = inspect.signature(value)
    bare = [one.replace(annotation=one.empty) for name, one in signature.parameters.items() if name != "self"]
    returned = getattr(signature.return_annotation, "__name__", "") if inspect.isfunction(value) else ""
    kind = f" -> {returned}" if returned[:1].isupper() else ""
    return str(signature.replace(parameters=bare, return_annotation=signature.empty)) + kind


def reproduce_all(amount):
    """Cache the results of all models that `claims --all` judges, one after the other; those cached are left alone."""
    from minilstm import models
    from minilstm.cli.claims import SLOWEST

    for name in (name for name in models.names() if name not in ("mini", SLOWEST)):
        command = [sys.executable, "-m", "minilstm", "reproduce", "--model", name, amount]
        status = subprocess.run(command, cwd=HERE.parent, stdout=sys.stderr).returncode
        if status > 1:  # 1: an analysis is unavailable on this model
            sys.exit(f"{name}: `minilstm reproduce` failed")


def update(text, blocks=()):
    """A page with the example's output in its place, and those of the commands named that have one on it."""
    text = EXAMPLE.sub(lambda m: m[1] + printed(m[2]) + m[4], text)
    if "<!-- api -->" in text:
        text = re.sub(r"(<!-- api -->\n```text\n).*?(```\n)", lambda m: m[1] + api() + m[2], text, flags=re.DOTALL)
    for name in (name for name in blocks if f"<!-- {name} -->" in text):
        if "claims" in COMMANDS[name]:
            reproduce_all("--quick" if "--quick" in COMMANDS[name] else "--full")
        command = [sys.executable, *COMMANDS[name]]
        out = subprocess.run(command, cwd=HERE.parent, stdout=subprocess.PIPE, text=True, check=True).stdout
        block = f"<!-- {name} -->\n{out}<!-- end {name} -->"
        text = re.sub(f"<!-- {name} -->.*<!-- end {name} -->", lambda _, new=block: new, text, flags=re.DOTALL)
    return text


if __name__ == "__main__":
    for page in PAGES:
        page.write_text(update(page.read_text(), sys.argv[1:]))
