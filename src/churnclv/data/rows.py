"""Rows: every row of the raw log parsed, with one boolean column per fault."""

from datetime import UTC, datetime, timedelta
from typing import Any

import ibis

from . import parsing
from .contract import text_columns
from .settings import DataSettings, Policy
from .source import RawLog

_DAY = timedelta(days=1)


def parse_rows(log: RawLog, settings: DataSettings) -> tuple[Any, tuple[str, str]]:
    """Return the rows with their parsed values and fault flags, and how the file writes dates and decimals.

    Raises:
        InputError: days and months, or thousands and decimals, cannot be told apart.
    """
    raw = log.table
    dates, date_style = _parse_dates(log, settings)
    money, decimal_style = _parse_money(log, settings)
    texts = text_columns(settings)
    identity = {
        "row": raw.row,
        "content": raw.content,
        "customer_id": parsing.clean_id(raw.customer_id, settings.missing_tokens),
        **{name: raw[name].strip().nullif("") if name in raw.columns else ibis.null("string") for name in texts},
    }
    parsed = raw.select(**identity, raw_id=raw.customer_id, **dates, **money)
    return _flag(parsed, settings), (date_style, decimal_style)


def _parse_dates(log: RawLog, settings: DataSettings) -> tuple[dict[str, Any], str]:
    raw = log.table
    shape = parsing.date_shape(raw.timestamp)
    if settings.date_format != "auto":
        date = parsing.parse_date(raw.timestamp, shape, False, settings)
        return {
            "timestamp": date,
            "raw_date": raw.timestamp,
            "other_shape": ibis.literal(False),
            "offset": ibis.literal(False),
        }, settings.date_format
    rows = (
        raw.select(shape=shape)
        .group_by("shape")
        .agg(rows=lambda t: t.count())
        .order_by(ibis.desc("rows"), "shape")
        .execute()
    )
    found = [str(name) for name in rows["shape"].dropna()]
    main = found[0] if found else "iso"
    matters = main == "day_month" or settings.policy.mixed_date_format is Policy.keep  # else such rows are set aside
    day_first = "day_month" in found and matters and parsing.choose_day_first(raw, settings, log.origin)
    alike = ("iso", "iso_offset") if main.startswith("iso") else (main,)
    style = main if main != "day_month" else ("day_month" if day_first else "month_day")
    return {
        "timestamp": parsing.parse_date(raw.timestamp, shape, day_first, settings),
        "raw_date": raw.timestamp,
        "other_shape": ~shape.isin(alike),
        "offset": shape == "iso_offset",
    }, style


def _parse_money(log: RawLog, settings: DataSettings) -> tuple[dict[str, Any], str]:
    raw = log.table
    nothing = ibis.null(parsing.AMOUNT)
    if "quantity" in raw.columns:
        quantity = parsing.parse_amount(raw.quantity, parsing.choose_decimal(raw, "quantity", settings, log.origin))
    else:
        quantity = nothing
    if not settings.has_amount:
        return {
            "amount": nothing,
            "quantity": quantity,
            "raw_amount": ibis.null("string"),
            "sign": ibis.literal(""),
        } | {"comma": ibis.literal(False)}, "no amounts"
    role = "amount" if settings.columns.amount is not None else "price"
    decimal = parsing.choose_decimal(raw, role, settings, log.origin)
    money = parsing.parse_amount(raw[role], decimal)
    amount = money if role == "amount" else parsing.multiply(money, quantity)
    return {
        "amount": amount,
        "quantity": quantity,
        "raw_amount": raw[role],
        "sign": parsing.currency(raw[role]),
        "comma": parsing.uses_comma(parsing.bare_number(raw[role]), decimal),
    }, decimal.value


def _flag(parsed: Any, settings: DataSettings) -> Any:
    """Add `kind` and one boolean column per fault."""
    latest = parsing.bound(settings.latest, datetime.now(UTC).replace(tzinfo=None) + _DAY, "data.latest")
    earliest = parsing.bound(settings.earliest, datetime(1970, 1, 2), "data.earliest")  # noqa: DTZ001 # shop time
    refund = (parsed.amount < 0).fill_null(False)
    if settings.refund_order_pattern is not None:
        refund |= parsed.order_id.re_search(settings.refund_order_pattern).fill_null(False)
    blank_date = parsed.raw_date.strip().nullif("").isnull()
    copies = ibis.row_number().over(
        group_by=[parsed.content, parsed.customer_id, parsed.timestamp], order_by=parsed.row
    )
    flags = {
        "malformed_row": ibis.literal(False),
        "missing_id": parsed.customer_id.isnull(),
        "padded_id": parsed.raw_id.length() != parsed.customer_id.length(),
        "leading_zero_id": parsed.customer_id.re_search(r"^0\d"),
        "missing_date": blank_date,
        "unparseable_date": ~blank_date & parsed.timestamp.isnull(),
        "mixed_date_format": parsed.timestamp.notnull() & parsed.other_shape,
        "time_zone": parsed.offset,
        "future_date": parsed.timestamp > latest,
        "early_date": parsed.timestamp < earliest,
        "exact_duplicate": copies > 0,
        **_amount_flags(parsed, refund, settings),
    }
    filled = {name: flag.fill_null(False) for name, flag in flags.items()}
    return parsed.mutate(kind=refund.ifelse("refund", "order"), **filled)


def _amount_flags(parsed: Any, refund: Any, settings: DataSettings) -> dict[str, Any]:
    never = ibis.literal(False)
    names = (
        "missing_amount",
        "non_finite_amount",
        "unparseable_amount",
        "currency_symbol",
        "mixed_currency",
        "decimal_comma",
        "zero_amount",
    )
    if not settings.has_amount:
        return {**dict.fromkeys(names, never), "negative_amount": refund}
    blank = parsed.raw_amount.strip().nullif("").isnull()
    infinite = parsing.is_non_finite(parsed.raw_amount)
    signs = (
        parsed.filter(parsed.sign != "")
        .group_by("sign")
        .agg(rows=lambda t: t.count())
        .order_by(ibis.desc("rows"), "sign")
        .limit(1)
        .execute()
    )
    main_sign = str(signs["sign"].iloc[0]) if len(signs) else ""
    return {
        "missing_amount": blank,
        "non_finite_amount": ~blank & infinite,
        "unparseable_amount": ~blank & ~infinite & parsed.amount.isnull(),
        "currency_symbol": parsed.sign != "",
        "mixed_currency": (parsed.sign != "") & (parsed.sign != main_sign),
        "decimal_comma": parsed.amount.notnull() & parsed.comma,
        "zero_amount": (parsed.amount == 0) & ~refund,
        "negative_amount": refund,
    }
