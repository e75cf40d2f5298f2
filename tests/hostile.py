"""Damaged and hostile files for every loader, and a judge of what the loaders do with them.

    python tests/hostile.py --n 20000 --seed 0

makes that many mutants of a good file of each kind, loads each, and prints what came of them. The verdicts:

- refused: the documented exception, one of this package's, that names the file;
- equal: what the untouched file gives;
- payload: other numbers or words, only because bytes that hold numbers or words were changed. The format has
  no checksum, so that this is another good file;
- structure: something else after damage elsewhere (a name, a shape) that happens to describe a good file.
  Counted apart; BAD where there are checksums, or where names and shapes are known beforehand;
- BAD: anything else: another exception, code that ran, memory over 4 x the file, a minute's wait.

Memory is what Python and NumPy allocate, as `tracemalloc` sees it; allowed are 4 x the file and `FLOOR`, what
reading any file takes, however small.
"""

import argparse
import random
import signal
import sys
import tempfile
import tracemalloc
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

FLOOR = 4_000_000
PATIENCE = 60  # seconds; a file of a few kilobytes takes milliseconds
BOUNDARIES = (0, 1, 2**15, 2**16 - 1, 2**31 - 1, 2**32 - 1, 2**63 - 1, 2**64 - 1, 2**62, 2**40)
PAYLOAD = b"cos\nsystem\nX\x04\x00\x00\x00exit\x85R"  # os.system("exit") in the opcodes of a pickle
VERDICTS = ("refused", "equal", "payload", "structure", "BAD")
FORBIDDEN = (
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.fork",
    "os.forkpty",
    "os.spawn",
    "subprocess.Popen",
)
FORBIDDEN += (
    "pickle.find_class",
    "socket.connect",
    "shutil.rmtree",
    "os.remove",
    "os.rename",
    "ctypes.dlopen",
)


class Canary:
    """Listens, through Python's audit events, for processes, unpickled names and file operations."""

    def __init__(self):
        self.awake, self.heard = False, []
        sys.addaudithook(self._hook)

    def _hook(self, event, args):
        if self.awake and event in FORBIDDEN:
            self.heard.append((event, args))

    def watch(self, function):
        """Return function(), or raise AssertionError if anything forbidden happened meanwhile."""
        self.heard.clear()
        self.awake = True
        try:
            return function()
        finally:
            self.awake = False
            assert not self.heard, f"code ran: {self.heard[:3]}"


CANARY = Canary()


def mutants(data, n, seed=0):
    """Yield `n` pairs (description, bytes): `data`, damaged in ways that a seed determines."""
    rng = random.Random(seed)
    for _ in range(n):
        damage = rng.choice(DAMAGES)
        what, mutant = damage(rng, data, rng.randrange(len(data)))
        yield what, bytes(mutant)


