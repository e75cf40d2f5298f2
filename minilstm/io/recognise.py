"""Recognise the kind of a model file by its content, not by its name."""

from pathlib import Path

from ..errors import ModelFileError

POINTER = b"version https://git-lfs"
DIRECTORY = 2**16  # bytes at the end of a zip file in which the names of its members are looked for


def kind_of(path):
    """Recognise a file of a model.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    {"npz", "safetensors", "torch"}
        If the content does not tell, what the name says.

    Raises
    ------
    ModelFileError
        If it is empty, cannot be read, is a pointer of Git LFS's in place of a file, or a program of TorchScript's.
    """
    path = Path(path)
    try:
        if path.exists() and not path.is_file():
            what = "a folder" if path.is_dir() else "not a regular file"
            raise ModelFileError(f"{path}: {what}; expected a model file")
        with path.open("rb") as file:
            start, size = file.read(256), path.stat().st_size
            file.seek(max(0, size - DIRECTORY))
            end = file.read()
    except OSError as error:
        raise ModelFileError(f"{path}: cannot be read: {error.strerror}") from None
    if not start:
        raise ModelFileError(f"{path}: empty; expected a model")
    if start.startswith(POINTER):
        raise ModelFileError(f"{path}: a pointer of Git LFS, not the file itself; git lfs pull fetches that")
    if start[8:9] == b"{" and int.from_bytes(start[:8], "little") <= size - 8:
        return "safetensors"
    if start.startswith(b"PK\x03\x04") and b"/constants.pkl" in end and b"/code/" in end:
        raise ModelFileError(
            f"{path}: a module of TorchScript; `torch.save(torch.jit.load(FILE).state_dict(), NEW)` makes a file of "
            "its weights"
        )
    if start.startswith(b"PK\x03\x04"):
        return "torch" if b"/data.pkl" in start else "npz"
    if start.startswith(b"\x80"):
        return "torch"
    return {".npz": "npz", ".safetensors": "safetensors"}.get(path.suffix, "torch")
