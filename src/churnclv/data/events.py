"""The canonical event table: the main log, other tables beside it, and the observed span."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from ..errors import require
from ..files import digest
from ..notices import Notice
from ..outputs import guard
from . import parsing
from .further_tables import OtherTables, read_tables
from .log import Log, read_log
from .paths import input_paths, set_aside_outputs
from .quality import QualityReport
from .refund_totals import RefundTotals, total_refunds
from .settings import DataSettings, Refunds, Shape
from .span import check_span
from .spend_concentration import concentrated_spend

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
    connection: Any,
    settings: DataSettings,
    frame: Any = None,
    frames: Mapping[str, Any] | None = None,
    observed_since: datetime | None = None,
    *,
    span_is_given: bool = False,
) -> Events:
    """Read a log (or a pandas frame of raw events) and the other tables into the canonical event table.

    `frames` holds pandas frames for tables of `data.tables`, by name; the others are read from their files.
    `observed_since` is a day up to which the world is observed in any case, whatever the log's last event: the log may
    be an extract. `span_is_given` leaves out the look for events far beyond all others: the moment is chosen already.

    Raises:
        InputError: a fault of a file, a fault whose policy is `fail`, too many rows set aside, or a start or end of the
            log that lies far beyond all other events.
    """
    guard(set_aside_outputs(settings), input_paths(settings))
    parsing.check_settings(connection, settings)
    main = read_log(connection, settings, _MAIN if settings.tables else EVENTS, frame, observed_since)
    end = main.until or _observed_until(main, settings)
    end = end if observed_since is None else max(end, observed_since)
    table, quality = main.table, main.quality
    doubts = () if span_is_given else check_span(table, quality, settings)
    quality = replace(quality, notices=(*quality.notices, *doubts, *concentrated_spend(table, settings)))
    if settings.tables:
        others = read_tables(connection, settings, main.table, frames or {})
        table = connection.create_table(EVENTS, others.unite(main.table, settings), temp=True, overwrite=True)
        quality = _with_tables(quality, others)
    quality = _with_orders(quality, table, settings)
    events = Events(connection, table, quality, _midnight(main.first), end, settings.has_amount, settings.shape)
    return replace(events, refunds=settings.refunds)


_BASES = ("order", "contract_start")  # kinds of events that make a customer


def _with_orders(quality: QualityReport, table: Any, settings: DataSettings) -> QualityReport:
    """Return the report, refused where no event makes a customer; a file to score may hold other events alone."""
    counted = table.group_by("kind").agg(rows=lambda t: t.count()).order_by("kind").execute()
    rows = {str(kind): int(count) for kind, count in zip(counted["kind"], counted["rows"], strict=True)}
    if any(kind in rows for kind in _BASES):
        return quality
    doubt = _no_orders(rows, quality.origin, settings)
    require(settings.spelling is not None, doubt.message, remedy=doubt.remedy)
    return replace(quality, notices=(*quality.notices, doubt))


def _no_orders(rows: dict[str, int], origin: str, settings: DataSettings) -> Notice:
    everything = sum(rows.values())
    if set(rows) == {"refund"}:
        pattern = settings.refund_order_pattern
        cause = "" if pattern is None else f" or an order id that matches data.refund_order_pattern={pattern}"
        turned = str(not settings.sales_are_negative).lower()
        message = f"no order is left: all {everything:,} rows have a negative amount{cause} and count as refunds."
        remedy = f"if sales are written with that sign: {settings.where}.sales_are_negative={turned}"
        return Notice("no_orders", f"{origin}: {message}", remedy)
    kinds = ", ".join(f"{count:,} of kind {kind}" for kind, count in rows.items())
    message = f"{origin}: no order is among the {everything:,} events ({kinds}), so there is no customer."
    return Notice("no_orders", message, f"{settings.where}.kinds names the word for order: {{...: order}}")


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
