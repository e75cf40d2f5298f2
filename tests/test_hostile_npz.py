"""Model files damaged or forged below the level of arrays: .npy headers, the zip archive, bytes."""

import os
import random
import re
import tracemalloc
import zipfile

import numpy as np
import pytest
from model_files import assert_same, change, make, npy, refused

from minilstm import load
from minilstm.errors import ModelFileError


@pytest.fixture
def path(tmp_path):
    """A good model file."""
    make().save(tmp_path / "model.npz")
    return tmp_path / "model.npz"


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<f4', 'fortran_order': False, 'shape': (12, 4), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (10000000000, 10000000000), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-12, -3), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 10000000000), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (12, 3.0), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': 36, }",
        "{'descr': '<f4', 'fortran_order': 0, 'shape': (12, 3), }",
        "{'descr': '|O', 'fortran_order': False, 'shape': (12, 3), }",
        "{'descr': '|V0', 'fortran_order': False, 'shape': (12, 3), }",
        "{'descr': [('a', '<f2'), ('b', '<f2')], 'fortran_order': False, 'shape': (12, 3), }",
        "{'descr': __import__('os').abort(), 'fortran_order': False, 'shape': (12, 3), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (12, 3), 'more': 1}",
        "{'descr': '<f4', 'fortran_order': False, 'shape' (12, 3)(, }",  # a TokenError in NumPy's second attempt
        "{'descr': '<f4', 'fortran_order': False, 'shape': (12, 3)}\n  \n  x\n y",  # an IndentationError there
        "(" * 3000,
        "-" * 3000,
        "",
    ],
)
def test_headers_of_members(path, header):
    change(path, U1=npy(header))
    refused(path)


def test_the_header_of_a_member_may_also_be_too_long(path):
    change(path, U1=npy("{'descr': '<f4', 'fortran_order': False, 'shape': (12, 3), }" + " " * 10_000))
    refused(path)
    change(path, U1=npy("{'descr': '<f4', 'fortran_order': False, 'shape': (12, 3), }" + " " * 1_000))
    assert (load(path).layers[1].U == 0).all()  # as long as this is fine: the refusals above have their reasons


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"PK\x05\x06" + bytes(18), b"\x80\x02}q\x00.", b"\0" * 1000])
def test_foreign_files(tmp_path, data):
    (tmp_path / "model.npz").write_bytes(data)
    refused(tmp_path / "model.npz")


def test_truncated_at_every_byte(path):
    for end in reversed(range(path.stat().st_size)):
        os.truncate(path, end)
        refused(path)


def test_every_byte_damaged(path):
    """One random bit in each byte of the file: refused, or without effect, as for dates in the archive's directory."""
    data, rng, model, unharmed = path.read_bytes(), random.Random(0), make(), 0
    members = []  # where the members themselves lie, which have checksums
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            start = data.index(b"\x93NUMPY", info.header_offset)
            members.append(range(start, start + info.file_size))
    with path.open("r+b", buffering=0) as file:
        for at, byte in enumerate(data):
            file.seek(at)
            file.write(bytes([byte ^ 1 << rng.randrange(8)]))
            try:
                got = load(path)
            except ModelFileError as error:
                assert str(path) in str(error)
            else:
                assert_same(got, model)
                assert not any(at in member for member in members)
                unharmed += 1
            file.seek(at)
            file.write(bytes([byte]))
    assert unharmed < len(data) / 5


def test_the_same_member_twice(path):
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("U1.npy", archive.read("U1.npy"))
    refused(path, "member 'U1' is there twice")


def test_one_name_with_and_without_npy(path):
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("U1", archive.read("U1.npy"))
    refused(path, "member 'U1' is there twice")


def test_a_member_that_swallows_the_next(path):
    """Lengths in the archive's directory decide where an entry ends: word_counts could vanish as b1's comment."""
    data = path.read_bytes()
    at = data.rindex(b"PK\x01\x02", 0, data.rindex(b"word_counts.npy"))
    swallowed = data.rindex(b"PK\x05\x06") - at
    before = data.rindex(b"PK\x01\x02", 0, at)
    path.write_bytes(data[: before + 32] + swallowed.to_bytes(2, "little") + data[before + 34 :])
    with zipfile.ZipFile(path) as archive:  # zipfile itself does not mind
        assert "word_counts.npy" not in archive.namelist() and len(archive.namelist()) == 10
    refused(path, "10 members can be read, but there should be 11")


def peak_of_loading(path):
    """The most memory that refusing a file takes, in bytes."""
    tracemalloc.start()
    try:
        refused(path)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_zip_bomb(path):
    """1e8 zeros in 100 kB: refused from the archive's directory, before anything is unpacked."""
    change(path, compression=zipfile.ZIP_DEFLATED, U1=np.zeros((12, 3_000_000), "f4"))
    assert path.stat().st_size < 500_000
    refused(path, "unpacks to", "bytes, expected at most")
    assert peak_of_loading(path) < 4 * path.stat().st_size


def test_a_zip_bomb_that_lies_about_its_size(path):
    """The directory says 25,728 bytes, the deflated stream goes on for 1e8: no more than was said is unpacked."""
    make(sizes=(4, 40)).save(path)
    header = "{'descr': '<f4', 'fortran_order': False, 'shape': (160, 40), }".ljust(118)
    change(path, compression=zipfile.ZIP_DEFLATED, U1=npy(header, bytes(10**8)))
    data = bytearray(path.read_bytes())
    size = data.rindex(b"U1.npy") - 22  # in the archive's directory
    data[size : size + 4] = (128 + 4 * 160 * 40).to_bytes(4, "little")
    path.write_bytes(data)
    refused(path, "Bad CRC-32 for file 'U1.npy'")
    assert peak_of_loading(path) < 4 * path.stat().st_size + 1_000_000


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions(path, method):
    """zipfile unpacks these without a limit, so that they are not read at all."""
    change(path, compression=method)
    refused(path, "expected it stored or deflated")


def test_a_sealed_archive(path):
    data = bytearray(path.read_bytes())
    for match in re.finditer(rb"PK\x01\x02", data):
        data[match.start() + 8] |= 1  # the flag of encryption
    path.write_bytes(data)
    refused(path, "encrypted")
