"""Concentration of spend: detects totals that are dominated by one customer."""

from typing import Any

import ibis

from ..notices import Notice
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
    orders = table.filter(table.kind == "order")
    spent = orders.group_by("customer_id").agg(spend=orders.amount.sum().cast("float64"), orders=orders.count())
    largest = spent.order_by(ibis.desc("spend"), ibis.desc("orders")).limit(1).execute()
    sums = (
        spent.aggregate(spend=spent.spend.sum(), orders=spent.orders.sum(), customers=spent.count()).execute().iloc[0]
    )
    if not len(largest) or not is_concentrated(float(largest["spend"].iloc[0]), sums["spend"], int(sums["customers"])):
        return ()
    share, orders = largest["spend"].iloc[0] / sums["spend"], int(largest["orders"].iloc[0])
    message = (
        f"1 of {int(sums['customers']):,} customers has {share:.1%} of the spend and {orders:,} of "
        f"{int(sums['orders']):,} orders: totals, means and errors of spend are mostly of that one."
    )
    return (Notice("concentrated_spend", message, "is it one customer? leave wholesale and test accounts out."),)
