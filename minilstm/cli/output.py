"""Printing of results, and writing of what `--out` asks for."""

import sys
import tempfile
import textwrap

from ..analyses.experiment import file_path
from ..analyses.tables import render, to_json
from ..errors import MinilstmError
from ..io.atomic import check_writable
from .options import PICTURES

WIDTH = 100
FILES = {".csv", ".eps", ".html", ".jpeg", ".jpg", ".json", ".npz", ".pdf", ".png", ".svg", ".tsv", ".txt"}
REPLACED = " (in the place of an earlier file)"
OUT_HELP = "write all tables and figures into a folder, or, as NAME.png or NAME.svg, the first figure"


def print_results(results, form="text"):
    """Text and tables for people, the first table as CSV, or all tables as JSON.

    Parameters
    ----------
    results : list of Result
    form : {"text", "csv", "json"}
    """
    tables = [table for result in results for table in result.tables()]
    if form == "json":
        print(
            to_json(
                {table.name: [dict(zip(table.columns, row, strict=True)) for row in table.rows] for table in tables}
            )
        )
    elif form == "csv":
        if not tables:
            raise MinilstmError("--csv: there is no table: " + " ".join(text for one in results for text in one.text()))
        print(render(tables[0].columns, tables[0].rows, "csv"))
        if tables[1:]:
            print(f"--csv: the first of {len(tables)} tables; --json has them all, and --out", file=sys.stderr)
    else:
        blocks = []
        for result in results:
            blocks += [textwrap.fill(text, WIDTH) for text in result.text()]
            blocks += [in_text(table) for table in result.tables() if not table.long]
        print("\n\n".join(blocks))


def in_text(table):
    """A table with its caption."""
    return f"{textwrap.fill(table.caption, WIDTH)}\n{render(table.columns, table.rows, digits=table.digits)}"


def check_out(path):
    """Raise MinilstmError if `--out` cannot be written, before the work begins."""
    if path is None or path.suffix not in PICTURES:
        return check_folder(path, expected="a folder, or a name that ends in .png or .svg")
    try:
        check_writable(path)
    except MinilstmError as error:
        raise MinilstmError(f"--out {error}") from None


def check_folder(path, option="--out", expected="a folder"):
    """Raise MinilstmError if files cannot be put into that folder, which need not be there yet."""
    if path is None:
        return
    if path.suffix.lower() in FILES and not path.is_dir():
        raise MinilstmError(f"{option} {path}: expected {expected}")
    try:
        with tempfile.TemporaryFile(dir=next(one for one in (path, *path.parents) if one.exists())):
            pass
    except OSError as error:
        file = next((one for one in (path, *path.parents) if one.is_file()), None)
        reason = error.strerror if file is None else f"{file} is a file"
        raise MinilstmError(f"{option} {path}: cannot be written, {reason}; expected {expected}") from None


def write_out(results, path):
    """All tables and figures of results into a folder, or the first figure as a picture."""
    from ..analyses.style import save
    from ..io.atomic import write_whole

    if path is None:
        return
    figures = [figure for result in results for figure in result.figures()]
    replaced = path.is_file()
    if path.suffix in PICTURES:
        if not figures:
            raise MinilstmError(f"--out {path}: there is no figure of this")
        save(figures[0].draw(), path)
    else:
        path.mkdir(parents=True, exist_ok=True)
        for result in results:
            for table in result.tables():
                with write_whole(path / f"{table.name}.csv", "w") as file:
                    file.write(render(table.columns, table.rows, "csv") + "\n")
        for figure in figures:
            save(figure.draw(), path / f"{figure.name}.png")
    print(f"\nwritten: {path}{REPLACED * replaced}", file=sys.stderr)


def out_option(command):
    """`--out`."""
    command.add_argument("--out", type=file_path, metavar="FOLDER|NAME.png|NAME.svg", help=OUT_HELP)
