"""Concentration of spend: detects totals that are dominated by one customer."""

from dataclasses import dataclass
from typing import Any

import ibis

from ..notices import Notice
from .compiled_queries import compiled
from .settings import DataSettings

_LEAST_SHARE = 0.25  # share of the total that one customer has at least
_LEAST_TIMES = 5.0  # times the share of an average customer


def is_concentrated(most: float, total: float, customers: int) -> bool:
    """Return whether the largest amount dominates the total: a quarter of it and five times the average share."""
    return total > 0 and most >= total * max(_LEAST_SHARE, _LEAST_TIMES / max(customers, 1))


@dataclass(frozen=True)
class SpendCounts:
    """The largest spend of a customer, and the orders of that one; the spend, the orders and the number of all."""

    largest: float = 0.0
    orders: int = 0
    spend: float = 0.0
    all_orders: int = 0
    customers: int = 0

    def __add__(self, other: "SpendCounts") -> "SpendCounts":
        """Return the counts of both groups of customers."""
        largest, orders = max((self.largest, self.orders), (other.largest, other.orders))
        spend, all_orders = self.spend + other.spend, self.all_orders + other.all_orders
        return SpendCounts(largest, orders, spend, all_orders, self.customers + other.customers)

    def notices(self) -> tuple[Notice, ...]:
        """Return a notice if one customer dominates the spend."""
        if not is_concentrated(self.largest, self.spend, self.customers):
            return ()
        message = (
            f"1 of {self.customers:,} customers has {self.largest / self.spend:.1%} of the spend and {self.orders:,} "
            f"of {self.all_orders:,} orders: totals, means and errors of spend are mostly of that one."
        )
        return (Notice("concentrated_spend", message, "is it one customer? leave wholesale and test accounts out."),)


def count_spend(table: Any) -> SpendCounts:
    """Return the counts of the spend of a log of orders."""
    largest = _largest_spend(table).rows()
    if not largest or largest[0]["spend"] is None:
        return SpendCounts()
    spend, orders, total, everything, customers = largest[0].values()
    return SpendCounts(spend, int(orders), total, int(everything), int(customers))


def concentrated_spend(table: Any, settings: DataSettings) -> tuple[Notice, ...]:
    """Return a notice if one customer dominates the spend of a log of orders."""
    return count_spend(table).notices() if settings.has_amount else ()


@compiled
def _largest_spend(table: Any) -> Any:
    """Return the spend and orders of the customer with the largest spend, and those of all, with their number."""
    orders = table.filter(table.kind == "order")
    spent = orders.group_by("customer_id").agg(spend=orders.amount.sum().cast("float64"), orders=orders.count())
    sums = spent.aggregate(total=spent.spend.sum(), everything=spent.orders.sum(), customers=spent.count())
    largest = spent.order_by(ibis.desc("spend"), ibis.desc("orders")).limit(1)
    return largest.cross_join(sums).select("spend", "orders", "total", "everything", "customers")
