"""Lines, cells and words of text files, and errors that name the file and the line."""

import codecs
import csv
import re

from ..errors import StimulusError

GLUED = re.compile(r"(.*\w)([,;:!?])")  # a word with a mark that no vocabulary writes as part of it
NO_TEXT = {
    "\0": "byte 0x00; expected text in UTF-8. Text in UTF-16 has such bytes: `iconv -f utf-16 -t utf-8 OLD > NEW`",
    "\r": "a carriage return that ends no line; expected lines that end as in Unix or Windows: "
    "`tr '\\r' '\\n' < OLD > NEW`",
}
SENTENCE_ENDS = (".", "!", "?", "<eos>")


def lines(path):
    """(number from 1, text) of each line; a byte-order mark and Windows line ends are taken off.

    A file read as bytes ends its lines at ``\\n`` only. str.splitlines would also split at characters such as
    U+2028, which may stand inside a word.
    """
    number = 0
    try:
        with open(path, "rb") as file:
            for number, line in enumerate(file, 1):
                if number == 1:
                    line = line.removeprefix(codecs.BOM_UTF8)
                text = line.decode("utf-8").removesuffix("\n").removesuffix("\r")
                for mark, why in NO_TEXT.items():
                    if mark in text:
                        raise broken(path, number, why)
                yield number, text
    except OSError as error:
        raise StimulusError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        hint = _encoding_hint(error.object, number)
        raise broken(path, number, f"byte 0x{byte:02x} is not UTF-8; expected text in UTF-8{hint}") from error
    if number == 0:
        raise StimulusError(f"{path}: the file is empty")


def _encoding_hint(data, number):
    """Hint at the file's likely encoding, and at what makes it UTF-8."""
    if number == 1 and data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return ". It begins as UTF-32 does: `iconv -f utf-32 -t utf-8 OLD > NEW`"
    if number == 1 and data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return ". It begins as UTF-16 does: `iconv -f utf-16 -t utf-8 OLD > NEW`"
    text = data.decode("windows-1252", "replace").strip()
    if "\ufffd" in text or not text.isprintable() and "\t" not in text:
        return ""
    return f". If {text[:60]!r} is what the line says, it is Windows-1252: `iconv -f windows-1252 -t utf-8 OLD > NEW`"


def broken(path, number, message):
    """The error for one line of a file."""
    return StimulusError(f"{path}, line {number}: {message}")


def words(text):
    """The words between spaces; other Unicode white space may be part of a word of the vocabulary."""
    return tuple(word for word in text.split(" ") if word)


def tokens(text, last_stop=False):
    """Words with punctuation marks apart from them: ``"laugh,"`` is ``"laugh", ","``.

    Parameters
    ----------
    text : str
    last_stop : bool
        Whether a full stop at the end of the text is a mark too, as in a sentence set in ordinary type.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> tokens("Mr. Lee, who sings, left.", last_stop=True)
    ('Mr.', 'Lee', ',', 'who', 'sings', ',', 'left', '.')
    """
    parts = []
    if last_stop and re.search(r"[\w'\"]\.$", text):
        text = text[:-1] + " ."
    for word in words(text):
        glued = GLUED.fullmatch(word)
        parts += glued.groups() if glued else (word,)
    return tuple(parts)


def cells(path, number, line, delimiter="\t"):
    """The cells of a line, spaces around them taken off, and quotes that a spreadsheet or pandas has put around one."""
    if delimiter != "\t":
        try:
            return [
                cell.strip(" ")
                for cell in next(csv.reader([line], delimiter=delimiter, strict=True, skipinitialspace=True), [""])
            ]
        except csv.Error as error:
            raise broken(path, number, f"cannot be read as cells between {delimiter!r} ({error})") from error
    return [_unquoted(cell.strip(" ")) for cell in line.split("\t")]


def four(path, number, line, names):
    """The four columns, between tabs, of a line of a published file."""
    columns = [column.strip(" ") for column in line.split("\t")]
    if len(columns) != 4:
        raise broken(path, number, f"{len(columns)} column(s); expected 4, separated by tabs: {names}")
    return columns


def _unquoted(cell):
    """A cell without the quotes around it, if every quote within is written twice."""
    inner = cell[1:-1]
    if len(cell) > 1 and cell[0] == cell[-1] == '"' and '"' not in inner.replace('""', "") and '"' in inner:
        return inner.replace('""', '"').strip(" ")
    return cell
