"""Purchase occasions: all orders of a customer on one day count as one."""

from typing import Any

import ibis

from ..data.schema import AMOUNT_TYPE, SALES
from ..snapshots.history import KEYS, day_number, days_ago

EXACT_LOG = "decimal(38, 12)"  # logs are rounded before they are summed, so that the sums are exact
_ROUNDING = 1e-15  # relative; five roundings of 2**-53 each stay below


def occasions(history: Any) -> Any:
    """Return one row per (customer, cutoff, day) with an order.

    Columns: `day` (since 1970-01-01), `days_ago` (1 = the last day before the cutoff), `spend` (exact),
    `units` (exact, null where the log has none).
    """
    orders = history.filter(history.kind == "order").mutate(
        day=lambda t: day_number(t.timestamp), days_ago=lambda t: days_ago(t.timestamp, t.cutoff)
    )
    return orders.group_by([*KEYS, "day", "days_ago"]).agg(spend=orders.amount.sum(), units=orders.quantity.sum())


def settled_days(history: Any) -> Any:
    """Return one row per (customer, cutoff, day) with an order or a refund.

    A refund on the day of an order corrects that order and makes it smaller, down to zero; an order cancelled on its
    day is no return. Refunds on other days, and what exceeds the day's orders, are returns.

    Columns: `day`, `days_ago` as in `occasions`; `is_purchase`, a day with an order; `spend`, the day's orders less its
    refunds, 0 or above (exact); `returned`, 0 or above (exact).
    """
    sales = history.filter(history.kind.isin(SALES)).mutate(
        day=lambda t: day_number(t.timestamp), days_ago=lambda t: days_ago(t.timestamp, t.cutoff)
    )
    nothing, is_order = ibis.literal(0).cast(AMOUNT_TYPE), sales.kind == "order"
    days = sales.group_by([*KEYS, "day", "days_ago"]).agg(
        is_purchase=is_order.any(),
        ordered=sales.amount.sum(where=is_order).fill_null(nothing),
        refunded=(-sales.amount.sum(where=~is_order)).fill_null(nothing),
    )
    kept = ibis.greatest(days.ordered - days.refunded, nothing)
    return days.select(
        *KEYS, "day", "days_ago", "is_purchase", spend=kept, returned=days.refunded - (days.ordered - kept)
    )


def exact_mean(total: Any, count: Any) -> Any:
    """Return total / count as a float; null where the count is zero. The sum is exact, so row order cannot matter."""
    return total.cast("float64") / count.nullif(0).cast("float64")


def exact_deviation(squares: Any, total: Any, count: Any) -> Any:
    """Return the sample standard deviation from exact sums; null below two values.

    Both products are rounded: a difference within their rounding is none, so that equal values deviate by exactly 0.
    """
    n = count.cast("float64")
    scale = n * squares.cast("float64")
    spread = scale - total.cast("float64") * total.cast("float64")
    spread = (spread > _ROUNDING * scale).ifelse(spread, 0.0)
    return (spread / (n * (n - 1.0)).nullif(0.0)).sqrt()


def entropy_term(count: Any) -> Any:
    """Return count ln count, rounded to 12 decimals, so that sums of it are exact."""
    number = count.cast("float64")
    return (number * number.ln()).cast(EXACT_LOG)


def exact_entropy(terms: Any, total: Any, names: Any) -> Any:
    """Return -sum p ln p of shares p = count / total, in nats, from the sum of `entropy_term`; exactly 0 of one name.

    Equal to ln total - (sum of count ln count) / total, which needs no second pass over open-ended names.
    """
    number = total.cast("float64")
    return (names > 1).ifelse(number.ln() - terms.cast("float64") / number, 0.0)
