"""Typed columns: a number or a moment that the file has as such is used as it is, without turning it into text.

Both functions give, to the last digit, what parsing the cell's text would give.
"""

from typing import Any

import ibis

from .parsing import AMOUNT

TYPED = "typed_"  # prefix of the columns of the raw log that keep the type of the file
_FIRST, _LAST = "0001-01-01 00:00:00", "9999-12-31 23:59:59.999999"  # years that are written with four digits
NANOSECONDS = 9  # decimals of a second
_SCALE = 4  # decimals of an amount
_LARGEST_EXACT = 1e11  # below it, a float of four decimals is the nearest to one decimal number only


def has_typed(raw: Any, role: str) -> bool:
    """Return whether the raw log has a role's cells in the type of the file."""
    return f"{TYPED}{role}" in raw.columns


def typed_moment(raw: Any, role: str) -> Any:
    """Return a role's moments; null outside the years 1 to 9999, as for their texts."""
    cell = raw[f"{TYPED}{role}"]
    moment = cell.try_cast("timestamp")
    if cell.type().is_timestamp() and cell.type().scale == NANOSECONDS:  # the engine rounds, and cuts texts off
        moment = (moment < ibis.timestamp("1970-01-01")).ifelse(raw[role].try_cast("timestamp"), moment)
    inside = moment.between(ibis.timestamp(_FIRST), ibis.timestamp(_LAST))
    return inside.fill_null(False).ifelse(moment, ibis.null("timestamp"))


def typed_number(raw: Any, role: str) -> Any:
    """Return a role's numbers as exact decimals; null where they are none, or too large.

    A float of at most four decimals is one decimal number. Others, and floats of single precision, are parsed from
    their shortest text, since rounding their binary value may go the other way.
    """
    number, text = raw[f"{TYPED}{role}"], raw[role].try_cast(AMOUNT)
    kind = number.type()
    if kind.is_integer() or (kind.is_decimal() and (kind.scale or 0) <= _SCALE):
        return number.try_cast(AMOUNT)
    if not kind.is_float64():
        return text
    small = (number.abs() < _LARGEST_EXACT).fill_null(False).ifelse(number, 0.0)  # infinities cannot be rounded
    is_decimal = (small * 10.0**_SCALE).round().cast("float64") / 10.0**_SCALE == number
    return is_decimal.fill_null(False).ifelse(small.try_cast(AMOUNT), text)


def typed_non_finite(raw: Any, role: str) -> Any:
    """Return whether a role's number is NaN or an infinity."""
    number = raw[f"{TYPED}{role}"]
    if not number.type().is_floating():
        return ibis.literal(False)
    return (number.isnan() | number.isinf()).fill_null(False)
