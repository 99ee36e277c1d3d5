"""Records: counts the rows of a text file without the engine, to detect rows that the engine lost."""

import csv
from pathlib import Path

from ..errors import InputError, require
from .text_file import find_blank_rows, long_cells

_CHUNK_BYTES = 1 << 22
_ENGINE_BYTES = 2 << 20  # the longest row that the engine reads


def check_rows(text: Path, separator: str, rows_read: int, origin: str) -> None:
    """Check that the engine read or rejected every row of a UTF-8 file below its header.

    Raises:
        InputError: a row is neither read nor counted as malformed; the message names the longest row.
    """
    quoted = separator != "whitespace"
    blank = len(find_blank_rows(text, separator)) if quoted else _count_blank_lines(text)
    if _count_ends(text, quoted=quoted) - blank - 1 == rows_read or not quoted:
        return
    rows, longest, size = _measure(text, separator, origin)
    remedy = "a quote that is opened and never closed joins rows; or leave out the column that holds so much."
    sentence = f"{origin}: {rows - 1:,} rows are in the file, {rows_read:,} of them can be read"
    about = f"row {longest} has {size:,} characters, and a row may have {_ENGINE_BYTES:,} bytes"
    require(rows - 1 == rows_read, f"{sentence}: {about}.", remedy=remedy)


def _count_ends(text: Path, *, quoted: bool) -> int:
    """Return the number of line ends outside quotes, which is the number of rows including blank ones."""
    rows, inside, last = 0, 0, b"\n"
    with text.open("rb") as content:
        while chunk := content.read(_CHUNK_BYTES):
            if chunk.endswith(b"\r"):
                chunk += content.read(1)  # the two bytes of one line end stay together
            last = chunk[-1:]
            quotes = chunk.count(b'"') if quoted else 0
            if quotes or inside:
                rows += _ends_outside_quotes(chunk, inside)
            else:
                rows += _ends(chunk)
            inside = (inside + quotes) % 2
    return rows + (last not in (b"\n", b"\r"))


def _ends_outside_quotes(chunk: bytes, inside: int) -> int:
    outside = b'"'.join(chunk.split(b'"')[inside::2])
    return _ends(outside)


def _ends(text: bytes) -> int:
    return text.count(b"\n") + text.count(b"\r") - text.count(b"\r\n")


def _count_blank_lines(text: Path) -> int:
    with text.open("rb") as lines:
        return sum(1 for line in lines if not line.strip())


def _measure(text: Path, separator: str, origin: str) -> tuple[int, int, int]:
    """Return the number of rows that are not blank, the number of the longest, and its characters."""
    rows, longest, size = 0, 1, 0
    with long_cells(text.stat().st_size + 1), text.open(encoding="utf-8", newline="") as lines:
        try:
            for number, cells in enumerate(csv.reader(lines, delimiter=separator), start=1):
                rows += bool(cells)
                length = sum(map(len, cells)) + len(cells) - 1
                longest, size = (number, length) if length > size else (longest, size)
        except csv.Error as error:
            raise InputError(f"{origin}: cannot be read as CSV ({error}).", remedy="check quotes.") from None
    return rows, longest, size
