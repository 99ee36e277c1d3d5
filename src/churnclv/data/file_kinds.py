"""Kinds of files, by their first bytes: text is read, compressed text is unpacked, other kinds are refused."""

import contextlib
import gzip
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from ..errors import InputError, listed, require

UNPACKED_BYTES = 1 << 30  # always allowed; above it, the limit is a multiple of the packed size:
UNPACKED_TIMES = 200
_START = 4096
_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
_ENCRYPTED = 0x1
_AS_CSV = "export or save the table as CSV (UTF-8)."
_UNPACK = "unpack it, and name the CSV file."
_BINARY = (  # first bytes (pattern), kind of file, remedy
    (rb"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls) or one with a password", "save it as .xlsx or CSV."),
    (rb"PAR1", "a Parquet file", "leave data.format=auto, and do not pack it."),
    (rb"PK", "a zip archive inside another file", _UNPACK),
    (rb"\x1f\x8b", "a gzip file inside another file", _UNPACK),
    (rb"SQLite format 3\0", "an SQLite database", "export the table: sqlite3 -header -csv file 'SELECT ...' > t.csv"),
    (rb"ARROW1\0|FEA1[\s\S]*\0", "a Feather (Arrow) file", "write it as Parquet or CSV."),
    (rb"ORC[\0-\x08]|Obj\x01|\x89HDF", "an ORC, Avro or HDF5 file", "write it as Parquet or CSV."),
    (rb"BZh\d1AY&SY|\xfd7zXZ|\x28\xb5\x2f\xfd|7z\xbc\xaf|Rar!\x1a", "a packed file of another kind than gzip", _UNPACK),
    (rb"%PDF-", "a PDF document", _AS_CSV),
    (rb"\x80[\x02-\x05]", "a Python pickle", "write it as Parquet or CSV; a pickle is never opened."),
    (rb"RD[AX][23]\n|\$FL[23]|<stata_dta>|\x89PNG|\xff\xd8\xff|GIF8", "a file of another program", _AS_CSV),
    (
        rb"(?i)(\xef\xbb\xbf)?\s*<(!doctype|html|head|meta|table|body|style)\b",
        "an HTML page, whatever its name",
        _AS_CSV,
    ),
    (rb"(?i)(\xef\xbb\xbf)?\s*<\?xml\b", "an XML document", _AS_CSV),
)
_OFFICE = (  # member of the zip archive -> kind of file
    ("xl/workbook.xml", "workbook"),
    ("xl/workbook.bin", "a binary Excel workbook (.xlsb)"),
    ("word/document.xml", "a Word document"),
    ("Index/Document.iwa", "a Numbers spreadsheet"),
    ("content.xml", "an OpenDocument spreadsheet (.ods)"),
)


def is_workbook(path: Path) -> bool:
    """Return whether a file is an Excel workbook (.xlsx, .xlsm); another office file is refused.

    Raises:
        InputError: the archive is damaged, or of another program.
    """
    if _first_bytes(path)[:4] != _ZIP:
        return False
    with _opened_archive(path) as archive:
        names = set(archive.namelist())
        kind = next((kind for member, kind in _OFFICE if member in names), None)
        require(kind in {None, "workbook"}, f"{path}: is {kind}.", remedy="save it as .xlsx or CSV.")
        if kind == "workbook":
            require_bounded(path, sum(member.file_size for member in archive.infolist()))
    return kind is not None


@contextlib.contextmanager
def unpacked(path: Path) -> Iterator[IO[bytes]]:
    """Yield the bytes of a text file; a gzip file, or a zip archive with one table, is unpacked.

    Raises:
        InputError: the file is not text, is damaged, or holds several tables.
    """
    start = _first_bytes(path)[:4]
    with contextlib.ExitStack() as resources:
        resources.enter_context(_as_input_errors(path))
        if start == _ZIP:
            archive = resources.enter_context(_opened_archive(path))
            content = archive.open(_only_table(archive, path))
        elif start[:2] == _GZIP:
            content = cast("IO[bytes]", gzip.GzipFile(path, "rb"))
        else:
            content = path.open("rb")
        resources.enter_context(content)
        _require_text(path, content.read(_START))
        content.seek(0)
        yield content


def require_bounded(path: Path, size: int) -> None:
    """Raise `InputError` if `size`, the unpacked size in bytes, is above the limit for the packed file."""
    limit = max(UNPACKED_BYTES, UNPACKED_TIMES * path.stat().st_size)
    message = f"{path}: unpacks to more than {limit / (1 << 30):,.1f} GiB, {UNPACKED_TIMES} times its size."
    require(size <= limit, message, remedy="if it is a table, unpack it and name the CSV file.")


def _first_bytes(path: Path) -> bytes:
    with path.open("rb") as content:
        return content.read(_START)


def _require_text(path: Path, start: bytes) -> None:
    for beginning, name, remedy in _BINARY:
        require(re.match(beginning, start) is None, f"{path}: is {name}, not text.", remedy=remedy)


@contextlib.contextmanager
def _opened_archive(path: Path) -> Iterator[zipfile.ZipFile]:
    with _as_input_errors(path), zipfile.ZipFile(path) as archive:
        yield archive


def _only_table(archive: zipfile.ZipFile, path: Path) -> zipfile.ZipInfo:
    """Return the one table in an archive; files that operating systems add are ignored."""
    members = [member for member in archive.infolist() if not member.is_dir() and member.file_size]
    files = [
        member for member in members if not re.search(r"(^|/)(__MACOSX/|\.|Thumbs\.db$|desktop\.ini$)", member.filename)
    ]
    tables = [member for member in files if re.search(r"(?i)\.(csv|tsv|txt|tab|jsonl|ndjson)$", member.filename)]
    csv = [member for member in tables if re.search(r"(?i)\.[ct]sv$", member.filename)]
    chosen = next((group for group in (csv, tables, files) if group), [])
    require(bool(chosen), f"{path}: is a zip archive without a file in it.", remedy="pack it again.")
    names = listed([repr(member.filename) for member in chosen])
    require(len(chosen) == 1, f"{path}: is a zip archive of several files: {names}.", remedy="unpack it, and name one.")
    encrypted = bool(chosen[0].flag_bits & _ENCRYPTED)
    require(not encrypted, f"{path}: is a zip archive with a password.", remedy=_UNPACK)
    require_bounded(path, chosen[0].file_size)
    return chosen[0]


@contextlib.contextmanager
def _as_input_errors(path: Path) -> Iterator[None]:
    """Turn exceptions of damaged compressed files into `InputError`."""
    try:
        yield
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        kind = "zip archive" if _first_bytes(path)[:4] == _ZIP else "gzip file"
        raise InputError(f"{path}: is a damaged {kind} ({error}).", remedy="pack or copy it again.") from None
    except (zipfile.BadZipFile, NotImplementedError, struct.error) as error:
        raise InputError(f"{path}: is a zip archive that cannot be read ({error}).", remedy=_UNPACK) from None
