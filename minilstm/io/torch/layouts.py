"""The two layouts of PyTorch files: where the pickles lie, and where the numbers.

Both are read from a memory map, so that numbers are never copied: what comes back are views of the file.
"""

import mmap
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np

from ...errors import ModelFileError
from .inert import Instance, Unknown, integer, shown
from .pickles import read_pickle
from .stubs import Known, Storage

MAGIC = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001
LARGEST_DIRECTORY = 2**18  # bytes, of a zip file's directory
LARGEST_STRING = 2**24  # bytes, of a string in a pickle; the numbers of the weights are mapped, not read
LARGEST_LINE = 2**18  # bytes
MOST_ELEMENTS = 2**40


class MappedFile(mmap.mmap):
    """A read-only memory map whose file methods refuse to copy more than `largest` bytes at once."""

    largest = LARGEST_STRING

    def read(self, n=None):
        n = len(self) - self.tell() if n is None else n
        if n > self.largest:
            raise ModelFileError(f"a string or directory of {n} bytes; expected at most {self.largest}")
        return super().read(n)

    def readline(self):
        end = self.find(b"\n", self.tell(), self.tell() + LARGEST_LINE)
        return self.read(LARGEST_LINE if end < 0 else end + 1 - self.tell())


def map_file(path):
    """Map the file at `path`, or raise a ModelFileError that says why not."""
    path = Path(path)
    try:
        if path.exists() and not path.is_file():
            raise ModelFileError("not a regular file; expected one that torch.save wrote")
        with path.open("rb") as file:
            if not path.stat().st_size:
                raise ModelFileError("empty; expected a file that torch.save wrote")
            return MappedFile(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise ModelFileError(f"cannot be read: {error.strerror}") from None


def read_layout(mapped, allowed, budget):
    """Read either layout.

    Returns
    -------
    layout : {"legacy", "zip"}
    pickled : object
        What `read_pickle` made of the object's pickle; its tensors refer to storages by key.
    storages : dict of str to ndarray
        One-dimensional, read-only views of the file, native byte order unless the file says big-endian.
    """
    start = bytes(mapped[:4])
    if start == b"PK\x03\x04":
        return "zip", *_read_zip(mapped, allowed, budget)
    if start[:1] == b"\x80":
        return "legacy", *_read_legacy(mapped, allowed, budget)
    if bytes(mapped[257:262]) == b"ustar":
        raise ModelFileError("a tar file of PyTorch 0.1; expected one that PyTorch 0.2 or later wrote")
    raise ModelFileError(
        f"starts with {shown(start)}; expected a pickle or a zip file that torch.save wrote, an .npz, or .safetensors"
    )


def _read_legacy(mapped, allowed, budget):
    mapped.seek(0)
    if read_pickle(mapped, budget) != MAGIC:
        raise ModelFileError("the first pickle is not PyTorch's magic number")
    if read_pickle(mapped, budget) != PROTOCOL:
        raise ModelFileError(f"the second pickle is not PyTorch's protocol version, {PROTOCOL}")
    # Byte order and C type sizes of the writer. Big-endian machines convert: all files are little-endian.
    if not isinstance(read_pickle(mapped, budget), dict):
        raise ModelFileError("the third pickle is not the dictionary that describes the writer's machine")
    described = {}
    pickled = read_pickle(mapped, budget, allowed, lambda pid: _legacy_id(pid, described))
    keys = read_pickle(mapped, budget)
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise ModelFileError("the fifth pickle is not a list of storage keys")
    if sorted(keys) != sorted(described):
        raise ModelFileError(f"the storages it lists, {len(keys)}, are not those its tensors use, {len(described)}")
    position, storages = mapped.tell(), {}
    for key in keys:
        storage = described[key]
        (count,) = struct.unpack("<q", _part(mapped, position, 8, f"the length of storage {shown(key)}"))
        if count != storage.total:
            raise ModelFileError(f"storage {shown(key)} has {count} elements; expected {storage.total}")
        storages[key] = _numbers(mapped, position + 8, storage, "<")
        position += 8 + storages[key].nbytes
    if position != len(mapped):
        raise ModelFileError(f"{len(mapped) - position} bytes follow the last storage; expected none")
    return pickled, storages


def _legacy_id(pid, described):
    if len(pid) == 4 and pid[0] == "module":
        if not isinstance(pid[1], Unknown):
            raise ModelFileError(f"a module of class {shown(pid[1])}; expected the name of one")
        return pid[1]  # the class's source file and source code, in 2 and 3, are only text here
    if len(pid) != 6:
        raise ModelFileError(f"a persistent id of {len(pid)} parts; expected a module of 4 or a storage of 6")
    if isinstance(pid[1], Unknown):  # how long it is, and so where the next one begins, cannot be known
        raise ModelFileError(f"a storage of type {shown(pid[1].name)}; expected one of floats or whole numbers")
    return _describe(pid[:5], described, pid[5])


def _describe(pid, described, view=None):
    """Turn ("storage", class, key, location, elements) into a `Storage`; the location is dropped."""
    kind, cls, key, location, total = pid
    if kind != "storage" or not isinstance(cls, Known) or cls.dtype is None:
        raise ModelFileError(f"a persistent id of kind {shown(kind)}; expected a known storage class")
    if not isinstance(key, str) or not isinstance(location, str):
        raise ModelFileError(f"a storage's key {shown(key)} or location {shown(location)}; expected strings")
    integer(total, 0, MOST_ELEMENTS, "a storage's length")
    whole = Storage(key, cls.dtype, total, 0, total)
    if described.setdefault(key, whole) != whole:
        raise ModelFileError(f"storage {shown(key)} is described twice, and differently")
    if view is None:
        return whole
    if not isinstance(view, tuple) or len(view) != 3:
        raise ModelFileError(f"a view of a storage is {shown(view)}; expected (key, offset, length)")
    start = integer(view[1], 0, total, "a view's offset")
    return Storage(key, cls.dtype, total, start, integer(view[2], 0, total - start, "a view's length"))


def _part(mapped, start, size, what):
    if start < 0 or start + size > len(mapped):
        raise ModelFileError(f"{what} should be at byte {start}; the file has {len(mapped)}")
    return mapped[start : start + size]


def _numbers(mapped, start, storage, order):
    dtype = np.dtype("<u2" if storage.dtype == "bfloat16" else storage.dtype).newbyteorder(order)
    if start + storage.total * dtype.itemsize > len(mapped):
        raise ModelFileError(
            f"storage {shown(storage.key)} is {storage.total} x {dtype.itemsize} bytes from byte "
            f"{start} on; the file has {len(mapped)} in all"
        )
    return np.frombuffer(mapped, dtype, storage.total, start) if storage.total else np.empty(0, dtype)


def _read_zip(mapped, allowed, budget):
    members, prefix = _directory(mapped)
    if f"{prefix}constants.pkl" in members:
        raise ModelFileError("a TorchScript program (torch.jit.save); expected what torch.save writes")
    start, end = _member(mapped, members, f"{prefix}data.pkl")
    order = ">" if _byte_order(mapped, members, prefix) == b"big" else "<"
    described = {}

    def persistent(pid):
        if len(pid) != 5:
            raise ModelFileError(f"a persistent id of {len(pid)} parts; expected a storage of 5")
        if isinstance(pid[1], Unknown):
            return Instance(f"a storage of type {pid[1].name}")
        return _describe(pid, described)

    mapped.seek(start)
    pickled = read_pickle(mapped, budget, allowed, persistent)
    if mapped.tell() != end:
        raise ModelFileError(f"the pickle in {prefix}data.pkl ends at byte {mapped.tell()}; expected {end}")
    storages = {}
    for key, storage in described.items():
        start, end = _member(mapped, members, f"{prefix}data/{key}")
        storages[key] = _numbers(mapped, start, storage, order)
        if storages[key].nbytes != end - start:
            raise ModelFileError(f"storage {shown(key)} has {end - start} bytes; expected {storages[key].nbytes}")
    return pickled, storages


def _directory(mapped):
    """Return the zip file's members by name, and the folder name that all of them start with."""
    mapped.largest = LARGEST_DIRECTORY
    try:
        infos = zipfile.ZipFile(mapped).infolist()
    except ModelFileError:
        raise
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error, OSError, EOFError) as error:
        raise ModelFileError(f"not a whole zip file: {str(error)[:200]}") from None
    finally:
        mapped.largest = LARGEST_STRING
    end = mapped.rfind(b"PK\x05\x06", max(0, len(mapped) - 2**16 - 22))
    (count,) = struct.unpack("<H", _part(mapped, end + 10, 2, "the number of members"))
    if count != len(infos):  # a damaged length can hide the entries behind it, which zipfile does not notice
        raise ModelFileError(f"{len(infos)} members in the zip file's directory; expected {count}")
    members = {info.filename: info for info in infos}
    if len(members) != len(infos):
        raise ModelFileError("two members of the zip file have one name")
    pickles = [name for name in members if name.endswith("/data.pkl") and name.count("/") == 1]
    if len(pickles) != 1:
        raise ModelFileError(
            f"a zip file, but not one that torch.save wrote: {len(pickles)} members are called FOLDER/data.pkl"
        )
    return members, pickles[0].removesuffix("data.pkl")


