"""Unreadable cells: guesses the format of a date or number that cannot be read, and the setting that reads it."""

import re
from datetime import datetime
from functools import cache

_LONGEST = 40  # characters of a cell in a message
_COUNTS = (  # pattern of the cell, least and most value, description, `data.date_format`
    (r"\d{9,10}([.,]\d+)?", 1e8, 4.2e9, "seconds since 1970", "epoch_s"),
    (r"\d{12,13}([.,]\d+)?", 1e11, 4.2e12, "milliseconds since 1970", "epoch_ms"),
    (r"\d{15,16}", 1e14, 4.2e15, "microseconds since 1970", "epoch_us"),
    (r"\d{5}([.,]\d+)?", 20_000, 80_000, "a day number of Excel", "excel"),
    (r"-?\d{1,4}", -9999, 9999, "a day number", "days"),
)
_DAYS = (
    "%d.%m.%y", "%d/%m/%y", "%m/%d/%y", "%d-%m-%y", "%y-%m-%d", "%d-%b-%Y", "%d-%b-%y", "%d %b %Y", "%d %B %Y",
    "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%d%b%Y", "%a, %d %b %Y", "%a %b %d %Y", "%Y-%m", "%Y%m%d", "%d/%m/%Y",
    "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d",
)  # fmt: skip
_CLOCKS = (
    "",
    " %H:%M",
    " %H:%M:%S",
    " %I:%M %p",
    " %I:%M:%S %p",
    ", %H:%M",
    ", %I:%M %p",
    " %H%M%S",
    "%H%M%S",
    "_%H%M%S",
)
_DATES = ("unparseable_date", "mixed_date_format", "unparseable_end", "mixed_end_format", "future_date", "early_date")


def explain_cells(fault: str, cells: tuple[str, ...], where: str) -> tuple[str, str | None]:
    """Return a clause for the message about the first faulty cells, and a remedy if their format suggests one.

    `cells` are the raw cells of the first faulty row, empty if messages may not show them; `where` is the prefix of the
    names of settings. The clause is empty or begins with a comma. The remedy is None if that of the fault applies.
    """
    if not cells or any("@" in cell for cell in cells):  # e-mail addresses are not shown
        return "", None
    shown = ", here " + " and ".join(repr(_short(cell)) for cell in cells)
    if fault in _DATES:
        match = describe_date(cells[0].strip())
        if match is None:
            return shown, None
        form, name = match
        return f"{shown} (it looks like {form})", f"read it with \"{where}.date_format='{name}'\"{_note(name, where)}"
    if fault == "mixed_currency":
        return shown, None
    return shown, _amount_remedy(cells, where)


def _short(cell: str) -> str:
    return cell if len(cell) <= _LONGEST else f"{cell[: _LONGEST - 3]}..."


def _note(name: str, where: str) -> str:
    return f" and {where}.day_zero, the date of day 0" if name == "days" else ""


def describe_date(cell: str) -> tuple[str, str] | None:
    """Return a description of a date's format and the `data.date_format` that reads it; None if there is none."""
    for pattern, least, most, form, name in _COUNTS:
        if re.fullmatch(pattern, cell) and least <= float(cell.replace(",", ".")) <= most:
            return form, name
    for day in _DAYS:
        for clock in _CLOCKS:
            if _fits(cell, day + clock):
                return "a pattern", day + clock
    return None


@cache
def _signs(pattern: str) -> tuple[frozenset[str], bool]:
    """Return the signs that a date of this pattern has, and whether it has letters: names of days or months, am, pm."""
    directives = set(re.findall("%.", pattern))
    return frozenset(re.sub(r"%.|\s", "", pattern)), bool(directives & {"%b", "%B", "%a", "%p"})


def _fits(cell: str, pattern: str) -> bool:
    """Return whether a cell has this pattern; what its signs rule out is not parsed, which takes much longer."""
    signs, has_letters = _signs(pattern)
    if not all(sign in cell for sign in signs) or has_letters != any(sign.isalpha() for sign in cell):
        return False
    try:
        datetime.strptime(cell, pattern)  # noqa: DTZ007 # shop time
    except ValueError:
        return False
    return True


def _amount_remedy(cells: tuple[str, ...], where: str) -> str | None:
    cell = cells[0].strip()
    if len(cells) > 1 and re.fullmatch(r"[-+]?[\d.,]+", cell):
        return "an amount is price x quantity: both have to be numbers, and not too large"
    if re.search(r"\d", cell) and re.search(r"[^\W\d_]|[^\w\s.,()+'-]", cell):
        return "write the number alone, with a code such as EUR or a usual sign of a currency beside it at most"
    if re.fullmatch(r"[-+(]*[\d.,\s']+[)-]?", cell):
        return f"check its decimal and thousands signs, or set {where}.decimal"
    return None
