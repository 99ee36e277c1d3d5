"""Rows: parses every row of the raw log and adds one boolean column per fault."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import ibis

from ..errors import require
from ..notices import Notice
from . import parsing
from .currencies import currency_cell
from .dates import parse_dates
from .decimals import BARE, ROLES, SIGN, Decimals, choose_decimals
from .row_kinds import EventRows, rows_of
from .schema import text_columns
from .settings import DataSettings, Decimal, Spelling
from .source import RawLog
from .typed_columns import TYPED, has_typed, typed_non_finite, typed_number


@dataclass(frozen=True)
class ParsedRows:
    """The rows with their parsed values and fault flags, the formats of dates and decimals, and notices.

    `spelling` has the formats that were derived from the rows.
    """

    table: Any
    date_format: str
    decimal: str
    spelling: Spelling
    notices: tuple[Notice, ...]


def parse_rows(log: RawLog, settings: DataSettings) -> ParsedRows:
    """Parse every row of the raw log.

    Raises:
        InputError: the order of days and months or the decimal sign is ambiguous, or differs from the training file.
    """
    raw = log.table
    dates = parse_dates(log, settings)
    kind = rows_of(settings.shape)
    decimals = choose_decimals(log, [role for role in ROLES if role in raw.columns], settings)
    money = _parse_money(log, settings, decimals, kind)
    texts = {name: kind.roles.get(name, name) for name in (*text_columns(settings), "kind")}
    parsed = raw.select(
        row=raw.row,
        content=raw.content,
        customer_id=parsing.clean_id(raw.customer_id, settings),
        **{name: _text(raw, role) for name, role in texts.items()},
        padded=parsing.is_padded(raw.customer_id),
        timestamp=dates.moment,
        blank_date=_is_blank(raw, "timestamp"),
        other_shape=dates.other_shape,
        offset=dates.offset,
        **money,
        **kind.parse_ends(log, settings),
    )
    main_currency = _main_currency(raw.select(sign=money["sign"]), log, settings)
    facts = _describe_rows(parsed)
    with_lines = kind.mark(parsed, settings, amounts_lack=facts.amounts_lack)
    flagged = with_lines.mutate(**_flags(with_lines, main_currency, settings, facts))
    return ParsedRows(
        kind.name(flagged, settings),
        dates.style,
        _decimal_style(decimals, settings),
        Spelling(dates.decided, decimals.decided, main_currency or None),
        decimals.notices,
    )


class _Facts(NamedTuple):
    """Whether any row has no amount, and whether any two rows have the same content."""

    amounts_lack: bool
    rows_repeat: bool


def _describe_rows(parsed: Any) -> _Facts:
    """Return what spares most logs the comparison of rows with each other."""
    distinct = parsed.content.nunique()
    facts = parsed.aggregate(lacks=parsed.blank_amount.sum(), repeats=parsed.count() - distinct).execute().iloc[0]
    return _Facts(int(facts["lacks"]) > 0, int(facts["repeats"]) > 0)


def _text(raw: Any, role: str) -> Any:
    return raw[role].strip().nullif("") if role in raw.columns else ibis.null("string")


def _is_blank(raw: Any, role: str) -> Any:
    """Return whether a cell is empty."""
    if has_typed(raw, role):
        return raw[f"{TYPED}{role}"].isnull()
    return raw[role].strip().nullif("").isnull()


def _number(raw: Any, role: str, sign: Decimal) -> Any:
    """Return the exact number of a cell; null where it is none."""
    return typed_number(raw, role) if has_typed(raw, role) else parsing.parse_number(raw[f"{BARE}{role}"], sign)


def _decimal_style(decimals: Decimals, settings: DataSettings) -> str:
    return decimals.signs[_money_role(settings)].value if settings.has_amount else "no amounts"


def _money_role(settings: DataSettings) -> str:
    return "amount" if settings.columns.amount is not None else "price"


def _parse_money(log: RawLog, settings: DataSettings, decimals: Decimals, kind: EventRows) -> dict[str, Any]:
    raw = log.table
    null = ibis.null(parsing.AMOUNT)
    count = kind.count
    quantity = _number(raw, count, decimals.signs[count]) if count in raw.columns else null
    if not settings.has_amount:
        never = dict.fromkeys(("blank_amount", "infinite", "comma"), ibis.literal(False))
        return {"amount": null, "quantity": quantity, "cell_sign": ibis.literal(""), "sign": ibis.literal(""), **never}
    role = _money_role(settings)
    amount = kind.amount(_number(raw, role, decimals.signs[role]), quantity, role)
    typed = has_typed(raw, role)
    sign = ibis.literal("") if typed else raw[f"{SIGN}{role}"]
    column = currency_cell(raw.currency) if "currency" in raw.columns else ibis.literal("")
    return {
        "amount": (-amount).cast(amount.type()) if settings.sales_are_negative else amount,
        "quantity": quantity,
        "blank_amount": _is_blank(raw, role),
        "infinite": typed_non_finite(raw, role) if typed else parsing.is_non_finite(raw[role]),
        "cell_sign": sign,
        "sign": (column == "").ifelse(sign, column),
        "comma": ibis.literal(False) if typed else parsing.uses_comma(raw[f"{BARE}{role}"], decimals.signs[role]),
    }


def _main_currency(signs: Any, log: RawLog, settings: DataSettings) -> str:
    """Return the currency to keep: that of the settings, of training, or of most rows; empty if rows have none.

    Raises:
        InputError: no row is in the currency that the model was trained on.
    """
    if settings.currency is not None:
        return settings.currency.strip().upper()
    counts = signs.filter(signs.sign != "").group_by("sign").agg(rows=lambda t: t.count())
    names = [str(name) for name in counts.order_by(ibis.desc("rows"), "sign").execute()["sign"]]
    main = names[0] if names else ""
    trained = None if settings.spelling is None else settings.spelling.currency
    require(
        not names or trained is None or trained in names,
        f"{log.origin}: amounts are in {main}, but the model was trained on {trained}.",
        remedy=f"convert them, or {settings.where}.currency={main} if it is the same money.",
    )
    return trained or main


def _flags(parsed: Any, main: str, settings: DataSettings, facts: _Facts) -> dict[str, Any]:
    """Return one boolean column per fault that every dated row can have."""
    latest = parsing.latest_moment(settings)
    earliest = parsing.bound(settings.earliest, datetime(1970, 1, 2), "data.earliest")  # noqa: DTZ001 # shop time
    blank_date = parsed.blank_date
    copies = ibis.row_number().over(
        group_by=[parsed.content, parsed.customer_id, parsed.timestamp], order_by=parsed.row
    )
    flags = {
        "malformed_row": ibis.literal(False),
        "missing_id": parsed.customer_id.isnull(),
        "padded_id": parsed.customer_id.notnull() & parsed.padded,
        "leading_zero_id": parsed.customer_id.re_search(r"^0\d"),
        "missing_date": blank_date,
        "unparseable_date": ~blank_date & parsed.timestamp.isnull(),
        "mixed_date_format": parsed.timestamp.notnull() & parsed.other_shape,
        "time_zone": parsed.offset,
        "future_date": parsed.timestamp > latest,
        "early_date": parsed.timestamp < earliest,
        "exact_duplicate": copies > 0 if facts.rows_repeat else ibis.literal(False),
        **({"order_line": parsed.line} if "line" in parsed.columns else {}),
        **_amount_flags(parsed, main, settings),
    }
    return {name: flag.fill_null(False) for name, flag in flags.items()}


def _amount_flags(parsed: Any, main: str, settings: DataSettings) -> dict[str, Any]:
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
    blank, infinite = parsed.blank_amount, parsed.infinite
    return {
        "missing_amount": blank & ~parsed.line if "line" in parsed.columns else blank,
        "non_finite_amount": ~blank & infinite,
        "unparseable_amount": ~blank & ~infinite & parsed.amount.isnull(),
        "currency_symbol": parsed.cell_sign != "",
        "mixed_currency": (parsed.sign != "") & (parsed.sign != main),
        "decimal_comma": parsed.amount.notnull() & parsed.comma,
    }
