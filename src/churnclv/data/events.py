"""The canonical event table: faults found, policies applied, every row accounted for."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import ibis

from ..errors import InputError, require
from ..files import replacing
from . import parsing
from .contract import EVENT_COLUMNS, TEXTS, check_events
from .faults import CATALOGUE
from .fingerprint import fingerprint, row_hash
from .quality import FaultCount, QualityReport, check_policies
from .settings import DataSettings, Policy
from .source import RawLog, read_file, read_frame

EVENTS = "events"
_CHECKED = "checked_log"
_DAY = timedelta(days=1)
_AFTER_EVENTS = ("same_day_order",)  # found among the rows that no other fault sets aside


@dataclass(frozen=True)
class Events:
    """The canonical events in the engine, what was found on the way, and the observed span [start, end)."""

    connection: Any
    table: Any
    quality: QualityReport
    start: datetime
    end: datetime
    has_amount: bool


def read_events(connection: Any, settings: DataSettings, frame: Any = None) -> Events:
    """Read a log (or a pandas frame of raw events) into the canonical event table.

    Raises:
        InputError: a fault of the file, a fault whose policy is `fail`, or too many rows set aside.
    """
    log = read_file(connection, settings) if frame is None else read_frame(connection, frame, settings)
    checked, styles = _check_rows(connection, log, settings)
    counts = _count_faults(checked, log, settings)
    if settings.set_aside_path is not None:
        _write_set_aside(checked, log, Path(settings.set_aside_path))
    check_policies(counts, log.rows_read, log.origin, settings)
    kept = checked.filter(checked.set_aside_for.isnull())
    table = connection.create_table(EVENTS, kept.select(*EVENT_COLUMNS), temp=True, overwrite=True)
    check_events(table, log.origin, has_amount=settings.has_amount)
    return _describe(connection, table, log, counts, styles, settings)


def _check_rows(connection: Any, log: RawLog, settings: DataSettings) -> tuple[Any, tuple[str, str]]:
    """Parse every row and name the first fault that sets it aside."""
    parsed, styles = _parse_rows(log, settings)
    flagged = connection.create_table(_CHECKED, parsed, temp=True, overwrite=True)
    first = flagged.mutate(set_aside_for=_first_set_aside(flagged, settings))
    same_day = first.mutate(same_day_order=_same_day_orders(first))
    late = (same_day.set_aside_for.isnull()) & same_day.same_day_order
    if settings.policy.same_day_order is Policy.set_aside:
        same_day = same_day.mutate(set_aside_for=late.ifelse("same_day_order", same_day.set_aside_for))
    return connection.create_table(f"{_CHECKED}_all", same_day, temp=True, overwrite=True), styles


def _parse_rows(log: RawLog, settings: DataSettings) -> tuple[Any, tuple[str, str]]:
    raw = log.table
    dates, date_style = _parse_dates(log, settings)
    money, decimal_style = _parse_money(log, settings)
    identity = {
        "row": raw.row,
        "content": raw.content,
        "customer_id": parsing.clean_id(raw.customer_id, settings.missing_tokens),
        **{name: raw[name].strip().nullif("") if name in raw.columns else ibis.null("string") for name in TEXTS},
    }
    parsed = raw.select(**identity, raw_id=raw.customer_id, **dates, **money)
    return _flag(parsed, settings), (date_style, decimal_style)


def _parse_dates(log: RawLog, settings: DataSettings) -> tuple[dict[str, Any], str]:
    raw = log.table
    shape = parsing.date_shape(raw.timestamp)
    if settings.date_format != "auto":
        date = parsing.parse_date(raw.timestamp, shape, False, settings)
        return {"timestamp": date, "raw_date": raw.timestamp, "other_shape": ibis.literal(False), "offset": ibis.literal(False)}, settings.date_format
    rows = raw.select(shape=shape).group_by("shape").agg(rows=lambda t: t.count()).order_by(ibis.desc("rows"), "shape").execute()
    found = [str(name) for name in rows["shape"].dropna()]
    day_first = "day_month" in found and parsing.choose_day_first(raw, settings, log.origin)
    main = found[0] if found else "iso"
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
    decimal = None
    if "quantity" in raw.columns:
        quantity = parsing.parse_amount(raw.quantity, parsing.choose_decimal(raw, "quantity", settings, log.origin))
    else:
        quantity = nothing
    if not settings.has_amount:
        return {"amount": nothing, "quantity": quantity, "raw_amount": ibis.null("string"), "sign": ibis.literal("")} | {
            "comma": ibis.literal(False)
        }, "no amounts"
    role = "amount" if settings.columns.amount is not None else "price"
    decimal = parsing.choose_decimal(raw, role, settings, log.origin)
    money = parsing.parse_amount(raw[role], decimal)
    amount = money if role == "amount" else (money * quantity).cast(parsing.AMOUNT)
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
    copies = ibis.row_number().over(group_by=[parsed.content, parsed.customer_id, parsed.timestamp], order_by=parsed.row)
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
    names = ("missing_amount", "non_finite_amount", "unparseable_amount", "currency_symbol", "mixed_currency", "decimal_comma", "zero_amount")
    if not settings.has_amount:
        return {**dict.fromkeys(names, never), "negative_amount": refund}
    blank = parsed.raw_amount.strip().nullif("").isnull()
    infinite = parsing.is_non_finite(parsed.raw_amount)
    signs = parsed.filter(parsed.sign != "").group_by("sign").agg(rows=lambda t: t.count()).order_by(ibis.desc("rows"), "sign").limit(1).execute()
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


def _first_set_aside(flagged: Any, settings: DataSettings) -> Any:
    """Return the name of the first fault, in the catalogue's order, whose policy sets the row aside."""
    chosen = [
        (flagged[fault.name], fault.name)
        for fault in CATALOGUE
        if fault.name not in _AFTER_EVENTS and getattr(settings.policy, fault.name) is Policy.set_aside
    ]
    return ibis.cases(*chosen, else_=ibis.null("string")) if chosen else ibis.null("string")


