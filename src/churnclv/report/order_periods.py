"""The periods of a log of orders: who ordered in each, how much, and how many contacts there were."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pandas as pd

from .acquisition_costs import read_costs
from .customer_base import CustomerBase
from .kpi import Periods

_COUNTS = ("customers", "new", "kept", "repeat", "orders", "units", "spend")


def count_periods(base: CustomerBase) -> pd.DataFrame:
    """Return one row per period with its counts and sums, indexed by the period's number, none left out.

    Columns: `customers` who ordered; `new`, whose first order lies in it; `kept`, who ordered in the one before too;
    `repeat`, with more than one order; `orders`, `units` (NaN where unknown), `spend`.
    """
    days, period = base.days, base.settings.period
    numbered = days.mutate(number=period.numbers(days.date))
    each = numbered.group_by("customer_id", "number").agg(
        orders=numbered.orders.sum(), units=numbered.units.sum(), spend=numbered.spend.sum(),
        first=(numbered.place == 1).any(),
    )  # fmt: skip
    bought = (each.orders > 0).fill_null(False)
    before = each.number.lag().over(group_by=[each.customer_id, bought], order_by=each.number)
    flagged = each.mutate(bought=bought, kept=bought & (before == each.number - 1).fill_null(False))
    counted = flagged.group_by("number").agg(
        customers=flagged.bought.sum(), new=flagged["first"].fill_null(False).sum(), kept=flagged.kept.sum(),
        repeat=(flagged.orders > 1).sum(), orders=flagged.orders.sum(), units=flagged.units.sum(),
        spend=flagged.spend.sum(),
    )  # fmt: skip
    table: pd.DataFrame = counted.order_by("number").execute()
    numbers = range(period.number_of(base.first), base.calendar.current + 1)
    return (
        table.set_index("number")
        .astype(float)
        .reindex(numbers)[list(_COUNTS)]
        .fillna(dict.fromkeys(set(_COUNTS) - {"units"}, 0.0))
    )


def count_contacts(base: CustomerBase) -> "pd.Series[float]":
    """Return how many customers had an event and were not unsubscribed at each period's end, by its number."""
    events, period = base.events, base.settings.period
    each = events.group_by("customer_id").agg(
        came=events.timestamp.min(), left=events.timestamp.max(where=events.kind == "unsubscribe")
    )
    came = each.group_by(number=period.numbers(each.came)).agg(n=each.count()).execute()
    gone = each.filter(~each.left.isnull())  # noqa: PD003 # an engine expression, not a frame
    left = gone.group_by(number=period.numbers(gone.left)).agg(n=gone.count()).execute()
    numbers = range(period.number_of(base.first), base.calendar.current + 1)
    arrived, parted = (table.set_index("number")["n"].reindex(numbers).fillna(0.0).cumsum() for table in (came, left))
    contacts: pd.Series[float] = (arrived - parted).astype(float)
    return contacts


@dataclass(frozen=True)
class OrderPeriods(Periods):
    """The counts of `count_periods`, the contacts of `count_contacts`, and acquisition costs where they are given."""

    kind: ClassVar[str] = "noncontractual"
    contacts: "pd.Series[float]"
    costs: dict[int, float] | None

    @classmethod
    def of(cls, base: CustomerBase) -> "OrderPeriods":
        """Count all periods of a log."""
        path = base.settings.costs
        costs = None if path is None else read_costs(Path(path), base.settings.period)
        return cls(base, count_periods(base), count_contacts(base), costs)