def _byte_order(mapped, members, prefix):
    if f"{prefix}byteorder" not in members:
        return b"little"  # before PyTorch 2.1
    start, end = _member(mapped, members, f"{prefix}byteorder")
    order = bytes(mapped[start : min(end, start + 10)])
    if order not in (b"little", b"big"):
        raise ModelFileError(f"the byte order is {shown(order)}; expected 'little' or 'big'")
    return order


def _member(mapped, members, name):
    """Return where the bytes of a member start and end, its checksum verified."""
    if name not in members:
        raise ModelFileError(f"no member {shown(name)} in the zip file")
    info = members[name]
    if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size or info.flag_bits & 1:
        raise ModelFileError(f"{shown(name)} is compressed or encrypted; torch.save stores as is")
    header = _part(mapped, info.header_offset, 30, f"the header of {shown(name)}")
    name_size, extra_size = struct.unpack_from("<HH", header, 26)
    start = info.header_offset + 30 + name_size + extra_size
    end = start + info.file_size
    raw_name = name.encode("utf-8" if info.flag_bits & 0x800 else "cp437", "surrogateescape")
    if header[:4] != b"PK\x03\x04" or mapped[start - extra_size - name_size : start - extra_size] != raw_name:
        raise ModelFileError(f"no header for {shown(name)} at byte {info.header_offset}")
    if end > len(mapped):
        raise ModelFileError(f"{shown(name)} ends at byte {end}; the file has {len(mapped)}")
    with memoryview(mapped) as view, view[start:end] as part:
        computed = any(other.CRC for other in members.values())  # `set_crc32_options(False)` leaves 0 everywhere
        if computed and zlib.crc32(part) != info.CRC:
            raise ModelFileError(f"the checksum of {shown(name)} is wrong; the file was damaged")
    return start, end
