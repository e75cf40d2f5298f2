"""Writing files whole or not at all."""

import os
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from ..errors import MinilstmError

ABANDONED = 3600  # seconds


def check_writable(path, *endings):
    """Raise a MinilstmError unless a file can be put at `path`; for before a long computation.

    With `endings`, its name must have one of them: nobody's table is replaced when arguments are mixed up.

    >>> check_writable("no_such_folder/model.npz")
    Traceback (most recent call last):
    ...
    minilstm.errors.MinilstmError: no_such_folder/model.npz: cannot be written, there is no folder no_such_folder
    """
    path = Path(path)
    if not path.name or path.is_dir():
        raise MinilstmError(f"{path}: cannot be written, it is a folder; expected the name of a file")
    if endings and path.suffix not in endings:
        raise MinilstmError(f"{path}: not written; expected a name that ends in {' or '.join(endings)}")
    if path.exists() and not path.is_file():  # /dev/stdout, a pipe: a file would take its place
        raise MinilstmError(f"{path}: cannot be written, it is no regular file")
    if path.parent.exists() and not path.parent.is_dir():
        raise MinilstmError(f"{path}: cannot be written, {path.parent} is a file; expected a folder")
    if not path.parent.is_dir():
        raise MinilstmError(f"{path}: cannot be written, there is no folder {path.parent}")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise MinilstmError(f"{path}: cannot be written, no permission to write in the folder {path.parent}")


@contextmanager
def write_whole(path, mode="wb"):
    """Open a temporary file beside `path`; put it in `path`'s place only when the block ends without an error.

    A reader therefore sees the old file or the new one, never half of one, and a full disk or an interrupt costs
    nothing that was there before.

    Parameters
    ----------
    path : str or Path
        The file to write. Its folder must exist.
    mode : {"wb", "w"}
        Binary, or text in UTF-8.

    Yields
    ------
    file
        The open temporary file.

    Raises
    ------
    MinilstmError
        If the file cannot be written: no such folder, no permission, a full disk.
    """
    path = Path(path)
    check_writable(path)
    encoding = None if "b" in mode else "utf-8"
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, mode, encoding=encoding) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())  # mkstemp makes files that only their owner can read
        os.replace(temporary, path)
        temporary = None
    except OSError as error:
        raise MinilstmError(f"{path}: cannot be written ({error.strerror or error})") from error
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def abandoned(path):
    """Return whether a file is one of `write_whole` whose writer was killed: nothing was written for an hour."""
    try:
        return path.name[0] == "." and time.time() - path.stat().st_mtime > ABANDONED
    except FileNotFoundError:  # its writer has put it in its place by now
        return False


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask
