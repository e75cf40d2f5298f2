"""Writing files whole or not at all."""

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path


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
    """
    path = Path(path)
    encoding = None if "b" in mode else "utf-8"
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, mode, encoding=encoding) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())  # mkstemp makes files that only their owner can read
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask
