"""Text files as they come: byte order marks, UTF-16, other encodings, separators."""

import codecs
import contextlib
import csv
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ..errors import InputError, listed, require

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", "whitespace": "run of blanks"}
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_CHUNK_CHARACTERS = 1 << 20


def detect_encoding(path: Path) -> str:
    """Return a file's encoding from its first bytes: a mark, the zero bytes of UTF-16, else UTF-8."""
    with path.open("rb") as content:
        start = content.read(4096)
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            return encoding
    if start[1:2] == b"\0":
        return "utf-16-le"
    return "utf-16-be" if start[:1] == b"\0" else "utf-8"


@contextlib.contextmanager
def as_utf8(path: Path, encoding: str) -> Iterator[Path]:
    """Yield a path to the file's text in plain UTF-8: a checked temporary copy, made in chunks.

    Raises:
        InputError: the bytes are not text in that encoding, or the encoding is unknown.
    """
    chosen = detect_encoding(path) if encoding == "auto" else encoding
    with tempfile.TemporaryDirectory(prefix="churnclv-") as folder:
        copy = Path(folder) / "log.csv"
        try:
            with (
                path.open(encoding=chosen, newline="") as source,
                copy.open("w", encoding="utf-8", newline="") as text,
            ):
                while chunk := source.read(_CHUNK_CHARACTERS):
                    text.write(chunk.replace("\0", ""))
        except UnicodeError as error:
            raise InputError(
                f"{path}: is not {chosen} text ({error}).",
                remedy="name the encoding, for example data.encoding=cp1252 (Excel in Western Europe).",
            ) from None
        except LookupError:
            raise InputError(
                f"data.encoding={chosen}: no such encoding.", remedy="for example utf-8 or cp1252."
            ) from None
        yield copy


def read_header(path: Path, separator: str) -> list[str]:
    """Return the column names in the first line of a UTF-8 file."""
    with path.open(encoding="utf-8", newline="") as text:
        lines = text.readline()
        header = lines.split() if separator == "whitespace" else next(csv.reader([lines], delimiter=separator), [])
    return [name.strip() for name in header]


def detect_separator(path: Path, wanted: list[str], chosen: str) -> str:
    """Return the separator under which the header has most of the wanted columns; `chosen` wins unless 'auto'."""
    if chosen != "auto":
        known = len(chosen) == 1 or chosen == "whitespace"
        require(known, f"data.separator is {chosen!r}.", remedy="one character, or 'whitespace'.")
        return chosen
    hits = {mark: len(set(wanted) & set(read_header(path, mark))) for mark in SEPARATORS}
    widths = {mark: len(read_header(path, mark)) for mark in SEPARATORS}
    return max(SEPARATORS, key=lambda mark: (hits[mark], widths[mark]))


def check_header(origin: str, header: list[str], columns: dict[str, str], separator: str | None = None) -> None:
    """Raise `InputError` that names every mapped column missing from the header, at once."""
    doubled = sorted({name for name in header if header.count(name) > 1 and name in columns.values()})
    require(
        not doubled,
        f"{origin}: row 1: more than one column is named {listed(doubled)}.",
        remedy="rename one.",
    )
    missing = {role: name for role, name in columns.items() if name not in header}
    if not missing:
        return
    absent = listed([f"{name!r} (data.columns.{role})" for role, name in missing.items()])
    remedy = f"the columns are {listed(header)}; map them, for example data.columns.{next(iter(missing))}=..."
    if separator is not None and len(header) == 1:
        others = [name for mark, name in SEPARATORS.items() if mark in header[0] and mark != separator]
        if others:
            remedy = f"the whole first line is one column; it holds a {others[0]}: set data.separator=auto."
    raise InputError(f"{origin}: row 1: no column {absent}.", remedy=remedy)
