"""What the commands cost: wall time, and memory of the largest process: python tests/benchmarks/costs.py

Cold means with an empty folder for compiled code, so that Numba compiles everything anew; imports count always.
"""

import os
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from machine import machine

COMMANDS = (
    "minilstm reproduce",
    "minilstm reproduce --fresh",
    "minilstm reproduce --model english",
    "minilstm claims --all",
    'minilstm trace "The boys near the car greet"',
    "minilstm train new.npz --layers 32 --epochs 4 --seed 2",
    "minilstm train new.npz --layers 32,32 --epochs 4 --seed 2",
    "pytest",
)
ROOT = Path(__file__).resolve().parent.parent.parent


def cost(command, cache):
    """Seconds of one command, and MB of its largest process."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as printed:
        start = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", *shlex.split(command)],
            env={**os.environ, "NUMBA_CACHE_DIR": str(cache)},
            cwd=ROOT if command.startswith("pytest") else folder,  # an empty folder: nothing is cached
            stdout=printed,
            stderr=printed,
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        if status:
            printed.seek(0)
            raise RuntimeError(f"{command}: {printed.read().decode()}")
    return seconds, usage.ru_maxrss / 1024


def table():
    """Seconds and peak memory of every command, as text."""
    from minilstm.analyses.tables import render

    with tempfile.TemporaryDirectory() as cache:
        rows = []
        for command in COMMANDS:
            cold = not rows  # the first one compiles
            seconds, megabytes = cost(command, cache)
            rows.append([command + " (cold)" * cold, seconds, round(megabytes)])
    return f"{machine()}\n\n{render(['command', 'seconds', 'peak MB'], rows)}"


if __name__ == "__main__":
    print(f"```text\n{table()}\n```")
