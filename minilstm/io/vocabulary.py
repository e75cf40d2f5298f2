"""The vocabulary of a language model: which word is which index, as files, lists and mappings say it."""

import json
import re
from collections.abc import Iterable, Mapping
from numbers import Integral
from pathlib import Path
from typing import NamedTuple

from ..errors import ModelFileError
from ..records import short_repr

LONGEST_WORD = 1_000  # bytes
LARGEST_JSON = 2**26  # bytes
NUMBER = re.compile("[0-9]+")
QUOTES = '"', "'"


@short_repr
class Vocabulary(NamedTuple):
    """Words in the order of their indices, and sentences on what was mended on the way."""

    words: tuple[str, ...]
    remarks: tuple[str, ...]


def read_vocabulary(path):
    r"""Read a vocabulary file: one word a line, line number = index, or a list or mapping in JSON.

    Lines end in "\n" or "\r\n" and in nothing else: words may contain any other Unicode white space, at which
    `str.splitlines` would split and so shift every later index. What leaves no doubt is mended, and a remark says so:
    a byte order mark, empty lines at the end, blanks around words, quotes around all words, and a column of counts or
    of indices beside the words. Indices decide which word is which.

    Parameters
    ----------
    path : str or Path
        UTF-8.

    Returns
    -------
    Vocabulary

    Raises
    ------
    ModelFileError
        The file cannot be read, or a line, which is named, is empty, not UTF-8, longer than 1,000 bytes, a
        repeat, or not in the form that most others have.
    """
    path = Path(path)
    try:
        if path.exists() and not path.is_file():
            what = "a folder" if path.is_dir() else "not a regular file"
            raise ModelFileError(f"{path}: {what}; expected a vocabulary, one word a line")
        with path.open("rb") as file:
            words = _from_json(file, path)
            if words is not None:
                return Vocabulary(words, ("a list or mapping of words in JSON",))
            numbered = enumerate(iter(lambda: file.readline(LONGEST_WORD + 4), b""), 1)
            lines = [_decoded(line, path, number) for number, line in numbered]
    except OSError as error:
        raise ModelFileError(f"{path}: cannot be read: {error.strerror}; expected a vocabulary") from None
    remarks = []
    try:
        for mend in (_without_mark, _without_blanks, _without_columns, _without_quotes):
            lines = mend(lines, remarks)
        _check_words(lines)
    except ModelFileError as error:
        raise ModelFileError(f"{path}, {error}") from None
    if not lines:
        raise ModelFileError(f"{path}: empty; expected a vocabulary, one word a line")
    return Vocabulary(tuple(lines), tuple(remarks))


def read_words(path):
    """The words of a running text, whatever white space is between them; a byte order mark at its start is left out.

    Raises
    ------
    ModelFileError
        If the file cannot be read as UTF-8.
    """
    try:
        return Path(path).read_text(encoding="utf-8-sig").split()
    except OSError as error:
        raise ModelFileError(f"{path}: cannot be read: {error.strerror}; expected a text") from None
    except UnicodeDecodeError as error:
        raise ModelFileError(f"{path}: cannot be read as text in UTF-8 ({error.reason}, byte {error.start})") from None


def words_of(vocabulary):
    """The words of a vocabulary that a caller hands over, in the order of their indices.

    Parameters
    ----------
    vocabulary : sequence of str, or mapping of str to int or of int to str
        A mapping's indices count from 0 and leave none out.

    Returns
    -------
    tuple of str

    Raises
    ------
    ModelFileError
        If it is one string, or holds anything but words.

    Examples
    --------
    >>> words_of({"boy": 1, "the": 0})
    ('the', 'boy')
    """
    if isinstance(vocabulary, (str, bytes)) or not isinstance(vocabulary, Iterable):
        raise ModelFileError(f"vocabulary: expected a list of words, got {vocabulary!r:.60}")
    if isinstance(vocabulary, Mapping):
        pairs = list(vocabulary.items())
        if all(isinstance(key, str) for key in vocabulary):
            pairs = [(index, word) for word, index in pairs]
        missing = set(range(len(pairs))) - {index for index, _ in pairs if isinstance(index, Integral)}
        if missing:
            expected = f"{len(pairs)} words need the indices 0 to {len(pairs) - 1}, each once"
            raise ModelFileError(f"vocabulary: {expected}; no word has {min(missing)}")
        vocabulary = [word for _, word in sorted(pairs)]
    words = tuple(vocabulary)
    for place, word in enumerate(words):
        if not isinstance(word, str):
            raise ModelFileError(f"vocabulary: expected words, got {word!r:.40} at index {place}")
    return words


