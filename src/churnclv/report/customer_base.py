"""The customer base at the report's moment: events cut there, and every customer's days of buying."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import ibis

from ..data.events import Events
from ..data.parsing import bound
from ..data.refund_totals import counts_as_spend
from ..data.schema import AMOUNT_TYPE, SALES
from ..data.settings import CustomerKind, Refunds
from ..errors import require
from ..snapshots.history import day_number
from .periods import EPOCH, Calendar, Period
from .settings import ReportSettings

_DAYS = "insight_days"
_LADDER_DAYS = 180


@dataclass(frozen=True)
class CustomerBase:
    """The events and days of buying that the sections use.

    `events` are the canonical events with `timestamp < as_of`. `days` has one row per customer and day with an order
    or a refund: `day` (since 1970-01-01), `date`, `orders`, `spend` (the amounts, less the refunds of the day
    unless data.refunds=gross; it may be negative), `units` (null where the log has none), and of days with an order
    `place`, 1 for the first such day of the customer.
    """

    connection: Any
    events: Any
    days: Any
    first: datetime
    as_of: datetime
    has_amount: bool
    shape: CustomerKind
    settings: ReportSettings

    @property
    def calendar(self) -> Calendar:
        """The periods of the report."""
        return Calendar(self.settings.period, self.first, self.as_of)

    def by(self, period: Period) -> "CustomerBase":
        """Return the same customers in a report of other periods."""
        return replace(self, settings=replace(self.settings, period=period))

    @property
    def ladder_days(self) -> int:
        """Within how many days a next order counts as a step up the ladder."""
        chosen = self.settings.ladder_days
        return min(_LADDER_DAYS, max(1, (self.as_of - self.first).days // 3)) if chosen is None else chosen

    @property
    def purchases(self) -> Any:
        """The days with an order."""
        return self.days.filter(self.days.orders > 0)

    @cached_property
    def kinds(self) -> dict[str, int]:
        """How many events of each kind there are."""
        counted = self.events.group_by("kind").agg(rows=lambda table: table.count()).execute()
        return {str(kind): int(rows) for kind, rows in zip(counted["kind"], counted["rows"], strict=True)}

    @cached_property
    def buyers(self) -> int:
        """How many customers ever bought."""
        return int(self.purchases.customer_id.nunique().execute())


def cut_customer_base(events: Events, settings: ReportSettings) -> CustomerBase:
    """Return the customer base at `settings.as_of`.

    Raises:
        InputError: there is no event before it.
    """
    as_of = bound(settings.as_of, events.end, "report.as_of")
    require(
        events.start < as_of,
        f"no event lies before report.as_of={as_of:%Y-%m-%d}; the first one is of {events.start:%Y-%m-%d}.",
        remedy="give a later date.",
    )
    cut = events.table.filter(events.table.timestamp < moment(as_of))
    days = events.connection.create_table(_DAYS, buying_days(cut, events.refunds), temp=True, overwrite=True)
    return CustomerBase(events.connection, cut, days, events.start, as_of, events.has_amount, events.shape, settings)


def moment(instant: datetime) -> Any:
    """Return an instant as an expression of the engine."""
    return ibis.timestamp(f"{instant:%Y-%m-%d %H:%M:%S.%f}")


def last_day(instant: datetime) -> int:
    """Return the number, since 1970-01-01, of the last day that has a part before an instant."""
    return (instant - EPOCH - timedelta(microseconds=1)).days


def buying_days(events: Any, refunds: Refunds = Refunds.net) -> Any:
    """Return the days of buying; lines of one order id are one order, and lines without an id are one each."""
    sales = events.filter(events.kind.isin(SALES))
    is_order = sales.kind == "order"
    nothing = ibis.literal(0).cast(AMOUNT_TYPE)
    each = sales.group_by("customer_id", day=day_number(sales.timestamp), date=sales.timestamp.truncate("D")).agg(
        orders=sales.order_id.nunique(where=is_order) + sales.count(where=is_order & sales.order_id.isnull()),
        spend=sales.amount.sum(where=counts_as_spend(sales, refunds)).fill_null(nothing),
        units=sales.quantity.sum(where=is_order),
    )
    bought = each.orders > 0
    place = ibis.row_number().over(group_by=[each.customer_id, bought], order_by=each.day) + 1
    return each.mutate(place=bought.ifelse(place, ibis.null("int64")))
