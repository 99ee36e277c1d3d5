"""The canonical event table: faults found, policies applied, every row accounted for."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import ibis

from ..errors import InputError, require
from ..files import replacing
from . import parsing
from .contract import check_events, event_columns
from .faults import CATALOGUE
from .fingerprint import fingerprint, row_hash
from .quality import FaultCount, QualityReport, check_policies
from .rows import parse_rows
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
    parsing.check_settings(connection, settings)
    log = read_file(connection, settings) if frame is None else read_frame(connection, frame, settings)
    checked, styles = _check_rows(connection, log, settings)
    counts = _count_faults(checked, log, settings)
    if settings.set_aside_path is not None:
        _write_set_aside(checked, log, Path(settings.set_aside_path))
    check_policies(counts, log.rows_read, log.origin, settings)
    kept = checked.filter(checked.set_aside_for.isnull())
    table = connection.create_table(EVENTS, kept.select(*event_columns(settings)), temp=True, overwrite=True)
    check_events(table, log.origin, settings)
    return _describe(connection, table, log, counts, styles, settings)


def _check_rows(connection: Any, log: RawLog, settings: DataSettings) -> tuple[Any, tuple[str, str]]:
    """Parse every row and name the first fault that sets it aside."""
    parsed, styles = parse_rows(log, settings)
    flagged = connection.create_table(_CHECKED, parsed, temp=True, overwrite=True)
    first = flagged.mutate(set_aside_for=_first_set_aside(flagged, settings))
    same_day = first.mutate(same_day_order=_same_day_orders(first))
    late = (same_day.set_aside_for.isnull()) & same_day.same_day_order
    if settings.policy.same_day_order is Policy.set_aside:
        same_day = same_day.mutate(set_aside_for=late.ifelse("same_day_order", same_day.set_aside_for))
    return connection.create_table(f"{_CHECKED}_all", same_day, temp=True, overwrite=True), styles


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

    try:
        with replacing(path) as temporary:
            pd.concat([raw, pd.DataFrame(broken, columns=["row", "set_aside_for"])]).to_csv(temporary, index=False)
    except OSError as error:
        raise InputError(
            f"data.set_aside_path={path}: cannot be written ({error.strerror}).", remedy="name a file you may write."
        ) from None


def _describe(
    connection: Any,
    table: Any,
    log: RawLog,
    counts: tuple[FaultCount, ...],
    styles: tuple[str, str],
    settings: DataSettings,
) -> Events:
    span = (
        table.aggregate(
            rows=table.count(),
            customers=table.customer_id.nunique(),
            first=table.timestamp.min(),
            last=table.timestamp.max(),
        )
        .execute()
        .iloc[0]
    )
    first, last = (value.to_pydatetime() for value in (span["first"], span["last"]))
    end = _midnight(last) + _DAY
    if settings.observed_until is not None:
        end = parsing.bound(settings.observed_until, end, "data.observed_until")
        require(
            end > last,
            f"data.observed_until={settings.observed_until} does not lie after the last event, {last}.",
            remedy="write a later date, or null for midnight after the last event.",
        )
    report = QualityReport(
        origin=log.origin,
        rows_read=log.rows_read,
        rows_kept=int(span["rows"]),
        customers=int(span["customers"]),
        orders=_count_orders(table),
        first_event=str(first),
        last_event=str(last),
        date_format=styles[0],
        decimal=styles[1],
        input_fingerprint=fingerprint(log.table, log.table.content),
        fingerprint=fingerprint(table, row_hash(table, event_columns(settings))),
        faults=counts,
    )
    return Events(connection, table, report, _midnight(first), end, settings.has_amount)


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _count_orders(table: Any) -> int:
    """Count a customer's lines of one order id as one order, and lines without an id each."""
    orders = table.filter(table.kind == "order")
    blank = orders.order_id.isnull()  # noqa: PD003 # an engine expression, not a frame
    named = orders.filter(~blank).select("customer_id", "order_id").distinct().count()
    return int(named.execute()) + int(orders.filter(blank).count().execute())
