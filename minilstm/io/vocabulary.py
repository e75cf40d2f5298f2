"""The vocabulary of a language model: which word is which index, as files, lists and mappings say it."""

import json
import re
from collections.abc import Iterable, Mapping
from numbers import Real
from pathlib import Path
from typing import NamedTuple

from ..errors import ModelFileError
from ..records import short_repr

LONGEST_WORD = 1_000  # bytes
LARGEST_JSON = 2**26  # bytes
NUMBER = re.compile("[0-9]+")
QUOTES = '"', "'"
MARK = "\ufeff"  # the byte order mark
BLANKS = " \t\r\n"


@short_repr
class Vocabulary(NamedTuple):
    """Words in the order of their indices, and sentences on what was mended on the way."""

    words: tuple[str, ...]
    remarks: tuple[str, ...]


def read_vocabulary(path):
    r"""Read a vocabulary file: one word a line, line number = index, or a list or mapping in JSON.

    Lines end in "\n" or "\r\n" and in nothing else: words may contain any other Unicode white space, at which
    `str.splitlines` would split and so shift every later index. What leaves no doubt is mended, and a remark says so:
    a byte order mark, empty lines at the end, blanks around words, quotes or invisible characters around all words,
    and a column of counts or of indices beside the words. Indices decide which word is which. Quotes and invisible
    characters around some words, and words that are all numbers, are kept, and a remark says so.

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
        repeat, holds a NUL, or is not in the form that most others have.
    """
    path = Path(path)
    try:
        if path.exists() and not path.is_file():
            what = "a folder" if path.is_dir() else "not a regular file"
            raise ModelFileError(f"{path}: {what}; expected a vocabulary, one word a line")
        with path.open("rb") as file:
            words = _from_json(file, path)
            if words is not None:
                return words
            numbered = enumerate(iter(lambda: file.readline(LONGEST_WORD + 4), b""), 1)
            lines = [_decoded(line, path, number) for number, line in numbered]
    except OSError as error:
        raise ModelFileError(f"{path}: cannot be read: {error.strerror}; expected a vocabulary") from None
    remarks = []
    try:
        words = _mended(_without_empty_end(lines, remarks), remarks, "line {}".format)
        if "" in words:
            raise ModelFileError(f"line {words.index('') + 1}: empty; expected one word")
        _check_words(words, "line {}".format)
    except ModelFileError as error:
        raise ModelFileError(f"{path}, {error}") from None
    if not words:
        raise ModelFileError(f"{path}: empty; expected a vocabulary, one word a line")
    return Vocabulary(tuple(words), tuple(remarks))


def read_words(path):
    """The words of a running text, whatever white space is between them.

    Raises
    ------
    ModelFileError
        If the file cannot be read as UTF-8 or has no words.
    """
    words = read_text(path)[0].split()
    if not words:
        raise ModelFileError(f"{path}: expected words between white space, found none")
    return words


