"""The canonical event table, from the main log and further tables, and the observed span."""

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
from .compiled_queries import compiled
from .further_tables import OtherTables, read_tables
from .log import Log, read_log
from .paths import input_paths, set_aside_outputs
from .quality import QualityReport
from .refund_totals import RefundTotals, total_refunds
from .row_kinds import rows_of
from .settings import CustomerKind, DataSettings, Refunds
from .span import check_span

EVENTS = "events"
_MAIN = "main_events"
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Events:
    """The canonical events in the engine, the quality report, and the observed span [start, end).

    `quality` is the report of the main log, and `quality.tables` has those of the other tables. The span is that of the
    main log. Where `table` has a sample of the customers, `everyone` has the events of all.
    """

    connection: Any
    table: Any
    quality: QualityReport
    start: datetime
    end: datetime
    has_amount: bool
    shape: CustomerKind = CustomerKind.noncontractual
    refunds: Refunds = Refunds.net
    everyone: Any = None

    @property
    def whole(self) -> Any:
        """The events of all customers."""
        return self.table if self.everyone is None else self.everyone

    @property
    def learned_fingerprint(self) -> str:
        """The fingerprint of the log, and of the sample of its customers where there is one."""
        quality = self.quality
        return quality.fingerprint if quality.learned is None else digest(quality.fingerprint, quality.learned)

    @cached_property
    def refund_totals(self) -> RefundTotals:
        """The total amounts of orders and of refunds, over the whole log."""
        return total_refunds(self.whole, self.refunds)

    @property
    def tables(self) -> dict[str, QualityReport]:
        """The quality report of each of the other tables."""
        return self.quality.tables


def read_events(
    connection: Any,
    settings: DataSettings,
    frame: Any = None,
    frames: Mapping[str, Any] | None = None,
    observed_since: datetime | None = None,
    *,
    span_is_given: bool = False,
    is_whole: bool = True,
) -> Events:
    """Read a log (or a pandas frame of raw events) and the other tables into the canonical event table.

    `frames` holds pandas frames for tables of `data.tables`, by name; the others are read from their files.
    The observed span ends at `observed_since` or later, even if the log's last event is earlier: the log may be an
    extract.
    `span_is_given` skips the check for events far from all others, because the cutoff is already chosen.
    With `is_whole` false, the log is a part of a larger one: nothing is checked that depends on all of its rows, and it
    may have no event. Its start is then later than its end.

    Raises:
        InputError: a fault of a file, a fault whose policy is `fail`, too many rows set aside, or a first or last event
            far from all others.
    """
    guard(set_aside_outputs(settings), input_paths(settings))
    parsing.check_settings(connection, settings)
    main = read_log(
        connection, settings, _MAIN if settings.tables else EVENTS, frame, observed_since, is_whole=is_whole
    )
    end = main.until or _observed_until(main, settings)
    end = end if observed_since is None else max(end, observed_since)
    table, quality = main.table, main.quality
    notices = () if span_is_given or not is_whole else check_span(table, quality, settings)
    quality = replace(quality, notices=(*quality.notices, *notices, *rows_of(settings.shape).notices(table, settings)))
    if settings.tables:
        others = read_tables(connection, settings, main.table, frames or {})
        table = connection.create_table(EVENTS, others.unite(main.table, settings), temp=True, overwrite=True)
        quality = _with_tables(quality, others)
    quality = _with_orders(quality, table, settings)
    events = Events(connection, table, quality, _midnight(main.first), end, settings.has_amount, settings.shape)
    return replace(events, refunds=settings.refunds)


_BASES = ("order", "contract_start")  # kinds of events that start a customer


def _with_orders(quality: QualityReport, table: Any, settings: DataSettings) -> QualityReport:
    """Raise `InputError` if the log has no order and no contract; for a file to score, add a notice instead."""
    rows = {str(each["kind"]): int(each["rows"]) for each in _count_kinds(table).rows()}
    if any(kind in rows for kind in _BASES):
        return quality
    notice = _no_orders(rows, quality.origin, settings)
    require(settings.spelling is not None, notice.message, remedy=notice.remedy)
    return replace(quality, notices=(*quality.notices, notice))


@compiled
def _count_kinds(table: Any) -> Any:
    return table.group_by("kind").agg(rows=lambda t: t.count()).order_by("kind")


def _no_orders(rows: dict[str, int], origin: str, settings: DataSettings) -> Notice:
    everything = sum(rows.values())
    if set(rows) == {"refund"}:
        pattern = settings.refund_order_pattern
        cause = "" if pattern is None else f" or an order id that matches data.refund_order_pattern={pattern}"
        opposite = str(not settings.sales_are_negative).lower()
        message = f"no order is left: all {everything:,} rows have a negative amount{cause} and count as refunds."
        remedy = f"if sales are written with that sign: {settings.where}.sales_are_negative={opposite}"
        return Notice("no_orders", f"{origin}: {message}", remedy)
    kinds = ", ".join(f"{count:,} of kind {kind}" for kind, count in rows.items())
    message = f"{origin}: no order is among the {everything:,} events ({kinds}), so there is no customer."
    return Notice("no_orders", message, f"{settings.where}.kinds maps the text for orders: {{...: order}}")


def _observed_until(main: Log, settings: DataSettings) -> datetime:
    """Return the end of the observed span of a log of events: none of them is in the future."""
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
    """Return the main report with those of the other tables, which are part of its fingerprints."""
    reports = others.reports

    def mix(name: str) -> str:
        return digest(getattr(quality, name), [(table, getattr(report, name)) for table, report in reports.items()])

    return replace(quality, tables=reports, fingerprint=mix("fingerprint"), input_fingerprint=mix("input_fingerprint"))


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)
