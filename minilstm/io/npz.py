"""Archives of arrays, .npz: written whole and always the same, read without believing anything in them.

An .npz is a zip archive whose members are .npy files. The names, sizes and types of all members are known from the
archive's directory and the first bytes of each member before any array is allocated, so that a caller can compare
them with what should be there.
"""

import io
import math
import struct
import zipfile
import zlib
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from ..errors import ModelFileError
from .atomic import write_whole

BROKEN = (  # what zipfile and NumPy raise on damaged archives, apart from ValueError
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    OverflowError,
    MemoryError,
)
PIECE = 2**18  # bytes that stay in the core's own cache while they are checked, summed and written
GROWTH = 4  # a compressed file may unpack to this many times its size, no more


def write_npz(path, arrays, check=lambda name, piece: None):
    """Write a mapping of names to arrays to `path`, whole or not at all; the same arrays give the same bytes.

    `check` is called with an array's name and each flat piece of it before the piece is written: what it raises an
    error about does not come to exist.
    """
    with write_whole(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            array = np.asarray(array, order="C")
            # ZipInfo's fixed date, not today's
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                np.lib.format.write_array_header_1_0(member, np.lib.format.header_data_from_array_1_0(array))
                flat, step = array.reshape(-1), PIECE // array.itemsize
                for start in range(0, len(flat), step):
                    piece = flat[start : start + step]
                    check(name, piece)
                    member.write(piece)


class Npz:
    """An open archive.

    Attributes
    ----------
    declared : dict of str to (shape, dtype)
        What each member says it holds.
    """

    def __init__(self, archive, size, growth):
        self._archive = archive
        self._infos = _members(archive, size * growth)
        described = {name: _described(archive, info) for name, info in self._infos.items()}
        self.declared = {name: (shape, dtype) for name, (shape, _, dtype) in described.items()}
        self._orders = {name: "F" if fortran else "C" for name, (_, fortran, _) in described.items()}

    def read(self, name):
        """The array called `name`, its checksum verified."""
        if name not in self.declared:
            raise ModelFileError(f"no member {name!r}; there are {', '.join(sorted(self.declared)) or 'none'}")
        shape, dtype = self.declared[name]
        info = self._infos[name]
        with self._archive.open(info) as member:
            data = member.read(info.file_size)  # read() without a size would unpack all there is
        size = dtype.itemsize * math.prod(shape)
        return np.frombuffer(data, dtype, offset=len(data) - size).reshape(shape, order=self._orders[name])


@contextmanager
def open_npz(path, growth=GROWTH):
    """Open an .npz file for the length of a `with` block.

    Parameters
    ----------
    path : str or Path
    growth : float
        All members together may be this many times larger than the file.

    Yields
    ------
    Npz

    Raises
    ------
    ModelFileError
        Naming the file, if it is not a whole .npz, and for every ModelFileError raised inside the block.
    """
    path = Path(path)
    try:
        with zipfile.ZipFile(path) as archive:
            yield Npz(archive, path.stat().st_size, growth)
    except ModelFileError as error:
        raise ModelFileError(f"{path}: {error}") from None
    except BROKEN as error:
        raise ModelFileError(f"{path}: not a whole .npz file ({error})") from error
    except OSError as error:
        raise ModelFileError(f"{path}: cannot be read ({error.strerror or error})") from error
    except ValueError as error:  # NumPy's word on a malformed .npy member
        raise ModelFileError(f"{path}: not an .npz file of ours ({error})") from error


def _members(archive, limit):
    """The archive's members by name, without `.npy`; no name twice, and not more than `limit` bytes in all."""
    infos, count = {}, _count(archive)
    if count != len(archive.infolist()):  # damaged lengths can make one entry swallow the next
        raise ModelFileError(f"{len(archive.infolist())} members can be read, but there should be {count}")
    for info in archive.infolist():
        name = info.filename.removesuffix(".npy")
        if name in infos:
            raise ModelFileError(f"member {name!r} is there twice")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ModelFileError(f"member {name!r}: expected it stored or deflated, as NumPy writes it")
        infos[name] = info
    total = sum(info.file_size for info in infos.values())
    if total > limit:
        raise ModelFileError(f"unpacks to {total} bytes, expected at most {limit:.0f} for its size")
    return infos


def _count(archive):
    """The number of members that the archive's last 22 bytes, but for a comment behind them, give."""
    archive.fp.seek(-22 - len(archive.comment), io.SEEK_END)
    return struct.unpack("<10xH10x", archive.fp.read(22))[0]


def _described(archive, info):
    """Shape, order and dtype that a member's first bytes declare, checked against the number of bytes that follow."""
    with archive.open(info) as member:
        start = io.BytesIO(member.read(4096))
    if start.read(8) != np.lib.format.magic(1, 0):
        raise ModelFileError(f"member {info.filename!r}: expected an array as .npy of version 1.0")
    try:
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(start)
    except Exception as error:  # NumPy sets Python's parser and tokenizer on these bytes: many kinds of exception
        raise ModelFileError(f"member {info.filename!r}: its .npy header cannot be read ({error})") from None
    size = dtype.itemsize * math.prod(shape)
    if dtype.hasobject or min(shape, default=0) < 0 or info.file_size != start.tell() + size:
        raise ModelFileError(f"member {info.filename!r}: {info.file_size} bytes do not hold {shape} of {dtype}")
    return shape, fortran, dtype
