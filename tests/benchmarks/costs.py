"""What the commands cost: wall time, and memory of the largest process: python tests/benchmarks/costs.py [--fresh]

Cold means with an empty folder for compiled code, so that Numba compiles everything anew; imports count always.
Each row is kept in `results/costs` as soon as it is measured: after an interruption, or a test that failed, the
same command goes on from there, as long as code and machine are the same. `--fresh` measures all of them again.
"""

import argparse
import json
import os
import shlex
import shutil
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
    'minilstm trace "The boys near the car greet"',
    "minilstm train new.npz --layers 32 --epochs 4 --seed 2",
    "minilstm train new.npz --layers 32,32 --epochs 4 --seed 2",
    "minilstm claims --all",  # the long ones last
    "pytest",
)
ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / "results" / "costs"  # of what was measured, and of compiled code


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
        process.returncode = os.waitstatus_to_exitcode(status)  # else it would be taken for running
        if status:
            printed.seek(0)
            raise RuntimeError(f"{command}: {printed.read().decode()}")
    return seconds, usage.ru_maxrss / 1024


def table(commands=COMMANDS, folder=FOLDER, fresh=False):
    """Seconds and peak memory of every command, as text; rows that were measured before are taken from the folder."""
    from minilstm.analyses.tables import render
    from minilstm.io.atomic import write_whole
    from minilstm.report.provenance import source

    kept, compiled = folder / "rows.json", folder / "compiled"
    made_by = {"machine": machine(), "source": source()}
    before = {} if fresh or not kept.exists() else json.loads(kept.read_text())
    rows = before["rows"] if before.get("made by") == made_by else []
    if not rows:  # the first command compiles everything
        shutil.rmtree(compiled, ignore_errors=True)
        compiled.mkdir(parents=True)
    for command in commands[len(rows) :]:
        print(f"{command} ...", file=sys.stderr)
        seconds, megabytes = cost(command, compiled)
        rows.append([command + " (cold)" * (not rows), seconds, round(megabytes)])
        with write_whole(kept, "w") as file:
            json.dump({"made by": made_by, "rows": rows}, file)
    return f"{made_by['machine']}\n\n{render(['command', 'seconds', 'peak MB'], rows)}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fresh", action="store_true", help="measure all of them again")
    print(f"```text\n{table(fresh=parser.parse_args().fresh)}\n```")
