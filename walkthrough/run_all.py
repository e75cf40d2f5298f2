"""Run every script and keep what it prints in `output/`; the scripts write `figures/` themselves.

python walkthrough/run_all.py            all of them
python walkthrough/run_all.py 05 12      these

What another processor rounds otherwise, or another Matplotlib draws otherwise, is kept as it is.
"""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

from PIL import Image

from minilstm.io.atomic import write_whole

HERE = Path(__file__).resolve().parent
ENVIRONMENT = os.environ | {"PYTHONIOENCODING": "utf-8"}
NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")
LAST_DIGITS = 2  # by how many units of its last digit a number with decimals may differ on another machine


def main(wanted):
    """Run the scripts whose names begin with one of `wanted`, by default all; True if each ran to its end."""
    scripts = [path for path in sorted(HERE.glob("[0-9][0-9]_*.py")) if path.name.startswith(wanted or ("",))]
    failed = [path.name for path in scripts if not run(path)]
    print(f"{len(scripts) - len(failed)} of {len(scripts)} ran")
    return bool(scripts) and not failed


def run(path):
    """Run one script; True if it ran to its end, and then its output is kept."""
    start = time.perf_counter()
    output, figure = path.parent / "output" / f"{path.stem}.txt", path.parent / "figures" / f"{path.stem}.png"
    kept = output.read_text(encoding="utf-8") if output.exists() else ""
    picture, software = (figure.read_bytes(), drawn_by(figure)) if figure.exists() else (None, None)
    command = [sys.executable, path]
    done = subprocess.run(command, check=False, capture_output=True, encoding="utf-8", env=ENVIRONMENT)
    print(f"{path.stem:28} {time.perf_counter() - start:5.1f} s", flush=True)
    if done.returncode:
        print(done.stderr, file=sys.stderr)
        return False
    if differences(kept, done.stdout):
        with write_whole(output, "w") as file:
            file.write(done.stdout)
    elif picture and drawn_by(figure) != software:
        figure.write_bytes(picture)
    return True


def drawn_by(figure):
    """The software that a PNG names, with its version."""
    with Image.open(figure) as image:
        return image.info.get("Software")


def differences(kept, printed):
    """Pairs of lines that differ in more than white space and the last digits of numbers with decimals."""
    pairs = zip(kept.splitlines(), printed.splitlines(), strict=False)
    different = [(a, b) for a, b in pairs if not _alike(a, b)]
    if kept.count("\n") != printed.count("\n"):
        different.append((f"{kept.count(chr(10))} lines", f"{printed.count(chr(10))} lines"))
    return different


def _alike(a, b):
    if NUMBER.sub("#", a).split() != NUMBER.sub("#", b).split():
        return False
    pairs = zip(NUMBER.findall(a), NUMBER.findall(b), strict=True)
    return all(abs(float(x) - float(y)) <= _slack(x) for x, y in pairs)


def _slack(number):
    """How far a number may be off: nothing for whole ones, so that units, counts and ranks are exact."""
    mantissa, _, exponent = number.partition("e")
    decimals = len(mantissa.partition(".")[2])
    return 1.01 * LAST_DIGITS * 10.0 ** (int(exponent or 0) - decimals) if decimals else 0


if __name__ == "__main__":
    sys.exit(0 if main(tuple(sys.argv[1:])) else 1)