def _from_json(file, path):
    """The words in a JSON list or mapping; None, and the file at its beginning, if it is not JSON."""
    start = file.read(4).removeprefix(b"\xef\xbb\xbf")
    file.seek(0)
    if start[:1] not in (b"[", b"{"):
        return None
    try:
        value = json.loads(file.read(LARGEST_JSON).decode("utf-8-sig"))
    except (ValueError, RecursionError):
        file.seek(0)
        return None
    if isinstance(value, dict) and value and all(NUMBER.fullmatch(key) for key in value):
        value = {int(key): word for key, word in value.items()}
    try:
        return words_of(value)
    except ModelFileError as error:
        raise ModelFileError(f"{path}: JSON, but {error}") from None


def _decoded(line, path, number):
    """A line without its end."""
    if len(line.rstrip(b"\r\n")) > LONGEST_WORD:
        raise ModelFileError(f"{path}, line {number}: more than {LONGEST_WORD} bytes; expected one word")
    try:
        return line.removesuffix(b"\n").removesuffix(b"\r").decode("utf-8")
    except UnicodeDecodeError as error:
        raise ModelFileError(f"{path}, line {number}: not UTF-8 ({error.reason}); expected one word") from None


def _without_mark(lines, remarks):
    if len(lines) > 1 and lines[0].startswith("\ufeff"):
        remarks.append("a byte order mark at the start is left out")
        lines = [lines[0][1:], *lines[1:]]
    return lines


def _without_blanks(lines, remarks):
    """Without empty lines at the end and without blanks around words; a word that is all blanks stays."""
    end = len(lines)
    while end and not lines[end - 1]:
        end -= 1
    if end < len(lines):
        remarks.append("empty lines at the end are left out")
    words = [line.strip(" \t") or line for line in lines[:end]]
    count = sum(word != line for word, line in zip(words, lines, strict=False))
    if count:
        remarks.append(f"blanks around words are left out, in {count} lines")
    return words


def _without_columns(lines, remarks):
    """Without columns of whole numbers beside the words; if they are indices, in their order."""
    for separator in ("\t", " ", ","):
        for last in (True, False):
            pairs = [_word_and_number(line, separator, last) for line in lines]
            if len(pairs) - pairs.count(None) <= max(1, len(lines) / 2):
                continue
            if None in pairs:
                number = pairs.index(None) + 1
                raise ModelFileError(
                    f"line {number}: {lines[number - 1][:60]!r}; expected a word and a number, as in most other lines"
                )
            words, numbers = zip(*pairs, strict=True)
            if all(NUMBER.fullmatch(word) for word in words):
                raise ModelFileError(f"line 1: {lines[0][:60]!r}; expected a word, got numbers only")
            return _without_columns(_in_order(words, numbers, remarks), remarks)
    if lines and all("\t" in line.strip() for line in lines):
        raise ModelFileError(f"line 1: {lines[0][:60]!r}; expected one word, without columns beside it")
    return lines


def _word_and_number(line, separator, last):
    """The two sides of a line, the number behind the word or before it; None if there is no number."""
    word, number = line.rpartition(separator)[::2] if last else line.partition(separator)[::-2]
    word = word.strip(" \t")
    return (word, int(number)) if word and NUMBER.fullmatch(number) else None


def _in_order(words, numbers, remarks):
    """The words in the order of their indices, if the numbers are indices; as they stand, if they are counts."""
    for first in (0, 1):
        if list(numbers) == list(range(first, first + len(words))):
            remarks.append(f"a column of indices from {first} on is left out")
            return list(words)
        if sorted(numbers) == list(range(first, first + len(words))):
            if list(numbers) == sorted(numbers, reverse=True):
                raise ModelFileError("line 1: the numbers may be counts or indices; expected the words alone, in order")
            remarks.append(f"the words are in the order of the indices beside them, from {first} on")
            return [word for _, word in sorted(zip(numbers, words, strict=True))]
    remarks.append("a column of numbers, counts, is left out")
    return list(words)


def _without_quotes(lines, remarks):
    for quote in QUOTES:
        if all(len(line) > 2 and line[0] == line[-1] == quote for line in lines):
            remarks.append(f"quotes {quote} around all words are left out")
            return [line[1:-1].replace(2 * quote, quote) for line in lines]
    return lines


def _check_words(words):
    places = {}  # word to line number
    for number, word in enumerate(words, 1):
        if not word:
            raise ModelFileError(f"line {number}: empty; expected one word")
        if word in places:
            raise ModelFileError(
                f"line {number}: the word {word[:60]!r} was line {places[word]} already; expected every word once"
            )
        places[word] = number