def _same_day_orders(rows: Any) -> Any:
    """Return whether a kept order is a further one of its customer on its day (lines of one order are one order)."""
    order = rows.order_id.fill_null(rows.content.cast("string") + "-" + rows.row.cast("string"))
    usable = rows.set_aside_for.isnull() & (rows.kind == "order")
    rank = ibis.dense_rank().over(group_by=[rows.customer_id, rows.timestamp.date(), usable], order_by=order)
    return (usable & (rank > 0)).fill_null(False)


def _count_faults(checked: Any, log: RawLog, settings: DataSettings) -> tuple[FaultCount, ...]:
    """Count in one pass what each fault shows and sets aside."""
    sums: dict[str, Any] = {}
    for fault in CATALOGUE:
        flag = checked[fault.name]
        sums[f"{fault.name}:rows"] = flag.sum()
        sums[f"{fault.name}:aside"] = (checked.set_aside_for == fault.name).sum()
        sums[f"{fault.name}:first"] = checked.row.min(where=flag)
    found = checked.aggregate(**sums).execute().iloc[0]

    def count(name: str) -> FaultCount:
        policy = getattr(settings.policy, name)
        if name == "malformed_row":
            first = log.malformed[0][0] if log.malformed else None
            return FaultCount(name, policy.name, len(log.malformed), len(log.malformed), first)
        rows, aside, first = (found[f"{name}:{part}"] for part in ("rows", "aside", "first"))
        return FaultCount(name, policy.name, _whole(rows), _whole(aside), _whole(first) or None)

    return tuple(count(fault.name) for fault in CATALOGUE)


def _whole(value: Any) -> int:
    return 0 if value is None or value != value else int(value)  # noqa: PLR0124 # NaN is the engine's empty sum


def _write_set_aside(checked: Any, log: RawLog, path: Path) -> None:
    """Write the rows set aside, with the file's row number, the raw cells and the fault."""
    aside = checked.filter(checked.set_aside_for.notnull()).select("row", "set_aside_for")
    raw = log.table.drop("content").inner_join(aside, "row").order_by("row").execute()
    broken = [{"row": line, "set_aside_for": f"malformed_row: {message}"} for line, message in log.malformed]
    import pandas as pd

    with replacing(path) as temporary:
        pd.concat([raw, pd.DataFrame(broken, columns=["row", "set_aside_for"])]).to_csv(temporary, index=False)


def _describe(
    connection: Any, table: Any, log: RawLog, counts: tuple[FaultCount, ...], styles: tuple[str, str], settings: DataSettings
) -> Events:
    orders = table.filter(table.kind == "order")
    order_key = orders.order_id if settings.columns.order_id is not None else None
    span = table.aggregate(rows=table.count(), customers=table.customer_id.nunique(), first=table.timestamp.min(), last=table.timestamp.max()).execute().iloc[0]
    require(int(span["rows"]) > 0, f"{log.origin}: no row is left after the policies.", remedy="see data.policy and the counts above.")
    first, last = (value.to_pydatetime() for value in (span["first"], span["last"]))
    end = _midnight(last) + _DAY
    if settings.observed_until is not None:
        end = parsing.bound(settings.observed_until, end, "data.observed_until")
        require(end > last, f"data.observed_until={settings.observed_until} lies before the last event, {last}.")
    report = QualityReport(
        origin=log.origin,
        rows_read=log.rows_read,
        rows_kept=int(span["rows"]),
        customers=int(span["customers"]),
        orders=int((orders.count() if order_key is None else order_key.nunique()).execute()),
        first_event=str(first),
        last_event=str(last),
        date_format=styles[0],
        decimal=styles[1],
        input_fingerprint=fingerprint(log.table, log.table.content),
        fingerprint=fingerprint(table, row_hash(table, EVENT_COLUMNS)),
        faults=counts,
    )
    return Events(connection, table, report, _midnight(first), end, settings.has_amount)


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)
