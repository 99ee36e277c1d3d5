"""One log, read and checked: faults are counted, policies applied, every row accounted for."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import ibis

from ..outputs import Output, write_csv
from .compiled_queries import compiled
from .decimals import NUMBERED, with_numbers
from .event_kinds import check_kinds
from .faults import Fault
from .fingerprint import content_fingerprint, fingerprint
from .paths import ASIDE_COLUMNS, set_aside_output
from .quality import FaultCount, QualityReport, check_policies
from .refund_totals import refunds_set_aside
from .row_kinds import EventRows, rows_of
from .row_notices import find_notices
from .rows import LATEST, ReadRows, RowReading, choose_reading, parse_rows, set_latest
from .schema import check_events, event_columns
from .settings import DataSettings, Policy
from .source import RawLog, drop_raw, read_file, read_frame
from .stored_tables import keeps_tables

_NEVER = (datetime.max, datetime.min)  # noqa: DTZ901 # first and last of no event, in a part of a log
_CHECKED, _ALL_CHECKED = "checked_log", "checked_log_all"


@dataclass(frozen=True)
class Log:
    """The canonical events of one file in the engine, and the quality report.

    `until` is the end of the observed span of a table of contracts, otherwise None.
    """

    table: Any
    quality: QualityReport
    first: datetime
    last: datetime
    until: datetime | None


def read_log(
    connection: Any,
    settings: DataSettings,
    name: str,
    frame: Any = None,
    observed_since: datetime | None = None,
    *,
    is_whole: bool = True,
) -> Log:
    """Read a log (or a pandas frame of raw events) into the table `name` of canonical events.

    `observed_since` is for contracts: see `find_observed_until`. Of a part of a log, with `is_whole` false, faults are
    counted and no policy is checked: all rows may be set aside.

    Raises:
        InputError: a fault of the file, a fault whose policy is `fail`, or too many rows set aside.
    """
    check_kinds(settings)
    raw, kind = read_raw(connection, settings, frame), rows_of(settings.shape)
    numbered = with_numbers(raw)
    read = choose_reading(numbered, settings)
    set_latest(connection, settings)
    checked, until = _check_rows(numbered, read.reading, settings, observed_since)
    counts = count_faults(checked, raw, settings, kind.faults)
    if settings.set_aside_path is not None:
        _write_set_aside(checked, raw, set_aside_output(settings.set_aside_path))
    if is_whole:
        check_policies(counts, raw.rows_read, raw.origin, settings)
    table = _events(checked, settings).store(name)
    check_events(table, raw.origin, settings)
    notices = (*read.notices, *find_notices(checked, raw, settings), *refunds_set_aside(checked, raw, settings))
    log = _describe(table, raw, counts, replace(read, notices=notices), settings, until)
    _drop_rows(connection)
    return log


def _check_rows(
    raw: RawLog, reading: RowReading, settings: DataSettings, observed_since: datetime | None
) -> tuple[Any, datetime | None]:
    """Return the stored rows with their faults, and the end of the observed span of contracts."""
    kind = rows_of(settings.shape)
    if not kind.plans_ahead:
        return _checked(raw.table, reading, settings).store(_ALL_CHECKED), None
    rows = _parsed(raw.table, reading, settings).store(_CHECKED)
    until = kind.observed_until(rows, raw.origin, settings, observed_since)
    return _checked_until(rows, until, settings).store(_ALL_CHECKED), until


@compiled
def _parsed(raw: Any, reading: RowReading, settings: DataSettings) -> Any:
    return parse_rows(raw, reading, settings)


@compiled
def _checked(raw: Any, reading: RowReading, settings: DataSettings) -> Any:
    return _set_aside(parse_rows(raw, reading, settings), settings, rows_of(settings.shape))


@compiled
def _checked_until(rows: Any, until: datetime | None, settings: DataSettings) -> Any:
    kind = rows_of(settings.shape)
    return _set_aside(kind.flag(rows, until), settings, kind)


@compiled
def _events(checked: Any, settings: DataSettings) -> Any:
    return rows_of(settings.shape).events(checked.filter(checked.set_aside_for.isnull()), settings)


def _drop_rows(connection: Any) -> None:
    """Drop the rows from which the events were made, which are larger than these."""
    if keeps_tables(connection):
        return
    for name in (_CHECKED, _ALL_CHECKED, NUMBERED, LATEST):
        connection.drop_table(name, force=True)
    drop_raw(connection)


def read_raw(connection: Any, settings: DataSettings, frame: Any = None) -> RawLog:
    """Read the file that the settings name, or a pandas frame in its place."""
    return read_file(connection, settings) if frame is None else read_frame(connection, frame, settings)


def _set_aside(flagged: Any, settings: DataSettings, kind: EventRows) -> Any:
    """Add `set_aside_for`, a row's first fault; the last fault is checked only among rows without another."""
    last_fault = kind.last_fault
    faults = [fault.name for fault in kind.faults if fault.name != last_fault]
    first = flagged.mutate(set_aside_for=first_set_aside(flagged, settings, faults))
    marked = first.mutate(**{last_fault: kind.has_last_fault(first)})
    if getattr(settings.policy, last_fault) is Policy.set_aside:
        is_last = marked.set_aside_for.isnull() & marked[last_fault]
        marked = marked.mutate(set_aside_for=is_last.ifelse(last_fault, marked.set_aside_for))
    return marked


