"""Excel workbooks: converts one sheet to CSV text, with each cell by its type."""

import csv
import errno
import warnings
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from ..errors import InputError, listed, require
from .settings import DataSettings

_AS_CSV = "save the sheet as CSV (UTF-8)."
_EXACT_DIGITS = 15  # significant digits of a number in a cell


def write_sheet(path: Path, target: Path, settings: DataSettings) -> None:
    """Write the sheet with the settings' columns as CSV in UTF-8, a line per row.

    Raises:
        InputError: the workbook cannot be read, or no sheet or more than one sheet has the columns.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about styles and validation rules, which do not affect cells
        try:
            _write(path, target, settings)
        except Exception as error:  # the library raises many types for damaged files
            if isinstance(error, InputError) or getattr(error, "errno", None) == errno.ENOSPC:
                raise
            message = f"{path}: is not a readable Excel workbook ({type(error).__name__}: {str(error)[:200]})."
            raise InputError(message, remedy=_AS_CSV) from None


def _write(path: Path, target: Path, settings: DataSettings) -> None:
    from openpyxl import load_workbook

    with path.open("rb") as content:  # for a path, the library checks the ending
        book = load_workbook(content, read_only=True, data_only=True)
        rows = _cells(_choose_sheet(book, path, settings))
        with target.open("w", encoding="utf-8", errors="replace", newline="") as text:
            _write_rows(rows, text)


def _choose_sheet(book: Any, path: Path, settings: DataSettings) -> Any:
    sheets = {str(sheet.title): sheet for sheet in book.worksheets}
    where, names = f"{settings.where}.sheet", listed([repr(name) for name in sheets])
    require(bool(sheets), f"{path}: is an Excel workbook without a sheet of cells.", remedy=_AS_CSV)
    if settings.sheet is not None:
        message = f"{path}: has no sheet {settings.sheet!r} ({where}); its sheets are {names}."
        require(settings.sheet in sheets, message, remedy=f"name one of them: {where}=...")
        return sheets[settings.sheet]
    if len(sheets) == 1:
        return next(iter(sheets.values()))
    wanted = settings.wanted_columns
    fitting = [name for name, sheet in sheets.items() if wanted <= {text.strip() for text in next(_cells(sheet), [])}]
    remedy = f"name the one meant: {where}={next(iter(sheets))}"
    columns = listed(sorted(wanted))
    message = f"{path}: no sheet of {names} has the columns {columns} in its first row."
    require(bool(fitting), message, remedy=f"{remedy}, or map the columns.")
    message = f"{path}: the sheets {listed([repr(name) for name in fitting])} all have the columns {columns}."
    require(len(fitting) == 1, message, remedy=f"{remedy}, or put their rows into one sheet.")
    return sheets[fitting[0]]


def _cells(sheet: Any) -> Iterator[list[str]]:
    """Yield the texts of each row without empty ones at its end."""
    sheet.reset_dimensions()  # some programs write a wrong size
    for row in sheet.iter_rows(values_only=True):
        texts = [_text(value) for value in row]
        while texts and not texts[-1]:
            texts.pop()
        yield texts


def _write_rows(rows: Iterator[list[str]], text: Any) -> None:
    """Write rows padded to the width of the first; empty rows become blank lines, except at the end."""
    writer = csv.writer(text, lineterminator="\n")
    width, blank = 0, 0
    for number, cells in enumerate(rows):
        if number == 0:
            width = len(cells)
        if not cells:
            blank += 1
            continue
        text.write("\n" * blank)
        blank = 0
        writer.writerow(cells + [""] * (width - len(cells)))


def _text(value: object) -> str:
    """Return a cell as text: dates as ISO, whole numbers without a decimal point, others with a point."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, float):
        return _number(value)
    return str(value).replace("\0", "")


def _number(value: float) -> str:
    """Return a number's text; three decimals get a fourth, so that the point is not read as thousands."""
    if value.is_integer():
        return str(int(value))
    text = f"{value:.{_EXACT_DIGITS}g}"
    return f"{text}0" if len(text.rpartition(".")[2]) == 3 and "e" not in text else text  # noqa: PLR2004 # see above
