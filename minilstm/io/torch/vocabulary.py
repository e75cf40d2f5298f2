"""The vocabulary of a language model: one word a line, line number = index."""

from pathlib import Path

from ...errors import ModelFileError

LONGEST_WORD = 1_000  # bytes


def read_vocabulary(path):
    r"""Read a vocabulary file.

    Lines end in "\n" or "\r\n" and in nothing else: words may contain any other Unicode white space, at which
    `str.splitlines` would split and so shift every later index.

    Parameters
    ----------
    path : str or Path
        UTF-8, one word a line.

    Returns
    -------
    tuple of str
        Word i is line i, counted from 0.

    Raises
    ------
    ModelFileError
        The file cannot be read, or a line, which is named, is empty, not UTF-8, longer than 1,000 bytes or a
        repeat.
    """
    path = Path(path)
    lines = {}  # word to line number
    try:
        if path.exists() and not path.is_file():
            raise ModelFileError(f"{path}: not a regular file; expected a vocabulary, one word a line")
        with path.open("rb") as file:
            for number, line in enumerate(iter(lambda: file.readline(LONGEST_WORD + 2), b""), 1):
                word = _word(line, path, number)
                if word in lines:
                    raise ModelFileError(
                        f"{path}, line {number}: the word {word[:60]!r} was line {lines[word]} "
                        "already; expected every word once"
                    )
                lines[word] = number
    except OSError as error:
        raise ModelFileError(f"{path}: cannot be read: {error.strerror}; expected a vocabulary") from None
    if not lines:
        raise ModelFileError(f"{path}: empty; expected a vocabulary, one word a line")
    return tuple(lines)


def _word(line, path, number):
    try:
        word = line.removesuffix(b"\n").removesuffix(b"\r").decode("utf-8")
    except UnicodeDecodeError as error:
        raise ModelFileError(f"{path}, line {number}: not UTF-8 ({error.reason}); expected one word") from None
    if len(line) > LONGEST_WORD:
        raise ModelFileError(f"{path}, line {number}: more than {LONGEST_WORD} bytes; expected one word")
    if not word:
        raise ModelFileError(f"{path}, line {number}: empty; expected one word")
    return word
