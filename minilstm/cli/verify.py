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
    command.add_argument(
        "folder", type=Path, nargs="?", metavar="DIR", help="what `minilstm vectors` wrote, or a model file"
    )
    command.add_argument(
        "outputs",
        type=Path,
        nargs="?",
        metavar="OUTPUTS",
        help="what your program made of it, .npz or .safetensors; or another model file, to be compared",
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
    from ..verification.model_files import is_model_file
    from ..verification.verify import verify

    if options.installed:
        if options.folder:
            raise MinilstmError("--installed: it makes its own test vectors; leave DIR and OUTPUTS out")
        return _check_installed(options)
    if options.device or options.folder is None:
        raise MinilstmError("verify: expected DIR and OUTPUTS, one or two model files, or --installed [--device D]")
    if is_model_file(options.folder):
        return _check_files(options)
    if options.outputs is None:
        raise MinilstmError(f"verify: expected what your program made of the test vectors in {options.folder} too")

    verdict = verify(options.folder, options.outputs, options.rtol, options.atol)
    if options.json:
        errors = {name: _finite(error) for name, error in verdict.errors.items()}
        print(to_json(verdict._asdict() | {"errors": errors, "first": verdict.first and _finite(verdict.first)}))
    else:
        print(verdict)
    return 0 if verdict.ok else 1


def _check_files(options):
    """Print what is found in one model file, or how two differ; 1 where one departs."""
    from ..verification.model_files import compare_files, verify_file

    if options.outputs is not None:
        verdict = compare_files(options.folder, options.outputs)
        if verdict.ok:
            print(f"{options.folder} and {options.outputs} hold the same LSTM.")
        else:
            print(f"{options.outputs} does not hold the LSTM of {options.folder}; on random words:\n{verdict}")
        return 0 if verdict.ok else 1
    verdicts = []
    for found, verdict in verify_file(options.folder):
        print(f"{found}\n{verdict}\n")
        verdicts.append(verdict)
    return 1 if any(verdict is False or not verdict for verdict in verdicts) else 0


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