def first_set_aside(flagged: Any, settings: DataSettings, faults: list[str]) -> Any:
    """Return the name of the first of the faults whose policy sets the row aside; null where none does."""
    chosen = [(flagged[name], name) for name in faults if getattr(settings.policy, name) is Policy.set_aside]
    return ibis.cases(*chosen, else_=ibis.null("string")) if chosen else ibis.null("string")


def count_faults(
    checked: Any, log: RawLog, settings: DataSettings, faults: tuple[Fault, ...]
) -> tuple[FaultCount, ...]:
    """Count, in one pass, the rows with each fault and the rows set aside for it."""
    totals = _total_faults(checked, [fault.name for fault in faults]).row()

    def count(name: str) -> FaultCount:
        policy = getattr(settings.policy, name)
        if name == "malformed_row":
            first = log.malformed[0][0] if log.malformed else None
            return FaultCount(name, policy.name, len(log.malformed), len(log.malformed), first)
        rows, aside, first = (int(totals[f"{name}:{part}"] or 0) for part in ("rows", "aside", "first"))
        cells = _cells_of(name, first or None, log, settings)
        return FaultCount(name, policy.name, rows, aside, first or None, cells=cells)

    return tuple(count(fault.name) for fault in faults)


@compiled
def _total_faults(checked: Any, names: list[str]) -> Any:
    sums: dict[str, Any] = {}
    for name in names:
        flag = checked[name]
        sums[f"{name}:rows"] = flag.sum()
        sums[f"{name}:aside"] = (checked.set_aside_for == name).sum()
        sums[f"{name}:first"] = checked.row.min(where=flag)
    return checked.aggregate(**sums)


_SHOWN = {  # fault -> roles whose cells in the first faulty row appear in messages: dates and numbers, never ids
    "unparseable_date": ("timestamp",),
    "mixed_date_format": ("timestamp",),
    "future_date": ("timestamp",),
    "early_date": ("timestamp",),
    "unparseable_end": ("end",),
    "mixed_end_format": ("end",),
    "unparseable_amount": ("amount", "price", "quantity"),
    "mixed_currency": ("amount", "price", "currency"),
}


def _cells_of(fault: str, row: int | None, log: RawLog, settings: DataSettings) -> tuple[str, ...]:
    """Return the faulty raw cells of the first row with a fault."""
    roles = [role for role in _SHOWN.get(fault, ()) if role in settings.columns.mapped()]
    if row is None or not roles:
        return ()
    cells = log.table.filter(log.table.row == row).select(*roles).execute()
    return tuple("" if cell is None or cell != cell else str(cell) for cell in cells.iloc[0])  # noqa: PLR0124 # NaN


def _write_set_aside(checked: Any, log: RawLog, output: Output) -> None:
    """Write the rows set aside, with the file's row number, the raw cells and the fault."""
    hidden = [name for name in ("content", "unmapped_currency") if name in log.table.columns]
    aside = checked.filter(checked.set_aside_for.notnull()).select("row", "set_aside_for")
    raw = log.table.drop(*hidden).inner_join(aside, "row").order_by("row").execute()
    broken = [{"row": line, "set_aside_for": f"malformed_row: {message}"} for line, message in log.malformed]
    import pandas as pd

    write_csv(pd.concat([raw, pd.DataFrame(broken, columns=list(ASIDE_COLUMNS))]), output)


def _describe(
    table: Any,
    log: RawLog,
    counts: tuple[FaultCount, ...],
    read: ReadRows,
    settings: DataSettings,
    until: datetime | None,
) -> Log:
    span = _span(table).row()
    first, last = span["first"] or _NEVER[0], span["last"] or _NEVER[1]
    report = QualityReport(
        origin=log.origin,
        rows_read=log.rows_read,
        rows_kept=log.rows_read - sum(count.set_aside for count in counts),
        customers=int(span["customers"]),
        orders=int(span["named"]) + int(span["unnamed"]),
        first_event=str(first),
        last_event=str(last),
        date_format=read.date_format,
        decimal=read.decimal,
        input_fingerprint=content_fingerprint(log.table),
        fingerprint=fingerprint(table, event_columns(settings)),
        faults=counts,
        events=int(span["rows"]),
        contracts=int(span["started"] or 0),
        ended=int(span["ended"] or 0),
        spelling=read.spelling,
        notices=read.notices,
    )
    return Log(table, report, first, last, until)


@compiled
def _span(table: Any) -> Any:
    """Return the counts of events; the orders are the distinct ids of each customer, and every row without an id."""
    is_order, blank = table.kind == "order", table.order_id.isnull()  # noqa: PD003 # an engine expression, not a frame
    ids = ibis.struct({"customer_id": table.customer_id, "order_id": table.order_id})
    return table.aggregate(
        rows=table.count(),
        customers=table.customer_id.nunique(),
        first=table.timestamp.min(),
        last=table.timestamp.max(),
        started=(table.kind == "contract_start").sum(),
        ended=(table.kind == "contract_end").sum(),
        named=ids.nunique(where=is_order & ~blank),
        unnamed=(is_order & blank).sum().fill_null(0),
    )