def truncations(data, at_most=None):
    """Yield the proper beginnings of `data`, all or `at_most` so many, as pairs (description, bytes)."""
    for end in range(0, len(data), 1 if at_most is None else -(-len(data) // at_most)):
        yield f"first {end} bytes", data[:end]


def _truncate(rng, data, at):
    return f"first {at} bytes", data[:at]


def _flip(rng, data, at):
    mutant, places = (
        bytearray(data),
        [at] + [rng.randrange(len(data)) for _ in range(rng.choice((0, 0, 0, 1, 3)))],
    )
    bits = [rng.randrange(8) for _ in places]
    for place, bit in zip(places, bits, strict=True):
        mutant[place] ^= 1 << bit
    return f"bits {bits} of bytes {places} flipped", mutant


def _set(rng, data, at):
    value = rng.choice((0, 0x7F, 0x80, 0xFF, rng.randrange(256)))
    return f"byte {at} set to {value}", data[:at] + bytes([value]) + data[at + 1 :]


def _set_length(rng, data, at):
    size, value = rng.choice((1, 2, 4, 8)), rng.choice(BOUNDARIES)
    number = (value % 2 ** (8 * size)).to_bytes(size, rng.choice(("little", "big")))
    return f"{size} bytes at {at} set to the number {value}", data[:at] + number + data[at + size :]


def _insert(rng, data, at):
    extra = rng.choice((rng.randbytes(rng.choice((1, 2, 8, 100))), PAYLOAD, b"\n", b"\xff\xfe", b"\0" * 16))
    return f"{extra[:30]!r} inserted at {at}", data[:at] + extra + data[at:]


def _overwrite(rng, data, at):
    return f"a call of os.system written over byte {at}", data[:at] + PAYLOAD + data[at + len(PAYLOAD) :]


def _remove(rng, data, at):
    size = rng.choice((1, 2, 4, 8, 64, 1000))
    return f"{size} bytes removed at {at}", data[:at] + data[at + size :]


def _repeat(rng, data, at):
    size = rng.choice((1, 4, 16, 64, 1000))
    return f"{size} bytes repeated at {at}", data[: at + size] + data[at:]


def _swap(rng, data, at):
    size, other = rng.choice((1, 4, 8, 32)), rng.randrange(len(data))
    first, second = sorted((at, other))
    if first + size > second:
        return _set(rng, data, at)
    middle, a, b = data[first + size : second], data[first : first + size], data[second : second + size]
    return f"{size} bytes at {first} and {second} swapped", data[:first] + b + middle + a + data[second + size :]


def _append(rng, data, at):
    return "bytes appended", data + rng.choice((b"\0", b"\n", rng.randbytes(20), data))


DAMAGES = (_truncate, _flip, _flip, _flip, _set, _set_length, _set_length, _insert, _overwrite)
DAMAGES += (_remove, _repeat, _swap, _append)


@dataclass(frozen=True)
class Loader:
    """A kind of file, and how it is read.

    Attributes
    ----------
    name : str
    filename : str
    data : bytes
        A good file.
    load : callable
        From a path to something that `equal` compares: arrays, words, and dicts, tuples or lists of them.
    error : type
        What `load` may raise.
    named : set of str
        Further files that the error may name instead.
    payload : range
        The bytes that hold numbers or words without a checksum.
    strict : bool
        Must all damage elsewhere be found?
    """

    name: str
    filename: str
    data: bytes
    load: Callable
    error: type
    payload: range = range(0)
    named: frozenset = frozenset()
    strict: bool = True


def equal(a, b):
    """Are two results the same, types and shapes included?"""
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, dict):
        return list(a) == list(b) and all(equal(a[key], b[key]) for key in a)
    if isinstance(a, (tuple, list)):
        return len(a) == len(b) and all(map(equal, a, b))
    return a == b


def judge(loader, mutant, good, folder, again=True):
    """Load a mutant and return (verdict, explanation); `good` is what the untouched file gives."""
    path = _write(folder, "mutant", loader, mutant)
    tracemalloc.start()
    signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(PATIENCE)
    try:
        result = CANARY.watch(lambda: loader.load(path))
        refusal = None
    except loader.error as error:
        refusal = str(error)
    except BaseException as error:  # whatever it is, it is what this looks for
        return "BAD", f"{type(error).__name__}: {error}"
    finally:
        signal.alarm(0)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    if peak > 4 * len(mutant) + FLOOR:
        if again:  # what other threads allocate meanwhile, or a module that is imported, is not the loader's
            return judge(loader, mutant, good, folder, again=False)
        return "BAD", f"allocated {peak} bytes for a file of {len(mutant)}"
    if refusal is not None:
        named = any(name in refusal for name in {loader.filename} | loader.named)
        return ("refused", refusal) if named else ("BAD", f"does not name the file: {refusal}")
    if equal(result, good):
        return "equal", ""
    if _only_payload(loader, mutant, good, folder):
        return "payload", ""
    return ("BAD" if loader.strict else "structure"), "damage was not found"


def _write(folder, kind, loader, data):
    path = Path(folder) / kind / loader.filename
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)  # another file, for the last one may be mapped; and some disks rewrite slowly
    path.write_bytes(data)
    return path


def _too_long(*_):
    raise TimeoutError(f"more than {PATIENCE} s")


def _only_payload(loader, mutant, good, folder):
    """Does the result differ only because bytes of the payload did?"""
    start, stop = loader.payload.start, loader.payload.stop
    if len(mutant) != len(loader.data):  # then the payload must be all there is
        return (start, stop) == (0, len(loader.data))
    restored = _write(folder, "mutant", loader, mutant[:start] + loader.data[start:stop] + mutant[stop:])
    return equal(loader.load(restored), good)


def count(loader, damaged, folder):
    """Judge pairs (description, bytes); return a Counter of verdicts and a line on each bad one."""
    good = loader.load(_write(folder, "good", loader, loader.data))  # apart, as it may stay mapped
    verdicts, bad = Counter(), []
    for what, mutant in damaged:
        verdict, why = judge(loader, mutant, good, folder)
        verdicts[verdict] += 1
        if verdict == "BAD":
            bad.append(f"{loader.name}, {what}: {why}")
    return verdicts, bad


def main():
    """Print the figures; exit with 1 if there is anything bad."""
    from hostile_loaders import GROUPS

    parser = argparse.ArgumentParser(description="Load damaged files and count what comes of them.")
    parser.add_argument("--n", type=int, default=500, help="mutants of each kind of file (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    bad = []
    print(f"{options.n} mutants of each file, seed {options.seed}, and every truncation of it")
    print(f"{'':44}" + "".join(f"{verdict:>10}" for verdict in VERDICTS))
    with tempfile.TemporaryDirectory() as folder:
        for loader in [loader for group in GROUPS for loader in group(Path(folder))]:
            tried = {
                "": mutants(loader.data, options.n, options.seed),
                ", truncated": truncations(loader.data),
            }
            for what, damaged in tried.items():
                verdicts, more = count(loader, damaged, folder)
                bad += more
                print(f"{loader.name + what:44}" + "".join(f"{verdicts[verdict]:10}" for verdict in VERDICTS))
    print(*bad[:50], sep="\n")
    return 1 if bad else 0


if __name__ == "__main__":
    # under this name, so that hostile_loaders shares these classes
    sys.modules["hostile"] = sys.modules["__main__"]
    sys.exit(main())
