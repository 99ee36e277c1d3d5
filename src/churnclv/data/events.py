"""The canonical event table: the main log, other tables beside it, and the observed span."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from ..errors import require
from ..files import digest
from . import parsing
from .log import Log, read_log
from .quality import QualityReport
from .refunds import RefundTotals, total_refunds
from .settings import DataSettings, Refunds, Shape
from .tables import OtherTables, read_tables

EVENTS = "events"
_MAIN = "main_events"
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Events:
    """The canonical events in the engine, what was found on the way, and the observed span [start, end).

    `quality` is the main log's report, with those of other tables in `quality.tables`; the span is the main log's.
    """

    connection: Any
    table: Any
    quality: QualityReport
    start: datetime
    end: datetime
    has_amount: bool
    shape: Shape = Shape.orders
    refunds: Refunds = Refunds.net

    @cached_property
    def refund_totals(self) -> RefundTotals:
        """What orders cost and what was refunded, over the whole log."""
        return total_refunds(self.table, self.refunds)

    @property
    def tables(self) -> dict[str, QualityReport]:
        """What was found in each of the other tables."""
        return self.quality.tables


def read_events(
    connection: Any, settings: DataSettings, frame: Any = None, frames: Mapping[str, Any] | None = None
) -> Events:
    """Read a log (or a pandas frame of raw events) and the other tables into the canonical event table.

    `frames` holds pandas frames for tables of `data.tables`, by name; the others are read from their files.

    Raises:
        InputError: a fault of a file, a fault whose policy is `fail`, or too many rows set aside.
    """
    parsing.check_settings(connection, settings)
    main = read_log(connection, settings, _MAIN if settings.tables else EVENTS, frame)
    end = main.until or _observed_until(main, settings)
    table, quality = main.table, main.quality
    if settings.tables:
        others = read_tables(connection, settings, main.table, frames or {})
        table = connection.create_table(EVENTS, others.unite(main.table, settings), temp=True, overwrite=True)
        quality = _with_tables(quality, others)
    events = Events(connection, table, quality, _midnight(main.first), end, settings.has_amount, settings.shape)
    return replace(events, refunds=settings.refunds)


def _observed_until(main: Log, settings: DataSettings) -> datetime:
    """Return the end of the observed span of a log of events, which all have happened."""
    end = _midnight(main.last) + _DAY
    if settings.observed_until is None:
        return end
    end = parsing.bound(settings.observed_until, end, "data.observed_until")
    require(
        end > main.last,
        f"data.observed_until={settings.observed_until} does not lie after the last event, {main.last}.",
        remedy="write a later date, or null for midnight after the last event.",
    )
    return end


def _with_tables(quality: QualityReport, others: OtherTables) -> QualityReport:
    """Return the main report with those of the other tables, whose content its fingerprints tell too."""
    reports = others.reports

    def mix(name: str) -> str:
        return digest(getattr(quality, name), [(table, getattr(report, name)) for table, report in reports.items()])

    return replace(quality, tables=reports, fingerprint=mix("fingerprint"), input_fingerprint=mix("input_fingerprint"))


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)
