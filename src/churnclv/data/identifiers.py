"""Identifiers: columns that name a customer or a day instead of describing the customer, told apart from quantities."""

import re
from typing import Any

import numpy as np
import pandas as pd

from . import parsing

LEAST_ROWS = 50
_NEARLY_ALL = 0.9  # of a column's cells
_ID_LIKE_SHARE = 0.9  # of a text column's values that differ from all others
_REPEATED_ID_SHARE = 0.5  # the same, of phone numbers and of long whole numbers: customers may share one
_DENSE = 1.1  # whole numbers, all different, that fill so much of their span number the rows
_LONG_DIGITS = 8  # whole numbers of one length from here on are ids; quantities spread over several lengths
_NAMED_DIGITS = 4  # the same, where the column's name says that it is a number of something
_EXPECTED_REPEATS = 7.0  # of a quantity within its span: with so many expected, none has a chance below 0.001
_NAMED = re.compile(
    r"(^|_)(id|ids|no|nr|num|number|code|account|acct|phone|tel|mobile|iban|vat|ssn|zip|postcode|uuid)$"
)
_FORMS = {
    "date": "it is a date; the days from it to the day of the table, as a number, can be learned from",
    "mail": "it is an e-mail address: it is an id",
    "uuid": "it is a UUID: it is an id",
    "phone": "it is a phone number: it is an id",
}
_DATES = ("iso", "iso_offset", "year_first", "day_month")


def text_signs(text: Any) -> dict[str, Any]:
    """Return, as engine expressions, whether a text has the form of a date, an e-mail address, a UUID or a phone."""
    trimmed = text.strip()
    day = parsing.try_strptime(trimmed, ["%Y%m%d"])
    compact = trimmed.re_search(r"^(19|20)\d{6}$") & day.notnull()  # noqa: PD004 # an engine expression
    return {
        "date": parsing.date_shape(trimmed).isin(_DATES) | compact,
        "mail": trimmed.re_search(r"^[^@\s]+@[^@\s]+\.[^@\s]+$"),
        "uuid": trimmed.re_search(r"(?i)^\{?[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}\}?$"),
        "phone": trimmed.re_search(r"^[+0(][\d\s()/.-]*$") & trimmed.re_search(r"(\d\D*){8,}"),
    }


def why_left_out(column: "pd.Series[Any]", facts: pd.DataFrame, *, kept: bool) -> str | None:
    """Return why a column is not learned from; None where it is.

    Parameters
    ----------
    column
        The values, float64 or text, null where missing, shape (n,).
    facts
        What each different text of the column shows.
    kept
        Whether the settings force the column to be learned from.
    """
    known = column.dropna()
    if not len(known):
        return "it has no value at all"
    distinct = known.nunique()
    if distinct == 1 and len(known) == len(column):
        return "it has the same value everywhere"
    return None if kept else _why_identifier(known, distinct / len(known), facts)


def _why_identifier(known: "pd.Series[Any]", distinct: float, facts: pd.DataFrame) -> str | None:
    """Return why filled cells name a day or a customer; `distinct` is the share of different values."""
    is_text = not pd.api.types.is_numeric_dtype(known)
    form = _why_by_form(facts, distinct if is_text and len(known) >= LEAST_ROWS else 0.0)
    if form is not None or len(known) < LEAST_ROWS:
        return form
    if not is_text:
        return _why_by_spread(str(known.name), known.to_numpy(dtype=float))
    return "nearly every value differs: it is an id" if distinct > _ID_LIKE_SHARE else None


def _why_by_form(facts: pd.DataFrame, distinct: float) -> str | None:
    """Return what nearly all cells have the form of; a phone number that many customers share is none."""
    counts = facts["count"][~facts["placeholder"]]
    shares = {sign: _share(facts[sign], counts) for sign in _FORMS}
    form = next((sign for sign in _FORMS if shares[sign] >= _NEARLY_ALL), None)
    return None if form is None or (form == "phone" and distinct <= _REPEATED_ID_SHARE) else _FORMS[form]


def _share(signs: "pd.Series[bool]", counts: "pd.Series[int]") -> float:
    return float(counts[signs[counts.index]].sum() / counts.sum()) if counts.sum() else 0.0


def _why_by_spread(name: str, numbers: Any) -> str | None:
    """Return why numbers are ids: whole, most of them different, and spread as quantities are not."""
    rows, distinct = len(numbers), len(np.unique(numbers))
    if not (numbers == np.round(numbers)).all():
        return None
    digits = {len(f"{abs(number):.0f}") for number in numbers}
    span = float(numbers.max() - numbers.min()) + 1.0
    is_one_length = len(digits) == 1
    named = _NAMED.search(_snake(name)) is not None and (is_one_length or min(digits) >= _NAMED_DIGITS)
    signs = {
        f"its whole numbers all have {min(digits)} digits and most differ: it is an id": (
            is_one_length and min(digits) >= _LONG_DIGITS and distinct > _REPEATED_ID_SHARE * rows
        ),
        "its whole numbers differ and its name is that of an id: it is an id": named
        and distinct > _ID_LIKE_SHARE * rows,
        "its numbers count the rows: it is an id": distinct == rows and span <= _DENSE * rows,
        "its whole numbers never repeat, though they lie close together: it is an id": (
            distinct == rows and rows**2 / (2.0 * span) >= _EXPECTED_REPEATS
        ),
    }
    return next((reason for reason, holds in signs.items() if holds), None)


def _snake(name: str) -> str:
    """Return accountNo and Account No as account_no."""
    return re.sub(r"[^a-z0-9]+", "_", re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()).strip("_")
