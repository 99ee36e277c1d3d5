"""Rows: parses every row of the raw log and adds one boolean column per fault."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import ibis

from ..errors import require
from ..notices import Notice
from . import parsing
from .compiled_queries import compiled
from .currencies import currency_cell
from .dates import Dates, choose_dates
from .decimals import BARE, ROLES, SIGN, Decimals, choose_decimals
from .row_kinds import rows_of
from .schema import text_columns
from .settings import DataSettings, Decimal, Spelling
from .source import RawLog
from .stored_tables import store_moments
from .typed_columns import TYPED, has_typed, typed_non_finite, typed_number

LATEST = "latest_moment"  # a stored table: without `data.latest` the moment differs from one reading to the next


@dataclass(frozen=True)
class RowReading:
    """How the rows of one raw log are parsed and flagged: all that is decided by looking at them.

    Attributes:
        dates, ends: how the dates are read, and the ends of contracts where rows have these.
        signs: the decimal sign of each role.
        currency: the one to keep; empty where rows have none.
        amounts_lack: whether any row has no amount.
        rows_repeat: whether any two rows have the same content.
    """

    dates: Dates
    ends: Dates | None
    signs: dict[str, Decimal]
    currency: str = ""
    amounts_lack: bool = False
    rows_repeat: bool = False


@dataclass(frozen=True)
class ReadRows:
    """How rows are read, the formats of dates and decimals, and notices.

    `spelling` has the formats that were derived from the rows.
    """

    reading: RowReading
    date_format: str
    decimal: str
    spelling: Spelling
    notices: tuple[Notice, ...]


def choose_reading(log: RawLog, settings: DataSettings) -> ReadRows:
    """Decide how the rows of the raw log are read, from the rows themselves.

    Raises:
        InputError: the order of days and months or the decimal sign is ambiguous, or differs from the training file.
    """
    raw, kind = log.table, rows_of(settings.shape)
    dates = choose_dates(log, settings)
    decimals = choose_decimals(log, [role for role in ROLES if role in raw.columns], settings)
    reading = RowReading(dates, kind.choose_ends(log, settings), decimals.signs)
    reading = replace(reading, currency=_main_currency(reading, log, settings))
    facts = _describe_rows(raw, reading, settings).row()
    reading = replace(reading, amounts_lack=bool(facts["lacks"]), rows_repeat=bool(facts["repeats"]))
    return ReadRows(
        reading,
        dates.style,
        _decimal_style(decimals, settings),
        Spelling(dates.decided, decimals.decided, reading.currency or None),
        decimals.notices,
    )


def parse_rows(raw: Any, reading: RowReading, settings: DataSettings) -> Any:
    """Return every row of the raw log with its parsed values and one boolean column per fault.

    A query of them needs `set_latest` before it is run.
    """
    kind = rows_of(settings.shape)
    with_lines = kind.mark(_parse(raw, reading, settings), settings, amounts_lack=reading.amounts_lack)
    return kind.name(with_lines.mutate(**_flags(with_lines, reading, settings)), settings)


def set_latest(connection: Any, settings: DataSettings) -> None:
    """Set the moment after which a date is in the future."""
    store_moments(connection, LATEST, "moment", (parsing.latest_moment(settings),))


def _parse(raw: Any, reading: RowReading, settings: DataSettings) -> Any:
    kind, dates = rows_of(settings.shape), reading.dates.parse(raw, settings)
    texts = {name: kind.roles.get(name, name) for name in (*text_columns(settings), "kind")}
    return raw.select(
        row=raw.row,
        content=raw.content,
        customer_id=parsing.clean_id(raw.customer_id, settings),
        **{name: _text(raw, role) for name, role in texts.items()},
        padded=parsing.is_padded(raw.customer_id),
        timestamp=dates.moment,
        blank_date=_is_blank(raw, "timestamp"),
        other_shape=dates.other_shape,
        offset=dates.offset,
        **_parse_money(raw, reading, settings),
        **kind.parse_ends(raw, reading.ends, settings),
    )


@compiled
def _describe_rows(raw: Any, reading: RowReading, settings: DataSettings) -> Any:
    """Return what spares most logs the comparison of rows with each other."""
    parsed = _parse(raw, reading, settings)
    repeats = parsed.count() - parsed.content.nunique()
    return parsed.aggregate(lacks=parsed.blank_amount.sum(), repeats=repeats)


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


def _parse_money(raw: Any, reading: RowReading, settings: DataSettings) -> dict[str, Any]:
    kind, signs, null = rows_of(settings.shape), reading.signs, ibis.null(parsing.AMOUNT)
    count = kind.count
    quantity = _number(raw, count, signs[count]) if count in raw.columns else null
    if not settings.has_amount:
        never = dict.fromkeys(("blank_amount", "infinite", "comma"), ibis.literal(False))
        return {"amount": null, "quantity": quantity, "cell_sign": ibis.literal(""), "sign": ibis.literal(""), **never}
    role = _money_role(settings)
    amount = kind.amount(_number(raw, role, signs[role]), quantity, role)
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
        "comma": ibis.literal(False) if typed else parsing.uses_comma(raw[f"{BARE}{role}"], signs[role]),
    }


def _main_currency(reading: RowReading, log: RawLog, settings: DataSettings) -> str:
    """Return the currency to keep: that of the settings, of training, or of most rows; empty if rows have none.

    Raises:
        InputError: no row is in the currency that the model was trained on.
    """
    if settings.currency is not None:
        return settings.currency.strip().upper()
    names = [str(each["sign"]) for each in _count_currencies(log.table, reading, settings).rows()]
    main = names[0] if names else ""
    trained = None if settings.spelling is None else settings.spelling.currency
    require(
        not names or trained is None or trained in names,
        f"{log.origin}: amounts are in {main}, but the model was trained on {trained}.",
        remedy=f"convert them, or {settings.where}.currency={main} if it is the same money.",
    )
    return trained or main


@compiled
def _count_currencies(raw: Any, reading: RowReading, settings: DataSettings) -> Any:
    signs = raw.select(sign=_parse_money(raw, reading, settings)["sign"])
    counts = signs.filter(signs.sign != "").group_by("sign").agg(rows=lambda t: t.count())
    return counts.order_by(ibis.desc("rows"), "sign")


def _flags(parsed: Any, reading: RowReading, settings: DataSettings) -> dict[str, Any]:
    """Return one boolean column per fault that every dated row can have."""
    latest = ibis.table({"moment": "timestamp"}, name=LATEST).moment.as_scalar()
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
        "exact_duplicate": copies > 0 if reading.rows_repeat else ibis.literal(False),
        **({"order_line": parsed.line} if "line" in parsed.columns else {}),
        **_amount_flags(parsed, reading.currency, settings),
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
