"""`minilstm vectors` and `minilstm verify`: does an LSTM of your own follow the equations?"""

import math
import sys

from ..analyses.experiment import file_path, natural
from ..analyses.tables import render, to_json
from ..errors import MinilstmError
from ..io.conventions import CONVENTIONS

PRECISIONS = "float64", "float32", "float16", "bfloat16"
TOLERANCE = "precision", "rtol", "atol"  # options that say how closely to look


def add_vectors_options(command):
    """The options of `minilstm vectors`."""
    command.add_argument("folder", type=file_path, metavar="DIR", help="the folder to write them into")
    command.add_argument("--convention", choices=tuple(CONVENTIONS), help="names and order of weights (pytorch)")
    command.add_argument("--seed", type=natural, default=0)
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
        "folder",
        type=file_path,
        nargs="?",
        metavar="DIR",
        help="the test vectors that `minilstm vectors` wrote; or a model file (ONNX, PyTorch, .safetensors, .keras, "
        "minilstm), whose LSTMs are checked",
    )
    command.add_argument(
        "outputs",
        type=file_path,
        nargs="?",
        metavar="OUTPUTS",
        help="what your LSTM returned for these test vectors: output, h_n, C_n, ... in an .npz or .safetensors file, "
        "as DIR/README.md says; or another model file, to be compared with the first",
    )
    command.add_argument(
        "--installed", action="store_true", help="the LSTM of every framework that is installed instead"
    )
    command.add_argument("--device", help="with --installed: cpu, cuda or mps (every one that a framework finds)")
    command.add_argument(
        "--precision",
        choices=PRECISIONS,
        help="in which your LSTM computes (default: the type of the arrays; half precision in float32 has to be said)",
    )
    command.add_argument("--rtol", type=float, help="relative tolerance (default: by the precision)")
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
    """Print the verdict; the exit code is 1 where something departs from the equations, 2 where nothing was run."""
    from ..verification.model_files import MODEL_NAMES, is_model_file
    from ..verification.vectors import read_cases

    if options.installed:
        _refuse(options, "--installed", "folder", "outputs", *TOLERANCE)
        return _check_installed(options)
    if options.device or options.folder is None:
        raise MinilstmError("verify: expected DIR and OUTPUTS, one or two model files, or --installed [--device D]")
    for path in (options.folder, options.outputs):
        if path is not None and not path.exists():
            raise MinilstmError(f"{path}: cannot be read (no such file or folder)")
    if is_model_file(options.folder):
        _refuse(options, "a model file", *TOLERANCE)
        return _check_file(options) if options.outputs is None else _compare(options)
    if options.outputs is None:
        read_cases(options.folder)  # refuses what are no test vectors
        raise MinilstmError(
            f"verify: {options.folder} has test vectors; run your LSTM on them, save the output, h_n and C_n that it "
            f"returns with numpy.savez, and give that file too: minilstm verify {options.folder} outputs.npz"
        )
    if options.outputs.suffix in MODEL_NAMES:
        raise MinilstmError(
            f"verify: {options.outputs}: a model file; expected what an LSTM returned for the test vectors in "
            f"{options.folder}. To check the LSTMs in it: minilstm verify {options.outputs}"
        )
    return _check_outputs(options)


def _refuse(options, what, *names):
    """Raise an error if an option was given that means nothing with `what`."""
    for name in names:
        if getattr(options, name) is not None:
            word = {"folder": "DIR", "outputs": "OUTPUTS"}.get(name, f"--{name}")
            raise MinilstmError(f"verify: {word} says nothing about {what}; leave it out")


def _check_outputs(options):
    from ..verification.verify import verify

    how = options.rtol, options.atol, options.precision
    verdict = verify(options.folder, options.outputs, *how, progress=True)
    print(to_json(_as_dict(verdict)) if options.json else verdict)
    return 0 if verdict else 1


def _check_file(options):
    """Each LSTM in a model file."""
    from ..verification.model_files import verify_file

    results = list(verify_file(options.folder))
    if options.json:
        print(to_json([{"lstm": str(found)} | _as_dict(verdict) for found, verdict in results]))
    else:
        print("\n\n".join(f"{found}\n{verdict}" for found, verdict in results))
    if not all(verdict for _, verdict in results):
        return 1
    return 2 if all(isinstance(verdict, str) for _, verdict in results) else 0


def _compare(options):
    """Two model files that should hold the same LSTM."""
    from ..verification.conversions import compare_files

    found = compare_files(options.folder, options.outputs)
    if options.json:
        print(to_json(found._asdict() | {"first": found.first and found.first._asdict()}))
    else:
        print(f"{options.folder} and {options.outputs}:\n{found}")
    return 0 if found else 1


def _check_installed(options):
    """A table of all frameworks."""
    from ..verification.installed import Row, verify_installed

    rows = []
    for row, _ in verify_installed(options.device):
        rows.append(row)
        print(f"{row.framework}, {row.variant}, {row.precision}: {row.verdict}", file=sys.stderr, flush=True)
    print(render(Row._fields, rows, "json" if options.json else "text"))
    verdicts = {row.verdict for row in rows}
    return 1 if "WRONG" in verdicts else 2 if verdicts == {"not run"} else 0


def _as_dict(verdict):
    """A verdict, or the text that stands in its place, for JSON."""
    if isinstance(verdict, str):
        return {"ok": None, "reason": verdict}
    errors = {name: _finite(error) for name, error in verdict.errors.items()}
    return verdict._asdict() | {"errors": errors, "first": verdict.first and _finite(verdict.first)}


def _finite(fields):
    """A named tuple for JSON, which has no word for nan and infinity."""
    values = fields._asdict()
    return {k: None if isinstance(value, float) and not math.isfinite(value) else value for k, value in values.items()}
