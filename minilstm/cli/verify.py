"""`minilstm vectors` and `minilstm verify`: does an LSTM of your own follow the equations?"""

import math
import sys
from pathlib import Path

from ..analyses.tables import render, to_json
from ..errors import MinilstmError
from ..io.conventions import CONVENTIONS


def add_vectors_options(command):
    """The options of `minilstm vectors`."""
    command.add_argument("folder", type=Path, metavar="DIR", help="the folder to write them into")
    command.add_argument("--convention", choices=tuple(CONVENTIONS), help="names and order of weights (pytorch)")
    command.add_argument("--seed", type=int, default=0)
    command.add_argument(
        "--variant",
        metavar="NAME",
        help="another kind of LSTM: bidirectional, projection, bidirectional-projection, peepholes, coupled, clip, "
        "activations, onnx; or all of them, each in a folder of its own",
    )
    for size, default in (("layers", 2), ("units", 8), ("inputs", 8), ("batch", 5)):
        command.add_argument(f"--{size}", type=int, metavar="N", help=f"how many (default: {default})")
    command.add_argument("--zero-state", action="store_true", help="for programs that cannot be given a state")


def add_verify_options(command):
    """The options of `minilstm verify`."""
    command.add_argument("folder", type=Path, nargs="?", metavar="DIR", help="what `minilstm vectors` wrote")
    command.add_argument(
        "outputs", type=Path, nargs="?", metavar="OUTPUTS", help="what your program made of it, .npz or .safetensors"
    )
    command.add_argument(
        "--installed", action="store_true", help="the LSTM of every framework that is installed instead"
    )
    command.add_argument("--device", help="with --installed: cpu, cuda or mps (every one that a framework finds)")
    command.add_argument("--rtol", type=float, help="relative tolerance (default: by the precision of the outputs)")
    command.add_argument("--atol", type=float, help="absolute tolerance")
    command.add_argument("--json", action="store_true", help="print JSON")


def write(options):
    """Write test vectors and the page that specifies them."""
    from ..verification.variants import VARIANTS
    from ..verification.vectors import write_vectors

    sizes = {name: getattr(options, name) for name in ("layers", "units", "inputs", "batch")}
    sizes = {name: size for name, size in sizes.items() if size is not None}
    if options.zero_state:
        sizes["zero_state"] = True
    if options.variant and sizes:
        given = ", ".join(f"--{name.replace('_', '-')}" for name in sizes)
        raise MinilstmError(f"--variant: its vectors have one size and a state; leave {given} out")
    folders = {options.folder: options.variant}
    if options.variant == "all":
        folders = {options.folder / name: name for name in VARIANTS}
    for folder, variant in folders.items():
        for path in write_vectors(folder, options.convention, options.seed, variant, **sizes):
            print(path)


def check(options):
    """Print the verdict; the exit code is 1 where the outputs depart from the equations."""
    from ..verification.verify import verify

    if options.installed:
        if options.folder:
            raise MinilstmError("--installed: it makes its own test vectors; leave DIR and OUTPUTS out")
        return _check_installed(options)
    if options.outputs is None or options.device:
        raise MinilstmError("verify: expected DIR and OUTPUTS, or --installed, which may have a --device")

    verdict = verify(options.folder, options.outputs, options.rtol, options.atol)
    if options.json:
        errors = {name: _finite(error) for name, error in verdict.errors.items()}
        print(to_json(verdict._asdict() | {"errors": errors, "first": verdict.first and _finite(verdict.first)}))
    else:
        print(verdict)
    return 0 if verdict.ok else 1


def _check_installed(options):
    """Print a table of all frameworks; 1 where one departs from the equations."""
    from ..verification.installed import Row, verify_installed

    rows = []
    for row, _ in verify_installed(options.device):
        rows.append(row)
        print(f"{row.framework}, {row.variant}, {row.precision}: {row.verdict}", file=sys.stderr, flush=True)
    print(render(Row._fields, rows, "json" if options.json else "text"))
    return 1 if any(row.verdict == "WRONG" for row in rows) else 0


def _finite(fields):
    """A named tuple for JSON, which has no word for nan and infinity."""
    values = fields._asdict()
    return {k: None if isinstance(value, float) and not math.isfinite(value) else value for k, value in values.items()}
