"""Run every script and keep what it prints in `output/`; the scripts write `figures/` themselves.

python walkthrough/run_all.py            all of them
python walkthrough/run_all.py 05 12      these
"""

import os
import subprocess
import sys
import time
from pathlib import Path

from minilstm.io.atomic import write_whole

HERE = Path(__file__).resolve().parent
ENVIRONMENT = os.environ | {"PYTHONIOENCODING": "utf-8"}


def main(wanted):
    """Run the scripts whose names begin with one of `wanted`, by default all; True if each ran to its end."""
    scripts = [path for path in sorted(HERE.glob("[0-9][0-9]_*.py")) if path.name.startswith(wanted or ("",))]
    failed = [path.name for path in scripts if not run(path)]
    print(f"{len(scripts) - len(failed)} of {len(scripts)} ran")
    return bool(scripts) and not failed


def run(path):
    """Run one script; True if it ran to its end, and then its output is kept."""
    start = time.perf_counter()
    command = [sys.executable, path]
    done = subprocess.run(command, check=False, capture_output=True, encoding="utf-8", env=ENVIRONMENT)
    print(f"{path.stem:28} {time.perf_counter() - start:5.1f} s", flush=True)
    if done.returncode:
        print(done.stderr, file=sys.stderr)
        return False
    with write_whole(HERE / "output" / f"{path.stem}.txt", "w") as file:
        file.write(done.stdout)
    return True


if __name__ == "__main__":
    sys.exit(0 if main(tuple(sys.argv[1:])) else 1)
