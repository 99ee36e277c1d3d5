"""Rows: every row of the raw log parsed, with one boolean column per fault."""

from datetime import datetime
from typing import Any

import ibis

from . import parsing
from .contract import text_columns
from .contracts import CONTRACT_ROLES, parse_ends
from .dates import parse_dates
from .kinds import name_kinds
from .settings import DataSettings, Shape
from .source import RawLog


def parse_rows(log: RawLog, settings: DataSettings) -> tuple[Any, tuple[str, str]]:
    """Return the rows with their parsed values and fault flags, and how the file writes dates and decimals.

    Raises:
        InputError: days and months, or thousands and decimals, cannot be told apart.
    """
    raw = log.table
    dates = parse_dates(log, settings)
    money, decimal_style = _parse_money(log, settings)
    contracts = settings.shape is Shape.contracts
    roles = CONTRACT_ROLES if contracts else {}
    texts = {name: roles.get(name, name) for name in (*text_columns(settings), "kind")}
    parsed = raw.select(
        row=raw.row,
        content=raw.content,
        customer_id=parsing.clean_id(raw.customer_id, settings.missing_tokens),
        **{name: _text(raw, role) for name, role in texts.items()},
        raw_id=raw.customer_id,
        timestamp=dates.moment,
        raw_date=raw.timestamp,
        other_shape=dates.other_shape,
        offset=dates.offset,
        **money,
        **(parse_ends(log, settings) if contracts else {}),
    )
    flagged = parsed.mutate(**_flags(parsed, settings))
    return flagged if contracts else name_kinds(flagged, settings), (dates.style, decimal_style)


def _text(raw: Any, role: str) -> Any:
    return raw[role].strip().nullif("") if role in raw.columns else ibis.null("string")


def _parse_money(log: RawLog, settings: DataSettings) -> tuple[dict[str, Any], str]:
    raw = log.table
    nothing = ibis.null(parsing.AMOUNT)
    count = "term_months" if settings.shape is Shape.contracts else "quantity"
    if count in raw.columns:
        quantity = parsing.parse_amount(raw[count], parsing.choose_decimal(raw, count, settings, log.origin))
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
    amount = parsing.multiply(money, quantity) if role == "price" and count == "quantity" else money
    return {
        "amount": amount,
        "quantity": quantity,
        "raw_amount": raw[role],
        "sign": parsing.currency(raw[role]),
        "comma": parsing.uses_comma(parsing.bare_number(raw[role]), decimal),
    }, decimal.value


def _flags(parsed: Any, settings: DataSettings) -> dict[str, Any]:
    """Return one boolean column per fault that every dated row can show."""
    latest = parsing.latest_moment(settings)
    earliest = parsing.bound(settings.earliest, datetime(1970, 1, 2), "data.earliest")  # noqa: DTZ001 # shop time
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
        **_amount_flags(parsed, settings),
    }
    return {name: flag.fill_null(False) for name, flag in flags.items()}


def _amount_flags(parsed: Any, settings: DataSettings) -> dict[str, Any]:
    names = (
        "missing_amount",
        "non_finite_amount",
        "unparseable_amount",
        "currency_symbol",
        "mixed_currency",
        "decimal_comma",
    )
    if not settings.has_amount:
        return dict.fromkeys(names, ibis.literal(False))
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
    }
