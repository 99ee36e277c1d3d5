"""Text files: byte order marks, UTF-16, other encodings, separators."""

import codecs
import contextlib
import csv
import errno
import io
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError, listed, require
from ..files import unlinked_file
from .file_kinds import is_workbook, require_bounded, unpacked
from .json_lines import is_json, write_lines
from .settings import DataSettings
from .workbook import write_sheet

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", "whitespace": "run of blanks"}
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_CHUNK_CHARACTERS = 1 << 20
_CHUNK_BYTES = 1 << 22
_HEADER_CHARACTERS = 1 << 21  # the longest line that the engine reads
_NAME_CHARACTERS = 60


def detect_encoding(path: Path) -> str:
    """Return a file's encoding from its first bytes: by byte order mark, by the zero bytes of UTF-16, else UTF-8."""
    with unpacked(path) as content:
        start = content.read(4096)
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            return encoding
    if start[1:2] == b"\0":
        return "utf-16-le"
    return "utf-16-be" if start[:1] == b"\0" else "utf-8"


@dataclass(frozen=True)
class Text:
    """A table's text in plain UTF-8.

    `separator` is set if the text was converted from a workbook or JSON, otherwise None.
    `first_row` is the number, in the file, of the first row after the header.
    """

    path: Path
    separator: str | None = None
    first_row: int = 2


@contextlib.contextmanager
def as_text(path: Path, settings: DataSettings, *, header_only: bool = False) -> Iterator[Text]:
    """Yield a file's table as text, in an unnamed temporary copy. Workbooks and JSON are converted to CSV.

    With `header_only`, the copy of a text file ends after its first characters, which hold the header.

    Raises:
        InputError: the file is of another kind, is not text in the encoding chosen, or the encoding is unknown.
    """
    with unlinked_file() as copy, _as_space_left(path):
        if is_workbook(path):
            write_sheet(path, copy, settings)
            yield Text(copy, ",")
            return
        _decode(path, copy, settings, _HEADER_CHARACTERS if header_only else None)
        if not is_json(copy):
            yield Text(copy)
            return
        if header_only:
            _decode(path, copy, settings)
        with unlinked_file() as made:
            write_lines(copy, made, path)
            yield Text(made, ",", first_row=1)


def _decode(path: Path, copy: Path, settings: DataSettings, most: int | None = None) -> None:
    """Write a file's text in UTF-8, or about so many of its first characters."""
    chosen, where = settings.encoding, settings.where
    try:
        chosen = detect_encoding(path) if chosen == "auto" else chosen
        with (
            unpacked(path) as content,
            io.TextIOWrapper(content, encoding=chosen, newline="") as source,
            copy.open("w", encoding="utf-8", newline="") as text,
        ):
            text.write(source.read(1).replace("\ufeff", ""))  # a byte order mark that the encoding does not remove
            while chunk := source.read(_CHUNK_CHARACTERS):
                text.write(chunk.replace("\0", ""))
                require_bounded(path, text.tell())
                if most is not None and text.tell() >= most:
                    break
    except UnicodeError as error:
        raise InputError(
            f"{path}: is not {chosen} text ({error}).",
            remedy=f"name the encoding, for example {where}.encoding=cp1252 (Excel in Western Europe).",
        ) from None
    except LookupError:
        raise InputError(
            f"{where}.encoding={chosen}: no such encoding.", remedy="for example utf-8 or cp1252."
        ) from None


@contextlib.contextmanager
def _as_space_left(path: Path) -> Iterator[None]:
    """Turn a full folder for temporary files into `InputError`."""
    try:
        yield
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        where = tempfile.gettempdir()
        message = f"{path}: no space is left in {where}, where its text is copied to while it is read."
        raise InputError(message, remedy="free some, or set TMPDIR to a folder with more.") from None


def read_header(path: Path, separator: str) -> list[str]:
    """Return the column names in the first row of a UTF-8 file; a quoted name may span lines."""
    with path.open(encoding="utf-8", newline="") as text:
        head = io.StringIO(text.read(_HEADER_CHARACTERS), newline="")
    if separator == "whitespace":
        return head.readline().split()
    with long_cells(_HEADER_CHARACTERS):
        return [name.strip() for name in next(csv.reader(head, delimiter=separator), [])]


@contextlib.contextmanager
def long_cells(characters: int) -> Iterator[None]:
    """Raise the limit of the csv module to cells of so many characters."""
    former = csv.field_size_limit(characters)
    try:
        yield
    finally:
        csv.field_size_limit(former)


def find_blank_rows(path: Path, separator: str) -> list[int]:
    """Return the numbers of the empty rows, which the engine skips and does not count."""
    if not _has_blank_row(path):
        return []
    with long_cells(path.stat().st_size + 1), path.open(encoding="utf-8", newline="") as lines:
        return [row for row, cells in enumerate(csv.reader(lines, delimiter=separator), start=1) if not cells]


def _has_blank_row(path: Path) -> bool:
    """Return whether two line ends follow each other, also where they belong to a quoted cell."""
    end = b""
    with path.open("rb") as content:
        while chunk := content.read(_CHUNK_BYTES):
            part = end + chunk
            if any(pair in part for pair in (b"\n\n", b"\n\r\n", b"\r\r")):
                return True
            end = part[-2:]
    return False


def detect_separator(path: Path, wanted: list[str], chosen: str, where: str = "data") -> str:
    """Return `chosen`, or if it is 'auto', the separator with which the header has most of the wanted columns."""
    if chosen != "auto":
        is_valid = len(chosen) == 1 or chosen == "whitespace"
        require(is_valid, f"{where}.separator is {chosen!r}.", remedy="one character, or 'whitespace'.")
        return chosen
    hits = {mark: len(set(wanted) & set(read_header(path, mark))) for mark in SEPARATORS}
    widths = {mark: len(read_header(path, mark)) for mark in SEPARATORS}
    return max(SEPARATORS, key=lambda mark: (hits[mark], mark != "whitespace" and widths[mark] > 1, widths[mark]))


def check_header(origin: str, header: list[str], settings: DataSettings, separator: str | None = None) -> None:
    """Raise one `InputError` that names every mapped column missing from the header."""
    columns, setting = settings.mapped(), settings.setting
    require(any(header), f"{origin}: row 1 is blank.", remedy="export the log again; the first row names the columns.")
    doubled = sorted({name for name in header if header.count(name) > 1 and name in columns.values()})
    require(
        not doubled,
        f"{origin}: row 1: more than one column is named {listed([name or '(no name)' for name in doubled])}.",
        remedy="rename one.",
    )
    missing = {role: name for role, name in columns.items() if name not in header}
    if not missing:
        return
    absent = listed([f"{name!r} ({setting(role)})" for role, name in missing.items()])
    names = listed([name[:_NAME_CHARACTERS] for name in header])
    remedy = f"the columns are {names}; map them, for example {setting(next(iter(missing)))}=..."
    if separator is not None and len(header) == 1:
        others = [name for mark, name in SEPARATORS.items() if mark in header[0] and mark != separator]
        if others:
            remedy = f"the whole first line is one column; it holds a {others[0]}: set {settings.where}.separator=auto."
    raise InputError(f"{origin}: row 1: no column {absent}.", remedy=remedy)