def read_text(path):
    """A text without byte order marks, of which a file that was put together has several; and remarks on them.

    Raises
    ------
    ModelFileError
        If the file cannot be read as UTF-8.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise ModelFileError(f"{path}: cannot be read: {error.strerror}; expected a text") from None
    except UnicodeDecodeError as error:
        raise ModelFileError(f"{path}: cannot be read as text in UTF-8 ({error.reason}, byte {error.start})") from None
    marks = text.count(MARK)
    return text.replace(MARK, ""), [f"byte order marks are left out, {marks} of them"] if marks else []


def words_of(vocabulary, name="vocabulary"):
    """The words of a vocabulary that a caller hands over, in the order of their indices, mended as a file's are.

    Parameters
    ----------
    vocabulary : sequence of str, or mapping of str to int or of int to str
        A mapping's indices count from 0 and leave none out.
    name : str
        What errors call it.

    Returns
    -------
    Vocabulary

    Raises
    ------
    ModelFileError
        If it is one string or a set, holds anything but words, or a word twice.

    Examples
    --------
    >>> words_of({"boy": 1, "the": 0}).words
    ('the', 'boy')
    >>> words_of(["the\\n", "boy\\n"]).remarks
    ('blanks or line ends are left out, around 2 of 2 words',)
    """
    check_ordered(vocabulary, name)
    if isinstance(vocabulary, (str, bytes)) or not isinstance(vocabulary, Iterable):
        raise ModelFileError(f"{name}: expected a list of words, got {vocabulary!r:.60}")
    words = _in_order_of_indices(vocabulary, name) if isinstance(vocabulary, Mapping) else list(vocabulary)
    for place, word in enumerate(words):
        if not isinstance(word, str):
            raise ModelFileError(f"{name}: expected words, got {word!r:.40} at index {place}")
    remarks = []
    try:
        words = _mended(words, remarks, _index)
        _check_words(words, _index)
    except ModelFileError as error:
        raise ModelFileError(f"{name}, {error}") from None
    return Vocabulary(tuple(words), tuple(remarks))


def check_ordered(words, name):
    """Raise a ModelFileError if the words are a set, which has another order in each process."""
    if isinstance(words, (set, frozenset)):
        raise ModelFileError(f"{name}: a set, whose order is another each time; expected a list")


def _index(number):
    return f"index {number - 1}"


def _in_order_of_indices(vocabulary, name):
    """The words of a mapping of words to indices or of indices to words."""
    pairs = list(vocabulary.items())
    if all(isinstance(key, str) for key in vocabulary):
        pairs = [(index, word) for word, index in pairs]
    expected = f"{name}: {len(pairs)} words need the indices 0 to {len(pairs) - 1}, each once"
    for index, word in pairs:
        if not isinstance(index, Real):
            raise ModelFileError(f"{expected}; {word!r:.40} has {index!r:.40}")
    missing = set(range(len(pairs))) - {index for index, _ in pairs}
    if missing:
        index, word = max(pairs, key=lambda pair: pair[0])
        counts = f", and {word!r:.40} has {index}: are these counts?" if index > len(pairs) else ""
        raise ModelFileError(f"{expected}; no word has {min(missing)}{counts}")
    return [word for _, word in sorted(pairs)]


def _from_json(file, path):
    """The Vocabulary in a JSON list or mapping; None, and the file at its beginning, if it is not JSON."""
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
    words, remarks = words_of(value, f"{path}: JSON, but the vocabulary")
    return Vocabulary(words, ("a list or mapping of words in JSON", *remarks))


def _decoded(line, path, number):
    """A line without its end."""
    if len(line.rstrip(b"\r\n")) > LONGEST_WORD:
        raise ModelFileError(f"{path}, line {number}: more than {LONGEST_WORD} bytes; expected one word")
    try:
        return line.removesuffix(b"\n").removesuffix(b"\r").decode("utf-8")
    except UnicodeDecodeError as error:
        raise ModelFileError(f"{path}, line {number}: not UTF-8 ({error.reason}); expected one word") from None


def _mended(words, remarks, at):
    """The words without what certainly is no part of them; `at` says where the word of a number is, from 1 on."""
    for mend in (_without_mark, _without_blanks, _without_columns, _without_quotes, _without_invisible):
        words = mend(words, remarks, at)
    if words and all(NUMBER.fullmatch(word) for word in words):
        remarks.append("all words are numbers; if these are the indices, the words are missing")
    return words


def _without_empty_end(lines, remarks):
    end = len(lines)
    while end and not lines[end - 1]:
        end -= 1
    if end < len(lines):
        remarks.append("empty lines at the end are left out")
    return lines[:end]


def _without_mark(words, remarks, at):
    if len(words) > 1 and words[0].startswith(MARK):
        remarks.append("a byte order mark at the start is left out")
        words = [words[0][1:], *words[1:]]
    return words


def _without_blanks(words, remarks, at):
    """Without blanks around words; a word that is all blanks stays."""
    bare = [word.strip(BLANKS) or word for word in words]
    count = sum(word != whole for word, whole in zip(bare, words, strict=True))
    if count:
        remarks.append(f"blanks or line ends are left out, around {count} of {len(words)} words")
    return bare


def _without_columns(lines, remarks, at):
    """Without columns of whole numbers beside the words; if they are indices, in their order."""
    for separator in ("\t", " ", ","):
        for last in (True, False):
            pairs = [_word_and_number(line, separator, last) for line in lines]
            if len(pairs) - pairs.count(None) <= max(1, len(lines) / 2):
                continue
            if None in pairs:
                number = pairs.index(None) + 1
                raise ModelFileError(
                    f"{at(number)}: {lines[number - 1][:60]!r}; expected a word and a number, as most others have"
                )
            words, numbers = zip(*pairs, strict=True)
            if all(NUMBER.fullmatch(word) for word in words):
                raise ModelFileError(f"{at(1)}: {lines[0][:60]!r}; expected a word, got numbers only")
            return _without_columns(_in_order(words, numbers, remarks, at), remarks, at)
    if lines and all("\t" in line.strip() for line in lines):
        raise ModelFileError(f"{at(1)}: {lines[0][:60]!r}; expected one word, without columns beside it")
    return lines


def _word_and_number(line, separator, last):
    """The two sides of a line, the number behind the word or before it; None if there is no number."""
    word, number = line.rpartition(separator)[::2] if last else line.partition(separator)[::-2]
    word = word.strip(" \t")
    return (word, int(number)) if word and NUMBER.fullmatch(number) else None


def _in_order(words, numbers, remarks, at):
    """The words in the order of their indices, if the numbers are indices; as they stand, if they are counts."""
    for first in (0, 1):
        if list(numbers) == list(range(first, first + len(words))):
            remarks.append(f"a column of indices from {first} on is left out")
            return list(words)
        if sorted(numbers) == list(range(first, first + len(words))):
            if list(numbers) == sorted(numbers, reverse=True):
                raise ModelFileError(
                    f"{at(1)}: the numbers may be counts or indices; expected the words alone, in order"
                )
            remarks.append(f"the words are in the order of the indices beside them, from {first} on")
            return [word for _, word in sorted(zip(numbers, words, strict=True))]
    remarks.append("a column of numbers, counts, is left out")
    return list(words)


def _without_quotes(words, remarks, at):
    for quote in QUOTES:
        quoted = [len(word) > 2 and word[0] == word[-1] == quote for word in words]
        bare = [w[1:-1].replace(2 * quote, quote) if q else w for w, q in zip(words, quoted, strict=True)]
        words = _if_all(bare, words, f"quotes {quote}", remarks, at)
    return words


def _without_invisible(words, remarks, at):
    """Without no-break spaces, zero-width spaces and the like at the ends; a word that is nothing else stays."""
    bare = [word.strip(BLANKS + "".join(c for c in word if not c.isprintable())) or word for word in words]
    return _if_all(bare, words, "characters that nobody sees", remarks, at)


def _if_all(bare, words, what, remarks, at):
    """The bare words if all of them had something around them; the words as they are, and a remark, if some had."""
    places = [k for k, word in enumerate(words) if bare[k] != word]
    if places and len(places) == len(words):
        remarks.append(f"{what} around all words are left out")
        return bare
    if places:
        first = f"{at(places[0] + 1)}: {words[places[0]]!r:.60}"
        remarks.append(f"{what} around {len(places)} of {len(words)} words are kept, such as {first}")
    return words


def _check_words(words, at):
    places = {}  # word to number, from 1 on
    for number, word in enumerate(words, 1):
        if "\0" in word:
            raise ModelFileError(f"{at(number)}: {word!r:.60} has a NUL in it; expected one word, in UTF-8")
        if word in places:
            raise ModelFileError(
                f"{at(number)}: the word {word[:60]!r} was {at(places[word])} already; expected every word once"
            )
        places[word] = number
