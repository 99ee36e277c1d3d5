"""Concentration of spend: detects totals that are dominated by one customer."""

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


def concentrated_spend(table: Any, settings: DataSettings) -> tuple[Notice, ...]:
    """Return a notice if one customer dominates the spend of a log of orders."""
    if not settings.has_amount:
        return ()
    largest = _largest_spend(table).rows()
    if not largest or largest[0]["spend"] is None:
        return ()
    spend, orders, total, everything, customers = largest[0].values()
    if not is_concentrated(spend, total, int(customers)):
        return ()
    message = (
        f"1 of {int(customers):,} customers has {spend / total:.1%} of the spend and {int(orders):,} of "
        f"{int(everything):,} orders: totals, means and errors of spend are mostly of that one."
    )
    return (Notice("concentrated_spend", message, "is it one customer? leave wholesale and test accounts out."),)


@compiled
def _largest_spend(table: Any) -> Any:
    """Return the spend and orders of the customer with the largest spend, and those of all, with their number."""
    orders = table.filter(table.kind == "order")
    spent = orders.group_by("customer_id").agg(spend=orders.amount.sum().cast("float64"), orders=orders.count())
    sums = spent.aggregate(total=spent.spend.sum(), everything=spent.orders.sum(), customers=spent.count())
    largest = spent.order_by(ibis.desc("spend"), ibis.desc("orders")).limit(1)
    return largest.cross_join(sums).select("spend", "orders", "total", "everything", "customers")
