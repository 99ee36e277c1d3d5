"""Excel workbooks: one sheet becomes CSV text, each cell as what it is."""

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
_EXACT_DIGITS = 15  # that a cell's number has


def write_sheet(path: Path, target: Path, settings: DataSettings) -> None:
    """Write the sheet with the settings' columns as CSV in UTF-8, a line per row.

    Raises:
        InputError: the workbook cannot be read, or which sheet is meant cannot be told.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of styles and validation rules, which say nothing about cells
        try:
            _write(path, target, settings)
        except Exception as error:  # the library raises whatever a damaged part leads it to
            if isinstance(error, InputError) or getattr(error, "errno", None) == errno.ENOSPC:
                raise
            found = f"{path}: is not a readable Excel workbook ({type(error).__name__}: {str(error)[:200]})."
            raise InputError(found, remedy=_AS_CSV) from None


def _write(path: Path, target: Path, settings: DataSettings) -> None:
    from openpyxl import load_workbook

    with path.open("rb") as content:  # a path's ending would have to be that of a workbook
        book = load_workbook(content, read_only=True, data_only=True)
        rows = _cells(_choose_sheet(book, path, settings))
        with target.open("w", encoding="utf-8", errors="replace", newline="") as text:
            _write_rows(rows, text)


def _choose_sheet(book: Any, path: Path, settings: DataSettings) -> Any:
    sheets = {str(sheet.title): sheet for sheet in book.worksheets}
    where, names = f"{settings.where}.sheet", listed([repr(name) for name in sheets])
    require(bool(sheets), f"{path}: is an Excel workbook without a sheet of cells.", remedy=_AS_CSV)
    if settings.sheet is not None:
        told = f"{path}: has no sheet {settings.sheet!r} ({where}); its sheets are {names}."
        require(settings.sheet in sheets, told, remedy=f"name one of them: {where}=...")
        return sheets[settings.sheet]
    if len(sheets) == 1:
        return next(iter(sheets.values()))
    wanted = settings.wanted_columns
    fitting = [name for name, sheet in sheets.items() if wanted <= {text.strip() for text in next(_cells(sheet), [])}]
    remedy = f"name the one meant: {where}={next(iter(sheets))}"
    columns = listed(sorted(wanted))
    told = f"{path}: no sheet of {names} has the columns {columns} in its first row."
    require(bool(fitting), told, remedy=f"{remedy}, or map the columns.")
    told = f"{path}: the sheets {listed([repr(name) for name in fitting])} all have the columns {columns}."
    require(len(fitting) == 1, told, remedy=f"{remedy}, or put their rows into one sheet.")
    return sheets[fitting[0]]


def _cells(sheet: Any) -> Iterator[list[str]]:
    """Yield each row's texts without the empty ones at its end."""
    sheet.reset_dimensions()  # some programs write a wrong size
    for row in sheet.iter_rows(values_only=True):
        texts = [_text(value) for value in row]
        while texts and not texts[-1]:
            texts.pop()
        yield texts


def _write_rows(rows: Iterator[list[str]], text: Any) -> None:
    """Write rows as wide as the first; rows without a cell become blank lines, but for those at the end."""
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
    """Return a number's text; one of three decimals gets a fourth, so that none can take its point for thousands."""
    if value.is_integer():
        return str(int(value))
    text = f"{value:.{_EXACT_DIGITS}g}"
    return f"{text}0" if len(text.rpartition(".")[2]) == 3 and "e" not in text else text  # noqa: PLR2004 # see above
