"""Identifiers: detects columns that identify a customer or a day, which are not used as features."""

import re
from typing import Any

import numpy as np
import pandas as pd

from . import parsing

LEAST_ROWS = 50
_NEARLY_ALL = 0.9  # share of a column's cells
_ID_LIKE_SHARE = 0.9  # distinct values by filled cells, of a text column
_REPEATED_ID_SHARE = 0.5  # the same, for phone numbers and long whole numbers: customers may share one
_DENSE = 1.1  # span by count, up to which distinct whole numbers are row numbers
_LONG_DIGITS = 8  # whole numbers that all have at least so many digits are ids; quantities vary in length
_NAMED_DIGITS = 4  # the same, if the column has a name such as customer_no
_EXPECTED_REPEATS = 7.0  # of a random quantity within its span: at 7, no repeat at all has probability exp(-7) < 0.001
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


def text_forms(text: Any) -> dict[str, Any]:
    """Return engine expressions: whether a text is a date, an e-mail address, a UUID or a phone number."""
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
    """Return why a column is not used as a feature; None if it is used.

    Parameters
    ----------
    column
        The values, float64 or text, null where missing, shape (n,).
    facts
        The properties of each distinct text of the column.
    kept
        Whether the settings force the column to be used.
    """
    filled = column.dropna()
    if not len(filled):
        return "it has no value at all"
    distinct = filled.nunique()
    if distinct == 1 and len(filled) == len(column):
        return "it has the same value everywhere"
    return None if kept else _why_identifier(filled, distinct / len(filled), facts)


def _why_identifier(filled: "pd.Series[Any]", distinct_share: float, facts: pd.DataFrame) -> str | None:
    """Return why filled cells identify a day or a customer; None if they do not."""
    is_text = not pd.api.types.is_numeric_dtype(filled)
    form = _why_by_form(facts, distinct_share if is_text and len(filled) >= LEAST_ROWS else 0.0)
    if form is not None or len(filled) < LEAST_ROWS:
        return form
    if not is_text:
        return _why_by_numbers(str(filled.name), filled.to_numpy(dtype=float))
    return "nearly every value differs: it is an id" if distinct_share > _ID_LIKE_SHARE else None


def _why_by_form(facts: pd.DataFrame, distinct_share: float) -> str | None:
    """Return the reason from the form of nearly all cells; phone numbers shared by many customers are no ids."""
    counts = facts["count"][~facts["placeholder"]]
    shares = {sign: _share(facts[sign], counts) for sign in _FORMS}
    form = next((sign for sign in _FORMS if shares[sign] >= _NEARLY_ALL), None)
    return None if form is None or (form == "phone" and distinct_share <= _REPEATED_ID_SHARE) else _FORMS[form]


def _share(signs: "pd.Series[bool]", counts: "pd.Series[int]") -> float:
    return float(counts[signs[counts.index]].sum() / counts.sum()) if counts.sum() else 0.0


def _why_by_numbers(name: str, numbers: Any) -> str | None:
    """Return why numbers are ids: they are whole, mostly distinct, and not distributed like quantities."""
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
