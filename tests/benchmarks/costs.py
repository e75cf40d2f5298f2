"""What the commands cost: wall time and peak memory of each, in a process of its own: python tests/benchmarks/costs.py

Cold means with an empty folder for compiled code, so that Numba compiles everything anew; imports count always.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from machine import machine

COMMANDS = (
    ("minilstm reproduce", True),
    ("minilstm reproduce --fresh", False),
    ("minilstm reproduce --model english", False),
    ('minilstm trace "The boys near the car greet"', False),
    ("minilstm train new.npz --layers 32 --epochs 4 --seed 2", False),
    ("minilstm train new.npz --layers 32,32 --epochs 4 --seed 2", False),
)
RUN = """
import sys
from minilstm.cli.main import main
code = main(sys.argv[1:])
with open("/proc/self/status") as status:
    print("peak kB", next(line.split()[1] for line in status if line.startswith("VmHWM")), file=sys.stderr)
sys.exit(code)
"""


def cost(command, cache, folder):
    """Seconds and MB of one command."""
    import shlex

    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", RUN, *shlex.split(command)[1:]],
        env={**os.environ, "NUMBA_CACHE_DIR": str(cache)},
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return time.perf_counter() - start, int(done.stderr.split("peak kB")[1]) / 1024


def table():
    """Seconds and peak memory of every command, as text."""
    from minilstm.analyses.tables import render

    with tempfile.TemporaryDirectory() as folder:
        cache, rows = Path(folder) / "cache", []
        for command, cold in COMMANDS:
            seconds, megabytes = cost(command, cache, folder)
            rows.append([command + (" (cold)" if cold else ""), seconds, round(megabytes)])
    return f"{machine()}\n\n{render(['command', 'seconds', 'peak MB'], rows)}"


if __name__ == "__main__":
    print(f"```text\n{table()}\n```")
